//! Shows who answers for an address, a network, a domain or a link.

use super::Session;
use super::flags::LookupArgs;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: LookupArgs, session: &mut Session) -> Result<Exit, Failure> {
    let _ = (args, session);
    Err(Failure::bug("this command is not written yet"))
}
