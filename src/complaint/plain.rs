//! Makes one plain text of a report that was composed before: for a draft, which a mail program keeps as it is.
//!
//! In: a [`Complaint`] as ARF, its message and trace. Out: the same complaint, header and body of the evidence in its text.
//! Standards: RFC 5322 §3.6 (the fields of the header section stay).
//! Trust: the evidence is cut out of the finished octets, masked as it is, and the new octets are searched again.
//! Failures: what is no ARF report comes back as it is.

use super::own::{self, Facts, Own};
use super::{Complaint, Format, Identity, Munge, case, compose, draft, leak, quote, text};
use crate::contact::AbuseMailbox;
use crate::evidence::mime;
use crate::intake::{Headers, Message};
use crate::rules::Rules;
use crate::trace::Trace;

/// Returns a complaint as one plain text; one that is no ARF report comes back as it is.
///
/// `message` and `trace` are those that it was composed of: they tell what has
/// to stay hidden.
#[must_use]
pub fn as_plain(
    complaint: Complaint,
    message: &Message,
    trace: &Trace,
    identity: &Identity,
    rules: &Rules,
    language: &str,
) -> Complaint {
    if complaint.format != Format::Arf {
        return complaint;
    }
    let octets = &complaint.octets;
    let Some((header, evidence)) = taken_apart(octets) else {
        return complaint;
    };
    let body = evidence
        .get(Headers::parse(evidence).body_at()..)
        .unwrap_or_default();
    let mut text = without_attachment(&complaint.text, rules);
    if !body.trim_ascii().is_empty() {
        text.push_str(&quote::quoted(
            rules,
            language,
            "body",
            body.trim_ascii_end(),
        ));
    }
    let octets = compose::plain_below(header, &text);
    let leaks = match complaint.munge {
        Munge::None => Vec::new(),
        _ => {
            let shown = own::shown(message, trace, rules);
            let desk = complaint.desk.mailbox.as_ref().map(AbuseMailbox::as_str);
            let facts = Facts::of(trace, None, desk.as_slice());
            let own = Own::of(identity, &shown, &facts, rules);
            let is_clean = complaint.leaks.is_empty();
            draft::leaks(&leak::without_exempt(&octets), &case::forms(&own), is_clean)
        }
    };
    Complaint {
        octets,
        text,
        format: Format::Plain,
        leaks,
        ..complaint
    }
}

/// Returns a text that does not speak of exact octets that go along: a text has nothing beside it.
fn without_attachment(text: &str, rules: &Rules) -> String {
    let mut text = text.to_owned();
    for language in rules.texts.languages() {
        let line = |key| {
            let mut line = "\n".to_owned();
            let said = rules.texts.say(language, key, &[]).unwrap_or_default();
            quote::wrapped(&said, "  ", &mut line);
            line
        };
        text = text.replacen(&line(text::EXACT), &line(text::BROKEN), 1);
    }
    text
}

/// Returns the header section up to Content-Type, and the evidence.
fn taken_apart(octets: &[u8]) -> Option<(String, &[u8])> {
    let headers = Headers::parse(octets);
    // RFC 5322 §3.6: the eight fields that we wrote ourselves, in our own order.
    let end = headers.first("Content-Type")?.at();
    let header = std::str::from_utf8(octets.get(..end)?).ok()?;
    let structure = mime::walk(octets);
    let evidence = structure
        .parts
        .iter()
        .find(|part| part.media_type == "message/rfc822" && part.parent == Some(0))?;
    Some((header.to_owned(), octets.get(evidence.body.clone())?))
}
