//! What happened, in the words for each part that a desk has in it.
//!
//! In: the parts of one desk, evidence. Out: sentences at the end of the text.
//! Standards: RFC 5598 §2 (the parts that hosts and people play).
//! Trust: every foreign value is escaped.
//! Limits: a network above says why it is asked only as far as the record knows.

use super::{Text, kind_key};
use crate::complaint::case::{Case, shown};
use crate::complaint::desk;
use crate::contact::{Escalation, Role, Suspect};

impl Text<'_, '_> {
    /// Says what the desk has to do with the mail, for each of its parts in it.
    pub(super) fn what_happened(&mut self) {
        self.blank();
        let evidence = self.case.material.evidence;
        let mail = self.phrase(&format!("a-{}", kind_key(self.case.material)));
        let (time, addr) = (self.case.time(), self.case.source.addr.to_string());
        for (suspect, role) in self.call.concerns.clone() {
            let name = desk::named(suspect);
            let values = [
                ("mail", mail.as_str()),
                ("time", &time),
                ("addr", &name),
                ("host", &name),
            ];
            match role {
                Role::Network if name != addr => {
                    let relay = self.relay();
                    let values = [values.as_slice(), &[("relay", relay.as_str())]].concat();
                    self.say("origin", &values);
                }
                Role::Network => {
                    self.say("network", &values);
                }
                Role::Esp => {
                    let esp = evidence.esp.as_ref();
                    let service = esp.map(|esp| shown(&esp.name)).unwrap_or_default();
                    let customer = esp
                        .and_then(|esp| esp.customer.as_deref())
                        .map(shown)
                        .unwrap_or_default();
                    self.say(
                        "esp",
                        &[
                            ("mail", &mail),
                            ("time", &time),
                            ("addr", &addr),
                            ("esp", &service),
                        ],
                    );
                    self.say("customer", &[("customer", &customer)]);
                }
                Role::Hosting if matches!(suspect, Suspect::Domain(_)) => {
                    self.say("hosting-unconfirmed", &values);
                }
                Role::Hosting => {
                    self.say("hosting", &values);
                }
                Role::Registrar if desk::is_linked(self.case, suspect) => {
                    self.say("registrar", &values);
                }
                Role::Registrar => {
                    let mailbox = self.drop_box(suspect);
                    let values = [values.as_slice(), &[("mailbox", mailbox.as_str())]].concat();
                    self.say("registrar-mailbox", &values);
                }
                Role::Provider => {
                    let mailbox = self.drop_box(suspect);
                    self.say(
                        "provider",
                        &[("mail", &mail), ("time", &time), ("mailbox", &mailbox)],
                    );
                }
                Role::Upstream => {
                    self.say("upstream", &values);
                    self.escalated(suspect);
                }
                Role::Authority => {
                    self.say("authority", &values);
                }
            }
        }
    }

    /// Says why the network above is asked, as far as the record knows it.
    fn escalated(&mut self, suspect: &Suspect) {
        let found = self.case.material.found.iter();
        let mut above =
            found.filter(|(known, role, _)| *role == Role::Upstream && known == suspect);
        let Some(why) = above.find_map(|(_, _, contacts)| contacts.escalation.as_ref()) else {
            return;
        };
        let day = |since: &jiff::Timestamp| since.strftime("%Y-%m-%d").to_string();
        match why {
            Escalation::Named(desk) => self.say("upstream-named", &[("desk", desk.as_str())]),
            Escalation::Dead(desk) => self.say("upstream-dead", &[("desk", desk.as_str())]),
            Escalation::Silent(desk, since) => self.say(
                "upstream-silent",
                &[("desk", desk.as_str()), ("date", &day(since))],
            ),
            Escalation::Nobody => self.say("upstream-nobody", &[]),
        };
    }

    /// Returns the host that vouches for the origin.
    fn relay(&self) -> String {
        let trace = self.case.material.trace;
        let field = trace.origin.as_ref().map(|origin| origin.field);
        let hop = trace.hops.iter().find(|hop| Some(hop.field) == field);
        hop.and_then(|hop| hop.by.as_deref())
            .map(shown)
            .unwrap_or_default()
    }

    /// Returns the drop boxes at a provider, joined.
    pub(super) fn drop_box(&self, suspect: &Suspect) -> String {
        let there = drop_boxes(self.case, suspect);
        if there.is_empty() {
            desk::named(suspect)
        } else {
            there.join(", ")
        }
    }
}

/// Returns the drop boxes at a provider, escaped.
pub(super) fn drop_boxes(case: &Case<'_>, suspect: &Suspect) -> Vec<String> {
    let domain = desk::named(suspect);
    let boxes = case.material.evidence.drop_boxes.iter();
    boxes
        .filter(|drop| {
            drop.mailbox
                .rsplit_once('@')
                .is_some_and(|(_, host)| host.eq_ignore_ascii_case(&domain))
        })
        .map(|drop| shown(&drop.mailbox))
        .collect()
}
