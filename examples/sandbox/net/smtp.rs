//! A mail server for submissions: TLS, AUTH, and every way of failing.
//!
//! In: [`MailRules`]. Out: [`Mailroom`]: the conversations, and what arrived, octet by octet.
//! Standards: RFC 5321 (SMTP), RFC 8314 §3.3 (implicit TLS), RFC 3207 (STARTTLS), RFC 4954 (AUTH).
//! Limits: no pipelining is offered, no CHUNKING; a message of more than 64 MiB ends the conversation.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::fault::{Fault, GARBAGE};
use super::listen::{Listener, lock, read_line};
use super::mailroom::{Arrived, Mailroom};
use super::tls::{Certificates, Shown};
use super::world::World;

/// Octets of a command line that are read at most.
const LINE: usize = 8 * 1024;

/// Octets of a message that are read at most.
const MESSAGE: usize = 64 * 1024 * 1024;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Protection {
    /// TLS from the first octet. RFC 8314 §3.3.
    #[default]
    Implicit,
    /// TLS after STARTTLS. RFC 3207.
    StartTls,
    /// STARTTLS is not offered: what an attacker on the way would make of it.
    None,
}

/// A place of the conversation where the server can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The greeting.
    Banner,
    /// The answer to EHLO.
    Ehlo,
    /// The answer to STARTTLS.
    StartTls,
    /// The answer to AUTH.
    Auth,
    /// The answer to MAIL.
    Mail,
    /// The answer to RCPT.
    Rcpt,
    /// The answer to DATA.
    Data,
    /// The answer to the final dot.
    Dot,
    /// The answer to QUIT.
    Quit,
}

/// How the mail server behaves; read at the beginning of each conversation, but for the faults.
#[derive(Debug, Clone)]
pub(crate) struct MailRules {
    /// How connections are protected.
    pub(crate) protection: Protection,
    /// Which certificate is shown.
    pub(crate) certificate: Shown,
    /// User and password that are let in.
    pub(crate) account: (String, String),
    /// What EHLO lists, beside STARTTLS and AUTH.
    pub(crate) extensions: Vec<String>,
    /// Faults by stage; looked at when the stage is reached.
    pub(crate) faults: BTreeMap<Stage, Fault>,
    /// Replies to RCPT for these mailboxes, in lower case, instead of 250.
    pub(crate) refused: BTreeMap<String, String>,
}

impl Default for MailRules {
    fn default() -> Self {
        Self {
            protection: Protection::Implicit,
            certificate: Shown::Good,
            account: ("robin".to_owned(), "open sesame".to_owned()),
            extensions: ["8BITMIME", "SIZE 36700160", "ENHANCEDSTATUSCODES"]
                .map(str::to_owned)
                .to_vec(),
            faults: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }
}

/// Starts the mail server on a free port of 127.0.0.1.
///
/// # Errors
///
/// No port is free.
pub(crate) fn start(
    world: Arc<Mutex<World>>,
    certificates: Arc<Certificates>,
    mailroom: Mailroom,
) -> io::Result<Listener> {
    Listener::start(SocketAddr::from(([127, 0, 0, 1], 0)), move |stream| {
        let session = mailroom.begin();
        let rules = lock(&world).mail.clone();
        let config = certificates.server(rules.certificate)?;
        let mut conversation = Conversation {
            wire: Wire::Plain(stream),
            world: &world,
            rules,
            mailroom: &mailroom,
            session,
        };
        conversation.run(&config)
    })
}

/// A connection, before TLS and after.
enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
    /// Between the two, for a moment.
    Gone,
}

impl Wire {
    fn secure(&mut self, config: &Arc<ServerConfig>) -> io::Result<()> {
        if let Self::Plain(stream) = std::mem::replace(self, Self::Gone) {
            let tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
            *self = Self::Tls(Box::new(StreamOwned::new(tls, stream)));
        }
        Ok(())
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
            Self::Gone => Ok(0),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
            Self::Gone => Ok(0),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
            Self::Gone => Ok(()),
        }
    }
}

struct Conversation<'s> {
    wire: Wire,
    world: &'s Mutex<World>,
    rules: MailRules,
    mailroom: &'s Mailroom,
    session: usize,
}

