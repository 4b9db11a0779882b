use super::*;

const LIMIT: Inflation = Inflation { bytes: 256 << 10, ratio: 100 };
const REQUEST: &[u8] = include_bytes!("../../testdata/inflate/request.json");

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../testdata/inflate/", $name)) as &[u8]
    };
}

const WHOLE: [(Coding, &[u8]); 8] = [
    (Coding::Gzip, file!("request.gz")),
    (Coding::Deflate, file!("request.zlib")),
    (Coding::Brotli, file!("request.br")),
    (Coding::Brotli, file!("window_4mib.br")),
    (Coding::Zstd, file!("request.zst")),
    (Coding::Zstd, file!("request_checksum.zst")),
    (Coding::Zstd, file!("streamed.zst")),
    (Coding::Zstd, file!("window_8mib.zst")),
];

const BOMBS: [(Coding, &[u8]); 4] = [
    (Coding::Gzip, file!("spaces_1mib.gz")),
    (Coding::Deflate, file!("spaces_1mib.zlib")),
    (Coding::Brotli, file!("spaces_1mib.br")),
    (Coding::Zstd, file!("spaces_1mib.zst")),
];

#[track_caller]
fn refused(coding: Coding, body: &[u8], expected: InflateError) {
    assert_eq!(inflate(coding, body, LIMIT), Err(expected), "{coding:?}");
}

#[test]
fn what_clients_compress_is_inflated() {
    for (coding, body) in WHOLE {
        assert_eq!(inflate(coding, body, LIMIT).as_deref(), Ok(REQUEST), "{coding:?}");
    }
}

#[test]
fn only_one_whole_stream_is_inflated() {
    for (coding, body) in WHOLE {
        for cut in 0..body.len() {
            refused(coding, body.get(..cut).unwrap(), InflateError::Malformed);
        }
        for after in [b" ".as_slice(), b"\0", body, file!("request.zst")] {
            refused(coding, &[body, after].concat(), InflateError::Malformed);
        }
    }
    let skippable = [b"\x50\x2a\x4d\x18\0\0\0\0", file!("request.zst")].concat();
    refused(Coding::Zstd, &skippable, InflateError::Malformed);
}

#[test]
fn a_stream_of_another_kind_is_malformed() {
    refused(Coding::Deflate, file!("request.raw_deflate"), InflateError::Malformed);
    for (coding, _) in BOMBS {
        refused(coding, REQUEST, InflateError::Malformed);
        for (other, body) in WHOLE {
            if other != coding {
                assert!(inflate(coding, body, LIMIT).is_err(), "{coding:?} is not {other:?}");
            }
        }
    }
    refused(Coding::Deflate, file!("dictionary.zlib"), InflateError::Malformed);
    refused(Coding::Zstd, file!("dictionary.zst"), InflateError::Malformed);
}

#[test]
fn sums_are_checked() {
    for (coding, body, from_end) in [
        (Coding::Gzip, file!("request.gz"), 8),
        (Coding::Gzip, file!("request.gz"), 4),
        (Coding::Deflate, file!("request.zlib"), 4),
        (Coding::Zstd, file!("request_checksum.zst"), 4),
    ] {
        let mut broken = body.to_vec();
        let at = broken.len() - from_end;
        broken[at] ^= 1;
        refused(coding, &broken, InflateError::Malformed);
    }
}

#[test]
fn a_gzip_header_may_say_more() {
    let deflated = file!("request.gz").get(10..).unwrap();
    let with =
        |flags: u8, fields: &[u8]| [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3], fields, deflated].concat();
    for (flags, fields) in
        [(1, b"".as_slice()), (4, b"\x03\0abc"), (8, b"name\0"), (16, b"\0"), (28, b"\0\0a\0b\0")]
    {
        assert_eq!(inflate(Coding::Gzip, &with(flags, fields), LIMIT).as_deref(), Ok(REQUEST), "{flags}");
    }
    let header = with(2, b"").get(..10).unwrap().to_vec();
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    let sum = &crc.sum().to_le_bytes()[..2];
    assert_eq!(inflate(Coding::Gzip, &with(2, sum), LIMIT).as_deref(), Ok(REQUEST));
    refused(Coding::Gzip, &with(2, b"\0\0"), InflateError::Malformed);
    refused(Coding::Gzip, &with(0x20, b""), InflateError::Malformed);
    refused(Coding::Gzip, &with(0x80, b""), InflateError::Malformed);
    refused(Coding::Gzip, &with(4, b"\xff\xff"), InflateError::Malformed);
}

