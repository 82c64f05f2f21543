//! The way of one message up to its drafted complaints, for `report`, `batch` and `draft`.
//!
//! In: [`Message`], [`Trace`]. Out: [`Way`]: evidence, contacts, and complaints in the ledger.
//! Failures: no source, no desk: one failure each, with what was asked and answered.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Session;
use super::authority;
use super::find::{self, Found};
use super::flags::ComposeFlags;
use crate::complaint::{
    CaseKey, Complaint, DraftError, Identity, Material, Options, Secret, draft,
};
use crate::consent::State;
use crate::contact::{Finder, Role};
use crate::evidence::{self, Evidence, Kind};
use crate::failure::{Exit, Failure};
use crate::intake::{self, Message, Origin};
use crate::ledger::{Arrival, CaseFacts, Ledger, LedgerError, Standing};
use crate::rules::Rules;
use crate::trace::{self, Trace, Trust};

/// A message that has a source, and what is known about it.
pub(super) struct Way {
    /// The message.
    pub(super) message: Message,
    /// Its trace; it has a source that can be reported.
    pub(super) trace: Trace,
    /// What it shows.
    pub(super) evidence: Evidence,
    /// Who answers for what it shows.
    pub(super) found: Vec<Found>,
    /// Hosts and networks that the user named with `--trust` for it.
    pub(super) named: Vec<String>,
}

impl Way {
    /// Gathers the evidence, and looks up who answers for it.
    pub(super) fn of(
        message: Message,
        trace: Trace,
        kind: Option<Kind>,
        session: &Session,
        ledger: &mut Ledger,
        finder: &mut Finder<'_>,
    ) -> Result<Self, Failure> {
        let own = session.config.own_mailboxes();
        let evidence = evidence::gather(&message, &trace, &own, &session.rules).called(kind);
        let suspects = evidence::suspects(&trace, &evidence, &session.rules);
        let use_cache = session.config.lookup.cache;
        let now = session.now();
        let found = find::all(finder, ledger, use_cache, &suspects, now);
        let parties = find::parties(
            &message.headers(),
            &session.config.identity,
            &session.rules,
            ledger.dead_desks(now)?,
        );
        let arrival = super::say::boundary(&trace).and_then(|hop| hop.date);
        let found = find::allowed(finder, ledger, use_cache, found, &parties, arrival, now)?;
        Ok(Self {
            message,
            trace,
            evidence,
            found,
            named: Vec::new(),
        })
    }

    /// Calls the mail something else, and looks up who is concerned then.
    pub(super) fn called(
        self,
        kind: Kind,
        session: &Session,
        ledger: &mut Ledger,
        finder: &mut Finder<'_>,
    ) -> Result<Self, Failure> {
        Self::of(
            self.message,
            self.trace,
            Some(kind),
            session,
            ledger,
            finder,
        )
    }

    /// Returns who holds the network of the source, where a registry says so.
    pub(super) fn holder(&self) -> Option<&str> {
        self.found
            .iter()
            .find(|(_, role, _)| *role == Role::Network)
            .and_then(|(_, _, contacts)| contacts.network.as_ref())
            .and_then(|network| network.holder.as_deref().or(network.name.as_deref()))
    }

    /// Returns when the message reached the boundary.
    pub(super) fn boundary_at(&self) -> Option<Timestamp> {
        super::say::boundary(&self.trace)?.date
    }

    /// Returns what the case is counted by.
    pub(super) fn facts(&self) -> Option<CaseFacts> {
        let source = self.trace.source.as_ref()?;
        let mut facts = CaseFacts::of(source.addr, self.evidence.kind.word());
        for (_, role, contacts) in &self.found {
            if *role == Role::Network {
                facts.asn = contacts.asn;
                if let Some(network) = &contacts.network {
                    facts.network = Some(format!("{} - {}", network.first, network.last));
                    facts.holder.clone_from(&network.holder);
                    facts.registry.clone_from(&network.registry);
                }
            }
        }
        if let Some(esp) = self.evidence.esp.as_ref().filter(|esp| esp.believed) {
            facts.esp = Some(esp.name.clone());
            facts.esp_customer.clone_from(&esp.customer);
        }
        Some(facts)
    }

