//! Some messages of a mailbox that were read together.
//!
//! In: octets that begin with a separator and end before one. Out: [`Entry`]s, in order.
//! Standards: RFC 4155 (mbox), Content-Length as mboxcl2 has it.
//! Trust: hostile, as the mailbox is.
//! Failures: never fails; what begins with no separator is one message.

use super::Entry;
use super::separator::{
    Counted, Next, after_blank, counted, next_separator, separator_end, without_last_blank,
};

/// Some messages, whole, but for the last one's body.
pub(super) struct Block {
    pub(super) octets: Vec<u8>,
    /// How many of them are the block's; what follows is room.
    pub(super) filled: usize,
    /// Offset of the block's first octet in the mailbox.
    pub(super) offset: u64,
    /// For a block of one message that is longer than what is kept: what is known of the rest.
    pub(super) beyond: Option<Beyond>,
    /// Whether lengths are counted (mboxcl2).
    pub(super) counted: bool,
}

/// What is not kept of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beyond {
    /// Its octets.
    pub(super) octets: u64,
    /// Quoted `From ` lines of the whole message.
    pub(super) quotes: u64,
    /// Whether a line that separates messages lies in the message, without an empty line before.
    pub(super) joined: bool,
}

impl Block {
    /// Gives each message to `take`.
    pub(super) fn entries(&self, mut take: impl FnMut(&Entry<'_>)) {
        let all = self.octets.get(..self.filled).unwrap_or_default();
        let mut at = 0;
        let mut behind = separator_end(all, 0).or(Some(0));
        while let Some(begin) = behind {
            if let Some(beyond) = self.beyond {
                let next = Next {
                    at: all.len(),
                    begin: None,
                    quotes: beyond.quotes,
                    joined: beyond.joined,
                };
                let raw = all.get(begin..).unwrap_or_default();
                self.give(raw, begin, next, &mut take);
                return;
            }
            let counted = match self.counted {
                true => counted(all, begin, true),
                false => Counted::Nowhere,
            };
            let (end, next) = match counted {
                Counted::Ends(end) => {
                    let at = after_blank(all, end);
                    let begin = separator_end(all, at);
                    let next = Next {
                        at,
                        begin,
                        quotes: 0,
                        joined: false,
                    };
                    (end, next)
                }
                Counted::Perhaps(_) | Counted::Nowhere => {
                    let next = next_separator(all, begin);
                    (without_last_blank(all, begin, next.at), next)
                }
            };
            let raw = all.get(begin..end).unwrap_or_default();
            self.give(raw, begin, next, &mut take);
            if next.at >= all.len() || next.at <= at {
                return;
            }
            (at, behind) = (next.at, next.begin);
        }
    }

    fn give(&self, raw: &[u8], begin: usize, next: Next, take: &mut impl FnMut(&Entry<'_>)) {
        // A separator that was quoted and stored as a part of the message.
        let nested = raw
            .starts_with(b">From ")
            .then(|| memchr::memchr(b'\n', raw))
            .flatten()
            .map_or(0, |newline| newline + 1);
        let quotes = next.quotes.saturating_sub(u64::from(nested > 0));
        let beyond = self.beyond.map_or(0, |beyond| beyond.octets);
        let (raw, begin) = (raw.get(nested..).unwrap_or_default(), begin + nested);
        take(&Entry {
            raw,
            offset: self.offset + begin as u64,
            octets: (raw.len() as u64 + beyond).saturating_sub(quotes),
            is_cut: beyond > 0,
            is_joined: next.joined,
            quoted: quotes > 0,
        });
    }
}
