//! The second door to an [`Approved`]: an answer given before, for the same octets.
//!
//! In: [`Recorded`] (a row of the ledger), the local secret, the time. Out:
//! [`Approved`], or [`NotRecalled`] with the row and the reason.
//! Standards: RFC 2104 (HMAC).
//! Trust: the row is on disk, where it can be changed or come from a backup;
//! the seal holds only over the octets, the desk and the time that were agreed to.
//! Failures: every doubt means that the user is asked again.

use jiff::{SignedDuration, Timestamp};

use super::{Approved, State, bars};
use crate::complaint::{Complaint, Secret};

/// How long an answer stands for retries of the same octets.
pub const CONSENT_HOURS: i64 = 48;

/// How far an answer may lie ahead of the clock: two machines' clocks differ
/// by this much at most before something is wrong with one of them.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A complaint as the ledger kept it, with the answer that was given to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The complaint, octets unchanged.
    pub complaint: Complaint,
    /// What became of it.
    pub state: State,
    /// The preview that the user read.
    pub shown: String,
    /// When he agreed; `None` where he never did.
    pub approved_at: Option<Timestamp>,
    /// Seal over what he agreed to.
    pub seal: Option<[u8; 32]>,
}

/// Why an earlier answer does not stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRecallable {
    /// It is neither `approved` nor `deferred`.
    #[error("it is {0}, and only what is approved or deferred is tried again")]
    State(State),
    /// Nobody agreed to it.
    #[error("nobody agreed to it")]
    NeverAsked,
    /// The seal does not hold: octets, desk or time are not those that were agreed to.
    #[error("its octets, its desk or its time are not those that were agreed to")]
    Seal,
    /// The answer is older than [`CONSENT_HOURS`].
    #[error("the answer is older than {CONSENT_HOURS} hours")]
    TooOld,
    /// The answer lies in the future: the clock was set back.
    #[error("the answer lies in the future; the clock was set back")]
    InTheFuture,
    /// It could not be approved at all.
    #[error("it cannot be sent as it is")]
    Barred,
}

/// A row that the earlier answer does not cover, and why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct NotRecalled {
    /// The row, given back: to be shown and asked for again.
    pub recorded: Box<Recorded>,
    /// Why.
    pub why: NotRecallable,
}

/// Returns the consent that was given to a complaint before, for a retry of the same octets.
///
/// # Errors
///
/// [`NotRecalled`] unless the row is `approved` or `deferred`, the answer is at
/// most [`CONSENT_HOURS`] old, and its seal holds.
pub fn recall(
    recorded: Recorded,
    secret: &Secret,
    now: Timestamp,
) -> Result<Approved, NotRecalled> {
    match standing(&recorded, secret, now) {
        Ok(at) => Ok(Approved {
            complaint: recorded.complaint,
            shown: recorded.shown,
            at,
        }),
        Err(why) => Err(NotRecalled {
            recorded: Box::new(recorded),
            why,
        }),
    }
}

/// Returns when the answer was given, if it still stands.
fn standing(
    recorded: &Recorded,
    secret: &Secret,
    now: Timestamp,
) -> Result<Timestamp, NotRecallable> {
    if !matches!(recorded.state, State::Approved | State::Deferred) {
        return Err(NotRecallable::State(recorded.state));
    }
    let (Some(at), Some(seal)) = (recorded.approved_at, recorded.seal) else {
        return Err(NotRecallable::NeverAsked);
    };
    if sealed(&recorded.complaint, at, secret) != seal {
        return Err(NotRecallable::Seal);
    }
    let age = now.duration_since(at);
    if age > SignedDuration::from_hours(CONSENT_HOURS) {
        return Err(NotRecallable::TooOld);
    }
    if age < -SKEW {
        return Err(NotRecallable::InTheFuture);
    }
    if !bars(&recorded.complaint).is_empty() {
        return Err(NotRecallable::Barred);
    }
    Ok(at)
}

/// Returns the seal over what was agreed to: octets, desk, reverse path, key and time.
pub(super) fn sealed(complaint: &Complaint, at: Timestamp, secret: &Secret) -> [u8; 32] {
    secret.keyed(
        "consent",
        &[
            &complaint.octets,
            complaint.desk.key().as_bytes(),
            complaint.from.as_str().as_bytes(),
            complaint.case.octets(),
            &complaint.round.to_be_bytes(),
            complaint.message_id.as_bytes(),
            &at.as_second().to_be_bytes(),
        ],
    )
}
