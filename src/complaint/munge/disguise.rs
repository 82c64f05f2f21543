//! Finds the user in base64 that mail programs read, and that no search of its characters undoes.
//!
//! In: a masked message. Out: the parts whose body, read as mail programs read it, still names the user.
//! Standards: RFC 2045 §6.8 (other characters are passed over).
//! Trust: whoever strews `!`, `-` or padding among the characters does it to be read by people alone.
//! Limits: of transfer encodings, base64 alone; other charsets than those that keep US-ASCII are not undone.

use crate::complaint::leak::{self, Forms};
use crate::evidence::decode::base64_value;
use crate::evidence::mime::{Encoding, Part, Structure};

/// Returns the parts in which mail programs read what a search does not find.
pub(super) fn found<'s>(
    octets: &[u8],
    structure: &'s Structure,
    forms: &Forms,
) -> impl Iterator<Item = &'s Part> {
    structure.leaves().filter(|part| {
        let body = octets.get(part.body.clone()).unwrap_or_default();
        is_strewn(part, octets) && !leak::find(&read(body), forms).is_empty()
    })
}

/// Returns whether a part is in base64, and holds more than that: other characters, or padding before its end.
pub(super) fn is_strewn(part: &Part, octets: &[u8]) -> bool {
    let body = octets.get(part.body.clone()).unwrap_or_default();
    let is_padding = |octet: &u8| matches!(octet, b'=' | b'\r' | b'\n' | b' ' | b'\t');
    let end = body.iter().rposition(|octet| !is_padding(octet));
    let code = body.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
    let is_other = |octet: &u8| value(*octet).is_none() && (*octet == b'=' || !is_padding(octet));
    part.encoding == Encoding::Base64 && code.iter().any(is_other)
}

/// Returns the value of a character of base64, but not of base64url.
fn value(octet: u8) -> Option<u8> {
    base64_value(octet).filter(|_| !matches!(octet, b'-' | b'_'))
}

/// Decodes base64 as mail programs do: other characters count for nothing, and behind padding it begins anew.
fn read(body: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(body.len() / 4 * 3);
    for code in body.split(|octet| *octet == b'=') {
        // RFC 2045 §6.8: characters outside of the alphabet must be ignored.
        let values: Vec<u8> = code.iter().filter_map(|octet| value(*octet)).collect();
        octets.extend(crate::evidence::decode::base64_octets(&values));
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complaint::own::Own;
    use crate::evidence::mime::walk;

    #[test]
    fn what_stands_among_the_characters_hides_nothing() {
        let forms = Forms::of(&Own::of_addresses(&["jane.doe@example.org"]));
        let code = data_encoding::BASE64.encode(b"Dear jane.doe@example.org, buy now");
        let strewn = |every: usize, by: &str| {
            let pieces: Vec<_> = code.as_bytes().chunks(every).collect();
            pieces.join(by.as_bytes())
        };
        let padded = b"RGVhciBqYW5lLmQ=\r\nb2VAZXhhbXBsZS5vcmcsIGI=\r\n".to_vec();
        let plain = strewn(20, "\r\n");
        for (body, is_found) in [
            (strewn(5, "!"), true),
            (strewn(7, "-"), true),
            (strewn(6, "."), true),
            (padded, true),
            (plain, false),
        ] {
            let header = b"Content-Transfer-Encoding: base64\r\n\r\n";
            let octets = [&header[..], &body].concat();
            let structure = walk(&octets);
            let shown = String::from_utf8_lossy(&body);
            assert_eq!(
                found(&octets, &structure, &forms).count() == 1,
                is_found,
                "{shown}"
            );
        }
    }
}
