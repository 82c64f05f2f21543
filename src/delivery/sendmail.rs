//! Hands a complaint to the system's own mailer, `sendmail -i -f FROM -- RCPT`.
//!
//! In: a complaint on its way. Out: [`Outcome`] by the program's exit status.
//! Standards: `<sysexits.h>`, the only contract that all sendmail programs share.
//! Trust: both addresses are strict mailboxes, and `--` ends the options.
//! Failures: a program that is killed, or takes too long, leaves it unknown. So
//! does one that read the message to its end and failed then: sendmail ends
//! with `EX_TEMPFAIL` for what it has queued, and others fail after queueing.
//! Limits: what the mailer's queue does later is seen only as a bounce.

use std::fs;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::outcome::shown;
use super::{Outcome, Passage, Setback, Stage, Transport};

/// Octets of the program's own words that are read.
const WORDS_OCTETS: u64 = 2_000;

/// Pause between two looks at a program that has not ended yet.
const POLL: Duration = Duration::from_millis(20);

/// The system's own mailer.
#[derive(Debug, Clone)]
pub struct Sendmail {
    /// The program: `/usr/sbin/sendmail`.
    pub program: PathBuf,
    /// Folder of our own where the message stands while the program reads it.
    pub spool: PathBuf,
    /// How long the program may take.
    pub timeout: Duration,
}

impl Transport for Sendmail {
    fn name(&self) -> String {
        format!("sendmail {}", self.program.display())
    }

    fn hand_over(&mut self, passage: &mut Passage<'_>) -> Outcome {
        let complaint = passage.complaint();
        let Some(mailbox) = &complaint.desk.mailbox else {
            return Outcome::Deferred(
                Setback::new(Stage::Prepare, "the desk has no mailbox").lasting(),
            );
        };
        let text = lf(&complaint.octets);
        let octets = text.len() as u64;
        let message = match self.spooled(&text) {
            Ok(file) => file,
            Err(e) => {
                return Outcome::Deferred(Setback::new(
                    Stage::Prepare,
                    format!(
                        "the message could not be written in `{}`: {e}",
                        self.spool.display()
                    ),
                ));
            }
        };
        // The program reads a whole file, not a pipe: if we are killed, it
        // cannot take half of a message for all of it. From its start on, it
        // can have been delivered.
        let read = message.try_clone();
        if let Err(e) = passage.last_moment() {
            return Outcome::Deferred(Setback::new(Stage::Prepare, e.to_string()));
        }
        let spawned = Command::new(&self.program)
            .arg("-i")
            .arg("-f")
            .arg(complaint.from.as_str())
            .arg("--")
            .arg(mailbox.as_str())
            .stdin(Stdio::from(message))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        match spawned {
            Ok(child) => self.ended(child, octets, read.ok()),
            Err(e) => Outcome::Deferred(
                Setback::new(
                    Stage::Prepare,
                    format!("`{}` could not be started: {e}", self.program.display()),
                )
                .lasting(),
            ),
        }
    }
}

