//! Reads the date of a Received field.
//!
//! In: the text after the last semicolon. Out: a time, or nothing.
//! Standards: RFC 5322 §3.3 (date-time), §4.3 (obsolete zones and years).
//! Trust: hostile; a time that nobody could have meant is none.
//! Limits: besides RFC 5322 only `asctime`'s order is read, hours and zones without their first zero, parts of a second, and
//! RFC 3339.

use std::borrow::Cow;

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
    let plain: Vec<_> = words.iter().map(|word| plainly(word)).collect();
    if plain.iter().ne(&words) {
        return PARSER.parse_timestamp(plain.join(" ")).ok();
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

/// Returns a word of a date as most servers would have written it.
fn plainly(word: &str) -> Cow<'_, str> {
    match word.as_bytes() {
        // LSMTP: `7:47:43`
        [hour, b':', _, _, b':', ..] if hour.is_ascii_digit() => format!("0{word}").into(),
        // SurgeMail: `-500`
        [sign @ (b'+' | b'-'), zone @ ..] if zone.len() == 3 => format!(
            "{}0{}",
            char::from(*sign),
            word.get(1..).unwrap_or_default()
        )
        .into(),
        // SendGrid: `13:03:16.267`
        [_, _, b':', _, _, b':', ..] => word.split('.').next().unwrap_or(word).into(),
        _ => word.into(),
    }
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
        assert_eq!(of("Sat, 21 Nov 2026 2:00:00 -800"), ten);
        assert_eq!(of("Sat, 21 Nov 2026 10:00:00.267 +0000"), ten);
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
