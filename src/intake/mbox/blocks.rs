//! Reads a mailbox block by block.
//!
//! In: a file or pipe. Out: [`Block`]s of whole messages, in order; one that is longer than what is kept, alone and cut.
//! Standards: RFC 4155 (mbox).
//! Trust: hostile; a message without end takes no more room than a short one.
//! Failures: reading fails as [`std::io::Error`].
//! Limits: a block has 256 KiB, or one message. Up to [`crate::intake::LIMIT`] octets wait where a length leads as far:
//! where it leads decides what its message holds, and nothing before that does.

use std::io::{self, Read};

use super::block::{Beyond, Block};
use super::lead;
use super::separator::{
    Counted, SEPARATOR_LIMIT, SLACK, after_blank, counted, counted_cut, last_separator,
    next_separator, separator_end, without_last_blank,
};

/// Octets that are read and split at once: large enough that starting a block
/// costs nothing, small enough to stay in the cache, with what came out of those that wait.
const BLOCK: usize = 1 << 18;

/// A mailbox that is read block by block.
pub(super) struct Blocks<R> {
    input: R,
    keep: usize,
    /// What was read and not given out: it begins with a separator.
    rest: Vec<u8>,
    /// Where the next block is read: `rest`, and what follows it in the mailbox. Room is written to once and used again.
    pending: Vec<u8>,
    filled: usize,
    /// Offset of `pending` in the mailbox.
    offset: u64,
    number: u64,
    ended: bool,
    /// Whether the first message's Content-Length leads to a separator: mboxcl2.
    counted: Option<bool>,
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(input: R, offset: u64, keep: usize) -> Self {
        Self {
            input,
            keep: keep.max(SEPARATOR_LIMIT),
            rest: Vec::new(),
            pending: Vec::new(),
            filled: 0,
            offset,
            number: 0,
            ended: false,
            counted: None,
        }
    }

    /// Returns the next block with its number, as [`Blocks::next`] does.
    pub(super) fn numbered(&mut self, room: Vec<u8>) -> (u64, io::Result<Option<Block>>) {
        let block = self.next(room);
        let number = self.number;
        self.number += 1;
        (number, block)
    }

    /// Returns what was read.
    fn seen(&self) -> &[u8] {
        self.pending.get(..self.filled).unwrap_or_default()
    }

    /// Returns the next block; `None` at the end.
    ///
    /// `room` is that of a block which the caller worked off, or none: what his core still has in its cache
    /// is read into, and never another core's.
    pub(super) fn next(&mut self, room: Vec<u8>) -> io::Result<Option<Block>> {
        if room.len() <= 2 * BLOCK {
            self.pending = room;
        }
        if self.pending.len() < self.rest.len() {
            self.pending.resize(self.rest.len(), 0);
        }
        if let Some(begin) = self.pending.get_mut(..self.rest.len()) {
            begin.copy_from_slice(&self.rest);
        }
        self.filled = self.rest.len();
        let mut wanted = BLOCK;
        loop {
            self.fill(wanted)?;
            if self.counted.is_none() {
                // What stands before the first message, as in a paste.
                self.pass(lead(self.seen()));
            }
            if self.filled == 0 {
                return Ok(None);
            }
            let first = self.first();
            if let Counted::Perhaps(end) = first {
                // It is read as far as the length leads, whatever is kept of it: what stands in its body must not begin one.
                wanted = end + SLACK + BLOCK;
                continue;
            }
            let is_counted = *self.counted.get_or_insert(first != Counted::Nowhere);
            if let Counted::Ends(end) = first
                && end > self.keep.max(BLOCK)
            {
                return Ok(Some(self.counted_long(end)));
            }
            let cut = if self.ended {
                Some(self.filled)
            } else if is_counted {
                counted_cut(self.seen())
            } else {
                last_separator(self.seen())
            };
            if let Some(cut) = cut {
                return Ok(Some(self.cut(cut, is_counted)));
            }
            if self.filled >= self.keep.max(BLOCK) {
                return self.long().map(Some);
            }
            wanted = self.filled + BLOCK;
        }
    }

