//! The whole program against the sandbox's servers, in a home of its own: piped, or at a terminal.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::home::Home;
use crate::net::world::World;
use crate::net::{Internet, made_up};
use crate::player::Player;

/// Address space that a piped run may take: ten times the largest message, and the libraries.
const MEMORY_KIB: u32 = 1024 * 1024;

/// The question under the preview of one complaint; group 1 is the code.
pub(crate) const CODE: &str = r"type (\w{4}) to send 1 complaint";

/// Reads the code off the screen, and types it.
pub(crate) fn agree(player: &mut Player) {
    let code = player.read_to(CODE).unwrap();
    player.type_line(&code).unwrap();
}

/// Servers, and a home that points at them.
pub(crate) struct Trial {
    pub(crate) internet: Internet,
    pub(crate) home: Home,
}

/// How a piped run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit status; -1 where a signal ended it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Trial {
    /// Starts the made-up internet, and makes a home.
    pub(crate) fn begin() -> Self {
        Self::in_world(made_up())
    }

    /// Starts another internet, and makes a home.
    pub(crate) fn in_world(world: World) -> Self {
        let internet = Internet::start(world).unwrap();
        let home = Home::make(&internet, Timestamp::now()).unwrap();
        Self { internet, home }
    }

    /// Returns the program with arguments, in this home.
    pub(crate) fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plaint"));
        self.home.furnish(&mut command);
        command
            .env("COLUMNS", "100")
            .current_dir(self.home.folder())
            .args(args);
        command
    }

    /// Runs the program with a pipe on standard input, and no terminal anywhere.
    pub(crate) fn pipe(&self, args: &[&str], input: &[u8]) -> Ran {
        // A process of its own session has no controlling terminal, wherever the tests run;
        // one that takes more memory than this ends with a failed allocation.
        let mut command = Command::new("setsid");
        let program = self.program(args);
        command
            .args([
                "--wait",
                "sh",
                "-c",
                &format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\""),
            ])
            .arg(program.get_program())
            .args(program.get_args())
            .env_clear();
        for (name, value) in program.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let begun = Instant::now();
        let mut child = command
            .current_dir(self.home.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that ends before it has read all of it is part of the game.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: begun.elapsed(),
        }
    }

    /// Runs the program at a terminal.
    pub(crate) fn terminal(&self, args: &[&str]) -> Player {
        Player::start(self.program(args)).unwrap()
    }

    /// Runs a shell's line at a terminal; `$0` is the program.
    pub(crate) fn shell(&self, line: &str) -> Player {
        let mut command = Command::new("sh");
        self.home.furnish(&mut command);
        command
            .env("COLUMNS", "100")
            .current_dir(self.home.folder())
            .args(["-c", line])
            .arg(env!("CARGO_BIN_EXE_plaint"));
        Player::start(command).unwrap()
    }

    /// Takes a table and what is below it out of the settings.
    pub(crate) fn without(self, table: &str) -> Self {
        let text = std::fs::read_to_string(self.home.config()).unwrap();
        let tables = text.split("\n[").map(|part| part.trim_start_matches('['));
        let kept: Vec<&str> = tables
            .filter(|part| {
                !part.starts_with(&format!("{table}]")) && !part.starts_with(&format!("{table}."))
            })
            .collect();
        std::fs::write(self.home.config(), format!("[{}", kept.join("\n["))).unwrap();
        self
    }

    /// Writes a file into the home, and returns where it is.
    pub(crate) fn file(&self, name: &str, octets: &[u8]) -> PathBuf {
        let path = self.home.path(name);
        std::fs::write(&path, octets).unwrap();
        path
    }

    /// Returns how many conversations the mail server had, and how many messages it keeps.
    pub(crate) fn mail(&self) -> (usize, usize) {
        let mailroom = self.internet.mailroom();
        (mailroom.conversations(), mailroom.arrived().len())
    }
}

/// Returns whether a text says that nothing was sent.
pub(crate) fn says_that_nothing_was_sent(text: &str) -> bool {
    text.to_lowercase().contains("nothing was sent")
}
