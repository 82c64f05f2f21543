//! What was composed before goes out only as today's settings have it: nothing that they hide, nobody whom they do not name.

use crate::net::fault::Fault;
use crate::net::smtp::Stage;
use crate::record::{self, Row};
use crate::trial::{CODE, Ran, Trial, agree};

/// A mailbox of the user's that he did not name at first.
const ALIAS: &str = "kestrel.77@elsewhere.example";

/// A trial with a spam that names [`ALIAS`] in its body, and settings that do not know it.
fn unknown_alias() -> Trial {
    let trial = Trial::begin();
    let spam = std::fs::read_to_string(trial.home.path("pills.eml")).unwrap();
    let spam = spam.replace("Dear customer,", &format!("Dear {ALIAS},"));
    trial.file("alias.eml", spam.as_bytes());
    trial
}

/// Replaces a part of the settings.
fn set(trial: &Trial, from: &str, to: &str) {
    let text = std::fs::read_to_string(trial.home.config()).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(trial.home.config(), text.replacen(from, to, 1)).unwrap();
}

fn name_the_alias(trial: &Trial) {
    set(
        trial,
        "also_mine = [",
        &format!("also_mine = [\"{ALIAS}\", "),
    );
}

fn rows(trial: &Trial) -> Vec<Row> {
    record::complaints(&trial.home.ledger()).unwrap()
}

fn holds(octets: &[u8], text: &str) -> bool {
    memchr::memmem::find(octets, text.as_bytes()).is_some()
}

/// Reports a spam to a server that takes nothing now, so that the complaint waits.
fn deferred(trial: &Trial, spam: &str) {
    trial.internet.change(|world| {
        let later = Fault::Answer("451 4.3.0 later".to_owned());
        world.mail.faults = [(Stage::Mail, later)].into();
    });
    let mut player = trial.terminal(&["report", spam]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(75));
    trial.internet.change(|world| world.mail.faults.clear());
    assert_eq!(rows(trial)[0].state, "deferred");
}

fn retry(trial: &Trial) -> Ran {
    trial.pipe(&["outbox", "retry"], b"")
}

#[test]
fn an_alias_that_was_named_since_is_hidden_in_what_was_held() {
    let trial = unknown_alias();
    assert_eq!(trial.pipe(&["batch", "alias.eml"], b"").code, 0);
    assert!(holds(&rows(&trial)[0].octets, ALIAS));
    name_the_alias(&trial);
    let mut player = trial.terminal(&["review"]);
    player
        .wait_for("(?s)Composed anew.*Warning: +composed anew, because your settings changed")
        .unwrap();
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let arrived = trial.internet.mailroom().arrived();
    assert_eq!(arrived.len(), 1);
    assert!(!holds(&arrived[0].octets, ALIAS));
    assert_eq!(rows(&trial)[0].octets, arrived[0].octets);
}

