//! The links of a message: decoded, disguises taken off, never followed.
//!
//! In: the text parts. Out: [`Link`]s, first seen first, and whether a reader comes there.
//! Standards: RFC 3986 and the WHATWG URL standard (what a link is), RFC 5891 (hosts as A-labels), HTML (attributes that hold links).
//! Trust: hostile; a redirector's target is read from the link alone, a shortener's stays unknown. Pictures of an
//! innocent's, his name over a link that leads elsewhere, and what nobody sees, are written in to have him accused.
//! Limits: links in scripts and pictures, and links that a script puts together, are not seen.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use html5gum::{DefaultEmitter, Emitter, ForwardingEmitter, Token, Tokenizer};
use linkify::{LinkFinder, LinkKind};
use url::Url;

use super::visible::Hidden;
use super::{Doubt, Link, decode, registered_domain};
use crate::rules::Rules;

/// Links of one message at most; a bomb has more.
const LINK_LIMIT: usize = 500;

/// Octets of one link at most; browsers take longer ones, people do not.
const LINK_OCTETS: usize = 4_096;

/// Characters before and over a link that are read for a call to follow it: a sentence or two.
const CALL_CHARS: usize = 300;

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
    /// Where each link stands among them.
    seen: HashMap<String, usize>,
    /// What was read before, and how: mails repeat their links.
    read: HashMap<String, Vec<Leads>>,
    /// Links that are only written, not made.
    only_written: HashSet<usize>,
    /// Domains that stand over links which lead elsewhere.
    pretended: HashSet<String>,
    /// Links that the mail calls its reader to.
    called: HashSet<usize>,
}

/// A link of HTML, and what stands over it.
struct Over {
    /// Its text.
    text: String,
    /// The link, as written.
    href: String,
    /// The domain that it leads to.
    leads_to: Option<String>,
}

/// How a reader meets a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leads {
    /// He follows it.
    Link,
    /// He reads it.
    Written,
    /// His program fetches it to show the mail: a picture, a style; or he does not see it at all.
    Aside,
    /// The same, and it is too small to be seen.
    Beacon,
}

impl Links {
    /// Returns the links, those apart that a mail only pretends to lead to.
    pub(super) fn into_links(self) -> (Vec<Link>, Vec<String>) {
        let mut links = self.links;
        for (at, link) in links.iter_mut().enumerate() {
            let is_pretended = self.only_written.contains(&at)
                && registered_domain(&link.host)
                    .is_some_and(|domain| self.pretended.contains(&domain));
            link.followed &= !is_pretended;
            if self.called.contains(&at) {
                link.doubt = None;
            }
        }
        (links, self.beacons)
    }

    /// Adds the links of a plain text.
    pub(super) fn plain(&mut self, text: &str, rules: &Rules) {
        let text = undisguised(text);
        self.written(&text, rules);
        self.say(&text);
    }

    fn written(&mut self, text: &str, rules: &Rules) {
        let mut end = 0;
        for (at, written) in urls(text) {
            if self.links.len() >= LINK_LIMIT {
                break;
            }
            let link = if written.contains("://") {
                Cow::Borrowed(written)
            } else if written.to_ascii_lowercase().starts_with("www.") {
                Cow::Owned(format!("http://{written}"))
            } else {
                continue;
            };
            self.add(&link, Leads::Written, rules);
            if is_call(text.get(end..at).unwrap_or_default(), "", rules) {
                self.call(&link);
            }
            end = at + written.len();
        }
    }

