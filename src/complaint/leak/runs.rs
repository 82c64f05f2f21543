//! Finds long runs of the characters of a code without looking at every octet.
//!
//! In: octets, which of them count, a least length. Out: the places of the runs.
//! Limits: a run is contiguous; line ends within codes are the caller's.

use std::ops::Range;

/// Octets that are looked at in one step: one alone is often of the kind, and a guess which of them are goes wrong.
const PROBE: usize = 3;

/// Runs of at least so many octets of a kind, in order.
pub(super) struct Runs<'t, F> {
    text: &'t [u8],
    holds: F,
    least: usize,
    from: usize,
}

/// Returns the runs of a text that have at least so many octets, [`PROBE`] or more.
pub(super) fn of<F: Fn(u8) -> bool>(text: &[u8], holds: F, least: usize) -> Runs<'_, F> {
    Runs {
        text,
        holds,
        least: least.max(PROBE),
        from: 0,
    }
}

impl<F: Fn(u8) -> bool> Iterator for Runs<'_, F> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        // What begins here or later holds the last octets of the first run that could.
        while let Some(first) = self.text.get(self.from..self.from + self.least)
            && let Some(probe) = first.last_chunk::<PROBE>()
        {
            if !probe
                .iter()
                .fold(true, |all, octet| all & (self.holds)(*octet))
            {
                self.from += self.least + 1 - PROBE;
                continue;
            }
            if let Some(other) = first.iter().rposition(|octet| !(self.holds)(*octet)) {
                self.from += other + 1;
                continue;
            }
            let start = self.from;
            let rest = self.text.get(start..).unwrap_or_default();
            let more = rest.iter().skip(self.least);
            let end = start + self.least + more.take_while(|octet| (self.holds)(**octet)).count();
            // What ends it stands in no run.
            self.from = end + 1;
            return Some(start..end);
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
        fn every_long_run_is_found_and_no_other(text in "[ag .]{0,60}", least in 3usize..12) {
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
