//! Walks down the fields that the user's own hosts wrote, to the last of them.
//!
//! In: [`Received`] fields, [`Trust`], rules. Out: [`OwnSide`]: a verdict for each field that was passed, and where the walk ended.
//! Standards: RFC 5598 §2.3 (administrative domains), RFC 3848 (authenticated protocols).
//! Trust: a field is an own host's if it stands on top, or if the own field above took the message from an
//! own host and the name fits. Nothing that a client said opens the way to the next field.
//! Failures: a field that cannot be read, or does not name its client, ends the walk with no source: never step over it.

use super::client::{Step, is_lmtp};
use super::field::{Received, is_inner};
use super::sentence::Sentence;
use super::{HopTrust, Question, SourceKind, Trust};
use crate::rules::names::{is_bare, same_domain, same_host};
use crate::rules::received::HopKind;
use crate::rules::{Provider, Rules};

/// What the user's own hosts wrote.
#[derive(Debug)]
pub(super) struct OwnSide<'t> {
    /// A verdict for each field from the top; those below were written by strangers.
    pub(super) verdicts: Vec<(HopTrust, Sentence<'t>)>,
    /// Where the walk ended.
    pub(super) end: End,
    /// What was not certain on the way.
    pub(super) doubt: Option<Doubt>,
    /// Whether the client at the boundary is an own host by the user's word or its own name: where it had
    /// the message from, no field says.
    pub(super) ends_inside: bool,
}

/// A walk's first doubt.
#[derive(Debug)]
pub(super) struct Doubt {
    /// The field that may be a stranger's: of it and all below it, nothing is sure.
    pub(super) field: usize,
    /// What the user must say.
    pub(super) question: Question,
}

/// Where a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At a field whose client is the source.
    Boundary(usize, SourceKind),
    /// At a field that says no more; there is no source.
    Stopped,
}

/// Why a field is believed to be an own host's.
enum Believed<'t> {
    /// The user, a rule or the fields above say so.
    Yes(Sentence<'t>),
    /// The user said that it is not his.
    No(Sentence<'t>),
    /// It may be; the user must say.
    Asked(Sentence<'t>, Question),
}

/// Walks down.
///
/// `delivered` says whether a host noted above all Received fields that it delivered the message (Return-Path, Delivered-To).
pub(super) fn own_side<'t>(
    fields: &[Received<'t>],
    delivered: bool,
    trust: &Trust,
    rules: &'t Rules,
) -> OwnSide<'t> {
    let walk = Walk {
        fields,
        trust,
        rules,
    };
    let mut side = walk.down(delivered);
    // None of the hosts that the user named may have written a field.
    if let End::Boundary(at, _) = side.end
        && side.doubt.is_none()
    {
        side.doubt = walk.unexpected(at);
    }
    side
}

/// The fields, and by what they are judged.
pub(super) struct Walk<'w, 't> {
    /// All fields, newest first.
    pub(super) fields: &'w [Received<'t>],
    /// What the user named.
    pub(super) trust: &'w Trust,
    /// What is known of servers and providers.
    pub(super) rules: &'t Rules,
}

