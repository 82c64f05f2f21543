//! Asks at the controlling terminal: what [`crate::consent`] and the set-up questions need.
//!
//! In: a question. Out: the answer, or why there is none.
//! Trust: what was typed or pasted ahead is thrown away before each question; names of files in a question are escaped.
//! Failures: [`TtyError`]; consent gets its own [`TerminalError`] made from it.
//! Limits: the checklist is drawn by dialoguer, on stderr.

use std::io::Write as _;

use super::inert;
use super::interrupt::AtPrompt;
use super::modes::RawMode;
use super::tty::{Pasted, Tty, TtyError};
use crate::consent::{Choice, Terminal, TerminalError};
use crate::intake::Untrusted;

/// Columns of a checklist's row that are not its text: a pointer, a box, and one that stays free.
const ROW_MARGIN: usize = 8;

/// The terminal as questions are asked on it.
pub(crate) struct Asker {
    tty: Option<Tty>,
    /// The terminal shows no key by itself from the flush to the line: a code that is typed
    /// before its line is read would stand there twice.
    quiet: Option<RawMode>,
}

impl Asker {
    /// Returns an asker that opens the terminal when it first needs it.
    pub(crate) fn new() -> Self {
        Self {
            tty: None,
            quiet: None,
        }
    }

    /// Returns whether there is a terminal to ask on.
    pub(crate) fn can_ask(&mut self) -> bool {
        self.tty().is_ok()
    }

    fn tty(&mut self) -> Result<&Tty, TtyError> {
        let tty = match self.tty.take() {
            Some(tty) => tty,
            None => Tty::open()?,
        };
        Ok(self.tty.insert(tty))
    }

    /// Reads a paste to its Ctrl-D, at most `limit` octets.
    pub(crate) fn paste(
        &mut self,
        limit: usize,
        notice: impl FnMut(usize),
    ) -> Result<Pasted, TtyError> {
        self.tty()?.read_paste(limit, notice)
    }

    /// Writes text to the screen as it is.
    pub(crate) fn show(&mut self, text: &str) -> Result<(), TtyError> {
        self.tty()?;
        let mut screen = std::io::stderr();
        screen.write_all(text.as_bytes())?;
        screen.flush()?;
        Ok(())
    }

    /// Throws away what was typed or pasted ahead.
    pub(crate) fn flush(&mut self) -> Result<(), TtyError> {
        self.tty()?.flush_input()
    }

    /// Asks for a line; an empty one is the default, where there is one.
    pub(crate) fn line(
        &mut self,
        question: &str,
        default: Option<&str>,
    ) -> Result<String, TtyError> {
        let prompt = match default {
            Some(default) if !default.is_empty() => format!("{question} [{default}] "),
            _ => format!("{question} "),
        };
        let prompt = inert::text(prompt.as_bytes());
        let tty = self.tty()?;
        tty.flush_input()?;
        let line = tty.read_line(&prompt, false)?;
        let line = line.trim();
        Ok(match default {
            Some(default) if line.is_empty() => default.to_owned(),
            _ => line.to_owned(),
        })
    }

    /// Reads a line with nothing asked before it.
    pub(crate) fn answer(&mut self) -> Result<String, TtyError> {
        let line = self.tty()?.read_line("", false);
        self.quiet = None;
        line
    }

    /// Asks for a password; it is not shown.
    pub(crate) fn secret(&mut self, question: &str) -> Result<String, TtyError> {
        let tty = self.tty()?;
        tty.flush_input()?;
        let prompt = inert::text(format!("{question} ").as_bytes());
        tty.read_line(&prompt, true)
    }

    /// Asks yes or no, in words; no is what Enter means.
    pub(crate) fn yes(&mut self, question: &str) -> Result<bool, TtyError> {
        self.yes_or_no(question, "no")
    }

    /// Asks for yes or no; Enter means yes: only for what does no harm and can be undone.
    pub(crate) fn agrees(&mut self, question: &str) -> Result<bool, TtyError> {
        self.yes_or_no(question, "yes")
    }

    fn yes_or_no(&mut self, question: &str, enter: &str) -> Result<bool, TtyError> {
        loop {
            let line = self.line(&format!("{question} (yes/no)"), Some(enter))?;
            match said(&line) {
                Some(yes) => return Ok(yes),
                None => self.show("Please answer yes or no.\n")?,
            }
        }
    }

    /// Asks for yes or no; Enter leaves it open, which the question has to say.
    pub(crate) fn yes_or_open(&mut self, question: &str) -> Result<Option<bool>, TtyError> {
        loop {
            let line = self.line(question, None)?;
            let yes = said(&line);
            if yes.is_some() || line.is_empty() {
                return Ok(yes);
            }
            self.show("Please answer yes or no, or press Enter.\n")?;
        }
    }

    /// Lets one of several rows be chosen by its number; the first is what Enter means.
    pub(crate) fn one_of(&mut self, question: &str, rows: &[String]) -> Result<usize, TtyError> {
        self.chosen(question, rows, Some("1"))
    }

    /// Lets one of several rows be chosen by its number; Enter means none of them, and it is asked again.
    pub(crate) fn named_of(&mut self, question: &str, rows: &[String]) -> Result<usize, TtyError> {
        self.chosen(question, rows, None)
    }

