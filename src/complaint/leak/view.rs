//! The ways to read a text: each undoes one thing that can stand between an address and who looks for it.
//!
//! In: octets. Out: the octets as read that way, and on demand where each came from.
//! Standards: RFC 5322 §2.2.3 (folding), RFC 2045 §6.7 (quoted-printable), RFC 3986 §2.1, HTML character references, Unicode NFKC.
//! Trust: hostile; each way is one pass, and its output is bounded by a small multiple of its input.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::numbers;
use super::params;
use crate::evidence::decode::{hex_pair, soft_break};

/// Octets of a tag that are passed over at most, blanks aside; more is text that has a `<`.
///
/// The longest that newsletters were seen to write, with their styles, have half of that.
const TAG_LIMIT: usize = 2_000;

/// One way to read a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Line ends and the blanks after them removed.
    Join,
    /// Percent signs undone once.
    Percent,
    /// Quoted-printable undone.
    QuotedPrintable,
    /// HTML character references undone.
    Entities,
    /// Tags and invisible characters removed.
    Untag,
    /// Full-width and other compatibility letters made plain.
    Plain,
    /// All blanks removed, and the zero octets of UTF-16.
    NoBlanks,
    /// `\x6a`, `\u006a`, `\u{6a}`, `%u006a`, `\'6a`, `\152` undone.
    Escapes,
    /// `106,97,110`, `0x6a,0x61` and `6a:61:6e` read as letters.
    Numbers,
    /// `name*0="jane.d"; name*1="oe"` read as one value.
    Pieces,
}

/// Where an octet of a view came from, in the text that was looked at first.
pub(crate) type Span = (usize, usize);

/// Takes what a way of reading gives.
pub(crate) trait Out {
    /// Takes octets that stand as they are.
    fn keep(&mut self, input: &[u8], range: Range<usize>);
    /// Takes an octet that stands for a range.
    fn put(&mut self, octet: u8, range: Range<usize>);
}

impl Out for Vec<u8> {
    fn keep(&mut self, input: &[u8], range: Range<usize>) {
        self.extend_from_slice(input.get(range).unwrap_or_default());
    }

    fn put(&mut self, octet: u8, _: Range<usize>) {
        self.push(octet);
    }
}

/// Octets with their origins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spanned {
    pub(crate) octets: Vec<u8>,
    pub(crate) spans: Vec<Span>,
}

impl Spanned {
    /// Returns a text that is its own origin.
    pub(crate) fn whole(octets: &[u8]) -> Self {
        Self {
            octets: octets.to_vec(),
            spans: (0..octets.len()).map(|at| (at, at + 1)).collect(),
        }
    }

    /// Reads it one way further.
    pub(crate) fn read(&self, step: Step) -> Self {
        let mut out = Traced {
            to: Self::default(),
            base: &self.spans,
        };
        step.run(&self.octets, &mut out);
        out.to
    }
}

struct Traced<'b> {
    to: Spanned,
    base: &'b [Span],
}

impl Out for Traced<'_> {
    fn keep(&mut self, input: &[u8], range: Range<usize>) {
        for at in range {
            if let Some(octet) = input.get(at) {
                self.put(*octet, at..at + 1);
            }
        }
    }

    fn put(&mut self, octet: u8, range: Range<usize>) {
        let first = self.base.get(range.start);
        let last = range.end.checked_sub(1).and_then(|at| self.base.get(at));
        if let (Some(first), Some(last)) = (first, last) {
            self.to.octets.push(octet);
            self.to.spans.push((first.0, last.1));
        }
    }
}

impl Step {
    /// Returns whether the text has anything that this way undoes.
    pub(crate) fn applies(self, text: &[u8]) -> bool {
        match self {
            Self::Join => memchr::memchr(b'\n', text).is_some(),
            Self::Percent => memchr::memchr_iter(b'%', text).any(|at| escape_at(text, at, 1)),
            Self::QuotedPrintable => memchr::memchr_iter(b'=', text).any(|at| {
                escape_at(text, at, 1) || text.get(at + 1..).and_then(soft_break).is_some()
            }),
            Self::Entities => memchr::memchr(b'&', text).is_some(),
            Self::Untag => memchr::memchr2(b'<', 0xe2, text).is_some() || !text.is_ascii(),
            Self::Plain => !text.is_ascii(),
            Self::NoBlanks => true,
            Self::Escapes => {
                memchr::memchr(b'\\', text).is_some() || memchr::memmem::find(text, b"%u").is_some()
            }
            Self::Numbers => numbers::may_list(text),
            Self::Pieces => params::may_go_on(text),
        }
    }

