//! Reads bounces and answers, and moves their cases on.
//!
//! The reading itself is `delivery::answer`'s, which comes from a branch of its own.

use super::Session;
use super::flags::RepliesArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: RepliesArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
