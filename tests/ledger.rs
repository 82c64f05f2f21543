//! The ledger: what lasts, what is refused, and what a crash leaves.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;

use jiff::SignedDuration;
use plaint::consent::{Limits, State, recall};
use plaint::contact::{
    AbuseMailbox, Cache as _, Confidence, Contact, Contacts, Network, Role, Suspect, Via,
};
use plaint::delivery::{Journal as _, JournalError, LogOnly, Outcome, Setback, Stage, deliver};
use plaint::ledger::{Arrival, CaseFacts, Ledger, LedgerError, ShownAs, Standing};

use crate::letters::{FREE, agreed, clock, kept_complaint, noon, spam};

fn fresh() -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&folder.path().join("data/ledger.db"), noon()).unwrap();
    (folder, ledger)
}

fn reopened(folder: &tempfile::TempDir) -> Ledger {
    Ledger::open(&folder.path().join("data/ledger.db"), noon()).unwrap()
}

#[test]
fn the_file_is_its_users_alone_and_so_is_its_folder() {
    let (folder, mut ledger) = fresh();
    ledger
        .remember("own-host", "mx.example.org", "yes", noon())
        .unwrap();
    let mode = |name: &str| {
        let path = folder.path().join(name);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode("data"), 0o700);
    for name in [
        "data/ledger.db",
        "data/ledger.db-wal",
        "data/ledger.db.pulse",
    ] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[test]
fn a_file_that_others_could_read_is_closed_to_them() {
    let (folder, ledger) = fresh();
    drop(ledger);
    let path = folder.path().join("data/ledger.db");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(reopened(&folder));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_secret_survives_and_is_another_for_each_ledger() {
    let (folder, ledger) = fresh();
    let secret = *ledger.secret().octets();
    drop(ledger);
    assert_eq!(reopened(&folder).secret().octets(), &secret);
    let (_other, ledger) = fresh();
    assert_ne!(ledger.secret().octets(), &secret);
}

#[test]
fn a_message_is_known_again_in_any_copy_and_as_any_member() {
    let (_folder, mut ledger) = fresh();
    let first = spam(1);
    let Standing::New(case) = ledger.standing(&first).unwrap() else {
        panic!("it was never seen")
    };
    let facts = CaseFacts::of(IpAddr::from([192, 0, 2, 7]), "spam");
    ledger
        .hold(&first, case, &facts, Some(noon()), noon())
        .unwrap();
    ledger
        .hold(&spam(2), case, &facts, Some(noon()), noon())
        .unwrap();
    ledger
        .hold(&spam(2), case, &facts, Some(noon()), noon())
        .unwrap();
    assert_eq!(ledger.members(case).unwrap().len(), 2);
    for number in [1, 2] {
        let standing = ledger.standing(&spam(number)).unwrap();
        assert!(matches!(standing, Standing::Known { .. }));
        assert_eq!(standing.case(), case);
    }
    let copied = String::from_utf8(first.octets().to_vec()).unwrap();
    let copied = plaint::intake::read(
        copied.replace("\r\n", "\n").into_bytes(),
        plaint::intake::Origin::single("-"),
    )
    .unwrap();
    assert_eq!(ledger.standing(&copied).unwrap().case(), case);
}

#[test]
fn a_complaint_comes_back_as_it_was_kept() {
    let (folder, mut ledger) = fresh();
    let mut complaint = kept_complaint(&mut ledger, 1, "abuse@example.net", "caf\u{e9}");
    complaint.masked = vec!["2 in To".to_owned()];
    complaint.incidents = 3;
    let id = ledger.keep(&complaint, State::Held, noon()).unwrap();
    drop(ledger);
    let kept = reopened(&folder).kept(id).unwrap();
    assert_eq!(kept.recorded.complaint, complaint);
    assert_eq!(kept.recorded.state, State::Held);
    assert_eq!(kept.recorded.approved_at, None);
}

#[test]
fn held_octets_are_composed_anew_and_agreed_ones_never() {
    let (_folder, mut ledger) = fresh();
    let first = kept_complaint(&mut ledger, 1, "abuse@example.net", "one");
    let id = ledger.keep(&first, State::Held, noon()).unwrap();
    let second = kept_complaint(&mut ledger, 1, "abuse@example.net", "two");
    assert_eq!(ledger.keep(&second, State::Held, noon()).unwrap(), id);
    assert_eq!(ledger.kept(id).unwrap().recorded.complaint.text, "two");
    ledger
        .approve(&[agreed(second.clone())], ShownAs::New, &FREE, noon())
        .unwrap();
    assert_eq!(
        ledger.keep(&first, State::Held, noon()),
        Err(LedgerError::Settled(State::Approved))
    );
    assert_eq!(
        ledger.approve(&[agreed(first)], ShownAs::New, &FREE, noon()),
        Err(LedgerError::Settled(State::Approved)),
        "other octets under the same key"
    );
    assert_eq!(ledger.kept(id).unwrap().recorded.complaint, second);
}

#[test]
fn approving_is_all_or_nothing() {
    let (_folder, mut ledger) = fresh();
    let one = kept_complaint(&mut ledger, 1, "abuse@example.net", "one");
    let two = kept_complaint(&mut ledger, 1, "abuse@example.com", "two");
    ledger
        .approve(&[agreed(two.clone())], ShownAs::New, &FREE, noon())
        .unwrap();
    let mut other = two;
    other.octets.extend_from_slice(b"more\r\n");
    let both = [agreed(one), agreed(other)];
    assert!(ledger.approve(&both, ShownAs::New, &FREE, noon()).is_err());
    assert_eq!(ledger.in_states(&[State::Approved]).unwrap().len(), 1);
}

#[test]
fn of_two_programs_that_ask_at_once_only_one_comes_within_the_limit() {
    let (folder, mut first) = fresh();
    let mut second = reopened(&folder);
    let limits = Limits::default();
    // Both read the same facts before their prompts: nothing speaks against either.
    let one = kept_complaint(&mut first, 1, "abuse@example.net", "one");
    let two = kept_complaint(&mut second, 2, "abuse@example.net", "two");
    for complaint in [&one, &two] {
        assert_eq!(first.facts(complaint, noon()).unwrap().about_source, 0);
    }
    first
        .approve(&[agreed(one)], ShownAs::New, &limits, noon())
        .unwrap();
    let other = kept_complaint(&mut second, 3, "abuse@example.com", "three");
    let both = [agreed(other), agreed(two)];
    let over = second.approve(&both, ShownAs::New, &limits, noon());
    assert!(
        matches!(over, Err(LedgerError::Limit { place: 1, .. })),
        "{over:?}"
    );
    assert_eq!(
        second.in_states(&[State::Approved]).unwrap().len(),
        1,
        "all of an answer is written down, or nothing"
    );
    // What is agreed to in one answer counts against itself, too.
    let same_desk =
        [4, 5].map(|n| agreed(kept_complaint(&mut second, n, "abuse@isp.example", "x")));
    let over = second.approve(&same_desk, ShownAs::New, &limits, noon());
    assert!(matches!(over, Err(LedgerError::Limit { place: 1, .. })));
}

#[test]
fn an_answer_falls_where_its_complaint_is_not_what_was_shown_any_more() {
    let (folder, mut ledger) = fresh();
    let shown = kept_complaint(&mut ledger, 1, "abuse@example.net", "x");
    let (here, there) = (agreed(shown.clone()), agreed(shown));
    let mut other = reopened(&folder);
    let id = other
        .approve(std::slice::from_ref(&there), ShownAs::New, &FREE, noon())
        .unwrap()[0];
    let mut approve =
        |shown_as| ledger.approve(std::slice::from_ref(&here), shown_as, &FREE, noon());
    assert_eq!(
        approve(ShownAs::New),
        Err(LedgerError::Settled(State::Approved))
    );
    other.connecting(&there, "smtp", noon()).unwrap();
    other.data(&there, noon()).unwrap();
    let lost = Outcome::Unknown(Setback::new(Stage::Dot, "nothing was heard"));
    other.ended(&there, &lost, noon()).unwrap();
    // It may have arrived, and only who was told so can have it sent again.
    for shown_as in [ShownAs::New, ShownAs::Waiting] {
        assert_eq!(
            approve(shown_as),
            Err(LedgerError::Settled(State::Unknown)),
            "{shown_as:?}"
        );
    }
    let dropped = other.move_on(id, &[State::Unknown], State::Cancelled, "dropped", noon());
    dropped.unwrap();
    assert!(approve(ShownAs::New).is_err(), "dropped, and maybe there");
    assert!(approve(ShownAs::Unknown).is_err());
}

#[test]
fn what_another_message_joined_since_it_was_shown_is_not_agreed_to() {
    let (folder, mut ledger) = fresh();
    let shown = kept_complaint(&mut ledger, 1, "abuse@example.net", "one");
    let id = ledger.keep(&shown, State::Held, noon()).unwrap();
    // A batch beside the question joins a second message, and composes the complaint anew.
    let mut batch = reopened(&folder);
    let facts = CaseFacts::of(IpAddr::from([192, 0, 2, 7]), "spam");
    batch
        .hold(&spam(2), shown.case, &facts, Some(noon()), noon())
        .unwrap();
    let mut both = shown.clone();
    both.octets.extend_from_slice(b"two\r\n");
    both.incidents = 2;
    batch.keep(&both, State::Held, noon()).unwrap();
    let old = [agreed(shown.clone())];
    let approved = ledger.approve(&old, ShownAs::New, &FREE, noon());
    assert_eq!(approved, Err(LedgerError::Joined { place: 0 }));
    let declined = ledger.decline(&shown, "not ticked", noon());
    assert_eq!(declined, Err(LedgerError::Joined { place: 0 }));
    let kept = ledger.kept(id).unwrap().recorded;
    assert_eq!((kept.state, kept.complaint), (State::Held, both.clone()));
    ledger
        .approve(&[agreed(both)], ShownAs::New, &FREE, noon())
        .unwrap();
}

#[test]
fn a_message_that_would_join_what_was_agreed_to_meanwhile_is_not_taken_for_reported() {
    let (folder, mut ledger) = fresh();
    let first = kept_complaint(&mut ledger, 1, "abuse@example.net", "one");
    ledger.keep(&first, State::Held, noon()).unwrap();
    let facts = CaseFacts::of(IpAddr::from([192, 0, 2, 7]), "spam");
    let mut both = first.clone();
    both.octets.extend_from_slice(b"two\r\n");
    both.incidents = 2;
    reopened(&folder)
        .approve(&[agreed(first.clone())], ShownAs::New, &FREE, noon())
        .unwrap();
    let second = spam(2);
    let arrival = |case| Arrival {
        message: &second,
        case,
        facts: &facts,
        boundary_at: Some(noon()),
        named: &[],
    };
    let joined = ledger.hold_with(&arrival(first.case), &[both], State::Held, noon());
    assert_eq!(joined, Err(LedgerError::Settled(State::Approved)));
    let Standing::New(own) = ledger.standing(&second).unwrap() else {
        panic!("it was kept in a case whose complaint does not have it")
    };
    ledger
        .hold_with(&arrival(own), &[], State::Held, noon())
        .unwrap();
}

#[test]
fn until_a_new_answer_has_its_way_written_down_it_has_none() {
    let (_folder, mut ledger) = fresh();
    let complaint = kept_complaint(&mut ledger, 1, "abuse@example.net", "x");
    let one = [agreed(complaint)];
    let ids = ledger.approve(&one, ShownAs::New, &FREE, noon()).unwrap();
    ledger
        .bind_to_way(&ids, "smtp mail.example.org:465")
        .unwrap();
    // Agreed to once more, as a draft; and killed before that is written down.
    ledger
        .approve(&one, ShownAs::Waiting, &FREE, noon())
        .unwrap();
    assert_eq!(ledger.way_of(ids[0]).unwrap(), None);
}

#[test]
fn what_the_user_sent_himself_counts_against_the_limits() {
    let (_folder, mut ledger) = fresh();
    let one = kept_complaint(&mut ledger, 1, "abuse@example.net", "x");
    let id = ledger.keep(&one, State::Drafted, noon()).unwrap();
    let day = noon() + SignedDuration::from_hours(30);
    ledger
        .move_on(id, &[State::Drafted], State::ByHand, "you say so", day)
        .unwrap();
    let two = kept_complaint(&mut ledger, 2, "abuse@example.net", "x");
    let facts = ledger.facts(&two, day).unwrap();
    assert_eq!((facts.about_source, facts.to_desk, facts.to_all), (1, 1, 1));
    assert_eq!(ledger.last_about(&two).unwrap(), Some(day));
    assert_eq!(
        ledger.facts(&one, day).unwrap().earlier,
        Some((State::ByHand, day))
    );
}

#[test]
fn what_was_not_recorded_first_is_not_sent() {
    let (_folder, mut ledger) = fresh();
    let complaint = kept_complaint(&mut ledger, 1, "abuse@example.net", "x");
    let error = deliver(agreed(complaint), &mut LogOnly, &mut ledger, &clock()).unwrap_err();
    assert_eq!(error.error, JournalError::Missing);
    assert_eq!(error.outcome, None);
}

#[test]
fn a_delivery_leaves_a_row_an_attempt_and_a_history() {
    let (folder, mut ledger) = fresh();
    let complaint = kept_complaint(&mut ledger, 1, "abuse@example.net", "x");
    let approved = agreed(complaint);
    let id = ledger
        .approve(std::slice::from_ref(&approved), ShownAs::New, &FREE, noon())
        .unwrap()[0];
    let outcome = deliver(approved, &mut LogOnly, &mut ledger, &clock()).unwrap();
    assert!(matches!(outcome, Outcome::Saved { .. }));
    assert_eq!(ledger.kept(id).unwrap().recorded.state, State::Saved);
    drop(ledger);
    let db = rusqlite::Connection::open(folder.path().join("data/ledger.db")).unwrap();
    let events: Vec<String> = db
        .prepare("SELECT event FROM history ORDER BY id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(
        events,
        ["case", "message", "approved", "connecting", "saved"]
    );
    for sql in ["UPDATE history SET event = 'x'", "DELETE FROM history"] {
        assert!(db.execute(sql, []).is_err(), "{sql}");
    }
    let sql = "UPDATE letters SET octets = x'00'";
    assert!(db.execute(sql, []).is_err(), "octets that were agreed to");
}

#[test]
fn what_a_crash_left_is_deferred_before_the_dot_and_unknown_after_it() {
    let (folder, mut ledger) = fresh();
    let one = agreed(kept_complaint(&mut ledger, 1, "abuse@example.net", "1"));
    let two = agreed(kept_complaint(&mut ledger, 2, "abuse@example.net", "2"));
    let ids = [
        ledger
            .approve(std::slice::from_ref(&one), ShownAs::New, &FREE, noon())
            .unwrap()[0],
        ledger
            .approve(std::slice::from_ref(&two), ShownAs::New, &FREE, noon())
            .unwrap()[0],
    ];
    ledger.connecting(&one, "smtp", noon()).unwrap();
    ledger.connecting(&two, "smtp", noon()).unwrap();
    ledger.data(&two, noon()).unwrap();
    drop(ledger);
    let ledger = reopened(&folder);
    let states = ids.map(|id| ledger.kept(id).unwrap().recorded.state);
    assert_eq!(states, [State::Deferred, State::Unknown]);
    assert!(ledger.kept(ids[1]).unwrap().maybe_arrived);
    let due = ledger.due(noon(), true).unwrap();
    assert_eq!(due.len(), 1, "what is unknown is not tried again");
    let recorded = due[0].recorded.clone();
    assert!(recall(recorded, ledger.secret(), noon()).is_ok());
}

#[test]
fn one_process_sends_and_another_neither_sends_nor_puts_right() {
    let (folder, mut first) = fresh();
    let one = agreed(kept_complaint(&mut first, 1, "abuse@example.net", "1"));
    let id = first
        .approve(std::slice::from_ref(&one), ShownAs::New, &FREE, noon())
        .unwrap()[0];
    first.connecting(&one, "smtp", noon()).unwrap();
    first.data(&one, noon()).unwrap();
    let mut second = reopened(&folder);
    assert_eq!(
        second.kept(id).unwrap().recorded.state,
        State::Data,
        "it is on its way, not lost"
    );
    assert_eq!(
        second.connecting(&one, "smtp", noon()),
        Err(JournalError::Locked)
    );
    assert_eq!(second.begin_sending(), Err(LedgerError::Busy));
    drop(first);
    second.begin_sending().unwrap();
}

#[test]
fn a_deferred_complaint_waits_longer_each_time_and_a_lasting_setback_waits_for_the_user() {
    let (_folder, mut ledger) = fresh();
    let complaint = kept_complaint(&mut ledger, 1, "abuse@example.net", "1");
    ledger
        .approve(&[agreed(complaint)], ShownAs::New, &FREE, noon())
        .unwrap();
    let mut pauses = Vec::new();
    for lasting in [false, false, true] {
        let kept = ledger.due(noon(), true).unwrap().remove(0);
        let approved = recall(kept.recorded, ledger.secret(), noon()).unwrap();
        ledger.connecting(&approved, "smtp", noon()).unwrap();
        let mut setback = Setback::new(Stage::Connect, "no");
        if lasting {
            setback = setback.lasting();
        }
        ledger
            .ended(&approved, &Outcome::Deferred(setback), noon())
            .unwrap();
        let kept = ledger.due(noon(), true).unwrap().remove(0);
        pauses.push(kept.due_at.map(|due| due.duration_since(noon())));
    }
    let minutes = |n| Some(SignedDuration::from_mins(n));
    assert_eq!(pauses, [minutes(5), minutes(20), None]);
    assert!(ledger.due(noon(), false).unwrap().is_empty());
}

#[test]
fn a_ledger_put_back_from_a_backup_does_not_send_again() {
    let (folder, mut ledger) = fresh();
    let path = folder.path().join("data/ledger.db");
    let one = agreed(kept_complaint(&mut ledger, 1, "abuse@example.net", "1"));
    let id = ledger
        .approve(std::slice::from_ref(&one), ShownAs::New, &FREE, noon())
        .unwrap()[0];
    drop(ledger);
    let backup = std::fs::read(&path).unwrap();
    let mut ledger = reopened(&folder);
    ledger.connecting(&one, "smtp", noon()).unwrap();
    ledger.data(&one, noon()).unwrap();
    let accepted = Outcome::Accepted {
        by: "mail.example.org".to_owned(),
        reply: "250 ok".to_owned(),
    };
    ledger.ended(&one, &accepted, noon()).unwrap();
    drop(ledger);
    std::fs::remove_file(path.with_file_name("ledger.db-wal")).ok();
    std::fs::write(&path, backup).unwrap();
    let ledger = reopened(&folder);
    assert_eq!(ledger.kept(id).unwrap().recorded.state, State::Unknown);
    assert!(ledger.due(noon(), true).unwrap().is_empty());
}

#[test]
fn a_ledger_and_the_file_beside_it_put_back_together_do_not_send_again() {
    let (folder, mut ledger) = fresh();
    let path = folder.path().join("data/ledger.db");
    let pulse = folder.path().join("data/ledger.db.pulse");
    let one = agreed(kept_complaint(&mut ledger, 1, "abuse@example.net", "1"));
    let id = ledger
        .approve(std::slice::from_ref(&one), ShownAs::New, &FREE, noon())
        .unwrap()[0];
    let two = kept_complaint(&mut ledger, 2, "abuse@example.com", "2");
    ledger.keep(&two, State::Held, noon()).unwrap();
    let setback = |ledger: &mut Ledger| {
        ledger.connecting(&one, "smtp", noon()).unwrap();
        let setback = Setback::new(Stage::Connect, "no");
        ledger
            .ended(&one, &Outcome::Deferred(setback), noon())
            .unwrap();
    };
    setback(&mut ledger);
    assert_eq!(ledger.facts(&two, noon()).unwrap().restored_at, None);
    drop(ledger);
    let backup = [&path, &pulse].map(|file| (file.clone(), std::fs::read(file).unwrap()));
    // A start that finds everything as it was left changes nothing.
    assert_eq!(
        reopened(&folder).kept(id).unwrap().recorded.state,
        State::Deferred
    );
    for (file, octets) in backup {
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, octets).unwrap();
    }
    let mut ledger = reopened(&folder);
    assert_eq!(ledger.kept(id).unwrap().recorded.state, State::Unknown);
    assert!(ledger.due(noon(), true).unwrap().is_empty());
    // What was only held bears a warning, and stays.
    assert_eq!(
        ledger.facts(&two, noon()).unwrap().restored_at,
        Some(noon())
    );
    assert_eq!(ledger.in_states(&[State::Held]).unwrap().len(), 1);
    // From then on it is a ledger like any other.
    let three = agreed(kept_complaint(&mut ledger, 3, "abuse@isp.example", "3"));
    ledger
        .approve(std::slice::from_ref(&three), ShownAs::New, &FREE, noon())
        .unwrap();
    drop(ledger);
    assert_eq!(reopened(&folder).due(noon(), true).unwrap().len(), 1);
}

#[test]
fn a_ledger_carried_to_another_machine_does_not_send_again() {
    let (folder, mut ledger) = fresh();
    let one = agreed(kept_complaint(&mut ledger, 1, "abuse@example.net", "1"));
    let id = ledger
        .approve(std::slice::from_ref(&one), ShownAs::New, &FREE, noon())
        .unwrap()[0];
    ledger.connecting(&one, "smtp", noon()).unwrap();
    let setback = Setback::new(Stage::Connect, "no");
    ledger
        .ended(&one, &Outcome::Deferred(setback), noon())
        .unwrap();
    let message_id = ledger.kept(id).unwrap().recorded.complaint.message_id;
    let away = tempfile::tempdir().unwrap();
    drop(ledger);
    let there = away.path().join("ledger.db");
    std::fs::copy(folder.path().join("data/ledger.db"), &there).unwrap();
    let ledger = Ledger::open(&there, noon()).unwrap();
    let kept = ledger.kept(id).unwrap();
    assert_eq!(kept.recorded.state, State::Unknown);
    assert_eq!(kept.recorded.complaint.message_id, message_id);
    assert!(matches!(
        ledger.standing(&spam(1)).unwrap(),
        Standing::Known { .. }
    ));
}

#[test]
fn a_newer_ledger_and_a_foreign_file_are_refused_untouched() {
    let (folder, ledger) = fresh();
    drop(ledger);
    let path = folder.path().join("data/ledger.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let error = Ledger::open(&path, noon()).err().unwrap();
    assert!(matches!(error, LedgerError::Newer { found: 99, .. }));
    insta::assert_snapshot!(error.failure(std::path::Path::new("ledger.db")), @r"
    error: the ledger cannot be used
      --> ledger.db
      because: it was written by a newer plaint (ledger version 99, this one knows 4)

    hint: use the newer plaint, or set another `path` in [ledger]; nothing was changed
    ");
    let foreign = folder.path().join("notes.db");
    let db = rusqlite::Connection::open(&foreign).unwrap();
    db.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    drop(db);
    let others = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&foreign, others).unwrap();
    let before = std::fs::read(&foreign).unwrap();
    assert_eq!(
        Ledger::open(&foreign, noon()).err(),
        Some(LedgerError::NotALedger)
    );
    assert!(std::fs::read(&foreign).unwrap() == before, "every octet");
    let mode = std::fs::metadata(&foreign).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert!(!folder.path().join("notes.db-wal").exists());
    let text = folder.path().join("notes.txt");
    std::fs::write(
        &text,
        "not a database at all, but long enough to be read as one. ".repeat(20),
    )
    .unwrap();
    assert_eq!(
        Ledger::open(&text, noon()).err(),
        Some(LedgerError::NotALedger)
    );
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(
        Ledger::open(&link, noon()).err(),
        Some(LedgerError::Open(_))
    ));
}

fn network(first: &str, last: &str) -> Contacts {
    Contacts {
        network: Some(Network {
            first: first.parse().unwrap(),
            last: last.parse().unwrap(),
            handle: None,
            name: Some(first.to_owned()),
            holder: None,
            country: None,
            registry: None,
        }),
        ..Contacts::default()
    }
}

#[test]
fn a_lookup_is_answered_by_the_smallest_range_and_only_while_it_lives() {
    let (_folder, mut ledger) = fresh();
    let addr = |text: &str| Suspect::Addr(text.parse().unwrap());
    let wide = network("192.0.2.0", "192.0.2.255");
    let narrow = network("192.0.2.128", "192.0.2.143");
    ledger.keep_answer(&addr("192.0.2.1"), &wide);
    ledger.keep_answer(&addr("192.0.2.130"), &narrow);
    let name = |ledger: &mut Ledger, text: &str| {
        ledger
            .recall(&addr(text), noon())
            .and_then(|c| c.network)
            .and_then(|n| n.name)
    };
    assert_eq!(
        name(&mut ledger, "192.0.2.131").as_deref(),
        Some("192.0.2.128")
    );
    assert_eq!(
        name(&mut ledger, "192.0.2.200").as_deref(),
        Some("192.0.2.0")
    );
    assert_eq!(name(&mut ledger, "192.0.3.1"), None);
    let later = noon() + SignedDuration::from_mins(61);
    assert!(
        ledger.recall(&addr("192.0.2.1"), later).is_none(),
        "that nobody answers lives an hour"
    );
    let mut whole = network("10.0.0.0", "10.255.255.255");
    ledger.keep_answer(&addr("10.1.2.3"), &whole);
    assert_eq!(
        name(&mut ledger, "10.9.9.9"),
        None,
        "that nobody answers says nothing of the networks within"
    );
    whole.contacts.push(Contact {
        mailbox: AbuseMailbox::try_from("abuse@isp.example").unwrap(),
        role: Role::Network,
        recommended: true,
        confidence: Confidence::High,
        via: Via::Rdap,
        server: String::new(),
        field: String::new(),
        fetched: noon(),
    });
    ledger.keep_answer(&addr("10.1.2.3"), &whole);
    assert_eq!(name(&mut ledger, "10.1.2.3").as_deref(), Some("10.0.0.0"));
    assert_eq!(
        name(&mut ledger, "10.9.9.9").as_deref(),
        Some("10.0.0.0"),
        "one question a network, whatever its size"
    );
    let domain = Suspect::Domain("example.net".to_owned());
    ledger.keep_answer(&domain, &Contacts::default());
    assert!(ledger.recall(&domain, noon()).is_some());
    assert!(
        ledger
            .recall(&Suspect::Host("example.net".to_owned()), noon())
            .is_none(),
        "a host is not its domain"
    );
}

/// Keeps an answer at noon; `keep` is also the name of something else.
trait KeepAnswer {
    fn keep_answer(&mut self, suspect: &Suspect, contacts: &Contacts);
}

impl KeepAnswer for Ledger {
    fn keep_answer(&mut self, suspect: &Suspect, contacts: &Contacts) {
        plaint::contact::Cache::keep(self, suspect, contacts, noon());
    }
}

#[test]
fn an_answer_is_remembered_and_the_last_one_counts() {
    let (folder, mut ledger) = fresh();
    ledger
        .remember("esp", "Mailer/42", "never asked", noon())
        .unwrap();
    ledger
        .remember("esp", "mailer/42", "unsubscribed", noon())
        .unwrap();
    drop(ledger);
    let ledger = reopened(&folder);
    let answer = ledger.remembered("esp", "MAILER/42").unwrap().unwrap();
    assert_eq!(answer.answer, "unsubscribed");
    assert_eq!(ledger.remembered("esp", "other").unwrap(), None);
}

#[test]
fn a_batch_goes_on_where_it_was_broken_off() {
    let (folder, mut ledger) = fresh();
    let keys = [spam(1), spam(2)].map(|message| ledger.key_of_message(&message));
    let batch = ledger.begin_batch("spam.mbox", noon()).unwrap();
    ledger.finish_batch_item(batch, 0, keys[0], "held").unwrap();
    drop(ledger);
    let mut ledger = reopened(&folder);
    let batch = ledger.begin_batch("spam.mbox", noon()).unwrap();
    assert_eq!(batch.done, 1);
    let item = |place, key| ledger.batch_item(batch, place, key).unwrap();
    assert_eq!(item(0, keys[0]).as_deref(), Some("held"));
    assert_eq!(item(0, keys[1]), None, "another message at that place");
    assert_eq!(item(1, keys[1]), None);
    ledger.end_batch(batch, noon()).unwrap();
    assert_eq!(ledger.begin_batch("spam.mbox", noon()).unwrap().done, 0);
}

#[test]
fn a_ledger_that_can_only_be_read_sends_nothing_and_says_so() {
    if rustix::process::geteuid().is_root() {
        // Root may write everywhere; the database itself can still be told not to.
        let (folder, mut ledger) = fresh();
        let one = agreed(kept_complaint(&mut ledger, 1, "abuse@example.net", "1"));
        ledger
            .approve(std::slice::from_ref(&one), ShownAs::New, &FREE, noon())
            .unwrap();
        let db = rusqlite::Connection::open(folder.path().join("data/ledger.db")).unwrap();
        db.execute_batch("BEGIN IMMEDIATE; UPDATE local SET pulse = pulse;")
            .unwrap();
        let error = ledger.connecting(&one, "smtp", noon()).unwrap_err();
        assert_eq!(error, JournalError::Locked, "another program holds it");
        return;
    }
    let (folder, ledger) = fresh();
    drop(ledger);
    let path = folder.path().join("data/ledger.db");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    let error = Ledger::open(&path, noon()).err().unwrap();
    assert!(
        matches!(error, LedgerError::ReadOnly | LedgerError::Open(_)),
        "{error:?}"
    );
}
