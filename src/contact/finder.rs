//! Finds who answers: the cache, then registries, then directories, then guesses.
//!
//! In: a suspect, a cache, a time. Out: [`Contacts`].
//! Standards: RFC 9224, 3912, 2142; the order is by what proved right on recorded answers.
//! Trust: special-purpose addresses are refused before anybody is asked.
//! Failures: never fails as a whole.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;

use super::answer::network;
use super::asker::{Asker, Trail};
use super::cache::{near, neighbours};
use super::dns::Found;
use super::rank::{Source, judge, registered};
use super::rdap::{self, Books};
use super::target::Target;
use super::{Asked, Cache, Contacts, Role, Settings, Suspect, lists, whois};
use crate::evidence::askable;
use crate::intake::Untrusted;
use crate::rules::{AddrRange, Rules, carried};

/// Addresses of one host that are looked up.
const HOST_ADDRS_MAX: usize = 2;
/// Name under which the cache keeps the servers that want a pause.
const RESTING: &str = "servers-at-rest";

/// Finds who answers for suspects: one question at a time to each server, at its pace.
///
/// Holds what one run has learnt: paces, refusals, bootstrap files. Nobody is
/// asked, and no socket opened, before the first question.
pub struct Finder<'r> {
    settings: Settings,
    rules: &'r Rules,
    asker: Option<Asker<'r>>,
    books: Books,
    /// Blocks for which this run found nobody: not for the cache, because
    /// something failed, or because only the block's registry was named.
    nobody: Vec<(AddrRange, Contacts)>,
    /// Other suspects' answers for which something failed.
    shaky: HashMap<Suspect, Contacts>,
}

impl<'r> Finder<'r> {
    /// Returns a finder that has asked nobody yet.
    #[must_use]
    pub fn new(settings: Settings, rules: &'r Rules) -> Self {
        Self {
            settings,
            rules,
            asker: None,
            books: Books::default(),
            nobody: Vec::new(),
            shaky: HashMap::new(),
        }
    }

    /// Finds who answers for a suspect.
    ///
    /// An address gives [`Role::Network`], a host [`Role::Hosting`], a domain
    /// [`Role::Registrar`] and [`Role::Provider`], an autonomous system
    /// [`Role::Network`]. Blocks until all answers are there, at most three
    /// times the configured time, pauses not counted.
    pub fn find(&mut self, suspect: &Suspect, cache: &mut dyn Cache, now: Timestamp) -> Contacts {
        // Desk rules come after the cache: a rule that is new today counts today.
        let (contacts, roles): (_, &[Role]) = match suspect {
            Suspect::Addr(addr) => (self.find_addr(*addr, cache, now), &[Role::Network]),
            Suspect::Asn(number) => (
                self.find_asn(*number, Role::Network, cache, now),
                &[Role::Network],
            ),
            Suspect::Domain(domain) => (
                self.find_domain(domain, cache, now),
                &[Role::Registrar, Role::Provider, Role::Esp],
            ),
            Suspect::Host(host) => (self.find_host(host, cache, now), &[Role::Hosting]),
        };
        self.keep_rests(cache, now);
        contacts.with_rules(suspect, roles, self.rules, now)
    }

    /// Finds who answers for a suspect in one role.
    ///
    /// The network of an address is its hosting, too, where the address is a
    /// link's; and a domain whose host must not be looked up stands for it:
    /// what is found so is [`Confidence::Low`](super::Confidence::Low), for nobody confirmed it.
    pub fn find_as(
        &mut self,
        suspect: &Suspect,
        role: Role,
        cache: &mut dyn Cache,
        now: Timestamp,
    ) -> Contacts {
        match (suspect, role) {
            (Suspect::Addr(_), Role::Hosting) => {
                self.find(suspect, cache, now).for_role(Role::Hosting)
            }
            (Suspect::Domain(domain), Role::Hosting) => {
                let host = Suspect::Host(domain.clone());
                let mut found = self.find(&host, cache, now);
                found.unconfirmed(domain);
                found
            }
            _ => self.find(suspect, cache, now),
        }
    }

