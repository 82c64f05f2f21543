//! Searches a text along every way of reading it, and masks what is found.
//!
//! In: octets, [`Forms`]. Out: [`Found`]s with what each place becomes; [`Masked`] octets.
//! Standards: RFC 2045 §6, RFC 2047 §6.2, RFC 4648 (the codes that are undone and written anew).
//! Trust: hostile text: depth, rounds and sizes are bounded, and what is masked is searched again.
//! Failures: never fails; what cannot be masked in place is found again by the next search.

use std::ops::Range;

use super::block;
use super::codes;
use super::forms::{Forms, Needle};
use super::quick::{self, DEPTH_LIMIT, Quick};
use super::view::{Span, Spanned, Step};
use super::ways::{Branch, WAYS};
use super::{Found, Masked};
use crate::evidence::decode::base64_octets;

/// Times that a text is masked and looked at again.
const ROUNDS: usize = 6;

/// Octets of a piece that is searched by itself.
const PIECE: usize = 512;

/// Octets that two pieces share, and that are looked at on both sides of a piece.
const OVERLAP: usize = 256;

/// How a text may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Lengths may change.
    Free,
    /// Octet for octet: the text stands inside a code.
    SameLength,
}

/// A search for one user, at one depth of codes.
pub(super) struct Search<'f> {
    forms: &'f Forms,
    change: Change,
    depth: usize,
}

impl<'f> Search<'f> {
    /// Returns a search of a text that stands by itself.
    pub(super) const fn of(forms: &'f Forms) -> Self {
        Self {
            forms,
            change: Change::Free,
            depth: 0,
        }
    }

    /// Masks what is found until nothing is; `None` where nothing was.
    pub(super) fn mask(&self, octets: &[u8]) -> Option<Masked> {
        let mut masked = self.mask_plain(octets);
        for _ in 0..ROUNDS {
            let text = masked
                .as_ref()
                .map_or(octets, |masked| masked.octets.as_slice());
            let found = self.find(text);
            if found.is_empty() {
                if let Some(masked) = &mut masked {
                    masked.is_clean = true;
                }
                break;
            }
            let (changed, count) = apply(text, found);
            let places = masked.as_ref().map_or(0, |masked| masked.places) + count;
            masked = Some(Masked {
                octets: changed,
                places,
                is_clean: false,
            });
            if count == 0 {
                break;
            }
        }
        masked
    }

    /// Masks the addresses that stand there as they are, of which there are most.
    fn mask_plain(&self, octets: &[u8]) -> Option<Masked> {
        if self.change == Change::SameLength {
            return None;
        }
        let plain = self.forms.plain_in(&octets.to_ascii_lowercase());
        let mut out = Vec::with_capacity(octets.len());
        let (mut at, mut places) = (0, 0);
        for (becomes, range) in plain {
            out.extend_from_slice(octets.get(at..range.start).unwrap_or_default());
            out.extend_from_slice(becomes.as_bytes());
            (at, places) = (range.end, places + 1);
        }
        out.extend_from_slice(octets.get(at..).unwrap_or_default());
        (places > 0).then_some(Masked {
            octets: out,
            places,
            is_clean: false,
        })
    }

    /// Returns every place where the user can be found.
    pub(super) fn find(&self, octets: &[u8]) -> Vec<Found> {
        let quick = Quick::of(self.forms);
        if !quick.suspects(octets, self.depth) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for piece in narrowed(&quick, octets, self.depth) {
            let from = piece.start.saturating_sub(OVERLAP);
            let near = octets.get(from..(piece.end + OVERLAP).min(octets.len()));
            let inside = self.everything(near.unwrap_or_default());
            // What begins beside the piece may have been cut, or belongs to another.
            let begins = |one: &Found| piece.contains(&(one.at + from));
            found.extend(inside.into_iter().filter(begins).map(|one| one.moved(from)));
        }
        if found.is_empty() {
            found = self.everything(octets);
        }
        found
    }

    /// Returns every place where the user can be found beside parts that are clean.
    pub(super) fn find_beside(&self, octets: &[u8], clean: &[&[u8]]) -> Vec<Found> {
        let mut parts: Vec<Range<usize>> = clean
            .iter()
            .filter_map(|part| Some((part, quick::place_of(part, octets)?)))
            // Our own words stand around a clean part: no code of another's goes on in them.
            .map(|(part, at)| quick::edges(self.forms, octets, &(at..at + part.len()), false))
            .filter(|part| part.start < part.end)
            .collect();
        parts.sort_unstable_by_key(|part| part.start);
        parts.push(octets.len()..octets.len());
        let mut found = Vec::new();
        let mut from = 0;
        for part in parts {
            let beside = octets.get(from..part.start).unwrap_or_default();
            let inside = self.find(beside);
            found.extend(inside.into_iter().map(|one| one.moved(from)));
            from = from.max(part.end);
        }
        found
    }

