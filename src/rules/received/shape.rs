//! Reads the client part of a Received field by a rule's shapes.
//!
//! In: shapes such as `{helo} ({rdns} [{ip}])` from rules files; tokens of a from-clause. Out: [`Client`].
//! Trust: hostile; an address comes only from the place that the rule names, never from what the client said.
//! Failures: a shape that does not fit exactly gives nothing.
//! Limits: a shape is a sequence of words and comments; there is no repetition.

use std::net::IpAddr;

use super::address::{address, quad};
use super::contour::{Contour, Outline, Outlines, Wanted, first_two, last_two};
use super::lex::{Kind, Stretch};
use crate::intake::eight;
use crate::rules::is_inner;

/// What a shape takes out of a from-clause.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client<'t> {
    pub(super) addr: Option<IpAddr>,
    pub(super) rdns: Option<&'t str>,
    pub(super) helo: Option<&'t str>,
    pub(super) ident: Option<&'t str>,
    pub(super) account: Option<&'t str>,
    /// Another address, which stands before the client's.
    pub(super) other: Option<IpAddr>,
}

impl Client<'_> {
    fn put_addr(&mut self, addr: IpAddr) {
        self.other = self.addr.filter(|before| *before != addr).or(self.other);
        self.addr = Some(addr);
    }
}

/// A shape, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    elements: Vec<Element>,
    outline: Outline,
    first: Wanted,
    last: Wanted,
    /// `...` at its end: what the client said may have broken the form, and all of it stands behind the address.
    open: bool,
    /// `{words}` at its end: the server adds words of its own, never a comment.
    words: bool,
    /// It tells HELO from address: by the word, or by the address as a literal in a comment.
    is_sure: bool,
}

/// What a shape wants in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    kind: Kind,
    pieces: Vec<Piece>,
}

impl Element {
    /// Returns what must stand at its beginning.
    fn first_literal(&self) -> Option<&str> {
        self.pieces.first().and_then(Piece::literal)
    }

    /// Returns what must stand at its end.
    fn last_literal(&self) -> Option<&str> {
        self.pieces.last().and_then(Piece::literal)
    }
}

/// One piece of a word or comment.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Text as it stands, in any case.
    Text(String),
    /// Any number of blanks, also none.
    Blank,
    /// A named part.
    Part(Part),
}

