//! Suspect → Contacts: the registries as they answer, lie, stall and refuse.
//!
//! The servers are the sandbox's own, and raw ones below; all listen on loopback.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use plaint::contact::{
    Cache as _, Confidence, Contacts, Finder, MemoryCache, NoCache, Parties, Role, Settings,
    Suspect, Via,
};
use plaint::rules::Rules;

use crate::net::dns::Record;
use crate::net::fault::Fault;
use crate::net::listen::Listener;
use crate::net::world::About;
use crate::net::{Internet, made_up};

/// Longer than any lookup against these servers may take: three times the time for one question.
pub(crate) const PATIENCE: Duration = Duration::from_secs(9);

pub(crate) static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// Returns settings that know the sandbox's servers, and nobody else.
pub(crate) fn settings(internet: &Internet) -> Settings {
    let whois = internet.whois_root();
    let loopback = "127.0.0.0/8".parse().unwrap();
    Settings {
        rdap_bootstrap: Some(format!("http://{}/bootstrap/", internet.rdap())),
        whois_root: whois.to_string(),
        whois_port: whois.port(),
        resolver: Some(internet.resolver()),
        allow_private_servers: vec![(loopback, whois.port()), (loopback, internet.rdap().port())],
        also_public: [
            "192.0.2.0/24",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "2001:db8::/32",
        ]
        .map(|net| net.parse().unwrap())
        .to_vec(),
        pause_ms: 0,
        timeout_s: 2,
        offline: false,
    }
}

pub(crate) fn addr(text: &str) -> Suspect {
    Suspect::Addr(text.parse().unwrap())
}

pub(crate) fn find(internet: &Internet, suspect: &Suspect) -> Contacts {
    let started = Instant::now();
    let found = Finder::new(settings(internet), &RULES).find(suspect, &mut NoCache, now());
    assert!(
        started.elapsed() < PATIENCE,
        "it took {:?}",
        started.elapsed()
    );
    found
}

pub(crate) fn recommended(found: &Contacts) -> Vec<&str> {
    found
        .contacts
        .iter()
        .filter(|c| c.recommended)
        .map(|c| c.mailbox.as_str())
        .collect()
}

pub(crate) fn outcomes(found: &Contacts) -> String {
    found
        .hops
        .iter()
        .map(|hop| {
            format!(
                "{} {} {}: {}\n",
                hop.proto, hop.server, hop.query, hop.outcome
            )
        })
        .collect()
}

/// Starts a server that answers every connection with these octets, and says where it is.
pub(crate) fn raw(answer: impl Into<Vec<u8>>) -> Listener {
    let answer = answer.into();
    serve(move |mut stream| {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request)?;
        stream.write_all(&answer)
    })
}

pub(crate) fn serve<F>(serve: F) -> Listener
where
    F: Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    Listener::start(SocketAddr::from(([127, 0, 0, 1], 0)), serve).unwrap()
}

