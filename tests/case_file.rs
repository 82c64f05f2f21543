//! The ledger as a case file: what is known of desks, what came back, counts, one's own data.

use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use plaint::consent::State;
use plaint::contact::{Cache, Contacts, Suspect};
use plaint::delivery::answer;
use plaint::delivery::{Journal as _, Outcome, Setback, Stage};
use plaint::intake::{self, Message, Origin};
use plaint::ledger::{By, DeskMark, Filter, Form, How, Ledger, LedgerError, ShownAs, Standing};
use plaint::rules::Rules;

use crate::letters::{FREE, agreed_at, kept_complaint, noon, spam};

const DESK: &str = "abuse@example.net";

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

struct File {
    folder: tempfile::TempDir,
    ledger: Ledger,
}

impl File {
    fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
        Self { folder, ledger }
    }

    /// Sends one complaint at a time, with a given end; returns its number.
    fn ends(&mut self, number: u32, desk: &str, at: Timestamp, outcome: &Outcome) -> i64 {
        let complaint = kept_complaint(&mut self.ledger, number, desk, "Spam came.");
        let approved = agreed_at(vec![complaint], at);
        let id = self
            .ledger
            .approve(&approved, ShownAs::New, &FREE, at)
            .unwrap()[0];
        self.ledger.connecting(&approved[0], "smtp", at).unwrap();
        self.ledger.data(&approved[0], at).unwrap();
        self.ledger.ended(&approved[0], outcome, at).unwrap();
        id
    }

    fn accepted(&mut self, number: u32, desk: &str, at: Timestamp) -> i64 {
        let outcome = Outcome::Accepted {
            by: "mail.example.org".to_owned(),
            reply: "250 ok".to_owned(),
        };
        self.ends(number, desk, at, &outcome)
    }

    fn state(&self, id: i64) -> State {
        self.ledger.kept(id).unwrap().recorded.state
    }

    fn message_id(&self, id: i64) -> String {
        self.ledger.kept(id).unwrap().recorded.complaint.message_id
    }

    fn octets_on_disk(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            all.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        all
    }
}

fn rejected(status: &str) -> Outcome {
    let mut setback = Setback::new(Stage::Rcpt, format!("550 {status} no"));
    setback.enhanced = Some(status.to_owned());
    Outcome::Rejected(setback)
}

fn mail(text: &str) -> Message {
    let text = text.replace('\n', "\r\n");
    intake::read(text.into_bytes(), Origin::single("-")).unwrap()
}

/// A delivery report about one of our mails. RFC 3464.
fn bounce(message_id: &str, desk: &str, status: &str) -> Message {
    mail(&format!(
        "From: MAILER-DAEMON@mail.example.org\nTo: jane@example.org\n\
         Subject: Undelivered Mail Returned to Sender\nDate: Sat, 21 Nov 2026 13:00:00 +0000\n\
         MIME-Version: 1.0\nAuto-Submitted: auto-replied\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\nIt could not be delivered.\n\n\
         --b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mail.example.org\n\n\
         Final-Recipient: rfc822; {desk}\nAction: failed\nStatus: {status}\n\
         Diagnostic-Code: smtp; 550 {status} no such user\n\n\
         --b\nContent-Type: text/rfc822-headers\n\n\
         From: jane@example.org\nTo: {desk}\nMessage-ID: <{message_id}>\n\n--b--\n"
    ))
}

/// An answer that a person wrote.
fn answer_to(message_id: &str, from: &str, text: &str) -> Message {
    mail(&format!(
        "From: {from}\nTo: jane@example.org\nSubject: Re: Abuse report\n\
         Date: Sat, 21 Nov 2026 15:00:00 +0000\nMessage-ID: <{}@{}>\nIn-Reply-To: <{message_id}>\n\n{text}\n",
        text.len(),
        from.split('@').next_back().unwrap()
    ))
}

/// The rules, read once: their patterns are built at their first use.
fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(Rules::builtin)
}

/// Reads a message and takes what it says; returns how it was matched.
fn take(file: &mut File, message: &Message, now: Timestamp) -> Option<How> {
    let read = answer::read(message, rules());
    let taking = file.ledger.weigh(message, &read, now).unwrap()?;
    file.ledger.take(&taking, now).unwrap();
    Some(taking.how)
}

