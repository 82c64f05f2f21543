//! Whether a desk may be the accused himself: who reads there would learn who complains.
//!
//! In: a suspect, what was found for it, the links and drop boxes. Out: yes or no.
//! Trust: the spam chooses its links, so that one of them must not take a network's desk out: it counts only where the
//! mail calls its reader there, in a network that one customer may hold.
//! Limits: a spammer's second domain is not known to be his, nor his own mail domain told from a small provider's; From and reverse path are no sign, for a machine that was
//! broken into sends in its owner's name, whose desk is the right one.

use super::case::Case;
use crate::contact::{AbuseMailbox, Contacts, Network, Role, Suspect, Via};
use crate::rules::AddrRange;
use crate::rules::names::lies_in;

/// Addresses behind the first of a network that one customer may hold: an IPv4 /22, an IPv6 /44.
const SMALL_V4: u128 = (1 << 10) - 1;
const SMALL_V6: u128 = (1 << 84) - 1;

/// Returns whether the desk that answers for a suspect lies in the domain that the complaint is about.
///
/// A desk that a rule knows, and the holder of a large network, are written to whatever their customers do.
pub(super) fn is_suspect(
    case: &Case<'_>,
    suspect: &Suspect,
    role: Role,
    contacts: &Contacts,
) -> bool {
    let Some(contact) = contacts.desk_for(role) else {
        return false;
    };
    if contact.via == Via::Rule || is_known(case, &contact.mailbox) {
        return false;
    }
    let domain = contact.mailbox.domain();
    let is_small = contacts.network.as_ref().is_some_and(is_small);
    match role {
        Role::Hosting => {
            is_small
                && matches!(suspect, Suspect::Domain(name) | Suspect::Host(name) if lies_in(name, domain))
        }
        // Who sends bulk mail in his own name from a network of his own answers for it himself.
        Role::Network => {
            is_small && !case.material.evidence.may_be_wanted() && is_called_for(case, domain)
        }
        // A mail provider's desk lies in the provider's domain: that tells nothing.
        Role::Provider | Role::Registrar | Role::Esp | Role::Upstream | Role::Authority => false,
    }
}

/// Returns whether rules know a desk, or give its domain to many people.
fn is_known(case: &Case<'_>, mailbox: &AbuseMailbox) -> bool {
    let rules = case.material.rules;
    rules.desks.for_mailbox(mailbox).is_some()
        || rules.desks.about(mailbox.domain()).next().is_some()
        || rules.is_mail_provider(mailbox.domain())
}

/// Returns whether one customer may hold a network.
fn is_small(network: &Network) -> bool {
    let small = if network.first.is_ipv4() {
        SMALL_V4
    } else {
        SMALL_V6
    };
    AddrRange::new(network.first, network.last).is_some_and(|range| range.size() <= small)
}

/// Returns whether the mail calls its reader to a site in a domain, or to a mailbox there.
fn is_called_for(case: &Case<'_>, domain: &str) -> bool {
    let evidence = case.material.evidence;
    let mut links = evidence.links.iter();
    links.any(|link| link.is_accused() && link.doubt.is_none() && lies_in(&link.host, domain))
        || evidence.drop_boxes.iter().any(|drop| {
            let host = drop.mailbox.rsplit_once('@');
            host.is_some_and(|(_, host)| lies_in(host, domain))
        })
}
