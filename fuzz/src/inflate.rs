//! Compressed bodies: whatever the stream says, its result stays within bounds.

use crate::choices::Choices;
use portcullis_framing::{Coding, InflateError, Inflation, inflate};

/// Below this size a result may be of any density.
const DENSE_BYTES: usize = 64 << 10;

/// Choices: coding, limits. The rest is the stream.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let coding = choices.one_of(&[Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd]);
    let limit = choices.one_of(&[
        Inflation { bytes: 256 << 10, ratio: 100 },
        Inflation { bytes: 0, ratio: 100 },
        Inflation { bytes: 64, ratio: 2 },
        Inflation { bytes: 1 << 20, ratio: 0 },
    ]);
    let stream = choices.rest();
    match inflate(coding, stream, limit) {
        Ok(result) => {
            let dense = stream.len().saturating_mul(limit.ratio).max(DENSE_BYTES);
            assert!(result.len() <= limit.bytes.min(dense), "larger than allowed");
            let exact = Inflation { bytes: result.len(), ..limit };
            assert_eq!(inflate(coding, stream, exact), Ok(result.clone()), "the limit is not inclusive");
            if let Some(bytes) = result.len().checked_sub(1) {
                let narrow = Inflation { bytes, ratio: usize::MAX };
                assert_eq!(inflate(coding, stream, narrow), Err(InflateError::TooLarge { limit: bytes }));
            }
        }
        Err(InflateError::TooLarge { limit: bytes }) => assert_eq!(bytes, limit.bytes),
        Err(InflateError::TooDense { limit: ratio }) => assert_eq!(ratio, limit.ratio),
        Err(InflateError::WindowTooLarge { .. } | InflateError::Malformed) => (),
    }
}
