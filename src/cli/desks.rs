//! Lists, adds and blocks abuse desks.
//!
//! In: what rules and the user know. Out: tables; the user's own rules in `rules/desks.toml` beside the settings.
//! Trust: the user's word wins over built-in rules and registries.
//! Failures: 64 for what is no mailbox, network or domain; 78 for a file of the user's that is none.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use super::flags::{DesksArgs, DesksCommand};
use super::{Session, say};
use crate::config::{Config, alone, config_file, write_whole};
use crate::contact::{AbuseMailbox, Role};
use crate::failure::{Exit, Failure};
use crate::intake::Untrusted;
use crate::ledger::{Filter, Ledger};
use crate::rules::{DeskRule, Rules};
use crate::term::Table;

/// Runs the command.
pub(crate) fn run(args: DesksArgs, session: &mut Session) -> Result<Exit, Failure> {
    match args.command.unwrap_or_default() {
        DesksCommand::List => {
            list(session);
            Ok(Exit::Done)
        }
        DesksCommand::Show { desk } => show(&desk, session),
        DesksCommand::Add { what, mailbox } => add(&what, &mailbox, session),
        DesksCommand::Block { mailbox } => block(&mailbox, session),
    }
}

/// Returns the file of the user's own desk rules: beside the settings.
fn user_file(config: &Config) -> Result<PathBuf, Failure> {
    let settings = match &config.file {
        Some(file) => file.clone(),
        None => config_file()?,
    };
    let folder = settings.parent().unwrap_or(Path::new("."));
    Ok(folder.join("rules").join("desks.toml"))
}

/// Adds the user's own desk rules to the built-in ones; no file is no rules.
pub(crate) fn load(rules: &mut Rules, config: &Config) -> Result<(), Failure> {
    // Without a home folder there are no rules of the user's; the command that writes them says so.
    let Ok(file) = user_file(config) else {
        return Ok(());
    };
    let text = read(&file)?;
    rules
        .desks
        .add_user(&file.display().to_string(), &text)
        .map_err(|error| {
            Failure::new(Exit::Config, "your desk rules cannot be used")
                .because(error)
                .remedy("correct the rule, or take it out; nothing was sent")
        })
}

/// Reads the user's file; one that is not there is empty.
fn read(file: &Path) -> Result<String, Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(
            Failure::new(Exit::CannotOpen, "cannot open your desk rules")
                .at(file.display().to_string())
                .because(error),
        ),
    }
}

fn list(session: &mut Session) {
    let now = session.now();
    let mut table = Table::new(&["desk", "whose", "for", "mail", "form", "confidence"]);
    for rule in session.rules.desks.all() {
        table.row([
            rule.id.clone(),
            rule.what.clone(),
            answers_for(rule),
            mail(rule),
            rule.form.clone().unwrap_or_default(),
            believed(rule, now),
        ]);
    }
    session.term.table(&table);
}

fn answers_for(rule: &DeskRule) -> String {
    let role = |role: &Role| match role {
        Role::Network => "network",
        Role::Hosting => "hosting",
        Role::Registrar => "registrar",
        Role::Provider => "mailboxes",
        Role::Esp => "mail service",
        Role::Upstream => "upstream",
        Role::Authority => "authority",
    };
    if rule.blocked {
        "blocked".to_owned()
    } else if rule.authority.is_empty() {
        rule.roles.iter().map(role).collect::<Vec<_>>().join(", ")
    } else {
        let for_whom = rule.for_whom.as_deref().unwrap_or("anybody");
        let kinds = rule.authority.join(", ");
        format!("{kinds}, for {for_whom}: `--also {}`", rule.name())
    }
}

