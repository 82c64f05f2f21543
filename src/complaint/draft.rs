//! Composes the complaints about one message: one per desk, hidden as each desk's kind asks, and checked.
//!
//! In: [`Material`]. Out: [`Complaint`]s; what is ticked beforehand comes first.
//! Standards: RFC 5965 (ARF), RFC 6650 §4 (what a report tells).
//! Trust: the finished octets are searched for the user once more, whatever was hidden before.
//! Failures: [`DraftError`]; a leak is no failure here: it stands in the complaint, and stops it.

use super::case::Case;
use super::compose::Part;
use super::desk::Call;
use super::munge::Exhibit;
use super::{AGED, Complaint, DraftError, Format, Material, Munge, Options};
use super::{case, compose, desk, leak, munge, quote, text, xarf};
use crate::contact::{Role, Suspect};
use crate::evidence::Kind;

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

/// Returns how much is hidden from a desk: who runs hosts and mailboxes needs no token of the mail, and who may have
/// sent it must not learn from one who complains.
fn level(options: &Options, call: &Call<'_>) -> Munge {
    let sends = |role: &Role| matches!(role, Role::Network | Role::Esp | Role::Upstream);
    options
        .munge
        .unwrap_or(if call.desk.roles.iter().any(sends) && !call.is_suspect {
            Munge::Address
        } else {
            Munge::Tokens
        })
}

/// Returns the form of a complaint: what the user chose, unless the desk's rule says that it reads others only.
fn format(material: &Material<'_>, call: &Call<'_>) -> Format {
    let Some(mailbox) = &call.desk.mailbox else {
        return Format::Plain;
    };
    let chosen = material.options.format.unwrap_or_default();
    let Some(rule) = material.rules.desks.for_mailbox(mailbox) else {
        return chosen;
    };
    let named = rule.accepts.formats.iter();
    let named = named.filter_map(|word| <Format as clap::ValueEnum>::from_str(word, true).ok());
    let mut forms = std::iter::once(chosen).chain(named);
    // Text is what every desk reads that reads mail at all.
    forms
        .find(|form| rule.accepts.takes(form.word(), form.ending()))
        .unwrap_or(Format::Plain)
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
    let may_stand = |what: &str| hidden(case, level, what).octets == what.as_bytes();
    let subject = text::subject(case, &call, &may_stand);
    let format = format(material, &call);
    let hidden = hidden(case, level, &text::compose(case, &call, exhibit, format));
    let mut says = String::from_utf8_lossy(&hidden.octets).replace("\r\n", "\n");
    let name = &material.identity.name;
    // A name that the user wants hidden in the evidence cannot sign the text; From has it all the same.
    let hides_name = level != Munge::None && !leaks(name.as_bytes(), &case.forms, false).is_empty();
    if !name.trim().is_empty() && !hides_name {
        says.push_str(&case::shown(name));
        says.push('\n');
    }
    let header = exhibit
        .octets
        .get(..exhibit.header_octets)
        .unwrap_or_default();
    let quoted =
        |key, octets: &[u8]| quote::quoted(material.rules, &material.options.language, key, octets);
    says.push_str(&quoted("header", header.trim_ascii_end()));
    let body = exhibit
        .octets
        .get(exhibit.header_octets..)
        .unwrap_or_default();
    if format == Format::Plain && !body.trim_ascii().is_empty() {
        says.push_str(&quoted("body", body.trim_ascii_end()));
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
    let is_clean = hidden.is_clean && exhibit.is_clean;
    let leaks = if level == Munge::None {
        Vec::new()
    } else if octets.is_empty() {
        leaks(says.as_bytes(), &case.forms, is_clean)
    } else {
        let octets = leak::without_exempt(&octets);
        // What was searched when it was made is recognised, and not searched again.
        let clean: Vec<&[u8]> = [
            (hidden.is_clean, hidden.octets.as_slice()),
            (exhibit.is_clean, exhibit.octets.as_slice()),
        ]
        .into_iter()
        .filter_map(|(is_clean, octets)| is_clean.then_some(octets))
        .collect();
        named(
            &octets,
            leak::find_beside(&octets, &clean, &case.forms),
            is_clean,
        )
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
        masked: text::changes(case, exhibit, format),
        leaks,
        warnings: warnings(case, level),
        incidents: material.earlier.len() + 1,
    }
}

/// Hides the user in what the text quotes, as in the evidence; with the line ends of mail, as it is sent.
fn hidden(case: &Case<'_>, level: Munge, text: &str) -> leak::Masked {
    let octets = compose::crlf(text);
    if level == Munge::None {
        return leak::Masked::untouched(octets, false);
    }
    let octets = if level.hides_tokens() {
        let keep_links = case.material.evidence.kind == Kind::Phishing;
        munge::without_tokens(octets, keep_links)
    } else {
        octets
    };
    leak::mask(&octets, &case.forms).unwrap_or_else(|| leak::Masked::untouched(octets, true))
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
            [text(), feedback(case, call, exhibit)]
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
fn feedback(case: &Case<'_>, call: &Call<'_>, exhibit: &Exhibit) -> Part {
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
            &compose::original_mail_from(case, exhibit.hides_tokens).unwrap_or_default(),
        )
        // RFC 5965 §3.3, RFC 6590 §2: redacted. Readers that want a recipient take the first To
        // of the evidence otherwise, and give up where spam wrote none that can be read.
        .field("Original-Rcpt-To", &format!("<x@{}>", leak::MUNGED_DOMAIN))
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

/// Returns where the user can still be found, and what would help; `is_clean` says that whatever is quoted is clean.
pub(super) fn leaks(octets: &[u8], forms: &leak::Forms, is_clean: bool) -> Vec<String> {
    named(octets, leak::find(octets, forms), is_clean)
}

/// Says where the user was found, and what would help.
fn named(octets: &[u8], mut found: Vec<leak::Found>, is_clean: bool) -> Vec<String> {
    // What is left then are our own words: they hold nobody's local part but by chance, or because the spam was
    // addressed to one of them.
    found.retain(|found| !is_clean || found.form != leak::SHOWN_LOCAL_PART);
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
            let place = if found.at < header {
                "the header"
            } else if found.at < evidence {
                "the text"
            } else {
                "the evidence"
            };
            let help = help(place, found.form);
            let way = if found.way.is_empty() {
                String::new()
            } else {
                format!(" ({})", found.way)
            };
            format!("line {line}, in {place}: {}{way}; {help}", found.form)
        })
        .collect()
}

/// Returns what would help against a leak.
///
/// From and Message-ID are exempt: in the header stand the desk, the subject and the date, and no level changes those.
fn help(place: &str, form: &str) -> &'static str {
    match (place, form) {
        ("the evidence", _) => "use --munge headers-only",
        ("the text", _) => {
            "if you wrote it in your note, take it out; else use --munge headers-only"
        }
        (_, leak::OWN_WORD) => {
            "our own words or the desk's name hold it: take it out of also_mask, or name, in [identity]"
        }
        (_, leak::OWN_DOMAIN) => "the desk is in your own domain: unset mask_domain in [identity]",
        _ => {
            "it names the desk, too, and cannot be hidden: use --munge none if the desk may know you"
        }
    }
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
    let from = material.identity.mailbox.as_str();
    if case.shown.holds(from) {
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
