//! Each example, carried from what arrived to what the desk gets; the files of `examples/` are what came out.
//!
//! `UPDATE_EXAMPLES=1 cargo test --test main examples` writes them anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plaint::complaint::{self, Answer, Complaint, Identity, Material, Options, Says, Secret};
use plaint::config::Config;
use plaint::contact::{Contacts, Finder, NoCache, Role, Suspect};
use plaint::evidence::{self, Evidence, Kind};
use plaint::intake::{self, Message, Origin};
use plaint::rules::Rules;
use plaint::trace::{self, Trace};
use serde_json::{Value, json};

use crate::home::{ALSO_MINE, REPORTER};
use crate::traces;
use crate::trial::Trial;

/// The examples that are one message, and how many complaints are ticked for each.
const SINGLE: [(&str, usize); 4] = [
    ("phishing", 3),
    ("pills", 1),
    ("newsletter", 1),
    ("advance-fee", 2),
];

/// Addresses that stand in the examples and are innocent, or only claimed.
const INNOCENT: [&str; 3] = ["203.0.113.200", "203.0.113.77", "198.51.100.77"];

/// Everything that the stages need and that a message does not bring.
struct Desk {
    trial: Trial,
    config: Config,
    rules: Rules,
    secret: Secret,
    now: Timestamp,
}

/// A message, and what the stages made of it.
struct Carried {
    message: Message,
    trace: Trace,
    evidence: Evidence,
    found: Vec<(Suspect, Role, Contacts)>,
}

impl Desk {
    fn open() -> Self {
        let trial = Trial::begin();
        let config = Config::load(Some(&trial.home.config())).unwrap();
        Self {
            config,
            trial,
            rules: Rules::builtin(),
            secret: Secret::new([7; 32]),
            now: "2026-11-20T18:00:00Z".parse().unwrap(),
        }
    }

    fn carry(&self, octets: Vec<u8>, name: &str) -> Carried {
        let message = intake::read(octets, Origin::single(name)).unwrap();
        let trust = self.config.trust(&[]).unwrap();
        let trace = trace::follow(&message.headers(), &trust, &self.rules);
        let evidence =
            evidence::gather(&message, &trace, &self.config.own_mailboxes(), &self.rules);
        let mut finder = Finder::new(self.config.lookup().unwrap(), &self.rules);
        let found = suspects(&trace, &evidence)
            .into_iter()
            .map(|(suspect, role)| {
                let contacts = finder.find(&suspect, &mut NoCache, self.now);
                (suspect, role, contacts)
            })
            .collect();
        Carried {
            message,
            trace,
            evidence,
            found,
        }
    }

    /// Composes what is ticked beforehand.
    fn complaints(&self, carried: &Carried, earlier: &[&Carried]) -> Vec<Complaint> {
        let identity: Identity = self.config.identity().unwrap().unwrap();
        let first = earlier.first().unwrap_or(&carried);
        let times: Vec<Timestamp> = earlier.iter().map(|other| boundary(&other.trace)).collect();
        let mut options = Options::default();
        if carried.evidence.may_be_wanted() {
            options.answer = Some(Answer {
                says: Says::NeverAsked,
                on: "2026-11-20".parse().unwrap(),
            });
        }
        let drafted = complaint::draft(&Material {
            message: &carried.message,
            trace: &carried.trace,
            evidence: &carried.evidence,
            found: &carried.found,
            earlier: &times,
            case: self.secret.case(first.message.octets()),
            round: 0,
            identity: &identity,
            options: &options,
            rules: &self.rules,
            secret: &self.secret,
            now: self.now,
        });
        let mut complaints = drafted.unwrap();
        complaints.retain(|complaint| complaint.desk.ticked);
        complaints
    }

    /// Returns what `plaint trace` shows on a terminal.
    fn traced(&self, file: &Path) -> String {
        let copy = file.file_name().unwrap().to_str().unwrap();
        std::fs::copy(file, self.trial.home.path(copy)).unwrap();
        // The answer on a terminal, without the progress that goes to standard error.
        let player = self.trial.shell(&format!("\"$0\" trace {copy} 2> errors"));
        let ending = player.finish().unwrap();
        assert_eq!(ending.code, Some(0), "{}", ending.screen);
        ending.screen
    }
}

fn boundary(trace: &Trace) -> Timestamp {
    let source = trace.source.as_ref().unwrap();
    trace.hops[source.field].date.unwrap()
}

/// Whom the complaints of an example are about: the source, and for frauds what they live on.
fn suspects(trace: &Trace, evidence: &Evidence) -> Vec<(Suspect, Role)> {
    let source = trace.source.as_ref().unwrap();
    let mut suspects = vec![(Suspect::Addr(source.addr), Role::Network)];
    if matches!(
        evidence.kind,
        Kind::Phishing | Kind::Malware | Kind::AdvanceFee
    ) {
        for link in evidence.links.iter().filter(|link| !link.innocent) {
            suspects.push((Suspect::Host(link.host.clone()), Role::Hosting));
            let domain = link.host.trim_start_matches("www.").to_owned();
            suspects.push((Suspect::Domain(domain), Role::Registrar));
        }
        for drop_box in &evidence.drop_boxes {
            let (_, domain) = drop_box.mailbox.split_once('@').unwrap();
            suspects.push((Suspect::Domain(domain.to_owned()), Role::Provider));
        }
    }
    let mut seen = std::collections::HashSet::new();
    suspects.retain(|suspect| seen.insert(suspect.clone()));
    suspects
}