    fn chosen(
        &mut self,
        question: &str,
        rows: &[String],
        enter: Option<&str>,
    ) -> Result<usize, TtyError> {
        let mut text = format!("{question}\n");
        for (at, row) in rows.iter().enumerate() {
            text.push_str(&format!("  {}  {row}\n", at + 1));
        }
        self.show(&inert::text(text.as_bytes()))?;
        loop {
            let line = self.line("Number:", enter)?;
            match line.parse::<usize>() {
                Ok(number) if (1..=rows.len()).contains(&number) => return Ok(number - 1),
                _ => self.show(&format!("Please type a number from 1 to {}.\n", rows.len()))?,
            }
        }
    }

    /// Shows a checklist; returns the ticks in the order of the rows.
    pub(crate) fn ticks(
        &mut self,
        question: &str,
        rows: &[(String, bool)],
    ) -> Result<Vec<bool>, TtyError> {
        self.tty()?.flush_input()?;
        let _here = AtPrompt::enter();
        let _lent = self.tty()?.lent()?;
        // dialoguer draws the list anew at each key: what it draws must not wrap, or rows of before stay.
        self.show(&inert::text(format!("{question}\n").as_bytes()))?;
        let screen = console::Term::stderr();
        let columns = usize::from(screen.size().1);
        let chosen = dialoguer::MultiSelect::new()
            .with_prompt("Space ticks, Enter goes on")
            .items_checked(
                rows.iter()
                    .map(|(text, ticked)| (row(text, columns), *ticked)),
            )
            .report(false)
            .interact_on_opt(&screen);
        // dialoguer hides the cursor, and leaves it hidden when it is interrupted.
        let _ = screen.show_cursor();
        let chosen = match chosen {
            Ok(Some(chosen)) => chosen,
            Ok(None) => return Err(TtyError::Interrupted),
            Err(dialoguer::Error::IO(error)) => {
                return Err(match error.kind() {
                    std::io::ErrorKind::Interrupted => TtyError::Interrupted,
                    std::io::ErrorKind::NotConnected => TtyError::None,
                    _ => TtyError::Io(error),
                });
            }
        };
        let mut ticks = vec![false; rows.len()];
        for at in chosen {
            if let Some(tick) = ticks.get_mut(at) {
                *tick = true;
            }
        }
        Ok(ticks)
    }
}

/// Returns whether a line says yes; `None` where it says neither yes nor no.
fn said(line: &str) -> Option<bool> {
    match line.to_ascii_lowercase().as_str() {
        "yes" | "y" => Some(true),
        "no" | "n" => Some(false),
        _ => None,
    }
}

/// Returns the text of a checklist's row: one that takes one line, however long it was.
///
/// It is cut by octets, which are never fewer than its columns: dialoguer takes the one for the other.
fn row(text: &str, columns: usize) -> String {
    let limit = columns.saturating_sub(ROW_MARGIN).max(1);
    let text = Untrusted::text(text).up_to(usize::MAX).to_string();
    if text.len() <= limit {
        return text;
    }
    let mut end = limit.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

impl Terminal for Asker {
    fn show(&mut self, text: &str) -> Result<(), TerminalError> {
        Ok(Self::show(self, text)?)
    }

    fn page(&mut self, text: &str) -> Result<(), TerminalError> {
        let rows = console::Term::stderr()
            .size_checked()
            .map_or(24, |(rows, _)| usize::from(rows))
            .max(4);
        let lines: Vec<&str> = text.lines().collect();
        for (at, screen) in lines.chunks(rows - 1).enumerate() {
            if at > 0 {
                let line = self.line("-- Enter goes on, q leaves --", None)?;
                if line.eq_ignore_ascii_case("q") {
                    return Ok(());
                }
            }
            Self::show(self, &format!("{}\n", screen.join("\n")))?;
        }
        Ok(())
    }

    fn flush_input(&mut self) -> Result<(), TerminalError> {
        if self.quiet.is_none() {
            self.quiet = Some(self.tty()?.quiet()?);
        }
        Ok(self.flush()?)
    }

    fn choose(&mut self, prompt: &str, choices: &[Choice]) -> Result<Vec<bool>, TerminalError> {
        // The checklist has its own way with the terminal.
        self.quiet = None;
        let rows: Vec<_> = choices
            .iter()
            .map(|choice| (choice.label.clone(), choice.ticked))
            .collect();
        Ok(self.ticks(prompt, &rows)?)
    }

    fn read_line(&mut self) -> Result<String, TerminalError> {
        Ok(self.answer()?)
    }
}

impl From<TtyError> for TerminalError {
    fn from(error: TtyError) -> Self {
        match error {
            TtyError::None => Self::NoTerminal,
            TtyError::Interrupted => Self::Interrupted,
            TtyError::TooLong(_)
            | TtyError::LineTooLong(_)
            | TtyError::Restless
            | TtyError::Io(_) => Self::Io(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_checklist_takes_one_line() {
        assert_eq!(
            row("abuse@isp.example: its network", 80),
            "abuse@isp.example: its network"
        );
        for (text, columns) in [
            ("x".repeat(95), 100),
            ("é".repeat(60), 80),
            ("漢".repeat(60), 80),
            ("x".repeat(20), 5),
            ("a\nb".to_owned(), 80),
        ] {
            let row = row(&text, columns);
            assert!(row.len() <= (columns - 4).max(4), "{row}");
            assert!(
                console::measure_text_width(&row) + 6 < columns.max(8),
                "{row}"
            );
            assert!(!row.contains('\n'));
        }
    }
}