    /// Composes the complaints of the case that this message is the newest of.
    pub(super) fn draft(&self, plan: &Plan<'_>) -> Result<Vec<Complaint>, Failure> {
        let material = Material {
            message: &self.message,
            trace: &self.trace,
            evidence: &self.evidence,
            found: &self.found,
            earlier: plan.earlier,
            case: plan.case,
            round: 0,
            identity: plan.identity,
            options: plan.options,
            rules: plan.rules,
            secret: plan.secret,
            now: plan.now,
        };
        draft(&material).map_err(|error| self.no_draft(&error))
    }

    fn no_draft(&self, error: &DraftError) -> Failure {
        let who = self
            .trace
            .source
            .as_ref()
            .map_or(String::new(), |source| format!(" for `{}`", source.addr));
        match error {
            DraftError::NoSource => Failure::new(
                Exit::NothingToReport,
                "there is no source to complain about",
            ),
            DraftError::NoDesk => {
                let mut failure =
                    Failure::new(Exit::NoContact, format!("no abuse desk was found{who}"))
                        .at(self.message.origin().place());
                failure.because = find::why_not(&self.found);
                failure.remedy(
                    "try again later, or look with `plaint lookup --explain`; nothing was sent",
                )
            }
        }
    }
}

/// Who complains, how, and in which case.
pub(super) struct Plan<'p> {
    /// The case.
    pub(super) case: CaseKey,
    /// Boundary times of its earlier messages.
    pub(super) earlier: &'p [Timestamp],
    /// Who complains.
    pub(super) identity: &'p Identity,
    /// What he chose.
    pub(super) options: &'p Options,
    /// The rules.
    pub(super) rules: &'p Rules,
    /// The local secret.
    pub(super) secret: &'p Secret,
    /// When.
    pub(super) now: Timestamp,
}

/// Returns what the user chose about composing: flags before settings.
pub(super) fn options(session: &Session, flags: &ComposeFlags) -> Result<Options, Failure> {
    let keys = &session.config.complaint;
    Ok(Options {
        format: flags.format.or(Some(keys.format)),
        munge: flags.munge.or(keys.munge),
        max_evidence_kib: keys.max_evidence_kib,
        note: flags.note.clone(),
        notes: BTreeMap::new(),
        language: keys.language.clone(),
        answer: None,
        also: authority::chosen(session, &flags.also)?,
    })
}

impl Way {
    /// Returns the case that this message belongs to, and the boundary times of its earlier messages.
    ///
    /// A message of the same source on the same UTC day joins the case that is still held.
    /// Of a case that was there before, those count that came from this source by today's trust, too.
    pub(super) fn case(
        &self,
        ledger: &Ledger,
        standing: &Standing,
        trust: &Trust,
        rules: &Rules,
    ) -> Result<(CaseKey, Vec<Timestamp>), Failure> {
        let mut case = standing.case();
        let source = self.trace.source.as_ref().map(|source| source.addr);
        let is_same = |octets: Vec<u8>| {
            let read = intake::read(octets, Origin::single("-"));
            let trace = read.map(|one| trace::follow(&one.headers(), trust, rules));
            let its = trace.ok().and_then(|trace| trace.source);
            its.map(|its| its.addr) == source
        };
        let is_known = matches!(standing, Standing::Known { .. });
        if let (Standing::New(_), Some(source), Some(at)) =
            (standing, &self.trace.source, self.boundary_at())
            && let Some(open) = ledger.joinable(source.addr, at)?
        {
            case = open;
        }
        let own = self.message.octets();
        let earlier = ledger
            .members(case)?
            .into_iter()
            .filter(|member| member.octets.as_deref() != Some(own))
            .filter_map(|member| {
                let counts = !is_known || member.octets.is_some_and(is_same);
                member.boundary_at.filter(|_| counts)
            })
            .collect();
        Ok((case, earlier))
    }

    /// Keeps the message and its complaints in the ledger, so that nothing is lost from here on.
    pub(super) fn keep(
        &self,
        complaints: &[Complaint],
        case: CaseKey,
        ledger: &mut Ledger,
        state: State,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let Some(facts) = self.facts() else {
            return Ok(());
        };
        let arrival = Arrival {
            message: &self.message,
            case,
            facts: &facts,
            boundary_at: self.boundary_at(),
            named: &self.named,
        };
        ledger.hold_with(&arrival, complaints, state, now)?;
        Ok(())
    }
}
