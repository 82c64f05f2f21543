//! The links of a message: decoded, disguises taken off, never followed.
//!
//! In: the text parts. Out: [`Link`]s, first seen first.
//! Standards: RFC 3986 and the WHATWG URL standard (what a link is), RFC 5891 (hosts as A-labels), HTML (attributes that hold links).
//! Trust: hostile; a redirector's target is read from the link alone, a shortener's stays unknown.
//! Limits: links in scripts and pictures, and links that a script puts together, are not seen.

use std::borrow::Cow;
use std::collections::HashSet;

use html5gum::{Token, Tokenizer};
use linkify::{LinkFinder, LinkKind};
use url::Url;

use super::Link;
use super::decode;
use crate::rules::Rules;

/// Links of one message at most; a bomb has more.
const LINK_LIMIT: usize = 500;

/// Octets of one link at most; browsers take longer ones, people do not.
const LINK_OCTETS: usize = 4_096;

/// Redirectors within redirectors that are read.
const REDIRECTS: usize = 3;

/// What the texts of a message hold, collected.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) links: Vec<Link>,
    /// Links of pictures that are one dot large.
    pub(super) beacons: Vec<String>,
    /// Addresses of `mailto:` links.
    pub(super) mailtos: Vec<String>,
    /// The text without its tags, for words and addresses.
    pub(super) shown: String,
    seen: HashSet<String>,
}

/// What an attribute leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leads {
    Link,
    Beacon,
}

impl Links {
    /// Adds the links of a plain text.
    pub(super) fn plain(&mut self, text: &str, rules: &Rules) {
        let text = undisguised(text);
        let mut finder = LinkFinder::new();
        finder
            .kinds(&[LinkKind::Url])
            .url_must_have_scheme(false)
            .url_can_be_iri(true);
        for found in finder.links(&text) {
            if self.links.len() >= LINK_LIMIT {
                break;
            }
            let written = found.as_str();
            if written.contains("://") {
                self.add(written, Leads::Link, rules);
            } else if written.to_ascii_lowercase().starts_with("www.") {
                self.add(&format!("http://{written}"), Leads::Link, rules);
            }
        }
        self.say(&text);
    }

    /// Adds the links of an HTML text: of all attributes that lead somewhere, and of what is written.
    pub(super) fn html(&mut self, text: &str, rules: &Rules) {
        let mut written = String::new();
        for token in Tokenizer::new(text) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) => {
                    let name: &[u8] = &tag.name;
                    let attribute =
                        |name: &[u8]| tag.attributes.get(name).map(|value| value.to_vec());
                    let is_dot = name == b"img" && is_dot(&attribute);
                    for (key, value) in &tag.attributes {
                        let key: &[u8] = key;
                        let value = String::from_utf8_lossy(value);
                        match key {
                            b"src" | b"background" | b"poster" | b"data" => {
                                let leads = if is_dot { Leads::Beacon } else { Leads::Link };
                                self.add(value.trim(), leads, rules);
                            }
                            b"href" | b"action" | b"formaction" | b"xlink:href" => {
                                self.add(value.trim(), Leads::Link, rules);
                            }
                            b"content" if name == b"meta" => {
                                if let Some((_, target)) = value.split_once(['=']) {
                                    self.add(target.trim().trim_matches('\''), Leads::Link, rules);
                                }
                            }
                            b"style" => self.style(&value, rules),
                            _ => {}
                        }
                    }
                    written.push(' ');
                }
                Token::String(value) => written.push_str(&String::from_utf8_lossy(&value)),
                _ => {}
            }
        }
        self.plain(&written, rules);
    }

    /// Adds the links of `url(…)` in a style.
    fn style(&mut self, value: &str, rules: &Rules) {
        for piece in value.split("url(").skip(1) {
            let link = piece.split(')').next().unwrap_or_default();
            self.add(link.trim().trim_matches(['"', '\'']), Leads::Link, rules);
        }
    }

    fn say(&mut self, text: &str) {
        let room = decode::TEXT_LIMIT.saturating_sub(self.shown.len());
        let end = (0..=text.len().min(room))
            .rev()
            .find(|end| text.is_char_boundary(*end));
        self.shown
            .push_str(text.get(..end.unwrap_or(0)).unwrap_or_default());
        self.shown.push('\n');
    }

    fn add(&mut self, written: &str, leads: Leads, rules: &Rules) {
        if written.len() > LINK_OCTETS || self.links.len() >= LINK_LIMIT {
            return;
        }
        if let Some(rest) = written
            .get(..7)
            .filter(|start| start.eq_ignore_ascii_case("mailto:"))
        {
            let address = written.get(rest.len()..).unwrap_or_default();
            let address = decode::percent(address.split('?').next().unwrap_or_default().as_bytes());
            self.mailtos
                .push(String::from_utf8_lossy(&address).into_owned());
            return;
        }
        let Some((url, host)) = parsed(written) else {
            return;
        };
        let text = String::from(url.clone());
        if !self.seen.insert(text.clone()) {
            return;
        }
        if leads == Leads::Beacon {
            self.beacons.push(text.clone());
        }
        let target = target(&url, rules, REDIRECTS);
        // What stands behind a redirector is the link that matters: it becomes one of its own.
        let behind = target.clone();
        self.links.push(Link {
            innocent: rules.evidence.held("innocent", &host).is_some()
                || rules.evidence.held("redirector", &host).is_some(),
            shortener: rules.evidence.held("shortener", &host).is_some(),
            url: text,
            host,
            target,
        });
        if let Some(behind) = behind {
            self.add(&behind, Leads::Link, rules);
        }
    }
}

