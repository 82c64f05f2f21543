//! Cuts a Received field into words, comments and clauses.
//!
//! In: the text of one field, folded or not. Out: [`Clauses`], borrowed from it.
//! Standards: RFC 5321 §4.4 (time-stamp line), RFC 5322 §3.2.2 (comments), §3.6.7 (trace fields).
//! Trust: hostile. What a client said (HELO) may hold any byte that its server let through, key words
//! and brackets included; where two readings are possible, [`Clauses::doubt`] says so.
//! Failures: never fails; what cannot be a clause is left in none.
//! Limits: [`TOKEN_LIMIT`] tokens; what follows them is not read.

use crate::intake::eight::{self, below, equal, twins};

/// Words and comments of one field that are read at most: the longest real
/// field that was seen has 60.
pub(super) const TOKEN_LIMIT: usize = 256;

/// Tokens that room is made for: nearly all fields have fewer.
pub(super) const USUAL_TOKENS: usize = 32;

/// Nesting of comments that is followed at most; deeper ones are no comments.
const DEPTH_LIMIT: usize = 16;

/// What a stretch of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Octets without a blank, glued comments and bracketed blanks included.
    Word,
    /// What stands inside the outermost parentheses.
    Comment,
    /// A semicolon of its own.
    Semicolon,
}

/// One stretch of a field, by its place: most of them are never looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Whether the word begins a clause.
    keyword: Option<Keyword>,
    begin: usize,
    end: usize,
}

impl Token {
    /// Returns its text, out of the field that it was cut from.
    pub(super) fn text(self, field: &str) -> &str {
        field.get(self.begin..self.end).unwrap_or_default()
    }

    fn is_word(self, field: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.text(field).eq_ignore_ascii_case(word)
    }

    /// Returns whether it is a word that begins no clause.
    fn is_plain(self) -> bool {
        self.kind == Kind::Word && self.keyword.is_none()
    }
}

/// One stretch of the client part, with its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch<'t> {
    pub(super) kind: Kind,
    /// Its text, without the blanks at a comment's two ends.
    pub(super) text: &'t str,
}

impl<'t> Stretch<'t> {
    /// Returns a token with its text.
    pub(super) fn of(token: Token, field: &'t str) -> Self {
        Self {
            kind: token.kind,
            text: token.text(field).trim_ascii(),
        }
    }
}

/// A field, cut into its clauses.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clauses<'t> {
    /// Whether the field begins with `from`.
    pub(super) has_from: bool,
    /// First and last token of the from-clause, as a range.
    pub(super) from: (usize, usize),
    /// Host that wrote the field: the word after `by`.
    pub(super) by: Option<&'t str>,
    /// The comment directly after that word.
    pub(super) by_comment: Option<&'t str>,
    /// Protocol: the words after `with`, up to three.
    pub(super) with: Option<&'t str>,
    /// Link: the word after `via`.
    pub(super) via: Option<&'t str>,
    /// Queue id.
    pub(super) id: Option<&'t str>,
    /// Recipient, angle brackets removed.
    pub(super) for_: Option<&'t str>,
    /// Reverse path that stands in a clause of its own.
    pub(super) reverse_path: Option<&'t str>,
    /// Where the tokens after the from-clause begin.
    pub(super) rest: usize,
    /// What stands after the last semicolon, comments cut off.
    pub(super) date: &'t str,
    /// Why the field may be read in two ways.
    pub(super) doubt: Option<&'static str>,
}

/// Cuts a field into tokens.
pub(super) fn tokens(field: &str, out: &mut Vec<Token>) {
    out.clear();
    let octets = field.as_bytes();
    let mut at = 0;
    while let Some(&octet) = octets.get(at) {
        if is_blank(octet) {
            at += 1;
            continue;
        }
        if out.len() == TOKEN_LIMIT {
            return;
        }
        if let Some(end) = (octet == b'(').then(|| comment_end(octets, at)).flatten() {
            out.push(Token {
                kind: Kind::Comment,
                keyword: None,
                begin: at + 1,
                end: end - 1,
            });
            at = end;
            continue;
        }
        let plain_end = plain_end(octets, at);
        let end = plain_end.unwrap_or_else(|| word_end(octets, at));
        let word = octets.get(at..end).unwrap_or_default();
        let semicolon = word.ends_with(b";");
        let word_end = if semicolon { end - 1 } else { end };
        if word_end > at {
            out.push(Token {
                kind: Kind::Word,
                keyword: keyword(octets.get(at..word_end).unwrap_or_default()),
                begin: at,
                end: word_end,
            });
        }
        if semicolon {
            out.push(Token {
                kind: Kind::Semicolon,
                keyword: None,
                begin: word_end,
                end,
            });
        }
        // A plain word ends at a blank.
        at = end + usize::from(plain_end.is_some());
    }
}

