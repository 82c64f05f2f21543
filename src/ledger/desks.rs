//! What is known of desks from their own answers, and what speaks against a complaint.
//!
//! In: bounces, answers, the user's word. Out: [`DeskRecord`], and the guard's [`Facts`].
//! Standards: RFC 3463 (5.1.x: the address; 5.7.x: policy), RFC 7505 (null MX).
//! Trust: one complaint that comes back may be an accident; two make a desk dead, for a while.
//! Failures: [`LedgerError`].

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::answers::SIGNS_OF_LIFE;
use super::{Ledger, LedgerError, seconds, time};
use crate::complaint::Complaint;
use crate::consent::{Facts, State};
use crate::delivery::answer::Status;

/// Complaints that came back after which a desk counts as dead.
const COMPLAINTS: u32 = 2;

/// How long a desk counts as dead.
pub const DEAD_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What counts as "within a day".
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// States in which a complaint counts against the limits.
const COUNTED: &str = "('approved', 'connecting', 'data', 'accepted', 'deferred', 'unknown',
    'saved', 'by-hand', 'bounced', 'answered')";

/// What is known of a desk.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct DeskRecord {
    /// Its mailbox in lower case, or its form.
    pub key: String,
    /// Until when it counts as dead.
    pub dead_until: Option<Timestamp>,
    /// Why.
    pub dead_because: Option<String>,
    /// The form that it asks to be used.
    pub form_url: Option<String>,
    /// Whether it refused a complaint in which something was masked.
    pub refuses_munged: bool,
    /// Whether its filter refused a whole message.
    pub headers_only: bool,
    /// Where it says that complaints go instead.
    pub forwarded_to: Option<String>,
}

/// What is learnt about a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskMark {
    /// Mail to it comes back; `None` until when it is asked anew, or for good.
    Dead {
        /// Until when.
        until: Timestamp,
        /// Why, in a few words.
        why: String,
    },
    /// It takes mail again.
    Alive,
    /// It wants its form to be used.
    Form(String),
    /// It refuses complaints in which something is masked.
    RefusesMunged,
    /// Its filter refused a whole message.
    HeadersOnly,
    /// It sends complaints elsewhere.
    Forwarded(String),
}

