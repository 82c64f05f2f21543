//! Looks for a person in a mail, in the forms that an address takes there.
//!
//! In: the octets of a mail, addresses. Out: the header fields and places in which one was found.
//! It knows nothing of the program's own leak check, so that each can catch the other out.
//! Standards: RFC 2045 §6.7 and §6.8 (quoted-printable, base64), RFC 3986 §2.1 (percent).

use data_encoding::{BASE64, HEXLOWER};
use mail_parser::MimeHeaders as _;
use mail_parser::{MessageParser, PartType};

/// Depth of messages in messages that is looked into.
const DEPTH: usize = 4;

/// Returns where the addresses stand: names of header fields of the mail itself, or `body`.
pub(crate) fn of(addresses: &[&str], octets: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(octets);
    let (header, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut places: Vec<String> = fields(header)
        .into_iter()
        .filter(|field| stands_in(addresses, field))
        .map(|field| field.split(':').next().unwrap_or_default().to_owned())
        .collect();
    if stands_in(addresses, body) || decoded(octets, 0).iter().any(|t| stands_in(addresses, t)) {
        places.push("body".to_owned());
    }
    places
}

/// Returns the fields of a header section, unfolded. RFC 5322 §2.2.3.
fn fields(header: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in header.lines() {
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => field.push_str(line),
            _ => fields.push(line.to_owned()),
        }
    }
    fields
}

/// Returns the texts of all parts, transfer encodings undone, at any depth.
fn decoded(octets: &[u8], depth: usize) -> Vec<String> {
    let Some(message) = MessageParser::default().parse(octets) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    for part in &message.parts {
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => texts.push(text.to_string()),
            PartType::Binary(octets) | PartType::InlineBinary(octets) => {
                texts.push(String::from_utf8_lossy(octets).into_owned());
            }
            PartType::Message(inner) if depth < DEPTH => {
                texts.push(String::from_utf8_lossy(inner.raw_message()).into_owned());
                texts.extend(decoded(inner.raw_message(), depth + 1));
            }
            PartType::Message(_) | PartType::Multipart(_) => {}
        }
        texts.extend(part.attachment_name().map(str::to_owned));
    }
    texts
}

fn stands_in(addresses: &[&str], text: &str) -> bool {
    // RFC 2045 §6.7 (5): a soft line break is no part of the text; base64 and folding break anywhere.
    let joined = text.replace("=\r\n", "").replace("=\n", "");
    let packed: String = joined.split_ascii_whitespace().collect();
    let low = packed.to_ascii_lowercase();
    addresses.iter().any(|address| {
        let address = address.to_ascii_lowercase();
        plain_forms(&address).iter().any(|form| low.contains(form))
            || base64_forms(&address)
                .iter()
                .any(|form| packed.contains(form))
    })
}

fn plain_forms(address: &str) -> Vec<String> {
    let at = |sign: &str| address.replace('@', sign);
    let backwards: String = address.chars().rev().collect();
    vec![
        at("@"),
        at("%40"),
        at("%2540"),
        at("=40"),
        at("&#64;"),
        at("&#x40;"),
        at("="),
        HEXLOWER.encode(address.as_bytes()),
        backwards,
    ]
}

/// Returns the middle of an address in base64, for each of the three places at which it can begin.
fn base64_forms(address: &str) -> Vec<String> {
    (0..3)
        .map(|shift| {
            let shifted = format!("{}{address}", " ".repeat(shift));
            let whole = BASE64.encode(shifted.as_bytes());
            // The first and the last group hold bits of what stands around.
            let ends = whole.trim_end_matches('=').len() / 4 * 4;
            whole
                .get(shift.min(1) * 4..ends)
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}
