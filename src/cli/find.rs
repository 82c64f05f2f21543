//! Looks up who answers for what a message shows.
//!
//! In: suspects, the settings, the ledger as cache. Out: what [`crate::complaint`] needs.
//! Trust: before the user agreed, only names that cannot carry a token are asked for.

use jiff::Timestamp;

use super::Session;
use crate::contact::{Contacts, Finder, NoCache, Role, Suspect};
use crate::failure::Failure;
use crate::intake::Untrusted;
use crate::ledger::Ledger;

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
    suspects
        .iter()
        .map(|(suspect, role)| {
            let contacts = if use_cache {
                finder.find_as(suspect, *role, ledger, now)
            } else {
                finder.find_as(suspect, *role, &mut NoCache, now)
            };
            (suspect.clone(), *role, contacts)
        })
        .collect()
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
            reasons.push(format!(
                "{} `{}` answered: {}",
                asked.proto,
                Untrusted::text(&asked.server),
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
    reasons
}
