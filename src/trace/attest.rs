//! Reads what the user's own hosts attested about a message.
//!
//! In: headers, the own side, rules. Out: [`Attestation`]s.
//! Standards: RFC 8601 (Authentication-Results), RFC 7208 §9.1 (Received-SPF), RFC 8617 §4.1.1 (ARC-Authentication-Results).
//! Trust: a field counts only if an own host wrote it: it stands above the boundary field, under an own
//! host's name; below it anybody can have written one, with that very name.
//! Limits: the results are kept as text; signatures are not verified again.

use super::field::Received;
use super::{Attestation, results};
use crate::intake::{Field, Headers};
use crate::rules::names::{same_domain, same_host};
use crate::rules::{Rules, is_inner};

/// Attestations that are kept at most; hosts write a handful.
const ATTESTATION_LIMIT: usize = 16;

/// Results of all methods. RFC 8601 §2.
const RESULTS: &str = "Authentication-Results";

/// The result of SPF alone. RFC 7208 §9.1.
const NOTED: &str = "Received-SPF";

/// Results that a seal covers. RFC 8617 §4.1.1.
const SEALED: &str = "ARC-Authentication-Results";

/// The fields in which hosts attest.
const FIELDS: [&str; 3] = [RESULTS, NOTED, SEALED];

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
    let is_own = |writer: &str| {
        own.iter()
            .filter_map(|passed| passed.reading.by)
            .any(|by| same_host(by, writer) || same_domain(by, writer))
    };
    let all = headers.fields();
    let above = all.iter().enumerate().take(last.place);
    let mut found: Vec<Attestation> = above
        .filter_map(|(place, field)| {
            let (name, writer, text) = attested(field)?;
            is_own(&writer).then(|| Attestation {
                writer,
                text,
                field: name.to_owned(),
                is_of_source: had_it_from_the_source(own, place),
            })
        })
        .collect();
    // Some providers write their results below their own Received field, and take
    // strangers' out that bear their name (RFC 8601 §5); a rule says which. They end with
    // Authentication-Results: what stands further down, the sender wrote.
    let provider = last
        .reading
        .by
        .and_then(|by| rules.providers.writing(by))
        .filter(|provider| provider.attests_below());
    for field in all.iter().skip(last.place + 1) {
        let Some((provider, (name, writer, text))) = provider.zip(attested(field)) else {
            break;
        };
        if name == SEALED {
            break;
        }
        if provider.writes(&writer) {
            found.push(Attestation {
                writer,
                text,
                field: name.to_owned(),
                is_of_source: true,
            });
        }
        if name == RESULTS {
            break;
        }
    }
    found.truncate(ATTESTATION_LIMIT);
    found
}

/// Returns whether what stands at a place is about the source: between there and the boundary, the message
/// stayed on the own side's machines, and was handed over by none that strangers can reach.
fn had_it_from_the_source(own: &[Received<'_>], place: usize) -> bool {
    own.iter()
        .rev()
        .skip(1)
        .filter(|field| field.place > place)
        .all(|field| field.reading.addr.is_none_or(is_inner))
}

/// Returns name, writer and results of a field in which a host attests.
fn attested(field: &Field<'_>) -> Option<(&'static str, String, String)> {
    let name = FIELDS.into_iter().find(|name| field.is(name))?;
    let text = field.text();
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if name != NOTED {
        let (writer, results) = results::split(&text)?;
        return Some((name, writer.to_owned(), results.to_owned()));
    }
    // RFC 7208 §9.1: `pass (HOST: explanation) key=value; …`, and `receiver=HOST`.
    let one = Attestation {
        writer: String::new(),
        text,
        field: name.to_owned(),
        is_of_source: false,
    };
    let results = one.results()?;
    let receiver = results.first()?.value("", "receiver");
    let writer = match receiver {
        Some(receiver) => receiver.trim_matches('"'),
        None => one.text.split_once('(')?.1.split([':', ' ']).next()?,
    };
    Some((name, writer.to_owned(), one.text.clone()))
}
