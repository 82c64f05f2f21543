//! Lists and retries what is on its way.
//!
//! In: complaints that were agreed to and have no end yet. Out: their ends.
//! Failures: an answer that no longer stands is asked for again; without a terminal it waits.

use super::agree::{guarded, hand_over, is_blocked, send};
use super::flags::{OutboxArgs, OutboxCommand};
use super::renew::{NAME_AGAIN, Outdated, Today};
use super::{Session, remind, resolve, say, transport};
use crate::complaint::Complaint;
use crate::consent::{self, Approved, NotRecallable, State, Terms, Unasked};
use crate::delivery::{LogOnly, Transport};
use crate::failure::{Exit, Failure};
use crate::intake::Untrusted;
use crate::ledger::{Filter, Kept, Ledger, ShownAs};
use crate::term::Table;

/// States that stand in the outbox.
const WAITING: [State; 6] = [
    State::Approved,
    State::Connecting,
    State::Data,
    State::Deferred,
    State::Unknown,
    State::Saved,
];

/// Runs the command.
pub(crate) fn run(args: OutboxArgs, session: &mut Session) -> Result<Exit, Failure> {
    let mut ledger = session.open_ledger()?;
    match args.command.unwrap_or_default() {
        OutboxCommand::List => list(session, &ledger),
        OutboxCommand::Retry(flag) => {
            let today = Today::of(session, &ledger, &flag.trust)?;
            retry(session, &mut ledger, &today)
        }
        OutboxCommand::Resolve { id, trust: flag } => {
            let id = ledger.find(&id)?;
            let today = Today::of(session, &ledger, &flag.trust)?;
            resolve::run(session, &mut ledger, id, &today)
        }
        OutboxCommand::Remind { id, trust: flag } => {
            let id = ledger.find(&id)?;
            let today = Today::of(session, &ledger, &flag.trust)?;
            remind::run(session, &mut ledger, id, &today)
        }
        OutboxCommand::Mark { id, what: _ } => {
            let id = ledger.find(&id)?;
            mark(session, &mut ledger, id)
        }
    }
}

/// Lists what has no end yet; the exit status tells whether something waits.
fn list(session: &mut Session, ledger: &Ledger) -> Result<Exit, Failure> {
    let mut lines = ledger.lines(&Filter {
        states: WAITING.to_vec(),
        ..Filter::default()
    })?;
    // What was only to be recorded has its end: there is no draft of it to send.
    let recorded = Some(LogOnly.name());
    lines.retain(|line| line.state != State::Saved || line.transport != recorded);
    if lines.is_empty() {
        session.term.status("The outbox is empty.");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["id", "state", "desk", "about", "since", "next try", "why"]);
    for line in &lines {
        table.row([
            line.id.to_string(),
            line.state.word().to_owned(),
            line.desk.clone(),
            line.source_addr.clone(),
            say::utc(line.changed),
            line.due.map(say::utc).unwrap_or_default(),
            line.said.clone().unwrap_or_default(),
        ]);
    }
    session.term.table(&table);
    let has = |state| lines.iter().any(|line| line.state == state);
    if has(State::Unknown) {
        session.term.hint(
            "`plaint outbox resolve ID` settles what is unknown; it is never sent again by itself",
        );
    }
    if has(State::Deferred) || has(State::Approved) {
        session.term.hint("`plaint outbox retry` sends what waits");
    }
    if has(State::Saved) {
        session
            .term
            .hint("`plaint outbox mark ID sent` notes that you sent a draft yourself");
    }
    let waits = lines.iter().any(|line| line.state != State::Saved);
    Ok(if waits { Exit::TryLater } else { Exit::Done })
}

