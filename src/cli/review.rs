//! Shows what is held; then one code for the approved set.
//!
//! In: complaints in the ledger, `held` or `drafted`. Out: what became of them.
//! What today's settings do not stand for any more is composed anew, or held back.
//! Where drafts are written, reports become plain texts before they are shown.
//! Failures: nothing held is nothing to report; see [`super::agree`] for the rest.

use super::Session;
use super::agree::{Ended, agree_and_send};
use super::flags::ReviewArgs;
use super::renew::Today;
use super::{identity, remind, transport};
use crate::complaint::{Complaint, as_plain};
use crate::config::TransportKind;
use crate::consent::State;
use crate::failure::{Exit, Failure};
use crate::ledger::Ledger;

/// Runs the command.
pub(crate) fn run(args: ReviewArgs, session: &mut Session) -> Result<Exit, Failure> {
    let mut ledger = session.open_ledger()?;
    let held = ledger.in_states(&[State::Held, State::Drafted])?;
    let held = remind::still_due(held, session, &mut ledger)?;
    if held.is_empty() {
        session.term.status("Nothing is held. Nothing was sent.");
        return Ok(Exit::NothingToReport);
    }
    let today = Today::of(session, &ledger, &args.trust.trust)?;
    let mut complaints = today.renewed(held, session, &mut ledger)?;
    if complaints.is_empty() {
        session.term.status("Nothing was sent.");
        return Ok(Exit::NoConsent);
    }
    let from = complaints
        .first()
        .map(|one| one.from.to_string())
        .unwrap_or_default();
    let kind = if args.log_only || !session.asker.can_ask() {
        TransportKind::None
    } else {
        transport::kind(session, &from)?
    };
    if kind == TransportKind::Drafts {
        // A draft goes through a mail program, which keeps text and breaks reports.
        complaints = complaints
            .into_iter()
            .map(|one| as_text(one, &today, session, &ledger))
            .collect::<Result<_, _>>()?;
    }
    match agree_and_send(session, &mut ledger, complaints, kind, &[])? {
        Ended::Done(exit) => Ok(exit),
        Ended::Change(_) => Err(Failure::bug("a change was asked for that was not offered")),
    }
}

/// Returns a complaint as plain text; as it is where its message was forgotten, so that nothing can be checked.
pub(super) fn as_text(
    complaint: Complaint,
    today: &Today,
    session: &mut Session,
    ledger: &Ledger,
) -> Result<Complaint, Failure> {
    let Some(newest) = today.traced(&complaint, session, ledger)?.pop() else {
        return Ok(complaint);
    };
    let identity = identity::identity(session)?;
    let language = &session.config.complaint.language;
    Ok(as_plain(
        complaint,
        &newest.message,
        &newest.trace,
        &identity,
        &session.rules,
        language,
    ))
}
