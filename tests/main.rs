//! The stages, and the whole program, from outside.

// the folders, the imports, the marks
mod house;
// a loopback internet: the sandbox's own servers
#[cfg(test)]
#[expect(dead_code, reason = "the settings wait for the program's own tests")]
#[path = "../examples/sandbox/net/mod.rs"]
mod net;

// the servers answer as real ones do, and wrongly on request
#[cfg(test)]
mod sandbox_net;
// complaints made up for the tests
#[cfg(test)]
mod letters;

// servers that answer wrongly
#[cfg(test)]
mod servers;

// complaint → Approved or Declined
#[cfg(test)]
mod consent;

// Approved → Outcome, whatever the server does
#[cfg(test)]
mod delivery;

// the same, with the program killed at any step
#[cfg(test)]
mod killed;

// everything → SQLite
#[cfg(test)]
mod ledger;
