//! Finds the user in octets, in every form and every encoding that is known, and masks him there.
//!
//! In: octets, [`Forms`]. Out: [`Found`]s, and the octets with every found place masked.
//! Standards: RFC 6590 (redaction of abuse reports).
//! Trust: the text is hostile: what it hides, it hides on purpose. Depth, rounds and sizes are bounded.
//! Failures: never fails; what is found and cannot be masked is found again, and stops the complaint.
//! Limits: salted, encrypted and own codes, pictures, and compressions other than gzip and zlib in a token.

use std::borrow::Cow;

// codes that write several octets together
mod block;
// signs of what base64 holds
mod codes;
// digests of the addresses
mod digest;
// every form of an address
mod forms;
// what the codes in a text hold
mod inside;
// what joined lines show
mod lines;
// letters written as numbers
mod numbers;
// values in several parameters
mod params;
// a text without its blanks
mod pressed;
// a quick look that proves most texts clean
mod quick;
// long runs of the characters of a code
mod runs;
// where a reading put octets together
mod seams;
// a few octets of every form
mod sieve;
// the ways to read a text
mod view;

// their order
mod ways;

// the search itself
mod search;

pub(crate) use block::base64_anew;
pub(crate) use forms::{Forms, MUNGED_DOMAIN, OWN_DOMAIN, OWN_WORD, SHOWN_LOCAL_PART};
use search::Search;
use view::{Span, Spanned, Step};

/// One place where the user can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// What was found: `address`, `digest of an address, in hex`.
    pub(crate) form: &'static str,
    /// How the text was read to find it: `base64, percent signs undone`.
    pub(crate) way: String,
    /// Offset of its first octet.
    pub(crate) at: usize,
    /// What each changed range becomes.
    pieces: Vec<(Span, Vec<u8>)>,
}

impl Found {
    /// Returns the same in a text that begins so many octets earlier.
    fn moved(mut self, by: usize) -> Self {
        self.at += by;
        for ((from, to), _) in &mut self.pieces {
            (*from, *to) = (*from + by, *to + by);
        }
        self
    }
}

/// Octets in which every found place was masked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Masked {
    /// The octets.
    pub(crate) octets: Vec<u8>,
    /// How many places were masked.
    pub(crate) places: usize,
    /// Whether the last search found nothing more.
    pub(crate) is_clean: bool,
}

impl Masked {
    /// Returns octets in which nothing was masked.
    pub(crate) const fn untouched(octets: Vec<u8>, is_clean: bool) -> Self {
        Self {
            octets,
            places: 0,
            is_clean,
        }
    }
}

/// Returns every place where the user can be found.
pub(crate) fn find(octets: &[u8], forms: &Forms) -> Vec<Found> {
    Search::of(forms).find(octets)
}

/// Returns every place where the user can be found in octets that hold others which were searched and are clean.
///
/// What was searched is recognised octet for octet, and passed over but for its edges.
pub(crate) fn find_beside(octets: &[u8], clean: &[&[u8]], forms: &Forms) -> Vec<Found> {
    Search::of(forms).find_beside(octets, clean)
}

/// Masks every place where the user can be found; `None` where there is none.
pub(crate) fn mask(octets: &[u8], forms: &Forms) -> Option<Masked> {
    Search::of(forms).mask(octets)
}

/// Returns quoted-printable octets as read, with where each came from.
pub(crate) fn quoted_printable(octets: &[u8]) -> Spanned {
    Spanned::whole(octets).read(Step::QuotedPrintable)
}

/// Returns the finished octets without what may name the user: From, Reply-To and Message-ID of the complaint itself.
///
/// The exempt fields become blanks, so that every other offset stays.
pub(crate) fn without_exempt(octets: &[u8]) -> Cow<'_, [u8]> {
    let headers = crate::intake::Headers::parse(octets);
    let mut out = octets.to_vec();
    for field in headers.fields() {
        if ["From", "Reply-To", "Message-ID"]
            .iter()
            .any(|name| field.is(name))
        {
            let from = field.at() + field.name().len() + 1;
            for octet in out.iter_mut().skip(from).take(field.raw().len()) {
                if !octet.is_ascii_whitespace() {
                    *octet = b'.';
                }
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
