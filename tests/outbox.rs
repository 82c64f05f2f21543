//! `plaint outbox` at a terminal: what waits is asked about again only with all that speaks against it by now.

use crate::net::fault::Fault;
use crate::net::smtp::Stage;
use crate::player::Ending;
use crate::record;
use crate::trial::{CODE, Trial, agree};

/// A trial in which one complaint may have arrived.
fn unknown() -> Trial {
    let trial = Trial::begin();
    trial
        .internet
        .change(|world| world.mail.faults = [(Stage::Dot, Fault::Drop)].into());
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
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
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!(rows[0].state, "accepted");
    assert_eq!(
        trial.internet.mailroom().arrived()[0].octets,
        rows[0].octets
    );
}

/// A trial in which the user's own server refused the mailbox that he sends from.
fn refused() -> Trial {
    let trial = Trial::begin();
    let fault = Fault::Answer("553 5.7.1 sender address not owned by user".to_owned());
    trial
        .internet
        .change(|world| world.mail.faults = [(Stage::Mail, fault)].into());
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(69), "{}", ending.screen);
    assert!(
        ending.screen.contains("`plaint outbox resolve 1`"),
        "{}",
        ending.screen
    );
    trial.internet.change(|world| world.mail.faults.clear());
    assert_eq!(state(&trial), "rejected");
    trial
}

#[test]
fn what_was_refused_goes_again_only_by_a_new_answer_and_with_the_same_octets() {
    let trial = refused();
    let held = trial.terminal(&["report", "pills.eml"]).finish().unwrap();
    assert!(
        held.screen.contains("a mail server refused it on"),
        "{}",
        held.screen
    );
    for args in [["outbox", "retry"].as_slice(), &["outbox", "resolve", "1"]] {
        trial.pipe(args, b"");
        assert_eq!((state(&trial).as_str(), trial.mail().1), ("rejected", 0));
    }
    let again = |number: &str| {
        let mut player = trial.terminal(&["outbox", "resolve", "1"]);
        player
            .wait_for("(?s)A mail server refused complaint 1.*553 5.7.1.*Number:")
            .unwrap();
        player.type_line(number).unwrap();
        player
    };
    let mut player = again("2");
    player.read_to(CODE).unwrap();
    player.type_line("").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert!(
        ending.screen.contains("Nothing was sent; it stays refused"),
        "{}",
        ending.screen
    );
    assert_eq!((state(&trial).as_str(), trial.mail().1), ("rejected", 0));
    let mut player = again("2");
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!(rows[0].state, "accepted");
    let arrived = trial.internet.mailroom().arrived();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].octets, rows[0].octets);
}

#[test]
fn what_was_refused_and_dropped_is_composed_anew_by_the_next_report() {
    let trial = refused();
    let mut player = trial.terminal(&["outbox", "resolve", "1"]);
    player.wait_for("Number:").unwrap();
    player.type_line("3").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(state(&trial), "cancelled");
    let mut player = trial.terminal(&["report", "--munge", "headers-only", "pills.eml"]);
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert_eq!((state(&trial).as_str(), trial.mail().1), ("accepted", 1));
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
        .wait_for("(?s)Warning:\\s+mail to this desk came back.*Which complaints")
        .unwrap();
    player.type_line("").unwrap();
    let ending = player.finish().unwrap();
    held(&trial, &ending, "stays in the outbox");
}

#[test]
fn what_may_have_arrived_is_not_retried_without_a_new_answer() {
    let trial = unknown();
    let busy = Fault::Answer("451 4.3.0 later".to_owned());
    trial
        .internet
        .change(|world| world.mail.faults = [(Stage::Mail, busy)].into());
    let mut player = send_again(&trial);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(75));
    assert_eq!(state(&trial), "deferred");
    trial.internet.change(|world| world.mail.faults.clear());
    let piped = trial.pipe(&["outbox", "retry"], b"");
    assert_eq!(piped.code, 77, "{piped:#?}");
    assert_eq!((state(&trial).as_str(), trial.mail().1), ("deferred", 0));
    let mut player = trial.terminal(&["outbox", "retry"]);
    player
        .wait_for("Warning: an earlier try may have arrived")
        .unwrap();
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert_eq!((state(&trial).as_str(), trial.mail().1), ("accepted", 1));
}

