//! What came back, and what it changes.
//!
//! In: [`Answer`]s. Out: [`Taking`]: which complaint it is about, and what would change; then the change.
//! Standards: RFC 5322 §3.6.4 (Message-ID), RFC 3463 (status codes).
//! Trust: a Message-ID or a reference of ours is a keyed hash that only who saw
//! the complaint can name. A mailbox alone anybody can name: such a match moves
//! nothing unless the user says so.
//! Failures: [`LedgerError`].

use jiff::{SignedDuration, Timestamp};
use rusqlite::OptionalExtension as _;
use sha2::{Digest as _, Sha256};

use super::desks::{self, DeskMark};
use super::{Ledger, LedgerError, seconds, writing};
use crate::complaint::CaseKey;
use crate::consent::State;
use crate::delivery::answer::{Answer, Class, Failed, Kind};
use crate::intake::Message;

/// How long a desk may take to answer for a match by its mailbox alone.
const MEMORY: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Kinds of answers that show that somebody reads the mailbox, or a program does.
pub(super) const SIGNS_OF_LIFE: [&str; 7] = [
    "delivered",
    "receipt",
    "automatic",
    "not-ours",
    "resolved",
    "refuses-munged",
    "human",
];

/// How an answer was matched with a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By the complaint's Message-ID.
    MessageId,
    /// By the reference in the complaint's subject.
    Reference,
    /// Only by the desk's mailbox.
    Mailbox,
}

impl How {
    /// Returns whether only who saw the complaint can have written it.
    #[must_use]
    pub const fn is_sure(self) -> bool {
        !matches!(self, Self::Mailbox)
    }
}

/// What an answer changes: shown first, then done.
#[derive(Debug, Clone, PartialEq)]
pub struct Taking {
    /// The complaint's number.
    pub id: i64,
    /// How it was found.
    pub how: How,
    /// The desk.
    pub desk: String,
    /// The complaint's state.
    pub state: State,
    /// The state that it moves to; `None` where it stays.
    pub moves_to: Option<State>,
    /// What is learnt about the desk.
    pub marks: Vec<DeskMark>,
    /// Whether this answer was taken before.
    pub is_known: bool,
    kind: &'static str,
    rule: String,
    ticket: Option<String>,
    status: Option<String>,
    says: String,
    at: Timestamp,
    digest: [u8; 32],
}

