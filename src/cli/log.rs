//! Shows what was reported, to whom, and what became of it.

use super::Session;
use super::flags::LogArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: LogArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
