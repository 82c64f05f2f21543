//! What identifies the user: from his settings, and from what own hosts wrote into the message.
//!
//! In: [`Identity`], the message's header section, its trace. Out: [`Own`].
//! Standards: RFC 5321 §4.4 (`for` of a Received field), RFC 9228 (Delivered-To).
//! Trust: only fields above the boundary count, and the `for` of own hosts: below, the spam could name any
//! address as the user's and have it hidden. What it names there in the user's own domain is hidden as a
//! whole, never by its local part alone; and where a domain takes every local part, own hosts write what the
//! spam chose: what could be taken for a fact of the [`case`](Facts) is not looked for.
//! Limits: a name that neither the settings nor an address holds is not known; of the complaint's own name, only the whole.

use std::collections::BTreeMap;

use crate::intake::{Message, loose};
use crate::rules::Rules;
use crate::rules::names::lies_in;
use crate::trace::{HopTrust, Trace};

use super::Identity;

// what is said of the case, and never hidden
mod facts;

pub(crate) use facts::Facts;

/// Characters that a local part has at least, to identify by itself.
const TELLING_CHARS: usize = 5;

/// Characters from which on a plain word identifies.
const TELLING_PLAIN_CHARS: usize = 8;

/// Own addresses that one message may add; those that own hosts wrote come first.
const SHOWN_LIMIT: usize = 50;

/// Recipients that a message names, of which so many are looked at.
const NAMED_LIMIT: usize = 50_000;

/// What identifies the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Own {
    /// Own addresses, as written first.
    pub(crate) addresses: Vec<String>,
    /// The same in other case, as some field writes them: a digest is made of one spelling.
    pub(crate) spellings: Vec<String>,
    /// Own names, nicks, numbers.
    pub(crate) words: Vec<String>,
    /// The own domains, where the user owns them.
    pub(crate) domains: Vec<String>,
    /// Addresses that are looked for with their `@` or `=` alone: written otherwise, a fact of the case reads the same.
    pub(crate) exact: Vec<String>,
    /// Local parts that identify by themselves, lower case, and whether the settings name them.
    locals: BTreeMap<String, bool>,
}

impl Own {
    /// Collects what identifies the user wherever he is, as his settings say.
    pub(crate) fn of_settings(identity: &Identity, rules: &Rules) -> Self {
        let mut own = Self {
            words: identity.also_mask.clone(),
            ..Self::default()
        };
        own.words.retain(|word| word.trim().chars().count() >= 2);
        own.words.extend(full_name(&identity.name, rules));
        let mine = std::iter::once(identity.mailbox.as_str())
            .chain(identity.also_mine.iter().map(String::as_str));
        for address in mine {
            own.add(address);
            own.add_local(address, None, rules);
        }
        if identity.mask_domain {
            let mine = own
                .addresses
                .iter()
                .filter_map(|address| domain_of(address));
            let mine = mine.filter(|domain| !is_shared(domain, rules));
            own.domains = mine.map(str::to_ascii_lowercase).collect();
            own.domains.sort_unstable();
            own.domains.dedup();
        }
        own
    }

