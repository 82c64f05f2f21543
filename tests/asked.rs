//! What is asked at a terminal beside the consent: what Enter means, and what a no leaves undone.

use crate::trial::{Trial, agree};

#[test]
fn what_the_user_does_not_want_written_is_not_written() {
    let trial = Trial::begin().without("identity").without("delivery");
    let before = std::fs::read_to_string(trial.home.config()).unwrap();
    let mut player = trial.terminal(&["setup"]);
    player.read_to("(Your mailbox):").unwrap();
    player.type_line("robin@reed.example").unwrap();
    player.read_to("(Your name)").unwrap();
    player.type_line("").unwrap();
    player.read_to("(Other addresses)").unwrap();
    // What is no address is not dropped without a word.
    player
        .type_line("robin(at)reed.example, rr@reed.example")
        .unwrap();
    player
        .read_to(r"`robin\(at\)reed.example` is (no address)")
        .unwrap();
    player.read_to("(Other addresses)").unwrap();
    player.type_line("rr@reed.example;r@reed.example").unwrap();
    player.read_to("(Write this to)").unwrap();
    player.type_line("no").unwrap();
    player.read_to("(Number):").unwrap();
    player.type_line("2").unwrap();
    player.read_to("(Write this to)").unwrap();
    player.type_line("no").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(
        std::fs::read_to_string(trial.home.config()).unwrap(),
        before
    );
}

#[test]
fn enter_says_nothing_of_a_newsletter() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "newsletter.eml"]);
    player.read_to("(Number):").unwrap();
    player.type_line("").unwrap();
    player.read_to("type a (number from 1 to 4)").unwrap();
    player.read_to("(Number):").unwrap();
    player.type_line("2").unwrap();
    player.read_to("(When did you unsubscribe)").unwrap();
    player.type_line("").unwrap();
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived().remove(0);
    let text = String::from_utf8_lossy(&arrived.octets).into_owned();
    assert!(
        text.contains("I unsubscribed, and the mail went on"),
        "{text}"
    );

    // The answer is told the next time, and can be taken back.
    let mail = std::fs::read_to_string(trial.home.path("newsletter.eml")).unwrap();
    trial.file("next.eml", mail.replace("4419023", "4419024").as_bytes());
    let mut player = trial.terminal(&["report", "next.eml"]);
    player
        .read_to("you said of this sender: \"(I unsubscribed)")
        .unwrap();
    player.read_to("(Is that still so)").unwrap();
    player.type_line("no").unwrap();
    player.read_to("(Number):").unwrap();
    player.type_line("3").unwrap();
    player
        .read_to("Mail that you (signed up for) is no spam")
        .unwrap();
}

#[test]
fn a_newsletter_that_nobody_was_asked_about_is_held_without_a_tick() {
    let trial = Trial::begin();
    let held = trial.pipe(&["batch", "newsletter.eml"], b"");
    assert_eq!(held.code, 0, "{}", held.stderr);
    let mut player = trial.terminal(&["review"]);
    player
        .read_to("Not ticked: +(it looks like a newsletter)")
        .unwrap();
}

#[test]
fn a_purge_asks_where_somebody_can_answer() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let mut player = trial.terminal(&["data", "purge", "--older-than", "0d"]);
    player.read_to("(Forget all cases)").unwrap();
    player.type_line("").unwrap();
    let ending = player.finish().unwrap();
    assert!(
        ending.screen.contains("Nothing was forgotten"),
        "{}",
        ending.screen
    );
    assert!(trial.pipe(&["log"], b"").stdout.contains("northpath"));
}
