//! Recognises remarks in parentheses, and words that stand for what is missing.
//!
//! In: `rules/received/notes.toml` and `words.toml`; comments, protocols and names of one field. Out: what they add to its [`Reading`].
//! Standards: RFC 5321 §4.4 (comments in a time-stamp line), RFC 3848 (protocols of clients that authenticated).
//! Trust: hostile, as the field is.
//! Failures: [`RuleError`] for rules; a comment that is no note stays a comment.

use super::file::{Meaning, Note, Words};
use super::{Reading, RuleError, address, clauses};
use crate::rules::file::{self, Common, refused};
use crate::rules::glob::{self, LETTERS, Text};
use crate::rules::sieve::{self, SET_LIMIT, Set};

/// Remarks in parentheses, and words with a meaning of their own.
#[derive(Debug)]
pub(super) struct Notes {
    notes: Vec<Note>,
    /// How notes begin, in their order, and which note that is.
    begins: Vec<(String, usize)>,
    /// Which of them a comment may begin with, by its first letter and by its second.
    sieves: [Vec<Set>; 2],
    words: Vec<Words>,
    nameless: usize,
    auth: usize,
}

impl Notes {
    /// Reads both files.
    pub(super) fn load(
        notes: (&'static str, &'static str),
        words: (&'static str, &'static str),
    ) -> Result<Self, RuleError> {
        let read = file::read(notes.0, "notes-", notes.1, |note: &Note| Common {
            id: &note.id,
            matches: note.matches.len(),
            skips: note.skips.len(),
        })?;
        let words_read = file::read(words.0, "words-", words.1, |rule: &Words| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        let place = |id: &str| {
            words_read
                .iter()
                .position(|rule| rule.id == id)
                .ok_or_else(|| refused(words.0, format_args!("rule `{id}` is missing")))
        };
        let begins = read
            .iter()
            .enumerate()
            .flat_map(|(place, note)| note.begins.iter().map(move |begin| (begin.clone(), place)));
        let begins: Vec<_> = begins.collect();
        if begins.len() > SET_LIMIT || begins.iter().any(|(begin, _)| begin.len() < 2) {
            let why = format_args!("there are more than {SET_LIMIT} beginnings, or a short one");
            return Err(refused(notes.0, why));
        }
        let sieve = |letter: usize| {
            let mut sets = vec![0; LETTERS];
            for (place, (begin, _)) in begins.iter().enumerate() {
                let octet = begin.as_bytes().get(letter).copied().unwrap_or_default();
                if let Some(set) = sets.get_mut(glob::letter(octet)) {
                    *set |= sieve::bit(place);
                }
            }
            sets
        };
        Ok(Self {
            nameless: place("words-nameless")?,
            auth: place("words-authenticated")?,
            sieves: [sieve(0), sieve(1)],
            begins,
            notes: read,
            words: words_read,
        })
    }

    /// Takes what a comment says if it is a note; returns whether it was one.
    pub(super) fn take<'t>(&self, comment: &'t str, reading: &mut Reading<'t>) -> bool {
        let Some((note, value)) = self.find(comment) else {
            return false;
        };
        match note.means {
            Meaning::Auth => {
                reading.auth = true;
                reading.account = value.or(reading.account);
            }
            Meaning::ReversePath => reading.reverse_path = value.or(reading.reverse_path),
            Meaning::Aside => {}
        }
        true
    }

