//! Folds names into 64 bits, eight bytes a step.
//!
//! Every step is a bijection of the state for a fixed word and of the word for a fixed state, so two streams that differ in one
//! word never collide. Not a defence against someone who wants a collision: callers either compare the text as well or can
//! afford one, and say which.

/// A running hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash(u64);

/// What heads are multiplied by.
const TO_HEADS: u64 = 0xA076_1D64_78BD_642F;

impl Hash {
    pub(crate) const SEED: Hash = Hash(0x9E37_79B9_7F4A_7C15);

    /// Takes one word in.
    #[inline(always)]
    pub(crate) fn word(self, word: u64) -> Hash {
        let mixed = (self.0 ^ word).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Hash(mixed ^ (mixed >> 32))
    }

    /// Takes in `head` and the `len` bytes at `start`; `head` should tell texts of different length apart.
    #[inline(always)]
    pub(crate) fn text(self, head: u64, bytes: &[u8], start: u32, len: u32) -> Hash {
        let state = Hash(self.0 ^ head.wrapping_mul(TO_HEADS));
        // One comparison for most: 0 wraps to more than 8.
        if len.wrapping_sub(1) < 8 {
            state.word(eight(bytes, start).wrapping_shl(64_u32.wrapping_sub(len.wrapping_mul(8))))
        } else if len == 0 {
            state.word(0)
        } else {
            state.long(bytes, start, len)
        }
    }

    /// The same as [`Hash::text`] with no bytes.
    #[inline(always)]
    pub(crate) fn empty(self, head: u64) -> Hash {
        Hash(self.0 ^ head.wrapping_mul(TO_HEADS)).word(0)
    }

    /// Takes in more than eight bytes; the last eight as one word, whatever the length.
    #[inline(always)]
    fn long(mut self, bytes: &[u8], mut start: u32, len: u32) -> Hash {
        let last = start.wrapping_add(len).wrapping_sub(8);
        while start < last {
            self = self.word(eight(bytes, start));
            start = start.wrapping_add(8);
        }
        self.word(eight(bytes, last))
    }

    #[inline]
    pub(crate) fn finish(self) -> u64 {
        self.0
    }
}

/// Something to tell names apart by in a few instructions: their length and their first and last eight bytes, mixed. Names that
/// differ in between share a key, so whoever uses it settles ties by the text.
#[inline]
pub(crate) fn key(bytes: &[u8], start: u32, len: u32) -> u64 {
    if len <= 8 {
        return Hash::SEED.text(u64::from(len), bytes, start, len).0;
    }
    let last = start.wrapping_add(len.wrapping_sub(8));
    Hash(u64::from(len)).word(eight(bytes, start)).word(eight(bytes, last)).0
}

/// The eight bytes at `start`, zeros past the end.
#[inline(always)]
pub(crate) fn eight(bytes: &[u8], start: u32) -> u64 {
    let at = start as usize;
    match bytes.get(at..at.wrapping_add(8)) {
        Some([a, b, c, d, e, f, g, h]) => u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
        _ => last(bytes.get(at..).unwrap_or(&[])),
    }
}

#[cold]
#[inline(never)]
fn last(rest: &[u8]) -> u64 {
    rest.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}