fn is_blank(octet: u8) -> bool {
    octet.is_ascii_whitespace() || octet == 0
}

/// Returns where a comment ends that begins at `at`, behind its last parenthesis.
///
/// RFC 5322 §3.2.2: comments nest, and a backslash quotes one character. A
/// parenthesis that nobody closes is an ordinary character: clients say so in HELO.
fn comment_end(octets: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut here = at;
    loop {
        here += eight::find(octets.get(here..)?, |block| {
            // Both parentheses: they differ in the lowest bit.
            twins(block, b')') | equal(block, b'\\')
        })?;
        match octets.get(here)? {
            b'(' => depth += 1,
            b')' => depth -= 1,
            // RFC 5322 §3.2.1: the next character means nothing.
            _ => here += 1,
        }
        here += 1;
        if depth == 0 {
            return Some(here);
        }
        if depth > DEPTH_LIMIT {
            return None;
        }
    }
}

/// Returns where a word ends that holds nothing but ordinary octets, as nearly every word does.
fn plain_end(octets: &[u8], at: usize) -> Option<usize> {
    let end = at + special(octets, at)?;
    let is_plain = end > at
        && !matches!(octets.get(at), Some(b'[' | b'<'))
        && octets.get(end).is_some_and(|octet| is_blank(*octet));
    is_plain.then_some(end)
}

/// Returns where a word ends.
///
/// A glued comment without blanks belongs to it (`name(192.0.2.7)`), as do
/// blanks inside square or angle brackets that are closed.
fn word_end(octets: &[u8], at: usize) -> usize {
    let closing = match octets.get(at) {
        Some(b'[') => Some(b']'),
        Some(b'<') => Some(b'>'),
        _ => None,
    };
    let mut here = at;
    if let Some(closing) = closing {
        // 320 octets are the longest path (RFC 5321 §4.5.3.1.3 has 256, with room).
        let window = octets
            .get(at..octets.len().min(at + 320))
            .unwrap_or_default();
        if let Some(found) = eight::find(window, |block| equal(block, closing))
            && !window.get(..found).unwrap_or_default().contains(&b'(')
        {
            here = at + found + 1;
        }
    }
    // Nearly every octet is an ordinary one.
    while let Some(run) = special(octets, here) {
        here += run;
        let Some(&octet) = octets.get(here) else {
            break;
        };
        if is_blank(octet) {
            return here.max(at + 1);
        }
        if octet == b'(' && here > at {
            match comment_end(octets, here) {
                Some(end) if !has_blank(octets, here, end) => {
                    here = end;
                    // `(Postfix)with`, `])by`: what follows a comment is a word of its own.
                    if octets.get(here).is_some_and(u8::is_ascii_alphabetic) {
                        return here;
                    }
                    continue;
                }
                Some(_) => return here,
                None => {}
            }
        }
        here += 1;
    }
    octets.len()
}

/// Returns how far from `here` the next octet is that may end a word.
fn special(octets: &[u8], here: usize) -> Option<usize> {
    eight::find(octets.get(here..)?, |block| below(block, b'(' + 1))
}

fn has_blank(octets: &[u8], from: usize, to: usize) -> bool {
    octets
        .get(from..to)
        .is_some_and(|part| part.iter().any(u8::is_ascii_whitespace))
}

/// The words that begin a clause. RFC 5321 §4.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keyword {
    By,
    Via,
    With,
    Id,
    For,
    From,
    EnvelopeFrom,
}

