//! Writes down what the user answered, so that he is not asked again.
//!
//! In: answers. Out: the settings file, and in [`Config`](crate::config::Config) whether it holds them.
//! Failures: answers hold for the run whether they are written or not, so that what cannot be written is a
//! warning; only a question that was broken off is a failure.

use std::path::Path;

use super::Session;
use super::input::no_answer;
use crate::config::{Answer, Kept, can_be_replaced, remember};
use crate::failure::Failure;
use crate::intake::Untrusted;

/// Offers to write answers down.
pub(super) fn offer(
    session: &mut Session,
    answers: &[(&str, &str, Answer)],
) -> Result<(), Failure> {
    let Some(file) = session.config.file.clone() else {
        session.config.kept = Kept::NotAll;
        return Ok(());
    };
    if let Err(error) = can_be_replaced(&file) {
        warn(session, &file, &error.to_string());
        return Ok(());
    }
    let question = format!("Write this to {}?", shown(&file));
    if !session.ask().agrees(&question).map_err(|e| no_answer(&e))? {
        if session.config.kept == Kept::All {
            session.config.kept = Kept::NotAll;
        }
        return Ok(());
    }
    write(session, answers, "Written to");
    Ok(())
}

/// Writes answers down; `done` is said before the file's name.
pub(super) fn write(session: &mut Session, answers: &[(&str, &str, Answer)], done: &str) {
    let Some(file) = session.config.file.clone() else {
        session.config.kept = Kept::NotAll;
        return;
    };
    match remember(&file, answers) {
        Ok(()) => {
            let said = format!("{done} {}.", shown(&file));
            session.term.status(&said);
        }
        Err(failure) => warn(session, &file, &failure.because.join(": ")),
    }
}

fn warn(session: &mut Session, file: &Path, why: &str) {
    session.config.kept = Kept::Failed;
    session.term.warning(&format!(
        "{} cannot be written ({}): your answer holds for this run only",
        shown(file),
        Untrusted::text(why)
    ));
}

fn shown(file: &Path) -> String {
    Untrusted::text(&file.display().to_string()).to_string()
}