impl Piece {
    fn literal(&self) -> Option<&str> {
        match self {
            Self::Text(literal) => Some(literal),
            Self::Blank | Self::Part(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// An address, `IPv6:` and zone allowed.
    Ip,
    /// A name that the server looked up.
    Rdns,
    /// What the client called itself.
    Helo,
    /// One name that is both: the server leaves HELO out where they are equal.
    Name,
    /// RFC 1413 identity.
    Ident,
    /// Account that the client authenticated as.
    Account,
    /// Digits.
    Port,
    /// The rest, whatever it is.
    Text,
}

impl Shape {
    /// Reads a shape as rules write it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let (body, open) = match text.strip_suffix(" ...") {
            Some(body) => (body, true),
            None => (text, false),
        };
        let (body, words) = match body.strip_suffix(" {words}") {
            Some(body) => (body, true),
            None => (body, false),
        };
        let mut elements = Vec::new();
        let mut rest = body.trim();
        while !rest.is_empty() {
            let (kind, pieces, after) = match rest.strip_prefix('(') {
                Some(inner) => {
                    let end = closing(inner).ok_or(format!("`{text}` has an open parenthesis"))?;
                    let (inside, after) = inner.split_at(end);
                    (Kind::Comment, pieces(inside)?, after.get(1..))
                }
                None => {
                    let end = rest.find(' ').unwrap_or(rest.len());
                    let (word, after) = rest.split_at(end);
                    (Kind::Word, pieces(word)?, Some(after))
                }
            };
            elements.push(Element { kind, pieces });
            rest = after.unwrap_or_default().trim_start();
        }
        Ok(Self {
            outline: Outline::of(elements.iter().map(|element| element.kind)),
            first: Wanted::new(elements.iter().map(Element::first_literal), first_two),
            last: Wanted::new(elements.iter().map(Element::last_literal), last_two),
            elements,
            open,
            words,
            // RFC 5321 §4.4: the literal in parentheses is TCP-info, which the server saw.
            is_sure: ["([{ip}]", "helo=", "HELO ", "EHLO "]
                .iter()
                .any(|mark| text.contains(mark)),
        })
    }

    /// Returns the outlines that can fit.
    pub(super) fn outlines(&self) -> Outlines {
        let longer = self.outline.count > 4 || self.open || self.words;
        let short = (0..=4)
            .flat_map(|count| (0..1u64 << count).map(move |comments| Outline { count, comments }));
        short
            .filter(|outline| self.may_have(*outline))
            .map(Outline::bit)
            .fold(u32::from(longer) << 31, |all, bit| all | bit)
    }

    /// Returns whether tokens that look so can fit: nearly all shapes are ruled out by that.
    pub(super) fn may_fit(&self, tokens: &Contour) -> bool {
        self.first.are_in(tokens.first)
            && self.last.are_in(tokens.last)
            && self.may_have(tokens.outline)
    }

    /// Returns whether tokens of such an outline can fit.
    fn may_have(&self, tokens: Outline) -> bool {
        let added = match tokens.count.checked_sub(self.outline.count) {
            Some(added) => added == 0 || self.open || self.words,
            None => false,
        };
        let places = u64::MAX
            .checked_shl(u32::try_from(self.outline.count).unwrap_or(u32::MAX))
            .map_or(u64::MAX, |beyond| !beyond);
        added && (tokens.comments ^ self.outline.comments) & places == 0
    }

    /// Returns whether what was read may be the other way round, at a server that nobody knows: two public addresses
    /// stand side by side, and nothing tells which of them is HELO. RFC 5321 §4.1.3 lets HELO be an address, of whomever it likes.
    pub(super) fn may_be_swapped(&self, client: &Client<'_>) -> bool {
        if self.is_sure || client.rdns.is_some() {
            return false;
        }
        let literal = |helo: &str| address(helo.trim_matches(['[', ']']));
        let said = client.other.or_else(|| client.helo.and_then(literal));
        said.zip(client.addr)
            .is_some_and(|(said, seen)| said != seen && !is_inner(said) && !is_inner(seen))
    }

    /// Compares tokens with the shape, notes left out and outer blanks trimmed by the caller.
    pub(super) fn read<'t>(&self, tokens: &[Stretch<'t>]) -> Option<Client<'t>> {
        let added = tokens.get(self.elements.len()..)?;
        let fits = self.open
            || added.is_empty()
            || self.words
                && added
                    .iter()
                    .all(|token| token.kind == Kind::Word && !token.text.contains(['[', '(']));
        if !fits {
            return None;
        }
        let mut client = Client::default();
        for (element, token) in self.elements.iter().zip(tokens) {
            if element.kind != token.kind {
                return None;
            }
            take(&element.pieces, token.text, &mut client)?;
        }
        Some(client)
    }
}

/// Returns where the parenthesis closes that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Reads the pieces of one word or comment of a shape.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('{') {
            let (name, after) = after
                .split_once('}')
                .ok_or(format!("`{text}` has an open brace"))?;
            found.push(Piece::Part(match name {
                "ip" => Part::Ip,
                "rdns" => Part::Rdns,
                "helo" => Part::Helo,
                "name" => Part::Name,
                "ident" => Part::Ident,
                "account" => Part::Account,
                "port" => Part::Port,
                "text" => Part::Text,
                _ => return Err(format!("`{{{name}}}` is no part of a shape")),
            }));
            rest = after;
        } else if let Some(after) = rest.strip_prefix(' ') {
            found.push(Piece::Blank);
            rest = after;
        } else {
            let end = rest.find([' ', '{']).unwrap_or(rest.len());
            let (literal, after) = rest.split_at(end);
            found.push(Piece::Text(literal.to_owned()));
            rest = after;
        }
    }
    Ok(found)
}

