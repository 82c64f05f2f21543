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
                let found = rest
                    .windows(part.len())
                    .position(|window| window.eq_ignore_ascii_case(part.as_bytes()));
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

/// Returns whether a text fits one of several patterns.
pub(in crate::rules) fn fits_one(globs: &[Glob], text: &str) -> bool {
    globs.iter().any(|glob| glob.fits(text))
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
        fn a_text_fits_as_the_definition_says(pattern in "[abC*]{0,7}", text in "[aBc]{0,9}") {
            prop_assert_eq!(
                fits(&pattern, &text),
                by_letters(pattern.as_bytes(), text.as_bytes()),
                "{} {}", pattern, text
            );
        }
    }
}
