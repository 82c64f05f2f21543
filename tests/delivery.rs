//! The delivery: whatever a server does, what is said of it is true.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use plaint::consent::{Approved, State};
use plaint::delivery::smtp::{Settings, Smtp, Times, Tls};
use plaint::delivery::{
    Drafts, Journal, JournalError, Outcome, PasswordFrom, Pause, Sendmail, Stage, Transport as _,
    Tried, deliver, deliver_each,
};
use plaint::ledger::{Ledger, ShownAs};
use secrecy::SecretString;

use crate::letters::{FREE, agreed, agreed_at, clock, kept_complaint, noon};
use crate::servers::faulty::{Act, Faulty, STAGES};

/// A complaint with everything that a server could trip over: dots, 8-bit octets, long lines.
pub(crate) const HARD: &str =
    ".\r\n..\r\n.leading dot\r\nMAIL FROM:<x@example.org>\r\ncaf\u{e9} \u{20ac}\r\n\r\n.";

/// Deadlines that a test can wait for, and a busy machine can keep.
fn quick() -> Times {
    Times {
        step: Duration::from_millis(700),
        dot: Duration::from_millis(1_000),
        whole: Duration::from_millis(2_000),
    }
}

/// A transport to a loopback server without TLS, with a password.
fn to(server: &Faulty) -> Smtp {
    to_port(server.addr.port())
}

/// The same, by the server's port.
pub(crate) fn to_port(port: u16) -> Smtp {
    let settings = Settings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        user: Some("jane".to_owned()),
        mechanism: None,
        ca_file: None,
        times: quick(),
    };
    let ask = |_: &str| Ok(SecretString::from("open sesame"));
    Smtp::new(settings, PasswordFrom::Ask(Box::new(ask)))
}

/// A ledger with one approved complaint.
struct Desk {
    _folder: tempfile::TempDir,
    ledger: Ledger,
    id: i64,
    approved: Option<Approved>,
}

impl Desk {
    fn with(body: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
        let complaint = kept_complaint(&mut ledger, 1, "abuse@example.net", body);
        let approved = agreed(complaint);
        let id = ledger
            .approve(std::slice::from_ref(&approved), ShownAs::New, &FREE, noon())
            .unwrap()[0];
        Self {
            _folder: folder,
            ledger,
            id,
            approved: Some(approved),
        }
    }

    fn octets(&self) -> Vec<u8> {
        self.approved.as_ref().unwrap().complaint().octets.clone()
    }

    fn send(&mut self, server: &Faulty) -> Outcome {
        let approved = self.approved.take().unwrap();
        deliver(approved, &mut to(server), &mut self.ledger, &clock()).unwrap()
    }

    fn state(&self) -> State {
        self.ledger.kept(self.id).unwrap().recorded.state
    }
}

/// Returns the one word of an outcome.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Deferred(_) => "deferred",
        Outcome::Rejected(_) => "rejected",
        Outcome::Unknown(_) => "unknown",
        Outcome::Saved { .. } => "saved",
    }
}

#[test]
fn octets_arrive_as_they_were_agreed_to() {
    let server = Faulty::proper();
    let mut desk = Desk::with(HARD);
    let octets = desk.octets();
    let outcome = desk.send(&server);
    assert_eq!(
        outcome,
        Outcome::Accepted {
            by: "127.0.0.1".to_owned(),
            reply: "250 2.0.0 queued as F00".to_owned()
        }
    );
    assert_eq!(server.kept(), std::slice::from_ref(&octets));
    assert_eq!(desk.state(), State::Accepted);
    let heard = server.heard();
    assert_eq!(heard[0], "EHLO [127.0.0.1]", "no name of this machine");
    assert_eq!(
        heard[2],
        format!(
            "MAIL FROM:<jane@example.org> SIZE={} BODY=8BITMIME",
            octets.len()
        )
    );
    assert_eq!(heard[3], "RCPT TO:<abuse@example.net>");
    assert_eq!(heard[4], "DATA");
}

