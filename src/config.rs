//! The settings: one TOML file, every key of it optional.
//!
//! In: the file that `--config`, `PLAINT_CONFIG` or the XDG folders name. Out: [`Config`].
//! Trust: the user's own file; still, every value is checked here, once.
//! Failures: a [`Failure`] with file and line; an unknown key is one, too.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;

use crate::complaint::Identity;
use crate::contact::{self, AbuseMailbox};
use crate::failure::{Exit, Failure};
use crate::trace::{HostPattern, Trust};

// answers that are written back into the file
mod edit;
pub use edit::{Answer, remember};

// a file that is replaced whole
mod whole;
pub(crate) use whole::{alone, can_be_replaced, write_whole};

// the tables of the file
mod keys;
pub use keys::{
    ComplaintKeys, DeliveryKeys, IdentityKeys, LedgerKeys, LimitKeys, LookupKeys, SmtpKeys,
    TransportKind, TrustKeys,
};

// where things are when no key says so
mod paths;
pub use paths::{config_file, data_dir};

/// The settings as the file has them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who complains.
    pub identity: IdentityKeys,
    /// Whose hosts are believed.
    pub trust: TrustKeys,
    /// Where desks are looked up.
    pub lookup: LookupKeys,
    /// How complaints are composed.
    pub complaint: ComplaintKeys,
    /// How they are sent.
    pub delivery: DeliveryKeys,
    /// How many of them.
    pub limits: LimitKeys,
    /// Where the record is kept.
    pub ledger: LedgerKeys,
    /// The file that this was read from; `None` for no file.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// Whether the file holds what was answered in this run.
    #[serde(skip)]
    pub(crate) kept: Kept,
}

/// Whether the settings file holds what was answered in this run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It holds all of it.
    #[default]
    All,
    /// Not all of it: the user did not want that.
    NotAll,
    /// Not all of it: it could not be written.
    Failed,
}

