//! What was asked of the servers, in order.

use std::sync::{Arc, Mutex};

use super::listen::lock;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// `dns`, `rdap`, `whois` or `smtp`.
    pub(crate) proto: &'static str,
    /// The server as the program knows it.
    pub(crate) server: String,
    /// What it was asked: a name and a type, a path, a line.
    pub(crate) text: String,
}

/// What was asked of the servers; its copies share one list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<Question>>>);

impl Journal {
    /// Adds a question.
    pub(crate) fn note(&self, proto: &'static str, server: &str, text: impl Into<String>) {
        lock(&self.0).push(Question {
            proto,
            server: server.to_owned(),
            text: text.into(),
        });
    }

    /// Returns all questions so far.
    pub(crate) fn questions(&self) -> Vec<Question> {
        lock(&self.0).clone()
    }
}
