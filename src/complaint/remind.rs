//! The next round of a complaint that nobody answered: the same report, with a first sentence that says so.
//!
//! In: the complaint of the last round, what it followed. Out: a [`Complaint`] of the next round.
//! Standards: RFC 5322 §3.6.4 (Message-ID, In-Reply-To, References), §3.6.5 (`Re:`).
//! Trust: every changed value is our own; the evidence stays octet by octet as the desk had it.
//! Failures: `None` where the octets are not composed as ours are.

use jiff::Timestamp;

use super::case::rfc5322;
use super::compose::{crlf, unstructured};
use super::quote::wrapped;
use super::text::demanded_subject;
use super::{Complaint, Secret};
use crate::rules::{Rules, Texts};

/// The language whose sentence is taken where that of the settings is not that of the complaint.
const FIRST_LANGUAGE: &str = "en";

/// What a reminder follows.
#[derive(Debug, Clone)]
pub struct Round<'r> {
    /// The complaint of the last round, as it was sent.
    pub last: &'r Complaint,
    /// Message-IDs of all rounds, oldest first, without angle brackets; never empty.
    pub message_ids: &'r [String],
    /// When the first one went out.
    pub first_at: Timestamp,
    /// Language of the settings.
    pub language: &'r str,
}

/// Composes the next round of a complaint.
#[must_use]
pub fn remind(
    round: &Round<'_>,
    rules: &Rules,
    secret: &Secret,
    now: Timestamp,
) -> Option<Complaint> {
    let last = round.last;
    let texts = &rules.texts;
    let mut next = last.clone();
    next.round = last.round.checked_add(1)?;
    let left = secret.message_id(&next.case, &next.desk.key(), next.round);
    // Keyed like the first one: the same on every composition of this round.
    next.message_id = format!("{left}@{}", next.from.domain());
    // RFC 5322 §3.6.5: "Re: " once, whatever the round; it may be left out, and is where the
    // desk's machine demands a subject.
    let bare = last.subject.strip_prefix("Re: ").unwrap_or(&last.subject);
    next.subject = match demanded_subject(rules, &last.desk) {
        Some(_) => bare.to_owned(),
        None => format!("Re: {bare}"),
    };
    let said = sentence(round, texts)?;
    let (greeting, rest) = without_sentence(&last.text, texts)?;
    next.text = format!("{greeting}{said}{rest}");
    next.octets = octets(&next, last, round.message_ids, now)?;
    next.desk.ticked = true;
    next.desk.unticked_because = None;
    let days = now.duration_since(round.first_at).as_hours() / 24;
    next.warnings = vec![format!(
        "this is a reminder: the desk had this report {days} days ago, and nothing came back"
    )];
    Some(next)
}

/// Returns what the reminder says first, as a paragraph of its own.
fn sentence(round: &Round<'_>, texts: &Texts) -> Option<String> {
    let first = round.message_ids.first()?;
    let date = round.first_at.strftime("%Y-%m-%d").to_string();
    let values = [("date", date.as_str()), ("id", first.as_str())];
    let language = [round.language, FIRST_LANGUAGE]
        .into_iter()
        .find(|language| {
            let hello = texts.say(language, "hello", &[]).unwrap_or_default();
            round.last.text.starts_with(&hello)
        })?;
    let said = texts.say(language, "reminder", &values)?;
    let mut paragraph = String::new();
    wrapped(&said, "", &mut paragraph);
    paragraph.push('\n');
    Some(paragraph)
}

/// Returns the greeting with its empty line, and what stands behind it but for an earlier round's sentence.
fn without_sentence<'t>(text: &'t str, texts: &Texts) -> Option<(&'t str, &'t str)> {
    let end = text.find("\n\n")?.checked_add(2)?;
    let (greeting, rest) = text.split_at(end);
    let is_reminder = |paragraph: &str| {
        texts.languages().any(|language| {
            let said = texts.say(language, "reminder", &[("date", "{"), ("id", "{")]);
            let said = said.unwrap_or_default();
            let begins = said.split('{').next().unwrap_or_default().trim_end();
            !begins.is_empty() && paragraph.replace('\n', " ").starts_with(begins)
        })
    };
    let rest = match rest.split_once("\n\n") {
        Some((paragraph, after)) if is_reminder(paragraph) => after,
        _ => rest,
    };
    Some((greeting, rest))
}