impl<'t> Walk<'_, 't> {
    /// Walks down.
    fn down(&self, delivered: bool) -> OwnSide<'t> {
        let mut side = OwnSide {
            verdicts: Vec::with_capacity(self.fields.len()),
            end: End::Stopped,
            doubt: None,
            ends_inside: false,
        };
        let mut fresh = true;
        let mut inner_client = None;
        for (at, field) in self.fields.iter().enumerate() {
            let believed = if fresh {
                self.topmost(at)
            } else {
                self.handed_over(at)
            };
            let who = match believed {
                Believed::Yes(who) => who,
                Believed::No(why) => {
                    side.verdicts.push((HopTrust::Claimed, why));
                    side.end = End::Stopped;
                    return side;
                }
                Believed::Asked(who, question) => {
                    side.doubt.get_or_insert(Doubt {
                        field: at,
                        question,
                    });
                    who
                }
            };
            if let Some(why) = field.reading.unread {
                let why = Sentence::new("this field cannot be read: ")
                    .say(why)
                    .say("; below it nothing is believed");
                side.verdicts.push((HopTrust::Unread, why));
                side.end = End::Stopped;
                return side;
            }
            // A field that names neither host nor client stands on top: without a trace of
            // delivery, the next one may as well be a stranger's.
            if let (Some(by), true, false) = (field.reading.by, fresh && at > 0, delivered)
                && self
                    .fields
                    .iter()
                    .take(at)
                    .all(|above| above.reading.by.is_none())
                && !self.trust.holds_host(by)
            {
                let why = if self.trust.denies_host(by) {
                    denied(field)
                } else {
                    side.doubt.get_or_insert(Doubt {
                        field: at,
                        question: Question::own_host(by),
                    });
                    Sentence::new("the fields above it name no host, and nothing says that ")
                        .name(by)
                        .say(" delivered to you")
                };
                side.verdicts.push((HopTrust::Claimed, why));
                side.end = End::Stopped;
                return side;
            }
            match self.step(at) {
                Step::On(trust, what) => {
                    side.verdicts.push((trust, who.and(what)));
                    inner_client = field.reading.addr.filter(|addr| !addr.is_loopback());
                    // What was fetched begins anew at the server that it was fetched from;
                    // a field without a client says nothing about who wrote the next.
                    fresh = field.reading.kind == HopKind::Pull || (fresh && !field.has_client());
                }
                Step::Asked(trust, what, question) => {
                    side.doubt.get_or_insert(Doubt {
                        field: at + 1,
                        question,
                    });
                    side.verdicts.push((trust, who.and(what)));
                    if trust == HopTrust::Boundary {
                        side.end = End::Boundary(at, SourceKind::Direct);
                        return side;
                    }
                    inner_client = field.reading.addr;
                    fresh = fresh && !field.has_client();
                }
                Step::Boundary(kind, what) => {
                    side.verdicts.push((HopTrust::Boundary, who.and(what)));
                    side.end = End::Boundary(at, kind);
                    return side;
                }
                Step::Stop(what) => {
                    side.verdicts.push((HopTrust::Unread, who.and(what)));
                    side.end = End::Stopped;
                    return side;
                }
            }
        }
        // All fields are about the own side. Where the last one names another machine of it,
        // that is as far as anybody can see; else a program or user there wrote the message.
        let last = self.fields.len().wrapping_sub(1);
        if let (Some(addr), Some(field), Some((trust @ HopTrust::Internal, why))) = (
            inner_client,
            self.fields.get(last),
            side.verdicts.last_mut(),
        ) {
            *trust = HopTrust::Boundary;
            why.add(
                Sentence::new("; no field says where ")
                    .addr(addr)
                    .say(" had it from"),
            );
            side.ends_inside = self.is_surely_own(field, addr);
            side.end = End::Boundary(last, SourceKind::Direct);
        }
        side
    }

    /// Judges the first field of the own side.
    fn topmost(&self, at: usize) -> Believed<'t> {
        let Some(field) = self.fields.get(at) else {
            return Believed::Yes(Sentence::empty());
        };
        let written = || Sentence::new("written by ").writer(field);
        let Some(by) = field.reading.by else {
            return Believed::Yes(Sentence::new(
                "the topmost field is the work of whoever keeps your mailbox",
            ));
        };
        if self.trust.holds_host(by) {
            return Believed::Yes(written().say(", which you named as yours"));
        }
        if let Some(provider) = self.rules.providers.writing(by) {
            return Believed::Yes(of_provider(written(), provider));
        }
        if self.trust.denies_host(by) {
            return Believed::No(denied(field));
        }
        Believed::Yes(
            written().say(": the topmost field is the work of whoever keeps your mailbox"),
        )
    }

    /// Returns the question about the host at the boundary, where the user named hosts and the walk met none of them.
    ///
    /// A message that reached him another way may have no field of theirs at all: then a stranger's stands on top.
    fn unexpected(&self, boundary: usize) -> Option<Doubt> {
        let passed = self.fields.get(..=boundary)?;
        let by = passed.last()?.reading.by?;
        let met = |field: &Received<'_>| {
            let reading = &field.reading;
            reading.by.is_some_and(|by| {
                self.trust.holds_host(by)
                    || self.trust.hosts.iter().any(|host| host.is_beside(by))
                    || self.rules.providers.writing(by).is_some()
            }) || reading.addr.is_some_and(|addr| self.trust.holds_addr(addr))
                || self.named_client(field).is_some()
                || reading.kind == HopKind::Pull
                    && field.client_names().any(|name| same_domain(name, by))
        };
        (!self.trust.hosts.is_empty() && !passed.iter().any(met)).then(|| Doubt {
            field: 0,
            question: Question::own_host(by),
        })
    }

    /// Judges a field below one that took the message from the own side.
    fn handed_over(&self, at: usize) -> Believed<'t> {
        let (Some(field), Some(above)) = (self.fields.get(at), self.fields.get(at.wrapping_sub(1)))
        else {
            return Believed::Yes(Sentence::empty());
        };
        let written = || Sentence::new("written by ").writer(field);
        let Some(by) = field.reading.by else {
            return Believed::Yes(Sentence::new(
                "written on your own side: the field above handed on from there",
            ));
        };
        if self.trust.holds_host(by) {
            return Believed::Yes(written().say(", which you named as yours"));
        }
        if self.trust.denies_host(by) {
            let why = Sentence::new("you said that ").writer(field);
            return Believed::No(why.say(" is not yours, so nothing below is believed"));
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
            return Believed::Yes(written().say(", as a field above it was"));
        }
        if passed
            .iter()
            .any(|own| own.reading.by.is_some_and(|name| same_domain(name, by)))
        {
            return Believed::Yes(written().say(", a host of the same domain as those above it"));
        }
        if let Some(addr) = self.rules.received.address(by)
            && (self.trust.holds_addr(addr) || is_inner(addr, &self.trust.also_public))
        {
            return Believed::Yes(written().say(", an address on your own side"));
        }
        let inner = above
            .reading
            .addr
            .filter(|addr| is_inner(*addr, &self.trust.also_public));
        if is_bare(by) && (inner.is_some() || above.reading.addr.is_none()) {
            return Believed::Yes(written().say(", a name that only your own side uses"));
        }
        // Who answers for a private address, or hands over by LMTP, is on the own side: so is the name.
        if inner.is_some() && above.reading.rdns.is_some_and(|name| same_host(name, by))
            || is_lmtp(above)
                && above
                    .client_names()
                    .any(|name| same_host(name, by) || same_domain(name, by))
        {
            return Believed::Yes(
                written().say(", which the field above knows as a machine beside it"),
            );
        }
        // A provider's hosts hand over inside; so does a relay of its that the user named as his forwarder.
        let relay = above
            .reading
            .rdns
            .filter(|_| self.named_client(above).is_some());
        let provider = passed
            .iter()
            .filter_map(|own| own.reading.by)
            .chain(relay)
            .filter_map(|name| self.rules.providers.writing(name))
            .find(|provider| provider.writes(by));
        if let Some(provider) = provider {
            return Believed::Yes(of_provider(written(), provider));
        }
        let calls_itself_so = || {
            let mut names = above.client_names();
            names.any(|name| same_host(name, by) || same_domain(name, by))
        };
        let reading = &above.reading;
        if reading.addr.is_some_and(|addr| self.trust.holds_addr(addr)) && calls_itself_so() {
            return Believed::Yes(
                written().say(", which handed over from a network that you named"),
            );
        }
        // A host that the user named by itself does not lie about its own name; his domain's customers might.
        if relay.is_some_and(|name| self.trust.names_host(name)) && calls_itself_so() {
            return Believed::Yes(
                written().say(", as a host calls itself that you named by another name"),
            );
        }
        // A private address may be that of a router, which hands strangers' mail on: what such
        // a client calls itself proves nothing, but one that calls itself otherwise is not the writer.
        if inner.is_some_and(|addr| !addr.is_loopback())
            && !above.client_names().any(|name| is_name_of(name, by))
        {
            let why = Sentence::empty()
                .writer(above)
                .say(" took the message from ")
                .client(above)
                .say(", which does not call itself ")
                .writer(field)
                .say(": nothing below can be believed");
            return Believed::No(why);
        }
        Believed::Asked(
            written()
                .say(", if that is your provider's server: ")
                .writer(above)
                .say(" says it came from there, but the name is a new one"),
            Question::own_host(by),
        )
    }
}

/// Adds to a sentence which provider a host belongs to, and by which rule.
fn of_provider<'t>(sentence: Sentence<'t>, provider: &'t Provider) -> Sentence<'t> {
    sentence
        .say(", a host of ")
        .cite(provider.what.as_str())
        .say(" (rule ")
        .cite(provider.id.as_str())
        .say(")")
}

/// Returns whether `name` means the host `by`: in full, or its first label alone.
pub(super) fn is_name_of(name: &str, by: &str) -> bool {
    let bare = |name: &str| name.trim_matches(['[', ']']).to_owned();
    same_host(name, by)
        || is_bare(name)
            && by
                .split('.')
                .next()
                .is_some_and(|label| same_host(&bare(name), label))
}

/// Returns why a topmost field counts for nothing whose writer the user called a stranger.
fn denied<'t>(field: &Received<'t>) -> Sentence<'t> {
    Sentence::new("you said that ")
        .writer(field)
        .say(" is not yours, so no field of your own side is there")
}
