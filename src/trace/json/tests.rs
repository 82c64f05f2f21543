//! The line is JSON, and says what the trace says.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::intake::is_active;
use crate::rules::Rules;
use crate::trace::{Auth, Hop, Texts, Trace, Trust, judge};

/// A record as serde writes it, from a trace whose sentences were told.
fn by_serde(place: &Place<'_>, headers: &Headers<'_>, trace: &Trace, index: usize) -> Value {
    let text = |name: &str| headers.first(name).map(|field| field.text());
    let time = |time: Option<Timestamp>| serde_json::to_value(time).unwrap();
    let auth = |auth: &Auth| match auth {
        Auth::Yes => json!(true),
        Auth::Account(account) => json!(account),
    };
    let hop = |hop: &Hop| {
        json!({
            "field": hop.field, "trust": hop.trust.word(), "client_addr": hop.client_addr, "rdns": hop.rdns,
            "helo": hop.helo, "ident": hop.ident, "by": hop.by, "with": hop.with,
            "auth": hop.auth.as_ref().map(auth), "id": hop.id, "for": hop.for_, "date": time(hop.date),
            "rule": Some(&hop.rule).filter(|rule| !rule.is_empty()), "why": hop.why,
        })
    };
    json!({
        "schema": 1, "input": place.input, "index": index, "offset": place.offset, "octets": place.octets,
        "sha256": place.sha256, "message_id": text("Message-ID").map(bare),
        "subject": text("Subject").map(decoded),
        "date": time(text("Date").and_then(|text| date::parse(&text))),
        "repairs": place.repairs.iter().map(|repair| repair.name()).collect::<Vec<_>>(),
        "nature": trace.nature.word(), "hops": trace.hops.iter().map(hop).collect::<Vec<_>>(),
        "source": trace.source.as_ref().map(|source| json!({
            "addr": source.addr, "field": source.field, "kind": source.kind.word(),
            "reportable": source.reportable, "why": source.why,
        })),
        "origin": trace.origin.as_ref().map(|origin| json!({
            "addr": origin.addr, "field": origin.field, "confidence": origin.confidence.word(), "why": origin.why,
        })),
        "forwarders": trace.forwarders.iter().map(|forwarder| json!({
            "host": forwarder.host, "addr": forwarder.addr, "why": forwarder.why,
        })).collect::<Vec<_>>(),
    })
}

/// Writes the line of a message both ways.
fn both(octets: &[u8], rules: &Rules, trust: &Trust) -> (String, Value) {
    let headers = Headers::parse(octets);
    let repairs = crate::intake::flaws(&headers, octets.len());
    let place = Place {
        input: "a \"mailbox\"\u{202e}\u{9b}.mbox",
        offset: 7,
        octets: octets.len() as u64,
        sha256: None,
        repairs: &repairs,
    };
    let texts = Texts::of(&headers);
    let judged = judge(&headers, &texts, trust, rules);
    let line = Line::of(place, &headers, &judged).numbered(12).concat();
    let line = String::from_utf8(line).unwrap();
    (line, by_serde(&place, &headers, &judged.told(), 12))
}

/// Names as strangers choose them.
const NAME: &str = "(a\\.example|mx\\.example\\.net|\\[192\\.0\\.2\\.7\\]|x\"y\\\\|é\u{202e}|\u{9b}31m|\\PC{0,12}|[ -~]{0,12})";

fn received() -> impl Strategy<Value = String> {
    (NAME, NAME, NAME, NAME, 0u8..5, any::<u8>()).prop_map(|(helo, rdns, by, for_, form, octet)| {
        let date = format!("Sat, 21 Nov 2026 10:00:{:02} +0000", octet % 64);
        match form {
            0 => format!("from {helo} ({rdns} [192.0.2.{octet}]) by {by} (Postfix) with ESMTPSA id 4F{octet} for <{for_}>; {date}"),
            1 => format!("from {helo} ({rdns} [10.0.0.{octet}])\n\tby {by} (8.14.4/8.14.4) with ESMTP id {for_}; {date} (UTC)"),
            2 => format!("by {by} (Postfix, from userid {octet})\n id {for_}; {date}"),
            3 => format!("from [IPv6:2001:db8::{octet}] (helo={helo}) by {by} with esmtpa (Exim 4.94) (envelope-from <{for_}>) id {rdns}; {date}"),
            _ => format!("{helo} {rdns}; {by}"),
        }
    })
}

#[test]
fn a_field_that_names_an_account_says_so() {
    let message = b"Received: from pc (r.example [192.0.2.7]) (Authenticated sender: anna\"x) by mx.example.net (Postfix) with ESMTPSA id 4F; Sat, 21 Nov 2026 10:00:00 +0000\nSubject: =?utf-8?q?a=22b?=\n\nx\n";
    let (line, value) = both(message, &Rules::builtin(), &Trust::default());
    assert_eq!(value["hops"][0]["auth"], "anna\"x");
    assert_eq!(value["subject"], "a\"b");
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
    assert!(line.starts_with("{\"schema\":1,\"input\":\"a \\\"mailbox\\\"\\u202e\\u009b.mbox\",\"index\":12,\"offset\":7,"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn what_is_written_is_what_serde_writes_and_acts_on_nothing(
        fields in prop::collection::vec(received(), 0..5), subject in "\\PC{0,20}", id in NAME, named: bool,
    ) {
        static RULES: std::sync::LazyLock<Rules> = std::sync::LazyLock::new(Rules::builtin);
        let mut trust = Trust::default();
        if named {
            trust.add("mx.example.net").unwrap();
            trust.add("10.0.0.0/8").unwrap();
            trust.also_public.push("192.0.2.0/24".parse().unwrap());
        }
        let received: String = fields.iter().map(|field| format!("Received: {field}\n")).collect();
        let message = format!("Return-Path: <a@example.org>\n{received}Message-ID: <{id}>\nSubject: {subject}\n\nbody\n");
        let (line, value) = both(message.as_bytes(), &RULES, &trust);
        prop_assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
        prop_assert!(!line.trim_end_matches('\n').chars().any(is_active), "{}", line);
    }
}
