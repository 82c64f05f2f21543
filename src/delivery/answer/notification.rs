//! Notifications that are no mail by form: Amazon SES sends JSON.
//!
//! In: [`Pages`] with a JSON body. Out: [`Kind`].
//! Standards: the notification contents of Amazon SES; RFC 3463 in their `status`.
//! Trust: hostile; the JSON reader bounds its depth, texts were cut before.
//! Limits: a body that was folded in transport is put together again where it ends in `!`.

use serde_json::Value;

use super::pages::Pages;
use super::{DIAGNOSIS_CHARS, FAILED_LIMIT, Failed, Feedback, Kind, code, reason};
use crate::intake::Untrusted;
use crate::rules::{Reason, Rules};

/// Reads a notification, if the message is one.
pub(super) fn read(pages: &Pages, rules: &Rules) -> Option<Kind> {
    let outer = parse(pages.json.as_deref()?)?;
    // SNS wraps the notification as a text in `Message`.
    let inner = outer
        .get("Message")
        .and_then(Value::as_str)
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let payload = inner.as_ref().unwrap_or(&outer);
    let kind = payload
        .get("notificationType")
        .or_else(|| payload.get("eventType"))?
        .as_str()?;
    match kind {
        "Bounce" => bounce(payload.get("bounce")?, rules),
        "Complaint" => complaint(payload.get("complaint")?),
        "Delivery" => Some(Kind::Delivered),
        _ => None,
    }
}

/// Parses the first object of a text; what stands behind it is the list's footer.
fn parse(text: &str) -> Option<Value> {
    let first = |text: &str| {
        serde_json::Deserializer::from_str(text)
            .into_iter::<Value>()
            .next()?
            .ok()
    };
    // Old mailers fold long lines: `!` at the end, a blank at the next start.
    first(text).or_else(|| first(&text.replace("!\n ", "")))
}

fn bounce(bounce: &Value, rules: &Rules) -> Option<Kind> {
    let text = |value: &Value, name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let subtype = text(bounce, "bounceSubType");
    let permanent = text(bounce, "bounceType") != "Transient";
    let failed: Vec<Failed> = bounce
        .get("bouncedRecipients")?
        .as_array()?
        .iter()
        .take(FAILED_LIMIT)
        .map(|one| {
            let diagnosis = text(one, "diagnosticCode");
            let status = text(one, "status")
                .parse()
                .ok()
                .or_else(|| code::status(&diagnosis));
            let reply = code::reply(&diagnosis);
            let mut found = reason::find(rules, status, reply, &diagnosis);
            if !found.is_known() {
                found.reason = by_subtype(&subtype);
            }
            Failed {
                recipient: Some(text(one, "emailAddress"))
                    .filter(|address| address.contains('@'))
                    .map(|address| Untrusted::text(&address).up_to(254).to_string()),
                class: found.reason.class(status),
                reason: found.reason,
                status,
                reply,
                permanent,
                diagnosis: Untrusted::text(&diagnosis)
                    .up_to(DIAGNOSIS_CHARS)
                    .to_string(),
                rule: found.rule,
            }
        })
        .collect();
    (!failed.is_empty()).then_some(Kind::Bounce(failed))
}

/// Returns the reason that a bounce subtype of SES stands for.
fn by_subtype(subtype: &str) -> Reason {
    match subtype {
        "NoEmail" | "Suppressed" | "OnAccountSuppressionList" => Reason::MailboxUnknown,
        "MailboxFull" => Reason::MailboxFull,
        "MessageTooLarge" => Reason::TooLarge,
        "ContentRejected" => Reason::Content,
        "AttachmentRejected" => Reason::Virus,
        _ => Reason::Unknown,
    }
}

fn complaint(complaint: &Value) -> Option<Kind> {
    let recipient = complaint
        .get("complainedRecipients")?
        .as_array()?
        .first()?
        .get("emailAddress")?
        .as_str()?;
    let kind = complaint
        .get("complaintFeedbackType")
        .and_then(Value::as_str)
        .unwrap_or("abuse");
    Some(Kind::Feedback(Feedback {
        feedback_type: Untrusted::text(&kind.to_ascii_lowercase())
            .up_to(40)
            .to_string(),
        recipient: Some(Untrusted::text(recipient).up_to(254).to_string()),
    }))
}