/// Every act at every stage, and the word that is due.
fn matrix() -> Vec<(&'static str, Act, &'static str)> {
    let mut cases = Vec::new();
    for stage in STAGES {
        let before_mail = matches!(stage, "banner" | "ehlo" | "auth");
        let refused = if before_mail { "deferred" } else { "rejected" };
        if stage == "quit" {
            for act in [
                Act::Drop,
                Act::Reset,
                Act::Hang,
                Act::Garbage,
                Act::Reply("500 no"),
            ] {
                cases.push((stage, act, "accepted"));
            }
            continue;
        }
        if stage == "body" {
            cases.push((stage, Act::Drop, "deferred"));
            cases.push((stage, Act::Reply("452 4.3.1 full"), "deferred"));
            cases.push((stage, Act::Reply("552 5.3.4 too large"), "rejected"));
            cases.push((stage, Act::Reply("250 2.0.0 queued"), "deferred"));
            continue;
        }
        cases.push((stage, Act::Reply("451 4.3.0 later"), "deferred"));
        cases.push((stage, Act::Reply("421 4.3.2 going down"), "deferred"));
        cases.push((stage, Act::Reply("550 5.7.1 no"), refused));
        let lost = if stage == "dot" {
            "unknown"
        } else {
            "deferred"
        };
        for act in [
            Act::Drop,
            Act::Reset,
            Act::Hang,
            Act::Half,
            Act::Garbage,
            Act::Long,
            Act::Many,
            Act::Twice,
            Act::Drip(Duration::from_millis(200)),
            Act::Reply("199 no code"),
            Act::Reply("251 2.1.5 elsewhere"),
            Act::Reply("354 too early"),
            Act::Reply("250-never ends"),
        ] {
            let due = match (stage, &act) {
                ("data", Act::Reply("354 too early")) => "accepted",
                // RFC 5321 §3.4: the server passes it on; that is a yes.
                ("rcpt", Act::Reply("251 2.1.5 elsewhere")) => "accepted",
                _ => lost,
            };
            cases.push((stage, act, due));
        }
    }
    for act in [Act::KeepThenDrop, Act::KeepThenHang, Act::KeepThenGarbage] {
        cases.push(("dot", act, "unknown"));
    }
    cases
}

#[test]
fn every_fault_at_every_stage_has_the_end_that_is_true() {
    let cases = Mutex::new(matrix());
    let ran = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some((stage, act, due)) = { cases.lock().unwrap().pop() } {
                    one_fault(stage, act, due);
                    *ran.lock().unwrap() += 1;
                }
            });
        }
    });
    assert!(*ran.lock().unwrap() > 100);
}

fn one_fault(stage: &'static str, act: Act, due: &str) {
    let server = Faulty::at(stage, act.clone());
    let mut desk = Desk::with(HARD);
    let octets = desk.octets();
    let begun = Instant::now();
    let outcome = desk.send(&server);
    let place = format!("{stage} {act:?}: {outcome:?}");
    assert_eq!(word(&outcome), due, "{place}");
    assert_eq!(desk.state().word(), due, "{place}");
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{place} took {:?}",
        begun.elapsed()
    );
    let kept = server.kept();
    match due {
        "accepted" => assert_eq!(kept, [octets], "{place}"),
        "unknown" => assert!(kept.len() <= 1, "{place}"),
        _ => assert!(kept.is_empty(), "{place}"),
    }
    // What is shown is safe to show, and not long.
    let said = outcome.sentence();
    assert!(!said.chars().any(char::is_control), "{place}");
    assert!(said.chars().count() < 800, "{place}");
}

#[test]
fn nothing_is_said_to_be_accepted_by_an_answer_that_came_before_the_dot() {
    let server = Faulty::at("data", Act::Reply("354 go\r\n250 2.0.0 queued"));
    let mut desk = Desk::with("x");
    let outcome = desk.send(&server);
    assert!(matches!(outcome, Outcome::Deferred(_)), "{outcome:?}");
    assert!(server.kept().is_empty());
}

#[test]
fn a_setback_before_mail_is_ours_and_lasts_and_one_after_it_is_the_servers() {
    let refused = |stage| match Desk::with("x").send(&Faulty::at(stage, Act::Reply("535 5.7.8 no")))
    {
        Outcome::Deferred(setback) => (setback.stage, setback.lasting, setback.code),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("auth"), (Stage::Auth, true, Some(535)));
    assert_eq!(refused("mail"), (Stage::Mail, true, Some(535)));
    let Outcome::Rejected(setback) =
        Desk::with("x").send(&Faulty::at("rcpt", Act::Reply("550 5.1.1 no such user")))
    else {
        panic!("a mailbox that is not there is the server's word")
    };
    assert_eq!(setback.enhanced.as_deref(), Some("5.1.1"));
    assert_eq!(
        setback.why,
        "the server answered `550 5.1.1 no such user` at rcpt"
    );
}

