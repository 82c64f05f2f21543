//! The one way for foreign text to reach a terminal or a header: escaped.
//!
//! In: text or octets that a stranger wrote (spam, DNS, WHOIS, RDAP, SMTP
//! replies). Out: printable text without control, direction and invisible
//! characters.
//! Standards: Unicode 16 general category Cc, and the characters of UTS #55
//! that change how a line is read.
//! Trust: everything that comes in is hostile; what comes out is safe to print.
//! Limits: does not judge look-alike letters; domains are shown with their
//! A-labels for that.

use std::fmt;

/// Characters shown of one foreign value, unless [`Untrusted::up_to`] says otherwise.
pub const SHOWN_CHARS: usize = 500;

/// Combining marks that may follow one another before they are escaped; more
/// of them smear over the lines above.
const COMBINING_RUN: usize = 4;

/// Text from a stranger. Its `Display` is escaped; there is no raw one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Untrusted<'t> {
    octets: &'t [u8],
    limit: usize,
}

impl<'t> Untrusted<'t> {
    /// Wraps foreign octets; what is not UTF-8 is shown as `\xNN`.
    #[must_use]
    pub const fn new(octets: &'t [u8]) -> Self {
        Self {
            octets,
            limit: SHOWN_CHARS,
        }
    }

    /// Wraps foreign text.
    #[must_use]
    pub const fn text(text: &'t str) -> Self {
        Self::new(text.as_bytes())
    }

    /// Returns the text itself where it is safe as it stands: short and printable US-ASCII, as nearly all foreign text is.
    #[must_use]
    pub fn plain(&self) -> Option<&'t str> {
        let printable = |octet: &u8| (b' '..=b'~').contains(octet);
        if self.octets.len() > self.limit || !self.octets.iter().all(printable) {
            return None;
        }
        std::str::from_utf8(self.octets).ok()
    }

    /// Sets how many characters are shown before `…`.
    #[must_use]
    pub const fn up_to(mut self, chars: usize) -> Self {
        self.limit = chars;
        self
    }
}

/// Returns whether a character must not reach a terminal as it is.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // direction marks, embeddings, overrides and isolates
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // zero width, joiners, invisible operators, the byte order mark
            | '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            // line and paragraph separators
            | '\u{2028}' | '\u{2029}'
            // tags and variation selectors
            | '\u{E0000}'..='\u{E0FFF}')
}

/// Returns whether a character acts on a terminal, or on how the text around it is read: JSON escapes it, too.
///
/// DEL and C1 (U+009B begins a control sequence as ESC [ does), and what reorders or hides text. A line end
/// counts: it stands only between two objects.
#[must_use]
pub fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns whether a character is drawn over the one before it.
const fn is_combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.plain() {
            return f.write_str(text);
        }
        let mut shown = 0;
        let mut marks = 0;
        for chunk in self.octets.utf8_chunks() {
            for c in chunk.valid().chars() {
                if shown == self.limit {
                    return f.write_str("…");
                }
                shown += 1;
                marks = if is_combining(c) { marks + 1 } else { 0 };
                if (c as u32) < 0x100 && c.is_control() {
                    write!(f, "\\x{:02x}", c as u32)?;
                } else if is_dangerous(c) || marks > COMBINING_RUN {
                    write!(f, "<U+{:04X}>", c as u32)?;
                } else {
                    fmt::Write::write_char(f, c)?;
                }
            }
            for octet in chunk.invalid() {
                if shown == self.limit {
                    return f.write_str("…");
                }
                shown += 1;
                write!(f, "\\x{octet:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn controls_directions_and_invisible_characters_are_shown_by_name() {
        let seen = |t: &str| Untrusted::text(t).to_string();
        assert_eq!(seen("a\x1b[31mb"), "a\\x1b[31mb");
        assert_eq!(seen("a\u{9b}31m"), "a\\x9b31m");
        assert_eq!(seen("a\r\nb\t"), "a\\x0d\\x0ab\\x09");
        assert_eq!(seen("evil\u{202e}gpj.exe"), "evil<U+202E>gpj.exe");
        assert_eq!(seen("zero\u{200b}width"), "zero<U+200B>width");
        assert_eq!(seen("line\u{2028}two"), "line<U+2028>two");
        assert_eq!(Untrusted::new(b"\xff\xfe ok").to_string(), "\\xff\\xfe ok");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let long = "x".repeat(600);
        assert_eq!(Untrusted::text(&long).to_string().chars().count(), 501);
        assert_eq!(Untrusted::text("abc").up_to(2).to_string(), "ab…");
    }

    #[test]
    fn a_pile_of_combining_marks_is_cut_down() {
        let zalgo = format!("a{}", "\u{0300}".repeat(50));
        let shown = Untrusted::text(&zalgo).to_string();
        assert_eq!(shown.matches('\u{0300}').count(), COMBINING_RUN);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_printable(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            let shown = Untrusted::new(&octets).to_string();
            prop_assert!(shown.chars().all(|c| !is_dangerous(c)));
        }
    }
}
