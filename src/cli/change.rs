//! Changes what complaints say before the user agrees to them: the kind of abuse, and his own words.
//!
//! In: what he wants changed, his answers at the terminal. Out: a kind; notes in [`Options`].
//! Trust: his words go through the masking and the leak check like the rest of the text.
//! Failures: who gives up at a question gives up the complaint: nothing is sent.

use super::Session;
use super::input::no_answer;
use crate::complaint::{NOTE_CHARS, Options};
use crate::evidence::Kind;
use crate::failure::Failure;

/// Asks what the mail is to be called; Enter leaves it.
pub(super) fn kind(session: &mut Session, now: Kind) -> Result<Kind, Failure> {
    let others = Kind::ALL.into_iter().filter(|kind| *kind != now);
    let kinds: Vec<Kind> = std::iter::once(now).chain(others).collect();
    let rows: Vec<String> = kinds
        .iter()
        .map(|kind| format!("{:<12} {}", kind.word(), meaning(*kind)))
        .collect();
    let chosen = session
        .ask()
        .one_of("What is this mail?", &rows)
        .map_err(|e| no_answer(&e))?;
    Ok(kinds.get(chosen).copied().unwrap_or(now))
}

const fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Spam => "advertising that nobody asked for",
        Kind::Phishing => "wants passwords or card numbers in another's name",
        Kind::AdvanceFee => "promises money, and asks for some first",
        Kind::Malware => "carries or links a hostile program",
        Kind::Newsletter => "of a sender that has a name, and was not asked for",
    }
}

/// Asks for the user's own words, to one desk or to all, and keeps them in the options.
///
/// What he writes takes the place of what stood there; nothing takes it away.
pub(super) fn note(
    session: &mut Session,
    desks: &[String],
    options: &mut Options,
) -> Result<(), Failure> {
    let desk = match desks {
        [_, _, ..] => {
            let rows: Vec<String> = std::iter::once("all desks".to_owned())
                .chain(desks.iter().map(|desk| format!("only {desk}")))
                .collect();
            let chosen = session
                .ask()
                .one_of("For whom are your words?", &rows)
                .map_err(|e| no_answer(&e))?;
            chosen.checked_sub(1).and_then(|at| desks.get(at))
        }
        _ => None,
    };
    let before = match desk {
        Some(desk) => options.notes.get(desk),
        None => options.note.as_ref(),
    };
    if before.is_some() {
        session
            .term
            .status("They take the place of what you wrote before.");
    }
    let text = words(session)?;
    match (desk, text.is_empty()) {
        (Some(desk), true) => drop(options.notes.remove(desk)),
        (Some(desk), false) => drop(options.notes.insert(desk.clone(), text)),
        (None, true) => options.note = None,
        (None, false) => options.note = Some(text),
    }
    Ok(())
}

/// Reads lines up to an empty one.
fn words(session: &mut Session) -> Result<String, Failure> {
    let mut text = String::new();
    session.ask().flush().map_err(|e| no_answer(&e))?;
    let how = format!("Your words, at most {NOTE_CHARS} characters; an empty line ends them.\n");
    session.ask().show(&how).map_err(|e| no_answer(&e))?;
    loop {
        session.ask().show("> ").map_err(|e| no_answer(&e))?;
        let line = session.ask().answer().map_err(|e| no_answer(&e))?;
        if line.trim().is_empty() {
            return Ok(text);
        }
        if text.chars().count() + line.chars().count() >= NOTE_CHARS {
            session
                .term
                .status("That is too long; the last line was left out.");
            return Ok(text);
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line.trim_end());
    }
}
