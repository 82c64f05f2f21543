//! WHOIS: a root that refers, and registries on loopback addresses of their own.
//!
//! In: [`World::whois`]. Out: one text a connection.
//! Standards: RFC 3912 (one line in, one text out, close).
//! Limits: all share one port, so that a referral without a port reaches them; needs 127.0.0.2 and up.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use super::fault::Fault;
use super::journal::Journal;
use super::listen::{Listener, lock, read_line};
use super::world::World;

/// Name of the root, as [`World::whois_faults`] and the journal know it.
pub(crate) const ROOT: &str = "whois.iana.org";

/// The root's address; the registries follow it.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// The WHOIS servers.
#[derive(Debug)]
pub(crate) struct Whois {
    root: Listener,
    registries: BTreeMap<String, Listener>,
}

impl Whois {
    /// Starts the root, and one server for each registry that the world names now.
    ///
    /// # Errors
    ///
    /// No port is free on all addresses, or there is but one loopback address.
    pub(crate) fn start(world: &Arc<Mutex<World>>, journal: &Journal) -> io::Result<Self> {
        let names: Vec<String> = lock(world).whois.keys().cloned().collect();
        let mut refused = io::Error::other("no port was tried");
        for _ in 0..16 {
            let root = server(ROOT, FIRST, 0, world, journal)?;
            let port = root.at().port();
            let others = (u32::from(FIRST) + 1..).map(Ipv4Addr::from);
            let registries = names
                .iter()
                .zip(others)
                .map(|(name, at)| Ok((name.clone(), server(name, at, port, world, journal)?)))
                .collect::<io::Result<BTreeMap<_, _>>>();
            match registries {
                Ok(registries) => return Ok(Self { root, registries }),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Returns where the root listens.
    pub(crate) fn root(&self) -> SocketAddr {
        self.root.at()
    }

    /// Returns the name and the address of each registry's server.
    pub(crate) fn registries(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        self.registries
            .iter()
            .map(|(name, listener)| (name.as_str(), listener.at()))
    }
}

fn server(
    name: &str,
    at: Ipv4Addr,
    port: u16,
    world: &Arc<Mutex<World>>,
    journal: &Journal,
) -> io::Result<Listener> {
    let (name, world, journal) = (name.to_owned(), Arc::clone(world), journal.clone());
    Listener::start(SocketAddr::from((at, port)), move |stream| {
        serve(stream, &name, &world, &journal)
    })
}

fn serve(
    mut stream: TcpStream,
    name: &str,
    world: &Mutex<World>,
    journal: &Journal,
) -> io::Result<()> {
    // RFC 3912 §2: the query ends with CR LF; nobody needs more than a line of 1,000.
    let Some(line) = read_line(&mut stream, 1_000)? else {
        return Ok(());
    };
    let query = String::from_utf8_lossy(&line).trim().to_owned();
    journal.note("whois", name, &query);
    let (text, fault) = {
        let world = lock(world);
        let text = if name == ROOT {
            world
                .registry_of(&query)
                .map(|registry| format!("% IANA WHOIS server\r\n\r\nrefer:        {registry}\r\n"))
        } else {
            world
                .whois(name, &query)
                .map(|text| text.replace('\n', "\r\n"))
        };
        (text, world.whois_faults.get(name).cloned())
    };
    let text = text.unwrap_or_else(|| "% No match found.\r\n".to_owned());
    match fault {
        None => stream.write_all(text.as_bytes()),
        Some(Fault::Answer(other)) => stream.write_all(other.as_bytes()),
        Some(fault) => fault.spoil(&mut stream, text.as_bytes()).map(drop),
    }
}
