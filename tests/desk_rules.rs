//! What a rule says that a desk demands is kept to, and `desks show` says it.

use crate::net::fault::Fault;
use crate::net::smtp::Stage;
use crate::trial::{Trial, agree};

/// The desk of the address that the pills came from.
const DESK: &str = "abuse@northpath.example";

/// What a desk that takes its form only accepts; `form` is a key of the rule itself.
const FORM: &str = "mail = false";

/// Writes a rule of the user's about that desk.
fn demand(trial: &Trial, accepts: &str) {
    let rule = format!(
        "[[rule]]\nid = \"desks-user-northpath\"\nwhat = \"yours\"\nsource = [\"you\"]\nverified_on = 2026-11-21\n\
         added = 2026-11-21\nconfidence = \"high\"\nmailboxes = [\"{DESK}\"]\n\
         form = \"https://northpath.example/abuse\"\n\
         match = [\"{DESK}\"]\nskip = [\"abuse@example.org\"]\n[rule.accepts]\n{accepts}\n"
    );
    std::fs::create_dir_all(trial.home.path("rules")).unwrap();
    trial.file("rules/desks.toml", rule.as_bytes());
}

#[test]
fn a_demanded_subject_goes_out_encoded_and_is_shown_as_it_reads() {
    let trial = Trial::begin();
    demand(&trial, "subject = \"ABUSE: {kind} – {addr}\"");
    let ran = trial.pipe(&["draft", "pills.eml"], b"");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let wanted = format!(
        "Subject: =?utf-8?B?{}?=",
        data_encoding::BASE64.encode("ABUSE: spam – 198.51.100.23".as_bytes())
    );
    assert!(
        ran.stdout.lines().any(|line| line == wanted),
        "{}",
        ran.stdout
    );
    let mut player = trial.terminal(&["report", "pills.eml"]);
    player
        .read_to("Subject: +(ABUSE: spam – 198.51.100.23)")
        .unwrap();
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived().remove(0);
    assert!(String::from_utf8_lossy(&arrived.octets).contains(&format!("{wanted}\r\n")));
    let shown = trial.pipe(&["log", "show", "1"], b"");
    assert!(
        shown.stdout.contains("ABUSE: spam – 198.51.100.23"),
        "{}",
        shown.stdout
    );
}

