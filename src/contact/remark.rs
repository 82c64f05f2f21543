//! Mailboxes and links that free text offers for complaints.
//!
//! In: a remark, as a registry gives it. Out: [`Offer`]s.
//! Standards: none; remarks are prose.
//! Trust: hostile; a mailbox counts only where the words nearest to it speak of complaints, and its sentence does not send them elsewhere.
//! Limits: reads English, which is what registries' members write.

use std::cell::LazyCell;
use std::sync::LazyLock;

use regex::Regex;

use crate::rules::Rules;

/// Octets of one remark that are read.
const OCTETS_MAX: usize = 16 * 1024;
/// Lines above a mailbox that may say what it is for.
const LINES_ABOVE: usize = 3;
/// Lines above it among which those are looked for, blank ones too.
const LOOKED_BACK: usize = 12;
/// Offers of one remark that are kept.
const OFFERS_MAX: usize = 5;

/// Something that a remark offers for complaints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Offer {
    /// A mailbox, unchecked.
    Mail(String),
    /// A link.
    Link(String),
}

static MAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+").ok()
});
/// A mailbox spelled out: `abuse (at) example (dot) net`, `abuse at example dot net`.
static SPELLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b([a-z0-9][a-z0-9._+-]{0,63})\s*(?:[(\[{<]\s*at\s*[)\]}>]|\s+at\s+)\s*([a-z0-9-]+(?:\s*(?:[(\[{<]\s*dot\s*[)\]}>]|\s+dot\s+)\s*[a-z0-9-]+)+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)",
    )
    .ok()
});
static LINK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"https?://[^\s<>"')\]]{4,300}"#).ok());
/// The end of a sentence within a line.
static END: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[.!?;]\s").ok());
/// The end of a clause.
static CLAUSE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[.,!?;](?:\s|$)").ok());
static DOT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\s*(?:[(\[{<]\s*dot\s*[)\]}>]|\s+dot\s+)\s*").ok());

/// Returns whether a local part is one that complaints go to by its name.
pub(super) fn is_abuse_word(local: &str, rules: &Rules) -> bool {
    let words = local.replace(['.', '-', '_', '+'], " ");
    rules.remarks.says("context", &words)
}

/// Reads what a remark offers for complaints.
///
/// What a mailbox is for is said before it or behind it, on the lines above up
/// to the last mailbox, or on the line below that goes on with its sentence.
pub(super) fn read(text: &str, rules: &Rules) -> Vec<Offer> {
    let text = text
        .get(..text.floor_char_boundary(OCTETS_MAX))
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let mut offers = Vec::new();
    // A line below that was read as the end of the sentence above says nothing of what follows.
    let mut used = None;
    let mut last: Option<usize> = None;
    for (at, line) in lines.iter().enumerate() {
        let found = on_line(line);
        if found.is_empty() {
            continue;
        }
        let from = at
            .saturating_sub(LOOKED_BACK)
            .max(last.map_or(0, |l| l + 1));
        let above: Vec<&str> = lines
            .get(from..at)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .filter(|(n, _)| used != Some(from + n))
            .map(|(_, above)| *above)
            .filter(|above| !above.trim().is_empty())
            .rev()
            .take(LINES_ABOVE)
            .collect();
        let below = lines.get(at + 1).copied().filter(|below| goes_on(below));
        // One look for all mailboxes of the line.
        let is_below = LazyCell::new(|| below.is_some_and(|b| rules.remarks.says("context", b)));
        last = Some(at);
        let mut is_offered = false;
        let mut topic = None;
        let mut end = 0;
        for (n, offer) in found.iter().enumerate() {
            let before = line.get(end..offer.start).unwrap_or_default();
            let next = found.get(n + 1).map_or(line.len(), |next| next.start);
            let after = line.get(offer.end..next).unwrap_or_default();
            let is_joined = n > 0 && rules.remarks.says("join", before);
            end = offer.end;
            // `a@… or b@…` are one.
            if !is_joined {
                let own = Words::of(before, after, n + 1 == found.len());
                let above = if n == 0 { above.as_slice() } else { &[] };
                // A later one without a label of its own goes on with what the line is about.
                let said = Some(topic).filter(|_| !before.contains(':')).flatten();
                topic = own.topic(above, rules).or(said);
                is_offered = match topic {
                    Some(is_for) => is_for && !own.is_against(above, rules),
                    None => {
                        if *is_below {
                            used = Some(at + 1);
                        }
                        *is_below && !own.is_against(above, rules)
                    }
                };
            }
            if is_offered && !offers.contains(&offer.what) {
                offers.push(offer.what.clone());
            }
            if offers.len() == OFFERS_MAX {
                return offers;
            }
        }
    }
    offers
}

