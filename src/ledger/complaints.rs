//! Complaints, from held to settled.
//!
//! In: what was composed, agreed to, declined. Out: rows; a complaint as it was agreed to.
//! Trust: octets that were agreed to do not change; a trigger of the database stands for it.
//! Failures: [`LedgerError`].

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::desks::Counted;
use super::{Ledger, LedgerError, key_of, seconds, time, writing};
use crate::complaint::{CaseKey, Complaint};
use crate::consent::{Approved, Limits, Recorded, State};
use crate::contact::AbuseMailbox;

/// A complaint as the ledger keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its number, as lists show it.
    pub id: i64,
    /// The complaint, with the answer that was given to it.
    pub recorded: Recorded,
    /// When it was composed.
    pub composed_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// Tries so far.
    pub attempts: u32,
    /// When the next try is due; `None` where it waits for the user, or for nothing.
    pub due_at: Option<Timestamp>,
    /// Whether an earlier try may have arrived, although the state speaks of a later one.
    pub maybe_arrived: bool,
    /// What was said last: the server's answer, or why not; escaped.
    pub said: Option<String>,
}

/// Columns of a [`Kept`], in the order that [`Kept::of`] reads them.
const COLUMNS: &str = "complaints.id, cases.key, letters.desk, round, complaints.source_addr,
    from_mailbox, subject, message_id, octets, text, format, munge, masked, leaks, warnings,
    incidents, state, shown, approved_at, seal, composed_at, changed_at, attempts, due_at,
    maybe_arrived, said";

/// Tables of a [`Kept`].
const TABLES: &str = "complaints JOIN letters ON complaint_id = complaints.id
    JOIN cases ON cases.id = complaints.case_id";

/// As what a complaint was shown when the user agreed to it.
///
/// The answer stands only while the complaint is still that: another process
/// may have sent it while the question stood on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownAs {
    /// Nobody agreed to it yet, and it cannot have arrived.
    New,
    /// It was agreed to before, and nothing was delivered.
    Waiting,
    /// It may have arrived; the user was told, and wants it to be sent again.
    Unknown,
    /// A server refused it; the user was told, and wants it to be sent again.
    Refused,
}

impl ShownAs {
    /// Returns whether a complaint that stands like this is still what was shown.
    const fn is_still(self, state: State, maybe_arrived: bool) -> bool {
        match self {
            Self::New => !state.is_settled() && !maybe_arrived,
            Self::Waiting => matches!(state, State::Approved | State::Deferred),
            Self::Unknown => matches!(state, State::Unknown),
            Self::Refused => matches!(state, State::Rejected),
        }
    }
}

impl Ledger {
    /// Keeps a composed complaint, `held` or `drafted`; returns its number.
    ///
    /// One that was composed before for the same case, desk and round is
    /// replaced, as long as nobody agreed to it.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Settled`] where somebody did, and `Missing` where the case was not kept.
    pub fn keep(
        &mut self,
        complaint: &Complaint,
        state: State,
        now: Timestamp,
    ) -> Result<i64, LedgerError> {
        let transaction = writing(&mut self.db)?;
        let id = keep(&transaction, complaint, state, now)?;
        transaction.commit()?;
        Ok(id)
    }

    /// Commits that complaints were agreed to: all of them, or none; returns their numbers.
    ///
    /// This stands before the first octet of any of them is sent. What was true
    /// when the user was asked is looked at once more, in the same transaction:
    /// of two programs that ask at once, only one comes within the limits.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Settled`] where one is not what was shown any more,
    /// [`LedgerError::Joined`] where another message joined one since, and
    /// [`LedgerError::Limit`] where one is over the limits by now.
    pub fn approve(
        &mut self,
        approved: &[Approved],
        shown_as: ShownAs,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Vec<i64>, LedgerError> {
        let seals: Vec<[u8; 32]> = approved.iter().map(|a| a.seal(&self.secret)).collect();
        let transaction = writing(&mut self.db)?;
        let mut ids = Vec::with_capacity(approved.len());
        for (place, (one, seal)) in approved.iter().zip(&seals).enumerate() {
            let complaint = one.complaint();
            let found = found(&transaction, complaint)?;
            if let Some((id, state)) = found {
                still(&transaction, id, state, shown_as)?;
                if has_grown(&transaction, id, complaint)? {
                    return Err(LedgerError::Joined { place });
                }
            }
            let counted = Counted::of(&transaction, complaint, now)?;
            if let Some(limit) = limits.broken(counted.about_source, counted.to_desk) {
                let why = limit.to_string();
                return Err(LedgerError::Limit { place, why });
            }
            let id = match found {
                Some((id, state)) if state.is_settled() => {
                    same(&transaction, id, state, complaint)?;
                    id
                }
                _ => put(&transaction, complaint, now)?,
            };
            transaction.execute(
                "UPDATE complaints
                 SET state = 'approved', approved_at = ?2, seal = ?3, changed_at = ?4, due_at = ?4,
                     transport = NULL
                 WHERE id = ?1",
                (id, seconds(one.at()), seal.as_slice(), seconds(now)),
            )?;
            transaction.execute(
                "UPDATE letters SET shown = ?2 WHERE complaint_id = ?1",
                (id, one.shown()),
            )?;
            // What was forgotten, and is agreed to again, the ledger knows by itself from here on.
            transaction.execute(
                "DELETE FROM forgotten WHERE key IN
                 (SELECT members.key FROM members JOIN complaints USING (case_id) WHERE id = ?1)",
                [id],
            )?;
            note(&transaction, id, "approved", None, now)?;
            ids.push(id);
        }
        transaction.commit()?;
        Ok(ids)
    }

    /// Writes down by which way complaints go that were just agreed to.
    ///
    /// Until then they have none, whatever way they were agreed to before: a
    /// program that is killed between the two leaves nothing that goes by itself.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn bind_to_way(&mut self, ids: &[i64], transport: &str) -> Result<(), LedgerError> {
        for id in ids {
            self.db.execute(
                "UPDATE complaints SET transport = ?2 WHERE id = ?1",
                (id, transport),
            )?;
        }
        Ok(())
    }

