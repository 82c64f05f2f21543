//! Composes one complaint a desk: the octets that will be sent, redacted and checked.
//!
//! In: message, [`Trace`], [`Evidence`], [`Contacts`], [`Identity`]. Out: [`Complaint`]s, one per desk.
//! Pure: the time and the secret come in.
//! Standards: RFC 5965 (ARF), RFC 6522 (multipart/report), RFC 5322 (header), RFC 6590 (redaction).
//! Trust: what the spam wrote is a claim in the text, and never a header value.
//! Failures: [`DraftError`]; a complaint in which the reporter can still be found is marked, and cannot be approved.

use jiff::Timestamp;

use crate::contact::{AbuseMailbox, Contacts, Role, Suspect};
use crate::evidence::{Evidence, Kind};
use crate::intake::Message;
use crate::rules::Rules;
use crate::trace::Trace;

use case::Case;
use compose::Part;
use desk::Call;
use munge::Exhibit;

// what identifies the user
mod own;

// finds the user in octets, and masks him
mod leak;

// the evidence as a desk receives it
mod munge;

// what all complaints about one message share
mod case;

// who is written to, and who of them is ticked
mod desk;

// the desk's own marks in the message
mod stamp;

// part one
mod text;

// the parts put together
mod compose;

// XARF v3
mod xarf;

// what a person reads before he agrees
pub mod preview;

// keys made from the local secret
mod key;
pub use key::{CaseKey, Secret};

/// Who complains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name under the complaint; empty for none.
    pub name: String,
    /// Mailbox that the complaint comes from, and that answers go to.
    pub mailbox: AbuseMailbox,
    /// Other mailboxes of the same person.
    pub also_mine: Vec<String>,
    /// Words that identify the person: a name, a nick, a number.
    pub also_mask: Vec<String>,
    /// Whether the mail domain itself is the person's own, and hidden.
    pub mask_domain: bool,
}

/// Form of a complaint.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 5965.
    #[default]
    Arf,
    /// One text part.
    Plain,
    /// XARF v3, reporter type Person.
    Xarf,
}

/// How much of the reporter is hidden in the evidence.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Munge {
    /// Nothing.
    None,
    /// The own addresses and words.
    #[default]
    Address,
    /// Those, and every token that could stand for the recipient.
    Tokens,
    /// Those, and the whole body.
    HeadersOnly,
}

/// What a user may choose about his complaints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Form; a desk rule can demand another.
    pub format: Option<Format>,
    /// Redaction; `None` is each desk's own default.
    pub munge: Option<Munge>,
    /// Size of the evidence at most, in KiB.
    pub max_evidence_kib: usize,
    /// The user's own words to all desks.
    pub note: Option<String>,
    /// Language of the text, `en` or `de`.
    pub language: String,
    /// What the user says about a newsletter; quoted as his word.
    pub answer: Option<Answer>,
}

/// What the user says about mail of a mail service or a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// What he says.
    pub says: Says,
    /// The day he said it.
    pub on: jiff::civil::Date,
}

/// What only the user can know: whether he asked for the mail.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// He never asked for it.
    NeverAsked,
    /// He unsubscribed, and it went on.
    Unsubscribed {
        /// When, in his words.
        when: String,
    },
    /// He once signed up: unsubscribing is the way.
    OnceSignedUp,
    /// He does not know.
    Unknown,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: None,
            munge: None,
            max_evidence_kib: 50,
            note: None,
            language: "en".to_owned(),
            answer: None,
        }
    }
}

/// Everything that complaints about one message are made of.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The newest message of the case.
    pub message: &'a Message,
    /// Its trace; it must have a source.
    pub trace: &'a Trace,
    /// What it shows.
    pub evidence: &'a Evidence,
    /// Who answers for whom.
    pub found: &'a [(Suspect, Role, Contacts)],
    /// Boundary times of the case's earlier messages, oldest first; empty for a single one.
    pub earlier: &'a [Timestamp],
    /// The case: keyed hash of its first message.
    pub case: CaseKey,
    /// Round: 0 for the first complaint, more for reminders.
    pub round: u32,
    /// Who complains.
    pub identity: &'a Identity,
    /// What he chose.
    pub options: &'a Options,
    /// The rules.
    pub rules: &'a Rules,
    /// The local secret.
    pub secret: &'a Secret,
    /// When the complaint is composed.
    pub now: Timestamp,
}

