//! When the network above is asked, because a network's own desk cannot be, or does not act.
//!
//! In: an answer, whom a complaint must not go to, since when the desk owes an answer. Out: [`Escalation`].
//! Standards: none; silence is normal, so a desk has a week, and only mail that came after it counts.
//! Trust: the spam can name any mailbox, the desk's own too: that moves a complaint up, and never stops it.
//! Limits: who is above is for [`Finder::find_upstream`](super::Finder::find_upstream) to say.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::desk::Objection;
use super::{AbuseMailbox, Contacts, Parties, Role};

/// How long a desk may take before the network above is proposed.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Why the network above is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Escalation {
    /// The spam itself names the network's desk: it may be the spammer's own.
    Named(AbuseMailbox),
    /// Mail to the network's desk comes back.
    Dead(AbuseMailbox),
    /// The network's desk had a complaint at that time, and mail from there came a week after it.
    Silent(AbuseMailbox, Timestamp),
    /// The network is known, and no desk of it.
    Nobody,
}

impl fmt::Display for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(desk) => write!(f, "the mail itself names {desk}, the network's own desk"),
            Self::Dead(desk) => write!(f, "mail to {desk}, the network's own desk, comes back"),
            Self::Silent(desk, since) => write!(
                f,
                "{desk} has not answered since {}, and mail goes on",
                since.strftime("%Y-%m-%d")
            ),
            Self::Nobody => f.write_str("the network names no desk of its own"),
        }
    }
}

impl Contacts {
    /// Returns why the network above should be proposed for this network; `None` where its own desk will do.
    ///
    /// `self` is the answer before anybody was refused. `unanswered` says since when the desk that
    /// would be written to owes an answer; `arrival` is when the mail at hand reached the boundary.
    pub fn escalation(
        &self,
        parties: &Parties,
        unanswered: &mut dyn FnMut(&AbuseMailbox) -> Option<Timestamp>,
        arrival: Option<Timestamp>,
    ) -> Option<Escalation> {
        let Some(desk) = self.desk_for(Role::Network) else {
            // Without a network nobody was reached who could have named a desk.
            return (self.network.is_some() && self.forms.is_empty()).then_some(Escalation::Nobody);
        };
        let mailbox = &desk.mailbox;
        let objection = parties.objection(mailbox);
        if objection.is_some() && self.clone().without(parties).has_as_good(desk.role) {
            return None;
        }
        match objection {
            Some(Objection::Own) => None,
            Some(Objection::Spam) => Some(Escalation::Named(mailbox.clone())),
            Some(Objection::Dead(_)) => Some(Escalation::Dead(mailbox.clone())),
            None => {
                let since = unanswered(mailbox)?;
                // Mail of the desk's own week says nothing: it may be acting.
                let goes_on = arrival?.duration_since(since) >= PATIENCE;
                goes_on.then(|| Escalation::Silent(mailbox.clone(), since))
            }
        }
    }

    /// Returns whether a mailbox is left that a registry or a rule names as the right one.
    fn has_as_good(&self, role: Role) -> bool {
        self.contacts
            .iter()
            .any(|contact| contact.role == role && contact.recommended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::{Confidence, Contact, Network, Via};

    fn contact(mailbox: &str, recommended: bool) -> Contact {
        Contact {
            mailbox: AbuseMailbox::try_from(mailbox).unwrap(),
            role: Role::Network,
            recommended,
            confidence: Confidence::High,
            via: Via::Rdap,
            server: String::new(),
            field: String::new(),
            fetched: Timestamp::UNIX_EPOCH,
        }
    }

    fn found(contacts: Vec<Contact>) -> Contacts {
        Contacts {
            network: Some(Network {
                first: "192.0.2.0".parse().unwrap(),
                last: "192.0.2.255".parse().unwrap(),
                handle: None,
                name: None,
                holder: None,
                country: None,
                registry: None,
            }),
            contacts,
            ..Contacts::default()
        }
    }

    fn why(found: &Contacts, parties: &Parties) -> Option<String> {
        found
            .escalation(parties, &mut |_| None, None)
            .map(|why| why.to_string())
    }

    #[test]
    fn a_desk_that_cannot_be_written_to_leads_up_unless_another_is_as_good() {
        let one = found(vec![contact("abuse@isp.example", true)]);
        assert_eq!(why(&one, &Parties::default()), None);
        let spam = Parties {
            spam: vec!["ABUSE@isp.example".to_owned()],
            ..Parties::default()
        };
        assert_eq!(
            why(&one, &spam).as_deref(),
            Some("the mail itself names abuse@isp.example, the network's own desk")
        );
        let dead = Parties {
            dead: vec![(one.contacts[0].mailbox.clone(), "2 times".to_owned())],
            ..Parties::default()
        };
        assert_eq!(
            why(&one, &dead).as_deref(),
            Some("mail to abuse@isp.example, the network's own desk, comes back")
        );
        let two = found(vec![
            contact("abuse@isp.example", true),
            contact("abuse2@isp.example", true),
        ]);
        assert_eq!(why(&two, &dead), None);
        let weaker = found(vec![
            contact("abuse@isp.example", true),
            contact("noc@isp.example", false),
        ]);
        assert!(why(&weaker, &dead).is_some());
        let own = Parties {
            own: vec!["abuse@isp.example".to_owned()],
            ..Parties::default()
        };
        assert_eq!(why(&one, &own), None, "who runs the network is its desk");
    }

    #[test]
    fn a_desk_is_silent_after_a_week_and_only_if_mail_came_after_it() {
        let one = found(vec![contact("abuse@isp.example", true)]);
        let told: Timestamp = "2026-11-12T09:00:00Z".parse().unwrap();
        let at = |arrival: &str| {
            one.escalation(
                &Parties::default(),
                &mut |_| Some(told),
                Some(arrival.parse().unwrap()),
            )
        };
        assert_eq!(at("2026-11-19T08:59:59Z"), None);
        assert_eq!(
            at("2026-11-19T09:00:00Z").unwrap().to_string(),
            "abuse@isp.example has not answered since 2026-11-12, and mail goes on"
        );
        let undated = one.escalation(&Parties::default(), &mut |_| Some(told), None);
        assert_eq!(undated, None);
    }

    #[test]
    fn a_network_without_a_desk_leads_up_and_an_unknown_one_does_not() {
        assert_eq!(
            why(&found(Vec::new()), &Parties::default()).as_deref(),
            Some("the network names no desk of its own")
        );
        assert_eq!(why(&Contacts::default(), &Parties::default()), None);
    }
}