    /// Returns the way that the user agreed to; `None` where that was not written down.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn way_of(&self, id: i64) -> Result<Option<String>, LedgerError> {
        Ok(self
            .db
            .query_row(
                "SELECT transport FROM complaints WHERE id = ?1",
                [id],
                |row| row.get(0),
            )
            .optional()?
            .flatten())
    }

    /// Writes down that the user read a complaint and did not agree to it.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Settled`] where it is `held` and `drafted` no more, and
    /// [`LedgerError::Joined`] where another message joined it since it was
    /// shown: that one nobody declined.
    pub fn decline(
        &mut self,
        complaint: &Complaint,
        why: &str,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let transaction = writing(&mut self.db)?;
        let (id, _) = found(&transaction, complaint)?.ok_or_else(|| missing(complaint))?;
        if has_grown(&transaction, id, complaint)? {
            return Err(LedgerError::Joined { place: 0 });
        }
        let from = [State::Held, State::Drafted];
        moved(&transaction, id, &from, State::Declined, why, now)?;
        transaction.commit()?;
        Ok(())
    }

    /// Writes down that the user moved a complaint himself: cancelled, sent by hand.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Settled`] where it does not stand in one of `from`.
    pub fn move_on(
        &mut self,
        id: i64,
        from: &[State],
        to: State,
        why: &str,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let transaction = writing(&mut self.db)?;
        moved(&transaction, id, from, to, why, now)?;
        transaction.commit()?;
        Ok(())
    }

    /// Puts a complaint that was composed anew in the place of another one of its case, in one commit.
    ///
    /// The other one is cancelled; where both are to the same desk, the new one takes its row.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Settled`] where the other one does not stand in one of `from`, or somebody
    /// agreed to one like the new one before.
    pub fn replace(
        &mut self,
        id: i64,
        from: &[State],
        anew: &Complaint,
        state: State,
        why: &str,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let transaction = writing(&mut self.db)?;
        moved(&transaction, id, from, State::Cancelled, why, now)?;
        keep(&transaction, anew, state, now)?;
        transaction.commit()?;
        Ok(())
    }

    /// Returns the number of a complaint that was kept: of its case, desk and round.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] where it was not kept.
    pub fn number_of(&self, complaint: &Complaint) -> Result<i64, LedgerError> {
        found(&self.db, complaint)?
            .map(|(id, _)| id)
            .ok_or_else(|| missing(complaint))
    }

    /// Returns one complaint.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] where there is none of that number.
    pub fn kept(&self, id: i64) -> Result<Kept, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE complaints.id = ?1");
        let kept = self.db.query_row(&sql, [id], Kept::of).optional()?;
        kept.ok_or_else(|| LedgerError::Missing(format!("complaint {id}")))
    }

    /// Returns the complaints in some states, oldest change first.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn in_states(&self, states: &[State]) -> Result<Vec<Kept>, LedgerError> {
        let words: Vec<String> = states.iter().map(|s| format!("'{}'", s.word())).collect();
        let sql = format!(
            "SELECT {COLUMNS} FROM {TABLES} WHERE state IN ({})
             ORDER BY changed_at, complaints.id",
            words.join(", ")
        );
        let mut statement = self.db.prepare(&sql)?;
        let rows = statement.query_map([], Kept::of)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns what can be tried again now: agreed to, and not sent; oldest first.
    ///
    /// With `all`, also what is not due yet, and what waits for the user.
    /// Whether the answer still stands, [`crate::consent::recall`] decides.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn due(&self, now: Timestamp, all: bool) -> Result<Vec<Kept>, LedgerError> {
        let mut kept = self.in_states(&[State::Approved, State::Deferred])?;
        kept.retain(|one| all || one.due_at.is_some_and(|due| due <= now));
        Ok(kept)
    }
}

