//! WHOIS answers become text.
//!
//! In: octets, the character set that the registry's rule names. Out: text.
//! Standards: RFC 3912 §4 departs: WHOIS names no character set, so each server has its own.
//! Trust: hostile; what cannot be decoded is replaced, NUL octets are left out.

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};

/// Decodes an answer: UTF-8 where it is that, else what the rule names, else Latin-1.
///
/// Some servers pad their answers with NUL octets; they are no part of a text.
pub(super) fn decode(octets: &[u8], charset: Option<&str>) -> String {
    let mut text = decoded(octets, charset);
    text.retain(|c| c != '\0');
    text
}

fn decoded(octets: &[u8], charset: Option<&str>) -> String {
    let named = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    // ISO-2022-JP is seven-bit, so it would pass for UTF-8.
    if named == Some(ISO_2022_JP) && octets.contains(&0x1b) {
        return ISO_2022_JP
            .decode_without_bom_handling(octets)
            .0
            .into_owned();
    }
    let (text, _, malformed) = UTF_8.decode(octets);
    if malformed {
        return named
            .unwrap_or(WINDOWS_1252)
            .decode_without_bom_handling(octets)
            .0
            .into_owned();
    }
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_decoded_by_what_they_are_and_by_what_the_rule_names() {
        assert_eq!(decode("João".as_bytes(), Some("iso-8859-1")), "João");
        assert_eq!(decode(b"Jo\xe3o", Some("iso-8859-1")), "João");
        assert_eq!(decode(b"\xc7\xd1\xb1\xb9", Some("euc-kr")), "한국");
        assert_eq!(decode(b"\x1b$BF|K\\\x1b(B", Some("iso-2022-jp")), "日本");
        assert_eq!(decode(b"a\xff", None), "aÿ");
        assert_eq!(decode(b"plain", Some("no such set")), "plain");
        assert_eq!(decode(b"a@isp.example\0\r\n\0", None), "a@isp.example\r\n");
    }
}
