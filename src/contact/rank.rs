//! Judges what servers named: which mailboxes stand, in which order, and which must not be written to.
//!
//! In: [`Source`]s, in the order of their worth. Out: [`Contact`]s, best first, and [`Refused`].
//! Standards: RFC 5321 §4.1.2 (a mailbox), RFC 2142 §2 (roles).
//! Trust: everything is a claim; a server that no registry runs can only confirm what a registry said.
//! Failures: none; what does not stand is refused with its reason.

use jiff::Timestamp;

use super::{AbuseMailbox, Confidence, Contact, Form, Refused, Role, Via};
use crate::intake::Untrusted;
use crate::rules::{Facts, Finding, Rules};

/// Mailboxes recommended at once: an organization with several desks has two or three.
const RECOMMENDED_MAX: usize = 3;
/// Mailboxes, and refusals, that are kept.
const KEPT_MAX: usize = 20;

/// What one server said.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The way it was asked.
    pub(super) via: Via,
    /// The server.
    pub(super) server: String,
    /// The registry whose server it is; `None` where it is none's, or nobody knows.
    pub(super) registry: Option<String>,
    /// Whether it is a registry's, or was named by one as its own.
    pub(super) trusted: bool,
    /// The network that it speaks of.
    pub(super) facts: Facts,
    /// Mailboxes, best first, unchecked.
    pub(super) findings: Vec<Finding>,
    /// Web forms.
    pub(super) forms: Vec<Form>,
}

/// What was judged.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Mailboxes, best first.
    pub(super) contacts: Vec<Contact>,
    /// Those that must not be written to.
    pub(super) refused: Vec<Refused>,
}

impl Judged {
    /// Returns whether a mailbox is recommended.
    pub(super) fn has_recommended(&self) -> bool {
        self.contacts.iter().any(|c| c.recommended)
    }

    fn refuse(&mut self, text: &str, why: String) {
        let mailbox = Untrusted::text(text).up_to(254).to_string();
        let refused = Refused { mailbox, why };
        if self.refused.len() < KEPT_MAX
            && !self.refused.iter().any(|r| r.mailbox == refused.mailbox)
        {
            self.refused.push(refused);
        }
    }
}

/// Judges all that was said, the first source that recommends anything first.
pub(super) fn judge(sources: &[Source], role: Role, rules: &Rules, now: Timestamp) -> Judged {
    let mut judged = Judged::default();
    let mut named_by_registries: Vec<String> = Vec::new();
    for source in sources {
        let settled = judged.has_recommended();
        let mut best: Option<(Confidence, (usize, usize))> = None;
        for finding in &source.findings {
            let (mailbox, mut confidence) = match stands(finding, source, rules) {
                Ok(stands) => stands,
                Err(why) => {
                    judged.refuse(&finding.text, why);
                    continue;
                }
            };
            if source.trusted {
                named_by_registries.push(registered(mailbox.domain()));
            } else if !named_by_registries.contains(&registered(mailbox.domain()))
                && registered(&source.server) != registered(mailbox.domain())
            {
                let server = Untrusted::text(&source.server).up_to(255);
                judged.refuse(
                    &finding.text,
                    format!("only `{server}` names it, which no registry runs"),
                );
                continue;
            } else {
                confidence = Confidence::Low;
            }
            // The best place that holds anything is recommended, and all that stands there.
            let place = (finding.confidence, finding.tier);
            let first = *best.get_or_insert(place) == place;
            let recommended = finding.recommended
                && source.trusted
                && !settled
                && first
                && judged.contacts.iter().filter(|c| c.recommended).count() < RECOMMENDED_MAX;
            if !finding.recommended && best == Some(place) {
                // A place that recommends nothing leaves the next its chance.
                best = None;
            }
            judged.keep(Contact {
                mailbox,
                role,
                recommended,
                confidence,
                via: source.via,
                server: Untrusted::text(&source.server).up_to(255).to_string(),
                field: finding.field.clone(),
                fetched: now,
            });
        }
    }
    judged.in_order();
    judged
}

impl Judged {
    /// Keeps a mailbox once, under its best mark.
    pub(super) fn keep(&mut self, contact: Contact) {
        let same =
            |c: &&mut Contact| c.mailbox.key() == contact.mailbox.key() && c.role == contact.role;
        if let Some(known) = self.contacts.iter_mut().find(same) {
            if contact.recommended && !known.recommended {
                *known = contact;
            }
        } else if self.contacts.len() < KEPT_MAX {
            self.contacts.push(contact);
        }
    }

