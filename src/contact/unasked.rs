//! What servers' answers say, read without asking a server: the doors of `tests/fuzz`.
//!
//! In: octets as a server could have sent them. Out: texts as the lookup would go on with them.
//! Standards: RFC 9083 (RDAP answers), RFC 1035 §8 (mailboxes as domain names).
//! Trust: hostile; nothing here decides anything.
//! Failures: none; what cannot be read gives nothing.

use std::net::IpAddr;

use super::rdap::Object;
use super::target::Target;
use super::{lists, remark, text};
use crate::rules::Rules;

/// Returns what an RDAP answer about an address names in the place of mailboxes, unchecked.
#[must_use]
pub fn rdap(octets: &[u8], addr: IpAddr, rules: &Rules) -> Vec<String> {
    let Ok(json) = serde_json::from_slice(octets) else {
        return Vec::new();
    };
    let object = Object::read(&json, &Target::Addr(addr), rules);
    let findings = object.findings.into_iter().map(|finding| finding.text);
    findings.chain(object.stubs).chain(object.related).collect()
}

/// Returns what WHOIS answers in this character set say, and which mailboxes a remark in them offers.
#[must_use]
pub fn whois(octets: &[u8], charset: Option<&str>, rules: &Rules) -> (String, usize) {
    let answer = text::decode(octets, charset);
    let offers = remark::read(&answer, rules).len();
    (answer, offers)
}

/// Returns the mailbox that a name in an SOA record stands for, unchecked.
#[must_use]
pub fn soa_mailbox(name: &str) -> Option<String> {
    lists::mailbox_of(name)
}