/// Sends what was agreed to and waits; asks again where the answer no longer stands.
fn retry(session: &mut Session, ledger: &mut Ledger, today: &Today) -> Result<Exit, Failure> {
    let now = session.now();
    let due = ledger.due(now, true)?;
    let Some(first) = due.first() else {
        session.term.status("Nothing waits to be sent.");
        return Ok(Exit::Done);
    };
    let from = first.recorded.complaint.from.to_string();
    let kind = transport::kind(session, &from)?;
    let mut way = transport::build(&session.config, &session.rules, kind)?;
    ledger.begin_sending()?;
    let (mut ids, mut approved): (Vec<i64>, Vec<Approved>) = (Vec::new(), Vec::new());
    let mut again = Vec::new();
    let mut exit = Exit::Done;
    for mut kept in due {
        let id = kept.id;
        let desk = &kept.recorded.complaint.desk;
        if is_blocked(&session.rules, desk) {
            not_sent(session, &kept, "you blocked it; not sent");
            exit = exit.graver(Exit::TryLater);
            continue;
        }
        // He agreed by the settings of that day; what those of today rule out does not leave.
        if let Some(why) = today.outdated(&kept.recorded.complaint, session, ledger)? {
            stays(session, &kept, &why);
            exit = exit.graver(Exit::NoConsent);
            continue;
        }
        // What the user did not know when he agreed, he is asked about.
        let record = ledger.desk(&desk.key())?;
        let mut asks = record.dead_until.is_some_and(|until| until > now);
        if kept.maybe_arrived {
            let twice = "an earlier try may have arrived; the desk may get it twice";
            kept.recorded.complaint.warnings.push(twice.to_owned());
            asks = true;
        }
        // Who agreed to a record or a draft has not agreed to a mail.
        let agreed = ledger.way_of(id)?;
        if !agreed.is_some_and(|agreed| same_kind(&agreed, &way.name())) {
            let key = kept.recorded.complaint.desk.key();
            let line = format!("{key}: you did not agree to send it this way yet.");
            session.term.status(&line);
            asks = true;
        }
        match consent::recall(kept.recorded.clone(), ledger.secret(), now) {
            Ok(_) if asks => again.push(kept.recorded.complaint),
            Ok(one) => {
                ids.push(id);
                approved.push(one);
            }
            // What was changed behind our back is not shown as if it had been composed so.
            Err(not) if not.why == NotRecallable::Seal => {
                not_sent(session, &kept, &not.why.to_string());
                exit = exit.graver(Exit::TryLater);
            }
            Err(not) => {
                let key = kept.recorded.complaint.desk.key();
                session.term.status(&format!("{key}: {}.", not.why));
                again.push(kept.recorded.complaint);
            }
        }
    }
    if approved.is_empty() && again.is_empty() {
        session.term.status("Nothing was sent.");
        return Ok(exit);
    }
    if !approved.is_empty() {
        exit = exit.graver(hand_over(session, ledger, &ids, approved, way.as_mut())?);
    }
    if !again.is_empty() {
        // What was handed over before keeps its end, whatever becomes of the rest.
        let asked = ask_again(session, ledger, again, ShownAs::Waiting, way.as_mut());
        exit = exit.graver(asked.unwrap_or_else(|failure| {
            session.term.failure(&failure);
            failure.exit
        }));
    }
    Ok(exit)
}

/// Says why a complaint does not go, and how it leaves the outbox.
fn not_sent(session: &mut Session, kept: &Kept, why: &str) {
    let desk = kept.recorded.complaint.desk.key();
    let desk = Untrusted::text(&desk);
    session.term.status(&format!("{desk}: {why}."));
    session.term.hint(&format!(
        "`plaint outbox resolve {}` drops it; it stays in the outbox until then",
        kept.id
    ));
}

/// Says why a complaint is not sent as it stands, and what can be done.
fn stays(session: &mut Session, kept: &Kept, why: &Outdated) {
    let desk = kept.recorded.complaint.desk.key();
    session.term.status(&format!(
        "{}: not sent, because {why}.",
        Untrusted::text(&desk)
    ));
    if matches!(why, Outdated::Source { .. }) {
        session.term.hint(NAME_AGAIN);
    }
    session.term.hint(&format!(
        "`plaint outbox resolve {}` has it composed anew, or drops it",
        kept.id
    ));
}

