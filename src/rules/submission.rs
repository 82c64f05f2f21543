//! Mail submission at large providers: host, port, protection, and what to use as password.
//!
//! In: `rules/submission/providers.toml`. Out: [`Submission`], [`Submissions`].
//! Standards: RFC 8314 (implicit TLS), RFC 6409 (submission).
//! Trust: a proposal that the user sees and can change; a mailbox's domain is compared whole.
//! Failures: [`RuleError`].

use serde::Deserialize;
use toml::value::Datetime;

use super::RuleError;
use super::file::{self, Common};

/// How mail is submitted at one provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Submission {
    /// Rule id.
    pub id: String,
    /// The provider's name.
    pub what: String,
    /// Where that is known from.
    pub source: Vec<String>,
    /// When the rule was written.
    pub added: Datetime,
    domains: Vec<String>,
    /// Host of the submission server.
    pub host: String,
    /// Port; `None` for the one that goes with the protection.
    pub port: Option<u16>,
    /// Protection: `implicit` or `starttls`.
    pub tls: Protection,
    /// What the account is called.
    #[serde(default)]
    pub user: Account,
    /// Way to log in that has to be used; `None` for what the server offers.
    pub auth: Option<Login>,
    /// What to use as password, or what to do first, in words.
    pub note: String,
    #[serde(rename = "match")]
    matches: Vec<String>,
    #[serde(rename = "skip")]
    skips: Vec<String>,
}

/// How the connection is protected. There is no rule without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    /// From the first octet.
    Implicit,
    /// After STARTTLS.
    StartTls,
}

/// A way to log in that a provider demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// A token in place of the password.
    XOAuth2,
}

/// What an account is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// The whole mailbox.
    #[default]
    Mailbox,
    /// What stands before the `@`.
    LocalPart,
}

impl Submission {
    fn holds(&self, domain: &str) -> bool {
        self.domains
            .iter()
            .any(|its| its.eq_ignore_ascii_case(domain))
    }

    /// Returns the account's name for a mailbox.
    #[must_use]
    pub fn account<'m>(&self, mailbox: &'m str) -> &'m str {
        match self.user {
            Account::Mailbox => mailbox,
            Account::LocalPart => mailbox.split('@').next().unwrap_or(mailbox),
        }
    }
}

/// The providers that are known.
#[derive(Debug)]
pub struct Submissions {
    file: &'static str,
    rules: Vec<Submission>,
}

impl Submissions {
    /// Reads the rules that are built in.
    pub(super) fn builtin() -> Result<Self, RuleError> {
        let file = "submission/providers.toml";
        let text = include_str!("../../rules/submission/providers.toml");
        let rules = file::read(file, "submission-providers-", text, |rule: &Submission| {
            Common {
                id: &rule.id,
                matches: rule.matches.len(),
                skips: rule.skips.len(),
            }
        })?;
        Ok(Self { file, rules })
    }

    /// Runs the examples; returns how many ran. No domain may have two rules.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for rule in &self.rules {
            let failed = |why: String| RuleError::Example {
                file: self.file.to_owned(),
                id: rule.id.clone(),
                why,
            };
            if let Some(domain) = rule.matches.iter().find(|domain| !rule.holds(domain)) {
                return Err(failed(format!("`{domain}` should match")));
            }
            if let Some(domain) = rule.skips.iter().find(|domain| rule.holds(domain)) {
                return Err(failed(format!("`{domain}` should not match")));
            }
            let first = |domain: &&String| {
                self.rules
                    .iter()
                    .find(|its| its.holds(domain))
                    .is_some_and(|its| its.id != rule.id)
            };
            if let Some(domain) = rule.domains.iter().find(first) {
                return Err(failed(format!("`{domain}` has another rule, too")));
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }

    /// Returns the provider whose submission server a host is.
    #[must_use]
    pub fn of_host(&self, host: &str) -> Option<&Submission> {
        let host = host.trim_end_matches('.');
        self.rules
            .iter()
            .find(|rule| rule.host.eq_ignore_ascii_case(host))
    }

    /// Returns the provider of a mailbox, by its domain.
    #[must_use]
    pub fn of_mailbox(&self, mailbox: &str) -> Option<&Submission> {
        let domain = mailbox.rsplit_once('@')?.1;
        self.rules.iter().find(|rule| rule.holds(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_has_its_providers_server_and_a_subdomain_has_none() {
        let rules = Submissions::builtin().unwrap();
        let gmail = rules.of_mailbox("jane@gmail.com").unwrap();
        assert_eq!(gmail.host, "smtp.gmail.com");
        assert_eq!(gmail.account("jane@gmail.com"), "jane@gmail.com");
        let web = rules.of_mailbox("jane@web.de").unwrap();
        assert_eq!(web.account("jane@web.de"), "jane");
        assert!(rules.of_mailbox("jane@gmail.com.example.org").is_none());
        assert!(rules.of_mailbox("jane").is_none());
        assert!(rules.check().unwrap() > 80);
        let outlook = rules.of_host("SMTP-mail.outlook.com.").unwrap();
        assert_eq!(outlook.auth, Some(Login::XOAuth2));
        assert!(rules.of_host("smtp.example.org").is_none());
    }

    #[test]
    fn no_file_of_the_folder_is_left_out() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/submission");
        let there: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(there, ["providers.toml"]);
    }
}
