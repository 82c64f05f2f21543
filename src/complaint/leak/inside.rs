//! Looks at what the codes in a text hold: base64 and hex, texts and packed data in them.
//!
//! In: a text as it is, or without its blanks. Out: whether something may be in a code.
//! Standards: RFC 4648 §4, §5, §8 (base64, base64url, base16), RFC 1950, RFC 1952 (packed data).
//! Trust: hostile text; a run is decoded a bounded number of times, and texts within texts are bounded by their depth.
//! Limits: as those of [`Quick`]: in doubt it says yes.

use std::ops::Range;

use super::block;
use super::codes::{self, Signs};
use super::digest;
use super::pressed::Pressed;
use super::quick::Quick;
use super::runs;
use super::seams;
use crate::evidence::decode::{NO_VALUE, base64_octets, base64_values, is_base64, is_hex};

/// base64 characters of the shortest code that counts as text.
const TEXT_CHARS: usize = block::TEXT_OCTETS / 3 * 4;

impl Quick<'_> {
    /// Looks at the base64 in a text without its blanks, and at the texts in that.
    pub(super) fn base64(&self, values: &[u8], seams: &Range<usize>, depth: usize) -> bool {
        let signs = self.forms.codes.signs(values);
        let mut texts = Vec::new();
        for run in long_runs::<TEXT_CHARS>(values) {
            if seams::touch(seams, &run) && self.is_text(&signs, values, &run, depth, &mut texts) {
                return true;
            }
        }
        let stretches = self.forms.codes.stretches(&signs, values, &texts);
        if stretches.into_iter().any(|stretch| {
            let code = || values.get(stretch.clone()).unwrap_or_default();
            seams::touch(seams, &stretch) && self.stretch(&base64_octets(code()), depth)
        }) {
            return true;
        }
        if self.forms.codes.has_short {
            let mut runs = long_runs::<{ block::BASE64_RUN }>(values);
            return runs.any(|run| {
                let from = |way: usize| values.get(run.start + way..run.end).unwrap_or_default();
                seams::touch(seams, &run)
                    && (0..4).any(|way| self.is_found(&base64_octets(from(way))))
            });
        }
        let forms = self.forms.codes.forms(signs, values, &texts);
        forms.into_iter().any(|at| {
            let near = self.near(values, at);
            seams::touch(seams, &near)
                && self.is_found(&base64_octets(values.get(near).unwrap_or_default()))
        })
    }

    /// Returns the characters around a group that may belong to the same form, whole groups before it.
    fn near(&self, values: &[u8], at: usize) -> Range<usize> {
        let reach = (self.forms.longest / 3 + 2) * 4;
        let from = at.saturating_sub(reach);
        let before = values.get(from..at).unwrap_or_default();
        let stops = memchr::memrchr(NO_VALUE, before).map_or(from, |stop| from + stop + 1);
        let rest = values.get(at..).unwrap_or_default();
        let after = rest.get(..reach + 4).unwrap_or(rest);
        let end = at + memchr::memchr(NO_VALUE, after).unwrap_or(after.len());
        at - (at - stops) / 4 * 4..end
    }

    /// Looks at the texts that stand in base64 in a text as it is, over line ends; and in hex.
    pub(super) fn texts(&self, text: &[u8], seams: &Range<usize>, depth: usize) -> bool {
        let (mut values, mut texts) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(start) = long_run(text, at) {
            at = base64_run(text, start, &mut values);
            if values.len() >= TEXT_CHARS && seams::touch(seams, &(start..at)) {
                let signs = self.forms.codes.signs(&values);
                if self.is_text(&signs, &values, &(0..values.len()), depth, &mut texts) {
                    return true;
                }
            }
        }
        let mut hex = runs::of::<{ block::HEX_RUN }, _>(text, is_hex);
        hex.any(|run| {
            seams::touch(seams, &run) && self.hex_code(text.get(run).unwrap_or_default(), depth)
        })
    }

    /// Looks at what a run of base64 gives that is text; says where that begins.
    fn is_text(
        &self,
        signs: &Signs,
        values: &[u8],
        run: &Range<usize>,
        depth: usize,
        texts: &mut Vec<Range<usize>>,
    ) -> bool {
        let ways = signs.texts(run).into_iter().enumerate();
        let mut ways = ways.filter_map(|(way, may_be)| may_be.then_some(run.start + way..run.end));
        ways.any(|run| {
            let octets = base64_octets(values.get(run.clone()).unwrap_or_default());
            if !block::is_text(&octets) {
                return false;
            }
            texts.push(run);
            self.suspects_once(&octets, depth + 1)
        })
    }

    /// Looks at what was packed, and stands in base64: in a text as it is, or without its blanks.
    pub(super) fn packed(&self, text: &[u8], pressed: &[u8], depth: usize) -> bool {
        if !codes::may_hold_packed(pressed) {
            return false;
        }
        let runs = block::base64_runs(text).into_iter();
        let runs = runs.map(|run| block::values_of(text, &run));
        let pressed = long_runs::<{ block::BASE64_RUN }>(pressed)
            .map(|run| pressed.get(run).unwrap_or_default().to_vec());
        runs.chain(pressed).any(|values| {
            codes::packed_in(&values).any(|at| {
                let packed = base64_octets(values.get(at..).unwrap_or_default());
                block::inflate(&packed).is_some_and(|unpacked| self.suspects(&unpacked, depth + 1))
            })
        })
    }

    /// Looks at the hex in a text without its blanks: digests, and codes if they count.
    pub(super) fn hex(&self, pressed: &Pressed, codes: bool, depth: usize) -> bool {
        let mut runs = runs::of::<{ digest::KEY_OCTETS }, _>(&pressed.lower, is_hex);
        runs.any(|run| {
            self.forms.digests.stands_in_digits(&pressed.lower, &run)
                || (codes
                    && run.len() >= block::HEX_RUN
                    && seams::touch(&pressed.seams, &run)
                    && self.hex_code(pressed.lower.get(run).unwrap_or_default(), depth))
        })
    }

    /// Looks at what hex digits give.
    fn hex_code(&self, digits: &[u8], depth: usize) -> bool {
        let from = |offset: usize| block::hex(digits.get(offset..).unwrap_or_default());
        let inside = |unpacked: Vec<u8>| self.suspects(&unpacked, depth + 1);
        (0..2).any(|offset| {
            let octets = from(offset);
            let found = match block::inflate(&octets) {
                Some(unpacked) => inside(unpacked),
                None if block::is_text(&octets) => self.suspects_once(&octets, depth + 1),
                None => self.stretch(&octets, depth),
            };
            // Two digits may be those of an escape that gives no letter.
            found || self.is_found(&octets) || block::inflate(&from(offset + 2)).is_some_and(inside)
        })
    }

    /// Looks at the stretches of text within octets that are none as a whole.
    fn stretch(&self, octets: &[u8], depth: usize) -> bool {
        block::stretches(octets).any(|stretch| {
            let text = octets.get(stretch).unwrap_or_default();
            self.suspects_once(text, depth + 1)
        })
    }

    /// Returns whether octets hold a form as it is, or a digest.
    fn is_found(&self, octets: &[u8]) -> bool {
        let lower = octets.to_ascii_lowercase();
        self.forms.may_hold(&lower)
            || !self.forms.digests.in_hex(&lower).is_empty()
            || !self.forms.digests.in_base64(octets).is_empty()
    }
}

