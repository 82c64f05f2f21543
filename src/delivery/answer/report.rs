//! Reads the fields of a delivery report.
//!
//! In: the text of a `message/delivery-status` part, or fields of one that stand in a text. Out: [`Kind`].
//! Standards: RFC 3464 §2 (fields), RFC 6533 §3 (internationalised ones).
//! Trust: hostile; recipients and fields are bounded.
//! Limits: several systems leave out blank lines or put them between the
//! fields, so a new recipient begins where its first field comes again.

use super::pages::Pages;
use super::reason::{self, Found};
use super::{Class, DIAGNOSIS_CHARS, FAILED_LIMIT, Failed, Kind, code, narrative};
use crate::intake::Untrusted;
use crate::rules::{Reason, Rules};

/// Octets of report fields that are read.
const REPORT_LIMIT: usize = 256 * 1024;

/// The fields about one recipient. RFC 3464 §2.3.
#[derive(Debug, Default, Clone)]
struct Recipient {
    final_recipient: Option<String>,
    original_recipient: Option<String>,
    action: String,
    status: String,
    diagnostic: String,
    remote: Option<String>,
}

/// Reads the report of a message; `None` where it has none that names a recipient.
pub(super) fn read(pages: &Pages, rules: &Rules) -> Option<(Kind, String)> {
    let recipients: Vec<Recipient> = pages
        .status
        .iter()
        .flat_map(|text| fields(text))
        .take(FAILED_LIMIT)
        .collect();
    if recipients.is_empty() {
        return None;
    }
    let failed: Vec<Failed> = recipients
        .iter()
        .filter(|recipient| !recipient.is_success())
        .map(|recipient| judge(recipient, recipients.len(), pages, rules))
        .collect();
    let kind = if failed.is_empty() {
        Kind::Delivered
    } else {
        Kind::Bounce(failed)
    };
    Some((kind, "RFC 3464".to_owned()))
}

impl Recipient {
    /// Returns whether the report says that this recipient was reached, as far as it can tell.
    fn is_success(&self) -> bool {
        // RFC 3464 §2.3.3: delivered, relayed and expanded are no failures.
        ["delivered", "relayed", "expanded"].contains(&self.action.as_str())
            && !self.status.starts_with(['4', '5'])
    }

    fn is_delayed(&self) -> bool {
        self.action == "delayed"
    }

    /// Returns the address: the final one, if it is one.
    fn address(&self) -> Option<&str> {
        let of = |field: &'_ Option<String>| -> bool {
            field.as_deref().is_some_and(|text| text.contains('@'))
        };
        let chosen = if of(&self.final_recipient) || !of(&self.original_recipient) {
            &self.final_recipient
        } else {
            &self.original_recipient
        };
        chosen.as_deref().filter(|text| !text.is_empty())
    }
}

/// Judges one recipient.
fn judge(recipient: &Recipient, of: usize, pages: &Pages, rules: &Rules) -> Failed {
    let diagnostic = narrative::one_line(&recipient.diagnostic);
    let from_field = recipient.status.parse::<super::Status>().ok();
    let from_words = code::status(&diagnostic);
    // RFC 3464 §2.3.4: Status is the reporting system's word. Where it says no
    // more than X.0.0, the code that the remote system gave says more.
    let status = match (from_field, from_words) {
        (Some(field), Some(words)) if !field.is_specific() => Some(words),
        (Some(field), _) => Some(field),
        (None, words) => words.or_else(|| code::status(&recipient.status)),
    };
    let reply = code::reply(&diagnostic);
    let mut found = reason::find(rules, status, reply, &diagnostic);
    // The code that the remote system gave, where the report's own is silent.
    if !found.is_known() && from_words.is_some() {
        found = reason::find(rules, from_words, reply, "");
    }
    let mut shown = diagnostic;
    // The people's part often says more than the machine's.
    let told = narrative::about(pages, recipient.address().filter(|_| of > 1));
    let told = narrative::one_line(&told);
    let better = reason::find(rules, None, None, &told);
    if says_more(&better, &found, shown.is_empty()) {
        found = better;
    }
    if shown.is_empty() {
        shown = told;
    }
    if recipient.is_delayed() && !found.is_known() {
        found.reason = Reason::Expired;
        found.rule = "RFC 3464".to_owned();
    }
    let status = status.or(found.stands_for);
    let reply = reply.or_else(|| code::reply(&shown));
    Failed {
        recipient: recipient
            .address()
            .map(|address| Untrusted::text(address).up_to(254).to_string()),
        class: found.reason.class(status),
        reason: found.reason,
        status,
        reply,
        permanent: !recipient.is_delayed(),
        diagnosis: Untrusted::text(&shown).up_to(DIAGNOSIS_CHARS).to_string(),
        rule: found.rule,
    }
}

