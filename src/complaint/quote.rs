//! Lines as part one has them: sentences wrapped, the message quoted line by line.
//!
//! In: sentences, the masked message. Out: text with LF line ends, none longer than mail allows.
//! Standards: RFC 5322 §2.1.1 (lines of at most 998 octets, better 78).
//! Trust: a quoted line is escaped and indented: it cannot end the part, or look like our own words.

use crate::intake::Untrusted;
use crate::rules::Rules;

/// Columns at which sentences are wrapped. RFC 5322 §2.1.1 recommends at most 78.
const WRAP_COLUMNS: usize = 76;

/// The line above the quoted message. Nothing foreign stands at a line's start, so that its last one is ours.
pub(super) const RULE: &str = "* * *";

/// Characters of a quoted header or body line that stand on one line.
pub(super) const QUOTED_CHARS: usize = 900;

/// What stands for a tab.
const TAB: &str = "    ";

/// Octets of a line with others than US-ASCII that stand on one: an octet may become `\xNN`, and all stays below 998.
const PIECE_OCTETS: usize = 200;

/// Octets before its end at which such a piece rather ends at a blank.
const BLANK_OCTETS: usize = 40;

/// Returns the header section as part one quotes it: every line escaped and indented.
pub(super) fn quoted(rules: &Rules, language: &str, key: &str, octets: &[u8]) -> String {
    let heading = rules.texts.say(language, key, &[]);
    let rule = if key == "header" { RULE } else { "" };
    let mut out = format!("\n{rule}\n{}\n\n", heading.unwrap_or_default());
    for line in octets.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        out.push_str("  ");
        escaped_line(line, &mut out);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Writes one line of the message, a tab as blanks and everything dangerous escaped.
fn escaped_line(line: &[u8], out: &mut String) {
    let plain = |octet: &u8| (32..127).contains(octet) || *octet == b'\t';
    if line.iter().all(plain) {
        let text = String::from_utf8_lossy(line).replace('\t', TAB);
        if text.len() <= QUOTED_CHARS {
            out.push_str(&text);
            return;
        }
    }
    for (place, piece) in line.split(|octet| *octet == b'\t').enumerate() {
        if place > 0 {
            out.push_str(TAB);
        }
        let mut rest = piece;
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(piece_end(rest));
            out.push_str(&Untrusted::new(chunk).up_to(QUOTED_CHARS).to_string());
            if !after.is_empty() {
                out.push_str("\n    ");
            }
            rest = after;
        }
    }
}

/// Returns where the first piece of a line ends: behind a blank if one is near, and never inside a character.
fn piece_end(line: &[u8]) -> usize {
    let Some(piece) = line
        .get(..PIECE_OCTETS)
        .filter(|_| line.len() > PIECE_OCTETS)
    else {
        return line.len();
    };
    let blank = piece.iter().rposition(|octet| *octet == b' ');
    if let Some(blank) = blank.filter(|blank| blank + BLANK_OCTETS >= PIECE_OCTETS) {
        return blank + 1;
    }
    // UTF-8: what goes on with a character begins with the bits 10, at most three times.
    let goes_on = |end: usize| line.get(end).is_some_and(|octet| octet & 0xC0 == 0x80);
    (PIECE_OCTETS - 3..=PIECE_OCTETS)
        .rev()
        .find(|end| !goes_on(*end))
        .unwrap_or(PIECE_OCTETS)
}

/// Wraps a sentence at blanks; a word that is longer than a line stays whole.
///
/// Later lines begin with the indent: where a sentence holds foreign text,
/// none of it may look like a line of our own.
pub(super) fn wrapped(sentence: &str, indent: &str, out: &mut String) {
    if sentence.chars().count() <= WRAP_COLUMNS + 2 {
        out.push_str(sentence);
        out.push('\n');
        return;
    }
    let mut columns = 0;
    for word in sentence.split(' ') {
        let width = word.chars().count();
        if columns > 0 && columns + 1 + width > WRAP_COLUMNS {
            out.push('\n');
            out.push_str(indent);
            columns = indent.len();
        } else if columns > 0 {
            out.push(' ');
            columns += 1;
        }
        out.push_str(word);
        columns += width;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_wrapped_between_words() {
        let mut out = String::new();
        wrapped(&"word ".repeat(40), "  ", &mut out);
        assert!(out.lines().all(|line| line.len() <= WRAP_COLUMNS));
        assert_eq!(out.split_whitespace().count(), 40);
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_at_a_blank_if_one_is_near() {
        let quote = |line: &str| {
            let mut out = String::new();
            escaped_line(line.as_bytes(), &mut out);
            out
        };
        for line in [
            "日本語の長い行".repeat(40),
            "aä".repeat(200),
            "x🐝".repeat(100),
        ] {
            let quoted = quote(&line);
            assert_eq!(quoted.replace("\n    ", ""), line);
            assert!(quoted.lines().all(|line| line.len() <= PIECE_OCTETS + 4));
        }
        let words = "Grüße an alle ".repeat(40);
        assert!(
            quote(&words)
                .lines()
                .all(|line| words.contains(line.trim_start()))
        );
        assert!(quote(&words).lines().all(|line| line.ends_with(' ')));
        // A tab alone is no reason to cut a link.
        let link = format!(
            "\t\t<a href=\"https://www.example.net/{}\">",
            "x".repeat(300)
        );
        assert_eq!(quote(&link), link.replace('\t', TAB));
        // What is no UTF-8 at all is cut all the same.
        assert!(quote("x").len() == 1);
        let mut out = String::new();
        escaped_line(&[0xBF; 500], &mut out);
        assert_eq!(out.matches("\\xbf").count(), 500);
    }

    #[test]
    fn quoted_lines_are_escaped_and_short() {
        let mut out = String::new();
        escaped_line(
            &[
                b"\x1b]0;x\x07\ta".as_slice(),
                "\u{202e}".repeat(400).as_bytes(),
            ]
            .concat(),
            &mut out,
        );
        assert!(out.starts_with("\\x1b]0;x\\x07    a"));
        assert!(
            out.lines().all(|line| line.len() < 998),
            "{}",
            out.lines().map(str::len).max().unwrap()
        );
    }
}
