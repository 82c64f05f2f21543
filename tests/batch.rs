//! A mailbox at once: killed and resumed it holds the same, and of what it holds, what is approved is sent, octet by octet.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};

use crate::lab::Lab;
use crate::net::fault::Fault;
use crate::record;
use crate::trial::Trial;

/// Messages of the laboratory that are taken.
const MESSAGES: usize = 50;

/// Questions to registries after which the batch is killed: somewhere in the middle.
const QUESTIONS: usize = 9;

/// How long a checklist takes to be drawn.
const DRAWN: Duration = Duration::from_millis(700);

/// Returns a trial with a folder `junk` of laboratory mail.
fn with_junk() -> Trial {
    let lab = Lab::read(MESSAGES);
    let trial = Trial::in_world(lab.world());
    let junk = trial.home.path("junk");
    std::fs::create_dir(&junk).unwrap();
    for (name, octets) in lab.fresh(Timestamp::now()) {
        std::fs::write(junk.join(name), octets).unwrap();
    }
    trial
        .home
        .settle(&trial.internet, &lab.person(), "")
        .unwrap();
    trial
}

/// Returns desk, state and incidents of all that the ledger has.
fn held(trial: &Trial) -> BTreeSet<(String, String, u32)> {
    let rows = record::complaints(&trial.home.ledger()).unwrap();
    let count = rows.len();
    let set: BTreeSet<_> = rows
        .into_iter()
        .map(|row| (row.desk, row.state, row.incidents))
        .collect();
    assert!(set.len() * 2 >= count, "{set:#?}");
    set
}

