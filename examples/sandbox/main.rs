//! `plaint` on a small internet of its own: nothing leaves this machine, nothing needs to be set up.
//!
//! ```text
//! cargo run --example sandbox               you are the user: read, and type the code
//! cargo run --example sandbox -- --play     the sandbox types for you, and shows what you would have seen
//! cargo run --example sandbox -- --serve    the servers stay up for your own trials, until Enter
//! ```
//!
//! Name servers, registries and a mail server listen on loopback addresses; the networks are made up of
//! documentation addresses. The program is the real one, run from the library in a process of its own with its
//! own terminal; it knows only what its settings say, and everything goes through sockets as in real life.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::{Command, ExitCode};

use jiff::Timestamp;

// the servers
#[expect(
    dead_code,
    reason = "the faults are for the tests, which use the same servers"
)]
mod net;

// the folder with settings and fresh examples
mod home;

// the examples' times
mod shift;

// the user's part, in a pseudo-terminal
#[expect(
    dead_code,
    reason = "keys and signals are for the tests, which play with it, too"
)]
mod player;

// looks for the reporter in what arrived
mod traces;

// what the ledger says
#[expect(
    dead_code,
    reason = "messages are for the tests, which read the ledger, too"
)]
mod record;

// what is true at the end
mod checks;

use home::Home;
use net::Internet;
use player::Player;

/// First argument of the process that is the program itself.
const PROGRAM: &str = "--as-plaint";

/// The example that is reported: one source, one desk.
const SPAM: &str = "pills.eml";

/// The question under the preview; group 1 is the code.
const CODE: &str = r"type (\w+) to send 1 complaint";

fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let first = args.first().and_then(|arg| arg.to_str()).map(str::to_owned);
    let done = match first.as_deref() {
        Some(PROGRAM) => {
            args.splice(..1, ["plaint".into()]);
            return plaint::run(args, plaint::Hooks::real());
        }
        Some("--serve") => serve(),
        Some("--play") => play(),
        None if io::stdin().is_terminal() && io::stderr().is_terminal() => by_hand(),
        None => play(),
        Some(_) => say("usage: cargo run --example sandbox [-- --play | --serve]").map(|()| false),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: the sandbox failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Lets the user at this terminal report the spam.
fn by_hand() -> io::Result<bool> {
    let (internet, home) = set_up()?;
    say(
        "You are Robin Reed, and this spam came ten minutes ago. Read the complaint, and type the code to send it.\n",
    )?;
    let status = program(&home, &["report", &home.path(SPAM).to_string_lossy()])?.status()?;
    say(&format!("\n{}", rule("back in the sandbox")))?;
    say(&format!(
        "The program ended with status {}.",
        status.code().unwrap_or(-1)
    ))?;
    tell(&internet, &home, None)
}

/// Reports the spam in a terminal of its own, and types what a user would type.
fn play() -> io::Result<bool> {
    let (internet, home) = set_up()?;
    say(
        "Nobody sits at a terminal here, so the sandbox plays Robin Reed, who got this spam ten minutes ago:\n",
    )?;
    say(&format!("$ plaint report {SPAM}\n"))?;
    let mut player = Player::start(program(
        &home,
        &["report", &home.path(SPAM).to_string_lossy()],
    )?)?;
    player.read_to(CODE)?;
    // The preview is the text; this is every octet of the mail.
    player.type_line("show")?;
    let code = player.read_to(CODE)?;
    player.type_line(&code)?;
    let ending = player.finish()?;
    say(&ending.screen)?;
    say(&rule("end of what a user sees"))?;
    let fine = tell(&internet, &home, Some(&ending.screen))?;
    Ok(fine && ending.code == Some(0))
}

/// Keeps the servers up until Enter, or for as long as standard input is open.
fn serve() -> io::Result<bool> {
    let (internet, home) = set_up()?;
    let folder = home.folder().display();
    say(&format!(
        "They stay up until you press Enter. In another terminal:\n\n\
         \x20 export PLAINT_CONFIG={config} {password}='{word}'\n\
         \x20 cargo run -- report {folder}/phishing.eml\n\
         \x20 cargo run -- batch {folder}/week.mbox\n\
         \x20 cargo run -- lookup 192.0.2.45 --explain\n\
         \x20 dig @{host} -p {dns} mail.oakfield.example\n\
         \x20 whois -h {whois} -p {port} 192.0.2.45\n",
        config = home.config().display(),
        password = net::PASSWORD,
        word = internet.password(),
        host = internet.resolver().ip(),
        dns = internet.resolver().port(),
        whois = internet.whois_root().ip(),
        port = internet.whois_root().port(),
    ))?;
    io::stdin().read_line(&mut String::new())?;
    show_arrivals(&internet)?;
    Ok(true)
}

fn set_up() -> io::Result<(Internet, Home)> {
    let internet = Internet::start(net::made_up())?;
    let home = Home::make(&internet, Timestamp::now())?;
    say(&format!(
        "A small internet is up on this machine; nothing leaves it:\n\n\
         \x20 names     {}  (DNS)\n\
         \x20 RDAP      {}\n\
         \x20 WHOIS     {}, and registries on 127.0.0.3 and up\n\
         \x20 mail      {}  (SMTP with TLS)\n\
         \x20 settings  {}\n",
        internet.resolver(),
        internet.rdap(),
        internet.whois_root(),
        internet.smtp(),
        home.config().display(),
    ))?;
    Ok((internet, home))
}

/// Returns this very executable as a process that is the program.
fn program(home: &Home, args: &[&str]) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    home.furnish(&mut command);
    command.arg(PROGRAM).args(args);
    Ok(command)
}

/// Tells what the servers saw, and what of it is as it should be.
fn tell(internet: &Internet, home: &Home, screen: Option<&str>) -> io::Result<bool> {
    say("\nWhat left the program, apart from the mail:\n")?;
    for question in internet.questions() {
        say(&format!(
            "  {:5}  {:18}  {}",
            question.proto, question.server, question.text
        ))?;
    }
    show_arrivals(internet)?;
    let arrived = internet.mailroom().arrived();
    if arrived.is_empty() {
        say("\nNo mail arrived: nothing was agreed to, so nothing was sent.")?;
        return Ok(screen.is_none());
    }
    say("\nChecks:\n")?;
    let mut fine = true;
    for (claim, holds) in checks::all(internet, home, screen)? {
        say(&format!("  {}  {claim}", if holds { "ok " } else { "BAD" }))?;
        fine &= holds;
    }
    Ok(fine)
}

fn show_arrivals(internet: &Internet) -> io::Result<()> {
    for mail in internet.mailroom().arrived() {
        let to = mail.to.join(", ");
        say(&format!(
            "\nWhat arrived at the mail server, from <{}> to <{to}>, {} octets:\n",
            mail.from,
            mail.octets.len()
        ))?;
        let text = String::from_utf8_lossy(&mail.octets);
        for line in text.lines() {
            // A mail is foreign text, also our own: no control character of it reaches the terminal.
            let line: String = line
                .chars()
                .map(|c| if c.is_control() && c != '\t' { '?' } else { c })
                .collect();
            say(&format!("  | {line}"))?;
        }
    }
    Ok(())
}

fn rule(text: &str) -> String {
    format!("---- {text} {}", "-".repeat(60))
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
