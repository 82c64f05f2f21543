//! Looks for the user in a complaint that was composed before, by what identifies him now.
//!
//! In: a [`Complaint`], today's [`Identity`]. Out: where he can be found in it.
//! Trust: what own hosts wrote into the message was hidden when it was composed; the settings may have changed since.
//! Failures: never fails; what was composed with nothing hidden is what the user chose.

use std::borrow::Cow;

use super::own::Own;
use super::{Complaint, Identity, Munge, case, draft, leak};
use crate::rules::Rules;

/// Returns where the user can be found in a complaint, and what would help; empty where all that identifies him is hidden.
#[must_use]
pub fn shows(complaint: &Complaint, identity: &Identity, rules: &Rules) -> Vec<String> {
    if complaint.munge == Munge::None {
        return Vec::new();
    }
    let own = Own::of_settings(identity, rules);
    let forms = case::forms(&own);
    let octets = match complaint.octets.as_slice() {
        // A desk that takes its form only gets the text.
        [] => Cow::Borrowed(complaint.text.as_bytes()),
        octets => leak::without_exempt(octets),
    };
    let mut places = draft::leaks(&octets, &forms, false);
    let text = octets.to_ascii_lowercase();
    let left = rests(&own).into_iter();
    let left = left.filter(|rest| memchr::memmem::find(&text, rest.as_bytes()).is_some());
    places.extend(left.map(|rest| format!("what is left of an address of yours, {rest}")));
    places
}

/// Returns the addresses of which a word was hidden before they were named themselves, in lower case, as that left them.
fn rests(own: &Own) -> Vec<String> {
    let named = own.addresses.iter().map(|own| own.to_ascii_lowercase());
    let holds = |address: &String| {
        let mut words = own.words.iter().map(|word| word.to_ascii_lowercase());
        words.any(|word| address.contains(word.trim()))
    };
    let with_words: Vec<String> = named.filter(holds).collect();
    if with_words.is_empty() {
        return with_words;
    }
    let mut words = own.clone();
    words.addresses.clear();
    words.spellings.clear();
    let forms = case::forms(&words);
    let masked = with_words
        .iter()
        .filter_map(|address| leak::mask(address.as_bytes(), &forms));
    let rests = masked.map(|masked| String::from_utf8_lossy(&masked.octets).to_ascii_lowercase());
    // Where nothing but a letter stands before the `@`, it tells nothing of him any more.
    rests
        .filter(|rest| rest.split('@').next().is_some_and(|local| local != "x"))
        .collect()
}
