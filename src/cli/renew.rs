//! Judges complaints that were composed before by today's settings, and composes anew what no longer stands.
//!
//! In: complaints of the ledger, today's identity and trust. Out: why one no longer stands; one in its place.
//! Trust: nothing goes out that today's settings would hide, or that names a host which they would not.
//! Failures: what cannot be composed anew is given back with the reason, and stays where it is.
//! Limits: words of the user's own are in the old text alone; a preview says that they have to be given again.

use std::borrow::Cow;
use std::sync::Arc;

use super::flags::ComposeFlags;
use super::report::is_reportable;
use super::way::{self, Plan, Way};
use super::{Session, find, newsletter, question};
use crate::complaint::{Complaint, Format, Identity, Options, shows};
use crate::consent::State;
use crate::contact::Finder;
use crate::evidence::Kind;
use crate::failure::Failure;
use crate::intake::{self, Message, Origin, Untrusted};
use crate::ledger::{Kept, Ledger, LedgerError};
use crate::rules::{DeskRule, Rules};
use crate::trace::{self, Confidence, Trace, Trust};

/// What a preview says of a complaint that was composed anew.
const ANEW: &str = "composed anew, because your settings changed since; a note of your own would have to be given again, with `plaint report`";

/// What helps where today's settings do not name what a complaint names.
pub(super) const NAME_AGAIN: &str = "a host that you named with `--trust` has to be named again, or stands under `[trust]` for good; `plaint report FILE` shows what today's settings say of the mail";

/// Why a complaint does not stand any more as it was composed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Outdated {
    /// The user can be found in it: where, one line each.
    #[error("your settings hide more by now, and you could be found in it ({})", without_help(.0))]
    Shows(Vec<String>),
    /// It comes from another mailbox than the user's complaints do.
    #[error("it comes from {0}, and your settings name another mailbox by now")]
    From(String),
    /// Today's trust does not lead to the address that it is about.
    #[error("your settings of today do not name {addr} as where the mail came from: {says}")]
    Source {
        /// The address that the complaint is about.
        addr: String,
        /// What the trace says today.
        says: String,
    },
    /// A rule of today says that the desk does not take it like this.
    #[error("by a rule of today, the desk {0}")]
    Desk(String),
}

/// Returns where the user can be found, without what would have helped when it was composed.
fn without_help(places: &[String]) -> String {
    let places = places
        .iter()
        .map(|place| place.rsplit_once("; ").map_or(place.as_str(), |(at, _)| at));
    places.collect::<Vec<_>>().join("; ")
}

/// The settings of today, for complaints that were composed by those of another day.
pub(super) struct Today {
    /// Who complains; `None` where no setting says so.
    identity: Option<Identity>,
    trust: Trust,
    /// What was named with `--trust`.
    named: Vec<String>,
}

/// A message of a case, and where it came from by today's settings.
pub(super) struct Traced {
    pub(super) message: Message,
    pub(super) trace: Trace,
    /// What was named with `--trust` for it.
    named: Vec<String>,
}

impl Today {
    /// Reads today's settings, with what `--trust` adds.
    pub(super) fn of(
        session: &Session,
        ledger: &Ledger,
        named: &[String],
    ) -> Result<Self, Failure> {
        Ok(Self {
            identity: session.config.identity()?,
            trust: question::trust(session, ledger, named)?,
            named: named.to_vec(),
        })
    }

    /// Returns why a complaint does not stand any more, if it does not.
    ///
    /// Of one whose messages were forgotten, the source cannot be looked at again.
    pub(super) fn outdated(
        &self,
        complaint: &Complaint,
        session: &Session,
        ledger: &Ledger,
    ) -> Result<Option<Outdated>, Failure> {
        let messages = self.traced(complaint, session, ledger)?;
        if let Some(says) = differs(complaint, &messages) {
            let addr = complaint.source_addr.to_string();
            return Ok(Some(Outdated::Source { addr, says }));
        }
        if let Some(refuses) = refused(complaint, &session.rules) {
            return Ok(Some(Outdated::Desk(refuses)));
        }
        let Some(identity) = &self.identity else {
            return Ok(None);
        };
        if identity.mailbox.key() != complaint.from.key() {
            let from = Untrusted::text(complaint.from.as_str()).to_string();
            return Ok(Some(Outdated::From(from)));
        }
        let places = shows(complaint, identity, &session.rules);
        Ok((!places.is_empty()).then_some(Outdated::Shows(places)))
    }

