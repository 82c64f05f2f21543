//! Recognises the server that wrote a field, and reads the field by its rule.
//!
//! In: rules, notes; tokens of one field. Out: [`Reading`].
//! Trust: hostile; the order of the rules is the order of certainty, from one server's own form to what any may write.
//! Failures: [`RuleError`] for rules; a field that no rule reads says why.

use std::collections::BTreeMap;

use super::file::{HopKind, Rule, RuleFile};
use super::lex::{self, Clauses, Kind, Token};
use super::notes::Notes;
use super::shape::{Client, Outline, Outlines, Shape};
use super::{Reading, RuleError};
use crate::rules::file::{Common, demand, refused};
use crate::rules::glob::{Globs, Text};

/// Tokens of a client part that are compared at most; the longest form has four.
const CLIENT_TOKENS: usize = 12;

/// Comments after `by` that may name a product.
const PRODUCTS: usize = 6;

/// All rules, in the order in which they are asked.
#[derive(Debug)]
pub(super) struct Grammar {
    rules: Vec<Ready>,
}

/// A rule with its shapes read.
#[derive(Debug)]
struct Ready {
    file: &'static str,
    generic: bool,
    looks_up: bool,
    /// What must be there for the rule to be looked at.
    needs: u16,
    /// Outlines that one of the shapes may fit.
    outlines: Outlines,
    rule: Rule,
    shapes: Vec<Shape>,
}

/// What a field has, as bits: most rules are ruled out by them.
mod has {
    pub(super) const FROM: u16 = 1;
    pub(super) const NO_FROM: u16 = 1 << 1;
    pub(super) const BY: u16 = 1 << 2;
    pub(super) const NO_BY: u16 = 1 << 3;
    pub(super) const ID: u16 = 1 << 4;
    pub(super) const NO_ID: u16 = 1 << 5;
    pub(super) const PRODUCT: u16 = 1 << 6;
    pub(super) const NO_PRODUCT: u16 = 1 << 7;
    pub(super) const WITH: u16 = 1 << 8;
    pub(super) const VIA: u16 = 1 << 9;
    pub(super) const LEAD: u16 = 1 << 10;
    pub(super) const BARE_DATE: u16 = 1 << 11;
    pub(super) const WEEKDAY: u16 = 1 << 12;
}

impl Rule {
    /// Returns what must be there for the rule to be looked at.
    fn needs(&self) -> u16 {
        let either = |wanted: Option<bool>, yes: u16, no: u16| match wanted {
            Some(true) => yes,
            Some(false) => no,
            None => 0,
        };
        let given = |patterns: &Globs, bit: u16| if patterns.is_empty() { 0 } else { bit };
        either(self.from, has::FROM, has::NO_FROM)
            | either(self.has_by, has::BY, has::NO_BY)
            | either(self.has_id, has::ID, has::NO_ID)
            | either(self.has_product, has::PRODUCT, has::NO_PRODUCT)
            | either(self.bare_date, has::BARE_DATE, has::WEEKDAY)
            | given(&self.product, has::PRODUCT)
            | given(&self.with, has::WITH)
            | given(&self.by, has::BY)
            | given(&self.via, has::VIA)
            | given(&self.id_is, has::ID)
            | given(&self.lead, has::LEAD)
    }
}

impl View<'_, '_> {
    /// Returns what the field has.
    fn has(&self) -> u16 {
        let either = |found: bool, yes: u16, no: u16| if found { yes } else { no };
        let clauses = self.clauses;
        either(clauses.has_from, has::FROM, has::NO_FROM)
            | either(clauses.by.is_some(), has::BY, has::NO_BY)
            | either(clauses.id.is_some(), has::ID, has::NO_ID)
            | either(!self.products.is_empty(), has::PRODUCT, has::NO_PRODUCT)
            | either(clauses.with.is_some(), has::WITH, 0)
            | either(clauses.via.is_some(), has::VIA, 0)
            | either(self.lead.is_some(), has::LEAD, 0)
            | either(
                clauses.date.starts_with(|c: char| c.is_ascii_digit()),
                has::BARE_DATE,
                has::WEEKDAY,
            )
    }
}

