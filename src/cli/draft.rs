//! Composes complaints and prints them; never sends.

use super::Session;
use super::flags::DraftArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: DraftArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
