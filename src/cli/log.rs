//! Shows what was reported, to whom, and what became of it.
//!
//! In: the ledger. Out: lists, one complaint, exports, counts.
//! Failures: the ledger's own.

use std::io::{self, Write};

use serde::Serialize;

use super::flags::{LogArgs, LogCommand};
use super::{Session, say};
use crate::consent::State;
use crate::failure::{Exit, Failure};
use crate::ledger::{By, ExportError, Filter, Form, Happened, Kept, Ledger, Line};
use crate::term::{Table, Term};

/// Lines of a list where the command line sets none.
const MOST: u32 = 50;

/// Runs the command.
pub(crate) fn run(args: LogArgs, session: &mut Session) -> Result<Exit, Failure> {
    let ledger = session.open_ledger()?;
    let command = args.command.unwrap_or(LogCommand::List {
        search: None,
        json: false,
        most: MOST,
    });
    match command {
        LogCommand::List { search, json, most } => list(session, &ledger, search, json, most),
        LogCommand::Show { id, json, octets } => {
            let id = ledger.find(&id)?;
            show(session, &ledger, id, json, octets)
        }
        LogCommand::Export { form } => export(session, &ledger, &form),
        LogCommand::Stats { by, json } => stats(session, &ledger, &by, json),
    }
}

fn list(
    session: &mut Session,
    ledger: &Ledger,
    search: Option<String>,
    json: bool,
    most: u32,
) -> Result<Exit, Failure> {
    let is_whole = search.is_none();
    let lines = ledger.lines(&Filter {
        text: search,
        states: Vec::new(),
        most: Some(most),
    })?;
    if json {
        for line in &lines {
            session.term.json(&line.object());
        }
        return Ok(Exit::Done);
    }
    if lines.is_empty() {
        session.term.status(if is_whole {
            "The log is empty: nothing was reported yet."
        } else {
            "The log has nothing of that kind."
        });
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["id", "when", "state", "desk", "about", "reference"]);
    for line in &lines {
        table.row([
            line.id.to_string(),
            say::utc(line.changed),
            line.state.word().to_owned(),
            line.desk.clone(),
            line.source_addr.clone(),
            line.reference.clone(),
        ]);
    }
    session.term.table(&table);
    if u32::try_from(lines.len()).is_ok_and(|count| count == most) {
        session
            .term
            .hint(&format!("only {most} are shown; `--most N` shows more"));
    }
    Ok(Exit::Done)
}

/// One complaint as `--json` has it.
#[derive(Serialize)]
struct Shown<'a> {
    schema: u32,
    complaint: &'a Line,
    network: Option<String>,
    history: &'a [Happened],
    text: &'a str,
}

fn show(
    session: &mut Session,
    ledger: &Ledger,
    id: i64,
    json: bool,
    octets: bool,
) -> Result<Exit, Failure> {
    let kept = ledger.kept(id)?;
    if octets {
        session.term.foreign(&kept.recorded.complaint.octets);
        return Ok(Exit::Done);
    }
    let line = ledger.line(id)?;
    let history = ledger.happened(id)?;
    if json {
        session.term.json(&Shown {
            schema: 1,
            complaint: &line,
            network: ledger.network_of(id)?,
            history: &history,
            text: &kept.recorded.complaint.text,
        });
        return Ok(Exit::Done);
    }
    told(&mut session.term, &kept, &line, &history);
    Ok(Exit::Done)
}

/// Writes one complaint out for a person.
fn told(term: &mut Term, kept: &Kept, line: &Line, history: &[Happened]) {
    let complaint = &kept.recorded.complaint;
    let mut facts = vec![
        ("Complaint", line.id.to_string()),
        ("Reference", line.reference.clone()),
        ("State", line.state.to_string()),
        ("To", line.desk.clone()),
        ("Because", complaint.desk.why.clone()),
        ("About", line.source_addr.clone()),
        ("Subject", line.subject.clone()),
        ("Message-ID", format!("<{}>", line.message_id)),
    ];
    if let Some(said) = &line.said {
        facts.push(("Last word", said.clone()));
    }
    if kept.maybe_arrived && line.state != State::Unknown {
        facts.push((
            "Note",
            "an earlier try may have arrived, nobody knows".to_owned(),
        ));
    }
    for (name, value) in facts {
        term.answer(&format!("{:<12}{value}", format!("{name}:")));
    }
    term.answer("");
    for event in history {
        let detail = event
            .detail
            .as_ref()
            .map(|detail| format!("  {detail}"))
            .unwrap_or_default();
        term.answer(&format!(
            "{}  {:<11}{detail}",
            say::utc(event.at),
            event.event
        ));
    }
    term.answer("");
    for text in complaint.text.lines() {
        let text = crate::intake::Untrusted::text(text).up_to(998);
        term.answer(&format!("  {text}"));
    }
}

/// Writes to stdout through the terminal, which minds a reader that went away; pieces end between two characters.
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

fn export(session: &mut Session, ledger: &Ledger, form: &str) -> Result<Exit, Failure> {
    let form = Form::of_word(form)
        .ok_or_else(|| Failure::new(Exit::Usage, format!("`{form}` is no form of the log")))?;
    match ledger.export(form, &mut Out(&mut session.term)) {
        Ok(()) => Ok(Exit::Done),
        Err(ExportError::Ledger(error)) => Err(error.into()),
        Err(ExportError::Io(error)) => {
            Err(Failure::new(Exit::Io, "the log cannot be written out").because(error))
        }
    }
}

fn stats(session: &mut Session, ledger: &Ledger, by: &str, json: bool) -> Result<Exit, Failure> {
    let by = By::of_word(by)
        .ok_or_else(|| Failure::new(Exit::Usage, format!("nothing is counted by `{by}`")))?;
    let counts = ledger.stats(by)?;
    if json {
        for count in &counts {
            session.term.json(count);
        }
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        "name", "sent", "accepted", "refused", "unknown", "answered", "after", "sources", "went on",
    ]);
    for count in &counts {
        table.row([
            count.name.clone(),
            count.agreed.to_string(),
            count.accepted.to_string(),
            count.refused.to_string(),
            count.unknown.to_string(),
            count.answered.to_string(),
            count
                .answered_after_h
                .map(|hours| format!("{hours} h"))
                .unwrap_or_default(),
            count.sources.to_string(),
            count.went_on.to_string(),
        ]);
    }
    if counts.is_empty() {
        session.term.status("Nothing was reported yet.");
    } else {
        session.term.table(&table);
    }
    Ok(Exit::Done)
}
