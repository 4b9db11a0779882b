use super::*;

use crate::json::Json;
use crate::sha256::Sha256Hash;

const NESTING: Nesting = Nesting(8);
const BATCH: BatchLength = BatchLength(3);

#[track_caller]
fn query(body: &str) -> String {
    match read(body.as_bytes(), NESTING, BATCH) {
        Ok(Envelope::Single(request)) => request.query.unwrap_or_default().into_owned(),
        other => panic!("{body}: {other:?}"),
    }
}

#[track_caller]
fn refused(body: &str, expected: EnvelopeError) {
    assert_eq!(read(body.as_bytes(), NESTING, BATCH), Err(expected), "{body}");
}

#[track_caller]
fn not_json(body: &str) {
    let outcome = read(body.as_bytes(), NESTING, BATCH);
    assert!(matches!(outcome, Err(EnvelopeError::NotJson { .. })), "{body}: {outcome:?}");
}

#[test]
fn a_request_is_read() {
    let body = r#"{"query":"{a}","operationName":"A","variables":{"n":3,"list":[1,2]},"extensions":{}}"#;
    let Ok(Envelope::Single(request)) = read(body.as_bytes(), NESTING, BATCH) else { panic!("refused") };
    assert_eq!(request.query.as_deref(), Some("{a}"));
    assert_eq!(request.operation_name.as_deref(), Some("A"));
    let variables = request.variables.unwrap();
    assert_eq!(variables.get("n"), Some(&Json::Int(3)));
    assert_eq!(variables.get("list"), Some(&Json::List(vec![Json::Int(1), Json::Int(2)])));
    assert_eq!(variables.get("absent"), None);
}

