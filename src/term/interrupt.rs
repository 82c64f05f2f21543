//! Signals that end the program: the terminal as it was and a sentence first, then the end.
//!
//! In: SIGINT, and from the first question on SIGTERM and SIGHUP. Out: what the user has to know about what was sent, on stderr;
//! then the process ends by the signal.
//! Standards: POSIX.1-2017 §2.4.3 (signal actions); a shell sees that the signal ended the program.
//! Failures: where no handler can be set, the system's own stands: the end without the sentence.
//! Limits: a question reads Ctrl-C as a key, and answers for itself.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{emulate_default_handler, pipe};

use super::modes;

/// Whether something may have left this machine since the program began.
static HANDED_OVER: AtomicBool = AtomicBool::new(false);

/// Whether the same command goes on where this one ends.
static GOES_ON: AtomicBool = AtomicBool::new(false);

/// Where the checklist stands: dialoguer raises SIGINT itself there.
static PROMPT: Mutex<Prompt> = Mutex::new(Prompt::Never);

/// How long after a checklist a signal still counts as its own: it is read by another thread.
const ECHO: Duration = Duration::from_millis(200);

enum Prompt {
    Never,
    Open,
    Closed(Instant),
}

/// From here on Ctrl-C is answered with a sentence.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| listen(SIGINT));
}

/// From here on no signal that ends the program leaves the terminal otherwise than it was.
///
/// Not sooner: who starts the program with SIGHUP ignored (`nohup`) wants it to go on, and is asked nothing.
pub(super) fn watch_ends() {
    static ONCE: Once = Once::new();
    watch();
    ONCE.call_once(|| {
        listen(SIGTERM);
        listen(SIGHUP);
    });
}

/// Ends the program with a sentence when a signal comes.
fn listen(signal: i32) {
    let Ok((mut told, teller)) = UnixStream::pair() else {
        return;
    };
    let listener = move || {
        while told.read_exact(&mut [0]).is_ok() {
            if signal != SIGINT || !is_of_a_prompt() {
                end(signal);
            }
        }
    };
    let listening = std::thread::Builder::new().spawn(listener);
    if listening.is_ok() {
        let _ = pipe::register(signal, teller);
    }
}

/// From here on nobody can say in one sentence that nothing was sent.
pub(crate) fn handing_over() {
    HANDED_OVER.store(true, Ordering::SeqCst);
}

/// From here on the same command, given again, goes on where this one is broken off.
pub(crate) fn goes_on() {
    GOES_ON.store(true, Ordering::SeqCst);
}

/// Returns whether something may have been sent since the program began.
pub(crate) fn may_have_sent() -> bool {
    HANDED_OVER.load(Ordering::SeqCst)
}

/// Gives the terminal back, says what is known, and ends as the signal would have.
fn end(signal: i32) {
    let _given_back = modes::give_back();
    let sentence = if may_have_sent() {
        "Given up. `plaint outbox list` and `plaint log list` show what was sent."
    } else if GOES_ON.load(Ordering::SeqCst) {
        "Given up. Nothing was sent. The same command goes on from here."
    } else {
        "Given up. Nothing was sent."
    };
    let screen = console::Term::stderr();
    let _ = screen.show_cursor();
    let _ = writeln!(std::io::stderr(), "\n{sentence}");
    let _ = emulate_default_handler(signal);
}

fn is_of_a_prompt() -> bool {
    match PROMPT.lock().as_deref() {
        Ok(Prompt::Open) => true,
        Ok(Prompt::Closed(at)) => at.elapsed() < ECHO,
        Ok(Prompt::Never) | Err(_) => false,
    }
}

fn prompt_is(prompt: Prompt) {
    if let Ok(mut place) = PROMPT.lock() {
        *place = prompt;
    }
}

/// While it lives, SIGINT does not end the process: dialoguer raises it on Ctrl-C.
pub(super) struct AtPrompt(());

impl AtPrompt {
    pub(super) fn enter() -> Self {
        watch();
        prompt_is(Prompt::Open);
        Self(())
    }
}

impl Drop for AtPrompt {
    fn drop(&mut self) {
        prompt_is(Prompt::Closed(Instant::now()));
    }
}
