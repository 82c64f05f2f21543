//! Writes answers back into the settings file, leaving the rest of it as it is.
//!
//! In: the file, a table, a key, a value. Out: the file with that key set, or the list longer by one.
//! Failures: a [`Failure`] names the file; the old file stays whole (write beside it, then rename).
//! Limits: comments inside a list that grows stay, as do those behind a value that is replaced.

use std::fs;
use std::path::Path;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::whole::{alone, write_whole};
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
    // Of two programs that remember something at once, the second reads what the first wrote.
    let _alone = alone(file).map_err(|error| cannot_write(file, error))?;
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
            Answer::Set(value) => set(place, key, Value::from(value.as_str())),
            Answer::Number(value) => set(place, key, Value::from(i64::from(*value))),
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

/// Sets a key; what stands around an old value, a comment behind it, stays.
fn set(place: &mut dyn TableLike, key: &str, mut value: Value) {
    if let Some(old) = place.get_mut(key).and_then(Item::as_value_mut) {
        *value.decor_mut() = old.decor().clone();
        *old = value;
    } else {
        place.insert(key, Item::Value(value));
    }
}

/// Returns the table of a dotted name, made where it is missing; one in braces is a table like another.
fn table_at<'d>(root: &'d mut Table, dotted: &str) -> Result<&'d mut dyn TableLike, String> {
    let mut table: &mut dyn TableLike = root;
    let mut in_braces = false;
    for name in dotted.split('.') {
        let next = table.entry(name).or_insert_with(|| match in_braces {
            true => Item::Value(Value::InlineTable(InlineTable::new())),
            false => Item::Table(Table::new()),
        });
        in_braces = next.is_inline_table();
        table = next
            .as_table_like_mut()
            .ok_or_else(|| format!("`{name}` is not a table"))?;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::super::Config;
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
    fn a_table_in_braces_is_written_into_as_others_are() {
        let text =
            "identity = { name = \"Jane\" } # me\ndelivery = { timeout_s = 30 }\ntrust = {}\n";
        let new = with_answers(
            text,
            &[
                (
                    "identity",
                    "mailbox",
                    Answer::Set("a@example.org".to_owned()),
                ),
                ("delivery.smtp", "port", Answer::Number(465)),
                ("delivery.smtp", "host", Answer::Set("s.example".to_owned())),
                ("trust", "hosts", Answer::Add("mx.example.org".to_owned())),
            ],
        )
        .unwrap();
        let config = Config::parse(&new, Path::new("config.toml")).unwrap();
        assert_eq!(config.identity.mailbox.as_deref(), Some("a@example.org"));
        assert_eq!(config.identity.name.as_deref(), Some("Jane"));
        assert_eq!(config.delivery.timeout_s, 30);
        let smtp = config.delivery.smtp.unwrap();
        assert_eq!((smtp.port, smtp.host.as_str()), (Some(465), "s.example"));
        assert_eq!(config.trust.hosts, ["mx.example.org"]);
        assert!(new.contains("} # me\n"), "{new}");
    }

    #[test]
    fn what_stands_behind_a_value_that_is_replaced_stays() {
        let text = "[delivery]\ntransport = \"none\" # for now\n";
        let answer = ("delivery", "transport", Answer::Set("smtp".to_owned()));
        assert_eq!(
            with_answers(text, &[answer]).unwrap(),
            "[delivery]\ntransport = \"smtp\" # for now\n"
        );
    }

    #[test]
    fn what_is_remembered_at_once_is_all_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let file = &file;
                scope.spawn(move || {
                    let host = Answer::Add(format!("mx{n}.example.org"));
                    remember(file, &[("trust", "hosts", host)]).unwrap();
                });
            }
        });
        let config = Config::load(Some(&file)).unwrap();
        assert_eq!(config.trust.hosts.len(), 8, "{:?}", config.trust.hosts);
        // Nothing is left beside it.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_regular_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("config.toml");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let answer = [("delivery", "transport", Answer::Set("none".to_owned()))];
        for file in [pipe.as_path(), folder.path()] {
            let failure = remember(file, &answer).unwrap_err();
            assert_eq!(failure.because, ["it is no regular file"], "{failure}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
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
