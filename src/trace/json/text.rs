//! Writes JSON text in which no character acts on a terminal.
//!
//! In: our own keys, foreign strings, numbers, addresses, times. Out: the text.
//! Standards: RFC 8259 §7 (strings), RFC 3339 §5.6 (times), RFC 5952 §4 (IPv6 addresses).
//! Trust: foreign strings are hostile; what [`is_active`] knows is escaped, though JSON would allow it.
//! Failures: none. Limits: commas and brackets are the caller's.

use std::io::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::intake::eight::{self, alike, foreign, low};
use crate::intake::is_active;

/// JSON that is being written.
#[derive(Debug)]
pub(super) struct Text(Vec<u8>);

impl Text {
    /// Begins a text, with room for so many octets.
    pub(super) fn with_room(octets: usize) -> Self {
        Self(Vec::with_capacity(octets))
    }

    /// Returns the text: UTF-8.
    pub(super) fn into_octets(self) -> Vec<u8> {
        self.0
    }

    /// Returns how many octets were written.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Writes JSON as it stands: keys and what holds them together.
    // Written out where it is called, the length of a key is known, and to copy it takes a few instructions.
    #[inline(always)]
    pub(super) fn raw(&mut self, json: &str) -> &mut Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// Writes a part of a string whose quotation marks are the caller's: words or a name of our own, which need no escape.
    pub(super) fn ours(&mut self, words: &str) -> &mut Self {
        debug_assert!(is_plain(words.as_bytes()), "{words}");
        self.raw(words)
    }

    /// Writes a string.
    pub(super) fn string(&mut self, text: &str) -> &mut Self {
        if !is_plain(text.as_bytes()) {
            return self.raw("\"").escaped(text).raw("\"");
        }
        self.raw("\"").raw(text).raw("\"")
    }

