//! Reads bounces and answers, and moves their cases on.
//!
//! In: mailboxes and messages. Out: what they change in the ledger, shown before it is done.
//! Trust: what only names a desk's mailbox anybody can have written, and what comes from somebody else than
//! the desk anybody who saw the complaint; it changes nothing unless the user says so.
//! Failures: a file that cannot be read is named, and the others are read.

use std::ops::ControlFlow;
use std::path::Path;

use jiff::SignedDuration;

use super::flags::RepliesArgs;
use super::input::{cannot_open, cannot_read, no_answer, no_message};
use super::{Session, remind, writer};
use crate::delivery::answer::{self, Answer, Kind};
use crate::failure::{Exit, Failure};
use crate::intake::mbox::{self, Start};
use crate::intake::{self, LIMIT, Message, Origin, Source, Untrusted};
use crate::ledger::{DeskMark, Ledger, Taking};

/// How long after it went out a complaint that nobody answered is still spoken of.
const SILENCE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Complaints without an answer that are named.
const SILENT_LINES: usize = 5;

/// An answer, and what it changes.
struct Read {
    answer: Answer,
    taking: Taking,
    /// Whether From names neither the desk nor the user's own mail system.
    is_strange: bool,
}

impl Read {
    /// Returns the place of the question that stands for it: what is sure has none of its own without a terminal.
    const fn question(&self) -> usize {
        match (self.taking.how.is_sure(), self.is_strange) {
            (true, false) => 0,
            (true, true) => 1,
            (false, _) => 2,
        }
    }
}

/// What is asked of the answers, the surest first.
const QUESTIONS: [&str; 3] = [
    "Write this down?",
    "And what is from somebody else than the desk?",
    "And what only fits by its mailbox?",
];

/// What the files held.
#[derive(Default)]
struct Found {
    read: Vec<Read>,
    known: usize,
    strange: usize,
    /// Why files could not be read.
    unread: Vec<Failure>,
}

/// Runs the command.
pub(crate) fn run(args: RepliesArgs, session: &mut Session) -> Result<Exit, Failure> {
    let mut ledger = session.open_ledger()?;
    let mut found = Found::default();
    let mut exit = Exit::Done;
    for file in &args.files {
        let read = one_input(file, session, &ledger, &mut found);
        for failure in found.unread.drain(..).chain(read.err()) {
            session.term.failure(&failure);
            exit = exit.graver(failure.exit);
        }
    }
    tell(session, &found);
    if args.dry_run {
        session
            .term
            .status("Nothing was changed: this was a dry run.");
        return Ok(exit);
    }
    let taken = take(session, &mut ledger, found.read)?;
    propose(session, &ledger)?;
    if taken == 0 && exit == Exit::Done {
        exit = Exit::NothingToReport;
    }
    Ok(exit)
}

/// Reads what stands behind one name; a folder's files that cannot be read are noted in `found`.
fn one_input(
    input: &Path,
    session: &Session,
    ledger: &Ledger,
    found: &mut Found,
) -> Result<(), Failure> {
    let name = input.to_string_lossy().into_owned();
    match Source::open(input).map_err(|e| cannot_open(&name, &e))? {
        Source::Message(octets) => {
            let message = intake::read(octets, Origin::single(&name))
                .map_err(|error| no_message(&name, &error))?;
            weigh(&message, session, ledger, session.now(), found)
        }
        Source::Folder(files) => {
            for file in &files {
                let name = file.to_string_lossy();
                let read = match Source::open(file) {
                    Ok(source) => messages(&name, source, session, ledger, found)?,
                    Err(error) => Err(cannot_open(&name, &error)),
                };
                found.unread.extend(read.err());
            }
            Ok(())
        }
        source => messages(&name, source, session, ledger, found)?,
    }
}

