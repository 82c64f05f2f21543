//! Proves of most texts that the user cannot be found in them, without looking for where.
//!
//! In: octets, [`Forms`]. Out: whether anything may be there; [`Search`](super::search::Search) says what and where.
//! Standards: those of the ways to read a text.
//! Trust: hostile text; depth is bounded, and each way of reading is one pass.
//! Limits: looks too often where it is in doubt, never too seldom: what the search finds, this suspects. But for a form
//! that is spread over more than [`SPREAD`] times its length, blanks and tags aside, and for a code that blanks split,
//! and that is a text, or unpacks, only together with what stands farther from there.
//!
//! Two things make it quick. Whatever stands in a text as it is, or with its lines
//! joined, stands in it without its blanks, too: one look at that serves for three.
//! And read in some other way, a text differs from what it was only at the seams,
//! where octets were undone or left out. A form that touches none stood there
//! before, and was looked for then. [`WAYS`] holds with every path all that leave
//! out one of its steps, so this goes for paths, too: each reading is looked at,
//! and read further, only around its seams.

use std::cell::RefCell;
use std::ops::Range;

use super::block;
use super::codes::{self, Signs};
use super::digest;
use super::forms::Forms;
use super::lines;
use super::pressed::Pressed;
use super::runs;
use super::seams::{self, Reach, Seamed};
use super::view::Step;
use super::ways::{Branch, WAYS};
use crate::evidence::decode::{NO_VALUE, base64_value, base64_values, is_base64};

/// Codes within codes that are undone.
pub(super) const DEPTH_LIMIT: usize = 3;

/// How many times longer than a form the text may be that it is read from: each of its octets is `%25340`.
const SPREAD: usize = 8;

/// Octets around a seam that are looked at, at least: `&#x0000006a;` for each octet of an address.
const REACH: usize = 320;

/// base64 characters of the shortest code that counts as text.
const TEXT_CHARS: usize = block::TEXT_OCTETS / 3 * 4;

/// Texts from codes that are remembered at most; what comes after is looked at as often as it is met.
const TEXTS_REMEMBERED: usize = 64;

/// Octets of them, all together.
const OCTETS_REMEMBERED: usize = 32 << 20;

/// Octets by which a part is recognised, before it is compared.
const BEGINS: usize = 32;

/// Returns how far the octets of a form may lie from each other, blanks and tags aside.
fn reach(forms: &Forms) -> usize {
    REACH.max(forms.longest.saturating_mul(SPREAD))
}

/// Returns a part of a text without its edges: what begins or ends in it and goes beyond lies outside of that.
pub(super) fn edges(forms: &Forms, text: &[u8], part: &Range<usize>) -> Range<usize> {
    let reach = Reach {
        octets: reach(forms),
        counts_tags: false,
        holds_codes: true,
    };
    reach.behind(text, part.start, part.end)..reach.before(text, part.start, part.end)
}

/// A quick look for one user.
pub(super) struct Quick<'f> {
    forms: &'f Forms,
    reach: usize,
    clean: RefCell<Clean>,
}

/// Texts that codes gave and that are clean, with the depth that they were met at.
#[derive(Debug, Default)]
struct Clean {
    texts: Vec<(usize, Vec<u8>)>,
    octets: usize,
}

impl Clean {
    fn add(&mut self, text: &[u8], depth: usize) {
        self.octets = self.octets.saturating_add(text.len());
        if self.texts.len() < TEXTS_REMEMBERED && self.octets <= OCTETS_REMEMBERED {
            self.texts.push((depth, text.to_vec()));
        }
    }

    /// Returns where one of them stands in a text, that was looked at as deep as this one is to be.
    fn place_in(&self, text: &[u8], depth: usize) -> Option<Range<usize>> {
        let deep = self.texts.iter().filter(|(met_at, _)| *met_at <= depth);
        let mut places = deep.filter_map(|(_, known)| {
            let at = place_of(known, text)?;
            Some(at..at + known.len())
        });
        places.next()
    }
}

impl<'f> Quick<'f> {
    /// Returns a quick look for these forms.
    pub(super) fn of(forms: &'f Forms) -> Self {
        Self {
            forms,
            reach: reach(forms),
            clean: RefCell::default(),
        }
    }

    /// Returns whether a text may hold something, at a depth of codes.
    pub(super) fn suspects(&self, text: &[u8], depth: usize) -> bool {
        let everywhere = 0..text.len();
        self.reading(text, &everywhere, WAYS, depth < DEPTH_LIMIT, depth) || self.words(text, depth)
    }

