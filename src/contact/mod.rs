//! Finds the mailbox that answers for an address, a link or a domain.
//!
//! In: [`Suspect`], [`Settings`], a [`Cache`]. Out: [`Contacts`], each mailbox with its provenance.
//! Standards: RFC 9082, 9083 (RDAP), 9224 (bootstrap), 7095 (jCard), 3912 (WHOIS), 2142, 7505.
//! Trust: all answers are hostile; servers reached by referral must be public.
//! Failures: never fails as a whole; what was asked and what came back stands in [`Contacts::hops`].

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use jiff::Timestamp;

// answers that were given before
mod cache;
pub use cache::{
    Cache, LIFE, LIFE_NEGATIVE, LIFE_TEXT, LIFE_WIDE, MemoryCache, NoCache, life_of, range_of,
};

// what is asked about
mod target;

// which servers may be asked
mod guard;

// how often they may be asked
mod manners;

// the resolver
mod dns;

// one HTTP GET
mod http;

// one WHOIS question
mod wire;

// character sets of WHOIS answers
mod text;

// one question to one server, with all of the above
mod asker;

// mailboxes in free text
mod remark;

// which mailbox stands
mod rank;

// RDAP
mod rdap;

// WHOIS, by referrals
mod whois;

// directories in the DNS
mod lists;

// desk rules, and whom a complaint must not go to
mod desk;
pub use desk::Parties;

// when the network above is asked
mod escalation;
pub use escalation::{Escalation, PATIENCE};

// what was judged, as an answer
mod answer;

// what answers say, without a server: the doors of tests/fuzz
#[doc(hidden)]
pub mod unasked;

// the order of it all
mod finder;
pub use finder::Finder;

pub use crate::rules::{AbuseMailbox, Confidence, MailboxError, Role, Suspect};

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

impl Default for Settings {
    /// Returns the settings of an empty configuration file.
    fn default() -> Self {
        Self {
            rdap_bootstrap: None,
            whois_root: "whois.iana.org".to_owned(),
            whois_port: 43,
            resolver: None,
            allow_private_servers: Vec::new(),
            also_public: Vec::new(),
            pause_ms: 1000,
            timeout_s: 20,
            offline: false,
        }
    }
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
    /// Why these are asked in place of the network's own desk; for [`Role::Upstream`] alone.
    #[serde(skip)]
    pub escalation: Option<Escalation>,
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
