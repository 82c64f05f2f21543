//! Recognises the server that wrote a field, and reads the field by its rule.
//!
//! In: rules, notes; tokens of one field. Out: [`Reading`].
//! Trust: hostile; the order of the rules is the order of certainty, from one server's own form to what any may write.
//! Failures: [`RuleError`] for rules; a field that no rule reads says why.

use std::collections::BTreeMap;

use super::clauses::{self, Clauses};
use super::contour::{Contour, Outline, Outlines};
use super::file::{HopKind, Rule, RuleFile};
use super::lex::{Mark, Stretch, Token};
use super::notes::Notes;
use super::shape::{Client, Shape};
use super::{Reading, Room, RuleError};
use crate::intake::eight;
use crate::rules::file::{Common, demand, refused};
use crate::rules::glob::{Globs, Text};
use crate::rules::sieve::{self, Set, Sieve};

/// Tokens of a client part that are compared at most; the longest form has four.
pub(super) const CLIENT_TOKENS: usize = 12;

/// Comments after `by` that may name a product.
pub(super) const PRODUCTS: usize = 6;

/// All rules, in the order in which they are asked.
#[derive(Debug)]
pub(super) struct Grammar {
    rules: Vec<Ready>,
    sieves: Sieves,
}

/// A rule with its shapes read.
#[derive(Debug)]
struct Ready {
    file: &'static str,
    generic: bool,
    looks_up: bool,
    /// Outlines that one of the shapes may fit.
    outlines: Outlines,
    rule: Rule,
    shapes: Vec<Shape>,
}

/// Which rules are left in question by what a field has: most are ruled out before they are asked.
#[derive(Debug)]
struct Sieves {
    /// By the outline of the client part: a set for each bit of [`Outlines`].
    outline: [Set; Outlines::BITS as usize],
    /// Those that want a from-clause, or do not care; and those that want none, or do not care.
    from: [Set; 2],
    has_by: [Set; 2],
    has_id: [Set; 2],
    has_product: [Set; 2],
    bare_date: [Set; 2],
    with: Sieve,
    by: Sieve,
    via: Sieve,
    id: Sieve,
    lead: Sieve,
    first: Sieve,
    product: Sieve,
}

impl Sieves {
    fn new(rules: &[Ready]) -> Self {
        let sieve = |of: fn(&Rule) -> &Globs| Sieve::new(rules.iter().map(|ready| of(&ready.rule)));
        let either = |of: fn(&Rule) -> Option<bool>| {
            [true, false].map(|has| {
                set(rules, |ready| {
                    of(&ready.rule).is_none_or(|wanted| wanted == has)
                })
            })
        };
        Self {
            outline: std::array::from_fn(|bit| set(rules, |ready| ready.outlines >> bit & 1 != 0)),
            from: either(|rule| rule.from),
            has_by: either(|rule| rule.has_by),
            has_id: either(|rule| rule.has_id),
            has_product: either(|rule| rule.has_product),
            bare_date: either(|rule| rule.bare_date),
            with: sieve(|rule| &rule.with),
            by: sieve(|rule| &rule.by),
            via: sieve(|rule| &rule.via),
            id: sieve(|rule| &rule.id_is),
            lead: sieve(|rule| &rule.lead),
            first: sieve(|rule| &rule.first),
            product: sieve(|rule| &rule.product),
        }
    }

    /// Returns the rules that may read a field.
    fn left(&self, view: &View<'_, '_>, outline: Outline) -> Set {
        let either = |[yes, no]: [Set; 2], has: bool| if has { yes } else { no };
        let clauses = view.clauses;
        let by_outline = self.outline.get(outline.bit().trailing_zeros() as usize);
        let products = view.products.iter();
        by_outline.copied().unwrap_or(0)
            & either(self.from, clauses.has_from)
            & either(self.has_by, clauses.by.is_some())
            & either(self.has_id, clauses.id.is_some())
            & either(self.has_product, !view.products.is_empty())
            & either(self.bare_date, view.has_bare_date())
            & self.with.left(view.with.as_ref())
            & self.by.left(view.by.as_ref())
            & self.via.left(view.via.as_ref())
            & self.id.left(view.id.as_ref())
            & self.lead.left(view.lead.as_ref())
            & self.first.left(view.first.as_ref())
            & products.fold(self.product.left(None), |any, text| {
                any | self.product.left(Some(text))
            })
    }
}