    /// Writes a string, or null.
    pub(super) fn string_or_null(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.string(text),
            None => self.raw("null"),
        }
    }

    /// Writes a part of a string whose quotation marks are the caller's, if it needs no escape and is not longer than `limit`.
    #[inline]
    pub(super) fn plainly(&mut self, text: &str, limit: usize) -> bool {
        let is_plain = text.len() <= limit && is_plain(text.as_bytes());
        if is_plain {
            self.0.extend_from_slice(text.as_bytes());
        }
        is_plain
    }

    /// Writes a part of a string whose quotation marks are the caller's.
    pub(super) fn inside(&mut self, text: &str) -> &mut Self {
        if !self.plainly(text, text.len()) {
            self.escaped(text);
        }
        self
    }

    /// Writes a part of a string whose quotation marks are the caller's, character by character.
    #[cold]
    fn escaped(&mut self, text: &str) -> &mut Self {
        text.chars().for_each(|c| self.character(c));
        self
    }

    /// Writes a character. RFC 8259 §7.
    fn character(&mut self, c: char) {
        let mut itself = [0; 4];
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            c if !is_active(c) => c.encode_utf8(&mut itself),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.format(format_args!("\\u{unit:04x}"));
                }
                return;
            }
        };
        self.0.extend_from_slice(short.as_bytes());
    }

    /// Writes a number.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        if number < 10 {
            self.0.push(digit(number));
            return self;
        }
        // The last digit first: 20 of them are the longest number.
        let (mut digits, mut rest, mut begin) = ([0; 20], number, 20);
        for place in digits.iter_mut().rev() {
            *place = digit(rest);
            begin -= 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.0
            .extend_from_slice(digits.get(begin..).unwrap_or_default());
        self
    }

    /// Writes an address, with or without its quotation marks.
    pub(super) fn addr(&mut self, addr: IpAddr) -> &mut Self {
        match addr {
            IpAddr::V4(v4) => {
                // The longest has 15 octets; written in one piece, room is looked for once.
                let (mut text, mut length) = ([0; 16], 0);
                for octet in v4.octets() {
                    let written = OCTETS.get(usize::from(octet));
                    if let Some((written, place)) = written.zip(text.get_mut(length..length + 4)) {
                        place.copy_from_slice(written);
                    }
                    length += 2 + usize::from(octet >= 10) + usize::from(octet >= 100);
                }
                // No dot stands behind the last number.
                self.0
                    .extend_from_slice(text.get(..length - 1).unwrap_or_default());
            }
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_none() => self.groups(v6.segments()),
            IpAddr::V6(v6) => self.format(format_args!("{v6}")),
        }
        self
    }

    /// Writes the groups of an IPv6 address. RFC 5952 §4.
    fn groups(&mut self, groups: [u16; 8]) {
        // RFC 5952 §4.2: `::` stands for the first of the longest runs of zeros, two groups or more.
        let (mut run, mut longest) = (0..0, 0..0);
        for (place, group) in groups.into_iter().enumerate() {
            run = match group {
                0 if run.end == place => run.start..place + 1,
                0 => place..place + 1,
                _ => place + 1..place + 1,
            };
            if run.len() > longest.len() {
                longest = run.clone();
            }
        }
        if longest.len() < 2 {
            longest = 0..0;
        }
        for (place, group) in groups.into_iter().enumerate() {
            if longest.contains(&place) {
                if place == longest.start {
                    self.raw("::");
                }
                continue;
            }
            if place > 0 && place != longest.end {
                self.raw(":");
            }
            // RFC 5952 §4.1, §4.3: no leading zeros, small letters.
            let digits =
                [group >> 12, group >> 8, group >> 4, group].map(|group| match group & 0xf {
                    digit @ ..10 => b'0' + digit as u8,
                    digit => b'a' + (digit - 10) as u8,
                });
            let leading = (group.leading_zeros() / 4).min(3) as usize;
            self.0
                .extend_from_slice(digits.get(leading..).unwrap_or_default());
        }
    }

    /// Writes a time in UTC, in quotation marks; or null.
    pub(super) fn time_or_null(&mut self, time: Option<Timestamp>) -> &mut Self {
        let Some(time) = time else {
            return self.raw("null");
        };
        let there = Offset::UTC.to_datetime(time);
        match there.year() {
            // Nearly every time has a year of four digits and whole seconds.
            year @ 1000..=9999 if there.subsec_nanosecond() == 0 => {
                let two = |number: i8| two_digits(number.unsigned_abs());
                let [y1, y2] = two_digits((year / 100) as u8);
                let [y3, y4] = two_digits((year % 100) as u8);
                let ([m1, m2], [d1, d2]) = (two(there.month()), two(there.day()));
                let ([h1, h2], [n1, n2]) = (two(there.hour()), two(there.minute()));
                let [s1, s2] = two(there.second());
                // RFC 3339 §5.6: full-date "T" full-time.
                self.0.extend_from_slice(&[
                    b'"', y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2,
                    b':', s1, s2, b'Z', b'"',
                ]);
            }
            _ => self.format(format_args!("\"{time}\"")),
        }
        self
    }

    fn format(&mut self, what: std::fmt::Arguments<'_>) {
        // To write into memory cannot fail.
        let _ = self.0.write_fmt(what);
    }
}

/// The numbers of an IPv4 address as they are written, a dot behind each, and then nothing of meaning.
static OCTETS: [[u8; 4]; 256] = octets();

#[expect(
    clippy::indexing_slicing,
    reason = "run by the compiler, which would stop at it"
)]
const fn octets() -> [[u8; 4]; 256] {
    let mut table = [[0; 4]; 256];
    let mut octet = 0;
    while octet < 256 {
        let number = octet as u64;
        table[octet] = match octet {
            ..10 => [digit(number), b'.', 0, 0],
            10..100 => [digit(number / 10), digit(number), b'.', 0],
            _ => [digit(number / 100), digit(number / 10), digit(number), b'.'],
        };
        octet += 1;
    }
    table
}

/// Returns a number below 100 as it is written, a zero before it where it has one digit.
fn two_digits(number: u8) -> [u8; 2] {
    static NUMBERS: [[u8; 2]; 100] = two_digits_each();
    NUMBERS
        .get(usize::from(number))
        .copied()
        .unwrap_or_default()
}

