//! Letters written as numbers: escapes of programs, and lists of codes.
//!
//! In: octets. Out: the octets as read that way, to an [`Out`].
//! Standards: ECMA-262 (escapes of JavaScript), ISO C (octal and hex escapes).
//! Trust: hostile; one pass, and nothing longer than its input comes out.

use std::ops::Range;

use super::runs;
use super::view::{Out, pair};
use crate::evidence::decode::hex_pair;

/// Numbers that must stand in a row before they are read as letters.
const IN_A_ROW: usize = 6;

/// Characters of one number at most: `0x6a`.
const NUMBER_CHARS: usize = 4;

/// Octets of the shortest list: two for each number, one between them.
const LIST_OCTETS: usize = IN_A_ROW * 3 - 1;

/// Undoes the escapes of programs and of RTF.
pub(super) fn escapes(text: &[u8], out: &mut impl Out) {
    let undo = |rest: &[u8]| {
        let wide = |skip: usize| match rest.get(skip..skip + 2) {
            Some(b"00") => pair(rest, skip + 2),
            _ => None,
        };
        match rest {
            [b'\\', b'x' | b'X', ..] => pair(rest, 2),
            [b'\\', b'u' | b'U', b'{', a, b, b'}', ..] => Some((Some(hex_pair(*a, *b)?), 6)),
            [b'\\', b'U', b'0', b'0', b'0', b'0', ..] => match rest.get(6..8) {
                Some(b"00") => pair(rest, 8),
                _ => None,
            },
            // RTF writes `\'6a`.
            [b'\\', b'\'', ..] => pair(rest, 2),
            [b'\\' | b'%', b'u' | b'U', ..] => wide(2),
            [b'\\', a @ b'0'..=b'1', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                Some((Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0')), 4))
            }
            _ => None,
        }
    };
    let mut at = 0;
    while let Some(found) = text
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'\\', b'%', rest))
    {
        out.keep(text, at..at + found);
        at += found;
        match undo(text.get(at..).unwrap_or_default()) {
            Some((Some(octet), length)) => {
                out.put(octet, at..at + length);
                at += length;
            }
            _ => {
                out.keep(text, at..at + 1);
                at += 1;
            }
        }
    }
    out.keep(text, at..text.len());
}

/// How the numbers of a list are written.
#[derive(Clone, Copy)]
enum Written {
    /// `106,97`
    Decimal,
    /// `0x6a,0x61`
    Prefixed,
    /// `6a:61`
    Pairs,
}

impl Written {
    /// Returns the octet at the start of a text, and its length.
    fn first(self, rest: &[u8]) -> Option<(u8, usize)> {
        match (self, rest) {
            (Self::Decimal, _) => {
                let digits = rest
                    .iter()
                    .take(4)
                    .take_while(|octet| octet.is_ascii_digit());
                let length = digits.count();
                let number = std::str::from_utf8(rest.get(..length)?).ok()?;
                Some((number.parse().ok()?, length))
            }
            (Self::Prefixed, [b'0', b'x' | b'X', high, low, ..]) => {
                Some((hex_pair(*high, *low)?, 4))
            }
            (Self::Pairs, [high, low, ..]) => Some((hex_pair(*high, *low)?, 2)),
            _ => None,
        }
    }

    const fn separates(self, octet: u8) -> bool {
        match self {
            Self::Decimal | Self::Prefixed => matches!(octet, b',' | b';' | b' ' | b'.'),
            Self::Pairs => matches!(octet, b':' | b'-'),
        }
    }

    /// Returns the printable letters of a list, and where it ends.
    fn list(self, text: &[u8], mut at: usize) -> (Vec<(u8, Range<usize>)>, usize) {
        let mut numbers = Vec::new();
        let mut end = at;
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let Some((octet @ 32..=126, length)) = self.first(rest) else {
                return (numbers, end);
            };
            numbers.push((octet, at..at + length));
            end = at + length;
            at = match text.get(end..) {
                Some([one, b' ', ..]) if self.separates(*one) => end + 2,
                Some([one, ..]) if self.separates(*one) => end + 1,
                _ => return (numbers, end),
            };
        }
    }
}

/// Returns whether a text has enough digits and separators in a row for a list.
pub(super) fn may_list(text: &[u8]) -> bool {
    runs::of::<LIST_OCTETS, _>(text, is_part).next().is_some()
}

/// Returns whether an octet can stand in a list.
fn is_part(octet: u8) -> bool {
    PARTS
        .get(usize::from(octet))
        .is_some_and(|is_part| *is_part)
}

/// For each octet, whether it can stand in a list.
static PARTS: [bool; 256] = {
    let mut table = [false; 256];
    let mut parts = b"0123456789abcdefABCDEFxX,;. :-".as_slice();
    while let [part, rest @ ..] = parts {
        #[expect(
            clippy::indexing_slicing,
            reason = "an octet is below 256, and this is const"
        )]
        {
            table[*part as usize] = true;
        }
        parts = rest;
    }
    table
};

/// Reads lists of numbers as letters.
pub(super) fn lists(text: &[u8], out: &mut impl Out) {
    let mut kept = 0;
    for run in runs::of::<LIST_OCTETS, _>(text, is_part) {
        let mut at = run.start;
        // The rest of a word begins no number.
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        if before.is_some_and(u8::is_ascii_alphanumeric) {
            at += word_length(text, at);
        }
        while at < run.end {
            let length = word_length(text, at);
            let is_number = text.get(at).is_some_and(u8::is_ascii_hexdigit);
            let found = [Written::Decimal, Written::Prefixed, Written::Pairs]
                .into_iter()
                .filter(|_| is_number && length <= NUMBER_CHARS)
                .map(|written| written.list(text, at))
                .find(|(numbers, _)| numbers.len() >= IN_A_ROW);
            let Some((numbers, end)) = found else {
                at += length;
                continue;
            };
            out.keep(text, kept..at);
            for (octet, range) in numbers {
                out.put(octet, range);
            }
            (at, kept) = (end, end);
        }
    }
    out.keep(text, kept..text.len());
}

/// Returns how many octets at a place are letters and digits, or are none.
fn word_length(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let is_word = rest.first().is_some_and(u8::is_ascii_alphanumeric);
    let ends = |octet: &u8| octet.is_ascii_alphanumeric() != is_word;
    rest.iter().position(ends).unwrap_or(rest.len())
}
