//! Puts the parts of a complaint together: ARF, plain, XARF.
//!
//! In: texts and evidence, masked. Out: the octets of the mail.
//! Standards: RFC 5965 (ARF), RFC 6522 (multipart/report), RFC 5322 §2.1.1 (lines), RFC 2045 §6.2 (7bit, 8bit), RFC 2047 (From, Subject).
//! Trust: header values are our own data; foreign text stands in bodies only, and no boundary occurs in it.
//! Limits: text that is not US-ASCII goes as 8bit; a server without 8BITMIME (RFC 6152) must be told by delivery.

use data_encoding::BASE64;

use super::case::{Case, rfc5322};
use super::munge::Exhibit;
use super::{Identity, Secret};
use crate::contact::AbuseMailbox;

/// Characters of base64 on one line. RFC 2045 §6.8.
const BASE64_COLUMNS: usize = 76;

/// Octets that one encoded word holds before encoding: `Subject: ` and the word stay within the 76
/// characters of a line. RFC 2047 §2.
const WORD_OCTETS: usize = 39;

/// Characters of a name in From.
const NAME_CHARS: usize = 100;

/// What stands in the header section of a complaint.
pub(super) struct Envelope<'e> {
    pub(super) identity: &'e Identity,
    pub(super) to: &'e AbuseMailbox,
    pub(super) subject: &'e str,
    pub(super) message_id: &'e str,
    pub(super) now: jiff::Timestamp,
}

/// One part of the mail.
pub(super) struct Part {
    /// Its header lines, without the encoding.
    pub(super) header: String,
    pub(super) body: Vec<u8>,
    /// Whether the body is base64 already.
    pub(super) is_base64: bool,
}

impl Part {
    /// Returns a part that stands as it is.
    pub(super) fn of(content_type: &str, body: Vec<u8>) -> Self {
        Self {
            header: format!("Content-Type: {content_type}\r\n"),
            body,
            is_base64: false,
        }
    }

    /// Returns a part that is encoded.
    pub(super) fn attached(content_type: &str, name: &str, body: &[u8]) -> Self {
        let encoded = BASE64.encode(body);
        let mut lines = Vec::with_capacity(encoded.len() + encoded.len() / 38);
        for line in encoded.as_bytes().chunks(BASE64_COLUMNS) {
            lines.extend_from_slice(line);
            lines.extend_from_slice(b"\r\n");
        }
        Self {
            header: format!(
                "Content-Type: {content_type}; name={name}\r\nContent-Disposition: attachment; filename={name}\r\n"
            ),
            body: lines,
            is_base64: true,
        }
    }

    fn encoding(&self) -> &'static str {
        if self.is_base64 {
            "base64"
        } else {
            encoding(&self.body)
        }
    }
}

/// Returns the encoding that octets can stand in as they are. RFC 2045 §2.7, §2.8.
fn encoding(octets: &[u8]) -> &'static str {
    if octets.is_ascii() { "7bit" } else { "8bit" }
}

