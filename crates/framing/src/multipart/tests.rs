use super::*;
use crate::media_type::{ContentType, content_type};

const LIMITS: MultipartLimits = MultipartLimits {
    headers: 4,
    header_bytes: 300,
    operations_bytes: 100,
    map_bytes: 50,
    files: 2,
    file_bytes: 20,
    total_bytes: 30,
};

const OPERATIONS: &str = r#"{"query":"mutation($f:F){u(f:$f)}","variables":{"f":null,"l":[null]}}"#;
const MAP: &str = r#"{"0":["variables.f"],"1":["variables.l.0"]}"#;

fn boundary(text: &str) -> Boundary {
    let ContentType::Multipart(boundary) =
        content_type(format!("multipart/form-data; boundary=\"{text}\"").as_bytes())
    else {
        panic!("{text}")
    };
    boundary
}

fn part(headers: &str, content: &str) -> String {
    format!("--b\r\n{headers}\r\n\r\n{content}\r\n")
}

fn field(name: &str, content: &str) -> String {
    part(&format!("Content-Disposition: form-data; name=\"{name}\""), content)
}

fn file(name: &str, content: &str) -> String {
    let disposition = format!("content-disposition: form-data; name=\"{name}\"; filename=\"a;\u{e9}.txt\"");
    part(&format!("{disposition}\r\nContent-Type: text/plain"), content)
}

/// A body whose parts are all as they should be, but for what `change` does to them.
fn changed(change: impl FnOnce(&mut Vec<String>)) -> String {
    let mut parts =
        vec![field("operations", OPERATIONS), field("map", MAP), file("0", "first"), file("1", "")];
    change(&mut parts);
    format!("{}--b--\r\n", parts.concat())
}

/// Reads a body whole, byte by byte and in threes: the outcome must be the same.
#[track_caller]
fn read_with(body: &[u8], limits: MultipartLimits) -> Result<(Vec<u8>, Vec<u8>), MultipartError> {
    let outcome = |size: usize| {
        let mut multipart = Multipart::new(&boundary("b"), limits);
        for chunk in body.chunks(size) {
            multipart.feed(chunk)?;
        }
        multipart.end()?;
        let kept = |part: Option<&[u8]>| part.map(<[u8]>::to_vec).expect("it ended well");
        Ok((kept(multipart.operations()), kept(multipart.map())))
    };
    let whole = outcome(body.len().max(1));
    assert_eq!(whole, outcome(1));
    assert_eq!(whole, outcome(3));
    whole
}

#[track_caller]
fn allowed(body: &str) {
    let parts = read_with(body.as_bytes(), LIMITS);
    assert_eq!(parts, Ok((OPERATIONS.as_bytes().to_vec(), MAP.as_bytes().to_vec())), "{body}");
}

#[track_caller]
fn refused(body: &str, expected: MultipartError) {
    assert_eq!(read_with(body.as_bytes(), LIMITS), Err(expected), "{body}");
}

#[test]
fn an_upload_is_read() {
    allowed(&changed(|_| ()));
    allowed(&format!("\r\n{}", changed(|_| ())));
    allowed(changed(|_| ()).trim_end());
    allowed(&changed(|parts| parts.swap(2, 3)));
    let typed =
        "Content-Disposition: form-data; name=operations\r\nContent-Type: application/json; charset=utf-8";
    let length = format!("{typed}\r\nContent-Length: {}", OPERATIONS.len());
    allowed(&changed(|parts| parts[0] = part(typed, OPERATIONS)));
    allowed(&changed(|parts| parts[0] = part(&length, OPERATIONS)));
    allowed(&changed(|parts| parts[2] = file("0", "\r\n-\r\n--\r\n--c\r\r\n--a")));
}

#[test]
fn both_are_there_before_any_file() {
    let body = changed(|_| ());
    let map_ends = body.find("--b\r\ncontent-disposition").unwrap();
    let mut multipart = Multipart::new(&boundary("b"), LIMITS);
    multipart.feed(&body.as_bytes()[..map_ends + 2]).unwrap();
    assert!(!multipart.is_past_map());
    assert_eq!(multipart.operations(), Some(OPERATIONS.as_bytes()));
    assert_eq!(multipart.map(), None);
    multipart.feed(&body.as_bytes()[map_ends + 2..map_ends + 3]).unwrap();
    assert!(multipart.is_past_map());
    assert_eq!(multipart.map(), Some(MAP.as_bytes()));
    assert_eq!(multipart.held_bytes(), OPERATIONS.len() + MAP.len());
    assert_eq!(multipart.feed(b"--"), Err(MultipartError::MissingFile));
    assert_eq!(multipart.feed(b"\r\n"), Err(MultipartError::MissingFile));
    assert_eq!(multipart.end(), Err(MultipartError::MissingFile));
    assert!(!multipart.is_past_map());
}

