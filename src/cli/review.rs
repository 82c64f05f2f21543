//! Pages through what is held; then one code for the approved set.

use super::Session;
use super::flags::ReviewArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: ReviewArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