    /// Collects what identifies the user in one message, of which he is [`Shown`] as the recipient.
    pub(crate) fn of(identity: &Identity, shown: &Shown, facts: &Facts, rules: &Rules) -> Self {
        let mut own = Self::of_settings(identity, rules);
        for address in &shown.written {
            if own.add_shown(address, facts) {
                own.add_local(address, Some(facts), rules);
            }
        }
        for address in &shown.named {
            own.add_shown(address, facts);
        }
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
            locals: addresses
                .iter()
                .flat_map(|address| bare(address))
                .map(|local| (local, true))
                .collect(),
            ..Self::default()
        }
    }

    /// Adds an address that the settings do not name; returns whether it is looked for.
    fn add_shown(&mut self, address: &str, facts: &Facts) -> bool {
        let is_new = !self.holds(address);
        if is_new && facts.hold_desk(address) {
            return false;
        }
        self.add(address);
        if is_new && facts.hold_joined(address) {
            self.exact.push(address.to_owned());
        }
        true
    }

    /// Adds the local part of an address, where it identifies by itself; one that the settings do not name must be no fact.
    fn add_local(&mut self, address: &str, facts: Option<&Facts>, rules: &Rules) {
        for local in bare(address).filter(|local| !rules.fields.is_ordinary(local)) {
            if self.locals.contains_key(&local) {
                continue;
            }
            // What no letter is in may be an address, a date, or a number that something else has, too.
            let may_tell = facts.is_none_or(|facts| {
                local.chars().any(char::is_alphabetic) && !facts.hold_word(&local)
            });
            if may_tell {
                self.locals.insert(local, facts.is_none());
            }
        }
    }

    fn holds(&self, address: &str) -> bool {
        let known = |own: &String| own.eq_ignore_ascii_case(address);
        self.addresses.iter().any(known)
    }

    fn add(&mut self, address: &str) {
        if !address.contains('@') {
            return;
        }
        if !self.holds(address) {
            self.addresses.push(address.to_owned());
            self.addresses.extend(in_other_labels(address));
        } else if !self.addresses.iter().any(|own| own == address) {
            self.spellings.push(address.to_owned());
        }
    }

    /// Returns whether the settings name a local part that says who somebody is by itself; `None` where it does not say.
    pub(crate) fn telling(&self, local: &str) -> Option<bool> {
        self.locals.get(&local.to_ascii_lowercase()).copied()
    }
}

/// Returns a name if it is a person's in full: mail greets by it.
///
/// Not one word, which others have, too; not `Abuse Team`, not `J. Roe`.
fn full_name(name: &str, rules: &Rules) -> Option<String> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let is_long = |word: &&&str| word.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    let is_ordinary = |word: &&str| rules.fields.is_ordinary(word);
    let is_full = words.iter().filter(is_long).count() >= 2
        && name.chars().filter(|c| c.is_alphabetic()).count() >= TELLING_CHARS
        && !words.iter().any(is_ordinary);
    is_full.then(|| words.join(" "))
}

/// Returns the local part of an address and its base, lower case, as far as they tell by themselves.
fn bare(address: &str) -> impl Iterator<Item = String> {
    let local = local_of(address);
    [local, local.split('+').next().unwrap_or(local)]
        .into_iter()
        .filter(|local| is_telling(local))
        .map(str::to_ascii_lowercase)
}

/// Returns an address of an international domain as it is written otherwise: in letters, also in capital ones, or in A-labels.
///
/// RFC 5890 §2.3.2.1: U-labels and A-labels are two forms of the same name.
fn in_other_labels(address: &str) -> Vec<String> {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Vec::new();
    };
    let Ok(ascii) = idna::domain_to_ascii(domain) else {
        return Vec::new();
    };
    let (letters, read) = idna::domain_to_unicode(&ascii);
    if read.is_err() || letters == ascii {
        return Vec::new();
    }
    let mut others = vec![ascii, letters.to_uppercase(), letters];
    others.retain(|other| other != domain);
    others
        .into_iter()
        .map(|other| format!("{local}@{other}"))
        .collect()
}

fn local_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(local, _)| local)
}

/// Returns whether a bare local part may say who somebody is.
///
/// Not a plain short word (`anna`), nothing shorter than [`TELLING_CHARS`].
fn is_telling(local: &str) -> bool {
    let marks = |octet: u8| octet.is_ascii_digit() || b"._+-".contains(&octet);
    local.len() >= TELLING_CHARS && (local.len() >= TELLING_PLAIN_CHARS || local.bytes().any(marks))
}

/// Addresses of the recipient's side that a message shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Those that own hosts wrote as the recipient's.
    pub(crate) written: Vec<String>,
    /// Those of the same house that the message names, whoever wrote them.
    pub(crate) named: Vec<String>,
}

impl Shown {
    /// Returns whether the message shows an address.
    pub(crate) fn holds(&self, address: &str) -> bool {
        let mut all = self.written.iter().chain(&self.named);
        all.any(|shown| shown.eq_ignore_ascii_case(address))
    }
}

