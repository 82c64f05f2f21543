//! Message, trace and contacts become complaints: one per desk, hidden, checked, as desks' software reads them.

use std::net::IpAddr;
use std::sync::LazyLock;

use jiff::Timestamp;
use plaint::complaint::{
    self, Answer, Complaint, DraftError, Format, Identity, Material, Munge, Options, Says, Secret,
    preview,
};
use plaint::contact::{AbuseMailbox, Confidence, Contact, Contacts, Form, Role, Suspect, Via};
use plaint::evidence::{self, Evidence, Kind};
use plaint::intake::{self, Message, Origin};
use plaint::rules::Rules;
use plaint::trace::{self, Trace, Trust};
use proptest::prelude::*;

/// What a draft is made of, changed by each test where it matters.
pub(crate) struct Scene {
    message: Message,
    trace: Trace,
    pub(crate) evidence: Evidence,
    pub(crate) found: Vec<(Suspect, Role, Contacts)>,
    identity: Identity,
    pub(crate) options: Options,
    earlier: Vec<Timestamp>,
    now: Timestamp,
    rules: &'static Rules,
}

/// Reading the rules costs more than a hundred complaints.
static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);

const SPAM: &str = include_str!("data/complaint/spam.eml");

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn mailbox(text: &str) -> AbuseMailbox {
    AbuseMailbox::try_from(text).unwrap()
}

/// One recommended contact of a role.
pub(crate) fn desk(text: &str, role: Role) -> Contacts {
    Contacts {
        contacts: vec![Contact {
            mailbox: mailbox(text),
            role,
            recommended: true,
            confidence: Confidence::High,
            via: Via::Rdap,
            server: "rdap.example.net".to_owned(),
            field: "abuse".to_owned(),
            fetched: at("2026-11-21T12:00:00Z"),
        }],
        ..Contacts::default()
    }
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

impl Scene {
    pub(crate) fn of(octets: impl Into<Vec<u8>>) -> Self {
        let rules = &*RULES;
        let message = intake::read(octets.into(), Origin::single("-")).unwrap();
        let mut trust = Trust::default();
        trust.add("mx.example.org").unwrap();
        trust.also_public = ["192.0.2.0/24", "198.51.100.0/24"]
            .map(|net| net.parse().unwrap())
            .to_vec();
        let trace = trace::follow(&message.headers(), &trust, rules);
        let evidence = evidence::gather(&message, &trace, &[], rules);
        Self {
            trace,
            evidence,
            found: vec![(
                Suspect::Addr(addr("192.0.2.7")),
                Role::Network,
                desk("abuse@isp.example.net", Role::Network),
            )],
            identity: Identity {
                name: "J. Roe".to_owned(),
                mailbox: mailbox("reports@roe.example"),
                also_mine: vec!["jane.doe+shop@example.org".to_owned()],
                also_mask: vec!["Jane Doe".to_owned()],
                mask_domain: false,
            },
            options: Options::default(),
            earlier: Vec::new(),
            now: at("2026-11-21T12:00:00Z"),
            message,
            rules,
        }
    }

    fn try_draft(&self) -> Result<Vec<Complaint>, DraftError> {
        let secret = Secret::new([7; 32]);
        complaint::draft(&Material {
            message: &self.message,
            trace: &self.trace,
            evidence: &self.evidence,
            found: &self.found,
            earlier: &self.earlier,
            case: secret.case(self.message.octets()),
            round: 0,
            identity: &self.identity,
            options: &self.options,
            rules: self.rules,
            secret: &secret,
            now: self.now,
        })
    }

    pub(crate) fn draft(&self) -> Vec<Complaint> {
        self.try_draft().unwrap()
    }

    fn one(&self) -> Complaint {
        self.draft().remove(0)
    }

    fn munged(mut self, level: Munge) -> Self {
        self.options.munge = Some(level);
        self
    }
}

/// A mail of the usual way, with a body of its own.
fn spam_with(header: &str, body: &str) -> Vec<u8> {
    format!(
        "Received: from x.example ([192.0.2.7]) by mx.example.org (Postfix) with ESMTP id 4F2C71A0\r\n\tfor <jane.doe+shop@example.org>; Sat, 21 Nov 2026 11:28:01 +0000 (UTC)\r\n\
         From: a@example.net\r\nTo: jane.doe+shop@example.org\r\nSubject: x\r\n{header}\r\n{body}"
    )
    .into_bytes()
}

/// Returns the bodies of the parts of a mail, cut at its boundary.
fn parts(octets: &[u8]) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8_lossy(octets);
    let boundary = text
        .split("boundary=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let mut found = Vec::new();
    let mut rest = octets;
    let find = |rest: &[u8]| {
        rest.windows(delimiter.len())
            .position(|window| window == delimiter)
    };
    rest = &rest[find(rest).unwrap() + delimiter.len()..];
    while let Some(end) = find(rest) {
        let part = &rest[2..end];
        let header = part
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        found.push((
            String::from_utf8(part[..header].to_vec()).unwrap(),
            part[header + 4..].to_vec(),
        ));
        rest = &rest[end + delimiter.len()..];
    }
    assert_eq!(rest, b"--\r\n", "the mail ends with its closing delimiter");
    found
}

fn evidence_of(complaint: &Complaint) -> String {
    let parts = parts(&complaint.octets);
    assert!(
        parts[2].0.starts_with("Content-Type: message/rfc822"),
        "{}",
        parts[2].0
    );
    String::from_utf8_lossy(&parts[2].1).into_owned()
}

/// Rules that hold for every complaint, whatever the spam was.
fn is_sound(complaint: &Complaint) {
    let octets = &complaint.octets;
    for line in octets.split(|octet| *octet == b'\n') {
        assert!(line.len() <= 999, "a line of {} octets", line.len());
    }
    let bare = |at: usize| match octets[at] {
        b'\n' => at == 0 || octets[at - 1] != b'\r',
        b'\r' => octets.get(at + 1) != Some(&b'\n'),
        octet => octet == 0,
    };
    assert!(!(0..octets.len()).any(bare), "a bare CR or LF, or a NUL");
    let header = &octets[..octets
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()];
    assert!(header.is_ascii());
    let names: Vec<String> = String::from_utf8_lossy(header)
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap().to_owned())
        .filter(|name| name != "Content-Transfer-Encoding")
        .collect();
    assert_eq!(
        names,
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "MIME-Version",
            "Content-Type"
        ]
    );
}

#[test]
fn a_complaint_is_a_report_that_people_and_programs_read() {
    let complaint = Scene::of(SPAM).one();
    is_sound(&complaint);
    assert_eq!(complaint.leaks, Vec::<String>::new());
    insta::assert_snapshot!(
        String::from_utf8(complaint.octets)
            .unwrap()
            .replace("\r\n", "\n")
    );
}

#[test]
fn the_preview_is_read_in_ten_seconds() {
    insta::assert_snapshot!(preview::text(&Scene::of(SPAM).one()));
}

