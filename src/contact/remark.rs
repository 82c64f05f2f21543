//! Mailboxes and links that free text offers for complaints.
//!
//! In: a remark, as a registry gives it. Out: [`Offer`]s.
//! Standards: none; remarks are prose.
//! Trust: hostile; a mailbox counts only where the text around it speaks of complaints, and no line sends them elsewhere.
//! Limits: reads English, which is what registries' members write.

use std::sync::LazyLock;

use regex::Regex;

use crate::rules::Rules;

/// Octets of one remark that are read.
const OCTETS_MAX: usize = 16 * 1024;
/// Lines above a mailbox that may say what it is for.
const LINES_ABOVE: usize = 3;
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
static DOT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\s*(?:[(\[{<]\s*dot\s*[)\]}>]|\s+dot\s+)\s*").ok());

/// Returns whether a local part is one that complaints go to by its name.
pub(super) fn is_abuse_word(local: &str, rules: &Rules) -> bool {
    let words = local.replace(['.', '-', '_', '+'], " ");
    rules.remarks.says("context", &words)
}

/// Reads what a remark offers for complaints.
pub(super) fn read(text: &str, rules: &Rules) -> Vec<Offer> {
    let text = text
        .get(..text.floor_char_boundary(OCTETS_MAX))
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let mut offers = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let found = on_line(line);
        if found.is_empty() {
            continue;
        }
        // What a line is about is said on it, or on the lines above up to the last mailbox.
        let above = lines
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .filter(|line| !line.trim().is_empty())
            .take_while(|line| on_line(line).is_empty())
            .take(LINES_ABOVE);
        let context: Vec<String> = std::iter::once(line)
            .chain(above)
            .map(|l| bare(l))
            .collect();
        let near = context.iter().take(2);
        if !context
            .iter()
            .any(|line| rules.remarks.says("context", line))
            || near.clone().any(|line| rules.remarks.says("against", line))
        {
            continue;
        }
        for offer in found {
            if !offers.contains(&offer) && offers.len() < OFFERS_MAX {
                offers.push(offer);
            }
        }
    }
    offers
}

/// Returns the mailboxes and links of a line.
fn on_line(line: &str) -> Vec<Offer> {
    let each = |regex: &'static LazyLock<Option<Regex>>| {
        regex
            .as_ref()
            .into_iter()
            .flat_map(move |regex| regex.captures_iter(line))
    };
    let mut found: Vec<Offer> = each(&LINK)
        .filter_map(|c| c.get(0))
        .map(|m| Offer::Link(m.as_str().trim_end_matches(['.', ',', ';']).to_owned()))
        .collect();
    found.extend(
        each(&MAIL)
            .filter_map(|c| c.get(0))
            .map(|m| Offer::Mail(m.as_str().trim_end_matches(['.', '-']).to_owned())),
    );
    if !found.iter().any(|offer| matches!(offer, Offer::Mail(_))) {
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
                found.push(Offer::Mail(format!("{}@{domain}", local.as_str())));
            }
        }
    }
    found
}

/// Returns a line without its mailboxes and links: an `abuse@` must not be its own context.
fn bare(line: &str) -> String {
    let mut line = line.to_owned();
    for regex in [&LINK, &MAIL] {
        if let Some(regex) = regex.as_ref() {
            line = regex.replace_all(&line, " ").into_owned();
        }
    }
    line
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