impl Ledger {
    /// Returns what is known of a desk; an empty record where nothing is.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn desk(&self, key: &str) -> Result<DeskRecord, LedgerError> {
        let found = self
            .db
            .query_row(
                &format!("SELECT {COLUMNS} FROM desks WHERE key = ?1"),
                [key],
                DeskRecord::of,
            )
            .optional()?;
        Ok(found.unwrap_or_else(|| DeskRecord {
            key: key.to_owned(),
            ..DeskRecord::default()
        }))
    }

    /// Returns every desk of which something is known, by name.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn desks(&self) -> Result<Vec<DeskRecord>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM desks ORDER BY key");
        let mut statement = self.db.prepare(&sql)?;
        let rows = statement.query_map([], DeskRecord::of)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns whether a complaint was composed for a desk.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn has_desk(&self, key: &str) -> Result<bool, LedgerError> {
        Ok(self.db.query_row(
            "SELECT EXISTS (SELECT 1 FROM complaints WHERE desk = ?1)",
            [key],
            |row| row.get(0),
        )?)
    }

    /// Writes down what was learnt about a desk.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn mark_desk(
        &mut self,
        key: &str,
        mark: &DeskMark,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        set_mark(&self.db, key, mark, now)
    }

    /// Returns what speaks against a complaint, as the ledger knows it.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn facts(&self, complaint: &Complaint, now: Timestamp) -> Result<Facts, LedgerError> {
        let record = self.desk(&complaint.desk.key())?;
        let counted = Counted::of(&self.db, complaint, now)?;
        let (boundary_at, composed_at) = self.times(complaint)?;
        Ok(Facts {
            earlier: self.earlier_complaint(complaint)?,
            boundary_at,
            composed_at,
            about_source: counted.about_source,
            to_desk: counted.to_desk,
            to_all: counted.to_all,
            // What rules say of the desk is not in the ledger.
            blocked: false,
            too_soon: None,
            takes_only: None,
            dead: record
                .dead_until
                .map(|until| (until, record.dead_because.unwrap_or_default())),
            form_url: record.form_url,
            refuses_munged: record.refuses_munged,
            headers_only: record.headers_only,
            forwarded_to: record.forwarded_to,
            restored_at: self.restored_at()?,
            forgotten_at: self.forgotten_at(complaint)?,
        })
    }

    /// Returns when a message of a complaint's case was forgotten, if nothing of the case was agreed to since.
    fn forgotten_at(&self, complaint: &Complaint) -> Result<Option<Timestamp>, LedgerError> {
        let at: Option<i64> = self.db.query_row(
            "SELECT max(at) FROM forgotten JOIN members ON members.key = forgotten.key
             JOIN cases ON cases.id = case_id WHERE cases.key = ?1",
            [complaint.case.octets().as_slice()],
            |row| row.get(0),
        )?;
        Ok(at.map(time))
    }

    /// Returns when another complaint to the same desk, about the same address, was last agreed to.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn last_about(&self, complaint: &Complaint) -> Result<Option<Timestamp>, LedgerError> {
        let sql = format!(
            "SELECT max(approved_at) FROM complaints JOIN cases ON cases.id = case_id
             WHERE desk = ?2 AND complaints.source_addr = ?4 AND +state IN {COUNTED}
               AND NOT (key = ?1 AND desk = ?2 AND round = ?3)"
        );
        let at: Option<i64> = self.db.query_row(
            &sql,
            (
                complaint.case.octets().as_slice(),
                complaint.desk.key(),
                complaint.round,
                complaint.source_addr.to_string(),
            ),
            |row| row.get(0),
        )?;
        Ok(at.map(time))
    }

    /// Returns when the ledger was last found to come from a backup or another machine.
    fn restored_at(&self) -> Result<Option<Timestamp>, LedgerError> {
        let at: Option<i64> = self
            .db
            .query_row("SELECT restored_at FROM local", [], |row| row.get(0))?;
        Ok(at.map(time))
    }

    /// Returns when the newest message of a case came, and when the complaint was composed.
    fn times(
        &self,
        complaint: &Complaint,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), LedgerError> {
        Ok(self.db.query_row(
            "SELECT (SELECT max(boundary_at) FROM members JOIN cases ON cases.id = case_id
                     WHERE cases.key = ?1),
                    (SELECT composed_at FROM complaints JOIN cases ON cases.id = case_id
                     WHERE cases.key = ?1 AND desk = ?2 AND round = ?3)",
            (
                complaint.case.octets().as_slice(),
                complaint.desk.key(),
                complaint.round,
            ),
            |row| {
                let boundary: Option<i64> = row.get(0)?;
                let composed: Option<i64> = row.get(1)?;
                Ok((boundary.map(time), composed.map(time)))
            },
        )?)
    }

    /// Returns the complaint of the same case, desk and round, if it was agreed to, or may have arrived.
    fn earlier_complaint(
        &self,
        complaint: &Complaint,
    ) -> Result<Option<(State, Timestamp)>, LedgerError> {
        let found = self
            .db
            .query_row(
                "SELECT state, changed_at, maybe_arrived
                 FROM complaints JOIN cases ON cases.id = case_id
                 WHERE key = ?1 AND desk = ?2 AND round = ?3",
                (
                    complaint.case.octets().as_slice(),
                    complaint.desk.key(),
                    complaint.round,
                ),
                |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()?;
        Ok(found.and_then(|(word, at, maybe): (String, i64, bool)| {
            let state = State::of_word(&word)?;
            // What was agreed to before is composed anew no more: asked about once more, its
            // other octets could not be approved, nor anything that the same code stands for.
            (state.is_settled() || maybe).then(|| (state, time(at)))
        }))
    }
}

/// Complaints within a day, beside the one that is judged.
pub(super) struct Counted {
    /// To its desk, about its source address.
    pub(super) about_source: u32,
    /// To its desk.
    pub(super) to_desk: u32,
    /// To anyone.
    to_all: u32,
}

impl Counted {
    /// Counts what stands in the ledger, or in the transaction that is given.
    pub(super) fn of(
        db: &Connection,
        complaint: &Complaint,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let since = seconds(now.checked_sub(DAY).unwrap_or(now));
        // A complaint of the same case and round is not another one. The plus keeps the
        // index of states out of it: that of the day's approvals is shorter by far.
        let sql = format!(
            "SELECT count(*),
                    count(*) FILTER (WHERE desk = ?3),
                    count(*) FILTER (WHERE desk = ?3 AND complaints.source_addr = ?5)
             FROM complaints JOIN cases ON cases.id = case_id
             WHERE approved_at >= ?1 AND +state IN {COUNTED}
               AND NOT (key = ?2 AND desk = ?3 AND round = ?4)"
        );
        let mut statement = db.prepare_cached(&sql)?;
        Ok(statement.query_row(
            (
                since,
                complaint.case.octets().as_slice(),
                complaint.desk.key(),
                complaint.round,
                complaint.source_addr.to_string(),
            ),
            |row| {
                Ok(Self {
                    to_all: row.get(0)?,
                    to_desk: row.get(1)?,
                    about_source: row.get(2)?,
                })
            },
        )?)
    }
}