#[test]
fn what_two_desks_read_alike_is_shown_once() {
    let mut scene = Scene::of(SPAM);
    scene.evidence.kind = Kind::Phishing;
    scene.found.push((
        Suspect::Host("shop.example.com".to_owned()),
        Role::Hosting,
        desk("abuse@host.example.net", Role::Hosting),
    ));
    let both = scene.draft();
    assert_eq!(both.len(), 2);
    let shown = preview::Shown::of(&both);
    let first = shown.text(&both[0]);
    assert_eq!(first, preview::text(&both[0]));
    let second = shown.text(&both[1]);
    assert!(first.contains("Queue id there"));
    assert!(!second.contains("Queue id there"), "{second}");
    // From a host's desk the codes are hidden.
    assert!(second.contains("…\n  Message-ID:"), "{second}");
    assert!(second.contains("which you host"), "{second}");
    let rest = format!("and the rest of what {} reads", both[0].desk.key());
    assert!(second.contains(&rest), "{second}");
    assert!(second.contains(&format!("To:            {}", both[1].desk.key())));
    // One that belongs to another case has nothing in common with it.
    let alone = preview::Shown::of(&both[1..]);
    assert_eq!(alone.text(&both[1]), preview::text(&both[1]));
}

#[test]
fn the_name_in_from_is_shown_even_where_it_is_hidden_in_all_else() {
    let mut scene = Scene::of(SPAM);
    scene.identity.name = "Jane Döe".to_owned();
    scene.identity.also_mask.push("Jane Döe".to_owned());
    let shown = preview::text(&scene.one());
    let from = "Jane Döe <reports@roe.example>";
    assert!(
        shown.contains(&format!("From:          {from}\n")),
        "{shown}"
    );
    assert!(
        shown.contains(&format!("Stays visible: your own From ({from})")),
        "{shown}"
    );
    assert_eq!(shown.matches("Jane Döe").count(), 2, "{shown}");
}

#[test]
fn what_stands_beside_the_tick_is_not_said_again_as_a_warning() {
    let mut complaint = Scene::of(SPAM).one();
    complaint.desk.unticked_because =
        Some("a guess; mail to this desk came back (5.1.1)".to_owned());
    complaint.warnings = vec![
        "mail to this desk came back (5.1.1)".to_owned(),
        "50 complaints went out within a day".to_owned(),
    ];
    let shown = preview::text(&complaint);
    assert_eq!(shown.matches("came back").count(), 1, "{shown}");
    assert!(shown.contains("Warning:       50 complaints"), "{shown}");
}

#[test]
fn the_text_speaks_german() {
    let mut scene = Scene::of(SPAM);
    scene.options.language = "de".to_owned();
    let complaint = scene.one();
    is_sound(&complaint);
    assert!(
        complaint
            .subject
            .starts_with("Missbrauchsmeldung: Spam von 192.0.2.7, 2026-11-21 11:28:01 UTC (")
    );
    assert!(
        complaint
            .text
            .contains("Bitte stellen Sie fest, wer 192.0.2.7 zu dieser Zeit benutzt hat")
    );
    assert_eq!(complaint.leaks, Vec::<String>::new());
}

#[test]
fn the_same_material_gives_the_same_octets() {
    assert_eq!(Scene::of(SPAM).one().octets, Scene::of(SPAM).one().octets);
}

#[test]
fn evidence_without_the_user_is_the_message_octet_for_octet() {
    let complaint = Scene::of(SPAM).munged(Munge::None).one();
    assert_eq!(
        evidence_of(&complaint),
        SPAM.replace("\r\n", "\n").replace('\n', "\r\n")
    );
    let mut stranger = Scene::of(spam_with("", "--a\r\n.\r\n..b\r\nFrom c\r\n"));
    stranger.identity.also_mine.clear();
    stranger.identity.also_mask.clear();
    let before = String::from_utf8(stranger.message.octets().to_vec()).unwrap();
    let expected = before.replace("jane.doe+shop@example.org", "x@munged.invalid");
    assert_eq!(evidence_of(&stranger.one()), expected);
}

#[test]
fn addresses_of_the_own_house_are_hidden_whoever_wrote_them() {
    let forged = "Received: from forged.example ([198.51.100.9]) by mx.example.org with ESMTP id 1 for <office@example.org>; x\r\n\
                  X-Original-To: sales@example.org\r\nDelivered-To: list@localhost\r\nCc: Archive@Example.ORG\r\n";
    let complaint = Scene::of(spam_with(forged, "Dear OFFICE@example.org\r\n")).one();
    let evidence = evidence_of(&complaint);
    for own in ["office@", "sales@", "archive@", "list@"] {
        assert!(
            !evidence.to_ascii_lowercase().contains(own),
            "{own}: {evidence}"
        );
    }
    // The other side stays, be it forged in the own house.
    let forged = spam_with(
        "Sender: boss@example.org\r\nCc: boss@example.org\r\n",
        "hi\r\n",
    );
    assert!(evidence_of(&Scene::of(forged).one()).contains("Cc: boss@example.org"));
}

#[test]
fn a_mail_hides_nothing_of_the_case_by_what_it_names_as_recipients() {
    let facts = [
        "192.0.2.7",
        "2026-11-21",
        "21nov202611",
        "mail.spam.example",
        "spam.example",
        "elpmaxe.maps.liam",
        "pills.shop.example",
        "isp.example.net",
        "abuse",
        "mx",
        "arrival-date",
        "7arrival-date",
    ];
    // Where a domain takes every local part, the other side picks what own hosts write, too.
    let written = facts.map(|local| (format!("{local}@example.org"), String::new()));
    let named = facts.map(|local| {
        let cc = format!("Cc: {local}@example.org, {local}@isp.example.net\r\n");
        ("jane.doe+shop@example.org".to_owned(), cc)
    });
    for (recipient, header) in written.into_iter().chain(named) {
        let spam = spam_with(
            &header,
            "Dear jane.doe, buy at http://pills.shop.example/\r\n",
        );
        let spam = String::from_utf8(spam).unwrap();
        let spam = spam
            .replace(
                "x.example ([192",
                "mail.spam.example (mail.spam.example [192",
            )
            .replace("<jane.doe+shop@example.org>", &format!("<{recipient}>"));
        let complaint = Scene::of(spam).one();
        assert_eq!(complaint.leaks, Vec::<String>::new(), "{recipient}{header}");
        let evidence = evidence_of(&complaint);
        for told in [
            "from mail.spam.example (mail.spam.example [192.0.2.7]) by mx.example.org",
            "21 Nov 2026 11:28:01",
            "http://pills.shop.example/",
            "Dear x,",
        ] {
            assert!(evidence.contains(told), "{told}: {evidence}");
        }
        assert!(!evidence.contains("@example.org"), "{evidence}");
        for told in ["192.0.2.7", "mail.spam.example", "2026-11-21 11:28:01"] {
            assert!(complaint.text.contains(told), "{told}: {}", complaint.text);
        }
    }
}

