//! Part one: the complaint as a person reads it, complete by itself.
//!
//! In: [`Case`], one [`Call`], the [`Exhibit`]. Out: the text, LF line ends, in the order that desks want to read.
//! Standards: RFC 5965 §2 (the first part is for people).
//! Trust: every foreign value is escaped; what strangers wrote stands below a line that says so.
//! Limits: the sentences are those of `rules/complaints`; a desk's own template is not known.

use super::attested;
use super::case::{Case, rfc5322, shown, utc};
use super::desk::{self, Call};
use super::munge::Exhibit;
use super::quote::{QUOTED_CHARS, wrapped};
use super::stamp::stamps;
use super::{Answer, Format, Material, NOTE_CHARS, Says};
use crate::contact::{Role, Suspect};
use crate::evidence::{Kind, Link};
use crate::intake::Untrusted;
use crate::trace::Nature;

// what the desk has to do with the mail
mod happened;

// what stands above it
mod subject;
pub(super) use subject::{about, demanded_subject, subject};

/// The sentence about exact octets that go along beside a form that RFC 5322 allows.
pub(super) const EXACT: &str = "changed-exact";

/// The sentence about a form that RFC 5322 allows, where nothing can go along.
pub(super) const BROKEN: &str = "changed-broken";

/// Values that are our own words, the rules' or the user's: no line of theirs passes for another's.
const OWN_VALUES: [&str; 7] = ["mail", "time", "addr", "date", "count", "esp", "when"];

/// What the keys of sentences begin with that stand in a list, and hang below their first line.
const LISTED: [&str; 4] = ["fact-", "claim-", "link-", "attachment"];

/// Links, mailboxes and earlier times that are listed at most.
const LISTED_LIMIT: usize = 20;

/// The text of one complaint, before masking: what stands above the quoted header section.
pub(super) struct Text<'c, 'a> {
    case: &'c Case<'a>,
    call: &'c Call<'a>,
    exhibit: &'c Exhibit,
    format: Format,
    out: String,
}

