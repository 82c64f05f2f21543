#![no_main]

#[path = "../mailbox.rs"]
mod mailbox;
use mailbox::is_one_mailbox;

#[path = "../targets/rdap.rs"]
#[expect(dead_code, reason = "the seeds are for `cargo test`")]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::target(octets));