/// What rules look at.
struct View<'v, 't> {
    clauses: &'v Clauses<'t>,
    products: &'v [Text<'t>],
    with: Option<Text<'t>>,
    by: Option<Text<'t>>,
    via: Option<Text<'t>>,
    id: Option<Text<'t>>,
    lead: Option<Text<'t>>,
    first: Option<Text<'t>>,
    client: &'v [Token<'t>],
    tokens: &'v [Token<'t>],
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
                    needs: rule.needs(),
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
        Ok(Self { rules })
    }

    /// Reads a field by the first rule that recognises it and whose shape fits.
    pub(super) fn read<'t>(
        &'t self,
        field: &'t str,
        tokens: &[Token<'t>],
        notes: &'t Notes,
    ) -> Reading<'t> {
        let clauses = lex::clauses(field, tokens);
        let mut reading = Reading {
            by: clauses
                .by
                .map(|by| by.split_once('(').map_or(by, |(name, _)| name)),
            by_comment: clauses.by_comment,
            with: clauses.with,
            id: clauses.id,
            for_: clauses.for_,
            reverse_path: clauses.reverse_path,
            date: clauses.date,
            has_from: clauses.has_from,
            ..Reading::default()
        };
        let mut products = [Text::new(""); PRODUCTS];
        let mut product_count = 0;
        let mut client = [Token::EMPTY; CLIENT_TOKENS];
        let mut client_count = 0;
        for (at, token) in tokens.iter().enumerate() {
            let in_from = (clauses.from.0..clauses.from.1).contains(&at);
            let noted = token.kind == Kind::Comment && notes.take(token.text, &mut reading);
            if in_from && !noted && token.kind != Kind::Semicolon {
                if let Some(slot) = client.get_mut(client_count) {
                    *slot = token.trimmed();
                    client_count += 1;
                }
            } else if !in_from
                && !noted
                && token.kind == Kind::Comment
                && let Some(slot) = products.get_mut(product_count)
            {
                *slot = Text::new(token.text);
                product_count += 1;
            }
        }
        let view = View {
            clauses: &clauses,
            products: products.get(..product_count).unwrap_or_default(),
            with: clauses.with.map(Text::new),
            by: clauses.by.map(Text::new),
            via: clauses.via.map(Text::new),
            id: clauses.id.map(Text::new),
            lead: tokens
                .first()
                .filter(|token| token.kind == Kind::Comment)
                .map(|token| Text::new(token.text)),
            first: client
                .first()
                .filter(|_| client_count > 0)
                .map(|token| Text::new(token.text)),
            client: client.get(..client_count).unwrap_or_default(),
            tokens,
        };
        notes.protocol(&mut reading);
        if let Some(doubt) = clauses.doubt {
            reading.unread = Some(doubt);
            return reading;
        }
        let has = view.has();
        let outline = Outline::of(view.client.iter().map(|token| token.kind));
        let bit = outline.bit();
        for ready in &self.rules {
            if ready.needs & !has == 0
                && ready.outlines & bit != 0
                && ready.recognises(&view)
                && let Some(client) = ready.client(view.client, outline)
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
                let mut tokens = Vec::new();
                lex::tokens(&example.line, &mut tokens);
                let reading = self.read(&example.line, &tokens, notes);
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
                let mut tokens = Vec::new();
                lex::tokens(&example.line, &mut tokens);
                if self.read(&example.line, &tokens, notes).rule == rule.id {
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
    /// Returns whether everything that the rule names fits; what it needs is there.
    fn recognises(&self, view: &View<'_, '_>) -> bool {
        let rule = &self.rule;
        let one = |patterns: &Globs, text: &Option<Text<'_>>| {
            patterns.is_empty() || text.as_ref().is_some_and(|text| patterns.fit(text))
        };
        let products = &rule.product;
        one(&rule.with, &view.with)
            && (products.is_empty() || view.products.iter().any(|text| products.fit(text)))
            && one(&rule.by, &view.by)
            && one(&rule.via, &view.via)
            && one(&rule.id_is, &view.id)
            && one(&rule.lead, &view.lead)
            && one(&rule.first, &view.first)
            && (rule.comment.is_empty()
                || view.tokens.iter().any(|token| {
                    token.kind == Kind::Comment && rule.comment.fit(&Text::new(token.text))
                }))
    }

    /// Returns the client part by the first shape that fits; a rule without shapes reads none.
    fn client<'t>(&self, client: &[Token<'t>], outline: Outline) -> Option<Client<'t>> {
        if self.shapes.is_empty() {
            return Some(Client::default());
        }
        self.shapes
            .iter()
            .filter(|shape| shape.may_fit(outline))
            .find_map(|shape| shape.read(client))
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
        reading.auth |= self.rule.auth || client.account.is_some();
        reading.account = client.account.or(reading.account);
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
