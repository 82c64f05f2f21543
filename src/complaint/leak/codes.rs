//! Tells of base64 characters what their octets may hold, without decoding them.
//!
//! In: the values of a text's octets in base64. Out: [`Signs`].
//! Standards: RFC 4648 §4, §5 (base64, base64url), RFC 1950 §2.2 (zlib), RFC 1952 §2.3 (gzip).
//! Limits: a sign proves nothing; that there is none proves that nothing is there.

use std::ops::Range;

use super::block::STRETCH_OCTETS;
use super::forms::Needle;
use crate::evidence::decode::{NO_VALUE, is_base64};

/// Octets of a needle that are known by their threes: wherever its code begins, one of those stands in one group.
///
/// A shorter one may lie across two groups, beside octets that are no letters.
const KNOWN_OCTETS: usize = 5;

/// Octets from which on a needle fills two groups, wherever its code begins; so does a checksum in hex.
const TWO_GROUPS: usize = 8;

/// Places of a run at which something packed may begin that are tried at most: one in 16,000 characters looks so by chance.
const PACKED_PLACES: usize = 16;

/// Words of the table of threes; one in some hundred others is taken for one of them.
const WORDS: usize = 512;

/// What base64 may hold: for each place, one if a group that begins there holds nothing but US-ASCII, or may where forms
/// have other letters.
#[derive(Debug)]
pub(super) struct Signs(Vec<u8>);

impl Signs {
    /// Returns which of the first four characters of a run may begin the groups of a text: half of those are US-ASCII.
    pub(super) fn texts(&self, run: &Range<usize>) -> [bool; 4] {
        let plain = self
            .0
            .get(run.start..run.end.saturating_sub(3))
            .unwrap_or_default();
        let (fours, rest) = plain.as_chunks::<4>();
        let mut groups = [0usize; 4];
        // Ones are added four at a time, as long as no sum exceeds its octet.
        let sums = fours.chunks(usize::from(u8::MAX)).map(|fours| {
            let sum = fours.iter().map(|four| u32::from_le_bytes(*four)).sum();
            u32::to_le_bytes(sum)
        });
        for sums in sums {
            add(&mut groups, &sums);
        }
        add(&mut groups, rest);
        groups.map(|groups| groups * 8 + 8 >= run.len())
    }
}

/// Groups of US-ASCII in a row that a stretch of [`STRETCH_OCTETS`] fills, wherever its code begins.
const STRETCH_GROUPS: usize = (STRETCH_OCTETS - 2) / 3;

/// Which of the highest bits of four values say that a group holds more than US-ASCII. RFC 4648 §4.
const BEYOND_ASCII: [u8; 4] = [0b1010_0000, 0b1000_1000, 0b1000_0010, 0b1000_0000];

/// What is known of the forms to find signs of them.
#[derive(Debug)]
pub(super) struct Codes {
    /// Three octets in a row, letters in lower case.
    threes: Box<[u64; WORDS]>,
    is_ascii: bool,
    /// Whether every form that gives signs fills two groups.
    fills_two: bool,
    /// Whether some form is so short that it may fill no group, and gives no sign.
    pub(super) has_short: bool,
}

impl Codes {
    /// Learns the needles, and the pieces of which each holds one.
    pub(super) fn of(needles: &[Needle], pieces: &[Vec<u8>]) -> Self {
        let lengths = || needles.iter().map(|needle| needle.octets.len());
        let mut codes = Self {
            threes: Box::new([0; WORDS]),
            is_ascii: needles.iter().all(|needle| needle.octets.is_ascii()),
            fills_two: !lengths().any(|length| (KNOWN_OCTETS..TWO_GROUPS).contains(&length)),
            has_short: lengths().any(|length| length < KNOWN_OCTETS),
        };
        let known = pieces.iter().filter_map(|piece| piece.first_chunk());
        for known in known {
            let known: &[u8; KNOWN_OCTETS] = known;
            known.windows(3).for_each(|three| codes.add(three));
        }
        codes
    }

