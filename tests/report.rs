//! `plaint report` at a terminal against the sandbox's servers: what is agreed to is sent, and nothing else ever is.

use std::time::Duration;

use crate::home::{ALSO_MINE, REPORTER};
use crate::net::fault::Fault;
use crate::net::smtp::Stage;
use crate::record;
use crate::traces;
use crate::trial::{CODE, Trial, agree, says_that_nothing_was_sent};

/// Long enough for a program that would go on by itself to have done so.
const A_WHILE: Duration = Duration::from_millis(1500);

const CTRL_C: &[u8] = b"\x03";
const CTRL_D: &[u8] = b"\x04";

/// Replaces what differs from run to run: times, codes, references, queue ids, ports, folders.
fn placeholders(screen: &str) -> String {
    let rules = [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "@@TIME@@"),
        (
            r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}",
            "@@DATE@@",
        ),
        (r"\d{1,2} \w{3,9} \d{4}(,)? \d\d:\d\d UTC", "@@TIME@@"),
        (r"\d\d:\d\d UTC on \d{1,2} \w{3,9} \d{4}", "@@TIME@@"),
        (
            r"type \w{4} to send (.*): \w{4}",
            "type @@CODE@@ to send $1: @@CODE@@",
        ),
        (r"type \w{4} to send", "type @@CODE@@ to send"),
        (r"\b[A-Z2-7]{8}\b", "@@REFERENCE@@"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:@@PORT@@"),
        (r"/tmp/plaint-\w+", "@@HOME@@"),
    ];
    rules
        .iter()
        .fold(screen.to_owned(), |text, (pattern, with)| {
            let pattern = regex::Regex::new(pattern).unwrap();
            pattern.replace_all(&text, *with).into_owned()
        })
}

#[test]
fn a_full_run_sends_one_complaint_that_names_the_reporter_nowhere_inside() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert_eq!(trial.mail(), (1, 1));
    let arrived = trial.internet.mailroom().arrived().remove(0);
    assert_eq!(arrived.to, ["abuse@northpath.example"]);
    assert_eq!(arrived.from, REPORTER);
    let own = [&[REPORTER][..], &ALSO_MINE].concat();
    for place in traces::of(&own, &arrived.octets) {
        assert!(
            ["From", "Reply-To", "Message-ID"].contains(&place.as_str()),
            "{place}"
        );
    }
    insta::assert_snapshot!(placeholders(&ending.screen));
}

#[test]
fn a_printed_draft_has_the_reference_and_the_message_id_of_the_report() {
    let trial = Trial::begin();
    let spam = std::fs::read_to_string(trial.home.path("pills.eml")).unwrap();
    trial.file("crlf.eml", spam.replace('\n', "\r\n").as_bytes());
    let identity = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim_end_matches('\r'));
        let is_one = |line: &&str| line.starts_with("Subject: ") || line.starts_with("Message-ID:");
        lines.filter(is_one).take(2).map(str::to_owned).collect()
    };
    for args in [
        &["draft", "crlf.eml"][..],
        &["draft", "--to", "abuse@northpath.example", "crlf.eml"],
    ] {
        let drafted = trial.pipe(args, b"");
        let mut player = trial.terminal(&["report", "crlf.eml"]);
        player.read_to(CODE).unwrap();
        player.send(CTRL_C).unwrap();
        player.finish().unwrap();
        let kept = record::complaints(&trial.home.ledger()).unwrap().remove(0);
        assert_eq!(
            identity(&drafted.stdout),
            identity(&String::from_utf8_lossy(&kept.octets)),
            "{args:?}"
        );
    }
}

#[test]
fn what_a_registry_answers_decides_who_gets_the_complaint() {
    let trial = Trial::begin();
    trial
        .internet
        .change(|world| world.replace("abuse@northpath.example", "desk@northpath.example"));
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(
        trial.internet.mailroom().arrived()[0].to,
        ["desk@northpath.example"]
    );
}