/// The words on a mailbox's own line.
struct Words<'t> {
    /// Before it, from the mailbox before it on.
    before: &'t str,
    /// Behind it, up to the next one.
    after: &'t str,
    /// Whether it is the last of its line.
    is_last: bool,
}

impl<'t> Words<'t> {
    const fn of(before: &'t str, after: &'t str, is_last: bool) -> Self {
        Self {
            before,
            after,
            is_last,
        }
    }

    /// Returns whether the mailbox is for complaints, by the nearest words that say anything; `above` has the nearest line first.
    fn topic(&self, above: &[&str], rules: &Rules) -> Option<bool> {
        let says = |kind: &str, text: &str| rules.remarks.says(kind, text);
        std::iter::once(self.before)
            .chain([self.after])
            .chain(
                above
                    .iter()
                    .copied()
                    // What was sent away, full stop, says nothing of the next line.
                    .filter(|line| !(ends(line) && says("against", line))),
            )
            .find_map(|text| {
                if says("context", text) {
                    Some(true)
                } else {
                    says("other", text).then_some(false)
                }
            })
    }

    /// Returns whether the mailbox's own sentence sends complaints elsewhere.
    fn is_against(&self, above: &[&str], rules: &Rules) -> bool {
        let says = |text: &str| rules.remarks.says("against", text);
        let (starts, own) = match END
            .as_ref()
            .and_then(|end| end.find_iter(self.before).last())
        {
            Some(end) => (true, self.before.get(end.end()..).unwrap_or_default()),
            None => (false, self.before),
        };
        let begun = above.first().filter(|line| !starts && !ends(line));
        let stop = CLAUSE.as_ref().and_then(|clause| clause.find(self.after));
        // What stands before the next mailbox without a stop is about that one.
        let behind = match stop {
            Some(stop) => self.after.get(..stop.start()),
            None => Some(self.after).filter(|_| self.is_last),
        };
        says(own) || begun.is_some_and(|line| says(line)) || behind.is_some_and(says)
    }
}

/// Returns whether a line ends a sentence.
fn ends(line: &str) -> bool {
    line.trim_end_matches(['*', '|', '#', ' ', '\t'])
        .ends_with(['.', '!', '?'])
}

/// Returns whether a line goes on with the sentence above it and names nobody.
fn goes_on(line: &str) -> bool {
    line.trim_start_matches(['*', '|', '#', ' ', '\t'])
        .starts_with(|c: char| c.is_ascii_lowercase())
        && on_line(line).is_empty()
}

/// An offer and where it stands on its line.
struct Found {
    what: Offer,
    start: usize,
    end: usize,
}

