//! What people and ticket systems say, and where they point.
//!
//! In: [`Pages`], rules. Out: [`Kind`], [`Pointers`], a ticket number, a sentence.
//! Standards: RFC 3834 §5 (Auto-Submitted), RFC 3676 §4.5 (quoted lines).
//! Trust: hostile; only the answer's own words count, not what it quotes of
//! ours. A mailbox or link in it is a proposal: it is shown, never used.
//! Limits: some languages only; irony is not read.

use serde::Serialize;
use url::Url;

use super::pages::Pages;
use super::{AUTOMATIC_WEIGHT, Failed, Kind, Reason, narrative};
use crate::contact::AbuseMailbox;
use crate::intake::Untrusted;
use crate::rules::{ReplyRule, Rules, Says};

/// Octets of a link that is proposed.
const LINK_OCTETS: usize = 500;

/// Characters of a ticket number.
const TICKET_CHARS: usize = 60;

/// Where an answer points to. Proposals for the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pointers {
    /// A form, as an http or https address in ASCII, at most 500 octets.
    pub form: Option<String>,
    /// A mailbox to write to instead.
    pub mailbox: Option<AbuseMailbox>,
    /// Who or which network it is, in their words, escaped: an AS number, a network, an address.
    pub network: Option<String>,
}

/// Reads what is no bounce and no report.
pub(super) fn read(pages: &Pages, rules: &Rules, points_to: &mut Pointers) -> (Kind, String) {
    let own = own_words(pages, rules);
    let line = narrative::one_line(&own);
    let automatic = automatic(pages, rules);
    if automatic.is_none() && !answers_something(pages) {
        return (Kind::NotAnAnswer, String::new());
    }
    let said = rules.replies.says.first(&line);
    if let Some(rule) = said {
        point(rule, &own, &line, pages, rules, points_to);
    }
    let kind = match said.and_then(|rule| rule.says) {
        Some(Says::Challenge) => Kind::Challenge,
        Some(Says::RefusesMunged) => Kind::RefusesMunged,
        // Without a mailbox to go to, it did not move anywhere.
        Some(Says::Moved) if points_to.mailbox.is_some() => Kind::Moved,
        Some(Says::NotOurs) => Kind::NotOurs,
        Some(Says::UseForm) => Kind::UseForm,
        Some(Says::Resolved) => Kind::Resolved,
        Some(Says::OffersForm | Says::Moved) | None if automatic.is_some() => Kind::Automatic,
        Some(Says::OffersForm | Says::Moved) | None => Kind::Human,
    };
    let rule = said
        .map(|rule| rule.id.clone())
        .or(automatic)
        .unwrap_or_default();
    (kind, rule)
}

/// Finds where a bounce points to: a form, or a new mailbox, in its diagnosis.
pub(super) fn pointers(pages: &Pages, rules: &Rules, points_to: &mut Pointers) {
    let line = narrative::one_line(&pages.text);
    for rule in rules.replies.says.rules() {
        let useful = matches!(
            rule.says,
            Some(Says::UseForm | Says::OffersForm | Says::Moved)
        );
        if useful && rule.is_match(&line) {
            point(rule, &pages.text, &line, pages, rules, points_to);
            return;
        }
    }
}

/// Returns the sign that a program wrote the message, if the signs suffice.
pub(super) fn automatic(pages: &Pages, rules: &Rules) -> Option<String> {
    let own = own_words(pages, rules);
    let line = narrative::one_line(&own);
    let mut weight = 0;
    let mut first = None;
    for rule in rules.replies.automatic.rules() {
        let holds = match rule.field.as_deref() {
            Some(field) => pages
                .seen_by(field)
                .is_some_and(|value| rule.is_match(value)),
            None => rule.is_match(&line),
        };
        if holds {
            weight += u32::from(rule.weight);
            first = first.or_else(|| Some(rule.id.clone()));
        }
    }
    first.filter(|_| weight >= AUTOMATIC_WEIGHT)
}

/// Returns the number that the desk gave the complaint: of the subject, then of the text.
pub(super) fn ticket(pages: &Pages, rules: &Rules) -> Option<String> {
    let own = narrative::one_line(&own_words(pages, rules));
    for text in [pages.subject.as_str(), own.as_str()] {
        for rule in rules.replies.tickets.rules() {
            if rule.field.is_some() && text != pages.subject {
                continue;
            }
            let number = rule
                .captures(text)
                .and_then(|found| Some(found.name("ticket")?.as_str().to_owned()))
                .filter(|number| number.bytes().any(|b| b.is_ascii_digit()));
            if let Some(number) = number {
                return Some(Untrusted::text(&number).up_to(TICKET_CHARS).to_string());
            }
        }
    }
    None
}

