//! Takes the spam out of the mail that it was forwarded in, where that is what the user means.
//!
//! In: [`Message`], what is attached to it. Out: the message that the command is about.
//! Trust: whom a mail was forwarded by must not be blamed for it, and a stranger can attach a mail that blames
//! another: where both came a way of their own, the user says which is the spam.
//! Failures: without a terminal, that it is not clear; several attached to a mail that came no way.

use super::input::no_answer;
use crate::evidence::attached;
use crate::failure::{Exit, Failure};
use crate::intake::{Message, Untrusted};
use crate::term::Asker;

/// What a message and those attached to it come to, before anybody is asked.
pub(super) enum Meant {
    /// This one, or the only one attached to a mail that came no way of its own.
    One(Message),
    /// The user has to say which of them; the first is the one around the others.
    OneOf(Vec<Message>),
}

/// Returns the one mail attached to a message that came no way of its own, or the message.
pub(super) fn without_wrapping(message: Message) -> Message {
    if message.headers().first("Received").is_some() {
        return message;
    }
    match meant(message) {
        Meant::One(message) => message,
        Meant::OneOf(mut all) => all.swap_remove(0),
    }
}

/// Returns which message a command is about.
pub(super) fn meant(message: Message) -> Meant {
    let mut attached = attached::mails(&message);
    let came = message.headers().first("Received").is_some();
    match (came, attached.len()) {
        (_, 0) => Meant::One(message),
        // A copy of what the user sent, or a draft: nobody but its attachment can be meant.
        (false, 1) => Meant::One(attached.pop().unwrap_or(message)),
        _ => Meant::OneOf([message].into_iter().chain(attached).collect()),
    }
}

/// Returns which message a command is about; asks where that is not clear.
pub(super) fn chosen(message: Message, asker: &mut Asker) -> Result<Message, Failure> {
    let mut all = match meant(message) {
        Meant::One(message) => return Ok(message),
        Meant::OneOf(all) => all,
    };
    if !asker.can_ask() {
        return Err(Failure::new(
            Exit::NoConsent,
            "another mail is attached to this one, and it is not clear which of them is the spam",
        )
        .remedy(
            "save the attached mail as a file and name that, or take this one with `--as-is`, or run on a terminal to \
             be asked; nothing was sent",
        ));
    }
    let rows: Vec<String> = all
        .iter()
        .enumerate()
        .map(|(place, mail)| match place {
            0 => format!("this one: {}", shown(mail)),
            _ => format!("the attached one: {}", shown(mail)),
        })
        .collect();
    let place = asker
        .named_of(
            "Another mail is attached to this one. Which of them is the spam?",
            &rows,
        )
        .map_err(|e| no_answer(&e))?;
    Ok(all.swap_remove(place.min(all.len() - 1)))
}

/// Returns whom a mail says that it is from, and its subject.
fn shown(mail: &Message) -> String {
    let headers = mail.headers();
    let text = |name: &str| {
        let text = headers.first(name).map(|field| field.text());
        let text = text.as_deref().unwrap_or("-");
        Untrusted::text(text).up_to(60).to_string()
    };
    format!("from {}, \"{}\"", text("From"), text("Subject"))
}
