//! A bug of ours: told as every failure is, with what is known about what was sent.
//!
//! In: a panic in any thread. Out: a [`Failure`] on stderr, once; the exit status 70.
//! Trust: a panic's text may quote foreign octets; it is escaped, and cut.
//! Failures: a panic while another unwinds ends the process as Rust does, after the first was told.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use super::interrupt::may_have_sent;
use crate::failure::{Exit, Failure, is_guarded};
use crate::intake::Untrusted;

/// Characters of a panic's text that are shown.
const SAID_CHARS: usize = 300;

/// Runs the program; a panic is told in plain words, and ends it with a status of its own.
pub(crate) fn watched(run: impl FnOnce() -> Exit) -> Exit {
    panic::set_hook(Box::new(tell));
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        // Whatever was asked when it happened is asked no more.
        let _ = console::Term::stderr().show_cursor();
        Exit::Bug
    })
}

/// Tells a panic, unless somebody stands ready for it, or it follows from one that was told.
fn tell(panic: &PanicHookInfo<'_>) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if is_guarded() || TOLD.swap(true, Ordering::SeqCst) {
        return;
    }
    let said = panic.payload_as_str().unwrap_or("a panic without words");
    let place = panic
        .location()
        .map(|place| format!("{}:{}", place.file(), place.line()));
    let mut text = words(said, place, may_have_sent());
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        text = format!("{text}\n\n{trace}");
    }
    // There is nobody left to tell that stderr is gone.
    let _ = writeln!(std::io::stderr(), "\n{text}");
}

/// Returns what the user reads.
fn words(said: &str, place: Option<String>, may_have_sent: bool) -> String {
    let failure = Failure::bug(Untrusted::text(said).up_to(SAID_CHARS).to_string());
    let failure = match place {
        Some(place) => failure.at(place),
        None => failure,
    };
    let sent = match may_have_sent {
        true => "`plaint outbox list` and `plaint log list` show what was sent.",
        false => "Nothing was sent.",
    };
    format!("{failure}\n{sent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_says_where_it_is_and_whether_something_was_sent() {
        let place = || Some("src/x.rs:9".to_owned());
        insta::assert_snapshot!(words("a\x1b[2Jb", place(), false), @r"
        error: internal error: a\x1b[2Jb
          --> src/x.rs:9

        hint: this is a bug in plaint; please report it with this message
        Nothing was sent.
        ");
        let text = words(&"x".repeat(5000), place(), true);
        assert!(
            text.contains("show what was sent") && text.len() < 600,
            "{text}"
        );
    }
}
