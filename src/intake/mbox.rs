//! Splits a mailbox into its messages: one pass, constant memory, several threads.
//!
//! In: the octets of an mbox file or pipe. Out: [`Entry`]s, in order.
//! Standards: RFC 4155 (the `From ` line), and the kinds mboxo, mboxrd, mboxcl2 that it names.
//! Trust: hostile; a `From ` line in a body splits nothing: a separator stands behind an empty line (or where
//! Content-Length leads), holds a date, and a header field follows it.
//! Failures: reading fails as [`std::io::Error`]; a message that is too large is an entry that says so.
//! Limits: of each message `keep` octets are held; `>From ` is read as mboxrd writes it.

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::{Mutex, mpsc};
use std::thread;

// where one message ends and the next begins
mod separator;
use separator::{
    Next, SEPARATOR_LIMIT, after_blank, counted_cut, counted_end, last_separator, next_separator,
    separator_end, without_last_blank,
};

/// Octets that are read and split at once: large enough that starting a block
/// costs nothing, small enough to stay in the cache, with what came out of those that wait.
const BLOCK: usize = 1 << 18;

/// Blocks that wait to be taken, for each thread.
const WAITING: usize = 2;

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

/// Returns whether octets begin as a mailbox does.
#[must_use]
pub fn is_mbox(head: &[u8]) -> bool {
    separator_end(head, 0).is_some()
}

