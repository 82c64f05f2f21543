//! Traces, looks up and holds every message of a mailbox; it can be broken off and gone on with.
//!
//! In: mailboxes, folders, messages. Out: complaints in the ledger, `held`, for `plaint review`.
//! Failures: a message that cannot be used is counted with its reason; the rest goes on.
//! Limits: nothing is asked but who complains; a message in doubt is held back until it is answered.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::attached::{self, Meant};
use super::flags::BatchArgs;
use super::report::is_reportable;
use super::way::{self, Plan, Way};
use super::{Session, find, identity, input, newsletter, question};
use crate::complaint::{Identity, Options, TOO_OLD};
use crate::consent::State;
use crate::contact::Finder;
use crate::evidence::Kind;
use crate::failure::{Exit, Failure};
use crate::intake::mbox::{self, Start};
use crate::intake::{self, IntakeError, Message, Origin, Source, Untrusted};
use crate::ledger::{Batch, Ledger, LedgerError, Standing};
use crate::rules::Rules;
use crate::term::goes_on;
use crate::trace::{self, Nature, Trace, Trust};

// what becomes of a message
mod became;
use became::Became;

/// What is asked about a mail in which another came as an attachment; no host is in question.
const ATTACHED: &str = "Is the spam the mail itself, or the one that is attached to it?";

/// What tells that question from those about hosts.
const ATTACHED_KEY: &str = "";

/// Questions that are told; those that hold most messages back stand first.
const QUESTIONS: usize = 5;

/// Runs the command.
pub(crate) fn run(args: BatchArgs, session: &mut Session) -> Result<Exit, Failure> {
    let mut ledger = session.open_ledger()?;
    let identity = identity::identity(session)?;
    let rules = Arc::clone(&session.rules);
    let mut work = Work {
        trust: question::trust(session, &ledger, &args.trust.trust)?,
        named: args.trust.trust.clone(),
        as_is: args.as_is,
        options: way::options(session, &args.compose)?,
        kind: args.compose.kind,
        finder: Finder::new(find::settings(session, args.offline)?, &rules),
        rules: &rules,
        identity,
        counts: BTreeMap::new(),
        open: BTreeMap::new(),
    };
    let mut exit = Exit::Done;
    goes_on();
    for input in &args.inputs {
        if let Err(failure) = take_input(input, &args, &mut work, session, &mut ledger) {
            session.term.failure(&failure);
            exit = exit.graver(failure.exit);
            // What is wrong with one input says nothing of the others; anything else does.
            if !matches!(failure.exit, Exit::CannotOpen | Exit::NotAMessage) {
                session.term.status("Ended early; what was done before:");
                break;
            }
        }
    }
    exit = exit.graver(close(session, &work.counts, args.json));
    tell_questions(session, &work.open);
    Ok(exit)
}

/// What a batch works with.
struct Work<'r> {
    trust: Trust,
    /// What was named with `--trust`.
    named: Vec<String>,
    /// Whether mails are taken as they are, whatever is attached to them.
    as_is: bool,
    options: Options,
    kind: Option<Kind>,
    finder: Finder<'r>,
    rules: &'r Rules,
    identity: Identity,
    counts: BTreeMap<Became, u64>,
    open: BTreeMap<String, Open>,
}

impl Work<'_> {
    /// Notes that a message waits for the answer to a question, which `key` tells from others.
    fn waits(&mut self, key: &str, text: &str, place: &str) {
        let open = self.open.entry(key.to_owned()).or_insert_with(|| Open {
            text: text.to_owned(),
            messages: 0,
            first: place.to_owned(),
        });
        open.messages += 1;
    }
}

/// A question that holds messages back until it is answered.
struct Open {
    text: String,
    messages: u64,
    /// Where the first of them stands.
    first: String,
}

