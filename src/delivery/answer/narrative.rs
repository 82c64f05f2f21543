//! Reads bounces that are only text: recipients and reasons, by their layout.
//!
//! In: the text for people, rules. Out: [`Kind::Bounce`].
//! Standards: none holds here; RFC 5321 §4.2 (the replies that are quoted).
//! Trust: hostile; texts were cut before, patterns run in linear time.
//! Limits: where several recipients share one diagnosis, each gets all of it.

use super::pages::{self, Pages};
use super::reason::{self, Found};
use super::{BOUNCE_WEIGHT, Class, DIAGNOSIS_CHARS, FAILED_LIMIT, Failed, Kind, code};
use crate::intake::Untrusted;
use crate::rules::Rules;

/// Characters of a text that one diagnosis is sought in.
const DIAGNOSIS_WINDOW: usize = 4_000;

/// First tier of layouts that are sentences, in which an address may be anybody's.
const SENTENCE_TIER: u8 = 3;

/// Reads a bounce without a delivery report; `None` where the message is none.
pub(super) fn read(pages: &Pages, rules: &Rules) -> Option<(Kind, String)> {
    let rule = is_bounce(pages, rules)?;
    let named = recipients(pages, rules);
    let mut failed: Vec<Failed> = Vec::new();
    for (index, one) in named.iter().enumerate() {
        let end = named
            .get(index + 1)
            .map_or(pages.text.len(), |next| next.at);
        let chunk = pages.text.get(one.at..end).unwrap_or_default();
        failed.push(judge(Some(&one.address), chunk, pages, rules));
    }
    if failed.is_empty() {
        failed.push(judge(None, &pages.text, pages, rules));
    }
    Some((Kind::Bounce(failed), rule))
}

/// Returns the heaviest sign that a message is a bounce, if the signs suffice.
fn is_bounce(pages: &Pages, rules: &Rules) -> Option<String> {
    let mut weight = 0;
    let mut heaviest: Option<(u8, &str)> = None;
    for rule in rules.replies.bounce.rules() {
        let holds = match rule.field.as_deref() {
            Some(field) => pages
                .seen_by(field)
                .is_some_and(|value| rule.is_match(value)),
            None => rule.is_match(&pages.text),
        };
        if holds {
            weight += u32::from(rule.weight);
            if heaviest.is_none_or(|(most, _)| rule.weight > most) {
                heaviest = Some((rule.weight, &rule.id));
            }
        }
    }
    heaviest
        .filter(|_| weight >= BOUNCE_WEIGHT)
        .map(|(_, rule)| rule.to_owned())
}

/// A recipient, and where the text names it.
#[derive(Debug)]
struct Named {
    address: String,
    at: usize,
}

/// Returns the recipients that the text names, in its order.
fn recipients(pages: &Pages, rules: &Rules) -> Vec<Named> {
    let own = own_addresses(pages);
    let mut named = by_layout(pages, rules, &own);
    // Where a field lists who failed, what else stands on a line of its own
    // is a signature or a desk to write to.
    let listed = declared(pages, &own);
    let is_listed = |one: &Named| {
        listed
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&one.address))
    };
    if pages.field("x-failed-recipients").is_some() && named.iter().any(is_listed) {
        named.retain(is_listed);
    }
    // RFC 5322 §3.6.3 as last resort: whom the returned message was for.
    if named.is_empty() {
        named = listed
            .into_iter()
            .map(|address| Named { address, at: 0 })
            .collect();
    }
    // A bounce to oneself names nobody else.
    if named.is_empty() {
        named = by_layout(pages, rules, &[]);
    }
    named.truncate(FAILED_LIMIT);
    named
}

/// Returns the recipients of the first tier of layouts that names any.
fn by_layout(pages: &Pages, rules: &Rules, own: &[String]) -> Vec<Named> {
    let mut tiers: Vec<u8> = rules
        .replies
        .layouts
        .rules()
        .map(|rule| rule.tier)
        .collect();
    tiers.sort_unstable();
    tiers.dedup();
    for tier in tiers {
        let mut named: Vec<Named> = Vec::new();
        for rule in rules
            .replies
            .layouts
            .rules()
            .filter(|rule| rule.tier == tier)
        {
            for found in rule.all(&pages.text).take(FAILED_LIMIT) {
                let Some(address) = found.name("recipient") else {
                    continue;
                };
                let text = address.as_str().trim_matches(['.', '\'', '"', '*', '=']);
                let fresh = !named
                    .iter()
                    .any(|known| known.address.eq_ignore_ascii_case(text));
                if fresh && is_recipient(text) && !own.contains(&text.to_ascii_lowercase()) {
                    named.push(Named {
                        address: text.to_owned(),
                        at: address.start(),
                    });
                }
            }
        }
        if !named.is_empty() {
            named.sort_by_key(|one| one.at);
            // Sentences name helpers and manuals, too; the first one is meant.
            if tier >= SENTENCE_TIER {
                named.truncate(1);
            }
            return named;
        }
    }
    Vec::new()
}

