//! Foreign text on its way to a terminal or a header.

use plaint::intake::Untrusted;

pub(crate) const SEEDS: &[&[u8]] = &[
    b"\x1b]0;title\x07\x1b[2J plain",
    b"a\r\nBcc: x@example.org",
    "\u{202e}moc.elpmaxe\u{202c} \u{200b}a\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}"
        .as_bytes(),
    b"\xc3\x28 \xff\xfe \xf0\x9f\x98\x80",
];

pub(crate) fn target(octets: &[u8]) {
    for limit in [1, 60, usize::MAX] {
        let shown = Untrusted::new(octets).up_to(limit).to_string();
        assert!(!shown.chars().any(char::is_control));
        assert!(!shown.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}']));
        // What is shown is safe to show again.
        assert_eq!(Untrusted::text(&shown).up_to(usize::MAX).to_string(), shown);
    }
}
