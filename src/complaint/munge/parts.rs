//! Replaces the parts that are not passed on by their name, type, size and digest.
//!
//! In: a message and its structure. Out: the message with short text parts in their place.
//! Standards: RFC 2046 §5.1 (parts), FIPS 180-4 (SHA-256).
//! Trust: programs and archives are never unpacked; their digest lets a desk look them up.
//! Limits: a message that is such a part as a whole keeps its header fields, and loses its body.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::evidence::decode;
use crate::evidence::mime::{Encoding, Part, Structure};
use crate::intake::{LIMIT, Untrusted};
use crate::rules::Rules;

/// A part that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// What stands in its place.
    pub(crate) notice: String,
    /// Header section and body of the part in the message; the body alone for a message of one part.
    range: std::ops::Range<usize>,
    is_whole: bool,
}

impl Replaced {
    /// Returns what stands in a part's place.
    pub(super) fn of(octets: &[u8], part: &Part) -> Self {
        Self {
            notice: notice(octets, part),
            range: match part.parent {
                Some(_) => part.header.start..part.body.end,
                None => part.body.clone(),
            },
            is_whole: part.parent.is_none(),
        }
    }
}

/// Returns the parts that are not passed on.
///
/// Programs and archives never are, nor is a message that is encoded, in which they would not be seen. With `unread`, neither is what cannot be
/// searched for the user: anything but text, messages and plain pictures.
pub(crate) fn replaced(
    octets: &[u8],
    structure: &Structure,
    rules: &Rules,
    unread: bool,
) -> Vec<Replaced> {
    structure
        .leaves()
        .filter(|part| is_dangerous(octets, part, rules) || (unread && !is_readable(part, rules)))
        .map(|part| Replaced::of(octets, part))
        .filter(|replaced| !replaced.range.is_empty())
        .collect()
}

/// Returns whether a part is a program or an archive, or may hide one: by its type, its name, or its first octets.
fn is_dangerous(octets: &[u8], part: &Part, rules: &Rules) -> bool {
    let name = part.name.as_deref().unwrap_or_default();
    let extension = name
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension.trim());
    // RFC 2046 §5.2.1: a message is never encoded; where one is, programs in it are parts to mail programs, and none to us.
    let is_wrapped = part.encoding != Encoding::Identity
        && matches!(
            part.media_type.as_str(),
            "message/rfc822" | "message/global"
        );
    let first = decode::body(octets, part, 16);
    let first = HEXLOWER.encode(first.get(..8).unwrap_or(&first));
    is_wrapped
        || rules
            .evidence
            .held("dangerous-type", &part.media_type)
            .is_some()
        || rules
            .evidence
            .held("dangerous-extension", extension)
            .is_some()
        || (!part.is_text() && rules.evidence.held("dangerous-start", &first).is_some())
}

/// Returns whether what a part holds can be searched.
fn is_readable(part: &Part, rules: &Rules) -> bool {
    // RFC 2045 §6.4: what an unknown transfer encoding holds is not known, whatever type it bears.
    if part.encoding == Encoding::Unknown {
        return false;
    }
    part.is_text()
        || part.media_type.starts_with("message/")
        || part.media_type.starts_with("multipart/")
        || rules
            .evidence
            .held("readable-type", &part.media_type)
            .is_some()
}

/// Returns what stands in a part's place: its name, type, size and digest, in US-ASCII.
fn notice(octets: &[u8], part: &Part) -> String {
    let body = decode::body(octets, part, LIMIT);
    let shown = |text: &str| -> String {
        let escaped = Untrusted::text(text).up_to(80).to_string();
        escaped
            .chars()
            .map(|c| if c.is_ascii() { c } else { '?' })
            .collect()
    };
    let name = part.name.as_deref().map_or_else(|| "-".to_owned(), shown);
    format!(
        "[plaint: a part was left out: name {name}, type {}, {} octets, SHA-256 {}]",
        shown(&part.media_type),
        body.len(),
        HEXLOWER.encode(&Sha256::digest(&body)),
    )
}

/// Puts the notices in the parts' place.
pub(super) fn replace(octets: &[u8], replaced: &[Replaced]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut at = 0;
    for part in replaced {
        out.extend_from_slice(octets.get(at..part.range.start).unwrap_or_default());
        if !part.is_whole {
            out.extend_from_slice(b"Content-Type: text/plain; charset=us-ascii\r\n\r\n");
        }
        out.extend_from_slice(part.notice.as_bytes());
        at = part.range.end;
    }
    out.extend_from_slice(octets.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::mime::walk;

    fn after(part: &str) -> String {
        let text = format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\n{part}\n--b--\n"
        );
        let rules = Rules::builtin();
        let octets = replace(
            text.as_bytes(),
            &replaced(text.as_bytes(), &walk(text.as_bytes()), &rules, true),
        );
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn programs_archives_and_unreadable_parts_become_a_line() {
        for part in [
            "Content-Type: application/zip\n\nPK",
            "Content-Type: text/plain; name=\"invoice.pdf.exe\"\n\nhi",
            "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nTVqQAAMAAAAEAAAA",
            "Content-Type: application/x-own-invention\n\nhi",
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nRnJvbTogYUBleGFtcGxlLm9yZwo=",
            "Content-Type: message/delivery-status\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n`\nend",
            "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n`\nend",
        ] {
            let text = after(part);
            assert!(
                text.contains("[plaint: a part was left out: name"),
                "{text}"
            );
            assert!(
                text.contains("--b\n\nhello\n--b\n") && text.ends_with("]\n--b--\n"),
                "{text}"
            );
        }
        assert!(after("Content-Type: application/zip\n\nPK").contains(", 2 octets, SHA-256 "));
    }

    #[test]
    fn text_and_pictures_stay() {
        for part in [
            "Content-Type: text/html\n\n<b>",
            "Content-Type: image/gif\nContent-Transfer-Encoding: base64\n\nR0lGODlh",
        ] {
            assert!(!after(part).contains("plaint"), "{part}");
        }
    }
}