    /// Puts the recommended first, then by confidence; equals stay in the order found.
    pub(super) fn in_order(&mut self) {
        self.contacts
            .sort_by_key(|c| (!c.recommended, std::cmp::Reverse(c.confidence)));
        let kept = &self.contacts;
        self.refused
            .retain(|r| !kept.iter().any(|c| c.mailbox.as_str() == r.mailbox));
    }
}

/// Returns the mailbox that a finding names and how far it is believed, or why it does not stand.
fn stands(
    finding: &Finding,
    source: &Source,
    rules: &Rules,
) -> Result<(AbuseMailbox, Confidence), String> {
    let text = clean(&finding.text);
    let mailbox = AbuseMailbox::try_from(text).map_err(|e| format!("{e}"))?;
    if let Some(rule) = rules.refused.of_kind("always", mailbox.as_str()) {
        return Err(format!("it is {}", rule.what));
    }
    if let Some(registry) = rules.registries.of_mail_domain(mailbox.domain()) {
        let holds = source
            .facts
            .holder
            .as_deref()
            .and_then(|holder| rules.registries.of_holder(holder))
            .is_some_and(|holder| holder.registry == registry.registry);
        let asked = source.registry.as_deref() == Some(registry.registry.as_str());
        // What a registry has to give away stands under its name, too; what it runs itself is small.
        let is_pool = source.facts.range.is_some_and(|range| {
            let most = if range.first.is_ipv4() { 16 } else { 96 };
            range.size() >= 1 << most
        });
        if finding.stub || !holds || !asked || is_pool {
            return Err(format!(
                "it belongs to {}, which does not hold this network",
                registry.what
            ));
        }
    }
    if finding.stub {
        return Err("another registry manages this network".to_owned());
    }
    let mut confidence = finding.confidence;
    if let Some(rule) = rules.refused.of_kind("weak", mailbox.as_str()) {
        // A small network may run its desk so; only its registry's own mark says that it does.
        if !finding.recommended || finding.field == "remarks" {
            return Err(format!("it is {}, and no abuse field names it", rule.what));
        }
        if rule.id.ends_with("freemail") {
            confidence = Confidence::Low;
        }
    }
    Ok((mailbox, confidence))
}

/// Takes off what surrounds a mailbox in registries' answers: brackets, quotes, a final dot, a scheme.
fn clean(text: &str) -> &str {
    fn bare(text: &str) -> &str {
        text.trim()
            .trim_start_matches(['<', '(', '"', '\'', '`'])
            .trim_end_matches(['>', ')', '"', '\'', '`', '.', ',', ';'])
    }
    let text = bare(text);
    match text.get(..7) {
        // RFC 6068 §2: what follows `?` is header fields of a mail, never ours.
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => bare(
            text.get(7..)
                .unwrap_or_default()
                .split('?')
                .next()
                .unwrap_or_default(),
        ),
        _ => text,
    }
}

