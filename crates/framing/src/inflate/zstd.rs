//! Zstandard (RFC 8878): one frame, without a dictionary.

use super::{InflateError, Inflated};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::Read;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The largest window of the content coding (RFC 9659).
const WINDOW_BYTES: u64 = 8 << 20;

/// No block has more bytes, whatever the window.
const BLOCK_BYTES: usize = 128 << 10;

pub(super) fn inflate(body: &[u8], result: &mut Inflated) -> Result<(), InflateError> {
    let (header, blocks) = Header::read(body).ok_or(InflateError::Malformed)?;
    if header.window > WINDOW_BYTES {
        let limit = usize::try_from(WINDOW_BYTES).unwrap_or(usize::MAX);
        return Err(InflateError::WindowTooLarge { limit });
    }
    let fits = |size: u64| usize::try_from(size).is_ok_and(|size| size <= result.most);
    if header.content.is_some_and(|size| !fits(size)) {
        return Err(result.excess);
    }
    let start = header.without_content_size(result.most);
    let mut source = start.as_slice().chain(blocks);
    let mut decoder = FrameDecoder::new();
    decoder.init(&mut source).map_err(|_| InflateError::Malformed)?;
    while !decoder.is_finished() {
        let block = decoder.decode_blocks(&mut source, BlockDecodingStrategy::UptoBlocks(1));
        block.map_err(|_| InflateError::Malformed)?;
        result.push(&decoder.collect().unwrap_or_default())?;
    }
    let (_, after) = source.into_inner();
    let is_whole = header.content.is_none_or(|size| u64::try_from(result.bytes.len()) == Ok(size));
    let sum = decoder.get_checksum_from_data();
    let sum_matches = sum.is_none_or(|sum| decoder.get_calculated_checksum() == Some(sum));
    if !after.is_empty() || !is_whole || !sum_matches {
        return Err(InflateError::Malformed);
    }
    Ok(())
}

/// The header of a frame (RFC 8878 §3.1.1.1).
struct Header {
    /// Whether a checksum follows the blocks.
    checksum: bool,
    /// The byte that says the window; none when the frame is its own window.
    window_byte: Option<u8>,
    /// Bytes of the window.
    window: u64,
    /// Bytes of the result, when they are told.
    content: Option<u64>,
}

impl Header {
    /// The header that `body` begins with, and what follows.
    fn read(body: &[u8]) -> Option<(Self, &[u8])> {
        let (descriptor, mut rest) = body.strip_prefix(&MAGIC)?.split_first()?;
        let is_single_segment = descriptor & 0b0010_0000 != 0;
        // The reserved bit, and the length of a dictionary's id.
        if descriptor & 0b0000_1011 != 0 {
            return None;
        }
        let mut window_byte = None;
        if !is_single_segment {
            let (byte, after) = rest.split_first()?;
            (window_byte, rest) = (Some(*byte), after);
        }
        let length = match (descriptor >> 6, is_single_segment) {
            (0, false) => 0,
            (0, true) => 1,
            (1, _) => 2,
            (2, _) => 4,
            (_, _) => 8,
        };
        let (size, rest) = rest.split_at_checked(length)?;
        let number = size.iter().rev().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        let content = match length {
            0 => None,
            2 => Some(number.saturating_add(256)),
            _ => Some(number),
        };
        let window = window_byte.map_or(content.unwrap_or_default(), window);
        Some((Self { checksum: descriptor & 0b0000_0100 != 0, window_byte, window, content }, rest))
    }

    /// The same header with no larger a window than a result of `most` bytes can use: the decoder keeps a window's
    /// worth of bytes to itself, so that an excess would be seen that much later.
    fn without_content_size(&self, most: usize) -> [u8; 6] {
        let enough = u64::try_from(most.max(BLOCK_BYTES)).unwrap_or(u64::MAX).min(self.window);
        let power = (0..=24_u8).map(|power| power << 3).find(|byte| window(*byte) >= enough);
        let window_byte = match (self.window_byte, power) {
            (Some(own), Some(power)) if window(own) <= window(power) => own,
            (_, power) => power.unwrap_or(u8::MAX),
        };
        let [a, b, c, d] = MAGIC;
        [a, b, c, d, if self.checksum { 0b0000_0100 } else { 0 }, window_byte]
    }
}

/// RFC 8878 §3.1.1.1.2: an exponent of two from 1 KiB on, and eighths on top.
fn window(byte: u8) -> u64 {
    let base = 1_u64 << 10 << (byte >> 3);
    base.saturating_add((base >> 3).saturating_mul(u64::from(byte & 7)))
}
