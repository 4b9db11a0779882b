//! Marks where names end, for a whole text at once, sixteen bytes a step.
//!
//! Names are most of a document and half of them are longer than seven bytes: to look their ends up in a map of bits made beforehand
//! is cheaper than a loop over their bytes.

use wide::i8x16;

/// Bytes in one step, and steps in one word of the map.
const LANES: usize = 16;
const WORD: usize = 64;

/// Writes one bit for each byte of `text`, set where the byte is none of `A-Z`, `a-z`, `0-9`, `_`; and at least one set bit after the
/// last.
pub(crate) fn mark(text: &[u8], map: &mut Vec<u64>) {
    let (blocks, rest) = text.as_chunks::<WORD>();
    let mut last = [0; WORD];
    // What is not written stays 0, which no name has in it.
    if let Some(start) = last.get_mut(..rest.len()) {
        start.copy_from_slice(rest);
    }
    map.clear();
    map.reserve(blocks.len().saturating_add(1));
    map.extend(blocks.iter().map(outside_names));
    map.push(outside_names(&last));
}

/// A map to look up in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameEnds<'a>(&'a [u64]);

impl<'a> NameEnds<'a> {
    pub(crate) fn of(map: &'a [u64]) -> Self {
        NameEnds(map)
    }

    /// The first position from `at` on that is in no name; at most the length of the text.
    #[inline(always)]
    pub(crate) fn after(self, at: usize) -> usize {
        let word = at / WORD;
        match self.0.get(word) {
            Some(bits) if bits >> (at % WORD) != 0 => {
                at.wrapping_add((bits >> (at % WORD)).trailing_zeros() as usize)
            }
            Some(_) => self.from(word.wrapping_add(1)),
            None => at,
        }
    }

    /// The first such position from the word `word` on.
    #[cold]
    #[inline(never)]
    fn from(self, word: usize) -> usize {
        let empty = self.0.get(word..).unwrap_or(&[]).iter().take_while(|bits| **bits == 0).count();
        let word = word.wrapping_add(empty);
        let bits = self.0.get(word).map_or(0, |bits| bits.trailing_zeros() as usize);
        word.wrapping_mul(WORD).wrapping_add(bits)
    }
}

/// One bit a byte, the first byte lowest.
#[inline(always)]
fn outside_names(block: &[u8; WORD]) -> u64 {
    let (lanes, _) = block.as_chunks::<LANES>();
    let in_names = lanes.iter().rev().fold(0, |all, lane| all << LANES | u64::from(in_names(lane)));
    !in_names
}

#[inline(always)]
fn in_names(lane: &[u8; LANES]) -> u32 {
    let bytes = i8x16::new(lane.map(u8::cast_signed));
    // Comparisons are of signed bytes: a range moved down to start at -128 needs only one of them.
    let letters = (bytes | i8x16::splat(0x20)) - i8x16::splat(to_lowest(b'a'));
    let digits = bytes - i8x16::splat(to_lowest(b'0'));
    let in_names = i8x16::splat(-128 + 26).simd_gt(letters)
        | i8x16::splat(-128 + 10).simd_gt(digits)
        | bytes.simd_eq(i8x16::splat(b'_'.cast_signed()));
    in_names.to_bitmask()
}

/// What is to be taken off a byte so that `first` becomes -128.
const fn to_lowest(first: u8) -> i8 {
    first.wrapping_add(128).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in_name(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || byte == b'_'
    }

    /// Checks every position of a text against a loop over its bytes.
    #[track_caller]
    fn check(text: &[u8]) {
        let mut map = Vec::new();
        mark(b"left over from a text before", &mut map);
        mark(text, &mut map);
        let ends = NameEnds::of(&map);
        for at in 0..=text.len() {
            let name = text.iter().skip(at).take_while(|byte| is_in_name(**byte)).count();
            assert_eq!(ends.after(at), at + name, "from {at} in {text:?}");
        }
    }

    #[test]
    fn every_byte_in_every_place() {
        for place in 0..WORD {
            for byte in 0..=u8::MAX {
                for around in [b'a', b' ', 0xFF] {
                    let mut block = [around; WORD];
                    *block.get_mut(place).unwrap() = byte;
                    let bits = block.iter().enumerate();
                    let bits = bits.map(|(place, byte)| u64::from(!is_in_name(*byte)) << place);
                    assert_eq!(
                        outside_names(&block),
                        bits.sum::<u64>(),
                        "{byte} in place {place} among {around}"
                    );
                }
            }
        }
    }

    #[test]
    fn names_of_any_length_end_where_they_should() {
        for len in [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 300] {
            for blanks in [0, 1, 2, 63, 64] {
                let name = "a".repeat(len);
                check(format!("{}{name}", " ".repeat(blanks)).as_bytes());
                check(format!("{}{name}(", " ".repeat(blanks)).as_bytes());
            }
        }
    }
}