/// Reads a link as a browser does; `None` where it leads to no host.
fn parsed(written: &str) -> Option<(Url, String)> {
    let written = written.trim();
    let with_scheme = if written.starts_with("//") {
        Cow::Owned(format!("http:{written}"))
    } else {
        Cow::Borrowed(written)
    };
    let url = Url::parse(&with_scheme).ok()?;
    if !matches!(url.scheme(), "http" | "https" | "ftp") {
        return None;
    }
    let host = url
        .host_str()?
        .trim_end_matches('.')
        .trim_matches(['[', ']'])
        .to_ascii_lowercase();
    (host.contains('.') || host.contains(':')).then_some((url, host))
}

/// Returns where a redirector's own text says that it leads. Nothing is asked.
fn target(url: &Url, rules: &Rules, depth: usize) -> Option<String> {
    let host = url.host_str()?;
    let held = rules.evidence.held("redirector", host)?;
    let named = url
        .query_pairs()
        .filter(|(name, _)| {
            held.parameters
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        })
        .find_map(|(_, value)| parsed(&value).map(|(url, _)| url));
    // Some write the target behind their own path.
    let found = named.or_else(|| {
        let rest = url.as_str().get(8..)?;
        let at = rest.find("http://").or_else(|| rest.find("https://"))?;
        parsed(rest.get(at..)?).map(|(url, _)| url)
    })?;
    let deeper = depth
        .checked_sub(1)
        .and_then(|depth| target(&found, rules, depth));
    Some(deeper.unwrap_or_else(|| found.into()))
}

/// Returns a text with links as people disguise them put right.
fn undisguised(text: &str) -> Cow<'_, str> {
    const DISGUISES: [(&str, &str); 8] = [
        ("hxxp", "http"),
        ("hXXp", "http"),
        ("[.]", "."),
        ("(.)", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("[:]", ":"),
        ("[//]", "//"),
    ];
    let mut out = Cow::Borrowed(text);
    for (disguise, plain) in DISGUISES {
        if out.contains(disguise) {
            out = Cow::Owned(out.replace(disguise, plain));
        }
    }
    out
}

/// Returns whether a picture is too small to be seen.
fn is_dot(attribute: &impl Fn(&[u8]) -> Option<Vec<u8>>) -> bool {
    let tiny = |name: &[u8]| {
        attribute(name).is_some_and(|value| {
            let digits = value.trim_ascii();
            let digits = digits.strip_suffix(b"px").unwrap_or(digits);
            matches!(digits, b"0" | b"1" | b"2")
        })
    };
    let style = attribute(b"style").unwrap_or_default().to_ascii_lowercase();
    let hidden = |needle: &[u8]| memchr::memmem::find(&style, needle).is_some();
    (tiny(b"width") && tiny(b"height"))
        || hidden(b"display:none")
        || hidden(b"width:1px")
        || hidden(b"height:1px")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> Links {
        let mut links = Links::default();
        links.html(text, &Rules::builtin());
        links
    }

    fn hosts(links: &Links) -> Vec<&str> {
        links.links.iter().map(|link| link.host.as_str()).collect()
    }

    #[test]
    fn links_of_all_attributes_and_of_the_text_are_seen_once() {
        let links = html(
            "<a href=' HTTP://Shop.Example.COM/a?b=1&amp;c=2 '>x</a><img src=\"//img.example.net/p.gif\"><form action=http://192.0.2.9/post>\
             see www.example.org or http://shop.example.com/a?b=1&amp;c=2 <td background='cid:1'><div style=\"background:url('http://bg.example/x')\">",
        );
        assert_eq!(
            hosts(&links),
            [
                "shop.example.com",
                "img.example.net",
                "192.0.2.9",
                "bg.example",
                "www.example.org"
            ]
        );
        assert_eq!(links.links[0].url, "http://shop.example.com/a?b=1&c=2");
    }

    #[test]
    fn numeric_and_unicode_hosts_become_what_a_browser_makes_of_them() {
        let links = html(
            "<a href='http://0xC0000207/x'><a href='http://b\u{fc}cher.example/'><a href='http://user@3221225991/'>",
        );
        assert_eq!(
            hosts(&links),
            ["192.0.2.7", "xn--bcher-kva.example", "192.0.2.7"]
        );
    }

    #[test]
    fn disguises_are_taken_off() {
        let mut links = Links::default();
        links.plain("go to hxxp://evil[.]example/x now", &Rules::builtin());
        assert_eq!(hosts(&links), ["evil.example"]);
    }

    #[test]
    fn a_redirector_says_where_it_leads_and_is_innocent_itself() {
        let links =
            html("<a href='https://www.google.com/url?q=http%3A%2F%2Fevil.example%2Fx&sa=D'>");
        assert_eq!(
            links.links[0].target.as_deref(),
            Some("http://evil.example/x")
        );
        assert!(links.links[0].innocent);
        assert_eq!(hosts(&links), ["www.google.com", "evil.example"]);
        assert!(!links.links[1].innocent);
    }

    #[test]
    fn beacons_are_pictures_that_nobody_sees() {
        let links = html(
            "<img width=1 height=\"1\" src='http://t.example/o?u=17'><img src='http://i.example/a.png' width=600 height=80>",
        );
        assert_eq!(links.beacons, ["http://t.example/o?u=17"]);
    }

    #[test]
    fn a_flood_of_links_is_bounded() {
        let text: String = (0..5_000)
            .map(|n| format!("http://h{n}.example/ "))
            .collect();
        assert_eq!(html(&text).links.len(), LINK_LIMIT);
    }
}
