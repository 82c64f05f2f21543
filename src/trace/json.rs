//! Shows a trace as one JSON object: schema 1.
//!
//! In: where a message was read, its size, its headers, what was [`Judged`]. Out: [`Line`].
//! Standards: RFC 8259; times as RFC 3339; encoded words (RFC 2047) decoded.
//! Trust: foreign text stays as it is, in JSON's own escapes; nothing is omitted, what is unknown is null.
//! Limits: field names and order are fixed; additions come at the end.

use std::borrow::Cow;

use super::field::{NAME_CHARS, Received};
use super::sentence::{Piece, Sentence};
use super::{Confidence, HopTrust, Judged, Nature, SourceKind, date};
use crate::failure::guarded;
use crate::intake::{Headers, Repair};

// strings, numbers, times
mod text;
use text::Text;

#[cfg(test)]
mod tests;

/// Octets of a subject that are decoded; longer ones are shown as they stand.
const SUBJECT_LIMIT: usize = 4096;

/// Octets that room is made for: a record of five hops has about 3 KiB.
const USUAL_OCTETS: usize = 4096;

/// Where a message was read, as far as the record shows it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'r> {
    /// Name of the input.
    pub input: &'r str,
    /// Offset of its first octet.
    pub offset: u64,
    /// Its size.
    pub octets: u64,
    /// Its SHA-256 in hex, where asked for.
    pub sha256: Option<&'r str>,
    /// What was taken off before it was read.
    pub repairs: &'r [Repair],
}

/// The record of a message as JSON, on one line, whose `index` is still open.
///
/// Messages of a mailbox are read on several threads, and only who puts them
/// in order knows their places.
#[derive(Debug)]
pub struct Line {
    json: Vec<u8>,
    index_at: usize,
}

impl Line {
    /// Writes the record of a message; its place in the mailbox is left to [`Line::numbered`].
    #[must_use]
    pub fn of(place: Place<'_>, headers: &Headers<'_>, judged: &Judged<'_>) -> Self {
        let mut out = Text::with_room(USUAL_OCTETS);
        let text = |name: &str| headers.first(name).map(|field| field.text());
        out.raw("{\"schema\":1,\"input\":").string(place.input);
        out.raw(",\"index\":");
        let index_at = out.len();
        out.raw(",\"offset\":").number(place.offset);
        out.raw(",\"octets\":").number(place.octets);
        out.raw(",\"sha256\":").string_or_null(place.sha256);
        let id = text("Message-ID").map(bare);
        out.raw(",\"message_id\":").string_or_null(id.as_deref());
        let subject = text("Subject").map(decoded);
        out.raw(",\"subject\":").string_or_null(subject.as_deref());
        let date = text("Date").and_then(|text| date::parse(&text));
        out.raw(",\"date\":").time_or_null(date);
        out.raw(",\"repairs\":");
        list(&mut out, place.repairs, |out, repair| {
            out.string(repair.name());
        });
        out.raw(",\"nature\":\"").raw(judged.nature.word());
        out.raw("\",\"hops\":");
        let hops = judged.fields.iter().zip(&judged.verdicts).enumerate();
        list(&mut out, hops, |out, (at, (field, (trust, why)))| {
            hop(out, at, field, *trust, why);
        });
        match &judged.source {
            None => out.raw(",\"source\":null"),
            Some(source) => {
                out.raw(",\"source\":{\"addr\":\"").addr(source.addr);
                out.raw("\",\"field\":").number(source.field as u64);
                out.raw(",\"kind\":\"").raw(source.kind.word());
                let reportable = if source.reportable { "true" } else { "false" };
                out.raw("\",\"reportable\":").raw(reportable);
                sentence(out.raw(",\"why\":"), &source.why).raw("}")
            }
        };
        match &judged.origin {
            None => out.raw(",\"origin\":null"),
            Some(origin) => {
                out.raw(",\"origin\":{\"addr\":\"").addr(origin.addr);
                out.raw("\",\"field\":").number(origin.field as u64);
                out.raw(",\"confidence\":\"").raw(origin.confidence.word());
                sentence(out.raw("\",\"why\":"), &origin.why).raw("}")
            }
        };
        out.raw(",\"forwarders\":");
        list(&mut out, &judged.forwarders, |out, forwarder| {
            out.raw("{\"host\":").string(&forwarder.host);
            match forwarder.addr {
                None => out.raw(",\"addr\":null"),
                Some(addr) => out.raw(",\"addr\":\"").addr(addr).raw("\""),
            };
            out.raw(",\"why\":").string(&forwarder.why).raw("}");
        });
        out.raw("}");
        Self {
            json: out.into_octets(),
            index_at,
        }
    }

