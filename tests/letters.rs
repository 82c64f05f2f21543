//! Complaints as the ledger and the delivery meet them, made up for the tests.

use std::net::IpAddr;

use jiff::Timestamp;
use plaint::complaint::{CaseKey, Complaint, Desk, Format, Munge, Secret};
use plaint::consent::{
    Answer, Approved, Choice, Code, Codes, Limits, NoRandomness, Terminal, TerminalError, Terms,
    ask,
};
use plaint::contact::{AbuseMailbox, Role};
use plaint::intake::{self, Message, Origin};
use plaint::ledger::{CaseFacts, Ledger};

/// Noon of a day in November.
pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A clock that stands.
pub(crate) fn clock() -> impl Fn() -> Timestamp {
    noon
}

/// A message that differs by its number.
pub(crate) fn spam(number: u32) -> Message {
    let text = format!(
        "Received: from x.example ([192.0.2.7]) by mx.example.org; Sat, 21 Nov 2026 11:00:00 +0000\r\n\
         From: a@example.net\r\nSubject: spam {number}\r\nMessage-ID: <{number}@example.net>\r\n\r\nbuy\r\n"
    );
    intake::read(text.into_bytes(), Origin::single("-")).unwrap()
}

pub(crate) fn mailbox(text: &str) -> AbuseMailbox {
    AbuseMailbox::try_from(text).unwrap()
}

/// A complaint of a case to a desk, whose body is given.
pub(crate) fn complaint(secret: &Secret, case: CaseKey, desk: &str, body: &str) -> Complaint {
    let message_id = format!("{}@example.org", secret.message_id(&case, desk, 0));
    let octets = format!(
        "From: Jane Roe <jane@example.org>\r\nTo: <{desk}>\r\n\
         Subject: Abuse report: spam from 192.0.2.7\r\n\
         Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{message_id}>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    );
    Complaint {
        case,
        desk: Desk {
            mailbox: Some(mailbox(desk)),
            form: None,
            roles: vec![Role::Network],
            why: "answers for 192.0.2.7".to_owned(),
            ticked: true,
            unticked_because: None,
        },
        round: 0,
        source_addr: IpAddr::from([192, 0, 2, 7]),
        from: mailbox("jane@example.org"),
        subject: "Abuse report: spam from 192.0.2.7".to_owned(),
        message_id,
        octets: octets.into_bytes(),
        text: body.to_owned(),
        format: Format::Plain,
        munge: Munge::Address,
        masked: Vec::new(),
        leaks: Vec::new(),
        warnings: Vec::new(),
        incidents: 1,
    }
}

/// Keeps a message and a complaint about it; returns the complaint.
pub(crate) fn kept_complaint(
    ledger: &mut Ledger,
    number: u32,
    desk: &str,
    body: &str,
) -> Complaint {
    let message = spam(number);
    let case = ledger.standing(&message).unwrap().case();
    let facts = CaseFacts::of(IpAddr::from([192, 0, 2, 7]), "spam");
    let at = Some(noon());
    ledger.hold(&message, case, &facts, at, noon()).unwrap();
    complaint(ledger.secret(), case, desk, body)
}

/// Limits that nothing reaches.
pub(crate) const FREE: Limits = Limits {
    per_source_and_desk: u32::MAX,
    per_desk: u32::MAX,
    warn: u32::MAX,
};

/// Codes that are all the same.
pub(crate) struct Same;

impl Codes for Same {
    fn draw(&mut self) -> Result<Code, NoRandomness> {
        Ok(Code::new("7F3K"))
    }
}

/// A user who ticks what is ticked and types what he is asked for.
#[derive(Default)]
pub(crate) struct Obedient {
    pub(crate) screen: String,
}

impl Terminal for Obedient {
    fn show(&mut self, text: &str) -> Result<(), TerminalError> {
        self.screen.push_str(text);
        Ok(())
    }

    fn flush_input(&mut self) -> Result<(), TerminalError> {
        Ok(())
    }

    fn choose(&mut self, _: &str, choices: &[Choice]) -> Result<Vec<bool>, TerminalError> {
        Ok(choices.iter().map(|choice| choice.ticked).collect())
    }

    fn read_line(&mut self) -> Result<String, TerminalError> {
        Ok("7F3K".to_owned())
    }
}

/// Has complaints agreed to at a given time.
pub(crate) fn agreed_at(complaints: Vec<Complaint>, at: Timestamp) -> Vec<Approved> {
    let preview = |complaint: &Complaint| complaint.text.clone();
    let answer: Answer = ask(
        complaints,
        &preview,
        &mut Obedient::default(),
        at,
        &mut Same,
        &Terms::default(),
    )
    .unwrap();
    answer.approved
}

/// Has one complaint agreed to at noon.
pub(crate) fn agreed(complaint: Complaint) -> Approved {
    agreed_at(vec![complaint], noon()).remove(0)
}
