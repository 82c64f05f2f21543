//! Manners towards servers: a pause between two questions, and none after a refusal.
//!
//! In: a server's name, its known pace. Out: how long to wait, or that it is not asked again, and until when.
//! Standards: RFC 6585 §4 (429), RFC 9110 §10.2.3 (Retry-After).
//! Trust: a server can ask for any pause; a day is the longest that is kept.
//! Limits: one question at a time, because the finder asks them one after another; what failed rests for one run alone.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// How long a server rests that has had enough and names no time: registries count by the hour, or the day.
pub(super) const REST: SignedDuration = SignedDuration::from_hours(1);

/// The longest rest that is kept: the registries' own blocks end after a day.
const REST_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Servers whose rest outlasts a run, at most: there are a dozen registries.
const KEPT_MAX: usize = 64;

/// What this and earlier runs have learnt of servers.
#[derive(Debug, Default)]
pub(super) struct Manners {
    asked: HashMap<String, Instant>,
    resting: HashMap<String, Rest>,
    failed: HashMap<String, u8>,
    has_news: bool,
}

/// Why a server rests.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Rest {
    why: String,
    /// Until when; `None` for this run.
    until: Option<Timestamp>,
}

/// Failures in a row after which a server is left alone for the run.
///
/// One may be an accident; a batch of a thousand must not knock a thousand times.
const FAILURES_MAX: u8 = 3;

impl Manners {
    /// Returns why a server is not asked again in this run; `None` where it may be.
    pub(super) fn resting(&self, server: &str) -> Option<&str> {
        self.resting.get(server).map(|rest| rest.why.as_str())
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
            .or_insert_with(|| Rest {
                why: why.into(),
                until: None,
            });
    }

    /// Lets a server rest for the rest of the run, and until a time in runs to come.
    pub(super) fn rest_for(
        &mut self,
        server: &str,
        why: &str,
        time: SignedDuration,
        now: Timestamp,
    ) {
        let time = time.clamp(SignedDuration::ZERO, REST_MAX);
        let until = now.checked_add(time).unwrap_or(now);
        let why = format!("{why} (until {})", until.strftime("%Y-%m-%d %H:%M UTC"));
        let rest = Rest {
            why,
            until: Some(until),
        };
        self.resting.entry(server.to_owned()).or_insert(rest);
        self.has_news = true;
    }

    /// Learns from earlier runs which servers rest; a time that is over, or too far off, is none.
    pub(super) fn recall(&mut self, kept: &str, now: Timestamp) {
        let Ok(kept) = serde_json::from_str::<HashMap<String, Rest>>(kept) else {
            return;
        };
        let farthest = now.checked_add(REST_MAX).unwrap_or(now);
        for (server, rest) in kept.into_iter().take(KEPT_MAX) {
            if rest
                .until
                .is_some_and(|until| now < until && until <= farthest)
            {
                self.resting.entry(server).or_insert(rest);
            }
        }
    }

    /// Returns what runs to come should know, where that changed since it was last asked.
    pub(super) fn news(&mut self) -> Option<String> {
        if !std::mem::take(&mut self.has_news) {
            return None;
        }
        let kept: HashMap<&String, &Rest> = self
            .resting
            .iter()
            .filter(|(_, rest)| rest.until.is_some())
            .take(KEPT_MAX)
            .collect();
        serde_json::to_string(&kept).ok()
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
    fn a_rest_is_known_to_the_next_run_until_it_is_over_and_no_longer_than_a_day() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let hours = SignedDuration::from_hours;
        let mut first = Manners::default();
        first.rest("broken", "it failed");
        assert_eq!(first.news(), None);
        first.rest_for("a", "429", hours(2), now);
        first.rest_for("b", "429", hours(24 * 365), now);
        let kept = first.news().unwrap();
        assert_eq!(first.news(), None);
        let at = |hour| {
            let mut next = Manners::default();
            next.recall(&kept, now + hours(hour));
            ["a", "b", "broken"].map(|server| next.resting(server).map(str::to_owned))
        };
        assert_eq!(
            at(1)[0].as_deref(),
            Some("429 (until 2026-11-21 14:00 UTC)")
        );
        assert_eq!(at(2)[0], None);
        assert!(at(23)[1].is_some());
        assert_eq!(at(24), [None, None, None]);
        // Of a clock that was wrong, nothing is believed.
        assert_eq!(at(-1)[1], None);
        let mut next = Manners::default();
        next.recall("no JSON", now);
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
