//! The controlling terminal, read key by key: nothing of it is cut, and no byte acts as a key unasked.
//!
//! In: what a person types or pastes. Out: lines, and pastes as they came.
//! Standards: POSIX.1-2017 chapter 11 (general terminal interface), xterm's bracketed paste (mode 2004).
//! Trust: a paste is hostile; inside its brackets no byte is a key.
//! Failures: [`TtyError`]: no terminal, given up with Ctrl-C or Ctrl-D, or an I/O error.
//! Limits: no line editing but backspace and Ctrl-U.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios,
};

/// Why the terminal gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TtyError {
    /// There is no terminal to ask on.
    #[error("there is no terminal to ask on")]
    None,
    /// Ctrl-C, Ctrl-D at an empty line, or the terminal went away.
    #[error("given up at the question")]
    Interrupted,
    /// More was pasted than is read.
    #[error("the paste is longer than {0} octets")]
    TooLong(usize),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The controlling terminal.
pub(crate) struct Tty {
    file: File,
}

/// Keys that the terminal sends as one octet.
const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const CTRL_U: u8 = 0x15;
const BACKSPACE: [u8; 2] = [0x08, 0x7f];

/// Octets of a typed line that are kept; nobody types more.
const LINE_LIMIT: usize = 1024;

/// A pause after which nothing more of a paste is expected.
const QUIET: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 40_000_000,
};

/// How long the end of a paste is waited for: a stuck key must not stop the question.
const QUIET_AT_MOST: Duration = Duration::from_secs(2);

/// What a terminal puts around a paste once mode 2004 is on.
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

impl Tty {
    /// Opens the controlling terminal, if what is asked can also be seen: stderr must be a terminal.
    pub(crate) fn open() -> Result<Self, TtyError> {
        if !io::stderr().is_terminal() {
            return Err(TtyError::None);
        }
        File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map(|file| Self { file })
            .map_err(|_| TtyError::None)
    }

    /// Throws away what was typed or pasted ahead, and what of a paste is still coming.
    ///
    /// It waits for a pause of [`QUIET`], but not longer than [`QUIET_AT_MOST`].
    pub(crate) fn flush_input(&self) -> Result<(), TtyError> {
        let io_error = |error: rustix::io::Errno| TtyError::Io(error.into());
        let began = Instant::now();
        loop {
            rustix::termios::tcflush(&self.file, QueueSelector::IFlush).map_err(io_error)?;
            let mut waiting = [PollFd::new(&self.file, PollFlags::IN)];
            let more = match rustix::event::poll(&mut waiting, Some(&QUIET)) {
                Ok(count) => count > 0,
                Err(rustix::io::Errno::INTR) => false,
                Err(error) => return Err(io_error(error)),
            };
            if !more || began.elapsed() > QUIET_AT_MOST {
                return Ok(());
            }
        }
    }

    /// Takes echo and line editing away until the result is dropped; Ctrl-C still is a signal.
    pub(super) fn quiet(&self) -> Result<RawMode, TtyError> {
        RawMode::with(&self.file, |raw| {
            raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        })
    }

    /// Reads a line, with a prompt before it; what is typed is shown unless it is secret.
    pub(crate) fn read_line(&self, prompt: &str, secret: bool) -> Result<String, TtyError> {
        let raw = RawMode::enter(&self.file)?;
        let mut screen = io::stderr();
        write!(screen, "{prompt}")?;
        screen.flush()?;
        let mut line = Vec::new();
        let ended = loop {
            match self.read_octet()? {
                None | Some(CTRL_C) => break Err(TtyError::Interrupted),
                Some(CTRL_D) if line.is_empty() => break Err(TtyError::Interrupted),
                Some(b'\r' | b'\n') => break Ok(()),
                Some(CTRL_U) => {
                    if !secret {
                        write!(screen, "{}", "\x08 \x08".repeat(shown_width(&line)))?;
                    }
                    line.clear();
                }
                Some(octet) if BACKSPACE.contains(&octet) => {
                    let before = shown_width(&line);
                    pop_character(&mut line);
                    if !secret {
                        write!(
                            screen,
                            "{}",
                            "\x08 \x08".repeat(before - shown_width(&line))
                        )?;
                    }
                }
                Some(octet) if octet >= 0x20 && line.len() < LINE_LIMIT => {
                    line.push(octet);
                    if !secret {
                        screen.write_all(&[octet])?;
                    }
                }
                // Other control characters are no part of an answer.
                Some(_) => {}
            }
            screen.flush()?;
        };
        writeln!(screen)?;
        drop(raw);
        ended.map(|()| String::from_utf8_lossy(&line).into_owned())
    }

    /// Reads a paste to its Ctrl-D: every octet as it came, line ends as LF.
    ///
    /// `notice` is told how many octets have come whenever a bracketed paste ends.
    pub(crate) fn read_paste(
        &self,
        limit: usize,
        mut notice: impl FnMut(usize),
    ) -> Result<Vec<u8>, TtyError> {
        let raw = RawMode::enter(&self.file)?;
        let mut screen = io::stderr();
        write!(screen, "\x1b[?2004h")?;
        screen.flush()?;
        let mut paste = Paste::default();
        let mut buffer = [0; 4096];
        let ended = loop {
            let count = match (&self.file).read(&mut buffer) {
                Ok(0) => break Err(TtyError::Interrupted),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => break Err(error.into()),
            };
            match paste.take(buffer.get(..count).unwrap_or_default()) {
                Taken::More => {}
                Taken::PasteEnded => notice(paste.text.len()),
                Taken::Done => break Ok(()),
                Taken::GivenUp => break Err(TtyError::Interrupted),
            }
            if paste.text.len() > limit {
                break Err(TtyError::TooLong(limit));
            }
        };
        write!(screen, "\x1b[?2004l")?;
        screen.flush()?;
        drop(raw);
        ended.map(|()| paste.text)
    }

