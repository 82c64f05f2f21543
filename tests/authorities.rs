//! Authorities that collect mail of a kind: offered, and told only if the user chose them.

use crate::traces;
use crate::trial::{Ran, Trial};

/// Returns the mailboxes to which mails of an mboxrd go.
fn to(ran: &Ran) -> Vec<String> {
    let mut header = false;
    let mut found = Vec::new();
    for line in ran.stdout.lines() {
        if line.starts_with("From ") {
            header = true;
        } else if line.is_empty() {
            header = false;
        } else if header && let Some(mailbox) = line.strip_prefix("To: ") {
            found.push(mailbox.trim_matches(['<', '>']).to_owned());
        }
    }
    found
}

/// Returns one mail of an mboxrd.
fn mail_to<'a>(ran: &'a Ran, mailbox: &str) -> &'a str {
    ran.stdout
        .split("\nFrom ")
        .find(|mail| {
            mail.contains(&format!("To: <{mailbox}>")) || mail.contains(&format!("To: {mailbox}"))
        })
        .unwrap()
}

#[test]
fn an_authority_is_offered_by_the_kind_of_mail_and_told_only_if_it_is_chosen() {
    let trial = Trial::begin();
    let ran = trial.pipe(&["draft", "phishing.eml"], b"");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        to(&ran).iter().all(|desk| desk.ends_with(".example")),
        "{:?}",
        to(&ran)
    );
    assert!(ran.stderr.contains("`--also apwg`"), "{}", ran.stderr);
    // The reporter does not live there, and the network is elsewhere.
    for other in ["ncsc-uk", "cert-br", "--also irs"] {
        assert!(!ran.stderr.contains(other), "{other}: {}", ran.stderr);
    }
    let spam = std::fs::read_to_string(trial.home.path("phishing.eml")).unwrap();
    let of_the_irs = spam.replacen("Subject: ", "Subject: IRS: ", 1);
    trial.file("irs.eml", of_the_irs.as_bytes());
    let irs = trial.pipe(&["draft", "irs.eml"], b"");
    assert!(irs.stderr.contains("`--also irs`"), "{}", irs.stderr);

    let ran = trial.pipe(
        &[
            "draft",
            "--also",
            "apwg",
            "--also",
            "ncsc-uk",
            "phishing.eml",
        ],
        b"",
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told = to(&ran);
    assert!(
        told.contains(&"reportphishing@apwg.org".to_owned()),
        "{told:?}"
    );
    assert!(!ran.stderr.contains("`--also apwg`"), "{}", ran.stderr);

    // What it accepts, and no more of the reporter than a link host would see.
    let mail = mail_to(&ran, "report@phishing.gov.uk");
    assert!(
        mail.contains("I pass it on to you because you collect such mail."),
        "{mail}"
    );
    assert!(!mail.contains("multipart/report"), "{mail}");
    assert!(!mail.contains("an address in your care"), "{mail}");
    assert!(!mail.contains("Please reply to"), "{mail}");
    let own = [crate::home::ALSO_MINE.as_slice(), &["robin"]].concat();
    let body = mail.split_once("\n\n").unwrap().1;
    assert_eq!(traces::of(&own, body.as_bytes()), [""; 0]);
}

#[test]
fn an_authority_for_people_of_a_country_is_offered_to_them() {
    let trial = Trial::begin();
    let settings = std::fs::read_to_string(trial.home.config()).unwrap();
    let there = settings.replace("also_mine = [", "also_mine = [\"robin@reed.example.uk\", ");
    std::fs::write(trial.home.config(), there).unwrap();
    let ran = trial.pipe(&["draft", "phishing.eml"], b"");
    assert!(
        ran.stderr.contains("`--also ncsc-uk`")
            && ran.stderr.contains("for people in the United Kingdom"),
        "{}",
        ran.stderr
    );
}

#[test]
fn settings_choose_for_good_and_what_is_not_collected_is_left_out() {
    let trial = Trial::begin();
    let settings = std::fs::read_to_string(trial.home.config()).unwrap();
    let chosen = format!("{settings}\n[complaint]\nalso = [\"apwg\"]\n");
    std::fs::write(trial.home.config(), chosen).unwrap();
    let ran = trial.pipe(&["draft", "phishing.eml"], b"");
    assert!(to(&ran).contains(&"reportphishing@apwg.org".to_owned()));
    let ran = trial.pipe(&["draft", "pills.eml"], b"");
    assert_eq!(to(&ran), ["abuse@northpath.example"]);
    assert!(
        ran.stderr.contains("apwg does not collect this (spam)"),
        "{}",
        ran.stderr
    );

    let ran = trial.pipe(&["draft", "--also", "police", "pills.eml"], b"");
    assert_eq!(ran.code, 64);
    assert!(ran.stderr.contains("apwg, ncsc-uk"), "{}", ran.stderr);
    let wrong = format!("{settings}\n[complaint]\nalso = [\"police\"]\n");
    std::fs::write(trial.home.config(), wrong).unwrap();
    let ran = trial.pipe(&["draft", "pills.eml"], b"");
    assert_eq!(ran.code, 78, "{}", ran.stderr);
}

#[test]
fn an_authority_with_a_form_alone_gets_a_text_to_copy() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "--also", "signal-spam", "pills.eml"]);
    let code = player.read_to(r"type (\w{4}) to send 1 complaint").unwrap();
    player.type_line(&code).unwrap();
    player
        .wait_for(r"(?s)web form only: https://www.signal-spam.fr/.*fill the form in")
        .unwrap();
    player.type_line("no").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert_eq!(trial.mail(), (1, 1));
}
