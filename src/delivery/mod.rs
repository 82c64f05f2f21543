//! Hands an approved complaint to a mail server, and says how that ended.
//!
//! In: [`Approved`], a [`Transport`], a [`Journal`]. Out: [`Outcome`].
//! Standards: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 (implicit TLS), RFC 4954 (AUTH).
//! Trust: replies are hostile; they are bounded, and escaped before they are shown.
//! Failures: every end is an [`Outcome`]; one that cannot be known is [`Outcome::Unknown`].

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 2yz after the final dot: the server has it. Not: it was read.
    Accepted {
        /// The server's answer.
        reply: String,
    },
    /// Nothing was delivered; trying again later is safe.
    Deferred {
        /// Why.
        why: String,
    },
    /// The server refused; nothing was delivered.
    Rejected {
        /// Its answer.
        why: String,
    },
    /// The final dot went out, and no answer came back.
    Unknown {
        /// What was seen.
        why: String,
    },
    /// A draft was written; nothing was sent.
    Saved {
        /// Where.
        path: std::path::PathBuf,
    },
}
