//! Text from the DNS in the place of a mailbox.

use std::sync::LazyLock;

use plaint::contact::{AbuseMailbox, unasked};
use plaint::rules::Rules;

/// Rules, read once.
fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);
    &RULES
}

pub(crate) const SEEDS: &[&[u8]] = &[
    b"abuse@example.net",
    b"host\\.master.example.net.",
    b"\"abuse@example.net, noc@example.net\"",
    b"abuse@b\xc3\xbccher.example",
];

pub(crate) fn target(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let soa = unasked::soa_mailbox(&text);
    for text in soa.iter().map(String::as_str).chain([text.as_ref()]) {
        if let Ok(mailbox) = AbuseMailbox::try_from(text) {
            super::is_one_mailbox(&mailbox);
            let _ = rules().refused.find(mailbox.as_str());
        }
    }
}
