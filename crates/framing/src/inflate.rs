//! Compressed bodies, inflated within bounds.
//!
//! A body is one compressed stream and nothing else: servers differ in what they make of a second member, a second
//! frame or bytes after the end, so that those are malformed here. Memory is bounded by the bounds of the result and
//! by [`WINDOW_BYTES`].

mod brotli;
mod deflate;
mod message;
mod zstd;

use crate::encoding::Coding;

pub use message::{MessageInflater, inflate_message};

/// How far back a stream may reach for what it repeats. Brotli reserves this much when a stream says so; encoders stay
/// within it unless told otherwise.
const WINDOW_BYTES: usize = 4 << 20;

/// Below this size a result may be of any density: a few bytes of white space are dense.
const DENSE_BYTES: usize = 64 << 10;

/// What a body may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflation {
    /// Most bytes of the result.
    pub bytes: usize,
    /// Most bytes of the result for each compressed byte; holds where the result is larger than 64 KiB.
    pub ratio: usize,
}

/// Why a body was not inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// The result is larger than allowed.
    #[error("inflated it is larger than {limit} bytes")]
    TooLarge {
        /// Most bytes allowed.
        limit: usize,
    },
    /// The result is larger than allowed for its compressed size.
    #[error("inflated it is more than {limit} times as large")]
    TooDense {
        /// Most bytes allowed for each compressed byte.
        limit: usize,
    },
    /// The stream wants more memory for its window than is given.
    #[error("its window is larger than {limit} bytes")]
    WindowTooLarge {
        /// Most bytes allowed.
        limit: usize,
    },
    /// Not one whole stream of this compression: broken, cut short, or followed by something.
    #[error("it is not one whole compressed stream")]
    Malformed,
}

/// Inflates a whole body.
///
/// # Errors
/// [`InflateError`]: nothing of a body that breaks a bound or is malformed is given.
pub fn inflate(coding: Coding, body: &[u8], limit: Inflation) -> Result<Vec<u8>, InflateError> {
    let mut result = Inflated::new(body.len(), limit);
    match coding {
        Coding::Gzip => deflate::gzip(body, &mut result)?,
        Coding::Deflate => deflate::zlib(body, &mut result)?,
        Coding::Brotli => brotli::inflate(body, &mut result)?,
        Coding::Zstd => zstd::inflate(body, &mut result)?,
    }
    Ok(result.bytes)
}

/// The result as far as it goes.
#[derive(Debug)]
struct Inflated {
    bytes: Vec<u8>,
    most: usize,
    /// What it is to have more bytes.
    excess: InflateError,
}

impl Inflated {
    fn new(compressed: usize, limit: Inflation) -> Self {
        let dense = compressed.saturating_mul(limit.ratio).max(DENSE_BYTES);
        let (most, excess) = if dense < limit.bytes {
            (dense, InflateError::TooDense { limit: limit.ratio })
        } else {
            (limit.bytes, InflateError::TooLarge { limit: limit.bytes })
        };
        Self { bytes: Vec::new(), most, excess }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), InflateError> {
        if bytes.len() > self.most.saturating_sub(self.bytes.len()) {
            return Err(self.excess);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
