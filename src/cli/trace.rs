//! Shows which host handed a message over, and why that is believed.
//!
//! In: messages, mailboxes, Maildir folders, standard input. Out: sentences and a table, or one JSON object a message.
//! Trust: headers only; nothing is looked up, and `trace` never asks.
//! Failures: a message that cannot be read is told, and the rest goes on; the gravest ending counts.

use std::ops::ControlFlow;
use std::path::Path;
use std::thread;

use sha2::{Digest as _, Sha256};

use super::flags::TraceArgs;
use super::input::no_messages;
use super::{Session, attached};
use crate::evidence::decode;
use crate::failure::{Exit, Failure};
use crate::intake::mbox::{self, Start};
use crate::intake::{self, HEADER_LIMIT, Headers, IntakeError, LIMIT, Repair, Source, Untrusted};
use crate::rules::Rules;
use crate::term::{Table, Term};
use crate::trace::json::{Line, Place};
use crate::trace::{self, HopTrust, Texts, Trace, Trust, story};

/// Threads that a mailbox is read on at most; more of them wait for the disk.
const THREADS: usize = 8;

/// What marks a source that no complaint is offered about.
const IN_DOUBT: &str = "?";

/// What is said of messages in which others may begin.
const JOINED: &str = "another one may begin that is not shown: a line in the body separates messages, without an empty line before";

/// What becomes of one message.
enum Shown {
    /// A line of JSON.
    Json(Line),
    /// The trace, and the subject, for a person.
    Words(Box<Trace>, String),
    /// Why it could not be traced.
    Failed(Failure),
}

/// How messages are shown.
struct View<'v> {
    trust: &'v Trust,
    rules: &'v Rules,
    json: bool,
    explain: bool,
    digest: bool,
}

/// Runs the command.
pub(crate) fn run(args: TraceArgs, session: &mut Session) -> Result<Exit, Failure> {
    let trust = session.config.trust(&args.trust.trust)?;
    let view = View {
        trust: &trust,
        rules: &session.rules,
        json: args.json,
        explain: args.explain,
        digest: args.digest,
    };
    let mut exit = Exit::Done;
    let standard = [std::path::PathBuf::from("-")];
    let files = if args.files.is_empty() {
        &standard[..]
    } else {
        &args.files[..]
    };
    let mut out = Output {
        term: &mut session.term,
        is_begun: false,
        is_in_doubt: false,
        joined: 0,
    };
    for file in files {
        exit = exit.graver(one_input(file, &view, &mut out));
        if out.is_closed() {
            break;
        }
    }
    if out.is_in_doubt {
        out.term.hint(&format!(
            "`{IN_DOUBT}` marks a source that no complaint is offered about; `plaint trace --explain` says why"
        ));
    }
    match out.joined {
        0 => {}
        1 => out.term.hint(&format!("in 1 message {JOINED}")),
        n => out.term.hint(&format!("in {n} messages {JOINED}")),
    }
    Ok(exit)
}

/// Traces what stands behind one name.
fn one_input(file: &Path, view: &View<'_>, out: &mut Output<'_>) -> Exit {
    let name = file.to_string_lossy();
    let failed = |error: &std::io::Error, exit: Exit| {
        Failure::new(exit, format!("cannot read `{}`", Untrusted::text(&name)))
            .because(error)
            .remedy("name a message, a mailbox or a Maildir folder, or `-` for standard input")
    };
    match Source::open(file) {
        Err(error) => out.failure(&failed(&error, Exit::CannotOpen)),
        Ok(Source::Message(octets)) => {
            let shown = message(&name, octets, view);
            out.show(0, shown, view, None)
        }
        Ok(Source::Mailbox(input, size)) => match mailbox(&name, input, size, view, out, None) {
            Ok(exit) => exit,
            Err(error) => out.failure(&failed(&error, Exit::Io)),
        },
        Ok(Source::Folder(files)) if files.is_empty() => {
            out.term.status(&no_messages(&name));
            Exit::NothingToReport
        }
        Ok(Source::Folder(files)) => {
            let mut exit = Exit::Done;
            for (index, file) in files.iter().enumerate() {
                exit = exit.graver(one_of_folder(index, file, view, out));
                if out.is_closed() {
                    break;
                }
            }
            exit
        }
    }
}

