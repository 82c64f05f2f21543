//! What own hosts attested that vouches for a name: whose relay the source is, and which domains the message comes from.
//!
//! In: [`Attestation`]s of own hosts, the source's address, rules. Out: the vouching provider; domains.
//! Standards: RFC 7208 §2.6 (SPF results), RFC 8601 §2.7 (methods).
//! Trust: only a provider that a rule names vouches. A pass for a domain that the sender chose proves nothing; a DKIM
//! pass says who signed, not who handed over; and of a chain of seals (RFC 8617 §5.2) only the last one covers
//! what arrived, so that whoever seals last may have written all below. Both can be replayed: they vouch for no address.
//! Failures: none; a text that could be read in two ways vouches for nothing.

use std::net::IpAddr;

use super::Attestation;
use super::results::CheckResult;
use crate::rules::{Provider, Rules};

/// Returns the provider whose relay the source is, as an own host found by SPF.
///
/// RFC 7208 §2.6.3: a pass says that the address may send for the domain; where the domain is
/// the provider's own, the address is one of its relays.
pub(super) fn relay_of<'r>(
    attested: &[Attestation],
    source: IpAddr,
    rules: &'r Rules,
) -> Option<&'r Provider> {
    rules
        .providers
        .sending_for(spf_domain(attested, Some(source))?)
}

/// Returns the domains that passed: of the signatures, and of the reverse path.
pub(super) fn passed_domains(attested: &[Attestation], source: Option<IpAddr>) -> Vec<&str> {
    let results = attested.iter().filter_map(Attestation::results).flatten();
    // RFC 6376 §3.5: `d=` is the domain that signed, `i=` an agent within it.
    let signed = results
        .filter(|result| result.is_of("dkim") && result.is_pass())
        .flat_map(|result| [result.domain("header", "d"), result.domain("header", "i")])
        .flatten();
    signed.chain(spf_domain(attested, source)).collect()
}

/// Returns the domains that failed: From's by DMARC, the reverse path's by SPF.
///
/// Only what a host found counts that had the message from the source: further in, the check
/// is about the host that handed on.
pub(super) fn failed_domains(attested: &[Attestation], source: Option<IpAddr>) -> Vec<&str> {
    let attested = attested.iter().filter(|one| one.is_of_source);
    let results = attested.filter_map(Attestation::results).flatten();
    let failed = results.filter(CheckResult::is_fail);
    let domains = failed.filter_map(|result| {
        if result.is_of("dmarc") {
            // RFC 8601 §2.7.6: DMARC is about the domain of From.
            result.domain("header", "from")
        } else {
            let is_spf = result.is_of("spf") && is_about(&result, source);
            is_spf.then(|| path_domain(&result)).flatten()
        }
    });
    domains.collect()
}

/// Returns the domain of the reverse path, if all hosts that had the message from the source found that it passed.
fn spf_domain(attested: &[Attestation], source: Option<IpAddr>) -> Option<&str> {
    let mut domain: Option<&str> = None;
    for one in attested.iter().filter(|one| one.is_of_source) {
        for result in one.results()?.iter().filter(|result| result.is_of("spf")) {
            let passed = mail_domain(result).filter(|_| is_about(result, source))?;
            if domain.is_some_and(|other| !other.eq_ignore_ascii_case(passed)) {
                return None;
            }
            domain.get_or_insert(passed);
        }
    }
    domain
}

/// Returns the domain of a reverse path that passed.
fn mail_domain<'t>(result: &CheckResult<'t>) -> Option<&'t str> {
    result.is_pass().then(|| path_domain(result)).flatten()
}

/// Returns the domain of the reverse path that was checked.
fn path_domain<'t>(result: &CheckResult<'t>) -> Option<&'t str> {
    // RFC 7208 §9.1: `identity` says what was checked, the path or HELO.
    let identity = result.value("", "identity");
    identity
        .is_none_or(|identity| identity.eq_ignore_ascii_case("mailfrom"))
        .then_some(())?;
    result
        .domain("", "envelope-from")
        .or(result.domain("smtp", "mailfrom"))
}

