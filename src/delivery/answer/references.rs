//! What an answer refers to, for the ledger to match.
//!
//! In: [`Pages`], failed recipients. Out: [`References`].
//! Standards: RFC 5322 §3.6.4 (Message-ID, In-Reply-To, References).
//! Trust: hostile; anything can stand here. An id of ours is a keyed hash that
//! nobody can guess who did not see the complaint: only a match with the
//! ledger makes an answer ours.

use serde::Serialize;

use super::Failed;
use super::pages::Pages;

/// References that are kept of one answer.
const REFERENCE_LIMIT: usize = 100;

/// Octets of a Message-ID that are kept: RFC 5322 §2.1.1 allows a line.
const ID_OCTETS: usize = 250;

/// Letters and digits of a case reference.
const CASE_REFERENCE_LENGTH: usize = 8;

/// What an answer refers to. All of it is printable ASCII.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct References {
    /// Message-IDs without their angle brackets: of In-Reply-To and References, and of every returned or quoted message.
    pub message_ids: Vec<String>,
    /// What may be references of our subjects: eight letters and digits of base32.
    pub case_references: Vec<String>,
    /// Recipients that a bounce names.
    pub failed_recipients: Vec<String>,
}

impl References {
    /// Collects the references of an answer.
    pub(super) fn collect(pages: &Pages, failed: &[Failed]) -> Self {
        let mut references = Self::default();
        for (name, value) in &pages.fields {
            // RFC 5322 §3.6.4; Original-Message-ID is RFC 8098 §3.2.5.
            if ["in-reply-to", "references", "original-message-id"].contains(&name.as_str()) {
                references.ids(value);
            }
        }
        for text in pages
            .returned
            .iter()
            .chain(&pages.status)
            .chain(&pages.feedback)
            .chain([&pages.text])
        {
            references.id_fields(text);
            references.cases(text, "UTC (");
        }
        references.cases(&pages.subject, "(");
        for one in failed {
            if let Some(recipient) = &one.recipient {
                keep(&mut references.failed_recipients, recipient);
            }
        }
        references
    }

    /// Takes the ids between angle brackets.
    fn ids(&mut self, text: &str) {
        for piece in text.split('<').skip(1) {
            let id = piece.split('>').next().unwrap_or_default();
            if is_id(id) {
                keep(&mut self.message_ids, id);
            }
        }
    }

    /// Takes the ids of `Message-ID` fields that stand in a text, quoted or not.
    fn id_fields(&mut self, text: &str) {
        // "Message ID" is how some systems write it in the text for people.
        const NAMES: [&str; 5] = [
            "message-id",
            "message id",
            "in-reply-to",
            "original-message-id",
            "x-original-message-id",
        ];
        let mut folded = false;
        for line in text.lines() {
            let line = line.trim_start_matches([' ', '\t', '>', '|', '*']);
            match line.split_once(':') {
                Some((name, value))
                    if NAMES.contains(
                        &name
                            .trim_end_matches(['*', ' '])
                            .to_ascii_lowercase()
                            .as_str(),
                    ) =>
                {
                    self.ids(value);
                    // RFC 5322 §2.2.3: a long id stands on the next line.
                    folded = !value.contains('<');
                }
                _ if folded => {
                    self.ids(line);
                    folded = false;
                }
                _ => {}
            }
        }
    }

    /// Takes case references: eight characters of base32 in parentheses, behind `lead`.
    fn cases(&mut self, text: &str, lead: &str) {
        // RFC 5322 §2.2.3: a folded subject has a line end before the reference.
        let text = text.replace(['\r', '\n', '\t'], " ");
        for piece in text.split(lead).skip(1) {
            let Some((code, _)) = piece.split_once(')') else {
                continue;
            };
            // RFC 4648 §6: the alphabet of base32.
            let shaped = code.len() == CASE_REFERENCE_LENGTH
                && code
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
            if shaped {
                keep(&mut self.case_references, code);
            }
        }
    }
}

/// Returns whether a text can be a Message-ID that is safe to show and to compare.
fn is_id(text: &str) -> bool {
    text.len() <= ID_OCTETS && text.contains('@') && text.bytes().all(|b| (33..=126).contains(&b))
}

/// Keeps a value once, within the limit.
fn keep(list: &mut Vec<String>, value: &str) {
    if list.len() < REFERENCE_LIMIT && !list.iter().any(|known| known == value) {
        list.push(value.to_owned());
    }
}
