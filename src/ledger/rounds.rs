//! The rounds of a complaint: what was sent, what may follow, and who stays silent.
//!
//! In: a complaint's number, or a time. Out: [`Rounds`], [`Line`]s.
//! Failures: [`LedgerError`].

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use super::{Ledger, LedgerError, Line, seconds, time};
use crate::consent::State;

/// One round that was agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its number.
    pub id: i64,
    /// What became of it.
    pub state: State,
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// When the user agreed to it.
    pub at: Timestamp,
}

/// All rounds of a case at a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rounds {
    /// Those that were agreed to, oldest first.
    pub sent: Vec<Sent>,
}

impl Ledger {
    /// Returns the rounds that a complaint is one of.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] where there is no such complaint.
    pub fn rounds(&self, id: i64) -> Result<Rounds, LedgerError> {
        let of: Option<(i64, String)> = self
            .db
            .query_row(
                "SELECT case_id, desk FROM complaints WHERE id = ?1",
                [id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let of = of.ok_or_else(|| LedgerError::Missing(format!("complaint {id}")))?;
        let mut statement = self.db.prepare_cached(
            "SELECT id, state, message_id, approved_at FROM complaints
             WHERE case_id = ?1 AND desk = ?2 ORDER BY round",
        )?;
        let rows = statement.query_map(of, |row| {
            Ok((
                row.get(0)?,
                row.get::<_, String>(1)?,
                row.get(2)?,
                row.get::<_, Option<i64>>(3)?,
            ))
        })?;
        let mut sent = Vec::new();
        for row in rows {
            let (id, word, message_id, at) = row?;
            let state = State::of_word(&word).unwrap_or(State::Unknown);
            // A round that was only composed is composed anew.
            if let Some(at) = at.filter(|_| state.is_settled()) {
                let at = time(at);
                sent.push(Sent {
                    id,
                    state,
                    message_id,
                    at,
                });
            }
        }
        Ok(Rounds { sent })
    }

    /// Returns complaints that a server took between two times, and that nobody answered or followed; oldest first.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn silent(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Line>, LedgerError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id FROM complaints AS one
             WHERE approved_at BETWEEN ?1 AND ?2 AND +state = 'accepted'
               AND NOT EXISTS (SELECT 1 FROM complaints
                               WHERE case_id = one.case_id AND desk = one.desk
                                 AND round > one.round)
             ORDER BY approved_at",
        )?;
        let ids: Vec<i64> = statement
            .query_map((seconds(from), seconds(to)), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        ids.into_iter().map(|id| self.line(id)).collect()
    }
}
