//! Bends octets: the same round bends the same way.

/// What parsers trip over.
const WORDS: [&[u8]; 40] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\n",
    b"\0",
    b" ",
    b"\t",
    b"(",
    b")",
    b"((((((((((((((((((((",
    b"[",
    b"]",
    b"<",
    b">",
    b"\"",
    b"\\",
    b";",
    b":",
    b"@",
    b"=",
    b"--",
    b"=?utf-8?B?",
    b"?=",
    b"%",
    b"%00",
    b"\x1b[31m",
    b"\xff\xfe",
    b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae",
    b"from ",
    b" by ",
    b" with ",
    b"[192.0.2.7]",
    b"99999999999999999999",
    b"-1",
    b"{",
    b"}",
    b"null",
    b"From a@b Sat Nov 21 10:00:00 2026\n",
];

/// Octets of a bent input at most: what is longer only takes longer.
const OCTETS: usize = 16 * 1024;

/// A small generator: xorshift64*, seeded with the round.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Returns a number below `end`; 0 where there is none.
    fn below(&mut self, end: usize) -> usize {
        if end == 0 {
            return 0;
        }
        usize::try_from(self.roll() % u64::try_from(end).unwrap()).unwrap()
    }
}

/// Returns a seed with one to eight bends.
pub(crate) fn bent(seeds: &[&[u8]], round: u64) -> Vec<u8> {
    let mut dice = Dice((round + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for _ in 0..3 {
        dice.roll();
    }
    let mut octets = seeds[dice.below(seeds.len())].to_vec();
    for _ in 0..=dice.below(8) {
        bend(&mut octets, seeds, &mut dice);
    }
    octets.truncate(OCTETS);
    octets
}

fn bend(octets: &mut Vec<u8>, seeds: &[&[u8]], dice: &mut Dice) {
    let at = dice.below(octets.len() + 1);
    let widest = [2, 8, 64, 512][dice.below(4)];
    let span = dice.below(widest);
    let end = (at + span).min(octets.len());
    match dice.below(8) {
        0 if at < octets.len() => octets[at] ^= 1 << dice.below(8),
        1 if at < octets.len() => octets[at] = u8::try_from(dice.below(256)).unwrap(),
        2 => {
            octets.drain(at..end);
        }
        3 => {
            let again = octets[at..end].to_vec();
            octets.splice(at..at, again);
        }
        4 => octets.truncate(at),
        5 => {
            let other = seeds[dice.below(seeds.len())];
            let from = dice.below(other.len() + 1);
            octets.truncate(at);
            octets.extend_from_slice(&other[from..]);
        }
        6 => {
            // A word many times over.
            let word = WORDS[dice.below(WORDS.len())];
            let many = word.repeat(1 + dice.below(60));
            octets.splice(at..at, many);
        }
        _ => {
            let word = WORDS[dice.below(WORDS.len())];
            octets.splice(at..end.min(at + word.len()), word.iter().copied());
        }
    }
}
