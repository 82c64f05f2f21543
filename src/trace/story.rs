//! Tells a trace in words that a user understands.
//!
//! In: [`Trace`]. Out: sentences, ready to be shown.
//! Trust: foreign text is escaped here, by [`Untrusted`]; claims are worded as claims.

use super::{Asks, Auth, Confidence, Hop, HopTrust, Nature, Question, SourceKind, Trace};
use crate::intake::Untrusted;

/// Says in one or a few sentences where the message came from.
#[must_use]
pub fn sentences(trace: &Trace) -> Vec<String> {
    let mut said = Vec::new();
    match trace.nature {
        Nature::Backscatter => said.push(
            "This is a bounce or an automatic answer to a sender address that was forged: its server is not the spammer."
                .to_owned(),
        ),
        Nature::List if trace.set_aside().is_none() => said.push(
            "This came over a mailing list of a host that you named; whoever sent it to the list is meant.".to_owned(),
        ),
        Nature::List => said.push(
            "This came over a mailing list: the list's server is not the spammer.".to_owned(),
        ),
        Nature::Mail => {}
    }
    match &trace.source {
        Some(source) => {
            let boundary = trace.hops.get(source.field);
            said.push(came_from(trace, boundary));
            if !source.reportable {
                let why = as_sentence(&source.why);
                said.push(format!("No complaint is offered. {why}"));
            }
        }
        None => {
            let why = trace
                .hops
                .iter()
                .rfind(|hop| {
                    matches!(
                        hop.trust,
                        HopTrust::Unread | HopTrust::Internal | HopTrust::Local
                    )
                })
                .map_or("the message has no Received field", |hop| hop.why.as_str());
            said.push(format!(
                "Nothing tells where this came from: {}",
                ended(why)
            ));
            if let Some(question) = &trace.question {
                said.push(ended(&question.text));
            }
        }
    }
    if let Some(question) = &trace.question {
        said.push(answer(question));
    }
    if let (Some(source), Some(origin)) = (&trace.source, &trace.origin)
        && origin.field != source.field
    {
        said.push(match origin.confidence {
            Confidence::Corroborated => {
                format!("Behind it stands {}: {}", origin.addr, ended(&origin.why))
            }
            _ => format!(
                "Further back it claims to come from {}: {}",
                origin.addr,
                ended(&origin.why)
            ),
        });
    }
    said
}

/// What is said where no answer can be remembered.
pub const NO_NAME: &str =
    "No setting can hold a host under that name: the question stays open, and nothing is reported";

/// Says how a question is answered.
fn answer(question: &Question) -> String {
    if !question.can_be_kept() {
        return ended(NO_NAME);
    }
    let host = Untrusted::text(&question.host);
    match question.asks {
        Asks::OwnHost => format!(
            "If so, say `--trust {host}`, or let `plaint setup trust FILE` learn your own hosts from mail that you wanted."
        ),
        Asks::OwnForwarder | Asks::LocalPrograms => format!(
            "If so, add `{host}` to `{}` under `[trust]` in the settings; `plaint report` on a terminal asks, and adds it.",
            question.asks.key()
        ),
    }
}

fn came_from(trace: &Trace, boundary: Option<&Hop>) -> String {
    let Some((source, hop)) = trace.source.as_ref().zip(boundary) else {
        return String::new();
    };
    let name = match (&hop.rdns, &hop.helo) {
        (Some(rdns), _) => format!(" (`{}`)", Untrusted::text(rdns).up_to(100)),
        (None, Some(helo)) => format!(
            " (which called itself `{}`)",
            Untrusted::text(helo).up_to(100)
        ),
        (None, None) => String::new(),
    };
    let time = hop.date.map_or_else(String::new, |date| {
        date.strftime(", %H:%M UTC on %-d %B %Y").to_string()
    });
    let by = hop.by.as_deref().map_or_else(
        || "your provider".to_owned(),
        |by| format!("`{}`", Untrusted::text(by).up_to(100)),
    );
    let how = match (source.kind, &hop.auth) {
        (SourceKind::Authenticated, Some(Auth::Account(account))) => {
            format!(
                ", with the password of `{}`",
                Untrusted::text(account).up_to(100)
            )
        }
        (SourceKind::Authenticated, _) => ", with a password".to_owned(),
        (SourceKind::Webmail, _) => ", by a web page".to_owned(),
        _ => String::new(),
    };
    format!(
        "Came from {}{name}{time}{how}, as recorded by {by}.",
        source.addr
    )
}

/// Tells the whole way, top to bottom: one entry for each Received field, then what own hosts attested.
#[must_use]
pub fn explain(trace: &Trace) -> Vec<String> {
    let mut told: Vec<String> = trace
        .hops
        .iter()
        .map(|hop| {
            format!(
                "{}. {}: {}",
                hop.field + 1,
                verdict(hop.trust),
                as_sentence(&hop.why)
            )
        })
        .collect();
    for attestation in &trace.attestations {
        told.push(format!(
            "`{}` attests in {}: {}",
            Untrusted::text(&attestation.writer).up_to(100),
            attestation.field,
            Untrusted::text(&attestation.text)
        ));
    }
    for forwarder in &trace.forwarders {
        told.push(format!(
            "Perhaps your own forwarder: {}",
            ended(&forwarder.why)
        ));
    }
    if let Some(question) = &trace.question {
        told.push(format!("Open question: {}", ended(&question.text)));
    }
    told
}

/// Returns what may be believed of a field, in a word or two.
#[must_use]
pub const fn verdict(trust: HopTrust) -> &'static str {
    match trust {
        HopTrust::Internal => "inside",
        HopTrust::Boundary => "boundary",
        HopTrust::Corroborated => "vouched for",
        HopTrust::Claimed => "claimed",
        HopTrust::Contradicted => "contradicted",
        HopTrust::Unread => "unread",
        HopTrust::Local => "local",
    }
}

/// Returns a reason as a sentence of its own.
#[must_use]
pub fn as_sentence(why: &str) -> String {
    ended(&capital(why))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Returns a sentence with its end.
fn ended(text: &str) -> String {
    if text.ends_with(['.', '?', '!']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}
