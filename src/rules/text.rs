//! The sentences of a complaint, in each language.
//!
//! In: `rules/complaints/LANGUAGE.toml`. Out: [`Texts`].
//! Trust: sentences are ours; the values that go into them were escaped before.
//! Failures: [`RuleError`] with file and rule; a sentence that lacks a value is left out, never half written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::RuleError;
use super::file::{self, Common};

/// The language that has every sentence.
pub(crate) const FIRST_LANGUAGE: &str = "en";

/// The files of the languages.
const LANGUAGES: [(&str, &str); 2] = [
    (
        "complaints/en.toml",
        include_str!("../../rules/complaints/en.toml"),
    ),
    (
        "complaints/de.toml",
        include_str!("../../rules/complaints/de.toml"),
    ),
];

/// One language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    id: String,
    #[serde(rename = "what")]
    _what: String,
    #[serde(rename = "source")]
    _source: Vec<String>,
    #[serde(rename = "added")]
    _added: toml::value::Datetime,
    language: String,
    say: BTreeMap<String, String>,
    #[serde(rename = "match")]
    matches: Vec<Said>,
    #[serde(rename = "skip")]
    skips: Vec<Unsaid>,
}

/// A sentence that comes out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    say: String,
    with: BTreeMap<String, String>,
    gives: String,
}

/// A sentence that is left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unsaid {
    say: String,
    with: BTreeMap<String, String>,
    #[serde(rename = "why")]
    _why: String,
}

/// The sentences of all languages.
#[derive(Debug, Default)]
pub struct Texts {
    languages: Vec<Language>,
}

impl Texts {
    /// Loads what is built in.
    pub(super) fn builtin() -> Result<Self, RuleError> {
        let mut texts = Self::default();
        for (file, text) in LANGUAGES {
            texts.load(file, text)?;
        }
        Ok(texts)
    }

    fn load(&mut self, file: &str, text: &str) -> Result<(), RuleError> {
        let languages = file::read(file, "complaints-", text, |rule: &Language| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        self.languages.extend(languages);
        Ok(())
    }

    /// Runs the examples, and compares the languages; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for language in &self.languages {
            let failed = |why: String| RuleError::Example {
                file: format!("complaints/{}.toml", language.language),
                id: language.id.clone(),
                why,
            };
            for said in &language.matches {
                let gives = language.say(&said.say, &pairs(&said.with));
                if gives.as_ref() != Some(&said.gives) {
                    return Err(failed(format!("`{}` gives {gives:?}", said.say)));
                }
            }
            for unsaid in &language.skips {
                if language.say(&unsaid.say, &pairs(&unsaid.with)).is_some() {
                    return Err(failed(format!("`{}` should be left out", unsaid.say)));
                }
            }
            for (key, text) in self.languages.iter().flat_map(|language| &language.say) {
                if language.say.get(key).map(|own| names(own)) != Some(names(text)) {
                    return Err(failed(format!("`{key}` is missing, or has other values")));
                }
            }
            ran += language.matches.len() + language.skips.len();
        }
        Ok(ran)
    }

    /// Returns a sentence with its values put in; `None` where it lacks one.
    ///
    /// A language that is not there is English.
    #[must_use]
    pub fn say(&self, language: &str, key: &str, values: &[(&str, &str)]) -> Option<String> {
        let find = |name: &str| self.languages.iter().find(|known| known.language == name);
        find(language)
            .or_else(|| find(FIRST_LANGUAGE))?
            .say(key, values)
    }

    /// Returns the languages that are there.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.iter().map(|known| known.language.as_str())
    }

    /// Returns whether a language is there.
    #[must_use]
    pub fn has(&self, language: &str) -> bool {
        self.languages
            .iter()
            .any(|known| known.language == language)
    }
}

impl Language {
    fn say(&self, key: &str, values: &[(&str, &str)]) -> Option<String> {
        filled(self.say.get(key)?, values)
    }
}

/// Puts values into a sentence, each for its name in braces; `None` where it lacks one.
pub(crate) fn filled(sentence: &str, values: &[(&str, &str)]) -> Option<String> {
    let mut rest = sentence;
    let mut out = String::with_capacity(rest.len() + 64);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, after) = after.split_once('}')?;
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        if value.is_empty() {
            return None;
        }
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn pairs(of: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    of.iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// Returns the names of the values in a sentence, sorted.
fn names(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .split('{')
        .skip(1)
        .filter_map(|piece| piece.split_once('}').map(|(name, _)| name))
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_lacks_a_value_is_left_out() {
        let texts = Texts::builtin().unwrap();
        assert_eq!(texts.say("en", "fact-helo", &[("helo", "")]), None);
        assert_eq!(texts.say("xx", "hello", &[]).as_deref(), Some("Hello,"));
        assert_eq!(texts.say("de", "hello", &[]).as_deref(), Some("Guten Tag,"));
        assert_eq!(texts.say("en", "no such sentence", &[]), None);
    }

    #[test]
    fn a_value_is_not_read_as_a_sentence() {
        let texts = Texts::builtin().unwrap();
        let said = texts
            .say("en", "fact-helo", &[("helo", "{helo}{by}")])
            .unwrap();
        assert!(said.ends_with("{helo}{by}"));
    }

    #[test]
    fn all_languages_say_the_same_things() {
        assert!(Texts::builtin().unwrap().check().unwrap() >= 4);
    }
}
