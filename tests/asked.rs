//! What is asked at a terminal beside the consent: what Enter means, and what a no leaves undone.

use crate::home::{ALSO_MINE, REPORTER};
use crate::player::Player;
use crate::traces;
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
    player.read_to("Not all of this (stands in)").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(
        std::fs::read_to_string(trial.home.config()).unwrap(),
        before
    );
}

#[test]
fn a_first_run_keeps_what_the_settings_say_already() {
    let trial = Trial::begin();
    let config = trial.home.config();
    let settings = std::fs::read_to_string(&config).unwrap();
    let is_missing = |line: &&str| line.starts_with("mailbox =") || line.starts_with("transport =");
    let half: Vec<&str> = settings.lines().filter(|line| !is_missing(line)).collect();
    std::fs::write(&config, half.join("\n")).unwrap();
    // The addresses that are configured are hidden in this run, too; and the server's certificate
    // and the password's variable are those that are configured.
    let mut player = trial.terminal(&["report", "pills.eml"]);
    player.read_to("(Your mailbox):").unwrap();
    player.type_line(REPORTER).unwrap();
    player.read_to("(Other addresses)").unwrap();
    player.type_line("").unwrap();
    player.read_to("(Write this to)").unwrap();
    player.type_line("yes").unwrap();
    player.read_to("(Number):").unwrap();
    player.type_line("1").unwrap();
    for question in ["(Mail server):", "(Port) ", "(Account):"] {
        player.read_to(question).unwrap();
        player.type_line("").unwrap();
    }
    player.read_to("(Write this to)").unwrap();
    player.type_line("yes").unwrap();
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let arrived = trial.internet.mailroom().arrived().remove(0);
    let own = [&[REPORTER][..], &ALSO_MINE].concat();
    for place in traces::of(&own, &arrived.octets) {
        let is_its_own = ["From", "Reply-To", "Message-ID"].contains(&place.as_str());
        assert!(is_its_own, "{place}");
    }
    let from = String::from_utf8_lossy(&arrived.octets);
    assert!(from.contains("From: \"Robin Reed\" <"), "{from}");
    let written = std::fs::read_to_string(&config).unwrap();
    for line in [
        "mailbox = \"robin.reports@postbox.example\"",
        "transport = \"smtp\"",
        "tls = \"implicit\"",
        "ca_file = ",
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
}

#[test]
fn what_cannot_be_written_down_holds_for_the_run() {
    let trial = Trial::begin().without("identity");
    let line = |command: &str| format!("cat config.toml | \"$0\" --config /dev/stdin {command}");
    let answer = |player: &mut Player| {
        player.read_to("(Your mailbox):").unwrap();
        player.type_line(REPORTER).unwrap();
        player.read_to("(Your name)").unwrap();
        player.type_line("").unwrap();
        player.read_to("(Other addresses)").unwrap();
        player.type_line("").unwrap();
        player
            .read_to(r"/dev/stdin cannot be written \((it is no regular file)\)")
            .unwrap();
    };
    let mut player = trial.shell(&line("report pills.eml"));
    answer(&mut player);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.mail().1, 1);
    // To write it down is all that `setup` is for.
    let mut player = trial.shell(&line("setup"));
    answer(&mut player);
    player.read_to("it could (not be written)").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(74));
}

#[test]
fn what_comes_behind_a_ctrl_d_of_a_paste_answers_no_question() {
    let trial = Trial::begin().without("identity");
    let mut paste = std::fs::read(trial.home.path("pills.eml")).unwrap();
    // A terminal that does not mark pastes, and a spam that holds a Ctrl-D and answers of its own.
    let behind = b"spammer@evil.example\r\r\ryes\ryes\r";
    paste.push(4);
    paste.extend(behind);
    let mut player = trial.terminal(&["report"]);
    player.wait_for_paste().unwrap();
    player.send(&paste).unwrap();
    player
        .wait_for(&format!("{} octets came (behind the Ctrl-D)", behind.len()))
        .unwrap();
    player.wait_for("Your mailbox:").unwrap();
    player.send(b"\x03").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(77), "{}", ending.screen);
    assert!(!ending.screen.contains("evil.example"), "{}", ending.screen);
}

#[test]
fn a_line_is_taken_whole_or_not_at_all() {
    let trial = Trial::begin().without("identity");
    let mut player = trial.terminal(&["setup"]);
    player.wait_for("Your mailbox:").unwrap();
    player.send(&[b'x'; 17_000]).unwrap();
    player.send(b"@reed.example\r").unwrap();
    player.wait_for("longer than (16384) octets").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(77));
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

