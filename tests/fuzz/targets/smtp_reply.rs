//! Reply lines of a mail server.

use plaint::delivery::smtp::Reply;
use plaint::intake::Untrusted;

pub(crate) const SEEDS: &[&[u8]] = &[
    b"250-mx.example.net\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n",
    b"550 5.7.1 <abuse@example.net>: rejected\r\n",
    b"354 go on\n",
    b"250-5.1.0 a\r\n550 5.1.0 b\r\n",
];

pub(crate) fn target(octets: &[u8]) {
    if let Ok(Some(reply)) = Reply::read(octets) {
        assert!((200..600).contains(&reply.code) && !reply.lines.is_empty());
        assert!(reply.lines.len() <= 100);
        let _ = reply.enhanced();
        let shown = Untrusted::text(&reply.text()).to_string();
        assert!(!shown.contains(['\u{1b}', '\n', '\r']));
    }
}
