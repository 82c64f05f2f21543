//! Offers the authorities that collect mail of a kind; who is told is the user's choice.
//!
//! In: `--also`, the settings, what a message shows. Out: names that were chosen, and a hint at the others.
//! Failures: a name that no authority has; it says which there are.

use super::Session;
use super::way::Way;
use crate::contact::Role;
use crate::failure::{Exit, Failure};
use crate::rules::DeskRule;

/// Returns the authorities that the user chose, by flag or in the settings.
pub(super) fn chosen(session: &Session, flags: &[String]) -> Result<Vec<String>, Failure> {
    let desks = &session.rules.desks;
    let unknown = |name: &&String| desks.authority(name).is_none();
    let known = || {
        let names: Vec<&str> = desks.authorities().map(DeskRule::name).collect();
        format!("the authorities are {}", names.join(", "))
    };
    if let Some(name) = flags.iter().find(unknown) {
        let shown = crate::intake::Untrusted::text(name).up_to(100).to_string();
        let what = format!("no authority has the name `{shown}`");
        return Err(Failure::new(Exit::Usage, what)
            .because(known())
            .remedy("`plaint desks` lists them; nothing was sent"));
    }
    let keys = &session.config.complaint.also;
    if let Some(name) = keys.iter().find(unknown) {
        let why = format!("`{name}` is none; {}", known());
        return Err(session.config.amiss("complaint.also", why));
    }
    let mut all: Vec<String> = Vec::new();
    for name in flags.iter().chain(keys) {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    Ok(all)
}

/// Says which authorities collect mail of this kind, of those for whom the user is.
pub(super) fn offer(session: &mut Session, way: &Way, chosen: &[String]) {
    let kind = way.evidence.kind.word();
    let network = way
        .found
        .iter()
        .find(|(_, role, _)| *role == Role::Network)
        .and_then(|(_, _, contacts)| contacts.network.as_ref());
    let country = network.and_then(|network| network.country.as_deref());
    let own = session.config.own_domains();
    let lives_there = |rule: &DeskRule| {
        rule.residents.is_empty()
            || own.iter().any(|domain| {
                domain
                    .rsplit_once('.')
                    .is_some_and(|(_, top)| rule.residents.iter().any(|its| its == top))
            })
    };
    let headers = way.message.headers();
    let said: Vec<String> = ["From", "Subject"]
        .iter()
        .filter_map(|name| headers.first(name))
        .flat_map(|field| {
            let text = field.text().to_lowercase();
            let words = text.split(|c: char| !c.is_alphanumeric());
            words.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let offers: Vec<String> = session
        .rules
        .desks
        .authorities()
        .filter(|rule| rule.collects(kind, country) && lives_there(rule))
        .filter(|rule| rule.words.is_empty() || rule.words.iter().any(|word| said.contains(word)))
        .filter(|rule| !chosen.iter().any(|name| name == rule.name()))
        .map(|rule| {
            let way = match (&rule.write_to, rule.accepts.mail) {
                (Some(_), Some(true) | None) => "",
                _ => ", by web form",
            };
            let for_whom = rule.for_whom.as_deref().unwrap_or("anybody");
            format!(
                "`--also {}` ({}; for {for_whom}{way})",
                rule.name(),
                rule.what
            )
        })
        .collect();
    if !offers.is_empty() {
        session.term.hint(&format!(
            "authorities collect such mail, and are told only if you say so: {}",
            offers.join(", ")
        ));
    }
    for name in chosen {
        let rule = session.rules.desks.authority(name);
        if rule.is_some_and(|rule| !rule.collects(kind, country)) {
            session.term.status(&format!(
                "{name} does not collect this ({kind}): it is left out."
            ));
        }
    }
}
