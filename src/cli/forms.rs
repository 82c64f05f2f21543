//! Desks that take a web form only: shows where it is and what to write, and believes the user's word.
//!
//! In: drafted complaints without a mailbox. Out: `by-hand` in the ledger, or still drafted.
//! Trust: the program opens no page; the form's address is a rule's or a registry's, and shown escaped.
//! Failures: without a terminal they stay drafted; given up, too.

use super::Session;
use crate::complaint::{Complaint, preview};
use crate::consent::State;
use crate::failure::Failure;
use crate::intake::Untrusted;
use crate::ledger::Ledger;

/// Takes the complaints to forms out of a set, and leaves those that are mail.
pub(super) fn taken_out(complaints: Vec<Complaint>) -> (Vec<Complaint>, Vec<Complaint>) {
    complaints
        .into_iter()
        .partition(|complaint| complaint.desk.mailbox.is_none())
}

/// Shows each form with its text, and writes down what the user did with it.
pub(super) fn by_hand(
    session: &mut Session,
    ledger: &mut Ledger,
    forms: &[Complaint],
) -> Result<(), Failure> {
    for complaint in forms {
        let Some(url) = &complaint.desk.form else {
            continue;
        };
        let url = Untrusted::text(url).to_string();
        session.term.answer(&format!(
            "\nThis desk takes a web form only: {url}\nThe text to copy into it:\n\n{}",
            preview::text(complaint)
        ));
        session.term.flush();
        if !session.asker.can_ask() {
            session
                .term
                .hint("it is kept: `plaint review` on a terminal asks about it again");
            continue;
        }
        // Given up is no: the draft stays.
        let done = session
            .ask()
            .yes("Did you fill the form in and send it?")
            .unwrap_or(false);
        if done {
            let id = ledger.number_of(complaint)?;
            let now = session.now();
            ledger.move_on(
                id,
                &[State::Held, State::Drafted],
                State::ByHand,
                "the form was filled in, on the user's word",
                now,
            )?;
            session
                .term
                .status(&format!("{url}: by hand, on your word. Logged as {id}"));
        }
    }
    Ok(())
}
