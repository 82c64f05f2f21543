//! Desks that no mail goes to, and desks that owe an answer.
//!
//! In: what bounced, what was accepted, what was answered. Out: reasons, and since when a desk is silent.
//! Standards: RFC 3834 §2 (an automatic response is nobody's answer).
//! Trust: the record knows only the answers that were read in: that a desk was told is certain, that it is silent is not.
//! Failures: [`LedgerError`].

use std::net::IpAddr;

use jiff::Timestamp;

use super::{Ledger, LedgerError, seconds, time};
use crate::contact::AbuseMailbox;

impl Ledger {
    /// Returns the desks that no complaint goes to at a time, each with the reason in a sentence.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn dead_desks(&self, now: Timestamp) -> Result<Vec<(AbuseMailbox, String)>, LedgerError> {
        let mut statement = self.db.prepare_cached(
            "SELECT key, dead_until, coalesce(dead_because, '') FROM desks
             WHERE dead_until > ?1 ORDER BY key",
        )?;
        let rows = statement.query_map([seconds(now)], |row| {
            let key: String = row.get(0)?;
            let until = time(row.get(1)?).strftime("%Y-%m-%d");
            let because: String = row.get(2)?;
            let why = format!("mail to it came back ({because}); not before {until}");
            Ok((key, why))
        })?;
        let mut dead = Vec::new();
        for row in rows {
            let (key, why) = row?;
            // A desk that is a form has no mailbox that mail could come back from.
            if let Ok(mailbox) = AbuseMailbox::try_from(key) {
                dead.push((mailbox, why));
            }
        }
        Ok(dead)
    }

    /// Returns when a desk was first told about a network, of what it did not answer since; `None` where it owes nothing.
    ///
    /// `network` is its first and its last address. Whatever a person at the
    /// desk wrote, about any case, ends what it owed until then.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn unanswered_since(
        &self,
        desk: &str,
        network: (IpAddr, IpAddr),
    ) -> Result<Option<Timestamp>, LedgerError> {
        let mut statement = self.db.prepare_cached(
            "SELECT source_addr, approved_at FROM complaints
             WHERE desk = ?1 AND state IN ('accepted', 'by-hand')
               AND approved_at > coalesce(
                   (SELECT max(at) FROM answers WHERE desk = ?1
                      AND kind NOT IN ('bounce', 'delivered', 'receipt', 'automatic', 'challenge', 'feedback')),
                   -1)
             ORDER BY approved_at",
        )?;
        let mut rows = statement.query([desk])?;
        while let Some(row) = rows.next()? {
            let source: String = row.get(0)?;
            let is_there = source
                .parse()
                .is_ok_and(|addr: IpAddr| network.0 <= addr && addr <= network.1);
            if is_there {
                return Ok(Some(time(row.get(1)?)));
            }
        }
        Ok(None)
    }
}
