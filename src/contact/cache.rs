//! Answers that were given before, by range of addresses.
//!
//! In: a suspect, a time. Out: the answer of the smallest range around it that still lives.
//! Trust: who holds one address must not be taken for the holder of the network around it.
//! Limits: an answer lives a day, a wide network's six hours, one without a mailbox an hour, a bootstrap file a week.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use jiff::{SignedDuration, Timestamp};

use super::{Contact, Contacts, Suspect, Via};
use crate::rules::AddrRange;

/// How long an answer with a mailbox lives: registries' data change by the day.
pub const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long an answer without one lives: it may have been a server's bad hour.
pub const LIFE_NEGATIVE: SignedDuration = SignedDuration::from_hours(1);
/// How long a kept text (a bootstrap file) lives.
pub const LIFE_TEXT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long an answer about a wide network lives.
///
/// It may hold smaller ones, which the registry would have named for another
/// address; but a batch asks once a network, whatever its size.
pub const LIFE_WIDE: SignedDuration = SignedDuration::from_hours(6);
/// Size above which a network is wide: an IPv4 /16, an IPv6 /32.
const WIDE_V4: u128 = 1 << 16;
const WIDE_V6: u128 = 1 << 96;

/// Field of a mailbox that the zone around an address named: its SOA.
pub(super) const REVERSE_ZONE: &str = "SOA";

/// Where IPv4 lies within IPv6 (RFC 4291 §2.5.5.2): a range around it is no network, and would answer for all of IPv4.
const MAPPED: IpAddr = IpAddr::V6(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped());

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
    if contacts.error.is_some() || !contacts.contacts.iter().any(|c| c.recommended) {
        return LIFE_NEGATIVE;
    }
    let is_wide = contacts
        .network
        .as_ref()
        .and_then(|network| AddrRange::new(network.first, network.last))
        .is_some_and(|range| {
            range.size()
                > match range.first {
                    IpAddr::V4(_) => WIDE_V4,
                    IpAddr::V6(_) => WIDE_V6,
                }
        });
    if is_wide { LIFE_WIDE } else { LIFE }
}

/// Returns the addresses for which an answer about an address counts; `None` for other suspects.
///
/// That is the network that the answer names; where it names none, the address alone. What the address's own
/// name in the DNS gave is its holder's, whose neighbours have others: it counts for the address alone. What its
/// reverse zone or Abusix gave, and that nobody answers for it, counts for its neighbours, a /24 or /48: a wide network holds
/// smaller ones that have desks of their own.
#[must_use]
pub fn range_of(suspect: &Suspect, contacts: &Contacts) -> Option<AddrRange> {
    let Suspect::Addr(addr) = suspect else {
        return None;
    };
    let addr = addr.to_canonical();
    let alone = || AddrRange::new(addr, addr);
    let network = contacts.network.as_ref();
    let range = network
        .and_then(|network| AddrRange::new(network.first, network.last))
        .filter(|range| range.contains(addr) && !range.contains(MAPPED))
        .or_else(alone)?;
    let is_holders = |contact: &Contact| {
        matches!(contact.via, Via::AbuseNet | Via::Rfc2142) && contact.field != REVERSE_ZONE
    };
    let is_near = |contact: &Contact| contact.via == Via::Abusix || contact.field == REVERSE_ZONE;
    let found = &contacts.contacts;
    if found.iter().any(is_holders) {
        return alone();
    }
    if found.is_empty() || found.iter().any(is_near) {
        return near(addr, &range);
    }
    Some(range)
}

/// Returns the part of a range that lies around an address.
pub(super) fn near(addr: IpAddr, range: &AddrRange) -> Option<AddrRange> {
    let neighbours = neighbours(addr)?;
    AddrRange::new(
        neighbours.first.max(range.first),
        neighbours.last.min(range.last),
    )
}

