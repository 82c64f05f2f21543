//! Tells of many patterns at once which of them cannot match a text, by what every match begins with.
//!
//! In: patterns as the rules have them, without regard to case. Out: [`Words`].
//! Limits: of texts that are not US-ASCII nothing is told: their case is no matter of octets.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_syntax::hir::literal::Extractor;

/// What the matches of some patterns begin with.
#[derive(Debug, Default)]
pub(super) struct Words {
    any: Option<AhoCorasick>,
    /// To which pattern each word belongs.
    of: Vec<usize>,
    /// Whether each pattern may begin with anything.
    open: Vec<bool>,
}

impl Words {
    /// Learns patterns.
    pub(super) fn of<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Self {
        let mut words = Self::default();
        let mut begins = Vec::new();
        for (number, pattern) in patterns.into_iter().enumerate() {
            let found = beginnings(pattern);
            words.open.push(found.is_none());
            for word in found.into_iter().flatten() {
                begins.push(word);
                words.of.push(number);
            }
        }
        // A few hundred words make a small table, and one look at each octet is enough.
        let any = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(begins);
        match any {
            Ok(any) => words.any = Some(any),
            Err(_) => words.open.fill(true),
        }
        words
    }

    /// Returns for each pattern whether it may match a text.
    pub(super) fn may_match(&self, text: &str) -> Vec<bool> {
        let mut may = self.open.clone();
        if !text.is_ascii() {
            may.fill(true);
            return may;
        }
        let found = self
            .any
            .iter()
            .flat_map(|any| any.find_overlapping_iter(text));
        for hit in found {
            let pattern = self.of.get(hit.pattern().as_usize());
            if let Some(may) = pattern.and_then(|pattern| may.get_mut(*pattern)) {
                *may = true;
            }
        }
        may
    }
}

/// Returns what every match in a US-ASCII text begins with; `None` where that may be anything.
fn beginnings(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let pattern = regex_syntax::parse(pattern).ok()?;
    let found = Extractor::new().extract(&pattern);
    let words = found.literals()?.iter().map(|word| word.as_bytes());
    // What is not US-ASCII stands in no such text.
    let words: Vec<_> = words
        .filter(|word| word.is_ascii())
        .map(<[u8]>::to_vec)
        .collect();
    words.iter().all(|word| !word.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATTERNS: [&str; 5] = [
        r"\b(?:account|Card)\b.{0,9}\b(?:locked|über)",
        r"(?:us\$|£|\$)\s?\d[\d.,]{2,}",
        r"\b(?:\d+|several) million\b",
        r"un(?:usual|authori[sz]ed) log-?in",
        r"überweisung",
    ];

    #[test]
    fn a_pattern_is_ruled_out_by_its_first_words() {
        let words = Words::of(PATTERNS);
        assert_eq!(
            words.may_match("Your CARD"),
            [true, false, true, false, false]
        );
        assert_eq!(
            words.may_match("unauthorised log-in $"),
            [false, true, true, true, false]
        );
        assert_eq!(words.may_match("Überweisung"), [true; 5]);
    }

    proptest! {
        #[test]
        fn what_matches_is_never_ruled_out(pieces in prop::collection::vec(prop::sample::select(&[
            "ACCOUNT ", "card", " ", "locked", "us$", "$", "100", "5,000", "several", " Million", "un", "Unusual ", "authorized ", "log-in", "login", "x",
        ][..]), 0..8)) {
            let text = pieces.concat();
            let may = Words::of(PATTERNS).may_match(&text);
            for (pattern, may) in PATTERNS.iter().zip(may) {
                let pattern = regex::RegexBuilder::new(pattern).case_insensitive(true).build().unwrap();
                prop_assert!(may || !pattern.is_match(&text), "{} {}", pattern, text);
            }
        }
    }
}