/// Returns the rules of which something holds.
fn set(rules: &[Ready], holds: impl Fn(&Ready) -> bool) -> Set {
    let places = rules.iter().enumerate().filter(|(_, ready)| holds(ready));
    places.fold(0, |set, (place, _)| set | sieve::bit(place))
}

/// What rules look at.
struct View<'v, 't> {
    clauses: &'v Clauses<'t>,
    products: &'v [Text<'t>],
    /// How many of them stand before the first path.
    before_paths: usize,
    with: Option<Text<'t>>,
    by: Option<Text<'t>>,
    via: Option<Text<'t>>,
    id: Option<Text<'t>>,
    lead: Option<Text<'t>>,
    first: Option<Text<'t>>,
    client: &'v [Stretch<'t>],
    field: &'t str,
    tokens: &'v [Token],
}

impl View<'_, '_> {
    /// Returns whether the date begins with a number instead of a weekday.
    fn has_bare_date(&self) -> bool {
        let date = self.clauses.date.as_bytes();
        date.first().is_some_and(u8::is_ascii_digit)
    }
}

impl Grammar {
    /// Reads the files.
    pub(super) fn load(files: &[(&'static str, &'static str)]) -> Result<Self, RuleError> {
        let mut rules = Vec::new();
        for (file, text) in files {
            let parsed: RuleFile = toml::from_str(text).map_err(|error| refused(file, error))?;
            let prefix = file.trim_end_matches(".toml").replace('/', "-");
            for rule in parsed.rule {
                let common = Common {
                    id: &rule.id,
                    matches: rule.matches.len(),
                    skips: rule.skips.len(),
                };
                demand(file, &prefix, &common)?;
                let shapes: Result<Vec<_>, _> =
                    rule.client.iter().map(|text| Shape::new(text)).collect();
                let shapes = shapes
                    .map_err(|why| refused(file, format_args!("rule `{}`: {why}", rule.id)))?;
                rules.push(Ready {
                    file,
                    generic: parsed.generic,
                    looks_up: rule
                        .client
                        .iter()
                        .any(|shape| shape.contains("{rdns}") || shape.contains("{name}")),
                    outlines: match shapes.as_slice() {
                        [] => Outlines::MAX,
                        shapes => shapes.iter().fold(0, |all, shape| all | shape.outlines()),
                    },
                    shapes,
                    rule,
                });
            }
        }
        sieve::demand_room("received/", rules.len())?;
        Ok(Self {
            sieves: Sieves::new(&rules),
            rules,
        })
    }

