//! A loopback internet to try `plaint` in.

use std::io;

// the servers
#[expect(
    dead_code,
    reason = "the faults are for the tests, which use the same servers"
)]
mod net;

fn main() -> io::Result<()> {
    let internet = net::Internet::start(net::made_up())?;
    writeln(&internet.lookup_settings())
}

fn writeln(text: &str) -> io::Result<()> {
    use std::io::Write;
    writeln!(io::stdout(), "{text}")
}
