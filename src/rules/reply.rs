//! Facts about answers: how bounces look, what their words mean, where they point.
//!
//! In: `rules/replies/*.toml`. Out: [`Replies`].
//! Standards: RFC 3463 (status codes), RFC 3464 (delivery reports), RFC 3834 (automatic answers).
//! Trust: the rules are ours; what they are held against is hostile, so patterns run in linear time.
//! Failures: [`RuleError`]; a pattern is built at its first use, and `check` builds them all.

use std::sync::OnceLock;

use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::RuleError;
use super::file::{self, Common, refused};

/// What `{address}` in a pattern stands for: a mailbox as bounces write one.
const ADDRESS: &str =
    r"[^\s<>()\[\]{}:;,|\x22\x00-\x1f]{1,64}@[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,250}[A-Za-z0-9])";

/// Returns a pattern with its classes narrowed to ASCII, and `{address}` filled in.
///
/// The Unicode classes make automata many times as large, and a Unicode `\b`
/// cannot be answered by the fast engine at all; blanks, digits and word
/// borders of these texts are ASCII.
fn plain(pattern: &str) -> String {
    // `\x20`, because patterns with `(?x)` skip blanks, in classes, too.
    pattern
        .replace("{address}", ADDRESS)
        .replace(r"\b", r"(?-u:\b)")
        .replace(r"\s", r"[\x20\t\r\n]")
        .replace(r"\S", r"[^\x20\t\r\n]")
        .replace(r"\d", "[0-9]")
}

/// Why a mail was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No such mailbox. RFC 3463 §3.2: X.1.1.
    MailboxUnknown,
    /// The mailbox moved away. X.1.6.
    MailboxMoved,
    /// The mailbox exists and takes no mail: suspended, locked, unused for long. X.2.1.
    MailboxDisabled,
    /// The mailbox is full. X.2.2.
    MailboxFull,
    /// The recipient, by his own rules, does not take this mail.
    RecipientRefused,
    /// No such domain, or no such host. X.1.2.
    HostUnknown,
    /// The domain says that it takes no mail. RFC 7505; X.1.10.
    NoMailHere,
    /// The server does not take mail for this domain from us.
    Relaying,
    /// The message is too large. X.2.3, X.3.4.
    TooLarge,
    /// It was taken for spam.
    Spam,
    /// It was taken for malware, or had a part of a forbidden type.
    Virus,
    /// The client's address is listed, unwanted or without a name.
    Blocked,
    /// The reverse path, or the author, is not wanted.
    SenderRefused,
    /// SPF, DKIM, DMARC, TLS or a password was found wanting. X.7.8 and following.
    Authentication,
    /// The form of the message was not accepted. X.6.
    Content,
    /// Refused by policy, without further words. X.7.1.
    Policy,
    /// Refused for now, to see whether we come back.
    Greylisted,
    /// Too many messages, recipients or connections.
    TooMany,
    /// Given up after trying for long. X.4.7.
    Expired,
    /// The way there is broken: no connection, no answer, a loop. X.4.
    Network,
    /// The server there is broken, or full. X.3.
    System,
    /// The program that should have taken the mail failed.
    Program,
    /// The servers did not understand each other. X.5.
    Protocol,
    /// It does not say why, or in words that no rule knows.
    Unknown,
}

/// What an answer says, when it is no bounce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// Reports are to be put into a form.
    UseForm,
    /// A form is offered beside the mailbox.
    OffersForm,
    /// The address is not in their network.
    NotOurs,
    /// They acted, or say so.
    Resolved,
    /// They do not work on reports in which something is hidden, or want the full message.
    RefusesMunged,
    /// The mailbox is not in use; another is named.
    Moved,
    /// The sender shall prove that he is a person.
    Challenge,
}

/// One rule about answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyRule {
    /// Its name, which every result carries.
    pub id: String,
    /// What it recognises, in words.
    pub what: String,
    #[serde(rename = "why")]
    _why: Option<String>,
    #[serde(rename = "source")]
    _source: Vec<String>,
    #[serde(rename = "added")]
    _added: toml::value::Datetime,
    /// The header field that it looks at; none: the text.
    pub field: Option<String>,
    pattern: String,
    /// For a sign of a bounce or of an automatic answer: how much it weighs.
    #[serde(default)]
    pub weight: u8,
    /// For a layout: lower ones are asked first.
    #[serde(default)]
    pub tier: u8,
    /// For words and codes: what they mean.
    pub reason: Option<Reason>,
    /// Whether a status code that says more than `X.0.0` goes before this rule.
    #[serde(default)]
    pub weak: bool,
    /// For codes: whether nobody says it of anything else, so that no words go before it.
    #[serde(default)]
    pub firm: bool,
    /// For words: the RFC 3463 code they stand for.
    pub status: Option<String>,
    /// For an answer: what it says.
    pub says: Option<Says>,
    #[serde(rename = "match")]
    matches: Vec<Match>,
    #[serde(rename = "skip")]
    skips: Vec<Skip>,
    #[serde(skip)]
    built: OnceLock<Result<Regex, String>>,
}

