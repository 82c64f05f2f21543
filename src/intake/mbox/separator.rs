//! Tells where one message of a mailbox ends and the next begins.
//!
//! In: octets of a mailbox. Out: offsets.
//! Standards: RFC 4155 appendix A (the `From ` line), Content-Length as mboxcl2 has it.
//! Trust: hostile; a separator is one only if an empty line stands before it, a date in it, and a header field behind it;
//! a length is believed only where it leads to a separator.
//! Failures: never fails; what is no separator is part of the message.

use std::sync::LazyLock;

use memchr::memmem;

use crate::intake::{Headers, LIMIT};

/// Octets of a separator line at most.
pub(super) const SEPARATOR_LIMIT: usize = 1_024;

/// Content-Length fields of a message that are tried: a program writes one, and a spammer may have written others.
const LENGTHS: usize = 4;

/// Octets behind the end of a message that tell whether a separator stands there: an empty line, the separator, the name of a field.
pub(super) const SLACK: usize = 3 * SEPARATOR_LIMIT;

/// Where a message ends by its Content-Length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// At a place behind which a separator or the end of the mailbox stands.
    Ends(usize),
    /// Perhaps at a place that was not read yet, or not far enough to see what stands behind it.
    Perhaps(usize),
    /// No length leads to a separator: what there is, is a stranger's.
    Nowhere,
}

/// Returns where the message ends that begins at `begin`, by a Content-Length.
///
/// Where several lead to a separator, the farthest counts: a shorter one leads to what stands in the body, as if it were
/// mail of its own. So none counts while a farther one was not looked at, unless that is longer than mail is.
pub(super) fn counted(all: &[u8], begin: usize, ended: bool) -> Counted {
    let headers = Headers::parse(all.get(begin..).unwrap_or_default());
    let body = begin + headers.body_at();
    let lengths = headers.all("Content-Length").take(LENGTHS);
    let lengths = lengths.filter_map(|field| field.text().trim().parse().ok());
    let (mut ends, mut perhaps) = (None, None);
    for length in lengths.filter(|length: &usize| *length <= LIMIT) {
        let end = body + length;
        let next = after_blank(all, end);
        if !ended && end + SLACK > all.len() {
            perhaps = perhaps.max(Some(end));
        } else if next == all.len() || separator_end(all, next).is_some() {
            ends = ends.max(Some(end));
        }
    }
    match (perhaps, ends) {
        (Some(end), _) => Counted::Perhaps(end),
        (None, Some(end)) => Counted::Ends(end),
        (None, None) => Counted::Nowhere,
    }
}

/// Returns the place behind one empty line at `at`.
pub(super) fn after_blank(all: &[u8], at: usize) -> usize {
    match all.get(at..) {
        Some([b'\n', ..]) => at + 1,
        Some([b'\r', b'\n', ..]) => at + 2,
        _ => at,
    }
}

/// Returns the end of a message without the empty line that the mailbox put behind it.
pub(super) fn without_last_blank(all: &[u8], begin: usize, end: usize) -> usize {
    match all.get(begin..end) {
        Some([.., b'\n', b'\r', b'\n']) => end - 2,
        Some([.., b'\n', b'\n']) => end - 1,
        _ => end,
    }
}

/// The next separator, or the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    /// Where it stands.
    pub(super) at: usize,
    /// Where the message begins behind it; `None` at the end.
    pub(super) begin: Option<usize>,
    /// How many quoted `From ` lines lie before it.
    pub(super) quotes: u64,
    /// Whether a line that separates messages lies before it, without an empty line before.
    pub(super) joined: bool,
}

/// Returns the next separator from `begin` on.
pub(super) fn next_separator(all: &[u8], begin: usize) -> Next {
    // The octet before the first one counts: it may be the line end, or the mark of a quote.
    let begin = begin.saturating_sub(1);
    let rest = all.get(begin..).unwrap_or_default();
    let (mut quotes, mut joined) = (0, false);
    for found in FROM.find_iter(rest) {
        let at = begin + found;
        match found.checked_sub(1).and_then(|before| rest.get(before)) {
            Some(b'\n') => match separator_end(all, at) {
                Some(begin) if follows_blank(all, at) => {
                    let begin = Some(begin);
                    return Next {
                        at,
                        begin,
                        quotes,
                        joined,
                    };
                }
                Some(_) => joined = true,
                None => {}
            },
            Some(b'>') if begins_line(all, at) => quotes += 1,
            _ => {}
        }
    }
    Next {
        at: all.len(),
        begin: None,
        quotes,
        joined,
    }
}

