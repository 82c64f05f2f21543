//! WHOIS: from the root by referrals to the registry that knows, every hop's answer kept.
//!
//! In: a target, perhaps a server to begin with. Out: [`Source`]s, best first.
//! Standards: RFC 3912; referrals have no standard, each registry's rule knows its own.
//! Trust: a referral leads only to public servers and WHOIS ports; servers that no registry runs are heard, not believed.
//! Failures: a referral that fails leaves the answers before it standing.

use std::collections::HashSet;

use super::asker::{Asker, Trail};
use super::rank::{Source, judge};
use super::remark;
use super::target::Target;
use super::{Confidence, Form, Role, Via};
use crate::rules::{Facts, Finding, Registry};

/// Referrals that are followed.
const REFERRALS_MAX: usize = 4;
/// Questions about handles that answers name: a list, then a contact.
const HANDLES_MAX: usize = 2;

/// A server to ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Server {
    host: String,
    port: u16,
    is_rwhois: bool,
}

impl Server {
    /// Reads a referral: `whois.example.net`, `whois://whois.example.net:43`, `rwhois://…:4321/`, `[2001:db8::1]:43`.
    fn read(text: &str, port: u16) -> Option<Self> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("whois", text));
        let is_rwhois = match scheme.to_ascii_lowercase().as_str() {
            "whois" => false,
            "rwhois" => true,
            _ => return None,
        };
        let rest = rest.split('/').next()?.trim().trim_end_matches('.');
        let (host, named) = match rest.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let port = match named {
            Some(text) => text.parse().ok()?,
            // RFC 2167 §4: rwhois has a port of its own.
            None if is_rwhois => 4321,
            None => port,
        };
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let plain = host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_:".contains(&b));
        (plain && host.contains(['.', ':']) && host.len() <= 253).then_some(Self {
            host,
            port,
            is_rwhois,
        })
    }
}

/// Asks by WHOIS who answers for a target.
///
/// `first` is the server that an RDAP answer named; it is tried before the root.
pub(super) fn ask(
    asker: &mut Asker<'_>,
    target: &Target,
    first: Option<&str>,
    trail: &mut Trail,
    now: jiff::Timestamp,
) -> Vec<Source> {
    let port = asker.settings.whois_port;
    let root = Server::read(&asker.settings.whois_root.clone(), port);
    let referred = target.addr().and_then(|addr| asker.referred(addr));
    let named = first
        .filter(|host| asker.rules.registries.of_server(host).is_some())
        .or(referred.as_deref())
        .and_then(|host| Server::read(host, port));
    for (start, is_root) in [(named, false), (root, true)] {
        let Some(start) = start else { continue };
        let mut chain = Chain {
            asker,
            target,
            trail,
            port,
            sources: Vec::new(),
            asked: HashSet::new(),
            referrals: REFERRALS_MAX,
        };
        chain.hop(&start, is_root, now);
        let mut sources = chain.sources;
        if !sources.is_empty() {
            // The last registry on the way is the nearest to the network; who is no registry comes last.
            sources.reverse();
            sources.sort_by_key(|source| !source.trusted);
            return sources;
        }
    }
    Vec::new()
}

/// One walk along referrals.
struct Chain<'a, 'r> {
    asker: &'a mut Asker<'r>,
    target: &'a Target,
    trail: &'a mut Trail,
    port: u16,
    sources: Vec<Source>,
    asked: HashSet<Server>,
    referrals: usize,
}

