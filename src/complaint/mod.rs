//! Composes one complaint a desk: the octets that will be sent, redacted and checked.
//!
//! In: message, [`Trace`], [`Evidence`], [`Contacts`], [`Identity`]. Out: [`Complaint`]s, one per desk.
//! Pure: the time and the secret come in.
//! Standards: RFC 5965 (ARF), RFC 6522 (multipart/report), RFC 5322 (header), RFC 6590 (redaction).
//! Trust: what the spam wrote is a claim in the text, and never a header value.
//! Failures: [`DraftError`]; a complaint in which the reporter can still be found is marked, and cannot be approved.
//!
//! # Threats
//!
//! | threat | rule | test |
//! |---|---|---|
//! | header fields from the spam's Subject, From or a registry's mailbox | header values are our own data; a recipient is an [`AbuseMailbox`] | `any_header_and_body_give_a_sound_complaint_without_leaks` |
//! | our boundary inside the spam | it is keyed, and looked for in every part | `a_boundary_inside_the_spam_cuts_nothing` |
//! | dots, bare CR and LF that end a mail early | CRLF only; what RFC 5322 forbids goes along encoded | `what_rfc_5322_forbids_goes_along_octet_for_octet` |
//! | a hundred thousand parts, a thousand messages in one another | [`mime::PART_LIMIT`](crate::evidence::mime::PART_LIMIT), [`mime::DEPTH_LIMIT`](crate::evidence::mime::DEPTH_LIMIT), no recursion | `bombs_are_composed_in_bounded_size` |
//! | charset and compression bombs | texts, unpacked tokens and depth are bounded | `gzip_and_zlib_are_unpacked_within_the_limit` |
//! | terminal escapes, direction marks, invisible letters | [`Untrusted`](crate::intake::Untrusted) in text and [`preview`] | `nothing_of_the_spam_reaches_the_terminal_as_it_is` |
//! | look-alike hosts | A-labels, the letters beside them, mixed scripts marked | `look_alikes_stand_beside_their_a_labels` |
//! | the recipient's address in any code | masked, then searched for again in the finished octets | `forms_at_random_places_are_found_and_then_gone` |
//! | an innocent named below the boundary | only the source, or an origin that a rule vouches for | `only_the_source_and_what_a_rule_vouches_for_is_named` |
//! | a link to an innocent's page | well-known domains are never accused; link hosts are ticked for fraud only | `desks_are_ticked_as_the_kind_of_abuse_asks` |
//! | the links of the house that it imitates, and of others | only what marks or calls for a link has its desk ticked | `a_site_that_only_stands_beside_the_fraud_s_is_not_ticked` |
//! | the spammer's own desk, who would learn who complains | it is not ticked, and codes are hidden from it | `a_desk_in_the_accused_s_own_domain_is_not_ticked_and_learns_no_code` |
//! | names that tell the sender who looked them up | registered domains only, unless every label is ordinary | `lookups_ask_for_no_name_that_could_carry_a_token` |
//! | programs passed on | replaced by name, type, size and digest | `programs_and_archives_become_a_line_with_their_digest` |

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::contact::{AbuseMailbox, Contacts, Role, Suspect};
use crate::evidence::Evidence;
use crate::intake::Message;
use crate::rules::Rules;
use crate::trace::Trace;

// what identifies the user
mod own;
pub(crate) use own::is_shared;

// finds the user in octets, and masks him
mod leak;

// the evidence as a desk receives it
mod munge;

// what all complaints about one message share
mod case;

// who is written to, and who of them is ticked
mod desk;

// who may be the accused himself
mod suspect_desk;

// who collects such mail beside the desks
mod authority;

// the desk's own marks in the message
mod stamp;

// findings of own hosts about the sender
mod attested;

// part one
mod text;

// the parts put together
mod compose;

// lines of part one
mod quote;

// XARF v3
mod xarf;

// one complaint a desk: the entry of the stage
mod draft;
pub use draft::draft;

// a report made into one plain text
mod plain;
pub use plain::as_plain;

// the user in what was composed before
mod recheck;
pub use recheck::shows;

// the next round of a complaint that nobody answered
mod remind;
pub use remind::{Round, remind};

// what a person reads before he agrees
pub mod preview;

// keys made from the local secret
mod key;
pub use key::{CaseKey, Secret};

/// Who complains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name under the complaint; empty for none.
    pub name: String,
    /// Mailbox that the complaint comes from, and that answers go to.
    pub mailbox: AbuseMailbox,
    /// Other mailboxes of the same person.
    pub also_mine: Vec<String>,
    /// Words that identify the person: a name, a nick, a number.
    pub also_mask: Vec<String>,
    /// Whether the domains of the person's mailboxes are his own, and hidden; those of mail providers never are.
    pub mask_domain: bool,
}

/// Form of a complaint.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 5965.
    #[default]
    Arf,
    /// One text part.
    Plain,
    /// XARF v3, reporter type Person.
    Xarf,
}

impl Format {
    /// Returns the word that rules and settings have for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Arf => "arf",
            Self::Plain => "plain",
            Self::Xarf => "xarf",
        }
    }

    /// Returns the ending under which a desk sees what is attached in it; nothing is to plain text.
    #[must_use]
    pub const fn ending(self) -> Option<&'static str> {
        match self {
            Self::Arf => Some("eml"),
            Self::Plain => None,
            Self::Xarf => Some("json"),
        }
    }
}

