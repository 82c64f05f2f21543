//! Messages, and the cases that they make up.
//!
//! In: messages as received. Out: whether one was reported before; cases and their members.
//! Trust: a message is known by its keyed hash; its octets stand here as received.
//! Failures: [`LedgerError`].
//! Limits: a copy that another server altered on the way is another message.

use std::net::IpAddr;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest as _, Sha256};

use super::{Ledger, LedgerError, key_of, seconds, time, writing};
use crate::complaint::{CaseKey, Complaint};
use crate::consent::State;
use crate::intake::Message;

/// What is known of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// It was never seen. The key is that of the case it would begin.
    New(CaseKey),
    /// It belongs to a case.
    Known {
        /// The case.
        case: CaseKey,
        /// When the case began.
        opened_at: Timestamp,
        /// Complaints about it, oldest first.
        complaints: Vec<Earlier>,
    },
    /// It was seen, and the user had it forgotten.
    Forgotten {
        /// The key of the case it would begin.
        case: CaseKey,
        /// When it was forgotten.
        at: Timestamp,
    },
}

impl Standing {
    /// Returns the key of the case that the message belongs to, or would begin.
    #[must_use]
    pub const fn case(&self) -> CaseKey {
        match self {
            Self::New(case) | Self::Known { case, .. } | Self::Forgotten { case, .. } => *case,
        }
    }
}

/// An earlier complaint about the same case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub desk: String,
    /// Round.
    pub round: u32,
    /// What became of it.
    pub state: State,
    /// When that was.
    pub at: Timestamp,
}

/// What a case is counted by, besides its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFacts {
    /// The source.
    pub source_addr: IpAddr,
    /// Kind of abuse, in a word: `spam`, `phishing`.
    pub kind: String,
    /// Network of the source, `192.0.2.0 - 192.0.2.255`.
    pub network: Option<String>,
    /// Who holds the network.
    pub holder: Option<String>,
    /// Registry of the network.
    pub registry: Option<String>,
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Mail service.
    pub esp: Option<String>,
    /// Its customer.
    pub esp_customer: Option<String>,
}

impl CaseFacts {
    /// Returns the facts of a source about which nothing else is known.
    #[must_use]
    pub fn of(source_addr: IpAddr, kind: impl Into<String>) -> Self {
        Self {
            source_addr,
            kind: kind.into(),
            network: None,
            holder: None,
            registry: None,
            asn: None,
            esp: None,
            esp_customer: None,
        }
    }
}

/// A message on its way into the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The message.
    pub message: &'a Message,
    /// The case that it begins or joins.
    pub case: CaseKey,
    /// What the case is counted by, if the message begins it.
    pub facts: &'a CaseFacts,
    /// When it reached the boundary; `None` where that could not be read.
    pub boundary_at: Option<Timestamp>,
    /// Hosts and networks that the user named with `--trust` for it.
    pub named: &'a [String],
}

/// A message of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// When it reached the boundary; `None` where that could not be read.
    pub boundary_at: Option<Timestamp>,
    /// Its octets, as received; `None` where they were forgotten.
    pub octets: Option<Vec<u8>>,
    /// Where it was read.
    pub input: String,
    /// Hosts and networks that the user named with `--trust` for it.
    pub named: Vec<String>,
}