    /// Reads a field by the first rule that recognises it and whose shape fits.
    ///
    /// Its tokens stand in `room`.
    pub(super) fn read<'t>(
        &'t self,
        field: &'t str,
        room: &mut Room<'t>,
        notes: &'t Notes,
    ) -> Reading<'t> {
        let clauses = clauses::clauses(field, &mut room.tokens);
        let tokens = room.tokens.as_slice();
        let mut reading = Reading {
            by: clauses.by.map(|by| {
                let name = eight::find(by.as_bytes(), |block| eight::equal(block, b'('));
                let by = name.and_then(|end| by.get(..end)).unwrap_or(by);
                by.strip_suffix(',').unwrap_or(by)
            }),
            by_comment: clauses.by_comment,
            with: clauses.with,
            id: clauses.id,
            for_: clauses.for_,
            reverse_path: clauses.reverse_path,
            date: clauses.date,
            // A date that stands in a path is its author's.
            time: room.date.filter(|_| {
                let mut words = tokens.iter().rev().filter(|token| !token.is_comment());
                words.next().is_some_and(|last| last.mark != Mark::Path)
            }),
            has_from: clauses.has_from,
            ..Reading::default()
        };
        room.client.clear();
        room.products.clear();
        let (begin, end) = clauses.from;
        for token in tokens.get(begin..end).unwrap_or_default() {
            let is_left_out = match token.mark {
                Mark::Comment | Mark::Nested => notes.take(token.text(field), &mut reading),
                Mark::Semicolon => true,
                _ => false,
            };
            if !is_left_out && room.client.len() < CLIENT_TOKENS {
                room.client.push(Stretch::of(*token, field));
            }
        }
        let mut before_paths = None;
        for (place, token) in tokens.iter().enumerate().skip(end) {
            if token.is_comment() {
                let comment = token.text(field);
                let path = reading.reverse_path;
                if notes.take(comment, &mut reading) {
                    if reading.reverse_path != path {
                        before_paths.get_or_insert(room.products.len());
                    }
                } else if room.products.len() < PRODUCTS {
                    room.products.push(Text::new(comment));
                }
            } else if clauses.path_at == Some(place) {
                before_paths.get_or_insert(room.products.len());
            }
        }
        notes.protocol(&mut reading);
        if let Some(doubt) = clauses.doubt {
            reading.unread = Some(doubt);
            return reading;
        }
        let lead = tokens.first().filter(|token| token.is_comment());
        let view = View {
            clauses: &clauses,
            products: &room.products,
            before_paths: before_paths.unwrap_or(room.products.len()),
            with: clauses.with.map(Text::new),
            by: clauses.by.map(Text::new),
            via: clauses.via.map(Text::new),
            id: clauses.id.map(Text::new),
            lead: lead.map(|token| Text::new(token.text(field))),
            first: room.client.first().map(|token| Text::new(token.text)),
            client: &room.client,
            field,
            tokens,
        };
        let contour = Contour::of(view.client);
        for place in sieve::places(self.sieves.left(&view, contour.outline)) {
            if let Some(ready) = self.rules.get(place)
                && let Some(client) = ready.read(&view, &contour)
            {
                ready.fill(client, notes, &mut reading);
                return reading;
            }
        }
        reading.unread = Some(if view.client.is_empty() && !clauses.has_from {
            "it is not written as any server writes it"
        } else {
            "what it says about the client fits no form that a server writes"
        });
        reading
    }

    /// Runs the examples; returns how many ran.
    pub(super) fn check(&self, notes: &Notes) -> Result<usize, RuleError> {
        let mut ran = 0;
        for ready in &self.rules {
            let rule = &ready.rule;
            let failed = |why: String| RuleError::Example {
                file: ready.file.to_owned(),
                id: rule.id.clone(),
                why,
            };
            for example in &rule.matches {
                let mut room = Room::of(&example.line);
                let reading = self.read(&example.line, &mut room, notes);
                if reading.rule != rule.id {
                    return Err(failed(format!(
                        "`{}` is read by `{}` {:?}",
                        example.line, reading.rule, reading.unread
                    )));
                }
                let found = fields(&reading);
                if found != example.fields {
                    return Err(failed(format!(
                        "`{}` gives {found:?}, not {:?}",
                        example.line, example.fields
                    )));
                }
            }
            for example in &rule.skips {
                let mut room = Room::of(&example.line);
                if self.read(&example.line, &mut room, notes).rule == rule.id {
                    return Err(failed(format!("`{}` should not match", example.line)));
                }
            }
            ran += rule.matches.len() + rule.skips.len();
        }
        Ok(ran)
    }
}

