//! Compressed bodies.

use portcullis_framing::{Coding, Inflation, inflate};
use proptest::prelude::*;

/// Each compressed file with what it is compressed by.
const COMPRESSED: [(Coding, &[u8]); 9] = [
    (Coding::Gzip, include_bytes!("../../testdata/inflate/request.gz")),
    (Coding::Gzip, include_bytes!("../../testdata/inflate/spaces_1mib.gz")),
    (Coding::Deflate, include_bytes!("../../testdata/inflate/request.zlib")),
    (Coding::Brotli, include_bytes!("../../testdata/inflate/request.br")),
    (Coding::Brotli, include_bytes!("../../testdata/inflate/window_4mib.br")),
    (Coding::Brotli, include_bytes!("../../testdata/inflate/spaces_1mib.br")),
    (Coding::Zstd, include_bytes!("../../testdata/inflate/request.zst")),
    (Coding::Zstd, include_bytes!("../../testdata/inflate/streamed.zst")),
    (Coding::Zstd, include_bytes!("../../testdata/inflate/spaces_1mib.zst")),
];

proptest! {
    #[test]
    fn broken_streams_never_panic_and_stay_within_bounds(
        file in 0..COMPRESSED.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (coding, body) = COMPRESSED[file];
        let mut body = body.to_vec();
        for (at, byte) in changes {
            let length = body.len();
            body[at.index(length)] = byte;
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len()));
        }
        let limit = Inflation { bytes: 300_000, ratio: 50 };
        if let Ok(result) = inflate(coding, &body, limit) {
            prop_assert!(result.len() <= limit.bytes.min((body.len() * limit.ratio).max(64 << 10)));
        }
    }
}
