//! Whom a lookup is worth: the source, hosts of links, providers of drop boxes, registrars.
//!
//! In: [`Trace`], [`Evidence`]. Out: suspects with the role of the desk that is sought.
//! Standards: the public suffix list (registered domains).
//! Trust: a host name is looked up whole only if no label of it could carry a token; otherwise its registered domain is.
//! Limits: at most [`HOST_LIMIT`] hosts and [`PROVIDER_LIMIT`] providers: a complaint is no crawler.

use super::{Evidence, Kind, askable, registered_domain};
use crate::rules::{Role, Rules, Suspect};
use crate::trace::{Confidence, Trace};

/// Hosts of links that are looked up at most.
const HOST_LIMIT: usize = 3;

/// Providers of drop boxes that are looked up at most.
const PROVIDER_LIMIT: usize = 2;

/// Returns whom to look up, the source first.
///
/// An origin is among them only if a named rule vouches for it. Links and drop
/// boxes are worth a lookup only where the kind of abuse makes their desks
/// act: phishing, malware, advance-fee fraud.
#[must_use]
pub fn suspects(trace: &Trace, evidence: &Evidence, rules: &Rules) -> Vec<(Suspect, Role)> {
    let mut found: Vec<(Suspect, Role)> = Vec::new();
    let mut add = |suspect: Suspect, role: Role| {
        if !found.contains(&(suspect.clone(), role)) {
            found.push((suspect, role));
        }
    };
    let Some(source) = &trace.source else {
        return found;
    };
    add(Suspect::Addr(source.addr), Role::Network);
    if let Some(origin) = &trace.origin
        && origin.confidence == Confidence::Corroborated
    {
        add(Suspect::Addr(origin.addr), Role::Network);
    }
    if !matches!(
        evidence.kind,
        Kind::Phishing | Kind::Malware | Kind::AdvanceFee
    ) {
        return found;
    }
    let accused = evidence.links.iter().filter(|link| link.is_accused());
    // A footer full of innocents must not stand before the link that the mail is sent for.
    let (sure, doubtful): (Vec<_>, Vec<_>) = accused.partition(|link| link.doubt.is_none());
    let mut hosts: Vec<Suspect> = Vec::new();
    for link in sure.into_iter().chain(doubtful) {
        let Some(suspect) = host(&link.host, rules) else {
            continue;
        };
        if hosts.len() < HOST_LIMIT && !hosts.contains(&suspect) {
            hosts.push(suspect);
        }
    }
    if evidence.kind != Kind::AdvanceFee {
        for suspect in &hosts {
            add(suspect.clone(), Role::Hosting);
        }
        for suspect in &hosts {
            if let Suspect::Host(name) | Suspect::Domain(name) = suspect
                && let Some(domain) = registered_domain(name)
            {
                add(Suspect::Domain(domain), Role::Registrar);
            }
        }
    }
    let domains = evidence.drop_boxes.iter().filter_map(|drop| {
        let (_, domain) = drop.mailbox.rsplit_once('@')?;
        registered_domain(domain)
    });
    for domain in domains.take(PROVIDER_LIMIT) {
        add(Suspect::Domain(domain.clone()), Role::Provider);
        // At a domain of the spammer's own nobody but its registrar answers.
        if !rules.is_mail_provider(&domain) {
            add(Suspect::Domain(domain), Role::Registrar);
        }
    }
    found
}

/// Returns how a link's host may be asked about before the user agreed; `None` where it cannot be.
fn host(name: &str, rules: &Rules) -> Option<Suspect> {
    if let Ok(addr) = name.parse() {
        return Some(Suspect::Addr(addr));
    }
    let (name, is_own) = askable(name, rules)?;
    Some(if is_own {
        Suspect::Host(name)
    } else {
        Suspect::Domain(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_box_at_a_domain_of_its_own_has_a_registrar_and_one_at_a_provider_has_none() {
        let rules = Rules::builtin();
        let octets = b"Received: from x.example ([192.0.2.7]) by mx.example.org; Sat, 21 Nov 2026 11:00:00 +0000\r\nFrom: a@example.net\r\n\r\n";
        let mut trust = crate::trace::Trust::default();
        trust.add("mx.example.org").unwrap();
        let trace = crate::trace::follow(&crate::intake::Headers::parse(octets), &trust, &rules);
        let of = |mailbox: &str| {
            let evidence = Evidence {
                kind: Kind::AdvanceFee,
                drop_boxes: vec![super::super::DropBox {
                    mailbox: mailbox.to_owned(),
                    place: "Reply-To".to_owned(),
                }],
                ..Evidence::default()
            };
            let found = suspects(&trace, &evidence, &rules);
            found
                .iter()
                .skip(1)
                .map(|(_, role)| *role)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of("claims@payout.example"),
            [Role::Provider, Role::Registrar]
        );
        assert_eq!(of("claims4711@gmail.com"), [Role::Provider]);
    }

    #[test]
    fn a_name_that_could_carry_a_token_is_cut_to_its_registered_domain() {
        let rules = Rules::builtin();
        let of = |name: &str| host(name, &rules);
        let whole = Suspect::Host("www.example.com".to_owned());
        assert_eq!(of("www.example.com"), Some(whole));
        let cut = Suspect::Domain("example.com".to_owned());
        assert_eq!(of("jane-7f3.www.example.com"), Some(cut));
        let addr = Suspect::Addr("192.0.2.9".parse().unwrap());
        assert_eq!(of("192.0.2.9"), Some(addr));
        assert_eq!(of("localhost"), None);
    }
}
