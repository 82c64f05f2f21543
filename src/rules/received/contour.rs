//! What is seen of a client part without reading it: nearly all shapes are ruled out by that.
//!
//! In: tokens; what a shape wants in its places. Out: [`Contour`], [`Wanted`], [`Outlines`].
//! Trust: hostile; a shape that is left may still not fit, one that is ruled out never would.
//! Failures: none.
//! Limits: octets are looked at in the first four places only.

use super::lex::{Kind, Stretch};

/// How many tokens there are, and which of them are comments: most shapes are ruled out by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) count: usize,
    /// One bit a token.
    pub(super) comments: u64,
}

impl Outline {
    /// Returns the outline of tokens, or of a shape's places.
    pub(super) fn of(kinds: impl Iterator<Item = Kind>) -> Self {
        kinds.fold(
            Self {
                count: 0,
                comments: 0,
            },
            |outline, kind| Self {
                count: outline.count + 1,
                comments: outline.comments
                    | u64::from(kind == Kind::Comment) << (outline.count % 64),
            },
        )
    }

    /// Returns the outline's bit in [`Outlines`].
    pub(super) fn bit(self) -> Outlines {
        match u32::try_from(self.comments) {
            // The outlines of a count follow those of the smaller counts: 1, 2, 4, 8, 16 of them.
            Ok(comments) if self.count <= 4 => 1 << ((1 << self.count) - 1 + comments),
            _ => 1 << 31,
        }
    }
}

/// What is seen of tokens without reading them: their outline, and the two octets at either end of the first four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contour {
    pub(super) outline: Outline,
    /// Their first two octets in lower case, those of the first token lowest; 0 where there is none.
    pub(super) first: u64,
    /// Their last two octets, likewise, the last one first.
    pub(super) last: u64,
}

impl Contour {
    /// Returns the contour of tokens whose outer blanks were trimmed.
    pub(super) fn of(tokens: &[Stretch<'_>]) -> Self {
        let texts = || tokens.iter().map(|token| token.text.as_bytes());
        Self {
            outline: Outline::of(tokens.iter().map(|token| token.kind)),
            first: in_places(texts().map(first_two)),
            last: in_places(texts().map(last_two)),
        }
    }
}

/// Returns the first two octets in lower case.
pub(super) fn first_two(text: &[u8]) -> [u8; 2] {
    match text {
        [one, two, ..] => [one.to_ascii_lowercase(), two.to_ascii_lowercase()],
        [one] => [one.to_ascii_lowercase(), 0],
        [] => [0, 0],
    }
}

/// Returns the last two octets in lower case, the last one first.
pub(super) fn last_two(text: &[u8]) -> [u8; 2] {
    match text {
        [.., two, one] => [one.to_ascii_lowercase(), two.to_ascii_lowercase()],
        [one] => [one.to_ascii_lowercase(), 0],
        [] => [0, 0],
    }
}

/// Puts two octets of each token into their place; those of more than four are left out.
fn in_places(octets: impl Iterator<Item = [u8; 2]>) -> u64 {
    let places = octets.take(4).enumerate();
    places.fold(0, |all, (place, two)| {
        all | u64::from(u16::from_le_bytes(two)) << (16 * place)
    })
}

/// Octets that a shape wants at one end of some of its places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    octets: u64,
    /// The places where it wants one.
    mask: u64,
}

impl Wanted {
    /// Returns what a shape wants of whose literal text at that end of each place `two` gives the octets.
    pub(super) fn new<'l>(
        literals: impl Iterator<Item = Option<&'l str>> + Clone,
        two: fn(&[u8]) -> [u8; 2],
    ) -> Self {
        let wanted = literals.map(|text| text.map_or([0, 0], |text| two(text.as_bytes())));
        let mask = |octet: u8| if octet == 0 { 0 } else { u8::MAX };
        Self {
            octets: in_places(wanted.clone()),
            mask: in_places(wanted.map(|two| two.map(mask))),
        }
    }

    /// Returns whether tokens with these octets at that end have what is wanted.
    pub(super) const fn are_in(self, octets: u64) -> bool {
        (self.octets ^ octets) & self.mask == 0
    }
}

/// A set of outlines: a bit for each of up to four tokens, and one for all longer ones.
pub(super) type Outlines = u32;
