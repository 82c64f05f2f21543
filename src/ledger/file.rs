//! The ledger's file: made for its user alone, opened so that a commit lasts.
//!
//! In: a path. Out: an open database, and who it is.
//! Standards: POSIX modes; SQLite's `application_id`.
//! Trust: a link in the file's place is not followed.
//! Failures: [`LedgerError`].

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::{LedgerError, key_of, seconds};
use crate::complaint::Secret;

/// How long a write waits for another process's write.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file, and makes it and its folder where they are not there.
pub(super) fn open(path: &Path) -> Result<Connection, LedgerError> {
    let refused = |e: io::Error| LedgerError::Open(e.to_string());
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(refused)?;
    }
    make(path).map_err(refused)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    // What is sent is sent after a commit; FULL makes that commit durable.
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // The file may have come from elsewhere: its schema runs no functions.
    db.pragma_update(None, "trusted_schema", false)?;
    // 64 MiB of pages: counts over years of cases do not read them twice.
    db.pragma_update(None, "cache_size", -65_536)?;
    // What is forgotten is overwritten.
    db.pragma_update(None, "secure_delete", true)?;
    Ok(db)
}

/// Makes the file, or makes sure that it is its user's alone.
fn make(path: &Path) -> io::Result<()> {
    // SQLite gives its own files beside this one the modes of this one.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(file) => {
            file.sync_all()?;
            match path.parent().filter(|f| !f.as_os_str().is_empty()) {
                Some(folder) => fs::File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let its = fs::symlink_metadata(path)?;
            if !its.is_file() {
                let why = "it is not a file; a link is not followed, name the file itself";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
            }
            let mode = its.permissions().mode();
            if mode & 0o077 != 0 {
                fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700))?;
            }
            Ok(())
        }
        Err(e) => Err(e),
    }
}

/// Returns the local secret and the ledger's own name; makes both for a new ledger.
pub(super) fn identity(
    db: &mut Connection,
    now: Timestamp,
) -> Result<(Secret, String), LedgerError> {
    let found = db
        .query_row("SELECT secret, instance FROM local", [], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    if let Some((octets, instance)) = found {
        let octets = key_of(&octets).ok_or_else(|| damaged("the local secret"))?;
        return Ok((Secret::new(octets), instance));
    }
    let (mut octets, mut name) = ([0; 32], [0; 8]);
    for random in [octets.as_mut_slice(), name.as_mut_slice()] {
        getrandom::fill(random).map_err(|e| LedgerError::Open(e.to_string()))?;
    }
    let instance = HEXLOWER.encode(&name);
    db.execute(
        "INSERT INTO local (id, secret, instance, made_at) VALUES (1, ?1, ?2, ?3)",
        (octets.as_slice(), &instance, seconds(now)),
    )?;
    Ok((Secret::new(octets), instance))
}

fn damaged(what: &str) -> LedgerError {
    LedgerError::Damaged(format!("{what} cannot be read"))
}
