//! The stages, and the whole program, from outside.

// the folders, the imports, the marks
#[cfg(test)]
mod house;

// complaints made up for the tests
#[cfg(test)]
mod letters;

// servers that answer wrongly
#[cfg(test)]
mod servers;

// message + trace → evidence
#[cfg(test)]
mod evidence;

// evidence + contacts → complaints
#[cfg(test)]
mod complaint;

// what is read before it is agreed to, for each kind of mail
#[cfg(test)]
mod previews;

// complaint → Approved or Declined
#[cfg(test)]
mod consent;

// Approved → Outcome, whatever the server does
#[cfg(test)]
mod delivery;

// the same behind TLS and with passwords
#[cfg(test)]
mod protected;

// the same, with the program killed at any step
#[cfg(test)]
mod killed;

// everything → SQLite
#[cfg(test)]
mod ledger;

// the ledger as a case file: desks, answers, counts, one's own data
#[cfg(test)]
mod case_file;

// mailboxes, where one message is wanted and elsewhere
#[cfg(test)]
mod mailboxes;

// a loopback internet: the sandbox's own servers
#[cfg(test)]
#[path = "../examples/sandbox/net/mod.rs"]
mod net;

// the servers answer as real ones do, and wrongly on request
#[cfg(test)]
mod sandbox_net;

// the sandbox's other parts: a home with fresh examples, a user at a terminal,
// what the ledger says, a search for the user
#[cfg(test)]
#[path = "../examples/sandbox/home.rs"]
mod home;
#[cfg(test)]
#[path = "../examples/sandbox/player.rs"]
mod player;
#[cfg(test)]
#[path = "../examples/sandbox/record.rs"]
mod record;
#[cfg(test)]
#[path = "../examples/sandbox/shift.rs"]
mod shift;
#[cfg(test)]
#[path = "../examples/sandbox/traces.rs"]
mod traces;

// Suspect → Contacts, whatever the servers say
#[cfg(test)]
mod contact;

// shapes of registries' answers
#[cfg(test)]
mod shapes;

// servers that lie, loop, flood and drip
#[cfg(test)]
mod hostile;

// a thousand addresses at once
#[cfg(test)]
mod networks;

// they do what the tests of the whole program rely on
#[cfg(test)]
mod sandbox_parts;

// the whole program against those servers
#[cfg(test)]
mod trial;

// mail of a laboratory, as somebody's junk folder
#[cfg(test)]
mod lab;

// each example, from what arrived to what the desk gets
#[cfg(test)]
mod examples;

// bad input, bad servers
#[cfg(test)]
mod bad_input;

// a bug of ours
#[cfg(test)]
mod bug;

// one spam, all the way, at a terminal
#[cfg(test)]
mod report;

// what is shown of strangers' octets
#[cfg(test)]
mod shown;

// what else is asked at a terminal
#[cfg(test)]
mod asked;

// a desk that is dead, silent or the spammer's own
#[cfg(test)]
mod upstream;

// who collects such mail beside the desks
#[cfg(test)]
mod authorities;

// what a desk demands
#[cfg(test)]
mod desk_rules;

// kind and note, changed at the prompt
#[cfg(test)]
mod change;

// what comes back, read
#[cfg(test)]
mod replies;

// what servers answer, in every bounce
#[cfg(test)]
mod diagnoses;

// what came back, taken at a terminal
#[cfg(test)]
mod answered;

// a mailbox at once
#[cfg(test)]
mod batch;

// what waits, asked about again
#[cfg(test)]
mod outbox;

// composed before, sent by today's settings
#[cfg(test)]
mod renewed;

// killed at every step of a delivery
#[cfg(test)]
mod program_killed;

// Message → Trace
// messages → traces: text cases, the laboratory, any octets
#[cfg(test)]
mod trace;

// large providers in the chain, genuine and forged
#[cfg(test)]
mod providers;

// what `plaint trace` tells
#[cfg(test)]
mod trace_told;

// against programs of others, where they are installed
#[cfg(test)]
mod system;

// whatever octets come, to every reader
#[cfg(test)]
mod fuzz;
