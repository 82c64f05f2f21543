//! Joins messages to mailboxes, as programs do and as spammers would, and looks whether they are split as they were joined.

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
fn what_stands_before_the_first_separator_hides_no_mailbox() {
    let mailbox = format!("{FROM}Subject: 1\n\nb\n\n{FROM}Subject: 2\n\nb\n\n");
    for before in ["\n", " \r\n\n", "\u{feff}", "\u{feff}\n"] {
        let mailbox = format!("{before}{mailbox}");
        assert!(is_mbox(mailbox.as_bytes()));
        let found = split(mailbox.as_bytes(), 1 << 20, 1);
        let places: Vec<_> = found.iter().map(|one| one.1 as usize).collect();
        let expected = mailbox.match_indices("Subject").map(|one| one.0);
        assert_eq!(places, expected.collect::<Vec<_>>(), "{before:?}");
    }
    assert!(!is_mbox(format!("x\n{mailbox}").as_bytes()));
}

#[test]
fn messages_that_are_joined_are_noted() {
    let one = format!("{FROM}Subject: 1\n\nb\n");
    let joined = |mailbox: &str, keep| {
        let mut found = Vec::new();
        let take = |_, entry: &Entry<'_>| {
            found.push(entry.is_joined);
            ControlFlow::Continue(())
        };
        each(mailbox.as_bytes(), Start::default(), keep, take).unwrap();
        found
    };
    let mailbox = format!("{one}\n{one}{one}\n{one}");
    assert_eq!(joined(&mailbox, 1 << 20), [false, true, false]);
    assert_eq!(count(mailbox.as_bytes()), 4);
    let long = format!(
        "{FROM}Subject: 1\n\n{}{one}\n{one}",
        "body\n".repeat(100_000)
    );
    assert_eq!(joined(&long, 4_096), [true, false]);
}

/// Returns a mailbox as a program writes it that counts and quotes nothing.
fn counted(bodies: &[String]) -> String {
    let one = |body: &String| {
        format!(
            "{FROM}Subject: x\nContent-Length: {}\n\n{body}\n",
            body.len()
        )
    };
    bodies.iter().map(one).collect()
}

#[test]
fn a_counted_message_that_is_longer_than_a_block_may_hold_separators() {
    let forged = format!("hi\n\n{FROM}Received: forged\n\nb\n");
    let mut bodies = vec![String::from("a\n")];
    for size in [1 << 18, (1 << 18) - 200, (1 << 19) + 7, 300_000, 3_000_000] {
        // Wherever it stands, and also where a length of the sender's own leads there.
        bodies.push(format!("{}\n{forged}", "x".repeat(size)));
        bodies.push(format!("{forged}{}\n", "x".repeat(size)));
    }
    for keep in [4_096, 1 << 18, 1 << 25] {
        for threads in [1, 2] {
            for first in 0..2 {
                let bodies = &bodies[first..];
                let found = split(counted(bodies).as_bytes(), keep, threads);
                let sizes: Vec<_> = found.iter().map(|one| one.2).collect();
                let head =
                    |body: &String| format!("Subject: x\nContent-Length: {}\n\n", body.len()).len();
                let expected: Vec<_> = bodies
                    .iter()
                    .map(|body| (head(body) + body.len()) as u64)
                    .collect();
                assert_eq!(sizes, expected, "{keep} {threads}");
                assert!(found.iter().all(|one| one.3.len() <= keep.max(1 << 18)));
            }
        }
    }
}

#[test]
fn a_length_that_leads_too_far_takes_no_message_away() {
    let spam = format!("{FROM}Content-Length: 20000000\nSubject: x\n\nb\n\n");
    for mailbox in [
        counted(&["a\n".to_owned()]) + &spam.repeat(400),
        spam.repeat(400),
    ] {
        assert_eq!(
            split(mailbox.as_bytes(), 1 << 18, 2).len(),
            mailbox.matches("Subject").count()
        );
    }
}

