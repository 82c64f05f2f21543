//! How bounces, automatic answers and mailing lists show themselves.
//!
//! In: `rules/nature/`; a header section. Out: which kind it is, if any.
//! Standards: RFC 3464 (delivery reports), RFC 3834 (automatic answers), RFC 5321 §4.5.5 (null reverse path), RFC 2369 (lists).
//! Trust: the headers are a stranger's; to take a message for backscatter or a list's only keeps a complaint back.
//! Failures: [`RuleError`] with file and rule.

use std::borrow::Cow;
use std::cell::LazyCell;

use serde::Deserialize;

use super::file::{self, Common};
use super::glob::find;
use super::{Lines, RuleError};
use crate::intake::{Headers, Names};

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
    /// The names of `headers`.
    #[serde(skip)]
    names: Names,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holds {
    name: String,
    holds: Vec<String>,
}

impl Rule {
    /// Returns whether header fields fit, whose texts `text_of` gives by name.
    fn fits<'m>(
        &self,
        null_path: impl FnOnce() -> Option<bool>,
        text_of: impl Fn(&str) -> Option<Cow<'m, str>>,
    ) -> bool {
        (!self.null_path || null_path() != Some(false))
            && self.headers.iter().all(|wanted| {
                text_of(&wanted.name).is_some_and(|text| {
                    let holds = |word: &String| find(text.as_bytes(), word.as_bytes()).is_some();
                    wanted.holds.iter().any(holds)
                })
            })
    }

    fn fits_headers(
        &self,
        headers: &Headers<'_>,
        null_path: impl FnOnce() -> Option<bool>,
    ) -> bool {
        let text_of = |name: &str| headers.first(name).map(|field| field.text());
        // What is quickest to see comes first.
        headers.may_have(self.names) && self.fits(null_path, text_of)
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
        let mut rules = file::read(file, &prefix, text, |rule: &Rule| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        for rule in &mut rules {
            rule.names = Names::of(rule.headers.iter().map(|wanted| wanted.name.as_str()));
        }
        Ok(Self { file, rules })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self, paths: &Lines) -> Result<usize, RuleError> {
        let mut ran = 0;
        for rule in &self.rules {
            let fits = |text: &String| {
                let octets = format!("{text}\n\n");
                let headers = Headers::parse(octets.as_bytes());
                rule.fits_headers(&headers, || null_path(&headers, paths))
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

    /// Returns which of the kinds a message is, if it is one; `paths` knows the null path.
    #[must_use]
    pub fn kind(&self, headers: &Headers<'_>, paths: &Lines) -> Option<&str> {
        self.kind_with(headers, || null_path(headers, paths))
    }

    /// Returns the same of a message whose reverse path an own host noted; `path` is `None` where none did.
    #[must_use]
    pub fn kind_from(
        &self,
        headers: &Headers<'_>,
        path: Option<&str>,
        paths: &Lines,
    ) -> Option<&str> {
        self.kind_with(headers, || path.map(|path| is_null(path, paths)))
    }

    fn kind_with(
        &self,
        headers: &Headers<'_>,
        null_path: impl FnOnce() -> Option<bool>,
    ) -> Option<&str> {
        // Several rules ask for the reverse path.
        let null_path = LazyCell::new(null_path);
        self.rules
            .iter()
            .find(|rule| rule.fits_headers(headers, || *null_path))
            .map(|rule| rule.what.as_str())
    }

    /// Returns which of the kinds a message is by its reverse path alone, wherever that was noted.
    #[must_use]
    pub fn kind_by_path(&self, path: &str, paths: &Lines) -> Option<&str> {
        // As a Return-Path field would hold it, unfolded.
        let noted = || {
            let lines = path.split(['\r', '\n']);
            Cow::Owned(["<"].into_iter().chain(lines).chain([">"]).collect())
        };
        let text_of = |name: &str| name.eq_ignore_ascii_case(RETURN_PATH).then(noted);
        let null_path = || Some(is_null(path, paths));
        self.rules
            .iter()
            .find(|rule| rule.fits(null_path, text_of))
            .map(|rule| rule.what.as_str())
    }
}

/// The field in which the reverse path is noted. RFC 5321 §4.4.
const RETURN_PATH: &str = "Return-Path";

/// Returns whether the reverse path is the null path; `None` where no host noted it.
fn null_path(headers: &Headers<'_>, paths: &Lines) -> Option<bool> {
    headers
        .first(RETURN_PATH)
        .map(|field| is_null(&field.text(), paths))
}

/// Returns whether this is the null path, in one of the forms that servers note. RFC 5321 §4.5.5.
fn is_null(path: &str, paths: &Lines) -> bool {
    paths.says("null", path.trim().trim_matches(['<', '>']))
}