/// Columns of a [`DeskRecord`].
const COLUMNS: &str =
    "key, dead_until, dead_because, form_url, refuses_munged, headers_only, forwarded_to";

impl DeskRecord {
    /// Returns whether anything is known of the desk.
    #[must_use]
    pub fn is_known(&self) -> bool {
        *self
            != Self {
                key: self.key.clone(),
                ..Self::default()
            }
    }

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            dead_until: row.get::<_, Option<i64>>(1)?.map(time),
            dead_because: row.get(2)?,
            form_url: row.get(3)?,
            refuses_munged: row.get(4)?,
            headers_only: row.get(5)?,
            forwarded_to: row.get(6)?,
        })
    }
}

/// Writes one mark.
pub(super) fn set_mark(
    db: &Connection,
    key: &str,
    mark: &DeskMark,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let at = seconds(now);
    db.execute(
        "INSERT INTO desks (key, changed_at) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET changed_at = ?2",
        (key, at),
    )?;
    match mark {
        DeskMark::Dead { until, why } => db.execute(
            "UPDATE desks SET dead_until = ?2, dead_because = ?3 WHERE key = ?1",
            (key, seconds(*until), why),
        )?,
        DeskMark::Alive => db.execute(
            "UPDATE desks SET dead_until = NULL, dead_because = NULL WHERE key = ?1",
            [key],
        )?,
        DeskMark::Form(url) => {
            db.execute("UPDATE desks SET form_url = ?2 WHERE key = ?1", (key, url))?
        }
        DeskMark::RefusesMunged => {
            db.execute("UPDATE desks SET refuses_munged = 1 WHERE key = ?1", [key])?
        }
        DeskMark::HeadersOnly => {
            db.execute("UPDATE desks SET headers_only = 1 WHERE key = ?1", [key])?
        }
        DeskMark::Forwarded(mailbox) => db.execute(
            "UPDATE desks SET forwarded_to = ?2 WHERE key = ?1",
            (key, mailbox),
        )?,
    };
    Ok(())
}

/// Returns the mark that a complaint's refusal or return earns its desk, with those of others before.
///
/// However often one complaint comes back, it counts once; and nothing counts
/// that lies before the desk's last sign of life.
pub(super) fn earned(
    db: &Connection,
    key: &str,
    status: &str,
    complaint: i64,
    now: Timestamp,
) -> Result<Option<DeskMark>, LedgerError> {
    // RFC 3463 §3.8: X.7.x is about policy.
    if status.starts_with("5.7.") {
        return Ok(Some(DeskMark::HeadersOnly));
    }
    if !status.parse().is_ok_and(Status::is_about_recipient) {
        return Ok(None);
    }
    let since = seconds(now.checked_sub(DEAD_FOR).unwrap_or(now));
    let signs = SIGNS_OF_LIFE.join("', '");
    let sql = format!(
        "WITH last AS (SELECT max(?2, coalesce(max(at), ?2)) AS sign FROM answers
                       WHERE desk = ?1 AND kind IN ('{signs}'))
         SELECT count(*) FROM (
             SELECT ?3
             UNION SELECT complaint_id FROM answers, last
             WHERE desk = ?1 AND at > sign AND kind = 'bounce' AND status LIKE '5.1.%'
               AND status NOT IN ('5.1.7', '5.1.8') AND complaint_id IS NOT NULL
             UNION SELECT complaint_id FROM attempts
             JOIN complaints ON complaints.id = complaint_id, last
             WHERE desk = ?1 AND ended_at > sign AND outcome = 'rejected' AND stage = 'rcpt'
               AND enhanced LIKE '5.1.%' AND enhanced NOT IN ('5.1.7', '5.1.8'))"
    );
    let count: u32 = db.query_row(&sql, (key, since, complaint), |row| row.get(0))?;
    if count < COMPLAINTS {
        return Ok(None);
    }
    Ok(Some(DeskMark::Dead {
        until: now.checked_add(DEAD_FOR).unwrap_or(now),
        why: format!("{count} times, {status}"),
    }))
}