impl Kept {
    /// Reads a row of [`COLUMNS`].
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let case = key_of(&row.get::<_, Vec<u8>>(1)?).unwrap_or_default();
        let complaint = Complaint {
            case: CaseKey::new(case),
            desk: json(row, 2)?,
            round: row.get(3)?,
            source_addr: text(row, 4)?,
            from: AbuseMailbox::try_from(row.get::<_, String>(5)?).map_err(|e| unreadable(5, e))?,
            subject: row.get(6)?,
            message_id: row.get(7)?,
            octets: row.get(8)?,
            text: row.get(9)?,
            format: json(row, 10)?,
            munge: json(row, 11)?,
            masked: json(row, 12)?,
            leaks: json(row, 13)?,
            warnings: json(row, 14)?,
            incidents: row.get::<_, u32>(15)? as usize,
        };
        let state: String = row.get(16)?;
        Ok(Self {
            id: row.get(0)?,
            recorded: Recorded {
                complaint,
                state: State::of_word(&state).unwrap_or(State::Unknown),
                shown: row.get::<_, Option<String>>(17)?.unwrap_or_default(),
                approved_at: row.get::<_, Option<i64>>(18)?.map(time),
                seal: row
                    .get::<_, Option<Vec<u8>>>(19)?
                    .and_then(|octets| key_of(&octets)),
            },
            composed_at: time(row.get(20)?),
            changed_at: time(row.get(21)?),
            attempts: row.get(22)?,
            due_at: row.get::<_, Option<i64>>(23)?.map(time),
            maybe_arrived: row.get(24)?,
            said: row.get(25)?,
        })
    }
}

/// Reads a column that holds JSON.
fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    serde_json::from_str(&row.get::<_, String>(at)?).map_err(|e| unreadable(at, e))
}

/// Reads a column that holds a value's own text.
fn text<T: std::str::FromStr>(row: &Row<'_>, at: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    row.get::<_, String>(at)?
        .parse()
        .map_err(|e| unreadable(at, e))
}

fn unreadable(at: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(error))
}

/// Returns the row of a complaint, if there is one, and its state.
fn found(db: &Connection, complaint: &Complaint) -> Result<Option<(i64, State)>, LedgerError> {
    let found = db
        .query_row(
            "SELECT complaints.id, state FROM complaints JOIN cases ON cases.id = case_id
             WHERE key = ?1 AND desk = ?2 AND round = ?3",
            (
                complaint.case.octets().as_slice(),
                complaint.desk.key(),
                complaint.round,
            ),
            |row| Ok((row.get(0)?, row.get::<_, String>(1)?)),
        )
        .optional()?;
    Ok(found.map(|(id, word)| (id, State::of_word(&word).unwrap_or(State::Unknown))))
}

/// Returns the state of a complaint.
fn state_of(db: &Connection, id: i64) -> Result<State, LedgerError> {
    let word: Option<String> = db
        .query_row("SELECT state FROM complaints WHERE id = ?1", [id], |row| {
            row.get(0)
        })
        .optional()?;
    word.as_deref()
        .and_then(State::of_word)
        .ok_or_else(|| LedgerError::Missing(format!("complaint {id}")))
}

fn missing(complaint: &Complaint) -> LedgerError {
    LedgerError::Missing(format!("complaint to {}", complaint.desk.key()))
}

/// Returns whether the stored complaint has messages that the one that was shown has not.
///
/// A batch joins messages to what is held, and composes it anew: the older
/// octets would stand for all of them, and the message that joined last would
/// count as reported, although nobody was told of it.
fn has_grown(db: &Connection, id: i64, shown: &Complaint) -> Result<bool, LedgerError> {
    let stored: i64 = db.query_row(
        "SELECT incidents FROM complaints WHERE id = ?1",
        [id],
        |row| row.get(0),
    )?;
    Ok(usize::try_from(stored).is_ok_and(|stored| stored > shown.incidents))
}

/// Makes sure that a complaint is still what the user was shown.
fn still(db: &Connection, id: i64, state: State, shown_as: ShownAs) -> Result<(), LedgerError> {
    let maybe_arrived: bool = db.query_row(
        "SELECT maybe_arrived FROM complaints WHERE id = ?1",
        [id],
        |row| row.get(0),
    )?;
    if shown_as.is_still(state, maybe_arrived) {
        Ok(())
    } else {
        Err(LedgerError::Settled(state))
    }
}