/// Returns whether a message answers something: by field, by subject, or by quoting a reference.
fn answers_something(pages: &Pages) -> bool {
    let replies = |prefix: &str| {
        pages
            .subject
            .trim_start()
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    // RFC 5322 §3.6.4, §3.6.5 ("Re: ").
    pages.field("in-reply-to").is_some()
        || pages.field("references").is_some()
        || [
            "re:", "re[", "aw:", "sv:", "antw:", "fw:", "fwd:", "[", "wg:",
        ]
        .into_iter()
        .any(replies)
        || pages.subject.contains("Abuse report: ")
}

/// Returns the answer's own words: no quoted lines, nothing below the line that announces a quotation.
fn own_words(pages: &Pages, rules: &Rules) -> String {
    let end = rules
        .replies
        .quoted
        .rules()
        .filter_map(|rule| rule.find(&pages.text))
        .min()
        .unwrap_or(pages.text.len());
    let own = pages.text.get(..end).unwrap_or_default();
    // RFC 3676 §4.5: a quoted line begins with `>`.
    own.lines()
        .filter(|line| !line.trim_start().starts_with('>'))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Notes where the words of a rule point to.
fn point(
    rule: &ReplyRule,
    own: &str,
    line: &str,
    pages: &Pages,
    rules: &Rules,
    points_to: &mut Pointers,
) {
    match rule.says {
        Some(Says::UseForm | Says::OffersForm | Says::Challenge) => points_to.form = link(own),
        Some(Says::Moved) => {
            points_to.mailbox = rule.captures(line).and_then(|found| {
                found
                    .iter()
                    .skip(1)
                    .flatten()
                    .find_map(|group| proposal(group.as_str(), pages))
            });
            points_to.form = link(own);
        }
        Some(Says::NotOurs) => {
            points_to.network = network(line);
            points_to.mailbox = rules
                .replies
                .layouts
                .rules()
                .filter(|layout| layout.tier >= 4)
                .flat_map(|layout| layout.all(own))
                .filter_map(|found| found.name("recipient").map(|group| group.as_str()))
                .find_map(|text| proposal(text, pages));
        }
        _ => {}
    }
}

/// Returns an address as a proposal, unless it is the author's own or the user's.
fn proposal(text: &str, pages: &Pages) -> Option<AbuseMailbox> {
    let text = text.trim_end_matches(['.', ',', ';', ')']);
    let is_own = pages
        .to
        .iter()
        .chain(&pages.from_address)
        .any(|own| own.eq_ignore_ascii_case(text));
    if is_own {
        return None;
    }
    AbuseMailbox::try_from(text).ok()
}

/// Returns the first link of a text, if it is one that can be shown and opened.
fn link(text: &str) -> Option<String> {
    linkify::LinkFinder::new()
        .kinds(&[linkify::LinkKind::Url])
        .links(text)
        .filter(|found| found.as_str().len() <= LINK_OCTETS)
        .filter_map(|found| Url::parse(found.as_str()).ok())
        .find(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.host_str().is_some_and(|host| host.contains('.'))
        })
        .map(|url| url.to_string())
        .filter(|url| url.len() <= LINK_OCTETS && url.is_ascii())
}

/// Returns the AS number, network or address that a text names behind "belongs to" and the like; the last one.
fn network(line: &str) -> Option<String> {
    line.split(|c: char| c.is_whitespace() || ",;()[]<>\"'".contains(c))
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| {
            let digits = word
                .strip_prefix("AS")
                .or_else(|| word.strip_prefix("as"))
                .is_some_and(|rest| {
                    (1..=10).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit())
                });
            digits
                || word.parse::<ipnet::IpNet>().is_ok()
                || word.parse::<std::net::IpAddr>().is_ok()
        })
        .max_by_key(|word| (word.starts_with(['A', 'a']), word.contains('/')))
        .map(str::to_owned)
}

/// Says what an answer is in a sentence for the user.
pub(super) fn sentence(kind: &Kind, ticket: Option<&str>, points_to: &Pointers) -> String {
    let mut text = match kind {
        Kind::Bounce(failed) => failed.first().map_or_else(String::new, bounced),
        Kind::Delivered => "A mail system says that it delivered the mail, or passed it on.".into(),
        Kind::Feedback(feedback) => format!(
            "Somebody reported a mail of yours as `{}`.",
            feedback.feedback_type
        ),
        Kind::Receipt => "A receipt: the mail was displayed, or deleted.".into(),
        Kind::Automatic => "A program answered: the mail arrived there.".into(),
        Kind::Challenge => "The desk wants proof that you are a person.".into(),
        Kind::UseForm => "The desk wants its form to be used.".into(),
        Kind::NotOurs => "The desk says that the address is not in its network.".into(),
        Kind::Resolved => "The desk says that it acted.".into(),
        Kind::RefusesMunged => "The desk wants the message with nothing hidden.".into(),
        Kind::Moved => "The desk says that its mailbox is not in use.".into(),
        Kind::Human => "Somebody answered; please read it.".into(),
        Kind::NotAnAnswer => "This does not look like an answer.".into(),
    };
    if let Some(ticket) = ticket {
        text.push_str(&format!(" Its number is `{ticket}`."));
    }
    if let Some(form) = &points_to.form {
        text.push_str(&format!(" It names the form `{form}`."));
    }
    if let Some(mailbox) = &points_to.mailbox {
        text.push_str(&format!(" It points to `{mailbox}`."));
    }
    if let Some(network) = &points_to.network {
        text.push_str(&format!(" It names `{network}`."));
    }
    text
}

/// Says why a mail came back.
fn bounced(failed: &Failed) -> String {
    let to = failed
        .recipient
        .as_ref()
        .map_or_else(String::new, |recipient| format!(" to `{recipient}`"));
    let codes = match (failed.reply, failed.status) {
        (Some(reply), Some(status)) => format!(" ({reply} {status})"),
        (Some(reply), None) => format!(" ({reply})"),
        (None, Some(status)) => format!(" ({status})"),
        (None, None) => String::new(),
    };
    let what = if failed.permanent {
        "came back"
    } else {
        "is delayed, and still being tried"
    };
    let why = match failed.reason {
        Reason::Expired if !failed.permanent => "it could not be delivered so far",
        reason => reason.words(),
    };
    format!("The mail{to} {what}: {why}{codes}.")
}
