//! Every flag and subcommand, in the order of the help.
//!
//! In: the command line. Out: [`Flags`]: stored, not acted upon.
//! Failures: clap's own messages, with exit status 64.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand};

use crate::complaint::{Format, Munge, NOTE_CHARS};
use crate::evidence::Kind;
use crate::failure::Exit;
use crate::term::ColorChoice;

/// Turn raw spam into complaints that reach the abuse desks that can stop it
///
/// Without a subcommand, `plaint FILE` is `plaint report FILE`, and `plaint`
/// alone on a terminal asks for a paste. Nothing is sent that you have not read
/// and agreed to.
#[derive(Debug, Parser)]
#[command(name = "plaint", version, max_term_width = 79, after_long_help = exit_table())]
pub(crate) struct Flags {
    /// Read the settings from FILE
    ///
    /// Default: `plaint/config.toml` in the XDG folder for configuration.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "PLAINT_CONFIG",
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    pub(crate) config: Option<PathBuf>,

    /// Use colours: auto, always or never
    ///
    /// `auto` uses them on a terminal, unless NO_COLOR is set or TERM is `dumb`.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) color: ColorChoice,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands, in the order of the help.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take one message all the way: trace, look up, draft, ask, send
    Report(ReportArgs),
    /// Show which host handed a message over, and why that is believed
    Trace(TraceArgs),
    /// Show who answers for an address, an AS number, a domain or a link
    Lookup(LookupArgs),
    /// Compose complaints and print them; never send
    Draft(DraftArgs),
    /// Trace, look up and hold every message of a mailbox
    Batch(BatchArgs),
    /// Show what is held; then one code for the approved set
    Review(ReviewArgs),
    /// List, retry and settle what is on its way
    Outbox(OutboxArgs),
    /// Show what was reported, to whom, and what became of it
    Log(LogArgs),
    /// Read bounces and answers, and move their cases on
    Replies(RepliesArgs),
    /// List, add and block abuse desks
    Desks(DesksArgs),
    /// Export, correct, forget or purge your own data
    Data(DataArgs),
    /// Set up who you are, how you send, and whose hosts you trust
    Setup(SetupArgs),
    /// Check the rules against their own examples
    Rules(RulesArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Flags of every command that traces.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TrustFlag {
    /// Believe Received fields written by hosts in NETWORK, or by HOST
    ///
    /// Name your own provider's mail hosts. May be given more than once; adds to
    /// `[trust]` in the settings. Example: `--trust 203.0.113.0/24 --trust
    /// .mail.example.net`.
    #[arg(long, value_name = "NETWORK|HOST")]
    pub(crate) trust: Vec<String>,
}

/// Flags of every command that composes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ComposeFlags {
    /// Compose as arf, plain or xarf
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    /// Hide none, address, tokens, or keep headers-only
    ///
    /// Default: `address` for networks and mail services, `tokens` for link
    /// hosts and drop-box providers.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) munge: Option<Munge>,

    /// Call the mail spam, phishing, advance-fee, malware or newsletter
    ///
    /// Default: what its words, links and attachments speak for. The kind
    /// decides which desks are asked, and stands in the text.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<Kind>,

    /// Add your own words to every complaint, at most 2,000 characters
    #[arg(long, value_name = "TEXT", value_parser = note)]
    pub(crate) note: Option<String>,

    /// Tell an authority, too, that collects such mail: `apwg`, `ncsc-uk` …
    ///
    /// `plaint desks` lists them; none is told unless you choose it, here or
    /// as `also` in [complaint] of the settings.
    #[arg(long, value_name = "NAME")]
    pub(crate) also: Vec<String>,
}

/// Reads the value of `--note`.
fn note(text: &str) -> Result<String, String> {
    if text.chars().count() > NOTE_CHARS {
        return Err(format!("it has more than {NOTE_CHARS} characters"));
    }
    Ok(text.to_owned())
}

/// `plaint report`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReportArgs {
    /// The message; `-` is standard input, nothing on a terminal asks for a paste
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Take the mail as it is, whatever mails are attached to it
    #[arg(long)]
    pub(crate) as_is: bool,

    #[command(flatten)]
    pub(crate) trust: TrustFlag,

    #[command(flatten)]
    pub(crate) compose: ComposeFlags,

