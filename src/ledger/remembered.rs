//! What the user answered once, so that he is not asked again.
//!
//! In: a question and its answer. Out: the answer.
//! Failures: [`LedgerError`].

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use super::{Ledger, LedgerError, seconds, time};

/// An answer that the user gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What he said.
    pub answer: String,
    /// When.
    pub at: Timestamp,
}

impl Ledger {
    /// Remembers an answer; a later one replaces it.
    ///
    /// `kind` is what was asked: `own-host`, `own-forwarder`, `local-programs`, `esp`, `newsletter`.
    /// `subject` is what it was asked about, in lower case.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn remember(
        &mut self,
        kind: &str,
        subject: &str,
        answer: &str,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.db.execute(
            "INSERT INTO remembered (kind, subject, answer, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (kind, subject) DO UPDATE SET answer = ?3, at = ?4",
            (kind, subject.to_lowercase(), answer, seconds(now)),
        )?;
        Ok(())
    }

    /// Returns the answer to a question, if it was given before.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn remembered(&self, kind: &str, subject: &str) -> Result<Option<Remembered>, LedgerError> {
        Ok(self
            .db
            .query_row(
                "SELECT answer, at FROM remembered WHERE kind = ?1 AND subject = ?2",
                (kind, subject.to_lowercase()),
                |row| {
                    Ok(Remembered {
                        answer: row.get(0)?,
                        at: time(row.get(1)?),
                    })
                },
            )
            .optional()?)
    }

    /// Returns what was answered with no to one kind of question.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn denied(&self, kind: &str) -> Result<Vec<String>, LedgerError> {
        let mut statement = self.db.prepare_cached(
            "SELECT subject FROM remembered WHERE kind = ?1 AND answer = 'no' ORDER BY subject",
        )?;
        let rows = statement.query_map([kind], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
