//! A text without its blanks.
//!
//! In: octets. Out: [`Pressed`]: the octets without blanks, the same in lower case, and where the seams are now.
//! Limits: what stands in a text, or in its joined lines, stands here without its own blanks.

use std::ops::Range;

use super::view;

/// A text without its blanks.
#[derive(Debug)]
pub(super) struct Pressed {
    pub(super) octets: Vec<u8>,
    /// `octets` in lower case.
    pub(super) lower: Vec<u8>,
    /// From the first seam to the last.
    pub(super) seams: Range<usize>,
}

impl Pressed {
    /// Takes the blanks out of a text.
    pub(super) fn of(text: &[u8], seams: &Range<usize>) -> Self {
        let mut octets = Vec::with_capacity(text.len());
        let mut add = |part: Range<usize>| {
            press(text.get(part).unwrap_or_default(), &mut octets);
            octets.len()
        };
        let (start, end) = (add(0..seams.start), add(seams.clone()));
        add(seams.end..text.len());
        Self {
            lower: octets.to_ascii_lowercase(),
            octets,
            seams: start..end,
        }
    }
}

/// Returns octets without their blanks.
pub(super) fn without_blanks(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    press(octets, &mut out);
    out
}

/// Adds the octets of a text that are no blanks.
fn press(text: &[u8], out: &mut Vec<u8>) {
    const PIECE: usize = 128;
    for piece in text.chunks(PIECE) {
        let (mut octets, mut length) = ([0; PIECE], 0);
        let mut add = |octet: &u8| {
            // Each is written; what is no blank moves the end. Words are too short to be worth a search for theirs.
            if let Some(kept) = octets.get_mut(length % PIECE) {
                *kept = *octet;
            }
            length += view::counts(*octet);
        };
        let (eights, rest) = piece.as_chunks::<8>();
        eights
            .iter()
            .for_each(|eight| eight.iter().for_each(&mut add));
        rest.iter().for_each(add);
        out.extend_from_slice(octets.get(..length).unwrap_or_default());
    }
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

    #[test]
    fn nothing_but_blanks_goes_however_long_the_text_is() {
        let text: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        let mut plain = text.clone();
        plain.retain(|octet| !view::is_blank(*octet));
        assert_eq!(without_blanks(&text), plain);
        assert_eq!(Pressed::of(&text, &(100..700)).octets, plain);
    }
}
