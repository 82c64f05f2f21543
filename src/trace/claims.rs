//! Judges what stands beyond the boundary, link by link, and says how far the chain leads.
//!
//! In: [`Received`] fields, the boundary, rules. Out: a verdict for each field, and the [`Origin`].
//! Standards: RFC 5321 §4.4 (each host names itself and its client), RFC 5598 §5 (mediators).
//! Trust: all of it was written by strangers. A link that fits makes a claim readable, not true; only a named
//! rule about a relay, whose name or address someone trusted checked, makes it corroborated, and only what that relay wrote.
//! Limits: a sender who controls the name of his address can write a chain that fits; that is why it stays a claim.

use jiff::{SignedDuration, Timestamp};

use super::field::{Received, is_inner};
use super::sentence::Sentence;
use super::{Confidence, HopTrust, Origin, SourceKind, Trust};
use crate::rules::names::{is_bare, registered, same_domain, same_host};
use crate::rules::received::HopKind;
use crate::rules::{Provider, Rules};

/// How much later than the field above a field may be dated: clocks differ.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(10);

/// How long a message may lie between two hosts: RFC 5321 §4.5.4.1 gives up after 4 to 5 days.
const QUEUE_TIME: SignedDuration = SignedDuration::from_hours(6 * 24);

/// How long a message may have lain at a host that is known by what it called itself alone.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(5);

/// Judges the fields below `boundary`; returns how far the chain leads, and adds a verdict for each field to `verdicts`.
///
/// `relay_of` returns the provider whose relay the boundary's client was attested to be.
pub(super) fn judge<'t>(
    fields: &[Received<'t>],
    (boundary, kind): (usize, SourceKind),
    relay_of: impl FnOnce() -> Option<&'t Provider>,
    trust: &Trust,
    rules: &'t Rules,
    verdicts: &mut Vec<(HopTrust, Sentence<'t>)>,
) -> Option<Origin<Sentence<'t>>> {
    let last_own = fields.get(boundary)?;
    let next_by = fields.get(boundary + 1).and_then(|next| next.reading.by);
    let mut origin = last_own.reading.addr.map(|addr| Origin {
        addr,
        field: boundary,
        confidence: Confidence::Proven,
        why: Sentence::new("it is the source: the message leads no further that could be believed"),
    });
    let mut chain = Chain {
        client: last_own,
        writer: None,
        date: last_own.date,
        // A provider vouches for nothing but what its own hosts wrote.
        voucher: next_by
            .filter(|by| rules.providers.may_write(by))
            .and_then(|_| voucher(last_own, rules).or_else(relay_of)),
        open: kind == SourceKind::Direct,
    };
    for (at, field) in fields.iter().enumerate().skip(boundary + 1) {
        let verdict = chain.next(
            field,
            fields.get(..=boundary).unwrap_or_default(),
            trust,
            rules,
        );
        let (hop, why) = match verdict {
            Link::Fits(why) => {
                // A relay vouches for what it wrote itself, and for nothing else.
                let vouched = chain
                    .voucher
                    .filter(|provider| field.reading.by.is_some_and(|by| provider.writes(by)));
                if let Some(addr) = field.reading.addr.filter(|addr| {
                    !is_inner(*addr, &trust.also_public)
                        && crate::rules::carried(*addr).is_none()
                        // The provider's own machines are no origin.
                        && !vouched.is_some_and(|provider| provider.holds(*addr))
                }) {
                    let (confidence, why) = match vouched {
                        Some(provider) => (
                            Confidence::Corroborated,
                            Sentence::new("relayed by ")
                                .cite(provider.what.as_str())
                                .say(", whose relays note their own clients truly (rule ")
                                .cite(provider.id.as_str())
                                .say(")"),
                        ),
                        None => (
                            Confidence::Claimed,
                            Sentence::empty().writer(field).say(
                                " says that it took the message from there; the names and times fit, but strangers wrote this",
                            ),
                        ),
                    };
                    let is_vouched =
                        |origin: &Origin<_>| origin.confidence == Confidence::Corroborated;
                    // What a provider vouches for is worth more than what its client claims beyond.
                    if vouched.is_some() || !origin.as_ref().is_some_and(is_vouched) {
                        origin = Some(Origin {
                            addr,
                            field: at,
                            confidence,
                            why,
                        });
                    }
                }
                let hop = match vouched {
                    Some(_) => HopTrust::Corroborated,
                    None => HopTrust::Claimed,
                };
                chain.voucher =
                    vouched.and_then(|provider| next_voucher(provider, field, trust, rules));
                chain.advance(field);
                (hop, why)
            }
            Link::Broken(why) => {
                chain.open = false;
                (HopTrust::Claimed, why)
            }
            Link::Contradicted(why) => {
                chain.open = false;
                (HopTrust::Contradicted, why)
            }
            Link::Unread(why) => {
                chain.open = false;
                (HopTrust::Unread, why)
            }
        };
        verdicts.push((hop, why));
    }
    origin
}

