//! Hides the other recipients of a message: they did not agree to be passed on.
//!
//! In: octets. Out: octets whose To, Cc, Delivered-To and the like name nobody but the two sides.
//! Standards: RFC 5322 §3.6.3 (destination fields), §3.4 (address lists), RFC 2047 §5 (encoded words), RFC 9228 (Delivered-To).
//! Trust: a spammer may list his own mailbox there: addresses of the other side stay, they are evidence.
//! What has an `@` and is not read as an address goes as a whole, up to the comma. Fields are looked for wherever a reader
//! may see one, above the first empty line.
//! Limits: names before the addresses stay; a list of more than [`FIELD_OCTETS_LIMIT`] octets goes as a whole.

use std::ops::Range;

use crate::complaint::leak::MUNGED_DOMAIN;
use crate::complaint::own::addresses_in;
use crate::evidence::decode;
use crate::intake::{FIELD_OCTETS_LIMIT, loose};
use crate::rules::Rules;

/// Hides the other recipients; returns the octets if they changed, and how many addresses they were.
pub(super) fn hide(
    octets: &[u8],
    rules: &Rules,
    not_others: &[String],
) -> (Option<Vec<u8>>, usize) {
    let mut pieces: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    let (mut done, mut count) = (0, 0);
    for field in loose(octets).filter(|field| rules.fields.names_recipients(&field.name)) {
        // A field within one that is done.
        if field.value.start < done {
            continue;
        }
        done = field.value.end;
        let value = octets.get(field.value.clone()).unwrap_or_default();
        if value.len() > FIELD_OCTETS_LIMIT {
            let start = field.value.end - value.trim_ascii_start().len();
            let list = value.trim_ascii();
            count += memchr::memchr_iter(b'@', list).count().max(1);
            pieces.push((start..start + list.len(), in_place(list)));
            continue;
        }
        for element in elements(value) {
            let text = value.get(element.clone()).unwrap_or_default();
            let at = field.value.start + element.start;
            let hidden = others(text, not_others).into_iter();
            let before = pieces.len();
            pieces.extend(hidden.map(|(range, now)| (at + range.start..at + range.end, now)));
            count += pieces.len() - before;
        }
    }
    if pieces.is_empty() {
        return (None, 0);
    }
    let (mut out, mut at) = (Vec::with_capacity(octets.len()), 0);
    for (range, now) in &pieces {
        out.extend_from_slice(octets.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(now);
        at = range.end;
    }
    out.extend_from_slice(octets.get(at..).unwrap_or_default());
    (Some(out), count)
}

/// Returns the elements of an address list, without the blanks around them. RFC 5322 §3.4.
///
/// A comma in quotes ends none, unless a quote is left open.
fn elements(raw: &[u8]) -> Vec<Range<usize>> {
    let quotes = memchr::memchr_iter(b'"', raw).count();
    let (mut found, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, octet) in raw.iter().enumerate() {
        match octet {
            b'"' => quoted = !quoted && quotes.is_multiple_of(2),
            b',' | b';' if !quoted => {
                found.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(start..raw.len());
    let trimmed = found.into_iter().map(|range| {
        let text = raw.get(range.clone()).unwrap_or_default();
        let start = range.end - text.trim_ascii_start().len();
        start..start + text.trim_ascii().len()
    });
    trimmed.filter(|range| !range.is_empty()).collect()
}

/// Returns the places of other recipients in an element of a list, in order, and what each becomes.
fn others(element: &[u8], not_others: &[String]) -> Vec<(Range<usize>, Vec<u8>)> {
    let is_known = |address: &str| {
        let mut known = not_others.iter();
        known.any(|known| known.eq_ignore_ascii_case(address))
    };
    let text = String::from_utf8_lossy(element);
    if !names_somebody(&text) {
        return Vec::new();
    }
    let found = addresses_in(&text);
    let (mut places, mut at) = (Vec::new(), 0);
    let mut rest = Vec::new();
    for address in &found {
        let after = element.get(at..).unwrap_or_default();
        let Some(place) = memchr::memmem::find(after, address.as_bytes()) else {
            // It is not there octet for octet.
            return vec![(0..element.len(), in_place(element))];
        };
        let range = at + place..at + place + address.len();
        rest.extend_from_slice(element.get(at..range.start).unwrap_or_default());
        at = range.end;
        if !is_known(address) {
            places.push((range, format!("other@{MUNGED_DOMAIN}").into_bytes()));
        }
    }
    rest.extend_from_slice(element.get(at..).unwrap_or_default());
    let rest = decode::words(&rest);
    if names_somebody(&without(&rest, not_others)) {
        return vec![(0..element.len(), in_place(element))];
    }
    places
}

/// Returns whether a text may hold an address, in wide letters, too.
fn names_somebody(text: &str) -> bool {
    text.contains(['@', '\u{ff20}', '\u{fe6b}'])
        || (text.contains("=?") && {
            let decoded = decode::words(text.as_bytes());
            decoded.contains(['@', '\u{ff20}', '\u{fe6b}'])
        })
}

/// Returns a text without the addresses that may stay: names repeat them, in apostrophes.
fn without(text: &str, known: &[String]) -> String {
    let mut lower = text.to_ascii_lowercase();
    for address in known {
        let address = address.to_ascii_lowercase();
        let mut left = String::new();
        let mut rest = lower.as_str();
        while let Some((before, after)) = rest.split_once(&address) {
            left.push_str(before);
            // A longer address is another.
            let goes_on = |c: char| c.is_alphanumeric() || "._+-".contains(c);
            if left.ends_with(goes_on) || after.starts_with(goes_on) {
                left.push_str(&address);
                left.push_str(after);
                return left;
            }
            rest = after;
        }
        left.push_str(rest);
        lower = left;
    }
    lower
}

/// Returns what stands for an element that was folded as often. RFC 5322 §3.2.2: a comment keeps a line from being blank.
fn in_place(element: &[u8]) -> Vec<u8> {
    let folds = memchr::memchr_iter(b'\n', element).map(|at| {
        let before = element.get(..at).unwrap_or_default();
        if before.ends_with(b"\r") {
            "(x)\r\n "
        } else {
            "(x)\n "
        }
    });
    let mut out: String = folds.collect();
    out.push_str("other@");
    out.push_str(MUNGED_DOMAIN);
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(to: &str) -> String {
        let rules = Rules::builtin();
        let known = ["me@example.org".to_owned(), "spam@example.net".to_owned()];
        let text = format!("To: {to}\r\nSubject: x\r\n\r\nhi\r\n");
        let (octets, _) = hide(text.as_bytes(), &rules, &known);
        let octets = octets.unwrap_or(text.into_bytes());
        let text = String::from_utf8(octets).unwrap();
        text.strip_suffix("\r\nSubject: x\r\n\r\nhi\r\n")
            .and_then(|text| text.strip_prefix("To: "))
            .unwrap()
            .to_owned()
    }

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

    #[test]
    fn what_is_no_plain_address_is_hidden_up_to_the_comma() {
        let other = "other@munged.invalid";
        for disguised in [
            "'bob@example.com'",
            "\"carl.smith\"@example.com",
            "=?utf-8?Q?eve=40example.com?=",
            "=?utf-8?B?ZXZlQGV4YW1wbGUuY29t?=",
            "fred@example.com/x",
            "gina (x) @example.com",
            "X <mailto:kim@example.com?subject=x>",
            "<@relay.example:lee@example.com>",
            "mo\u{ff20}example.com",
            "some@example.org",
            "'some@example.org'",
        ] {
            let expected = format!("me@example.org, {other}, spam@example.net");
            let text = hidden(&format!("me@example.org, {disguised}, spam@example.net"));
            assert_eq!(text, expected, "{disguised}");
        }
        let folded = hidden("me@example.org, dora@\r\n example.com, \"open@example.com, x");
        assert_eq!(
            folded,
            format!("me@example.org, (x)\r\n {other}, \"{other}, x")
        );
        let latin = b"To: J\xf6rg <j\xf6rg@example.com>, me@example.org\r\n\r\n";
        let (latin, _) = hide(latin, &Rules::builtin(), &["me@example.org".to_owned()]);
        assert_eq!(
            latin.unwrap(),
            format!("To: {other}, me@example.org\r\n\r\n").into_bytes()
        );
    }

    #[test]
    fn nothing_that_ends_the_header_section_for_one_reader_shows_others_to_the_next() {
        let other = "other@munged.invalid";
        for before in [
            "this line is no field\n".to_owned(),
            "X\0Y: z\n".to_owned(),
            "X: y\r".to_owned(),
            "X: y\n\x0b\n".to_owned(),
            "X-A: y\n".repeat(1_000),
            format!("X-A: {}\n", "y ".repeat(200_000)),
        ] {
            let text = |to: &str| {
                format!("Subject: x\n{before}To: {to}, {to}\nC\0c: {to}\n\nTo: bob@example.com\n")
            };
            let (hidden, count) = hide(text("bob@example.com").as_bytes(), &Rules::builtin(), &[]);
            assert_eq!(count, 3);
            assert_eq!(String::from_utf8(hidden.unwrap()).unwrap(), text(other));
        }
    }

    #[test]
    fn a_bare_cr_in_a_list_ends_no_list() {
        let text = b"To: eve@example.com,\rbob@example.com\rX: ann@example.com\n\n";
        let (hidden, count) = hide(text, &Rules::builtin(), &[]);
        assert_eq!(count, 3, "{:?}", hidden.map(String::from_utf8));
    }

    #[test]
    fn a_list_beyond_all_bounds_goes_as_a_whole_and_makes_nothing_longer() {
        let text = format!(
            "To: me@example.org, {}\r\nX: y\r\n\r\n",
            "a@b,".repeat(20_000)
        );
        let known = ["me@example.org".to_owned()];
        let (hidden, count) = hide(text.as_bytes(), &Rules::builtin(), &known);
        assert_eq!(count, 20_001);
        assert_eq!(hidden.unwrap(), b"To: other@munged.invalid\r\nX: y\r\n\r\n");
    }

    #[test]
    fn names_that_repeat_a_side_s_address_stay() {
        for kept in [
            "\"'me@example.org'\" <ME@example.org>",
            "=?utf-8?Q?me=40example.org?= <me@example.org>",
            "\"Doe, Jane\" <me@example.org>",
            "undisclosed-recipients:;",
        ] {
            assert_eq!(hidden(kept), kept);
        }
    }
}
