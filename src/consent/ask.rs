//! Shows complaints, lets the user choose, and asks for the code.
//!
//! In: [`Complaint`]s, a preview of each, a [`Terminal`], [`Codes`]. Out: [`Answer`].
//! Trust: nothing typed before the code was drawn can be the answer.
//! Failures: [`Unasked`]; nothing was agreed to, and nothing is lost.

use jiff::Timestamp;

use super::{
    Approved, Bar, Change, Choice, Codes, NoRandomness, Terminal, TerminalError, Terms, bars,
};
use crate::complaint::{Complaint, preview};
use crate::intake::Untrusted;

/// Codes that are asked for before a wrong answer counts as no: a slip of the
/// finger is forgiven, a paste that keeps running in is not.
const TRIES: usize = 3;

/// What shows the whole mail instead of answering.
const SHOW: &str = "show";

/// What stands above the last word where the complaints can still be composed anew.
const HOW_TO_CHANGE: &str =
    "Type `note` to add words of your own, `kind` to call the mail something else.";

/// What the user answered.
#[derive(Debug)]
#[must_use = "approved complaints have not been sent yet"]
pub struct Answer {
    /// What he agreed to, in the order that it was shown.
    pub approved: Vec<Approved>,
    /// What he did not agree to, or could not.
    pub declined: Vec<Declined>,
}

/// A complaint that will not be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Declined {
    /// The complaint, unchanged.
    pub complaint: Complaint,
    /// Why.
    pub reason: Reason,
}

/// Why a complaint was not agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It was not ticked.
    NotTicked,
    /// The code was not typed.
    NoCode,
    /// It cannot be sent as it is.
    Barred(Vec<Bar>),
}

/// Nothing was agreed to: the question could not be asked, or was broken off.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct Unasked {
    /// All complaints, given back in their order.
    pub complaints: Vec<Complaint>,
    /// Why.
    pub why: UnaskedWhy,
}

/// Why a question was not asked, or not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnaskedWhy {
    /// The terminal.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// No code could be drawn.
    #[error(transparent)]
    Code(#[from] NoRandomness),
    /// The user wants something changed first; then he is asked anew, with a new code.
    #[error("something is to be changed first")]
    Change(Change),
}

/// Shows complaints, lets the user choose among them, and asks for a code.
///
/// Shown is, for each complaint that can be sent at all, what `preview` makes
/// of it; then the checklist, unless there is only one and it is ticked; then,
/// after the terminal's input was flushed, one line such as `type 7F3K to send
/// 2 complaints`. An empty line means no; so does a third wrong code.
///
/// Where the terms name changes, the user may ask for one of them instead: a code
/// stands for the octets that were shown, so what is changed is composed anew by
/// the caller, shown again, and gets a code of its own.
///
/// # Errors
///
/// [`Unasked`] where there is no terminal, the user interrupted, or he wants
/// something changed first: it holds all complaints, and nothing was agreed to.
pub fn ask(
    complaints: Vec<Complaint>,
    preview: &dyn Fn(&Complaint) -> String,
    terminal: &mut dyn Terminal,
    now: Timestamp,
    codes: &mut dyn Codes,
    terms: &Terms<'_>,
) -> Result<Answer, Unasked> {
    let sheets: Vec<Sheet> = complaints
        .iter()
        .map(|complaint| Sheet::of(complaint, preview))
        .collect();
    let verdicts = match converse(&complaints, &sheets, terminal, codes, terms) {
        Ok(verdicts) => verdicts,
        Err(why) => return Err(Unasked { complaints, why }),
    };
    let mut answer = Answer {
        approved: Vec::new(),
        declined: Vec::new(),
    };
    // Whole seconds, as the ledger keeps them: the seal is made over this time.
    let at = Timestamp::from_second(now.as_second()).unwrap_or(now);
    for ((complaint, sheet), verdict) in complaints.into_iter().zip(sheets).zip(verdicts) {
        match (verdict, sheet) {
            (None, Sheet::Shown(shown)) => answer.approved.push(Approved {
                complaint,
                shown,
                at,
            }),
            (Some(reason), _) => answer.declined.push(Declined { complaint, reason }),
            (None, Sheet::Barred(bars)) => answer.declined.push(Declined {
                complaint,
                reason: Reason::Barred(bars),
            }),
        }
    }
    Ok(answer)
}

/// What is laid before the user for one complaint.
enum Sheet {
    /// A preview that he can agree to.
    Shown(String),
    /// Why he cannot.
    Barred(Vec<Bar>),
}

impl Sheet {
    fn of(complaint: &Complaint, preview: &dyn Fn(&Complaint) -> String) -> Self {
        let bars = bars(complaint);
        if bars.is_empty() {
            Self::Shown(preview(complaint))
        } else {
            Self::Barred(bars)
        }
    }
}

