//! Shows which host handed a message over, and why that is believed.

use super::Session;
use super::flags::TraceArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: TraceArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
