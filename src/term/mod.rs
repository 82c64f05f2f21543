//! The only place that prints: answers to stdout, everything else to stderr.
//!
//! In: text that is safe to show (foreign parts went through [`crate::intake::Untrusted`]). Out: the terminal.
//! Standards: NO_COLOR, the XDG habit of `TERM=dumb`.
//! Failures: a reader that goes away (`| head`) ends the output quietly; another error is told at the end.

use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::intake::is_active;

// colours, by what they mean
mod paint;
pub(crate) use paint::{ColorChoice, Paint};

// columns without boxes
mod table;
pub(crate) use table::Table;

// long work, shown while it lasts
mod progress;
pub(crate) use progress::Progress;

// the controlling terminal
mod tty;
pub(crate) use tty::TtyError;

// Ctrl-C where nothing is asked
mod interrupt;
pub(crate) use interrupt::{goes_on, handing_over, may_have_sent, watch as watch_interrupts};

// a panic, told in plain words
mod bug;
pub(crate) use bug::watched;

// questions
mod asker;
pub(crate) use asker::Asker;

// the editor that the user chose
pub(crate) mod editor;

/// The program's two outputs.
pub(crate) struct Term {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    out_is_terminal: bool,
    err_is_terminal: bool,
    /// Paints what goes to stdout.
    pub(crate) paint: Paint,
    /// Paints what goes to stderr.
    pub(crate) err_paint: Paint,
    width: usize,
    closed: bool,
    broken: Option<io::Error>,
}

impl Term {
    /// Returns the process's own outputs.
    pub(crate) fn new(color: ColorChoice) -> Self {
        let out_is_terminal = io::stdout().is_terminal();
        let err_is_terminal = io::stderr().is_terminal();
        Self {
            out: Box::new(io::BufWriter::with_capacity(1 << 16, io::stdout())),
            err: Box::new(io::stderr()),
            out_is_terminal,
            err_is_terminal,
            paint: Paint::choose(color, out_is_terminal),
            err_paint: Paint::choose(color, err_is_terminal),
            width: terminal_width(),
            closed: false,
            broken: None,
        }
    }

    /// Returns whether the reader of stdout went away: nothing more needs to be said.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Returns whether the answer is read on a terminal.
    pub(crate) fn out_is_terminal(&self) -> bool {
        self.out_is_terminal
    }

    /// Writes a line of the answer to stdout.
    pub(crate) fn answer(&mut self, line: &str) {
        self.octets(line.as_bytes());
        self.octets(b"\n");
    }

    /// Writes octets of the answer to stdout.
    pub(crate) fn octets(&mut self, octets: &[u8]) {
        if self.closed {
            return;
        }
        if let Err(error) = self.out.write_all(octets) {
            self.note(error);
        }
    }

    /// Writes one object to stdout, on one line.
    pub(crate) fn json(&mut self, object: &impl Serialize) {
        match serde_json::to_string(object) {
            Ok(line) => self.answer(&inert(line)),
            Err(error) => self.note(io::Error::other(error)),
        }
    }

    /// Writes a table to stdout: aligned on a terminal, tab-separated without header elsewhere.
    pub(crate) fn table(&mut self, table: &Table) {
        let text = table.render(self.out_is_terminal, self.width);
        self.octets(text.as_bytes());
    }

    /// Writes a sentence to stderr.
    pub(crate) fn status(&mut self, sentence: &str) {
        self.err_line(sentence);
    }

    /// Writes a warning to stderr.
    pub(crate) fn warning(&mut self, clause: &str) {
        let line = format!("{} {clause}", self.err_paint.claimed("warning:"));
        self.err_line(&line);
    }

    /// Writes what the user can do to stderr.
    pub(crate) fn hint(&mut self, clause: &str) {
        let line = format!("{} {clause}", self.err_paint.place("hint:"));
        self.err_line(&line);
    }

    /// Writes a failure to stderr.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        let text = failure.to_string();
        let painted = text.strip_prefix("error:").map_or_else(
            || text.clone(),
            |rest| format!("{}{rest}", self.err_paint.refused("error:")),
        );
        self.err_line(&painted);
    }

    /// Returns a bar for long work, on stderr; hidden where that is no terminal.
    pub(crate) fn progress(&self, total: u64, what: &str) -> Progress {
        Progress::new(total, what, self.err_is_terminal)
    }

    fn err_line(&mut self, line: &str) {
        // What was answered stands above what is said about it.
        self.flush();
        // There is nobody left to tell that stderr is gone.
        let _ = writeln!(self.err, "{line}");
    }

    /// Hands all that was written to the outside.
    pub(crate) fn flush(&mut self) {
        if self.closed {
            return;
        }
        if let Err(error) = self.out.flush() {
            self.note(error);
        }
    }

    fn note(&mut self, error: io::Error) {
        self.closed = true;
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.broken = Some(error);
        }
    }

    /// Ends the output; says if it could not be written.
    pub(crate) fn end(&mut self, exit: Exit) -> Exit {
        self.flush();
        let Some(error) = self.broken.take() else {
            return exit;
        };
        let failure = Failure::new(Exit::Io, "cannot write the answer").because(error);
        self.failure(&failure);
        exit.graver(Exit::Io)
    }
}

/// Returns JSON of the same value in which no character acts on a terminal.
///
/// serde_json escapes C0 alone: DEL, C1 (U+009B begins a control sequence as ESC [ does),
/// and what reorders or hides text stand in a spam's HELO as well. RFC 8259 §7: any
/// character may be escaped.
fn inert(json: String) -> String {
    // Nearly all JSON is printable US-ASCII, which does nothing to a terminal. A line end stands only between two objects.
    // Whole blocks are judged at once, which compiles to a few instructions each.
    let plain = json.as_bytes().chunks(64).all(|block| {
        block.iter().fold(true, |plain, octet| {
            plain & matches!(octet, b' '..=b'~' | b'\n')
        })
    });
    if plain {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if c != '\n' && is_active(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Returns the columns of the terminal: COLUMNS, or what the terminal says, or 80.
fn terminal_width() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .or_else(|| {
            console::Term::stderr()
                .size_checked()
                .map(|(_, columns)| usize::from(columns))
        })
        .filter(|columns| *columns >= 20)
        .unwrap_or(80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_acts_on_no_terminal_and_says_the_same() {
        let helo = "\u{9b}31m\u{7f}\u{1b}]52;\u{202e}\u{200b}\u{e0041}é";
        let line = serde_json::to_string(helo).unwrap();
        let line = inert(line);
        assert!(!line.contains(char::is_control), "{line:?}");
        assert_eq!(inert("{}\n".to_owned()), "{}\n");
        assert_eq!(
            line,
            r#""\u009b31m\u007f\u001b]52;\u202e\u200b\udb40\udc41é""#
        );
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), helo);
    }
}
