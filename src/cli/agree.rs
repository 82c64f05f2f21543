//! Asks for consent, hands over what was agreed to, and says how each ended.
//!
//! In: drafted complaints in the ledger. Out: closing lines, and the exit status.
//! Failures: whatever fails, the user is told whether something was sent.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{Session, forms, transport};
use crate::complaint::{Complaint, Desk, preview};
use crate::config::{Config, TransportKind};
use crate::consent::{
    self, Answer, Approved, Change, Declined, Facts, Limits, Purpose, Reason, Situation, Terms,
    Unasked, UnaskedWhy,
};
use crate::delivery::{self, JournalError, Outcome, Pause, Setback, Stage, Tried};
use crate::failure::{Exit, Failure};
use crate::intake::Untrusted;
use crate::ledger::{Ledger, LedgerError, ShownAs};
use crate::rules::Rules;
use crate::term::handing_over;

/// What becomes of complaints that were composed and not agreed to.
pub(super) const KEPT: &str = "the drafts are kept: `plaint review` on a terminal shows them again";

/// How asking ended.
pub(super) enum Ended {
    /// What was agreed to was handed over, or nothing was.
    Done(Exit),
    /// The user wants something changed first: nothing was agreed to.
    Change(Change),
}

/// Shows complaints, asks, and sends what was agreed to.
///
/// All of them stand in the ledger already, so that nothing is lost if the
/// question is broken off.
pub(super) fn agree_and_send(
    session: &mut Session,
    ledger: &mut Ledger,
    complaints: Vec<Complaint>,
    kind: TransportKind,
    changes: &[Change],
) -> Result<Ended, Failure> {
    // Whatever is wrong with the settings is said before the question, not after.
    let mut way = transport::build(&session.config, &session.rules, kind)?;
    if let Some(sentence) = other_than_mail(way.purpose())
        && session.asker.can_ask()
    {
        session.term.status(sentence);
    }
    session.term.flush();
    let complaints = guarded(session, ledger, complaints, ShownAs::New)?;
    let (forms, complaints) = forms::taken_out(complaints);
    let exit = if complaints.is_empty() {
        // Where a form is left to be filled in, what became of it is said below.
        if forms.is_empty() {
            session.term.status("Nothing was sent.");
        }
        if forms.is_empty() || session.asker.can_ask() {
            Exit::Done
        } else {
            Exit::NoConsent
        }
    } else {
        match ask_and_send(session, ledger, complaints, way.as_mut(), changes)? {
            Ended::Done(exit) => exit,
            changed @ Ended::Change(_) => return Ok(changed),
        }
    };
    forms::by_hand(session, ledger, &forms)?;
    Ok(Ended::Done(exit))
}

/// Returns what is said before the question where no mail leaves the machine.
const fn other_than_mail(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::Record => {
            Some("What you agree to is only written down: nothing leaves this machine.")
        }
        Purpose::Draft => Some("What you agree to is written as a draft, for you to send."),
        Purpose::Send => None,
    }
}