    fn read_octet(&self) -> Result<Option<u8>, TtyError> {
        let mut octet = [0];
        loop {
            match (&self.file).read(&mut octet) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(octet.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Returns how many columns a typed line takes; characters of several octets count once.
fn shown_width(line: &[u8]) -> usize {
    line.iter().filter(|octet| **octet & 0xc0 != 0x80).count()
}

/// Removes the last character, with all its octets.
fn pop_character(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|octet| octet & 0xc0 == 0x80) {}
}

/// The terminal without line editing, echo and signal keys; as it was when dropped.
pub(super) struct RawMode {
    file: File,
    before: Termios,
}

impl RawMode {
    fn enter(file: &File) -> Result<Self, TtyError> {
        Self::with(file, |raw| {
            // Without ICANON the kernel does not cut a line at 4,095 octets; without
            // ISIG, IEXTEN and IXON no octet of a paste is a key.
            raw.local_modes -=
                LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
            raw.input_modes -= InputModes::IXON
                | InputModes::ICRNL
                | InputModes::INLCR
                | InputModes::IGNCR
                | InputModes::ISTRIP;
        })
    }

    fn with(file: &File, change: impl FnOnce(&mut Termios)) -> Result<Self, TtyError> {
        let file = file.try_clone()?;
        let io_error = |error: rustix::io::Errno| TtyError::Io(error.into());
        let before = rustix::termios::tcgetattr(&file).map_err(io_error)?;
        let mut raw = before.clone();
        change(&mut raw);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        rustix::termios::tcsetattr(&file, OptionalActions::Now, &raw).map_err(io_error)?;
        Ok(Self { file, before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // There is nobody left to tell that the terminal is gone.
        let _ = rustix::termios::tcsetattr(&self.file, OptionalActions::Drain, &self.before);
    }
}

/// What became of some octets of a paste.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    More,
    PasteEnded,
    Done,
    GivenUp,
}

/// A paste as it grows.
#[derive(Debug, Default)]
struct Paste {
    text: Vec<u8>,
    in_brackets: bool,
    /// An escape sequence that has begun and may be a bracket.
    pending: Vec<u8>,
    after_cr: bool,
}

impl Paste {
    fn take(&mut self, octets: &[u8]) -> Taken {
        let mut taken = Taken::More;
        for &octet in octets {
            self.pending.push(octet);
            let bracket = if self.in_brackets {
                PASTE_ENDS
            } else {
                PASTE_BEGINS
            };
            if self.pending == bracket {
                self.pending.clear();
                if self.in_brackets {
                    taken = Taken::PasteEnded;
                }
                self.in_brackets = !self.in_brackets;
                continue;
            }
            if bracket.starts_with(&self.pending) {
                continue;
            }
            // The octet that broke the sequence may begin another one.
            let last_begins = octet == 0x1b && self.pending.len() > 1;
            let mut settled = std::mem::take(&mut self.pending);
            if last_begins {
                settled.pop();
                self.pending.push(octet);
            }
            for octet in settled {
                match octet {
                    CTRL_D if !self.in_brackets => return Taken::Done,
                    CTRL_C if !self.in_brackets => return Taken::GivenUp,
                    octet => self.keep(octet),
                }
            }
        }
        taken
    }

    /// Keeps an octet; terminals send CR for a line end, some CR LF.
    fn keep(&mut self, octet: u8) {
        match octet {
            b'\r' => self.text.push(b'\n'),
            b'\n' if self.after_cr => {}
            octet => self.text.push(octet),
        }
        self.after_cr = octet == b'\r';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paste(chunks: &[&[u8]]) -> (Vec<u8>, Taken) {
        let mut paste = Paste::default();
        let mut last = Taken::More;
        for chunk in chunks {
            last = paste.take(chunk);
        }
        (paste.text, last)
    }

    #[test]
    fn ctrl_d_ends_a_paste_only_outside_its_brackets() {
        let (text, taken) = paste(&[b"\x1b[200~a\x04b\x03\x15\x1b[201~", b"\x04"]);
        assert_eq!(text, b"a\x04b\x03\x15");
        assert_eq!(taken, Taken::Done);
        assert_eq!(paste(&[b"abc\x03"]).1, Taken::GivenUp);
    }

    #[test]
    fn brackets_may_be_cut_anywhere() {
        let whole = b"\x1b[200~Subject: x\r\rhi\x1b[31m\x1b\x1b[201~\x04";
        for cut in 1..whole.len() {
            let (text, taken) = paste(&[&whole[..cut], &whole[cut..]]);
            assert_eq!(text, b"Subject: x\n\nhi\x1b[31m\x1b", "cut at {cut}");
            assert_eq!(taken, Taken::Done);
        }
    }

    #[test]
    fn line_ends_become_lf() {
        assert_eq!(paste(&[b"a\r\nb\rc\nd", b"\x04"]).0, b"a\nb\nc\nd");
    }

    #[test]
    fn backspace_takes_whole_characters() {
        let mut line = "aé".as_bytes().to_vec();
        assert_eq!(shown_width(&line), 2);
        pop_character(&mut line);
        assert_eq!(line, b"a");
        pop_character(&mut line);
        pop_character(&mut line);
        assert!(line.is_empty());
    }
}