#[test]
fn a_local_part_that_own_hosts_wrote_is_hidden_by_itself_and_one_that_the_mail_names_is_not() {
    let body = "Dear anna.bee, dear carl.dee, see http://anna-bee.track.example/\r\n";
    let spam = spam_with("Cc: carl.dee@example.org\r\n", body);
    let spam = String::from_utf8(spam).unwrap();
    let spam = spam.replace("jane.doe+shop@", "anna.bee@");
    let evidence = evidence_of(&Scene::of(spam).one());
    let expected = "Dear x, dear carl.dee, see http://x.track.example/";
    assert!(evidence.contains(expected), "{evidence}");
    assert!(!evidence.contains("carl.dee@"), "{evidence}");
}

#[test]
fn only_lines_that_name_the_user_change() {
    let complaint = Scene::of(SPAM).one();
    let after = evidence_of(&complaint);
    let lines = SPAM.lines().zip(after.lines());
    assert_eq!(SPAM.lines().count(), after.lines().count());
    for (before, after) in lines {
        let names = [
            "jane", "amFuZ", "doe", "bob@", "PGh0bWw+", "YzJodm", "SmFuZ",
        ]
        .iter()
        .any(|word| before.to_lowercase().contains(&word.to_lowercase()));
        assert!(before == after || names, "`{before}` became `{after}`");
    }
}

#[test]
fn every_message_of_the_lab_that_has_a_source_gives_a_sound_complaint() {
    let labels = include_str!("data/lab/labels.jsonl");
    let mut sound = 0;
    for label in labels.lines() {
        let label: serde_json::Value = serde_json::from_str(label).unwrap();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lab/").to_owned()
            + label["file"].as_str().unwrap();
        let octets = std::fs::read(file).unwrap();
        let mut scene = Scene::of(octets);
        let mut trust = Trust::default();
        for own in ["networks", "hosts"] {
            for text in label["recipient_trust"][own].as_array().unwrap() {
                trust.add(text.as_str().unwrap()).unwrap();
            }
        }
        scene.trace = trace::follow(&scene.message.headers(), &trust, scene.rules);
        let Some(source) = &scene.trace.source else {
            continue;
        };
        scene.found = vec![(
            Suspect::Addr(source.addr),
            Role::Network,
            desk("abuse@isp.example.net", Role::Network),
        )];
        scene.identity.also_mine = label["recipients"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| text.as_str().unwrap().to_owned())
            .collect();
        let complaint = scene.one();
        is_sound(&complaint);
        assert_eq!(complaint.leaks, Vec::<String>::new(), "{}", label["id"]);
        let after = evidence_of(&complaint);
        for own in &scene.identity.also_mine {
            assert!(
                !after.to_lowercase().contains(own.as_str()),
                "{}: {own}",
                label["id"]
            );
        }
        let before = String::from_utf8_lossy(scene.message.octets()).into_owned();
        assert_eq!(
            before.lines().count(),
            after.lines().count(),
            "{}",
            label["id"]
        );
        sound += 1;
    }
    assert!(sound >= 50, "only {sound} messages have a source");
}

#[test]
fn a_mail_of_several_incidents_lists_their_times() {
    let mut scene = Scene::of(SPAM);
    scene.earlier = vec![at("2026-11-21T01:00:00Z"), at("2026-11-21T02:00:00Z")];
    let complaint = scene.one();
    assert_eq!(complaint.incidents, 3);
    let report = String::from_utf8(parts(&complaint.octets)[1].1.clone()).unwrap();
    assert!(report.contains("\r\nIncidents: 3\r\n"));
    assert!(
        complaint
            .text
            .contains("  2026-11-21 01:00:00\n  2026-11-21 02:00:00\n  2026-11-21 11:28:01\n")
    );
}

#[test]
fn one_mailbox_gets_one_mail_for_all_that_it_answers_for() {
    let mut scene = Scene::of(SPAM);
    scene.evidence.kind = Kind::Phishing;
    let host = Suspect::Host("www.shop.example".to_owned());
    scene.found.push((
        host.clone(),
        Role::Hosting,
        desk("Abuse@ISP.example.net", Role::Hosting),
    ));
    scene.found.push((
        host,
        Role::Registrar,
        desk("abuse@registrar.example.com", Role::Registrar),
    ));
    let complaints = scene.draft();
    let to: Vec<&str> = complaints
        .iter()
        .filter_map(|one| one.desk.mailbox.as_ref())
        .map(AbuseMailbox::as_str)
        .collect();
    assert_eq!(to, ["abuse@isp.example.net", "abuse@registrar.example.com"]);
    assert_eq!(complaints[0].desk.roles, [Role::Network, Role::Hosting]);
    assert!(
        complaints[0]
            .text
            .replace('\n', " ")
            .contains("links to www.shop.example, which you host")
    );
    assert!(!complaints[1].text.contains("which you host"));
    for complaint in &complaints {
        is_sound(complaint);
    }
}

#[test]
fn only_the_source_and_what_a_rule_vouches_for_is_named() {
    let mut scene = Scene::of(SPAM);
    scene.found = vec![(
        Suspect::Addr(addr("198.51.100.9")),
        Role::Network,
        desk("abuse@innocent.example.net", Role::Network),
    )];
    assert_eq!(scene.try_draft(), Err(DraftError::NoDesk));
    scene.trace.origin = Some(trace::Origin {
        addr: addr("198.51.100.9"),
        field: 1,
        confidence: trace::Confidence::Corroborated,
        why: String::new(),
    });
    let complaint = scene.one();
    assert_eq!(complaint.source_addr, addr("198.51.100.9"));
    assert_eq!(
        complaint.desk.unticked_because.as_deref(),
        Some("only the desk of the source is ticked beforehand")
    );
}

#[test]
fn desks_are_ticked_as_the_kind_of_abuse_asks() {
    let hosting = |kind: Kind| {
        let mut scene = Scene::of(SPAM);
        scene.evidence.kind = kind;
        let host = Suspect::Host("www.shop.example".to_owned());
        scene.found.push((
            host,
            Role::Hosting,
            desk("abuse@host.example.com", Role::Hosting),
        ));
        scene
            .draft()
            .into_iter()
            .map(|one| one.desk.ticked)
            .collect::<Vec<_>>()
    };
    assert_eq!(hosting(Kind::Spam), [true, false]);
    assert_eq!(hosting(Kind::Phishing), [true, true]);
    let because = |change: &dyn Fn(&mut Scene)| {
        let mut scene = Scene::of(SPAM);
        change(&mut scene);
        scene.one().desk.unticked_because
    };
    assert_eq!(because(&|_| {}), None);
    assert_eq!(
        because(&|scene| scene.now = at("2026-11-29T00:00:00Z")).as_deref(),
        Some("the mail is older than seven days")
    );
    assert_eq!(
        because(&|scene| scene.found[0].2.contacts[0].confidence = Confidence::Low).as_deref(),
        Some("the mailbox is a guess")
    );
    let signed_up = |scene: &mut Scene| {
        scene.options.answer = Some(Answer {
            says: Says::OnceSignedUp,
            on: "2026-11-21".parse().unwrap(),
        });
    };
    assert!(because(&signed_up).unwrap().contains("unsubscribing"));
    let question = |scene: &mut Scene| {
        scene.trace.question = Some(trace::Question {
            asks: trace::Asks::OwnHost,
            host: "mx.example.org".to_owned(),
            text: "Is mx.example.org your provider's?".to_owned(),
        });
    };
    assert!(
        because(&question)
            .unwrap()
            .starts_with("a question is open")
    );
}

