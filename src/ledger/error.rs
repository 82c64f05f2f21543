//! What can go wrong with the ledger, and what to do.
//!
//! In: what SQLite and the system say. Out: [`LedgerError`], and the [`Failure`] of it.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::consent::State;
use crate::failure::{Exit, Failure};

/// Why the ledger could not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The file or its folder could not be made or opened.
    #[error("it cannot be opened: {0}")]
    Open(String),
    /// The file may only be read.
    #[error("it can only be read, not written")]
    ReadOnly,
    /// A newer version wrote the file.
    #[error("it was written by a newer plaint (ledger version {found}, this one knows {known})")]
    Newer {
        /// Version of the file.
        found: u32,
        /// Newest version that this program knows.
        known: u32,
    },
    /// The file is something else.
    #[error("it is not a ledger of plaint")]
    NotALedger,
    /// The disk is full, or the file may not grow.
    #[error("the disk is full")]
    Full,
    /// The disk fails, or a file may not grow.
    #[error("the disk does not do what it is told: {0}")]
    Disk(String),
    /// The file is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Another process holds it.
    #[error("another program holds it")]
    Busy,
    /// A complaint has gone too far for what was asked.
    #[error("the complaint is already {0}")]
    Settled(State),
    /// Another message joined a complaint since the user was shown it.
    #[error("another message joined it since it was shown")]
    Joined {
        /// Place of the complaint among those that were agreed to.
        place: usize,
    },
    /// A limit was reached since the user was asked.
    #[error("{why}")]
    Limit {
        /// Place of the complaint among those that were agreed to.
        place: usize,
        /// The limit, in words.
        why: String,
    },
    /// There is no such thing.
    #[error("there is no {0} in it")]
    Missing(String),
    /// Anything else that SQLite says.
    #[error("SQLite says: {0}")]
    Sql(String),
}

impl LedgerError {
    /// Returns the failure that a user meets where the file itself may be at fault.
    #[must_use]
    pub fn failure(self, path: &Path) -> Failure {
        let is_about_file = !self.is_about_complaint();
        let failure = Failure::from(self);
        match is_about_file {
            true => failure.at(path.display().to_string()),
            false => failure,
        }
    }

    /// Returns whether a complaint is what stands in the way, and not the file.
    const fn is_about_complaint(&self) -> bool {
        matches!(
            self,
            Self::Settled(_) | Self::Joined { .. } | Self::Limit { .. } | Self::Missing(_)
        )
    }

    /// Returns what failed, as the first line of a failure has it.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Missing(what) => format!("there is no {what} in the ledger"),
            Self::Settled(_) | Self::Joined { .. } | Self::Limit { .. } => self.to_string(),
            _ => "the ledger cannot be used".to_owned(),
        }
    }

    /// Returns what the user can do.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Open(_) => "check that the folder is yours, or set another `path` in [ledger]",
            Self::ReadOnly => "make the file and its folder writable; nothing was sent",
            Self::Newer { .. } => {
                "use the newer plaint, or set another `path` in [ledger]; nothing was changed"
            }
            Self::NotALedger => "set another `path` in [ledger]; nothing was changed",
            Self::Full => "make room on the disk and run the same command again",
            Self::Disk(_) => {
                "look whether the disk is full or fails, and run the same command again"
            }
            Self::Damaged(_) => "restore the file from a backup, or move it away to begin anew",
            Self::Busy => "wait until the other command has ended, and run this one again",
            Self::Settled(_) => "`plaint outbox list` shows what can be done with it",
            Self::Joined { .. } => "`plaint review` shows it as it is now",
            Self::Limit { .. } => "it stays held; `plaint review` on another day asks again",
            Self::Missing(_) => "`plaint log list` shows what there is",
            Self::Sql(_) => "this is a bug in plaint; please report it with this message",
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let exit = match &error {
            LedgerError::Open(_) | LedgerError::Newer { .. } | LedgerError::NotALedger => {
                Exit::Ledger
            }
            // Nothing is wrong: the limit is over tomorrow.
            LedgerError::Limit { .. } => Exit::TryLater,
            LedgerError::Settled(_) | LedgerError::Joined { .. } | LedgerError::Missing(_) => {
                Exit::Usage
            }
            _ => Exit::Io,
        };
        let failure = Self::new(exit, error.what()).remedy(error.remedy());
        match error.is_about_complaint() {
            true => failure,
            false => failure.because(error),
        }
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error.to_string()),
            Some(ErrorCode::NotADatabase) => Self::NotALedger,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::CannotOpen) => Self::Open(error.to_string()),
            _ => Self::Sql(error.to_string()),
        }
    }
}
