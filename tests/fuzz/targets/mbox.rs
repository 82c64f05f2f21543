//! A mailbox of messages.

use std::ops::ControlFlow;

use plaint::intake::mbox::{self, Start};

pub(crate) const SEEDS: &[&[u8]] = &[
    b"From a@example.org Sat Nov 21 10:00:00 2026\nSubject: 1\n\n>From here\n\nFrom b@example.org Sat Nov 21 10:00:01 2026\nSubject: 2\n\nbody\n",
    b"From a@example.org Sat Nov 21 10:00:00 2026\r\nContent-Length: 6\r\n\r\nFrom x\r\n\r\nFrom - Sat Nov 21 10:00:00 2026\r\nX: y\r\n\r\n",
];

pub(crate) fn target(octets: &[u8]) {
    let _ = mbox::is_mbox(octets);
    let mut seen = 0;
    let mut last = None;
    let read = mbox::each(octets, Start::default(), 4_096, |index, entry| {
        let raw = entry.raw().len();
        assert!(entry.unquoted().len() <= raw);
        assert!(last.is_none_or(|last| last < index));
        last = Some(index);
        seen += raw;
        ControlFlow::Continue(())
    });
    assert!(read.is_ok() && seen <= octets.len());
}
