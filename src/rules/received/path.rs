//! Silences what stands inside a path: its words are its author's, not the server's.
//!
//! In: the tokens behind the writing host. Out: the same, marked where a path holds blanks or parentheses.
//! Standards: RFC 5321 §4.1.2 (Path, Quoted-string), RFC 5322 §3.2.4 (quoted strings).
//! Trust: hostile. `MAIL FROM:<"x (fetchmail-6.4.37) y"@example.org>` is a path like any other, and whoever names it
//! would have the server say that it fetched the message itself.
//! Failures: a path that never ends takes in whatever follows; only a second writing host is seen in it.

use super::lex::{Mark, Token};
use crate::intake::eight::{self, below, equal, twins};

/// What is open behind a token.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Open {
    /// A quoted string.
    quote: bool,
    /// An angle bracket.
    angle: bool,
}

impl Open {
    const fn any(self) -> bool {
        self.quote || self.angle
    }

    /// Returns what is open behind a text.
    fn behind(mut self, text: &str) -> Self {
        let mut octets = text.bytes();
        while let Some(octet) = octets.next() {
            match octet {
                // RFC 5321 §4.1.2: in a quoted string the next octet means nothing.
                b'\\' if self.quote => _ = octets.next(),
                b'"' => self.quote = !self.quote,
                b'<' if !self.quote => self.angle = true,
                b'>' if !self.quote => self.angle = false,
                _ => {}
            }
        }
        self
    }
}

/// Returns whether no path of a text has quotes, and each ends before a token can: nearly all texts are so.
fn are_plain(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some(at) = eight::find(rest, |block| equal(block, b'"') | equal(block, b'<')) {
        let Some([b'<', path @ ..]) = rest.get(at..) else {
            return false;
        };
        // A blank, a parenthesis or a semicolon ends a token; a bracket or a quote within would make it no plain path.
        let end = eight::find(path, |block| {
            let brackets = equal(block, b'<') | equal(block, b'>') | twins(block, b')');
            brackets | equal(block, b'"') | equal(block, b';') | below(block, b'!')
        });
        match end.and_then(|end| path.get(end..)) {
            Some([b'>', behind @ ..]) => rest = behind,
            _ => return false,
        }
    }
    true
}

/// Marks all tokens that continue a path; `behind` is the place of the first one behind the writing host.
pub(super) fn silence(field: &str, tokens: &mut [Token], behind: usize) {
    let Some(tail) = tokens.get_mut(behind..) else {
        return;
    };
    let begin = tail.first().map_or(field.len(), |token| token.begin());
    if are_plain(field.get(begin..).unwrap_or_default()) {
        return;
    }
    let mut open = Open::default();
    for token in tail {
        let before = open;
        open = open.behind(token.text(field));
        // What may be a second writing host stays one: the field is doubted then.
        if before.any() && token.mark != Mark::By {
            token.mark = Mark::Path;
        }
    }
}

/// Returns the path that begins at a token, with all that continues it.
pub(super) fn text<'t>(field: &'t str, tokens: &[Token], at: usize) -> &'t str {
    let mut path = tokens.get(at..).unwrap_or_default().iter();
    let begin = path
        .next()
        .map_or((0, 0), |first| (first.begin(), first.end()));
    let end = path
        .take_while(|token| token.mark == Mark::Path)
        .last()
        .map_or(begin.1, |last| last.end());
    field.get(begin.0..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::received::lex;

    #[test]
    fn what_is_plain_holds_no_quotes_and_closes_its_paths_at_once() {
        for plain in [
            "",
            "for a@b.example; x",
            "id 1 for <a@b.example>; x",
            "(envelope-from <a@b.example>) <>",
        ] {
            assert!(are_plain(plain), "{plain}");
        }
        for other in [
            "\"",
            "for <a b>",
            "for <a(b>",
            "for <a",
            "for <a;>",
            "for <<a>>",
            "<a\"b>",
        ] {
            assert!(!are_plain(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_text_silences_nothing(text in "([a-z@.<>\"();\\\\ ]|for <|> )*") {
            let mut tokens = Vec::new();
            lex::tokens(&text, &mut tokens);
            let mut open = Open::default();
            let mut continues = false;
            for token in &tokens {
                continues |= open.any();
                open = open.behind(token.text(&text));
            }
            prop_assert!(!are_plain(&text) || !continues, "{text}");
        }
    }
}
