//! Directories in the DNS: Abusix, abuse.net, Team Cymru; and the guesses that the DNS allows.
//!
//! In: an address or a domain. Out: [`Source`]s, the number of an autonomous system.
//! Standards: RFC 2142 §2 and §4 (abuse@), RFC 7505 (null MX), RFC 1035 §3.3.13 (SOA).
//! Trust: hostile text; what they say is judged like a registry's answer, and believed less.
//! Limits: abuse.net asks that tools show a report before it goes anywhere but to the host that handed over; consent does that.

use std::net::IpAddr;

use super::asker::{Asker, Trail};
use super::dns::{Found, reverse};
use super::rank::{Source, registered};
use super::{Confidence, Via};
use crate::rules::{Facts, Finding};

/// Zones of the directories; their names are their interface.
const ABUSIX: &str = "abuse-contacts.abusix.zone";
const ABUSE_NET: &str = "contacts.abuse.net";
const CYMRU_V4: &str = "origin.asn.cymru.com";
const CYMRU_V6: &str = "origin6.asn.cymru.com";

/// Mailboxes of one directory that are taken.
const MAILS_MAX: usize = 5;

fn source(via: Via, server: &str, findings: Vec<Finding>) -> Option<Source> {
    (!findings.is_empty()).then(|| Source {
        via,
        server: server.to_owned(),
        registry: None,
        trusted: true,
        facts: Facts::default(),
        findings,
        forms: Vec::new(),
    })
}

fn finding(text: &str, field: &str, confidence: Confidence, recommended: bool) -> Finding {
    Finding {
        text: text.to_owned(),
        field: field.to_owned(),
        confidence,
        recommended,
        tier: (0, 0),
        stub: false,
    }
}

/// Asks Abusix for an address; one text may hold several mailboxes.
pub(super) fn abusix(asker: &Asker<'_>, addr: IpAddr, trail: &mut Trail) -> Option<Source> {
    let Found::Some(texts) = asker.txt(&reverse(addr, ABUSIX, ABUSIX), trail) else {
        return None;
    };
    let findings = texts
        .iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|text| text.contains('@'))
        .take(MAILS_MAX)
        .map(|text| finding(text, "TXT", Confidence::Medium, true))
        .collect();
    source(Via::Abusix, ABUSIX, findings)
}

/// Asks abuse.net for a domain; its HINFO tells an entry from a guess.
pub(super) fn abuse_net(asker: &Asker<'_>, domain: &str, trail: &mut Trail) -> Option<Source> {
    let name = format!("{domain}.{ABUSE_NET}");
    let Found::Some(texts) = asker.txt(&name, trail) else {
        return None;
    };
    let is_entry = match asker.hinfo(&name, trail) {
        Found::Some(kinds) => kinds.iter().any(|kind| kind.eq_ignore_ascii_case("lookup")),
        _ => false,
    };
    let (field, confidence) = if is_entry {
        ("TXT (entry)", Confidence::Medium)
    } else {
        ("TXT (default)", Confidence::Low)
    };
    let findings = texts
        .iter()
        .map(|text| text.trim())
        .filter(|text| text.contains('@'))
        .take(MAILS_MAX)
        .map(|text| {
            // abuse.net lists operations desks beside the abuse desk; only an abuse mailbox is offered first.
            let is_first = is_entry && text.to_ascii_lowercase().starts_with("abuse");
            finding(
                text,
                field,
                confidence,
                is_first || is_entry && texts.len() == 1,
            )
        })
        .collect();
    source(Via::AbuseNet, ABUSE_NET, findings)
}

/// Returns the registered domain of the name that an address has in the DNS and that leads back to it.
pub(super) fn confirmed_domain(
    asker: &Asker<'_>,
    addr: IpAddr,
    trail: &mut Trail,
) -> Option<String> {
    let Found::Some(names) = asker.ptr(addr, trail) else {
        return None;
    };
    // A reverse entry is written by whoever holds the network; only the name's own holder can confirm it.
    let name = names
        .iter()
        .find(|name| super::target::Target::domain(name).is_some())?;
    match asker.addrs(name, trail) {
        Found::Some(addrs) if addrs.contains(&addr) => Some(registered(name)),
        _ => None,
    }
}

