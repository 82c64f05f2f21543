//! One HTTP GET for RDAP: pinned to checked addresses, bounded in size and time.
//!
//! In: a URL and the addresses it may connect to. Out: [`Fetched`].
//! Standards: RFC 7480 §4 and §5, RFC 9110 §15 (status), §10.2.3 (Retry-After).
//! Trust: the answer is hostile: size and time are capped, no coding is undone, no redirect followed, no cookie kept, no proxy asked.
//! Failures: a few words.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, LOCATION, RETRY_AFTER};
use url::Url;

use super::manners::REST;

/// Octets of one answer that are read: the largest bootstrap file has a tenth of it.
const BODY_OCTETS_MAX: usize = 1024 * 1024;

/// An answer, whatever its status.
pub(super) struct Fetched {
    /// The status.
    pub(super) status: u16,
    /// Where a redirect leads, as written.
    pub(super) location: Option<String>,
    /// What Retry-After says, as written.
    retry_after: Option<String>,
    /// The body.
    pub(super) body: Vec<u8>,
}

impl Fetched {
    /// Returns whether the server says that it has had enough.
    pub(super) const fn wants_rest(&self) -> bool {
        // RFC 6585 §4: 429. RFC 7480 §5.5. A 403 is what registries give to whom they blocked.
        matches!(self.status, 429 | 403 | 503)
    }

    /// Returns how long the server rests, beyond this run; `None` where it names no time, and only fails.
    pub(super) fn rests_for(&self, now: Timestamp) -> Option<SignedDuration> {
        let named = self.retry_after.as_deref().and_then(|after| {
            // RFC 9110 §10.2.3: seconds, or a date.
            let seconds = after.trim().parse::<u32>().ok();
            seconds
                .map(|seconds| SignedDuration::from_secs(i64::from(seconds)))
                .or_else(|| {
                    let date = jiff::fmt::rfc2822::parse(after.trim()).ok()?;
                    Some(date.timestamp().duration_since(now))
                })
        });
        // A 503 without a time is a bad hour of the server, not a word about us.
        named.or((self.status != 503).then_some(REST))
    }

    /// Returns why the server rests, in words.
    pub(super) fn rest_reason(&self) -> String {
        let what = match self.status {
            429 => "it answered 429 Too Many Requests".to_owned(),
            403 => "it answered 403 Forbidden".to_owned(),
            other => format!("it answered {other}"),
        };
        match &self.retry_after {
            // It is kept for runs to come: a header's worth of digits is no time.
            Some(after) if after.len() <= 10 && after.bytes().all(|b| b.is_ascii_digit()) => {
                format!("{what} and asks to wait {after} s")
            }
            _ => what,
        }
    }
}

/// The client.
pub(super) struct Http {
    client: reqwest::Client,
    pins: Arc<Pins>,
}

/// The checked addresses of the one host that is asked now.
#[derive(Debug, Default)]
struct Pins(Mutex<HashMap<String, Vec<SocketAddr>>>);

impl Resolve for Pins {
    fn resolve(&self, name: Name) -> Resolving {
        // Resolving again would let a name change between check and connection.
        let pinned = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&name.as_str().to_ascii_lowercase())
            .cloned();
        Box::pin(async move {
            match pinned {
                Some(addrs) => Ok(Box::new(addrs.into_iter()) as Addrs),
                None => Err("the host was not checked".into()),
            }
        })
    }
}

impl Http {
    /// Returns a client that has connected to nobody.
    pub(super) fn new() -> Result<Self, String> {
        // Another part of the program may have been first; ring it is in any case.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pins = Arc::new(Pins::default());
        let client = reqwest::Client::builder()
            .user_agent(concat!(
                "plaint/",
                env!("CARGO_PKG_VERSION"),
                " (abuse contact lookup)"
            ))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::clone(&pins))
            .build()
            .map_err(|e| format!("HTTPS cannot be used: {}", chain(&e)))?;
        Ok(Self { client, pins })
    }

    /// Gets one document from one of the given addresses, within the given time.
    pub(super) async fn get(
        &self,
        url: &Url,
        host: &str,
        addrs: Vec<SocketAddr>,
        time: Duration,
    ) -> Result<Fetched, String> {
        {
            let mut pins = self.pins.0.lock().unwrap_or_else(PoisonError::into_inner);
            pins.clear();
            pins.insert(host.to_ascii_lowercase(), addrs);
        }
        tokio::time::timeout(time, self.fetch(url))
            .await
            .unwrap_or_else(|_| Err(format!("no whole answer within {} s", time.as_secs())))
    }

    async fn fetch(&self, url: &Url) -> Result<Fetched, String> {
        // RFC 7480 §4.2: the client says that it wants RDAP.
        let request = self
            .client
            .get(url.clone())
            .header(ACCEPT, "application/rdap+json, application/json;q=0.5");
        let mut answer = request.send().await.map_err(|e| chain(&e))?;
        let header = |name| {
            answer
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let (location, retry_after) = (header(LOCATION), header(RETRY_AFTER));
        if header(CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
            // None was asked for; undoing one is how a small answer becomes a large one.
            return Err("it compressed its answer, which was not asked for".to_owned());
        }
        let mut fetched = Fetched {
            status: answer.status().as_u16(),
            location,
            retry_after,
            body: Vec::new(),
        };
        while let Some(piece) = answer.chunk().await.map_err(|e| chain(&e))? {
            if fetched.body.len() + piece.len() > BODY_OCTETS_MAX {
                return Err("its answer is over 1 MiB".to_owned());
            }
            fetched.body.extend_from_slice(&piece);
        }
        Ok(fetched)
    }
}

/// Returns the innermost reasons of an error; reqwest keeps the telling one inside.
fn chain(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    innermost.to_string()
}