#[test]
fn a_bounce_moves_its_complaint_and_two_make_the_desk_dead_for_ninety_days() {
    let mut file = File::fresh();
    let first = file.accepted(1, DESK, noon());
    let later = noon() + hours(1);
    let report = bounce(&file.message_id(first), DESK, "5.1.1");
    assert_eq!(take(&mut file, &report, later), Some(How::MessageId));
    assert_eq!(file.state(first), State::Bounced);
    assert_eq!(file.ledger.desk(DESK).unwrap().dead_until, None);
    take(&mut file, &report, later);
    assert_eq!(
        file.ledger.desk(DESK).unwrap().dead_until,
        None,
        "the same report again is not a second one"
    );
    let second = file.accepted(2, DESK, noon());
    let report = bounce(&file.message_id(second), DESK, "5.1.1");
    take(&mut file, &report, later);
    let dead = file.ledger.desk(DESK).unwrap();
    assert_eq!(dead.dead_until, Some(later + hours(90 * 24)));
    let complaint = kept_complaint(&mut file.ledger, 3, DESK, "x");
    let facts = file.ledger.facts(&complaint, later).unwrap();
    assert!(facts.dead.is_some());
}

#[test]
fn a_refusal_at_the_door_counts_as_a_bounce_and_a_filter_of_the_desks_proposes_headers_only() {
    let mut file = File::fresh();
    for number in [1, 2] {
        file.ends(number, DESK, noon(), &rejected("5.1.1"));
    }
    assert!(file.ledger.desk(DESK).unwrap().dead_until.is_some());
    let other = "abuse@example.com";
    // The user's own server refused it: what the desk would have said, nobody knows.
    file.ends(3, other, noon(), &rejected("5.7.1"));
    assert!(!file.ledger.desk(other).unwrap().is_known());
    let id = file.accepted(4, other, noon());
    let report = bounce(&file.message_id(id), other, "5.7.1");
    take(&mut file, &report, noon() + hours(1));
    let desk = file.ledger.desk(other).unwrap();
    assert!(desk.headers_only);
    assert_eq!(desk.dead_until, None);
}

#[test]
fn a_refusal_of_the_users_own_address_does_not_make_a_desk_dead() {
    let mut file = File::fresh();
    for number in [1, 2] {
        let id = file.accepted(number, DESK, noon());
        let report = bounce(&file.message_id(id), DESK, "5.1.8");
        take(&mut file, &report, noon() + hours(1));
        assert_eq!(file.state(id), State::Bounced);
    }
    assert_eq!(file.ledger.desk(DESK).unwrap().dead_until, None);
}

#[test]
fn one_complaint_makes_no_desk_dead_however_many_reports_come_back() {
    let mut file = File::fresh();
    let id = file.accepted(1, DESK, noon());
    let later = noon() + hours(1);
    // The desk's mailbox is a list of people, and two of them have left.
    for person in ["alice@example.net", "bob@example.net"] {
        let report = bounce(&file.message_id(id), person, "5.1.1");
        assert_eq!(take(&mut file, &report, later), Some(How::MessageId));
    }
    assert_eq!(file.state(id), State::Accepted, "others may have it");
    assert!(!file.ledger.desk(DESK).unwrap().is_known());
    for words in ["no such user", "no such mailbox"] {
        let report = bounce(&file.message_id(id), DESK, "5.1.1");
        let report = String::from_utf8(report.octets().to_vec()).unwrap();
        let report = mail(&report.replace("\r\n", "\n").replace("no such user", words));
        take(&mut file, &report, later);
    }
    assert_eq!(file.state(id), State::Bounced);
    assert_eq!(file.ledger.desk(DESK).unwrap().dead_until, None);
}

#[test]
fn a_desk_that_answers_is_dead_no_more_and_what_came_back_before_is_over() {
    let mut file = File::fresh();
    let last = file.accepted(3, DESK, noon());
    let come_back = |file: &mut File, number| {
        let id = file.accepted(number, DESK, noon());
        let report = bounce(&file.message_id(id), DESK, "5.1.1");
        take(file, &report, noon() + hours(2));
    };
    come_back(&mut file, 1);
    come_back(&mut file, 2);
    assert!(file.ledger.desk(DESK).unwrap().dead_until.is_some());
    let text = "We have terminated the customer.";
    let answer = answer_to(&file.message_id(last), DESK, text);
    let now = noon() + hours(5);
    let read = answer::read(&answer, rules());
    let taking = file.ledger.weigh(&answer, &read, now).unwrap().unwrap();
    assert!(taking.marks.contains(&DeskMark::Alive), "{taking:?}");
    file.ledger.take(&taking, now).unwrap();
    assert_eq!(file.ledger.desk(DESK).unwrap().dead_until, None);
    let id = file.accepted(4, DESK, now);
    let report = bounce(&file.message_id(id), DESK, "5.1.1");
    take(&mut file, &report, now + hours(1));
    assert_eq!(file.ledger.desk(DESK).unwrap().dead_until, None);
}

