//! What consent needs of a terminal.
//!
//! In: text to show, choices. Out: what the user typed.
//! Trust: the text was escaped by who made it; what waits in the terminal's
//! input before a question is not an answer to it.
//! Failures: [`TerminalError`].

/// One row of the checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The desk and what it answers for, on one line, ready to be shown.
    pub label: String,
    /// Whether it is ticked beforehand.
    pub ticked: bool,
}

/// Why a terminal gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerminalError {
    /// There is no controlling terminal, or it is closed.
    #[error("there is no terminal to ask at")]
    NoTerminal,
    /// The user pressed Ctrl-C, or Ctrl-D at an empty line.
    #[error("interrupted")]
    Interrupted,
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Io(String),
}

/// The terminal that a user sits at.
///
/// What is typed comes from the *controlling* terminal of the process
/// (`/dev/tty`), what is shown goes to standard error, which must be a terminal,
/// too. Standard input and standard output are not asked: they may be pipes,
/// files, or the spam itself.
pub trait Terminal {
    /// Writes text as it is, and nothing else: no line end of its own.
    ///
    /// Returns only when all of it is written. A preview longer than the
    /// screen may be paged; it counts as shown when its end was.
    ///
    /// # Errors
    ///
    /// [`TerminalError::NoTerminal`] where there is none; `Interrupted` where
    /// the pager was left by Ctrl-C.
    fn show(&mut self, text: &str) -> Result<(), TerminalError>;

    /// Shows a long text, a screen at a time where that is possible; the user may leave it early.
    ///
    /// # Errors
    ///
    /// As [`Terminal::show`].
    fn page(&mut self, text: &str) -> Result<(), TerminalError> {
        self.show(text)
    }

    /// Throws away everything that was typed and not yet read.
    ///
    /// That is what the kernel holds (`tcflush(…, TCIFLUSH)`) *and* whatever
    /// the implementation itself has buffered. A bracketed paste that is still
    /// arriving is read to its end and thrown away, too.
    ///
    /// # Errors
    ///
    /// [`TerminalError::NoTerminal`] where there is none; `Io` where it does not
    /// stop sending, as what keeps coming would answer.
    fn flush_input(&mut self) -> Result<(), TerminalError>;

    /// Shows a checklist and returns the ticks, one per choice, in order.
    ///
    /// The ticks given are the ones at the beginning. The caller flushes before.
    ///
    /// # Errors
    ///
    /// `Interrupted` on Ctrl-C or Escape, with the cursor shown again.
    fn choose(&mut self, prompt: &str, choices: &[Choice]) -> Result<Vec<bool>, TerminalError>;

    /// Reads one line that the user types, without its line end.
    ///
    /// It returns at Enter, never before; an empty line is an empty answer.
    ///
    /// # Errors
    ///
    /// `Interrupted` on Ctrl-C, and on Ctrl-D at the start of the line; `Io` for
    /// a line that is longer than the terminal's limit.
    fn read_line(&mut self) -> Result<String, TerminalError>;
}
