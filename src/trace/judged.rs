//! Judges the Received fields of a message, and keeps what came out beside the fields themselves.
//!
//! In: [`Headers`], [`Texts`], [`Trust`], rules. Out: [`Judged`], which borrows from all of them.
//! Standards: RFC 5321 §4.4 (time-stamp line), RFC 5598 (roles).
//! Trust: as [`super::walk`] and [`super::claims`] have it; nothing is added here.
//! Failures: never fails; a field that no rule reads ends the trusted run.

use std::borrow::Cow;

use super::field::{self, Received, Texts};
use super::handover::Handover;
use super::sentence::Sentence;
use super::walk::{self, End};
use super::{
    Auth, Confidence, Forwarder, Hop, HopTrust, Nature, Origin, Question, Source, SourceKind,
    Trace, Trust, attest, claims, forwarder, list, voucher,
};
use crate::intake::Headers;
use crate::rules::Rules;

/// What the Received fields of one message support: a [`Trace`] of which nothing was copied yet.
///
/// A mailbox has hundreds of thousands of messages, and of each of them a line is written once.
#[derive(Debug)]
pub struct Judged<'t> {
    pub(super) nature: Nature,
    pub(super) fields: Vec<Received<'t>>,
    /// A verdict for each field.
    pub(super) verdicts: Vec<(HopTrust, Sentence<'t>)>,
    pub(super) source: Option<Source<Sentence<'t>>>,
    pub(super) origin: Option<Origin<Sentence<'t>>>,
    pub(super) forwarders: Vec<Forwarder>,
    pub(super) question: Option<Question>,
    /// How many fields stand above the first one that only the user can say whose it is.
    pub(super) sure: usize,
    /// Place of the boundary field.
    boundary: Option<usize>,
    headers: &'t Headers<'t>,
    rules: &'t Rules,
}

/// Judges the fields.
#[must_use]
pub fn judge<'t>(
    headers: &'t Headers<'t>,
    texts: &'t Texts<'_>,
    trust: &Trust,
    rules: &'t Rules,
) -> Judged<'t> {
    let fields = field::read(texts, rules);
    let side = walk::own_side(
        &fields,
        field::is_delivered(headers, &fields, rules),
        trust,
        rules,
    );
    let automatic = automatic(headers, &fields, side.end, rules);
    let sure = match &side.doubt {
        Some(doubt) => doubt.field,
        None => fields.len(),
    };
    let mut found = Judged {
        nature: automatic.map_or(Nature::Mail, |_| Nature::Backscatter),
        verdicts: side.verdicts,
        source: None,
        origin: None,
        forwarders: Vec::new(),
        question: side.doubt.map(|doubt| doubt.question),
        sure,
        boundary: None,
        fields,
        headers,
        rules,
    };
    let fields = &found.fields;
    if let End::Boundary(at, kind) = side.end
        && let Some(handover) = Handover::at(at, headers, fields, trust, rules)
    {
        found.boundary = Some(at);
        let relay_of = || {
            let attested = attest::read(headers, fields, at, rules);
            voucher::relay_of(&attested, handover.last_own.reading.addr?, rules)
        };
        let verdicts = &mut found.verdicts;
        found.origin = claims::judge(fields, (at, kind), relay_of, trust, rules, verdicts);
        let sign = (kind == SourceKind::Direct)
            .then(|| forwarder::sign(&handover))
            .flatten()
            .filter(|sign| !trust.denies_host(&sign.question.host));
        let is_list = sign.as_ref().is_some_and(|sign| sign.is_list) || list::named_list(&handover);
        if is_list && found.nature == Nature::Mail {
            found.nature = Nature::List;
        }
        if let Some(sign) = sign {
            found.question.get_or_insert(sign.question);
            found.forwarders.push(sign.forwarder);
        }
        if kind == SourceKind::Direct
            && found.question.is_none()
            && let Some(client) = handover.last_own.reading.rdns
            && !trust.denies_host(client)
            && forwarder::is_backup(&handover)
        {
            found.question = Some(Question::own_host(client));
        }
        let refused = if side.ends_inside {
            Some(Sentence::new(
                "this is one of your own side's hosts, and no field says where it had the message from",
            ))
        } else if kind == SourceKind::Authenticated && forwarder::is_resent(&handover) {
            Some(Sentence::new(
                "the message says in Resent-To that somebody had received it, and resent it to you from there: he is not the spammer",
            ))
        } else {
            automatic.map(|what| {
                Sentence::new("this is ")
                    .cite(what)
                    .say(" to a sender address that was forged: its server is not the spammer")
            })
        };
        // What a rule vouches for behind a boundary that is sure holds, whoever the boundary's client is to the user.
        let is_open = |origin: &Origin<_>| match origin.confidence {
            Confidence::Proven => found.question.is_some(),
            Confidence::Corroborated => found.sure <= at,
            Confidence::Claimed => false,
        };
        if let Some(origin) = found.origin.as_mut().filter(|origin| is_open(origin)) {
            let until = "that is certain only when the open question is answered";
            let why = std::mem::replace(&mut origin.why, Sentence::empty());
            origin.why = why.and(Sentence::new(until));
            origin.confidence = Confidence::Claimed;
        }
        found.source = found.source_at(at, kind, trust, rules, refused);
    }
    for field in found.fields.iter().skip(found.verdicts.len()) {
        let trust = match field.reading.unread {
            Some(_) => HopTrust::Unread,
            None => HopTrust::Claimed,
        };
        let below = "nothing below the point where the walk stopped can be believed";
        found.verdicts.push((trust, Sentence::new(below)));
    }
    found
}