#[test]
fn a_server_that_nobody_runs_is_a_setback_that_passes() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let mut transport = Smtp::new(
        Settings {
            host: "127.0.0.1".to_owned(),
            port: addr.port(),
            tls: Tls::None,
            user: None,
            mechanism: None,
            ca_file: None,
            times: quick(),
        },
        PasswordFrom::Environment("NONE".to_owned()),
    );
    let mut desk = Desk::with("x");
    let approved = desk.approved.take().unwrap();
    let outcome = deliver(approved, &mut transport, &mut desk.ledger, &clock()).unwrap();
    let Outcome::Deferred(setback) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((setback.stage, setback.lasting), (Stage::Connect, false));
}

#[test]
fn without_tls_nothing_leaves_this_machine() {
    let server = Faulty::proper();
    let mut transport = to(&server);
    let name = transport.name();
    assert_eq!(name, format!("smtp 127.0.0.1:{}", server.addr.port()));
    let settings = Settings {
        host: "192.0.2.1".to_owned(),
        port: 25,
        tls: Tls::None,
        user: None,
        mechanism: None,
        ca_file: None,
        times: quick(),
    };
    transport = Smtp::new(settings, PasswordFrom::Environment("NONE".to_owned()));
    let mut desk = Desk::with("x");
    let approved = desk.approved.take().unwrap();
    let outcome = deliver(approved, &mut transport, &mut desk.ledger, &clock()).unwrap();
    let Outcome::Deferred(setback) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(setback.lasting);
    assert_eq!(
        setback.why,
        "`tls = \"none\"` is only for this machine itself, and `192.0.2.1` is another"
    );
}

/// A batch of complaints to different desks.
fn batch(ledger: &mut Ledger, count: u32) -> Vec<Approved> {
    let complaints = (0..count)
        .map(|n| kept_complaint(ledger, n, "abuse@example.net", &format!("number {n}")))
        .collect();
    let approved = agreed_at(complaints, noon());
    ledger
        .approve(&approved, ShownAs::New, &FREE, noon())
        .unwrap();
    approved
}

#[test]
fn a_batch_goes_over_one_connection_and_one_answer_is_not_taken_for_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
    let approved = batch(&mut ledger, 4);
    let server = Faulty::proper();
    let results = deliver_each(approved, &mut to(&server), &mut ledger, &clock());
    assert!(
        results
            .iter()
            .all(|r| matches!(r, Tried::Once(Ok(Outcome::Accepted { .. }))))
    );
    assert_eq!(server.kept().len(), 4);
    let ehlos = server
        .heard()
        .iter()
        .filter(|line| line.starts_with("EHLO"))
        .count();
    assert_eq!(ehlos, 1);
}

#[test]
fn a_batch_stops_at_421_and_after_two_setbacks_and_what_was_not_tried_stays_approved() {
    for (reply, tried, why) in [
        ("421 4.7.0 slow down", 1, Pause::Asked),
        ("451 4.7.1 greylisted", 2, Pause::Setbacks),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
        let approved = batch(&mut ledger, 4);
        let server = Faulty::at("rcpt", Act::Reply(reply));
        let results = deliver_each(approved, &mut to(&server), &mut ledger, &clock());
        let not_yet = Tried::NotYet(why);
        assert_eq!(
            results.iter().filter(|r| **r == not_yet).count(),
            4 - tried,
            "{reply}"
        );
        assert_eq!(
            ledger.in_states(&[State::Approved]).unwrap().len(),
            4 - tried
        );
        assert_eq!(ledger.due(noon(), true).unwrap().len(), 4);
    }
}

#[test]
fn a_batch_stops_after_two_whose_end_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
    let approved = batch(&mut ledger, 7);
    let server = Faulty::at("dot", Act::Drop);
    let results = deliver_each(approved, &mut to(&server), &mut ledger, &clock());
    assert_eq!(ledger.in_states(&[State::Unknown]).unwrap().len(), 2);
    assert_eq!(ledger.in_states(&[State::Approved]).unwrap().len(), 5);
    assert_eq!(results[2], Tried::NotYet(Pause::Setbacks));
}

