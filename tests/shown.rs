//! What a stranger wrote reaches a terminal escaped, also where it is a file's name or a whole mail; a pipe gets every octet.
//! Whatever ends the program, the terminal is as it was.

use crate::trial::{Trial, agree};

/// Sets the window's title, and the clipboard.
const ACTIVE: &str = "\u{1b}]0;PWNED\u{7} \u{1b}]52;c;cHduZWQ=\u{7}";

/// The same as a terminal may have it.
const SHOWN: &str = r"\\x1b\]0;PWNED\\x07 \\x1b\]52;c;cHduZWQ=\\x07";

/// Writes a spam whose text acts on terminals.
fn active_spam(trial: &Trial) {
    let spam = std::fs::read_to_string(trial.home.path("pills.eml")).unwrap();
    let spam = spam.replace("\r\n", "\n");
    let (head, _) = spam.split_once("\n\n").unwrap();
    let head: String = head
        .split_inclusive('\n')
        .filter(|line| {
            let line = line.to_ascii_lowercase();
            !line.starts_with("content-") && !line.starts_with("mime-")
        })
        .collect();
    let spam = format!("{}\n\n{ACTIVE}\n", head.trim_end());
    trial.file("active.eml", spam.as_bytes());
}

#[test]
fn a_mail_that_is_printed_acts_on_no_terminal() {
    let trial = Trial::begin();
    active_spam(&trial);
    let draft = ["draft", "active.eml", "--to", "abuse@desk.example"];
    let mut player = trial.terminal(&draft);
    player.wait_for(SHOWN).unwrap();
    player.wait_for("a pipe gets every octet").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(0));
    let piped = trial.pipe(&draft, b"");
    assert!(piped.stdout.contains("\u{1b}]0;PWNED\u{7}"), "{piped:?}");
    assert!(!piped.stderr.contains("every octet"), "{piped:?}");

    let mut player = trial.terminal(&["report", "active.eml"]);
    agree(&mut player);
    assert_eq!(player.finish().unwrap().code, Some(0));
    for command in [
        &["log", "show", "1", "--octets"][..],
        &["log", "export", "--form", "mbox"],
    ] {
        let mut player = trial.terminal(command);
        player.wait_for(SHOWN).unwrap();
        assert_eq!(player.finish().unwrap().code, Some(0));
        let piped = trial.pipe(command, b"");
        assert!(piped.stdout.contains("\u{1b}]0;PWNED\u{7}"), "{piped:?}");
    }
}

#[test]
fn a_name_acts_on_no_terminal() {
    let trial = Trial::begin();
    let mut player = trial.terminal(&["data", "forget", "x\u{1b}]0;PWNED\u{7}"]);
    player
        .wait_for(r"Forget `x\\x1b\]0;PWNED\\x07` for good")
        .unwrap();
    player.type_line("yes").unwrap();
    player
        .wait_for(r"`x\\x1b\]0;PWNED\\x07` stands nowhere")
        .unwrap();
    player.finish().unwrap();

    let settings = trial.file("s\u{1b}]0;PWNED\u{7}.toml", b"no = settings\n");
    let mut program = trial.program(&["log", "list"]);
    program.env("PLAINT_CONFIG", &settings);
    let output = program.output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains(r"s\x1b]0;PWNED\x07.toml:1"), "{told}");
}

#[test]
fn a_signal_at_a_question_gives_the_terminal_back() {
    let line = |command: &str| {
        format!(
            "sh -c 'echo pid $$; exec \"$0\" {command}' \"$0\"; echo ended $?; stty -a; echo told"
        )
    };
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let trial = Trial::begin().without("identity");
        for command in ["setup", "report"] {
            let mut player = trial.shell(&line(command));
            let pid = player.wait_for(r"pid (\d+)\n").unwrap();
            if command == "setup" {
                player.wait_for("Your mailbox:").unwrap();
            } else {
                player.wait_for_paste().unwrap();
            }
            let kill = std::process::Command::new("kill")
                .args(["-s", signal, &pid])
                .status();
            assert!(kill.unwrap().success());
            let told = player
                .wait_for(&format!(
                    r"(?s)(Nothing was sent\..*ended {status}\n.*)told"
                ))
                .unwrap();
            let modes: Vec<&str> = told.split_whitespace().collect();
            for mode in ["isig", "icanon", "echo", "icrnl"] {
                assert!(modes.contains(&mode), "{signal}, {command}, {mode}: {told}");
            }
            assert_eq!(player.finish().unwrap().code, Some(0));
        }
    }
}
