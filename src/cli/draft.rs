//! Composes complaints and prints them; never sends.
//!
//! In: one message; `--to`, or a lookup. Out: the octets of one mail, or of one mail per desk as mboxrd.
//! Standards: RFC 4155 (mbox), in its mboxrd form: `>From ` lines can be told back.
//! Trust: nothing leaves the machine; with `--to` not even a question.
//! Failures: what cannot be hidden is not printed (77).

use std::sync::Arc;

use super::flags::DraftArgs;
use super::way::{self, Plan, Way};
use super::{Session, attached, authority, find, identity, input, newsletter, question, say};
use crate::complaint::{Complaint, Format, Munge, Options, Secret};
use crate::contact::{AbuseMailbox, Confidence, Contact, Contacts, Finder, Role, Suspect, Via};
use crate::evidence::{self, Kind};
use crate::failure::{Exit, Failure};
use crate::intake::Message;
use crate::ledger::Ledger;
use crate::trace::{self, Trace};

/// Runs the command.
pub(crate) fn run(args: DraftArgs, session: &mut Session) -> Result<Exit, Failure> {
    let to = args.to.as_deref().map(desk).transpose()?;
    let mut message =
        input::one_message(args.file.as_deref(), &mut session.term, &mut session.asker)?;
    if !args.as_is {
        message = attached::chosen(message, &mut session.asker)?;
    }
    // A ledger that cannot be used is no reason not to compose for a desk that was named.
    let mut ledger = match session.open_ledger() {
        Ok(ledger) => Some(ledger),
        Err(failure) if to.is_some() => {
            session.term.warning(
                "the ledger cannot be used, so what you said of hosts before does not count",
            );
            session.term.failure(&failure);
            None
        }
        Err(failure) => return Err(failure),
    };
    let trace = traced(session, ledger.as_ref(), &message, &args.trust.trust)?;
    if trace.source.is_none() {
        session.term.status(&say::source(&trace, None));
        return Ok(Exit::NothingToReport);
    }
    let who = identity::identity(session)?;
    let mut options = way::options(session, &args.compose)?;
    let rules = Arc::clone(&session.rules);
    let way = match (to, ledger.as_mut()) {
        (Some(mailbox), _) => offline(message, trace, args.compose.kind, mailbox, session),
        (None, Some(ledger)) => {
            let mut finder = Finder::new(find::settings(session, args.offline)?, &rules);
            Way::of(
                message,
                trace,
                args.compose.kind,
                session,
                ledger,
                &mut finder,
            )?
        }
        (None, None) => return Err(Failure::bug("a lookup without a ledger")),
    };
    if let Some(sentence) = say::kind(&way.evidence) {
        session.term.status(&sentence);
    }
    authority::offer(session, &way, &options.also);
    if let Some(ledger) = &ledger {
        options.answer = newsletter::remembered(ledger, &way)?;
    }
    // Reference and Message-ID are those that a report of the same mail has.
    let (case, secret) = match &ledger {
        Some(ledger) => (
            ledger.standing(&way.message)?.case(),
            ledger.secret().clone(),
        ),
        None => {
            let secret = drawn()?;
            (secret.case(way.message.octets()), secret)
        }
    };
    let plan = Plan {
        case,
        earlier: &[],
        identity: &who,
        options: &options,
        rules: &rules,
        secret: &secret,
        now: session.now(),
    };
    let complaints = without_leaks(session, &way, &plan)?;
    print(session, &complaints, args.to.is_some());
    Ok(Exit::Done)
}

/// Reads the mailbox of `--to`.
fn desk(text: &str) -> Result<AbuseMailbox, Failure> {
    AbuseMailbox::try_from(text).map_err(|error| {
        Failure::new(Exit::Usage, "the value of `--to` is no mailbox")
            .because(error)
            .remedy("for example: --to abuse@example.net; nothing was sent")
    })
}

/// Traces without asking: what is in doubt becomes a warning of the complaint.
fn traced(
    session: &Session,
    ledger: Option<&Ledger>,
    message: &Message,
    named: &[String],
) -> Result<Trace, Failure> {
    let trust = match ledger {
        Some(ledger) => question::trust(session, ledger, named)?,
        None => session.config.trust(named)?,
    };
    Ok(trace::follow(&message.headers(), &trust, &session.rules))
}

/// Returns a secret of this run alone.
fn drawn() -> Result<Secret, Failure> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(|error| Failure::bug(error.to_string()))?;
    Ok(Secret::new(octets))
}

