//! The kind of abuse that is proposed, and why; the user can change it.
//!
//! In: words, links, attachments, list fields. Out: [`Kind`] with a sentence for each reason.
//! Standards: RFC 5965 §7.3 (feedback types), RFC 2369 (list fields).
//! Trust: hostile text; patterns run in linear time over a bounded text.
//! Failures: what nothing speaks for is spam.
//! Limits: words in English and German; a picture with words is not read.

use super::{Attachment, Esp, Kind, Link, Unsubscribe, registered_domain};
use crate::intake::{Headers, Untrusted};
use crate::rules::names::lies_in;
use crate::rules::{Looked, Rules};

/// Octets of text that words are looked for in.
const TEXT_OCTETS: usize = 64 * 1024;

/// What reasons must weigh together for a kind to be proposed.
const ENOUGH: u32 = 4;

/// What is known when the kind is weighed.
pub(super) struct Signs<'s> {
    pub(super) headers: &'s Headers<'s>,
    pub(super) shown: &'s str,
    pub(super) links: &'s [Link],
    pub(super) attachments: &'s [Attachment],
    pub(super) esp: Option<&'s Esp>,
    pub(super) unsubscribe: Option<&'s Unsubscribe>,
    pub(super) drop_boxes: usize,
    pub(super) rules: &'s Rules,
}

/// Weighs the signs, and proposes a kind with its reasons.
pub(super) fn propose(signs: &Signs<'_>) -> (Kind, Vec<String>) {
    let text = text(signs);
    let text = signs.rules.evidence.look_at(&text);
    let weighed = [
        (Kind::Malware, malware(signs, &text)),
        (Kind::Phishing, phishing(signs, &text)),
        (Kind::AdvanceFee, advance_fee(signs, &text)),
    ];
    let sum = |reasons: &[(u32, String)]| reasons.iter().map(|(weight, _)| weight).sum::<u32>();
    let heaviest = weighed
        .into_iter()
        .rev()
        .max_by_key(|(_, reasons)| sum(reasons));
    if let Some((kind, mut reasons)) = heaviest
        && sum(&reasons) >= ENOUGH
    {
        // The first one is what the user reads.
        reasons.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        return (kind, reasons.into_iter().map(|(_, why)| why).collect());
    }
    if let Some(why) = newsletter(signs) {
        return (Kind::Newsletter, vec![why]);
    }
    (
        Kind::Spam,
        vec!["nothing speaks for another kind".to_owned()],
    )
}

/// Returns the text that words are looked for in.
fn text(signs: &Signs<'_>) -> String {
    let end = (0..=signs.shown.len().min(TEXT_OCTETS))
        .rev()
        .find(|end| signs.shown.is_char_boundary(*end));
    let subject = signs
        .headers
        .first("Subject")
        .map(|field| super::decode::words(&field.unfolded()));
    format!(
        "{}\n{}",
        subject.unwrap_or_default(),
        signs.shown.get(..end.unwrap_or(0)).unwrap_or_default()
    )
}

/// Returns the reasons that the words of one kind give.
fn words(signs: &Signs<'_>, kind: &str, text: &Looked<'_>) -> Vec<(u32, String)> {
    let found = signs.rules.evidence.all_in(kind, text);
    found
        .into_iter()
        .map(|held| (held.weight, format!("its words: {}", held.what)))
        .collect()
}

fn malware(signs: &Signs<'_>, text: &Looked<'_>) -> Vec<(u32, String)> {
    let mut reasons = words(signs, "malware-word", text);
    for file in signs.attachments {
        let name = file
            .name
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let mut endings = name.rsplit('.');
        let (last, before) = (
            endings.next().unwrap_or_default(),
            endings.next().unwrap_or_default(),
        );
        if let Some(held) = signs.rules.evidence.held("dangerous-extension", last) {
            let is_program = held.what.contains("program");
            let shown = Untrusted::text(&name).up_to(60).to_string();
            reasons.push((
                if is_program { 4 } else { 2 },
                format!("`{shown}` is attached: {}", held.what),
            ));
            if is_program
                && signs
                    .rules
                    .evidence
                    .held("harmless-extension", before)
                    .is_some()
            {
                reasons.push((2, format!("`{shown}` pretends to be a .{before} file")));
            }
        }
    }
    reasons
}

