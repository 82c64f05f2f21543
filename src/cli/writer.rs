//! Tells whether an answer's writer can be the desk, or a mail system on the user's own side.
//!
//! In: [`Answer`], its message, the desk, the settings. Out: yes or no.
//! Standards: RFC 5321 §4.5.5 (who writes delivery reports), RFC 5322 §3.6.2 (From).
//! Trust: From is a claim, and so a yes proves nothing; who names our Message-ID saw the complaint, but desks pass
//! complaints on. A no means that the user is asked: a ticket system or a parent company answers under its own name.
//! Limits: what an own host found about SPF or DKIM is not looked at.

use super::{Session, question};
use crate::complaint::is_shared;
use crate::contact::Role;
use crate::delivery::answer::{Answer, Kind};
use crate::failure::Failure;
use crate::intake::Message;
use crate::ledger::Ledger;
use crate::rules::DeskRule;
use crate::rules::names::registered;
use crate::trace::{self, HopTrust, Trace};

/// Returns whether an answer is from somebody else than the desk and the user's own mail system, as far as From says.
pub(super) fn is_stranger(
    answer: &Answer,
    message: &Message,
    desk: &str,
    session: &Session,
    ledger: &Ledger,
) -> Result<bool, Failure> {
    let passed_on = ledger.desk(desk)?.forwarded_to;
    let author = answer.from_mailbox.as_ref().map(|mailbox| mailbox.key());
    let author = author.as_deref();
    if [Some(desk), passed_on.as_deref()]
        .into_iter()
        .flatten()
        .any(|desk| author.is_some_and(|author| is_of(author, desk, session)))
    {
        return Ok(false);
    }
    // RFC 5321 §4.5.5: a delivery report is written by who could not pass the mail on, which is the user's own server first.
    if !matches!(answer.kind, Kind::Bounce(_) | Kind::Delivered) {
        return Ok(true);
    }
    let own = session.config.own_domains();
    if author.is_some_and(|author| own.iter().any(|own| is_system_of(author, own, session))) {
        return Ok(false);
    }
    let trust = question::trust(session, ledger, &[])?;
    let trace = trace::follow(&message.headers(), &trust, &session.rules);
    Ok(!stayed_inside(&trace))
}

/// Returns whether a mailbox belongs to a desk: it is the desk's own, or in its domain, where strangers have none.
fn is_of(author: &str, desk: &str, session: &Session) -> bool {
    let (its, desks) = (domain_of(author), domain_of(desk));
    author.eq_ignore_ascii_case(desk)
        || (registered(its).is_some()
            && registered(its) == registered(desks)
            && !is_shared(desks, &session.rules))
}

/// Returns whether a mailbox is that of a provider's mail system: where strangers have mailboxes, none of theirs.
fn is_system_of(author: &str, own: &str, session: &Session) -> bool {
    let rules = &session.rules;
    let (local, domain) = author.rsplit_once('@').unwrap_or_default();
    let of_provider = |rule: &&DeskRule| rule.roles.contains(&Role::Provider);
    let is_theirs = |one: &DeskRule| {
        let mut others = rules.desks.about(domain).filter(of_provider);
        others.any(|other| other.id == one.id)
    };
    let is_same = registered(own).is_some() && registered(own) == registered(domain);
    (is_same || rules.desks.about(own).filter(of_provider).any(is_theirs))
        && (rules.fields.is_ordinary(local) || !is_shared(own, rules))
}

fn domain_of(mailbox: &str) -> &str {
    mailbox.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Returns whether own hosts alone handled a message: it was written inside, and came from nobody outside.
fn stayed_inside(trace: &Trace) -> bool {
    let is_own = |trust| matches!(trust, HopTrust::Internal | HopTrust::Local);
    trace.source.is_none()
        && !trace.hops.is_empty()
        && trace.hops.iter().all(|hop| is_own(hop.trust))
}
