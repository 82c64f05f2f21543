//! What the mail server saw: its conversations, and the messages that it keeps.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::listen::lock;
use super::smtp::Stage;

/// A message that the server keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// Number of the conversation, from 0.
    pub(crate) session: usize,
    /// Reverse path.
    pub(crate) from: String,
    /// Forward paths.
    pub(crate) to: Vec<String>,
    /// The message: dots unstuffed, otherwise as it came.
    pub(crate) octets: Vec<u8>,
}

#[derive(Debug, Default)]
struct Book {
    /// The commands of each conversation; AUTH without what it carries.
    sessions: Vec<Vec<String>>,
    reached: Vec<(usize, Stage)>,
    arrived: Vec<Arrived>,
}

/// What the mail server saw; its copies share one book.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mailroom(Arc<(Mutex<Book>, Condvar)>);

impl Mailroom {
    /// Notes that a conversation begins, and returns its number.
    pub(crate) fn begin(&self) -> usize {
        let mut book = lock(&self.0.0);
        book.sessions.push(Vec::new());
        book.sessions.len() - 1
    }

    /// Notes a command.
    pub(crate) fn heard(&self, session: usize, command: &str) {
        if let Some(commands) = lock(&self.0.0).sessions.get_mut(session) {
            commands.push(command.to_owned());
        }
    }

    /// Notes that a conversation is about to be answered at a stage.
    pub(crate) fn reached(&self, session: usize, stage: Stage) {
        lock(&self.0.0).reached.push((session, stage));
        self.0.1.notify_all();
    }

    /// Keeps a message.
    pub(crate) fn keep(&self, arrived: Arrived) {
        lock(&self.0.0).arrived.push(arrived);
    }

    /// Returns how many conversations there were.
    pub(crate) fn conversations(&self) -> usize {
        lock(&self.0.0).sessions.len()
    }

    /// Returns the commands of each conversation.
    pub(crate) fn commands(&self) -> Vec<Vec<String>> {
        lock(&self.0.0).sessions.clone()
    }

    /// Returns the messages that the server keeps.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        lock(&self.0.0).arrived.clone()
    }

    /// Waits until a conversation is at a stage; returns whether it came.
    pub(crate) fn wait_for(&self, stage: Stage, patience: Duration) -> bool {
        let book = lock(&self.0.0);
        let waited = self.0.1.wait_timeout_while(book, patience, |book| {
            !book.reached.iter().any(|(_, reached)| *reached == stage)
        });
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}
