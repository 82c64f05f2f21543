//! The one form of address that a complaint can go to.
//!
//! In: text from a registry, a rule, the user. Out: [`AbuseMailbox`], or why not.
//! Standards: RFC 5321 §4.1.2 (Mailbox), narrowed: dot-string local part, LDH domain.
//! Trust: hostile; a mailbox cannot carry a second recipient, a header or an argument.

use std::fmt;

/// A mailbox that a complaint can go to: one dot-string, one `@`, one LDH domain.
///
/// No quoted local part, no route, no address literal, no leading `-`, at most
/// 254 octets (RFC 5321 §4.5.3.1.3 less the angle brackets). The domain is in
/// lower case; the local part keeps its case.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct AbuseMailbox(String);

/// Why a text is no mailbox that a complaint can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    /// Not one `@` between two parts.
    #[error("it is not one local part, one `@` and one domain")]
    Shape,
    /// Longer than 254 octets, or a local part longer than 64.
    #[error("it is too long")]
    Long,
    /// A character that a plain mailbox does not have.
    #[error("its local part has a character that a plain mailbox does not have")]
    LocalPart,
    /// Not a domain of letters, digits and hyphens with at least two labels.
    #[error("its domain is not a domain")]
    Domain,
}

impl AbuseMailbox {
    /// Returns the part before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// Returns the part after the `@`, lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// Returns the whole mailbox.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the form under which two mailboxes are the same desk: all lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl TryFrom<&str> for AbuseMailbox {
    type Error = MailboxError;

    fn try_from(text: &str) -> Result<Self, MailboxError> {
        let (local, domain) = text.split_once('@').ok_or(MailboxError::Shape)?;
        if domain.contains('@') || local.is_empty() || domain.is_empty() {
            return Err(MailboxError::Shape);
        }
        if text.len() > 254 || local.len() > 64 {
            return Err(MailboxError::Long);
        }
        // RFC 5321 §4.1.2 departs: `%` and `!` are atext, and routes in disguise; `|` and `/` are commands and files to old mailers.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"#$&'*+-=?^_{}~.".contains(&b);
        if local.starts_with(['-', '.'])
            || local.ends_with('.')
            || local.contains("..")
            || !local.bytes().all(plain)
        {
            return Err(MailboxError::LocalPart);
        }
        let labels: Vec<&str> = domain.split('.').collect();
        let ldh = labels.iter().all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
        let numeric = labels
            .last()
            .is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
        if labels.len() < 2 || !ldh || numeric {
            return Err(MailboxError::Domain);
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }
}

impl TryFrom<String> for AbuseMailbox {
    type Error = MailboxError;

    fn try_from(text: String) -> Result<Self, MailboxError> {
        Self::try_from(text.as_str())
    }
}

impl From<AbuseMailbox> for String {
    fn from(mailbox: AbuseMailbox) -> Self {
        mailbox.0
    }
}

impl fmt::Display for AbuseMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_mailboxes_are_taken() {
        for text in [
            "abuse@example.net",
            "Abuse+spam@EXAMPLE.net",
            "a.b@xn--bcher-kva.example",
        ] {
            assert!(AbuseMailbox::try_from(text).is_ok(), "{text}");
        }
        assert_eq!(
            AbuseMailbox::try_from("Abuse@EXAMPLE.net")
                .unwrap()
                .as_str(),
            "Abuse@example.net"
        );
    }

    #[test]
    fn what_could_carry_more_than_one_mailbox_is_refused() {
        for text in [
            "",
            "abuse",
            "@example.net",
            "abuse@",
            "a@b@example.net",
            "abuse@localhost",
            "abuse@[192.0.2.1]",
            "abuse@192.0.2.1",
            "-f@example.net",
            "\"|cmd\"@example.net",
            "a%b@example.net",
            "a!b@example.net",
            "|cmd@example.net",
            "a,b@example.net",
            "<abuse@example.net>",
            "abuse@example.net\r\nBcc: x@example.org",
            "abuse@exa mple.net",
            "abuse@example.net?cc=x@example.org",
            "a..b@example.net",
            ".a@example.net",
            "abuse@-example.net",
            "abuse@example..net",
            "abusé@example.net",
            "abuse@bücher.example",
        ] {
            assert!(AbuseMailbox::try_from(text).is_err(), "{text:?}");
        }
    }
}
