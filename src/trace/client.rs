//! Judges the client of an own field: another own host, the source, or one that the user must be asked about.
//!
//! In: [`Walk`], the field. Out: [`Step`]: on to the next field, the boundary, or the end.
//! Standards: RFC 2033 (LMTP stays inside a site), RFC 3848 (its names), RFC 1912 §2.1 (names that lead back).
//! Trust: a client is own by its address, or by a name that the own side looked up and checked; never by what it calls itself.
//! Failures: none; a client that is not named ends the walk.

use std::net::{IpAddr, Ipv6Addr};

use super::field::{Received, is_inner};
use super::sentence::Sentence;
use super::walk::{Walk, is_name_of};
use super::{HopTrust, Question, SourceKind};
use crate::rules::Provider;
use crate::rules::names::{
    are_near, domain_of, is_bare, lies_in, registered, same_domain, same_host,
};
use crate::rules::received::HopKind;

/// How the walk goes on below a field.
pub(super) enum Step<'t> {
    /// The client is an own host.
    On(HopTrust, Sentence<'t>),
    /// On, or the boundary: only the user knows whether the client is his provider's.
    Asked(HopTrust, Sentence<'t>, Question),
    /// The client is the source.
    Boundary(SourceKind, Sentence<'t>),
    /// The field says too little.
    Stop(Sentence<'t>),
}

impl<'t> Walk<'_, 't> {
    /// Judges what an own field says about its client.
    pub(super) fn step(&self, at: usize) -> Step<'t> {
        let Some(field) = self.fields.get(at) else {
            return Step::Stop(Sentence::empty());
        };
        let reading = &field.reading;
        match reading.kind {
            HopKind::Local => return self.handed_in(at),
            HopKind::Pull => {
                return Step::On(
                    HopTrust::Internal,
                    Sentence::new("the message was fetched from ")
                        .client(field)
                        .say(", so that server's own field comes next"),
                );
            }
            HopKind::Network | HopKind::Web => {}
        }
        let took = || Sentence::new("it took the message from ").client(field);
        // RFC 2033 §1: LMTP hands over within a site; strangers do not come by it.
        if is_lmtp(field) {
            return Step::On(
                HopTrust::Internal,
                took().say(" by LMTP, which stays inside a site"),
            );
        }
        let Some(addr) = reading.addr else {
            let why = Sentence::new("it does not say which address it took the message from");
            let why = match field.client_names().next() {
                Some(_) => why.say(" (only ").client(field).say(")"),
                None => why,
            };
            return Step::Stop(why.say(", so nothing below it can be believed"));
        };
        if self.fields.get(at + 1).is_some() && self.is_taken_in(field, addr) {
            return Step::Stop(Sentence::new(
                "one of the provider's own users handed it in there, and may have brought along all that stands below",
            ));
        }
        if addr.is_loopback()
            && let Some(stop) = self.is_shared(at)
        {
            return stop;
        }
        if let Some(asked) = self.may_be_a_router(at, addr) {
            return asked;
        }
        if let Some(why) = self.is_own_client(at, addr) {
            return Step::On(HopTrust::Internal, took().say(", ").say(why));
        }
        if crate::rules::carried(addr).is_some() {
            return Step::Stop(took().say(", an address that only carries another one"));
        }
        if let Some(asked) = self.unchecked_name(field, addr) {
            return asked;
        }
        let kind = match reading.kind {
            HopKind::Web => SourceKind::Webmail,
            _ if reading.auth => SourceKind::Authenticated,
            _ => SourceKind::Direct,
        };
        if kind == SourceKind::Direct
            && let Some(asked) = self.beside(at, addr)
        {
            return asked;
        }
        let why = match kind {
            SourceKind::Authenticated => {
                " handed it over after it gave a password: this is the source"
            }
            SourceKind::Webmail => " handed it over by a web page: this is the source",
            _ => " handed it over from outside: this is the source",
        };
        Step::Boundary(kind, Sentence::empty().client(field).say(why))
    }

    /// Returns why a client belongs to the own side, if it does.
    fn is_own_client(&self, at: usize, addr: IpAddr) -> Option<&'static str> {
        let field = self.fields.get(at)?;
        if self.trust.also_public.iter().any(|net| net.contains(&addr))
            && !self.trust.holds_addr(addr)
        {
            let itself = is_itself(field).then_some("the same machine by its own name");
            return self.named_client(field).or(itself);
        }
        if addr.is_loopback() {
            return Some("the same machine");
        }
        if self.trust.holds_addr(addr) {
            return Some("an address that you named as yours");
        }
        if is_inner(addr, &self.trust.also_public) {
            return Some("a private address, so a machine beside it");
        }
        if let Some(own) = self.named_client(field) {
            return Some(own);
        }
        let by = field.reading.by?;
        if is_itself(field) {
            return Some("the same machine by its own name");
        }
        let provider = self.rules.providers.writing(by)?;
        provider
            .holds(addr)
            .then_some("an address inside the provider's walls")
    }

    /// Returns whether a client is one that the user named, or the writing host itself.
    pub(super) fn is_surely_own(&self, field: &Received<'_>, addr: IpAddr) -> bool {
        self.trust.holds_addr(addr)
            || self.named_client(field).is_some()
            || is_itself(field)
            || is_lmtp(field)
    }

    /// Returns what is to be asked where a private client may be a router, behind which every stranger looks alike.
    ///
    /// Routers and the hosts of containers stand first or last in their network, and nobody answers for their
    /// address; a message that such a client hands to the very host that wrote the next field may never have left it.
    /// A machine that nobody answers for, wherever it stands, may be a balancer: the next field is a good reading, no more.
    fn may_be_a_router(&self, at: usize, addr: IpAddr) -> Option<Step<'t>> {
        let field = self.fields.get(at)?;
        let by = field.reading.by?;
        let next = self.fields.get(at + 1)?;
        let stands_at_an_end = match addr {
            IpAddr::V4(v4) => matches!(v4.octets(), [.., 1 | 254]),
            IpAddr::V6(v6) => matches!(v6.segments(), [.., 0, 1]),
        };
        let same_writer = next.reading.by.is_some_and(|name| same_host(name, by));
        // Who names his network names its router along with it: no stranger behind that gets to write in his hosts' name.
        let hides_a_forgery = || {
            let above = self.fields.get(..=at).unwrap_or_default();
            let mut writers = above.iter().filter_map(|passed| passed.reading.by);
            stands_at_an_end
                && next
                    .reading
                    .by
                    .is_some_and(|name| writers.any(|by| same_host(name, by)))
        };
        let is_named =
            self.trust.names_addr(addr) || self.trust.holds_addr(addr) && !hides_a_forgery();
        // Balancers, proxies and forwarded ports hand strangers' mail on under the strangers' own names, over the
        // loopback address, too; and whoever brings it back to the host that wrote the next field need not have had it.
        let hands_on = same_writer && self.calls_itself_a_stranger(field, by);
        let is_inner = is_inner(addr, &self.trust.also_public);
        // What the user said of an address holds whatever its next client calls itself.
        let is_denied = self.trust.denies_host(&addr.to_string());
        let is_doubtful = is_inner
            && !is_named
            && (hands_on
                || is_denied
                || !addr.is_loopback()
                    && match field.reading.rdns {
                        // A name that is the next writer's, or lies below it, is that of a machine of its own.
                        Some(name) => {
                            stands_at_an_end
                                && !next.reading.by.is_some_and(|by| is_at_or_below(name, by))
                        }
                        None => field.reading.looks_up,
                    });
        // A public address that is own by its network or domain alone may be a balancer's, too.
        let is_front = !is_inner
            && self.is_own_at_large(field, addr)
            && (is_denied || same_writer && self.is_under_another_name(field, by));
        if !is_doubtful && !is_front
            || self
                .provider_of(by)
                .is_some_and(|provider| provider.holds(addr))
        {
            return None;
        }
        let why = Sentence::new("it took the message from ").client(field).say(match is_front {
            true => ", a machine of your network or domain: perhaps a proxy, behind which all strangers look alike",
            false => ", a private address that nobody answers for: perhaps a router, behind which all strangers look alike",
        });
        if is_denied {
            // What lies in the user's own network is no stranger's, even if it hides them.
            return Some(match is_front {
                true => Step::Stop(why),
                false => Step::Boundary(SourceKind::Direct, why),
            });
        }
        let seems_a_router = field.reading.rdns.is_some() || stands_at_an_end || same_writer;
        let trust = match seems_a_router {
            true => HopTrust::Boundary,
            false => HopTrust::Internal,
        };
        Some(Step::Asked(trust, why, Question::own_machine(addr)))
    }

    /// Returns whether a client is own by a network or domain that the user named around it, not by itself.
    fn is_own_at_large(&self, field: &Received<'_>, addr: IpAddr) -> bool {
        let is_named = self.trust.names_addr(addr)
            || field
                .reading
                .rdns
                .is_some_and(|name| self.trust.names_host(name));
        !is_named && (self.trust.holds_addr(addr) || self.named_client(field).is_some())
    }

    /// Returns whether a client calls itself otherwise than its looked-up name: filters go by that name, proxies
    /// pass on a stranger's.
    fn is_under_another_name(&self, field: &Received<'_>, by: &str) -> bool {
        match field.reading.rdns.zip(field.reading.helo) {
            Some((name, helo)) => !is_name_of(helo, name),
            None => self.calls_itself_a_stranger(field, by),
        }
    }

    /// Returns whether a client calls itself what none of the own side's machines is called: a public name or address elsewhere.
    fn calls_itself_a_stranger(&self, field: &Received<'_>, by: &str) -> bool {
        let Some(helo) = field.reading.helo else {
            return false;
        };
        if let Some(addr) = self.rules.received.address(helo) {
            return !is_inner(addr, &self.trust.also_public)
                && !self.trust.holds_addr(addr)
                && !self
                    .provider_of(by)
                    .is_some_and(|provider| provider.holds(addr));
        }
        let mailboxes = self.trust.own_mailboxes.iter().map(String::as_str);
        let mut domains = mailboxes.chain(field.reading.for_).filter_map(domain_of);
        registered(helo).is_some()
            && !same_domain(helo, by)
            && !self.trust.holds_host(helo)
            && !self
                .provider_of(by)
                .is_some_and(|provider| provider.writes(helo))
            && !domains.any(|domain| same_domain(helo, domain))
    }

    /// Returns whether a provider's own user handed the message in at this host, which shows a machine of its own instead.
    fn is_taken_in(&self, field: &Received<'_>, addr: IpAddr) -> bool {
        let provider = field.reading.by.and_then(|by| self.provider_of(by));
        provider.is_some_and(|provider| {
            (is_inner(addr, &self.trust.also_public) || provider.holds(addr))
                && field.is_taken_in_by(provider)
        })
    }

    fn provider_of(&self, by: &str) -> Option<&Provider> {
        self.rules.providers.writing(by)
    }

    /// Returns what is to be asked where the client bears a name of the own side's domain and seems to have
    /// written the next field: it may be a server of the user's provider, or another customer of it.
    fn beside(&self, at: usize, addr: IpAddr) -> Option<Step<'t>> {
        let field = self.fields.get(at)?;
        let by = field.reading.by?;
        let next = self.fields.get(at + 1)?.reading.by?;
        // Where a rule knows the provider's walls, no name says more.
        if self.rules.providers.writing(by).is_some() {
            return None;
        }
        let name = match field.reading.rdns {
            Some(name) => name,
            // The server looked for a name and found none: what the client says is a lie, or nobody's word.
            None if field.reading.looks_up => return None,
            None => field.reading.helo?,
        };
        let fits = are_near(name, by)
            && (same_host(name, next)
                || same_domain(next, by)
                    && field.reading.helo.is_some_and(|helo| same_host(helo, next)));
        if !fits
            || is_made_of(name, addr)
            || self.trust.denies_host(name)
            || self.trust.denies_host(&addr.to_string())
        {
            return None;
        }
        if field.reading.rdns.is_some() && field.reading.names_checked {
            return Some(Step::Asked(
                HopTrust::Internal,
                Sentence::new("it took the message from ")
                    .client(field)
                    .say(", a host of its own domain that may be your provider's"),
                Question::own_host(name),
            ));
        }
        let question = Question::own_addr(addr, name);
        Some(Step::Asked(
            HopTrust::Boundary,
            Sentence::empty().client(field).say(
                " handed it over; it calls itself a host of the same domain, which nobody checked",
            ),
            question,
        ))
    }

    /// Returns whether the client is a host that the user named, going by the name that was looked up for it.
    ///
    /// What the client called itself never counts; nor does a name that the server did not
    /// check to lead back to the address: whoever holds an address gives it any name. RFC 1912 §2.1.
    pub(super) fn named_client(&self, field: &Received<'_>) -> Option<&'static str> {
        let rdns = field.reading.rdns.filter(|_| field.reading.names_checked)?;
        // Of a provider's domain, the lines of its customers bear names, too.
        let is_a_line = || {
            field
                .reading
                .addr
                .is_some_and(|addr| is_made_of(rdns, addr))
        };
        (self.trust.names_host(rdns) || self.trust.holds_host(rdns) && !is_a_line())
            .then_some("a host that you named as yours")
    }

    /// Returns what is to be asked where an address bears the name of a host that the user named, which nobody checked.
    fn unchecked_name(&self, field: &Received<'t>, addr: IpAddr) -> Option<Step<'t>> {
        let rdns = field.reading.rdns?;
        let asks = self.trust.names_host(rdns) && !self.trust.denies_host(&addr.to_string());
        asks.then(|| {
            Step::Asked(
                HopTrust::Boundary,
                Sentence::empty().client(field).say(
                    " handed it over; that is the name of a host of yours, but nobody checked that it leads back to the address",
                ),
                Question::own_addr(addr, rdns),
            )
        })
    }
}

/// Returns whether the client bears the very name of the host that wrote the field, and that was checked.
fn is_itself(field: &Received<'_>) -> bool {
    let reading = &field.reading;
    reading.names_checked
        && reading
            .rdns
            .zip(reading.by)
            .is_some_and(|(name, by)| same_host(name, by) && !is_bare(by))
}

/// Returns whether a name is a host's own, or one below it, as machines name their inner addresses: `int.mx.example.net`.
fn is_at_or_below(name: &str, host: &str) -> bool {
    let host = host.trim_end_matches('.');
    same_host(name, host) || lies_in(name, host) && registered(host) != Some(host)
}

/// Returns whether a host took the message over LMTP. RFC 3848 names the variants.
pub(super) fn is_lmtp(field: &Received<'_>) -> bool {
    let with = field.reading.with.unwrap_or_default();
    let first = with.split_ascii_whitespace().next().unwrap_or_default();
    [
        "LMTP",
        "LMTPA",
        "LMTPS",
        "LMTPSA",
        "UTF8LMTP",
        "UTF8LMTPA",
        "UTF8LMTPS",
        "UTF8LMTPSA",
    ]
    .iter()
    .any(|word| first.eq_ignore_ascii_case(word))
}

/// Returns whether a name is made of an address, as providers name their customers' lines.
fn is_made_of(name: &str, addr: IpAddr) -> bool {
    let v4 = match addr {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(v6) => return is_made_of_groups(name, v6),
    };
    let numbers: Vec<&str> = name
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    let octets = v4.octets();
    let named = octets
        .iter()
        .filter(|octet| numbers.iter().any(|part| part.parse() == Ok(**octet)))
        .count();
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    named >= 3 || name.to_ascii_lowercase().contains(&hex)
}

/// Returns whether a name holds three groups of an address, or half of its digits in a row, in either order.
fn is_made_of_groups(name: &str, addr: Ipv6Addr) -> bool {
    let parts = name.split(|c: char| !c.is_ascii_hexdigit());
    let groups: Vec<u16> = parts
        .filter_map(|part| u16::from_str_radix(part, 16).ok())
        .collect();
    let telling = addr.segments().into_iter().filter(|group| *group > 0);
    let named = telling.filter(|group| groups.contains(group)).count();
    let digits: String = addr
        .octets()
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    let reversed: String = digits.chars().rev().collect();
    let pressed: String = name.chars().filter(char::is_ascii_hexdigit).collect();
    let pressed = pressed.to_ascii_lowercase();
    let halves = [digits.get(16..), reversed.get(..16)].into_iter().flatten();
    named >= 3 || halves.into_iter().any(|half| pressed.contains(half))
}
