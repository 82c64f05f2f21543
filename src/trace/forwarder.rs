//! Recognises what may be the user's own forwarder or mailing list.
//!
//! In: headers, [`Received`] fields, the boundary. Out: [`Sign`]s: which host, and what suggests it.
//! Standards: SRS (reverse paths that a forwarder rewrites), RFC 5322 §3.6.6 (Resent-From), RFC 2919 (List-Id), RFC 2369 (List-Post), RFC 5598 §5.
//! Trust: a stranger can write all of these lines. A sign makes a question, never a belief; and the host that
//! handed the message over must bear the name that the sign is about.

use super::field::Received;
use super::list::{self, list_host, posted};
use super::{Forwarder, Trust};
use crate::intake::{Headers, Untrusted};
use crate::rules::names::{domain_of, registered, same_domain, same_host};
use crate::rules::received::HopKind;
use crate::rules::{Rules, is_inner};

/// To whom somebody sent on what he had received. RFC 5322 §3.6.6.
const RESENT_TO: &str = "Resent-To";

/// What suggests a forwarder.
#[derive(Debug)]
pub(super) struct Sign {
    /// The host, and why.
    pub(super) forwarder: Forwarder,
    /// Whether it is a mailing list.
    pub(super) is_list: bool,
}

/// Looks for signs that the boundary's client is the user's own forwarder or list.
pub(super) fn sign(
    headers: &Headers<'_>,
    fields: &[Received<'_>],
    boundary: usize,
    trust: &Trust,
    rules: &Rules,
) -> Option<Sign> {
    let last_own = fields.get(boundary)?;
    let below = fields.get(boundary + 1..).unwrap_or_default();
    let kind = list::kind(headers, last_own, rules);
    if kind.is_none() && !is_possible(headers, last_own, below, rules) {
        return None;
    }
    let client = Client::of(last_own, below)?;
    let recipients = Recipients::of(headers, fields, boundary, trust, rules);
    let list = list_host(headers)
        .filter(|domain| same_host(domain, client.name) || same_domain(domain, client.name));
    let posted = kind.and_then(|kind| posted(headers, &client, last_own, below, kind, rules));
    let is_list = list.is_some() || posted.is_some();
    let why = forwarded_for(headers, fields, boundary, &client, &recipients, rules)
        .or_else(|| rewritten_path(headers, last_own, &client, rules))
        .or_else(|| forwarded_header(headers, last_own, below, &client, &recipients, rules))
        .or_else(|| addressed_to(headers, last_own, below, &client, &recipients))
        .or_else(|| resent_by(headers, last_own, below, &client, &recipients))
        .or(posted)?;
    let name = Untrusted::text(client.name).up_to(100).to_string();
    Some(Sign {
        is_list,
        forwarder: Forwarder {
            host: name,
            addr: last_own.reading.addr,
            why,
        },
    })
}

/// Returns whether somebody resent the message to the user, whose client at the boundary gave a password: then that is
/// his own machine, and he is no spammer.
pub(super) fn is_resent(
    headers: &Headers<'_>,
    fields: &[Received<'_>],
    boundary: usize,
    trust: &Trust,
    rules: &Rules,
) -> bool {
    let (Some(last_own), Some(below)) = (fields.get(boundary), fields.get(boundary + 1..)) else {
        return false;
    };
    // Nearly all mail says nothing of it, and this is quick to see.
    headers.first(RESENT_TO).is_some()
        && resent_at(
            headers,
            last_own,
            below,
            &Recipients::of(headers, fields, boundary, trust, rules),
        )
        .is_some()
}

/// Returns whether any sign can be there that is no list's: nearly all mail has none, and this is quick to see.
fn is_possible(
    headers: &Headers<'_>,
    last_own: &Received<'_>,
    below: &[Received<'_>],
    rules: &Rules,
) -> bool {
    let wrote = |field: &Received<'_>| {
        field
            .reading
            .by
            .is_some_and(|by| last_own.client_names().any(|name| same_host(name, by)))
    };
    let rewritten = |path: &str| Rewritten::of(path, rules).is_some();
    below.iter().any(wrote)
        || below.first().is_some_and(is_broken)
        || last_own.reading.reverse_path.is_some_and(rewritten)
        || headers.first("X-Forwarded-To").is_some()
        || headers.first(RESENT_TO).is_some()
        || headers
            .all("Return-Path")
            .any(|field| rewritten(&field.text()))
}

/// Returns whether a field has a form that no server writes: what the sender said as HELO may have broken it, to hide the sign in it.
fn is_broken(field: &Received<'_>) -> bool {
    field.reading.unread.is_some()
}

/// Looks for signs that the boundary's client is a backup server or a filter of the user's: an incoming mail exchanger by
/// its own, checked name that took the message for the very mailbox, or for none that it named, from a stranger without a password.
///
/// An open relay may look the same; that is why it is asked.
pub(super) fn is_backup(
    headers: &Headers<'_>,
    fields: &[Received<'_>],
    boundary: usize,
    trust: &Trust,
    rules: &Rules,
) -> bool {
    let (Some(last_own), Some(next)) = (fields.get(boundary), fields.get(boundary + 1)) else {
        return false;
    };
    let Some(name) = last_own
        .reading
        .rdns
        .filter(|_| last_own.reading.names_checked)
    else {
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
    let is_filter = rules.exchangers.says("filter", name);
    let is_itself = |by: &str| broken || same_host(by, name);
    let is_exchanger = is_filter
        || next.reading.by.is_some_and(is_itself) && rules.exchangers.says("label", label);
    // In a broken field, writer and mailbox may be the sender's words, too.
    is_exchanger
        && (broken
            || match next.reading.for_ {
                Some(mailbox) => {
                    Recipients::of(headers, fields, boundary, trust, rules).holds(mailbox)
                }
                // RFC 5321 §7.2: of several mailboxes none is named; Haraka and others never name any.
                None => true,
            })
}

/// The host that handed over, by the name that its own fields bear.
pub(super) struct Client<'t> {
    /// The name.
    pub(super) name: &'t str,
}

impl<'t> Client<'t> {
    fn of(last_own: &Received<'t>, below: &[Received<'t>]) -> Option<Self> {
        let writer = below
            .iter()
            .find_map(|field| field.reading.by.filter(|by| registered(by).is_some()));
        let name = writer
            .filter(|by| last_own.client_names().any(|name| same_host(name, by)))
            .or(last_own.reading.rdns)
            .or(last_own.reading.helo)?;
        Some(Self { name })
    }

    fn wrote(&self, field: &Received<'_>) -> bool {
        field.reading.by.is_none_or(|by| same_host(by, self.name))
    }

    /// Returns whether a mailbox lies at the host's own domain.
    fn keeps(&self, mailbox: &str) -> bool {
        domain_of(mailbox).is_some_and(|domain| same_domain(domain, self.name))
    }
}

/// The mailboxes that the own side received the message for.
pub(super) struct Recipients<'t> {
    mailboxes: Vec<std::borrow::Cow<'t, str>>,
    /// Host that wrote the last field of the own side.
    writer: Option<&'t str>,
}

impl<'t> Recipients<'t> {
    /// Returns those that the fields down to `boundary` name, and the user's own.
    pub(super) fn of(
        headers: &Headers<'t>,
        fields: &[Received<'t>],
        boundary: usize,
        trust: &'t Trust,
        rules: &Rules,
    ) -> Self {
        let own = fields.get(..=boundary).unwrap_or_default();
        let place = own.last().map_or(0, |field| field.place);
        let mut mailboxes: Vec<_> = own
            .iter()
            .filter_map(|field| field.reading.for_.map(std::borrow::Cow::Borrowed))
            .collect();
        mailboxes.extend(
            headers
                .fields()
                .iter()
                .take(place)
                .filter(|field| rules.fields.is_recipient(field))
                .map(|field| field.text()),
        );
        mailboxes.extend(
            trust
                .own_mailboxes
                .iter()
                .map(|own| std::borrow::Cow::Borrowed(own.as_str())),
        );
        Self {
            mailboxes,
            writer: own.last().and_then(|field| field.reading.by),
        }
    }

    fn holds(&self, mailbox: &str) -> bool {
        self.mailboxes
            .iter()
            .any(|own| own.trim_matches(['<', '>']).eq_ignore_ascii_case(mailbox))
    }

    /// Returns whether one of those bears the name of a mailbox at another place: an alias of the user's.
    fn have_namesake(&self, mailbox: &str) -> bool {
        let local = |mailbox: &str| {
            mailbox
                .trim_matches(['<', '>'])
                .rsplit_once('@')
                .map(|(local, _)| local.to_ascii_lowercase())
        };
        let wanted = local(mailbox);
        wanted.is_some() && self.mailboxes.iter().any(|own| local(own) == wanted)
    }

    /// Returns whether a mailbox is another one than those, at a place that is not the own side's.
    pub(super) fn are_others(&self, mailbox: &str) -> bool {
        let Some(domain) = domain_of(mailbox) else {
            return false;
        };
        if self.mailboxes.is_empty() {
            let there = registered(domain);
            return there.is_some() && there != self.writer.and_then(registered);
        }
        let mut own = self
            .mailboxes
            .iter()
            .filter_map(|own| domain_of(own.trim_matches(['<', '>'])));
        // To look the domain up costs more than all the rest.
        !self.holds(mailbox)
            && !own.any(|own| same_host(own, domain))
            && registered(domain).is_some()
    }
}

/// The client's own fields say that it took the message for another mailbox, at its own domain.
fn forwarded_for(
    headers: &Headers<'_>,
    fields: &[Received<'_>],
    boundary: usize,
    client: &Client<'_>,
    recipients: &Recipients<'_>,
    rules: &Rules,
) -> Option<String> {
    let below = fields.get(boundary + 1..)?;
    let mut wrote = false;
    let mut until = None;
    for (at, field) in below.iter().enumerate() {
        // What it says about its client may be broken, even whom it names as its writer: its mailbox is not.
        let is_last = at == 0 && is_broken(field);
        if !is_last && (!client.wrote(field) || is_broken(field)) {
            break;
        }
        wrote |= field.reading.by.is_some();
        if let Some(mailbox) = field.reading.for_
            && recipients.are_others(mailbox)
            && (client.keeps(mailbox) || recipients.have_namesake(mailbox))
        {
            return Some(said(client, mailbox));
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
    let from = fields.get(boundary)?.place;
    let delivered = headers
        .fields()
        .iter()
        .take(until?)
        .skip(from + 1)
        .filter(|field| rules.fields.is_recipient(field))
        .map(|field| field.text())
        .find(|mailbox| {
            let mailbox = mailbox.trim_matches(['<', '>']);
            recipients.are_others(mailbox) && client.keeps(mailbox)
        })?;
    Some(said(client, delivered.trim_matches(['<', '>'])))
}

fn said(client: &Client<'_>, mailbox: &str) -> String {
    format!(
        "`{}` says that it took the message for <{}> and passed it on to you",
        Untrusted::text(client.name).up_to(100),
        Untrusted::text(mailbox).up_to(100)
    )
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

/// The reverse path was rewritten by a forwarder at the client's domain.
fn rewritten_path(
    headers: &Headers<'_>,
    last_own: &Received<'_>,
    client: &Client<'_>,
    rules: &Rules,
) -> Option<String> {
    let path = match last_own.reading.reverse_path {
        Some(path) => std::borrow::Cow::Borrowed(path),
        None => headers
            .fields()
            .iter()
            .take(last_own.place)
            .find(|field| field.is("Return-Path"))?
            .text(),
    };
    let rewritten = Rewritten::of(&path, rules)?;
    // Large providers write the forwarding mailbox in front, at whatever domain it is.
    let at_large = rewritten.is_tagged && rules.providers.writing(client.name).is_some();
    (at_large || same_domain(rewritten.domain, client.name)).then(|| {
        format!(
            "`{}` rewrote the sender's address as forwarders do",
            Untrusted::text(client.name).up_to(100)
        )
    })
}

/// A forwarding host noted that it forwards; what stands above the boundary, the own side wrote about itself.
///
/// RFC 5321 §4.4: who passes a message on wrote a field, too.
fn forwarded_header(
    headers: &Headers<'_>,
    last_own: &Received<'_>,
    below: &[Received<'_>],
    client: &Client<'_>,
    recipients: &Recipients<'_>,
    rules: &Rules,
) -> Option<String> {
    let mut fields = headers.fields().iter().skip(last_own.place);
    let to = fields.find(|field| field.is("X-Forwarded-To"))?.text();
    let own = mailboxes(&to).any(|word| recipients.holds(word));
    let provider = rules.providers.writing(client.name);
    let passed_on = || {
        below.iter().any(|field| {
            is_broken(field)
                || field.reading.by.is_some_and(|by| {
                    same_host(by, client.name)
                        || same_domain(by, client.name)
                        || provider.is_some_and(|provider| provider.writes(by))
                })
        })
    };
    (own && passed_on()).then(|| {
        format!(
            "the message says in X-Forwarded-To that `{}` forwards to you",
            Untrusted::text(client.name).up_to(100)
        )
    })
}

/// Somebody sent on to the user what he had received, as mail programs do it: "bounce", "redirect".
///
/// RFC 5321 §4.4: the client at the boundary, who took it from him, wrote a field on top of his.
fn resent_by(
    headers: &Headers<'_>,
    last_own: &Received<'_>,
    below: &[Received<'_>],
    client: &Client<'_>,
    recipients: &Recipients<'_>,
) -> Option<String> {
    let resent = resent_at(headers, last_own, below, recipients)?;
    let took = below.first().is_some_and(|field| {
        let by_client = |by| same_host(by, client.name);
        field.place < resent && field.reading.by.is_some_and(by_client)
    });
    took.then(|| {
        format!(
            "the message says in Resent-To that somebody had received it, and resent it to you by `{}`",
            Untrusted::text(client.name).up_to(100)
        )
    })
}

/// Returns the place of the field below the boundary in which somebody noted that he resent the message to the user.
///
/// RFC 5322 §3.6.6: he puts his fields on top of all that stand there, so a field of the first journey stands below them.
fn resent_at(
    headers: &Headers<'_>,
    last_own: &Received<'_>,
    below: &[Received<'_>],
    recipients: &Recipients<'_>,
) -> Option<usize> {
    let oldest = below.last()?;
    let journey = headers.fields().iter().enumerate().take(oldest.place);
    let (place, to) = journey
        .skip(last_own.place)
        .find(|(_, field)| field.is(RESENT_TO))?;
    mailboxes(&to.text())
        .any(|word| recipients.holds(word))
        .then_some(place)
}

/// Returns the words of a list of mailboxes, of which some are mailboxes. RFC 5322 §3.4.
fn mailboxes(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"' | ':'))
}

/// The message is addressed to another mailbox at the client's domain, which took it from a stranger without a password.
///
/// Who relays for a customer asks for one, and a customer who writes to himself gave it.
fn addressed_to(
    headers: &Headers<'_>,
    last_own: &Received<'_>,
    below: &[Received<'_>],
    client: &Client<'_>,
    recipients: &Recipients<'_>,
) -> Option<String> {
    let took = below.iter().find(|field| field.has_client())?;
    let reading = &took.reading;
    let is_strangers = reading.by.is_some_and(|by| same_host(by, client.name))
        && reading.kind == HopKind::Network
        && !reading.auth
        && reading
            .addr
            .is_some_and(|addr| !is_inner(addr) && Some(addr) != last_own.reading.addr);
    // RFC 5322 §3.6.3: To and Cc name whom the author meant.
    let named = headers.first("To").filter(|_| is_strangers)?.text();
    let mailbox =
        mailboxes(&named).find(|word| recipients.are_others(word) && client.keeps(word))?;
    Some(said(client, mailbox))
}