/// How much of the reporter is hidden in the evidence.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Munge {
    /// Nothing.
    None,
    /// The own addresses and words.
    #[default]
    Address,
    /// Those, and every token that could stand for the recipient.
    Tokens,
    /// Those, and the whole body.
    HeadersOnly,
}

impl Munge {
    /// Returns whether what could stand for the recipient is hidden, too.
    #[must_use]
    pub const fn hides_tokens(self) -> bool {
        matches!(self, Self::Tokens | Self::HeadersOnly)
    }
}

/// Age of the spam from which on the user is warned: logs are kept for days, and the address may be another customer's.
pub const AGED: SignedDuration = SignedDuration::from_hours(48);

/// Age from which on nothing is ticked beforehand: hardly any desk still acts on it.
pub const TOO_OLD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Characters of the user's own words in one complaint: a desk reads a few sentences, no letter.
pub const NOTE_CHARS: usize = 2_000;

/// What a user may choose about his complaints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Form; a desk rule can demand another.
    pub format: Option<Format>,
    /// Redaction; `None` is each desk's own default.
    pub munge: Option<Munge>,
    /// Size of the evidence at most, in KiB.
    pub max_evidence_kib: usize,
    /// The user's own words to all desks, at most [`NOTE_CHARS`].
    pub note: Option<String>,
    /// His words to one desk, by [`Desk::key`]; they stand below those to all.
    pub notes: BTreeMap<String, String>,
    /// Language of the text, `en` or `de`.
    pub language: String,
    /// What the user says about a newsletter; quoted as his word.
    pub answer: Option<Answer>,
    /// Authorities that the user chose, by name.
    pub also: Vec<String>,
}

/// What the user says about mail of a mail service or a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// What he says.
    pub says: Says,
    /// The day he said it.
    pub on: jiff::civil::Date,
}

/// What only the user can know: whether he asked for the mail.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// He never asked for it.
    NeverAsked,
    /// He unsubscribed, and it went on.
    Unsubscribed {
        /// When, in his words; empty where he did not say.
        when: String,
    },
    /// He once signed up: unsubscribing is the way.
    OnceSignedUp,
    /// He does not know.
    Unknown,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: None,
            munge: None,
            max_evidence_kib: 50,
            note: None,
            notes: BTreeMap::new(),
            language: "en".to_owned(),
            answer: None,
            also: Vec::new(),
        }
    }
}

/// Everything that complaints about one message are made of.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The newest message of the case.
    pub message: &'a Message,
    /// Its trace; it must have a source.
    pub trace: &'a Trace,
    /// What it shows.
    pub evidence: &'a Evidence,
    /// Who answers for whom.
    pub found: &'a [(Suspect, Role, Contacts)],
    /// Boundary times of the case's earlier messages, oldest first; empty for a single one.
    pub earlier: &'a [Timestamp],
    /// The case: keyed hash of its first message.
    pub case: CaseKey,
    /// Round: 0 for the first complaint, more for reminders.
    pub round: u32,
    /// Who complains.
    pub identity: &'a Identity,
    /// What he chose.
    pub options: &'a Options,
    /// The rules.
    pub rules: &'a Rules,
    /// The local secret.
    pub secret: &'a Secret,
    /// When the complaint is composed.
    pub now: Timestamp,
}

/// A desk as a complaint's recipient, and why it is one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Desk {
    /// Where the complaint goes; `None` for a desk that takes a web form only.
    pub mailbox: Option<AbuseMailbox>,
    /// The web form, where there is one.
    pub form: Option<String>,
    /// Everything that it answers for in this case.
    pub roles: Vec<Role>,
    /// Why this desk, in a sentence: "answers for 192.0.2.7 (RIPE, abuse mailbox)".
    pub why: String,
    /// Whether it is ticked beforehand.
    pub ticked: bool,
    /// Why it is not ticked, where it is not.
    pub unticked_because: Option<String>,
}

impl Desk {
    /// Returns the form under which the same desk is found again: the mailbox in lower case, or the form's address.
    #[must_use]
    pub fn key(&self) -> String {
        match (&self.mailbox, &self.form) {
            (Some(mailbox), _) => mailbox.key(),
            (None, Some(form)) => form.clone(),
            (None, None) => String::new(),
        }
    }
}

/// A complaint, composed for one desk.
///
/// Its octets are final: what is shown is what is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// The case.
    pub case: CaseKey,
    /// The desk.
    pub desk: Desk,
    /// Round of the case at this desk.
    pub round: u32,
    /// The address that the complaint is about.
    pub source_addr: std::net::IpAddr,
    /// Mailbox in From.
    pub from: AbuseMailbox,
    /// Subject, as a person reads it; in the octets it is encoded where it is not US-ASCII (RFC 2047).
    pub subject: String,
    /// Message-ID without angle brackets: keyed, the same on every composition of this case, desk and round.
    pub message_id: String,
    /// The whole mail, CRLF line ends.
    pub octets: Vec<u8>,
    /// Its first part: the complaint as a person reads it, LF line ends.
    pub text: String,
    /// Form.
    pub format: Format,
    /// Redaction.
    pub munge: Munge,
    /// How many places were masked, and in what.
    pub masked: Vec<String>,
    /// Where the reporter can still be found; not empty means that it cannot be approved.
    pub leaks: Vec<String>,
    /// What the reader should know before he agrees.
    pub warnings: Vec<String>,
    /// How many messages it speaks of.
    pub incidents: usize,
}

/// Why no complaint can be composed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The trace names no source.
    #[error("the trace names no source")]
    NoSource,
    /// No desk takes it.
    #[error("no desk was found")]
    NoDesk,
}
