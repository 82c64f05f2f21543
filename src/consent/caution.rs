//! One thing that speaks against sending a complaint: what it is, what it weighs, how it is said.
//!
//! In: nothing. Out: [`Caution`], [`Weight`].
//! Trust: texts that came from outside are escaped where they were read.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::State;

/// How much a caution weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It is said, and nothing more.
    Warns,
    /// The complaint is not ticked beforehand; the user may tick it.
    Unticks,
    /// The complaint is not asked about; it stays held.
    Holds,
}

/// One thing that speaks against sending a complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caution {
    /// The desk has it, or may have it.
    Duplicate(State, Timestamp),
    /// The user wants no mail to go there.
    Blocked,
    /// The limit per source address and desk is reached.
    SourceLimit(u32),
    /// The limit per desk is reached.
    DeskLimit(u32),
    /// The desk wants more time between two complaints about the same address.
    TooSoon(Timestamp),
    /// Many complaints went out today.
    Many(u32),
    /// The spam is older than [`AGED`](crate::complaint::AGED).
    Aged(SignedDuration),
    /// The spam is older than [`TOO_OLD`](crate::complaint::TOO_OLD).
    TooOld(SignedDuration),
    /// Mail to the desk came back.
    Dead(Timestamp, String),
    /// The desk takes only its form.
    FormOnly(String),
    /// The desk refuses complaints in which something is masked.
    RefusesMunged,
    /// The desk's filter refused a whole message before.
    ProposeHeadersOnly,
    /// The desk sends complaints elsewhere.
    Forwarded(String),
    /// The desk is that of the user's own provider.
    OwnProvider(String),
    /// The spam is older than the ledger's return from a backup: it may have been reported since.
    Restored(Timestamp),
    /// The desk takes other kinds of abuse only.
    TakesOnly(String),
    /// The user had the mail forgotten, and with it whether it was reported.
    Forgotten(Timestamp),
}

impl Caution {
    /// Returns how much it weighs.
    #[must_use]
    pub const fn weight(&self) -> Weight {
        match self {
            Self::Duplicate(..)
            | Self::Blocked
            | Self::SourceLimit(_)
            | Self::DeskLimit(_)
            | Self::TooSoon(_) => Weight::Holds,
            Self::TooOld(_)
            | Self::Dead(..)
            | Self::FormOnly(_)
            | Self::RefusesMunged
            | Self::OwnProvider(_)
            | Self::Restored(_)
            | Self::TakesOnly(_)
            | Self::Forgotten(_) => Weight::Unticks,
            Self::Many(_) | Self::Aged(_) | Self::ProposeHeadersOnly | Self::Forwarded(_) => {
                Weight::Warns
            }
        }
    }
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(State::Approved | State::Deferred | State::Connecting, at) => write!(
                f,
                "you agreed to this on {}, and it waits in the outbox",
                day(*at)
            ),
            Self::Duplicate(State::Unknown | State::Data, at) => write!(
                f,
                "it may have been reported to this desk on {}: no answer came back",
                day(*at)
            ),
            // Composed anew after it may have arrived: the state tells of the new one alone.
            Self::Duplicate(state, _) if !state.is_settled() => f.write_str(
                "it may have been reported to this desk before: no answer came back",
            ),
            Self::Duplicate(State::Saved, at) => write!(
                f,
                "it was written as a draft, or only recorded, on {}",
                day(*at)
            ),
            Self::Duplicate(State::Rejected, at) => write!(
                f,
                "a mail server refused it on {}; `plaint outbox resolve` sends it again, or frees it to be composed anew",
                day(*at)
            ),
            Self::Duplicate(state, at) => write!(
                f,
                "already reported to this desk ({state} since {})",
                day(*at)
            ),
            Self::Blocked => f.write_str("you said that no mail is to go to this desk"),
            Self::SourceLimit(limit) => write!(
                f,
                "this desk had {limit} about this address within a day, and that is the limit"
            ),
            Self::DeskLimit(limit) => {
                write!(f, "this desk had {limit} within a day, and that is the limit")
            }
            Self::TooSoon(until) => write!(
                f,
                "this desk had one about this address, and wants no other before {} UTC",
                until.strftime("%Y-%m-%d %H:%M")
            ),
            Self::Many(count) => write!(f, "{count} complaints went out within a day"),
            Self::Aged(age) => write!(
                f,
                "the spam is {} hours old; the address may be another customer's by now",
                age.as_hours()
            ),
            Self::TooOld(age) => write!(
                f,
                "the spam is {} days old; hardly any desk still acts on it",
                age.as_hours() / 24
            ),
            Self::Dead(until, why) => write!(
                f,
                "mail to this desk came back ({why}); not before {}",
                day(*until)
            ),
            Self::FormOnly(url) => write!(f, "this desk wants its form to be used: {url}"),
            Self::RefusesMunged => {
                f.write_str("this desk refuses complaints in which something is masked")
            }
            Self::ProposeHeadersOnly => f.write_str(
                "this desk's filter refused a whole message before; one with `--munge headers-only` may pass",
            ),
            Self::Forwarded(mailbox) => {
                write!(f, "this desk said that complaints go to {mailbox}")
            }
            Self::OwnProvider(domain) => write!(
                f,
                "{domain} is your own provider; make sure that its server is the source, not the way"
            ),
            Self::Restored(at) => write!(
                f,
                "the ledger came from a backup or another machine on {}; what was reported between is not in it",
                day(*at)
            ),
            Self::TakesOnly(kinds) => write!(f, "the desk takes only {kinds}"),
            Self::Forgotten(at) => write!(
                f,
                "you had this mail forgotten on {}; it may have been reported before",
                day(*at)
            ),
        }
    }
}

/// Returns the day of a time, as it is written to a user.
fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