/// Returns the mail of the last round with the header and the text of the next.
fn octets(
    next: &Complaint,
    last: &Complaint,
    message_ids: &[String],
    now: Timestamp,
) -> Option<Vec<u8>> {
    let end = memchr::memmem::find(&last.octets, b"\r\n\r\n")?.checked_add(2)?;
    let (header, body) = last.octets.split_at_checked(end)?;
    let header = std::str::from_utf8(header).ok()?;
    let mut out = String::with_capacity(header.len() + 512);
    let mut is_dropped = false;
    for line in header.split_inclusive("\r\n") {
        // RFC 5322 §2.2.3: a line that begins with a blank goes on with the field before it.
        if line.starts_with([' ', '\t']) {
            if !is_dropped {
                out.push_str(line);
            }
            continue;
        }
        let name = line.split(':').next().unwrap_or_default();
        is_dropped = true;
        match name {
            "Subject" => out.push_str(&format!("Subject: {}\r\n", unstructured(&next.subject))),
            "Date" => out.push_str(&format!("Date: {}\r\n", rfc5322(now))),
            "Message-ID" => out.push_str(&threaded(&next.message_id, message_ids)?),
            // What an earlier reminder followed stands in the new fields.
            "In-Reply-To" | "References" => {}
            _ => {
                is_dropped = false;
                out.push_str(line);
            }
        }
    }
    let (before, after) = (crlf(&last.text), crlf(&next.text));
    let at = memchr::memmem::find(body, &before)?;
    let mut out = out.into_bytes();
    out.extend_from_slice(body.get(..at)?);
    out.extend_from_slice(&after);
    out.extend_from_slice(body.get(at + before.len()..)?);
    Some(out)
}

