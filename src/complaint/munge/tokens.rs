//! Crosses out what could stand for the recipient without being his address: ids in links and header fields.
//!
//! In: octets. Out: octets of the same length, and how many tokens were crossed out.
//! Standards: RFC 3986 §3 (parts of a link), RFC 2045 §6 (bodies are changed in their own encoding).
//! Trust: hostile text; one pass.
//! Limits: a token that looks like a word stays; DESIGN: host and first part of the path stay, so that the page is found.

use crate::evidence::mime::{self, Encoding};
use crate::intake::{Headers, loose};
use crate::rules::Rules;

/// Letters and digits in a row from which on a mixture of both is a token.
const TOKEN_CHARS: usize = 5;

/// Letters in a row from which on they are no word.
const WORD_CHARS: usize = 20;

/// Crosses out tokens in the header section and in the links of all texts.
pub(super) fn cross_out(octets: &[u8], rules: &Rules, keep_links: bool) -> (Vec<u8>, usize) {
    let mut out = octets.to_vec();
    let mut count = 0;
    let headers = Headers::parse(octets);
    let authors = authors(&headers);
    for field in loose(octets) {
        let value = octets.get(field.value.clone()).unwrap_or_default();
        let places = tokens(&field.name, value, &authors, rules);
        count += cross(&mut out, places, |at| Some(field.value.start + at));
    }
    if keep_links {
        return (out, count);
    }
    for part in mime::walk(octets).leaves().filter(|part| part.is_text()) {
        let body = octets.get(part.body.clone()).unwrap_or_default();
        let at = part.body.start;
        match part.encoding {
            Encoding::Base64 => {
                let run: Vec<usize> = (0..body.len())
                    .filter(|at| {
                        body.get(*at)
                            .is_some_and(|o| crate::evidence::decode::base64_value(*o).is_some())
                    })
                    .collect();
                let mut decoded = crate::evidence::decode::base64(body);
                let places = link_tokens(&decoded);
                count += cross(&mut decoded, places, Some);
                for (place, octet) in crate::complaint::leak::base64_anew(body, &run, &decoded) {
                    if let Some(old) = out.get_mut(at + place) {
                        *old = octet;
                    }
                }
            }
            Encoding::QuotedPrintable => {
                let view = crate::complaint::leak::quoted_printable(body);
                let places = link_tokens(&view.octets);
                count += cross(&mut out, places, |place| {
                    view.spans.get(place).map(|span| at + span.0)
                });
            }
            Encoding::Identity | Encoding::Unknown => {
                count += cross(&mut out, link_tokens(body), |place| Some(at + place));
            }
        }
    }
    (out, count)
}

/// Crosses out the tokens in what one field of a message says, as it is quoted in a text.
pub(in crate::complaint) fn of_field(
    name: &str,
    value: String,
    headers: &Headers<'_>,
    rules: &Rules,
) -> String {
    let mut octets = value.into_bytes();
    let places = tokens(name.as_bytes(), &octets, &authors(headers), rules);
    cross(&mut octets, places, Some);
    // Octets of US-ASCII took the place of others: it is the text that it was.
    String::from_utf8_lossy(&octets).into_owned()
}

/// Fields in which a message names its authors, RFC 5322 §3.6.2: whom they show is known to everybody who had it.
const AUTHORS: [&str; 3] = ["From", "Sender", "Reply-To"];

/// Returns what the author fields say, lower case.
fn authors(headers: &Headers<'_>) -> String {
    let fields = AUTHORS.iter().flat_map(|name| headers.all(name));
    let texts: Vec<String> = fields.map(|field| field.text().to_lowercase()).collect();
    texts.join("\n")
}

/// Returns the tokens of a header field.
fn tokens(name: &[u8], value: &[u8], authors: &str, rules: &Rules) -> Vec<std::ops::Range<usize>> {
    let mut found = link_tokens(value);
    if rules.fields.is_token(name) {
        found.extend(field_tokens(value));
    } else if !AUTHORS
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own.as_bytes()))
    {
        found.extend(path_tokens(value, authors));
    }
    // A link may hold a mailbox.
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup();
    found
}

