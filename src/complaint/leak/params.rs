//! Reads the value of a parameter that goes on in others.
//!
//! In: octets. Out: the octets without what stands between the pieces: `name*0="jane.d"; name*1="oe@…"`.
//! Standards: RFC 2231 §3 (continuations), §4.1 (their charset and percent signs).
//! Trust: hostile; one pass, and what is passed over is bounded by what a field name may be.
//! Limits: pieces that do not stand one behind the other are not put in order.

use super::view::{Out, is_blank};

/// Octets of a parameter's name at most; real ones have eight.
const NAME_LIMIT: usize = 40;

/// Digits of a piece's number at most.
const DIGITS: usize = 4;

/// Returns whether some parameter may go on in another.
pub(super) fn may_go_on(text: &[u8]) -> bool {
    memchr::memchr_iter(b'*', text).any(|at| {
        let rest = text.get(at + 1..).unwrap_or_default();
        matches!(rest, [b'1'..=b'9', ..])
    })
}

/// Copies a text without what stands between the pieces of a value.
pub(super) fn joined(text: &[u8], out: &mut impl Out) {
    let mut at = 0;
    while let Some(found) = text
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b';', rest))
    {
        out.keep(text, at..at + found);
        at += found;
        match between(text.get(at..).unwrap_or_default()) {
            Some(length) => at += length,
            None => {
                out.keep(text, at..at + 1);
                at += 1;
            }
        }
    }
    out.keep(text, at..text.len());
}

/// Returns the length of what a text begins with, if that leads from one piece of a value to the next: `"; name*1*="`.
fn between(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"\"").unwrap_or(text);
    let rest = without_blanks(rest).strip_prefix(b";")?;
    let rest = without_blanks(rest);
    let is_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.".contains(octet);
    let name = length(rest, NAME_LIMIT, is_name);
    let rest = rest.get(name..)?.strip_prefix(b"*")?;
    let digits = length(rest, DIGITS, u8::is_ascii_digit);
    // RFC 2231 §3: the first piece is number 0.
    let (number, rest) = rest.split_at_checked(digits)?;
    if number.iter().all(|digit| *digit == b'0') {
        return None;
    }
    let rest = rest.strip_prefix(b"*").unwrap_or(rest);
    let rest = without_blanks(without_blanks(rest).strip_prefix(b"=")?);
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    Some(text.len() - rest.len())
}

fn length(text: &[u8], limit: usize, holds: impl Fn(&u8) -> bool) -> usize {
    text.iter()
        .take(limit)
        .take_while(|octet| holds(octet))
        .count()
}

fn without_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|octet| is_blank(**octet)).count();
    text.get(blanks..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let mut out = Vec::new();
        joined(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn pieces_of_a_value_are_put_together_and_other_parameters_are_not() {
        assert_eq!(
            read("a; name*0=\"jane.d\"; name*1=\"oe@x\"; b=c"),
            "a; name*0=\"jane.doe@x\"; b=c"
        );
        assert_eq!(
            read("name*0*=utf-8''jane.d;\r\n name*1*=oe%40x"),
            "name*0*=utf-8''jane.doe%40x"
        );
        assert_eq!(
            read("filename*9=a; filename*10=\"b\" ;\tx*11 = c"),
            "filename*9=abc"
        );
        for text in ["a=\"b\"; c=\"d\"", "a*0=b; a*00=c; d*e=f; *", "a\"; 2*1"] {
            assert_eq!(read(text), text);
        }
    }
}