/// An example that must match.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    text: String,
    /// Named groups, and what they must hold.
    #[serde(default)]
    fields: std::collections::BTreeMap<String, String>,
}

/// An example that must not match.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    text: String,
    #[serde(rename = "why")]
    _why: Option<String>,
}

impl ReplyRule {
    fn built(&self) -> Result<&Regex, &str> {
        self.built
            .get_or_init(|| {
                regex::RegexBuilder::new(&plain(&self.pattern))
                    .case_insensitive(true)
                    .multi_line(true)
                    .size_limit(4 << 20)
                    .build()
                    .map_err(|error| error.to_string())
            })
            .as_ref()
            .map_err(String::as_str)
    }

    /// Returns whether the pattern is found in a text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.built().is_ok_and(|regex| regex.is_match(text))
    }

    /// Returns the first place where the pattern is found, with its named groups.
    #[must_use]
    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.built().ok().and_then(|regex| regex.captures(text))
    }

    /// Returns every place where the pattern is found.
    pub fn all<'r, 't>(
        &'r self,
        text: &'t str,
    ) -> impl Iterator<Item = Captures<'t>> + use<'r, 't> {
        self.built()
            .ok()
            .into_iter()
            .flat_map(move |regex| regex.captures_iter(text))
    }

    /// Returns a text without the places where the pattern is found, and those places.
    #[must_use]
    pub fn without<'t>(&self, text: &'t str) -> (String, Vec<&'t str>) {
        let mut kept = String::with_capacity(text.len());
        let mut taken = Vec::new();
        let mut at = 0;
        for found in self
            .built()
            .ok()
            .into_iter()
            .flat_map(|r| r.find_iter(text))
        {
            kept.push_str(text.get(at..found.start()).unwrap_or_default());
            taken.push(found.as_str());
            at = found.end();
        }
        kept.push_str(text.get(at..).unwrap_or_default());
        (kept, taken)
    }

    /// Returns the offset of the first place where the pattern is found.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<usize> {
        self.built()
            .ok()
            .and_then(|regex| regex.find(text))
            .map(|found| found.start())
    }
}

/// The rules of one job, in the order in which they are asked.
#[derive(Debug, Default)]
pub struct Family(Vec<(&'static str, ReplyRule)>);

impl Family {
    /// Puts the weak rules behind all others, and keeps the order otherwise.
    fn weak_last(mut self) -> Self {
        self.0.sort_by_key(|(_, rule)| rule.weak);
        self
    }

    /// Returns the rules in order.
    pub fn rules(&self) -> impl Iterator<Item = &ReplyRule> {
        self.0.iter().map(|(_, rule)| rule)
    }

    /// Returns the first rule that is found in a text.
    #[must_use]
    pub fn first(&self, text: &str) -> Option<&ReplyRule> {
        self.rules().find(|rule| rule.is_match(text))
    }
}

/// Everything that `rules/replies` says.
#[derive(Debug)]
pub struct Replies {
    /// Signs that a message is a bounce, with their weight.
    pub bounce: Family,
    /// Signs that a mail is still being tried.
    pub delay: Family,
    /// Lines at which the returned message begins in a text.
    pub returned: Family,
    /// Lines that say nothing about why.
    pub noise: Family,
    /// How texts name the recipient that failed.
    pub layouts: Family,
    /// What words of a diagnosis mean.
    pub words: Family,
    /// What RFC 3463 codes mean, the providers' own ones first.
    pub statuses: Family,
    /// Signs that a message was sent by a program.
    pub automatic: Family,
    /// How desks write their ticket numbers.
    pub tickets: Family,
    /// Lines at which a person's answer ends and our own words are quoted.
    pub quoted: Family,
    /// What answers say.
    pub says: Family,
}

/// A file of the folder, and the job its rules have.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../rules/replies/", $name)))),*]
    };
}

/// The files of `rules/replies`, in the order in which their rules are asked.
const FILES: [(&str, &str); 14] = files![
    "automatic.toml",
    "bounce.toml",
    "delay.toml",
    "host.toml",
    "layout.toml",
    "mailbox.toml",
    "noise.toml",
    "policy.toml",
    "quoted.toml",
    "returned.toml",
    "says.toml",
    "status.toml",
    "ticket.toml",
    "transit.toml",
];

impl Replies {
    /// Reads the built-in files.
    pub(super) fn builtin() -> Result<Self, RuleError> {
        Ok(Self {
            bounce: family(&["bounce.toml"])?,
            delay: family(&["delay.toml"])?,
            returned: family(&["returned.toml"])?,
            noise: family(&["noise.toml"])?,
            layouts: family(&["layout.toml"])?,
            // Mailbox before policy: "550 5.7.1 user unknown" is an unknown
            // user. Policy before host and transit: a listed client is told so
            // in sentences that speak of hosts, too.
            words: family(&["mailbox.toml", "policy.toml", "host.toml", "transit.toml"])?
                .weak_last(),
            statuses: family(&["status.toml"])?,
            automatic: family(&["automatic.toml"])?,
            tickets: family(&["ticket.toml"])?,
            quoted: family(&["quoted.toml"])?,
            says: family(&["says.toml"])?,
        })
    }