    /// Show the chain hop by hop, with reasons
    #[arg(long)]
    pub(crate) explain: bool,

    /// Ask only the cache, no server
    #[arg(long)]
    pub(crate) offline: bool,

    /// Record the complaint and send nothing
    #[arg(long)]
    pub(crate) log_only: bool,
}

/// `plaint trace`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TraceArgs {
    /// Messages, mailboxes or Maildir folders; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustFlag,

    /// Print one JSON object per message
    #[arg(long)]
    pub(crate) json: bool,

    /// Tell the story top to bottom: who wrote each line, and why it is believed
    #[arg(long, conflicts_with = "json")]
    pub(crate) explain: bool,

    /// Add the SHA-256 of each message
    #[arg(long)]
    pub(crate) digest: bool,
}

/// `plaint lookup`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LookupArgs {
    /// Addresses, AS numbers, domains, mailboxes or links
    #[arg(value_name = "ADDR|ASN|DOMAIN|URL", required = true)]
    pub(crate) queries: Vec<String>,

    /// Print one JSON object per query
    #[arg(long)]
    pub(crate) json: bool,

    /// Show each question and what came back
    #[arg(long, conflicts_with = "json")]
    pub(crate) explain: bool,

    /// Ask only the cache, no server
    #[arg(long)]
    pub(crate) offline: bool,
}

/// `plaint draft`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DraftArgs {
    /// The message; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Compose for this desk, without a lookup
    #[arg(long, value_name = "MAILBOX")]
    pub(crate) to: Option<String>,

    /// Take the mail as it is, whatever mails are attached to it
    #[arg(long)]
    pub(crate) as_is: bool,

    #[command(flatten)]
    pub(crate) compose: ComposeFlags,

    #[command(flatten)]
    pub(crate) trust: TrustFlag,

    /// Ask only the cache, no server
    #[arg(long)]
    pub(crate) offline: bool,
}

/// `plaint batch`.
#[derive(Debug, Clone, Args)]
pub(crate) struct BatchArgs {
    /// Mailboxes, folders of messages, or messages
    #[arg(value_name = "MBOX|DIR|FILE", required = true)]
    pub(crate) inputs: Vec<PathBuf>,

    /// Take the mails as they are, whatever mails are attached to them
    #[arg(long)]
    pub(crate) as_is: bool,

    #[command(flatten)]
    pub(crate) trust: TrustFlag,

    #[command(flatten)]
    pub(crate) compose: ComposeFlags,

    /// Ask only the cache, no server
    #[arg(long)]
    pub(crate) offline: bool,

    /// Print one JSON object per message
    #[arg(long)]
    pub(crate) json: bool,
}

/// `plaint review`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReviewArgs {
    #[command(flatten)]
    pub(crate) trust: TrustFlag,

    /// Record the approved complaints and send nothing
    #[arg(long)]
    pub(crate) log_only: bool,
}

/// `plaint outbox`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OutboxArgs {
    #[command(subcommand)]
    pub(crate) command: Option<OutboxCommand>,
}

/// What to do with the outbox.
#[derive(Debug, Clone, Default, Subcommand)]
pub(crate) enum OutboxCommand {
    /// List what is on its way, deferred or unknown
    #[default]
    List,
    /// Try again what is deferred
    Retry(TrustFlag),
    /// Settle what is unknown, was refused, or is not to wait any more
    Resolve {
        /// Number of the complaint, as `plaint log list` shows it
        #[arg(value_name = "ID")]
        id: String,

        #[command(flatten)]
        trust: TrustFlag,
    },
    /// Remind a desk of a complaint that it did not answer
    Remind {
        /// Number of the complaint, as `plaint log list` shows it
        #[arg(value_name = "ID")]
        id: String,

        #[command(flatten)]
        trust: TrustFlag,
    },
    /// Say what you did with a draft or a form
    Mark {
        /// Number of the complaint, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
        /// What became of it
        #[arg(value_name = "WHAT", value_parser = ["sent"])]
        what: String,
    },
}

/// `plaint log`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LogArgs {
    #[command(subcommand)]
    pub(crate) command: Option<LogCommand>,
}