    /// Finds who connects the network of an address: for a desk that is the suspect itself, dead, or silent.
    ///
    /// The answer's contacts have [`Role::Upstream`]. Left out is everybody at the
    /// domains of the desks that `known`, the network's own answer, recommends:
    /// who does not act below does not act above.
    pub fn find_upstream(
        &mut self,
        addr: IpAddr,
        known: &Contacts,
        cache: &mut dyn Cache,
        now: Timestamp,
    ) -> Contacts {
        let own: Vec<String> = known
            .contacts
            .iter()
            .filter(|contact| contact.recommended)
            .chain(known.desk_for(Role::Network))
            .map(|contact| registered(contact.mailbox.domain()))
            .collect();
        let mut contacts = Contacts::default();
        // The network's own announcer first: for a customer's block that is its carrier already.
        let mut numbers: Vec<u32> = known.asn.into_iter().collect();
        if let Some(mut trail) = self.begin(&mut contacts, cache, now)
            && let Some(asker) = &self.asker
        {
            if numbers.is_empty() {
                numbers.extend(lists::asn(asker, addr, &mut trail));
            }
            numbers.extend(lists::upstreams(asker, addr, &mut trail));
            contacts.hops = trail.hops;
        }
        for number in numbers {
            let mut found = self
                .find_asn(number, Role::Upstream, cache, now)
                .with_rules(&Suspect::Asn(number), &[Role::Upstream], self.rules, now);
            found
                .contacts
                .retain(|contact| !own.contains(&registered(contact.mailbox.domain())));
            let is_found = found.contacts.iter().any(|contact| contact.recommended);
            if is_found {
                contacts.asn = Some(number);
            }
            contacts.take(found);
            if is_found {
                break;
            }
        }
        self.keep_rests(cache, now);
        if contacts.contacts.is_empty() {
            // A form says nothing of whose it is.
            contacts.forms.clear();
            contacts.error = contacts
                .error
                .or_else(|| Some("nobody above the network is known".to_owned()));
        }
        contacts
    }

    /// Opens what asks; `None`, with the reason in the answer, where that cannot be.
    fn begin(
        &mut self,
        contacts: &mut Contacts,
        cache: &mut dyn Cache,
        now: Timestamp,
    ) -> Option<Trail> {
        if self.settings.offline {
            contacts.error =
                Some("offline: the cache has no answer, and nobody was asked".to_owned());
            return None;
        }
        if self.asker.is_none() {
            match Asker::open(self.settings.clone(), self.rules) {
                Ok(mut asker) => {
                    if let Some(kept) = cache.recall_text(RESTING, now) {
                        asker.recall_rests(&kept, now);
                    }
                    self.asker = Some(asker);
                }
                Err(why) => contacts.error = Some(why),
            }
        }
        let asker = self.asker.as_mut()?;
        asker.begin(now);
        Some(asker.trail())
    }

    /// Keeps which servers want a pause, so that the next run keeps it, too.
    fn keep_rests(&mut self, cache: &mut dyn Cache, now: Timestamp) {
        if let Some(text) = self.asker.as_mut().and_then(Asker::rests) {
            cache.keep_text(RESTING, &text, now);
        }
    }

    /// Returns the cached answer, marked as such.
    fn recall(&self, suspect: &Suspect, cache: &mut dyn Cache, now: Timestamp) -> Option<Contacts> {
        let kept = cache.recall(suspect, now);
        let mut known = kept.or_else(|| self.shaky.get(suspect).cloned())?;
        let asked = known.contacts.first().map_or_else(String::new, |c| {
            c.fetched
                .strftime(", asked on %Y-%m-%d at %H:%M UTC")
                .to_string()
        });
        known.hops = vec![Asked {
            proto: "cache".to_owned(),
            server: String::new(),
            query: Untrusted::text(&suspect.to_string()).to_string(),
            outcome: format!("an answer that was kept{asked}"),
        }];
        Some(known)
    }

