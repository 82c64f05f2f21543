//! Reads a date in the form that nearly all servers write, and nothing else: a mailbox holds hundreds of thousands.
//!
//! In: a text that may begin with a date. Out: the time, and how long the date is.
//! Standards: RFC 5322 §3.3 (date-time).
//! Trust: hostile; what differs in one octet is none, and left to who knows more forms.
//! Failures: none.
//! Limits: years from 1970 to 2099.

use jiff::Timestamp;

/// Octets from the month on: `Nov 2026 10:00:00 +0000`.
const TAIL: usize = 23;

/// Reads a date at the beginning of a text; returns also how many octets it has.
///
/// RFC 5322 §3.3: `[day-name "," ] day month year hour ":" minute ":" second zone`.
pub(crate) fn plain(text: &[u8]) -> Option<(Timestamp, usize)> {
    let begin = match text.first_chunk::<5>() {
        Some([a, b, c, b',', b' ']) if is_day([*a, *b, *c]) => 5,
        _ => 0,
    };
    let (day, tail_at) = match *text.get(begin..)?.first_chunk::<3>()? {
        [ones, b' ', _] => (digits([b'0', ones])?, begin + 2),
        [tens, ones, b' '] => (digits([tens, ones])?, begin + 3),
        _ => return None,
    };
    let tail = text.get(tail_at..)?.first_chunk::<TAIL>()?;
    let part = |at: usize| tail.get(at..)?.first_chunk().copied();
    let month = month(*tail.first_chunk()?)?;
    let [.., y1, y2, y3, y4] = YEAR.read(part(0)?)?;
    let [_, h1, h2, _, m1, m2, ..] = TIME.read(part(8)?)?;
    let [s1, s2, .., z1, z2, z3, z4] = ZONE.read(part(15)?)?;
    let two = |tens: u8, ones: u8| i64::from(tens) * 10 + i64::from(ones);
    let year = two(y1, y2) * 100 + two(y3, y4);
    let (hour, minute, second) = (two(h1, h2), two(m1, m2), two(s1, s2));
    let (hours, minutes) = (two(z1, z2), two(z3, z4));
    if !(1970..2100).contains(&year)
        || hour > 23
        || minute > 59
        || second > 59
        || hours > 14
        || minutes > 59
    {
        return None;
    }
    let east = match *tail.get(18)? {
        b'+' => (hours * 60 + minutes) * 60,
        b'-' => -(hours * 60 + minutes) * 60,
        _ => return None,
    };
    let of_day = (hour * 60 + minute) * 60 + second;
    let time = Timestamp::from_second(days(year, month, day)? * 86_400 + of_day - east);
    Some((time.ok()?, tail_at + TAIL))
}

/// What eight octets must be: compared at once.
struct Form {
    /// The octets; a zero where any digit may stand.
    octets: u64,
    /// The lower half of each octet that is a digit.
    digits: u64,
    /// All of each octet that does not matter.
    any: u64,
}

const YEAR: Form = Form {
    octets: u64::from_le_bytes(*b"Nov 0000"),
    digits: u64::from_le_bytes([0, 0, 0, 0, 0xf, 0xf, 0xf, 0xf]),
    any: u64::from_le_bytes([0xff, 0xff, 0xff, 0, 0, 0, 0, 0]),
};

const TIME: Form = Form {
    octets: u64::from_le_bytes(*b" 00:00:0"),
    digits: u64::from_le_bytes([0, 0xf, 0xf, 0, 0xf, 0xf, 0, 0xf]),
    any: 0,
};

const ZONE: Form = Form {
    octets: u64::from_le_bytes(*b"00 +0000"),
    digits: u64::from_le_bytes([0xf, 0xf, 0, 0, 0xf, 0xf, 0xf, 0xf]),
    any: u64::from_le_bytes([0, 0, 0, 0xff, 0, 0, 0, 0]),
};

impl Form {
    /// Returns the values of the digits in their places, if a text has the form.
    fn read(&self, text: [u8; 8]) -> Option<[u8; 8]> {
        const SIXES: u64 = u64::from_le_bytes([6; 8]);
        // A digit becomes its value, which stays below sixteen with six added; what should be equal becomes nothing.
        let values = u64::from_le_bytes(text) ^ self.octets;
        let wrong = values | values.wrapping_add(SIXES & self.digits);
        (wrong & !(self.digits | self.any) == 0).then(|| values.to_le_bytes())
    }
}

fn digits([tens, ones]: [u8; 2]) -> Option<i64> {
    let is_number = tens.is_ascii_digit() && ones.is_ascii_digit();
    is_number.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

/// Returns how many days of 1970 and later lie before a day of the years that are read; `None` where there is no such day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
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
        ..=2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let of_years = 365 * year + year / 4 - year / 100 + year / 400;
    // 719,468 days lie between the first of March of the year 0 and 1970.
    Some(of_years + (153 * month + 2) / 5 + day - 1 - 719_468)
}

const fn is_day(name: [u8; 3]) -> bool {
    matches!(
        &name,
        b"Sun" | b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat"
    )
}

const fn month(name: [u8; 3]) -> Option<i64> {
    Some(match &name {
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::fmt::rfc2822::DateTimeParser;
    use proptest::prelude::*;

    static PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);

    #[test]
    fn a_date_is_read_up_to_its_zone() {
        let read = |text: &str| plain(text.as_bytes()).map(|(time, end)| (time.to_string(), end));
        let ten = "2026-11-21T10:00:00Z".to_owned();
        assert_eq!(
            read("Sat, 21 Nov 2026 10:00:00 +0000"),
            Some((ten.clone(), 31))
        );
        assert_eq!(
            read("1 Nov 2026 11:30:00 +0130 (x)").map(|found| found.1),
            Some(25)
        );
        assert_eq!(read("21 Nov 2026 02:00:00 -08000"), Some((ten, 26)));
        for none in [
            "",
            "Sat",
            "Sat, 21 Nov 2026 10:00:00",
            "Sat, 31 Nov 2026 10:00:00 +0000",
            "Sat, 21 Nov 2026 10:00:00 x0000",
            "Sat,  1 Nov 2026 10:00:00 +0000",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn every_day_is_counted_as_by_the_library(year in 1970..2100i16, month in 1..=12i8, day in 0..=32i8) {
            let there = jiff::civil::Date::new(year, month, day).ok();
            let since = there.map(|date| i64::from((date - jiff::civil::date(1970, 1, 1)).get_days()));
            prop_assert_eq!(days(year.into(), month.into(), day.into()), since);
        }

        #[test]
        fn what_is_read_plainly_is_read_as_by_the_library(
            name in "(Sat, |Foo, |sun, )?", day in 0..34, month in "(Jan|Feb|Nov|feb)", year in 1960..2110,
            (hour, minute, second) in (0..26, 0..62, 0..62), zone in "([+-](0[0-9]|1[0-9]|99)[0-7][0-9]|GMT)",
            (place, octet) in (0..60usize, " |:|/|[0-9]|\\PC"),
        ) {
            let mut text = format!("{name}{day} {month} {year} {hour:02}:{minute:02}:{second:02} {zone}");
            if let Some((time, _)) = plain(text.as_bytes()).filter(|(_, end)| *end == text.len()) {
                prop_assert_eq!(PARSER.parse_timestamp(&text).ok(), Some(time), "{}", text);
            }
            if place < text.len() {
                text.replace_range(place..=place, &octet);
            }
            if let Some((time, end)) = plain(text.as_bytes()) {
                prop_assert_eq!(PARSER.parse_timestamp(&text[..end]).ok(), Some(time), "{}", text);
            }
        }
    }
}
