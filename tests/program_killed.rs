//! The program is killed at every step of a delivery: the ledger never says more than the server knows, and nothing is sent twice.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::net::fault::Fault;
use crate::net::smtp::Stage;
use crate::player::Player;
use crate::record::{self, Row};
use crate::trial::Trial;

/// How long a delivery may take to reach a step.
const PATIENCE: Duration = Duration::from_secs(30);

fn kill(player: Player) {
    let pid = Pid::from_raw(player.pid()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    assert_eq!(player.finish().unwrap().code, None);
}

/// Agrees to a complaint, lets the server fail at a stage, and kills the program there.
fn killed_at(stage: Stage, fault: Fault) -> Trial {
    let trial = Trial::begin();
    trial
        .internet
        .change(|world| world.mail.faults = [(stage, fault)].into());
    let mut player = trial.terminal(&["report", "pills.eml"]);
    let code = player.read_to(r"type (\w{4}) to send").unwrap();
    player.type_line(&code).unwrap();
    assert!(
        trial.internet.mailroom().wait_for(stage, PATIENCE),
        "{stage:?}"
    );
    kill(player);
    trial.internet.change(|world| world.mail.faults.clear());
    trial
}

/// Returns the one row that the ledger has.
fn row(trial: &Trial) -> Row {
    let mut rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!(rows.len(), 1, "{rows:#?}");
    rows.remove(0)
}

/// Returns how many messages the server keeps.
fn kept(trial: &Trial) -> usize {
    trial.internet.mailroom().arrived().len()
}

#[test]
fn killed_before_the_dot_it_is_deferred_and_a_retry_sends_it_once() {
    for stage in [
        Stage::Banner,
        Stage::Ehlo,
        Stage::Auth,
        Stage::Mail,
        Stage::Rcpt,
        Stage::Data,
    ] {
        let trial = killed_at(stage, Fault::Hang);
        assert_eq!(kept(&trial), 0, "{stage:?}");
        let listed = trial.pipe(&["outbox"], b"");
        assert!(listed.stdout.contains("deferred"), "{stage:?}: {listed:#?}");
        assert_eq!(row(&trial).state, "deferred", "{stage:?}");
        let retried = trial.pipe(&["outbox", "retry"], b"");
        assert_eq!(retried.code, 0, "{stage:?}: {retried:#?}");
        assert_eq!(
            (row(&trial).state.as_str(), kept(&trial)),
            ("accepted", 1),
            "{stage:?}"
        );
        let octets = trial.internet.mailroom().arrived()[0].octets.clone();
        assert_eq!(octets, row(&trial).octets, "{stage:?}");
        trial.pipe(&["outbox", "retry"], b"");
        assert_eq!(kept(&trial), 1, "{stage:?}");
    }
}

#[test]
fn killed_after_the_dot_it_is_unknown_and_is_never_repeated_by_itself() {
    for (fault, on_the_server) in [(Fault::Hang, 0), (Fault::KeepThenHang, 1)] {
        let trial = killed_at(Stage::Dot, fault.clone());
        assert_eq!(kept(&trial), on_the_server, "{fault:?}");
        let listed = trial.pipe(&["outbox"], b"");
        assert!(listed.stdout.contains("unknown"), "{fault:?}: {listed:#?}");
        for again in [&["outbox", "retry"][..], &["report", "pills.eml"]] {
            trial.pipe(again, b"");
        }
        assert_eq!(row(&trial).state, "unknown", "{fault:?}");
        assert_eq!(kept(&trial), on_the_server, "{fault:?}");
    }
}

#[test]
fn killed_after_the_answer_it_is_accepted() {
    let trial = killed_at(Stage::Quit, Fault::Hang);
    trial.pipe(&["outbox", "retry"], b"");
    assert_eq!((row(&trial).state.as_str(), kept(&trial)), ("accepted", 1));
}

#[test]
fn killed_at_the_question_nothing_was_agreed_to() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    player.read_to(r"type (\w{4}) to send").unwrap();
    kill(player);
    trial.pipe(&["outbox", "retry"], b"");
    assert_eq!(trial.mail(), (0, 0));
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    let agreed = rows
        .iter()
        .any(|row| !["held", "drafted"].contains(&row.state.as_str()));
    assert!(!agreed, "{rows:#?}");
}
