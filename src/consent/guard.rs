//! What speaks against sending a complaint, before the user is asked.
//!
//! In: [`Complaint`]s, [`Facts`] of the ledger, [`Limits`]. Out: [`Guarded`]: what to ask
//! about, with reasons, and what is held back. Pure.
//! Trust: the facts are our own; texts that came from outside are escaped where they were read.
//! Failures: none; every doubt unticks, and says why.

use std::collections::HashMap;

use jiff::Timestamp;

use super::State;
use super::caution::{Caution, Weight};
use crate::complaint::{AGED, Complaint, Munge, TOO_OLD};

/// What the ledger knows about a complaint's case and desk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The complaint of the same case, desk and round, if it was agreed to, or may have arrived.
    pub earlier: Option<(State, Timestamp)>,
    /// When the newest message of the case reached the boundary.
    pub boundary_at: Option<Timestamp>,
    /// When the complaint was composed; what it says of the spam's age was true then.
    pub composed_at: Option<Timestamp>,
    /// Complaints to the desk about the same source address within a day.
    pub about_source: u32,
    /// Complaints to the desk within a day.
    pub to_desk: u32,
    /// Complaints to anyone within a day.
    pub to_all: u32,
    /// Until when the desk's rule wants no other complaint about the same address.
    pub too_soon: Option<Timestamp>,
    /// Until when the desk counts as dead, and why.
    pub dead: Option<(Timestamp, String)>,
    /// The form that the desk asks to be used.
    pub form_url: Option<String>,
    /// Whether the desk refused a complaint in which something was masked.
    pub refuses_munged: bool,
    /// Whether the desk's filter refused a complaint: its headers alone may pass.
    pub headers_only: bool,
    /// Whether the user wants no mail to go there.
    pub blocked: bool,
    /// Where the desk says that complaints go instead.
    pub forwarded_to: Option<String>,
    /// When the ledger was last found to come from a backup or another machine.
    pub restored_at: Option<Timestamp>,
    /// The kinds of abuse that the desk's rule says it takes, where this is none of them.
    pub takes_only: Option<String>,
    /// When the user had a message of the case forgotten, and what had become of it.
    pub forgotten_at: Option<Timestamp>,
}

/// How many complaints may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To one desk about one source address in a day.
    pub per_source_and_desk: u32,
    /// To one desk in a day.
    pub per_desk: u32,
    /// In a day, before a warning.
    pub warn: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_source_and_desk: 1,
            per_desk: 5,
            warn: 50,
        }
    }
}

impl Limits {
    /// Returns the limit that one more complaint would break, given how many went within a day.
    #[must_use]
    pub const fn broken(&self, about_source: u32, to_desk: u32) -> Option<Caution> {
        if about_source >= self.per_source_and_desk {
            Some(Caution::SourceLimit(self.per_source_and_desk))
        } else if to_desk >= self.per_desk {
            Some(Caution::DeskLimit(self.per_desk))
        } else {
            None
        }
    }
}

/// What else a judgement needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// Domains of the user's own mailboxes, lower case.
    pub own_domains: Vec<String>,
    /// The time.
    pub now: Timestamp,
}

/// Complaints after the guard.
#[derive(Debug, Clone, PartialEq)]
pub struct Guarded {
    /// What the user is asked about: unticked, and with warnings, where something speaks against it.
    pub askable: Vec<Complaint>,
    /// What is held back, with the reasons.
    pub held: Vec<(Complaint, Vec<Caution>)>,
}

/// Judges complaints before the user is asked.
///
/// `facts` is asked about each complaint as the ledger stands. What is ticked
/// in the same question counts, too: of two complaints to a desk that may have
/// one more, the second is held.
pub fn guard(
    complaints: Vec<Complaint>,
    facts: &mut dyn FnMut(&Complaint) -> Facts,
    situation: &Situation,
    limits: &Limits,
) -> Guarded {
    let mut guarded = Guarded {
        askable: Vec::new(),
        held: Vec::new(),
    };
    let mut asked = Asked::default();
    for mut complaint in complaints {
        let mut known = facts(&complaint);
        asked.add_to(&mut known, &complaint);
        let cautions = judge(&complaint, &known, situation, limits);
        match cautions.iter().map(Caution::weight).max() {
            Some(Weight::Holds) => {
                guarded.held.push((complaint, cautions));
                continue;
            }
            Some(Weight::Unticks) => untick(&mut complaint, &cautions),
            _ => {}
        }
        complaint
            .warnings
            .extend(cautions.iter().map(ToString::to_string));
        asked.count(&complaint);
        guarded.askable.push(complaint);
    }
    guarded
}