    /// Returns where the first message that waits ends by its Content-Length, if lengths are counted or that is not known yet.
    fn first(&self) -> Counted {
        let begin = separator_end(self.seen(), 0);
        match begin.filter(|_| self.counted.unwrap_or(true)) {
            Some(begin) => counted(self.seen(), begin, self.ended),
            None => Counted::Nowhere,
        }
    }

    /// Reads until `wanted` octets wait, or the mailbox ends.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.pending.len() < wanted {
            let larger = with_room(vec![0; wanted], self.seen());
            self.pending = larger;
        }
        while !self.ended && self.filled < wanted {
            let Some(room) = self.pending.get_mut(self.filled..wanted) else {
                break;
            };
            match self.input.read(room) {
                Ok(0) => self.ended = true,
                Ok(got) => self.filled += got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes the first octets away.
    fn pass(&mut self, octets: usize) {
        if octets == 0 {
            return;
        }
        self.pending.copy_within(octets..self.filled, 0);
        self.filled -= octets;
        self.offset += octets as u64;
    }

    /// Keeps what was read from `at` on for the next block.
    fn keep_from(&mut self, at: usize) {
        let rest = self.pending.get(at..self.filled).unwrap_or_default();
        self.rest.clear();
        self.rest.extend_from_slice(rest);
    }

    /// Gives out what lies before `cut`.
    fn cut(&mut self, cut: usize, counted: bool) -> Block {
        self.keep_from(cut);
        // Many blocks may wait for their turn: none of them keeps room that only a length asked for.
        let octets = match self.seen().get(..cut) {
            Some(octets) if self.pending.len() > cut + 2 * BLOCK => octets.to_vec(),
            _ => std::mem::take(&mut self.pending),
        };
        self.filled = 0;
        let offset = self.offset;
        self.offset += cut as u64;
        Block {
            octets,
            filled: cut,
            offset,
            beyond: None,
            counted,
        }
    }

    /// Gives out the one message that is longer than what is kept and ends at `end`, by its Content-Length.
    fn counted_long(&mut self, end: usize) -> Block {
        let octets = self.seen().get(..self.keep).unwrap_or_default().to_vec();
        let offset = self.offset;
        self.pass(after_blank(self.seen(), end));
        self.keep_from(0);
        let beyond = Beyond {
            octets: end.saturating_sub(octets.len()) as u64,
            quotes: 0,
            joined: false,
        };
        Block {
            filled: octets.len(),
            octets,
            offset,
            beyond: Some(beyond),
            counted: true,
        }
    }

    /// Gives out the one message that is longer than what is kept, and passes over its rest.
    fn long(&mut self) -> io::Result<Block> {
        let kept = self.keep.min(self.filled);
        let mut octets = self.seen().get(..kept).unwrap_or_default().to_vec();
        let offset = self.offset;
        let (mut size, mut quotes, mut joined) = (0, 0u64, false);
        let mut from = 0;
        loop {
            let next = next_separator(self.seen(), from);
            quotes += next.quotes;
            joined |= next.joined;
            if next.at < self.filled || self.ended {
                size += without_last_blank(self.seen(), 0, next.at);
                self.pass(next.at);
                break;
            }
            // What lies at the end is looked at once more, with what stands before it: a separator may begin there.
            let again = self.filled.saturating_sub(SLACK);
            quotes = quotes.saturating_sub(next_separator(self.seen(), again).quotes);
            let passed = again.saturating_sub(SEPARATOR_LIMIT);
            size += passed;
            from = again - passed;
            self.pass(passed);
            self.fill(BLOCK)?;
        }
        // The next separator may have begun in what was kept.
        octets.truncate(size);
        let beyond = Beyond {
            octets: size.saturating_sub(octets.len()) as u64,
            quotes,
            joined,
        };
        self.keep_from(0);
        Ok(Block {
            filled: octets.len(),
            octets,
            offset,
            beyond: Some(beyond),
            counted: false,
        })
    }
}

/// Returns room that begins with the given octets.
fn with_room(mut room: Vec<u8>, octets: &[u8]) -> Vec<u8> {
    if let Some(place) = room.get_mut(..octets.len()) {
        place.copy_from_slice(octets);
    }
    room
}
