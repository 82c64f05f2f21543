//! Facts about the mail world that change without us: loads and self-tests `rules/`.
//!
//! In: TOML files, built in, and the user's own. Out: [`Rules`].
//! Trust: built-in rules are ours; a user's rule that fails its own examples is refused.
//! Failures: [`RuleError`] with file and rule.

// special-purpose networks: never reportable, never a server
mod special;
pub use special::{SpecialPurpose, carried, unmapped};

// sets of names, domains and patterns
mod set;
pub use set::{Fields, Held, Sets};

// how mail servers write Received fields
pub mod received;
use received::ReceivedRules;

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
pub use text::Texts;
// bounces and answers: their signs, words and codes
mod reply;
pub use reply::{Family, Reason, Replies, ReplyRule, Says};
// bounces and automatic answers
mod backscatter;
pub use backscatter::Backscatter;

// how mail is submitted at large providers
mod submission;
pub use submission::{Account, Protection, Submission, Submissions};

/// Everything that `rules/` says.
#[derive(Debug)]
pub struct Rules {
    /// The number registries.
    pub registries: Registries,
    /// Which RDAP server answers for what, as built in.
    pub bootstrap: Bootstrap,
    /// Abuse desks with rules of their own.
    pub desks: Desks,
    /// Mailboxes that never get a complaint.
    pub refused: Lines,
    /// WHOIS answers that are no answers.
    pub answers: Lines,
    /// Which mailbox in a remark is one for complaints.
    pub remarks: Lines,
    /// Labels of hosts that cannot carry a token.
    pub labels: Lines,
    /// Networks that the IANA registries set apart.
    pub special: SpecialPurpose,
    /// How mail is submitted at large providers.
    pub submission: Submissions,
    /// Header fields and words, as munging needs them.
    pub fields: Fields,
    /// How mail servers write Received fields.
    pub received: ReceivedRules,
    /// Large providers: their inner hand-overs, their relays.
    pub providers: Providers,
    /// What links, attachments and words say about a message.
    pub evidence: Sets,
    /// Mail services by their marks.
    pub esps: Esps,
    /// The sentences of a complaint, in each language.
    pub texts: Texts,
    /// How bounces and answers to complaints look, and what they say.
    pub replies: Replies,
    /// Bounces and automatic answers.
    pub backscatter: Backscatter,
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
    /// Loads the rules that are built in.
    ///
    /// Their examples run in `plaint rules check` and in the tests, not here.
    ///
    /// # Errors
    ///
    /// [`RuleError`] where a file cannot be read: a bug of ours.
    pub fn builtin() -> Result<Self, RuleError> {
        Ok(Self {
            registries: Registries::builtin()?,
            bootstrap: Bootstrap::builtin()?,
            desks: Desks::builtin()?,
            refused: Lines::load(
                "mailboxes/refused.toml",
                include_str!("../../rules/mailboxes/refused.toml"),
            )?,
            answers: Lines::load(
                "answers/whois.toml",
                include_str!("../../rules/answers/whois.toml"),
            )?,
            remarks: Lines::load(
                "answers/remarks.toml",
                include_str!("../../rules/answers/remarks.toml"),
            )?,
            labels: Lines::load(
                "hosts/ordinary.toml",
                include_str!("../../rules/hosts/ordinary.toml"),
            )?,
            special: SpecialPurpose::load(
                "addresses/special-purpose.toml",
                include_str!("../../rules/addresses/special-purpose.toml"),
            )?,
            submission: Submissions::builtin()?,
            fields: Fields::builtin()?,
            received: ReceivedRules::load()?,
            providers: Providers::load()?,
            evidence: Sets::evidence()?,
            esps: Esps::builtin()?,
            texts: Texts::builtin()?,
            replies: Replies::builtin()?,
            backscatter: Backscatter::load()?,
        })
    }

    /// Runs every rule's own examples.
    ///
    /// # Errors
    ///
    /// The first example that does not come out as its rule says.
    pub fn check(&self) -> Result<usize, RuleError> {
        let mut ran = 0;
        ran += self.special.check()?;
        ran += self.submission.check()?;
        ran += self.fields.check()?;
        ran += self.received.check()?;
        ran += self.providers.check()?;
        ran += self.registries.check()?;
        ran += self.bootstrap.check()?;
        ran += self.desks.check()?;
        ran += self.refused.check()?;
        ran += self.answers.check()?;
        ran += self.remarks.check()?;
        ran += self.labels.check()?;
        ran += self.evidence.check()?;
        ran += self.esps.check()?;
        ran += self.texts.check()?;
        ran += self.replies.check()?;
        ran += self.backscatter.check()?;
        Ok(ran)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_does_what_it_says() {
        let ran = Rules::builtin().unwrap().check().unwrap();
        assert!(ran > 500, "only {ran} examples ran");
    }
}
