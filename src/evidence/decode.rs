//! Decodes what stands between a reader and the text: transfer encodings, charsets, percent signs, encoded words.
//!
//! In: octets of a part or field. Out: octets or text.
//! Standards: RFC 2045 §6.7 (quoted-printable), §6.8 (base64), RFC 2047 (encoded words), RFC 3986 §2.1 (percent-encoding).
//! Trust: hostile; output never exceeds what a bounded input gives, no charset expands without bound.
//! Failures: never fails; what is no code stays as it stands.

use std::borrow::Cow;

use super::mime::{Encoding, Part};

/// Decoded octets of one text that are looked at; a visible mail has less than a tenth.
pub(crate) const TEXT_LIMIT: usize = 512 * 1024;

/// Returns the value of a base64 character in either alphabet. RFC 4648 §4, §5.
#[must_use]
#[inline]
pub(crate) const fn base64_value(octet: u8) -> Option<u8> {
    match base64_or_none(octet) {
        NO_VALUE => None,
        value => Some(value),
    }
}

/// Returns the same, [`NO_VALUE`] where there is none.
#[must_use]
#[inline]
#[expect(
    clippy::indexing_slicing,
    reason = "an octet is below 256, and this is const"
)]
pub(crate) const fn base64_or_none(octet: u8) -> u8 {
    BASE64_VALUES[octet as usize]
}

/// Returns whether an octet is a character of base64 or base64url.
#[must_use]
#[inline]
pub(crate) const fn is_base64(octet: u8) -> bool {
    base64_value(octet).is_some()
}

/// Returns the value of each octet in base64 or base64url, [`NO_VALUE`] where it is no character of these.
pub(crate) fn base64_values(octets: &[u8]) -> impl ExactSizeIterator<Item = u8> {
    octets.iter().map(|octet| base64_or_none(*octet))
}

/// Decodes the values of base64 characters, as far as they give whole octets. RFC 4648 §4.
#[must_use]
pub(crate) fn base64_octets(values: &[u8]) -> Vec<u8> {
    let (fours, last) = values.as_chunks::<4>();
    let mut octets = vec![0; fours.len() * 3];
    let (threes, _) = octets.as_chunks_mut::<3>();
    for (three, four) in threes.iter_mut().zip(fours) {
        *three = base64_group(*four);
    }
    // What is missing counts as zeros, and gives no octet.
    let (four, whole) = match *last {
        [a, b, c] => ([a, b, c, 0], 2),
        [a, b] => ([a, b, 0, 0], 1),
        _ => ([0; 4], 0),
    };
    octets.extend(base64_group(four).iter().take(whole));
    octets
}

/// Returns the three octets of four values. RFC 4648 §4.
#[inline]
const fn base64_group([a, b, c, d]: [u8; 4]) -> [u8; 3] {
    [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]
}

/// Stands for the value of what is no character of base64: the highest bit, which no value has, is set.
pub(crate) const NO_VALUE: u8 = u8::MAX;

/// The value of each octet in base64 and base64url. RFC 4648 §4, §5.
const BASE64_VALUES: [u8; 256] = {
    let mut values = [NO_VALUE; 256];
    let mut octet = 0u8;
    loop {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => NO_VALUE,
        };
        #[expect(
            clippy::indexing_slicing,
            reason = "an octet is below 256, and this is const"
        )]
        {
            values[octet as usize] = value;
        }
        if octet == u8::MAX {
            break values;
        }
        octet += 1;
    }
};

/// Decodes base64, leaving out what is not of its alphabet. RFC 2045 §6.8.
#[must_use]
pub(crate) fn base64(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0u32, 0);
    let mut rest = octets;
    loop {
        // Between two lines there are but whole groups.
        while held == 0
            && let Some(([a, b, c, d], after)) = rest.split_first_chunk()
            && let (Some(a), Some(b), Some(c), Some(d)) = (
                base64_value(*a),
                base64_value(*b),
                base64_value(*c),
                base64_value(*d),
            )
        {
            out.extend_from_slice(&base64_group([a, b, c, d]));
            rest = after;
        }
        let [first, after @ ..] = rest else {
            return out;
        };
        rest = after;
        let Some(value) = base64_value(*first) else {
            continue;
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
}

/// Returns the value of two hexadecimal digits.
#[must_use]
#[inline]
pub(crate) const fn hex_pair(high: u8, low: u8) -> Option<u8> {
    match (hex_digit(high), hex_digit(low)) {
        (Some(high), Some(low)) => Some(high << 4 | low),
        _ => None,
    }
}

/// Returns the value of a hexadecimal digit.
#[must_use]
#[inline]
pub(crate) const fn hex_digit(octet: u8) -> Option<u8> {
    #[expect(
        clippy::indexing_slicing,
        reason = "an octet is below 256, and this is const"
    )]
    match HEX_VALUES[octet as usize] {
        NO_VALUE => None,
        value => Some(value),
    }
}

