//! One message as it was received, and how it came to us.
//!
//! In: the octets of one message. Out: [`Message`], or why it is none.
//! Standards: RFC 5322 §3.5 (a message is a header section and an optional body).
//! Failures: [`IntakeError`].

use std::fmt;
use std::sync::Arc;

use super::repair::{self, Repair};
use super::{Headers, LIMIT, Untrusted};

/// Where a message was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The input's name: a path, or `-` for standard input and the paste.
    pub input: String,
    /// Place of the message in its mailbox, from 0.
    pub index: usize,
    /// Offset of the message's first octet in its input.
    pub offset: u64,
}

impl Origin {
    /// Returns the origin of an input that is one message.
    #[must_use]
    pub fn single(input: impl Into<String>) -> Self {
        Self {
            input: input.into(),
            index: 0,
            offset: 0,
        }
    }

    /// Returns where the message stands, ready to be shown: `junk.mbox, message 12 (at octet 40960)`.
    ///
    /// Messages count from 0, as `plaint trace` counts them.
    #[must_use]
    pub fn place(&self) -> String {
        let input = Untrusted::text(&self.input);
        if self.offset == 0 {
            return input.to_string();
        }
        format!("{input}, message {} (at octet {})", self.index, self.offset)
    }
}

/// A message as it was received. Its octets never change.
#[derive(Clone)]
pub struct Message {
    octets: Arc<[u8]>,
    origin: Origin,
    repairs: Vec<Repair>,
}

impl Message {
    /// Returns the octets of the message, after the repairs that [`Message::repairs`] lists.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Returns where the message was read.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns what was taken off or found amiss, in the order of the way.
    #[must_use]
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// Reads the header section.
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        Headers::parse(&self.octets)
    }

    /// Returns the octets after the header section; empty for a header-only paste.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        let at = self.headers().body_at();
        self.octets.get(at..).unwrap_or_default()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("octets", &self.octets.len())
            .field("origin", &self.origin)
            .field("repairs", &self.repairs)
            .finish()
    }
}

/// Why an input is not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Nothing, or blanks only.
    #[error("the input is empty")]
    Empty,
    /// Text, but no header field at its start.
    #[error("the input has no mail headers")]
    NoHeaders,
    /// Several messages, one after another.
    #[error("this is a mailbox with {0} messages, not one message")]
    Mailbox(usize),
    /// A message of a mailbox in which another one may begin.
    #[error(
        "another message may begin in it: a line there separates messages, without an empty line before"
    )]
    Joined,
    /// More octets than [`LIMIT`].
    #[error("the message has more than {LIMIT} octets, and no more are read")]
    TooLarge,
}

/// Reads one message.
///
/// # Errors
///
/// An [`IntakeError`] where the octets are empty, hold no header field, are
/// several messages behind a separator line, or are more than [`LIMIT`].
pub fn read(octets: Vec<u8>, origin: Origin) -> Result<Message, IntakeError> {
    if octets.len() > LIMIT {
        return Err(IntakeError::TooLarge);
    }
    if octets.trim_ascii().is_empty() {
        return Err(IntakeError::Empty);
    }
    let (octets, mut repairs) = repair::unwrap(octets)?;
    let headers = Headers::parse(&octets);
    if !has_mail_fields(&headers) {
        return Err(IntakeError::NoHeaders);
    }
    repairs.extend(flaws(&headers, octets.len()));
    Ok(Message {
        octets: octets.into(),
        origin,
        repairs,
    })
}

/// Reads one message that was attached to another.
///
/// # Errors
///
/// As [`read`].
pub fn attached(octets: Vec<u8>, origin: Origin) -> Result<Message, IntakeError> {
    let mut message = read(octets, origin)?;
    message.repairs.insert(0, Repair::Attached);
    Ok(message)
}

/// Returns what is amiss in a header section of a message of so many octets.
#[must_use]
pub fn flaws(headers: &Headers<'_>, octets: usize) -> Vec<Repair> {
    let mut flaws = Vec::new();
    if headers.is_cut() {
        flaws.push(Repair::HeaderCut);
    }
    if !headers.ended_by_blank() && headers.body_at() < octets {
        flaws.push(Repair::NoBlankLine);
    }
    flaws
}

/// Returns whether a header section has fields as mail has them.
///
/// A text that merely begins with `Note: …` is not a message: one of the
/// fields of RFC 5322 §3.6, or two fields of any name, must be there.
#[must_use]
pub fn has_mail_fields(headers: &Headers<'_>) -> bool {
    const KNOWN: [&str; 9] = [
        "Received",
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Return-Path",
        "Delivered-To",
        "Reply-To",
    ];
    headers.fields().len() > 1
        || headers
            .fields()
            .iter()
            .any(|field| KNOWN.iter().any(|name| field.is(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Message, IntakeError> {
        read(text.as_bytes().to_vec(), Origin::single("-"))
    }

    #[test]
    fn a_message_keeps_its_octets() {
        let text = "Subject: x\r\n\r\nbo\0dy\r\n";
        let message = of(text).unwrap();
        assert_eq!(message.octets(), text.as_bytes());
        assert_eq!(message.body(), b"bo\0dy\r\n");
    }

    #[test]
    fn what_is_no_message_is_said_to_be_none() {
        assert_eq!(of("").unwrap_err(), IntakeError::Empty);
        assert_eq!(of(" \r\n\n").unwrap_err(), IntakeError::Empty);
        assert_eq!(
            of("Dear Sir,\n\nhello\n").unwrap_err(),
            IntakeError::NoHeaders
        );
        assert_eq!(of("Note: buy milk\n").unwrap_err(), IntakeError::NoHeaders);
        let large = vec![b'x'; LIMIT + 1];
        let error = read(large, Origin::single("-")).unwrap_err();
        // How many there are nobody counted: reading stopped.
        assert_eq!(
            error.to_string(),
            "the message has more than 26214400 octets, and no more are read"
        );
    }

    #[test]
    fn a_message_of_a_mailbox_is_found_again_by_its_place() {
        let mut origin = Origin::single("junk.mbox");
        assert_eq!(origin.place(), "junk.mbox");
        (origin.index, origin.offset) = (12, 40_960);
        assert_eq!(origin.place(), "junk.mbox, message 12 (at octet 40960)");
    }

    #[test]
    fn what_is_amiss_is_noted() {
        let message = of("Subject: x\nFrom: a@example.org\nhello world\n").unwrap();
        assert_eq!(message.repairs(), [Repair::NoBlankLine]);
    }
}
