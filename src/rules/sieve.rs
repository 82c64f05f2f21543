//! Rules out most rules at a glance, by how one text begins and ends.
//!
//! In: each rule's patterns for one text of what is read; that text. Out: [`Set`], the rules that are left in question.
//! Trust: patterns are ours, texts are hostile; a rule that is left may still not fit, a rule that is ruled out never would.
//! Limits: [`SET_LIMIT`] rules.

use super::RuleError;
use super::file::refused;
use super::glob::{Ends, Globs, LETTERS, Text};

/// A set of rules: a bit each, in their order.
pub(in crate::rules) type Set = u128;

/// Rules that a set can hold.
pub(in crate::rules) const SET_LIMIT: usize = 128;

/// Refuses more rules than a set can hold.
pub(in crate::rules) fn demand_room(file: &str, rules: usize) -> Result<(), RuleError> {
    if rules > SET_LIMIT {
        let why = format_args!("there are more than {SET_LIMIT} rules");
        return Err(refused(file, why));
    }
    Ok(())
}

/// Which rules a text leaves in question.
///
/// Dozens of rules want something of the same text, and to ask each of them costs more than all that follows.
#[derive(Debug)]
pub(in crate::rules) struct Sieve {
    /// Rules that want nothing of the text.
    indifferent: Set,
    /// Rules that a text may fit, by its first letter.
    begins: Vec<Set>,
    /// Rules that a text may fit, by what its last octets come to.
    ends: Vec<Set>,
}

impl Sieve {
    /// Makes a sieve from each rule's patterns; a rule without any wants nothing.
    pub(in crate::rules) fn new<'g>(rules: impl Iterator<Item = &'g Globs>) -> Self {
        let mut sieve = Self {
            indifferent: 0,
            begins: vec![0; LETTERS],
            ends: vec![0; LETTERS],
        };
        for (place, globs) in rules.enumerate() {
            let rule = bit(place);
            if globs.is_empty() {
                sieve.indifferent |= rule;
            }
            let Ends { first, last } = globs.ends();
            for (bits, sets) in [(first, &mut sieve.begins), (last, &mut sieve.ends)] {
                for (letter, set) in sets.iter_mut().enumerate() {
                    if bits >> letter & 1 != 0 {
                        *set |= rule;
                    }
                }
            }
        }
        sieve
    }

    /// Returns the rules that want nothing of the text, or may have it; without a text, those that want nothing.
    pub(in crate::rules) fn left(&self, text: Option<&Text<'_>>) -> Set {
        let of = |sets: &[Set], letter: usize| sets.get(letter).copied().unwrap_or(0);
        self.indifferent
            | text.map_or(0, |text| {
                of(&self.begins, text.first()) | of(&self.ends, text.last())
            })
    }
}

/// Returns the places of a set's rules, in order.
pub(in crate::rules) fn places(mut set: Set) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = set.trailing_zeros() as usize;
        // The lowest bit is taken away.
        set &= set.wrapping_sub(1);
        (place < SET_LIMIT).then_some(place)
    })
}

/// Returns the set of one rule; rules beyond [`SET_LIMIT`] share the last bit.
pub(in crate::rules) const fn bit(place: usize) -> Set {
    1 << if place < SET_LIMIT {
        place
    } else {
        SET_LIMIT - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::glob::Glob;
    use proptest::prelude::*;

    #[test]
    fn places_are_given_in_order() {
        let set = bit(3) | bit(0) | bit(SET_LIMIT - 1);
        assert_eq!(places(set).collect::<Vec<_>>(), [0, 3, SET_LIMIT - 1]);
        assert_eq!(places(0).next(), None);
    }

    proptest! {
        #[test]
        fn no_rule_is_ruled_out_that_fits(
            patterns in prop::collection::vec(prop::collection::vec("\\*?[aBé]{0,2}\\*?[cD.]{0,8}\\*?", 0..3), 0..9), text in "[AbÉé]{0,2}[Cd.]{0,8}",
        ) {
            let globs = |patterns: Vec<String>| Globs::from(patterns.into_iter().map(Glob::from).collect::<Vec<_>>());
            let rules: Vec<Globs> = patterns.into_iter().map(globs).collect();
            let sieve = Sieve::new(rules.iter());
            let text = Text::new(&text);
            for (place, globs) in rules.iter().enumerate() {
                prop_assert_eq!(sieve.left(None) & bit(place) != 0, globs.is_empty());
                if globs.is_empty() || globs.fit(&text) {
                    prop_assert!(sieve.left(Some(&text)) & bit(place) != 0, "{:?}", globs);
                }
            }
        }
    }
}