/// Returns what the bootstrap must say so that every address is asked of one server.
fn bootstrap(base: &str) -> Listener {
    let body = format!("{{\"services\":[[[\"0.0.0.0/0\",\"::/0\"],[\"{base}\"]]]}}");
    raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// Asks about an address, with one RDAP server of our own in the place of the sandbox's.
pub(crate) fn find_at(server: &Listener) -> Contacts {
    find_at_with(server, &[])
}

/// Asks so, where servers on more ports may be asked, too.
fn find_at_with(server: &Listener, ports: &[u16]) -> Contacts {
    let internet = Internet::start(made_up()).unwrap();
    let book = bootstrap(&format!("http://{}/", server.at()));
    let loopback = "127.0.0.1/32".parse().unwrap();
    let mut settings = settings(&internet);
    settings.rdap_bootstrap = Some(format!("http://{}/", book.at()));
    settings
        .allow_private_servers
        .extend([(loopback, server.at().port()), (loopback, book.at().port())]);
    let more = ports.iter().map(|port| (loopback, *port));
    settings.allow_private_servers.extend(more);
    // WHOIS would answer in its place.
    settings.whois_root = "127.0.0.1:1".to_owned();
    let started = Instant::now();
    let found = Finder::new(settings, &RULES).find(&addr("203.0.113.1"), &mut NoCache, now());
    assert!(
        started.elapsed() < PATIENCE,
        "it took {:?}",
        started.elapsed()
    );
    found
}

#[test]
fn each_registry_s_answer_gives_its_desk() {
    let internet = Internet::start(made_up()).unwrap();
    for (suspect, desk, via, registry) in [
        ("192.0.2.45", "abuse@lindenhost.example", Via::Rdap, "ripe"),
        (
            "192.0.2.200",
            "abuse@webpost.example",
            Via::Whois,
            "afrinic",
        ),
        (
            "198.51.100.23",
            "abuse@northpath.example",
            Via::Rdap,
            "arin",
        ),
        (
            "198.51.100.142",
            "abuse@brightwing.example",
            Via::Rdap,
            "arin",
        ),
        (
            "203.0.113.150",
            "abuse@quaycloud.example",
            Via::Rdap,
            "apnic",
        ),
        ("2001:db8:51::7", "abuse@sixfold.example", Via::Rdap, "ripe"),
    ] {
        let found = find(&internet, &addr(suspect));
        assert_eq!(
            recommended(&found),
            [desk],
            "{suspect}\n{}",
            outcomes(&found)
        );
        assert_eq!(found.contacts[0].via, via, "{suspect}");
        assert_eq!(found.contacts[0].role, Role::Network);
        let network = found.network.unwrap();
        assert_eq!(network.registry.as_deref(), Some(registry), "{suspect}");
        assert!(network.first <= suspect.parse::<IpAddr>().unwrap());
    }
}

#[test]
fn whois_answers_where_rdap_has_had_enough_and_rdap_is_left_alone() {
    let internet = Internet::start(made_up()).unwrap();
    internet.change(|world| {
        let busy = Fault::Answer("429 Too Many Requests".to_owned());
        world.rdap_faults.push(("/rdap/".to_owned(), busy));
    });
    let mut finder = Finder::new(settings(&internet), &RULES);
    for (suspect, desk) in [
        ("192.0.2.45", "abuse@lindenhost.example"),
        ("198.51.100.23", "abuse@northpath.example"),
        ("203.0.113.150", "abuse@quaycloud.example"),
    ] {
        let found = finder.find(&addr(suspect), &mut NoCache, now());
        assert_eq!(recommended(&found), [desk], "{}", outcomes(&found));
        assert_eq!(found.contacts[0].via, Via::Whois);
    }
    let asked = internet
        .questions()
        .iter()
        .filter(|q| q.text.starts_with("/rdap/"))
        .count();
    assert_eq!(asked, 1, "a server that answered 429 is not asked again");
}

#[test]
fn a_pause_that_a_server_wants_outlasts_the_run() {
    let internet = Internet::start(made_up()).unwrap();
    let busy =
        |retry: &str| Fault::Answer(format!("429 Too Many Requests\r\nRetry-After: {retry}"));
    let asked = || {
        let questions = internet.questions();
        let rdap = questions.iter().filter(|q| q.text.starts_with("/rdap/"));
        rdap.count()
    };
    // RFC 9110 §10.2.3: seconds, or a date.
    for retry in ["7200", "Sat, 21 Nov 2026 14:00:00 GMT"] {
        internet.change(|world| world.rdap_faults = vec![("/rdap/".to_owned(), busy(retry))]);
        let mut cache = MemoryCache::default();
        let run = |addr_: &str, hours: i64, cache: &mut MemoryCache| {
            let at = now() + SignedDuration::from_hours(hours);
            let found = Finder::new(settings(&internet), &RULES).find(&addr(addr_), cache, at);
            assert_eq!(recommended(&found).len(), 1, "{}", outcomes(&found));
            outcomes(&found)
        };
        let before = asked();
        run("192.0.2.45", 0, &mut cache);
        assert_eq!(asked(), before + 1);
        // Another run, another network: WHOIS answers, and RDAP is left alone.
        internet.change(|world| world.rdap_faults.clear());
        let seen = run("198.51.100.23", 1, &mut cache);
        assert_eq!(asked(), before + 1);
        assert!(seen.contains("not asked: it answered 429"), "{seen}");
        assert!(seen.contains("until 2026-11-21 14:00 UTC"), "{seen}");
        run("203.0.113.150", 2, &mut cache);
        assert_eq!(asked(), before + 2, "{retry}: the pause is over");
    }
}

#[test]
fn a_batch_asks_once_a_network_and_keeps_the_pause() {
    let internet = Internet::start(made_up()).unwrap();
    let mut cache = MemoryCache::default();
    let mut settings = settings(&internet);
    settings.pause_ms = 150;
    let mut finder = Finder::new(settings, &RULES);
    let started = Instant::now();
    for host in 0..100 {
        for net in ["192.0.2", "198.51.100"] {
            let found = finder.find(&addr(&format!("{net}.{host}")), &mut cache, now());
            assert_eq!(recommended(&found).len(), 1);
        }
    }
    let asked: Vec<_> = internet
        .questions()
        .into_iter()
        .filter(|q| q.proto == "rdap")
        .collect();
    // Two networks and one bootstrap file, which is read once.
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(started.elapsed() >= Duration::from_millis(300));
    let later = now() + SignedDuration::from_hours(25);
    assert!(cache.recall(&addr("192.0.2.1"), later).is_none());
}

#[test]
fn offline_asks_the_cache_alone_and_says_so() {
    let internet = Internet::start(made_up()).unwrap();
    let mut cache = MemoryCache::default();
    Finder::new(settings(&internet), &RULES).find(&addr("192.0.2.45"), &mut cache, now());
    let asked = internet.questions().len();
    let offline = Settings {
        offline: true,
        ..settings(&internet)
    };
    let mut finder = Finder::new(offline, &RULES);
    let known = finder.find(&addr("192.0.2.99"), &mut cache, now());
    assert_eq!(recommended(&known), ["abuse@lindenhost.example"]);
    assert_eq!(known.hops[0].proto, "cache");
    let unknown = finder.find(&addr("198.51.100.23"), &mut cache, now());
    assert!(unknown.contacts.is_empty());
    assert!(unknown.error.unwrap().starts_with("offline"));
    assert_eq!(internet.questions().len(), asked);
}

#[test]
fn redirects_to_where_nobody_should_go_are_refused_in_a_clear_line() {
    for (location, line) in [
        ("http://127.0.0.1:1/ip/x", "loopback"),
        ("https://169.254.169.254/latest/meta-data", "link-local"),
        ("https://[::1]/", "loopback"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://10.0.0.1/", "private"),
        ("file:///etc/passwd", "`file:` is not RDAP"),
        ("gopher://127.0.0.1/", "`gopher:` is not RDAP"),
        ("https://user:secret@198.51.100.1/", "password"),
        ("//[", "it answered 302"),
    ] {
        let server = raw(format!(
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        ));
        let found = find_at(&server);
        assert!(found.contacts.is_empty());
        assert!(
            outcomes(&found).contains(line),
            "{location}: {}",
            outcomes(&found)
        );
    }
}

#[test]
fn a_redirect_that_leads_to_itself_ends_after_five_steps() {
    let server = raw("HTTP/1.1 301 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
    let found = find_at(&server);
    let seen = outcomes(&found);
    assert_eq!(seen.matches("redirects to").count(), 6, "{seen}");
    assert!(seen.contains("five steps are enough"), "{seen}");
}

#[test]
fn answers_without_end_or_in_drops_or_compressed_end_in_bounded_time() {
    let endless = serve(|mut stream| {
        let _ = stream.read(&mut [0; 4096])?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"x\":\"")?;
        loop {
            stream.write_all(&[b'x'; 65536])?;
        }
    });
    assert!(outcomes(&find_at(&endless)).contains("its answer is over 1 MiB"));

    let drops = serve(|mut stream| {
        let _ = stream.read(&mut [0; 4096])?;
        loop {
            stream.write_all(b"H")?;
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    let found = find_at(&drops);
    assert!(
        outcomes(&found).contains("no whole answer within 2 s"),
        "{}",
        outcomes(&found)
    );

    let bomb = raw(&b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0"[..]);
    assert!(outcomes(&find_at(&bomb)).contains("compressed"));

    let headers = serve(|mut stream| {
        let _ = stream.read(&mut [0; 4096])?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"X-More: yes\r\n")?;
        }
    });
    let found = find_at(&headers);
    assert!(found.contacts.is_empty() && !found.hops.is_empty());
}

#[test]
fn what_is_no_rdap_is_said_in_words() {
    let page = "<html>You have been blocked\x1b[31m</html>";
    for (status, body, line) in [
        ("200 OK", page, "a web page"),
        ("200 OK", "[1,2", "not JSON"),
        ("200 OK", "[]", "no RDAP object"),
        ("200 OK", "{\"errorCode\":403}", "error 403"),
        (
            "429 Too Many Requests\r\nRetry-After: 7",
            page,
            "asks to wait 7 s; not asked again",
        ),
        ("403 Forbidden", page, "403 Forbidden; not asked again"),
        ("500 Oops", page, "it answered 500"),
    ] {
        let server = raw(format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let found = find_at(&server);
        assert!(
            outcomes(&found).contains(line),
            "{line}: {}",
            outcomes(&found)
        );
        assert!(!outcomes(&found).contains('\x1b'));
    }
    // Brackets without end: the reader of JSON has a depth of its own.
    let deep = "{\"entities\":[".repeat(100_000);
    let server = raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{deep}",
        deep.len()
    ));
    assert!(outcomes(&find_at(&server)).contains("not"));
}

#[test]
fn a_related_link_is_followed_and_a_stub_is_fetched() {
    let far = r#"{"handle":"NET","startAddress":"203.0.113.0","endAddress":"203.0.113.127",
        "entities":[{"handle":"AB1","roles":["abuse"],"links":[{"rel":"self","type":"application/rdap+json","href":"/entity/AB1"}]}]}"#;
    let near = r#"{"handle":"TOP","links":[{"rel":"related","type":"application/rdap+json","href":"/far"},
        {"rel":"related","type":"text/html","href":"https://www.registry.example/"}]}"#;
    let stub = r#"{"handle":"AB1","roles":["abuse"],"vcardArray":["vcard",[["email",{},"text","abuse@isp.example"]]]}"#;
    let server = serve(move |mut stream| {
        let mut request = [0; 4096];
        let read = stream.read(&mut request)?;
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        let body = match request.split(' ').nth(1) {
            Some("/far") => far,
            Some("/entity/AB1") => stub,
            _ => near,
        };
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    let found = find_at(&server);
    assert_eq!(
        recommended(&found),
        ["abuse@isp.example"],
        "{}",
        outcomes(&found)
    );
}

#[test]
fn a_stub_that_redirects_to_a_stranger_names_nobody() {
    let entity = r#"{"handle":"AB1","roles":["abuse"],"vcardArray":["vcard",[["email",{},"text","security@bank.example"]]]}"#;
    let stranger = raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{entity}",
        entity.len()
    ));
    let network = r#"{"handle":"NET","startAddress":"203.0.113.0","endAddress":"203.0.113.127",
        "entities":[{"handle":"AB1","roles":["abuse"],"links":[{"rel":"self","type":"application/rdap+json","href":"/entity/AB1"}]}]}"#;
    let away = format!("http://localhost:{}/", stranger.at().port());
    let server = serve(move |mut stream| {
        let mut request = [0; 4096];
        let read = stream.read(&mut request)?;
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        if request.split(' ').nth(1) == Some("/entity/AB1") {
            return write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {away}\r\nContent-Length: 0\r\n\r\n"
            );
        }
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{network}",
            network.len()
        )
    });
    let found = find_at_with(&server, &[stranger.at().port()]);
    assert!(
        found.contacts.is_empty(),
        "{}\n{:?}",
        outcomes(&found),
        found.contacts
    );
}

