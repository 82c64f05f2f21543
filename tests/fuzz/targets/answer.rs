//! Bounces, automatic answers, what desks write.

use std::sync::LazyLock;

use plaint::delivery::answer;
use plaint::intake::{self, Origin};
use plaint::rules::Rules;

/// Rules, read once.
fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);
    &RULES
}

pub(crate) const SEEDS: &[&[u8]] = &[
    b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail Returned to Sender\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\n\r\n<abuse@example.net>: host mx.example.net said: 550 5.1.1 unknown\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; abuse@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <1@example.org>\r\n\r\n--b--\r\n",
    b"From: abuse@example.net\nSubject: Re: Abuse report [Ticket#2026112110000017]\nAuto-Submitted: auto-replied\n\nPlease use https://example.net/abuse\n",
    b"Return-Path: <>\nFrom: MAILER-DAEMON@example.net\nSubject: failure notice\n\nHi. This is the qmail-send program\n\n<abuse@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <1@example.org>\n",
];

pub(crate) fn target(octets: &[u8]) {
    if let Ok(message) = intake::read(octets.to_vec(), Origin::single("-")) {
        let _ = answer::read(&message, rules());
    }
}
