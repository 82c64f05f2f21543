//! Keeps what happened: one SQLite file with cases, complaints, attempts, answers, and cached lookups.
//!
//! In: everything. Out: rows, and what they say later.
//! Trust: the file is the user's own, 0600 in a 0700 folder.
//! Failures: an error names the file and what to do; a ledger of a newer version is refused.
