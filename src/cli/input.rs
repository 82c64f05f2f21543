//! Gets the one message that a command is about: a file, a pipe, or a paste.
//!
//! In: FILE, `-`, or nothing. Out: [`Message`].
//! Trust: hostile; at most [`intake::LIMIT`] octets are read.
//! Failures: each says how to copy the source of a mail, and that nothing was sent.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;

use crate::failure::{Exit, Failure};
use crate::intake::{self, IntakeError, Message, Origin, Untrusted};
use crate::term::{Asker, Term, TtyError};

/// How the source of a mail is copied, one line a program.
pub(super) const HOW_TO_COPY: &str = concat!(
    "  Gmail         open the mail, ⋮ (More), Show original, Copy to clipboard\n",
    "  Outlook       new, or on the web: ⋯, View, View message source\n",
    "  Outlook       classic: open the mail, File, Properties, copy the Internet headers (a .msg file is no source)\n",
    "  Thunderbird   Ctrl+U (View, Message Source), select all, copy\n",
    "  Apple Mail    Option-Command-U (View, Message, Raw Source), select all, copy\n",
);

/// Reads the one message that a command is about.
pub(super) fn one_message(
    file: Option<&Path>,
    term: &mut Term,
    asker: &mut Asker,
) -> Result<Message, Failure> {
    let (name, octets) = match file {
        Some(path) if path.is_dir() => return Err(folder(path)),
        Some(path) if path != Path::new("-") => (path.display().to_string(), read_file(path)?),
        None if io::stdin().is_terminal() => ("-".to_owned(), paste(term, asker)?),
        _ => {
            let octets =
                read_bounded(&mut io::stdin().lock()).map_err(|error| cannot_read("-", &error))?;
            ("-".to_owned(), octets)
        }
    };
    intake::read(octets, Origin::single(name.clone())).map_err(|error| no_message(&name, &error))
}

/// Returns the failure for a folder where one message is wanted.
fn folder(path: &Path) -> Failure {
    Failure::new(Exit::NotAMessage, "this is a folder, not one message")
        .at(Untrusted::text(&path.display().to_string()).to_string())
        .remedy("take all its messages with `plaint batch`, or name one of them; nothing was sent")
}

/// Returns what is said of a folder without messages.
pub(super) fn no_messages(name: &str) -> String {
    format!("No message was found in `{}`.", Untrusted::text(name))
}

/// Reads a file, but not more than one octet over the limit.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let mut file = File::open(path).map_err(|error| cannot_open(&name, &error))?;
    read_bounded(&mut file).map_err(|error| cannot_read(&name, &error))
}

/// Reads all of an input, but not more than one octet over the limit.
fn read_bounded(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    input
        .take(intake::LIMIT as u64 + 1)
        .read_to_end(&mut octets)?;
    Ok(octets)
}

fn paste(term: &mut Term, asker: &mut Asker) -> Result<Vec<u8>, Failure> {
    if !asker.can_ask() {
        return Err(
            Failure::new(Exit::NoConsent, "there is no terminal to paste into")
                .remedy("name a file, or `-` for standard input; nothing was sent"),
        );
    }
    term.status(&format!(
        "Paste the whole source of the mail, headers included, then press Ctrl-D (Ctrl-C gives up).\n{HOW_TO_COPY}"
    ));
    let pasted = asker.paste(intake::LIMIT, |octets| {
        term.status(&format!(
            "{octets} octets pasted. Ctrl-D ends, Ctrl-C gives up."
        ));
    });
    let pasted = pasted.map_err(|error| match error {
        TtyError::TooLong(_) => no_message("-", &IntakeError::TooLarge),
        other => no_answer(&other),
    })?;
    if pasted.behind > 0 {
        term.warning(&format!(
            "{} octets came behind the Ctrl-D and are not read; if they are of the mail, save it as a file and name that",
            pasted.behind
        ));
    }
    Ok(pasted.octets)
}

/// Returns the failure for a question that got no answer.
pub(super) fn no_answer(error: &TtyError) -> Failure {
    let failure = Failure::new(Exit::NoConsent, error.to_string());
    match error {
        TtyError::None => failure.remedy(
            "run the command on a terminal, with standard error on it, too; nothing was sent",
        ),
        _ => failure.remedy("nothing was sent; run the same command again when you like"),
    }
}

/// Returns the failure for a file that cannot be opened.
pub(super) fn cannot_open(name: &str, error: &io::Error) -> Failure {
    Failure::new(
        Exit::CannotOpen,
        format!("cannot open `{}`", Untrusted::text(name)),
    )
    .because(error)
    .remedy("check the name; nothing was sent")
}

/// Returns the failure for an input that breaks off.
pub(super) fn cannot_read(name: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::Io, format!("cannot read `{}`", Untrusted::text(name)))
        .because(error)
        .remedy("nothing was sent")
}

/// Returns the failure for an input that is no message.
pub(super) fn no_message(name: &str, error: &IntakeError) -> Failure {
    let failure =
        Failure::new(Exit::NotAMessage, error.to_string()).at(Untrusted::text(name).to_string());
    match error {
        IntakeError::Mailbox(_) => failure.remedy(
            "take them all with `plaint batch`, or copy one of them out; if it is one, take off its first line, which \
             begins with `From `; nothing was sent",
        ),
        IntakeError::Joined => failure.remedy(
            "copy the one that you mean into a file of its own, and take that with `plaint report`; nothing was sent",
        ),
        IntakeError::TooLarge => failure.remedy(
            "no provider delivers mail of that size: is this a mailbox? `plaint batch` reads those; nothing was sent",
        ),
        IntakeError::Empty | IntakeError::NoHeaders => failure.remedy(format!(
            "copy the whole source of the mail, headers included; nothing was sent\n{}",
            HOW_TO_COPY.trim_end()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_headers_says_how_to_copy_the_source() {
        let failure = no_message("mail.txt", &IntakeError::NoHeaders);
        assert_eq!(failure.exit, Exit::NotAMessage);
        insta::assert_snapshot!(failure, @r"
        error: the input has no mail headers
          --> mail.txt

        hint: copy the whole source of the mail, headers included; nothing was sent
          Gmail         open the mail, ⋮ (More), Show original, Copy to clipboard
          Outlook       new, or on the web: ⋯, View, View message source
          Outlook       classic: open the mail, File, Properties, copy the Internet headers (a .msg file is no source)
          Thunderbird   Ctrl+U (View, Message Source), select all, copy
          Apple Mail    Option-Command-U (View, Message, Raw Source), select all, copy
        ");
    }

    #[test]
    fn a_mailbox_says_what_can_be_done_with_it() {
        let failure = no_message("some.eml", &IntakeError::Mailbox(3));
        insta::assert_snapshot!(failure, @r"
        error: this is a mailbox with 3 messages, not one message
          --> some.eml

        hint: take them all with `plaint batch`, or copy one of them out; if it is one, take off its first line, which begins with `From `; nothing was sent
        ");
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        let octets = read_bounded(&mut io::repeat(b'x')).unwrap();
        assert_eq!(octets.len(), intake::LIMIT + 1);
    }
}