impl Sendmail {
    /// Returns an open file with the message, whose name is gone already.
    fn spooled(&self, octets: &[u8]) -> io::Result<fs::File> {
        fs::create_dir_all(&self.spool)?;
        let path = self.spool.join(format!("outgoing-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        fs::remove_file(&path)?;
        file.write_all(octets)?;
        file.rewind()?;
        Ok(file)
    }

    /// Waits for the program, and reads its exit status.
    ///
    /// `read` is the file that it reads, whose place it shares with us: where
    /// it stopped before the end, it had no whole message to take.
    fn ended(&self, mut child: Child, octets: u64, read: Option<fs::File>) -> Outcome {
        let stderr = child.stderr.take();
        let reader = std::thread::spawn(move || {
            let mut words = Vec::new();
            if let Some(mut stderr) = stderr {
                let _ = (&mut stderr).take(WORDS_OCTETS).read_to_end(&mut words);
                let _ = io::copy(&mut stderr, &mut io::sink());
            }
            words
        });
        let started = Instant::now();
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if started.elapsed() < self.timeout => std::thread::sleep(POLL),
                Ok(None) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Outcome::Unknown(Setback::new(
                        Stage::Dot,
                        format!(
                            "`{}` did not end within {} s",
                            self.program.display(),
                            self.timeout.as_secs()
                        ),
                    ));
                }
                Err(e) => {
                    return Outcome::Unknown(Setback::new(
                        Stage::Dot,
                        format!("`{}` could not be watched: {e}", self.program.display()),
                    ));
                }
            }
        };
        let words = if child_left_stderr_open(&reader) {
            Vec::new()
        } else {
            reader.join().unwrap_or_default()
        };
        let place = read.and_then(|mut file| file.stream_position().ok());
        let has_all = place.is_none_or(|place| place >= octets);
        self.outcome(status, has_all, words.trim_ascii())
    }

    /// Reads an exit status as `<sysexits.h>` means it.
    fn outcome(&self, status: ExitStatus, has_all: bool, words: &[u8]) -> Outcome {
        let program = self.program.display().to_string();
        let Some(code) = status.code() else {
            let signal = status.signal().unwrap_or_default();
            return Outcome::Unknown(Setback::new(
                Stage::Dot,
                format!("`{program}` was killed by signal {signal}"),
            ));
        };
        let said = if words.is_empty() {
            String::new()
        } else {
            format!(" (`{}`)", shown(words))
        };
        let setback = Setback::new(Stage::Dot, format!("`{program}` ended with {code}{said}"));
        match code {
            // It says yes to a message whose end it cannot have read.
            0 if !has_all => Outcome::Unknown(setback),
            0 => Outcome::Accepted {
                by: "the local queue".to_owned(),
                reply: format!("{program} ended with 0"),
            },
            // Nothing says whether the queue had it when the program failed.
            _ if has_all => Outcome::Unknown(setback),
            // EX_TEMPFAIL: try again later.
            75 => Outcome::Deferred(setback),
            // EX_NOUSER: the one status that is about the recipient.
            67 => Outcome::Rejected(setback),
            // EX_USAGE, EX_DATAERR, EX_NOHOST, EX_UNAVAILABLE, EX_NOPERM, EX_CONFIG: the
            // mailer, or its own way out. It has no message that it could have refused.
            64 | 65 | 68 | 69 | 77 | 78 => Outcome::Deferred(setback.lasting()),
            _ => Outcome::Unknown(setback),
        }
    }
}

/// Returns whether something that the program started still holds its error output.
fn child_left_stderr_open(reader: &std::thread::JoinHandle<Vec<u8>>) -> bool {
    let started = Instant::now();
    while !reader.is_finished() && started.elapsed() < Duration::from_millis(500) {
        std::thread::sleep(POLL);
    }
    !reader.is_finished()
}

/// Returns the message with the line ends that programs on this system read.
fn lf(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    for (at, octet) in octets.iter().enumerate() {
        if *octet == b'\r' && octets.get(at + 1) == Some(&b'\n') {
            continue;
        }
        out.push(*octet);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_statuses_are_read_as_sysexits() {
        let mailer = Sendmail {
            program: "/usr/sbin/sendmail".into(),
            spool: "/nonexistent".into(),
            timeout: Duration::from_secs(1),
        };
        let of = |raw: i32| mailer.outcome(ExitStatus::from_raw(raw), false, b"\x1b[31mno");
        assert!(matches!(of(0), Outcome::Unknown(_)));
        assert!(matches!(of(75 << 8), Outcome::Deferred(s) if !s.lasting));
        for code in [64, 65, 68, 69, 77, 78] {
            let outcome = of(code << 8);
            assert!(
                matches!(outcome, Outcome::Deferred(s) if s.lasting),
                "{code}"
            );
        }
        assert!(matches!(of(67 << 8), Outcome::Rejected(_)));
        assert!(matches!(of(71 << 8), Outcome::Unknown(_)));
        assert!(matches!(of(9), Outcome::Unknown(_)));
        let read = |raw: i32| mailer.outcome(ExitStatus::from_raw(raw), true, b"");
        assert!(matches!(read(0), Outcome::Accepted { .. }));
        for code in [64, 65, 67, 68, 69, 75, 77, 78] {
            assert!(matches!(read(code << 8), Outcome::Unknown(_)), "{code}");
        }
        let Outcome::Rejected(setback) = of(67 << 8) else {
            unreachable!("asserted above")
        };
        assert_eq!(
            setback.why,
            "`/usr/sbin/sendmail` ended with 67 (`\\x1b[31mno`)"
        );
    }

    #[test]
    fn line_ends_become_the_systems_own() {
        assert_eq!(lf(b"a\r\nb\r\n"), b"a\nb\n");
        assert_eq!(lf(b"a\rb"), b"a\rb");
    }
}
