//! A name server on one port, UDP and TCP.
//!
//! In: [`World::dns`]. Out: answers with authority; what is not in the table does not exist.
//! Standards: RFC 1035 §4 (messages), RFC 3596 (AAAA), RFC 7766 (TCP).
//! Limits: one question a message, no compression beyond the question's name, no EDNS.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::fault::{Fault, GARBAGE};
use super::journal::Journal;
use super::listen::{Listener, lock};
use super::world::World;

/// Octets of an answer over UDP at most; longer ones are marked as cut. RFC 1035 §4.2.1.
const UDP_OCTETS: usize = 512;

/// How long the UDP thread waits before it looks whether it shall stop.
const GLANCE: Duration = Duration::from_millis(50);

/// One record of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A text.
    Txt(String),
    /// A mail exchanger with its preference.
    Mx(u16, String),
    /// Another name that this one stands for.
    Cname(String),
    /// A name for an address.
    Ptr(String),
    /// Two words, as abuse.net uses them.
    Hinfo(String, String),
}

impl Record {
    /// Returns the record's type. RFC 1035 §3.2.2, RFC 3596 §2.1.
    const fn kind(&self) -> u16 {
        match self {
            Self::A(_) => 1,
            Self::Cname(_) => 5,
            Self::Ptr(_) => 12,
            Self::Hinfo(..) => 13,
            Self::Mx(..) => 15,
            Self::Txt(_) => 16,
            Self::Aaaa(_) => 28,
        }
    }

    /// Returns the record's data. RFC 1035 §3.3.
    fn data(&self) -> Vec<u8> {
        match self {
            Self::A(addr) => addr.octets().to_vec(),
            Self::Aaaa(addr) => addr.octets().to_vec(),
            Self::Cname(name) | Self::Ptr(name) => wire_name(name),
            Self::Mx(preference, name) => {
                let mut data = preference.to_be_bytes().to_vec();
                data.extend(wire_name(name));
                data
            }
            Self::Txt(text) => text.as_bytes().chunks(255).flat_map(string).collect(),
            Self::Hinfo(first, second) => {
                [string(first.as_bytes()), string(second.as_bytes())].concat()
            }
        }
    }
}

/// A name server.
#[derive(Debug)]
pub(crate) struct Dns {
    tcp: Listener,
    stop: Arc<AtomicBool>,
    udp: Option<JoinHandle<()>>,
}

impl Dns {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// No port is free on both transports.
    pub(crate) fn start(world: Arc<Mutex<World>>, journal: Journal) -> io::Result<Self> {
        let answering = Answering { world, journal };
        // The port that TCP gets must be free on UDP, too.
        for _ in 0..16 {
            let over_tcp = answering.clone();
            let tcp = Listener::start(SocketAddr::from(([127, 0, 0, 1], 0)), move |stream| {
                over_tcp.tcp(stream)
            })?;
            let Ok(socket) = UdpSocket::bind(tcp.at()) else {
                continue;
            };
            socket.set_read_timeout(Some(GLANCE))?;
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = Arc::clone(&stop);
            let udp = std::thread::spawn(move || answering.udp(&socket, &stopped));
            return Ok(Self {
                tcp,
                stop,
                udp: Some(udp),
            });
        }
        Err(io::Error::other("no port is free on both UDP and TCP"))
    }

    /// Returns where it listens.
    pub(crate) fn at(&self) -> SocketAddr {
        self.tcp.at()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(udp) = self.udp.take() {
            let _ = udp.join();
        }
    }
}

#[derive(Clone)]
struct Answering {
    world: Arc<Mutex<World>>,
    journal: Journal,
}

impl Answering {
    fn udp(&self, socket: &UdpSocket, stop: &AtomicBool) {
        let mut packet = [0; 1500];
        while !stop.load(Ordering::SeqCst) {
            let Ok((size, peer)) = socket.recv_from(&mut packet) else {
                continue;
            };
            let asked = packet.get(..size).unwrap_or_default();
            let Some(mut answer) = self.answer(asked) else {
                continue;
            };
            if answer.len() > UDP_OCTETS {
                cut(&mut answer);
            }
            let _ = socket.send_to(&answer, peer);
        }
    }

    fn tcp(&self, mut stream: TcpStream) -> io::Result<()> {
        use std::io::Read;
        loop {
            // RFC 1035 §4.2.2: two octets with the length before each message.
            let mut size = [0; 2];
            stream.read_exact(&mut size)?;
            let mut asked = vec![0; usize::from(u16::from_be_bytes(size))];
            stream.read_exact(&mut asked)?;
            let Some(answer) = self.answer(&asked) else {
                return Ok(());
            };
            let size = u16::try_from(answer.len()).map_err(io::Error::other)?;
            stream.write_all(&[&size.to_be_bytes(), answer.as_slice()].concat())?;
        }
    }

