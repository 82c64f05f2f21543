//! How far a batch came, so that it goes on where it was broken off.
//!
//! In: an input's name, and each message's place in it. Out: what is done already.
//! Failures: [`LedgerError`].

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use super::{Ledger, LedgerError, seconds};
use crate::complaint::CaseKey;

/// A batch that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    id: i64,
    /// Messages of it that are done.
    pub done: u64,
}

impl Ledger {
    /// Begins a batch over an input, or goes on with one that was broken off.
    ///
    /// A batch that ended begins anew: its messages are known, and skipped as duplicates.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn begin_batch(&mut self, input: &str, now: Timestamp) -> Result<Batch, LedgerError> {
        let ended: Option<i64> = self
            .db
            .query_row(
                "SELECT id FROM batches WHERE input = ?1 AND ended_at IS NOT NULL",
                [input],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(id) = ended {
            self.db
                .execute("DELETE FROM batch_items WHERE batch_id = ?1", [id])?;
            self.db.execute("DELETE FROM batches WHERE id = ?1", [id])?;
        }
        let id = self.db.query_row(
            "INSERT INTO batches (input, began_at) VALUES (?1, ?2)
             ON CONFLICT (input) DO UPDATE SET input = input RETURNING id",
            (input, seconds(now)),
            |row| row.get(0),
        )?;
        let done: u32 = self.db.query_row(
            "SELECT count(*) FROM batch_items WHERE batch_id = ?1",
            [id],
            |row| row.get(0),
        )?;
        Ok(Batch {
            id,
            done: done.into(),
        })
    }

    /// Returns what became of the message at a place of a batch, if it is done: the same message, at the same place.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn batch_item(
        &self,
        batch: Batch,
        place: u64,
        key: CaseKey,
    ) -> Result<Option<String>, LedgerError> {
        Ok(self
            .db
            .query_row(
                "SELECT outcome FROM batch_items
                 WHERE batch_id = ?1 AND place = ?2 AND member_key = ?3",
                (
                    batch.id,
                    i64::try_from(place).unwrap_or(i64::MAX),
                    key.octets().as_slice(),
                ),
                |row| row.get(0),
            )
            .optional()?)
    }

    /// Writes down that the message at a place of a batch is done.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn finish_batch_item(
        &mut self,
        batch: Batch,
        place: u64,
        key: CaseKey,
        outcome: &str,
    ) -> Result<(), LedgerError> {
        self.db.execute(
            "INSERT INTO batch_items (batch_id, place, member_key, outcome)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (batch_id, place) DO UPDATE SET member_key = ?3, outcome = ?4",
            (
                batch.id,
                i64::try_from(place).unwrap_or(i64::MAX),
                key.octets().as_slice(),
                outcome,
            ),
        )?;
        Ok(())
    }

    /// Writes down that a batch came to its end.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn end_batch(&mut self, batch: Batch, now: Timestamp) -> Result<(), LedgerError> {
        self.db.execute(
            "UPDATE batches SET ended_at = ?2 WHERE id = ?1",
            (batch.id, seconds(now)),
        )?;
        Ok(())
    }
}