#[test]
fn what_was_typed_ahead_agrees_to_nothing() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report"]);
    player.wait_for_paste().unwrap();
    let spam = std::fs::read(trial.home.path("pills.eml")).unwrap();
    player.send(&spam).unwrap();
    player.send(CTRL_D).unwrap();
    // All that could be meant as yes, while the program still looks desks up.
    player.send(b"\ry\ryes\rY\r1\r\r7F3K\rsend\r").unwrap();
    player.read_to(CODE).unwrap();
    player.wait(A_WHILE).unwrap();
    assert_eq!(trial.mail(), (0, 0));
    player.send(CTRL_C).unwrap();
    let ending = player.finish().unwrap();
    assert_ne!(ending.code, Some(0), "{}", ending.screen);
    assert!(
        says_that_nothing_was_sent(&ending.screen),
        "{}",
        ending.screen
    );
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn the_wrong_code_agrees_to_nothing() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    for wrong in ["y", "yes", "0000"] {
        let code = player.read_to(CODE).unwrap();
        assert_ne!(code, wrong);
        player.type_line(wrong).unwrap();
    }
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert!(
        says_that_nothing_was_sent(&ending.screen),
        "{}",
        ending.screen
    );
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn an_old_code_agrees_to_nothing() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    let first = player.read_to(CODE).unwrap();
    player.type_line("wrong").unwrap();
    let second = player.read_to(CODE).unwrap();
    assert_ne!(first, second);
    player.type_line(&first).unwrap();
    player.read_to(CODE).unwrap();
    player.type_line("").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn without_a_terminal_the_draft_is_kept() {
    let trial = Trial::begin();
    let ran = trial.pipe(&["report", "pills.eml"], b"");
    assert_eq!(ran.code, 77, "{ran:#?}");
    insta::assert_snapshot!("without_a_terminal_stderr", placeholders(&ran.stderr));
    assert_eq!(trial.mail(), (0, 0));
    // It is found again, and can be sent from a terminal.
    let mut player = trial.terminal(&["review"]);
    player.wait_for("abuse@northpath.example").unwrap();
    player.send(CTRL_C).unwrap();
    player.finish().unwrap();
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn a_message_from_a_pipe_is_agreed_to_at_the_terminal() {
    let trial = Trial::begin();
    let mut player = trial.shell("\"$0\" report - < pills.eml");
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.mail(), (1, 1));
}

#[test]
fn ctrl_c_at_the_code_sends_nothing_and_keeps_the_draft() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    player.read_to(CODE).unwrap();
    player.send(CTRL_C).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(77), "{}", ending.screen);
    assert!(
        says_that_nothing_was_sent(&ending.screen),
        "{}",
        ending.screen
    );
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn a_code_that_is_typed_at_once_stands_there_once() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    for _ in 0..2 {
        player.read_to(CODE).unwrap();
        // The prompt is there, and whatever comes now only the program shows.
        assert!(!player.echoes().unwrap());
        player.type_line("wrong").unwrap();
    }
    player.read_to(CODE).unwrap();
    player.type_line("").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.screen.matches("wrong").count(), 2);
}

#[test]
fn ctrl_c_while_desks_are_looked_up_ends_with_a_sentence() {
    let trial = Trial::begin();
    trial
        .internet
        .change(|world| world.rdap_faults = vec![(String::new(), Fault::Hang)]);
    let mut player = trial.terminal(&["report", "pills.eml"]);
    while trial.internet.questions().is_empty() {
        player.wait(Duration::from_millis(20)).unwrap();
    }
    player.send(CTRL_C).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, None, "a signal ended it: {}", ending.screen);
    assert!(
        says_that_nothing_was_sent(&ending.screen),
        "{}",
        ending.screen
    );
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn ctrl_c_while_it_is_sent_does_not_say_that_nothing_was() {
    let trial = Trial::begin();
    trial
        .internet
        .change(|world| world.mail.faults = [(Stage::Dot, Fault::KeepThenHang)].into());
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    assert!(
        trial
            .internet
            .mailroom()
            .wait_for(Stage::Dot, Duration::from_secs(30))
    );
    player.send(CTRL_C).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, None, "{}", ending.screen);
    assert!(
        !says_that_nothing_was_sent(&ending.screen),
        "{}",
        ending.screen
    );
    assert!(ending.screen.contains("plaint outbox list"));
}