/// Returns whether an address can be a recipient: not a mail system, not a Message-ID.
fn is_recipient(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else {
        return false;
    };
    let local = local.to_ascii_lowercase();
    !local.is_empty()
        && domain.contains('.')
        && !domain.contains("..")
        && !local.starts_with("mailer-daemon")
        && !local.starts_with("mailto")
}

/// Returns the addresses of the two ends of the bounce itself: who wrote it, and who got it.
fn own_addresses(pages: &Pages) -> Vec<String> {
    let mut own: Vec<String> = pages.to.iter().map(|to| to.to_ascii_lowercase()).collect();
    own.extend(pages.from_address.as_deref().map(str::to_ascii_lowercase));
    for head in &pages.returned {
        for name in ["from:", "return-path:", "x-sender:", "sender:"] {
            own.extend(address_in(head, name).map(|text| text.to_ascii_lowercase()));
        }
    }
    own
}

/// Returns recipients that fields name: of Exim and Gmail, or of the returned message.
fn declared(pages: &Pages, own: &[String]) -> Vec<String> {
    let listed = pages
        .field("x-failed-recipients")
        .into_iter()
        .flat_map(|value| value.split([',', ' ', ';']))
        .map(|text| text.trim_matches(['<', '>', ' ']).to_owned())
        .filter(|text| is_recipient(text))
        .take(FAILED_LIMIT)
        .collect::<Vec<_>>();
    if !listed.is_empty() {
        return listed;
    }
    pages
        .returned
        .iter()
        .filter_map(|head| address_in(head, "to:"))
        .filter(|text| !own.contains(&text.to_ascii_lowercase()))
        .take(1)
        .collect()
}

/// Returns the first address of a field that begins a line of a text.
pub(super) fn address_in(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| {
        line.trim_start()
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })?;
    line.split(|c: char| c.is_whitespace() || "<>,;:\"'()".contains(c))
        .find(|word| word.contains('@') && is_recipient(word))
        .map(str::to_owned)
}

/// Judges one recipient by the text that follows its name, then by all of it.
fn judge(address: Option<&str>, chunk: &str, pages: &Pages, rules: &Rules) -> Failed {
    let near = one_line(chunk);
    let all = one_line(&pages.text);
    let mut status = code::status(&near);
    let mut reply = code::reply(chunk);
    let mut found = reason::find(rules, status, reply, &near);
    let mut shown = near;
    if !found.is_known() || found.rule == "replies-policy-other" {
        let status_of_all = code::status(&all);
        let reply_of_all = code::reply(&pages.text);
        let wider = reason::find(rules, status_of_all, reply_of_all, &all);
        if wider.is_known() && (!found.is_known() || wider.rule != "replies-policy-other") {
            found = wider;
            status = status.or(status_of_all);
            reply = reply.or(reply_of_all);
            shown = all;
        }
    }
    if !found.is_known() {
        found = by_subject(pages, rules).unwrap_or(found);
    }
    let delayed = is_delayed(pages, &found, rules);
    let status = status.or(found.stands_for);
    Failed {
        recipient: address.map(|text| Untrusted::text(text).up_to(254).to_string()),
        class: found.reason.class(status),
        reason: found.reason,
        status,
        reply,
        permanent: !delayed,
        diagnosis: Untrusted::text(shown.trim())
            .up_to(DIAGNOSIS_CHARS)
            .to_string(),
        rule: found.rule,
    }
}

/// Finds the reason in the subject: Domino and others put it there.
fn by_subject(pages: &Pages, rules: &Rules) -> Option<Found> {
    let subject = one_line(&pages.subject);
    let found = reason::find(
        rules,
        code::status(&subject),
        code::reply(&subject),
        &subject,
    );
    found.is_known().then_some(found)
}

/// Returns whether the mail is still being tried: a warning, not an end.
fn is_delayed(pages: &Pages, found: &Found, rules: &Rules) -> bool {
    let signed = rules.replies.delay.rules().any(|rule| {
        let text = match rule.field.as_deref() {
            Some(field) => pages.seen_by(field).unwrap_or_default(),
            None => &pages.text,
        };
        rule.is_match(text)
    });
    signed && found.reason.class(None) == Class::Soft
}

/// Returns what the text says about one recipient, or all of it.
pub(super) fn about(pages: &Pages, address: Option<&str>) -> String {
    let from = address
        .and_then(|address| pages.text.find(address))
        .unwrap_or(0);
    pages.text.get(from..).unwrap_or_default().to_owned()
}

/// Returns a text on one line: every run of blanks is one blank, cut to what a diagnosis needs.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > DIAGNOSIS_WINDOW {
            return pages::cut(&line, DIAGNOSIS_WINDOW);
        }
    }
    line
}
