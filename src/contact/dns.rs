//! Asks the user's resolver, and nobody else.
//!
//! In: a name. Out: records as text or addresses, or that there are none.
//! Standards: RFC 1035, RFC 7505 (null MX).
//! Trust: records are hostile text; names are asked as they stand, with a final dot, so that no search list applies.
//! Limits: no DNSSEC.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

/// Records of one answer that are read.
const RECORDS_MAX: usize = 32;
/// Time for one try; two are made.
const TRY: Duration = Duration::from_secs(3);

/// The resolver.
pub(super) struct Dns {
    resolver: TokioResolver,
    /// Its name in the list of questions.
    pub(super) label: String,
}

/// What a question to the resolver gave.
pub(super) enum Found<T> {
    /// Records.
    Some(Vec<T>),
    /// The name has no such record, or does not exist.
    Nothing,
    /// There was no answer.
    Failed(String),
}

impl Dns {
    /// Returns the configured resolver, or the system's.
    pub(super) fn new(server: Option<SocketAddr>) -> Result<Self, String> {
        let builder = match server {
            None => TokioResolver::builder_tokio()
                .map_err(|e| format!("the system's resolver cannot be used: {e}"))?,
            Some(server) => {
                let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
                udp.port = server.port();
                tcp.port = server.port();
                let server = NameServerConfig::new(server.ip(), true, vec![udp, tcp]);
                TokioResolver::builder_with_config(
                    ResolverConfig::from_name_servers(vec![server]),
                    TokioRuntimeProvider::default(),
                )
            }
        };
        let mut builder = builder;
        let options = builder.options_mut();
        options.timeout = TRY;
        options.attempts = 2;
        options.num_concurrent_reqs = 1;
        Ok(Self {
            resolver: builder.build().map_err(|e| e.to_string())?,
            label: server.map_or_else(|| "system resolver".to_owned(), |s| s.to_string()),
        })
    }

    /// Asks for the records of one kind.
    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Found<T> {
        let Ok(name) = Name::from_ascii(format!("{}.", name.trim_end_matches('.'))) else {
            return Found::Failed("not a name that can be asked about".to_owned());
        };
        match self.resolver.lookup(name, kind).await {
            Ok(answer) => {
                let found: Vec<T> = answer
                    .answers()
                    .iter()
                    .filter_map(|record| read(&record.data))
                    .take(RECORDS_MAX)
                    .collect();
                if found.is_empty() {
                    Found::Nothing
                } else {
                    Found::Some(found)
                }
            }
            Err(error) if error.is_no_records_found() => Found::Nothing,
            Err(error) => Found::Failed(error.to_string()),
        }
    }

    /// Returns the addresses of a host, IPv4 first.
    pub(super) async fn addrs(&self, host: &str) -> Found<IpAddr> {
        let v4 = self
            .ask(host, RecordType::A, |data| match data {
                RData::A(a) => Some(IpAddr::V4(a.0)),
                _ => None,
            })
            .await;
        let v6 = self
            .ask(host, RecordType::AAAA, |data| match data {
                RData::AAAA(a) => Some(IpAddr::V6(a.0)),
                _ => None,
            })
            .await;
        match (v4, v6) {
            (Found::Some(mut v4), Found::Some(v6)) => {
                v4.extend(v6);
                Found::Some(v4)
            }
            (found @ Found::Some(_), _) | (_, found @ Found::Some(_)) => found,
            (Found::Failed(why), _) | (_, Found::Failed(why)) => Found::Failed(why),
            (Found::Nothing, Found::Nothing) => Found::Nothing,
        }
    }

    /// Returns the texts at a name, the strings of each joined. RFC 1035 §3.3.14.
    pub(super) async fn txt(&self, name: &str) -> Found<String> {
        self.ask(name, RecordType::TXT, |data| match data {
            RData::TXT(txt) => Some(
                txt.txt_data
                    .iter()
                    .map(|part| String::from_utf8_lossy(part).into_owned())
                    .collect(),
            ),
            _ => None,
        })
        .await
    }

    /// Returns the first string of each HINFO record. RFC 1035 §3.3.2.
    pub(super) async fn hinfo(&self, name: &str) -> Found<String> {
        self.ask(name, RecordType::HINFO, |data| match data {
            RData::HINFO(hinfo) => Some(String::from_utf8_lossy(&hinfo.cpu).into_owned()),
            _ => None,
        })
        .await
    }

    /// Returns the names of an address's reverse entry, lower case, without the final dot.
    pub(super) async fn ptr(&self, addr: IpAddr) -> Found<String> {
        self.ask(
            &reverse(addr, "in-addr.arpa", "ip6.arpa"),
            RecordType::PTR,
            |data| match data {
                RData::PTR(name) => Some(plain(&name.0)),
                _ => None,
            },
        )
        .await
    }

    /// Returns the mail servers of a domain; a null MX gives none. RFC 7505 §3.
    pub(super) async fn mx(&self, domain: &str) -> Found<String> {
        let found = self
            .ask(domain, RecordType::MX, |data| match data {
                RData::MX(mx) => Some(plain(&mx.exchange)),
                _ => None,
            })
            .await;
        match found {
            // RFC 7505 §3: a single "." says that the domain takes no mail.
            Found::Some(hosts) if hosts.iter().all(String::is_empty) => Found::Nothing,
            found => found,
        }
    }

    /// Returns the mailbox names in the SOA of a zone, as names. RFC 1035 §3.3.13.
    pub(super) async fn soa(&self, zone: &str) -> Found<String> {
        self.ask(zone, RecordType::SOA, |data| match data {
            RData::SOA(soa) => Some(soa.rname.to_ascii()),
            _ => None,
        })
        .await
    }
}

/// Returns a name in lower case without its final dot.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

/// Returns the name under which an address stands in a reverse zone. RFC 1035 §3.5, RFC 3596 §2.5.
pub(super) fn reverse(addr: IpAddr, v4_zone: &str, v6_zone: &str) -> String {
    match addr {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.{v4_zone}")
        }
        IpAddr::V6(v6) => {
            let nibbles: String = v6
                .octets()
                .iter()
                .rev()
                .flat_map(|octet| [octet & 15, octet >> 4])
                .map(|nibble| format!("{nibble:x}."))
                .collect();
            format!("{nibbles}{v6_zone}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_reversed_in_their_zones() {
        assert_eq!(
            reverse("192.0.2.7".parse().unwrap(), "zone.example", "x"),
            "7.2.0.192.zone.example"
        );
        let v6 = reverse("2001:db8::1".parse().unwrap(), "x", "ip6.arpa");
        assert!(v6.starts_with("1.0.0.0.0.0.") && v6.ends_with("8.b.d.0.1.0.0.2.ip6.arpa"));
        assert_eq!(v6.matches('.').count(), 33);
    }
}
