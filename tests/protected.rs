//! TLS and passwords: what is refused before a password or an address has left.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plaint::delivery::smtp::{Mechanism, Settings, Smtp, Times, Tls};
use plaint::delivery::{Outcome, PasswordFrom, Setback, Stage, deliver};
use plaint::ledger::{Ledger, ShownAs};
use secrecy::SecretString;

use crate::letters::{FREE, agreed, clock, kept_complaint, noon};
use crate::net::smtp::Protection;
use crate::net::tls::Shown;
use crate::net::{Internet, made_up};

/// The sandbox's mail server, its authority, and how to reach it.
struct Peer {
    internet: Internet,
    folder: tempfile::TempDir,
}

impl Peer {
    fn new(protection: Protection, shown: Shown) -> Self {
        let internet = Internet::start(made_up()).unwrap();
        internet.change(|world| {
            world.mail.protection = protection;
            world.mail.certificate = shown;
        });
        let folder = tempfile::tempdir().unwrap();
        internet
            .write_authority(&folder.path().join("ca.pem"))
            .unwrap();
        Self { internet, folder }
    }

    fn send(&self, tls: Tls, mechanism: Option<Mechanism>, password: &str) -> Outcome {
        let password = password.to_owned();
        let settings = Settings {
            host: "localhost".to_owned(),
            port: self.internet.smtp().port(),
            tls,
            user: Some("robin".to_owned()),
            mechanism,
            ca_file: Some(self.folder.path().join("ca.pem")),
            times: quick(),
        };
        send(settings, password)
    }
}

fn quick() -> Times {
    Times {
        step: Duration::from_secs(5),
        dot: Duration::from_secs(5),
        whole: Duration::from_secs(10),
    }
}

fn send(settings: Settings, password: String) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
    let complaint = kept_complaint(&mut ledger, 1, "abuse@example.net", "x");
    let approved = agreed(complaint);
    ledger
        .approve(std::slice::from_ref(&approved), ShownAs::New, &FREE, noon())
        .unwrap();
    let ask = move |_: &str| Ok(SecretString::from(password.clone()));
    let mut smtp = Smtp::new(settings, PasswordFrom::Ask(Box::new(ask)));
    let outcome = deliver(approved, &mut smtp, &mut ledger, &clock()).unwrap();
    drop(smtp);
    // Nothing of the password is in the ledger, whatever happened.
    let mut on_disk = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        on_disk.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    for form in ["open sesame", "b3BlbiBzZXNhbWU"] {
        assert!(memchr::memmem::find(&on_disk, form.as_bytes()).is_none());
    }
    outcome
}

fn setback(outcome: Outcome) -> Setback {
    match outcome {
        Outcome::Deferred(setback) => setback,
        other => panic!("{other:?}"),
    }
}

#[test]
fn mail_goes_over_tls_with_every_way_to_log_in_that_the_server_offers() {
    for (protection, tls) in [
        (Protection::Implicit, Tls::Implicit),
        (Protection::StartTls, Tls::StartTls),
    ] {
        for mechanism in [None, Some(Mechanism::Plain), Some(Mechanism::Login)] {
            let peer = Peer::new(protection, Shown::Good);
            let outcome = peer.send(tls, mechanism, "open sesame");
            assert!(
                matches!(outcome, Outcome::Accepted { .. }),
                "{tls:?} {mechanism:?}: {outcome:?}"
            );
            assert_eq!(peer.internet.mailroom().arrived().len(), 1);
        }
    }
}

#[test]
fn a_certificate_that_is_not_valid_is_refused_with_the_reason_before_anything_is_said() {
    let cases = [
        (Shown::Expired, "it has expired"),
        (Shown::OtherHost, "it is not for `localhost`"),
        (
            Shown::UnknownAuthority,
            "nobody that is trusted here signed it",
        ),
        (Shown::SelfSigned, "nobody that is trusted here signed it"),
    ];
    for (shown, why) in cases {
        for (protection, tls) in [
            (Protection::Implicit, Tls::Implicit),
            (Protection::StartTls, Tls::StartTls),
        ] {
            let peer = Peer::new(protection, shown);
            let setback = setback(peer.send(tls, None, "open sesame"));
            assert_eq!((setback.stage, setback.lasting), (Stage::Tls, true));
            assert_eq!(
                setback.why,
                format!("the server's certificate is not valid: {why}")
            );
            assert!(peer.internet.mailroom().arrived().is_empty());
        }
    }
}

#[test]
fn a_wrong_password_is_said_and_is_nobodys_refusal_of_the_complaint() {
    let peer = Peer::new(Protection::Implicit, Shown::Good);
    let setback = setback(peer.send(Tls::Implicit, None, "mistaken"));
    assert_eq!((setback.stage, setback.code), (Stage::Auth, Some(535)));
    assert!(setback.lasting);
    assert!(!setback.why.contains("mistaken"), "{}", setback.why);
}

#[test]
fn a_server_without_starttls_gets_nothing() {
    let peer = Peer::new(Protection::None, Shown::Good);
    let setback = setback(peer.send(Tls::StartTls, None, "open sesame"));
    assert_eq!(setback.stage, Stage::StartTls);
    assert_eq!(
        setback.why,
        "the server offers no STARTTLS, and without TLS nothing is sent"
    );
}

#[test]
fn tls_on_a_port_that_does_not_speak_it_is_named() {
    let peer = Peer::new(Protection::StartTls, Shown::Good);
    let setback = setback(peer.send(Tls::Implicit, None, "open sesame"));
    assert_eq!(setback.why, "the server does not speak TLS on this port");
}

#[test]
fn answers_that_somebody_put_behind_starttls_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let said = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut writer = stream.try_clone().unwrap();
            writer.write_all(b"220 faulty.example ESMTP\r\n").unwrap();
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let answer: &[u8] = match line.get(..4) {
                    Some(b"EHLO") => b"250-faulty.example\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
                    // Who stands on the way adds answers for the commands to come.
                    Some(b"STAR") => {
                        b"220 go\r\n250-faulty.example\r\n250 AUTH PLAIN\r\n235 ok\r\n"
                    }
                    _ => b"250 ok\r\n",
                };
                said.lock().unwrap().push(line);
                if writer.write_all(answer).is_err() {
                    break;
                }
            }
        }
    });
    let settings = Settings {
        host: "localhost".to_owned(),
        port,
        tls: Tls::StartTls,
        user: Some("robin".to_owned()),
        mechanism: None,
        ca_file: None,
        times: quick(),
    };
    let setback = setback(send(settings, "open sesame".to_owned()));
    assert_eq!(setback.stage, Stage::StartTls);
    assert_eq!(
        setback.why,
        "the server answered before it was asked, at starttls"
    );
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 2, "EHLO and STARTTLS, and not one octet more");
}

#[test]
fn a_file_of_certificates_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("ca.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let peer = Peer::new(Protection::Implicit, Shown::Good);
    let settings = Settings {
        host: "localhost".to_owned(),
        port: peer.internet.smtp().port(),
        tls: Tls::Implicit,
        user: None,
        mechanism: None,
        ca_file: Some(file.clone()),
        times: quick(),
    };
    let setback = setback(send(settings, String::new()));
    assert_eq!(
        setback.why,
        format!(
            "`{}` could not be read as certificates: it holds no certificate",
            file.display()
        )
    );
}
