//! One question over WHOIS or rwhois, to an address that was checked.
//!
//! In: an address literal, a question without line end. Out: the octets of the answer.
//! Standards: RFC 3912 §2, RFC 2167 §3.
//! Trust: the answer is hostile: size and time are capped; no referral is followed here.
//! Failures: a few words.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use whois_rust::{WhoIs, WhoIsError, WhoIsLookupOptions, WhoIsServerValue};

/// Octets of one answer that are read; the longest recorded one has 40,000.
const ANSWER_OCTETS_MAX: usize = 1024 * 1024;

/// Asks a WHOIS server; the server ends its answer by closing the connection.
pub(super) fn whois(
    servers: &[SocketAddr],
    query: &str,
    time: Duration,
) -> Result<Vec<u8>, String> {
    let deadline = Instant::now() + time;
    let mut failed = "the server has no address".to_owned();
    for server in servers {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match whois_once(*server, query, left) {
            Ok(answer) => return Ok(answer),
            Err(why) => failed = why,
        }
    }
    Err(failed)
}

fn whois_once(server: SocketAddr, query: &str, time: Duration) -> Result<Vec<u8>, String> {
    // An address literal: the library resolves nothing, and follows nothing.
    let mut value = WhoIsServerValue::from_string(server.to_string()).map_err(|e| said(&e))?;
    value.query = Some(format!("{query}\r\n"));
    // The library wants an address or a domain as target; the question is ours, whole.
    let mut options = WhoIsLookupOptions::from_str("0.0.0.0").map_err(|e| said(&e))?;
    options.server = Some(value);
    options.follow = 0;
    options.timeout = Some(time);
    options.max_response_size = Some(ANSWER_OCTETS_MAX);
    WhoIs::from_host("0.0.0.0")
        .and_then(|whois| whois.lookup_raw(options))
        .map_err(|e| said(&e))
}

/// Returns a library error in our words.
fn said(error: &WhoIsError) -> String {
    match error {
        WhoIsError::IOError(io) => said_io(io),
        other => other.to_string(),
    }
}

fn said_io(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "no whole answer in time".to_owned(),
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::ConnectionReset => "connection reset".to_owned(),
        ErrorKind::InvalidData => "its answer is over 1 MiB".to_owned(),
        _ => error.to_string(),
    }
}

/// Asks an rwhois server, which greets first, ends its answer with a line `%ok` or `%error`, and stays.
pub(super) fn rwhois(server: SocketAddr, query: &str, time: Duration) -> Result<Vec<u8>, String> {
    let deadline = Instant::now() + time;
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            Err("no whole answer in time".to_owned())
        } else {
            Ok(left)
        }
    };
    let io = |e: std::io::Error| said_io(&e);
    let mut stream = TcpStream::connect_timeout(&server, left()?).map_err(io)?;
    stream.set_write_timeout(Some(left()?)).map_err(io)?;
    stream
        .write_all(format!("{query}\r\n").as_bytes())
        .map_err(io)?;
    let mut answer = Vec::new();
    let mut piece = [0_u8; 8192];
    loop {
        stream.set_read_timeout(Some(left()?)).map_err(io)?;
        let read = stream.read(&mut piece).map_err(io)?;
        if read == 0 {
            return Ok(answer);
        }
        if answer.len() + read > ANSWER_OCTETS_MAX {
            return Err("its answer is over 1 MiB".to_owned());
        }
        answer.extend_from_slice(piece.get(..read).unwrap_or_default());
        if has_ended(&answer) {
            return Ok(answer);
        }
    }
}

/// Returns whether the last whole line ends an rwhois answer. RFC 2167 §3.1.9.
fn has_ended(answer: &[u8]) -> bool {
    let Some(lines) = answer.strip_suffix(b"\n") else {
        return false;
    };
    let last = lines.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    last.starts_with(b"%ok") || last.starts_with(b"%error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rwhois_answer_ends_with_ok_or_error_on_a_line_of_its_own() {
        assert!(has_ended(b"network:x\r\n%ok\r\n"));
        assert!(has_ended(b"%error 230 No Objects Found\n"));
        assert!(!has_ended(b"network:x\r\n%o"));
        assert!(!has_ended(b"network:%ok\r\n"));
        assert!(!has_ended(b""));
    }
}
