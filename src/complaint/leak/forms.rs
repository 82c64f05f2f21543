//! Every form in which an own address or word is looked for.
//!
//! In: [`Own`]. Out: [`Forms`]: plain needles, and the digests of the addresses.
//! Standards: RFC 5321 §4.1.2 (Mailbox); the separators are those of VERP, SRS and of people who avoid `@`.
//! Trust: the own addresses come from the settings, and from fields that own hosts wrote.
//! Limits: salted or encrypted tokens, pictures, and names that nobody told us are not found.

use std::ops::Range;

use aho_corasick::{AhoCorasick, Match, MatchKind, packed};

use super::codes::Codes;
use super::digest::Digests;
use super::pressed::without_blanks;
use super::sieve;
use crate::complaint::own::Own;

/// Where munging puts addresses: RFC 2606 §2 keeps `.invalid` free for ever.
pub(crate) const MUNGED_DOMAIN: &str = "munged.invalid";

/// What a local part is called that the message alone gives away, not the settings.
pub(crate) const SHOWN_LOCAL_PART: &str = "local part of the recipient's address";

/// What a word, name or number of the settings is called.
pub(crate) const OWN_WORD: &str = "own word";

/// What a mail domain that is hidden as a whole is called.
pub(crate) const OWN_DOMAIN: &str = "own domain";

/// Characters of base32 that are looked for, at least: seven octets.
const BASE32_CHARS: usize = 12;

/// Pieces of needles that are looked at one by one; where there are more, one pass over the text costs less.
const NEAR_MISSES: usize = 16;

/// One form of an own address or word, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needle {
    /// The form, lower case.
    pub(crate) octets: Vec<u8>,
    /// What it is, for the user.
    pub(crate) form: &'static str,
    /// Whether letters and digits around it make it another word.
    pub(crate) is_word: bool,
    /// What it becomes; `None` for a code, whose letters become `x` one by one.
    pub(crate) becomes: Option<String>,
}

/// All forms of all own addresses and words, ready to be looked for.
#[derive(Debug)]
pub(crate) struct Forms {
    pub(crate) needles: Vec<Needle>,
    pub(crate) digests: Digests,
    /// What base64 shows of the needles.
    pub(super) codes: Codes,
    /// Octets of the longest needle.
    pub(super) longest: usize,
    /// Tells whether a text holds a needle.
    any: Sieved,
    /// Tells whether a text without its blanks holds a needle without its own.
    pressed: Sieved,
    /// Gives every match, overlapping ones too.
    all: Option<AhoCorasick>,
    plain: Plain,
}

impl Forms {
    /// Makes the forms of what identifies the user.
    pub(crate) fn of(own: &Own) -> Self {
        let mut needles = Vec::new();
        for address in &own.addresses {
            address_forms(address, own, &mut needles);
        }
        for word in &own.words {
            phrase_forms(word, &mut needles);
        }
        for domain in &own.domains {
            add(
                &mut needles,
                domain.clone(),
                OWN_DOMAIN,
                false,
                MUNGED_DOMAIN,
            );
            coded_forms(domain, OWN_DOMAIN, &mut needles);
        }
        needles.retain(|needle| !needle.octets.is_empty());
        let one_octet_each: Vec<Needle> = needles.iter().filter_map(in_latin_1).collect();
        needles.extend(one_octet_each);
        // Of two needles of the same octets, the first says more.
        let mut seen = std::collections::HashSet::new();
        needles.retain(|needle| seen.insert(needle.octets.clone()));
        let digests = Digests::of(own.addresses.iter().chain(&own.spellings));
        let lowers = own.addresses.iter().map(|own| own.to_ascii_lowercase());
        let lowers: Vec<String> = lowers.collect();
        let domains: Vec<&str> = lowers
            .iter()
            .filter_map(|own| Some(own.rsplit_once('@')?.1))
            .collect();
        let pieces = sieve::of(
            needles.iter().map(|needle| needle.octets.as_slice()),
            &domains,
        );
        let longest = needles.iter().map(|needle| needle.octets.len()).max();
        let longest = longest.unwrap_or_default();
        let mut pressed: Vec<Vec<u8>> = needles
            .iter()
            .map(|needle| without_blanks(&needle.octets))
            .collect();
        pressed.retain(|octets| !octets.is_empty());
        Self {
            codes: Codes::of(&needles, &pieces),
            any: Sieved::of(needles.iter().map(|needle| &needle.octets), pieces, longest),
            pressed: Sieved::of(
                &pressed,
                sieve::of(pressed.iter().map(Vec::as_slice), &domains),
                longest,
            ),
            all: AhoCorasick::new(needles.iter().map(|needle| &needle.octets)).ok(),
            plain: Plain::of(&needles),
            longest,
            needles,
            digests,
        }
    }

