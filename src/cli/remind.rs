//! Reminds a desk of a complaint that a server took and nobody answered.
//!
//! In: a complaint in the ledger. Out: its next round, shown, agreed to and sent like any other.
//! Standards: RFC 5322 §3.6.4: the reminder stands in the thread of the first complaint.
//! Failures: too early, answered, reminded of often enough: one failure each, and nothing is sent.

use jiff::{SignedDuration, Timestamp};

use super::agree::{Ended, agree_and_send};
use super::renew::{NAME_AGAIN, Outdated, Today};
use super::review::as_text;
use super::{Session, transport};
use crate::complaint::{Round, remind};
use crate::config::{Config, TransportKind};
use crate::consent::State;
use crate::failure::{Exit, Failure};
use crate::intake::Untrusted;
use crate::ledger::{Kept, Ledger, Rounds};

/// Rounds of one complaint: a desk that is silent twice is silent.
const ROUNDS: usize = 3;

/// Composes the next round of a complaint, and asks for consent to it.
pub(super) fn run(
    session: &mut Session,
    ledger: &mut Ledger,
    id: i64,
    today: &Today,
) -> Result<Exit, Failure> {
    let now = session.now();
    let rounds = ledger.rounds(id)?;
    let first_at = may_be_reminded(&rounds, &session.config, now)?;
    let Some(last) = rounds.sent.last() else {
        return Err(Failure::bug("a complaint without a round"));
    };
    let last = ledger.kept(last.id)?.recorded.complaint;
    if let Some(why) = today.outdated(&last, session, ledger)? {
        let mut failure = Failure::new(
            Exit::NoConsent,
            format!("complaint {id} cannot go out once more"),
        );
        failure = failure.because(&why);
        return Err(failure.remedy(match why {
            Outdated::Source { .. } => NAME_AGAIN,
            Outdated::Desk(_) => "`plaint desks show` tells what the desk takes",
            _ => "remind the desk in your mail program, in your own words",
        }));
    }
    let message_ids: Vec<String> = rounds
        .sent
        .iter()
        .map(|round| round.message_id.clone())
        .collect();
    let round = Round {
        last: &last,
        message_ids: &message_ids,
        first_at,
        language: &session.config.complaint.language,
    };
    let next = remind(&round, &session.rules, ledger.secret(), now);
    let Some(next) = next else {
        return Err(Failure::new(
            Exit::Usage,
            format!("complaint {id} is not composed as this plaint composes them"),
        )
        .remedy("`plaint log show` has it; remind the desk in your mail program"));
    };
    let kind = if session.asker.can_ask() {
        transport::kind(session, next.from.as_str())?
    } else {
        TransportKind::None
    };
    let next = match kind {
        TransportKind::Drafts => as_text(next, today, session, ledger)?,
        _ => next,
    };
    // It stands in the ledger before the question, so that nothing is lost if that is broken off.
    ledger.keep(&next, State::Drafted, now)?;
    // The evidence is the one that the desk had: nothing of it is changed any more.
    match agree_and_send(session, ledger, vec![next], kind, &[])? {
        Ended::Done(exit) => Ok(exit),
        Ended::Change(_) => Err(Failure::bug("a change was asked for that was not offered")),
    }
}

/// Takes back the reminders that a desk needs no more; returns what else was kept.
///
/// One that was broken off says that nobody answered: by now, somebody may have.
pub(super) fn still_due(
    kept: Vec<Kept>,
    session: &mut Session,
    ledger: &mut Ledger,
) -> Result<Vec<Kept>, Failure> {
    let now = session.now();
    let mut due = Vec::with_capacity(kept.len());
    for one in kept {
        let complaint = &one.recorded.complaint;
        if complaint.round > 0
            && let Err(failure) = may_be_reminded(&ledger.rounds(one.id)?, &session.config, now)
        {
            let from = [State::Held, State::Drafted];
            ledger.move_on(one.id, &from, State::Cancelled, &failure.what, now)?;
            session.term.status(&format!(
                "The reminder to {} is taken back: {}.",
                Untrusted::text(&complaint.desk.key()),
                failure.what
            ));
            continue;
        }
        due.push(one);
    }
    Ok(due)
}

/// Returns how long a desk may be silent before it is reminded.
pub(super) fn patience(config: &Config) -> SignedDuration {
    SignedDuration::from_hours(i64::from(config.limits.remind_after_days) * 24)
}

/// Returns when the first round went out, if another one may now.
fn may_be_reminded(rounds: &Rounds, config: &Config, now: Timestamp) -> Result<Timestamp, Failure> {
    let refused = |what: String, remedy: String| {
        Err(Failure::new(Exit::Usage, what).remedy(format!("{remedy}; nothing was sent")))
    };
    let (Some(first), Some(last)) = (rounds.sent.first(), rounds.sent.last()) else {
        return refused(
            "it was never sent, so there is nothing to remind of".to_owned(),
            "`plaint review` shows what is held".to_owned(),
        );
    };
    if last.state != State::Accepted {
        return refused(
            format!(
                "complaint {} is {}, and only what a server took and nobody answered is reminded of",
                last.id, last.state
            ),
            format!("`plaint log show {}` tells what happened", last.id),
        );
    }
    if rounds.sent.len() >= ROUNDS {
        return refused(
            format!("the desk was told {ROUNDS} times already"),
            "`plaint lookup --explain` shows who else answers for the address".to_owned(),
        );
    }
    let due = last.at.checked_add(patience(config)).unwrap_or(now);
    if due > now {
        let days = config.limits.remind_after_days;
        return refused(
            format!("the desk has {days} days to answer complaint {}", last.id),
            format!("remind it from {} on", due.strftime("%Y-%m-%d")),
        );
    }
    Ok(first.at)
}
