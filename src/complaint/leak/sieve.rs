//! Chooses a few short pieces so that every needle holds one of them.
//!
//! In: needles. Out: pieces of at most [`PIECE_OCTETS`] octets.
//! Limits: a piece proves nothing by itself; that none is there proves that no needle is.

use std::collections::{BTreeMap, BTreeSet};

/// Octets of a piece; a shorter needle is its own piece.
const PIECE_OCTETS: usize = 6;

/// Returns the pieces: the one that most needles hold, then the one that most of the others hold, and so on.
///
/// Mail is full of the recipient's domain: a piece of that is taken only where a needle has no other.
pub(super) fn of<'n>(
    needles: impl IntoIterator<Item = &'n [u8]>,
    domains: &[&str],
) -> Vec<Vec<u8>> {
    let is_common = |piece: &[u8]| {
        let holds = |domain: &&str| memchr::memmem::find(domain.as_bytes(), piece).is_some();
        domains.iter().any(holds)
    };
    // Each piece, whether it is common, and which needles hold it.
    let mut holders: BTreeMap<&[u8], (bool, BTreeSet<usize>)> = BTreeMap::new();
    for (number, needle) in needles.into_iter().enumerate() {
        let length = PIECE_OCTETS.min(needle.len());
        for piece in needle.windows(length.max(1)) {
            let entry = holders.entry(piece);
            let entry = entry.or_insert_with(|| (is_common(piece), BTreeSet::new()));
            entry.1.insert(number);
        }
    }
    let mut pieces = Vec::new();
    while let Some((piece, held)) = holders
        .iter()
        .max_by_key(|(_, (common, held))| (!common, held.len()))
        .map(|(piece, (_, held))| (*piece, held.clone()))
    {
        pieces.push(piece.to_vec());
        holders.retain(|_, (_, others)| {
            others.retain(|number| !held.contains(number));
            !others.is_empty()
        });
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::forms::Forms;
    use super::*;
    use crate::complaint::own::Own;

    #[test]
    fn every_needle_holds_a_piece_and_the_pieces_are_few() {
        let own = Own::of_addresses(&["jane.doe+shop@example.org", "bo@example.net"]);
        let forms = Forms::of(&own);
        let needles = || forms.needles.iter().map(|needle| needle.octets.as_slice());
        let pieces = of(needles(), &["example.org", "example.net"]);
        for needle in needles() {
            let holds = |piece: &Vec<u8>| memchr::memmem::find(needle, piece).is_some();
            assert!(pieces.iter().any(holds), "{needle:?}");
        }
        assert!(pieces.len() < forms.needles.len() / 2, "{pieces:?}");
        assert!(!pieces.contains(&b"exampl".to_vec()), "{pieces:?}");
    }
}
