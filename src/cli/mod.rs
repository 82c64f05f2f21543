//! Flags and subcommands: puts the stages together.
//!
//! In: the command line, the settings. Out: an exit status; what is said goes through `term`.
//! Failures: each stage's error becomes one [`Failure`] here.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, Parser as _};
use jiff::Timestamp;

use crate::config::Config;
use crate::consent::{Codes, RandomCodes};
use crate::failure::{Exit, Failure};
use crate::intake::Untrusted;
use crate::ledger::Ledger;
use crate::rules::{FIRST_LANGUAGE, Rules};
use crate::term::{Asker, Term, may_have_sent, watch_interrupts, watched};

// all flags
mod flags;
use flags::{Command, Flags, RulesCommand};

// all commands and settings on one page
mod manual;

// the one message that a command is about
mod input;

// plain sentences about a trace
mod say;

// a spam that was forwarded as an attachment
mod attached;

// what was answered, written down
mod keep;

// who complains
mod identity;

// how complaints are sent
mod transport;

// what only the user can know about a trace
mod question;

// what only the user can know about a newsletter
mod newsletter;

// who answers for what a message shows
mod find;

// who collects such mail beside the desks
mod authority;

// one message's way up to its drafts
mod way;

// desks that take a web form only
mod forms;

// consent, delivery, and the closing lines
mod agree;

// takes one message all the way: trace, look up, draft, ask, send
mod report;

// shows which host handed a message over, and why that is believed
mod trace;

// shows who answers for an address, an AS number, a domain or a link
mod lookup;

// changes what complaints say before the user agrees
mod change;

// composes complaints and prints them; never sends
mod draft;

// traces, looks up and holds every message of a mailbox
mod batch;

// composes anew what today's settings do not stand for
mod renew;

// shows what is held; then one code for the approved set
mod review;

// lists and retries what is on its way
mod outbox;

// settles what is unknown or was refused, by the user's word
mod resolve;

// reminds a desk that did not answer
mod remind;

// shows what was reported, to whom, and what became of it
mod log;

// who may have written an answer
mod writer;

// reads bounces and answers, and moves their cases on
mod replies;

// lists, adds and blocks abuse desks
mod desks;

// exports, corrects, forgets or purges the user's own data
mod data;

// sets up who the user is, how he sends, and whose hosts he trusts
mod setup;

/// What the program takes from outside beside its command line.
///
/// The program's own `main` uses [`Hooks::real`]; tests and the sandbox may
/// put their own here. No environment variable and no setting does.
pub struct Hooks {
    /// Tells the time.
    pub now: Arc<dyn Fn() -> Timestamp>,
    /// Draws the codes that a user types to agree.
    pub codes: Box<dyn Codes>,
}

impl Hooks {
    /// Returns the system's clock and random codes.
    #[must_use]
    pub fn real() -> Self {
        Self {
            now: Arc::new(Timestamp::now),
            codes: Box::new(RandomCodes),
        }
    }
}

/// Everything that a subcommand works with.
pub(crate) struct Session {
    /// Where it speaks.
    pub(crate) term: Term,
    /// The settings.
    pub(crate) config: Config,
    /// The rules.
    pub(crate) rules: Arc<Rules>,
    /// The clock and the codes.
    pub(crate) hooks: Hooks,
    /// Where it asks.
    pub(crate) asker: Asker,
}

impl Session {
    /// Returns where it asks, with everything that was said before on the screen.
    pub(crate) fn ask(&mut self) -> &mut Asker {
        self.term.flush();
        &mut self.asker
    }

