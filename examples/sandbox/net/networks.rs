//! The made-up networks, and the answers of their registries in the shapes that these registries have.
//!
//! | network | holder | registry | desk |
//! |---|---|---|---|
//! | 192.0.2.0/25 | Lindenhost, a web host | RIPE NCC | abuse@lindenhost.example |
//! | 192.0.2.128/25 | Webpost, a webmail provider | AFRINIC, whose RDAP names no abuse role | abuse@webpost.example |
//! | 198.51.100.0/25 | Northpath Broadband | ARIN | abuse@northpath.example |
//! | 198.51.100.128/25 | Brightwing, a mail service | ARIN, with a desk of the network's own | abuse@brightwing.example |
//! | 203.0.113.128/25 | Quaycloud, a cloud | APNIC, with an IRT | abuse@quaycloud.example |
//! | 2001:db8:51::/48 | Sixfold Hosting | RIPE NCC | abuse@sixfold.example |
//!
//! 203.0.113.0/25 is the user's own provider, Postbox; nobody should ask about it, and nobody is told.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::dns::Record;
use super::world::{About, World};

/// RDAP objects: what they are about, and the object.
const RDAP: [(&str, &str); 9] = [
    (
        "192.0.2.0/25",
        include_str!("../answers/rdap/ripe-192.0.2.0-25.json"),
    ),
    (
        "192.0.2.128/25",
        include_str!("../answers/rdap/afrinic-192.0.2.128-25.json"),
    ),
    (
        "198.51.100.0/25",
        include_str!("../answers/rdap/arin-198.51.100.0-25.json"),
    ),
    (
        "198.51.100.128/25",
        include_str!("../answers/rdap/arin-198.51.100.128-25.json"),
    ),
    (
        "203.0.113.128/25",
        include_str!("../answers/rdap/apnic-203.0.113.128-25.json"),
    ),
    (
        "2001:db8:51::/48",
        include_str!("../answers/rdap/ripe-2001-db8-51-48.json"),
    ),
    ("as64496", include_str!("../answers/rdap/ripe-as64496.json")),
    ("as64500", include_str!("../answers/rdap/arin-as64500.json")),
    (
        "parcel-status.example",
        include_str!("../answers/rdap/domain-parcel-status.example.json"),
    ),
];

/// WHOIS texts: server, what they are about, and the text.
const WHOIS: [(&str, &str, &str); 6] = [
    (
        "whois.ripe.net",
        "192.0.2.0/25",
        include_str!("../answers/whois/ripe-192.0.2.0-25.txt"),
    ),
    (
        "whois.ripe.net",
        "2001:db8:51::/48",
        include_str!("../answers/whois/ripe-2001-db8-51-48.txt"),
    ),
    (
        "whois.afrinic.net",
        "192.0.2.128/25",
        include_str!("../answers/whois/afrinic-192.0.2.128-25.txt"),
    ),
    (
        "whois.arin.net",
        "198.51.100.0/25",
        include_str!("../answers/whois/arin-198.51.100.0-25.txt"),
    ),
    (
        "whois.arin.net",
        "198.51.100.128/25",
        include_str!("../answers/whois/arin-198.51.100.128-25.txt"),
    ),
    (
        "whois.apnic.net",
        "203.0.113.128/25",
        include_str!("../answers/whois/apnic-203.0.113.128-25.txt"),
    ),
];

/// Hosts: name, address; each address has the name as its PTR.
const HOSTS: [(&str, [u8; 4]); 7] = [
    ("mail.oakfield.example", [192, 0, 2, 45]),
    ("out3.webpost.example", [192, 0, 2, 200]),
    ("dsl-023.northpath.example", [198, 51, 100, 23]),
    ("dsl-077.northpath.example", [198, 51, 100, 77]),
    ("mta14.brightwing.example", [198, 51, 100, 142]),
    ("www.parcel-status.example", [203, 0, 113, 150]),
    ("parcel-status.example", [203, 0, 113, 150]),
];

/// Contacts as abuse.net has them: domain and mailbox.
const ABUSE_NET: [(&str, &str); 3] = [
    ("oakfield.example", "abuse@oakfield.example"),
    ("brightwing.example", "abuse@brightwing.example"),
    ("quickpost.example", "abuse@quickpost.example"),
];

/// Origins as Team Cymru has them: reversed address, and the text.
const ORIGINS: [(&str, &str); 5] = [
    (
        "45.2.0.192",
        "64496 | 192.0.2.0/25 | DE | ripencc | 2014-03-11",
    ),
    (
        "200.2.0.192",
        "64497 | 192.0.2.128/25 | ZA | afrinic | 2016-07-02",
    ),
    (
        "23.100.51.198",
        "64500 | 198.51.100.0/25 | US | arin | 2009-10-19",
    ),
    (
        "142.100.51.198",
        "64501 | 198.51.100.128/25 | US | arin | 2012-05-30",
    ),
    (
        "150.113.0.203",
        "64502 | 203.0.113.128/25 | SG | apnic | 2018-01-22",
    ),
];

/// Returns the made-up internet, all of whose servers answer as they should.
pub(crate) fn made_up() -> World {
    let mut world = World::default();
    for (about, body) in RDAP {
        world.rdap.push((About::new(about), body.to_owned()));
    }
    for (server, about, text) in WHOIS {
        let answers = world.whois.entry(server.to_owned()).or_default();
        answers.push((About::new(about), text.to_owned()));
    }
    for (name, octets) in HOSTS {
        let [a, b, c, d] = octets;
        world.name(name, [Record::A(Ipv4Addr::from(octets))]);
        let reverse = format!("{d}.{c}.{b}.{a}.in-addr.arpa");
        // The first name is the address's own.
        if !world.dns.contains_key(&reverse) {
            world.name(&reverse, [Record::Ptr(name.to_owned())]);
        }
    }
    let sixfold = Ipv6Addr::new(0x2001, 0xdb8, 0x51, 0, 0, 0, 0, 0x25);
    world.name("mx.sixfold.example", [Record::Aaaa(sixfold)]);
    for (domain, mailbox) in ABUSE_NET {
        let name = format!("{domain}.contacts.abuse.net");
        let entry = Record::Hinfo("lookup".to_owned(), domain.to_owned());
        world.name(&name, [Record::Txt(mailbox.to_owned()), entry]);
        world.name(domain, [Record::Mx(10, format!("mail.{domain}"))]);
    }
    for (reverse, text) in ORIGINS {
        let name = format!("{reverse}.origin.asn.cymru.com");
        world.name(&name, [Record::Txt(text.to_owned())]);
    }
    world
}
