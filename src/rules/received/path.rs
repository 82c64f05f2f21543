//! Silences what stands inside a path: its words are its author's, not the server's.
//!
//! In: the tokens behind the writing host. Out: the same, marked where a path holds blanks or parentheses.
//! Standards: RFC 5321 §4.1.2 (Path, Quoted-string), RFC 5322 §3.2.4 (quoted strings).
//! Trust: hostile. `MAIL FROM:<"x (fetchmail-6.4.37) y"@example.org>` is a path like any other, and whoever names it
//! would have the server say that it fetched the message itself.
//! Failures: a path that never ends takes in whatever follows; only a second writing host is seen in it.

use super::lex::{Mark, Token};
use crate::intake::eight;

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

/// Marks all tokens that continue a path; `behind` is the place of the first one behind the writing host.
pub(super) fn silence(field: &str, tokens: &mut [Token], behind: usize) {
    let Some(tail) = tokens.get_mut(behind..) else {
        return;
    };
    let begin = tail.first().map_or(field.len(), |token| token.begin());
    let has_quotes = eight::place_of(b'"', field.get(begin..).unwrap_or_default()).is_some();
    let mut open = Open::default();
    for token in tail {
        let text = token.text(field);
        let may_open = has_quotes
            || text.as_bytes().first() == Some(&b'<')
            || token.is_comment() && eight::place_of(b'<', text).is_some();
        // Nearly every path is closed where its token ends.
        let is_closed = !has_quotes && text.ends_with('>');
        if (!may_open || is_closed) && !open.any() {
            continue;
        }
        let before = open;
        open = open.behind(text);
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