#[test]
fn ctrl_c_at_the_paste_sends_nothing() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report"]);
    player.wait_for_paste().unwrap();
    player.send(b"Received: from x\r").unwrap();
    player.send(CTRL_C).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(77), "{}", ending.screen);
    assert!(
        says_that_nothing_was_sent(&ending.screen),
        "{}",
        ending.screen
    );
    assert_eq!(trial.mail(), (0, 0));
}

/// Returns a spam that came over a host that may be the user's own forwarder.
fn forwarded() -> String {
    let now = jiff::Zoned::now().strftime("%a, %d %b %Y %H:%M:%S %z");
    format!(
        "Return-Path: <SRS0=x1Yz=AB=summit-offers.example=care@fwd.harbourhost.example>\n\
         Delivered-To: robin.reed@postbox.example\n\
         Received: from fwd.harbourhost.example (fwd.harbourhost.example [192.0.2.77])\n\
         \tby mx1.postbox.example (Postfix) with ESMTPS id 4dCqXn2yJvz3wfT\n\
         \tfor <robin.reed@postbox.example>; {now}\n\
         X-Forwarded-To: robin.reed@postbox.example\n\
         Received: from mail.summit.example (unknown [198.51.100.23])\n\
         \tby fwd.harbourhost.example (Postfix) with ESMTP id 4dCqXn2yJvz3wfS\n\
         \tfor <robin@reed.example>; {now}\n\
         From: care@summit-offers.example\n\
         To: robin@reed.example\n\
         Subject: 78% off\n\n\
         Order now.\n"
    )
}

#[test]
fn ctrl_c_at_any_other_question_sends_nothing() {
    let cases = [
        ("identity", "pills.eml", "Your mailbox:"),
        ("nothing", "forwarded.eml", "Enter: leave it open"),
        (
            "delivery",
            "pills.eml",
            "(?s)How are your complaints to be sent.*Number:",
        ),
        ("nothing", "newsletter.eml", "Number:"),
        ("nothing", "phishing.eml", "Which complaints"),
    ];
    for (table, spam, question) in cases {
        let trial = Trial::begin().without(table);
        trial.file("forwarded.eml", forwarded().as_bytes());
        let mut player = trial.terminal(&["report", spam]);
        player.wait_for(question).unwrap();
        player.send(CTRL_C).unwrap();
        let ending = player.finish().unwrap();
        assert_eq!(ending.code, Some(77), "{question}: {}", ending.screen);
        assert!(
            says_that_nothing_was_sent(&ending.screen),
            "{question}: {}",
            ending.screen
        );
        assert_eq!(trial.mail(), (0, 0), "{question}");
    }
}

#[test]
fn a_paste_arrives_whole() {
    let trial = Trial::begin();
    let spam = String::from_utf8(std::fs::read(trial.home.path("pills.eml")).unwrap()).unwrap();
    // A line that the kernel would cut, and octets that it would take for keys: ^U, ^W, ^V, ^S, ^Q.
    let long = "z".repeat(20_000);
    let text = format!(
        "{}\nodd: \x15\x17\x16\x13\x11\n{long}\n",
        spam.replace("\r\n", "\n")
    );
    let mut player = trial.terminal(&["report"]);
    player.wait_for_paste().unwrap();
    player.send(b"\x1b[200~").unwrap();
    player.send(text.as_bytes()).unwrap();
    player.send(b"\x1b[201~").unwrap();
    player.wait_for("octets pasted").unwrap();
    player.send(CTRL_D).unwrap();
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert_eq!(trial.mail(), (1, 1));
    let kept = record::messages(&trial.home.ledger()).unwrap();
    assert_eq!(kept.len(), 1);
    assert!(
        kept[0] == text.as_bytes(),
        "{} octets of {}",
        kept[0].len(),
        text.len()
    );
}

