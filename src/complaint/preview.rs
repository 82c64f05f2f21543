//! What a person reads before he agrees: everything that matters, in ten seconds.
//!
//! In: a [`Complaint`]. Out: escaped text, from the finished octets' own values.
//! Standards: RFC 5322 §3.6 (the fields shown are those that will be sent).
//! Trust: every line is escaped once more here; nothing of the spam reaches the terminal as it is.
//! Limits: the quoted header section and the evidence are shown by [`whole`], in a pager.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use super::quote::RULE;
use super::{CaseKey, Complaint, Format, Munge};
use crate::intake::{Headers, Untrusted};

/// What stands above and below a text that is to be copied.
const FORM_RULE: &str = "----------------------------------------";

/// Lines of the text that the short preview shows.
const TEXT_LINES: usize = 60;

/// What the notice of a part that does not go along begins with.
const LEFT_OUT: &str = "[plaint: ";

/// Characters of one line.
const LINE_CHARS: usize = 160;

/// Returns what a person reads before he agrees: the text, and below it, where the eye rests when the
/// question comes, from, to and why, subject, what goes along, what was hidden, what stays visible, and warnings.
///
/// The text is longer than many screens: what decides must not be scrolled away.
#[must_use]
pub fn text(complaint: &Complaint) -> String {
    beside(complaint, None)
}

/// The previews that stand before others on the same screen, one a case.
///
/// What several complaints of a case have in common is read once.
#[derive(Debug, Default)]
pub struct Shown(BTreeMap<CaseKey, (String, String)>);

/// Lines of a list from which on those that were shown are left out.
const LIST_LINES: usize = 4;

/// Stands for lines that were shown.
const AS_ABOVE: &str = "…";

impl Shown {
    /// Remembers the first complaint of each case that can be shown.
    #[must_use]
    pub fn of(complaints: &[Complaint]) -> Self {
        let mut shown = BTreeMap::new();
        for complaint in complaints {
            let first = || (complaint.desk.key(), complaint.text.clone());
            shown.entry(complaint.case).or_insert_with(first);
        }
        Self(shown)
    }

    /// Returns the preview of one of them: what stands in its case's first one is left out: whole paragraphs, and lines of lists.
    #[must_use]
    pub fn text(&self, complaint: &Complaint) -> String {
        let first = self.0.get(&complaint.case);
        beside(
            complaint,
            first.filter(|(desk, _)| *desk != complaint.desk.key()),
        )
    }
}

/// Returns a preview; what the text of `first` says as well is left out, and said to be.
fn beside(complaint: &Complaint, first: Option<&(String, String)>) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "\nThis is what {} will read:\n",
        Untrusted::text(&complaint.desk.key()).up_to(LINE_CHARS)
    );
    let said = above_header(&complaint.text);
    let known: HashSet<&str> = first
        .map_or("", |(_, text)| above_header(text))
        .lines()
        .collect();
    let is_new = |paragraph: &&str| !paragraph.lines().all(|line| known.contains(line));
    let own: Vec<String> = said
        .split("\n\n")
        .filter(is_new)
        .map(|paragraph| shortened(paragraph, &known))
        .collect();
    let own = own.join("\n\n");
    let lines: Vec<&str> = own.lines().collect();
    for line in lines.iter().take(TEXT_LINES) {
        indented(line, &mut out);
    }
    if lines.len() > TEXT_LINES {
        let _ = writeln!(out, "  … {} lines more", lines.len() - TEXT_LINES);
    }
    if let Some((desk, _)) = first {
        let desk = Untrusted::text(desk).up_to(LINE_CHARS);
        let _ = writeln!(out, "\n  … and the rest of what {desk} reads.");
    }
    out.push('\n');
    head(complaint, &mut out);
    along(complaint, &mut out);
    warnings(complaint, &mut out);
    out
}

/// Returns a paragraph; of a list whose lines are known but for a few, the first line and those.
fn shortened(paragraph: &str, known: &HashSet<&str>) -> String {
    let lines: Vec<&str> = paragraph.lines().collect();
    let is_known = |line: &str| known.contains(line);
    let known_lines = lines.iter().filter(|line| is_known(line)).count();
    if known_lines < LIST_LINES || known_lines * 2 < lines.len() {
        return paragraph.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        if place == 0 || !is_known(line) {
            kept.push(line);
        } else if kept.last() != Some(&AS_ABOVE) {
            kept.push(AS_ABOVE);
        }
    }
    kept.join("\n")
}

/// Returns what a person copies into a desk's web form: what decides, then the whole text, as it stands.
#[must_use]
pub fn for_form(complaint: &Complaint) -> String {
    let mut out = String::new();
    head(complaint, &mut out);
    along(complaint, &mut out);
    warnings(complaint, &mut out);
    // Nothing of the text is shortened or indented here: it is copied.
    let _ = write!(
        out,
        "\nThe text to copy into it, between these lines:\n{FORM_RULE}\n{}{FORM_RULE}\n",
        whole(complaint)
    );
    out
}

