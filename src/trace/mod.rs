//! Follows a message's Received fields down to the host that handed it to someone we trust.
//!
//! In: [`Headers`], [`Trust`] (the user's own provider), rules. Out: [`Trace`]. Pure: no DNS, no clock.
//! Standards: RFC 5321 §4.4 (time-stamp line), RFC 3848 (with-types), RFC 5598 (roles).
//! Trust: every field below the boundary was written by strangers and stays a claim.
//! Failures: never fails; a field that no rule reads ends the trusted run.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::intake::{Headers, Untrusted};
use crate::rules::Rules;

// the fields, read and not yet judged
mod date;
mod field;
pub use field::Texts;

// the fields that own hosts wrote, and their clients
mod client;
mod pickup;
mod walk;

// the fields that strangers wrote
mod claims;

// what may be the user's own forwarder, or a list that he is on
mod forwarder;
mod handover;
mod list;
mod recipients;

// whose hosts may be believed, learnt from wanted mail
pub mod learn;

// all of it put together, with sentences that are told where they are written
mod judged;
mod sentence;
pub use judged::{Judged, judge};

// a trace as JSON
pub mod json;

// a trace in words
pub mod story;

// what own hosts attested, and whom that vouches for
mod attest;
mod results;
mod voucher;

// whose hosts are believed
mod trust;
pub use trust::{HostPattern, Trust, TrustError};

/// Everything the Received fields of one message support.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What kind of mail this is, for whom a complaint could be about.
    pub nature: Nature,
    /// Every Received field, newest first.
    pub hops: Vec<Hop>,
    /// The client that handed the message to the user's side; `None` where no own host saw one.
    pub source: Option<Source>,
    /// The oldest address that the chain leads to.
    pub origin: Option<Origin>,
    /// Hosts that may be forwarders or lists of the user's own: offered, not believed.
    pub forwarders: Vec<Forwarder>,
    /// What only the user can answer; nothing is ticked until he did.
    pub question: Option<Question>,
    /// What own hosts attested about the message (Authentication-Results, Received-SPF, ARC).
    pub attestations: Vec<Attestation>,
}

impl Trace {
    /// Returns the kind of mail for which no complaint is made at all, if it is one.
    ///
    /// A list whose host the user named is passed like his other hosts: then the source lies
    /// behind it, and can be reported.
    #[must_use]
    pub fn set_aside(&self) -> Option<Nature> {
        match self.nature {
            Nature::Mail => None,
            Nature::Backscatter => Some(Nature::Backscatter),
            Nature::List => self
                .source
                .as_ref()
                .is_none_or(|source| !source.reportable)
                .then_some(Nature::List),
        }
    }

    /// Returns the domains that an own host found the message not to come from, though it says so.
    #[must_use]
    pub fn failed_domains(&self) -> Vec<&str> {
        voucher::failed_domains(
            &self.attestations,
            self.source.as_ref().map(|source| source.addr),
        )
    }

    /// Returns the domains that an own host found the message to come from.
    #[must_use]
    pub fn passed_domains(&self) -> Vec<&str> {
        voucher::passed_domains(
            &self.attestations,
            self.source.as_ref().map(|source| source.addr),
        )
    }
}

/// What kind of mail a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Mail that somebody sent.
    Mail,
    /// A bounce or an automatic answer to a sender address that was forged: its server is not the spammer.
    Backscatter,
    /// Mail of a list that the user is on: the list's server is not the spammer.
    List,
}

/// One Received field, read and judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Hop {
    /// Place among the Received fields, 0 for the newest.
    pub field: usize,
    /// What may be believed of it.
    pub trust: HopTrust,
    /// Address of the client as the writing host says it saw it.
    pub client_addr: Option<IpAddr>,
    /// Name that the writing host looked up for the address; `None` where it found or sought none.
    pub rdns: Option<String>,
    /// Whether that host writes a name only if it leads back to the address. RFC 1912 §2.1.
    pub names_checked: bool,
    /// What the client called itself.
    pub helo: Option<String>,
    /// RFC 1413 identity, where the host asked for one.
    pub ident: Option<String>,
    /// Host that wrote the field, as it calls itself.
    pub by: Option<String>,
    /// Protocol, as written. RFC 3848.
    pub with: Option<String>,
    /// Whether, and as whom, the client authenticated.
    pub auth: Option<Auth>,
    /// Queue id of the writing host.
    pub id: Option<String>,
    /// Recipient that the field names.
    pub for_: Option<String>,
    /// Reverse path that the field names, where the writing host notes it.
    pub reverse_path: Option<String>,
    /// When the field was written.
    pub date: Option<Timestamp>,
    /// The date as the field has it, with its own zone; empty where there is none.
    pub date_text: String,
    /// Rule that read the field.
    pub rule: String,
    /// Why it is believed or not, in a sentence for the user.
    pub why: String,
}

/// What may be believed of a Received field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HopTrust {
    /// Written by an own host about another own host.
    Internal,
    /// The last field that an own host wrote: its client address is the source.
    Boundary,
    /// Written beyond the boundary by a relay that a named rule vouches for.
    Corroborated,
    /// Written by strangers.
    Claimed,
    /// Written by strangers, and something else contradicts it.
    Contradicted,
    /// No rule reads it.
    Unread,
    /// A hand-over without a network client: pickup, pipe, local delivery.
    Local,
}

/// An authenticated client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// The field says that the client authenticated, not as whom.
    Yes,
    /// The account's name, as the field has it.
    Account(String),
}