impl Conversation<'_> {
    fn run(&mut self, config: &Arc<ServerConfig>) -> io::Result<()> {
        if self.rules.protection == Protection::Implicit {
            self.wire.secure(config)?;
        }
        if !self.reply(Stage::Banner, "220 mail.postbox.example ESMTP")? {
            return Ok(());
        }
        let (mut user, mut from, mut to) = (None, String::new(), Vec::new());
        while let Some(line) = read_line(&mut self.wire, LINE)? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb = line
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let shown = if verb == "AUTH" { "AUTH …" } else { &line };
            self.mailroom.heard(self.session, shown);
            let goes_on = match verb.as_str() {
                "EHLO" | "HELO" => self.reply(Stage::Ehlo, &self.greeting())?,
                "STARTTLS" => {
                    let goes_on = self.reply(Stage::StartTls, "220 2.0.0 go ahead")?;
                    self.wire.secure(config)?;
                    goes_on
                }
                "AUTH" => {
                    user = self.authenticate(&line)?;
                    let verdict = match &user {
                        Some(_) => "235 2.7.0 welcome",
                        None => "535 5.7.8 user or password are wrong",
                    };
                    self.reply(Stage::Auth, verdict)?
                }
                "MAIL" => {
                    from = path(&line);
                    to.clear();
                    let verdict = match &user {
                        Some(_) => "250 2.1.0 sender ok",
                        None => "530 5.7.0 authentication is required",
                    };
                    self.reply(Stage::Mail, verdict)?
                }
                "RCPT" => {
                    let mailbox = path(&line);
                    let refusal = self
                        .rules
                        .refused
                        .get(&mailbox.to_ascii_lowercase())
                        .cloned();
                    let verdict = refusal.unwrap_or_else(|| {
                        to.push(mailbox);
                        "250 2.1.5 recipient ok".to_owned()
                    });
                    self.reply(Stage::Rcpt, &verdict)?
                }
                "DATA" => {
                    let ready = if to.is_empty() {
                        "503 5.5.1 no recipient"
                    } else {
                        "354 end with a dot"
                    };
                    if self.reply(Stage::Data, ready)?
                        && self.fault(Stage::Data).is_none()
                        && !to.is_empty()
                    {
                        let octets = self.message()?;
                        let arrived = Arrived {
                            session: self.session,
                            from: from.clone(),
                            to: std::mem::take(&mut to),
                            octets,
                        };
                        self.dot(arrived)?
                    } else {
                        true
                    }
                }
                "RSET" | "NOOP" => self.say("250 2.0.0 ok")?,
                "QUIT" => {
                    self.reply(Stage::Quit, "221 2.0.0 bye")?;
                    false
                }
                _ => self.say("500 5.5.2 that is no command")?,
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    fn greeting(&self) -> String {
        let mut lines = vec!["mail.postbox.example".to_owned()];
        lines.extend(self.rules.extensions.iter().cloned());
        match (&self.wire, self.rules.protection) {
            // RFC 4954 §4: no AUTH before TLS protects the password.
            (Wire::Tls(_), _) => lines.push("AUTH PLAIN LOGIN".to_owned()),
            (_, Protection::StartTls) => lines.push("STARTTLS".to_owned()),
            _ => {}
        }
        let last = lines.len() - 1;
        let numbered = lines.iter().enumerate();
        let lines: Vec<String> = numbered
            .map(|(at, line)| format!("250{}{line}", if at == last { ' ' } else { '-' }))
            .collect();
        lines.join("\r\n")
    }

    /// Takes AUTH PLAIN and AUTH LOGIN; returns the user if the password is right. RFC 4616, RFC 4954 §4.
    fn authenticate(&mut self, line: &str) -> io::Result<Option<String>> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let initial = words.next().map(str::to_owned);
        let (user, password) = if mechanism == "LOGIN" {
            let user = match initial {
                Some(user) => decode(&user),
                None => self.challenge("VXNlcm5hbWU6")?,
            };
            (user, self.challenge("UGFzc3dvcmQ6")?)
        } else {
            let plain = match initial {
                Some(plain) => decode(&plain),
                None => self.challenge("")?,
            };
            let mut parts = plain.split('\0').skip(1).map(str::to_owned);
            (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or_default(),
            )
        };
        Ok(((&user, &password) == (&self.rules.account.0, &self.rules.account.1)).then_some(user))
    }

    fn challenge(&mut self, text: &str) -> io::Result<String> {
        self.say(&format!("334 {text}"))?;
        let line = read_line(&mut self.wire, LINE)?.unwrap_or_default();
        Ok(decode(&String::from_utf8_lossy(&line)))
    }

    /// Reads a message up to the final dot, and takes the stuffed dots off again. RFC 5321 §4.5.2.
    fn message(&mut self) -> io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        let mut begins = true;
        loop {
            let line = read_line(&mut self.wire, MESSAGE)?
                .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            if begins && line == b".\r\n" {
                return Ok(octets);
            }
            let stuffed = begins && line.starts_with(b".");
            octets.extend(line.iter().skip(usize::from(stuffed)));
            // RFC 5321 §2.3.8: CR LF alone ends a line; a bare LF begins none, whatever others think of it.
            begins = line.ends_with(b"\r\n");
            if octets.len() > MESSAGE {
                return Err(io::Error::other("the message is too large"));
            }
        }
    }

    /// Answers the final dot. The message is kept before the answer, as RFC 5321 §6.1 asks.
    fn dot(&mut self, arrived: Arrived) -> io::Result<bool> {
        let fault = self.fault(Stage::Dot);
        let kept = match &fault {
            None => true,
            Some(Fault::Answer(reply)) => reply.starts_with('2'),
            Some(Fault::Drop | Fault::Hang | Fault::Cut) => false,
            Some(_) => true,
        };
        let queued = format!("250 2.0.0 queued as {:04X}", 0xB01D + self.session);
        if kept {
            self.mailroom.keep(arrived);
        }
        self.reply(Stage::Dot, &queued)
    }

    fn fault(&self, stage: Stage) -> Option<Fault> {
        lock(self.world).mail.faults.get(&stage).cloned()
    }

    /// Answers at a stage, properly or as its fault has it; returns whether the conversation goes on.
    fn reply(&mut self, stage: Stage, proper: &str) -> io::Result<bool> {
        let fault = self.fault(stage);
        self.mailroom.reached(self.session, stage);
        match fault {
            None => self.say(proper),
            Some(Fault::Answer(other)) => self.say(&other),
            Some(Fault::Garbage) => {
                self.wire.write_all(GARBAGE)?;
                self.wire.flush()?;
                Ok(true)
            }
            Some(fault) => fault.spoil(&mut self.wire, format!("{proper}\r\n").as_bytes()),
        }
    }

    fn say(&mut self, line: &str) -> io::Result<bool> {
        self.wire.write_all(format!("{line}\r\n").as_bytes())?;
        self.wire.flush()?;
        Ok(true)
    }
}

fn decode(text: &str) -> String {
    let octets = BASE64.decode(text.trim().as_bytes()).unwrap_or_default();
    String::from_utf8_lossy(&octets).into_owned()
}

/// Returns what stands in the angle brackets of MAIL and RCPT.
fn path(line: &str) -> String {
    let inside = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(path, _)| path.to_owned())
}
