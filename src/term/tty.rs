//! The controlling terminal, read key by key: nothing of it is cut, and no byte acts as a key unasked.
//!
//! In: what a person types or pastes. Out: lines, and pastes as they came.
//! Standards: POSIX.1-2017 chapter 11 (general terminal interface), xterm's bracketed paste (mode 2004).
//! Trust: a paste is hostile; inside its brackets no byte is a key.
//! Failures: [`TtyError`]: no terminal, given up with Ctrl-C or Ctrl-D, a terminal that does not stop sending, or an I/O error.
//! Limits: no line editing but backspace and Ctrl-U.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::termios::QueueSelector;

use super::modes::RawMode;

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
    /// A line has more octets than are read: none of it is used.
    #[error("the line is longer than {0} octets")]
    LineTooLong(usize),
    /// Something keeps coming that nobody was asked for.
    #[error("the terminal does not stop sending, so nothing can be asked")]
    Restless,
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

/// Octets that a line may have: tokens that are pasted for a password have a few thousand.
const LINE_LIMIT: usize = 16 * 1024;

/// A pause after which nothing more of a paste is expected.
const QUIET: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 40_000_000,
};

/// How long the end of a paste, or of a stuck key, is waited for before a question.
const QUIET_AT_MOST: Duration = Duration::from_secs(5);

/// A pause after which nothing more comes of a paste that had a Ctrl-D inside; lines over a network come in bursts.
const PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 300_000_000,
};