#[test]
fn null_is_absent_and_unknown_properties_are_ignored() {
    assert_eq!(
        query(r#"{"query":"{a}","variables":null,"extensions":{},"operationName":null,"id":7}"#),
        "{a}"
    );
    assert_eq!(query(r#"{"query":null}"#), "");
    assert_eq!(query("{}"), "");
}

#[test]
fn escapes_are_undone_before_anyone_looks() {
    assert_eq!(query(r#"{"query":"{\u005f\u005fschema}"}"#), "{__schema}");
    assert_eq!(query(r#"{"\u0071uery":"evil"}"#), "evil");
    assert_eq!(query(r#"{"query":"\ud83d\ude00"}"#), "\u{1f600}");
}

#[test]
fn what_two_servers_read_differently_is_refused() {
    refused(r#"{"query":"ok","query":"evil"}"#, EnvelopeError::DuplicateKey);
    refused(r#"{"query":"ok","\u0071uery":"evil"}"#, EnvelopeError::DuplicateKey);
    refused(r#"{"query":"ok","variables":{"n":1,"n":2}}"#, EnvelopeError::DuplicateKey);
    refused(r#"{"query":"ok","extensions":{"a":{"h":1,"h":2}}}"#, EnvelopeError::DuplicateKey);
    refused(r#"{"query":"evil","QUERY":"{__typename}"}"#, EnvelopeError::CaseVariantKey);
    refused(r#"{"query":"ok","documentId":"sha256:00"}"#, EnvelopeError::TwoDocuments);
    assert_eq!(query(r#"{"query":"ok","documentId":null}"#), "ok");
    refused("{\"query\":\"ok\",\"variable\u{17f}\":{}}", EnvelopeError::CaseVariantKey);
}

#[test]
fn what_is_not_json_is_refused() {
    for body in [
        "",
        " ",
        "{",
        "{\"query\":\"a\"",
        "{\"query\":\"a\"}x",
        "{\"query\":\"a\"}{}",
        "\u{feff}{}",
        "{'a':1}",
    ] {
        not_json(body);
    }
    not_json(r#"{"query":"\ud800"}"#);
    not_json(r#"{"query":"a","variables":{"n":1e999}}"#);
    not_json(r#"{"query":"a","variables":{"n":NaN}}"#);
    not_json("{\"query\":\"a\u{0}\"}");
    refused("7", EnvelopeError::NotAnObject);
    refused("null", EnvelopeError::NotAnObject);
    refused("\"{a}\"", EnvelopeError::NotAnObject);
    assert_eq!(read(b"{\"query\":\"\xff\"}", NESTING, BATCH), Err(EnvelopeError::NotUtf8 { at: 10 }));
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&utf16, NESTING, BATCH).is_err());
}

#[test]
fn parameters_have_their_types() {
    refused(r#"{"query":7}"#, EnvelopeError::WrongType { name: "query", expected: "a string" });
    refused(r#"{"query":["a"]}"#, EnvelopeError::WrongType { name: "query", expected: "a string" });
    let name = EnvelopeError::WrongType { name: "operationName", expected: "a string" };
    refused(r#"{"query":"a","operationName":{}}"#, name);
    let variables = EnvelopeError::WrongType { name: "variables", expected: "an object" };
    refused(r#"{"query":"a","variables":"{\"n\":1}"}"#, variables);
    refused(r#"{"query":"a","variables":[]}"#, variables);
}

#[test]
fn only_integers_are_integers() {
    let body = r#"{"variables":{"a":1e3,"b":10.0,"c":9223372036854775807,"d":9223372036854775808,"e":-5}}"#;
    let Ok(Envelope::Single(request)) = read(body.as_bytes(), NESTING, BATCH) else { panic!("refused") };
    let found: Vec<_> = request.variables.unwrap().entries().map(|(_, value)| value.clone()).collect();
    assert_eq!(found, [Json::Float, Json::Float, Json::Int(i64::MAX), Json::Float, Json::Int(-5)]);
}

#[track_caller]
fn batch(body: &str) -> Vec<String> {
    match read(body.as_bytes(), NESTING, BATCH) {
        Ok(Envelope::Batch(requests)) => {
            requests.into_iter().map(|request| request.query.unwrap_or_default().into_owned()).collect()
        }
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn an_array_is_a_batch() {
    assert_eq!(batch(r#"[{"query":"a"}]"#), ["a"]);
    assert_eq!(batch(r#" [ {"query":"a"} , {"variables":{}} ] "#), ["a", ""]);
    refused("[]", EnvelopeError::EmptyBatch);
    refused("[[]]", EnvelopeError::NotARequest { index: 0 });
    refused(r#"[{"query":"a"},[{"query":"b"}]]"#, EnvelopeError::NotARequest { index: 1 });
    refused(r#"[{"query":"a"},{},1]"#, EnvelopeError::NotARequest { index: 2 });
    refused("[null]", EnvelopeError::NotARequest { index: 0 });
    not_json("[1]]");
    not_json("[{},]");
}

#[test]
fn a_batch_has_a_limit() {
    let of = |length: usize| format!("[{}]", vec![r#"{"query":"a"}"#; length].join(","));
    assert_eq!(batch(&of(2)).len(), 2);
    assert_eq!(batch(&of(3)).len(), 3);
    refused(&of(4), EnvelopeError::BatchTooLong { limit: 3, actual: 4 });
    refused("[{},{},{},7,[]]", EnvelopeError::BatchTooLong { limit: 3, actual: 5 });
    not_json("[{},{},{},{}");
    let none = read(b"[{}]", NESTING, BatchLength(0));
    assert_eq!(none, Err(EnvelopeError::BatchTooLong { limit: 0, actual: 1 }));
}

#[test]
fn the_faults_of_one_request_are_those_of_its_batch() {
    refused(r#"[{"query":"a"},{"query":"ok","query":"evil"}]"#, EnvelopeError::DuplicateKey);
    refused(r#"[{"query":"a"},{"Query":"evil"}]"#, EnvelopeError::CaseVariantKey);
    refused(r#"[{"query":"a","documentId":"b"}]"#, EnvelopeError::TwoDocuments);
    let query = EnvelopeError::WrongType { name: "query", expected: "a string" };
    refused(r#"[{"query":1},7]"#, query);
}

#[test]
fn a_document_may_be_known_by_its_id() {
    let body = br#"{"documentId":"sha256:00","variables":{}}"#;
    let Ok(Envelope::Single(request)) = read(body, NESTING, BATCH) else { panic!("refused") };
    assert_eq!(request.document_id.as_deref(), Some("sha256:00"));
    let wrong = EnvelopeError::WrongType { name: "documentId", expected: "a string" };
    refused(r#"{"documentId":7}"#, wrong);
    refused(r#"{"documentId":{}}"#, wrong);
}

#[track_caller]
fn persisted(extensions: &str) -> Result<Option<Sha256Hash>, EnvelopeError> {
    let body = format!("{{\"extensions\":{extensions}}}");
    match read(body.as_bytes(), NESTING, BATCH) {
        Ok(Envelope::Single(request)) => request.persisted(),
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_query_may_be_known_by_its_hash() {
    let hash = Sha256Hash::of("{a}");
    let extension = |members: &str| {
        persisted(&format!("{{\"persistedQuery\":{{{}}}}}", members.replace('#', &hash.to_string())))
    };
    assert_eq!(extension(r##""version":1,"sha256Hash":"#""##), Ok(Some(hash)));
    assert_eq!(extension(r##""version":1,"sha256Hash":"#","miss":true"##), Ok(Some(hash)));
    assert_eq!(persisted("null"), Ok(None));
    assert_eq!(persisted(r#"{"tracing":true}"#), Ok(None));
    assert_eq!(persisted(r#"{"persistedQuery":null}"#), Ok(None));
    for members in [
        "",
        r#""version":1"#,
        r##""sha256Hash":"#""##,
        r##""version":2,"sha256Hash":"#""##,
        r##""version":1.0,"sha256Hash":"#""##,
        r##""version":"1","sha256Hash":"#""##,
        r#""version":1,"sha256Hash":7"#,
        r#""version":1,"sha256Hash":null"#,
        r#""version":1,"sha256Hash":"ab""#,
        r##""version":1,"sha256Hash":"#0""##,
        r##""version":1,"sha256Hash":"#","md5Hash":"""##,
        r##""version":1,"sha256Hash":"#","SHA256Hash":"""##,
        r##""version":1,"sha256Hash":"#","Version":2"##,
    ] {
        assert_eq!(extension(members), Err(EnvelopeError::PersistedQueryUnclear), "{members}");
    }
    let uppercase = format!(r#"{{"persistedQuery":{{"version":1,"sha256Hash":"{}"}}}}"#, "AB".repeat(32));
    assert_eq!(persisted(&uppercase), Err(EnvelopeError::PersistedQueryUnclear));
    for extensions in [r#"{"persistedQuery":7}"#, r#"{"persistedQuery":[]}"#, r#"{"PersistedQuery":{}}"#] {
        assert_eq!(persisted(extensions), Err(EnvelopeError::PersistedQueryUnclear), "{extensions}");
    }
}

#[test]
fn numbers_are_those_of_the_grammar() {
    let sound = |number: &str| read(format!("{{\"n\":{number}}}").as_bytes(), NESTING, BATCH).is_ok();
    for number in ["0", "-0", "-1", "10", "0.5", "-0.5e+3", "1E9", "1e-999", "123456789012345678901234567890"]
    {
        assert!(sound(number), "{number}");
    }
    for number in
        ["", "-", "+1", "01", "-01", ".5", "1.", "1.e3", "1e", "1e+", "0x1", "1_0", "--1", "Infinity"]
    {
        assert!(!sound(number), "{number}");
    }
    assert!(!sound(&"9".repeat(400)));
}

#[test]
fn the_place_of_a_fault_is_given() {
    refused("{\n \"query\": x}", EnvelopeError::NotJson { line: 2, column: 11 });
    refused("", EnvelopeError::NotJson { line: 1, column: 1 });
    refused(r#"{"a":"\q"}"#, EnvelopeError::NotJson { line: 1, column: 7 });
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| {
        let inner = depth - 2;
        format!("{{\"variables\":{{\"v\":{}{}}}}}", "[".repeat(inner), "]".repeat(inner))
    };
    assert!(read(nested(7).as_bytes(), NESTING, BATCH).is_ok());
    assert!(read(nested(8).as_bytes(), NESTING, BATCH).is_ok());
    refused(&nested(9), EnvelopeError::TooDeep { limit: 8 });
    refused(&nested(100_000), EnvelopeError::TooDeep { limit: 8 });
    refused(&"[".repeat(100_000), EnvelopeError::TooDeep { limit: 8 });
    refused(&format!("[{}]", nested(8)), EnvelopeError::TooDeep { limit: 8 });
    assert_eq!(batch(&format!("[{}]", nested(7))).len(), 1);
}
