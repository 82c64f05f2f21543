//! The rules files of `rules/received/`, as written.
//!
//! In: TOML. Out: the records below, checked for form by the loader in the module above.
//! Failures: serde's own, with line and column; a rule without examples is refused.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::rules::glob::Globs;

/// What a hop is, by the rule that reads it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HopKind {
    /// A client on a connection handed the message over.
    #[default]
    Network,
    /// A browser or an HTTP interface handed it over.
    Web,
    /// No client on the network: pickup, pipe, queue, spool.
    Local,
    /// A program fetched it from a mailbox (POP3, IMAP).
    Pull,
}

/// One way in which servers write the field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) id: String,
    #[serde(rename = "what")]
    pub(super) _what: String,
    #[serde(rename = "why")]
    pub(super) _why: Option<String>,
    #[serde(rename = "source")]
    pub(super) _source: Vec<String>,
    #[serde(rename = "added")]
    pub(super) _added: toml::value::Datetime,
    /// Patterns of a comment after `by`; one of them fits.
    #[serde(default)]
    pub(super) product: Globs,
    /// Patterns of the host that wrote the field.
    #[serde(default)]
    pub(super) by: Globs,
    /// Patterns of the words after `with`.
    #[serde(default)]
    pub(super) with: Globs,
    /// Patterns of the word after `via`.
    #[serde(default)]
    pub(super) via: Globs,
    /// Patterns of the queue id.
    #[serde(default)]
    pub(super) id_is: Globs,
    /// Patterns of the field's first comment, where it begins with one.
    #[serde(default)]
    pub(super) lead: Globs,
    /// Patterns of the first word of the from-clause.
    #[serde(default)]
    pub(super) first: Globs,
    /// Patterns of a comment anywhere in the field.
    #[serde(default)]
    pub(super) comment: Globs,
    /// Whether there is a from-clause; not given, both are read.
    pub(super) from: Option<bool>,
    /// Whether there is a `by`; not given, both are read.
    pub(super) has_by: Option<bool>,
    /// Whether there is a queue id; not given, both are read.
    pub(super) has_id: Option<bool>,
    /// Whether a comment names a product; not given, both are read.
    pub(super) has_product: Option<bool>,
    /// Whether the date begins with a number instead of a weekday.
    pub(super) bare_date: Option<bool>,
    /// Shapes of the client part; the first that fits is taken.
    #[serde(default)]
    pub(super) client: Vec<String>,
    /// What the hop is.
    #[serde(default)]
    pub(super) hop: HopKind,
    /// Whether any user of the host may have handed it in, with all the fields below, by a program of his own.
    #[serde(default)]
    pub(super) by_user: bool,
    /// Whether such a field says that the client authenticated.
    #[serde(default)]
    pub(super) auth: bool,
    /// Whether the server writes a name only if it leads back to the address.
    #[serde(default)]
    pub(super) names_checked: bool,
    /// Whether the id is that of a build or a session, not of a queue: no log line is found by it.
    #[serde(default)]
    pub(super) no_queue_id: bool,
    #[serde(rename = "match")]
    pub(super) matches: Vec<Match>,
    #[serde(rename = "skip")]
    pub(super) skips: Vec<Skip>,
}

/// A field that a rule reads, and what comes out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Match {
    pub(super) line: String,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, String>,
}

/// A field that a rule leaves to others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skip {
    pub(super) line: String,
    #[serde(rename = "why")]
    pub(super) _why: String,
}

/// A file of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    /// Whether these rules read what no server is known by.
    #[serde(default)]
    pub(super) generic: bool,
    pub(super) rule: Vec<Rule>,
}

/// What a comment is that has nothing to do with the client's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Meaning {
    /// The client authenticated.
    Auth,
    /// The reverse path.
    ReversePath,
    /// Neither: encryption, certificates, remarks.
    Aside,
}

/// A kind of remark in parentheses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    pub(super) id: String,
    #[serde(rename = "what")]
    pub(super) _what: String,
    #[serde(rename = "source")]
    pub(super) _source: Vec<String>,
    #[serde(rename = "added")]
    pub(super) _added: toml::value::Datetime,
    pub(super) means: Meaning,
    /// Beginnings of the comment.
    pub(super) begins: Vec<String>,
    /// For `auth` and `reverse-path`: whether the value is the first word after the beginning, and which one.
    #[serde(default)]
    pub(super) value: bool,
    #[serde(rename = "match")]
    pub(super) matches: Vec<NoteMatch>,
    #[serde(rename = "skip")]
    pub(super) skips: Vec<String>,
}

/// A comment, and the value that stands in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteMatch {
    pub(super) comment: String,
    pub(super) value: Option<String>,
}

/// Words that servers write where they have no name, or protocols that say more than a protocol.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) id: String,
    #[serde(rename = "what")]
    pub(super) _what: String,
    #[serde(rename = "source")]
    pub(super) _source: Vec<String>,
    #[serde(rename = "added")]
    pub(super) _added: toml::value::Datetime,
    pub(super) words: Globs,
    #[serde(rename = "match")]
    pub(super) matches: Vec<String>,
    #[serde(rename = "skip")]
    pub(super) skips: Vec<String>,
}
