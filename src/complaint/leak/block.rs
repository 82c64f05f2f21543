//! Codes that write several octets together: base64, hex, encoded words, compressed tokens.
//!
//! In: octets. Out: the places of the codes, and their characters anew for changed octets.
//! Standards: RFC 4648 §4, §5, §8 (base64, base64url, base16), RFC 2047 §4, RFC 1952 (gzip), RFC 1950 (zlib).
//! Trust: hostile; what is unpacked is bounded by [`INFLATE_LIMIT`].
//! Limits: other compressions are not unpacked; such parts are replaced as a whole.

use std::ops::Range;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use super::runs;
use crate::evidence::decode::{EncodedWord, base64_value, encoded_words, is_hex};

/// base64 characters in a row that can hold an address: `a@b.co` has eight.
pub(super) const BASE64_RUN: usize = 8;

/// Hex digits in a row that can hold an address.
pub(super) const HEX_RUN: usize = 12;

/// Octets from which on a decoded run is read as a text of its own.
pub(super) const TEXT_OCTETS: usize = 24;

/// Octets of a stretch of text within others that is read as one: `anna%40example.org`, behind a path that is no code.
///
/// Among others at random, one in some thousand begins such a stretch.
pub(super) const STRETCH_OCTETS: usize = 12;

/// Octets that a compressed token may become; an address stands at a token's start or nowhere.
const INFLATE_LIMIT: usize = 1 << 20;

/// The places of the characters of one run, line ends between them left out.
pub(crate) type Run = Vec<usize>;

/// Finds the runs of base64 characters; a line end, with blanks after it, does not end one.
pub(crate) fn base64_runs(text: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run = Run::new();
    let mut at = 0;
    while let Some(octet) = text.get(at) {
        if base64_value(*octet).is_some() {
            run.push(at);
            at += 1;
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        // A line of text ends in a word of its own: only full lines go on.
        if run.len() >= BASE64_RUN
            && let Some(after) = after_line_end(rest)
        {
            at += rest.len() - after.len();
            continue;
        }
        if run.len() >= BASE64_RUN {
            runs.push(std::mem::take(&mut run));
        }
        run.clear();
        at += 1;
    }
    if run.len() >= BASE64_RUN {
        runs.push(run);
    }
    runs
}

/// Returns what follows a line end and the blanks behind it; `None` where there is no line end.
#[inline]
pub(super) fn after_line_end(text: &[u8]) -> Option<&[u8]> {
    let ([b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) = text else {
        return None;
    };
    let mut after = after;
    while let [b' ' | b'\t', rest @ ..] = after {
        after = rest;
    }
    Some(after)
}

/// Returns whether decoded octets look like a text that could hold codes of its own.
pub(super) fn is_text(octets: &[u8]) -> bool {
    let printable = |octet: &u8| u8::from(is_printable(*octet));
    // Pieces of fewer than 256 octets are counted in octets, many at once.
    let pieces = octets.chunks(128);
    let count = pieces.map(|piece| usize::from(piece.iter().map(printable).sum::<u8>()));
    octets.len() >= TEXT_OCTETS && count.sum::<usize>() * 100 > octets.len() * 85
}

/// Returns the stretches of text within octets that are none as a whole.
pub(super) fn stretches(octets: &[u8]) -> impl Iterator<Item = Range<usize>> {
    runs::of::<STRETCH_OCTETS, _>(octets, is_printable)
}

fn is_printable(octet: u8) -> bool {
    (32..127).contains(&octet) | matches!(octet, 9 | 10 | 13 | 0)
}

/// Finds the runs of hex digits.
pub(crate) fn hex_runs(text: &[u8]) -> Vec<Range<usize>> {
    runs::of::<HEX_RUN, _>(text, is_hex).collect()
}

/// Returns what the characters of a run are worth.
pub(super) fn values_of(text: &[u8], run: &[usize]) -> Vec<u8> {
    let chars = run.iter().filter_map(|at| text.get(*at));
    chars.filter_map(|octet| base64_value(*octet)).collect()
}

/// Returns the characters of a run that differ once its octets are changed, in the run's own alphabet.
///
/// Bits of a last character that belong to no whole octet stay.
pub(crate) fn base64_anew(text: &[u8], run: &[usize], octets: &[u8]) -> Vec<(usize, u8)> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let old = |at: &usize| text.get(*at).copied().unwrap_or_default();
    let is_url = run.iter().any(|at| matches!(old(at), b'-' | b'_'));
    let alphabet = if is_url { URL } else { STANDARD };
    let mut changed = Vec::new();
    for (place, at) in run.iter().enumerate() {
        let before = base64_value(old(at)).unwrap_or_default();
        let mut value = 0;
        for bit in 0..6 {
            let position = place * 6 + bit;
            let one = match octets.get(position / 8) {
                Some(octet) => octet >> (7 - position % 8) & 1,
                None => before >> (5 - bit) & 1,
            };
            value = value << 1 | one;
        }
        if value != before
            && let Some(octet) = alphabet.get(usize::from(value))
        {
            changed.push((*at, *octet));
        }
    }
    changed
}

/// Decodes hex digits, two by two.
pub(crate) fn hex(digits: &[u8]) -> Vec<u8> {
    digits
        .as_chunks::<2>()
        .0
        .iter()
        .filter_map(|[high, low]| crate::evidence::decode::hex_pair(*high, *low))
        .collect()
}

/// Unpacks gzip or zlib, as far as it goes; `None` where it is neither.
pub(crate) fn inflate(octets: &[u8]) -> Option<Vec<u8>> {
    inflate_first(octets).map(|(unpacked, _)| unpacked)
}

/// Unpacks gzip or zlib, as far as it goes, and says how many octets that took: all, unless what was packed ends before.
pub(super) fn inflate_first(octets: &[u8]) -> Option<(Vec<u8>, usize)> {
    match octets {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] => {
            let data = gzip_data(*flags, rest)?;
            let (unpacked, taken) = unpack(data, 0);
            // RFC 1952 §2.3.1: a checksum and a length stand behind the data.
            let end = octets.len() - data.len() + taken + 8;
            Some((unpacked, end.min(octets.len())))
        }
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => {
            Some(unpack(octets, inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER))
        }
        _ => None,
    }
}

