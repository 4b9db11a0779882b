//! The first bytes of an input, which choose; and how the rest of it is cut.

/// Takes choices from the front of an input. Where there are no more bytes, the first of everything is chosen.
#[derive(Clone, Copy, Debug)]
pub struct Choices<'b> {
    rest: &'b [u8],
}

impl<'b> Choices<'b> {
    /// Starts at the front.
    pub fn of(input: &'b [u8]) -> Self {
        Self { rest: input }
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()).checked_rem(bound).unwrap_or(0)
    }

    /// One of several.
    pub fn one_of<T: Copy>(&mut self, several: &[T]) -> T {
        several[self.below(several.len())]
    }

    /// The next byte's lowest bit.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// What has not been taken.
    pub fn rest(self) -> &'b [u8] {
        self.rest
    }

    /// Whether nothing is left.
    pub fn is_empty(self) -> bool {
        self.rest.is_empty()
    }
}

/// Cuts bytes into chunks whose lengths follow from `seed`: single bytes for 0, else of 0 to a few dozen bytes.
pub(crate) fn chunks(bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut chunks = Vec::new();
    let mut state = u32::from(seed).wrapping_mul(0x9E37_79B9) | 1;
    let mut rest = bytes;
    while !rest.is_empty() {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let length = match (seed, state >> 29) {
            (0, _) => 1,
            (_, 0) => 0,
            (_, 1..=4) => 1 + (state & 3) as usize,
            (_, _) => 1 + (state & 63) as usize,
        };
        let (chunk, after) = rest.split_at(length.min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_put_together_are_the_whole() {
        let whole: Vec<u8> = (0..=255).collect();
        for seed in 0..=255 {
            assert_eq!(chunks(&whole, seed).concat(), whole, "seed {seed}");
        }
        assert_eq!(chunks(&whole, 0).len(), whole.len());
    }
}