/// Returns whether two ways are of one kind, whatever their server: `smtp`, `sendmail`, `drafts`, `none`.
fn same_kind(one: &str, other: &str) -> bool {
    one.split(' ').next() == other.split(' ').next()
}

/// Shows stored octets, asks for a new code, and sends them as they are.
///
/// What speaks against it by now is judged as for a new complaint: the spam is
/// older, the desk may have had others since, or be blocked or dead.
pub(super) fn ask_again(
    session: &mut Session,
    ledger: &mut Ledger,
    complaints: Vec<Complaint>,
    shown_as: ShownAs,
    way: &mut dyn Transport,
) -> Result<Exit, Failure> {
    session.term.flush();
    let now = session.now();
    let (stays, unsent) = match shown_as {
        ShownAs::Refused => ("stays refused", Exit::Done),
        ShownAs::New | ShownAs::Waiting | ShownAs::Unknown => {
            ("stays in the outbox", Exit::TryLater)
        }
    };
    let nothing = format!("Nothing was sent; it {stays}.");
    let complaints = guarded(session, ledger, complaints, shown_as)?;
    if complaints.is_empty() {
        session.term.status(&nothing);
        return Ok(unsent);
    }
    let answer = consent::ask(
        complaints,
        &octets,
        &mut session.asker,
        now,
        session.hooks.codes.as_mut(),
        &Terms {
            purpose: way.purpose(),
            changes: &[],
            unticked: &format!("What is not ticked {stays}."),
        },
    );
    let answer = answer.map_err(|unasked| unanswered(&unasked, stays))?;
    if answer.approved.is_empty() {
        session.term.status(&nothing);
        return Ok(unsent);
    }
    send(session, ledger, answer.approved, shown_as, way)
}

/// Returns the failure for what could not be asked about again; others may have been sent before.
fn unanswered(unasked: &Unasked, stays: &str) -> Failure {
    Failure::new(
        Exit::NoConsent,
        "what needs a new answer from you was not sent",
    )
    .because(&unasked.why)
    .remedy(format!(
        "it {stays}; the same command on a terminal asks again"
    ))
}

/// Notes that the user sent a draft himself, or filled in a form.
fn mark(session: &mut Session, ledger: &mut Ledger, id: i64) -> Result<Exit, Failure> {
    let now = session.now();
    let recorded = ledger.kept(id)?.recorded;
    let state = recorded.state;
    if state == State::Unknown {
        let why = "you say that it was sent";
        return resolve::settle(session, ledger, id, state, State::Accepted, why);
    }
    let mut from = vec![
        State::Saved,
        State::Held,
        State::Drafted,
        State::Declined,
        State::Rejected,
        State::Deferred,
        State::Approved,
    ];
    let desk = &recorded.complaint.desk;
    if desk.form.is_some() || ledger.desk(&desk.key())?.form_url.is_some() {
        // The desk wants its form, and was told so by mail before.
        from.extend([State::Accepted, State::Answered]);
    }
    let why = "you say that you sent it yourself";
    ledger.move_on(id, &from, State::ByHand, why, now)?;
    session
        .term
        .status(&format!("Complaint {id} is {}: {why}.", State::ByHand));
    Ok(Exit::Done)
}

/// Returns stored octets as they will go out, escaped line by line.
fn octets(complaint: &Complaint) -> String {
    let mut text = format!("\nTo: {}\n", complaint.desk.key());
    for warning in &complaint.warnings {
        text.push_str(&format!("Warning: {}\n", Untrusted::text(warning)));
    }
    text.push('\n');
    for line in complaint.octets.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        text.push_str(&format!("  {}\n", Untrusted::new(line).up_to(998)));
    }
    text
}
