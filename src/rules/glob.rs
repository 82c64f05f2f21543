//! Patterns in which `*` stands for anything, as rules write them.
//!
//! In: a pattern such as `*.mail.example.com`; a text. Out: whether it fits.
//! Standards: RFC 5322 §2.2.3 (folds).
//! Trust: patterns are ours, texts are hostile; comparing takes time in proportion to both, never more.
//! Limits: letters of US-ASCII fit in any case, a blank fits a fold; there is nothing but `*`.

use serde::Deserialize;

use crate::intake::eight::{self, equal, folded};

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
    /// How texts begin and end that may fit.
    wanted: Wanted,
    /// Whether a fold may stand in a text that fits.
    has_blank: bool,
}

/// How texts begin and end that may fit a pattern: a place in [`Text::sums`] for either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Wanted {
    sums: u16,
    /// Where it says something.
    mask: u16,
}

impl From<String> for Glob {
    fn from(pattern: String) -> Self {
        let (head, middle, tail) = match pattern.split_once('*') {
            None => (pattern.as_str(), "", None),
            Some((head, rest)) => {
                let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
                (head, middle, Some(tail))
            }
        };
        let mut wanted = Wanted::default();
        if head.len() > 1 {
            wanted.sums |= u16::from(beginning(head.as_bytes()));
            wanted.mask |= 0xff;
        }
        let has_blank = pattern.contains(' ');
        // Where a blank may be a fold, the last octets are not always the same.
        if let Some(sum) = ending(tail.unwrap_or(head).as_bytes()).filter(|_| !has_blank) {
            wanted.sums |= u16::from(sum) << 8;
            wanted.mask |= 0xff00;
        }
        Self {
            head: head.to_owned(),
            middle: middle
                .split('*')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            tail: tail.map(str::to_owned),
            wanted,
            has_blank,
        }
    }
}

impl Glob {
    /// Returns whether a text fits.
    pub(in crate::rules) fn fits(&self, text: &Text<'_>) -> bool {
        // Nearly all patterns differ in that.
        (self.wanted.sums ^ text.sums) & self.wanted.mask == 0
            && (self.holds(text.text) || self.has_blank && self.holds_unfolded(text.text))
    }

    /// Returns whether a text fits once it is unfolded.
    ///
    /// RFC 5322 §2.2.3: a fold stands for a blank, and servers fold inside a product's name.
    #[cold]
    fn holds_unfolded(&self, text: &str) -> bool {
        text.contains(['\n', '\t']) && self.holds(&unfolded(text))
    }

    /// Returns whether a text fits, whatever it begins and ends with.
    fn holds(&self, text: &str) -> bool {
        let text = text.as_bytes();
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

/// A text, and what is compared first of it: made once, and held against many patterns.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules) struct Text<'t> {
    text: &'t str,
    /// What the first octets come to, and above it what the last ones do; 0 where there are fewer.
    sums: u16,
}

/// How many letters are told apart, how many beginnings, and how many endings.
pub(in crate::rules) const LETTERS: usize = 128;

impl<'t> Text<'t> {
    pub(in crate::rules) fn new(text: &'t str) -> Self {
        let octets = text.as_bytes();
        Self {
            text,
            sums: u16::from_le_bytes([beginning(octets), ending(octets).unwrap_or(0)]),
        }
    }

    /// Returns what its first octets come to, below [`LETTERS`].
    pub(in crate::rules) const fn first(&self) -> usize {
        (self.sums & 0xff) as usize
    }

    /// Returns what its last octets come to, below [`LETTERS`].
    pub(in crate::rules) const fn last(&self) -> usize {
        (self.sums >> 8) as usize
    }
}

/// How texts begin or end that may fit patterns: nearly all others are ruled out by that, at a glance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::rules) struct Ends {
    /// What the first octets come to of those whose end says nothing, a bit each.
    pub(in crate::rules) first: u128,
    /// What the last octets come to of all others, a bit each.
    pub(in crate::rules) last: u128,
}

impl Ends {
    /// Returns how texts begin or end that fit a pattern.
    fn of(glob: &Glob) -> Self {
        let Wanted { sums, mask } = glob.wanted;
        if mask & 0xff00 != 0 {
            return Self {
                first: 0,
                last: 1 << (sums >> 8),
            };
        }
        let first = match glob.head.as_bytes() {
            [] => u128::MAX,
            // Whatever stands second, and also where nothing does.
            [one] => (0..=u8::MAX).fold(1 << beginning(&[*one]), |all, two| {
                all | 1 << beginning(&[*one, two])
            }),
            _ => 1 << (sums & 0xff),
        };
        Self { first, last: 0 }
    }