#[test]
fn a_sign_that_it_arrived_stops_what_was_to_be_sent_again() {
    let ticket = "This is an automatic answer. We have received your report. Ticket 4711.";
    let person = "We have terminated the customer.";
    for (text, due) in [(ticket, State::Accepted), (person, State::Answered)] {
        let mut file = File::fresh();
        let lost = Outcome::Unknown(Setback::new(Stage::Dot, "the connection broke"));
        let id = file.ends(1, DESK, noon(), &lost);
        let complaint = file.ledger.kept(id).unwrap().recorded.complaint;
        let again = agreed_at(vec![complaint], noon());
        file.ledger
            .approve(&again, ShownAs::Unknown, &FREE, noon())
            .unwrap();
        file.ledger.connecting(&again[0], "smtp", noon()).unwrap();
        let busy = Outcome::Deferred(Setback::new(Stage::Connect, "nobody answers"));
        file.ledger.ended(&again[0], &busy, noon()).unwrap();
        assert_eq!(file.ledger.due(noon(), true).unwrap().len(), 1);
        let mut answer = answer_to(&file.message_id(id), DESK, text);
        if text == ticket {
            let octets = String::from_utf8(answer.octets().to_vec()).unwrap();
            let octets = octets.replace("\r\n", "\n");
            answer = mail(&format!("Auto-Submitted: auto-replied\n{octets}"));
        }
        let now = noon() + hours(4);
        assert_eq!(take(&mut file, &answer, now), Some(How::MessageId));
        assert_eq!(file.state(id), due);
        assert_eq!(file.ledger.due(now, true).unwrap(), []);
    }
}

#[test]
fn a_report_of_a_delay_shows_that_a_server_took_it() {
    let mut file = File::fresh();
    let lost = Outcome::Unknown(Setback::new(Stage::Dot, "the connection broke"));
    let id = file.ends(1, DESK, noon(), &lost);
    let report = bounce(&file.message_id(id), DESK, "4.4.1");
    let octets = String::from_utf8(report.octets().to_vec()).unwrap();
    let octets = octets
        .replace("\r\n", "\n")
        .replace("Action: failed", "Action: delayed");
    take(&mut file, &mail(&octets), noon() + hours(4));
    assert_eq!(file.state(id), State::Accepted);
}

#[test]
fn an_answer_settles_what_was_unknown_and_says_what_the_desk_wants() {
    let mut file = File::fresh();
    let lost = Outcome::Unknown(Setback::new(Stage::Dot, "the connection broke"));
    let id = file.ends(1, DESK, noon(), &lost);
    assert_eq!(file.state(id), State::Unknown);
    let text = "Please use our web form at https://abuse.example.net/report to report abuse.";
    let answer = answer_to(&file.message_id(id), DESK, text);
    let now = noon() + hours(5);
    assert_eq!(take(&mut file, &answer, now), Some(How::MessageId));
    assert_eq!(file.state(id), State::Answered);
    assert_eq!(
        file.ledger.desk(DESK).unwrap().form_url.as_deref(),
        Some("https://abuse.example.net/report")
    );
    let happened = file.ledger.happened(id).unwrap();
    assert_eq!(happened.last().unwrap().event, "use-form");
}

#[test]
fn who_never_saw_the_complaint_is_only_matched_by_the_mailbox_he_names() {
    let mut file = File::fresh();
    let id = file.accepted(1, DESK, noon());
    let forged = bounce("guessed@example.org", DESK, "5.1.1");
    let read = answer::read(&forged, rules());
    let taking = file
        .ledger
        .weigh(&forged, &read, noon() + hours(1))
        .unwrap()
        .unwrap();
    assert_eq!((taking.id, taking.how), (id, How::Mailbox));
    assert!(!taking.how.is_sure());
    let stranger = bounce("guessed@example.org", "abuse@elsewhere.example", "5.1.1");
    let read = answer::read(&stranger, rules());
    let nothing = file.ledger.weigh(&stranger, &read, noon()).unwrap();
    assert_eq!(nothing, None);
    assert_eq!(file.state(id), State::Accepted);
}

