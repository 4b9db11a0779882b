//! gzip (RFC 1952) and zlib (RFC 1950), both around a deflate stream (RFC 1951).

use super::{InflateError, Inflated};
use flate2::{Crc, Decompress, FlushDecompress, Status};

const CHUNK_BYTES: usize = 8 << 10;

pub(super) fn zlib(body: &[u8], result: &mut Inflated) -> Result<(), InflateError> {
    let after = stream(body, Decompress::new(true), result)?;
    whole(after)
}

pub(super) fn gzip(body: &[u8], result: &mut Inflated) -> Result<(), InflateError> {
    let compressed = after_header(body).ok_or(InflateError::Malformed)?;
    let after = stream(compressed, Decompress::new(false), result)?;
    let (sum, after) = after.split_first_chunk().ok_or(InflateError::Malformed)?;
    let (size, after) = after.split_first_chunk().ok_or(InflateError::Malformed)?;
    let size_matches =
        usize::try_from(u32::from_le_bytes(*size)).is_ok_and(|size| size == result.bytes.len());
    if !size_matches || u32::from_le_bytes(*sum) != crc(&result.bytes) {
        return Err(InflateError::Malformed);
    }
    whole(after)
}

fn whole(after: &[u8]) -> Result<(), InflateError> {
    if after.is_empty() { Ok(()) } else { Err(InflateError::Malformed) }
}

/// Inflates one stream; what follows it.
fn stream<'b>(
    body: &'b [u8],
    mut decompress: Decompress,
    result: &mut Inflated,
) -> Result<&'b [u8], InflateError> {
    let mut chunk = [0; CHUNK_BYTES];
    let mut rest = body;
    loop {
        let (read, written) = (decompress.total_in(), decompress.total_out());
        let status = decompress.decompress(rest, &mut chunk, FlushDecompress::None);
        let status = status.map_err(|_| InflateError::Malformed)?;
        let read = length(decompress.total_in(), read);
        let written = length(decompress.total_out(), written);
        result.push(chunk.get(..written).unwrap_or_default())?;
        rest = rest.get(read..).unwrap_or_default();
        match status {
            Status::StreamEnd => return Ok(rest),
            Status::Ok | Status::BufError if read == 0 && written == 0 => {
                return Err(InflateError::Malformed);
            }
            Status::Ok | Status::BufError => (),
        }
    }
}

pub(super) fn length(after: u64, before: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX)
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Bits of the flags of a gzip header (RFC 1952 §2.3.1).
mod flag {
    pub(super) const HEADER_SUM: u8 = 1 << 1;
    pub(super) const EXTRA: u8 = 1 << 2;
    pub(super) const NAME: u8 = 1 << 3;
    pub(super) const COMMENT: u8 = 1 << 4;
    pub(super) const RESERVED: u8 = 0b1110_0000;
}

fn after_header(body: &[u8]) -> Option<&[u8]> {
    let ([0x1f, 0x8b, 8, flags, _, _, _, _, _, _], mut rest) = body.split_first_chunk::<10>()? else {
        return None;
    };
    if flags & flag::RESERVED != 0 {
        return None;
    }
    if flags & flag::EXTRA != 0 {
        let (length, extra) = rest.split_first_chunk()?;
        rest = extra.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [flag::NAME, flag::COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end..)?.get(1..)?;
        }
    }
    if flags & flag::HEADER_SUM != 0 {
        let header = body.get(..body.len().checked_sub(rest.len())?)?;
        let (sum, after) = rest.split_first_chunk()?;
        let [low, high, ..] = crc(header).to_le_bytes();
        if *sum != [low, high] {
            return None;
        }
        rest = after;
    }
    Some(rest)
}
