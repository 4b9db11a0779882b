//! The envelope in wasm, where the filter runs it.
#![cfg(target_family = "wasm")]
#![allow(clippy::panic, reason = "a test may fail loudly")]

use portcullis_framing::websocket::{Compression, End, FrameLimits, FrameReader, Part, Sender};
use portcullis_framing::{
    BatchLength, Coding, ContentType, Envelope, EnvelopeError, Event, Events, Inflation, Jobs, Multipart,
    MultipartLimits, Nesting, Parameters, Scanner, Suggestions, UploadLimits, UploadMap, content_type,
    inflate, inflate_message, read,
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

#[wasm_bindgen_test]
fn an_upload_is_read_as_it_passes() {
    let ContentType::Multipart(boundary) = content_type(b"multipart/form-data; boundary=b") else { panic!() };
    let (operations_bytes, map_bytes, files) = (1000, 1000, 1);
    let limits = MultipartLimits {
        headers: 4,
        header_bytes: 500,
        operations_bytes,
        map_bytes,
        files,
        file_bytes: 1 << 20,
        total_bytes: 1 << 20,
    };
    let mut multipart = Multipart::new(&boundary, limits);
    let field = |name: &str, content: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let body = [
        field("operations", r#"{"query":"a","variables":{"f":null}}"#),
        field("map", r#"{"0":["variables.f"]}"#),
        field("0\"; filename=\"a", &"-".repeat(100_000)),
        "--b--\r\n".to_owned(),
    ];
    for chunk in body.concat().as_bytes().chunks(1000) {
        assert_eq!(multipart.feed(chunk), Ok(()));
    }
    assert_eq!(multipart.end(), Ok(()));
    let operations = read(multipart.operations().unwrap_or_default(), Nesting(8), BatchLength(0));
    let limits = UploadLimits { files, paths_per_file: 1, paths: 1 };
    let map = operations
        .map(|operations| UploadMap::read(multipart.map().unwrap_or_default(), &operations, limits));
    assert_eq!(map, Ok(Ok(UploadMap { files: 1, paths: 1 })));
}

#[wasm_bindgen_test]
fn a_response_is_scanned_as_it_passes() {
    let response =
        br#"{"errors":[{"message":"No. Did you mean \"b\"?","extensions":{"code":"A"}}],"data":{"c":[1]}}"#;
    let expected = br#"{"errors":[{"message":"No.","extensions":{"code":"A"}}],"data":{"c":[1]}}"#;
    for size in 1..response.len() {
        let mut scanner = Scanner::new(Jobs { suggestions: Suggestions::Strip, events: Events::On }, 100);
        let (mut output, mut codes, mut leaves) = (Vec::new(), 0, 0);
        for chunk in response.chunks(size) {
            let rewritten = scanner.feed(chunk, &mut |event: Event<'_>| match event {
                Event::Code("A") => codes += 1,
                Event::Leaf => leaves += 1,
                Event::Response | Event::Error | Event::Code(_) | Event::Key(_) | Event::Null => (),
                Event::ObjectStart | Event::ObjectEnd | Event::ListStart | Event::ListEnd => (),
            });
            output.extend_from_slice(&rewritten);
        }
        output.extend_from_slice(&scanner.finish());
        assert_eq!((output.as_slice(), codes, leaves), (expected.as_slice(), 1, 1), "{size}");
    }
}

#[wasm_bindgen_test]
fn frames_are_read_as_they_pass() {
    let limits = FrameLimits { message_bytes: 100, frames_per_message: 2 };
    let bytes = b"\x01\x81\x01\x02\x03\x04i\x80\x81\x01\x02\x03\x04h";
    let mut reader = FrameReader::new(Sender::Client, Compression::Deflate, limits);
    let (mut message, mut ends) = (Vec::new(), 0);
    for mut chunk in bytes.chunks(1) {
        while let Ok(Some(part)) = reader.next(&mut chunk) {
            match part {
                Part::Payload(payload) => payload.append_to(&mut message),
                Part::End(End::Message) => ends += 1,
                Part::Begin(_) | Part::End(End::Frame) | Part::Control(_) => (),
            }
        }
    }
    assert_eq!((message.as_slice(), ends), (&b"hi"[..], 1));
    assert!(reader.next(&mut &b"\x81\xe5"[..]).is_ok());
    let hello = inflate_message(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0], Inflation { bytes: 9, ratio: 9 });
    assert_eq!(hello.as_deref(), Ok(&b"Hello"[..]));
}