/// Crosses out the tokens in the links of a text.
pub(in crate::complaint) fn of_text(mut text: Vec<u8>, keep_links: bool) -> Vec<u8> {
    if !keep_links {
        let places = link_tokens(&text);
        cross(&mut text, places, Some);
    }
    text
}

/// Crosses out letters and digits; returns how many ranges that were.
fn cross(
    out: &mut [u8],
    places: Vec<std::ops::Range<usize>>,
    to: impl Fn(usize) -> Option<usize>,
) -> usize {
    let mut count = 0;
    for place in places {
        let mut is_new = false;
        for at in place.filter_map(&to) {
            let octet = out.get_mut(at);
            if let Some(octet) = octet.filter(|octet| octet.is_ascii_alphanumeric()) {
                is_new |= *octet != b'x';
                *octet = b'x';
            }
        }
        // One field may lie in another, or in what counts as the body.
        count += usize::from(is_new);
    }
    count
}

/// Returns the tokens of a field that is made for one recipient: all of it but hosts and the words of links.
fn field_tokens(value: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    for (from, piece) in pieces(value) {
        // RFC 3986 §3.2: two slashes stand before a host, which stays; the rest is looked at as a link.
        if piece.starts_with(b"//") {
            continue;
        }
        // RFC 5322 §3.6.4: what stands right of the `@` names a host, and stays.
        let local = memchr::memchr(b'@', piece).unwrap_or(piece.len());
        let is_mailto = local < piece.len();
        let words = piece.get(..local).unwrap_or_default();
        found.extend(
            runs(words, from)
                .filter(|run| is_mailto || is_token(value.get(run.clone()).unwrap_or_default())),
        );
    }
    found
}

/// Returns the tokens in local parts: senders make a reverse path for each recipient, and servers note it in many fields.
///
/// A mailbox that the author fields show is no such path.
fn path_tokens(value: &[u8], authors: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    for (from, piece) in pieces(value) {
        let Some(local) = memchr::memchr(b'@', piece) else {
            continue;
        };
        let named = piece.rsplit(|octet| *octet == b'=').next();
        let named = String::from_utf8_lossy(named.unwrap_or(piece)).to_lowercase();
        if authors.contains(&named) {
            continue;
        }
        let words = piece.get(..local).unwrap_or_default();
        let is_code =
            |run: &std::ops::Range<usize>| is_token(value.get(run.clone()).unwrap_or_default());
        found.extend(runs(words, from).filter(is_code));
    }
    found
}

/// Returns the pieces of a field's value that hold no blank or delimiter, and where each begins.
fn pieces(value: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let ends = |octet: &u8| octet.is_ascii_whitespace() || b"<>,;:?&\"()".contains(octet);
    let mut at = 0;
    value.split(ends).map(move |piece| {
        let from = at;
        at += piece.len() + 1;
        (from, piece)
    })
}

/// Returns the tokens in the links of a text, behind host and first part of the path.
fn link_tokens(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    for scheme in memchr::memmem::find_iter(text, b"://") {
        let from = scheme + 3;
        let rest = text.get(from..).unwrap_or_default();
        let ends = |octet: &u8| octet.is_ascii_whitespace() || b"\"'<>)]".contains(octet);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let link = rest.get(..length).unwrap_or_default();
        let path = link
            .iter()
            .position(|o| b"/?#".contains(o))
            .unwrap_or(length);
        found.extend(
            runs(link.get(path..).unwrap_or_default(), from + path)
                .filter(|run| is_token(text.get(run.clone()).unwrap_or_default())),
        );
    }
    found
}

/// Returns the runs of letters, digits, `-` and `_`.
fn runs(text: &[u8], from: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = from;
    text.split(|octet| !(octet.is_ascii_alphanumeric() || b"-_".contains(octet)))
        .map(move |piece| {
            let range = at..at + piece.len();
            at += piece.len() + 1;
            range
        })
        .filter(|range| !range.is_empty())
}