/// Makes sure that a settled complaint is agreed to again with the same octets.
fn same(db: &Connection, id: i64, state: State, complaint: &Complaint) -> Result<(), LedgerError> {
    let same: bool = db.query_row(
        "SELECT sha256 = ?2 FROM letters WHERE complaint_id = ?1",
        (id, digest(complaint).as_slice()),
        |row| row.get(0),
    )?;
    if same {
        Ok(())
    } else {
        Err(LedgerError::Settled(state))
    }
}

/// Moves a complaint within a transaction; see [`Ledger::move_on`].
fn moved(
    db: &Connection,
    id: i64,
    from: &[State],
    to: State,
    why: &str,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let state = state_of(db, id)?;
    if !from.contains(&state) {
        return Err(LedgerError::Settled(state));
    }
    // What he sent himself counts against the limits, agreed to here or not.
    db.execute(
        "UPDATE complaints
         SET state = ?2, changed_at = ?3, due_at = NULL, said = ?4,
             approved_at = CASE WHEN ?5 THEN coalesce(approved_at, ?3) ELSE approved_at END
         WHERE id = ?1",
        (id, to.word(), seconds(now), why, to == State::ByHand),
    )?;
    note(db, id, to.word(), Some(why), now)
}

/// Keeps a composed complaint within a transaction; see [`Ledger::keep`].
pub(super) fn keep(
    db: &Connection,
    complaint: &Complaint,
    state: State,
    now: Timestamp,
) -> Result<i64, LedgerError> {
    let id = put(db, complaint, now)?;
    let word = state.word();
    let changed = db.execute(
        "UPDATE complaints SET state = ?2, changed_at = ?3 WHERE id = ?1 AND state <> ?2",
        (id, word, seconds(now)),
    )?;
    if changed > 0 {
        note(db, id, word, None, now)?;
    }
    Ok(id)
}

/// Writes a composed complaint over the one of the same case, desk and round, or anew.
fn put(db: &Connection, complaint: &Complaint, now: Timestamp) -> Result<i64, LedgerError> {
    if let Some((_, state)) = found(db, complaint)?
        && state.is_settled()
    {
        return Err(LedgerError::Settled(state));
    }
    let case_id: Option<i64> = db
        .query_row(
            "SELECT id FROM cases WHERE key = ?1",
            [complaint.case.octets().as_slice()],
            |row| row.get(0),
        )
        .optional()?;
    let case_id = case_id.ok_or_else(|| LedgerError::Missing("such case".to_owned()))?;
    let id: i64 = db.query_row(
        "INSERT INTO complaints (case_id, desk, round, state, source_addr, from_mailbox, subject,
                                 message_id, incidents, composed_at, changed_at)
         VALUES (?1, ?2, ?3, 'drafted', ?4, ?5, ?6, ?7, ?8, ?9, ?9)
         ON CONFLICT (case_id, desk, round) DO UPDATE
         SET source_addr = ?4, from_mailbox = ?5, subject = ?6, message_id = ?7, incidents = ?8,
             composed_at = ?9
         RETURNING id",
        (
            case_id,
            complaint.desk.key(),
            complaint.round,
            complaint.source_addr.to_string(),
            complaint.from.as_str(),
            &complaint.subject,
            &complaint.message_id,
            i64::try_from(complaint.incidents).unwrap_or(i64::MAX),
            seconds(now),
        ),
        |row| row.get(0),
    )?;
    db.execute(
        "INSERT INTO letters (complaint_id, octets, sha256, text, desk, format, munge, masked,
                              leaks, warnings)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (complaint_id) DO UPDATE
         SET octets = ?2, sha256 = ?3, text = ?4, desk = ?5, format = ?6, munge = ?7, masked = ?8,
             leaks = ?9, warnings = ?10",
        (
            id,
            &complaint.octets,
            digest(complaint).as_slice(),
            &complaint.text,
            as_json(&complaint.desk)?,
            as_json(&complaint.format)?,
            as_json(&complaint.munge)?,
            as_json(&complaint.masked)?,
            as_json(&complaint.leaks)?,
            as_json(&complaint.warnings)?,
        ),
    )?;
    Ok(id)
}

/// Returns a value as the JSON that [`json`] reads.
fn as_json(value: &impl serde::Serialize) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|e| LedgerError::Sql(e.to_string()))
}

fn digest(complaint: &Complaint) -> [u8; 32] {
    Sha256::digest(&complaint.octets).into()
}

/// Adds a line of history.
fn note(
    db: &Connection,
    id: i64,
    event: &str,
    detail: Option<&str>,
    now: Timestamp,
) -> Result<(), LedgerError> {
    db.execute(
        "INSERT INTO history (at, case_id, complaint_id, event, detail)
         SELECT ?2, case_id, id, ?3, ?4 FROM complaints WHERE id = ?1",
        (id, seconds(now), event, detail),
    )?;
    Ok(())
}