#[test]
fn no_word_of_the_spam_goes_on_where_our_own_begin() {
    let mut scene = Scene::of(SPAM);
    scene.evidence.kind = Kind::AdvanceFee;
    let said = format!(
        "x.{}Correction: the mail was asked for by me",
        " ".repeat(40)
    );
    scene.evidence.drop_boxes = vec![evidence::DropBox {
        mailbox: format!("{said}@payout.example"),
        place: "body".to_owned(),
    }];
    for role in [Role::Provider, Role::Registrar] {
        scene.found.push((
            Suspect::Domain("payout.example".to_owned()),
            role,
            desk(&format!("abuse@{role:?}.example").to_lowercase(), role),
        ));
    }
    for complaint in scene.draft() {
        for line in complaint.text.lines() {
            let is_ours = line.starts_with("A fraudulent") || line.starts_with("Please check");
            assert!(
                !line.contains("asked for by me") || line.starts_with(' ') || is_ours,
                "{}",
                complaint.text
            );
            assert!(!line.starts_with("Correction"), "{}", complaint.text);
        }
    }
}

#[test]
fn a_desk_in_the_accused_s_own_domain_is_not_ticked_and_learns_no_code() {
    let network = |last: &str| {
        Some(plaint::contact::Network {
            first: addr("192.0.2.0"),
            last: addr(last),
            handle: None,
            name: None,
            holder: None,
            country: None,
            registry: None,
        })
    };
    let told_by = |header: &str, to: &str, last: &str, body: &str| {
        let mut scene = Scene::of(spam_with(header, body));
        scene.options.answer = Some(Answer {
            says: Says::NeverAsked,
            on: "2026-11-21".parse().unwrap(),
        });
        scene.found[0].2 = desk(to, Role::Network);
        scene.found[0].2.network = network(last);
        let one = scene.one();
        (one.desk.ticked, one.munge)
    };
    let told = |to: &str, last: &str, body: &str| told_by("", to, last, body);
    let own = "buy at http://www.pills.example/";
    assert_eq!(
        told("abuse@pills.example", "192.0.2.255", own),
        (false, Munge::Tokens)
    );
    // Not the holder of a large network, whose customer it may be, nor another; and a link beside others says nothing.
    let sure = (true, Munge::Address);
    assert_eq!(told("abuse@pills.example", "192.0.255.255", own), sure);
    assert_eq!(told("abuse@isp.example", "192.0.2.255", own), sure);
    // Who sends bulk mail in his own name has a desk of his own.
    let named = "List-Unsubscribe: <https://pills.example/u>\r\n";
    assert_eq!(
        told_by(named, "abuse@pills.example", "192.0.2.255", own),
        sure
    );
    let beside = "buy at http://www.pills.example/ or see http://www.isp.example/";
    assert_eq!(told("abuse@isp.example", "192.0.2.255", beside), sure);
}

#[test]
fn a_hoster_of_the_source_is_not_asked_about_a_site_in_doubt() {
    let body =
        "<a href='https://www.bank.example/'>Home</a> <a href='http://evil.example/x'>log in</a>";
    let mut scene = Scene::of(spam_with("Content-Type: text/html\r\n", body));
    scene.evidence.kind = Kind::Phishing;
    for host in ["evil.example", "www.bank.example"] {
        let suspect = Suspect::Host(host.to_owned());
        let desk = desk("abuse@isp.example.net", Role::Hosting);
        scene.found.push((suspect, Role::Hosting, desk));
    }
    let one = scene.one();
    let text = one.text.split("\n* * *\n").next().unwrap();
    let text = text.replace('\n', " ");
    let is_said = text.contains("links to evil.example");
    assert!(one.desk.ticked && is_said, "{text}");
    assert!(!text.contains("www.bank.example"), "{text}");
}

#[test]
fn a_site_that_only_stands_beside_the_fraud_s_is_not_ticked() {
    let body = "<a href='https://www.bank.example/'>Home</a> <a href='http://evil.example/x'>log in</a> <a href='https://www.funds.example/'>Savings</a>";
    let mut scene = Scene::of(spam_with("Content-Type: text/html\r\n", body));
    scene.evidence.kind = Kind::Phishing;
    for (host, role) in [
        ("www.bank.example", Role::Hosting),
        ("evil.example", Role::Hosting),
        ("funds.example", Role::Registrar),
        ("evil.example", Role::Registrar),
    ] {
        let suspect = match role {
            Role::Hosting => Suspect::Host(host.to_owned()),
            _ => Suspect::Domain(host.to_owned()),
        };
        let desk = desk(&format!("abuse@{role:?}.{host}").to_lowercase(), role);
        scene.found.push((suspect, role, desk));
    }
    let drafts = scene.draft();
    let ticked = drafts.iter().filter(|one| one.desk.ticked);
    let ticked: Vec<String> = ticked.map(|one| one.desk.key()).collect();
    assert_eq!(
        ticked,
        [
            "abuse@isp.example.net",
            "abuse@hosting.evil.example",
            "abuse@registrar.evil.example"
        ]
    );
    let why = drafts[3].desk.unticked_because.as_deref();
    assert!(why.unwrap().contains("several sites"), "{why:?}");
}

#[test]
fn phishing_accuses_no_mailbox_of_the_one_it_imitates() {
    let ticked = |kind: Kind, domain: &str| {
        let mut scene = Scene::of(SPAM);
        scene.evidence.kind = kind;
        scene.found.push((
            Suspect::Domain(domain.to_owned()),
            Role::Provider,
            desk("abuse@provider.example.com", Role::Provider),
        ));
        scene.draft().last().unwrap().desk.ticked
    };
    assert!(!ticked(Kind::Phishing, "bank.example"));
    assert!(ticked(Kind::Phishing, "gmail.com"));
    assert!(ticked(Kind::AdvanceFee, "payout.example"));
}

#[test]
fn the_registrar_of_a_drop_box_s_domain_is_told_of_the_mailbox_and_never_ticked() {
    let mut scene = Scene::of(SPAM);
    scene.evidence.kind = Kind::AdvanceFee;
    scene.evidence.links.clear();
    scene.evidence.drop_boxes = vec![evidence::DropBox {
        mailbox: "claims@payout.example".to_owned(),
        place: "Reply-To".to_owned(),
    }];
    scene.found.push((
        Suspect::Domain("payout.example".to_owned()),
        Role::Registrar,
        desk("abuse@registrar.example.com", Role::Registrar),
    ));
    let complaint = scene.draft().remove(1);
    assert!(
        complaint.text.contains(
            "asks for answers to claims@payout.example; the domain is registered\nthrough you."
        ),
        "{}",
        complaint.text
    );
    assert_eq!(
        complaint.desk.unticked_because.as_deref(),
        Some("only a mailbox that the mail names is at this domain")
    );
}