/// Returns text with the line ends of mail.
pub(super) fn crlf(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    let mut rest = text.as_bytes();
    while let Some(newline) = memchr::memchr(b'\n', rest) {
        let (line, after) = rest.split_at_checked(newline).unwrap_or_default();
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
        rest = after.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// Composes a mail of one text part.
pub(super) fn plain(envelope: &Envelope<'_>, text: &str) -> Vec<u8> {
    plain_below(header(envelope), text)
}

/// Composes a mail of one text part below the fields that stand before Content-Type.
pub(super) fn plain_below(mut out: String, text: &str) -> Vec<u8> {
    let body = crlf(text);
    out.push_str("Content-Type: text/plain; charset=utf-8\r\n");
    out.push_str(&format!(
        "Content-Transfer-Encoding: {}\r\n\r\n",
        encoding(&body)
    ));
    let mut out = out.into_bytes();
    out.extend_from_slice(&body);
    out
}

/// Composes a multipart/report of feedback. RFC 5965 §2.
pub(super) fn report(envelope: &Envelope<'_>, parts: &[Part], boundary: &str) -> Vec<u8> {
    let mut out = header(envelope);
    // RFC 6522 §3: report-type is required.
    out.push_str("Content-Type: multipart/report; report-type=feedback-report;\r\n\tboundary=\"");
    out.push_str(boundary);
    out.push_str("\"\r\n");
    // RFC 2045 §6.4 MUST: a multipart with an 8bit part is 8bit itself.
    if parts.iter().any(|part| part.encoding() == "8bit") {
        out.push_str("Content-Transfer-Encoding: 8bit\r\n");
    }
    let mut out = out.into_bytes();
    for part in parts {
        out.extend_from_slice(format!("\r\n--{boundary}\r\n{}", part.header).as_bytes());
        let encoding = part.encoding();
        out.extend_from_slice(format!("Content-Transfer-Encoding: {encoding}\r\n\r\n").as_bytes());
        out.extend_from_slice(&part.body);
    }
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}

/// Returns a boundary that stands in none of the parts. RFC 2046 §5.1.1 MUST.
///
/// It is made from the secret, so that the same complaint has the same octets
/// and no spam can hold it beforehand.
pub(super) fn boundary(secret: &Secret, message_id: &str, parts: &[Part]) -> String {
    let mut round: u32 = 0;
    loop {
        let keyed = secret.keyed("boundary", &[message_id.as_bytes(), &round.to_be_bytes()]);
        let mut text = data_encoding::BASE32_NOPAD
            .encode(&keyed)
            .to_ascii_lowercase();
        text.truncate(24);
        let boundary = format!("=_plaint_{text}");
        let stands = |part: &Part| memchr::memmem::find(&part.body, boundary.as_bytes()).is_some();
        if !parts.iter().any(stands) || round == u32::MAX {
            return boundary;
        }
        round += 1;
    }
}

/// Writes the header section up to Content-Type: eight fields, each once.
fn header(envelope: &Envelope<'_>) -> String {
    format!(
        "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}>\r\nMIME-Version: 1.0\r\n",
        mailbox(&envelope.identity.name, &envelope.identity.mailbox),
        envelope.to,
        unstructured(envelope.subject),
        rfc5322(envelope.now),
        envelope.message_id,
    )
}

/// Returns a mailbox with its name. RFC 5322 §3.4, RFC 2047 §5 (3).
pub(super) fn mailbox(name: &str, mailbox: &AbuseMailbox) -> String {
    let name: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS)
        .collect();
    let name = name.trim();
    if name.is_empty() {
        return mailbox.to_string();
    }
    if name.is_ascii() {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{quoted}\" <{mailbox}>");
    }
    format!("{} <{mailbox}>", encoded_words(name))
}

/// Returns the text of an unstructured field: as it is in US-ASCII, else in encoded words. RFC 2047 §5 (1).
pub(super) fn unstructured(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if text.is_ascii() {
        return text;
    }
    encoded_words(&text)
}

/// Returns a text in encoded words, one a line.
fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        // RFC 2047 §5: each word holds whole characters.
        let end = (1..=rest.len().min(WORD_OCTETS))
            .rev()
            .find(|end| rest.is_char_boundary(*end));
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(format!("=?utf-8?B?{}?=", BASE64.encode(word.as_bytes())));
        rest = after;
    }
    words.join("\r\n ")
}

/// The fields of message/feedback-report. RFC 5965 §3.
pub(super) struct Feedback {
    lines: String,
}

impl Feedback {
    /// Begins a report of a type.
    pub(super) fn of(feedback_type: &str) -> Self {
        // RFC 5965 §3.1 MUST: Feedback-Type, User-Agent and Version, exactly once each.
        let lines = format!(
            "Feedback-Type: {feedback_type}\r\nUser-Agent: plaint/{}\r\nVersion: 1\r\n",
            env!("CARGO_PKG_VERSION")
        );
        Self { lines }
    }

    /// Adds a field; never folded, because desks read it line by line.
    pub(super) fn field(mut self, name: &str, value: &str) -> Self {
        let value = value.trim();
        let fits = !value.is_empty()
            && value.len() <= 500
            && value.bytes().all(|o| (32..127).contains(&o));
        if fits {
            self.lines.push_str(&format!("{name}: {value}\r\n"));
        }
        self
    }