#[test]
fn what_the_users_own_server_refuses_marks_no_desk() {
    for (stage, reply) in [
        ("mail", "550 5.1.8 bad sender"),
        ("mail", "553 5.1.7 sender address not owned by user"),
        ("rcpt", "550 5.1.8 bad sender"),
        ("rcpt", "554 5.7.1 relay access denied"),
        ("data", "550 5.1.1 no valid recipients"),
        ("dot", "554 5.7.1 outgoing spam"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
        let approved = batch(&mut ledger, 2);
        let server = Faulty::at(stage, Act::Reply(reply));
        deliver_each(approved, &mut to(&server), &mut ledger, &clock());
        assert_eq!(ledger.in_states(&[State::Rejected]).unwrap().len(), 2);
        let desk = ledger.desk("abuse@example.net").unwrap();
        assert!(!desk.is_known(), "{stage} {reply}: {desk:?}");
    }
}

#[test]
fn a_batch_stops_after_two_refusals_that_are_not_about_the_mailbox_and_goes_on_after_those_that_are()
 {
    for (stage, reply, tried) in [
        ("mail", "553 5.7.1 sender address not owned by user", 2),
        ("rcpt", "554 relay access denied", 2),
        ("dot", "554 5.7.1 outgoing spam", 2),
        ("rcpt", "550 5.1.1 no such user", 5),
        ("rcpt", "550 5.1.10 takes no mail", 5),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
        let approved = batch(&mut ledger, 7);
        let server = Faulty::at(stage, Act::Reply(reply));
        let results = deliver_each(approved, &mut to(&server), &mut ledger, &clock());
        let refused = ledger.in_states(&[State::Rejected]).unwrap().len();
        assert_eq!(refused, tried, "{stage} {reply}");
        for result in &results[tried..] {
            assert_eq!(*result, Tried::NotYet(Pause::Setbacks), "{stage} {reply}");
        }
        assert_eq!(ledger.due(noon(), true).unwrap().len(), 7 - tried);
    }
}

/// A journal that fails at one step, as a full disk does.
struct Full<'l> {
    ledger: &'l mut Ledger,
    at: &'static str,
}

impl Full<'_> {
    fn or_full(&self, step: &str) -> Result<(), JournalError> {
        if self.at == step {
            Err(JournalError::Io("the disk is full".to_owned()))
        } else {
            Ok(())
        }
    }
}

impl Journal for Full<'_> {
    fn connecting(&mut self, a: &Approved, name: &str, now: Timestamp) -> Result<(), JournalError> {
        self.or_full("connecting")?;
        self.ledger.connecting(a, name, now)
    }

    fn data(&mut self, a: &Approved, now: Timestamp) -> Result<(), JournalError> {
        self.or_full("data")?;
        self.ledger.data(a, now)
    }

    fn ended(&mut self, a: &Approved, o: &Outcome, now: Timestamp) -> Result<(), JournalError> {
        self.or_full("ended")?;
        self.ledger.ended(a, o, now)
    }
}

#[test]
fn a_batch_whose_ledger_cannot_be_written_names_the_ledger_and_not_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
    let approved = batch(&mut ledger, 3);
    let server = Faulty::proper();
    let mut full = Full {
        ledger: &mut ledger,
        at: "data",
    };
    let results = deliver_each(approved, &mut to(&server), &mut full, &clock());
    assert!(matches!(results[0], Tried::Once(Err(_))), "{results:?}");
    for result in &results[1..] {
        assert_eq!(*result, Tried::NotYet(Pause::Journal));
    }
    assert!(server.kept().is_empty());
}

#[test]
fn what_cannot_be_written_down_first_is_not_sent() {
    for (at, arrives) in [("connecting", 0), ("data", 0), ("ended", 1)] {
        let server = Faulty::proper();
        let mut desk = Desk::with("x");
        let approved = desk.approved.take().unwrap();
        let mut full = Full {
            ledger: &mut desk.ledger,
            at,
        };
        let undelivered = deliver(approved, &mut to(&server), &mut full, &clock()).unwrap_err();
        assert_eq!(server.kept().len(), arrives, "{at}");
        assert_eq!(undelivered.may_have_arrived(), arrives == 1, "{at}");
        let path = desk.ledger.path().to_owned();
        drop(desk.ledger);
        let ledger = Ledger::open(&path, noon()).unwrap();
        let state = ledger.kept(desk.id).unwrap().recorded.state;
        let due = match at {
            "connecting" => State::Approved,
            "data" => State::Deferred,
            _ => State::Unknown,
        };
        assert_eq!(state, due, "{at}");
    }
}

