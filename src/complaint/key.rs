//! Keys made from the local secret: of a case, a Message-ID, a seal.
//!
//! In: [`Secret`] and what is to be keyed. Out: HMAC-SHA256 values.
//! Standards: RFC 2104 (HMAC), RFC 4648 §6 (base32).
//! Trust: keyed, so that nobody else can tell from a key what was reported, or forge one ahead.

use std::fmt;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The local secret: 32 random octets that never leave the machine.
///
/// It shows nothing of itself in a debug print.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Wraps the octets of a secret.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Returns the octets, for the ledger alone.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the keyed hash of several values; each is bounded by its length, so that none can run into the next.
    #[must_use]
    pub fn keyed(&self, purpose: &str, values: &[&[u8]]) -> [u8; 32] {
        // RFC 2104 §2: a key shorter than a block is filled up with zeros.
        let mut block = [0; 64];
        for (place, octet) in block.iter_mut().zip(self.0) {
            *place = octet;
        }
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(purpose.as_bytes());
        for value in values {
            mac.update(&(value.len() as u64).to_be_bytes());
            mac.update(value);
        }
        mac.finalize().into_bytes().into()
    }

    /// Returns the key of the case that a message begins.
    #[must_use]
    pub fn case(&self, first_message: &[u8]) -> CaseKey {
        CaseKey(self.keyed("case", &[first_message]))
    }

    /// Returns the left side of the Message-ID of a complaint: 26 letters and digits.
    #[must_use]
    pub fn message_id(&self, case: &CaseKey, desk: &str, round: u32) -> String {
        let keyed = self.keyed(
            "message-id",
            &[&case.0, desk.as_bytes(), &round.to_be_bytes()],
        );
        let mut text = BASE32_NOPAD.encode(&keyed).to_ascii_lowercase();
        text.truncate(26);
        text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A case: the keyed hash of its first message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseKey([u8; 32]);

impl CaseKey {
    /// Wraps a key that was made before.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Returns the octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the first and the last key that a short reference can stand for; `None` where it is none.
    #[must_use]
    pub fn range_of(reference: &str) -> Option<(Self, Self)> {
        // RFC 4648 §6: eight letters and digits are forty bits, five octets.
        let first = BASE32_NOPAD
            .decode(reference.to_ascii_uppercase().as_bytes())
            .ok()
            .filter(|octets| octets.len() == 5)?;
        let filled = |with: u8| {
            let mut key = [with; 32];
            for (place, octet) in key.iter_mut().zip(&first) {
                *place = *octet;
            }
            Self(key)
        };
        Some((filled(0), filled(u8::MAX)))
    }

    /// Returns the short reference that stands in a subject: eight letters and digits.
    #[must_use]
    pub fn reference(&self) -> String {
        let mut text = BASE32_NOPAD.encode(&self.0);
        text.truncate(8);
        text
    }
}

impl fmt::Display for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaseKey({})", self.reference())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_stable_and_differ_by_every_part() {
        let secret = Secret::new([7; 32]);
        let case = secret.case(b"spam");
        assert_eq!(case, secret.case(b"spam"));
        assert_ne!(case, secret.case(b"spam!"));
        assert_ne!(case, Secret::new([8; 32]).case(b"spam"));
        let id = secret.message_id(&case, "abuse@example.net", 0);
        assert_eq!(id, secret.message_id(&case, "abuse@example.net", 0));
        assert_eq!(id.len(), 26);
        assert_ne!(id, secret.message_id(&case, "abuse@example.net", 1));
        assert_ne!(id, secret.message_id(&case, "abuse@example.org", 0));
        assert_ne!(
            secret.keyed("a", &[b"bc"]),
            secret.keyed("a", &[b"b", b"c"])
        );
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        let (first, last) = CaseKey::range_of(&case.reference().to_lowercase()).unwrap();
        assert!(first <= case && case <= last);
        assert_eq!(
            (first.reference(), last.reference()),
            (case.reference(), case.reference())
        );
        for none in ["", "ABCDEFG", "ABCDEFG1", "ABCDEFGHIJ"] {
            assert_eq!(CaseKey::range_of(none), None, "{none}");
        }
    }
}
