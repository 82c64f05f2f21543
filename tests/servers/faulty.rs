//! A mail server on loopback that fails at one stage, tells when it got there, and keeps what it took.
//!
//! In: [`Act`]s by stage. Out: [`Faulty`]: what arrived, octet by octet.
//! Standards: RFC 5321; written without a look at the client that it tests.
//! Limits: no TLS; what TLS adds is tested against the sandbox's server.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a connection may be silent before its thread gives up.
const SILENCE: Duration = Duration::from_secs(20);

/// Stages, in the order of the way.
pub(crate) const STAGES: [&str; 9] = [
    "banner", "ehlo", "auth", "mail", "rcpt", "data", "body", "dot", "quit",
];

/// What the server does at a stage, in place of the proper answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// The proper answer.
    Proper,
    /// This reply.
    Reply(&'static str),
    /// Closes without an answer.
    Drop,
    /// Resets the connection.
    Reset,
    /// Never answers.
    Hang,
    /// Answers one octet at a time, with this pause between two.
    Drip(Duration),
    /// Answers octets that are no reply.
    Garbage,
    /// Answers a line without an end.
    Long,
    /// Answers lines without an end.
    Many,
    /// Answers properly, and one answer more than it was asked for.
    Twice,
    /// Answers half of the proper answer, then closes.
    Half,
    /// At the dot: keeps the message, and closes without an answer.
    KeepThenDrop,
    /// At the dot: keeps the message, and never answers.
    KeepThenHang,
    /// At the dot: keeps the message, and answers what is no reply.
    KeepThenGarbage,
}

/// Called with the name of each stage when it is reached, and `kept` once a message is kept.
type Watch = Arc<dyn Fn(&str) + Send + Sync>;

/// A running server.
pub(crate) struct Faulty {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Faulty {
    /// Starts a server that does `act` at `stage`, and everything else properly.
    pub(crate) fn at(stage: &'static str, act: Act) -> Self {
        Self::start(vec![(stage, act)], Arc::new(|_: &str| ()))
    }

    /// Starts a server that does everything properly.
    pub(crate) fn proper() -> Self {
        Self::start(Vec::new(), Arc::new(|_: &str| ()))
    }

    /// Starts a server with a plan, which calls `watch` at each stage.
    pub(crate) fn start(plan: Vec<(&'static str, Act)>, watch: Watch) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let said = Arc::new(Mutex::new(Vec::new()));
        let server = (Arc::clone(&kept), Arc::clone(&said));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, said) = (Arc::clone(&server.0), Arc::clone(&server.1));
                let (plan, watch) = (plan.clone(), Arc::clone(&watch));
                std::thread::spawn(move || {
                    let conversation = Conversation {
                        stream,
                        plan,
                        watch,
                        kept,
                        said,
                    };
                    let _ = conversation.run();
                });
            }
        });
        Self { addr, kept, said }
    }

    /// Returns the messages that it took, dots undone.
    pub(crate) fn kept(&self) -> Vec<Vec<u8>> {
        self.kept.lock().unwrap().clone()
    }

    /// Returns the commands that it heard.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

struct Conversation {
    stream: TcpStream,
    plan: Vec<(&'static str, Act)>,
    watch: Watch,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
    said: Arc<Mutex<Vec<String>>>,
}

/// Ends a conversation.
fn over() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

impl Conversation {
    fn run(mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(SILENCE))?;
        self.stream.set_write_timeout(Some(SILENCE))?;
        self.answer("banner", "220 faulty.example ESMTP")?;
        loop {
            let line = self.line()?;
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb = text.split(' ').next().unwrap_or_default().to_uppercase();
            self.said.lock().unwrap().push(text);
            match verb.as_str() {
                "EHLO" => {
                    let proper = "250-faulty.example\r\n250-8BITMIME\r\n250-SIZE 1000000\r\n250 AUTH PLAIN LOGIN";
                    self.answer("ehlo", proper)?;
                }
                "AUTH" => self.answer("auth", "235 2.7.0 ok")?,
                "MAIL" => self.answer("mail", "250 2.1.0 ok")?,
                "RCPT" => self.answer("rcpt", "250 2.1.5 ok")?,
                "RSET" => self.write(b"250 ok\r\n")?,
                "DATA" => {
                    if self.answers("data", "354 go on")? {
                        self.message()?;
                    }
                }
                "QUIT" => {
                    self.answer("quit", "221 bye")?;
                    return Ok(());
                }
                _ => self.write(b"500 what\r\n")?,
            }
        }
    }

