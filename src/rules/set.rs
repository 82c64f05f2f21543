//! Sets of names, domains and patterns: which header fields name the recipient, which links are never accused.
//!
//! In: `rules/evidence/*.toml`, `rules/complaints/fields.toml`. Out: [`Sets`].
//! Trust: built-in sets are ours; patterns run in linear time.
//! Failures: [`RuleError`] with file and rule.

use std::collections::HashMap;
use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;

use super::RuleError;
use super::file::{self, Common};
use super::words::Words;
use crate::intake::{Field, Names};

/// What the values of a set are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Compare {
    /// The whole text, in any case.
    Exact,
    /// A domain and everything below it.
    Domain,
    /// A regular expression, in any case, anywhere.
    Pattern,
}

/// One rule: values of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    id: String,
    what: String,
    #[serde(rename = "source")]
    _source: Vec<String>,
    #[serde(rename = "added")]
    _added: toml::value::Datetime,
    kind: String,
    compare: Compare,
    values: Vec<String>,
    /// For redirectors: query parameters that hold the target.
    #[serde(default)]
    parameters: Vec<String>,
    /// How much one match says, for kinds that are weighed.
    #[serde(default)]
    weight: u32,
    #[serde(rename = "match")]
    matches: Vec<String>,
    #[serde(rename = "skip")]
    skips: Vec<String>,
    #[serde(skip)]
    patterns: Vec<Regex>,
    #[serde(skip)]
    file: String,
}

/// A set that holds a text.
#[derive(Debug, Clone, Copy)]
pub struct Held<'r> {
    /// Its rule.
    pub id: &'r str,
    /// What it says, in words.
    pub what: &'r str,
    /// For redirectors: query parameters that hold the target.
    pub parameters: &'r [String],
    /// How much one match says.
    pub weight: u32,
}

/// Which rule holds a value, by kind and value.
type ByKind = HashMap<String, HashMap<String, usize>>;

/// All sets, by kind.
#[derive(Debug, Default)]
pub struct Sets {
    rules: Vec<Set>,
    exact: ByKind,
    domains: ByKind,
    patterns: HashMap<String, Vec<Place>>,
    /// Rules most patterns out; learnt when a text is first looked at.
    words: OnceLock<Words>,
}

/// Where a pattern stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Its rule.
    rule: usize,
    /// Its number in the rule.
    number: usize,
    /// Its number among all patterns.
    of_all: usize,
}

/// A text, and which patterns of all kinds may match it.
#[derive(Debug)]
pub struct Looked<'t> {
    text: &'t str,
    may_match: Vec<bool>,
}

/// Octets of a compiled pattern at most; ours need a fraction.
const PATTERN_LIMIT: usize = 1 << 20;

/// The files of `rules/evidence`.
const EVIDENCE: [(&str, &str); 4] = [
    (
        "evidence/attachments.toml",
        include_str!("../../rules/evidence/attachments.toml"),
    ),
    (
        "evidence/links.toml",
        include_str!("../../rules/evidence/links.toml"),
    ),
    (
        "evidence/stamps.toml",
        include_str!("../../rules/evidence/stamps.toml"),
    ),
    (
        "evidence/words.toml",
        include_str!("../../rules/evidence/words.toml"),
    ),
];

impl Sets {
    /// Loads what is built in about evidence.
    pub(super) fn evidence() -> Result<Self, RuleError> {
        let mut sets = Self::default();
        for (file, text) in EVIDENCE {
            sets.load(file, text)?;
        }
        Ok(sets)
    }

    /// Reads one file more.
    pub(super) fn load(&mut self, file: &str, text: &str) -> Result<(), RuleError> {
        let stem = file.trim_end_matches(".toml").replace('/', "-");
        let sets = file::read(file, &stem, text, |rule: &Set| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        for mut rule in sets {
            rule.file = file.to_owned();
            let place = self.rules.len();
            for value in &rule.values {
                let add = |to: &mut ByKind| {
                    let values = to.entry(rule.kind.clone()).or_default();
                    values.entry(value.to_ascii_lowercase()).or_insert(place);
                };
                match rule.compare {
                    Compare::Exact => add(&mut self.exact),
                    Compare::Domain => add(&mut self.domains),
                    Compare::Pattern => {
                        let pattern = regex::RegexBuilder::new(value)
                            .case_insensitive(true)
                            .size_limit(PATTERN_LIMIT)
                            .build();
                        rule.patterns
                            .push(pattern.map_err(|error| file::refused(file, error))?);
                    }
                }
            }
            if rule.compare == Compare::Pattern {
                let before: usize = self.patterns.values().map(Vec::len).sum();
                let places = (0..rule.values.len()).map(|number| Place {
                    rule: place,
                    number,
                    of_all: before + number,
                });
                let patterns = self.patterns.entry(rule.kind.clone()).or_default();
                patterns.extend(places);
            }
            self.rules.push(rule);
        }
        self.words = OnceLock::new();
        Ok(())
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for (place, rule) in self.rules.iter().enumerate() {
            let holds = |text: &String| {
                self.held(&rule.kind, text)
                    .is_some_and(|held| held.id == rule.id)
                    || self
                        .held_by_pattern(&rule.kind, &self.look_at(text))
                        .any(|held| held == place)
            };
            let failed = |text: &str, should: &str| RuleError::Example {
                file: rule.file.clone(),
                id: rule.id.clone(),
                why: format!("`{text}` should {should}"),
            };
            for text in &rule.matches {
                if !holds(text) {
                    return Err(failed(text, "match"));
                }
            }
            for text in &rule.skips {
                if holds(text) {
                    return Err(failed(text, "not match"));
                }
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }

    /// Returns the first set of a kind that holds a text.
    #[must_use]
    pub fn held(&self, kind: &str, text: &str) -> Option<Held<'_>> {
        let lower = text.to_ascii_lowercase();
        let exact = self.exact.get(kind).and_then(|values| values.get(&lower));
        let place = exact
            .or_else(|| self.held_by_domain(kind, &lower))
            .copied()
            .or_else(|| {
                let text = self
                    .patterns
                    .contains_key(kind)
                    .then(|| self.look_at(text))?;
                self.held_by_pattern(kind, &text).next()
            })?;
        self.held_at(place)
    }

    /// Looks at a text once for the patterns of all kinds.
    #[must_use]
    pub fn look_at<'t>(&self, text: &'t str) -> Looked<'t> {
        let words = self.words.get_or_init(|| {
            let rules = self.rules.iter();
            let rules = rules.filter(|rule| rule.compare == Compare::Pattern);
            Words::of(rules.flat_map(|rule| &rule.values).map(String::as_str))
        });
        Looked {
            text,
            may_match: words.may_match(text),
        }
    }