/// Returns whether an octet is a hexadecimal digit.
#[must_use]
#[inline]
pub(crate) const fn is_hex(octet: u8) -> bool {
    hex_digit(octet).is_some()
}

/// The value of each octet as a hexadecimal digit.
const HEX_VALUES: [u8; 256] = {
    let mut values = [NO_VALUE; 256];
    let mut value = 0;
    let mut digits = b"00112233445566778899aAbBcCdDeEfF".as_slice();
    while let [lower, upper, rest @ ..] = digits {
        #[expect(
            clippy::indexing_slicing,
            reason = "an octet is below 256, and this is const"
        )]
        {
            values[*lower as usize] = value;
            values[*upper as usize] = value;
        }
        (value, digits) = (value + 1, rest);
    }
    values
};

/// Decodes quoted-printable, soft line breaks joined. RFC 2045 §6.7.
#[must_use]
pub(crate) fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before);
        rest = match from {
            [b'=', after @ ..] if soft_break(after).is_some() => after
                .get(soft_break(after).unwrap_or(0)..)
                .unwrap_or_default(),
            [b'=', high, low, after @ ..] if hex_pair(*high, *low).is_some() => {
                out.extend(hex_pair(*high, *low));
                after
            }
            [equals, after @ ..] => {
                out.push(*equals);
                after
            }
            [] => from,
        };
    }
    out.extend_from_slice(rest);
    out
}

/// Returns the length of what follows the `=` of a soft line break: blanks, and a line end.
///
/// RFC 2045 §6.7 (3): blanks at the end of an encoded line were added on the way, and do not count.
#[must_use]
pub(crate) fn soft_break(after: &[u8]) -> Option<usize> {
    let blanks = after
        .iter()
        .take_while(|octet| matches!(octet, b' ' | b'\t'))
        .count();
    match after.get(blanks..) {
        Some([b'\r', b'\n', ..]) => Some(blanks + 2),
        Some([b'\n', ..]) => Some(blanks + 1),
        _ => None,
    }
}

/// Undoes percent-encoding once. RFC 3986 §2.1.
#[must_use]
pub(crate) fn percent(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let [first, after @ ..] = rest {
        rest = match rest {
            [b'%', high, low, tail @ ..] if hex_pair(*high, *low).is_some() => {
                out.extend(hex_pair(*high, *low));
                tail
            }
            _ => {
                out.push(*first);
                after
            }
        };
    }
    out
}

/// Returns the decoded octets of a part's body, at most `limit` of them.
#[must_use]
pub(crate) fn body<'m>(message: &'m [u8], part: &Part, limit: usize) -> Cow<'m, [u8]> {
    let raw = message.get(part.body.clone()).unwrap_or_default();
    // base64 needs four octets for three, quoted-printable at most three for one.
    let cut = |factor: usize| raw.get(..limit.saturating_mul(factor)).unwrap_or(raw);
    match part.encoding {
        Encoding::Base64 => Cow::Owned(base64(cut(2))),
        Encoding::QuotedPrintable => Cow::Owned(quoted_printable(cut(3))),
        Encoding::Identity | Encoding::Unknown => Cow::Borrowed(cut(1)),
    }
}

/// Returns the text of a part, in Unicode.
///
/// A charset that is unknown, or none, is read as UTF-8 if it is that, and as
/// Windows-1252 otherwise.
#[must_use]
pub(crate) fn text<'m>(message: &'m [u8], part: &Part) -> Cow<'m, str> {
    let octets = body(message, part, TEXT_LIMIT);
    let octets = match octets {
        Cow::Borrowed(octets) => {
            return match unicode(octets, part.charset.as_deref()) {
                Cow::Borrowed(text) => Cow::Borrowed(text),
                Cow::Owned(text) => Cow::Owned(text),
            };
        }
        Cow::Owned(octets) => octets,
    };
    Cow::Owned(unicode(&octets, part.charset.as_deref()).into_owned())
}

/// Decodes octets of a named charset.
#[must_use]
pub(crate) fn unicode<'t>(octets: &'t [u8], charset: Option<&str>) -> Cow<'t, str> {
    let named = charset.and_then(|name| encoding_rs::Encoding::for_label(name.as_bytes()));
    match named {
        Some(encoding) => encoding.decode_without_bom_handling(octets).0,
        None => match std::str::from_utf8(octets) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                encoding_rs::WINDOWS_1252
                    .decode_without_bom_handling(octets)
                    .0
            }
        },
    }
}

/// One encoded word, as ranges of the text that holds it. RFC 2047 §2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncodedWord {
    /// The whole of it, from `=?` to `?=`.
    pub(crate) whole: std::ops::Range<usize>,
    /// Its encoded text.
    pub(crate) text: std::ops::Range<usize>,
    /// Its charset.
    pub(crate) charset: String,
    /// Whether it is base64; quoted-printable otherwise.
    pub(crate) is_base64: bool,
}

