//! A loopback internet: names, registries and a mail server, on free ports of this machine.
//!
//! In: a [`World`]: what the servers know, and how they fail. Out: [`Internet`], up until it is dropped.
//! It is what the sandbox shows, and what the tests of the whole program talk to.
//! Trust: it listens on loopback addresses alone, and connects nowhere.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

// wrong answers on request
pub(crate) mod fault;

// one TCP port, its threads, their end
pub(crate) mod listen;
use listen::{Listener, lock};

// what was asked
mod journal;
use journal::{Journal, Question};

// what the servers know
pub(crate) mod world;
use world::World;

// certificates that live as long as the servers
pub(crate) mod tls;
use tls::Certificates;

// names
pub(crate) mod dns;
use dns::{Dns, Record};

// registries, the new way
mod rdap;

// registries, the old way
mod whois;
use whois::Whois;

// mail
pub(crate) mod smtp;
use smtp::Protection;

// what arrived
pub(crate) mod mailroom;
use mailroom::Mailroom;

// the made-up networks, and who answers for them
mod networks;
pub(crate) use networks::made_up;

/// The servers, up until this is dropped.
pub(crate) struct Internet {
    world: Arc<Mutex<World>>,
    certificates: Arc<Certificates>,
    journal: Journal,
    mailroom: Mailroom,
    dns: Dns,
    rdap: Listener,
    whois: Whois,
    smtp: Listener,
}

impl Internet {
    /// Starts all servers on free ports.
    ///
    /// # Errors
    ///
    /// A port or a loopback address cannot be had, or no certificate can be made.
    pub(crate) fn start(world: World) -> io::Result<Self> {
        let world = Arc::new(Mutex::new(world));
        let (journal, mailroom) = (Journal::default(), Mailroom::default());
        let certificates = Arc::new(Certificates::make()?);
        let whois = Whois::start(&world, &journal)?;
        for (name, at) in whois.registries() {
            if let IpAddr::V4(addr) = at.ip() {
                lock(&world).name(name, [Record::A(addr)]);
            }
        }
        Ok(Self {
            dns: Dns::start(Arc::clone(&world), journal.clone())?,
            rdap: rdap::start(Arc::clone(&world), journal.clone())?,
            smtp: smtp::start(
                Arc::clone(&world),
                Arc::clone(&certificates),
                mailroom.clone(),
            )?,
            whois,
            world,
            certificates,
            journal,
            mailroom,
        })
    }

    /// Changes what the servers know, or how they fail, from the next question on.
    pub(crate) fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut lock(&self.world));
    }

    /// Returns what was asked of the name server and the registries.
    pub(crate) fn questions(&self) -> Vec<Question> {
        self.journal.questions()
    }

    /// Returns what the mail server saw.
    pub(crate) fn mailroom(&self) -> &Mailroom {
        &self.mailroom
    }

    /// Returns where the name server listens.
    pub(crate) fn resolver(&self) -> SocketAddr {
        self.dns.at()
    }

    /// Returns where RDAP listens.
    pub(crate) fn rdap(&self) -> SocketAddr {
        self.rdap.at()
    }

    /// Returns where the WHOIS root listens; the registries share its port.
    pub(crate) fn whois_root(&self) -> SocketAddr {
        self.whois.root()
    }

    /// Returns where the mail server listens.
    pub(crate) fn smtp(&self) -> SocketAddr {
        self.smtp.at()
    }

    /// Writes the certificate of the authority that signed the mail server's, for `ca_file`.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn write_authority(&self, path: &Path) -> io::Result<()> {
        self.certificates.write(path)
    }

    /// Returns the `[lookup]` table that points the program at these servers.
    pub(crate) fn lookup_settings(&self) -> String {
        let (rdap, whois, resolver) = (self.rdap(), self.whois_root(), self.resolver());
        let port = whois.port();
        format!(
            "[lookup]\n\
             rdap_bootstrap = \"http://{rdap}/bootstrap/\"\n\
             whois_root = \"{whois}\"\n\
             whois_port = {port}\n\
             resolver = \"{resolver}\"\n\
             allow_private_servers = [\"{rdap}\", \"127.0.0.0/8:{port}\"]\n\
             also_public = [\"192.0.2.0/24\", \"198.51.100.0/24\", \"203.0.113.0/24\", \"2001:db8::/32\"]\n\
             pause_ms = 0\n\
             timeout_s = 5\n"
        )
    }

    /// Returns the `[delivery]` tables that point the program at this mail server.
    pub(crate) fn delivery_settings(&self, authority: &Path) -> String {
        let world = lock(&self.world);
        let (at, (user, _)) = (self.smtp(), &world.mail.account);
        let tls = match world.mail.protection {
            Protection::Implicit => "implicit",
            Protection::StartTls | Protection::None => "starttls",
        };
        let (host, port, ca_file) = (at.ip(), at.port(), authority.display());
        format!(
            "[delivery]\n\
             transport = \"smtp\"\n\
             timeout_s = 5\n\
             dot_timeout_s = 5\n\
             \n\
             [delivery.smtp]\n\
             host = \"{host}\"\n\
             port = {port}\n\
             tls = \"{tls}\"\n\
             user = \"{user}\"\n\
             password_env = \"{PASSWORD}\"\n\
             ca_file = \"{ca_file}\"\n"
        )
    }

    /// Returns the password that the mail server lets in, to be set as [`PASSWORD`].
    pub(crate) fn password(&self) -> String {
        lock(&self.world).mail.account.1.clone()
    }
}

/// Environment variable that the settings name for the password.
pub(crate) const PASSWORD: &str = "SANDBOX_PASSWORD";