#[test]
fn a_reference_in_the_subject_finds_the_case_without_a_message_id() {
    let mut file = File::fresh();
    let id = file.accepted(1, DESK, noon());
    let reference = file.ledger.line(id).unwrap().reference;
    let message = mail(&format!(
        "From: {DESK}\nTo: jane@example.org\n\
         Subject: Re: Abuse report: spam from 192.0.2.7, 12:00 UTC ({reference})\n\
         Date: Sat, 21 Nov 2026 15:00:00 +0000\nMessage-ID: <x@example.net>\nIn-Reply-To: <lost@example.net>\n\n\
         The account has been suspended.\n"
    ));
    assert_eq!(
        take(&mut file, &message, noon() + hours(4)),
        Some(How::Reference)
    );
    assert_eq!(file.state(id), State::Answered);
    assert_eq!(file.ledger.find(&reference.to_lowercase()).unwrap(), id);
}

#[test]
fn limits_count_what_was_agreed_to_within_a_day_and_nothing_else() {
    let mut file = File::fresh();
    file.accepted(1, DESK, noon());
    file.ends(2, DESK, noon(), &rejected("5.7.1"));
    let held = kept_complaint(&mut file.ledger, 3, DESK, "x");
    file.ledger.keep(&held, State::Held, noon()).unwrap();
    let facts = |file: &File, at| file.ledger.facts(&held, at).unwrap();
    let now = facts(&file, noon() + hours(1));
    assert_eq!((now.about_source, now.to_desk, now.to_all), (1, 1, 1));
    assert_eq!(now.earlier, None);
    let tomorrow = facts(&file, noon() + hours(25));
    assert_eq!((tomorrow.about_source, tomorrow.to_all), (0, 0));
    let before = facts(&file, noon() - hours(100));
    assert_eq!(
        before.to_all, 1,
        "a clock that was set back lets nothing more out"
    );
    let again = kept_complaint(&mut file.ledger, 1, DESK, "Spam came.");
    let facts = file.ledger.facts(&again, noon()).unwrap();
    assert_eq!(facts.earlier, Some((State::Accepted, noon())));
    assert_eq!(
        facts.about_source, 0,
        "a complaint does not count against itself"
    );
}

#[test]
fn lists_are_searched_by_what_stands_in_them() {
    let mut file = File::fresh();
    let one = file.accepted(1, DESK, noon());
    let two = file.accepted(2, "abuse_1@example.com", noon() + hours(1));
    let ids = |filter: &Filter| -> Vec<i64> {
        let lines = file.ledger.lines(filter).unwrap();
        lines.iter().map(|line| line.id).collect()
    };
    let text = |text: &str| Filter {
        text: Some(text.to_owned()),
        ..Filter::default()
    };
    assert_eq!(ids(&Filter::default()), [two, one], "last changed first");
    assert_eq!(ids(&text("EXAMPLE.NET")), [one]);
    assert_eq!(ids(&text("_1@")), [two]);
    assert_eq!(ids(&text("_")), [two], "no wildcard");
    assert!(ids(&text("%")).is_empty());
    assert_eq!(ids(&text("192.0.2.7")), [two, one]);
    assert!(ids(&text("' OR 1 --")).is_empty());
    let most = Filter {
        most: Some(1),
        states: vec![State::Accepted],
        ..Filter::default()
    };
    assert_eq!(ids(&most), [two]);
}

