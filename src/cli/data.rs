//! Exports, corrects, forgets or purges the user's own data.

use super::Session;
use super::flags::DataArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: DataArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
