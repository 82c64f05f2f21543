//! Shows a message at the point where it came into the user's own side's hands.
//!
//! In: headers, [`Received`] fields, where the own side ends. Out: [`Handover`], [`Client`].
//! Standards: RFC 5598 §2.3 (administrative domains), RFC 5321 §4.4 (who passes a message on wrote a field).
//! Trust: the own side's fields are believed; what stands below them the client may have made up.
//! Failures: none; without a field at the boundary there is no handover.

use super::Trust;
use super::field::Received;
use super::recipients::Recipients;
use crate::intake::{Headers, Untrusted};
use crate::rules::Rules;
use crate::rules::names::{domain_of, registered, same_domain, same_host};

/// A message at its boundary.
pub(super) struct Handover<'m> {
    pub(super) headers: &'m Headers<'m>,
    /// The own side's fields, newest first; the last one is the boundary.
    pub(super) own: &'m [Received<'m>],
    /// The boundary field.
    pub(super) last_own: &'m Received<'m>,
    /// What stands below it.
    pub(super) below: &'m [Received<'m>],
    pub(super) trust: &'m Trust,
    pub(super) rules: &'m Rules,
}

impl<'m> Handover<'m> {
    /// Returns the message at a boundary.
    pub(super) fn at(
        boundary: usize,
        headers: &'m Headers<'m>,
        fields: &'m [Received<'m>],
        trust: &'m Trust,
        rules: &'m Rules,
    ) -> Option<Self> {
        let (own, below) = fields.split_at_checked(boundary + 1)?;
        Some(Self {
            headers,
            own,
            last_own: own.last()?,
            below,
            trust,
            rules,
        })
    }

    /// Returns the mailboxes that the own side received the message for.
    pub(super) fn recipients(&self) -> Recipients<'m> {
        Recipients::of(self.headers, self.own, self.trust, self.rules)
    }

    /// Returns whether a field below bears the client's name as its writer's.
    pub(super) fn client_wrote(&self, field: &Received<'_>) -> bool {
        field.reading.by.is_some_and(|by| {
            let mut names = self.last_own.client_names();
            names.any(|name| same_host(name, by))
        })
    }
}

/// The host that handed over, by the name that its own fields bear.
pub(super) struct Client<'m> {
    /// The name.
    pub(super) name: &'m str,
}

impl<'m> Client<'m> {
    /// Returns the client at a boundary; `None` where nothing names it.
    pub(super) fn of(at: &Handover<'m>) -> Option<Self> {
        let writer = at
            .below
            .iter()
            .find(|field| field.reading.by.is_some_and(|by| registered(by).is_some()));
        let name = writer
            .filter(|field| at.client_wrote(field))
            .and_then(|field| field.reading.by)
            .or(at.last_own.reading.rdns)
            .or(at.last_own.reading.helo)?;
        Some(Self { name })
    }

    /// Returns whether a host bears its name.
    pub(super) fn is(&self, host: &str) -> bool {
        same_host(host, self.name)
    }

    /// Returns whether a host bears its name, or one in its domain.
    pub(super) fn is_near(&self, host: &str) -> bool {
        self.is(host) || same_domain(host, self.name)
    }

    /// Returns whether a mailbox lies at its domain.
    pub(super) fn keeps(&self, mailbox: &str) -> bool {
        domain_of(mailbox).is_some_and(|domain| same_domain(domain, self.name))
    }

    /// Returns its name as a sentence shows it.
    pub(super) fn shown(&self) -> Untrusted<'m> {
        Untrusted::text(self.name).up_to(super::field::NAME_CHARS)
    }
}