/// Reads one file, message by message; what reading it fails with is the inner failure.
fn messages(
    name: &str,
    source: Source,
    session: &Session,
    ledger: &Ledger,
    found: &mut Found,
) -> Result<Result<(), Failure>, Failure> {
    let now = session.now();
    let mut one = |octets: Vec<u8>| -> Result<(), Failure> {
        let Ok(message) = intake::read(octets, Origin::single(name)) else {
            found.strange += 1;
            return Ok(());
        };
        weigh(&message, session, ledger, now, found)
    };
    match source {
        Source::Message(octets) => one(octets).map(Ok),
        // A folder's folders are left alone.
        Source::Folder(_) => Ok(Ok(())),
        Source::Mailbox(input, _) => {
            let mut taken = Ok(());
            let read = mbox::each(input, Start::default(), LIMIT + 1, |_, entry| {
                taken = one(entry.unquoted().into_owned());
                match &taken {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            taken.map(|()| read.map_err(|error| cannot_read(name, &error)))
        }
    }
}

/// Reads one message, and finds what it is about.
fn weigh(
    message: &Message,
    session: &Session,
    ledger: &Ledger,
    now: jiff::Timestamp,
    found: &mut Found,
) -> Result<(), Failure> {
    let answer = answer::read(message, &session.rules);
    match ledger.weigh(message, &answer, now)? {
        Some(taking) if taking.is_known => found.known += 1,
        Some(taking) => {
            let is_strange = writer::is_stranger(&answer, message, &taking.desk, session, ledger)?;
            found.read.push(Read {
                answer,
                taking,
                is_strange,
            });
        }
        None => found.strange += 1,
    }
    Ok(())
}

/// Says what was found, and what it would change.
fn tell(session: &mut Session, found: &Found) {
    for read in &found.read {
        let taking = &read.taking;
        let desk = Untrusted::text(&taking.desk);
        // Of somebody else it is not said what the desk says.
        let says = match read.is_strange {
            true => read.answer.says.replacen("The desk", "Its writer", 1),
            false => read.answer.says.clone(),
        };
        session
            .term
            .answer(&format!("Complaint {} to {desk}: {says}", taking.id));
        session
            .term
            .answer(&format!("  From: {}", read.answer.from));
        for line in changes(read) {
            session.term.answer(&format!("  {line}"));
        }
        if let Some(next) = next_step(&read.answer, taking) {
            session.term.answer(&format!("  Next: {next}"));
        }
    }
    let count = |n: usize, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let rest: Vec<String> = [
        count(found.known, "was read before", "were read before"),
        count(
            found.strange,
            "is about no complaint of yours",
            "are about no complaint of yours",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !rest.is_empty() {
        let line = rest.join(", ");
        session.term.status(&if found.read.is_empty() {
            format!("Of what was read, {line}.")
        } else {
            format!("Of the others, {line}.")
        });
    }
}

/// Returns what an answer would change, a sentence each.
fn changes(read: &Read) -> Vec<String> {
    let taking = &read.taking;
    let mut lines = Vec::new();
    if let Some(state) = taking.moves_to {
        lines.push(format!("It moves from {} to {state}.", taking.state));
    }
    for mark in &taking.marks {
        lines.push(match mark {
            DeskMark::Dead { until, why } => format!(
                "The desk counts as dead until {} ({why}).",
                until.strftime("%Y-%m-%d")
            ),
            DeskMark::Alive => "The desk takes mail again.".to_owned(),
            DeskMark::Form(url) => {
                format!("The desk wants its form: {}.", Untrusted::text(url))
            }
            DeskMark::RefusesMunged => "The desk wants nothing to be masked.".to_owned(),
            DeskMark::HeadersOnly => {
                "The desk's filter refused the message; headers alone may pass.".to_owned()
            }
            DeskMark::Forwarded(mailbox) => {
                format!("The desk points to {}.", Untrusted::text(mailbox))
            }
        });
    }
    if read.question() == 1 {
        lines.push(
            "That is not the desk's name: anybody who saw the complaint can have written this. It is taken if you say so."
                .to_owned(),
        );
    }
    if !taking.how.is_sure() {
        lines.push(
            "Only the desk's mailbox fits: anybody can have written this. It is taken if you say so."
                .to_owned(),
        );
    }
    lines
}

/// Returns what the user could do next.
fn next_step(answer: &Answer, taking: &Taking) -> Option<String> {
    let id = taking.id;
    Some(match &answer.kind {
        Kind::Bounce(failed) if failed.iter().any(|one| one.permanent) => format!(
            "`plaint log show {id}` names the address; `plaint lookup` may name another desk for it"
        ),
        Kind::UseForm => {
            format!("fill in the form, then `plaint outbox mark {id} sent`")
        }
        Kind::NotOurs => format!(
            "`plaint log show {id}` names the address; `plaint lookup --explain` shows who else answers for it"
        ),
        Kind::RefusesMunged => {
            "a complaint with `--munge none` shows your address to the desk, and to whom it tells"
                .to_owned()
        }
        Kind::Challenge => "answer it in your mail program, if you want to".to_owned(),
        Kind::Feedback(_) => {
            "the desk's provider took the complaint for spam; tell the desk another way".to_owned()
        }
        Kind::Human => "read it in your mail program; an answer to it is yours to write".to_owned(),
        _ => return None,
    })
}

/// Names the complaints that nobody answered for long, and what can be done.
fn propose(session: &mut Session, ledger: &Ledger) -> Result<(), Failure> {
    let now = session.now();
    let to = now.checked_sub(remind::patience(&session.config));
    let (Ok(from), Ok(to)) = (now.checked_sub(SILENCE), to) else {
        return Ok(());
    };
    let silent = ledger.silent(from, to)?;
    for line in silent.iter().take(SILENT_LINES) {
        session.term.status(&format!(
            "No answer to complaint {} to {}, agreed to on {}: `plaint outbox remind {}` reminds the desk.",
            line.id,
            Untrusted::text(&line.desk),
            line.approved.unwrap_or(line.changed).strftime("%Y-%m-%d"),
            line.id
        ));
    }
    if let Some(more @ 1..) = silent.len().checked_sub(SILENT_LINES) {
        session
            .term
            .status(&format!("{more} more had no answer for as long."));
    }
    Ok(())
}

/// Writes down what the user agrees to; without a terminal, what is sure.
fn take(session: &mut Session, ledger: &mut Ledger, read: Vec<Read>) -> Result<usize, Failure> {
    let now = session.now();
    session.term.flush();
    let (mut taken, mut left) = (0, 0);
    let mut groups: [Vec<Read>; QUESTIONS.len()] = Default::default();
    for one in read {
        if let Some(group) = groups.get_mut(one.question()) {
            group.push(one);
        }
    }
    for (place, (group, question)) in groups.into_iter().zip(QUESTIONS).enumerate() {
        if group.is_empty() {
            continue;
        }
        let yes = if session.asker.can_ask() {
            session.ask().yes(question).map_err(|e| no_answer(&e))?
        } else {
            left += if place > 0 { group.len() } else { 0 };
            place == 0
        };
        if yes {
            for one in group {
                ledger.take(&one.taking, now)?;
                taken += 1;
            }
        }
    }
    session.term.status(&match taken {
        0 => "Nothing was written down.".to_owned(),
        1 => "1 answer was written down.".to_owned(),
        n => format!("{n} answers were written down."),
    });
    if left > 0 {
        session
            .term
            .hint("the same command on a terminal asks about what is not sure");
    }
    Ok(taken)
}
