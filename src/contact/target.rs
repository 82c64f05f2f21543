//! What is asked about, in the forms that servers take.
//!
//! In: a [`Suspect`](super::Suspect), already validated. Out: RDAP paths, WHOIS questions.
//! Standards: RFC 9082 §3.1, RFC 3912.
//! Trust: an address, a number or an LDH name; nothing else can become part of a question.

use std::fmt;
use std::net::IpAddr;

use crate::rules::Registry;

/// What a registry is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// An address.
    Addr(IpAddr),
    /// An autonomous system.
    Asn(u32),
    /// A registered domain, lower case, A-labels.
    Domain(String),
}

impl Target {
    /// Returns a domain that can be asked about: letters, digits, hyphens, at least two labels. RFC 5890 §2.3.1.
    pub(super) fn domain(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('.').to_ascii_lowercase();
        let ldh = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        (text.len() <= 253 && text.contains('.') && text.split('.').all(ldh))
            .then_some(Self::Domain(text))
    }

    /// Returns the address, where it is one.
    pub(super) const fn addr(&self) -> Option<IpAddr> {
        match self {
            Self::Addr(addr) => Some(*addr),
            _ => None,
        }
    }

    /// Returns the path of an RDAP question below a base. RFC 9082 §3.1.
    pub(super) fn rdap_path(&self) -> String {
        match self {
            Self::Addr(addr) => format!("ip/{addr}"),
            Self::Asn(number) => format!("autnum/{number}"),
            Self::Domain(domain) => format!("domain/{domain}"),
        }
    }

    /// Returns a WHOIS question in the form that a registry takes.
    pub(super) fn whois_query(&self, registry: Option<&Registry>) -> String {
        let (form, value) = match self {
            Self::Addr(addr) => (registry.map(|r| &r.ask.addr), addr.to_string()),
            Self::Asn(number) => match registry {
                Some(registry) => (Some(&registry.ask.asn), number.to_string()),
                None => (None, format!("AS{number}")),
            },
            Self::Domain(domain) => (registry.map(|r| &r.ask.domain), domain.clone()),
        };
        form.map_or_else(|| value.clone(), |form| form.replace("{target}", &value))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addr(addr) => write!(f, "{addr}"),
            Self::Asn(number) => write!(f, "AS{number}"),
            Self::Domain(domain) => f.write_str(domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    #[test]
    fn only_a_plain_domain_can_be_asked_about() {
        assert_eq!(
            Target::domain("WWW.Example.COM."),
            Some(Target::Domain("www.example.com".to_owned()))
        );
        for text in [
            "",
            "localhost",
            "a b.example",
            "a.example\r\nx",
            "-a.example",
            "a..example",
            "a/b.example",
        ] {
            assert_eq!(Target::domain(text), None, "{text:?}");
        }
    }

    #[test]
    fn questions_take_the_form_of_their_registry() {
        let rules = Rules::builtin();
        let addr = Target::Addr("192.0.2.7".parse().unwrap());
        let of = |name| rules.registries.named(name);
        assert_eq!(addr.whois_query(of("arin")), "n + 192.0.2.7");
        assert_eq!(addr.whois_query(of("jpnic")), "192.0.2.7/e");
        assert_eq!(addr.whois_query(of("afrinic")), "-B 192.0.2.7");
        assert_eq!(Target::Asn(64496).whois_query(of("arin")), "a + 64496");
        assert_eq!(Target::Asn(64496).whois_query(None), "AS64496");
        assert_eq!(addr.rdap_path(), "ip/192.0.2.7");
    }
}