#[test]
fn parts_are_there_once_and_in_their_order() {
    refused(&changed(|parts| parts.swap(0, 1)), MultipartError::OutOfOrder);
    refused(&changed(|parts| parts.swap(1, 2)), MultipartError::OutOfOrder);
    refused(&changed(|parts| parts.insert(1, field("operations", "{}"))), MultipartError::DuplicatePart);
    refused(&changed(|parts| parts.push(field("operations", "{}"))), MultipartError::DuplicatePart);
    refused(&changed(|parts| parts.push(field("map", "{}"))), MultipartError::DuplicatePart);
    refused(&changed(|parts| parts.push(file("0", "again"))), MultipartError::DuplicatePart);
    refused(&changed(|parts| parts.push(file("2", "more"))), MultipartError::UnknownPart);
    refused(&changed(|parts| parts.push(field("Operations", "{}"))), MultipartError::UnknownPart);
    refused(&changed(|parts| parts.insert(0, field("a", "b"))), MultipartError::OutOfOrder);
    refused(&changed(|parts| parts.truncate(3)), MultipartError::MissingFile);
    refused(&changed(|parts| parts.truncate(1)), MultipartError::MissingPart);
    refused("--b--\r\n", MultipartError::MissingPart);
    refused(&changed(|parts| parts[2] = field("0", "no file")), MultipartError::Disposition);
    refused(&changed(|parts| parts[0] = file("operations", OPERATIONS)), MultipartError::Disposition);
    refused(&changed(|parts| parts[1] = file("map", MAP)), MultipartError::Disposition);
}

#[test]
fn boundaries_stand_on_lines_of_their_own() {
    let body = changed(|_| ());
    refused(&format!("x{body}"), MultipartError::Delimiter);
    refused(&format!("\n{body}"), MultipartError::Delimiter);
    refused(&format!("x\r\n{body}"), MultipartError::Preamble);
    refused(&format!("\r\n\r\n{body}"), MultipartError::Preamble);
    refused(&"x".repeat(10), MultipartError::Preamble);
    refused(&format!("{body}\r\n"), MultipartError::Epilogue);
    refused(&format!("{body}x"), MultipartError::Epilogue);
    refused(&format!("{}\n", body.trim_end()), MultipartError::Epilogue);
    refused(&format!("{}\r", body.trim_end()), MultipartError::Truncated);
    refused(&body.replace("--b\r\n", "--b \r\n"), MultipartError::Delimiter);
    refused(&body.replace("--b\r\n", "--b\n"), MultipartError::Delimiter);
    refused(&body.replace("--b--", "--b-x"), MultipartError::Delimiter);
    for inside in ["\n--b\r\n", "\r--b", "--b", "x--b", "\r\n--bc", "\r\n---b", "\n\r\r--b"] {
        refused(&changed(|parts| parts[2] = file("0", inside)), MultipartError::Delimiter);
    }
    refused(
        &changed(|parts| parts[2] = file("0", "").replace("\r\n\r\n", "\r\n")),
        MultipartError::Delimiter,
    );
    refused("", MultipartError::Truncated);
    for cut in 1..body.trim_end().len() {
        assert!(read_with(&body.as_bytes()[..cut], LIMITS).is_err(), "{cut}");
    }
}

