//! Changes inputs at random, for where there is no libFuzzer. The same luck makes the same changes.

/// Numbers that follow from a seed.
#[derive(Clone, Copy, Debug)]
pub struct Luck(u64);

impl Luck {
    /// Starts with a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or(0).checked_rem(bound).unwrap_or(0)
    }
}

/// Pieces that mean something to one reader or another.
const WORDS: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "\"\"\"",
    ":",
    ",",
    "$n",
    "...",
    "... on ",
    "@include(if:",
    "fragment F on T{",
    "query",
    "null",
    "true",
    "-1",
    "1e9",
    "99999999999999999999",
    "\\u0071",
    "\\ud800",
    "#",
    "\r\n",
    "--b",
    "--b--",
    "; name=\"",
    "variables",
    "operationName",
    "extensions",
    "%7B",
    "&",
    ";",
    "+",
    "=",
    "Did you mean",
    "\u{feff}",
    "\u{2028}",
    "first:",
];

/// An input made from another, which may borrow from a third; at most `most` bytes.
pub fn mutated(input: &[u8], other: &[u8], luck: &mut Luck, most: usize) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=luck.below(5) {
        let at = luck.below(bytes.len() + 1);
        let end = (at + luck.below(16)).min(bytes.len());
        match luck.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << luck.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(luck.below(256)).unwrap_or(0),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                let to = luck.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            4 => {
                let from = luck.below(other.len() + 1);
                let to = (from + luck.below(64)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            5 => {
                let piece = bytes[at..end].repeat(1 + luck.below(40));
                bytes.splice(at..end, piece);
            }
            _ => {
                let word = WORDS[luck.below(WORDS.len())];
                bytes.splice(at..at, word.bytes());
            }
        }
    }
    bytes.truncate(most);
    bytes
}
