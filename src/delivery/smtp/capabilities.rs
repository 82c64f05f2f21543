//! What a server says it can do.
//!
//! In: its reply to EHLO. Out: [`Capabilities`].
//! Standards: RFC 5321 §4.1.1.1 (EHLO), RFC 1870, RFC 6152, RFC 3207, RFC 4954 §3.
//! Trust: what was said before TLS is forgotten after it.

use super::auth::Mechanism;
use super::reply::Reply;

/// What a server says it can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// Whether octets above 127 pass. RFC 6152.
    pub(super) eight_bit: bool,
    /// Whether SIZE may be declared. RFC 1870.
    pub(super) size: bool,
    /// Octets of a message at most; `None` where it does not say.
    pub(super) size_octets: Option<usize>,
    /// Whether TLS can be begun. RFC 3207.
    pub(super) start_tls: bool,
    /// Ways to authenticate, those that we know.
    pub(super) mechanisms: Vec<Mechanism>,
}

impl Capabilities {
    /// Reads a reply to EHLO.
    pub(super) fn of(reply: &Reply) -> Self {
        let mut can = Self::default();
        // RFC 5321 §4.1.1.1: the first line is the server's name and greeting.
        for line in reply.lines.iter().skip(1) {
            let line = String::from_utf8_lossy(line).to_ascii_uppercase();
            // Some old servers write `AUTH=LOGIN`.
            let mut words = line.split([' ', '=', '\t']).filter(|word| !word.is_empty());
            match words.next() {
                Some("8BITMIME") => can.eight_bit = true,
                Some("STARTTLS") => can.start_tls = true,
                Some("SIZE") => {
                    can.size = true;
                    // RFC 1870 §4: zero means that no limit is in force.
                    can.size_octets = words
                        .next()
                        .and_then(|word| word.parse().ok())
                        .filter(|octets| *octets > 0);
                }
                Some("AUTH") => {
                    for mechanism in words.filter_map(Mechanism::of_word) {
                        if !can.mechanisms.contains(&mechanism) {
                            can.mechanisms.push(mechanism);
                        }
                    }
                }
                _ => {}
            }
        }
        can
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Capabilities {
        Capabilities::of(&Reply {
            code: 250,
            lines: lines.iter().map(|l| l.as_bytes().to_vec()).collect(),
        })
    }

    #[test]
    fn keywords_are_read_in_any_case_and_the_greeting_is_not_one() {
        let can = of(&[
            "STARTTLS hello",
            "8bitmime",
            "SIZE 35882577",
            "auth login PLAIN XOAUTH2 X-OTHER",
            "AUTH=LOGIN",
        ]);
        assert!(can.eight_bit && !can.start_tls && can.size);
        assert_eq!(can.size_octets, Some(35_882_577));
        assert_eq!(
            can.mechanisms,
            [Mechanism::Login, Mechanism::Plain, Mechanism::XOAuth2]
        );
        assert_eq!(of(&["x", "SIZE 0"]).size_octets, None);
        assert_eq!(of(&["x", "SIZE"]).size_octets, None);
    }
}