#[test]
fn headers_are_read_in_one_way() {
    let with = |headers: &str| changed(|parts| parts[0] = part(headers, OPERATIONS));
    let sound = "Content-Disposition: form-data; name=\"operations\"";
    allowed(&with(sound));
    allowed(&with(&format!("x-any: thing\r\n{sound}")));
    for broken in [
        "no colon",
        ": a",
        "a b: c",
        " folded: a",
        "a: \u{1}",
        "a\rb: c",
        "a: b\nc: d",
        "content-disposition: x",
    ] {
        refused(&with(&format!("{sound}\r\n{broken}")), MultipartError::Header);
    }
    for encoding in [
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable",
        "content-encoding: gzip",
    ] {
        refused(&with(&format!("{sound}\r\n{encoding}")), MultipartError::TransferEncoding);
    }
    for kind in [
        "text/plain; charset=utf-16",
        "application/octet-stream",
        "text/html",
        "text/plain; a=b; charset=utf-8",
    ] {
        refused(&with(&format!("{sound}\r\nContent-Type: {kind}")), MultipartError::ContentType);
    }
    for length in ["5", "-1", "+67", "", "99999999999999999999999"] {
        refused(&with(&format!("{sound}\r\nContent-Length: {length}")), MultipartError::ContentLength);
    }
    for disposition in [
        "form-data",
        "form-data;",
        "form-data; name=",
        "form-data; name=\"\"",
        "attachment; name=\"operations\"",
        "form-datax; name=\"operations\"",
        "form-data; name=\"operations\";",
        "form-data; name=\"operations\"; name=\"map\"",
        "form-data; name=\"operations\"; name*=utf-8''map",
        "form-data; name*=utf-8''operations",
        "form-data; Name=\"operations\"",
        "form-data; name = \"operations\"",
        "form-data; name=\"operations",
        "form-data; name=\"opera\\tions\"",
        "form-data; name=\"operation%73\"",
        "form-data; name=\"operations\" x",
        "form-data, name=\"operations\"",
    ] {
        refused(&with(&format!("content-disposition: {disposition}")), MultipartError::Disposition);
    }
    refused(&with("x: y"), MultipartError::Disposition);
    let named = |filename: &str| {
        let headers = format!("content-disposition: form-data; name=\"0\"; {filename}");
        changed(|parts| parts[2] = part(&headers, ""))
    };
    allowed(&named("filename=blob"));
    allowed(&named("filename=\"C:\\a.txt\""));
    allowed(&named("filename=\"a.txt\"; filename*=utf-8''%e2%82%ac.txt"));
    for unclear in
        ["filename=\"a\"; filename=\"b\"", "filename=\"a\\\"b\"", "filename=\"a; name=operations\""]
    {
        refused(&named(unclear), MultipartError::Disposition);
    }
}

#[test]
fn limits_are_inclusive() {
    let body = changed(|parts| parts[3] = file("1", "second"));
    let with = |change: fn(&mut MultipartLimits, usize), value: usize| {
        let mut limits = LIMITS;
        change(&mut limits, value);
        read_with(body.as_bytes(), limits).map(|_| ())
    };
    let check = |change: fn(&mut MultipartLimits, usize), exact: usize, expected: MultipartError| {
        assert_eq!(with(change, exact + 1), Ok(()));
        assert_eq!(with(change, exact), Ok(()));
        assert_eq!(with(change, exact - 1), Err(expected));
    };
    let size = OPERATIONS.len();
    check(
        |limits, value| limits.operations_bytes = value,
        size,
        MultipartError::OperationsTooLong { limit: size - 1 },
    );
    let size = MAP.len();
    check(|limits, value| limits.map_bytes = value, size, MultipartError::MapTooLong { limit: size - 1 });
    check(|limits, value| limits.files = value, 2, MultipartError::TooManyFiles { limit: 1 });
    check(|limits, value| limits.headers = value, 2, MultipartError::TooManyHeaders { limit: 1 });
    let longest = "content-disposition: form-data; name=\"1\"; filename=\"a;\u{e9}.txt\"\r\nContent-Type: text/plain\r\n\r\n";
    let size = longest.len();
    check(
        |limits, value| limits.header_bytes = value,
        size,
        MultipartError::HeadersTooLong { limit: size - 1 },
    );
    check(|limits, value| limits.file_bytes = value as u64, 6, MultipartError::FileTooLong { limit: 5 });
    check(|limits, value| limits.total_bytes = value as u64, 11, MultipartError::FilesTooLong { limit: 10 });
}

#[test]
fn an_endless_part_is_cut_off() {
    let mut multipart = Multipart::new(&boundary("b"), LIMITS);
    multipart.feed(b"--b\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n").unwrap();
    let endless = multipart.feed(&[b'-'; 4096]);
    assert_eq!(endless, Err(MultipartError::OperationsTooLong { limit: 100 }));
    assert_eq!(multipart.held_bytes(), 0);
}

#[test]
fn a_delimiter_is_found_wherever_it_begins() {
    for text in ["b", "--b", "a-a-b", "----", "aabaaab"] {
        let delimiter = Delimiter::new(&boundary(text));
        for before in ["", "-", "--", "---", "a", "aab", "--a-a-", "--aabaa", "\r", "\r\n-"] {
            let bytes = format!("{before}\r\n--{text}");
            for cut in 0..bytes.len() {
                let mut progress = Progress::default();
                let (one, two) = bytes.as_bytes().split_at(cut);
                assert_eq!(delimiter.find(&mut progress, one), (Found::Nothing, cut), "{bytes:?} {cut}");
                let found = delimiter.find(&mut progress, two);
                assert_eq!(found, (Found::AfterLine, two.len()), "{bytes:?} {cut}");
            }
        }
    }
}

const UPLOAD: UploadLimits = UploadLimits { files: 2, paths_per_file: 2, paths: 3 };