    /// Returns the answer to a question; `None` where there shall be none.
    fn answer(&self, asked: &[u8]) -> Option<Vec<u8>> {
        let (name, after) = read_name(asked, 12)?;
        let question = asked.get(12..after + 4)?;
        let kind = u16::from_be_bytes([*asked.get(after)?, *asked.get(after + 1)?]);
        self.journal
            .note("dns", "127.0.0.1", format!("{name} {}", kind_name(kind)));
        let (is_there, found, fault) = {
            let world = lock(&self.world);
            let found = chased(&world, &name, kind);
            (
                world.dns.contains_key(&name),
                found,
                world.dns_fault.clone(),
            )
        };
        let code = match &fault {
            None => u8::from(!is_there) * NXDOMAIN,
            Some(Fault::Answer(code)) if code == "REFUSED" => 5,
            Some(Fault::Answer(_)) => 2,
            Some(Fault::Slow(time)) => {
                std::thread::sleep(*time);
                u8::from(!is_there) * NXDOMAIN
            }
            Some(Fault::Garbage) => return Some(GARBAGE.to_vec()),
            Some(_) => return None,
        };
        let found = if code == 0 { found } else { Vec::new() };
        // RFC 1035 §4.1.1: the id, QR AA RD RA, the code, and four counts.
        let mut answer = asked.get(..2)?.to_vec();
        answer.extend([0x84 | (asked.get(2)? & 0x01), 0x80 | code, 0, 1]);
        answer.extend(u16::try_from(found.len()).ok()?.to_be_bytes());
        answer.extend([0; 4]);
        answer.extend(question);
        for (owner, record) in found {
            let data = record.data();
            answer.extend(wire_name(&owner));
            answer.extend(record.kind().to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 60]);
            answer.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
            answer.extend(data);
        }
        Some(answer)
    }
}

/// Returns the records of a kind at a name, and at what it stands for. RFC 1034 §3.6.2.
fn chased(world: &World, name: &str, kind: u16) -> Vec<(String, Record)> {
    let mut found = Vec::new();
    let mut owner = name.to_owned();
    for _ in 0..CHAIN_MAX {
        let records = world.dns.get(&owner).map_or(&[][..], Vec::as_slice);
        let of_kind = |record: &&Record| record.kind() == kind;
        found.extend(
            records
                .iter()
                .filter(of_kind)
                .map(|record| (owner.clone(), record.clone())),
        );
        let Some(Record::Cname(next)) = records
            .iter()
            .find(|record| matches!(record, Record::Cname(_)))
        else {
            break;
        };
        found.push((owner.clone(), Record::Cname(next.clone())));
        owner.clone_from(next);
    }
    found
}

/// Leaves the question alone, and says so: the client asks again over TCP. RFC 2181 §9.
fn cut(answer: &mut Vec<u8>) {
    let Some((_, after)) = read_name(answer, 12) else {
        return;
    };
    answer.truncate(after + 4);
    // RFC 1035 §4.1.1: the TC bit, and no answers.
    if let Some([_, _, flags, _, _, _, high, low]) = answer.first_chunk_mut() {
        *flags |= 0x02;
        (*high, *low) = (0, 0);
    }
}

/// Names that one answer follows; a loop is answered as one.
const CHAIN_MAX: usize = 8;

/// Name Error: the name does not exist. RFC 1035 §4.1.1.
const NXDOMAIN: u8 = 3;

/// Reads a name in lower case, and where it ends. A pointer has no place in a question.
fn read_name(packet: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let size = usize::from(*packet.get(at)?);
        at += 1;
        match size {
            0 => return Some((labels.join("."), at)),
            1..=63 => {
                let label = packet.get(at..at + size)?;
                labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
                at += size;
            }
            _ => return None,
        }
    }
}

fn wire_name(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut wire: Vec<u8> = labels.flat_map(|label| string(label.as_bytes())).collect();
    wire.push(0);
    wire
}

/// A character-string, or a label: its length, then its octets. RFC 1035 §3.3.
fn string(octets: &[u8]) -> Vec<u8> {
    let size = u8::try_from(octets.len()).unwrap_or(u8::MAX);
    let mut wire = vec![size];
    wire.extend(octets.iter().take(usize::from(size)));
    wire
}

fn kind_name(kind: u16) -> String {
    match kind {
        1 => "A".to_owned(),
        2 => "NS".to_owned(),
        6 => "SOA".to_owned(),
        12 => "PTR".to_owned(),
        13 => "HINFO".to_owned(),
        15 => "MX".to_owned(),
        16 => "TXT".to_owned(),
        28 => "AAAA".to_owned(),
        other => format!("TYPE{other}"),
    }
}
