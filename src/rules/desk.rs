//! Abuse desks with rules of their own: where they want complaints, in which form, and which.
//!
//! In: `rules/desks/*.toml`, and the user's own. Out: [`Desks`].
//! Trust: a built-in rule is ours; a user's rule is the user's word, and wins.
//! Failures: [`RuleError`]; a rule without examples, or with a mailbox that is none, is refused.
//! Limits: what was verified long ago is believed less, and says so.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp, civil};
use serde::Deserialize;
use toml::value::Datetime;

use super::file::{self, Common};
use super::names::lies_in;
use super::text::filled;
use super::{AbuseMailbox, Confidence, Role, RuleError};

/// The files, embedded.
const FILES: &[(&str, &str)] = &[
    (
        "authorities",
        include_str!("../../rules/desks/authorities.toml"),
    ),
    ("hosts", include_str!("../../rules/desks/hosts.toml")),
    (
        "mail-providers",
        include_str!("../../rules/desks/mail-providers.toml"),
    ),
    (
        "mail-services",
        include_str!("../../rules/desks/mail-services.toml"),
    ),
    (
        "registrars",
        include_str!("../../rules/desks/registrars.toml"),
    ),
];

/// What the ids of the built-in authorities begin with.
const AUTHORITIES: &str = "desks-authorities-";

/// What a demanded subject can be told.
const SUBJECT_VALUES: [&str; 5] = ["kind", "addr", "date", "time", "ref"];

/// Characters of a demanded subject.
const SUBJECT_CHARS: usize = 200;

/// Forms of mail that a rule can name.
const FORMATS: [&str; 3] = ["arf", "plain", "xarf"];

/// Age from which on a verified rule is believed less: desks move within two years.
const VERIFIED_FOR: SignedDuration = SignedDuration::from_hours(548 * 24);

/// Desks that the rules, and the user, know.
#[derive(Debug)]
pub struct Desks {
    rules: Vec<DeskRule>,
}

/// One desk.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskRule {
    /// Rule id: `desks-hosts-aws`; the user's begin with `desks-user`.
    pub id: String,
    /// Whose desk it is.
    pub what: String,
    /// Where that is known from.
    pub source: Vec<String>,
    /// When the source was last seen to say so.
    pub verified_on: Datetime,
    /// When the rule was written.
    pub added: Datetime,
    /// How far it is believed.
    pub confidence: Confidence,
    /// What it answers for; empty for an authority.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// Kinds of abuse that it collects as an authority: an extra recipient, off until chosen.
    #[serde(default)]
    pub authority: Vec<String>,
    /// Whom an authority is for, in words: "anybody", "people in the United Kingdom".
    #[serde(default)]
    pub for_whom: Option<String>,
    /// Top-level domains of the people for whom an authority is; empty for anybody.
    #[serde(default)]
    pub residents: Vec<String>,
    /// Countries of the networks that an authority is about, ISO 3166; empty for all.
    #[serde(default)]
    pub countries: Vec<String>,
    /// Words in From or Subject without which an authority is not offered; empty for any mail.
    #[serde(default)]
    pub words: Vec<String>,
    /// Mailboxes that the rule is about, as registries name them.
    #[serde(default)]
    pub mailboxes: Vec<AbuseMailbox>,
    /// Domains that the rule is about, with all below them.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Networks that the rule is about.
    #[serde(default)]
    pub networks: Vec<IpNet>,
    /// Where it wants mail.
    #[serde(default)]
    pub write_to: Option<AbuseMailbox>,
    /// Its web form.
    #[serde(default)]
    pub form: Option<String>,
    /// What it takes.
    #[serde(default)]
    pub accepts: Accepts,
    /// Whether nothing is ever sent there: the user's word.
    #[serde(default)]
    pub blocked: bool,
    /// What else a user should know.
    #[serde(default)]
    pub note: Option<String>,
    /// The file that it stands in.
    #[serde(skip)]
    pub file: String,
    #[serde(rename = "match")]
    matches: Vec<String>,
    #[serde(rename = "skip")]
    skips: Vec<String>,
}

