//! Mail services by the marks they leave in a message.
//!
//! In: `rules/esps/services.toml`. Out: [`Esps`].
//! Trust: the marks are the sender's own words until the source, or an own host's attestation, agrees.
//! Failures: [`RuleError`] with file and rule.

use regex::Regex;
use serde::Deserialize;

use super::RuleError;
use super::file::{self, Common, refused};

/// The values of the header fields of a name, unfolded, top first.
type Fields<'f> = &'f dyn Fn(&str) -> Vec<String>;

/// Octets of a customer's id at most; services give a few dozen.
const ID_OCTETS: usize = 64;

/// The built-in file.
const FILE: &str = "esps/services.toml";

/// One mail service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The rule's id.
    pub id: String,
    #[serde(rename = "what")]
    _what: String,
    #[serde(rename = "source")]
    _source: Vec<String>,
    #[serde(rename = "added")]
    _added: toml::value::Datetime,
    /// Name of the service.
    pub name: String,
    /// Its abuse desk, where one is known.
    #[serde(default)]
    pub desk: Option<String>,
    /// Domains of its hosts and signatures: one of them must be seen by an own host.
    pub agrees: Vec<String>,
    marks: Vec<Mark>,
    #[serde(default)]
    customer: Vec<Mark>,
    #[serde(rename = "match")]
    matches: Vec<Example>,
    #[serde(rename = "skip")]
    skips: Vec<Example>,
}

/// A header field and what it must look like.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    field: String,
    #[serde(deserialize_with = "pattern")]
    pattern: Regex,
}

/// A header section, and the customer it names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    header: String,
    #[serde(default)]
    customer: Option<String>,
}

impl Example {
    fn fields(&self, name: &str) -> Vec<String> {
        let lines = self.header.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .collect()
    }
}

fn pattern<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Regex, D::Error> {
    let text = String::deserialize(from)?;
    Regex::new(&text).map_err(serde::de::Error::custom)
}

/// All mail services.
#[derive(Debug)]
pub struct Esps {
    services: Vec<Service>,
}

impl Esps {
    /// Loads what is built in.
    pub(super) fn builtin() -> Result<Self, RuleError> {
        Self::load(FILE, include_str!("../../rules/esps/services.toml"))
    }

    fn load(file: &str, text: &str) -> Result<Self, RuleError> {
        let services = file::read(file, "esps-services-", text, |rule: &Service| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        let mute = services
            .iter()
            .find(|rule| rule.marks.is_empty() || rule.agrees.is_empty());
        if let Some(rule) = mute {
            let why = format!("rule `{}` has no marks, or nobody to agree", rule.id);
            return Err(refused(file, why));
        }
        Ok(Self { services })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for rule in &self.services {
            let failed = |why: String| RuleError::Example {
                file: FILE.to_owned(),
                id: rule.id.clone(),
                why,
            };
            for example in &rule.matches {
                let fields = |name: &str| example.fields(name);
                if !rule.holds(&fields) || rule.customer(&fields) != example.customer {
                    return Err(failed(format!(
                        "`{}` should match, with its customer",
                        example.header
                    )));
                }
            }
            for example in &rule.skips {
                if rule.holds(&|name: &str| example.fields(name)) {
                    return Err(failed(format!("`{}` should not match", example.header)));
                }
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }

    /// Returns the service whose marks a header section bears.
    #[must_use]
    pub fn find(&self, fields: Fields<'_>) -> Option<&Service> {
        self.services.iter().find(|service| service.holds(fields))
    }
}

impl Service {
    fn holds(&self, fields: Fields<'_>) -> bool {
        self.marks.iter().all(|mark| mark.find(fields).is_some())
    }

    /// Returns the customer's id, where a mark gives it.
    #[must_use]
    pub fn customer(&self, fields: Fields<'_>) -> Option<String> {
        self.customer.iter().find_map(|mark| {
            let text = mark.find(fields)?;
            let found = mark.pattern.captures(&text)?.name("id")?.as_str();
            is_id(found).then(|| found.to_owned())
        })
    }
}

/// Returns whether a text is an id and no more: the field's writer chose it, and the complaint names it.
fn is_id(text: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"_.+/=-".contains(&octet);
    (1..=ID_OCTETS).contains(&text.len()) && text.bytes().all(plain)
}

impl Mark {
    fn find(&self, fields: Fields<'_>) -> Option<String> {
        let values = fields(&self.field);
        values.into_iter().find(|text| self.pattern.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_s_id_is_one_word_whatever_a_pattern_takes() {
        let text = r#"
            [[rule]]
            id = "esps-services-x"
            what = "x"
            source = ["x"]
            added = 2026-11-22
            name = "X"
            agrees = ["x.example"]
            marks = [{ field = "X-Mark", pattern = '.' }]
            customer = [{ field = "X-Mark", pattern = '^(?P<id>.+)$' }]
            match = [{ header = "X-Mark: 17", customer = "17" }]
            skip = [{ header = "X-Other: 17" }]
        "#;
        let esps = Esps::load("esps/services.toml", text).unwrap();
        let customer = |value: &str| esps.services[0].customer(&|_| vec![value.to_owned()]);
        assert_eq!(customer("ab/17_x==").as_deref(), Some("ab/17_x=="));
        for value in ["17 and I asked for it", "17\u{a0}x", &"1".repeat(65)] {
            assert_eq!(customer(value), None, "{value}");
        }
    }
}
