//! What is written down around the final dot.
//!
//! In: steps of a delivery. Out: durable rows, made by who implements [`Journal`].
//! Standards: RFC 1047 (duplicates after the final dot).
//! Trust: the journal decides. What it has not committed does not happen.
//! Failures: [`JournalError`]; before the dot it stops the delivery.

use jiff::Timestamp;

use super::Outcome;
use crate::complaint::Complaint;
use crate::consent::{Approved, State};

/// Keeps what a delivery does, each step durable before the next.
pub trait Journal {
    /// Commits `connecting`, before anything leaves the machine.
    ///
    /// # Errors
    ///
    /// [`JournalError`] unless the complaint stands `approved` or `deferred`
    /// with these very octets, this process is the one that sends, and the
    /// row is durable.
    fn connecting(
        &mut self,
        approved: &Approved,
        transport: &str,
        now: Timestamp,
    ) -> Result<(), JournalError>;

    /// Commits `data`, before the octet that makes the message deliverable.
    ///
    /// # Errors
    ///
    /// [`JournalError`] unless the row stands `connecting` and is durable.
    fn data(&mut self, approved: &Approved, now: Timestamp) -> Result<(), JournalError>;

    /// Commits how it ended.
    ///
    /// # Errors
    ///
    /// [`JournalError`] where the row could not be made durable; it stays
    /// `data` then, which the next start takes for `unknown`.
    fn ended(
        &mut self,
        approved: &Approved,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), JournalError>;
}

/// Why a step could not be written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The complaint is not there: consent was not recorded first.
    #[error("the ledger has no such complaint")]
    Missing,
    /// The complaint stands elsewhere: another process took it, or it is done.
    #[error("the complaint is already {0}")]
    State(State),
    /// The octets are not those that the ledger holds.
    #[error("the complaint's octets are not those in the ledger")]
    Octets,
    /// Another process is sending.
    #[error("another plaint is sending")]
    Locked,
    /// The disk is full, or the file cannot be written.
    #[error("the ledger could not be written: {0}")]
    Io(String),
}

/// A delivery that the journal stopped, or could not record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Undelivered {
    /// What the journal said.
    pub error: JournalError,
    /// How the delivery ended; `None` where it did not begin.
    pub outcome: Option<Outcome>,
}

impl Undelivered {
    /// Returns whether a server may have the complaint.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        matches!(
            self.outcome,
            Some(Outcome::Accepted { .. } | Outcome::Unknown(_))
        )
    }
}

/// One complaint on its way: what a transport may see and do.
///
/// Only [`super::deliver`] makes one.
pub struct Passage<'p> {
    approved: &'p Approved,
    journal: &'p mut dyn Journal,
    clock: &'p dyn Fn() -> Timestamp,
    error: Option<JournalError>,
}

impl<'p> Passage<'p> {
    pub(super) fn new(
        approved: &'p Approved,
        journal: &'p mut dyn Journal,
        clock: &'p dyn Fn() -> Timestamp,
    ) -> Self {
        Self {
            approved,
            journal,
            clock,
            error: None,
        }
    }

    /// Returns the complaint.
    #[must_use]
    pub fn complaint(&self) -> &'p Complaint {
        self.approved.complaint()
    }

    /// Commits `data`: the next octet makes the message deliverable.
    ///
    /// # Errors
    ///
    /// [`NotDurable`] where it could not be committed; the transport breaks
    /// off then, without that octet.
    pub fn last_moment(&mut self) -> Result<(), NotDurable> {
        self.journal
            .data(self.approved, (self.clock)())
            .map_err(|error| {
                let shown = NotDurable(error.to_string());
                self.error = Some(error);
                shown
            })
    }

    /// Returns the journal's failure at the last moment, if there was one.
    pub(super) fn take_error(&mut self) -> Option<JournalError> {
        self.error.take()
    }
}

/// The last moment could not be written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it could not be written down first: {0}")]
pub struct NotDurable(pub String);
