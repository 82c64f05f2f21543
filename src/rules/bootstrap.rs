//! Which RDAP server answers for what, as built in.
//!
//! In: `rules/bootstrap/*.toml`. Out: [`Bootstrap`].
//! Standards: RFC 9224 §4 and §5 (what the registries of IANA map), in our own short form.
//! Limits: a snapshot; `contact` refreshes what it can from IANA.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use toml::value::Datetime;

use super::RuleError;
use super::file::{self, Common};

/// The files, embedded.
const FILES: &[(&str, &str)] = &[
    (
        "bootstrap/domains.toml",
        include_str!("../../rules/bootstrap/domains.toml"),
    ),
    (
        "bootstrap/networks.toml",
        include_str!("../../rules/bootstrap/networks.toml"),
    ),
];

/// The built-in map.
#[derive(Debug)]
pub struct Bootstrap {
    rules: Vec<(&'static str, Rule)>,
}

/// What one operator's servers answer for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    #[serde(rename = "what")]
    _what: String,
    #[serde(rename = "source")]
    _source: Vec<String>,
    #[serde(rename = "added")]
    _added: Datetime,
    rdap: Vec<String>,
    #[serde(default)]
    v4: Runs,
    #[serde(default)]
    v6: Vec<IpNet>,
    #[serde(default)]
    asn: Runs,
    #[serde(default)]
    tld: Vec<String>,
    #[serde(rename = "match")]
    matches: Vec<String>,
    #[serde(rename = "skip")]
    skips: Vec<String>,
}

/// Numbers as `41 102 154-155`.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
struct Runs(Vec<(u32, u32)>);

impl TryFrom<String> for Runs {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.split_whitespace()
            .map(|run| {
                let (first, last) = run.split_once('-').unwrap_or((run, run));
                Ok((first.parse()?, last.parse()?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Runs {
    fn holds(&self, number: u32) -> bool {
        self.0.iter().any(|(a, b)| (*a..=*b).contains(&number))
    }
}

impl Rule {
    fn holds(&self, example: &str) -> bool {
        if let Ok(addr) = example.parse::<IpAddr>() {
            self.holds_addr(addr)
        } else if let Some(number) = example.strip_prefix("AS").and_then(|n| n.parse().ok()) {
            self.asn.holds(number)
        } else {
            self.holds_domain(example)
        }
    }

    fn holds_addr(&self, addr: IpAddr) -> bool {
        match addr {
            IpAddr::V4(v4) => self.v4.holds(u32::from(v4.octets()[0])),
            IpAddr::V6(_) => self.v6.iter().any(|net| net.contains(&addr)),
        }
    }

    fn holds_domain(&self, domain: &str) -> bool {
        let tld = domain.rsplit('.').next().unwrap_or_default();
        self.tld.iter().any(|own| own.eq_ignore_ascii_case(tld))
    }
}

impl Bootstrap {
    /// Reads the built-in files.
    pub(super) fn builtin() -> Result<Self, RuleError> {
        let mut rules = Vec::new();
        for (file, text) in FILES {
            let prefix = file.trim_end_matches(".toml").replace('/', "-");
            let read = file::read(file, &prefix, text, |rule: &Rule| Common {
                id: &rule.id,
                matches: rule.matches.len(),
                skips: rule.skips.len(),
            })?;
            rules.extend(read.into_iter().map(|rule| (*file, rule)));
        }
        Ok(Self { rules })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for (file, rule) in &self.rules {
            let failed = |text: &String, should: &str| RuleError::Example {
                file: (*file).to_owned(),
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

    /// Returns the servers for an address, best first; empty where none is known.
    #[must_use]
    pub fn for_addr(&self, addr: IpAddr) -> &[String] {
        self.first(|rule| rule.holds_addr(addr))
    }

    /// Returns the servers for an autonomous system.
    #[must_use]
    pub fn for_asn(&self, asn: u32) -> &[String] {
        self.first(|rule| rule.asn.holds(asn))
    }

    /// Returns the servers for a domain.
    #[must_use]
    pub fn for_domain(&self, domain: &str) -> &[String] {
        self.first(|rule| rule.holds_domain(domain))
    }

    fn first(&self, holds: impl Fn(&Rule) -> bool) -> &[String] {
        self.rules
            .iter()
            .find(|(_, rule)| holds(rule))
            .map_or(&[], |(_, rule)| &rule.rdap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_finds_its_registry() {
        let bootstrap = Bootstrap::builtin().unwrap();
        assert!(bootstrap.check().unwrap() > 40);
        let addr = |text: &str| bootstrap.for_addr(text.parse().unwrap()).first().cloned();
        assert_eq!(
            addr("8.8.8.8").as_deref(),
            Some("https://rdap.arin.net/registry/")
        );
        assert_eq!(
            addr("193.0.6.139").as_deref(),
            Some("https://rdap.db.ripe.net/")
        );
        assert_eq!(
            addr("2a00::1").as_deref(),
            Some("https://rdap.db.ripe.net/")
        );
        assert!(
            bootstrap
                .for_domain("www.example.com")
                .first()
                .is_some_and(|u| u.contains("verisign"))
        );
        assert!(bootstrap.for_domain("example.example").is_empty());
        assert!(bootstrap.for_asn(4_294_967_295).is_empty());
    }

    #[test]
    fn no_bootstrap_file_is_left_out() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/bootstrap");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), FILES.len());
    }
}
