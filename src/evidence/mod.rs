//! What a message shows beside its way: links, drop boxes, trackers, the mailer, the kind of abuse.
//!
//! In: [`Message`], [`Trace`], rules. Out: [`Evidence`]. Pure.
//! Standards: RFC 2045–2047 (MIME), RFC 2369 and 8058 (List-Unsubscribe), RFC 3986 (links).
//! Trust: hostile; nothing is fetched, resolved or unpacked.
//! Failures: never fails; what cannot be decoded is named by type, size and digest.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::intake::{Headers, Message};
use crate::rules::Rules;
use crate::rules::names::lies_in;
use crate::trace::Trace;

// transfer encodings, charsets, encoded words
pub(crate) mod decode;

// the parts of a message, as ranges of its octets
pub mod mime;

// mails attached to a mail
pub mod attached;

// hosts as people read them
mod host;
pub use host::{askable, host_shown, registered_domain};

// links, beacons, what is written
mod link;
mod visible;

// which links are the fraud's
mod accused;

// drop boxes
mod mailbox;

// who received it: what is his is nobody's to accuse
mod recipient;

// the kind of abuse
mod kind;

// whom to look up
mod suspect;
pub use suspect::suspects;

/// What a message shows beside its way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// The kind of abuse that is proposed.
    pub kind: Kind,
    /// Why that kind, a sentence each.
    pub kind_why: Vec<String>,
    /// Links of all text parts, first seen first.
    pub links: Vec<Link>,
    /// Mailboxes that the spam wants answers at.
    pub drop_boxes: Vec<DropBox>,
    /// Pictures that nobody sees, and that tell the sender who opened the mail.
    pub beacons: Vec<String>,
    /// Parts that are neither text nor multipart.
    pub attachments: Vec<Attachment>,
    /// The mail service whose mark the message bears.
    pub esp: Option<Esp>,
    /// List-Unsubscribe, where there is one.
    pub unsubscribe: Option<Unsubscribe>,
}

impl Evidence {
    /// Returns whether only the user can know if he asked for the mail: bulk mail of a sender that has a name.
    #[must_use]
    pub const fn may_be_wanted(&self) -> bool {
        matches!(self.kind, Kind::Newsletter) || self.esp.is_some() || self.unsubscribe.is_some()
    }
}

/// Kind of abuse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Unsolicited mail.
    #[default]
    Spam,
    /// Mail that asks for credentials in another's name.
    Phishing,
    /// Advance-fee fraud.
    AdvanceFee,
    /// Mail that carries or links a hostile program.
    Malware,
    /// A newsletter that was not asked for, of a sender that has a name.
    Newsletter,
}

/// A link as it stands in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The link, obfuscations undone.
    pub url: String,
    /// Its host, lower case, as an A-label.
    pub host: String,
    /// Whether the link's own domain is one that is never accused (w3.org, large brands).
    pub innocent: bool,
    /// Where a redirector's own text says that it leads; never fetched.
    pub target: Option<String>,
    /// Whether it shortens another link, which stays unknown.
    pub shortener: bool,
    /// Whether a reader comes there: not where it is only a picture or hidden, or written over another link.
    pub followed: bool,
    /// Why it may be an innocent's all the same; `None` where the mail shows that it is the fraud's.
    pub doubt: Option<Doubt>,
}

/// Why an accused link may be an innocent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Links to other domains stand beside it, and nothing marks it or calls a reader there.
    Others,
    /// It leads to From's own domain, whose holder did not send the mail, as own hosts found.
    Disowned,
}

impl Link {
    /// Returns whether a complaint may speak of its host.
    #[must_use]
    pub fn is_accused(&self) -> bool {
        self.followed && !self.innocent
    }
}

/// A mailbox that the spam wants answers at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropBox {
    /// The address.
    pub mailbox: String,
    /// Where it stands: `Reply-To`, `body`.
    pub place: String,
}

/// A part that is neither text nor multipart; it is never unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Name that the part gives itself.
    pub name: Option<String>,
    /// Media type.
    pub media_type: String,
    /// Decoded size.
    pub size_octets: u64,
    /// SHA-256 of the decoded octets, in hex.
    pub sha256: String,
}

/// A mail service provider whose mark the message bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Esp {
    /// Its name.
    pub name: String,
    /// The customer's id there, where the mark gives it.
    pub customer: Option<String>,
    /// Its abuse desk, where a rule knows one.
    pub desk: Option<String>,
    /// Whether source or a trusted attestation agrees; without it the mark is a claim.
    pub believed: bool,
    /// Rule that knows it.
    pub rule: String,
}

/// A List-Unsubscribe field, as a fact; it is never used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The targets, as written.
    pub targets: Vec<String>,
    /// Whether RFC 8058 one-click is offered.
    pub one_click: bool,
}

impl Kind {
    /// Every kind, the commonest first.
    pub const ALL: [Self; 5] = [
        Self::Spam,
        Self::Phishing,
        Self::AdvanceFee,
        Self::Malware,
        Self::Newsletter,
    ];

