//! A complaint about a message: munged, and no trace of the user left.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use jiff::Timestamp;
use plaint::complaint::{self, Identity, Material, Munge, Options, Secret};
use plaint::contact::{AbuseMailbox, Confidence, Contact, Contacts, Role, Suspect, Via};
use plaint::evidence;
use plaint::intake::{self, Origin};
use plaint::rules::Rules;
use plaint::trace::{self, Trust};

/// Rules, read once.
fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);
    &RULES
}

pub(crate) const SEEDS: &[&[u8]] = &[
    b"Return-Path: <a@shop.example>\r\nReceived: from x (client.example.org [192.0.2.7])\r\n\tby mx.example.org (Postfix) with ESMTP id 1\r\n\tfor <jane.doe@example.org>; Sat, 21 Nov 2026 10:00:00 +0000\r\nFrom: =?utf-8?B?SmFuZQ==?= <a@shop.example>\r\nTo: jane.doe@example.org\r\nSubject: hello jane.doe@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDear jane=2Edoe=40example.org https://shop.example/?u=amFuZS5kb2VAZXhhbXBsZS5vcmc=3D\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGEgaHJlZj0iaHR0cHM6Ly9zaG9wLmV4YW1wbGUvP2U9amFuZS5kb2UlNDBleGFtcGxlLm9yZyI+eDwvYT4=\r\n--b--\r\n",
    b"Received: by x; Sat, 21 Nov 2026 10:00:00 +0000\nList-Id: <a.example>\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Disposition: attachment; filename=x.exe\n\nMZ\n--a--\n--a--\n",
    b"Subject: no fields that a server writes\n\nhttp://xn--bcher-kva.example/%6a%61ne jane.doe@example.org\n",
];

fn found(now: Timestamp) -> (Suspect, Role, Contacts) {
    let contact = Contact {
        mailbox: AbuseMailbox::try_from("abuse@isp.example.net").unwrap(),
        role: Role::Network,
        recommended: true,
        confidence: Confidence::High,
        via: Via::Rdap,
        server: "rdap.example.net".to_owned(),
        field: "abuse".to_owned(),
        fetched: now,
    };
    (
        Suspect::Addr(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))),
        Role::Network,
        Contacts {
            contacts: vec![contact],
            ..Contacts::default()
        },
    )
}

pub(crate) fn target(octets: &[u8]) {
    let Ok(message) = intake::read(octets.to_vec(), Origin::single("-")) else {
        return;
    };
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let trust = Trust {
        also_public: vec!["192.0.2.0/24".parse().unwrap()],
        ..Trust::default()
    };
    let trace = trace::follow(&message.headers(), &trust, rules());
    let evidence = evidence::gather(&message, &trace, &[], rules());
    let identity = Identity {
        name: "J. Roe".to_owned(),
        mailbox: AbuseMailbox::try_from("reports@roe.example").unwrap(),
        also_mine: vec!["jane.doe@example.org".to_owned()],
        also_mask: Vec::new(),
        mask_domain: false,
    };
    let secret = Secret::new([7; 32]);
    for munge in [Munge::Address, Munge::Tokens] {
        let options = Options {
            munge: Some(munge),
            ..Options::default()
        };
        let drafted = complaint::draft(&Material {
            message: &message,
            trace: &trace,
            evidence: &evidence,
            found: &[found(now)],
            earlier: &[],
            case: secret.case(message.octets()),
            round: 0,
            identity: &identity,
            options: &options,
            rules: rules(),
            secret: &secret,
            now,
        });
        for complaint in drafted.into_iter().flatten() {
            let octets = complaint.octets.to_ascii_lowercase();
            let leaks = |needle: &[u8]| octets.windows(needle.len()).any(|part| part == needle);
            assert!(
                !complaint.leaks.is_empty() || !leaks(b"jane.doe@example.org"),
                "the user stands in a complaint that says it is clean"
            );
            assert!(
                complaint
                    .octets
                    .windows(2)
                    .all(|two| two[1] != b'\n' || two[0] == b'\r')
            );
        }
    }
}
