//! The desk's own marks in a message: what it can search its logs for.
//!
//! In: the header section, the trace. Out: lines to be quoted as claims.
//! Standards: RFC 5321 §4.4 (`id` of a Received field).
//! Trust: they stand below the boundary, where a stranger may have written them: claims, every one.

use super::case::{Case, shown};

/// Marks that are quoted at most.
const STAMP_LIMIT: usize = 12;

/// Returns the marks that the source's own hosts seem to have left in the message.
pub(super) fn stamps(case: &Case<'_>, hides_tokens: bool) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(line) = queue_id(case) {
        found.push(line);
    }
    let rules = &case.material.rules.evidence;
    for field in case.headers.fields() {
        let name = String::from_utf8_lossy(field.name());
        if found.len() < STAMP_LIMIT && rules.held("stamp", &name).is_some() {
            let value = case.quoted(&name, field.text().into_owned(), hides_tokens);
            found.push(format!("{}: {}", shown(&name), shown(&value)));
        }
    }
    found
}

/// Returns the queue id in the field that the source itself seems to have written, right below the boundary.
fn queue_id(case: &Case<'_>) -> Option<String> {
    let boundary = case.boundary?;
    let hops = &case.material.trace.hops;
    let below = hops.iter().find(|hop| hop.field == boundary.field + 1)?;
    let (by, id) = (below.by.as_deref()?, below.id.as_deref()?);
    let names = [boundary.rdns.as_deref(), boundary.helo.as_deref()];
    names
        .into_iter()
        .flatten()
        .any(|name| {
            name.trim_end_matches('.')
                .eq_ignore_ascii_case(by.trim_end_matches('.'))
        })
        .then(|| format!("Received by {}: id {}", shown(by), shown(id)))
}
