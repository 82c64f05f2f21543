//! Mails that are attached to a mail: how most programs forward spam whole.
//!
//! In: [`Message`]. Out: the attached ones that came a way of their own.
//! Standards: RFC 2046 §5.2.1 (message/rfc822); RFC 6522 §3 (a report carries the mail that it is about, and is no forward).
//! Trust: hostile; a stranger can attach a mail that blames another. Which of them is the spam, the user says.
//! Failures: never fails; what is no message with a Received field is left out.
//! Limits: attached ones of attached ones are not looked for; [`ATTACHED_LIMIT`].

use super::decode;
use super::mime::{self, Part, Structure};
use crate::intake::{self, LIMIT, Message};

/// Attached mails that are told apart at most; nobody chooses among more.
pub const ATTACHED_LIMIT: usize = 9;

/// Returns the mails that are attached to one, each as if it had come by itself.
#[must_use]
pub fn mails(message: &Message) -> Vec<Message> {
    let octets = message.octets();
    let structure = mime::walk(octets);
    let is_report = structure
        .parts
        .first()
        .is_some_and(|whole| whole.media_type == "multipart/report");
    if is_report {
        return Vec::new();
    }
    structure
        .parts
        .iter()
        .filter(|part| is_mail(part) && !is_inside_another(part, &structure))
        .filter_map(|part| {
            let octets = decode::body(octets, part, LIMIT).into_owned();
            intake::attached(octets, message.origin().clone()).ok()
        })
        .filter(|mail| mail.headers().first("Received").is_some())
        .take(ATTACHED_LIMIT)
        .collect()
}

/// Returns whether a part is a mail by its type or, as some programs attach it, by its name.
fn is_mail(part: &Part) -> bool {
    let is_named = || {
        let name = part.name.as_deref().unwrap_or_default();
        let stem = name.len().saturating_sub(4);
        name.get(stem..)
            .is_some_and(|end| end.eq_ignore_ascii_case(".eml"))
    };
    part.parent.is_some()
        && (matches!(
            part.media_type.as_str(),
            "message/rfc822" | "message/global"
        ) || part.boundary.is_none() && is_named())
}

/// Returns whether a part lies in an attached mail.
fn is_inside_another(part: &Part, structure: &Structure) -> bool {
    let mut above = part.parent;
    // Each step leads to an earlier part, so this ends.
    while let Some(parent) = above.and_then(|place| structure.parts.get(place)) {
        if parent.is_message() {
            return true;
        }
        above = parent.parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{Origin, Repair};

    const SPAM: &str = "Received: from pc ([192.0.2.7]) by mx.example.net (Postfix) with SMTP id 1; Sat, 21 Nov 2026 10:00:00 +0000\nSubject: pills\n\nbuy\n";

    fn subjects(part: &str) -> Vec<String> {
        let mail = format!(
            "From: ann@example.org\nSubject: Fwd: pills\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee below\n--b\n{part}\n--b--\n"
        );
        let mail = intake::read(mail.into_bytes(), Origin::single("-")).unwrap();
        let found = mails(&mail);
        assert!(
            found
                .iter()
                .all(|mail| mail.repairs() == [Repair::Attached])
        );
        found
            .iter()
            .map(|mail| mail.headers().first("Subject").unwrap().text().into_owned())
            .collect()
    }

    #[test]
    fn a_mail_is_found_however_a_program_attached_it() {
        let encoded = data_encoding::BASE64.encode(SPAM.as_bytes());
        for part in [
            format!("Content-Type: message/rfc822\n\n{SPAM}"),
            format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{encoded}"),
            format!(
                "Content-Type: application/octet-stream; name=\"Pills.EML\"\nContent-Transfer-Encoding: base64\n\n{encoded}"
            ),
        ] {
            assert_eq!(subjects(&part), ["pills"], "{part}");
        }
    }

    #[test]
    fn what_came_no_way_of_its_own_is_none_nor_what_lies_deeper() {
        assert!(subjects("Content-Type: message/rfc822\n\nSubject: a draft\n\nx\n").is_empty());
        assert!(subjects("Content-Type: text/plain\n\nReceived: from me\n").is_empty());
        let nested = format!(
            "Content-Type: message/rfc822\n\nReceived: by a\nSubject: outer\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: message/rfc822\n\n{SPAM}\n--c--\n"
        );
        assert_eq!(subjects(&nested), ["outer"]);
    }

    #[test]
    fn a_report_about_a_mail_is_no_forward() {
        let bounce = format!(
            "From: mailer-daemon@example.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n{SPAM}\n--b--\n"
        );
        let bounce = intake::read(bounce.into_bytes(), Origin::single("-")).unwrap();
        assert!(mails(&bounce).is_empty());
    }
}
