//! Looks at eight octets at once: short texts, where a call of a library costs more than the search.
//!
//! In: octets; which of them are sought. Out: where the first one stands.
//! Trust: any octets; nothing is read beyond their end.
//! Failures: none.
//! Limits: what is sought is US-ASCII. Marks are exact up to the first one: a higher octet of the same block may bear
//! one by mistake, because the subtraction borrows from it.

/// The lowest bit of each octet.
const LOWEST: u64 = u64::from_le_bytes([0x01; 8]);

/// The highest bit of each octet: where marks stand.
const MARKS: u64 = u64::from_le_bytes([0x80; 8]);

/// Marks the octets that are smaller than `limit`, which is at most 128.
pub(crate) const fn below(block: u64, limit: u8) -> u64 {
    block.wrapping_sub(LOWEST * limit as u64) & !block & MARKS
}

/// Marks the octets that are equal to `octet`.
pub(crate) const fn equal(block: u64, octet: u8) -> u64 {
    below(block ^ (LOWEST * octet as u64), 1)
}

/// Marks the octets that are equal to `odd`, or to the even one before it.
pub(crate) const fn twins(block: u64, odd: u8) -> u64 {
    equal(block | LOWEST, odd)
}

/// Gives letters of US-ASCII one case, and some other octets a common one.
pub(crate) const fn folded(block: u64) -> u64 {
    block | (LOWEST * 0x20)
}

/// Marks the octets that are smaller than `limit`, and perhaps some beyond US-ASCII: for who looks for those as well.
pub(crate) const fn low(block: u64, limit: u8) -> u64 {
    foreign(block.wrapping_sub(LOWEST * limit as u64))
}

/// Marks the octets that are equal to `octet`, and perhaps some beyond US-ASCII, likewise.
pub(crate) const fn alike(block: u64, octet: u8) -> u64 {
    low(block ^ (LOWEST * octet as u64), 1)
}

/// Marks the octets beyond US-ASCII, exactly.
pub(crate) const fn foreign(block: u64) -> u64 {
    block & MARKS
}

/// Octets of a row.
pub(crate) const ROW: usize = u64::BITS as usize;

/// Returns a bit for each octet of a row that is equal to `sought`, the first one lowest.
///
/// To find all of them in a row takes no decisions, which a processor guesses wrong where distances vary.
#[inline]
pub(crate) fn row(octets: &[u8; ROW], sought: u8) -> u64 {
    // Moves the mark of each octet, at its lowest bit, to its place in the highest octet.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (blocks, _) = octets.as_chunks();
    blocks.iter().rev().fold(0, |row, block| {
        let differs = u64::from_le_bytes(*block) ^ (LOWEST * u64::from(sought));
        // Nothing is borrowed from another octet: all marks are exact.
        let same = !(((differs & !MARKS) + !MARKS) | differs) & MARKS;
        row << 8 | (same >> 7).wrapping_mul(GATHER) >> 56
    })
}

/// Returns where the first octet stands that `marks` marks in its block.
#[inline]
pub(crate) fn find(octets: &[u8], marks: impl Fn(u64) -> u64) -> Option<usize> {
    let mut passed = 0;
    let (blocks, rest) = octets.as_chunks::<8>();
    for block in blocks {
        let found = marks(u64::from_le_bytes(*block));
        if found != 0 {
            return Some(passed + place(found));
        }
        passed += 8;
    }
    let found = marks(few(rest)) & up_to(rest.len());
    (found != 0).then(|| passed + place(found))
}

/// Returns where an octet of US-ASCII stands first in a text.
#[inline]
pub(crate) fn place_of(octet: u8, text: &str) -> Option<usize> {
    find(text.as_bytes(), |block| equal(block, octet))
}

/// Returns whether `marks` marks any octet.
#[inline]
pub(crate) fn any(octets: &[u8], marks: impl Fn(u64) -> u64) -> bool {
    // Nearly always nothing is found, and to look at all of it needs no decisions on the way.
    let (blocks, rest) = octets.as_chunks::<8>();
    let all = |found, block: &[u8; 8]| found | marks(u64::from_le_bytes(*block));
    let found = blocks.iter().fold(0, all);
    // The last block overlaps the one before it.
    match octets.last_chunk::<8>() {
        Some(last) => all(found, last) != 0,
        None => marks(few(rest)) & up_to(rest.len()) != 0,
    }
}

/// Returns fewer than eight octets as a block, the first one lowest.
#[inline]
fn few(octets: &[u8]) -> u64 {
    match (octets, octets.first_chunk::<4>(), octets.last_chunk::<4>()) {
        // The two halves overlap, and agree where they do.
        (_, Some(first), Some(last)) => {
            let last = u64::from(u32::from_le_bytes(*last));
            u64::from(u32::from_le_bytes(*first)) | last << (8 * (octets.len() - 4))
        }
        ([a, b, c], ..) => u64::from(u32::from_le_bytes([*a, *b, *c, 0])),
        ([a, b], ..) => u64::from(u16::from_le_bytes([*a, *b])),
        ([a], ..) => u64::from(*a),
        _ => 0,
    }
}

/// Returns the mask of so many octets, fewer than eight.
const fn up_to(octets: usize) -> u64 {
    (1 << (8 * octets)) - 1
}

/// Returns the place of the first mark.
const fn place(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn each_octet_has_its_bit(octets: [[u8; 8]; 8], few in collection::vec(0..4u8, ROW), sought in 0..4u8) {
            let octets = octets.as_flattened().try_into().unwrap();
            let few: [u8; ROW] = few.try_into().unwrap();
            let one_by_one = |octets: &[u8; ROW], sought| (0..ROW).fold(0, |row, at| row | u64::from(octets[at] == sought) << at);
            prop_assert_eq!(row(&few, sought), one_by_one(&few, sought));
            prop_assert_eq!(row(octets, octets[9]), one_by_one(octets, octets[9]));
        }

        #[test]
        fn the_first_octet_is_found_as_one_by_one(octets in collection::vec(0..=u8::MAX, 0..40), limit in 0..=128u8, sought in 0..128u8) {
            let one_by_one = |is: &dyn Fn(u8) -> bool| octets.iter().position(|octet| is(*octet));
            prop_assert_eq!(find(&octets, |block| below(block, limit)), one_by_one(&|octet| octet < limit));
            prop_assert_eq!(find(&octets, |block| equal(block, sought)), one_by_one(&|octet| octet == sought));
            prop_assert_eq!(find(&octets, foreign), one_by_one(&|octet| !octet.is_ascii()));
            let letter = |octet: u8| octet | 0x20 == sought | 0x20;
            prop_assert_eq!(find(&octets, |block| equal(folded(block), sought | 0x20)), one_by_one(&letter));
            let twin = |octet: u8| octet | 1 == sought | 1;
            prop_assert_eq!(find(&octets, |block| twins(block, sought | 1)), one_by_one(&twin));
            let marks = |block| below(block, limit) | equal(block, sought) | foreign(block);
            let first = one_by_one(&|octet| octet < limit || octet == sought || !octet.is_ascii());
            prop_assert_eq!(find(&octets, marks), first);
            let marks = |block| low(block, limit) | alike(block, sought) | foreign(block);
            prop_assert_eq!(find(&octets, marks), first);
            prop_assert_eq!(any(&octets, marks), first.is_some());
        }
    }
}