/// Asks about complaints that are mail, and sends what was agreed to.
fn ask_and_send(
    session: &mut Session,
    ledger: &mut Ledger,
    complaints: Vec<Complaint>,
    way: &mut dyn delivery::Transport,
    changes: &[Change],
) -> Result<Ended, Failure> {
    let now = session.now();
    // One that cannot be agreed to is not shown, and nothing can be left out because of it.
    let (complaints, barred): (Vec<_>, Vec<_>) = complaints
        .into_iter()
        .partition(|one| consent::bars(one).is_empty());
    let shown = preview::Shown::of(&complaints);
    let answer = consent::ask(
        complaints.into_iter().chain(barred).collect(),
        &|one| shown.text(one),
        &mut session.asker,
        now,
        session.hooks.codes.as_mut(),
        &Terms {
            purpose: way.purpose(),
            changes,
            unticked: "What is not ticked is declined.",
        },
    );
    let answer = match answer {
        Ok(answer) => answer,
        Err(Unasked {
            why: UnaskedWhy::Change(change),
            ..
        }) => return Ok(Ended::Change(change)),
        Err(unasked) => return Err(not_asked(&unasked)),
    };
    let declined = decline(session, ledger, &answer)?;
    if answer.approved.is_empty() {
        session
            .term
            .status(&format!("Nothing was sent. {declined}"));
        let all_barred = answer
            .declined
            .iter()
            .all(|declined| matches!(declined.reason, Reason::Barred(_)));
        return Ok(Ended::Done(if all_barred {
            Exit::NoConsent
        } else {
            Exit::Done
        }));
    }
    let not_ticked = desks_of(&answer.declined, &Reason::NotTicked);
    if !not_ticked.is_empty() {
        session.term.status(&format!(
            "Not ticked, and so declined: {}.",
            not_ticked.join(", ")
        ));
    }
    send(session, ledger, answer.approved, ShownAs::New, way).map(Ended::Done)
}

/// Returns what can be asked about now; says why the rest is held back.
pub(super) fn guarded(
    session: &mut Session,
    ledger: &Ledger,
    complaints: Vec<Complaint>,
    shown_as: ShownAs,
) -> Result<Vec<Complaint>, Failure> {
    let now = session.now();
    let mut facts = Vec::with_capacity(complaints.len());
    for complaint in &complaints {
        let mut known = ledger.facts(complaint, now)?;
        if shown_as != ShownAs::New {
            // It is its own earlier complaint, and the question says so.
            known.earlier = None;
        }
        ruled(&mut known, &session.rules, ledger, complaint)?;
        facts.push(known);
    }
    let mut facts = facts.into_iter();
    let guarded = consent::guard(
        complaints,
        &mut |_| facts.next().unwrap_or_default(),
        &Situation {
            own_domains: session.config.own_domains(),
            now,
        },
        &limits(&session.config),
    );
    for (complaint, cautions) in &guarded.held {
        let reasons: Vec<String> = cautions.iter().map(ToString::to_string).collect();
        held_back(session, complaint, &reasons.join("; "));
    }
    Ok(guarded.askable)
}

/// Adds what a rule says of the desk: the user's own rule may be younger than the complaint.
fn ruled(
    known: &mut Facts,
    rules: &Rules,
    ledger: &Ledger,
    complaint: &Complaint,
) -> Result<(), Failure> {
    known.blocked |= is_blocked(rules, &complaint.desk);
    let mailbox = complaint.desk.mailbox.as_ref();
    let Some(rule) = mailbox.and_then(|mailbox| rules.desks.for_mailbox(mailbox)) else {
        return Ok(());
    };
    known.refuses_munged |= rule.accepts.munged == Some(false);
    let only = &rule.accepts.only;
    // Where it was composed by the same rule, it says so itself.
    if !only.is_empty() && complaint.desk.ticked {
        let kind = ledger.kind_of(complaint.case)?;
        known.takes_only =
            (!kind.is_some_and(|kind| only.contains(&kind))).then(|| only.join(", "));
    }
    if let Some(hours) = rule.accepts.min_interval_h
        && let Some(last) = ledger.last_about(complaint)?
    {
        let pause = SignedDuration::from_hours(i64::from(hours));
        known.too_soon = last.checked_add(pause).ok();
    }
    Ok(())
}

/// Says why a complaint is not sent now.
fn held_back(session: &mut Session, complaint: &Complaint, why: &str) {
    let desk = complaint.desk.key();
    session
        .term
        .status(&format!("Held back, to {desk}: {why}."));
}

/// Returns how many complaints may go out, as the settings say.
fn limits(config: &Config) -> Limits {
    let keys = &config.limits;
    Limits {
        per_source_and_desk: keys.per_source_and_desk_per_day,
        per_desk: keys.per_desk_per_day,
        warn: keys.warn_per_day,
    }
}

