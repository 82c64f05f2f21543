//! The conversation with a mail server, from the connection to the answer after the dot.
//!
//! In: [`Settings`], a complaint on its way. Out: [`Outcome`], and the connection if it can serve again.
//! Standards: RFC 5321 §3 and §4.1, RFC 3207, RFC 4954, RFC 6152, RFC 1870.
//! Trust: each stage takes only its own code; whatever else comes ends the connection.
//! Failures: before the dot nothing was delivered; after it, only 250, 4yz and 5yz are known ends.

use std::net::SocketAddr;
use std::time::Duration;

use mail_send::SmtpClient;
use secrecy::SecretString;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::auth::{self, Mechanism};
use super::capabilities::Capabilities;
use super::dots;
use super::reply::Reply;
use super::tls::{self, TlsError};
use super::wire::{Stream, Wire, WireError};
use super::{Settings, Tls};
use crate::complaint::Complaint;
use crate::consent::bare_line_end;
use crate::delivery::{Outcome, Passage, Setback, Stage};

/// What we call ourselves. RFC 5321 §4.1.3: an address literal stands where a
/// client has no name to give; the machine's own name is nobody's business.
const EHLO_NAME: &str = "[127.0.0.1]";

/// Addresses of one host that are tried.
const ADDRESSES: usize = 4;

/// How long a goodbye may take; the message is settled before it.
const QUIT: Duration = Duration::from_secs(2);

/// Why a stage did not go on.
type Broken = Box<Outcome>;

/// A connection on which mail can be sent.
pub(super) struct Session {
    wire: Wire,
    can: Capabilities,
}

impl Session {
    /// Says goodbye, and does not mind the answer.
    pub(super) async fn quit(mut self) {
        let _ = timeout_at(Instant::now() + QUIT, self.wire.command("QUIT")).await;
    }
}

/// Submits one complaint, on the connection of the one before where that still answers.
pub(super) async fn submit(
    settings: &Settings,
    password: Option<&SecretString>,
    kept: Option<Session>,
    passage: &mut Passage<'_>,
) -> (Outcome, Option<Session>) {
    let whole = Instant::now() + settings.times.whole;
    let mut session = match reused(kept, whole).await {
        Some(session) => session,
        None => match opened(settings, password, whole).await {
            Ok(session) => session,
            Err(broken) => return (*broken, None),
        },
    };
    let (outcome, usable) = match session.transact(settings, passage).await {
        Ok(outcome) => (outcome, true),
        Err((broken, usable)) => (*broken, usable),
    };
    (outcome, usable.then_some(session))
}

/// Returns the kept connection, if the server still answers on it.
async fn reused(kept: Option<Session>, whole: Instant) -> Option<Session> {
    let mut session = kept?;
    session.wire.renew(whole);
    // RFC 5321 §4.1.1.5: RSET forgets a transaction, and only 250 answers it.
    let reply = session.wire.command("RSET").await.ok()?;
    (reply.code == 250).then_some(session)
}

/// Connects, protects the connection, and authenticates.
async fn opened(
    settings: &Settings,
    password: Option<&SecretString>,
    whole: Instant,
) -> Result<Session, Broken> {
    let step = settings.times.step;
    let tcp = connected(settings, whole).await?;
    let mut wire: Wire = match settings.tls {
        Tls::Implicit => {
            let stream = protected(tcp, settings, whole).await?;
            let mut wire: Wire = Wire::new(stream, whole, step);
            welcomed(&mut wire).await?;
            wire
        }
        Tls::StartTls => {
            let mut wire = Wire::new(tcp, whole, step);
            welcomed(&mut wire).await?;
            let tcp = upgradable(wire).await?;
            let stream = protected(tcp, settings, whole).await?;
            Wire::new(stream, whole, step)
        }
        Tls::None => {
            let stream: Box<dyn Stream> = Box::new(tcp);
            let mut wire: Wire = Wire::new(stream, whole, step);
            welcomed(&mut wire).await?;
            wire
        }
    };
    let can = greeted(&mut wire).await?;
    if let (Some(user), Some(password)) = (&settings.user, password) {
        let Some(mechanism) = Mechanism::choose(settings.mechanism, &can.mechanisms) else {
            let why = "the server offers no way to log in that plaint knows";
            return Err(deferred(Setback::new(Stage::Auth, why).lasting()));
        };
        let reply = auth::authenticate(&mut wire, mechanism, user, password)
            .await
            .map_err(lost(Stage::Auth))?;
        judge(Stage::Auth, &reply, 235)?;
    }
    Ok(Session { wire, can })
}

