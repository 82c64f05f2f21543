//! Writes a complaint as a draft file, for the user to send himself.
//!
//! In: a complaint on its way. Out: [`Outcome::Saved`], or `Deferred` where the file cannot be written.
//! Standards: none; `X-Unsent: 1` is what mail programs read as "open this for editing".
//! Trust: the file's name is made of our own ids; no text of the spam is in it.
//! Failures: a draft that is there already and differs is not overwritten.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{Outcome, Passage, Setback, Stage, Transport};
use crate::complaint::Complaint;
use crate::consent::Purpose;

/// Header field that mail programs read as "not sent yet".
const UNSENT: &[u8] = b"X-Unsent: 1\r\n";

/// Writes draft files into a folder.
#[derive(Debug, Clone)]
pub struct Drafts {
    folder: PathBuf,
}

impl Drafts {
    /// Returns a transport that writes into a folder, and makes the folder when it is needed.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Writes one draft.
    fn write(&self, complaint: &Complaint) -> io::Result<PathBuf> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let path = self.folder.join(file_name(complaint));
        let mut octets = UNSENT.to_vec();
        octets.extend_from_slice(&complaint.octets);
        if fs::read(&path).is_ok_and(|there| there == octets) {
            return Ok(path);
        }
        // A name of ours beside the last one, so that a half-written draft never has the draft's name.
        let half = path.with_extension("part");
        let _ = fs::remove_file(&half);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&half)?;
        file.write_all(&octets)?;
        file.sync_all()?;
        // What is there and differs was changed by the user; it is his.
        if path.exists() {
            fs::remove_file(&half)?;
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&half, &path)?;
        sync_folder(&self.folder)?;
        Ok(path)
    }
}

impl Transport for Drafts {
    fn name(&self) -> String {
        "drafts".to_owned()
    }

    fn purpose(&self) -> Purpose {
        Purpose::Draft
    }

    fn hand_over(&mut self, passage: &mut Passage<'_>) -> Outcome {
        match self.write(passage.complaint()) {
            Ok(path) => Outcome::Saved { path },
            Err(e) => Outcome::Deferred(Setback::new(
                Stage::Prepare,
                format!(
                    "the draft could not be written in `{}`: {e}",
                    self.folder.display()
                ),
            )),
        }
    }
}

/// Returns the name of a draft: the case's reference, and the left side of the Message-ID.
fn file_name(complaint: &Complaint) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .take(26)
            .collect()
    };
    let id = complaint.message_id.split('@').next().unwrap_or_default();
    format!("{}-{}.eml", complaint.case.reference(), plain(id))
}

/// Makes a new name in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}
