//! RDAP over HTTP on one port: the bootstrap files and the answers.
//!
//! In: [`World::rdap`]. Out: `/bootstrap/{ipv4,ipv6,asn,dns}.json`, `/rdap/{ip,autnum,domain,entity}/X`.
//! Standards: RFC 9110, 9112 (HTTP), RFC 7480 (RDAP over it), RFC 9082 (paths), RFC 9224 (bootstrap).
//! Limits: GET alone; one request a connection.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};

use super::fault::Fault;
use super::journal::Journal;
use super::listen::{Listener, lock, read_line};
use super::world::World;

/// Octets of a request line or header line that are read at most.
const LINE: usize = 8 * 1024;

/// Stands in an answer where a server would name itself.
const BASE: &str = "@@RDAP@@";

/// Starts RDAP on a free port of 127.0.0.1.
///
/// # Errors
///
/// No port is free.
pub(crate) fn start(world: Arc<Mutex<World>>, journal: Journal) -> io::Result<Listener> {
    let here: Arc<OnceLock<SocketAddr>> = Arc::default();
    let place = Arc::clone(&here);
    let listener = Listener::start(SocketAddr::from(([127, 0, 0, 1], 0)), move |stream| {
        let base = place
            .get()
            .map_or_else(String::new, |at| format!("http://{at}/rdap/"));
        serve(stream, &base, &world, &journal)
    })?;
    let _ = here.set(listener.at());
    Ok(listener)
}

fn serve(
    mut stream: TcpStream,
    base: &str,
    world: &Mutex<World>,
    journal: &Journal,
) -> io::Result<()> {
    let Some(request) = read_line(&mut stream, LINE)? else {
        return Ok(());
    };
    // RFC 9112 §2.1: the header section ends with an empty line.
    while read_line(&mut stream, LINE)?.is_some_and(|line| !line.trim_ascii().is_empty()) {}
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    journal.note("rdap", "127.0.0.1", &path);
    let (answer, fault) = {
        let world = lock(world);
        let fault = world
            .rdap_faults
            .iter()
            .find(|(prefix, _)| path.starts_with(prefix.as_str()));
        (
            answer(&path, base, &world),
            fault.map(|(_, fault)| fault.clone()),
        )
    };
    match fault {
        None => stream.write_all(&answer),
        Some(Fault::Answer(status)) => {
            let body = "<html><body>busy</body></html>";
            stream.write_all(&response(&status, "text/html", body))
        }
        Some(Fault::Endless) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/rdap+json\r\n\r\n")?;
            Fault::Endless.spoil(&mut stream, &[]).map(drop)
        }
        Some(fault) => fault.spoil(&mut stream, &answer).map(drop),
    }
}

fn answer(path: &str, base: &str, world: &World) -> Vec<u8> {
    if let Some(file) = path.strip_prefix("/bootstrap/") {
        let keys = match file {
            "ipv4.json" => "\"0.0.0.0/0\"".to_owned(),
            "ipv6.json" => "\"::/0\"".to_owned(),
            "asn.json" => "\"0-4294967295\"".to_owned(),
            "dns.json" => "\"example\", \"com\", \"net\", \"org\"".to_owned(),
            _ => return not_found(),
        };
        // RFC 9224 §3: each service is a list of keys and a list of bases.
        let body = format!(
            "{{\"version\": \"1.0\", \"publication\": \"2026-01-01T00:00:00Z\", \"services\": [[[{keys}], [\"{base}\"]]]}}"
        );
        return response("200 OK", "application/json", &body);
    }
    let found = path
        .strip_prefix("/rdap/")
        .and_then(|rest| rest.split_once('/'))
        .and_then(|(_, query)| world.rdap(query));
    found.map_or_else(not_found, |body| {
        response("200 OK", "application/rdap+json", &body.replace(BASE, base))
    })
}

fn not_found() -> Vec<u8> {
    // RFC 9083 §6: an error has a code and a title.
    let body =
        "{\"rdapConformance\": [\"rdap_level_0\"], \"errorCode\": 404, \"title\": \"Not Found\"}";
    response("404 Not Found", "application/rdap+json", body)
}

fn response(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let size = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}