    /// Returns the part.
    pub(super) fn part(self) -> Part {
        Part::of("message/feedback-report", self.lines.into_bytes())
    }
}

/// Returns the reverse path as ARF wants it: in angle brackets, and nothing but a path.
pub(super) fn original_mail_from(case: &Case<'_>, hides_tokens: bool) -> Option<String> {
    let path = case.quoted("Return-Path", case.reverse_path()?, hides_tokens);
    let inner = path
        .trim()
        .trim_start_matches('<')
        .trim_end_matches('>')
        .trim();
    let plain = inner
        .bytes()
        .all(|octet| (33..127).contains(&octet) && !b"<>,;\"()".contains(&octet));
    let path = format!("<{inner}>");
    // RFC 5965 §3.2 departs: it is optional, and left out where it names the user (VERP, a forged own address).
    (plain && super::leak::find(path.as_bytes(), &case.forms).is_empty()).then_some(path)
}

/// Returns the parts of the evidence: the message, and its exact octets where they had to change.
pub(super) fn evidence(exhibit: &Exhibit) -> Vec<Part> {
    // RFC 2046 §5.2.1 MUST: message/rfc822 is 7bit, 8bit or binary, never base64.
    let mut parts = vec![Part {
        header: "Content-Type: message/rfc822\r\nContent-Disposition: inline\r\n".to_owned(),
        body: exhibit.octets.clone(),
        is_base64: false,
    }];
    if let Some(exact) = &exhibit.exact {
        parts.push(Part::attached(
            "application/octet-stream",
            "original.eml",
            exact,
        ));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_or_encoded_and_cannot_add_a_field() {
        let address = AbuseMailbox::try_from("jane@example.org").unwrap();
        let of = |name: &str| mailbox(name, &address);
        assert_eq!(of(""), "jane@example.org");
        assert_eq!(
            of("Jane \"J\" Doe"),
            "\"Jane \\\"J\\\" Doe\" <jane@example.org>"
        );
        assert_eq!(
            of("Jane\r\nBcc: eve@example.com"),
            "\"JaneBcc: eve@example.com\" <jane@example.org>"
        );
        let long = of(&"é".repeat(60));
        assert!(
            long.lines()
                .all(|line| line.trim().starts_with("=?utf-8?B?") && line.len() <= 100),
            "{long}"
        );
    }

    #[test]
    fn a_subject_is_plain_or_in_encoded_words_and_cannot_add_a_field() {
        assert_eq!(unstructured("Abuse report (A)"), "Abuse report (A)");
        assert_eq!(
            unstructured("ABUSE:\r\nBcc: eve@example.com"),
            "ABUSE:Bcc: eve@example.com"
        );
        let long = "ABUSE: spam – 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff – 2026-11-21";
        let field = format!("Subject: {}", unstructured(long));
        // RFC 2047 §2: a line with an encoded word has at most 76 characters, a word 75.
        assert!(field.lines().count() > 1 && field.lines().all(|line| line.len() <= 76));
        let back = crate::evidence::decode::words(field.as_bytes());
        assert_eq!(back, format!("Subject: {long}"));
    }

    #[test]
    fn a_boundary_that_stands_in_a_part_is_not_taken() {
        let secret = Secret::new([1; 32]);
        let first = boundary(&secret, "id", &[]);
        assert_eq!(first, boundary(&secret, "id", &[]));
        let part = Part::of("text/plain", format!("x\r\n--{first}--\r\n").into_bytes());
        assert_ne!(first, boundary(&secret, "id", &[part]));
    }

    #[test]
    fn a_feedback_field_cannot_add_another() {
        let part = Feedback::of("abuse")
            .field("Reporting-MTA", "dns; a\r\nSource-IP: 192.0.2.1")
            .field("Source-IP", "192.0.2.7")
            .part();
        let text = String::from_utf8(part.body).unwrap();
        assert_eq!(text.matches("Source-IP").count(), 1);
        assert!(text.ends_with("Source-IP: 192.0.2.7\r\n"));
    }
}
