//! What has become of a complaint.
//!
//! In: nothing. Out: [`State`], as the ledger keeps it and as the user reads it.
//! Standards: RFC 5321 §4.2.1 (2yz, 4yz and 5yz), RFC 1047 (why `unknown` exists).

use std::fmt;

/// What has become of a complaint.
///
/// The way is `held → drafted → approved → connecting → data → accepted |
/// deferred | rejected | unknown`; the other states lie beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Composed by a batch, and not yet shown; composed anew when a message joins.
    Held,
    /// Composed and kept; nobody agreed to it.
    Drafted,
    /// Agreed to, and not yet tried.
    Approved,
    /// A try is under way, and nothing that could be delivered has left.
    Connecting,
    /// A try is under way, and the octet that ends the message may have left.
    Data,
    /// A server took it. Not: it was read.
    Accepted,
    /// A try failed, and nothing was delivered; the same octets may be tried again.
    Deferred,
    /// A server refused it for good.
    Rejected,
    /// It was handed over, and no answer came back.
    Unknown,
    /// The user read it and did not agree.
    Declined,
    /// The user took it back before it went out.
    Cancelled,
    /// Written as a draft file; nothing was sent.
    Saved,
    /// The user says that he sent it himself, or filled in the desk's form.
    ByHand,
    /// A server took it, and it came back later.
    Bounced,
    /// A server took it, and the desk answered.
    Answered,
}

impl State {
    /// Every state with its word, in the order of the way.
    pub const ALL: [(Self, &'static str); 15] = [
        (Self::Held, "held"),
        (Self::Drafted, "drafted"),
        (Self::Approved, "approved"),
        (Self::Connecting, "connecting"),
        (Self::Data, "data"),
        (Self::Accepted, "accepted"),
        (Self::Deferred, "deferred"),
        (Self::Rejected, "rejected"),
        (Self::Unknown, "unknown"),
        (Self::Declined, "declined"),
        (Self::Cancelled, "cancelled"),
        (Self::Saved, "saved"),
        (Self::ByHand, "by-hand"),
        (Self::Bounced, "bounced"),
        (Self::Answered, "answered"),
    ];

    /// Returns the state's word, as the ledger and `--json` have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, word)| word)
    }

    /// Returns the state of a word, or `None` where there is none.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, its)| *its == word)
            .map(|(state, _)| *state)
    }

    /// Returns whether the desk has the complaint, or may have it: another one would be a second.
    #[must_use]
    pub const fn may_have_arrived(self) -> bool {
        matches!(
            self,
            Self::Data
                | Self::Accepted
                | Self::Unknown
                | Self::ByHand
                | Self::Bounced
                | Self::Answered
        )
    }

    /// Returns whether the octets are settled: someone agreed to them, and they are composed anew no more.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        !matches!(
            self,
            Self::Held | Self::Drafted | Self::Declined | Self::Cancelled
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_word_and_is_found_by_it() {
        for (state, word) in State::ALL {
            assert_eq!(state.word(), word);
            assert_eq!(State::of_word(word), Some(state));
        }
        assert_eq!(State::of_word("sent"), None);
    }

    #[test]
    fn what_was_handed_over_counts_as_arrived_until_shown_otherwise() {
        let arrived: Vec<&str> = State::ALL
            .iter()
            .filter(|(state, _)| state.may_have_arrived())
            .map(|(_, word)| *word)
            .collect();
        assert_eq!(
            arrived,
            [
                "data", "accepted", "unknown", "by-hand", "bounced", "answered"
            ]
        );
    }
}
