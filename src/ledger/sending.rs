//! One sender at a time, and what is put right after a crash.
//!
//! In: the ledger as the last process left it. Out: rows that say what is known.
//! Standards: RFC 1047: between the dot and its answer nobody knows.
//! Trust: `connecting` means that nothing deliverable had left; `data`, that it may have.
//! Failures: [`LedgerError`].

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;

use jiff::Timestamp;
use rusqlite::Connection;
use rustix::fs::OFlags;

use super::pulse::Pulse;
use super::{Ledger, LedgerError, seconds, writing};

/// A row that a crash left behind, and what it becomes.
const LEFT: [(&str, &str, &str); 2] = [
    (
        "connecting",
        "deferred",
        "the program ended before anything was sent",
    ),
    (
        "data",
        "unknown",
        "the program ended after the message was handed over, before the answer",
    ),
];

/// States whose complaint might go out by itself, and must not from a ledger that is behind.
const ABOUT_TO_GO: [&str; 4] = ["approved", "connecting", "data", "deferred"];

/// What the one process holds that sends.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // flock(2): closing lets go only with the last copy of the open file, and a child process
        // that another thread starts right now has one until it becomes its own program.
        if let Err(error) = self.0.unlock() {
            tracing::debug!(%error, "the lock goes with the file");
        }
    }
}

impl Ledger {
    /// Makes this process the one that sends; the ledger is it until it is dropped.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Busy`] where another process is.
    pub fn begin_sending(&mut self) -> Result<(), LedgerError> {
        if self.sending.is_some() {
            return Ok(());
        }
        self.sending = Some(self.lock()?.ok_or(LedgerError::Busy)?);
        Ok(())
    }

    /// Returns the lock, or `None` where another process holds it.
    fn lock(&self) -> Result<Option<Lock>, LedgerError> {
        let mut path = self.path.as_os_str().to_owned();
        path.push(".lock");
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            // A link in its place is not followed.
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)
            .map_err(|e| LedgerError::Open(e.to_string()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(LedgerError::Open(e.to_string())),
        }
    }

    /// Puts right what a crash or a backup left; not while another process sends.
    pub(super) fn recover(&mut self, now: Timestamp) -> Result<(), LedgerError> {
        let Some(_lock) = self.lock()? else {
            return Ok(());
        };
        let count = count(&self.db)?;
        let here = Pulse::here(&self.instance, count);
        let there = Pulse::read(&self.path);
        let behind = here.is_behind(there.as_ref()) || self.is_copied()?;
        let transaction = writing(&mut self.db)?;
        if behind {
            let why =
                "the ledger comes from a backup or another machine; it may have been sent since";
            for state in ABOUT_TO_GO {
                become_state(&transaction, state, "unknown", why, now)?;
            }
        }
        for (left, becomes, why) in LEFT {
            become_state(&transaction, left, becomes, why, now)?;
        }
        if behind {
            // Ahead of both, so that neither copy takes itself for the newer one.
            let ahead = there.map_or(0, |there| there.count).max(count) + 1;
            transaction.execute(
                "UPDATE local SET pulse = ?1, pulse_changed = NULL, restored_at = ?2",
                (ahead, seconds(now)),
            )?;
        }
        transaction.commit()?;
        if behind || Pulse::read(&self.path).is_none() {
            self.beat()?;
        } else if self.pulse_changed()?.is_none() {
            // The program ended between the small file and its time, or an older one wrote both.
            self.note_pulse()?;
        }
        Ok(())
    }

    /// Returns whether the small file beside the ledger is not the one that was written last.
    fn is_copied(&self) -> Result<bool, LedgerError> {
        let known = self.pulse_changed()?;
        Ok(known.is_some() && known != Pulse::changed(&self.path))
    }

    /// Returns when the small file was last changed, as the ledger has it.
    fn pulse_changed(&self) -> Result<Option<i64>, LedgerError> {
        Ok(self
            .db
            .query_row("SELECT pulse_changed FROM local", [], |row| row.get(0))?)
    }

    /// Writes down when the small file was last changed.
    fn note_pulse(&self) -> Result<(), LedgerError> {
        self.db.execute(
            "UPDATE local SET pulse_changed = ?1",
            [Pulse::changed(&self.path)],
        )?;
        Ok(())
    }

    /// Counts one more try, in the file beside the ledger: the ledger has counted it already.
    pub(super) fn beat(&self) -> Result<(), LedgerError> {
        Pulse::here(&self.instance, count(&self.db)?)
            .write(&self.path)
            .map_err(|e| LedgerError::Open(e.to_string()))?;
        self.note_pulse()
    }
}

/// Returns how many tries were begun.
fn count(db: &Connection) -> Result<i64, LedgerError> {
    Ok(db.query_row("SELECT pulse FROM local", [], |row| row.get(0))?)
}

/// Moves every complaint of one state to another, with a line of history each.
fn become_state(
    db: &Connection,
    left: &str,
    becomes: &str,
    why: &str,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let at = seconds(now);
    db.execute(
        "INSERT INTO history (at, case_id, complaint_id, event, detail)
         SELECT ?1, case_id, id, ?2, ?3 FROM complaints WHERE state = ?4",
        (at, becomes, why, left),
    )?;
    db.execute(
        "UPDATE attempts SET ended_at = ?1, outcome = ?2, said = ?3
         WHERE ended_at IS NULL
           AND complaint_id IN (SELECT id FROM complaints WHERE state = ?4)",
        (at, becomes, why, left),
    )?;
    db.execute(
        "UPDATE complaints
         SET state = ?2, said = ?3, changed_at = ?1,
             due_at = CASE WHEN ?2 = 'deferred' THEN ?1 END,
             maybe_arrived = max(maybe_arrived, ?2 = 'unknown')
         WHERE state = ?4",
        (at, becomes, why, left),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_links_beside_the_ledger_lead_to_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let at = "2026-11-21T12:00:00Z".parse().unwrap();
        let precious = folder.path().join("precious");
        fs::write(&precious, "precious").unwrap();
        let link = |name: &str| {
            std::os::unix::fs::symlink(&precious, folder.path().join(name)).unwrap();
        };
        link("ledger.db.pulse-part");
        drop(Ledger::open(&path, at).unwrap());
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
        fs::remove_file(folder.path().join("ledger.db.lock")).unwrap();
        link("ledger.db.lock");
        assert!(matches!(
            Ledger::open(&path, at).err(),
            Some(LedgerError::Open(_))
        ));
    }

    #[test]
    fn a_lock_is_let_go_although_a_child_process_has_a_copy_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = "2026-11-21T12:00:00Z".parse().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), at).unwrap();
        let lock = ledger.lock().unwrap().unwrap();
        let with_the_child = lock.0.try_clone().unwrap();
        assert!(ledger.lock().unwrap().is_none());
        drop(lock);
        assert!(ledger.lock().unwrap().is_some());
        drop(with_the_child);
    }
}