    /// Returns the line, its end included, with the message's place.
    #[must_use]
    pub fn numbered(&self, index: usize) -> [Cow<'_, [u8]>; 4] {
        let (before, after) = self
            .json
            .split_at_checked(self.index_at)
            .unwrap_or((&self.json, b""));
        [
            before.into(),
            index.to_string().into_bytes().into(),
            after.into(),
            b"\n".into(),
        ]
    }
}

/// Writes a list.
fn list<T>(out: &mut Text, items: impl IntoIterator<Item = T>, one: impl Fn(&mut Text, T)) {
    out.raw("[");
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            out.raw(",");
        }
        one(out, item);
    }
    out.raw("]");
}

/// Writes a field and what may be believed of it.
fn hop(out: &mut Text, at: usize, field: &Received<'_>, trust: HopTrust, why: &Sentence<'_>) {
    let reading = &field.reading;
    out.raw("{\"field\":").number(at as u64);
    out.raw(",\"trust\":\"").raw(trust.word());
    match reading.addr {
        None => out.raw("\",\"client_addr\":null"),
        Some(addr) => out.raw("\",\"client_addr\":\"").addr(addr).raw("\""),
    };
    out.raw(",\"rdns\":").string_or_null(reading.rdns);
    out.raw(",\"helo\":").string_or_null(reading.helo);
    out.raw(",\"ident\":").string_or_null(reading.ident);
    out.raw(",\"by\":").string_or_null(reading.by);
    out.raw(",\"with\":").string_or_null(reading.with);
    match reading.account {
        None if reading.auth => out.raw(",\"auth\":true"),
        account => out.raw(",\"auth\":").string_or_null(account),
    };
    out.raw(",\"id\":").string_or_null(reading.id);
    out.raw(",\"for\":").string_or_null(reading.for_);
    out.raw(",\"date\":").time_or_null(field.date);
    match reading.rule {
        "" => out.raw(",\"rule\":null"),
        rule => out.raw(",\"rule\":\"").ours(rule).raw("\""),
    };
    sentence(out.raw(",\"why\":"), why).raw("}");
}

/// Writes a sentence.
fn sentence<'o>(out: &'o mut Text, sentence: &Sentence<'_>) -> &'o mut Text {
    out.raw("\"");
    for piece in sentence.pieces() {
        match piece {
            Piece::Words(words) => out.ours(words),
            Piece::Cited(words) => out.inside(words),
            Piece::Addr(addr) => out.addr(*addr),
            Piece::Name(name) => {
                out.raw("`");
                // What needs no escape in JSON needs none of ours either.
                if !out.plainly(name, NAME_CHARS) {
                    out.inside(&Piece::shown(name).to_string());
                }
                out.raw("`")
            }
        };
    }
    out.raw("\"")
}

impl Nature {
    /// Returns the word that `--json` shows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Backscatter => "backscatter",
            Self::List => "list",
        }
    }
}

impl HopTrust {
    /// Returns the word that `--json` shows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Boundary => "boundary",
            Self::Corroborated => "corroborated",
            Self::Claimed => "claimed",
            Self::Contradicted => "contradicted",
            Self::Unread => "unread",
            Self::Local => "local",
        }
    }
}

impl SourceKind {
    /// Returns the word that `--json` shows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Authenticated => "authenticated",
            Self::Webmail => "webmail",
            Self::Local => "local",
        }
    }
}

impl Confidence {
    /// Returns the word that `--json` shows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Corroborated => "corroborated",
            Self::Claimed => "claimed",
        }
    }
}

/// Returns a message id without its angle brackets. RFC 5322 §3.6.4.
fn bare(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(['<', '>', ' ', '\t'])),
        Cow::Owned(text) => Cow::Owned(text.trim_matches(['<', '>', ' ', '\t']).to_owned()),
    }
}

/// Decodes encoded words; what cannot be decoded stays as it stands. RFC 2047 §6.3.
fn decoded(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("=?") || text.len() > SUBJECT_LIMIT {
        return text;
    }
    let wrapped = format!("Subject: {text}\r\n\r\n");
    // The parser is not ours: whatever it does with hostile octets, the subject as it stands is an answer.
    let subject = guarded(|| {
        mail_parser::MessageParser::default()
            .parse_headers(wrapped.as_bytes())
            .and_then(|message| message.subject().map(str::to_owned))
    });
    match subject {
        Some(Some(subject)) => Cow::Owned(subject),
        _ => text,
    }
}