/// Unpacks what deflate packed, up to its first fault or end; at most [`INFLATE_LIMIT`] octets.
fn unpack(packed: &[u8], flags: u32) -> (Vec<u8>, usize) {
    let flags = flags | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::<DecompressorOxide>::default();
    let mut out = vec![0; packed.len().saturating_mul(2).clamp(64, INFLATE_LIMIT)];
    let (mut at, mut length) = (0, 0);
    loop {
        let rest = packed.get(at..).unwrap_or_default();
        let (status, taken, given) = decompress(&mut state, rest, &mut out, length, flags);
        (at, length) = (at + taken, length + given);
        if status != TINFLStatus::HasMoreOutput || out.len() >= INFLATE_LIMIT {
            out.truncate(length);
            let is_done = status == TINFLStatus::Done;
            return (out, if is_done { at } else { packed.len() });
        }
        out.resize(out.len().saturating_mul(2).min(INFLATE_LIMIT), 0);
    }
}

/// Passes over the optional fields of a gzip header. RFC 1952 §2.3.
fn gzip_data(flags: u8, mut rest: &[u8]) -> Option<&[u8]> {
    if flags & 4 != 0 {
        let length = usize::from(u16::from_le_bytes(*rest.first_chunk()?));
        rest = rest.get(2 + length..)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        }
    }
    if flags & 2 != 0 {
        rest.get(2..)
    } else {
        Some(rest)
    }
}

/// Returns the encoded words that stand together, as RFC 2047 §6.2 joins them.
pub(crate) fn word_groups(text: &[u8]) -> Vec<Vec<EncodedWord>> {
    let mut groups: Vec<Vec<EncodedWord>> = Vec::new();
    for word in encoded_words(text) {
        let joins = groups
            .last()
            .and_then(|group| group.last())
            .is_some_and(|last| {
                let between = text
                    .get(last.whole.end..word.whole.start)
                    .unwrap_or_default();
                between.trim_ascii().is_empty()
            });
        match groups.last_mut() {
            Some(group) if joins => group.push(word),
            _ => groups.push(vec![word]),
        }
    }
    groups
}

/// Writes the octets of one encoded word in the word's own encoding. RFC 2047 §4.
pub(crate) fn word_anew(word: &EncodedWord, octets: &[u8]) -> Vec<u8> {
    if word.is_base64 {
        return data_encoding::BASE64.encode(octets).into_bytes();
    }
    let mut text = Vec::new();
    for octet in octets {
        match octet {
            b' ' => text.push(b'_'),
            // RFC 2047 §5 (3): in a phrase, nothing else may stand for itself.
            octet if octet.is_ascii_alphanumeric() || b"!*+-/".contains(octet) => text.push(*octet),
            octet => text.extend_from_slice(format!("={octet:02X}").as_bytes()),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::decode::base64_octets;

    #[test]
    fn changed_octets_change_only_their_characters() {
        let text = b"id=YWJjZGVmZ2hp\r\n amtsbW5v&x";
        let run = base64_runs(text).remove(0);
        let mut octets = base64_octets(&values_of(text, &run));
        assert_eq!(octets, b"abcdefghijklmno");
        octets[1] = b'x';
        let changed = base64_anew(text, &run, &octets);
        assert!(changed.len() <= 2 && changed.iter().all(|(at, _)| (3..6).contains(at)));
    }

    #[test]
    fn gzip_and_zlib_are_unpacked_within_the_limit() {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b'a'; 4 << 20], 6);
        assert!(inflate(&packed).unwrap().len() <= INFLATE_LIMIT);
        assert_eq!(inflate(b"plain text"), None);
        let mut gzip = b"\x1f\x8b\x08\x08\0\0\0\0\0\0name\0".to_vec();
        gzip.extend(miniz_oxide::deflate::compress_to_vec(b"jane", 6));
        assert_eq!(inflate(&gzip).unwrap(), b"jane");
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(b"a text, that is cut, a text", 6);
        let cut = inflate(&packed[..packed.len() - 8]).unwrap();
        assert!(
            cut.starts_with(b"a text, that") && !cut.contains(&0),
            "{cut:?}"
        );
        // What follows does no harm.
        let more = [&packed[..packed.len() - 6], &[7; 99]].concat();
        assert!(inflate(&more).unwrap().starts_with(&cut));
        let behind = [packed.as_slice(), b"/open"].concat();
        assert_eq!(inflate_first(&behind).unwrap().1, packed.len());
    }
}
