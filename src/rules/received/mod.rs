//! How mail servers write Received fields: loads `rules/received/`, reads one field by it.
//!
//! In: rules files; the text of one field. Out: [`Reading`], borrowed from the text.
//! Standards: RFC 5321 §4.4 (time-stamp line), RFC 3848 (with-types), RFC 5322 §3.6.7.
//! Trust: a field is hostile until the walk of [`crate::trace`] knows who wrote it; a reading only says what it would mean.
//! Failures: [`RuleError`] for a file; never for a field: [`Reading::unread`] says why it could not be read.
//! Limits: the address comes only from the from-clause, from the place that the rule names.

use std::net::IpAddr;

use jiff::Timestamp;

use super::RuleError;
use super::glob::Text;

// a rules file as written
mod file;
pub use file::HopKind;

// words, comments, clauses
mod clauses;
pub(crate) mod date;
mod lex;
mod path;

// the client part
mod address;
mod contour;
mod shape;

// remarks, and words without a meaning
mod notes;
use notes::Notes;

// what a rule looks at
mod grammar;
use grammar::Grammar;

/// Octets of one field that are read at most; the longest genuine one that was seen has 900.
pub const RECEIVED_OCTETS_LIMIT: usize = 8 * 1024;

/// The rules files in the order in which they are asked, with their texts.
const FILES: [(&str, &str); 6] = [
    (
        "received/local.toml",
        include_str!("../../../rules/received/local.toml"),
    ),
    (
        "received/webmail.toml",
        include_str!("../../../rules/received/webmail.toml"),
    ),
    (
        "received/large.toml",
        include_str!("../../../rules/received/large.toml"),
    ),
    (
        "received/unix.toml",
        include_str!("../../../rules/received/unix.toml"),
    ),
    (
        "received/windows.toml",
        include_str!("../../../rules/received/windows.toml"),
    ),
    (
        "received/generic.toml",
        include_str!("../../../rules/received/generic.toml"),
    ),
];

const NOTES: (&str, &str) = (
    "received/notes.toml",
    include_str!("../../../rules/received/notes.toml"),
);

const WORDS: (&str, &str) = (
    "received/words.toml",
    include_str!("../../../rules/received/words.toml"),
);

/// What a Received field says, if it can be believed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Reading<'t> {
    /// Address of the client as the server saw it.
    pub addr: Option<IpAddr>,
    /// Name that the server looked up; `None` where it found none.
    pub rdns: Option<&'t str>,
    /// What the client called itself.
    pub helo: Option<&'t str>,
    /// RFC 1413 identity.
    pub ident: Option<&'t str>,
    /// Host that wrote the field.
    pub by: Option<&'t str>,
    /// The comment directly behind that host.
    pub by_comment: Option<&'t str>,
    /// Protocol. RFC 3848.
    pub with: Option<&'t str>,
    /// Whether the client authenticated.
    pub auth: bool,
    /// As whom, where the field says so.
    pub account: Option<&'t str>,
    /// Queue id.
    pub id: Option<&'t str>,
    /// Recipient.
    pub for_: Option<&'t str>,
    /// Reverse path, where the server notes it.
    pub reverse_path: Option<&'t str>,
    /// The date as written; empty where there is none.
    pub date: &'t str,
    /// The same as a time, where it is written as nearly all servers do; other forms are left to who asks.
    pub time: Option<Timestamp>,
    /// What the hop is.
    pub kind: HopKind,
    /// Whether any user of the host may have handed it in, with all the fields below, by a program of his own.
    pub by_user: bool,
    /// Whether there is a from-clause.
    pub has_from: bool,
    /// Whether the looked-up name was checked to lead back to the address.
    pub names_checked: bool,
    /// Whether such a server looks names up: `rdns` that is absent was sought and not found.
    pub looks_up: bool,
    /// Id of the rule that read the client part; empty where none did.
    pub rule: &'t str,
    /// Whether that rule is one for servers that are not known.
    pub generic: bool,
    /// Why the field could not be read.
    pub unread: Option<&'static str>,
}

impl Reading<'_> {
    /// Returns whether the field names a client at all, by address or by name.
    #[must_use]
    pub fn has_client(&self) -> bool {
        self.addr.is_some() || self.rdns.is_some() || self.helo.is_some()
    }
}

/// Room that is used again from field to field.
#[derive(Debug)]
pub struct Room<'t> {
    tokens: Vec<lex::Token>,
    /// The date at the end, where it is a plain one.
    date: Option<Timestamp>,
    /// Tokens of the client part, notes left out.
    client: Vec<lex::Stretch<'t>>,
    /// Comments behind it that may name a product.
    products: Vec<Text<'t>>,
}

impl Default for Room<'_> {
    fn default() -> Self {
        Self {
            tokens: Vec::with_capacity(lex::USUAL_TOKENS),
            date: None,
            client: Vec::with_capacity(grammar::CLIENT_TOKENS),
            products: Vec::with_capacity(grammar::PRODUCTS),
        }
    }
}

impl<'t> Room<'t> {
    /// Makes room that holds the tokens of a field.
    fn of(field: &'t str) -> Self {
        let mut room = Self::default();
        room.cut(field);
        room
    }

    /// Cuts another field into tokens.
    fn cut(&mut self, field: &str) {
        self.date = lex::tokens(field, &mut self.tokens);
    }
}

/// How servers write the field.
#[derive(Debug)]
pub struct ReceivedRules {
    grammar: Grammar,
    notes: Notes,
}

impl ReceivedRules {
    /// Loads the rules that are built in.
    pub(super) fn load() -> Result<Self, RuleError> {
        Ok(Self {
            grammar: Grammar::load(&FILES)?,
            notes: Notes::load(NOTES, WORDS)?,
        })
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        Ok(self.grammar.check(&self.notes)? + self.notes.check()?)
    }

    /// Reads an address that stands in for a host name: `by 2001:db8::1 with SMTP`.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<IpAddr> {
        address::address(name.trim_matches(['[', ']']))
    }

    /// Reads one field: what stands behind `Received:`, folded or not.
    ///
    /// What exceeds [`RECEIVED_OCTETS_LIMIT`] makes it unread.
    #[must_use]
    pub fn read<'t>(&'t self, field: &'t str, room: &mut Room<'t>) -> Reading<'t> {
        if field.len() > RECEIVED_OCTETS_LIMIT {
            return Reading {
                unread: Some("it is longer than any server writes it"),
                ..Reading::default()
            };
        }
        room.cut(field);
        self.grammar.read(field, room, &self.notes)
    }
}