    /// Reads the text this way.
    pub(crate) fn run(self, text: &[u8], out: &mut impl Out) {
        match self {
            Self::Join => join(text, out),
            Self::Percent => marked(text, b'%', out, |rest| pair(rest, 1)),
            Self::QuotedPrintable => marked(text, b'=', out, |rest| {
                match rest.get(1..).and_then(soft_break) {
                    Some(length) => Some((None, 1 + length)),
                    None => pair(rest, 1),
                }
            }),
            Self::Entities => marked(text, b'&', out, entity),
            Self::Untag => untag(text, out),
            Self::Plain => plain(text, out),
            Self::NoBlanks => no_blanks(text, out),
            Self::Escapes => numbers::escapes(text, out),
            Self::Numbers => numbers::lists(text, out),
            Self::Pieces => params::joined(text, out),
        }
    }
}

fn escape_at(text: &[u8], at: usize, skip: usize) -> bool {
    matches!((text.get(at + skip), text.get(at + skip + 1)), (Some(h), Some(l)) if hex_pair(*h, *l).is_some())
}

pub(super) fn pair(rest: &[u8], skip: usize) -> Option<(Option<u8>, usize)> {
    let octet = hex_pair(*rest.get(skip)?, *rest.get(skip + 1)?)?;
    Some((Some(octet), skip + 2))
}

/// Copies a text, and undoes what begins with a mark.
fn marked(
    text: &[u8],
    mark: u8,
    out: &mut impl Out,
    undo: impl Fn(&[u8]) -> Option<(Option<u8>, usize)>,
) {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr(mark, rest)) {
        out.keep(text, at..at + found);
        at += found;
        match undo(text.get(at..).unwrap_or_default()) {
            Some((octet, length)) => {
                if let Some(octet) = octet {
                    out.put(octet, at..at + length);
                }
                at += length;
            }
            None => {
                out.keep(text, at..at + 1);
                at += 1;
            }
        }
    }
    out.keep(text, at..text.len());
}

fn join(text: &[u8], out: &mut impl Out) {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let newline = at + found;
        let before = newline.checked_sub(1).and_then(|at| text.get(at));
        out.keep(
            text,
            at..newline - usize::from(found > 0 && before == Some(&b'\r')),
        );
        let blanks = text.get(newline + 1..).unwrap_or_default();
        let count = blanks
            .iter()
            .take_while(|octet| matches!(octet, b' ' | b'\t'))
            .count();
        at = newline + 1 + count;
    }
    out.keep(text, at..text.len());
}

/// Characters that have a name in HTML and can stand in an address.
const NAMED: [(&[u8], u8); 25] = [
    (b"commat", b'@'),
    (b"period", b'.'),
    (b"plus", b'+'),
    (b"lowbar", b'_'),
    (b"UnderBar", b'_'),
    (b"hyphen", b'-'),
    (b"dash", b'-'),
    (b"minus", b'-'),
    (b"sol", b'/'),
    (b"equals", b'='),
    (b"percnt", b'%'),
    (b"num", b'#'),
    (b"excl", b'!'),
    (b"dollar", b'$'),
    (b"ast", b'*'),
    (b"quest", b'?'),
    (b"Hat", b'^'),
    (b"lbrace", b'{'),
    (b"vert", b'|'),
    (b"rbrace", b'}'),
    (b"apos", b'\''),
    (b"amp", b'&'),
    (b"nbsp", b' '),
    (b"NewLine", b'\n'),
    (b"Tab", b'\t'),
];

/// Characters that have a name in HTML, and take no room.
const NAMED_INVISIBLE: [&[u8]; 14] = [
    b"shy;",
    b"zwnj;",
    b"zwj;",
    b"lrm;",
    b"rlm;",
    b"ZeroWidthSpace;",
    b"NegativeVeryThinSpace;",
    b"NegativeThinSpace;",
    b"NegativeMediumSpace;",
    b"NegativeThickSpace;",
    b"NoBreak;",
    b"ApplyFunction;",
    b"InvisibleTimes;",
    b"InvisibleComma;",
];

