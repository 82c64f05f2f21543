//! What becomes of complaints that the user agrees to, in the words of the question.
//!
//! In: a way of delivery names its [`Purpose`], a command the rest of [`Terms`]. Out: what
//! [`super::ask`] says.

use super::Change;

/// What a question is about, beside the complaints.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'t> {
    /// What becomes of complaints that are agreed to.
    pub purpose: Purpose,
    /// What the user may ask to have changed first; none where nothing can be composed anew.
    pub changes: &'t [Change],
    /// What becomes of complaints that are not ticked, as a sentence; empty says nothing.
    pub unticked: &'t str,
}

/// What becomes of complaints that the user agrees to.
///
/// Who agrees to a draft or to a record has not agreed to a mail, and is not asked as if he had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// They leave this machine.
    #[default]
    Send,
    /// Each becomes a file, for the user to send himself.
    Draft,
    /// They are only written down.
    Record,
}

impl Purpose {
    /// Returns what stands above the checklist.
    pub(super) const fn question(self) -> &'static str {
        match self {
            Self::Send => "Which complaints do you want to send?",
            Self::Draft => "Which complaints do you want as drafts?",
            Self::Record => "Which complaints do you want to record?",
        }
    }

    /// Returns what stands above the last word.
    pub(super) const fn how_to_answer(self) -> &'static str {
        match self {
            Self::Send => {
                "Type `show` to read the whole mail as it will be sent; an empty line sends nothing."
            }
            Self::Draft => {
                "Type `show` to read the whole mail as the draft will hold it; an empty line writes nothing."
            }
            Self::Record => {
                "Type `show` to read the whole mail as it will be recorded; an empty line declines."
            }
        }
    }

    /// Returns what stands above the code.
    pub(super) const fn last_word(self) -> &'static str {
        match self {
            Self::Send => "Once sent, the desk may pass this on; it cannot be recalled.",
            Self::Draft => {
                "A draft is a file on this machine. Once you send it, the desk may pass it on; it cannot be recalled."
            }
            Self::Record => "Nothing of it leaves this machine.",
        }
    }

    /// Returns what the code is for: `send 2 complaints`.
    pub(super) fn deed(self, count: usize) -> String {
        let s = if count == 1 { "" } else { "s" };
        match self {
            Self::Send => format!("send {count} complaint{s}"),
            Self::Draft => format!("write {count} draft{s}"),
            Self::Record => format!("record {count} complaint{s}"),
        }
    }
}
