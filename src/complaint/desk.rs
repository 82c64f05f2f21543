//! Which desks a complaint goes to, what each answers for, and which of them are ticked beforehand.
//!
//! In: what lookups found. Out: one [`Call`] a desk, its roles merged, those that are ticked first.
//! Trust: an address is complained about only if it is the source, or an origin that a named rule vouches for.
//! Limits: whether a desk had enough complaints today is for the ledger to say.

use super::case::{Case, shown};
use super::{Desk, Says, TOO_OLD, suspect_desk};
use crate::contact::{AbuseMailbox, Confidence, Contact, Contacts, Role, Suspect, Via};
use crate::evidence::{Doubt, Kind, Link};
use crate::rules::names::lies_in;
use crate::trace::{Confidence as OriginConfidence, Nature};

/// Desks ticked beforehand at most.
const TICKED_LIMIT: usize = 5;

/// A desk, and everything in this case that it answers for.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    pub(super) desk: Desk,
    pub(super) concerns: Vec<(&'a Suspect, Role)>,
    /// Whether it may be the accused himself.
    pub(super) is_suspect: bool,
}

/// Merges what lookups found into one call a desk.
pub(super) fn calls<'a>(case: &Case<'a>) -> Vec<Call<'a>> {
    let mut calls: Vec<Call<'a>> = Vec::new();
    for (suspect, role, contacts) in case.material.found {
        if !may_be_named(case, suspect, *role) {
            continue;
        }
        let is_suspect = suspect_desk::is_suspect(case, suspect, *role, contacts);
        let Some((desk, blocked)) = desk_of(case, suspect, *role, contacts) else {
            continue;
        };
        let blocked = blocked.or_else(|| is_suspect.then(himself));
        match calls.iter_mut().find(|call| call.desk.key() == desk.key()) {
            // What stands in doubt does not go along with what is sure.
            Some(call) if call.desk.ticked && is_doubtful(case, suspect, *role) => {}
            Some(call) => {
                call.is_suspect |= is_suspect;
                if !call.desk.roles.contains(role) {
                    call.desk.roles.push(*role);
                }
                call.desk.why = format!("{}; {}", call.desk.why, desk.why);
                call.desk.ticked |= blocked.is_none();
                call.desk.unticked_because = call.desk.unticked_because.take().and(blocked);
                call.concerns.push((suspect, *role));
            }
            None => calls.push(Call {
                desk: Desk {
                    ticked: blocked.is_none(),
                    unticked_because: blocked,
                    ..desk
                },
                concerns: vec![(suspect, *role)],
                is_suspect,
            }),
        }
    }
    add_service(case, &mut calls);
    super::authority::add(case, &mut calls);
    calls.sort_by_key(|call| !call.desk.ticked);
    for call in calls
        .iter_mut()
        .skip(TICKED_LIMIT)
        .filter(|call| call.desk.ticked)
    {
        call.desk.ticked = false;
        call.desk.unticked_because = Some(format!(
            "no more than {TICKED_LIMIT} desks are ticked beforehand"
        ));
    }
    calls
}

/// Adds the desk of the mail service that sent, where an own host's word agrees and a rule knows it.
fn add_service<'a>(case: &Case<'a>, calls: &mut Vec<Call<'a>>) {
    let esp = case
        .material
        .evidence
        .esp
        .as_ref()
        .filter(|esp| esp.believed);
    let Some((esp, text)) = esp.and_then(|esp| Some((esp, esp.desk.as_deref()?))) else {
        return;
    };
    let Ok(mailbox) = AbuseMailbox::try_from(text) else {
        return;
    };
    // The service answers for the source: its suspect is the one of the network's desk.
    let suspect = case.material.found.iter().find_map(|(suspect, _, _)| {
        matches!(suspect, Suspect::Addr(addr) if *addr == case.source.addr).then_some(suspect)
    });
    let Some(suspect) = suspect else {
        return;
    };
    let why = format!(
        "is the mail service that sent it ({}, rule {})",
        shown(&esp.name),
        esp.rule
    );
    if let Some(call) = calls
        .iter_mut()
        .find(|call| call.desk.key() == mailbox.key())
    {
        if !call.desk.roles.contains(&Role::Esp) {
            call.desk.roles.push(Role::Esp);
            call.desk.why = format!("{}; {why}", call.desk.why);
            call.concerns.push((suspect, Role::Esp));
        }
        return;
    }
    let blocked = blocked_for_all(case, suspect, Role::Esp).or_else(|| too_old(case));
    calls.push(Call {
        desk: Desk {
            mailbox: Some(mailbox),
            form: None,
            roles: vec![Role::Esp],
            why,
            ticked: blocked.is_none(),
            unticked_because: blocked,
        },
        concerns: vec![(suspect, Role::Esp)],
        is_suspect: false,
    });
}

