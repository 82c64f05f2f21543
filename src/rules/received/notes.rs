//! Recognises remarks in parentheses, and words that stand for what is missing.
//!
//! In: `rules/received/notes.toml` and `words.toml`; comments, protocols and names of one field. Out: what they add to its [`Reading`].
//! Standards: RFC 5321 §4.4 (comments in a time-stamp line), RFC 3848 (protocols of clients that authenticated).
//! Trust: hostile, as the field is.
//! Failures: [`RuleError`] for rules; a comment that is no note stays a comment.

use super::file::{Meaning, Note, Words};
use super::{Reading, RuleError, lex};
use crate::rules::file::{self, Common, refused};

/// Remarks in parentheses, and words with a meaning of their own.
#[derive(Debug)]
pub(super) struct Notes {
    notes: Vec<Note>,
    /// The letters that notes begin with, a bit each: most comments are ruled out by that.
    begins: u128,
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
        Ok(Self {
            nameless: place("words-nameless")?,
            auth: place("words-authenticated")?,
            begins: read
                .iter()
                .flat_map(|note| &note.begins)
                .filter_map(|begin| begin.bytes().next())
                .fold(0, |begins, octet| begins | bit(octet)),
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
        let first = comment.as_bytes().first()?.to_ascii_lowercase();
        if self.begins & bit(first) == 0 {
            return None;
        }
        self.notes.iter().find_map(|note| {
            note.begins.iter().find_map(|begin| {
                if begin.as_bytes().first().map(u8::to_ascii_lowercase) != Some(first) {
                    return None;
                }
                let (head, rest) = comment.split_at_checked(begin.len())?;
                head.eq_ignore_ascii_case(begin).then_some(())?;
                let word = rest.split_ascii_whitespace().next().map(lex::bare);
                Some((note, word.filter(|word| note.value && !word.is_empty())))
            })
        })
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
        self.words.get(rule).is_some_and(|rule| {
            rule.words
                .iter()
                .any(|pattern| pattern.eq_ignore_ascii_case(word))
        })
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

/// Returns the bit of a letter in any case.
fn bit(octet: u8) -> u128 {
    1 << (octet.to_ascii_lowercase() & 0x7f)
}
