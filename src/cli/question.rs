//! Traces a message, and settles with the user what only he can know.
//!
//! In: [`Message`], the settings, the ledger. Out: [`Trace`].
//! Trust: the answer is remembered: yes in the settings, no in the ledger.
//! Failures: without a terminal the question stays open, and nothing can be reported.

use super::input::no_answer;
use super::{Session, keep};
use crate::config::Answer;
use crate::failure::Failure;
use crate::intake::Message;
use crate::ledger::Ledger;
use crate::trace::{self, Asks, HostPattern, Question, Trace, Trust};

/// Questions about one message at most; each answer can lead to another host.
const QUESTIONS: usize = 4;

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
        ask(session, ledger, question)?;
        asked.push(question.clone());
    }
}

fn ask(session: &mut Session, ledger: &mut Ledger, question: &Question) -> Result<(), Failure> {
    let yes = session
        .ask()
        .yes(&question.text)
        .map_err(|e| no_answer(&e))?;
    if !yes {
        let now = session.now();
        ledger.remember(question.asks.word(), &question.host, "no", now)?;
        return Ok(());
    }
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
    Ok(())
}
