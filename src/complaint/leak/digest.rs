//! Digests of the own addresses, as bulk mailers put them into links.
//!
//! In: addresses. Out: [`Digests`], which finds them in hex and base64.
//! Standards: RFC 1321 (MD5), RFC 3174 (SHA-1), FIPS 180-4, FIPS 202.
//! Limits: a salted digest cannot be found by anybody but its maker.

use std::collections::HashMap;
use std::ops::Range;

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use sha2::Digest;

use super::runs;
use crate::evidence::decode::{base64_or_none, hex_digit, is_hex};

/// Hex digits of a digest that must agree: mailers often keep the first sixteen.
const HEX_SHOWN: usize = 16;

/// Octets by which a digest is looked up.
pub(super) const KEY_OCTETS: usize = 8;

/// base64 characters of a digest that must agree.
const BASE64_SHOWN: usize = 16;

/// Every so many base64 characters one looks whether they may belong to a digest.
const STEP: usize = 8;

/// A set of three base64 characters.
type Threes = Begins<{ (1 << 18) / 64 }>;

/// The digests of the own addresses.
#[derive(Debug, Default)]
pub(crate) struct Digests {
    hex: HashMap<[u8; 8], Vec<(String, &'static str)>>,
    crc: HashMap<[u8; 8], ()>,
    base64: HashMap<[u8; 8], Vec<(String, &'static str)>>,
    /// Three base64 characters in a row among the first of each digest: one of every [`STEP`] is among them.
    base64_parts: Threes,
    /// The first three base64 characters of each digest.
    base64_begins: Threes,
    /// The first four hex digits of each digest and checksum.
    hex_begins: Begins<{ (1 << 16) / 64 }>,
}

/// What one kind of digest makes of octets.
type Maker = (&'static str, fn(&[u8]) -> Vec<u8>);

const MAKERS: [Maker; 9] = [
    ("MD5", |octets| md5::Md5::digest(octets).to_vec()),
    ("SHA-1", |octets| sha1::Sha1::digest(octets).to_vec()),
    ("SHA-224", |octets| sha2::Sha224::digest(octets).to_vec()),
    ("SHA-256", |octets| sha2::Sha256::digest(octets).to_vec()),
    ("SHA-384", |octets| sha2::Sha384::digest(octets).to_vec()),
    ("SHA-512", |octets| sha2::Sha512::digest(octets).to_vec()),
    ("SHA3-256", |octets| sha3::Sha3_256::digest(octets).to_vec()),
    ("SHA3-512", |octets| sha3::Sha3_512::digest(octets).to_vec()),
    // Some mailers digest the digest's own hex digits once more.
    ("MD5 of MD5", |octets| {
        md5::Md5::digest(HEXLOWER.encode(&md5::Md5::digest(octets))).to_vec()
    }),
];

impl Digests {
    /// Makes the digests of addresses, their base and dotless forms, local parts and `mailto:` links, in three cases.
    pub(crate) fn of<'a>(addresses: impl IntoIterator<Item = &'a String>) -> Self {
        let mut digests = Self::default();
        let mut inputs = Vec::new();
        for address in addresses {
            let Some((local, domain)) = address.rsplit_once('@') else {
                continue;
            };
            let base = local.split('+').next().unwrap_or(local);
            let dotless = base.replace('.', "");
            for whole in [
                address.clone(),
                format!("{base}@{domain}"),
                format!("{dotless}@{domain}"),
            ] {
                // FOAF digests the address as a link; `echo` ends it with a line feed.
                inputs.push(format!("mailto:{whole}"));
                inputs.push(format!("{whole}\n"));
                inputs.push(whole);
            }
            inputs.push(local.to_owned());
            inputs.push(base.to_owned());
        }
        let cased = inputs.iter().flat_map(|text| {
            [
                text.clone(),
                text.to_ascii_lowercase(),
                text.to_ascii_uppercase(),
            ]
        });
        let mut cased: Vec<String> = cased.collect();
        cased.sort_unstable();
        cased.dedup();
        for text in &cased {
            digests.add(text.as_bytes());
        }
        digests
    }

    fn add(&mut self, octets: &[u8]) {
        for (name, make) in MAKERS {
            let digest = make(octets);
            let hex = HEXLOWER.encode(&digest);
            let base64 = BASE64_NOPAD.encode(&digest);
            if let Some(key) = hex.as_bytes().first_chunk() {
                self.hex_begins.add(first_four(key));
                self.hex.entry(*key).or_default().push((hex.clone(), name));
            }
            if let Some(key) = base64.as_bytes().first_chunk() {
                self.base64_begins.add(first_three(base64.as_bytes()));
                for three in base64.as_bytes().windows(3).take(STEP) {
                    self.base64_parts.add(first_three(three));
                }
                self.base64
                    .entry(*key)
                    .or_default()
                    .push((base64.clone(), name));
            }
        }
        let crc = format!("{:08x}", crc32fast::hash(octets));
        if let Some(key) = crc.as_bytes().first_chunk() {
            self.hex_begins.add(first_four(key));
            self.crc.insert(*key, ());
        }
    }

    /// Returns the digests that stand in hex in a text in lower case.
    pub(crate) fn in_hex(&self, lower: &[u8]) -> Vec<(&'static str, Range<usize>)> {
        let mut found = Vec::new();
        for run in runs::of::<KEY_OCTETS, _>(lower, is_hex) {
            self.in_digits(lower, &run, &mut found);
        }
        found
    }

    /// Returns whether a digest begins in a run of at least [`KEY_OCTETS`] hex digits, in a text in lower case.
    pub(super) fn stands_in_digits(&self, lower: &[u8], run: &Range<usize>) -> bool {
        let mut found = Vec::new();
        self.in_digits(lower, run, &mut found);
        !found.is_empty()
    }

    fn in_digits(
        &self,
        lower: &[u8],
        run: &Range<usize>,
        found: &mut Vec<(&'static str, Range<usize>)>,
    ) {
        let mut code = 0;
        let digits = lower.get(run.clone()).unwrap_or_default();
        for (place, octet) in digits.iter().enumerate() {
            code = code << 4 | usize::from(hex_digit(*octet).unwrap_or_default());
            // Four digits are known, and four more follow.
            if self.hex_begins.holds(code) && (3..=digits.len() - KEY_OCTETS + 3).contains(&place) {
                self.hex_at(lower, run.start + place - 3, found);
            }
        }
    }

    fn hex_at(&self, lower: &[u8], at: usize, found: &mut Vec<(&'static str, Range<usize>)>) {
        let Some(key) = lower.get(at..).and_then(<[u8]>::first_chunk) else {
            return;
        };
        if self.crc.contains_key(key) {
            found.push(("CRC-32 of an address", at..at + 8));
        }
        for (hex, _) in self.hex.get(key).into_iter().flatten() {
            let text = lower.get(at..).unwrap_or_default();
            let (same, length) = common_in_hex(text, hex.as_bytes());
            if same >= HEX_SHOWN {
                found.push(("digest of an address, in hex", at..at + length));
            }
        }
    }

    /// Returns the digests that stand in base64 in a text, in either alphabet.
    pub(crate) fn in_base64(&self, text: &[u8]) -> Vec<(&'static str, Range<usize>)> {
        let mut found = Vec::new();
        // Of the characters that must agree, some stand here as a whole, wherever the first is.
        let (eights, _) = text.as_chunks::<STEP>();
        for (place, eight) in eights.iter().enumerate() {
            if !self.base64_parts.holds(first_three(eight)) {
                continue;
            }
            let at = place * STEP;
            for at in (at + 1).saturating_sub(STEP)..=at {
                let begins = text.get(at..).unwrap_or_default();
                if self.base64_begins.holds(first_three(begins)) {
                    self.base64_at(text, at, &mut found);
                }
            }
        }
        found
    }

    fn base64_at(&self, text: &[u8], at: usize, found: &mut Vec<(&'static str, Range<usize>)>) {
        let standard: Vec<u8> = text
            .iter()
            .skip(at)
            .take(90)
            .map(|octet| match octet {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            })
            .collect();
        let Some(key) = standard.first_chunk() else {
            return;
        };
        for (base64, _) in self.base64.get(key).into_iter().flatten() {
            let same = common(&standard, base64.as_bytes());
            if same >= BASE64_SHOWN {
                found.push(("digest of an address, in base64", at..at + same));
            }
        }
    }
}

/// Returns how many digits a text and a digest have in common, and over how many octets of the text.
///
/// A digest of sixteen octets is also written as a GUID, with dashes. RFC 9562 §4.
fn common_in_hex(text: &[u8], digest: &[u8]) -> (usize, usize) {
    let (mut same, mut length) = (0, 0);
    for (at, octet) in text.iter().enumerate() {
        if *octet == b'-' && [8, 12, 16, 20].contains(&same) {
            continue;
        }
        if digest.get(same) != Some(octet) {
            break;
        }
        (same, length) = (same + 1, at + 1);
    }
    (same, length)
}

/// Returns how many octets two texts have in common at their start.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// Returns the first four hex digits of a key as one number.
fn first_four(key: &[u8; 8]) -> usize {
    let values = key.iter().take(4).filter_map(|octet| hex_digit(*octet));
    values.fold(0, |code, value| code << 4 | usize::from(value))
}

/// Returns what the first three base64 characters are worth, as one number.
#[inline]
fn first_three(text: &[u8]) -> usize {
    let value = |octet: &u8| usize::from(base64_or_none(*octet));
    match text {
        [a, b, c, ..] => value(a) << 12 | value(b) << 6 | value(c),
        _ => 0,
    }
}

/// A set of the beginnings of digests, one bit each.
#[derive(Debug)]
struct Begins<const WORDS: usize>(Box<[u64; WORDS]>);

impl<const WORDS: usize> Default for Begins<WORDS> {
    fn default() -> Self {
        Self(Box::new([0; WORDS]))
    }
}

impl<const WORDS: usize> Begins<WORDS> {
    fn add(&mut self, code: usize) {
        if let Some(word) = self.0.get_mut(code / 64 % WORDS) {
            *word |= 1 << (code % 64);
        }
    }

    /// Returns whether some digest begins with the last characters of a code.
    #[inline]
    fn holds(&self, code: usize) -> bool {
        self.0
            .get(code / 64 % WORDS)
            .is_some_and(|word| word >> (code % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_found_whole_and_cut_in_both_codes() {
        let digests = Digests::of(&["Jane.Doe+shop@Example.org".to_owned()]);
        let md5 = HEXLOWER.encode(&md5::Md5::digest(b"jane.doe@example.org"));
        assert_eq!(digests.in_hex(format!("?u={md5}&v").as_bytes())[0].1, 3..35);
        let sha = HEXLOWER.encode(&sha1::Sha1::digest(b"jane.doe+shop@example.org"));
        assert_eq!(digests.in_hex(&sha.as_bytes()[..16]).len(), 1);
        assert!(digests.in_hex(&sha.as_bytes()[..15]).is_empty());
        let sha =
            data_encoding::BASE64URL_NOPAD.encode(&sha2::Sha256::digest(b"janedoe@example.org"));
        assert_eq!(digests.in_base64(format!("x/{sha}").as_bytes()).len(), 1);
        let guid = format!(
            "{{{}-{}-{}-{}-{}}}",
            &md5[..8],
            &md5[8..12],
            &md5[12..16],
            &md5[16..20],
            &md5[20..]
        );
        assert_eq!(digests.in_hex(guid.as_bytes())[0].1, 1..37);
        let crc = format!("{:08x}", crc32fast::hash(b"jane.doe+shop@example.org"));
        assert_eq!(digests.in_hex(crc.as_bytes()).len(), 1);
    }
}
