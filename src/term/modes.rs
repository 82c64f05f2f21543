//! The terminal's modes: changed for a question, and as they were again, whatever ends it.
//!
//! In: a terminal, a change. Out: [`RawMode`], which takes the change back when it is dropped; [`give_back`] for who ends by a signal.
//! Standards: POSIX.1-2017 chapter 11 (general terminal interface), xterm's bracketed paste (mode 2004).
//! Failures: an I/O error of the terminal; one that is gone is given back to nobody.
//! Limits: one terminal, the controlling one.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios};

use super::interrupt;

/// The terminal as it was before the first of the changes that are on.
struct First {
    file: File,
    modes: Termios,
    /// Changes that are on; each was made upon the one before.
    changes: usize,
}

static FIRST: Mutex<Option<First>> = Mutex::new(None);

/// How often who ends by a signal looks whether a change is being made, and for how long each time.
const LOOKS: usize = 50;
const LOOK: Duration = Duration::from_millis(10);

/// The terminal without line editing, echo and signal keys; as it was when dropped.
pub(super) struct RawMode {
    file: File,
    before: Termios,
}

impl RawMode {
    /// Takes every octet as it comes, none of it as a key.
    pub(super) fn enter(file: &File) -> io::Result<Self> {
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
            byte_by_byte(raw);
        })
    }

    /// Takes echo and line editing away; Ctrl-C still is a signal.
    pub(super) fn quiet(file: &File) -> io::Result<Self> {
        Self::with(file, |raw| {
            raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            byte_by_byte(raw);
        })
    }

    /// Takes echo, line editing and signal keys away, for somebody else who reads keys: one that comes before he does waits
    /// for him, Ctrl-C too.
    pub(super) fn lent(file: &File) -> io::Result<Self> {
        Self::with(file, |raw| {
            raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
            byte_by_byte(raw);
        })
    }

    fn with(file: &File, change: impl FnOnce(&mut Termios)) -> io::Result<Self> {
        interrupt::watch_ends();
        let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
        let file = file.try_clone()?;
        let before = rustix::termios::tcgetattr(&file)?;
        let mut raw = before.clone();
        change(&mut raw);
        let its_file = file.try_clone()?;
        rustix::termios::tcsetattr(&file, OptionalActions::Now, &raw)?;
        let first = first.get_or_insert_with(|| First {
            file: its_file,
            modes: before.clone(),
            changes: 0,
        });
        first.changes += 1;
        Ok(Self { file, before })
    }
}

/// Lets a read return with each octet.
fn byte_by_byte(raw: &mut Termios) {
    raw.special_codes[SpecialCodeIndex::VMIN] = 1;
    raw.special_codes[SpecialCodeIndex::VTIME] = 0;
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
        // There is nobody left to tell that the terminal is gone.
        let _ = rustix::termios::tcsetattr(&self.file, OptionalActions::Drain, &self.before);
        if let Some(one) = first.as_mut() {
            one.changes = one.changes.saturating_sub(1);
            if one.changes == 0 {
                *first = None;
            }
        }
    }
}

/// Keeps everybody from changing the terminal.
pub(super) struct GivenBack {
    _held: Option<MutexGuard<'static, Option<First>>>,
}

/// Makes the terminal as it was before all changes; until the result is dropped nobody changes it again.
pub(super) fn give_back() -> GivenBack {
    for _ in 0..LOOKS {
        let first = match FIRST.try_lock() {
            Ok(first) => first,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody waits for a terminal that was stopped; the end must not wait with him.
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(LOOK);
                continue;
            }
        };
        if let Some(one) = first.as_ref() {
            let _ = rustix::termios::tcsetattr(&one.file, OptionalActions::Now, &one.modes);
            let _ = io::stderr().write_all(b"\x1b[?2004l");
        }
        return GivenBack { _held: Some(first) };
    }
    GivenBack { _held: None }
}