    fn add(&mut self, three: &[u8]) {
        let three = three
            .iter()
            .fold(0, |code, octet| code << 8 | u32::from(*octet));
        let (word, bit) = place(three);
        if let Some(word) = self.threes.get_mut(word) {
            *word |= bit;
        }
    }

    #[inline]
    fn knows(&self, three: u32) -> bool {
        let (word, bit) = place(three);
        self.threes.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Returns the groups in which a form may stand, or a digest as text, but for those of texts that are known.
    ///
    /// Prose is full of runs that are no code; what they give is seldom US-ASCII. A digest in hex or base64 that a
    /// code holds as text fills two groups in a row with such characters.
    pub(super) fn forms(&self, signs: Signs, values: &[u8], texts: &[Range<usize>]) -> Vec<usize> {
        let Signs(mut plain) = signs;
        for text in texts {
            let groups = plain.iter_mut().take(text.end).skip(text.start);
            groups.step_by(4).for_each(|group| *group = 0);
        }
        let next = plain.get(4..).unwrap_or_default();
        let pairs: Vec<u8>;
        let marks = if self.fills_two {
            pairs = plain.iter().zip(next).map(|(one, two)| one & two).collect();
            &pairs
        } else {
            &plain
        };
        let is_sign = |at: usize| {
            let one = group(values, at);
            let is_code = || is_code(one) && is_code(group(values, at + 4));
            self.knows(one) || (next.get(at) == Some(&1) && is_code())
        };
        let mut found = Vec::new();
        for at in marked(marks) {
            found.extend(is_sign(at).then_some(at));
            // A form may show in the second of two groups alone.
            if self.fills_two && marks.get(at + 4) != Some(&1) {
                found.extend(is_sign(at + 4).then_some(at + 4));
            }
        }
        found
    }

    /// Looks at the values of a text's octets in base64.
    pub(super) fn signs(&self, values: &[u8]) -> Signs {
        let bits = if self.is_ascii {
            BEYOND_ASCII
        } else {
            [NO_VALUE_BIT; 4]
        };
        Signs(groups(values, bits))
    }

    /// Returns the groups of stretches of US-ASCII, but for those of texts that are known, with the groups beside them.
    pub(super) fn stretches(
        &self,
        signs: &Signs,
        values: &[u8],
        texts: &[Range<usize>],
    ) -> Vec<Range<usize>> {
        let own: Vec<u8>;
        let plain = if self.is_ascii {
            &signs.0
        } else {
            own = groups(values, BEYOND_ASCII);
            &own
        };
        let from = |group: usize| plain.get(group * 4..).unwrap_or_default();
        const { assert!(STRETCH_GROUPS == 3, "so many are looked at below") };
        let threes = from(0).iter().zip(from(1)).zip(from(2));
        let threes: Vec<u8> = threes.map(|((a, b), c)| a & b & c).collect();
        let is_one = |at: usize| threes.get(at) == Some(&1);
        let is_known = |at: usize| {
            let mut texts = texts.iter();
            texts.any(|text| text.contains(&at) && (at - text.start).is_multiple_of(4))
        };
        marked(&threes)
            .filter(|at| !at.checked_sub(4).is_some_and(is_one) && !is_known(*at))
            .map(|at| {
                let groups = from(0).iter().skip(at).step_by(4);
                let end = at + 4 * groups.take_while(|group| **group == 1).count();
                let is_value = |value: &&u8| **value != NO_VALUE;
                let before = at.checked_sub(4).and_then(|from| values.get(from..at));
                let before = before.filter(|group| group.iter().all(|value| *value != NO_VALUE));
                let after = values.iter().skip(end).take(4).take_while(is_value);
                at - before.map_or(0, <[u8]>::len)..end + after.count()
            })
            .collect()
    }
}

/// Set in [`NO_VALUE`] and in no value.
const NO_VALUE_BIT: u8 = 0b1000_0000;

/// Returns for each place one if the group that begins there has none of some bits.
fn groups(values: &[u8], bits: [u8; 4]) -> Vec<u8> {
    // RFC 4648 §4: in four values, some are the highest bits of the three octets; what is no value has all bits.
    let [first, second, third, fourth] =
        [0, 1, 2, 3].map(|from| values.get(from..).unwrap_or_default());
    let groups = first.iter().zip(second).zip(third).zip(fourth);
    let [in_a, in_b, in_c, in_d] = bits;
    let groups = groups
        .map(|(((a, b), c), d)| u8::from((a & in_a) | (b & in_b) | (c & in_c) | (d & in_d) == 0));
    groups.collect()
}

/// Adds numbers to sums.
fn add(sums: &mut [usize; 4], numbers: &[u8]) {
    for (sum, number) in sums.iter_mut().zip(numbers) {
        *sum += usize::from(*number);
    }
}

/// Returns the places of ones among zeros. They are dense: a search for each costs more than eight at a look.
fn marked(marks: &[u8]) -> impl Iterator<Item = usize> {
    let (eights, rest) = marks.as_chunks::<8>();
    let of_rest = eights.len() * 8;
    let eights = eights.iter().enumerate().flat_map(|(number, eight)| {
        let mut ones = u64::from_le_bytes(*eight);
        std::iter::from_fn(move || {
            let first = std::num::NonZeroU64::new(ones)?.trailing_zeros();
            // The lowest one is done.
            ones &= ones - 1;
            Some(number * 8 + first as usize / 8)
        })
    });
    let rest = rest.iter().enumerate().filter(|(_, mark)| **mark != 0);
    eights.chain(rest.map(move |(place, _)| of_rest + place))
}

/// Returns the three octets of a group; zeros where the values end before it does.
#[inline]
fn group(values: &[u8], at: usize) -> u32 {
    let four = values.get(at..).and_then(<[u8]>::first_chunk::<4>);
    four.map_or(0, |four| {
        four.iter()
            .fold(0, |code, value| code << 6 | u32::from(*value))
    })
}

/// Returns whether three octets are themselves characters of base64, as hex digits are, too.
fn is_code(three: u32) -> bool {
    let octets = [three >> 16, three >> 8, three];
    octets.into_iter().all(|octet| is_base64(octet as u8))
}

/// Returns the place of three octets in a table; letters count in lower case.
#[inline]
const fn place(three: u32) -> (usize, u64) {
    let lower = (three & 0xff_ffff) | 0x20_2020;
    // The golden ratio spreads what differs in few bits.
    let spread = lower.wrapping_mul(0x9e37_79b1) >> 17;
    ((spread / 64) as usize % WORDS, 1 << (spread % 64))
}

/// Returns whether base64 may begin somewhere of what gzip or zlib packed.
pub(super) fn may_hold_packed(values: &[u8]) -> bool {
    let pairs = values.iter().zip(values.get(1..).unwrap_or_default());
    // Without a branch: all of it is looked at, many places at once.
    let begins = pairs.map(|(a, b)| {
        let gzip = (*a == 7) & (*b == 56);
        let zlib = (*a == 30) & ((*b == 0) | (*b == 5) | (*b == 9) | (*b == 13));
        u8::from(gzip | zlib)
    });
    let begins: Vec<u8> = begins.collect();
    marked(&begins).any(|at| values.get(at..).is_some_and(is_packed))
}

/// Returns where among values of base64 characters what gzip or zlib packed may begin.
///
/// Anywhere: `/`, `-` and `_` are characters of base64, so a run begins with the path that a link has before its token.
pub(super) fn packed_in(values: &[u8]) -> impl Iterator<Item = usize> {
    let is_one = |at: &usize| values.get(*at..).is_some_and(is_packed);
    (0..values.len()).filter(is_one).take(PACKED_PLACES)
}

/// Returns whether values of base64 characters begin as gzip or zlib does. RFC 1952 §2.3.1, RFC 1950 §2.2.
pub(super) const fn is_packed(values: &[u8]) -> bool {
    let [a, b, c, ..] = values else {
        return false;
    };
    let octets = [*a << 2 | *b >> 4, *b << 4 | *c >> 2];
    matches!(octets, [0x1f, 0x8b] | [0x78, 0x01 | 0x5e | 0x9c | 0xda])
}

#[cfg(test)]
mod tests {
    use super::super::forms::Forms;
    use super::*;
    use crate::complaint::own::Own;
    use data_encoding::BASE64;
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    use crate::evidence::decode::{base64_octets, base64_values};

