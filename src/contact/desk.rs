//! Desk rules: what is added to an answer of the registries, and what the user blocked.
//!
//! In: an answer, the suspect. Out: the same answer with contacts `via: "rule"`, forms, refusals.
//! Trust: rules are ours or the user's.
//! Limits: a registry's mailbox stays in the answer; whether a rule's replaces it is for the complaint to say.

use jiff::Timestamp;

use super::{AbuseMailbox, Contact, Contacts, Form, Refused, Role, Suspect, Via};
use crate::rules::{DeskRule, Rules};

/// Whom a complaint about one message must not go to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parties {
    /// The user's own mailboxes.
    pub own: Vec<String>,
    /// Mailboxes that the spam itself names: author, Reply-To, recipients, drop boxes.
    pub spam: Vec<String>,
    /// Desks whose mail comes back, or that the user blocked, and why nothing goes there, in a sentence.
    pub dead: Vec<(AbuseMailbox, String)>,
}

/// Why a complaint must not go to a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objection<'p> {
    /// It is the user's own.
    Own,
    /// The spam names it.
    Spam,
    /// It takes no mail, for this reason.
    Dead(&'p str),
}

impl Parties {
    /// Returns why a complaint must not go to a mailbox; `None` where it may.
    pub(super) fn objection(&self, mailbox: &AbuseMailbox) -> Option<Objection<'_>> {
        let names = |list: &[String]| {
            list.iter()
                .any(|own| own.trim().eq_ignore_ascii_case(mailbox.as_str()))
        };
        if names(&self.own) {
            return Some(Objection::Own);
        }
        if names(&self.spam) {
            return Some(Objection::Spam);
        }
        self.dead
            .iter()
            .find(|(dead, _)| dead.key() == mailbox.key())
            .map(|(_, why)| Objection::Dead(why))
    }
}

/// Returns whether a rule speaks of desks in a role; who connects a network has its own.
fn answers(rule: &DeskRule, role: Role) -> bool {
    let role = match role {
        Role::Upstream => Role::Network,
        role => role,
    };
    rule.roles.contains(&role)
}

impl Contacts {
    /// Adds what desk rules say of the suspect and of the mailboxes that were found.
    pub(super) fn with_rules(
        mut self,
        suspect: &Suspect,
        roles: &[Role],
        rules: &Rules,
        now: Timestamp,
    ) -> Self {
        let mut add: Vec<Contact> = Vec::new();
        let what = suspect.to_string();
        for rule in rules.desks.about(&what).filter(|rule| !rule.blocked) {
            for role in roles.iter().filter(|role| rule.roles.contains(role)) {
                self.add_rule(rule, *role, now, &mut add);
            }
        }
        for contact in self.contacts.clone() {
            let known = rules.desks.for_mailbox(&contact.mailbox);
            let known = known.filter(|rule| rule.authority.is_empty() && !rule.blocked);
            if let Some(rule) = known.filter(|rule| answers(rule, contact.role)) {
                let from = add.len();
                self.add_rule(rule, contact.role, now, &mut add);
                // A rule knows where mail to this mailbox goes; that it is the one to write to, it does not say.
                if !contact.recommended {
                    for added in add.iter_mut().skip(from) {
                        added.recommended = false;
                        added.confidence = added.confidence.min(contact.confidence);
                    }
                }
            }
        }
        for contact in add {
            let same = |c: &Contact| {
                c.mailbox.key() == contact.mailbox.key()
                    && c.role == contact.role
                    && c.via == Via::Rule
            };
            if !self.contacts.iter().any(same) {
                self.contacts.push(contact);
            }
        }
        for contact in self.contacts.clone() {
            if let Some(rule) = rules.desks.blocks(&contact.mailbox) {
                let why = format!("rule `{}`: {}", rule.id, rule.what);
                self.refuse(&contact.mailbox, why);
            }
        }
        if !self.contacts.is_empty() || !self.forms.is_empty() {
            self.error = None;
        }
        self
    }

    fn add_rule(&mut self, rule: &DeskRule, role: Role, now: Timestamp, add: &mut Vec<Contact>) {
        if let Some(mailbox) = &rule.write_to {
            add.push(Contact {
                mailbox: mailbox.clone(),
                role,
                recommended: true,
                confidence: rule.confidence_at(now).0,
                via: Via::Rule,
                server: rule.id.clone(),
                field: rule.provenance(now),
                fetched: now,
            });
        }
        if let Some(form) = &rule.form
            && let Some(form) =
                Form::checked(form, &format!("{} ({})", rule.what, rule.provenance(now)))
            && !self.forms.iter().any(|known| known.url == form.url)
        {
            self.forms.push(form);
        }
    }

    fn refuse(&mut self, mailbox: &AbuseMailbox, why: String) {
        self.contacts.retain(|c| c.mailbox.key() != mailbox.key());
        let refused = Refused {
            mailbox: mailbox.to_string(),
            why,
        };
        if !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }

    /// Returns the contact that a complaint in this role goes to: of those that are recommended a rule's, then a
    /// registry's; then the likeliest.
    #[must_use]
    pub fn desk_for(&self, role: Role) -> Option<&Contact> {
        let of_role = || self.contacts.iter().filter(|contact| contact.role == role);
        of_role()
            .find(|contact| contact.recommended && contact.via == Via::Rule)
            .or_else(|| of_role().find(|contact| contact.recommended))
            // Of equals the first: it is the one that was found first.
            .or_else(|| of_role().rev().max_by_key(|contact| contact.confidence))
    }

