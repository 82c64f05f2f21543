//! The walk from outside: text cases, the laboratory's messages, and whatever octets come.
//!
//! A text case (`data/trace/*.txt`) has settings, header fields, `---`, and the hops that come out, one a
//! line; after `--- untold` stands what comes out where the user named nobody, without the hops. An `innocent`
//! of a case may never be named. `data/lab` holds messages that travelled through real mail servers, with
//! labels of their true way.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use plaint::intake::{Headers, Untrusted};
use plaint::rules::Rules;
use plaint::trace::{self, Asks, Confidence, HopTrust, HostPattern, Nature, Trace, Trust};
use proptest::prelude::*;

fn data(sub: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(sub)
}

fn follow(header: &str, trust: &Trust, rules: &Rules) -> Trace {
    let octets = format!("{}\n\nbody\n", header.trim_end());
    trace::follow(&Headers::parse(octets.as_bytes()), trust, rules)
}

/// Returns a trace as the text cases have it.
fn canonical(trace: &Trace) -> String {
    let mut out = String::new();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    for hop in &trace.hops {
        let trust = match hop.trust {
            HopTrust::Internal => "internal",
            HopTrust::Boundary => "boundary",
            HopTrust::Corroborated => "corroborated",
            HopTrust::Claimed => "claimed",
            HopTrust::Contradicted => "contradicted",
            HopTrust::Unread => "unread",
            HopTrust::Local => "local",
        };
        let addr = hop
            .client_addr
            .map_or_else(String::new, |addr| addr.to_string());
        let _ = writeln!(
            out,
            "{trust}: [ by={} addr={addr} rdns={} helo={} id={} rule={} ]",
            text(&hop.by),
            text(&hop.rdns),
            text(&hop.helo),
            text(&hop.id),
            hop.rule
        );
    }
    match &trace.source {
        Some(source) => {
            let _ = writeln!(
                out,
                "source: {} {}{}",
                source.addr,
                source.kind.word(),
                if source.reportable {
                    ""
                } else {
                    " not-reportable"
                }
            );
        }
        None => out.push_str("source: -\n"),
    }
    if let Some(origin) = trace.origin.as_ref().filter(|origin| {
        trace
            .source
            .as_ref()
            .is_none_or(|source| source.field != origin.field)
    }) {
        let _ = writeln!(out, "origin: {} {}", origin.addr, origin.confidence.word());
    }
    if trace.nature != Nature::Mail {
        let _ = writeln!(out, "nature: {}", trace.nature.word());
    }
    for forwarder in &trace.forwarders {
        let _ = writeln!(out, "forwarder: {}", forwarder.host);
    }
    if let Some(question) = &trace.question {
        let asks = match question.asks {
            Asks::OwnHost => "own-host",
            Asks::OwnForwarder => "own-forwarder",
            Asks::LocalPrograms => "local-programs",
        };
        let _ = writeln!(out, "question: {asks} {}", question.host);
    }
    for attestation in &trace.attestations {
        let _ = writeln!(out, "attested: {} {}", attestation.writer, attestation.text);
    }
    out
}

/// One text case.
struct Case {
    name: String,
    trust: Trust,
    header: String,
    /// Addresses that stand only in what strangers wrote: never a source, never an origin that counts.
    innocent: Vec<IpAddr>,
    expected: String,
    /// What comes out where the user named nobody.
    untold: Option<String>,
}

impl Case {
    /// Returns what comes out and differs from what the case says.
    fn wrong(&self, rules: &Rules) -> String {
        let mut wrong = String::new();
        let told = follow(&self.header, &self.trust, rules);
        let found = canonical(&told);
        if found.trim() != self.expected {
            let _ = writeln!(wrong, "=== {}\n{found}", self.name);
        }
        let stranger = Trust {
            also_public: self.trust.also_public.clone(),
            ..Trust::default()
        };
        let alone = follow(&self.header, &stranger, rules);
        if let Some(untold) = &self.untold {
            let found: Vec<String> = canonical(&alone)
                .lines()
                .filter(|line| !line.contains("[ by="))
                .map(str::to_owned)
                .collect();
            if found.join("\n") != *untold {
                let _ = writeln!(wrong, "=== {} --- untold\n{}", self.name, found.join("\n"));
            }
        }
        for trace in [told, alone] {
            let source = trace.source.map(|source| source.addr);
            let origin = trace
                .origin
                .filter(|origin| origin.confidence != Confidence::Claimed)
                .map(|origin| origin.addr);
            for innocent in &self.innocent {
                if source == Some(*innocent) || origin == Some(*innocent) {
                    let _ = writeln!(wrong, "=== {}\n{innocent} is named", self.name);
                }
            }
        }
        wrong
    }
}

