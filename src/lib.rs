//! `plaint` turns raw spam into complaints that reach the abuse desks that can stop it,
//! and sends nothing that its user has not read and agreed to.
//!
//! # The way of a message
//!
//! Bytes go in; complaints, and a record of what became of them, come out. The
//! modules are the stages, in the order the data passes them:
//!
//! 1. [`intake`]: bytes → [`intake::Message`]
//! 2. [`trace`]: message → [`trace::Trace`]: who handed it to someone we trust
//! 3. [`evidence`]: message and trace → [`evidence::Evidence`]
//! 4. [`contact`]: suspect → [`contact::Contacts`], each mailbox with its provenance
//! 5. [`complaint`]: all of it → [`complaint::Complaint`]s, one per desk, final octets
//! 6. [`consent`]: complaint → [`consent::Approved`], or declined
//! 7. [`delivery`]: approved → [`delivery::Outcome`]
//! 8. [`ledger`]: everything → one SQLite file
//!
//! [`rules`] holds the facts about the mail world that change without us;
//! [`failure`] is the one failure a user meets. `cli` puts the stages together,
//! `term` is the only place that prints.
//!
//! # Invariants
//!
//! - Nothing is sent without a [`consent::Approved`], and only [`consent`] makes one.
//! - A complaint is about the source, or about an origin that a named rule vouches for; claims are worded as claims.
//! - The message as received is never altered; redaction makes a copy.
//! - A complaint in which the reporter can still be found cannot be approved.
//! - Nothing of the spam is fetched, rendered or resolved by a name that could carry a token.
//! - An attempt whose end is unknown is never repeated by itself.
//!
//! # Trust
//!
//! The spam, DNS, WHOIS, RDAP and SMTP replies are hostile. They are bounded
//! where they are read, and reach a terminal or a header only through
//! [`intake::Untrusted`].
//!
//! # What is not here
//!
//! No account, no server of ours, no telemetry, no filter: `plaint` is for mail
//! that a person has already judged.

// bytes → Message
pub mod intake;

// Message → Trace: pure
pub mod trace;

// Message + Trace → Evidence: pure
pub mod evidence;

// Suspect → Contacts: DNS, RDAP, WHOIS
pub mod contact;

// Evidence + Contacts → Complaint: pure
pub mod complaint;

// Complaint → Approved or Declined: the only maker of Approved
pub mod consent;

// Approved → Outcome: the only place that speaks SMTP
pub mod delivery;

// everything → SQLite
pub mod ledger;

// facts about the mail world, self-tested
pub mod rules;

// the settings
pub mod config;

// flags and subcommands
mod cli;
pub use cli::{Hooks, run};

// the only place that prints
mod term;

// what, where, why, what to do
pub mod failure;

/// Whatever links this library measures and runs what the program runs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