#[test]
fn what_is_held_back_in_the_outbox_waits_and_the_exit_status_says_so() {
    let trial = Trial::begin();
    let busy = Fault::Answer("451 4.3.0 later".to_owned());
    trial
        .internet
        .change(|world| world.mail.faults = [(Stage::Mail, busy)].into());
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(75));
    trial.internet.change(|world| world.mail.faults.clear());
    let blocked = trial.pipe(&["desks", "block", "abuse@northpath.example"], b"");
    assert_eq!(blocked.code, 0, "{blocked:#?}");
    let retried = trial.pipe(&["outbox", "retry"], b"");
    assert_eq!(retried.code, 75, "{retried:#?}");
    assert!(
        retried
            .stderr
            .contains("`plaint outbox resolve 1` drops it"),
        "{retried:#?}"
    );
    assert_eq!((state(&trial).as_str(), trial.mail().1), ("deferred", 0));
    let mut player = trial.terminal(&["outbox", "resolve", "1"]);
    player
        .wait_for("(?s)Complaint 1 waits in the outbox.*Number:")
        .unwrap();
    player.type_line("2").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(state(&trial), "cancelled");
    assert_eq!(trial.pipe(&["outbox", "retry"], b"").code, 0);
}

#[test]
fn what_was_only_recorded_is_in_no_outbox() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "--log-only", "pills.eml"]);
    let code = player
        .read_to(r"type (\w{4}) to record 1 complaint")
        .unwrap();
    player.type_line(&code).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert!(!ending.screen.contains("Sending"), "{}", ending.screen);
    let ran = trial.pipe(&["outbox"], b"");
    assert_eq!(ran.stderr, "The outbox is empty.\n");
    let ran = trial.pipe(&["log", "list"], b"");
    assert!(ran.stdout.contains("abuse@northpath.example"), "{ran:#?}");
    assert_eq!(trial.mail(), (0, 0));
}

/// A trial in which one complaint was accepted, some days ago.
fn accepted(days: u32) -> Trial {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let db = rusqlite::Connection::open(trial.home.ledger()).unwrap();
    db.execute_batch(&format!(
        "UPDATE complaints SET approved_at = approved_at - {days} * 86400,
             composed_at = composed_at - {days} * 86400, changed_at = changed_at - {days} * 86400;
         UPDATE members SET boundary_at = boundary_at - {days} * 86400;"
    ))
    .unwrap();
    trial
}

/// Returns the value of a header field of a mail; folded lines are joined.
fn field(octets: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(octets).replace("\r\n ", " ");
    let header = text.split("\r\n\r\n").next().unwrap();
    let mut found = header
        .split("\r\n")
        .filter_map(|line| line.strip_prefix(&format!("{name}: ")));
    let value = found.next().unwrap_or_default().to_owned();
    assert_eq!(found.next(), None, "{name} stands once");
    value
}

#[test]
fn a_desk_that_is_silent_is_reminded_in_the_thread_of_the_first_complaint() {
    let trial = accepted(8);
    let mut player = trial.terminal(&["outbox", "remind", "1"]);
    player
        .wait_for("(?s)This is a reminder of my report of.*Warning: +this is a reminder")
        .unwrap();
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let arrived = trial.internet.mailroom().arrived();
    assert_eq!(arrived.len(), 2);
    let [first, second] = [&arrived[0].octets, &arrived[1].octets];
    let id = field(first, "Message-ID");
    assert_eq!(field(second, "In-Reply-To"), id);
    assert_eq!(field(second, "References"), id);
    assert_ne!(field(second, "Message-ID"), id);
    assert_eq!(
        field(second, "Subject"),
        format!("Re: {}", field(first, "Subject"))
    );
    assert_eq!(field(second, "To"), field(first, "To"));
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!(
        (rows[1].state.as_str(), &rows[1].octets),
        ("accepted", second)
    );
    // What the desk has to look at is what it had.
    let evidence = |octets: &[u8]| {
        let at = memchr::memmem::find(octets, b"Content-Type: message/rfc822").unwrap();
        octets[at..].to_vec()
    };
    assert_eq!(evidence(first), evidence(second));
    // And once more only when that had its days, too.
    let again = trial.pipe(&["outbox", "remind", "2"], b"");
    assert_eq!(again.code, 64, "{again:#?}");
    assert!(again.stderr.contains("has 7 days to answer complaint 2"));
}