/// Gathers what a message shows, for a desk that the user named.
fn offline(
    message: Message,
    trace: Trace,
    kind: Option<Kind>,
    mailbox: AbuseMailbox,
    session: &Session,
) -> Way {
    let own = session.config.own_mailboxes();
    let evidence = evidence::gather(&message, &trace, &own, &session.rules).called(kind);
    let contact = Contact {
        mailbox,
        role: Role::Network,
        recommended: true,
        confidence: Confidence::High,
        via: Via::Rule,
        server: String::new(),
        field: "named with --to".to_owned(),
        fetched: session.now(),
    };
    let contacts = Contacts {
        contacts: vec![contact],
        ..Contacts::default()
    };
    let addr = trace
        .source
        .as_ref()
        .map(|source| Suspect::Addr(source.addr));
    Way {
        found: addr
            .into_iter()
            .map(|addr| (addr, Role::Network, contacts.clone()))
            .collect(),
        message,
        trace,
        evidence,
        named: Vec::new(),
    }
}

/// Composes; where the user can still be found, once more with the header section alone.
fn without_leaks(
    session: &mut Session,
    way: &Way,
    plan: &Plan<'_>,
) -> Result<Vec<Complaint>, Failure> {
    let complaints = way.draft(plan)?;
    let leaks: Vec<String> = complaints
        .iter()
        .flat_map(|one| one.leaks.clone())
        .collect();
    if leaks.is_empty() {
        return Ok(complaints);
    }
    for leak in &leaks {
        session
            .term
            .warning(&format!("you can still be found: {leak}"));
    }
    let options = Options {
        munge: Some(Munge::HeadersOnly),
        ..plan.options.clone()
    };
    let complaints = way.draft(&Plan {
        options: &options,
        case: plan.case,
        earlier: plan.earlier,
        identity: plan.identity,
        rules: plan.rules,
        secret: plan.secret,
        now: plan.now,
    })?;
    let Some(leak) = complaints.iter().flat_map(|one| &one.leaks).next() else {
        session
            .term
            .warning("the body was left out: only the header section goes along");
        return Ok(complaints);
    };
    Err(Failure::new(Exit::NoConsent, "you can still be found in the complaint")
        .because(leak)
        .remedy("add what is yours to `also_mine` and `also_mask` in [identity]; nothing was printed or sent"))
}

/// Prints one mail as it is, or one mail per desk as mboxrd.
fn print(session: &mut Session, complaints: &[Complaint], is_one: bool) {
    let wanted = if is_one { 1 } else { complaints.len() };
    for complaint in complaints.iter().take(wanted) {
        for warning in &complaint.warnings {
            session.term.warning(warning);
        }
        let Some(mailbox) = &complaint.desk.mailbox else {
            let form = complaint.desk.form.as_deref().unwrap_or_default();
            let form = crate::intake::Untrusted::text(form);
            session.term.warning(&format!(
                "a desk takes a web form only, nothing is printed for it: {form}"
            ));
            continue;
        };
        if is_one {
            session.term.foreign(&complaint.octets);
            continue;
        }
        if let Some(because) = &complaint.desk.unticked_because {
            session
                .term
                .status(&format!("{mailbox} would not be ticked: {because}"));
        }
        let date = session.now().strftime("%a %b %e %H:%M:%S %Y");
        session
            .term
            .foreign(format!("From {} {date}\n", complaint.from).as_bytes());
        session.term.foreign(&mboxrd(&complaint.octets));
        session.term.octets(b"\n");
    }
    if complaints.iter().any(|one| one.format == Format::Xarf) {
        session
            .term
            .status("XARF: software that reads ARF alone does not read it.");
    }
}

/// Returns a mail as it stands in a mailbox: LF, and every line of `>`s and `From ` quoted once more.
fn mboxrd(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + 16);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let text = line
            .strip_suffix(b"\n")
            .map_or(line, |text| text.strip_suffix(b"\r").unwrap_or(text));
        let marks = text.iter().take_while(|octet| **octet == b'>').count();
        if text
            .get(marks..)
            .is_some_and(|rest| rest.starts_with(b"From "))
        {
            out.push(b'>');
        }
        out.extend_from_slice(text);
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_line_in_a_mail_is_quoted() {
        assert_eq!(
            mboxrd(b"a\r\nFrom x\r\n>From y\r\n> From\r\n"),
            b"a\n>From x\n>>From y\n> From\n"
        );
    }
}