    /// Returns whether a text in lower case may hold a needle.
    pub(crate) fn may_hold(&self, lower: &[u8]) -> bool {
        self.any.may_match(lower)
    }

    /// Returns whether a text in lower case, without its blanks, holds a needle without its own.
    pub(super) fn may_hold_pressed(&self, lower: &[u8]) -> bool {
        self.pressed.may_match(lower)
    }

    /// Returns where addresses stand in a text in lower case as they are, and what each becomes, one after another.
    ///
    /// No reading of the text can find a longer form in their place, so they may be masked at once.
    pub(super) fn plain_in(&self, lower: &[u8]) -> Vec<(&str, Range<usize>)> {
        let hits: Vec<Match> = match &self.plain {
            Plain { few: Some(few), .. } => few.find_iter(lower).collect(),
            Plain { any: Some(any), .. } => any.find_iter(lower).collect(),
            _ => Vec::new(),
        };
        let becomes = |hit: Match| {
            let becomes = self.plain.becomes.get(hit.pattern().as_usize())?;
            Some((becomes.as_str(), hit.range()))
        };
        hits.into_iter().filter_map(becomes).collect()
    }

    /// Returns the needles of a text in lower case with their places, longest first where they overlap.
    pub(crate) fn all_in(&self, lower: &[u8]) -> Vec<(&Needle, Range<usize>)> {
        let Some(all) = &self.all else {
            return Vec::new();
        };
        let mut found: Vec<_> = all
            .find_overlapping_iter(lower)
            .filter_map(|hit| {
                let needle = self.needles.get(hit.pattern().as_usize())?;
                (!needle.is_word || stands_alone(lower, hit.range())).then(|| (needle, hit.range()))
            })
            .collect();
        found.sort_by_key(|(_, range)| (range.start, std::cmp::Reverse(range.end)));
        let mut end = 0;
        found.retain(|(_, range)| {
            let free = range.start >= end;
            if free {
                end = range.end;
            }
            free
        });
        found
    }
}

/// Tells at memory speed that a text holds none of some needles.
#[derive(Debug)]
struct Sieved {
    /// Octets of which every needle holds some.
    sieve: Option<packed::Searcher>,
    any: Option<AhoCorasick>,
    longest: usize,
}

impl Sieved {
    fn of<'n>(
        needles: impl IntoIterator<Item = &'n Vec<u8>>,
        pieces: Vec<Vec<u8>>,
        longest: usize,
    ) -> Self {
        let kind = MatchKind::LeftmostFirst;
        Self {
            sieve: packed::Searcher::new(pieces),
            any: AhoCorasick::builder().match_kind(kind).build(needles).ok(),
            longest,
        }
    }

    /// Returns whether a text holds a needle.
    fn may_match(&self, text: &[u8]) -> bool {
        let Some(any) = &self.any else {
            return false;
        };
        let Some(sieve) = &self.sieve else {
            return any.is_match(text);
        };
        for (number, hit) in sieve.find_iter(text).enumerate() {
            if number == NEAR_MISSES {
                return any.is_match(text);
            }
            let end = hit.end().saturating_add(self.longest).min(text.len());
            let near = text.get(hit.start().saturating_sub(self.longest)..end);
            if any.is_match(near.unwrap_or_default()) {
                return true;
            }
        }
        false
    }
}