    /// Returns the note that a comment is, and its value.
    fn find<'t>(&self, comment: &'t str) -> Option<(&Note, Option<&'t str>)> {
        let comment = comment.trim_ascii();
        let [first, second, ..] = comment.as_bytes() else {
            return None;
        };
        let [by_first, by_second] = &self.sieves;
        let of = |sets: &[Set], octet: u8| sets.get(glob::letter(octet)).copied().unwrap_or(0);
        for place in sieve::places(of(by_first, *first) & of(by_second, *second)) {
            let (begin, place) = self.begins.get(place)?;
            if let Some(rest) = behind(comment, begin) {
                let note = self.notes.get(*place)?;
                // MailMarshal's `Not Verified[192.0.2.7]` is the client itself, and what stands before it HELO.
                if note.means == Meaning::Aside && holds_literal(rest) {
                    return None;
                }
                let word = rest.split_ascii_whitespace().next().map(clauses::bare);
                return Some((note, word.filter(|word| note.value && !word.is_empty())));
            }
        }
        None
    }

    /// Reads what the protocol itself says.
    pub(super) fn protocol(&self, reading: &mut Reading<'_>) {
        let Some(with) = reading.with else { return };
        let first = with.split_ascii_whitespace().next().unwrap_or(with);
        let first = first.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        reading.auth |= self.has(self.auth, first);
    }

    /// Returns whether a word stands for a name that was not found.
    pub(super) fn is_nameless(&self, name: &str) -> bool {
        self.has(self.nameless, name)
    }

    fn has(&self, rule: usize, word: &str) -> bool {
        let rule = self.words.get(rule);
        rule.is_some_and(|rule| rule.words.fit(&Text::new(word)))
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for note in &self.notes {
            let failed = |comment: &str| RuleError::Example {
                file: super::NOTES.0.to_owned(),
                id: note.id.clone(),
                why: format!("`{comment}`: {:?}", self.find(comment).map(|found| found.1)),
            };
            for example in &note.matches {
                let found = self.find(&example.comment);
                let fits = found.is_some_and(|(found, value)| {
                    found.id == note.id && value == example.value.as_deref()
                });
                if !fits {
                    return Err(failed(&example.comment));
                }
            }
            for comment in &note.skips {
                if self
                    .find(comment)
                    .is_some_and(|(found, _)| found.id == note.id)
                {
                    return Err(failed(comment));
                }
            }
            ran += note.matches.len() + note.skips.len();
        }
        for (at, rule) in self.words.iter().enumerate() {
            let wrong = rule
                .matches
                .iter()
                .find(|word| !self.has(at, word))
                .or_else(|| rule.skips.iter().find(|word| self.has(at, word)));
            if let Some(word) = wrong {
                return Err(RuleError::Example {
                    file: super::WORDS.0.to_owned(),
                    id: rule.id.clone(),
                    why: format!("`{word}`"),
                });
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }
}

/// Returns whether an address literal stands in a text. RFC 5321 §4.1.3.
fn holds_literal(text: &str) -> bool {
    let mut parts = text.split('[').skip(1);
    parts.any(|part| {
        let literal = part.split_once(']').map_or(part, |(literal, _)| literal);
        address::address(literal).is_some()
    })
}

/// Returns what stands behind a beginning, letters in any case.
///
/// RFC 5322 §2.2.3: a fold stands for a blank.
fn behind<'t>(text: &'t str, begin: &str) -> Option<&'t str> {
    if let Some((head, rest)) = text.split_at_checked(begin.len())
        && head.eq_ignore_ascii_case(begin)
    {
        return Some(rest);
    }
    let mut rest = text;
    for octet in begin.bytes() {
        let first = rest.as_bytes().first()?;
        let after = rest.get(1..)?;
        rest = match octet {
            b' ' if first.is_ascii_whitespace() => after.trim_ascii_start(),
            _ if first.eq_ignore_ascii_case(&octet) => after,
            _ => return None,
        };
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_may_be_folded() {
        let fold = "Authenticated\r\n\tsender: anna";
        assert_eq!(behind(fold, "Authenticated sender: "), Some("anna"));
        assert_eq!(behind("using TLSv1.3", "using TLS"), Some("v1.3"));
        assert_eq!(
            behind("Authenticatedsender: anna", "Authenticated sender: "),
            None
        );
        assert_eq!(behind("über", "u"), None);
    }
}