/// Shows, lets choose and asks; returns for each complaint why not, or `None` for yes.
fn converse(
    complaints: &[Complaint],
    sheets: &[Sheet],
    terminal: &mut dyn Terminal,
    codes: &mut dyn Codes,
    terms: &Terms<'_>,
) -> Result<Vec<Option<Reason>>, UnaskedWhy> {
    let mut choices = Vec::new();
    for (complaint, sheet) in complaints.iter().zip(sheets) {
        match sheet {
            Sheet::Shown(text) => {
                terminal.show(&ended(text))?;
                choices.push(choice(complaint));
            }
            Sheet::Barred(bars) => terminal.show(&barred_text(complaint, bars))?,
        }
    }
    let ticks = tick(&choices, terminal, terms)?;
    let askable = complaints
        .iter()
        .zip(sheets)
        .filter_map(|(complaint, sheet)| matches!(sheet, Sheet::Shown(_)).then_some(complaint));
    let agreed_to: Vec<&Complaint> = askable
        .zip(&ticks)
        .filter_map(|(complaint, ticked)| ticked.then_some(complaint))
        .collect();
    if needs_list(&choices) && !agreed_to.is_empty() {
        terminal.show(&ticked_text(&agreed_to))?;
    }
    let agreed = !agreed_to.is_empty() && code(&agreed_to, terminal, codes, terms)?;
    let mut ticks = ticks.into_iter();
    Ok(sheets
        .iter()
        .map(|sheet| match sheet {
            Sheet::Barred(bars) => Some(Reason::Barred(bars.clone())),
            Sheet::Shown(_) if !ticks.next().unwrap_or(false) => Some(Reason::NotTicked),
            Sheet::Shown(_) if !agreed => Some(Reason::NoCode),
            Sheet::Shown(_) => None,
        })
        .collect())
}

/// Returns whether there is something to tick: a single complaint that is ticked beforehand needs no list.
fn needs_list(choices: &[Choice]) -> bool {
    choices.len() > 1 || choices.iter().any(|choice| !choice.ticked)
}

/// Lets the user tick, where there is something to tick.
fn tick(
    choices: &[Choice],
    terminal: &mut dyn Terminal,
    terms: &Terms<'_>,
) -> Result<Vec<bool>, UnaskedWhy> {
    if !needs_list(choices) {
        return Ok(choices.iter().map(|choice| choice.ticked).collect());
    }
    terminal.flush_input()?;
    let mut ticks = terminal.choose(
        format!("{} {}", terms.purpose.question(), terms.unticked).trim_end(),
        choices,
    )?;
    ticks.resize(choices.len(), false);
    Ok(ticks)
}

/// Asks for a code, a new one each time, until it is typed, declined or missed too often.
fn code(
    agreed_to: &[&Complaint],
    terminal: &mut dyn Terminal,
    codes: &mut dyn Codes,
    terms: &Terms<'_>,
) -> Result<bool, UnaskedWhy> {
    let deed = terms.purpose.deed(agreed_to.len());
    terminal.show(&format!("\n{}\n", terms.purpose.how_to_answer()))?;
    if !terms.changes.is_empty() {
        terminal.show(&format!("{HOW_TO_CHANGE}\n"))?;
    }
    terminal.show(&format!("{}\n", terms.purpose.last_word()))?;
    let mut tries = 0;
    while tries < TRIES {
        let code = codes.draw()?;
        terminal.flush_input()?;
        terminal.show(&format!("type {code} to {deed}: "))?;
        let typed = terminal.read_line()?;
        if code.is(&typed) {
            return Ok(true);
        }
        if typed.trim().is_empty() {
            return Ok(false);
        }
        if typed.trim().eq_ignore_ascii_case(SHOW) {
            for complaint in agreed_to {
                terminal.page(&preview::whole(complaint))?;
            }
            continue;
        }
        if let Some(change) = terms.changes.iter().find(|change| change.is(&typed)) {
            return Err(UnaskedWhy::Change(*change));
        }
        tries += 1;
        terminal.show("That is not the code.\n")?;
    }
    Ok(false)
}

/// Returns the row of a complaint in the checklist.
fn choice(complaint: &Complaint) -> Choice {
    let desk = &complaint.desk;
    let key = desk.key();
    let mut label = format!("{}: {}", Untrusted::text(&key), Untrusted::text(&desk.why));
    if let Some(because) = &desk.unticked_because {
        label.push_str(&format!(" ({})", Untrusted::text(because)));
    }
    Choice {
        label,
        ticked: desk.ticked,
    }
}

/// Returns which desks were ticked: the checklist is gone by then, and its rows may have been cut.
fn ticked_text(agreed_to: &[&Complaint]) -> String {
    let mut desks: Vec<(String, usize)> = Vec::new();
    for complaint in agreed_to {
        let key = complaint.desk.key();
        match desks.iter_mut().find(|(desk, _)| *desk == key) {
            Some((_, count)) => *count += 1,
            None => desks.push((key, 1)),
        }
    }
    let mut text = "\nTicked:\n".to_owned();
    for (desk, count) in desks {
        text.push_str(&format!("  {}", Untrusted::text(&desk)));
        if count > 1 {
            text.push_str(&format!(" ({count} complaints)"));
        }
        text.push('\n');
    }
    text
}

/// Returns what is said of a complaint that cannot be sent.
fn barred_text(complaint: &Complaint, bars: &[Bar]) -> String {
    let desk = complaint.desk.key();
    let mut text = format!(
        "The complaint to {} cannot be sent:\n",
        Untrusted::text(&desk)
    );
    for bar in bars {
        text.push_str(&format!("  {}\n", Untrusted::text(&bar.to_string())));
    }
    text
}

/// Returns a text that ends its last line.
fn ended(text: &str) -> String {
    if text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    }
}