impl<'r> Chain<'_, 'r> {
    /// Asks a server, keeps its answer, and goes where it refers to.
    fn hop(&mut self, server: &Server, is_root: bool, now: jiff::Timestamp) {
        if !self.asked.insert(server.clone()) {
            return;
        }
        let rules = self.asker.rules;
        let known = rules.registries.of_server(&server.host);
        let registry = if is_root {
            rules.registries.named("iana")
        } else if matches!(self.target, Target::Domain(_)) {
            rules.registries.named("domain")
        } else if server.is_rwhois {
            rules.registries.named("rwhois")
        } else {
            known.or_else(|| rules.registries.named("other"))
        };
        // A domain's registry is trusted for who the registrar is; a network's only if the rules know it.
        let trusted =
            known.is_some() || matches!(self.target, Target::Domain(_)) && !server.is_rwhois;
        let query = self.target.whois_query(registry);
        let Some((mut source, mut next, refer)) = self.question(server, registry, &query, trusted)
        else {
            return;
        };
        for _ in 0..HANDLES_MAX {
            let Some(query) = next
                .take()
                .and_then(|handle| handle_query(registry, &handle))
            else {
                break;
            };
            let Some((more, further, _)) = self.question(server, registry, &query, trusted) else {
                break;
            };
            if more.facts.range.is_some() {
                source.facts = more.facts;
            }
            source.findings.extend(more.findings);
            source.forms.extend(more.forms);
            next = further;
        }
        let judged = judge(std::slice::from_ref(&source), Role::Network, rules, now);
        let (stub, answered) = (source.facts.stub, judged.has_recommended());
        let national: Vec<String> = judged
            .refused
            .iter()
            .filter_map(|refused| refused.mailbox.split_once('@'))
            .filter_map(|(_, domain)| rules.registries.of_mail_domain(domain))
            .filter(|other| source.registry.as_deref() != Some(other.registry.as_str()))
            .filter_map(|other| other.whois.first().cloned())
            .collect();
        if !is_root {
            self.sources.push(source);
        } else if let (Some(range), Some(server)) = (source.facts.range, refer.first()) {
            self.asker.refer(range, server);
        }
        // Who has named the desk need not be asked further: an rwhois server is
        // the holder's own, and need not learn who looks at which address.
        if answered && !stub {
            return;
        }
        for text in refer.iter().chain(&national) {
            let Some(next) = Server::read(text, self.port) else {
                continue;
            };
            if self.asked.contains(&next) {
                continue;
            }
            if self.referrals == 0 {
                self.trail.note(
                    "whois",
                    &next.host,
                    "",
                    "not asked: four referrals are enough",
                );
                return;
            }
            self.referrals -= 1;
            let before = self.sources.len();
            self.hop(&next, false, now);
            if self.sources.len() > before && !is_root {
                break;
            }
            if is_root && self.sources.len() > before {
                return;
            }
        }
    }

    /// Asks one question; `None` where there was no answer.
    fn question(
        &mut self,
        server: &Server,
        registry: Option<&Registry>,
        query: &str,
        trusted: bool,
    ) -> Option<(Source, Option<String>, Vec<String>)> {
        let proto = if server.is_rwhois { "rwhois" } else { "whois" };
        let octets = match self.asker.whois(
            &server.host,
            server.port,
            query,
            server.is_rwhois,
            self.trail,
        ) {
            Ok(octets) => octets,
            Err(why) => {
                self.trail.note(proto, &server.host, query, why);
                return None;
            }
        };
        let text = super::text::decode(&octets, registry.and_then(|r| r.charset.as_deref()));
        let rules = self.asker.rules;
        if text.trim().is_empty() {
            self.trail
                .note(proto, &server.host, query, "it closed without an answer");
            return None;
        }
        let dialect = registry.map(|r| &r.dialect)?;
        // RFC 3912 §2: lines end in CRLF. A line that the connection broke off in may name another house: `abuse@isp.co`, of `.com`.
        let (whole, rest) = text.split_at(text.rfind('\n').map_or(0, |end| end + 1));
        // What the end would have named may be there in an hour.
        self.trail.is_shaky |= !rest.trim().is_empty();
        let mut reading = dialect.read(whole, self.target.addr());
        let is_empty = reading.facts == Facts::default()
            && reading.found.is_empty()
            && reading.ask_next.is_none()
            && reading.refer.is_empty();
        // Words of refusal count only where nothing else was said: a remark
        // that bears them must not put a registry to rest.
        if let Some(rule) = rules.answers.find(&text).filter(|_| is_empty) {
            let mut outcome = rule.what.clone();
            if rule.kind != "absent" {
                self.asker.rest(&server.host, &rule.what);
                self.trail.is_shaky = true;
                outcome.push_str("; not asked again in this run");
            }
            self.trail.note(proto, &server.host, query, outcome);
            return None;
        }
        let mut forms = Vec::new();
        for said in &reading.remarks {
            for offer in remark::read(&said.text, rules) {
                match offer {
                    remark::Offer::Mail(mail) => reading.found.push(Finding {
                        text: mail,
                        field: "remarks".to_owned(),
                        confidence: Confidence::Medium,
                        recommended: true,
                        tier: (usize::MAX, said.network),
                        stub: said.stub,
                    }),
                    remark::Offer::Link(link) => forms.extend(Form::checked(&link, "remarks")),
                }
            }
        }
        // A remark stands behind a field of the same worth, before a weaker one.
        reading
            .found
            .sort_by_key(|f| (std::cmp::Reverse(f.confidence), f.tier));
        let outcome = match reading.refer.first() {
            _ if reading.is_elsewhere => "it answered about another network".to_owned(),
            Some(server) if !reading.found.iter().any(|f| f.recommended && !f.stub) => {
                format!("refers to {server}")
            }
            _ => "answered".to_owned(),
        };
        self.trail.note(proto, &server.host, query, outcome);
        let source = Source {
            via: Via::Whois,
            server: server.host.clone(),
            registry: registry
                .filter(|r| !r.whois.is_empty())
                .map(|r| r.registry.clone()),
            trusted,
            facts: reading.facts,
            findings: reading.found,
            forms,
        };
        Some((source, reading.ask_next, reading.refer))
    }
}