#[test]
fn within_the_hours_that_a_desk_wants_between_two_the_second_is_held() {
    let trial = Trial::begin();
    demand(&trial, "min_interval_h = 72");
    let settings = std::fs::read_to_string(trial.home.config()).unwrap();
    let many = format!("{settings}\n[limits]\nper_source_and_desk_per_day = 10\n");
    std::fs::write(trial.home.config(), many).unwrap();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let spam = std::fs::read_to_string(trial.home.path("pills.eml")).unwrap();
    trial.file(
        "next.eml",
        spam.replace("7C2D1A0041.8812", "7C2D1A0042.8813")
            .as_bytes(),
    );
    let ending = trial.terminal(&["report", "next.eml"]).finish().unwrap();
    assert!(
        ending.screen.contains("Held back, to abuse@northpath.example: this desk had one about this address, and wants no other before"),
        "{}",
        ending.screen
    );
    assert_eq!(trial.mail().1, 1);
    // Without the rule it is asked about.
    demand(&trial, "mail = true");
    let mut player = trial.terminal(&["review"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.mail().1, 2);
}

#[test]
fn a_form_gets_the_whole_text_between_two_lines_and_the_user_says_whether_it_was_sent() {
    let trial = Trial::begin();
    demand(&trial, FORM);
    let mut player = trial.terminal(&["report", "pills.eml"]);
    player
        .read_to("(web form only: https://northpath.example/abuse)")
        .unwrap();
    player.read_to(r"(fill the form in and send it)").unwrap();
    player.type_line("no").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let rule = format!("{}\n", "-".repeat(40));
    let mut pieces = ending.screen.split(&rule);
    let text = pieces.nth(1).unwrap();
    assert!(text.starts_with("Hello,\n\nUnsolicited mail"), "{text}");
    assert!(
        text.contains("\n  Received: from [198.51.100.23]"),
        "{text}"
    );
    let after = pieces.next().unwrap();
    assert!(
        after.contains("To this desk nothing was sent. It is kept"),
        "{after}"
    );
    assert!(!ending.screen.contains("Nothing was sent"));
    let mut player = trial.terminal(&["review"]);
    player.read_to(r"(fill the form in and send it)").unwrap();
    player.type_line("yes").unwrap();
    let ending = player.finish().unwrap();
    assert!(
        ending.screen.contains("by hand, on your word"),
        "{}",
        ending.screen
    );
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn a_rule_that_is_younger_than_what_was_held_decides_how_it_goes() {
    // The desk reads its form only, by now.
    let trial = Trial::begin();
    trial.pipe(&["batch", "pills.eml"], b"");
    demand(&trial, FORM);
    let mut player = trial.terminal(&["review"]);
    player
        .read_to("(web form only: https://northpath.example/abuse)")
        .unwrap();
    player.read_to(r"(fill the form in and send it)").unwrap();
    player.type_line("no").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.mail(), (0, 0));

    // It reads no reports, only text.
    let trial = Trial::begin();
    trial.pipe(&["batch", "pills.eml"], b"");
    demand(&trial, "formats = [\"plain\"]");
    let mut player = trial.terminal(&["review"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived().remove(0).octets;
    let text = String::from_utf8_lossy(&arrived);
    assert!(!text.contains("multipart/report"), "{text}");

    // It takes another kind only.
    let trial = Trial::begin();
    trial.pipe(&["batch", "pills.eml"], b"");
    demand(&trial, "only = [\"phishing\"]");
    let mut player = trial.terminal(&["review"]);
    player
        .read_to("Not ticked: +(the desk takes only phishing)")
        .unwrap();
}

#[test]
fn what_waits_for_a_desk_that_reads_its_form_only_by_now_is_not_sent() {
    let trial = Trial::begin();
    trial.internet.change(|world| {
        let later = Fault::Answer("451 4.3.0 later".to_owned());
        world.mail.faults = [(Stage::Mail, later)].into();
    });
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(75));
    trial.internet.change(|world| world.mail.faults.clear());
    demand(&trial, FORM);
    let ran = trial.pipe(&["outbox", "retry"], b"");
    assert_eq!(ran.code, 77, "{ran:#?}");
    assert!(ran.stderr.contains("reads no mail"), "{ran:#?}");
    assert_eq!(trial.mail().1, 0);
    let mut player = trial.terminal(&["outbox", "resolve", "1"]);
    player.wait_for("Number:").unwrap();
    player.type_line("3").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    let mut player = trial.terminal(&["review"]);
    player
        .read_to("(web form only: https://northpath.example/abuse)")
        .unwrap();
}

#[test]
fn a_text_in_which_the_user_can_be_found_is_not_there_to_copy() {
    let trial = Trial::begin();
    demand(&trial, FORM);
    let settings = std::fs::read_to_string(trial.home.config()).unwrap();
    // A word of our own headings cannot be hidden.
    let found = settings.replace("also_mask = [", "also_mask = [\"section\", ");
    std::fs::write(trial.home.config(), found).unwrap();
    let ending = trial.terminal(&["report", "pills.eml"]).finish().unwrap();
    let screen = ending.screen;
    assert!(
        screen.contains("you can still be found in the text for this form"),
        "{screen}"
    );
    assert!(
        screen.contains("To this desk nothing was sent."),
        "{screen}"
    );
    assert!(!screen.contains("Unsolicited mail"), "{screen}");
}

#[test]
fn a_desk_that_wants_nothing_masked_is_not_ticked_for_what_is() {
    let trial = Trial::begin();
    demand(&trial, "munged = false\nattachments = [\"txt\"]");
    let shown = trial.pipe(&["desks", "show", DESK], b"");
    assert!(
        shown.stdout.contains("nothing may be masked"),
        "{}",
        shown.stdout
    );
    let mut player = trial.terminal(&["report", "pills.eml"]);
    player
        .read_to("Not ticked: +(this desk refuses complaints in which something is masked)")
        .unwrap();
    // Of its attachments it takes none that a report has.
    player
        .read_to("(header and body stand in the text)")
        .unwrap();
    player.send(b"\x03").unwrap();
    player.finish().unwrap();
    let mut player = trial.terminal(&["report", "--munge", "none", "pills.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.mail().1, 1);
}

#[test]
fn a_desk_that_is_added_twice_is_told_with_its_network_and_stands_once() {
    let trial = Trial::begin();
    for _ in 0..2 {
        let ran = trial.pipe(&["desks", "add", "192.0.2.0/24", "ab@desk.example"], b"");
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert!(
            ran.stderr
                .contains("Complaints about 192.0.2.0/24 are offered"),
            "{ran:#?}"
        );
    }
    let ran = trial.pipe(&["desks", "show", "ab@desk.example"], b"");
    assert_eq!(ran.stdout.matches("desks-user").count(), 1, "{ran:#?}");
}
