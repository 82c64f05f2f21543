//! Reads what the user's own hosts attested about a message.
//!
//! In: headers, the own side, rules. Out: [`Attestation`]s.
//! Standards: RFC 8601 (Authentication-Results), RFC 7208 §9.1 (Received-SPF), RFC 8617 §4.1.1 (ARC-Authentication-Results).
//! Trust: a field counts only if an own host wrote it: it stands above the boundary field, under an own
//! host's name; below it anybody can have written one, with that very name.
//! Limits: the results are kept as text; signatures are not verified again.

use super::Attestation;
use super::field::Received;
use super::names::{same_domain, same_host};
use crate::intake::{Field, Headers};
use crate::rules::Rules;

/// Attestations that are kept at most; hosts write a handful.
const ATTESTATION_LIMIT: usize = 16;

/// The fields in which hosts attest.
const FIELDS: [&str; 3] = [
    "Authentication-Results",
    "Received-SPF",
    "ARC-Authentication-Results",
];

/// Reads the attestations of the hosts that wrote the fields down to `boundary`.
pub(super) fn read(
    headers: &Headers<'_>,
    fields: &[Received<'_>],
    boundary: usize,
    rules: &Rules,
) -> Vec<Attestation> {
    let own = fields.get(..=boundary).unwrap_or_default();
    let Some(last) = own.last() else {
        return Vec::new();
    };
    // Some providers write their results below their own Received field, and take
    // strangers' out that bear their name (RFC 8601 §5); a rule says which.
    let below = fields
        .get(boundary + 1)
        .map_or(headers.fields().len(), |next| next.place);
    let provider = last
        .reading
        .by
        .and_then(|by| rules.providers.writing(by))
        .filter(|provider| provider.attests_below());
    let mut found: Vec<Attestation> = Vec::new();
    for (place, field) in headers.fields().iter().enumerate().take(below) {
        let Some(name) = FIELDS.iter().find(|name| field.is(name)) else {
            continue;
        };
        let Some((writer, text)) = split(name, field) else {
            continue;
        };
        let believed = if place < last.place {
            own.iter().any(|passed| {
                passed
                    .reading
                    .by
                    .is_some_and(|by| same_host(by, &writer) || same_domain(by, &writer))
            })
        } else {
            provider.is_some_and(|provider| provider.writes(&writer))
                && !found.iter().any(|one| one.field == *name)
        };
        if believed && found.len() < ATTESTATION_LIMIT {
            found.push(Attestation {
                writer,
                text,
                field: (*name).to_owned(),
            });
        }
    }
    found
}

/// Splits a field into its writer and its results.
fn split(name: &str, field: &Field<'_>) -> Option<(String, String)> {
    let text = field.text();
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if name == "Received-SPF" {
        // RFC 7208 §9.1: `pass (HOST: explanation) key=value; …`, and `receiver=HOST`.
        let writer = match text.split_once("receiver=") {
            Some((_, receiver)) => receiver.split([';', ' ']).next()?,
            None => text.split_once('(')?.1.split([':', ' ']).next()?,
        };
        return Some((writer.to_owned(), text.clone()));
    }
    // RFC 8617 §4.1.1: the instance stands before the authserv-id.
    let rest = match text.strip_prefix("i=") {
        Some(rest) => rest.split_once(';')?.1,
        None => &text,
    };
    // RFC 8601 §2.2: `authserv-id [version] ; results`
    let (id, results) = rest.split_once(';')?;
    let writer = id.split_ascii_whitespace().next()?;
    Some((writer.to_owned(), results.trim().to_owned()))
}
