//! Asks once what only the user can know about a newsletter: whether he asked for it.
//!
//! In: [`Way`], the ledger. Out: the user's answer, with its date, ready to be quoted as his.
//! Failures: without a terminal there is no answer, and the text claims none.

use super::Session;
use super::input::no_answer;
use super::way::Way;
use crate::complaint::{Answer, Says};
use crate::evidence::Kind;
use crate::failure::Failure;
use crate::ledger::Ledger;

/// The word under which the ledger remembers the answer.
const WORD: &str = "newsletter";

/// Returns what the user says about a newsletter; `None` where nothing is known, or it is none.
///
/// # Errors
///
/// A [`Failure`] where he gave up.
pub(super) fn answer(
    session: &mut Session,
    ledger: &mut Ledger,
    way: &Way,
) -> Result<Option<Answer>, Failure> {
    if !is_newsletter(way) {
        return Ok(None);
    }
    let Some(subject) = subject(way) else {
        return Ok(None);
    };
    if let Some(before) = ledger.remembered(WORD, &subject)? {
        // An answer of another version is asked for again.
        if let Ok(answer) = serde_json::from_str(&before.answer) {
            return Ok(Some(answer));
        }
    }
    if !session.asker.can_ask() {
        return Ok(None);
    }
    let says = ask(session)?;
    let now = session.now();
    let answer = Answer {
        says,
        on: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
    };
    let kept = serde_json::to_string(&answer).map_err(|e| Failure::bug(e.to_string()))?;
    ledger.remember(WORD, &subject, &kept, now)?;
    if answer.says == Says::OnceSignedUp {
        session.term.status(&opt_out(way));
    }
    Ok(Some(answer))
}

/// Returns whether the message is list-like mail of a sender that has a name.
fn is_newsletter(way: &Way) -> bool {
    let evidence = &way.evidence;
    evidence.kind == Kind::Newsletter || evidence.esp.is_some() || evidence.unsubscribe.is_some()
}

/// Returns what the answer is about: the customer of the mail service, or the author's domain.
fn subject(way: &Way) -> Option<String> {
    if let Some(esp) = &way.evidence.esp
        && let Some(customer) = &esp.customer
    {
        return Some(format!("{}/{customer}", esp.name));
    }
    let headers = way.message.headers();
    let author = headers.first("From")?.text().into_owned();
    let (_, domain) = author.rsplit_once('@')?;
    Some(domain.trim_end_matches('>').trim().to_lowercase())
}

fn ask(session: &mut Session) -> Result<Says, Failure> {
    let rows = [
        "I never asked for it".to_owned(),
        "I unsubscribed, and it goes on".to_owned(),
        "I once signed up".to_owned(),
        "I don't know".to_owned(),
    ];
    let chosen = session
        .asker
        .one_of(
            "This looks like a newsletter. What can you say about it?",
            &rows,
        )
        .map_err(|e| no_answer(&e))?;
    Ok(match chosen {
        0 => Says::NeverAsked,
        1 => Says::Unsubscribed {
            when: session
                .asker
                .line(
                    "When did you unsubscribe? (a date, or a few words)",
                    Some("some time ago"),
                )
                .map_err(|e| no_answer(&e))?,
        },
        2 => Says::OnceSignedUp,
        _ => Says::Unknown,
    })
}

/// Returns how the user can sign off, as the mail itself says.
fn opt_out(way: &Way) -> String {
    let targets = way
        .evidence
        .unsubscribe
        .as_ref()
        .map_or_else(String::new, |found| {
            found
                .targets
                .iter()
                .map(|target| format!("\n  {}", crate::intake::Untrusted::text(target)))
                .collect()
        });
    format!(
        "Mail that you signed up for is no spam; this is how it says you can sign off:{targets}"
    )
}
