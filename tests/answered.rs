//! `plaint replies` at a terminal: what came back is shown with what it changes, changes it once the user says so, and names the next step.

use crate::record;
use crate::trial::{Trial, agree};

const DESK: &str = "abuse@northpath.example";

/// A trial in which one complaint was accepted; returns its Message-ID, too.
fn accepted() -> (Trial, String) {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let db = rusqlite::Connection::open(trial.home.ledger()).unwrap();
    let sql = "SELECT message_id FROM complaints";
    let id = db.query_row(sql, [], |row| row.get(0)).unwrap();
    (trial, id)
}

fn bounce(id: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mail.postbox.example\nTo: robin.reports@postbox.example\n\
         Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\n\nYour message could not be delivered.\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.postbox.example\n\n\
         Final-Recipient: rfc822; {DESK}\nAction: failed\nStatus: 5.1.1\n\
         Diagnostic-Code: smtp; 550 5.1.1 \u{1b}[31mno such user\n\n\
         --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{id}>\nTo: {DESK}\n\n--b--\n"
    )
}

fn answer(id: &str, text: &str) -> String {
    format!(
        "From: Northpath Abuse <{DESK}>\nTo: robin.reports@postbox.example\n\
         Subject: Re: Abuse report\nMessage-ID: <1@northpath.example>\nIn-Reply-To: <{id}>\n\n{text}\n"
    )
}

fn state(trial: &Trial) -> String {
    record::complaints(&trial.home.ledger()).unwrap()[0]
        .state
        .clone()
}

#[test]
fn a_bounce_is_shown_with_what_it_changes_and_changes_it_once_the_user_says_so() {
    let (trial, id) = accepted();
    trial.file("bounce.eml", bounce(&id).as_bytes());
    for (word, written, due) in [
        ("no", "Nothing was written down", "accepted"),
        ("yes", "1 answer was written down", "bounced"),
    ] {
        let mut player = trial.terminal(&["replies", "bounce.eml"]);
        player
            .wait_for("(?s)there is no such mailbox.*It moves from accepted to bounced.*Next: ")
            .unwrap();
        player.wait_for(r"Write this down\? \(yes/no\)").unwrap();
        player.type_line(word).unwrap();
        player.wait_for(written).unwrap();
        let ending = player.finish().unwrap();
        assert_eq!(state(&trial), due, "{}", ending.screen);
    }
    // Once more it is known, and changes nothing.
    let again = trial.terminal(&["replies", "bounce.eml"]).finish().unwrap();
    assert!(again.screen.contains("was read before"), "{}", again.screen);
    assert_eq!(trial.mail().1, 1, "reading answers sends nothing");
}

#[test]
fn a_desk_that_wants_its_form_is_remembered_and_the_next_step_named() {
    let (trial, id) = accepted();
    let text = "Please use our form at https://northpath.example/abuse to report abuse. \
                We do not process reports by mail.";
    trial.file("answer.eml", answer(&id, text).as_bytes());
    let mut player = trial.terminal(&["replies", "answer.eml"]);
    player
        .wait_for("The desk wants its form: https://northpath.example/abuse")
        .unwrap();
    player
        .wait_for("fill in the form, then `plaint outbox mark 1 sent`")
        .unwrap();
    player.wait_for(r"\(yes/no\)").unwrap();
    player.type_line("yes").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(state(&trial), "answered");
    let shown = trial.pipe(&["desks", "show", DESK], b"");
    assert!(
        shown.stdout.contains("https://northpath.example/abuse"),
        "{shown:#?}"
    );
    // The step that was named can be taken.
    let marked = trial.pipe(&["outbox", "mark", "1", "sent"], b"");
    assert_eq!(marked.code, 0, "{marked:#?}");
    assert_eq!(state(&trial), "by-hand");
}

#[test]
fn what_only_names_the_desk_is_asked_about_apart_and_without_a_terminal_changes_nothing() {
    let (trial, _) = accepted();
    let text = "The account was suspended.";
    trial.file(
        "stranger.eml",
        answer("other@northpath.example", text).as_bytes(),
    );
    let piped = trial.pipe(&["replies", "stranger.eml"], b"");
    assert!(
        piped.stderr.contains("Nothing was written down"),
        "{piped:#?}"
    );
    assert_eq!(state(&trial), "accepted");
    let mut player = trial.terminal(&["replies", "stranger.eml"]);
    player.wait_for("anybody can have written this").unwrap();
    player
        .wait_for(r"only fits by its mailbox\? \(yes/no\)")
        .unwrap();
    player.type_line("yes").unwrap();
    player.finish().unwrap();
    assert_eq!(state(&trial), "answered");
}

