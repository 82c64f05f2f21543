//! One's own address or word, corrected.
//!
//! In: what is wrong and what is right. Out: what was changed, and what has to be composed anew.
//! Trust: a complaint that nobody agreed to was masked for the wrong word: it is
//! cancelled, not rewritten, because the right word may stand in it unmasked.
//! What was sent stays as it was sent.

use jiff::Timestamp;

use crate::ledger::{Ledger, LedgerError, seconds, writing};

/// What a correction changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Corrected {
    /// Remembered answers and notes that have the right word now.
    pub notes: usize,
    /// Complaints that were not agreed to yet, and are to be composed anew.
    pub cancelled: usize,
    /// Complaints that were agreed to with the wrong word, and stay as they are.
    pub sent: usize,
}

impl Ledger {
    /// Replaces one of the user's own addresses or words.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn correct(
        &mut self,
        old: &str,
        new: &str,
        now: Timestamp,
    ) -> Result<Corrected, LedgerError> {
        let transaction = writing(&mut self.db)?;
        transaction.execute("INSERT INTO forgetting (id) VALUES (1)", [])?;
        let mut notes = 0;
        for sql in [
            "UPDATE OR REPLACE remembered
             SET subject = replace(subject, ?1, ?2), answer = replace(answer, ?1, ?2)
             WHERE instr(subject, ?1) OR instr(answer, ?1)",
            "UPDATE history SET detail = replace(detail, ?1, ?2) WHERE instr(detail, ?1)",
        ] {
            notes += transaction.execute(sql, [old, new])?;
        }
        let with_it = "id IN (SELECT complaint_id FROM letters
                              WHERE instr(octets, CAST(?1 AS BLOB)) OR instr(text, ?1))";
        let sql = format!(
            "SELECT count(*) FROM complaints
             WHERE {with_it} AND state NOT IN ('held', 'drafted', 'declined', 'cancelled')"
        );
        let sent: u32 = transaction.query_row(&sql, [old], |row| row.get(0))?;
        let sql = format!(
            "INSERT INTO history (at, case_id, complaint_id, event, detail)
             SELECT ?2, case_id, id, 'cancelled', 'one of your own words was corrected'
             FROM complaints WHERE {with_it} AND state IN ('held', 'drafted')"
        );
        transaction.execute(&sql, (old, seconds(now)))?;
        let sql = format!(
            "UPDATE complaints SET state = 'cancelled', changed_at = ?2
             WHERE {with_it} AND state IN ('held', 'drafted')"
        );
        let cancelled = transaction.execute(&sql, (old, seconds(now)))?;
        transaction.execute("DELETE FROM forgetting", [])?;
        transaction.commit()?;
        Ok(Corrected {
            notes,
            cancelled,
            sent: sent as usize,
        })
    }
}
