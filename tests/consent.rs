//! Consent: what is asked, when, and what counts as yes.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use plaint::complaint::{Complaint, Secret};
use plaint::consent::{
    Answer, Choice, Code, Codes, NoRandomness, NotRecallable, Purpose, Reason, Recorded, State,
    Terminal, TerminalError, Terms, Unasked, UnaskedWhy, ask, recall,
};

use crate::letters::{agreed, complaint, noon};

/// What happens at the terminal, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Shown(String),
    Flushed,
    Chosen,
    Read,
}

/// A user whose answers are written down beforehand.
#[derive(Default)]
struct Played {
    lines: VecDeque<&'static str>,
    ticks: Option<Vec<bool>>,
    events: Vec<Event>,
    interrupt_at_line: bool,
    none: bool,
}

impl Terminal for Played {
    fn show(&mut self, text: &str) -> Result<(), TerminalError> {
        if self.none {
            return Err(TerminalError::NoTerminal);
        }
        self.events.push(Event::Shown(text.to_owned()));
        Ok(())
    }

    fn flush_input(&mut self) -> Result<(), TerminalError> {
        self.events.push(Event::Flushed);
        Ok(())
    }

    fn choose(&mut self, _: &str, choices: &[Choice]) -> Result<Vec<bool>, TerminalError> {
        self.events.push(Event::Chosen);
        let before = choices.iter().map(|choice| choice.ticked).collect();
        Ok(self.ticks.clone().unwrap_or(before))
    }

    fn read_line(&mut self) -> Result<String, TerminalError> {
        self.events.push(Event::Read);
        if self.interrupt_at_line {
            return Err(TerminalError::Interrupted);
        }
        Ok(self.lines.pop_front().unwrap_or_default().to_owned())
    }
}

