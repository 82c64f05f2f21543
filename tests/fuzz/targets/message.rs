//! Whole messages, and their header sections.

use plaint::intake::{self, Headers, Origin};

pub(crate) const SEEDS: &[&[u8]] = &[
    b"Return-Path: <a@shop.example>\r\nReceived: from x (client.example.org [192.0.2.7])\r\n\tby mx.example.org (Postfix) with ESMTP id 1\r\n\tfor <jane.doe@example.org>; Sat, 21 Nov 2026 10:00:00 +0000\r\nFrom: =?utf-8?B?SmFuZQ==?= <a@shop.example>\r\nTo: jane.doe@example.org\r\nSubject: hello jane.doe@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDear jane=2Edoe=40example.org https://shop.example/?u=amFuZS5kb2VAZXhhbXBsZS5vcmc=3D\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGEgaHJlZj0iaHR0cHM6Ly9zaG9wLmV4YW1wbGUvP2U9amFuZS5kb2UlNDBleGFtcGxlLm9yZyI+eDwvYT4=\r\n--b--\r\n",
    b"Received: by x; Sat, 21 Nov 2026 10:00:00 +0000\nList-Id: <a.example>\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Disposition: attachment; filename=x.exe\n\nMZ\n--a--\n--a--\n",
    b"Subject: no fields that a server writes\n\nhttp://xn--bcher-kva.example/%6a%61ne jane.doe@example.org\n",
    b"From a@example.org Sat Nov 21 10:00:00 2026\nReceived : from x\n y\n\nbody\n",
    b"> Received: from x by y\n> Subject: quoted\n>\n> body\n",
    b"From x\n>Received: from x by y\n>Subject: quoted\n>\n>body\n",
];

pub(crate) fn target(octets: &[u8]) {
    let headers = Headers::parse(octets);
    for field in headers.fields() {
        let _ = (field.text(), field.unfolded());
        assert!(field.at() <= octets.len());
    }
    assert!(headers.body_at() <= octets.len());
    if let Ok(message) = intake::read(octets.to_vec(), Origin::single("-")) {
        // What was read is read the same again: repairs settle.
        let again = intake::read(message.octets().to_vec(), Origin::single("-"));
        let again = again.unwrap_or_else(|error| panic!("read once, not twice: {error}"));
        assert_eq!(again.octets(), message.octets());
    }
}
