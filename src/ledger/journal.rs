//! The steps of a delivery, each a commit that lasts.
//!
//! In: what [`crate::delivery::deliver`] does. Out: rows of `complaints`, `attempts`, `history`.
//! Standards: RFC 1047.
//! Trust: a step is taken only from the state before it, so two processes cannot send one complaint.
//! Failures: [`JournalError`].

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use sha2::{Digest as _, Sha256};

use super::{Ledger, LedgerError, desks, seconds, writing};
use crate::consent::{Approved, State};
use crate::delivery::{Journal, JournalError, Outcome, Setback};

/// Pauses before the next try, by how many have failed; the last one stands for all after it.
const PAUSES: [SignedDuration; 5] = [
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(20),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(12),
];

impl From<LedgerError> for JournalError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Busy => Self::Locked,
            LedgerError::Settled(state) => Self::State(state),
            LedgerError::Missing(_) => Self::Missing,
            other => Self::Io(other.to_string()),
        }
    }
}

impl Journal for Ledger {
    fn connecting(
        &mut self,
        approved: &Approved,
        transport: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        self.begin_sending()?;
        let begun = self.begin_try(approved, transport, now)?;
        if let Err(error) = self.beat() {
            // Nothing has left: the complaint waits as it did before.
            self.put_back(begun, &error.to_string(), now)?;
            return Err(error.into());
        }
        Ok(())
    }

    fn data(&mut self, approved: &Approved, now: Timestamp) -> Result<(), JournalError> {
        let id = self.id_of(approved)?;
        let transaction = begin(&mut self.db)?;
        step(
            &transaction,
            id,
            State::Data,
            &[State::Connecting],
            None,
            now,
        )?;
        transaction
            .execute(
                "UPDATE attempts SET dot_at = ?2 WHERE complaint_id = ?1 AND ended_at IS NULL",
                (id, seconds(now)),
            )
            .map_err(LedgerError::from)?;
        commit(transaction)
    }

    fn ended(
        &mut self,
        approved: &Approved,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let id = self.id_of(approved)?;
        let (state, setback, said) = match outcome {
            Outcome::Accepted { by, reply } => (State::Accepted, None, format!("{by}: {reply}")),
            Outcome::Deferred(setback) => (State::Deferred, Some(setback), setback.why.clone()),
            Outcome::Rejected(setback) => (State::Rejected, Some(setback), setback.why.clone()),
            Outcome::Unknown(setback) => (State::Unknown, Some(setback), setback.why.clone()),
            Outcome::Saved { path } => (State::Saved, None, path.display().to_string()),
        };
        let transaction = begin(&mut self.db)?;
        step(
            &transaction,
            id,
            state,
            &[State::Connecting, State::Data],
            Some(&said),
            now,
        )?;
        settle(&transaction, id, state, setback, &said, now).map_err(LedgerError::from)?;
        if let Outcome::Rejected(setback) = outcome
            && setback.is_about_mailbox()
            && let Some(status) = setback.enhanced.as_deref()
        {
            let desk = approved.complaint().desk.key();
            if let Some(mark) = desks::earned(&transaction, &desk, status, id, now)? {
                desks::set_mark(&transaction, &desk, &mark, now)?;
            }
        }
        commit(transaction)
    }
}

impl Ledger {
    /// Commits `connecting` and a new attempt.
    fn begin_try(
        &mut self,
        approved: &Approved,
        transport: &str,
        now: Timestamp,
    ) -> Result<i64, JournalError> {
        let id = self.id_of(approved)?;
        let digest: [u8; 32] = Sha256::digest(&approved.complaint().octets).into();
        let seal = approved.seal(&self.secret);
        let transaction = begin(&mut self.db)?;
        step(
            &transaction,
            id,
            State::Connecting,
            &[State::Approved, State::Deferred],
            Some(transport),
            now,
        )?;
        let same: bool = transaction
            .query_row(
                "SELECT sha256 = ?2 AND seal = ?3
                 FROM letters JOIN complaints ON id = complaint_id WHERE id = ?1",
                (id, digest.as_slice(), seal.as_slice()),
                |row| row.get(0),
            )
            .map_err(LedgerError::from)?;
        if !same {
            return Err(JournalError::Octets);
        }
        let noted = || -> rusqlite::Result<()> {
            transaction.execute(
                "INSERT INTO attempts (complaint_id, transport, began_at) VALUES (?1, ?2, ?3)",
                (id, transport, seconds(now)),
            )?;
            transaction.execute(
                "UPDATE complaints SET attempts = attempts + 1, transport = ?2, due_at = NULL
                 WHERE id = ?1",
                (id, transport),
            )?;
            transaction.execute(
                "UPDATE local SET pulse = pulse + 1, pulse_changed = NULL",
                [],
            )?;
            Ok(())
        };
        noted().map_err(LedgerError::from)?;
        commit(transaction)?;
        Ok(id)
    }

