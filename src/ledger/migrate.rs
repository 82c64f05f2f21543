//! Brings a ledger up to date, one numbered step at a time.
//!
//! In: a database of any version up to ours. Out: one of ours.
//! Trust: each step is one transaction; a crash leaves the old version or the new one.
//! Failures: a newer version and a foreign file are refused, untouched.

use rusqlite::{Connection, TransactionBehavior};

use super::LedgerError;

/// The steps, oldest first; a step that was released is never edited.
pub(super) const STEPS: [&str; 1] = [include_str!("migrations/0001_ledger.sql")];

/// Version of the ledgers that this program writes.
pub const VERSION: u32 = STEPS.len() as u32;

/// Marks the file as ours: "plai" in ASCII.
const APPLICATION_ID: i32 = 0x706c_6169;

/// Brings the database to [`VERSION`].
pub(super) fn migrate(db: &mut Connection) -> Result<(), LedgerError> {
    let found = version(db)?;
    if found > VERSION {
        return Err(LedgerError::Newer {
            found,
            known: VERSION,
        });
    }
    if found == VERSION {
        return Ok(());
    }
    for (index, step) in (1..).zip(STEPS) {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have taken this step while we waited.
        let there: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if there < index {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", index)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// Returns the file's version; 0 for an empty one.
fn version(db: &Connection) -> Result<u32, LedgerError> {
    let id: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let ours = id == APPLICATION_ID || (id == 0 && found == 0 && tables == 0);
    if ours {
        Ok(found)
    } else {
        Err(LedgerError::NotALedger)
    }
}
