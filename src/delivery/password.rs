//! The password of a mail account, and who gives it.
//!
//! In: the setting. Out: a [`SecretString`], used once for AUTH.
//! Trust: it is in no argument list, no ledger and no log. A command that
//! prints it is the user's own, and runs in his shell.
//! Failures: [`PasswordError`] names the setting or the variable, never what came back. Nor does it quote the
//! command, which may hold a secret: errors are kept in the ledger.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use secrecy::SecretString;

/// Octets of a password that are read: an OAuth token has a few thousand.
const PASSWORD_OCTETS: u64 = 16 * 1024;

/// Pause between two looks at a command that has not ended yet.
const POLL: Duration = Duration::from_millis(20);

/// Asks the user for the password; given the account's name.
pub(crate) type AskPassword = Box<dyn FnMut(&str) -> Result<SecretString, String>>;

/// Where the password comes from.
pub enum PasswordFrom {
    /// First line that a shell command prints: `pass show mail/example`.
    Command {
        /// The command.
        command: String,
        /// How long it may take; it may ask the user for something itself.
        timeout: Duration,
    },
    /// An environment variable.
    Environment(String),
    /// The system's keyring: service `plaint`, and the account's name.
    Keyring,
    /// The user, at the terminal.
    Ask(AskPassword),
}

impl fmt::Debug for PasswordFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { .. } => f.write_str("Command"),
            Self::Environment(name) => write!(f, "Environment({name:?})"),
            Self::Keyring => f.write_str("Keyring"),
            Self::Ask(_) => f.write_str("Ask"),
        }
    }
}

/// Why there is no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The command could not be started.
    #[error("`password_command` could not be started: {why}")]
    Start {
        /// What the system says.
        why: String,
    },
    /// The command failed.
    #[error("`password_command` ended with {status}")]
    Failed {
        /// Its exit status.
        status: String,
    },
    /// The command took too long.
    #[error("`password_command` gave nothing within {seconds} s")]
    Slow {
        /// The limit.
        seconds: u64,
    },
    /// It gave an empty line, or no text.
    #[error("{0} gave no password")]
    Empty(String),
    /// The variable is not set.
    #[error("the environment variable `{0}` is not set")]
    Unset(String),
    /// The keyring gave none.
    #[error(
        "the keyring gave no password ({0}); \
         `secret-tool store --label=plaint service plaint username ACCOUNT` puts one there"
    )]
    Keyring(String),
    /// The user could not be asked, or did not answer.
    #[error("no password was given: {0}")]
    Unanswered(String),
}

impl PasswordFrom {
    /// Fetches the password.
    ///
    /// # Errors
    ///
    /// [`PasswordError`] where there is none.
    pub fn fetch(&mut self, user: &str) -> Result<SecretString, PasswordError> {
        match self {
            Self::Command { command, timeout } => of_command(command, *timeout),
            Self::Environment(name) => match std::env::var(&*name) {
                Ok(value) if !value.is_empty() => Ok(SecretString::from(value)),
                Ok(_) => Err(PasswordError::Empty(format!("the variable `{name}`"))),
                Err(_) => Err(PasswordError::Unset(name.clone())),
            },
            Self::Keyring => of_keyring(user),
            Self::Ask(ask) => ask(user).map_err(PasswordError::Unanswered),
        }
    }
}

/// Service under which the keyring has the password.
#[cfg(feature = "keyring")]
const SERVICE: &str = "plaint";

/// Asks the system's keyring, which may ask the user to unlock it.
#[cfg(feature = "keyring")]
fn of_keyring(user: &str) -> Result<SecretString, PasswordError> {
    let said = |error: keyring::v1::Error| {
        let text = crate::intake::Untrusted::text(&error.to_string()).to_string();
        PasswordError::Keyring(text)
    };
    let entry = keyring::v1::Entry::new(SERVICE, user).map_err(said)?;
    let password = entry.get_password().map_err(said)?;
    if password.is_empty() {
        return Err(PasswordError::Empty("the keyring".to_owned()));
    }
    Ok(SecretString::from(password))
}