/// Returns the addresses that most likely share a network with one: its /24, its /48.
pub(super) fn neighbours(addr: IpAddr) -> Option<AddrRange> {
    let length = if addr.is_ipv4() { 24 } else { 48 };
    let net = ipnet::IpNet::new(addr, length).ok()?;
    AddrRange::new(net.network(), net.broadcast())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::{AbuseMailbox, Confidence, Network, Role};

    fn answer(range: &str, mailbox: Option<&str>) -> Contacts {
        let range = AddrRange::parse(range).unwrap();
        Contacts {
            network: Some(Network {
                first: range.first,
                last: range.last,
                handle: None,
                name: None,
                holder: None,
                country: None,
                registry: None,
            }),
            contacts: mailbox
                .map(|text| Contact {
                    mailbox: AbuseMailbox::try_from(text).unwrap(),
                    role: Role::Network,
                    recommended: true,
                    confidence: Confidence::High,
                    via: Via::Rdap,
                    server: String::new(),
                    field: String::new(),
                    fetched: Timestamp::UNIX_EPOCH,
                })
                .into_iter()
                .collect(),
            ..Contacts::default()
        }
    }

    fn addr(text: &str) -> Suspect {
        Suspect::Addr(text.parse().unwrap())
    }

    fn mailbox(contacts: Option<Contacts>) -> Option<String> {
        Some(contacts?.contacts.first()?.mailbox.to_string())
    }

    #[test]
    fn the_smallest_range_that_lives_answers() {
        let mut cache = MemoryCache::default();
        let now = Timestamp::UNIX_EPOCH;
        let hours = |n| now + SignedDuration::from_hours(n);
        cache.keep(
            &addr("192.0.0.1"),
            &answer("192.0.0.0/8", Some("wide@isp.example")),
            now,
        );
        cache.keep(
            &addr("192.0.2.1"),
            &answer("192.0.2.0/24", Some("near@isp.example")),
            now,
        );
        assert_eq!(
            mailbox(cache.recall(&addr("192.0.2.99"), hours(1))).as_deref(),
            Some("near@isp.example")
        );
        assert_eq!(
            mailbox(cache.recall(&addr("192.9.9.9"), hours(1))).as_deref(),
            Some("wide@isp.example")
        );
        assert_eq!(mailbox(cache.recall(&addr("192.9.9.9"), hours(7))), None);
        assert_eq!(
            mailbox(cache.recall(&addr("192.0.2.1"), hours(23))).as_deref(),
            Some("near@isp.example")
        );
        assert_eq!(cache.recall(&addr("192.0.2.1"), hours(25)), None);
        assert_eq!(cache.recall(&addr("192.0.2.1"), hours(-1)), None);
        assert_eq!(cache.recall(&addr("198.51.100.1"), now), None);
    }

    #[test]
    fn what_an_address_s_own_name_gave_counts_for_that_address_alone() {
        let of = |via: Via, field: &str| {
            let mut found = answer("192.0.0.0/16", Some("abuse@customer.example"));
            found.contacts[0].via = via;
            found.contacts[0].field = field.to_owned();
            let range = range_of(&addr("192.0.2.1"), &found).unwrap();
            (range.first.to_string(), range.last.to_string())
        };
        let alone = ("192.0.2.1".to_owned(), "192.0.2.1".to_owned());
        assert_eq!(of(Via::AbuseNet, "TXT (entry)"), alone);
        assert_eq!(of(Via::Rfc2142, "abuse@"), alone);
        let zone = ("192.0.2.0".to_owned(), "192.0.2.255".to_owned());
        assert_eq!(of(Via::Rfc2142, REVERSE_ZONE), zone);
        assert_eq!(of(Via::Abusix, "TXT"), zone);
        let network = ("192.0.0.0".to_owned(), "192.0.255.255".to_owned());
        assert_eq!(of(Via::Rdap, "entities[abuse]"), network);
    }

    #[test]
    fn that_nobody_answers_counts_for_the_neighbours_and_for_no_other_family() {
        let range = |at: &str, network: &str| {
            let range = range_of(&addr(at), &answer(network, None)).unwrap();
            (range.first.to_string(), range.last.to_string())
        };
        let text = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        // What a registry has to give away holds the networks that it gave away, too.
        let near = text("192.0.2.0", "192.0.2.255");
        assert_eq!(range("192.0.2.1", "192.0.0.0/8"), near);
        let whole = text("192.0.2.0", "192.0.2.15");
        assert_eq!(range("192.0.2.1", "192.0.2.0/28"), whole);
        let near = text("2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff");
        assert_eq!(range("2001:db8:1:2::3", "2001:d00::/24"), near);
        let near = text("2001:db8:1:2::3", "2001:db8:1:2::3");
        assert_eq!(range("2001:db8:1:2::3", "::/0"), near);
    }

    #[test]
    fn an_answer_without_a_mailbox_lives_an_hour() {
        let mut cache = MemoryCache::default();
        let now = Timestamp::UNIX_EPOCH;
        cache.keep(&addr("192.0.2.1"), &answer("192.0.2.0/24", None), now);
        assert!(
            cache
                .recall(&addr("192.0.2.2"), now + SignedDuration::from_mins(59))
                .is_some()
        );
        assert!(
            cache
                .recall(&addr("192.0.2.2"), now + SignedDuration::from_mins(61))
                .is_none()
        );
    }

    #[test]
    fn an_answer_whose_network_does_not_hold_the_address_is_about_the_address_alone() {
        let range = range_of(&addr("192.0.2.1"), &answer("198.51.100.0/24", None)).unwrap();
        assert_eq!(
            (range.first, range.size()),
            ("192.0.2.1".parse().unwrap(), 0)
        );
        assert_eq!(range_of(&Suspect::Asn(64496), &Contacts::default()), None);
    }

    #[test]
    fn kept_files_live_a_week() {
        let mut cache = MemoryCache::default();
        let now = Timestamp::UNIX_EPOCH;
        cache.keep_text("ipv4.json", "{}", now);
        assert!(
            cache
                .recall_text("ipv4.json", now + SignedDuration::from_hours(167))
                .is_some()
        );
        assert!(
            cache
                .recall_text("ipv4.json", now + SignedDuration::from_hours(169))
                .is_none()
        );
    }
}
