//! Records, while a text is read, where the reading put octets together that did not stand together.
//!
//! In: what a [`Step`](super::view::Step) gives. Out: [`Seamed`]: the octets, and windows around their seams.
//! Limits: what a way of reading brings to light touches a seam; elsewhere it reads what stood there before.

use std::ops::{Range, RangeInclusive};

use super::block::{self, BASE64_RUN};
use super::view::{Out, Step, is_blank};
use crate::evidence::decode::is_base64;

/// A part of a text in which something may stand that did not before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// What is looked at.
    pub(super) range: Range<usize>,
    /// From its first seam to its last: what touches none of them is not new.
    pub(super) seams: RangeInclusive<usize>,
}

impl Window {
    /// Returns a window that is all of a text, and new everywhere.
    pub(super) const fn whole(text: &[u8]) -> Self {
        Self {
            range: 0..text.len(),
            seams: 0..=text.len(),
        }
    }

    /// Returns the part of it that lies in another, which begins there.
    pub(super) fn within(&self, other: &Range<usize>) -> Option<Self> {
        let from = self.range.start.max(other.start);
        let to = self.range.end.min(other.end);
        let place = |at: &usize| at.saturating_sub(other.start);
        (from < to).then(|| Self {
            range: place(&from)..place(&to),
            seams: place(self.seams.start())..=place(self.seams.end()),
        })
    }
}

/// A text as read in some way, and where it differs from what was read.
pub(super) struct Seamed {
    pub(super) octets: Vec<u8>,
    /// Where it differs; in order, apart from each other.
    pub(super) windows: Vec<Window>,
    /// The same for codes, which a line end does not interrupt.
    pub(super) code_windows: Vec<Window>,
    /// Octets on either side of a seam that belong to its window.
    reach: usize,
    /// Where the last octet came from.
    end: usize,
}

impl Seamed {
    /// Reads a text one way.
    pub(super) fn read(text: &[u8], step: Step, reach: usize) -> Self {
        if step == Step::NoBlanks {
            return Self::without_blanks(text, reach);
        }
        let mut read = Self::of(text, reach);
        step.run(text, &mut read);
        // Whatever else is undone splits codes, too.
        read.code_windows.clone_from(&read.windows);
        read.finish()
    }

    fn of(text: &[u8], reach: usize) -> Self {
        Self {
            octets: Vec::with_capacity(text.len()),
            windows: Vec::new(),
            code_windows: Vec::new(),
            reach,
            end: 0,
        }
    }

    /// Returns a text without its blanks: it may be new everywhere, but codes only where a blank split them.
    fn without_blanks(text: &[u8], reach: usize) -> Self {
        let mut read = Self::of(text, reach);
        let mut rest = text;
        loop {
            let word = length_of(rest, |octet| !is_blank(octet));
            let before = rest.get(..word).unwrap_or(rest);
            read.octets.extend_from_slice(before);
            rest = rest.get(word..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let blanks = length_of(rest, is_blank);
            let gap = rest.get(..blanks).unwrap_or(rest);
            if !ends_a_full_line(before, gap) {
                open(&mut read.code_windows, read.octets.len(), reach);
            }
            rest = rest.get(blanks..).unwrap_or_default();
        }
        if read.octets.len() < text.len() {
            read.windows.push(Window::whole(&read.octets));
        }
        read.finish()
    }

    /// Ends the reading: no window reaches beyond the text.
    fn finish(mut self) -> Self {
        let length = self.octets.len();
        for windows in [&mut self.windows, &mut self.code_windows] {
            if let Some(last) = windows.last_mut() {
                last.range.end = last.range.end.min(length);
            }
        }
        self
    }

    fn seam(&mut self) {
        let at = self.octets.len();
        open(&mut self.windows, at, self.reach);
    }

    /// Returns whether an octet can be part of no character here, and so of no form or code. RFC 3629 §3.
    ///
    /// What stands on either side of it was looked at with its escape in between, and an
    /// escape's digits end no run.
    fn is_no_letter(&self, octet: u8) -> bool {
        match octet {
            0x80..=0xbf => self.octets.last().is_none_or(u8::is_ascii),
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

/// Returns how many octets a text begins with that are all of a kind.
#[inline]
fn length_of(text: &[u8], is_one: impl Fn(u8) -> bool) -> usize {
    text.iter()
        .position(|octet| !is_one(*octet))
        .unwrap_or(text.len())
}

/// Opens a window around a place, or widens the last one.
fn open(windows: &mut Vec<Window>, at: usize, reach: usize) {
    let (start, end) = (at.saturating_sub(reach), at + reach);
    match windows.last_mut() {
        Some(last) if start <= last.range.end => {
            last.range.end = end;
            last.seams = *last.seams.start()..=at;
        }
        _ => windows.push(Window {
            range: start..end,
            seams: at..=at,
        }),
    }
}

/// Returns whether a gap behind a word ended no run of base64 characters before it was closed.
///
/// Blanks in front of that word ended one: what they put together does not make a short line full.
fn ends_a_full_line(word: &[u8], gap: &[u8]) -> bool {
    word.last_chunk::<BASE64_RUN>()
        .is_some_and(|last| last.iter().all(|octet| is_base64(*octet)))
        && is_line_end(gap)
}

/// Returns whether octets are line ends and the blanks after them, as a run of base64 characters goes over them.
fn is_line_end(mut gap: &[u8]) -> bool {
    while let Some(after) = block::after_line_end(gap) {
        gap = after;
        if gap.is_empty() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(step: Step, text: &str) -> Seamed {
        Seamed::read(text.as_bytes(), step, 4)
    }

    #[test]
    fn windows_lie_around_what_was_put_together() {
        let out = read(Step::Percent, "a plain text, then %40 and no more of it");
        assert_eq!(out.octets, b"a plain text, then @ and no more of it");
        let window = Window {
            range: 15..24,
            seams: 19..=20,
        };
        assert_eq!(out.windows, vec![window]);
        assert_eq!(out.code_windows, out.windows);
        assert!(read(Step::Percent, "100% of it").windows.is_empty());
    }

    #[test]
    fn an_octet_that_is_no_character_makes_no_seam() {
        assert!(read(Step::QuotedPrintable, "id=a17b").windows.is_empty());
        assert!(!read(Step::QuotedPrintable, "id=c3=a9b").windows.is_empty());
        assert!(!read(Step::Percent, "%e2%80%8bid").windows.is_empty());
        assert!(!read(Step::Percent, "%40id").windows.is_empty());
    }

    #[test]
    fn a_line_end_behind_a_full_line_splits_no_code() {
        let out = read(Step::NoBlanks, "YWJjZGVm\r\n YWJjZGVm");
        assert_eq!((out.windows.len(), out.code_windows.len()), (1, 0));
        let out = read(Step::NoBlanks, "YWJj ZGVm\r\n YWJjZGVm");
        assert_eq!(out.code_windows[0].range, 0..12);
        let out = read(Step::NoBlanks, "YWJj\r\n YWJjZGVm");
        assert_eq!(out.code_windows[0].range, 0..8);
        // Short lines are no full one, however much stands before them without its blanks.
        let out = read(Step::NoBlanks, "text text\r\nYWJj\r\nYWJj\r\nYWJj");
        let seams = out.code_windows.iter().map(|window| &window.seams);
        assert_eq!(seams.collect::<Vec<_>>(), [&(4..=16)]);
    }
}
