//! Hands an approved complaint to a mail server, and says how that ended.
//!
//! In: [`Approved`], a [`Transport`], a [`Journal`]. Out: [`Outcome`].
//! Standards: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 (implicit TLS),
//! RFC 4954 (AUTH), RFC 1047 (the gap after the final dot).
//! Trust: replies are hostile; they are bounded, and escaped before they are shown.
//! Failures: every end is an [`Outcome`]; one that cannot be known is
//! [`Outcome::Unknown`]. [`Undelivered`] is the journal's failure, not the server's.
//! Limits: at most once by itself. That it was read, nobody can tell.

use jiff::Timestamp;

use crate::consent::{Approved, Purpose};

// how a delivery ended, and where it broke
mod outcome;
pub use outcome::{Outcome, Setback, Stage};

// what is written down around the final dot
mod journal;
pub use journal::{Journal, JournalError, NotDurable, Passage, Undelivered};

// the password, and who gives it
mod password;
pub use password::{PasswordError, PasswordFrom};

// a mail server
pub mod smtp;

// the system's own mailer
mod sendmail;
pub use sendmail::Sendmail;

// a file for the user to send himself
mod drafts;
pub use drafts::Drafts;

// written down only
mod none;
pub use none::LogOnly;

// what comes back: bounces and answers
pub mod answer;

/// A way to hand a complaint over.
///
/// Only [`deliver`] can make a [`Passage`], so nobody calls a transport past
/// the consent and the journal.
pub trait Transport {
    /// Returns what stands in the journal: `smtp mail.example.org:465`.
    fn name(&self) -> String;

    /// Returns what becomes of a complaint on this way; most ways send it.
    fn purpose(&self) -> Purpose {
        Purpose::Send
    }

    /// Hands the complaint over, once.
    ///
    /// It calls [`Passage::last_moment`] before the octet that makes the
    /// message deliverable leaves, and sends that octet only if this succeeds.
    fn hand_over(&mut self, passage: &mut Passage<'_>) -> Outcome;
}

/// Hands a complaint over, with the journal written before each step that matters.
///
/// The order: commit `connecting`; everything up to the final dot; commit
/// `data`; the dot; commit the outcome. Whatever is killed between, the
/// journal's recovery knows whether the dot can have left.
///
/// # Errors
///
/// [`Undelivered`] where the journal could not be written: before the dot, and
/// then nothing was sent; or after it, and then it holds the outcome.
pub fn deliver(
    approved: Approved,
    transport: &mut dyn Transport,
    journal: &mut dyn Journal,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Outcome, Undelivered> {
    let name = transport.name();
    if let Err(error) = journal.connecting(&approved, &name, clock()) {
        return Err(Undelivered {
            error,
            outcome: None,
        });
    }
    let mut passage = Passage::new(&approved, journal, clock);
    let outcome = transport.hand_over(&mut passage);
    let broken = passage.take_error();
    match journal.ended(&approved, &outcome, clock()) {
        Ok(()) => match broken {
            Some(error) => Err(Undelivered {
                error,
                outcome: Some(outcome),
            }),
            None => Ok(outcome),
        },
        Err(error) => Err(Undelivered {
            error: broken.unwrap_or(error),
            outcome: Some(outcome),
        }),
    }
}

/// Complaints of one batch that may fail for what the next may fail for, too, before the rest waits.
///
/// One forgotten setting must not cost a whole batch: what a server refused, the
/// user has to agree to anew.
const SETBACKS_IN_A_ROW: usize = 2;

/// Mailboxes of one batch that may be refused, one after another: that many desks in a
/// row are hardly gone. A server that takes mail for nobody else says so of each.
const MAILBOXES_IN_A_ROW: usize = 5;

/// What became of one complaint of several.
#[derive(Debug, PartialEq, Eq)]
pub enum Tried {
    /// It was tried.
    Once(Result<Outcome, Undelivered>),
    /// It was not, and why.
    NotYet(Pause),
}

/// Why the rest of several complaints is not tried now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// The server asked to be left alone.
    Asked,
    /// Several in a row failed, or were refused for more than their mailbox.
    Setbacks,
    /// The ledger could not be written.
    Journal,
}

/// Hands complaints over one after another, and stops when the server wants a pause.
///
/// Each result stands at the place of its complaint. One that was not tried
/// stays `approved`, for `plaint outbox retry`: the rest is not tried after a
/// 421, after two complaints in a row that were deferred, refused for
/// something else than their own mailbox, or whose end is not known, after five whose mailboxes were
/// refused, and after a failure of the journal.
pub fn deliver_each(
    approved: Vec<Approved>,
    transport: &mut dyn Transport,
    journal: &mut dyn Journal,
    clock: &dyn Fn() -> Timestamp,
) -> Vec<Tried> {
    let mut results = Vec::with_capacity(approved.len());
    let (mut in_a_row, mut mailboxes) = (0, 0);
    let mut stopped = None;
    for one in approved {
        if let Some(why) = stopped {
            results.push(Tried::NotYet(why));
            continue;
        }
        let result = deliver(one, transport, journal, clock);
        match &result {
            // RFC 5321 §3.8: 421 closes the channel; the server asks to be left alone.
            Ok(Outcome::Deferred(setback)) if setback.code == Some(421) => {
                stopped = Some(Pause::Asked);
            }
            Ok(Outcome::Deferred(_)) => in_a_row += 1,
            Ok(Outcome::Rejected(setback)) if setback.is_about_mailbox() => {
                (in_a_row, mailboxes) = (0, mailboxes + 1);
            }
            Ok(Outcome::Rejected(_)) => in_a_row += 1,
            // One forgotten setting, or a server that never answers, must not leave a whole batch in doubt.
            Ok(Outcome::Unknown(_)) => in_a_row += 1,
            Ok(_) => (in_a_row, mailboxes) = (0, 0),
            Err(_) => stopped = Some(Pause::Journal),
        }
        if in_a_row >= SETBACKS_IN_A_ROW || mailboxes >= MAILBOXES_IN_A_ROW {
            stopped = stopped.or(Some(Pause::Setbacks));
        }
        results.push(Tried::Once(result));
    }
    results
}
