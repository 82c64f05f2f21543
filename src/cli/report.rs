//! Takes one message all the way: trace, look up, draft, ask, send.

use super::Session;
use super::flags::ReportArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: ReportArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
