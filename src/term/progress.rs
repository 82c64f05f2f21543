//! A bar for long work, on stderr, while it lasts.
//!
//! In: how much there is, and how far it got. Out: one line that is redrawn, and removed at the end.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar, or nothing where stderr is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Returns a bar of `total` steps; `what` names them.
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
        bar.set_message(what.to_owned());
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
