//! What holds of every mailbox that a reader lets through.

use plaint::contact::AbuseMailbox;

/// Asserts that a mailbox is one recipient and nothing else in any header or command.
pub(crate) fn is_one_mailbox(mailbox: &AbuseMailbox) {
    let text = mailbox.as_str();
    assert!(
        !text.contains(['\r', '\n', ' ', ',', ';', '<', '>', '\0']) && text.contains('@'),
        "{text:?}"
    );
}
