//! Finds where header fields end: line ends that no blank follows.
//!
//! In: the octets of a message. Out: [`Ends`], from top to bottom.
//! Standards: RFC 5322 §2.2.3 (folding).
//! Trust: any octets; they are looked at row by row, as far as is asked.
//! Failures: none.

use crate::intake::eight::{self, ROW};

/// The offsets behind the line ends that end a field.
#[derive(Debug)]
pub(super) struct Ends<'m> {
    octets: &'m [u8],
    /// Where the next row begins.
    next_row: usize,
    /// The line ends of the row before it that were not looked at, a bit each.
    left: u64,
}

impl<'m> Ends<'m> {
    pub(super) const fn of(octets: &'m [u8]) -> Self {
        Self {
            octets,
            next_row: 0,
            left: 0,
        }
    }
}

impl Iterator for Ends<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        loop {
            while self.left == 0 {
                let rest = self.octets.get(self.next_row..)?;
                self.left = line_ends(rest)?;
                self.next_row += ROW;
            }
            let behind = self.next_row - ROW + self.left.trailing_zeros() as usize + 1;
            self.left &= self.left - 1;
            if !matches!(self.octets.get(behind), Some(b' ' | b'\t')) {
                return Some(behind);
            }
        }
    }
}

/// Returns a bit for each line end of the first row; `None` where there is none.
#[inline]
fn line_ends(octets: &[u8]) -> Option<u64> {
    if let Some(row) = octets.first_chunk() {
        return Some(eight::row(row, b'\n'));
    }
    let mut row = [0; ROW];
    row.get_mut(..octets.len())?.copy_from_slice(octets);
    (!octets.is_empty()).then(|| eight::row(&row, b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn ends_are_found_as_one_by_one(text in "[a \\t\\n]{0,20}(a{60})?[a \\t\\n]{0,200}") {
            let octets = text.as_bytes();
            let is_end = |at: &usize| octets[at - 1] == b'\n' && !matches!(octets.get(*at), Some(b' ' | b'\t'));
            let one_by_one: Vec<usize> = (1..=octets.len()).filter(is_end).collect();
            prop_assert_eq!(Ends::of(octets).collect::<Vec<_>>(), one_by_one);
        }
    }
}
