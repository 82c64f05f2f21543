//! Recognises what may be the user's own forwarder or mailing list.
//!
//! In: a [`Handover`]. Out: [`Sign`]s: which host, and what suggests it.
//! Standards: SRS (reverse paths that a forwarder rewrites), RFC 5322 §3.6.6 (Resent-From), RFC 2919 (List-Id), RFC 2369 (List-Post), RFC 5598 §5.
//! Trust: a stranger can write all of these lines. A sign makes a question, never a belief; and the host that
//! handed the message over must bear the name that the sign is about.

use std::borrow::Cow;

use super::field::{NAME_CHARS, Received};
use super::handover::{Client, Handover};
use super::list::{self, list_host, posted};
use super::recipients::Recipients;
use super::{Forwarder, Question};
use crate::intake::Untrusted;
use crate::rules::names::{domain_of, same_domain, same_host};
use crate::rules::received::HopKind;
use crate::rules::{Rules, is_inner};

/// To whom somebody sent on what he had received. RFC 5322 §3.6.6.
const RESENT_TO: &str = "Resent-To";

/// What suggests a forwarder.
#[derive(Debug)]
pub(super) struct Sign {
    /// The host, and why.
    pub(super) forwarder: Forwarder,
    /// What the user is asked about it.
    pub(super) question: Question,
    /// Whether it is a mailing list.
    pub(super) is_list: bool,
}

/// Looks for signs that the boundary's client is the user's own forwarder or list.
pub(super) fn sign(at: &Handover<'_>) -> Option<Sign> {
    let kind = list::kind(at);
    if kind.is_none() && !is_possible(at) {
        return None;
    }
    let candidate = Candidate {
        client: Client::of(at)?,
        recipients: at.recipients(),
        at,
    };
    let client = &candidate.client;
    let list = list_host(at.headers).filter(|domain| client.is_near(domain));
    let posted = kind.and_then(|kind| posted(at, client, kind));
    let is_list = list.is_some() || posted.is_some();
    let why = candidate
        .forwarded_for()
        .or_else(|| candidate.rewritten_path())
        .or_else(|| candidate.forwarded_header())
        .or_else(|| candidate.addressed_to())
        .or_else(|| candidate.resent_by())
        .or(posted)?;
    Some(Sign {
        is_list,
        question: client.question(),
        forwarder: Forwarder {
            host: client.shown().to_string(),
            addr: at.last_own.reading.addr,
            why,
        },
    })
}

/// Returns whether any sign can be there that is no list's: nearly all mail has none, and this is quick to see.
fn is_possible(at: &Handover<'_>) -> bool {
    let rewritten = |path: &str| Rewritten::of(path, at.rules).is_some();
    at.below.iter().any(|field| at.client_wrote(field))
        || at.below.first().is_some_and(is_broken)
        || at.last_own.reading.reverse_path.is_some_and(rewritten)
        || at.headers.first("X-Forwarded-To").is_some()
        || at.headers.first(RESENT_TO).is_some()
        || at
            .headers
            .all("Return-Path")
            .any(|field| rewritten(&field.text()))
}

/// Returns whether somebody resent the message to the user, whose client at the boundary gave a password: then that is
/// his own machine, and he is no spammer.
pub(super) fn is_resent(at: &Handover<'_>) -> bool {
    // Nearly all mail says nothing of it, and this is quick to see.
    at.headers.first(RESENT_TO).is_some() && resent_at(at, &at.recipients()).is_some()
}

/// Returns whether a field has a form that no server writes: what the sender said as HELO may have broken it, to hide the sign in it.
fn is_broken(field: &Received<'_>) -> bool {
    field.reading.unread.is_some()
}

