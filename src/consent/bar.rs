//! Why a complaint cannot be agreed to, whatever the user says.
//!
//! In: [`Complaint`]. Out: [`Bar`]s. Pure.
//! Standards: RFC 5321 §2.3.8 (only CRLF ends a line), §4.5.2 (transparency).
//! Trust: a bar is a check of our own earlier stages; one that is found is shown, not repaired.

use crate::complaint::Complaint;

/// Why a complaint cannot be agreed to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Bar {
    /// The reporter can still be found in it.
    #[error("you can still be found in it: {0}")]
    Leak(String),
    /// The desk has no mailbox, only a form.
    #[error("the desk takes no mail, only its form {0}")]
    NoMailbox(String),
    /// A CR or LF stands alone, which a server may take for the end of the message.
    #[error("it has a line end that is not CR LF, at octet {0}")]
    BareLineEnd(usize),
    /// There is nothing to send.
    #[error("it is empty")]
    Empty,
}

/// Returns everything that bars a complaint from being sent; empty where nothing does.
#[must_use]
pub fn bars(complaint: &Complaint) -> Vec<Bar> {
    let mut bars: Vec<Bar> = complaint.leaks.iter().cloned().map(Bar::Leak).collect();
    if complaint.desk.mailbox.is_none() {
        bars.push(Bar::NoMailbox(
            complaint.desk.form.clone().unwrap_or_default(),
        ));
    }
    if complaint.octets.is_empty() {
        bars.push(Bar::Empty);
    }
    bars.extend(bare_line_end(&complaint.octets).map(Bar::BareLineEnd));
    bars
}

/// Returns where a CR or LF stands alone.
pub(crate) fn bare_line_end(octets: &[u8]) -> Option<usize> {
    // RFC 5321 §2.3.8 MUST NOT: CR and LF are sent only together, as the end of a line.
    memchr::memchr2_iter(b'\r', b'\n', octets).find(|at| {
        let before = at.checked_sub(1).and_then(|at| octets.get(at));
        match octets.get(*at) {
            Some(b'\r') => octets.get(at + 1) != Some(&b'\n'),
            _ => before != Some(&b'\r'),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_cr_or_lf_is_found_and_a_pair_is_not() {
        assert_eq!(bare_line_end(b"a\r\nb\r\n"), None);
        assert_eq!(bare_line_end(b"a\nb"), Some(1));
        assert_eq!(bare_line_end(b"\n"), Some(0));
        assert_eq!(bare_line_end(b"a\r\n\n"), Some(3));
        assert_eq!(bare_line_end(b"a\r\r\n"), Some(1));
        assert_eq!(bare_line_end(b"a\r"), Some(1));
        assert_eq!(bare_line_end(b""), None);
    }
}
