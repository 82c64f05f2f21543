//! Replaces a whole file by a new text, or leaves it as it was.
//!
//! In: a name, a text. Out: the file with that text, its mode and its links as they were.
//! Failures: those of the system; and what is no regular file (`/dev/null`, a pipe) is never replaced.
//! Limits: programs wait for each other only where the file system knows locks.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Links that are followed to a file; systems give up at forty.
const LINKS: usize = 40;

/// How long another program that writes the same file is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause between two looks at it.
const POLL: Duration = Duration::from_millis(10);

/// Returns whether a name is that of a regular file, or of none yet.
///
/// # Errors
///
/// The reason why it cannot be written.
pub(crate) fn can_be_replaced(file: &Path) -> io::Result<()> {
    match fs::metadata(file) {
        Ok(its) if its.is_file() => Ok(()),
        Ok(_) => Err(io::Error::other("it is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Keeps other programs from a change of the same file, from its reading to its writing.
///
/// Its folder is locked: the file itself is replaced by another.
///
/// # Errors
///
/// The file cannot be replaced, or another program does not come to an end with it.
pub(crate) fn alone(file: &Path) -> io::Result<Option<File>> {
    can_be_replaced(file)?;
    let file = followed(file)?;
    make_folder(&file)?;
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or_else(|| Path::new(".")))?;
    let begun = Instant::now();
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(POLL);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another program is writing it"));
            }
            // The file system knows no locks.
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

fn make_folder(file: &Path) -> io::Result<()> {
    let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) else {
        return Ok(());
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Replaces a file by a new text, or leaves it as it was; a new one only the user can read.
///
/// A link stays a link, and what it leads to is replaced; modes stay as they are.
pub(crate) fn write_whole(file: &Path, text: &str) -> io::Result<()> {
    can_be_replaced(file)?;
    let file = &followed(file)?;
    make_folder(file)?;
    let beside = file.with_extension(format!("toml.{}", std::process::id()));
    let mut new = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    let kept = match fs::metadata(file) {
        Ok(its) => new.set_permissions(its.permissions()),
        Err(_) => Ok(()),
    };
    let written = kept
        .and_then(|()| new.write_all(text.as_bytes()))
        .and_then(|()| new.sync_all())
        .and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // The old file is whole; a leftover beside it would only confuse.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Returns the file that a name leads to, over links; it need not be there yet.
fn followed(name: &Path) -> io::Result<PathBuf> {
    let mut file = name.to_owned();
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&file) else {
            return Ok(file);
        };
        // A relative target is meant from the link's own folder.
        file = file.parent().unwrap_or_else(|| Path::new("")).join(target);
    }
    Err(io::Error::other("its links lead in a circle"))
}