/// A desk as a complaint's recipient, and why it is one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Desk {
    /// Where the complaint goes; `None` for a desk that takes a web form only.
    pub mailbox: Option<AbuseMailbox>,
    /// The web form, where there is one.
    pub form: Option<String>,
    /// Everything that it answers for in this case.
    pub roles: Vec<Role>,
    /// Why this desk, in a sentence: "answers for 192.0.2.7 (RIPE, abuse mailbox)".
    pub why: String,
    /// Whether it is ticked beforehand.
    pub ticked: bool,
    /// Why it is not ticked, where it is not.
    pub unticked_because: Option<String>,
}

impl Desk {
    /// Returns the form under which the same desk is found again: the mailbox in lower case, or the form's address.
    #[must_use]
    pub fn key(&self) -> String {
        match (&self.mailbox, &self.form) {
            (Some(mailbox), _) => mailbox.key(),
            (None, Some(form)) => form.clone(),
            (None, None) => String::new(),
        }
    }
}

/// A complaint, composed for one desk.
///
/// Its octets are final: what is shown is what is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// The case.
    pub case: CaseKey,
    /// The desk.
    pub desk: Desk,
    /// Round of the case at this desk.
    pub round: u32,
    /// The address that the complaint is about.
    pub source_addr: std::net::IpAddr,
    /// Mailbox in From.
    pub from: AbuseMailbox,
    /// Subject, as sent.
    pub subject: String,
    /// Message-ID without angle brackets: keyed, the same on every composition of this case, desk and round.
    pub message_id: String,
    /// The whole mail, CRLF line ends.
    pub octets: Vec<u8>,
    /// Its first part: the complaint as a person reads it, LF line ends.
    pub text: String,
    /// Form.
    pub format: Format,
    /// Redaction.
    pub munge: Munge,
    /// How many places were masked, and in what.
    pub masked: Vec<String>,
    /// Where the reporter can still be found; not empty means that it cannot be approved.
    pub leaks: Vec<String>,
    /// What the reader should know before he agrees.
    pub warnings: Vec<String>,
    /// How many messages it speaks of.
    pub incidents: usize,
}

/// Why no complaint can be composed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The trace names no source.
    #[error("the trace names no source")]
    NoSource,
    /// No desk takes it.
    #[error("no desk was found")]
    NoDesk,
}

/// Age from which on the user is warned: logs are kept for days.
const AGED: jiff::SignedDuration = jiff::SignedDuration::from_hours(48);

/// Places of leaks that are named at most.
const LEAKS_NAMED: usize = 8;

/// Composes the complaints about one message, one per desk, those that are ticked beforehand first.
///
/// # Errors
///
/// [`DraftError`] where there is no source, or no desk.
pub fn draft(material: &Material<'_>) -> Result<Vec<Complaint>, DraftError> {
    let case = Case::of(material)?;
    let calls = desk::calls(&case);
    if calls.is_empty() {
        return Err(DraftError::NoDesk);
    }
    let workshop = munge::Workshop {
        message: material.message,
        structure: &case.structure,
        forms: &case.forms,
        rules: material.rules,
        not_others: &case.sides,
        limit: material.options.max_evidence_kib.saturating_mul(1024),
        keep_links: material.evidence.kind == Kind::Phishing,
    };
    let mut exhibits: Vec<(Munge, Exhibit)> = Vec::new();
    let complaints = calls.into_iter().map(|call| {
        let level = level(material.options, &call);
        let place = exhibits.iter().position(|(known, _)| *known == level);
        let place = place.unwrap_or_else(|| {
            exhibits.push((level, workshop.make(level)));
            exhibits.len() - 1
        });
        let none = Exhibit::default();
        let exhibit = exhibits.get(place).map_or(&none, |(_, exhibit)| exhibit);
        complaint(&case, call, level, exhibit)
    });
    Ok(complaints.collect())
}

