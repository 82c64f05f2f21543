//! What the servers know: tables that a test can change while they run.
//!
//! The made-up internet has documentation addresses and `.example` names alone; the registries' WHOIS
//! servers bear their real names, because the rules know them by these, and resolve to loopback.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::dns::Record;
use super::fault::Fault;
use super::smtp::MailRules;

/// What an answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// A network; it answers for every address in it.
    Network(IpNet),
    /// An autonomous system, a domain or a handle, in lower case.
    Name(String),
}

impl About {
    /// Reads `192.0.2.0/25`, `as64496`, `shop.example`.
    pub(crate) fn new(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Name(text.to_ascii_lowercase()), Self::Network)
    }

    /// Returns how narrowly this is about a query, if it is: the prefix length, or more for a name.
    fn fits(&self, query: &str) -> Option<u16> {
        match self {
            Self::Network(network) => {
                let addr: IpAddr = query.parse().ok()?;
                network
                    .contains(&addr)
                    .then(|| u16::from(network.prefix_len()))
            }
            Self::Name(name) => name.eq_ignore_ascii_case(query).then_some(u16::MAX),
        }
    }
}

/// A table of answers.
pub(crate) type Answers = Vec<(About, String)>;

/// What the servers know, and how they fail.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    /// RDAP objects, as JSON; `@@RDAP@@` stands for the server's own base.
    pub(crate) rdap: Answers,
    /// WHOIS texts by server; the servers are those named when the world starts.
    pub(crate) whois: BTreeMap<String, Answers>,
    /// Records by name, lower case, without the last dot.
    pub(crate) dns: BTreeMap<String, Vec<Record>>,
    /// Faults of RDAP by the beginning of the path: `/rdap/ip/`, `/bootstrap/`.
    pub(crate) rdap_faults: Vec<(String, Fault)>,
    /// Faults of WHOIS by server.
    pub(crate) whois_faults: BTreeMap<String, Fault>,
    /// Fault of the name server.
    pub(crate) dns_fault: Option<Fault>,
    /// How the mail server behaves.
    pub(crate) mail: MailRules,
}

impl World {
    /// Returns the RDAP object for what stands in a path: an address, a network, a number, a name.
    pub(crate) fn rdap(&self, query: &str) -> Option<&str> {
        let query = query.replace("%3A", ":").replace("%3a", ":");
        let address = query.split('/').next().unwrap_or_default();
        // RFC 9082 §3.1.2: an autonomous system is asked for by its bare number.
        let number = format!("as{address}");
        best(&self.rdap, address).or_else(|| best(&self.rdap, &number))
    }

    /// Returns the text that a WHOIS server has for a query line, whatever flags stand in it.
    pub(crate) fn whois(&self, server: &str, line: &str) -> Option<&str> {
        best(self.whois.get(server)?, target(line))
    }

    /// Returns the WHOIS server that knows an answer to a query line.
    pub(crate) fn registry_of(&self, line: &str) -> Option<&str> {
        self.whois
            .iter()
            .find(|(_, answers)| best(answers, target(line)).is_some())
            .map(|(server, _)| server.as_str())
    }

    /// Replaces a text in every answer of RDAP, WHOIS and DNS: what a registry would do in an update.
    pub(crate) fn replace(&mut self, old: &str, new: &str) {
        let answers = self
            .rdap
            .iter_mut()
            .chain(self.whois.values_mut().flatten());
        for (_, text) in answers {
            *text = text.replace(old, new);
        }
        for record in self.dns.values_mut().flatten() {
            if let Record::Txt(text) = record {
                *text = text.replace(old, new);
            }
        }
    }

    /// Gives a name its records.
    pub(crate) fn name(&mut self, name: &str, records: impl IntoIterator<Item = Record>) {
        self.dns
            .entry(name.to_ascii_lowercase())
            .or_default()
            .extend(records);
    }
}

fn best<'a>(answers: &'a Answers, query: &str) -> Option<&'a str> {
    answers
        .iter()
        .filter_map(|(about, text)| Some((about.fits(query)?, text)))
        .max_by_key(|(narrow, _)| *narrow)
        .map(|(_, text)| text.as_str())
}

/// Returns what a WHOIS line asks about: its last word, without the `/e` of JPNIC.
fn target(line: &str) -> &str {
    let word = line.split_ascii_whitespace().last().unwrap_or_default();
    word.strip_suffix("/e").unwrap_or(word)
}