/// Returns whether the user blocked a desk, be it after the complaint to it was composed.
pub(super) fn is_blocked(rules: &Rules, desk: &Desk) -> bool {
    let mailbox = desk.mailbox.as_ref();
    mailbox.is_some_and(|mailbox| rules.desks.blocks(mailbox).is_some())
}

/// Returns the failure for a question that could not be asked, or was broken off.
fn not_asked(unasked: &Unasked) -> Failure {
    let failure = Failure::new(
        Exit::NoConsent,
        "you could not be asked, and nothing was sent",
    );
    match &unasked.why {
        UnaskedWhy::Terminal(consent::TerminalError::Interrupted) => {
            Failure::new(Exit::NoConsent, "given up, and nothing was sent").remedy(KEPT)
        }
        other => failure.because(other).remedy(KEPT),
    }
}

/// Returns the desks of what was declined for one reason.
fn desks_of(declined: &[Declined], reason: &Reason) -> Vec<String> {
    declined
        .iter()
        .filter(|one| one.reason == *reason)
        .map(|one| one.complaint.desk.key())
        .collect()
}

/// Writes down what was declined; returns a sentence about it.
fn decline(session: &mut Session, ledger: &mut Ledger, answer: &Answer) -> Result<String, Failure> {
    let now = session.now();
    let mut kept = 0;
    for declined in &answer.declined {
        let why = match &declined.reason {
            Reason::NotTicked => "not ticked",
            Reason::NoCode => "the code was not typed",
            Reason::Barred(_) => {
                kept += 1;
                continue;
            }
        };
        match ledger.decline(&declined.complaint, why, now) {
            Err(error @ LedgerError::Joined { .. }) => {
                let why = format!("{error}; {}", error.remedy());
                held_back(session, &declined.complaint, &why);
            }
            done => done?,
        }
    }
    Ok(match kept {
        0 => "You declined; that is written down.".to_owned(),
        1 => "1 complaint cannot be sent as it is; it is kept.".to_owned(),
        n => format!("{n} complaints cannot be sent as they are; they are kept."),
    })
}

/// Hands over what was agreed to, one after another.
///
/// What came over a limit, or was joined by another message, while the question
/// stood on the screen is held back.
pub(super) fn send(
    session: &mut Session,
    ledger: &mut Ledger,
    mut approved: Vec<Approved>,
    shown_as: ShownAs,
    way: &mut dyn delivery::Transport,
) -> Result<Exit, Failure> {
    let now = session.now();
    let limits = limits(&session.config);
    ledger.begin_sending().map_err(unsent)?;
    let mut exit = Exit::Done;
    // Committed before the first octet of any of them leaves.
    let ids = loop {
        match ledger.approve(&approved, shown_as, &limits, now) {
            Ok(ids) => break ids,
            Err(LedgerError::Limit { place, why }) if place < approved.len() => {
                let over = approved.remove(place);
                held_back(session, over.complaint(), &why);
                exit = Exit::TryLater;
            }
            Err(error @ LedgerError::Joined { place }) if place < approved.len() => {
                let old = approved.remove(place);
                let why = format!("{error}; {}", error.remedy());
                held_back(session, old.complaint(), &why);
                exit = Exit::TryLater;
            }
            Err(error) => return Err(unsent(error)),
        }
    };
    if approved.is_empty() {
        session.term.status("Nothing was sent.");
        return Ok(exit);
    }
    ledger.bind_to_way(&ids, &way.name()).map_err(unsent)?;
    Ok(exit.graver(hand_over(session, ledger, &ids, approved, way)?))
}

/// Returns the failure for an answer that could not be written down: what it covers did not leave.
fn unsent(error: LedgerError) -> Failure {
    let remedy = error.remedy().trim_end_matches("; nothing was sent");
    let remedy = format!("{remedy}; what you just agreed to was not sent");
    Failure::from(error).remedy(remedy)
}

