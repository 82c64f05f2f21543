//! Settles by the user's word what has no end of its own: what is unknown, was refused, or waits.
//!
//! In: a complaint. Out: what the user wants to become of it, done.
//! Standards: RFC 1047: what broke after the final dot, only a person can settle.
//! Failures: without a terminal nothing changes; what is sent again is agreed to anew.

use super::input::no_answer;
use super::renew::{NAME_AGAIN, Today};
use super::{Session, outbox, say, transport};
use crate::complaint::Complaint;
use crate::consent::State;
use crate::failure::{Exit, Failure};
use crate::intake::Untrusted;
use crate::ledger::{Kept, Ledger, ShownAs};

/// What the user can want to become of a complaint.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Leave,
    Found,
    Again(ShownAs),
    Drop,
    Anew,
}

/// Asks what is to become of a complaint, and does it.
pub(super) fn run(
    session: &mut Session,
    ledger: &mut Ledger,
    id: i64,
    today: &Today,
) -> Result<Exit, Failure> {
    let kept = ledger.kept(id)?;
    let state = kept.recorded.state;
    let wishes = wishes(&kept);
    if wishes.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            format!("complaint {id} is {state}: there is nothing to settle"),
        )
        .remedy("`plaint outbox list` shows what is unknown, or waits; nothing was sent"));
    }
    session.term.flush();
    let question = told(&kept);
    session.ask().show(&question).map_err(|e| no_answer(&e))?;
    let words: Vec<String> = wishes.iter().map(|(_, word)| (*word).to_owned()).collect();
    let chosen = session
        .ask()
        .one_of("What is to become of it?", &words)
        .map_err(|e| no_answer(&e))?;
    let wish = wishes.get(chosen).map_or(Wish::Leave, |(wish, _)| *wish);
    match wish {
        Wish::Leave => {
            session
                .term
                .status(&format!("It stays {state}. Nothing was sent."));
            Ok(match state {
                State::Rejected => Exit::Done,
                _ => Exit::TryLater,
            })
        }
        Wish::Found => {
            let why = "you found it among what was sent";
            settle(session, ledger, id, state, State::Accepted, why)
        }
        Wish::Again(shown_as) => {
            let complaint = kept.recorded.complaint;
            again(session, ledger, complaint, state, shown_as, today)
        }
        Wish::Drop => {
            let why = if state == State::Unknown || kept.maybe_arrived {
                "you dropped it; it may have arrived all the same"
            } else if state == State::Rejected {
                "you dropped it"
            } else {
                "you took it back before it went out"
            };
            settle(session, ledger, id, state, State::Cancelled, why)
        }
        Wish::Anew => anew(session, ledger, &kept, today),
    }
}

/// Returns what can be wanted of a complaint, in words; nothing where it has its end.
fn wishes(kept: &Kept) -> Vec<(Wish, &'static str)> {
    let mut wishes = match kept.recorded.state {
        State::Unknown => {
            return vec![
                (Wish::Leave, "leave it as it is"),
                (Wish::Found, "it was sent: I found it"),
                (
                    Wish::Again(ShownAs::Unknown),
                    "send the same octets again; the desk may get them twice",
                ),
                (Wish::Drop, "drop it"),
            ];
        }
        State::Rejected => vec![
            (Wish::Leave, "leave it as it is"),
            (
                Wish::Again(ShownAs::Refused),
                "send the same octets again; you are shown them first",
            ),
            (
                Wish::Drop,
                "drop it; `plaint report` may compose another one",
            ),
        ],
        State::Approved | State::Deferred => vec![
            (
                Wish::Leave,
                "leave it as it is; `plaint outbox retry` tries it",
            ),
            (Wish::Drop, "drop it: it is not sent"),
        ],
        _ => return Vec::new(),
    };
    // What may have arrived is composed anew no more: the desk would have two that differ.
    if !kept.maybe_arrived {
        wishes.push((Wish::Anew, "compose it anew, by your settings of today"));
    }
    wishes
}

/// Shows the same octets, and sends them once they were agreed to anew.
fn again(
    session: &mut Session,
    ledger: &mut Ledger,
    complaint: Complaint,
    state: State,
    shown_as: ShownAs,
    today: &Today,
) -> Result<Exit, Failure> {
    if let Some(why) = today.outdated(&complaint, session, ledger)? {
        session
            .term
            .status(&format!("Not sent, because {why}. It stays {state}."));
        return Ok(Exit::NoConsent);
    }
    let kind = transport::kind(session, complaint.from.as_str())?;
    let mut way = transport::build(&session.config, &session.rules, kind)?;
    outbox::ask_again(session, ledger, vec![complaint], shown_as, way.as_mut())
}

/// Composes a complaint anew, for the next `review`.
fn anew(
    session: &mut Session,
    ledger: &mut Ledger,
    kept: &Kept,
    today: &Today,
) -> Result<Exit, Failure> {
    let state = kept.recorded.state;
    let Some(anew) = today.anew(&kept.recorded.complaint, session, ledger)? else {
        session.term.status(&format!(
            "It cannot be composed anew, and stays {state}. Nothing was sent."
        ));
        session.term.hint(NAME_AGAIN);
        return Ok(Exit::NoConsent);
    };
    let why = "you had it composed anew";
    let now = session.now();
    ledger.replace(kept.id, &[state], &anew, State::Drafted, why, now)?;
    session
        .term
        .status("It was composed anew. Nothing was sent.");
    session
        .term
        .hint("`plaint review` shows it, and asks for your consent");
    Ok(Exit::Done)
}

/// Writes down what the user says of a complaint.
pub(super) fn settle(
    session: &mut Session,
    ledger: &mut Ledger,
    id: i64,
    from: State,
    to: State,
    why: &str,
) -> Result<Exit, Failure> {
    ledger.move_on(id, &[from], to, why, session.now())?;
    session
        .term
        .status(&format!("Complaint {id} is {to}: {why}. Nothing was sent."));
    Ok(Exit::Done)
}

/// Returns everything that helps to decide.
fn told(kept: &Kept) -> String {
    let complaint = &kept.recorded.complaint;
    let said = kept.said.as_deref().unwrap_or("nothing was heard");
    let id = kept.id;
    let (first, last) = match kept.recorded.state {
        State::Rejected => (
            format!("A mail server refused complaint {id}: it was not delivered."),
            "If it was your own server that did not want it, mend that first: the account\n\
             under `[delivery.smtp]`, or the mailbox that you send from.\n\n",
        ),
        State::Approved | State::Deferred => (format!("Complaint {id} waits in the outbox."), ""),
        _ => (
            format!("Whether complaint {id} arrived, nobody knows."),
            "Look for this Message-ID, or for the reference, in the Sent folder of your mail\n\
             account. Some providers put there whatever they took.\n\n",
        ),
    };
    format!(
        "{first}\n\
         \n\
         To:          {}\n\
         Reference:   {}\n\
         Tried:       {}\n\
         What broke:  {}\n\
         Message-ID:  <{}>\n\
         \n\
         {last}",
        Untrusted::text(&complaint.desk.key()),
        complaint.case.reference(),
        say::utc(kept.changed_at),
        said,
        complaint.message_id,
    )
}
