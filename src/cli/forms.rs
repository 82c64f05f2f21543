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
        if let Some(leak) = complaint.leaks.first() {
            let leak = Untrusted::text(leak);
            session.term.warning(&format!(
                "{url}: you can still be found in the text for this form, so it is not shown: {leak}"
            ));
            session.term.status("To this desk nothing was sent.");
            continue;
        }
        session.term.answer(&format!(
            "\nThis desk takes a web form only: {url}\n\n{}",
            preview::for_form(complaint)
        ));
        session.term.flush();
        if !session.asker.can_ask() {
            session
                .term
                .hint("nothing was sent to it; it is kept: `plaint review` on a terminal asks about it again");
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
        } else {
            session.term.status(
                "To this desk nothing was sent. It is kept: `plaint review` asks about it again.",
            );
        }
    }
    Ok(())
}
