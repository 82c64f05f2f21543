#![no_main]

#[path = "../targets/settings.rs"]
#[expect(dead_code, reason = "the seeds are for `cargo test`")]
mod target;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| target::target(octets));