    /// Puts a complaint back whose try did not begin.
    fn put_back(&mut self, id: i64, why: &str, now: Timestamp) -> Result<(), JournalError> {
        let transaction = begin(&mut self.db)?;
        let from = [State::Connecting];
        step(&transaction, id, State::Deferred, &from, Some(why), now)?;
        settle(&transaction, id, State::Deferred, None, why, now).map_err(LedgerError::from)?;
        commit(transaction)
    }

    /// Returns the row of an approved complaint.
    fn id_of(&self, approved: &Approved) -> Result<i64, JournalError> {
        let complaint = approved.complaint();
        let id = self
            .db
            .query_row(
                "SELECT complaints.id FROM complaints JOIN cases ON cases.id = case_id
                 WHERE key = ?1 AND desk = ?2 AND round = ?3",
                (
                    complaint.case.octets().as_slice(),
                    complaint.desk.key(),
                    complaint.round,
                ),
                |row| row.get(0),
            )
            .optional()
            .map_err(LedgerError::from)?;
        id.ok_or(JournalError::Missing)
    }
}

/// Begins a transaction that nobody else can write beside.
fn begin(db: &mut Connection) -> Result<Transaction<'_>, JournalError> {
    Ok(writing(db).map_err(LedgerError::from)?)
}

/// Makes a step durable.
fn commit(transaction: Transaction<'_>) -> Result<(), JournalError> {
    Ok(transaction.commit().map_err(LedgerError::from)?)
}

/// Moves a complaint to its next state, if it stands in one of those before it.
fn step(
    db: &Connection,
    id: i64,
    next: State,
    from: &[State],
    detail: Option<&str>,
    now: Timestamp,
) -> Result<(), JournalError> {
    let read = || -> rusqlite::Result<String> {
        db.query_row("SELECT state FROM complaints WHERE id = ?1", [id], |row| {
            row.get(0)
        })
    };
    let word = read().map_err(LedgerError::from)?;
    let state = State::of_word(&word).ok_or(JournalError::Missing)?;
    if !from.contains(&state) {
        return Err(JournalError::State(state));
    }
    let write = || -> rusqlite::Result<()> {
        db.execute(
            "UPDATE complaints SET state = ?2, changed_at = ?3 WHERE id = ?1",
            (id, next.word(), seconds(now)),
        )?;
        db.execute(
            "INSERT INTO history (at, case_id, complaint_id, event, detail)
             SELECT ?2, case_id, id, ?3, ?4 FROM complaints WHERE id = ?1",
            (id, seconds(now), next.word(), detail),
        )?;
        Ok(())
    };
    write().map_err(LedgerError::from)?;
    Ok(())
}

/// Writes down how a try ended, and when the next one is due.
fn settle(
    db: &Connection,
    id: i64,
    state: State,
    setback: Option<&Setback>,
    said: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let attempts: usize = db.query_row(
        "SELECT attempts FROM complaints WHERE id = ?1",
        [id],
        |row| row.get::<_, u32>(0).map(|n| n as usize),
    )?;
    let due = match (state, setback) {
        // What would fail the same way again waits for the user.
        (State::Deferred, Some(setback)) if !setback.lasting => {
            let pause = PAUSES
                .get(attempts.saturating_sub(1))
                .or(PAUSES.last())
                .copied()
                .unwrap_or_default();
            now.checked_add(pause).ok().map(seconds)
        }
        _ => None,
    };
    db.execute(
        "UPDATE complaints SET due_at = ?2, said = ?3,
                maybe_arrived = max(maybe_arrived, ?4) WHERE id = ?1",
        (id, due, said, state == State::Unknown),
    )?;
    db.execute(
        "UPDATE attempts
         SET ended_at = ?2, outcome = ?3, stage = ?4, code = ?5, enhanced = ?6, said = ?7
         WHERE complaint_id = ?1 AND ended_at IS NULL",
        (
            id,
            seconds(now),
            state.word(),
            setback.map(|s| s.stage.word()),
            setback.and_then(|s| s.code),
            setback.and_then(|s| s.enhanced.as_deref()),
            said,
        ),
    )?;
    Ok(())
}
