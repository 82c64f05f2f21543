//! Traces, looks up and holds every message of a mailbox.

use super::Session;
use super::flags::BatchArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: BatchArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
