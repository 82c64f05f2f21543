//! The one failure a user meets: what, where, why, what to do, and whether anything was sent.
//!
//! Each stage has its own small error type; `cli` turns it into a [`Failure`]. What panics in a library's reader
//! is caught where it is called, by `guarded`; any other panic is a bug, and told as one.
//! The exit statuses are those of `<sysexits.h>`, and `--help` lists them.

use std::cell::Cell;
use std::fmt;
use std::panic::{UnwindSafe, catch_unwind};

thread_local! {
    /// Whether a panic of this thread is one that somebody stands ready for.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a reader of others' making over hostile octets; `None` where it panics, which nobody is told.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    let before = GUARDED.replace(true);
    let done = catch_unwind(work);
    GUARDED.set(before);
    done.ok()
}

/// Returns whether a panic of this thread is one that somebody stands ready for.
pub(crate) fn is_guarded() -> bool {
    GUARDED.get()
}

/// How the program ended, as its parent process sees it.
///
/// The numbers are `<sysexits.h>`'s, but for 1, which says that the input held
/// nothing that a complaint could be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done; a complaint that the user declined is done, too.
    Done = 0,
    /// The input was read, and there is nothing to report in it.
    NothingToReport = 1,
    /// The command line was wrong.
    Usage = 64,
    /// The input is not a message.
    NotAMessage = 65,
    /// A file could not be opened.
    CannotOpen = 66,
    /// No desk was found, or all of them refused.
    NoContact = 69,
    /// A bug of ours.
    Bug = 70,
    /// The ledger could not be created or opened.
    Ledger = 73,
    /// Reading or writing failed.
    Io = 74,
    /// Something is deferred, or its end is unknown.
    TryLater = 75,
    /// A server broke its protocol.
    Protocol = 76,
    /// Consent could not be asked for, or could not be given.
    NoConsent = 77,
    /// The settings are wrong.
    Config = 78,
}

impl Exit {
    /// Every status with its sentence in `--help`, in numeric order.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Done, "done, also when you declined"),
        (Self::NothingToReport, "nothing to report"),
        (Self::Usage, "the command line was wrong"),
        (Self::NotAMessage, "the input is not a message"),
        (Self::CannotOpen, "a file could not be opened"),
        (Self::NoContact, "no desk found, or all refused"),
        (Self::Bug, "a bug of ours"),
        (Self::Ledger, "the ledger could not be opened"),
        (Self::Io, "reading or writing failed"),
        (Self::TryLater, "something is deferred or unknown"),
        (Self::Protocol, "a server broke its protocol"),
        (Self::NoConsent, "no consent possible; drafts are kept"),
        (Self::Config, "the settings are wrong"),
    ];

    /// Returns the number that the parent process sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the graver of two endings, as a batch ends with its gravest.
    ///
    /// The order is 70 > 74 > 73 > 78 > 77 > 76 > 69 > 75 > 65 > 1 > 0; usage
    /// and unopened files, which end a run before its batch begins, stand
    /// between 78 and 77.
    #[must_use]
    pub fn graver(self, other: Self) -> Self {
        if other.gravity() > self.gravity() {
            other
        } else {
            self
        }
    }

    const fn gravity(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NothingToReport => 1,
            Self::NotAMessage => 2,
            Self::TryLater => 3,
            Self::NoContact => 4,
            Self::Protocol => 5,
            Self::NoConsent => 6,
            Self::CannotOpen => 7,
            Self::Usage => 8,
            Self::Config => 9,
            Self::Ledger => 10,
            Self::Io => 11,
            Self::Bug => 12,
        }
    }
}

/// What a user is told when something went wrong.
///
/// All texts are ready to be shown: whatever came from outside was escaped by
/// [`crate::intake::Untrusted`] before it got here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What failed: lower case, one clause, no full stop, values in backticks.
    pub what: String,
    /// Where: `FILE:LINE`, a field, a server; empty where there is no place.
    pub place: Option<String>,
    /// Why, outermost reason first.
    pub because: Vec<String>,
    /// What the user can do.
    pub remedy: Option<String>,
    /// The exit status.
    pub exit: Exit,
}

impl Failure {
    /// Returns a failure with its first line and its exit status.
    #[must_use]
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            place: None,
            because: Vec::new(),
            remedy: None,
            exit,
        }
    }

    /// Adds where it happened.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Adds one reason, below those already given.
    #[must_use]
    pub fn because(mut self, reason: impl fmt::Display) -> Self {
        self.because.push(reason.to_string());
        self
    }

    /// Adds what the user can do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns this failure as a bug of ours, to be reported.
    #[must_use]
    pub fn bug(what: impl Into<String>) -> Self {
        Self::new(Exit::Bug, format!("internal error: {}", what.into()))
            .remedy("this is a bug in plaint; please report it with this message")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {place}")?;
        }
        for reason in &self.because {
            write!(f, "\n  because: {reason}")?;
        }
        if let Some(remedy) = &self.remedy {
            write!(f, "\n\nhint: {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_says_what_where_why_and_what_to_do() {
        let failure = Failure::new(Exit::NoContact, "no abuse contact found for `192.0.2.7`")
            .at("spam.eml:14 (Received field 2 of 5)")
            .because("RDAP server `rdap.example.net` answered 429 Too Many Requests")
            .remedy("wait 60 s and run the same command again; nothing was sent");
        insta::assert_snapshot!(failure, @r"
        error: no abuse contact found for `192.0.2.7`
          --> spam.eml:14 (Received field 2 of 5)
          because: RDAP server `rdap.example.net` answered 429 Too Many Requests

        hint: wait 60 s and run the same command again; nothing was sent
        ");
    }

    #[test]
    fn a_panic_of_anothers_reader_is_no_answer() {
        assert_eq!(guarded(|| 7), Some(7));
        assert!(!is_guarded());
        assert_eq!(guarded(is_guarded), Some(true));
        let hostile: &[u8] = &[];
        assert_eq!(guarded(|| hostile[0]), None);
        assert!(!is_guarded());
    }

    #[test]
    fn a_batch_ends_with_its_gravest() {
        // DESIGN order: 70 > 74 > 73 > 78 > 77 > 76 > 69 > 75 > 65 > 1 > 0
        let order = [70, 74, 73, 78, 77, 76, 69, 75, 65, 1, 0];
        let of = |code: u8| Exit::ALL.iter().find(|(e, _)| e.code() == code).unwrap().0;
        for pair in order.windows(2) {
            assert_eq!(of(pair[0]).graver(of(pair[1])), of(pair[0]));
            assert_eq!(of(pair[1]).graver(of(pair[0])), of(pair[0]));
        }
    }
}