/// What a desk takes; what is not known is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accepts {
    /// Whether mail is read at all.
    pub mail: Option<bool>,
    /// Whether a complaint with a masked recipient is.
    pub munged: Option<bool>,
    /// Forms that it reads: `arf`, `plain`, `xarf`; empty for any.
    pub formats: Vec<String>,
    /// Endings of attachments that it takes; empty for any.
    pub attachments: Vec<String>,
    /// The subject that it demands; a name in braces stands for its value: `{kind}`, `{addr}`,
    /// `{date}` (the day the mail came, in UTC), `{time}` (with its time), `{ref}` (our reference).
    pub subject: Option<String>,
    /// Hours between two complaints about the same address; what comes earlier is held.
    pub min_interval_h: Option<u32>,
    /// Kinds of abuse that it takes; empty for all.
    pub only: Vec<String>,
}

impl Accepts {
    /// Returns whether mail of a form is taken, with attachments that end like this.
    #[must_use]
    pub fn takes(&self, form: &str, ending: Option<&str>) -> bool {
        let has = |list: &[String], word: &str| {
            list.is_empty() || list.iter().any(|own| own.eq_ignore_ascii_case(word))
        };
        has(&self.formats, form) && ending.is_none_or(|ending| has(&self.attachments, ending))
    }

    /// Returns what is wrong with it.
    fn fault(&self) -> Option<&'static str> {
        let subject = self.subject.as_deref().unwrap_or("-");
        let values = SUBJECT_VALUES.map(|name| (name, "x"));
        if subject.trim().is_empty() || subject.chars().count() > SUBJECT_CHARS {
            Some("demands a subject that is empty, or too long")
        } else if subject.chars().any(char::is_control) {
            Some("demands a subject with a control character")
        } else if filled(subject, &values).is_none() {
            Some("demands a subject with a value that is not known")
        } else if self
            .formats
            .iter()
            .any(|word| !FORMATS.contains(&word.as_str()))
        {
            Some("names a form of mail that there is none of")
        } else {
            None
        }
    }
}

impl DeskRule {
    /// Returns whether the rule is about a mailbox, a host or domain, or an address.
    #[must_use]
    pub fn is_about(&self, what: &str) -> bool {
        if what.contains('@') {
            return self
                .mailboxes
                .iter()
                .chain(&self.write_to)
                .any(|own| own.as_str().eq_ignore_ascii_case(what));
        }
        if let Ok(addr) = what.parse::<IpAddr>() {
            return self.networks.iter().any(|net| net.contains(&addr));
        }
        self.domains.iter().any(|own| lies_in(what, own))
    }

    /// Returns the name under which a user chooses an authority: `apwg`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.strip_prefix(AUTHORITIES).unwrap_or(&self.id)
    }

    /// Returns whether an authority takes a kind of abuse from networks of a country.
    #[must_use]
    pub fn collects(&self, kind: &str, country: Option<&str>) -> bool {
        self.authority.iter().any(|own| own == kind)
            && (self.countries.is_empty()
                || country.is_some_and(|country| self.countries.iter().any(|own| own == country)))
    }

    /// Returns how far the rule is believed at a time, and whether its age lowered that.
    #[must_use]
    pub fn confidence_at(&self, now: Timestamp) -> (Confidence, bool) {
        let verified = self.verified_on.date.and_then(|date| {
            let day = i8::try_from(date.day).ok()?;
            let month = i8::try_from(date.month).ok()?;
            let date = civil::Date::new(i16::try_from(date.year).ok()?, month, day).ok()?;
            date.to_zoned(jiff::tz::TimeZone::UTC).ok()
        });
        let fresh = verified.is_some_and(|at| now.duration_since(at.timestamp()) <= VERIFIED_FOR);
        if fresh {
            (self.confidence, false)
        } else {
            (self.confidence.lowered(), true)
        }
    }

    /// Returns where the rule's facts come from, as a contact's field shows it.
    #[must_use]
    pub fn provenance(&self, now: Timestamp) -> String {
        let aged = if self.confidence_at(now).1 {
            ", over 18 months ago"
        } else {
            ""
        };
        format!("verified {}{aged}", self.verified_on)
    }
}

