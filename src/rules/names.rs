//! Compares host names: the same host, or hosts of one domain.
//!
//! In: names as fields have them. Out: yes or no.
//! Standards: RFC 1034 §3.1 (case, final dot).
//! Trust: a name proves nothing by itself; who wrote it decides.

use crate::intake::eight::{self, equal};

/// Returns whether two names are the same host.
#[must_use]
pub fn same_host(a: &str, b: &str) -> bool {
    a.trim_end_matches('.')
        .eq_ignore_ascii_case(b.trim_end_matches('.'))
}

/// Returns whether two names lie in one registered domain.
///
/// Bare names, addresses and names of the public suffix list itself lie in none.
#[must_use]
pub fn same_domain(a: &str, b: &str) -> bool {
    if !may_share_a_domain(a, b) {
        return false;
    }
    let (shorter, longer) = if a.len() < b.len() { (a, b) } else { (b, a) };
    registered(longer).is_some_and(|domain| {
        // The list says the same of a domain and of all that lies in it.
        shorter == domain
            || registered(shorter).is_some_and(|other| other.eq_ignore_ascii_case(domain))
    })
}

/// Returns whether two names end alike as far as into their last label but one: names of one domain do.
fn may_share_a_domain(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_end_matches('.'), b.trim_end_matches('.'));
    let mut alike = a.bytes().rev().zip(b.bytes().rev());
    let mut has_dot = false;
    alike
        .find_map(|(a, b)| {
            if !a.eq_ignore_ascii_case(&b) {
                return Some(false);
            }
            let is_beyond = has_dot;
            has_dot |= a == b'.';
            is_beyond.then_some(true)
        })
        .unwrap_or(false)
}

/// Returns whether a host is a domain, or lies below it; a dot at its end does not count.
#[must_use]
pub fn lies_in(host: &str, domain: &str) -> bool {
    let host = host.trim_end_matches('.').as_bytes();
    let ends = host
        .len()
        .checked_sub(domain.len())
        .and_then(|at| host.split_at_checked(at));
    ends.is_some_and(|(before, end)| {
        end.eq_ignore_ascii_case(domain.as_bytes()) && matches!(before, [] | [.., b'.'])
    })
}

/// Returns whether two hosts stand in one domain, the one beside the other or below it, and that domain is registered.
#[must_use]
pub fn are_near(a: &str, b: &str) -> bool {
    let within = |host: &str, other: &str| {
        let other = other.trim_end_matches('.');
        let parent = other.split_once('.').map(|(_, parent)| parent);
        parent.is_some_and(|parent| {
            lies_in(host, parent)
                && !same_host(host, parent)
                && registered(other).is_some_and(|domain| parent.len() >= domain.len())
        })
    };
    within(a, b) || within(b, a)
}

/// Returns the registered domain of a name.
#[must_use]
pub fn registered(name: &str) -> Option<&str> {
    let name = name.trim_end_matches('.');
    let last = name.bytes().rev().take_while(|octet| *octet != b'.');
    let last_octets = last.clone().count();
    let is_host = last_octets < name.len()
        && last
            .into_iter()
            .all(|octet| octet.is_ascii_alphabetic() || octet == b'-');
    if !is_host {
        return None;
    }
    // The library's own text would be looked through for UTF-8 once more.
    let domain = psl::domain(name.as_bytes())?.as_bytes().len();
    name.get(name.len().checked_sub(domain)?..)
}

/// Returns whether a name names no host that others could know: `localhost`, a bare word.
#[must_use]
pub fn is_bare(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let sign = eight::find(name.as_bytes(), |block| {
        equal(block, b'.') | equal(block, b':')
    });
    sign.is_none() || name.eq_ignore_ascii_case("localhost.localdomain")
}

/// Returns the domain of a mailbox.
#[must_use]
pub fn domain_of(mailbox: &str) -> Option<&str> {
    let at = mailbox.bytes().rposition(|octet| octet == b'@')?;
    mailbox.get(at + 1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_domains_are_compared_as_names() {
        assert!(same_host("MX.example.net.", "mx.example.net"));
        assert!(same_domain("mx.foo.co.uk", "mail.foo.co.uk"));
        assert!(!same_domain("a.co.uk", "b.co.uk"));
        assert!(are_near("mx3.foo.co.uk", "Store7.foo.co.uk."));
        assert!(are_near("mx3.in.foo.co.uk", "store7.foo.co.uk"));
        assert!(!are_near("out.one.foo.co.uk", "mx.two.foo.co.uk"));
        assert!(!are_near("foo.co.uk", "bar.co.uk"));
        assert!(!are_near("a.b", "xa.b") && !are_near("", "."));
        assert!(!same_domain("localhost", "localhost"));
        assert!(!same_domain("192.0.2.7", "198.51.2.7"));
        assert!(is_bare("localhost") && !is_bare("2001:db8::1"));
    }

    #[test]
    fn a_host_lies_in_a_domain_by_whole_labels() {
        for host in ["example.org", "a.Example.org", "a.example.org."] {
            assert!(lies_in(host, "example.org"), "{host}");
        }
        for host in ["badexample.org", "example.org.example.net", "org", "é.org"] {
            assert!(!lies_in(host, "example.org"), "{host}");
        }
    }
}
