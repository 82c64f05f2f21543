//! The parts of a message that came back which say something.
//!
//! In: [`Message`]. Out: [`Pages`]: the text for people, report fields, what was returned.
//! Standards: RFC 2045 and 2046 (MIME), RFC 6522 (multipart/report), RFC 3464, RFC 5965, RFC 8098.
//! Trust: hostile; the MIME reader is a library's and runs behind [`guarded`],
//! with the raw body as fallback; texts, parts and depth are bounded.
//! Limits: parts nested deeper than [`DEPTH_LIMIT`] are not read.

use std::panic::AssertUnwindSafe;

use jiff::Timestamp;
use mail_parser::{Address, MessageParser, MimeHeaders as _, PartType};

use crate::failure::guarded;
use crate::intake::{Headers, Message};
use crate::rules::Rules;

/// Octets of text that are read of one message: bounces put their reasons first.
pub(super) const TEXT_LIMIT: usize = 128 * 1024;

/// Octets of one returned message that are searched for its identity.
const RETURNED_LIMIT: usize = 64 * 1024;

/// Parts that are read of one message.
const PART_LIMIT: usize = 100;

/// Messages within messages that are entered: a bounce of a bounce.
const DEPTH_LIMIT: usize = 3;

/// Characters of one header value that rules are held against.
const FIELD_CHARS: usize = 2_000;

/// What a message that came back has to say.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// `Subject`, decoded, on one line.
    pub(super) subject: String,
    /// `From`, decoded, on one line.
    pub(super) from: String,
    /// The mailbox in `From`.
    pub(super) from_address: Option<String>,
    /// The mailboxes in `To`: the user's own.
    pub(super) to: Vec<String>,
    /// `Date`: a claim.
    pub(super) when: Option<Timestamp>,
    /// Header fields by lower-case name, as text.
    pub(super) fields: Vec<(String, String)>,
    /// The text for people, LF line ends, up to where the returned message begins.
    pub(super) text: String,
    /// Delivery reports.
    pub(super) status: Vec<String>,
    /// Header sections of returned messages, or text that holds one.
    pub(super) returned: Vec<String>,
    /// A feedback report.
    pub(super) feedback: Option<String>,
    /// Whether there is a read receipt.
    pub(super) disposition: bool,
    /// What the body holds if it is one JSON object.
    pub(super) json: Option<String>,
}

impl Pages {
    /// Takes a message apart.
    pub(super) fn of(message: &Message, rules: &Rules) -> Self {
        let mut pages = Self::default();
        let headers = message.headers();
        for field in headers.fields() {
            pages.fields.push((
                String::from_utf8_lossy(field.name()).to_ascii_lowercase(),
                field.text().chars().take(FIELD_CHARS).collect(),
            ));
        }
        let mut collected = Collected::default();
        // mail-parser promises not to panic; the promise is not ours.
        let parsed = guarded(AssertUnwindSafe(|| {
            let mut collected = Collected::default();
            let mut head = Head::default();
            if let Some(parsed) = MessageParser::default().parse(message.octets()) {
                head.read(&parsed);
                collected.walk(&parsed, 0);
            }
            (head, collected)
        }));
        if let Some((head, walked)) = parsed {
            pages.subject = head.subject;
            pages.from = head.from;
            pages.from_address = head.from_address;
            pages.to = head.to;
            pages.when = head.when;
            collected = walked;
        }
        if pages.subject.is_empty() {
            pages.subject = pages.field("subject").unwrap_or_default().to_owned();
        }
        if pages.from.is_empty() {
            pages.from = pages.field("from").unwrap_or_default().to_owned();
        }
        let mut text = collected.text();
        if text.trim().is_empty() && collected.status.is_empty() {
            text = lossy(message.body(), TEXT_LIMIT);
        }
        pages.status = collected.status;
        pages.returned = collected.returned;
        pages.feedback = collected.feedback;
        pages.disposition = collected.disposition;
        pages.split(text, rules);
        pages
    }

