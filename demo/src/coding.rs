//! Content codings: how a body is packed on the wire.

use anyhow::{Context as _, ensure};
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::{Read, Write as _};

/// A content coding, by the names of RFC 9110.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coding {
    /// gzip, RFC 1952.
    Gzip,
    /// deflate, that is zlib, RFC 1950.
    Deflate,
    /// br, RFC 7932.
    Brotli,
    /// zstd, RFC 8878.
    Zstd,
}

/// Brotli's window, as a power of two, its buffer, and the quality that balances size and time.
const WINDOW: u32 = 22;
const BUFFER: usize = 4096;
const QUALITY: u32 = 5;

impl Coding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gzip, Self::Deflate, Self::Brotli, Self::Zstd];

    /// What `content-encoding` calls it.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coding| coding.token().eq_ignore_ascii_case(token.trim()))
    }

    /// The bytes, packed.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn pack(self, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()?
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()?
            }
            Self::Brotli => {
                let mut packed = Vec::new();
                let mut encoder = brotli::CompressorWriter::new(&mut packed, BUFFER, QUALITY, WINDOW);
                encoder.write_all(bytes)?;
                encoder.flush()?;
                drop(encoder);
                packed
            }
            Self::Zstd => zstd::encode_all(bytes, zstd::DEFAULT_COMPRESSION_LEVEL)?,
        })
    }

    /// The packed bytes as they were, at most `limit`.
    ///
    /// # Errors
    /// When they are no such packing, break off, or unpack to more.
    pub fn unpack(self, packed: &[u8], limit: u64) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let enough = limit.saturating_add(1);
        let read = match self {
            Self::Gzip => GzDecoder::new(packed).take(enough).read_to_end(&mut bytes),
            Self::Deflate => ZlibDecoder::new(packed).take(enough).read_to_end(&mut bytes),
            Self::Brotli => brotli::Decompressor::new(packed, BUFFER).take(enough).read_to_end(&mut bytes),
            Self::Zstd => zstd::Decoder::new(packed)?.take(enough).read_to_end(&mut bytes),
        };
        let size = read.with_context(|| format!("not {}", self.token()))?;
        ensure!(u64::try_from(size)? <= limit, "more than {limit} bytes in {}", self.token());
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_unpacks_up_to_the_limit() {
        let text = "{me{id}}".repeat(5_000);
        let size = u64::try_from(text.len()).unwrap();
        for coding in Coding::ALL {
            let packed = coding.pack(text.as_bytes()).unwrap();
            assert!(packed.len() < 500, "{coding:?}: {}", packed.len());
            assert_eq!(coding.unpack(&packed, size).unwrap(), text.as_bytes(), "{coding:?}");
            assert!(coding.unpack(&packed, size - 1).is_err(), "{coding:?}");
            assert!(coding.unpack(&packed[..packed.len() / 2], size).is_err(), "{coding:?}");
            assert!(coding.unpack(text.as_bytes(), size).is_err(), "{coding:?}");
            assert_eq!(Coding::named(coding.token()), Some(coding));
        }
        assert_eq!((Coding::named(" GZip "), Coding::named("x")), (Some(Coding::Gzip), None));
    }
}
