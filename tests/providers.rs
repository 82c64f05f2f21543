//! Large providers in the chain: as the user's own, as the sender's relay, as a forwarder; and everything they
//! could have written, written by a spammer.
//!
//! `data/providers/mail.toml` holds how each of them writes; the tests put chains together from it. In what a
//! spammer writes, [`INNOCENT`] stands in every place where a reader might pick it up.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::LazyLock;

use plaint::evidence::{self, Kind};
use plaint::intake::{self, Origin};
use plaint::rules::{Rules, Suspect};
use plaint::trace::{self, Confidence, HostPattern, Trace, Trust};
use serde::Deserialize;

/// Who handed the message to the first host that he did not control.
const SPAMMER: &str = "192.0.2.7";

/// Whom the spammer wants to be taken for.
const INNOCENT: &str = "203.0.113.66";

/// The address of a provider's relay.
const RELAY: &str = "198.51.100.25";

/// Where a provider's own user sat.
const USER: &str = "198.51.100.44";

const DATE: &str = "Sat, 21 Nov 2026 10:00:00 +0000";

#[derive(Deserialize)]
struct File {
    provider: Vec<Provider>,
}

#[derive(Deserialize)]
struct Provider {
    name: String,
    domain: String,
    /// Name of a relay's address.
    relay: String,
    /// Reverse path of what it forwards.
    path: String,
    receives: String,
    forwards: Option<String>,
    sends: Vec<Sends>,
}

#[derive(Deserialize)]
struct Sends {
    way: Way,
    lines: String,
}

/// How far a provider's user can be told.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
enum Way {
    Vouched,
    Claimed,
    Hidden,
}

/// A client: its address, the name of that, what it calls itself.
#[derive(Clone, Copy)]
struct Client<'a> {
    addr: &'a str,
    rdns: &'a str,
    helo: &'a str,
}

const SPAMMING: Client<'static> = Client {
    addr: SPAMMER,
    rdns: "dsl-7.isp.example",
    helo: "shop.example",
};

fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);
    &RULES
}

fn providers() -> Vec<Provider> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/providers/mail.toml");
    let file: File = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(file.provider.len() >= 11);
    file.provider
}

/// Puts values into a provider's lines.
fn filled(lines: &str, client: Client<'_>, user: &str, path: &str, spf: &str) -> String {
    [
        ("{client}", client.addr),
        ("{rdns}", client.rdns),
        ("{helo}", client.helo),
        ("{user}", user),
        ("{path}", path),
        ("{spf}", spf),
    ]
    .iter()
    .fold(lines.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    })
}

impl Provider {
    fn receives(&self, client: Client<'_>) -> String {
        filled(&self.receives, client, "", "a@shop.example", "none")
    }

    fn relay(&self) -> Client<'_> {
        Client {
            addr: RELAY,
            rdns: &self.relay,
            helo: &self.relay,
        }
    }

    /// Returns everything that the provider could have written about the innocent, block by block.
    fn forged(&self) -> Vec<String> {
        let innocent = Client {
            addr: INNOCENT,
            rdns: "mail.bank.example",
            helo: "mail.bank.example",
        };
        let of = |lines: &str| filled(lines, innocent, INNOCENT, &self.path, "pass");
        let mut blocks = vec![of(&self.receives)];
        blocks.extend(self.sends.iter().map(|sends| of(&sends.lines)));
        blocks.extend(
            self.sends
                .iter()
                .map(|sends| of(&format!("{}{}", sends.lines, self.receives))),
        );
        if let Some(forwards) = &self.forwards {
            blocks.push(of(&format!("{forwards}{}", self.receives)));
        }
        blocks.retain(|block| !block.is_empty());
        blocks
    }
}

