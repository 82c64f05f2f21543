//! RDAP: which server answers, how it is asked, how its answer is read.
//!
//! In: a suspect. Out: a [`Source`] of findings, or why there is none.
//! Standards: RFC 9082 (questions), RFC 9083 (answers), RFC 9224 (bootstrap), RFC 7480 (HTTP), RFC 9537 (redaction).
//! Trust: answers are hostile; redirects and links are followed only to public servers, and a bounded number of times.
//! Failures: every question ends in a line of its own; the next server is tried.

use serde_json::Value;
use url::Url;

use super::asker::{Asker, Trail};
use super::rank::Source;
use super::target::Target;
use super::{Cache, Via};

// which server answers
mod bootstrap;
pub(super) use bootstrap::Books;

// what an answer says
mod object;
pub(super) use object::Object;

// contact cards
mod card;

/// Redirects and links of one lookup that are followed.
const STEPS_MAX: usize = 5;
/// Contacts named by handle only that are fetched: an answer has one or two.
const STUBS_MAX: usize = 2;

/// One RDAP answer, read, and where it came from.
pub(super) struct Answer {
    /// What it says.
    pub(super) source: Source,
    /// WHOIS server that it names. RFC 9083 §4.7.
    pub(super) port43: Option<String>,
}

/// Asks by RDAP who answers for a target: the bootstrap's servers in turn, links of an answer that names nobody.
pub(super) fn ask(
    asker: &mut Asker<'_>,
    books: &mut Books,
    cache: &mut dyn Cache,
    target: &Target,
    trail: &mut Trail,
    now: jiff::Timestamp,
) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for base in books.servers(asker, cache, target, trail, now) {
        let Ok(url) = Url::parse(&base).and_then(|base| base.join(&target.rdap_path())) else {
            trail.note(
                "rdap",
                &base,
                &target.to_string(),
                "the server's link is not one",
            );
            continue;
        };
        let mut steps = STEPS_MAX;
        // The registry's own server is believed; where its links lead is judged by name.
        follow(asker, url, true, &mut steps, target, trail, &mut answers);
        if !answers.is_empty() {
            break;
        }
    }
    answers
}

/// Gets one document, its redirects, its stubs and, where it names nobody, its related links.
fn follow(
    asker: &mut Asker<'_>,
    url: Url,
    trusted: bool,
    steps: &mut usize,
    target: &Target,
    trail: &mut Trail,
    answers: &mut Vec<Answer>,
) {
    let Some((at, json, trusted)) = fetch(asker, url, trusted, steps, trail) else {
        return;
    };
    let server = at.host_str().unwrap_or_default().to_owned();
    let mut object = Object::read(&json, target, asker.rules);
    if object.is_elsewhere {
        // Whoever answers for another network is innocent of this one.
        trail.note(
            "rdap",
            &server,
            at.path(),
            "it answered about another network",
        );
        return;
    }
    let stubs = object.stubs.iter().map(|link| (link, false));
    let holders = object.holders.iter().map(|link| (link, true));
    for (stub, is_holder) in stubs.take(STUBS_MAX).chain(holders.take(1)) {
        // Whose desk is named already is not asked about once more.
        if is_holder && object.findings.iter().any(|f| f.recommended) {
            break;
        }
        // Only the server that answered: a stub must not send us elsewhere.
        let Ok(stub) = at.join(stub) else { continue };
        if stub.host_str() != at.host_str() || *steps == 0 {
            continue;
        }
        let Some((end, json, still)) = fetch(asker, stub, trusted, steps, trail) else {
            continue;
        };
        // Where it redirects to a stranger, the stranger would speak in its name.
        if end.host_str() != at.host_str() && !still {
            continue;
        }
        object.findings.extend(if is_holder {
            Object::of_holder(&json, asker.rules)
        } else {
            Object::of_entity(&json, asker.rules)
        });
    }
    object.findings.sort_by_key(|f| f.tier);
    let related = std::mem::take(&mut object.related);
    let names_one = object.findings.iter().any(|f| f.recommended);
    let named = object
        .port43
        .as_deref()
        .and_then(|host| asker.rules.registries.of_server(host))
        .or_else(|| asker.rules.registries.of_server(&server))
        .or_else(|| {
            let own = object.self_host.as_deref()?;
            asker.rules.registries.of_server(own)
        });
    answers.push(Answer {
        source: Source {
            via: Via::Rdap,
            server,
            registry: named.map(|r| r.registry.clone()),
            trusted,
            facts: object.facts,
            findings: object.findings,
            forms: object.forms,
        },
        port43: object.port43,
    });
    if names_one {
        return;
    }
    for link in related {
        if *steps == 0 {
            trail.note("rdap", &link, "", "not followed: five steps are enough");
            break;
        }
        let Ok(url) = at.join(&link) else { continue };
        if url == at {
            continue;
        }
        *steps -= 1;
        let trusted = trusted && is_known(asker, &url, &at, target);
        let before = answers.len();
        follow(asker, url, trusted, steps, target, trail, answers);
        if answers.get(before..).is_some_and(|new| {
            new.iter()
                .any(|answer| answer.source.findings.iter().any(|f| f.recommended))
        }) {
            break;
        }
    }
}