#[test]
fn a_draft_is_a_file_of_our_own_name_that_says_it_was_not_sent() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::with("x");
    let octets = desk.octets();
    let approved = desk.approved.take().unwrap();
    let id = approved.complaint().message_id.clone();
    let mut drafts = Drafts::new(folder.path().join("drafts"));
    let outcome = deliver(approved, &mut drafts, &mut desk.ledger, &clock()).unwrap();
    let Outcome::Saved { path } = &outcome else {
        panic!("{outcome:?}")
    };
    let written = std::fs::read(path).unwrap();
    assert_eq!(written, [b"X-Unsent: 1\r\n".as_slice(), &octets].concat());
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(name.ends_with(&format!("{}.eml", id.split('@').next().unwrap())));
    assert!(outcome.sentence().starts_with("Saved, nothing sent: "));
    assert_eq!(desk.state(), State::Saved);
}

/// A program that stands in for sendmail, and what it wrote down.
fn mailer(folder: &std::path::Path, script: &str) -> Sendmail {
    let text = format!("#!/bin/sh\ncd \"$(dirname \"$0\")\"\n{script}\n");
    std::fs::write(folder.join("script"), text).unwrap();
    // Another process makes the program: a file that any of our threads holds
    // open for writing while another one forks cannot be run.
    let made = std::process::Command::new("/bin/sh")
        .current_dir(folder)
        .args(["-c", "cp script sendmail && chmod 755 sendmail"])
        .status()
        .unwrap();
    assert!(made.success());
    Sendmail {
        program: folder.join("sendmail"),
        spool: folder.join("spool"),
        timeout: Duration::from_millis(1500),
    }
}

#[test]
fn sendmail_gets_the_message_and_both_addresses_and_no_option_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = mailer(folder.path(), "echo \"$@\" > args; cat > message");
    let mut desk = Desk::with(HARD);
    let octets = desk.octets();
    let approved = desk.approved.take().unwrap();
    let outcome = deliver(approved, &mut program, &mut desk.ledger, &clock()).unwrap();
    assert_eq!(word(&outcome), "accepted");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(
        read("args"),
        "-i -f jane@example.org -- abuse@example.net\n"
    );
    let sent = String::from_utf8(octets).unwrap();
    assert_eq!(read("message"), sent.replace("\r\n", "\n"));
    let spool = std::fs::read_dir(folder.path().join("spool")).unwrap();
    assert_eq!(spool.count(), 0, "nothing of the message stays");
}

#[test]
fn sendmails_exit_status_is_the_outcome_and_silence_is_unknown() {
    for (script, due) in [
        ("exit 75", "deferred"),
        ("exit 67", "rejected"),
        ("exit 78", "deferred"),
        ("exit 1", "unknown"),
        // What was read to its end may stand in a queue, whatever is said then.
        ("cat > queue; exit 65", "unknown"),
        ("cat > queue; exit 69", "unknown"),
        ("cat > queue; exit 75", "unknown"),
        ("cat > queue; exit 0", "accepted"),
        // It says yes to a message that it did not read.
        ("head -c 1 > /dev/null; exit 0", "unknown"),
        // Nothing was handed over: what is amiss is here, not at the desk.
        ("dd bs=10 count=1 2> /dev/null; exit 69", "deferred"),
        ("exit 65", "deferred"),
        ("exit 68", "deferred"),
        ("kill -9 $$", "unknown"),
        ("exec sleep 30", "unknown"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut program = mailer(folder.path(), script);
        let mut desk = Desk::with("x");
        let approved = desk.approved.take().unwrap();
        let outcome = deliver(approved, &mut program, &mut desk.ledger, &clock()).unwrap();
        assert_eq!(word(&outcome), due, "{script}");
        assert_eq!(desk.state().word(), due, "{script}");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut missing = mailer(folder.path(), "");
    missing.program = folder.path().join("no-such-program");
    let mut desk = Desk::with("x");
    let approved = desk.approved.take().unwrap();
    let outcome = deliver(approved, &mut missing, &mut desk.ledger, &clock()).unwrap();
    assert_eq!(
        word(&outcome),
        "deferred",
        "a program that is not there sent nothing"
    );
}
