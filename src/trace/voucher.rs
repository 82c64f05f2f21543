//! What own hosts attested that vouches for a claim: the client is a known provider's relay, or a provider sealed an address.
//!
//! In: [`Attestation`]s of own hosts, headers, rules. Out: the vouching provider; [`Sealed`] addresses.
//! Standards: RFC 7208 §2.6 (SPF results), RFC 8617 §4.1 (ARC sets), RFC 8601 §2.2 (results).
//! Trust: only a provider that a rule names vouches. A pass for a domain that the sender chose proves nothing, and
//! a DKIM pass says who signed, not who handed over: it can be replayed, so it vouches for no address.
//! Failures: none; a text that could be read in two ways vouches for nothing.

use std::net::IpAddr;

use super::Attestation;
use super::field::Received;
use super::names::domain_of;
use crate::intake::{Field, Headers};
use crate::rules::{Provider, Rules};

/// RFC 8617 §4.2.1: a chain has at most 50 sets.
const SETS: u32 = 50;

/// An address that a provider's seal names.
#[derive(Debug)]
pub(super) struct Sealed<'r> {
    /// The client that handed the message to the provider, as it noted.
    pub(super) addr: IpAddr,
    /// The provider.
    pub(super) provider: &'r Provider,
    /// The own host that found the seals unbroken.
    pub(super) checked_by: String,
}

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

/// Returns the addresses that providers' seals name, where an own host found the chain of seals unbroken.
pub(super) fn sealed<'r>(
    attested: &[Attestation],
    headers: &Headers<'_>,
    boundary: &Received<'_>,
    rules: &'r Rules,
) -> Vec<Sealed<'r>> {
    let Some(checked) = attested.iter().find(|one| {
        one.field == "Authentication-Results"
            && !one.text.contains(['"', '\\'])
            && count(&one.text, "arc=") == 1
            && value(&one.text, "arc=").is_some_and(|word| word.eq_ignore_ascii_case("pass"))
    }) else {
        return Vec::new();
    };
    // What stands above the boundary own hosts sealed; the sets that were checked stand below it.
    let below: Vec<&Field<'_>> = headers.fields().iter().skip(boundary.place + 1).collect();
    let of = |name: &str, set: u32| {
        let mut fields = below
            .iter()
            .filter(|field| field.is(name))
            .map(|field| field.text())
            .filter(|text| instance(text) == Some(set));
        // RFC 8617 §5.1.1.2: one of each in a set.
        let one = fields.next()?;
        fields.next().is_none().then_some(one)
    };
    let mut found = Vec::new();
    for set in 1..=SETS {
        let Some((seal, results)) = of("ARC-Seal", set).zip(of("ARC-Authentication-Results", set))
        else {
            break;
        };
        let provider = value(&seal, "d=").and_then(|domain| rules.providers.sealing(domain));
        if let Some((provider, addr)) = provider.zip(noted(&results)) {
            found.push(Sealed {
                addr,
                provider,
                checked_by: checked.writer.clone(),
            });
        }
    }
    found
}

/// Returns the instance of an ARC field. RFC 8617 §4.2.1.
fn instance(text: &str) -> Option<u32> {
    value(text, "i=")?.parse().ok()
}

/// Returns the client that the sealed results note, if they note one and only one.
fn noted(results: &str) -> Option<IpAddr> {
    // RFC 8617 §4.1.1 has no place for it but `smtp.remote-ip`; others write it into the remark on SPF.
    const NOTES: [&str; 3] = ["smtp.remote-ip=", "sender ip is ", "designates "];
    if results.contains(['"', '\\'])
        || NOTES.iter().map(|note| count(results, note)).sum::<usize>() != 1
    {
        return None;
    }
    let text = NOTES.iter().find_map(|note| value(results, note))?;
    text.trim_end_matches('.')
        .parse::<IpAddr>()
        .ok()
        .map(|addr| addr.to_canonical())
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

    #[test]
    fn a_seal_notes_one_client_or_none() {
        let of = |text: &str| noted(text).map(|addr| addr.to_string());
        assert_eq!(
            of("i=1; mx.example.net; spf=pass (example.net: domain of a@example.org designates 192.0.2.7 as permitted sender) smtp.mailfrom=a@example.org").as_deref(),
            Some("192.0.2.7")
        );
        assert_eq!(
            of("i=1; mx.example.net 1; spf=pass (sender ip is 2001:db8::7) smtp.mailfrom=example.org").as_deref(),
            Some("2001:db8::7")
        );
        assert_eq!(
            of("i=1; mx.example.net; smtp.remote-ip=192.0.2.7; spf=pass (sender ip is 192.0.2.8)"),
            None
        );
        assert_eq!(
            of("i=1; mx.example.net; spf=pass smtp.mailfrom=192.0.2.7@example.org"),
            None
        );
    }
}
