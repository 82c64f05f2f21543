//! What is true at the end, looked up where it happened: at the mail server and in the ledger's file.

use std::io;

use crate::home::{ALSO_MINE, Home, REPORTER};
use crate::net::Internet;
use crate::record;
use crate::traces;

/// Header fields in which the reporter's mailbox may stand.
const FROM: [&str; 3] = ["From", "Reply-To", "Message-ID"];

/// A claim, and whether it holds.
pub(crate) type Check = (String, bool);

/// Returns every check of a run that ended with one complaint sent.
///
/// `screen` is what the user saw, where the sandbox saw it, too.
///
/// # Errors
///
/// The ledger cannot be read.
pub(crate) fn all(
    internet: &Internet,
    home: &Home,
    screen: Option<&str>,
) -> io::Result<Vec<Check>> {
    let arrived = internet.mailroom().arrived();
    let conversations = internet.mailroom().conversations();
    let rows = record::complaints(&home.ledger())?;
    let (one_mail, one_row) = (arrived.len() == 1, rows.len() == 1);
    let mut checks = vec![
        (
            format!(
                "{} complaint arrived, in {conversations} conversation",
                arrived.len()
            ),
            one_mail && conversations == 1,
        ),
        (format!("the ledger has {} row for it", rows.len()), one_row),
    ];
    for (mail, row) in arrived.iter().zip(&rows) {
        checks.push((
            format!("it is `{}`, and the server said: {}", row.state, row.said),
            row.state == "accepted" && row.said.contains("queued as"),
        ));
        checks.push((
            format!(
                "the {} octets that arrived are those that were agreed to",
                mail.octets.len()
            ),
            mail.octets == row.octets,
        ));
        if let Some(screen) = screen {
            checks.push((
                "every line of it was on the screen before it was agreed to".to_owned(),
                was_shown(&mail.octets, screen),
            ));
        }
        checks.push((
            "the reporter stands nowhere in it but in From, Reply-To and Message-ID".to_owned(),
            elsewhere(&mail.octets).is_empty(),
        ));
    }
    Ok(checks)
}

/// Returns whether every line of a mail stands on a screen, however it is indented there.
fn was_shown(mail: &[u8], screen: &str) -> bool {
    let packed = |text: &str| text.split_whitespace().collect::<String>();
    let seen = packed(screen.split("Sending with").next().unwrap_or_default());
    let mail = String::from_utf8_lossy(mail);
    mail.lines().all(|line| seen.contains(&packed(line)))
}

/// Returns where the reporter stands in a mail, apart from where he must.
fn elsewhere(octets: &[u8]) -> Vec<String> {
    let own = [&[REPORTER][..], &ALSO_MINE].concat();
    let mut places = traces::of(&own, octets);
    places.retain(|place| !FROM.contains(&place.as_str()));
    places
}
