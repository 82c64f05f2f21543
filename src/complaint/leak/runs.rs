//! Finds long runs of the characters of a code without looking at every octet.
//!
//! In: octets, which of them count, a least length. Out: the places of the runs.
//! Limits: a run is contiguous; line ends within codes are the caller's.

use std::ops::Range;

/// Runs of at least so many octets of a kind, in order.
pub(super) struct Runs<'t, F, const LEAST: usize> {
    text: &'t [u8],
    holds: F,
    from: usize,
}

/// Returns the runs of a text that have at least so many octets.
pub(super) const fn of<const LEAST: usize, F: Fn(u8) -> bool>(
    text: &[u8],
    holds: F,
) -> Runs<'_, F, LEAST> {
    Runs {
        text,
        holds,
        from: 0,
    }
}

impl<F: Fn(u8) -> bool, const LEAST: usize> Runs<'_, F, LEAST> {
    /// Octets that are looked at in one step: one alone is often of the kind, and a guess which of them are goes wrong.
    const PROBE: usize = LEAST / 4 + 1;
}

impl<F: Fn(u8) -> bool, const LEAST: usize> Iterator for Runs<'_, F, LEAST> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        // What begins here or later holds the last octets of the first run that could.
        while let Some(first) = self.text.get(self.from..self.from + LEAST) {
            let (_, probe) = first.split_at(LEAST - Self::PROBE);
            let all = |all, octet: &u8| all & (self.holds)(*octet);
            if !probe.iter().fold(true, all) {
                self.from += LEAST + 1 - Self::PROBE;
                continue;
            }
            if let Some(other) = first.iter().rposition(|octet| !(self.holds)(*octet)) {
                self.from += other + 1;
                continue;
            }
            let start = self.from;
            let rest = self.text.get(start..).unwrap_or_default();
            let more = rest.iter().skip(LEAST);
            let end = start + LEAST + more.take_while(|octet| (self.holds)(**octet)).count();
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

    /// Returns the runs of `a` as found, and as a split of the text gives them.
    fn both<const LEAST: usize>(text: &str) -> [Vec<Range<usize>>; 2] {
        let mut at = 0;
        let all = text.split(|c| c != 'a').filter_map(|piece| {
            let range = at..at + piece.len();
            at += piece.len() + 1;
            (piece.len() >= LEAST).then_some(range)
        });
        let found = of::<LEAST, _>(text.as_bytes(), |octet| octet == b'a');
        [found.collect(), all.collect()]
    }

    proptest! {
        #[test]
        fn every_long_run_is_found_and_no_other(text in "([ag .]{0,9}a{0,20}){0,6}") {
            for [found, all] in [both::<1>(&text), both::<3>(&text), both::<4>(&text), both::<8>(&text), both::<17>(&text)] {
                prop_assert_eq!(found, all);
            }
        }
    }
}
