//! Authorities that collect mail of a kind: told beside the desks, and only if the user chose them.
//!
//! In: the names that the user chose, the kind of abuse, the country of the source's network. Out: more [`Call`]s.
//! Trust: an authority is a rule's; nothing in the mail can name one.
//! Limits: it is no desk: where nobody answers for the source, an authority is told all the same.

use super::Desk;
use super::case::{Case, shown};
use super::desk::{Call, blocked_for_all, too_old};
use crate::contact::{Confidence, Contacts, Role, Suspect};

/// Adds the authorities that the user chose, as far as they take such mail.
pub(super) fn add<'a>(case: &Case<'a>, calls: &mut Vec<Call<'a>>) {
    let material = case.material;
    let source = material.found.iter().find(|(suspect, role, _)| {
        *role == Role::Network
            && matches!(suspect, Suspect::Addr(addr) if *addr == case.source.addr)
    });
    let Some((suspect, _, contacts)) = source else {
        return;
    };
    let kind = material.evidence.kind.word();
    for name in &material.options.also {
        let Some(rule) = material.rules.desks.authority(name) else {
            continue;
        };
        if !rule.collects(kind, country(contacts)) {
            continue;
        }
        let doubt = (rule.confidence_at(material.now).0 == Confidence::Low)
            .then(|| "nobody there confirmed that it wants such mail".to_owned());
        let blocked = blocked_for_all(case, suspect, Role::Authority)
            .or(doubt)
            .or_else(|| too_old(case));
        let for_whom = rule.for_whom.as_deref().unwrap_or("anybody");
        let reads_mail = rule.accepts.mail != Some(false);
        let desk = Desk {
            mailbox: rule.write_to.clone().filter(|_| reads_mail),
            form: rule.form.clone(),
            roles: vec![Role::Authority],
            why: format!(
                "collects {kind}: {}, for {} (rule {})",
                shown(&rule.what),
                shown(for_whom),
                rule.id
            ),
            ticked: blocked.is_none(),
            unticked_because: blocked,
        };
        if !calls.iter().any(|call| call.desk.key() == desk.key()) {
            calls.push(Call {
                desk,
                concerns: vec![(suspect, Role::Authority)],
                is_suspect: false,
            });
        }
    }
}

/// Returns the country of a network, as its registry has it.
fn country(contacts: &Contacts) -> Option<&str> {
    contacts.network.as_ref()?.country.as_deref()
}
