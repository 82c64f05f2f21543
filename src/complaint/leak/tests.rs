//! Hides an address in every form and looks whether it is found, and gone after masking.

use data_encoding::{BASE32, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use proptest::prelude::*;
use sha2::Digest;

use super::*;
use crate::complaint::own::Own;

const ADDRESS: &str = "Jane.Doe+shop@Example.org";

fn forms() -> Forms {
    Forms::of(&Own::of_addresses(&[ADDRESS]))
}

/// Every form in which bulk mail was seen to carry an address, and some more.
fn hidden() -> Vec<(String, Vec<u8>)> {
    let lower = ADDRESS.to_ascii_lowercase();
    let octets = lower.as_bytes();
    let each =
        |write: fn(u8) -> String| octets.iter().map(|octet| write(*octet)).collect::<String>();
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut put = |name: &str, text: String| all.push((name.to_owned(), text.into_bytes()));
    for (name, text) in [
        ("plain", ADDRESS),
        ("folded", "To:\r\n jane.doe+shop@\r\n example.org"),
        ("percent", "u=jane.doe%2Bshop%40example.org"),
        ("percent twice", "u=jane.doe%252Bshop%2540example.org"),
        ("percent thrice", "u=jane.doe%25252Bshop%252540example.org"),
        ("soft break", "Hi jane.d=\r\noe+shop=40exam=\r\nple.org"),
        ("mixed references", "jane.doe+shop&#64;example&period;org"),
        ("verp", "bounce-jane.doe+shop=example.org@spam.example"),
        ("verp dash", "b-jane.doe+shop-example-org@spam.example"),
        ("srs", "SRS0=ab=cd=example.org=jane.doe+shop@fwd.example"),
        ("local part", "Dear jane.doe+shop,"),
        ("base", "Dear jane.doe,"),
        ("base address", "jane.doe@example.org"),
        ("dotless", "janedoe@example.org"),
        (
            "word q, split",
            "=?utf-8?Q?jane.doe+sh?=\r\n =?utf-8?Q?op=40example.org?=",
        ),
        (
            "word b, split",
            "=?utf-8?B?amFuZS5kb2Urcw==?= =?utf-8?B?aG9wQGV4YW1wbGUub3Jn?=",
        ),
        ("zero width", "jane.doe+shop\u{200b}@example.org"),
        ("zero width reference", "jane.doe+shop&#8203;@example.org"),
        ("wide", "ｊａｎｅ．ｄｏｅ＋ｓｈｏｐ＠ｅｘａｍｐｌｅ．ｏｒｇ"),
        ("tags", "jane.doe+shop<span>@</span>example.org"),
        ("comment", "jane.do<!-- x -->e+shop@example.org"),
        (
            "message-id",
            "Message-ID: <1234.jane.doe+shop.example.org@spam.example>",
        ),
        ("received", "for <jane.doe+shop@example.org>; Fri"),
        ("at", "jane.doe+shop at example.org"),
        ("reversed word", "\u{202e}gro.elpmaxe@pohs+eod.enaj\u{202c}"),
        ("host", "http://jane-doe-shop-example-org.track.example/"),
        ("file", "/img/jane_doe_shop_example_org.gif"),
        (
            "local part with dashes",
            "http://track.example/u/jane-doe/1",
        ),
        (
            "soft break after blanks",
            "jane.d= \t\r\noe+shop=40exam=  \r\nple.org",
        ),
        (
            "verp in quoted-printable",
            "b-jane.doe+shop=3Dexample.org@spam.example",
        ),
        (
            "reference in a soft break",
            "jane.doe+shop&#6=\r\n4;example.org",
        ),
        (
            "blanks",
            "j a n e . d o e + s h o p @ e x a m p l e . o r g",
        ),
    ] {
        put(name, text.to_owned());
    }
    put("lower", lower.clone());
    put("percent all", each(|o| format!("%{o:02x}")));
    put("hex", HEXLOWER.encode(octets));
    put("HEX", HEXUPPER.encode(octets));
    put(
        "hex split",
        HEXLOWER
            .encode(octets)
            .as_bytes()
            .chunks(2)
            .map(|c| format!("{}\n", String::from_utf8_lossy(c)))
            .collect(),
    );
    put("hex spaced", each(|o| format!("{o:02x} ")));
    put(
        "decimal",
        octets
            .iter()
            .map(u8::to_string)
            .collect::<Vec<_>>()
            .join(","),
    );
    put("references", each(|o| format!("&#{o};")));
    put("hex references", each(|o| format!("&#x{o:x};")));
    put("0x", each(|o| format!("0x{o:02x},")));
    put("hex colons", each(|o| format!("{o:02x}:")));
    put("hex dashes", each(|o| format!("{o:02X}-")));
    put("\\u{}", each(|o| format!("\\u{{{o:x}}}")));
    put("\\U", each(|o| format!("\\U{o:08x}")));
    put("rtf", each(|o| format!("\\'{o:02x}")));
    put("\\u", each(|o| format!("\\u{o:04x}")));
    put("\\x", each(|o| format!("\\x{o:02x}")));
    put("qp all", each(|o| format!("={o:02X}")));
    put("reversed", lower.chars().rev().collect());
    put(
        "rot13",
        lower
            .chars()
            .map(|c| {
                if c.is_ascii_lowercase() {
                    char::from((c as u8 - b'a' + 13) % 26 + b'a')
                } else {
                    c
                }
            })
            .collect(),
    );
    put("base32", BASE32.encode(octets));
    put(
        "gzip",
        BASE64.encode(&gzip(format!("hello {lower}").as_bytes())),
    );
    put(
        "zlib",
        BASE64.encode(&miniz_oxide::deflate::compress_to_vec_zlib(
            format!("hello there {lower}").as_bytes(),
            6,
        )),
    );
    put(
        "base64 wrapped",
        BASE64
            .encode(format!("{} hello {lower} bye {}", "y".repeat(50), "z".repeat(60)).as_bytes())
            .as_bytes()
            .chunks(76)
            .map(|c| format!("{}\r\n", String::from_utf8_lossy(c)))
            .collect(),
    );
    put(
        "base64 twice",
        BASE64.encode(
            BASE64
                .encode(format!("hello there dear {lower} you are lucky").as_bytes())
                .as_bytes(),
        ),
    );
    put(
        "utf-16",
        BASE64.encode(
            &lower
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>(),
        ),
    );
    for offset in 0..3 {
        let text = format!("{}{lower}&x=1", &"abc"[..offset]);
        put("base64", BASE64.encode(text.as_bytes()));
        put("base64 unpadded", BASE64_NOPAD.encode(text.as_bytes()));
        put("base64url", BASE64URL_NOPAD.encode(text.as_bytes()));
    }
    for case in [ADDRESS, &lower, "jane.doe@example.org"] {
        put("md5", HEXLOWER.encode(&md5::Md5::digest(case)));
        put("MD5", HEXUPPER.encode(&md5::Md5::digest(case)));
        put("sha1", HEXLOWER.encode(&sha1::Sha1::digest(case)));
        put("md5 of md5", {
            let once = HEXLOWER.encode(&md5::Md5::digest(case));
            HEXLOWER.encode(&md5::Md5::digest(once))
        });
        put("md5 as guid", {
            let md5 = HEXUPPER.encode(&md5::Md5::digest(case));
            [
                &md5[..8],
                &md5[8..12],
                &md5[12..16],
                &md5[16..20],
                &md5[20..],
            ]
            .join("-")
        });
        put(
            "foaf",
            HEXLOWER.encode(&sha1::Sha1::digest(format!("mailto:{case}"))),
        );
        put(
            "sha1 first 16",
            HEXLOWER.encode(&sha1::Sha1::digest(case))[..16].to_owned(),
        );
        put("sha256", HEXLOWER.encode(&sha2::Sha256::digest(case)));
        put("sha512", HEXLOWER.encode(&sha2::Sha512::digest(case)));
        put("sha3", HEXLOWER.encode(&sha3::Sha3_256::digest(case)));
        put("sha256 base64", BASE64.encode(&sha2::Sha256::digest(case)));
        put("crc32", format!("{:08x}", crc32fast::hash(case.as_bytes())));
    }
    all
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut out = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    out.extend(miniz_oxide::deflate::compress_to_vec(octets, 9));
    out
}

fn planted(text: &[u8]) -> Vec<u8> {
    [
        b"Subject: x\r\n\r\nsome text ".as_slice(),
        text,
        b" more text\r\n",
    ]
    .concat()
}

#[test]
fn every_hidden_form_is_found() {
    let forms = forms();
    let missed: Vec<String> = hidden()
        .into_iter()
        .filter(|(_, text)| find(&planted(text), &forms).is_empty())
        .map(|(name, text)| format!("{name}: {}", String::from_utf8_lossy(&text)))
        .collect();
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn every_hidden_form_is_gone_after_masking_and_the_lines_are_as_many() {
    let forms = forms();
    for (name, text) in hidden() {
        let before = planted(&text);
        let after = mask(&before, &forms).unwrap().octets;
        assert!(
            find(&after, &forms).is_empty(),
            "{name}: {}",
            String::from_utf8_lossy(&after)
        );
        let lines = |octets: &[u8]| octets.iter().filter(|o| **o == b'\n').count();
        assert_eq!(lines(&before), lines(&after), "{name}");
        assert!(after.starts_with(b"Subject: x\r\n\r\nsome text "), "{name}");
        assert!(after.ends_with(b" more text\r\n"), "{name}");
    }
}

#[test]
fn what_is_masked_stays_valid_in_its_own_encoding() {
    let forms = forms();
    let masked =
        |text: &str| String::from_utf8(mask(text.as_bytes(), &forms).unwrap().octets).unwrap();
    assert_eq!(
        masked("To: <Jane.Doe+shop@example.org>, b@c.d"),
        "To: <x@munged.invalid>, b@c.d"
    );
    assert_eq!(
        masked("u=jane.doe%2Bshop%40example.org&v"),
        "u=x%40munged.invalid&v"
    );
    assert_eq!(
        masked("b-jane.doe+shop=example.org@e"),
        "b-x=munged.invalid@e"
    );
    assert_eq!(
        masked("To:\r\n jane.doe+shop@\r\n example.org\r\nX: y"),
        "To:\r\n x\r\n @munged.invalid\r\nX: y"
    );
    let token = masked(&BASE64URL_NOPAD.encode(b"id=17;jane.doe+shop@example.org;x=1"));
    assert_eq!(
        BASE64URL_NOPAD.decode(token.as_bytes()).unwrap(),
        b"id=17;xxxx.xxx+xxxx@xxxxxxx.xxx;x=1"
    );
    assert_eq!(
        masked("=?utf-8?Q?Hi_jane.doe+shop=40example.org?="),
        "=?utf-8?Q?Hi_xxxx=2Exxx+xxxx=40xxxxxxx=2Exxx?="
    );
}

#[test]
fn a_text_without_the_address_is_clean() {
    let forms = forms();
    let lorem = "Received: from mail.example.net (mail.example.net [192.0.2.7]) by mx.example.org with ESMTP id 4F2C71A0; Sat, 21 Nov 2026 10:00:00 +0000\r\n\
                 List-Unsubscribe: <https://example.com/u?x=aGVsbG8gd29ybGQgaG93IGFyZSB5b3U&y=d41d8cd98f00b204e9800998ecf8427e>\r\n";
    assert_eq!(find(lorem.repeat(2_000).as_bytes(), &forms), []);
}

#[test]
fn the_exempt_fields_are_the_own_ones_of_the_complaint() {
    let mail = b"From: Jane <jane.doe@example.org>\r\nTo: abuse@example.net\r\nSubject: jane.doe@example.org\r\nMessage-ID: <x@example.org>\r\n\r\nhi\r\n";
    let rest = without_exempt(mail);
    assert_eq!(rest.len(), mail.len());
    let places: Vec<usize> = find(&rest, &forms()).iter().map(|found| found.at).collect();
    assert!(
        !places.is_empty() && places.iter().all(|at| *at == 67),
        "{places:?}"
    );
}

#[test]
fn beside_a_clean_part_everything_is_found_at_its_place() {
    let forms = forms();
    let clean = b"some clean line of evidence\r\n".repeat(100);
    let (address, coded) = (
        &b"jane.doe+shop@example.org"[..],
        &b"jane.doe%2Bshop%40example.org"[..],
    );
    let text = [address, b"\r\n", &clean, coded].concat();
    let places = |found: Vec<Found>| found.iter().map(|one| one.at).collect::<Vec<_>>();
    assert_eq!(
        places(find_beside(&text, &[&clean], &forms)),
        places(find(&text, &forms))
    );
    // Another text than the one that was searched is searched itself.
    let other = [&clean[..1500], address, &clean[1500..]].concat();
    assert_eq!(places(find_beside(&other, &[&clean], &forms))[0], 1500);
    // What begins before a clean part may end in it.
    let cut = [&b"jane.doe+shop@"[..], b"example.org ", &clean].concat();
    assert!(!find_beside(&cut, &[&cut[14..]], &forms).is_empty());
}

/// Asserts that the search and the quick look before it find what is hidden in a text.
fn assert_found(text: &[u8]) {
    assert_found_of("jane.doe@example.org", text);
}

/// Asserts the same of an address whose local part says nothing by itself.
fn assert_whole_found(text: &[u8]) {
    assert_found_of("jane@example.org", text);
}

fn assert_found_of(address: &str, text: &[u8]) {
    let forms = Forms::of(&Own::of_addresses(&[address]));
    let shown = String::from_utf8_lossy(text);
    assert!(!Search::of(&forms).everything(text).is_empty(), "{shown}");
    assert!(quick::Quick::of(&forms).suspects(text, 0), "{shown}");
    assert!(!find(text, &forms).is_empty(), "{shown}");
}

#[test]
fn a_code_in_short_lines_behind_prose_is_found() {
    let quiet = "a quiet text of no meaning at all; ".repeat(20);
    let code = BASE64.encode(format!("{quiet} jane.doe@example.org and so on").as_bytes());
    for every in 4..8 {
        let lines: Vec<_> = code.as_bytes().chunks(every).collect();
        assert_found(&[b"some text\r\n", &lines.join(&b"\r\n"[..])[..]].concat());
    }
}

#[test]
fn a_short_word_is_found_in_a_code_wherever_it_begins() {
    for word in ["bo", "bob", "anna", "sarah"] {
        let mut own = Own::of_addresses(&["jane.doe@example.org"]);
        own.words = vec![word.to_owned()];
        let forms = Forms::of(&own);
        for before in 6..10 {
            for after in [0, 1, 7] {
                let octets = [&[200; 9][..before], word.as_bytes(), &[200; 7][..after]].concat();
                let code = BASE64_NOPAD.encode(&octets);
                assert!(!find(code.as_bytes(), &forms).is_empty(), "{word} {code}");
            }
        }
    }
}

#[test]
fn a_character_that_a_tag_and_a_line_end_split_is_found() {
    assert_whole_found(b"Dear jane\xef<b>\n\xbc\xa0example.org");
}

#[test]
fn what_is_left_out_is_no_distance() {
    let tag = format!("<a style='{}'>", "x".repeat(180));
    let blanks = " ".repeat(900);
    for hidden in ["=40", "&#64;", "\u{ff20}", "@=\r\n", "<b>@"] {
        for between in [
            format!("{tag}{tag}"),
            format!("<br{blanks}>"),
            format!("\r\n{blanks}"),
            blanks.clone(),
        ] {
            for text in [
                format!("Dear jane{hidden}exa{between}mple.org"),
                format!("Dear ja{between}ne{hidden}example.org"),
                format!("<=42 ja{between}{between}ne{between}{hidden}{between}example.org &#38;"),
            ] {
                let forms = Forms::of(&Own::of_addresses(&["jane@example.org"]));
                let finds = !Search::of(&forms).everything(text.as_bytes()).is_empty();
                let suspects = quick::Quick::of(&forms).suspects(text.as_bytes(), 0);
                assert!(suspects || !finds, "{text}");
            }
        }
    }
    for (before, after) in [("jane&#64;", "example.org"), ("ja", "ne=40example.org")] {
        let text = format!("Dear {before}{tag}{tag}{after}");
        assert_whole_found(text.as_bytes());
        let clean = "some clean line of evidence\r\n".repeat(100);
        let clean = format!("{tag}{tag}{after} {clean}");
        let text = format!("Dear {before}{clean}");
        let forms = Forms::of(&Own::of_addresses(&["jane@example.org"]));
        assert!(!find_beside(text.as_bytes(), &[clean.as_bytes()], &forms).is_empty());
    }
}

#[test]
fn a_letter_of_two_octets_is_found_in_two_escapes() {
    let mut own = Own::of_addresses(&["jane@example.org"]);
    own.words = vec!["K\u{f6}ln".to_owned()];
    let forms = Forms::of(&own);
    for text in [
        "K%c3=B6ln",
        "K=c3%b6ln",
        "K%25c3%b6ln",
        "K%25c3=b6ln",
        "K&#37;25c3=b6ln",
    ] {
        assert!(!find(text.as_bytes(), &forms).is_empty(), "{text}");
    }
}

#[test]
fn a_long_code_that_is_split_somewhere_is_read_as_a_whole() {
    // Of what is packed, nothing repeats.
    let noise: Vec<u8> = (0..40u8).flat_map(|n| sha2::Sha256::digest([n])).collect();
    let noise = HEXLOWER.encode(&noise);
    let packed = gzip(format!("{noise} jane.doe@example.org").as_bytes());
    let binary = [&[200; 60][..], b"jane.doe%40example.org", &[200; 60]].concat();
    let mixed = [noise.as_bytes(), &binary, noise.as_bytes()].concat();
    assert!(block::is_text(&mixed));
    for code in [
        BASE64.encode(&packed),
        HEXLOWER.encode(&packed),
        BASE64.encode(&mixed),
    ] {
        for at in [100, code.len() / 2, code.len() - 100] {
            for by in ["=\r\n", "&shy;"] {
                assert_found(format!("u: {}{by}{} x", &code[..at], &code[at..]).as_bytes());
            }
        }
    }
}

#[test]
fn what_stands_beside_a_known_text_may_hold_codes_of_its_own() {
    let known = "a quiet text of no meaning at all; ".repeat(30);
    let other = "another text, that says as much; ".repeat(40);
    for secret in ["", "jane.doe%40example.org"] {
        let other = BASE64.encode(format!("{other}{secret}").as_bytes());
        let mut beside = format!("Some text, and a code: {other} ... ");
        beside.extend(std::iter::repeat_n(' ', (3 - beside.len() % 3) % 3));
        let split = BASE64.encode(format!("{beside}{known}").as_bytes());
        let split: Vec<_> = split.as_bytes().chunks(20).collect();
        let known = BASE64_NOPAD.encode(known.as_bytes());
        let text = [known.as_bytes(), b" . ", &split.join(&b' ')].concat();
        if secret.is_empty() {
            assert_eq!(find(&text, &forms()), []);
        } else {
            assert_found(&text);
        }
    }
}

#[test]
fn a_code_of_which_every_second_group_is_no_letters_is_found() {
    let text = b"jan<\xe9>e.d<\xe9>oe@<\xe9>exa<\xe9>mpl<\xe9>e.o<\xe9>rg ";
    for more in 0..6 {
        let text = [text.as_slice(), &b"zz\xe9abc"[..more]].concat();
        if block::is_text(&text) {
            assert_found(BASE64_NOPAD.encode(&text).as_bytes());
            assert_found(format!("123{}", BASE64_NOPAD.encode(&text)).as_bytes());
        }
    }
}

#[test]
fn a_digest_in_a_code_that_is_no_text_is_found() {
    let digest = md5::Md5::digest("jane.doe@example.org");
    let crc = format!("{:08x}", crc32fast::hash(b"jane.doe@example.org"));
    let short = format!("u={}", &HEXLOWER.encode(&digest)[..16]);
    let binary = |text: &str| [&[200u8; 40][..], text.as_bytes()].concat();
    for octets in [
        crc.as_bytes(),
        format!("u={crc}").as_bytes(),
        short.as_bytes(),
        &binary(&HEXLOWER.encode(&digest)),
        &binary(&BASE64.encode(&digest)),
    ] {
        assert_found(BASE64.encode(octets).as_bytes());
        assert_found(HEXLOWER.encode(octets).as_bytes());
    }
}

#[test]
fn a_long_form_that_ends_far_within_a_clean_part_is_found() {
    let address = format!("anna@{}.example", "a.very.long.house".repeat(12));
    let forms = Forms::of(&Own::of_addresses(&[&address]));
    let coded: String = address.bytes().map(|o| format!("%{o:02x}")).collect();
    let clean = [
        &coded.as_bytes()[30..],
        &b" some clean line\r\n".repeat(2000),
    ]
    .concat();
    let text = [&coded.as_bytes()[..30], &clean].concat();
    assert!(!find_beside(&text, &[&clean], &forms).is_empty());
}

proptest! {
    #[test]
    fn forms_at_random_places_are_found_and_then_gone(
        picks in prop::collection::vec((0usize..100, 0usize..6), 1..5),
        filler in "[ a-zA-Z0-9<>=%&;:,.\\r\\n/+_-]{0,80}",
    ) {
        let forms = forms();
        let hidden = hidden();
        let mut text = b"Subject: x\r\n\r\n".to_vec();
        for (pick, times) in picks {
            text.extend_from_slice(filler.repeat(times).as_bytes());
            text.extend_from_slice(b" \r\n\r\n");
            text.extend_from_slice(&hidden[pick % hidden.len()].1);
            text.extend_from_slice(b"\r\n \r\n");
        }
        prop_assert!(!find(&text, &forms).is_empty());
        let masked = mask(&text, &forms).unwrap();
        prop_assert_eq!(find(&masked.octets, &forms), vec![]);
    }

    #[test]
    fn any_octets_are_searched_without_harm(octets in prop::collection::vec(any::<u8>(), 0..600)) {
        let forms = forms();
        let found = find(&octets, &forms);
        prop_assert_eq!(found.is_empty(), mask(&octets, &forms).is_none());
    }

    #[test]
    fn what_the_search_finds_the_quick_look_suspects(
        ways in prop::collection::vec(0usize..12, ADDRESS.len()),
        wraps in prop::collection::vec(0usize..7, 0..3),
        fillers in prop::collection::vec("[ a-zA-Z0-9<>=%&;:,.@\\r\\n/+_-]{0,12}", 2),
        times in 0usize..30,
    ) {
        let forms = forms();
        let mut hidden = Vec::new();
        for (octet, way) in ADDRESS.bytes().zip(ways) {
            hidden.extend_from_slice(&hide(octet, way));
        }
        for wrap in wraps {
            hidden = wrapped(&hidden, wrap);
        }
        let around = |filler: &String| filler.repeat(times).into_bytes();
        let text = [around(&fillers[0]), hidden, around(&fillers[1])].concat();
        let finds = !Search::of(&forms).everything(&text).is_empty();
        let suspects = quick::Quick::of(&forms).suspects(&text, 0);
        prop_assert!(suspects || !finds, "{}", String::from_utf8_lossy(&text));
    }
}

/// Writes one octet of an address in some way that a reading undoes.
fn hide(octet: u8, way: usize) -> Vec<u8> {
    let own = char::from(octet);
    match way {
        0 => format!("%{octet:02x}"),
        1 => format!("={octet:02X}"),
        2 => format!("&#{octet};"),
        3 => format!("{own}<b x=1>"),
        4 => format!("{own} "),
        5 => format!("{own}=\r\n"),
        6 => format!("{own}\r\n\t"),
        7 => format!("{own}\u{200b}"),
        _ => own.to_string(),
    }
    .into_bytes()
}

/// Writes a text in a code, or undoes one reading of it beforehand.
fn wrapped(text: &[u8], wrap: usize) -> Vec<u8> {
    let broken = |code: &str, every: usize, by: &str| -> Vec<u8> {
        let pieces = code.as_bytes().chunks(every);
        let pieces: Vec<_> = pieces.map(String::from_utf8_lossy).collect();
        pieces.join(by).into_bytes()
    };
    match wrap {
        0 => broken(&BASE64.encode(text), 76, "\r\n"),
        1 => broken(&BASE64_NOPAD.encode(text), 20, " "),
        2 => broken(&HEXLOWER.encode(text), 40, "\r\n"),
        3 => text
            .iter()
            .flat_map(|octet| match octet {
                b'%' | b'=' | b'@' | b'&' => format!("%{octet:02x}").into_bytes(),
                octet => vec![*octet],
            })
            .collect(),
        4 => text
            .iter()
            .flat_map(|octet| match octet {
                b'=' => b"=3D".to_vec(),
                octet => vec![*octet],
            })
            .collect(),
        5 => broken(&BASE64.encode(text), 30, "=\r\n"),
        _ => text.to_vec(),
    }
}
