//! Which servers may be asked: public ones, and those on private addresses that the settings name.
//!
//! In: an address, a port, a protocol. Out: yes, or why not.
//! Standards: RFC 6890 (special-purpose addresses), RFC 7481 §3.5 (RDAP over HTTPS).
//! Trust: names and ports come from answers, so from anybody: a registry's referral must not reach the user's own network.

use std::net::SocketAddr;

use ipnet::IpNet;

use crate::rules::SpecialPurpose;

/// Ports of WHOIS and rwhois; a referral to any other is not followed. RFC 3912 §2, RFC 2167 §4.
const WHOIS_PORTS: [u16; 2] = [43, 4321];
/// Ports of RDAP over HTTPS: the usual one, and the one that a few registries use.
const RDAP_PORTS: [u16; 2] = [443, 8443];

/// What a server is asked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proto {
    /// RDAP over HTTPS.
    Https,
    /// RDAP over HTTP: only where the settings allow the server.
    Http,
    /// WHOIS or rwhois.
    Whois,
}

/// The doorkeeper.
#[derive(Debug)]
pub(super) struct Guard<'r> {
    special: &'r SpecialPurpose,
    allowed: Vec<(IpNet, u16)>,
}

impl<'r> Guard<'r> {
    /// Returns a guard that lets public servers pass, and the named private ones.
    pub(super) const fn new(special: &'r SpecialPurpose, allowed: Vec<(IpNet, u16)>) -> Self {
        Self { special, allowed }
    }

    /// Returns whether the settings name this server, port included.
    pub(super) fn is_named(&self, server: SocketAddr) -> bool {
        let addr = server.ip().to_canonical();
        self.allowed
            .iter()
            .any(|(net, port)| *port == server.port() && net.contains(&addr))
    }

    /// Returns why a server must not be asked; `None` where it may.
    pub(super) fn refuses(&self, server: SocketAddr, proto: Proto) -> Option<String> {
        if self.is_named(server) {
            return None;
        }
        // A public network of the user's tests is no reason to let a server stand in it.
        if let Some(what) = self.special.purpose(server.ip()) {
            return Some(format!(
                "refused: `{server}` is {what}, and not in `allow_private_servers`"
            ));
        }
        let ports: &[u16] = match proto {
            Proto::Https => &RDAP_PORTS,
            Proto::Whois => &WHOIS_PORTS,
            // RFC 7481 §3.5: RDAP without TLS can be altered on its way.
            Proto::Http => return Some("refused: RDAP without TLS".to_owned()),
        };
        (!ports.contains(&server.port()))
            .then(|| format!("refused: port {} is not one of the protocol", server.port()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    #[test]
    fn private_servers_are_refused_unless_named_with_their_port() {
        let rules = Rules::builtin();
        let guard = Guard::new(&rules.special, vec![("127.0.0.0/8".parse().unwrap(), 4343)]);
        let refuses = |server: &str, proto| guard.refuses(server.parse().unwrap(), proto);
        assert_eq!(refuses("127.0.0.1:4343", Proto::Http), None);
        assert_eq!(refuses("[::ffff:127.0.0.1]:4343", Proto::Whois), None);
        assert_eq!(refuses("8.8.8.8:43", Proto::Whois), None);
        assert_eq!(refuses("8.8.8.8:443", Proto::Https), None);
        for (server, proto) in [
            ("127.0.0.1:43", Proto::Whois),
            ("127.0.0.1:80", Proto::Http),
            ("169.254.169.254:443", Proto::Https),
            ("[::1]:443", Proto::Https),
            ("[::ffff:10.0.0.1]:443", Proto::Https),
            ("[64:ff9b::a00:1]:443", Proto::Https),
            ("192.0.2.1:43", Proto::Whois),
            ("8.8.8.8:80", Proto::Http),
            ("8.8.8.8:25", Proto::Whois),
            ("8.8.8.8:22", Proto::Https),
        ] {
            assert!(refuses(server, proto).is_some(), "{server} {proto:?}");
        }
    }
}