    /// Adds the links of an HTML text: of all attributes that lead somewhere, and of what is written.
    pub(super) fn html(&mut self, text: &str, rules: &Rules) {
        let (mut said, mut written) = (String::new(), String::new());
        let mut hidden = Hidden::default();
        let mut over: Option<Over> = None;
        // What stands before a link, since the last one.
        let mut before = String::new();
        for token in Tokenizer::new_with_emitter(text, Lenient::default()) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) => {
                    let name: &[u8] = &tag.name;
                    let attribute =
                        |name: &[u8]| tag.attributes.get(name).map(|value| value.to_vec());
                    hidden.opens(name, &attribute);
                    let is_seen = !hidden.is_hidden() && !hidden.hides(&attribute);
                    let leads = if is_seen { Leads::Link } else { Leads::Aside };
                    let is_dot = name == b"img" && is_dot(&attribute);
                    // A frame shows what it fetches; pictures, styles and fonts only dress the mail.
                    let shows = matches!(name, b"iframe" | b"frame" | b"embed" | b"object");
                    for (key, value) in &tag.attributes {
                        let key: &[u8] = key;
                        let value = String::from_utf8_lossy(value);
                        match key {
                            b"src" | b"background" | b"poster" | b"data" => {
                                let leads = match (is_dot, shows) {
                                    (true, _) => Leads::Beacon,
                                    (false, true) => leads,
                                    (false, false) => Leads::Aside,
                                };
                                self.add(value.trim(), leads, rules);
                            }
                            b"href" | b"xlink:href" if !matches!(name, b"a" | b"area") => {
                                self.add(value.trim(), Leads::Aside, rules);
                            }
                            b"href" | b"action" | b"formaction" | b"xlink:href" => {
                                self.add(value.trim(), leads, rules);
                                // What is filled in is sent there.
                                if key != b"href" && key != b"xlink:href" && is_seen {
                                    self.call(value.trim());
                                }
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
                    if let Some(href) = attribute(b"href").filter(|_| name == b"a") {
                        self.close(over.take(), &mut before, rules);
                        let href = String::from_utf8_lossy(&href).trim().to_owned();
                        let host = parsed(&href).map(|(_, host)| host);
                        over = Some(Over {
                            text: String::new(),
                            leads_to: host.map(|host| registered_domain(&host).unwrap_or(host)),
                            href,
                        });
                    }
                    said.push(' ');
                    written.push(' ');
                    before.push(' ');
                }
                Token::EndTag(tag) => {
                    let name: &[u8] = &tag.name;
                    if name == b"a" {
                        self.close(over.take(), &mut before, rules);
                    }
                    hidden.closes(name);
                }
                Token::String(value) if !hidden.is_hidden() => {
                    let value = String::from_utf8_lossy(&value);
                    match &mut over {
                        Some(over) => over.text.push_str(&value),
                        None => {
                            written.push_str(&value);
                            before.push_str(&value);
                        }
                    }
                    said.push_str(&value);
                }
                _ => {}
            }
        }
        self.close(over, &mut before, rules);
        self.written(&undisguised(&written), rules);
        self.say(&undisguised(&said));
    }

    /// Ends a link: notes whether it is called for, and the domains that stand over it though it leads to another.
    fn close(&mut self, over: Option<Over>, before: &mut String, rules: &Rules) {
        let Some(over) = over else {
            return;
        };
        if is_call(before, &over.text, rules) {
            self.call(&over.href);
        }
        before.clear();
        let Some(leads_to) = over.leads_to else {
            return;
        };
        for (_, written) in urls(&over.text) {
            let (_, rest) = written.split_once("://").unwrap_or(("", written));
            let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
            if let Some(domain) = registered_domain(host).filter(|domain| *domain != leads_to)
                && self.pretended.len() < LINK_LIMIT
            {
                self.pretended.insert(domain);
            }
        }
    }

    /// Notes that the mail calls its reader to a link, and to what stands behind it.
    fn call(&mut self, written: &str) {
        let Some((url, _)) = parsed(written) else {
            return;
        };
        let mut next = Some(String::from(url));
        while let Some(at) = next.and_then(|url| self.seen.get(&url)).copied() {
            let is_new = self.called.insert(at);
            let link = self.links.get(at).filter(|_| is_new);
            next = link.and_then(|link| link.target.clone());
        }
    }