    /// Looks at a reading of a text, at the codes in it if they count, and at every way to read it further.
    fn reading(
        &self,
        text: &[u8],
        seams: &Range<usize>,
        ways: &[Branch],
        codes: bool,
        depth: usize,
    ) -> bool {
        self.holds(text, seams, codes, depth)
            || ways.iter().any(|way| match way.step {
                // The look at the text without its blanks is the look at these two.
                Step::NoBlanks => false,
                Step::Join => self.joined(text, way, depth),
                step => step.applies(text) && self.further(text, way, way.codes && codes, depth),
            })
    }

    /// Reads a text one way further, and looks around the seams of that.
    fn further(&self, text: &[u8], way: &Branch, codes: bool, depth: usize) -> bool {
        let reach = Reach {
            octets: self.reach,
            counts_tags: !way.then.iter().any(|way| way.step == Step::Untag),
            holds_codes: codes,
        };
        let read = Seamed::read(text, way.step, reach);
        read.windows.iter().any(|window| {
            let text = read.octets.get(window.range.clone()).unwrap_or_default();
            self.reading(text, &window.seams, way.then, codes, depth)
        })
    }

    /// Reads a text with its lines joined on, in those ways alone that undo more there than in the lines.
    fn joined(&self, text: &[u8], join: &Branch, depth: usize) -> bool {
        let mut octets = Vec::new();
        let mut ways = join
            .then
            .iter()
            .filter(|way| lines::are_crossed(text, way.step));
        ways.any(|way| {
            if octets.is_empty() {
                join.step.run(text, &mut octets);
            }
            self.further(&octets, way, false, depth)
        })
    }

    /// Returns whether a text may hold a form, a digest, or a code that does.
    fn holds(&self, text: &[u8], seams: &Range<usize>, codes: bool, depth: usize) -> bool {
        let pressed = Pressed::of(text, seams);
        let values = base64_values(&pressed.octets);
        let digests = &self.forms.digests;
        self.forms.may_hold_pressed(&pressed.lower)
            || self.hex(&pressed, codes, depth)
            || !digests.in_values(&pressed.octets, &values).is_empty()
            || (codes
                && (self.texts(text, seams, depth)
                    || self.base64(&values, &pressed.seams, depth)
                    || self.packed(text, &values, depth)))
    }

