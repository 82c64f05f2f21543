//! Facts about the mail world that change without us: loads and self-tests `rules/`.
//!
//! In: TOML files, built in, and the user's own. Out: [`Rules`].
//! Trust: built-in rules are ours; a user's rule that fails its own examples is refused.
//! Failures: [`RuleError`] with file and rule.

// read when first asked for
mod lazy;
pub use lazy::Lazy;

// a file of rules, and what it must have
mod file;

// patterns with stars
mod glob;

// which rules are worth asking
mod sieve;

// special-purpose networks: never reportable, never a server
mod special;
pub use special::{SpecialPurpose, carried, is_inner, unmapped};

// sets of names, domains and patterns
mod set;
pub use set::{Fields, Held, Looked, Sets};

// what the matches of patterns begin with
mod words;

// how mail servers write Received fields
pub mod received;
use received::ReceivedRules;

// which names are one host, or lie in one domain
pub mod names;

// words that rules and stages share
mod belief;
pub use belief::{Confidence, Role, Suspect};

// one strict address, the only form that a recipient takes
mod mailbox;
pub use mailbox::{AbuseMailbox, MailboxError};

// ranges of addresses
mod range;
pub use range::AddrRange;

// WHOIS answers, read by the rule of their registry
mod whois;
pub use whois::{Dialect, Facts, Finding, Pattern, Reading};

// the number registries
mod registry;
pub use registry::{Ask, Registries, Registry};

// which RDAP server answers for what, as built in
mod bootstrap;
pub use bootstrap::Bootstrap;

// abuse desks with rules of their own
mod desk;
pub use desk::{Accepts, DeskRule, Desks};

// texts and their kinds
mod lines;
pub use lines::{LineRule, Lines};

// large providers: their inner hand-overs, their relays
mod providers;
pub use providers::{Provider, Providers};

// mail services by their marks
mod esp;
pub use esp::{Esps, Service};

// the sentences of a complaint
mod text;
pub(crate) use text::FIRST_LANGUAGE;
pub use text::Texts;
pub(crate) use text::filled;
// bounces and answers: their signs, words and codes
mod reply;
pub use reply::{Family, Reason, Replies, ReplyRule, Says};
// bounces, automatic answers, lists
mod nature;
pub use nature::Natures;

// how mail is submitted at large providers
mod submission;
pub use submission::{Account, Login, Protection, Submission, Submissions};

/// Everything that `rules/` says.
#[derive(Debug)]
pub struct Rules {
    /// The number registries.
    pub registries: Lazy<Registries>,
    /// Which RDAP server answers for what, as built in.
    pub bootstrap: Lazy<Bootstrap>,
    /// Abuse desks with rules of their own.
    pub desks: Lazy<Desks>,
    /// Mailboxes that never get a complaint.
    pub refused: Lazy<Lines>,
    /// WHOIS answers that are no answers.
    pub answers: Lazy<Lines>,
    /// Which mailbox in a remark is one for complaints.
    pub remarks: Lazy<Lines>,
    /// Labels of hosts that cannot carry a token.
    pub labels: Lazy<Lines>,
    /// First labels of hosts that take mail in for others.
    pub exchangers: Lazy<Lines>,
    /// What a reverse path says by its form.
    pub paths: Lazy<Lines>,
    /// Networks that the IANA registries set apart.
    pub special: Lazy<SpecialPurpose>,
    /// How mail is submitted at large providers.
    pub submission: Lazy<Submissions>,
    /// Header fields and words, as munging needs them.
    pub fields: Lazy<Fields>,
    /// How mail servers write Received fields.
    pub received: Lazy<ReceivedRules>,
    /// Large providers: their inner hand-overs, their relays.
    pub providers: Lazy<Providers>,
    /// What links, attachments and words say about a message.
    pub evidence: Lazy<Sets>,
    /// Mail services by their marks.
    pub esps: Lazy<Esps>,
    /// The sentences of a complaint, in each language.
    pub texts: Lazy<Texts>,
    /// How bounces and answers to complaints look, and what they say.
    pub replies: Lazy<Replies>,
    /// Bounces and automatic answers.
    pub backscatter: Lazy<Natures>,
    /// Mailing lists.
    pub lists: Lazy<Natures>,
}

