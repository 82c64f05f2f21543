//! Octets to and from a server, each step with its deadline.
//!
//! In: commands. Out: [`Reply`]s.
//! Standards: RFC 5321 §4.5.3.2 (time-outs), §4.3.1 (one reply to each command).
//! Trust: a reply that comes before its command is not an answer to it.
//! Failures: [`WireError`].

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::reply::{self, Reply, ReplyError};

/// Octets read at once.
const CHUNK: usize = 4 * 1024;

/// Octets of a message written under one deadline.
const BLOCK: usize = 64 * 1024;

/// A connection, protected or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("the server closed the connection")]
    Closed,
    #[error("the server did not answer in time")]
    Slow,
    #[error("the connection broke: {0}")]
    Io(String),
    #[error(transparent)]
    Reply(#[from] ReplyError),
    #[error("the server answered before it was asked")]
    Early,
}

/// A connection with what was read of it and not yet used.
pub(super) struct Wire<S = Box<dyn Stream>> {
    stream: S,
    buffer: Vec<u8>,
    /// Deadline of everything up to the dot.
    whole: Instant,
    step: Duration,
}

impl<S: Stream> Wire<S> {
    pub(super) fn new(stream: S, whole: Instant, step: Duration) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            whole,
            step,
        }
    }

    /// Sets a new deadline over everything: another complaint on the same connection.
    pub(super) fn renew(&mut self, whole: Instant) {
        self.whole = whole;
    }

    /// Returns the stream, for TLS to be laid over it; fails where the server has already said more.
    pub(super) fn into_stream(self) -> Result<S, WireError> {
        if self.buffer.is_empty() {
            Ok(self.stream)
        } else {
            Err(WireError::Early)
        }
    }

    fn deadline(&self) -> Instant {
        self.whole.min(Instant::now() + self.step)
    }

    /// Sends one command line and reads its reply.
    pub(super) async fn command(&mut self, line: &str) -> Result<Reply, WireError> {
        self.write(&[line.as_bytes(), b"\r\n"].concat()).await?;
        self.read().await
    }

    /// Reads one reply within one step.
    pub(super) async fn read(&mut self) -> Result<Reply, WireError> {
        self.read_until(self.deadline()).await
    }

    /// Reads one reply, and makes sure that nothing follows it.
    pub(super) async fn read_until(&mut self, deadline: Instant) -> Result<Reply, WireError> {
        let reply = timeout_at(deadline, self.reply())
            .await
            .map_err(|_| WireError::Slow)??;
        // RFC 5321 §4.3.1: one reply to each command; a second one would be
        // taken for the answer to the next (CVE-2011-0411 and its kin).
        if self.buffer.is_empty() {
            Ok(reply)
        } else {
            Err(WireError::Early)
        }
    }

    async fn reply(&mut self) -> Result<Reply, WireError> {
        loop {
            if let Some(reply) = reply::take(&mut self.buffer)? {
                return Ok(reply);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), WireError> {
        let mut chunk = [0; CHUNK];
        let count = self.stream.read(&mut chunk).await.map_err(broken)?;
        if count == 0 {
            return Err(WireError::Closed);
        }
        self.buffer
            .extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(())
    }

    /// Writes octets, a block at a time, each within one step.
    pub(super) async fn write(&mut self, octets: &[u8]) -> Result<(), WireError> {
        for block in octets.chunks(BLOCK) {
            let written = async {
                self.stream.write_all(block).await?;
                self.stream.flush().await
            };
            let deadline = self.whole.min(Instant::now() + self.step);
            timeout_at(deadline, written)
                .await
                .map_err(|_| WireError::Slow)?
                .map_err(broken)?;
        }
        Ok(())
    }

    /// Returns what the server says without being asked, if it said something already.
    pub(super) async fn overheard(&mut self) -> Result<Option<Reply>, WireError> {
        // One look, without waiting: what has arrived is there.
        let now = Instant::now();
        match timeout_at(now, self.reply()).await {
            Err(_) if self.buffer.is_empty() => Ok(None),
            Err(_) => Err(WireError::Early),
            Ok(reply) => reply.map(Some),
        }
    }
}

/// Names a failure of the connection.
fn broken(error: std::io::Error) -> WireError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => WireError::Closed,
        _ => WireError::Io(error.to_string()),
    }
}
