//! A text without its blanks.
//!
//! In: octets. Out: [`Pressed`]: the octets without blanks, the same in lower case and as values in base64, and where
//! the seams are now.
//! Limits: what stands in a text, or in its joined lines, stands here without its own blanks.

use std::ops::Range;

use super::view;
use crate::evidence::decode::{NO_VALUE, base64_value};

/// A text without its blanks.
#[derive(Debug)]
pub(super) struct Pressed {
    pub(super) octets: Vec<u8>,
    /// The value of each in base64 or base64url, [`NO_VALUE`] where it is no character of these. RFC 4648 §4, §5.
    pub(super) values: Vec<u8>,
    /// `octets` in lower case.
    pub(super) lower: Vec<u8>,
    /// From the first seam to the last.
    pub(super) seams: Range<usize>,
}

impl Pressed {
    /// Takes the blanks out of a text.
    pub(super) fn of(text: &[u8], seams: &Range<usize>) -> Self {
        let mut pressed = Self {
            octets: Vec::with_capacity(text.len()),
            values: Vec::with_capacity(text.len()),
            lower: Vec::new(),
            seams: 0..0,
        };
        let mut add = |part: Range<usize>| pressed.add(text.get(part).unwrap_or_default());
        let start = add(0..seams.start);
        let end = add(seams.clone());
        add(seams.end..text.len());
        pressed.lower = pressed.octets.to_ascii_lowercase();
        pressed.seams = start..end;
        pressed
    }

    /// Adds the octets of a text that are no blanks; returns how many there are now.
    fn add(&mut self, text: &[u8]) -> usize {
        const PIECE: usize = 64;
        for piece in text.chunks(PIECE) {
            let (mut octets, mut values) = ([0; PIECE], [NO_VALUE; PIECE]);
            let mut length = 0;
            for octet in piece {
                // Each is written; what is no blank moves the end. Words are too short to be worth a search for theirs.
                let place = length % PIECE;
                if let (Some(kept), Some(value)) = (octets.get_mut(place), values.get_mut(place)) {
                    *kept = *octet;
                    *value = base64_value(*octet).unwrap_or(NO_VALUE);
                }
                length += view::counts(*octet);
            }
            let new = 0..length;
            self.octets
                .extend_from_slice(octets.get(new.clone()).unwrap_or_default());
            self.values
                .extend_from_slice(values.get(new).unwrap_or_default());
        }
        self.octets.len()
    }
}

/// Returns octets without their blanks.
pub(super) fn without_blanks(octets: &[u8]) -> Vec<u8> {
    Pressed::of(octets, &(0..octets.len())).octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seams_move_with_the_octets() {
        let pressed = Pressed::of(b" A b\r\n\0c D ", &(3..8));
        assert_eq!(
            (&pressed.octets[..], &pressed.lower[..]),
            (&b"AbcD"[..], &b"abcd"[..])
        );
        assert_eq!(pressed.seams, 1..3);
        assert_eq!(pressed.values, [0, 27, 28, 3]);
    }
}