/// Takes every message of one input.
fn take_input(
    input: &Path,
    args: &BatchArgs,
    work: &mut Work<'_>,
    session: &mut Session,
    ledger: &mut Ledger,
) -> Result<(), Failure> {
    let name = input.display().to_string();
    let source = Source::open(input).map_err(|e| input::cannot_open(&name, &e))?;
    let batch = ledger.begin_batch(&name, session.now())?;
    if batch.done > 0 {
        session.term.status(&format!(
            "Going on with {}: {} messages are done.",
            Untrusted::text(&name),
            batch.done
        ));
    }
    let mut desk = Counter {
        batch,
        place: 0,
        json: args.json,
        work,
        session,
        ledger,
    };
    let flow = match source {
        Source::Folder(files) => {
            if files.is_empty() {
                desk.session.term.status(&input::no_messages(&name));
            }
            desk.folder(&files)?
        }
        source => desk.messages(&name, source)??,
    };
    if flow.is_break() {
        return Ok(());
    }
    ledger.end_batch(batch, session.now())?;
    Ok(())
}

/// Takes messages one after another, and counts what became of them.
struct Counter<'c, 'r> {
    batch: Batch,
    /// How many messages were looked at, those of all files of a folder.
    place: u64,
    json: bool,
    work: &'c mut Work<'r>,
    session: &'c mut Session,
    ledger: &'c mut Ledger,
}

