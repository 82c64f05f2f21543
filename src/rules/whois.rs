//! Reads a registry's WHOIS answer by the rule of that registry.
//!
//! In: decoded text, the address that was asked about. Out: [`Reading`]: the network, the mailboxes with their fields, what to ask next.
//! Standards: RFC 3912 (WHOIS has no format: every registry has its own), RFC 2622 (RPSL), RFC 2167 (rwhois).
//! Trust: the text is hostile; patterns run in linear time, on a bounded number of bounded lines.
//! Failures: none; an answer that the rule does not know gives an empty reading.

use std::collections::HashMap;
use std::net::IpAddr;

use regex::Regex;
use serde::Deserialize;

use super::belief::Confidence;
use super::range::AddrRange;

/// Lines of one answer that are read; the longest recorded one has fewer than 600.
const LINES_MAX: usize = 20_000;
/// Octets of one line that are read: a mailbox has at most 254.
const LINE_OCTETS_MAX: usize = 1_000;
/// Findings of one answer that are kept.
const FINDINGS_MAX: usize = 40;

/// Referrals of one answer that are kept: more than one hop ever follows.
const REFERRALS_MAX: usize = 8;

/// Runs of free text of one answer that are kept.
const REMARKS_MAX: usize = 50;

/// A pattern of a rule file, compiled once when the file is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        Regex::new(&text).map(Self)
    }
}

impl Pattern {
    /// Returns whether the pattern is found in a line.
    #[must_use]
    pub fn is_in(&self, line: &str) -> bool {
        self.0.is_match(line)
    }

    /// Returns what a named group of the pattern holds in a line, trimmed; `None` for nothing.
    #[must_use]
    pub fn group<'t>(&self, name: &str, line: &'t str) -> Option<&'t str> {
        let text = self.0.captures(line)?.name(name)?.as_str().trim();
        (!text.is_empty()).then_some(text)
    }

    /// Returns what the group `text` holds, even nothing; `None` where the pattern is not found.
    fn rest<'t>(&self, line: &'t str) -> Option<&'t str> {
        Some(self.0.captures(line)?.name("text")?.as_str().trim())
    }
}

/// How the answers of one registry's WHOIS server are read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dialect {
    /// A line that begins the part about one network; without it the answer is one part.
    starts: Option<Pattern>,
    /// Whether the parts count in the order given, as KRNIC has the provider first; else the smallest network comes first.
    in_order: bool,
    /// A line that is a heading over the lines that follow.
    heading: Option<Pattern>,
    /// Whether a heading's lines end at the first blank one; else at the next heading.
    blank_ends: bool,
    /// A line of a part whose network another registry manages: its mailboxes are that registry's own.
    stub: Option<Pattern>,
    /// Extent of the network; group `range`.
    range: Vec<Pattern>,
    /// The registry's key; group `text`, as in the next three.
    handle: Vec<Pattern>,
    /// The network's name.
    name: Vec<Pattern>,
    /// Who holds it.
    holder: Vec<Pattern>,
    /// ISO 3166 code.
    country: Vec<Pattern>,
    /// A line of a mere list: groups `handle`, to be asked about, and `range`.
    list: Option<Pattern>,
    /// A line that names another server; group `server`, first patterns first.
    refer: Vec<Pattern>,
    /// A line that names a contact by a handle that must be asked about; group `handle`.
    ask_handle: Option<Pattern>,
    /// A line that begins a contact's own block; group `handle`.
    contact: Option<Pattern>,
    /// A line of a contact's own block with its mailbox; group `mail`.
    contact_mail: Option<Pattern>,
    /// A line of free text; group `text`.
    remark: Option<Pattern>,
    /// Where mailboxes stand, best first.
    field: Vec<Field>,
}

