//! The internet's number registries: their servers, how they are asked, how their answers are read.
//!
//! In: `rules/registries/*.toml`. Out: [`Registries`].
//! Standards: RFC 3912, RFC 9082; the manners are each registry's own terms.
//! Failures: [`RuleError`]; every rule brings an answer that it reads and one that gives nothing.

use std::net::IpAddr;

use serde::Deserialize;
use toml::value::Datetime;

use super::RuleError;
use super::file::{self, Common};
use super::whois::{Dialect, Pattern, Reading};

/// The files, embedded.
const FILES: &[(&str, &str)] = &[
    (
        "afrinic",
        include_str!("../../rules/registries/afrinic.toml"),
    ),
    ("apnic", include_str!("../../rules/registries/apnic.toml")),
    ("arin", include_str!("../../rules/registries/arin.toml")),
    (
        "domains",
        include_str!("../../rules/registries/domains.toml"),
    ),
    ("iana", include_str!("../../rules/registries/iana.toml")),
    ("jpnic", include_str!("../../rules/registries/jpnic.toml")),
    ("krnic", include_str!("../../rules/registries/krnic.toml")),
    ("lacnic", include_str!("../../rules/registries/lacnic.toml")),
    ("ripe", include_str!("../../rules/registries/ripe.toml")),
    ("rwhois", include_str!("../../rules/registries/rwhois.toml")),
    ("twnic", include_str!("../../rules/registries/twnic.toml")),
];

/// All registries that the rules know.
#[derive(Debug)]
pub struct Registries {
    rules: Vec<(String, Registry)>,
}

/// One registry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Rule id: `registries-arin`.
    pub id: String,
    /// What it is, in words.
    pub what: String,
    /// Where that is known from.
    pub source: Vec<String>,
    /// When the rule was written.
    pub added: Datetime,
    /// Name in answers: `arin`.
    pub registry: String,
    /// Its WHOIS servers, lower case.
    #[serde(default)]
    pub whois: Vec<String>,
    /// Hosts of its RDAP servers, lower case.
    #[serde(default)]
    pub rdap: Vec<String>,
    /// Domains of its own mailboxes: never written to, unless it holds the network itself.
    #[serde(default)]
    pub domains: Vec<String>,
    /// The names under which it holds networks itself.
    #[serde(default)]
    pub holder: Option<Pattern>,
    /// Pause between two questions to one of its servers, where its terms ask for more than the usual.
    #[serde(default)]
    pub pace_ms: u64,
    /// Character set of its answers where they are not UTF-8.
    #[serde(default)]
    pub charset: Option<String>,
    /// How it is asked.
    #[serde(default)]
    pub ask: Ask,
    /// How it answers.
    #[serde(default)]
    pub dialect: Dialect,
    #[serde(rename = "match")]
    matches: Vec<Example>,
    #[serde(rename = "skip")]
    skips: Vec<Example>,
}

/// The forms of a question; `{target}` stands for the validated address, number, domain or handle.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ask {
    /// About an address.
    pub addr: String,
    /// About an autonomous system; `{target}` is its number alone.
    pub asn: String,
    /// About a domain.
    pub domain: String,
    /// About a handle that the server's own answer names; none: handles are not asked about.
    pub handle: Option<String>,
    /// What a handle looks like; anything else is not asked about.
    pub handle_form: Option<Pattern>,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            addr: "{target}".to_owned(),
            asn: "AS{target}".to_owned(),
            domain: "{target}".to_owned(),
            handle: None,
            handle_form: None,
        }
    }
}

/// An answer in the registry's form, and what it must give.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    /// The answer.
    answer: String,
    /// The address that was asked about.
    #[serde(default)]
    target: Option<IpAddr>,
    /// The mailboxes of the best recommended field; none for a `skip`.
    #[serde(default)]
    mailboxes: Vec<String>,
    /// The field that they stand in.
    #[serde(default)]
    field: Option<String>,
    /// The handle to ask about next.
    #[serde(default)]
    ask_next: Option<String>,
    /// The servers to ask next.
    #[serde(default)]
    refer: Vec<String>,
    /// Why a `skip` gives nothing.
    #[serde(default, rename = "why")]
    _why: Option<String>,
}

