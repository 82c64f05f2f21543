//! Exports, corrects, forgets or purges the user's own data.
//!
//! In: the ledger. Out: everything in it, or less of it.
//! Trust: nothing is sent anywhere; there is no telemetry to ask about.
//! Failures: the ledger's own; an age that is none.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};

use super::Session;
use super::flags::{DataArgs, DataCommand};
use super::input::no_answer;
use crate::failure::{Exit, Failure};
use crate::intake::Untrusted;
use crate::ledger::{ExportError, Forgotten, Ledger, LedgerError};
use crate::term::Term;

/// Runs the command.
pub(crate) fn run(args: DataArgs, session: &mut Session) -> Result<Exit, Failure> {
    let mut ledger = session.open_ledger()?;
    let now = session.now();
    match args.command {
        DataCommand::Export => export(session, &ledger),
        DataCommand::Correct { old, new } => {
            let corrected = ledger.correct(&old, &new, now)?;
            session.term.status(&format!(
                "{} notes have it right now; {} complaints are to be composed anew; {} were sent \
                 as they were, and stay so.",
                corrected.notes, corrected.cancelled, corrected.sent
            ));
            session
                .term
                .hint("the settings are yours to correct: `[identity]` in the settings file");
            Ok(Exit::Done)
        }
        DataCommand::Forget { what } => forget(session, &mut ledger, &what, now),
        DataCommand::Purge { older_than } => {
            let age = age(&older_than)?;
            let before = now.checked_sub(age).map_err(|_| no_age(&older_than))?;
            if session.asker.can_ask() {
                let question = format!(
                    "Forget all cases that are older than {}, with their complaints and what became of them?",
                    older_than.trim()
                );
                if !session.ask().yes(&question).map_err(|e| no_answer(&e))? {
                    session.term.status("Nothing was forgotten.");
                    return Ok(Exit::Done);
                }
            }
            let forgotten = ledger.purge(before, now)?;
            told(session, forgotten);
            Ok(Exit::Done)
        }
    }
}

/// Writes to stdout through the terminal; pieces end between two characters.
struct Out<'t>(&'t mut Term);

impl Write for Out<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.foreign(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn export(session: &mut Session, ledger: &Ledger) -> Result<Exit, Failure> {
    match ledger.export_all(&mut Out(&mut session.term)) {
        Ok(()) => Ok(Exit::Done),
        Err(ExportError::Ledger(error)) => Err(error.into()),
        Err(ExportError::Io(error)) => {
            Err(Failure::new(Exit::Io, "the ledger cannot be written out").because(error))
        }
    }
}

/// Forgets a complaint by its number, a desk by its mailbox, or anything else by its text.
fn forget(
    session: &mut Session,
    ledger: &mut Ledger,
    what: &str,
    now: Timestamp,
) -> Result<Exit, Failure> {
    let shown = Untrusted::text(what);
    if what.trim().len() < 3 && what.trim().parse::<i64>().is_err() {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{shown}` is too short to be forgotten wherever it stands"),
        )
        .remedy("name the number of a complaint, a desk's mailbox, or an address"));
    }
    if session.asker.can_ask() {
        let question = format!("Forget `{shown}` for good, everywhere in the ledger?");
        let yes = session.ask().yes(&question).map_err(|e| no_answer(&e))?;
        if !yes {
            session.term.status("Nothing was forgotten.");
            return Ok(Exit::Done);
        }
    }
    let forgotten = match ledger.find(what) {
        Ok(id) => ledger.forget_complaint(id, now)?,
        Err(LedgerError::Missing(_)) if is_desk(ledger, what)? => {
            let mut forgotten = ledger.forget_desk(what, now)?;
            let rest = ledger.forget_text(what, now)?;
            forgotten.cases += rest.cases;
            forgotten.complaints += rest.complaints;
            forgotten.lookups += rest.lookups;
            forgotten.notes += rest.notes;
            forgotten
        }
        Err(LedgerError::Missing(_)) => ledger.forget_text(what, now)?,
        Err(error) => return Err(error.into()),
    };
    if forgotten.is_nothing() {
        session
            .term
            .status(&format!("`{shown}` stands nowhere in the ledger."));
        return Ok(Exit::NothingToReport);
    }
    told(session, forgotten);
    Ok(Exit::Done)
}

/// Returns whether a text is a desk that complaints went to.
fn is_desk(ledger: &Ledger, what: &str) -> Result<bool, LedgerError> {
    let key = what.to_ascii_lowercase();
    let record = ledger.desk(&key)?;
    Ok(ledger.has_desk(&key)? || record.is_known())
}

fn told(session: &mut Session, forgotten: Forgotten) {
    if forgotten.is_nothing() {
        session.term.status("There was nothing to forget.");
        return;
    }
    session.term.status(&format!(
        "Forgotten: {} cases, {} complaints, {} lookups, {} notes. What stays are keys that tell \
         nothing: should the same mail come again, you are told before it is reported twice.",
        forgotten.cases, forgotten.complaints, forgotten.lookups, forgotten.notes
    ));
}

/// Reads an age: a number and `d`, `w`, `m` or `y`.
fn age(text: &str) -> Result<SignedDuration, Failure> {
    let text = text.trim();
    let unit = text.chars().last().unwrap_or_default();
    let days = match unit {
        'd' => 1,
        'w' => 7,
        'm' => 30,
        'y' => 365,
        _ => return Err(no_age(text)),
    };
    let number = text.get(..text.len() - unit.len_utf8()).unwrap_or_default();
    number
        .parse::<u32>()
        .ok()
        .filter(|number| *number <= 10_000)
        .map(|number| SignedDuration::from_hours(i64::from(number) * days * 24))
        .ok_or_else(|| no_age(text))
}

fn no_age(text: &str) -> Failure {
    Failure::new(Exit::Usage, format!("`{text}` is not an age"))
        .remedy("for example: `--older-than 90d`, `12w`, `6m` or `2y`; nothing was changed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_and_a_unit() {
        let days = |text| age(text).map(|age| age.as_hours() / 24).ok();
        assert_eq!(days("90d"), Some(90));
        assert_eq!(days("12w"), Some(84));
        assert_eq!(days("2y"), Some(730));
        for text in ["", "90", "d", "-1d", "1h", "99999y", "9\u{e9}"] {
            assert_eq!(days(text), None, "{text:?}");
        }
    }
}