/// Gives the plain addresses that stand in no other needle.
#[derive(Debug)]
struct Plain {
    /// Finds them at memory speed, where they are few.
    few: Option<packed::Searcher>,
    any: Option<AhoCorasick>,
    /// What each becomes.
    becomes: Vec<String>,
}

impl Plain {
    /// Takes the plain addresses of which no other needle is a longer form.
    fn of(needles: &[Needle]) -> Self {
        let holds = |other: &Needle, needle: &Needle| {
            other.octets.len() > needle.octets.len()
                && memchr::memmem::find(&other.octets, &needle.octets).is_some()
        };
        let plain = needles.iter().filter(|needle| {
            needle.octets.contains(&b'@')
                && !needle.is_word
                && !needles.iter().any(|other| holds(other, needle))
        });
        let (octets, becomes): (Vec<_>, Vec<_>) = plain
            .filter_map(|needle| Some((&needle.octets, needle.becomes.clone()?)))
            .unzip();
        let kind = MatchKind::LeftmostFirst;
        Self {
            few: packed::Searcher::new(&octets),
            any: AhoCorasick::builder().match_kind(kind).build(octets).ok(),
            becomes,
        }
    }
}

/// Returns whether no letter or digit touches a match.
fn stands_alone(text: &[u8], range: Range<usize>) -> bool {
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(range.end);
    ![before, after]
        .into_iter()
        .flatten()
        .any(u8::is_ascii_alphanumeric)
}

fn add(needles: &mut Vec<Needle>, text: String, form: &'static str, is_word: bool, becomes: &str) {
    needles.push(Needle {
        octets: text.to_ascii_lowercase().into_bytes(),
        form,
        is_word,
        becomes: Some(becomes.to_owned()),
    });
}

/// Between local part and domain, and what the form is called.
///
/// RFC 5321 §3.6: VERP and SRS write an address inside another local part, where `@` may not stand.
const SEPARATORS: [(&str, &str); 17] = [
    ("@", "address"),
    // RFC 5321 §4.1.2: `"jane"@example.org` is the same mailbox.
    ("\"@", "address in quotes"),
    ("%", "address with `%`"),
    ("+", "address with `+`"),
    ("--", "address with `--`"),
    ("$", "address with `$`"),
    (":", "address with `:`"),
    ("|", "address with `|`"),
    ("=", "address with `=` (VERP)"),
    ("-", "address with `-` (VERP)"),
    (".", "address with `.`"),
    (" at ", "address with `at`"),
    ("at", "address with `at`"),
    ("+at+", "address with `at`"),
    ("/", "address with `/`"),
    ("_", "address with `_`"),
    ("#", "address with `#`"),
];

/// Between domain and local part.
const REVERSED_SEPARATORS: [(&str, &str); 3] = [
    ("=", "address in SRS form"),
    ("!", "address in UUCP form"),
    ("/", "address with the domain first"),
];

