//! What the user changes at the prompt is composed anew, shown again, and gets a code of its own.

use crate::trial::{CODE, Trial, agree};

#[test]
fn a_kind_that_the_user_names_is_shown_again_and_sent() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    let first = player.read_to(CODE).unwrap();
    player.type_line("kind").unwrap();
    player.read_to(r"(2)  phishing").unwrap();
    player.read_to(r"(Number):").unwrap();
    player.type_line("2").unwrap();
    player
        .read_to(r"Subject: +(Abuse report: phishing)")
        .unwrap();
    let second = player
        .read_to(r"type (\w{4}) to send \d complaint")
        .unwrap();
    assert_ne!(first, second);
    // A code stands for the octets that it was drawn for.
    player.type_line(&first).unwrap();
    let third = player
        .read_to(r"type (\w{4}) to send \d complaint")
        .unwrap();
    assert_eq!(trial.mail(), (0, 0));
    player.type_line(&third).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let arrived = trial.internet.mailroom().arrived();
    assert!(!arrived.is_empty());
    for mail in arrived {
        let text = String::from_utf8_lossy(&mail.octets).into_owned();
        assert!(
            text.contains("Subject: Abuse report: phishing from"),
            "{text}"
        );
    }
}

#[test]
fn the_users_own_words_are_shown_masked_and_sent_under_a_new_code() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "--note", "The first words.", "pills.eml"]);
    player.read_to("(The first words)").unwrap();
    let first = player.read_to(CODE).unwrap();
    player.type_line("note").unwrap();
    player.read_to("(an empty line ends them)").unwrap();
    player.type_line("It comes every day,").unwrap();
    let own = crate::home::ALSO_MINE[0];
    player.type_line(&format!("always to {own}.")).unwrap();
    player.type_line("").unwrap();
    player.read_to("(It comes every day,)").unwrap();
    let second = player.read_to(CODE).unwrap();
    assert_ne!(first, second);
    player.type_line(&second).unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived().remove(0);
    let text = String::from_utf8_lossy(&arrived.octets).into_owned();
    assert!(
        text.contains("It comes every day,\r\nalways to x@munged.invalid.\r\n"),
        "{text}"
    );
    assert!(!text.contains("The first words"), "{text}");
}

#[test]
fn a_kind_named_on_the_command_line_decides_the_desks() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "--kind", "advance-fee", "pills.eml"]);
    player
        .read_to("(It is called advance-fee: you said so.)")
        .unwrap();
    player
        .read_to("Subject: +(Abuse report: advance-fee)")
        .unwrap();
    player.read_to(r"type (\w{4}) to send").unwrap();
    player.type_line("").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn a_report_that_is_held_is_reviewed_and_saved_as_text_where_drafts_are_written() {
    let trial = Trial::begin().without("delivery");
    let ran = trial.pipe(&["batch", "pills.eml"], b"");
    assert_eq!(ran.code, 0, "{ran:#?}");
    let config = std::fs::read_to_string(trial.home.config()).unwrap();
    let drafts = trial.home.path("drafts");
    let way = format!(
        "{config}\n[delivery]\ntransport = \"drafts\"\ndrafts_dir = \"{}\"\n",
        drafts.display()
    );
    std::fs::write(trial.home.config(), way).unwrap();
    let mut player = trial.terminal(&["review"]);
    player
        .read_to("(nothing: header and body stand in the text)")
        .unwrap();
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert_eq!(trial.mail(), (0, 0));
    let draft = std::fs::read_dir(&drafts).unwrap().next().unwrap().unwrap();
    let text = String::from_utf8_lossy(&std::fs::read(draft.path()).unwrap()).into_owned();
    assert!(text.contains("Content-Type: text/plain"), "{text}");
    assert!(!text.contains("multipart/report"), "{text}");
}