    fn find_addr(&mut self, addr: IpAddr, cache: &mut dyn Cache, now: Timestamp) -> Contacts {
        // RFC 4291 §2.5.5.2, RFC 3056, RFC 4380, RFC 6052: whoever holds the address within answers.
        let addr = carried(addr).map_or(addr, IpAddr::V4);
        let mut contacts = Contacts::default();
        if !self
            .rules
            .special
            .is_public(addr, &self.settings.also_public)
        {
            let what = self
                .rules
                .special
                .purpose(addr)
                .unwrap_or("not a public address");
            contacts.error = Some(format!("`{addr}` is {what}: nobody answers for it"));
            return contacts;
        }
        let suspect = Suspect::Addr(addr);
        if let Some(known) = self.recall(&suspect, cache, now) {
            return known;
        }
        if let Some((_, known)) = self.nobody.iter().find(|(range, _)| range.contains(addr)) {
            return known.clone();
        }
        let Some(mut trail) = self.begin(&mut contacts, cache, now) else {
            return contacts;
        };
        let sources = self.registries(&Target::Addr(addr), cache, &mut trail, now);
        let Some(asker) = &self.asker else {
            return contacts;
        };
        let mut judged = judge(&sources, Role::Network, self.rules, now);
        contacts.asn = lists::asn(asker, addr, &mut trail);
        let mut sources = sources;
        if !judged.has_recommended() {
            sources.extend(lists::abusix(asker, addr, &mut trail));
            judged = judge(&sources, Role::Network, self.rules, now);
        }
        if !judged.has_recommended() {
            if let Some(domain) = lists::confirmed_domain(asker, addr, &mut trail) {
                sources.extend(lists::abuse_net(asker, &domain, &mut trail));
                judged = judge(&sources, Role::Network, self.rules, now);
                if !judged.has_recommended() {
                    sources.extend(lists::rfc2142(asker, &domain, &mut trail));
                }
            }
            if !judged.has_recommended() {
                sources.extend(lists::soa(asker, addr, &mut trail));
                judged = judge(&sources, Role::Network, self.rules, now);
            }
        }
        contacts.network = network(&sources, self.rules);
        let is_shaky = trail.is_shaky;
        contacts.finish(judged, &sources, trail);
        if contacts.contacts.is_empty() && (is_shaky || contacts.network.is_none()) {
            // A block that a registry manages for another holds networks with
            // desks of their own: it says nothing of the neighbours.
            let known = sources
                .iter()
                .filter(|source| !source.facts.stub)
                .filter_map(|source| source.facts.range)
                .min_by_key(AddrRange::size)
                .map_or_else(|| neighbours(addr), |range| near(addr, &range));
            self.nobody
                .extend(known.map(|range| (range, contacts.clone())));
        } else {
            cache.keep(&suspect, &contacts, now);
        }
        contacts
    }

    fn find_asn(
        &mut self,
        number: u32,
        role: Role,
        cache: &mut dyn Cache,
        now: Timestamp,
    ) -> Contacts {
        let suspect = Suspect::Asn(number);
        if let Some(mut known) = self.recall(&suspect, cache, now) {
            known.contacts.iter_mut().for_each(|c| c.role = role);
            return known;
        }
        let mut contacts = Contacts {
            asn: Some(number),
            ..Contacts::default()
        };
        let Some(mut trail) = self.begin(&mut contacts, cache, now) else {
            return contacts;
        };
        let sources = self.registries(&Target::Asn(number), cache, &mut trail, now);
        let judged = judge(&sources, role, self.rules, now);
        let is_shaky = trail.is_shaky;
        contacts.finish(judged, &sources, trail);
        self.keep(suspect, &contacts, is_shaky, cache, now);
        contacts
    }

    fn find_domain(&mut self, domain: &str, cache: &mut dyn Cache, now: Timestamp) -> Contacts {
        let mut contacts = Contacts::default();
        let domain = registered(domain);
        let Some(target) = Target::domain(&domain) else {
            let shown = Untrusted::text(&domain).up_to(100);
            contacts.error = Some(format!("`{shown}` is not a domain that can be asked about"));
            return contacts;
        };
        let suspect = Suspect::Domain(domain.clone());
        if let Some(known) = self.recall(&suspect, cache, now) {
            return known;
        }
        let Some(mut trail) = self.begin(&mut contacts, cache, now) else {
            return contacts;
        };
        let sources = self.registries(&target, cache, &mut trail, now);
        let Some(asker) = &self.asker else {
            return contacts;
        };
        let registrar = judge(&sources, Role::Registrar, self.rules, now);
        let mut directory: Vec<Source> = lists::abuse_net(asker, &domain, &mut trail)
            .into_iter()
            .collect();
        directory.extend(lists::rfc2142(asker, &domain, &mut trail));
        let provider = judge(&directory, Role::Provider, self.rules, now);
        let mut judged = registrar;
        for contact in provider.contacts {
            judged.keep(contact);
        }
        judged.refused.extend(provider.refused);
        judged.in_order();
        let is_shaky = trail.is_shaky;
        contacts.finish(judged, &sources, trail);
        self.keep(suspect, &contacts, is_shaky, cache, now);
        contacts
    }

