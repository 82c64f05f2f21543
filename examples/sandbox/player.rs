//! Plays the user's part: a program in a pseudo-terminal, what it shows, and what is typed.
//!
//! In: a command, patterns to wait for, keys. Out: [`Ending`]: how it ended, and all that a user saw.
//! Failures: what is waited for and does not come within the patience is an error with the screen in it.

use std::io::{self, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use regex::Regex;

/// How long something may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two looks at the screen.
const GLANCE: Duration = Duration::from_millis(10);

/// What stands under a page that is not the last.
const MORE: &str = "-- Enter goes on, q leaves --";

/// Columns and rows of the terminal.
const SIZE: (u16, u16) = (100, 60);

/// A program in a pseudo-terminal of its own.
pub(crate) struct Player {
    session: OsSession,
    /// Everything that came, escape sequences included.
    raw: Vec<u8>,
    /// How much of the shown text was waited for already.
    at: usize,
    ended: bool,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ending {
    /// The exit status; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What a user saw, without escape sequences.
    pub(crate) screen: String,
}

/// Returns a command with the terminal's echo on, as users have it; of the environment it sees what was set for it.
///
/// From outside, echo would come on at some time later, when the program may have taken it away already.
fn echoing(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "stty echo && exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}

impl Player {
    /// Starts a program as the foreground of a new terminal.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(crate) fn start(command: Command) -> io::Result<Self> {
        let mut session = OsSession::spawn(echoing(&command)).map_err(io::Error::other)?;
        let process = session.get_process_mut();
        process
            .set_window_size(SIZE.0, SIZE.1)
            .map_err(io::Error::other)?;
        Ok(Self {
            session,
            raw: Vec::new(),
            at: 0,
            ended: false,
        })
    }

    /// Returns the process id, for signals from outside.
    pub(crate) fn pid(&self) -> i32 {
        self.session.get_process().pid().as_raw()
    }

    /// Returns whether the terminal shows keys by itself.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub(crate) fn echoes(&self) -> io::Result<bool> {
        self.session
            .get_process()
            .get_echo()
            .map_err(io::Error::other)
    }

    /// Types a line.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub(crate) fn type_line(&mut self, line: &str) -> io::Result<()> {
        self.send(format!("{line}\r").as_bytes())
    }

    /// Sends octets as a keyboard would, in pieces that the terminal's buffer holds.
    ///
    /// # Errors
    ///
    /// The terminal is gone.
    pub(crate) fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        for piece in octets.chunks(1024) {
            let begun = Instant::now();
            let mut left = piece;
            while !left.is_empty() {
                match self.session.write(left) {
                    Ok(count) => left = left.get(count..).unwrap_or_default(),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.look()?,
                    Err(error) => return Err(error),
                }
                if begun.elapsed() > PATIENCE {
                    return Err(self.gave_up("room for what was typed"));
                }
            }
            self.look()?;
        }
        Ok(())
    }

    /// Waits until the screen shows a pattern after what was waited for before; returns what matched, group 1 if there is one.
    ///
    /// # Errors
    ///
    /// It did not come in time, or the program ended before.
    pub(crate) fn wait_for(&mut self, pattern: &str) -> io::Result<String> {
        let regex = Regex::new(pattern).map_err(io::Error::other)?;
        let begun = Instant::now();
        loop {
            self.look()?;
            let screen = self.screen();
            let unread = screen.get(self.at..).unwrap_or_default();
            if let Some(found) = regex.captures(unread) {
                let whole = found.get(0).map_or(0, |whole| whole.end());
                let wanted = found.get(1).or_else(|| found.get(0));
                let text = wanted.map_or_else(String::new, |text| text.as_str().to_owned());
                self.at += whole;
                return Ok(text);
            }
            if self.ended || begun.elapsed() > PATIENCE {
                return Err(self.gave_up(pattern));
            }
        }
    }

    /// Waits for a pattern as [`Player::wait_for`] does, and turns the pages that stand before it.
    ///
    /// # Errors
    ///
    /// It did not come in time, or the program ended before.
    pub(crate) fn read_to(&mut self, pattern: &str) -> io::Result<String> {
        loop {
            let found = self.wait_for(&format!("{MORE}|{pattern}"))?;
            if !found.contains(MORE) {
                return Ok(found);
            }
            self.type_line("")?;
        }
    }

    /// Waits until the program asks the terminal to bracket pastes: from then on it reads keys as they are.
    ///
    /// # Errors
    ///
    /// It does not in time.
    pub(crate) fn wait_for_paste(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        let asks = b"\x1b[?2004h";
        while !self.raw.windows(asks.len()).any(|piece| piece == asks) {
            self.look()?;
            if self.ended || begun.elapsed() > PATIENCE {
                return Err(self.gave_up("a bracketed paste"));
            }
        }
        Ok(())
    }

    /// Waits for a while, and returns what came since what was waited for before.
    ///
    /// # Errors
    ///
    /// The terminal cannot be read.
    pub(crate) fn news(&mut self, time: Duration) -> io::Result<String> {
        self.wait(time)?;
        let screen = self.screen();
        let news = screen.get(self.at..).unwrap_or_default().to_owned();
        self.at = screen.len();
        Ok(news)
    }

    /// Waits for a while, and keeps what comes.
    ///
    /// # Errors
    ///
    /// The terminal cannot be read.
    pub(crate) fn wait(&mut self, time: Duration) -> io::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.look()?;
        }
        Ok(())
    }

    /// Waits until the program ends.
    ///
    /// # Errors
    ///
    /// It does not end in time.
    pub(crate) fn finish(mut self) -> io::Result<Ending> {
        let begun = Instant::now();
        while !self.ended {
            self.look()?;
            if begun.elapsed() > PATIENCE {
                return Err(self.gave_up("the program's end"));
            }
        }
        let status = self
            .session
            .get_process()
            .wait()
            .map_err(io::Error::other)?;
        let code = match status {
            WaitStatus::Exited(_, code) => Some(code),
            _ => None,
        };
        Ok(Ending {
            code,
            screen: self.screen(),
        })
    }

    /// Returns what a user sees: without escape sequences, line ends as LF.
    pub(crate) fn screen(&self) -> String {
        let text = String::from_utf8_lossy(&self.raw);
        console::strip_ansi_codes(&text).replace('\r', "")
    }

    /// Takes what the program has written by now; waits a moment where there is nothing.
    fn look(&mut self) -> io::Result<()> {
        let mut piece = [0; 4096];
        match self.session.try_read(&mut piece) {
            Ok(0) => self.ended = true,
            Ok(count) => self.raw.extend(piece.iter().take(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(GLANCE),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The last process that had the terminal open is gone.
            Err(_) => self.ended = true,
        }
        Ok(())
    }

    fn gave_up(&self, on: &str) -> io::Error {
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!("waited in vain for {on}; the screen:\n{}", self.screen()),
        )
    }
}
