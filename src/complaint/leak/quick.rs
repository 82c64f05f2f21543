//! Proves of most texts that the user cannot be found in them, without looking for where.
//!
//! In: octets, [`Forms`]. Out: whether anything may be there; [`Search`](super::search::Search) says what and where.
//! Standards: those of the ways to read a text.
//! Trust: hostile text; depth is bounded, and each way of reading is one pass.
//! Limits: looks too often where it is in doubt, never too seldom: what the search finds, this suspects. But for a form
//! that is spread over more than [`SPREAD`] times its length, a compressed token that is split far behind its start, and a
//! code that is text only as a whole and split far from what it hides.
//!
//! Read one way, a text differs from what it was only where octets were undone
//! or left out. A form that touches no such seam stood there before, and was
//! looked for then. [`WAYS`] holds with every path all that leave out one of
//! its steps, so this goes for paths, too: each reading is looked at, and read
//! further, only around its seams.

use std::ops::Range;

use super::block;
use super::forms::Forms;
use super::runs;
use super::seams::{Seamed, Window};
use super::ways::{Branch, WAYS};
use crate::evidence::decode::{base64_value, is_base64};

/// Codes within codes that are undone.
pub(super) const DEPTH_LIMIT: usize = 3;

/// How many times longer than a form the text may be that it is read from: each of its octets is `%25340`, or stands among tags.
pub(super) const SPREAD: usize = 8;

/// Octets around a seam that are looked at, at least: HTML tags may be as long as that.
const REACH: usize = 320;

/// Octets that a code must hold at least: a checksum in hex. What is compressed is longer. RFC 1950 §2.2.
const CODE_OCTETS: usize = 8;

/// base64 characters of the shortest code that counts as text.
const TEXT_CHARS: usize = block::TEXT_OCTETS / 3 * 4;

/// A quick look for one user.
pub(super) struct Quick<'f> {
    forms: &'f Forms,
    /// Octets below which a code holds nothing.
    shortest: usize,
    /// Which of the last groups of four values must be US-ASCII for a form to stand there.
    in_a_row: u8,
    reach: usize,
}

impl<'f> Quick<'f> {
    /// Returns a quick look for these forms.
    pub(super) fn of(forms: &'f Forms) -> Self {
        Self {
            forms,
            shortest: forms.shortest.min(CODE_OCTETS),
            in_a_row: match forms.shortest {
                0..5 => 0,
                5..8 => 0b1,
                _ => 0b1_0001,
            },
            reach: REACH.max(forms.longest.saturating_mul(SPREAD)),
        }
    }

    /// Returns whether a text may hold something, at a depth of codes.
    pub(super) fn suspects(&self, text: &[u8], depth: usize) -> bool {
        self.is_found(text, true, depth < DEPTH_LIMIT, depth)
            || self.reading(text, &[Window::whole(text)], true, WAYS, depth)
            || self.words(text, depth)
    }

    /// Looks at the codes in a reading of a text, and at every way to read it further.
    fn reading(
        &self,
        text: &[u8],
        code_windows: &[Window],
        codes: bool,
        ways: &[Branch],
        depth: usize,
    ) -> bool {
        if codes && depth < DEPTH_LIMIT {
            let mut windows = code_windows.iter();
            if windows.any(|window| self.base64(text, window, depth)) {
                return true;
            }
        }
        ways.iter()
            .filter(|way| way.step.applies(text))
            .any(|way| self.further(text, way, codes, depth))
    }

    /// Reads a text one way further, and looks around the seams of that.
    fn further(&self, text: &[u8], way: &Branch, codes: bool, depth: usize) -> bool {
        let read = Seamed::read(text, way.step, self.reach);
        read.windows.iter().any(|window| {
            let text = read.octets.get(window.range.clone()).unwrap_or_default();
            let within = |codes: &Window| codes.within(&window.range);
            // They are in order: what ends before this window is passed over.
            let first = read
                .code_windows
                .partition_point(|codes| codes.range.end <= window.range.start);
            let rest = read.code_windows.get(first..).unwrap_or_default();
            let code_windows: Vec<_> = rest.iter().map_while(within).collect();
            let codes = way.codes && codes;
            self.is_found(text, !way.no_digests, codes && depth < DEPTH_LIMIT, depth)
                || self.reading(text, &code_windows, codes, way.then, depth)
        })
    }

    /// Returns whether a text may hold a form as it is, or a digest, or one written in hex.
    fn is_found(&self, text: &[u8], digests: bool, hex: bool, depth: usize) -> bool {
        let lower = text.to_ascii_lowercase();
        self.forms.may_hold(&lower)
            || ((digests || hex)
                && runs::of(text, is_base64, runs::SHORTEST).any(|run| {
                    (digests && self.forms.digests.holds(text, &lower, &run))
                        || (hex && self.hex(text.get(run).unwrap_or_default(), depth))
                }))
    }

