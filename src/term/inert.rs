//! Text of which nothing acts on a terminal.
//!
//! In: octets that may quote a stranger, JSON. Out: the same to read, in which no character moves, hides or colours another.
//! Standards: RFC 8259 §7 (any character may be escaped).
//! Trust: what comes in may be hostile as a whole; only line ends and tabs of it are kept as they are.

use crate::intake::{Untrusted, is_active};

/// Returns octets as a terminal may have them: line by line through [`Untrusted`], line ends as LF.
pub(super) fn text(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let (line, end) = match line.strip_suffix(b"\n") {
            Some(line) => (line.strip_suffix(b"\r").unwrap_or(line), "\n"),
            None => (line, ""),
        };
        for (at, piece) in line.split(|octet| *octet == b'\t').enumerate() {
            if at > 0 {
                out.push('\t');
            }
            out.push_str(&Untrusted::new(piece).up_to(usize::MAX).to_string());
        }
        out.push_str(end);
    }
    out
}

/// Returns JSON of the same value in which no character acts on a terminal.
///
/// serde_json escapes C0 alone: DEL, C1 (U+009B begins a control sequence as ESC [ does),
/// and what reorders or hides text stand in a spam's HELO as well. RFC 8259 §7: any
/// character may be escaped.
pub(super) fn json(json: String) -> String {
    // Nearly all JSON is printable US-ASCII, which does nothing to a terminal. A line end stands only between two objects.
    // Whole blocks are judged at once, which compiles to a few instructions each.
    let plain = json.as_bytes().chunks(64).all(|block| {
        block.iter().fold(true, |plain, octet| {
            plain & matches!(octet, b' '..=b'~' | b'\n')
        })
    });
    if plain {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if c != '\n' && is_active(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_escaped_and_their_lines_kept() {
        assert_eq!(
            text(b"To: a\r\n\tb\r\n\r\n\x1b]0;x\x07\rc\n\xff\xc2\x9bm"),
            "To: a\n\tb\n\n\\x1b]0;x\\x07\\x0dc\n\\xff\\x9bm"
        );
        assert_eq!(text("é\u{202e}\n".as_bytes()), "é<U+202E>\n");
        let long = "x".repeat(5_000);
        assert_eq!(text(long.as_bytes()), long);
    }

    #[test]
    fn json_acts_on_no_terminal_and_says_the_same() {
        let helo = "\u{9b}31m\u{7f}\u{1b}]52;\u{202e}\u{200b}\u{e0041}é";
        let line = serde_json::to_string(helo).unwrap();
        let line = json(line);
        assert!(!line.contains(char::is_control), "{line:?}");
        assert_eq!(json("{}\n".to_owned()), "{}\n");
        assert_eq!(
            line,
            r#""\u009b31m\u007f\u001b]52;\u202e\u200b\udb40\udc41é""#
        );
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), helo);
    }
}