    /// Returns the time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.hooks.now)()
    }

    /// Opens the ledger that the settings name.
    pub(crate) fn open_ledger(&self) -> Result<Ledger, Failure> {
        let path = self.config.ledger_path()?;
        let now = self.now();
        let mut ledger = Ledger::open(&path, now).map_err(|error| error.failure(&path))?;
        if let Some(days) = self.config.ledger.keep_days {
            let age = jiff::SignedDuration::from_hours(i64::from(days) * 24);
            // A clock at the beginning of time purges nothing; nor does one that is so far
            // ahead that the newest entry would go: that it is right, only a new one shows.
            if let Ok(before) = now.checked_sub(age)
                && ledger.last_entry()?.is_none_or(|last| last >= before)
            {
                ledger.purge(before, now)?;
            }
        }
        Ok(ledger)
    }
}

/// Runs the program with a command line, its name first.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>, hooks: Hooks) -> ExitCode {
    let args = args.into_iter().collect();
    ExitCode::from(watched(|| run_to_exit(args, hooks)).code())
}

fn run_to_exit(args: Vec<OsString>, hooks: Hooks) -> Exit {
    let parsed = match misspelt(&args) {
        Some(error) => Err(error),
        None => Flags::try_parse_from(with_report(args)),
    };
    let flags = match parsed {
        Ok(flags) => flags,
        Err(error) => {
            // Help and version are answers; everything else is misuse.
            // There is nobody left to tell that the output is gone.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
        }
    };
    let mut term = Term::new(flags.color);
    let exit = match prepare(&flags, term, hooks) {
        Ok(mut session) => {
            let sends = sends(&flags.command);
            let exit = dispatch(flags.command, &mut session).unwrap_or_else(|failure| {
                session.term.failure(&failure);
                // After any failure the user knows whether something was sent.
                if sends && !may_have_sent() && !failure.to_string().contains("sent") {
                    session.term.status("Nothing was sent.");
                }
                failure.exit
            });
            term = session.term;
            exit
        }
        Err((back, failure)) => {
            term = *back;
            term.failure(&failure);
            failure.exit
        }
    };
    term.end(exit)
}

/// Reads settings and rules; gives the terminal back where that fails.
fn prepare(flags: &Flags, term: Term, hooks: Hooks) -> Result<Session, (Box<Term>, Failure)> {
    let read = || -> Result<(Config, Rules), Failure> {
        // An empty variable names no file, as if it were not set.
        let named = flags.config.as_deref();
        let config = Config::load(named.filter(|file| !file.as_os_str().is_empty()))?;
        let mut rules = Rules::builtin();
        desks::load(&mut rules, &config)?;
        knows_language(&rules, &config)?;
        Ok((config, rules))
    };
    match read() {
        Ok((config, rules)) => Ok(Session {
            term,
            config,
            rules: Arc::new(rules),
            hooks,
            asker: Asker::new(),
        }),
        Err(failure) => Err((Box::new(term), failure)),
    }
}

/// Refuses a language that complaints are not written in.
fn knows_language(rules: &Rules, config: &Config) -> Result<(), Failure> {
    let wanted = &config.complaint.language;
    // The first language is always there, and no reason to read the sentences.
    if wanted == FIRST_LANGUAGE || rules.texts.languages().any(|known| known == wanted) {
        return Ok(());
    }
    let known: Vec<&str> = rules.texts.languages().collect();
    let shown = Untrusted::text(wanted);
    let why = format!("`{shown}` is none of {}", known.join(", "));
    Err(config.amiss("complaint.language", why))
}

/// Returns whether a command can send something, or is about to have it sent.
const fn sends(command: &Command) -> bool {
    matches!(
        command,
        Command::Report(_) | Command::Batch(_) | Command::Review(_) | Command::Outbox(_)
    )
}

