//! What own hosts attested that vouches for a claim: the boundary's client is a known provider's relay.
//!
//! In: [`Attestation`]s of own hosts, rules. Out: the vouching provider.
//! Standards: RFC 7208 §2.6 (SPF results), RFC 8601 §2.2 (results).
//! Trust: only a provider that a rule names vouches. A pass for a domain that the sender chose proves nothing; a DKIM
//! pass says who signed, not who handed over; and of a chain of seals (RFC 8617 §5.2) only the last one covers
//! what arrived, so that whoever seals last may have written all below. Both can be replayed: they vouch for no address.
//! Failures: none; a text that could be read in two ways vouches for nothing.

use std::net::IpAddr;

use super::Attestation;
use super::field::Received;
use super::names::domain_of;
use crate::rules::{Provider, Rules};

/// Returns the provider whose relay the boundary's client is, as an own host found by SPF.
///
/// RFC 7208 §2.6.3: a pass says that the address may send for the domain; where the domain is
/// the provider's own, the address is one of its relays.
pub(super) fn relay_of<'r>(
    attested: &[Attestation],
    boundary: &Received<'_>,
    rules: &'r Rules,
) -> Option<&'r Provider> {
    let mut results = attested
        .iter()
        .filter(|one| one.field == "Received-SPF" || count(&one.text, "spf=") > 0);
    let one = results.next()?;
    let agree = results.all(|other| is_pass(other) && mail_domain(other) == mail_domain(one));
    if !agree || !is_pass(one) {
        return None;
    }
    let client = value(&one.text, "client-ip=").map(|text| text.parse::<IpAddr>().ok());
    if client.is_some_and(|client| client.map(|addr| addr.to_canonical()) != boundary.reading.addr)
    {
        return None;
    }
    let domain = mail_domain(one)?;
    rules.providers.sending_for(domain)
}

/// Returns whether a result is an SPF pass, and nothing else could be read in it.
fn is_pass(one: &Attestation) -> bool {
    let text = one.text.as_str();
    // A reverse path in quotes may hold any text, results included.
    if text.contains(['"', '\\']) {
        return false;
    }
    if one.field == "Received-SPF" {
        text.split_ascii_whitespace()
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("pass"))
    } else {
        count(text, "spf=") == 1
            && value(text, "spf=").is_some_and(|word| word.eq_ignore_ascii_case("pass"))
    }
}

/// Returns the domain of the reverse path that was checked.
fn mail_domain(one: &Attestation) -> Option<&str> {
    let key = if one.field == "Received-SPF" {
        "envelope-from="
    } else {
        "smtp.mailfrom="
    };
    let path = value(&one.text, key)?.trim_matches(['<', '>']);
    (count(&one.text, key) == 1).then_some(())?;
    Some(domain_of(path).unwrap_or(path))
}

/// Returns how often a key stands in a text, in any case.
fn count(text: &str, key: &str) -> usize {
    text.to_ascii_lowercase().matches(key).count()
}

/// Returns the word behind a key.
fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let at = text.to_ascii_lowercase().find(key)?;
    let rest = text.get(at + key.len()..)?;
    rest.split([';', ' ', '\t', '\r', '\n', ')', '('])
        .next()
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spf(text: &str) -> Attestation {
        Attestation {
            writer: "mx.example.net".to_owned(),
            text: text.to_owned(),
            field: "Authentication-Results".to_owned(),
        }
    }

    #[test]
    fn a_result_that_the_sender_could_have_written_is_none() {
        assert!(is_pass(&spf("spf=pass smtp.mailfrom=a@example.org")));
        for text in [
            "spf=fail smtp.mailfrom=\"x; spf=pass smtp.mailfrom=a@example.org\"@example.net",
            "spf=fail (helo x) spf=pass (y) smtp.mailfrom=a@example.org",
            "spf=softfail smtp.mailfrom=a@example.org",
            "dkim=pass header.d=example.org",
        ] {
            assert!(!is_pass(&spf(text)), "{text}");
        }
        let twice = spf("spf=pass (x smtp.mailfrom=a@example.org) smtp.mailfrom=a@example.net");
        assert_eq!(mail_domain(&twice), None);
    }
}
