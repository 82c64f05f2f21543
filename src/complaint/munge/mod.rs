//! Makes the evidence that a desk receives: the message with what identifies the user hidden, cut to size.
//!
//! In: the message as received, a level of [`Munge`]. Out: [`Exhibit`]: octets for message/rfc822, and what was done.
//! Standards: RFC 6590 (redaction), RFC 2046 §5.2.1 (message/rfc822), RFC 5322 §2.1.1 (lines), §2.3 (no NUL, no bare CR).
//! Trust: the message is hostile; nothing in it is unpacked, and every change is noted.
//! Failures: never fails; what cannot be masked in place is replaced by its name, type, size and digest.
//! Limits: what identifies the recipient only by a table of the other side stays at level `address`.

use std::cell::LazyCell;

use super::Munge;
use super::leak::{self, Forms};
use crate::evidence::mime::{self, Structure};
use crate::intake::{Headers, Message, first_blank};
use crate::rules::Rules;

// the evidence cut to size at a part's end
mod cut;
// base64 that is made to be read by people alone
mod disguise;
// other recipients in To and Cc
mod recipients;
// parts that are not passed on
mod parts;
// what could stand for the recipient without being his address
mod tokens;

use parts::{Replaced, replaced};
pub(super) use tokens::{of_field as field_without_tokens, of_text as without_tokens};

/// Octets of a line at most. RFC 5322 §2.1.1.
pub(super) const LINE_LIMIT: usize = 998;

/// Octets of the lines that a longer one becomes, the blank before them aside: some readers count the CR.
const PIECE_OCTETS: usize = 990;

/// The evidence as a desk receives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Exhibit {
    /// The masked message: CRLF, lines of at most 998 octets, no NUL.
    pub(super) octets: Vec<u8>,
    /// The masked message octet for octet, where RFC 5322 does not allow it as it is.
    pub(super) exact: Option<Vec<u8>>,
    /// Whether `octets` were searched for the user as they are, and he was not found.
    pub(super) is_clean: bool,
    /// Length of the header section in `octets`.
    pub(super) header_octets: usize,
    /// How many places show the user no more.
    pub(super) places: usize,
    /// How many other recipients were hidden.
    pub(super) others: usize,
    /// Whether tokens are crossed out.
    pub(super) hides_tokens: bool,
    /// How many tokens were crossed out.
    pub(super) tokens: usize,
    /// Octets of the message that were left out, for size or level.
    pub(super) left_out: usize,
    /// Parts that were replaced.
    pub(super) replaced: Vec<Replaced>,
}

/// What all exhibits of one message share.
pub(super) struct Workshop<'a> {
    pub(super) message: &'a Message,
    pub(super) structure: &'a Structure,
    pub(super) forms: &'a Forms,
    pub(super) rules: &'a Rules,
    /// Own addresses and those of the other side: none of them is another recipient.
    pub(super) not_others: &'a [String],
    pub(super) limit: usize,
    /// Whether links stay whole: a phishing page is taken down by its whole link.
    pub(super) keep_links: bool,
}

impl Workshop<'_> {
    /// Makes the exhibit of one level.
    pub(super) fn make(&self, level: Munge) -> Exhibit {
        let mut exhibit = Exhibit::default();
        let mut octets = self.shortened(level, &mut exhibit);
        // What is searched is then what is sent, octet for octet.
        let lines = canonical(&octets);
        if !lines.is_departed {
            octets = lines.octets;
        } else if level != Munge::HeadersOnly {
            // Once a bare CR ends a line, parts begin that none were before.
            let unread = level != Munge::None;
            let structure = mime::walk(&lines.octets);
            let more = replaced(&lines.octets, &structure, self.rules, unread);
            if !more.is_empty() {
                octets = parts::replace(&lines.octets, &more);
                exhibit.replaced.extend(more);
            }
        }
        if level != Munge::None {
            let (hidden, others) = recipients::hide(&octets, self.rules, self.not_others);
            octets = hidden.unwrap_or(octets);
            exhibit.others = others;
        }
        exhibit.hides_tokens = level.hides_tokens();
        if exhibit.hides_tokens {
            let (crossed, tokens) = tokens::cross_out(&octets, self.rules, self.keep_links);
            octets = crossed;
            exhibit.tokens = tokens;
        }
        if level != Munge::None {
            exhibit.is_clean = true;
            if let Some(masked) = leak::mask(&octets, self.forms) {
                octets = masked.octets;
                exhibit.places = masked.places;
                exhibit.is_clean = masked.is_clean;
            }
            octets = self.undisguised(octets, &mut exhibit);
        }
        let lines = canonical(&octets);
        exhibit.is_clean &= lines.octets == octets;
        exhibit.exact = lines.is_departed.then_some(octets);
        exhibit.octets = lines.octets;
        exhibit.header_octets = Headers::parse(&exhibit.octets).body_at();
        exhibit
    }

    /// Replaces the parts in which the user stands for mail programs, and for no search.
    fn undisguised(&self, octets: Vec<u8>, exhibit: &mut Exhibit) -> Vec<u8> {
        let whole = self.message.octets();
        let mut leaves = self.structure.leaves();
        if !leaves.any(|part| disguise::is_strewn(part, whole)) {
            return octets;
        }
        let structure = mime::walk(&octets);
        let parts = disguise::found(&octets, &structure, self.forms);
        let more: Vec<Replaced> = parts.map(|part| Replaced::of(&octets, part)).collect();
        if more.is_empty() {
            return octets;
        }
        // A notice was searched by nobody yet.
        exhibit.is_clean = false;
        let octets = parts::replace(&octets, &more);
        exhibit.replaced.extend(more);
        octets
    }

    /// Returns the message without what is not passed on at all.
    fn shortened(&self, level: Munge, exhibit: &mut Exhibit) -> Vec<u8> {
        let whole = self.message.octets();
        if level == Munge::HeadersOnly {
            let body_at = self
                .structure
                .parts
                .first()
                .map_or(whole.len(), |part| part.header.end);
            exhibit.left_out = whole.len().saturating_sub(body_at);
            return whole.get(..body_at).unwrap_or(whole).to_vec();
        }
        let unread = level != Munge::None;
        exhibit.replaced = replaced(whole, self.structure, self.rules, unread);
        let octets = parts::replace(whole, &exhibit.replaced);
        if octets.len() <= self.limit {
            return octets;
        }
        let structure = mime::walk(&octets);
        let cut = cut::to(&octets, &structure, self.limit);
        exhibit.left_out = cut.left_out;
        cut.octets
    }
}