/// Connects to the first address that answers.
async fn connected(settings: &Settings, whole: Instant) -> Result<TcpStream, Broken> {
    let step = settings.times.step;
    let addresses = resolved(settings, whole.min(Instant::now() + step)).await?;
    let mut last = None;
    for address in addresses.into_iter().take(ADDRESSES) {
        let left = whole.saturating_duration_since(Instant::now()).min(step);
        match SmtpClient::connect(address, left).await {
            Ok(client) => return Ok(client.stream),
            Err(e) => last = Some((address, e)),
        }
    }
    let host = &settings.host;
    let why = match last {
        Some((address, e)) => {
            format!("`{host}` ({address}) cannot be reached: {}", reason(&e))
        }
        None => format!("`{host}` has no address"),
    };
    Err(deferred(Setback::new(Stage::Connect, why)))
}

/// Says why a connection was not made.
fn reason(error: &mail_send::Error) -> String {
    match error {
        mail_send::Error::Io(e) => e.to_string(),
        mail_send::Error::Timeout => "it did not answer in time".to_owned(),
        other => other.to_string(),
    }
}

/// Looks the server's addresses up; without TLS, only loopback addresses will do.
async fn resolved(settings: &Settings, deadline: Instant) -> Result<Vec<SocketAddr>, Broken> {
    let host = settings.host.as_str();
    let failed = |why: &str| {
        let why = format!("`{host}` cannot be found: {why}");
        deferred(Setback::new(Stage::Connect, why))
    };
    let found = timeout_at(deadline, tokio::net::lookup_host((host, settings.port)))
        .await
        .map_err(|_| failed("the name lookup took too long"))?
        .map_err(|e| failed(&e.to_string()))?;
    let addresses: Vec<SocketAddr> = found.collect();
    let local = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
    if settings.tls == Tls::None && !addresses.iter().all(local) {
        let why =
            format!("`tls = \"none\"` is only for this machine itself, and `{host}` is another");
        return Err(deferred(Setback::new(Stage::Connect, why).lasting()));
    }
    Ok(addresses)
}

/// Lays TLS over a connection.
async fn protected(
    stream: TcpStream,
    settings: &Settings,
    whole: Instant,
) -> Result<Box<dyn Stream>, Broken> {
    let failed = |error: TlsError| {
        let setback = Setback::new(Stage::Tls, error.to_string());
        deferred(if error.is_lasting() {
            setback.lasting()
        } else {
            setback
        })
    };
    let connector = tls::connector(settings.ca_file.as_deref()).map_err(failed)?;
    let left = whole.saturating_duration_since(Instant::now());
    let client = SmtpClient {
        stream,
        timeout: left.min(settings.times.step),
    };
    let client = client
        .into_tls(&connector, &settings.host)
        .await
        .map_err(|e| failed(tls::refused(e, &settings.host)))?;
    Ok(Box::new(client.stream))
}

/// Asks for STARTTLS, and returns the connection for TLS to be laid over it.
async fn upgradable(mut wire: Wire<TcpStream>) -> Result<TcpStream, Broken> {
    let can = greeted(&mut wire).await?;
    // RFC 8314 §4.1: without TLS there is no submission; a server, or who
    // stands before it, cannot talk us out of it.
    if !can.start_tls {
        let why = "the server offers no STARTTLS, and without TLS nothing is sent";
        return Err(deferred(Setback::new(Stage::StartTls, why).lasting()));
    }
    let at = Stage::StartTls;
    let reply = wire.command("STARTTLS").await.map_err(lost(at))?;
    judge(at, &reply, 220)?;
    // RFC 3207 §6: what stands in the clear behind the reply was put there by
    // somebody; `command` has refused it, and this makes sure of it.
    // RFC 3207 §4.2 MUST: what was learnt before TLS is forgotten, `can` with it.
    wire.into_stream().map_err(lost(at))
}