/// Returns which kind of bounce or automatic answer a message is, if it is one.
///
/// A Return-Path below the boundary is the sender's; the boundary host may have noted the true one. RFC 5321 §4.4.
fn automatic<'t>(
    headers: &Headers<'_>,
    fields: &[Received<'_>],
    end: End,
    rules: &'t Rules,
) -> Option<&'t str> {
    let boundary = match end {
        End::Boundary(at, _) => fields.get(at),
        End::Stopped => None,
    };
    let Some(boundary) = boundary else {
        return rules.backscatter.kind(headers, &rules.paths);
    };
    let above = headers.fields().iter().take(boundary.place);
    let noted = above.rev().find(|field| field.is("Return-Path"));
    let path = match noted {
        Some(field) => Some(field.text()),
        None => boundary.reading.reverse_path.map(Cow::Borrowed),
    };
    rules
        .backscatter
        .kind_from(headers, path.as_deref(), &rules.paths)
}

impl<'t> Judged<'t> {
    /// Returns the source at the boundary, and whether a complaint about it may go out.
    fn source_at(
        &self,
        at: usize,
        kind: SourceKind,
        trust: &Trust,
        rules: &'t Rules,
        refused: Option<Sentence<'t>>,
    ) -> Option<Source<Sentence<'t>>> {
        let boundary = self.fields.get(at)?;
        let addr = boundary.reading.addr?;
        let refused = if refused.is_some() {
            refused
        } else if let Some(question) = &self.question {
            let because = self
                .forwarders
                .first()
                .map_or_else(String::new, |forwarder| format!("{}. ", forwarder.why));
            Some(Sentence::empty().cite(because).cite(question.text.clone()))
        } else if !rules.special.is_public(addr, &trust.also_public) {
            rules.special.purpose(addr).map(|purpose| {
                Sentence::empty()
                    .cite(purpose)
                    .say(": no abuse desk answers for it")
            })
        } else {
            None
        };
        Some(Source {
            addr,
            field: at,
            kind,
            reportable: refused.is_none(),
            why: refused.unwrap_or_else(|| {
                Sentence::empty().writer(boundary).say(
                    ", on your own side, saw this address on the connection that the message came over",
                )
            }),
        })
    }

    /// Returns the trace, all sentences told.
    #[must_use]
    pub fn told(self) -> Trace {
        let judged = self.fields.iter().zip(&self.verdicts).enumerate();
        Trace {
            hops: judged
                .map(|(at, (field, (trust, why)))| hop(at, field, *trust, why))
                .collect(),
            nature: self.nature,
            source: self.source.map(|source| Source {
                addr: source.addr,
                field: source.field,
                kind: source.kind,
                reportable: source.reportable,
                why: source.why.to_string(),
            }),
            origin: self.origin.map(|origin| Origin {
                addr: origin.addr,
                field: origin.field,
                confidence: origin.confidence,
                why: origin.why.to_string(),
            }),
            attestations: self.boundary.map_or_else(Vec::new, |at| {
                attest::read(self.headers, &self.fields, at, self.rules)
            }),
            forwarders: self.forwarders,
            question: self.question,
        }
    }
}

/// Returns a field as the trace shows it.
fn hop(at: usize, field: &Received<'_>, trust: HopTrust, why: &Sentence<'_>) -> Hop {
    let reading = &field.reading;
    let text = |value: Option<&str>| value.map(str::to_owned);
    Hop {
        field: at,
        trust,
        client_addr: reading.addr,
        rdns: text(reading.rdns),
        names_checked: reading.names_checked,
        helo: text(reading.helo),
        ident: text(reading.ident),
        by: text(reading.by),
        with: text(reading.with),
        auth: match reading.account {
            Some(account) => Some(Auth::Account(account.to_owned())),
            None => reading.auth.then_some(Auth::Yes),
        },
        id: text(reading.id),
        for_: text(reading.for_),
        reverse_path: text(reading.reverse_path),
        date: field.date,
        date_text: reading.date.to_owned(),
        rule: reading.rule.to_owned(),
        why: why.to_string(),
    }
}