#[test]
fn a_batch_that_was_killed_and_resumed_holds_what_it_would_have_held() {
    let whole = with_junk();
    let ran = whole.pipe(&["batch", "junk"], b"");
    let expected = held(&whole);
    assert!(expected.len() > 5, "{expected:#?}: {ran:#?}");

    let broken = with_junk();
    broken.internet.change(|world| {
        let slow = Fault::Slow(Duration::from_millis(80));
        world.rdap_faults = vec![("/rdap/".to_owned(), slow)];
    });
    let mut child = broken
        .program(&["batch", "junk"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while broken.internet.questions().len() < QUESTIONS {
        assert!(begun.elapsed() < Duration::from_secs(60));
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    broken.internet.change(|world| world.rdap_faults.clear());
    assert_ne!(held(&broken), expected, "it was done before it was killed");

    let resumed = broken.pipe(&["batch", "junk"], b"");
    assert_eq!(held(&broken), expected, "{resumed:#?}");
    // Once more finds nothing new.
    broken.pipe(&["batch", "junk"], b"");
    assert_eq!(held(&broken), expected);
    assert_eq!((whole.mail(), broken.mail()), ((0, 0), (0, 0)));
    approve_two(&broken);
}

/// Returns index and outcome of each row of `--json`.
fn rows(text: &str) -> Vec<(u64, String, serde_json::Value)> {
    text.lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let outcome = row["outcome"].as_str().unwrap().to_owned();
            (row["index"].as_u64().unwrap(), outcome, row)
        })
        .collect()
}

#[test]
fn every_message_has_a_row_also_what_is_unreadable_and_what_an_earlier_run_did() {
    let trial = Trial::begin();
    let mut mailbox = Vec::new();
    let junk: [&[u8]; 2] = [b"X-No-Mail: x\n\nhi\n", b"Subject: no way\n\nhi\n"];
    for octets in [
        std::fs::read(trial.home.path("pills.eml"))
            .unwrap()
            .as_slice(),
        junk[0],
        junk[1],
    ] {
        mailbox.extend(b"From x Sat Nov 21 10:00:00 2026\n");
        mailbox.extend(octets);
        mailbox.push(b'\n');
    }
    trial.file("junk.mbox", &mailbox);
    let first = trial.pipe(&["batch", "--json", "junk.mbox"], b"");
    let first = rows(&first.stdout);
    let outcomes: Vec<&str> = first.iter().map(|(_, word, _)| word.as_str()).collect();
    assert_eq!(outcomes, ["held", "unreadable", "no-source"], "{first:#?}");
    assert_eq!(first.iter().map(|row| row.0).collect::<Vec<_>>(), [0, 1, 2]);

    // As if it had been broken off before its end was written down.
    let ledger = Connection::open(trial.home.ledger()).unwrap();
    ledger
        .execute("UPDATE batches SET ended_at = NULL", ())
        .unwrap();
    drop(ledger);
    let again = trial.pipe(&["batch", "--json", "junk.mbox"], b"");
    assert!(
        again.stderr.contains("Going on with junk.mbox"),
        "{again:#?}"
    );
    assert_eq!(rows(&again.stdout), first);
    assert_ne!(first[0].2["desks"], serde_json::json!([]), "{first:#?}");
}

#[test]
fn rows_are_written_as_they_come() {
    let trial = with_junk();
    trial.internet.change(|world| {
        let slow = Fault::Slow(Duration::from_millis(80));
        world.rdap_faults = vec![("/rdap/".to_owned(), slow)];
    });
    let out = trial.home.path("rows.jsonl");
    let mut child = trial
        .program(&["batch", "--json", "junk"])
        .stdin(std::process::Stdio::null())
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while trial.internet.questions().len() < QUESTIONS {
        assert!(begun.elapsed() < Duration::from_secs(60));
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    child.wait().unwrap();
    let written = std::fs::read_to_string(&out).unwrap();
    let done: u32 = Connection::open(trial.home.ledger())
        .unwrap()
        .query_row("SELECT count(*) FROM batch_items", (), |row| row.get(0))
        .unwrap();
    assert!(written.is_empty() || written.ends_with('\n'), "{written}");
    // What was done last may have been on its way to the file.
    assert!(
        done > 0 && rows(&written).len() + 1 >= done as usize,
        "{done}: {written}"
    );
    trial.internet.change(|world| world.rdap_faults.clear());
    let resumed = trial.pipe(&["batch", "--json", "junk"], b"");
    assert_eq!(rows(&resumed.stdout).len(), MESSAGES, "{resumed:#?}");
}

#[test]
fn a_batch_goes_on_past_an_input_that_is_not_there_and_says_what_it_did() {
    let trial = Trial::begin();
    let ran = trial.pipe(&["batch", "no-such-file", "pills.eml"], b"");
    assert_eq!(ran.code, 66, "{ran:#?}");
    assert!(ran.stderr.contains("no-such-file"), "{ran:#?}");
    assert!(ran.stdout.contains("1  held as new cases"), "{ran:#?}");
    assert!(
        crate::trial::says_that_nothing_was_sent(&ran.stderr),
        "{ran:#?}"
    );
    assert_eq!(held(&trial).len(), 1);
}

/// Ticks the first two of what is held and no other, types the code, and looks what became of all.
fn approve_two(trial: &Trial) {
    let held = record::complaints(&trial.home.ledger()).unwrap();
    assert!(held.len() > 2 && held.iter().all(|row| row.state == "held"));
    let mut player = trial.terminal(&["review"]);
    player
        .wait_for("Which complaints do you want to send")
        .unwrap();
    player.news(DRAWN).unwrap();
    // All or none, by turns: until none is ticked.
    loop {
        player.send(b"a").unwrap();
        if !player.news(DRAWN).unwrap().contains("[x]") {
            break;
        }
    }
    player.send(b" j \r").unwrap();
    let code = player
        .wait_for(r"type (\w{4}) to send 2 complaints")
        .unwrap();
    player.type_line(&code).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert!(
        ending.screen.contains("Not ticked, and so declined: "),
        "{}",
        ending.screen
    );

    let rows = record::complaints(&trial.home.ledger()).unwrap();
    let octets = |state: &str| -> BTreeSet<Vec<u8>> {
        let of_state = rows.iter().filter(|row| row.state == state);
        of_state.map(|row| row.octets.clone()).collect()
    };
    let arrived = trial.internet.mailroom().arrived();
    let arrived: BTreeSet<Vec<u8>> = arrived.into_iter().map(|mail| mail.octets).collect();
    assert_eq!(arrived.len(), 2);
    assert!(
        arrived == octets("accepted"),
        "not what was approved arrived"
    );
    // What was not approved is declined, or held back by a limit; nothing of it left.
    let (declined, held_back) = (octets("declined").len(), octets("held").len());
    assert!(declined > 0);
    assert_eq!(declined + held_back, held.len() - 2, "{}", ending.screen);
}

/// Returns how many messages and how many complaints the ledger has.
fn counts(trial: &Trial) -> Option<(usize, usize)> {
    let ledger = trial.home.ledger();
    let messages = record::messages(&ledger).ok()?.len();
    Some((messages, record::complaints(&ledger).ok()?.len()))
}

#[test]
fn killed_between_the_message_and_its_complaint_the_complaint_is_not_lost() {
    let trial = Trial::begin();
    let junk = trial.home.path("junk");
    std::fs::create_dir(&junk).unwrap();
    for spam in ["phishing.eml", "pills.eml", "advance-fee.eml"] {
        std::fs::copy(trial.home.path(spam), junk.join(spam)).unwrap();
    }
    let mut child = trial
        .program(&["batch", "junk"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // As soon as a message stands in the ledger, and mostly before its complaints do.
    let ledger = loop {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        if let Ok(ledger) = Connection::open(trial.home.ledger())
            && ledger.prepare("SELECT key FROM members").is_ok()
        {
            break ledger;
        }
    };
    let mut members = ledger.prepare("SELECT count(*) FROM members").unwrap();
    while members.query_row([], |row| row.get(0)).unwrap_or(0) == 0 {
        std::hint::spin_loop();
    }
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    let broken_off = counts(&trial);
    let resumed = trial.pipe(&["batch", "junk"], b"");

    let whole = Trial::begin();
    std::fs::create_dir(whole.home.path("junk")).unwrap();
    for spam in ["phishing.eml", "pills.eml", "advance-fee.eml"] {
        std::fs::copy(whole.home.path(spam), whole.home.path("junk").join(spam)).unwrap();
    }
    whole.pipe(&["batch", "junk"], b"");
    assert_eq!(held(&trial), held(&whole), "{broken_off:?} {resumed:#?}");
}

#[test]
fn a_list_of_traces_names_files_and_reads_subjects_and_explains_its_mark() {
    let trial = Trial::begin();
    let junk = trial.home.path("junk");
    std::fs::create_dir(&junk).unwrap();
    std::fs::copy(trial.home.path("pills.eml"), junk.join("pills.eml")).unwrap();
    let parcel =
        "Subject: =?UTF-8?Q?Your_parcel_is_held_=E2=80=93_now?=\nFrom: a@x.example\n\nhello\n";
    std::fs::write(junk.join("parcel.eml"), parcel).unwrap();
    let ran = trial.pipe(&["trace", "junk"], b"");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:#?}");
    assert_eq!(lines[0], "parcel.eml\t-\t-?\tYour parcel is held – now");
    assert!(lines[1].starts_with("pills.eml\t20"), "{ran:#?}");
    assert!(ran.stderr.contains("`?` marks a source"), "{ran:#?}");
}
