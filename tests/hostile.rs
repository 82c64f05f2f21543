//! Servers that lie, loop, flood and drip: every question ends in bounded time, in a line that says why.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use plaint::contact::{Contacts, Finder, NoCache};

use crate::contact::{
    PATIENCE, RULES, STUB, addr, find, find_at, now, outcomes, raw, recommended, serve, settings,
    world_with,
};
use crate::net::dns::Record;
use crate::net::listen::Listener;
use crate::net::{Internet, made_up};

/// Starts a server that answers one octet a second, without an end.
fn dripping() -> Listener {
    serve(|mut stream| {
        let _ = stream.read(&mut [0; 4096])?;
        loop {
            stream.write_all(b"x")?;
            std::thread::sleep(Duration::from_secs(1));
        }
    })
}

/// Asks about an address whose registry refers to a server.
fn referred_to(referral: &str, port: u16) -> (Contacts, Internet) {
    let internet = world_with(&format!("{STUB}ReferralServer: {referral}\n"));
    let mut settings = settings(&internet);
    settings
        .allow_private_servers
        .push(("127.0.0.1/32".parse().unwrap(), port));
    let started = Instant::now();
    let found = Finder::new(settings, &RULES).find(&addr("203.0.113.1"), &mut NoCache, now());
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    (found, internet)
}

#[test]
fn whois_and_rwhois_that_drip_end_in_time() {
    for scheme in ["whois", "rwhois"] {
        let server = dripping();
        let port = server.at().port();
        let (found, _internet) = referred_to(&format!("{scheme}://127.0.0.1:{port}"), port);
        let seen = outcomes(&found);
        assert!(seen.contains("no whole answer in time"), "{scheme}: {seen}");
        assert!(found.contacts.is_empty());
    }
}

#[test]
fn referrals_in_a_circle_end_where_they_began() {
    let internet = world_with(&format!("{STUB}ReferralServer: whois://whois.ripe.net\n"));
    internet.change(|world| {
        let back = "inetnum: 203.0.113.0 - 203.0.113.127\nremarks: see whois.arin.net\nReferralServer: whois://whois.arin.net\n";
        let answers = world.whois.entry("whois.ripe.net".to_owned()).or_default();
        answers.push((crate::net::world::About::new("203.0.113.0/25"), back.to_owned()));
    });
    let found = find(&internet, &addr("203.0.113.1"));
    let asked = internet.questions();
    let whois = asked.iter().filter(|q| q.proto == "whois");
    assert!(whois.count() <= 4, "{}", outcomes(&found));
    assert!(found.contacts.is_empty());
}

#[test]
fn a_name_that_stands_for_a_private_address_is_refused() {
    for (target, line) in [
        ([127, 0, 0, 1], "loopback"),
        ([169, 254, 169, 254], "link-local"),
        ([10, 0, 0, 7], "private"),
    ] {
        // The port is WHOIS's own: the address alone speaks against it.
        let internet = world_with(&format!(
            "{STUB}ReferralServer: whois://desk.evil.example:43\n"
        ));
        internet.change(|world| {
            let far = Record::Cname("far.evil.example".to_owned());
            world.name("desk.evil.example", [far]);
            let inside = Record::Cname("inside.evil.example".to_owned());
            world.name("far.evil.example", [inside]);
            world.name("inside.evil.example", [Record::A(target.into())]);
        });
        let found = find(&internet, &addr("203.0.113.1"));
        let seen = outcomes(&found);
        let asked = seen
            .lines()
            .find(|line| line.starts_with("whois desk.evil.example"));
        assert!(
            asked.is_some_and(|said| said.contains("refused") && said.contains(line)),
            "{seen}"
        );
        assert!(found.contacts.is_empty());
    }
}

#[test]
fn names_that_stand_for_each_other_end_in_a_line() {
    let internet = world_with(&format!("{STUB}ReferralServer: whois://a.evil.example\n"));
    internet.change(|world| {
        world.name(
            "a.evil.example",
            [Record::Cname("b.evil.example".to_owned())],
        );
        world.name(
            "b.evil.example",
            [Record::Cname("a.evil.example".to_owned())],
        );
    });
    let found = find(&internet, &addr("203.0.113.1"));
    let seen = outcomes(&found);
    assert!(
        seen.contains("whois a.evil.example 203.0.113.1: the server's name"),
        "{seen}"
    );
    assert!(internet.questions().len() < 100);
}

#[test]
fn a_server_s_name_is_resolved_once_and_its_address_is_the_one_that_is_asked() {
    let server = raw("inetnum: 203.0.113.0 - 203.0.113.127\nabuse-mailbox: abuse@isp.example\n");
    let port = server.at().port();
    let internet = world_with(&format!(
        "{STUB}ReferralServer: whois://once.isp.example:{port}\n"
    ));
    internet.change(|world| world.name("once.isp.example", [Record::A([127, 0, 0, 1].into())]));
    let mut settings = settings(&internet);
    settings
        .allow_private_servers
        .push(("127.0.0.1/32".parse().unwrap(), port));
    Finder::new(settings, &RULES).find(&addr("203.0.113.1"), &mut NoCache, now());
    let resolved: Vec<_> = internet
        .questions()
        .into_iter()
        .filter(|q| q.proto == "dns" && q.text.starts_with("once.isp.example"))
        .map(|q| q.text)
        .collect();
    // Between a second look and the connection the name could have moved.
    assert_eq!(resolved, ["once.isp.example A", "once.isp.example AAAA"]);
}

#[test]
fn a_mebibyte_of_contacts_or_of_lines_is_read_in_bounded_time_and_kept_in_bounds() {
    let entity = |n: usize| {
        format!(
            r#"{{"roles":["abuse"],"entities":[{{"roles":["abuse"]}}],"vcardArray":["vcard",[["email",{{}},"text","a{n}@isp.example"]]]}}"#
        )
    };
    let entities: Vec<String> = (0..7_000).map(entity).collect();
    let body = format!(
        r#"{{"startAddress":"203.0.113.0","endAddress":"203.0.113.127","entities":[{}]}}"#,
        entities.join(",")
    );
    assert!((700_000..1_048_576).contains(&body.len()), "{}", body.len());
    let server = raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let found = find_at(&server);
    assert!(
        !found.contacts.is_empty() && found.contacts.len() <= 20,
        "{}",
        outcomes(&found)
    );
    assert!(recommended(&found).len() <= 3);

    let mails: String = (0..20_000)
        .map(|n| format!("OrgAbuseEmail: a{n}@isp.example\n"))
        .collect();
    let line = "abuse ".repeat(160_000);
    let flood = "remarks: abuse to x@isp.example\n".repeat(25_000);
    for text in [mails, format!("Comment: {line}\n"), flood] {
        let internet = world_with(&format!("NetRange: 203.0.113.0 - 203.0.113.127\n{text}"));
        let found = find(&internet, &addr("203.0.113.1"));
        assert!(found.contacts.len() <= 20 && found.refused.len() <= 20);
        assert!(recommended(&found).len() <= 3);
    }
}

#[test]
fn directories_that_flood_are_read_in_bounds() {
    let internet = Internet::start(made_up()).unwrap();
    internet.change(|world| {
        let many = (0..300).map(|n| Record::Txt(format!("a{n}@isp.example,b{n}@isp.example")));
        world.name("1.113.0.203.abuse-contacts.abusix.zone", many);
    });
    let found = find(&internet, &addr("203.0.113.1"));
    assert!(found.contacts.len() <= 5, "{}", found.contacts.len());
}