    /// Returns the topmost header field of a name in lower case.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns what a rule that looks at a field is held against.
    pub(super) fn seen_by(&self, field: &str) -> Option<&str> {
        match field.to_ascii_lowercase().as_str() {
            "subject" => Some(&self.subject),
            "from" => Some(&self.from),
            name => self.field(name),
        }
    }

    /// Parts the text into what is said and what was returned, and finds report fields in it.
    fn split(&mut self, text: String, rules: &Rules) {
        let trimmed = text.trim_start();
        if trimmed.starts_with('{') {
            self.json = Some(trimmed.to_owned());
        }
        // A report that lost its MIME structure on the way still has its fields.
        if self.status.is_empty() && has_report_fields(&text) {
            self.status.push(text.clone());
        }
        // The same with a feedback report.
        if self.feedback.is_none()
            && begins_line(&text, "Feedback-Type:")
            && begins_line(&text, "User-Agent:")
        {
            self.feedback = Some(cut(&text, RETURNED_LIMIT));
        }
        let at = rules
            .replies
            .returned
            .rules()
            .filter_map(|rule| rule.find(&text))
            .chain(header_run(&text))
            .min();
        let (said, returned) = match at.and_then(|at| text.split_at_checked(at)) {
            // Some systems put the returned message first, or say all in a header block.
            Some((said, returned)) if !said.trim().is_empty() => (said, returned),
            _ => (text.as_str(), ""),
        };
        if !returned.trim().is_empty() {
            self.returned.push(cut(returned, RETURNED_LIMIT));
        }
        let mut said = said.to_owned();
        for rule in rules.replies.noise.rules() {
            let (kept, taken) = rule.without(&said);
            // What it names still ties the answer to a complaint.
            let taken = taken.join("\n");
            if !taken.is_empty() {
                self.returned.push(cut(&taken, RETURNED_LIMIT));
            }
            said = kept;
        }
        self.text = said;
    }
}

/// What the header section says, decoded.
#[derive(Debug, Default)]
struct Head {
    subject: String,
    from: String,
    from_address: Option<String>,
    to: Vec<String>,
    when: Option<Timestamp>,
}

impl Head {
    fn read(&mut self, message: &mail_parser::Message<'_>) {
        self.subject = message
            .subject()
            .unwrap_or_default()
            .chars()
            .take(FIELD_CHARS)
            .collect();
        if let Some(from) = message.from().and_then(Address::first) {
            let address = from.address().unwrap_or_default();
            self.from = match from.name() {
                Some(name) => format!("{name} <{address}>"),
                None => address.to_owned(),
            };
            self.from_address = Some(address.to_owned()).filter(|text| text.contains('@'));
        }
        self.to = addresses(message.to());
        self.when = message
            .date()
            .and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
    }
}

/// Returns the mailboxes of an address field.
fn addresses(field: Option<&Address<'_>>) -> Vec<String> {
    field
        .into_iter()
        .flat_map(Address::iter)
        .filter_map(|one| one.address().map(str::to_owned))
        .take(PART_LIMIT)
        .collect()
}

/// What the walk over the parts found.
#[derive(Debug, Default)]
struct Collected {
    plain: Vec<String>,
    html: Vec<String>,
    status: Vec<String>,
    returned: Vec<String>,
    feedback: Option<String>,
    disposition: bool,
    parts: usize,
}

impl Collected {
    /// Returns the text for people: plain parts, or HTML ones without their marks.
    fn text(&self) -> String {
        let plain = self.plain.join("\n");
        let text = if plain.trim().len() < 20 && !self.html.is_empty() {
            format!("{plain}\n{}", self.html.join("\n"))
        } else {
            plain
        };
        cut(&text.replace("\r\n", "\n"), TEXT_LIMIT)
    }

