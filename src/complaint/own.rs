//! What identifies the user: from his settings, and from what own hosts wrote into the message.
//!
//! In: [`Identity`], the message's header section, its trace. Out: [`Own`].
//! Standards: RFC 5321 §4.4 (`for` of a Received field), RFC 9228 (Delivered-To).
//! Trust: only fields above the boundary count, and the `for` of own hosts: below, the spam could name any
//! address as the user's and have it hidden.
//! Limits: a name that neither the settings nor an address holds is not known.

use crate::intake::Headers;
use crate::rules::Rules;
use crate::trace::{HopTrust, Trace};

use super::Identity;

/// Characters that a local part has at least, to identify by itself.
const TELLING_CHARS: usize = 5;

/// Characters from which on a plain word identifies.
const TELLING_PLAIN_CHARS: usize = 8;

/// Own addresses that one message may add.
const SHOWN_LIMIT: usize = 20;

/// What identifies the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Own {
    /// Own addresses, as written first.
    pub(crate) addresses: Vec<String>,
    /// Own names, nicks, numbers.
    pub(crate) words: Vec<String>,
    /// The own domain, where the user owns it.
    pub(crate) domain: Option<String>,
    /// Local parts among the addresses that are ordinary words, lower case.
    ordinary: Vec<String>,
}

impl Own {
    /// Collects what identifies the user in one message.
    pub(crate) fn of(
        identity: &Identity,
        headers: &Headers<'_>,
        trace: &Trace,
        rules: &Rules,
    ) -> Self {
        let mut own = Self {
            words: identity.also_mask.clone(),
            ..Self::default()
        };
        own.words.retain(|word| word.trim().chars().count() >= 2);
        own.add(identity.mailbox.as_str());
        for address in &identity.also_mine {
            own.add(address);
        }
        for address in shown(headers, trace, rules) {
            own.add(&address);
        }
        if identity.mask_domain {
            own.domain = Some(identity.mailbox.domain().to_owned());
        }
        own.ordinary = own
            .addresses
            .iter()
            .filter_map(|address| address.rsplit_once('@'))
            .flat_map(|(local, _)| [local, local.split('+').next().unwrap_or(local)])
            .map(str::to_ascii_lowercase)
            .filter(|local| rules.fields.is_ordinary(local))
            .collect();
        own
    }

    /// Returns what identifies the holder of addresses, for tests.
    #[cfg(test)]
    pub(crate) fn of_addresses(addresses: &[&str]) -> Self {
        Self {
            addresses: addresses
                .iter()
                .map(|&address| address.to_owned())
                .collect(),
            ..Self::default()
        }
    }

    fn add(&mut self, address: &str) {
        let known = |own: &String| own.eq_ignore_ascii_case(address);
        if address.contains('@') && !self.addresses.iter().any(known) {
            self.addresses.push(address.to_owned());
        }
    }

    /// Returns whether a bare local part says who somebody is.
    ///
    /// Not a role (`info`), not a plain short word (`anna`), nothing shorter than
    /// [`TELLING_CHARS`].
    pub(crate) fn is_telling(&self, local: &str) -> bool {
        let lower = local.to_ascii_lowercase();
        let marked = lower
            .bytes()
            .any(|octet| octet.is_ascii_digit() || b"._+-".contains(&octet));
        lower.len() >= TELLING_CHARS
            && (marked || lower.len() >= TELLING_PLAIN_CHARS)
            && !self.ordinary.contains(&lower)
    }
}

/// Returns the addresses that own hosts wrote into the message as the recipient's.
pub(crate) fn shown(headers: &Headers<'_>, trace: &Trace, rules: &Rules) -> Vec<String> {
    let Some(source) = &trace.source else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut received = 0;
    for field in headers.fields() {
        if field.is("Received") {
            if received == source.field {
                break;
            }
            received += 1;
        } else if rules.fields.is_recipient(field.name()) {
            found.extend(addresses_in(&field.text()));
        }
    }
    let own = trace.hops.iter().filter(|hop| {
        matches!(
            hop.trust,
            HopTrust::Internal | HopTrust::Boundary | HopTrust::Local
        )
    });
    let own = own.filter(|hop| hop.field <= source.field);
    // RFC 5321 §4.4: `for` names the one recipient of the transaction.
    found.extend(
        own.filter_map(|hop| hop.for_.as_deref())
            .flat_map(addresses_in),
    );
    found.extend(at_own_host(headers, trace, rules));
    found.truncate(SHOWN_LIMIT);
    found
}

/// Returns the addressees in the very domain that the boundary host serves: the user, or somebody of his house.
///
/// A store often writes another name into Delivered-To than the one mail is
/// addressed to. Addresses of the other side are none: spam forges its author
/// in the recipient's own domain.
fn at_own_host(headers: &Headers<'_>, trace: &Trace, rules: &Rules) -> Vec<String> {
    let boundary = trace
        .source
        .as_ref()
        .and_then(|source| trace.hops.iter().find(|hop| hop.field == source.field));
    let Some(by) = boundary.and_then(|hop| hop.by.as_deref()) else {
        return Vec::new();
    };
    let mut other_side = Vec::new();
    for name in ["From", "Sender", "Reply-To"] {
        other_side.extend(
            headers
                .all(name)
                .flat_map(|field| addresses_in(&field.text())),
        );
    }
    let addressees = headers
        .fields()
        .iter()
        .filter(|field| rules.fields.is_addressee(field.name()));
    addressees
        .flat_map(|field| addresses_in(&field.text()))
        .filter(|address| {
            let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
            domain.contains('.')
                && crate::evidence::lies_in(by.trim_end_matches('.'), domain)
                && !other_side
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(address))
        })
        .collect()
}

/// Returns what looks like an address in a text.
///
/// A local part is what stands before the `@` up to a blank, bracket, comma,
/// colon, semicolon or quote. RFC 5322 §3.4.1, read generously.
pub(crate) fn addresses_in(text: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "<>()[],:;\"\\".contains(c);
    text.split(ends)
        .filter_map(|piece| {
            let (local, domain) = piece.rsplit_once('@')?;
            let domain = domain.trim_end_matches('.');
            let fits = !local.is_empty()
                && local.len() <= 64
                && (1..=253).contains(&domain.len())
                && domain
                    .bytes()
                    .all(|o| o.is_ascii_alphanumeric() || b".-_".contains(&o) || o >= 0x80);
            fits.then(|| format!("{local}@{domain}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_any_dress() {
        assert_eq!(
            addresses_in(
                "\"Doe, Jane\" <jane@example.org>, (x) bob@example.net; mailto:c@d.example."
            ),
            ["jane@example.org", "bob@example.net", "c@d.example"]
        );
        assert!(addresses_in("no @ here, @example.org").is_empty());
    }

    #[test]
    fn roles_and_short_words_do_not_tell() {
        let own = Own::default();
        for local in ["jane.doe", "anna22", "janedoexy"] {
            assert!(own.is_telling(local), "{local}");
        }
        for local in ["anna", "jane", "peters", "me22"] {
            assert!(!own.is_telling(local), "{local}");
        }
    }
}