/// One place where a mailbox stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    /// Its name, as shown: `OrgAbuseEmail`.
    name: String,
    /// How far it is believed.
    confidence: Confidence,
    /// Whether the registry publishes it as the one for complaints.
    #[serde(default = "yes")]
    recommended: bool,
    /// The line; group `mail`, or `handle` for a contact whose block stands in the same answer.
    pattern: Pattern,
    /// First line of the object that it must stand in.
    object: Option<Pattern>,
    /// Heading that it must stand under.
    under: Option<Pattern>,
}

const fn yes() -> bool {
    true
}

/// What an answer says of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its extent.
    pub range: Option<AddrRange>,
    /// The registry's key.
    pub handle: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Who holds it.
    pub holder: Option<String>,
    /// ISO 3166 code.
    pub country: Option<String>,
    /// Whether another registry manages it.
    pub stub: bool,
}

/// A mailbox as it stands in an answer, unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The text in a mailbox's place.
    pub text: String,
    /// Where it stands.
    pub field: String,
    /// How far that place is believed.
    pub confidence: Confidence,
    /// Whether that place is the one for complaints.
    pub recommended: bool,
    /// Place in the order of the answer, best first: network, then field.
    pub tier: (usize, usize),
    /// Whether its network is managed by another registry.
    pub stub: bool,
}

/// An answer, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The best network of the answer.
    pub facts: Facts,
    /// Mailboxes, best first.
    pub found: Vec<Finding>,
    /// Free text, that of the best network first.
    pub remarks: Vec<Remark>,
    /// Servers that the answer refers to, as written, best first.
    pub refer: Vec<String>,
    /// Whether it speaks of other networks only.
    pub is_elsewhere: bool,
    /// The handle to ask about, where the answer is a list or names contacts by handle only.
    pub ask_next: Option<String>,
}

/// A run of free text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    /// Its lines, joined.
    pub text: String,
    /// Place of its network in the order of the answer.
    pub network: usize,
    /// Whether its network is managed by another registry.
    pub stub: bool,
}

/// One part of an answer: a network and its lines.
struct Part<'t> {
    lines: Vec<&'t str>,
    facts: Facts,
}

/// The blocks of contacts in an answer.
#[derive(Debug, Default)]
struct Blocks<'t> {
    /// The mailboxes of each.
    mails: Vec<Vec<&'t str>>,
    /// Which of them bear a handle, in lower case.
    handles: HashMap<String, Vec<usize>>,
}

impl<'t> Blocks<'t> {
    /// Returns the mailboxes of the contact with a handle.
    fn mails_of(&self, handle: &str) -> impl Iterator<Item = &'t str> {
        let places = self.handles.get(&handle.to_ascii_lowercase());
        let places = places
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .take(FINDINGS_MAX);
        let mails = places.filter_map(|place| self.mails.get(*place));
        mails.flatten().copied()
    }
}

impl Dialect {
    /// Reads an answer about an address; without one every part counts.
    #[must_use]
    pub fn read(&self, answer: &str, target: Option<IpAddr>) -> Reading {
        let lines: Vec<&str> = answer
            .lines()
            .take(LINES_MAX)
            .map(|line| line.trim_end_matches('\r'))
            .map(|line| {
                line.get(..line.floor_char_boundary(LINE_OCTETS_MAX))
                    .unwrap_or_default()
            })
            .collect();
        let mut parts = self.parts(&lines, target);
        // Where the nearest network is another registry's, the desks of those around it are no nearer.
        if parts
            .first()
            .is_some_and(|part| part.facts.stub && part.facts.range.is_some())
        {
            parts.iter_mut().for_each(|part| part.facts.stub = true);
        }
        let mut reading = Reading {
            is_elsewhere: parts.is_empty(),
            ..Reading::default()
        };
        let blocks = self.blocks(&lines);
        for (network, part) in parts.iter().enumerate() {
            self.gather(network, part, &blocks, &mut reading.found);
            self.free_text(network, part, &mut reading.remarks);
        }
        if let Some(part) = parts.into_iter().next() {
            reading.facts = part.facts;
        }
        // A weaker mark of the smallest network stands behind a stronger one of its parent.
        reading
            .found
            .sort_by_key(|f| (std::cmp::Reverse(f.confidence), f.tier));
        reading.found.truncate(FINDINGS_MAX);
        if reading.facts.range.is_none() {
            reading.facts.range = self.listed(&lines, target).map(|(_, range)| range);
        }
        reading.refer = self.referrals(&lines);
        if !reading.found.iter().any(|f| f.recommended) {
            reading.ask_next = self.ask_next(&lines, target);
        }
        reading
    }

