//! The subject of a complaint: what a desk sorts its mail by.
//!
//! In: [`Case`], one [`Call`]. Out: one line of text.
//! Standards: RFC 5322 §2.2 (a field has no line end of its own).
//! Trust: it is made of our own data; of what the spam wrote only a host or a mailbox that the desk
//! has in its care stands there, plain, short, and with nothing of the user's in it.
//! Limits: a subject that a desk's rule demands names the address, whatever the desk has in its care.

use super::{happened, kind_key};
use crate::complaint::Desk;
use crate::complaint::case::Case;
use crate::complaint::desk::{self, Call};
use crate::contact::{Role, Suspect};
use crate::rules::{Rules, filled};

/// Octets of a name that stands in a subject at most: longer ones push the time and the reference out of sight.
const IN_CARE_OCTETS: usize = 64;

/// Returns the subject: the one that the desk demands, or ours.
///
/// It names what the desk has in its care: the address that the mail came from, else a link's host
/// or a drop box, where `may_stand` says that nothing of it had to be hidden.
pub(in crate::complaint) fn subject(
    case: &Case<'_>,
    call: &Call<'_>,
    may_stand: &dyn Fn(&str) -> bool,
) -> String {
    let material = case.material;
    let kind = format!("kind-{}", kind_key(material));
    let say = |key: &str, values: &[(&str, &str)]| {
        material
            .rules
            .texts
            .say(&material.options.language, key, values)
    };
    let care = in_care(case, call).filter(|(_, what)| may_stand(what));
    let (key, what) = care.unwrap_or(("subject", String::new()));
    let values = [
        ("kind", say(&kind, &[]).unwrap_or_default()),
        ("addr", about(case, call).to_string()),
        ("what", what),
        ("time", case.time()),
        ("ref", material.case.reference()),
    ];
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let demanded = demanded_subject(material.rules, &call.desk).and_then(|subject| {
        let mut values = values.clone();
        // A desk that reads subjects by machine is told in our own words, whatever the text's language.
        values.retain(|(name, _)| *name != "kind");
        let day = case.arrival.strftime("%Y-%m-%d").to_string();
        filled(
            subject,
            &[
                values.as_slice(),
                &[("kind", material.evidence.kind.word()), ("date", &day)],
            ]
            .concat(),
        )
    });
    let subject = demanded.or_else(|| say(key, &values));
    // RFC 5322 §2.2: a field's text has no line end of its own.
    let is_text = |c: &char| !c.is_control();
    subject
        .unwrap_or_default()
        .chars()
        .filter(is_text)
        .collect()
}

/// Returns the sentence of the subject, and what it names, where a desk does not answer for the source.
///
/// Desks sort their mail by subjects: one about an address that is not theirs is closed unread.
fn in_care(case: &Case<'_>, call: &Call<'_>) -> Option<(&'static str, String)> {
    let of_source = [Role::Network, Role::Esp, Role::Upstream, Role::Authority];
    if call
        .concerns
        .iter()
        .any(|(_, role)| of_source.contains(role))
    {
        return None;
    }
    let (suspect, role) = call.concerns.first()?;
    let name = match suspect {
        Suspect::Addr(addr) => addr.to_string(),
        Suspect::Asn(_) => return None,
        Suspect::Domain(name) | Suspect::Host(name) => name.clone(),
    };
    let (key, what) = if *role == Role::Hosting || desk::is_linked(case, suspect) {
        ("subject-link", name)
    } else {
        let first = happened::drop_boxes(case, suspect).into_iter().next();
        ("subject-answers", first.unwrap_or(name))
    };
    let is_plain =
        what.len() <= IN_CARE_OCTETS && what.bytes().all(|octet| octet.is_ascii_graphic());
    is_plain.then_some((key, what))
}

/// Returns the subject that a desk's rule demands.
pub(in crate::complaint) fn demanded_subject<'r>(rules: &'r Rules, desk: &Desk) -> Option<&'r str> {
    let rule = rules.desks.for_mailbox(desk.mailbox.as_ref()?)?;
    rule.accepts.subject.as_deref()
}

/// Returns the address that a complaint is about: the source, or the origin that this desk answers for.
pub(in crate::complaint) fn about(case: &Case<'_>, call: &Call<'_>) -> std::net::IpAddr {
    call.concerns
        .iter()
        .find_map(|(suspect, role)| match (suspect, role) {
            (Suspect::Addr(addr), Role::Network | Role::Esp | Role::Upstream) => Some(*addr),
            _ => None,
        })
        .unwrap_or(case.source.addr)
}
