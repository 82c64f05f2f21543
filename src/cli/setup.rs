//! Sets up who the user is, how he sends, and whose hosts he trusts.
//!
//! In: the user at the terminal. Out: the settings file.
//! Failures: no terminal, exit status 77; a file that cannot be written, 74. It stays as it was then.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::Session;
use super::flags::{SetupArgs, SetupCommand};
use super::input::no_answer;
use super::{identity, input, transport};
use crate::config::{Answer, Kept, TransportKind, remember};
use crate::failure::{Exit, Failure};
use crate::intake::mbox::{self, Start};
use crate::intake::{self, Headers, Source, Untrusted};
use crate::trace::learn::{self, Key, Proposal};

/// Messages that trust is learnt from at most: a few tell as much as all.
const WANTED: usize = 500;

/// Runs the command.
pub(crate) fn run(args: SetupArgs, session: &mut Session) -> Result<Exit, Failure> {
    if let Some(SetupCommand::Trust { files }) = args.command {
        return learn_trust(&files, session);
    }
    let config = &session.config;
    let was_set = config.identity.mailbox.is_some() && config.delivery.transport.is_some();
    let identity = identity::identity(session)?;
    let kind = transport::kind(session, identity.mailbox.as_str())?;
    // What cannot work is said now, not when a complaint is ready.
    transport::build(&session.config, &session.rules, kind)?;
    let way = match kind {
        TransportKind::Smtp => session.config.delivery.smtp.as_ref().map_or_else(
            || "through your mail provider".to_owned(),
            |smtp| format!("through {}", smtp.host),
        ),
        TransportKind::Sendmail => "with this machine's own mailer".to_owned(),
        TransportKind::Drafts => "as drafts that you send yourself".to_owned(),
        TransportKind::None => "nowhere: they are only written down".to_owned(),
    };
    session.term.answer(&format!(
        "Complaints come from {}, and go {way}.",
        identity.mailbox
    ));
    let Some(file) = &session.config.file else {
        return Ok(Exit::Done);
    };
    let file = file.display();
    let (line, exit) = match session.config.kept {
        Kept::All => (format!("Settings: {file}"), Exit::Done),
        Kept::NotAll => (
            format!("Not all of this stands in {file}: what was not written is asked again."),
            Exit::Done,
        ),
        Kept::Failed => (
            format!("Not all of this stands in {file}: it could not be written."),
            Exit::Io,
        ),
    };
    session.term.answer(&line);
    if was_set {
        session
            .term
            .hint("what the settings say is not asked about; it is changed in that file");
    }
    Ok(exit)
}

/// Learns whose hosts the user's own are, shows the evidence, and writes down what he agrees to.
fn learn_trust(files: &[PathBuf], session: &mut Session) -> Result<Exit, Failure> {
    let mut sections = Vec::new();
    for file in files {
        if sections.len() < WANTED {
            read_sections(file, session, &mut sections)?;
        }
    }
    let headers: Vec<Headers<'_>> = sections
        .iter()
        .map(|octets| Headers::parse(octets))
        .collect();
    let proposals = learn::learn(&headers, &session.rules);
    if proposals.is_empty() {
        session.term.answer(&format!(
            "{} messages name no host that could be your own.",
            headers.len()
        ));
        return Ok(Exit::NothingToReport);
    }
    let rows: Vec<(String, bool)> = proposals
        .iter()
        .map(|one| (row(one), one.is_plain))
        .collect();
    let ticks = session
        .ask()
        .ticks("Which of these are yours?", &rows)
        .map_err(|e| no_answer(&e))?;
    let answers: Vec<(&str, &str, Answer)> = proposals
        .iter()
        .zip(ticks)
        .filter(|(_, ticked)| *ticked)
        .map(|(one, _)| ("trust", word(one.key), Answer::Add(one.value.clone())))
        .collect();
    let Some(file) = session.config.file.clone().filter(|_| !answers.is_empty()) else {
        session.term.answer("Nothing was written.");
        return Ok(Exit::Done);
    };
    remember(&file, &answers)?;
    session
        .term
        .answer(&format!("Written to {}.", file.display()));
    Ok(Exit::Done)
}

/// Reads the header sections behind one name, until there are [`WANTED`].
fn read_sections(
    input: &Path,
    session: &mut Session,
    sections: &mut Vec<Vec<u8>>,
) -> Result<(), Failure> {
    let name = input.display().to_string();
    let open = |path: &Path| {
        Source::open(path).map_err(|e| input::cannot_open(&path.display().to_string(), &e))
    };
    match open(input)? {
        Source::Folder(files) => {
            for file in &files {
                if sections.len() >= WANTED {
                    break;
                }
                let name = file.display().to_string();
                let read = open(file).and_then(|source| read_file(&name, source, sections));
                // What cannot be read among others ends nothing, and what is no message tells nothing.
                if let Err(failure) = read
                    && failure.exit != Exit::NotAMessage
                {
                    session.term.failure(&failure);
                }
            }
            Ok(())
        }
        source => read_file(&name, source, sections),
    }
}

/// Reads the header sections of one file.
fn read_file(name: &str, source: Source, sections: &mut Vec<Vec<u8>>) -> Result<(), Failure> {
    match source {
        Source::Message(octets) => {
            let message = intake::read(octets, intake::Origin::single(name))
                .map_err(|error| input::no_message(name, &error))?;
            sections.push(section(message.octets()));
            Ok(())
        }
        Source::Mailbox(octets, _) => read_mailbox(name, octets, sections),
        // A folder's folders are left alone.
        Source::Folder(_) => Ok(()),
    }
}

/// Reads the header sections of a mailbox, until there are [`WANTED`].
fn read_mailbox(
    name: &str,
    octets: Box<dyn Read + Send>,
    sections: &mut Vec<Vec<u8>>,
) -> Result<(), Failure> {
    let read = mbox::each(
        octets,
        Start::default(),
        intake::HEADER_LIMIT,
        |_, entry| {
            if sections.len() >= WANTED {
                return ControlFlow::Break(());
            }
            sections.push(section(entry.raw()));
            ControlFlow::Continue(())
        },
    );
    read.map_err(|error| input::cannot_read(name, &error))
}

/// Returns the header section of a message: of five hundred messages no more is held.
fn section(octets: &[u8]) -> Vec<u8> {
    let end = Headers::parse(octets).body_at().min(intake::HEADER_LIMIT);
    octets.get(..end).unwrap_or(octets).to_vec()
}

/// Returns the key of `[trust]` that a proposal belongs to.
const fn word(key: Key) -> &'static str {
    match key {
        Key::Hosts => "hosts",
        Key::Networks => "networks",
        Key::Forwarders => "forwarders",
        Key::LocalPrograms => "local_programs",
    }
}

/// Returns a proposal as the user reads it, with its evidence.
fn row(one: &Proposal) -> String {
    let messages = match one.messages {
        1 => "1 message".to_owned(),
        n => format!("{n} messages"),
    };
    format!(
        "{}: {} ({messages}; {})",
        word(one.key),
        Untrusted::text(&one.value),
        one.why
    )
}