#[test]
fn what_was_forgotten_is_asked_about_again_with_that_word_and_without_a_tick() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let forgot = trial.pipe(&["data", "forget", "1"], b"");
    assert_eq!(forgot.code, 0, "{forgot:#?}");
    // Asked about and broken off, it is asked about the same way the next time.
    for _ in 0..2 {
        let mut player = trial.terminal(&["report", "pills.eml"]);
        player
            .wait_for(r"(?s)Not ticked: +you had this mail forgotten on \d{4}-\d\d-\d\d; it may have been reported before.*Which complaints")
            .unwrap();
        player.send(b"\x03").unwrap();
        assert_eq!(player.finish().unwrap().code, Some(77));
    }
    // Ticked by the user's own hand it goes out, and that is known then.
    let mut player = trial.terminal(&["report", "pills.eml"]);
    player.wait_for("Which complaints").unwrap();
    player.send(b" \r").unwrap();
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.mail().1, 2);
    let again = trial.pipe(&["report", "pills.eml"], b"");
    assert!(again.stdout.contains("reported it already"), "{again:#?}");
}

/// Returns a mail in which another came as an attachment; `way` is its own header.
fn forward(trial: &Trial, way: &str) -> String {
    let spam = std::fs::read_to_string(trial.home.path("pills.eml")).unwrap();
    format!(
        "{way}From: Ann <ann@oakfield.example>\nTo: robin@reed.example\nSubject: Fwd: look at this\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nThis came to me today.\n--b\n\
         Content-Type: message/rfc822\nContent-Disposition: attachment; filename=spam.eml\n\n{spam}\n--b--\n"
    )
}

/// Returns the header of a mail that Ann sent right now.
fn by_ann() -> String {
    let now = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "Received: from mail.oakfield.example (mail.oakfield.example [198.51.100.77])\n\
         \tby mail.harbourhost.example (Postfix) with ESMTPS id 4F2C71A0\n\tfor <robin@reed.example>; {now}\n"
    )
}

#[test]
fn who_forwards_a_spam_is_not_taken_for_the_spammer() {
    let trial = Trial::begin();
    trial.file("fwd.eml", forward(&trial, &by_ann()).as_bytes());
    // Where nobody can be asked, neither is taken.
    for command in ["draft", "report"] {
        let ran = trial.pipe(&[command, "fwd.eml"], b"");
        assert_eq!(ran.code, 77, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("another mail is attached"),
            "{}",
            ran.stderr
        );
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    }
    let held = trial.pipe(&["batch", "fwd.eml"], b"");
    assert!(held.stdout.contains("need an answer"), "{}", held.stdout);

    let mut player = trial.terminal(&["report", "fwd.eml"]);
    player.read_to("(attached to this one)").unwrap();
    player.read_to("(Number):").unwrap();
    player.type_line("2").unwrap();
    player.read_to("Came from (198.51.100.23)").unwrap();
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived().remove(0);
    let text = String::from_utf8_lossy(&arrived.octets).into_owned();
    assert!(!text.contains("oakfield"), "{text}");

    // The same spam, seen as it came: it was reported.
    let again = trial.pipe(&["report", "pills.eml"], b"");
    assert_eq!(again.code, 1, "{}", again.stderr);
    assert!(
        again.stdout.contains("You reported it already"),
        "{}",
        again.stdout
    );
}