/// Hands over what the ledger has as agreed to, and says how each ended.
pub(super) fn hand_over(
    session: &mut Session,
    ledger: &mut Ledger,
    ids: &[i64],
    approved: Vec<Approved>,
    way: &mut dyn delivery::Transport,
) -> Result<Exit, Failure> {
    let desks: Vec<String> = approved
        .iter()
        .map(|one| one.complaint().desk.key())
        .collect();
    session.term.status(&match way.purpose() {
        Purpose::Send => format!("Sending with {} …", way.name()),
        Purpose::Draft => "Writing drafts …".to_owned(),
        Purpose::Record => "Writing it down …".to_owned(),
    });
    handing_over();
    let clock = Arc::clone(&session.hooks.now);
    let results = delivery::deliver_each(approved, way, ledger, &*clock);
    let mut exit = Exit::Done;
    let mut rejected = 0;
    for ((id, desk), result) in ids.iter().zip(&desks).zip(&results) {
        let ended = tell(session, *id, desk, result);
        if ended == Exit::NoContact {
            rejected += 1;
        } else {
            exit = exit.graver(ended);
        }
    }
    if rejected > 0 && rejected == results.len() {
        exit = exit.graver(Exit::NoContact);
    }
    Ok(exit)
}

/// Returns what is to be mended before another try can end otherwise; empty where waiting may be enough.
const fn first_mend(setback: &Setback) -> &'static str {
    if setback.garbled {
        return "what answered is no mail server, or not in this way: check `host`, `port` and `tls` in `[delivery.smtp]`; then ";
    }
    if !setback.lasting {
        return "";
    }
    match setback.stage {
        Stage::Prepare => "mend what is named, here or under `[delivery]` in the settings; then ",
        Stage::Tls => {
            "check `host` in `[delivery.smtp]`: the certificate must be for it, and valid; `ca_file` names an authority of your own; then "
        }
        Stage::Connect | Stage::StartTls => {
            "check `host`, `port` and `tls` in `[delivery.smtp]`; then "
        }
        Stage::Auth => {
            "check `user` and the password of `[delivery.smtp]`; some providers want a password made for programs; then "
        }
        Stage::Banner | Stage::Ehlo => {
            "ask your mail provider why, or name another server in `[delivery.smtp]`; then "
        }
        Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Dot => {
            "the server wants something else first, or takes no such mail: another `transport` under `[delivery]` may; then "
        }
    }
}

/// Returns what helps where the journal stopped a delivery, up to the command that shows how it stands.
const fn unrecorded(error: &JournalError) -> &'static str {
    match error {
        JournalError::Io(_) => "make room for the ledger, then look with ",
        JournalError::Locked => {
            "wait until the other command has ended, then `plaint outbox retry`; how it stands tells "
        }
        // Another command changed it in the meantime.
        JournalError::Missing | JournalError::State(_) | JournalError::Octets => {
            "something else changed it since you agreed; how it stands tells "
        }
    }
}