impl Counter<'_, '_> {
    /// Takes the messages of a folder's files; one that cannot be read is counted, and ends nothing.
    fn folder(&mut self, files: &[PathBuf]) -> Result<ControlFlow<()>, Failure> {
        for file in files {
            let name = file.display().to_string();
            let taken = match Source::open(file) {
                Ok(source) => self.messages(&name, source)?,
                Err(error) => Err(input::cannot_open(&name, &error)),
            };
            match taken {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
                Err(failure) => {
                    self.place += 1;
                    self.unreadable(&failure, Origin::single(name));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Takes the messages of one file; what reading it fails with is the inner failure.
    fn messages(
        &mut self,
        name: &str,
        source: Source,
    ) -> Result<Result<ControlFlow<()>, Failure>, Failure> {
        match source {
            // A folder's folders are left alone.
            Source::Folder(_) => Ok(Ok(ControlFlow::Continue(()))),
            Source::Message(octets) => {
                let origin = Origin::single(name);
                let message = intake::read(octets, origin.clone());
                self.next(name, origin, message).map(Ok)
            }
            Source::Mailbox(octets, size) => self.mailbox(name, octets, size),
        }
    }

    fn mailbox(
        &mut self,
        name: &str,
        octets: Box<dyn Read + Send>,
        size: Option<u64>,
    ) -> Result<Result<ControlFlow<()>, Failure>, Failure> {
        let progress = self.session.term.progress(size.unwrap_or(0), name);
        let mut ended = Ok(ControlFlow::Continue(()));
        let read = mbox::each(
            octets,
            Start::default(),
            intake::LIMIT + 1,
            |index, entry| {
                progress.at(entry.offset);
                let origin = Origin {
                    input: name.to_owned(),
                    index,
                    offset: entry.offset,
                };
                // The other one would go along as if it were this one's body.
                let message = if entry.is_joined {
                    Err(IntakeError::Joined)
                } else {
                    intake::read(entry.unquoted().into_owned(), origin.clone())
                };
                ended = self.next(name, origin, message);
                match &ended {
                    Ok(flow) => *flow,
                    Err(_) => ControlFlow::Break(()),
                }
            },
        );
        let flow = ended?;
        Ok(match read {
            Ok(()) => Ok(flow),
            Err(error) => Err(input::cannot_read(name, &error)),
        })
    }

    /// Says that something cannot be read, and counts it.
    fn unreadable(&mut self, failure: &Failure, origin: Origin) {
        self.session.term.failure(failure);
        self.show(Row::of(origin, None, Became::Unreadable.word()));
        *self.work.counts.entry(Became::Unreadable).or_default() += 1;
    }

    /// Shows a row where `--json` wants one, at once: a batch may be broken off at any time.
    fn show(&mut self, row: Row) {
        if self.json {
            self.session.term.json(&row);
            self.session.term.flush();
        }
    }

    /// Takes one message; breaks off where nobody reads what is said about it any more.
    fn next(
        &mut self,
        name: &str,
        origin: Origin,
        message: Result<Message, IntakeError>,
    ) -> Result<ControlFlow<()>, Failure> {
        let place = self.place;
        self.place += 1;
        match message {
            Ok(message) => self.take(place, message)?,
            Err(error) => {
                let failure = input::no_message(name, &error);
                let failure = match error {
                    IntakeError::Mailbox(_) => failure.remedy(
                        "it is split where its first line begins with `From ` and holds a date, unquoted; if it is one message, take off that line; nothing was sent",
                    ),
                    _ => failure,
                };
                self.unreadable(&failure, origin);
            }
        }
        Ok(if self.session.term.is_closed() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    /// Takes one message, unless it is done: then what became of it is shown once more.
    fn take(&mut self, place: u64, message: Message) -> Result<(), Failure> {
        let key = self.ledger.key_of_message(&message);
        if let Some(word) = self.ledger.batch_item(self.batch, place, key)? {
            let earlier = Became::of(&word);
            if earlier.is_none_or(Became::is_settled) {
                // The closing lines speak of the whole batch.
                if let Some(earlier) = earlier {
                    *self.work.counts.entry(earlier).or_default() += 1;
                }
                if self.json {
                    let row = done(message, &word, self.work, self.ledger)?;
                    self.show(row);
                }
                return Ok(());
            }
        }
        let (became, row) = take(message, self.work, self.session, self.ledger)?;
        self.ledger
            .finish_batch_item(self.batch, place, key, became.word())?;
        self.show(row);
        *self.work.counts.entry(became).or_default() += 1;
        Ok(())
    }
}

/// One message of a batch as `--json` shows it.
#[derive(serde::Serialize)]
struct Row {
    schema: u32,
    input: String,
    index: usize,
    offset: u64,
    outcome: String,
    source: Option<String>,
    desks: Vec<String>,
}

impl Row {
    fn of(origin: Origin, trace: Option<&Trace>, outcome: &str) -> Self {
        let source = trace.and_then(|trace| trace.source.as_ref());
        Self {
            schema: 1,
            input: origin.input,
            index: origin.index,
            offset: origin.offset,
            outcome: outcome.to_owned(),
            source: source.map(|source| source.addr.to_string()),
            desks: Vec::new(),
        }
    }
}

/// Returns the row of a message that was taken before this run.
fn done(
    message: Message,
    word: &str,
    work: &Work<'_>,
    ledger: &Ledger,
) -> Result<Row, LedgerError> {
    let origin = message.origin().clone();
    let (message, _) = spam_of(message, work.as_is);
    let trace = trace::follow(&message.headers(), &work.trust, work.rules);
    let mut row = Row::of(origin, Some(&trace), word);
    if ![Became::Held.word(), Became::Joined.word()].contains(&word) {
        return Ok(row);
    }
    if let Standing::Known { complaints, .. } = ledger.standing(&message)? {
        row.desks.extend(complaints.into_iter().map(|one| one.desk));
    }
    Ok(row)
}

/// Returns the message that is the spam, and whether it is clear that it is.
fn spam_of(message: Message, as_is: bool) -> (Message, bool) {
    let meant = if as_is {
        Meant::One(message)
    } else {
        attached::meant(message)
    };
    match meant {
        Meant::One(message) => (message, true),
        Meant::OneOf(mut all) => (all.swap_remove(0), false),
    }
}

/// Takes one message up to its held complaints.
fn take(
    message: Message,
    work: &mut Work<'_>,
    session: &mut Session,
    ledger: &mut Ledger,
) -> Result<(Became, Row), Failure> {
    let origin = message.origin().clone();
    let place = origin.place();
    let (message, is_clear) = spam_of(message, work.as_is);
    let trace = trace::follow(&message.headers(), &work.trust, work.rules);
    let mut row = Row::of(origin, Some(&trace), "");
    let became = match set_aside(&trace, session.now()) {
        Some(became) => {
            if let (Became::Question, Some(question)) = (became, &trace.question) {
                work.waits(&question.host, &question.text, &place);
            }
            became
        }
        None if !is_clear => {
            work.waits(ATTACHED_KEY, ATTACHED, &place);
            Became::Question
        }
        None => hold(message, trace, work, session, ledger, &mut row.desks)?,
    };
    row.outcome = became.word().to_owned();
    Ok((became, row))
}

/// Returns why a message goes no further than its trace, if it does not.
fn set_aside(trace: &Trace, now: Timestamp) -> Option<Became> {
    match trace.set_aside() {
        Some(Nature::Backscatter) => return Some(Became::Backscatter),
        Some(Nature::List) => return Some(Became::List),
        Some(Nature::Mail) | None => {}
    }
    if trace.question.is_some() {
        return Some(Became::Question);
    }
    if !is_reportable(trace) {
        return Some(Became::NoSource);
    }
    let at = super::say::boundary(trace).and_then(|hop| hop.date);
    // Its complaint would not be ticked: it is traced without lookups.
    let oldest = now.checked_sub(TOO_OLD).unwrap_or(now);
    at.is_some_and(|at| at < oldest).then_some(Became::Old)
}

/// Looks up, composes, and holds; the desks that it went to are added to `desks`.
fn hold(
    message: Message,
    trace: Trace,
    work: &mut Work<'_>,
    session: &mut Session,
    ledger: &mut Ledger,
    desks: &mut Vec<String>,
) -> Result<Became, Failure> {
    let standing = ledger.standing(&message)?;
    if !matches!(standing, Standing::New(_)) {
        return Ok(Became::Known);
    }
    let mut way = Way::of(message, trace, work.kind, session, ledger, &mut work.finder)?;
    way.named.clone_from(&work.named);
    let (mut case, mut earlier) = way.case(ledger, &standing, &work.trust, work.rules)?;
    let mut options = work.options.clone();
    options.answer = newsletter::remembered(ledger, &way)?;
    let now = session.now();
    let complaints = loop {
        let plan = Plan {
            case,
            earlier: &earlier,
            identity: &work.identity,
            options: &options,
            rules: work.rules,
            secret: ledger.secret(),
            now,
        };
        let complaints = match way.draft(&plan) {
            Ok(complaints) => complaints,
            Err(failure) if failure.exit == Exit::NoContact => {
                session.term.failure(&failure);
                return Ok(Became::NoDesk);
            }
            Err(failure) => return Err(failure),
        };
        match way.keep(&complaints, case, ledger, State::Held, now) {
            Ok(()) => break complaints,
            // The case was agreed to meanwhile, without this message.
            Err(LedgerError::Settled(_)) if case != standing.case() => {
                case = standing.case();
                earlier.clear();
            }
            Err(error) => return Err(error.into()),
        }
    };
    desks.extend(complaints.iter().map(|one| one.desk.key()));
    Ok(if earlier.is_empty() {
        Became::Held
    } else {
        Became::Joined
    })
}

/// Says which questions hold messages back, those first that hold most, and how they are answered.
fn tell_questions(session: &mut Session, open: &BTreeMap<String, Open>) {
    let attached = open.contains_key(ATTACHED_KEY);
    let hosts = open.len() - usize::from(attached);
    let mut open: Vec<&Open> = open.values().collect();
    open.sort_by_key(|one| Reverse(one.messages));
    for one in open.iter().take(QUESTIONS) {
        let how_many = match one.messages {
            1 => "1 message waits".to_owned(),
            n => format!("{n} messages wait"),
        };
        session.term.status(&format!(
            "{how_many} for an answer, the first is {}: {}",
            one.first, one.text
        ));
    }
    if let Some(more @ 1..) = open.len().checked_sub(QUESTIONS) {
        session
            .term
            .status(&format!("Other hosts that are asked about: {more}."));
    }
    if hosts > 0 {
        session.term.hint(
            "`plaint setup trust FILE` learns your own hosts from mail that you wanted, and `plaint report FILE` asks about one message that you copied out; the same batch takes the rest then",
        );
    }
    if attached {
        session.term.hint(
            "the same batch with `--as-is` takes those mails themselves and not what is attached; where that is the spam, save it as a file and take it with `plaint report FILE`",
        );
    }
}

/// Says what became of all messages; returns the gravest exit status.
fn close(session: &mut Session, counts: &BTreeMap<Became, u64>, json: bool) -> Exit {
    let mut exit = Exit::Done;
    for (became, count) in counts {
        exit = exit.graver(became.exit());
        if json {
            session
                .term
                .status(&format!("{count:>6}  {}", became.sentence()));
        } else {
            session
                .term
                .answer(&format!("{count:>6}  {}", became.sentence()));
        }
    }
    let held = counts
        .iter()
        .any(|(became, _)| matches!(became, Became::Held | Became::Joined));
    session.term.status("Nothing was sent.");
    if held {
        session
            .term
            .hint("`plaint review` shows what is held, and asks once for all");
    } else if exit == Exit::Done {
        exit = Exit::NothingToReport;
    }
    exit
}
