//! The log, written out: JSON, CSV, and the mails that were sent as an mbox.
//!
//! In: the ledger. Out: text, row by row, so that its size does not matter.
//! Standards: RFC 4180 (CSV), RFC 4155 (mbox), RFC 8259 (JSON, one object a line).
//! Trust: a cell that a spreadsheet would take for a formula is quoted as text.
//! Failures: [`ExportError`].

use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::log::{Filter, Line};
use super::{Ledger, LedgerError};
use crate::consent::State;

/// Why an export ended.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The place that it was written to.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One object a line.
    Json,
    /// RFC 4180, with a header.
    Csv,
    /// The mails that went out, as they went out.
    Mbox,
}

impl Form {
    /// Returns the form of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "mbox" => Some(Self::Mbox),
            _ => None,
        }
    }
}

/// Columns of the CSV.
const HEADER: &str = "id,reference,state,desk,source_addr,subject,message_id,round,incidents,\
composed,approved,changed,transport,attempts,due,said";

impl Ledger {
    /// Writes the log out, oldest change last.
    ///
    /// # Errors
    ///
    /// [`ExportError`] where the ledger cannot be read, or the output not written.
    pub fn export(&self, form: Form, out: &mut dyn Write) -> Result<(), ExportError> {
        match form {
            Form::Json => {
                for line in self.lines(&Filter::default())? {
                    serde_json::to_writer(&mut *out, &line.object()).map_err(io::Error::from)?;
                    out.write_all(b"\n")?;
                }
            }
            Form::Csv => {
                write!(out, "{HEADER}\r\n")?;
                for line in self.lines(&Filter::default())? {
                    write!(out, "{}\r\n", csv(&line))?;
                }
            }
            Form::Mbox => self.export_mbox(out)?,
        }
        Ok(())
    }

    /// Writes the mails that a server has, or may have, in the order in which they were agreed to.
    fn export_mbox(&self, out: &mut dyn Write) -> Result<(), ExportError> {
        let mut statement = self
            .db
            .prepare(
                "SELECT state, from_mailbox, coalesce(approved_at, composed_at), octets
                 FROM complaints JOIN letters ON complaint_id = id ORDER BY approved_at, id",
            )
            .map_err(LedgerError::from)?;
        let mut rows = statement.query([]).map_err(LedgerError::from)?;
        while let Some(row) = rows.next().map_err(LedgerError::from)? {
            let read = || -> rusqlite::Result<(String, String, i64, Vec<u8>)> {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            };
            let (state, from, at, octets) = read().map_err(LedgerError::from)?;
            if State::of_word(&state).is_some_and(State::may_have_arrived) {
                mbox(out, &from, super::time(at), &octets)?;
            }
        }
        Ok(())
    }
}

/// Writes one mail as mboxrd: a line that could be taken for a separator is quoted.
fn mbox(out: &mut dyn Write, from: &str, at: jiff::Timestamp, octets: &[u8]) -> io::Result<()> {
    // RFC 4155: the separator's time is UTC, in the form of asctime.
    let at = at.to_zoned(TimeZone::UTC).strftime("%a %b %e %H:%M:%S %Y");
    writeln!(out, "From {from} {at}")?;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        let bare: &[u8] = text
            .iter()
            .position(|octet| *octet != b'>')
            .and_then(|at| text.get(at..))
            .unwrap_or_default();
        if bare.starts_with(b"From ") {
            out.write_all(b">")?;
        }
        out.write_all(text)?;
        out.write_all(b"\n")?;
    }
    out.write_all(b"\n")
}

/// Returns a line as RFC 4180 has it.
fn csv(line: &Line) -> String {
    let time = |at: jiff::Timestamp| at.to_string();
    let cells = [
        line.id.to_string(),
        line.reference.clone(),
        line.state.word().to_owned(),
        line.desk.clone(),
        line.source_addr.clone(),
        line.subject.clone(),
        line.message_id.clone(),
        line.round.to_string(),
        line.incidents.to_string(),
        time(line.composed),
        line.approved.map(time).unwrap_or_default(),
        time(line.changed),
        line.transport.clone().unwrap_or_default(),
        line.attempts.to_string(),
        line.due.map(time).unwrap_or_default(),
        line.said.clone().unwrap_or_default(),
    ];
    cells.map(|text| cell(&text)).join(",")
}

/// Returns a cell, quoted where it has to be.
fn cell(text: &str) -> String {
    // A spreadsheet runs what begins so; an apostrophe makes it text.
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    // RFC 4180 §2: quotes stand around what holds a comma, a quote or a line end.
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_has_to_be_and_is_never_a_formula() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("@x,y"), "\"'@x,y\"");
    }

    #[test]
    fn a_line_that_looks_like_a_separator_is_quoted() {
        let mut out = Vec::new();
        let octets = b"Subject: x\r\n\r\nFrom me\r\n>From you\r\n>>> not From\r\n";
        let at = "2026-11-05T12:00:00Z".parse().unwrap();
        mbox(&mut out, "jane@example.org", at, octets).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "From jane@example.org Thu Nov  5 12:00:00 2026\n\
             Subject: x\n\n>From me\n>>From you\n>>> not From\n\n"
        );
    }
}
