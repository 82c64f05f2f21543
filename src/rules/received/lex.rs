//! Cuts a Received field into words and comments.
//!
//! In: the text of one field, folded or not. Out: [`Token`]s, by their places in it.
//! Standards: RFC 5322 §3.2.2 (comments), RFC 5321 §4.4 (the words that begin a clause).
//! Trust: hostile. What a client said (HELO) may hold any byte that its server let through, brackets included.
//! Failures: never fails; a parenthesis that nobody closes is an ordinary character.
//! Limits: [`TOKEN_LIMIT`] tokens; what follows them is not read.

use jiff::Timestamp;

use super::date;
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

/// What a token is to its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A word that begins no clause: nearly all tokens are.
    Plain,
    /// What continues a path that holds blanks or parentheses: nobody but its author says anything in it.
    Path,
    /// A comment that holds no other one.
    Comment,
    /// A comment that holds another one, or what may be its end.
    Nested,
    Semicolon,
    // The words that begin a clause. RFC 5321 §4.4.
    By,
    Via,
    With,
    Id,
    For,
    From,
    EnvelopeFrom,
}

/// One stretch of a field, by its place: most of them are never looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) mark: Mark,
    /// Offsets in the field, which is not longer than [`super::RECEIVED_OCTETS_LIMIT`].
    begin: u32,
    end: u32,
}

impl Token {
    fn new(mark: Mark, begin: usize, end: usize) -> Self {
        Self {
            mark,
            begin: begin as u32,
            end: end as u32,
        }
    }

    /// Returns the offset of its first octet in the field.
    pub(super) const fn begin(self) -> usize {
        self.begin as usize
    }

    /// Returns the offset behind its last octet in the field.
    pub(super) const fn end(self) -> usize {
        self.end as usize
    }

    /// Returns its text, out of the field that it was cut from.
    pub(super) fn text(self, field: &str) -> &str {
        field.get(self.begin()..self.end()).unwrap_or_default()
    }

    /// Returns what kind of stretch it is.
    pub(super) const fn kind(self) -> Kind {
        match self.mark {
            Mark::Comment | Mark::Nested => Kind::Comment,
            Mark::Semicolon => Kind::Semicolon,
            _ => Kind::Word,
        }
    }

    /// Returns whether it is a comment, whatever it holds.
    pub(super) const fn is_comment(self) -> bool {
        matches!(self.mark, Mark::Comment | Mark::Nested)
    }

    /// Returns whether it is a word, whatever it begins.
    pub(super) const fn is_word(self) -> bool {
        !self.is_comment() && !matches!(self.mark, Mark::Semicolon)
    }

    /// Returns whether it is a word that begins no clause.
    pub(super) const fn is_plain(self) -> bool {
        matches!(self.mark, Mark::Plain)
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
            kind: token.kind(),
            text: token.text(field).trim_ascii(),
        }
    }
}

/// Cuts a field into tokens; returns the date at its end, if it is written as nearly all are.
///
/// Such a date is one token: nobody looks at its words.
pub(super) fn tokens(field: &str, out: &mut Vec<Token>) -> Option<Timestamp> {
    out.clear();
    let octets = field.as_bytes();
    let mut at = 0;
    let mut date = None;
    while let Some(rest @ [octet, ..]) = octets.get(at..) {
        if is_blank(*octet) {
            at += 1;
            continue;
        }
        if out.len() == TOKEN_LIMIT {
            break;
        }
        if *octet == b'('
            && let Some((mark, end)) = comment(octets, at)
        {
            out.push(Token::new(mark, at + 1, end - 1));
            at = end;
            continue;
        }
        // A plain word ends at a blank.
        let (word, behind) = match plain_word(rest) {
            Some(word) => (word, 1),
            None => {
                let word = octets.get(at..word_end(octets, at));
                (word.unwrap_or_default(), 0)
            }
        };
        let end = at + word.len();
        if let [before @ .., b';'] = word {
            if !before.is_empty() {
                out.push(Token::new(mark(before), at, end - 1));
            }
            out.push(Token::new(Mark::Semicolon, end - 1, end));
            if let Some((time, token)) = last_date(octets, end) {
                date = Some(time);
                out.push(token);
                at = token.end();
                continue;
            }
        } else {
            out.push(Token::new(mark(word), at, end));
        }
        at = end + behind;
    }
    date
}