    /// Adds the links of `url(…)` in a style.
    fn style(&mut self, value: &str, rules: &Rules) {
        for piece in value.split("url(").skip(1) {
            let link = piece.split(')').next().unwrap_or_default();
            self.add(link.trim().trim_matches(['"', '\'']), Leads::Aside, rules);
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
            if leads == Leads::Link {
                self.mailtos
                    .push(String::from_utf8_lossy(&address).into_owned());
            }
            return;
        }
        let is_full = self.read.len() >= 2 * LINK_LIMIT;
        match self.read.get_mut(written) {
            Some(ways) if ways.contains(&leads) => return,
            Some(ways) => ways.push(leads),
            None if is_full => {}
            None => {
                self.read.insert(written.to_owned(), vec![leads]);
            }
        }
        let Some((url, host)) = parsed(written) else {
            return;
        };
        let text = String::from(url.clone());
        let is_followed = matches!(leads, Leads::Link | Leads::Written);
        if let Some(at) = self.seen.get(&text) {
            if leads == Leads::Link {
                self.only_written.remove(at);
            }
            if let Some(link) = self.links.get_mut(*at) {
                link.followed |= is_followed;
            }
            return;
        }
        self.seen.insert(text.clone(), self.links.len());
        if leads == Leads::Written {
            self.only_written.insert(self.links.len());
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
            followed: is_followed,
            doubt: Some(Doubt::Others),
        });
        if let Some(behind) = behind {
            self.add(&behind, leads, rules);
        }
    }
}

/// Gives tags and texts, and does not ask each character whether it is one that HTML allows.
#[derive(Default)]
struct Lenient(DefaultEmitter);

impl ForwardingEmitter for Lenient {
    type Token = Token;

    fn inner(&mut self) -> &mut impl Emitter<Token = Token> {
        &mut self.0
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }
}

/// Returns what a reader takes for a link in a text.
fn urls(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut finder = LinkFinder::new();
    finder
        .kinds(&[LinkKind::Url])
        .url_must_have_scheme(false)
        .url_can_be_iri(true);
    let found: Vec<(usize, &str)> = finder
        .links(text)
        .take(LINK_LIMIT)
        .map(|found| (found.start(), found.as_str()))
        .collect();
    found.into_iter()
}

/// Returns whether a mail calls its reader to a link: by what stands over it, or before it since the last one.
fn is_call(before: &str, over: &str, rules: &Rules) -> bool {
    let tail = |text: &str| -> String {
        let chars = text.chars().rev().take(CALL_CHARS);
        let tail: Vec<char> = chars.collect();
        tail.into_iter().rev().collect()
    };
    let over = tail(over);
    let around = format!("{} {over}", tail(before));
    let words = &rules.evidence;
    let (over, around) = (words.look_at(&over), words.look_at(&around));
    [
        ("call-word", &over),
        ("phishing-word", &around),
        ("malware-word", &around),
    ]
    .iter()
    .any(|(kind, text)| !words.all_in(kind, text).is_empty())
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
        if memchr::memmem::find(out.as_bytes(), disguise.as_bytes()).is_some() {
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

    /// Returns the hosts that a reader comes to.
    fn followed(links: Links) -> Vec<String> {
        let (links, _) = links.into_links();
        let followed = links.into_iter().filter(|link| link.followed);
        followed.map(|link| link.host).collect()
    }

    #[test]
    fn pictures_and_what_nobody_sees_are_no_place_that_a_reader_comes_to() {
        let links = html(
            "<link href='http://style.example/a.css'><img src='http://logo.example/a.png'><td background='http://bg.example/x'>\
             <style>@import 'http://css.example/x'</style><script>location='http://script.example/'</script><!-- http://remark.example/ -->\
             <div style='display: none'><a href='http://hidden.example/'>x</a> http://hidden-text.example/<div>y</div></div>\
             <a href='http://hidden-link.example/' hidden>x</a><p hidden><a href='http://hidden-line.example/'>x</a>\
             <div><a href='http://evil.example/x'>click</a></div> or http://text.example/ <form action='http://form.example/'>",
        );
        assert_eq!(
            followed(links),
            ["evil.example", "form.example", "text.example"]
        );
    }

    #[test]
    fn a_name_over_a_link_that_leads_elsewhere_is_not_accused() {
        let mut links = html(
            "<a href='http://evil.example/x'>https://www.bank.example/login</a> <a href='http://b.evil.example/y'>other.example</a> http://evil.example/z",
        );
        links.plain(
            "go to https://www.bank.example/login <http://evil.example/x>",
            &Rules::builtin(),
        );
        assert_eq!(
            followed(links),
            ["evil.example", "b.evil.example", "evil.example"]
        );
        // Who writes his own name over a link to another is accused for the link that he makes of it.
        let links = html(
            "<a href='http://shop.example/'>http://evil.example/</a><a href='http://evil.example/'>x</a>",
        );
        assert_eq!(followed(links), ["shop.example", "evil.example"]);
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
