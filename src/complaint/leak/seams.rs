//! Records, while a text is read, where the reading put octets together that did not stand together.
//!
//! In: what a [`Step`](super::view::Step) gives. Out: [`Seamed`]: the octets, and windows around their seams.
//! Limits: what a way of reading brings to light touches a seam; elsewhere it reads what stood there before.

use std::ops::Range;

use super::block;
use super::view::{self, Out, Step};
use crate::evidence::decode::is_base64;

/// Octets of an escape that later readings undo to one: `&#x00000025;25c3`.
const ESCAPE_OCTETS: usize = 24;

/// Octets that are counted at once.
const PIECE: usize = 32;

/// A part of a text in which something may stand that did not before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// What is looked at.
    pub(super) range: Range<usize>,
    /// From its first seam to its last, counted from its begin: what touches none of them is not new.
    pub(super) seams: Range<usize>,
}

/// Returns whether a run touches seams: something ends or begins there that it did not before.
pub(super) const fn touch(seams: &Range<usize>, run: &Range<usize>) -> bool {
    run.start <= seams.end && seams.start <= run.end
}

/// How far from a seam one looks: so many octets that are neither blanks nor, if those do not count, tags.
///
/// What is read further may leave those out, however many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub(super) octets: usize,
    pub(super) counts_tags: bool,
    /// Whether codes are looked for, which tell as a whole: none is cut that begins or ends at the seam, and has no
    /// blanks but line ends.
    pub(super) holds_codes: bool,
}

impl Reach {
    /// Returns the place so far before another, not before a floor.
    pub(super) fn before(self, text: &[u8], floor: usize, from: usize) -> usize {
        let mut rest = text.get(floor..from).unwrap_or_default();
        let (mut count, mut singly) = (0, 0);
        while count < self.octets
            && let [before @ .., octet] = rest
        {
            if singly == 0 {
                if let Some((before, piece)) = rest.split_last_chunk()
                    && let Some(counted) = self.counted(piece, b'>', count)
                {
                    (rest, count) = (before, counted);
                    continue;
                }
                singly = PIECE;
            }
            singly -= 1;
            let tag = (!self.counts_tags && *octet == b'>').then(|| before_tag(rest));
            rest = match tag.flatten() {
                Some(before) => before,
                None => {
                    count += view::counts(*octet);
                    before
                }
            };
        }
        let at = floor + rest.len();
        let code = || code_before(text.get(floor..from).unwrap_or_default());
        if self.holds_codes {
            at.min(from - code())
        } else {
            at
        }
    }

    /// Counts a piece as a whole, many octets at once; `None` where it goes too far, or may hold an end of a tag.
    fn counted(self, piece: &[u8; PIECE], mark: u8, count: usize) -> Option<usize> {
        let counts = |octet: &u8| u8::from(!view::is_blank(*octet));
        let is_tag = |any, octet: &u8| any | (*octet == mark);
        let has_tag = !self.counts_tags && piece.iter().fold(false, is_tag);
        let count = count + usize::from(piece.iter().map(counts).sum::<u8>());
        (count < self.octets && !has_tag).then_some(count)
    }

    /// Returns the place so far behind another, not behind a ceiling.
    pub(super) fn behind(self, text: &[u8], from: usize, ceiling: usize) -> usize {
        let text = text.get(..ceiling).unwrap_or(text);
        let mut rest = text.get(from..).unwrap_or_default();
        let (mut count, mut singly) = (0, 0);
        while count < self.octets
            && let [octet, behind @ ..] = rest
        {
            if singly == 0 {
                if let Some((piece, behind)) = rest.split_first_chunk()
                    && let Some(counted) = self.counted(piece, b'<', count)
                {
                    (rest, count) = (behind, counted);
                    continue;
                }
                singly = PIECE;
            }
            singly -= 1;
            let tag = (!self.counts_tags && *octet == b'<').then(|| view::tag_end(rest));
            rest = match tag.flatten() {
                Some(end) => rest.get(end + 1..).unwrap_or_default(),
                None => {
                    count += view::counts(*octet);
                    behind
                }
            };
        }
        let at = text.len() - rest.len();
        let code = || code_behind(text.get(from..).unwrap_or_default());
        if self.holds_codes {
            at.max(from + code())
        } else {
            at
        }
    }
}

