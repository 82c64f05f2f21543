//! Tells whether a way of reading undoes more in a text once its lines are joined.
//!
//! In: octets, a [`Step`]. Out: whether a line end may stand in what the step, or one that follows it, undoes.
//! Standards: RFC 5322 §2.2.3 (folding), RFC 3986 §2.1, RFC 3629 §3 (characters of several octets).
//! Limits: says so too often where it is in doubt. Blanks aside, the text reads the same otherwise.

use super::view::Step;

/// Octets behind a percent sign in which a line end may stand: `%25254` and a line end, undone thrice.
const PERCENT_OCTETS: usize = 8;

/// Octets behind an ampersand: `&#x00000025;25254` and a line end.
const REFERENCE_OCTETS: usize = 24;

/// Returns whether a line end may stand in what a way of reading undoes, or in what is undone after it.
pub(super) fn are_crossed(text: &[u8], step: Step) -> bool {
    let percent = || stands_near(text, b'%', PERCENT_OCTETS);
    // A line end within a character stands behind an octet that is not US-ASCII, or behind a tag that is left out, and
    // leaves two pieces that are none.
    let character = || {
        let ends = |at: usize| {
            let line = text.get(..at).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            line.last()
                .is_some_and(|octet| !octet.is_ascii() || *octet == b'>')
        };
        !text.is_ascii()
            && memchr::memchr_iter(b'\n', text).any(ends)
            && std::str::from_utf8(text).is_err()
    };
    match step {
        Step::Percent => percent(),
        Step::Entities => stands_near(text, b'&', REFERENCE_OCTETS) || percent() || character(),
        // A tag may be folded, and is left out with its line ends.
        Step::Untag | Step::Plain => character(),
        _ => true,
    }
}

/// Returns whether a line end stands behind a mark, not farther than so many octets.
fn stands_near(text: &[u8], mark: u8, octets: usize) -> bool {
    memchr::memchr_iter(mark, text).any(|at| {
        let end = (at + 1 + octets).min(text.len());
        let near = text.get(at + 1..end).unwrap_or_default();
        memchr::memchr(b'\n', near).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::super::pressed::without_blanks;
    use super::super::ways::{Branch, WAYS};
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8], step: Step) -> Vec<u8> {
        let mut out = Vec::new();
        step.run(text, &mut out);
        out
    }

    /// Returns the path by which two texts are read differently, blanks aside.
    fn differing(one: &[u8], other: &[u8], way: &Branch) -> Option<Vec<Step>> {
        let (one, other) = (read(one, way.step), read(other, way.step));
        if without_blanks(&one) != without_blanks(&other) {
            return Some(vec![way.step]);
        }
        let mut deeper = way
            .then
            .iter()
            .filter_map(|way| differing(&one, &other, way));
        deeper.next().map(|path| [vec![way.step], path].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn what_crosses_no_line_reads_the_same_joined(
            pieces in prop::collection::vec(prop::sample::select(&[
                "%", "25", "4", "0", "2525", "&", "#", "x40", "64", ";", "&#37;", "&commat;", "<", ">", "b", " ", "\r\n", "\n\t", "\u{200b}", "ａ", "<b \r\n c>", "&shy;",
            ][..]), 0..14),
            cut in any::<prop::sample::Index>(),
            tag in any::<prop::sample::Index>(),
        ) {
            let mut text = pieces.concat().into_bytes();
            if !text.is_empty() {
                // Sometimes this splits a character.
                text.insert(cut.index(text.len()), b'\n');
                let tag = tag.index(text.len());
                text.splice(tag..tag, *b"<b>");
            }
            let join = WAYS.iter().find(|way| way.step == Step::Join).unwrap();
            for way in join.then.iter().filter(|way| !are_crossed(&text, way.step)) {
                let path = differing(&text, &read(&text, Step::Join), way);
                prop_assert_eq!(path, None, "{}", String::from_utf8_lossy(&text));
            }
        }
    }

    #[test]
    fn prose_crosses_no_line() {
        let prose =
            "Save 20% today, and\r\nsee <a\r\n href=x>é</a>\r\n&nbsp;for 30 more words of it\r\n";
        for step in [Step::Percent, Step::Untag, Step::Plain, Step::Entities] {
            assert!(!are_crossed(prose.as_bytes(), step), "{step:?}");
        }
        assert!(are_crossed(b"a%4\r\n0b", Step::Percent));
        assert!(are_crossed(b"a&#6\r\n4;b", Step::Entities));
        for step in [Step::Untag, Step::Entities] {
            assert!(are_crossed(b"a\xef<b>\n\xbc\xa0b", step), "{step:?}");
        }
    }
}
