//! Mailboxes that the spam wants answers at.
//!
//! In: Reply-To, `mailto:` links, the text. Out: [`DropBox`]es with their provider.
//! Standards: RFC 5322 §3.6.2 (originator fields), RFC 6068 (mailto).
//! Trust: hostile; an own address is never one, and an innocent's mailbox is only named to its provider, who can tell.
//! Limits: telephone numbers and messenger names are not looked for.

use std::collections::HashSet;

use super::DropBox;
use crate::intake::Headers;

/// Drop boxes of one message at most; what lists more is a list of victims.
const DROP_BOX_LIMIT: usize = 10;

/// Collects the drop boxes, the most telling place first.
///
/// `not` holds the addresses that are none: the user's own, and those that To and Cc name.
pub(super) fn drop_boxes(
    headers: &Headers<'_>,
    mailtos: &[String],
    shown: &str,
    not: &HashSet<String>,
) -> Vec<DropBox> {
    let mut found: Vec<DropBox> = Vec::new();
    let mut add = |address: &str, place: &str| {
        let mailbox = address.trim().trim_end_matches('.').to_ascii_lowercase();
        let fits = mailbox.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && mailbox.len() <= 254
        });
        if fits
            && found.len() < DROP_BOX_LIMIT
            && !not.contains(&mailbox)
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
    for address in mailtos {
        add(address, "body");
    }
    let mut finder = linkify::LinkFinder::new();
    finder.kinds(&[linkify::LinkKind::Email]);
    for address in finder.links(shown) {
        add(address.as_str(), "body");
    }
    found
}

/// Returns the addresses of a field, as mail programs read them.
pub(super) fn addresses(headers: &Headers<'_>, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for field in headers.all(name) {
        let text = super::decode::words(&field.unfolded());
        let mut finder = linkify::LinkFinder::new();
        finder.kinds(&[linkify::LinkKind::Email]);
        found.extend(finder.links(&text).map(|link| link.as_str().to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_to_and_body_name_drop_boxes_and_own_addresses_are_none() {
        let octets = b"From: Bank <bank@example.com>\r\nReply-To: Barrister <barr.claims@example.net>\r\nTo: jane@example.org\r\n\r\n";
        let not = HashSet::from(["jane@example.org".to_owned()]);
        let found = drop_boxes(
            &Headers::parse(octets),
            &["second@example.net".to_owned()],
            "dear jane@example.org write to BARR.claims@example.net or third@example.com.",
            &not,
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