/// Octets with the line ends that mail has.
pub(super) struct Lines {
    pub(super) octets: Vec<u8>,
    /// Whether more than line ends had to change.
    pub(super) is_departed: bool,
}

/// Brings octets into the form that RFC 5322 wants of a message.
///
/// LF becomes CRLF. In a body, a bare CR becomes a line end and NUL vanishes; in
/// the header section they become a blank and `?`, so that no field begins that
/// none was. A line of more than [`LINE_LIMIT`] octets is broken. Then the exact
/// octets go along.
pub(super) fn canonical(octets: &[u8]) -> Lines {
    let body_at = LazyCell::new(|| first_blank(octets));
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    let mut is_departed = false;
    let mut rest = octets;
    while !rest.is_empty() {
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let (line, after) = rest.split_at_checked(length).unwrap_or_default();
        rest = after;
        let ended = line.strip_suffix(b"\n");
        let text = ended.map_or(line, |text| text.strip_suffix(b"\r").unwrap_or(text));
        if text.len() > LINE_LIMIT || memchr::memchr2(b'\r', 0, text).is_some() {
            is_departed = true;
            let at = octets.len() - rest.len() - length;
            if at < *body_at {
                broken(&in_header(text), &mut out);
            } else {
                broken(text, &mut out);
            }
        } else {
            out.extend_from_slice(text);
        }
        if ended.is_some() {
            out.extend_from_slice(b"\r\n");
        }
    }
    Lines {
        octets: out,
        is_departed,
    }
}

/// Returns a line of a header section that is one line to every reader. RFC 5322 §2.2: CR and LF stand together or not at all.
fn in_header(line: &[u8]) -> Vec<u8> {
    let plain = line.iter().map(|octet| match octet {
        b'\r' => b' ',
        0 => b'?',
        octet => *octet,
    });
    plain.collect()
}

/// Writes one line that RFC 5322 does not allow as several that it does.
fn broken(line: &[u8], out: &mut Vec<u8>) {
    for (place, piece) in line.split(|octet| *octet == b'\r').enumerate() {
        if place > 0 {
            out.extend_from_slice(b"\r\n");
        }
        let clean: Vec<u8> = piece.iter().copied().filter(|octet| *octet != 0).collect();
        // RFC 5322 §2.2.3: a folded header line goes on with a blank; in a body the blank does little harm.
        for (place, chunk) in clean.chunks(PIECE_OCTETS).enumerate() {
            if place > 0 {
                out.extend_from_slice(b"\r\n ");
            }
            out.extend_from_slice(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_those_of_mail_and_nothing_else_changes() {
        let lines = canonical(b"a\nb\r\n\r\n\xe9c");
        assert_eq!(lines.octets, b"a\r\nb\r\n\r\n\xe9c");
        assert!(!lines.is_departed);
    }

    #[test]
    fn no_field_begins_in_a_header_line_that_was_one() {
        let lines = canonical(b"A: b\rReceived: c\nX\0: d\r\r\n\rE: f\n\na\rb\0c");
        assert!(lines.is_departed);
        let expected = b"A: b Received: c\r\nX?: d \r\n E: f\r\n\r\na\r\nbc";
        assert_eq!(lines.octets, expected);
    }

    #[test]
    fn what_rfc_5322_forbids_is_broken_up_and_said() {
        let lines = canonical(&[b"\na\rb\0c\n".as_slice(), &[b'x'; 2_500]].concat());
        assert!(lines.is_departed);
        assert!(lines.octets.starts_with(b"\r\na\r\nbc\r\nxxx"));
        assert!(
            lines
                .octets
                .split(|o| *o == b'\n')
                .all(|line| line.len() <= LINE_LIMIT + 1)
        );
    }
}