#[test]
fn counts_say_how_many_how_fast_and_whether_it_went_on() {
    let mut file = File::fresh();
    let one = file.accepted(1, DESK, noon() - hours(2));
    file.accepted(2, DESK, noon() - hours(30));
    file.ends(3, "abuse@example.com", noon(), &rejected("5.1.1"));
    let answer = answer_to(
        &file.message_id(one),
        DESK,
        "We have terminated the customer.",
    );
    take(&mut file, &answer, noon() + hours(4));
    let counts = file.ledger.stats(By::Desk).unwrap();
    assert_eq!(counts.len(), 2);
    let desk = &counts[0];
    assert_eq!(desk.name, DESK);
    assert_eq!((desk.agreed, desk.accepted, desk.answered), (2, 2, 1));
    assert_eq!(
        desk.answered_after_h,
        Some(5),
        "agreed at 10, answered at 15"
    );
    assert_eq!(
        (desk.sources, desk.went_on),
        (1, 1),
        "mail of noon came after it"
    );
    assert_eq!(counts[1].refused, 1);
    for (by, word) in By::ALL {
        assert!(!file.ledger.stats(by).unwrap().is_empty(), "{word}");
        assert_eq!(By::of_word(word), Some(by));
    }
    assert_eq!(file.ledger.stats(By::Month).unwrap()[0].name, "2026-11");
}