/// Returns how much is hidden from a desk: who runs hosts and mailboxes needs no token of the mail.
fn level(options: &Options, call: &Call<'_>) -> Munge {
    let sends = |role: &Role| matches!(role, Role::Network | Role::Esp | Role::Upstream);
    options
        .munge
        .unwrap_or(if call.desk.roles.iter().any(sends) {
            Munge::Address
        } else {
            Munge::Tokens
        })
}

/// Composes the complaint for one desk, and looks whether the user can be found in it.
fn complaint(case: &Case<'_>, call: Call<'_>, level: Munge, exhibit: &Exhibit) -> Complaint {
    let material = case.material;
    let message_id = format!(
        "{}@{}",
        material
            .secret
            .message_id(&material.case, &call.desk.key(), material.round),
        material.identity.mailbox.domain()
    );
    let subject = text::subject(case, &call);
    let format = match (&call.desk.mailbox, material.options.format) {
        (None, _) => Format::Plain,
        (Some(_), format) => format.unwrap_or_default(),
    };
    let mut says = hidden(case, level, text::compose(case, &call, exhibit));
    let name = &material.identity.name;
    // A name that the user wants hidden in the evidence cannot sign the text; From has it all the same.
    let hides_name = level != Munge::None && !leaks(name.as_bytes(), &case.forms).is_empty();
    if !name.trim().is_empty() && !hides_name {
        says.push_str(&case::shown(name));
        says.push('\n');
    }
    let header = exhibit
        .octets
        .get(..exhibit.header_octets)
        .unwrap_or_default();
    says.push_str(&text::quoted(case, "header", header.trim_ascii_end()));
    let body = exhibit
        .octets
        .get(exhibit.header_octets..)
        .unwrap_or_default();
    if format == Format::Plain && !body.trim_ascii().is_empty() {
        says.push_str(&text::quoted(case, "body", body.trim_ascii_end()));
    }
    let octets = call.desk.mailbox.as_ref().map_or_else(Vec::new, |to| {
        let envelope = compose::Envelope {
            identity: material.identity,
            to,
            subject: &subject,
            message_id: &message_id,
            now: material.now,
        };
        octets(case, &call, exhibit, format, &envelope, &says)
    });
    let leaks = if level == Munge::None {
        Vec::new()
    } else if octets.is_empty() {
        leaks(says.as_bytes(), &case.forms)
    } else {
        leaks(&leak::without_exempt(&octets), &case.forms)
    };
    Complaint {
        case: material.case,
        source_addr: text::about(case, &call),
        desk: call.desk,
        round: material.round,
        from: material.identity.mailbox.clone(),
        subject,
        message_id,
        octets,
        text: says,
        format,
        munge: level,
        masked: text::changes(case, exhibit),
        leaks,
        warnings: warnings(case, level),
        incidents: material.earlier.len() + 1,
    }
}

/// Hides the user in what the text quotes, as in the evidence.
fn hidden(case: &Case<'_>, level: Munge, text: String) -> String {
    let octets = match level {
        Munge::None => return text,
        Munge::Address => text.into_bytes(),
        Munge::Tokens | Munge::HeadersOnly => {
            let keep_links = case.material.evidence.kind == Kind::Phishing;
            munge::without_tokens(text.into_bytes(), keep_links)
        }
    };
    let masked = leak::mask(&octets, &case.forms).map_or(octets, |masked| masked.octets);
    String::from_utf8_lossy(&masked).into_owned()
}