#[test]
fn a_reminder_that_is_too_early_or_of_what_was_never_taken_is_refused() {
    let early = accepted(6).pipe(&["outbox", "remind", "1"], b"");
    assert_eq!(early.code, 64, "{early:#?}");
    insta::assert_snapshot!(
        regex::Regex::new(r"\d{4}-\d\d-\d\d").unwrap().replace_all(&early.stderr, "@@DAY@@"),
        @r"
    error: the desk has 7 days to answer complaint 1

    hint: remind it from @@DAY@@ on; nothing was sent
    "
    );
    let trial = unknown();
    let refused = trial.pipe(&["outbox", "remind", "1"], b"");
    assert_eq!(refused.code, 64, "{refused:#?}");
    assert!(refused.stderr.contains("complaint 1 is unknown"));
    assert_eq!(trial.mail().1, 0);
}

#[test]
fn a_declined_reminder_is_asked_about_again_and_a_blocked_desk_is_not_reminded() {
    let trial = accepted(8);
    for _ in 0..2 {
        let mut player = trial.terminal(&["outbox", "remind", "1"]);
        player.read_to(CODE).unwrap();
        player.type_line("").unwrap();
        assert_eq!(player.finish().unwrap().code, Some(0));
    }
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!((rows.len(), rows[1].state.as_str()), (2, "declined"));
    trial.pipe(&["desks", "block", "abuse@northpath.example"], b"");
    let blocked = trial.terminal(&["outbox", "remind", "1"]).finish().unwrap();
    assert!(
        blocked.screen.contains("no mail is to go to this desk"),
        "{}",
        blocked.screen
    );
    assert_eq!(trial.mail().1, 1);
}

/// Begins a reminder of the first complaint, and breaks it off at the question.
fn broken_off(trial: &Trial) {
    let mut player = trial.terminal(&["outbox", "remind", "1"]);
    player.read_to(CODE).unwrap();
    player.send(b"\x03").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(77));
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!(rows[1].state, "drafted");
}

#[test]
fn a_reminder_that_was_broken_off_is_reviewed_and_taken_back_once_the_desk_answered() {
    let trial = accepted(8);
    broken_off(&trial);
    let mut player = trial.terminal(&["review"]);
    player.wait_for("This is a reminder of my report").unwrap();
    player.read_to(CODE).unwrap();
    player.send(b"\x03").unwrap();
    player.finish().unwrap();

    let db = rusqlite::Connection::open(trial.home.ledger()).unwrap();
    db.execute("UPDATE complaints SET state = 'answered' WHERE id = 1", [])
        .unwrap();
    let ending = trial.terminal(&["review"]).finish().unwrap();
    assert_eq!(ending.code, Some(1), "{}", ending.screen);
    insta::assert_snapshot!(ending.screen.replace('\r', ""), @r"
    The reminder to abuse@northpath.example is taken back: complaint 1 is answered, and only what a server took and nobody answered is reminded of.
    Nothing is held. Nothing was sent.
    ");
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    assert_eq!(rows[1].state, "cancelled");
    assert_eq!(trial.mail().1, 1);
}

#[test]
fn a_reminder_is_a_text_where_drafts_are_written() {
    let trial = accepted(8).without("delivery");
    let drafts = trial.home.path("drafts");
    also_set(
        &trial,
        &format!(
            "\n[delivery]\ntransport = \"drafts\"\ndrafts_dir = \"{}\"\n",
            drafts.display()
        ),
    );
    let mut player = trial.terminal(&["outbox", "remind", "1"]);
    let code = player.read_to(r"type (\w{4}) to write 1 draft").unwrap();
    player.type_line(&code).unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    let draft = std::fs::read_dir(&drafts).unwrap().next().unwrap().unwrap();
    let octets = std::fs::read(draft.path()).unwrap();
    let text = String::from_utf8_lossy(&octets);
    assert!(!text.contains("multipart/report"), "{text}");
    assert!(text.contains("This is a reminder of my report"), "{text}");
    let first = &trial.internet.mailroom().arrived()[0].octets;
    assert_eq!(field(&octets, "In-Reply-To"), field(first, "Message-ID"));
}

/// Reports a spam in a process whose files may not grow over a size, in KiB.
fn on_a_full_disk(trial: &Trial, kib: u32) -> Ending {
    let line = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" report pills.eml",
        kib * 2
    );
    let mut player = trial.shell(&line);
    // Where it comes to a question, it is agreed to.
    if let Ok(code) = player.read_to(CODE) {
        player.type_line(&code).unwrap();
    }
    player.finish().unwrap()
}

