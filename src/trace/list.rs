//! Recognises mail of a list that the user is on, whether its host is named or not.
//!
//! In: a [`Handover`]. Out: what marks it, or whether a named host re-posted it.
//! Standards: RFC 2919 (List-Id), RFC 2369 (List-Post), RFC 5598 §5.3 (mailing lists).
//! Trust: a stranger can write all of these lines; they keep a complaint back or word a story, and open no way below.
//! Failures: none; what fits no rule is no list.

use super::handover::{Client, Handover};
use super::recipients::Recipients;
use crate::intake::Headers;
use crate::rules::names::{domain_of, same_domain, same_host};

/// How Google Groups tags the reverse path behind the group's name, at whatever domain the group is.
const GROUP: &str = "+bnc";

/// The marks of a list's program, and a field in which a host of its domain took the message in from elsewhere.
///
/// Either the list's identifier or the reverse path must lie in the client's domain, or a large provider that is the
/// client must have tagged the path. `kind` is what [`kind`] found.
pub(super) fn posted(at: &Handover<'_>, client: &Client<'_>, kind: &str) -> Option<String> {
    let path = match at.last_own.reading.reverse_path {
        Some(path) => Some(path.to_owned()),
        None => at
            .headers
            .first("Return-Path")
            .map(|field| field.text().into_owned()),
    };
    let is_its_own = list_host(at.headers).is_some_and(|domain| client.is_near(&domain))
        || path
            .as_deref()
            .and_then(|path| domain_of(path.trim_matches(['<', '>', ' '])))
            .is_some_and(|domain| client.is_near(domain))
        || path.is_some_and(|path| path.contains(GROUP))
            && at.rules.providers.writing(client.name).is_some();
    let took = at.below.iter().any(|field| {
        let from = field
            .reading
            .addr
            .filter(|addr| Some(*addr) != at.last_own.reading.addr);
        field.has_client()
            && from.is_some_and(|addr| !addr.is_loopback())
            && field.reading.by.is_some_and(|by| client.is_near(by))
    });
    (is_its_own && took).then(|| {
        format!(
            "the message bears the marks of {kind}, and `{}` passed it on",
            client.shown()
        )
    })
}

/// Returns which kind of list the headers name, or the reverse path that the boundary host noted.
pub(super) fn kind<'m>(at: &Handover<'m>) -> Option<&'m str> {
    let rules = at.rules;
    rules.lists.kind(at.headers, &rules.paths).or_else(|| {
        let path = at.last_own.reading.reverse_path?;
        rules.lists.kind_by_path(path, &rules.paths)
    })
}

/// Returns whether the message came over a list that a host of the user's own side runs, one that he named.
///
/// The list's identifier must lie in the domain of a host that was passed, and that host must have
/// taken the message for another mailbox than the user's, or bear a list program's marks.
pub(super) fn named_list(at: &Handover<'_>) -> bool {
    let (headers, own, trust, rules) = (at.headers, at.own, at.trust, at.rules);
    let Some(domain) = list_host(headers) else {
        return false;
    };
    let host = own.iter().enumerate().find(|(at, field)| {
        // A host below another one, that the user named by itself or by its address.
        let named = field.reading.by.is_some_and(|by| {
            (same_host(&domain, by) || same_domain(&domain, by))
                && (trust.holds_host(by)
                    || at
                        .checked_sub(1)
                        .and_then(|above| own.get(above))
                        .is_some_and(|above| {
                            above
                                .reading
                                .addr
                                .is_some_and(|addr| trust.holds_addr(addr))
                        }))
        });
        named && *at > 0
    });
    let Some((at, _)) = host else {
        return false;
    };
    let above = Recipients::of(headers, own.get(..at).unwrap_or_default(), trust, rules);
    let reposted = own.iter().skip(at).any(|field| {
        field.reading.for_.is_some_and(|mailbox| {
            above.are_others(mailbox)
                && domain_of(mailbox)
                    .is_some_and(|at| same_host(at, &domain) || same_domain(at, &domain))
        })
    });
    reposted || rules.lists.kind(headers, &rules.paths).is_some()
}

/// Returns the domain of the list that the message claims to come from.
pub(super) fn list_host(headers: &Headers<'_>) -> Option<String> {
    let id = headers.first("List-Id")?.text();
    // RFC 2919 §2: the identifier stands in angle brackets.
    let id = id.rsplit_once('<').map_or(id.as_ref(), |(_, id)| id);
    let id = id.split('>').next()?.trim();
    let (_, domain) = id.split_once('.')?;
    Some(domain.to_ascii_lowercase())
}