    /// Returns the word under which a kind is kept and shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Phishing => "phishing",
            Self::AdvanceFee => "advance-fee",
            Self::Malware => "malware",
            Self::Newsletter => "newsletter",
        }
    }
}

impl Evidence {
    /// Returns the evidence with the kind that the user calls it; as proposed where he says nothing.
    #[must_use]
    pub fn called(mut self, kind: Option<Kind>) -> Self {
        if let Some(kind) = kind {
            self.kind = kind;
            self.kind_why = vec!["you said so".to_owned()];
        }
        self
    }
}

/// Octets of attachments that are read for their digests, all together.
const ATTACHED_LIMIT: usize = crate::intake::LIMIT;

/// Attachments that are listed at most.
const ATTACHMENTS_LISTED: usize = 100;

/// Gathers what a message shows beside its way.
///
/// `own` holds the user's own mailboxes, as his settings name them: neither they nor a site in
/// their domains are the spammer's.
#[must_use]
pub fn gather(message: &Message, trace: &Trace, own: &[String], rules: &Rules) -> Evidence {
    let octets = message.octets();
    let headers = message.headers();
    let structure = mime::walk(octets);
    let mut links = link::Links::default();
    for part in structure
        .leaves()
        .filter(|part| part.is_text() && !part.is_attachment)
    {
        let text = decode::text(octets, part);
        if part.media_type == "text/html" {
            links.html(&text, rules);
        } else {
            links.plain(&text, rules);
        }
    }
    let recipient = recipient::Recipient::of(own, &headers, trace, rules);
    let drop_boxes = mailbox::drop_boxes(&headers, &links.mailtos, &links.shown, &recipient);
    let shown = std::mem::take(&mut links.shown);
    let (mut links, beacons) = links.into_links();
    recipient.spare(&mut links);
    accused::weigh(&mut links, &headers, trace, rules);
    let attachments = attachments(octets, &structure);
    let esp = esp(&headers, trace, rules);
    let unsubscribe = unsubscribe(&headers);
    let (kind, kind_why) = kind::propose(&kind::Signs {
        headers: &headers,
        shown: &shown,
        links: &links,
        attachments: &attachments,
        esp: esp.as_ref(),
        unsubscribe: unsubscribe.as_ref(),
        drop_boxes: drop_boxes.len(),
        rules,
    });
    Evidence {
        kind,
        kind_why,
        links,
        drop_boxes,
        beacons,
        attachments,
        esp,
        unsubscribe,
    }
}

/// Returns the parts that are neither text nor containers, by type, size and digest.
fn attachments(octets: &[u8], structure: &mime::Structure) -> Vec<Attachment> {
    let mut left = ATTACHED_LIMIT;
    structure
        .leaves()
        .filter(|part| part.is_attachment || !(part.is_text() || part.parent.is_none()))
        .take(ATTACHMENTS_LISTED)
        .map(|part| {
            let body = decode::body(octets, part, left);
            left = left.saturating_sub(body.len());
            Attachment {
                name: part.name.clone(),
                media_type: part.media_type.clone(),
                size_octets: body.len() as u64,
                sha256: HEXLOWER.encode(&Sha256::digest(&body)),
            }
        })
        .collect()
}

/// Returns the mail service whose marks the message bears, and whether an own host's word agrees.
fn esp(headers: &Headers<'_>, trace: &Trace, rules: &Rules) -> Option<Esp> {
    let fields = |name: &str| {
        headers
            .all(name)
            .map(|field| field.text().into_owned())
            .collect()
    };
    let service = rules.esps.find(&fields)?;
    let of_service = |host: &str| service.agrees.iter().any(|domain| lies_in(host, domain));
    let boundary = trace
        .source
        .as_ref()
        .and_then(|source| trace.hops.iter().find(|hop| hop.field == source.field));
    let by_name = boundary
        .filter(|hop| hop.names_checked)
        .and_then(|hop| hop.rdns.as_deref())
        .is_some_and(of_service);
    let by_word = trace.passed_domains().into_iter().any(of_service);
    Some(Esp {
        name: service.name.clone(),
        customer: service.customer(&fields),
        desk: service.desk.clone(),
        believed: by_name || by_word,
        rule: service.id.clone(),
    })
}

/// Returns what List-Unsubscribe offers. RFC 2369 §3.2, RFC 8058 §3.1.
fn unsubscribe(headers: &Headers<'_>) -> Option<Unsubscribe> {
    let text = headers.first("List-Unsubscribe")?.text().into_owned();
    let targets = text
        .split('<')
        .skip(1)
        .filter_map(|piece| piece.split_once('>'));
    let post = headers.first("List-Unsubscribe-Post");
    let one_click = post.is_some_and(|field| {
        field
            .text()
            .replace(' ', "")
            .eq_ignore_ascii_case("List-Unsubscribe=One-Click")
    });
    Some(Unsubscribe {
        targets: targets
            .map(|(target, _)| target.trim().to_owned())
            .collect(),
        one_click,
    })
}
