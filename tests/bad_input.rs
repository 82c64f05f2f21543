//! Bad input and bad servers: one clear message that says whether anything was sent, nothing lost, in bounded time.

use std::time::Duration;

use crate::home::EXAMPLES;
use crate::net::fault::Fault;
use crate::record;
use crate::trial::{Ran, Trial, says_that_nothing_was_sent};

/// What any of these may take, on a busy machine with a debug build.
const BOUND: Duration = Duration::from_secs(40);

fn example(name: &str) -> Vec<u8> {
    let found = EXAMPLES.iter().find(|(other, _)| *other == name);
    found.unwrap().1.to_vec()
}

/// Asserts that a run ended with one clear message, and that nothing was sent.
fn assert_clear(trial: &Trial, ran: &Ran, code: i32, what: &str) {
    assert_eq!(ran.code, code, "{what}: {ran:#?}");
    // "Nothing to report" is an answer, and no failure.
    let errors = ran.stderr.matches("error:").count();
    assert_eq!(errors, usize::from(code != 1), "{what}: {ran:#?}");
    assert!(says_that_nothing_was_sent(&ran.stderr), "{what}: {ran:#?}");
    assert!(!ran.stderr.contains("panicked"), "{what}: {ran:#?}");
    assert!(ran.took < BOUND, "{what}: {ran:#?}");
    assert_eq!(trial.mail(), (0, 0), "{what}");
}

#[test]
fn what_is_no_message_is_said_to_be_none() {
    let trial = Trial::begin();
    let large = [b"Subject: x\r\n\r\n".to_vec(), vec![b'x'; 30 * 1024 * 1024]].concat();
    let cases: [(&str, Vec<u8>); 5] = [
        ("empty", Vec::new()),
        ("blanks", b" \r\n\r\n \n".to_vec()),
        (
            "a body without headers",
            b"Dear Sir,\n\nI am a barrister.\n".to_vec(),
        ),
        ("NUL octets alone", vec![0; 4096]),
        ("30 MB", large),
    ];
    for (what, input) in cases {
        let ran = trial.pipe(&["report", "-"], &input);
        assert_clear(&trial, &ran, 65, what);
    }
}

