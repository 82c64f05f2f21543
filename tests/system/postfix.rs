//! Postfix as a judge: what it takes is what was agreed to, octet by octet.
//!
//! Needs Debian's `postfix` (`smtp-sink`, and for the whole instance root).

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plaint::delivery::smtp::{Settings, Smtp, Times, Tls};
use plaint::delivery::{Outcome, PasswordFrom, deliver};
use plaint::ledger::{Ledger, ShownAs};

use crate::letters::{FREE, agreed, clock, kept_complaint, noon};

/// What a server could trip over, and change: dots, an empty last line, 8-bit octets, lines of 998 octets.
fn hard() -> String {
    format!(
        ".\r\n..\r\n.a\r\nFrom here\r\n>From there\r\ncaf\u{e9} \u{20ac} \u{1f600}\r\n{}\r\n\ttab \r\n\r\nMAIL FROM:<x@example.org>\r\nQUIT\r\n\r\n.",
        "x".repeat(998)
    )
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn answers(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody listens");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends the hard complaint; returns its octets and how that ended.
fn send(port: u16, tls: Tls, ca_file: Option<PathBuf>) -> (Vec<u8>, Outcome) {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(&folder.path().join("ledger.db"), noon()).unwrap();
    let complaint = kept_complaint(&mut ledger, 1, "abuse@example.net", &hard());
    let octets = complaint.octets.clone();
    let approved = agreed(complaint);
    ledger
        .approve(std::slice::from_ref(&approved), ShownAs::New, &FREE, noon())
        .unwrap();
    let settings = Settings {
        host: if tls == Tls::None {
            "127.0.0.1"
        } else {
            "localhost"
        }
        .to_owned(),
        port,
        tls,
        user: None,
        mechanism: None,
        ca_file,
        times: Times::default(),
    };
    let none = PasswordFrom::Environment("NONE".to_owned());
    let mut smtp = Smtp::new(settings, none);
    let outcome = deliver(approved, &mut smtp, &mut ledger, &clock()).unwrap();
    (octets, outcome)
}

/// A folder that Postfix's own users can enter.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn lf(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec())
        .unwrap()
        .replace("\r\n", "\n")
}

#[test]
#[ignore = "needs Debian's postfix"]
fn smtp_sink_gets_the_octets_that_were_agreed_to() {
    let folder = open_folder();
    let port = free_port();
    let mut sink = Command::new("/usr/sbin/smtp-sink");
    if rustix::process::geteuid().is_root() {
        sink.args(["-u", "nobody"]);
    }
    let dump = format!("{}/m.", folder.path().display());
    sink.args(["-d", &dump, &format!("127.0.0.1:{port}"), "10"]);
    let _sink = Running(sink.stderr(Stdio::null()).spawn().unwrap());
    answers(port);
    let (octets, outcome) = send(port, Tls::None, None);
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    let got = first_file(folder.path());
    // It puts the envelope before the message, as fields of its own.
    assert!(got.contains("X-Mail-Args: <jane@example.org>"), "{got}");
    assert!(got.contains("X-Rcpt-Args: <abuse@example.net>"), "{got}");
    assert!(got.trim_end().ends_with(lf(&octets).trim_end()), "{got}");
    assert_eq!(got.matches("\nX-Mail-Args:").count(), 1, "one message");
}

/// Returns the first file that appears in a folder, once it has stopped growing.
fn first_file(folder: &Path) -> String {
    let begun = Instant::now();
    let mut size = 0;
    loop {
        let found = fs::read_dir(folder)
            .unwrap()
            .flatten()
            .find(|e| e.path().is_file());
        if let Some(entry) = found {
            let text = fs::read(entry.path()).unwrap();
            if !text.is_empty() && text.len() == size {
                return String::from_utf8(text).unwrap();
            }
            size = text.len();
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "nothing arrived");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A whole Postfix on loopback, with a configuration of its own.
struct Postfix {
    folder: tempfile::TempDir,
    port: u16,
}

impl Postfix {
    fn start() -> Self {
        let folder = open_folder();
        let at = folder.path().to_owned();
        let port = free_port();
        for name in ["queue", "data", "mail"] {
            fs::create_dir(at.join(name)).unwrap();
        }
        let own = |name: &str, owner: &str| {
            let status = Command::new("chown")
                .arg(owner)
                .arg(at.join(name))
                .status()
                .unwrap();
            assert!(status.success());
        };
        own("data", "postfix");
        own("mail", "nobody");
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(at.join("cert.pem"), key.cert.pem()).unwrap();
        fs::write(at.join("key.pem"), key.signing_key.serialize_pem()).unwrap();
        let root = at.display();
        let nobody = fs::metadata(at.join("mail"))
            .map(|m| std::os::unix::fs::MetadataExt::uid(&m))
            .unwrap();
        fs::write(at.join("main.cf"), format!(
            "compatibility_level = 3.6\nqueue_directory = {root}/queue\ndata_directory = {root}/data\n\
             mail_owner = postfix\nsetgid_group = postdrop\ndaemon_directory = /usr/lib/postfix/sbin\n\
             command_directory = /usr/sbin\nmyhostname = mail.example.org\ninet_interfaces = 127.0.0.1\n\
             inet_protocols = ipv4\nmydestination =\nmynetworks = 127.0.0.0/8\n\
             virtual_mailbox_domains = example.net\nvirtual_mailbox_base = {root}/mail\n\
             virtual_mailbox_maps = static:inbox/\nvirtual_minimum_uid = 1\n\
             virtual_uid_maps = static:{nobody}\nvirtual_gid_maps = static:{nobody}\n\
             virtual_transport = virtual\nsmtpd_tls_security_level = may\n\
             smtpd_tls_cert_file = {root}/cert.pem\nsmtpd_tls_key_file = {root}/key.pem\n\
             smtpd_tls_session_cache_database =\n"
        )).unwrap();
        fs::write(at.join("master.cf"), format!(
            "127.0.0.1:{port} inet n - n - - smtpd\n\
             cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n\
             tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\n\
             bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\n\
             verify unix - - n - 1 verify\nflush unix n - n 1000? 0 flush\n\
             proxymap unix - - n - - proxymap\nerror unix - - n - - error\nretry unix - - n - - error\n\
             virtual unix - n n - - virtual\nanvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n"
        )).unwrap();
        let postfix = Self { folder, port };
        postfix.ctl("start");
        answers(port);
        postfix
    }

    fn ctl(&self, what: &str) {
        let output = Command::new("/usr/sbin/postfix")
            .arg("-c")
            .arg(self.folder.path())
            .arg(what)
            .output()
            .unwrap();
        assert!(output.status.success(), "{what}: {output:?}");
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new("/usr/sbin/postfix")
            .arg("-c")
            .arg(self.folder.path())
            .arg("stop")
            .output();
    }
}

#[test]
#[ignore = "needs Debian's postfix, and root"]
fn a_whole_postfix_delivers_the_octets_that_were_agreed_to_behind_starttls() {
    let postfix = Postfix::start();
    let at = postfix.folder.path();
    let (octets, outcome) = send(postfix.port, Tls::StartTls, Some(at.join("cert.pem")));
    let Outcome::Accepted { reply, .. } = &outcome else {
        panic!("{outcome:?}")
    };
    assert!(reply.contains("queued as"), "{reply}");
    let inbox = at.join("mail/inbox/new");
    let begun = Instant::now();
    while !inbox.exists() {
        assert!(begun.elapsed() < Duration::from_secs(15), "nothing arrived");
        std::thread::sleep(Duration::from_millis(100));
    }
    let got = first_file(&inbox);
    // RFC 5321 §4.4: it puts its own trace fields before the message, and changes nothing of it.
    assert!(got.ends_with(&lf(&octets)), "{got}");
    let added = got.strip_suffix(&lf(&octets)).unwrap();
    assert!(
        added.contains("from [127.0.0.1] (localhost [127.0.0.1])"),
        "{added}"
    );
    assert!(added.contains("with ESMTPS"), "{added}");
}

#[test]
#[ignore = "needs Debian's postfix, and root"]
fn a_postfix_whose_certificate_nobody_signed_gets_nothing() {
    let postfix = Postfix::start();
    let (_, outcome) = send(postfix.port, Tls::StartTls, None);
    let Outcome::Deferred(setback) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(setback.lasting);
    assert!(
        setback
            .why
            .starts_with("the server's certificate is not valid"),
        "{}",
        setback.why
    );
}
