//! Writes answers back into the settings file, leaving the rest of it as it is.
//!
//! In: the file, a table, a key, a value. Out: the file with that key set, or the list longer by one.
//! Failures: a [`Failure`] names the file; the old file stays whole (write beside it, then rename).

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use crate::failure::{Exit, Failure};

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

/// Replaces a file by a new text, or leaves it as it was; only the user can read it.
pub(crate) fn write_whole(file: &Path, text: &str) -> std::io::Result<()> {
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
    let written = new
        .write_all(text.as_bytes())
        .and_then(|()| new.sync_all())
        .and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // The old file is whole; a leftover beside it would only confuse.
        let _ = fs::remove_file(&beside);
    }
    written
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
}
