//! Patterns in which `*` stands for anything, as rules write them.
//!
//! In: a pattern such as `*.mail.example.com`; a text. Out: whether it fits.
//! Trust: patterns are ours, texts are hostile; comparing takes time in proportion to both, never more.
//! Limits: letters of US-ASCII fit in any case; there is nothing but `*`.

use serde::Deserialize;

/// A pattern, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(in crate::rules) struct Glob {
    /// What stands before the first star; all of it where there is none.
    head: String,
    /// What stands between stars.
    middle: Vec<String>,
    /// What stands behind the last star; `None` where there is no star.
    tail: Option<String>,
}

impl From<String> for Glob {
    fn from(pattern: String) -> Self {
        let Some((head, rest)) = pattern.split_once('*') else {
            return Self {
                head: pattern,
                middle: Vec::new(),
                tail: None,
            };
        };
        let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
        Self {
            head: head.to_owned(),
            middle: middle
                .split('*')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            tail: Some(tail.to_owned()),
        }
    }
}

impl Glob {
    /// Returns whether a text fits.
    pub(in crate::rules) fn fits(&self, text: &str) -> bool {
        let text = text.as_bytes();
        // Nearly all patterns differ in the first letter.
        if let (Some(wanted), Some(octet)) = (self.head.as_bytes().first(), text.first())
            && !wanted.eq_ignore_ascii_case(octet)
        {
            return false;
        }
        let Some(tail) = &self.tail else {
            return text.eq_ignore_ascii_case(self.head.as_bytes());
        };
        let Some(between) = text.len().checked_sub(self.head.len() + tail.len()) else {
            return false;
        };
        let (head, rest) = text.split_at(self.head.len());
        let (mut rest, end) = rest.split_at(between);
        end.eq_ignore_ascii_case(tail.as_bytes())
            && head.eq_ignore_ascii_case(self.head.as_bytes())
            && self.middle.iter().all(|part| {
                let found = find(rest, part.as_bytes());
                match found.and_then(|at| rest.get(at + part.len()..)) {
                    Some(after) => {
                        rest = after;
                        true
                    }
                    None => false,
                }
            })
    }
}

/// Patterns of which a text must fit one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<Glob>")]
pub(in crate::rules) struct Globs {
    globs: Vec<Glob>,
    ends: Ends,
}

/// How texts begin and end that may fit: nearly all others are ruled out by that, at a glance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::rules) struct Ends {
    /// The letters of US-ASCII that a text may begin with, a bit each.
    first: u128,
    /// What the last octets may come to, a bit each; several come to the same.
    last: u64,
}

/// Octets at the end of a text that are looked at: enough to tell `google.com` from other names below `com`.
const LAST: usize = 6;

impl Ends {
    /// Returns how texts begin and end that fit a pattern.
    fn of(glob: &Glob) -> Self {
        let tail = glob.tail.as_ref().unwrap_or(&glob.head);
        let either = |octet: &u8| bit(octet.to_ascii_lowercase()) | bit(octet.to_ascii_uppercase());
        Self {
            first: glob.head.as_bytes().first().map_or(u128::MAX, either),
            last: last(tail.as_bytes()),
        }
    }

    /// Returns what either allows.
    pub(in crate::rules) const fn or(self, other: Self) -> Self {
        Self {
            first: self.first | other.first,
            last: self.last | other.last,
        }
    }

    /// Returns whether a text may fit.
    pub(in crate::rules) fn allow(self, text: &str) -> bool {
        let text = text.as_bytes();
        let first = text.first().map_or(u128::MAX, |octet| bit(*octet));
        self.first & first != 0 && self.last & last(text) != 0
    }
}

/// Returns the bit of an octet; those beyond US-ASCII share one with it, which only makes the rest look.
const fn bit(octet: u8) -> u128 {
    1 << (octet & 0x7f)
}

/// Returns the bit that the last octets come to, in any case; all bits where there are fewer.
fn last(text: &[u8]) -> u64 {
    let Some(last) = text.last_chunk::<LAST>() else {
        return u64::MAX;
    };
    let sum = last.iter().fold(0u32, |sum, octet| {
        sum.wrapping_mul(31) + u32::from(octet.to_ascii_lowercase())
    });
    1 << (sum % 64)
}

impl From<Vec<Glob>> for Globs {
    fn from(globs: Vec<Glob>) -> Self {
        let ends = globs.iter().map(Ends::of);
        Self {
            ends: ends.fold(Ends::default(), Ends::or),
            globs,
        }
    }
}

impl Globs {
    /// Returns whether there is no pattern.
    pub(in crate::rules) fn is_empty(&self) -> bool {
        self.globs.is_empty()
    }

    /// Returns whether a text fits one of the patterns.
    pub(in crate::rules) fn fit(&self, text: &str) -> bool {
        self.ends.allow(text) && self.globs.iter().any(|glob| glob.fits(text))
    }

    /// Returns how texts begin and end that may fit one of the patterns.
    pub(in crate::rules) const fn ends(&self) -> Ends {
        self.ends
    }
}

/// Returns where a part stands in a text, letters of US-ASCII in any case.
pub(in crate::rules) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let Some(first) = part.first() else {
        return Some(0);
    };
    let last = text.len().checked_sub(part.len())?;
    let begins = text.iter().take(last + 1);
    begins
        .enumerate()
        .filter(|(_, octet)| octet.eq_ignore_ascii_case(first))
        .map(|(at, _)| at)
        .find(|at| {
            text.get(*at..at + part.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(part))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Glob::from(pattern.to_owned()).fits(text)
    }

    #[test]
    fn a_star_fits_anything() {
        assert!(fits("Postfix*", "postfix (Debian)"));
        assert!(fits("*/*", "8.17.1/8.17.1"));
        assert!(fits("*.google.com", "mx.google.com"));
        assert!(!fits("*.google.com", "mx.google.com.evil.example"));
        assert!(fits("a*b*c", "aXbbYc"));
        assert!(!fits("a*b*c", "aXc"));
        assert!(fits("*", "") && fits("**", "x") && fits("", ""));
        assert!(!fits("", "x") && !fits("ab*ba", "aba"));
    }

    /// The definition, letter by letter.
    fn by_letters(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                by_letters(rest, text)
                    || text
                        .split_first()
                        .is_some_and(|(_, after)| by_letters(pattern, after))
            }
            (Some((wanted, rest)), Some((octet, after))) => {
                wanted.eq_ignore_ascii_case(octet) && by_letters(rest, after)
            }
            (None, None) => true,
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_text_fits_as_the_definition_says(pattern in "[abCé*]{0,9}", other in "[abé*]{0,3}", text in "[aBcé]{0,9}") {
            let definition = by_letters(pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(fits(&pattern, &text), definition, "{} {}", pattern, text);
            let globs = Globs::from(vec![Glob::from(pattern), Glob::from(other.clone())]);
            prop_assert_eq!(globs.fit(&text), definition || fits(&other, &text));
        }
    }
}
