//! Finds whatever some reader of a message may take for a header field.
//!
//! In: the octets of a message. Out: [`Loose`] fields, from top to bottom; one that a bare CR begins lies within another.
//! Standards: RFC 5322 §2.2 (fields), §2.2.3 (folding), §4.5 (obsolete blanks before the colon).
//! Trust: hostile. [`super::Headers`] stops at a line that is none and at its limits, and others go on: what has to be
//! hidden is hidden up to the first empty line. One pass, each octet is given twice at most.
//! Failures: never fails; what has no name and colon is passed over.

use std::borrow::Cow;
use std::ops::Range;

use super::ends::Ends;

/// Octets of a name at most; no reader looks for a longer one.
const NAME_LIMIT: usize = 128;

/// What may be a header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loose<'m> {
    /// Its name, without NULs, which some readers drop.
    pub(crate) name: Cow<'m, [u8]>,
    /// Where what stands behind the colon lies, folded as received, the line end included.
    pub(crate) value: Range<usize>,
}

/// Returns all that may be a field, above the first empty line.
pub(crate) fn loose(octets: &[u8]) -> impl Iterator<Item = Loose<'_>> {
    let section = octets.get(..first_blank(octets)).unwrap_or(octets);
    let mut at = 0;
    let ends = Ends::of(section).chain([section.len()]);
    let lines = ends.map(move |end| std::mem::replace(&mut at, end)..end);
    lines.flat_map(move |line| {
        let text = section.get(line.clone()).unwrap_or_default();
        let whole = field(text, line.start);
        let mut at = 0;
        // Where a bare CR ends a line, too, another field may begin.
        let inner = text.split_inclusive(|octet| *octet == b'\r');
        let inner = inner.filter_map(move |piece| {
            let begin = at;
            at += piece.len();
            (begin > 0).then(|| field(piece, line.start + begin))?
        });
        whole.into_iter().chain(inner)
    })
}

/// Returns where the first empty line stands: up to there, whoever reads the octets takes what can be one for a field.
pub(crate) fn first_blank(octets: &[u8]) -> usize {
    let is_blank = |at: &usize| {
        let line = octets.get(*at..).unwrap_or_default();
        line.starts_with(b"\n") || line.starts_with(b"\r\n")
    };
    let lines = memchr::memchr_iter(b'\n', octets).map(|newline| newline + 1);
    std::iter::once(0)
        .chain(lines)
        .find(is_blank)
        .unwrap_or(octets.len())
}

/// Returns a line, folded or not, as a field.
fn field(line: &[u8], at: usize) -> Option<Loose<'_>> {
    let start = line.get(..line.len().min(NAME_LIMIT)).unwrap_or(line);
    let colon = memchr::memchr(b':', start)?;
    let name = line.get(..colon)?;
    let name = if name.contains(&0) {
        Cow::Owned(name.iter().copied().filter(|octet| *octet != 0).collect())
    } else {
        Cow::Borrowed(name)
    };
    let name = match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.trim_ascii_end()),
        Cow::Owned(name) => Cow::Owned(name.trim_ascii_end().to_vec()),
    };
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| Loose {
        name,
        value: at + colon + 1..at + line.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::Headers;
    use proptest::prelude::*;

    fn found(octets: &[u8]) -> Vec<(String, String)> {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        loose(octets)
            .map(|one| (text(&one.name), text(&octets[one.value])))
            .collect()
    }

    #[test]
    fn a_field_is_found_behind_what_stops_a_reader() {
        let octets = b"A: b\nno field\nX\0Y: z\nT\0o : c\n d\n \nE: f\rG: h\ri\r\n\nTo: body\n";
        let expected = [
            ("A", " b\n"),
            ("XY", " z\n"),
            ("To", " c\n d\n \n"),
            ("E", " f\rG: h\ri\r\n"),
            ("G", " h\r"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found(octets), expected);
        let many = "X: y\n".repeat(5_000);
        assert_eq!(found((many + "To: c\n\n").as_bytes()).len(), 5_001);
    }

    proptest! {
        #[test]
        fn all_that_is_read_as_a_field_is_found(text in "([aA-]{0,2} ?:?[ab\\t\0\r]{0,3}\r?\n ?){0,12}") {
            let octets = text.as_bytes();
            let all: Vec<Loose<'_>> = loose(octets).collect();
            for field in Headers::parse(octets).fields() {
                let is_it = |one: &Loose<'_>| one.name == field.name() && octets[one.value.clone()].starts_with(field.raw());
                prop_assert!(all.iter().any(is_it), "{:?}", field);
            }
            let given: usize = all.iter().map(|one| one.value.len()).sum();
            prop_assert!(given <= 2 * octets.len());
        }
    }
}
