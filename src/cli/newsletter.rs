//! Asks once what only the user can know about a newsletter: whether he asked for it.
//!
//! In: [`Way`], the ledger. Out: the user's answer, with its date, ready to be quoted as his.
//! Failures: without a terminal there is no answer, and the text claims none.

use super::Session;
use super::input::no_answer;
use super::way::Way;
use crate::complaint::{Answer, Says};
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
    if !way.evidence.may_be_wanted() {
        return Ok(None);
    }
    let Some(subject) = subject(way) else {
        return Ok(None);
    };
    let before = remembered(ledger, way)?;
    // Who once signed up may have unsubscribed since, and the mail goes on.
    let may_have_changed =
        |before: &Answer| matches!(before.says, Says::OnceSignedUp | Says::Unknown);
    if let Some(before) = &before {
        session.term.status(&format!(
            "On {} you said of this sender: \"{}\".",
            before.on,
            said(&before.says)
        ));
    }
    if !session.asker.can_ask() {
        return Ok(before);
    }
    if let Some(before) = before.as_ref().filter(|before| !may_have_changed(before)) {
        let holds = session
            .ask()
            .agrees("Is that still so?")
            .map_err(|e| no_answer(&e))?;
        if holds {
            return Ok(Some(before.clone()));
        }
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

/// Returns what the user said before about a newsletter, where he is not asked now.
///
/// Who once signed up must not find the complaint ticked in `plaint review`.
pub(super) fn remembered(ledger: &Ledger, way: &Way) -> Result<Option<Answer>, Failure> {
    let Some(subject) = subject(way).filter(|_| way.evidence.may_be_wanted()) else {
        return Ok(None);
    };
    let before = ledger.remembered(WORD, &subject)?;
    // An answer of another version is asked for again.
    Ok(before.and_then(|before| serde_json::from_str(&before.answer).ok()))
}

/// Returns what the answer is about: the customer of the mail service, or the author's address.
fn subject(way: &Way) -> Option<String> {
    if let Some(esp) = &way.evidence.esp
        && let Some(customer) = &esp.customer
    {
        return Some(format!("{}/{customer}", esp.name));
    }
    let headers = way.message.headers();
    // The whole address, not its domain: what is said of one author at a large provider holds for no other.
    let author = headers.first("From")?.text().into_owned();
    let mut finder = linkify::LinkFinder::new();
    finder.kinds(&[linkify::LinkKind::Email]);
    let mailbox = finder.links(&author).last()?;
    Some(mailbox.as_str().to_lowercase())
}

/// What can be said of a newsletter, in the order in which it is offered.
const ANSWERS: [&str; 4] = [
    "I never asked for it",
    "I unsubscribed, and it goes on",
    "I once signed up",
    "I don't know",
];

/// Returns an answer as it was offered.
const fn said(says: &Says) -> &'static str {
    let [never, unsubscribed, once, unknown] = ANSWERS;
    match says {
        Says::NeverAsked => never,
        Says::Unsubscribed { .. } => unsubscribed,
        Says::OnceSignedUp => once,
        Says::Unknown => unknown,
    }
}

fn ask(session: &mut Session) -> Result<Says, Failure> {
    let rows = ANSWERS.map(str::to_owned);
    let chosen = session
        .ask()
        .named_of(
            "This looks like a newsletter. What can you say about it?",
            &rows,
        )
        .map_err(|e| no_answer(&e))?;
    Ok(match chosen {
        0 => Says::NeverAsked,
        1 => Says::Unsubscribed {
            when: session
                .ask()
                .line(
                    "When did you unsubscribe? (a date, or a few words; Enter leaves it out)",
                    None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{self, Origin};
    use crate::rules::Rules;
    use crate::trace::{self, Trust};

    #[test]
    fn an_answer_given_once_is_known_where_nothing_is_asked() {
        let octets = b"Received: from mx.shop.example (mx.shop.example [192.0.2.7])\r\n\tby mail.example.org (Postfix) with ESMTP id 1; Sat, 21 Nov 2026 10:00:00 +0000\r\nFrom: News <news@shop.example>\r\nList-Unsubscribe: <https://shop.example/u>\r\nSubject: x\r\n\r\nhi\r\n";
        let rules = Rules::builtin();
        let message = intake::read(octets.to_vec(), Origin::single("x")).unwrap();
        let trace = trace::follow(&message.headers(), &Trust::default(), &rules);
        let evidence = crate::evidence::gather(&message, &trace, &[], &rules);
        let way = Way {
            message,
            trace,
            evidence,
            found: Vec::new(),
            named: Vec::new(),
        };
        let folder = tempfile::tempdir().unwrap();
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("ledger.db"), now).unwrap();
        assert_eq!(remembered(&ledger, &way).unwrap(), None);
        let said = Answer {
            says: Says::OnceSignedUp,
            on: "2026-11-20".parse().unwrap(),
        };
        let kept = serde_json::to_string(&said).unwrap();
        let about = subject(&way).unwrap();
        ledger.remember(WORD, &about, &kept, now).unwrap();
        assert_eq!(remembered(&ledger, &way).unwrap(), Some(said));
    }
}
