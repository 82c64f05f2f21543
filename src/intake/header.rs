//! The header section of a message: its fields as they stand, in order.
//!
//! In: the octets of a message. Out: [`Headers`], borrowed from them.
//! Standards: RFC 5322 §2.2 (fields), §2.2.3 (folding), §4.5 (obsolete blanks before the colon).
//! Trust: hostile; count and size are bounded by the limits of [`crate::intake`].
//! Failures: never fails; what cannot be a field ends the section.

use std::borrow::Cow;

use super::eight::{self, alike, equal, foreign, low};
use super::{FIELD_LIMIT, FIELD_OCTETS_LIMIT, HEADER_LIMIT};

// where each of them ends
mod ends;
use ends::Ends;

// what may be one to others
mod loose;
pub(crate) use loose::{first_blank, loose};

/// Fields that room is made for: nearly all messages have fewer.
const USUAL_FIELDS: usize = 32;

/// Sums that names come to.
const SUMS: usize = 128;

/// The place of no field.
const NOWHERE: u8 = u8::MAX;

/// One header field as it stands in the message.
#[derive(Debug, Clone, Copy)]
pub struct Field<'m> {
    name: &'m [u8],
    /// What the name comes to.
    sum: u8,
    raw: &'m [u8],
    /// `raw` as text, where the whole header section is UTF-8.
    text: Option<&'m str>,
    /// Offset of `raw` in the message.
    raw_at: usize,
    at: usize,
}

impl<'m> Field<'m> {
    /// Returns the field's name without the colon, in the case it was written in.
    #[must_use]
    pub fn name(&self) -> &'m [u8] {
        self.name
    }

    /// Returns whether this is the named field, in any case. RFC 5322 §1.2.2.
    #[must_use]
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        // Nearly all other names are ruled out by what they come to.
        self.sum == sum(name.as_bytes()) && self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Returns whether this may be one of some fields; most others are ruled out.
    pub(crate) const fn may_be(&self, names: Names) -> bool {
        names.0 >> self.sum & 1 == 1
    }

    /// Returns what stands after the colon, folded as received, without the last line end.
    #[must_use]
    pub fn raw(&self) -> &'m [u8] {
        self.raw
    }

    /// Returns the offset of the field's first octet in the message.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns the value on one line: line ends removed, blanks at both ends trimmed.
    ///
    /// The blanks that began a continuation line stay. RFC 5322 §2.2.3.
    #[must_use]
    pub fn unfolded(&self) -> Cow<'m, [u8]> {
        let trimmed = self.raw.trim_ascii();
        if !is_folded(trimmed) {
            return Cow::Borrowed(trimmed);
        }
        let mut line = Vec::with_capacity(trimmed.len());
        let mut rest = trimmed;
        while let Some(end) = memchr::memchr2(b'\r', b'\n', rest) {
            let (piece, after) = rest.split_at(end);
            line.extend_from_slice(piece);
            rest = after.get(1..).unwrap_or_default();
        }
        line.extend_from_slice(rest);
        Cow::Owned(line)
    }

    /// Returns what stands after the colon as text, folded as received; octets that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn folded_text(&self) -> Cow<'m, str> {
        self.text.map_or_else(|| lossy(self.raw), Cow::Borrowed)
    }

    /// Returns the unfolded value as text; octets that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'m, str> {
        if let Some(text) = self.text.map(str::trim_ascii)
            && !is_folded(text.as_bytes())
        {
            return Cow::Borrowed(text);
        }
        match self.unfolded() {
            Cow::Borrowed(octets) => lossy(octets),
            Cow::Owned(octets) => Cow::Owned(
                String::from_utf8(octets)
                    .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
            ),
        }
    }
}

/// Returns whether a line end stands in octets.
fn is_folded(octets: &[u8]) -> bool {
    eight::any(octets, |block| equal(block, b'\n') | equal(block, b'\r'))
}

/// Returns octets as text; what is not UTF-8 becomes U+FFFD.
fn lossy(octets: &[u8]) -> Cow<'_, str> {
    // Nearly all fields are text, and to see that is quicker than to repair.
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(octets),
    }
}

/// A header section: its fields from top to bottom, and where the body begins.
#[derive(Debug, Clone)]
pub struct Headers<'m> {
    fields: Vec<Field<'m>>,
    names: Names,
    /// Where the first field stands whose name comes to that, or one of those before it; [`NOWHERE`] where none does.
    places: [u8; SUMS],
    body_at: usize,
    cut: bool,
    ended_by_blank: bool,
}

