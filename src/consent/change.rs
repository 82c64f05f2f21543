//! What the user may want changed before he answers.
//!
//! In: what he typed. Out: [`Change`].
//! Trust: a change is no consent: what is composed anew is shown again, under a new code.

/// Something that the user wants changed before he answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The kind of abuse that the mail is called.
    Kind,
    /// His own words, to one desk or to all.
    Note,
}

impl Change {
    /// Every change.
    pub const ALL: [Self; 2] = [Self::Kind, Self::Note];

    /// Returns the word that asks for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Note => "note",
        }
    }

    /// Returns whether a typed line asks for it.
    #[must_use]
    pub fn is(self, typed: &str) -> bool {
        typed.trim().eq_ignore_ascii_case(self.word())
    }
}