    /// Keeps an answer; one that something failed for, for this run alone: the next may hear more.
    fn keep(
        &mut self,
        suspect: Suspect,
        contacts: &Contacts,
        is_shaky: bool,
        cache: &mut dyn Cache,
        now: Timestamp,
    ) {
        if is_shaky {
            self.shaky.insert(suspect, contacts.clone());
        } else {
            cache.keep(&suspect, contacts, now);
        }
    }

    fn find_host(&mut self, host: &str, cache: &mut dyn Cache, now: Timestamp) -> Contacts {
        let mut contacts = Contacts::default();
        if let Ok(addr) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return self.find_addr(addr, cache, now).for_role(Role::Hosting);
        }
        if Target::domain(host).is_none() {
            let shown = Untrusted::text(host).up_to(100);
            contacts.error = Some(format!("`{shown}` is not a host that can be asked about"));
            return contacts;
        }
        let (name, confirmed) =
            askable(host, self.rules).unwrap_or_else(|| (registered(host), true));
        let Some(mut trail) = self.begin(&mut contacts, cache, now) else {
            // The cache knows addresses, not names.
            return contacts;
        };
        let found = self
            .asker
            .as_ref()
            .map(|asker| asker.addrs(&name, &mut trail));
        contacts.hops = trail.hops;
        let addrs = match found {
            Some(Found::Some(addrs)) => addrs,
            Some(Found::Failed(why)) => {
                contacts.error = Some(format!(
                    "`{name}` could not be looked up: {}",
                    Untrusted::text(&why)
                ));
                return contacts;
            }
            _ => {
                contacts.error = Some(format!("`{name}` has no address"));
                return contacts;
            }
        };
        for addr in addrs.into_iter().take(HOST_ADDRS_MAX) {
            let mut found = self.find_addr(addr, cache, now).for_role(Role::Hosting);
            if !confirmed {
                found.unconfirmed(&name);
            }
            contacts.take(found);
        }
        contacts
    }

    /// Asks the registries: RDAP, then WHOIS where RDAP names nobody.
    fn registries(
        &mut self,
        target: &Target,
        cache: &mut dyn Cache,
        trail: &mut Trail,
        now: Timestamp,
    ) -> Vec<Source> {
        let Some(asker) = &mut self.asker else {
            return Vec::new();
        };
        let answers = rdap::ask(asker, &mut self.books, cache, target, trail, now);
        let port43 = answers.iter().find_map(|answer| answer.port43.clone());
        let mut sources: Vec<Source> = answers.into_iter().map(|answer| answer.source).collect();
        // Who is no registry comes last; the others stay as they were asked.
        sources.sort_by_key(|source| !source.trusted);
        if !judge(&sources, Role::Network, self.rules, now).has_recommended() {
            sources.extend(whois::ask(asker, target, port43.as_deref(), trail, now));
            sources.sort_by_key(|source| !source.trusted);
        }
        sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_purpose_addresses_are_refused_before_anybody_is_asked() {
        let rules = Rules::builtin();
        let settings = Settings {
            offline: true,
            ..Settings::default()
        };
        let mut finder = Finder::new(settings, &rules);
        for addr in [
            "10.1.2.3",
            "192.0.2.7",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "2002:a00:1::1",
            "246.161.212.245",
        ] {
            let contacts = finder.find(
                &Suspect::Addr(addr.parse().unwrap()),
                &mut super::super::NoCache,
                Timestamp::UNIX_EPOCH,
            );
            assert!(contacts.hops.is_empty());
            assert!(
                contacts.error.unwrap().ends_with("nobody answers for it"),
                "{addr}"
            );
        }
    }
}
