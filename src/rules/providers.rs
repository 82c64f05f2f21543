//! Large mail providers: which fields their own hosts write, and whose relays are vouched for.
//!
//! In: `rules/providers/large.toml`. Out: [`Providers`].
//! Trust: a provider is recognised only in a field that is already known to be the user's own, or by a name
//! that someone trusted checked; a name that a stranger wrote proves nothing.
//! Failures: [`RuleError`] with file and rule.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use super::RuleError;
use super::file::{self, Common};
use super::glob::{Globs, Text};
use super::sieve::{self, Sieve};

const FILE: &str = "providers/large.toml";

/// The providers that are known.
#[derive(Debug)]
pub struct Providers {
    rules: Vec<Provider>,
    /// Whose hosts may write under a name.
    writes: Sieve,
    /// Whose relays may bear a name.
    relays: Sieve,
}

/// One provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The rule's id.
    pub id: String,
    /// The provider's name.
    pub what: String,
    #[serde(rename = "why")]
    _why: Option<String>,
    #[serde(rename = "source")]
    _source: Vec<String>,
    #[serde(rename = "added")]
    _added: toml::value::Datetime,
    writes: Globs,
    /// Hosts under such names that run customers' own programs: what they note, the customer may have written.
    #[serde(default)]
    rented: Globs,
    #[serde(default)]
    inner_networks: Vec<IpNet>,
    #[serde(default)]
    relays: Globs,
    #[serde(default)]
    vouches: bool,
    #[serde(default)]
    attests_below: bool,
    /// Products and protocols of the hosts at which its own users hand in, whatever address they show.
    #[serde(default)]
    takes_in: Globs,
    /// Domains of its own whose SPF record names nothing but its relays.
    #[serde(default)]
    domains: Vec<String>,
    #[serde(rename = "match")]
    matches: Vec<Example>,
    #[serde(rename = "skip")]
    skips: Vec<Example>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    by: String,
    client: Option<IpAddr>,
}

impl Provider {
    /// Returns whether the provider's own hosts write fields under this name.
    #[must_use]
    pub fn writes(&self, by: &str) -> bool {
        self.writes_as(&Text::new(by))
    }

    fn writes_as(&self, by: &Text<'_>) -> bool {
        self.writes.fit(by) && !self.rented.fit(by)
    }

    /// Returns whether an address lies inside the provider's walls.
    #[must_use]
    pub fn holds(&self, addr: IpAddr) -> bool {
        self.inner_networks.iter().any(|net| net.contains(&addr))
    }

    /// Returns whether the provider writes its results below its own Received field, strangers' taken out.
    #[must_use]
    pub fn attests_below(&self) -> bool {
        self.attests_below
    }

    /// Returns whether a host of this product, or over this protocol, takes messages in from the provider's own users.
    #[must_use]
    pub fn takes_in(&self, text: &str) -> bool {
        self.takes_in.fit(&Text::new(text))
    }

    /// Returns whether a relay of this name, which somebody trusted checked, speaks the truth about its client.
    #[must_use]
    pub fn vouches_for(&self, relay: &str) -> bool {
        self.vouches && self.relays.fit(&Text::new(relay))
    }
}

impl Providers {
    /// Reads the file.
    pub(super) fn load() -> Result<Self, RuleError> {
        let text = include_str!("../../rules/providers/large.toml");
        let rules = file::read(FILE, "providers-", text, |rule: &Provider| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        sieve::demand_room(FILE, rules.len())?;
        Ok(Self {
            writes: Sieve::new(rules.iter().map(|rule| &rule.writes)),
            relays: Sieve::new(rules.iter().map(|rule| &rule.relays)),
            rules,
        })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for rule in &self.rules {
            let holds = |example: &Example| {
                rule.writes(&example.by) && example.client.is_none_or(|addr| rule.holds(addr))
            };
            let wrong = rule
                .matches
                .iter()
                .find(|example| !holds(example))
                .or_else(|| rule.skips.iter().find(|example| holds(example)));
            if let Some(example) = wrong {
                return Err(RuleError::Example {
                    file: FILE.to_owned(),
                    id: rule.id.clone(),
                    why: format!("{example:?}"),
                });
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }

    /// Returns the provider whose hosts write under this name; addresses alone name none.
    #[must_use]
    pub fn writing(&self, by: &str) -> Option<&Provider> {
        self.first_writing(by)
            .filter(|_| by.bytes().any(|octet| octet.is_ascii_alphabetic()))
    }

    /// Returns whether some provider's hosts write under this name, or this address.
    #[must_use]
    pub fn may_write(&self, by: &str) -> bool {
        self.first_writing(by).is_some()
    }

    fn first_writing(&self, by: &str) -> Option<&Provider> {
        let text = Text::new(by);
        sieve::places(self.writes.left(Some(&text)))
            .filter_map(|place| self.rules.get(place))
            .find(|rule| rule.writes_as(&text))
    }

    /// Returns the provider whose outgoing relay this is, if its relays are vouched for.
    #[must_use]
    pub fn vouching(&self, relay: &str) -> Option<&Provider> {
        sieve::places(self.relays.left(Some(&Text::new(relay))))
            .filter_map(|place| self.rules.get(place))
            .find(|rule| rule.vouches_for(relay))
    }

    /// Returns the provider whose relays alone may send for this domain, if they are vouched for.
    #[must_use]
    pub fn sending_for(&self, domain: &str) -> Option<&Provider> {
        self.rules.iter().find(|rule| {
            rule.vouches
                && rule
                    .domains
                    .iter()
                    .any(|own| own.eq_ignore_ascii_case(domain))
        })
    }
}
