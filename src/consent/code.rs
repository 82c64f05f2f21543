//! The short random code that a user types to agree.
//!
//! In: random octets. Out: [`Code`].
//! Trust: it is drawn after the preview was shown, so nothing that was typed,
//! pasted or written into a spam before can contain it.
//! Failures: [`NoRandomness`], and then nothing is asked.

use std::fmt;

/// Characters of a code.
const LENGTH: usize = 4;

/// Digits and letters that are not taken for one another: no 0 O, 1 I L, 5 S,
/// 8 B, U V. 25 characters, so four of them are one in 390,625.
const ALPHABET: &[u8] = b"234679ACDEFGHJKMNPQRTVWXY";

/// A code that is shown, and has to be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Wraps a code's text; for tests and the sandbox, which play the user's part.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns whether a typed line is this code, in any case, blanks around it aside.
    #[must_use]
    pub fn is(&self, typed: &str) -> bool {
        !self.0.is_empty() && typed.trim().eq_ignore_ascii_case(&self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The system gives no random octets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers: {0}")]
pub struct NoRandomness(pub String);

/// Where codes come from.
///
/// The program draws them with [`RandomCodes`]. Nothing in a configuration or
/// an environment chooses another; a test hands its own through the library.
pub trait Codes {
    /// Draws a code that was not drawn before.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`] where none can be drawn.
    fn draw(&mut self) -> Result<Code, NoRandomness>;
}

/// Codes from the system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomCodes;

impl Codes for RandomCodes {
    fn draw(&mut self) -> Result<Code, NoRandomness> {
        let mut text = String::with_capacity(LENGTH);
        while text.len() < LENGTH {
            let mut octets = [0u8; 16];
            getrandom::fill(&mut octets).map_err(|e| NoRandomness(e.to_string()))?;
            text.extend(octets.iter().filter_map(|octet| letter(*octet)));
        }
        text.truncate(LENGTH);
        Ok(Code(text))
    }
}

/// Returns the character of a random octet; none for those that would make some characters more likely.
fn letter(octet: u8) -> Option<char> {
    let octet = usize::from(octet);
    let fair = 256 - 256 % ALPHABET.len();
    if octet >= fair {
        return None;
    }
    ALPHABET
        .get(octet % ALPHABET.len())
        .copied()
        .map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_have_four_plain_characters_and_differ() {
        let drawn: HashSet<String> = (0..50)
            .map(|_| RandomCodes.draw().unwrap().to_string())
            .collect();
        assert!(drawn.len() > 45, "{} of 50 differ", drawn.len());
        for code in &drawn {
            assert_eq!(code.len(), LENGTH);
            assert!(code.bytes().all(|b| ALPHABET.contains(&b)), "{code}");
        }
    }

    #[test]
    fn every_character_is_as_likely_as_the_others() {
        let mut seen = std::collections::HashMap::new();
        for octet in 0..=u8::MAX {
            if let Some(c) = letter(octet) {
                *seen.entry(c).or_insert(0) += 1;
            }
        }
        assert_eq!(seen.len(), ALPHABET.len());
        assert!(seen.values().all(|n| *n == 10), "{seen:?}");
    }

    #[test]
    fn only_the_code_itself_is_the_code() {
        let code = Code::new("7F3K");
        assert!(code.is("7F3K\n"));
        assert!(code.is(" 7f3k "));
        for typed in ["", "y", "7F3", "7F3KK", "7F3K 7F3K", "7 F 3 K"] {
            assert!(!code.is(typed), "{typed:?}");
        }
        assert!(!Code::new("").is(""));
    }
}
