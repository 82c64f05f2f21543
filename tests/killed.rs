//! The program killed at any step, two of it at once, clocks that jump: nothing is
//! sent twice, and nothing that was sent is taken for unsent.
//!
//! A child process sends: it is this test binary, run again for one test.
//! `tests/many_runs.sh` runs 2,000 seeds.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use plaint::consent::{Approved, State, recall};
use plaint::delivery::{Journal, JournalError, Outcome, deliver};
use plaint::ledger::{Ledger, ShownAs};

use crate::delivery::{HARD, to_port};
use crate::letters::{FREE, agreed, kept_complaint, noon};
use crate::servers::faulty::{Act, Faulty};

/// What the child is told: ledger, port, where it kills itself, how far its clock is off.
const CHILD: &str = "PLAINT_TEST_CHILD";

/// Steps of the journal at which the child can kill itself.
const STEPS: [&str; 6] = [
    "before connecting",
    "after connecting",
    "before data",
    "after data",
    "before ended",
    "after ended",
];

/// Stages of the server at which the child can be killed.
const STAGES: [&str; 9] = [
    "banner", "ehlo", "auth", "mail", "rcpt", "data", "body", "dot", "kept",
];

/// A journal that ends the process at a step, without a goodbye.
struct Mortal<'l> {
    ledger: &'l mut Ledger,
    dies: String,
}

impl Mortal<'_> {
    fn pass(&self, step: &str) {
        if self.dies == step {
            let me = rustix::process::getpid();
            rustix::process::kill_process(me, rustix::process::Signal::KILL).unwrap();
        }
    }
}

impl Journal for Mortal<'_> {
    fn connecting(&mut self, a: &Approved, name: &str, now: Timestamp) -> Result<(), JournalError> {
        self.pass("before connecting");
        self.ledger.connecting(a, name, now)?;
        self.pass("after connecting");
        Ok(())
    }

    fn data(&mut self, a: &Approved, now: Timestamp) -> Result<(), JournalError> {
        self.pass("before data");
        self.ledger.data(a, now)?;
        self.pass("after data");
        Ok(())
    }

    fn ended(&mut self, a: &Approved, o: &Outcome, now: Timestamp) -> Result<(), JournalError> {
        self.pass("before ended");
        self.ledger.ended(a, o, now)?;
        self.pass("after ended");
        Ok(())
    }
}

/// Sends everything that may be sent, as `plaint outbox retry` does.
fn send_all(ledger: &mut Ledger, port: u16, dies: &str, now: Timestamp) {
    for kept in ledger.due(now, true).unwrap() {
        let Ok(approved) = recall(kept.recorded, ledger.secret(), now) else {
            continue;
        };
        let mut mortal = Mortal {
            ledger,
            dies: dies.to_owned(),
        };
        let _ = deliver(approved, &mut to_port(port), &mut mortal, &move || now);
    }
}

#[test]
#[ignore = "the other tests of this file run it, in a process of its own"]
fn child() {
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let told: Vec<&str> = told.split('\t').collect();
    let off = SignedDuration::from_hours(told[3].parse().unwrap());
    let now = noon() + off;
    let mut ledger = Ledger::open(Path::new(told[0]), now).unwrap();
    send_all(&mut ledger, told[1].parse().unwrap(), told[2], now);
}

