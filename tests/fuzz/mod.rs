//! Everything that reads foreign octets, fed with seeds, and with seeds that were bent.
//!
//! Each target is a function over octets in `targets/`. Here each runs over its seeds and some hundreds or thousands of
//! mutations of them, always the same; `PLAINT_FUZZ_SECONDS=600 cargo test --test main fuzz::` goes on with others for that
//! long. `libfuzzer/` drives the same functions by coverage, with `cargo +nightly fuzz run --fuzz-dir tests/fuzz/libfuzzer TARGET`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

mod bend;
mod mailbox;
use mailbox::is_one_mailbox;

#[path = "targets/answer.rs"]
mod answer;
#[path = "targets/complaint.rs"]
mod complaint;
#[path = "targets/dns.rs"]
mod dns;
#[path = "targets/evidence.rs"]
mod evidence;
#[path = "targets/mbox.rs"]
mod mbox;
#[path = "targets/message.rs"]
mod message;
#[path = "targets/rdap.rs"]
mod rdap;
#[path = "targets/received.rs"]
mod received;
#[path = "targets/settings.rs"]
mod settings;
#[path = "targets/smtp_reply.rs"]
mod smtp_reply;
#[path = "targets/terminal.rs"]
mod terminal;
#[path = "targets/trace.rs"]
mod trace;
#[path = "targets/whois.rs"]
mod whois;

/// Runs a target over its seeds and over mutations of them; a panic names the octets.
fn run(name: &str, seeds: &[&[u8]], rounds: u64, target: fn(&[u8])) {
    let check = |octets: &[u8]| {
        if catch_unwind(AssertUnwindSafe(|| target(octets))).is_err() {
            panic!("{name}: {:?}", octets.escape_ascii().to_string());
        }
    };
    seeds.iter().for_each(|seed| check(seed));
    let more = std::env::var("PLAINT_FUZZ_SECONDS").ok();
    let more = more.map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    let start = Instant::now();
    let mut round = 0;
    while round < rounds || more.is_some_and(|more| start.elapsed() < more) {
        check(&bend::bent(seeds, round));
        round += 1;
    }
}

/// One test for each target, with its rounds.
macro_rules! targets {
    ($($name:ident: $rounds:expr;)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name), $name::SEEDS, $rounds, $name::target);
            }
        )*

        #[test]
        fn every_target_has_a_program_for_libfuzzer() {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
            let known = [$(stringify!($name)),*];
            for entry in std::fs::read_dir(folder.join("targets")).unwrap() {
                let path = entry.unwrap().path();
                let stem = path.file_stem().unwrap().to_str().unwrap();
                assert!(known.contains(&stem), "{stem} runs nowhere");
                assert!(folder.join(format!("libfuzzer/{stem}.rs")).exists(), "{stem}");
            }
        }
    };
}

targets! {
    message: 2000;
    received: 4000;
    mbox: 1000;
    trace: 1500;
    rdap: 1500;
    whois: 300;
    dns: 4000;
    evidence: 300;
    complaint: 120;
    smtp_reply: 4000;
    answer: 150;
    settings: 300;
    terminal: 4000;
}