    /// Traces the messages of a complaint's case, oldest first; what was named with `--trust` for one holds for that one.
    pub(super) fn traced(
        &self,
        complaint: &Complaint,
        session: &Session,
        ledger: &Ledger,
    ) -> Result<Vec<Traced>, Failure> {
        let mut all = Vec::new();
        for member in ledger.members(complaint.case)? {
            let Some(octets) = member.octets else {
                continue;
            };
            let Ok(message) = intake::read(octets, Origin::single(member.input)) else {
                continue;
            };
            let trust = if member.named.is_empty() {
                Cow::Borrowed(&self.trust)
            } else {
                let named = [member.named.as_slice(), &self.named].concat();
                Cow::Owned(question::trust(session, ledger, &named)?)
            };
            all.push(Traced {
                trace: trace::follow(&message.headers(), &trust, &session.rules),
                message,
                named: member.named,
            });
        }
        Ok(all)
    }

    /// Composes a complaint anew from the messages that the ledger keeps; `None` where that is not possible.
    ///
    /// It is the one to the same desk; where that is none any more, the one to
    /// the desk that answers in the same role by now.
    pub(super) fn anew(
        &self,
        old: &Complaint,
        session: &mut Session,
        ledger: &mut Ledger,
    ) -> Result<Option<Complaint>, Failure> {
        let Some(identity) = &self.identity else {
            return Ok(None);
        };
        let mut messages = self.traced(old, session, ledger)?;
        // A reminder is the report that the desk had: there is nothing else to remind of.
        if old.round > 0 || !agree(&messages) {
            return Ok(None);
        }
        let Some(Traced {
            message,
            trace,
            named,
        }) = messages.pop()
        else {
            return Ok(None);
        };
        let standing = ledger.standing(&message)?;
        let called = ledger.kind_of(old.case)?;
        let called = Kind::ALL
            .into_iter()
            .find(|kind| Some(kind.word()) == called.as_deref());
        let rules = Arc::clone(&session.rules);
        let mut finder = Finder::new(find::settings(session, false)?, &rules);
        let mut way = Way::of(message, trace, called, session, ledger, &mut finder)?;
        let trust = question::trust(session, ledger, &[&*named, &self.named].concat())?;
        way.named = named;
        let (case, earlier) = way.case(ledger, &standing, &trust, &rules)?;
        let is_its =
            |rule: &&DeskRule| rule.write_to.is_some() && rule.write_to == old.desk.mailbox;
        let also = rules.desks.authorities().filter(is_its);
        let options = Options {
            format: Some(old.format),
            munge: Some(old.munge),
            answer: newsletter::remembered(ledger, &way)?,
            also: also.map(|rule| rule.name().to_owned()).collect(),
            ..way::options(session, &ComposeFlags::default())?
        };
        let composed = way.draft(&Plan {
            case,
            earlier: &earlier,
            identity,
            options: &options,
            rules: &rules,
            secret: ledger.secret(),
            now: session.now(),
        })?;
        let is_same = |one: &&Complaint| one.desk.key() == old.desk.key();
        let roles = &old.desk.roles;
        let is_alike = |one: &&Complaint| one.desk.roles.iter().any(|role| roles.contains(role));
        let found = composed.iter().find(is_same);
        let found = found.or_else(|| composed.iter().find(is_alike)).cloned();
        Ok(found.map(|mut one| {
            one.warnings.push(ANEW.to_owned());
            one
        }))
    }

