//! Sorts the words and comments of a Received field into clauses.
//!
//! In: the text of one field, its [`Token`]s. Out: [`Clauses`], borrowed from the text.
//! Standards: RFC 5321 §4.4 (time-stamp line), RFC 5322 §3.6.7 (trace fields).
//! Trust: hostile. What a client said (HELO) may hold key words; where two readings are possible,
//! [`Clauses::doubt`] says so.
//! Failures: never fails; what cannot be a clause is left in none.

use super::lex::{Mark, Token};
use super::path;
use crate::intake::eight;

/// A field, cut into its clauses.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clauses<'t> {
    /// Whether the field begins with `from`.
    pub(super) has_from: bool,
    /// First and last token of the from-clause, as a range.
    pub(super) from: (usize, usize),
    /// Host that wrote the field: the word after `by`.
    pub(super) by: Option<&'t str>,
    /// The comment directly after that word.
    pub(super) by_comment: Option<&'t str>,
    /// Protocol: the words after `with`, up to three.
    pub(super) with: Option<&'t str>,
    /// Link: the word after `via`.
    pub(super) via: Option<&'t str>,
    /// Queue id.
    pub(super) id: Option<&'t str>,
    /// Recipient, angle brackets removed.
    pub(super) for_: Option<&'t str>,
    /// Reverse path that stands in a clause of its own.
    pub(super) reverse_path: Option<&'t str>,
    /// Token that begins the first clause with a path, which somebody else than the server chose.
    pub(super) path_at: Option<usize>,
    /// What stands after the last semicolon, comments cut off.
    pub(super) date: &'t str,
    /// Why the field may be read in two ways.
    pub(super) doubt: Option<&'static str>,
}

/// Returns what stands between angle brackets, or the word itself.
pub(super) fn bare(path: &str) -> &str {
    // Nearly every id is, and to see that is quicker.
    if let [first, .., last] = path.as_bytes()
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
    {
        return path;
    }
    path.trim_start_matches('<')
        .trim_end_matches([',', '.'])
        .trim_end_matches('>')
}

