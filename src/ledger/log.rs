//! The ledger read as a case file: lists, one complaint with all that happened, search.
//!
//! In: what to look for. Out: [`Line`]s and [`Happened`].
//! Failures: [`LedgerError`].

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, ToSql};

use super::{Ledger, LedgerError, key_of, time};
use crate::complaint::CaseKey;
use crate::consent::State;

/// One complaint on one line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// Its number.
    pub id: i64,
    /// Reference in its subject.
    pub reference: String,
    /// What became of it.
    #[serde(serialize_with = "word")]
    pub state: State,
    /// To whom.
    pub desk: String,
    /// About which address.
    pub source_addr: String,
    /// Its subject.
    pub subject: String,
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// Round.
    pub round: u32,
    /// Messages that it speaks of.
    pub incidents: u32,
    /// When it was composed.
    pub composed: Timestamp,
    /// When the user agreed to it.
    pub approved: Option<Timestamp>,
    /// When its state last changed.
    pub changed: Timestamp,
    /// How it was sent.
    pub transport: Option<String>,
    /// Tries.
    pub attempts: u32,
    /// When the next try is due.
    pub due: Option<Timestamp>,
    /// What was said last; escaped.
    pub said: Option<String>,
}

/// One complaint as JSON has it.
#[derive(Debug, serde::Serialize)]
pub struct Object<'l> {
    schema: u32,
    #[serde(flatten)]
    line: &'l Line,
}

impl Line {
    /// Returns it as JSON has it: the schema, then its fields.
    #[must_use]
    pub const fn object(&self) -> Object<'_> {
        Object {
            schema: 1,
            line: self,
        }
    }
}

fn word<S: serde::Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.word())
}

/// One thing that happened to a complaint.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// What, in a word.
    pub event: String,
    /// More about it; escaped.
    pub detail: Option<String>,
}

/// What a list is limited to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Text that stands in desk, address, subject, Message-ID, reference, or what was said.
    pub text: Option<String>,
    /// States; empty for all.
    pub states: Vec<State>,
    /// Lines at most; `None` for all.
    pub most: Option<u32>,
}

/// Columns of a [`Line`].
const COLUMNS: &str = "complaints.id, cases.key, state, desk, complaints.source_addr, subject,
    message_id, round, incidents, composed_at, approved_at, changed_at, transport, attempts,
    due_at, said";

impl Line {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let case = key_of(&row.get::<_, Vec<u8>>(1)?).unwrap_or_default();
        Ok(Self {
            id: row.get(0)?,
            reference: CaseKey::new(case).reference(),
            state: State::of_word(&row.get::<_, String>(2)?).unwrap_or(State::Unknown),
            desk: row.get(3)?,
            source_addr: row.get(4)?,
            subject: row.get(5)?,
            message_id: row.get(6)?,
            round: row.get(7)?,
            incidents: row.get(8)?,
            composed: time(row.get(9)?),
            approved: row.get::<_, Option<i64>>(10)?.map(time),
            changed: time(row.get(11)?),
            transport: row.get(12)?,
            attempts: row.get(13)?,
            due: row.get::<_, Option<i64>>(14)?.map(time),
            said: row.get(15)?,
        })
    }
}

impl Ledger {
    /// Returns complaints, last changed first.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn lines(&self, filter: &Filter) -> Result<Vec<Line>, LedgerError> {
        let mut clauses = vec!["1".to_owned()];
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        if let Some(text) = &filter.text {
            // A reference is made of the key: it is looked for by the subject that bears it.
            values.push(Box::new(format!("%{}%", escaped(text))));
            clauses.push(
                "(desk LIKE ?1 ESCAPE '\\' OR complaints.source_addr LIKE ?1 ESCAPE '\\'
                  OR subject LIKE ?1 ESCAPE '\\' OR message_id LIKE ?1 ESCAPE '\\'
                  OR said LIKE ?1 ESCAPE '\\')"
                    .to_owned(),
            );
        }
        if !filter.states.is_empty() {
            let words: Vec<String> = filter
                .states
                .iter()
                .map(|state| format!("'{}'", state.word()))
                .collect();
            clauses.push(format!("state IN ({})", words.join(", ")));
        }
        let most = filter.most.map_or(-1, i64::from);
        let sql = format!(
            "SELECT {COLUMNS} FROM complaints JOIN cases ON cases.id = case_id
             WHERE {} ORDER BY changed_at DESC, complaints.id DESC LIMIT {most}",
            clauses.join(" AND ")
        );
        let mut statement = self.db.prepare(&sql)?;
        let values = rusqlite::params_from_iter(values.iter());
        let rows = statement.query_map(values, Line::of)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the line of one complaint.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] where there is none of that number.
    pub fn line(&self, id: i64) -> Result<Line, LedgerError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM complaints JOIN cases ON cases.id = case_id
             WHERE complaints.id = ?1"
        );
        let found = self.db.query_row(&sql, [id], Line::of).optional()?;
        found.ok_or_else(|| LedgerError::Missing(format!("complaint {id}")))
    }

    /// Returns the network that a complaint's case lies in, as the registry named it.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn network_of(&self, id: i64) -> Result<Option<String>, LedgerError> {
        let found = self.db.query_row(
            "SELECT network FROM complaints JOIN cases ON cases.id = case_id
             WHERE complaints.id = ?1",
            [id],
            |row| row.get(0),
        );
        Ok(found.optional()?.flatten())
    }

    /// Returns the number of the complaint that a user means: by number, reference or Message-ID.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] where there is none.
    pub fn find(&self, named: &str) -> Result<i64, LedgerError> {
        let named = named.trim().trim_start_matches('#');
        if let Ok(id) = named.parse::<i64>() {
            return Ok(self.kept(id)?.id);
        }
        let bare = named.trim_matches(['<', '>']);
        let (first, last) = CaseKey::range_of(bare)
            .unwrap_or_else(|| (CaseKey::new([u8::MAX; 32]), CaseKey::new([0; 32])));
        let found = self.db.query_row(
            "SELECT max(id) FROM (
                 SELECT id FROM complaints WHERE message_id = ?1
                 UNION ALL
                 SELECT complaints.id FROM complaints JOIN cases ON cases.id = case_id
                 WHERE key BETWEEN ?2 AND ?3)",
            (bare, first.octets().as_slice(), last.octets().as_slice()),
            |row| row.get::<_, Option<i64>>(0),
        )?;
        if let Some(id) = found {
            return Ok(id);
        }
        Err(LedgerError::Missing(format!("complaint `{named}`")))
    }

    /// Returns what happened to a complaint and to its case, oldest first.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn happened(&self, id: i64) -> Result<Vec<Happened>, LedgerError> {
        let mut statement = self.db.prepare(
            "SELECT at, event, detail FROM history
             WHERE complaint_id = ?1
                OR (complaint_id IS NULL
                    AND case_id = (SELECT case_id FROM complaints WHERE id = ?1))
             ORDER BY id",
        )?;
        let rows = statement.query_map([id], |row| {
            Ok(Happened {
                at: time(row.get(0)?),
                event: row.get(1)?,
                detail: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Returns a text in which `%` and `_` stand for themselves.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}
