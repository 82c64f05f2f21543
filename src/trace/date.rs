//! Reads the date of a Received field.
//!
//! In: the text after the last semicolon. Out: a time, or nothing.
//! Standards: RFC 5322 §3.3 (date-time), §4.3 (obsolete zones and years).
//! Trust: hostile; a time that nobody could have meant is none.
//! Limits: besides RFC 5322 only `asctime`'s order is read, and RFC 3339.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

static PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);

/// Octets of a date that are read at most; the longest form has 40.
const DATE_LIMIT: usize = 64;

/// Reads a date.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim_ascii();
    if let Some(time) = plain(text.as_bytes()) {
        return Some(time);
    }
    if text.is_empty() || text.len() > DATE_LIMIT || !text.is_ascii() {
        return None;
    }
    let time = PARSER.parse_timestamp(text).ok();
    time.or_else(|| rewritten(text))
}

/// Reads a date in the form that nearly all servers write, and nothing else: a mailbox holds hundreds of thousands.
///
/// RFC 5322 §3.3: `[day-name "," ] day month year hour ":" minute ":" second zone`.
fn plain(text: &[u8]) -> Option<Timestamp> {
    let text = match text.split_first_chunk::<5>() {
        Some(([a, b, c, b',', b' '], rest)) if is_day(&[*a, *b, *c]) => rest,
        _ => text,
    };
    let (day, rest) = match text {
        [one, b' ', rest @ ..] => (number(b'0', *one)?, rest),
        [ten, one, b' ', rest @ ..] => (number(*ten, *one)?, rest),
        _ => return None,
    };
    let [a, b, c, b' ', rest @ ..] = rest else {
        return None;
    };
    let month = month(&[*a, *b, *c])?;
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
    let year = i16::from(number(*y1, *y2)?) * 100 + i16::from(number(*y3, *y4)?);
    if !(1970..2100).contains(&year) {
        return None;
    }
    let (hour, minute, second) = (number(*h1, *h2)?, number(*m1, *m2)?, number(*s1, *s2)?);
    let (hours, minutes) = (number(*z1, *z2)?, number(*z3, *z4)?);
    if hour > 23 || minute > 59 || second > 59 || hours > 14 || minutes > 59 {
        return None;
    }
    let of_day = |hours: i8, minutes: i8| (i64::from(hours) * 60 + i64::from(minutes)) * 60;
    let east = match sign {
        b'+' => of_day(hours, minutes),
        b'-' => -of_day(hours, minutes),
        _ => return None,
    };
    let since_midnight = of_day(hour, minute) + i64::from(second);
    Timestamp::from_second(days(year, month, day)? * 86_400 + since_midnight - east).ok()
}

/// Returns how many days of 1970 and later lie before a day of the years that are read; `None` where there is no such day.
fn days(year: i16, month: i8, day: i8) -> Option<i64> {
    let is_leap = year % 4 == 0 && year % 100 != 0 || year == 2000;
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Counted from March on, the day that leap years add is the last one, and months of 31 and 30 days follow a rule.
    let (year, month) = match month {
        ..=2 => (i64::from(year) - 1, i64::from(month) + 9),
        _ => (i64::from(year), i64::from(month) - 3),
    };
    let of_years = 365 * year + year / 4 - year / 100 + year / 400;
    // 719,468 days lie between the first of March of the year 0 and 1970.
    Some(of_years + (153 * month + 2) / 5 + i64::from(day) - 1 - 719_468)
}

const fn is_day(name: &[u8; 3]) -> bool {
    matches!(
        name,
        b"Sun" | b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat"
    )
}

const fn month(name: &[u8; 3]) -> Option<i8> {
    Some(match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// Reads two digits.
const fn number(tens: u8, ones: u8) -> Option<i8> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Some(((tens - b'0') * 10 + (ones - b'0')) as i8)
    } else {
        None
    }
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
    // As it stands it was read in vain.
    let line = words.join(" ");
    if line != text
        && let Ok(time) = PARSER.parse_timestamp(&line)
    {
        return Some(time);
    }
    // `Fri Feb 07 10:18:12 2003 -0800`
    if let [_, month, day, time, year, zone] = words.as_slice() {
        return PARSER
            .parse_timestamp(format!("{day} {month} {year} {time} {zone}"))
            .ok();
    }
    // RFC 3339 §5.6: a year stands first. To read another text in vain costs more than all dates that can be read.
    let begins_so = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    begins_so.then(|| text.parse().ok()).flatten()
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
        fn every_day_is_counted_as_by_the_library(year in 1970..2100i16, month in 1..=12i8, day in 0..=32i8) {
            let there = jiff::civil::Date::new(year, month, day).ok();
            let since = there.map(|date| i64::from((date - jiff::civil::date(1970, 1, 1)).get_days()));
            prop_assert_eq!(days(year, month, day), since);
        }

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
