//! A panic anywhere: what the user reads, and the exit status.

use std::process::{Command, ExitCode};
use std::sync::Arc;

use plaint::Hooks;
use plaint::consent::RandomCodes;

/// Runs the program with a clock that breaks.
#[test]
#[ignore = "the other test of this file runs it, in a process of its own"]
fn child() {
    let hooks = Hooks {
        now: Arc::new(|| panic!("the clock \u{1b}[2Jbroke")),
        codes: Box::new(RandomCodes),
    };
    let args = ["plaint", "log", "list"].map(Into::into);
    assert_eq!(plaint::run(args, hooks), ExitCode::from(70));
}

#[test]
fn a_bug_ends_with_its_own_status_and_says_that_nothing_was_sent() {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["bug::child", "--exact", "--ignored", "--test-threads=1"])
        .env_remove("PLAINT_CONFIG")
        .env_remove("RUST_BACKTRACE");
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        child.env(name, home.path());
    }
    let ran = child.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    assert!(
        said.contains(r"error: internal error: the clock \x1b[2Jbroke"),
        "{said}"
    );
    assert!(said.contains("Nothing was sent."), "{said}");
    assert!(!said.contains("panicked at"), "{said}");
}
