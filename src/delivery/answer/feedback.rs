//! Feedback reports that reach us: somebody took a complaint for spam.
//!
//! In: [`Pages`]. Out: [`Kind::Feedback`].
//! Standards: RFC 5965 §3 (fields).
//! Trust: hostile; values are escaped and cut.

use super::pages::Pages;
use super::{Feedback, Kind, narrative};
use crate::intake::Untrusted;

/// Reads the feedback report of a message, if it has one.
pub(super) fn read(pages: &Pages) -> Option<Kind> {
    let report = pages.feedback.as_deref()?;
    let value = |name: &str| {
        report.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field
                .trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim())
        })
    };
    // RFC 5965 §3.1: a report without a type is none.
    let feedback_type = value("Feedback-Type")?.to_ascii_lowercase();
    let named = ["Original-Rcpt-To", "Removal-Recipient"]
        .into_iter()
        .find_map(value)
        .map(|text| text.trim_matches(['<', '>', ' ']).to_owned())
        .filter(|text| text.contains('@'));
    let recipient = named.or_else(|| {
        pages
            .returned
            .iter()
            .find_map(|head| narrative::address_in(head, "to:"))
    });
    Some(Kind::Feedback(Feedback {
        feedback_type: Untrusted::text(&feedback_type).up_to(40).to_string(),
        recipient: recipient.map(|text| Untrusted::text(&text).up_to(254).to_string()),
    }))
}