/// Traces what one file of a folder holds.
fn one_of_folder(index: usize, file: &Path, view: &View<'_>, out: &mut Output<'_>) -> Exit {
    let name = file.to_string_lossy();
    let label = file.file_name().unwrap_or_default().to_string_lossy();
    match Source::open(file) {
        Ok(Source::Message(octets)) => {
            out.show(index, message(&name, octets, view), view, Some(&label))
        }
        Ok(Source::Mailbox(input, size)) => {
            match mailbox(&name, input, size, view, out, Some(&label)) {
                Ok(exit) => exit,
                Err(error) => out.failure(&unreadable(&name, &error)),
            }
        }
        // A folder's folders are left alone.
        Ok(Source::Folder(_)) => Exit::Done,
        Err(error) => out.failure(&unreadable(&name, &error)),
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::CannotOpen,
        format!("cannot read `{}`", Untrusted::text(name)),
    )
    .because(error)
}

/// Traces a message that was read whole.
fn message(name: &str, octets: Vec<u8>, view: &View<'_>) -> Shown {
    match intake::read(octets, intake::Origin::single(name)) {
        Err(error) => Shown::Failed(not_a_message(name, &error)),
        Ok(message) => {
            let message = attached::without_wrapping(message);
            let sha256 = view.digest.then(|| digest(message.octets()));
            let place = Place {
                input: name,
                offset: 0,
                octets: message.octets().len() as u64,
                sha256: sha256.as_deref(),
                repairs: message.repairs(),
            };
            shown(place, &message.headers(), view)
        }
    }
}

/// Traces every message of a mailbox; `label` is its own as one of many files.
fn mailbox(
    name: &str,
    input: Box<dyn std::io::Read + Send>,
    size: Option<u64>,
    view: &View<'_>,
    out: &mut Output<'_>,
    label: Option<&str>,
) -> std::io::Result<Exit> {
    let size = size.filter(|_| label.is_none());
    let bar = size.map(|size| out.term.progress(size, name));
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get().min(THREADS));
    // Only a digest needs more of a message than its header section.
    let keep = if view.digest { LIMIT + 1 } else { HEADER_LIMIT };
    let mut exit = Exit::Done;
    mbox::each_on(
        threads,
        input,
        Start::default(),
        keep,
        |entry| {
            let shown = entry_shown(name, entry, view);
            (entry.offset, entry.is_joined, shown)
        },
        |index, (offset, is_joined, shown)| {
            if let Some(bar) = &bar {
                bar.at(offset);
            }
            out.joined += u64::from(is_joined);
            // Many a program stores one message as a mailbox of one.
            let label = match label {
                None => index.to_string(),
                Some(label) if index == 0 => label.to_owned(),
                Some(label) => format!("{label}:{index}"),
            };
            exit = exit.graver(out.show(index, shown, view, Some(&label)));
            if out.is_closed() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    )?;
    Ok(exit)
}

/// Traces one message of a mailbox by its header section alone.
fn entry_shown(name: &str, entry: &mbox::Entry<'_>, view: &View<'_>) -> Shown {
    let headers = Headers::parse(entry.raw());
    if !intake::has_mail_fields(&headers) {
        let place = format!("{name} at octet {}", entry.offset);
        return Shown::Failed(not_a_message(&place, &IntakeError::NoHeaders));
    }
    let sha256 = (view.digest && !entry.is_cut).then(|| digest(&entry.unquoted()));
    let mut repairs: Vec<Repair> = intake::flaws(&headers, entry.raw().len());
    repairs.extend(entry.is_joined.then_some(Repair::Joined));
    let place = Place {
        input: name,
        offset: entry.offset,
        octets: entry.octets,
        sha256: sha256.as_deref(),
        repairs: &repairs,
    };
    shown(place, &headers, view)
}

fn shown(place: Place<'_>, headers: &Headers<'_>, view: &View<'_>) -> Shown {
    let texts = Texts::of(headers);
    let judged = trace::judge(headers, &texts, view.trust, view.rules);
    if view.json {
        return Shown::Json(Line::of(place, headers, &judged));
    }
    let subject = headers.first("Subject").map_or_else(String::new, |field| {
        let text = decode::words(&field.unfolded());
        Untrusted::text(&text).up_to(60).to_string()
    });
    Shown::Words(Box::new(judged.told()), subject)
}

fn not_a_message(place: &str, error: &IntakeError) -> Failure {
    Failure::new(Exit::NotAMessage, "this is not a message")
        .at(Untrusted::text(place).to_string())
        .because(error)
        .remedy(match error {
            IntakeError::Mailbox(_) => {
                "copy the messages out; if it is one, take off its first line, which begins with `From `"
            }
            _ => "save the message with all its headers (\"show original\", \"view source\") and name that file",
        })
}