fn address_forms(address: &str, own: &Own, needles: &mut Vec<Needle>) {
    shifted_forms(address, needles);
    let address = address.to_ascii_lowercase();
    shifted_forms(&address, needles);
    let Some((local, domain)) = address.rsplit_once('@') else {
        return;
    };
    let is_exact = own
        .exact
        .iter()
        .any(|one| one.eq_ignore_ascii_case(&address));
    let base = local.split('+').next().unwrap_or(local);
    let dotless = base.replace('.', "");
    for (local, form) in [
        (local, ""),
        (base, "base address"),
        (dotless.as_str(), "address without dots"),
    ] {
        if local.is_empty()
            || (!form.is_empty()
                && needles
                    .iter()
                    .any(|n| n.octets == format!("{local}@{domain}").as_bytes()))
        {
            continue;
        }
        for separator in ["-", "_"].into_iter().filter(|_| !is_exact) {
            // In the name of a host or a file, every other sign becomes one, too.
            let flat = |text: &str| text.replace(['.', '+', '_', '-'], separator);
            let text = format!("{}{separator}{}", flat(local), flat(domain));
            let munged = format!("x{separator}{}", flat(MUNGED_DOMAIN));
            add(
                needles,
                text,
                "address with one sign for all",
                false,
                &munged,
            );
        }
        for (separator, name) in SEPARATORS {
            if is_exact && !matches!(separator, "@" | "=") {
                continue;
            }
            // A dash or underscore form hyphenates the domain, too.
            let flat = match separator {
                "-" | "_" => domain.replace('.', separator),
                _ => domain.to_owned(),
            };
            let munged = match separator {
                "-" | "_" => MUNGED_DOMAIN.replace('.', separator),
                _ => MUNGED_DOMAIN.to_owned(),
            };
            let name = if form.is_empty() || separator != "@" {
                name
            } else {
                form
            };
            add(
                needles,
                format!("{local}{separator}{flat}"),
                name,
                false,
                &format!("x{separator}{munged}"),
            );
        }
        for (separator, name) in REVERSED_SEPARATORS {
            if is_exact && separator != "=" {
                continue;
            }
            let munged = format!("{MUNGED_DOMAIN}{separator}x");
            add(
                needles,
                format!("{domain}{separator}{local}"),
                name,
                false,
                &munged,
            );
        }
        coded_forms(&format!("{local}@{domain}"), "address", needles);
    }
    for (local, name) in [(local, "local part"), (base, "base of the local part")] {
        if let Some(is_mine) = own.telling(local) {
            let name = if is_mine { name } else { SHOWN_LOCAL_PART };
            add(needles, local.to_owned(), name, true, "x");
            coded_forms(local, name, needles);
            for separator in ["-", "_"] {
                let flat = local.replace(['.', '+', '_', '-'], separator);
                add(needles, flat, name, true, "x");
            }
        }
    }
}

/// Adds the forms of a name or number: its words joined in every way that links and field names join them.
fn phrase_forms(phrase: &str, needles: &mut Vec<Needle>) {
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let joints: &[&str] = if words.len() > 1 {
        &[" ", "+", "_", "-", ".", ""]
    } else {
        &[" "]
    };
    for joint in joints {
        let text = words.join(joint);
        add(needles, text.clone(), OWN_WORD, true, "x");
        // Case folds beyond ASCII: `É` and `é` are the same name.
        add(needles, text.to_lowercase(), OWN_WORD, true, "x");
        add(needles, text.to_uppercase(), OWN_WORD, true, "x");
    }
    if phrase.len() >= 5 {
        coded_forms(phrase, OWN_WORD, needles);
    }
}

/// Returns a needle as ISO-8859-1 and windows-1252 write it, if it has letters beyond US-ASCII that these know.
fn in_latin_1(needle: &Needle) -> Option<Needle> {
    let text = std::str::from_utf8(&needle.octets).ok()?;
    let octets: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    Some(Needle {
        octets: octets.filter(|_| !text.is_ascii())?,
        ..needle.clone()
    })
}