fn entity(rest: &[u8]) -> Option<(Option<u8>, usize)> {
    let semicolon = |length: usize| length + usize::from(rest.get(length) == Some(&b';'));
    if let [_, b'#', after @ ..] = rest {
        let hex = matches!(after.first(), Some(b'x' | b'X'));
        let digits = after.get(usize::from(hex)..)?;
        let radix = if hex { 16 } else { 10 };
        // HTML allows any number of zeros before a number.
        let zeros = digits.iter().take_while(|octet| **octet == b'0').count();
        let zeros = zeros.saturating_sub(1);
        let digits = digits.get(zeros..)?;
        let count = digits
            .iter()
            .take(8)
            .take_while(|octet| char::from(**octet).is_digit(radix))
            .count();
        let number = std::str::from_utf8(digits.get(..count)?).ok()?;
        let code = u32::from_str_radix(number, radix).ok()?;
        let length = semicolon(2 + usize::from(hex) + zeros + count);
        // Invisible characters vanish; other letters beyond ASCII end an address.
        return match u8::try_from(code) {
            Ok(octet) if octet.is_ascii() => Some((Some(octet), length)),
            _ if char::from_u32(code).is_some_and(is_invisible) => Some((None, length)),
            _ => char::from_u32(code)
                .and_then(|c| std::iter::once(c).nfkc().next())
                .filter(char::is_ascii)
                .and_then(|c| u8::try_from(c).ok())
                .map(|octet| (Some(octet), length)),
        };
    }
    let name = rest.get(1..)?;
    let mut invisible = NAMED_INVISIBLE.iter();
    if let Some(known) = invisible.find(|known| name.starts_with(known)) {
        return Some((None, 1 + known.len()));
    }
    NAMED.iter().find_map(|(known, octet)| {
        let after = name.strip_prefix(*known)?;
        after
            .starts_with(b";")
            .then_some((Some(*octet), known.len() + 2))
    })
}

/// Returns whether a character takes no room and can hide between two others.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

fn untag(text: &[u8], out: &mut impl Out) {
    let is_ascii = text.is_ascii();
    let mut at = 0;
    while let Some(octet) = text.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        if *octet == b'<'
            && let Some(end) = tag_end(rest)
        {
            at += end + 1;
        } else if *octet >= 0x80
            && let Some(c) = first_char(rest)
        {
            if !is_invisible(c) {
                out.keep(text, at..at + c.len_utf8());
            }
            at += c.len_utf8();
        } else {
            let after = rest.get(1..).unwrap_or_default();
            let plain = if is_ascii {
                memchr::memchr(b'<', after)
            } else {
                after.iter().position(|o| *o == b'<' || *o >= 0x80)
            };
            let length = plain.map_or(rest.len(), |found| found + 1);
            out.keep(text, at..at + length);
            at += length;
        }
    }
}

/// Returns where a tag ends, or a comment; a `<` before its `>` begins the tag anew, unless they stand in quotes.
pub(super) fn tag_end(text: &[u8]) -> Option<usize> {
    let near = text.get(..TAG_LIMIT).unwrap_or(text);
    if let Some(comment) = near.strip_prefix(b"<!--")
        && let Some(end) = memchr::memmem::find(comment, b"-->")
    {
        return Some(b"<!--".len() + end + b"--".len());
    }
    let mut from = 1;
    loop {
        let end = from + memchr::memchr2(b'<', b'>', text.get(from..)?)?;
        let closes = open_quote(text.get(from..end)?).and_then(|quote| {
            let quoted = near.get(end..)?;
            Some(end + memchr::memchr(quote, quoted)? + 1)
        });
        if let Some(closes) = closes {
            from = closes;
            continue;
        }
        let tag = text.get(..end).filter(|_| text.get(end) == Some(&b'>'))?;
        let octets = tag.iter().filter(|octet| !is_blank(**octet));
        return (octets.take(TAG_LIMIT).count() < TAG_LIMIT).then_some(end);
    }
}

/// Returns the quote in which a part of a tag ends, if it does: only behind a `=` a quote begins a value.
fn open_quote(tag: &[u8]) -> Option<u8> {
    let mut rest = tag;
    while let Some(at) = memchr::memchr2(b'"', b'\'', rest) {
        let (name, value) = rest.split_at_checked(at)?;
        let (quote, value) = value.split_first()?;
        let is_value = name.trim_ascii_end().ends_with(b"=");
        rest = if is_value {
            let close = memchr::memchr(*quote, value);
            let Some(close) = close else {
                return Some(*quote);
            };
            value.get(close + 1..)?
        } else {
            value
        };
    }
    None
}

fn first_char(rest: &[u8]) -> Option<char> {
    let near = rest.get(..4).unwrap_or(rest);
    near.utf8_chunks().next()?.valid().chars().next()
}

fn plain(text: &[u8], out: &mut impl Out) {
    let mut at = 0;
    while let Some(octet) = text.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        if octet.is_ascii() {
            let length = rest
                .iter()
                .position(|o| !o.is_ascii())
                .unwrap_or(rest.len());
            out.keep(text, at..at + length);
            at += length;
        } else if let Some(c) = first_char(rest) {
            let mut buffer = [0; 4];
            for plain in std::iter::once(c).nfkc().take(8) {
                for octet in plain.encode_utf8(&mut buffer).bytes() {
                    out.put(octet, at..at + c.len_utf8());
                }
            }
            at += c.len_utf8();
        } else {
            out.keep(text, at..at + 1);
            at += 1;
        }
    }
}

/// Returns whether an octet is a blank, or the zero octet of a letter of UTF-16.
#[inline]
pub(super) const fn is_blank(octet: u8) -> bool {
    // Without a branch, so that many octets are looked at in one step: the vertical tab is no blank of HTML.
    (octet & !b' ' == 0) | ((octet.wrapping_sub(b'\t') < 5) & (octet != 0x0b))
}

