//! Hides an address in every form and looks whether it is found, and gone after masking.

use data_encoding::{BASE32, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use proptest::prelude::*;
use sha2::Digest;

use super::*;
use crate::complaint::own::Own;

// the quick look before the search
mod quick;

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
            "comment with a sign",
            "jane.do<!-- a > b -->e+shop@example.org",
        ),
        (
            "tag with a sign",
            "jane.do<b title=\">\">e+shop@example.org",
        ),
        (
            "pieces of a parameter",
            "name*0=\"card for jane.do\";\r\n name*1=\"e+shop@exam\"; name*2=\"ple.org.png\"",
        ),
        (
            "pieces with percent signs",
            "filename*0*=utf-8''jane.d; filename*1*=oe%2Bshop%40example.org.png",
        ),
        (
            "message-id",
            "Message-ID: <1234.jane.doe+shop.example.org@spam.example>",
        ),
        ("received", "for <jane.doe+shop@example.org>; Fri"),
        ("at", "jane.doe+shop at example.org"),
        ("quotes", "From: \"jane.doe+shop\"@example.org"),
        ("percent sign", "jane.doe+shop%example.org@relay.example"),
        ("two dashes", "b-jane.doe+shop--example.org"),
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
    put("long references", each(|o| format!("&#0000000{o:03};")));
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
    for before in ["", "e", "e=", "id=", "mail", "email="] {
        put(
            "base32",
            BASE32.encode(format!("{before}{lower}&x").as_bytes()),
        );
    }
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
    let zlib = miniz_oxide::deflate::compress_to_vec_zlib(lower.as_bytes(), 6);
    for (name, path) in [
        ("zlib behind a path", "http://www.spam.example/u/"),
        (
            "zlib behind two labels",
            "http://www.spam.example/track/click/",
        ),
        ("zlib behind a type", "Content-Type: text/plain\r\n\r\n"),
    ] {
        put(name, format!("{path}{}", BASE64URL_NOPAD.encode(&zlib)));
    }
    for path in [
        "http://www.spam.example/track/click/",
        "/subscription-center/profile/",
    ] {
        for token in [
            format!(
                "email={}&id=7",
                lower.replace('+', "%2B").replace('@', "%40")
            ),
            BASE64.encode(format!("id=7;{lower};x=1").as_bytes()),
        ] {
            for before in ["", "a", "ab", "abc"] {
                let token = BASE64_NOPAD.encode(token.as_bytes());
                put("text behind a path", format!("{path}{before}{token}/open"));
            }
        }
    }
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

#[test]
fn a_short_local_part_is_found_with_its_domain_whatever_stands_between() {
    let forms = Forms::of(&Own::of_addresses(&["anna@example.org"]));
    for text in [
        "\"anna\"@example.org",
        "anna%example.org",
        "anna+example.org",
        "anna--example.org",
        "anna$example.org",
        "anna:example.org",
        "anna|example.org",
    ] {
        assert!(!find(text.as_bytes(), &forms).is_empty(), "{text}");
    }
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
}
