//! Looks up who answers for what a message shows.
//!
//! In: suspects, the settings, the ledger as cache. Out: what [`crate::complaint`] needs.
//! Trust: before the user agreed, only names that cannot carry a token are asked for.

use jiff::Timestamp;

use super::Session;
use crate::config::IdentityKeys;
use crate::contact::{
    AbuseMailbox, Cache, Contacts, Escalation, Finder, NoCache, Parties, Role, Suspect,
};
use crate::failure::Failure;
use crate::intake::{Headers, Untrusted};
use crate::ledger::Ledger;
use crate::rules::Rules;

/// What was found for one suspect.
pub(super) type Found = (Suspect, Role, Contacts);

/// Looks up every suspect, one after another.
///
/// A finder serves a whole run: it keeps each server's pace, and asks once per network.
pub(super) fn all(
    finder: &mut Finder<'_>,
    ledger: &mut Ledger,
    use_cache: bool,
    suspects: &[(Suspect, Role)],
    now: Timestamp,
) -> Vec<Found> {
    let mut none = NoCache;
    let cache: &mut dyn Cache = if use_cache { ledger } else { &mut none };
    suspects
        .iter()
        .map(|(suspect, role)| {
            let contacts = finder.find_as(suspect, *role, cache, now);
            (suspect.clone(), *role, contacts)
        })
        .collect()
}

/// Takes out whom a complaint must not go to, and adds the networks above where that leaves nobody who acts.
///
/// `arrival` is when the message at hand reached the boundary.
pub(super) fn allowed(
    finder: &mut Finder<'_>,
    ledger: &mut Ledger,
    use_cache: bool,
    found: Vec<Found>,
    parties: &Parties,
    arrival: Option<Timestamp>,
    now: Timestamp,
) -> Result<Vec<Found>, Failure> {
    let mut allowed = Vec::with_capacity(found.len());
    for (suspect, role, contacts) in found {
        let left = contacts.clone().without(parties);
        let why = match role {
            Role::Network => escalation(ledger, &contacts, parties, arrival)?,
            _ => None,
        };
        let own = left.desk_for(role).map(|desk| desk.mailbox.key());
        allowed.push((suspect.clone(), role, left));
        let (Suspect::Addr(addr), Some(why)) = (&suspect, why) else {
            continue;
        };
        let mut none = NoCache;
        let cache: &mut dyn Cache = if use_cache { ledger } else { &mut none };
        let mut above = finder
            .find_upstream(*addr, &contacts, cache, now)
            .without(parties);
        above
            .contacts
            .retain(|contact| Some(contact.mailbox.key()) != own);
        above.escalation = Some(why);
        allowed.push((suspect, Role::Upstream, above));
    }
    Ok(allowed)
}

/// Returns why the network above is to be proposed, as far as the ledger knows.
fn escalation(
    ledger: &Ledger,
    contacts: &Contacts,
    parties: &Parties,
    arrival: Option<Timestamp>,
) -> Result<Option<Escalation>, Failure> {
    let mut failed = None;
    let mut unanswered = |desk: &AbuseMailbox| {
        let network = contacts.network.as_ref()?;
        let since = ledger.unanswered_since(&desk.key(), (network.first, network.last));
        since.unwrap_or_else(|error| {
            failed = Some(error);
            None
        })
    };
    let why = contacts.escalation(parties, &mut unanswered, arrival);
    failed.map_or(Ok(why), |error| Err(error.into()))
}

/// Fields in which a message names who sent it, and who wants the answers. RFC 5322 §3.6.2.
const AUTHORS: [&str; 4] = ["From", "Sender", "Reply-To", "Return-Path"];

/// Returns whom a complaint about a message must not go to: the user, who sent it by its own word, dead desks.
///
/// What else a spam names keeps nobody from being told: one line "report abuse to …" would
/// take the right desk out.
pub(super) fn parties(
    headers: &Headers<'_>,
    identity: &IdentityKeys,
    rules: &Rules,
    dead: Vec<(AbuseMailbox, String)>,
) -> Parties {
    let mut finder = linkify::LinkFinder::new();
    finder.kinds(&[linkify::LinkKind::Email]);
    let mut spam: Vec<String> = Vec::new();
    for field in AUTHORS.iter().flat_map(|name| headers.all(name)) {
        let text = field.text();
        spam.extend(finder.links(&text).map(|link| link.as_str().to_owned()));
    }
    spam.retain(|named| {
        let mailbox = AbuseMailbox::try_from(named.as_str());
        mailbox.map_or(true, |mailbox| rules.desks.for_mailbox(&mailbox).is_none())
    });
    Parties {
        own: identity
            .mailbox
            .iter()
            .chain(&identity.also_mine)
            .cloned()
            .collect(),
        spam,
        dead,
    }
}