/// Returns whether a complaint may speak of a suspect at all.
///
/// An address must be the source, or an origin that is proven or corroborated: what
/// strangers wrote names nobody.
fn may_be_named(case: &Case<'_>, suspect: &Suspect, role: Role) -> bool {
    let Suspect::Addr(addr) = suspect else {
        return true;
    };
    let origin = case.material.trace.origin.as_ref();
    !matches!(role, Role::Network | Role::Upstream | Role::Esp)
        || *addr == case.source.addr
        || origin.is_some_and(|origin| {
            origin.addr == *addr && origin.confidence != OriginConfidence::Claimed
        })
}

/// Returns the desk of one suspect, and why it is not ticked, if it is not.
fn desk_of(
    case: &Case<'_>,
    suspect: &Suspect,
    role: Role,
    contacts: &Contacts,
) -> Option<(Desk, Option<String>)> {
    let chosen = contacts.desk_for(role);
    let form = contacts.forms.first();
    if chosen.is_none() && form.is_none() {
        return None;
    }
    let what = shown(&named(suspect));
    let answers = match role {
        Role::Upstream => "connects the network of",
        _ => "answers for",
    };
    let why = match (chosen, form) {
        (Some(contact), _) => format!("{answers} {what} ({})", provenance(contact)),
        (None, Some(form)) => format!("{answers} {what}, by web form only ({})", shown(&form.desk)),
        (None, None) => String::new(),
    };
    // A desk that reads its form only gets no mail; one that takes some kinds only is not ticked for others.
    let rule = chosen.and_then(|contact| case.material.rules.desks.for_mailbox(&contact.mailbox));
    let reads_mail = rule.is_none_or(|rule| rule.accepts.mail != Some(false));
    let only = rule.map_or(&[][..], |rule| &rule.accepts.only);
    let kind = case.material.evidence.kind.word();
    let unwanted = (!only.is_empty() && !only.iter().any(|taken| taken == kind))
        .then(|| format!("the desk takes only {}", only.join(", ")));
    let above = (role == Role::Upstream).then(|| above(contacts));
    let blocked = above
        .or_else(|| unticked(case, suspect, role, chosen))
        .or(unwanted);
    let desk = Desk {
        mailbox: chosen
            .filter(|_| reads_mail)
            .map(|contact| contact.mailbox.clone()),
        form: rule
            .and_then(|rule| rule.form.clone())
            .or_else(|| form.map(|form| form.url.clone())),
        roles: vec![role],
        why,
        ticked: false,
        unticked_because: None,
    };
    Some((desk, blocked))
}

/// Returns why a desk is not ticked that may be the accused himself.
fn himself() -> String {
    "this desk lies in the domain that the mail leads to: who reads there may be who sent it"
        .to_owned()
}

/// Returns a suspect as a sentence names it.
pub(super) fn named(suspect: &Suspect) -> String {
    match suspect {
        Suspect::Addr(addr) => addr.to_string(),
        Suspect::Asn(number) => format!("AS{number}"),
        Suspect::Domain(name) | Suspect::Host(name) => crate::evidence::host_shown(name),
    }
}

fn provenance(contact: &Contact) -> String {
    let via = match contact.via {
        Via::Rdap => "RDAP",
        Via::Whois => "WHOIS",
        Via::Abusix => "Abusix contact zone",
        Via::AbuseNet => "abuse.net",
        Via::Rule => "desk rule",
        Via::Rfc2142 => "a guess after RFC 2142",
    };
    let texts = [
        via.to_owned(),
        shown(&contact.server),
        shown(&contact.field),
    ];
    let known: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    known.join(", ")
}

/// Returns why a desk is not ticked beforehand; `None` where it is.
fn unticked(
    case: &Case<'_>,
    suspect: &Suspect,
    role: Role,
    contact: Option<&Contact>,
) -> Option<String> {
    blocked_for_all(case, suspect, role)
        .or_else(|| mailbox_doubt(contact))
        .or_else(|| too_old(case))
}

