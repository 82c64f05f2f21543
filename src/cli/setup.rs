//! Sets up who the user is, how he sends, and whose hosts he trusts.
//!
//! In: the user at the terminal. Out: the settings file.
//! Failures: no terminal, exit status 77; the file stays as it was.

use super::Session;
use super::flags::SetupArgs;
use super::{identity, transport};
use crate::config::TransportKind;
use crate::failure::{Exit, Failure};

/// Runs the command.
pub(crate) fn run(args: SetupArgs, session: &mut Session) -> Result<Exit, Failure> {
    if let Some(command) = args.command {
        let _ = command;
        return Err(Failure::bug("learning trust is not written yet"));
    }
    let identity = identity::identity(session)?;
    let kind = transport::kind(session, identity.mailbox.as_str())?;
    // What cannot work is said now, not when a complaint is ready.
    transport::build(&session.config, kind)?;
    let way = match kind {
        TransportKind::Smtp => session.config.delivery.smtp.as_ref().map_or_else(
            || "through your mail provider".to_owned(),
            |smtp| format!("through {}", smtp.host),
        ),
        TransportKind::Sendmail => "with this machine's own mailer".to_owned(),
        TransportKind::Drafts => "as drafts that you send yourself".to_owned(),
        TransportKind::None => "nowhere: they are only written down".to_owned(),
    };
    session.term.answer(&format!(
        "Complaints come from {}, and go {way}.",
        identity.mailbox
    ));
    if let Some(file) = &session.config.file {
        let line = format!("Settings: {}", file.display());
        session.term.answer(&line);
    }
    Ok(Exit::Done)
}
