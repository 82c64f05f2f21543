//! What a complaint says of its case, and what therefore is hidden for no address but one of the settings.
//!
//! In: the trace up to the boundary, the hosts of links, the desks. Out: whether a text could be taken for one of those.
//! Trust: where a domain takes every local part, the spam picks the one that own hosts write down: `192.0.2.7@example.org`,
//! `mail.spam.example@example.org`. To hide these would hide whom the complaint is about, or stop it.
//! Limits: a word that both the recipient's local part and the source's name hold stays.

use crate::evidence::Evidence;
use crate::trace::Trace;

/// Letters and digits from which on a fact within a local part counts.
const FACT_CHARS: usize = 5;

/// What a complaint says of its case, letters and digits alone.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Mailboxes of the desks, lower case.
    desks: Vec<String>,
    /// What own hosts saw, and whom the complaint goes to.
    named: Vec<String>,
    /// The hosts of links, each with what stands before its registered domain.
    hosts: Vec<(String, String)>,
}

impl Facts {
    /// Collects what is said of a case: links and mailboxes of the spam only where they are known.
    pub(crate) fn of(trace: &Trace, evidence: Option<&Evidence>, desks: &[&str]) -> Self {
        Self {
            desks: desks.iter().map(|desk| desk.to_ascii_lowercase()).collect(),
            named: named(trace, desks),
            hosts: hosts(evidence),
        }
    }

    /// Returns whether a bare local part could be taken for a fact, as it is, reversed, or turned by 13.
    pub(super) fn hold_word(&self, local: &str) -> bool {
        let plain = pressed(local);
        let reversed: String = plain.chars().rev().collect();
        let turned: String = plain.chars().map(turned).collect();
        [plain, reversed, turned].iter().any(|word| {
            let is_one = |fact: &String| {
                fact.contains(word.as_str())
                    || (fact.len() >= FACT_CHARS && word.contains(fact.as_str()))
            };
            // A label before the registered domain may be made for the recipient: that alone is none.
            self.named.iter().any(is_one)
                || self
                    .hosts
                    .iter()
                    .any(|(host, label)| is_one(host) && !label.contains(word.as_str()))
        })
    }

    /// Returns whether an address without its `@`, with another sign or none there, could be taken for a fact.
    pub(super) fn hold_joined(&self, address: &str) -> bool {
        let Some((local, domain)) = address.rsplit_once('@') else {
            return false;
        };
        let (local, domain) = (pressed(local), pressed(domain));
        [
            format!("{local}{domain}"),
            format!("{local}at{domain}"),
            format!("{domain}{local}"),
        ]
        .iter()
        .any(|joined| self.named.iter().any(|fact| fact.contains(joined.as_str())))
    }

    /// Returns whether an address is a desk's, or a part of a desk's.
    pub(super) fn hold_desk(&self, address: &str) -> bool {
        let address = address.to_ascii_lowercase();
        self.desks.iter().any(|desk| desk.contains(&address))
    }
}

/// Returns what own hosts saw, and whom the complaint goes to.
fn named(trace: &Trace, desks: &[&str]) -> Vec<String> {
    let mut named: Vec<String> = desks.iter().map(|desk| pressed(desk)).collect();
    let source = trace.source.as_ref();
    let origin = trace.origin.as_ref();
    let addrs = source.map(|source| source.addr);
    let addrs = addrs.into_iter().chain(origin.map(|origin| origin.addr));
    named.extend(addrs.map(|addr| pressed(&addr.to_string())));
    let seen = trace.hops.iter();
    for hop in seen.filter(|hop| source.is_some_and(|source| hop.field <= source.field)) {
        let names = [&hop.rdns, &hop.helo, &hop.by].into_iter().flatten();
        named.extend(names.map(|name| pressed(name)));
        named.push(pressed(&hop.date_text));
    }
    named.retain(|fact| !fact.is_empty());
    named
}

/// Returns the hosts of links, each with what stands before its registered domain.
fn hosts(evidence: Option<&Evidence>) -> Vec<(String, String)> {
    let links = evidence.map_or(&[][..], |evidence| &evidence.links);
    links
        .iter()
        .map(|link| {
            let domain = psl::domain_str(&link.host).unwrap_or(&link.host);
            let label = link.host.strip_suffix(domain).unwrap_or_default();
            (pressed(&link.host), pressed(label))
        })
        .collect()
}

/// Returns the letters and digits of a text, lower case: addresses and names are written with many signs between them.
fn pressed(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn turned(c: char) -> char {
    match c {
        'a'..='m' => char::from(c as u8 + 13),
        'n'..='z' => char::from(c as u8 - 13),
        c => c,
    }
}