#[track_caller]
fn map(map: &str, expected: Result<(usize, usize), UploadMapError>) {
    map_in(
        r#"{"query":"a","variables":{"a":null,"b":[null,{"c":null}],"d":{"e":null},"t":"","__proto__":{"x":null}}}"#,
        map,
        expected,
    );
}

#[track_caller]
fn map_in(operations: &str, map: &str, expected: Result<(usize, usize), UploadMapError>) {
    let operations = crate::read(operations.as_bytes(), Nesting(8), crate::BatchLength(2)).unwrap();
    let found = UploadMap::read(map.as_bytes(), &operations, UPLOAD);
    assert_eq!(found.map(|found| (found.files, found.paths)), expected, "{map}");
}

#[test]
fn a_map_leads_to_nulls_in_the_variables() {
    map("{}", Ok((0, 0)));
    map(r#"{"0":["variables.a"]}"#, Ok((1, 1)));
    map(r#"{"0":["variables.b.0","variables.b.1.c"],"x":["variables.d.e"]}"#, Ok((2, 3)));
    for path in [
        "query",
        "a",
        "",
        "variables",
        "variables.",
        "variables.x",
        "variables.a.b",
        "variables.d",
        "variables.t",
        "variables.b.00",
        "variables.b.+0",
        "variables.b.2",
        "variables.b.-1",
        "variables.b",
        "0.variables.a",
        "variables..a",
        "variables[a]",
        "extensions.a",
        " variables.a",
    ] {
        map(&format!("{{\"0\":[\"{path}\"]}}"), Err(UploadMapError::Path));
    }
    map(r#"{"0":["variables.__proto__.x"]}"#, Err(UploadMapError::SpecialSegment));
    map(r#"{"0":["variables.\u005f_proto__.x"]}"#, Err(UploadMapError::SpecialSegment));
    map(r#"{"0":["variables.a.constructor"]}"#, Err(UploadMapError::SpecialSegment));
    map(r#"{"0":["variables.a"],"1":["variables.a"]}"#, Err(UploadMapError::DuplicatePath));
    map_in(r#"{"query":"a"}"#, r#"{"0":["variables.a"]}"#, Err(UploadMapError::Path));
}

#[test]
fn in_a_batch_a_path_begins_with_an_index() {
    let batch = r#"[{"variables":{"a":null}},{"variables":{"a":null}}]"#;
    map_in(batch, r#"{"0":["0.variables.a","1.variables.a"]}"#, Ok((1, 2)));
    for path in ["variables.a", "2.variables.a", "00.variables.a", "0.query", "0", ".variables.a"] {
        map_in(batch, &format!("{{\"0\":[\"{path}\"]}}"), Err(UploadMapError::Path));
    }
}

#[test]
fn a_map_is_an_object_of_lists_of_texts() {
    for broken in
        ["", "[]", "null", r#"{"0":"variables.a"}"#, r#"{"0":[7]}"#, r#"{"0":[["variables.a"]]}"#, "{}{}"]
    {
        map(broken, Err(UploadMapError::Malformed));
    }
    map(r#"{"0":["variables.a"],"0":["variables.d.e"]}"#, Err(UploadMapError::Malformed));
    map(r#"{"0":[]}"#, Err(UploadMapError::NoPath));
    map(r#"{"operations":["variables.a"]}"#, Err(UploadMapError::ReservedName));
    map(r#"{"map":["variables.a"]}"#, Err(UploadMapError::ReservedName));
}

#[test]
fn a_map_has_limits() {
    let path = |index: usize| ["variables.a", "variables.b.0", "variables.b.1.c", "variables.d.e"][index];
    let of = |files: &[&[usize]]| {
        let files = files.iter().enumerate().map(|(name, paths)| {
            let paths: Vec<_> = paths.iter().map(|index| format!("\"{}\"", path(*index))).collect();
            format!("\"{name}\":[{}]", paths.join(","))
        });
        format!("{{{}}}", files.collect::<Vec<_>>().join(","))
    };
    map(&of(&[&[0]]), Ok((1, 1)));
    map(&of(&[&[0], &[1]]), Ok((2, 2)));
    map(&of(&[&[0], &[1], &[2]]), Err(UploadMapError::TooManyFiles { limit: 2, actual: 3 }));
    map(&of(&[&[0, 1]]), Ok((1, 2)));
    map(&of(&[&[0, 1, 2]]), Err(UploadMapError::TooManyPathsPerFile { limit: 2, actual: 3 }));
    map(&of(&[&[0, 1], &[2]]), Ok((2, 3)));
    map(&of(&[&[0, 1], &[2, 3]]), Err(UploadMapError::TooManyPaths { limit: 3, actual: 4 }));
}
