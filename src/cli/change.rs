//! Changes what complaints say before the user agrees to them: the kind of abuse, and his own words.
//!
//! In: what he wants changed, his answers at the terminal. Out: a kind; notes in [`Options`].
//! Trust: his words go through the masking and the leak check like the rest of the text.
//! Failures: who gives up at a question gives up the complaint: nothing is sent.

use super::Session;
use super::agree::KEPT;
use super::input::no_answer;
use crate::complaint::{NOTE_CHARS, Options};
use crate::evidence::Kind;
use crate::failure::Failure;
use crate::intake::Untrusted;
use crate::term::{TtyError, editor};

/// What opens the editor instead of a line.
const EDIT: &str = "edit";

/// Returns the failure for a question that got no answer while the complaints stand composed.
fn given_up(error: &TtyError) -> Failure {
    no_answer(error).remedy(format!("nothing was sent; {KEPT}"))
}

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
        .map_err(|e| given_up(&e))?;
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
                .map_err(|e| given_up(&e))?;
            chosen.checked_sub(1).and_then(|at| desks.get(at))
        }
        _ => None,
    };
    let before = match desk {
        Some(desk) => options.notes.get(desk),
        None => options.note.as_ref(),
    };
    let before = before.cloned().unwrap_or_default();
    if !before.is_empty() {
        session
            .term
            .status("They take the place of what you wrote before.");
    }
    let whom = match (desk, desks) {
        (Some(desk), _) | (None, [desk]) => desk,
        (None, _) => "every desk",
    };
    let Some(text) = words(session, &before, whom)? else {
        return Ok(());
    };
    match (desk, text.is_empty()) {
        (Some(desk), true) => drop(options.notes.remove(desk)),
        (Some(desk), false) => drop(options.notes.insert(desk.clone(), text)),
        (None, true) => options.note = None,
        (None, false) => options.note = Some(text),
    }
    Ok(())
}

/// Reads lines up to an empty one, or what the user saved in his editor; `None` where all stays as it was.
fn words(session: &mut Session, before: &str, whom: &str) -> Result<Option<String>, Failure> {
    let editor = editor::chosen();
    let mut text = String::new();
    session.ask().flush().map_err(|e| given_up(&e))?;
    let mut how =
        format!("Your words, at most {NOTE_CHARS} characters; an empty line ends them.\n");
    if let Some(editor) = &editor {
        let name = Untrusted::text(editor).up_to(60);
        how.push_str(&format!("Type `{EDIT}` to write them in {name}.\n"));
    }
    session.ask().show(&how).map_err(|e| given_up(&e))?;
    loop {
        session.ask().show("> ").map_err(|e| given_up(&e))?;
        let line = session.ask().answer().map_err(|e| given_up(&e))?;
        if let Some(editor) = editor
            .as_ref()
            .filter(|_| text.is_empty() && line.trim() == EDIT)
        {
            return edited(session, editor, before, whom);
        }
        if line.trim().is_empty() {
            return Ok(Some(text));
        }
        if text.chars().count() + line.chars().count() >= NOTE_CHARS {
            session
                .term
                .status("That is too long; the last line was left out.");
            return Ok(Some(text));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line.trim_end());
    }
}

/// Lets the user write in his editor, until it is short enough; `None` where that failed.
fn edited(
    session: &mut Session,
    editor: &str,
    before: &str,
    whom: &str,
) -> Result<Option<String>, Failure> {
    let purpose = format!(
        "Your own words to {whom}, at most {NOTE_CHARS} characters.\n\
         Lines that begin with # are left out; an empty file means no words.\n\
         Saving sends nothing: the complaint is shown again, and needs its code."
    );
    let mut text = before.to_owned();
    loop {
        match session.ask().edit(editor, &text, &purpose) {
            Ok(saved) => text = saved,
            Err(error) => {
                session.term.warning(&format!(
                    "{}; your words are as they were",
                    Untrusted::text(&error.to_string())
                ));
                return Ok(None);
            }
        }
        let count = text.chars().count();
        if count <= NOTE_CHARS {
            return Ok(Some(text));
        }
        let question = format!("That is {count} characters, of at most {NOTE_CHARS}. Shorten it?");
        if !session.ask().yes(&question).map_err(|e| given_up(&e))? {
            session.term.status("Your words are as they were.");
            return Ok(None);
        }
    }
}
