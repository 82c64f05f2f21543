//! What `plaint trace` tells a person and a program: the sentences, the story, the JSON, for messages of each kind.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Settings in which the documentation's networks count as public ones.
const SETTINGS: &str = "[lookup]\nalso_public = [\"192.0.2.0/24\", \"198.51.100.0/24\", \"203.0.113.0/24\", \"2001:db8::/32\"]\n";

/// Straight from a stranger to the provider.
const DIRECT: &str = "\
Received: from [203.0.113.66] (client.isp.example [192.0.2.7])
\tby mx.example.net (Postfix) with ESMTPS id 4F2C01
\tfor <me@example.net>; Sat, 21 Nov 2026 11:00:01 +0100 (CET)
Received: from bank.example (bank.example [203.0.113.66]) by mx.example.net (Postfix) with ESMTP id 1; Sat, 21 Nov 2026 09:59:00 +0000
Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=ceo@bank.example
From: \"Your bank\" <ceo@bank.example>
Message-ID: <1@bank.example>
Subject: \u{202e}Verify\u{1b}[31m now

body
";

/// Over what may be a forwarder of the user's.
const FORWARDED: &str = "\
Received: from fwd.other.example (fwd.other.example [198.51.100.9]) by mx.example.net (Postfix) with ESMTP id 4F2C for <me@example.net>; Sat, 21 Nov 2026 10:00:02 +0000
Received: from pc (unknown [192.0.2.7]) by fwd.other.example (Postfix) with ESMTP id 4F2B for <me@other.example>; Sat, 21 Nov 2026 10:00:00 +0000
Subject: hello

body
";

/// Over a provider's relay that a rule vouches for.
const RELAYED: &str = "\
Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=anna@gmx.net
Received: from mout.gmx.net (mout.gmx.net [198.51.100.21]) by mx.example.net (Postfix) with ESMTPS id 4F2C for <me@example.net>; Sat, 21 Nov 2026 10:00:02 +0000
Received: from pc ([192.0.2.7]) by mout.gmx.net (mrgmx004 [198.51.100.190]) with ESMTPSA (Nemesis) id 1M1abc-1k0def; Sat, 21 Nov 2026 10:00:00 +0000
Subject: hello

body
";

/// Over a list that the user is on.
const LIST: &str = "\
Received: from lists.other.example (lists.other.example [198.51.100.9]) by mx.example.net (Postfix) with ESMTP id 4F2C for <me@example.net>; Sat, 21 Nov 2026 10:00:02 +0000
Received: from pc (unknown [192.0.2.7]) by lists.other.example (Postfix) with ESMTP id 4F2B for <talk@lists.other.example>; Sat, 21 Nov 2026 10:00:00 +0000
List-Id: Talk <talk.lists.other.example>
Subject: hello

body
";

/// A bounce to a forged sender.
const BOUNCE: &str = "\
Return-Path: <>
Received: from mx.other.example (mx.other.example [192.0.2.7]) by mx.example.net (Postfix) with ESMTP id 4F2C for <me@example.net>; Sat, 21 Nov 2026 10:00:02 +0000
From: MAILER-DAEMON@mx.other.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=x

body
";

/// A session that the own host hides.
const HIDDEN: &str = "\
Received: by mx.example.net (Postfix) with ESMTPSA id 4F2C01; Sat, 21 Nov 2026 10:00:01 +0000
Received: from bank.example (bank.example [203.0.113.66]) by mx.example.net (Postfix) with ESMTP id 1; Sat, 21 Nov 2026 09:59:00 +0000
Subject: hello

body
";

/// Runs `plaint trace` on a message; returns what stands on both outputs, and the exit code.
fn told(args: &[&str], message: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let settings = home.path().join("config.toml");
    std::fs::write(&settings, SETTINGS).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_plaint"))
        .env_clear()
        .env("HOME", home.path())
        .env("COLUMNS", "100")
        .arg("--config")
        .arg(&settings)
        .arg("trace")
        .args(args)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(message.as_bytes())
        .unwrap();
    let out = child.wait_with_output().unwrap();
    format!(
        "{}--- stderr\n{}--- exit {}\n",
        String::from_utf8(out.stdout).unwrap(),
        String::from_utf8(out.stderr).unwrap(),
        out.status.code().unwrap()
    )
}

#[test]
fn each_kind_of_message_is_told_in_sentences() {
    let all: String = [DIRECT, FORWARDED, RELAYED, LIST, BOUNCE, HIDDEN]
        .iter()
        .map(|message| told(&[], message))
        .collect();
    insta::assert_snapshot!(all);
}

#[test]
fn the_whole_way_is_explained_field_by_field() {
    let all: String = [DIRECT, FORWARDED, RELAYED, HIDDEN]
        .iter()
        .map(|message| told(&["--explain"], message))
        .collect();
    insta::assert_snapshot!(all);
}

#[test]
fn who_named_his_list_and_forwarder_is_told_what_lies_behind_them() {
    let list = told(&["--explain", "--trust", "lists.other.example"], LIST);
    let forwarded = told(&["--trust", "fwd.other.example"], FORWARDED);
    insta::assert_snapshot!(list + &forwarded);
}

#[test]
fn json_omits_nothing() {
    let all: String = [DIRECT, FORWARDED, RELAYED, HIDDEN]
        .iter()
        .map(|message| told(&["--json"], message))
        .collect();
    insta::assert_snapshot!(all);
}