    /// Returns what is found along every way of reading, however long that takes.
    pub(super) fn everything(&self, octets: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        let whole = Spanned::whole(octets);
        self.explore(octets, &whole, true, WAYS, &mut Vec::new(), &mut found);
        self.in_words(octets, &mut found);
        found
    }

    /// Looks at a text as read along a path, and along every way that goes on from there.
    fn explore<'b>(
        &self,
        whole: &[u8],
        view: &Spanned,
        codes: bool,
        ways: &'b [Branch],
        path: &mut Vec<&'b Branch>,
        found: &mut Vec<Found>,
    ) {
        self.in_view(whole, view, codes, path, found);
        for way in ways.iter().filter(|way| way.step.applies(&view.octets)) {
            let read = view.read(way.step);
            if read.octets != view.octets {
                path.push(way);
                self.explore(whole, &read, way.codes && codes, way.then, path, found);
                path.pop();
            }
        }
    }

    fn inner(&self) -> Self {
        Self {
            forms: self.forms,
            change: Change::SameLength,
            depth: self.depth + 1,
        }
    }

    /// Finds in octets that a code gave: read as a text if they look like one, as they stand otherwise.
    fn find_decoded(&self, octets: &[u8]) -> Vec<Found> {
        if let Some((unpacked, taken)) = block::inflate_first(octets) {
            let found = self.find(&unpacked);
            // Nothing inside can be changed in place: the whole code goes.
            return found
                .into_iter()
                .take(1)
                .map(|found| Found {
                    way: format!("compressed, {}", found.way),
                    at: 0,
                    pieces: vec![((0, taken), vec![b'x'; taken])],
                    form: found.form,
                })
                .collect();
        }
        if block::is_text(octets) {
            return self.find(octets);
        }
        let mut found = Vec::new();
        let whole = Spanned::whole(octets);
        self.explore(octets, &whole, false, &[], &mut Vec::new(), &mut found);
        for stretch in block::stretches(octets) {
            let inside = self.find(octets.get(stretch.clone()).unwrap_or_default());
            found.extend(inside.into_iter().map(|one| one.moved(stretch.start)));
        }
        found
    }

    /// Finds in one view, whose octets know where they came from.
    fn in_view(
        &self,
        whole: &[u8],
        view: &Spanned,
        codes: bool,
        path: &[&Branch],
        found: &mut Vec<Found>,
    ) {
        let lower = view.octets.to_ascii_lowercase();
        let mut add = |form, pieces: Vec<(Span, Vec<u8>)>, code: &str| {
            if let Some(((at, _), _)) = pieces.first() {
                let names = path.iter().map(|way| way.name).chain([code]);
                let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
                found.push(Found {
                    form,
                    way: names.join(", "),
                    at: *at,
                    pieces,
                });
            }
        };
        for (needle, range) in self.forms.all_in(&lower) {
            let spans = view.spans.get(range.clone()).unwrap_or_default();
            let octets = view.octets.get(range).unwrap_or_default();
            add(
                needle.form,
                self.masked(whole, octets, spans, needle, path),
                "",
            );
        }
        let hex = self.forms.digests.in_hex(&lower);
        for (form, range) in hex
            .into_iter()
            .chain(self.forms.digests.in_base64(&view.octets))
        {
            let spans = view.spans.get(range.clone()).unwrap_or_default();
            let octets = view.octets.get(range).unwrap_or_default();
            add(form, crossed_out(whole, octets, spans), "");
        }
        if !codes || self.depth >= DEPTH_LIMIT {
            return;
        }
        let span = |at: usize| view.spans.get(at).copied();
        let inner = self.inner();
        for run in block::base64_runs(&view.octets) {
            let values = block::values_of(&view.octets, &run);
            let packed = codes::packed_in(&values).filter(|at| *at >= 4);
            for offset in (0..4.min(run.len())).chain(packed) {
                let run = run.get(offset..).unwrap_or_default();
                let decoded = base64_octets(values.get(offset..).unwrap_or_default());
                let inside = inner.find_decoded(&decoded);
                let Some((form, way)) = inside.first().map(|f| (f.form, f.way.clone())) else {
                    continue;
                };
                let changed = inner.mask_decoded(&decoded, inside);
                let pieces = block::base64_anew(&view.octets, run, &changed)
                    .into_iter()
                    .filter_map(|(at, octet)| Some((span(at)?, vec![octet])));
                add(form, pieces.collect(), &joined("base64", &way));
            }
        }
        for run in block::hex_runs(&view.octets) {
            for offset in 0..2 {
                let run = run.start + offset..run.end;
                let digits = view.octets.get(run.clone()).unwrap_or_default();
                let decoded = block::hex(digits);
                let inside = inner.find_decoded(&decoded);
                let Some((form, way)) = inside.first().map(|f| (f.form, f.way.clone())) else {
                    continue;
                };
                let changed = data_encoding::HEXLOWER.encode(&inner.mask_decoded(&decoded, inside));
                let pieces = changed.bytes().enumerate().filter_map(|(place, octet)| {
                    let at = run.start + place;
                    let old = view.octets.get(at)?;
                    (!old.eq_ignore_ascii_case(&octet)).then_some((span(at)?, vec![octet]))
                });
                add(form, pieces.collect(), &joined("hex", &way));
            }
        }
    }

    fn mask_decoded(&self, octets: &[u8], found: Vec<Found>) -> Vec<u8> {
        let (once, _) = apply(octets, found);
        if !block::is_text(octets) {
            return once;
        }
        self.mask(&once).map_or(once, |masked| masked.octets)
    }

    /// Finds in encoded words, which may share an address between them.
    fn in_words(&self, text: &[u8], found: &mut Vec<Found>) {
        if memchr::memmem::find(text, b"=?").is_none() || self.depth >= DEPTH_LIMIT {
            return;
        }
        let inner = self.inner();
        for group in block::word_groups(text) {
            let words: Vec<Vec<u8>> = group.iter().map(|word| word.octets(text)).collect();
            let joined_octets = words.concat();
            let inside = inner.find(&joined_octets);
            let Some((form, way)) = inside.first().map(|f| (f.form, f.way.clone())) else {
                continue;
            };
            let changed = inner.mask_decoded(&joined_octets, inside);
            let mut at = 0;
            let mut pieces = Vec::new();
            for (word, old) in group.iter().zip(&words) {
                let new = changed.get(at..at + old.len()).unwrap_or_default();
                at += old.len();
                if new != old.as_slice() {
                    pieces.push((
                        (word.text.start, word.text.end),
                        block::word_anew(word, new),
                    ));
                }
            }
            if let Some(((at, _), _)) = pieces.first() {
                found.push(Found {
                    form,
                    way: joined("encoded word", &way),
                    at: *at,
                    pieces,
                });
            }
        }
    }

    /// Returns what a match becomes, keeping every octet between its own: line ends, tags.
    fn masked(
        &self,
        whole: &[u8],
        octets: &[u8],
        spans: &[Span],
        needle: &Needle,
        path: &[&Branch],
    ) -> Vec<(Span, Vec<u8>)> {
        let is_code = |way: &&Branch| matches!(way.step, Step::Escapes | Step::Numbers);
        let Some(becomes) = needle
            .becomes
            .as_deref()
            .filter(|_| self.change == Change::Free && !path.iter().any(is_code))
        else {
            return crossed_out(whole, octets, spans);
        };
        let becomes = escaped(becomes, path);
        let mut segments: Vec<Span> = Vec::new();
        for span in spans {
            match segments.last_mut() {
                Some(last) if span.0 <= last.1 => last.1 = last.1.max(span.1),
                _ => segments.push(*span),
            }
        }
        // An escape such as `%40` must not be torn apart by a line end.
        let (mut rest, last) = (becomes.as_slice(), segments.len().saturating_sub(1));
        segments
            .into_iter()
            .enumerate()
            .map(|(place, segment)| {
                let now = match rest {
                    [] => vec![b'x'],
                    [first, after @ ..] if place < last && first.is_ascii_alphanumeric() => {
                        rest = after;
                        vec![*first]
                    }
                    _ if place < last => Vec::new(),
                    _ => rest.to_vec(),
                };
                let old = whole.get(segment.0..segment.1).unwrap_or_default();
                (segment, [now, line_ends(old)].concat())
            })
            .collect()
    }
}