/// Reads a mailbox and gives each message to `work`, on `threads` threads, and what comes out to `take`, in order.
///
/// `keep` octets of a message are held at most. `take` gets the message's place; it ends the run by
/// [`ControlFlow::Break`].
///
/// # Errors
///
/// What reading fails with; everything before it was taken.
pub fn each<R, T>(
    input: R,
    start: Start,
    keep: usize,
    threads: usize,
    work: impl Fn(&Entry<'_>) -> T + Sync,
    mut take: impl FnMut(usize, T) -> ControlFlow<()>,
) -> io::Result<()>
where
    R: Read + Send,
    T: Send,
{
    let blocks = Mutex::new(Blocks::new(input, start.offset, keep));
    let mut index = start.index;
    if threads < 2 {
        loop {
            let block = lock(&blocks).next()?;
            let Some(block) = block else { return Ok(()) };
            let mut stop = false;
            block.entries(|entry| {
                if !stop {
                    stop = take(index, work(entry)).is_break();
                    index += 1;
                }
            });
            if stop {
                return Ok(());
            }
            lock(&blocks).give_back(block.octets);
        }
    }
    thread::scope(|scope| {
        let (done, results) = mpsc::sync_channel::<(u64, io::Result<Vec<T>>)>(threads * WAITING);
        for _ in 0..threads {
            let (done, blocks, work) = (done.clone(), &blocks, &work);
            scope.spawn(move || {
                loop {
                    let (number, block) = lock(blocks).numbered();
                    let sent = match block {
                        Ok(None) => return,
                        Err(error) => done.send((number, Err(error))),
                        Ok(Some(block)) => {
                            let mut found = Vec::new();
                            block.entries(|entry| found.push(work(entry)));
                            lock(blocks).give_back(block.octets);
                            done.send((number, Ok(found)))
                        }
                    };
                    if sent.is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        in_order(results, |found| {
            for one in found? {
                if take(index, one).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                index += 1;
            }
            Ok(ControlFlow::Continue(()))
        })
    })
}

/// Gives on numbered results in their order, as they come.
fn in_order<T>(
    results: mpsc::Receiver<(u64, io::Result<T>)>,
    mut take: impl FnMut(io::Result<T>) -> io::Result<ControlFlow<()>>,
) -> io::Result<()> {
    let mut waiting = std::collections::BTreeMap::new();
    let mut next = 0;
    for (number, result) in results {
        waiting.insert(number, result);
        while let Some(result) = waiting.remove(&next) {
            next += 1;
            if take(result)?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Returns what a lock holds; a thread that panicked while it held it changed nothing that matters.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Some messages, whole, but for the last one's body.
struct Block {
    octets: Vec<u8>,
    /// How many of them are the block's; what follows is room.
    filled: usize,
    /// Offset of the block's first octet in the mailbox.
    offset: u64,
    /// For a block of one message that is longer than what is kept: the size of the rest, quotes undone.
    beyond: Option<u64>,
    /// Whether lengths are counted (mboxcl2).
    counted: bool,
}

impl Block {
    /// Gives each message to `take`.
    fn entries(&self, mut take: impl FnMut(&Entry<'_>)) {
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

/// A mailbox that is read block by block.
struct Blocks<R> {
    input: R,
    keep: usize,
    /// What was read and not given out: it begins with a separator. Room follows it,
    /// which is written to once and used again.
    pending: Vec<u8>,
    filled: usize,
    /// Offset of `pending` in the mailbox.
    offset: u64,
    number: u64,
    ended: bool,
    /// Whether the first message's Content-Length leads to a separator: mboxcl2.
    counted: Option<bool>,
    /// Room of a block that was worked off.
    spare: Vec<Vec<u8>>,
}

impl<R: Read> Blocks<R> {
    fn new(input: R, offset: u64, keep: usize) -> Self {
        Self {
            input,
            keep: keep.max(SEPARATOR_LIMIT),
            pending: Vec::new(),
            filled: 0,
            offset,
            number: 0,
            ended: false,
            counted: None,
            spare: Vec::new(),
        }
    }

    fn give_back(&mut self, room: Vec<u8>) {
        if room.len() <= 2 * BLOCK {
            self.spare.push(room);
        }
    }

    fn numbered(&mut self) -> (u64, io::Result<Option<Block>>) {
        let block = self.next();
        let number = self.number;
        self.number += 1;
        (number, block)
    }

    /// Returns what was read.
    fn seen(&self) -> &[u8] {
        self.pending.get(..self.filled).unwrap_or_default()
    }

    /// Returns the next block; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Block>> {
        let mut wanted = BLOCK;
        loop {
            self.fill(wanted)?;
            if self.filled == 0 {
                return Ok(None);
            }
            let counted = match self.counted {
                Some(counted) => counted,
                None => separator_end(self.seen(), 0)
                    .and_then(|begin| counted_end(self.seen(), begin))
                    .is_some(),
            };
            self.counted = Some(counted);
            let cut = if self.ended {
                Some(self.filled)
            } else if counted {
                counted_cut(self.seen())
            } else {
                last_separator(self.seen())
            };
            if let Some(cut) = cut {
                return Ok(Some(self.cut(cut, counted)));
            }
            if self.filled >= self.keep.max(BLOCK) {
                return self.long().map(Some);
            }
            wanted = self.filled + BLOCK;
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
        self.pending.copy_within(octets..self.filled, 0);
        self.filled -= octets;
        self.offset += octets as u64;
    }

    /// Gives out what lies before `cut`.
    fn cut(&mut self, cut: usize, counted: bool) -> Block {
        let left = self.filled - cut;
        let room = self.spare.pop().filter(|room| room.len() >= left);
        let room = room.unwrap_or_else(|| vec![0; left.max(BLOCK)]);
        let rest = with_room(room, self.seen().get(cut..).unwrap_or_default());
        let octets = std::mem::replace(&mut self.pending, rest);
        self.filled = left;
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

    /// Gives out the one message that is longer than what is kept, and passes over its rest.
    fn long(&mut self) -> io::Result<Block> {
        let kept = self.keep.min(self.filled);
        let octets = self.seen().get(..kept).unwrap_or_default().to_vec();
        let mut beyond = 0u64;
        let mut passed = kept;
        let offset = self.offset;
        loop {
            // What the last look may have missed: a separator over its end.
            let from = passed.saturating_sub(SEPARATOR_LIMIT);
            let next = next_separator(self.seen(), from);
            if next.at < self.filled || self.ended {
                let end = without_last_blank(self.seen(), 0, next.at);
                beyond += end.saturating_sub(passed) as u64;
                beyond = beyond.saturating_sub(next.quotes);
                self.pass(next.at);
                break;
            }
            let looked = self.filled.saturating_sub(SEPARATOR_LIMIT);
            beyond += looked.saturating_sub(passed) as u64;
            self.pass(looked);
            passed = 0;
            self.fill(BLOCK)?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(mailbox: &[u8], keep: usize, threads: usize) -> Vec<(usize, u64, u64, Vec<u8>)> {
        let mut out = Vec::new();
        each(
            mailbox,
            Start::default(),
            keep,
            threads,
            |entry| (entry.offset, entry.octets, entry.unquoted().into_owned()),
            |index, (offset, octets, raw)| {
                out.push((index, offset, octets, raw));
                ControlFlow::Continue(())
            },
        )
        .unwrap();
        out
    }

    fn bodies(mailbox: &str) -> Vec<String> {
        split(mailbox.as_bytes(), 1 << 20, 1)
            .into_iter()
            .map(|(.., raw)| String::from_utf8(raw).unwrap())
            .collect()
    }

    const FROM: &str = "From a@example.org Sat Nov 21 10:00:00 2026\n";

    #[test]
    fn messages_end_before_the_empty_line_of_the_next_separator() {
        let mailbox = format!("{FROM}Subject: 1\n\nbody\n\n{FROM}Subject: 2\n\nbody\n\n");
        assert_eq!(
            bodies(&mailbox),
            ["Subject: 1\n\nbody\n", "Subject: 2\n\nbody\n"]
        );
        let crlf = mailbox.replace('\n', "\r\n");
        assert_eq!(
            bodies(&crlf),
            ["Subject: 1\r\n\r\nbody\r\n", "Subject: 2\r\n\r\nbody\r\n"]
        );
    }

    #[test]
    fn a_from_line_in_a_body_splits_nothing() {
        for line in [
            "From now on: nothing\n",
            "From a@example.org Sat Nov 21 10:00:00 2026\nno header field\n",
            "x\nFrom a@example.org Sat Nov 21 10:00:00 2026\nSubject: no\n",
            "From the 21 Nov 2026 minutes, 10:00\nAgenda\n",
        ] {
            let mailbox = format!("{FROM}Subject: 1\n\nbody\n\n{line}\n{FROM}Subject: 2\n\n");
            assert_eq!(bodies(&mailbox).len(), 2, "{line}");
        }
    }

    #[test]
    fn quotes_are_undone_and_not_counted() {
        let mailbox = format!("{FROM}Subject: 1\n\n>From here\n>>From there\n> From afar\n\n");
        let found = split(mailbox.as_bytes(), 1 << 20, 1);
        let message = "Subject: 1\n\nFrom here\n>From there\n> From afar\n";
        assert_eq!(found[0].3, message.as_bytes());
        assert_eq!(found[0].2, message.len() as u64);
        assert_eq!(found[0].1, FROM.len() as u64);
    }

    #[test]
    fn counted_messages_may_hold_separators() {
        let body = format!("one\n\n{FROM}Subject: no\n\ntwo\n");
        let one = format!(
            "{FROM}Subject: 1\nContent-Length: {}\n\n{body}\n",
            body.len()
        );
        let mailbox = format!("{one}{FROM}Subject: 2\nContent-Length: 2\n\nb\n\n");
        let found = bodies(&mailbox);
        assert_eq!(found.len(), 2);
        assert!(found[0].ends_with(&body));
        // A length that leads nowhere is a stranger's.
        let lie = mailbox.replacen(&format!("Length: {}", body.len()), "Length: 7", 1);
        assert_eq!(bodies(&lie).len(), 3);
    }

    #[test]
    fn a_long_message_is_cut_and_the_next_is_found() {
        let long = "x".repeat(70) + "\n";
        let mailbox = format!(
            "{FROM}Subject: 1\n\n{}\n{FROM}Subject: 2\n\nb\n\n",
            long.repeat(60_000)
        );
        let found = split(mailbox.as_bytes(), 4_096, 1);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].2, (12 + long.len() * 60_000) as u64);
        assert!(found[0].3.len() < 5_000);
        assert_eq!(found[1].3, b"Subject: 2\n\nb\n");
        assert_eq!(
            &mailbox.as_bytes()[found[1].1 as usize..][..10],
            b"Subject: 2"
        );
    }

    #[test]
    fn threads_change_nothing() {
        let one = format!("{FROM}Subject: 1\n\n{}\n\n", "body\n".repeat(2_000));
        let mailbox = one.repeat(700);
        assert_eq!(
            split(mailbox.as_bytes(), 1 << 18, 1),
            split(mailbox.as_bytes(), 1 << 18, 2)
        );
        assert_eq!(split(mailbox.as_bytes(), 1 << 18, 2).len(), 700);
    }

    #[test]
    fn reading_goes_on_where_an_earlier_run_stopped() {
        let mailbox = format!("{FROM}Subject: 1\n\nb\n\n{FROM}Subject: 2\n\nb\n\n");
        let second = mailbox.rfind("From ").unwrap();
        let start = Start {
            offset: second as u64,
            index: 1,
        };
        let mut seen = Vec::new();
        each(
            &mailbox.as_bytes()[second..],
            start,
            1 << 20,
            1,
            |entry| entry.offset,
            |index, offset| {
                seen.push((index, offset));
                ControlFlow::Continue(())
            },
        )
        .unwrap();
        assert_eq!(seen, [(1, (second + FROM.len()) as u64)]);
    }

    proptest! {
        #[test]
        fn whatever_is_joined_is_split_again(bodies in prop::collection::vec("[a-zA-Z:> \\n]{0,60}", 1..6)) {
            let mailbox: String = bodies
                .iter()
                .map(|body| format!("{FROM}Subject: x\n\n{}\n\n", body.replace("From ", "from ")))
                .collect();
            let found = split(mailbox.as_bytes(), 1 << 20, 1);
            prop_assert_eq!(found.len(), bodies.len());
        }

        #[test]
        fn any_octets_are_split_without_loss_of_order(octets in prop::collection::vec(any::<u8>(), 0..600)) {
            let found = split(&octets, 4_096, 2);
            prop_assert!(found.windows(2).all(|pair| pair[0].1 < pair[1].1));
        }
    }
}