/// Returns the runs of values that are long enough.
fn long_runs<const LEAST: usize>(values: &[u8]) -> impl Iterator<Item = Range<usize>> {
    runs::of::<LEAST, _>(values, |value| value != NO_VALUE)
}

/// Returns where a run of base64 characters begins that may be long enough for a text, from a place on.
///
/// It is long already, or goes on behind the end of its line, as in [`block::base64_runs`].
fn long_run(text: &[u8], mut from: usize) -> Option<usize> {
    while let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        let newline = memchr::memchr(b'\n', rest);
        let line = rest.get(..newline.unwrap_or(rest.len())).unwrap_or(rest);
        if let Some(run) = runs::of::<TEXT_CHARS, _>(line, is_base64).next() {
            return Some(from + run.start);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let last = line.last_chunk::<{ block::BASE64_RUN }>();
        let all = |all, octet: &u8| all & is_base64(*octet);
        if newline.is_some() && last.is_some_and(|last| last.iter().fold(true, all)) {
            let before = line.iter().rposition(|octet| !is_base64(*octet));
            return Some(from + before.map_or(0, |at| at + 1));
        }
        from += newline? + 1;
    }
    None
}

/// Takes the values of a run of base64 characters, over line ends; returns where it ends.
fn base64_run(text: &[u8], start: usize, values: &mut Vec<u8>) -> usize {
    // Octets whose values are taken before one looks whether they have one.
    const PIECE: usize = 128;
    values.clear();
    let mut at = start;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let before = values.len();
        values.extend(base64_values(rest.get(..PIECE).unwrap_or(rest)));
        let taken = values.get(before..).unwrap_or_default();
        let length = memchr::memchr(NO_VALUE, taken).unwrap_or(taken.len());
        values.truncate(before + length);
        at += length;
        if length < PIECE {
            match block::after_line_end(text.get(at..).unwrap_or_default()) {
                Some(after) => at = text.len() - after.len(),
                None => return at,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_run_that_is_long_enough_for_a_text_is_taken(lines in prop::collection::vec("[ab .]{0,3}[a]{0,40}[ .]?(\r\n|\n| )", 0..6)) {
            let text = lines.concat();
            let text = text.as_bytes();
            let long = block::base64_runs(text).into_iter();
            let long: Vec<_> = long.filter(|run| run.len() >= TEXT_CHARS).collect();
            let (mut found, mut at, mut values) = (Vec::new(), 0, Vec::new());
            while let Some(start) = long_run(text, at) {
                at = base64_run(text, start, &mut values);
                if values.len() >= TEXT_CHARS {
                    found.push((start, values.len()));
                }
            }
            prop_assert_eq!(found, long.iter().map(|run| (run[0], run.len())).collect::<Vec<_>>());
        }
    }
}
