//! What own hosts found out about the sender, each finding once.
//!
//! In: [`Attestation`]s. Out: a line each: who wrote it, in which fields, what.
//! Standards: RFC 8601 §2.2 (Authentication-Results), RFC 8617 §4.1.1 (the same in a chain).
//! Trust: an own host wrote them, about strangers' names: every value is escaped.

use super::case::shown;
use crate::trace::Attestation;

/// Who wrote a finding, and in which fields.
type Writer<'a> = (&'a str, Vec<&'a str>);

/// Returns a line for each finding, first seen first.
///
/// The same finding often stands in two fields, or once for every host that
/// passed the mail on: it is one finding, of all of them.
pub(super) fn lines(attestations: &[Attestation]) -> Vec<String> {
    let mut findings: Vec<(&str, Vec<Writer<'_>>)> = Vec::new();
    for one in attestations {
        match findings.iter_mut().find(|(text, _)| *text == one.text) {
            Some((_, writers)) => add(writers, one),
            None => findings.push((&one.text, vec![(&one.writer, vec![&one.field])])),
        }
    }
    findings
        .into_iter()
        .map(|(text, writers)| {
            let by = writers
                .iter()
                .map(|(name, fields)| format!("{} ({})", shown(name), shown(&fields.join(", "))));
            let by: Vec<String> = by.collect();
            format!("{}: {}", by.join(", "), shown(text))
        })
        .collect()
}

fn add<'a>(writers: &mut Vec<Writer<'a>>, one: &'a Attestation) {
    match writers.iter_mut().find(|(name, _)| *name == one.writer) {
        Some((_, fields)) if fields.contains(&one.field.as_str()) => {}
        Some((_, fields)) => fields.push(&one.field),
        None => writers.push((&one.writer, vec![&one.field])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_finding_stands_once_with_all_who_wrote_it() {
        let of = |writer: &str, field: &str, text: &str| Attestation {
            writer: writer.to_owned(),
            field: field.to_owned(),
            text: text.to_owned(),
            is_of_source: true,
        };
        let all = [
            of("mx.example.org", "ARC-Authentication-Results", "spf=pass"),
            of("mx.example.org", "Authentication-Results", "spf=pass"),
            of("in.example.org", "Authentication-Results", "spf=pass"),
            of("mx.example.org", "Authentication-Results", "dkim=\x1bfail"),
            of("mx.example.org", "Authentication-Results", "spf=pass"),
        ];
        assert_eq!(
            lines(&all),
            [
                "mx.example.org (ARC-Authentication-Results, Authentication-Results), in.example.org (Authentication-Results): spf=pass",
                "mx.example.org (Authentication-Results): dkim=\\x1bfail",
            ]
        );
    }
}