fn digest(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(octets))
}

/// Where traces are shown.
struct Output<'o> {
    term: &'o mut Term,
    /// Whether a line of a list was shown, so that its head stands there.
    is_begun: bool,
    /// Whether a source was shown that no complaint is offered about.
    is_in_doubt: bool,
    /// Messages in which others may begin.
    joined: u64,
}

impl Output<'_> {
    fn is_closed(&self) -> bool {
        self.term.is_closed()
    }

    /// Writes a line of a list: in columns under a head on a terminal, with tabs elsewhere.
    fn line(&mut self, [label, when, source, subject]: &[&str; 4]) {
        let label = Untrusted::text(label).to_string();
        if !self.term.out_is_terminal() {
            self.term
                .answer(&format!("{label}\t{when}\t{source}\t{subject}"));
            return;
        }
        let columns = |[label, when, source, subject]: [&str; 4]| {
            format!("{label:<12}  {when:<16}  {source:<16}  {subject}")
        };
        if !std::mem::replace(&mut self.is_begun, true) {
            let head = columns(["message", "came in (UTC)", "source", "subject"]);
            self.term.answer(&head);
        }
        self.term.answer(&columns([&label, when, source, subject]));
    }

    fn failure(&mut self, failure: &Failure) -> Exit {
        self.term.failure(failure);
        failure.exit
    }

    /// Shows one message; as one of many in a line, under its label.
    fn show(&mut self, index: usize, shown: Shown, view: &View<'_>, label: Option<&str>) -> Exit {
        match shown {
            Shown::Failed(failure) => return self.failure(&failure),
            Shown::Json(line) => {
                for part in line.numbered(index) {
                    self.term.octets(&part);
                }
            }
            Shown::Words(trace, subject) if let Some(label) = label.filter(|_| !view.explain) => {
                self.line(&[label, &when(&trace), &source(&trace), &subject]);
                let is_plain = trace.source.as_ref().is_some_and(|one| one.reportable);
                self.is_in_doubt |= !is_plain;
            }
            Shown::Words(trace, subject) => {
                let term = &mut *self.term;
                if let Some(label) = label {
                    let label = Untrusted::text(label);
                    term.answer(&format!("Message {label}: {subject}"));
                }
                for sentence in story::sentences(&trace) {
                    term.answer(&sentence);
                }
                term.answer("");
                if view.explain {
                    for line in story::explain(&trace) {
                        term.answer(&line);
                    }
                } else {
                    let table = table(&trace);
                    if !table.is_empty() {
                        term.table(&table);
                    }
                }
            }
        }
        Exit::Done
    }
}

/// Returns when a message of a list came in, in UTC.
fn when(trace: &Trace) -> String {
    let source = trace.source.as_ref();
    let hop = source.and_then(|source| trace.hops.get(source.field));
    hop.and_then(|hop| hop.date).map_or_else(
        || "-".to_owned(),
        |date| date.strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

/// Returns the source of a message of a list, with a mark where no complaint is offered about it.
fn source(trace: &Trace) -> String {
    match &trace.source {
        Some(source) if source.reportable => source.addr.to_string(),
        Some(source) => format!("{}{IN_DOUBT}", source.addr),
        None => format!("-{IN_DOUBT}"),
    }
}

/// Returns the hops as a table.
fn table(trace: &Trace) -> Table {
    let mut table = Table::new(&[
        "hop",
        "written by",
        "client seen",
        "name found",
        "called itself",
        "trust",
    ]);
    let text = |value: &Option<String>| {
        value.as_deref().map_or_else(String::new, |value| {
            Untrusted::text(value).up_to(100).to_string()
        })
    };
    for hop in &trace.hops {
        let arrow = if trace
            .source
            .as_ref()
            .is_some_and(|source| source.field == hop.field)
        {
            format!("{} ← source", story::verdict(hop.trust))
        } else {
            story::verdict(hop.trust).to_owned()
        };
        table.row([
            (hop.field + 1).to_string(),
            text(&hop.by),
            hop.client_addr
                .map_or_else(String::new, |addr| addr.to_string()),
            text(&hop.rdns),
            text(&hop.helo),
            if hop.trust == HopTrust::Boundary {
                arrow
            } else {
                story::verdict(hop.trust).to_owned()
            },
        ]);
    }
    table
}