impl Played {
    fn screen(&self) -> String {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Shown(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}

/// Codes 1111, 2222, …
#[derive(Default)]
struct Counting(u32);

impl Codes for Counting {
    fn draw(&mut self) -> Result<Code, NoRandomness> {
        self.0 += 1;
        Ok(Code::new(self.0.to_string().repeat(4)))
    }
}

fn made(desks: &[&str]) -> Vec<Complaint> {
    let secret = Secret::new([7; 32]);
    let case = secret.case(b"spam");
    desks
        .iter()
        .map(|desk| complaint(&secret, case, desk, "Spam came from 192.0.2.7."))
        .collect()
}

fn asked(complaints: Vec<Complaint>, user: &mut Played) -> Result<Answer, Unasked> {
    let preview =
        |complaint: &Complaint| format!("To: {}\n{}\n", complaint.desk.key(), complaint.text);
    ask(
        complaints,
        &preview,
        user,
        noon(),
        &mut Counting::default(),
        &Terms::default(),
    )
}

#[test]
fn the_screen_shows_each_complaint_then_the_last_word_then_the_code_on_one_line() {
    let mut user = Played {
        lines: ["1111"].into(),
        ..Played::default()
    };
    let answer = asked(made(&["abuse@example.net", "abuse@example.com"]), &mut user).unwrap();
    assert_eq!(answer.approved.len(), 2);
    insta::assert_snapshot!(user.screen(), @r"
    To: abuse@example.net
    Spam came from 192.0.2.7.
    To: abuse@example.com
    Spam came from 192.0.2.7.

    Ticked:
      abuse@example.net
      abuse@example.com

    Type `show` to read the whole mail as it will be sent; an empty line sends nothing.
    Once sent, the desk may pass this on; it cannot be recalled.
    type 1111 to send 2 complaints: 
    ");
}

#[test]
fn who_is_asked_about_a_draft_or_a_record_is_not_asked_to_send() {
    for (purpose, deed) in [
        (Purpose::Draft, "write 1 draft"),
        (Purpose::Record, "record 1 complaint"),
    ] {
        let mut user = Played {
            lines: ["1111"].into(),
            ..Played::default()
        };
        let terms = Terms {
            purpose,
            ..Terms::default()
        };
        let answer = ask(
            made(&["abuse@example.net"]),
            &|_| String::new(),
            &mut user,
            noon(),
            &mut Counting::default(),
            &terms,
        );
        assert_eq!(answer.unwrap().approved.len(), 1);
        let screen = user.screen();
        assert!(
            screen.ends_with(&format!("type 1111 to {deed}: ")),
            "{screen}"
        );
        for word in ["to send", "Once sent", "sends nothing"] {
            assert!(!screen.contains(word), "{screen}");
        }
    }
}

#[test]
fn the_input_is_flushed_before_the_list_and_between_each_code_and_its_line() {
    let mut user = Played {
        lines: ["y", "2222"].into(),
        ..Played::default()
    };
    let answer = asked(made(&["abuse@example.net", "abuse@example.com"]), &mut user).unwrap();
    assert_eq!(answer.approved.len(), 2, "the second code was typed");
    let order: Vec<Event> = user
        .events
        .iter()
        .filter(|event| !matches!(event, Event::Shown(_)))
        .cloned()
        .collect();
    use Event::{Chosen, Flushed, Read};
    assert_eq!(order, [Flushed, Chosen, Flushed, Read, Flushed, Read]);
}

#[test]
fn an_approval_holds_the_very_octets_and_the_preview_that_was_shown() {
    let before = made(&["abuse@example.net"]);
    let mut user = Played {
        lines: [" 1111 "].into(),
        ..Played::default()
    };
    let answer = asked(before.clone(), &mut user).unwrap();
    let approved = &answer.approved[0];
    assert_eq!(approved.complaint(), &before[0]);
    assert!(user.screen().contains(approved.shown()));
    assert_eq!(approved.at(), noon());
    assert!(
        !user.events.contains(&Event::Chosen),
        "one complaint that is ticked needs no list"
    );
}

#[test]
fn an_old_code_is_no_answer_to_a_new_question() {
    let mut user = Played {
        lines: ["y", "1111", "1111"].into(),
        ..Played::default()
    };
    let answer = asked(made(&["abuse@example.net"]), &mut user).unwrap();
    assert!(answer.approved.is_empty());
    assert_eq!(answer.declined[0].reason, Reason::NoCode);
    assert_eq!(user.events.iter().filter(|e| **e == Event::Read).count(), 3);
}

#[test]
fn an_empty_line_means_no_at_once() {
    let mut user = Played {
        lines: ["", "1111"].into(),
        ..Played::default()
    };
    let answer = asked(made(&["abuse@example.net"]), &mut user).unwrap();
    assert!(answer.approved.is_empty());
    assert_eq!(user.lines.len(), 1, "nothing more was read");
}

#[test]
fn what_is_not_ticked_is_declined_and_without_ticks_no_code_is_asked_for() {
    let mut user = Played {
        ticks: Some(vec![false, true]),
        lines: ["1111"].into(),
        ..Played::default()
    };
    let answer = asked(made(&["abuse@example.net", "abuse@example.com"]), &mut user).unwrap();
    assert_eq!(
        answer.approved[0].complaint().desk.key(),
        "abuse@example.com"
    );
    assert_eq!(answer.declined[0].reason, Reason::NotTicked);
    assert!(user.screen().contains("to send 1 complaint: "));
    // The checklist is gone by then: what the code is for is said.
    let ticked = "\nTicked:\n  abuse@example.com\n\n";
    assert!(user.screen().contains(ticked), "{}", user.screen());

    let mut user = Played {
        ticks: Some(vec![false, false]),
        lines: ["1111"].into(),
        ..Played::default()
    };
    let answer = asked(made(&["abuse@example.net", "abuse@example.com"]), &mut user).unwrap();
    assert!(answer.approved.is_empty());
    assert!(!user.events.contains(&Event::Read));
}

#[test]
fn what_was_ticked_stands_above_the_code_one_line_a_desk() {
    let mut user = Played {
        lines: ["1111"].into(),
        ..Played::default()
    };
    let desks = [
        "abuse@example.net",
        "abuse@example.com",
        "abuse@example.net",
    ];
    let answer = asked(made(&desks), &mut user).unwrap();
    assert_eq!(answer.approved.len(), 3);
    let ticked = "\nTicked:\n  abuse@example.net (2 complaints)\n  abuse@example.com\n\n";
    let screen = user.screen();
    assert!(screen.contains(ticked), "{screen}");
    assert!(screen.find(ticked) < screen.find("type 1111 to send 3 complaints"));

    let mut user = Played {
        lines: ["1111"].into(),
        ..Played::default()
    };
    let answer = asked(made(&["abuse@example.net"]), &mut user).unwrap();
    assert_eq!(answer.approved.len(), 1);
    assert!(!user.screen().contains("Ticked:"), "it stands right above");
}

#[test]
fn a_list_that_answers_for_too_few_rows_ticks_nothing_more() {
    let mut user = Played {
        ticks: Some(vec![true]),
        lines: ["1111"].into(),
        ..Played::default()
    };
    let answer = asked(made(&["abuse@example.net", "abuse@example.com"]), &mut user).unwrap();
    assert_eq!(answer.approved.len(), 1);
    assert_eq!(answer.declined[0].complaint.desk.key(), "abuse@example.com");
}

#[test]
fn a_complaint_with_a_leak_cannot_be_approved_whatever_is_ticked() {
    let mut complaints = made(&["abuse@example.net", "abuse@example.com"]);
    complaints[0]
        .leaks
        .push("base64 of your address, line 40".to_owned());
    let mut user = Played {
        ticks: Some(vec![true, true]),
        lines: ["1111"].into(),
        ..Played::default()
    };
    let answer = asked(complaints, &mut user).unwrap();
    assert_eq!(answer.approved.len(), 1);
    assert_eq!(
        answer.approved[0].complaint().desk.key(),
        "abuse@example.com"
    );
    assert!(matches!(answer.declined[0].reason, Reason::Barred(_)));
    assert!(user.screen().contains("you can still be found in it"));
}

#[test]
fn a_complaint_that_could_smuggle_another_is_barred() {
    let mut complaints = made(&["abuse@example.net"]);
    complaints[0]
        .octets
        .extend_from_slice(b"\n.\nMAIL FROM:<x@example.org>\n");
    let mut user = Played {
        lines: ["1111"].into(),
        ..Played::default()
    };
    let answer = asked(complaints, &mut user).unwrap();
    assert!(matches!(answer.declined[0].reason, Reason::Barred(_)));
    assert!(!user.events.contains(&Event::Read));
}

#[test]
fn without_a_terminal_and_after_ctrl_c_all_complaints_come_back() {
    let complaints = made(&["abuse@example.net", "abuse@example.com"]);
    let mut user = Played {
        none: true,
        ..Played::default()
    };
    let unasked = asked(complaints.clone(), &mut user).unwrap_err();
    assert_eq!(unasked.complaints, complaints);
    assert_eq!(unasked.why, UnaskedWhy::Terminal(TerminalError::NoTerminal));
    let mut user = Played {
        interrupt_at_line: true,
        ..Played::default()
    };
    let unasked = asked(complaints.clone(), &mut user).unwrap_err();
    assert_eq!(unasked.complaints, complaints);
    assert_eq!(
        unasked.why,
        UnaskedWhy::Terminal(TerminalError::Interrupted)
    );
}

fn recorded(secret: &Secret, state: State) -> Recorded {
    let complaint = complaint(secret, secret.case(b"spam"), "abuse@example.net", "text");
    let approved = agreed(complaint);
    Recorded {
        complaint: approved.complaint().clone(),
        state,
        shown: approved.shown().to_owned(),
        approved_at: Some(approved.at()),
        seal: Some(approved.seal(secret)),
    }
}

fn why(recorded: Recorded, secret: &Secret, now: Timestamp) -> Option<NotRecallable> {
    recall(recorded, secret, now).err().map(|not| not.why)
}

#[test]
fn an_earlier_answer_stands_for_48_hours_and_the_same_octets() {
    let secret = Secret::new([7; 32]);
    let later = |hours| noon() + SignedDuration::from_hours(hours);
    for state in [State::Approved, State::Deferred] {
        assert_eq!(why(recorded(&secret, state), &secret, later(48)), None);
    }
    assert_eq!(
        why(recorded(&secret, State::Deferred), &secret, later(49)),
        Some(NotRecallable::TooOld)
    );
    assert_eq!(
        why(recorded(&secret, State::Deferred), &secret, later(-1)),
        Some(NotRecallable::InTheFuture),
        "a clock that was set back"
    );
}

#[test]
fn no_other_state_is_ever_recalled() {
    let secret = Secret::new([7; 32]);
    for (state, word) in State::ALL {
        if matches!(state, State::Approved | State::Deferred) {
            continue;
        }
        assert_eq!(
            why(recorded(&secret, state), &secret, noon()),
            Some(NotRecallable::State(state)),
            "{word}"
        );
    }
}

#[test]
fn a_seal_holds_only_over_what_was_agreed_to() {
    let secret = Secret::new([7; 32]);
    let changes: [fn(&mut Recorded); 6] = [
        |r| r.complaint.octets.push(b'x'),
        |r| r.complaint.desk.mailbox = Some(crate::letters::mailbox("abuse@example.com")),
        |r| r.complaint.from = crate::letters::mailbox("john@example.org"),
        |r| r.complaint.round = 1,
        |r| r.approved_at = Some(noon() + SignedDuration::from_hours(1)),
        |r| r.seal = Some([0; 32]),
    ];
    for (place, change) in changes.iter().enumerate() {
        let mut changed = recorded(&secret, State::Deferred);
        change(&mut changed);
        let now = noon() + SignedDuration::from_hours(2);
        assert_eq!(
            why(changed, &secret, now),
            Some(NotRecallable::Seal),
            "change {place}"
        );
    }
    let other = Secret::new([8; 32]);
    assert_eq!(
        why(recorded(&secret, State::Deferred), &other, noon()),
        Some(NotRecallable::Seal),
        "another machine's secret"
    );
    let mut never = recorded(&secret, State::Approved);
    never.seal = None;
    assert_eq!(why(never, &secret, noon()), Some(NotRecallable::NeverAsked));
}

#[test]
fn show_pages_the_whole_mail_and_is_no_try() {
    let mut user = Played {
        lines: ["show", "show", "show", "show", "5555"].into(),
        ..Played::default()
    };
    let answer = asked(made(&["abuse@example.net"]), &mut user).unwrap();
    assert_eq!(answer.approved.len(), 1);
    assert!(!user.screen().contains("That is not the code"));
    assert_eq!(user.screen().matches("Message-ID:").count(), 4);
}
