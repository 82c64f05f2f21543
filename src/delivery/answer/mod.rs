//! Reads what comes back: bounces, automatic answers, and what desks write.
//!
//! In: one [`Message`] that the user received, rules. Out: [`Answer`]. Pure: no DNS, no clock, no ledger.
//! Standards: RFC 3464 (delivery reports), RFC 3463 (status codes), RFC 3834
//! (automatic answers), RFC 5965 (feedback reports), RFC 8098 (read receipts).
//! Trust: all of it is hostile. Anybody can write a bounce, so nothing is
//! believed here: [`References`] says which complaint the answer speaks of,
//! and only the ledger can tell whether there is one. Mailboxes and links in
//! it are proposals for the user, never used by themselves.
//! Failures: never fails; what is not understood is [`Kind::Human`] or [`Kind::NotAnAnswer`].
//! Limits: wording rules know some languages only; a bounce without any code
//! and in none of these comes out with [`Reason::Unknown`].

use jiff::Timestamp;
use serde::Serialize;

use crate::contact::AbuseMailbox;
use crate::intake::{Message, Untrusted};
use crate::rules::Rules;

// the parts of the message that say something
mod pages;
use pages::Pages;

// RFC 3463 codes and SMTP reply codes, wherever they stand
mod code;
pub use code::Status;

// codes and words → why
mod reason;
pub use crate::rules::Reason;
pub use reason::Class;

// the fields of a delivery report
mod report;

// bounces that are only text
mod narrative;

// notifications that are no mail: Amazon SES
mod notification;

// feedback reports that reach us
mod feedback;

// Message-IDs, case references and recipients for the ledger
mod references;
pub use references::References;

// what people and ticket systems say
mod wording;
pub use wording::Pointers;

/// Weight from which a message without a delivery report is a bounce: one
/// strong sign and another, whatever it is.
const BOUNCE_WEIGHT: u32 = 3;

/// Weight from which a message was sent by a program.
const AUTOMATIC_WEIGHT: u32 = 2;

/// Failed recipients that are kept of one bounce; ours have one.
const FAILED_LIMIT: usize = 100;

/// Characters of a diagnosis that are kept: a reply of several lines fits.
const DIAGNOSIS_CHARS: usize = 1_000;

/// What an answer is, says and points to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// What it is.
    pub kind: Kind,
    /// Whether a program wrote it.
    pub automatic: bool,
    /// Number that the desk gave the complaint: printable, at most 60 characters.
    pub ticket: Option<String>,
    /// Where it points to: proposals, nothing that is used by itself.
    pub points_to: Pointers,
    /// What it refers to; without a match in the ledger it is about nothing of ours.
    pub references: References,
    /// Its `Date`: a claim.
    pub when: Option<Timestamp>,
    /// Its `From`, escaped.
    pub from: String,
    /// The mailbox in its `From`, if it is one that could be written to.
    pub from_mailbox: Option<AbuseMailbox>,
    /// What it says, in a sentence for the user; foreign words in it are escaped.
    pub says: String,
    /// Rule that recognised it; the name of the standard where a standard's part did.
    pub rule: String,
}

/// What a message that came back is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A mail system says that it did not deliver, or not yet; at least one entry.
    Bounce(Vec<Failed>),
    /// A mail system says that it delivered or passed on. RFC 3464 §2.3.3.
    Delivered,
    /// A feedback report about a mail of ours, RFC 5965: somebody took it for spam.
    Feedback(Feedback),
    /// A receipt: the mail was displayed, or deleted. RFC 8098.
    Receipt,
    /// A program answered: received, ticket, out of office.
    Automatic,
    /// The sender shall prove that he is a person.
    Challenge,
    /// Reports are to be put into a form; [`Pointers::form`] has it where it is named.
    UseForm,
    /// Not in their network; [`Pointers`] has where they point to.
    NotOurs,
    /// They acted, or say so.
    Resolved,
    /// They want the message with nothing hidden.
    RefusesMunged,
    /// The mailbox is not in use; [`Pointers::mailbox`] has the new one.
    Moved,
    /// Anything else that somebody wrote.
    Human,
    /// No sign that it answers anything.
    NotAnAnswer,
}