fn cases(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut found = Vec::new();
    for case in text.split("\n=== ").skip(1) {
        let (name, rest) = case.split_once('\n').unwrap();
        let (input, expected) = rest.split_once("\n---\n").unwrap();
        let (expected, untold) = match expected.split_once("\n--- untold\n") {
            Some((expected, untold)) => (expected, Some(untold.trim().to_owned())),
            None => (expected, None),
        };
        let mut case = Case {
            name: format!("{}: {name}", file.file_name().unwrap().to_string_lossy()),
            trust: Trust {
                also_public: [
                    "192.0.2.0/24",
                    "198.51.100.0/24",
                    "203.0.113.0/24",
                    "2001:db8::/32",
                ]
                .iter()
                .map(|net| net.parse().unwrap())
                .collect(),
                ..Trust::default()
            },
            header: String::new(),
            innocent: Vec::new(),
            expected: expected.trim().to_owned(),
            untold,
        };
        for line in input.lines() {
            if let Some(value) = line.strip_prefix("trust = ") {
                case.trust.add(value).unwrap();
            } else if let Some(value) = line.strip_prefix("forwarder = ") {
                case.trust.forwarders.push(HostPattern::new(value).unwrap());
            } else if let Some(value) = line.strip_prefix("local_programs = ") {
                let host = HostPattern::new(value).unwrap();
                case.trust.local_programs.push(host);
            } else if let Some(value) = line.strip_prefix("shared = ") {
                let host = HostPattern::new(value).unwrap();
                case.trust.shared_hosts.push(host);
            } else if let Some(value) = line.strip_prefix("stranger = ") {
                case.trust.strangers.push(HostPattern::new(value).unwrap());
            } else if let Some(value) = line.strip_prefix("innocent = ") {
                case.innocent.push(value.parse().unwrap());
            } else {
                case.header.push_str(line);
                case.header.push('\n');
            }
        }
        found.push(case);
    }
    found
}