/// The ways in which the user's own server writes, and the trust that goes with it.
const SERVERS: [(&str, &str); 6] = [
    (
        "postfix",
        "Received: from {helo} ({rdns} [{client}]) by mx.example.net (Postfix) with ESMTPS id 4F2C for <me@example.net>; {date}",
    ),
    (
        "exim",
        "Received: from [{client}] (helo={helo}) by mx.example.net with esmtps (Exim 4.98) id 1xUsfz-00000n-3A for me@example.net; {date}",
    ),
    (
        "exchange",
        "Received: from {helo} ({client}) by mx.example.net (10.0.0.1) with Microsoft SMTP Server (version=TLS1_2) id 15.2.1544.4; {date}",
    ),
    (
        "opensmtpd",
        "Received: from {helo} ({rdns} [{client}]) by mx.example.net (OpenSMTPD) with ESMTPS id cb997f8b for <me@example.net>; {date}",
    ),
    (
        "haraka",
        "Received: from {helo} ({rdns} [{client}]) by mx.example.net (Haraka/3.1.1) with ESMTPS id 8C21B268-EDA1.1 envelope-from <a@shop.example>; {date}",
    ),
    (
        "courier",
        "Received: from {helo} ({rdns} [::ffff:{client}]) by mx.example.net with ESMTPS id 000000000000004A.000000006B020DA4.000000A0; {date}",
    ),
];

/// Returns what the user's own server writes about a client.
fn own(server: &str, client: Client<'_>) -> String {
    filled(&server.replace("{date}", DATE), client, "", "", "") + "\n"
}

/// Returns whether the server checks that a name leads back to its address, so that nobody can lie with it.
fn checks_names(server: &str) -> bool {
    ["postfix", "exim", "courier"].contains(&server)
}

fn trust(hosts: &[&str], forwarders: &[&str]) -> Trust {
    let mut trust = Trust {
        also_public: ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"]
            .map(|net| net.parse().unwrap())
            .to_vec(),
        ..Trust::default()
    };
    for host in hosts {
        trust.add(host).unwrap();
    }
    for host in forwarders {
        trust.forwarders.push(HostPattern::new(host).unwrap());
    }
    trust
}

/// Traces a message, and looks at whom it would be complained about.
fn follow(header: &str, trust: &Trust) -> (Trace, Vec<Suspect>) {
    let text = format!(
        "{header}From: \"Bank\" <service@bank.example>\nReply-To: <service@bank.example>\nTo: me@example.net\nSubject: x\n\nhello\n"
    );
    let message = intake::read(text.into_bytes(), Origin::single("-")).unwrap();
    let trace = trace::follow(&message.headers(), trust, rules());
    let evidence = evidence::gather(&message, &trace, &[], rules()).called(Some(Kind::Phishing));
    let suspects = evidence::suspects(&trace, &evidence, rules());
    let suspects = suspects.into_iter().map(|(suspect, _)| suspect).collect();
    (trace, suspects)
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Returns what is wrong with a trace; the innocent may be claimed, never more.
fn wrong(name: &str, header: &str, trust: &Trust, expected: &Expected<'_>) -> String {
    let (trace, suspects) = follow(header, trust);
    let source = trace.source.as_ref();
    let origin = trace.origin.as_ref();
    let mut said = String::new();
    if suspects.contains(&Suspect::Addr(addr(INNOCENT))) {
        said.push_str("the innocent is a suspect; ");
    }
    let found = source.map(|source| source.addr);
    if let Some(expected) = expected.source
        && found != Some(addr(expected))
    {
        let _ = write!(said, "source {found:?}, not {expected}; ");
    }
    if let Some(reportable) = expected.reportable
        && source.is_some_and(|source| source.reportable) != reportable
    {
        let _ = write!(said, "reportable is not {reportable}; ");
    }
    let vouched = origin
        .filter(|origin| origin.confidence == Confidence::Corroborated)
        .map(|origin| origin.addr);
    if vouched != expected.vouched.map(addr) {
        let _ = write!(said, "vouched {vouched:?}, not {:?}; ", expected.vouched);
    }
    if let Some(claimed) = expected.claimed
        && origin.map(|origin| origin.addr) != Some(addr(claimed))
    {
        let _ = write!(said, "origin {origin:?}, not {claimed}; ");
    }
    if said.is_empty() {
        return said;
    }
    let told = trace::story::explain(&trace).join("\n  ");
    format!("=== {name}: {said}\n{header}  {told}\n")
}

/// What must come out.
#[derive(Default, Clone, Copy)]
struct Expected<'a> {
    source: Option<&'a str>,
    reportable: Option<bool>,
    vouched: Option<&'a str>,
    claimed: Option<&'a str>,
}

/// Shows what is wrong: each claim once with how often it failed, and one message in full.
fn none_is_wrong(wrong: &[String]) {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for one in wrong.iter().filter(|one| !one.is_empty()) {
        *kinds.entry(one.lines().next().unwrap()).or_default() += 1;
    }
    let example = wrong.iter().find(|one| !one.is_empty());
    assert!(kinds.is_empty(), "{kinds:#?}\n{}", example.unwrap());
}

