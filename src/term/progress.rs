//! A bar for long work, on stderr, while it lasts.
//!
//! In: how much there is, of what, and how far it got. Out: one line that is redrawn, and removed at the end.
//! Trust: a file's name may hold anything; it is escaped.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::intake::Untrusted;

/// Characters of a name that stand before the bar.
const NAME_CHARS: usize = 60;

/// A bar, or nothing where stderr is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Returns a bar of `total` steps; `what` names them, and may be a file's name.
    pub(crate) fn new(total: u64, what: &str, visible: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(total),
            if visible {
                ProgressDrawTarget::stderr_with_hz(8)
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        if let Ok(style) =
            ProgressStyle::with_template("{msg} [{bar:30}] {percent:>3}%  {eta} left")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(Untrusted::text(what).up_to(NAME_CHARS).to_string());
        // The first line appears only for work that lasts.
        bar.enable_steady_tick(Duration::from_millis(500));
        Self { bar }
    }

    /// Sets how far the work got.
    pub(crate) fn at(&self, done: u64) {
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_acts_on_no_terminal_and_leaves_room_for_the_bar() {
        let bar = Progress::new(1, "a\u{1b}]0;x\u{7}.mbox", false);
        assert_eq!(bar.bar.message(), "a\\x1b]0;x\\x07.mbox");
        let bar = Progress::new(1, &"x".repeat(200), false);
        assert_eq!(bar.bar.message().chars().count(), NAME_CHARS + 1);
    }
}
