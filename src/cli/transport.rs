//! How complaints are sent: from `[delivery]`, or asked once, before the first preview.
//!
//! In: the settings, or the user at the terminal. Out: a [`Transport`].
//! Trust: a password is asked for, or comes from a command or a variable; it is never written down.
//! Failures: no terminal and no setting means that nothing can be agreed to, exit status 77.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::input::no_answer;
use super::{Session, keep};
use crate::config::{Answer, Config, SmtpKeys, TransportKind};
use crate::delivery::smtp::{Mechanism, Settings, Smtp, Times, Tls};
use crate::delivery::{Drafts, LogOnly, PasswordFrom, Sendmail, Transport};
use crate::failure::{Exit, Failure};
use crate::rules::{Login, Protection, Rules};
use crate::term::Asker;

/// Returns how complaints are sent; asks once, and writes the answer down.
pub(super) fn kind(session: &mut Session, from: &str) -> Result<TransportKind, Failure> {
    match session.config.delivery.transport {
        Some(kind) => Ok(kind),
        None => ask(session, from),
    }
}

/// Builds the transport that the settings describe.
pub(super) fn build(
    config: &Config,
    rules: &Rules,
    kind: TransportKind,
) -> Result<Box<dyn Transport>, Failure> {
    let delivery = &config.delivery;
    Ok(match kind {
        TransportKind::Smtp => Box::new(smtp(config, rules)?),
        TransportKind::Sendmail => Box::new(Sendmail {
            program: delivery.sendmail.clone(),
            spool: spool(config)?,
            timeout: Duration::from_secs(delivery.timeout_s),
        }),
        TransportKind::Drafts => Box::new(Drafts::new(config.drafts_dir()?)),
        TransportKind::None => Box::new(LogOnly),
    })
}

/// Returns the folder of the ledger, where `sendmail`'s input stands while it reads it.
fn spool(config: &Config) -> Result<std::path::PathBuf, Failure> {
    let ledger = config.ledger_path()?;
    Ok(ledger.parent().unwrap_or_else(|| Path::new(".")).to_owned())
}

fn smtp(config: &Config, rules: &Rules) -> Result<Smtp, Failure> {
    let amiss = |why: &str| {
        let failure = Failure::new(Exit::Config, "the mail server's settings cannot be used")
            .because(why)
            .remedy("complete `[delivery.smtp]` in the settings; nothing was sent");
        match &config.file {
            Some(file) => failure.at(file.display().to_string()),
            None => failure,
        }
    };
    let keys = config
        .delivery
        .smtp
        .as_ref()
        .ok_or_else(|| amiss("`[delivery.smtp]` is missing"))?;
    if keys.host.is_empty() {
        return Err(amiss("`host` is missing"));
    }
    let settings = Settings {
        host: keys.host.clone(),
        port: keys.port.unwrap_or(keys.tls.port()),
        tls: keys.tls,
        user: keys.user.clone(),
        mechanism: mechanism(keys, rules),
        ca_file: keys.ca_file.clone(),
        times: Times {
            step: Duration::from_secs(config.delivery.timeout_s),
            dot: Duration::from_secs(config.delivery.dot_timeout_s),
            whole: Duration::from_secs(config.delivery.whole_timeout_s),
        },
    };
    let patience = Duration::from_secs(config.delivery.password_timeout_s);
    Ok(Smtp::new(settings, password(keys, patience)))
}

/// Returns the way to log in: as the settings say, or as the provider of the server demands.
fn mechanism(keys: &SmtpKeys, rules: &Rules) -> Option<Mechanism> {
    keys.auth.or_else(|| {
        let Login::XOAuth2 = rules.submission.of_host(&keys.host)?.auth?;
        Some(Mechanism::XOAuth2)
    })
}

fn password(keys: &SmtpKeys, patience: Duration) -> PasswordFrom {
    if let Some(command) = &keys.password_command {
        return PasswordFrom::Command {
            command: command.clone(),
            timeout: patience,
        };
    }
    if let Some(name) = &keys.password_env {
        return PasswordFrom::Environment(name.clone());
    }
    if keys.password_keyring {
        return PasswordFrom::Keyring;
    }
    PasswordFrom::Ask(Box::new(|user| {
        Asker::new()
            .secret(&format!("Password of {user}:"))
            .map(SecretString::from)
            .map_err(|error| error.to_string())
    }))
}

/// Asks how the user sends mail, and writes it down.
fn ask(session: &mut Session, from: &str) -> Result<TransportKind, Failure> {
    let ways = [
        "through your mail provider (SMTP)".to_owned(),
        "as drafts that you send yourself".to_owned(),
        format!(
            "with this machine's own mailer ({})",
            session.config.delivery.sendmail.display()
        ),
        "not at all: only write them down".to_owned(),
    ];
    let chosen = session
        .ask()
        .one_of("How are your complaints to be sent?", &ways)
        .map_err(|e| no_answer(&e))?;
    let (kind, word) = match chosen {
        0 => (TransportKind::Smtp, "smtp"),
        1 => (TransportKind::Drafts, "drafts"),
        2 => (TransportKind::Sendmail, "sendmail"),
        _ => (TransportKind::None, "none"),
    };
    let mut answers = vec![("delivery", "transport", Answer::Set(word.to_owned()))];
    if kind == TransportKind::Smtp {
        let keys = ask_smtp(session, from)?;
        answers.extend(smtp_answers(&keys));
        session.config.delivery.smtp = Some(keys);
    }
    session.config.delivery.transport = Some(kind);
    keep::offer(session, &answers)?;
    Ok(kind)
}

