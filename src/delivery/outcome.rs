//! How a delivery ended, and where it broke.
//!
//! In: what a server, a program or the system said. Out: [`Outcome`], facts first, text last.
//! Standards: RFC 5321 §4.2 (replies), RFC 3463 (enhanced status codes).
//! Trust: the texts come from servers; they are escaped here, and cut.

use std::fmt;
use std::path::PathBuf;

use super::answer::Status;
use crate::intake::Untrusted;

/// Characters of a server's reply that are shown and kept as text.
const REPLY_CHARS: usize = 500;

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 250 after the final dot: the server has it. Not: it was read.
    Accepted {
        /// Server or program that took it.
        by: String,
        /// Its answer, escaped.
        reply: String,
    },
    /// Nothing was delivered; trying the same octets again later is safe.
    Deferred(Setback),
    /// The server refused the complaint; nothing was delivered.
    Rejected(Setback),
    /// It was handed over, and no answer came back: it may have been delivered.
    Unknown(Setback),
    /// A draft was written; nothing was sent.
    Saved {
        /// Where; empty where it was only written down (`transport = "none"`).
        path: PathBuf,
    },
}

impl Outcome {
    /// Returns what the user is told about whether something was sent, as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Accepted { by, reply } => format!("Accepted by {by} ({reply})."),
            Self::Deferred(setback) => format!("Nothing was sent: {setback}."),
            Self::Rejected(setback) => format!("Refused, and not sent: {setback}."),
            Self::Unknown(setback) => {
                format!("It may have been sent, and nobody knows: {setback}.")
            }
            Self::Saved { path } if path.as_os_str().is_empty() => {
                "Written down, nothing sent.".to_owned()
            }
            Self::Saved { path } => format!("Saved, nothing sent: {}.", path.display()),
        }
    }
}

/// Where a conversation with a server was when it broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Before anything: a password, a file, a setting.
    Prepare,
    /// Name lookup and TCP.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The server's greeting.
    Banner,
    /// EHLO.
    Ehlo,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, and the message without its end.
    Data,
    /// The dot that ends the message.
    Dot,
}

impl Stage {
    /// Every stage with its word, in the order of the way.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Prepare, "prepare"),
        (Self::Connect, "connect"),
        (Self::Tls, "tls"),
        (Self::Banner, "banner"),
        (Self::Ehlo, "ehlo"),
        (Self::StartTls, "starttls"),
        (Self::Auth, "auth"),
        (Self::Mail, "mail"),
        (Self::Rcpt, "rcpt"),
        (Self::Data, "data"),
        (Self::Dot, "dot"),
    ];

    /// Returns the stage's word, as the ledger has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(stage, _)| *stage == self)
            .map_or("", |(_, word)| word)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What went wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setback {
    /// Where.
    pub stage: Stage,
    /// Reply code, where the server gave one. RFC 5321 §4.2.
    pub code: Option<u16>,
    /// Enhanced status code, `5.1.1`, where the server gave one. RFC 3463.
    pub enhanced: Option<String>,
    /// Whether trying again as it is would end the same way: a wrong password,
    /// a certificate that is not valid. Such a complaint waits for the user.
    pub lasting: bool,
    /// Whether what came was no SMTP, or none that may stand there: this may be no mail server.
    pub garbled: bool,
    /// What happened, in words; foreign text in it is escaped and quoted.
    pub why: String,
}

impl Setback {
    /// Returns a setback without a reply.
    #[must_use]
    pub fn new(stage: Stage, why: impl Into<String>) -> Self {
        Self {
            stage,
            code: None,
            enhanced: None,
            lasting: false,
            garbled: false,
            why: why.into(),
        }
    }

    /// Marks it as a server's breach of its protocol.
    #[must_use]
    pub const fn garbled(mut self) -> Self {
        self.garbled = true;
        self
    }

    /// Returns whether a server refused this one mailbox: that says nothing of other complaints.
    ///
    /// It is the user's own server that speaks. What else it refuses, be it his
    /// address, his account or the message, is not the desk's doing.
    #[must_use]
    pub fn is_about_mailbox(&self) -> bool {
        let status = self.enhanced.as_deref().and_then(|text| text.parse().ok());
        self.stage == Stage::Rcpt && status.is_some_and(Status::is_about_recipient)
    }

    /// Marks it as one that lasts until the user changes something.
    #[must_use]
    pub const fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }
}

impl fmt::Display for Setback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// Returns a server's words, escaped and cut.
pub(super) fn shown(text: &[u8]) -> String {
    Untrusted::new(text).up_to(REPLY_CHARS).to_string()
}
