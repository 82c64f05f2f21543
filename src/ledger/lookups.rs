//! Lookups that were answered before, by range of addresses.
//!
//! In: answers of [`crate::contact`]. Out: the answer of the smallest range that still lives.
//! Standards: the terms of the registries: answers are kept for a day, not for ever.
//! Limits: a smaller network inside a range is not seen until the answer has died, which for a wide range is soon.

use std::net::{IpAddr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};
use rusqlite::OptionalExtension as _;

use super::{Ledger, seconds};
use crate::contact::{Cache, Contacts, LIFE_TEXT, Suspect, life_of, range_of};

impl Cache for Ledger {
    fn recall(&mut self, suspect: &Suspect, now: Timestamp) -> Option<Contacts> {
        let (kind, first, last) = key(suspect);
        serde_json::from_str(&self.recall_row(kind, &first, &last, now)?).ok()
    }

    fn keep(&mut self, suspect: &Suspect, contacts: &Contacts, now: Timestamp) {
        let (kind, mut first, mut last) = key(suspect);
        if let Some(range) = range_of(suspect, contacts) {
            first = octets(range.first);
            last = octets(range.last);
        }
        if let Ok(answer) = serde_json::to_string(contacts) {
            self.keep_row(kind, &first, &last, &answer, life_of(contacts), now);
        }
    }

    fn recall_text(&mut self, name: &str, now: Timestamp) -> Option<String> {
        self.recall_row("file", name.as_bytes(), name.as_bytes(), now)
    }

    fn keep_text(&mut self, name: &str, text: &str, now: Timestamp) {
        self.keep_row(
            "file",
            name.as_bytes(),
            name.as_bytes(),
            text,
            LIFE_TEXT,
            now,
        );
    }
}

impl Ledger {
    /// Returns what is kept for the smallest range around these octets.
    fn recall_row(&self, kind: &str, first: &[u8], last: &[u8], now: Timestamp) -> Option<String> {
        self.db
            .query_row(
                // Ranges nest: of those that hold an address, the one that begins last is smallest.
                "SELECT answer FROM lookups
                 WHERE kind = ?1 AND first <= ?2 AND last >= ?3 AND until > ?4
                   AND fetched_at <= ?5
                 ORDER BY first DESC, last ASC LIMIT 1",
                // An answer from the future is one of a wrong clock.
                (kind, first, last, seconds(now), seconds(now) + 300),
                |row| row.get(0),
            )
            .optional()
            .ok()?
    }

    fn keep_row(
        &self,
        kind: &str,
        first: &[u8],
        last: &[u8],
        answer: &str,
        life: SignedDuration,
        now: Timestamp,
    ) {
        let until = now.checked_add(life).unwrap_or(now);
        // A cache that cannot be written is only slower; the ledger's own writes say so.
        let written = self.db.execute(
            "INSERT INTO lookups (kind, first, last, answer, fetched_at, until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (kind, first, last)
             DO UPDATE SET answer = ?4, fetched_at = ?5, until = ?6",
            (kind, first, last, answer, seconds(now), seconds(until)),
        );
        if let Err(error) = written {
            tracing::warn!(%error, "a lookup could not be kept");
        }
        let _ = self
            .db
            .execute("DELETE FROM lookups WHERE until < ?1", [seconds(now)]);
    }
}

/// Returns the kind of a suspect, and the range that it is.
fn key(suspect: &Suspect) -> (&'static str, Vec<u8>, Vec<u8>) {
    let same = |kind, octets: Vec<u8>| (kind, octets.clone(), octets);
    match suspect {
        Suspect::Addr(addr) => same("addr", octets(*addr)),
        Suspect::Asn(asn) => same("asn", asn.to_be_bytes().to_vec()),
        Suspect::Domain(name) => same("domain", name.to_ascii_lowercase().into_bytes()),
        Suspect::Host(name) => same("host", name.to_ascii_lowercase().into_bytes()),
    }
}

/// Returns an address as 16 octets that sort as addresses count.
pub(super) fn octets(addr: IpAddr) -> Vec<u8> {
    let v6: Ipv6Addr = match addr {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    v6.octets().to_vec()
}
