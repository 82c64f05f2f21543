//! Walks down the fields that the user's own hosts wrote, to the last of them.
//!
//! In: [`Received`] fields, [`Trust`], rules. Out: [`OwnSide`]: a verdict for each field that was passed, and where the walk ended.
//! Standards: RFC 5598 §2.3 (administrative domains), RFC 3848 (authenticated protocols).
//! Trust: a field is an own host's if it stands on top, or if the own field above took the message from an
//! own host and the name fits. Nothing that a client said opens the way to the next field.
//! Failures: a field that cannot be read, or does not name its client, ends the walk with no source: never step over it.

use std::net::IpAddr;

use super::field::{Received, is_inner};
use super::names::{is_bare, same_domain, same_host};
use super::{Asks, HopTrust, Question, SourceKind, Trust};
use crate::intake::Untrusted;
use crate::rules::Rules;
use crate::rules::received::HopKind;

/// What the user's own hosts wrote.
#[derive(Debug)]
pub(super) struct OwnSide {
    /// A verdict for each field from the top; those below were written by strangers.
    pub(super) verdicts: Vec<(HopTrust, String)>,
    /// Where the walk ended.
    pub(super) end: End,
    /// What was not certain on the way, and the question about it.
    pub(super) doubt: Option<(String, Question)>,
}

/// Where a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// At a field whose client is the source.
    Boundary(usize, SourceKind),
    /// At a field that says no more; there is no source.
    Stopped(String),
}

/// Why a field is believed to be an own host's.
enum Believed {
    /// The user, a rule or the fields above say so.
    Yes(String),
    /// The user said that it is not his.
    No(String),
    /// It may be; the user must say.
    Asked(String, Question),
}

/// Walks down.
///
/// `delivered` says whether a host noted above all Received fields that it delivered the message (Return-Path, Delivered-To).
pub(super) fn own_side(
    fields: &[Received<'_>],
    delivered: bool,
    trust: &Trust,
    rules: &Rules,
) -> OwnSide {
    let mut side = OwnSide {
        verdicts: Vec::with_capacity(fields.len()),
        end: End::Stopped("the message has no Received field".to_owned()),
        doubt: None,
    };
    let walk = Walk {
        fields,
        trust,
        rules,
    };
    let mut fresh = true;
    let mut inner_client = None;
    for (at, field) in fields.iter().enumerate() {
        let believed = if fresh {
            walk.topmost(at)
        } else {
            walk.handed_over(at)
        };
        let who = match believed {
            Believed::Yes(who) => who,
            Believed::No(why) => {
                side.verdicts.push((HopTrust::Claimed, why.clone()));
                side.end = End::Stopped(why);
                return side;
            }
            Believed::Asked(who, question) => {
                side.doubt.get_or_insert((who.clone(), question));
                who
            }
        };
        if let Some(why) = field.reading.unread {
            let why = format!("this field cannot be read: {why}; below it nothing is believed");
            side.verdicts.push((HopTrust::Unread, why.clone()));
            side.end = End::Stopped(why);
            return side;
        }
        // A field that names neither host nor client stands on top: without a trace of
        // delivery, the next one may as well be a stranger's.
        if let (Some(by), true, false) = (field.reading.by, fresh && at > 0, delivered)
            && fields
                .iter()
                .take(at)
                .all(|above| above.reading.by.is_none())
            && !trust.holds_host(by)
        {
            let host = Untrusted::text(by).up_to(100).to_string();
            let why = format!(
                "the fields above it name no host, and nothing says that `{host}` delivered to you"
            );
            side.doubt.get_or_insert((
                why.clone(),
                Question {
                    asks: Asks::OwnHost,
                    text: format!("Is `{host}` your provider's server?"),
                    host,
                },
            ));
            side.verdicts.push((HopTrust::Claimed, why.clone()));
            side.end = End::Stopped(why);
            return side;
        }
        match walk.step(at) {
            Step::On(trust, what) => {
                side.verdicts.push((trust, format!("{who}; {what}")));
                inner_client = field.reading.addr.filter(|addr| !addr.is_loopback());
                // What was fetched begins anew at the server that it was fetched from;
                // a field without a client says nothing about who wrote the next.
                fresh = field.reading.kind == HopKind::Pull || (fresh && !field.has_client());
            }
            Step::Boundary(kind, what) => {
                side.verdicts
                    .push((HopTrust::Boundary, format!("{who}; {what}")));
                side.end = End::Boundary(at, kind);
                return side;
            }
            Step::Stop(what) => {
                side.verdicts
                    .push((HopTrust::Unread, format!("{who}; {what}")));
                side.end = End::Stopped(what);
                return side;
            }
        }
    }
    if !fields.is_empty() {
        side.end = match inner_client {
            Some(addr)
                if side
                    .verdicts
                    .last()
                    .is_some_and(|(trust, _)| *trust == HopTrust::Internal) =>
            {
                let last = fields.len() - 1;
                if let Some(verdict) = side.verdicts.last_mut() {
                    verdict.0 = HopTrust::Boundary;
                    verdict.1 = format!("{}; no field says where {addr} had it from", verdict.1);
                }
                End::Boundary(last, SourceKind::Direct)
            }
            _ => End::Stopped(
                "all fields are about your own side: the message came from a program or user there"
                    .to_owned(),
            ),
        };
    }
    side
}

enum Step {
    On(HopTrust, String),
    Boundary(SourceKind, String),
    Stop(String),
}

struct Walk<'w, 't> {
    fields: &'w [Received<'t>],
    trust: &'w Trust,
    rules: &'w Rules,
}