    /// Looks at the base64 in a text without its blanks, and at the texts in that.
    fn base64(&self, values: &[u8], seams: &Range<usize>, depth: usize) -> bool {
        let signs = self.forms.codes.signs(values);
        let mut texts = Vec::new();
        for run in long_runs(values, TEXT_CHARS) {
            if seams::touch(seams, &run) && self.is_text(&signs, values, &run, depth, &mut texts) {
                return true;
            }
        }
        if self.forms.codes.has_short {
            let mut runs = long_runs(values, block::BASE64_RUN);
            return runs.any(|run| {
                let from = |way: usize| values.get(run.start + way..run.end).unwrap_or_default();
                seams::touch(seams, &run)
                    && (0..4).any(|way| self.is_found(&codes::decoded(from(way))))
            });
        }
        let mut forms = self.forms.codes.forms(&signs, values, &texts);
        forms.any(|at| {
            let near = self.near(values, at);
            seams::touch(seams, &near)
                && self.is_found(&codes::decoded(values.get(near).unwrap_or_default()))
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
    fn texts(&self, text: &[u8], seams: &Range<usize>, depth: usize) -> bool {
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
        let mut hex = runs::of(text, |octet| octet.is_ascii_hexdigit(), block::HEX_RUN);
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
            let octets = codes::decoded(values.get(run.clone()).unwrap_or_default());
            if !block::is_text(&octets) {
                return false;
            }
            texts.push(run);
            self.suspects_once(&octets, depth + 1)
        })
    }

    /// Looks at what was packed, and stands in base64 at the begin of a run: in a text as it is, or without its blanks.
    fn packed(&self, text: &[u8], pressed: &[u8], depth: usize) -> bool {
        if !codes::may_hold_packed(pressed) {
            return false;
        }
        let value = |at: &usize| text.get(*at).and_then(|octet| base64_value(*octet));
        let runs = block::base64_runs(text).into_iter();
        let runs = runs.map(|run| run.iter().filter_map(value).collect::<Vec<u8>>());
        let pressed = long_runs(pressed, block::BASE64_RUN)
            .map(|run| pressed.get(run).unwrap_or_default().to_vec());
        runs.chain(pressed).any(|values| {
            (0..4).filter_map(|way| values.get(way..)).any(|values| {
                codes::is_packed(values)
                    && block::inflate(&codes::decoded(values))
                        .is_some_and(|unpacked| self.suspects(&unpacked, depth + 1))
            })
        })
    }

    /// Looks at the hex in a text without its blanks: digests, and codes if they count.
    fn hex(&self, pressed: &Pressed, codes: bool, depth: usize) -> bool {
        let mut runs = runs::of(
            &pressed.lower,
            |octet| octet.is_ascii_hexdigit(),
            digest::KEY_OCTETS,
        );
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
        (0..2).any(|offset| {
            let octets = block::hex(digits.get(offset..).unwrap_or_default());
            let inside = match block::inflate(&octets) {
                Some(unpacked) => self.suspects(&unpacked, depth + 1),
                None => block::is_text(&octets) && self.suspects_once(&octets, depth + 1),
            };
            inside || self.is_found(&octets)
        })
    }

    /// Returns whether octets hold a form as it is, or a digest.
    fn is_found(&self, octets: &[u8]) -> bool {
        let lower = octets.to_ascii_lowercase();
        self.forms.may_hold(&lower)
            || !self.forms.digests.in_hex(&lower).is_empty()
            || !self.forms.digests.in_base64(octets).is_empty()
    }

    /// Looks at a text that a code gave, but for what was met before.
    ///
    /// The same code is met in every reading of the text that it stands in, often with a few octets more beside it.
    fn suspects_once(&self, text: &[u8], depth: usize) -> bool {
        // The memory is not held on to: what stands beside adds to it.
        let known = self.clean.borrow().place_in(text, depth);
        if let Some(known) = known {
            let edges = edges(self.forms, text, &known);
            let before = text.get(..edges.start).filter(|_| known.start > 0);
            let after = text.get(edges.end..).filter(|_| known.end < text.len());
            let mut beside = [before, after].into_iter().flatten();
            return beside.any(|text| self.suspects(text, depth));
        }
        let suspects = self.suspects(text, depth);
        if !suspects && text.len() > 2 * self.reach {
            self.clean.borrow_mut().add(text, depth);
        }
        suspects
    }

    /// Looks at encoded words, which may share an address between them.
    fn words(&self, text: &[u8], depth: usize) -> bool {
        depth < DEPTH_LIMIT
            && memchr::memmem::find(text, b"=?").is_some()
            && block::word_groups(text).iter().any(|group| {
                let octets: Vec<Vec<u8>> = group.iter().map(|word| word.octets(text)).collect();
                self.suspects(&octets.concat(), depth + 1)
            })
    }
}

/// Returns the runs of values that are long enough.
fn long_runs(values: &[u8], least: usize) -> impl Iterator<Item = Range<usize>> {
    let ends = memchr::memchr_iter(NO_VALUE, values).chain([values.len()]);
    let mut start = 0;
    let runs = ends.map(move |end| std::mem::replace(&mut start, end + 1)..end);
    runs.filter(move |run| run.len() >= least)
}

/// Returns where a run of base64 characters begins that may be long enough for a text, from a place on.
///
/// It is long already, or goes on behind the end of its line, as in [`block::base64_runs`].
fn long_run(text: &[u8], mut from: usize) -> Option<usize> {
    while let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        let newline = memchr::memchr(b'\n', rest);
        let line = rest.get(..newline.unwrap_or(rest.len())).unwrap_or(rest);
        if let Some(run) = runs::of(line, is_base64, TEXT_CHARS).next() {
            return Some(from + run.start);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let last = line
            .iter()
            .rev()
            .take_while(|octet| is_base64(**octet))
            .count();
        if last >= block::BASE64_RUN && newline.is_some() {
            return Some(from + line.len() - last);
        }
        from += newline? + 1;
    }
    None
}

/// Takes the values of a run of base64 characters, over line ends; returns where it ends.
fn base64_run(text: &[u8], start: usize, values: &mut Vec<u8>) -> usize {
    values.clear();
    let mut at = start;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let before = values.len();
        values.extend(rest.iter().map_while(|octet| base64_value(*octet)));
        at += values.len() - before;
        match block::after_line_end(text.get(at..).unwrap_or_default()) {
            Some(after) => at = text.len() - after.len(),
            None => return at,
        }
    }
}

/// Returns where octets stand in others, every one of them.
pub(super) fn place_of(part: &[u8], octets: &[u8]) -> Option<usize> {
    let begins = part.get(..BEGINS).unwrap_or(part);
    memchr::memmem::find_iter(octets, begins)
        .find(|at| octets.get(*at..).is_some_and(|text| text.starts_with(part)))
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
