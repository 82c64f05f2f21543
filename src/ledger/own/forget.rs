//! What is forgotten, and what stays of it.
//!
//! In: a complaint, a desk, an address, an age. Out: rows that are gone.
//! Trust: of a case that is forgotten only its keys stay, so that its mail is known
//! as a duplicate; they are keyed hashes, and tell nothing without the secret.
//! Failures: [`LedgerError`]; what is on its way is not forgotten before it has an end.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use crate::consent::State;
use crate::evidence::{decode, mime};
use crate::ledger::{Ledger, LedgerError, seconds, time, writing};

/// States in which a case must be kept: something may still happen to it, or has to be settled.
const OPEN: &str = "('approved', 'connecting', 'data', 'deferred', 'unknown')";

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Cases with their messages, complaints and answers.
    pub cases: usize,
    /// Complaints, whether their case went with them or not.
    pub complaints: usize,
    /// Lookups that were kept.
    pub lookups: usize,
    /// Notes, records of desks, remembered answers.
    pub notes: usize,
}

impl Forgotten {
    /// Returns whether there was nothing to forget.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl Ledger {
    /// Forgets the case of a complaint: its messages, all its complaints, and what came back.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] where there is no such complaint, and `Settled`
    /// where one of the case is just being sent.
    pub fn forget_complaint(&mut self, id: i64, now: Timestamp) -> Result<Forgotten, LedgerError> {
        self.kept(id)?;
        self.forgetting(now, |db, _| {
            Ok(BTreeSet::from([db.query_row(
                "SELECT case_id FROM complaints WHERE id = ?1",
                [id],
                |row| row.get(0),
            )?]))
        })
    }

    /// Forgets a desk: complaints to it, what came back from it, and lookups that name it.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Settled`] where a complaint to it is just being sent.
    pub fn forget_desk(&mut self, desk: &str, now: Timestamp) -> Result<Forgotten, LedgerError> {
        let desk = desk.to_ascii_lowercase();
        self.forgetting(now, |db, forgotten| {
            let ids = numbers(db, "SELECT id FROM complaints WHERE desk = ?1", &desk)?;
            for id in &ids {
                forget_one(db, *id)?;
            }
            forgotten.complaints += ids.len();
            forgotten.notes += db.execute("DELETE FROM answers WHERE desk = ?1", [&desk])?;
            forgotten.notes += db.execute("DELETE FROM desks WHERE key = ?1", [&desk])?;
            forgotten.lookups += forget_lookups(db, &desk)?;
            // A case about which nobody else was told has nothing left to say.
            numbers(
                db,
                "SELECT cases.id FROM cases WHERE ?1 = ?1 AND NOT EXISTS
                 (SELECT 1 FROM complaints WHERE case_id = cases.id)",
                &desk,
            )
        })
    }

    /// Forgets a text wherever it stands: a mailbox, an address, a name, in evidence, complaints, notes and lookups.
    ///
    /// A case in whose messages or complaints it stands, plainly or encoded, is forgotten whole.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Settled`] where a complaint with it is just being sent.
    pub fn forget_text(&mut self, text: &str, now: Timestamp) -> Result<Forgotten, LedgerError> {
        let wanted = text.to_lowercase();
        self.forgetting(now, |db, forgotten| {
            let mut cases = numbers(db, "SELECT id FROM cases WHERE source_addr = ?1", &wanted)?;
            cases.extend(numbers(
                db,
                "SELECT case_id FROM complaints
                 WHERE desk = ?1 OR lower(from_mailbox) = ?1 OR instr(lower(subject), ?1)",
                &wanted,
            )?);
            for sql in [
                "SELECT case_id, octets FROM messages JOIN members ON key = member_key",
                "SELECT case_id, octets FROM letters JOIN complaints ON id = complaint_id",
            ] {
                let mut statement = db.prepare(sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let octets: Vec<u8> = row.get(1)?;
                    if names(&octets, &wanted) {
                        cases.insert(row.get(0)?);
                    }
                }
            }
            forgotten.lookups += forget_lookups(db, &wanted)?;
            for sql in [
                "DELETE FROM desks WHERE key = ?1",
                "DELETE FROM answers WHERE desk = ?1 OR instr(lower(said), ?1)",
                "DELETE FROM remembered WHERE instr(lower(subject), ?1) OR instr(lower(answer), ?1)",
                "DELETE FROM batch_items WHERE batch_id IN
                 (SELECT id FROM batches WHERE instr(lower(input), ?1))",
                "DELETE FROM batches WHERE instr(lower(input), ?1)",
                "UPDATE history SET detail = NULL WHERE instr(lower(detail), ?1)",
                "UPDATE attempts SET said = NULL WHERE instr(lower(said), ?1)",
                "UPDATE complaints SET said = NULL WHERE instr(lower(said), ?1)",
            ] {
                forgotten.notes += db.execute(sql, [&wanted])?;
            }
            Ok(cases)
        })
    }

