//! Counts: how many, how fast, and whether it helped.
//!
//! In: what to count by. Out: [`Count`]s.
//! Limits: that mail went on is known only of mail that was brought here.

use super::{Ledger, LedgerError};

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
        let name = by.sql();
        // The median is the middle row of each group: SQLite has no function for it.
        let sql = format!(
            "WITH told AS MATERIALIZED (
                 SELECT complaints.id, {name} AS name, complaints.source_addr, state, approved_at
                 FROM complaints JOIN cases ON cases.id = case_id
                 WHERE approved_at IS NOT NULL
             ),
             first_answer AS (
                 SELECT complaint_id, min(at) AS at FROM answers
                 WHERE complaint_id IS NOT NULL
                   AND kind IN ('use-form', 'not-ours', 'resolved', 'refuses-munged', 'moved', 'human')
                 GROUP BY complaint_id
             ),
             waits AS (
                 SELECT name, max(0, at - approved_at) AS wait,
                        row_number() OVER (PARTITION BY name ORDER BY at - approved_at) AS place,
                        count(*) OVER (PARTITION BY name) AS many
                 FROM told JOIN first_answer ON complaint_id = told.id
             ),
             medians AS (SELECT name, wait FROM waits WHERE place = (many + 1) / 2),
             sources AS (
                 SELECT name, source_addr, min(approved_at) AS first_at FROM told
                 GROUP BY name, source_addr
             ),
             last_mail AS MATERIALIZED (
                 SELECT source_addr, max(boundary_at) AS at
                 FROM members JOIN cases ON cases.id = case_id
                 WHERE boundary_at IS NOT NULL GROUP BY source_addr
             ),
             went_on AS (
                 SELECT name, count(*) AS sources,
                        count(CASE WHEN last_mail.at > first_at THEN 1 END) AS went_on
                 FROM sources LEFT JOIN last_mail USING (source_addr) GROUP BY name
             ),
             counts AS (
                 SELECT name, count(*) AS agreed,
                        sum(state IN ('accepted', 'answered', 'bounced')) AS accepted,
                        sum(state IN ('rejected', 'bounced')) AS refused,
                        sum(state = 'unknown') AS unknown,
                        sum(EXISTS (SELECT 1 FROM first_answer WHERE complaint_id = told.id))
                            AS answered
                 FROM told GROUP BY name
             )
             SELECT name, agreed, accepted, refused, unknown, answered, wait / 3600, went_on, sources
             FROM counts LEFT JOIN medians USING (name) LEFT JOIN went_on USING (name)
             ORDER BY agreed DESC, name"
        );
        let mut statement = self.db.prepare(&sql)?;
        let rows = statement.query_map([], |row| {
            Ok(Count {
                name: row.get(0)?,
                agreed: row.get(1)?,
                accepted: row.get(2)?,
                refused: row.get(3)?,
                unknown: row.get(4)?,
                answered: row.get(5)?,
                answered_after_h: row.get(6)?,
                went_on: row.get::<_, Option<u32>>(7)?.unwrap_or_default(),
                sources: row.get::<_, Option<u32>>(8)?.unwrap_or_default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