    /// Returns complaints that nobody agreed to, as today's settings have them; says what is held back.
    pub(super) fn renewed(
        &self,
        held: Vec<Kept>,
        session: &mut Session,
        ledger: &mut Ledger,
    ) -> Result<Vec<Complaint>, Failure> {
        let mut all: Vec<Complaint> = Vec::with_capacity(held.len());
        for kept in held {
            let state = kept.recorded.state;
            let mut old = kept.recorded.complaint;
            let Some(why) = self.outdated(&old, session, ledger)? else {
                all.push(old);
                continue;
            };
            let desk = Untrusted::text(&old.desk.key()).to_string();
            let anew = self.anew(&old, session, ledger).unwrap_or_else(|failure| {
                session.term.failure(&failure);
                None
            });
            if let Some(anew) = anew {
                session
                    .term
                    .status(&format!("Composed anew, to {desk}: {why}."));
                let (now, why) = (session.now(), why.to_string());
                let from = [State::Held, State::Drafted];
                match ledger.replace(kept.id, &from, &anew, state, &why, now) {
                    // The desk that it goes to by now has its complaint already.
                    Err(LedgerError::Settled(_)) => {
                        ledger.move_on(kept.id, &from, State::Cancelled, &why, now)?;
                    }
                    done => {
                        done?;
                        all.retain(|one| !is_same_letter(one, &anew));
                        all.push(anew);
                    }
                }
                continue;
            }
            if let Outdated::Shows(places) = why {
                // Shown with the reason, it cannot be agreed to.
                old.leaks = places;
                all.push(old);
                continue;
            }
            session
                .term
                .status(&format!("Held back, to {desk}: {why}."));
            if matches!(why, Outdated::Source { .. }) {
                session.term.hint(NAME_AGAIN);
            }
        }
        Ok(all)
    }
}

/// Returns what a desk refuses of a complaint by a rule of today, which may be younger than the complaint.
fn refused(complaint: &Complaint, rules: &Rules) -> Option<String> {
    let rule = rules.desks.for_mailbox(complaint.desk.mailbox.as_ref()?)?;
    let (takes, format) = (&rule.accepts, complaint.format);
    if takes.mail == Some(false) {
        return Some("reads no mail, only its form".to_owned());
    }
    // Text is what every desk reads that reads mail at all.
    if format != Format::Plain && !takes.takes(format.word(), format.ending()) {
        return Some(format!("reads no `{}`", format.word()));
    }
    None
}

/// Returns whether two complaints stand in one row of the ledger.
fn is_same_letter(one: &Complaint, other: &Complaint) -> bool {
    (one.case, one.round, one.desk.key()) == (other.case, other.round, other.desk.key())
}

/// Returns whether all messages came from one source that can be reported.
fn agree(messages: &[Traced]) -> bool {
    let source = |one: &Traced| {
        let source = one.trace.source.as_ref()?;
        source.reportable.then_some(source.addr)
    };
    let first = messages.first().and_then(source);
    first.is_some() && messages.iter().all(|one| source(one) == first)
}

/// Returns what today's traces say, where they do not lead to the address that a complaint is about.
fn differs(complaint: &Complaint, messages: &[Traced]) -> Option<String> {
    if messages.is_empty() {
        return None;
    }
    let names = |one: &Traced| {
        let source = one.trace.source.as_ref();
        let origin = one.trace.origin.as_ref();
        source.is_some_and(|source| source.addr == complaint.source_addr)
            || origin.is_some_and(|origin| {
                origin.addr == complaint.source_addr && origin.confidence != Confidence::Claimed
            })
    };
    if agree(messages) && messages.iter().any(names) {
        return None;
    }
    let doubtful = messages.iter().rev().find(|one| !is_reportable(&one.trace));
    let newest = doubtful.or_else(|| messages.last());
    let source = newest.and_then(|one| one.trace.source.as_ref());
    Some(match source {
        None => "no own host saw who handed it over".to_owned(),
        Some(source) if !source.reportable => source.why.clone(),
        Some(source) => format!("they name {}", source.addr),
    })
}
