//! Judges a hand-over within a host, which any user of that host may have begun.
//!
//! In: [`Walk`], the field. Out: [`Step`]: on to the next field, a question, or the end.
//! Trust: sendmail(1) and its like take a message with all its fields from whoever runs programs on the host. On a shared
//! web host these are strangers, and what they hand in may bear forged lines in the host's own name.
//! Limits: who speaks SMTP to the host from the host itself is taken for a filter, unless the user said that strangers
//! run programs there.

use super::client::Step;
use super::sentence::Sentence;
use super::walk::Walk;
use super::{HopTrust, Question};
use crate::rules::names::registered;

impl<'t> Walk<'_, 't> {
    /// Judges a hand-over without a client.
    pub(super) fn handed_in(&self, at: usize) -> Step<'t> {
        let why = Sentence::new(
            "no client on the network is named: a program or queue of the host handed it on",
        );
        let is_by_user = self
            .fields
            .get(at)
            .is_some_and(|field| field.reading.by_user);
        if !is_by_user || self.fields.get(at + 1).is_none() {
            return Step::On(HopTrust::Local, why);
        }
        let Some(host) = self.machine(at) else {
            let why =
                why.say("; which host that is, no field says, so nothing below can be believed");
            return Step::Stop(why);
        };
        if let Some(stop) = self.is_shared(at) {
            return stop;
        }
        let mut closed = self.trust.local_programs.iter();
        if closed.any(|one| one.holds(host)) || self.rules.providers.writing(host).is_some() {
            return Step::On(HopTrust::Local, why);
        }
        Step::Asked(
            HopTrust::Local,
            why.say("; if others run programs there, too, they may have brought along all that stands below"),
            Question::local_programs(host),
        )
    }

    /// Ends the walk where the user said that others run programs on the machine that wrote a field above others.
    pub(super) fn is_shared(&self, at: usize) -> Option<Step<'t>> {
        self.fields.get(at + 1)?;
        let host = self.machine(at)?;
        let mut shared = self.trust.shared_hosts.iter();
        shared.any(|one| one.holds(host)).then(|| {
            Step::Stop(Sentence::new(
                "a program of the host handed it in, and you said that others run programs there, too: they may have brought along all that stands below",
            ))
        })
    }

    /// Returns the name of the machine that wrote a field: as the field has it, else one beside it.
    fn machine(&self, at: usize) -> Option<&'t str> {
        let (above, below) = self.fields.split_at_checked(at)?;
        let beside = below.iter().chain(above.iter().rev());
        let mut names = beside.filter_map(|field| field.reading.by);
        let own = below.first().and_then(|field| field.reading.by);
        // Filters write a name of their own, or a short one.
        own.or_else(|| names.clone().find(|name| registered(name).is_some()))
            .or_else(|| names.next())
    }
}