#[test]
fn a_provider_that_is_the_users_own_names_its_client() {
    let mut found = Vec::new();
    for provider in providers() {
        let mut headers = vec![provider.receives(SPAMMING)];
        headers.extend(
            providers()
                .iter()
                .flat_map(Provider::forged)
                .map(|forged| provider.receives(SPAMMING) + &forged),
        );
        for header in headers {
            for hosts in [&[][..], &["mx.example.net"]] {
                let expected = Expected {
                    source: Some(SPAMMER),
                    reportable: hosts.is_empty().then_some(true),
                    ..Expected::default()
                };
                found.push(wrong(
                    &provider.name,
                    &header,
                    &trust(hosts, &[]),
                    &expected,
                ));
            }
        }
    }
    none_is_wrong(&found);
}

#[test]
fn a_providers_relay_is_the_source_and_vouches_for_the_user_that_it_names() {
    let mut found = Vec::new();
    for provider in providers() {
        for sends in &provider.sends {
            let lines = filled(&sends.lines, provider.relay(), USER, &provider.path, "");
            for (server, line) in SERVERS {
                let header = own(line, provider.relay()) + &lines;
                let vouches = sends.way == Way::Vouched;
                let expected = Expected {
                    source: Some(RELAY),
                    reportable: Some(true),
                    // Without a name, or with one that nobody checked, the relay may be anybody.
                    vouched: (vouches && line.contains("{rdns}") && checks_names(server))
                        .then_some(USER),
                    claimed: (sends.way == Way::Claimed && line.contains("{rdns}")).then_some(USER),
                };
                let name = format!("{} at {server}", provider.name);
                found.push(wrong(
                    &name,
                    &header,
                    &trust(&["mx.example.net"], &[]),
                    &expected,
                ));
                found.push(wrong(&name, &header, &trust(&[], &[]), &expected));
            }
        }
    }
    none_is_wrong(&found);
}

#[test]
fn a_user_of_a_provider_cannot_make_it_vouch_for_what_he_wrote() {
    let mut found = Vec::new();
    let all: Vec<String> = providers().iter().flat_map(Provider::forged).collect();
    for provider in providers() {
        let forged = provider.forged();
        for sends in &provider.sends {
            let lines = filled(&sends.lines, provider.relay(), USER, &provider.path, "");
            // Who knows the machines' names writes under that of the last one.
            let last = lines
                .lines()
                .rev()
                .find_map(|line| line.split(" by ").nth(1)?.split(' ').next());
            let guessed = last.map(|by| {
                format!("Received: from pc (mail.bank.example [{INNOCENT}]) by {by} (Postfix) with ESMTPSA id 1; {DATE}\n")
            });
            for below in forged.iter().chain(&all).chain(&guessed) {
                for (server, line) in SERVERS {
                    let attested = format!(
                        "Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=anna@{}\n",
                        provider.domain
                    );
                    let header = attested + &own(line, provider.relay()) + &lines + below;
                    let (trace, suspects) = follow(&header, &trust(&["mx.example.net"], &[]));
                    let source = trace.source.as_ref().map(|source| source.addr);
                    let innocent = Suspect::Addr(addr(INNOCENT));
                    if source != Some(addr(RELAY)) || suspects.contains(&innocent) {
                        let told = trace::story::explain(&trace).join("\n  ");
                        found.push(format!(
                            "=== {} at {server}: {source:?}\n{header}  {told}\n",
                            provider.name
                        ));
                    }
                }
            }
        }
    }
    none_is_wrong(&found);
}

