//! Shows a message at the point where it came into the user's own side's hands.
//!
//! In: headers, [`Received`] fields, where the own side ends. Out: [`Handover`], [`Client`].
//! Standards: RFC 5598 §2.3 (administrative domains), RFC 5321 §4.4 (who passes a message on wrote a field), RFC 1912 §2.1 (names that lead back).
//! Trust: the own side's fields are believed; what stands below them the client may have made up.
//! Failures: none; without a field at the boundary there is no handover.

use std::net::IpAddr;

use super::field::Received;
use super::recipients::Recipients;
use super::{Question, Trust};
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

/// The host that handed over.
pub(super) struct Client<'m> {
    /// The name that its own fields bear: it may be no more than what it called itself.
    pub(super) name: &'m str,
    /// The name that the own side looked up, and found to lead back to the address. RFC 1912 §2.1.
    checked: Option<&'m str>,
    addr: Option<IpAddr>,
}

impl<'m> Client<'m> {
    /// Returns the client at a boundary; `None` where nothing names it.
    pub(super) fn of(at: &Handover<'m>) -> Option<Self> {
        let boundary = &at.last_own.reading;
        let writer = at
            .below
            .iter()
            .find(|field| field.reading.by.is_some_and(|by| registered(by).is_some()));
        let name = writer
            .filter(|field| at.client_wrote(field))
            .and_then(|field| field.reading.by)
            .or(boundary.rdns)
            .or(boundary.helo)?;
        Some(Self {
            name,
            checked: boundary.rdns.filter(|_| boundary.names_checked),
            addr: boundary.addr,
        })
    }

    /// Asks whether it is the user's forwarder or list.
    ///
    /// What is asked about is what an answer can be remembered of: a checked name, or else the address.
    /// Anybody can call himself as a forwarder is called.
    pub(super) fn question(&self) -> Question {
        match (self.checked, self.addr) {
            (None, Some(addr)) => Question::own_forwarder_addr(addr, self.name),
            _ => Question::own_forwarder(self.checked.unwrap_or(self.name)),
        }
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

    /// Returns its name as a sentence shows it: the one that was checked, if there is one.
    pub(super) fn shown(&self) -> Untrusted<'m> {
        Untrusted::text(self.checked.unwrap_or(self.name)).up_to(super::field::NAME_CHARS)
    }
}