#[test]
fn what_is_no_mail_server_is_told_as_that_and_nothing_is_lost() {
    let trial = Trial::begin();
    trial
        .internet
        .change(|world| world.mail.faults = [(Stage::Ehlo, Fault::Garbage)].into());
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(76), "{}", ending.screen);
    assert!(
        ending.screen.contains("check `host`, `port` and `tls`"),
        "{}",
        ending.screen
    );
    assert!(
        says_that_nothing_was_sent(&ending.screen),
        "{}",
        ending.screen
    );
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!(rows[0].state, "deferred");
    assert_eq!(trial.mail().1, 0);
}

#[test]
fn a_batch_says_what_it_asks_about_how_many_wait_and_where_the_first_is() {
    let trial = Trial::begin();
    let one = forwarded().replace("\r\n", "\n");
    let mailbox = format!(
        "From a@x.example Sat Nov 21 10:00:00 2026\nSubject: nothing\nFrom: a@x.example\n\nhello\n\n\
         From a@x.example Sat Nov 21 10:00:00 2026\n{one}\n\nFrom a@x.example Sat Nov 21 10:00:01 2026\n{one}again\n\n"
    );
    trial.file("junk.mbox", mailbox.as_bytes());
    let ran = trial.pipe(&["batch", "junk.mbox"], b"");
    assert!(
        ran.stdout.contains("2  need an answer of yours"),
        "{ran:#?}"
    );
    assert!(
        ran.stderr.contains(
            "2 messages wait for an answer, the first is junk.mbox, message 1 (at octet "
        ),
        "{ran:#?}"
    );
    assert!(ran.stderr.contains("`plaint setup trust FILE`"), "{ran:#?}");
}

#[test]
fn a_mail_server_that_refuses_is_quoted_and_nothing_is_lost() {
    let cases = [
        (Stage::Rcpt, "550 5.1.1 no such desk", 69),
        (Stage::Dot, "554 5.7.1 we think that this is spam", 69),
        (Stage::Dot, "451 4.3.0 try again later", 75),
        (Stage::Auth, "535 5.7.8 no", 75),
    ];
    for (stage, reply, code) in cases {
        let trial = Trial::begin();
        trial.internet.change(|world| {
            world.mail.faults = [(stage, Fault::Answer(reply.to_owned()))].into();
        });
        let mut player = trial.terminal(&["report", "pills.eml"]);
        agree(&mut player);
        let ending = player.finish().unwrap();
        assert_eq!(ending.code, Some(code), "{reply}: {}", ending.screen);
        assert_eq!(trial.mail().1, 0);
    }
}

#[test]
fn who_once_signed_up_is_asked_again_and_may_have_unsubscribed_since() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "newsletter.eml"]);
    // Where it came from is said before anything is asked about it.
    player.read_to("(Came from 198.51.100.142)").unwrap();
    player.read_to("(What can you say about it)").unwrap();
    player.read_to("(Number):").unwrap();
    player.type_line("3").unwrap();
    player.read_to("Not ticked: +(you once signed up)").unwrap();
    player.read_to("(Enter goes on)").unwrap();
    player.type_line("").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.mail(), (0, 0));

    let mail = std::fs::read_to_string(trial.home.path("newsletter.eml")).unwrap();
    trial.file("next.eml", mail.replace("4419023", "4419024").as_bytes());
    let mut player = trial.terminal(&["report", "next.eml"]);
    player
        .read_to("you said of this sender: \"(I once signed up)\"")
        .unwrap();
    player.read_to("(Number):").unwrap();
    player.type_line("2").unwrap();
    player.read_to("(When did you unsubscribe)").unwrap();
    player.type_line("1 November").unwrap();
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived().remove(0);
    let text = String::from_utf8_lossy(&arrived.octets).into_owned();
    assert!(text.contains("I unsubscribed (1 November)"), "{text}");
    assert!(!text.contains("did not ask for was delivered"), "{text}");
}
