//! Some messages of a mailbox that were read together.
//!
//! In: octets that begin with a separator and end before one. Out: [`Entry`]s, in order.
//! Standards: RFC 4155 (mbox), Content-Length as mboxcl2 has it.
//! Trust: hostile, as the mailbox is.
//! Failures: never fails; what begins with no separator is one message.

use super::Entry;
use super::separator::{
    Next, after_blank, counted_end, next_separator, separator_end, without_last_blank,
};

/// Some messages, whole, but for the last one's body.
pub(super) struct Block {
    pub(super) octets: Vec<u8>,
    /// How many of them are the block's; what follows is room.
    pub(super) filled: usize,
    /// Offset of the block's first octet in the mailbox.
    pub(super) offset: u64,
    /// For a block of one message that is longer than what is kept: the size of the rest, quotes undone.
    pub(super) beyond: Option<u64>,
    /// Whether lengths are counted (mboxcl2).
    pub(super) counted: bool,
}

impl Block {
    /// Gives each message to `take`.
    pub(super) fn entries(&self, mut take: impl FnMut(&Entry<'_>)) {
        let all = self.octets.get(..self.filled).unwrap_or_default();
        let mut at = 0;
        let mut behind = separator_end(all, 0).or(Some(0));
        while let Some(begin) = behind {
            if self.beyond.is_some() {
                let raw = all.get(begin..).unwrap_or_default();
                self.give(raw, begin, 0, &mut take);
                return;
            }
            let counted = if self.counted {
                counted_end(all, begin)
            } else {
                None
            };
            let (end, next) = match counted {
                Some(end) => {
                    let at = after_blank(all, end);
                    let begin = separator_end(all, at);
                    let quotes = 0;
                    (end, Next { at, begin, quotes })
                }
                None => {
                    let next = next_separator(all, begin);
                    (without_last_blank(all, begin, next.at), next)
                }
            };
            self.give(
                all.get(begin..end).unwrap_or_default(),
                begin,
                next.quotes,
                &mut take,
            );
            if next.at >= all.len() || next.at <= at {
                return;
            }
            (at, behind) = (next.at, next.begin);
        }
    }

    fn give(&self, raw: &[u8], begin: usize, quotes: u64, take: &mut impl FnMut(&Entry<'_>)) {
        // A separator that was quoted and stored as a part of the message.
        let nested = raw
            .starts_with(b">From ")
            .then(|| memchr::memchr(b'\n', raw))
            .flatten()
            .map_or(0, |newline| newline + 1);
        let quotes = quotes.saturating_sub(u64::from(nested > 0));
        let (raw, begin) = (raw.get(nested..).unwrap_or_default(), begin + nested);
        take(&Entry {
            raw,
            offset: self.offset + begin as u64,
            octets: (raw.len() as u64 + self.beyond.unwrap_or(0)).saturating_sub(quotes),
            is_cut: self.beyond.is_some(),
            quoted: quotes > 0,
        });
    }
}
