//! A network's own desk that cannot be written to, or does not act: the network above is offered, and never ticked.

use jiff::{SignedDuration, Timestamp};
use plaint::delivery::{Journal as _, Outcome};
use plaint::ledger::{DeskMark, Ledger, ShownAs};

use crate::letters::{FREE, agreed_at, complaint, spam};
use crate::net::dns::Record;
use crate::net::made_up;
use crate::net::world::{About, World};
use crate::trial::Trial;

/// The desk of the network that the pills came from.
const OWN: &str = "abuse@northpath.example";

/// The desk of the network above it.
const ABOVE: &str = "abuse@ridgeline.example";

/// Returns the made-up internet, in which Ridgeline connects Northpath.
fn world() -> World {
    let mut world = made_up();
    let peers = "64510 64511 | 198.51.100.0/25 | US | arin | 2009-10-19";
    world.name(
        "23.100.51.198.peer.asn.cymru.com",
        [Record::Txt(peers.to_owned())],
    );
    let answer = format!(
        r#"{{"objectClassName":"autnum","handle":"AS64510","startAutnum":64510,"endAutnum":64510,
        "port43":"whois.arin.net","entities":[{{"objectClassName":"entity","handle":"RDG-1",
        "roles":["registrant"],"entities":[{{"objectClassName":"entity","handle":"ABUSE9-ARIN",
        "roles":["abuse"],"vcardArray":["vcard",[["version",{{}},"text","4.0"],
        ["fn",{{}},"text","Abuse"],["email",{{}},"text","{ABOVE}"]]]}}]}}]}}"#
    );
    world.rdap.push((About::new("as64510"), answer));
    world
}

fn days_ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

/// Writes into the trial's ledger that a desk took a complaint about an address at a time.
fn told(trial: &Trial, desk: &str, source: &str, at: Timestamp) {
    let mut ledger = Ledger::open(&trial.home.ledger(), at).unwrap();
    let message = spam(1);
    let case = ledger.standing(&message).unwrap().case();
    let source = source.parse().unwrap();
    let facts = plaint::ledger::CaseFacts::of(source, "spam");
    ledger.hold(&message, case, &facts, Some(at), at).unwrap();
    let mut told = complaint(ledger.secret(), case, desk, "Spam came.");
    told.source_addr = source;
    let approved = agreed_at(vec![told], at);
    ledger.approve(&approved, ShownAs::New, &FREE, at).unwrap();
    ledger.connecting(&approved[0], "smtp", at).unwrap();
    ledger.data(&approved[0], at).unwrap();
    let outcome = Outcome::Accepted {
        by: "mail.example.org".to_owned(),
        reply: "250 ok".to_owned(),
    };
    ledger.ended(&approved[0], &outcome, at).unwrap();
}

/// Returns the desks to which complaints would be drafted, with what is said of them.
fn drafted(trial: &Trial) -> (Vec<String>, String, String) {
    let ran = trial.pipe(&["draft", "pills.eml"], b"");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let to = ran
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("To: "))
        .map(|mailbox| mailbox.trim_matches(['<', '>']).to_owned())
        .filter(|mailbox| [OWN, ABOVE].contains(&mailbox.as_str()))
        .collect();
    (to, ran.stdout, ran.stderr)
}

