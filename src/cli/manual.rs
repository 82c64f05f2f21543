//! The manual page: every command, every setting with its default, the files, the exit statuses.
//!
//! In: the commands of [`super::flags`]. Out: a page for `man`.
//! Standards: man(7), as roff reads it.
//! Limits: one page for all; there is none for a command alone.

use std::io;

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

/// Every setting: its table, its key, its default as TOML (empty where it has none), and what it means.
const SETTINGS: [(&str, &str, &str, &str); 46] = [
    ("identity", "name", "", "name under a complaint"),
    (
        "identity",
        "mailbox",
        "",
        "mailbox that complaints come from; needed where one is composed",
    ),
    (
        "identity",
        "also_mine",
        "[]",
        "other mailboxes of yours; they are hidden in complaints as well",
    ),
    (
        "identity",
        "also_mask",
        "[]",
        "words that tell who you are, to be hidden, too",
    ),
    (
        "identity",
        "mask_domain",
        "false",
        "whether the domain of your mailboxes is hidden, for who owns it",
    ),
    ("trust", "networks", "[]", "networks of your own mail hosts"),
    (
        "trust",
        "hosts",
        "[]",
        "names of your own mail hosts; a leading dot takes the whole domain",
    ),
    (
        "trust",
        "forwarders",
        "[]",
        "hosts that forward your mail, or run lists that you are on",
    ),
    (
        "trust",
        "local_programs",
        "[]",
        "hosts on which nobody but you and your mail filters runs programs that hand in mail",
    ),
    (
        "lookup",
        "rdap_bootstrap",
        "",
        "address of a folder with ipv4.json, ipv6.json, asn.json and dns.json, asked before what is built in",
    ),
    (
        "lookup",
        "whois_root",
        "\"whois.iana.org\"",
        "WHOIS server that knows the others, HOST or HOST:PORT",
    ),
    (
        "lookup",
        "whois_port",
        "43",
        "port where a referral names none",
    ),
    (
        "lookup",
        "resolver",
        "\"system\"",
        "resolver that is asked, or ADDRESS:PORT",
    ),
    (
        "lookup",
        "allow_private_servers",
        "[]",
        "servers on private addresses that may be asked, ADDRESS-OR-NETWORK:PORT; for tests",
    ),
    (
        "lookup",
        "also_public",
        "[]",
        "special-purpose networks that count as public ones; for tests",
    ),
    ("lookup", "cache", "true", "whether answers are kept"),
    (
        "lookup",
        "pause_ms",
        "1000",
        "milliseconds between two questions to one server",
    ),
    (
        "lookup",
        "offline",
        "false",
        "whether only what was kept is asked",
    ),
    (
        "lookup",
        "timeout_s",
        "20",
        "seconds that one whole answer may take",
    ),
    (
        "complaint",
        "format",
        "\"arf\"",
        "arf, plain or xarf; a desk's rule can demand another",
    ),
    (
        "complaint",
        "munge",
        "",
        "none, address, tokens or headers-only; unset, each kind of desk has its own",
    ),
    (
        "complaint",
        "also",
        "[]",
        "authorities that are told, too, by the names that `plaint desks` lists",
    ),
    (
        "complaint",
        "max_evidence_kib",
        "50",
        "KiB of the mail that go along at most",
    ),
    (
        "complaint",
        "language",
        "\"en\"",
        "language of the text, en or de",
    ),
    (
        "delivery",
        "transport",
        "",
        "smtp, sendmail, drafts, or none to record only; unset, you are asked once",
    ),
    (
        "delivery",
        "drafts_dir",
        "",
        "folder for drafts; unset, beside the ledger",
    ),
    (
        "delivery",
        "sendmail",
        "\"/usr/sbin/sendmail\"",
        "path of the sendmail command",
    ),
    (
        "delivery",
        "timeout_s",
        "60",
        "seconds for each step of a submission",
    ),
    (
        "delivery",
        "dot_timeout_s",
        "600",
        "seconds for the answer after the message",
    ),
    (
        "delivery",
        "whole_timeout_s",
        "300",
        "seconds for everything before that answer",
    ),
    (
        "delivery",
        "password_timeout_s",
        "120",
        "seconds for the command that prints the password",
    ),
    (
        "delivery.smtp",
        "host",
        "",
        "your mail provider's submission server",
    ),
    (
        "delivery.smtp",
        "port",
        "",
        "its port; unset, 465 or 587 by `tls`",
    ),
    (
        "delivery.smtp",
        "tls",
        "\"implicit\"",
        "implicit, starttls, or none, which is for this machine only",
    ),
    ("delivery.smtp", "user", "", "account"),
    (
        "delivery.smtp",
        "auth",
        "",
        "plain, login or xoauth2; unset, what the provider demands or the server offers",
    ),
    (
        "delivery.smtp",
        "password_command",
        "",
        "command that prints the password, or the token",
    ),
    (
        "delivery.smtp",
        "password_env",
        "",
        "environment variable that holds it",
    ),
    (
        "delivery.smtp",
        "password_keyring",
        "false",
        "whether the system's keyring holds it, in builds with the feature `keyring`; without any of the three you are asked",
    ),
    (
        "delivery.smtp",
        "ca_file",
        "",
        "file of certificates that are trusted beside the system's",
    ),
    (
        "limits",
        "per_source_and_desk_per_day",
        "1",
        "complaints about one address to one desk in a day",
    ),
    (
        "limits",
        "per_desk_per_day",
        "5",
        "complaints to one desk in a day",
    ),
    (
        "limits",
        "warn_per_day",
        "50",
        "complaints in a day before a warning",
    ),
    (
        "limits",
        "remind_after_days",
        "7",
        "days that a desk has to answer before it may be reminded",
    ),
    (
        "ledger",
        "path",
        "",
        "file of the ledger; unset, ledger.db in the folder for data",
    ),
    (
        "ledger",
        "keep_days",
        "",
        "days that evidence is kept, counted while something new is written; unset, for ever",
    ),
];

