//! Bounces and answers in the shapes of many systems, read as a user's `plaint replies` reads them.
//!
//! A case in `tests/data/replies` is `=== NAME`, what is expected, `---`, and
//! the message; `@@RETURNED@@` stands for the header section of our complaint.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use plaint::delivery::answer::{self, Answer, Kind, Reason};
use plaint::intake::{self, Origin};
use plaint::rules::Rules;
use proptest::prelude::*;

static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);

const OUR_ID: &str = "abcdefghijklmnopqrstuvwxyz@example.org";

const RETURNED: &str = "\
Received: from home.example.org (home.example.org [198.51.100.9])
\tby mx.example.org with ESMTPSA id 4F2C71A0;
\tSat, 21 Nov 2026 10:00:00 +0000
Message-ID: <abcdefghijklmnopqrstuvwxyz@example.org>
Date: Sat, 21 Nov 2026 10:00:00 +0000
From: Jane Doe <jane@example.org>
To: abuse@example.net
Subject: Abuse report: spam from 192.0.2.7, 2026-11-21 09:12 UTC (ABCDEFGH)
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8";

struct Case {
    name: String,
    expected: BTreeMap<String, String>,
    message: String,
}

fn cases() -> Vec<Case> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/replies");
    let mut cases = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for piece in text.strip_prefix("=== ").unwrap().split("\n=== ") {
            let (head, message) = piece.split_once("\n---\n").unwrap();
            let mut lines = head.lines();
            let name = format!("{stem}: {}", lines.next().unwrap());
            let expected = lines
                .map(|line| line.split_once(": ").unwrap())
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            cases.push(Case {
                name,
                expected,
                message: message.replace("@@RETURNED@@", RETURNED),
            });
        }
    }
    cases
}

fn read(message: &str) -> Answer {
    let message = intake::read(message.as_bytes().to_vec(), Origin::single("-")).unwrap();
    answer::read(&message, &RULES)
}

/// What came out, under the names that the cases use.
fn seen(answer: &Answer) -> BTreeMap<&'static str, String> {
    let mut seen = BTreeMap::from([("kind", answer.kind.name().to_owned())]);
    let mut put = |key, value: Option<String>| {
        if let Some(value) = value {
            seen.insert(key, value);
        }
    };
    put("ticket", answer.ticket.clone());
    put("form", answer.points_to.form.clone());
    put(
        "mailbox",
        answer.points_to.mailbox.as_ref().map(ToString::to_string),
    );
    put("network", answer.points_to.network.clone());
    match &answer.kind {
        Kind::Bounce(failed) => {
            let first = &failed[0];
            put("recipient", first.recipient.clone());
            put("reason", Some(first.reason.name().to_owned()));
            put("class", Some(format!("{:?}", first.class).to_lowercase()));
            put("status", first.status.map(|status| status.to_string()));
            put("reply", first.reply.map(|reply| reply.to_string()));
            put("permanent", Some(first.permanent.to_string()));
            put("count", Some(failed.len().to_string()));
        }
        Kind::Feedback(feedback) => {
            put("recipient", feedback.recipient.clone());
            put("feedback-type", Some(feedback.feedback_type.clone()));
        }
        _ => {}
    }
    seen
}

