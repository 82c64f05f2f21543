//! Traces a message, and settles with the user what only he can know.
//!
//! In: [`Message`], the settings, the ledger. Out: [`Trace`].
//! Trust: the answer is remembered: yes in the settings, no in the ledger.
//! Failures: without a terminal, or under a name that no setting can hold, the question stays open, and nothing
//! can be reported. A yes that cannot be written down holds for the run.

use super::input::no_answer;
use super::{Session, keep};
use crate::config::Answer;
use crate::evidence::decode;
use crate::failure::Failure;
use crate::intake::{Message, Untrusted};
use crate::ledger::Ledger;
use crate::trace::{self, Asks, HostPattern, Question, Trace, Trust};

/// Questions about one message at most; each answer can lead to another host.
const QUESTIONS: usize = 4;

/// Characters of a header field that are shown.
const SHOWN_CHARS: usize = 100;

impl Asks {
    /// Returns the word under which the ledger remembers an answer.
    const fn word(self) -> &'static str {
        match self {
            Self::OwnHost => "own-host",
            Self::OwnForwarder => "own-forwarder",
            Self::LocalPrograms => "local-programs",
        }
    }
}

/// Returns whose hosts are believed: the settings, `--trust`, and what the user denied before.
pub(super) fn trust(
    session: &Session,
    ledger: &Ledger,
    named: &[String],
) -> Result<Trust, Failure> {
    let mut trust = session.config.trust(named)?;
    for asks in [Asks::OwnHost, Asks::OwnForwarder, Asks::LocalPrograms] {
        // What stands in the ledger was a host when it was asked about.
        let denied = ledger.denied(asks.word())?;
        let hosts = denied.iter().filter_map(|host| HostPattern::new(host).ok());
        match asks {
            Asks::OwnHost | Asks::OwnForwarder => trust.strangers.extend(hosts),
            Asks::LocalPrograms => trust.shared_hosts.extend(hosts),
        }
    }
    Ok(trust)
}

/// Traces a message; asks what is in doubt, if there is a terminal to ask on.
pub(super) fn settled_trace(
    session: &mut Session,
    ledger: &mut Ledger,
    message: &Message,
    named: &[String],
) -> Result<Trace, Failure> {
    let mut asked: Vec<Question> = Vec::new();
    loop {
        let trust = trust(session, ledger, named)?;
        let trace = trace::follow(&message.headers(), &trust, &session.rules);
        let Some(question) = &trace.question else {
            return Ok(trace);
        };
        // What an answer did not settle, asking again does not settle either.
        let is_over = asked.len() == QUESTIONS || asked.contains(question);
        if is_over || !question.can_be_kept() || !session.asker.can_ask() {
            return Ok(trace);
        }
        if asked.is_empty() {
            introduce(session, message);
        }
        for forwarder in &trace.forwarders {
            let why = Untrusted::text(&forwarder.why);
            session.term.status(&format!("{why}."));
        }
        match answer(session, question)? {
            Some(true) => believe(session, question),
            Some(false) => {
                let now = session.now();
                ledger.remember(question.asks.word(), &question.host, "no", now)?;
                let host = Untrusted::text(&question.host);
                session.term.status(&format!(
                    "Remembered. `plaint data forget {host}` takes it back."
                ));
            }
            None => return Ok(trace),
        }
        asked.push(question.clone());
    }
}

/// Says which mail the questions are about.
fn introduce(session: &mut Session, message: &Message) {
    let headers = message.headers();
    for name in ["From", "Subject"] {
        if let Some(field) = headers.first(name) {
            let value = decode::words(field.text().as_bytes());
            let value = Untrusted::text(value.trim()).up_to(SHOWN_CHARS);
            session.term.status(&format!("{name}: {value}"));
        }
    }
}

/// Returns what an answer does.
const fn what_follows(asks: Asks) -> &'static str {
    match asks {
        Asks::OwnHost => {
            "yes: its lines are believed; no: it is a stranger's, and may be who sent it"
        }
        Asks::OwnForwarder => {
            "yes: who sent it is looked for behind it; no: it is taken for the sender, and a complaint about it is offered"
        }
        Asks::LocalPrograms => {
            "yes: what a program handed in there is believed; no: nothing below that is"
        }
    }
}

/// Asks; `None` where the user leaves it open: nobody must be accused because he pressed Enter.
fn answer(session: &mut Session, question: &Question) -> Result<Option<bool>, Failure> {
    let text = format!(
        "{}\n({}; Enter: leave it open)",
        question.text,
        what_follows(question.asks)
    );
    session.ask().yes_or_open(&text).map_err(|e| no_answer(&e))
}

/// Believes what was asked about, in this run and by the settings.
fn believe(session: &mut Session, question: &Question) {
    let key = question.asks.key();
    let list = match question.asks {
        Asks::OwnHost => &mut session.config.trust.hosts,
        Asks::OwnForwarder => &mut session.config.trust.forwarders,
        Asks::LocalPrograms => &mut session.config.trust.local_programs,
    };
    list.push(question.host.clone());
    let answer = ("trust", key, Answer::Add(question.host.clone()));
    keep::write(
        session,
        &[answer],
        &format!("Remembered under `trust.{key}` in"),
    );
}