/// Returns the addresses that own hosts wrote into the message as the recipient's, and those of his own house.
pub(crate) fn shown(message: &Message, trace: &Trace, rules: &Rules) -> Shown {
    let headers = message.headers();
    let Some(source) = &trace.source else {
        return Shown::default();
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
    found.truncate(SHOWN_LIMIT);
    let mut named = in_own_house(message, trace, rules, &found);
    named.truncate(SHOWN_LIMIT - found.len());
    Shown {
        written: found,
        named,
    }
}

/// Returns the addresses of the user's own house wherever a message names recipients: his, or a fellow's of his.
///
/// A store often writes another name into Delivered-To than the one mail is
/// addressed to, and spam that is forged to look received lists the house's
/// addresses in lines of its own. Addresses of the other side are none: spam
/// forges its author in the recipient's own domain.
fn in_own_house(
    message: &Message,
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
        // Around a large provider's host, everybody lives.
        .filter(|by| rules.providers.writing(by).is_none())
        .collect();
    let headers = message.headers();
    let other_side: Vec<String> = ["From", "Sender", "Reply-To"]
        .into_iter()
        .flat_map(|name| headers.all(name))
        .flat_map(|field| addresses_in(&field.text()))
        .collect();
    let is_written = |domain: &str| {
        let mut domains = written.iter().filter_map(|address| domain_of(address));
        domains.any(|own| own.eq_ignore_ascii_case(domain) && !is_shared(own, rules))
    };
    named_recipients(message.octets(), rules)
        .into_iter()
        .filter(|address| !written.contains(address))
        .filter(|address| {
            let Some(domain) = domain_of(address) else {
                return false;
            };
            let is_house =
                || domain.contains('.') && hosts.iter().any(|host| lies_in(host, domain));
            let is_ours = is_written(domain) || (is_house() && !is_shared(domain, rules));
            is_ours
                && !other_side
                    .iter()
                    .any(|one| one.eq_ignore_ascii_case(address))
        })
        .collect()
}

/// Returns every address that a message names as a recipient, whoever wrote it.
fn named_recipients(octets: &[u8], rules: &Rules) -> Vec<String> {
    let mut found = Vec::new();
    for field in loose(octets) {
        let text = || String::from_utf8_lossy(octets.get(field.value.clone()).unwrap_or_default());
        if found.len() >= NAMED_LIMIT {
            break;
        }
        if rules.fields.names_recipients(&field.name) {
            found.extend(addresses_in(&text()));
        } else if field.name.eq_ignore_ascii_case(b"Received") {
            // RFC 5321 §4.4: `for` stands before the one recipient; a forged line has it, too.
            let text = text();
            let mut words = text.split_whitespace();
            while words.by_ref().any(|word| word.eq_ignore_ascii_case("for")) {
                found.extend(words.next().map(addresses_in).unwrap_or_default());
            }
        }
    }
    found.truncate(NAMED_LIMIT);
    found
}

fn domain_of(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

/// Returns whether strangers have mailboxes in a domain: there, a fellow's address tells nothing of the user.
pub(crate) fn is_shared(domain: &str, rules: &Rules) -> bool {
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
    fn a_name_in_full_is_a_persons_and_no_role() {
        let rules = Rules::builtin();
        for name in ["Jane Quentin Doe", "Li Wei", "Jane Q. D\u{f6}e"] {
            assert_eq!(full_name(name, &rules).as_deref(), Some(name));
        }
        for name in ["", "Jane", "J. Roe", "Abuse Team", "Mail Support", "A B"] {
            assert_eq!(full_name(name, &rules), None, "{name}");
        }
    }

    #[test]
    fn an_international_domain_is_known_in_letters_and_in_a_labels() {
        for address in ["anna@xn--mller-kva.example", "anna@m\u{fc}ller.example"] {
            let mut own = Own::default();
            own.add(address);
            for other in ["xn--mller-kva", "m\u{fc}ller", "M\u{dc}LLER"] {
                assert!(own.holds(&format!("anna@{other}.example")), "{other}");
            }
        }
        let mut own = Own::default();
        own.add("anna@example.org");
        assert_eq!(own.addresses.len(), 1);
    }

    #[test]
    fn roles_and_short_words_do_not_tell() {
        for local in ["jane.doe", "anna22", "janedoexy"] {
            assert!(is_telling(local), "{local}");
        }
        for local in ["anna", "jane", "peters", "me22"] {
            assert!(!is_telling(local), "{local}");
        }
    }
}