impl Config {
    /// Reads the settings of a text; `file` names it in failures.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with file and line for what is no TOML, or no key of ours.
    pub fn parse(text: &str, file: &Path) -> Result<Self, Failure> {
        let mut config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                text.get(..span.start)
                    .unwrap_or_default()
                    .matches('\n')
                    .count()
                    + 1
            });
            Failure::new(Exit::Config, "the settings cannot be read")
                .at(format!("{}:{line}", file.display()))
                .because(plain(error.message()))
                .remedy("mend or remove that line; nothing was sent")
        })?;
        config.file = Some(file.to_owned());
        Ok(config)
    }

    /// Reads the settings file; without a name, the one in the XDG folder, if it is there.
    ///
    /// # Errors
    ///
    /// A [`Failure`] where a named file cannot be opened, or any file be read.
    pub fn load(named: Option<&Path>) -> Result<Self, Failure> {
        let default;
        let file = match named {
            Some(file) => file,
            None => {
                default = config_file()?;
                &default
            }
        };
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text, file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
                Ok(Self {
                    file: Some(file.to_owned()),
                    ..Self::default()
                })
            }
            Err(error) => Err(Failure::new(Exit::CannotOpen, "cannot open the settings")
                .at(file.display().to_string())
                .because(error)
                .remedy(
                    "name a readable file with `--config` or in `PLAINT_CONFIG`, or leave both out",
                )),
        }
    }

    /// Returns a failure about one key.
    pub(crate) fn amiss(&self, key: &str, why: impl std::fmt::Display) -> Failure {
        let place = self.file.as_ref().map_or_else(
            || format!("`{key}`"),
            |file| format!("{} (key `{key}`)", file.display()),
        );
        Failure::new(Exit::Config, format!("the setting `{key}` cannot be used"))
            .at(place)
            .because(why)
            .remedy("correct the value; nothing was sent")
    }

    /// Returns whose hosts are believed, with what `--trust` adds.
    ///
    /// # Errors
    ///
    /// A [`Failure`] for a value that is neither network nor host.
    pub fn trust(&self, named: &[String]) -> Result<Trust, Failure> {
        let mut trust = Trust::default();
        for text in &self.trust.networks {
            trust
                .add(text)
                .map_err(|e| self.amiss("trust.networks", e))?;
        }
        for text in &self.trust.hosts {
            trust.add(text).map_err(|e| self.amiss("trust.hosts", e))?;
        }
        for text in &self.trust.forwarders {
            trust
                .add_forwarder(text)
                .map_err(|e| self.amiss("trust.forwarders", e))?;
        }
        for text in &self.trust.local_programs {
            let host = HostPattern::new(text);
            let host = host.map_err(|e| self.amiss("trust.local_programs", e))?;
            trust.local_programs.push(host);
        }
        for text in named {
            trust.add(text).map_err(|error| {
                Failure::new(Exit::Usage, "the value of `--trust` cannot be used")
                    .because(error)
                    .remedy("for example: --trust 203.0.113.0/24 or --trust mx.example.net")
            })?;
        }
        trust.also_public = self.also_public()?;
        trust.own_mailboxes = self.own_mailboxes();
        Ok(trust)
    }

    fn also_public(&self) -> Result<Vec<IpNet>, Failure> {
        self.lookup
            .also_public
            .iter()
            .map(|text| {
                network(text).ok_or_else(|| self.amiss("lookup.also_public", not_a_network(text)))
            })
            .collect()
    }

    /// Returns who complains; `None` where no mailbox is set.
    ///
    /// # Errors
    ///
    /// A [`Failure`] where the mailbox is none.
    pub fn identity(&self) -> Result<Option<Identity>, Failure> {
        // Said before a mailbox is asked for: the answers would be lost.
        if let Some(other) = self.identity.also_mine.iter().find(|own| !is_address(own)) {
            let why = format!("`{other}` is no address of the form name@example.org");
            return Err(self.amiss("identity.also_mine", why));
        }
        let Some(text) = &self.identity.mailbox else {
            return Ok(None);
        };
        let mailbox = AbuseMailbox::try_from(text.as_str())
            .map_err(|e| self.amiss("identity.mailbox", format!("`{text}`: {e}")))?;
        Ok(Some(Identity {
            name: self.identity.name.clone().unwrap_or_default(),
            mailbox,
            also_mine: self.identity.also_mine.clone(),
            also_mask: self.identity.also_mask.clone(),
            mask_domain: self.identity.mask_domain,
        }))
    }

    /// Returns the user's own mailboxes, lower case.
    #[must_use]
    pub fn own_mailboxes(&self) -> Vec<String> {
        let identity = &self.identity;
        let mailboxes = identity.mailbox.iter().chain(&identity.also_mine);
        mailboxes.map(|mailbox| mailbox.to_lowercase()).collect()
    }

    /// Returns the domains of the user's own mailboxes, lower case.
    #[must_use]
    pub fn own_domains(&self) -> Vec<String> {
        let mailboxes = self.own_mailboxes().into_iter();
        let domains = mailboxes.filter_map(|mailbox| Some(mailbox.rsplit_once('@')?.1.to_owned()));
        domains.collect()
    }

    /// Returns where desks are looked up.
    ///
    /// # Errors
    ///
    /// A [`Failure`] for a resolver, server or network that is none.
    pub fn lookup(&self) -> Result<contact::Settings, Failure> {
        let keys = &self.lookup;
        let resolver = match keys.resolver.as_str() {
            "system" => None,
            text => Some(text.parse::<SocketAddr>().map_err(|_| {
                self.amiss(
                    "lookup.resolver",
                    format!("`{text}` is neither `system` nor ADDRESS:PORT"),
                )
            })?),
        };
        let allow_private_servers = keys
            .allow_private_servers
            .iter()
            .map(|text| {
                server(text).ok_or_else(|| {
                    self.amiss(
                        "lookup.allow_private_servers",
                        format!("`{text}` is not ADDRESS-OR-NETWORK:PORT, like 127.0.0.0/8:4343"),
                    )
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(contact::Settings {
            rdap_bootstrap: keys.rdap_bootstrap.clone(),
            whois_root: keys.whois_root.clone(),
            whois_port: keys.whois_port,
            resolver,
            allow_private_servers,
            also_public: self.also_public()?,
            pause_ms: keys.pause_ms,
            timeout_s: keys.timeout_s,
            offline: keys.offline,
        })
    }

    /// Returns the ledger's file.
    ///
    /// # Errors
    ///
    /// A [`Failure`] where no key names it and no home folder is known.
    pub fn ledger_path(&self) -> Result<PathBuf, Failure> {
        match &self.ledger.path {
            Some(path) => Ok(path.clone()),
            None => Ok(data_dir()?.join("ledger.db")),
        }
    }

    /// Returns the folder for drafts.
    ///
    /// # Errors
    ///
    /// A [`Failure`] where no key names it and no home folder is known.
    pub fn drafts_dir(&self) -> Result<PathBuf, Failure> {
        match &self.delivery.drafts_dir {
            Some(path) => Ok(path.clone()),
            None => Ok(data_dir()?.join("drafts")),
        }
    }
}

/// Returns what the TOML reader says, its types in a user's words.
fn plain(said: &str) -> String {
    const WORDS: [(&str, &str); 7] = [
        ("expected u64", "expected a whole number"),
        ("expected u32", "expected a whole number"),
        ("expected u16", "expected a whole number"),
        ("expected usize", "expected a whole number"),
        ("expected a sequence", "expected a list: [\"…\"]"),
        ("expected a boolean", "expected true or false"),
        ("expected a string", "expected a text in quotes"),
    ];
    WORDS
        .iter()
        .fold(said.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Reads a network, or one address as the network of itself.
fn network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn not_a_network(text: &str) -> String {
    format!("`{text}` is not a network, like 192.0.2.0/24")
}

/// Reads ADDRESS-OR-NETWORK:PORT; IPv6 may stand in brackets.
fn server(text: &str) -> Option<(IpNet, u16)> {
    let (net, port) = text.rsplit_once(':')?;
    let net = net.trim_start_matches('[').trim_end_matches(']');
    Some((network(net)?, port.parse().ok()?))
}

/// Returns whether a text has the form of a mailbox, as strangers write it: a local part, one `@`, a domain. RFC 5321 §4.1.2.
///
/// What is to be hidden is looked for in many forms; those of half an address stand everywhere.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.trim_matches('.').is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Failure> {
        Config::parse(text, Path::new("config.toml"))
    }

    #[test]
    fn an_empty_file_is_a_valid_configuration() {
        let config = parse("").unwrap();
        assert_eq!(config.lookup.whois_root, "whois.iana.org");
        assert_eq!(config.delivery.dot_timeout_s, 600);
        assert!(config.identity().unwrap().is_none());
    }

    #[test]
    fn an_unknown_key_is_an_error_with_file_and_line() {
        let failure = parse("[identity]\nmailbox = \"a@example.org\"\nmailbux = 1\n").unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        insta::assert_snapshot!(failure, @r"
        error: the settings cannot be read
          --> config.toml:3
          because: unknown field `mailbux`, expected one of `name`, `mailbox`, `also_mine`, `also_mask`, `mask_domain`

        hint: mend or remove that line; nothing was sent
        ");
    }

    #[test]
    fn a_time_has_bounds() {
        for key in [
            "[lookup]\ntimeout_s",
            "[delivery]\ntimeout_s",
            "[delivery]\ndot_timeout_s",
            "[delivery]\nwhole_timeout_s",
            "[delivery]\npassword_timeout_s",
        ] {
            for (given, is_one) in [("0", false), ("1", true), ("86400", true), ("86401", false)] {
                let read = parse(&format!("{key} = {given}\n"));
                assert_eq!(read.is_ok(), is_one, "{key} = {given}");
            }
        }
        assert!(parse("[lookup]\npause_ms = 0\n").is_ok());
        assert!(parse("[lookup]\npause_ms = 3600001\n").is_err());
        let failure =
            parse("[lookup]\ncache = true\ntimeout_s = 9223372036854775807\n").unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        insta::assert_snapshot!(failure, @r"
        error: the settings cannot be read
          --> config.toml:3
          because: 9223372036854775807 is not 1 to 86400 seconds

        hint: mend or remove that line; nothing was sent
        ");
    }

    #[test]
    fn a_value_of_another_type_is_told_in_plain_words() {
        for (text, said) in [
            (
                "[limits]\nper_desk_per_day = \"5\"\n",
                "expected a whole number",
            ),
            ("[delivery]\ntimeout_s = true\n", "expected a whole number"),
            ("[trust]\nhosts = \"mx.example.org\"\n", "expected a list"),
            ("[lookup]\ncache = 1\n", "expected true or false"),
            ("[identity]\nname = 1\n", "expected a text in quotes"),
            (
                "[complaint]\nmax_evidence_kib = -1\n",
                "expected a whole number",
            ),
        ] {
            let because = parse(text).unwrap_err().because.join(" ");
            assert!(because.contains(said), "{because}");
        }
    }

    #[test]
    fn values_are_checked_where_they_are_read() {
        let config =
            parse("[identity]\nmailbox = \"a@b@example.org\"\n[lookup]\nresolver = \"dns\"\n")
                .unwrap();
        assert_eq!(config.identity().unwrap_err().exit, Exit::Config);
        assert_eq!(config.lookup().unwrap_err().exit, Exit::Config);
        let config = parse("[trust]\nhosts = [\"not a host\"]\n").unwrap();
        assert_eq!(config.trust(&[]).unwrap_err().exit, Exit::Config);
    }

    #[test]
    fn private_servers_are_networks_with_a_port() {
        assert_eq!(
            server("127.0.0.0/8:43"),
            Some(("127.0.0.0/8".parse().unwrap(), 43))
        );
        assert_eq!(
            server("127.0.0.1:8080"),
            Some(("127.0.0.1/32".parse().unwrap(), 8080))
        );
        assert_eq!(server("[::1]:43"), Some(("::1/128".parse().unwrap(), 43)));
        assert_eq!(server("127.0.0.1"), None);
        assert_eq!(server("host:43"), None);
    }
}