#[test]
fn a_word_that_is_to_be_hidden_since_is_hidden_in_what_was_held() {
    let trial = Trial::begin();
    assert_eq!(trial.pipe(&["batch", "pills.eml"], b"").code, 0);
    assert!(holds(&rows(&trial)[0].octets, "Sleep well"));
    set(&trial, "also_mask = [", "also_mask = [\"Sleep well\", ");
    let mut player = trial.terminal(&["review"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived();
    assert!(!holds(&arrived[0].octets, "Sleep well"));
}

#[test]
fn what_a_hidden_word_left_of_an_alias_is_hidden_too() {
    let trial = unknown_alias();
    set(&trial, "also_mask = [", "also_mask = [\"kestrel\", ");
    trial.pipe(&["batch", "alias.eml"], b"");
    assert!(holds(&rows(&trial)[0].octets, "x.77@elsewhere.example"));
    name_the_alias(&trial);
    let mut player = trial.terminal(&["review"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived();
    assert!(!holds(&arrived[0].octets, "elsewhere.example"));
}

#[test]
fn what_cannot_be_composed_anew_cannot_be_agreed_to() {
    let trial = unknown_alias();
    trial.pipe(&["batch", "alias.eml"], b"");
    name_the_alias(&trial);
    let db = rusqlite::Connection::open(trial.home.ledger()).unwrap();
    db.execute("DELETE FROM messages", []).unwrap();
    let ending = trial.terminal(&["review"]).finish().unwrap();
    assert_eq!(ending.code, Some(77), "{}", ending.screen);
    assert!(
        ending.screen.contains("you can still be found in it"),
        "{}",
        ending.screen
    );
    assert_eq!(trial.mail(), (0, 0));
    assert_eq!(rows(&trial)[0].state, "held");
}

#[test]
fn what_nothing_changed_for_goes_out_as_it_was_composed() {
    let trial = Trial::begin();
    trial.pipe(&["batch", "pills.eml"], b"");
    let before = rows(&trial).remove(0).octets;
    set(&trial, "also_mine = [", "also_mine = [\"x@y.example\", ");
    let mut player = trial.terminal(&["review"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.internet.mailroom().arrived()[0].octets, before);
}

#[test]
fn the_desk_of_a_relay_that_is_the_users_own_gets_nothing_of_what_was_held() {
    let trial = Trial::begin();
    trial.pipe(&["batch", "pills.eml"], b"");
    assert_eq!(rows(&trial)[0].desk, "abuse@northpath.example");
    set(
        &trial,
        "hosts = [",
        "networks = [\"198.51.100.23\"]\nhosts = [",
    );
    let mut player = trial.terminal(&["review"]);
    player
        .wait_for("(?s)Composed anew, to abuse@northpath.example: .*203.0.113.200")
        .unwrap();
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let arrived = trial.internet.mailroom().arrived();
    assert_eq!(arrived.len(), 1);
    assert_ne!(arrived[0].to, ["abuse@northpath.example"]);
    let states: Vec<String> = rows(&trial).into_iter().map(|row| row.state).collect();
    assert_eq!(states, ["cancelled", "accepted"]);
}

#[test]
fn mails_of_a_case_that_came_from_elsewhere_by_todays_settings_are_not_counted() {
    let trial = Trial::begin();
    let spam = std::fs::read_to_string(trial.home.path("pills.eml")).unwrap();
    let other = spam
        .replace("203.0.113.200", "203.0.113.201")
        .replace("7C2D1A0041.8812", "7C2D1A0042.8813");
    trial.file("other.eml", other.as_bytes());
    trial.pipe(&["batch", "pills.eml", "other.eml"], b"");
    let held = rows(&trial);
    assert_eq!((held.len(), held[0].incidents), (1, 2));
    set(
        &trial,
        "hosts = [",
        "networks = [\"198.51.100.23\"]\nhosts = [",
    );
    // The two are a case no more, and nobody can say for which of them it stands.
    let ending = trial.terminal(&["review"]).finish().unwrap();
    assert_eq!(ending.code, Some(77), "{}", ending.screen);
    assert!(ending.screen.contains("Held back"), "{}", ending.screen);
    let mut player = trial.terminal(&["report", "other.eml"]);
    player.wait_for("from 203.0.113.201").unwrap();
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived().remove(0).octets;
    assert!(holds(&arrived, "Incidents: 1\r\n"));
}

#[test]
fn what_a_flag_led_to_stands_without_the_flag_until_the_settings_say_otherwise() {
    let trial = Trial::begin();
    let flag = ["--trust", "198.51.100.23"];
    trial.pipe(&[&["batch", "pills.eml"], &flag[..]].concat(), b"");
    let before = rows(&trial);
    assert_ne!(before[0].desk, "abuse@northpath.example");
    let mut player = trial.terminal(&["review"]);
    player.read_to(CODE).unwrap();
    player.send(b"\x03").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(77));
    assert_eq!(rows(&trial), before);
    // The host that it was about is the user's own by now.
    set(
        &trial,
        "hosts = [",
        "networks = [\"203.0.113.200\"]\nhosts = [",
    );
    let ending = trial.terminal(&["review"]).finish().unwrap();
    assert_eq!(ending.code, Some(77), "{}", ending.screen);
    assert!(ending.screen.contains("Held back"), "{}", ending.screen);
    assert!(ending.screen.contains("`--trust`"), "{}", ending.screen);
    assert_eq!(rows(&trial), before);
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn what_waits_in_the_outbox_is_not_sent_with_what_is_hidden_since() {
    let trial = unknown_alias();
    deferred(&trial, "alias.eml");
    name_the_alias(&trial);
    let ran = retry(&trial);
    assert_eq!(ran.code, 77, "{ran:#?}");
    insta::assert_snapshot!(ran.stderr, @r"
    abuse@northpath.example: not sent, because your settings hide more by now, and you could be found in it (line 138, in the evidence: address).
    hint: `plaint outbox resolve 1` has it composed anew, or drops it
    Nothing was sent.
    ");
    assert_eq!(trial.mail().1, 0);
    assert_eq!(rows(&trial)[0].state, "deferred");

    let mut player = trial.terminal(&["outbox", "resolve", "1"]);
    player.wait_for("Number:").unwrap();
    player.type_line("3").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert_eq!(rows(&trial)[0].state, "drafted");
    let mut player = trial.terminal(&["review"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived();
    assert_eq!(arrived.len(), 1);
    assert!(!holds(&arrived[0].octets, ALIAS));
}

#[test]
fn what_waits_in_the_outbox_about_the_users_own_relay_is_not_sent_and_can_be_dropped() {
    let trial = Trial::begin();
    deferred(&trial, "pills.eml");
    set(
        &trial,
        "hosts = [",
        "networks = [\"198.51.100.23\"]\nhosts = [",
    );
    let ran = retry(&trial);
    assert_eq!(ran.code, 77, "{ran:#?}");
    assert!(ran.stderr.contains("they name 203.0.113.200"), "{ran:#?}");
    assert_eq!(trial.mail().1, 0);
    let mut player = trial.terminal(&["outbox", "resolve", "1"]);
    player.wait_for("Number:").unwrap();
    player.type_line("2").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(rows(&trial)[0].state, "cancelled");
    let ran = retry(&trial);
    assert_eq!((ran.code, trial.mail().1), (0, 0), "{ran:#?}");
}

#[test]
fn what_may_have_arrived_is_not_sent_again_with_what_is_hidden_since() {
    let trial = unknown_alias();
    trial
        .internet
        .change(|world| world.mail.faults = [(Stage::Dot, Fault::Drop)].into());
    let mut player = trial.terminal(&["report", "alias.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(75));
    trial.internet.change(|world| world.mail.faults.clear());
    name_the_alias(&trial);
    let mut player = trial.terminal(&["outbox", "resolve", "1"]);
    player.wait_for("Number:").unwrap();
    player.type_line("3").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(77), "{}", ending.screen);
    assert_eq!(
        (trial.mail().1, rows(&trial)[0].state.as_str()),
        (0, "unknown")
    );
}

#[test]
fn a_desk_is_not_reminded_with_what_is_hidden_since() {
    let trial = unknown_alias();
    let mut player = trial.terminal(&["report", "alias.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let db = rusqlite::Connection::open(trial.home.ledger()).unwrap();
    db.execute(
        "UPDATE complaints SET approved_at = approved_at - 8 * 86400",
        [],
    )
    .unwrap();
    name_the_alias(&trial);
    let refused = trial.pipe(&["outbox", "remind", "1"], b"");
    assert_eq!(refused.code, 77, "{refused:#?}");
    insta::assert_snapshot!(refused.stderr, @r"
    error: complaint 1 cannot go out once more
      because: your settings hide more by now, and you could be found in it (line 138, in the evidence: address)

    hint: remind the desk in your mail program, in your own words
    Nothing was sent.
    ");
    assert_eq!(rows(&trial).len(), 1);
    assert_eq!(trial.mail().1, 1);
}
