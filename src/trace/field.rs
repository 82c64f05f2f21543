//! Collects the Received fields of a message, read but not yet judged.
//!
//! In: [`Headers`], rules. Out: [`Received`]s, newest first.
//! Standards: RFC 5322 §3.6.7 (trace fields stand newest first), §1.2.2 (names in any case).
//! Trust: hostile; fields keep their place among all others, because what stands between them counts.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;

use super::date;
use crate::intake::Headers;
use crate::rules::received::{HopKind, Reading, Room};
use crate::rules::{self, Provider, Rules, carried};

/// Received fields that room is made for: nearly all messages have fewer.
const USUAL_FIELDS: usize = 8;

/// Characters of a name that a sentence shows.
pub(super) const NAME_CHARS: usize = 100;

/// A Received field, read.
#[derive(Debug, Clone)]
pub(super) struct Received<'t> {
    /// Place among all header fields.
    pub(super) place: usize,
    /// What it says.
    pub(super) reading: Reading<'t>,
    /// When, if its date can be read.
    pub(super) date: Option<Timestamp>,
}

impl<'t> Received<'t> {
    /// Returns whether the field says anything about a client on the network.
    pub(super) fn has_client(&self) -> bool {
        matches!(self.reading.kind, HopKind::Network | HopKind::Web) && self.reading.has_client()
    }

    /// Returns whether it is the field of a host at which this provider's own users hand in.
    pub(super) fn is_taken_in_by(&self, provider: &Provider) -> bool {
        [self.reading.by_comment, self.reading.with]
            .into_iter()
            .flatten()
            .any(|text| provider.takes_in(text))
    }

    /// Returns all names that the client could bear: the looked-up one first.
    pub(super) fn client_names(&self) -> impl Iterator<Item = &'t str> {
        self.reading.rdns.into_iter().chain(self.reading.helo)
    }
}

/// The texts of a message's Received fields, newest first, with their places among all fields.
#[derive(Debug)]
pub struct Texts<'h>(Vec<(usize, Cow<'h, str>)>);

impl<'h> Texts<'h> {
    /// Takes them out of a header section.
    #[must_use]
    pub fn of(headers: &Headers<'h>) -> Self {
        let fields = headers.fields().iter().enumerate();
        let received = fields.filter(|(_, field)| field.is("Received"));
        let mut texts = Vec::with_capacity(USUAL_FIELDS);
        texts.extend(received.map(|(place, field)| (place, field.folded_text())));
        Self(texts)
    }
}

/// Reads them.
pub(super) fn read<'t>(texts: &'t Texts<'_>, rules: &'t Rules) -> Vec<Received<'t>> {
    let mut room = Room::default();
    let texts = texts.0.iter();
    texts
        .map(|(place, text)| {
            let reading = rules.received.read(text, &mut room);
            Received {
                place: *place,
                date: reading.time.or_else(|| date::parse(reading.date)),
                reading,
            }
        })
        .collect()
}

/// Returns whether a host noted above all Received fields that it delivered the message.
///
/// RFC 5321 §4.4: the host that makes the final delivery puts a Return-Path on top.
pub(super) fn is_delivered(headers: &Headers<'_>, fields: &[Received<'_>], rules: &Rules) -> bool {
    let first = fields.first().map_or(0, |field| field.place);
    headers
        .fields()
        .iter()
        .take(first)
        .any(|field| field.is("Return-Path") || rules.fields.is_recipient(field))
}

/// Returns whether an address belongs to nobody's network but the one it is used in.
pub(super) fn is_inner(addr: IpAddr, also_public: &[ipnet::IpNet]) -> bool {
    let is_excepted = |addr: &IpAddr| also_public.iter().any(|net| net.contains(addr));
    rules::is_inner(addr)
        && !is_excepted(&addr)
        && !carried(addr).is_some_and(|v4| is_excepted(&v4.into()))
}