/// Takes the tick away, and says why.
fn untick(complaint: &mut Complaint, cautions: &[Caution]) {
    let reasons: Vec<String> = cautions
        .iter()
        .filter(|caution| caution.weight() == Weight::Unticks)
        .map(ToString::to_string)
        .collect();
    complaint.desk.ticked = false;
    let before = complaint.desk.unticked_because.take();
    let all: Vec<String> = before.into_iter().chain(reasons).collect();
    complaint.desk.unticked_because = Some(all.join("; "));
}

/// What is ticked in the same question.
#[derive(Default)]
struct Asked {
    to_desk: HashMap<String, u32>,
    about_source: HashMap<(String, std::net::IpAddr), u32>,
    to_all: u32,
}

impl Asked {
    fn count(&mut self, complaint: &Complaint) {
        if complaint.desk.ticked {
            let desk = complaint.desk.key();
            *self.to_desk.entry(desk.clone()).or_default() += 1;
            let pair = (desk, complaint.source_addr);
            *self.about_source.entry(pair).or_default() += 1;
            self.to_all += 1;
        }
    }

    fn add_to(&self, facts: &mut Facts, complaint: &Complaint) {
        let desk = complaint.desk.key();
        facts.to_desk += self.to_desk.get(&desk).copied().unwrap_or_default();
        let pair = (desk, complaint.source_addr);
        facts.about_source += self.about_source.get(&pair).copied().unwrap_or_default();
        facts.to_all += self.to_all;
    }
}

/// Returns everything that speaks against one complaint, gravest first.
#[must_use]
pub fn judge(
    complaint: &Complaint,
    facts: &Facts,
    situation: &Situation,
    limits: &Limits,
) -> Vec<Caution> {
    let mut cautions = Vec::new();
    if let Some((state, at)) = facts.earlier {
        cautions.push(Caution::Duplicate(state, at));
    }
    if facts.blocked {
        cautions.push(Caution::Blocked);
    }
    cautions.extend(limits.broken(facts.about_source, facts.to_desk));
    if let Some(until) = facts.too_soon.filter(|until| *until > situation.now) {
        cautions.push(Caution::TooSoon(until));
    }
    if facts.to_all >= limits.warn {
        cautions.push(Caution::Many(facts.to_all));
    }
    cautions.extend(age(facts, situation.now));
    if let Some((until, why)) = &facts.dead
        && *until > situation.now
    {
        cautions.push(Caution::Dead(*until, why.clone()));
    }
    if let Some(url) = &facts.form_url {
        cautions.push(Caution::FormOnly(url.clone()));
    }
    let is_masked = complaint.munge != Munge::None && !complaint.masked.is_empty();
    if facts.refuses_munged && is_masked {
        cautions.push(Caution::RefusesMunged);
    }
    if facts.headers_only && complaint.munge != Munge::HeadersOnly {
        cautions.push(Caution::ProposeHeadersOnly);
    }
    if let Some(mailbox) = &facts.forwarded_to {
        cautions.push(Caution::Forwarded(mailbox.clone()));
    }
    cautions.extend(own_provider(complaint, situation));
    // What came after the return cannot have been reported before it.
    if let Some(at) = facts.restored_at
        && facts.boundary_at.is_none_or(|boundary| boundary < at)
    {
        cautions.push(Caution::Restored(at));
    }
    cautions.extend(facts.takes_only.clone().map(Caution::TakesOnly));
    cautions.extend(facts.forgotten_at.map(Caution::Forgotten));
    cautions.sort_by_key(|caution| std::cmp::Reverse(caution.weight()));
    cautions
}

/// Judges how old the spam has become since the complaint was composed.
fn age(facts: &Facts, now: Timestamp) -> Option<Caution> {
    let at = facts.boundary_at?;
    let age = now.duration_since(at);
    // What was too old already when it was composed, the complaint's own warnings say.
    let said = facts.composed_at.map(|then| then.duration_since(at));
    let is_new = |limit| age > limit && said.is_none_or(|said| said <= limit);
    if is_new(TOO_OLD) {
        Some(Caution::TooOld(age))
    } else if is_new(AGED) {
        Some(Caution::Aged(age))
    } else {
        None
    }
}