impl Walk<'_, '_> {
    /// Judges the first field of the own side.
    fn topmost(&self, at: usize) -> Believed {
        let Some(field) = self.fields.get(at) else {
            return Believed::Yes(String::new());
        };
        let writer = field.writer();
        Believed::Yes(match field.reading.by {
            Some(by) if self.trust.holds_host(by) => {
                format!("written by {writer}, which you named as yours")
            }
            Some(by) => match self.rules.providers.writing(by) {
                Some(provider) => format!(
                    "written by {writer}, a host of {} (rule {})",
                    provider.what, provider.id
                ),
                None => format!(
                    "written by {writer}: the topmost field is the work of whoever keeps your mailbox"
                ),
            },
            None => "the topmost field is the work of whoever keeps your mailbox".to_owned(),
        })
    }

    /// Judges a field below one that took the message from the own side.
    fn handed_over(&self, at: usize) -> Believed {
        let (Some(field), Some(above)) = (self.fields.get(at), self.fields.get(at.wrapping_sub(1)))
        else {
            return Believed::Yes(String::new());
        };
        let writer = field.writer();
        let Some(by) = field.reading.by else {
            return Believed::Yes(
                "written on your own side: the field above handed on from there".to_owned(),
            );
        };
        if self.trust.holds_host(by) {
            return Believed::Yes(format!("written by {writer}, which you named as yours"));
        }
        let passed = self.fields.get(..at).unwrap_or_default();
        let known = passed.iter().any(|own| {
            own.reading.by.is_some_and(|name| same_host(name, by))
                || own.reading.by_comment.is_some_and(|text| {
                    text.split_ascii_whitespace()
                        .next()
                        .is_some_and(|name| same_host(name, by))
                })
        });
        if known {
            return Believed::Yes(format!("written by {writer}, as a field above it was"));
        }
        if passed
            .iter()
            .any(|own| own.reading.by.is_some_and(|name| same_domain(name, by)))
        {
            return Believed::Yes(format!(
                "written by {writer}, a host of the same domain as those above it"
            ));
        }
        if let Some(addr) = self.rules.received.address(by)
            && (self.trust.holds_addr(addr) || is_inner(addr, &self.trust.also_public))
        {
            return Believed::Yes(format!("written by {writer}, an address on your own side"));
        }
        if is_bare(by)
            && above
                .reading
                .addr
                .is_none_or(|addr| is_inner(addr, &self.trust.also_public))
        {
            return Believed::Yes(format!(
                "written by {writer}, a name that only your own side uses"
            ));
        }
        let provider = passed
            .iter()
            .filter_map(|own| self.rules.providers.writing(own.reading.by?))
            .find(|provider| provider.writes(by));
        if let Some(provider) = provider {
            return Believed::Yes(format!(
                "written by {writer}, a host of {} (rule {})",
                provider.what, provider.id
            ));
        }
        let named = above
            .reading
            .addr
            .is_some_and(|addr| self.trust.holds_addr(addr));
        if named
            && above
                .client_names()
                .any(|name| same_host(name, by) || same_domain(name, by))
        {
            return Believed::Yes(format!(
                "written by {writer}, which handed over from a network that you named"
            ));
        }
        if self.trust.denies_host(by) {
            return Believed::No(format!(
                "you said that {writer} is not yours, so nothing below is believed"
            ));
        }
        let host = Untrusted::text(by).up_to(100).to_string();
        Believed::Asked(
            format!(
                "written by {writer}, if that is your provider's server: {} says it came from there, but the name is a new one",
                above.writer()
            ),
            Question {
                asks: Asks::OwnHost,
                text: format!("Is `{host}` your provider's server?"),
                host,
            },
        )
    }