#[expect(
    clippy::indexing_slicing,
    reason = "run by the compiler, which would stop at it"
)]
const fn two_digits_each() -> [[u8; 2]; 100] {
    let mut table = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        table[number] = [digit(number as u64 / 10), digit(number as u64)];
        number += 1;
    }
    table
}

/// Returns the last digit of a number.
const fn digit(number: u64) -> u8 {
    b'0' + (number % 10) as u8
}

/// Returns whether a string needs no escape: it is printable US-ASCII without quotation mark and backslash.
///
/// Nearly every string is.
fn is_plain(text: &[u8]) -> bool {
    // Sixteen at once: the compiler compares them with one instruction.
    let Some(last) = text.last_chunk::<16>() else {
        // Whatever is marked by mistake stands in a block that holds something else to be escaped.
        return !eight::any(text, |block| {
            low(block, b' ')
                | alike(block, b'"')
                | alike(block, b'\\')
                | alike(block, 0x7f)
                | foreign(block)
        });
    };
    let is_plain = |block: &[u8; 16]| {
        let escaped = |octet: u8| !(b' '..0x7f).contains(&octet) | matches!(octet, b'"' | b'\\');
        !block.iter().fold(false, |any, octet| any | escaped(*octet))
    };
    // The last block overlaps the one before it.
    let (blocks, _) = text.as_chunks::<16>();
    blocks.iter().all(is_plain) && is_plain(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl Fn(&mut Text) -> &mut Text) -> String {
        let mut text = Text::with_room(0);
        write(&mut text);
        String::from_utf8(text.into_octets()).unwrap()
    }

    #[test]
    fn addresses_and_times_are_written_as_they_display() {
        for addr in [
            "192.0.2.7",
            "0.10.100.255",
            "2001:db8::1",
            "::",
            "1::",
            "::1",
            "::ffff:192.0.2.7",
            "2001:db8:0:1:1:1:1:1",
        ] {
            let addr: IpAddr = addr.parse().unwrap();
            assert_eq!(written(|text| text.addr(addr)), addr.to_string());
        }
        for time in [
            "2026-11-21T10:00:07Z",
            "1969-12-31T23:59:59Z",
            "0999-01-01T00:00:00Z",
            "-000001-01-01T00:00:00Z",
            "2026-11-21T10:00:07.25Z",
        ] {
            let time: Timestamp = time.parse().unwrap();
            assert_eq!(
                written(|text| text.time_or_null(Some(time))),
                serde_json::to_string(&time).unwrap()
            );
        }
    }

    proptest! {
        #[test]
        fn addresses_are_written_as_they_display_whatever_they_are(groups in prop::array::uniform8((0..3u8, any::<u16>())), v4: u32) {
            let group = |(kind, group)| match kind { 0 => 0, 1 => group & 0xff, _ => group };
            let v6: IpAddr = groups.map(group).into();
            prop_assert_eq!(written(|text| text.addr(v6)), v6.to_string());
            let v4: IpAddr = std::net::Ipv4Addr::from_bits(v4).into();
            prop_assert_eq!(written(|text| text.addr(v4)), v4.to_string());
        }

        #[test]
        fn strings_are_read_back_as_they_were_and_act_on_nothing(string in "(\\PC|[\\x00-\\xff\"\\\\]|[\\u{200b}-\\u{206f}]|\\u{feff}|\\u{e0041}){0,40}") {
            let json = written(|text| text.string(&string));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), string);
            prop_assert!(!json.chars().any(is_active));
        }

        #[test]
        fn numbers_and_times_are_written_as_serde_writes_them(number: u64, second in -62_000_000_000i64..253_000_000_000) {
            prop_assert_eq!(written(|text| text.number(number)), number.to_string());
            let time = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(written(|text| text.time_or_null(Some(time))), serde_json::to_string(&time).unwrap());
        }
    }
}
