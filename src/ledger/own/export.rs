//! Everything that the ledger holds, one JSON object a row.
//!
//! In: the ledger. Out: lines `{"table":"cases","id":1,…}`.
//! Standards: RFC 8259 (JSON), RFC 4648 §4 and §8 (base64, hex).
//! Trust: the local secret is left out: with it, others could forge the ledger's seals.

use std::io::{self, Write};

use data_encoding::{BASE64, HEXLOWER};
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

use crate::ledger::{ExportError, Ledger, LedgerError};

/// Tables that are written out, in the order in which they refer to each other.
const TABLES: [&str; 13] = [
    "cases",
    "members",
    "messages",
    "complaints",
    "letters",
    "history",
    "attempts",
    "answers",
    "desks",
    "lookups",
    "remembered",
    "batches",
    "forgotten",
];

impl Ledger {
    /// Writes out everything that the ledger holds, but for the local secret.
    ///
    /// # Errors
    ///
    /// [`ExportError`] where the ledger cannot be read, or the output not written.
    pub fn export_all(&self, out: &mut dyn Write) -> Result<(), ExportError> {
        for table in TABLES {
            let sql = format!("SELECT * FROM {table}");
            let mut statement = self.db.prepare(&sql).map_err(LedgerError::from)?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([]).map_err(LedgerError::from)?;
            while let Some(row) = rows.next().map_err(LedgerError::from)? {
                let mut object = Map::new();
                object.insert("table".to_owned(), table.into());
                for (column, name) in names.iter().enumerate() {
                    let value = row.get_ref(column).map_err(LedgerError::from)?;
                    let (name, value) = readable(name, value);
                    object.insert(name, value);
                }
                serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

/// Returns a value as JSON; octets as text where they are text, else as hex or base64, as the name says.
fn readable(name: &str, value: ValueRef<'_>) -> (String, Value) {
    match value {
        ValueRef::Null => (name.to_owned(), Value::Null),
        ValueRef::Integer(number) => (name.to_owned(), number.into()),
        ValueRef::Real(number) => (name.to_owned(), number.into()),
        ValueRef::Text(text) => (
            name.to_owned(),
            String::from_utf8_lossy(text).into_owned().into(),
        ),
        ValueRef::Blob(octets) if octets.len() <= 32 => {
            (format!("{name}_hex"), HEXLOWER.encode(octets).into())
        }
        ValueRef::Blob(octets) => match std::str::from_utf8(octets) {
            Ok(text) => (name.to_owned(), text.into()),
            Err(_) => (format!("{name}_base64"), BASE64.encode(octets).into()),
        },
    }
}
