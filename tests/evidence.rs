//! A message and its trace become evidence: links, drop boxes, the mail service, the kind of abuse.

use plaint::evidence::{self, Doubt, Evidence, Kind};
use plaint::intake::{self, Origin};
use plaint::rules::{Role, Rules, Suspect};
use plaint::trace::{self, Trace, Trust};

fn gathered(header: &str, body: &str) -> (Evidence, Trace, Rules) {
    let text = format!(
        "Received: from x.example (o1.sendgrid.net [192.0.2.7]) by mx.example.org (Postfix) with ESMTP id 4F2C71A0\r\n\tfor <jane@example.org>; Sat, 21 Nov 2026 11:28:01 +0000\r\n\
         From: \"Someone\" <a@example.net>\r\nTo: jane@example.org\r\n{header}\r\n{body}"
    );
    gathered_of(text, &[])
}

/// Mail that no own host noted a recipient of, as where it was sent blind.
fn blind(above: &str, own: &str, body: &str) -> (Evidence, Trace, Rules) {
    let text = format!(
        "{above}Received: from x.example (x.example [192.0.2.7]) by mx.example.org (Postfix) with ESMTP id 4F2C71A0; Sat, 21 Nov 2026 11:28:01 +0000\r\n\
         From: \"Someone\" <a@example.net>\r\nTo: undisclosed-recipients:;\r\nContent-Type: text/html\r\n\r\n{body}"
    );
    gathered_of(text, &[own])
}

/// What a whole message shows to the holder of these mailboxes.
fn gathered_of(text: String, own: &[&str]) -> (Evidence, Trace, Rules) {
    let own: Vec<String> = own.iter().map(|&mailbox| mailbox.to_owned()).collect();
    let rules = Rules::builtin();
    let message = intake::read(text.into_bytes(), Origin::single("-")).unwrap();
    let mut trust = Trust::default();
    trust.add("mx.example.org").unwrap();
    trust.also_public = vec!["192.0.2.0/24".parse().unwrap()];
    let trace = trace::follow(&message.headers(), &trust, &rules);
    (
        evidence::gather(&message, &trace, &own, &rules),
        trace,
        rules,
    )
}

fn evidence(header: &str, body: &str) -> Evidence {
    gathered(header, body).0
}

#[test]
fn links_of_encoded_parts_are_read() {
    let html = data_encoding::BASE64.encode(b"<a href=\"http://www.evil.example/x\">click</a>");
    let body = format!(
        "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nsee http://plain.exam=\r\nple/a=3Fb\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{html}\r\n--b--\r\n"
    );
    let evidence = evidence("Content-Type: multipart/alternative; boundary=b\r\n", &body);
    let urls: Vec<&str> = evidence
        .links
        .iter()
        .map(|link| link.url.as_str())
        .collect();
    assert_eq!(
        urls,
        ["http://plain.example/a?b", "http://www.evil.example/x"]
    );
}

#[test]
fn the_kind_is_proposed_with_reasons() {
    let kind = |header: &str, body: &str| {
        let evidence = evidence(header, body);
        assert!(!evidence.kind_why.is_empty());
        evidence.kind
    };
    assert_eq!(
        kind("Subject: cheap pills\r\n", "buy http://pills.example\r\n"),
        Kind::Spam
    );
    assert_eq!(
        kind(
            "Subject: Your account is suspended\r\n",
            "Please verify your account: http://www.paypal.com.evil.example/login\r\n"
        ),
        Kind::Phishing
    );
    assert_eq!(
        kind(
            "Subject: business proposal\r\nReply-To: barr@claims.example\r\n",
            "I am a barrister. You are next of kin to the sum of US$15,500,000. This transaction is strictly confidential.\r\n"
        ),
        Kind::AdvanceFee
    );
    assert_eq!(
        kind(
            "Content-Type: multipart/mixed; boundary=b\r\n",
            "--b\r\n\r\nopen the attached invoice\r\n--b\r\nContent-Type: application/octet-stream; name=\"invoice.pdf.exe\"\r\n\r\nMZ\r\n--b--\r\n"
        ),
        Kind::Malware
    );
    assert_eq!(
        kind(
            "List-Unsubscribe: <https://n.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            "our autumn offers http://n.example\r\n"
        ),
        Kind::Newsletter
    );
}