/// Why a rule is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The file is no TOML, or has a key that no rule has.
    #[error("{file}: {why}")]
    File {
        /// The file.
        file: String,
        /// What the reader of TOML says, with line and column.
        why: String,
    },
    /// The rule's own example does not come out as it says.
    #[error("{file}: rule `{id}`: {why}")]
    Example {
        /// The file.
        file: String,
        /// The rule.
        id: String,
        /// Which example, and what came out.
        why: String,
    },
}

impl Rules {
    /// Returns whether a domain gives mailboxes to anybody, as far as rules know.
    #[must_use]
    pub fn is_mail_provider(&self, domain: &str) -> bool {
        let anybody = format!("anybody@{domain}");
        let free = self.refused.of_kind("weak", &anybody);
        free.is_some_and(|rule| rule.id.ends_with("freemail"))
            || self
                .desks
                .about(domain)
                .any(|desk| desk.roles.contains(&Role::Provider))
    }

    /// Returns the rules that are built in; each family is read when it is first asked.
    ///
    /// Their examples run in `plaint rules check` and in the tests, not here.
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            registries: Lazy::new(Registries::builtin),
            bootstrap: Lazy::new(Bootstrap::builtin),
            desks: Lazy::new(Desks::builtin),
            refused: Lazy::new(|| {
                Lines::load(
                    "mailboxes/refused.toml",
                    include_str!("../../rules/mailboxes/refused.toml"),
                )
            }),
            answers: Lazy::new(|| {
                Lines::load(
                    "answers/whois.toml",
                    include_str!("../../rules/answers/whois.toml"),
                )
            }),
            remarks: Lazy::new(|| {
                Lines::load(
                    "answers/remarks.toml",
                    include_str!("../../rules/answers/remarks.toml"),
                )
            }),
            labels: Lazy::new(|| {
                Lines::load(
                    "hosts/ordinary.toml",
                    include_str!("../../rules/hosts/ordinary.toml"),
                )
            }),
            exchangers: Lazy::new(|| {
                Lines::load(
                    "hosts/exchangers.toml",
                    include_str!("../../rules/hosts/exchangers.toml"),
                )
            }),
            paths: Lazy::new(|| {
                Lines::load(
                    "paths/reverse.toml",
                    include_str!("../../rules/paths/reverse.toml"),
                )
            }),
            special: Lazy::new(|| {
                SpecialPurpose::load(
                    "addresses/special-purpose.toml",
                    include_str!("../../rules/addresses/special-purpose.toml"),
                )
            }),
            submission: Lazy::new(Submissions::builtin),
            fields: Lazy::new(Fields::builtin),
            received: Lazy::new(ReceivedRules::load),
            providers: Lazy::new(Providers::load),
            evidence: Lazy::new(Sets::evidence),
            esps: Lazy::new(Esps::builtin),
            texts: Lazy::new(Texts::builtin),
            replies: Lazy::new(Replies::builtin),
            backscatter: Lazy::new(Natures::backscatter),
            lists: Lazy::new(Natures::lists),
        }
    }

    /// Runs every rule's own examples.
    ///
    /// # Errors
    ///
    /// The first example that does not come out as its rule says.
    pub fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        ran += self.special.load()?.check()?;
        ran += self.submission.load()?.check()?;
        ran += self.fields.load()?.check()?;
        ran += self.received.load()?.check()?;
        ran += self.providers.load()?.check()?;
        ran += self.registries.load()?.check()?;
        ran += self.bootstrap.load()?.check()?;
        ran += self.desks.load()?.check()?;
        ran += self.refused.load()?.check()?;
        ran += self.answers.load()?.check()?;
        ran += self.remarks.load()?.check()?;
        ran += self.labels.load()?.check()?;
        ran += self.exchangers.load()?.check()?;
        ran += self.evidence.load()?.check()?;
        ran += self.esps.load()?.check()?;
        ran += self.texts.load()?.check()?;
        ran += self.replies.load()?.check()?;
        let paths = self.paths.load()?;
        ran += paths.check()?;
        ran += self.backscatter.load()?.check(paths)?;
        ran += self.lists.load()?.check(paths)?;
        Ok(ran)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_does_what_it_says() {
        let ran = Rules::builtin().check().unwrap();
        assert!(ran > 500, "only {ran} examples ran");
    }
}
