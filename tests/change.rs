//! What the user changes at the prompt is composed anew, shown again, and gets a code of its own.

use crate::player::Player;
use crate::trial::{CODE, Trial, agree};

/// Starts `plaint report` with a script as the user's editor; `$1` is the file, `$HERE` the home.
fn with_editor(trial: &Trial, script: &str, args: &[&str]) -> Player {
    let folder = trial.home.folder().display();
    let file = trial.file(
        "editor.sh",
        format!("HERE='{folder}'\n{script}\n").as_bytes(),
    );
    let mut program = trial.program(&[&["report"], args, &["pills.eml"]].concat());
    program
        .env("VISUAL", "")
        .env("EDITOR", format!("sh '{}'", file.display()))
        .env("TMPDIR", trial.home.folder());
    Player::start(program).unwrap()
}

/// Types `note`, then `edit`, and returns the code that stood there before.
fn edit(player: &mut Player) -> String {
    let first = player.read_to(CODE).unwrap();
    player.type_line("note").unwrap();
    player.read_to("(Type `edit` to write them in sh)").unwrap();
    player.type_line("edit").unwrap();
    first
}

/// Returns the folders that an editor's file was in, and that are still there.
fn left_behind(trial: &Trial) -> usize {
    let entries = std::fs::read_dir(trial.home.folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with("plaint-note-"))
        .count()
}

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
fn words_written_in_the_editor_are_shown_masked_and_sent() {
    let trial = Trial::begin();
    let own = crate::home::ALSO_MINE[0];
    let script = format!(
        "cp \"$1\" \"$HERE/seen\"; stat -c %a \"$1\" \"${{1%/*}}\" > \"$HERE/modes\"; test -t 0 && test -t 1 || exit 9\n\
         printf '\\nIt comes daily to {own},\\n# not this\\n\\nalways at noon.\\n' > \"$1\""
    );
    let mut player = with_editor(&trial, &script, &["--note", "The first words."]);
    let first = edit(&mut player);
    player.read_to("(always at noon)").unwrap();
    let second = player.read_to(CODE).unwrap();
    assert_ne!(first, second);
    player.type_line(&second).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let arrived = trial.internet.mailroom().arrived().remove(0);
    let text = String::from_utf8_lossy(&arrived.octets).into_owned();
    assert!(
        text.contains("It comes daily to x@munged.invalid,\r\n\r\nalways at noon.\r\n"),
        "{text}"
    );
    assert!(!text.contains("not this") && !text.contains("The first words"));
    let read = |name: &str| std::fs::read_to_string(trial.home.path(name)).unwrap();
    // What was written before stands there, and below it what the file is for.
    insta::assert_snapshot!(read("seen"), @r"
    The first words.

    # Your own words to abuse@northpath.example, at most 2000 characters.
    # Lines that begin with # are left out; an empty file means no words.
    # Saving sends nothing: the complaint is shown again, and needs its code.
    ");
    assert_eq!(read("modes"), "600\n700\n");
    assert_eq!(left_behind(&trial), 0);
}

#[test]
fn an_editor_that_fails_leaves_the_words_as_they_were() {
    let trial = Trial::begin();
    let script = "echo 'Half a sentence' > \"$1\"; exit 3";
    let mut player = with_editor(&trial, script, &["--note", "The first words."]);
    edit(&mut player);
    player
        .read_to("(failed; your words are as they were)")
        .unwrap();
    player.read_to("(The first words)").unwrap();
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    let arrived = trial.internet.mailroom().arrived().remove(0);
    let text = String::from_utf8_lossy(&arrived.octets).into_owned();
    assert!(text.contains("The first words.") && !text.contains("Half a sentence"));
    assert_eq!(left_behind(&trial), 0);
}

#[test]
fn words_that_are_too_long_can_be_shortened_and_an_empty_file_means_none() {
    let trial = Trial::begin();
    let script = "if test -e \"$HERE/twice\"; then : > \"$1\"; else touch \"$HERE/twice\"; head -c 2500 /dev/zero | tr '\\0' x > \"$1\"; fi";
    let mut player = with_editor(&trial, script, &["--note", "The first words."]);
    edit(&mut player);
    player
        .read_to("(That is 2500 characters, of at most 2000. Shorten it)")
        .unwrap();
    player.type_line("yes").unwrap();
    agree(&mut player);
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let arrived = trial.internet.mailroom().arrived().remove(0);
    let text = String::from_utf8_lossy(&arrived.octets).into_owned();
    assert!(
        !text.contains("In my own words") && !text.contains("xxxxxxxxxx"),
        "{text}"
    );
}

#[test]
fn ctrl_c_in_the_editor_ends_the_editor_and_nothing_else() {
    let trial = Trial::begin();
    let mut player = with_editor(&trial, "echo waiting; sleep 30", &[]);
    edit(&mut player);
    player.read_to("(waiting)").unwrap();
    player.send(b"\x03").unwrap();
    player
        .read_to("(failed; your words are as they were)")
        .unwrap();
    player.read_to(CODE).unwrap();
    player.type_line("").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    assert_eq!(left_behind(&trial), 0);
    assert_eq!(trial.mail(), (0, 0));
}

#[test]
fn without_an_editor_none_is_offered() {
    let trial = Trial::begin();
    let mut program = trial.program(&["report", "pills.eml"]);
    program.env_remove("VISUAL").env("EDITOR", " ");
    let mut player = Player::start(program).unwrap();
    player.read_to(CODE).unwrap();
    player.type_line("note").unwrap();
    player.read_to("(an empty line ends them)").unwrap();
    player.type_line("edit").unwrap();
    player.type_line("").unwrap();
    player.read_to(CODE).unwrap();
    player.type_line("").unwrap();
    let ending = player.finish().unwrap();
    assert!(!ending.screen.contains("Type `edit`"), "{}", ending.screen);
}

#[test]
fn a_kind_named_on_the_command_line_decides_the_desks() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "--kind", "advance-fee", "pills.eml"]);
    player
        .read_to(r"(It is called advance-fee \(you said so\)\.)")
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
fn who_gives_up_at_a_change_is_told_that_the_drafts_are_kept() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    player.read_to(r"type (\w{4}) to send").unwrap();
    player.type_line("kind").unwrap();
    player.wait_for("Number:").unwrap();
    player.send(b"\x04").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(77), "{}", ending.screen);
    assert!(
        ending.screen.contains("given up at the question")
            && ending
                .screen
                .contains("the drafts are kept: `plaint review`"),
        "{}",
        ending.screen
    );
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
    let code = player.read_to(r"type (\w{4}) to write 1 draft").unwrap();
    player.type_line(&code).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    assert!(!ending.screen.contains("Sending"), "{}", ending.screen);
    assert_eq!(trial.mail(), (0, 0));
    let draft = std::fs::read_dir(&drafts).unwrap().next().unwrap().unwrap();
    let text = String::from_utf8_lossy(&std::fs::read(draft.path()).unwrap()).into_owned();
    assert!(text.contains("Content-Type: text/plain"), "{text}");
    assert!(!text.contains("multipart/report"), "{text}");
}