/// Gets one document and follows its redirects; returns where it was found, and whether that server is believed.
fn fetch(
    asker: &mut Asker<'_>,
    mut url: Url,
    mut trusted: bool,
    steps: &mut usize,
    trail: &mut Trail,
) -> Option<(Url, Value, bool)> {
    loop {
        let server = url.host_str().unwrap_or_default().to_owned();
        let query = url.path().to_owned();
        let fetched = match asker.get(&url, trail) {
            Ok(fetched) => fetched,
            Err(why) => {
                trail.note("rdap", &server, &query, why);
                return None;
            }
        };
        let next = match (fetched.status, &fetched.location) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => url.join(location).ok(),
            _ => None,
        };
        let Some(next) = next else {
            return match document(&fetched) {
                Ok(json) => {
                    trail.note("rdap", &server, &query, "answered");
                    Some((url, json, trusted))
                }
                Err(why) => {
                    trail.note("rdap", &server, &query, why);
                    None
                }
            };
        };
        let to = next.host_str().unwrap_or_default().to_owned();
        if *steps == 0 {
            trail.note(
                "rdap",
                &server,
                &query,
                format!("redirects to {to}; not followed: five steps are enough"),
            );
            return None;
        }
        *steps -= 1;
        if url.scheme() == "https" && next.scheme() != "https" {
            trail.note(
                "rdap",
                &server,
                &query,
                format!("redirects to {}, without TLS; not followed", next.as_str()),
            );
            return None;
        }
        trail.note("rdap", &server, &query, format!("redirects to {to}"));
        trusted = trusted && (is_registry(asker, &next) || next.host_str() == url.host_str());
        url = next;
    }
}

/// Returns the JSON of an answer, or why there is none, in words.
fn document(fetched: &super::http::Fetched) -> Result<Value, String> {
    match fetched.status {
        200 => {}
        404 => return Err("404: it knows nothing about that".to_owned()),
        _ if fetched.wants_rest() => {
            return Err(format!(
                "{}; not asked again in this run",
                fetched.rest_reason()
            ));
        }
        other => return Err(format!("it answered {other}")),
    }
    // RFC 8259 §8.1: a byte order mark may be ignored.
    let body = fetched
        .body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&fetched.body);
    let json: Value = serde_json::from_slice(body).map_err(|_| {
        // Registries answer with pages of HTML when they block somebody.
        if fetched.body.trim_ascii_start().starts_with(b"<") {
            "it answered with a web page".to_owned()
        } else {
            "its answer is not JSON".to_owned()
        }
    })?;
    if !json.is_object() {
        return Err("its answer is no RDAP object".to_owned());
    }
    // RFC 9083 §6: an error may come with any status.
    if let Some(code) = json.get("errorCode") {
        return Err(format!("it answered with error {code}"));
    }
    Ok(json)
}

/// Returns whether a server is one that the rules name as a registry's.
fn is_registry(asker: &Asker<'_>, url: &Url) -> bool {
    url.host_str()
        .is_some_and(|host| asker.rules.registries.of_server(host).is_some())
}

/// Returns whether a linked server may be believed as much as the one that links it.
fn is_known(asker: &Asker<'_>, url: &Url, from: &Url, target: &Target) -> bool {
    // A domain registry links the registrar's server: it is who knows the registrar's own desk.
    is_registry(asker, url)
        || url.host_str() == from.host_str()
        || matches!(target, Target::Domain(_))
}
