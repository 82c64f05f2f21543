//! Who received the message: what in it is his own is neither a drop box nor a suspect's.
//!
//! In: the user's own mailboxes, the header section, [`Trace`], rules. Out: [`Recipient`].
//! Standards: RFC 5322 §3.6.3 (destination fields), RFC 5321 §4.4 (`for`), RFC 9228 (Delivered-To), RFC 5233 (subaddresses).
//! Trust: his domains are taken from his settings and from what own hosts wrote alone. That a mailbox is a recipient's
//! anybody may write: what the spam so takes from itself is one drop box.

use std::collections::HashSet;

use super::{Link, mailbox, registered_domain};
use crate::intake::Headers;
use crate::rules::Rules;
use crate::trace::{HopTrust, Trace};

/// Who received a message, as far as his settings and the message tell.
#[derive(Debug, Default)]
pub(super) struct Recipient {
    /// His mailboxes and his fellow recipients', as [`key`] has them.
    mailboxes: HashSet<String>,
    /// Registered domains of his own.
    domains: HashSet<String>,
}

impl Recipient {
    /// Collects what is the recipient's; `own` holds the mailboxes that his settings name.
    pub(super) fn of(own: &[String], headers: &Headers<'_>, trace: &Trace, rules: &Rules) -> Self {
        let mut found = Self::default();
        for mailbox in own {
            found.add(mailbox, true, rules);
        }
        // Above the boundary own hosts wrote, below it anybody.
        let boundary = trace.source.as_ref().map(|source| source.field);
        let mut received = 0;
        for field in headers.fields() {
            if field.is("Received") {
                received += 1;
            } else if rules.fields.names_recipients(field.name()) {
                let is_above = boundary.is_some_and(|boundary| received <= boundary);
                let is_noted = is_above && rules.fields.is_recipient(field);
                for mailbox in mailbox::addresses_in(field) {
                    found.add(&mailbox, is_noted, rules);
                }
            }
        }
        for hop in &trace.hops {
            let is_own = matches!(
                hop.trust,
                HopTrust::Internal | HopTrust::Boundary | HopTrust::Local
            );
            let is_noted = is_own && boundary.is_some_and(|boundary| hop.field <= boundary);
            if let Some(mailbox) = &hop.for_ {
                found.add(mailbox, is_noted, rules);
            }
        }
        found
    }

    /// Adds a mailbox, and its domain where it is his own: at a provider's strangers have pages, too.
    fn add(&mut self, mailbox: &str, is_noted: bool, rules: &Rules) {
        self.mailboxes.insert(key(mailbox));
        if is_noted
            && let Some((_, domain)) = mailbox.rsplit_once('@')
            // RFC 5891 §4.1: links name their hosts as A-labels.
            && let Ok(domain) = idna::domain_to_ascii(domain)
            && let Some(domain) = registered_domain(&domain)
            && !rules.is_mail_provider(&domain)
        {
            self.domains.insert(domain);
        }
    }

    /// Returns whether a mailbox is his, or a fellow recipient's.
    pub(super) fn holds(&self, mailbox: &str) -> bool {
        self.mailboxes.contains(&key(mailbox))
    }

    /// Takes the recipient's own site out of the accused: phishing for his password names it.
    pub(super) fn spare(&self, links: &mut [Link]) {
        for link in links {
            link.innocent |=
                registered_domain(&link.host).is_some_and(|domain| self.domains.contains(&domain));
        }
    }
}

/// Returns a mailbox in lower case and without its subaddress. RFC 5233 §1: both lead to the same person.
fn key(mailbox: &str) -> String {
    let mailbox = mailbox.trim().to_lowercase();
    let Some((local, domain)) = mailbox.rsplit_once('@') else {
        return mailbox;
    };
    let base = local.split('+').next().filter(|base| !base.is_empty());
    format!("{}@{domain}", base.unwrap_or(local))
}
