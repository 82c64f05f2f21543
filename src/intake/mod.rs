//! Bytes become messages: a paste, a file, a mailbox; every repair is noted.
//!
//! In: octets from a file, a pipe or a terminal. Out: [`Message`], whose octets
//! are those of the mail as it was received, free of what the way to us added
//! (a byte order mark, an mbox `From ` line, quote marks).
//! Standards: RFC 5322 §2.1 and §2.2 (header section, folding), RFC 4155 (mbox).
//! Trust: all of it is hostile; sizes, counts and depths are bounded here.
//! Failures: [`IntakeError`]: empty, no header section, several messages, too large.
//! Limits: MIME is not read here; a stage that needs it reads it.

// escaping, before all else
mod untrusted;
pub use untrusted::{SHOWN_CHARS, Untrusted, is_active};

// short searches
pub(crate) mod eight;

// the header section and its fields
mod header;
pub use header::{Field, Headers};
pub(crate) use header::{Names, first_blank, loose};

// what the way to us added, taken off again
mod repair;
pub use repair::Repair;

// one message
mod message;
pub use message::{IntakeError, Message, Origin, attached, flaws, has_mail_fields, read};

// many messages in one file
pub mod mbox;

// what a user names: a message, a mailbox, a folder
mod source;
pub use source::Source;

/// Octets of one message that are read at most: 25 MiB.
///
/// The large providers deliver nothing larger; what is larger is refused
/// with a sentence, never cut.
pub const LIMIT: usize = 25 * 1024 * 1024;

/// Octets of a header section that are read at most.
pub const HEADER_LIMIT: usize = 256 * 1024;

/// Header fields that are read at most.
pub const FIELD_LIMIT: usize = 1_000;

/// Octets of one header field that are read at most.
pub const FIELD_OCTETS_LIMIT: usize = 64 * 1024;