#[test]
fn a_message_without_a_source_has_nothing_to_report() {
    let trial = Trial::begin();
    let cases = [
        (
            "no Received field",
            "From: a@x.example\nTo: robin@reed.example\nSubject: x\n\nhello\n",
        ),
        (
            "private addresses only",
            "Received: from a (unknown [10.1.2.3]) by mx1.postbox.example (Postfix) with ESMTP id 4dCqXn2yJvz3wfT;\n\tThu, 19 Nov 2026 21:28:05 +0000 (UTC)\nReceived: from b (unknown [192.168.7.7]) by a (Postfix) with ESMTP id 4dCqXn2yJvz3wfS;\n\tThu, 19 Nov 2026 21:28:04 +0000 (UTC)\nFrom: a@x.example\nSubject: x\n\nhello\n",
        ),
    ];
    for (what, input) in cases {
        let ran = trial.pipe(&["report", "-"], input.as_bytes());
        assert_clear(&trial, &ran, 1, what);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let trial = Trial::begin();
    let ran = trial.pipe(&["report", "gone.eml"], b"");
    assert_clear(&trial, &ran, 66, "a missing file");
    assert!(ran.stderr.contains("gone.eml"), "{ran:#?}");
}

#[test]
fn odd_messages_are_read_in_bounded_time_and_reported_like_others() {
    let trial = Trial::begin();
    let spam = String::from_utf8(std::fs::read(trial.home.path("pills.eml")).unwrap()).unwrap();
    let (header, body) = spam.split_once("\r\n\r\n").unwrap();
    let many: String = (0..10_000)
        .map(|n| format!("X-Filler-{n}: x\r\n"))
        .collect();
    let cases = [
        (
            "10,000 header fields",
            format!("{header}\r\n{many}\r\n{body}"),
        ),
        (
            "NUL octets",
            format!("{header}\r\n\r\n{}\0\0\0\r\n", body.replace('e', "e\0")),
        ),
        (
            "a line of 5 MB",
            format!("{header}\r\n\r\n{}\r\n", "x".repeat(5_000_000)),
        ),
        (
            "a header field of 200 kB",
            format!("{header}\r\nX-Long: {}\r\n\r\n{body}", "y".repeat(200_000)),
        ),
    ];
    for (what, input) in cases {
        // Without a terminal nobody can agree: the draft is kept.
        let ran = trial.pipe(&["report", "-"], input.as_bytes());
        assert_clear(&trial, &ran, 77, what);
    }
}

#[test]
fn without_a_network_the_user_is_told_and_nothing_is_lost() {
    let trial = Trial::begin();
    // Settings that point at ports where nobody listens any more.
    let gone = Trial::begin();
    trial
        .home
        .settle(&gone.internet, &crate::home::person(), "")
        .unwrap();
    drop(gone);
    let spam = std::fs::read(trial.home.path("pills.eml")).unwrap();
    let ran = trial.pipe(&["report", "-"], &spam);
    assert_clear(&trial, &ran, 69, "no network");
}

#[test]
fn a_registry_that_fails_is_made_up_for_by_another() {
    for fault in [
        Fault::Answer("429 Too Many Requests\r\nRetry-After: 60".to_owned()),
        Fault::Answer("500 Internal Server Error".to_owned()),
        Fault::Garbage,
        Fault::Cut,
        Fault::Drop,
        Fault::Endless,
    ] {
        let trial = Trial::begin();
        trial.internet.change(|world| {
            world.rdap_faults = vec![("/rdap/ip/".to_owned(), fault.clone())];
        });
        let ran = trial.pipe(&["report", "pills.eml"], b"");
        assert_clear(&trial, &ran, 77, &format!("{fault:?}"));
        let rows = record::complaints(&trial.home.ledger()).unwrap();
        let desks: Vec<&str> = rows.iter().map(|row| row.desk.as_str()).collect();
        assert_eq!(desks, ["abuse@northpath.example"], "{fault:?}");
    }
}

#[test]
fn registries_that_never_end_do_not_hold_the_user_up() {
    for fault in [Fault::Endless, Fault::Hang] {
        let trial = Trial::begin();
        trial.internet.change(|world| {
            world.rdap_faults = vec![("/rdap/ip/".to_owned(), fault.clone())];
            let registries = world.whois.keys().cloned();
            world.whois_faults = registries.map(|name| (name, fault.clone())).collect();
        });
        let ran = trial.pipe(&["report", "pills.eml"], b"");
        assert_clear(&trial, &ran, 69, &format!("{fault:?}"));
    }
}

#[test]
fn settings_that_cannot_be_read_are_named_with_their_line() {
    let trial = Trial::begin();
    trial.file(
        "config.toml",
        b"[identity]\nmailbox = \"a@b.example\"\nnick = 3\n",
    );
    let ran = trial.pipe(&["report", "pills.eml"], &example("pills.eml"));
    assert_clear(&trial, &ran, 78, "an unknown key");
    assert!(ran.stderr.contains("config.toml:3"), "{ran:#?}");
}

#[test]
fn a_language_that_nobody_wrote_is_refused() {
    let trial = Trial::begin();
    trial.file(
        "config.toml",
        b"[identity]\nmailbox = \"a@b.example\"\n[complaint]\nlanguage = \"xx\"\n",
    );
    let ran = trial.pipe(&["report", "pills.eml"], b"");
    assert_clear(&trial, &ran, 78, "a language");
    assert!(ran.stderr.contains("`xx` is none of en, de"), "{ran:#?}");
}

#[test]
fn a_folder_is_told_from_a_message_and_an_empty_one_from_a_full_one() {
    let trial = Trial::begin();
    std::fs::create_dir(trial.home.path("empty")).unwrap();
    let ran = trial.pipe(&["report", "empty"], b"");
    assert_clear(&trial, &ran, 65, "a folder");
    assert!(ran.stderr.contains("`plaint batch`"), "{ran:#?}");
    for command in ["trace", "batch"] {
        let ran = trial.pipe(&[command, "empty"], b"");
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert!(
            ran.stderr.contains("No message was found in `empty`."),
            "{ran:#?}"
        );
    }
}

#[test]
fn replies_that_are_no_message_are_said_to_be_none() {
    let trial = Trial::begin();
    trial.file("empty", b"");
    trial.file("binary", &[0, 255, 7, 10].repeat(100));
    for (file, more) in [
        ("empty", None),
        ("binary", None),
        ("empty", Some("--dry-run")),
    ] {
        let args: Vec<&str> = ["replies", file].into_iter().chain(more).collect();
        let ran = trial.pipe(&args, b"");
        assert_eq!(ran.code, 65, "{ran:#?}");
        assert!(!ran.stderr.contains("no complaint of yours"), "{ran:#?}");
    }
}

#[test]
fn a_misspelt_command_is_named_with_the_one_that_is_near() {
    let trial = Trial::begin();
    let ran = trial.pipe(&["reprot", "pills.eml"], b"");
    assert_eq!(ran.code, 64, "{ran:#?}");
    assert!(
        ran.stderr.contains("unrecognized subcommand 'reprot'") && ran.stderr.contains("'report'"),
        "{ran:#?}"
    );
}