    fn families(&self) -> [&Family; 11] {
        [
            &self.bounce,
            &self.delay,
            &self.returned,
            &self.noise,
            &self.layouts,
            &self.words,
            &self.statuses,
            &self.automatic,
            &self.tickets,
            &self.quoted,
            &self.says,
        ]
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for (file, rule) in self.families().into_iter().flat_map(|family| &family.0) {
            ran += check_rule(rule).map_err(|why| RuleError::Example {
                file: format!("replies/{file}"),
                id: rule.id.clone(),
                why,
            })?;
        }
        Ok(ran)
    }
}

fn family(names: &[&'static str]) -> Result<Family, RuleError> {
    let mut rules = Vec::new();
    for wanted in names {
        for (name, text) in FILES.iter().filter(|(name, _)| name == wanted) {
            rules.extend(load(name, text)?.into_iter().map(|rule| (*name, rule)));
        }
    }
    Ok(Family(rules))
}

fn load(name: &str, text: &str) -> Result<Vec<ReplyRule>, RuleError> {
    let file = format!("replies/{name}");
    let stem = name.trim_end_matches(".toml");
    let prefix = format!("replies-{stem}-");
    let rules = file::read(&file, &prefix, text, |rule: &ReplyRule| Common {
        id: &rule.id,
        matches: rule.matches.len(),
        skips: rule.skips.len(),
    })?;
    for rule in &rules {
        let complete = match stem {
            "bounce" | "automatic" => rule.weight > 0,
            "layout" => rule.tier > 0,
            "mailbox" | "policy" | "host" | "transit" | "status" => rule.reason.is_some(),
            "says" => rule.says.is_some(),
            _ => true,
        };
        if !complete {
            let why = format!("rule `{}` does not say what it means", rule.id);
            return Err(refused(&file, why));
        }
    }
    Ok(rules)
}

fn check_rule(rule: &ReplyRule) -> Result<usize, String> {
    rule.built().map_err(str::to_owned)?;
    for example in &rule.matches {
        let Some(found) = rule.captures(&example.text) else {
            return Err(format!("`{}` should match", example.text));
        };
        for (name, value) in &example.fields {
            let seen = found.name(name).map_or("", |group| group.as_str());
            if seen != value {
                return Err(format!(
                    "`{}` gives `{name}` = `{seen}`, not `{value}`",
                    example.text
                ));
            }
        }
    }
    for example in &rule.skips {
        if rule.is_match(&example.text) {
            return Err(format!("`{}` should not match", example.text));
        }
    }
    Ok(rule.matches.len() + rule.skips.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_keeps_its_own_examples() {
        let replies = Replies::builtin().unwrap();
        let failed: Vec<String> = replies
            .families()
            .iter()
            .flat_map(|family| family.rules())
            .filter_map(|rule| Some(format!("{}: {}", rule.id, check_rule(rule).err()?)))
            .collect();
        assert!(failed.is_empty(), "{}", failed.join("\n"));
        assert!(replies.check().unwrap() > 200);
    }

    #[test]
    fn no_file_is_left_out_and_no_id_is_used_twice() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/replies");
        let there: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let loaded: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(there, loaded);
        let replies = Replies::builtin().unwrap();
        let used: BTreeSet<&str> = replies
            .families()
            .iter()
            .flat_map(|family| family.0.iter().map(|(name, _)| *name))
            .collect();
        assert_eq!(used.len(), FILES.len());
        let mut ids = BTreeSet::new();
        for rule in replies.families().iter().flat_map(|family| family.rules()) {
            assert!(ids.insert(&rule.id), "{}", rule.id);
        }
    }

    #[test]
    fn a_rule_without_examples_or_meaning_is_refused() {
        let rule = |extra: &str| {
            format!(
                "[[rule]]\nid = \"replies-mailbox-x\"\nwhat = \"x\"\nsource = []\nadded = 2026-11-21\npattern = 'x'\n{extra}"
            )
        };
        let both = "match = [{ text = \"x\" }]\nskip = [{ text = \"y\" }]\n";
        assert!(
            load(
                "mailbox.toml",
                &rule(&format!("reason = \"mailbox-full\"\n{both}"))
            )
            .is_ok()
        );
        assert!(load("mailbox.toml", &rule(both)).is_err());
        assert!(
            load(
                "host.toml",
                &rule(&format!("reason = \"mailbox-full\"\n{both}"))
            )
            .is_err()
        );
        let no_skip = "reason = \"mailbox-full\"\nmatch = [{ text = \"x\" }]\nskip = []\n";
        assert!(load("mailbox.toml", &rule(no_skip)).is_err());
    }
}