/// Returns what examples compare: the parts of the reading that the rule itself answers for.
fn fields(reading: &Reading<'_>) -> BTreeMap<String, String> {
    let addr = reading.addr.map(|addr| addr.to_string());
    let auth = match (reading.auth, reading.account) {
        (_, Some(account)) => Some(account),
        (true, None) => Some("yes"),
        (false, None) => None,
    };
    [
        ("ip", addr.as_deref()),
        ("rdns", reading.rdns),
        ("helo", reading.helo),
        ("ident", reading.ident),
        ("by", reading.by),
        ("with", reading.with),
        ("auth", auth),
        ("id", reading.id),
        ("for", reading.for_),
        ("reverse_path", reading.reverse_path),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
    .collect()
}

impl Ready {
    /// Returns the client part, if the rule recognises the field and one of its shapes fits.
    fn read<'t>(&self, view: &View<'_, 't>, contour: &Contour) -> Option<Client<'t>> {
        if self.shapes.is_empty() {
            return self.recognises(view).then(Client::default);
        }
        let mut shapes = self.shapes.iter().filter(|shape| shape.may_fit(contour));
        // A look at the shapes costs less than what the rule names.
        let first = shapes.next().filter(|_| self.recognises(view))?;
        let read = |shape: &Shape| {
            shape
                .read(view.client)
                .filter(|client| !self.generic || !shape.may_be_swapped(client))
        };
        read(first).or_else(|| shapes.find_map(read))
    }

    /// Returns whether everything that the rule names fits.
    fn recognises(&self, view: &View<'_, '_>) -> bool {
        let (rule, clauses) = (&self.rule, view.clauses);
        let either = |wanted: Option<bool>, has: bool| wanted.is_none_or(|wanted| wanted == has);
        let one = |patterns: &Globs, text: &Option<Text<'_>>| {
            patterns.is_empty() || text.as_ref().is_some_and(|text| patterns.fit(text))
        };
        let products = &rule.product;
        // That there is no client behind a hop is believed of the server's own words alone.
        let named = match rule.hop {
            HopKind::Local | HopKind::Pull => view.products.get(..view.before_paths),
            HopKind::Network | HopKind::Web => Some(view.products),
        };
        let mut named = named.unwrap_or_default().iter();
        either(rule.from, clauses.has_from)
            && either(rule.has_by, clauses.by.is_some())
            && either(rule.has_id, clauses.id.is_some())
            && either(rule.has_product, !view.products.is_empty())
            && either(rule.bare_date, view.has_bare_date())
            && one(&rule.with, &view.with)
            && (products.is_empty() || named.any(|text| products.fit(text)))
            && one(&rule.by, &view.by)
            && one(&rule.via, &view.via)
            && one(&rule.id_is, &view.id)
            && one(&rule.lead, &view.lead)
            && one(&rule.first, &view.first)
            && (rule.comment.is_empty()
                || view.tokens.iter().any(|token| {
                    token.is_comment() && rule.comment.fit(&Text::new(token.text(view.field)))
                }))
    }

    /// Puts what the rule knows into the reading.
    fn fill<'t>(&'t self, client: Client<'t>, notes: &Notes, reading: &mut Reading<'t>) {
        reading.rule = &self.rule.id;
        if self.rule.no_queue_id {
            reading.id = None;
        }
        reading.generic = self.generic;
        reading.names_checked = self.rule.names_checked;
        reading.looks_up = self.looks_up;
        reading.kind = self.rule.hop;
        reading.by_user = self.rule.by_user;
        reading.auth |= self.rule.auth || client.account.is_some();
        reading.account = client.account.map(clauses::bare).or(reading.account);
        reading.ident = client.ident;
        reading.helo = client.helo;
        // A looked-up name may carry the root's dot; without it, names compare.
        let rdns = client.rdns.map(|name| name.trim_end_matches('.'));
        reading.rdns = rdns.filter(|name| !name.is_empty() && !notes.is_nameless(name));
        reading.addr = match reading.kind {
            HopKind::Local | HopKind::Pull => None,
            HopKind::Network | HopKind::Web => client.addr,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static NOTES: LazyLock<Notes> =
        LazyLock::new(|| Notes::load(super::super::NOTES, super::super::WORDS).unwrap());

    static GRAMMAR: LazyLock<Grammar> =
        LazyLock::new(|| Grammar::load(&super::super::FILES).unwrap());

    /// The same rules, all of which are asked about every field.
    static ASKING: LazyLock<Grammar> = LazyLock::new(|| {
        let mut grammar = Grammar::load(&super::super::FILES).unwrap();
        let wants_nothing = || Sieve::new(std::iter::repeat_n(&*ANYTHING, sieve::SET_LIMIT));
        grammar.sieves = Sieves {
            outline: [Set::MAX; _],
            from: [Set::MAX; 2],
            has_by: [Set::MAX; 2],
            has_id: [Set::MAX; 2],
            has_product: [Set::MAX; 2],
            bare_date: [Set::MAX; 2],
            with: wants_nothing(),
            by: wants_nothing(),
            via: wants_nothing(),
            id: wants_nothing(),
            lead: wants_nothing(),
            first: wants_nothing(),
            product: wants_nothing(),
        };
        grammar
    });

    static ANYTHING: LazyLock<Globs> = LazyLock::new(Globs::default);

    /// Fields of the rules' own examples.
    static LINES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let lines = GRAMMAR.rules.iter().flat_map(|ready| {
            let matches = ready.rule.matches.iter().map(|example| &example.line);
            matches.chain(ready.rule.skips.iter().map(|example| &example.line))
        });
        lines.map(String::as_str).collect()
    });

    fn are_alike(line: &str) -> Result<(), TestCaseError> {
        let by_sieve = GRAMMAR.read(line, &mut Room::of(line), &NOTES);
        prop_assert_eq!(
            by_sieve,
            ASKING.read(line, &mut Room::of(line), &NOTES),
            "{}",
            line
        );
        Ok(())
    }

    #[test]
    fn a_rule_that_is_not_asked_would_not_have_read_the_field() {
        assert!(LINES.len() > 150);
        LINES.iter().try_for_each(|line| are_alike(line)).unwrap();
    }

    /// What whoever chose a path would like the server to have said.
    const SAID: [&str; 12] = [
        "(fetchmail-6.4.37)",
        "(mail_out_v1)",
        "(LISTSERV release 1.8d)",
        "(chasquid)",
        "(authenticated)",
        "(authenticated as me)",
        "with local",
        "with POP3",
        "via spool",
        "id 7",
        "for you@example.com",
        "; Mon, 02 Nov 2026 03:04:05 +0000",
    ];

    #[test]
    fn what_a_path_says_the_server_did_not() {
        let mut tried = 0;
        for line in LINES.iter() {
            let said = GRAMMAR.read(line, &mut Room::of(line), &NOTES);
            let paths = [said.for_, said.reverse_path].into_iter().flatten();
            for path in paths.filter(|path| path.contains('@')) {
                for words in SAID {
                    for quoted in [
                        format!("\"x {words} y\"@example.org"),
                        format!("\"x) {words} (y\"@example.org"),
                        format!("\"x\\\") {words} (y\"@example.org"),
                    ] {
                        // With angle brackets where the server writes none, it is no path of its.
                        let broken = line.replace(path, &quoted);
                        let reading = GRAMMAR.read(&broken, &mut Room::of(&broken), &NOTES);
                        let own =
                            |reading: &Reading<'_>| (reading.addr, reading.kind, reading.auth);
                        let is_more = reading.names_checked && !said.names_checked
                            || said.generic && !reading.generic;
                        assert!(
                            reading.unread.is_some() || own(&reading) == own(&said) && !is_more,
                            "{broken}\n{reading:#?}"
                        );
                        assert!(
                            reading.time.is_none() || reading.time == said.time,
                            "{broken}"
                        );
                        tried += 1;
                    }
                }
            }
        }
        assert!(tried > 2_000, "{tried}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn nor_would_it_have_read_one_put_together_from_others(one: prop::sample::Index, other: prop::sample::Index, from in 0..30usize, to in 0..30usize, left_out in 0..60usize) {
            let (one, other) = (one.get(&LINES), other.get(&LINES));
            let head = one.split_inclusive(' ').take(from);
            let words: Vec<_> = head.chain(other.split_inclusive(' ').skip(to)).collect();
            let kept = words.iter().enumerate().filter(|(place, _)| *place != left_out);
            are_alike(&kept.map(|(_, word)| *word).collect::<String>())?;
        }
    }
}
