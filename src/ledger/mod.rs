//! Keeps what happened: one SQLite file with cases, complaints, attempts, answers, and cached lookups.
//!
//! In: everything. Out: rows, and what they say later. It is the journal of
//! [`crate::delivery`] and the cache of [`crate::contact`].
//! Standards: SQLite 3 with STRICT tables, WAL and `synchronous=FULL`: what was
//! committed survives a crash of the program and of the machine.
//! Trust: the file is the user's own, 0600 in a 0700 folder. What came from
//! outside stands in it as it came, and is escaped where it is shown.
//! Failures: [`LedgerError`] says what to do; a ledger of a newer version is refused.
//! Limits: one sender at a time. Encryption is the disk's business.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::complaint::Secret;

// what can go wrong, and what to do
mod error;
pub use error::LedgerError;

// the file, its modes and its versions
mod file;
mod migrate;
pub use migrate::VERSION;

// whether this file is older than what was last done with it
mod pulse;

// one sender at a time, and what is put right after a crash
mod sending;

// messages and cases
mod cases;
pub use cases::{Arrival, CaseFacts, Earlier, Member, Standing};

// complaints, from held to settled
mod complaints;
pub use complaints::{Kept, ShownAs};

// one complaint after another, and who stays silent
mod rounds;
pub use rounds::{Rounds, Sent};

// the steps of a delivery
mod journal;

// desks, and what speaks against a complaint
mod desks;
pub use desks::{DEAD_FOR, DeskMark, DeskRecord};

// what came back, and what it changes
mod answers;
pub use answers::{How, Taking};

// desks that are dead, and desks that are silent
mod silence;

// lists, one complaint with all that happened, search
mod log;
pub use log::{Filter, Happened, Line, Object};

// how many, how fast, and whether it helped
mod stats;
pub use stats::{By, Count};

// the log, written out
mod export;
pub use export::{ExportError, Form};

// the user's own data
mod own;
pub use own::{Corrected, Forgotten};

// lookups that were answered before
mod lookups;

// what the user answered once
mod remembered;
pub use remembered::Remembered;

// how far a batch came
mod batches;
pub use batches::Batch;

/// The ledger, open.
pub struct Ledger {
    db: Connection,
    path: PathBuf,
    secret: Secret,
    instance: String,
    sending: Option<sending::Lock>,
}

impl Ledger {
    /// Opens the ledger of a file, and makes it where there is none.
    ///
    /// Older versions are brought up to date. What a crash left half done is
    /// put right: a try that cannot have delivered becomes `deferred`, one
    /// that may have becomes `unknown`.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the file cannot be made, read or written, is no
    /// ledger, or was written by a newer version.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, LedgerError> {
        let mut db = file::open(path)?;
        migrate::migrate(&mut db)?;
        let (secret, instance) = file::identity(&mut db, now)?;
        let mut ledger = Self {
            db,
            path: path.to_owned(),
            secret,
            instance,
            sending: None,
        };
        ledger.recover(now)?;
        Ok(ledger)
    }

    /// Returns the local secret: it keys cases, Message-IDs and seals.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Returns the ledger's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Begins a transaction that nobody else can write beside.
fn writing(db: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    db.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// Returns a time as the ledger has it.
fn seconds(time: Timestamp) -> i64 {
    time.as_second()
}

/// Returns the time that the ledger has; the beginning of time for what is none.
fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Returns octets as a key; `None` where they are not 32.
fn key_of(octets: &[u8]) -> Option<[u8; 32]> {
    octets.try_into().ok()
}