/// Returns whether the reason of the text says more than the one of the report.
fn says_more(told: &Found, found: &Found, no_diagnostic: bool) -> bool {
    match found.reason {
        Reason::Unknown => told.is_known(),
        // A filter that refused after the data may call it an unknown user;
        // only the text has the command that was refused.
        Reason::MailboxUnknown => told.reason == Reason::RecipientRefused,
        Reason::Policy => matches!(told.reason.class(None), Class::Policy | Class::Hard),
        // RFC 3464 §2.3.4: a code without words, beside a text with words.
        _ => no_diagnostic && told.is_known() && found.rule.starts_with("replies-status-"),
    }
}

/// Reads the recipients of one report.
fn fields(text: &str) -> Vec<Recipient> {
    let mut recipients = Vec::new();
    let mut current = Recipient::default();
    let mut any = false;
    for (name, value) in unfold(text) {
        let starts = (name == "final-recipient" && current.final_recipient.is_some())
            || (name == "original-recipient"
                && current.final_recipient.is_some()
                && !current.status.is_empty());
        if starts && any {
            recipients.push(std::mem::take(&mut current));
            if recipients.len() >= FAILED_LIMIT {
                return recipients;
            }
        }
        any |= current.set(&name, value);
    }
    if any {
        recipients.push(current);
    }
    recipients.retain(|recipient| {
        recipient.final_recipient.is_some() || recipient.original_recipient.is_some()
    });
    recipients
}

impl Recipient {
    /// Takes one field; returns whether it names the recipient.
    fn set(&mut self, name: &str, value: String) -> bool {
        match name {
            // RFC 3464 §2.3.2: the type, a semicolon, the address.
            "final-recipient" => self.final_recipient = Some(address(&value)),
            // RFC 3464 §2.3.1.
            "original-recipient" | "x-actual-recipient" => {
                if self.original_recipient.is_none() || name == "original-recipient" {
                    self.original_recipient = Some(address(&value));
                }
            }
            "action" => {
                self.action = value
                    .split(|c: char| !c.is_ascii_alphabetic())
                    .find(|word| !word.is_empty())
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                return false;
            }
            // RFC 3464 §2.3.4: a comment may follow.
            "status" => {
                self.status = value
                    .split(|c: char| c.is_whitespace() || c == '(' || c == ';')
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                return false;
            }
            // RFC 3464 §2.3.6: type and text. Exchange and others write several.
            "diagnostic-code"
            | "x-supplementary-info"
            | "x-display-text"
            | "x-notes"
            | "x-postfix-reason"
            | "diagnosis-code" => {
                if !self.diagnostic.is_empty() {
                    self.diagnostic.push(' ');
                }
                self.diagnostic.push_str(&value);
                return false;
            }
            "remote-mta" => {
                self.remote = Some(value);
                return false;
            }
            _ => return false,
        }
        true
    }
}

/// Returns the address of a typed field: `rfc822; abuse@example.net`.
fn address(value: &str) -> String {
    let value = match value.split_once(';') {
        Some((kind, rest)) if !kind.contains('@') => rest,
        _ => value,
    };
    let value = value.trim();
    // Some systems write a display name, or a comment.
    let inner = match (value.find('<'), value.rfind('>')) {
        (Some(open), Some(close)) if open < close => value.get(open + 1..close).unwrap_or(value),
        _ => value.split_whitespace().next().unwrap_or_default(),
    };
    inner
        .trim_matches(|c: char| c.is_whitespace() || "<>\"',;".contains(c))
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}

/// Returns the fields of a report, unfolded, names in lower case. RFC 3464 §2.1.1: as in RFC 822.
fn unfold(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let text = text
        .char_indices()
        .nth(REPORT_LIMIT)
        .and_then(|(at, _)| text.get(..at))
        .unwrap_or(text);
    for line in text.lines() {
        let continues = line.starts_with([' ', '\t']);
        let named = line.trim_start().split_once(':').filter(|(name, _)| {
            let name = name.trim_end();
            !name.is_empty()
                && name.len() <= 60
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
        match (continues, named, fields.last_mut()) {
            // A report whose every line is indented is still a report.
            (true, Some((name, value)), _) if is_report_field(name) => {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            (true, _, Some((_, last))) => go_on(last, line),
            (false, Some((name, value)), _) => {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            // RFC 3464 §2.1.1 departs: several systems do not fold a reply of
            // several lines; what is no field goes on with the one before.
            (false, None, Some((name, last))) if name == "diagnostic-code" => go_on(last, line),
            _ => {}
        }
    }
    fields
}

/// Puts a line behind the value of a field, within what a diagnosis needs.
fn go_on(value: &mut String, line: &str) {
    let line = line.trim();
    if !line.is_empty() && value.len() < DIAGNOSIS_CHARS * 4 {
        value.push(' ');
        value.push_str(line);
    }
}

fn is_report_field(name: &str) -> bool {
    [
        "final-recipient",
        "original-recipient",
        "action",
        "status",
        "diagnostic-code",
        "remote-mta",
        "reporting-mta",
        "last-attempt-date",
        "arrival-date",
    ]
    .iter()
    .any(|known| name.trim().eq_ignore_ascii_case(known))
}