fn keyword(word: &[u8]) -> Option<Keyword> {
    match word {
        [b'b' | b'B', b'y' | b'Y'] => Some(Keyword::By),
        [b'i' | b'I', b'd' | b'D'] => Some(Keyword::Id),
        [b'v' | b'V', b'i' | b'I', b'a' | b'A'] => Some(Keyword::Via),
        [b'f' | b'F', b'o' | b'O', b'r' | b'R'] => Some(Keyword::For),
        [b'w' | b'W', b'i' | b'I', b't' | b'T', b'h' | b'H'] => Some(Keyword::With),
        [b'f' | b'F', b'r' | b'R', b'o' | b'O', b'm' | b'M'] => Some(Keyword::From),
        [b'e' | b'E', ..] if word.eq_ignore_ascii_case(b"envelope-from") => {
            Some(Keyword::EnvelopeFrom)
        }
        _ => None,
    }
}

/// Returns what stands between angle brackets, or the word itself.
pub(super) fn bare(path: &str) -> &str {
    path.trim_start_matches('<')
        .trim_end_matches([',', '.'])
        .trim_end_matches('>')
}

/// Sorts the tokens of a field into clauses.
pub(super) fn clauses<'t>(field: &'t str, tokens: &[Token]) -> Clauses<'t> {
    let mut found = Clauses::default();
    let mut begin = 0;
    if tokens
        .first()
        .is_some_and(|token| token.keyword == Some(Keyword::From))
    {
        found.has_from = true;
        begin = 1;
    }
    found.from = (begin, tokens.len());
    // RFC 5321 §4.4: the by-clause follows the from-clause. A key word before it is the client's: `EHLO x with LMTP`.
    let by_at = found.has_from.then(|| writing_host(tokens)).flatten();
    let mut from_open = true;
    let mut last_semicolon = None;
    // A key word's value begins no clause, whatever it is.
    let mut value_at = None;
    for (here, token) in tokens.iter().enumerate().skip(begin) {
        if token.is_plain() {
            continue;
        }
        if token.kind == Kind::Semicolon {
            last_semicolon = Some(here);
        }
        let Some(word) = token.keyword.filter(|_| value_at != Some(here)) else {
            continue;
        };
        let next = tokens.get(here + 1).filter(|next| next.kind == Kind::Word);
        // A key word without a value, and the first word of the from-clause, are names.
        let is_name = found.has_from && here == 1
            || by_at.is_some_and(|by| here < by)
                && (word != Keyword::From
                    || next.is_some_and(|next| next.text(field).starts_with('<')))
            // RFC 5321 §4.4: the date ends the field; what some servers add behind it is an id, or a path.
            || !matches!(word, Keyword::Id | Keyword::EnvelopeFrom | Keyword::By)
                && by_at.is_some_and(|by| last_semicolon.is_some_and(|semicolon| by < semicolon));
        let Some(next) = next.filter(|_| !is_name) else {
            continue;
        };
        let text = next.text(field);
        match word {
            Keyword::By if found.by.is_none() => {
                found.by = Some(text);
                found.by_comment = tokens
                    .get(here + 2)
                    .filter(|token| token.kind == Kind::Comment)
                    .map(|token| token.text(field));
            }
            // `by HOST by uid N`: qmail-scanner's own form.
            Keyword::By if next.is_word(field, "uid") => {}
            Keyword::By => {
                found.doubt = Some("it names two writing hosts");
            }
            Keyword::Via => found.via = found.via.or(Some(text)),
            Keyword::With if found.with.is_none() => {
                found.with = Some(words(field, tokens, here + 1));
            }
            Keyword::Id => found.id = found.id.or(Some(bare(text))),
            Keyword::For => found.for_ = found.for_.or(Some(bare(text))),
            Keyword::From if text.starts_with('<') => {
                found.reverse_path = Some(bare(text));
            }
            Keyword::From if found.by.is_none() && found.has_from => {
                found.doubt = Some("it has two from-clauses");
            }
            Keyword::EnvelopeFrom => found.reverse_path = Some(bare(text)),
            // RFC 2033 §1: LMTP stays inside; who gets that word in beside the server's own comes in with it.
            Keyword::With if is_lmtp(text) != found.with.is_some_and(is_lmtp) => {
                found.doubt = Some("it names two protocols");
            }
            Keyword::With | Keyword::From => {}
        }
        if from_open {
            found.from.1 = here;
            from_open = false;
        }
        value_at = Some(here + 1);
    }
    if let (true, Some(semicolon)) = (from_open, last_semicolon) {
        found.from.1 = semicolon;
    }
    let said = tokens.get(found.from.0..found.from.1).unwrap_or_default();
    if said
        .iter()
        .any(|token| token.kind == Kind::Comment && holds_a_host(token.text(field)))
    {
        found.doubt = Some("a comment of its from-clause holds what may be the writing host");
    }
    found.rest = found.from.1;
    if let Some(semicolon) = last_semicolon {
        found.date = date_text(field, tokens, semicolon);
    }
    found
}