/// Returns the settings of lookups, with `--offline`.
pub(super) fn settings(
    session: &Session,
    offline: bool,
) -> Result<crate::contact::Settings, Failure> {
    let mut settings = session.config.lookup()?;
    settings.offline |= offline;
    Ok(settings)
}

/// Returns a suspect as the user reads it.
pub(super) fn name(suspect: &Suspect) -> String {
    match suspect {
        Suspect::Addr(addr) => addr.to_string(),
        Suspect::Asn(number) => format!("AS{number}"),
        Suspect::Domain(name) | Suspect::Host(name) => Untrusted::text(name).to_string(),
    }
}

/// Returns why nobody was found: what the servers said, one line each.
pub(super) fn why_not(found: &[Found]) -> Vec<String> {
    let mut reasons = Vec::new();
    for (suspect, _, contacts) in found {
        if let Some(error) = &contacts.error {
            reasons.push(format!("{}: {error}", name(suspect)));
        }
        for asked in &contacts.hops {
            // The cache has no server; which of its answers it was tells the question.
            let whom = if asked.server.is_empty() {
                &asked.query
            } else {
                &asked.server
            };
            reasons.push(format!(
                "{} `{}`: {}",
                asked.proto,
                Untrusted::text(whom),
                Untrusted::text(&asked.outcome)
            ));
        }
        for refused in &contacts.refused {
            reasons.push(format!(
                "`{}` was found and is not written to: {}",
                Untrusted::text(&refused.mailbox),
                refused.why
            ));
        }
    }
    counted(reasons)
}

/// Says each line once, and how often it stood there.
fn counted(lines: Vec<String>) -> Vec<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for line in lines {
        match counts.iter_mut().find(|(known, _)| *known == line) {
            Some((_, count)) => *count += 1,
            None => counts.push((line, 1)),
        }
    }
    counts
        .into_iter()
        .map(|(line, count)| match count {
            1 => line,
            n => format!("{line} ({n} times)"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::Asked;

    #[test]
    fn why_nobody_was_found_is_said_once_each() {
        let asked = |proto: &str, server: &str, query: &str, outcome: &str| Asked {
            proto: proto.to_owned(),
            server: server.to_owned(),
            query: query.to_owned(),
            outcome: outcome.to_owned(),
        };
        let contacts = Contacts {
            hops: vec![
                asked(
                    "cache",
                    "",
                    "https://rdap.example/ipv4.json",
                    "the file that was kept",
                ),
                asked("rdap", "rdap.example.net", "/ip/192.0.2.7", "answered"),
                asked("dns", "127.0.0.1:53", "7.2.0.192.example", "nothing there"),
                asked("dns", "127.0.0.1:53", "example.net", "nothing there"),
            ],
            error: Some("no contact was found".to_owned()),
            ..Contacts::default()
        };
        let suspect = Suspect::Addr("192.0.2.7".parse().unwrap());
        insta::assert_snapshot!(
            why_not(&[(suspect, Role::Network, contacts)]).join("\n"),
            @r"
        192.0.2.7: no contact was found
        cache `https://rdap.example/ipv4.json`: the file that was kept
        rdap `rdap.example.net`: answered
        dns `127.0.0.1:53`: nothing there (2 times)
        "
        );
    }

    #[test]
    fn the_user_and_whom_the_spam_names_are_parties() {
        let octets = b"From: Abuse <abuse@victim.example>\r\nReply-To: drop@mail.example, abuse@outlook.com\r\nTo: abuse@isp.example\r\nSubject: to x@y.example\r\n\r\n";
        let identity = IdentityKeys {
            mailbox: Some("me@example.org".to_owned()),
            ..IdentityKeys::default()
        };
        let parties = parties(
            &Headers::parse(octets),
            &identity,
            &Rules::builtin(),
            Vec::new(),
        );
        assert_eq!(parties.own, ["me@example.org"]);
        // Whom it is addressed to, and a desk that a rule knows, it cannot keep from being told.
        assert_eq!(parties.spam, ["abuse@victim.example", "drop@mail.example"]);
    }
}