/// Returns the date behind a semicolon, if it is a plain one and ends the field, or one comment does.
fn last_date(octets: &[u8], at: usize) -> Option<(Timestamp, Token)> {
    let rest = octets.get(at..)?.trim_ascii_start();
    let begin = octets.len() - rest.len();
    let (time, length) = date::plain(rest)?;
    let behind = rest.get(length..)?;
    let is_last = match behind.trim_ascii() {
        [] => true,
        // What has more parentheses may be more than one comment; what has no blank before it belongs to the word.
        [b'(', inside @ .., b')'] => {
            behind.first() != Some(&b'(') && eight::find(inside, is_bracket).is_none()
        }
        _ => false,
    };
    is_last.then(|| (time, Token::new(Mark::Plain, begin, begin + length)))
}

const fn is_blank(octet: u8) -> bool {
    octet.is_ascii_whitespace() || octet == 0
}

/// Returns where a comment ends that begins at `at`, behind its last parenthesis, and whether it holds another one.
///
/// RFC 5322 §3.2.2: comments nest, and a backslash quotes one character. A
/// parenthesis that nobody closes is an ordinary character: clients say so in HELO.
fn comment(octets: &[u8], at: usize) -> Option<(Mark, usize)> {
    let (mut depth, mut mark) = (1usize, Mark::Comment);
    let mut here = at + 1;
    loop {
        here += eight::find(octets.get(here..)?, is_bracket)?;
        match octets.get(here)? {
            b'(' => depth += 1,
            b')' => depth -= 1,
            // RFC 5322 §3.2.1: the next character means nothing.
            _ => {
                here += 1;
                mark = Mark::Nested;
            }
        }
        here += 1;
        match depth {
            0 => return Some((mark, here)),
            1 => {}
            2..=DEPTH_LIMIT => mark = Mark::Nested,
            _ => return None,
        }
    }
}

/// Marks parentheses and backslashes.
const fn is_bracket(block: u64) -> u64 {
    // Both parentheses: they differ in the lowest bit.
    twins(block, b')') | equal(block, b'\\')
}

