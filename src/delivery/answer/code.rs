//! Status codes and reply codes, wherever a text has them.
//!
//! In: a diagnosis. Out: [`Status`], a reply code.
//! Standards: RFC 3463 §2 (status codes), RFC 5321 §4.2.1 (reply codes).
//! Trust: hostile text; every step goes forward, so time is linear.
//! Limits: a number that only looks like a code is told from one by what stands beside it.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A status code of RFC 3463: class, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status {
    /// 2 delivered, 4 for now, 5 for good.
    pub class: u8,
    /// What it is about: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl Status {
    /// Returns whether it says more than that something failed: not `X.0.0`.
    #[must_use]
    pub const fn is_specific(self) -> bool {
        self.subject != 0 || self.detail != 0
    }

    /// Returns whether it says for good that the recipient's mailbox or domain takes no mail.
    #[must_use]
    pub const fn is_about_recipient(self) -> bool {
        // RFC 3463 §3.2: X.1.x is about an address; X.1.7 and X.1.8 about the sender's.
        self.class == 5 && self.subject == 1 && !matches!(self.detail, 7 | 8)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Status {
    type Err = ();

    /// Reads `5.1.1`, and nothing around it.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut number = |max: u16| -> Result<u16, ()> {
            let part = parts.next().ok_or(())?;
            // RFC 3463 §2: subject and detail have one to three digits.
            if part.is_empty() || part.len() > 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(());
            }
            part.parse().ok().filter(|n| *n <= max).ok_or(())
        };
        // RFC 3463 §3.1: subjects end at 7.
        let (class, subject, detail) = (number(5)?, number(7)?, number(999)?);
        if parts.next().is_some() {
            return Err(());
        }
        // RFC 3463 §3: the classes are 2, 4 and 5.
        match class {
            2 | 4 | 5 => Ok(Self {
                class: u8::try_from(class).map_err(|_| ())?,
                subject,
                detail,
            }),
            _ => Err(()),
        }
    }
}

/// Punctuation that codes are wrapped in.
const WRAPPING: &[char] = &[
    '(', ')', '[', ']', '<', '>', '#', ':', ';', ',', '"', '\'', '=', '{', '}',
];

/// Returns the status codes of class 4 and 5 in a text, in order.
pub(super) fn statuses(text: &str) -> impl Iterator<Item = Status> {
    text.split(|c: char| c.is_whitespace() || WRAPPING.contains(&c) || c == '-')
        .filter_map(|word| word.trim_end_matches('.').parse::<Status>().ok())
        .filter(|status| status.class != 2)
}

/// Returns the status code that says most: the first specific one, or the first one.
pub(super) fn status(text: &str) -> Option<Status> {
    let mut first = None;
    for status in statuses(text) {
        if status.is_specific() {
            return Some(status);
        }
        first = first.or(Some(status));
    }
    first
}

/// Returns the reply code that a text quotes, judged by what stands beside it.
pub(super) fn reply(text: &str) -> Option<u16> {
    let mut best: Option<(u8, u16)> = None;
    for line in text.split('\n') {
        let mut before = "";
        let mut words = line.split_whitespace().peekable();
        while let Some(word) = words.next() {
            // RFC 5321 §4.2.1: a hyphen behind the code begins a longer reply.
            let (number, glued) = word.split_once('-').unwrap_or((word, ""));
            if let Some(code) = reply_code(number) {
                let next = if glued.is_empty() {
                    words.peek().copied().unwrap_or_default()
                } else {
                    glued
                };
                let weight = weigh(before, word, next);
                if weight > 0 && best.is_none_or(|(most, _)| weight > most) {
                    best = Some((weight, code));
                }
            }
            before = word;
        }
    }
    best.map(|(_, code)| code)
}

/// Returns a word as a reply code of class 4 or 5.
fn reply_code(word: &str) -> Option<u16> {
    let digits = word.trim_matches(WRAPPING);
    let [class, second, third] = digits.as_bytes() else {
        return None;
    };
    // RFC 5321 §4.2: the second digit ends at 5.
    let shaped = matches!(class, b'4' | b'5') && (b'0'..=b'5').contains(second);
    (shaped && third.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}

/// Returns how likely a number is a reply code, from 0.
fn weigh(before: &str, word: &str, next: &str) -> u8 {
    if next.trim_matches(WRAPPING).parse::<Status>().is_ok() {
        return 4;
    }
    let introduced = before.is_empty()
        || before.ends_with([':', ';', '.', '='])
        || [
            "<<<", ">>>", "said", "error", "code", "response", "reply", "smtp",
        ]
        .iter()
        .any(|word| before.trim_matches(WRAPPING).eq_ignore_ascii_case(word));
    let worded = next
        .chars()
        .next()
        .is_some_and(|c| c.is_alphabetic() || "<\"'#[(".contains(c));
    match (introduced, worded) {
        (true, true) => 3,
        (true, false) => 2,
        (false, true) if !word.ends_with([',', '.']) => 1,
        (false, _) => u8::from(word.starts_with(['#', '('])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_from_addresses_and_versions() {
        let of = |text: &str| status(text).map(|status| status.to_string());
        assert_eq!(of("550 5.1.1 x").as_deref(), Some("5.1.1"));
        assert_eq!(of("no mailbox here (#5.1.1)").as_deref(), Some("5.1.1"));
        assert_eq!(of("550-5.7.26 This").as_deref(), Some("5.7.26"));
        assert_eq!(of("5.0.0 then 5.2.2").as_deref(), Some("5.2.2"));
        assert_eq!(of("5.0.0"), Some("5.0.0".to_owned()));
        for text in [
            "4.5.6.7",
            "Exim 4.92.3",
            "5.5.2657.72",
            "192.0.2.7",
            "2.0.0",
            "5.1",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn reply_codes_are_told_from_other_numbers() {
        assert_eq!(reply("said: 550 5.1.1 user unknown"), Some(550));
        assert_eq!(reply("550-5.7.1 one\n550 5.7.1 two"), Some(550));
        assert_eq!(reply("smtp; 452 mailbox full"), Some(452));
        assert_eq!(reply("554 delivery error: dd"), Some(554));
        assert_eq!(reply("Remote host said: 511 sorry"), Some(511));
        assert_eq!(reply("on port 465, after 500, tries"), None);
        assert_eq!(reply("250 ok"), None);
        assert_eq!(reply("line 1234"), None);
    }
}