#[test]
fn no_more_than_five_desks_are_ticked() {
    let mut scene = Scene::of(SPAM);
    scene.evidence.kind = Kind::Phishing;
    for number in 0..7 {
        let host = Suspect::Host(format!("www.shop{number}.example"));
        scene.found.push((
            host,
            Role::Hosting,
            desk(&format!("abuse@host{number}.example.com"), Role::Hosting),
        ));
    }
    let complaints = scene.draft();
    assert_eq!(complaints.len(), 8);
    assert_eq!(complaints.iter().filter(|one| one.desk.ticked).count(), 5);
}

#[test]
fn a_desk_that_takes_a_form_only_gets_a_text_and_no_mail() {
    let mut scene = Scene::of(SPAM);
    scene.found[0].2 = Contacts {
        forms: vec![Form {
            url: "https://abuse.example.net/form".to_owned(),
            desk: "Example Net".to_owned(),
        }],
        ..Contacts::default()
    };
    let complaint = scene.one();
    assert!(complaint.octets.is_empty() && !complaint.desk.ticked);
    assert!(complaint.text.contains("The body of the mail:"));
    assert!(!complaint.text.contains("jane.doe"));
}

#[test]
fn a_code_that_is_crossed_out_in_one_place_stands_in_no_other() {
    let mut scene = Scene::of(spam_with(
        "Return-Path: <bounce-77120-4419023@n.example>\r\nMessage-ID: <77120.4419023@n.example>\r\n\
         Feedback-ID: 77120:4419023:news\r\nX-Report-Abuse: please mail abuse+4419023@n.example\r\n\
         List-Unsubscribe: <mailto:leave-77120-4419023@n.example>\r\n",
        "see https://n.example/u/4419023\r\n",
    ));
    assert!(String::from_utf8_lossy(&scene.one().octets).contains("4419023"));
    for level in [Munge::Tokens, Munge::HeadersOnly] {
        scene.options.munge = Some(level);
        for format in [Format::Arf, Format::Plain, Format::Xarf] {
            scene.options.format = Some(format);
            let complaint = scene.one();
            let octets = String::from_utf8_lossy(&complaint.octets).into_owned();
            assert!(!octets.contains("4419023"), "{octets}");
            assert!(!complaint.text.contains("4419023"), "{}", complaint.text);
        }
    }
}

#[test]
fn what_only_the_user_knows_is_quoted_as_his_word() {
    let mut scene = Scene::of(spam_with(
        "List-Unsubscribe: <https://n.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "hi\r\n",
    ));
    let answer = Some(Answer {
        says: Says::Unsubscribed {
            when: "2026-03-01".to_owned(),
        },
        on: "2026-11-21".parse().unwrap(),
    });
    scene.options.answer.clone_from(&answer);
    assert!(scene.one().desk.ticked);
    scene.options.answer = None;
    let unasked = scene.one().desk;
    assert!(!unasked.ticked, "{unasked:?}");
    assert!(
        unasked
            .unticked_because
            .unwrap()
            .contains("only if you did not ask for it")
    );
    scene.options.answer = Some(Answer {
        says: Says::Unsubscribed {
            when: String::new(),
        },
        on: "2026-11-21".parse().unwrap(),
    });
    let text = scene.one().text.replace('\n', " ");
    assert!(
        text.contains("I unsubscribed, and the mail went on (my"),
        "{text}"
    );
    scene.options.answer = answer;
    scene.options.note = Some("Third time.\u{202e}\nPlease act.".to_owned());
    let text = scene.one().text.replace('\n', " ");
    assert!(
        text.contains(
            "I unsubscribed (2026-03-01), and the mail went on (my statement of 2026-11-21)."
        ),
        "{text}"
    );
    assert!(text.contains("one click (RFC 8058)"));
    assert!(text.contains("In my own words: Third time.<U+202E> Please act."));
}

#[test]
fn a_text_never_says_both_that_nobody_asked_and_that_somebody_may_have() {
    let mut scene = Scene::of(SPAM);
    let day = "2026-11-21".parse().unwrap();
    let said = |scene: &mut Scene, kind, says: Option<Says>| {
        scene.evidence.kind = kind;
        scene.options.answer = says.map(|says| Answer { says, on: day });
        let complaint = scene.one();
        let first = complaint.text.lines().nth(2).unwrap_or_default().to_owned();
        (first, complaint.subject)
    };
    let when = "May".to_owned();
    for says in [
        Says::Unknown,
        Says::OnceSignedUp,
        Says::Unsubscribed { when },
    ] {
        for kind in [Kind::Spam, Kind::Newsletter] {
            let (first, subject) = said(&mut scene, kind, Some(says.clone()));
            assert!(first.starts_with("A bulk mail was delivered"), "{first}");
            assert!(
                subject.starts_with("Abuse report: bulk mail from"),
                "{subject}"
            );
        }
        let (first, _) = said(&mut scene, Kind::Phishing, Some(says.clone()));
        assert!(first.starts_with("A phishing mail"), "{first}");
    }
    // Who was not asked did not say it.
    let (first, _) = said(&mut scene, Kind::Newsletter, None);
    assert!(first.starts_with("A bulk mail was delivered"), "{first}");
    let (first, subject) = said(&mut scene, Kind::Newsletter, Some(Says::NeverAsked));
    assert!(
        first.starts_with("A bulk mail that I did not ask for was"),
        "{first}"
    );
    assert!(subject.contains("unsolicited bulk mail"), "{subject}");
}

/// Returns the rules with one more of the user's, about `abuse@isp.example.net`.
fn ruled(accepts: &str) -> &'static Rules {
    let mut rules = Rules::builtin();
    let rule = format!(
        "[[rule]]\nid = \"desks-user-isp\"\nwhat = \"yours\"\nsource = [\"you\"]\nverified_on = 2026-11-21\n\
         added = 2026-11-21\nconfidence = \"high\"\nmailboxes = [\"abuse@isp.example.net\"]\n\
         match = [\"abuse@isp.example.net\"]\nskip = [\"abuse@example.org\"]\n[rule.accepts]\n{accepts}\n"
    );
    rules.desks.add_user("desks.toml", &rule).unwrap();
    Box::leak(Box::new(rules))
}

