//! Hides the other recipients of a message: they did not agree to be passed on.
//!
//! In: octets. Out: octets whose To, Cc, Delivered-To and the like name nobody but the two sides.
//! Standards: RFC 5322 §3.6.3 (destination fields), RFC 9228 (Delivered-To).
//! Trust: a spammer may list his own mailbox there: addresses of the other side stay, they are evidence.
//! Limits: names before the addresses stay.

use crate::complaint::leak::MUNGED_DOMAIN;
use crate::complaint::own::addresses_in;
use crate::intake::Headers;
use crate::rules::Rules;

/// Addresses of one field that are hidden at most; what a mass mail lists beyond is hidden with the field's rest.
const FIELD_ADDRESSES: usize = 5_000;

/// Hides the other recipients; returns the octets if they changed, and how many addresses they were.
pub(super) fn hide(
    octets: &[u8],
    rules: &Rules,
    not_others: &[String],
) -> (Option<Vec<u8>>, usize) {
    let headers = Headers::parse(octets);
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for field in headers
        .fields()
        .iter()
        .filter(|field| rules.fields.is_addressee(field.name()) || rules.fields.is_recipient(field))
    {
        let raw = String::from_utf8_lossy(field.raw());
        // A lossy reading has other offsets; then the addresses are sought in the octets themselves.
        for address in addresses_in(&raw).iter().take(FIELD_ADDRESSES) {
            if not_others
                .iter()
                .any(|known| known.eq_ignore_ascii_case(address))
            {
                continue;
            }
            let from = field.at() + field.name().len();
            let end = from + 1 + field.raw().len();
            let text = octets.get(from..end).unwrap_or_default();
            let places = memchr::memmem::find_iter(text, address.as_bytes());
            pieces.extend(places.map(|at| (from + at, from + at + address.len())));
        }
    }
    pieces.sort_unstable();
    pieces.dedup();
    let (mut out, mut at, mut count) = (Vec::with_capacity(octets.len()), 0, 0);
    for (from, to) in pieces {
        if from < at {
            continue;
        }
        out.extend_from_slice(octets.get(at..from).unwrap_or_default());
        out.extend_from_slice(format!("other@{MUNGED_DOMAIN}").as_bytes());
        (at, count) = (to, count + 1);
    }
    if count == 0 {
        return (None, 0);
    }
    out.extend_from_slice(octets.get(at..).unwrap_or_default());
    (Some(out), count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_hidden_and_the_two_sides_stay() {
        let rules = Rules::builtin();
        let text = b"From: spam@example.net\r\nTo: me@example.org,\r\n Bob <bob@example.com>, spam@example.net\r\nCc: eve@example.com\r\nDelivered-To: list-eve@localhost\r\n\r\nbob@example.com\r\n";
        let known = ["me@example.org".to_owned(), "spam@example.net".to_owned()];
        let (hidden, count) = hide(text, &rules, &known);
        assert_eq!(count, 3);
        assert_eq!(
            String::from_utf8(hidden.unwrap()).unwrap(),
            "From: spam@example.net\r\nTo: me@example.org,\r\n Bob <other@munged.invalid>, spam@example.net\r\nCc: other@munged.invalid\r\nDelivered-To: other@munged.invalid\r\n\r\nbob@example.com\r\n"
        );
    }
}
