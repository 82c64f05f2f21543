//! One Received field.

use std::sync::LazyLock;

use plaint::rules::Rules;
use plaint::rules::received::Room;

/// Rules, read once.
fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);
    &RULES
}

pub(crate) const SEEDS: &[&[u8]] = &[
    b"from mail.example.org (unknown [192.0.2.7]) by mx.example.net (Postfix) with ESMTPS id 4F2C for <me@example.net>; Sat, 21 Nov 2026 10:00:00 +0000",
    b"from [192.0.2.7] (port=4711 helo=[198.51.100.1] ident=me) by mx.example.net with esmtps (TLS1.3) (Exim 4.96) (envelope-from <a@example.org>) id 1xUsfz-00000n-3A; Sat, 21 Nov 2026 10:00:00 +0000",
    b"from unknown (HELO ?198.51.100.1?) (me@there.example@192.0.2.7) by mx.example.net with SMTP; 21 Nov 2026 10:00:00 -0000",
    b"from EX1.example.net (fe80::1%9) by EX2.example.net (10.0.0.1) with Microsoft SMTP Server (version=TLS1_2) id 15.20.1143.11 via Frontend Transport; Sat, 21 Nov 2026 10:00:00 +0000",
    b"by 2002:a05:6402:34c9:b0:cda:1825 with SMTP id CZTQ9vGFm0x; Sat, 21 Nov 2026 02:00:00 -0800 (PST)",
    b"from 192.0.2.7 (SquirrelMail authenticated user anna); by webmail.example.org with HTTP; Sat, 21 Nov 2026 10:00:00 +0000",
    b"(qmail 4711 invoked by uid 89); 21 Nov 2026 10:00:00 -0000",
    b"from there_([198.51.100.1]) (client.example.org [::ffff:192.0.2.7]) (TLS: TLS1.3,256bits) by mx.example.net with ESMTPS; Sat, 21 Nov 2026 10:00:00 +0000 id 000000000000004A.000000006B020DA4.000000A0",
];

pub(crate) fn target(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let mut room = Room::default();
    let reading = rules().received.read(&text, &mut room);
    assert!(
        reading.unread.is_some() || !reading.rule.is_empty(),
        "neither read nor unread"
    );
    for part in [
        reading.by,
        reading.helo,
        reading.rdns,
        reading.id,
        reading.for_,
    ] {
        assert!(part.is_none_or(|part| text.contains(part)));
    }
}