/// Returns what is written down of a mail server: all that was asked, as it holds now.
fn smtp_answers(keys: &SmtpKeys) -> Vec<(&'static str, &'static str, Answer)> {
    let set = |key, value: &str| ("delivery.smtp", key, Answer::Set(value.to_owned()));
    let tls = match keys.tls {
        Tls::Implicit => "implicit",
        Tls::StartTls => "starttls",
        Tls::None => "none",
    };
    // The file may hold another protection, which would go with this port from the next run on.
    let mut answers = vec![set("host", &keys.host), set("tls", tls)];
    if let Some(port) = keys.port {
        answers.push(("delivery.smtp", "port", Answer::Number(port)));
    }
    if let Some(user) = &keys.user {
        answers.push(set("user", user));
    }
    if let Some(command) = &keys.password_command {
        answers.push(set("password_command", command));
    }
    answers
}

/// Asks for the mail server; what the settings or a rule of the mailbox's provider say is the default.
fn ask_smtp(session: &mut Session, from: &str) -> Result<SmtpKeys, Failure> {
    let rules = Arc::clone(&session.rules);
    let mut keys = session.config.delivery.smtp.clone().unwrap_or_default();
    let known = rules.submission.of_mailbox(from);
    if let Some(known) = known {
        session.term.status(&known.note);
    }
    let domain = from.split_once('@').map_or("", |(_, domain)| domain);
    let (mut host, mut port, mut account) = match known {
        Some(known) => {
            let port = known.port.unwrap_or(match known.tls {
                Protection::Implicit => Tls::Implicit.port(),
                Protection::StartTls => Tls::StartTls.port(),
            });
            (known.host.clone(), port, known.account(from).to_owned())
        }
        None => (
            format!("smtp.{domain}"),
            Tls::Implicit.port(),
            from.to_owned(),
        ),
    };
    if !keys.host.is_empty() {
        (host, port) = (keys.host.clone(), keys.port.unwrap_or(keys.tls.port()));
    }
    if let Some(user) = &keys.user {
        account.clone_from(user);
    }
    let mut line = |question: &str, default: &str| {
        session
            .ask()
            .line(question, Some(default))
            .map_err(|e| no_answer(&e))
    };
    keys.host = line("Mail server:", &host)?;
    let port = loop {
        let text = line("Port (465: TLS at once, 587: STARTTLS):", &port.to_string())?;
        if let Ok(port) = text.parse::<u16>() {
            break port;
        }
    };
    keys.tls = protection(port, keys.tls);
    keys.port = Some(port);
    keys.user = Some(line("Account:", &account)?);
    if keys.password_command.is_none() && keys.password_env.is_none() && !keys.password_keyring {
        let command = line(
            "Command that prints the password (Enter: ask each time):",
            "",
        )?;
        keys.password_command = Some(command).filter(|text| !text.is_empty());
    }
    Ok(keys)
}

/// Returns the protection that goes with a port as it was asked for; of another port, what the settings say.
fn protection(port: u16, configured: Tls) -> Tls {
    let mut known = [Tls::Implicit, Tls::StartTls].into_iter();
    known.find(|tls| tls.port() == port).unwrap_or(configured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_log_in_is_the_settings_or_what_the_servers_provider_demands() {
        let rules = Rules::builtin();
        let keys = |host: &str, auth| SmtpKeys {
            host: host.to_owned(),
            auth,
            ..SmtpKeys::default()
        };
        let outlook = "smtp-mail.outlook.com";
        assert_eq!(
            mechanism(&keys(outlook, None), &rules),
            Some(Mechanism::XOAuth2)
        );
        assert_eq!(
            mechanism(&keys(outlook, Some(Mechanism::Login)), &rules),
            Some(Mechanism::Login)
        );
        assert_eq!(mechanism(&keys("smtp.example.org", None), &rules), None);
    }

    #[test]
    fn a_port_that_was_asked_for_has_the_protection_that_was_said() {
        for (port, configured, holds, word) in [
            (465, Tls::None, Tls::Implicit, "implicit"),
            (465, Tls::StartTls, Tls::Implicit, "implicit"),
            (587, Tls::Implicit, Tls::StartTls, "starttls"),
            (2525, Tls::StartTls, Tls::StartTls, "starttls"),
            (25, Tls::None, Tls::None, "none"),
        ] {
            let tls = protection(port, configured);
            assert_eq!(tls, holds, "{port}");
            let keys = SmtpKeys {
                tls,
                port: Some(port),
                ..SmtpKeys::default()
            };
            let written = smtp_answers(&keys);
            let set = ("delivery.smtp", "tls", Answer::Set(word.to_owned()));
            assert!(written.contains(&set), "{port}: {written:?}");
        }
    }

    #[test]
    fn every_deadline_is_a_setting() {
        let text = "[delivery]\ntimeout_s = 1\ndot_timeout_s = 2\nwhole_timeout_s = 3\npassword_timeout_s = 4\n[delivery.smtp]\nhost = \"smtp.example.org\"\nauth = \"xoauth2\"\n";
        let config = Config::parse(text, Path::new("config.toml")).unwrap();
        let delivery = &config.delivery;
        assert_eq!(
            (
                delivery.timeout_s,
                delivery.dot_timeout_s,
                delivery.whole_timeout_s,
                delivery.password_timeout_s
            ),
            (1, 2, 3, 4)
        );
        let auth = delivery.smtp.as_ref().and_then(|keys| keys.auth);
        assert_eq!(auth, Some(Mechanism::XOAuth2));
        assert!(smtp(&config, &Rules::builtin()).is_ok());
    }
}