#[test]
fn every_case_is_read_as_it_says() {
    let mut wrong = String::new();
    let cases = cases();
    assert!(cases.len() > 100, "{}", cases.len());
    for case in &cases {
        let answer = read(&case.message);
        let seen = seen(&answer);
        for (key, value) in &case.expected {
            let found = seen.get(key.as_str()).map_or("", String::as_str);
            if found != value {
                writeln!(wrong, "{}: {key} is `{found}`, not `{value}`", case.name).unwrap();
            }
        }
        if answer.says.is_empty() {
            writeln!(wrong, "{}: says nothing", case.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_bounce_is_tied_to_our_complaint_wherever_it_returns_it() {
    for case in cases() {
        let expects_id = case.message.contains(OUR_ID);
        let answer = read(&case.message);
        assert_eq!(
            answer.references.message_ids.iter().any(|id| id == OUR_ID),
            expects_id,
            "{}",
            case.name
        );
        if case.message.contains("UTC (ABCDEFGH)") {
            assert_eq!(
                answer.references.case_references,
                ["ABCDEFGH"],
                "{}",
                case.name
            );
        }
    }
}

#[test]
fn line_ends_do_not_matter() {
    for case in cases() {
        let lf = read(&case.message);
        let crlf = read(&case.message.replace('\n', "\r\n"));
        assert_eq!(seen(&lf), seen(&crlf), "{}", case.name);
    }
}

#[test]
fn nothing_that_is_shown_can_drive_a_terminal() {
    let hostile = "\u{1b}[31m\u{202e}";
    for case in cases() {
        let message = case
            .message
            .replace("550 ", &format!("550 {hostile}"))
            .replace("abuse@", &format!("abuse{hostile}@"))
            .replace("Subject: ", &format!("Subject: {hostile}"));
        let json = serde_json::to_string(&read(&message)).unwrap();
        assert!(!json.contains("\\u001b"), "{}", case.name);
        assert!(!json.contains('\u{202e}'), "{}", case.name);
    }
}

#[test]
fn the_sentences_are_plain() {
    let mut told = String::new();
    for name in [
        "postfix: user unknown at the other host",
        "postfix: delayed",
        "google: no answer for days",
        "automatic: Request Tracker",
        "desks: not ours, go there",
        "desks: only by form",
        "desks: mailbox not in use",
        "desks: a person writes",
    ] {
        let case = cases().into_iter().find(|case| case.name == name).unwrap();
        writeln!(told, "{}", read(&case.message).says).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn our_own_words_in_a_quotation_say_nothing() {
    let answer = read(
        "From: Sam <sam@example.net>\nTo: jane@example.org\nSubject: Re: Abuse report: x\n\
         In-Reply-To: <1@example.org>\n\nThank you, Jane.\n\n\
         > The account has been suspended. Please use our form at https://example.com/x\n",
    );
    assert_eq!(answer.kind, Kind::Human);
    assert_eq!(answer.points_to.form, None);
}

#[test]
fn a_link_that_hides_where_it_leads_is_not_proposed() {
    for link in [
        "https://example.net@evil.example/x",
        "javascript:alert(1)",
        "http://localhost/x",
    ] {
        let answer = read(&format!(
            "From: Desk <d@example.net>\nTo: jane@example.org\nSubject: Re: report\n\
             In-Reply-To: <1@example.org>\n\nYou must use our form at {link} to report.\n"
        ));
        assert_eq!(answer.points_to.form, None, "{link}");
    }
}

#[test]
fn a_bounce_alone_says_nothing_of_a_complaint_of_ours() {
    let answer = read(
        "From: MAILER-DAEMON@mx.example.net\nTo: jane@example.org\nSubject: failure notice\n\n\
         Hi. This is the qmail-send program.\n\n<abuse@example.net>:\nno mailbox here by that name. (#5.1.1)\n",
    );
    assert!(
        matches!(&answer.kind, Kind::Bounce(failed) if failed[0].reason == Reason::MailboxUnknown)
    );
    assert!(answer.references.message_ids.is_empty());
    assert!(answer.references.case_references.is_empty());
}

#[test]
fn a_report_about_ten_thousand_recipients_is_cut() {
    let mut message = String::from(
        "From: MAILER-DAEMON@mx.example.net\nSubject: failed\nMIME-Version: 1.0\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n",
    );
    for n in 0..10_000 {
        write!(
            message,
            "\nFinal-Recipient: rfc822; u{n}@example.net\nAction: failed\nStatus: 5.1.1\n"
        )
        .unwrap();
    }
    let answer = read(&message);
    let Kind::Bounce(failed) = &answer.kind else {
        panic!("{:?}", answer.kind.name());
    };
    assert_eq!(failed.len(), 100);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_octets_give_an_answer(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut message = b"From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n".to_vec();
        message.extend_from_slice(&octets);
        if let Ok(message) = intake::read(message, Origin::single("-")) {
            let answer = answer::read(&message, &RULES);
            prop_assert!(!answer.says.is_empty());
        }
    }

    #[test]
    fn a_damaged_case_gives_an_answer(pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), octets in prop::collection::vec(any::<u8>(), 0..40), cut in any::<bool>()) {
        static CASES: LazyLock<Vec<Case>> = LazyLock::new(cases);
        let case = pick.get(&CASES);
        let mut message = case.message.clone().into_bytes();
        let at = at.index(message.len());
        if cut {
            message.truncate(at);
        }
        let at = at.min(message.len());
        message.splice(at..at, octets);
        if let Ok(message) = intake::read(message, Origin::single("-")) {
            let answer = answer::read(&message, &RULES);
            prop_assert!(answer.says.chars().count() < 4_000);
        }
    }
}

#[test]
fn a_message_of_the_largest_size_is_read_in_time() {
    let line = "<a@b.example>: 550 5.1.1 mailbox mailbox mailbox is is is over quota quota\n";
    for filler in [line.to_owned(), "x".repeat(100), "a@b.example ".repeat(8)] {
        let mut message =
            String::from("From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n\n");
        while message.len() + filler.len() < 8 * 1024 * 1024 {
            message.push_str(&filler);
        }
        let started = std::time::Instant::now();
        let answer = read(&message);
        assert!(matches!(answer.kind, Kind::Bounce(_)));
        // Without optimisation, on a busy machine; far less in earnest.
        assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
    }
}