#[test]
fn a_desk_gets_the_subject_that_it_demands() {
    let mut scene = Scene::of(SPAM);
    scene.rules = ruled("subject = \"ABUSE: {kind} – {addr} – {date} [{ref}]\"");
    let complaint = scene.one();
    let reference = complaint.case.reference();
    assert_eq!(
        complaint.subject,
        format!("ABUSE: spam – 192.0.2.7 – 2026-11-21 [{reference}]")
    );
    is_sound(&complaint);
    let parsed = mail_parser::MessageParser::default()
        .parse(&complaint.octets)
        .unwrap();
    assert_eq!(parsed.subject(), Some(complaint.subject.as_str()));
    assert!(
        preview::text(&complaint).contains("Subject:       ABUSE: spam – 192.0.2.7 – 2026-11-21")
    );
    // The desk of another mailbox is told in our own words.
    scene.found[0].2 = desk("abuse@other.example.net", Role::Network);
    assert!(scene.one().subject.starts_with("Abuse report: spam from"));
}

#[test]
fn a_subject_names_what_the_desk_has_in_its_care_and_nothing_of_the_user() {
    let subject = |reply_to: &str| {
        let header = format!("Reply-To: {reply_to}\r\n");
        let mut scene = Scene::of(spam_with(&header, "Answer me.\r\n"));
        scene.evidence.kind = Kind::AdvanceFee;
        scene.found = vec![(
            Suspect::Domain("box.example".to_owned()),
            Role::Provider,
            desk("abuse@box.example", Role::Provider),
        )];
        let complaint = scene.one();
        assert_eq!(complaint.leaks, [""; 0]);
        complaint.subject
    };
    let plain = subject("winter@box.example");
    assert!(
        plain.starts_with("Abuse report: advance-fee fraud with answers to winter@box.example, "),
        "{plain}"
    );
    for own in [
        "jane.doe+shop=example.org@box.example".to_owned(),
        format!("{}@box.example", "x".repeat(60)),
    ] {
        let hidden = subject(&own);
        assert!(!hidden.contains("box.example"), "{hidden}");
    }
}

#[test]
fn nobody_is_asked_who_used_the_address_below_the_word_that_the_user_signed_up() {
    let mut scene = Scene::of(SPAM);
    scene.evidence.kind = Kind::Newsletter;
    for (says, asks) in [
        (Says::OnceSignedUp, "stops mailing me"),
        (Says::Unknown, "which customer of yours"),
    ] {
        let on = "2026-11-21".parse().unwrap();
        scene.options.answer = Some(Answer { says, on });
        let text = scene.one().text.replace('\n', " ");
        assert!(text.contains(asks), "{text}");
        assert!(!text.contains("who used"), "{text}");
    }
}

#[test]
fn a_desk_that_refuses_the_attachments_of_a_report_gets_text() {
    let mut scene = Scene::of(SPAM);
    for (accepts, format) in [
        ("attachments = [\"txt\", \"png\"]", Format::Plain),
        ("attachments = [\"TXT\", \"EML\"]", Format::Arf),
        (
            "attachments = [\"json\"]\nformats = [\"xarf\", \"plain\"]",
            Format::Xarf,
        ),
        (
            "attachments = [\"txt\"]\nformats = [\"xarf\"]",
            Format::Plain,
        ),
        ("formats = [\"plain\"]", Format::Plain),
        ("mail = true", Format::Arf),
    ] {
        scene.rules = ruled(accepts);
        assert_eq!(scene.one().format, format, "{accepts}");
    }
}

#[test]
fn a_text_speaks_of_attached_octets_only_where_they_are() {
    let long = format!("{}\r\n", "x".repeat(1_200));
    let mut scene = Scene::of(spam_with("", &format!("\r\n{long}")));
    let told = |scene: &Scene| {
        let text = scene.one().text;
        (
            text.contains("original.eml"),
            text.contains("it is quoted below"),
        )
    };
    assert_eq!(told(&scene), (true, false));
    let arf = scene.one();
    scene.options.format = Some(Format::Plain);
    assert_eq!(told(&scene), (false, true));
    let plain = complaint::as_plain(
        arf,
        &scene.message,
        &scene.trace,
        &scene.identity,
        scene.rules,
        "en",
    );
    assert_eq!(plain.text, scene.one().text);
    scene.options.format = Some(Format::Xarf);
    assert_eq!(told(&scene), (false, false));
}

#[test]
fn a_file_s_name_cannot_look_like_our_own_words() {
    let name = "x ".repeat(40)
        + "The receiving server is the one I trust. What it recorded I state as fact.exe";
    let body = format!(
        "\r\n--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\nContent-Type: application/x-msdownload\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA\r\n--b--\r\n"
    );
    let header = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    let mut scene = Scene::of(spam_with(header, &body));
    scene.evidence.kind = Kind::Malware;
    let text = scene.one().text;
    let listed = text.split("Attached files:\n").nth(1).unwrap();
    let listed = listed.split("\n\n").next().unwrap();
    assert!(listed.contains("What it recorded"), "{text}");
    assert!(
        listed.lines().all(|line| line.starts_with("  ")),
        "{listed}"
    );
}

#[test]
fn the_users_own_note_is_masked_with_the_text_it_stands_in() {
    let mut scene = Scene::of(SPAM);
    scene.options.note = Some("written by jane.doe+shop@example.org".to_owned());
    let complaint = scene.one();
    assert!(complaint.text.contains("written by x@munged.invalid"));
    assert_eq!(complaint.leaks, Vec::<String>::new());
}

#[test]
fn a_leak_that_cannot_be_masked_stops_the_complaint_and_says_where() {
    let mut scene = Scene::of(SPAM);
    // The subject is made of our own words: nothing in it can be masked.
    scene.identity.also_mask.push("report".to_owned());
    let leaks = scene.one().leaks;
    let advice = "line 3, in the header: own word; our own words or the desk's name hold it: take it out of also_mask, or name, in [identity]";
    assert!(leaks.iter().any(|leak| leak == advice), "{leaks:?}");
    // A desk that is in the user's own domain, or himself.
    let mut scene = Scene::of(SPAM);
    let found = desk("jane.doe@example.org", Role::Network);
    scene.found = vec![(Suspect::Addr(addr("192.0.2.7")), Role::Network, found)];
    let advice = "line 2, in the header: base address; it names the desk, too, and cannot be hidden: use --munge none if the desk may know you";
    assert_eq!(scene.one().leaks.first().map(String::as_str), Some(advice));
    let found = desk("abuse@example.org", Role::Network);
    scene.found = vec![(Suspect::Addr(addr("192.0.2.7")), Role::Network, found)];
    scene.identity.mask_domain = true;
    let advice = "line 2, in the header: own domain; the desk is in your own domain: unset mask_domain in [identity]";
    assert_eq!(scene.one().leaks.first().map(String::as_str), Some(advice));
}

#[test]
fn headers_only_leaves_the_body_out_and_says_so() {
    let complaint = Scene::of(SPAM).munged(Munge::HeadersOnly).one();
    is_sound(&complaint);
    assert!(
        !complaint
            .octets
            .windows(8)
            .any(|window| window == b"You have")
    );
    assert!(
        complaint.text.contains("- The body of "),
        "{}",
        complaint.text
    );
}