fn evidence_json(evidence: &Evidence) -> Value {
    json!({
        "kind": format!("{:?}", evidence.kind).to_lowercase(),
        "kind_why": evidence.kind_why,
        "links": evidence.links.iter().map(|link| json!({
            "url": link.url,
            "host": link.host,
            "innocent": link.innocent,
            "target": link.target,
            "shortener": link.shortener,
        })).collect::<Vec<_>>(),
        "drop_boxes": evidence.drop_boxes.iter().map(|drop_box| json!({
            "mailbox": drop_box.mailbox,
            "place": drop_box.place,
        })).collect::<Vec<_>>(),
        "attachments": evidence.attachments.iter().map(|attachment| json!({
            "name": attachment.name,
            "media_type": attachment.media_type,
            "size_octets": attachment.size_octets,
            "sha256": attachment.sha256,
        })).collect::<Vec<_>>(),
        "esp": evidence.esp.as_ref().map(|esp| json!({
            "name": esp.name,
            "customer": esp.customer,
            "desk": esp.desk,
            "believed": esp.believed,
            "rule": esp.rule,
        })),
        "unsubscribe": evidence.unsubscribe.as_ref().map(|unsubscribe| json!({
            "targets": unsubscribe.targets,
            "one_click": unsubscribe.one_click,
        })),
    })
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

/// Compares what came out with the files of an example, or writes them.
fn compare(name: &str, made: &BTreeMap<String, Vec<u8>>) {
    let folder = folder(name);
    if std::env::var_os("UPDATE_EXAMPLES").is_some_and(|value| value == "1") {
        for (file, octets) in made {
            std::fs::write(folder.join(file), octets).unwrap();
        }
        return;
    }
    for (file, octets) in made {
        let kept = std::fs::read(folder.join(file)).unwrap_or_default();
        let (kept, octets) = (
            String::from_utf8_lossy(&kept),
            String::from_utf8_lossy(octets),
        );
        pretty(&kept, &octets, &format!("examples/{name}/{file}"));
    }
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| !file.starts_with("1-"))
        .collect();
    files.sort();
    assert_eq!(
        files,
        Vec::from_iter(made.keys().cloned()),
        "examples/{name}"
    );
}

/// Fails at the first line that differs.
fn pretty(kept: &str, made: &str, file: &str) {
    for (at, (kept, made)) in kept.lines().zip(made.lines()).enumerate() {
        assert_eq!(
            kept,
            made,
            "{file}:{} (UPDATE_EXAMPLES=1 writes it anew)",
            at + 1
        );
    }
    assert_eq!(kept, made, "{file} (UPDATE_EXAMPLES=1 writes it anew)");
}

/// Returns the files of complaints: one `4-complaint.eml`, or numbered ones.
fn letters(complaints: &[Complaint]) -> impl Iterator<Item = (String, Vec<u8>)> {
    let alone = complaints.len() == 1;
    complaints.iter().enumerate().map(move |(at, complaint)| {
        let name = if alone {
            "4-complaint.eml".to_owned()
        } else {
            format!("4-complaint-{}.eml", at + 1)
        };
        (name, complaint.octets.clone())
    })
}

/// Asserts what holds for every complaint of an example.
fn assert_decent(complaint: &Complaint) {
    assert_eq!(complaint.leaks, Vec::<String>::new());
    let own = [&[REPORTER][..], &ALSO_MINE].concat();
    for place in traces::of(&own, &complaint.octets) {
        let allowed = ["From", "Reply-To", "Message-ID"].contains(&place.as_str());
        assert!(allowed, "the reporter stands in {place}");
    }
    for innocent in INNOCENT {
        assert!(
            !complaint.subject.contains(innocent),
            "{}",
            complaint.subject
        );
    }
}

#[test]
fn single_messages_give_what_stands_in_their_folders() {
    let desk = Desk::open();
    for (name, ticked) in SINGLE {
        let file = folder(name).join("1-spam.eml");
        let carried = desk.carry(std::fs::read(&file).unwrap(), "1-spam.eml");
        let complaints = desk.complaints(&carried, &[]);
        complaints.iter().for_each(assert_decent);
        let evidence = serde_json::to_string_pretty(&evidence_json(&carried.evidence)).unwrap();
        let mut made = BTreeMap::from([
            ("2-trace.txt".to_owned(), desk.traced(&file).into_bytes()),
            ("3-evidence.json".to_owned(), (evidence + "\n").into_bytes()),
        ]);
        made.extend(letters(&complaints));
        compare(name, &made);
        assert_eq!(complaints.len(), ticked, "{name}");
    }
}

#[test]
fn a_mailbox_gives_one_complaint_for_each_source_and_day() {
    let desk = Desk::open();
    let file = folder("week").join("1-mailbox.mbox");
    let mailbox = String::from_utf8(std::fs::read(&file).unwrap()).unwrap();
    // The separators are plain here; how mailboxes are split is the business of other tests.
    let messages: Vec<Carried> = mailbox
        .split("\n\nFrom ")
        .map(|text| {
            let (_, message) = text.split_once('\n').unwrap();
            desk.carry(message.as_bytes().to_vec(), "1-mailbox.mbox")
        })
        .collect();
    let [first, other, second] = messages.as_slice() else {
        panic!("{} messages", messages.len());
    };
    let complaints = [
        desk.complaints(second, &[first]),
        desk.complaints(other, &[]),
    ]
    .concat();
    complaints.iter().for_each(assert_decent);
    let incidents: Vec<usize> = complaints
        .iter()
        .map(|complaint| complaint.incidents)
        .collect();
    let mut made = BTreeMap::from([("2-trace.txt".to_owned(), desk.traced(&file).into_bytes())]);
    made.extend(letters(&complaints));
    compare("week", &made);
    assert_eq!(incidents, [2, 1]);
}