/// Returns whether a run is no word: digits and letters mixed, a long number, or longer than words are.
fn is_token(run: &[u8]) -> bool {
    let digits = run.iter().filter(|octet| octet.is_ascii_digit()).count();
    let capitals = run
        .iter()
        .skip(1)
        .filter(|octet| octet.is_ascii_uppercase())
        .count();
    run.len() >= WORD_CHARS || (run.len() >= TOKEN_CHARS && (digits >= 2 || capitals >= 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed(text: &str, keep_links: bool) -> String {
        let (octets, _) = cross_out(text.as_bytes(), &Rules::builtin(), keep_links);
        assert_eq!(octets.len(), text.len());
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn ids_go_below_what_stops_a_reader() {
        for stop in ["no field\n".to_owned(), "X: y\n".repeat(1_000)] {
            let text = format!(
                "Subject: x\n{stop}Return-Path: <bounce-77120-4419023@lists.example.com>\nX-SG-EID: 4F2C71A0\n\nb\n"
            );
            let (octets, count) = cross_out(text.as_bytes(), &Rules::builtin(), false);
            let after = String::from_utf8(octets).unwrap();
            assert!(
                !after.contains("4419023") && !after.contains("4F2C71A0"),
                "{after}"
            );
            assert_eq!(count, 2);
        }
    }

    #[test]
    fn ids_in_links_go_and_the_page_stays() {
        let text = "Subject: x\r\n\r\nsee http://a1b2c3.example.com/offers/k3J9x2?u=1759364&lang=en now\r\n";
        assert!(
            crossed(text, false)
                .ends_with("see http://a1b2c3.example.com/offers/xxxxxx?u=xxxxxxx&lang=en now\r\n")
        );
        assert_eq!(crossed(text, true), text);
    }

    #[test]
    fn bodies_are_changed_in_their_own_encoding() {
        let body = "<a href=\"http://e.example/go/17593640000\">";
        let encoded = data_encoding::BASE64.encode(body.as_bytes());
        let text = format!(
            "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n"
        );
        let after = crossed(&text, false);
        let octets = data_encoding::BASE64
            .decode(after.lines().last().unwrap().as_bytes())
            .unwrap();
        assert_eq!(
            octets,
            body.replace("17593640000", "xxxxxxxxxxx").as_bytes()
        );
        let text = "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<a href=3D\"http://e.example/go/1759=\n3640000\">\n";
        assert!(crossed(text, false).ends_with("/go/xxxx=\nxxxxxxx\">\n"));
    }

    #[test]
    fn fields_made_for_one_recipient_keep_their_host() {
        let text = "Message-ID: <20261121.4F2C71A0@mail.example.com>\r\nList-Unsubscribe: <mailto:leave-17ab34cd@lists.example.com>, <https://example.com/u/9f8e7d6c5b>\r\n\r\n";
        let after = crossed(text, false);
        assert!(
            after.contains("<xxxxxxxx.xxxxxxxx@mail.example.com>"),
            "{after}"
        );
        assert!(
            after.contains("https://example.com/u/xxxxxxxxxx"),
            "{after}"
        );
        assert!(!after.contains("4F2C71A0"));
    }

    #[test]
    fn a_path_made_for_one_recipient_goes_wherever_it_was_noted() {
        let text = "Return-Path: <bounce-77120-4419023@lists.example.com>\r\n\
             Received: from a (a [192.0.2.7]) (envelope-from <bounce-77120-4419023@lists.example.com>) by mx1234567.example.org\r\n\
             Authentication-Results: mx1234567.example.org; spf=pass smtp.mailfrom=bounce-77120-4419023@lists.example.com\r\n\
             List-Unsubscribe: <mailto:leave-77120-4419023@lists.example.com>, <https://u12345.example.com/u/9f8e7d6c5b?id=4419023>\r\n\
             From: Ann <ann4419023@example.com>\r\nX-Sender: ann4419023@example.com\r\n\r\n";
        let after = crossed(text, false);
        assert!(
            !after.contains("-4419023") && !after.contains("=4419023"),
            "{after}"
        );
        assert_eq!(after.matches("ann4419023@example.com").count(), 2);
        assert_eq!(after.matches("mx1234567.example.org").count(), 2);
        assert!(after.contains("https://u12345.example.com/u/xxxxxxxxxx?id=xxxxxxx"));
        assert!(
            after.contains("<mailto:xxxxx-xxxxx-xxxxxxx@lists.example.com>"),
            "{after}"
        );
    }
}
