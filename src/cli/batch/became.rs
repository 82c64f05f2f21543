//! What becomes of a message of a batch: the word that is kept, the sentence that is told, the exit status.

use crate::failure::Exit;

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Became {
    Held,
    Joined,
    Known,
    Old,
    Question,
    Backscatter,
    List,
    NoSource,
    NoDesk,
    Unreadable,
}

impl Became {
    /// All of them.
    pub(super) const ALL: [Self; 10] = [
        Self::Held,
        Self::Joined,
        Self::Known,
        Self::Old,
        Self::Question,
        Self::Backscatter,
        Self::List,
        Self::NoSource,
        Self::NoDesk,
        Self::Unreadable,
    ];

    /// Returns the word under which the ledger keeps it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Joined => "joined",
            Self::Known => "known",
            Self::Old => "old",
            Self::Question => "needs-an-answer",
            Self::Backscatter => "backscatter",
            Self::List => "list",
            Self::NoSource => "no-source",
            Self::NoDesk => "no-desk",
            Self::Unreadable => "unreadable",
        }
    }

    /// Returns what the closing lines say of it.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::Held => "held as new cases",
            Self::Joined => "joined to a case of the same source and day",
            Self::Known => "known already",
            Self::Old => "older than 7 days: traced, not looked up",
            Self::Question => "need an answer of yours",
            Self::Backscatter => "bounced or answered by a machine: its server is not the spammer",
            Self::List => "mail of lists that you are on",
            Self::NoSource => "without a source that can be reported",
            Self::NoDesk => "without a desk",
            Self::Unreadable => "not readable as a message",
        }
    }

    /// Returns what the ledger keeps under a word.
    pub(super) fn of(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.word() == word)
    }

    /// Returns whether a batch that goes on leaves such a message alone: an answer or a desk may be there by now.
    pub(super) const fn is_settled(self) -> bool {
        !matches!(self, Self::Question | Self::NoDesk)
    }

    /// Returns the exit status that it stands for.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::NoDesk => Exit::NoContact,
            Self::Unreadable => Exit::NotAMessage,
            _ => Exit::Done,
        }
    }
}