/// Returns the pieces of a text that may hold something, in order and apart from each other.
fn narrowed(quick: &Quick<'_>, octets: &[u8], depth: usize) -> Vec<Range<usize>> {
    let whole = 0..octets.len();
    let mut found: Vec<Range<usize>> = Vec::new();
    // Known to be suspicious; the leftmost last.
    let mut open = vec![whole];
    while let Some(piece) = open.pop() {
        let middle = piece.start + piece.len() / 2;
        let halves = [
            piece.start..(middle + OVERLAP / 2).min(piece.end),
            middle.saturating_sub(OVERLAP / 2).max(piece.start)..piece.end,
        ];
        let before = open.len();
        if piece.len() > PIECE {
            let suspicious = halves
                .into_iter()
                .rev()
                .filter(|half| quick.suspects(octets.get(half.clone()).unwrap_or_default(), depth));
            open.extend(suspicious);
        }
        if open.len() > before {
            continue;
        }
        match found.last_mut() {
            Some(last) if piece.start <= last.end => last.end = last.end.max(piece.end),
            _ => found.push(piece),
        }
    }
    found
}

/// Returns a replacement in the encodings through which the match was read.
fn escaped(becomes: &str, path: &[&Branch]) -> Vec<u8> {
    let times = |step| path.iter().filter(|way| way.step == step).count();
    let percent = times(Step::Percent);
    let mut out = String::new();
    for c in becomes.chars() {
        match c {
            '@' | ' ' | '/' | '#' | '=' if percent > 0 => {
                out.push('%');
                out.push_str(&"25".repeat(percent - 1));
                out.push_str(&format!("{:02X}", c as u32));
            }
            '=' if times(Step::QuotedPrintable) > 0 => out.push_str("=3D"),
            c => out.push(c),
        }
    }
    out.into_bytes()
}