impl Desks {
    /// Reads the built-in files.
    pub(super) fn builtin() -> Result<Self, RuleError> {
        let mut desks = Self { rules: Vec::new() };
        for (stem, text) in FILES {
            desks.add(
                &format!("desks/{stem}.toml"),
                &format!("desks-{stem}-"),
                text,
            )?;
        }
        Ok(desks)
    }

    /// Adds the user's own rules; they are asked first, and the same id replaces.
    ///
    /// # Errors
    ///
    /// [`RuleError`] for a file that cannot be read, or a rule that fails its own examples.
    pub fn add_user(&mut self, file: &str, text: &str) -> Result<(), RuleError> {
        let known = std::mem::take(&mut self.rules);
        let added = self
            .add(file, "desks-user", text)
            .and_then(|()| self.check());
        // Of several rules about the same thing the last one counts: it is the user's newest word.
        self.rules.reverse();
        let own: Vec<String> = self.rules.iter().map(|rule| rule.id.clone()).collect();
        if let Err(error) = added {
            self.rules = known;
            return Err(error);
        }
        self.rules
            .extend(known.into_iter().filter(|rule| !own.contains(&rule.id)));
        Ok(())
    }

    fn add(&mut self, file: &str, prefix: &str, text: &str) -> Result<(), RuleError> {
        let refused = |why: String| file::refused(file, why);
        let rules = file::read(file, prefix, text, |rule: &DeskRule| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })?;
        for mut rule in rules {
            if !rule.blocked
                && rule.write_to.is_none()
                && rule.form.is_none()
                && rule.mailboxes.is_empty()
            {
                return Err(refused(format!(
                    "rule `{}` names no mailbox and no form",
                    rule.id
                )));
            }
            if !rule.authority.is_empty() && rule.for_whom.is_none() {
                return Err(refused(format!(
                    "authority `{}` does not say whom it is for",
                    rule.id
                )));
            }
            if let Some(fault) = rule.accepts.fault() {
                return Err(refused(format!("rule `{}` {fault}", rule.id)));
            }
            if rule
                .form
                .as_ref()
                .is_some_and(|form| !form.starts_with("https://"))
            {
                return Err(refused(format!(
                    "the form of rule `{}` is no https link",
                    rule.id
                )));
            }
            rule.file = file.to_owned();
            self.rules.push(rule);
        }
        Ok(())
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        for rule in &self.rules {
            let failed = |text: &String, should: &str| RuleError::Example {
                file: rule.file.clone(),
                id: rule.id.clone(),
                why: format!("`{text}` should {should}"),
            };
            if let Some(text) = rule.matches.iter().find(|text| !rule.is_about(text)) {
                return Err(failed(text, "match"));
            }
            if let Some(text) = rule.skips.iter().find(|text| rule.is_about(text)) {
                return Err(failed(text, "not match"));
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }

    /// Returns every rule, the user's first.
    pub fn all(&self) -> impl Iterator<Item = &DeskRule> {
        self.rules.iter()
    }

    /// Returns the desk that a mailbox belongs to.
    #[must_use]
    pub fn for_mailbox(&self, mailbox: &AbuseMailbox) -> Option<&DeskRule> {
        self.rules
            .iter()
            .find(|rule| rule.is_about(mailbox.as_str()))
    }

    /// Returns the user's rule that blocks a mailbox.
    #[must_use]
    pub fn blocks(&self, mailbox: &AbuseMailbox) -> Option<&DeskRule> {
        self.for_mailbox(mailbox).filter(|rule| rule.blocked)
    }

    /// Returns the desks for a host, a domain or an address, of those that answer for something.
    pub fn about<'a>(&'a self, what: &'a str) -> impl Iterator<Item = &'a DeskRule> {
        self.rules
            .iter()
            .filter(move |rule| rule.authority.is_empty() && rule.is_about(what))
    }

    /// Returns the authorities; they are offered, and told only if the user chooses them.
    pub fn authorities(&self) -> impl Iterator<Item = &DeskRule> {
        self.rules
            .iter()
            .filter(|rule| !rule.authority.is_empty() && !rule.blocked)
    }

    /// Returns the authority of a name.
    #[must_use]
    pub fn authority(&self, name: &str) -> Option<&DeskRule> {
        self.authorities().find(|rule| rule.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(date: &str) -> Timestamp {
        format!("{date}T12:00:00Z").parse().unwrap()
    }

    const USER: &str = r#"
        [[rule]]
        id = "desks-user-1"
        what = "my carrier"
        source = ["the user"]
        verified_on = 2026-11-21
        added = 2026-11-21
        confidence = "high"
        roles = ["network"]
        networks = ["192.0.2.0/24"]
        write_to = "abuse@carrier.example"
        match = ["192.0.2.7"]
        skip = ["198.51.100.1"]
    "#;

    #[test]
    fn every_desk_rule_does_what_it_says() {
        let desks = Desks::builtin().unwrap();
        assert!(desks.check().unwrap() >= 2 * desks.rules.len());
        assert!(desks.rules.len() > 25);
    }

    #[test]
    fn no_desk_file_is_left_out() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/desks");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), FILES.len());
    }

    #[test]
    fn a_rule_that_was_verified_long_ago_is_believed_less_and_says_so() {
        let desks = Desks::builtin().unwrap();
        let ses = desks
            .all()
            .find(|r| r.id == "desks-mail-services-amazon-ses")
            .unwrap();
        assert_eq!(
            ses.confidence_at(at("2026-12-01")),
            (Confidence::High, false)
        );
        assert_eq!(
            ses.confidence_at(at("2028-12-01")),
            (Confidence::Medium, true)
        );
        assert_eq!(ses.provenance(at("2026-12-01")), "verified 2026-11-20");
        assert_eq!(
            ses.provenance(at("2028-12-01")),
            "verified 2026-11-20, over 18 months ago"
        );
    }

    #[test]
    fn desks_are_found_by_mailbox_domain_and_network() {
        let mut desks = Desks::builtin().unwrap();
        let of =
            |desks: &Desks, what: &str| desks.about(what).map(|r| r.id.clone()).collect::<Vec<_>>();
        let mailbox = AbuseMailbox::try_from("ABUSE@amazonaws.com").unwrap();
        assert_eq!(desks.for_mailbox(&mailbox).unwrap().id, "desks-hosts-aws");
        assert_eq!(
            of(&desks, "a8-31.smtp-out.amazonses.com"),
            ["desks-mail-services-amazon-ses"]
        );
        assert!(of(&desks, "notamazonses.com").is_empty());
        assert!(of(&desks, "192.0.2.7").is_empty());
        desks.add_user("mine.toml", USER).unwrap();
        assert_eq!(of(&desks, "192.0.2.7"), ["desks-user-1"]);
    }

    #[test]
    fn an_authority_is_chosen_by_its_name_and_says_whom_it_is_for() {
        let desks = Desks::builtin().unwrap();
        assert!(desks.authorities().all(|rule| rule.for_whom.is_some()));
        let apwg = desks.authority("apwg").unwrap();
        assert!(apwg.collects("phishing", None) && !apwg.collects("spam", Some("US")));
        let brazil = desks.authority("cert-br").unwrap();
        assert!(brazil.collects("spam", Some("BR")));
        assert!(!brazil.collects("spam", Some("US")) && !brazil.collects("spam", None));
        assert!(desks.authority("hosts-aws").is_none());
    }

    #[test]
    fn a_user_rule_that_is_none_is_refused_and_the_others_stay() {
        let mut desks = Desks::builtin().unwrap();
        let before = desks.rules.len();
        for (from, to) in [
            ("match = [\"192.0.2.7\"]", "match = [\"198.51.100.7\"]"),
            ("skip = [\"198.51.100.1\"]", "skip = []"),
            (
                "abuse@carrier.example",
                "abuse@carrier.example,victim@bank.example",
            ),
            ("desks-user-1", "mine-1"),
            ("write_to", "writes_to"),
            ("match =", "accepts.subject = \"{all}\"\nmatch ="),
            ("match =", "accepts.subject = \"a\\nBcc: b\"\nmatch ="),
            ("match =", "accepts.subject = \"\"\nmatch ="),
            ("match =", "accepts.formats = [\"pdf\"]\nmatch ="),
        ] {
            assert!(
                desks
                    .add_user("mine.toml", &USER.replace(from, to))
                    .is_err(),
                "{to}"
            );
            assert_eq!(desks.rules.len(), before);
        }
    }
}