    /// Returns whether a text may fit.
    pub(in crate::rules) const fn allow(self, text: &Text<'_>) -> bool {
        (self.first >> text.first() | self.last >> text.last()) & 1 != 0
    }
}

/// Returns the place of a letter in any case, below [`LETTERS`]; octets beyond US-ASCII share one with it, which only
/// makes the rest look.
pub(in crate::rules) const fn letter(octet: u8) -> usize {
    // Case is one bit of a letter.
    ((octet | 0x20) & 0x7f) as usize
}

/// Returns what the first two octets come to, in any case; one that is not there counts as 0. Several come to the same.
fn beginning(text: &[u8]) -> u8 {
    let (one, two) = match text {
        [one, two, ..] => (letter(*one), letter(*two)),
        [one] => (letter(*one), 0),
        [] => (0, 0),
    };
    // Odd, so that letters that stand beside each other come to different sums.
    ((one + 37 * two) % LETTERS) as u8
}

/// Returns what the last octets come to, in any case: enough of them to tell `google.com` from what else
/// lies below `com`. Several come to the same.
fn ending(text: &[u8]) -> Option<u8> {
    let [a, b, c, d, e, f] = *text.last_chunk::<6>()?;
    // Case is one bit of a letter; where other octets have it, they only come to the same.
    let last = u64::from_le_bytes([0, 0, a, b, c, d, e, f]) | 0x2020_2020_2020_2020;
    Some((last.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57) as u8)
}

/// Patterns of which a text must fit one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<Glob>")]
pub(in crate::rules) struct Globs {
    globs: Vec<Glob>,
    ends: Ends,
}

impl From<Vec<Glob>> for Globs {
    fn from(globs: Vec<Glob>) -> Self {
        let ends = globs.iter().map(Ends::of);
        Self {
            ends: ends.fold(Ends::default(), |all, one| Ends {
                first: all.first | one.first,
                last: all.last | one.last,
            }),
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
    pub(in crate::rules) fn fit(&self, text: &Text<'_>) -> bool {
        self.ends.allow(text) && self.globs.iter().any(|glob| glob.fits(text))
    }

    /// Returns how texts begin or end that may fit one of the patterns.
    pub(in crate::rules) const fn ends(&self) -> Ends {
        self.ends
    }
}

/// Returns a text with one blank for each run of them.
fn unfolded(text: &str) -> String {
    let mut words = text.split_ascii_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    line
}

/// Returns where a part stands in a text, letters of US-ASCII in any case.
pub(in crate::rules) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let Some(first) = part.first() else {
        return Some(0);
    };
    let letter = first.to_ascii_lowercase() | 0x20;
    let last = text.len().checked_sub(part.len())?;
    let mut at = 0;
    loop {
        at += eight::find(text.get(at..=last)?, |block| equal(folded(block), letter))?;
        let found = text.get(at..at + part.len())?;
        if found.eq_ignore_ascii_case(part) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Glob::from(pattern.to_owned()).fits(&Text::new(text))
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

    #[test]
    fn a_blank_fits_a_fold() {
        assert!(fits("Microsoft SMTP Server*", "Microsoft SMTP\r\n Server"));
        assert!(fits("Exim *", "Exim\t4.96"));
        assert!(fits("*, from userid *", "Postfix, from\n\tuserid 33"));
        assert!(fits("* Mail Agent", "Inbound Mail\n Agent"));
        assert!(!fits("Exim *", "Exim4.96") && !fits("Exim*4", "Exim\t5"));
    }

    #[test]
    fn one_letter_fits_itself() {
        for octet in b'!'..=b'~' {
            let letter = char::from(octet).to_string();
            let globs = Globs::from(vec![Glob::from(letter.clone())]);
            assert!(globs.fit(&Text::new(&letter)), "{letter}");
        }
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
        fn a_part_is_found_where_it_first_stands(text in "[aB @`]{0,40}", part in "[Ab@`]{1,3}") {
            let mut windows = text.as_bytes().windows(part.len());
            let first = windows.position(|window| window.eq_ignore_ascii_case(part.as_bytes()));
            prop_assert_eq!(find(text.as_bytes(), part.as_bytes()), first);
        }

        #[test]
        fn a_text_fits_as_the_definition_says(pattern in "[abCé*]{0,9}", other in "[abé*]{0,3}", text in "[aBcé]{0,9}") {
            let definition = by_letters(pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(fits(&pattern, &text), definition, "{} {}", pattern, text);
            let globs = Globs::from(vec![Glob::from(pattern), Glob::from(other.clone())]);
            prop_assert_eq!(globs.fit(&Text::new(&text)), definition || fits(&other, &text));
        }
    }
}
