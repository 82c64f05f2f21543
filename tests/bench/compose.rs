//! How fast complaints are composed: evidence gathered, text written, the user hidden, the octets searched.
//!
//! Run with `cargo bench --bench compose`; one item is one message of about 5 kB. At the end it
//! says by how much the resident memory grew from the thousandth complaint to the last.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot begin has nothing to measure, and says what it measured"
)]

use jiff::Timestamp;
use plaint::complaint::{self, Identity, Material, Options, Secret};
use plaint::contact::{AbuseMailbox, Confidence, Contact, Contacts, Role, Suspect, Via};
use plaint::evidence;
use plaint::intake::{self, Message, Origin};
use plaint::rules::Rules;
use plaint::trace::{self, Trace, Trust};

fn main() {
    divan::main();
    let bench = bench(10_000);
    let mut before = None;
    for (number, (message, trace)) in bench.messages.iter().enumerate() {
        bench.compose(message, trace);
        if number == 1_000 {
            before = resident_kib();
        }
    }
    if let (Some(before), Some(after)) = (before, resident_kib()) {
        println!("resident memory: {before} KiB after 1,000 complaints, {after} KiB after 10,000");
    }
}

/// Returns the resident memory of this process, where the system tells.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// A message of about 5 kB that differs by its number.
fn message(number: usize) -> Message {
    let line = format!(
        "Cheap offers number {number}, see http://www.shop.example/o/{number}?id=a{number}b now or never.\r\n"
    );
    let html = data_encoding::BASE64_MIME.encode(
        format!("<html><body><p>{line}</p></body></html>")
            .repeat(10)
            .as_bytes(),
    );
    let text = format!(
        "Delivered-To: jane.doe@example.org\r\nReceived: from mail{number}.example.net (unknown [192.0.2.7])\r\n\tby mx.example.org (Postfix) with ESMTP id 4F2C{number:06X}\r\n\
         \tfor <jane.doe@example.org>; Sat, 21 Nov 2026 11:28:01 +0000\r\nFrom: Shop <shop@example.net>\r\nTo: jane.doe@example.org\r\nSubject: offer {number}\r\n\
         Message-ID: <{number}@example.net>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n{}--b\r\nContent-Type: text/html\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{html}\r\n--b--\r\n",
        line.repeat(25)
    );
    intake::read(text.into_bytes(), Origin::single("-")).expect("a message")
}

struct Bench {
    rules: Rules,
    messages: Vec<(Message, Trace)>,
    identity: Identity,
    found: Vec<(Suspect, Role, Contacts)>,
}

fn bench(count: usize) -> Bench {
    let rules = Rules::builtin();
    let mut trust = Trust::default();
    trust.add("mx.example.org").expect("a host");
    let messages = (0..count)
        .map(|number| {
            let message = message(number);
            let trace = trace::follow(&message.headers(), &trust, &rules);
            (message, trace)
        })
        .collect();
    let mailbox = |text| AbuseMailbox::try_from(text).expect("a mailbox");
    let contact = Contact {
        mailbox: mailbox("abuse@isp.example.net"),
        role: Role::Network,
        recommended: true,
        confidence: Confidence::High,
        via: Via::Rdap,
        server: String::new(),
        field: String::new(),
        fetched: Timestamp::UNIX_EPOCH,
    };
    let contacts = Contacts {
        contacts: vec![contact],
        ..Contacts::default()
    };
    Bench {
        rules,
        messages,
        identity: Identity {
            name: String::new(),
            mailbox: mailbox("reports@roe.example"),
            also_mine: vec!["jane.doe@example.org".to_owned()],
            also_mask: vec!["Jane Doe".to_owned()],
            mask_domain: false,
        },
        found: vec![(
            Suspect::Addr([192, 0, 2, 7].into()),
            Role::Network,
            contacts,
        )],
    }
}

impl Bench {
    fn compose(&self, message: &Message, trace: &Trace) -> usize {
        let evidence = evidence::gather(message, trace, &[], &self.rules);
        let secret = Secret::new([7; 32]);
        let options = Options::default();
        let complaints = complaint::draft(&Material {
            message,
            trace,
            evidence: &evidence,
            found: &self.found,
            earlier: &[],
            case: secret.case(message.octets()),
            round: 0,
            identity: &self.identity,
            options: &options,
            rules: &self.rules,
            secret: &secret,
            now: "2026-11-21T12:00:00Z".parse().expect("a time"),
        });
        let complaints = complaints.expect("a complaint");
        assert!(
            complaints
                .iter()
                .all(|complaint| complaint.leaks.is_empty())
        );
        complaints
            .iter()
            .map(|complaint| complaint.octets.len())
            .sum()
    }
}

/// Ten thousand messages, one after another on one core.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn ten_thousand(bencher: divan::Bencher<'_, '_>) {
    let bench = bench(10_000);
    bencher
        .counter(divan::counter::ItemsCount::new(10_000usize))
        .bench_local(|| {
            bench
                .messages
                .iter()
                .map(|(message, trace)| bench.compose(message, trace))
                .sum::<usize>()
        });
}