/// Sorts the tokens of a field into clauses.
pub(super) fn clauses<'t>(field: &'t str, tokens: &mut [Token]) -> Clauses<'t> {
    let mut found = Clauses::default();
    let mut begin = 0;
    if tokens.first().is_some_and(|token| token.mark == Mark::From) {
        found.has_from = true;
        begin = 1;
    }
    found.from = (begin, tokens.len());
    // RFC 5321 §4.4: the by-clause follows the from-clause. A key word before it is the client's: `EHLO x with LMTP`.
    let by_at = found.has_from.then(|| writing_host(tokens)).flatten();
    let written_at = by_at.or_else(|| tokens.iter().position(is_by));
    path::silence(field, tokens, written_at.map_or(begin, |by| by + 2));
    // A server without a name writes none: `by (Vircom SMTPRS 4.0.179) with ESMTP`.
    let nameless_at = match by_at {
        None if found.has_from => tokens.iter().skip(2).position(is_by).map(|at| at + 2),
        _ => None,
    };
    let mut from_open = true;
    let mut last_semicolon = None;
    // A key word's value begins no clause, whatever it is.
    let mut value_at = None;
    for (here, token) in tokens.iter().enumerate().skip(begin) {
        let word = token.mark;
        match word {
            Mark::Plain | Mark::Path | Mark::Comment | Mark::Nested => continue,
            Mark::Semicolon => {
                last_semicolon = Some(here);
                continue;
            }
            _ if value_at == Some(here) => continue,
            _ => {}
        }
        let next = tokens.get(here + 1).filter(|next| next.is_word());
        // A key word without a value, and the first word of the from-clause, are names.
        let is_name = found.has_from && here == 1 && by_at != Some(1)
            || by_at.is_some_and(|by| here < by)
                && (word != Mark::From
                    || next.is_some_and(|next| is_no_clause(next.text(field))))
            // RFC 5321 §4.4: the date ends the field; what some servers add behind it is an id, or a path.
            || !matches!(word, Mark::Id | Mark::EnvelopeFrom | Mark::By)
                && by_at.is_some_and(|by| last_semicolon.is_some_and(|semicolon| by < semicolon));
        let Some(next) = next.filter(|_| !is_name) else {
            if nameless_at == Some(here) && from_open {
                found.from.1 = here;
                from_open = false;
            }
            continue;
        };
        let text = next.text(field);
        match word {
            Mark::By if found.by.is_none() => {
                found.by = Some(text);
                found.by_comment = tokens
                    .get(here + 2)
                    .filter(|token| token.is_comment())
                    .map(|token| token.text(field));
            }
            // `by HOST by uid N`: no host, but qmail-scanner's, Exim's and another's own words.
            Mark::By if is_own_word(text) => {}
            Mark::By => {
                found.doubt = Some("it names two writing hosts");
            }
            Mark::Via => found.via = found.via.or(Some(text)),
            Mark::With if found.with.is_none() => {
                found.with = Some(words(field, tokens, here + 1));
            }
            Mark::Id => found.id = found.id.or(Some(bare(text))),
            Mark::For => {
                found.for_ = found
                    .for_
                    .or(Some(bare(path::text(field, tokens, here + 1))));
                found.path_at = found.path_at.or(Some(here));
            }
            Mark::From if text.starts_with('<') => {
                found.reverse_path = Some(bare(path::text(field, tokens, here + 1)));
                found.path_at = found.path_at.or(Some(here));
            }
            Mark::From if found.by.is_none() && found.has_from => {
                found.doubt = Some("it has two from-clauses");
            }
            Mark::EnvelopeFrom => {
                found.reverse_path = Some(bare(path::text(field, tokens, here + 1)));
                found.path_at = found.path_at.or(Some(here));
            }
            // RFC 2033 §1: LMTP stays inside; who gets that word in beside the server's own comes in with it.
            Mark::With if is_lmtp(text) != found.with.is_some_and(is_lmtp) => {
                found.doubt = Some("it names two protocols");
            }
            _ => {}
        }
        if from_open {
            found.from.1 = here;
            from_open = false;
        }
        value_at = Some(here + 1);
    }
    if let (true, Some(semicolon)) = (from_open, last_semicolon) {
        found.from.1 = semicolon;
    }
    // Where no host is seen, what swallowed it may stand anywhere.
    let said_to = nameless_at.map_or(found.from.1, |_| tokens.len());
    let said = tokens.get(found.from.0..said_to).unwrap_or_default();
    if said
        .iter()
        .any(|token| token.mark == Mark::Nested && holds_a_host(token.text(field)))
    {
        found.doubt = Some("a comment of its from-clause holds what may be the writing host");
    }
    // SendGrid and others leave the semicolon out.
    let date_at = last_semicolon.map(|semicolon| semicolon + 1);
    let day = || {
        tokens
            .iter()
            .rposition(|token| is_weekday(token.text(field)))
    };
    if let Some(begin) = date_at.or_else(|| found.by.and_then(|_| day())) {
        found.date = date_text(field, tokens, begin);
    }
    found
}

/// Returns where the by-clause begins: the first `by` with a value behind the client's own name.
fn writing_host(tokens: &[Token]) -> Option<usize> {
    let is_word = |at: usize| tokens.get(at).is_some_and(|token| token.is_word());
    let is_host = |(at, token): &(usize, &Token)| is_by(token) && is_word(at + 1);
    let places = || tokens.iter().enumerate();
    // `from by HOST`: the client called itself nothing at all.
    let found = places().skip(2).find(is_host);
    let found = found.or_else(|| places().nth(1).filter(is_host));
    found.map(|(at, _)| at)
}

/// Returns whether what follows a second `from` is no client: a path, Exim's subject of a certificate (`C=NA,O=…`), or an
/// address, which only Smail writes there. Whether such a server wrote the field is for the rules to say.
fn is_no_clause(text: &str) -> bool {
    text.starts_with(['<', '[']) || text.contains('=')
}

fn is_by(token: &Token) -> bool {
    token.mark == Mark::By
}

/// Returns whether what follows a second `by` is a word that servers write there, and never a host.
fn is_own_word(text: &str) -> bool {
    ["uid", "authid", "TLS"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text))
}

/// Returns whether a comment closes another one and goes on with `by`: a parenthesis that the client opened
/// has swallowed the server's own words, up to one that it closed further down, in its reverse path.
fn holds_a_host(comment: &str) -> bool {
    let mut rest = comment;
    while let Some(closed) = eight::place_of(b')', rest) {
        rest = rest.get(closed + 1..).unwrap_or_default();
        let mut words = rest.split_ascii_whitespace();
        let is_by = |word: &str| word.eq_ignore_ascii_case("by");
        if words.next().is_some_and(is_by)
            && words.next().is_some_and(|host| !host.starts_with(')'))
        {
            return true;
        }
    }
    false
}