/// What to show of the log.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum LogCommand {
    /// List complaints, newest first
    List {
        /// Only those that hold this text: an address, a desk, a reference
        #[arg(value_name = "TEXT")]
        search: Option<String>,
        /// Print one JSON object per complaint
        #[arg(long)]
        json: bool,
        /// Show at most this many
        #[arg(long, value_name = "N", default_value_t = 50)]
        most: u32,
    },
    /// Show one complaint: what was agreed to, what was sent, what came back
    Show {
        /// Number or reference of the complaint
        #[arg(value_name = "ID")]
        id: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Print the octets that were sent, and nothing else
        #[arg(long, conflicts_with = "json")]
        octets: bool,
    },
    /// Write the log as json, csv or mbox
    Export {
        /// Form
        #[arg(long, alias = "format", value_name = "FORM", default_value = "json", value_parser = ["json", "csv", "mbox"])]
        form: String,
    },
    /// Count by desk, network, registry or month
    Stats {
        /// What to count by
        #[arg(long, value_name = "WHAT", default_value = "desk", value_parser = ["desk", "network", "as", "registry", "esp", "month"])]
        by: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `plaint replies`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RepliesArgs {
    /// Mailboxes or messages; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `plaint desks`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DesksArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DesksCommand>,
}

/// What to do with the desks.
#[derive(Debug, Clone, Default, Subcommand)]
pub(crate) enum DesksCommand {
    /// List the desks that rules and you know
    #[default]
    List,
    /// Show what is known of one desk
    Show {
        /// Mailbox, domain, or rule id
        #[arg(value_name = "DESK")]
        desk: String,
    },
    /// Send complaints about a network or domain to this mailbox
    Add {
        /// Network or domain
        #[arg(value_name = "NETWORK|DOMAIN")]
        what: String,
        /// Mailbox
        #[arg(value_name = "MAILBOX")]
        mailbox: String,
    },
    /// Never write to this mailbox
    Block {
        /// Mailbox
        #[arg(value_name = "MAILBOX")]
        mailbox: String,
    },
}

/// `plaint data`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    pub(crate) command: DataCommand,
}

/// What to do with your own data.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum DataCommand {
    /// Write everything that the ledger holds, readably
    Export,
    /// Replace one of your own addresses or words in the ledger
    Correct {
        /// What is wrong
        #[arg(value_name = "OLD")]
        old: String,
        /// What is right
        #[arg(value_name = "NEW")]
        new: String,
    },
    /// Forget a complaint, a desk or an address, everywhere
    Forget {
        /// Number of a complaint, a desk's mailbox, or an address
        #[arg(value_name = "WHAT")]
        what: String,
    },
    /// Remove evidence older than AGE (90d, 12w, 2y)
    Purge {
        /// Age
        #[arg(long, value_name = "AGE")]
        older_than: String,
    },
}

/// `plaint setup`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SetupArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SetupCommand>,
}

/// What to set up.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum SetupCommand {
    /// Learn your own hosts from a few messages that you wanted
    Trust {
        /// Messages or mailboxes of wanted mail
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

/// `plaint rules`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

/// What to do with the rules.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum RulesCommand {
    /// Run every rule's own examples
    Check,
}

/// `plaint completions`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionsArgs {
    /// Shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Returns the table of exit statuses below the long help.
fn exit_table() -> String {
    Exit::ALL
        .iter()
        .fold("Exit status:\n".to_owned(), |text, (exit, meaning)| {
            text + &format!("  {:>2}  {meaning}\n", exit.code())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn flags_are_sound() {
        Flags::command().debug_assert();
    }

    #[test]
    fn every_value_has_a_name_and_every_flag_a_sentence() {
        fn walk(command: &clap::Command) {
            for arg in command.get_arguments() {
                let id = format!("{} {}", command.get_name(), arg.get_id());
                let help = arg
                    .get_help()
                    .unwrap_or_else(|| panic!("{id}: no help"))
                    .to_string();
                assert!(!help.ends_with('.'), "{id}: {help}");
                if arg.get_action().takes_values() {
                    assert!(
                        arg.get_value_names().is_some(),
                        "{id}: value without a name"
                    );
                }
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Flags::command());
    }

    #[test]
    fn short_help_fits_a_screen() {
        let help = Flags::command().render_help().to_string();
        assert!(
            help.lines().all(|line| line.chars().count() <= 79),
            "{help}"
        );
        assert!(help.lines().count() <= 32, "{help}");
    }
}