/// Returns what speaks against ticking any mailbox of a role.
pub(super) fn blocked_for_all(case: &Case<'_>, suspect: &Suspect, role: Role) -> Option<String> {
    let trace = case.material.trace;
    let kind = case.material.evidence.kind;
    let is_fraud = matches!(kind, Kind::Phishing | Kind::Malware | Kind::AdvanceFee);
    let because = |text: &str| Some(text.to_owned());
    if let Some(question) = &trace.question {
        return Some(format!("a question is open: {}", question.text));
    }
    match trace.set_aside() {
        Some(Nature::Mail) | None => {}
        Some(Nature::Backscatter) => {
            return because("this is a bounce or automatic answer: its server is not the spammer");
        }
        Some(Nature::List) => {
            return because("this came over a list: its server is not the spammer");
        }
    }
    let answer = case.material.options.answer.as_ref();
    if answer.is_some_and(|answer| answer.says == Says::OnceSignedUp) {
        return because("you once signed up: unsubscribing is the way to stop it");
    }
    if answer.is_none() && case.material.evidence.may_be_wanted() {
        return because("it looks like a newsletter: tick it only if you did not ask for it");
    }
    if !case.source.reportable {
        return Some(case.source.why.clone());
    }
    match role {
        Role::Network | Role::Esp if matches!(suspect, Suspect::Addr(addr) if *addr != case.source.addr) => {
            because("only the desk of the source is ticked beforehand")
        }
        Role::Esp
            if !case
                .material
                .evidence
                .esp
                .as_ref()
                .is_some_and(|esp| esp.believed) =>
        {
            because("nothing but the mail itself says that it came from there")
        }
        Role::Hosting | Role::Provider | Role::Registrar if !is_fraud => {
            because("ticked only for phishing, malware and advance-fee fraud")
        }
        // Phishing takes its answers over links; the mailboxes that it names are the imitated one's.
        Role::Provider if kind != Kind::AdvanceFee && !is_a_mail_provider(case, suspect) => {
            because("the mail only names a mailbox at this domain; answers go to its links")
        }
        // A Reply-To can be anybody's: whose domain nothing links to may be innocent.
        Role::Registrar if !is_linked(case, suspect) => {
            because("only a mailbox that the mail names is at this domain")
        }
        Role::Hosting if matches!(suspect, Suspect::Domain(_)) => because(
            "unconfirmed: only the registered domain was looked up, because the host's name could carry a token",
        ),
        Role::Hosting | Role::Registrar => doubt(case, suspect).map(|doubt| {
            let why = match doubt {
                Doubt::Others => "the mail leads to several sites, and nothing shows that this one is the fraud's",
                Doubt::Disowned => {
                    "it is the domain that From names, and your server found that the mail did not come from there"
                }
            };
            why.to_owned()
        }),
        Role::Upstream | Role::Authority | Role::Network | Role::Esp | Role::Provider => None,
    }
}

/// Returns whether a domain gives mailboxes to anybody.
fn is_a_mail_provider(case: &Case<'_>, suspect: &Suspect) -> bool {
    matches!(suspect, Suspect::Domain(name) if case.material.rules.is_mail_provider(name))
}

/// Returns whether a link of the mail leads to a domain, or to a host in it.
pub(super) fn is_linked(case: &Case<'_>, suspect: &Suspect) -> bool {
    links_to(case, suspect).next().is_some()
}

/// Returns why a site may be an innocent's; `None` where one of the links to it is the fraud's.
fn doubt(case: &Case<'_>, suspect: &Suspect) -> Option<Doubt> {
    let mut doubts = links_to(case, suspect).map(|link| link.doubt);
    let first = doubts.next()??;
    doubts.all(|doubt| doubt.is_some()).then_some(first)
}

/// Returns whether the desk of a site is asked about one that may be an innocent's.
fn is_doubtful(case: &Case<'_>, suspect: &Suspect, role: Role) -> bool {
    matches!(role, Role::Hosting | Role::Registrar) && doubt(case, suspect).is_some()
}

/// Returns the accused links that lead to a domain, or to a host in it.
fn links_to<'c>(case: &'c Case<'_>, suspect: &'c Suspect) -> impl Iterator<Item = &'c Link> {
    let name = match suspect {
        Suspect::Domain(name) | Suspect::Host(name) => Some(name),
        Suspect::Addr(_) | Suspect::Asn(_) => None,
    };
    let links = case.material.evidence.links.iter();
    links
        .filter(move |link| link.is_accused() && name.is_some_and(|name| lies_in(&link.host, name)))
}

/// Returns why the network above is proposed at all; whether it is told is for the user to say.
fn above(contacts: &Contacts) -> String {
    let why = contacts.escalation.as_ref().map(ToString::to_string);
    why.unwrap_or_else(|| {
        "an upstream network is asked only where the desk below it cannot be".to_owned()
    })
}

fn mailbox_doubt(contact: Option<&Contact>) -> Option<String> {
    let doubt = match contact {
        None => "it takes a web form only",
        Some(contact) if contact.confidence == Confidence::Low => "the mailbox is a guess",
        Some(contact) if !contact.recommended => "no registry recommends this mailbox",
        Some(_) => return None,
    };
    Some(doubt.to_owned())
}

pub(super) fn too_old(case: &Case<'_>) -> Option<String> {
    let age = case.material.now.duration_since(case.arrival);
    (age > TOO_OLD).then(|| "the mail is older than seven days".to_owned())
}
