//! The only place that prints: answers to stdout, everything else to stderr.
//!
//! In: text that is safe to show (foreign parts went through [`crate::intake::Untrusted`]), and octets as they came. Out: the terminal.
//! Trust: what goes to stderr is escaped once more, as names of files stand in it; octets of a mail are, where stdout is a terminal.
//! Standards: NO_COLOR, the XDG habit of `TERM=dumb`.
//! Failures: a reader that goes away (`| head`) ends the output quietly; another error is told at the end.

use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;

use crate::failure::{Exit, Failure};

// colours, by what they mean
mod paint;
pub(crate) use paint::{ColorChoice, Paint};

// what a stranger wrote, made harmless
mod inert;

// columns without boxes
mod table;
pub(crate) use table::Table;

// long work, shown while it lasts
mod progress;
pub(crate) use progress::Progress;

// how it takes keys
mod modes;

// the controlling terminal
mod tty;
pub(crate) use tty::TtyError;

// signals that end the program
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
    /// Whether an answer was shown otherwise than a file would have it.
    is_escaped: bool,
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
            is_escaped: false,
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

    /// Writes octets that a stranger wrote, or that quote one: as they are to a file or a pipe, escaped on a terminal.
    pub(crate) fn foreign(&mut self, octets: &[u8]) {
        if !self.out_is_terminal {
            return self.octets(octets);
        }
        let text = inert::text(octets);
        let lines = octets.iter().filter(|octet| **octet != b'\r');
        self.is_escaped |= !text.bytes().eq(lines.copied());
        self.octets(text.as_bytes());
    }

    /// Writes one object to stdout, on one line.
    pub(crate) fn json(&mut self, object: &impl Serialize) {
        match serde_json::to_string(object) {
            Ok(line) => self.answer(&inert::json(line)),
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
        self.err_line(&inert::text(sentence.as_bytes()));
    }

    /// Writes a sentence to stderr that was painted: nothing in it may be foreign as it came.
    pub(crate) fn painted(&mut self, sentence: &str) {
        self.err_line(sentence);
    }

    /// Writes a warning to stderr.
    pub(crate) fn warning(&mut self, clause: &str) {
        let clause = inert::text(clause.as_bytes());
        let line = format!("{} {clause}", self.err_paint.claimed("warning:"));
        self.err_line(&line);
    }

    /// Writes what the user can do to stderr.
    pub(crate) fn hint(&mut self, clause: &str) {
        let clause = inert::text(clause.as_bytes());
        let line = format!("{} {clause}", self.err_paint.place("hint:"));
        self.err_line(&line);
    }

    /// Writes a failure to stderr.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        let text = inert::text(failure.to_string().as_bytes());
        let painted = text.strip_prefix("error:").map_or_else(
            || text.clone(),
            |rest| format!("{}{rest}", self.err_paint.refused("error:")),
        );
        self.err_line(&painted);
    }

    /// Returns a bar for long work, on stderr; hidden where that is no terminal. `what` may be a file's name.
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
        if self.is_escaped {
            self.hint("a terminal shows control characters by name; a file or a pipe gets every octet as it is");
        }
        self.flush();
        let Some(error) = self.broken.take() else {
            return exit;
        };
        let failure = Failure::new(Exit::Io, "cannot write the answer").because(error);
        self.failure(&failure);
        exit.graver(Exit::Io)
    }
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