/// Returns the fields that tie the mail to those before it.
fn threaded(message_id: &str, earlier: &[String]) -> Option<String> {
    // RFC 5322 §3.6.4: In-Reply-To names what is answered, References the whole thread.
    let answered = earlier.last()?;
    let all: Vec<String> = earlier.iter().map(|id| format!("<{id}>")).collect();
    Some(format!(
        "Message-ID: <{message_id}>\r\nIn-Reply-To: <{answered}>\r\nReferences: {}\r\n",
        // RFC 5322 §2.1.1: one a line, so that no line grows long.
        all.join("\r\n ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complaint::{Desk, Format, Munge};
    use crate::rules::Rules;

    fn secret() -> Secret {
        Secret::new([7; 32])
    }

    fn first() -> Complaint {
        let from = "jane@example.org".try_into().unwrap();
        let text = "Hello,\n\nSpam came from 192.0.2.7.\n\nThank you.\n";
        let octets = format!(
            "From: jane@example.org\r\nTo: abuse@example.net\r\nSubject: Abuse report: spam (REF)\r\n\
             Date: Fri, 20 Nov 2026 18:00:00 +0000\r\nMessage-ID: <first@example.org>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report;\r\n\tboundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\n{}\r\n--b\r\nSubject: of the spam\r\n\r\n--b--\r\n",
            text.replace('\n', "\r\n")
        );
        Complaint {
            case: secret().case(b"spam"),
            desk: Desk {
                mailbox: Some("abuse@example.net".try_into().unwrap()),
                form: None,
                roles: Vec::new(),
                why: String::new(),
                ticked: false,
                unticked_because: Some("old".to_owned()),
            },
            round: 0,
            source_addr: "192.0.2.7".parse().unwrap(),
            from,
            subject: "Abuse report: spam (REF)".to_owned(),
            message_id: "first@example.org".to_owned(),
            octets: octets.into_bytes(),
            text: text.to_owned(),
            format: Format::Arf,
            munge: Munge::Address,
            masked: Vec::new(),
            leaks: Vec::new(),
            warnings: Vec::new(),
            incidents: 1,
        }
    }

    fn next(last: &Complaint, ids: &[&str]) -> Complaint {
        let rules = Rules::builtin();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let round = Round {
            last,
            message_ids: &ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(),
            first_at: at("2026-11-20T18:00:00Z"),
            language: "en",
        };
        remind(&round, &rules, &secret(), at("2026-11-28T18:00:00Z")).unwrap()
    }

    #[test]
    fn a_reminder_is_the_same_report_with_a_thread_and_a_sentence() {
        let first = first();
        let second = next(&first, &["first@example.org"]);
        let left = secret().message_id(&first.case, "abuse@example.net", 1);
        assert_eq!(second.message_id, format!("{left}@example.org"));
        assert_eq!(
            second,
            next(&first, &["first@example.org"]),
            "deterministic"
        );
        assert_eq!((second.round, second.desk.ticked), (1, true));
        let text = String::from_utf8(second.octets.clone()).unwrap();
        insta::assert_snapshot!(text.replace('\r', "").replace(&left, "@@ID@@"), @r#"
        From: jane@example.org
        To: abuse@example.net
        Subject: Re: Abuse report: spam (REF)
        Date: Sat, 28 Nov 2026 18:00:00 +0000
        Message-ID: <@@ID@@@example.org>
        In-Reply-To: <first@example.org>
        References: <first@example.org>
        MIME-Version: 1.0
        Content-Type: multipart/report;
        	boundary="b"

        --b
        Content-Type: text/plain

        Hello,

        This is a reminder of my report of 2026-11-20 (Message-ID
        first@example.org): no answer has come to it.

        Spam came from 192.0.2.7.

        Thank you.

        --b
        Subject: of the spam

        --b--
        "#);
        let third = next(&second, &["first@example.org", &second.message_id]);
        let text = String::from_utf8(third.octets).unwrap();
        assert_eq!(text.matches("This is a reminder").count(), 1);
        assert_eq!(text.matches("Re: ").count(), 1);
        assert_eq!(text.matches("In-Reply-To: ").count(), 1);
        assert!(text.contains(&format!("In-Reply-To: <{}>\r\n", second.message_id)));
        assert!(text.contains(&format!(
            "References: <first@example.org>\r\n <{}>\r\n",
            second.message_id
        )));
        assert!(text.ends_with("--b\r\nSubject: of the spam\r\n\r\n--b--\r\n"));
    }

    #[test]
    fn a_subject_that_a_desk_demands_is_the_same_in_every_round() {
        let mut first = first();
        let desk: crate::contact::AbuseMailbox = "abuse@techtomize.com".try_into().unwrap();
        first.desk.mailbox = Some(desk);
        first.subject = "ABUSE: spam – 192.0.2.7 – 2026-11-20".to_owned();
        let second = next(&first, &["first@example.org"]);
        assert_eq!(second.subject, first.subject);
        let text = String::from_utf8(second.octets).unwrap();
        let field = format!("Subject: {}\r\nDate: ", unstructured(&first.subject));
        assert!(text.contains(&field) && text.is_ascii(), "{text}");
    }

    #[test]
    fn what_is_not_composed_as_ours_is_not_reminded_of() {
        let rules = Rules::builtin();
        let mut strange = first();
        strange.text = "Something else.\n".to_owned();
        let round = Round {
            last: &strange,
            message_ids: &["first@example.org".to_owned()],
            first_at: Timestamp::UNIX_EPOCH,
            language: "de",
        };
        assert_eq!(
            remind(&round, &rules, &secret(), Timestamp::UNIX_EPOCH),
            None
        );
    }
}