/// Returns the first word, if it holds nothing but ordinary octets, as nearly every word does.
fn plain_word(octets: &[u8]) -> Option<&[u8]> {
    let (word, behind) = octets.split_at_checked(special(octets)?)?;
    let is_plain = !matches!(word, [] | [b'[' | b'<', ..])
        && behind.first().is_some_and(|octet| is_blank(*octet));
    is_plain.then_some(word)
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
        let end = eight::find(window, |block| equal(block, closing) | equal(block, b'('));
        if let Some(found) = end
            && window.get(found) == Some(&closing)
        {
            here = at + found + 1;
        }
    }
    // Nearly every octet is an ordinary one.
    while let Some(run) = octets.get(here..).and_then(special) {
        here += run;
        let Some(&octet) = octets.get(here) else {
            break;
        };
        if is_blank(octet) {
            return here.max(at + 1);
        }
        if octet == b'(' && here > at {
            match comment(octets, here) {
                Some((_, end)) if !has_blank(octets, here, end) => {
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

/// Returns where the first octet stands that may end a word.
fn special(octets: &[u8]) -> Option<usize> {
    eight::find(octets, |block| below(block, b'(' + 1))
}

fn has_blank(octets: &[u8], from: usize, to: usize) -> bool {
    octets
        .get(from..to)
        .is_some_and(|part| part.iter().any(u8::is_ascii_whitespace))
}

/// Returns what a word is to its field.
fn mark(word: &[u8]) -> Mark {
    const VIA: [u8; 3] = *b"via";
    const FOR: [u8; 3] = *b"for";
    const WITH: u32 = u32::from_le_bytes(*b"with");
    const FROM: u32 = u32::from_le_bytes(*b"from");
    // Case is one bit of a letter, and nothing but a letter becomes one by that bit.
    match *word {
        [one, two] => match [one | 0x20, two | 0x20] {
            [b'b', b'y'] => Mark::By,
            [b'i', b'd'] => Mark::Id,
            _ => Mark::Plain,
        },
        [one, two, three] => match [one | 0x20, two | 0x20, three | 0x20] {
            VIA => Mark::Via,
            FOR => Mark::For,
            _ => Mark::Plain,
        },
        [one, two, three, four] => {
            match u32::from_le_bytes([one, two, three, four]) | 0x2020_2020 {
                WITH => Mark::With,
                FROM => Mark::From,
                _ => Mark::Plain,
            }
        }
        [b'e' | b'E', ..] if word.eq_ignore_ascii_case(b"envelope-from") => Mark::EnvelopeFrom,
        _ => Mark::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_cut_into_its_own_parts(field in "[ -~\\t\\n]{0,200}") {
            let mut found = Vec::new();
            let _ = tokens(&field, &mut found);
            let mut read = 0;
            for token in found {
                prop_assert!(read <= token.begin && field.get(token.begin()..token.end()).is_some());
                prop_assert!(token.begin < token.end || token.is_comment());
                let holds = |token: &Token| token.text(&field).contains(')');
                prop_assert!(token.mark != Mark::Comment || !holds(&token), "{}", field);
                read = token.end;
            }
        }

        #[test]
        fn a_date_is_one_token_only_at_the_end(before in "[a-z(]{0,5}", fold in "( |\\n\t)?", date in "Sat, 21 Nov 2026 10:00:00 [+-]0100|1 Nov 2026 10:00:00 [+-]0[01]3[05]", behind in "|[ \n]|.| [(]UTC[)]\n?| [(]a[(]b[)][)]| [(]a[)] [(]b[)]| by x|[(]UTC[)]") {
            let field = format!("by {before};{fold}{date}{behind}");
            let mut found = Vec::new();
            let time = tokens(&field, &mut found);
            let at = field.find(&date).unwrap();
            let is_one = found.iter().any(|token| (token.begin(), token.end()) == (at, at + date.len()));
            prop_assert_eq!(time.is_some(), is_one, "{}", field);
            let is_last = behind != "(UTC)" && matches!(behind.trim_ascii(), "" | "(UTC)");
            prop_assert!(!is_one || is_last && before.is_empty() || !fold.is_empty() , "{}", field);
            if !fold.is_empty() && !before.contains('(') {
                prop_assert_eq!(is_one, is_last, "{}", field);
            }
        }

        #[test]
        fn a_plain_word_ends_where_any_word_would(field in "[ -~\\t\\n\\x00é]{0,60}", at in 0..60usize) {
            if let Some(word) = field.as_bytes().get(at..).and_then(plain_word) {
                prop_assert_eq!(at + word.len(), word_end(field.as_bytes(), at), "{}", field);
            }
        }

        #[test]
        fn a_word_begins_a_clause_in_any_case(word in "([bB][yY]|[iI][dD]|[a-zA-Z\\x00-\\x7f]{2,4}|(?i)via|with|for|from|envelope-from)") {
            let words = ["by", "via", "with", "id", "for", "from", "envelope-from"];
            let marks = [Mark::By, Mark::Via, Mark::With, Mark::Id, Mark::For, Mark::From, Mark::EnvelopeFrom];
            let found = words.iter().position(|known| known.eq_ignore_ascii_case(&word));
            prop_assert_eq!(mark(word.as_bytes()), found.map_or(Mark::Plain, |place| marks[place]));
        }
    }
}
