//! How long the ledger takes with 100,000 complaints in it: `cargo bench --bench ledger`.
//!
//! A list of fifty and each of the counts is to stay under a second.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing to measure"
)]

use std::path::Path;

use jiff::Timestamp;
use plaint::consent::State;
use plaint::ledger::{By, Filter, Form, Ledger};

/// Complaints in the ledger.
const COMPLAINTS: u32 = 100_000;

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

/// Fills a ledger as three years of reporting would.
fn filled(path: &Path) -> Ledger {
    drop(Ledger::open(path, now()).expect("a new ledger"));
    let db = rusqlite::Connection::open(path).expect("its file");
    db.execute_batch(&format!(
        "BEGIN;
         CREATE TEMP TABLE n AS
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {COMPLAINTS})
             SELECT i FROM n;
         INSERT INTO cases (id, key, source_addr, kind, network, registry, asn, esp, opened_at)
             SELECT i, randomblob(32), '198.51.' || (i / 256 % 256) || '.' || (i % 256), 'spam',
                    '198.51.' || (i / 256 % 256) || '.0 - 255', 'ripe', 64496 + i % 900,
                    CASE WHEN i % 7 = 0 THEN 'Mailer ' || (i % 30) END,
                    1700000000 + i * 900 FROM n;
         INSERT INTO members (key, case_id, boundary_at, added_at)
             SELECT key, id, opened_at - 600, opened_at FROM cases;
         INSERT INTO messages (member_key, octets, sha256, input) SELECT key, randomblob(3000), randomblob(32), 'spam.mbox' FROM members;
         INSERT INTO complaints (id, case_id, desk, round, state, source_addr, from_mailbox, subject,
                                 message_id, incidents, composed_at, changed_at, approved_at, seal,
                                 transport, attempts, said)
             SELECT i, i, 'abuse@isp' || (i % 3000) || '.example', 0,
                    CASE i % 20 WHEN 0 THEN 'rejected' WHEN 1 THEN 'bounced' WHEN 2 THEN 'answered'
                                WHEN 3 THEN 'unknown' ELSE 'accepted' END,
                    source_addr, 'jane@example.org',
                    'Abuse report: spam from ' || source_addr, hex(randomblob(13)) || '@example.org',
                    1, opened_at, opened_at + 60, opened_at + 30, randomblob(32), 'smtp', 1,
                    '250 2.0.0 queued as ' || hex(randomblob(6))
             FROM n JOIN cases ON cases.id = i;
         INSERT INTO letters SELECT id, randomblob(6000), randomblob(32), hex(randomblob(800)),
                    '{{}}', '\"arf\"', '\"address\"', '[]', '[]', '[]', hex(randomblob(800))
             FROM complaints;
         INSERT INTO history (at, case_id, complaint_id, event, detail)
             SELECT changed_at, case_id, id, state, said FROM complaints;
         INSERT INTO attempts (complaint_id, transport, began_at, ended_at, outcome)
             SELECT id, 'smtp', approved_at, changed_at, state FROM complaints;
         INSERT INTO answers (complaint_id, desk, at, kind, said, digest)
             SELECT id, desk, approved_at + id % 500000, 'resolved', 'They acted.', randomblob(32)
             FROM complaints WHERE id % 5 = 0;
         COMMIT;"
    ))
    .expect("rows");
    drop(db);
    Ledger::open(path, now()).expect("a full ledger")
}

/// A ledger that all benchmarks share.
fn shared() -> Ledger {
    static FOLDER: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        drop(filled(&folder.path().join("ledger.db")));
        folder
    });
    Ledger::open(&folder.path().join("ledger.db"), now()).expect("the ledger")
}

#[divan::bench]
fn open(bencher: divan::Bencher<'_, '_>) {
    drop(shared());
    bencher.bench_local(shared);
}

#[divan::bench]
fn list_the_last_fifty(bencher: divan::Bencher<'_, '_>) {
    let ledger = shared();
    let filter = Filter {
        most: Some(50),
        ..Filter::default()
    };
    bencher.bench_local(|| ledger.lines(&filter).expect("lines").len());
}

#[divan::bench]
fn list_all(bencher: divan::Bencher<'_, '_>) {
    let ledger = shared();
    bencher.bench_local(|| ledger.lines(&Filter::default()).expect("lines").len());
}

#[divan::bench]
fn search(bencher: divan::Bencher<'_, '_>) {
    let ledger = shared();
    let filter = Filter {
        text: Some("198.51.77.7".to_owned()),
        ..Filter::default()
    };
    bencher.bench_local(|| ledger.lines(&filter).expect("lines").len());
}

#[divan::bench]
fn outbox(bencher: divan::Bencher<'_, '_>) {
    let ledger = shared();
    bencher.bench_local(|| {
        ledger
            .in_states(&[State::Approved, State::Deferred])
            .expect("rows")
            .len()
    });
}

#[divan::bench(args = ["desk", "network", "as", "registry", "esp", "month"])]
fn stats(bencher: divan::Bencher<'_, '_>, by: &str) {
    let ledger = shared();
    let by = By::of_word(by).expect("a way to count");
    bencher.bench_local(|| ledger.stats(by).expect("counts").len());
}

#[divan::bench]
fn export_csv(bencher: divan::Bencher<'_, '_>) {
    let ledger = shared();
    bencher.bench_local(|| ledger.export(Form::Csv, &mut std::io::sink()).expect("csv"));
}
