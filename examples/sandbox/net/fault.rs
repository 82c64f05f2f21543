//! The wrong answers that a server gives on request.
//!
//! In: a [`Fault`] and the proper answer. Out: what goes over the wire instead.

use std::io::{self, Read, Write};
use std::time::Duration;

/// How a server answers wrongly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answers this instead: a reply line (SMTP), a status line (HTTP), a text (WHOIS), a code's name (DNS).
    Answer(String),
    /// Closes without an answer.
    Drop,
    /// Gives half of the proper answer, then closes.
    Cut,
    /// Gives the proper answer after this time.
    Slow(Duration),
    /// Never answers, and keeps the connection.
    Hang,
    /// Answers octets that no protocol knows, an escape sequence among them.
    Garbage,
    /// Answers without an end.
    Endless,
    /// SMTP, after the final dot: keeps the message, and closes without an answer.
    KeepThenDrop,
    /// SMTP, after the final dot: keeps the message, and never answers.
    KeepThenHang,
}

/// Octets that no protocol knows; a terminal that took them as they are would turn red.
pub(crate) const GARBAGE: &[u8] = b"\x00\xff\x1b[31mnonsense\x1b]52;c;eA==\x07\r\n";

impl Fault {
    /// Writes what the fault makes of the proper answer; returns whether the conversation goes on.
    ///
    /// An [`Fault::Answer`] is the protocol's own business, and comes as `proper`.
    pub(crate) fn spoil<S: Read + Write>(&self, wire: &mut S, proper: &[u8]) -> io::Result<bool> {
        match self {
            Self::Answer(_) => wire.write_all(proper)?,
            Self::Drop | Self::KeepThenDrop => return Ok(false),
            Self::Cut => {
                wire.write_all(proper.get(..proper.len() / 2).unwrap_or_default())?;
                wire.flush()?;
                return Ok(false);
            }
            Self::Slow(time) => {
                std::thread::sleep(*time);
                wire.write_all(proper)?;
            }
            Self::Hang | Self::KeepThenHang => {
                let mut ignored = [0; 512];
                while wire.read(&mut ignored)? > 0 {}
                return Ok(false);
            }
            Self::Garbage => wire.write_all(GARBAGE)?,
            Self::Endless => loop {
                // Until the client has had enough.
                wire.write_all(&[b'x'; 4096])?;
            },
        }
        wire.flush()?;
        Ok(true)
    }
}