fn dispatch(command: Command, session: &mut Session) -> Result<Exit, Failure> {
    if sends(&command) {
        watch_interrupts();
    }
    match command {
        Command::Report(args) => report::run(args, session),
        Command::Trace(args) => trace::run(args, session),
        Command::Lookup(args) => lookup::run(args, session),
        Command::Draft(args) => draft::run(args, session),
        Command::Batch(args) => batch::run(args, session),
        Command::Review(args) => review::run(args, session),
        Command::Outbox(args) => outbox::run(args, session),
        Command::Log(args) => log::run(args, session),
        Command::Replies(args) => replies::run(args, session),
        Command::Desks(args) => desks::run(args, session),
        Command::Data(args) => data::run(args, session),
        Command::Setup(args) => setup::run(args, session),
        Command::Rules(args) => match args.command {
            RulesCommand::Check => check_rules(session),
        },
        Command::Completions(args) => {
            let mut text = Vec::new();
            clap_complete::generate(args.shell, &mut Flags::command(), "plaint", &mut text);
            session.term.octets(&text);
            Ok(Exit::Done)
        }
        Command::Man => {
            let text = manual::page(Flags::command()).map_err(|e| Failure::bug(e.to_string()))?;
            session.term.octets(&text);
            Ok(Exit::Done)
        }
    }
}

fn check_rules(session: &mut Session) -> Result<Exit, Failure> {
    let ran = session.rules.check().map_err(|error| {
        Failure::new(Exit::Config, "a rule does not do what it says").because(error)
    })?;
    session
        .term
        .answer(&format!("All rules do what they say: {ran} examples ran."));
    Ok(Exit::Done)
}

/// Returns clap's error for a word that is nearly a subcommand, and no file either.
fn misspelt(args: &[OsString]) -> Option<clap::Error> {
    let error = Flags::try_parse_from(args).err()?;
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    };
    let is_near = error.get(ContextKind::SuggestedSubcommand).is_some();
    let word = context(ContextKind::InvalidSubcommand)?;
    let is_word = !word.contains(['.', '/']);
    (is_near && is_word && !Path::new(word).exists()).then_some(error)
}

/// Names `report` where the command line names no subcommand.
fn with_report(mut args: Vec<OsString>) -> Vec<OsString> {
    let command = Flags::command();
    let is_subcommand =
        |arg: &OsString| arg == "help" || command.get_subcommands().any(|c| arg == c.get_name());
    let mut at = 1;
    while let Some(arg) = args.get(at) {
        match arg.to_str() {
            Some("--config" | "--color") => at += 2,
            Some("-h" | "--help" | "-V" | "--version") => return args,
            Some(text) if text.starts_with("--config=") || text.starts_with("--color=") => at += 1,
            _ => break,
        }
    }
    if !args.get(at).is_some_and(is_subcommand) {
        args.insert(at.min(args.len()), "report".into());
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> String {
        let args = text.split(' ').map(OsString::from).collect();
        let out: Vec<_> = with_report(args)
            .into_iter()
            .map(|a| a.into_string().unwrap())
            .collect();
        out.join(" ")
    }

    #[test]
    fn a_misspelt_subcommand_is_no_file() {
        let of = |text: &str| {
            let args: Vec<_> = text.split(' ').map(OsString::from).collect();
            misspelt(&args).map(|error| error.to_string())
        };
        for text in [
            "plaint repot",
            "plaint reprot pills.eml",
            "plaint --color never tarce",
        ] {
            let error = of(text).unwrap_or_default();
            assert!(error.contains("unrecognized subcommand"), "{text}: {error}");
        }
        for text in [
            "plaint",
            "plaint spam.eml",
            "plaint -",
            "plaint report repot",
            "plaint --log-only x",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn report_is_what_happens_without_a_subcommand() {
        assert_eq!(args("plaint"), "plaint report");
        assert_eq!(args("plaint spam.eml"), "plaint report spam.eml");
        assert_eq!(args("plaint -"), "plaint report -");
        assert_eq!(args("plaint --log-only x"), "plaint report --log-only x");
        assert_eq!(
            args("plaint --config c trace x"),
            "plaint --config c trace x"
        );
        assert_eq!(args("plaint --config c x"), "plaint --config c report x");
        assert_eq!(args("plaint --help"), "plaint --help");
        assert_eq!(args("plaint help trace"), "plaint help trace");
    }
}
