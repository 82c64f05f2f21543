//! Learns whose hosts the user's own are, from mail that he wanted.
//!
//! In: header sections of a few wanted messages. Out: [`Proposal`]s, each with its evidence. Pure.
//! Trust: wanted mail, too, was written by strangers below its boundary, and spam lies among it. Only fields of the own side
//! count, down to the first that only the user can say whose it is; nothing is believed before he agreed.
//! Limits: a host that hands over everything, from many senders, is his backup server or his forwarder: it is proposed as
//! either, and the user must say. Addresses that only one sender uses are that sender's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Asks, HopTrust, HostPattern, Judged, Texts, Trust, judge};
use crate::intake::{Headers, Untrusted};
use crate::rules::Rules;
use crate::rules::names::{domain_of, is_bare, registered, same_domain, same_host};

/// Senders whose mail must agree on a value before it is ticked: one may be the spammer.
const SENDERS: usize = 2;

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
    /// Whether it may stand ticked before the user read it: mail of several senders agrees, and nothing was in doubt.
    pub is_plain: bool,
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
    /// `local_programs`.
    LocalPrograms,
}

/// What speaks for one value.
#[derive(Debug, Default)]
struct Evidence {
    messages: usize,
    senders: BTreeSet<String>,
    said: Said,
}

/// What one message says about a value.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    /// Nothing but that it handed over: that is worth a look only across senders.
    #[default]
    Client,
    /// Why it is the own side's.
    Own(&'static str),
    /// Why it may be a forwarder.
    Forwards(String),
    /// What the user is asked about it.
    Asks(String),
}

