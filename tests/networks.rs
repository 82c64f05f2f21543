//! A thousand addresses in sixty networks, through the whole program: each registry is asked once a network, at its pace.
//!
//! Five RDAP servers of our own share the documentation networks; one breaks, one has had enough.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::net::listen::Listener;
use crate::net::made_up;
use crate::net::world::About;
use crate::trial::Trial;

/// Pause between two questions to one server.
const PAUSE: Duration = Duration::from_millis(60);

/// IPv4 networks of 16 addresses, 16 in each of three blocks; 12 IPv6 networks in two.
const V4_BLOCKS: [[u8; 3]; 3] = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];
const V6_BLOCKS: [u16; 2] = [0, 0x8000];

/// The registry whose RDAP breaks: WHOIS answers in its place.
const BROKEN: usize = 1;
/// The registry that has had enough, and has no WHOIS.
const BUSY: usize = 4;

/// One network, and which registry it is in.
#[derive(Clone)]
struct Net {
    first: IpAddr,
    last: IpAddr,
    registry: usize,
    desk: String,
}

fn networks() -> Vec<Net> {
    let mut all = Vec::new();
    for (registry, [a, b, c]) in V4_BLOCKS.into_iter().enumerate() {
        for part in 0..16 {
            all.push(Net {
                first: Ipv4Addr::new(a, b, c, part * 16).into(),
                last: Ipv4Addr::new(a, b, c, part * 16 + 15).into(),
                registry,
                desk: format!("abuse@v4-{registry}-{part}.example"),
            });
        }
    }
    for (place, block) in V6_BLOCKS.into_iter().enumerate() {
        for part in 0..6 {
            let net = |end| Ipv6Addr::new(0x2001, 0xdb8, block + part, end, end, end, end, end);
            all.push(Net {
                first: net(0).into(),
                last: net(0xffff).into(),
                registry: V4_BLOCKS.len() + place,
                desk: format!("abuse@v6-{place}-{part}.example"),
            });
        }
    }
    all
}

/// Returns a thousand addresses, by turns of all networks.
fn addresses(networks: &[Net]) -> Vec<(IpAddr, Net)> {
    let mut all = Vec::new();
    for turn in 0..84_u8 {
        for net in networks {
            let addr: IpAddr = match net.first {
                IpAddr::V4(first) if turn < 16 => {
                    let [a, b, c, d] = first.octets();
                    Ipv4Addr::new(a, b, c, d + turn).into()
                }
                IpAddr::V4(_) => continue,
                IpAddr::V6(first) => {
                    let mut octets = first.octets();
                    octets[15] = turn + 1;
                    Ipv6Addr::from(octets).into()
                }
            };
            all.push((addr, net.clone()));
        }
    }
    all.truncate(1000);
    all
}

type Asked = Arc<Mutex<Vec<(usize, Instant)>>>;

/// Starts the server of one registry; it notes when it was asked.
fn registry(number: usize, networks: &[Net], asked: &Asked) -> Listener {
    let own: Vec<Net> = networks
        .iter()
        .filter(|net| net.registry == number)
        .cloned()
        .collect();
    let asked = Arc::clone(asked);
    let host = 21 + u8::try_from(number).unwrap();
    Listener::start(SocketAddr::from(([127, 0, 0, host], 0)), move |mut stream| {
        let mut request = [0; 4096];
        let read = stream.read(&mut request)?;
        asked.lock().unwrap().push((number, Instant::now()));
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        let addr: Option<IpAddr> = request
            .split(' ')
            .nth(1)
            .and_then(|path| path.rsplit('/').next()?.replace("%3A", ":").parse().ok());
        let net = own.iter().find(|net| addr.is_some_and(|addr| net.first <= addr && addr <= net.last));
        let (status, body) = match (number, net) {
            (BROKEN, _) => ("500 Internal Server Error", String::new()),
            (BUSY, _) => ("429 Too Many Requests\r\nRetry-After: 3600", String::new()),
            (_, None) => ("404 Not Found", "{\"errorCode\":404}".to_owned()),
            (_, Some(net)) => (
                "200 OK",
                format!(
                    r#"{{"objectClassName":"ip network","handle":"N","startAddress":"{}","endAddress":"{}",
                    "entities":[{{"roles":["abuse"],"vcardArray":["vcard",[["email",{{}},"text","{}"]]]}}]}}"#,
                    net.first, net.last, net.desk
                ),
            ),
        };
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    })
    .unwrap()
}