/// How long such a pause is waited for: the largest message comes within it over any line that one can work on.
const PAUSE_AT_MOST: Duration = Duration::from_secs(120);

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
    /// It waits for a pause of [`QUIET`]; where none comes within [`QUIET_AT_MOST`] nothing may be
    /// asked, as the paste would answer.
    pub(crate) fn flush_input(&self) -> Result<(), TtyError> {
        let began = Instant::now();
        loop {
            rustix::termios::tcflush(&self.file, QueueSelector::IFlush).map_err(io::Error::from)?;
            if !self.comes_within(&QUIET)? {
                return Ok(());
            }
            if began.elapsed() > QUIET_AT_MOST {
                return Err(TtyError::Restless);
            }
        }
    }

    /// Reads and throws away what comes until it pauses; returns how many octets there were.
    fn drain(&self) -> Result<usize, TtyError> {
        let began = Instant::now();
        let mut buffer = [0; 4096];
        let mut drained = 0;
        while self.comes_within(&PAUSE)? {
            match (&self.file).read(&mut buffer) {
                Ok(0) => return Err(TtyError::Interrupted),
                Ok(count) => drained += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
            if began.elapsed() > PAUSE_AT_MOST {
                return Err(TtyError::Restless);
            }
        }
        Ok(drained)
    }

    /// Returns whether something to read comes within a time.
    fn comes_within(&self, time: &Timespec) -> Result<bool, TtyError> {
        loop {
            let mut waiting = [PollFd::new(&self.file, PollFlags::IN)];
            match rustix::event::poll(&mut waiting, Some(time)) {
                Ok(count) => return Ok(count > 0),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(TtyError::Io(error.into())),
            }
        }
    }

    /// Takes echo and line editing away until the result is dropped; Ctrl-C still is a signal.
    pub(super) fn quiet(&self) -> Result<RawMode, TtyError> {
        Ok(RawMode::quiet(&self.file)?)
    }

    /// Leaves the keys to somebody else; the modes are as they were when the result is dropped.
    pub(super) fn lent(&self) -> Result<RawMode, TtyError> {
        Ok(RawMode::lent(&self.file)?)
    }

    /// Reads a line, with a prompt before it; what is typed is shown unless it is secret.
    pub(crate) fn read_line(&self, prompt: &str, secret: bool) -> Result<String, TtyError> {
        let raw = RawMode::enter(&self.file)?;
        let mut screen = io::stderr();
        write!(screen, "{prompt}")?;
        screen.flush()?;
        let mut line = Line::default();
        let ended = loop {
            let Some(octet) = self.read_octet()? else {
                break Err(TtyError::Interrupted);
            };
            match line.take(octet) {
                Typed::Nothing => {}
                Typed::Ended => break line.whole(),
                Typed::GivenUp => break Err(TtyError::Interrupted),
                Typed::Added if !secret => screen.write_all(&[octet])?,
                Typed::Removed(columns) if !secret => {
                    write!(screen, "{}", "\x08 \x08".repeat(columns))?;
                }
                Typed::Added | Typed::Removed(_) => {}
            }
            screen.flush()?;
        };
        writeln!(screen)?;
        drop(raw);
        ended
    }

    /// Reads a paste to its Ctrl-D: every octet as it came, line ends as LF.
    ///
    /// `notice` is told how many octets have come whenever a bracketed paste ends. A paste without brackets may have
    /// a Ctrl-D of its own: what comes behind it is thrown away and counted, and answers no question.
    pub(crate) fn read_paste(
        &self,
        limit: usize,
        mut notice: impl FnMut(usize),
    ) -> Result<Pasted, TtyError> {
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
        ended?;
        let behind = if paste.behind > 0 || !paste.had_brackets {
            paste.behind + self.drain()?
        } else {
            0
        };
        drop(raw);
        Ok(Pasted {
            octets: paste.text,
            behind,
        })
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

/// What became of one octet of a line.
#[derive(Debug, PartialEq, Eq)]
enum Typed {
    Nothing,
    Added,
    /// So many columns are to be cleared.
    Removed(usize),
    Ended,
    GivenUp,
}

/// A line as it grows.
#[derive(Debug, Default)]
struct Line {
    text: Vec<u8>,
    is_too_long: bool,
}

impl Line {
    fn take(&mut self, octet: u8) -> Typed {
        match octet {
            CTRL_C => Typed::GivenUp,
            CTRL_D if self.text.is_empty() => Typed::GivenUp,
            b'\r' | b'\n' => Typed::Ended,
            CTRL_U => {
                let columns = shown_width(&self.text);
                *self = Self::default();
                Typed::Removed(columns)
            }
            octet if BACKSPACE.contains(&octet) => {
                let before = shown_width(&self.text);
                pop_character(&mut self.text);
                Typed::Removed(before - shown_width(&self.text))
            }
            // Other control characters are no part of an answer.
            0..0x20 => Typed::Nothing,
            // A password or a word that was cut would be another one.
            _ if self.text.len() == LINE_LIMIT => {
                self.is_too_long = true;
                Typed::Nothing
            }
            octet => {
                self.text.push(octet);
                Typed::Added
            }
        }
    }

    fn whole(&self) -> Result<String, TtyError> {
        if self.is_too_long {
            return Err(TtyError::LineTooLong(LINE_LIMIT));
        }
        Ok(String::from_utf8_lossy(&self.text).into_owned())
    }
}

/// A paste as it came.
#[derive(Debug)]
pub(crate) struct Pasted {
    /// What was pasted before the Ctrl-D.
    pub(crate) octets: Vec<u8>,
    /// Octets that came behind it, and were thrown away.
    pub(crate) behind: usize,
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
    /// Whether the terminal marks pastes at all.
    had_brackets: bool,
    /// Octets that came with the Ctrl-D, behind it.
    behind: usize,
    /// An escape sequence that has begun and may be a bracket.
    pending: Vec<u8>,
    after_cr: bool,
}

impl Paste {
    fn take(&mut self, octets: &[u8]) -> Taken {
        let mut taken = Taken::More;
        for (at, &octet) in octets.iter().enumerate() {
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
                self.had_brackets = true;
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
                    CTRL_D if !self.in_brackets => {
                        self.behind = octets.len() - at - 1;
                        return Taken::Done;
                    }
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
    fn what_comes_behind_a_ctrl_d_of_the_paste_is_counted() {
        let mut bare = Paste::default();
        assert_eq!(bare.take(b"a\x04y\rno\r"), Taken::Done);
        assert_eq!((bare.text.as_slice(), bare.behind), (&b"a"[..], 5));
        assert!(!bare.had_brackets);
        let mut marked = Paste::default();
        assert_eq!(marked.take(b"\x1b[200~a\x04b\x1b[201~\x04"), Taken::Done);
        assert_eq!((marked.behind, marked.had_brackets), (0, true));
    }

    #[test]
    fn a_line_is_whole_or_refused() {
        let typed = |octets: usize| {
            let mut line = Line::default();
            for _ in 0..octets {
                line.take(b'x');
            }
            assert_eq!(line.take(b'\r'), Typed::Ended);
            line.whole().map(|text| text.len()).ok()
        };
        assert_eq!(typed(5_000), Some(5_000));
        assert_eq!(typed(LINE_LIMIT), Some(LINE_LIMIT));
        assert_eq!(typed(LINE_LIMIT + 1), None);
        let mut line = Line::default();
        for _ in 0..LINE_LIMIT + 1 {
            line.take(b'x');
        }
        assert_eq!(line.take(CTRL_U), Typed::Removed(LINE_LIMIT));
        assert_eq!(line.take(b'y'), Typed::Added);
        assert_eq!(line.whole().unwrap(), "y");
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
