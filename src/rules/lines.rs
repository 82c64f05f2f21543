//! Rules that say of one text what kind it is: refused mailboxes, refusing answers, remarks, ordinary labels, null paths.
//!
//! In: `rules/mailboxes`, `rules/answers`, `rules/hosts`, `rules/paths`. Out: [`Lines`].
//! Failures: [`RuleError`]; every rule brings a text that it matches and one that it skips.

use serde::Deserialize;
use toml::value::Datetime;

use super::RuleError;
use super::file::{self, Common};
use super::whois::Pattern;

/// The rules of one file.
#[derive(Debug)]
pub struct Lines {
    file: String,
    rules: Vec<LineRule>,
}

/// One rule about a text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineRule {
    /// Rule id: it begins with folder and file.
    pub id: String,
    /// What a text is that matches, in words.
    pub what: String,
    /// Where that is known from.
    pub source: Vec<String>,
    /// When the rule was written.
    pub added: Datetime,
    /// What follows from it; each file says in its head what its kinds are.
    pub kind: String,
    pattern: Pattern,
    unless: Option<Pattern>,
    #[serde(rename = "match")]
    matches: Vec<String>,
    #[serde(rename = "skip")]
    skips: Vec<String>,
}

impl LineRule {
    fn holds(&self, text: &str) -> bool {
        self.pattern.is_in(text) && !self.unless.as_ref().is_some_and(|p| p.is_in(text))
    }
}

impl Lines {
    /// Reads a file, `FOLDER/STEM.toml`.
    pub(super) fn load(file: &str, text: &str) -> Result<Self, RuleError> {
        let prefix = file.trim_end_matches(".toml").replace('/', "-");
        let rules = file::read(file, &prefix, text, |rule: &LineRule| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        Ok(Self {
            file: file.to_owned(),
            rules,
        })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for rule in &self.rules {
            let failed = |text: &String, should: &str| RuleError::Example {
                file: self.file.clone(),
                id: rule.id.clone(),
                why: format!("`{text}` should {should}"),
            };
            if let Some(text) = rule.matches.iter().find(|text| !rule.holds(text)) {
                return Err(failed(text, "match"));
            }
            if let Some(text) = rule.skips.iter().find(|text| rule.holds(text)) {
                return Err(failed(text, "not match"));
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }

    /// Returns the first rule that matches a text.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&LineRule> {
        self.rules.iter().find(|rule| rule.holds(text))
    }

    /// Returns the first rule of a kind that matches a text.
    #[must_use]
    pub fn of_kind(&self, kind: &str, text: &str) -> Option<&LineRule> {
        self.rules
            .iter()
            .find(|rule| rule.kind == kind && rule.holds(text))
    }

    /// Returns whether a rule of this kind matches a text.
    #[must_use]
    pub fn says(&self, kind: &str, text: &str) -> bool {
        self.of_kind(kind, text).is_some()
    }
}
