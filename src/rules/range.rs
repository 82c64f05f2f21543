//! Ranges of addresses, as registries write them.
//!
//! In: `192.0.2.0 - 192.0.2.255`, `192.0.2.0/24`, `177.224/13`, `2001:db8::/32`. Out: [`AddrRange`].
//! Standards: RFC 4632 §3.1 (prefix), RFC 4291 §2.3.
//! Trust: hostile text; a range that is no range is `None`.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

/// First and last address of a network, both of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddrRange {
    /// First address.
    pub first: IpAddr,
    /// Last address, not before the first.
    pub last: IpAddr,
}

impl AddrRange {
    /// Returns the range between two addresses of one family, the first not behind the last.
    #[must_use]
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Self { first, last })
    }

    /// Reads a range as registries write it: two addresses, or a prefix, the rest of the line ignored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((first, last)) = text.split_once(" - ") {
            let word = |part: &str| part.split_whitespace().next().map(str::to_owned);
            return Self::new(word(first)?.parse().ok()?, word(last)?.parse().ok()?);
        }
        let prefix = text.split([',', ' ', '\t']).next()?;
        if let Ok(addr) = prefix.parse::<IpAddr>() {
            return Self::new(addr, addr);
        }
        let (base, length) = prefix.split_once('/')?;
        let base = whole(base)?;
        let net = IpNet::new(base, length.parse().ok()?).ok()?;
        Self::new(net.network(), net.broadcast())
    }

    /// Returns whether an address lies in the range.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        addr.is_ipv4() == self.first.is_ipv4() && self.first <= addr && addr <= self.last
    }

    /// Returns how many addresses lie behind the first: 0 for a single one.
    #[must_use]
    pub fn size(&self) -> u128 {
        match (self.first, self.last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => u128::from(u32::from(b)) - u128::from(u32::from(a)),
            (IpAddr::V6(a), IpAddr::V6(b)) => u128::from(b) - u128::from(a),
            _ => u128::MAX,
        }
    }
}

/// Returns an address whose trailing zero octets may have been left out: LACNIC writes `177.224/13`.
fn whole(text: &str) -> Option<IpAddr> {
    if let Ok(addr) = text.parse() {
        return Some(addr);
    }
    let mut octets = [0_u8; 4];
    let mut parts = 0;
    for (slot, part) in octets.iter_mut().zip(text.split('.')) {
        *slot = part.parse().ok()?;
        parts += 1;
    }
    (parts == text.split('.').count()).then(|| IpAddr::V4(Ipv4Addr::from(octets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        AddrRange::parse(text).map(|r| format!("{} - {}", r.first, r.last))
    }

    #[test]
    fn ranges_are_read_in_every_form_that_registries_write() {
        for (text, range) in [
            ("192.0.2.0 - 192.0.2.255", "192.0.2.0 - 192.0.2.255"),
            ("192.0.2.0 - 192.0.2.255 (/24)", "192.0.2.0 - 192.0.2.255"),
            ("192.0.2.0/25, 192.0.2.128/25", "192.0.2.0 - 192.0.2.127"),
            ("198.51/16", "198.51.0.0 - 198.51.255.255"),
            ("2001:0db8::/126", "2001:db8:: - 2001:db8::3"),
            ("192.0.2.7", "192.0.2.7 - 192.0.2.7"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(range), "{text}");
        }
    }

    #[test]
    fn what_is_no_range_gives_none() {
        for text in [
            "",
            "abuse@example.net",
            "192.0.2.9 - 192.0.2.1",
            "192.0.2.0 - 2001:db8::",
            "192.0.2.0/33",
            "1.2.3.4.5/8",
            "/8",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn size_and_containment_follow_the_family() {
        let v4 = AddrRange::parse("192.0.2.0/24").unwrap();
        assert_eq!(v4.size(), 255);
        assert!(v4.contains("192.0.2.255".parse().unwrap()));
        assert!(!v4.contains("192.0.3.0".parse().unwrap()));
        assert!(!v4.contains("::ffff:192.0.2.1".parse().unwrap()));
        assert_eq!(AddrRange::parse("::/0").unwrap().size(), u128::MAX);
    }
}