fn phishing(signs: &Signs<'_>, text: &Looked<'_>) -> Vec<(u32, String)> {
    let mut reasons = words(signs, "phishing-word", text);
    let from = signs
        .headers
        .first("From")
        .map(|field| super::decode::words(&field.unfolded()));
    let from = from.unwrap_or_default();
    let author = super::mailbox::addresses(signs.headers, "From");
    let domain = author
        .first()
        .and_then(|address| registered_domain(address.rsplit_once('@')?.1));
    if let Some(held) = signs.rules.evidence.held("brand", &from)
        && let Some(domain) = &domain
        && signs.rules.evidence.held("innocent", domain).is_none()
    {
        reasons.push((
            2,
            format!(
                "From names {}, and writes from `{}`",
                held.what,
                Untrusted::text(domain)
            ),
        ));
    }
    let accused = || signs.links.iter().filter(|link| link.is_accused());
    if let Some(link) = accused().find(|link| link.host.parse::<std::net::IpAddr>().is_ok()) {
        reasons.push((
            1,
            format!(
                "a link goes to a bare address, `{}`",
                Untrusted::text(&link.host)
            ),
        ));
    }
    if let Some(link) =
        accused().find(|link| link.host.split('.').any(|label| label.starts_with("xn--")))
    {
        reasons.push((
            1,
            format!(
                "a link's host has letters of another script: {}",
                super::host_shown(&link.host)
            ),
        ));
    }
    if let Some(link) = accused().find(|link| imitates(&link.host, signs.rules)) {
        reasons.push((
            2,
            format!(
                "a link's host imitates another: `{}`",
                Untrusted::text(&link.host)
            ),
        ));
    }
    // Without a link or a form there is nothing to fish with.
    if accused().next().is_none() && signs.attachments.is_empty() {
        reasons.clear();
    }
    reasons
}

/// Returns whether a host has a well-known domain in front of its own.
pub(super) fn imitates(host: &str, rules: &Rules) -> bool {
    let Some(domain) = registered_domain(host) else {
        return false;
    };
    let below = host
        .strip_suffix(&domain)
        .unwrap_or_default()
        .trim_end_matches('.');
    let labels: Vec<&str> = below.split('.').collect();
    (0..labels.len().saturating_sub(1)).any(|at| {
        let name = labels.get(at..at + 2).unwrap_or_default().join(".");
        rules.evidence.held("innocent", &name).is_some() && !lies_in(&domain, &name)
    })
}

fn advance_fee(signs: &Signs<'_>, text: &Looked<'_>) -> Vec<(u32, String)> {
    let mut reasons = words(signs, "fraud-word", text);
    if signs.drop_boxes > 0 && !reasons.is_empty() {
        reasons.push((1, "it wants answers at a mailbox of its own".to_owned()));
    }
    reasons
}

fn newsletter(signs: &Signs<'_>) -> Option<String> {
    let believed = signs.esp.filter(|esp| esp.believed);
    let listed = signs.unsubscribe.is_some() || signs.headers.first("List-Id").is_some();
    match (believed, listed) {
        (Some(esp), true) => Some(format!(
            "it has list fields, and came through {}",
            Untrusted::text(&esp.name)
        )),
        // A sender that has a name: what an own host attested is for the user to weigh.
        (None, true) if signs.unsubscribe.is_some_and(|found| found.one_click) => Some(
            "it offers to unsubscribe with one click, as RFC 8058 asks of bulk mail".to_owned(),
        ),
        _ => None,
    }
}