/// Judges whether the desk is that of the user's own provider.
fn own_provider(complaint: &Complaint, situation: &Situation) -> Option<Caution> {
    let desk = complaint.desk.mailbox.as_ref()?.domain();
    let own = situation
        .own_domains
        .iter()
        .find(|own| registered(own) == registered(desk))?;
    Some(Caution::OwnProvider(own.clone()))
}

/// Returns the registered domain of a name, or the name itself.
fn registered(name: &str) -> &str {
    psl::domain_str(name).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complaint::{Desk, Format, Secret};
    use crate::contact::AbuseMailbox;
    use jiff::SignedDuration;

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn complaint(desk: &str) -> Complaint {
        let mailbox = |text: &str| AbuseMailbox::try_from(text).unwrap();
        Complaint {
            case: Secret::new([7; 32]).case(b"spam"),
            desk: Desk {
                mailbox: Some(mailbox(desk)),
                form: None,
                roles: Vec::new(),
                why: "answers for 192.0.2.7".to_owned(),
                ticked: true,
                unticked_because: None,
            },
            round: 0,
            source_addr: "192.0.2.7".parse().unwrap(),
            from: mailbox("jane@example.org"),
            subject: String::new(),
            message_id: String::new(),
            octets: b"x\r\n".to_vec(),
            text: String::new(),
            format: Format::Plain,
            munge: Munge::Address,
            masked: vec!["- What identifies me was masked.".to_owned()],
            leaks: Vec::new(),
            warnings: Vec::new(),
            incidents: 1,
        }
    }

    fn situation() -> Situation {
        Situation {
            own_domains: vec!["example.org".to_owned()],
            now: now(),
        }
    }

    fn of(desk: &str, facts: &Facts) -> Vec<Caution> {
        judge(&complaint(desk), facts, &situation(), &Limits::default())
    }

    fn one(facts: &Facts) -> Caution {
        let mut cautions = of("abuse@example.net", facts);
        assert_eq!(cautions.len(), 1, "{cautions:?}");
        cautions.remove(0)
    }

    #[test]
    fn nothing_speaks_against_fresh_spam_to_a_desk_that_is_not_known() {
        assert_eq!(of("abuse@example.net", &Facts::default()), []);
    }

    #[test]
    fn a_desk_that_refuses_what_is_masked_has_nothing_against_the_whole_mail() {
        let facts = Facts {
            refuses_munged: true,
            ..Facts::default()
        };
        let mut whole = complaint("abuse@example.net");
        whole.masked.clear();
        let judged = |one: &Complaint| judge(one, &facts, &situation(), &Limits::default());
        assert_eq!(judged(&whole), []);
        whole = complaint("abuse@example.net");
        assert_eq!(judged(&whole), [Caution::RefusesMunged]);
        whole.munge = Munge::None;
        assert_eq!(judged(&whole), []);
    }

    #[test]
    fn every_caution_has_its_weight_and_its_sentence() {
        let facts = Facts::default;
        let later = now() + SignedDuration::from_hours(48);
        let seen = [
            one(&Facts {
                earlier: Some((State::Unknown, now())),
                ..facts()
            }),
            one(&Facts {
                earlier: Some((State::Deferred, now())),
                ..facts()
            }),
            one(&Facts {
                earlier: Some((State::Drafted, now())),
                ..facts()
            }),
            one(&Facts {
                earlier: Some((State::Saved, now())),
                ..facts()
            }),
            one(&Facts {
                blocked: true,
                ..facts()
            }),
            one(&Facts {
                about_source: 1,
                ..facts()
            }),
            one(&Facts {
                to_desk: 5,
                ..facts()
            }),
            one(&Facts {
                too_soon: Some(later),
                ..facts()
            }),
            one(&Facts {
                to_all: 50,
                ..facts()
            }),
            one(&Facts {
                dead: Some((later, "5.1.1".to_owned())),
                ..facts()
            }),
            one(&Facts {
                form_url: Some("https://example.net/form".to_owned()),
                ..facts()
            }),
            one(&Facts {
                refuses_munged: true,
                ..facts()
            }),
            one(&Facts {
                headers_only: true,
                ..facts()
            }),
            one(&Facts {
                forwarded_to: Some("abuse@example.com".to_owned()),
                ..facts()
            }),
        ];
        let told: Vec<String> = seen
            .iter()
            .map(|caution| format!("{:?}: {caution}", caution.weight()))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        Holds: it may have been reported to this desk on 2026-11-21: no answer came back
        Holds: you agreed to this on 2026-11-21, and it waits in the outbox
        Holds: it may have been reported to this desk before: no answer came back
        Holds: it was written as a draft, or only recorded, on 2026-11-21
        Holds: you said that no mail is to go to this desk
        Holds: this desk had 1 about this address within a day, and that is the limit
        Holds: this desk had 5 within a day, and that is the limit
        Holds: this desk had one about this address, and wants no other before 2026-11-23 12:00 UTC
        Warns: 50 complaints went out within a day
        Unticks: mail to this desk came back (5.1.1); not before 2026-11-23
        Unticks: this desk wants its form to be used: https://example.net/form
        Unticks: this desk refuses complaints in which something is masked
        Warns: this desk's filter refused a whole message before; one with `--munge headers-only` may pass
        Warns: this desk said that complaints go to abuse@example.com
        ");
    }

    #[test]
    fn spam_from_before_a_restored_backup_is_not_ticked_and_what_came_after_it_is() {
        let hour = SignedDuration::from_hours(1);
        let facts = |boundary_at| Facts {
            boundary_at,
            restored_at: Some(now() - hour),
            ..Facts::default()
        };
        for before in [None, Some(now() - hour * 2)] {
            let caution = one(&facts(before));
            assert_eq!(caution.weight(), Weight::Unticks);
            assert_eq!(
                caution.to_string(),
                "the ledger came from a backup or another machine on 2026-11-21; what was reported between is not in it"
            );
        }
        assert_eq!(of("abuse@example.net", &facts(Some(now()))), []);
    }

    #[test]
    fn age_warns_after_48_hours_and_unticks_after_7_days_and_says_nothing_twice() {
        let hours = |n| now() - SignedDuration::from_hours(n);
        let weight = |age, composed: Option<i64>| {
            let facts = Facts {
                boundary_at: Some(hours(age)),
                composed_at: composed.map(hours),
                ..Facts::default()
            };
            of("abuse@example.net", &facts).first().map(Caution::weight)
        };
        assert_eq!(weight(48, None), None);
        assert_eq!(weight(49, None), Some(Weight::Warns));
        assert_eq!(weight(7 * 24, None), Some(Weight::Warns));
        assert_eq!(weight(7 * 24 + 1, None), Some(Weight::Unticks));
        assert_eq!(weight(49, Some(0)), None, "the complaint says so itself");
        assert_eq!(
            weight(49, Some(48)),
            Some(Weight::Warns),
            "it was young then"
        );
        assert_eq!(weight(200, Some(100)), Some(Weight::Unticks));
    }

    #[test]
    fn the_own_providers_desk_is_not_ticked() {
        let cautions = of("abuse@mail.example.org", &Facts::default());
        assert_eq!(cautions, [Caution::OwnProvider("example.org".to_owned())]);
    }

    #[test]
    fn a_desk_that_was_dead_is_tried_again_when_its_time_is_over() {
        let facts = Facts {
            dead: Some((now(), "5.1.1".to_owned())),
            ..Facts::default()
        };
        assert_eq!(of("abuse@example.net", &facts), []);
    }

    #[test]
    fn what_is_ticked_in_one_question_counts_against_the_limit() {
        let desks = [
            "abuse@example.net",
            "abuse@example.net",
            "abuse@example.com",
        ];
        let complaints = desks.map(complaint).to_vec();
        let mut facts = |_: &Complaint| Facts::default();
        let guarded = guard(complaints, &mut facts, &situation(), &Limits::default());
        assert_eq!(guarded.askable.len(), 2);
        assert_eq!(guarded.held.len(), 1);
        assert_eq!(guarded.held[0].1, [Caution::SourceLimit(1)]);
    }

    #[test]
    fn what_speaks_against_it_unticks_and_says_why() {
        let mut facts = |_: &Complaint| Facts {
            form_url: Some("https://example.net/form".to_owned()),
            headers_only: true,
            ..Facts::default()
        };
        let complaints = vec![complaint("abuse@example.net")];
        let guarded = guard(complaints, &mut facts, &situation(), &Limits::default());
        let desk = &guarded.askable[0].desk;
        assert!(!desk.ticked);
        assert_eq!(
            desk.unticked_because.as_deref(),
            Some("this desk wants its form to be used: https://example.net/form")
        );
        assert_eq!(guarded.askable[0].warnings.len(), 2);
    }
}
