//! Tells the server who sends.
//!
//! In: account, password, what the server offers. Out: 235, or why not.
//! Standards: RFC 4954 (AUTH), RFC 4616 (PLAIN), RFC 6750 (the bearer token); LOGIN and
//! XOAUTH2 are as their vendors describe them.
//! Trust: nothing of a password reaches an error text; challenges are not looked at.

use data_encoding::BASE64;
use secrecy::{ExposeSecret as _, SecretString};

use super::reply::Reply;
use super::wire::{Wire, WireError};

/// Octets of a command line, line end included. RFC 5321 §4.5.3.1.4.
const COMMAND_OCTETS: usize = 512;

/// A way to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mechanism {
    /// Account and password in one. RFC 4616.
    Plain,
    /// Account and password one after the other; not a standard, and widely offered.
    Login,
    /// A token in place of the password.
    XOAuth2,
}

impl Mechanism {
    /// In the order in which they are taken where nothing is set.
    const ORDER: [Self; 3] = [Self::Plain, Self::Login, Self::XOAuth2];

    /// Returns the mechanism of a word, upper case.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ORDER.into_iter().find(|its| its.word() == word)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// Returns the mechanism to use: the one that is set, or the first that is offered.
    pub(super) fn choose(wanted: Option<Self>, offered: &[Self]) -> Option<Self> {
        wanted.or_else(|| {
            Self::ORDER
                .into_iter()
                .find(|mechanism| offered.contains(mechanism))
        })
    }
}

/// Authenticates; the reply is the server's last, whatever it is.
pub(super) async fn authenticate(
    wire: &mut Wire,
    mechanism: Mechanism,
    user: &str,
    password: &SecretString,
) -> Result<Reply, WireError> {
    let responses: Vec<SecretString> = match mechanism {
        // RFC 4616 §2: authzid NUL authcid NUL passwd, and the authzid is empty.
        Mechanism::Plain => vec![encoded(&["\0", user, "\0", password.expose_secret()])],
        Mechanism::Login => vec![encoded(&[user]), encoded(&[password.expose_secret()])],
        Mechanism::XOAuth2 => vec![encoded(&[
            "user=",
            user,
            "\x01auth=Bearer ",
            password.expose_secret(),
            "\x01\x01",
        ])],
    };
    let mut responses = responses.iter();
    let word = mechanism.word();
    // RFC 4954 §4: an initial response saves a round trip, if the line stays within 512 octets.
    let mut reply = match responses.as_slice() {
        [only] if only.expose_secret().len() + word.len() + 8 <= COMMAND_OCTETS => {
            responses.next();
            wire.command(&format!("AUTH {word} {}", only.expose_secret()))
                .await?
        }
        _ => wire.command(&format!("AUTH {word}")).await?,
    };
    while reply.code == 334 {
        match responses.next() {
            Some(response) => reply = wire.command(response.expose_secret()).await?,
            // XOAUTH2 tells its error in one more challenge, and wants an empty line; the
            // refusal is the reply to that.
            None if mechanism == Mechanism::XOAuth2 => return wire.command("").await,
            // RFC 4954 §4: `*` cancels, and the server answers 501.
            None => return wire.command("*").await,
        }
    }
    Ok(reply)
}

/// Returns texts, one after another, in base64.
fn encoded(texts: &[&str]) -> SecretString {
    let plain = SecretString::from(texts.concat());
    SecretString::from(BASE64.encode(plain.expose_secret().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_comes_first_and_a_setting_before_all() {
        use Mechanism::{Login, Plain, XOAuth2};
        assert_eq!(
            Mechanism::choose(None, &[XOAuth2, Login, Plain]),
            Some(Plain)
        );
        assert_eq!(Mechanism::choose(None, &[XOAuth2, Login]), Some(Login));
        assert_eq!(
            Mechanism::choose(Some(XOAuth2), &[Plain, XOAuth2]),
            Some(XOAuth2)
        );
        assert_eq!(Mechanism::choose(None, &[]), None);
    }

    #[test]
    fn a_response_is_base64_of_its_parts() {
        assert_eq!(
            encoded(&["\0", "tim", "\0", "tanstaaftanstaaf"]).expose_secret(),
            "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"
        );
    }
}
