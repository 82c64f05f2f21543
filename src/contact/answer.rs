//! What was judged becomes an answer; answers are added up.
//!
//! In: [`Source`]s, [`Judged`]. Out: [`Contacts`], [`Network`], [`Form`].
//! Trust: names and links of registries are escaped or checked here, once.

use super::asker::Trail;
use super::rank::{Judged, Source};
use super::{Confidence, Contacts, Form, Network, Role};
use crate::intake::Untrusted;
use crate::rules::{AddrRange, Facts, Rules};

/// Forms of one answer that are kept.
const FORMS_MAX: usize = 5;

/// Returns the smallest network that a registry names, with what others add to it.
pub(super) fn network(sources: &[Source], rules: &Rules) -> Option<Network> {
    let best = sources
        .iter()
        .filter(|s| s.trusted && !s.facts.stub)
        .filter_map(|s| Some((s, s.facts.range?)))
        .min_by_key(|(_, range): &(_, AddrRange)| range.size())?;
    let (source, range) = best;
    let shown = |text: &Option<String>| {
        text.as_ref()
            .map(|text| Untrusted::text(text).up_to(200).to_string())
    };
    let Facts {
        handle,
        name,
        holder,
        country,
        ..
    } = &source.facts;
    let registry = source.registry.clone().or_else(|| {
        // A mirror answered: the block says whose it is.
        let server = rules.bootstrap.for_addr(range.first).first()?;
        let host = url::Url::parse(server).ok()?.host_str()?.to_owned();
        rules
            .registries
            .of_server(&host)
            .map(|r| r.registry.clone())
    });
    Some(Network {
        first: range.first,
        last: range.last,
        handle: shown(handle),
        name: shown(name),
        holder: shown(holder),
        country: country
            .as_ref()
            .filter(|c| c.len() == 2 && c.bytes().all(|b| b.is_ascii_alphabetic()))
            .map(|c| c.to_ascii_uppercase()),
        registry,
    })
}

impl Contacts {
    /// Fills in what was judged.
    pub(super) fn finish(&mut self, judged: Judged, sources: &[Source], trail: Trail) {
        self.contacts = judged.contacts;
        self.refused = judged.refused;
        self.hops.extend(trail.hops);
        for form in sources.iter().filter(|s| s.trusted).flat_map(|s| &s.forms) {
            if !self.forms.contains(form) && self.forms.len() < FORMS_MAX {
                self.forms.push(form.clone());
            }
        }
        if self.contacts.is_empty() && self.forms.is_empty() && self.error.is_none() {
            self.error = Some("no contact was found".to_owned());
        }
    }

    /// Returns the same answer for another role.
    pub(super) fn for_role(mut self, role: Role) -> Self {
        self.contacts.iter_mut().for_each(|c| c.role = role);
        self
    }

    /// Marks contacts that were found for a domain in the place of a host below it.
    pub(super) fn unconfirmed(&mut self, domain: &str) {
        for contact in &mut self.contacts {
            contact.confidence = Confidence::Low;
            contact.field.push_str(&format!(
                " (unconfirmed: of {domain}, the host itself was not looked up)"
            ));
        }
    }

    /// Adds another answer: networks and errors of the first stand.
    pub fn take(&mut self, other: Self) {
        if self.network.is_none() {
            self.network = other.network;
        }
        self.asn = self.asn.or(other.asn);
        for contact in other.contacts {
            let same = |c: &&mut super::Contact| {
                c.mailbox.key() == contact.mailbox.key() && c.role == contact.role
            };
            match self.contacts.iter_mut().find(same) {
                Some(known) if contact.recommended && !known.recommended => *known = contact,
                Some(_) => {}
                None => self.contacts.push(contact),
            }
        }
        for form in other.forms {
            if !self.forms.contains(&form) {
                self.forms.push(form);
            }
        }
        for refused in other.refused {
            if !self.refused.contains(&refused) {
                self.refused.push(refused);
            }
        }
        self.hops.extend(other.hops);
        if self.contacts.is_empty() && self.forms.is_empty() {
            self.error = self.error.take().or(other.error);
        } else {
            self.error = None;
        }
    }
}

impl Form {
    /// Returns a form whose address is a plain web link.
    pub(super) fn checked(link: &str, desk: &str) -> Option<Self> {
        let url = url::Url::parse(link).ok()?;
        let plain = matches!(url.scheme(), "https" | "http")
            && url.host_str().is_some_and(|host| host.contains('.'))
            && url.username().is_empty()
            && url.password().is_none()
            && url.as_str().len() <= 500;
        plain.then(|| Self {
            url: url.to_string(),
            desk: Untrusted::text(desk).up_to(100).to_string(),
        })
    }
}