#[test]
fn a_line_that_the_connection_broke_off_in_names_nobody() {
    let internet = world_with(
        "NetRange: 203.0.113.0 - 203.0.113.127\nOrgName: Example\nOrgAbuseEmail: abuse@isp.co",
    );
    let found = find(&internet, &addr("203.0.113.1"));
    assert!(found.contacts.is_empty(), "{:?}", found.contacts);
    assert!(found.network.is_some(), "{}", outcomes(&found));
}

#[test]
fn what_failed_in_the_dns_is_asked_again_in_the_next_run() {
    let internet = Internet::start(made_up()).unwrap();
    let mut cache = MemoryCache::default();
    let mut broken = settings(&internet);
    // Nothing listens there.
    broken.resolver = Some("127.0.0.1:1".parse().unwrap());
    let domain = Suspect::Domain("summit-offers.example".to_owned());
    Finder::new(broken, &RULES).find(&domain, &mut cache, now());
    assert!(cache.recall(&domain, now()).is_none());
    let mut finder = Finder::new(settings(&internet), &RULES);
    finder.find(&domain, &mut cache, now());
    assert!(cache.recall(&domain, now()).is_some());
}

/// Returns the sandbox with one more network, whose registry's answer is this text.
pub(crate) fn world_with(text: &str) -> Internet {
    let mut world = made_up();
    world
        .whois
        .entry("whois.arin.net".to_owned())
        .or_default()
        .push((About::new("203.0.113.0/25"), text.to_owned()));
    Internet::start(world).unwrap()
}

