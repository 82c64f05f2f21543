//! Why a mail was not delivered: from codes and words.
//!
//! In: status code, reply code, diagnosis, rules. Out: [`Reason`] with its rule, [`Class`].
//! Standards: RFC 3463 §3 (what codes mean), RFC 5321 §4.2.3 (what replies mean).
//! Trust: hostile text, on one line and bounded by the caller.

use serde::{Deserialize, Serialize};

use super::Status;
use crate::rules::{Reason, Rules};

/// What a failure means for the next mail to the same mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Mailbox or domain are not there: writing again is useless.
    Hard,
    /// The mailbox may be there; what stood in the way may pass.
    Soft,
    /// The server did not want this mail, or mail from there.
    Policy,
}

impl Reason {
    /// Returns what the reason means for the next mail.
    #[must_use]
    pub const fn class(self, status: Option<Status>) -> Class {
        match self {
            Self::MailboxUnknown | Self::MailboxMoved | Self::HostUnknown => Class::Hard,
            // RFC 7505 §4: a null MX is for good; a server that takes none just now is not.
            Self::NoMailHere => match status {
                Some(Status { class: 4, .. }) => Class::Soft,
                _ => Class::Hard,
            },
            Self::RecipientRefused
            | Self::Relaying
            | Self::Spam
            | Self::Virus
            | Self::Blocked
            | Self::SenderRefused
            | Self::Authentication
            | Self::Content
            | Self::Policy => Class::Policy,
            Self::MailboxDisabled
            | Self::MailboxFull
            | Self::TooLarge
            | Self::Greylisted
            | Self::TooMany
            | Self::Expired
            | Self::Network
            | Self::System
            | Self::Program
            | Self::Protocol
            | Self::Unknown => Class::Soft,
        }
    }

    /// Returns the stable name that `--json` shows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MailboxUnknown => "mailbox-unknown",
            Self::MailboxMoved => "mailbox-moved",
            Self::MailboxDisabled => "mailbox-disabled",
            Self::MailboxFull => "mailbox-full",
            Self::RecipientRefused => "recipient-refused",
            Self::HostUnknown => "host-unknown",
            Self::NoMailHere => "no-mail-here",
            Self::Relaying => "relaying",
            Self::TooLarge => "too-large",
            Self::Spam => "spam",
            Self::Virus => "virus",
            Self::Blocked => "blocked",
            Self::SenderRefused => "sender-refused",
            Self::Authentication => "authentication",
            Self::Content => "content",
            Self::Policy => "policy",
            Self::Greylisted => "greylisted",
            Self::TooMany => "too-many",
            Self::Expired => "expired",
            Self::Network => "network",
            Self::System => "system",
            Self::Program => "program",
            Self::Protocol => "protocol",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the reason as the end of "the mail came back: …".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::MailboxUnknown => "there is no such mailbox",
            Self::MailboxMoved => "the mailbox has moved",
            Self::MailboxDisabled => "the mailbox is switched off",
            Self::MailboxFull => "the mailbox is full",
            Self::RecipientRefused => "the recipient's own settings refuse it",
            Self::HostUnknown => "there is no such domain or host",
            Self::NoMailHere => "the domain takes no mail",
            Self::Relaying => "the server takes no mail for this domain",
            Self::TooLarge => "the message is too large",
            Self::Spam => "it was taken for spam",
            Self::Virus => "it was taken for malware",
            Self::Blocked => "the server that sent it is blocked",
            Self::SenderRefused => "its sender is not wanted",
            Self::Authentication => "SPF, DKIM, DMARC, TLS or a password failed",
            Self::Content => "its form was not accepted",
            Self::Policy => "a rule of the server refuses it",
            Self::Greylisted => "the server wants it to be tried again later",
            Self::TooMany => "too much mail in a short time",
            Self::Expired => "it was tried for long, and given up",
            Self::Network => "the way there is broken",
            Self::System => "the server there has a fault",
            Self::Program => "the program that takes the mail failed",
            Self::Protocol => "the servers did not understand each other",
            Self::Unknown => "it does not say why in words that are known",
        }
    }
}

/// A reason, and the rule that found it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) reason: Reason,
    pub(super) rule: String,
    /// Code that the words stand for, if they were what told.
    pub(super) stands_for: Option<Status>,
}

impl Found {
    pub(super) fn nothing() -> Self {
        Self {
            reason: Reason::Unknown,
            rule: String::new(),
            stands_for: None,
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.reason != Reason::Unknown
    }
}

/// Finds the reason in codes and words.
///
/// Words go before codes: servers say "user unknown" with 5.7.1, and "listed
/// at" with 5.1.1. Weak words go after a code that says something, and all
/// words after a code that is used for one thing only.
pub(super) fn find(
    rules: &Rules,
    status: Option<Status>,
    reply: Option<u16>,
    diagnosis: &str,
) -> Found {
    let words = rules.replies.words.first(diagnosis);
    let by_words = words.map(|rule| Found {
        reason: rule.reason.unwrap_or(Reason::Unknown),
        rule: rule.id.clone(),
        stands_for: rule.status.as_deref().and_then(|text| text.parse().ok()),
    });
    let mut is_firm = false;
    let by_status = status.and_then(|status| {
        let rule = rules.replies.statuses.first(&status.to_string())?;
        is_firm = rule.firm;
        Some(Found {
            reason: rule.reason?,
            rule: rule.id.clone(),
            stands_for: None,
        })
    });
    match (by_words, by_status) {
        (Some(words), Some(code)) => {
            let is_weak = rules
                .replies
                .words
                .rules()
                .any(|rule| rule.weak && rule.id == words.rule);
            // RFC 3463 §3.2: X.1.7 and X.1.8 are about the sender's address, so
            // what the words call unknown is his domain, not the recipient's.
            let about_sender =
                code.reason == Reason::SenderRefused && words.reason.class(status) == Class::Hard;
            // RFC 3463 §3.5: X.4.1 is silence; who answered with 5yz was not silent.
            let contradicted = code.reason == Reason::Expired && matches!(reply, Some(500..=599));
            if is_firm || about_sender || (is_weak && !contradicted) {
                code
            } else {
                words
            }
        }
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => by_reply(reply),
    }
}

/// Finds the reason in a reply code alone.
fn by_reply(reply: Option<u16>) -> Found {
    // RFC 5321 §4.2.2: the codes that say something by themselves.
    let reason = match reply {
        Some(551) => Reason::MailboxMoved,
        Some(552) => Reason::MailboxFull,
        Some(553) => Reason::MailboxUnknown,
        Some(452) => Reason::System,
        Some(421 | 450 | 451) => Reason::System,
        Some(500..=504) => Reason::Protocol,
        Some(530 | 535) => Reason::Authentication,
        Some(521 | 556) => Reason::NoMailHere,
        _ => return Found::nothing(),
    };
    Found {
        reason,
        rule: "RFC 5321".to_owned(),
        stands_for: None,
    }
}
