//! A mailbox is several messages wherever it lies and whatever stands before it: nobody's mail goes along as another's body.

use std::os::unix::fs::PermissionsExt as _;

use crate::trial::Trial;

const FROM: &str = "From a@example.org Sat Nov 21 10:00:00 2026\n";

/// Mail that is nobody's business.
const PRIVATE: &str =
    "From: mum@example.net\nTo: robin@reed.example\nSubject: lunch\n\nsee you at the lakehouse\n";

/// Returns a message of the trial's as a mailbox holds it.
fn stored(trial: &Trial, name: &str) -> String {
    let spam = std::fs::read_to_string(trial.home.path(name)).unwrap();
    format!("{FROM}{}\n", spam.replace("\r\n", "\n"))
}

/// Returns spam, and behind it private mail, with or without an empty line between them.
fn mailbox(trial: &Trial, between: &str) -> String {
    let spam = stored(trial, "pills.eml");
    format!("{}\n{between}{FROM}{PRIVATE}\n", spam.trim_end())
}

#[test]
fn a_mailbox_in_a_folder_is_no_message() {
    let trial = Trial::begin();
    std::fs::create_dir(trial.home.path("mail")).unwrap();
    trial.file("mail/Junk", mailbox(&trial, "\n").as_bytes());
    trial.file("mail/lead", format!("\n{FROM}{PRIVATE}\n").as_bytes());
    let ran = trial.pipe(&["batch", "mail"], b"");
    assert!(ran.stdout.contains("1  held as new cases"), "{ran:#?}");
    assert!(ran.stdout.contains("2  without a source"), "{ran:#?}");
    let shown = trial.pipe(&["log", "show", "1", "--octets"], b"");
    assert!(shown.stdout.contains("pharmacy"), "{shown:#?}");
    assert!(!shown.stdout.contains("lakehouse"), "{shown:#?}");

    let ran = trial.pipe(&["trace", "mail"], b"");
    let labels: Vec<_> = ran
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert_eq!(labels, ["Junk", "Junk:1", "lead"], "{ran:#?}");

    let ran = trial.pipe(&["replies", "mail"], b"");
    assert!(ran.stderr.contains("3 are about no complaint"), "{ran:#?}");
}

#[test]
fn a_mailbox_that_does_not_look_like_one_is_not_taken_for_a_message() {
    let trial = Trial::begin();
    let plain = mailbox(&trial, "\n");
    let quoted: String = plain.lines().map(|line| format!("> {line}\n")).collect();
    for (what, input) in [
        ("as it is", plain.clone()),
        ("blank lines before", format!("\n\n{plain}")),
        ("a byte order mark before", format!("\u{feff}{plain}")),
        ("quoted", quoted),
        ("no empty line between", mailbox(&trial, "")),
    ] {
        trial.file("some", input.as_bytes());
        if what == "quoted" {
            let ran = trial.pipe(&["batch", "some"], b"");
            assert_eq!(ran.code, 65, "{ran:#?}");
            assert!(ran.stderr.contains("it is split where"), "{ran:#?}");
        }
        for command in [&["report"][..], &["draft", "--to", "abuse@example.net"]] {
            let ran = trial.pipe(&[command, &["some"]].concat(), b"");
            assert_eq!(ran.code, 65, "{what}: {ran:#?}");
            assert!(!ran.stdout.contains("lakehouse"), "{what}: {ran:#?}");
            assert!(ran.stderr.contains("2 messages"), "{what}: {ran:#?}");
        }
    }
    // One message, as many a program stores it.
    trial.file("one", stored(&trial, "pills.eml").as_bytes());
    let ran = trial.pipe(&["draft", "--to", "abuse@example.net", "one"], b"");
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn a_message_in_which_another_may_begin_is_held_by_no_batch() {
    let trial = Trial::begin();
    let after = stored(&trial, "pills.eml");
    trial.file("Junk", (mailbox(&trial, "") + &after).as_bytes());
    let ran = trial.pipe(&["batch", "Junk"], b"");
    assert_eq!(ran.code, 65, "{ran:#?}");
    assert!(ran.stdout.contains("1  held as new cases"), "{ran:#?}");
    assert!(ran.stdout.contains("1  not readable"), "{ran:#?}");
    assert!(ran.stderr.contains("into a file of its own"), "{ran:#?}");
    let shown = trial.pipe(&["log", "show", "1", "--octets"], b"");
    assert!(!shown.stdout.contains("lakehouse"), "{shown:#?}");

    let ran = trial.pipe(&["trace", "--json", "Junk"], b"");
    assert!(ran.stdout.contains(r#""repairs":["joined"]"#), "{ran:#?}");
    assert!(ran.stderr.contains("in 1 message another"), "{ran:#?}");
}

#[test]
fn a_file_that_cannot_be_read_ends_no_folder() {
    let trial = Trial::begin();
    std::fs::create_dir(trial.home.path("mail")).unwrap();
    let shut = trial.file("mail/1", PRIVATE.as_bytes());
    trial.file("mail/2", PRIVATE.as_bytes());
    std::fs::set_permissions(&shut, std::fs::Permissions::from_mode(0o0)).unwrap();
    let is_open = std::fs::read(&shut).is_ok();
    for command in ["replies", "trace", "batch"] {
        let ran = trial.pipe(&[command, "mail"], b"");
        // Who may read everything reads this, too.
        assert!(is_open || ran.stderr.contains("mail/1"), "{ran:#?}");
        let told = ran.stdout + &ran.stderr;
        assert!(
            ["about no complaint", "lunch", "without a source"]
                .iter()
                .any(|word| told.contains(word)),
            "{command}: {told}"
        );
    }
}