/// Says how one complaint ended; returns its exit status.
fn tell(session: &mut Session, id: i64, desk: &str, result: &Tried) -> Exit {
    match result {
        Tried::Once(Ok(outcome)) => {
            let paint = session.term.err_paint;
            // The name of a saved file may hold anything.
            let sentence = outcome.sentence();
            let sentence = Untrusted::text(&sentence).up_to(usize::MAX).to_string();
            let (exit, line) = match outcome {
                Outcome::Accepted { .. } => (Exit::Done, paint.done(&sentence)),
                Outcome::Saved { .. } => (Exit::Done, sentence),
                Outcome::Rejected(_) => (Exit::NoContact, paint.refused(&sentence)),
                Outcome::Deferred(setback) if setback.garbled => {
                    (Exit::Protocol, paint.claimed(&sentence))
                }
                Outcome::Deferred(_) | Outcome::Unknown(_) => {
                    (Exit::TryLater, paint.claimed(&sentence))
                }
            };
            session
                .term
                .painted(&format!("{desk}: {line} Logged as {id}"));
            match outcome {
                Outcome::Deferred(setback) => session.term.hint(&format!(
                    "{}`plaint outbox retry` tries the same octets again",
                    first_mend(setback)
                )),
                Outcome::Unknown(_) => session.term.hint(&format!(
                    "look for it in your Sent folder, then settle it with `plaint outbox resolve {id}`; it is not sent again by itself"
                )),
                Outcome::Rejected(setback) => session.term.hint(&format!(
                    "{}`plaint outbox resolve {id}` sends it again if you agree to that, or frees it to be composed anew",
                    if setback.is_about_mailbox() {
                        ""
                    } else {
                        "look whether it is your account or your own address that your server refuses, and mend that; "
                    }
                )),
                _ => {}
            }
            exit
        }
        Tried::Once(Err(undelivered)) => {
            let sent = if undelivered.may_have_arrived() {
                "it may have been sent"
            } else {
                "it was not sent"
            };
            let failure = Failure::new(
                Exit::Io,
                format!("the complaint to `{desk}` could not be recorded; {sent}"),
            )
            .because(undelivered)
            .remedy(format!(
                "{}`plaint log show {id}`",
                unrecorded(&undelivered.error)
            ));
            session.term.failure(&failure);
            failure.exit
        }
        Tried::NotYet(pause) => {
            let why = match pause {
                Pause::Asked => "the mail server wants a pause",
                Pause::Setbacks => "those before it failed, one after another",
                Pause::Journal => "the ledger could not be written",
            };
            session.term.status(&format!(
                "{desk}: not tried, because {why}. Nothing of it was sent. Kept as {id}"
            ));
            session
                .term
                .hint("`plaint outbox retry` sends what was not tried");
            Exit::TryLater
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::State;

    #[test]
    fn what_the_user_blocked_since_is_not_asked_about() {
        let mut rules = Rules::builtin();
        let desk = Desk {
            mailbox: Some("abuse@isp.example".try_into().unwrap()),
            form: None,
            roles: Vec::new(),
            why: String::new(),
            ticked: true,
            unticked_because: None,
        };
        assert!(!is_blocked(&rules, &desk));
        let rule = "[[rule]]\nid = \"desks-user-1\"\nwhat = \"you blocked it\"\nsource = [\"you\"]\nverified_on = 2026-11-21\nadded = 2026-11-21\nconfidence = \"high\"\nblocked = true\nmailboxes = [\"abuse@isp.example\"]\nmatch = [\"abuse@isp.example\"]\nskip = [\"abuse@example.org\"]\n";
        rules.desks.add_user("desks.toml", rule).unwrap();
        assert!(is_blocked(&rules, &desk));
    }

    #[test]
    fn what_lasts_is_to_be_mended_before_another_try() {
        let waits = Setback::new(Stage::Auth, "x");
        assert_eq!(first_mend(&waits), "");
        for (stage, word) in Stage::ALL {
            let hint = first_mend(&Setback::new(stage, "x").lasting());
            assert!(hint.ends_with("; then "), "{word}: {hint}");
        }
        let garbled = first_mend(&Setback::new(Stage::Ehlo, "x").garbled());
        assert!(garbled.contains("no mail server"), "{garbled}");
    }

    #[test]
    fn only_a_ledger_that_could_not_be_written_needs_room() {
        let said = |error| unrecorded(&error);
        assert!(said(JournalError::Io("full".to_owned())).contains("make room"));
        for error in [
            JournalError::Locked,
            JournalError::Missing,
            JournalError::State(State::Accepted),
            JournalError::Octets,
        ] {
            assert!(!said(error.clone()).contains("room"), "{error}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_written_down_says_that_it_sent_nothing() {
        for error in [LedgerError::Busy, LedgerError::Full, LedgerError::ReadOnly] {
            let failure = unsent(error).to_string();
            assert!(
                failure.ends_with("; what you just agreed to was not sent"),
                "{failure}"
            );
            assert_eq!(failure.matches("sent").count(), 1, "{failure}");
        }
    }
}