#[test]
fn what_a_stranger_wrote_who_saw_the_complaint_is_asked_about_with_its_writer_and_changes_nothing_by_itself()
 {
    let (trial, id) = accepted();
    let forged = answer(&id, "The account was suspended.").replace(
        &format!("Northpath Abuse <{DESK}>"),
        "Abuse Desk <eve@spammer.example>",
    );
    trial.file("forged.eml", forged.as_bytes());
    let piped = trial.pipe(&["replies", "forged.eml"], b"");
    assert_eq!(state(&trial), "accepted", "{piped:#?}");
    insta::assert_snapshot!(format!("{}{}", piped.stdout, piped.stderr), @r"
    Complaint 1 to abuse@northpath.example: Its writer says that it acted.
      From: Abuse Desk <eve@spammer.example>
      It moves from accepted to answered.
      That is not the desk's name: anybody who saw the complaint can have written this. It is taken if you say so.
    Nothing was written down.
    hint: the same command on a terminal asks about what is not sure
    ");
    let mut player = trial.terminal(&["replies", "forged.eml"]);
    player
        .wait_for("(?s)From: Abuse Desk <eve@spammer.example>.*anybody who saw the complaint")
        .unwrap();
    player
        .wait_for(r"from somebody else than the desk\? \(yes/no\)")
        .unwrap();
    // A ticket system writes under a name of its own: the user knows.
    player.type_line("yes").unwrap();
    player.finish().unwrap();
    assert_eq!(state(&trial), "answered");
}

#[test]
fn bounces_of_strangers_are_asked_about_and_those_of_the_users_own_side_are_not() {
    let (trial, id) = accepted();
    let forged = bounce(&id).replace("mail.postbox.example", "mail.spammer.example");
    trial.file("forged.eml", forged.as_bytes());
    trial.pipe(&["replies", "forged.eml"], b"");
    assert_eq!(state(&trial), "accepted");
    // It never came in from outside: an own host wrote it, under whatever name.
    let inside = format!(
        "Received: by mail.postbox.example (Postfix)\n\tid 4F2C71A0; Sat, 21 Nov 2026 10:00:00 +0000\n{}",
        bounce(&id).replace(
            "MAILER-DAEMON@mail.postbox.example",
            "daemon@postboxmail.example"
        )
    );
    trial.file("inside.eml", inside.as_bytes());
    let piped = trial.pipe(&["replies", "inside.eml"], b"");
    assert_eq!(state(&trial), "bounced", "{piped:#?}");
}

#[test]
fn a_providers_mail_system_bounces_under_another_of_its_domains_and_its_customers_do_not() {
    let (trial, id) = accepted();
    let config = std::fs::read_to_string(trial.home.config()).unwrap();
    let config = config.replace("robin.reports@postbox.example", "robin.reports@gmail.com");
    std::fs::write(trial.home.config(), config).unwrap();
    for (author, due) in [
        ("eve.1987@gmail.com", "accepted"),
        ("mailer-daemon@spammer.example", "accepted"),
        ("mailer-daemon@googlemail.com", "bounced"),
    ] {
        let text = bounce(&id).replace("MAILER-DAEMON@mail.postbox.example", author);
        trial.file("bounce.eml", text.as_bytes());
        let piped = trial.pipe(&["replies", "bounce.eml"], b"");
        assert_eq!(state(&trial), due, "{author}: {piped:#?}");
    }
}

#[test]
fn a_desk_at_a_provider_is_not_everybody_who_has_a_mailbox_there() {
    let (trial, id) = accepted();
    let db = rusqlite::Connection::open(trial.home.ledger()).unwrap();
    db.execute("UPDATE complaints SET desk = 'abuse@gmail.com'", [])
        .unwrap();
    let forged = answer(&id, "The account was suspended.").replace(DESK, "eve@gmail.com");
    trial.file("forged.eml", forged.as_bytes());
    trial.pipe(&["replies", "forged.eml"], b"");
    assert_eq!(state(&trial), "accepted");
    let genuine = forged.replace("eve@gmail.com", "abuse@gmail.com");
    trial.file("genuine.eml", genuine.as_bytes());
    trial.pipe(&["replies", "genuine.eml"], b"");
    assert_eq!(state(&trial), "answered");
}

#[test]
fn a_desk_that_was_silent_for_long_is_named_with_the_command_that_reminds_it() {
    let (trial, _) = accepted();
    trial.file(
        "other.eml",
        b"From: a@example.org\nSubject: hello\n\nhello\n",
    );
    let before = trial.pipe(&["replies", "other.eml"], b"");
    assert!(!before.stderr.contains("remind"), "{before:#?}");
    let db = rusqlite::Connection::open(trial.home.ledger()).unwrap();
    db.execute(
        "UPDATE complaints SET approved_at = approved_at - 8 * 86400",
        [],
    )
    .unwrap();
    let after = trial.pipe(&["replies", "other.eml"], b"");
    assert!(
        after.stderr.contains("`plaint outbox remind 1`"),
        "{after:#?}"
    );
}
