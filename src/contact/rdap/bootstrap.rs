//! Which RDAP server answers: IANA's files, as fresh as can be, and the snapshot that is built in.
//!
//! In: a target. Out: base URLs, best first.
//! Standards: RFC 9224 §3 (form), §4 and §5 (longest match), §6 (several URLs: try the next).
//! Trust: a file from a configured folder or from IANA; the servers it names are judged like any other.
//! Failures: without a file the built-in snapshot stands.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::super::Cache;
use super::super::asker::{Asker, Trail};
use super::super::target::Target;

/// Where IANA keeps the files. RFC 9224 §3.
const IANA: &str = "https://data.iana.org/rdap/";
/// Servers tried for one target.
const SERVERS_MAX: usize = 3;

/// A bootstrap file. RFC 9224 §3.
#[derive(Debug, Clone, Deserialize)]
struct Book {
    services: Vec<Vec<Vec<String>>>,
}

/// The files that this run has read.
#[derive(Debug, Default)]
pub(in crate::contact) struct Books {
    read: HashMap<&'static str, Option<Book>>,
}

impl Books {
    /// Returns the servers for a target, best first.
    pub(super) fn servers(
        &mut self,
        asker: &mut Asker<'_>,
        cache: &mut dyn Cache,
        target: &Target,
        trail: &mut Trail,
        now: Timestamp,
    ) -> Vec<String> {
        let name = match target {
            Target::Addr(IpAddr::V4(_)) => "ipv4.json",
            Target::Addr(IpAddr::V6(_)) => "ipv6.json",
            Target::Asn(_) => "asn.json",
            Target::Domain(_) => "dns.json",
        };
        if !self.read.contains_key(name) {
            let book = open(asker, cache, name, trail, now);
            self.read.insert(name, book);
        }
        let mut servers = self
            .read
            .get(name)
            .and_then(Option::as_ref)
            .map(|book| book.servers(target))
            .unwrap_or_default();
        let snapshot = match target {
            Target::Addr(addr) => asker.rules.bootstrap.for_addr(*addr),
            Target::Asn(number) => asker.rules.bootstrap.for_asn(*number),
            Target::Domain(domain) => asker.rules.bootstrap.for_domain(domain),
        };
        // A configured folder that knows the target says all: a sandbox must not reach the real internet.
        if asker.settings.rdap_bootstrap.is_none() || servers.is_empty() {
            for server in snapshot {
                if !servers.contains(server) {
                    servers.push(server.clone());
                }
            }
        }
        servers.truncate(SERVERS_MAX);
        servers
    }
}

/// Reads a file from the cache, or from its folder.
fn open(
    asker: &mut Asker<'_>,
    cache: &mut dyn Cache,
    name: &'static str,
    trail: &mut Trail,
    now: Timestamp,
) -> Option<Book> {
    let folder = asker
        .settings
        .rdap_bootstrap
        .clone()
        .unwrap_or_else(|| IANA.to_owned());
    let place = format!("{}/{name}", folder.trim_end_matches('/'));
    if let Some(text) = cache.recall_text(&place, now)
        && let Ok(book) = serde_json::from_str::<Book>(&text)
    {
        trail.note("cache", "", &place, "the file that was kept");
        return Some(book);
    }
    let url = Url::parse(&place).ok()?;
    let server = url.host_str().unwrap_or_default().to_owned();
    let text = match asker.get(&url, trail) {
        Ok(fetched) if fetched.status == 200 => String::from_utf8(fetched.body).ok(),
        Ok(fetched) => {
            trail.note(
                "rdap",
                &server,
                url.path(),
                format!("it answered {}", fetched.status),
            );
            return None;
        }
        Err(why) => {
            trail.note("rdap", &server, url.path(), why);
            return None;
        }
    };
    let book = text
        .as_deref()
        .and_then(|text| serde_json::from_str::<Book>(text).ok());
    match (&book, text) {
        (Some(_), Some(text)) => {
            trail.note("rdap", &server, url.path(), "answered");
            cache.keep_text(&place, &text, now);
        }
        _ => trail.note(
            "rdap",
            &server,
            url.path(),
            "its answer is no bootstrap file",
        ),
    }
    book
}

impl Book {
    /// Returns the servers of the longest match, HTTPS first.
    fn servers(&self, target: &Target) -> Vec<String> {
        let mut best: Option<(u128, &Vec<String>)> = None;
        for service in &self.services {
            // RFC 9224 §3: keys, then URLs; files with contacts before the keys exist, too.
            let [.., keys, urls] = service.as_slice() else {
                continue;
            };
            for key in keys {
                let Some(length) = matched(key, target) else {
                    continue;
                };
                if best.is_none_or(|(longest, _)| length > longest) {
                    best = Some((length, urls));
                }
            }
        }
        let mut urls: Vec<String> = best.map(|(_, urls)| urls.clone()).unwrap_or_default();
        urls.sort_by_key(|url| !url.starts_with("https:"));
        urls
    }
}

/// Returns how closely a key of a file matches a target; `None` where it does not.
fn matched(key: &str, target: &Target) -> Option<u128> {
    match target {
        Target::Addr(addr) => {
            let net: IpNet = key.parse().ok()?;
            net.contains(addr).then(|| u128::from(net.prefix_len()))
        }
        Target::Asn(number) => {
            let (first, last) = key.split_once('-').unwrap_or((key, key));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            (first..=last)
                .contains(number)
                .then(|| u128::from(u32::MAX - (last - first)))
        }
        Target::Domain(domain) => {
            // RFC 9224 §4: the longest match of whole labels.
            let key = key.to_ascii_lowercase();
            let rest = domain.strip_suffix(&key)?;
            (rest.is_empty() || rest.ends_with('.')).then_some(key.len() as u128)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        serde_json::from_str(
            r#"{"services":[
            [["192.0.0.0/8"],["https://wide.example/"]],
            [["192.0.2.0/24"],["http://near.example/","https://near.example/"]],
            [["64496-64511"],["https://as.example/"]],
            [["example"],["https://tld.example/"]],
            [["co.example"],["https://second.example/"]],
            [["not a net"],["https://x.example/"]], [["short"]]]}"#,
        )
        .unwrap()
    }

    #[test]
    fn the_longest_match_answers_and_tls_comes_first() {
        let servers = |target| book().servers(&target);
        let addr = |text: &str| Target::Addr(text.parse().unwrap());
        assert_eq!(
            servers(addr("192.0.2.7")),
            ["https://near.example/", "http://near.example/"]
        );
        assert_eq!(servers(addr("192.9.2.7")), ["https://wide.example/"]);
        assert_eq!(servers(Target::Asn(64500)), ["https://as.example/"]);
        assert_eq!(
            servers(Target::Domain("a.example".into())),
            ["https://tld.example/"]
        );
        assert_eq!(
            servers(Target::Domain("a.co.example".into())),
            ["https://second.example/"]
        );
        assert!(servers(Target::Domain("notexample".into())).is_empty());
        assert!(servers(addr("2001:db8::1")).is_empty());
    }
}