#[test]
fn a_disk_that_is_full_at_any_moment_is_named_and_nothing_is_sent_unrecorded() {
    let mut refused = 0;
    for kib in [8, 150, 250, 270, 290, 310, 330] {
        let trial = Trial::begin();
        let ending = on_a_full_disk(&trial, kib);
        let kept = trial.mail().1;
        let rows = record::complaints(&trial.home.ledger()).unwrap_or_default();
        let accepted = rows.iter().filter(|row| row.state == "accepted").count();
        if ending.code == Some(0) {
            assert_eq!((kept, accepted), (1, 1), "{kib} KiB: {}", ending.screen);
            continue;
        }
        refused += 1;
        assert!(
            [Some(73), Some(74)].contains(&ending.code),
            "{kib} KiB: {:?} {}",
            ending.code,
            ending.screen
        );
        // What left is known to have left, or at least not taken for unsent.
        let after = trial.pipe(&["outbox", "list"], b"");
        let unknown = after.stdout.contains("unknown");
        assert!(
            kept <= accepted + usize::from(unknown),
            "{kib} KiB: {after:#?}"
        );
        assert!(
            ending.screen.contains("not sent")
                || ending.screen.to_lowercase().contains("nothing was sent")
                || ending.screen.contains("it may have been sent"),
            "{kib} KiB: {}",
            ending.screen
        );
    }
    assert!(refused > 2, "{refused}");
}

#[test]
fn a_clock_that_is_years_ahead_has_nothing_forgotten() {
    let trial = accepted(0);
    let settings = std::fs::read_to_string(trial.home.config()).unwrap();
    assert!(settings.contains("[ledger]\n"), "{settings}");
    let settings = settings.replace("[ledger]\n", "[ledger]\nkeep_days = 30\n");
    std::fs::write(trial.home.config(), settings).unwrap();
    let db = rusqlite::Connection::open(trial.home.ledger()).unwrap();
    // All that was written is two years old by that clock.
    db.execute_batch(
        "INSERT INTO forgetting (id) VALUES (1);
         UPDATE complaints SET changed_at = changed_at - 730 * 86400;
         UPDATE members SET added_at = added_at - 730 * 86400;
         UPDATE cases SET opened_at = opened_at - 730 * 86400;
         UPDATE history SET at = at - 730 * 86400;
         DELETE FROM forgetting;",
    )
    .unwrap();
    let listed = trial.pipe(&["log", "list"], b"");
    assert!(
        listed.stdout.contains("abuse@northpath.example"),
        "{listed:#?}"
    );
    // Something happens today: the clock is right, and the old case is over.
    let sql = "INSERT INTO history (at, event) VALUES (unixepoch(), 'message')";
    db.execute(sql, []).unwrap();
    let listed = trial.pipe(&["log", "list"], b"");
    assert!(
        !listed.stdout.contains("abuse@northpath.example"),
        "{listed:#?}"
    );
}