pub(crate) const STUB: &str = "NetRange: 203.0.113.0 - 203.0.113.127\nNetType: Allocated to APNIC\nOrgAbuseEmail: search-apnic-not-arin@apnic.net\n";

#[test]
fn ten_thousand_referrals_are_four() {
    let referrals: String = (0..10_000)
        .map(|n| format!("ReferralServer: whois://127.0.0.{}\n", 20 + n % 200))
        .collect();
    let internet = world_with(&format!("{STUB}{referrals}"));
    let found = find(&internet, &addr("203.0.113.1"));
    assert!(found.contacts.is_empty());
    assert!(
        outcomes(&found).contains("four referrals are enough"),
        "{}",
        outcomes(&found)
    );
    assert!(found.hops.iter().filter(|hop| hop.proto == "whois").count() <= 7);
}

#[test]
fn a_referral_into_the_user_s_network_is_refused() {
    for (server, line) in [
        ("whois://10.0.0.1", "private"),
        ("rwhois://192.168.0.1:4321", "private"),
        ("whois://127.0.0.1:25", "loopback"),
        ("whois://[::1]:43", "loopback"),
        ("whois://169.254.169.254:80", "link-local"),
        ("whois://rebinds.evil.example", "private"),
    ] {
        let internet = world_with(&format!("{STUB}ReferralServer: {server}\n"));
        internet
            .change(|world| world.name("rebinds.evil.example", [Record::A([10, 0, 0, 7].into())]));
        let found = find(&internet, &addr("203.0.113.1"));
        assert!(
            outcomes(&found).contains(line),
            "{server}: {}",
            outcomes(&found)
        );
        assert!(found.contacts.is_empty());
    }
}