/// Returns the provider that vouches for what the client wrote, if it is that provider's relay.
///
/// The name must have been checked by the host that wrote the field: RFC 1912 §2.1.
fn voucher<'r>(field: &Received<'_>, rules: &'r Rules) -> Option<&'r Provider> {
    let rdns = field.reading.rdns.filter(|_| field.reading.names_checked)?;
    rules.providers.vouching(rdns)
}

/// Returns who vouches for the field below one that a provider's own host wrote.
///
/// Inside its walls that is the provider. A client from outside is where its word
/// ends, unless the provider found by a checked name that it is another known relay.
/// So is the place where its own users hand in: what they bring along, they wrote.
fn next_voucher<'r>(
    provider: &'r Provider,
    field: &Received<'_>,
    trust: &Trust,
    rules: &'r Rules,
) -> Option<&'r Provider> {
    let reading = &field.reading;
    let is_inside = match reading.addr {
        Some(addr) => is_inner(addr, &trust.also_public) || provider.holds(addr),
        // A field that hides its client may be the one that took the message in.
        None => reading.kind == HopKind::Local,
    };
    if reading.auth || field.is_taken_in_by(provider) {
        None
    } else if is_inside {
        Some(provider)
    } else {
        voucher(field, rules)
    }
}

enum Link<'t> {
    Fits(Sentence<'t>),
    Broken(Sentence<'t>),
    Contradicted(Sentence<'t>),
    Unread(Sentence<'t>),
}

/// Where the chain stands.
struct Chain<'c, 't> {
    /// The field whose client must have written the next one.
    client: &'c Received<'t>,
    /// The host that wrote the last field that fitted; `None` at the boundary.
    writer: Option<&'t str>,
    /// The earliest date so far.
    date: Option<Timestamp>,
    /// The provider that vouches for the next field.
    voucher: Option<&'t Provider>,
    /// Whether the chain goes on.
    open: bool,
}

impl<'c, 't> Chain<'c, 't> {
    /// Judges the next field.
    fn next(
        &mut self,
        field: &Received<'t>,
        own: &[Received<'_>],
        trust: &Trust,
        rules: &Rules,
    ) -> Link<'t> {
        let reading = &field.reading;
        if let Some(why) = reading.unread {
            return Link::Unread(Sentence::new("this field cannot be read: ").say(why));
        }
        if let Some(by) = reading.by
            && (trust.hosts.iter().any(|host| host.holds(by))
                || own.iter().any(|passed| {
                    passed
                        .reading
                        .by
                        .is_some_and(|name| same_host(name, by) && !is_bare(name))
                }))
        {
            let why = Sentence::new("it says that ").writer(field);
            let is_claimed = self.client.client_names().any(|name| same_host(name, by));
            return Link::Contradicted(why.say(if is_claimed {
                " wrote it, one of your own hosts, and the client in the field above is called so, but nobody checked that: anybody can have written it"
            } else {
                " wrote it, one of your own hosts, yet it stands below the field where the message came in: a stranger wrote it"
            }));
        }
        if let (Some(above), Some(date)) = (self.date, field.date) {
            if date > above + CLOCK_SLACK {
                return Link::Contradicted(Sentence::new("it is dated after the field above it"));
            }
            if date < above - QUEUE_TIME {
                return Link::Contradicted(Sentence::new(
                    "it is dated days before the field above it",
                ));
            }
        } else if !reading.date.is_empty() && field.date.is_none() {
            return Link::Contradicted(Sentence::new("its date is none that a server writes"));
        }
        if !self.open {
            return Link::Broken(Sentence::new(
                "it stands below the point where the chain ends; anybody can have written it",
            ));
        }
        if field.date.is_none() {
            return Link::Broken(Sentence::new("it has no date; servers write one"));
        }
        if reading.by.is_none() && self.fits(field, rules) {
            return Link::Fits(Sentence::new(
                "noted by a program or queue of the host that the field above names as its client; it names nobody",
            ));
        }
        if self.fits(field, rules) {
            let why = Sentence::new("written by ").writer(field);
            Link::Fits(why.say(", the host that the field above names as its client"))
        } else {
            let why = Sentence::new("it says that ").writer(field);
            Link::Broken(
                why.say(
                    " wrote it, which is not the host that the field above names as its client",
                ),
            )
        }
    }

    /// Returns whether the writer of a field is the client of the one above.
    fn fits(&self, field: &Received<'t>, rules: &Rules) -> bool {
        let reading = &field.reading;
        let above = &self.client.reading;
        // Inside a host: its queue, its filter, its list manager.
        let inside = self
            .writer
            .filter(|_| above.addr.is_none() || above.addr.is_some_and(|addr| is_inner(addr, &[])));
        // Who vouches has the message from a machine of its own, whatever name that bears.
        if self
            .voucher
            .zip(reading.by)
            .is_some_and(|(provider, by)| provider.writes(by))
        {
            return true;
        }
        let Some(by) = reading.by else {
            return reading.kind == HopKind::Local && (inside.is_some() || above.rdns.is_some());
        };
        if let Some(writer) = inside
            && (same_host(writer, by) || same_domain(writer, by) || is_bare(by))
        {
            return true;
        }
        if above.addr.is_some() && rules.received.address(by) == above.addr {
            return true;
        }
        match above.rdns {
            Some(rdns) => {
                let provider = rules.providers.writing(rdns);
                provider.is_some_and(|provider| provider.writes(by))
                    || same_host(rdns, by)
                    || (above.helo.is_some_and(|helo| same_host(helo, by)) && same_domain(rdns, by))
            }
            // Only what the client called itself is left: it must name a host, and the
            // message must have gone on at once.
            None => {
                above
                    .helo
                    .is_some_and(|helo| same_host(helo, by) && registered(helo).is_some())
                    && self
                        .date
                        .zip(field.date)
                        .is_some_and(|(later, earlier)| later.duration_since(earlier) <= AT_ONCE)
            }
        }
    }

    /// Goes on below a field that fitted.
    fn advance(&mut self, field: &'c Received<'t>) {
        // A queue that names neither its host nor a client has the message from whoever handed it to that host.
        if field.reading.by.is_some() || field.has_client() {
            self.client = field;
        }
        if let Some(by) = field.reading.by {
            self.writer = Some(by);
        }
        self.date = field.date.or(self.date);
        // Who gave a password or sat at a browser is a person's machine, not a relay.
        if field.reading.auth && field.reading.addr.is_some_and(|addr| !is_inner(addr, &[]))
            || field.reading.kind == HopKind::Web
        {
            self.open = false;
        }
    }
}