impl Registries {
    /// Reads the built-in files.
    pub(super) fn builtin() -> Result<Self, RuleError> {
        let mut rules = Vec::new();
        for (stem, text) in FILES {
            let file = format!("registries/{stem}.toml");
            let prefix = format!("registries-{stem}");
            let read = file::read(&file, &prefix, text, |rule: &Registry| Common {
                id: &rule.id,
                matches: rule.matches.len(),
                skips: rule.skips.len(),
            })?;
            rules.extend(read.into_iter().map(|rule| (file.clone(), rule)));
        }
        Ok(Self { rules })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for (file, rule) in &self.rules {
            let failed = |example: &Example, why: String| RuleError::Example {
                file: file.clone(),
                id: rule.id.clone(),
                why: format!(
                    "an example ({}) gives {why}",
                    example.answer.lines().next().unwrap_or_default()
                ),
            };
            for example in rule.matches.iter().chain(&rule.skips) {
                let reading = rule.dialect.read(&example.answer, example.target);
                let (field, mailboxes) = best(&reading);
                if mailboxes != example.mailboxes || field != example.field {
                    return Err(failed(example, format!("{mailboxes:?} in {field:?}")));
                }
                if reading.ask_next != example.ask_next {
                    return Err(failed(
                        example,
                        format!("the handle {:?}", reading.ask_next),
                    ));
                }
                if reading.refer != example.refer {
                    return Err(failed(example, format!("the servers {:?}", reading.refer)));
                }
                ran += 1;
            }
            for example in &rule.matches {
                if example.mailboxes.is_empty()
                    && example.ask_next.is_none()
                    && example.refer.is_empty()
                {
                    return Err(failed(
                        example,
                        "nothing, which is what a skip is for".to_owned(),
                    ));
                }
            }
        }
        Ok(ran)
    }

    /// Returns every registry.
    pub fn all(&self) -> impl Iterator<Item = &Registry> {
        self.rules.iter().map(|(_, rule)| rule)
    }

    /// Returns the registry that has this name in answers.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Registry> {
        self.all().find(|r| r.registry == name)
    }

    /// Returns the registry whose WHOIS or RDAP server this host is.
    #[must_use]
    pub fn of_server(&self, host: &str) -> Option<&Registry> {
        let host = host.trim_end_matches('.');
        self.all().find(|r| {
            r.whois
                .iter()
                .chain(&r.rdap)
                .any(|server| server.eq_ignore_ascii_case(host))
        })
    }

    /// Returns the registry whose own mailboxes are at this domain.
    #[must_use]
    pub fn of_mail_domain(&self, domain: &str) -> Option<&Registry> {
        self.all().find(|r| {
            r.domains.iter().any(|own| {
                domain
                    .strip_suffix(own.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            })
        })
    }

    /// Returns the registry that holds networks under this name.
    #[must_use]
    pub fn of_holder(&self, name: &str) -> Option<&Registry> {
        self.all()
            .find(|r| r.holder.as_ref().is_some_and(|p| p.is_in(name)))
    }
}

/// Returns the field of the best recommended findings, and their mailboxes, each once.
fn best(reading: &Reading) -> (Option<String>, Vec<String>) {
    let Some(first) = reading.found.iter().find(|f| f.recommended && !f.stub) else {
        return (None, Vec::new());
    };
    let mut mailboxes: Vec<String> = Vec::new();
    for finding in reading
        .found
        .iter()
        .filter(|f| f.recommended && f.tier == first.tier)
    {
        if !mailboxes.contains(&finding.text) {
            mailboxes.push(finding.text.clone());
        }
    }
    (Some(first.field.clone()), mailboxes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registry_reads_its_own_examples() {
        let registries = Registries::builtin().unwrap();
        assert!(registries.check().unwrap() >= 2 * registries.rules.len());
    }

    #[test]
    fn no_registry_file_is_left_out() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/registries");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let known: Vec<String> = FILES
            .iter()
            .map(|(stem, _)| format!("{stem}.toml"))
            .collect();
        assert_eq!(there, known);
    }

    #[test]
    fn a_registry_is_known_by_server_mail_domain_and_holder() {
        let registries = Registries::builtin().unwrap();
        let name = |r: Option<&Registry>| r.map(|r| r.registry.clone());
        assert_eq!(
            name(registries.of_server("WHOIS.ARIN.NET.")).as_deref(),
            Some("arin")
        );
        assert_eq!(
            name(registries.of_server("rdap.db.ripe.net")).as_deref(),
            Some("ripe")
        );
        assert_eq!(
            name(registries.of_mail_domain("apnic.net")).as_deref(),
            Some("apnic")
        );
        assert_eq!(
            name(registries.of_mail_domain("mail.apnic.net")).as_deref(),
            Some("apnic")
        );
        assert_eq!(name(registries.of_mail_domain("notapnic.net")), None);
        assert_eq!(
            name(registries.of_holder("RIPE Network Coordination Centre")).as_deref(),
            Some("ripe")
        );
        assert_eq!(name(registries.of_holder("Example Hosting")), None);
    }
}