/// Returns the domain that was registered: one label below the public suffix.
pub(super) fn registered(host: &str) -> String {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    // The last two numbers of an address are no domain.
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host;
    }
    psl::domain_str(&host).map_or_else(|| host.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::AddrRange;

    #[test]
    fn an_address_is_no_domain() {
        assert_eq!(registered("192.0.2.7"), "192.0.2.7");
        assert_eq!(registered("a.b.example.co.uk."), "example.co.uk");
    }

    fn finding(text: &str, tier: usize) -> Finding {
        Finding {
            text: text.to_owned(),
            field: "OrgAbuseEmail".to_owned(),
            confidence: Confidence::High,
            recommended: true,
            tier: (0, tier),
            stub: false,
        }
    }

    fn source(registry: Option<&str>, holder: &str, findings: Vec<Finding>) -> Source {
        Source {
            via: Via::Whois,
            server: "whois.registry.example".to_owned(),
            registry: registry.map(str::to_owned),
            trusted: registry.is_some(),
            facts: Facts {
                range: AddrRange::parse("192.0.2.0/24"),
                holder: Some(holder.to_owned()),
                ..Facts::default()
            },
            findings,
            forms: Vec::new(),
        }
    }

    fn judged(sources: &[Source]) -> (Vec<String>, Vec<String>) {
        let rules = Rules::builtin();
        let judged = judge(sources, Role::Network, &rules, Timestamp::UNIX_EPOCH);
        (
            judged
                .contacts
                .iter()
                .map(|c| format!("{} {} {:?}", c.mailbox, c.recommended, c.confidence))
                .collect(),
            judged
                .refused
                .iter()
                .map(|r| format!("{}: {}", r.mailbox, r.why))
                .collect(),
        )
    }

    #[test]
    fn all_mailboxes_of_the_best_place_are_recommended_and_the_rest_is_offered() {
        let (contacts, _) = judged(&[source(
            Some("arin"),
            "Example",
            vec![
                finding("abuse@isp.example", 0),
                finding("abuse2@isp.example", 0),
                finding("abuse@isp.example", 0),
                finding("parent@carrier.example", 1),
            ],
        )]);
        assert_eq!(
            contacts,
            [
                "abuse@isp.example true High",
                "abuse2@isp.example true High",
                "parent@carrier.example false High"
            ]
        );
    }

    #[test]
    fn what_surrounds_a_mailbox_is_taken_off_and_nothing_within() {
        for text in [
            " <abuse@isp.example>. ",
            "mailto:abuse@isp.example",
            "<MAILTO:abuse@isp.example?subject=x&cc=victim@bank.example>",
            "\"abuse@isp.example\",",
            "(abuse@isp.example)",
        ] {
            assert_eq!(clean(text), "abuse@isp.example", "{text}");
        }
        for text in [
            "abuse@isp.example?cc=victim@bank.example",
            "a@b.example>,<c@d.example",
        ] {
            assert!(AbuseMailbox::try_from(clean(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_registry_mailbox_stands_only_for_the_registry_s_own_network() {
        let of = |registry, holder| {
            judged(&[source(
                Some(registry),
                holder,
                vec![finding("abuse@ripe.net", 0)],
            )])
        };
        assert_eq!(of("ripe", "RIPE Network Coordination Centre").0.len(), 1);
        assert!(of("arin", "RIPE Network Coordination Centre").0.is_empty());
        assert!(of("ripe", "Example Hosting").0.is_empty());
        assert!(of("ripe", "Example Hosting").1[0].contains("does not hold"));
        let mut pool = source(
            Some("ripe"),
            "RIPE Network Coordination Centre",
            vec![finding("abuse@ripe.net", 0)],
        );
        pool.facts.range = AddrRange::parse("192.0.0.0/8");
        assert!(judged(&[pool]).0.is_empty());
        let placeholder = vec![finding("search-apnic-not-arin@apnic.net", 0)];
        assert!(
            judged(&[source(Some("apnic"), "APNIC", placeholder)])
                .0
                .is_empty()
        );
    }

    #[test]
    fn what_could_hold_a_second_recipient_is_refused_with_its_text_escaped() {
        let (contacts, refused) = judged(&[source(
            Some("arin"),
            "Example",
            vec![
                finding("abuse@isp.example,victim@bank.example", 0),
                finding("a@isp.example\r\nBcc: victim@bank.example", 0),
                finding("nobody@isp.example", 0),
            ],
        )]);
        assert!(contacts.is_empty());
        assert_eq!(refused.len(), 3);
        assert!(refused[1].contains("\\x0d\\x0a"), "{refused:?}");
    }

    #[test]
    fn a_server_that_no_registry_runs_cannot_name_a_victim() {
        let rwhois = |text: &str| {
            let mut source = source(None, "Customer", vec![finding(text, 0)]);
            source.server = "rwhois.carrier.example".to_owned();
            source
        };
        let first = source(
            Some("arin"),
            "Carrier",
            vec![finding("abuse@isp.example", 0)],
        );
        let (contacts, refused) = judged(&[first.clone(), rwhois("victim@bank.example")]);
        assert_eq!(contacts, ["abuse@isp.example true High"]);
        assert!(refused[0].starts_with("victim@bank.example: only `rwhois.carrier.example`"));
        let (contacts, _) = judged(&[first, rwhois("customers@isp.example")]);
        assert_eq!(contacts[1], "customers@isp.example false Low");
    }

    #[test]
    fn a_free_mailbox_or_an_operations_desk_needs_the_registry_s_mark() {
        let (contacts, _) = judged(&[source(
            Some("ripe"),
            "Example",
            vec![finding("somebody@gmail.com", 0)],
        )]);
        assert_eq!(contacts, ["somebody@gmail.com true Low"]);
        let mut weak = finding("noc@isp.example", 0);
        weak.recommended = false;
        let (contacts, refused) = judged(&[source(Some("ripe"), "Example", vec![weak])]);
        assert!(contacts.is_empty() && refused.len() == 1);
    }

    #[test]
    fn a_refused_place_leaves_the_next_its_chance() {
        let (contacts, _) = judged(&[source(
            Some("apnic"),
            "Example",
            vec![
                finding("helpdesk@apnic.net", 0),
                finding("abuse@isp.example", 4),
            ],
        )]);
        assert_eq!(contacts, ["abuse@isp.example true High"]);
    }
}