/// Returns what stands before the tag that a text ends with.
fn before_tag(text: &[u8]) -> Option<&[u8]> {
    let start = memchr::memrchr2(b'<', b'>', text.get(..text.len().checked_sub(1)?)?)?;
    let (before, tag) = text.split_at(start);
    (tag.first() == Some(&b'<') && view::tag_end(tag).is_some()).then_some(before)
}

/// Returns whether an octet may belong to a code, or to an escape of one of its characters.
///
/// Quoted-printable is undone first: what is read further has no escapes of that.
fn is_of_code(octet: u8) -> bool {
    is_base64(octet) || b"%&#;".contains(&octet)
}

/// Returns the length of the code that a text begins with, over line ends.
fn code_behind(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = rest.iter().take_while(|octet| is_of_code(**octet)).count();
        at += line;
        match block::after_line_end(rest.get(line..).unwrap_or_default()) {
            Some(after) => at = text.len() - after.len(),
            None => break,
        }
    }
    at
}

/// Returns the length of the code that a text ends with, over line ends.
fn code_before(text: &[u8]) -> usize {
    let mut rest = text;
    loop {
        let code = |octet: &&u8| is_of_code(**octet);
        let line = rest.iter().rev().take_while(code).count();
        rest = rest.get(..rest.len() - line).unwrap_or_default();
        let mut before = rest;
        while let [shorter @ .., b' ' | b'\t'] = before {
            before = shorter;
        }
        match before {
            [before @ .., b'\r', b'\n'] | [before @ .., b'\n'] => rest = before,
            _ => return text.len() - rest.len(),
        }
    }
}

/// A text as read in some way, and where it differs from what was read.
pub(super) struct Seamed {
    pub(super) octets: Vec<u8>,
    /// Where it differs; in order, apart from each other.
    pub(super) windows: Vec<Window>,
    /// Seams that lie near each other, from the first of them to the last; in order.
    seams: Vec<Range<usize>>,
    reach: Reach,
    /// Where the last octet came from.
    end: usize,
}

impl Seamed {
    /// Reads a text one way.
    pub(super) fn read(text: &[u8], step: Step, reach: Reach) -> Self {
        let mut read = Self {
            octets: Vec::with_capacity(text.len()),
            windows: Vec::new(),
            seams: Vec::new(),
            reach,
            end: 0,
        };
        step.run(text, &mut read);
        read.open_windows();
        read
    }

    /// Notes that what comes next did not stand behind what came last.
    fn seam(&mut self) {
        let at = self.octets.len();
        match self.seams.last_mut() {
            Some(last) if at - last.end <= self.reach.octets => last.end = at,
            _ => self.seams.push(at..at),
        }
    }

    /// Opens windows around the seams; those that touch become one.
    fn open_windows(&mut self) {
        let length = self.octets.len();
        let next = self.seams.iter().skip(1).map(|seams| seams.start);
        for (seams, next) in self.seams.iter().zip(next.chain([length])) {
            let floor = self.windows.last().map_or(0, |last| last.range.end);
            let start = self.reach.before(&self.octets, floor, seams.start);
            let end = self.reach.behind(&self.octets, seams.end, next);
            match self.windows.last_mut() {
                Some(last) if start <= last.range.end => {
                    last.range.end = end;
                    last.seams.end = seams.end - last.range.start;
                }
                _ => self.windows.push(Window {
                    range: start..end,
                    seams: seams.start - start..seams.end - start,
                }),
            }
        }
    }

    /// Returns whether an octet can be part of no character here, and so of no form or code. RFC 3629 §3.
    ///
    /// What stands on either side of it was looked at with its escape in between, and an
    /// escape's digits end no run. An escape before it may become the character's first octet.
    fn is_no_letter(&self, octet: u8) -> bool {
        let near = self.octets.len().saturating_sub(ESCAPE_OCTETS);
        let near = self.octets.get(near..).unwrap_or_default();
        match octet {
            0x80..=0xbf => {
                near.last().is_none_or(u8::is_ascii) && memchr::memchr2(b'%', b'&', near).is_none()
            }
            0xc0 | 0xc1 | 0xf5.. => true,
            _ => false,
        }
    }
}

impl Out for Seamed {
    fn keep(&mut self, input: &[u8], range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        if range.start != self.end {
            self.seam();
        }
        self.end = range.end;
        self.octets
            .extend_from_slice(input.get(range).unwrap_or_default());
    }

