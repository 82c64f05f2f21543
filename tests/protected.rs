//! TLS and passwords: what is refused before a password or an address has left.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use plaint::delivery::smtp::{Mechanism, Settings, Smtp, Times, Tls};
use plaint::delivery::{Outcome, PasswordFrom, Setback, Stage, deliver};
use plaint::ledger::{Ledger, ShownAs};
use secrecy::SecretString;

use crate::letters::{FREE, agreed, clock, kept_complaint, noon};
use crate::net::smtp::Protection;
use crate::net::tls::Shown;
use crate::net::{Internet, made_up};
use crate::trial::Trial;

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

/// A server that takes one XOAUTH2 token, as the large providers do; returns its port, and what it heard.
fn token_server(token: &'static str, refusal: &'static [&'static str]) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let said = Arc::clone(&heard);
    let right = format!("user=robin\x01auth=Bearer {token}\x01\x01");
    let right = data_encoding::BASE64.encode(right.as_bytes());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut writer = stream.try_clone().unwrap();
            writer.write_all(b"220 mx.example ESMTP\r\n").unwrap();
            let mut refusals = refusal.iter();
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                said.lock().unwrap().push(line.clone());
                let response = line.strip_prefix("AUTH XOAUTH2 ").unwrap_or(&line);
                let answer = match line.get(..4) {
                    Some("EHLO") => "250-mx.example\r\n250 AUTH LOGIN XOAUTH2",
                    // RFC 4954 §4: an empty challenge asks for the response.
                    Some("AUTH") if line == "AUTH XOAUTH2" => "334 ",
                    Some("MAIL") => "450 4.2.0 this far",
                    Some("QUIT" | "RSET") => "250 ok",
                    _ if response == right => "235 2.7.0 Accepted",
                    _ => refusals.next().unwrap_or(&"500 5.5.1 out of turn"),
                };
                if writer
                    .write_all(format!("{answer}\r\n").as_bytes())
                    .is_err()
                {
                    break;
                }
            }
        }
    });
    (port, heard)
}

type Heard = Arc<Mutex<Vec<String>>>;

fn with_token(port: u16, token: &str) -> Setback {
    let settings = Settings {
        host: "localhost".to_owned(),
        port,
        tls: Tls::None,
        user: Some("robin".to_owned()),
        mechanism: Some(Mechanism::XOAuth2),
        ca_file: None,
        times: quick(),
    };
    setback(send(settings, token.to_owned()))
}

#[test]
fn a_token_is_sent_at_once_where_it_fits_a_line_and_after_a_challenge_where_not() {
    let (port, heard) = token_server("ya29.short", &[]);
    assert_eq!(with_token(port, "ya29.short").stage, Stage::Mail);
    assert!(heard.lock().unwrap()[1].starts_with("AUTH XOAUTH2 dXNlcj1yb2Jpb"));
    // RFC 4954 §4 MUST NOT: an AUTH line is no longer than any other.
    static LONG: LazyLock<String> = LazyLock::new(|| "t".repeat(2_000));
    let (port, heard) = token_server(&LONG, &[]);
    assert_eq!(with_token(port, &LONG).stage, Stage::Mail);
    let heard = heard.lock().unwrap();
    assert_eq!(heard[1], "AUTH XOAUTH2");
    assert!(heard[2].len() > 2_000 && heard[3].starts_with("MAIL FROM"));
}

#[test]
fn a_token_that_is_refused_is_the_logins_failure_and_waits_for_the_user() {
    // Google: the error in a challenge, an empty line, then the refusal. Microsoft: at once.
    let google: &[&str] = &[
        "334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0=",
        "535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 again",
    ];
    let microsoft: &[&str] = &["535 5.7.3 Authentication unsuccessful"];
    for (refusal, lines) in [(google, 3), (microsoft, 2)] {
        let (port, heard) = token_server("right", refusal);
        let setback = with_token(port, "stale-token");
        assert_eq!(
            (setback.stage, setback.code, setback.lasting),
            (Stage::Auth, Some(535), true)
        );
        assert!(!setback.why.contains("stale"), "{}", setback.why);
        let heard = heard.lock().unwrap();
        assert_eq!(heard.len(), lines, "{heard:?}");
        assert!(lines == 2 || heard[2].is_empty());
    }
}

#[test]
fn the_settings_name_the_way_to_log_in_and_a_command_gives_the_token() {
    let (port, heard) = token_server("right", &[]);
    let trial = Trial::begin().without("delivery");
    let mut text = std::fs::read_to_string(trial.home.config()).unwrap();
    text.push_str(&format!(
        "\n[delivery]\ntransport = \"smtp\"\nwhole_timeout_s = 30\npassword_timeout_s = 20\n\
         [delivery.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nuser = \"robin\"\n\
         auth = \"xoauth2\"\npassword_command = \"echo right\"\n"
    ));
    std::fs::write(trial.home.config(), text).unwrap();
    let mut player = trial.terminal(&["report", "pills.eml"]);
    let code = player.read_to(r"type (\w{4}) to send 1 complaint").unwrap();
    player.type_line(&code).unwrap();
    player.wait_for("450 4.2.0 this far").unwrap();
    assert_eq!(player.finish().unwrap().code, Some(75));
    assert!(heard.lock().unwrap()[1].starts_with("AUTH XOAUTH2 "));
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