    /// Judges what an own field says about its client.
    fn step(&self, at: usize) -> Step {
        let Some(field) = self.fields.get(at) else {
            return Step::Stop(String::new());
        };
        let reading = &field.reading;
        match reading.kind {
            HopKind::Local => {
                return Step::On(HopTrust::Local, "no client on the network is named: a program or queue of the host handed it on".to_owned());
            }
            HopKind::Pull => {
                return Step::On(
                    HopTrust::Internal,
                    format!(
                        "the message was fetched from {}, so that server's own field comes next",
                        field.client()
                    ),
                );
            }
            HopKind::Network | HopKind::Web => {}
        }
        let client = field.client();
        let Some(addr) = reading.addr else {
            return Step::Stop(format!(
                "it does not say which address it took the message from (only {client}), so nothing below it can be believed"
            ));
        };
        if let Some(why) = self.is_own_client(at, addr) {
            return Step::On(
                HopTrust::Internal,
                format!("it took the message from {client}, {why}"),
            );
        }
        if crate::rules::carried(addr).is_some() {
            return Step::Stop(format!(
                "it took the message from {client}, an address that only carries another one"
            ));
        }
        let kind = match reading.kind {
            HopKind::Web => SourceKind::Webmail,
            _ if reading.auth => SourceKind::Authenticated,
            _ => SourceKind::Direct,
        };
        Step::Boundary(
            kind,
            match kind {
                SourceKind::Authenticated => {
                    format!("{client} handed it over after it gave a password: this is the source")
                }
                SourceKind::Webmail => {
                    format!("{client} handed it over by a web page: this is the source")
                }
                _ => format!("{client} handed it over from outside: this is the source"),
            },
        )
    }

    /// Returns why a client belongs to the own side, if it does.
    fn is_own_client(&self, at: usize, addr: IpAddr) -> Option<&'static str> {
        let field = self.fields.get(at)?;
        if self.trust.also_public.iter().any(|net| net.contains(&addr))
            && !self.trust.holds_addr(addr)
        {
            return self.named_client(field);
        }
        if addr.is_loopback() {
            return Some("the same machine");
        }
        if self.trust.holds_addr(addr) {
            return Some("an address that you named as yours");
        }
        if is_inner(addr, &self.trust.also_public) {
            return Some("a private address, so a machine beside it");
        }
        if let Some(own) = self.named_client(field) {
            return Some(own);
        }
        let by = field.reading.by?;
        let provider = self.rules.providers.writing(by)?;
        provider
            .holds(addr)
            .then_some("an address inside the provider's walls")
    }

    /// Returns whether the client is a host that the user named, going by the name that was looked up for it.
    ///
    /// What the client called itself never counts. Where the server does not check
    /// that the name leads back to the address, only a name given in full does.
    fn named_client(&self, field: &Received<'_>) -> Option<&'static str> {
        let rdns = field.reading.rdns?;
        let holds = if field.reading.names_checked {
            self.trust.holds_host(rdns)
        } else {
            self.trust.names_host(rdns)
        };
        holds.then_some("a host that you named as yours")
    }
}