/// For each octet, one if it is no blank.
static NO_BLANK: [u8; 256] = {
    let mut table = [1; 256];
    let mut octet = 0;
    while octet < 128 {
        #[expect(
            clippy::indexing_slicing,
            reason = "an octet is below 256, and this is const"
        )]
        if is_blank(octet) {
            table[octet as usize] = 0;
        }
        octet += 1;
    }
    table
};

/// Returns one for an octet that is no blank.
#[inline]
pub(super) fn counts(octet: u8) -> usize {
    NO_BLANK
        .get(usize::from(octet))
        .map_or(0, |count| usize::from(*count))
}

fn no_blanks(text: &[u8], out: &mut impl Out) {
    let mut at = 0;
    for run in text.split(|octet| is_blank(*octet)) {
        out.keep(text, at..at + run.len());
        at += run.len() + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(step: Step, text: &str) -> String {
        let mut out = Vec::new();
        step.run(text.as_bytes(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn blanks_are_those_of_html_and_zero() {
        for octet in 0..=u8::MAX {
            let is_one = octet.is_ascii_whitespace() || octet == 0;
            assert_eq!(is_blank(octet), is_one, "{octet}");
            assert_eq!(counts(octet), usize::from(!is_one), "{octet}");
        }
    }

    #[test]
    fn each_way_undoes_its_own() {
        assert_eq!(read(Step::Join, "a\r\n\tb\nc"), "abc");
        assert_eq!(read(Step::Percent, "a%40b%"), "a@b%");
        assert_eq!(
            read(Step::QuotedPrintable, "a=\r\nb=40=\nc= \r\nd="),
            "ab@cd="
        );
        assert_eq!(
            read(
                Step::Entities,
                "a&#64;b&#x40;c&commat;d&#65312;e&zwnj;f&no;"
            ),
            "a@b@c@d@ef&no;"
        );
        assert_eq!(
            read(
                Step::Entities,
                "&#0000000106;a&#x0000000000006e;e&ZeroWidthSpace;&lrm;&#0;&nbsp;"
            ),
            "jane\0 "
        );
        assert_eq!(read(Step::Untag, "a<b>c\u{200b}d < e é"), "acd < e é");
        assert_eq!(
            read(
                Step::Untag,
                "a<!-- b > c -->d<e f = \">\" g='<h>'>i<j k=\"l>m</n o=\">p"
            ),
            "adip"
        );
        // A quote that nothing closes is none.
        assert_eq!(read(Step::Untag, "q<r s=\"t>u"), "qu");
        let long = format!("a<b style='{}'>c", "d".repeat(1_500));
        assert_eq!(read(Step::Untag, &long), "ac");
        assert_eq!(read(Step::Plain, "ｊａ＠ é"), "ja@ é");
        assert_eq!(read(Step::NoBlanks, "a b\r\nc\0d"), "abcd");
        assert_eq!(read(Step::Escapes, "\\x6a\\u0061%u006e\\145\\q"), "jane\\q");
        assert_eq!(
            read(Step::Escapes, "\\u{6a}\\U00000061\\'6e\\u{1f600}"),
            "jan\\u{1f600}"
        );
        assert_eq!(
            read(Step::Numbers, "x 106,97,110,101,64,101 12,13"),
            "x jane@e 12,13"
        );
        assert_eq!(
            read(
                Step::Numbers,
                "(0x6a, 0x61,0x6e,0x65,0x40,0x65) 6a:61-6E:65:40:65; 6a:61"
            ),
            "(jane@e) jane@e; 6a:61"
        );
    }

    const ALL: [Step; 10] = [
        Step::Join,
        Step::Percent,
        Step::QuotedPrintable,
        Step::Entities,
        Step::Untag,
        Step::Plain,
        Step::NoBlanks,
        Step::Escapes,
        Step::Numbers,
        Step::Pieces,
    ];

    proptest! {
        #[test]
        fn origins_agree_with_the_plain_reading(octets in prop::collection::vec(prop::sample::select(&b"a1=%4&#<>\r\n ;,\\ux*\"\xe2\x80\x8b"[..]), 0..120)) {
            for step in ALL {
                let mut out = Vec::new();
                step.run(&octets, &mut out);
                let spanned = Spanned::whole(&octets).read(step);
                prop_assert_eq!(&out, &spanned.octets);
                prop_assert_eq!(spanned.spans.len(), out.len());
                prop_assert!(spanned.spans.iter().all(|(from, to)| from < to && *to <= octets.len()));
                prop_assert!(spanned.spans.windows(2).all(|two| two[0].0 <= two[1].0));
            }
        }
    }
}