    /// Returns every set of a kind that has a pattern in a text.
    #[must_use]
    pub fn all_in<'r>(&'r self, kind: &str, text: &Looked<'_>) -> Vec<Held<'r>> {
        self.held_by_pattern(kind, text)
            .filter_map(|place| self.held_at(place))
            .collect()
    }

    fn held_at(&self, place: usize) -> Option<Held<'_>> {
        self.rules.get(place).map(|rule| Held {
            id: &rule.id,
            what: &rule.what,
            parameters: &rule.parameters,
            weight: rule.weight,
        })
    }

    fn held_by_domain(&self, kind: &str, host: &str) -> Option<&usize> {
        let domains = self.domains.get(kind)?;
        let mut rest = host.trim_end_matches('.');
        loop {
            if let Some(place) = domains.get(rest) {
                return Some(place);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    fn held_by_pattern(&self, kind: &str, text: &Looked<'_>) -> impl Iterator<Item = usize> {
        let mut last = None;
        let places = self.patterns.get(kind).into_iter().flatten();
        places.filter_map(move |place| {
            let pattern = self.rules.get(place.rule)?.patterns.get(place.number)?;
            let may_match = text.may_match.get(place.of_all).is_some_and(|may| *may);
            let is_new = last != Some(place.rule) && may_match && pattern.is_match(text.text);
            is_new.then(|| *last.insert(place.rule))
        })
    }
}

/// What `rules/complaints/fields.toml` says: header fields and words, as trace and munging need them.
#[derive(Debug, Default)]
pub struct Fields {
    sets: Sets,
    /// Fields that name the recipient: nearly all others are ruled out at once.
    recipient: Names,
}

impl Fields {
    /// Loads what is built in.
    pub(super) fn builtin() -> Result<Self, RuleError> {
        let mut sets = Sets::default();
        sets.load(
            "complaints/fields.toml",
            include_str!("../../rules/complaints/fields.toml"),
        )?;
        let values = sets.exact.get("recipient").into_iter().flatten();
        Ok(Self {
            recipient: Names::of(values.map(|(name, _)| name.as_str())),
            sets,
        })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        self.sets.check()
    }

    /// Returns whether a header field names the recipient, where an own host wrote it.
    #[must_use]
    pub fn is_recipient(&self, field: &Field<'_>) -> bool {
        field.may_be(self.recipient) && self.is("recipient", field.name())
    }

    /// Returns whether a header field names recipients, whoever wrote it: those that the message was addressed to, or delivered to.
    #[must_use]
    pub fn names_recipients(&self, name: &[u8]) -> bool {
        self.is("addressee", name) || self.is("recipient", name)
    }

    /// Returns whether a header field holds a token that can stand for the recipient.
    #[must_use]
    pub fn is_token(&self, name: &[u8]) -> bool {
        self.is("token", name)
    }

    /// Returns whether a local part is a role or an ordinary word, and says nothing by itself.
    #[must_use]
    pub fn is_ordinary(&self, local: &str) -> bool {
        self.sets.held("ordinary", local).is_some()
    }

    fn is(&self, kind: &str, name: &[u8]) -> bool {
        std::str::from_utf8(name).is_ok_and(|name| self.sets.held(kind, name).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [[rule]]
        id = "evidence-x-one"
        what = "w"
        source = ["s"]
        added = 2026-11-21
        kind = "k"
        compare = "domain"
        values = ["example.org"]
        match = ["www.Example.org"]
        skip = ["badexample.org"]
    "#;

    #[test]
    fn a_domain_holds_what_lies_below_it() {
        let mut sets = Sets::default();
        sets.load("evidence/x.toml", TEXT).unwrap();
        assert_eq!(sets.check().unwrap(), 2);
        assert_eq!(
            sets.held("k", "a.b.example.org.").unwrap().id,
            "evidence-x-one"
        );
        assert!(sets.held("other", "example.org").is_none());
    }

    #[test]
    fn examples_ids_and_keys_are_required() {
        let load = |text: &str| Sets::default().load("evidence/x.toml", text);
        assert!(load(&TEXT.replace("skip = [\"badexample.org\"]", "skip = []")).is_err());
        assert!(load(&TEXT.replace("evidence-x-one", "other")).is_err());
        assert!(load(&TEXT.replace("what = ", "wat = ")).is_err());
        let mut wrong = Sets::default();
        wrong
            .load(
                "evidence/x.toml",
                &TEXT.replace("badexample.org", "example.org"),
            )
            .unwrap();
        assert!(
            wrong
                .check()
                .unwrap_err()
                .to_string()
                .contains("should not match")
        );
    }
}