#[test]
fn the_size_of_a_message_does_not_depend_on_how_much_is_kept() {
    for size in [
        262_000, 262_144, 264_000, 300_000, 522_300, 600_000, 1_000_000,
    ] {
        let body = format!(">From here\n{}\n", "y".repeat(97)).repeat(size / 109);
        let mailbox = format!("{FROM}Subject: 1\n\n{body}\n{FROM}Subject: 2\n\nb\n\n");
        let places = |keep| {
            split(mailbox.as_bytes(), keep, 1)
                .into_iter()
                .map(|one| (one.1, one.2))
                .collect::<Vec<_>>()
        };
        let whole = places(1 << 25);
        assert_eq!(whole[0].1, (12 + body.len() - size / 109) as u64);
        assert_eq!(places(1 << 18), whole, "{size}");
        assert_eq!(places(4_096), whole, "{size}");
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
    fn what_is_counted_is_split_as_it_was_joined(bodies in prop::collection::vec(("[a-z>\n]{0,20}", 0..4usize, 0..200_000usize), 1..5), lies in prop::collection::vec(0..400_000usize, 5), keep in 12..22u32) {
        let forged = format!("\n\n{FROM}Received: forged\n\nb\n\n");
        let bodies: Vec<String> = bodies
            .iter()
            .map(|(text, times, size)| format!("{}{}\n{text}\n", forged.repeat(*times), "x".repeat(*size)))
            .collect();
        let spam = bodies.iter().zip(&lies).map(|(body, lie)| {
            format!("{FROM}Content-Length: {lie}\nSubject: x\nContent-Length: {}\n\n{body}\n", body.len())
        });
        let mailbox = counted(&["a\n".to_owned()]) + &spam.collect::<String>();
        let found = split(mailbox.as_bytes(), 1usize << keep, 1);
        prop_assert_eq!(found.len(), bodies.len() + 1);
        for (body, (.., octets, raw)) in bodies.iter().zip(&found[1..]) {
            let head = raw.windows(2).position(|two| two == b"\n\n").unwrap_or_default() + 2;
            prop_assert_eq!(*octets, (head + body.len()) as u64);
        }
    }

    #[test]
    fn what_is_kept_changes_no_place_and_no_size(pieces in prop::collection::vec((0..6usize, 0..150_000usize), 1..12), is_counted in any::<bool>()) {
        let mut mailbox = if is_counted { counted(&["a\n".to_owned()]) } else { String::new() };
        mailbox += &format!("{FROM}Subject: x\n\n");
        for (kind, size) in pieces {
            mailbox += &match kind {
                0 => format!("\n{FROM}Subject: x\n\n"),
                1 => format!("\n{FROM}Content-Length: {size}\n\n"),
                2 => FROM.to_owned() + "Subject: joined\n",
                3 => ">From here\n>>From there\n".repeat(size / 1_000),
                4 => format!("{}\n", ">".repeat(size % 2_000)),
                _ => format!("{}\n", "x".repeat(size)),
            };
        }
        let found = |keep, threads| {
            let mut found = Vec::new();
            each_on(
                threads,
                mailbox.as_bytes(),
                Start::default(),
                keep,
                |entry| (entry.offset, entry.octets, entry.is_joined),
                |_, one| {
                    found.push(one);
                    ControlFlow::Continue(())
                },
            )
            .unwrap();
            found
        };
        let whole = found(1 << 25, 1);
        prop_assert_eq!(&found(4_096, 1), &whole);
        prop_assert_eq!(&found(1 << 18, 2), &whole);
    }

    #[test]
    fn any_octets_are_split_without_loss_of_order(octets in prop::collection::vec(any::<u8>(), 0..600)) {
        let found = split(&octets, 4_096, 2);
        prop_assert!(found.windows(2).all(|pair| pair[0].1 < pair[1].1));
    }
}