#[test]
fn a_referral_that_fails_leaves_the_first_answer_standing() {
    let internet = world_with(
        "NetRange: 203.0.113.0 - 203.0.113.127\nOrgName: Example\nReferralServer: rwhois://rwhois.gone.example:4321\nOrgTechEmail: tech@isp.example\n",
    );
    let found = find(&internet, &addr("203.0.113.1"));
    assert_eq!(found.contacts.len(), 1, "{}", outcomes(&found));
    assert_eq!(found.contacts[0].mailbox.as_str(), "tech@isp.example");
    assert!(!found.contacts[0].recommended);
    assert_eq!(found.contacts[0].confidence, Confidence::Low);
    assert!(found.network.is_some());
}

#[test]
fn a_server_of_the_holder_s_own_cannot_name_a_victim() {
    let rwhois = raw(
        "%rwhois V-1.5\r\nnetwork:Class-Name:network\r\nnetwork:IP-Network:203.0.113.0/29\r\nnetwork:Abuse-Contact;I:security@bank.example\r\n%ok\r\n",
    );
    let internet = world_with(&format!(
        "NetRange: 203.0.113.0 - 203.0.113.127\nOrgName: Example\nReferralServer: rwhois://127.0.0.1:{}\n",
        rwhois.at().port()
    ));
    let mut settings = settings(&internet);
    settings
        .allow_private_servers
        .push(("127.0.0.1/32".parse().unwrap(), rwhois.at().port()));
    let found = Finder::new(settings, &RULES).find(&addr("203.0.113.1"), &mut NoCache, now());
    assert!(found.contacts.is_empty(), "{:?}", found.contacts);
    assert_eq!(
        found.refused[0].mailbox,
        "security@bank.example",
        "{}",
        outcomes(&found)
    );
    assert!(found.refused[0].why.contains("no registry runs"));
}