impl EncodedWord {
    /// Returns the decoded octets.
    #[must_use]
    pub(crate) fn octets(&self, field: &[u8]) -> Vec<u8> {
        let text = field.get(self.text.clone()).unwrap_or_default();
        if self.is_base64 {
            return base64(text);
        }
        // RFC 2047 §4.2: an underscore is a space.
        let spaced: Vec<u8> = text
            .iter()
            .map(|octet| if *octet == b'_' { b' ' } else { *octet })
            .collect();
        quoted_printable(&spaced)
    }
}

/// Finds the encoded words of a text, left to right.
#[must_use]
pub(crate) fn encoded_words(field: &[u8]) -> Vec<EncodedWord> {
    let mut words = Vec::new();
    let mut at = 0;
    let last_end = memchr::memmem::rfind(field, b"?=").unwrap_or_default();
    while let Some(found) = field
        .get(at..)
        .and_then(|rest| memchr::memmem::find(rest, b"=?"))
    {
        let from = at + found;
        // Where no word ends behind this place, none ends behind a later one.
        if from >= last_end {
            break;
        }
        match encoded_word(field, from) {
            Some(word) => {
                at = word.whole.end;
                words.push(word);
            }
            None => at = from + 2,
        }
    }
    words
}

fn encoded_word(field: &[u8], from: usize) -> Option<EncodedWord> {
    let question = |at: usize| {
        let rest = field.get(at..)?;
        let found = memchr::memchr(b'?', rest)?;
        let between = rest.get(..found)?;
        (!between.iter().any(|octet| octet.is_ascii_whitespace())).then_some(at + found)
    };
    let charset_end = question(from + 2)?;
    let encoding_end = question(charset_end + 1)?;
    let is_base64 = match field.get(charset_end + 1..encoding_end)? {
        b"B" | b"b" => true,
        b"Q" | b"q" => false,
        _ => return None,
    };
    let text_from = encoding_end + 1;
    // RFC 2047 §2 departs: blanks inside the encoded text are read, because spam has them.
    let text_end = text_from + memchr::memmem::find(field.get(text_from..)?, b"?=")?;
    let charset = String::from_utf8_lossy(field.get(from + 2..charset_end)?).to_ascii_lowercase();
    // RFC 2231 §5: a language may follow the charset.
    let charset = charset.split('*').next().unwrap_or_default().to_owned();
    Some(EncodedWord {
        whole: from..text_end + 2,
        text: text_from..text_end,
        charset,
        is_base64,
    })
}

/// Returns a field's value with its encoded words decoded. RFC 2047 §6.2: blanks between two of them vanish.
#[must_use]
pub(crate) fn words(field: &[u8]) -> String {
    let words = encoded_words(field);
    let mut out = String::new();
    let mut at = 0;
    for word in &words {
        let between = field.get(at..word.whole.start).unwrap_or_default();
        if at == 0 || !between.trim_ascii().is_empty() {
            out.push_str(&unicode(between, None));
        }
        out.push_str(&unicode(&word.octets(field), Some(&word.charset)));
        at = word.whole.end;
    }
    out.push_str(&unicode(field.get(at..).unwrap_or_default(), None));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_undone_and_what_is_none_stays() {
        assert_eq!(
            quoted_printable(b"a=3Db=\r\nc=\nd= \t\r\ne=zz="),
            b"a=bcde=zz="
        );
        assert_eq!(percent(b"a%40b%zz%4"), b"a@b%zz%4");
        assert_eq!(base64(b"aGVs\r\nbG8="), b"hello");
        assert_eq!(base64(b"-_-_"), base64(b"+/+/"));
    }

    #[test]
    fn encoded_words_join_and_keep_what_stands_between_others() {
        assert_eq!(
            words(b"=?utf-8?Q?caf=C3=A9?= =?UTF-8?B?IGhp?= you"),
            "café hi you"
        );
        assert_eq!(words(b"a =?iso-8859-1*en?q?b_=E9?= c"), "a b é c");
        assert_eq!(words(b"=?x?z?y?= =?no"), "=?x?z?y?= =?no");
        assert_eq!(words(b"=?x?z? =?x?q?a?= =?x?q? "), "=?x?z? a =?x?q? ");
    }

    #[test]
    fn words_that_never_end_cost_one_pass() {
        assert_eq!(encoded_words(&b"=?a?B? ".repeat(200_000)), []);
        let ended = [b"=?a?X? ".repeat(200_000), b"?=".to_vec()].concat();
        assert_eq!(encoded_words(&ended), []);
    }

    #[test]
    fn an_unknown_charset_is_utf_8_or_windows_1252() {
        assert_eq!(unicode("é".as_bytes(), Some("klingon")), "é");
        assert_eq!(unicode(b"\xe9", None), "é");
        assert_eq!(unicode(b"h\0i\0", Some("utf-16le")), "hi");
    }
}