/// Looks for signs that the boundary's client is a backup server or a filter of the user's: an incoming mail exchanger by
/// its own, checked name that took the message for the very mailbox, or for none that it named, from a stranger without a password.
///
/// An open relay may look the same; that is why it is asked.
pub(super) fn is_backup(at: &Handover<'_>) -> bool {
    let boundary = &at.last_own.reading;
    let name = boundary.rdns.filter(|_| boundary.names_checked);
    let (Some(next), Some(name)) = (at.below.first(), name) else {
        return false;
    };
    // Nearly every client is no such server, and this is quicker to see than what its name says.
    let may_be = next.reading.kind == HopKind::Network
        && !next.reading.auth
        && next.reading.addr.is_some()
        && next
            .reading
            .by
            .is_some_and(|by| same_host(by, name) || same_domain(by, name));
    let broken = is_broken(next);
    if !may_be && !broken {
        return false;
    }
    let label = name.split('.').next().unwrap_or_default();
    let is_filter = at.rules.exchangers.says("filter", name);
    let is_itself = |by: &str| broken || same_host(by, name);
    let is_exchanger = is_filter
        || next.reading.by.is_some_and(is_itself) && at.rules.exchangers.says("label", label);
    // In a broken field, writer and mailbox may be the sender's words, too.
    is_exchanger
        && (broken
            || match next.reading.for_ {
                Some(mailbox) => at.recipients().holds(mailbox),
                // RFC 5321 §7.2: of several mailboxes none is named; Haraka and others never name any.
                None => true,
            })
}

/// A client that may be the user's own forwarder.
struct Candidate<'m> {
    at: &'m Handover<'m>,
    client: Client<'m>,
    recipients: Recipients<'m>,
}

impl Candidate<'_> {
    /// The client's own fields say that it took the message for another mailbox, at its own domain.
    fn forwarded_for(&self) -> Option<String> {
        let (at, client, recipients) = (self.at, &self.client, &self.recipients);
        let mut wrote = false;
        let mut until = None;
        for (index, field) in at.below.iter().enumerate() {
            // What it says about its client may be broken, even whom it names as its writer: its mailbox is not.
            let is_last = index == 0 && is_broken(field);
            let is_its_own = field.reading.by.is_none_or(|by| client.is(by));
            if !is_last && (!is_its_own || is_broken(field)) {
                break;
            }
            wrote |= field.reading.by.is_some();
            if let Some(mailbox) = field.reading.for_
                && recipients.are_others(mailbox)
                && (client.keeps(mailbox) || recipients.have_namesake(mailbox))
            {
                return Some(self.said(mailbox));
            }
            until = Some(field.place);
            if is_last
                || field.has_client() && field.reading.addr.is_some_and(|addr| !addr.is_loopback())
            {
                break;
            }
        }
        if !wrote {
            return None;
        }
        let delivered = at
            .headers
            .fields()
            .iter()
            .take(until?)
            .skip(at.last_own.place + 1)
            .filter(|field| at.rules.fields.is_recipient(field))
            .map(|field| field.text())
            .find(|mailbox| {
                let mailbox = mailbox.trim_matches(['<', '>']);
                recipients.are_others(mailbox) && client.keeps(mailbox)
            })?;
        Some(self.said(delivered.trim_matches(['<', '>'])))
    }

    /// The reverse path was rewritten by a forwarder at the client's domain.
    fn rewritten_path(&self) -> Option<String> {
        let (at, client) = (self.at, &self.client);
        let path = match at.last_own.reading.reverse_path {
            Some(path) => Cow::Borrowed(path),
            None => at
                .headers
                .fields()
                .iter()
                .take(at.last_own.place)
                .find(|field| field.is("Return-Path"))?
                .text(),
        };
        let rewritten = Rewritten::of(&path, at.rules)?;
        // Large providers write the forwarding mailbox in front, at whatever domain it is.
        let at_large = rewritten.is_tagged && at.rules.providers.writing(client.name).is_some();
        (at_large || same_domain(rewritten.domain, client.name)).then(|| {
            format!(
                "`{}` rewrote the sender's address as forwarders do",
                client.shown()
            )
        })
    }

    /// A forwarding host noted that it forwards; what stands above the boundary, the own side wrote about itself.
    ///
    /// RFC 5321 §4.4: who passes a message on wrote a field, too.
    fn forwarded_header(&self) -> Option<String> {
        let (at, client) = (self.at, &self.client);
        let mut fields = at.headers.fields().iter().skip(at.last_own.place);
        let to = fields.find(|field| field.is("X-Forwarded-To"))?.text();
        let own = mailboxes(&to).any(|word| self.recipients.holds(word));
        let provider = at.rules.providers.writing(client.name);
        let passed_on = || {
            at.below.iter().any(|field| {
                is_broken(field)
                    || field.reading.by.is_some_and(|by| {
                        client.is_near(by) || provider.is_some_and(|provider| provider.writes(by))
                    })
            })
        };
        (own && passed_on()).then(|| {
            format!(
                "the message says in X-Forwarded-To that `{}` forwards to you",
                client.shown()
            )
        })
    }

    /// Somebody sent on to the user what he had received, as mail programs do it: "bounce", "redirect".
    ///
    /// RFC 5321 §4.4: the client at the boundary, who took it from him, wrote a field on top of his.
    fn resent_by(&self) -> Option<String> {
        let (at, client) = (self.at, &self.client);
        let resent = resent_at(at, &self.recipients)?;
        let took = at.below.first().is_some_and(|field| {
            let by_client = |by| client.is(by);
            field.place < resent && field.reading.by.is_some_and(by_client)
        });
        took.then(|| {
            let said = "the message says in Resent-To that somebody had received it, and resent it";
            format!("{said} to you by `{}`", client.shown())
        })
    }

    /// The message is addressed to another mailbox at the client's domain, which took it from a stranger without a password.
    ///
    /// Who relays for a customer asks for one, and a customer who writes to himself gave it.
    fn addressed_to(&self) -> Option<String> {
        let (at, client, recipients) = (self.at, &self.client, &self.recipients);
        let took = at.below.iter().find(|field| field.has_client())?;
        let reading = &took.reading;
        let is_strangers = reading.by.is_some_and(|by| client.is(by))
            && reading.kind == HopKind::Network
            && !reading.auth
            && reading
                .addr
                .is_some_and(|addr| !is_inner(addr) && Some(addr) != at.last_own.reading.addr);
        // RFC 5322 §3.6.3: To and Cc name whom the author meant.
        let named = at.headers.first("To").filter(|_| is_strangers)?.text();
        let mailbox =
            mailboxes(&named).find(|word| recipients.are_others(word) && client.keeps(word))?;
        Some(self.said(mailbox))
    }

    /// Says that the client took the message for another mailbox.
    fn said(&self, mailbox: &str) -> String {
        format!(
            "`{}` says that it took the message for <{}> and passed it on to you",
            self.client.shown(),
            Untrusted::text(mailbox).up_to(NAME_CHARS)
        )
    }
}