#[test]
fn whois_that_stalls_floods_or_refuses_ends_in_bounded_time() {
    for (fault, line) in [
        (Fault::Hang, "no whole answer in time"),
        (Fault::Endless, "over 1 MiB"),
        (Fault::Drop, "closed without an answer"),
        (
            Fault::Answer("% You don't have permission to use this service\n".to_owned()),
            "refuses to answer; not asked again",
        ),
        (
            Fault::Answer("%ERROR:201: access denied\n".to_owned()),
            "has had enough questions; not asked again",
        ),
        (Fault::Garbage, "answered"),
    ] {
        let internet = world_with(STUB);
        internet.change(|world| {
            world
                .whois_faults
                .insert("whois.arin.net".to_owned(), fault.clone());
        });
        let found = find(&internet, &addr("203.0.113.1"));
        let seen = outcomes(&found);
        assert!(seen.contains(line), "{fault:?}: {seen}");
        assert!(!seen.contains('\x1b'));
        assert!(found.contacts.is_empty());
    }
}

#[test]
fn a_registry_answer_with_two_recipients_in_one_place_gives_none() {
    let internet = world_with(
        "NetRange: 203.0.113.0 - 203.0.113.127\nOrgAbuseEmail: abuse@isp.example,victim@bank.example\nOrgAbuseEmail: \"abuse@isp.example\"?cc=victim@bank.example\n",
    );
    let found = find(&internet, &addr("203.0.113.1"));
    assert!(recommended(&found).is_empty());
    assert_eq!(found.refused.len(), 2);
}

#[test]
fn a_host_name_that_could_carry_a_token_is_never_looked_up() {
    let internet = Internet::start(made_up()).unwrap();
    let found = find(
        &internet,
        &Suspect::Host("jane-4711.parcel-status.example".to_owned()),
    );
    assert_eq!(recommended(&found), ["abuse@quaycloud.example"]);
    assert!(found.contacts.iter().all(|c| c.role == Role::Hosting));
    assert!(
        found
            .contacts
            .iter()
            .all(|c| c.confidence == Confidence::Low && c.field.contains("unconfirmed"))
    );
    assert!(
        internet
            .questions()
            .iter()
            .all(|q| !q.text.contains("jane"))
    );
    let plain = find(
        &internet,
        &Suspect::Host("www.parcel-status.example".to_owned()),
    );
    assert_eq!(plain.contacts[0].confidence, Confidence::High);
}

#[test]
fn a_domain_has_a_registrar_and_perhaps_a_mail_provider() {
    let internet = Internet::start(made_up()).unwrap();
    let found = find(
        &internet,
        &Suspect::Domain("www.parcel-status.example".to_owned()),
    );
    assert_eq!(
        found.contacts[0].role,
        Role::Registrar,
        "{}",
        outcomes(&found)
    );
    assert!(found.contacts[0].recommended);
    let found = find(&internet, &Suspect::Domain("quickpost.example".to_owned()));
    let provider = found
        .contacts
        .iter()
        .find(|c| c.role == Role::Provider)
        .unwrap();
    assert_eq!(provider.via, Via::AbuseNet);
    assert_eq!(provider.mailbox.as_str(), "abuse@quickpost.example");
}

#[test]
fn directories_in_the_dns_answer_where_registries_name_nobody() {
    let internet = Internet::start(made_up()).unwrap();
    internet.change(|world| {
        world.name(
            "1.113.0.203.abuse-contacts.abusix.zone",
            [Record::Txt("abuse@isp.example, noc@isp.example".to_owned())],
        );
    });
    let found = find(&internet, &addr("203.0.113.1"));
    assert_eq!(
        found.contacts[0].mailbox.as_str(),
        "abuse@isp.example",
        "{}",
        outcomes(&found)
    );
    assert_eq!(found.contacts[0].via, Via::Abusix);
    assert_eq!(found.contacts[0].confidence, Confidence::Medium);

    // abuse.net is asked for the confirmed name only, and its default is a guess.
    let internet = Internet::start(made_up()).unwrap();
    internet.change(|world| {
        world.name(
            "2.113.0.203.in-addr.arpa",
            [Record::Ptr("mail.isp.example".to_owned())],
        );
        world.name("mail.isp.example", [Record::A([203, 0, 113, 2].into())]);
        world.name(
            "isp.example.contacts.abuse.net",
            [
                Record::Txt("postmaster@isp.example".to_owned()),
                Record::Hinfo("default".to_owned(), "x".to_owned()),
            ],
        );
        world.name(
            "isp.example",
            [Record::Mx(10, "mail.isp.example".to_owned())],
        );
    });
    let found = find(&internet, &addr("203.0.113.2"));
    assert!(recommended(&found).is_empty());
    let guess = found
        .contacts
        .iter()
        .find(|c| c.via == Via::Rfc2142)
        .unwrap();
    assert_eq!(guess.mailbox.as_str(), "abuse@isp.example");
    assert_eq!(guess.confidence, Confidence::Low);
}