impl Kind {
    /// Returns the stable name that `--json` and the ledger show.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bounce(_) => "bounce",
            Self::Delivered => "delivered",
            Self::Feedback(_) => "feedback",
            Self::Receipt => "receipt",
            Self::Automatic => "automatic",
            Self::Challenge => "challenge",
            Self::UseForm => "use-form",
            Self::NotOurs => "not-ours",
            Self::Resolved => "resolved",
            Self::RefusesMunged => "refuses-munged",
            Self::Moved => "moved",
            Self::Human => "human",
            Self::NotAnAnswer => "not-an-answer",
        }
    }
}

/// One recipient that a mail did not reach.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failed {
    /// Who did not get it, escaped; `None` where the bounce does not say.
    pub recipient: Option<String>,
    /// Why.
    pub reason: Reason,
    /// What that means for the next mail.
    pub class: Class,
    /// RFC 3463 code: as reported, or the one that the reason stands for.
    pub status: Option<Status>,
    /// SMTP reply code, 400 to 599.
    pub reply: Option<u16>,
    /// Whether trying again is useless by itself: it was given up, not delayed.
    pub permanent: bool,
    /// What the server said, on one line, escaped, at most 1,000 characters; empty where it is not quoted.
    pub diagnosis: String,
    /// Rule that found the reason.
    pub rule: String,
}

/// A feedback report about a mail of ours. RFC 5965.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feedback {
    /// Feedback-Type, lower case, escaped.
    pub feedback_type: String,
    /// Original-Rcpt-To, or whom the returned message was for; escaped.
    pub recipient: Option<String>,
}

/// Reads one message that came back.
#[must_use]
pub fn read(message: &Message, rules: &Rules) -> Answer {
    let pages = Pages::of(message, rules);
    let mut points_to = Pointers::default();
    let (kind, rule) = judge(&pages, rules, &mut points_to);
    let automatic = match &kind {
        Kind::Human | Kind::NotAnAnswer => false,
        Kind::UseForm | Kind::NotOurs | Kind::Resolved | Kind::RefusesMunged | Kind::Moved => {
            wording::automatic(&pages, rules).is_some()
        }
        _ => true,
    };
    let ticket = match &kind {
        Kind::Bounce(_) | Kind::NotAnAnswer | Kind::Delivered => None,
        _ => wording::ticket(&pages, rules),
    };
    let failed: &[Failed] = match &kind {
        Kind::Bounce(failed) => failed,
        _ => &[],
    };
    Answer {
        says: wording::sentence(&kind, ticket.as_deref(), &points_to),
        references: References::collect(&pages, failed),
        when: pages.when,
        from: Untrusted::text(&pages.from).up_to(200).to_string(),
        from_mailbox: pages
            .from_address
            .as_deref()
            .and_then(|address| AbuseMailbox::try_from(address).ok()),
        kind,
        automatic,
        ticket,
        points_to,
        rule,
    }
}

/// Decides what the message is, narrowest first.
fn judge(pages: &Pages, rules: &Rules, points_to: &mut Pointers) -> (Kind, String) {
    if let Some(kind) = feedback::read(pages) {
        return (kind, "RFC 5965".to_owned());
    }
    if let Some(kind) = notification::read(pages, rules) {
        return (kind, "replies-notification-ses".to_owned());
    }
    if let Some((kind, rule)) = report::read(pages, rules) {
        wording::pointers(pages, rules, points_to);
        return (kind, rule);
    }
    // RFC 8098 §3: a receipt has a disposition-notification part.
    if pages.disposition {
        return (Kind::Receipt, "RFC 8098".to_owned());
    }
    if let Some((kind, rule)) = narrative::read(pages, rules) {
        wording::pointers(pages, rules, points_to);
        return (kind, rule);
    }
    wording::read(pages, rules, points_to)
}
