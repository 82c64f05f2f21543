//! Holds the quick look against the search: what the search finds, the quick look suspects.

use super::super::quick::Quick;
use super::*;

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
    assert!(Quick::of(&forms).suspects(text, 0), "{shown}");
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
                let suspects = Quick::of(&forms).suspects(text.as_bytes(), 0);
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
            // Escapes are read in the code, too.
            let escaped = format!("%{:02x}", code.as_bytes()[9]);
            let (before, after) = (&code[..9], &code[10..at]);
            let text = format!("u: {before}{escaped}{after}=\r\n{} x", &code[at..]);
            assert_found(text.as_bytes());
        }
    }
}

#[test]
fn what_is_packed_is_found_behind_an_escape_of_no_letter() {
    let packed = gzip(b"hello jane.doe@example.org");
    for code in [BASE64_NOPAD.encode(&packed), HEXLOWER.encode(&packed)] {
        for escape in ["%fc", "=FC", "a=81"] {
            assert_found(format!("u: {escape}{code} x").as_bytes());
        }
    }
    assert_found(format!("u: %fcabc{} x", BASE64_NOPAD.encode(&packed)).as_bytes());
}

#[test]
fn a_code_that_goes_over_a_known_text_is_read_as_a_whole() {
    let quiet: Vec<String> = (0..900u32).map(|n| format!("{:x} ", n * n)).collect();
    let packed = HEXLOWER.encode(&gzip(
        format!("{} jane.doe@example.org", quiet.concat()).as_bytes(),
    ));
    let code = BASE64_NOPAD.encode(packed.as_bytes());
    assert!(code.len() > 4_000, "{}", code.len());
    let (first, rest) = code.split_at(160);
    let (middle, last) = rest.split_at(rest.len() - 160);
    assert_found(format!("{first}=\r\n{middle}&shy;{last}").as_bytes());
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
        let suspects = Quick::of(&forms).suspects(&text, 0);
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
