//! How bounces, automatic answers and mailing lists show themselves.
//!
//! In: `rules/nature/`; a header section. Out: which kind it is, if any.
//! Standards: RFC 3464 (delivery reports), RFC 3834 (automatic answers), RFC 5321 §4.5.5 (null reverse path), RFC 2369 (lists).
//! Trust: the headers are a stranger's; to take a message for backscatter or a list's only keeps a complaint back.
//! Failures: [`RuleError`] with file and rule.

use serde::Deserialize;

use super::RuleError;
use super::file::{self, Common};
use crate::intake::Headers;

/// The kinds that one file knows.
#[derive(Debug)]
pub struct Natures {
    file: &'static str,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    what: String,
    #[serde(rename = "source")]
    _source: Vec<String>,
    #[serde(rename = "added")]
    _added: toml::value::Datetime,
    null_path: bool,
    headers: Vec<Holds>,
    #[serde(rename = "match")]
    matches: Vec<String>,
    #[serde(rename = "skip")]
    skips: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holds {
    name: String,
    holds: Vec<String>,
}

impl Rule {
    fn fits(&self, headers: &Headers<'_>, null_path: Option<bool>) -> bool {
        if self.null_path && null_path == Some(false) {
            return false;
        }
        self.headers.iter().all(|wanted| {
            headers.first(&wanted.name).is_some_and(|field| {
                let text = field.text().to_ascii_lowercase();
                wanted.holds.iter().any(|word| text.contains(word.as_str()))
            })
        })
    }
}

impl Natures {
    /// Reads the kinds of bounces and automatic answers.
    pub(super) fn backscatter() -> Result<Self, RuleError> {
        Self::load(
            "nature/backscatter.toml",
            include_str!("../../rules/nature/backscatter.toml"),
        )
    }

    /// Reads the kinds of mailing lists.
    pub(super) fn lists() -> Result<Self, RuleError> {
        Self::load(
            "nature/lists.toml",
            include_str!("../../rules/nature/lists.toml"),
        )
    }

    fn load(file: &'static str, text: &str) -> Result<Self, RuleError> {
        let prefix = file.trim_start_matches("nature/").replace(".toml", "-");
        let rules = file::read(file, &prefix, text, |rule: &Rule| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        Ok(Self { file, rules })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for rule in &self.rules {
            let fits = |text: &String| {
                let octets = format!("{text}\n\n");
                let headers = Headers::parse(octets.as_bytes());
                rule.fits(&headers, null_path(&headers))
            };
            let wrong = rule
                .matches
                .iter()
                .find(|text| !fits(text))
                .or_else(|| rule.skips.iter().find(|text| fits(text)));
            if let Some(text) = wrong {
                return Err(RuleError::Example {
                    file: self.file.to_owned(),
                    id: rule.id.clone(),
                    why: format!("`{text}`"),
                });
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }

    /// Returns which of the kinds a message is, if it is one.
    #[must_use]
    pub fn kind(&self, headers: &Headers<'_>) -> Option<&str> {
        let null_path = null_path(headers);
        self.rules
            .iter()
            .find(|rule| rule.fits(headers, null_path))
            .map(|rule| rule.what.as_str())
    }
}

/// Returns whether the reverse path is the null path; `None` where no host noted it.
fn null_path(headers: &Headers<'_>) -> Option<bool> {
    let path = headers.first("Return-Path")?.text();
    Some(path.trim().trim_matches(['<', '>']).is_empty())
}