/// Reads the server's greeting.
async fn welcomed<S: Stream>(wire: &mut Wire<S>) -> Result<(), Broken> {
    let banner = wire.read().await.map_err(lost(Stage::Banner))?;
    // RFC 5321 §3.1: 220 opens the session; 554 refuses it.
    judge(Stage::Banner, &banner, 220)
}

/// Says EHLO, and reads what the server can do.
async fn greeted<S: Stream>(wire: &mut Wire<S>) -> Result<Capabilities, Broken> {
    let reply = wire
        .command(&format!("EHLO {EHLO_NAME}"))
        .await
        .map_err(lost(Stage::Ehlo))?;
    // RFC 5321 §4.1.1.1 departs: no HELO after a refused EHLO; submission needs the extensions.
    judge(Stage::Ehlo, &reply, 250)?;
    Ok(Capabilities::of(&reply))
}

impl Session {
    /// Sends one message; a failure says whether the connection can still serve.
    async fn transact(
        &mut self,
        settings: &Settings,
        passage: &mut Passage<'_>,
    ) -> Result<Outcome, (Broken, bool)> {
        let complaint = passage.complaint();
        let octets = &complaint.octets;
        let mail = self.mail_command(complaint).map_err(|b| (b, true))?;
        let rcpt = match &complaint.desk.mailbox {
            Some(mailbox) => format!("RCPT TO:<{mailbox}>"),
            None => {
                let setback = Setback::new(Stage::Prepare, "the desk has no mailbox").lasting();
                return Err((deferred(setback), true));
            }
        };
        self.step(Stage::Mail, &mail, &[250]).await?;
        // RFC 5321 §3.3: one recipient, so the answer to the dot is about that one.
        // RFC 5321 §3.4: 251 says that the server passes it on to another mailbox.
        self.step(Stage::Rcpt, &rcpt, &[250, 251]).await?;
        self.step(Stage::Data, "DATA", &[354]).await?;
        self.body(&dots::stuffed(octets)).await?;
        if let Err(e) = passage.last_moment() {
            let setback = Setback::new(Stage::Data, e.to_string());
            return Err((deferred(setback), false));
        }
        self.dot(settings).await
    }

    /// Returns the MAIL command, or why this server cannot take this message.
    fn mail_command(&self, complaint: &Complaint) -> Result<String, Broken> {
        let refused = |why: String| Err(deferred(Setback::new(Stage::Mail, why).lasting()));
        let octets = &complaint.octets;
        // RFC 5321 §2.3.8: consent bars such a message; nothing may slip past it.
        if let Some(at) = bare_line_end(octets) {
            return refused(format!(
                "the message has a line end that is not CR LF at octet {at}"
            ));
        }
        let mut line = format!("MAIL FROM:<{}>", complaint.from);
        // RFC 1870 §5: the size is declared, so that a refusal comes before the message.
        if let Some(most) = self.can.size_octets.filter(|most| octets.len() > *most) {
            return refused(format!(
                "the server takes {most} octets at most, and the message has {}",
                octets.len()
            ));
        }
        if self.can.size {
            line.push_str(&format!(" SIZE={}", octets.len()));
        }
        // RFC 6152 §3 MUST NOT: 8-bit octets are not sent to a server that does not take them.
        if !octets.is_ascii() {
            if !self.can.eight_bit {
                return refused("the server takes no 8-bit mail".to_owned());
            }
            line.push_str(" BODY=8BITMIME");
        }
        Ok(line)
    }

