//! What all complaints about one message share: the boundary, the time, the user's own forms.
//!
//! In: [`Material`]. Out: [`Case`].
//! Standards: RFC 5321 §4.4 (the boundary's time stamp), RFC 5322 §3.3 (date and time).
//! Trust: the boundary was written by an own host; everything else of the message is a claim.
//! Failures: [`DraftError::NoSource`].

use std::cell::RefCell;
use std::rc::Rc;

use jiff::Timestamp;

use super::leak::Forms;
use super::own::{self, Facts, Own, Shown};
use super::{DraftError, Material, munge};
use crate::evidence::mime::{self, Structure};
use crate::intake::{Headers, Untrusted};
use crate::trace::{Hop, HopTrust, Source};

/// Forms kept between complaints: making them costs more than one complaint.
const FORMS_KEPT: usize = 8;

/// Characters of a foreign value that are shown in a text.
const VALUE_CHARS: usize = 300;

/// What all complaints about one message share.
pub(super) struct Case<'a> {
    pub(super) material: &'a Material<'a>,
    pub(super) source: &'a Source,
    /// The field that the boundary host wrote.
    pub(super) boundary: Option<&'a Hop>,
    pub(super) headers: Headers<'a>,
    pub(super) structure: Structure,
    pub(super) forms: Rc<Forms>,
    /// When the boundary host took the message; the time of the complaint where no own host says.
    pub(super) arrival: Timestamp,
    pub(super) is_arrival_known: bool,
    /// Addresses of the recipient's side that the message shows.
    pub(super) shown: Shown,
    /// Addresses of both sides: nobody in them is another recipient.
    pub(super) sides: Vec<String>,
}

impl<'a> Case<'a> {
    /// Collects what all complaints share.
    pub(super) fn of(material: &'a Material<'a>) -> Result<Self, DraftError> {
        let source = material.trace.source.as_ref().ok_or(DraftError::NoSource)?;
        let headers = Headers::parse(material.message.octets());
        let shown = own::shown(material.message, material.trace, material.rules);
        let contacts = material
            .found
            .iter()
            .flat_map(|(_, _, found)| &found.contacts);
        let desks: Vec<&str> = contacts.map(|contact| contact.mailbox.as_str()).collect();
        let facts = Facts::of(material.trace, Some(material.evidence), &desks);
        let own = Own::of(material.identity, &shown, &facts, material.rules);
        let arrival = arrival(material, source);
        let forms = forms(&own);
        let mut sides = own.addresses;
        for name in ["From", "Sender", "Reply-To", "Return-Path"] {
            sides.extend(
                headers
                    .all(name)
                    .flat_map(|field| own::addresses_in(&field.text())),
            );
        }
        Ok(Self {
            material,
            source,
            boundary: material
                .trace
                .hops
                .iter()
                .find(|hop| hop.field == source.field),
            structure: mime::walk(material.message.octets()),
            forms,
            headers,
            shown,
            arrival: arrival.unwrap_or(material.now),
            is_arrival_known: arrival.is_some(),
            sides,
        })
    }

    /// Returns the arrival as a complaint says it: `2026-11-21 21:28:01`, in UTC.
    pub(super) fn time(&self) -> String {
        utc(self.arrival)
    }

    /// Returns the reverse path, from the boundary's own field or from Return-Path.
    pub(super) fn reverse_path(&self) -> Option<String> {
        let noted = self.boundary.and_then(|hop| hop.reverse_path.clone());
        noted.or_else(|| {
            let field = self.headers.first("Return-Path")?;
            // RFC 5321 §4.4: final delivery writes Return-Path; only above the boundary was it an own host.
            let received = self.headers.all("Received").nth(self.source.field)?;
            (field.at() < received.at()).then(|| field.text().into_owned())
        })
    }

    /// Returns what one of the message's fields says as it is quoted to a desk from which codes are hidden, too, or not.
    pub(super) fn quoted(&self, name: &str, value: String, hides_tokens: bool) -> String {
        if hides_tokens {
            munge::field_without_tokens(name, value, &self.headers, self.material.rules)
        } else {
            value
        }
    }

    /// Returns a text value of the message's own header section, encoded words decoded.
    pub(super) fn claimed(&self, name: &str) -> Option<String> {
        let field = self.headers.first(name)?;
        Some(crate::evidence::decode::words(&field.unfolded()))
    }
}

/// Returns when the boundary host took the message, or the next own host above it that says so.
fn arrival(material: &Material<'_>, source: &Source) -> Option<Timestamp> {
    let own = |trust| {
        matches!(
            trust,
            HopTrust::Boundary | HopTrust::Internal | HopTrust::Local
        )
    };
    let hops = material.trace.hops.iter();
    hops.filter(|hop| hop.field == source.field || (hop.field < source.field && own(hop.trust)))
        .rev()
        .find_map(|hop| hop.date)
}

/// Returns the forms of what identifies the user, made once for many messages.
pub(super) fn forms(own: &Own) -> Rc<Forms> {
    thread_local! {
        static KEPT: RefCell<Vec<(Own, Rc<Forms>)>> = const { RefCell::new(Vec::new()) };
    }
    KEPT.with_borrow_mut(|kept| {
        if let Some(at) = kept.iter().position(|(known, _)| known == own) {
            let found = kept.remove(at);
            let forms = Rc::clone(&found.1);
            kept.push(found);
            return forms;
        }
        if kept.len() >= FORMS_KEPT {
            kept.remove(0);
        }
        let forms = Rc::new(Forms::of(own));
        kept.push((own.clone(), Rc::clone(&forms)));
        forms
    })
}

/// Returns a time as a complaint says it: `2026-11-21 21:28:01`, in UTC.
pub(super) fn utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns a time as a header field says it. RFC 5322 §3.3.
pub(super) fn rfc5322(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// Returns a foreign value as a text may show it: escaped, bounded, on one line.
pub(super) fn shown(value: &str) -> String {
    Untrusted::text(value.trim()).up_to(VALUE_CHARS).to_string()
}
