//! Records, while a text is read, where the reading put octets together that did not stand together.
//!
//! In: what a [`Step`](super::view::Step) gives. Out: [`Seamed`]: the octets, and windows around their seams.
//! Limits: what a way of reading brings to light touches a seam; elsewhere it reads what stood there before.

use std::ops::Range;

use super::view::{Out, Step};

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

/// A text as read in some way, and where it differs from what was read.
pub(super) struct Seamed {
    pub(super) octets: Vec<u8>,
    /// Where it differs; in order, apart from each other.
    pub(super) windows: Vec<Window>,
    /// Octets on either side of a seam that belong to its window.
    reach: usize,
    /// Where the last octet came from.
    end: usize,
}

impl Seamed {
    /// Reads a text one way.
    pub(super) fn read(text: &[u8], step: Step, reach: usize) -> Self {
        let mut read = Self {
            octets: Vec::with_capacity(text.len()),
            windows: Vec::new(),
            reach,
            end: 0,
        };
        step.run(text, &mut read);
        let length = read.octets.len();
        if let Some(last) = read.windows.last_mut() {
            last.range.end = last.range.end.min(length);
        }
        read
    }

    /// Opens a window around what comes next, or widens the last one.
    fn seam(&mut self) {
        let at = self.octets.len();
        let (start, end) = (at.saturating_sub(self.reach), at + self.reach);
        match self.windows.last_mut() {
            Some(last) if start <= last.range.end => {
                last.range.end = end;
                last.seams.end = at - last.range.start;
            }
            _ => self.windows.push(Window {
                range: start..end,
                seams: at - start..at - start,
            }),
        }
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
            seams: 4..5,
        };
        assert_eq!(out.windows, vec![window]);
        assert!(touch(&(4..5), &(0..4)) && touch(&(4..5), &(5..9)) && !touch(&(4..5), &(6..9)));
        assert!(read(Step::Percent, "100% of it").windows.is_empty());
    }

    #[test]
    fn an_octet_that_is_no_character_makes_no_seam() {
        assert!(read(Step::QuotedPrintable, "id=a17b").windows.is_empty());
        assert!(!read(Step::QuotedPrintable, "id=c3=a9b").windows.is_empty());
        assert!(!read(Step::Percent, "%e2%80%8bid").windows.is_empty());
        assert!(!read(Step::Percent, "%40id").windows.is_empty());
    }
}
