//! What identifies the user: from his settings, and from what own hosts wrote into the message.
//!
//! In: [`Identity`], the message's header section, its trace. Out: [`Own`].
//! Standards: RFC 5321 §4.4 (`for` of a Received field), RFC 9228 (Delivered-To).
//! Trust: only fields above the boundary count, and the `for` of own hosts: below, the spam could name any
//! address as the user's and have it hidden. What it names there in the user's own domain counts as well.
//! Limits: a name that neither the settings nor an address holds is not known.

use crate::intake::Headers;
use crate::rules::Rules;
use crate::rules::names::lies_in;
use crate::trace::{HopTrust, Trace};

use super::Identity;

/// Characters that a local part has at least, to identify by itself.
const TELLING_CHARS: usize = 5;

/// Characters from which on a plain word identifies.
const TELLING_PLAIN_CHARS: usize = 8;

/// Own addresses that one message may add; those that own hosts wrote come first.
const SHOWN_LIMIT: usize = 50;

/// What identifies the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Own {
    /// Own addresses, as written first.
    pub(crate) addresses: Vec<String>,
    /// The same in other case, as some field writes them: a digest is made of one spelling.
    pub(crate) spellings: Vec<String>,
    /// Own names, nicks, numbers.
    pub(crate) words: Vec<String>,
    /// The own domain, where the user owns it.
    pub(crate) domain: Option<String>,
    /// Local parts among the addresses that are ordinary words, lower case.
    ordinary: Vec<String>,
}

impl Own {
    /// Collects what identifies the user in one message, of which he is [`shown`] as the recipient.
    pub(crate) fn of(identity: &Identity, shown: &[String], rules: &Rules) -> Self {
        let mut own = Self {
            words: identity.also_mask.clone(),
            ..Self::default()
        };
        own.words.retain(|word| word.trim().chars().count() >= 2);
        own.add(identity.mailbox.as_str());
        for address in &identity.also_mine {
            own.add(address);
        }
        for address in shown {
            own.add(address);
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
        if !address.contains('@') {
            return;
        }
        if !self.addresses.iter().any(known) {
            self.addresses.push(address.to_owned());
        } else if !self.addresses.iter().any(|own| own == address) {
            self.spellings.push(address.to_owned());
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
        } else if rules.fields.is_recipient(field) {
            found.extend(addresses_in(&field.text()));
        }
    }
    let own = trace
        .hops
        .iter()
        .filter(|hop| hop.field <= source.field && is_own(hop.trust));
    // RFC 5321 §4.4: `for` names the one recipient of the transaction.
    found.extend(
        own.filter_map(|hop| hop.for_.as_deref())
            .flat_map(addresses_in),
    );
    let fellows = in_own_house(headers, trace, rules, &found);
    found.extend(fellows);
    found.truncate(SHOWN_LIMIT);
    found
}

/// Returns the addresses of the user's own house wherever a message names recipients: his, or a fellow's of his.
///
/// A store often writes another name into Delivered-To than the one mail is
/// addressed to, and spam that is forged to look received lists the house's
/// addresses in lines of its own. Addresses of the other side are none: spam
/// forges its author in the recipient's own domain.
fn in_own_house(
    headers: &Headers<'_>,
    trace: &Trace,
    rules: &Rules,
    written: &[String],
) -> Vec<String> {
    let Some(source) = &trace.source else {
        return Vec::new();
    };
    let hosts: Vec<&str> = trace
        .hops
        .iter()
        .filter(|hop| hop.field <= source.field && is_own(hop.trust))
        .filter_map(|hop| hop.by.as_deref())
        .collect();
    let other_side: Vec<String> = ["From", "Sender", "Reply-To"]
        .into_iter()
        .flat_map(|name| headers.all(name))
        .flat_map(|field| addresses_in(&field.text()))
        .collect();
    let is_written = |domain: &str| {
        let mut domains = written.iter().filter_map(|address| domain_of(address));
        domains.any(|own| own.eq_ignore_ascii_case(domain) && !is_shared(own, rules))
    };
    named_recipients(headers, rules)
        .into_iter()
        .filter(|address| !written.contains(address))
        .filter(|address| {
            let Some(domain) = domain_of(address) else {
                return false;
            };
            let is_ours = is_written(domain)
                || (domain.contains('.') && hosts.iter().any(|host| lies_in(host, domain)));
            is_ours
                && !other_side
                    .iter()
                    .any(|one| one.eq_ignore_ascii_case(address))
        })
        .collect()
}

/// Returns every address that a message names as a recipient, whoever wrote it.
fn named_recipients(headers: &Headers<'_>, rules: &Rules) -> Vec<String> {
    let mut found = Vec::new();
    for field in headers.fields() {
        let text = field.text();
        if rules.fields.is_addressee(field.name()) || rules.fields.is_recipient(field) {
            found.extend(addresses_in(&text));
        } else if field.is("Received") {
            // RFC 5321 §4.4: `for` stands before the one recipient; a forged line has it, too.
            let mut words = text.split_whitespace();
            while words.by_ref().any(|word| word.eq_ignore_ascii_case("for")) {
                found.extend(words.next().map(addresses_in).unwrap_or_default());
            }
        }
    }
    found
}

fn domain_of(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

/// Returns whether strangers have mailboxes in a domain: there, a fellow's address tells nothing of the user.
fn is_shared(domain: &str, rules: &Rules) -> bool {
    let is_provider =
        |rule: &crate::rules::DeskRule| rule.roles.contains(&crate::contact::Role::Provider);
    rules.desks.about(domain).any(is_provider)
        || rules
            .refused
            .of_kind("weak", &format!("x@{domain}"))
            .is_some_and(|rule| rule.id.ends_with("freemail"))
}

const fn is_own(trust: HopTrust) -> bool {
    matches!(
        trust,
        HopTrust::Internal | HopTrust::Boundary | HopTrust::Local
    )
}

/// Returns what looks like an address in a text.
///
/// A local part is what stands before the `@` up to a blank, bracket, comma,
/// colon, semicolon or quote. RFC 5322 §3.4.1, read generously.
pub(crate) fn addresses_in(text: &str) -> Vec<String> {
    let marks = |c| {
        matches!(
            c,
            '<' | '>' | '(' | ')' | '[' | ']' | ',' | ':' | ';' | '"' | '\\'
        )
    };
    let ends = |c: char| marks(c) || c.is_whitespace() || c.is_control();
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
