//! The keys that the settings file may have, table by table, with their defaults.
//!
//! In: TOML. Out: plain values, as they were written; [`Config`](super::Config) checks them.
//! Trust: the user's own file; a key that no table has is refused.
//! Failures: those of the TOML reader.

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::complaint::{Format, Munge};
use crate::delivery::smtp::{Mechanism, Tls};

/// Seconds that may be waited for something: a day. More would overflow clocks.
const SECONDS: u64 = 86_400;

/// Milliseconds between two questions: an hour.
const MILLISECONDS: u64 = 3_600_000;

/// Reads a time limit. None at all would give up what was only begun, a message after its dot among it.
fn seconds<'de, D: Deserializer<'de>>(value: D) -> Result<u64, D::Error> {
    let given = u64::deserialize(value)?;
    let why = || D::Error::custom(format!("{given} is not 1 to {SECONDS} seconds"));
    (1..=SECONDS)
        .contains(&given)
        .then_some(given)
        .ok_or_else(why)
}

/// Reads a pause, which may be none.
fn milliseconds<'de, D: Deserializer<'de>>(value: D) -> Result<u64, D::Error> {
    let given = u64::deserialize(value)?;
    let why = || D::Error::custom(format!("{given} is not 0 to {MILLISECONDS} milliseconds"));
    (given <= MILLISECONDS).then_some(given).ok_or_else(why)
}

/// `[identity]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityKeys {
    /// Name under the complaint.
    pub name: Option<String>,
    /// Mailbox that complaints come from.
    pub mailbox: Option<String>,
    /// Other own mailboxes.
    pub also_mine: Vec<String>,
    /// Words that identify the user.
    pub also_mask: Vec<String>,
    /// Whether the domains of these mailboxes are hidden, but for those of mail providers.
    pub mask_domain: bool,
}

impl IdentityKeys {
    /// Takes up what the user answered: it comes beside what the settings say, whose addresses stay hidden.
    pub(crate) fn learn(&mut self, mailbox: &str, name: &str, also_mine: &[String]) {
        self.mailbox = Some(mailbox.to_owned());
        if !name.is_empty() {
            self.name = Some(name.to_owned());
        }
        for own in also_mine {
            if !self.also_mine.contains(own) {
                self.also_mine.push(own.clone());
            }
        }
    }
}

/// `[trust]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrustKeys {
    /// Networks of own hosts.
    pub networks: Vec<String>,
    /// Names of own hosts; a leading dot takes the whole domain.
    pub hosts: Vec<String>,
    /// Own forwarders and list hosts.
    pub forwarders: Vec<String>,
    /// Hosts where nobody but the user and his mail filters runs programs.
    pub local_programs: Vec<String>,
}

/// `[lookup]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LookupKeys {
    /// Folder with `ipv4.json`, `ipv6.json`, `asn.json`, `dns.json`.
    pub rdap_bootstrap: Option<String>,
    /// WHOIS server that knows the others.
    pub whois_root: String,
    /// Port where a referral names none.
    pub whois_port: u16,
    /// `system`, or ADDRESS:PORT.
    pub resolver: String,
    /// Servers on private addresses that may be asked: ADDRESS-OR-NETWORK:PORT.
    pub allow_private_servers: Vec<String>,
    /// Special-purpose networks that count as public ones.
    pub also_public: Vec<String>,
    /// Whether answers are kept.
    pub cache: bool,
    /// Pause between two questions to one server, in milliseconds.
    #[serde(deserialize_with = "milliseconds")]
    pub pause_ms: u64,
    /// Whether only the cache is asked.
    pub offline: bool,
    /// Deadline of one whole answer, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub timeout_s: u64,
}

impl Default for LookupKeys {
    fn default() -> Self {
        Self {
            rdap_bootstrap: None,
            whois_root: "whois.iana.org".to_owned(),
            whois_port: 43,
            resolver: "system".to_owned(),
            allow_private_servers: Vec::new(),
            also_public: Vec::new(),
            cache: true,
            pause_ms: 1000,
            offline: false,
            timeout_s: 20,
        }
    }
}

