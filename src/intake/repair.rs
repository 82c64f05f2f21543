//! What the way to us added to a message, recognised and taken off.
//!
//! In: octets as pasted or read. Out: the same without what mail programs,
//! mailboxes and editors put around a message, and a note of each.
//! Standards: RFC 4155 (the `From ` line), RFC 3676 §4.5 (quote marks).
//! Trust: hostile; a repair only removes, and never inside a message.
//! Failures: [`IntakeError::Mailbox`] where a separator line stands before several messages.
//! Limits: [`LAYERS`] of them are undone; what is wrapped deeper is no message.

use std::fmt;

use super::{IntakeError, mbox};

/// One thing that was taken off, or that is amiss, before the message was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repair {
    /// A UTF-8 byte order mark stood before the message.
    ByteOrderMark,
    /// Blank lines stood before the message.
    LeadingBlankLines,
    /// An mbox separator line stood before the message.
    FromLine,
    /// Every line began with `> `, as mail programs quote.
    QuoteMarks,
    /// Every line was indented by the same blanks, as a paste of a listing is.
    Indent,
    /// The octet count line and the property list of an Apple Mail `.emlx` file were taken off.
    Emlx,
    /// A line in it may begin another message, though no empty line stands before.
    Joined,
    /// It was attached to another mail, and taken out of it.
    Attached,
    /// No empty line stands between the header section and the body.
    NoBlankLine,
    /// There are more header fields, or larger ones, than are read.
    HeaderCut,
}

impl Repair {
    /// Returns the stable name that `--json` shows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "byte-order-mark",
            Self::LeadingBlankLines => "leading-blank-lines",
            Self::FromLine => "from-line",
            Self::QuoteMarks => "quote-marks",
            Self::Indent => "indent",
            Self::Emlx => "emlx",
            Self::Joined => "joined",
            Self::Attached => "attached",
            Self::NoBlankLine => "no-blank-line",
            Self::HeaderCut => "header-cut",
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByteOrderMark => "a byte order mark before the message was removed",
            Self::LeadingBlankLines => "blank lines before the message were removed",
            Self::FromLine => "the mailbox separator line was removed",
            Self::QuoteMarks => "quote marks were removed from every line",
            Self::Indent => "the indentation of every line was removed",
            Self::Emlx => "the wrapping of the .emlx file was removed",
            Self::Joined => "another message may begin in its body: a line there separates messages, without an empty line before",
            Self::Attached => "the mail was taken out of the one that it was attached to",
            Self::NoBlankLine => "no empty line stands between header and body",
            Self::HeaderCut => "only the first header fields were read: there are too many",
        })
    }
}

/// A byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns how many octets a byte order mark and blank lines take before a message or a mailbox.
pub(super) fn lead(octets: &[u8]) -> usize {
    let text = octets.strip_prefix(MARK).unwrap_or(octets);
    octets.len() - after_blank_lines(text).len()
}

/// Layers around a message that are taken off: one mail program or mailbox around another.
const LAYERS: usize = 8;

/// Takes off what surrounds a message, and notes it; refuses what is several.
///
/// Read as one message, a mailbox would carry the mail of others into the evidence. What comes out surrounds nothing
/// any more: it is kept, and read again, as it is.
pub(super) fn unwrap(mut octets: Vec<u8>) -> Result<(Vec<u8>, Vec<Repair>), IntakeError> {
    let mut repairs = Vec::new();
    for _ in 0..LAYERS {
        let (inner, found) = unwrap_once(octets)?;
        octets = inner;
        if found.is_empty() {
            return Ok((octets, repairs));
        }
        for repair in found {
            if !repairs.contains(&repair) {
                repairs.push(repair);
            }
        }
    }
    Err(IntakeError::NoHeaders)
}

