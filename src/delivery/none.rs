//! Hands nothing over: the complaint is only written down.
//!
//! In: a complaint on its way. Out: [`Outcome::Saved`] without a path.

use std::path::PathBuf;

use super::{Outcome, Passage, Transport};
use crate::consent::Purpose;

/// The transport that sends nothing: `transport = "none"`, `--log-only`.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogOnly;

impl Transport for LogOnly {
    fn name(&self) -> String {
        "none".to_owned()
    }

    fn purpose(&self) -> Purpose {
        Purpose::Record
    }

    fn hand_over(&mut self, _: &mut Passage<'_>) -> Outcome {
        Outcome::Saved {
            path: PathBuf::new(),
        }
    }
}