#[test]
fn exports_are_read_back_by_those_who_read_such_files() {
    let mut file = File::fresh();
    file.accepted(1, DESK, noon());
    file.ends(2, "abuse@example.com", noon(), &rejected("5.1.1"));
    let export = |form| {
        let mut out = Vec::new();
        file.ledger.export(form, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let json = export(Form::Json);
    let lines: Vec<serde_json::Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().any(|line| line["state"] == "rejected"));
    let csv = export(Form::Csv);
    assert_eq!(csv.lines().count(), 3);
    assert!(csv.lines().all(|line| line.matches(',').count() >= 15));
    let mbox = export(Form::Mbox);
    assert_eq!(
        mbox.matches("\nMessage-ID: ").count(),
        1,
        "what was refused did not go out"
    );
    assert!(mbox.starts_with("From jane@example.org Sat Nov 21 12:00:00 2026\n"));
}

#[test]
fn what_is_forgotten_is_gone_from_the_disk_and_still_a_duplicate() {
    let mut file = File::fresh();
    let id = file.accepted(1, DESK, noon());
    let kept = file.accepted(2, "abuse@example.com", noon());
    let needle = "Subject: spam 1";
    assert!(holds(&file.octets_on_disk(), needle));
    let forgotten = file.ledger.forget_complaint(id, noon()).unwrap();
    assert_eq!((forgotten.cases, forgotten.complaints), (1, 1));
    assert!(!holds(&file.octets_on_disk(), needle));
    assert!(!holds(&file.octets_on_disk(), "<1@example.net>"));
    assert_eq!(
        file.ledger.kept(id).unwrap_err(),
        LedgerError::Missing(format!("complaint {id}"))
    );
    assert!(matches!(
        file.ledger.standing(&spam(1)).unwrap(),
        Standing::Forgotten { .. }
    ));
    assert_eq!(file.state(kept), State::Accepted);
    assert!(!file.ledger.happened(kept).unwrap().is_empty());
}

fn holds(octets: &[u8], text: &str) -> bool {
    memchr::memmem::find(octets, text.as_bytes()).is_some()
}

#[test]
fn an_address_is_forgotten_in_evidence_encoded_or_not_in_lookups_and_in_notes() {
    let mut file = File::fresh();
    let hidden =
        data_encoding::BASE64.encode(b"Dear jane.roe@example.org, buy this now, it is cheap.");
    let message = mail(&format!(
        "From: a@example.com\nSubject: x\nMIME-Version: 1.0\n\
         Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n{hidden}\n"
    ));
    let case = file.ledger.standing(&message).unwrap().case();
    let facts = plaint::ledger::CaseFacts::of("192.0.2.9".parse().unwrap(), "spam");
    file.ledger
        .hold(&message, case, &facts, Some(noon()), noon())
        .unwrap();
    let other = file.accepted(2, DESK, noon());
    file.ledger
        .remember("newsletter", "jane.roe@example.org", "never", noon())
        .unwrap();
    let suspect = Suspect::Addr("192.0.2.9".parse().unwrap());
    let contacts = Contacts {
        error: Some("asked for jane.roe@example.org".to_owned()),
        ..Contacts::default()
    };
    Cache::keep(&mut file.ledger, &suspect, &contacts, noon());
    let forgotten = file
        .ledger
        .forget_text("Jane.Roe@example.org", noon())
        .unwrap();
    assert_eq!((forgotten.cases, forgotten.lookups), (1, 1));
    assert!(!holds(&file.octets_on_disk(), &hidden));
    assert!(!holds(&file.octets_on_disk(), "jane.roe@"));
    assert_eq!(file.state(other), State::Accepted);
    let again = file
        .ledger
        .forget_text("jane.roe@example.org", noon())
        .unwrap();
    assert!(again.is_nothing());
    let forgotten = file.ledger.forget_text("192.0.2.7", noon()).unwrap();
    assert_eq!(forgotten.cases, 1, "an address of a source");
}

#[test]
fn a_desk_is_forgotten_with_its_complaints_and_what_it_said() {
    let mut file = File::fresh();
    let id = file.accepted(1, DESK, noon());
    file.accepted(2, "abuse@example.com", noon());
    file.ledger
        .mark_desk(DESK, &DeskMark::HeadersOnly, noon())
        .unwrap();
    let forgotten = file
        .ledger
        .forget_desk("Abuse@Example.net", noon())
        .unwrap();
    assert_eq!((forgotten.cases, forgotten.complaints), (1, 1));
    assert!(file.ledger.kept(id).is_err());
    assert!(!file.ledger.desk(DESK).unwrap().is_known());
    assert_eq!(file.ledger.lines(&Filter::default()).unwrap().len(), 1);
}

#[test]
fn a_purge_takes_what_is_old_and_leaves_what_waits() {
    let mut file = File::fresh();
    let old = noon() - hours(24 * 100);
    let gone = file.accepted(1, DESK, old);
    let lost = Outcome::Unknown(Setback::new(Stage::Dot, "the connection broke"));
    let waits = file.ends(2, DESK, old, &lost);
    let young = file.accepted(3, DESK, noon());
    // `kept_complaint` holds its message at noon; what counts here is the last thing that happened.
    let later = noon() + hours(24 * 50);
    let forgotten = file.ledger.purge(noon() - hours(1), later).unwrap();
    assert_eq!(forgotten.cases, 0, "the messages came at noon");
    let forgotten = file.ledger.purge(later, later).unwrap();
    assert_eq!(forgotten.cases, 2);
    assert!(file.ledger.kept(gone).is_err());
    assert!(file.ledger.kept(young).is_err());
    assert_eq!(file.state(waits), State::Unknown);
}

#[test]
fn a_correction_cancels_what_was_masked_for_the_wrong_word_and_leaves_what_was_sent() {
    let mut file = File::fresh();
    let sent = file.accepted(1, DESK, noon());
    let held = kept_complaint(&mut file.ledger, 2, DESK, "x");
    let held = file.ledger.keep(&held, State::Held, noon()).unwrap();
    file.ledger
        .remember(
            "esp",
            "mailer",
            "never asked, says jane@example.org",
            noon(),
        )
        .unwrap();
    let corrected = file
        .ledger
        .correct("jane@example.org", "jane.roe@example.org", noon())
        .unwrap();
    assert_eq!(
        (corrected.cancelled, corrected.sent, corrected.notes),
        (1, 1, 1)
    );
    assert_eq!(file.state(held), State::Cancelled);
    let octets = file.ledger.kept(sent).unwrap().recorded.complaint.octets;
    assert!(holds(&octets, "From: Jane Roe <jane@example.org>"));
    let answer = file.ledger.remembered("esp", "mailer").unwrap().unwrap();
    assert_eq!(answer.answer, "never asked, says jane.roe@example.org");
}

#[test]
fn everything_can_be_written_out_but_the_secret() {
    let mut file = File::fresh();
    file.accepted(1, DESK, noon());
    let mut out = Vec::new();
    file.ledger.export_all(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(row["table"].is_string());
    }
    assert!(text.contains("Subject: spam 1"));
    let secret = data_encoding::HEXLOWER.encode(file.ledger.secret().octets());
    assert!(!text.contains(&secret));
    let db = rusqlite::Connection::open(file.ledger.path()).unwrap();
    let mut tables: Vec<String> = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    // What is not the user's data, or only says how far a batch came.
    tables.retain(|name| !["batch_items", "forgetting", "local"].contains(&name.as_str()));
    for table in tables {
        let rows: i64 = db
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })
            .unwrap();
        let lines = text.matches(&format!("{{\"table\":\"{table}\"")).count()
            + text.matches(&format!("\"table\":\"{table}\"}}")).count()
            + text.matches(&format!(",\"table\":\"{table}\",")).count();
        assert_eq!(i64::try_from(lines).unwrap(), rows, "{table}");
    }
}
