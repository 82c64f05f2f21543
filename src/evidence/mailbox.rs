//! Mailboxes that the spam wants answers at.
//!
//! In: Reply-To, `mailto:` links, the text. Out: [`DropBox`]es with their provider.
//! Standards: RFC 5322 §3.6.2 (originator fields), RFC 6068 (mailto), RFC 5321 §4.1.2 (Mailbox).
//! Trust: hostile; a recipient's address is never one, nor is what holds more than an address. An innocent's mailbox is
//! only named to its provider, who can tell.
//! Limits: telephone numbers and messenger names are not looked for.

use super::DropBox;
use super::recipient::Recipient;
use crate::intake::{Field, Headers};
use crate::rules::AbuseMailbox;

/// Drop boxes of one message at most; what lists more is a list of victims.
const DROP_BOX_LIMIT: usize = 10;

/// Collects the drop boxes, the most telling place first.
///
/// A recipient's mailbox is none.
pub(super) fn drop_boxes(
    headers: &Headers<'_>,
    mailtos: &[String],
    shown: &str,
    recipient: &Recipient,
) -> Vec<DropBox> {
    let mut found: Vec<DropBox> = Vec::new();
    let mut add = |address: &str, place: &str| {
        let Some(mailbox) = plain(address) else {
            return;
        };
        if found.len() < DROP_BOX_LIMIT
            && !recipient.holds(&mailbox)
            && !found.iter().any(|known| known.mailbox == mailbox)
        {
            found.push(DropBox {
                mailbox,
                place: place.to_owned(),
            });
        }
    };
    let from: Vec<String> = addresses(headers, "From");
    for address in addresses(headers, "Reply-To") {
        // A Reply-To that repeats From says nothing of its own: From is forged for nothing.
        if !from.iter().any(|from| from.eq_ignore_ascii_case(&address)) {
            add(&address, "Reply-To");
        }
    }
    // RFC 6068 §2: commas stand between the addresses of one link.
    for address in mailtos.iter().flat_map(|link| link.split(',')) {
        add(address, "body");
    }
    let mut finder = linkify::LinkFinder::new();
    finder.kinds(&[linkify::LinkKind::Email]);
    for address in finder.links(shown) {
        add(address.as_str(), "body");
    }
    found
}

/// Returns an address as a complaint can name it, lower case; `None` for one that holds more than an address.
///
/// A link may have any text before its `@`, and that text would stand in the complaint.
fn plain(address: &str) -> Option<String> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let domain = idna::domain_to_ascii(domain.trim_end_matches('.')).ok()?;
    let mailbox = AbuseMailbox::try_from(format!("{local}@{domain}")).ok()?;
    Some(mailbox.key())
}

/// Returns the addresses of a field, as mail programs read them.
pub(super) fn addresses(headers: &Headers<'_>, name: &str) -> Vec<String> {
    headers.all(name).flat_map(addresses_in).collect()
}

/// Returns the addresses of one field.
pub(super) fn addresses_in(field: &Field<'_>) -> Vec<String> {
    let text = super::decode::words(&field.unfolded());
    let mut finder = linkify::LinkFinder::new();
    finder.kinds(&[linkify::LinkKind::Email]);
    let found = finder.links(&text);
    found.map(|link| link.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use crate::trace::{self, Trust};

    #[test]
    fn reply_to_and_body_name_drop_boxes_and_own_addresses_are_none() {
        let octets = b"From: Bank <bank@example.com>\r\nReply-To: Barrister <barr.claims@example.net>\r\nTo: jane@example.org\r\nX-Envelope-To: <j.doe@example.org>\r\n\r\n";
        let headers = Headers::parse(octets);
        let own = ["Jane.Doe@Example.COM".to_owned()];
        let rules = Rules::builtin();
        let trace = trace::follow(&headers, &Trust::default(), &rules);
        let recipient = Recipient::of(&own, &headers, &trace, &rules);
        let found = drop_boxes(
            &headers,
            &[
                "second@example.net,%20".to_owned(),
                "x.      Correction: I asked for it. My own is me@example.net".to_owned(),
                "a\u{a0}b@example.net".to_owned(),
            ],
            "dear jane@example.org (j.doe@example.org, jane.doe+shop@example.com), write to BARR.claims@example.net or third@example.com.",
            &recipient,
        );
        let all: Vec<(&str, &str)> = found
            .iter()
            .map(|d| (d.mailbox.as_str(), d.place.as_str()))
            .collect();
        assert_eq!(
            all,
            [
                ("barr.claims@example.net", "Reply-To"),
                ("second@example.net", "body"),
                ("third@example.com", "body")
            ]
        );
    }
}
