//! Lets the user write a text in the editor that he chose.
//!
//! In: a text and lines that say what it is for. Out: what he saved, without those lines.
//! Standards: POSIX.1-2017 §2.5.3 and XCU (`VISUAL`, `EDITOR`; the shell reads them, as it does for `git commit`).
//! Trust: the text lies in a folder that only the user may look into, and is gone with whatever the editor left beside it.
//! Failures: [`EditorError`]; whatever fails, the caller's text is as it was.
//! Limits: an editor that comes back before the text is written (a window of its own) needs its own flag to wait.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Asker;
use super::interrupt::AtPrompt;

/// Octets of the saved file that are read: thirty times what a note may have.
const SAVED_OCTETS: u64 = 64 * 1024;

/// What a line begins with that is left out.
const COMMENT: char = '#';

/// Why nothing came back from the editor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditorError {
    /// It could not be started, or said that it failed.
    #[error("the editor `{0}` failed")]
    Failed(String),
    /// What was saved is larger than is read.
    #[error("what was saved is larger than {SAVED_OCTETS} octets")]
    TooLarge,
    /// What was saved is no text.
    #[error("what was saved is not UTF-8")]
    NotText,
    /// The file could not be written or read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Returns the editor that the user chose for a terminal; `None` where he chose none.
pub(crate) fn chosen() -> Option<String> {
    ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|editor| !editor.trim().is_empty())
}

impl Asker {
    /// Lets the user change a text in an editor; returns what he saved, without the lines that begin with `#`.
    ///
    /// `purpose` stands below the text, each line with a `#` before it.
    pub(crate) fn edit(
        &mut self,
        editor: &str,
        text: &str,
        purpose: &str,
    ) -> Result<String, EditorError> {
        let desk = Desk::make()?;
        let file = desk.folder.join("note.txt");
        write(&file, text, purpose)?;
        let screen = || File::options().read(true).write(true).open("/dev/tty");
        // Ctrl-C is the editor's while it runs; ended by it, plaint would leave the file behind.
        let here = AtPrompt::enter();
        // The editor may be a command with arguments, quoted as for a shell; the file is one argument, whatever its name.
        let ended = Command::new("/bin/sh")
            .args(["-c", &format!("{editor} \"$@\""), editor])
            .arg(&file)
            .stdin(Stdio::from(screen()?))
            .stdout(Stdio::from(screen()?))
            .status();
        drop(here);
        if !ended.is_ok_and(|status| status.success()) {
            return Err(EditorError::Failed(editor.to_owned()));
        }
        Ok(without_comments(&read(&file)?))
    }
}

/// A folder of its own for one text, gone when this is dropped.
struct Desk {
    folder: PathBuf,
}

impl Desk {
    fn make() -> io::Result<Self> {
        let mut name = [0; 8];
        getrandom::fill(&mut name).map_err(io::Error::other)?;
        let name = data_encoding::HEXLOWER.encode(&name);
        let folder = std::env::temp_dir().join(format!("plaint-note-{name}"));
        // It must be new: a folder that stood there could be another's.
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self { folder })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // There is nobody to tell; what stays can be read by the user alone.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn write(path: &Path, text: &str, purpose: &str) -> io::Result<()> {
    let mut whole = text.trim_end().to_owned();
    whole.push('\n');
    for line in purpose.lines() {
        whole.push_str(&format!("\n{COMMENT} {line}"));
    }
    whole.push('\n');
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(whole.as_bytes())
}

fn read(path: &Path) -> Result<String, EditorError> {
    let mut saved = Vec::new();
    File::open(path)?
        .take(SAVED_OCTETS + 1)
        .read_to_end(&mut saved)?;
    if saved.len() as u64 > SAVED_OCTETS {
        return Err(EditorError::TooLarge);
    }
    String::from_utf8(saved).map_err(|_| EditorError::NotText)
}

/// Returns a text without the lines that begin with `#`, and without empty ones at its ends.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(str::trim_end);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with(COMMENT)).collect();
    let text = lines.join("\n");
    let begins = text.find(|c: char| c != '\n').unwrap_or(text.len());
    text.get(begins..).unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn comments_and_empty_ends_are_left_out_and_the_rest_stays() {
        assert_eq!(
            without_comments(
                "\n  It comes daily,\r\n\n# not this\nto me # and this stays.\n\n# x\n"
            ),
            "  It comes daily,\n\nto me # and this stays."
        );
        assert_eq!(without_comments("\n\n# only this\n \n"), "");
    }

    #[test]
    fn the_file_is_for_the_user_alone_and_goes_away_with_what_lies_beside_it() {
        let desk = Desk::make().unwrap();
        let file = desk.folder.join("note.txt");
        write(&file, "a\n", "one\ntwo").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&desk.folder), mode(&file)), (0o700, 0o600));
        assert_eq!(read(&file).unwrap(), "a\n\n# one\n# two\n");
        fs::write(desk.folder.join("note.txt~"), "b").unwrap();
        let folder = desk.folder.clone();
        drop(desk);
        assert!(!folder.exists());
    }

    #[test]
    fn what_is_too_large_or_no_text_is_refused() {
        let desk = Desk::make().unwrap();
        let file = desk.folder.join("note.txt");
        fs::write(&file, [b'x'; 65_537]).unwrap();
        assert!(matches!(read(&file), Err(EditorError::TooLarge)));
        fs::write(&file, [0xff, b'x']).unwrap();
        assert!(matches!(read(&file), Err(EditorError::NotText)));
    }
}
