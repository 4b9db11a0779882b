//! The envelope in wasm, where the filter runs it.
#![cfg(target_family = "wasm")]
#![allow(clippy::panic, reason = "a test may fail loudly")]

use portcullis_framing::{
    BatchLength, Coding, Envelope, EnvelopeError, Inflation, Nesting, Parameters, inflate, read,
};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_request_is_read() {
    let outcome = read(br#"{"query":"{a}","variables":{"n":3}}"#, Nesting(8), BatchLength(10));
    assert!(matches!(outcome, Ok(Envelope::Single(request)) if request.query.as_deref() == Some("{a}")));
}

#[wasm_bindgen_test]
fn deep_nesting_is_refused_within_the_stack_of_wasm() {
    let body = format!("{{\"variables\":{{\"v\":{}", "[".repeat(200_000));
    assert_eq!(
        read(body.as_bytes(), Nesting(100), BatchLength(10)),
        Err(EnvelopeError::TooDeep { limit: 100 })
    );
}

#[wasm_bindgen_test]
fn ambiguity_is_refused() {
    assert_eq!(
        read(br#"{"query":"a","query":"b"}"#, Nesting(8), BatchLength(10)),
        Err(EnvelopeError::DuplicateKey)
    );
}

#[wasm_bindgen_test]
fn parameters_of_a_url_are_read() {
    let parameters = Parameters::read(b"query=%7Ba%7D&variables={%22n%22:3}");
    let query =
        parameters.as_ref().map(|parameters| parameters.request(Nesting(8)).map(|request| request.query));
    assert_eq!(query, Ok(Ok(Some("{a}".into()))));
    assert!(Parameters::read(b"query=a&query=b").is_err());
}

#[wasm_bindgen_test]
fn compressed_bodies_are_inflated_within_bounds() {
    let limit = Inflation { bytes: 256 << 10, ratio: 100 };
    let request: &[u8] = include_bytes!("../testdata/inflate/request.json");
    for (coding, body, bomb) in [
        (
            Coding::Gzip,
            include_bytes!("../testdata/inflate/request.gz") as &[u8],
            include_bytes!("../testdata/inflate/spaces_1mib.gz") as &[u8],
        ),
        (
            Coding::Deflate,
            include_bytes!("../testdata/inflate/request.zlib"),
            include_bytes!("../testdata/inflate/spaces_1mib.zlib"),
        ),
        (
            Coding::Brotli,
            include_bytes!("../testdata/inflate/request.br"),
            include_bytes!("../testdata/inflate/spaces_1mib.br"),
        ),
        (
            Coding::Zstd,
            include_bytes!("../testdata/inflate/window_8mib.zst"),
            include_bytes!("../testdata/inflate/spaces_1mib.zst"),
        ),
    ] {
        assert_eq!(inflate(coding, body, limit).as_deref(), Ok(request), "{coding:?}");
        assert!(inflate(coding, bomb, limit).is_err(), "{coding:?}");
    }
}