/// The client that handed the message to the user's side.
///
/// `W` is a sentence: told, or still to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source<W = String> {
    /// Its address, as an own host saw it on a connection.
    pub addr: IpAddr,
    /// The Received field that says so.
    pub field: usize,
    /// How it handed the message over.
    pub kind: SourceKind,
    /// Whether a complaint about it may go out.
    pub reportable: bool,
    /// Why, in a sentence for the user; where it is not reportable, why not.
    pub why: W,
}

/// How the source handed the message over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// SMTP from a stranger.
    Direct,
    /// Submission with a password.
    Authenticated,
    /// A browser at a webmail page.
    Webmail,
    /// A program on an own host.
    Local,
}

/// The oldest address that the chain leads to.
///
/// `W` is a sentence: told, or still to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin<W = String> {
    /// The address.
    pub addr: IpAddr,
    /// The Received field that names it.
    pub field: usize,
    /// How far it can be believed.
    pub confidence: Confidence,
    /// Why, in a sentence for the user.
    pub why: W,
}

/// How far an origin can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// It is the source.
    Proven,
    /// A named rule vouches for every link down to it.
    Corroborated,
    /// Strangers say so.
    Claimed,
}

/// A host that may be the user's own forwarder or mailing list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarder {
    /// Its name, as the boundary host knows it.
    pub host: String,
    /// Its address.
    pub addr: Option<IpAddr>,
    /// What in the message suggests it.
    pub why: String,
}

/// What only the user can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked about.
    pub asks: Asks,
    /// The host in question, by a name that was checked or by its address: what is remembered under `[trust]` if the answer is yes.
    /// It is as the message has it, and hostile where [`Question::can_be_kept`] says no.
    pub host: String,
    /// The question as the user reads it.
    pub text: String,
}

impl Question {
    /// Returns whether an answer can be remembered: whether `[trust]` can hold the host under this name.
    ///
    /// Where it cannot, nobody is asked: the question stays open, and nothing is reported.
    #[must_use]
    pub fn can_be_kept(&self) -> bool {
        HostPattern::takes(&self.host)
    }

    /// Asks whether a host is the user's provider's.
    fn own_host(host: &str) -> Self {
        Self {
            asks: Asks::OwnHost,
            text: format!("Is `{}` your provider's server?", whole(host)),
            host: host.to_owned(),
        }
    }

    /// Asks the same about an address whose name nobody checked.
    fn own_addr(addr: IpAddr, name: &str) -> Self {
        Self {
            asks: Asks::OwnHost,
            host: addr.to_string(),
            text: format!(
                "Is {addr}, which calls itself `{}`, your provider's server?",
                Untrusted::text(name).up_to(field::NAME_CHARS)
            ),
        }
    }

    /// Asks whether a private address is a mail server's, or only a router's, or that of what stands in front.
    fn own_machine(addr: IpAddr) -> Self {
        Self {
            asks: Asks::OwnHost,
            host: addr.to_string(),
            text: if addr.is_loopback() {
                format!(
                    "Does a filter on your mail server's own machine hand your mail back to it from {addr} (and not a proxy or a forwarded port)?"
                )
            } else {
                format!(
                    "Is {addr} a mail server of your own network (and not its router, firewall or proxy)?"
                )
            },
        }
    }

    /// Asks whether what a program handed in on a host is the work of the user's own filters.
    fn local_programs(host: &str) -> Self {
        Self {
            asks: Asks::LocalPrograms,
            text: format!(
                "Do only you and mail filters run programs on `{}` (and no strangers, as on a shared web host)?",
                whole(host)
            ),
            host: host.to_owned(),
        }
    }

    /// Asks whether a host is the user's forwarder or list.
    fn own_forwarder(host: &str) -> Self {
        Self {
            asks: Asks::OwnForwarder,
            host: host.to_owned(),
            text: format!(
                "Does `{}` forward your mail, or run a list that you are on?",
                whole(host)
            ),
        }
    }

    /// Asks the same about an address whose name nobody checked.
    fn own_forwarder_addr(addr: IpAddr, name: &str) -> Self {
        Self {
            asks: Asks::OwnForwarder,
            host: addr.to_string(),
            text: format!(
                "Does {addr} forward your mail, or run a list that you are on? (It calls itself `{}`, but nobody checked that.)",
                Untrusted::text(name).up_to(field::NAME_CHARS)
            ),
        }
    }
}

/// Returns a host's name as a question shows it: whole where a yes would be remembered, for what it ends with decides.
fn whole(host: &str) -> Untrusted<'_> {
    let chars = match HostPattern::takes(host) {
        true => host.len(),
        false => field::NAME_CHARS,
    };
    Untrusted::text(host).up_to(chars)
}

/// What a [`Question`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// "Is this host your provider's?" Yes adds it to `[trust] hosts`.
    OwnHost,
    /// "Is this host your forwarder, or your list's?" Yes adds it to `[trust] forwarders`.
    OwnForwarder,
    /// "Does nobody else run programs there?" Yes adds it to `[trust] local_programs`.
    LocalPrograms,
}

impl Asks {
    /// Returns the key of `[trust]` that a yes is kept under.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::OwnHost => "hosts",
            Self::OwnForwarder => "forwarders",
            Self::LocalPrograms => "local_programs",
        }
    }
}

/// What an own host attested about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// Host that wrote it (the authserv-id).
    pub writer: String,
    /// Method, result and properties on one line, as written: `spf=pass smtp.mailfrom=example.org`.
    pub text: String,
    /// Name of the header field it stands in.
    pub field: String,
    /// Whether it stands where its writer had the message from the source itself, not from another host of the own side.
    pub is_of_source: bool,
}

/// Follows the Received fields of a message to its source.
#[must_use]
pub fn follow(headers: &Headers<'_>, trust: &Trust, rules: &Rules) -> Trace {
    let texts = Texts::of(headers);
    judge(headers, &texts, trust, rules).told()
}