/// Adds the codes that are no encoding of single octets in place: those are undone by the views.
fn coded_forms(text: &str, form: &'static str, needles: &mut Vec<Needle>) {
    let lower = text.to_ascii_lowercase();
    let rot13: Vec<u8> = lower
        .bytes()
        .map(|octet| match octet {
            b'a'..=b'z' => (octet - b'a' + 13) % 26 + b'a',
            _ => octet,
        })
        .collect();
    let mut code = |octets: Vec<u8>| {
        if octets.len() >= 5 {
            needles.push(Needle {
                octets,
                form,
                is_word: false,
                becomes: None,
            });
        }
    };
    code(rot13);
    // All printable characters turned by 47, as some scripts do.
    let rot47 = |text: &str| -> Vec<u8> {
        let turned = text.bytes().map(|octet| match octet {
            b'!'..=b'~' => (octet - b'!' + 47) % 94 + b'!',
            _ => octet,
        });
        turned.map(|octet| octet.to_ascii_lowercase()).collect()
    };
    code(rot47(&lower));
    code(lower.bytes().rev().collect());
    for case in [text.to_owned(), lower.clone(), text.to_ascii_uppercase()] {
        for encoding in [data_encoding::BASE32_NOPAD, data_encoding::BASE32HEX_NOPAD] {
            code(base32(encoding, &case, 0));
        }
    }
}

/// Adds an address in base32 wherever its code begins: `e=jane@…`.
///
/// Only as it is: each of these is looked for by a piece of its own.
fn shifted_forms(address: &str, needles: &mut Vec<Needle>) {
    for before in 1..5 {
        let octets = base32(data_encoding::BASE32_NOPAD, address, before);
        if !octets.is_empty() {
            needles.push(Needle {
                octets,
                form: "address",
                is_word: false,
                becomes: None,
            });
        }
    }
}

/// Returns the characters that a text has in base32 behind so many octets, but for those that others have a part in.
///
/// RFC 4648 §6: a character holds five bits. Fewer than [`BASE32_CHARS`] tell nothing.
fn base32(encoding: data_encoding::Encoding, text: &str, before: usize) -> Vec<u8> {
    let mut octets = vec![0; before];
    octets.extend_from_slice(text.as_bytes());
    let mut chars = encoding.encode(&octets).to_ascii_lowercase().into_bytes();
    chars.truncate(octets.len() * 8 / 5);
    chars.drain(..(before * 8).div_ceil(5).min(chars.len()));
    if chars.len() < BASE32_CHARS {
        chars.clear();
    }
    chars
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(own: &str, text: &str) -> Vec<String> {
        let forms = Forms::of(&Own::of_addresses(&[own]));
        let lower = text.to_ascii_lowercase();
        forms
            .all_in(lower.as_bytes())
            .into_iter()
            .map(|(_, range)| lower[range].to_owned())
            .collect()
    }

    #[test]
    fn the_longest_form_is_found_where_several_begin() {
        let text =
            "To Jane.Doe+shop@example.org or jane.doe@example.org or janedoe@example.org, jane.doe";
        assert_eq!(
            found("jane.doe+shop@example.org", text),
            [
                "jane.doe+shop@example.org",
                "jane.doe@example.org",
                "janedoe@example.org",
                "jane.doe"
            ]
        );
    }

    #[test]
    fn letters_beyond_ascii_are_found_in_one_octet_each() {
        let mut own = Own::of_addresses(&["anna@m\u{fc}ller.example"]);
        own.words = vec!["Jane D\u{f6}e".to_owned()];
        let forms = Forms::of(&own);
        let all = |text: &[u8]| forms.all_in(&text.to_ascii_lowercase()).len();
        assert_eq!(all(b"To anna@m\xfcller.example"), 1);
        assert_eq!(all(b"Dear JANE D\xd6E, jane d\xf6e"), 2);
        assert_eq!(all("anna@m\u{fc}ller.example".as_bytes()), 1);
    }

    #[test]
    fn a_role_or_a_plain_short_word_is_no_form_by_itself() {
        assert_eq!(
            found("info@example.org", "info: mail info=example.org"),
            ["info=example.org"]
        );
        assert_eq!(
            found("anna@example.org", "Anna, anna@example.org"),
            ["anna@example.org"]
        );
        assert_eq!(
            found("anna22@example.org", "Dear anna22, anna223"),
            ["anna22"]
        );
    }
}