/// Returns what the mail is called in the keys of the sentences.
///
/// That nobody asked for a newsletter only the user can say. Where he says anything else, or
/// nothing, it is bulk mail: the text must not say in one sentence what it takes back in another.
fn kind_key(material: &Material<'_>) -> &'static str {
    if is_backscatter(material) {
        return "backscatter";
    }
    let says = material.options.answer.as_ref().map(|answer| &answer.says);
    match (material.evidence.kind, says) {
        (
            Kind::Spam | Kind::Newsletter,
            Some(Says::Unsubscribed { .. } | Says::OnceSignedUp | Says::Unknown),
        )
        | (Kind::Newsletter, None) => "bulk",
        (Kind::Spam, _) => "spam",
        (Kind::Phishing, _) => "phishing",
        (Kind::AdvanceFee, _) => "advance-fee",
        (Kind::Malware, _) => "malware",
        (Kind::Newsletter, _) => "newsletter",
    }
}

/// Returns whether the mail is a bounce or automatic answer: its server is asked for something else than a spammer's.
fn is_backscatter(material: &Material<'_>) -> bool {
    material.trace.set_aside() == Some(Nature::Backscatter)
}

/// Returns whether somebody with a name sends such mail to many: no account or machine was misused.
fn is_bulk(material: &Material<'_>) -> bool {
    matches!(kind_key(material), "newsletter" | "bulk")
}

/// Composes the text above the quoted header section.
pub(super) fn compose(
    case: &Case<'_>,
    call: &Call<'_>,
    exhibit: &Exhibit,
    format: Format,
) -> String {
    let mut text = Text {
        case,
        call,
        exhibit,
        format,
        out: String::with_capacity(2_048),
    };
    text.say("hello", &[]);
    text.what_happened();
    text.recorded();
    text.attested();
    text.claimed();
    text.concerned();
    text.own_words();
    text.asked();
    text.changed();
    text.closing();
    text.out
}

impl Text<'_, '_> {
    /// Adds a sentence on lines of its own; nothing where it lacks a value.
    fn say(&mut self, key: &str, values: &[(&str, &str)]) -> bool {
        let material = self.case.material;
        let said = material
            .rules
            .texts
            .say(&material.options.language, key, values);
        if let Some(sentence) = &said {
            let is_listed = !values.is_empty() && LISTED.iter().any(|start| key.starts_with(start));
            // A foreign value of several words must never go on at a line's start: it would pass for our own.
            let is_foreign = values.iter().any(|(name, value)| {
                !OWN_VALUES.contains(name) && value.contains(char::is_whitespace)
            });
            let indent = if is_listed || is_foreign { "    " } else { "" };
            wrapped(sentence, indent, &mut self.out);
        }
        said.is_some()
    }

    /// Adds one line as it is.
    fn line(&mut self, indent: &str, line: &str) {
        self.out.push_str(indent);
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn blank(&mut self) {
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn phrase(&self, key: &str) -> String {
        let material = self.case.material;
        let said = material
            .rules
            .texts
            .say(&material.options.language, key, &[]);
        said.unwrap_or_default()
    }

    fn recorded(&mut self) {
        self.blank();
        self.say("facts", &[]);
        let case = self.case;
        if case.is_arrival_known {
            self.say("fact-time", &[("time", &case.time())]);
        } else {
            self.say("fact-no-time", &[]);
        }
        let hop = case.boundary;
        let of = |value: Option<&str>| value.map(shown).unwrap_or_default();
        let written = of(hop.map(|hop| hop.date_text.as_str()));
        self.say("fact-written", &[("written", &written)]);
        self.say("fact-addr", &[("addr", &case.source.addr.to_string())]);
        let by = of(hop.and_then(|hop| hop.by.as_deref()));
        let id = of(hop.and_then(|hop| hop.id.as_deref()));
        let hides = self.exhibit.hides_tokens;
        let path = case.reverse_path();
        let path = path.map(|path| case.quoted("Return-Path", path, hides));
        let message_id = case.claimed("Message-ID");
        let message_id = message_id.map(|id| case.quoted("Message-ID", id, hides));
        for (key, name, value) in [
            (
                "fact-rdns",
                "rdns",
                of(hop.and_then(|hop| hop.rdns.as_deref())),
            ),
            (
                "fact-helo",
                "helo",
                of(hop.and_then(|hop| hop.helo.as_deref())),
            ),
            ("fact-by", "by", by.clone()),
            (
                "fact-with",
                "with",
                of(hop.and_then(|hop| hop.with.as_deref())),
            ),
            ("fact-auth", "auth", of(hop.and_then(account))),
            ("fact-id", "id", id.clone()),
            ("fact-reverse-path", "path", of(path.as_deref())),
            ("fact-message-id", "id", of(message_id.as_deref())),
        ] {
            self.say(key, &[(name, &value)]);
        }
        if self.answers_for_source() && !self.say("log", &[("by", &by), ("id", &id)]) {
            self.say("log-plain", &[("by", &by)]);
        }
        self.incidents();
    }

    fn answers_for_source(&self) -> bool {
        let about = |(suspect, role): &(&Suspect, Role)| {
            matches!(role, Role::Network | Role::Esp)
                && !matches!(suspect, Suspect::Addr(addr) if *addr != self.case.source.addr)
        };
        self.call.concerns.iter().any(about)
    }

    fn incidents(&mut self) {
        let earlier = self.case.material.earlier;
        if earlier.is_empty() {
            return;
        }
        self.blank();
        self.say("incidents", &[("count", &(earlier.len() + 1).to_string())]);
        let times = earlier.iter().rev().take(LISTED_LIMIT - 1).rev();
        let times: Vec<String> = times
            .map(|time| utc(*time))
            .chain([self.case.time()])
            .collect();
        for time in times {
            self.line("  ", &time);
        }
    }

    fn attested(&mut self) {
        let attestations = &self.case.material.trace.attestations;
        if attestations.is_empty() {
            return;
        }
        self.blank();
        self.say("attested", &[]);
        for line in attested::lines(attestations).into_iter().take(LISTED_LIMIT) {
            self.out.push_str("  ");
            wrapped(&line, "    ", &mut self.out);
        }
    }

    fn claimed(&mut self) {
        self.blank();
        self.say("claimed", &[]);
        let case = self.case;
        if let Some(origin) = &case.material.trace.origin
            && origin.addr != case.source.addr
        {
            self.say("claim-origin", &[("addr", &origin.addr.to_string())]);
        }
        for (key, name, field) in [
            ("claim-from", "from", "From"),
            ("claim-reply-to", "mailbox", "Reply-To"),
            ("claim-date", "date", "Date"),
            ("claim-subject", "subject", "Subject"),
        ] {
            let value = case
                .claimed(field)
                .as_deref()
                .map(shown)
                .unwrap_or_default();
            self.say(key, &[(name, &value)]);
        }
        let stamps = if self.answers_for_source() {
            stamps(case, self.exhibit.hides_tokens)
        } else {
            Vec::new()
        };
        if !stamps.is_empty() {
            self.blank();
            self.say("stamps", &[]);
            for stamp in stamps {
                self.line("  ", &stamp);
            }
        }
    }

    /// Adds what concerns this desk alone: links, drop boxes, attachments.
    fn concerned(&mut self) {
        let evidence = self.case.material.evidence;
        let roles = &self.call.desk.roles;
        let has = |role: Role| roles.contains(&role);
        if has(Role::Hosting) || has(Role::Registrar) || has(Role::Authority) {
            let hosts: Vec<&str> = self
                .call
                .concerns
                .iter()
                .filter_map(|(suspect, _)| match suspect {
                    Suspect::Host(name) | Suspect::Domain(name) => Some(name.as_str()),
                    _ => None,
                })
                .collect();
            // A desk sees all that lies at its hosts, pictures, too; an authority, where readers are led.
            let concerns = |link: &Link| {
                has(Role::Authority) && link.followed
                    || hosts
                        .iter()
                        .any(|name| crate::rules::names::lies_in(&link.host, name))
            };
            let links: Vec<_> = evidence
                .links
                .iter()
                .filter(|link| !link.innocent && concerns(link))
                .collect();
            if !links.is_empty() {
                self.blank();
                self.say("links", &[]);
            }
            for link in links.into_iter().take(LISTED_LIMIT) {
                self.line("  ", &shown(&link.url));
                if let Some(target) = &link.target {
                    self.say("link-target", &[("target", &shown(target))]);
                }
            }
        }
        if evidence.kind == Kind::Malware && !evidence.attachments.is_empty() {
            self.blank();
            self.say("attachments", &[]);
            for file in evidence.attachments.iter().take(LISTED_LIMIT) {
                let name = file.name.as_deref().map_or_else(|| "-".to_owned(), shown);
                let (size, kind) = (file.size_octets.to_string(), shown(&file.media_type));
                // The name is the spam's: indented like all that is foreign.
                self.out.push_str("  ");
                self.say(
                    "attachment",
                    &[
                        ("name", &name),
                        ("type", &kind),
                        ("size", &size),
                        ("digest", &file.sha256),
                    ],
                );
            }
        }
    }

    /// Adds what only the user can know, as his word, and what he wrote himself.
    fn own_words(&mut self) {
        let options = self.case.material.options;
        let unsubscribe = self.case.material.evidence.unsubscribe.as_ref();
        if options.answer.is_some() || unsubscribe.is_some() {
            self.blank();
        }
        if let Some(Answer { says, on }) = &options.answer {
            let date = on.to_string();
            match says {
                Says::NeverAsked => self.say("never", &[("date", &date)]),
                Says::Unsubscribed { when } if when.is_empty() => {
                    self.say("unsubscribed-plain", &[("date", &date)])
                }
                Says::Unsubscribed { when } => {
                    self.say("unsubscribed", &[("when", &shown(when)), ("date", &date)])
                }
                Says::OnceSignedUp => self.say("once", &[("date", &date)]),
                Says::Unknown => self.say("unknown", &[("date", &date)]),
            };
        }
        if let Some(unsubscribe) = unsubscribe {
            self.say("unsubscribe", &[]);
            if unsubscribe.one_click {
                self.say("one-click", &[]);
            }
        }
        let notes = [
            options.note.as_ref(),
            options.notes.get(&self.call.desk.key()),
        ];
        let notes: Vec<&str> = notes
            .into_iter()
            .flatten()
            .map(|note| note.trim())
            .filter(|note| !note.is_empty())
            .collect();
        if !notes.is_empty() {
            self.blank();
            self.say("note", &[]);
        }
        for note in notes {
            let end = note.char_indices().nth(NOTE_CHARS);
            let note = end.map_or(note, |(end, _)| note.get(..end).unwrap_or(note));
            for line in note.lines() {
                let line = Untrusted::text(line).up_to(QUOTED_CHARS).to_string();
                wrapped(&line, "", &mut self.out);
            }
        }
    }

    fn asked(&mut self) {
        self.blank();
        let material = self.case.material;
        let says = material.options.answer.as_ref().map(|answer| &answer.says);
        // Below his own word that he signed up, nobody is asked who used the address.
        let once = says == Some(&Says::OnceSignedUp);
        for (suspect, role) in self.call.concerns.clone() {
            let name = desk::named(suspect);
            let addr = about(self.case, self.call).to_string();
            match role {
                Role::Network if is_backscatter(material) => self.say("ask-backscatter", &[]),
                Role::Network | Role::Esp if once => self.say("ask-once", &[]),
                Role::Network if is_bulk(material) => self.say("ask-bulk", &[("addr", &name)]),
                Role::Network => self.say("ask-network", &[("addr", &name)]),
                Role::Esp => self.say("ask-esp", &[]),
                Role::Hosting => self.say("ask-hosting", &[("host", &name)]),
                Role::Registrar => self.say("ask-registrar", &[("host", &name)]),
                Role::Provider => {
                    let mailbox = self.drop_box(suspect);
                    self.say("ask-provider", &[("mailbox", &mailbox)])
                }
                Role::Upstream => self.say("ask-upstream", &[("addr", &addr)]),
                Role::Authority => self.say("ask-authority", &[]),
            };
        }
    }

    fn changed(&mut self) {
        self.blank();
        let lines = changes(self.case, self.exhibit, self.format);
        if lines.is_empty() {
            self.say("changed-nothing", &[]);
            return;
        }
        self.say("changed", &[]);
        for line in lines {
            wrapped(&line, "  ", &mut self.out);
        }
    }

    fn closing(&mut self) {
        self.blank();
        self.say("claim-levels", &[]);
        self.say("zone", &[]);
        // Who only collects does not answer.
        if self.call.desk.roles != [Role::Authority] {
            self.say("answer", &[("ref", &self.case.material.case.reference())]);
        }
        self.blank();
        self.say("thanks", &[]);
    }
}

/// Returns what was changed in the evidence, a line each.
pub(super) fn changes(case: &Case<'_>, exhibit: &Exhibit, format: Format) -> Vec<String> {
    let material = case.material;
    let say = |key: &str, name: &str, value: &str| {
        material.rules.texts.say(
            &material.options.language,
            key,
            &[(name, value), ("domain", super::leak::MUNGED_DOMAIN)],
        )
    };
    let counted = |key: &str, count: usize| {
        (count > 0)
            .then(|| say(key, "count", &count.to_string()))
            .flatten()
    };
    let left_out = if exhibit.octets.len() == exhibit.header_octets {
        "changed-body"
    } else {
        "changed-cut"
    };
    let mut lines: Vec<String> = [
        counted("changed-own", exhibit.places),
        counted("changed-others", exhibit.others),
        counted("changed-tokens", exhibit.tokens),
        counted(left_out, exhibit.left_out),
        exhibit.exact.as_ref().and_then(|_| match format {
            Format::Arf => say(EXACT, "", ""),
            Format::Plain => say(BROKEN, "", ""),
            // The document holds the exact octets themselves.
            Format::Xarf => None,
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    lines.extend(
        exhibit
            .replaced
            .iter()
            .filter_map(|part| say("changed-part", "notice", &part.notice)),
    );
    lines
}

fn account(hop: &crate::trace::Hop) -> Option<&str> {
    match hop.auth.as_ref()? {
        crate::trace::Auth::Yes => None,
        crate::trace::Auth::Account(name) => Some(name),
    }
}

/// Returns the arrival in the form of a header field.
pub(super) fn arrival_date(case: &Case<'_>) -> String {
    rfc5322(case.arrival)
}