/// Returns the whole mail as it will be sent, line by line, escaped: for a pager.
#[must_use]
pub fn whole(complaint: &Complaint) -> String {
    let octets = if complaint.octets.is_empty() {
        complaint.text.as_bytes()
    } else {
        &complaint.octets
    };
    let mut out = String::with_capacity(octets.len());
    for line in octets.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        for (place, piece) in line.split(|octet| *octet == b'\t').enumerate() {
            if place > 0 {
                out.push_str("        ");
            }
            let _ = write!(out, "{}", Untrusted::new(piece).up_to(1_000));
        }
        out.push('\n');
    }
    out
}

fn head(complaint: &Complaint, out: &mut String) {
    let desk = &complaint.desk;
    let line = |out: &mut String, name: &str, value: &str| {
        let _ = writeln!(
            out,
            "{name:<15}{}",
            Untrusted::text(value).up_to(LINE_CHARS * 2)
        );
    };
    line(out, "From:", &from(complaint));
    match (&desk.mailbox, &desk.form) {
        (Some(mailbox), _) => line(out, "To:", mailbox.as_str()),
        (None, Some(form)) => line(out, "Form:", form),
        (None, None) => {}
    }
    line(out, "", &desk.why);
    line(out, "Subject:", &complaint.subject);
    if let Some(because) = &desk.unticked_because {
        line(out, "Not ticked:", because);
    }
}

fn warnings(complaint: &Complaint, out: &mut String) {
    // Why it is not ticked stands above already.
    let said = complaint
        .desk
        .unticked_because
        .as_deref()
        .unwrap_or_default();
    let is_new = |warning: &&String| !said.contains(warning.as_str());
    for warning in complaint.warnings.iter().filter(is_new) {
        let _ = writeln!(
            out,
            "Warning:       {}",
            Untrusted::text(warning).up_to(LINE_CHARS * 2)
        );
    }
    for leak in &complaint.leaks {
        let _ = writeln!(
            out,
            "Leak:          {}",
            Untrusted::text(leak).up_to(LINE_CHARS * 2)
        );
    }
    if !complaint.leaks.is_empty() {
        out.push_str(
            "               You can still be found in it, so it cannot be sent like this.\n",
        );
    }
}

/// Returns the text without the quoted header section, which the pager shows.
fn above_header(text: &str) -> &str {
    // The last rule is ours: what stands below it is indented.
    let rule = format!("\n{RULE}\n");
    let at = text.rfind(&rule).unwrap_or(text.len());
    text.get(..at).unwrap_or(text).trim_end()
}

fn indented(line: &str, out: &mut String) {
    let _ = writeln!(out, "  {}", Untrusted::text(line).up_to(LINE_CHARS));
}

/// Returns From as it goes out, with the name, which stands there even where it is hidden in all else.
fn from(complaint: &Complaint) -> String {
    let headers = Headers::parse(&complaint.octets);
    let field = headers.first("From");
    field.map_or_else(
        || complaint.from.to_string(),
        |field| crate::evidence::decode::words(&field.unfolded()),
    )
}

/// Says what goes along, what was hidden, and what stays visible whatever is hidden.
fn along(complaint: &Complaint, out: &mut String) {
    let octets = complaint.octets.len().div_ceil(1_024);
    let is_left_out = |line: &&String| line.contains(LEFT_OUT);
    let mail = match complaint.masked.iter().filter(is_left_out).count() {
        0 => "the mail itself".to_owned(),
        1 => "the mail itself without 1 part".to_owned(),
        n => format!("the mail itself without {n} parts"),
    };
    let goes = match (complaint.format, complaint.desk.mailbox.is_some()) {
        (_, false) => "nothing: this text is for the web form, to be filled in by hand".to_owned(),
        (Format::Arf, _) => {
            format!("{mail}, as message/rfc822, and a report for programs ({octets} KiB in all)")
        }
        (Format::Plain, _) => {
            format!("nothing: header and body stand in the text ({octets} KiB in all)")
        }
        (Format::Xarf, _) => {
            format!("{mail}, in an XARF 3 document ({octets} KiB in all)")
        }
    };
    let _ = writeln!(out, "Goes along:    {goes}");
    if complaint.incidents > 1 {
        let _ = writeln!(
            out,
            "Speaks of:     {} mails of this source",
            complaint.incidents
        );
    }
    let hidden = match complaint.munge {
        Munge::None => "nothing",
        Munge::Address => "your addresses and words",
        Munge::Tokens => "your addresses and words, and codes that could stand for you",
        Munge::HeadersOnly => {
            "your addresses and words, codes that could stand for you, and the whole body"
        }
    };
    let _ = writeln!(out, "Hidden:        {hidden}");
    let _ = writeln!(
        out,
        "Stays visible: your own From ({}), when the mail arrived, and ids that only its sender can read",
        Untrusted::text(&from(complaint)).up_to(LINE_CHARS)
    );
}