    static FORMS: LazyLock<Forms> =
        LazyLock::new(|| Forms::of(&Own::of_addresses(&["jane.doe@example.org"])));

    proptest! {
        #[test]
        fn a_form_shows_wherever_its_code_begins(before in "[A-Za-z0-9]{0,9}", octets in "[ -~]{0,5}", after in "[A-Za-z0-9]{0,9}") {
            for hidden in ["jane.doe@example.org", "JANE.DOE", "d41d8cd9", "ODQ3ZGYwYTNiYz"] {
                let code = BASE64.encode(format!("{octets}{hidden}").as_bytes());
                let text = format!("{before}{}{after}", code.trim_end_matches('='));
                let values = base64_values(text.as_bytes()).collect::<Vec<_>>();
                let forms = FORMS.codes.forms(FORMS.codes.signs(&values), &values, &[]);
                let code = before.len()..text.len() - after.len();
                let is_one = |at: &usize| code.contains(at) && (at - code.start).is_multiple_of(4);
                prop_assert!(forms.iter().any(is_one), "{} {:?}", text, forms);
            }
        }

        #[test]
        fn what_is_packed_shows_by_its_first_characters(octets in prop::collection::vec(any::<u8>(), 0..60), level in 1u8..10) {
            let gzip = [b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), compress_to_vec(&octets, level)].concat();
            for code in [gzip, compress_to_vec_zlib(&octets, level)] {
                let text = format!(".{}", BASE64.encode(&code));
                let values = base64_values(text.as_bytes()).collect::<Vec<_>>();
                prop_assert!(may_hold_packed(&values) && is_packed(&values[1..]), "{}", text);
            }
        }