/// The files, and what stands in them.
const FILES: [(&str, &str); 4] = [
    (
        "$XDG_CONFIG_HOME/plaint/config.toml",
        "the settings, mostly ~/.config/plaint/config.toml; `--config` and PLAINT_CONFIG name another file",
    ),
    (
        "$XDG_CONFIG_HOME/plaint/rules/desks.toml",
        "your own desks, beside the settings; `plaint desks add` writes there",
    ),
    (
        "$XDG_DATA_HOME/plaint/ledger.db",
        "the ledger, mostly in ~/.local/share/plaint",
    ),
    ("$XDG_DATA_HOME/plaint/drafts", "drafts"),
];

/// Returns the manual page.
pub(super) fn page(mut command: Command) -> io::Result<Vec<u8>> {
    command.build();
    let man = Man::new(command.clone());
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    let mut page = Roff::new();
    page.control("SH", ["SYNOPSIS"]);
    for line in ["[FILE | -]", "COMMAND [OPTIONS] [ARGUMENTS]"] {
        page.text([bold("plaint"), roman(" "), roman(line)]);
        page.control("br", []);
    }
    page.to_writer(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    let mut page = Roff::new();
    page.control("SH", ["COMMANDS"]);
    commands(&command, "plaint", &mut page);
    configuration(&mut page);
    page.control("SH", ["FILES"]);
    for (file, what) in FILES {
        entry(&mut page, file, "", what);
    }
    page.to_writer(&mut out)?;
    man.render_extra_section(&mut out)?;
    man.render_version_section(&mut out)?;
    Ok(out)
}

/// Adds each command below another, with its own arguments.
fn commands(above: &Command, name: &str, page: &mut Roff) {
    for command in above
        .get_subcommands()
        .filter(|one| one.get_name() != "help")
    {
        let name = format!("{name} {}", command.get_name());
        page.control("SS", [name.as_str()]);
        let about = command.get_long_about().or_else(|| command.get_about());
        page.text([roman(about.map(ToString::to_string).unwrap_or_default())]);
        let own = |arg: &&Arg| {
            !arg.is_global_set() && !matches!(arg.get_id().as_str(), "help" | "version")
        };
        for arg in command.get_arguments().filter(own) {
            let value = arg.get_value_names().map(|names| names.join(" "));
            let value = value.filter(|_| arg.get_action().takes_values());
            let help = arg.get_long_help().or_else(|| arg.get_help());
            let help = help.map(ToString::to_string).unwrap_or_default();
            let flag = arg.get_long().map(|long| format!("--{long}"));
            entry(
                page,
                &flag.unwrap_or_default(),
                &value.unwrap_or_default(),
                &help,
            );
        }
        commands(command, &name, page);
    }
}

/// Adds every setting under its table.
fn configuration(page: &mut Roff) {
    page.control("SH", ["CONFIGURATION"]);
    page.text([roman(
        "A TOML file, every key of which may be left out, but identity.mailbox where a complaint is composed. An unknown key is an error.",
    )]);
    let mut last = "";
    for (table, key, default, what) in SETTINGS {
        if table != last {
            page.control("SS", [format!("[{table}]").as_str()]);
            last = table;
        }
        let value = if default.is_empty() {
            String::new()
        } else {
            format!("= {default}")
        };
        entry(page, key, &value, what);
    }
}

/// Adds a term and what it means.
fn entry(page: &mut Roff, term: &str, value: &str, what: &str) {
    page.control("TP", []);
    page.text([
        bold(term),
        roman(if term.is_empty() || value.is_empty() {
            ""
        } else {
            " "
        }),
        italic(value),
    ]);
    page.text([roman(what)]);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory as _;

    use super::super::flags::Flags;
    use super::*;
    use crate::config::Config;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("config.toml")).map_err(|failure| failure.because.join(" "))
    }

    /// Returns the keys that may stand at a place of the settings, as the reader itself names them.
    fn known(text: &str) -> Vec<String> {
        let said = parse(text).unwrap_err();
        let (_, expected) = said.split_once("expected").unwrap();
        let quoted = expected.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect()
    }

    #[test]
    fn every_setting_is_explained_and_none_that_is_not_there() {
        let mut settings = Vec::new();
        for table in known("zz = 1") {
            for key in known(&format!("[{table}]\nzz = 1")) {
                if (table.as_str(), key.as_str()) != ("delivery", "smtp") {
                    settings.push((table.clone(), key));
                }
            }
            if table == "delivery" {
                let keys = known("[delivery.smtp]\nzz = 1");
                settings.extend(
                    keys.into_iter()
                        .map(|key| ("delivery.smtp".to_owned(), key)),
                );
            }
        }
        let explained = SETTINGS.map(|(table, key, ..)| (table.to_owned(), key.to_owned()));
        assert_eq!(settings, explained);
    }

    #[test]
    fn every_default_is_what_an_empty_file_means() {
        let mut text = String::new();
        let mut last = "";
        for (table, key, default, _) in SETTINGS {
            if table != last {
                text.push_str(&format!("[{table}]\n"));
                last = table;
            }
            if !default.is_empty() {
                text.push_str(&format!("{key} = {default}\n"));
            }
        }
        let said = parse(&text).unwrap();
        let mut meant = parse("[delivery.smtp]\n").unwrap();
        meant.delivery.smtp = meant.delivery.smtp.take();
        assert_eq!(format!("{said:?}"), format!("{meant:?}"));
    }

    #[test]
    fn the_page_names_every_command_and_no_page_that_does_not_exist() {
        let page = String::from_utf8(page(Flags::command()).unwrap()).unwrap();
        for word in [
            "plaint report",
            "plaint outbox resolve",
            "keep_days",
            "FILE | \\-",
            "Exit status",
        ] {
            assert!(page.contains(word), "{word}: {page}");
        }
        assert!(!page.contains("(1)"), "{page}");
    }
}
