//! One TCP port: a thread for each connection, and all of them ended on drop.
//!
//! In: an address, and what to do with a connection. Out: [`Listener`].
//! Limits: meant for tens of connections; nothing bounds them but the test that makes them.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a connection may be silent: longer than any time-out that a test waits for.
const IDLE: Duration = Duration::from_secs(900);

/// Connections that are open, so that a drop can close them.
type Open = Arc<Mutex<BTreeMap<u64, TcpStream>>>;

/// A port that is served until this is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    at: SocketAddr,
    stop: Arc<AtomicBool>,
    open: Open,
    accepting: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens on an address (port 0: any) and serves each connection in a thread of its own.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on.
    pub(crate) fn start<F>(at: SocketAddr, serve: F) -> io::Result<Self>
    where
        F: Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
    {
        let socket = TcpListener::bind(at)?;
        let at = socket.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let open = Open::default();
        let (stopped, opened) = (Arc::clone(&stop), Arc::clone(&open));
        let accepting = std::thread::spawn(move || accept(&socket, &stopped, &opened, serve));
        Ok(Self {
            at,
            stop,
            open,
            accepting: Some(accepting),
        })
    }

    /// Returns where it listens.
    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }
}

fn accept<F>(socket: &TcpListener, stop: &AtomicBool, open: &Open, serve: F)
where
    F: Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    let serve = Arc::new(serve);
    for (number, stream) in (0_u64..).zip(socket.incoming()) {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(kept) = stream.try_clone() else {
            continue;
        };
        let _ = stream.set_read_timeout(Some(IDLE));
        let _ = stream.set_nodelay(true);
        lock(open).insert(number, kept);
        let (serve, open) = (Arc::clone(&serve), Arc::clone(open));
        std::thread::spawn(move || {
            // A client that goes away in the middle is part of the game.
            let _ = serve(stream);
            if let Some(kept) = lock(&open).remove(&number) {
                let _ = kept.shutdown(Shutdown::Both);
            }
        });
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // `accept` waits for a connection: this is the last one.
        let _ = TcpStream::connect(self.at);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for stream in lock(&self.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Locks, also after a panic elsewhere: a test that failed says more than a poisoned lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads up to and with the line end; `None` at the end of the stream. At most `limit` octets.
///
/// One octet at a time, so that nothing is read ahead that TLS would need.
pub(crate) fn read_line(from: &mut dyn Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut octet = [0];
    while line.len() < limit {
        if from.read(&mut octet)? == 0 {
            return Ok((!line.is_empty()).then_some(line));
        }
        line.extend(octet);
        if octet == *b"\n" {
            break;
        }
    }
    Ok(Some(line))
}
