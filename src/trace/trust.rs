//! Whose hosts are believed: what the user named.
//!
//! In: `[trust]` and `--trust`. Out: [`Trust`].
//! Trust: this is the user's own word; nothing of a message adds to it.
//! Failures: [`TrustError`] for a text that is neither network nor host.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// A host name, or a domain with all its hosts (`.example.org`), in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPattern(String);

impl HostPattern {
    /// Reads a host name, an address that stands for one, or a domain with a leading dot.
    ///
    /// # Errors
    ///
    /// [`TrustError`] where it is neither.
    pub fn new(text: &str) -> Result<Self, TrustError> {
        let host = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let labels = host.strip_prefix('.').unwrap_or(&host);
        let fits = host.parse::<IpAddr>().is_ok()
            || !labels.is_empty()
                && labels.len() <= 253
                && labels.split('.').all(|label| {
                    (1..=63).contains(&label.len())
                        && label
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                });
        if fits {
            Ok(Self(host))
        } else {
            Err(TrustError {
                text: text.to_owned(),
            })
        }
    }

    /// Returns whether a name that a message has can stand as one host's among the names that the user trusts.
    ///
    /// A leading dot, which would take in a whole domain, is only the user's to write.
    #[must_use]
    pub(super) fn takes(name: &str) -> bool {
        Self::new(name).is_ok_and(|host| !host.is_domain())
    }

    /// Returns whether this is a domain with all its hosts.
    #[must_use]
    pub fn is_domain(&self) -> bool {
        self.0.starts_with('.')
    }

    /// Returns whether a host lies in the same registered domain as this one.
    #[must_use]
    pub(super) fn is_beside(&self, host: &str) -> bool {
        crate::rules::names::same_domain(self.0.trim_start_matches('.'), host)
    }

    /// Returns whether the host is this one, or lies in this domain.
    ///
    /// `.example.org` holds `mx.example.org` and `example.org`.
    #[must_use]
    pub fn holds(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        match self.0.strip_prefix('.') {
            Some(domain) => {
                let begins = host.len().checked_sub(domain.len());
                begins.is_some_and(|at| {
                    host.get(at..)
                        .is_some_and(|tail| tail.eq_ignore_ascii_case(domain))
                        && (at == 0 || host.as_bytes().get(at - 1) == Some(&b'.'))
                })
            }
            None => host.eq_ignore_ascii_case(&self.0),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is neither a network nor a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is neither a network (192.0.2.0/24), an address, nor a host (mx.example.org, .example.org)"
)]
pub struct TrustError {
    /// The text.
    pub text: String,
}

/// Whose hosts are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Networks of the user's own hosts.
    pub networks: Vec<IpNet>,
    /// Names of the user's own hosts.
    pub hosts: Vec<HostPattern>,
    /// The user's own forwarders and mailing list hosts; they count as own hosts.
    pub forwarders: Vec<HostPattern>,
    /// Hosts on which nobody but the user and his mail filters runs programs that hand in mail.
    pub local_programs: Vec<HostPattern>,
    /// Hosts on which others do, by the user's word.
    pub shared_hosts: Vec<HostPattern>,
    /// Hosts that the user said are not his: they are not asked about again.
    pub strangers: Vec<HostPattern>,
    /// Special-purpose networks that are treated as public ones: sandbox and tests.
    pub also_public: Vec<IpNet>,
    /// The user's own mailboxes, in lower case: `for` of another of them suggests a forwarder.
    pub own_mailboxes: Vec<String>,
}

impl Trust {
    /// Adds what one `--trust` or one entry of `[trust]` names: a network, an address, or a host.
    ///
    /// # Errors
    ///
    /// [`TrustError`] where it is none of them.
    pub fn add(&mut self, text: &str) -> Result<(), TrustError> {
        if let Ok(network) = text.parse::<IpNet>() {
            self.networks.push(network);
        } else if let Ok(addr) = text.parse::<IpAddr>() {
            self.networks.push(IpNet::from(addr));
        } else {
            self.hosts.push(HostPattern::new(text)?);
        }
        Ok(())
    }

    /// Adds what one entry of `[trust] forwarders` names: a host, or an address of one.
    ///
    /// # Errors
    ///
    /// [`TrustError`] where it is neither.
    pub fn add_forwarder(&mut self, text: &str) -> Result<(), TrustError> {
        match text.parse::<IpAddr>() {
            Ok(addr) => self.networks.push(IpNet::from(addr)),
            Err(_) => self.forwarders.push(HostPattern::new(text)?),
        }
        Ok(())
    }

    /// Returns whether an address lies in an own network.
    #[must_use]
    pub fn holds_addr(&self, addr: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&addr))
    }

    /// Returns whether the user named this very address, not only a network around it.
    #[must_use]
    pub fn names_addr(&self, addr: IpAddr) -> bool {
        self.networks.contains(&IpNet::from(addr))
    }

    /// Returns whether a name is that of an own host, forwarders included.
    #[must_use]
    pub fn holds_host(&self, host: &str) -> bool {
        self.hosts
            .iter()
            .chain(&self.forwarders)
            .any(|pattern| pattern.holds(host))
    }

    /// Returns whether the user said that a host is not his.
    #[must_use]
    pub fn denies_host(&self, host: &str) -> bool {
        self.strangers.iter().any(|pattern| pattern.holds(host))
    }

    /// Returns whether the user named this very host, not only its domain.
    #[must_use]
    pub fn names_host(&self, host: &str) -> bool {
        self.hosts
            .iter()
            .chain(&self.forwarders)
            .any(|pattern| !pattern.is_domain() && pattern.holds(host))
    }

    /// Returns whether the user named anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.hosts.is_empty() && self.forwarders.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_holds_its_hosts_and_no_others() {
        let domain = HostPattern::new(".example.org").unwrap();
        assert!(domain.holds("MX.example.org."));
        assert!(domain.holds("example.org"));
        assert!(!domain.holds("badexample.org"));
        assert!(
            !HostPattern::new("mx.example.org")
                .unwrap()
                .holds("a.mx.example.org")
        );
    }

    #[test]
    fn trust_takes_networks_addresses_and_hosts() {
        let mut trust = Trust::default();
        for text in ["192.0.2.0/24", "2001:db8::1", "mx.example.org"] {
            trust.add(text).unwrap();
        }
        assert!(trust.holds_addr("192.0.2.9".parse().unwrap()));
        assert!(trust.holds_addr("2001:db8::1".parse().unwrap()));
        assert!(trust.names_addr("2001:db8::1".parse().unwrap()));
        assert!(!trust.names_addr("192.0.2.9".parse().unwrap()));
        assert!(trust.holds_host("mx.example.org"));
        assert!(trust.add("no host at all").is_err());
        assert!(trust.add("300.1.2.3/8").is_err());
    }
}
