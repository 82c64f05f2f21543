//! Asks one server one question, within time, size and manners, and notes what came back.
//!
//! In: a host, a port, a protocol. Out: addresses that were checked and are the only ones connected to.
//! Standards: RFC 7480 (RDAP over HTTP), RFC 3912 (WHOIS), RFC 2167 (rwhois).
//! Trust: hosts come from answers; each is resolved once, every address is judged by the guard, and no name is resolved again.
//! Failures: each ends in a few words in the list of questions.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::dns::{Dns, Found};
use super::guard::{Guard, Proto};
use super::http::Http;
use super::manners::{Manners, REST};
use super::{Asked, Settings};
use crate::intake::Untrusted;
use crate::rules::{AddrRange, Rules};

/// How many times the time for one question a whole lookup may take.
///
/// A lookup of several hops needs more than one; a chain of servers that all
/// stall must still end. Pauses for politeness do not count.
const QUESTIONS_OF_TIME: u32 = 3;

/// The questions of one lookup, and until when they may go on.
pub(super) struct Trail {
    /// What was asked, and what came back.
    pub(super) hops: Vec<Asked>,
    /// Whether something failed that may work at another time.
    pub(super) is_shaky: bool,
    until: Instant,
}

impl Trail {
    /// Notes one question.
    pub(super) fn note(
        &mut self,
        proto: &str,
        server: &str,
        query: &str,
        outcome: impl Into<String>,
    ) {
        self.hops.push(Asked {
            proto: proto.to_owned(),
            server: Untrusted::text(server).up_to(255).to_string(),
            query: Untrusted::text(query).up_to(255).to_string(),
            outcome: Untrusted::text(&outcome.into()).to_string(),
        });
    }
}

/// Everything that asks.
pub(super) struct Asker<'r> {
    pub(super) settings: Settings,
    pub(super) rules: &'r Rules,
    guard: Guard<'r>,
    manners: Manners,
    /// The time of the lookup that goes on.
    now: Timestamp,
    runtime: Runtime,
    dns: Dns,
    http: Http,
    /// What the WHOIS root said of whole blocks in this run.
    referred: Vec<(AddrRange, String)>,
}

impl<'r> Asker<'r> {
    /// Opens resolver and HTTP client; nobody is asked yet.
    pub(super) fn open(settings: Settings, rules: &'r Rules) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| format!("the network cannot be used: {e}"))?;
        let entered = runtime.enter();
        let dns = Dns::new(settings.resolver)?;
        let http = Http::new()?;
        drop(entered);
        Ok(Self {
            guard: Guard::new(&rules.special, settings.allow_private_servers.clone()),
            manners: Manners::default(),
            now: Timestamp::UNIX_EPOCH,
            runtime,
            dns,
            http,
            referred: Vec::new(),
            rules,
            settings,
        })
    }