        #[test]
        fn values_are_decoded_as_their_characters_are(chars in "[A-Za-z0-9+/_-]{0,40}") {
            prop_assert_eq!(base64_octets(&base64_values(chars.as_bytes()).collect::<Vec<_>>()), crate::evidence::decode::base64(chars.as_bytes()));
        }
    }

    #[test]
    fn the_groups_of_a_text_that_was_read_are_no_signs_and_others_are() {
        let code = BASE64.encode(b"to jane.doe@example.org, in a text");
        let values: Vec<u8> = base64_values(code.as_bytes()).collect();
        let all = 0..values.len();
        let forms = |texts: &[_]| {
            FORMS
                .codes
                .forms(FORMS.codes.signs(&values), &values, texts)
        };
        let aligned = |found: &[usize]| found.iter().any(|at| at.is_multiple_of(4));
        assert!(aligned(&forms(&[])));
        assert!(!aligned(&forms(std::slice::from_ref(&all))));
        assert!(aligned(&forms(&[1..all.end, 2..all.end, 3..all.end])));
    }

    #[test]
    fn ones_are_found_in_their_order() {
        let marks: Vec<u8> = (0..43u8)
            .map(|place| u8::from(place % 5 == 0 || place == 42))
            .collect();
        assert_eq!(
            marked(&marks).collect::<Vec<_>>(),
            [0, 5, 10, 15, 20, 25, 30, 35, 40, 42]
        );
    }

    #[test]
    fn prose_shows_nothing() {
        let prose = b"Theseareonlywordsthatstandtogetherbecausetheirblanksweretakenawayandnobodyisnamedinthem";
        let values: Vec<u8> = base64_values(prose).collect();
        let signs = FORMS.codes.signs(&values);
        assert_eq!(signs.texts(&(0..prose.len())), [false; 4]);
        assert_eq!(FORMS.codes.forms(signs, &values, &[]), [0; 0]);
        assert!(!may_hold_packed(&values));
    }
}