/// Returns whether only `>` stands between the start of the line and `at`.
fn begins_line(all: &[u8], at: usize) -> bool {
    let before = all.get(..at).unwrap_or_default();
    let marks = before
        .iter()
        .rev()
        .take_while(|octet| **octet == b'>')
        .count();
    matches!(
        before
            .len()
            .checked_sub(marks + 1)
            .and_then(|line| before.get(line)),
        None | Some(b'\n')
    )
}

/// Returns whether an empty line stands before `at`.
fn follows_blank(all: &[u8], at: usize) -> bool {
    let before = all.get(..at).unwrap_or_default();
    before.is_empty() || before.ends_with(b"\n\n") || before.ends_with(b"\n\r\n")
}

static FROM: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"From "));

/// Returns where the message begins behind a separator line at `at`, if there is one.
///
/// RFC 4155 appendix A: `From `, an address, a time as `asctime` writes it. Programs vary the
/// address and add a zone, so that a month, a time of day and a year must be there.
pub(super) fn separator_end(all: &[u8], at: usize) -> Option<usize> {
    let rest = all.get(at..)?;
    let line = rest.strip_prefix(b"From ")?;
    let window = line
        .get(..line.len().min(SEPARATOR_LIMIT))
        .unwrap_or_default();
    let newline = memchr::memchr(b'\n', window)?;
    is_dated(window.get(..newline)?).then_some(())?;
    let begin = at + b"From ".len() + newline + 1;
    begins_message(all.get(begin..)?).then_some(begin)
}

/// Returns whether a separator line holds a month, a time of day and a year.
fn is_dated(line: &[u8]) -> bool {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let (mut month, mut time, mut year) = (false, false, false);
    for word in line.split(u8::is_ascii_whitespace) {
        match word.len() {
            3 => month |= MONTHS.contains(&word),
            4 if word.iter().all(u8::is_ascii_digit) => year = true,
            4..=8 => {
                time |= word.contains(&b':')
                    && word
                        .iter()
                        .all(|octet| octet.is_ascii_digit() || *octet == b':');
            }
            _ => {}
        }
    }
    month && time && year
}

/// Returns whether octets begin as a message does: with a header field, or with a separator that was quoted.
fn begins_message(octets: &[u8]) -> bool {
    if octets.starts_with(b">From ") {
        return true;
    }
    let name = octets
        .iter()
        .take(SEPARATOR_LIMIT)
        .take_while(|octet| (33..=126).contains(*octet) && **octet != b':')
        .count();
    let rest = octets.get(name..).unwrap_or_default().trim_ascii_start();
    name > 0 && rest.first() == Some(&b':')
}

/// Returns where the last message begins whose end was not read, if another one stands before it.
pub(super) fn counted_cut(all: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(begin) = separator_end(all, at) {
        let next = match counted(all, begin, false) {
            Counted::Ends(end) => after_blank(all, end),
            // To look for a separator now would be to split at one in the body.
            Counted::Perhaps(_) => break,
            Counted::Nowhere => next_separator(all, begin).at,
        };
        if next >= all.len() {
            break;
        }
        at = next;
    }
    (at > 0).then_some(at)
}

/// Octets that are searched at once for the last separator: most messages have fewer.
const WINDOW: usize = 8 * 1_024;

/// Returns where the last separator stands, if it is not the first.
pub(super) fn last_separator(all: &[u8]) -> Option<usize> {
    let mut end = all.len();
    while end > 0 {
        // What begins in the window may end behind it.
        let (begin, reach) = (end.saturating_sub(WINDOW), end + b"From ".len());
        let window = all.get(begin..reach.min(all.len()))?;
        let places = FROM.find_iter(window).map(|found| begin + found);
        let separators = places
            .filter(|at| *at > 0 && follows_blank(all, *at) && separator_end(all, *at).is_some());
        if let Some(last) = separators.last() {
            return Some(last);
        }
        end = begin;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn separators_are_found_as_line_by_line(lines in collection::vec("(From a Sat Nov 21 10:00:00 2026|(>{0,2}|x )From b|A: b|From c 10:00|x{5000})?\r?", 0..40)) {
            let all: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let all = all.as_bytes();
            let starts = || (1..all.len()).filter(|at| all[at - 1] == b'\n');
            let separators = || starts().filter(|at| follows_blank(all, *at) && separator_end(all, *at).is_some());
            prop_assert_eq!(last_separator(all), separators().next_back());
            let at = separators().next().unwrap_or(all.len());
            let is_quote = |line: &[u8]| line.starts_with(b">From ") || line.starts_with(b">>From ");
            let quotes = all[..at].split(|octet| *octet == b'\n').filter(|line| is_quote(line)).count();
            let joined = starts().any(|start| start < at && separator_end(all, start).is_some());
            prop_assert_eq!(next_separator(all, 0), Next { at, begin: separator_end(all, at).filter(|_| at > 0), quotes: quotes as u64, joined });
        }
    }
}
