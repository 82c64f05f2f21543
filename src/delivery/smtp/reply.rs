//! One SMTP reply, read within bounds.
//!
//! In: octets as they arrive. Out: [`Reply`], or why there can be none.
//! Standards: RFC 5321 §4.2 (replies), §4.2.1 (codes), RFC 2034 and 3463 (enhanced codes).
//! Trust: hostile; lines, their number and their sum are bounded.
//! Failures: [`ReplyError`]; a reply is whole or it is none.

use crate::delivery::outcome::shown;

/// Octets of one reply line, line end included. RFC 5321 §4.5.3.1.5 says 512;
/// servers that exceed it exist, and none by this much.
pub(super) const LINE_OCTETS: usize = 2_048;

/// Lines of one reply: an EHLO answer has about twenty.
pub(super) const LINES: usize = 100;

/// Octets of one reply together.
pub(super) const REPLY_OCTETS: usize = 32 * 1024;

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its code: 200 to 599.
    pub code: u16,
    /// Its lines without code and line end, as received.
    pub lines: Vec<Vec<u8>>,
}

/// Why octets are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// A line does not begin with a code.
    #[error("the server sent something that is no SMTP reply")]
    Garbage,
    /// A line, or the whole reply, is too long.
    #[error("the server's reply is too long")]
    TooLong,
    /// The lines of one reply have different codes.
    #[error("the lines of the server's reply disagree")]
    Mixed,
}

impl Reply {
    /// Returns the text of all lines, escaped, on one line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.code.to_string().into_bytes();
        for line in &self.lines {
            text.push(b' ');
            text.extend_from_slice(line);
        }
        shown(text.trim_ascii_end())
    }

    /// Returns the enhanced status code, if the last line begins with one.
    #[must_use]
    pub fn enhanced(&self) -> Option<String> {
        let line = std::str::from_utf8(self.lines.last()?).ok()?;
        let word = line.split_ascii_whitespace().next()?;
        // RFC 3463 §2: class "." subject "." detail, and the class is the reply's own.
        let mut parts = word.split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        let number =
            |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let fits = parts.next().is_none()
            && class == (self.code / 100).to_string()
            && number(subject)
            && number(detail);
        fits.then(|| word.to_owned())
    }
}

impl Reply {
    /// Reads one whole reply from the front of what a server sent; `None` where more must come.
    ///
    /// # Errors
    ///
    /// [`ReplyError`] where it is none, or too long.
    pub fn read(octets: &[u8]) -> Result<Option<Self>, ReplyError> {
        take(&mut octets.to_vec())
    }
}

/// Takes one whole reply from the front of a buffer; `None` where more must come.
pub(super) fn take(buffer: &mut Vec<u8>) -> Result<Option<Reply>, ReplyError> {
    let mut lines = Vec::new();
    let mut code = None;
    let mut at = 0;
    loop {
        let rest = buffer.get(at..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            if rest.len() > LINE_OCTETS || at + rest.len() > REPLY_OCTETS {
                return Err(ReplyError::TooLong);
            }
            // What cannot become a reply is said to be none at once.
            if rest.iter().take(3).any(|b| !b.is_ascii_digit()) {
                return Err(ReplyError::Garbage);
            }
            return Ok(None);
        };
        if end >= LINE_OCTETS || at + end > REPLY_OCTETS || lines.len() >= LINES {
            return Err(ReplyError::TooLong);
        }
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += end + 1;
        let (its, last, text) = split(line)?;
        if code.is_some_and(|code| code != its) {
            return Err(ReplyError::Mixed);
        }
        code = Some(its);
        lines.push(text.to_vec());
        if last {
            buffer.drain(..at);
            return Ok(Some(Reply { code: its, lines }));
        }
    }
}

/// Splits a reply line into its code, whether it is the last, and its text.
fn split(line: &[u8]) -> Result<(u16, bool, &[u8]), ReplyError> {
    // RFC 5321 §4.2: Reply-code = %x32-35 %x30-35 %x30-39.
    let digits = line.get(..3).ok_or(ReplyError::Garbage)?;
    let code = digits
        .iter()
        .try_fold(0u16, |sum, b| {
            b.is_ascii_digit().then(|| sum * 10 + u16::from(b - b'0'))
        })
        .filter(|code| (200..600).contains(code))
        .ok_or(ReplyError::Garbage)?;
    match line.get(3) {
        None => Ok((code, true, &[])),
        Some(b' ') => Ok((code, true, line.get(4..).unwrap_or_default())),
        Some(b'-') => Ok((code, false, line.get(4..).unwrap_or_default())),
        Some(_) => Err(ReplyError::Garbage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &[u8]) -> Result<Option<Reply>, ReplyError> {
        take(&mut text.to_vec())
    }

    #[test]
    fn a_reply_ends_at_the_line_without_a_hyphen() {
        let mut buffer = b"250-mail.example.org\r\n250 8BITMIME\r\n220 next".to_vec();
        let reply = take(&mut buffer).unwrap().unwrap();
        assert_eq!(reply.code, 250);
        assert_eq!(
            reply.lines,
            [b"mail.example.org".to_vec(), b"8BITMIME".to_vec()]
        );
        assert_eq!(buffer, b"220 next");
        assert_eq!(of(b"250-mail.example.org\r\n250").unwrap(), None);
        assert_eq!(of(b"").unwrap(), None);
        assert_eq!(of(b"354\r\n").unwrap().unwrap().code, 354);
    }

    #[test]
    fn what_is_no_reply_is_said_to_be_none() {
        assert_eq!(of(b"\0\xff\x1b[31m\r\n"), Err(ReplyError::Garbage));
        assert_eq!(of(b"HTTP/1.1 400"), Err(ReplyError::Garbage));
        assert_eq!(of(b"099 x\r\n"), Err(ReplyError::Garbage));
        assert_eq!(of(b"2500 x\r\n"), Err(ReplyError::Garbage));
        assert_eq!(of(b"250-a\r\n354 b\r\n"), Err(ReplyError::Mixed));
    }

    #[test]
    fn lines_and_replies_without_end_are_cut_off() {
        let long = [b"250-".as_slice(), &[b'x'; LINE_OCTETS]].concat();
        assert_eq!(of(&long), Err(ReplyError::TooLong));
        let many = b"250-x\r\n".repeat(LINES + 1);
        assert_eq!(of(&many), Err(ReplyError::TooLong));
    }

    #[test]
    fn enhanced_codes_are_read_where_they_fit_the_reply() {
        let enhanced = |text: &str| of(text.as_bytes()).unwrap().unwrap().enhanced();
        assert_eq!(
            enhanced("550 5.1.1 no such user\r\n").as_deref(),
            Some("5.1.1")
        );
        assert_eq!(enhanced("450 5.1.1 no\r\n"), None);
        assert_eq!(enhanced("550 5.1 no\r\n"), None);
        assert_eq!(enhanced("550 no such user\r\n"), None);
    }

    #[test]
    fn a_reply_reaches_the_terminal_escaped() {
        let reply = of(b"550 \x1b]0;owned\x07\r\n").unwrap().unwrap();
        assert_eq!(reply.text(), "550 \\x1b]0;owned\\x07");
    }

    proptest! {
        #[test]
        fn any_octets_are_read_without_a_panic_and_within_bounds(octets in prop::collection::vec(any::<u8>(), 0..5000)) {
            let mut buffer = octets.clone();
            if let Ok(Some(reply)) = take(&mut buffer) {
                prop_assert!((200..600).contains(&reply.code));
                prop_assert!(buffer.len() < octets.len());
            }
        }
    }
}
