//! Which links are accused, and of which nothing but their place in the mail says that they are the fraud's.
//!
//! In: the links, which of them the mail calls its reader to, From's domains, what own hosts found. Out: [`Doubt`]s.
//! Standards: RFC 7489 §6.6 (who may write as a domain), RFC 7208 §2.6 (SPF results).
//! Trust: hostile. Phishing surrounds its one link with those of the house that it imitates, and of others; a spammer may
//! write as his own domain, too, so that From's is spared only where its holder is found not to have sent the mail.
//! Limits: a mail that calls its reader to an innocent's page has him accused.

use std::collections::HashSet;

use super::kind::imitates;
use super::{Doubt, Link, mailbox, registered_domain};
use crate::intake::Headers;
use crate::rules::Rules;
use crate::trace::Trace;

/// Spares the house that From names in vain, and notes which of the accused stand in doubt.
///
/// A link stands in doubt when it is called into the mail by nothing ([`Links`](super::link::Links) notes that as
/// [`Doubt::Others`]), bears no mark of its own, and others stand beside it.
pub(super) fn weigh(links: &mut [Link], headers: &Headers<'_>, trace: &Trace, rules: &Rules) {
    for link in links.iter_mut().filter(|link| is_marked(link, rules)) {
        link.doubt = None;
    }
    let accused = || links.iter().filter(|link| link.is_accused());
    let domains: HashSet<String> = accused().map(|link| domain(&link.host)).collect();
    let marked: HashSet<String> = accused()
        .filter(|link| link.doubt.is_none())
        .map(|link| domain(&link.host))
        .collect();
    let authors = disowned(headers, trace);
    let has_others = domains.iter().any(|domain| !authors.contains(domain));
    for link in links {
        let domain = domain(&link.host);
        let is_author = authors.contains(&domain);
        link.innocent |= is_author && has_others;
        link.doubt = if is_author {
            Some(Doubt::Disowned)
        } else if domains.len() > 1 && !marked.contains(&domain) {
            Some(Doubt::Others)
        } else {
            None
        };
    }
}

/// Returns the domain that was registered for a host, or the address.
fn domain(host: &str) -> String {
    registered_domain(host).unwrap_or_else(|| host.to_owned())
}

/// Returns whether a link looks like a fraud's by itself: a bare address, a look-alike, a program.
fn is_marked(link: &Link, rules: &Rules) -> bool {
    let path = link.url.split(['?', '#']).next().unwrap_or_default();
    let file = path
        .splitn(4, '/')
        .nth(3)
        .and_then(|path| path.rsplit('/').next())
        .unwrap_or_default();
    let is_program = file.rsplit_once('.').is_some_and(|(_, extension)| {
        let held = rules.evidence.held("dangerous-extension", extension);
        held.is_some()
    });
    link.host.parse::<std::net::IpAddr>().is_ok()
        || link.host.split('.').any(|label| label.starts_with("xn--"))
        || is_program
        || imitates(&link.host, rules)
}

/// Returns From's domains, where own hosts found that their holders did not send the message.
fn disowned(headers: &Headers<'_>, trace: &Trace) -> HashSet<String> {
    let registered = |domains: Vec<&str>| -> HashSet<String> {
        domains.into_iter().filter_map(registered_domain).collect()
    };
    let failed = registered(trace.failed_domains());
    let passed = registered(trace.passed_domains());
    mailbox::addresses(headers, "From")
        .iter()
        .filter_map(|author| registered_domain(author.rsplit_once('@')?.1))
        .filter(|domain| failed.contains(domain) && !passed.contains(domain))
        .collect()
}
