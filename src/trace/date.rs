//! Reads the date of a Received field.
//!
//! In: the text after the last semicolon. Out: a time, or nothing.
//! Standards: RFC 5322 §3.3 (date-time), §4.3 (obsolete zones and years).
//! Trust: hostile; a time that nobody could have meant is none.
//! Limits: besides RFC 5322 only `asctime`'s order is read, and RFC 3339.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::Offset;

static PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);

/// Octets of a date that are read at most; the longest form has 40.
const DATE_LIMIT: usize = 64;

/// Reads a date.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim_ascii();
    if text.is_empty() || text.len() > DATE_LIMIT || !text.is_ascii() {
        return None;
    }
    plain(text.as_bytes())
        .or_else(|| PARSER.parse_timestamp(text).ok())
        .or_else(|| rewritten(text))
}

/// Reads a date in the form that nearly all servers write, and nothing else: a mailbox holds hundreds of thousands.
///
/// RFC 5322 §3.3: `[day-name "," ] day month year hour ":" minute ":" second zone`.
fn plain(text: &[u8]) -> Option<Timestamp> {
    let text = match text.split_first_chunk::<5>() {
        Some(([a, b, c, b',', b' '], rest)) if DAYS.contains(&[*a, *b, *c]) => rest,
        _ => text,
    };
    let (day, rest) = match text {
        [one, b' ', rest @ ..] => (number(&[*one])?, rest),
        [ten, one, b' ', rest @ ..] => (number(&[*ten, *one])?, rest),
        _ => return None,
    };
    let [a, b, c, b' ', rest @ ..] = rest else {
        return None;
    };
    let month = MONTHS.iter().position(|month| *month == [*a, *b, *c])?;
    let [y1, y2, y3, y4, b' ', rest @ ..] = rest else {
        return None;
    };
    let [
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
        b' ',
        sign,
        z1,
        z2,
        z3,
        z4,
    ] = rest
    else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4]).filter(|year| (1970..2100).contains(year))?;
    let small = |tens: &u8, ones: &u8| number(&[*tens, *ones]).and_then(|n| i8::try_from(n).ok());
    let time = DateTime::new(
        year,
        i8::try_from(month + 1).ok()?,
        i8::try_from(day).ok()?,
        small(h1, h2)?,
        small(m1, m2)?,
        small(s1, s2)?,
        0,
    );
    let (hours, minutes) = (number(&[*z1, *z2])?, number(&[*z3, *z4])?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let east = (i32::from(hours) * 60 + i32::from(minutes)) * 60;
    let east = match sign {
        b'+' => east,
        b'-' => -east,
        _ => return None,
    };
    Offset::from_seconds(east)
        .ok()?
        .to_timestamp(time.ok()?)
        .ok()
}

const DAYS: [[u8; 3]; 7] = [
    *b"Sun", *b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat",
];

const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct",
    *b"Nov", *b"Dec",
];

/// Reads up to four digits.
fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i16::from(digit - b'0'))?;
        Some(number * 10 + digit)
    })
}

/// Reads what is nearly a date: folds inside, two zones, `asctime`'s order.
fn rewritten(text: &str) -> Option<Timestamp> {
    let mut words: Vec<&str> = text.split_ascii_whitespace().collect();
    // `-0800 PST`: the number says it all.
    if words.len() > 5
        && words
            .last()
            .is_some_and(|word| word.bytes().all(|b| b.is_ascii_alphabetic()))
        && words
            .get(words.len() - 2)
            .is_some_and(|word| word.starts_with(['+', '-']))
    {
        words.pop();
    }
    if let Ok(time) = PARSER.parse_timestamp(words.join(" ")) {
        return Some(time);
    }
    // `Fri Feb 07 10:18:12 2003 -0800`
    if let [_, month, day, time, year, zone] = words.as_slice() {
        return PARSER
            .parse_timestamp(format!("{day} {month} {year} {time} {zone}"))
            .ok();
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_read_as_servers_write_them() {
        let of = |text: &str| parse(text).map(|time| time.to_string());
        let ten = Some("2026-11-21T10:00:00Z".to_owned());
        assert_eq!(of("Sat, 21 Nov 2026 10:00:00 +0000"), ten);
        assert_eq!(of("21 Nov 2026 10:00:00 -0000"), ten);
        assert!(plain(b"Sat, 21 Nov 2026 10:00:00 +0000").is_some());
        assert!(plain(b"1 Nov 2026 10:00:00 -0000").is_some());
        assert_eq!(of("Sat, 21 Nov 2026 02:00:00 -0800 PST"), ten);
        assert_eq!(of("Sat, 21 Nov 2026\n\t10:00:00 GMT"), ten);
        assert_eq!(of("Sat Nov 21 02:00:00 2026 -0800"), ten);
        for none in [
            "",
            "yesterday",
            "1795294122",
            "Foo, 32 Bar 2025 25:61:61 +0000",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_plainly_is_read_as_by_the_library(
            name in "(Sat, |Foo, |sun, )?", day in 0..34, month in "(Jan|Feb|Nov|feb)", year in 1960..2110,
            (hour, minute, second) in (0..26, 0..62, 0..62), zone in "([+-](0[0-9]|1[0-9]|99)[0-7][0-9]|GMT)",
        ) {
            let text = format!("{name}{day} {month} {year} {hour:02}:{minute:02}:{second:02} {zone}");
            if let Some(time) = plain(text.as_bytes()) {
                prop_assert_eq!(PARSER.parse_timestamp(&text).ok(), Some(time), "{}", text);
            }
        }
    }
}
