//! Reads the date of a Received field.
//!
//! In: the text after the last semicolon. Out: a time, or nothing.
//! Standards: RFC 5322 §3.3 (date-time), §4.3 (obsolete zones and years).
//! Trust: hostile; a time that nobody could have meant is none.
//! Limits: besides RFC 5322 only `asctime`'s order is read, hours of one digit, and RFC 3339.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::rules::received::date;

static PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);

/// Octets of a date that are read at most; the longest form has 40.
const DATE_LIMIT: usize = 64;

/// Reads a date.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim_ascii();
    // Nearly all dates are.
    if let Some((time, end)) = date::plain(text.as_bytes())
        && end == text.len()
    {
        return Some(time);
    }
    if text.is_empty() || text.len() > DATE_LIMIT || !text.is_ascii() {
        return None;
    }
    let time = PARSER.parse_timestamp(text).ok();
    time.or_else(|| rewritten(text))
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
    // `7:47:43`: LSMTP writes the hour as a plain number.
    let padded = words.iter().position(|word| is_early(word));
    let padded = padded.and_then(|at| Some((at, format!("0{}", words.get(at)?))));
    if let Some((at, time)) = &padded {
        let rest = words.iter().enumerate();
        let line: Vec<&str> = rest
            .map(|(place, word)| if place == *at { time } else { *word })
            .collect();
        return PARSER.parse_timestamp(line.join(" ")).ok();
    }
    // `Fri Feb 07 10:18:12 2003 -0800`, also without the day's name
    if let [_, month, day, time, year, zone] | [month, day, time, year, zone] = words.as_slice() {
        return PARSER
            .parse_timestamp(format!("{day} {month} {year} {time} {zone}"))
            .ok();
    }
    // RFC 3339 §5.6: a year stands first. To read another text in vain costs more than all dates that can be read.
    let begins_so = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    begins_so.then(|| text.parse().ok()).flatten()
}

/// Returns whether a word is a time of day whose hour has one digit.
fn is_early(word: &str) -> bool {
    matches!(word.as_bytes(), [hour, b':', _, _, b':', ..] if hour.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_servers_write_them() {
        let of = |text: &str| parse(text).map(|time| time.to_string());
        let ten = Some("2026-11-21T10:00:00Z".to_owned());
        assert_eq!(of("Sat, 21 Nov 2026 10:00:00 +0000"), ten);
        assert_eq!(of("21 Nov 2026 10:00:00 -0000"), ten);
        assert_eq!(of("Sat, 21 Nov 2026 02:00:00 -0800 PST"), ten);
        assert_eq!(of("Sat, 21 Nov 2026\n\t10:00:00 GMT"), ten);
        assert_eq!(of("Sat Nov 21 02:00:00 2026 -0800"), ten);
        assert_eq!(of("Nov 21 02:00:00 2026 -0800"), ten);
        assert_eq!(of("Sat, 21 Nov 2026 2:00:00 -0800"), ten);
        for none in [
            "",
            "yesterday",
            "1795294122",
            "Foo, 32 Bar 2025 25:61:61 +0000",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
