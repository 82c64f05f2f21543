//! Against programs of others, as they are installed: ignored where they are not.
//!
//! `cargo test --test main -- --ignored system::` runs them.

// Postfix: its sink, and a whole instance of it
mod postfix;
