//! The sandbox's servers answer as real ones do, and wrongly on request: libraries that know nothing of them agree.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use mail_send::SmtpClientBuilder;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::net::dns::Record;
use crate::net::fault::Fault;
use crate::net::smtp::{Protection, Stage};
use crate::net::tls::Shown;
use crate::net::{Internet, made_up};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn resolver(internet: &Internet) -> TokioResolver {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = internet.resolver().port();
    }
    let mut server = NameServerConfig::udp(internet.resolver().ip());
    server.connections = connections;
    TokioResolver::builder_with_config(
        ResolverConfig::from_name_servers(vec![server]),
        TokioRuntimeProvider::default(),
    )
    .build()
    .unwrap()
}

/// Sends a few octets and reads until the server closes, or two seconds pass.
fn ask(at: SocketAddr, question: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    stream.write_all(question.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(internet: &Internet, path: &str) -> String {
    ask(
        internet.rdap(),
        &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    )
}

#[test]
fn names_are_answered_over_udp_and_long_ones_over_tcp() {
    let mut world = made_up();
    let long: Vec<Record> = (0..40)
        .map(|n| Record::Txt(format!("contact-{n}@lindenhost.example")))
        .collect();
    world.name("long.example", long);
    let internet = Internet::start(world).unwrap();
    runtime().block_on(async {
        let resolver = resolver(&internet);
        let addrs = resolver.lookup_ip("mail.oakfield.example.").await.unwrap();
        assert_eq!(
            addrs.iter().next().unwrap().to_string(),
            "192.0.2.45",
            "{:?}",
            internet.questions()
        );
        let texts = resolver.txt_lookup("long.example.").await.unwrap();
        assert_eq!(texts.answers().len(), 40);
        let missing = resolver.lookup_ip("nobody.example.").await.unwrap_err();
        assert!(missing.is_nx_domain(), "{missing}");
    });
    assert!(
        internet
            .questions()
            .iter()
            .any(|question| question.text == "nobody.example A")
    );
}

#[test]
fn rdap_answers_the_smallest_network_and_bootstraps_to_itself() {
    let internet = Internet::start(made_up()).unwrap();
    let answer = get(&internet, "/rdap/ip/192.0.2.45");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("abuse@lindenhost.example"));
    assert!(!answer.contains("@@RDAP@@"));
    assert!(get(&internet, "/rdap/autnum/64500").contains("NORTHPATH"));
    assert!(get(&internet, "/rdap/domain/parcel-status.example").contains("abuse@keyhole.example"));
    assert!(get(&internet, "/rdap/ip/203.0.113.25").starts_with("HTTP/1.1 404 "));
    let base = format!("http://{}/rdap/", internet.rdap());
    for file in ["ipv4", "ipv6", "asn", "dns"] {
        assert!(get(&internet, &format!("/bootstrap/{file}.json")).contains(&base));
    }
}

#[test]
fn whois_refers_to_registries_with_addresses_of_their_own() {
    let internet = Internet::start(made_up()).unwrap();
    let root = internet.whois_root();
    let answer = ask(root, "198.51.100.23\r\n");
    assert!(
        answer.contains("refer:        whois.arin.net\r\n"),
        "{answer}"
    );
    let registry = runtime().block_on(async {
        let addrs = resolver(&internet)
            .lookup_ip("whois.arin.net.")
            .await
            .unwrap();
        addrs.iter().next().unwrap()
    });
    assert_ne!(registry, root.ip());
    let at = SocketAddr::from((registry, root.port()));
    let answer = ask(at, "n + 198.51.100.23\r\n");
    assert!(
        answer.contains("OrgAbuseEmail:  abuse@northpath.example\r\n"),
        "{answer}"
    );
    assert!(ask(at, "192.0.2.45\r\n").contains("No match"));
}

#[test]
fn registries_fail_as_they_are_told() {
    let internet = Internet::start(made_up()).unwrap();
    let path = "/rdap/ip/192.0.2.45";
    let proper = get(&internet, path);
    let fail = |fault: Fault| {
        internet.change(|world| world.rdap_faults = vec![("/rdap/ip/".to_owned(), fault)]);
        get(&internet, path)
    };
    let busy = Fault::Answer("429 Too Many Requests\r\nRetry-After: 7".to_owned());
    assert!(fail(busy).starts_with("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n"));
    assert_eq!(fail(Fault::Drop), "");
    assert!(fail(Fault::Cut).len() < proper.len());
    assert!(!fail(Fault::Garbage).starts_with("HTTP"));
    let before = Instant::now();
    assert_eq!(fail(Fault::Hang), "");
    assert!(before.elapsed() >= Duration::from_secs(2));
    assert!(fail(Fault::Slow(Duration::from_millis(300))).contains("lindenhost"));

    let root = internet.whois_root();
    internet.change(|world| {
        let referral = Fault::Answer("refer: whois.iana.org\r\n".to_owned());
        world
            .whois_faults
            .insert("whois.iana.org".to_owned(), referral);
        world.dns_fault = Some(Fault::Answer("SERVFAIL".to_owned()));
    });
    assert_eq!(ask(root, "192.0.2.45\r\n"), "refer: whois.iana.org\r\n");
    let failed = runtime().block_on(resolver(&internet).lookup_ip("mail.oakfield.example."));
    assert!(!failed.unwrap_err().is_nx_domain());
}

#[test]
fn a_changed_answer_is_the_next_answer() {
    let internet = Internet::start(made_up()).unwrap();
    internet.change(|world| world.replace("abuse@lindenhost.example", "desk@lindenhost.example"));
    let answer = get(&internet, "/rdap/ip/192.0.2.45");
    assert!(answer.contains("desk@lindenhost.example") && !answer.contains("abuse@linden"));
}

#[test]
fn nothing_listens_after_the_servers_are_dropped() {
    let internet = Internet::start(made_up()).unwrap();
    let ports = [
        internet.resolver(),
        internet.rdap(),
        internet.whois_root(),
        internet.smtp(),
    ];
    // A connection that hangs is ended, too.
    internet.change(|world| world.rdap_faults = vec![("/".to_owned(), Fault::Hang)]);
    let mut hanging = TcpStream::connect(internet.rdap()).unwrap();
    hanging.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    drop(internet);
    for at in ports {
        assert!(TcpStream::connect(at).is_err(), "{at}");
    }
    assert_eq!(hanging.read(&mut [0; 16]).unwrap_or(0), 0);
}

/// A client of another make, told of the servers' authority.
fn client(internet: &Internet) -> SmtpClientBuilder<String> {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    internet.write_authority(&authority).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(&authority).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let at = internet.smtp();
    SmtpClientBuilder::new_with_tls_connector(
        at.ip().to_string(),
        at.port(),
        tokio_rustls::TlsConnector::from(Arc::new(config)),
    )
    .helo_host("client.example")
    .credentials(("robin".to_owned(), internet.password()))
    .timeout(Duration::from_secs(3))
}

async fn send(builder: &SmtpClientBuilder<String>, body: &str) -> mail_send::Result<()> {
    let mut client = builder.connect().await?;
    client
        .send(mail_send::smtp::message::Message::new(
            "r@postbox.example",
            ["abuse@lindenhost.example"],
            body.as_bytes(),
        ))
        .await?;
    Ok(())
}

#[test]
fn mail_arrives_octet_by_octet_over_both_kinds_of_tls() {
    let internet = Internet::start(made_up()).unwrap();
    let body = "Subject: x\r\n\r\n.dot\r\n..two\r\nend";
    for protection in [Protection::Implicit, Protection::StartTls] {
        internet.change(|world| world.mail.protection = protection);
        let builder = client(&internet).implicit_tls(protection == Protection::Implicit);
        runtime().block_on(send(&builder, body)).unwrap();
    }
    let arrived = internet.mailroom().arrived();
    assert_eq!(arrived.len(), 2);
    for mail in arrived {
        assert_eq!(mail.from, "r@postbox.example");
        assert_eq!(mail.to, ["abuse@lindenhost.example"]);
        assert_eq!(
            String::from_utf8(mail.octets).unwrap(),
            format!("{body}\r\n")
        );
    }
    assert_eq!(internet.mailroom().conversations(), 2);
    let commands = internet.mailroom().commands();
    assert!(
        commands.concat().contains(&"AUTH …".to_owned()),
        "{commands:?}"
    );
}

#[test]
fn the_mail_server_lets_nobody_in_who_should_not_be() {
    let internet = Internet::start(made_up()).unwrap();
    let stranger = client(&internet).credentials(("robin".to_owned(), "guess".to_owned()));
    let refused = runtime().block_on(send(&stranger, "x")).unwrap_err();
    assert!(refused.to_string().contains("535"), "{refused}");
    for shown in [
        Shown::SelfSigned,
        Shown::Expired,
        Shown::OtherHost,
        Shown::UnknownAuthority,
    ] {
        internet.change(|world| world.mail.certificate = shown);
        assert!(
            runtime().block_on(send(&client(&internet), "x")).is_err(),
            "{shown:?}"
        );
    }
    assert_eq!(internet.mailroom().arrived(), []);
}

#[test]
fn the_mail_server_fails_at_the_stage_it_is_told() {
    let internet = Internet::start(made_up()).unwrap();
    let builder = client(&internet);
    let stages = [
        Stage::Banner,
        Stage::Ehlo,
        Stage::Auth,
        Stage::Mail,
        Stage::Rcpt,
        Stage::Data,
        Stage::Dot,
    ];
    for stage in stages {
        for fault in [Fault::Answer("451 4.3.0 later".to_owned()), Fault::Drop] {
            internet.change(|world| world.mail.faults = [(stage, fault.clone())].into());
            assert!(
                runtime().block_on(send(&builder, "x")).is_err(),
                "{stage:?} {fault:?}"
            );
            assert!(internet.mailroom().wait_for(stage, Duration::ZERO));
        }
    }
    assert_eq!(internet.mailroom().arrived(), []);
    internet.change(|world| world.mail.faults = [(Stage::Dot, Fault::KeepThenDrop)].into());
    assert!(runtime().block_on(send(&builder, "x")).is_err());
    assert_eq!(internet.mailroom().arrived().len(), 1);
    internet.change(|world| world.mail.faults = [(Stage::Dot, Fault::KeepThenHang)].into());
    let slow = runtime().block_on(send(&builder, "x")).unwrap_err();
    assert!(matches!(slow, mail_send::Error::Timeout), "{slow}");
    assert_eq!(internet.mailroom().arrived().len(), 2);
}

#[test]
fn starttls_can_be_missing() {
    let internet = Internet::start(made_up()).unwrap();
    internet.change(|world| world.mail.protection = Protection::None);
    let builder = client(&internet).implicit_tls(false);
    let missing = runtime().block_on(send(&builder, "x")).unwrap_err();
    assert!(
        matches!(missing, mail_send::Error::MissingStartTls),
        "{missing}"
    );
}