/// Returns the question about a handle, where the registry takes one and the handle looks like one.
fn handle_query(registry: Option<&Registry>, handle: &str) -> Option<String> {
    let ask = &registry?.ask;
    let form = ask.handle.as_ref()?;
    let looks = ask.handle_form.as_ref()?;
    looks
        .is_in(handle)
        .then(|| form.replace("{target}", handle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    #[test]
    fn referrals_are_read_in_every_form() {
        let read = |text: &str| {
            Server::read(text, 43).map(|s| format!("{}|{}|{}", s.host, s.port, s.is_rwhois))
        };
        for (text, server) in [
            ("whois.ripe.net", "whois.ripe.net|43|false"),
            ("whois://Whois.APNIC.net:43", "whois.apnic.net|43|false"),
            (
                "rwhois://rwhois.example.net:4321/",
                "rwhois.example.net|4321|true",
            ),
            (
                "rwhois://rwhois.example.net",
                "rwhois.example.net|4321|true",
            ),
            ("127.0.0.2:4343", "127.0.0.2|4343|false"),
            ("[2001:db8::1]:43", "2001:db8::1|43|false"),
            ("2001:db8::1", "2001:db8::1|43|false"),
        ] {
            assert_eq!(read(text).as_deref(), Some(server), "{text}");
        }
        for text in [
            "",
            "http://www.example.net",
            "file:///etc/passwd",
            "localhost",
            "a b.example",
            "x.example:99999",
            "whois://",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_handle_that_looks_like_one_is_asked_about() {
        let rules = Rules::builtin();
        let of = |registry, handle| handle_query(rules.registries.named(registry), handle);
        assert_eq!(
            of("arin", "NET-192-0-2-0-1").as_deref(),
            Some("n + ! NET-192-0-2-0-1")
        );
        assert_eq!(of("jpnic", "EX12345JP").as_deref(), Some("EX12345JP/e"));
        assert_eq!(of("arin", "NET-1\r\nHELP"), None);
        assert_eq!(of("arin", "-x"), None);
        assert_eq!(of("ripe", "EX1-RIPE"), None);
    }
}
