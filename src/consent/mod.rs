//! Shows complaints, asks, and alone makes an [`Approved`].
//!
//! In: [`Complaint`]s and a [`Terminal`]. Out: [`Answer`].
//! Trust: what was pasted may wait in the terminal; it is flushed before the code is asked for.
//! Failures: [`Unasked`] gives the complaints back: no terminal, or Ctrl-C.

use jiff::Timestamp;

use crate::complaint::Complaint;

/// A complaint the user read and agreed to send, once.
///
/// Not `Clone`, not `Default`, no public constructor.
#[must_use = "an approved complaint has not been sent yet"]
#[derive(Debug)]
pub struct Approved {
    complaint: Complaint,
    at: Timestamp,
}

impl Approved {
    /// Returns what was agreed to.
    #[must_use]
    pub fn complaint(&self) -> &Complaint {
        &self.complaint
    }

    /// Returns when it was agreed to.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}
