//! The MIME structure of a message, as ranges of its octets.
//!
//! In: the octets of a message. Out: [`Structure`]: every part with the place of its header section and body.
//! Standards: RFC 2045 §5 (Content-Type), §6 (encodings), RFC 2046 §5.1 (multipart), §5.2.1 (message/rfc822), RFC 2231 (parameters).
//! Trust: hostile; one pass over the lines, no recursion, [`PART_LIMIT`] and [`DEPTH_LIMIT`] bound it.
//! Failures: never fails; what cannot be a part belongs to the one before.
//! Limits: an encoded message/rfc822 is a leaf: it is not looked into.

use std::ops::Range;

use crate::intake::Headers;

/// Parts that are told apart at most; what follows belongs to the last one.
///
/// Real mail has a few dozen; a bomb has a hundred thousand.
pub const PART_LIMIT: usize = 1_000;

/// Multiparts and messages that may lie in one another.
pub const DEPTH_LIMIT: usize = 20;

/// Octets of a boundary at most; RFC 2046 §5.1.1 allows 70, and real ones are sometimes longer.
const BOUNDARY_LIMIT: usize = 200;

/// Octets of a part's header section that are read at most.
const PART_HEADER_LIMIT: usize = 64 * 1024;

/// How a body is encoded. RFC 2045 §6.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// 7bit, 8bit, binary, or nothing said.
    #[default]
    Identity,
    /// base64.
    Base64,
    /// quoted-printable.
    QuotedPrintable,
    /// Something else, which is not decoded (x-uuencode, …).
    Unknown,
}

/// One part of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Where its header section stands, empty line excluded.
    pub header: Range<usize>,
    /// Where its body stands, without the line end that belongs to the delimiter below it.
    pub body: Range<usize>,
    /// `text/plain` and so on, lower case; the default of RFC 2045 §5.2 where nothing is said.
    pub media_type: String,
    /// `charset`, lower case.
    pub charset: Option<String>,
    /// `name` or `filename`.
    pub name: Option<String>,
    /// Whether Content-Disposition says attachment.
    pub is_attachment: bool,
    /// How the body is encoded.
    pub encoding: Encoding,
    /// Delimiter of its own children, without the two hyphens.
    pub boundary: Option<Vec<u8>>,
    /// The multipart or message that holds it; `None` for the whole message.
    pub parent: Option<usize>,
    /// How many parts it lies in.
    pub depth: usize,
}

impl Part {
    /// Returns whether the part holds other parts.
    #[must_use]
    pub fn is_container(&self) -> bool {
        self.boundary.is_some() || self.is_message()
    }

    /// Returns whether the part is a message whose header section can be read. RFC 2046 §5.2.1.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "message/rfc822" | "message/global"
        ) && self.encoding == Encoding::Identity
    }

    /// Returns whether the part is text that a mail program shows.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.media_type.starts_with("text/")
    }
}

/// All parts of a message, in their order; the first is the message itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Structure {
    /// The parts.
    pub parts: Vec<Part>,
    /// Whether there are more parts, or deeper ones, than are told apart.
    pub is_cut: bool,
}

impl Structure {
    /// Returns the parts that hold no others, with their places in [`Structure::parts`].
    pub fn leaves(&self) -> impl DoubleEndedIterator<Item = &Part> {
        self.parts.iter().filter(|part| !part.is_container())
    }
}

/// Reads the structure of a message.
#[must_use]
pub fn walk(octets: &[u8]) -> Structure {
    let mut walk = Walk::begin(octets);
    let mut at = walk.position;
    while let Some(rest) = octets.get(at..).filter(|rest| !rest.is_empty()) {
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let line = rest.get(..length).unwrap_or(rest);
        // Only a line that begins with two hyphens can end a part; others are passed at memory speed.
        if walk.header_from.is_none() && !line.starts_with(b"--") {
            at += memchr::memmem::find(rest, b"\n--").map_or(rest.len(), |found| found + 1);
            continue;
        }
        walk.line(at, line.trim_ascii_end());
        at += length;
    }
    walk.finish()
}