fn spawn(ledger: &Path, port: u16, dies: &str, off_hours: i64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["killed::child", "--exact", "--ignored", "--test-threads=1"])
        .env(
            CHILD,
            format!("{}\t{port}\t{dies}\t{off_hours}", ledger.display()),
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A child that a server kills when it is told to.
#[derive(Clone, Default)]
struct Victim(Arc<(Mutex<Option<Child>>, Condvar)>);

impl Victim {
    fn born(&self, child: Child) {
        *self.0.0.lock().unwrap() = Some(child);
        self.0.1.notify_all();
    }

    fn kill(&self) {
        let mut child = self.0.0.lock().unwrap();
        while child.is_none() {
            child = self.0.1.wait(child).unwrap();
        }
        let _ = child.as_mut().unwrap().kill();
        let _ = child.as_mut().unwrap().wait();
    }

    fn ended(&self) -> bool {
        let mut child = self.0.0.lock().unwrap();
        child.as_mut().unwrap().try_wait().unwrap().is_some()
    }
}

/// A ledger with one approved complaint; returns its number and its octets.
fn prepared(path: &Path, body: &str) -> (i64, Vec<u8>) {
    let mut ledger = Ledger::open(path, noon()).unwrap();
    let complaint = kept_complaint(&mut ledger, 1, "abuse@example.net", body);
    let octets = complaint.octets.clone();
    let id = ledger
        .approve(&[agreed(complaint)], ShownAs::New, &FREE, noon())
        .unwrap()[0];
    (id, octets)
}

/// One run: what the server does, where the program dies, how clocks jump.
#[derive(Debug, Clone)]
struct Run {
    stage: &'static str,
    act: Act,
    dies: String,
    killed_at: &'static str,
    off_hours: [i64; 2],
    then: (&'static str, Act),
}

/// Sends with a child that dies, then again with what is left, twice, and looks what is true.
fn run(run: &Run) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (id, octets) = prepared(&path, HARD);
    let victim = Victim::default();
    let (hunter, at) = (victim.clone(), run.killed_at);
    let watch = Arc::new(move |stage: &str| {
        if stage == at {
            hunter.kill();
        }
    });
    let first = Faulty::start(vec![(run.stage, run.act.clone())], watch);
    victim.born(spawn(&path, first.addr.port(), &run.dies, run.off_hours[0]));
    while !victim.ended() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut kept = first.kept();
    // Two more starts: one against another fault, one against a server that works.
    for (stage, act) in [run.then.clone(), ("quit", Act::Proper)] {
        let now = noon() + SignedDuration::from_hours(run.off_hours[1]);
        let server = Faulty::at(stage, act);
        let mut ledger = Ledger::open(&path, now).unwrap();
        truths(&ledger, id, &kept, &octets, run);
        send_all(&mut ledger, server.addr.port(), "never", now);
        kept.extend(server.kept());
        truths(&ledger, id, &kept, &octets, run);
    }
}

/// What must be true of the ledger, given what the servers have.
fn truths(ledger: &Ledger, id: i64, kept: &[Vec<u8>], octets: &[u8], run: &Run) {
    let state = ledger.kept(id).unwrap().recorded.state;
    assert!(kept.len() <= 1, "sent twice: {run:?}");
    assert!(kept.iter().all(|one| one == octets), "altered: {run:?}");
    match state {
        State::Accepted => assert_eq!(kept.len(), 1, "accepted, and nobody has it: {run:?}"),
        State::Unknown => {}
        State::Deferred | State::Rejected | State::Approved => {
            assert!(kept.is_empty(), "delivered, and taken for {state}: {run:?}");
        }
        other => panic!("left as {other}: {run:?}"),
    }
}

/// Numbers that a seed determines.
struct Dice(u64);

impl Dice {
    fn of<T: Clone>(&mut self, sides: &[T]) -> T {
        // xorshift64*: good enough to mix cases, and the same everywhere.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let thrown = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        sides[usize::try_from(thrown).unwrap() % sides.len()].clone()
    }
}

fn thrown(seed: u64) -> Run {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let faults = [
        ("quit", Act::Proper),
        ("quit", Act::Drop),
        ("ehlo", Act::Reply("421 4.3.2 later")),
        ("mail", Act::Drop),
        ("rcpt", Act::Reply("451 4.7.1 greylisted")),
        ("rcpt", Act::Reply("550 5.1.1 no")),
        ("data", Act::Reset),
        ("dot", Act::Reply("451 4.3.0 later")),
        ("dot", Act::Reply("554 5.6.0 no")),
        ("dot", Act::Drop),
        ("dot", Act::Reset),
        ("dot", Act::KeepThenDrop),
        ("dot", Act::KeepThenGarbage),
        ("dot", Act::KeepThenHang),
    ];
    let (stage, act) = dice.of(&faults);
    let mut points: Vec<(String, &'static str)> = vec![("never".to_owned(), "never")];
    points.extend(STEPS.map(|step| (step.to_owned(), "never")));
    points.extend(STAGES.map(|stage| ("never".to_owned(), stage)));
    let (dies, killed_at) = dice.of(&points);
    Run {
        stage,
        act,
        dies,
        killed_at,
        off_hours: [
            dice.of(&[0, 0, 0, 47, 49, -2]),
            dice.of(&[0, 0, 0, 47, 9000, -9000]),
        ],
        then: dice.of(&faults),
    }
}

/// Runs many at once: most of a run is waiting.
fn in_parallel(runs: Vec<Run>) {
    let runs = Mutex::new(runs);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(one) = { runs.lock().unwrap().pop() } {
                    run(&one);
                }
            });
        }
    });
}

