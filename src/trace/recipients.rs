//! Collects the mailboxes that the user's own side received a message for.
//!
//! In: headers, the own side's [`Received`] fields. Out: [`Recipients`].
//! Standards: RFC 5321 §4.4 (the `for` clause), Delivered-To and the like as the rules know them.
//! Trust: only what stands in fields of the own side, or above them, is taken in.
//! Failures: none; where nothing is named there are no recipients.

use std::borrow::Cow;

use super::Trust;
use super::field::Received;
use crate::intake::Headers;
use crate::rules::Rules;
use crate::rules::names::{domain_of, registered, same_host};

/// The mailboxes that the own side received the message for.
pub(super) struct Recipients<'t> {
    mailboxes: Vec<Cow<'t, str>>,
    /// Host that wrote the last field of the own side.
    writer: Option<&'t str>,
}

impl<'t> Recipients<'t> {
    /// Returns those that the own side's fields name, and the user's own.
    pub(super) fn of(
        headers: &Headers<'t>,
        own: &[Received<'t>],
        trust: &'t Trust,
        rules: &Rules,
    ) -> Self {
        let place = own.last().map_or(0, |field| field.place);
        let mut mailboxes: Vec<_> = own
            .iter()
            .filter_map(|field| field.reading.for_.map(Cow::Borrowed))
            .collect();
        mailboxes.extend(
            headers
                .fields()
                .iter()
                .take(place)
                .filter(|field| rules.fields.is_recipient(field))
                .map(|field| field.text()),
        );
        mailboxes.extend(
            trust
                .own_mailboxes
                .iter()
                .map(|own| Cow::Borrowed(own.as_str())),
        );
        Self {
            mailboxes,
            writer: own.last().and_then(|field| field.reading.by),
        }
    }

    /// Returns whether a mailbox is one of them.
    pub(super) fn holds(&self, mailbox: &str) -> bool {
        self.mailboxes
            .iter()
            .any(|own| own.trim_matches(['<', '>']).eq_ignore_ascii_case(mailbox))
    }

    /// Returns whether one of those bears the name of a mailbox at another place: an alias of the user's.
    pub(super) fn have_namesake(&self, mailbox: &str) -> bool {
        let local = |mailbox: &str| {
            mailbox
                .trim_matches(['<', '>'])
                .rsplit_once('@')
                .map(|(local, _)| local.to_ascii_lowercase())
        };
        let wanted = local(mailbox);
        wanted.is_some() && self.mailboxes.iter().any(|own| local(own) == wanted)
    }

    /// Returns whether a mailbox is another one than those, at a place that is not the own side's.
    pub(super) fn are_others(&self, mailbox: &str) -> bool {
        let Some(domain) = domain_of(mailbox) else {
            return false;
        };
        if self.mailboxes.is_empty() {
            let there = registered(domain);
            return there.is_some() && there != self.writer.and_then(registered);
        }
        let mut own = self
            .mailboxes
            .iter()
            .filter_map(|own| domain_of(own.trim_matches(['<', '>'])));
        // To look the domain up costs more than all the rest.
        !self.holds(mailbox)
            && !own.any(|own| same_host(own, domain))
            && registered(domain).is_some()
    }
}
