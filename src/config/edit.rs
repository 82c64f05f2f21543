//! Writes answers back into the settings file, leaving the rest of it as it is.
//!
//! In: the file, a table, a key, a value. Out: the file with that key set, or the list longer by one.
//! Failures: a [`Failure`] names the file; the old file stays whole (write beside it, then rename).

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use crate::failure::{Exit, Failure};

/// Links that are followed to the settings; systems give up at forty.
const LINKS: usize = 40;

/// A value to write: a text for a key, or one more text for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Sets the key.
    Set(String),
    /// Sets the key to a number.
    Number(u16),
    /// Adds to the key's list, unless it is there.
    Add(String),
}

/// Writes answers into the settings file; each is a dotted table (`delivery.smtp`), a key and a value.
///
/// # Errors
///
/// A [`Failure`] where the file is no TOML, or cannot be written.
pub fn remember(file: &Path, answers: &[(&str, &str, Answer)]) -> Result<(), Failure> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(cannot_write(file, error)),
    };
    let text = with_answers(&text, answers).map_err(|why| cannot_write(file, why))?;
    write_whole(file, &text).map_err(|error| cannot_write(file, error))
}

fn cannot_write(file: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Io, "cannot write the settings")
        .at(file.display().to_string())
        .because(why)
        .remedy("the file is as it was; nothing was sent")
}

/// Returns the text of the settings with answers written in.
fn with_answers(text: &str, answers: &[(&str, &str, Answer)]) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|e: toml_edit::TomlError| e.to_string())?;
    for (table, key, answer) in answers {
        let place = table_at(document.as_table_mut(), table)?;
        match answer {
            Answer::Set(value) => {
                place.insert(key, toml_edit::value(value.as_str()));
            }
            Answer::Number(value) => {
                place.insert(key, toml_edit::value(i64::from(*value)));
            }
            Answer::Add(value) => {
                let list = place
                    .entry(key)
                    .or_insert_with(|| Item::Value(Value::Array(Array::new())))
                    .as_array_mut()
                    .ok_or_else(|| format!("`{table}.{key}` is not a list"))?;
                if !list.iter().any(|old| old.as_str() == Some(value)) {
                    list.push(value.as_str());
                }
            }
        }
    }
    Ok(document.to_string())
}

/// Returns the table of a dotted name, made where it is missing.
fn table_at<'d>(root: &'d mut Table, dotted: &str) -> Result<&'d mut Table, String> {
    let mut table = root;
    for name in dotted.split('.') {
        table = table
            .entry(name)
            .or_insert_with(|| Item::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| format!("`{name}` is not a table"))?;
    }
    Ok(table)
}

/// Replaces a file by a new text, or leaves it as it was; a new one only the user can read.
///
/// A link stays a link, and what it leads to is replaced; modes stay as they are.
pub(crate) fn write_whole(file: &Path, text: &str) -> std::io::Result<()> {
    let file = &followed(file)?;
    if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
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
fn followed(name: &Path) -> std::io::Result<PathBuf> {
    let mut file = name.to_owned();
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&file) else {
            return Ok(file);
        };
        // A relative target is meant from the link's own folder.
        file = file.parent().unwrap_or_else(|| Path::new("")).join(target);
    }
    Err(std::io::Error::other("its links lead in a circle"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_added_and_comments_stay() {
        let text = "# mine\n[trust]\nhosts = [\"mx.example.org\"] # provider\n";
        let add = |host: &str| ("trust", "hosts", Answer::Add(host.to_owned()));
        let new = with_answers(text, &[add("mx2.example.org"), add("mx.example.org")]).unwrap();
        assert_eq!(
            new,
            "# mine\n[trust]\nhosts = [\"mx.example.org\", \"mx2.example.org\"] # provider\n"
        );
    }

    #[test]
    fn missing_tables_are_made() {
        let new = with_answers(
            "",
            &[
                ("delivery", "transport", Answer::Set("smtp".to_owned())),
                ("delivery.smtp", "port", Answer::Number(465)),
            ],
        )
        .unwrap();
        assert_eq!(
            new,
            "[delivery]\ntransport = \"smtp\"\n\n[delivery.smtp]\nport = 465\n"
        );
    }

    #[test]
    fn the_file_is_only_the_users() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/config.toml");
        remember(
            &file,
            &[(
                "identity",
                "mailbox",
                Answer::Set("a@example.org".to_owned()),
            )],
        )
        .unwrap();
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link_and_modes_stay_as_they_are() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("dotfiles")).unwrap();
        fs::write(at("dotfiles/plaint.toml"), "[delivery] # mine\n").unwrap();
        fs::set_permissions(
            at("dotfiles/plaint.toml"),
            fs::Permissions::from_mode(0o640),
        )
        .unwrap();
        std::os::unix::fs::symlink("dotfiles/plaint.toml", at("config.toml")).unwrap();
        std::os::unix::fs::symlink("dotfiles/new.toml", at("other.toml")).unwrap();
        let answer = [("delivery", "transport", Answer::Set("none".to_owned()))];
        for (link, target, mode, text) in [
            (
                "config.toml",
                "dotfiles/plaint.toml",
                0o640,
                "[delivery] # mine\ntransport = \"none\"\n",
            ),
            (
                "other.toml",
                "dotfiles/new.toml",
                0o600,
                "[delivery]\ntransport = \"none\"\n",
            ),
        ] {
            remember(&at(link), &answer).unwrap();
            assert!(at(link).is_symlink(), "{link}");
            assert_eq!(fs::read_to_string(at(target)).unwrap(), text);
            let its = fs::metadata(at(target)).unwrap().permissions().mode();
            assert_eq!(its & 0o777, mode, "{link}");
        }
        std::os::unix::fs::symlink("circle.toml", at("circle.toml")).unwrap();
        assert!(remember(&at("circle.toml"), &answer).is_err());
    }
}
