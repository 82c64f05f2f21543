//! What servers answer, in the bounces of several mail systems: the reason is the same wherever it stands.
//!
//! A line of `tests/data/diagnoses` is a reason (or several, where more than one is true), a tab, and the answer.

use std::fmt::Write as _;
use std::sync::LazyLock;

use plaint::delivery::answer::{self, Failed, Kind};
use plaint::intake::{self, Origin};
use plaint::rules::Rules;

static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);

const DESK: &str = "abuse@example.net";

const RETURNED: &str = "Message-ID: <abcdefghijklmnopqrstuvwxyz@example.org>\n\
    From: Jane Doe <jane@example.org>\nTo: abuse@example.net\n\
    Subject: Abuse report: spam from 192.0.2.7 (ABCDEFGH)\n";

/// Returns the code of RFC 3463 that stands at the front of an answer, as mail systems copy it into `Status`.
fn status(said: &str) -> String {
    let front = said.split([' ', '-']).take(3);
    front
        .map(|word| word.trim_matches(['#', '(', ')', ':']))
        .find(|word| word.split('.').count() == 3 && word.starts_with(['4', '5']) && word.len() < 9)
        .map_or_else(
            || {
                let class = if said.starts_with('4') { 4 } else { 5 };
                format!("{class}.0.0")
            },
            str::to_owned,
        )
}

/// Bounces around an answer: name and message.
fn shells(said: &str) -> [(&'static str, String); 5] {
    let from = "Return-Path: <>\nTo: jane@example.org\nMIME-Version: 1.0\n";
    let report = format!(
        "{from}From: MAILER-DAEMON@mx.example.org\nSubject: Undelivered Mail Returned to Sender\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\n\nYour message could not be delivered.\n\n<{DESK}>: host mx.example.net[192.0.2.25] said:\n\
         \x20   {said} (in reply to RCPT TO command)\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n\
         Final-Recipient: rfc822; {DESK}\nAction: failed\nStatus: {}\n\
         Remote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; {said}\n\n\
         --b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n",
        status(said)
    );
    let bare = report.replace(&format!("Status: {}\n", status(said)), "Status: 5.0.0\n");
    let exim = format!(
        "{from}From: Mail Delivery System <Mailer-Daemon@mx.example.org>\n\
         Subject: Mail delivery failed: returning message to sender\nX-Failed-Recipients: {DESK}\n\n\
         A message that you sent could not be delivered to one or more of its\nrecipients.\n\n\
         \x20 {DESK}\n    host mx.example.net [192.0.2.25]\n\
         \x20   SMTP error from remote mail server after RCPT TO:<{DESK}>:\n    {said}\n\n\
         ------ This is a copy of the message, including all the headers. ------\n\n{RETURNED}"
    );
    let qmail = format!(
        "{from}From: MAILER-DAEMON@mx.example.org\nSubject: failure notice\n\n\
         Hi. This is the qmail-send program at mx.example.org.\n\n<{DESK}>:\n\
         192.0.2.25 does not like recipient.\nRemote host said: {said}\nGiving up on 192.0.2.25.\n\n\
         --- Below this line is a copy of the message.\n\n{RETURNED}"
    );
    let sendmail = format!(
        "{from}From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>\n\
         Subject: Returned mail: see transcript for details\n\n\
         \x20  ----- The following addresses had permanent fatal errors -----\n<{DESK}>\n\
         \x20   (reason: {said})\n\n   ----- Transcript of session follows -----\n\
         ... while talking to mx.example.net.:\n>>> RCPT To:<{DESK}>\n<<< {said}\n\n\
         \x20  ----- Original message follows -----\n\n{RETURNED}"
    );
    [
        ("report", report),
        ("report without a status", bare),
        ("Exim", exim),
        ("qmail", qmail),
        ("sendmail", sendmail),
    ]
}

fn read(message: &str) -> Option<Failed> {
    let message = intake::read(message.as_bytes().to_vec(), Origin::single("-")).unwrap();
    match answer::read(&message, &RULES).kind {
        Kind::Bounce(mut failed) => Some(failed.remove(0)),
        _ => None,
    }
}

/// The rows of a file: reasons, answer.
fn rows() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/diagnoses");
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (reasons, said) = line.split_once('\t').unwrap();
            rows.push((reasons.to_owned(), said.to_owned()));
        }
    }
    rows
}

#[test]
fn an_answer_has_the_same_reason_in_every_bounce() {
    let rows = rows();
    assert!(rows.len() > 150);
    let mut wrong = String::new();
    for (reasons, said) in &rows {
        let found: Vec<(&str, Option<Failed>)> = shells(said)
            .iter()
            .map(|(shell, message)| (*shell, read(message)))
            .collect();
        for (shell, failed) in found {
            let Some(failed) = failed else {
                writeln!(wrong, "{shell}: no bounce: {said}").unwrap();
                continue;
            };
            if failed.recipient.as_deref() != Some(DESK) {
                writeln!(wrong, "{shell}: {:?}: {said}", failed.recipient).unwrap();
            }
            if !reasons.split('|').any(|one| one == failed.reason.name()) {
                writeln!(
                    wrong,
                    "{shell}: {} ({}), not {reasons}: {said}",
                    failed.reason.name(),
                    failed.rule
                )
                .unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