#[test]
fn a_provider_that_forwards_is_passed_where_it_is_named_and_asked_about_where_not() {
    let mut found = Vec::new();
    for provider in providers() {
        let Some(forwards) = &provider.forwards else {
            continue;
        };
        let lines = filled(forwards, provider.relay(), USER, &provider.path, "");
        let domain = format!(".{}", provider.relay.split_once('.').unwrap().1);
        for (server, line) in SERVERS.iter().filter(|(server, _)| checks_names(server)) {
            let top = format!("Return-Path: <{}>\n", provider.path) + &own(line, provider.relay());
            for below in [String::new()].into_iter().chain(provider.forged()) {
                let header = format!("{top}{lines}{}{below}", provider.receives(SPAMMING));
                let name = format!("{} at {server}", provider.name);
                if line.contains("{rdns}") {
                    let expected = Expected {
                        source: Some(SPAMMER),
                        // A spammer can write that he forwards, too: without a field of his own it says nothing.
                        reportable: Some(true),
                        ..Expected::default()
                    };
                    let named = trust(&["mx.example.net"], &[&domain]);
                    found.push(wrong(&format!("{name}, named"), &header, &named, &expected));
                }
                let (trace, suspects) = follow(&header, &trust(&["mx.example.net"], &[]));
                let source = trace.source.as_ref().unwrap();
                if source.addr != addr(RELAY)
                    || suspects.contains(&Suspect::Addr(addr(INNOCENT)))
                    || source.reportable && line.contains("{rdns}")
                {
                    let told = trace::story::explain(&trace).join("\n  ");
                    found.push(format!(
                        "=== {name}, not named: {source:?}\n{header}  {told}\n"
                    ));
                }
            }
        }
    }
    none_is_wrong(&found);
}

#[test]
fn what_a_spammer_writes_in_a_providers_name_accuses_nobody_else() {
    let mut found = Vec::new();
    for provider in providers() {
        let results = format!(
            "Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=anna@{0}; dkim=pass header.d={0}\n\
             Received-SPF: pass (mx.example.net: domain of anna@{0} designates {SPAMMER} as permitted sender) receiver=mx.example.net; client-ip={SPAMMER}; envelope-from=anna@{0}\n\
             ARC-Seal: i=1; a=rsa-sha256; cv=none; d={0}; s=a; b=AAAA\n\
             ARC-Authentication-Results: i=1; mx.example.net; spf=pass smtp.mailfrom=anna@{0}\n\
             X-Originating-IP: [{INNOCENT}]\n",
            provider.domain
        );
        let own_again = format!(
            "Received: from mail.bank.example (mail.bank.example [{INNOCENT}]) by mx.example.net (Postfix) with ESMTPS id 4F2D for <me@example.net>; {DATE}\n"
        );
        let beside = own_again.replace("by mx.example.net", "by mx2.example.net");
        let mut blocks = provider.forged();
        let alone = blocks.clone();
        blocks.extend(alone.iter().map(|block| format!("{own_again}{block}")));
        blocks.extend(alone.iter().map(|block| format!("{block}{beside}")));
        blocks.push(own_again);
        blocks.push(beside);
        let mut chains = Vec::new();
        for block in &blocks {
            let writer = block
                .lines()
                .filter(|line| line.starts_with("Received:"))
                .find_map(|line| line.split(" by ").nth(1)?.split(' ').next())
                .unwrap_or("shop.example");
            for (server, line) in SERVERS {
                // What the client can say: the relay's name, the next writer's, an address, a neighbour's name.
                for helo in [&provider.relay, writer, "[203.0.113.66]", "mx2.example.net"] {
                    let mut names = vec!["unknown", "dsl-7.isp.example"];
                    if !checks_names(server) {
                        names.extend([provider.relay.as_str(), writer, "mx2.example.net"]);
                    }
                    for rdns in names {
                        let addr = SPAMMER;
                        let client = Client { addr, rdns, helo };
                        chains.push((
                            format!("{} at {server}", provider.name),
                            format!("{}{results}{block}", own(line, client)),
                        ));
                    }
                }
            }
        }
        let (_, domain) = provider.relay.split_once('.').unwrap();
        let trusts = [
            ("nobody", trust(&[], &[])),
            ("his host", trust(&["mx.example.net"], &[])),
            ("his domain", trust(&[".example.net"], &[])),
            (
                "the provider",
                trust(&["mx.example.net"], &[&format!(".{domain}")]),
            ),
            ("the relay", trust(&["mx.example.net"], &[&provider.relay])),
        ];
        // All under each would take a minute; so each kind of chain meets each trust in some provider's name.
        for (nth, (name, chain)) in chains.iter().enumerate() {
            let (trusting, trust) = &trusts[(nth + nth / 5 + nth / 25) % 5];
            let header = match nth % 3 {
                0 => format!(
                    "Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=a@shop.example\n{chain}"
                ),
                _ => chain.clone(),
            };
            let expected = Expected {
                source: Some(SPAMMER),
                ..Expected::default()
            };
            let name = format!("{name}, trusting {trusting}");
            found.push(wrong(&name, &header, trust, &expected));
        }
    }
    none_is_wrong(&found);
}
