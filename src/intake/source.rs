//! Opens what a user names: a message, a mailbox, a Maildir folder, standard input.
//!
//! In: a path, or `-`. Out: [`Source`].
//! Standards: RFC 4155 (mbox), the Maildir layout (`cur`, `new`).
//! Trust: only what the user names is opened; a folder is read one level deep.
//! Failures: [`io::Error`] of the file.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::{LIMIT, mbox};

/// What stands behind a name.
pub enum Source {
    /// One message, whole; one octet more than [`LIMIT`] where it is larger.
    Message(Vec<u8>),
    /// A mailbox to be split, and its size where that is known.
    Mailbox(Box<dyn Read + Send>, Option<u64>),
    /// The files of a folder, in order of their names.
    Folder(Vec<PathBuf>),
}

impl Source {
    /// Opens a path; `-` is standard input.
    ///
    /// A file that begins with a separator line is a mailbox, also if it holds one message.
    ///
    /// # Errors
    ///
    /// What opening or reading fails with.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Self::read(io::stdin());
        }
        if path.is_dir() {
            return folder(path).map(Self::Folder);
        }
        let mut file = File::open(path)?;
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        let size = file.metadata().ok().map(|metadata| metadata.len());
        if mbox::is_mbox(&head) && file.rewind().is_ok() {
            return Ok(Self::Mailbox(Box::new(file), size));
        }
        Self::from_head(head, file)
    }

    /// Reads from a pipe.
    ///
    /// # Errors
    ///
    /// What reading fails with.
    pub fn read(mut input: impl Read + Send + 'static) -> io::Result<Self> {
        let mut head = Vec::new();
        input.by_ref().take(HEAD).read_to_end(&mut head)?;
        Self::from_head(head, input)
    }

    fn from_head(head: Vec<u8>, input: impl Read + Send + 'static) -> io::Result<Self> {
        if mbox::is_mbox(&head) {
            return Ok(Self::Mailbox(
                Box::new(io::Cursor::new(head).chain(input)),
                None,
            ));
        }
        let mut octets = head;
        let room = LIMIT as u64 + 1;
        input.take(room).read_to_end(&mut octets)?;
        Ok(Self::Message(octets))
    }
}

/// Octets that are looked at to tell a mailbox from a message: a separator line and the first field.
const HEAD: u64 = 4_096;

/// Returns the messages of a Maildir folder, or the files of any other, by name.
fn folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let maildir: Vec<PathBuf> = ["cur", "new"]
        .iter()
        .map(|sub| path.join(sub))
        .filter(|sub| sub.is_dir())
        .collect();
    let folders = if maildir.is_empty() {
        vec![path.to_owned()]
    } else {
        maildir
    };
    for folder in folders {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !hidden && entry.file_type()?.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()).then_with(|| a.cmp(b)));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_told_from_a_message() {
        let mailbox = "From a@example.org Sat Nov 21 10:00:00 2026\nSubject: x\n\nb\n\n";
        assert!(matches!(
            Source::read(mailbox.as_bytes()).unwrap(),
            Source::Mailbox(..)
        ));
        for message in ["Subject: x\n\nb\n", "From a@example.org\nSubject: x\n\n"] {
            assert!(
                matches!(Source::read(message.as_bytes()).unwrap(), Source::Message(octets) if octets == message.as_bytes())
            );
        }
    }

    #[test]
    fn a_maildir_gives_its_messages_by_name() {
        let dir = tempfile::tempdir().unwrap();
        for sub in ["cur", "new", "tmp"] {
            fs::create_dir(dir.path().join(sub)).unwrap();
        }
        for name in ["new/2", "cur/1:2,S", "tmp/0", "cur/.hidden"] {
            fs::write(dir.path().join(name), "Subject: x\n\n").unwrap();
        }
        let Source::Folder(files) = Source::open(dir.path()).unwrap() else {
            panic!("no folder");
        };
        let names: Vec<_> = files
            .iter()
            .map(|file| file.file_name().unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["1:2,S", "2"]);
    }
}