/// Returns where the by-clause begins: the first `by` with a value behind the client's own name.
fn writing_host(tokens: &[Token]) -> Option<usize> {
    let is_word = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::Word);
    let mut places = tokens.iter().enumerate().skip(2);
    places
        .find(|(at, token)| token.keyword == Some(Keyword::By) && is_word(at + 1))
        .map(|(at, _)| at)
}

/// Returns whether a comment closes another one and goes on with `by`: a parenthesis that the client opened
/// has swallowed the server's own words, up to one that it closed further down, in its reverse path.
fn holds_a_host(comment: &str) -> bool {
    // Nearly all comments hold no other one.
    let Some(first) = eight::find(comment.as_bytes(), |block| equal(block, b')')) else {
        return false;
    };
    let rest = comment.get(first..).unwrap_or_default();
    rest.split(')').skip(1).any(|rest| {
        let mut words = rest.split_ascii_whitespace();
        words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("by"))
            && words.next().is_some()
    })
}

fn is_lmtp(protocol: &str) -> bool {
    let protocol = protocol.as_bytes();
    let protocol = match protocol.get(..4) {
        Some(tag) if tag.eq_ignore_ascii_case(b"UTF8") => protocol.get(4..).unwrap_or_default(),
        _ => protocol,
    };
    protocol
        .get(..4)
        .is_some_and(|name| name.eq_ignore_ascii_case(b"LMTP"))
}

/// Returns up to three words from `at` on, as they stand.
fn words<'t>(field: &'t str, tokens: &[Token], at: usize) -> &'t str {
    let begin = tokens.get(at).map_or(0, |token| token.begin);
    let words = tokens.iter().skip(at).take(3);
    let end = words
        .take_while(|token| token.is_plain())
        .fold(begin, |_, token| token.end);
    field.get(begin..end).unwrap_or_default()
}