impl<'m> Headers<'m> {
    /// Reads the header section at the start of a message.
    ///
    /// It ends at the first empty line, or before a line that cannot belong to
    /// a field: RFC 5322 departs there, because spam leaves the empty line out.
    /// Fields beyond [`FIELD_LIMIT`], [`HEADER_LIMIT`] or
    /// [`FIELD_OCTETS_LIMIT`] are not read, and [`Headers::is_cut`] says so.
    #[must_use]
    pub fn parse(octets: &'m [u8]) -> Self {
        let mut headers = Self {
            fields: Vec::with_capacity(USUAL_FIELDS),
            names: Names::default(),
            places: [NOWHERE; SUMS],
            body_at: octets.len(),
            cut: false,
            ended_by_blank: false,
        };
        let mut at = 0;
        let mut ends = Ends::of(octets);
        while let Some(rest) = octets.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(length) = blank_line(rest) {
                headers.body_at = at + length;
                headers.ended_by_blank = true;
                break;
            }
            let Some((name, colon)) = name_and_colon(rest) else {
                headers.body_at = at;
                break;
            };
            let value_at = at + colon + 1;
            let end = ends.next().unwrap_or(octets.len());
            let raw = octets.get(value_at..end).unwrap_or_default();
            if headers.fields.len() == FIELD_LIMIT
                || end > HEADER_LIMIT
                || raw.len() > FIELD_OCTETS_LIMIT
            {
                headers.cut = true;
                headers.body_at = body_after(octets, at);
                break;
            }
            let sum = sum(name);
            headers.names = headers.names.with(sum);
            if let Some(place @ &mut NOWHERE) = headers.places.get_mut(usize::from(sum)) {
                *place = headers.fields.len().min(usize::from(NOWHERE) - 1) as u8;
            }
            headers.fields.push(Field {
                name,
                sum,
                raw: without_line_end(raw),
                text: None,
                raw_at: value_at,
                at,
            });
            at = end;
        }
        // Nearly all header sections are text, and to see that once is quicker than for each field.
        if let Some(Ok(section)) = octets.get(..at).map(std::str::from_utf8) {
            for field in &mut headers.fields {
                field.text = section.get(field.raw_at..field.raw_at + field.raw.len());
            }
        }
        headers
    }

    /// Returns all fields, top first.
    #[must_use]
    pub fn fields(&self) -> &[Field<'m>] {
        &self.fields
    }

    /// Returns the fields of one name, top first.
    pub fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h Field<'m>> {
        let fields = self.starting_with(name).iter();
        fields.filter(move |field| field.is(name))
    }

    /// Returns the topmost field of one name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&Field<'m>> {
        self.starting_with(name).iter().find(|field| field.is(name))
    }

    /// Returns the fields from the first one on that may bear a name; before it stands none that does.
    fn starting_with(&self, name: &str) -> &[Field<'m>] {
        match self.places.get(usize::from(sum(name.as_bytes()))) {
            None | Some(&NOWHERE) => &[],
            Some(place) => self.fields.get(usize::from(*place)..).unwrap_or_default(),
        }
    }

    /// Returns whether fields of all these names may be there; if not, one of them surely is not.
    pub(crate) const fn may_have(&self, names: Names) -> bool {
        self.names.0 & names.0 == names.0
    }

    /// Returns the offset of the body's first octet; the message's length where there is none.
    #[must_use]
    pub fn body_at(&self) -> usize {
        self.body_at
    }

    /// Returns whether fields were left unread because there were too many, or too large ones.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Returns whether an empty line ended the section, as RFC 5322 §2.1 wants.
    #[must_use]
    pub fn ended_by_blank(&self) -> bool {
        self.ended_by_blank
    }
}