#[test]
fn killed_at_every_step_nothing_is_sent_twice_or_lost_from_sight() {
    let mut runs = Vec::new();
    let servers = [
        ("quit", Act::Proper),
        ("dot", Act::KeepThenDrop),
        ("dot", Act::Drop),
    ];
    for (stage, act) in servers {
        for step in STEPS {
            runs.push((stage, act.clone(), step.to_owned(), "never"));
        }
        for killed_at in STAGES {
            runs.push((stage, act.clone(), "never".to_owned(), killed_at));
        }
    }
    let runs = runs
        .into_iter()
        .map(|(stage, act, dies, killed_at)| Run {
            stage,
            act,
            dies,
            killed_at,
            off_hours: [0, 0],
            then: ("quit", Act::Proper),
        })
        .collect();
    in_parallel(runs);
}

#[test]
fn seeded_runs_of_faults_kills_and_clocks_keep_every_promise() {
    let count = std::env::var("PLAINT_TEST_RUNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(200);
    in_parallel((1..=count).map(thrown).collect());
}

#[test]
fn a_complaint_that_was_not_begun_goes_out_after_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (id, octets) = prepared(&path, "x");
    let server = Faulty::proper();
    let port = server.addr.port();
    for dies in ["before connecting", "after connecting", "before data"] {
        assert!(!spawn(&path, port, dies, 0).wait().unwrap().success());
        assert!(server.kept().is_empty(), "{dies}");
    }
    assert!(spawn(&path, port, "never", 0).wait().unwrap().success());
    assert_eq!(server.kept(), [octets]);
    let ledger = Ledger::open(&path, noon()).unwrap();
    assert_eq!(ledger.kept(id).unwrap().recorded.state, State::Accepted);
    assert_eq!(
        ledger.kept(id).unwrap().attempts,
        4 - 1,
        "one died before it began"
    );
}

#[test]
fn two_programs_at_once_send_each_complaint_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = Ledger::open(&path, noon()).unwrap();
    let mut approved = Vec::new();
    for number in 0..6 {
        let desk = "abuse@example.net";
        let text = format!("number {number}");
        approved.push(agreed(kept_complaint(&mut ledger, number, desk, &text)));
    }
    ledger
        .approve(&approved, ShownAs::New, &FREE, noon())
        .unwrap();
    drop(ledger);
    let server = Faulty::start(
        vec![("mail", Act::Drip(Duration::from_millis(3)))],
        Arc::new(|_: &str| ()),
    );
    let mut children: Vec<Child> = (0..3)
        .map(|_| spawn(&path, server.addr.port(), "never", 0))
        .collect();
    for child in &mut children {
        child.wait().unwrap();
    }
    let mut kept = server.kept();
    kept.sort();
    let count = kept.len();
    kept.dedup();
    assert_eq!((kept.len(), count), (6, 6));
    let ledger = Ledger::open(&path, noon()).unwrap();
    assert_eq!(ledger.in_states(&[State::Accepted]).unwrap().len(), 6);
}

/// Waits until nobody holds the sender's lock: a child of another test that was just forked
/// has all that this process has open, until it becomes its own program.
fn until_free(ledger: &Path) {
    let lock = std::fs::File::open(ledger.with_extension("db.lock")).unwrap();
    while lock.try_lock().is_err() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_full_disk_is_an_error_before_the_dot_and_never_a_lie_after_it() {
    for (event, due, arrives) in [
        ("connecting", State::Approved, 0),
        ("data", State::Deferred, 0),
        ("accepted", State::Unknown, 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (id, _) = prepared(&path, "x");
        let db = rusqlite::Connection::open(&path).unwrap();
        // What a full disk does to the one commit: it does not happen.
        db.execute_batch(&format!(
            "CREATE TRIGGER full BEFORE INSERT ON history WHEN NEW.event = '{event}'
             BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        ))
        .unwrap();
        let server = Faulty::proper();
        let mut ledger = Ledger::open(&path, noon()).unwrap();
        let kept = ledger.due(noon(), true).unwrap().remove(0);
        let approved = recall(kept.recorded, ledger.secret(), noon()).unwrap();
        let mut way = to_port(server.addr.port());
        assert!(
            deliver(approved, &mut way, &mut ledger, &noon).is_err(),
            "{event}"
        );
        drop(ledger);
        db.execute_batch("DROP TRIGGER full").unwrap();
        until_free(&path);
        let ledger = Ledger::open(&path, noon()).unwrap();
        assert_eq!(ledger.kept(id).unwrap().recorded.state, due, "{event}");
        assert_eq!(server.kept().len(), arrives, "{event}");
    }
}
