//! Splits a mailbox into its messages: one pass, constant memory, on one thread or several.
//!
//! In: the octets of an mbox file or pipe. Out: [`Entry`]s, in order.
//! Standards: RFC 4155 (the `From ` line), and the kinds mboxo, mboxrd, mboxcl2 that it names.
//! Trust: hostile; a `From ` line in a body splits nothing: a separator stands behind an empty line (or where
//! Content-Length leads), holds a date, and a header field follows it. One without an empty line is noted.
//! Failures: reading fails as [`std::io::Error`]; a message that is too large is an entry that says so.
//! Limits: of each message `keep` octets are held; `>From ` is read as mboxrd writes it.

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::thread;

use super::HEADER_LIMIT;
use super::repair::lead;

// where one message ends and the next begins
mod separator;
use separator::separator_end;

// some messages that were read together
mod block;

// reading them
mod blocks;
use blocks::Blocks;

// what several threads found, in the order of what they read
mod in_order;
use in_order::{InOrder, lock};

/// Blocks that are begun and not taken, for each thread.
const AHEAD: u64 = 3;

/// One message of a mailbox, as it lies there.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'b> {
    raw: &'b [u8],
    /// Offset of its first octet in the mailbox.
    pub offset: u64,
    /// Its size after the mailbox's own quoting was undone.
    pub octets: u64,
    /// Whether it has more octets than were kept.
    pub is_cut: bool,
    /// Whether a line in it may begin another message: it separates messages, but no empty line stands before.
    pub is_joined: bool,
    quoted: bool,
}

impl<'b> Entry<'b> {
    /// Returns the octets as they lie in the mailbox: `>From ` lines still quoted, cut where [`Entry::is_cut`].
    #[must_use]
    pub fn raw(&self) -> &'b [u8] {
        self.raw
    }

    /// Returns the octets of the message, the mailbox's quoting undone.
    #[must_use]
    pub fn unquoted(&self) -> Cow<'b, [u8]> {
        if !self.quoted {
            return Cow::Borrowed(self.raw);
        }
        let mut out = Vec::with_capacity(self.raw.len());
        for line in self.raw.split_inclusive(|octet| *octet == b'\n') {
            out.extend_from_slice(
                line.strip_prefix(b">")
                    .filter(|_| is_quoted(line))
                    .unwrap_or(line),
            );
        }
        Cow::Owned(out)
    }
}

/// Returns whether a line is a `From ` line with at least one `>` before it.
fn is_quoted(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|octet| **octet == b'>').count();
    marks > 0
        && line
            .get(marks..)
            .is_some_and(|rest| rest.starts_with(b"From "))
}

/// Where in a mailbox reading begins: at its start, or where an earlier run stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Start {
    /// Offset of a separator line.
    pub offset: u64,
    /// Place of the message behind it.
    pub index: usize,
}

/// Returns whether octets begin as a mailbox does; a byte order mark and blank lines may stand before, as in a paste.
#[must_use]
pub fn is_mbox(head: &[u8]) -> bool {
    separator_end(head, lead(head)).is_some()
}

/// Returns how many messages octets hold, those among them that no empty line stands before.
#[must_use]
pub fn count(octets: &[u8]) -> usize {
    let mut count = 0;
    // Reading octets that are in memory cannot fail.
    let _ = each(octets, Start::default(), HEADER_LIMIT, |_, entry| {
        count += 1 + usize::from(entry.is_joined);
        ControlFlow::Continue(())
    });
    count
}

/// Reads a mailbox and gives each message, with its place, to `take`, which ends the run by [`ControlFlow::Break`].
///
/// `keep` octets of a message are held at most.
///
/// # Errors
///
/// What reading fails with; everything before it was taken.
pub fn each(
    input: impl Read,
    start: Start,
    keep: usize,
    mut take: impl FnMut(usize, &Entry<'_>) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut blocks = Blocks::new(input, start.offset, keep);
    let mut index = start.index;
    let mut room = Vec::new();
    while let Some(block) = blocks.next(room)? {
        let mut flow = ControlFlow::Continue(());
        block.entries(|entry| {
            if flow.is_continue() {
                flow = take(index, entry);
                index += 1;
            }
        });
        if flow.is_break() {
            break;
        }
        room = block.octets;
    }
    Ok(())
}

/// Reads a mailbox as [`each`] does, on several threads: `work` gets each message on any of them, and what comes out
/// goes to `take` in order, one at a time.
///
/// # Errors
///
/// As [`each`].
pub fn each_on<R, T>(
    threads: usize,
    input: R,
    start: Start,
    keep: usize,
    work: impl Fn(&Entry<'_>) -> T + Sync,
    mut take: impl FnMut(usize, T) -> ControlFlow<()> + Send,
) -> io::Result<()>
where
    R: Read + Send,
    T: Send,
{
    if threads < 2 {
        return each(input, start, keep, |index, entry| take(index, work(entry)));
    }
    let blocks = Mutex::new(Blocks::new(input, start.offset, keep));
    let mut index = start.index;
    let mut ended = Ok(());
    let order = InOrder::new(threads as u64 * AHEAD, |found: io::Result<Vec<T>>| {
        match found {
            Ok(found) => {
                for one in found {
                    take(index, one)?;
                    index += 1;
                }
            }
            Err(error) => {
                ended = Err(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _panics = order.ended_by_panic();
                let mut room = Vec::new();
                while order.begin() {
                    let (number, block) = lock(&blocks).numbered(std::mem::take(&mut room));
                    let block = match block {
                        Ok(Some(block)) => block,
                        Ok(None) => return,
                        Err(error) => return order.finish(number, Err(error)),
                    };
                    let mut found = Vec::new();
                    block.entries(|entry| found.push(work(entry)));
                    room = block.octets;
                    order.finish(number, Ok(found));
                }
            });
        }
    });
    drop(order);
    ended
}

#[cfg(test)]
mod tests;