    /// Returns when something was last written down; `None` where nothing was.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn last_entry(&self) -> Result<Option<Timestamp>, LedgerError> {
        let sql = "SELECT at FROM history ORDER BY id DESC LIMIT 1";
        let at: Option<i64> = self.db.query_row(sql, [], |row| row.get(0)).optional()?;
        Ok(at.map(time))
    }

    /// Forgets cases about which nothing happened since a time, and lookups that died before it.
    ///
    /// What waits in the outbox stays.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn purge(&mut self, before: Timestamp, now: Timestamp) -> Result<Forgotten, LedgerError> {
        let before = seconds(before);
        self.forgetting(now, |db, forgotten| {
            forgotten.lookups += db.execute("DELETE FROM lookups WHERE until < ?1", [before])?;
            forgotten.notes += db.execute(
                "DELETE FROM answers WHERE complaint_id IS NULL AND at < ?1",
                [before],
            )?;
            let sql = format!(
                "SELECT id FROM cases WHERE opened_at < ?1
                   AND NOT EXISTS (SELECT 1 FROM members WHERE case_id = cases.id AND added_at >= ?1)
                   AND NOT EXISTS (SELECT 1 FROM complaints WHERE case_id = cases.id
                                   AND (changed_at >= ?1 OR state IN {OPEN}))"
            );
            let mut statement = db.prepare(&sql)?;
            let ids = statement.query_map([before], |row| row.get(0))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// Forgets in one transaction, and gives the room back.
    fn forgetting(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&Connection, &mut Forgotten) -> Result<BTreeSet<i64>, LedgerError>,
    ) -> Result<Forgotten, LedgerError> {
        let mut forgotten = Forgotten::default();
        let transaction = writing(&mut self.db)?;
        transaction.execute("INSERT INTO forgetting (id) VALUES (1)", [])?;
        let cases = work(&transaction, &mut forgotten)?;
        for case in cases {
            forgotten.complaints += forget_case(&transaction, case, now)?;
            forgotten.cases += 1;
        }
        transaction.execute("DELETE FROM forgetting", [])?;
        transaction.commit()?;
        if !forgotten.is_nothing() {
            // `secure_delete` has overwritten it; what is left of it in the log goes, too.
            self.db.execute_batch("VACUUM")?;
            self.db
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(forgotten)
    }
}

/// Returns the numbers that a query with one text gives.
fn numbers(db: &Connection, sql: &str, text: &str) -> Result<BTreeSet<i64>, LedgerError> {
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([text], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets a case; returns how many complaints went with it. Its keys stay.
fn forget_case(db: &Connection, case: i64, now: Timestamp) -> Result<usize, LedgerError> {
    let mut statement = db.prepare("SELECT id FROM complaints WHERE case_id = ?1")?;
    let ids: Vec<i64> = statement
        .query_map([case], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &ids {
        forget_one(db, *id)?;
    }
    let at = seconds(now);
    db.execute(
        "INSERT INTO forgotten (key, at) SELECT key, ?2 FROM members WHERE case_id = ?1
         UNION SELECT key, ?2 FROM cases WHERE id = ?1
         ON CONFLICT (key) DO NOTHING",
        (case, at),
    )?;
    for sql in [
        "DELETE FROM messages WHERE member_key IN (SELECT key FROM members WHERE case_id = ?1)",
        "DELETE FROM members WHERE case_id = ?1",
        "DELETE FROM history WHERE case_id = ?1",
        "DELETE FROM cases WHERE id = ?1",
    ] {
        db.execute(sql, [case])?;
    }
    Ok(ids.len())
}

/// Forgets a complaint and everything that hangs on it.
fn forget_one(db: &Connection, id: i64) -> Result<(), LedgerError> {
    let word: String = db.query_row("SELECT state FROM complaints WHERE id = ?1", [id], |row| {
        row.get(0)
    })?;
    let state = State::of_word(&word).unwrap_or(State::Unknown);
    if matches!(state, State::Connecting | State::Data) {
        return Err(LedgerError::Settled(state));
    }
    for sql in [
        "DELETE FROM letters WHERE complaint_id = ?1",
        "DELETE FROM attempts WHERE complaint_id = ?1",
        "DELETE FROM answers WHERE complaint_id = ?1",
        "DELETE FROM history WHERE complaint_id = ?1",
        "DELETE FROM complaints WHERE id = ?1",
    ] {
        db.execute(sql, [id])?;
    }
    Ok(())
}

/// Forgets lookups that were asked about a text, or name it; a text that is an address, also those whose range holds it.
fn forget_lookups(db: &Connection, text: &str) -> Result<usize, LedgerError> {
    let named = db.execute(
        "DELETE FROM lookups
         WHERE instr(lower(answer), ?1) OR (kind IN ('domain', 'host') AND first = CAST(?1 AS BLOB))",
        [text],
    )?;
    let Ok(addr) = text.parse() else {
        return Ok(named);
    };
    let octets = crate::ledger::lookups::octets(addr);
    let held = db.execute(
        "DELETE FROM lookups WHERE kind = 'addr' AND first <= ?1 AND last >= ?1",
        [octets],
    )?;
    Ok(named + held)
}

/// Returns whether a text stands in a message, plainly or in a decoded part, in any case.
fn names(octets: &[u8], wanted: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(wanted);
    if holds(&String::from_utf8_lossy(octets)) {
        return true;
    }
    let structure = mime::walk(octets);
    structure.leaves().any(|part| {
        let is_text = part.is_text() || part.media_type.starts_with("message/");
        is_text && holds(&decode::text(octets, part))
    })
}