/// Compares one word or comment, outer blanks trimmed, with its pieces.
fn take<'t>(pieces: &[Piece], text: &'t str, client: &mut Client<'t>) -> Option<()> {
    let mut rest = text;
    for (at, piece) in pieces.iter().enumerate() {
        let next = pieces.get(at + 1);
        match piece {
            Piece::Text(literal) => {
                let (head, after) = rest.split_at_checked(literal.len())?;
                if !head.eq_ignore_ascii_case(literal) {
                    return None;
                }
                rest = after;
            }
            Piece::Blank => rest = rest.trim_ascii_start(),
            Piece::Part(Part::Ip)
                if let Some((addr, octets)) = quad(rest)
                    && let Some(after) = rest.get(octets..)
                    && up_to(after, ends::IP) == 0 =>
            {
                client.put_addr(addr.into());
                rest = after;
            }
            Piece::Part(part) => {
                let (value, after) = split(*part, rest, next)?;
                put(*part, value, client)?;
                rest = after;
            }
        }
    }
    rest.trim_ascii().is_empty().then_some(())
}

/// Splits the value of a part from what follows it.
fn split<'t>(part: Part, rest: &'t str, next: Option<&Piece>) -> Option<(&'t str, &'t str)> {
    let end = match part {
        Part::Text => match next {
            Some(Piece::Text(literal)) => rest.rfind(literal.as_str())?,
            _ => rest.len(),
        },
        Part::Ip => up_to(rest, ends::IP),
        Part::Port => up_to(rest, ends::PORT),
        Part::Rdns => up_to(rest, ends::NAME),
        // An identity may hold `@` itself; the last one before a blank is the server's.
        Part::Ident if matches!(next, Some(Piece::Text(glued)) if glued.starts_with('@')) => {
            rest.get(..first_blank(rest))?.rfind('@')?
        }
        // What the client said may hold blanks; where it stands last, all of it is that.
        Part::Helo if next.is_none() => rest.len(),
        Part::Helo | Part::Name | Part::Account | Part::Ident => match next {
            // A name that is glued to what follows ends where that begins.
            Some(Piece::Text(literal)) => rest.get(..first_blank(rest))?.find(literal.as_str())?,
            _ => first_blank(rest),
        },
    };
    rest.split_at_checked(end)
}

fn first_blank(text: &str) -> usize {
    up_to(text, ends::BLANK)
}

/// Returns where the first octet stands that ends such a part, or the end of the text.
fn up_to(text: &str, part: u8) -> usize {
    let ends = |octet: u8| {
        ends::TABLE
            .get(usize::from(octet))
            .is_some_and(|parts| parts & part != 0)
    };
    text.bytes().position(ends).unwrap_or(text.len())
}

/// Which octets end which parts.
mod ends {
    pub(super) const BLANK: u8 = 1;
    pub(super) const NAME: u8 = 1 << 1;
    pub(super) const IP: u8 = 1 << 2;
    pub(super) const PORT: u8 = 1 << 3;

    /// The parts that an octet ends, a bit each: to look an octet up is quicker than to compare it with each of a dozen.
    pub(super) static TABLE: [u8; 256] = table();

    #[expect(
        clippy::indexing_slicing,
        reason = "run by the compiler, which would stop at it"
    )]
    const fn table() -> [u8; 256] {
        let mut table = [0; 256];
        let mut octet = u8::MAX;
        loop {
            let blank = octet.is_ascii_whitespace();
            let name = blank || matches!(octet, b'(' | b')' | b'[' | b']' | b'@' | b',' | b';');
            let ip = !(octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b':' | b'%'));
            let port = !octet.is_ascii_digit();
            table[octet as usize] = if blank { BLANK } else { 0 }
                | if name { NAME } else { 0 }
                | if ip { IP } else { 0 }
                | if port { PORT } else { 0 };
            if octet == 0 {
                return table;
            }
            octet -= 1;
        }
    }
}

/// Puts a value where it belongs; an empty one only where the server may leave it empty.
fn put<'t>(part: Part, value: &'t str, client: &mut Client<'t>) -> Option<()> {
    match part {
        Part::Ip => client.put_addr(address(value)?),
        Part::Port => {
            (value.len() <= 5 && !value.is_empty()).then_some(())?;
        }
        Part::Text => {}
        Part::Helo => client.helo = Some(value).filter(|value| !value.is_empty()),
        Part::Rdns | Part::Name | Part::Ident | Part::Account if value.is_empty() => return None,
        // RFC 5321 §4.1.1.1: a verb of the protocol announces what the client said, never a looked-up name.
        Part::Rdns if announces(value) => return None,
        // Where an address stands for an identity, it is the client's, and what is before it HELO.
        Part::Ident if address(value.trim_matches(['[', ']'])).is_some() => return None,
        Part::Rdns => client.rdns = Some(value),
        Part::Name => {
            client.rdns = Some(value);
            client.helo = client.helo.or(Some(value));
        }
        Part::Ident => client.ident = Some(value),
        Part::Account => client.account = Some(value),
    }
    Some(())
}