/// Returns the date after the last semicolon, up to a comment or the next clause.
fn date_text<'t>(field: &'t str, tokens: &[Token], semicolon: usize) -> &'t str {
    let behind = tokens.get(semicolon + 1..).unwrap_or_default();
    let begin = behind.first().map_or(0, |token| token.begin);
    let end = behind
        .iter()
        .take_while(|token| token.is_plain())
        .fold(begin, |_, token| token.end);
    field.get(begin..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(field: &str) -> (Vec<Token>, Clauses<'_>) {
        let mut out = Vec::new();
        tokens(field, &mut out);
        let found = clauses(field, &out);
        (out, found)
    }

    fn from(field: &str) -> Vec<&str> {
        let (tokens, found) = cut(field);
        tokens[found.from.0..found.from.1]
            .iter()
            .map(|token| token.text(field))
            .collect()
    }

    #[test]
    fn clauses_are_found_over_folds_and_in_any_order() {
        let (_, found) = cut(
            "from a.example\r\n\t(b.example [192.0.2.7])\r\n\tBY mx.example.net (Postfix) with ESMTPS\r\n\tid 4F2C\r\n\tfor <me@example.net>; Sat, 21 Nov 2026 10:00:00 +0000 (UTC)",
        );
        assert_eq!(found.by, Some("mx.example.net"));
        assert_eq!(found.by_comment, Some("Postfix"));
        assert_eq!(found.with, Some("ESMTPS"));
        assert_eq!(found.id, Some("4F2C"));
        assert_eq!(found.for_, Some("me@example.net"));
        assert_eq!(found.date, "Sat, 21 Nov 2026 10:00:00 +0000");
        let (_, found) =
            cut("from a by b with esmtp; Thu, 10 Nov 2005 08:24:21 -0600 id 000000DB.43735815");
        assert_eq!(found.id, Some("000000DB.43735815"));
        assert_eq!(found.date, "Thu, 10 Nov 2005 08:24:21 -0600");
    }

    #[test]
    fn what_a_client_said_does_not_end_the_from_clause() {
        assert_eq!(
            from("from x;y (r.example [192.0.2.7]) by mx.example.net"),
            ["x;y", "r.example [192.0.2.7]"]
        );
        assert_eq!(
            from("from a(b (r.example [192.0.2.7]) by mx.example.net"),
            ["a(b", "r.example [192.0.2.7]"]
        );
        assert_eq!(
            from("from x) (r.example [192.0.2.7])by mx.example.net"),
            ["x)", "r.example [192.0.2.7]"]
        );
        assert_eq!(
            from("from name_([198.51.100.1]) (r [192.0.2.7]) by mx"),
            ["name_([198.51.100.1])", "r [192.0.2.7]"]
        );
        assert_eq!(
            from("from web.host.by (helo by x) by mx.example.by"),
            ["web.host.by", "helo by x"]
        );
        assert_eq!(
            from("from 192.0.2.7 (SquirrelMail authenticated user a); by w with HTTP; Thu"),
            ["192.0.2.7", "SquirrelMail authenticated user a", ";"]
        );
    }

    #[test]
    fn a_key_word_that_the_client_said_begins_no_clause() {
        assert_eq!(
            from("from (x [198.51.100.1]) from < (r [192.0.2.7]) by mx; Thu").len(),
            4
        );
        let (tokens, found) = cut(
            "from x with LMTP id 1 (r.example [192.0.2.7]) by mx.example.net with ESMTP id 2; Thu",
        );
        assert_eq!((found.with, found.id), (Some("ESMTP"), Some("2")));
        assert_eq!(
            tokens.get(found.from.0..found.from.1).map(<[_]>::len),
            Some(6)
        );
        let (_, found) = cut(
            "from x(y (192.0.2.7) by mx id 1; Thu (envelope-from <\"z with LMTP (\"@a.example>)",
        );
        assert_eq!((found.by, found.with), (Some("mx"), None));
        for doubtful in [
            "from (198.51.100.1)by mx; ([192.0.2.7]) by mx with ESMTP; Thu",
            "from x (r [192.0.2.7]) by mx (sender <\"y) with LMTP (\"@a.example>) with ESMTP; Thu",
            "from [198.51.100.1](HELO (r [192.0.2.7]) by mx with ESMTP for <\"y) by mx\"@a.example>; Thu",
        ] {
            assert!(cut(doubtful).1.doubt.is_some(), "{doubtful}");
        }
    }

    #[test]
    fn two_writing_hosts_are_a_doubt() {
        let (_, found) = cut("from a by b.example (r [192.0.2.7]) by mx.example.net; Thu");
        assert!(found.doubt.is_some());
        let (_, found) = cut("from a by (r [192.0.2.7]) by mx.example.net; Thu");
        assert_eq!(found.by, Some("mx.example.net"));
    }

    #[test]
    fn brackets_keep_their_blanks() {
        let (_, found) = cut(
            "from a (192.0.2.7:63) by mx with [XMail 1.20 ESMTP Server] id <S72E> for <\"v by q\"@example.org> from <b@example.org>; x",
        );
        assert_eq!(found.with, Some("[XMail 1.20 ESMTP Server]"));
        assert_eq!(found.id, Some("S72E"));
        assert_eq!(found.for_, Some("\"v by q\"@example.org"));
        assert_eq!(found.reverse_path, Some("b@example.org"));
    }

    proptest! {
        #[test]
        fn any_text_is_cut_into_its_own_parts(field in "[ -~\\t\\n]{0,200}") {
            let (tokens, found) = cut(&field);
            prop_assert!(found.from.0 <= found.from.1 || tokens.is_empty());
            let mut read = 0;
            for token in tokens {
                prop_assert!(read <= token.begin && field.get(token.begin..token.end).is_some());
                prop_assert!(token.begin < token.end || token.kind == Kind::Comment);
                read = token.end;
            }
        }

        #[test]
        fn a_plain_word_ends_where_any_word_would(field in "[ -~\\t\\n\\x00é]{0,60}", at in 0..60usize) {
            if let Some(end) = plain_end(field.as_bytes(), at) {
                prop_assert_eq!(end, word_end(field.as_bytes(), at), "{}", field);
            }
        }
    }
}