    /// Returns the answer without those whom a complaint about this message must not go to.
    ///
    /// The user's own mailboxes and their providers' desks stay apart: a mailbox
    /// is refused where it is the user's own, where the spam names it itself
    /// (its sender would learn who complains), and where it is dead or blocked.
    #[must_use]
    pub fn without(mut self, parties: &Parties) -> Self {
        for contact in self.contacts.clone() {
            let mailbox = &contact.mailbox;
            let why = match parties.objection(mailbox) {
                Some(Objection::Own) => "it is your own mailbox",
                Some(Objection::Spam) => "the spam itself names it",
                Some(Objection::Dead(why)) => why,
                None => continue,
            };
            self.refuse(mailbox, why.to_owned());
        }
        if self.contacts.is_empty() && self.forms.is_empty() && self.error.is_none() {
            self.error = Some("no contact is left that a complaint may go to".to_owned());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::Confidence;

    fn found(mailbox: &str) -> Contacts {
        Contacts {
            contacts: vec![Contact {
                mailbox: AbuseMailbox::try_from(mailbox).unwrap(),
                role: Role::Network,
                recommended: true,
                confidence: Confidence::High,
                via: Via::Rdap,
                server: "rdap.registry.example".to_owned(),
                field: "entities[abuse]".to_owned(),
                fetched: Timestamp::UNIX_EPOCH,
            }],
            ..Contacts::default()
        }
    }

    #[test]
    fn a_desk_rule_adds_and_the_registry_s_mailbox_stays() {
        let rules = Rules::builtin();
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        let suspect = Suspect::Addr("192.0.2.7".parse().unwrap());
        let contacts =
            found("abuse@amazonaws.com").with_rules(&suspect, &[Role::Network], &rules, now);
        let seen: Vec<_> = contacts
            .contacts
            .iter()
            .map(|c| (c.mailbox.as_str(), c.via))
            .collect();
        assert_eq!(
            seen,
            [
                ("abuse@amazonaws.com", Via::Rdap),
                ("trustandsafety@support.aws.com", Via::Rule)
            ]
        );
        assert_eq!(contacts.contacts[1].server, "desks-hosts-aws");
        assert_eq!(contacts.forms.len(), 1);
    }

    #[test]
    fn a_rule_recommends_no_mailbox_that_nobody_recommends_for_the_role() {
        let rules = Rules::builtin();
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        let suspect = Suspect::Addr("192.0.2.7".parse().unwrap());
        let desk = |mailbox: &str, recommended: bool| {
            let mut contacts = found("abuse@isp.example");
            let mut other = found(mailbox).contacts.remove(0);
            other.recommended = recommended;
            contacts.contacts.insert(0, other);
            let contacts = contacts.with_rules(&suspect, &[Role::Network], &rules, now);
            let desk = contacts.desk_for(Role::Network).unwrap();
            (desk.mailbox.to_string(), desk.recommended)
        };
        let of_isp = ("abuse@isp.example".to_owned(), true);
        assert_eq!(desk("abuse@amazonaws.com", false), of_isp);
        assert_eq!(
            desk("abuse@amazonaws.com", true),
            ("trustandsafety@support.aws.com".to_owned(), true)
        );
        // A mail service's desk is no network's, whoever wrote it there.
        let mut contacts = found("email-abuse@amazon.com");
        contacts = contacts.with_rules(&suspect, &[Role::Network], &rules, now);
        assert!(contacts.contacts.iter().all(|one| one.via != Via::Rule));
    }

    #[test]
    fn a_rule_answers_for_its_own_roles_only() {
        let rules = Rules::builtin();
        let suspect = Suspect::Domain("gmail.com".to_owned());
        let of = |roles: &[Role]| {
            Contacts::default()
                .with_rules(&suspect, roles, &rules, Timestamp::UNIX_EPOCH)
                .forms
                .len()
        };
        assert_eq!(of(&[Role::Registrar, Role::Provider]), 1);
        assert_eq!(of(&[Role::Hosting]), 0);
    }

    #[test]
    fn what_the_user_blocked_is_refused_with_the_rule() {
        let mut rules = Rules::builtin();
        rules
            .desks
            .add_user(
                "mine.toml",
                "[[rule]]\nid = \"desks-user-block-1\"\nwhat = \"you blocked it\"\nsource = [\"you\"]\nverified_on = 2026-11-21\nadded = 2026-11-21\nconfidence = \"high\"\nblocked = true\nmailboxes = [\"abuse@isp.example\"]\nmatch = [\"abuse@isp.example\"]\nskip = [\"abuse@example.org\"]\n",
            )
            .unwrap();
        let suspect = Suspect::Asn(64496);
        let contacts =
            found("Abuse@isp.example").with_rules(&suspect, &[], &rules, Timestamp::UNIX_EPOCH);
        assert!(contacts.contacts.is_empty());
        assert_eq!(
            contacts.refused[0].why,
            "rule `desks-user-block-1`: you blocked it"
        );
    }

    #[test]
    fn own_mailboxes_the_spam_s_parties_and_dead_desks_are_refused() {
        let parties = Parties {
            own: vec!["me@example.org".to_owned()],
            spam: vec!["Abuse@ISP.example".to_owned()],
            dead: vec![(
                AbuseMailbox::try_from("dead@isp.example").unwrap(),
                "complaints to it came back".to_owned(),
            )],
        };
        for (mailbox, why) in [
            ("me@example.org", "own"),
            ("abuse@isp.example", "spam itself"),
            ("dead@isp.example", "came back"),
        ] {
            let left = found(mailbox).without(&parties);
            assert!(left.contacts.is_empty());
            assert!(left.refused[0].why.contains(why), "{mailbox}");
            assert!(left.error.is_some());
        }
        assert_eq!(
            found("other@isp.example").without(&parties).contacts.len(),
            1
        );
    }
}