#[test]
fn a_null_mx_takes_no_guess() {
    let internet = Internet::start(made_up()).unwrap();
    internet.change(|world| {
        world.name("nomail.example", [Record::Mx(0, ".".to_owned())]);
    });
    let found = find(&internet, &Suspect::Domain("nomail.example".to_owned()));
    assert!(found.contacts.is_empty(), "{:?}", found.contacts);
}

#[test]
fn upstream_is_who_announces_the_network() {
    let internet = Internet::start(made_up()).unwrap();
    let mut finder = Finder::new(settings(&internet), &RULES);
    let known = finder.find(&addr("198.51.100.23"), &mut NoCache, now());
    assert_eq!(known.asn, Some(64500));
    let above = finder.find_upstream(
        "198.51.100.23".parse().unwrap(),
        &known,
        &mut NoCache,
        now(),
    );
    assert!(above.contacts.iter().all(|c| c.role == Role::Upstream));
    assert!(
        above
            .contacts
            .iter()
            .all(|c| known.contacts.iter().all(|k| k.mailbox != c.mailbox)),
        "its own desk is not its upstream"
    );
}

#[test]
fn the_spam_s_own_parties_are_no_desks() {
    let internet = Internet::start(made_up()).unwrap();
    let found = find(&internet, &addr("192.0.2.45")).without(&Parties {
        spam: vec!["abuse@lindenhost.example".to_owned()],
        ..Parties::default()
    });
    assert!(recommended(&found).is_empty());
    assert_eq!(
        found.refused.last().unwrap().why,
        "the spam itself names it"
    );
}

#[test]
fn an_answer_about_another_network_is_none() {
    let body = r#"{"startAddress":"198.51.100.0","endAddress":"198.51.100.255",
        "entities":[{"roles":["abuse"],"vcardArray":["vcard",[["email",{},"text","abuse@isp.example"]]]}]}"#;
    let server = raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let found = find_at(&server);
    assert!(found.contacts.is_empty());
    assert!(
        outcomes(&found).contains("about another network"),
        "{}",
        outcomes(&found)
    );
    let internet =
        world_with("NetRange: 198.51.100.0 - 198.51.100.255\nOrgAbuseEmail: abuse@isp.example\n");
    let found = find(&internet, &addr("203.0.113.1"));
    assert!(found.contacts.is_empty());
    assert!(
        outcomes(&found).contains("about another network"),
        "{}",
        outcomes(&found)
    );
}

#[test]
fn an_address_in_a_link_and_a_domain_in_a_host_s_place_have_hosting_desks() {
    let internet = Internet::start(made_up()).unwrap();
    let mut finder = Finder::new(settings(&internet), &RULES);
    let link = addr("203.0.113.150");
    let found = finder.find_as(&link, Role::Hosting, &mut NoCache, now());
    assert_eq!(recommended(&found), ["abuse@quaycloud.example"]);
    assert!(found.contacts.iter().all(|c| c.role == Role::Hosting));
    let domain = Suspect::Domain("parcel-status.example".to_owned());
    let found = finder.find_as(&domain, Role::Hosting, &mut NoCache, now());
    assert_eq!(recommended(&found), ["abuse@quaycloud.example"]);
    assert_eq!(found.contacts[0].confidence, Confidence::Low);
    assert!(found.contacts[0].field.contains("unconfirmed"));
}