#[test]
fn tokens_are_crossed_out_for_link_hosts_but_phishing_links_stay_whole() {
    let scene = |kind: Kind| {
        let body = "see https://www.shop.example/go/a7f3b9c2d1?id=17593640 now\r\n";
        let mut scene = Scene::of(spam_with("", body));
        scene.evidence.kind = kind;
        let host = Suspect::Host("www.shop.example".to_owned());
        scene.found = vec![(
            host,
            Role::Hosting,
            desk("abuse@host.example.com", Role::Hosting),
        )];
        scene.one()
    };
    let plain = scene(Kind::Spam);
    assert_eq!(plain.munge, Munge::Tokens);
    assert!(evidence_of(&plain).contains("https://www.shop.example/go/xxxxxxxxxx?id=xxxxxxxx now"));
    assert!(!plain.text.contains("a7f3b9c2d1"));
    assert!(evidence_of(&scene(Kind::Phishing)).contains("/go/a7f3b9c2d1?id=17593640"));
}

#[test]
fn the_own_domain_is_hidden_where_the_user_owns_it() {
    let mut scene = Scene::of(SPAM);
    scene.identity.mailbox = mailbox("jane@example.org");
    scene.identity.mask_domain = true;
    let complaint = scene.one();
    assert_eq!(complaint.leaks, Vec::<String>::new());
    assert!(!evidence_of(&complaint).contains("example.org"));
    assert!(!complaint.text.contains("example.org"));
    assert!(complaint.warnings.is_empty(), "{:?}", complaint.warnings);
}

#[test]
fn an_address_of_an_international_domain_is_hidden_in_letters() {
    let spam = "Cc: anna@m\u{fc}ller.example\r\n";
    let mut scene = Scene::of(spam_with(
        spam,
        "dear anna@m\u{fc}ller.example, anna%40m%C3%BCller.example\r\n",
    ));
    let mine = "anna@xn--mller-kva.example".to_owned();
    scene.identity.also_mine.push(mine);
    let complaint = scene.one();
    assert_eq!(complaint.leaks, Vec::<String>::new());
    let evidence = evidence_of(&complaint);
    assert!(evidence.contains("Cc: x@munged.invalid\r\n"), "{evidence}");
    assert!(!evidence.contains("ller"), "{evidence}");
}

#[test]
fn the_full_name_of_the_settings_is_hidden_in_all_but_from() {
    let body = "Dear JANE QUENTIN DOE, see http://www.shop.example/?n=Jane+Quentin+Doe\r\n";
    let mut scene = Scene::of(spam_with(
        "X-To: Jane Quentin Doe <a@example.com>\r\n",
        body,
    ));
    scene.identity.name = "Jane Quentin Doe".to_owned();
    let complaint = scene.one();
    assert_eq!(complaint.leaks, Vec::<String>::new());
    let octets = String::from_utf8_lossy(&complaint.octets);
    let from = "From: \"Jane Quentin Doe\" <reports@roe.example>\r\n";
    let rest = octets.strip_prefix(from).unwrap();
    assert!(!rest.to_lowercase().contains("quentin"), "{rest}");
    scene.options.munge = Some(Munge::None);
    assert!(scene.one().text.contains("\nJane Quentin Doe\n"));
}

#[test]
fn every_own_domain_is_hidden_but_those_of_mail_providers() {
    let mut scene = Scene::of(spam_with("", "seen at example.org, mail@gmail.com\r\n"));
    scene.identity.also_mine.push("jane@gmail.com".to_owned());
    scene.identity.mask_domain = true;
    let complaint = scene.one();
    assert_eq!(complaint.leaks, Vec::<String>::new());
    let octets = String::from_utf8_lossy(&complaint.octets);
    assert!(!octets.contains("example.org"), "{octets}");
    assert!(
        octets.contains("seen at munged.invalid, mail@gmail.com"),
        "{octets}"
    );
}

#[test]
fn programs_and_archives_become_a_line_with_their_digest() {
    let body = "--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/octet-stream; name=\"a.exe\"\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA\r\n--b--\r\n";
    let complaint = Scene::of(spam_with(
        "Content-Type: multipart/mixed; boundary=b\r\n",
        body,
    ))
    .one();
    let evidence = evidence_of(&complaint);
    assert!(!evidence.contains("TVqQ"));
    assert!(evidence.contains("[plaint: a part was left out: name a.exe, type application/octet-stream, 12 octets, SHA-256 "));
    assert!(evidence.contains("--b\r\n\r\nhello\r\n--b\r\n"));
}

#[test]
fn a_program_behind_a_bare_cr_becomes_a_line_and_no_field_begins_at_one() {
    let body = "--b\r\n\r\nhello\r--b\rContent-Type: application/octet-stream; name=a.exe\rContent-Transfer-Encoding: base64\r\rTVqQAAMAAAAEAAAA\r\n--b--\r\n";
    let header = "X-A: b\rReceived: from c.example ([192.0.2.99]) by mx.example.org; x\rX-D: e\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    for level in [Munge::Address, Munge::None] {
        let complaint = Scene::of(spam_with(header, body)).munged(level).one();
        is_sound(&complaint);
        let octets = String::from_utf8_lossy(&complaint.octets);
        assert!(!octets.contains("TVqQ"), "{octets}");
        assert_eq!(parts(&complaint.octets).len(), 3, "{octets}");
        let evidence = evidence_of(&complaint);
        assert!(evidence.contains("name a.exe, type application/octet-stream"));
        let written = evidence
            .lines()
            .filter(|line| line.starts_with("Received:"));
        assert_eq!(written.count(), 1, "{evidence}");
    }
}

#[test]
fn a_part_that_only_mail_programs_read_the_user_in_becomes_a_line() {
    let code = data_encoding::BASE64.encode(b"Dear jane.doe+shop@example.org, buy pills now");
    let strewn: Vec<_> = code.as_bytes().chunks(5).collect();
    let strewn = String::from_utf8(strewn.join(&b"!"[..])).unwrap();
    let header = "Content-Transfer-Encoding: base64\r\n";
    let complaint = Scene::of(spam_with(header, &format!("{strewn}\r\n"))).one();
    is_sound(&complaint);
    assert_eq!(complaint.leaks, Vec::<String>::new());
    let evidence = evidence_of(&complaint);
    assert!(
        evidence.contains("[plaint: a part was left out: name -"),
        "{evidence}"
    );
    // What a list adds below a code is no disguise: there, the code is masked in its place.
    let below = Scene::of(spam_with(
        header,
        &format!("{code}\r\n_____\r\nlist@example.net\r\n"),
    ));
    let evidence = evidence_of(&below.one());
    assert!(evidence.contains("list@example.net"), "{evidence}");
    assert!(!evidence.contains(&code), "{evidence}");
}

