//! Submits a complaint to the user's mail server.
//!
//! In: [`Settings`], a complaint on its way. Out: [`Outcome`].
//! Standards: RFC 5321, RFC 6409 (submission), RFC 8314 (implicit TLS),
//! RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 1870 (SIZE), RFC 6152 (8BITMIME).
//! Trust: the server is hostile until its certificate is checked, and bounded
//! after that. STARTTLS is demanded, never tried; a password goes over TLS, or
//! to loopback.
//! Failures: each stage has its own code, its own deadline, and one deadline
//! stands over all up to the dot.
//! Limits: no pipelining, no DSN, no SMTPUTF8 (both addresses are ASCII).

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tokio::runtime::{Builder, Runtime};

use super::password::PasswordFrom;
use super::{Outcome, Passage, Setback, Stage, Transport};

// one reply, bounded
mod reply;
pub use reply::{Reply, ReplyError};

// octets with deadlines
mod wire;

// what the server says it can do
mod capabilities;

// certificates, and why one is refused
mod tls;

// user and password
mod auth;
pub use auth::Mechanism;

// dots at the beginning of a line
mod dots;

// the conversation
mod session;
use session::Session;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS from the first octet: port 465. RFC 8314 §3.3.
    #[default]
    Implicit,
    /// STARTTLS, or nothing: port 587.
    StartTls,
    /// No TLS: only to a loopback address.
    None,
}

impl Tls {
    /// Returns the port that goes with it where none is set.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            // RFC 8314 §7.3: submissions.
            Self::Implicit => 465,
            // RFC 6409 §3.1: submission.
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// How long a submission may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// One step up to the dot: connecting, one command, one block of the message.
    pub step: Duration,
    /// The answer to the dot. RFC 5321 §4.5.3.2.6 asks for 10 minutes.
    pub dot: Duration,
    /// Everything up to the dot together.
    pub whole: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            step: Duration::from_secs(60),
            dot: Duration::from_secs(600),
            whole: Duration::from_secs(300),
        }
    }
}

/// How to reach the user's mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Host name or address; the certificate must be for it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
    /// Account; `None` for a server that asks for none.
    pub user: Option<String>,
    /// Mechanism to use; `None` takes what the server offers.
    pub mechanism: Option<Mechanism>,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Deadlines.
    pub times: Times,
}

/// The user's mail server, as a transport. One connection serves a whole batch.
pub struct Smtp {
    settings: Settings,
    password: PasswordFrom,
    fetched: Option<SecretString>,
    runtime: Option<Runtime>,
    session: Option<Session>,
}

impl Smtp {
    /// Returns a transport that has connected to nothing yet.
    #[must_use]
    pub const fn new(settings: Settings, password: PasswordFrom) -> Self {
        Self {
            settings,
            password,
            fetched: None,
            runtime: None,
            session: None,
        }
    }

    /// Does everything that needs no network, so that a wrong setting costs no connection.
    fn prepare(&mut self) -> Result<(), Box<Setback>> {
        let failed = |why: String| Box::new(Setback::new(Stage::Prepare, why).lasting());
        if self.runtime.is_none() {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|e| failed(format!("the network could not be set up: {e}")))?;
            self.runtime = Some(runtime);
        }
        if let (Some(user), None) = (&self.settings.user, &self.fetched) {
            let password = self
                .password
                .fetch(user)
                .map_err(|e| failed(e.to_string()))?;
            self.fetched = Some(password);
        }
        Ok(())
    }
}

impl Transport for Smtp {
    fn name(&self) -> String {
        format!("smtp {}:{}", self.settings.host, self.settings.port)
    }

    fn hand_over(&mut self, passage: &mut Passage<'_>) -> Outcome {
        if let Err(setback) = self.prepare() {
            return Outcome::Deferred(*setback);
        }
        let Some(runtime) = &self.runtime else {
            return Outcome::Deferred(Setback::new(Stage::Prepare, "no network"));
        };
        let kept = self.session.take();
        let (outcome, session) = runtime.block_on(session::submit(
            &self.settings,
            self.fetched.as_ref(),
            kept,
            passage,
        ));
        self.session = session;
        // A password that was refused is asked for again.
        if matches!(&outcome, Outcome::Deferred(setback) if setback.stage == Stage::Auth) {
            self.fetched = None;
        }
        outcome
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            if let Some(session) = self.session.take() {
                runtime.block_on(session.quit());
            }
            // A name lookup that hangs must not hold the program.
            runtime.shutdown_background();
        }
    }
}