/// Returns a line without its LF or CRLF.
fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Returns the length of the first line, if it is empty.
fn blank_line(octets: &[u8]) -> Option<usize> {
    match octets {
        [b'\n', ..] | [b'\r'] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// Returns the name of the field whose first line this is, and where its colon stands; `None` where it is no field.
///
/// RFC 5322 §2.2: a name is printable US-ASCII but the colon. Blanks before
/// the colon are obsolete syntax (§4.5) and read.
fn name_and_colon(octets: &[u8]) -> Option<(&[u8], usize)> {
    let end = eight::find(octets, |block| {
        low(block, 33) | alike(block, b':') | alike(block, 127) | foreign(block)
    });
    let (name, rest) = octets.split_at_checked(end?)?;
    let is_blank = |octet: &u8| octet.is_ascii_whitespace() && *octet != b'\n';
    let blanks = rest.iter().position(|octet| !is_blank(octet))?;
    (!name.is_empty() && rest.get(blanks) == Some(&b':')).then_some((name, name.len() + blanks))
}

/// A set of field names, by what each of them comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Names(u128);

impl Names {
    /// Returns the set of some names.
    #[inline]
    pub(crate) fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let sums = names.into_iter().map(|name| sum(name.as_bytes()));
        sums.fold(Self::default(), Self::with)
    }

    const fn with(self, sum: u8) -> Self {
        Self(self.0 | 1 << sum)
    }
}

/// Returns what a field's name comes to, in any case, below 128; several come to the same.
#[inline]
const fn sum(name: &[u8]) -> u8 {
    let (Some(first), Some(last)) = (name.first(), name.last()) else {
        return 0;
    };
    // Case is one bit of a letter; where other octets have it, they only come to the same.
    let letters = (*first | 0x20).wrapping_add((*last | 0x20).wrapping_mul(7));
    letters.wrapping_add((name.len() as u8).wrapping_mul(29)) % SUMS as u8
}

/// Returns where the body begins after the first empty line from `at` on.
fn body_after(octets: &[u8], at: usize) -> usize {
    let rest = octets.get(at..).unwrap_or_default();
    let lf = memchr::memmem::find(rest, b"\n\n").map(|found| at + found + 2);
    let crlf = memchr::memmem::find(rest, b"\n\r\n").map(|found| at + found + 3);
    match (lf, crlf) {
        (Some(lf), Some(crlf)) => lf.min(crlf),
        (one, other) => one.or(other).unwrap_or(octets.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(headers: &Headers<'_>) -> Vec<String> {
        headers
            .fields()
            .iter()
            .map(|f| String::from_utf8_lossy(f.name()).into_owned())
            .collect()
    }

    #[test]
    fn fields_keep_their_order_folds_and_places() {
        let octets = b"Received: a\r\n\tb; c\r\nSubject : hi\r\n\r\nbody: no field\r\n";
        let headers = Headers::parse(octets);
        assert_eq!(names(&headers), ["Received", "Subject"]);
        let received = headers.first("received").unwrap();
        assert_eq!(received.raw(), b" a\r\n\tb; c");
        assert_eq!(received.text(), "a\tb; c");
        assert_eq!(headers.first("SUBJECT").unwrap().at(), 20);
        assert_eq!(&octets[headers.body_at()..], b"body: no field\r\n");
        assert!(headers.ended_by_blank());
    }

    #[test]
    fn a_line_that_cannot_be_a_field_begins_the_body() {
        let octets = b"Subject: x\nhello there\nReceived: from nowhere\n";
        let headers = Headers::parse(octets);
        assert_eq!(names(&headers), ["Subject"]);
        assert!(octets[headers.body_at()..].starts_with(b"hello there"));
        assert!(!headers.ended_by_blank());
    }

    #[test]
    fn too_many_fields_are_cut_and_the_body_is_still_found() {
        let mut octets = b"X: y\n".repeat(10_000);
        octets.extend_from_slice(b"\nbody\n");
        let headers = Headers::parse(&octets);
        assert_eq!(headers.fields().len(), FIELD_LIMIT);
        assert!(headers.is_cut());
        assert_eq!(&octets[headers.body_at()..], b"body\n");
    }

    proptest! {
        #[test]
        fn a_field_is_found_as_one_by_one(names in prop::collection::vec("[aAbB-]{1,3}", 0..40), more in 0..300usize, sought in "[aAbB-]{1,3}") {
            let fields = names.iter().map(|name| format!("{name}: x\n"));
            let octets = "c: x\n".repeat(more) + &fields.collect::<String>();
            let headers = Headers::parse(octets.as_bytes());
            let one_by_one = || headers.fields().iter().filter(|field| field.name().eq_ignore_ascii_case(sought.as_bytes()));
            prop_assert_eq!(headers.first(&sought).map(Field::at), one_by_one().next().map(Field::at));
            let all: Vec<_> = headers.all(&sought).map(Field::at).collect();
            prop_assert_eq!(&all, &one_by_one().map(Field::at).collect::<Vec<_>>());
            prop_assert!(all.is_empty() || more == 0 || headers.may_have(Names::of([sought.as_str(), "C"])));
        }

        #[test]
        fn any_octets_give_fields_inside_the_section(octets in prop::collection::vec(any::<u8>(), 0..400)) {
            let headers = Headers::parse(&octets);
            prop_assert!(headers.body_at() <= octets.len());
            for field in headers.fields() {
                prop_assert!(field.at() < headers.body_at());
            }
        }
    }
}