/// Returns the line ends inside an octet that was written over several lines, with what belongs to them.
///
/// RFC 2045 §6.7 (5): the `=` before a soft break stays; RFC 5322 §2.2.3: so do the blanks behind a fold.
fn line_ends(old: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    for (at, _) in old.iter().enumerate().filter(|(_, octet)| **octet == b'\n') {
        let before = old.get(..at).unwrap_or_default();
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        let blank = |octet: &&u8| matches!(octet, b' ' | b'\t');
        let blanks = before.iter().rev().take_while(blank).count();
        let mark = before.len() - blanks;
        let from = if mark > 0 && before.get(mark - 1) == Some(&b'=') {
            mark - 1
        } else {
            before.len()
        };
        let after = old.get(at + 1..).unwrap_or_default();
        let to = at + 1 + after.iter().take_while(blank).count();
        kept.extend_from_slice(old.get(from..to).unwrap_or_default());
    }
    kept
}

/// Returns a match with its letters and digits crossed out one by one, and all else as it stands.
fn crossed_out(whole: &[u8], octets: &[u8], spans: &[Span]) -> Vec<(Span, Vec<u8>)> {
    let tells = |octet: &u8| octet.is_ascii_alphanumeric() || !octet.is_ascii();
    let mut pieces: Vec<(Span, Vec<u8>)> = Vec::new();
    for (octet, span) in octets.iter().zip(spans) {
        let old = whole.get(span.0..span.1).unwrap_or_default();
        if !tells(octet) || pieces.last().is_some_and(|(last, _)| last.1 > span.0) {
            continue;
        }
        let crossed = old.iter().map(|octet| {
            if octet.is_ascii_whitespace() {
                *octet
            } else {
                b'x'
            }
        });
        pieces.push((*span, crossed.collect()));
    }
    pieces
}

/// Applies what does not overlap, the longest first; returns how many places changed.
///
/// A whole address stands over its local part, whichever way of reading found it.
fn apply(text: &[u8], found: Vec<Found>) -> (Vec<u8>, usize) {
    let mut places: Vec<(usize, usize, Found)> = found
        .into_iter()
        .filter_map(|found| {
            let from = found.pieces.iter().map(|(span, _)| span.0).min()?;
            let to = found.pieces.iter().map(|(span, _)| span.1).max()?;
            Some((from, to, found))
        })
        .collect();
    places.sort_by_key(|(from, to, _)| (std::cmp::Reverse(to - from), *from));
    let mut taken: std::collections::BTreeMap<usize, usize> = std::collections::BTreeMap::new();
    let mut pieces: Vec<(Span, Vec<u8>)> = Vec::new();
    for (from, to, found) in places {
        let before = taken.range(..to).next_back();
        if before.is_none_or(|(_, end)| *end <= from) {
            taken.insert(from, to);
            pieces.extend(found.pieces);
        }
    }
    let count = taken.len();
    pieces.sort_by_key(|(span, _)| *span);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for ((from, to), now) in pieces {
        if from < at {
            continue;
        }
        out.extend_from_slice(text.get(at..from).unwrap_or_default());
        out.extend_from_slice(&now);
        at = to;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    (out, count)
}

fn joined(code: &str, way: &str) -> String {
    if way.is_empty() {
        code.to_owned()
    } else {
        format!("{code}, {way}")
    }
}
