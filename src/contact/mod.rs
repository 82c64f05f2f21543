//! Finds the mailbox that answers for an address, a link or a domain.
//!
//! In: [`Suspect`], [`Settings`], a [`Cache`]. Out: [`Contacts`], each mailbox with its provenance.
//! Standards: RFC 9082, 9083 (RDAP), 9224 (bootstrap), 7095 (jCard), 3912 (WHOIS), 2142, 7505.
//! Trust: all answers are hostile; servers reached by referral must be public.
//! Failures: never fails as a whole; what was asked and what came back stands in [`Contacts::hops`].

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use jiff::Timestamp;

use crate::rules::Rules;

// one strict address, the only form that a recipient takes
mod mailbox;
pub use mailbox::{AbuseMailbox, MailboxError};

/// Whom a lookup is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Suspect {
    /// An address.
    Addr(IpAddr),
    /// An autonomous system.
    Asn(u32),
    /// A domain, lower case, A-labels.
    Domain(String),
    /// The host of a link.
    Host(String),
}

/// What to ask, and whom not to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of the RDAP bootstrap files; asked first where it is configured.
    pub rdap_bootstrap: Option<String>,
    /// WHOIS server that knows the others, HOST or HOST:PORT.
    pub whois_root: String,
    /// Port of a WHOIS server where a referral names none.
    pub whois_port: u16,
    /// The resolver; `None` is the system's.
    pub resolver: Option<SocketAddr>,
    /// Servers on private addresses that may be asked: sandbox and tests.
    pub allow_private_servers: Vec<(IpNet, u16)>,
    /// Special-purpose networks that are treated as public ones: sandbox and tests.
    pub also_public: Vec<IpNet>,
    /// Pause between two questions to one server.
    pub pause_ms: u64,
    /// Deadline of one whole answer.
    pub timeout_s: u64,
    /// Whether only the cache is asked.
    pub offline: bool,
}

/// Who answers for a suspect.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contacts {
    /// The smallest network that a registry names.
    pub network: Option<Network>,
    /// Autonomous system that announces it.
    pub asn: Option<u32>,
    /// Mailboxes, best first.
    pub contacts: Vec<Contact>,
    /// Web forms.
    pub forms: Vec<Form>,
    /// Mailboxes that were found and must not be written to, with the reason.
    pub refused: Vec<Refused>,
    /// What was asked, and what came back.
    pub hops: Vec<Asked>,
    /// Why there is no answer.
    pub error: Option<String>,
}

/// A network as a registry has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Network {
    /// First address.
    pub first: IpAddr,
    /// Last address.
    pub last: IpAddr,
    /// The registry's key.
    pub handle: Option<String>,
    /// The network's name.
    pub name: Option<String>,
    /// Who holds it.
    pub holder: Option<String>,
    /// ISO 3166 code.
    pub country: Option<String>,
    /// `arin`, `ripe`, `apnic`, `lacnic`, `afrinic`, or a national registry.
    pub registry: Option<String>,
}

/// A mailbox that answers for a suspect, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contact {
    /// The mailbox.
    pub mailbox: AbuseMailbox,
    /// What it answers for.
    pub role: Role,
    /// Whether the registries publish it as the right one for the role.
    pub recommended: bool,
    /// How far that can be believed.
    pub confidence: Confidence,
    /// Which way it was found.
    pub via: Via,
    /// Server that answered; a rule's id for a rule.
    pub server: String,
    /// Field of the answer.
    pub field: String,
    /// When it was asked.
    pub fetched: Timestamp,
}

/// What a desk answers for. Scopes are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The network of the source.
    Network,
    /// The network of a link's host.
    Hosting,
    /// The registrar of a domain.
    Registrar,
    /// The provider of a drop box.
    Provider,
    /// The mail service that sent.
    Esp,
    /// Who connects the network.
    Upstream,
}

/// How far a contact can be believed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A guess.
    Low,
    /// A remark, a legacy field, a directory.
    Medium,
    /// The registry's own mark.
    High,
}

/// Which way a contact was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Via {
    /// RDAP.
    #[serde(rename = "rdap")]
    Rdap,
    /// WHOIS.
    #[serde(rename = "whois")]
    Whois,
    /// Abusix' contact zone.
    #[serde(rename = "abusix")]
    Abusix,
    /// abuse.net.
    #[serde(rename = "abuse.net")]
    AbuseNet,
    /// A desk rule, or the user.
    #[serde(rename = "rule")]
    Rule,
    /// The mailbox that RFC 2142 asks every domain to have: a guess.
    #[serde(rename = "rfc2142")]
    Rfc2142,
}

/// A web form that takes complaints.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Form {
    /// Where it is.
    pub url: String,
    /// Whose it is.
    pub desk: String,
}

/// A mailbox that must not be written to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refused {
    /// The mailbox, or the text that was found in its place, escaped.
    pub mailbox: String,
    /// Why.
    pub why: String,
}

/// One question and what came back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Asked {
    /// `rdap`, `whois`, `rwhois`, `dns`, `cache`.
    pub proto: String,
    /// Server.
    pub server: String,
    /// What was asked.
    pub query: String,
    /// What came back, in a few words.
    pub outcome: String,
}

/// Answers that were given before, by range. The ledger keeps them.
pub trait Cache {
    /// Returns the answer whose range holds the suspect, smallest range first, if it still lives.
    fn recall(&mut self, suspect: &Suspect, now: Timestamp) -> Option<Contacts>;

    /// Keeps an answer for as long as its kind lives.
    fn keep(&mut self, suspect: &Suspect, contacts: &Contacts, now: Timestamp);
}

/// A cache that holds nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl Cache for NoCache {
    fn recall(&mut self, _: &Suspect, _: Timestamp) -> Option<Contacts> {
        None
    }

    fn keep(&mut self, _: &Suspect, _: &Contacts, _: Timestamp) {}
}

/// Finds who answers for suspects: one question at a time to each server, at its pace.
///
/// Holds what one run has learnt: paces, refusals, bootstrap files.
pub struct Finder<'r> {
    settings: Settings,
    rules: &'r Rules,
}

impl<'r> Finder<'r> {
    /// Returns a finder that has asked nobody yet.
    #[must_use]
    pub fn new(settings: Settings, rules: &'r Rules) -> Self {
        Self { settings, rules }
    }

    /// Finds who answers for a suspect.
    pub fn find(&mut self, suspect: &Suspect, cache: &mut dyn Cache, now: Timestamp) -> Contacts {
        let _ = (&self.settings, self.rules, suspect, cache, now);
        Contacts::default()
    }
}