/// The state between two lines.
struct Walk<'m> {
    octets: &'m [u8],
    structure: Structure,
    /// Places in `structure.parts` of the containers that are open, outermost first.
    open: Vec<usize>,
    /// Where the header section began that is being read.
    header_from: Option<usize>,
    /// The part that is being read.
    current: usize,
    position: usize,
}

impl<'m> Walk<'m> {
    fn begin(octets: &'m [u8]) -> Self {
        let headers = Headers::parse(octets);
        let mut walk = Self {
            octets,
            structure: Structure::default(),
            open: Vec::new(),
            header_from: None,
            current: 0,
            position: headers.body_at(),
        };
        let whole = Part {
            header: 0..headers.body_at(),
            body: headers.body_at()..octets.len(),
            ..described(&headers, "text/plain")
        };
        walk.add(whole, headers.body_at());
        walk
    }

    /// Takes one line: a delimiter, the end of a part's header section, or neither.
    fn line(&mut self, at: usize, line: &[u8]) {
        if let Some(rest) = line.strip_prefix(b"--")
            && let Some((level, closes)) = self.delimiter(rest)
        {
            self.end_parts(level, at);
            let after = self.line_after(at);
            if closes {
                // RFC 2046 §5.1.1: what follows the closing delimiter is the epilogue, and no part.
                self.current = self.open.get(level).copied().unwrap_or_default();
                self.open.truncate(level);
            } else {
                self.open.truncate(level + 1);
                self.header_from = Some(after);
            }
            return;
        }
        if let Some(from) = self.header_from
            && (line.is_empty() || at.saturating_sub(from) > PART_HEADER_LIMIT)
        {
            self.part(from, at);
        }
    }

    /// Returns which open multipart a delimiter belongs to, and whether it closes it.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        self.open
            .iter()
            .enumerate()
            .rev()
            .find_map(|(level, part)| {
                let boundary = self.structure.parts.get(*part)?.boundary.as_deref()?;
                match line.strip_prefix(boundary)? {
                    b"" => Some((level, false)),
                    b"--" => Some((level, true)),
                    _ => None,
                }
            })
    }

    /// Ends the part that is being read, and all containers inside the given level.
    fn end_parts(&mut self, level: usize, at: usize) {
        if let Some(from) = self.header_from {
            self.part(from, at);
        }
        // RFC 2046 §5.1.1: the line end before a delimiter belongs to the delimiter.
        let before = self.octets.get(..at).unwrap_or_default();
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        let end = before.strip_suffix(b"\r").unwrap_or(before).len();
        let inner = self.open.get(level + 1..).unwrap_or_default().to_vec();
        for part in inner.into_iter().chain([self.current]) {
            if self
                .open
                .get(..=level)
                .is_some_and(|open| open.contains(&part))
            {
                continue;
            }
            if let Some(part) = self.structure.parts.get_mut(part) {
                part.body.end = end.max(part.body.start).min(part.body.end);
            }
        }
    }

    /// Adds the part whose header section ends before the line at `at`.
    fn part(&mut self, from: usize, at: usize) {
        self.header_from = None;
        let section = self.octets.get(from..at).unwrap_or_default();
        let headers = Headers::parse(section);
        let parent = self.open.last().copied();
        let digest = parent
            .and_then(|part| self.structure.parts.get(part))
            .is_some_and(|part| part.media_type == "multipart/digest");
        // RFC 2046 §5.1.5: inside a digest the default is a message.
        let default = if digest {
            "message/rfc822"
        } else {
            "text/plain"
        };
        let body = if section.len() == self.line_after(at).saturating_sub(from) {
            at
        } else {
            self.line_after(at)
        };
        let begins = if self
            .octets
            .get(at..)
            .is_some_and(|rest| rest.starts_with(b"--"))
        {
            at
        } else {
            body
        };
        let part = Part {
            header: from..at,
            body: begins..self.octets.len(),
            parent,
            depth: self.open.len(),
            ..described(&headers, default)
        };
        self.add(part, begins);
    }

    /// Adds a part, and opens it if it holds others.
    fn add(&mut self, mut part: Part, body: usize) {
        let room = self.structure.parts.len() < PART_LIMIT;
        if !room || (part.is_container() && self.open.len() >= DEPTH_LIMIT) {
            self.structure.is_cut = true;
            part.boundary = None;
            if part.is_message() {
                part.encoding = Encoding::Unknown;
            }
        }
        if !room {
            return;
        }
        self.current = self.structure.parts.len();
        if part.is_container() {
            self.open.push(self.current);
        }
        if part.is_message() {
            self.header_from = Some(body);
        }
        self.structure.parts.push(part);
    }

    fn line_after(&self, at: usize) -> usize {
        let rest = self.octets.get(at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.octets.len(), |newline| at + newline + 1)
    }

    fn finish(mut self) -> Structure {
        if let Some(from) = self.header_from {
            self.part(from, self.octets.len());
        }
        self.structure
    }
}