    /// Undoes base64, and looks at what it holds.
    fn base64(&self, text: &[u8], window: &Window, depth: usize) -> bool {
        let text = text.get(..window.range.end).unwrap_or(text);
        let room = window.range.len();
        let mut rest = Vec::with_capacity(room * 4);
        let mut values = Vec::with_capacity(room);
        let mut runs = runs::of(text, is_base64, block::BASE64_RUN);
        runs.pass(window.range.start);
        while let Some(run) = runs.next() {
            let start = run.start;
            let end = base64_run(text, run, &mut values);
            runs.pass(end);
            let is_new = start <= *window.seams.end() && *window.seams.start() <= end;
            if !is_new || !self.may_be_code(&values) {
                continue;
            }
            for offset in 0..4 {
                let from = rest.len();
                decode(values.get(offset..).unwrap_or_default(), &mut rest);
                if self.code(&rest, from, depth) {
                    return true;
                }
                rest.push(0);
            }
        }
        self.is_found(&rest, true, false, depth)
    }

    /// Returns whether the values of base64 characters may hold a form, in some offset.
    ///
    /// Prose is full of runs that are no code: what they give is not US-ASCII, as
    /// forms are. A form fills groups of three octets in a row, and so does what
    /// counts as text with at least half of its groups. What is compressed tells by
    /// its first octets.
    fn may_be_code(&self, values: &[u8]) -> bool {
        if values.len() * 3 / 4 < self.shortest {
            return false;
        }
        if !self.forms.is_ascii || (0..4).any(|offset| is_packed(values.get(offset..))) {
            return true;
        }
        // RFC 4648 §4: in four values, these are the highest bits of the three octets.
        let (mut first, mut second, mut third, mut groups) = (0u8, 0u8, 0u8, 0u8);
        let mut full = [0; 4];
        for (place, value) in values.iter().enumerate() {
            first = first << 1 | u8::from(value & 0b10_0000 == 0);
            second = second << 1 | u8::from(value & 0b00_1000 == 0);
            third = third << 1 | u8::from(value & 0b00_0010 == 0);
            let is_full = first >> 3 & second >> 2 & third >> 1 & 1;
            groups = groups << 1 | is_full;
            if groups & self.in_a_row == self.in_a_row {
                return true;
            }
            if let Some(full) = full.get_mut(place % 4) {
                *full += usize::from(is_full);
            }
        }
        values.len() >= TEXT_CHARS && full.iter().any(|full| full * 8 + 8 >= values.len())
    }

    /// Undoes hex, and looks at what it holds.
    fn hex(&self, text: &[u8], depth: usize) -> bool {
        if text.len() < block::HEX_RUN {
            return false;
        }
        let mut rest = Vec::new();
        for run in runs::of(text, |octet| octet.is_ascii_hexdigit(), block::HEX_RUN) {
            let digits = text.get(run).unwrap_or_default();
            for offset in 0..2 {
                let from = rest.len();
                rest.extend(block::hex(digits.get(offset..).unwrap_or_default()));
                if self.code(&rest, from, depth) {
                    return true;
                }
                rest.push(0);
            }
        }
        self.is_found(&rest, true, false, depth)
    }

    /// Looks at what one code gave, if it is a text, or compressed.
    fn code(&self, decoded: &[u8], from: usize, depth: usize) -> bool {
        let decoded = decoded.get(from..).unwrap_or_default();
        match block::inflate(decoded) {
            Some(unpacked) => self.suspects(&unpacked, depth + 1),
            None => block::is_text(decoded) && self.suspects(decoded, depth + 1),
        }
    }

    /// Looks at encoded words, which may share an address between them.
    fn words(&self, text: &[u8], depth: usize) -> bool {
        depth < DEPTH_LIMIT
            && memchr::memmem::find(text, b"=?").is_some()
            && block::word_groups(text).iter().any(|group| {
                let octets: Vec<Vec<u8>> = group.iter().map(|word| word.octets(text)).collect();
                self.suspects(&octets.concat(), depth + 1)
            })
    }
}

/// Takes the values of a run of base64 characters, over line ends; returns where it ends.
fn base64_run(text: &[u8], run: Range<usize>, values: &mut Vec<u8>) -> usize {
    values.clear();
    let mut at = run.start;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let from = values.len();
        values.extend(rest.iter().map_while(|octet| base64_value(*octet)));
        let taken = values.len() - from;
        match block::after_line_end(rest.get(taken..).unwrap_or_default()) {
            Some(after) => at = text.len() - after.len(),
            None => return at + taken,
        }
    }
}

/// Returns whether values of base64 characters begin as gzip or zlib does. RFC 1952 §2.3.1, RFC 1950 §2.2.
const fn is_packed(values: Option<&[u8]>) -> bool {
    let Some([a, b, c, ..]) = values else {
        return false;
    };
    let octets = [*a << 2 | *b >> 4, *b << 4 | *c >> 2];
    matches!(octets, [0x1f, 0x8b] | [0x78, 0x01 | 0x5e | 0x9c | 0xda])
}

/// Decodes the values of base64 characters.
fn decode(values: &[u8], into: &mut Vec<u8>) {
    let (fours, last) = values.as_chunks::<4>();
    let from = into.len();
    into.resize(from + fours.len() * 3, 0);
    let (threes, _) = into
        .get_mut(from..)
        .unwrap_or_default()
        .as_chunks_mut::<3>();
    for (three, [a, b, c, d]) in threes.iter_mut().zip(fours) {
        *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    match last {
        [a, b, c] => into.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2]),
        [a, b] => into.push(a << 2 | b >> 4),
        _ => {}
    }
}