#[test]
fn a_batch_says_how_to_take_mails_with_others_attached_and_goes_on_with_what_waited() {
    let trial = Trial::begin();
    trial.file("fwd.eml", forward(&trial, &by_ann()).as_bytes());
    let held = trial.pipe(&["batch", "fwd.eml"], b"");
    assert!(held.stderr.contains("`--as-is`"), "{held:#?}");
    assert!(!held.stderr.contains("setup trust"), "{held:#?}");

    // As if it had been broken off.
    let break_off = || {
        let ledger = rusqlite::Connection::open(trial.home.ledger()).unwrap();
        ledger
            .execute("UPDATE batches SET ended_at = NULL", [])
            .unwrap()
    };
    for args in [&["batch", "fwd.eml", "--as-is"][..], &["batch", "fwd.eml"]] {
        assert_eq!(break_off(), 1);
        let ran = trial.pipe(args, b"");
        assert!(ran.stderr.contains("1 messages are done"), "{ran:#?}");
        assert!(ran.stdout.contains("1  held as new cases"), "{ran:#?}");
        assert!(ran.stderr.contains("`plaint review`"), "{ran:#?}");
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
}

#[test]
fn a_copy_of_what_the_user_forwarded_is_about_its_attachment() {
    let trial = Trial::begin();
    trial.file("sent.eml", forward(&trial, "").as_bytes());
    let traced = trial.pipe(&["trace", "sent.eml"], b"");
    assert!(traced.stdout.contains("198.51.100.23"), "{}", traced.stdout);
    let drafted = trial.pipe(&["draft", "sent.eml", "--to", "abuse@desk.example"], b"");
    assert_eq!(drafted.code, 0, "{}", drafted.stderr);
    assert!(!drafted.stdout.contains("oakfield"), "{}", drafted.stdout);
    let as_is = trial.pipe(
        &["draft", "--as-is", "sent.eml", "--to", "abuse@desk.example"],
        b"",
    );
    assert_eq!(as_is.code, 1, "{}", as_is.stderr);
}

/// Makes a spam of the examples one that a program of the web server's user handed in, with all its fields.
fn handed_in(trial: &Trial, name: &str) {
    let spam = std::fs::read_to_string(trial.home.path("pills.eml")).unwrap();
    let (top, received) = spam.split_once("Received: ").unwrap();
    let (_, date) = received.split_once("; ").unwrap();
    let (date, _) = date.split_once('\n').unwrap();
    let pickup = format!(
        "{top}Received: by mail.harbourhost.example (Postfix, from userid 33)\r\n\tid 4F2C71A0; {}\r\nReceived: {received}",
        date.trim_end()
    );
    trial.file(name, pickup.as_bytes());
}

#[test]
fn enter_leaves_open_who_is_to_be_accused() {
    let trial = Trial::begin();
    handed_in(&trial, "handed-in.eml");
    for _ in 0..2 {
        let mut player = trial.terminal(&["report", "handed-in.eml"]);
        player.read_to("Subject: (robin, 78% off)").unwrap();
        player
            .read_to("Do only you and mail filters (run) programs")
            .unwrap();
        player.read_to("Enter: leave it (open)").unwrap();
        player.type_line("").unwrap();
        let ending = player.finish().unwrap();
        assert_eq!(ending.code, Some(1), "{}", ending.screen);
        assert!(!ending.screen.contains("Remembered"), "{}", ending.screen);
    }
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn who_runs_programs_on_a_host_is_asked_once() {
    let trial = Trial::begin();
    let mut player = {
        handed_in(&trial, "handed-in.eml");
        trial.terminal(&["report", "handed-in.eml"])
    };
    let question = "Do only you and mail filters run programs on `(mail.harbourhost.example)`";
    player.read_to(question).unwrap();
    player.type_line("yes").unwrap();
    player
        .read_to("Remembered under (`trust.local_programs`)")
        .unwrap();
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(trial.mail().1, 1);

    // Where strangers run programs, too, none of the lines below is believed, and nobody is asked again.
    let trial = Trial::begin();
    handed_in(&trial, "handed-in.eml");
    let mut player = trial.terminal(&["report", "handed-in.eml"]);
    player.read_to(question).unwrap();
    player.type_line("no").unwrap();
    player
        .read_to("you said that others run (programs) there")
        .unwrap();
    assert_eq!(player.finish().unwrap().code, Some(1));
    let again = trial.pipe(&["report", "handed-in.eml"], b"");
    assert!(
        !again.stderr.contains("Do only you") && !again.stdout.contains("Do only you"),
        "{again:?}"
    );
    assert_eq!(trial.mail().1, 0);
}

#[test]
fn a_host_whose_name_the_settings_cannot_hold_is_not_asked_about() {
    let trial = Trial::begin();
    let spam = std::fs::read_to_string(trial.home.path("pills.eml")).unwrap();
    let odd = spam.replace("mail.harbourhost.example", "m~il.otherhost.example");
    trial.file("odd.eml", odd.as_bytes());
    let before = std::fs::read_to_string(trial.home.config()).unwrap();
    let ending = trial.terminal(&["report", "odd.eml"]).finish().unwrap();
    assert_eq!(ending.code, Some(1), "{}", ending.screen);
    assert!(
        ending.screen.contains("No setting can hold a host under"),
        "{}",
        ending.screen
    );
    let after = std::fs::read_to_string(trial.home.config()).unwrap();
    assert_eq!(after, before);
}
