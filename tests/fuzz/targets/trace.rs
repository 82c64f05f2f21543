//! Header sections, followed to their source with and without trust.

use std::sync::LazyLock;

use plaint::intake::{Headers, Untrusted};
use plaint::rules::Rules;
use plaint::trace::{self, Trust, story};

/// Rules, read once.
fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);
    &RULES
}

pub(crate) const SEEDS: &[&[u8]] = &[
    b"Return-Path: <SRS0=a=b=shop.example=a@fwd.example>\nReceived: from fwd.example (fwd.example [192.0.2.7]) by mx.example.net (Postfix) with ESMTP id 1 for <me@example.net>; Sat, 21 Nov 2026 10:00:00 +0000\nARC-Seal: i=1; d=google.com; s=a; cv=none; b=x\nARC-Authentication-Results: i=1; mx.google.com; spf=pass (designates 192.0.2.9 as)\nReceived: from x (y [192.0.2.9]) by fwd.example (Postfix) with ESMTP id 2 for <me@fwd.example>; Sat, 21 Nov 2026 10:00:00 +0000\nList-Id: <a.fwd.example>\n\n",
    b"Authentication-Results: mx.example.net; arc=pass; spf=pass smtp.mailfrom=a@gmx.net\nReceived: from mx.example.net by mx.example.net with LMTP id 1; Sat, 21 Nov 2026 10:00:00 +0000\nReceived: from a ([10.0.0.1]) by mx.example.net (Postfix) with ESMTP id 2; Sat, 21 Nov 2026 10:00:00 +0000\nReceived: from b (c [192.0.2.7]) by a.example.net with esmtp (Exim 4.96) id 3; Sat, 21 Nov 2026 10:00:00 +0000\n\n",
    b"Received: from pop.example.org [192.0.2.7] by home.example.net with POP3 (fetchmail-6.4.37) for <me@localhost>; Sat, 21 Nov 2026 10:00:00 +0000\nReceived: from [198.51.100.1] (x [192.0.2.9]) by pop.example.org (8.17.1/8.17.1) with ESMTP id 6ALLVFjn000077; Sat, 21 Nov 2026 10:00:00 +0000\n\n",
];

pub(crate) fn target(octets: &[u8]) {
    let headers = Headers::parse(octets);
    let mut told = Trust::default();
    for named in ["mx.example.net", ".example.org", "192.0.2.0/24"] {
        told.add(named).unwrap();
    }
    for trust in [Trust::default(), told] {
        let trace = trace::follow(&headers, &trust, rules());
        assert_eq!(trace.hops.len(), headers.all("Received").count());
        if let Some(source) = &trace.source {
            // The source is a client that some field names in its own place.
            let hop = trace
                .hops
                .iter()
                .find(|hop| hop.field == source.field)
                .unwrap();
            assert_eq!(hop.client_addr, Some(source.addr));
            assert!(trace.question.is_none() || !source.reportable);
        }
        for said in story::sentences(&trace)
            .iter()
            .chain(&story::explain(&trace))
        {
            assert_eq!(&Untrusted::text(said).up_to(usize::MAX).to_string(), said);
        }
    }
}
