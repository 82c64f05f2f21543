//! Learns whose hosts the user's own are, from mail that he wanted.
//!
//! In: header sections of a few wanted messages. Out: [`Proposal`]s, each with its evidence. Pure.
//! Trust: wanted mail, too, was written by strangers below its boundary; only fields of the own side count, and
//! nothing is believed before the user agreed.
//! Limits: a host that hands over everything, from many senders, is his backup server or his forwarder: it is proposed as
//! either, and the user must say. Addresses that only one sender uses are that sender's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{HopTrust, Trust, follow};
use crate::intake::{Headers, Untrusted};
use crate::rules::Rules;
use crate::rules::names::{domain_of, is_bare, registered};

/// What is proposed for `[trust]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Which key it belongs to.
    pub key: Key,
    /// The value: a host or a network.
    pub value: String,
    /// Why, in a sentence.
    pub why: String,
    /// Messages that support it.
    pub messages: usize,
}

/// A key of `[trust]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `hosts`.
    Hosts,
    /// `networks`.
    Networks,
    /// `forwarders`.
    Forwarders,
}

/// What speaks for one value.
#[derive(Debug, Default)]
struct Evidence {
    messages: usize,
    senders: BTreeSet<String>,
    why: String,
}

/// Proposes hosts, networks and forwarders, those with the most evidence first.
#[must_use]
pub fn learn(messages: &[Headers<'_>], rules: &Rules) -> Vec<Proposal> {
    let mut found: BTreeMap<(Key, String), Evidence> = BTreeMap::new();
    for headers in messages {
        let trace = follow(headers, &Trust::default(), rules);
        let author = headers
            .first("From")
            .map(|field| field.text().trim_end_matches('>').to_ascii_lowercase());
        let sender = author
            .as_deref()
            .and_then(domain_of)
            .and_then(registered)
            .unwrap_or_default()
            .to_owned();
        let mut seen: BTreeMap<(Key, String), String> = BTreeMap::new();
        for hop in &trace.hops {
            if !matches!(
                hop.trust,
                HopTrust::Internal | HopTrust::Boundary | HopTrust::Local
            ) {
                break;
            }
            let by = hop
                .by
                .as_deref()
                .filter(|by| !is_bare(by) && registered(by).is_some());
            if let Some(by) = by {
                seen.entry((Key::Hosts, by.to_ascii_lowercase()))
                    .or_insert_with(|| "it wrote the Received fields on your own side".to_owned());
            }
            let provider = hop.by.as_deref().and_then(|by| rules.providers.writing(by));
            let needs_naming = |addr: &IpAddr| {
                !addr.is_loopback() && !provider.is_some_and(|provider| provider.holds(*addr))
            };
            // No more than the address itself: beside it stands the router, behind which strangers are.
            if let (HopTrust::Internal, Some(addr)) =
                (hop.trust, hop.client_addr.filter(needs_naming))
            {
                seen.entry((Key::Networks, addr.to_string()))
                    .or_insert_with(|| {
                        "a machine of your own side hands over from there".to_owned()
                    });
            }
        }
        for forwarder in &trace.forwarders {
            seen.insert(
                (Key::Forwarders, forwarder.host.clone()),
                forwarder.why.clone(),
            );
        }
        // Who hands over is worth a look only across senders.
        if let (Some(source), true) = (&trace.source, trace.forwarders.is_empty())
            && let Some(rdns) = trace
                .hops
                .get(source.field)
                .and_then(|hop| hop.rdns.as_deref())
        {
            seen.entry((Key::Forwarders, rdns.to_ascii_lowercase()))
                .or_default();
        }
        for (value, why) in seen {
            let evidence = found.entry(value).or_default();
            evidence.messages += 1;
            evidence.senders.insert(sender.clone());
            if evidence.why.is_empty() {
                evidence.why = why;
            }
        }
    }
    let mut proposals: Vec<Proposal> = found
        .into_iter()
        .filter_map(|((key, value), evidence)| proposal(key, value, &evidence, messages.len()))
        .collect();
    proposals.sort_by_key(|proposal| (std::cmp::Reverse(proposal.messages), proposal.key));
    proposals
}

/// Returns a proposal where the evidence is enough.
fn proposal(key: Key, value: String, evidence: &Evidence, of: usize) -> Option<Proposal> {
    let shown = Untrusted::text(&value).up_to(100).to_string();
    let counted = format!("{} of {of} messages", evidence.messages);
    let why = if evidence.why.is_empty() {
        // A host that hands over mail of several senders, none of whom is its own domain.
        let own = registered(&value).unwrap_or_default();
        let strangers = evidence
            .senders
            .iter()
            .filter(|sender| !sender.is_empty() && *sender != own)
            .count();
        if strangers < 3 || evidence.senders.contains(own) {
            return None;
        }
        format!(
            "`{shown}` handed over {counted}, from {strangers} different senders: is it your backup server or forwarder?"
        )
    } else {
        format!("{} ({counted})", evidence.why)
    };
    Some(Proposal {
        key,
        value: shown,
        why,
        messages: evidence.messages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(sender: &str, client: &str, addr: &str) -> String {
        format!(
            "Received: from mx.example.net (mx.example.net [10.0.0.2]) by store.example.net (Postfix) with ESMTP id 1 for <me@example.net>; Sat, 21 Nov 2026 10:00:01 +0000\n\
             Received: from {client} ({client} [{addr}]) by mx.example.net (Postfix) with ESMTP id 2 for <me@example.net>; Sat, 21 Nov 2026 10:00:00 +0000\n\
             From: <a@{sender}>\n\n"
        )
    }

    #[test]
    fn own_hosts_and_a_backup_server_are_proposed_and_a_sender_is_not() {
        let rules = Rules::builtin();
        let texts = [
            message("one.example", "mx2.backup.example", "192.0.2.2"),
            message("two.example", "mx2.backup.example", "192.0.2.2"),
            message("three.example", "mx2.backup.example", "192.0.2.2"),
            message("shop.example", "out.shop.example", "192.0.2.9"),
            message("shop.example", "out.shop.example", "192.0.2.9"),
        ];
        let headers: Vec<_> = texts
            .iter()
            .map(|text| Headers::parse(text.as_bytes()))
            .collect();
        let proposals = learn(&headers, &rules);
        let values: Vec<_> = proposals
            .iter()
            .map(|p| (p.key, p.value.as_str(), p.messages))
            .collect();
        assert_eq!(
            values,
            [
                (Key::Hosts, "mx.example.net", 5),
                (Key::Hosts, "store.example.net", 5),
                (Key::Networks, "10.0.0.2", 5),
                (Key::Forwarders, "mx2.backup.example", 3),
            ]
        );
    }
}
