//! Writes JSON text in which no character acts on a terminal.
//!
//! In: our own keys, foreign strings, numbers, addresses, times. Out: the text.
//! Standards: RFC 8259 §7 (strings), RFC 3339 §5.6 (times).
//! Trust: foreign strings are hostile; what [`is_active`] knows is escaped, though JSON would allow it.
//! Failures: none. Limits: commas and brackets are the caller's.

use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::intake::is_active;

/// JSON that is being written.
#[derive(Debug)]
pub(super) struct Text(String);

impl Text {
    /// Begins a text, with room for so many octets.
    pub(super) fn with_room(octets: usize) -> Self {
        Self(String::with_capacity(octets))
    }

    /// Returns the text.
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// Returns how many octets were written.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Writes JSON as it stands: keys and what holds them together.
    pub(super) fn raw(&mut self, json: &str) -> &mut Self {
        self.0.push_str(json);
        self
    }

    /// Writes a string.
    pub(super) fn string(&mut self, text: &str) -> &mut Self {
        self.0.push('"');
        self.inside(text);
        self.0.push('"');
        self
    }

    /// Writes a string, or null.
    pub(super) fn string_or_null(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.string(text),
            None => self.raw("null"),
        }
    }

    /// Writes a part of a string whose quotation marks are the caller's.
    pub(super) fn inside(&mut self, text: &str) -> &mut Self {
        if is_plain(text.as_bytes()) {
            self.0.push_str(text);
        } else {
            text.chars().for_each(|c| self.escaped(c));
        }
        self
    }

    /// Writes a character. RFC 8259 §7.
    fn escaped(&mut self, c: char) {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            c if !is_active(c) => return self.0.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.format(format_args!("\\u{unit:04x}"));
                }
                return;
            }
        };
        self.0.push_str(short);
    }

    /// Writes a number.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        if number >= 10 {
            self.number(number / 10);
        }
        self.digit((number % 10) as u8);
        self
    }

    /// Writes an address, with or without its quotation marks.
    pub(super) fn addr(&mut self, addr: IpAddr) -> &mut Self {
        match addr {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                self.octet(a).raw(".").octet(b).raw(".");
                self.octet(c).raw(".").octet(d);
            }
            IpAddr::V6(v6) => self.format(format_args!("{v6}")),
        }
        self
    }

    /// Writes a number of up to three digits.
    fn octet(&mut self, octet: u8) -> &mut Self {
        if octet >= 100 {
            self.digit(octet / 100);
        }
        if octet >= 10 {
            self.digit(octet / 10 % 10);
        }
        self.digit(octet % 10);
        self
    }

    /// Writes a time in UTC, in quotation marks; or null.
    pub(super) fn time_or_null(&mut self, time: Option<Timestamp>) -> &mut Self {
        let Some(time) = time else {
            return self.raw("null");
        };
        self.0.push('"');
        let there = Offset::UTC.to_datetime(time);
        match u64::try_from(there.year()) {
            // Nearly every time has a year of four digits and whole seconds.
            Ok(year @ 1000..=9999) if there.subsec_nanosecond() == 0 => {
                self.number(year);
                self.two('-', there.month());
                self.two('-', there.day());
                self.two('T', there.hour());
                self.two(':', there.minute());
                self.two(':', there.second());
                self.0.push('Z');
            }
            _ => self.format(format_args!("{time}")),
        }
        self.0.push('"');
        self
    }

    /// Writes a mark and two digits.
    fn two(&mut self, mark: char, number: i8) {
        let number = number.unsigned_abs();
        self.0.push(mark);
        self.digit(number / 10 % 10);
        self.digit(number % 10);
    }

    fn digit(&mut self, digit: u8) {
        self.0.push(char::from(b'0' + digit));
    }

    fn format(&mut self, what: std::fmt::Arguments<'_>) {
        // To write into a string cannot fail.
        let _ = self.0.write_fmt(what);
    }
}

/// Returns whether a string needs no escape: it is printable US-ASCII without quotation mark and backslash.
///
/// Nearly every string is. Blocks of a fixed size are judged at once, which compiles to a few instructions each.
fn is_plain(text: &[u8]) -> bool {
    let plain = |octet: &u8| matches!(octet, b' '..=b'~') & (*octet != b'"') & (*octet != b'\\');
    let all = |block: &[u8]| block.iter().fold(true, |all, octet| all & plain(octet));
    // The last block overlaps the one before it.
    if let Some(last) = text.last_chunk::<16>() {
        let (blocks, _) = text.as_chunks::<16>();
        blocks.iter().all(|block| all(block)) && all(last)
    } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        all(first) && all(last)
    } else {
        text.iter().all(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl Fn(&mut Text) -> &mut Text) -> String {
        let mut text = Text::with_room(0);
        write(&mut text);
        text.into_string()
    }

    #[test]
    fn addresses_and_times_are_written_as_they_display() {
        for addr in ["192.0.2.7", "0.10.100.255", "2001:db8::1"] {
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