/// `[complaint]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComplaintKeys {
    /// Form; a desk rule can demand another.
    pub format: Format,
    /// Redaction; unset, each kind of desk has its own.
    pub munge: Option<Munge>,
    /// Authorities that are told, too, by name: `apwg`.
    pub also: Vec<String>,
    /// Size of the evidence at most, in KiB.
    pub max_evidence_kib: usize,
    /// Language of the text.
    pub language: String,
}

impl Default for ComplaintKeys {
    fn default() -> Self {
        Self {
            format: Format::Arf,
            munge: None,
            also: Vec::new(),
            max_evidence_kib: 50,
            language: "en".to_owned(),
        }
    }
}

/// How complaints are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// Submission to the user's mail provider.
    Smtp,
    /// The local `sendmail` command.
    Sendmail,
    /// Draft files for the user's mail program.
    Drafts,
    /// Nothing is sent; the ledger keeps the record.
    None,
}

/// `[delivery]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryKeys {
    /// How; unset, the first approval asks.
    pub transport: Option<TransportKind>,
    /// Folder for drafts.
    pub drafts_dir: Option<PathBuf>,
    /// Path of the `sendmail` command.
    pub sendmail: PathBuf,
    /// Time for each step of a submission, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub timeout_s: u64,
    /// Time for the answer to the final dot, in seconds. RFC 5321 §4.5.3.2.6 wants ten minutes.
    #[serde(deserialize_with = "seconds")]
    pub dot_timeout_s: u64,
    /// Time for everything up to the final dot together, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub whole_timeout_s: u64,
    /// Time for the command that prints the password, in seconds: it may ask for a passphrase itself.
    #[serde(deserialize_with = "seconds")]
    pub password_timeout_s: u64,
    /// The submission server.
    pub smtp: Option<SmtpKeys>,
}

impl Default for DeliveryKeys {
    fn default() -> Self {
        Self {
            transport: None,
            drafts_dir: None,
            sendmail: PathBuf::from("/usr/sbin/sendmail"),
            timeout_s: 60,
            dot_timeout_s: 600,
            whole_timeout_s: 300,
            password_timeout_s: 120,
            smtp: None,
        }
    }
}

/// `[delivery.smtp]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpKeys {
    /// Host name.
    pub host: String,
    /// Port; unset, 465 or 587 by `tls`.
    pub port: Option<u16>,
    /// Protection.
    pub tls: Tls,
    /// Account.
    pub user: Option<String>,
    /// Way to log in; unset, what the provider's rule says, or what the server offers.
    pub auth: Option<Mechanism>,
    /// Command that prints the password.
    pub password_command: Option<String>,
    /// Environment variable that holds it.
    pub password_env: Option<String>,
    /// Whether the system's keyring holds it; only in builds with the feature `keyring`.
    pub password_keyring: bool,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// `[limits]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitKeys {
    /// Complaints about one source address to one desk in a day.
    pub per_source_and_desk_per_day: u32,
    /// Complaints to one desk in a day.
    pub per_desk_per_day: u32,
    /// Complaints in a day before a warning.
    pub warn_per_day: u32,
    /// Days that a desk has to answer before a reminder may go out.
    pub remind_after_days: u32,
}

impl Default for LimitKeys {
    fn default() -> Self {
        Self {
            per_source_and_desk_per_day: 1,
            per_desk_per_day: 5,
            warn_per_day: 50,
            remind_after_days: 7,
        }
    }
}

/// `[ledger]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerKeys {
    /// The file.
    pub path: Option<PathBuf>,
    /// Days that evidence is kept; unset, for ever.
    pub keep_days: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_answered_comes_beside_what_the_settings_say() {
        let mut keys = IdentityKeys {
            name: Some("Jane Doe".to_owned()),
            also_mine: vec!["old.alias@example.net".to_owned()],
            also_mask: vec!["Jane".to_owned()],
            ..IdentityKeys::default()
        };
        let typed = ["new@example.org", "old.alias@example.net"].map(str::to_owned);
        keys.learn("jane@example.org", "", &typed);
        assert_eq!(keys.mailbox.as_deref(), Some("jane@example.org"));
        assert_eq!(keys.name.as_deref(), Some("Jane Doe"));
        assert_eq!(keys.also_mine, ["old.alias@example.net", "new@example.org"]);
        assert_eq!(keys.also_mask, ["Jane"]);
    }
}
