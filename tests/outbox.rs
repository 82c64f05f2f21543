//! `plaint outbox` at a terminal: what waits is asked about again only with all that speaks against it by now.

use crate::net::fault::Fault;
use crate::net::smtp::Stage;
use crate::player::Ending;
use crate::record;
use crate::trial::Trial;

/// The question under the octets; group 1 is the code.
const CODE: &str = r"type (\w{4}) to send 1 complaint";

/// A trial in which one complaint may have arrived.
fn unknown() -> Trial {
    let trial = Trial::begin();
    trial
        .internet
        .change(|world| world.mail.faults = [(Stage::Dot, Fault::Drop)].into());
    let mut player = trial.terminal(&["report", "pills.eml"]);
    let code = player.read_to(CODE).unwrap();
    player.type_line(&code).unwrap();
    assert_eq!(player.finish().unwrap().code, Some(75));
    trial.internet.change(|world| world.mail.faults.clear());
    assert_eq!(state(&trial), "unknown");
    trial
}

fn state(trial: &Trial) -> String {
    let mut rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!(rows.len(), 1, "{rows:#?}");
    rows.remove(0).state
}

/// Says that the complaint is to be sent again.
fn send_again(trial: &Trial) -> crate::player::Player {
    let mut player = trial.terminal(&["outbox", "resolve", "1"]);
    player.wait_for("Number:").unwrap();
    player.type_line("3").unwrap();
    player
}

/// Adds lines to the settings.
fn also_set(trial: &Trial, lines: &str) {
    let mut text = std::fs::read_to_string(trial.home.config()).unwrap();
    text.push_str(lines);
    std::fs::write(trial.home.config(), text).unwrap();
}

fn held(trial: &Trial, ending: &Ending, why: &str) {
    assert_eq!(ending.code, Some(75), "{}", ending.screen);
    assert!(ending.screen.contains(why), "{}", ending.screen);
    assert!(
        ending.screen.contains("Nothing was sent"),
        "{}",
        ending.screen
    );
    assert!(!ending.screen.contains("to send 1"), "{}", ending.screen);
    assert_eq!(state(trial), "unknown");
    assert_eq!(trial.mail().1, 0);
}

#[test]
fn what_is_sent_again_by_the_users_word_goes_with_the_same_octets() {
    let trial = unknown();
    let mut player = send_again(&trial);
    let code = player.read_to(CODE).unwrap();
    player.type_line(&code).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!(rows[0].state, "accepted");
    assert_eq!(
        trial.internet.mailroom().arrived()[0].octets,
        rows[0].octets
    );
}

#[test]
fn a_limit_that_was_set_since_holds_what_is_to_be_sent_again() {
    let trial = unknown();
    also_set(&trial, "[limits]\nper_desk_per_day = 0\n");
    let ending = send_again(&trial).finish().unwrap();
    held(&trial, &ending, "that is the limit");
}

#[test]
fn a_desk_that_was_blocked_since_gets_nothing_again() {
    let trial = unknown();
    let blocked = trial.pipe(&["desks", "block", "abuse@northpath.example"], b"");
    assert_eq!(blocked.code, 0, "{blocked:#?}");
    let ending = send_again(&trial).finish().unwrap();
    held(&trial, &ending, "no mail is to go to this desk");
}

#[test]
fn a_desk_that_died_since_is_named_before_the_question_and_not_ticked() {
    let trial = unknown();
    let db = rusqlite::Connection::open(trial.home.ledger()).unwrap();
    db.execute(
        "INSERT INTO desks (key, dead_until, dead_because, changed_at)
         VALUES ('abuse@northpath.example', unixepoch() + 86400, '2 times, 5.1.1', 1)",
        [],
    )
    .unwrap();
    let mut player = send_again(&trial);
    player
        .wait_for("(?s)Warning: mail to this desk came back.*Which complaints")
        .unwrap();
    player.type_line("").unwrap();
    let ending = player.finish().unwrap();
    held(&trial, &ending, "stays in the outbox");
}
