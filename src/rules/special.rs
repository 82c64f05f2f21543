//! Networks that the IANA special-purpose registries set apart.
//!
//! In: `rules/addresses/special-purpose.toml`. Out: [`SpecialPurpose`].
//! Standards: RFC 6890 and the IANA IPv4 and IPv6 Special-Purpose Address registries, RFC 5771 (multicast).

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde::Deserialize;

use super::RuleError;
use super::file::{self, Common};

/// Networks whose addresses belong to nobody on the public internet.
#[derive(Debug)]
pub struct SpecialPurpose {
    file: String,
    rules: Vec<Set>,
    /// The IPv4 networks in the order of the rules: address, mask, and which rule that is.
    v4: Vec<(u32, u32, usize)>,
}

/// One kind of special-purpose networks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
struct Set {
    id: String,
    what: String,
    #[serde(rename = "source")]
    _source: Vec<String>,
    networks: Vec<IpNet>,
    #[serde(rename = "match")]
    matches: Vec<IpAddr>,
    #[serde(rename = "skip")]
    skips: Vec<IpAddr>,
}

impl SpecialPurpose {
    /// Reads the file.
    pub(super) fn load(file: &str, text: &str) -> Result<Self, RuleError> {
        let rules = file::read(file, "special-purpose-", text, |rule: &Set| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        let v4 = rules.iter().enumerate().flat_map(|(place, rule)| {
            let networks = rule.networks.iter();
            networks.filter_map(move |network| match network {
                IpNet::V4(v4) => Some((v4.network().to_bits(), v4.netmask().to_bits(), place)),
                IpNet::V6(_) => None,
            })
        });
        Ok(Self {
            file: file.to_owned(),
            v4: v4.collect(),
            rules,
        })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for rule in &self.rules {
            let holds = |addr: &IpAddr| rule.networks.iter().any(|net| net.contains(addr));
            let failed = |addr: &IpAddr, should: &str| RuleError::Example {
                file: self.file.clone(),
                id: rule.id.clone(),
                why: format!("`{addr}` should {should}"),
            };
            for addr in &rule.matches {
                if !holds(addr) {
                    return Err(failed(addr, "match"));
                }
            }
            for addr in &rule.skips {
                if holds(addr) {
                    return Err(failed(addr, "not match"));
                }
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }

    /// Returns what an address is set apart for, in words; `None` for an ordinary public one.
    ///
    /// An address that carries another (mapped, 6to4, Teredo, NAT64) is judged by its own form here.
    #[must_use]
    pub fn purpose(&self, addr: IpAddr) -> Option<&str> {
        let rule = match unmapped(addr) {
            IpAddr::V4(addr) => {
                let addr = addr.to_bits();
                let mut networks = self.v4.iter();
                let held = networks.find(|(network, mask, _)| addr & mask == *network);
                held.and_then(|(_, _, place)| self.rules.get(*place))
            }
            addr => {
                let holds = |rule: &&Set| rule.networks.iter().any(|net| net.contains(&addr));
                self.rules.iter().find(holds)
            }
        };
        rule.map(|rule| rule.what.as_str())
    }

    /// Returns whether an address is an ordinary public one, or lies in a network that is treated as such.
    #[must_use]
    pub fn is_public(&self, addr: IpAddr, also_public: &[IpNet]) -> bool {
        let addr = unmapped(addr);
        also_public.iter().any(|net| net.contains(&addr)) || self.purpose(addr).is_none()
    }
}

/// Returns whether an address belongs to nobody's network but the one it is used in.
#[must_use]
pub fn is_inner(addr: IpAddr) -> bool {
    match addr {
        // RFC 1918 §3, RFC 1122 §3.2.1.3, RFC 3927, RFC 6598 §7
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || (a == 100 && b & 0xc0 == 64)
        }
        // RFC 4193, RFC 4291 §2.5.6; 6to4 of an inner address is what Google writes (RFC 3056).
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || carried(addr).is_some_and(|v4| is_inner(IpAddr::V4(v4)))
        }
    }
}

/// Returns the IPv4 address behind an IPv4-mapped IPv6 address. RFC 4291 §2.5.5.2.
#[must_use]
pub fn unmapped(addr: IpAddr) -> IpAddr {
    addr.to_canonical()
}

/// Returns the IPv4 address that a transition address carries: 6to4 (RFC 3056), Teredo (RFC 4380), NAT64 (RFC 6052),
/// IPv4-translated (RFC 2765).
#[must_use]
pub fn carried(addr: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = addr else { return None };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return Some(v4);
    }
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let joined = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (a, b) {
        (0x2002, _) => Some(joined(b, c)),
        // RFC 4380 §4: the client's address stands last, all bits flipped.
        (0x2001, 0) => Some(joined(!g, !h)),
        (0x64, 0xff9b) if c == 0 && d == 0 => Some(joined(g, h)),
        // RFC 2765 §2.1: `::ffff:0:a.b.c.d`.
        (0, 0) if [c, d, e, f] == [0, 0, 0xffff, 0] => Some(joined(g, h)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use proptest::prelude::*;

    #[test]
    fn special_purpose_addresses_are_told_from_public_ones() {
        let rules = Rules::builtin();
        let public = |text: &str| rules.special.is_public(text.parse().unwrap(), &[]);
        for text in [
            "10.0.0.1",
            "127.0.0.1",
            "192.0.2.7",
            "::1",
            "fe80::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
            "2002:a00:1::1",
            "::ffff:0:8.8.8.8",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "::",
        ] {
            assert!(!public(text), "{text}");
        }
        for text in [
            "8.8.8.8",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
        ] {
            assert!(public(text), "{text}");
        }
        assert!(rules.special.is_public(
            "192.0.2.7".parse().unwrap(),
            &["192.0.2.0/24".parse().unwrap()]
        ));
    }

    proptest! {
        #[test]
        fn every_address_is_set_apart_by_the_first_rule_that_holds_it(octets: [u8; 4], near in 0..40usize) {
            let rules = Rules::builtin();
            let (network, mask, _) = rules.special.v4.iter().cycle().nth(near).unwrap();
            let beside = Ipv4Addr::from_bits(network | Ipv4Addr::from(octets).to_bits() & !mask);
            for addr in [Ipv4Addr::from(octets), beside, Ipv4Addr::from_bits(network.wrapping_sub(1))] {
                let addr = IpAddr::V4(addr);
                let holds = |rule: &&Set| rule.networks.iter().any(|net| net.contains(&addr));
                let what = rules.special.rules.iter().find(holds).map(|rule| rule.what.as_str());
                prop_assert_eq!(rules.special.purpose(addr), what, "{}", addr);
            }
        }
    }

    #[test]
    fn transition_addresses_give_what_they_carry() {
        let of = |text: &str| carried(text.parse().unwrap()).map(|v4| v4.to_string());
        assert_eq!(of("2002:c000:207::1").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("64:ff9b::c000:207").as_deref(), Some("192.0.2.7"));
        assert_eq!(
            of("2001:0:4136:e378:8000:63bf:3fff:fdf8").as_deref(),
            Some("192.0.2.7")
        );
        assert_eq!(of("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("::ffff:0:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("2001:db8::1"), None);
    }

    #[test]
    fn an_address_of_a_network_within_is_inner_however_it_is_written() {
        let inner = |text: &str| is_inner(text.parse().unwrap());
        for addr in [
            "10.7.0.1",
            "100.64.0.1",
            "fd00::1",
            "::ffff:10.7.0.1",
            "2002:a07:1::1",
        ] {
            assert!(inner(addr), "{addr}");
        }
        for addr in [
            "192.0.2.1",
            "100.128.0.1",
            "2001:db8::1",
            "2002:c000:201::1",
        ] {
            assert!(!inner(addr), "{addr}");
        }
    }
}
