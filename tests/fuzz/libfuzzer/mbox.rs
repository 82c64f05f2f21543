#![no_main]

#[path = "../targets/mbox.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::target(octets));