/// Takes off one layer of each kind.
fn unwrap_once(octets: Vec<u8>) -> Result<(Vec<u8>, Vec<Repair>), IntakeError> {
    let mut repairs = Vec::new();
    let mut note = |repair, octets: Vec<u8>, changed: Option<Vec<u8>>| match changed {
        Some(changed) => {
            repairs.push(repair);
            changed
        }
        None => octets,
    };
    let changed = octets.strip_prefix(MARK).map(<[u8]>::to_vec);
    let octets = note(Repair::ByteOrderMark, octets, changed);
    let changed = without_blank_lines(&octets);
    let octets = note(Repair::LeadingBlankLines, octets, changed);
    let changed = without_emlx(&octets);
    let octets = note(Repair::Emlx, octets, changed);
    let changed = without_quote_marks(&octets);
    let octets = note(Repair::QuoteMarks, octets, changed);
    let changed = without_indent(&octets);
    let octets = note(Repair::Indent, octets, changed);
    let changed = without_from_line(&octets);
    if let Some(rest) = &changed {
        let messages = mbox::count(if mbox::is_mbox(&octets) {
            &octets
        } else {
            rest
        });
        if messages > 1 {
            return Err(IntakeError::Mailbox(messages));
        }
    }
    let octets = note(Repair::FromLine, octets, changed);
    Ok((octets, repairs))
}

/// Returns the octets after leading blank lines, if there are any.
fn without_blank_lines(octets: &[u8]) -> Option<Vec<u8>> {
    let rest = after_blank_lines(octets);
    (rest.len() < octets.len()).then(|| rest.to_vec())
}

/// Returns what follows the first lines, as far as they are of blanks only.
fn after_blank_lines(octets: &[u8]) -> &[u8] {
    let mut rest = octets;
    while let Some(after) = after_blank_line(rest) {
        rest = after;
    }
    rest
}

/// Returns what follows a first line of blanks only.
fn after_blank_line(octets: &[u8]) -> Option<&[u8]> {
    let newline = memchr::memchr(b'\n', octets)?;
    let (line, rest) = octets.split_at_checked(newline + 1)?;
    line.trim_ascii().is_empty().then_some(rest)
}

/// Returns the message of an `.emlx` file: a first line of digits counts its octets.
fn without_emlx(octets: &[u8]) -> Option<Vec<u8>> {
    let newline = memchr::memchr(b'\n', octets).filter(|at| (1..=12).contains(at))?;
    let count = std::str::from_utf8(octets.get(..newline)?).ok()?.trim();
    if !count.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let length: usize = count.parse().ok()?;
    let body = octets.get(newline + 1..)?;
    // The property list follows the counted octets; a wrong count keeps all.
    Some(body.get(..length).unwrap_or(body).to_vec())
}

/// Undoes `> ` on every line, if the first line holds a header field behind it.
fn without_quote_marks(octets: &[u8]) -> Option<Vec<u8>> {
    let first = octets.split(|octet| *octet == b'\n').next()?;
    let inner = first.strip_prefix(b">")?;
    let inner = inner.strip_prefix(b" ").unwrap_or(inner);
    if !(looks_like_field(inner) || inner.starts_with(b"From ")) {
        return None;
    }
    let quoted = octets
        .split(|octet| *octet == b'\n')
        .all(|line| line.starts_with(b">") || line.trim_ascii().is_empty());
    quoted.then(|| {
        per_line(octets, |line| {
            line.strip_prefix(b"> ")
                .or_else(|| line.strip_prefix(b">"))
                .unwrap_or(line)
        })
    })
}

/// Undoes an indentation that all lines share, if a header field stands behind it.
fn without_indent(octets: &[u8]) -> Option<Vec<u8>> {
    let first = octets.split(|octet| *octet == b'\n').next()?;
    let inner = first.trim_ascii_start();
    let indent = first.get(..first.len() - inner.len())?;
    if indent.is_empty() || !looks_like_field(inner) {
        return None;
    }
    let shared = octets
        .split(|octet| *octet == b'\n')
        .all(|line| line.starts_with(indent) || line.trim_ascii().is_empty());
    shared.then(|| per_line(octets, |line| line.strip_prefix(indent).unwrap_or(line)))
}

/// Returns what follows an mbox separator line, escaped (`>From `) or not.
fn without_from_line(octets: &[u8]) -> Option<Vec<u8>> {
    let rest = octets.strip_prefix(b">").unwrap_or(octets);
    rest.strip_prefix(b"From ")?;
    let newline = memchr::memchr(b'\n', octets)?;
    octets.get(newline + 1..).map(<[u8]>::to_vec)
}

/// Returns whether a line begins as a header field does.
fn looks_like_field(line: &[u8]) -> bool {
    memchr::memchr(b':', line).is_some_and(|colon| {
        colon > 0
            && line
                .iter()
                .take(colon)
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
    })
}

