//! The same complaint for machines that read XARF, version 3, by a private person.
//!
//! In: [`Case`], one [`Call`], the [`Exhibit`]. Out: a JSON document.
//! Standards: XARF 3 (JSON Schema draft-07: `spam`, `phishing`), RFC 3339 (dates), RFC 4648 §4 (base64).
//! Trust: values come masked; the reporter is `Person` and gives no address here.
//! Limits: version 4 wants the sender's port for mail over SMTP, which nobody who received it knows; it is never invented.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::case::Case;
use super::compose::original_mail_from;
use super::desk::Call;
use super::munge::Exhibit;
use super::text::about;
use crate::evidence::Kind;

/// Returns the report.
pub(super) fn report(case: &Case<'_>, call: &Call<'_>, exhibit: &Exhibit) -> String {
    let evidence = case.material.evidence;
    // The date-time of JSON Schema is RFC 3339 §5.6.
    let date = case.arrival.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut report = json!({
        "ReportClass": "Activity",
        "ReportType": "Spam",
        "Date": date,
        "SourceIp": about(case, call).to_string(),
        "Samples": [{
            "ContentType": "message/rfc822",
            "Base64Encoded": true,
            "Description": "The mail as received, masked as the text says",
            "Payload": BASE64.encode(exhibit.exact.as_deref().unwrap_or(&exhibit.octets)),
        }],
    });
    let mut set = |name: &str, value: Value| {
        if let Some(fields) = report.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    };
    let link = evidence.links.iter().find(|link| link.is_accused());
    if evidence.kind == Kind::Phishing
        && let Some(link) = link
    {
        set("ReportClass", json!("Content"));
        set("ReportType", json!("Phishing"));
        set("SourceUrl", json!(link.url));
    } else if let Some(path) = original_mail_from(case, exhibit.hides_tokens) {
        set("SmtpMailFromAddress", json!(path.trim_matches(['<', '>'])));
    }
    set("ReporterCaseID", json!(case.material.case.reference()));
    let whole = json!({
        "Version": "3",
        "Disclosure": false,
        "ReporterInfo": { "ReporterType": "Person" },
        "Report": report,
    });
    let text = whole.to_string();
    // A link may hold the user; inside JSON it is masked like everywhere.
    let masked = super::leak::mask(text.as_bytes(), &case.forms);
    masked.map_or(text, |masked| {
        String::from_utf8_lossy(&masked.octets).into_owned()
    })
}
