//! Whether this file is older than what was last done with it.
//!
//! In: the ledger's own counter, and a small file beside it with the same
//! counter. Out: whether the ledger was put back from a backup, or carried to
//! another machine: what it believes to be unsent may have been sent since.
//! The ledger also keeps when the small file was last changed, as the file
//! system says: that time is the kernel's, and no copy gets it. So both files
//! put back together are found out, too.
//! Trust: nothing secret stands in the small file; the machine's id is hashed.
//! Limits: a whole disk set back (a snapshot of a virtual machine or of the
//! file system) looks in every octet and time as it did, and cannot be told
//! from the original from inside. What is sent again from there within the
//! consent's age bears the same Message-ID and the same octets, by which the
//! receiver can merge the two.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::file;

/// What the small file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pulse {
    /// The ledger that it belongs to.
    pub(super) instance: String,
    /// The machine that wrote it.
    pub(super) machine: String,
    /// Tries that were begun so far.
    pub(super) count: i64,
}

impl Pulse {
    /// Returns the pulse of a ledger on this machine.
    pub(super) fn here(instance: &str, count: i64) -> Self {
        Self {
            instance: instance.to_owned(),
            machine: machine(instance),
            count,
        }
    }

    /// Reads the small file; `None` where there is none, or nothing to be read in it.
    pub(super) fn read(ledger: &Path) -> Option<Self> {
        let text = fs::read_to_string(beside(ledger)).ok()?;
        let mut words = text.split_ascii_whitespace();
        let (instance, machine, count) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            instance: instance.to_owned(),
            machine: machine.to_owned(),
            count: count.parse().ok()?,
        })
    }

    /// Writes the small file; it is there whole, or the old one is.
    pub(super) fn write(&self, ledger: &Path) -> io::Result<()> {
        let path = beside(ledger);
        let half = path.with_extension("pulse-part");
        // A link that somebody put there goes, and what it leads to stays.
        match fs::remove_file(&half) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&half)?;
        writeln!(file, "{} {} {}", self.instance, self.machine, self.count)?;
        file.sync_all()?;
        fs::rename(&half, &path)?;
        // A rename that a power cut undoes would make the ledger its own successor.
        file::sync_folder(&path)
    }

    /// Returns when the small file was last changed, in nanoseconds; `None` where there is none.
    ///
    /// Not the time of its contents, which copies keep: that of its entry, which nobody can set.
    pub(super) fn changed(ledger: &Path) -> Option<i64> {
        let its = fs::symlink_metadata(beside(ledger)).ok()?;
        its.ctime()
            .checked_mul(1_000_000_000)?
            .checked_add(its.ctime_nsec())
    }

    /// Returns whether a ledger with this pulse knows less than the small file.
    pub(super) fn is_behind(&self, there: Option<&Self>) -> bool {
        match there {
            // Nothing was ever begun, so nothing can have been forgotten.
            None => self.count > 0,
            Some(there) => {
                there.instance != self.instance
                    || there.machine != self.machine
                    || there.count > self.count
            }
        }
    }
}

/// Returns the small file's name.
fn beside(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(".pulse");
    name.into()
}

/// Returns a name for this machine that says nothing about it; the same for all that have none.
fn machine(instance: &str) -> String {
    let id = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let mut digest = Sha256::new();
    digest.update(instance.as_bytes());
    digest.update(id.trim().as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut text = HEXLOWER.encode(&digest);
    text.truncate(16);
    text
}