    /// Sends one command that must be answered with one of the codes that are due.
    async fn step(&mut self, at: Stage, line: &str, due: &[u16]) -> Result<(), (Broken, bool)> {
        let reply = self
            .wire
            .command(line)
            .await
            .map_err(|e| (lost(at)(e), false))?;
        if due.contains(&reply.code) {
            return Ok(());
        }
        let usable = matches!(reply.code, 400..=599) && reply.code != 421;
        let first = due.first().copied().unwrap_or_default();
        judge(at, &reply, first).map_err(|broken| (broken, usable))
    }

    /// Sends the message without the line that ends it.
    async fn body(&mut self, octets: &[u8]) -> Result<(), (Broken, bool)> {
        let at = Stage::Data;
        let written = self.wire.write(octets).await;
        // RFC 5321 §4.2.5: a server that cannot go on may say so at once. What
        // it says before the dot is no answer to the dot.
        match self.wire.overheard().await {
            Ok(None) => written.map_err(|e| (lost(at)(e), false)),
            Ok(Some(reply)) => match judge(at, &reply, 0) {
                Ok(()) => Ok(()),
                Err(broken) => Err((broken, false)),
            },
            Err(e) => Err((lost(at)(written.err().unwrap_or(e)), false)),
        }
    }

    /// Sends the dot, and reads the answer that decides.
    async fn dot(&mut self, settings: &Settings) -> Result<Outcome, (Broken, bool)> {
        let unknown = |why: String| {
            let setback = Setback::new(Stage::Dot, format!("after the final dot, {why}"));
            (Box::new(Outcome::Unknown(setback)), false)
        };
        // RFC 5321 §4.5.3.2.6: the answer to the dot has a deadline of its own.
        let deadline = Instant::now() + settings.times.dot;
        self.wire.renew(deadline);
        // An error here does not say that the dot did not leave.
        if let Err(e) = self.wire.write(dots::END).await {
            return Err(unknown(e.to_string()));
        }
        let reply = match self.wire.read_until(deadline).await {
            Ok(reply) => reply,
            Err(e) => return Err(unknown(e.to_string())),
        };
        match reply.code {
            // RFC 5321 §4.2.5: with 250 the server has taken the responsibility.
            250 => Ok(Outcome::Accepted {
                by: settings.host.clone(),
                reply: reply.text(),
            }),
            400..=599 => judge(Stage::Dot, &reply, 250)
                .map(|()| Outcome::Unknown(Setback::new(Stage::Dot, reply.text())))
                .map_err(|broken| (broken, reply.code != 421)),
            _ => Err(unknown(format!("the server said `{}`", reply.text()))),
        }
    }
}

/// Takes the one code that is due at a stage; anything else ends the attempt.
fn judge(at: Stage, reply: &Reply, due: u16) -> Result<(), Broken> {
    if reply.code == due {
        return Ok(());
    }
    let said = reply.text();
    let setback = Setback {
        stage: at,
        code: Some(reply.code),
        enhanced: reply.enhanced(),
        lasting: false,
        garbled: false,
        why: format!("the server answered `{said}` at {at}"),
    };
    // RFC 5321 §4.2.1: 4yz is for now, 5yz for good.
    Err(match reply.code {
        400..=499 => deferred(setback),
        // Before MAIL, and for want of a login, it is us whom the server
        // refuses, not the complaint: it can go out once that is mended.
        500..=599 if at < Stage::Mail || matches!(reply.code, 530 | 534 | 535 | 538) => {
            deferred(setback.lasting())
        }
        500..=599 => Box::new(Outcome::Rejected(setback)),
        _ => deferred(Setback {
            garbled: true,
            why: format!("the server answered `{said}` at {at}, where only {due} will do"),
            ..setback
        }),
    })
}

/// Returns what a lost connection means before the dot: nothing was delivered.
fn lost(at: Stage) -> impl Fn(WireError) -> Broken {
    move |error| {
        let setback = Setback::new(at, format!("{error}, at {at}"));
        deferred(match error {
            WireError::Reply(_) | WireError::Early => setback.garbled(),
            WireError::Closed | WireError::Slow | WireError::Io(_) => setback,
        })
    }
}

fn deferred(setback: Setback) -> Broken {
    Box::new(Outcome::Deferred(setback))
}