/// A reverse path that some forwarder rewrote.
struct Rewritten<'p> {
    /// The domain that the path names now.
    domain: &'p str,
    /// Whether the forwarding mailbox stands in front, with a tag behind it.
    is_tagged: bool,
}

impl<'p> Rewritten<'p> {
    /// Returns what a path says, as its form is known to the rules.
    fn of(path: &'p str, rules: &Rules) -> Option<Self> {
        let path = path.trim_matches(['<', '>', ' ']);
        let is_tagged = rules.paths.says("tagged", path);
        Some(Self {
            domain: domain_of(path).filter(|_| is_tagged || rules.paths.says("rewritten", path))?,
            is_tagged,
        })
    }
}

/// Returns the place of the field below the boundary in which somebody noted that he resent the message to the user.
///
/// RFC 5322 §3.6.6: he puts his fields on top of all that stand there, so a field of the first journey stands below them.
fn resent_at(at: &Handover<'_>, recipients: &Recipients<'_>) -> Option<usize> {
    let oldest = at.below.last()?;
    let journey = at.headers.fields().iter().enumerate().take(oldest.place);
    let (place, to) = journey
        .skip(at.last_own.place)
        .find(|(_, field)| field.is(RESENT_TO))?;
    mailboxes(&to.text())
        .any(|word| recipients.holds(word))
        .then_some(place)
}

/// Returns the words of a list of mailboxes, of which some are mailboxes. RFC 5322 §3.4.
fn mailboxes(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"' | ':'))
}