    /// Takes a message, up to and with the dot.
    fn message(&mut self) -> io::Result<()> {
        let mut message = Vec::new();
        let mut first = true;
        loop {
            let line = self.line()?;
            if std::mem::take(&mut first) {
                (self.watch)("body");
                match self.act("body") {
                    Act::Proper => {}
                    Act::Reply(text) => self.write(format!("{text}\r\n").as_bytes())?,
                    Act::Drop => return Err(over()),
                    other => panic!("no act at body: {other:?}"),
                }
            }
            if line == b".\r\n" {
                break;
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        (self.watch)("dot");
        let act = self.act("dot");
        let keeps = matches!(
            act,
            Act::Proper
                | Act::KeepThenDrop
                | Act::KeepThenHang
                | Act::KeepThenGarbage
                | Act::Drip(_)
                | Act::Twice
                | Act::Half
        );
        if keeps {
            self.kept.lock().unwrap().push(message);
            (self.watch)("kept");
        }
        self.perform(&act, "250 2.0.0 queued as F00").map(|_| ())
    }

    /// Answers, or does what the plan says instead.
    fn answer(&mut self, stage: &str, proper: &str) -> io::Result<()> {
        self.answers(stage, proper).map(|_| ())
    }

    /// Answers, and returns whether the answer was yes.
    fn answers(&mut self, stage: &str, proper: &str) -> io::Result<bool> {
        (self.watch)(stage);
        let act = self.act(stage);
        self.perform(&act, proper)
    }

    fn act(&self, stage: &str) -> Act {
        self.plan
            .iter()
            .find(|(its, _)| *its == stage)
            .map_or(Act::Proper, |(_, act)| act.clone())
    }

    fn perform(&mut self, act: &Act, proper: &str) -> io::Result<bool> {
        let whole = format!("{proper}\r\n");
        match act {
            Act::Proper => self.write(whole.as_bytes())?,
            Act::Reply(text) => {
                self.write(format!("{text}\r\n").as_bytes())?;
                return Ok(text.starts_with(['2', '3']));
            }
            Act::Drop | Act::KeepThenDrop => return Err(over()),
            Act::Reset => {
                rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO))?;
                return Err(over());
            }
            Act::Hang | Act::KeepThenHang => {
                let mut ignored = [0; 512];
                while self.stream.read(&mut ignored)? > 0 {}
                return Err(over());
            }
            Act::Drip(pause) => {
                for octet in whole.as_bytes() {
                    self.write(&[*octet])?;
                    std::thread::sleep(*pause);
                }
            }
            Act::Garbage | Act::KeepThenGarbage => {
                self.write(b"\x00\xff\x1b[31mnonsense\x1b]52;c;eA==\x07\r\n")?;
            }
            Act::Long => {
                self.write(b"250-")?;
                loop {
                    self.write(&[b'x'; 4096])?;
                }
            }
            Act::Many => loop {
                self.write(&b"250-x\r\n".repeat(500))?;
            },
            Act::Twice => self.write(format!("{whole}{whole}").as_bytes())?,
            Act::Half => {
                let half = whole
                    .as_bytes()
                    .get(..whole.len() / 2)
                    .unwrap_or_default()
                    .to_vec();
                self.write(&half)?;
                return Err(over());
            }
        }
        Ok(true)
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets)
    }

    /// Reads one line, and not one octet more.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut ahead = [0; 4096];
        loop {
            let count = self.stream.peek(&mut ahead)?;
            if count == 0 {
                return Err(over());
            }
            let seen = &ahead[..count];
            let upto = seen
                .iter()
                .position(|b| *b == b'\n')
                .map_or(count, |at| at + 1);
            let mut taken = vec![0; upto];
            self.stream.read_exact(&mut taken)?;
            line.extend_from_slice(&taken);
            if line.ends_with(b"\n") {
                return Ok(line);
            }
        }
    }
}
