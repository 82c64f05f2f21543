//! Finds long runs of the characters of a code without looking at every octet.
//!
//! In: octets, which of them count, a least length. Out: the places of the runs.
//! Limits: a run is contiguous; line ends within codes are the caller's.

use std::ops::Range;

/// Runs of at least so many octets of a kind, in order.
pub(super) struct Runs<'t, F> {
    text: &'t [u8],
    holds: F,
    least: usize,
    from: usize,
}

/// Returns the runs of a text.
pub(super) const fn of<F: Fn(u8) -> bool>(text: &[u8], holds: F, least: usize) -> Runs<'_, F> {
    Runs {
        text,
        holds,
        least,
        from: 0,
    }
}

impl<F: Fn(u8) -> bool> Iterator for Runs<'_, F> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        // A run of that length holds one of these places, wherever it begins.
        while let Some(octet) = self.text.get(self.from + self.least.saturating_sub(1)) {
            let probe = self.from + self.least.saturating_sub(1);
            if !(self.holds)(*octet) {
                self.from = probe + 1;
                continue;
            }
            let before = self.text.get(self.from..probe).unwrap_or_default();
            let start = before.iter().rposition(|octet| !(self.holds)(*octet));
            let start = start.map_or(self.from, |at| self.from + at + 1);
            let rest = self.text.get(probe..).unwrap_or_default();
            let more = rest.iter().position(|octet| !(self.holds)(*octet));
            let end = probe + more.unwrap_or(rest.len());
            // What ends it stands in no run.
            self.from = end + 1;
            if end - start >= self.least {
                return Some(start..end);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_long_run_is_found_and_no_other(text in "[ag .]{0,60}", least in 1usize..9) {
            let mut at = 0;
            let all = text.split(|c| c != 'a').filter_map(|piece| {
                let range = at..at + piece.len();
                at += piece.len() + 1;
                (piece.len() >= least).then_some(range)
            });
            let all: Vec<_> = all.collect();
            prop_assert_eq!(of(text.as_bytes(), |octet| octet.is_ascii_hexdigit(), least).collect::<Vec<_>>(), all);
        }
    }
}