    /// Splits an answer into its parts, those about the target, best first.
    fn parts<'t>(&self, lines: &[&'t str], target: Option<IpAddr>) -> Vec<Part<'t>> {
        let mut split: Vec<Vec<&'t str>> = vec![Vec::new()];
        for line in lines {
            if self.starts.as_ref().is_some_and(|p| p.is_in(line)) {
                split.push(Vec::new());
            }
            if let Some(part) = split.last_mut() {
                part.push(line);
            }
        }
        // What stands before the first part is a preamble, unless its own beginning was cut off.
        if split.len() > 1 {
            let head = self.facts(split.first().map_or(&[], Vec::as_slice), None);
            if head.range.is_none() && head.handle.is_none() {
                split.remove(0);
            }
        }
        let mut parts: Vec<Part<'t>> = split
            .into_iter()
            .map(|lines| Part {
                facts: self.facts(&lines, target),
                lines,
            })
            // An answer about another network is none about this one.
            .filter(|part| part.facts.range.is_some() || self.ranges(&part.lines).next().is_none())
            .collect();
        if !self.in_order {
            parts.sort_by_key(|part| {
                let size = part.facts.range.map_or(u128::MAX, |r| r.size());
                (size, part.facts.stub)
            });
        }
        parts
    }

    /// Returns every range that some lines name.
    fn ranges<'l>(&'l self, lines: &'l [&str]) -> impl Iterator<Item = AddrRange> + 'l {
        self.range.iter().flat_map(move |p| {
            lines
                .iter()
                .filter_map(|line| p.group("range", line))
                .filter_map(AddrRange::parse)
        })
    }

    /// Reads what a part says of its network: of several ranges the smallest that holds the target.
    fn facts(&self, lines: &[&str], target: Option<IpAddr>) -> Facts {
        let first = |patterns: &[Pattern]| {
            patterns.iter().find_map(|p| {
                lines
                    .iter()
                    .find_map(|line| p.group("text", line))
                    .map(str::to_owned)
            })
        };
        Facts {
            range: self
                .ranges(lines)
                .filter(|range| target.is_none_or(|addr| range.contains(addr)))
                .min_by_key(AddrRange::size),
            handle: first(&self.handle),
            name: first(&self.name),
            holder: first(&self.holder),
            country: first(&self.country),
            stub: self
                .stub
                .as_ref()
                .is_some_and(|p| lines.iter().any(|line| p.is_in(line))),
        }
    }

    /// Gathers the mailboxes of one part.
    fn gather(
        &self,
        network: usize,
        part: &Part<'_>,
        blocks: &Blocks<'_>,
        found: &mut Vec<Finding>,
    ) {
        let mut object = "";
        let mut heading = "";
        let mut fresh = true;
        for line in &part.lines {
            if line.trim().is_empty() {
                fresh = true;
                if self.blank_ends {
                    heading = "";
                }
                continue;
            }
            if fresh && !line.starts_with(['%', '#']) {
                object = line;
                fresh = false;
            }
            if self.heading.as_ref().is_some_and(|p| p.is_in(line)) {
                heading = line;
                continue;
            }
            for (place, field) in self.field.iter().enumerate() {
                let stands = field.object.as_ref().is_none_or(|p| p.is_in(object))
                    && field.under.as_ref().is_none_or(|p| p.is_in(heading));
                if !stands {
                    continue;
                }
                let mut keep = |text: &str| {
                    if found.len() < 2 * FINDINGS_MAX {
                        found.push(Finding {
                            text: text.to_owned(),
                            field: field.name.clone(),
                            confidence: field.confidence,
                            recommended: field.recommended,
                            tier: (network, place),
                            stub: part.facts.stub,
                        });
                    }
                };
                if let Some(mail) = field.pattern.group("mail", line) {
                    keep(mail);
                } else if let Some(handle) = field.pattern.group("handle", line) {
                    blocks
                        .mails_of(handle)
                        .take(FINDINGS_MAX)
                        .for_each(&mut keep);
                }
            }
        }
    }

    /// Reads the blocks of contacts, once for all handles that an answer names.
    ///
    /// The handle may stand below the mailbox in its block, as RIPE's nic-hdl does: blocks, not lines.
    fn blocks<'t>(&self, lines: &[&'t str]) -> Blocks<'t> {
        let mut blocks = Blocks::default();
        let (Some(contact), Some(contact_mail)) = (&self.contact, &self.contact_mail) else {
            return blocks;
        };
        for block in lines.split(|line| line.trim().is_empty()) {
            let place = blocks.mails.len();
            for handle in block
                .iter()
                .filter_map(|line| contact.group("handle", line))
            {
                let of = blocks
                    .handles
                    .entry(handle.to_ascii_lowercase())
                    .or_default();
                if of.last() != Some(&place) {
                    of.push(place);
                }
            }
            let mails = block
                .iter()
                .filter_map(|line| contact_mail.group("mail", line));
            blocks.mails.push(mails.take(FINDINGS_MAX).collect());
        }
        blocks
    }

    /// Returns whether a line says that another registry manages the network.
    #[must_use]
    pub fn is_stub(&self, line: &str) -> bool {
        self.stub.as_ref().is_some_and(|p| p.is_in(line))
    }

    /// Gathers the runs of free text of a part, the lines of each joined.
    fn free_text(&self, network: usize, part: &Part<'_>, runs: &mut Vec<Remark>) {
        let Some(remark) = &self.remark else { return };
        let mut within = false;
        for line in &part.lines {
            // RFC 2622 §2: a line that begins with a blank or `+` goes on with the one above.
            let more = || line.strip_prefix([' ', '\t', '+']).filter(|_| within);
            let text = remark.rest(line).or_else(more);
            if let Some(text) = text {
                if !within && runs.len() < REMARKS_MAX {
                    runs.push(Remark {
                        network,
                        stub: part.facts.stub,
                        ..Remark::default()
                    });
                }
                if let Some(run) = runs.last_mut() {
                    run.text.push_str(text.trim());
                    run.text.push('\n');
                }
            }
            within = text.is_some();
        }
    }

    /// Returns the servers that an answer names, each once.
    fn referrals(&self, lines: &[&str]) -> Vec<String> {
        let mut named: Vec<String> = Vec::new();
        let all = self
            .refer
            .iter()
            .flat_map(|p| lines.iter().filter_map(|line| p.group("server", line)));
        for server in all {
            let server = server.to_ascii_lowercase();
            if !named.contains(&server) {
                named.push(server);
            }
            if named.len() == REFERRALS_MAX {
                break;
            }
        }
        named
    }

    /// Returns the smallest network of a mere list that holds the target, with its handle.
    fn listed<'t>(
        &self,
        lines: &[&'t str],
        target: Option<IpAddr>,
    ) -> Option<(&'t str, AddrRange)> {
        let list = self.list.as_ref()?;
        lines
            .iter()
            .filter_map(|line| Some((list.group("handle", line)?, list.group("range", line)?)))
            .filter_map(|(handle, range)| Some((handle, AddrRange::parse(range)?)))
            .filter(|(_, range)| target.is_none_or(|addr| range.contains(addr)))
            .min_by_key(|(_, range)| range.size())
    }

    /// Returns the handle to ask about: the smallest network of a list, or a contact.
    fn ask_next(&self, lines: &[&str], target: Option<IpAddr>) -> Option<String> {
        let listed = self
            .listed(lines, target)
            .map(|(handle, _)| handle.to_owned());
        let named = || {
            let ask = self.ask_handle.as_ref()?;
            lines
                .iter()
                .find_map(|line| ask.group("handle", line))
                .map(str::to_owned)
        };
        listed.or_else(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);

    fn read(registry: &str, answer: &str) -> Reading {
        let registry = RULES.registries.named(registry).unwrap();
        registry
            .dialect
            .read(answer, Some("192.0.2.7".parse().unwrap()))
    }

    #[test]
    fn a_parent_s_desk_stands_before_the_technical_contact_of_the_smaller_network() {
        let reading = read(
            "arin",
            "NetRange: 192.0.2.0 - 192.0.2.255\nOrgTechEmail: tech@isp.example\n\n# start\n\nNetRange: 192.0.0.0 - 192.255.255.255\nOrgAbuseEmail: abuse@carrier.example\n",
        );
        let texts: Vec<_> = reading.found.iter().map(|f| f.text.as_str()).collect();
        assert_eq!(texts, ["abuse@carrier.example", "tech@isp.example"]);
        assert_eq!(reading.facts.range.unwrap().size(), 255);
    }

    #[test]
    fn floods_of_lines_and_findings_are_cut() {
        let answer = "NetRange: 192.0.2.0 - 192.0.2.255\n".to_owned()
            + &"OrgAbuseEmail: abuse@isp.example\n".repeat(50_000);
        assert_eq!(read("arin", &answer).found.len(), FINDINGS_MAX);
        let long = format!(
            "NetRange: 192.0.2.0 - 192.0.2.255\nOrgAbuseEmail: {}@isp.example\n",
            "é".repeat(2_000)
        );
        assert!(
            read("arin", &long)
                .found
                .iter()
                .all(|f| f.text.len() <= LINE_OCTETS_MAX)
        );
    }

    #[test]
    fn free_text_is_joined_by_runs() {
        let reading = read(
            "ripe",
            "remarks: one\nremarks:\nremarks: two\nsource: RIPE\nremarks: three\n",
        );
        let texts: Vec<_> = reading.remarks.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(texts, ["one\n\ntwo\n", "three\n"]);
        let reading = read(
            "ripe",
            "remarks: abuse to\n    a@isp.example\nsource: X\n    no remark\n",
        );
        assert_eq!(reading.remarks[0].text, "abuse to\na@isp.example\n");
    }

    #[test]
    fn handles_without_end_are_looked_up_once() {
        // Each of these would be looked for in all lines: hundreds of millions of looks.
        let many = "abuse-c: X\n".repeat(LINES_MAX - 10);
        let text = format!(
            "inetnum: 192.0.2.0 - 192.0.2.255\n{many}\nrole: Abuse\nabuse-mailbox: abuse@isp.example\nnic-hdl: X\n"
        );
        let reading = read("ripe", &text);
        assert!(reading.found.len() <= FINDINGS_MAX);
        assert!(reading.found.iter().all(|f| f.text == "abuse@isp.example"));
        assert!(!reading.found.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_answer_makes_a_reader_fail(text in "(?s).{0,400}", which in 0usize..12) {
            let registry = RULES.registries.all().nth(which);
            if let Some(registry) = registry {
                let reading = registry.dialect.read(&text, Some("192.0.2.7".parse().unwrap()));
                prop_assert!(reading.found.len() <= FINDINGS_MAX);
                prop_assert!(reading.refer.len() <= REFERRALS_MAX);
            }
        }

        #[test]
        fn an_answer_that_is_cut_anywhere_names_nobody_else(cut in 0usize..120) {
            let whole = "NetRange: 192.0.2.0 - 192.0.2.255\nOrgAbuseEmail: abuse@isp.example\n";
            let text = whole.get(..cut.min(whole.len())).unwrap_or_default();
            for finding in read("arin", text).found {
                prop_assert!("abuse@isp.example".starts_with(&finding.text));
            }
        }
    }
}