#[test]
fn a_mail_service_is_believed_only_if_an_own_host_agrees() {
    let esp = |header: &str| evidence(header, "hi\r\n").esp;
    let sendgrid = esp("X-SG-EID: abc\r\n").unwrap();
    assert!(sendgrid.believed, "the source's name lies in sendgrid.net");
    assert_eq!(sendgrid.desk.as_deref(), Some("abuse@sendgrid.com"));
    let mailchimp = esp("X-MC-User: 0123456789abcdef01234567\r\n").unwrap();
    assert!(!mailchimp.believed);
    assert_eq!(
        mailchimp.customer.as_deref(),
        Some("0123456789abcdef01234567")
    );
    assert_eq!(esp("X-Mailer: x\r\n"), None);
}

#[test]
fn attachments_are_named_and_never_unpacked() {
    let body = "--b\r\n\r\nhi\r\n--b\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--b--\r\n";
    let evidence = evidence("Content-Type: multipart/mixed; boundary=b\r\n", body);
    let file = &evidence.attachments[0];
    assert_eq!(
        (
            file.name.as_deref(),
            file.media_type.as_str(),
            file.size_octets
        ),
        (Some("a.zip"), "application/zip", 4)
    );
    assert_eq!(file.sha256.len(), 64);
    assert_eq!(evidence.attachments.len(), 1);
}

#[test]
fn lookups_ask_for_no_name_that_could_carry_a_token() {
    let (evidence, trace, rules) = gathered(
        "Subject: Your account is suspended\r\n",
        "verify your account at http://jane-17ab.www.evil.example/x or http://www.w3.org/ or http://www.other.example/\r\n",
    );
    let found = evidence::suspects(&trace, &evidence, &rules);
    assert_eq!(
        found[0],
        (Suspect::Addr("192.0.2.7".parse().unwrap()), Role::Network)
    );
    assert!(found.contains(&(Suspect::Domain("evil.example".to_owned()), Role::Hosting)));
    assert!(found.contains(&(Suspect::Host("www.other.example".to_owned()), Role::Hosting)));
    assert!(!format!("{found:?}").contains("17ab") && !format!("{found:?}").contains("w3.org"));
}

#[test]
fn links_of_plain_spam_are_not_looked_up() {
    let (evidence, trace, rules) = gathered("", "buy http://www.pills.example\r\n");
    assert_eq!(evidence::suspects(&trace, &evidence, &rules).len(), 1);
}