#[test]
fn the_size_of_a_result_has_a_limit() {
    for (coding, body) in WHOLE {
        let with = |bytes| inflate(coding, body, Inflation { bytes, ratio: 100 }).map(|result| result.len());
        let size = REQUEST.len();
        assert_eq!(with(size + 1), Ok(size), "{coding:?}");
        assert_eq!(with(size), Ok(size), "{coding:?}");
        assert_eq!(with(size - 1), Err(InflateError::TooLarge { limit: size - 1 }), "{coding:?}");
    }
    for (coding, body) in BOMBS {
        let with =
            |bytes| inflate(coding, body, Inflation { bytes, ratio: usize::MAX }).map(|result| result.len());
        assert_eq!(with(1 << 20), Ok(1 << 20), "{coding:?}");
        assert_eq!(with((1 << 20) - 1), Err(InflateError::TooLarge { limit: (1 << 20) - 1 }), "{coding:?}");
    }
}

#[test]
fn the_density_of_a_result_has_a_limit() {
    for (coding, body) in BOMBS {
        let mebibyte = 1 << 20;
        let exact = mebibyte / body.len();
        let with =
            |ratio| inflate(coding, body, Inflation { bytes: mebibyte, ratio }).map(|result| result.len());
        assert_eq!(with(exact + 1), Ok(mebibyte), "{coding:?}");
        assert_eq!(with(exact - 1), Err(InflateError::TooDense { limit: exact - 1 }), "{coding:?}");
        // Small results may be dense.
        let request = WHOLE.iter().find(|(other, _)| *other == coding).unwrap().1;
        assert_eq!(inflate(coding, request, Inflation { bytes: mebibyte, ratio: 0 }).as_deref(), Ok(REQUEST));
    }
}

#[test]
fn a_window_has_a_limit() {
    refused(Coding::Brotli, file!("window_16mib.br"), InflateError::WindowTooLarge { limit: 4 << 20 });
    refused(Coding::Brotli, file!("large_window.br"), InflateError::Malformed);
    refused(Coding::Zstd, file!("window_128mib.zst"), InflateError::WindowTooLarge { limit: 8 << 20 });
}

/// A message as a client compresses it: flushed, without the four bytes that are always the same.
fn deflated(text: &[u8]) -> Vec<u8> {
    let mut compress = flate2::Compress::new(flate2::Compression::default(), false);
    let mut bytes = Vec::with_capacity(text.len() + 1_000);
    compress.compress_vec(text, &mut bytes, flate2::FlushCompress::Sync).unwrap();
    bytes.truncate(bytes.strip_suffix(&[0, 0, 0xff, 0xff]).unwrap().len());
    bytes
}

#[test]
fn a_message_is_inflated_as_the_standard_shows() {
    let hello = |bytes: &[u8]| inflate_message(bytes, LIMIT);
    // RFC 7692 §7.2.3.1 to §7.2.3.5.
    assert_eq!(hello(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).as_deref(), Ok(&b"Hello"[..]));
    let stored = [&[0, 5, 0, 0xfa, 0xff][..], b"Hello", &[0]].concat();
    assert_eq!(hello(&stored).as_deref(), Ok(&b"Hello"[..]));
    assert_eq!(hello(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]).as_deref(), Ok(&b"Hello"[..]));
    let two = [0xf2, 0x48, 0x05, 0, 0, 0, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(hello(&two).as_deref(), Ok(&b"Hello"[..]));
    assert_eq!(hello(&[0]).as_deref(), Ok(&b""[..]));
    assert_eq!(hello(&deflated(REQUEST)).as_deref(), Ok(REQUEST));
}

#[test]
fn a_message_is_whole_and_within_its_bounds() {
    let refused = |bytes: &[u8], error| assert_eq!(inflate_message(bytes, LIMIT), Err(error));
    let whole = deflated(REQUEST);
    for end in [1, whole.len() / 2, whole.len() - 1] {
        refused(&whole[..end], InflateError::Malformed);
    }
    refused(b"", InflateError::Malformed);
    refused(&[&whole[..], &[7]].concat(), InflateError::Malformed);
    // After a block that says it is the last nothing comes but one empty byte; the context of another message is not there.
    refused(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], InflateError::Malformed);
    refused(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x00], InflateError::Malformed);
    refused(&[0xf2, 0x00, 0x11, 0x00, 0x00], InflateError::Malformed);
    refused(&deflated(&vec![b' '; 1 << 20]), InflateError::TooDense { limit: 100 });
    let (limit, spaces) = (Inflation { bytes: 100, ratio: 100 }, |count| deflated(&vec![b' '; count]));
    assert_eq!(inflate_message(&spaces(100), limit).map(|text| text.len()), Ok(100));
    assert_eq!(inflate_message(&spaces(101), limit), Err(InflateError::TooLarge { limit: 100 }));
}

#[test]
fn a_message_is_inflated_the_same_as_it_passes() {
    let whole = deflated(REQUEST);
    for size in [1, 2, 7, 100] {
        let (mut text, mut inflater) = (Vec::new(), MessageInflater::default());
        let mut sink = |bytes: &[u8]| {
            text.extend_from_slice(bytes);
            Ok(())
        };
        for chunk in whole.chunks(size) {
            inflater.feed(chunk, &mut sink).unwrap();
        }
        inflater.finish(&mut sink).unwrap();
        assert_eq!(text, REQUEST, "{size}");
    }
}