    fn put(&mut self, octet: u8, range: Range<usize>) {
        self.end = range.end;
        if self.is_no_letter(octet) {
            self.octets.push(octet);
            return;
        }
        self.seam();
        self.octets.push(octet);
        // What follows did not stand behind this octet: one window serves both seams.
        self.seam();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(step: Step, text: &str) -> Seamed {
        let reach = Reach {
            octets: 4,
            counts_tags: false,
            holds_codes: false,
        };
        Seamed::read(text.as_bytes(), step, reach)
    }

    #[test]
    fn windows_lie_around_what_was_put_together() {
        let out = read(Step::Percent, "a plain text, then %40 and no more of it");
        assert_eq!(out.octets, b"a plain text, then @ and no more of it");
        let window = Window {
            range: 14..26,
            seams: 5..6,
        };
        assert_eq!(out.windows, vec![window]);
        assert!(touch(&(4..5), &(0..4)) && touch(&(4..5), &(5..9)) && !touch(&(4..5), &(6..9)));
        assert!(read(Step::Percent, "100% of it").windows.is_empty());
    }

    #[test]
    fn what_is_left_out_later_does_not_count() {
        let tags = format!("<a {}><b>", "x".repeat(200));
        for beside in [tags, " ".repeat(300), "\r\n\t".repeat(90)] {
            let text = format!("abcdefg{beside}h%40i{beside}jklmnop");
            let windows = read(Step::Percent, &text).windows;
            let seen = 4..text.len() - 2 - 4;
            assert_eq!(windows.len(), 1);
            assert_eq!(windows[0].range, seen, "{text}");
        }
        // What looks like a tag, and is none.
        for none in ["<aaaaaaa", "aaaaaaa>", "<<", ">>"] {
            let text = format!("{none}%40{none}");
            let [window] = &read(Step::Percent, &text).windows[..] else {
                panic!("{text}");
            };
            assert_eq!(window.range.len(), 1 + 2 * none.len().min(4), "{text}");
        }
        let text = "a%40b      c d e f g h i j                 k%40l";
        let windows = read(Step::Percent, text).windows;
        assert_eq!(windows.len(), 2, "{windows:?}");
        assert!(windows[0].range.end <= windows[1].range.start);
    }

    proptest! {
        #[test]
        fn pieces_are_counted_as_their_octets_are(
            words in prop::collection::vec("[a-z]{0,12}|<[a-z ]{0,9}>|[<>]| {1,50}|[a-z]{30,90}|\r\n|\0", 0..30),
            octets in 0usize..200,
            counts_tags in any::<bool>(),
        ) {
            let text = words.concat();
            let reach = Reach { octets, counts_tags, holds_codes: false };
            let untagged = |text: &str| {
                let mut out = Vec::new();
                Step::Untag.run(text.as_bytes(), &mut out);
                if counts_tags { text.as_bytes().to_vec() } else { out }
            };
            let counted = |text: &str| untagged(text).iter().filter(|octet| !view::is_blank(**octet)).count();
            let behind = reach.behind(text.as_bytes(), 0, text.len());
            prop_assert!(counted(&text[..behind]) == octets || (behind == text.len() && counted(&text) <= octets), "{:?} {}", text, behind);
            let before = reach.before(text.as_bytes(), 0, text.len());
            prop_assert!(counted(&text[before..]) == octets || (before == 0 && counted(&text) <= octets), "{:?} {}", text, before);
        }
    }

    #[test]
    fn a_code_is_not_cut() {
        let reach = Reach {
            octets: 4,
            counts_tags: true,
            holds_codes: true,
        };
        let code = "abcd\r\n\tefghijkl\nmnopq\n".repeat(9);
        let code = format!("{code}&#61;%zz\n{code}");
        let text = format!("more text {code}%2B{code}more or less");
        let read = Seamed::read(text.as_bytes(), Step::Percent, reach);
        // A word at its end may belong to it.
        let seen = "more text ".len()..text.len() - "%2B or less".len() + 1;
        assert_eq!(read.windows[0].range, seen);
    }

    #[test]
    fn an_octet_that_is_no_character_makes_no_seam() {
        assert!(read(Step::QuotedPrintable, "id=a17b").windows.is_empty());
        assert!(!read(Step::QuotedPrintable, "id=c3=a9b").windows.is_empty());
        assert!(!read(Step::Percent, "%e2%80%8bid").windows.is_empty());
        assert!(!read(Step::QuotedPrintable, "K%c3=b6ln").windows.is_empty());
        assert!(!read(Step::Percent, "K%25c3%b6ln").windows.is_empty());
        assert!(!read(Step::Percent, "%40id").windows.is_empty());
    }
}
