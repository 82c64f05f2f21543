//! Cuts a message to size: at a part's end where it has parts, at a line's end where it has none.
//!
//! In: octets, their structure, a limit. Out: a message that is still one.
//! Standards: RFC 2046 §5.1.1 (the closing delimiter).
//! Limits: the header section is never cut; it may exceed the limit alone.

use crate::evidence::mime::{Part, Structure};

/// A message cut to size.
pub(super) struct Cut {
    pub(super) octets: Vec<u8>,
    pub(super) left_out: usize,
}

/// Cuts a message that is longer than the limit.
pub(super) fn to(octets: &[u8], structure: &Structure, limit: usize) -> Cut {
    let Some(whole) = structure.parts.first() else {
        return Cut {
            octets: octets.to_vec(),
            left_out: 0,
        };
    };
    let limit = limit.max(whole.body.start);
    let leaves = || structure.leaves().filter(|part| part.parent.is_some());
    // The last part that fits whole; else the first one, as far as it fits.
    let fits = leaves().rfind(|part| part.body.end <= limit);
    let (end, last) = match fits.or_else(|| leaves().next()) {
        Some(part) if part.body.end <= limit => (part.body.end, Some(part)),
        Some(part) => (line_end(octets, part.body.start, limit), Some(part)),
        None => (line_end(octets, whole.body.start, limit), None),
    };
    let mut out = octets.get(..end).unwrap_or(octets).to_vec();
    let left_out = octets.len().saturating_sub(end);
    let mut at = last.and_then(|part| part.parent);
    let mut said = false;
    while let Some(part) = at.and_then(|place| structure.parts.get(place)) {
        close(part, &mut out, left_out, &mut said);
        at = part.parent;
    }
    Cut {
        octets: out,
        left_out,
    }
}

/// Closes one multipart; the innermost says that it was cut.
fn close(part: &Part, out: &mut Vec<u8>, left_out: usize, said: &mut bool) {
    let Some(boundary) = &part.boundary else {
        return;
    };
    let mut line = |octets: &[u8]| {
        out.extend_from_slice(b"\r\n--");
        out.extend_from_slice(boundary);
        out.extend_from_slice(octets);
    };
    if !*said {
        let notice = format!(
            "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n[plaint: the message was cut here, {left_out} octets were left out]"
        );
        line(notice.as_bytes());
        *said = true;
    }
    line(b"--");
    out.extend_from_slice(b"\r\n");
}

/// Returns the end of the last line that ends within the limit, not before `from`.
fn line_end(octets: &[u8], from: usize, limit: usize) -> usize {
    let from = from.min(octets.len());
    let range = octets
        .get(from..limit.min(octets.len()))
        .unwrap_or_default();
    memchr::memrchr(b'\n', range).map_or(from, |found| from + found + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::mime::walk;

    #[test]
    fn a_multipart_is_cut_after_the_last_part_that_fits_and_closed() {
        let text = format!(
            "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\none\n--i\n\n{}\n--i--\n--o\n\nthree\n--o--\n",
            "two ".repeat(100)
        );
        let cut = to(text.as_bytes(), &walk(text.as_bytes()), 200);
        let after = String::from_utf8(cut.octets).unwrap();
        assert!(
            after.ends_with("octets were left out]\r\n--i--\r\n\r\n--o--\r\n"),
            "{after}"
        );
        let parts = walk(after.as_bytes()).parts;
        assert_eq!(parts.len(), 4);
        assert_eq!(&after[parts[2].body.clone()], "one");
        assert!(cut.left_out > 400);
    }

    #[test]
    fn a_plain_message_is_cut_at_a_line() {
        let text = format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(100));
        let cut = to(text.as_bytes(), &walk(text.as_bytes()), 100);
        assert!(cut.octets.len() <= 100 && cut.octets.ends_with(b"9\r\n"));
        assert_eq!(cut.octets.len() + cut.left_out, text.len());
    }
}
