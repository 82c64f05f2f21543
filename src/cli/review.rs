//! Pages through what is held; then one code for the approved set.
//!
//! In: complaints in the ledger, `held` or `drafted`. Out: what became of them.
//! Failures: nothing held is nothing to report; see [`super::agree`] for the rest.

use super::Session;
use super::agree::{Ended, agree_and_send};
use super::flags::ReviewArgs;
use super::transport;
use crate::complaint::Complaint;
use crate::config::TransportKind;
use crate::consent::State;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: ReviewArgs, session: &mut Session) -> Result<Exit, Failure> {
    let mut ledger = session.open_ledger()?;
    let held = ledger.in_states(&[State::Held, State::Drafted])?;
    if held.is_empty() {
        session.term.status("Nothing is held. Nothing was sent.");
        return Ok(Exit::NothingToReport);
    }
    let complaints: Vec<Complaint> = held
        .into_iter()
        .map(|kept| kept.recorded.complaint)
        .collect();
    let from = complaints
        .first()
        .map(|one| one.from.to_string())
        .unwrap_or_default();
    let kind = if args.log_only || !session.asker.can_ask() {
        TransportKind::None
    } else {
        transport::kind(session, &from)?
    };
    match agree_and_send(session, &mut ledger, complaints, kind, &[])? {
        Ended::Done(exit) => Ok(exit),
        Ended::Change(_) => Err(Failure::bug("a change was asked for that was not offered")),
    }
}