fn is_lmtp(protocol: &str) -> bool {
    let protocol = protocol.as_bytes();
    let protocol = match protocol.get(..4) {
        Some(tag) if tag.eq_ignore_ascii_case(b"UTF8") => protocol.get(4..).unwrap_or_default(),
        _ => protocol,
    };
    protocol
        .get(..4)
        .is_some_and(|name| name.eq_ignore_ascii_case(b"LMTP"))
}

/// Returns up to three words from `at` on, as they stand.
fn words<'t>(field: &'t str, tokens: &[Token], at: usize) -> &'t str {
    let begin = tokens.get(at).map_or(0, |token| token.begin());
    let words = tokens.iter().skip(at).take(3);
    let end = words
        .take_while(|token| token.is_plain())
        .fold(begin, |_, token| token.end());
    field.get(begin..end).unwrap_or_default()
}

/// Returns whether a word is a day's name as it begins a date. RFC 5322 §3.3: `day-name ","`.
fn is_weekday(word: &str) -> bool {
    ["Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"].contains(&word)
}

/// Returns the date from a token on, up to a comment or the next clause; comments before it are left out.
fn date_text<'t>(field: &'t str, tokens: &[Token], begin: usize) -> &'t str {
    let behind = tokens.get(begin..).unwrap_or_default();
    let comments = behind.iter().take_while(|token| token.is_comment());
    let behind = behind.get(comments.count()..).unwrap_or_default();
    let begin = behind.first().map_or(0, |token| token.begin());
    let end = behind
        .iter()
        .take_while(|token| token.is_plain())
        .fold(begin, |_, token| token.end());
    field.get(begin..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::lex;
    use super::*;
    use proptest::prelude::*;

    fn cut(field: &str) -> (Vec<Token>, Clauses<'_>) {
        let mut out = Vec::new();
        let _ = lex::tokens(field, &mut out);
        let found = clauses(field, &mut out);
        (out, found)
    }

    fn from(field: &str) -> Vec<&str> {
        let (tokens, found) = cut(field);
        tokens[found.from.0..found.from.1]
            .iter()
            .map(|token| token.text(field))
            .collect()
    }

    #[test]
    fn clauses_are_found_over_folds_and_in_any_order() {
        let (_, found) = cut(
            "from a.example\r\n\t(b.example [192.0.2.7])\r\n\tBY mx.example.net (Postfix) with ESMTPS\r\n\tid 4F2C\r\n\tfor <me@example.net>; Sat, 21 Nov 2026 10:00:00 +0000 (UTC)",
        );
        assert_eq!(found.by, Some("mx.example.net"));
        assert_eq!(found.by_comment, Some("Postfix"));
        assert_eq!(found.with, Some("ESMTPS"));
        assert_eq!(found.id, Some("4F2C"));
        assert_eq!(found.for_, Some("me@example.net"));
        assert_eq!(found.date, "Sat, 21 Nov 2026 10:00:00 +0000");
        let (_, found) =
            cut("from a by b with esmtp; Thu, 10 Nov 2005 08:24:21 -0600 id 000000DB.43735815");
        assert_eq!(found.id, Some("000000DB.43735815"));
        assert_eq!(found.date, "Thu, 10 Nov 2005 08:24:21 -0600");
    }

    #[test]
    fn what_a_client_said_does_not_end_the_from_clause() {
        assert_eq!(
            from("from x;y (r.example [192.0.2.7]) by mx.example.net"),
            ["x;y", "r.example [192.0.2.7]"]
        );
        assert_eq!(
            from("from a(b (r.example [192.0.2.7]) by mx.example.net"),
            ["a(b", "r.example [192.0.2.7]"]
        );
        assert_eq!(
            from("from x) (r.example [192.0.2.7])by mx.example.net"),
            ["x)", "r.example [192.0.2.7]"]
        );
        assert_eq!(
            from("from name_([198.51.100.1]) (r [192.0.2.7]) by mx"),
            ["name_([198.51.100.1])", "r [192.0.2.7]"]
        );
        assert_eq!(
            from("from web.host.by (helo by x) by mx.example.by"),
            ["web.host.by", "helo by x"]
        );
        assert_eq!(
            from("from 192.0.2.7 (SquirrelMail authenticated user a); by w with HTTP; Thu"),
            ["192.0.2.7", "SquirrelMail authenticated user a", ";"]
        );
    }

    #[test]
    fn a_key_word_that_the_client_said_begins_no_clause() {
        assert_eq!(
            from("from (x [198.51.100.1]) from < (r [192.0.2.7]) by mx; Thu").len(),
            4
        );
        let (tokens, found) = cut(
            "from x with LMTP id 1 (r.example [192.0.2.7]) by mx.example.net with ESMTP id 2; Thu",
        );
        assert_eq!((found.with, found.id), (Some("ESMTP"), Some("2")));
        assert_eq!(
            tokens.get(found.from.0..found.from.1).map(<[_]>::len),
            Some(6)
        );
        let (_, found) = cut(
            "from x(y (192.0.2.7) by mx id 1; Thu (envelope-from <\"z with LMTP (\"@a.example>)",
        );
        assert_eq!((found.by, found.with), (Some("mx"), None));
        let (_, found) = cut(
            "from x (r [192.0.2.7]) by mx (sender <\"y) with LMTP (\"@a.example>) with ESMTP; Thu",
        );
        assert_eq!((found.with, found.doubt), (Some("ESMTP"), None));
        for doubtful in [
            "from (198.51.100.1)by mx; ([192.0.2.7]) by mx with ESMTP; Thu",
            "from [198.51.100.1](HELO (r [192.0.2.7]) by mx with ESMTP for <\"y) by mx\"@a.example>; Thu",
        ] {
            assert!(cut(doubtful).1.doubt.is_some(), "{doubtful}");
        }
    }

    #[test]
    fn two_writing_hosts_are_a_doubt() {
        let (_, found) = cut("from a by b.example (r [192.0.2.7]) by mx.example.net; Thu");
        assert!(found.doubt.is_some());
        let (_, found) = cut("from a by (r [192.0.2.7]) by mx.example.net; Thu");
        assert_eq!(found.by, Some("mx.example.net"));
    }

    #[test]
    fn brackets_keep_their_blanks() {
        let (_, found) = cut(
            "from a (192.0.2.7:63) by mx with [XMail 1.20 ESMTP Server] id <S72E> for <\"v by q\"@example.org> from <b@example.org>; x",
        );
        assert_eq!(found.with, Some("[XMail 1.20 ESMTP Server]"));
        assert_eq!(found.id, Some("S72E"));
        assert_eq!(found.for_, Some("\"v by q\"@example.org"));
        assert_eq!(found.reverse_path, Some("b@example.org"));
    }

    #[test]
    fn what_follows_a_second_by_may_be_a_word_of_the_servers_own() {
        let (_, found) = cut(
            "from a.example ([192.0.2.7] helo=x) by mx.example.net with esmtpsa (Exim 4.63) id 1 by authid <anna@example.org> with cram_md5; Thu",
        );
        assert_eq!((found.by, found.doubt), (Some("mx.example.net"), None));
        assert_eq!(found.with, Some("esmtpsa"));
        let (_, found) = cut("from x by TLS (r [192.0.2.7]) by mx.example.net; Thu");
        assert!(found.doubt.is_some());
    }

    #[test]
    fn a_server_without_a_name_ends_the_from_clause_too() {
        for field in [
            "from x ([192.0.2.7]) by (Vircom SMTPRS 4.0.179) with ESMTP id 1; Thu",
            "from x ([192.0.2.7]) by ; Thu",
        ] {
            assert_eq!(from(field), ["x", "[192.0.2.7]"], "{field}");
            assert_eq!(cut(field).1.by, None, "{field}");
        }
        let swallowed = "from x ([198.51.100.1]) by ( (r [192.0.2.7]) by mx for <a)b>; Thu";
        assert!(cut(swallowed).1.doubt.is_some());
    }

    #[test]
    fn a_client_that_called_itself_nothing_leaves_the_place_empty() {
        for field in [
            "from by mx.example.net with SMTP; Thu",
            "from by x (r [192.0.2.7]) by mx.example.net; Thu",
        ] {
            assert_eq!(cut(field).1.by, Some("mx.example.net"), "{field}");
        }
    }

    #[test]
    fn a_comment_before_the_date_is_no_date() {
        let date = "Wed, 18 Jun 2026 11:14:40 +0400";
        let field = format!("from a by b with ESMTP id 1; (8.12.9/D) {date} (MSD)");
        assert_eq!(cut(&field).1.date, date);
        let field = format!("from a (unknown) by b (SG) with HTTP id 1 {date} (MSD)");
        assert_eq!(cut(&field).1.date, date);
    }

    proptest! {
        #[test]
        fn the_clauses_of_any_text_lie_inside_it(field in "[ -~\\t\\n]{0,200}") {
            let (tokens, found) = cut(&field);
            prop_assert!(found.from.0 <= found.from.1 || tokens.is_empty());
            prop_assert!(found.from.1 <= tokens.len());
        }
    }
}
