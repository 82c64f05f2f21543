//! Reads the ledger's file as any SQLite shell could: what the program says it did, without asking the program.
//!
//! In: the file. Out: a [`Row`] for each complaint, oldest first.

use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row as SqlRow};

/// One complaint in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// `accepted`, `unknown`, `held` …
    pub(crate) state: String,
    /// The desk's mailbox, in lower case.
    pub(crate) desk: String,
    /// What was said last: the server's answer, or why not.
    pub(crate) said: String,
    /// How many messages it speaks of.
    pub(crate) incidents: u32,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// The octets that were agreed to, or that wait for it.
    pub(crate) octets: Vec<u8>,
    /// What was shown before the code was asked for; empty where nothing was.
    pub(crate) shown: String,
}

/// Returns all complaints; none where there is no ledger yet.
///
/// # Errors
///
/// The file is no ledger of this version.
pub(crate) fn complaints(ledger: &Path) -> io::Result<Vec<Row>> {
    if !ledger.exists() {
        return Ok(Vec::new());
    }
    read(ledger).map_err(io::Error::other)
}

/// Returns all messages as received, in the order they came.
///
/// # Errors
///
/// The file is no ledger of this version.
pub(crate) fn messages(ledger: &Path) -> io::Result<Vec<Vec<u8>>> {
    let read = || -> rusqlite::Result<Vec<Vec<u8>>> {
        let db = open(ledger)?;
        let mut query = db.prepare("SELECT octets FROM messages ORDER BY rowid")?;
        query.query_map([], |row| row.get(0))?.collect()
    };
    read().map_err(io::Error::other)
}

fn open(ledger: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(ledger, flags)
}

fn read(ledger: &Path) -> rusqlite::Result<Vec<Row>> {
    let db = open(ledger)?;
    let mut query = db.prepare(
        "SELECT state, complaints.desk, coalesce(said, ''), incidents, attempts, octets, coalesce(shown, '')
         FROM complaints JOIN letters ON complaint_id = complaints.id ORDER BY complaints.id",
    )?;
    let rows = query.query_map([], row)?;
    rows.collect()
}

fn row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        state: row.get(0)?,
        desk: row.get(1)?,
        said: row.get(2)?,
        incidents: row.get(3)?,
        attempts: row.get(4)?,
        octets: row.get(5)?,
        shown: row.get(6)?,
    })
}
