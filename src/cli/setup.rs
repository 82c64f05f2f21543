//! Sets up who the user is, how he sends, and whose hosts he trusts.

use super::Session;
use super::flags::SetupArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: SetupArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
