//! The bytes of a table: variable-length integers, and a frame that shows what was cut or flipped.

use super::load::TableError;

const MAGIC: &[u8; 4] = b"PCLT";

/// The layout; another one is refused.
const LAYOUT: u8 = 1;

/// Magic, layout, length of the body, sum of the body.
const FRAME: usize = 4 + 1 + 4 + 8;

/// Writes integers behind each other.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number > 0x7F {
            self.byte((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(super) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    #[cfg(test)]
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The framed table; nothing when it is longer than can be said.
    pub(super) fn frame(self) -> Option<Vec<u8>> {
        let mut framed = Vec::with_capacity(self.bytes.len().saturating_add(FRAME));
        framed.extend_from_slice(MAGIC);
        framed.push(LAYOUT);
        framed.extend_from_slice(&u32::try_from(self.bytes.len()).ok()?.to_le_bytes());
        framed.extend_from_slice(&sum(&self.bytes).to_le_bytes());
        framed.extend_from_slice(&self.bytes);
        Some(framed)
    }
}

/// The body of a framed table.
pub(super) fn unframe(bytes: &[u8]) -> Result<&[u8], TableError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(TableError::NotATable)?;
    let (layout, rest) = rest.split_first().ok_or(TableError::Truncated)?;
    if *layout != LAYOUT {
        return Err(TableError::OtherVersion { found: *layout });
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(TableError::Truncated)?;
    let (expected, body) = rest.split_first_chunk::<8>().ok_or(TableError::Truncated)?;
    let length = u32::from_le_bytes(*length) as usize;
    if body.len() != length {
        return Err(if body.len() < length { TableError::Truncated } else { TableError::TrailingBytes });
    }
    if sum(body) != u64::from_le_bytes(*expected) {
        return Err(TableError::WrongSum);
    }
    Ok(body)
}

/// Tells accidents, not forgeries.
fn sum(bytes: &[u8]) -> u64 {
    let mut state = bytes.len() as u64 ^ 0x9E37_79B9_7F4A_7C15;
    let mix = |state: u64, word: u64| {
        let mixed = (state ^ word).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        mixed ^ (mixed >> 32)
    };
    let mut chunks = bytes.chunks_exact(8);
    for chunk in chunks.by_ref() {
        state = mix(state, chunk.first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word)));
    }
    let rest = chunks.remainder().iter().rev().fold(1, |word, byte| word << 8 | u64::from(*byte));
    mix(state, rest)
}

/// Reads what [`Writer`] wrote, believing none of it.
#[derive(Debug)]
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) fn new(body: &'b [u8]) -> Self {
        Self { rest: body }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, TableError> {
        let (first, rest) = self.rest.split_first().ok_or(TableError::Malformed)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn text(&mut self, len: usize) -> Result<&'b [u8], TableError> {
        let (text, rest) = self.rest.split_at_checked(len).ok_or(TableError::Malformed)?;
        self.rest = rest;
        Ok(text)
    }

    #[inline]
    pub(super) fn number(&mut self) -> Result<u64, TableError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(TableError::Malformed)
    }

    #[inline]
    pub(super) fn small(&mut self) -> Result<u32, TableError> {
        u32::try_from(self.number()?).map_err(|_| TableError::Malformed)
    }

    pub(super) fn signed(&mut self) -> Result<i64, TableError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// How many entries follow; each takes a byte at least, so no more than there are bytes.
    pub(super) fn count(&mut self) -> Result<usize, TableError> {
        let count = self.small()? as usize;
        if count > self.rest.len() { Err(TableError::Malformed) } else { Ok(count) }
    }

    /// A number below `bound`.
    #[inline]
    pub(super) fn index(&mut self, bound: usize) -> Result<u32, TableError> {
        let index = self.small()?;
        if (index as usize) < bound { Ok(index) } else { Err(TableError::Malformed) }
    }
}
