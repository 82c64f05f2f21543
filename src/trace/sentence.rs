//! A sentence of a trace, in pieces: put together where it is written, and nowhere before.
//!
//! In: our own words, foreign names, addresses. Out: [`Sentence`].
//! Trust: a foreign name stands between backticks, escaped and cut as [`Untrusted`] does it; our own words stand as they are.
//! Failures: none.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use super::field::{NAME_CHARS, Received};
use crate::intake::Untrusted;

/// Pieces that room is made for: nearly all sentences have fewer.
const USUAL_PIECES: usize = 16;

/// A sentence for the user.
///
/// A mailbox's trace has millions of them, most of which say the same of other names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence<'t>(Vec<Piece<'t>>);

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Our own words.
    Words(&'static str),
    /// Words of a rule, or what was told before.
    Cited(Cow<'t, str>),
    /// A name that a stranger may have chosen.
    Name(&'t str),
    /// An address.
    Addr(IpAddr),
}

impl<'t> Sentence<'t> {
    /// Begins a sentence.
    pub(super) fn new(words: &'static str) -> Self {
        Self::empty().say(words)
    }

    /// Begins a sentence that begins with a name.
    pub(super) fn empty() -> Self {
        Self(Vec::with_capacity(USUAL_PIECES))
    }

    /// Adds words of our own: printable US-ASCII without quotation mark and backslash.
    pub(super) fn say(mut self, words: &'static str) -> Self {
        self.0.push(Piece::Words(words));
        self
    }

    /// Adds words of a rule, or what was told before.
    pub(super) fn cite(mut self, words: impl Into<Cow<'t, str>>) -> Self {
        self.0.push(Piece::Cited(words.into()));
        self
    }

    /// Adds a foreign name.
    pub(super) fn name(mut self, name: &'t str) -> Self {
        self.0.push(Piece::Name(name));
        self
    }

    /// Adds an address.
    pub(super) fn addr(mut self, addr: IpAddr) -> Self {
        self.0.push(Piece::Addr(addr));
        self
    }

    /// Adds the host that wrote a field.
    pub(super) fn writer(self, field: &Received<'t>) -> Self {
        match field.reading.by {
            Some(by) => self.name(by),
            None => self.say("a host without a name"),
        }
    }

    /// Adds the client that a field names: its name, its address, or both.
    pub(super) fn client(self, field: &Received<'t>) -> Self {
        // A name that is only the address again says nothing.
        let addr = field.reading.addr;
        let name = field.client_names().next();
        let name = name.filter(|name| addr.is_none_or(|addr| !is_the_address(name, addr)));
        match (addr, name) {
            (Some(addr), Some(name)) => self.name(name).say(" (").addr(addr).say(")"),
            (Some(addr), None) => self.addr(addr),
            (None, Some(name)) => self.name(name),
            (None, None) => self.say("a client without a name"),
        }
    }

    /// Adds another sentence behind a semicolon.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.push(Piece::Words("; "));
        self.add(other);
        self
    }

    /// Adds what another sentence says.
    pub(super) fn add(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Returns the pieces, in order.
    pub(super) fn pieces(&self) -> &[Piece<'t>] {
        &self.0
    }
}

/// Returns whether a name is an address again, with or without brackets.
fn is_the_address(name: &str, addr: IpAddr) -> bool {
    // Nearly all names show soon that they are none.
    let may_be =
        |octet: u8| octet.is_ascii_hexdigit() || matches!(octet, b'.' | b':' | b'[' | b']');
    name.bytes().all(may_be) && name.trim_matches(['[', ']']).parse() == Ok(addr)
}

impl<'t> Piece<'t> {
    /// Returns a name as a sentence shows it, without its backticks.
    pub(super) fn shown(name: &'t str) -> Untrusted<'t> {
        Untrusted::text(name).up_to(NAME_CHARS)
    }
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Words(words) => f.write_str(words),
            Piece::Cited(words) => f.write_str(words),
            Piece::Name(name) => write!(f, "`{}`", Piece::shown(name)),
            Piece::Addr(addr) => write!(f, "{addr}"),
        })
    }
}