    /// Returns an empty trail, whose time begins now.
    pub(super) fn trail(&self) -> Trail {
        Trail {
            hops: Vec::new(),
            is_shaky: false,
            until: Instant::now() + self.time() * QUESTIONS_OF_TIME,
        }
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.settings.timeout_s.max(1))
    }

    /// Returns the time left for one question; zero where the lookup's time is over.
    fn left(&self, trail: &Trail) -> Duration {
        trail
            .until
            .saturating_duration_since(Instant::now())
            .min(self.time())
    }

    /// Waits until a server may be asked again; `Err` says why it may not.
    fn turn(&mut self, server: &str, addr: SocketAddr, trail: &mut Trail) -> Result<(), String> {
        if let Some(why) = self.manners.resting(server) {
            trail.is_shaky = true;
            return Err(format!("not asked: {why}"));
        }
        if self.left(trail).is_zero() {
            trail.is_shaky = true;
            return Err("not asked: the time for this lookup is over".to_owned());
        }
        let known = self
            .rules
            .registries
            .of_server(server)
            .map_or(0, |registry| registry.pace_ms);
        let own = self.settings.pause_ms;
        // A pause of nothing is for servers of one's own; no setting hurries a registry.
        let pace = if own == 0 && self.guard.is_named(addr) {
            0
        } else {
            own.max(known)
        };
        let wait = self
            .manners
            .wait(server, Duration::from_millis(pace), Instant::now());
        std::thread::sleep(wait);
        trail.until += wait;
        Ok(())
    }

    /// Returns the server to which the root referred the block of an address in this run.
    pub(super) fn referred(&self, addr: IpAddr) -> Option<String> {
        self.referred
            .iter()
            .find(|(range, _)| range.contains(addr))
            .map(|(_, server)| server.clone())
    }

    /// Notes to which server the root refers a block.
    pub(super) fn refer(&mut self, range: AddrRange, server: &str) {
        self.referred.push((range, server.to_owned()));
    }

    /// Lets a server rest that refused, or has had enough: for this run, and those of the next hour.
    pub(super) fn rest(&mut self, server: &str, why: &str) {
        self.manners.rest_for(server, why, REST, self.now);
    }

    /// Notes the time at which a lookup begins.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Learns which servers an earlier run left resting.
    pub(super) fn recall_rests(&mut self, kept: &str, now: Timestamp) {
        self.manners.recall(kept, now);
    }

    /// Returns which servers rest, for runs to come, where that changed.
    pub(super) fn rests(&mut self) -> Option<String> {
        self.manners.news()
    }

    /// Returns the addresses of a server that may be connected to: resolved once, each judged.
    fn reach(
        &mut self,
        host: &str,
        port: u16,
        proto: Proto,
        trail: &mut Trail,
    ) -> Result<Vec<SocketAddr>, String> {
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let addrs = match literal {
            Ok(addr) => vec![addr],
            Err(_) => match self.addrs(host, trail) {
                Found::Some(addrs) => addrs,
                Found::Nothing => return Err("the server's name has no address".to_owned()),
                Found::Failed(why) => {
                    trail.is_shaky = true;
                    return Err(format!("the server's name: {why}"));
                }
            },
        };
        let mut refused = None;
        let mut open = Vec::new();
        for addr in addrs {
            let server = SocketAddr::new(addr, port);
            match self.guard.refuses(server, proto) {
                None => open.push(server),
                Some(why) => refused = Some(why),
            }
        }
        if open.is_empty() {
            return Err(refused.unwrap_or_else(|| "the server has no address".to_owned()));
        }
        Ok(open)
    }

    /// Gets one RDAP document; no redirect is followed here.
    pub(super) fn get(
        &mut self,
        url: &url::Url,
        trail: &mut Trail,
    ) -> Result<super::http::Fetched, String> {
        let proto = match url.scheme() {
            "https" => Proto::Https,
            "http" => Proto::Http,
            other => return Err(format!("refused: `{other}:` is not RDAP")),
        };
        let host = url
            .host_str()
            .ok_or("refused: a link without a host")?
            .to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err("refused: a link with a password".to_owned());
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let addrs = self.reach(&host, port, proto, trail)?;
        let Some(first) = addrs.first().copied() else {
            return Err("the server has no address".to_owned());
        };
        self.turn(&host, first, trail)?;
        let left = self.left(trail);
        let fetched = self
            .runtime
            .block_on(self.http.get(url, &host, addrs, left));
        self.manners.asked(&host, Instant::now());
        match &fetched {
            Ok(fetched) if fetched.wants_rest() => {
                match fetched.rests_for(self.now) {
                    Some(time) => {
                        let why = fetched.rest_reason();
                        self.manners.rest_for(&host, &why, time, self.now);
                    }
                    None => self.manners.rest(&host, fetched.rest_reason()),
                }
                trail.is_shaky = true;
            }
            Ok(fetched) if fetched.status < 500 => self.manners.worked(&host),
            _ => {
                self.manners.failed(&host);
                trail.is_shaky = true;
            }
        }
        fetched
    }

    /// Asks a WHOIS server one question; returns the octets of its answer.
    pub(super) fn whois(
        &mut self,
        host: &str,
        port: u16,
        query: &str,
        is_rwhois: bool,
        trail: &mut Trail,
    ) -> Result<Vec<u8>, String> {
        // RFC 3912 §2: a line end would begin a second question.
        if query.is_empty() || query.bytes().any(|b| b.is_ascii_control()) {
            return Err("refused: the question has a control character".to_owned());
        }
        let addrs = self.reach(host, port, Proto::Whois, trail)?;
        let Some(first) = addrs.first().copied() else {
            return Err("the server has no address".to_owned());
        };
        self.turn(host, first, trail)?;
        let left = self.left(trail);
        let answer = if is_rwhois {
            super::wire::rwhois(first, query, left)
        } else {
            super::wire::whois(&addrs, query, left)
        };
        self.manners.asked(host, Instant::now());
        if answer.as_ref().is_ok_and(|octets| !octets.is_empty()) {
            self.manners.worked(host);
        } else {
            self.manners.failed(host);
            trail.is_shaky = true;
        }
        answer
    }

    fn dns<T>(
        &self,
        query: &str,
        trail: &mut Trail,
        ask: impl AsyncFnOnce(&Dns) -> Found<T>,
    ) -> Found<T> {
        let left = self.left(trail);
        let found = self.runtime.block_on(async {
            tokio::time::timeout(left, ask(&self.dns))
                .await
                .unwrap_or_else(|_| Found::Failed("no answer in time".to_owned()))
        });
        let outcome = match &found {
            Found::Some(records) if records.len() == 1 => "1 record".to_owned(),
            Found::Some(records) => format!("{} records", records.len()),
            Found::Nothing => "nothing there".to_owned(),
            Found::Failed(why) => {
                trail.is_shaky = true;
                why.clone()
            }
        };
        trail.note("dns", &self.dns.label, query, outcome);
        found
    }

    /// Looks up a host's addresses.
    pub(super) fn addrs(&self, host: &str, trail: &mut Trail) -> Found<IpAddr> {
        self.dns(&format!("{host} A AAAA"), trail, async |dns| {
            dns.addrs(host).await
        })
    }

    /// Looks up the texts at a name.
    pub(super) fn txt(&self, name: &str, trail: &mut Trail) -> Found<String> {
        self.dns(&format!("{name} TXT"), trail, async |dns| {
            dns.txt(name).await
        })
    }

    /// Looks up the first strings of the HINFO records at a name.
    pub(super) fn hinfo(&self, name: &str, trail: &mut Trail) -> Found<String> {
        self.dns(&format!("{name} HINFO"), trail, async |dns| {
            dns.hinfo(name).await
        })
    }

    /// Looks up the reverse names of an address.
    pub(super) fn ptr(&self, addr: IpAddr, trail: &mut Trail) -> Found<String> {
        self.dns(&format!("{addr} PTR"), trail, async |dns| {
            dns.ptr(addr).await
        })
    }

    /// Looks up the mail servers of a domain.
    pub(super) fn mx(&self, domain: &str, trail: &mut Trail) -> Found<String> {
        self.dns(&format!("{domain} MX"), trail, async |dns| {
            dns.mx(domain).await
        })
    }

    /// Looks up the mailbox in the SOA of a zone.
    pub(super) fn soa(&self, zone: &str, trail: &mut Trail) -> Found<String> {
        self.dns(&format!("{zone} SOA"), trail, async |dns| {
            dns.soa(zone).await
        })
    }
}
