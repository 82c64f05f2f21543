//! Makes an example fresh: all its times are moved so that the newest lies ten minutes ago.
//!
//! In: a message or a mailbox. Out: the same, but for its RFC 5322 dates.
//! Limits: dates in other forms (`From ` lines, queue ids, text) stay.

use std::io;

use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use jiff::{SignedDuration, Timestamp};
use regex::bytes::{Captures, Regex};

/// How old the newest time is afterwards.
const AGE: SignedDuration = SignedDuration::from_mins(10);

/// RFC 5322 §3.3: a date-time as servers write it, folded or not.
const DATE: &str = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s+\d{1,2}\s+[A-Z][a-z]{2}\s+\d{4}\s+\d\d:\d\d:\d\d\s+[+-]\d{4}";

/// Moves all dates by the same time.
///
/// # Errors
///
/// There is no date.
pub(crate) fn to_ten_minutes_ago(octets: &[u8], now: Timestamp) -> io::Result<Vec<u8>> {
    let dates = Regex::new(DATE).map_err(io::Error::other)?;
    let newest = dates
        .find_iter(octets)
        .filter_map(|found| read(found.as_bytes()))
        .map(|date| date.timestamp())
        .max()
        .ok_or_else(|| io::Error::other("the example has no date"))?;
    let by = now.duration_since(newest) - AGE;
    let moved = dates.replace_all(octets, |found: &Captures<'_>| {
        let old = found.get(0).map_or(&[][..], |whole| whole.as_bytes());
        moved(old, by).unwrap_or_else(|| old.to_vec())
    });
    Ok(moved.into_owned())
}

fn read(date: &[u8]) -> Option<jiff::Zoned> {
    let text: Vec<&str> = std::str::from_utf8(date)
        .ok()?
        .split_ascii_whitespace()
        .collect();
    DateTimeParser::new().parse_zoned(text.join(" ")).ok()
}

fn moved(date: &[u8], by: SignedDuration) -> Option<Vec<u8>> {
    let later = read(date)?.checked_add(by).ok()?;
    let text = DateTimePrinter::new().zoned_to_string(&later).ok()?;
    Some(text.into_bytes())
}
