//! Shows a trace as one JSON object: schema 1.
//!
//! In: where a message was read, its size, its headers, its [`Trace`]. Out: [`Record`], for serde.
//! Standards: RFC 8259; times as RFC 3339; encoded words (RFC 2047) decoded.
//! Trust: foreign text stays as it is, in JSON's own escapes; nothing is omitted, what is unknown is null.
//! Limits: field names and order are fixed; additions come at the end.

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::panic::catch_unwind;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{Auth, Confidence, Hop, HopTrust, Nature, SourceKind, Trace, date};
use crate::intake::{Headers, Repair};

/// Octets of a subject that are decoded; longer ones are shown as they stand.
const SUBJECT_LIMIT: usize = 4096;

/// One message and its trace.
#[derive(Debug, Serialize)]
pub struct Record<'r> {
    schema: u8,
    input: &'r str,
    index: usize,
    offset: u64,
    octets: u64,
    sha256: Option<&'r str>,
    message_id: Option<Cow<'r, str>>,
    subject: Option<Cow<'r, str>>,
    date: Option<Timestamp>,
    repairs: Vec<&'static str>,
    nature: Nature,
    hops: Vec<HopView<'r>>,
    source: Option<SourceView<'r>>,
    origin: Option<OriginView<'r>>,
    forwarders: Vec<ForwarderView<'r>>,
}

/// Where a message was read, as far as the record shows it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'r> {
    /// Name of the input.
    pub input: &'r str,
    /// Place of the message in its mailbox.
    pub index: usize,
    /// Offset of its first octet.
    pub offset: u64,
    /// Its size.
    pub octets: u64,
    /// Its SHA-256 in hex, where asked for.
    pub sha256: Option<&'r str>,
    /// What was taken off before it was read.
    pub repairs: &'r [Repair],
}

#[derive(Debug, Serialize)]
struct HopView<'r> {
    field: usize,
    trust: HopTrust,
    client_addr: Option<IpAddr>,
    rdns: Option<&'r str>,
    helo: Option<&'r str>,
    ident: Option<&'r str>,
    by: Option<&'r str>,
    with: Option<&'r str>,
    auth: Option<&'r Auth>,
    id: Option<&'r str>,
    #[serde(rename = "for")]
    for_: Option<&'r str>,
    date: Option<Timestamp>,
    rule: Option<&'r str>,
    why: &'r str,
}

#[derive(Debug, Serialize)]
struct SourceView<'r> {
    addr: IpAddr,
    field: usize,
    kind: SourceKind,
    reportable: bool,
    why: &'r str,
}

#[derive(Debug, Serialize)]
struct OriginView<'r> {
    addr: IpAddr,
    field: usize,
    confidence: Confidence,
    why: &'r str,
}

#[derive(Debug, Serialize)]
struct ForwarderView<'r> {
    host: &'r str,
    addr: Option<IpAddr>,
    why: &'r str,
}

impl<'r> Record<'r> {
    /// Puts the record of a message together.
    #[must_use]
    pub fn new(place: Place<'r>, headers: &Headers<'r>, trace: &'r Trace) -> Self {
        let text = |name: &str| headers.first(name).map(|field| field.text());
        Self {
            schema: 1,
            input: place.input,
            index: place.index,
            offset: place.offset,
            octets: place.octets,
            sha256: place.sha256,
            message_id: text("Message-ID").map(bare),
            subject: text("Subject").map(decoded),
            date: text("Date").and_then(|text| date::parse(&text)),
            repairs: place.repairs.iter().map(|repair| repair.name()).collect(),
            nature: trace.nature,
            hops: trace.hops.iter().map(HopView::new).collect(),
            source: trace.source.as_ref().map(|source| SourceView {
                addr: source.addr,
                field: source.field,
                kind: source.kind,
                reportable: source.reportable,
                why: &source.why,
            }),
            origin: trace.origin.as_ref().map(|origin| OriginView {
                addr: origin.addr,
                field: origin.field,
                confidence: origin.confidence,
                why: &origin.why,
            }),
            forwarders: trace
                .forwarders
                .iter()
                .map(|forwarder| ForwarderView {
                    host: &forwarder.host,
                    addr: forwarder.addr,
                    why: &forwarder.why,
                })
                .collect(),
        }
    }
}

impl Record<'_> {
    /// Returns the record as JSON, on one line without its end.
    ///
    /// # Errors
    ///
    /// What serde fails with: never, for these types.
    pub fn json(&self) -> serde_json::Result<String> {
        // A record of five hops has about 3 KiB.
        let mut octets = Vec::with_capacity(4096);
        serde_json::to_writer(Pieces(&mut octets), self)?;
        String::from_utf8(octets).map_err(serde::ser::Error::custom)
    }
}

/// Room for JSON, which comes in pieces of mostly one octet: quotation marks, colons, commas.
///
/// To push such a piece costs a tenth of copying it as a slice, and a mailbox's trace has hundreds of thousands.
struct Pieces<'o>(&'o mut Vec<u8>);

impl io::Write for Pieces<'_> {
    #[inline]
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.write_all(piece).map(|()| piece.len())
    }

    #[inline]
    fn write_all(&mut self, piece: &[u8]) -> io::Result<()> {
        match piece {
            [octet] => self.0.push(*octet),
            _ => self.0.extend_from_slice(piece),
        }
        Ok(())
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A record as JSON whose `index` is still open.
///
/// Messages of a mailbox are read on several threads, and only who puts them
/// in order knows their places.
#[derive(Debug)]
pub struct Line {
    json: String,
    index_at: usize,
}

impl Line {
    /// Takes the index out of a record's JSON.
    #[must_use]
    pub fn new(mut json: String) -> Self {
        const MARK: &str = ",\"index\":";
        // Inside a JSON text every quotation mark is escaped: the first such mark is the key itself.
        let index_at = json.find(MARK).map_or(json.len(), |at| at + MARK.len());
        let digits = json
            .bytes()
            .skip(index_at)
            .take_while(u8::is_ascii_digit)
            .count();
        json.drain(index_at..index_at + digits);
        Self { json, index_at }
    }

    /// Returns the line, its end included, with the message's place.
    #[must_use]
    pub fn numbered(&self, index: usize) -> [Cow<'_, str>; 4] {
        let (before, after) = self
            .json
            .split_at_checked(self.index_at)
            .unwrap_or((&self.json, ""));
        [
            before.into(),
            index.to_string().into(),
            after.into(),
            "\n".into(),
        ]
    }
}

impl<'r> HopView<'r> {
    fn new(hop: &'r Hop) -> Self {
        Self {
            field: hop.field,
            trust: hop.trust,
            client_addr: hop.client_addr,
            rdns: hop.rdns.as_deref(),
            helo: hop.helo.as_deref(),
            ident: hop.ident.as_deref(),
            by: hop.by.as_deref(),
            with: hop.with.as_deref(),
            auth: hop.auth.as_ref(),
            id: hop.id.as_deref(),
            for_: hop.for_.as_deref(),
            date: hop.date,
            rule: Some(hop.rule.as_str()).filter(|rule| !rule.is_empty()),
            why: &hop.why,
        }
    }
}

impl Serialize for Auth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => serializer.serialize_bool(true),
            Self::Account(account) => serializer.serialize_str(account),
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
    let subject = catch_unwind(|| {
        mail_parser::MessageParser::default()
            .parse_headers(wrapped.as_bytes())
            .and_then(|message| message.subject().map(str::to_owned))
    });
    match subject {
        Ok(Some(subject)) => Cow::Owned(subject),
        _ => text,
    }
}