#[test]
fn text_cases_come_out_as_they_say() {
    let rules = rules();
    let mut ran = 0;
    let mut wrong = String::new();
    for entry in std::fs::read_dir(data("trace")).unwrap() {
        for case in cases(&entry.unwrap().path()) {
            wrong.push_str(&case.wrong(rules));
            ran += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(ran >= 20, "only {ran} cases ran");
}

/// A message of the laboratory and what is true about it.
struct Lab {
    id: String,
    octets: Vec<u8>,
    trust: Trust,
    source: IpAddr,
    origin: IpAddr,
    innocent: Vec<IpAddr>,
    forwarder: Option<String>,
    /// Whether it is a bounce to a sender address that was forged.
    is_backscatter: bool,
}

/// The laboratories: each has the servers and wirings that those before it lack.
const LABS: [&str; 3] = ["lab", "lab2", "lab3"];

fn labs() -> Vec<Lab> {
    LABS.into_iter().flat_map(lab).collect()
}

fn lab(folder: &str) -> Vec<Lab> {
    let labels = std::fs::read_to_string(data(folder).join("labels.jsonl")).unwrap();
    labels
        .lines()
        .map(|line| {
            let label: serde_json::Value = serde_json::from_str(line).unwrap();
            let texts = |value: &serde_json::Value| -> Vec<String> {
                value.as_array().map_or_else(Vec::new, |all| {
                    all.iter()
                        .map(|one| one.as_str().unwrap().to_owned())
                        .collect()
                })
            };
            let addr = |value: &serde_json::Value| {
                value
                    .as_str()
                    .unwrap()
                    .parse::<IpAddr>()
                    .unwrap()
                    .to_canonical()
            };
            let mut trust = Trust::default();
            let forwarder = &label["recipient_forwarder"];
            for text in texts(&label["recipient_trust"]["networks"])
                .into_iter()
                .chain(texts(&label["recipient_trust"]["hosts"]))
                .chain(texts(&forwarder["networks"]))
                .chain(forwarder["host"].as_str().map(str::to_owned))
            {
                trust.add(&text).unwrap();
            }
            let mut relays = texts(&label["relay_ips"]);
            if !forwarder.is_null() {
                relays.pop();
            }
            let origin = addr(&label["true_origin_ip"]);
            let source = relays
                .last()
                .map_or(origin, |relay| relay.parse::<IpAddr>().unwrap());
            Lab {
                id: label["id"].as_str().unwrap().to_owned(),
                octets: std::fs::read(data(folder).join(label["file"].as_str().unwrap())).unwrap(),
                trust,
                source,
                origin: addr(&label["traceable_origin_ip"]),
                innocent: label["innocent_ips"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|one| one.as_str().unwrap().parse::<IpAddr>().ok())
                    .filter(|addr| *addr != source && *addr != origin)
                    .collect(),
                forwarder: forwarder["host"].as_str().map(str::to_owned),
                is_backscatter: label["injection_kind"] == "bounce",
            }
        })
        .collect()
}

#[test]
fn the_source_of_every_laboratory_message_is_the_host_that_handed_it_over() {
    let rules = Rules::builtin();
    let all = labs();
    assert!(all.len() >= 330);
    for message in all {
        let trace = trace::follow(&Headers::parse(&message.octets), &message.trust, &rules);
        let source = trace.source.as_ref().map(|source| source.addr);
        assert_eq!(source, Some(message.source), "{}", message.id);
        let set_aside = trace.set_aside() == Some(Nature::Backscatter);
        assert_eq!(set_aside, message.is_backscatter, "{}", message.id);
        let origin = trace.origin.as_ref().unwrap();
        if message.origin != message.source {
            assert_eq!(origin.addr, message.origin, "{}", message.id);
        }
        let vouched = (origin.confidence != Confidence::Claimed).then_some(origin.addr);
        for innocent in &message.innocent {
            assert_ne!(source, Some(*innocent), "{}", message.id);
            assert_ne!(vouched, Some(*innocent), "{}", message.id);
        }
    }
}

#[test]
fn a_name_that_nobody_checked_is_not_told_as_a_stranger_s() {
    let trust = Trust {
        hosts: ["mx.example.net", "forward.example.org"]
            .map(|host| HostPattern::new(host).unwrap())
            .to_vec(),
        ..Trust::default()
    };
    let why = |helo: &str| {
        let header = format!(
            "Received: from {helo} (unknown [192.0.2.7]) by mx.example.net (Postfix) with ESMTP id 1; Sat, 21 Nov 2026 10:00:00 +0000\n\
             Received: from there (unknown [203.0.113.9]) by forward.example.org (Postfix) with ESMTP id 2; Sat, 21 Nov 2026 09:59:58 +0000\n\n"
        );
        follow(&header, &trust, rules()).hops[1].why.clone()
    };
    assert!(why("forward.example.org").contains("but nobody checked that"));
    assert!(why("there.example").contains("a stranger wrote it"));
}

#[test]
fn without_settings_nobody_innocent_is_named_and_forwarders_are_offered() {
    let rules = Rules::builtin();
    for message in labs() {
        let trace = trace::follow(&Headers::parse(&message.octets), &Trust::default(), &rules);
        let source = trace.source.as_ref().unwrap();
        assert!(!message.innocent.contains(&source.addr), "{}", message.id);
        match &message.forwarder {
            None => assert!(trace.forwarders.is_empty(), "{}", message.id),
            Some(host) => {
                assert!(!source.reportable, "{}", message.id);
                assert!(
                    trace.forwarders.iter().any(|one| one.host == *host),
                    "{}",
                    message.id
                );
            }
        }
    }
}

#[test]
fn what_was_denied_once_is_not_asked_again() {
    let rules = Rules::builtin();
    for message in labs() {
        let mut trust = Trust::default();
        let headers = Headers::parse(&message.octets);
        while let Some(question) = trace::follow(&headers, &trust, &rules).question {
            let denied = match question.asks {
                Asks::OwnHost | Asks::OwnForwarder => &mut trust.strangers,
                Asks::LocalPrograms => &mut trust.shared_hosts,
            };
            assert!(
                !denied.iter().any(|one| one.holds(&question.host)),
                "{}: {}",
                message.id,
                question.text
            );
            denied.push(HostPattern::new(&question.host).unwrap());
        }
    }
}

#[test]
fn a_host_is_asked_about_where_its_name_can_be_kept_and_is_shown_whole_then() {
    let rules = Rules::builtin();
    let mut trust = documented_is_public();
    trust.add("mx.example.com").unwrap();
    let question = |by: &str| {
        let text = format!(
            "Received: from mail.shop.example (mail.shop.example [198.51.100.2]) by {by} (Postfix) with ESMTPS id 1 for <me@example.org>; Sat, 21 Nov 2026 10:00:00 +0000\n\n"
        );
        let trace = trace::follow(&Headers::parse(text.as_bytes()), &trust, &rules);
        assert!(
            !trace.source.is_some_and(|source| source.reportable),
            "{by}"
        );
        trace.question.unwrap()
    };
    for by in [
        "mx~1.example.org",
        "mx,1.example.org",
        "m\u{e4}x.example.org",
        ".example.org",
        &format!("{}.example.org", "a".repeat(64)),
        &format!("{}.example.org", ["b"; 130].join(".")),
    ] {
        assert!(!question(by).can_be_kept(), "{by}");
    }
    let long = format!(
        "{}.example.org",
        ["inbound"; 16].join("-").replace("d-i", "d.i")
    );
    for by in ["mx.example.org", "MX_1.example.org.", &long] {
        let question = question(by);
        assert!(question.can_be_kept(), "{by}");
        assert_eq!(question.text, format!("Is `{by}` your provider's server?"));
        assert!(trust.clone().add(&question.host).is_ok(), "{by}");
    }
}

/// Answers all questions about a message with yes; returns what was asked, and what the trace is then.
fn agreed(headers: &Headers<'_>, mut trust: Trust, rules: &Rules) -> (Vec<String>, Trace) {
    let (mut asked, mut texts) = (Vec::new(), Vec::new());
    loop {
        let trace = trace::follow(headers, &trust, rules);
        let Some(question) = &trace.question else {
            return (asked, trace);
        };
        assert!(!texts.contains(&question.text), "again: {}", question.text);
        texts.push(question.text.clone());
        asked.push(question.host.clone());
        match question.asks {
            Asks::OwnHost => trust.add(&question.host).unwrap(),
            Asks::OwnForwarder => trust.add_forwarder(&question.host).unwrap(),
            Asks::LocalPrograms => trust
                .local_programs
                .push(HostPattern::new(&question.host).unwrap()),
        }
    }
}

#[test]
fn what_was_agreed_to_once_is_not_asked_again() {
    let rules = Rules::builtin();
    for message in labs() {
        let headers = Headers::parse(&message.octets);
        let (asked, trace) = agreed(&headers, Trust::default(), &rules);
        let source = trace.source.map(|source| source.addr);
        assert!(
            !source.is_some_and(|addr| message.innocent.contains(&addr)),
            "{}: {asked:?}",
            message.id
        );
    }
}

/// A message that a host handed over which calls itself `fwd.example.org`; `top` says what its own field notes of it.
fn forwarded(top: &str) -> String {
    format!(
        "Return-Path: <a@shop.example>\n\
         Received: {top}; Sat, 21 Nov 2026 10:00:02 +0000\n\
         Received: from shop.example (shop.example [198.51.100.2]) by fwd.example.org (Postfix) with ESMTPS id 2 for <old@example.org>; Sat, 21 Nov 2026 10:00:00 +0000\n\
         From: a@shop.example\n\nbody\n"
    )
}

fn documented_is_public() -> Trust {
    Trust {
        also_public: ["192.0.2.0/24", "198.51.100.0/24"]
            .map(|net| net.parse().unwrap())
            .into(),
        ..Trust::default()
    }
}

#[test]
fn what_a_client_calls_itself_is_not_what_the_user_is_asked_to_trust() {
    let rules = Rules::builtin();
    for (top, host) in [
        (
            "from fwd.example.org (host.evil.example [192.0.2.7]) by mx.example.net (Postfix) with ESMTPS id 1 for <me@example.net>",
            "host.evil.example",
        ),
        (
            "from fwd.example.org (unknown [192.0.2.7]) by mx.example.net (Postfix) with ESMTPS id 1 for <me@example.net>",
            "192.0.2.7",
        ),
        (
            "from fwd.example.org (192.0.2.7) by ex.example.net (192.0.2.3) with Microsoft SMTP Server id 15.1.2507.6",
            "192.0.2.7",
        ),
    ] {
        let text = forwarded(top);
        let headers = Headers::parse(text.as_bytes());
        let held = trace::follow(&headers, &documented_is_public(), &rules);
        assert_eq!(held.question.unwrap().host, host, "{top}");
        assert_eq!(
            held.origin.unwrap().confidence,
            Confidence::Claimed,
            "{top}"
        );
        let (asked, trace) = agreed(&headers, documented_is_public(), &rules);
        assert_eq!(asked, [host], "{top}");
        let source = trace.source.unwrap();
        assert_eq!(source.addr.to_string(), "198.51.100.2", "{top}");
        assert!(source.reportable, "{}", source.why);
        let mut trust = documented_is_public();
        trust.strangers.push(HostPattern::new(host).unwrap());
        let source = trace::follow(&headers, &trust, &rules).source.unwrap();
        assert_eq!(source.addr.to_string(), "192.0.2.7", "{top}");
        assert!(source.reportable, "{}", source.why);
    }
}

#[test]
fn a_host_that_is_not_the_user_s_ends_the_walk_also_below_its_like() {
    let rules = Rules::builtin();
    let text = "Return-Path: <a@shop.example>\n\
        Received: from mx.example.com (mx.example.com [10.0.0.2]) by store.example.com (Postfix) with ESMTP id 1; Sat, 21 Nov 2026 10:00:02 +0000\n\
        Received: from shop.example (shop.example [198.51.100.2]) by mx.example.com (Postfix) with ESMTPS id 2; Sat, 21 Nov 2026 10:00:00 +0000\n\
        From: a@shop.example\n\nbody\n";
    let headers = Headers::parse(text.as_bytes());
    let mut trust = documented_is_public();
    trust.add("mx.example.net").unwrap();
    let question = trace::follow(&headers, &trust, &rules).question.unwrap();
    trust
        .strangers
        .push(HostPattern::new(&question.host).unwrap());
    let trace = trace::follow(&headers, &trust, &rules);
    assert_eq!(trace.question, None);
    assert_eq!(trace.source, None);
}

#[test]
fn what_a_provider_s_web_host_was_told_is_not_vouched_for() {
    let rules = Rules::builtin();
    let text = "Received: from mout.kundenserver.de (mout.kundenserver.de [192.0.2.131]) by mx.example.net (Postfix) with ESMTPS id 1 for <me@example.net>; Sat, 21 Nov 2026 10:00:02 +0000\n\
        Received: from 198.51.100.2 (IP may be forged by CGI script) by infong-de12.kundenserver.de with HTTP id 0MKpdM-1CkRpr14PF-000609; Sat, 21 Nov 2026 10:00:00 +0000\n\
        From: a@shop.example\n";
    let origin = follow(text, &documented_is_public(), &rules)
        .origin
        .unwrap();
    assert!(
        origin.confidence == Confidence::Claimed || origin.addr.to_string() == "192.0.2.131",
        "{origin:?}"
    );
}

#[test]
fn a_return_path_of_the_sender_s_own_makes_no_bounce() {
    let rules = Rules::builtin();
    let message = |noted: &str| {
        format!(
            "Received: from shop.example ([198.51.100.2]) by mx.example.net with esmtp (Exim 4.96) (envelope-from <{noted}>) id 1xUsfz-00000n-3A for me@example.net; Sat, 21 Nov 2026 10:00:00 +0000\n\
             Return-Path: <>\n\
             Auto-Submitted: auto-replied\n\
             From: a@shop.example\n"
        )
    };
    let nature = |noted| follow(&message(noted), &Trust::default(), &rules).nature;
    assert_eq!(nature("a@shop.example"), Nature::Mail);
    assert_eq!(nature(""), Nature::Backscatter);
}

#[test]
fn a_cut_or_changed_message_is_still_traced_and_names_nobody_innocent() {
    let rules = Rules::builtin();
    for message in labs().into_iter().step_by(9) {
        for cut in (0..message.octets.len().min(4_000)).step_by(61) {
            let trace = trace::follow(
                &Headers::parse(&message.octets[..cut]),
                &message.trust,
                &rules,
            );
            for hop in &trace.hops {
                assert!(!hop.why.contains('\u{1b}') && !hop.why.is_empty());
            }
            let mut changed = message.octets.clone();
            changed[cut] ^= 0x55;
            let trace = trace::follow(&Headers::parse(&changed), &message.trust, &rules);
            // A field whose very name was changed is gone: that is another message.
            let fields = |octets: &[u8]| Headers::parse(octets).all("Received").count();
            if fields(&changed) == fields(&message.octets)
                && let Some(source) = trace.source
            {
                assert!(
                    !message.innocent.contains(&source.addr),
                    "{} changed at {cut}",
                    message.id
                );
            }
        }
    }
}

/// Rules, read once: the property tests ask for them hundreds of times.
fn rules() -> &'static Rules {
    static RULES: std::sync::LazyLock<Rules> = std::sync::LazyLock::new(Rules::builtin);
    &RULES
}

proptest! {
    #[test]
    fn any_octets_are_traced(octets in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let mut message = b"Received: ".to_vec();
        message.extend_from_slice(&octets);
        let trace = trace::follow(&Headers::parse(&message), &Trust::default(), rules());
        for hop in &trace.hops {
            let shown = Untrusted::text(&hop.why).up_to(usize::MAX).to_string();
            prop_assert_eq!(&shown, &hop.why);
        }
    }

    #[test]
    fn no_helo_becomes_the_source(
        words in prop::collection::vec(prop::sample::select(SAID), 1..7),
        glue in prop::sample::select(vec!["", " ", "_"]),
        text in "[ -~]{0,12}",
        is_named in any::<bool>(),
    ) {
        let helo = format!("{}{text}", words.join(glue));
        let mut trust = Trust::default();
        trust.add("mx.example.net").unwrap();
        for form in FORMS {
            let rdns = if is_named { "dsl-7.isp.example" } else { "unknown" };
            let field = form.replace("{helo}", helo.trim()).replace("{rdns}", rdns);
            let header = format!(
                "Received: {field}; Sat, 21 Nov 2026 10:00:00 +0000\n\
                 Received: from mail.bank.example (mail.bank.example [203.0.113.66]) by mx.example.net (Postfix) with ESMTPS id 1 for <me@example.net>; Sat, 21 Nov 2026 09:59:59 +0000"
            );
            let trace = follow(&header, &trust, rules());
            let innocent: IpAddr = "203.0.113.66".parse().unwrap();
            prop_assert_ne!(trace.source.map(|source| source.addr), Some(innocent), "{}", field);
        }
    }
}

/// What a client may say that wants another taken for it.
const SAID: &[&str] = &[
    "[203.0.113.66]",
    "(x [203.0.113.66])",
    "([203.0.113.66])",
    "(203.0.113.66)",
    "203.0.113.66",
    "mail.bank.example",
    "mx.example.net",
    "by",
    "by mx.example.net",
    "from",
    "with",
    "with LMTP",
    "id",
    "for",
    "via",
    ";",
    "(",
    "[",
    "]",
    ")",
    "(HELO x)",
    "(HELO",
    "helo=",
    "HELO",
    "(helo=[203.0.113.66])",
    "x@203.0.113.66",
    "port=25",
    "(Postfix)",
    "\\",
    "\"",
    "<",
    ">",
    ",",
    "@",
    "IPv6:",
    "; Sat, 21 Nov 2026 10:00:00 +0000",
    "ident=",
    "(account x)",
    "verified",
    "(may be forged)",
    "localhost",
    "[127.0.0.1]",
    "unknown",
    "!",
    "(envelope-from <x>)",
    "(Authenticated sender: x)",
];

/// How servers write what a client said, its name and its address; some let blanks and parentheses through.
const FORMS: [&str; 24] = [
    "from {helo} ({rdns} [192.0.2.7]) by mx.example.net (Postfix) with ESMTPS id 4F2C for <me@example.net>",
    "from {helo} ({rdns} [192.0.2.7]) by mx.example.net (8.17.1/8.17.1) with ESMTPS id 4ALA00Xk012345 for <me@example.net>",
    "from {helo} ([192.0.2.7]) by mx.example.net with ESMTP id 0ALA08XY012345-0ALA08XZ012345",
    "from {rdns} (HELO {helo}) (192.0.2.7) by mx.example.net with SMTP",
    "from {rdns} (HELO {helo}) (nobody@192.0.2.7) by mx.example.net with SMTP",
    "from {rdns} (HELO {helo}) ([192.0.2.7]) by mx.example.net with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384",
    "from 192.0.2.7 (EHLO {helo}) ([192.0.2.7]) by mx.example.net (JAMES SMTP Server ) with ESMTPS ID 68123456 for <me@example.net>",
    "from [192.0.2.7] (helo={helo}) by mx.example.net with esmtps (TLS1.3) (Exim 4.98) id 1xUsfz-00000000n3A-1abc for me@example.net",
    "from dsl-7.isp.example ([192.0.2.7] helo={helo}) by mx.example.net with esmtps (Exim 4.98) id 1xUsfz-00000000n3A-1abc for me@example.net",
    "from {helo} ({rdns} [::ffff:192.0.2.7]) (TLS: TLS1.3) by mx.example.net with ESMTPS id 00000000000A4B3D.000000006B020DA4.00001F2B",
    "from {helo} ({rdns} [192.0.2.7]) by mx.example.net (OpenSMTPD) with ESMTPS id 1a2b3c4d for <me@example.net>",
    "from {helo} ({rdns} [192.0.2.7]) by mx.example.net (Haraka/3.0.5) with ESMTPS id 2B1F3A54.1 envelope-from <a@shop.example>",
    "from {helo} ({rdns} [192.0.2.7]) (using TLSv1.3 with cipher X) by mx.example.net (Stalwart SMTP) with ESMTPS id 1A2B3C4D5E6F",
    "from {helo} (192.0.2.7) by mx.example.net (10.1.1.12) with Microsoft SMTP Server (version=TLS1_2) id 15.2.1544.9 via Frontend Transport",
    "from {helo} (192.0.2.7) by mx.example.net (10.0.0.5) (MDaemon PRO v22.0.3) with ESMTPS id md5001000123456.msg",
    "from {helo} ({rdns} [192.0.2.7]) by mx.example.net ([10.0.0.5]) with ESMTPS (MDaemon PRO v23.5.2) id md5001000123456.msg",
    "from {helo} ([192.0.2.7]) by mx.example.net (Kerio Connect 10.0.4) with ESMTPS for me@example.net",
    "from [192.0.2.7] (HELO {helo}) by mx.example.net (CommuniGate Pro SMTP 6.3.20) with ESMTPS id 12345678 for me@example.net",
    "from {helo} (192.0.2.7) by mx.example.net (PowerMTA v5.0r9) id hq1a2b3c4d5e for <me@example.net>",
    "from [192.0.2.7] ([192.0.2.7:43210] helo={helo}) by mx.example.net (ecelerity 4.2.1.55028 r(Core:4.2.1.12)) with ESMTPS id 8A/1C-12345-6789ABCD",
    "from {helo} (192.0.2.7:43210) by mx.example.net (KumoMTA 10.0.0.5) with ESMTPS id d7ef132b5d7711eea8c8000c29c33806 for <me@example.net>",
    "from {helo} ([192.0.2.7]) by mx.example.net with MailEnable ESMTPS",
    "from {helo} ({rdns} [192.0.2.7]) by mx.example.net ([198.51.100.99]) via tcp with ESMTPS id aBcDeFgHiJ for <me@example.net>",
    "from {helo} ({rdns} [192.0.2.7]) by mx.example.net (envelope-sender <a@shop.example>) (MailHandler) with ESMTPS id 4f2c1a2b",
];