/// Returns a part with what its header fields say of it.
fn described(headers: &Headers<'_>, default: &str) -> Part {
    let text = |name: &str| headers.first(name).map(|field| field.text().into_owned());
    let content = text("Content-Type").map(|text| Parameters::of(&text));
    let disposition = text("Content-Disposition").map(|text| Parameters::of(&text));
    let media_type = content
        .as_ref()
        .map(|content| content.value.clone())
        .filter(|value| value.contains('/'))
        .unwrap_or_else(|| default.to_owned());
    let get = |of: &Option<Parameters>, name: &str| of.as_ref().and_then(|of| of.get(name));
    let encoding = text("Content-Transfer-Encoding").map(|text| text.trim().to_ascii_lowercase());
    Part {
        boundary: media_type
            .starts_with("multipart/")
            .then(|| get(&content, "boundary"))
            .flatten()
            .filter(|boundary| !boundary.is_empty() && boundary.len() <= BOUNDARY_LIMIT)
            .map(|boundary| boundary.trim_end().as_bytes().to_vec()),
        charset: get(&content, "charset").map(|charset| charset.to_ascii_lowercase()),
        name: get(&disposition, "filename").or_else(|| get(&content, "name")),
        is_attachment: disposition.is_some_and(|of| of.value == "attachment"),
        encoding: match encoding.as_deref() {
            None | Some("" | "7bit" | "8bit" | "binary") => Encoding::Identity,
            Some("base64") => Encoding::Base64,
            Some("quoted-printable") => Encoding::QuotedPrintable,
            Some(_) => Encoding::Unknown,
        },
        media_type,
        ..Part::default()
    }
}

/// A structured field's first word and its parameters. RFC 2045 §5.1.
struct Parameters {
    value: String,
    parameters: Vec<(String, String)>,
}

impl Parameters {
    fn of(text: &str) -> Self {
        let mut pieces = split_outside_quotes(text).into_iter();
        let value = pieces
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let parameters = pieces
            .filter_map(|piece| {
                let (name, value) = piece.split_once('=')?;
                Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
            })
            .collect();
        Self { value, parameters }
    }

    /// Returns a parameter, its pieces joined and its percent signs undone. RFC 2231 §3, §4.
    fn get(&self, name: &str) -> Option<String> {
        let plain = self.parameters.iter().find(|(key, _)| key == name);
        if let Some((_, value)) = plain {
            return Some(value.clone());
        }
        let mut joined = String::new();
        for (key, value) in &self.parameters {
            if key.split('*').next() == Some(name) && key.contains('*') {
                let value = value
                    .rsplit_once('\'')
                    .map_or(value.as_str(), |(_, text)| text);
                joined.push_str(value);
            }
        }
        (!joined.is_empty()).then(|| {
            let octets = super::decode::percent(joined.as_bytes());
            String::from_utf8_lossy(&octets).into_owned()
        })
    }
}