impl Ledger {
    /// Finds the complaint that an answer is about, and what the answer changes; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn weigh(
        &self,
        message: &Message,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Option<Taking>, LedgerError> {
        if answer.kind == Kind::NotAnAnswer {
            return Ok(None);
        }
        let Some((id, how)) = self.matched(answer, now)? else {
            return Ok(None);
        };
        let (desk, word, approved): (String, String, Option<i64>) = self.db.query_row(
            "SELECT desk, state, approved_at FROM complaints WHERE id = ?1",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let state = State::of_word(&word).unwrap_or(State::Unknown);
        let digest: [u8; 32] = Sha256::digest(message.octets()).into();
        let is_known: bool = self.db.query_row(
            "SELECT EXISTS (SELECT 1 FROM answers WHERE digest = ?1)",
            [digest.as_slice()],
            |row| row.get(0),
        )?;
        let failed = failed(answer, &desk);
        let status = failed.and_then(status);
        let mut marks = marks(answer);
        if let Some(status) = &status {
            marks.extend(desks::earned(&self.db, &desk, status, id, now)?);
        }
        if SIGNS_OF_LIFE.contains(&answer.kind.name()) && self.desk(&desk)?.dead_until.is_some() {
            marks.push(DeskMark::Alive);
        }
        // The answer's own date is a claim: it counts where it lies between question and now.
        let asked = approved.unwrap_or(i64::MIN);
        let at = answer
            .when
            .filter(|when| (asked..=seconds(now)).contains(&seconds(*when)))
            .unwrap_or(now);
        Ok(Some(Taking {
            id,
            how,
            desk,
            state,
            moves_to: moves_to(answer, failed, state, how.is_sure()),
            marks,
            is_known,
            kind: answer.kind.name(),
            rule: answer.rule.clone(),
            ticket: answer.ticket.clone(),
            status,
            says: answer.says.clone(),
            at,
            digest,
        }))
    }

    /// Writes down an answer and what it changes; an answer that was taken before changes nothing.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn take(&mut self, taking: &Taking, now: Timestamp) -> Result<(), LedgerError> {
        let transaction = writing(&mut self.db)?;
        let added = transaction.execute(
            "INSERT INTO answers (complaint_id, desk, at, kind, rule, ticket, status, said, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (digest) DO NOTHING",
            (
                taking.id,
                &taking.desk,
                seconds(taking.at),
                taking.kind,
                &taking.rule,
                &taking.ticket,
                &taking.status,
                &taking.says,
                taking.digest.as_slice(),
            ),
        )?;
        if added == 0 {
            return Ok(());
        }
        if let Some(state) = taking.moves_to {
            transaction.execute(
                "UPDATE complaints SET state = ?2, changed_at = ?3, said = ?4, due_at = NULL
                 WHERE id = ?1 AND state = ?5",
                (
                    taking.id,
                    state.word(),
                    seconds(now),
                    &taking.says,
                    taking.state.word(),
                ),
            )?;
        }
        transaction.execute(
            "INSERT INTO history (at, case_id, complaint_id, event, detail)
             SELECT ?2, case_id, id, ?3, ?4 FROM complaints WHERE id = ?1",
            (taking.id, seconds(now), taking.kind, &taking.says),
        )?;
        for mark in &taking.marks {
            desks::set_mark(&transaction, &taking.desk, mark, now)?;
        }
        // Another bounce may have been written down since this one was weighed.
        if let Some(status) = &taking.status
            && let Some(mark) = desks::earned(&transaction, &taking.desk, status, taking.id, now)?
        {
            desks::set_mark(&transaction, &taking.desk, &mark, now)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Finds the complaint that an answer is about: the surest way first.
    fn matched(&self, answer: &Answer, now: Timestamp) -> Result<Option<(i64, How)>, LedgerError> {
        for id in &answer.references.message_ids {
            let found = self
                .db
                .query_row(
                    "SELECT id FROM complaints WHERE message_id = ?1 ORDER BY id DESC LIMIT 1",
                    [id],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(id) = found {
                return Ok(Some((id, How::MessageId)));
            }
        }
        let desks = named_desks(answer);
        if let Some(id) = self.by_reference(&answer.references.case_references, &desks)? {
            return Ok(Some((id, How::Reference)));
        }
        self.by_mailbox(&desks, now)
    }

    /// Finds a complaint by the reference of its case; of several, the one to a desk that is named.
    fn by_reference(
        &self,
        references: &[String],
        desks: &[String],
    ) -> Result<Option<i64>, LedgerError> {
        let mut statement = self
            .db
            .prepare_cached("SELECT id FROM cases WHERE key BETWEEN ?1 AND ?2 LIMIT 1")?;
        let mut case: Option<i64> = None;
        for (first, last) in references.iter().filter_map(|one| CaseKey::range_of(one)) {
            let range = (first.octets().as_slice(), last.octets().as_slice());
            case = statement.query_row(range, |row| row.get(0)).optional()?;
            if case.is_some() {
                break;
            }
        }
        let Some(case) = case else { return Ok(None) };
        let mut statement = self.db.prepare_cached(
            "SELECT id, desk FROM complaints WHERE case_id = ?1 AND approved_at IS NOT NULL
             ORDER BY id DESC",
        )?;
        let told: Vec<(i64, String)> = statement
            .query_map([case], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let domain = |mailbox: &str| mailbox.rsplit_once('@').map(|(_, d)| d.to_owned());
        let named = told
            .iter()
            .find(|(_, desk)| desks.contains(desk))
            .or_else(|| {
                told.iter()
                    .find(|(_, desk)| desks.iter().any(|one| domain(one) == domain(desk)))
            });
        Ok(match (named, told.as_slice()) {
            (Some((id, _)), _) | (None, [(id, _)]) => Some(*id),
            _ => None,
        })
    }

    /// Finds the newest complaint to a desk that the answer names.
    fn by_mailbox(
        &self,
        desks: &[String],
        now: Timestamp,
    ) -> Result<Option<(i64, How)>, LedgerError> {
        let since = seconds(now.checked_sub(MEMORY).unwrap_or(now));
        for desk in desks {
            let found = self
                .db
                .query_row(
                    "SELECT id FROM complaints
                     WHERE desk = ?1 AND approved_at >= ?2
                       AND state IN ('accepted', 'unknown', 'answered', 'bounced', 'by-hand')
                     ORDER BY approved_at DESC, id DESC LIMIT 1",
                    (desk, since),
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(id) = found {
                return Ok(Some((id, How::Mailbox)));
            }
        }
        Ok(None)
    }
}

/// Returns the status code of a bounce that is for good: its own, or the one that its reason stands for.
fn status(failed: &Failed) -> Option<String> {
    if !failed.permanent {
        return None;
    }
    match (failed.status, failed.class) {
        (Some(status), _) => Some(format!(
            "{}.{}.{}",
            status.class, status.subject, status.detail
        )),
        // RFC 3463 §3.2 and §3.8: the address, and policy, without a detail.
        (None, Class::Hard) => Some("5.1.0".to_owned()),
        (None, Class::Policy) => Some("5.7.0".to_owned()),
        (None, Class::Soft) => None,
    }
}

/// Returns the mailboxes that an answer names as the desk's, in lower case.
fn named_desks(answer: &Answer) -> Vec<String> {
    answer
        .references
        .failed_recipients
        .iter()
        .map(|mailbox| mailbox.to_ascii_lowercase())
        .chain(answer.from_mailbox.as_ref().map(|mailbox| mailbox.key()))
        .collect()
}

/// Returns what a bounce says of the desk; `None` where it is about somebody else.
///
/// A desk's mailbox can be a list of people: one who left says nothing of it.
fn failed<'a>(answer: &'a Answer, desk: &str) -> Option<&'a Failed> {
    let Kind::Bounce(all) = &answer.kind else {
        return None;
    };
    all.iter()
        .find(|failed| {
            failed
                .recipient
                .as_ref()
                .is_some_and(|recipient| recipient.eq_ignore_ascii_case(desk))
        })
        .or_else(|| all.iter().find(|failed| failed.recipient.is_none()))
}

/// Returns the state that an answer moves a complaint to.
///
/// `is_sure` is whether only who saw the complaint can have written it: then a
/// server had it, whatever was known here, and it is not to be sent again.
fn moves_to(
    answer: &Answer,
    failed: Option<&Failed>,
    state: State,
    is_sure: bool,
) -> Option<State> {
    let was_sent = matches!(state, State::Accepted | State::Unknown | State::ByHand);
    let was_not = matches!(
        state,
        State::Approved | State::Deferred | State::Rejected | State::Cancelled | State::Saved
    );
    let arrived = (state == State::Unknown || is_sure && was_not).then_some(State::Accepted);
    match &answer.kind {
        Kind::Bounce(_) if failed.is_some_and(|failed| failed.permanent) => {
            was_sent.then_some(State::Bounced)
        }
        // It arrived, or is on its way; that is all that is known now.
        Kind::Bounce(_)
        | Kind::Delivered
        | Kind::Receipt
        | Kind::Automatic
        | Kind::Challenge
        | Kind::Feedback(_) => arrived,
        Kind::UseForm
        | Kind::NotOurs
        | Kind::Resolved
        | Kind::RefusesMunged
        | Kind::Moved
        | Kind::Human => (was_sent || is_sure && was_not).then_some(State::Answered),
        Kind::NotAnAnswer => None,
    }
}

/// Returns what an answer that is no bounce says about the desk.
fn marks(answer: &Answer) -> Vec<DeskMark> {
    match &answer.kind {
        Kind::UseForm => answer
            .points_to
            .form
            .iter()
            .map(|form| DeskMark::Form(form.clone()))
            .collect(),
        Kind::RefusesMunged => vec![DeskMark::RefusesMunged],
        Kind::Moved => answer
            .points_to
            .mailbox
            .iter()
            .map(|mailbox| DeskMark::Forwarded(mailbox.to_string()))
            .collect(),
        _ => Vec::new(),
    }
}