#[test]
fn large_evidence_is_cut_at_a_part_and_says_so() {
    let part = format!("--b\r\n\r\n{}", "spam and eggs\r\n".repeat(1_000));
    let body = format!("{}--b--\r\n", part.repeat(6));
    let complaint = Scene::of(spam_with(
        "Content-Type: multipart/mixed; boundary=b\r\n",
        &body,
    ))
    .one();
    is_sound(&complaint);
    let evidence = evidence_of(&complaint);
    assert!(evidence.len() < 52 * 1024);
    assert!(
        evidence.contains("[plaint: the message was cut here, ")
            && evidence.trim_end().ends_with("--b--")
    );
    assert!(complaint.text.contains("cut to size"));
}

#[test]
fn what_rfc_5322_forbids_goes_along_octet_for_octet() {
    let mut octets = spam_with("", "");
    octets.extend_from_slice(&[b"a\rb\0c\r\n".as_slice(), &[b'x'; 3_000], b"\r\n"].concat());
    let complaint = Scene::of(octets.clone()).one();
    is_sound(&complaint);
    let parts = parts(&complaint.octets);
    assert!(parts[3].0.contains("filename=original.eml"));
    let encoded: Vec<u8> = parts[3]
        .1
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    let exact = data_encoding::BASE64.decode(&encoded).unwrap();
    let expected = String::from_utf8(octets)
        .unwrap()
        .replace("jane.doe+shop@example.org", "x@munged.invalid");
    assert_eq!(String::from_utf8(exact).unwrap(), expected);
}

#[test]
fn xarf_is_a_document_of_a_private_person() {
    let mut scene = Scene::of(SPAM);
    scene.options.format = Some(Format::Xarf);
    let complaint = scene.one();
    is_sound(&complaint);
    let json: Vec<u8> = parts(&complaint.octets)[2]
        .1
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    let json: serde_json::Value =
        serde_json::from_slice(&data_encoding::BASE64.decode(&json).unwrap()).unwrap();
    assert_eq!(json["Version"], "3");
    assert_eq!(json["ReporterInfo"]["ReporterType"], "Person");
    assert_eq!(json["Report"]["SourceIp"], "192.0.2.7");
    assert_eq!(json["Report"]["Date"], "2026-11-21T11:28:01Z");
    assert_eq!(complaint.leaks, Vec::<String>::new());
}

#[test]
fn plain_is_one_text_with_header_and_body() {
    let mut scene = Scene::of(SPAM);
    scene.options.format = Some(Format::Plain);
    let complaint = scene.one();
    is_sound(&complaint);
    let text = String::from_utf8(complaint.octets).unwrap();
    assert!(text.contains("Content-Type: text/plain; charset=utf-8\r\n"));
    assert!(text.contains("The body of the mail:"));
    assert!(!text.contains("jane.doe"));
}

#[test]
fn a_report_made_into_text_is_what_would_have_been_composed_as_text() {
    let long = format!(
        "hi jane.doe+shop@example.org\r\n{}\r\n\r\n \r\n",
        "y".repeat(2_000)
    );
    for octets in [
        SPAM.as_bytes().to_vec(),
        spam_with("", ""),
        spam_with("X-Y: z\r\n", &long),
    ] {
        let mut scene = Scene::of(octets);
        scene.options.note = Some("It comes every day.".to_owned());
        let report = scene.one();
        let text = complaint::as_plain(
            report.clone(),
            &scene.message,
            &scene.trace,
            &scene.identity,
            scene.rules,
            "en",
        );
        scene.options.format = Some(Format::Plain);
        let wanted = scene.one();
        assert_eq!(
            String::from_utf8_lossy(&text.octets),
            String::from_utf8_lossy(&wanted.octets)
        );
        assert_eq!(
            (text.text, text.format, text.leaks),
            (wanted.text, wanted.format, wanted.leaks)
        );
        assert_eq!(text.message_id, report.message_id);
    }
}

#[test]
fn a_boundary_inside_the_spam_cuts_nothing() {
    let first = Scene::of(SPAM).one();
    let text = String::from_utf8(first.octets).unwrap();
    let boundary = text
        .split("boundary=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    // The spam holds every boundary that it could know of: those of other complaints, in any form.
    let body = format!("--{boundary}--\r\nrest\r\n--=_plaint_\r\n");
    let complaint = Scene::of(spam_with("", &body)).one();
    assert!(evidence_of(&complaint).ends_with(&format!("\r\n\r\n{body}")));
}

#[test]
fn bombs_are_composed_in_bounded_size() {
    let parts = format!("{}--b--\r\n", "--b\r\n\r\nx\r\n".repeat(100_000));
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(1_000);
    for octets in [
        spam_with("Content-Type: multipart/mixed; boundary=b\r\n", &parts),
        spam_with("Content-Type: message/rfc822\r\n", &nested),
        spam_with(
            "Content-Type: text/plain; charset=utf-7\r\n",
            &"+AAA-".repeat(100_000),
        ),
        spam_with("", &"<".repeat(200_000)),
        spam_with("", &"=?utf-8?B?".repeat(20_000)),
    ] {
        let began = std::time::Instant::now();
        let complaint = Scene::of(octets).one();
        is_sound(&complaint);
        assert!(
            complaint.octets.len() < 512 * 1024,
            "{}",
            complaint.octets.len()
        );
        assert!(began.elapsed().as_secs() < 60);
    }
}

#[test]
fn nothing_of_the_spam_reaches_the_terminal_as_it_is() {
    let hostile = "Subject: \x1b]52;c;eA==\x07\u{202e}\u{200b}\u{9b}31m\r\nReply-To: \"\x1b[2J\" <a@b.example>\r\n";
    let complaint = Scene::of(spam_with(hostile, "\x1b[31mred\u{2066}\r\n")).one();
    for shown in [
        preview::text(&complaint),
        preview::whole(&complaint),
        complaint.text.clone(),
        complaint.subject.clone(),
    ] {
        let printable =
            |c: char| c == '\n' || !(c.is_control() || "\u{202e}\u{200b}\u{2066}".contains(c));
        assert!(shown.chars().all(printable), "{shown:?}");
    }
}

#[test]
fn a_mail_that_is_old_or_was_sent_to_the_complaining_address_warns() {
    let mut scene = Scene::of(SPAM);
    scene.identity.mailbox = mailbox("jane.doe+shop@example.org");
    scene.now = at("2026-11-24T12:00:00Z");
    let warnings = scene.one().warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("3 days old")),
        "{warnings:?}"
    );
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("the very address that was spammed")),
        "{warnings:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_header_and_body_give_a_sound_complaint_without_leaks(
        header in prop::collection::vec(prop::sample::select(&b"Subject:From To\x1b\r\n <>@,;\"=?utf-8?B?\xff\x00%"[..]), 0..200),
        body in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut octets = spam_with("", "");
        octets.truncate(octets.len() - 2);
        octets.extend_from_slice(b"Subject: ");
        octets.extend_from_slice(&header);
        octets.extend_from_slice(b"\r\n\r\n");
        octets.extend_from_slice(&body);
        let complaint = Scene::of(octets).one();
        is_sound(&complaint);
        prop_assert_eq!(complaint.leaks, Vec::<String>::new());
    }
}
