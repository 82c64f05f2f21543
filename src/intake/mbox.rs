//! Splits a mailbox into its messages: one pass, constant memory, on one thread or several.
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
use std::sync::Mutex;
use std::thread;

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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(mailbox: &[u8], keep: usize, threads: usize) -> Vec<(usize, u64, u64, Vec<u8>)> {
        let mut out = Vec::new();
        each_on(
            threads,
            mailbox,
            Start::default(),
            keep,
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
    fn a_length_of_the_sender_s_own_hides_none_that_is_true() {
        let body = format!("one\n\n{FROM}Subject: no\n\ntwo\n");
        let first = format!("{FROM}Subject: 1\nContent-Length: 2\n\na\n\n");
        let last = format!("{FROM}Subject: 3\nContent-Length: 2\n\nc\n\n");
        // One that leads nowhere, and one that leads to the separator in the body.
        for own in [7, "one\n".len()] {
            let spam = format!(
                "{FROM}Content-Length: {own}\nSubject: 2\nContent-Length: {}\n\n{body}\n",
                body.len()
            );
            for mailbox in [
                format!("{first}{spam}{last}"),
                format!("{spam}{first}{last}"),
            ] {
                assert_eq!(bodies(&mailbox).len(), 3, "{own}");
            }
        }
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
            |index, entry| {
                seen.push((index, entry.offset));
                ControlFlow::Continue(())
            },
        )
        .unwrap();
        assert_eq!(seen, [(1, (second + FROM.len()) as u64)]);
    }

    /// Three blocks' worth of messages.
    fn blocks_of_messages() -> String {
        format!("{FROM}Subject: 1\n\n{}\n\n", "body\n".repeat(2_000)).repeat(80)
    }

    #[test]
    fn whoever_takes_may_end_the_run() {
        for threads in [1, 2, 4] {
            let mut taken = 0;
            each_on(
                threads,
                blocks_of_messages().as_bytes(),
                Start::default(),
                1 << 18,
                |_| (),
                |_, ()| {
                    taken += 1;
                    if taken == 30 {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                },
            )
            .unwrap();
            assert_eq!(taken, 30, "{threads}");
        }
    }

    /// Gives what it holds, and then fails.
    struct Torn<'o>(&'o [u8]);

    impl Read for Torn<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            match self.0.read(room)? {
                0 => Err(io::Error::other("the disk is torn")),
                read => Ok(read),
            }
        }
    }

    #[test]
    fn what_was_read_before_a_failure_is_taken() {
        for threads in [1, 2, 4] {
            let mailbox = blocks_of_messages();
            let mut taken = Vec::new();
            let read = each_on(
                threads,
                Torn(mailbox.as_bytes()),
                Start::default(),
                1 << 18,
                |_| (),
                |index, ()| {
                    taken.push(index);
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(read.unwrap_err().to_string(), "the disk is torn");
            assert!(taken.len() >= 50, "{threads}: {}", taken.len());
            assert!(taken.iter().copied().eq(0..taken.len()), "{threads}");
        }
    }

    #[test]
    fn a_panic_of_one_thread_ends_the_run() {
        let mailbox = blocks_of_messages().repeat(8);
        let run = std::panic::catch_unwind(|| {
            each_on(
                2,
                mailbox.as_bytes(),
                Start::default(),
                1 << 18,
                |entry| assert!(entry.offset > FROM.len() as u64, "the first one panics"),
                |_, ()| ControlFlow::Continue(()),
            )
        });
        assert!(run.is_err());
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
