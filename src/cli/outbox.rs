//! Lists, retries and settles what is on its way.

use super::Session;
use super::flags::OutboxArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: OutboxArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
