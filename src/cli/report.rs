//! Takes one message all the way: trace, look up, draft, ask, send.
//!
//! In: a message. Out: one sentence where it came from; the complaints; what became of them.
//! Failures: each says what, where, why, what to do, and whether anything was sent.

use std::sync::Arc;

use super::agree::{Ended, agree_and_send};
use super::flags::ReportArgs;
use super::way::{self, Plan, Way};
use super::{
    Session, attached, authority, change, find, identity, input, newsletter, question, say,
    transport,
};
use crate::complaint::{Complaint, Format};
use crate::config::TransportKind;
use crate::consent::{Change, State};
use crate::contact::Finder;
use crate::failure::{Exit, Failure};
use crate::ledger::{Earlier, Ledger, Standing};
use crate::trace::{Nature, Trace, story};

/// Runs the command.
pub(crate) fn run(args: ReportArgs, session: &mut Session) -> Result<Exit, Failure> {
    let mut message =
        input::one_message(args.file.as_deref(), &mut session.term, &mut session.asker)?;
    if !args.as_is {
        message = attached::chosen(message, &mut session.asker)?;
    }
    for repair in message.repairs() {
        session.term.status(&format!("Note: {repair}."));
    }
    let mut ledger = session.open_ledger()?;
    let trace = question::settled_trace(session, &mut ledger, &message, &args.trust.trust)?;
    if args.explain {
        for line in story::explain(&trace) {
            session.term.answer(&line);
        }
    }
    if !is_reportable(&trace) {
        return Ok(nothing_to_report(session, &trace));
    }
    let standing = ledger.standing(&message)?;
    if let Standing::Known { complaints, .. } = &standing
        && let Some(done) = complaints.iter().find(|one| one.state.may_have_arrived())
    {
        return Ok(already(session, &trace, done));
    }
    let identity = identity::identity(session)?;
    let rules = Arc::clone(&session.rules);
    let mut finder = Finder::new(find::settings(session, args.offline)?, &rules);
    session.term.status(&asking(&trace));
    let called = args.compose.kind;
    let mut way = Way::of(message, trace, called, session, &mut ledger, &mut finder)?;
    way.named = args.trust.trust;
    session.term.answer(&say::source(&way.trace, way.holder()));
    if let Some(sentence) = say::kind(&way.evidence) {
        session.term.answer(&sentence);
    }
    let mut options = way::options(session, &args.compose)?;
    authority::offer(session, &way, &options.also);
    let kind = if args.log_only {
        TransportKind::None
    } else {
        how_sent(session, identity.mailbox.as_str())?
    };
    if kind == TransportKind::Drafts && args.compose.format.is_none() {
        // A draft goes through a mail program, which keeps text and breaks reports.
        options.format = Some(Format::Plain);
    }
    options.answer = newsletter::answer(session, &mut ledger, &way)?;
    let trust = question::trust(session, &ledger, &way.named)?;
    let (case, earlier) = way.case(&ledger, &standing, &trust, &rules)?;
    let mut before: Vec<Complaint> = Vec::new();
    loop {
        let now = session.now();
        let plan = Plan {
            case,
            earlier: &earlier,
            identity: &identity,
            options: &options,
            rules: &rules,
            secret: ledger.secret(),
            now,
        };
        let complaints = way.draft(&plan)?;
        way.keep(&complaints, case, &mut ledger, State::Drafted, now)?;
        take_back(session, &mut ledger, &before, &complaints)?;
        before.clone_from(&complaints);
        match agree_and_send(session, &mut ledger, complaints, kind, &Change::ALL)? {
            Ended::Done(exit) => return Ok(exit),
            Ended::Change(Change::Note) => {
                let desks: Vec<String> = before.iter().map(|one| one.desk.key()).collect();
                change::note(session, &desks, &mut options)?;
            }
            Ended::Change(Change::Kind) => {
                let called = change::kind(session, way.evidence.kind)?;
                way = way.called(called, session, &mut ledger, &mut finder)?;
                authority::offer(session, &way, &options.also);
            }
        }
    }
}

/// Cancels the drafts to desks that are none any more.
fn take_back(
    session: &Session,
    ledger: &mut Ledger,
    before: &[Complaint],
    now: &[Complaint],
) -> Result<(), Failure> {
    for old in before {
        if now.iter().any(|new| new.desk.key() == old.desk.key()) {
            continue;
        }
        let id = ledger.number_of(old)?;
        let from = [State::Held, State::Drafted];
        let why = "the mail is called something else now";
        ledger.move_on(id, &from, State::Cancelled, why, session.now())?;
    }
    Ok(())
}

/// Returns whether a complaint about the source may go out.
pub(super) fn is_reportable(trace: &Trace) -> bool {
    trace
        .source
        .as_ref()
        .is_some_and(|source| source.reportable)
}

/// Says why there is nothing to report.
fn nothing_to_report(session: &mut Session, trace: &Trace) -> Exit {
    session.term.answer(&say::source(trace, None));
    // A bounce, or mail of a list, is said to be that already.
    let is_said = matches!(trace.set_aside(), Some(Nature::Backscatter | Nature::List));
    if let Some(source) = trace.source.as_ref().filter(|_| !is_said) {
        let why = story::as_sentence(&source.why);
        let how = match trace.question {
            Some(_) => "It is not reported while a question is open.",
            None => "It cannot be reported.",
        };
        session.term.answer(&format!("{how} {why}"));
    }
    if let Some(question) = &trace.question {
        // The question stands in the line above already, as the reason.
        let (asked, so) = match &trace.source {
            Some(source) if !is_said && source.why.contains(&question.text) => ("", "if so"),
            _ => (question.text.as_str(), "If so"),
        };
        let hint = if question.can_be_kept() {
            format!(
                "{asked} {so}, add `{}` to `{}` under `[trust]` in the settings, or run on a terminal to be asked",
                question.host,
                question.asks.key()
            )
        } else {
            format!("{asked} {}", story::NO_NAME)
        };
        session.term.hint(hint.trim_start());
    }
    if trace.hops.is_empty() {
        let copy = input::HOW_TO_COPY.trim_end();
        session.term.hint(&format!(
            "copy the whole source of the mail, headers included:\n{copy}"
        ));
    }
    session.term.status("Nothing was sent.");
    Exit::NothingToReport
}

/// Says that a message was reported before.
fn already(session: &mut Session, trace: &Trace, done: &Earlier) -> Exit {
    session.term.answer(&say::source(trace, None));
    let (desk, at) = (&done.desk, say::utc(done.at));
    if matches!(done.state, State::Data | State::Unknown) {
        session.term.answer(&format!(
            "You may have reported it already: on {at} a complaint was handed over for {desk}, and no answer came back. \
             Nothing was sent again."
        ));
        session.term.hint(&format!(
            "`plaint outbox resolve {}` settles what became of it",
            done.id
        ));
    } else {
        session.term.answer(&format!(
            "You reported it already: to {desk} on {at} ({}). Nothing was sent again.",
            done.state
        ));
        session.term.hint(&format!(
            "`plaint log show {}` shows that complaint",
            done.id
        ));
    }
    Exit::NothingToReport
}

fn asking(trace: &Trace) -> String {
    trace.source.as_ref().map_or(String::new(), |source| {
        format!("Asking who answers for {} …", source.addr)
    })
}

/// Returns how complaints are sent; without a terminal and a setting nothing can be agreed to anyway.
fn how_sent(session: &mut Session, from: &str) -> Result<TransportKind, Failure> {
    if session.config.delivery.transport.is_none() && !session.asker.can_ask() {
        return Ok(TransportKind::None);
    }
    transport::kind(session, from)
}