/// Returns whether a result is about this address, as far as it says.
fn is_about(result: &CheckResult<'_>, source: Option<IpAddr>) -> bool {
    // RFC 7208 §9.1: `client-ip`; RFC 8617 §10.2: `smtp.remote-ip`.
    [
        ("", "client-ip"),
        ("smtp", "client-ip"),
        ("smtp", "remote-ip"),
    ]
    .iter()
    .filter_map(|(kind, name)| result.value(kind, name))
    .all(|text| {
        let addr = text.trim_matches('"').parse::<IpAddr>();
        addr.is_ok_and(|addr| Some(addr.to_canonical()) == source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::results::tests::said;

    const SOURCE: &str = "192.0.2.7";

    fn passed(attested: &[Attestation]) -> Vec<&str> {
        passed_domains(attested, SOURCE.parse().ok())
    }

    #[test]
    fn a_domain_counts_only_with_its_own_result() {
        for (text, domains) in [
            (
                "dkim=pass header.d=esp.example; spf=pass smtp.mailfrom=b@mail.esp.example",
                &["esp.example", "mail.esp.example"][..],
            ),
            (
                "dkim=fail (bad) header.d=esp.example; spf=pass smtp.mailfrom=a@shop.example",
                &["shop.example"],
            ),
            (
                "dkim=pass (2048-bit) header.i=@esp.example",
                &["esp.example"],
            ),
            (
                "spf=fail (dkim=pass header.d=esp.example) smtp.mailfrom=a@shop.example",
                &[],
            ),
            ("dkim=none; spf=softfail smtp.mailfrom=esp.example", &[]),
            (
                "spf=fail smtp.mailfrom=\"a;dkim=pass header.d=esp.example\"@shop.example",
                &[],
            ),
            (
                "dkimx=pass header.d=esp.example; spf=pass smtp.helo=esp.example",
                &[],
            ),
            (
                "spf=pass smtp.mailfrom=esp.example smtp.remote-ip=192.0.2.8",
                &[],
            ),
        ] {
            let one = said("Authentication-Results", text);
            assert_eq!(passed(&[one]), domains, "{text}");
        }
    }

    #[test]
    fn a_domain_fails_by_dmarc_or_by_spf_of_the_source() {
        for (text, domains) in [
            (
                "spf=fail smtp.mailfrom=a@bank.example; dmarc=fail header.from=bank.example",
                &["bank.example", "bank.example"][..],
            ),
            ("spf=softfail smtp.mailfrom=bank.example", &["bank.example"]),
            (
                "dmarc=pass header.from=bank.example; spf=none smtp.mailfrom=bank.example",
                &[],
            ),
            ("dkim=fail header.d=bank.example", &[]),
            (
                "spf=fail smtp.mailfrom=bank.example smtp.remote-ip=192.0.2.8",
                &[],
            ),
        ] {
            let one = said("Authentication-Results", text);
            let inside = Attestation {
                is_of_source: false,
                ..one.clone()
            };
            let failed = |one| failed_domains(one, SOURCE.parse().ok());
            assert_eq!(failed(std::slice::from_ref(&one)), domains, "{text}");
            assert!(failed(&[inside]).is_empty());
        }
    }

    #[test]
    fn all_who_had_the_message_from_the_source_must_agree_about_the_reverse_path() {
        let pass = "spf=pass smtp.mailfrom=a@esp.example";
        let results = |text| said("Authentication-Results", text);
        let noted = |text| said("Received-SPF", text);
        let agrees = "Pass (x) client-ip=192.0.2.7; envelope-from=\"b@ESP.example\"";
        assert_eq!(passed(&[results(pass), noted(agrees)]), ["esp.example"]);
        for other in [
            results("spf=fail smtp.mailfrom=a@esp.example"),
            results("spf=pass smtp.mailfrom=a@shop.example"),
            results("spf=pass (\"x) smtp.mailfrom=a@esp.example"),
            noted("pass client-ip=192.0.2.8; envelope-from=a@esp.example"),
            noted("pass identity=helo; client-ip=192.0.2.7; envelope-from=a@esp.example"),
        ] {
            assert!(
                passed(&[results(pass), other.clone()]).is_empty(),
                "{other:?}"
            );
        }
        // What a host deeper inside found is about the host that handed on to it.
        let inside = Attestation {
            is_of_source: false,
            ..results("spf=fail smtp.mailfrom=a@esp.example")
        };
        assert_eq!(passed(&[results(pass), inside]), ["esp.example"]);
        let inside = Attestation {
            is_of_source: false,
            ..results(pass)
        };
        assert!(passed(&[inside]).is_empty());
    }
}
