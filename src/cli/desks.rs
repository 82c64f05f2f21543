//! Lists, adds and blocks abuse desks.

use super::Session;
use super::flags::DesksArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: DesksArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