#[test]
fn a_desk_that_is_silent_for_a_week_while_mail_goes_on_brings_in_the_network_above() {
    let trial = Trial::in_world(world());
    let since = days_ago(10);
    told(&trial, OWN, "198.51.100.77", since);
    let day = since.strftime("%Y-%m-%d");
    let mut player = trial.terminal(&["report", "pills.eml"]);
    player
        .wait_for("Which complaints do you want to send")
        .unwrap();
    player.wait(std::time::Duration::from_millis(700)).unwrap();
    let screen = player.screen();
    assert!(
        screen.contains(&format!("has not answered since {day}, and mail goes on")),
        "{screen}"
    );
    // Its own desk is ticked, the one above is not: down, and tick it.
    player.send(b"j \r").unwrap();
    let code = player
        .wait_for(r"type (\w{4}) to send 2 complaints")
        .unwrap();
    player.type_line(&code).unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(0), "{}", ending.screen);
    let arrived = trial.internet.mailroom().arrived();
    let to: Vec<_> = arrived.iter().map(|mail| mail.to[0].as_str()).collect();
    assert_eq!(to, [OWN, ABOVE]);
    let text = String::from_utf8_lossy(&arrived[1].octets).replace("\r\n", " ");
    assert!(
        text.contains(&format!(
            "Its own abuse desk ({OWN}) had a report from me on {day}, and mail from there goes on."
        )),
        "{text}"
    );
    assert!(!text.contains("an address in your care"), "{text}");
}

#[test]
fn silence_of_a_few_days_or_about_another_network_leads_nowhere() {
    for (source, days) in [("198.51.100.77", 6), ("192.0.2.45", 10)] {
        let trial = Trial::in_world(world());
        told(&trial, OWN, source, days_ago(days));
        assert_eq!(drafted(&trial).0, [OWN], "{source} {days}");
    }
}

#[test]
fn a_dead_desk_is_refused_with_its_reason_and_the_network_above_is_offered() {
    let trial = Trial::in_world(world());
    let now = Timestamp::now();
    let mut ledger = Ledger::open(&trial.home.ledger(), now).unwrap();
    let dead = |until| DeskMark::Dead {
        until,
        why: "2 times, 5.1.1".to_owned(),
    };
    ledger
        .mark_desk(OWN, &dead(now + SignedDuration::from_hours(24)), now)
        .unwrap();
    drop(ledger);
    let (to, text, said) = drafted(&trial);
    assert_eq!(to, [ABOVE]);
    assert!(
        text.contains(&format!("Mail to its own abuse desk ({OWN}) comes back.")),
        "{text}"
    );
    assert!(said.contains("would not be ticked: mail to"), "{said}");

    // Without anybody above, the reason stands in the failure.
    trial
        .internet
        .change(|world| world.dns.retain(|name, _| !name.contains("peer.asn")));
    let ran = trial.pipe(&["draft", "pills.eml"], b"");
    assert_eq!(ran.code, 69);
    assert!(
        ran.stderr.contains("mail to it came back (2 times, 5.1.1)"),
        "{}",
        ran.stderr
    );

    // After ninety days it is asked anew.
    let mut ledger = Ledger::open(&trial.home.ledger(), now).unwrap();
    ledger
        .mark_desk(OWN, &dead(now - SignedDuration::from_hours(1)), now)
        .unwrap();
    drop(ledger);
    assert_eq!(drafted(&trial).0, [OWN]);
}

#[test]
fn a_desk_that_the_spam_names_is_not_told_and_the_network_above_is_offered() {
    let trial = Trial::in_world(world());
    let path = trial.home.path("pills.eml");
    let spam = std::fs::read_to_string(&path).unwrap();
    let named = spam.replacen("Subject:", &format!("Reply-To: {OWN}\r\nSubject:"), 1);
    assert_ne!(spam, named);
    std::fs::write(&path, named).unwrap();
    let (to, text, said) = drafted(&trial);
    assert_eq!(to, [ABOVE], "{said}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains(&format!(
            "The mail itself names the abuse desk of that network ({OWN}), so I do not write there."
        )),
        "{text}"
    );

    // In German, too.
    let settings = std::fs::read_to_string(trial.home.config()).unwrap();
    let german = format!("{settings}\n[complaint]\nlanguage = \"de\"\n");
    std::fs::write(trial.home.config(), german).unwrap();
    let (_, text, _) = drafted(&trial);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "binden Sie dieses Netz an.",
        "Die Mail selbst nennt die Abuse-Stelle",
    ] {
        assert!(text.contains(words), "{text}");
    }
}