impl Ledger {
    /// Returns what is known of a message.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn standing(&self, message: &Message) -> Result<Standing, LedgerError> {
        let key = self.key_of_message(message);
        let member = self
            .db
            .query_row(
                "SELECT cases.id, cases.key, opened_at
                 FROM members JOIN cases ON cases.id = case_id WHERE members.key = ?1",
                [key.octets().as_slice()],
                |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?)),
            )
            .optional()?;
        if let Some((id, case, opened_at)) = member {
            let case = key_of(&case)
                .map(CaseKey::new)
                .ok_or_else(|| LedgerError::Damaged("a case's key".to_owned()))?;
            return Ok(Standing::Known {
                case,
                opened_at: time(opened_at),
                complaints: self.earlier(id)?,
            });
        }
        let forgotten = self
            .db
            .query_row(
                "SELECT at FROM forgotten WHERE key = ?1",
                [key.octets().as_slice()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(match forgotten {
            Some(at) => Standing::Forgotten {
                case: key,
                at: time(at),
            },
            None => Standing::New(key),
        })
    }

    /// Returns the complaints about a case, oldest first.
    fn earlier(&self, case_id: i64) -> Result<Vec<Earlier>, LedgerError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, desk, round, state, changed_at FROM complaints
             WHERE case_id = ?1 ORDER BY id",
        )?;
        let rows = statement.query_map([case_id], |row| {
            Ok(Earlier {
                id: row.get(0)?,
                desk: row.get(1)?,
                round: row.get(2)?,
                state: State::of_word(&row.get::<_, String>(3)?).unwrap_or(State::Unknown),
                at: time(row.get(4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the case of the same source on the same UTC day that a message may still join.
    ///
    /// That is one none of whose complaints was agreed to yet: what was
    /// composed for it is composed anew with the message in it.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn joinable(
        &self,
        source_addr: IpAddr,
        boundary_at: Timestamp,
    ) -> Result<Option<CaseKey>, LedgerError> {
        let (first, last) = utc_day(boundary_at);
        let found: Option<Vec<u8>> = self
            .db
            .query_row(
                "SELECT cases.key FROM cases
                 JOIN members ON members.case_id = cases.id
                 WHERE source_addr = ?1 AND boundary_at BETWEEN ?2 AND ?3
                   AND EXISTS (SELECT 1 FROM complaints WHERE case_id = cases.id AND state = 'held')
                   AND NOT EXISTS (SELECT 1 FROM complaints
                                   WHERE case_id = cases.id AND state NOT IN ('held', 'drafted'))
                 ORDER BY cases.id LIMIT 1",
                (source_addr.to_string(), seconds(first), seconds(last)),
                |row| row.get(0),
            )
            .optional()?;
        Ok(found.as_deref().and_then(key_of).map(CaseKey::new))
    }

    /// Keeps a message: as the first of a new case, or as one more of an open one.
    ///
    /// Keeping a message twice changes nothing. Returns the message's own key.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn hold(
        &mut self,
        message: &Message,
        case: CaseKey,
        facts: &CaseFacts,
        boundary_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<CaseKey, LedgerError> {
        let arrival = Arrival {
            message,
            case,
            facts,
            boundary_at,
            named: &[],
        };
        self.hold_with(&arrival, &[], State::Held, now)
    }

    /// Keeps a message and the complaints that it gave, in one commit; returns the message's own key.
    ///
    /// A message whose complaints were not kept would be known, and never taken
    /// up again. What was agreed to before stays as it was agreed to.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Settled`] where a message would join a case that was agreed
    /// to meanwhile: it begins a case of its own then. Any [`LedgerError`] where
    /// it cannot be written; nothing of it was, then.
    pub fn hold_with(
        &mut self,
        arrival: &Arrival<'_>,
        complaints: &[Complaint],
        state: State,
        now: Timestamp,
    ) -> Result<CaseKey, LedgerError> {
        let key = self.key_of_message(arrival.message);
        let transaction = writing(&mut self.db)?;
        let is_new = add_member(&transaction, arrival, key, now)?;
        let joins = is_new && arrival.case != key;
        for complaint in complaints {
            match super::complaints::keep(&transaction, complaint, state, now) {
                Ok(_) => {}
                Err(LedgerError::Settled(_)) if !joins => {}
                Err(error) => return Err(error),
            }
        }
        transaction.commit()?;
        Ok(key)
    }

    /// Returns the messages of a case, oldest boundary time first.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn members(&self, case: CaseKey) -> Result<Vec<Member>, LedgerError> {
        let mut statement = self.db.prepare_cached(
            "SELECT boundary_at, octets, coalesce(input, ''), coalesce(named, '')
             FROM members JOIN cases ON cases.id = case_id
             LEFT JOIN messages ON member_key = members.key
             WHERE cases.key = ?1 ORDER BY boundary_at, added_at",
        )?;
        let rows = statement.query_map([case.octets().as_slice()], |row| {
            Ok(Member {
                boundary_at: row.get::<_, Option<i64>>(0)?.map(time),
                octets: row.get(1)?,
                input: row.get(2)?,
                named: row
                    .get::<_, String>(3)?
                    .lines()
                    .map(str::to_owned)
                    .collect(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns what the mail of a case is called: `spam`, `phishing`; `None` where there is no such case.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn kind_of(&self, case: CaseKey) -> Result<Option<String>, LedgerError> {
        let sql = "SELECT kind FROM cases WHERE key = ?1";
        let key = case.octets().as_slice();
        Ok(self.db.query_row(sql, [key], |row| row.get(0)).optional()?)
    }

    /// Returns the key of a message: the keyed hash of what does not change when it is copied.
    #[must_use]
    pub fn key_of_message(&self, message: &Message) -> CaseKey {
        self.secret.case(&canonical(message.octets()))
    }
}

/// Adds a message to its case; returns whether it is new. Adding it twice changes nothing.
fn add_member(
    transaction: &Connection,
    arrival: &Arrival<'_>,
    key: CaseKey,
    now: Timestamp,
) -> Result<bool, LedgerError> {
    let message = arrival.message;
    let digest: [u8; 32] = Sha256::digest(message.octets()).into();
    let case_id = open_case(transaction, arrival.case, arrival.facts, now)?;
    let added = transaction.execute(
        "INSERT INTO members (key, case_id, boundary_at, added_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO NOTHING",
        (
            key.octets().as_slice(),
            case_id,
            arrival.boundary_at.map(seconds),
            seconds(now),
        ),
    )?;
    transaction.execute(
        "INSERT INTO messages (member_key, octets, sha256, input, named) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (member_key) DO UPDATE SET named = ?5",
        (
            key.octets().as_slice(),
            message.octets(),
            digest.as_slice(),
            &message.origin().input,
            arrival.named.join("\n"),
        ),
    )?;
    if added > 0 {
        transaction.execute(
            "INSERT INTO history (at, case_id, event, detail) VALUES (?1, ?2, 'message', ?3)",
            (seconds(now), case_id, &message.origin().input),
        )?;
    }
    Ok(added > 0)
}

/// Returns the case's row, and makes it where there is none.
fn open_case(
    db: &Connection,
    case: CaseKey,
    facts: &CaseFacts,
    now: Timestamp,
) -> Result<i64, LedgerError> {
    let added = db.execute(
        "INSERT INTO cases (key, source_addr, kind, network, holder, registry, asn, esp,
                            esp_customer, opened_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (key) DO NOTHING",
        (
            case.octets().as_slice(),
            facts.source_addr.to_string(),
            &facts.kind,
            &facts.network,
            &facts.holder,
            &facts.registry,
            facts.asn,
            &facts.esp,
            &facts.esp_customer,
            seconds(now),
        ),
    )?;
    let (id, kind): (i64, String) = db.query_row(
        "SELECT id, kind FROM cases WHERE key = ?1",
        [case.octets().as_slice()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if kind != facts.kind {
        // The complaints follow what the mail is called now, and so does the count.
        db.execute(
            "UPDATE cases SET kind = ?2 WHERE id = ?1",
            (id, &facts.kind),
        )?;
        db.execute(
            "INSERT INTO history (at, case_id, event, detail) VALUES (?1, ?2, 'kind', ?3)",
            (seconds(now), id, &facts.kind),
        )?;
    }
    if added > 0 {
        db.execute(
            "INSERT INTO history (at, case_id, event, detail) VALUES (?1, ?2, 'case', ?3)",
            (seconds(now), id, facts.source_addr.to_string()),
        )?;
    }
    Ok(id)
}

/// Returns what of a message does not change when it is copied out of a terminal or a mailbox.
///
/// Line ends become LF, blanks at the end of a line and empty lines at the end
/// of the message go.
fn canonical(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    for line in octets.split(|octet| *octet == b'\n') {
        out.extend_from_slice(line.trim_ascii_end());
        out.push(b'\n');
    }
    while out.ends_with(b"\n\n") {
        out.pop();
    }
    out
}

/// Returns the first and the last second of a time's day in UTC.
fn utc_day(at: Timestamp) -> (Timestamp, Timestamp) {
    let zoned = at.to_zoned(TimeZone::UTC);
    let first = zoned.start_of_day().map_or(at, |day| day.timestamp());
    let last = first.checked_add(24.hours()).unwrap_or(at);
    (first, last.checked_sub(1.second()).unwrap_or(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_with_other_line_ends_is_the_same_message() {
        let of = |text: &str| canonical(text.as_bytes());
        assert_eq!(of("A: b\r\n\r\nbody  \r\n"), of("A: b\n\nbody\n\n\n"));
        assert_ne!(of("A: b\n\n body\n"), of("A: b\n\nbody\n"));
        assert_eq!(of(""), b"\n");
    }

    #[test]
    fn a_utc_day_ends_where_the_next_begins() {
        let at: Timestamp = "2026-11-21T21:28:00Z".parse().unwrap();
        let (first, last) = utc_day(at);
        assert_eq!(first.to_string(), "2026-11-21T00:00:00Z");
        assert_eq!(last.to_string(), "2026-11-21T23:59:59Z");
    }
}
