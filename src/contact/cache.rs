//! Answers that were given before, by range of addresses.
//!
//! In: a suspect, a time. Out: the answer of the smallest range around it that still lives.
//! Limits: an answer lives a day, one without a mailbox an hour, a bootstrap file a week.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{Contacts, Suspect};
use crate::rules::AddrRange;

/// How long an answer with a mailbox lives: registries' data change by the day.
pub const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long an answer without one lives: it may have been a server's bad hour.
pub const LIFE_NEGATIVE: SignedDuration = SignedDuration::from_hours(1);
/// How long a kept text (a bootstrap file) lives.
pub const LIFE_TEXT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Size of a network above which an answer is kept for the asked address's neighbours only.
///
/// A huge block may hold smaller ones that the registry would have named for
/// another address: an IPv4 /16, an IPv6 /32.
const WIDE_V4: u128 = 1 << 16;
const WIDE_V6: u128 = 1 << 96;

/// Answers that were given before. The ledger keeps them; [`MemoryCache`] forgets with the run.
///
/// An implementation keeps an answer under [`range_of`] what it is about: for
/// an address the network that the answer names, for others the suspect
/// itself. `recall` returns, of all kept ranges that hold the address and
/// still live ([`life_of`]), the answer with the smallest range. Time comes
/// in as `now`; an entry of the future is dead, too.
pub trait Cache {
    /// Returns the answer whose range holds the suspect, smallest range first, if it still lives.
    fn recall(&mut self, suspect: &Suspect, now: Timestamp) -> Option<Contacts>;

    /// Keeps an answer for as long as its kind lives.
    fn keep(&mut self, suspect: &Suspect, contacts: &Contacts, now: Timestamp);

    /// Returns a text that was kept under this name in the last [`LIFE_TEXT`].
    fn recall_text(&mut self, name: &str, now: Timestamp) -> Option<String> {
        let _ = (name, now);
        None
    }

    /// Keeps a text, a bootstrap file, under a name.
    fn keep_text(&mut self, name: &str, text: &str, now: Timestamp) {
        let _ = (name, text, now);
    }
}

/// A cache that holds nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl Cache for NoCache {
    fn recall(&mut self, _: &Suspect, _: Timestamp) -> Option<Contacts> {
        None
    }

    fn keep(&mut self, _: &Suspect, _: &Contacts, _: Timestamp) {}
}

/// Returns how long an answer lives.
#[must_use]
pub fn life_of(contacts: &Contacts) -> SignedDuration {
    if contacts.contacts.iter().any(|c| c.recommended) && contacts.error.is_none() {
        LIFE
    } else {
        LIFE_NEGATIVE
    }
}

/// Returns the addresses for which an answer about an address counts; `None` for other suspects.
///
/// That is the network that the answer names. Of a wide network only the
/// asked address's own /24 or /48 is covered; without a network, only the address.
#[must_use]
pub fn range_of(suspect: &Suspect, contacts: &Contacts) -> Option<AddrRange> {
    let Suspect::Addr(addr) = suspect else {
        return None;
    };
    let addr = addr.to_canonical();
    let named = contacts
        .network
        .as_ref()
        .and_then(|network| AddrRange::new(network.first, network.last))
        .filter(|range| range.contains(addr));
    let (wide, near) = match addr {
        IpAddr::V4(_) => (WIDE_V4, 24),
        IpAddr::V6(_) => (WIDE_V6, 48),
    };
    match named {
        Some(range) if range.size() < wide => Some(range),
        Some(_) => ipnet::IpNet::new(addr, near)
            .ok()
            .and_then(|net| AddrRange::new(net.network(), net.broadcast())),
        None => AddrRange::new(addr, addr),
    }
}

/// A cache that forgets with the run.
#[derive(Debug, Default)]
pub struct MemoryCache {
    ranges: Vec<(AddrRange, Timestamp, Contacts)>,
    others: HashMap<Suspect, (Timestamp, Contacts)>,
    texts: HashMap<String, (Timestamp, String)>,
}

fn lives(kept: Timestamp, life: SignedDuration, now: Timestamp) -> bool {
    let age = now.duration_since(kept);
    age >= SignedDuration::ZERO && age < life
}

impl Cache for MemoryCache {
    fn recall(&mut self, suspect: &Suspect, now: Timestamp) -> Option<Contacts> {
        let Suspect::Addr(addr) = suspect else {
            let (kept, contacts) = self.others.get(suspect)?;
            return lives(*kept, life_of(contacts), now).then(|| contacts.clone());
        };
        let addr = addr.to_canonical();
        self.ranges
            .iter()
            .filter(|(range, kept, contacts)| {
                range.contains(addr) && lives(*kept, life_of(contacts), now)
            })
            .min_by_key(|(range, ..)| range.size())
            .map(|(.., contacts)| contacts.clone())
    }

    fn keep(&mut self, suspect: &Suspect, contacts: &Contacts, now: Timestamp) {
        match range_of(suspect, contacts) {
            Some(range) => {
                self.ranges.retain(|(known, ..)| *known != range);
                self.ranges.push((range, now, contacts.clone()));
            }
            None => {
                self.others.insert(suspect.clone(), (now, contacts.clone()));
            }
        }
    }

    fn recall_text(&mut self, name: &str, now: Timestamp) -> Option<String> {
        let (kept, text) = self.texts.get(name)?;
        lives(*kept, LIFE_TEXT, now).then(|| text.clone())
    }

    fn keep_text(&mut self, name: &str, text: &str, now: Timestamp) {
        self.texts.insert(name.to_owned(), (now, text.to_owned()));
    }
}