    fn walk(&mut self, message: &mail_parser::Message<'_>, depth: usize) {
        for part in &message.parts {
            self.parts += 1;
            if self.parts > PART_LIMIT {
                return;
            }
            let kind = part.content_type().map(|kind| {
                let subtype = kind.subtype().unwrap_or_default();
                format!("{}/{subtype}", kind.ctype()).to_ascii_lowercase()
            });
            let kind = kind.as_deref().unwrap_or("text/plain");
            match (&part.body, kind) {
                (PartType::Message(inner), _) => self.enter(inner, depth),
                (PartType::Multipart(_), _) => {}
                // RFC 3464 §2, RFC 6533 §3.
                (_, "message/delivery-status" | "message/global-delivery-status") => {
                    self.status.push(lossy(part.contents(), TEXT_LIMIT));
                }
                // RFC 5965 §2.
                (_, "message/feedback-report") => {
                    self.feedback = Some(lossy(part.contents(), RETURNED_LIMIT));
                }
                // RFC 8098 §3.
                (
                    _,
                    "message/disposition-notification" | "message/global-disposition-notification",
                ) => {
                    self.disposition = true;
                }
                // RFC 6522 §4 (text/rfc822-headers), RFC 2046 §5.2.2 (message/partial).
                (
                    _,
                    "text/rfc822-headers"
                    | "message/rfc822-headers"
                    | "message/global-headers"
                    | "message/partial"
                    | "message/rfc822"
                    | "message/global",
                ) => {
                    self.returned.push(lossy(part.contents(), RETURNED_LIMIT));
                }
                (PartType::Html(html), _) => {
                    let html = cut(html, TEXT_LIMIT);
                    self.html
                        .push(mail_parser::decoders::html::html_to_text(&html));
                }
                (PartType::Text(text), _) => self.plain.push(cut(text, TEXT_LIMIT)),
                _ => {}
            }
        }
    }

    /// Takes a returned message: its header section, and what lies within if that is a report, too.
    fn enter(&mut self, inner: &mail_parser::Message<'_>, depth: usize) {
        let at = inner
            .parts
            .first()
            .map_or(0, |root| root.offset_header as usize);
        let raw = inner.raw_message.get(at..).unwrap_or_default();
        let head = Headers::parse(raw.get(..RETURNED_LIMIT).unwrap_or(raw));
        self.returned.push(lossy(
            raw.get(..head.body_at()).unwrap_or_default(),
            RETURNED_LIMIT,
        ));
        if depth + 1 >= DEPTH_LIMIT {
            return;
        }
        // What the returned message itself returned: a forwarded bounce.
        let mut within = Self {
            parts: self.parts,
            ..Self::default()
        };
        within.walk(inner, depth + 1);
        self.parts = within.parts;
        self.returned.append(&mut within.returned);
    }
}

/// Returns octets as text, cut at a limit, with LF line ends.
fn lossy(octets: &[u8], limit: usize) -> String {
    let octets = octets.get(..limit).unwrap_or(octets);
    String::from_utf8_lossy(octets).replace("\r\n", "\n")
}

/// Returns the first octets of a text, at most `limit`, cut between characters.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut at = limit;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.get(..at).unwrap_or_default().to_owned()
}

/// Returns whether a text has the fields of a delivery report at the start of lines.
fn has_report_fields(text: &str) -> bool {
    // RFC 3464 §2.3: recipient, action and status are what every report has.
    (begins_line(text, "Final-Recipient:") || begins_line(text, "Original-Recipient:"))
        && ["Action:", "Status:", "Diagnostic-Code:"]
            .into_iter()
            .any(|name| begins_line(text, name))
}

/// Returns whether a line of a text begins with a field's name.
fn begins_line(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        line.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })
}

/// Returns where four header fields of a message follow one another in a text.
fn header_run(text: &str) -> Option<usize> {
    // RFC 5322 §3.6: a returned message has some of these at its top.
    const TOP: [&str; 12] = [
        "return-path",
        "received",
        "dkim-signature",
        "delivered-to",
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "reply-to",
    ];
    let mut run = 0;
    let mut started = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let name = line
            .split_once(':')
            .map(|(name, _)| name.to_ascii_lowercase());
        let is_field = name.is_some_and(|name| {
            TOP.contains(&name.as_str())
                || (run > 0 && name.starts_with("x-") && !name.contains(' '))
        });
        if is_field {
            if run == 0 {
                started = at;
            }
            run += 1;
            if run == 4 {
                return Some(started);
            }
        } else if !(run > 0 && line.starts_with([' ', '\t']) && !line.trim().is_empty()) {
            run = 0;
        }
        at += line.len();
    }
    None
}