/// Composes the octets of the mail.
fn octets(
    case: &Case<'_>,
    call: &Call<'_>,
    exhibit: &Exhibit,
    format: Format,
    envelope: &compose::Envelope<'_>,
    says: &str,
) -> Vec<u8> {
    let text = || Part::of("text/plain; charset=utf-8", compose::crlf(says));
    let parts = match format {
        Format::Plain => return compose::plain(envelope, says),
        Format::Arf => {
            let evidence = compose::evidence(exhibit);
            [text(), feedback(case, call)]
                .into_iter()
                .chain(evidence)
                .collect()
        }
        Format::Xarf => {
            let report = xarf::report(case, call, exhibit);
            let json = Part::attached("application/json", "xarf.json", report.as_bytes());
            vec![text(), compose::Feedback::of("xarf").part(), json]
        }
    };
    let parts: Vec<Part> = parts;
    let boundary = compose::boundary(case.material.secret, envelope.message_id, &parts);
    compose::report(envelope, &parts, &boundary)
}

/// Returns the feedback report that desks' software reads.
fn feedback(case: &Case<'_>, call: &Call<'_>) -> Part {
    let by = case.boundary.and_then(|hop| hop.by.as_deref());
    let by = by.filter(|by| leak::find(by.as_bytes(), &case.forms).is_empty());
    let incidents = case.material.earlier.len() + 1;
    // RFC 5965 §7.3: `abuse` for phishing, too: desks' software refuses `fraud`.
    let mut feedback = compose::Feedback::of("abuse")
        .field("Source-IP", &text::about(case, call).to_string())
        .field("Arrival-Date", &text::arrival_date(case))
        .field(
            "Reporting-MTA",
            &by.map(|by| format!("dns; {by}")).unwrap_or_default(),
        )
        .field(
            "Original-Mail-From",
            &compose::original_mail_from(case).unwrap_or_default(),
        )
        .field("Incidents", &incidents.to_string());
    for (suspect, role) in &call.concerns {
        if let (Suspect::Host(name) | Suspect::Domain(name), Role::Hosting | Role::Registrar) =
            (suspect, role)
        {
            feedback = feedback.field("Reported-Domain", name);
        }
    }
    feedback.part()
}

/// Returns where the user can still be found, and what would help.
fn leaks(octets: &[u8], forms: &leak::Forms) -> Vec<String> {
    let mut found = leak::find(octets, forms);
    found.sort_by_key(|found| found.at);
    found.dedup_by_key(|found| found.at);
    let evidence =
        memchr::memmem::find(octets, b"Content-Type: message/rfc822").unwrap_or(octets.len());
    let header = memchr::memmem::find(octets, b"\r\n\r\n").unwrap_or(0);
    found
        .into_iter()
        .take(LEAKS_NAMED)
        .map(|found| {
            let line = octets.get(..found.at).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', line).count() + 1;
            let (place, help) = if found.at < header {
                ("the header", "change the name in [identity]")
            } else if found.at < evidence {
                (
                    "the text",
                    "take it out of your note, or use --munge headers-only",
                )
            } else {
                ("the evidence", "use --munge headers-only")
            };
            let way = if found.way.is_empty() {
                String::new()
            } else {
                format!(" ({})", found.way)
            };
            format!("line {line}, in {place}: {}{way}; {help}", found.form)
        })
        .collect()
}

/// Returns what the reader should know before he agrees.
fn warnings(case: &Case<'_>, level: Munge) -> Vec<String> {
    let material = case.material;
    let mut warnings = Vec::new();
    let age = material.now.duration_since(case.arrival);
    if !case.is_arrival_known {
        warnings.push("no own host recorded when the mail arrived".to_owned());
    } else if age > AGED {
        warnings.push(format!(
            "the mail is {} days old: the desk's logs may be gone",
            age.as_hours() / 24
        ));
    }
    let spammed = own::shown(&case.headers, material.trace, material.rules);
    let from = material.identity.mailbox.as_str();
    if spammed
        .iter()
        .any(|address| address.eq_ignore_ascii_case(from))
    {
        warnings.push("the complaint comes from the very address that was spammed: the desk, and whom it tells, will see it".to_owned());
    }
    if level == Munge::None {
        warnings.push("nothing is masked: the desk sees your address in the evidence".to_owned());
    }
    if let Some(question) = &material.trace.question {
        warnings.push(format!(
            "where your own hosts end is not certain: {}",
            question.text
        ));
    } else if !case.source.reportable {
        warnings.push(case.source.why.clone());
    }
    warnings
}
