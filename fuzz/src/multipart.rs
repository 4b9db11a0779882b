//! Uploads: the same outcome for every way of cutting the body, within what may be held.

use crate::choices::{Choices, chunks};
use portcullis_framing::{
    BatchLength, Boundary, ContentType, Envelope, Json, Multipart, MultipartError, MultipartLimits, Nesting,
    Object, UploadLimits, UploadMap, content_type, read,
};
use serde_json::Value;

const SMALL: MultipartLimits = MultipartLimits {
    headers: 3,
    header_bytes: 120,
    operations_bytes: 120,
    map_bytes: 60,
    files: 2,
    file_bytes: 20,
    total_bytes: 30,
};

const LARGE: MultipartLimits = MultipartLimits {
    headers: 8,
    header_bytes: 4_096,
    operations_bytes: 65_536,
    map_bytes: 16_384,
    files: 10,
    file_bytes: 65_536,
    total_bytes: 65_536,
};

const UPLOAD: UploadLimits = UploadLimits { files: 3, paths_per_file: 2, paths: 4 };

/// What came of a body.
#[derive(Debug, PartialEq)]
struct Outcome {
    result: Result<(), MultipartError>,
    operations: Option<Vec<u8>>,
    map: Option<Vec<u8>>,
}

/// Choices: boundary, limits, two ways of cutting. The rest is the body.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let boundary = boundary(choices.one_of(&["b", "--b", "----WebKitFormBoundary7MA4YWxkTrZu0gW"]));
    let limits = choices.one_of(&[LARGE, SMALL]);
    let seed = choices.byte();
    let body = choices.rest();
    let whole = outcome(&boundary, limits, &[body]);
    assert_eq!(outcome(&boundary, limits, &chunks(body, seed)), whole, "cut by seed {seed}");
    assert_eq!(outcome(&boundary, limits, &chunks(body, 0)), whole, "byte by byte");
    if let Outcome { result: Ok(()), operations, map } = &whole {
        let (operations, map) = (operations.as_deref().unwrap(), map.as_deref().unwrap());
        assert_eq!(part(body, &boundary, 1), operations);
        assert_eq!(part(body, &boundary, 2), map);
        assert!(operations.len() <= limits.operations_bytes && map.len() <= limits.map_bytes);
        if let Ok(envelope) = read(operations, Nesting(64), BatchLength(10)) {
            read_map(map, &envelope);
        }
    }
}

/// The content of a part of a sound body, as the delimiters cut it.
fn part<'b>(body: &'b [u8], boundary: &Boundary, number: usize) -> &'b [u8] {
    let find = |text: &[u8], what: &[u8]| text.windows(what.len()).position(|window| window == what);
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    // The first may be without the end of a line before it.
    let mut rest =
        body.strip_prefix(&delimiter[2..]).or_else(|| body.strip_prefix(delimiter.as_slice())).unwrap();
    for _ in 1..number {
        rest = &rest[find(rest, &delimiter).unwrap() + delimiter.len()..];
    }
    let content = &rest[find(rest, b"\r\n\r\n").unwrap() + 4..];
    &content[..find(content, &delimiter).unwrap()]
}

fn boundary(text: &str) -> Boundary {
    let ContentType::Multipart(boundary) =
        content_type(format!("multipart/form-data;boundary={text}").as_bytes())
    else {
        panic!("no boundary: {text}")
    };
    boundary
}

fn outcome(boundary: &Boundary, limits: MultipartLimits, chunks: &[&[u8]]) -> Outcome {
    let mut multipart = Multipart::new(boundary, limits);
    // Of the part that is being read, a delimiter may be held that has only begun.
    let delimiter = boundary.as_bytes().len() + 4;
    let mut was_past = false;
    let mut failed = None;
    for chunk in chunks {
        let fed = multipart.feed(chunk);
        let most = limits.operations_bytes + limits.map_bytes + 2 * delimiter;
        assert!(multipart.held_bytes() <= most, "{} bytes held", multipart.held_bytes());
        match (failed, fed) {
            (None, Ok(())) => {
                assert!(!was_past || multipart.is_past_map(), "the map is forgotten");
                was_past = multipart.is_past_map();
            }
            (None, Err(error)) => failed = Some(error),
            (Some(error), fed) if chunk.is_empty() => assert!(fed.is_ok() || fed == Err(error)),
            (Some(error), fed) => assert_eq!(fed, Err(error), "another error than before"),
        }
        assert!(failed.is_none() || multipart.held_bytes() == 0, "held after it failed");
    }
    let result = multipart.end();
    assert!(failed.is_none_or(|error| result == Err(error)), "the end forgives");
    let copy = |part: Option<&[u8]>| part.map(<[u8]>::to_vec);
    Outcome { result, operations: copy(multipart.operations()), map: copy(multipart.map()) }
}

/// What a map says is what `serde_json` reads there, and each path leads to a `null`.
fn read_map(map: &[u8], envelope: &Envelope<'_>) {
    let Ok(found) = UploadMap::read(map, envelope, UPLOAD) else { return };
    let theirs: Value = serde_json::from_slice(map).unwrap();
    let theirs = theirs.as_object().unwrap();
    let paths: Vec<&str> = theirs
        .values()
        .flat_map(|paths| paths.as_array().unwrap())
        .map(|path| path.as_str().unwrap())
        .collect();
    assert_eq!((found.files, found.paths), (theirs.len(), paths.len()));
    assert!(found.files <= UPLOAD.files && found.paths <= UPLOAD.paths, "more than allowed");
    for path in paths {
        assert!(is_null(path, envelope), "{path} does not lead to a null");
    }
}

fn is_null(path: &str, envelope: &Envelope<'_>) -> bool {
    let (request, path) = match envelope {
        Envelope::Single(request) => (request, path),
        Envelope::Batch(requests) => {
            let (index, path) = path.split_once('.').unwrap();
            (&requests[index.parse::<usize>().unwrap()], path)
        }
    };
    let segments: Vec<&str> = path.split('.').collect();
    let ["variables", name, rest @ ..] = segments.as_slice() else { return false };
    let variables: Option<&Object<'_>> = request.variables.as_ref();
    let first = variables.and_then(|variables| variables.get(name));
    rest.iter().fold(first, |value, segment| inside(value?, segment)) == Some(&Json::Null)
}

fn inside<'j>(value: &'j Json<'j>, segment: &str) -> Option<&'j Json<'j>> {
    match value {
        Json::Object(object) => object.get(segment),
        Json::List(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    }
}
