//! A text without its blanks.
//!
//! In: octets. Out: [`Pressed`]: the octets without blanks, the same in lower case, and where the seams are now.
//! Limits: what stands in a text, or in its joined lines, stands here without its own blanks.

use std::ops::Range;

use super::view::NO_BLANK;

/// A text without its blanks.
pub(super) struct Pressed {
    pub(super) octets: Vec<u8>,
    /// The same in lower case.
    pub(super) lower: Vec<u8>,
    /// From the first seam to the last.
    pub(super) seams: Range<usize>,
}

impl Pressed {
    /// Takes the blanks out of a text.
    pub(super) fn of(text: &[u8], seams: &Range<usize>) -> Self {
        let mut octets = Vec::with_capacity(text.len());
        let mut press = |part: Range<usize>| {
            press(text.get(part).unwrap_or_default(), &mut octets);
            octets.len()
        };
        let first = press(0..seams.start);
        let last = press(seams.clone());
        press(seams.end..text.len());
        Self {
            lower: octets.to_ascii_lowercase(),
            octets,
            seams: first..last,
        }
    }
}

/// Adds the octets of a text that are no blanks.
fn press(text: &[u8], out: &mut Vec<u8>) {
    const PIECE: usize = 64;
    for piece in text.chunks(PIECE) {
        let mut kept = [0; PIECE];
        let mut length = 0;
        for octet in piece {
            // Each is written; what is no blank moves the end. Words are too short to be worth a search for theirs.
            if let Some(place) = kept.get_mut(length % PIECE) {
                *place = *octet;
            }
            let counts = NO_BLANK.get(usize::from(*octet)).copied();
            length += usize::from(counts.unwrap_or_default());
        }
        out.extend_from_slice(kept.get(..length).unwrap_or_default());
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
    }
}
