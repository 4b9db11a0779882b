//! Brotli (RFC 7932), without the extension of large windows.

use super::{InflateError, Inflated, WINDOW_BYTES};
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

const CHUNK_BYTES: usize = 8 << 10;

pub(super) fn inflate(body: &[u8], result: &mut Inflated) -> Result<(), InflateError> {
    if wants_more_than_4_mib(body) {
        return Err(InflateError::WindowTooLarge { limit: WINDOW_BYTES });
    }
    let mut state =
        BrotliState::new_strict(StandardAlloc::default(), StandardAlloc::default(), StandardAlloc::default());
    let mut chunk = [0; CHUNK_BYTES];
    let (mut left, mut read) = (body.len(), 0);
    let mut total = 0;
    loop {
        let (mut space, mut written) = (chunk.len(), 0);
        let status = BrotliDecompressStream(
            &mut left,
            &mut read,
            body,
            &mut space,
            &mut written,
            &mut chunk,
            &mut total,
            &mut state,
        );
        result.push(chunk.get(..written).unwrap_or_default())?;
        match status {
            BrotliResult::ResultSuccess if left == 0 => return Ok(()),
            BrotliResult::NeedsMoreOutput if written > 0 => (),
            BrotliResult::ResultSuccess
            | BrotliResult::NeedsMoreOutput
            | BrotliResult::NeedsMoreInput
            | BrotliResult::ResultFailure => return Err(InflateError::Malformed),
        }
    }
}

/// The windows of 8 and 16 MiB, which are the last two of the codes `0011` to `1111` (RFC 7932 §9.1).
fn wants_more_than_4_mib(body: &[u8]) -> bool {
    body.first().is_some_and(|first| first & 1 == 1 && (first >> 1) & 7 >= 6)
}
