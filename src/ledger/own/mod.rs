//! The user's own data: written out, corrected, forgotten, purged.
//!
//! In: what the user names. Out: rows that are gone, and how many.
//! Trust: what is forgotten is overwritten in the file, and its pages are given back.
//! Failures: [`LedgerError`]; each is one transaction, all of it or nothing.
//! Limits: copies of the file, and what desks were told, are out of reach.

// everything, readably
mod export;

// what is forgotten, and what stays of it
mod forget;
pub use forget::Forgotten;

// one's own address, corrected
mod correct;
pub use correct::Corrected;