fn mail(rule: &DeskRule) -> String {
    match (&rule.write_to, rule.accepts.mail) {
        (_, Some(false)) => "form only".to_owned(),
        (Some(mailbox), _) => mailbox.to_string(),
        (None, _) => rule
            .mailboxes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn believed(rule: &DeskRule, now: jiff::Timestamp) -> String {
    let (confidence, aged) = rule.confidence_at(now);
    let word = format!("{confidence:?}").to_lowercase();
    if aged { format!("{word} (aged)") } else { word }
}

fn show(desk: &str, session: &mut Session) -> Result<Exit, Failure> {
    let now = session.now();
    let known: Vec<DeskRule> = session
        .rules
        .desks
        .all()
        .filter(|rule| rule.id == desk || rule.is_about(desk))
        .cloned()
        .collect();
    let learnt = learnt(desk, session)?;
    if known.is_empty() && learnt.is_empty() {
        let shown = Untrusted::text(desk).up_to(100);
        return Err(
            Failure::new(Exit::NoContact, format!("no rule knows the desk `{shown}`")).remedy(
                "`plaint lookup` asks the registries; `plaint desks list` shows what rules know",
            ),
        );
    }
    for line in learnt {
        session.term.answer(&line);
    }
    for rule in known {
        let mut line = |name: &str, text: String| {
            if !text.is_empty() {
                session.term.answer(&format!("{name:<12} {text}"));
            }
        };
        let list = |words: &[String]| words.join(", ");
        line("desk", rule.id.clone());
        line("whose", rule.what.clone());
        line("answers for", answers_for(&rule));
        line("mail", mail(&rule));
        line("form", rule.form.clone().unwrap_or_default());
        line("takes only", list(&rule.accepts.only));
        line("forms of mail", list(&rule.accepts.formats));
        line("attachments", list(&rule.accepts.attachments));
        line("subject", rule.accepts.subject.clone().unwrap_or_default());
        let pause = rule.accepts.min_interval_h;
        let pause = pause.map(|hours| format!("{hours} hours between two about one address"));
        line("pause", pause.unwrap_or_default());
        let masked = match rule.accepts.munged {
            Some(true) => "may be masked",
            Some(false) => "nothing may be masked",
            None => "",
        };
        line("evidence", masked.to_owned());
        line("note", rule.note.clone().unwrap_or_default());
        line("about", list(&rule.domains));
        line(
            "confidence",
            format!("{}, {}", believed(&rule, now), rule.provenance(now)),
        );
        line("source", list(&rule.source));
        line("file", rule.file.clone());
        session.term.answer("");
    }
    Ok(Exit::Done)
}

/// Returns what the ledger learnt about a desk from its own answers, a line each.
fn learnt(desk: &str, session: &Session) -> Result<Vec<String>, Failure> {
    // Looking at a desk is no reason to begin a ledger.
    if !session.config.ledger_path()?.exists() {
        return Ok(Vec::new());
    }
    let ledger = session.open_ledger()?;
    let record = ledger.desk(&desk.to_ascii_lowercase())?;
    let shown = |text: String| Untrusted::text(&text).up_to(300).to_string();
    let dead = record.dead_until.filter(|until| *until > session.now());
    let dead = dead.map(|until| {
        let because = record.dead_because.clone().unwrap_or_default();
        format!(
            "mail to it comes back ({because}), until {}",
            until.strftime("%Y-%m-%d")
        )
    });
    let word = |is: bool, text: &str| is.then(|| text.to_owned());
    Ok([
        dead,
        record.form_url.map(|url| format!("wants its form: {url}")),
        record
            .forwarded_to
            .map(|mailbox| format!("points to {mailbox}")),
        word(record.refuses_munged, "wants nothing to be masked"),
        word(record.headers_only, "its filter refused a whole message"),
    ]
    .into_iter()
    .flatten()
    .map(|text| format!("{:<12} {}", "learnt", shown(text)))
    .chain(told(desk, &ledger)?)
    .collect())
}

/// Returns a line about the complaints to a desk, if there are any.
fn told(desk: &str, ledger: &Ledger) -> Result<Option<String>, Failure> {
    let lines = ledger.lines(&Filter {
        text: Some(desk.to_owned()),
        ..Filter::default()
    })?;
    let its: Vec<_> = lines
        .iter()
        .filter(|line| line.desk.eq_ignore_ascii_case(desk))
        .collect();
    // The newest change stands first.
    Ok(its.first().map(|newest| {
        format!(
            "{:<12} {}, the newest is {} since {}: `plaint log show {}`",
            "complaints",
            its.len(),
            newest.state,
            say::utc(newest.changed),
            newest.id
        )
    }))
}

fn add(what: &str, mailbox: &str, session: &mut Session) -> Result<Exit, Failure> {
    let mailbox = read_mailbox(mailbox)?;
    let net = what
        .parse::<IpNet>()
        .ok()
        .or_else(|| what.parse::<IpAddr>().ok().map(IpNet::from));
    let (about, name, matches, skip, roles) = match net {
        Some(net) => {
            let outside = ["192.0.2.1", "198.51.100.1"]
                .into_iter()
                .find(|text| !text.parse::<IpAddr>().is_ok_and(|addr| net.contains(&addr)))
                .unwrap_or("2001:db8::1");
            (
                format!("networks = [\"{}\"]", net.trunc()),
                if net.prefix_len() == net.max_prefix_len() {
                    net.addr().to_string()
                } else {
                    net.trunc().to_string()
                },
                net.trunc().addr().to_string(),
                outside.to_owned(),
                "\"network\", \"hosting\", \"upstream\"",
            )
        }
        None => {
            let name = idna::domain_to_ascii(what.trim_end_matches('.'))
                .ok()
                .filter(|name| {
                    name.contains('.')
                        && name
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
                })
                .ok_or_else(|| {
                    let shown = Untrusted::text(what).up_to(100).to_string();
                    Failure::new(
                        Exit::Usage,
                        format!("`{shown}` is neither a network nor a domain"),
                    )
                    .remedy("write a network like 192.0.2.0/24, or a domain like example.net")
                })?;
            (
                format!("domains = [\"{name}\"]"),
                name.clone(),
                name,
                "other.invalid".to_owned(),
                "\"hosting\", \"registrar\", \"provider\", \"esp\"",
            )
        }
    };
    let rule = format!(
        "what = \"yours\"\nroles = [{roles}]\n{about}\nwrite_to = \"{mailbox}\"\nmatch = [\"{matches}\"]\nskip = [\"{skip}\"]\n"
    );
    write(session, &rule, &name)?;
    session.term.status(&format!(
        "Complaints about {name} are offered to {mailbox} from now on."
    ));
    Ok(Exit::Done)
}

fn block(mailbox: &str, session: &mut Session) -> Result<Exit, Failure> {
    let mailbox = read_mailbox(mailbox)?;
    let skip = if mailbox.as_str() == "abuse@example.org" {
        "abuse@example.net"
    } else {
        "abuse@example.org"
    };
    let rule = format!(
        "what = \"you blocked it\"\nblocked = true\nmailboxes = [\"{mailbox}\"]\nmatch = [\"{mailbox}\"]\nskip = [\"{skip}\"]\n"
    );
    write(session, &rule, mailbox.as_str())?;
    session
        .term
        .status(&format!("Nothing is sent to {mailbox} from now on."));
    Ok(Exit::Done)
}

fn read_mailbox(text: &str) -> Result<AbuseMailbox, Failure> {
    AbuseMailbox::try_from(text).map_err(|why| {
        let shown = Untrusted::text(text).up_to(100);
        Failure::new(
            Exit::Usage,
            format!("`{shown}` is no mailbox that a complaint can go to"),
        )
        .because(why)
    })
}

/// Returns the user's file without a rule that says the same: what is said again counts last, and once.
///
/// A rule in which he wrote something stays.
fn without(known: &str, rule: &str) -> String {
    let cut = known.find(rule).and_then(|at| {
        let before = known.get(..at)?;
        let begin = before.rfind("\n[[rule]]\n")?;
        let own = [
            "",
            "[[rule]]",
            "id",
            "source",
            "verified_on",
            "added",
            "confidence",
        ];
        let lines = before.get(begin..)?.lines();
        let is_ours = lines
            .map(|line| line.split(" = ").next().unwrap_or_default())
            .eq(own);
        let after = known.get(at + rule.len()..)?;
        is_ours.then(|| format!("{}{after}", known.get(..begin).unwrap_or_default()))
    });
    cut.unwrap_or_else(|| known.to_owned())
}

/// Appends a rule to the user's file, once the whole file is one that can be read.
fn write(session: &Session, rule: &str, about: &str) -> Result<(), Failure> {
    let file = user_file(&session.config)?;
    let cannot_write = |error: std::io::Error| {
        Failure::new(Exit::Io, "cannot write your desk rules")
            .at(file.display().to_string())
            .because(error)
    };
    let _alone = alone(&file).map_err(cannot_write)?;
    let known = without(&read(&file)?, rule);
    let slug: String = about
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let mut id = format!("desks-user-{slug}");
    let mut count = 1;
    while known.contains(&format!("\"{id}\"")) {
        count += 1;
        id = format!("desks-user-{slug}-{count}");
    }
    let today = session.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let head = "# Desks that you added or blocked. Of several rules about the same thing the last one counts.\n";
    let text = format!(
        "{}{}\n[[rule]]\nid = \"{id}\"\nsource = [\"you\"]\nverified_on = {today}\nadded = {today}\nconfidence = \"high\"\n{rule}",
        if known.is_empty() { head } else { "" },
        known,
    );
    let mut rules = Rules::builtin();
    rules
        .desks
        .add_user(&file.display().to_string(), &text)
        .map_err(|error| Failure::new(Exit::Config, "the rule cannot be added").because(error))?;
    write_whole(&file, &text).map_err(cannot_write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_is_said_again_stands_once_and_what_the_user_wrote_stays() {
        let rule = "what = \"yours\"\ndomains = [\"x.example\"]\n";
        let block = |more: &str| {
            format!(
                "\n[[rule]]\nid = \"desks-user-x\"\n{more}source = [\"you\"]\nverified_on = 2026-11-21\nadded = 2026-11-21\nconfidence = \"high\"\n{rule}"
            )
        };
        let known = format!("# Desks.\n{}\n[[rule]]\nid = \"b\"\n", block(""));
        assert_eq!(without(&known, rule), "# Desks.\n\n[[rule]]\nid = \"b\"\n");
        assert_eq!(without("", rule), "");
        let noted = block("# because they asked for it\n");
        assert_eq!(without(&noted, rule), noted);
    }
}