/// Proposes hosts, networks and forwarders: first what is plain, then what has the most evidence.
#[must_use]
pub fn learn(messages: &[Headers<'_>], rules: &Rules) -> Vec<Proposal> {
    let mut found: BTreeMap<(Key, String), Evidence> = BTreeMap::new();
    for headers in messages {
        let texts = Texts::of(headers);
        let judged = judge(headers, &texts, &Trust::default(), rules);
        let author = headers
            .first("From")
            .map(|field| field.text().trim_end_matches('>').to_ascii_lowercase());
        let sender = author
            .as_deref()
            .and_then(domain_of)
            .and_then(registered)
            .unwrap_or_default();
        for (value, said) in own_side(&judged, rules).into_iter().chain(beyond(&judged)) {
            let evidence = found.entry(value).or_default();
            evidence.messages += 1;
            evidence.senders.insert(sender.to_owned());
            // What was in doubt once stays so.
            evidence.said = std::mem::take(&mut evidence.said).max(said);
        }
    }
    let mut proposals: Vec<Proposal> = found
        .into_iter()
        .filter_map(|((key, value), evidence)| proposal(key, value, &evidence, messages.len()))
        .collect();
    proposals.sort_by_key(|one| (!one.is_plain, std::cmp::Reverse(one.messages), one.key));
    proposals
}

/// Returns what the fields of the own side name: those that are surely of it.
fn own_side(judged: &Judged<'_>, rules: &Rules) -> BTreeMap<(Key, String), Said> {
    let mut seen = BTreeMap::new();
    let sure = judged.fields.iter().zip(&judged.verdicts).take(judged.sure);
    let own: Vec<_> = sure
        .map(|(field, (trust, _))| (&field.reading, *trust))
        .take_while(|(_, trust)| {
            matches!(
                trust,
                HopTrust::Internal | HopTrust::Boundary | HopTrust::Local
            )
        })
        .collect();
    for (at, (reading, trust)) in own.iter().enumerate() {
        let Some(by) = reading.by else { continue };
        if !is_bare(by) && registered(by).is_some() {
            let why = "it wrote the Received fields on your own side";
            seen.insert((Key::Hosts, by.to_ascii_lowercase()), Said::Own(why));
        }
        let provider = rules.providers.writing(by);
        let needs_naming = |addr: &IpAddr| {
            !addr.is_loopback() && !provider.is_some_and(|provider| provider.holds(*addr))
        };
        // A router that nobody tells from a machine has no name that the next field bears.
        let writes_next = own.get(at + 1).is_some_and(|(next, _)| {
            let names = reading.rdns.zip(next.by);
            names.is_some_and(|(name, by)| same_host(name, by) || same_domain(name, by))
        });
        // No more than the address itself: beside it stands the router, behind which strangers are.
        if let (HopTrust::Internal, Some(addr), true) =
            (trust, reading.addr.filter(needs_naming), writes_next)
        {
            let why = "a machine of your own side hands over from there";
            seen.insert((Key::Networks, addr.to_string()), Said::Own(why));
        }
    }
    seen
}

/// Returns who may be the own side's, too: what the user must be asked about, and who handed over.
fn beyond(judged: &Judged<'_>) -> Vec<((Key, String), Said)> {
    if let Some(question) = &judged.question {
        let is_addr = question.host.parse::<IpAddr>().is_ok();
        let host = question.host.to_ascii_lowercase();
        return match (question.asks, judged.forwarders.first()) {
            (Asks::OwnForwarder, Some(one)) => {
                vec![((Key::Forwarders, host), Said::Forwards(one.why.clone()))]
            }
            (Asks::LocalPrograms, _) => {
                vec![(
                    (Key::LocalPrograms, host),
                    Said::Asks(question.text.clone()),
                )]
            }
            _ if is_addr => vec![((Key::Networks, host), Said::Asks(question.text.clone()))],
            _ => vec![((Key::Hosts, host), Said::Asks(question.text.clone()))],
        };
    }
    let source = judged.source.as_ref();
    let field = source.and_then(|source| judged.fields.get(source.field));
    field
        .and_then(|field| field.reading.rdns)
        .map(|rdns| ((Key::Forwarders, rdns.to_ascii_lowercase()), Said::Client))
        .into_iter()
        .collect()
}

/// Returns a proposal where the evidence is enough.
fn proposal(key: Key, value: String, evidence: &Evidence, of: usize) -> Option<Proposal> {
    // What the settings cannot hold is not offered.
    if !HostPattern::takes(&value) {
        return None;
    }
    let shown = Untrusted::text(&value);
    let counted = format!("{} of {of} messages", evidence.messages);
    let senders = evidence.senders.iter().filter(|sender| !sender.is_empty());
    let why = match &evidence.said {
        Said::Own(why) => format!("{why} ({counted})"),
        Said::Forwards(why) | Said::Asks(why) => format!("{why} ({counted})"),
        // A host that hands over mail of several senders, none of whom is its own domain.
        Said::Client => {
            let own = registered(&value).unwrap_or_default();
            let strangers = senders.clone().filter(|sender| *sender != own).count();
            if strangers < 3 || evidence.senders.contains(own) {
                return None;
            }
            format!(
                "`{shown}` handed over {counted}, from {strangers} different senders: is it your backup server or forwarder?"
            )
        }
    };
    Some(Proposal {
        key,
        value,
        why,
        messages: evidence.messages,
        is_plain: matches!(evidence.said, Said::Own(_)) && senders.count() >= SENDERS,
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
    fn what_the_settings_cannot_hold_is_not_proposed() {
        let rules = Rules::builtin();
        let odd = |text: String| text.replace("by store.example.net", "by st~re.example.net");
        let texts = ["one.example", "two.example", "three.example"]
            .map(|sender| odd(message(sender, "out.shop.example", "192.0.2.9")));
        let headers: Vec<_> = texts
            .iter()
            .map(|text| Headers::parse(text.as_bytes()))
            .collect();
        let proposals = learn(&headers, &rules);
        assert!(!proposals.is_empty());
        for one in proposals {
            assert!(Trust::default().add(&one.value).is_ok(), "{}", one.value);
        }
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
            .map(|p| (p.key, p.value.as_str(), p.messages, p.is_plain))
            .collect();
        assert_eq!(
            values,
            [
                (Key::Hosts, "mx.example.net", 5, true),
                (Key::Hosts, "store.example.net", 5, true),
                (Key::Networks, "10.0.0.2", 5, true),
                (Key::Forwarders, "mx2.backup.example", 3, false),
            ]
        );
    }

    /// Learns from messages; returns what would be ticked, and what is offered with a question.
    fn learnt(texts: &[String]) -> (Vec<String>, Vec<String>) {
        let headers: Vec<_> = texts
            .iter()
            .map(|text| Headers::parse(text.as_bytes()))
            .collect();
        let (plain, asked): (Vec<_>, Vec<_>) = learn(&headers, &Rules::builtin())
            .into_iter()
            .partition(|one| one.is_plain);
        (
            plain.into_iter().map(|one| one.value).collect(),
            asked
                .into_iter()
                .map(|one| format!("{}: {}", one.value, one.why))
                .collect(),
        )
    }

    /// A message that `client` handed to mx.example.net, with a field below that bears its HELO.
    fn handed(sender: &str, helo: &str, client: &str) -> String {
        format!(
            "Return-Path: <a@{sender}>\n\
             Received: from {helo} ({client}) by mx.example.net (Postfix) with ESMTPS id 1 for <me@example.net>; Sat, 21 Nov 2026 10:00:01 +0000\n\
             Received: from web.example.org (web.example.org [198.51.100.9]) by {helo} (Postfix) with ESMTP id 2 for <me@example.net>; Sat, 21 Nov 2026 10:00:00 +0000\n\
             From: <a@{sender}>\n\n"
        )
    }

    #[test]
    fn nothing_behind_what_may_be_a_router_is_ticked() {
        let senders = ["one.example", "two.example", "evil.example"];
        let texts =
            senders.map(|sender| handed(sender, &format!("mail.{sender}"), "unknown [10.0.3.17]"));
        let (plain, asked) = learnt(&texts);
        assert_eq!(plain, ["mx.example.net"]);
        assert_eq!(
            asked,
            [
                "10.0.3.17: Is 10.0.3.17 a mail server of your own network (and not its router, firewall or proxy)? (3 of 3 messages)"
            ]
        );
    }

    #[test]
    fn another_customer_of_the_domain_is_asked_about_and_not_ticked() {
        let customer = |sender| {
            handed(
                sender,
                "smith.example.net",
                "smith.example.net [198.51.100.7]",
            )
        };
        let (plain, asked) = learnt(&["one.example", "two.example"].map(customer));
        assert_eq!(plain, ["mx.example.net"]);
        assert_eq!(
            asked,
            ["smith.example.net: Is `smith.example.net` your provider's server? (2 of 2 messages)"]
        );
    }

    #[test]
    fn one_sender_alone_ticks_nothing() {
        let text = handed(
            "one.example",
            "out.one.example",
            "out.one.example [192.0.2.9]",
        );
        let (plain, asked) = learnt(&[text.clone(), text]);
        assert!(plain.is_empty(), "{plain:?}");
        assert_eq!(
            asked,
            ["mx.example.net: it wrote the Received fields on your own side (2 of 2 messages)"]
        );
    }

    #[test]
    fn an_inner_address_without_a_name_of_its_own_is_not_proposed() {
        // A server that looks no names up: the address may be a router's, and the HELO a stranger's.
        let exchange = |sender: &str, by: &str| {
            format!(
                "Return-Path: <a@{sender}>\n\
                 Received: from mail.{sender} (10.0.3.17) by ex.example.net (10.0.3.2) with Microsoft SMTP Server id 15.1.2507.6; Sat, 21 Nov 2026 10:00:01 +0000\n\
                 Received: from web.example.org (web.example.org [198.51.100.9]) by {by} (Postfix) with ESMTP id 2; Sat, 21 Nov 2026 10:00:00 +0000\n\
                 From: <a@{sender}>\n\n"
            )
        };
        let (plain, asked) = learnt(&[
            exchange("one.example", "localhost"),
            exchange("two.example", "localhost"),
            exchange("evil.example", "other.evil.example"),
        ]);
        assert_eq!(plain, ["ex.example.net"]);
        assert!(asked.is_empty(), "{asked:?}");
    }
}
