//! Brings a ledger up to date, one numbered step at a time.
//!
//! In: a database of any version up to ours. Out: one of ours.
//! Trust: each step is one transaction; a crash leaves the old version or the new one.
//! Failures: a newer version and a foreign file are refused, untouched.

use rusqlite::Connection;

use super::{LedgerError, writing};

/// The steps, oldest first; a step that was released is never edited.
pub(super) const STEPS: [&str; 4] = [
    include_str!("migrations/0001_ledger.sql"),
    include_str!("migrations/0002_counts.sql"),
    include_str!("migrations/0003_guard.sql"),
    include_str!("migrations/0004_named.sql"),
];

/// Version of the ledgers that this program writes.
pub const VERSION: u32 = STEPS.len() as u32;

/// Marks the file as ours: "plai" in ASCII.
const APPLICATION_ID: i32 = 0x706c_6169;

/// Brings the database to [`VERSION`].
pub(super) fn migrate(db: &mut Connection) -> Result<(), LedgerError> {
    if known_version(db)? == VERSION {
        return Ok(());
    }
    for (index, step) in (1..).zip(STEPS) {
        let transaction = writing(db)?;
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

/// Returns the file's version, if this program knows it; 0 for an empty one.
///
/// It reads, and changes nothing.
pub(super) fn known_version(db: &Connection) -> Result<u32, LedgerError> {
    let found = version(db)?;
    if found > VERSION {
        return Err(LedgerError::Newer {
            found,
            known: VERSION,
        });
    }
    Ok(found)
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

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use sha2::{Digest as _, Sha256};

    /// Digests of the steps that were released; a line is added for each, and none is changed.
    const RELEASED: [&str; STEPS.len()] = [
        "bb0fab406a29786879d4802ea6f2f52295434861d38df5637b350ee15b446f3e",
        "da6fd074699701c451c4b7154397b101129967f085f938b36f697fc92f51a6de",
        "2cdf643d3441bbe72c6c280869573fa90c00245c558383162837eba1af759e73",
        "941fd2857d37feeb4908e391129aba7c23c1836320d79b44f8423eeb1f0b2427",
    ];

    /// A row of a case, a complaint and its history, as the first version had them.
    const ROWS: &str = "
        INSERT INTO local (id, secret, instance, made_at) VALUES (1, zeroblob(32), 'x', 1);
        INSERT INTO cases (id, key, source_addr, kind, opened_at)
            VALUES (1, randomblob(32), '192.0.2.7', 'spam', 1);
        INSERT INTO members SELECT key, 1, 1, 1 FROM cases;
        INSERT INTO complaints (id, case_id, desk, round, state, source_addr, from_mailbox, subject,
                                message_id, incidents, composed_at, changed_at)
            VALUES (1, 1, 'abuse@example.net', 0, 'accepted', '192.0.2.7', 'jane@example.org',
                    'Abuse report', 'x@example.org', 1, 1, 1);
        INSERT INTO history (at, case_id, complaint_id, event) VALUES (1, 1, 1, 'accepted');";

    #[test]
    fn a_step_that_was_released_is_never_edited() {
        let digests = STEPS.map(|step| HEXLOWER.encode(&Sha256::digest(step.as_bytes())));
        assert_eq!(digests, RELEASED);
    }

    #[test]
    fn every_earlier_version_is_brought_up_to_date_with_its_rows() {
        for version in 0..=VERSION {
            let mut db = Connection::open_in_memory().unwrap();
            for step in STEPS.iter().take(version as usize) {
                db.execute_batch(step).unwrap();
            }
            if version > 0 {
                db.execute_batch(ROWS).unwrap();
                db.pragma_update(None, "application_id", APPLICATION_ID)
                    .unwrap();
                db.pragma_update(None, "user_version", version).unwrap();
            }
            migrate(&mut db).unwrap();
            let found: u32 = db
                .pragma_query_value(None, "user_version", |row| row.get(0))
                .unwrap();
            assert_eq!(found, VERSION, "from version {version}");
            let rows: u32 = db
                .query_row(
                    "SELECT count(*) FROM log JOIN history ON complaint_id = log.id",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(rows, version.min(1), "from version {version}");
            let check: String = db
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(check, "ok");
            // A second start finds nothing to do.
            migrate(&mut db).unwrap();
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut db = Connection::open_in_memory().unwrap();
        // A table of that name is there already: the first step cannot be taken.
        db.execute_batch("CREATE TABLE letters (x)").unwrap();
        db.pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        assert!(migrate(&mut db).is_err());
        let tables: u32 = db
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 1, "nothing of the step stayed");
    }
}