/// Says that this build knows no keyring.
#[cfg(not(feature = "keyring"))]
fn of_keyring(_: &str) -> Result<SecretString, PasswordError> {
    let why = "this plaint was built without the feature `keyring`";
    Err(PasswordError::Keyring(why.to_owned()))
}

/// Runs a command and returns the first line of what it prints.
fn of_command(command: &str, timeout: Duration) -> Result<SecretString, PasswordError> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| PasswordError::Start { why: e.to_string() })?;
    let stdout = child.stdout.take();
    // What the command leaves running, an agent that it started, may hold its output
    // open for ever: the first line is waited for, and no end.
    let (giver, given) = mpsc::channel();
    std::thread::spawn(move || {
        let Some(stdout) = stdout else { return };
        let mut lines = BufReader::new(stdout);
        let mut octets = Vec::new();
        let _ = lines
            .by_ref()
            .take(PASSWORD_OCTETS)
            .read_until(b'\n', &mut octets);
        let _ = giver.send(octets);
        // A command that could not write the rest would fail.
        let _ = io::copy(&mut lines, &mut io::sink());
    });
    let started = Instant::now();
    let slow = || PasswordError::Slow {
        seconds: timeout.as_secs(),
    };
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < timeout => std::thread::sleep(POLL),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(slow());
            }
            Err(e) => {
                return Err(PasswordError::Start { why: e.to_string() });
            }
        }
    };
    if !status.success() {
        return Err(PasswordError::Failed {
            status: status.to_string(),
        });
    }
    let left = timeout.saturating_sub(started.elapsed()).max(POLL);
    let octets = given.recv_timeout(left).map_err(|_| slow())?;
    let text = String::from_utf8(octets).unwrap_or_default();
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(SecretString::from(line.to_owned())),
        _ => Err(PasswordError::Empty("`password_command`".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn command(text: &str) -> Result<SecretString, PasswordError> {
        of_command(text, Duration::from_secs(5))
    }

    #[test]
    fn a_command_gives_the_first_line_it_prints() {
        let got = command("printf 'open sesame\\nuser: x\\n'").unwrap();
        assert_eq!(got.expose_secret(), "open sesame");
        assert_eq!(format!("{got:?}"), "SecretBox<str>([REDACTED])");
    }

    #[test]
    fn a_command_that_fails_tells_neither_itself_nor_what_it_printed() {
        let error = command("echo secret; exit 3").unwrap_err();
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        let from = PasswordFrom::Command {
            command: "echo secret".to_owned(),
            timeout: Duration::from_secs(5),
        };
        assert!(!format!("{from:?}").contains("secret"), "{from:?}");
        assert_eq!(
            error.to_string(),
            "`password_command` ended with exit status: 3"
        );
        assert!(matches!(command("true"), Err(PasswordError::Empty(_))));
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let begun = Instant::now();
        let error = of_command("sleep 30", Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, PasswordError::Slow { .. }));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn what_a_command_leaves_running_is_not_waited_for() {
        let begun = Instant::now();
        let got = command("printf 'open sesame\\n'; sleep 30 &").unwrap();
        assert_eq!(got.expose_secret(), "open sesame");
        assert!(begun.elapsed() < Duration::from_secs(5));
        // It holds the output, and prints nothing: there is no line to wait for.
        let error = of_command("sleep 30 &", Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, PasswordError::Slow { .. }), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(5));
        // A last line needs no end.
        let got = command("printf sesame; sleep 30 >&- &").unwrap();
        assert_eq!(got.expose_secret(), "sesame");
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = PasswordFrom::Environment("PLAINT_NO_SUCH_VARIABLE".into())
            .fetch("x")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable `PLAINT_NO_SUCH_VARIABLE` is not set"
        );
    }

    #[test]
    fn a_keyring_that_is_not_there_is_said_with_what_fills_one() {
        let error = PasswordFrom::Keyring
            .fetch("nobody-of-this-name")
            .unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with("the keyring gave no password ("), "{said}");
        assert!(said.contains("secret-tool store"), "{said}");
    }
}
