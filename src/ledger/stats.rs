//! Counts: how many, how fast, and whether it helped.
//!
//! In: what to count by. Out: [`Count`]s.
//! Limits: that mail went on is known only of mail that was brought here.

use std::collections::HashMap;

use super::{Ledger, LedgerError};
use crate::consent::State;

/// What complaints are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The desk.
    Desk,
    /// The network of the source.
    Network,
    /// The autonomous system.
    Asn,
    /// The registry.
    Registry,
    /// The mail service and its customer.
    Esp,
    /// The month.
    Month,
}

impl By {
    /// Every way with its word on the command line.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Desk, "desk"),
        (Self::Network, "network"),
        (Self::Asn, "as"),
        (Self::Registry, "registry"),
        (Self::Esp, "esp"),
        (Self::Month, "month"),
    ];

    /// Returns the way of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, its)| *its == word)
            .map(|(by, _)| *by)
    }

    /// Returns the SQL of what is counted by.
    const fn sql(self) -> &'static str {
        match self {
            Self::Desk => "complaints.desk",
            Self::Network => "coalesce(cases.network, '-')",
            Self::Asn => "coalesce('AS' || cases.asn, '-')",
            Self::Registry => "coalesce(cases.registry, '-')",
            Self::Esp => "coalesce(cases.esp || coalesce('/' || cases.esp_customer, ''), '-')",
            Self::Month => "strftime('%Y-%m', coalesce(approved_at, composed_at), 'unixepoch')",
        }
    }
}

/// One row of counts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    /// What was counted by.
    pub name: String,
    /// Complaints that were agreed to.
    pub agreed: u32,
    /// Those that a server took.
    pub accepted: u32,
    /// Those that were refused, or came back.
    pub refused: u32,
    /// Those whose end is unknown.
    pub unknown: u32,
    /// Those that were answered.
    pub answered: u32,
    /// Median time from agreement to the first answer, in hours; `None` where nobody answered.
    pub answered_after_h: Option<u32>,
    /// Sources from which more mail came after the first complaint.
    pub went_on: u32,
    /// Sources complained about.
    pub sources: u32,
}

impl Ledger {
    /// Counts complaints, most first.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where the ledger cannot be read.
    pub fn stats(&self, by: By) -> Result<Vec<Count>, LedgerError> {
        let last_mail = self.last_mail()?;
        let name = by.sql();
        // An answer is what somebody said about the case; a bounce or a receipt is none.
        let sql = format!(
            "SELECT {name}, complaints.source_addr, state, approved_at,
                    (SELECT min(at) FROM answers WHERE complaint_id = complaints.id AND kind IN
                     ('use-form', 'not-ours', 'resolved', 'refuses-munged', 'moved', 'human'))
             FROM complaints JOIN cases ON cases.id = case_id WHERE approved_at IS NOT NULL"
        );
        let mut groups: HashMap<String, Group> = HashMap::new();
        let mut statement = self.db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let told = Told {
                source: row.get(1)?,
                state: State::of_word(&row.get::<_, String>(2)?).unwrap_or(State::Unknown),
                approved_at: row.get(3)?,
                answered_at: row.get(4)?,
            };
            groups.entry(row.get(0)?).or_default().add(told);
        }
        let mut counts: Vec<Count> = groups
            .into_iter()
            .map(|(name, group)| group.count(name, &last_mail))
            .collect();
        counts.sort_by(|a, b| b.agreed.cmp(&a.agreed).then_with(|| a.name.cmp(&b.name)));
        Ok(counts)
    }

    /// Returns when the last mail of each source reached the boundary.
    fn last_mail(&self) -> Result<HashMap<String, i64>, LedgerError> {
        let mut statement = self.db.prepare(
            "SELECT source_addr, max(last)
             FROM (SELECT case_id, max(boundary_at) AS last FROM members GROUP BY case_id)
             JOIN cases ON cases.id = case_id WHERE last IS NOT NULL GROUP BY source_addr",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// One complaint, as it is counted.
struct Told {
    source: String,
    state: State,
    approved_at: i64,
    answered_at: Option<i64>,
}

/// What is counted together.
#[derive(Default)]
struct Group {
    agreed: u32,
    accepted: u32,
    refused: u32,
    unknown: u32,
    /// Seconds from agreement to answer, one per answered complaint.
    waits: Vec<i64>,
    /// When each source was first complained about.
    sources: HashMap<String, i64>,
}

impl Group {
    fn add(&mut self, told: Told) {
        self.agreed += 1;
        match told.state {
            State::Accepted | State::Answered => self.accepted += 1,
            State::Bounced => {
                self.accepted += 1;
                self.refused += 1;
            }
            State::Rejected => self.refused += 1,
            State::Unknown => self.unknown += 1,
            _ => {}
        }
        self.waits
            .extend(told.answered_at.map(|at| (at - told.approved_at).max(0)));
        self.sources
            .entry(told.source)
            .and_modify(|first| *first = (*first).min(told.approved_at))
            .or_insert(told.approved_at);
    }

    fn count(mut self, name: String, last_mail: &HashMap<String, i64>) -> Count {
        self.waits.sort_unstable();
        let middle = self.waits.len().saturating_sub(1) / 2;
        let median = self.waits.get(middle).map(|wait| wait / 3600);
        let went_on = self
            .sources
            .iter()
            .filter(|(source, first)| last_mail.get(*source).is_some_and(|last| last > first))
            .count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Count {
            name,
            agreed: self.agreed,
            accepted: self.accepted,
            refused: self.refused,
            unknown: self.unknown,
            answered: number(self.waits.len()),
            answered_after_h: median.and_then(|hours| u32::try_from(hours).ok()),
            went_on: number(went_on),
            sources: number(self.sources.len()),
        }
    }
}
