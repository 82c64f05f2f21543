//! Reads addresses as servers write them in the field.
//!
//! In: a text. Out: an address, or nothing.
//! Standards: RFC 5321 §4.1.3 (address literals), RFC 4007 §11 (zones).
//! Trust: hostile; a number out of range makes the whole text none.
//! Failures: none; what is no address is a name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::intake::eight;

/// Reads an address as servers write it: `IPv6:` before it (RFC 5321 §4.1.3), a zone
/// behind it (RFC 4007 §11), IPv4 mapped into IPv6.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    if let Some((addr, octets)) = quad(text)
        && octets == text.len()
    {
        return Some(IpAddr::V4(addr));
    }
    let text = match text.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => text.get(5..)?,
        _ => text,
    };
    // Nearly all names show soon that they are none.
    let may_be = |octet: u8| octet.is_ascii_hexdigit() || matches!(octet, b'.' | b':');
    if !text.bytes().next().is_some_and(may_be) {
        return None;
    }
    let text = eight::place_of(b'%', text).map_or(text, |zone| text.get(..zone).unwrap_or(text));
    if let Some(addr) = groups(text) {
        return Some(IpAddr::V6(addr).to_canonical());
    }
    // The shortest address is `::`, the longest has 45 characters.
    if !(2..=45).contains(&text.len()) || !text.bytes().all(may_be) {
        return None;
    }
    if let Ok(addr) = text.parse::<IpAddr>() {
        return Some(addr.to_canonical());
    }
    // `192.0.2.7.25` and `192.0.2.7:25`: a port glued to an IPv4 address.
    let (addr, port) = text.rsplit_once(['.', ':'])?;
    (1..=5).contains(&port.len()).then_some(())?;
    port.bytes()
        .all(|octet| octet.is_ascii_digit())
        .then_some(())?;
    addr.parse().ok().map(IpAddr::V4)
}

/// Reads four numbers with dots between them, as nearly every address is written, and returns how many octets they
/// have; anything else is left to the library.
pub(super) fn quad(text: &str) -> Option<(Ipv4Addr, usize)> {
    let octets = text.as_bytes();
    let (first, mut read) = number(octets)?;
    let mut addr = first;
    for _ in 0..3 {
        let rest = octets.get(read..)?.strip_prefix(b".")?;
        let (next, digits) = number(rest)?;
        addr = addr << 8 | next;
        read += 1 + digits;
    }
    let is_longer = matches!(octets.get(read), Some(b'.' | b'0'..=b'9'));
    (!is_longer).then(|| (Ipv4Addr::from_bits(addr), read))
}

/// Reads a number below 256 at the beginning of a text; returns also how many digits it has.
fn number(text: &[u8]) -> Option<(u32, usize)> {
    let digit = |at: usize| {
        let digit = text.get(at)?.wrapping_sub(b'0');
        (digit < 10).then(|| u32::from(digit))
    };
    let first = digit(0)?;
    let (number, digits) = match (digit(1), digit(2)) {
        (None, _) => (first, 1),
        // A leading zero may mean an octal number, and is read by nobody.
        _ if first == 0 => return None,
        (Some(second), None) => (10 * first + second, 2),
        (Some(second), Some(third)) => (100 * first + 10 * second + third, 3),
    };
    (number < 256).then_some((number, digits))
}

/// Reads groups of hexadecimal digits, `::` for those that are zero; what ends with an IPv4 address is left to the library.
///
/// RFC 4291 §2.2: eight groups of up to four digits, `::` at most once.
fn groups(text: &str) -> Option<Ipv6Addr> {
    let mut groups = [0; 8];
    let mut count = 0;
    let (mut rest, mut gap) = match text.as_bytes() {
        [b':', b':', rest @ ..] => (rest, Some(0)),
        rest => (rest, None),
    };
    while !rest.is_empty() {
        let digits = rest
            .iter()
            .map_while(|octet| char::from(*octet).to_digit(16));
        let (group, length) = digits.take(4).fold((0, 0), |(group, length), digit| {
            (group << 4 | digit as u16, length + 1)
        });
        (length > 0).then_some(())?;
        *groups.get_mut(count)? = group;
        count += 1;
        rest = match rest.get(length..)? {
            [b':', b':', rest @ ..] if gap.is_none() => {
                gap = Some(count);
                rest
            }
            [b':', rest @ ..] if !rest.is_empty() => rest,
            [] => break,
            _ => return None,
        };
    }
    match gap {
        None if count == 8 => {}
        Some(gap) if count < 8 => groups.get_mut(gap..)?.rotate_right(8 - count),
        _ => return None,
    }
    Some(Ipv6Addr::from(groups))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_read_as_servers_write_them() {
        let of = |text: &str| address(text).map(|addr| addr.to_string());
        assert_eq!(of("192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("IPv6:2001:db8::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(of("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("fe80::1%9").as_deref(), Some("fe80::1"));
        assert_eq!(of("192.0.2.7.63559").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("192.0.2.7:25").as_deref(), Some("192.0.2.7"));
        for none in [
            "999.0.2.7",
            "192.0.2",
            "",
            "0",
            "a",
            "192.0.2.7.1.2",
            "15.20.1143.11x",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,80}") {
            let _ = address(&text);
        }

        #[test]
        fn groups_are_read_as_the_library_reads_them(text in "(::)?([0-9A-Fa-f]{1,4}(:|::)){0,9}[0-9a-f]{0,5}|[0-9a:.]{0,20}", addr: [u16; 8], zeros: u8) {
            if let Some(addr) = groups(&text) {
                prop_assert_eq!(text.parse(), Ok(addr));
            }
            let has_dot = text.contains('.');
            prop_assert!(has_dot || groups(&text).is_some() == text.parse::<Ipv6Addr>().is_ok(), "{}", text);
            let group = |place: usize| if zeros >> place & 1 == 0 { addr[place] } else { 0 };
            let addr = Ipv6Addr::from(std::array::from_fn::<u16, 8, _>(group));
            prop_assert_eq!(groups(&addr.to_string()).or_else(|| addr.to_string().parse().ok()), Some(addr));
        }

        #[test]
        fn four_numbers_are_read_as_the_library_reads_them(text in "([0-9]{1,4}\\.){2,4}[0-9]{0,3}|[0-9.]{0,16}", octets: [u8; 4]) {
            let all = quad(&text).filter(|(_, octets)| *octets == text.len());
            prop_assert_eq!(all.map(|(addr, _)| addr), text.parse().ok(), "{}", text);
            let addr = Ipv4Addr::from(octets);
            let octets = addr.to_string().len();
            prop_assert_eq!(quad(&addr.to_string()), Some((addr, octets)));
            prop_assert_eq!(quad(&format!("{addr}]{text}")), Some((addr, octets)));
        }
    }
}
