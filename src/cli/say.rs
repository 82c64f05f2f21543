//! What the user is told about a trace, in plain sentences.
//!
//! In: [`Trace`], the holder of the network. Out: sentences, safe to show.
//! Trust: foreign names are escaped here.

use jiff::Timestamp;

use crate::evidence::{Evidence, Kind};
use crate::intake::Untrusted;
use crate::trace::{Hop, HopTrust, Nature, SourceKind, Trace};

/// Characters of a foreign name in a sentence.
const NAME_CHARS: usize = 60;

/// Returns where a message came from, in one sentence.
pub(super) fn source(trace: &Trace, holder: Option<&str>) -> String {
    match trace.set_aside() {
        Some(Nature::Backscatter) => {
            return "This is a bounce or an automatic answer to a mail that you did not write: its server is not the spammer, and there is nothing to report.".to_owned();
        }
        Some(Nature::List) => {
            return "This came through a mailing list that you are on: its server is not the spammer, and there is nothing to report.".to_owned();
        }
        Some(Nature::Mail) | None => {}
    }
    let Some(source) = &trace.source else {
        if trace.hops.is_empty() {
            return "This mail has no Received lines, by which each server says where it had it from: it was probably copied without its headers.".to_owned();
        }
        let nobody =
            "No server of yours wrote down where this came from: there is nothing to report.";
        let mut hops = trace.hops.iter();
        let why = hops.find(|hop| hop.trust == HopTrust::Unread);
        return match why {
            Some(hop) => format!("{nobody} {}.", Untrusted::text(&hop.why)),
            None => nobody.to_owned(),
        };
    };
    let holder = holder.map_or(String::new(), |name| {
        format!(" ({})", Untrusted::text(name).up_to(NAME_CHARS))
    });
    let hop = trace.hops.iter().find(|hop| hop.field == source.field);
    let when = hop
        .and_then(|hop| hop.date)
        .map_or(String::new(), |date| format!(", {}", utc(date)));
    let recorder = hop.and_then(|hop| hop.by.as_deref()).map_or_else(
        || "your provider".to_owned(),
        |by| Untrusted::text(by).up_to(NAME_CHARS).to_string(),
    );
    let how = match source.kind {
        SourceKind::Direct => "Came from",
        SourceKind::Authenticated => "Was submitted with a password from",
        SourceKind::Webmail => "Was written at a webmail page from",
        SourceKind::Local => "Was made on",
    };
    format!(
        "{how} {}{holder}{when}, as recorded by {recorder}.",
        source.addr
    )
}

/// Returns what a message is called and why, in one sentence; nothing where it is plain spam.
pub(super) fn kind(evidence: &Evidence) -> Option<String> {
    if evidence.kind == Kind::Spam {
        return None;
    }
    let why = evidence.kind_why.first().map_or("", String::as_str);
    let word = evidence.kind.word();
    Some(format!("It is called {word} ({}).", Untrusted::text(why)))
}

/// Returns a time as it stands in sentences: `21 Nov 2026 21:28 UTC`.
pub(super) fn utc(time: Timestamp) -> String {
    time.strftime("%-d %b %Y %H:%M UTC").to_string()
}

/// Returns the hop where the message came in, if there is one.
pub(super) fn boundary(trace: &Trace) -> Option<&Hop> {
    let source = trace.source.as_ref()?;
    trace.hops.iter().find(|hop| hop.field == source.field)
}
