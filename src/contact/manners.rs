//! Manners towards servers: a pause between two questions, and none after a refusal.
//!
//! In: a server's name, its known pace. Out: how long to wait, or that it is not asked again.
//! Standards: RFC 6585 §4 (429), RFC 9110 §10.2.3 (Retry-After).
//! Limits: holds for one run; one question at a time, because the finder asks them one after another.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What one run has learnt of the servers it asked.
#[derive(Debug, Default)]
pub(super) struct Manners {
    asked: HashMap<String, Instant>,
    resting: HashMap<String, String>,
    failed: HashMap<String, u8>,
}

/// Failures in a row after which a server is left alone for the run.
///
/// One may be an accident; a batch of a thousand must not knock a thousand times.
const FAILURES_MAX: u8 = 3;

impl Manners {
    /// Returns why a server is not asked again in this run; `None` where it may be.
    pub(super) fn resting(&self, server: &str) -> Option<&str> {
        self.resting.get(server).map(String::as_str)
    }

    /// Returns how long to wait before the next question to a server.
    pub(super) fn wait(&self, server: &str, pace: Duration, now: Instant) -> Duration {
        self.asked.get(server).map_or(Duration::ZERO, |last| {
            pace.saturating_sub(now.saturating_duration_since(*last))
        })
    }

    /// Notes that a server was asked, once it answered or failed to.
    pub(super) fn asked(&mut self, server: &str, now: Instant) {
        self.asked.insert(server.to_owned(), now);
    }

    /// Notes that a server answered.
    pub(super) fn worked(&mut self, server: &str) {
        self.failed.remove(server);
    }

    /// Notes that a server did not answer; after a few times it rests.
    pub(super) fn failed(&mut self, server: &str) {
        let failures = self.failed.entry(server.to_owned()).or_default();
        *failures += 1;
        if *failures >= FAILURES_MAX {
            self.rest(server, format!("it failed {FAILURES_MAX} times in a row"));
        }
    }

    /// Lets a server rest for the rest of the run.
    ///
    /// RFC 6585 §4: who answers 429 has had enough; a time in Retry-After is
    /// kept by not coming back at all in this run.
    pub(super) fn rest(&mut self, server: &str, why: impl Into<String>) {
        self.resting
            .entry(server.to_owned())
            .or_insert_with(|| why.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_is_counted_from_the_end_of_the_last_question() {
        let mut manners = Manners::default();
        let start = Instant::now();
        let pace = Duration::from_secs(1);
        assert_eq!(manners.wait("a", pace, start), Duration::ZERO);
        manners.asked("a", start);
        let later = start + Duration::from_millis(400);
        assert_eq!(manners.wait("a", pace, later), Duration::from_millis(600));
        assert_eq!(manners.wait("b", pace, later), Duration::ZERO);
        assert_eq!(manners.wait("a", pace, start + pace), Duration::ZERO);
    }

    #[test]
    fn a_server_that_refused_rests_with_the_first_reason() {
        let mut manners = Manners::default();
        manners.rest("a", "429");
        manners.rest("a", "later");
        assert_eq!(manners.resting("a"), Some("429"));
        assert_eq!(manners.resting("b"), None);
    }

    #[test]
    fn a_server_that_fails_three_times_in_a_row_rests() {
        let mut manners = Manners::default();
        manners.failed("a");
        manners.failed("a");
        manners.worked("a");
        manners.failed("a");
        manners.failed("a");
        assert_eq!(manners.resting("a"), None);
        manners.failed("a");
        assert!(manners.resting("a").is_some());
    }
}