/// Splits at semicolons that stand outside quotes.
fn split_outside_quotes(text: &str) -> Vec<&str> {
    let (mut pieces, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(text.get(from..).unwrap_or_default());
    pieces
}

/// Returns a value without its quotes and comments. RFC 2045 §5.1: token or quoted-string.
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else {
        let end = value.find([' ', '\t', '(']).unwrap_or(value.len());
        return value.get(..end).unwrap_or(value).to_owned();
    };
    let (mut out, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        match c {
            _ if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => break,
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shape(text: &str) -> Vec<(String, usize, String)> {
        let structure = walk(text.as_bytes());
        let body = |part: &Part| text.get(part.body.clone()).unwrap_or_default().to_owned();
        structure
            .parts
            .iter()
            .map(|part| {
                let body = if part.is_container() {
                    String::new()
                } else {
                    body(part)
                };
                (part.media_type.clone(), part.depth, body)
            })
            .collect()
    }

    #[test]
    fn parts_end_before_the_line_end_of_the_delimiter() {
        let text = "Content-Type: multipart/mixed; boundary=\"b;1\"\r\n\r\npreamble\r\n--b;1\r\n\r\none\r\n--b;1 \r\n\
                    Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--b;1--\r\nepilogue\r\n";
        let expected = [
            ("multipart/mixed", 0, ""),
            ("text/plain", 1, "one"),
            ("text/html", 1, "PGI+"),
        ];
        assert_eq!(
            shape(text),
            expected.map(|(a, b, c)| (a.to_owned(), b, c.to_owned()))
        );
        let html = walk(text.as_bytes()).parts[2].clone();
        assert_eq!(
            (html.charset.as_deref(), html.encoding),
            (Some("utf-8"), Encoding::Base64)
        );
    }

    #[test]
    fn a_message_inside_is_walked_and_an_unclosed_multipart_ends_with_its_parent() {
        let text = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nSubject: x\n\
                    Content-Type: multipart/alternative; boundary=b\n\n--b\n\ninner\n--a\nContent-Type: image/gif; name*=utf-8''a%20b.gif\n\nG\n--a--\n";
        let expected = [
            ("multipart/mixed", 0, ""),
            ("message/rfc822", 1, ""),
            ("multipart/alternative", 2, ""),
            ("text/plain", 3, "inner"),
            ("image/gif", 1, "G"),
        ];
        assert_eq!(
            shape(text),
            expected.map(|(a, b, c)| (a.to_owned(), b, c.to_owned()))
        );
        assert_eq!(
            walk(text.as_bytes()).parts[4].name.as_deref(),
            Some("a b.gif")
        );
    }

    #[test]
    fn bombs_are_cut_and_stay_linear() {
        let mut many = b"Content-Type: multipart/mixed; boundary=a\n\n".to_vec();
        many.extend_from_slice(&b"--a\n\nx\n".repeat(100_000));
        let structure = walk(&many);
        assert_eq!(structure.parts.len(), PART_LIMIT);
        assert!(structure.is_cut);
        let nested = b"Content-Type: message/rfc822\n\n".repeat(1_000);
        let structure = walk(&nested);
        assert!(structure.is_cut && structure.parts.len() <= DEPTH_LIMIT + 2);
    }

    proptest! {
        #[test]
        fn any_octets_give_parts_inside_the_message(octets in prop::collection::vec(prop::sample::select(&b"--ab\r\n: ;=\"multipart/mixed"[..]), 0..300)) {
            let mut text = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n".to_vec();
            text.extend_from_slice(&octets);
            for part in walk(&text).parts {
                prop_assert!(part.header.start <= part.header.end && part.header.end <= text.len());
                prop_assert!(part.body.start <= part.body.end && part.body.end <= text.len());
            }
        }
    }
}