/// Returns whether a word announces another value, as `HELO`, `helo=` and `EHLO:` do; no host name can.
fn announces(word: &str) -> bool {
    // RFC 1034 §3.5: letters, digits, hyphens and dots.
    let verb = word.trim_end_matches(':');
    eight::place_of(b'=', word).is_some()
        || ["HELO", "EHLO", "LHLO"]
            .iter()
            .any(|announced| announced.eq_ignore_ascii_case(verb))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stretches(part: &str) -> Vec<Stretch<'_>> {
        let mut tokens = Vec::new();
        let _ = super::super::lex::tokens(part, &mut tokens);
        tokens
            .into_iter()
            .map(|token| Stretch::of(token, part))
            .collect()
    }

    fn read<'t>(shape: &str, part: &'t str) -> Option<Client<'t>> {
        Shape::new(shape).unwrap().read(&stretches(part))
    }

    #[test]
    fn a_shape_takes_each_part_from_its_own_place() {
        let client = read("{helo} ({rdns} [{ip}])", "a.example (b.example[192.0.2.7])").unwrap();
        assert_eq!(client.helo, Some("a.example"));
        assert_eq!(client.rdns, Some("b.example"));
        assert_eq!(client.addr, "192.0.2.7".parse().ok());
        let client = read(
            "{name} ({ident}@{ip})",
            "a.example (me@here.example@192.0.2.7)",
        )
        .unwrap();
        assert_eq!(client.ident, Some("me@here.example"));
        assert_eq!(
            (client.rdns, client.helo),
            (Some("a.example"), Some("a.example"))
        );
        assert!(
            read(
                "{helo} ({rdns} [{ip}])",
                "a (b [198.51.100.1]) (c [192.0.2.7])"
            )
            .is_none()
        );
    }

    #[test]
    fn free_text_ends_where_the_shape_goes_on() {
        let shape = "{helo} ({rdns} [{ip}] (AS{text}))";
        let client = read(shape, "a (b [192.0.2.7] (AS64500 An (Example) ISP, US))").unwrap();
        assert_eq!(client.addr, "192.0.2.7".parse().ok());
        assert_eq!(read(shape, "a (b [192.0.2.7] AS64500)"), None);
    }

    #[test]
    fn what_announces_helo_is_no_looked_up_name() {
        for word in ["HELO", "helo=", "ehlo:", "name=", "HELO=x"] {
            let part = format!("[192.0.2.7] ({word} [198.51.100.1])");
            assert_eq!(read("{helo} ({rdns} [{ip}])", &part), None, "{part}");
            let glued = format!("[192.0.2.7] ({word}[198.51.100.1])");
            assert_eq!(read("{helo} ({rdns} [{ip}])", &glued), None, "{glued}");
        }
    }

    proptest! {
        #[test]
        fn a_shape_that_reads_tokens_may_fit_them(
            shape in "(\\{helo\\}|\\[\\{ip\\}\\]|A\\{rdns\\}b) (\\(\\{rdns\\} \\[\\{ip\\}\\]\\)|\\(helo=\\{helo\\}\\)|x)( \\.\\.\\.| \\{words\\})?",
            part in "(\\[192\\.0\\.2\\.7\\]|a?[bB]{1,3}) (\\(r \\[192\\.0\\.2\\.7\\] ?\\)|\\(HELO=x\\)|X|\\PC{0,9})( y| \\(y\\))?",
        ) {
            let tokens = stretches(&part);
            let shape = Shape::new(&shape).unwrap();
            if shape.read(&tokens).is_some() {
                prop_assert!(shape.may_fit(&Contour::of(&tokens)));
            }
        }

        #[test]
        fn any_text_is_compared_without_panic(text in "\\PC{0,80}") {
            let _ = read("{helo} ({rdns} [{ip}])", &text);
        }
    }
}
