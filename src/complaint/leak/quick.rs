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
use super::forms::Forms;
use super::lines;
use super::pressed::Pressed;
use super::seams::{Reach, Seamed};
use super::view::Step;
use super::ways::{Branch, WAYS};
use crate::evidence::decode::base64_values;

/// Codes within codes that are undone.
pub(super) const DEPTH_LIMIT: usize = 3;

/// How many times longer than a form the text may be that it is read from: each of its octets is `%25340`.
const SPREAD: usize = 8;

/// Octets around a seam that are looked at, at least: `&#x0000006a;` for each octet of an address.
const REACH: usize = 320;

/// Texts from codes that are remembered at most; what comes after is looked at as often as it is met.
const TEXTS_REMEMBERED: usize = 64;

/// Octets of them, all together.
const OCTETS_REMEMBERED: usize = 32 << 20;

/// Octets by which a part is recognised, before it is compared.
const BEGINS: usize = 32;

/// Places at which a part is compared: what begins alike again and again is not worth it.
const PLACES: usize = 8;

/// Returns how far the octets of a form may lie from each other, blanks and tags aside.
fn reach(forms: &Forms) -> usize {
    REACH.max(forms.longest.saturating_mul(SPREAD))
}

/// Returns a part of a text without its edges: what begins or ends in it and goes beyond lies outside of that.
///
/// A code that goes on beyond it belongs to the edge as a whole, if the other side may have written what stands there.
pub(super) fn edges(
    forms: &Forms,
    text: &[u8],
    part: &Range<usize>,
    holds_codes: bool,
) -> Range<usize> {
    let reach = Reach {
        octets: reach(forms),
        counts_tags: false,
        holds_codes,
    };
    reach.behind(text, part.start, part.end)..reach.before(text, part.start, part.end)
}

/// A quick look for one user.
pub(super) struct Quick<'f> {
    pub(super) forms: &'f Forms,
    reach: usize,
    clean: RefCell<Clean>,
}

/// Texts that codes gave and that are clean, with the depth that they were met at.
#[derive(Debug, Default)]
struct Clean {
    /// Those that are looked for within others.
    long: Vec<(usize, Vec<u8>)>,
    /// Those that are all edges: known only where they are met again as they are.
    short: Vec<(usize, Vec<u8>)>,
    octets: usize,
}

impl Clean {
    fn add(&mut self, text: &[u8], depth: usize, is_long: bool) {
        let texts = if is_long {
            &mut self.long
        } else {
            &mut self.short
        };
        self.octets = self.octets.saturating_add(text.len());
        if texts.len() < TEXTS_REMEMBERED && self.octets <= OCTETS_REMEMBERED {
            texts.push((depth, text.to_vec()));
        }
    }

    /// Returns whether a text is one of them, that was looked at as deep as this one is to be.
    fn holds(&self, text: &[u8], depth: usize) -> bool {
        let mut texts = self.long.iter().chain(&self.short);
        texts.any(|(met_at, known)| *met_at <= depth && known == text)
    }

    /// Returns where one of them stands in a text, that was looked at as deep as this one is to be.
    fn place_in(&self, text: &[u8], depth: usize) -> Option<Range<usize>> {
        let deep = self.long.iter().filter(|(met_at, _)| *met_at <= depth);
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
        self.forms.may_hold_pressed(&pressed.lower)
            || self.hex(&pressed, codes, depth)
            || !self.forms.digests.in_base64(&pressed.octets).is_empty()
            || (codes && self.codes(text, seams, &pressed, depth))
    }

    /// Returns whether a text may hold a code that holds something.
    fn codes(&self, text: &[u8], seams: &Range<usize>, pressed: &Pressed, depth: usize) -> bool {
        let values: Vec<u8> = base64_values(&pressed.octets).collect();
        self.texts(text, seams, depth)
            || self.base64(&values, &pressed.seams, depth)
            || self.packed(text, &values, depth)
    }

    /// Looks at a text that a code gave, but for what was met before.
    ///
    /// The same code is met in every reading of the text that it stands in, often with a few octets more beside it;
    /// and these, too, are met again.
    pub(super) fn suspects_once(&self, text: &[u8], depth: usize) -> bool {
        // The memory is not held on to: what stands beside adds to it.
        let known = self.clean.borrow().place_in(text, depth);
        let edges = known.map(|known| (edges(self.forms, text, &known, true), known));
        // Where a code goes over all that is known, it tells as a whole only.
        let Some((edges, known)) = edges.filter(|(edges, _)| edges.start < edges.end) else {
            return self.suspects_new(text, depth);
        };
        let before = text.get(..edges.start).filter(|_| known.start > 0);
        let after = text.get(edges.end..).filter(|_| known.end < text.len());
        let mut beside = [before, after].into_iter().flatten();
        beside.any(|text| self.suspects_new(text, depth))
    }

    /// Looks at a text that a code gave, unless the very same was met before.
    fn suspects_new(&self, text: &[u8], depth: usize) -> bool {
        if self.clean.borrow().holds(text, depth) {
            return false;
        }
        let suspects = self.suspects(text, depth);
        if !suspects {
            let is_long = text.len() > 2 * self.reach;
            self.clean.borrow_mut().add(text, depth, is_long);
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

/// Returns where octets stand in others, every one of them; `None` also where too much else begins as they do.
pub(super) fn place_of(part: &[u8], octets: &[u8]) -> Option<usize> {
    let begins = part.get(..BEGINS).unwrap_or(part);
    memchr::memmem::find_iter(octets, begins)
        .take(PLACES)
        .find(|at| octets.get(*at..).is_some_and(|text| text.starts_with(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_where_it_was_looked_at_as_deep() {
        let mut clean = Clean::default();
        clean.add(b"short", 2, false);
        clean.add(b"a long text", 1, true);
        assert_eq!(
            [1, 2, 3].map(|depth| clean.holds(b"short", depth)),
            [false, true, true]
        );
        assert!(!clean.holds(b"shorter", 2));
        assert_eq!(clean.place_in(b"in a long text.", 1), Some(3..14));
        assert_eq!(clean.place_in(b"in a long text.", 0), None);
        // What is all edges serves for nothing larger.
        assert_eq!(clean.place_in(b"in a short text.", 3), None);
    }
}
