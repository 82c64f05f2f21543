//! Shows complaints, asks, and alone makes an [`Approved`].
//!
//! In: [`Complaint`]s, a preview of each, a [`Terminal`]. Out: [`Answer`].
//! Trust: what was pasted may wait in the terminal; it is flushed before the
//! checklist and before the code is asked for, and the code is new every time.
//! Failures: [`Unasked`] gives the complaints back: no terminal, or Ctrl-C.
//! Limits: that the user has *read* what was shown, nobody can prove.

use jiff::Timestamp;

use crate::complaint::{Complaint, Secret};

// what has become of a complaint
mod state;
pub use state::State;

// what the user types
mod code;
pub use code::{Code, Codes, NoRandomness, RandomCodes};

// where he types it
mod terminal;
pub use terminal::{Choice, Terminal, TerminalError};

// why a complaint cannot be agreed to at all
mod bar;
pub(crate) use bar::bare_line_end;
pub use bar::{Bar, bars};

// one thing that speaks against sending
mod caution;
pub use caution::{Caution, Weight};

// all that speaks against sending, before the user is asked
mod guard;
pub use guard::{Facts, Guarded, Limits, Situation, guard, judge};

// what becomes of it
mod purpose;
pub use purpose::{Purpose, Terms};

// what the user may want changed before he answers
mod change;
pub use change::Change;

// show, choose, ask
mod ask;
pub use ask::{Answer, Declined, Reason, Unasked, UnaskedWhy, ask};

// an answer given before, for the same octets
mod recall;
pub use recall::{CONSENT_HOURS, NotRecallable, NotRecalled, Recorded, recall};

/// A complaint the user read and agreed to send, once.
///
/// It holds the very octets that were shown. There are two doors to one:
/// [`ask`], and [`recall`] for a retry of the same octets. Not `Clone`, not
/// `Default`, no public constructor.
///
/// A draft is not an `Approved`:
///
/// ```compile_fail,E0308
/// use plaint::{complaint::Complaint, delivery};
/// fn send(draft: Complaint, way: &mut dyn delivery::Transport, journal: &mut dyn delivery::Journal) {
///     let _ = delivery::deliver(draft, way, journal, &jiff::Timestamp::now);
/// }
/// ```
///
/// ```
/// use plaint::{consent::Approved, delivery};
/// fn send(agreed: Approved, way: &mut dyn delivery::Transport, journal: &mut dyn delivery::Journal) {
///     let _ = delivery::deliver(agreed, way, journal, &jiff::Timestamp::now);
/// }
/// ```
///
/// One consent is one delivery:
///
/// ```compile_fail,E0382
/// use plaint::{consent::Approved, delivery};
/// fn send(agreed: Approved, way: &mut dyn delivery::Transport, journal: &mut dyn delivery::Journal) {
///     let _ = delivery::deliver(agreed, way, journal, &jiff::Timestamp::now);
///     let _ = delivery::deliver(agreed, way, journal, &jiff::Timestamp::now);
/// }
/// ```
///
/// ```
/// use plaint::{consent::Approved, delivery};
/// fn send(a: Approved, b: Approved, way: &mut dyn delivery::Transport, journal: &mut dyn delivery::Journal) {
///     let _ = delivery::deliver(a, way, journal, &jiff::Timestamp::now);
///     let _ = delivery::deliver(b, way, journal, &jiff::Timestamp::now);
/// }
/// ```
///
/// Nobody else makes one:
///
/// ```compile_fail,E0451
/// use plaint::{complaint::Complaint, consent::Approved};
/// fn forge(complaint: Complaint, at: jiff::Timestamp) -> Approved {
///     Approved { complaint, shown: String::new(), at }
/// }
/// ```
///
/// ```
/// use plaint::{complaint::Complaint, consent::Approved};
/// fn look(agreed: &Approved) -> (&Complaint, &str, jiff::Timestamp) {
///     (agreed.complaint(), agreed.shown(), agreed.at())
/// }
/// ```
///
/// And none is two:
///
/// ```compile_fail,E0277
/// fn twice<T: Clone>() {}
/// twice::<plaint::consent::Approved>();
/// ```
///
/// ```
/// fn once<T: Send>() {}
/// once::<plaint::consent::Approved>();
/// ```
#[must_use = "an approved complaint has not been sent yet"]
#[derive(Debug)]
pub struct Approved {
    complaint: Complaint,
    shown: String,
    at: Timestamp,
}

impl Approved {
    /// Returns what was agreed to.
    #[must_use]
    pub fn complaint(&self) -> &Complaint {
        &self.complaint
    }

    /// Returns the preview that was read.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Returns when it was agreed to, in whole seconds.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns the seal that the ledger keeps beside the octets.
    ///
    /// Only who holds an `Approved` can have one made; [`recall`] checks it.
    #[must_use]
    pub fn seal(&self, secret: &Secret) -> [u8; 32] {
        recall::sealed(&self.complaint, self.at, secret)
    }
}