/// Starts the server of the bootstrap files.
fn bootstrap(registries: &[Listener]) -> Listener {
    let base = |number: usize| format!("http://{}/", registries[number].at());
    let v4 = V4_BLOCKS
        .iter()
        .enumerate()
        .map(|(number, [a, b, c])| format!("[[\"{a}.{b}.{c}.0/24\"],[\"{}\"]]", base(number)));
    let v6 = V6_BLOCKS.iter().enumerate().map(|(place, block)| {
        format!(
            "[[\"2001:db8:{block:x}::/33\"],[\"{}\"]]",
            base(V4_BLOCKS.len() + place)
        )
    });
    let file = |services: Vec<String>| format!("{{\"services\":[{}]}}", services.join(","));
    let (v4, v6) = (file(v4.collect()), file(v6.collect()));
    Listener::start(SocketAddr::from(([127, 0, 0, 20], 0)), move |mut stream| {
        let mut request = [0; 4096];
        let read = stream.read(&mut request)?;
        let is_v6 = String::from_utf8_lossy(&request[..read]).contains("ipv6.json");
        let body = if is_v6 { &v6 } else { &v4 };
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    })
    .unwrap()
}

#[test]
fn a_thousand_addresses_ask_each_registry_once_a_network_and_two_that_fail_stop_nobody() {
    let networks = networks();
    assert_eq!(networks.len(), 60);
    let queries = addresses(&networks);
    assert_eq!(queries.len(), 1000);

    let asked = Asked::default();
    let registries: Vec<Listener> = (0..5)
        .map(|number| registry(number, &networks, &asked))
        .collect();
    let book = bootstrap(&registries);
    let mut world = made_up();
    world.rdap.clear();
    world.whois.values_mut().for_each(Vec::clear);
    for net in networks.iter().filter(|net| net.registry == BROKEN) {
        let text = format!(
            "NetRange: {} - {}\nOrgName: Example\nOrgAbuseEmail: {}\n",
            net.first, net.last, net.desk
        );
        let answers = world.whois.entry("whois.arin.net".to_owned()).or_default();
        answers.push((About::new(&format!("{}/28", net.first)), text));
    }
    let trial = Trial::in_world(world);
    let settings = std::fs::read_to_string(trial.home.config()).unwrap();
    let mut servers: Vec<String> = registries
        .iter()
        .map(|one| format!("\"{}\"", one.at()))
        .collect();
    servers.push(format!("\"{}\"", book.at()));
    let settings = settings
        .replace(
            "allow_private_servers = [",
            &format!("allow_private_servers = [{}, ", servers.join(", ")),
        )
        .replace(
            &format!("http://{}/bootstrap/", trial.internet.rdap()),
            &format!("http://{}/", book.at()),
        )
        .replace("pause_ms = 0", &format!("pause_ms = {}", PAUSE.as_millis()));
    std::fs::write(trial.home.config(), settings).unwrap();

    let texts: Vec<String> = queries.iter().map(|(addr, _)| addr.to_string()).collect();
    let mut args = vec!["lookup", "--json"];
    args.extend(texts.iter().map(String::as_str));
    let ran = trial.pipe(&args, b"");
    assert_eq!(ran.code, 69, "{}", ran.stderr);
    assert!(ran.took < Duration::from_secs(60), "{:?}", ran.took);

    // Every network but those of the registry that had enough has its own desk.
    let answers: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), queries.len());
    for (answer, (addr, net)) in answers.iter().zip(&queries) {
        let desks: Vec<&str> = answer["contacts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|contact| contact["recommended"] == true)
            .map(|contact| contact["mailbox"].as_str().unwrap())
            .collect();
        match net.registry {
            BUSY => assert!(desks.is_empty(), "{addr}: {answer}"),
            _ => assert_eq!(desks, [net.desk.as_str()], "{addr}: {answer}"),
        }
    }

    // Once a network; three failures in a row, or one 429, and a server is left alone.
    let times = asked.lock().unwrap().clone();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, _) in &times {
        *counts.entry(*number).or_default() += 1;
    }
    assert_eq!(
        counts,
        [(0, 16), (BROKEN, 3), (2, 16), (3, 6), (BUSY, 1)].into()
    );
    let whois = trial
        .internet
        .questions()
        .iter()
        .filter(|q| q.proto == "whois" && q.text.starts_with('n'))
        .count();
    assert_eq!(whois, 16);

    // Never faster than the pace.
    for number in 0..5 {
        let own: Vec<Instant> = times
            .iter()
            .filter(|(its, _)| *its == number)
            .map(|(_, at)| *at)
            .collect();
        for pair in own.windows(2) {
            assert!(
                pair[1] - pair[0] >= PAUSE,
                "{number}: {:?}",
                pair[1] - pair[0]
            );
        }
    }

    // The next run knows all of it, and whom not to ask.
    trial.pipe(&args, b"");
    let again: Vec<usize> = asked.lock().unwrap()[times.len()..]
        .iter()
        .map(|(number, _)| *number)
        .collect();
    assert!(again.is_empty(), "{again:?}");
}
