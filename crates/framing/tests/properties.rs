//! Properties of the envelope over arbitrary bodies; native only.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use portcullis_framing::{
    BatchLength, Coding, Envelope, EnvelopeError, Inflation, Json, Nesting, Parameters, QueryString, accepts,
    content_encoding, content_type, inflate, query_string, read, streams,
};
use portcullis_framing::{ContentType, Multipart, MultipartError, MultipartLimits};
use proptest::prelude::*;

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(".{0,6}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn same(ours: &Json<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Json::Null, serde_json::Value::Null) => true,
        (Json::Bool(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
        (Json::Int(ours), serde_json::Value::Number(theirs)) => theirs.as_i64() == Some(*ours),
        (Json::Float, serde_json::Value::Number(theirs)) => theirs.as_i64().is_none(),
        (Json::Text(ours), serde_json::Value::String(theirs)) => ours == theirs,
        (Json::List(ours), serde_json::Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Object(ours), serde_json::Value::Object(theirs)) => {
            ours.entries().count() == theirs.len()
                && theirs.iter().all(|(key, theirs)| ours.get(key).is_some_and(|ours| same(ours, theirs)))
        }
        _ => false,
    }
}

/// Each compressed file with what it is compressed by.
const COMPRESSED: [(Coding, &[u8]); 9] = [
    (Coding::Gzip, include_bytes!("../testdata/inflate/request.gz")),
    (Coding::Gzip, include_bytes!("../testdata/inflate/spaces_1mib.gz")),
    (Coding::Deflate, include_bytes!("../testdata/inflate/request.zlib")),
    (Coding::Brotli, include_bytes!("../testdata/inflate/request.br")),
    (Coding::Brotli, include_bytes!("../testdata/inflate/window_4mib.br")),
    (Coding::Brotli, include_bytes!("../testdata/inflate/spaces_1mib.br")),
    (Coding::Zstd, include_bytes!("../testdata/inflate/request.zst")),
    (Coding::Zstd, include_bytes!("../testdata/inflate/streamed.zst")),
    (Coding::Zstd, include_bytes!("../testdata/inflate/spaces_1mib.zst")),
];

const UPLOAD: &str = "\r\n--b\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"variables\":{\"f\":null}}\r\n\
    --b\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n\
    --b\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a\"\r\nContent-Type: text/plain\r\n\r\n--file\r\n--\r\n--b--\r\n";

/// What an upload is after each of its chunks, and at its end.
fn upload(chunks: &[&[u8]]) -> Result<(Vec<u8>, Vec<u8>), MultipartError> {
    let ContentType::Multipart(boundary) = content_type(b"multipart/form-data; boundary=b") else { panic!() };
    let limits = MultipartLimits {
        headers: 3,
        header_bytes: 100,
        operations_bytes: 40,
        map_bytes: 30,
        files: 1,
        file_bytes: 20,
        total_bytes: 20,
    };
    let mut multipart = Multipart::new(&boundary, limits);
    for chunk in chunks {
        multipart.feed(chunk)?;
        assert!(multipart.held_bytes() <= 40 + 30 + 2 * 5);
    }
    multipart.end()?;
    Ok((multipart.operations().unwrap().to_vec(), multipart.map().unwrap().to_vec()))
}

proptest! {
    #[test]
    fn an_upload_is_the_same_in_any_chunks(
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[-b\r\n:;=\"]{0,3}|\r\n--b|--b--"), 0..3),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut body = UPLOAD.to_owned();
        for (at, text) in changes {
            let at = at.index(body.len());
            let end = (at + text.len() / 2).min(body.len());
            body.replace_range(at..end, &text);
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len())).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut rest = body.as_bytes();
        for (index, cut) in cuts.iter().enumerate() {
            let (chunk, after) = rest.split_at(cut - index.checked_sub(1).map_or(0, |last| cuts[last]));
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
        prop_assert_eq!(upload(&chunks), upload(&[body.as_bytes()]));
    }

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

    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _outcome = (
            read(&body, Nesting(4), BatchLength(10)).is_ok(),
            content_type(&body),
            query_string(&body),
            accepts(&body),
            streams(&body),
            content_encoding([body.as_slice()]),
        );
    }

    #[test]
    fn arbitrary_query_strings_never_panic(text in "[a-z%=&;+.#{}\\[\\]0-9é\u{0}\"]{0,60}|((query|variables|QUERY|a)[=;%\\[]{1,2}[a%2{}]{0,4}&){0,5}") {
        if let Ok(parameters) = Parameters::read(text.as_bytes()) {
            let _outcome = parameters.request(Nesting(4)).is_ok();
        }
        // What holds no parameter for anyone is no request either.
        if query_string(text.as_bytes()) == QueryString::Unrelated && !text.contains('#') {
            prop_assert_eq!(Parameters::read(text.as_bytes()), Ok(Parameters::default()));
        }
    }

    /// `GET` and `POST` mean the same.
    #[test]
    fn parameters_are_read_as_a_body_is(value in json(), query in ".{0,40}", plus: bool) {
        let encode = |text: &str| text.bytes().map(|byte| match byte {
            b' ' if plus => "+".to_owned(),
            b'a'..=b'z' | b'{' | b'}' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        }).collect::<String>();
        let variables = serde_json::json!({ "v": value });
        let url = format!("variables={}&query={}", encode(&variables.to_string()), encode(&query));
        let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
        let parameters = Parameters::read(url.as_bytes()).unwrap();
        let read = read(body.as_bytes(), Nesting(5), BatchLength(0));
        prop_assert_eq!(parameters.request(Nesting(5)).map(Envelope::Single), read);
    }

    #[test]
    fn variables_are_what_serde_json_reads(value in json(), query in ".{0,40}") {
        let body = serde_json::json!({ "query": query, "variables": { "v": value } }).to_string();
        let Ok(Envelope::Single(request)) = read(body.as_bytes(), Nesting(64), BatchLength(10)) else { panic!("refused {body}") };
        prop_assert_eq!(request.query.as_deref(), Some(query.as_str()));
        prop_assert!(same(request.variables.unwrap().get("v").unwrap(), &value));
    }

    /// Every way of writing the same value: escapes, white space, numbers with exponents.
    #[test]
    fn what_serde_json_reads_is_read(value in "[\\[\\]{}:,\"a0-9eE.+ \\\\ud8-fc\n\u{1}é]{0,40}") {
        let body = format!("{{\"variables\":{{\"v\":{value}}}}}");
        let theirs = serde_json::from_str::<serde_json::Value>(&body);
        match (read(body.as_bytes(), Nesting(64), BatchLength(10)), theirs) {
            (Ok(Envelope::Single(request)), Ok(theirs)) => {
                let variables = request.variables.unwrap();
                prop_assert!(same(variables.get("v").unwrap(), &theirs["variables"]["v"]), "{}", body);
            }
            (Err(EnvelopeError::DuplicateKey), _) | (Err(_), Err(_)) => (),
            (ours, theirs) => prop_assert!(false, "{}: {:?}, {:?}", body, ours, theirs),
        }
    }

    #[test]
    fn texts_are_what_serde_json_reads(text in "(\\\\[nrtbf/\"u\\\\]|\\\\u[dD][89abcC][0-9a-f]{2}|[a-d\"é\u{7f}\u{1f}\u{10ffff}]){0,12}") {
        let body = format!("{{\"query\":\"{text}\"}}");
        let theirs = serde_json::from_str::<serde_json::Value>(&body);
        match (read(body.as_bytes(), Nesting(64), BatchLength(10)), theirs) {
            (Ok(Envelope::Single(request)), Ok(theirs)) => {
                prop_assert_eq!(request.query.as_deref(), theirs["query"].as_str());
            }
            (Err(EnvelopeError::NotJson { .. }), Err(_)) => (),
            (ours, theirs) => prop_assert!(false, "{}: {:?}, {:?}", body, ours, theirs),
        }
    }
}
