//! The ledger's file: made for its user alone, opened so that a commit lasts.
//!
//! In: a path. Out: an open database, and who it is.
//! Standards: POSIX modes; SQLite's `application_id`.
//! Trust: a link in the file's place is not followed.
//! Failures: [`LedgerError`].

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::migrate::known_version;
use super::{LedgerError, key_of, seconds};
use crate::complaint::Secret;

/// How long a write waits for another process's write.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file, and makes it and its folder where they are not there.
pub(super) fn open(path: &Path) -> Result<Connection, LedgerError> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(refused)?;
    }
    make(path)?;
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

/// Makes the file, or makes sure that it is a ledger, and its user's alone.
fn make(path: &Path) -> Result<(), LedgerError> {
    // SQLite gives its own files beside this one the modes of this one.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(file) => {
            file.sync_all().map_err(refused)?;
            sync_folder(path).map_err(refused)
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let its = fs::symlink_metadata(path).map_err(refused)?;
            if !its.is_file() {
                let why = "it is not a file; a link is not followed, name the file itself";
                return Err(LedgerError::Open(why.to_owned()));
            }
            judge(path)?;
            let mode = its.permissions().mode();
            if mode & 0o077 != 0 {
                let own = fs::Permissions::from_mode(mode & 0o700);
                fs::set_permissions(path, own).map_err(refused)?;
            }
            Ok(())
        }
        Err(e) => Err(refused(e)),
    }
}

/// Refuses what is no ledger, or a newer program's, before anything of it is changed.
///
/// What still stands only in the log beside the file is not seen here: it is
/// judged once the file is open, and so is whatever cannot be read now.
fn judge(path: &Path) -> Result<(), LedgerError> {
    // Immutable: SQLite takes no lock, and makes no file of its own beside it.
    let mut uri = b"file://".to_vec();
    for octet in std::path::absolute(path)
        .map_err(refused)?
        .as_os_str()
        .as_bytes()
    {
        match octet {
            b'%' | b'?' | b'#' => uri.extend_from_slice(format!("%{octet:02x}").as_bytes()),
            _ => uri.push(*octet),
        }
    }
    uri.extend_from_slice(b"?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let found = Connection::open_with_flags(OsStr::from_bytes(&uri), flags)
        .map_err(LedgerError::from)
        .and_then(|db| known_version(&db));
    match found {
        Err(error @ (LedgerError::NotALedger | LedgerError::Newer { .. })) => Err(error),
        _ => Ok(()),
    }
}

fn refused(error: io::Error) -> LedgerError {
    LedgerError::Open(error.to_string())
}

/// Makes it last that a file stands in its folder.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
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