/// Guesses the mailbox that RFC 2142 asks every domain to have, where the domain takes mail.
pub(super) fn rfc2142(asker: &Asker<'_>, domain: &str, trail: &mut Trail) -> Option<Source> {
    // RFC 2142 §4, RFC 7505 §3: a domain with a null MX has no abuse@ either.
    match asker.mx(domain, trail) {
        Found::Some(_) => {}
        _ => return None,
    }
    let guess = finding(&format!("abuse@{domain}"), "abuse@", Confidence::Low, false);
    source(Via::Rfc2142, domain, vec![guess])
}

/// Reads the mailbox in the SOA of an address's reverse zone: often an operations desk, so a guess.
pub(super) fn soa(asker: &Asker<'_>, addr: IpAddr, trail: &mut Trail) -> Option<Source> {
    let IpAddr::V4(v4) = addr else { return None };
    let [a, b, c, _] = v4.octets();
    let zone = format!("{c}.{b}.{a}.in-addr.arpa");
    let Found::Some(names) = asker.soa(&zone, trail) else {
        return None;
    };
    let findings = names
        .iter()
        .filter_map(|name| mailbox_of(name))
        .take(1)
        .map(|mail| finding(&mail, super::cache::REVERSE_ZONE, Confidence::Low, false))
        .collect();
    source(Via::Rfc2142, &zone, findings)
}

/// Returns the mailbox that an SOA writes as a name. RFC 1035 §8: the first label is the local part, `\.` a dot in it.
pub(super) fn mailbox_of(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.');
    let mut local = String::new();
    let mut rest = name.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' => local.push(rest.next()?.1),
            '.' => {
                return Some(format!(
                    "{local}@{}",
                    name.get(at + 1..)?.to_ascii_lowercase()
                ));
            }
            c => local.push(c),
        }
    }
    None
}

/// Asks Team Cymru which autonomous system announces an address; of several the first.
pub(super) fn asn(asker: &Asker<'_>, addr: IpAddr, trail: &mut Trail) -> Option<u32> {
    let Found::Some(texts) = asker.txt(&reverse(addr, CYMRU_V4, CYMRU_V6), trail) else {
        return None;
    };
    // "64496 64497 | 192.0.2.0/24 | US | arin | 2000-01-01", the most specific prefix last or first: take the longest.
    texts
        .iter()
        .filter_map(|text| {
            let mut parts = text.split('|').map(str::trim);
            let number: u32 = parts.next()?.split_whitespace().next()?.parse().ok()?;
            let length: u8 = parts.next()?.split_once('/')?.1.parse().ok()?;
            Some((length, number))
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, number)| number)
}

/// Asks Team Cymru for the neighbours above the network of an address, nearest first.
pub(super) fn upstreams(asker: &Asker<'_>, addr: IpAddr, trail: &mut Trail) -> Vec<u32> {
    let IpAddr::V4(_) = addr else {
        return Vec::new();
    };
    let zone = "peer.asn.cymru.com";
    let Found::Some(texts) = asker.txt(&reverse(addr, zone, zone), trail) else {
        return Vec::new();
    };
    let mut numbers: Vec<u32> = Vec::new();
    for number in texts
        .iter()
        .filter_map(|text| text.split('|').next())
        .flat_map(str::split_whitespace)
        .filter_map(|word| word.parse().ok())
    {
        if !numbers.contains(&number) && numbers.len() < 2 {
            numbers.push(number);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soa_mailbox_is_a_name_whose_first_label_may_hold_a_dot() {
        assert_eq!(
            mailbox_of("hostmaster.example.net.").as_deref(),
            Some("hostmaster@example.net")
        );
        assert_eq!(
            mailbox_of("jane\\.doe.example.net.").as_deref(),
            Some("jane.doe@example.net")
        );
        assert_eq!(mailbox_of("."), None);
        assert_eq!(mailbox_of("nolabel"), None);
    }
}
