//! Dots at the beginning of a line.
//!
//! In: a message with CRLF line ends. Out: its octets as they go over the wire, without the last dot.
//! Standards: RFC 5321 §4.5.2 (transparency), §4.1.1.4 (the end of mail data).

/// The line that ends a message, and makes it deliverable.
pub(super) const END: &[u8] = b".\r\n";

/// Returns a message with every line that begins with a dot given another one, ending in CRLF.
pub(super) fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 2);
    let mut line_begins = true;
    for octet in message {
        // RFC 5321 §4.5.2: a line that begins with a period gets one more.
        if line_begins && *octet == b'.' {
            out.push(b'.');
        }
        out.push(*octet);
        line_begins = *octet == b'\n';
    }
    // RFC 5321 §4.1.1.4: the CRLF of the last line is the one before the dot; no line is added.
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads mail data as a server does, up to the end; returns the message and what follows.
    fn received(wire: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut message = Vec::new();
        let mut rest = wire;
        loop {
            let at = rest.windows(2).position(|pair| pair == b"\r\n")?;
            let line = &rest[..at];
            rest = &rest[at + 2..];
            if line == b"." {
                return Some((message, rest.to_vec()));
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            message.extend_from_slice(b"\r\n");
        }
    }

    #[test]
    fn a_line_that_is_one_dot_does_not_end_the_message() {
        assert_eq!(
            stuffed(b"a\r\n.\r\nMAIL FROM:<>\r\n"),
            b"a\r\n..\r\nMAIL FROM:<>\r\n"
        );
        assert_eq!(stuffed(b".a"), b"..a\r\n");
        assert_eq!(stuffed(b"a.b\r\n"), b"a.b\r\n");
    }

    proptest! {
        #[test]
        fn a_server_reads_back_what_was_sent(lines in prop::collection::vec("[.a\u{e9}]{0,4}", 1..20)) {
            let message = format!("{}\r\n", lines.join("\r\n")).into_bytes();
            let wire = [stuffed(&message).as_slice(), END].concat();
            let (read, rest) = received(&wire).unwrap();
            prop_assert_eq!(read, message);
            prop_assert!(rest.is_empty());
        }
    }
}