/// Applies a change to each line, keeping the line ends.
fn per_line(octets: &[u8], change: impl Fn(&[u8]) -> &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        out.extend_from_slice(change(line));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pasted: &str, message: &str, repairs: &[Repair]) {
        let (octets, found) = unwrap(pasted.as_bytes().to_vec()).unwrap();
        assert_eq!(String::from_utf8_lossy(&octets), message);
        assert_eq!(found, repairs);
    }

    #[test]
    fn a_clean_message_is_left_alone() {
        check("Subject: x\n\n> quoted\n", "Subject: x\n\n> quoted\n", &[]);
        check(
            "Subject: x\r\n\r\nbody\r\n",
            "Subject: x\r\n\r\nbody\r\n",
            &[],
        );
    }

    #[test]
    fn what_surrounds_a_message_is_taken_off() {
        check(
            "\u{feff}Subject: x\n\nb\n",
            "Subject: x\n\nb\n",
            &[Repair::ByteOrderMark],
        );
        check(
            "\n \r\nSubject: x\n\nb\n",
            "Subject: x\n\nb\n",
            &[Repair::LeadingBlankLines],
        );
        check(
            "From a@example.org Sat Nov 21 10:00:00 2026\nSubject: x\n\nb\n",
            "Subject: x\n\nb\n",
            &[Repair::FromLine],
        );
        check(
            "> Subject: x\n>\n> b\n> > c\n",
            "Subject: x\n\nb\n> c\n",
            &[Repair::QuoteMarks],
        );
        check(
            "    Subject: x\n     folded\n\n    b\n",
            "Subject: x\n folded\n\nb\n",
            &[Repair::Indent],
        );
        check("11\nSubject: x\n<plist/>", "Subject: x\n", &[Repair::Emlx]);
    }

    #[test]
    fn what_comes_out_is_read_again_as_it_is() {
        // A mailbox around a quoted message.
        check(
            "From a@example.org Sat Nov 21 10:00:00 2026\n>Subject: x\n>\n>b\n",
            "Subject: x\n\nb\n",
            &[Repair::FromLine, Repair::QuoteMarks],
        );
        let deep = format!("{}Subject: x\n", "From x\n".repeat(LAYERS));
        assert_eq!(unwrap(deep.into_bytes()), Err(IntakeError::NoHeaders));
        proptest::proptest!(|(text in "(From x\n|> ?|  |[0-9]{1,2}\n|\n|Subject: x\n|b\n){0,12}")| {
            if let Ok((once, _)) = unwrap(text.into_bytes()) {
                proptest::prop_assert_eq!(unwrap(once.clone()), Ok((once, Vec::new())));
            }
        });
    }

    #[test]
    fn repairs_stack_in_the_order_of_the_way() {
        check(
            "\u{feff}\n> From a@example.org Sat Nov 21 10:00:00 2026\n> Subject: x\n> \n> b\n",
            "Subject: x\n\nb\n",
            &[
                Repair::ByteOrderMark,
                Repair::LeadingBlankLines,
                Repair::QuoteMarks,
                Repair::FromLine,
            ],
        );
    }

    #[test]
    fn several_messages_behind_one_separator_line_are_refused() {
        let from = "From a@example.org Sat Nov 21 10:00:00 2026\n";
        let one = format!("{from}Subject: x\n\nb\n");
        let two = format!("{one}\n{one}");
        let joined = format!("{one}{one}");
        let quoted = two
            .lines()
            .map(|line| format!("> {line}\n"))
            .collect::<String>();
        let undated = two.replacen(" Sat Nov 21 10:00:00 2026", "", 1);
        for mailbox in [
            &two,
            &joined,
            &quoted,
            &undated,
            &format!("\u{feff}\n{two}"),
            &format!(">{two}"),
        ] {
            let refused = unwrap(mailbox.as_bytes().to_vec());
            assert_eq!(refused.unwrap_err(), IntakeError::Mailbox(2), "{mailbox}");
        }
        // What a program counted is one, and so is what no separator line stands before: nobody says that others are his.
        let body = format!("b\n\n{one}");
        let counted = format!("{from}Subject: x\nContent-Length: {}\n\n{body}", body.len());
        for message in [counted, format!("Subject: x\n\n{two}")] {
            assert!(unwrap(message.clone().into_bytes()).is_ok(), "{message}");
        }
    }

    #[test]
    fn a_body_that_quotes_is_no_quoted_message() {
        check("> Dear all\n> hello\n", "> Dear all\n> hello\n", &[]);
    }
}