/// Returns the mailboxes and links of a line, in the order in which they stand there.
fn on_line(line: &str) -> Vec<Found> {
    let each = |regex: &'static LazyLock<Option<Regex>>| {
        regex
            .as_ref()
            .into_iter()
            .flat_map(move |regex| regex.captures_iter(line))
    };
    let plain = |what: Offer, m: &regex::Match<'_>| Found {
        what,
        start: m.start(),
        end: m.end(),
    };
    let mut found: Vec<Found> = each(&LINK)
        .filter_map(|c| c.get(0))
        .map(|m| {
            let link = m.as_str().trim_end_matches(['.', ',', ';']);
            plain(Offer::Link(link.to_owned()), &m)
        })
        .collect();
    found.extend(each(&MAIL).filter_map(|c| c.get(0)).map(|m| {
        let mail = m.as_str().trim_end_matches(['.', '-']);
        plain(Offer::Mail(mail.to_owned()), &m)
    }));
    if !found.iter().any(|f| matches!(f.what, Offer::Mail(_))) {
        for spelled in each(&SPELLED) {
            let (Some(whole), Some(local), Some(domain)) =
                (spelled.get(0), spelled.get(1), spelled.get(2))
            else {
                continue;
            };
            // "report abuse at example.net" is a sentence, not a mailbox: one of the words must be in brackets, or the dot spelled.
            let marked =
                whole.as_str().contains(['(', '[', '{', '<']) || !domain.as_str().contains('.');
            if let (true, Some(dot)) = (marked, DOT.as_ref()) {
                let domain = dot.replace_all(domain.as_str(), ".");
                let mail = Offer::Mail(format!("{}@{domain}", local.as_str()));
                found.push(plain(mail, &whole));
            }
        }
    }
    // A mailbox within a link is the link's.
    found.sort_by_key(|f| (f.start, std::cmp::Reverse(f.end)));
    let mut end = 0;
    found.retain(|f| {
        let is_apart = f.start >= end;
        end = end.max(f.end);
        is_apart
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(text: &str) -> Vec<String> {
        read(text, &Rules::builtin())
            .into_iter()
            .map(|offer| match offer {
                Offer::Mail(text) | Offer::Link(text) => text,
            })
            .collect()
    }

    #[test]
    fn a_remark_about_complaints_offers_its_mailbox() {
        for text in [
            "For Internet Abuse & Spam reports : desk@isp.example",
            "send spam reports to desk@isp.example\nsend abuse reports to desk@isp.example",
            "In case of hack attacks, spam, scans etc. please\nsend abuse mail notifications to the abuse-mailbox\n\ndesk@isp.example\n\nE-Mails to the persons below will be IGNORED!",
            "All Example abuse reporting can be done via\ndesk@isp.example.",
            "Report spam to desk (at) isp (dot) example",
            "Report spam to desk at isp dot example",
            "desk@isp.example - spam, UBE, AUP violations",
            "Do NOT send spam complaints to tech@isp.example, send them to desk@isp.example",
            "Do not send abuse reports to the technical contact (tech@isp.example).\nThey will be ignored. Abuse reports: desk@isp.example",
            "Routing: core@isp.example\nPlease use desk@isp.example e-mail address\nfor spam and abuse complaints.\nOffice: core@isp.example",
            "spam: desk@isp.example, routing: core@isp.example",
            "Send spam to desk@isp.example and not to tech@isp.example",
        ] {
            assert_eq!(offered(text), ["desk@isp.example"], "{text}");
        }
        assert_eq!(
            offered("To report abuse and illegal activity: https://www.isp.example/contact/"),
            ["https://www.isp.example/contact/"]
        );
    }

    #[test]
    fn a_mailbox_is_not_its_own_context() {
        for text in [
            "helpdesk@isp.example was validated on 2023-02-21",
            "abuse@isp.example was validated on 2023-02-21",
            "For routing questions: noc@isp.example",
            "Do not send spam complaints to tech@isp.example",
            "report abuse at isp.example",
            "Spam with our name is forged, please do not complain to tech@isp.example",
            "Do not send spam to tech@isp.example or core@isp.example",
            "Spam reports to the address below are ignored.\ntech@isp.example",
            "Spam reports are not read here:\ntech@isp.example",
            "Spam reports to tech@isp.example are ignored.",
            "spam: a@isp.example boss: b@isp.example",
            "spam reports to a@isp.example\nOther questions to\nb@isp.example",
            "spam: a@isp.example\nrouting\nquestions: b@isp.example\n",
        ] {
            assert!(
                !offered(text).iter().any(|m| m != "a@isp.example"),
                "{text}"
            );
        }
    }

    #[test]
    fn many_mailboxes_are_cut_off() {
        let text = "spam reports to ".to_owned() + &"a0@isp.example ".repeat(10_000);
        assert_eq!(offered(&text).len(), 1);
        let text: String = (0..100)
            .map(|n| format!("spam: a{n}@isp.example\n"))
            .collect();
        assert_eq!(offered(&text).len(), OFFERS_MAX);
    }
}