#[test]
fn only_where_a_reader_comes_is_looked_up() {
    let accused = |body: &str| {
        let (evidence, trace, rules) =
            gathered("Content-Type: text/html\r\nCc: x@evil.example\r\n", body);
        let suspects = evidence::suspects(&trace, &evidence.called(Some(Kind::Phishing)), &rules);
        let names = suspects
            .into_iter()
            .skip(1)
            .map(|(suspect, _)| suspect.to_string());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let body = "<img src='http://www.bank.example/logo.png'><a href='http://evil.example/x'>https://www.bank.example/login</a>\
        <div style='display:none'>http://innocent.example/ write to info@innocent.example</div>\
        Your mailbox at http://www.example.org/ is full.";
    // The recipient's own site is spared where an own host noted his mailbox, not where the sender did.
    assert_eq!(accused(body), ["evil.example".to_owned()].into());
}

#[test]
fn the_user_s_own_mailbox_is_no_drop_box_though_no_field_names_it() {
    let body = "your address jane.doe@outlook.com was drawn, write to claims@payout.example";
    let (evidence, trace, rules) = blind("", "Jane.Doe@outlook.com", body);
    let named: Vec<&str> = evidence
        .drop_boxes
        .iter()
        .map(|drop| drop.mailbox.as_str())
        .collect();
    assert_eq!(named, ["claims@payout.example"]);
    let suspects = evidence::suspects(&trace, &evidence.called(Some(Kind::Phishing)), &rules);
    assert!(!format!("{suspects:?}").contains("outlook"), "{suspects:?}");
}

#[test]
fn the_recipient_s_own_site_is_spared_as_his_settings_and_own_hosts_name_him() {
    let body = "<a href='https://www.jd-private.example/privacy'>privacy</a> <a href='http://evil.example/x'>log in</a>";
    let accused = |above: &str, own: &str| {
        let (evidence, ..) = blind(above, own, body);
        let accused = evidence.links.into_iter().filter(|link| link.is_accused());
        accused.map(|link| link.host).collect::<Vec<_>>()
    };
    assert_eq!(accused("", "jane@jd-private.example"), ["evil.example"]);
    let noted = "Delivered-To: jane@jd-private.example\r\n";
    assert_eq!(accused(noted, "jane@example.org"), ["evil.example"]);
    let idn = "<a href='https://www.m\u{fc}ller.example/'>m</a> <a href='http://evil.example/x'>log in</a>";
    let (evidence, ..) = blind("", "anna@m\u{fc}ller.example", idn);
    assert!(evidence.links[0].innocent && !evidence.links[1].innocent);
    // Strangers have pages at a provider, and a line of the spam's own spares nobody.
    let both = ["www.jd-private.example", "evil.example"];
    assert_eq!(accused("", "jane@outlook.com"), both);
    let text = format!(
        "Received: from x.example ([192.0.2.7]) by mx.example.org (Postfix) with ESMTP id 4F2C71A0; Sat, 21 Nov 2026 11:28:01 +0000\r\n\
         {noted}From: a@example.net\r\nContent-Type: text/html\r\n\r\n{body}"
    );
    let (evidence, ..) = gathered_of(text, &[]);
    assert_eq!(
        evidence
            .links
            .iter()
            .filter(|link| link.is_accused())
            .count(),
        2
    );
}

/// A phishing mail as it is found: the links of the house that it imitates, of others, and one that matters.
fn imitating(found: &str) -> (Evidence, Trace, Rules) {
    let text = format!(
        "Authentication-Results: mx.example.org; {found}\r\n\
         Received: from x.example (x.example [192.0.2.7]) by mx.example.org (Postfix) with ESMTP id 4F2C71A0; Sat, 21 Nov 2026 11:28:01 +0000\r\n\
         From: Bank <service@bank.example>\r\nTo: jane@example.org\r\nSubject: Your account is suspended\r\nContent-Type: text/html\r\n\r\n\
         <a href='https://www.bank.example/'>Home</a> <a href='https://www.authority.example/'>The authority</a>\
         <a href='https://www.funds.example/'>Savings are safe</a><p>Verify your account: <a href='http://evil.example/x'>here</a></p>\
         <a href='https://www.bank.example/imprint'>Imprint</a>"
    );
    gathered_of(text, &[])
}

fn hosting(of: &(Evidence, Trace, Rules)) -> Vec<String> {
    let evidence = of.0.clone().called(Some(Kind::Phishing));
    evidence::suspects(&of.1, &evidence, &of.2)
        .into_iter()
        .filter(|(_, role)| *role == Role::Hosting)
        .map(|(suspect, _)| suspect.to_string())
        .collect()
}

#[test]
fn the_house_that_from_names_in_vain_is_not_accused_and_the_call_comes_first() {
    let all = imitating(
        "spf=fail smtp.mailfrom=service@bank.example; dmarc=fail header.from=bank.example",
    );
    assert_eq!(all.0.kind, Kind::Phishing);
    assert_eq!(
        hosting(&all),
        ["evil.example", "www.authority.example", "www.funds.example"]
    );
    let doubt = |host: &str| {
        let links = &all.0.links;
        links.iter().find(|link| link.host == host).unwrap().doubt
    };
    assert_eq!(doubt("evil.example"), None);
    assert_eq!(doubt("www.funds.example"), Some(Doubt::Others));
    // Without a finding From may be the spammer's own: it stays, behind the link that matters.
    for found in ["none", "spf=pass smtp.mailfrom=a@bank.example"] {
        let hosts = hosting(&imitating(found));
        assert_eq!(
            hosts,
            ["evil.example", "www.bank.example", "www.authority.example"]
        );
    }
}

#[test]
fn a_fraud_s_only_site_is_accused_whatever_from_says() {
    let of = |found: &str| {
        let text = format!(
            "Authentication-Results: mx.example.org; {found}\r\n\
             Received: from x.example (x.example [192.0.2.7]) by mx.example.org (Postfix) with ESMTP id 4F2C71A0; Sat, 21 Nov 2026 11:28:01 +0000\r\n\
             From: Bank <service@evil.example>\r\n\r\nYour account is suspended: http://evil.example/x\r\n"
        );
        let (evidence, ..) = gathered_of(text, &[]);
        assert!(evidence.links[0].is_accused());
        evidence.links[0].doubt
    };
    assert_eq!(of("none"), None);
    assert_eq!(
        of("spf=fail smtp.mailfrom=a@evil.example"),
        Some(Doubt::Disowned)
    );
}
