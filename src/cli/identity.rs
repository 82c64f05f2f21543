//! Asks once who complains, and offers to write it down.
//!
//! In: `[identity]`, or the user at the terminal. Out: [`Identity`].
//! Failures: no terminal and no setting is a configuration failure that names the key.

use super::input::no_answer;
use super::{Session, keep};
use crate::complaint::Identity;
use crate::config::{Answer, is_address};
use crate::contact::AbuseMailbox;
use crate::failure::{Exit, Failure};
use crate::intake::Untrusted;

/// Returns who complains: from the settings, or asked once.
pub(super) fn identity(session: &mut Session) -> Result<Identity, Failure> {
    if let Some(identity) = session.config.identity()? {
        return Ok(identity);
    }
    if !session.asker.can_ask() {
        return Err(missing(session));
    }
    ask(session)
}

/// Returns the failure for a setting that is missing where nobody can be asked.
pub(super) fn missing(session: &Session) -> Failure {
    let failure = Failure::new(Exit::Config, "it is not known who complains").remedy(
        "set `mailbox = \"you@example.org\"` under `[identity]`, or run on a terminal to be asked; nothing was sent",
    );
    match &session.config.file {
        Some(file) => failure.at(file.display().to_string()),
        None => failure,
    }
}

fn ask(session: &mut Session) -> Result<Identity, Failure> {
    session.term.status(
        "A complaint needs a mailbox that it comes from; the desk sees it and answers to it.",
    );
    let mailbox = loop {
        let line = session
            .ask()
            .line("Your mailbox:", None)
            .map_err(|e| no_answer(&e))?;
        match AbuseMailbox::try_from(line.as_str()) {
            Ok(mailbox) => break mailbox,
            Err(error) => session
                .term
                .status(&format!("That is not a mailbox to answer to: {error}.")),
        }
    };
    let name = match &session.config.identity.name {
        // What the settings say already is not asked about.
        Some(_) => String::new(),
        None => session
            .ask()
            .line("Your name under the complaint (Enter for none):", None)
            .map_err(|e| no_answer(&e))?,
    };
    let also_mine: Vec<String> = loop {
        let line = session
            .ask()
            .line(
                "Other addresses of yours, to be hidden, too (with commas; Enter for none):",
                None,
            )
            .map_err(|e| no_answer(&e))?;
        let named = line.split([',', ';', ' ']).filter(|text| !text.is_empty());
        match named.clone().find(|text| !is_address(text)) {
            None => break named.map(str::to_owned).collect(),
            Some(other) => session.term.status(&format!(
                "`{}` is no address of the form name@example.org.",
                Untrusted::text(other)
            )),
        }
    };
    offer_to_write(session, &mailbox, &name, &also_mine)?;
    // What was answered holds for this run, written or not.
    session
        .config
        .identity
        .learn(mailbox.as_str(), &name, &also_mine);
    session.config.identity()?.ok_or_else(|| missing(session))
}

fn offer_to_write(
    session: &mut Session,
    mailbox: &AbuseMailbox,
    name: &str,
    also_mine: &[String],
) -> Result<(), Failure> {
    let mut answers = vec![("identity", "mailbox", Answer::Set(mailbox.to_string()))];
    if !name.is_empty() {
        answers.push(("identity", "name", Answer::Set(name.to_owned())));
    }
    for own in also_mine {
        answers.push(("identity", "also_mine", Answer::Add(own.clone())));
    }
    keep::offer(session, &answers)
}
