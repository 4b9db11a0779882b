use super::*;

const NESTING: Nesting = Nesting(8);

#[track_caller]
fn query(body: &str) -> String {
    match read(body.as_bytes(), NESTING) {
        Ok(Envelope::Single(request)) => request.query.unwrap_or_default().into_owned(),
        other => panic!("{body}: {other:?}"),
    }
}

#[track_caller]
fn refused(body: &str, expected: EnvelopeError) {
    assert_eq!(read(body.as_bytes(), NESTING), Err(expected), "{body}");
}

#[track_caller]
fn not_json(body: &str) {
    let outcome = read(body.as_bytes(), NESTING);
    assert!(matches!(outcome, Err(EnvelopeError::NotJson { .. })), "{body}: {outcome:?}");
}

#[test]
fn a_request_is_read() {
    let body = r#"{"query":"{a}","operationName":"A","variables":{"n":3,"list":[1,2]},"extensions":{}}"#;
    let Ok(Envelope::Single(request)) = read(body.as_bytes(), NESTING) else { panic!("refused") };
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
    assert_eq!(read(b"{\"query\":\"\xff\"}", NESTING), Err(EnvelopeError::NotUtf8 { at: 10 }));
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&utf16, NESTING).is_err());
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
    let Ok(Envelope::Single(request)) = read(body.as_bytes(), NESTING) else { panic!("refused") };
    let found: Vec<_> = request.variables.unwrap().entries().map(|(_, value)| value.clone()).collect();
    assert_eq!(found, [Json::Float, Json::Float, Json::Int(i64::MAX), Json::Float, Json::Int(-5)]);
}

#[test]
fn an_array_is_a_batch() {
    for body in ["[]", r#"[{"query":"a"}]"#, "[[1]]"] {
        assert_eq!(read(body.as_bytes(), NESTING), Ok(Envelope::Batch), "{body}");
    }
    not_json("[1]]");
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| {
        let inner = depth - 2;
        format!("{{\"variables\":{{\"v\":{}{}}}}}", "[".repeat(inner), "]".repeat(inner))
    };
    assert!(read(nested(7).as_bytes(), NESTING).is_ok());
    assert!(read(nested(8).as_bytes(), NESTING).is_ok());
    refused(&nested(9), EnvelopeError::TooDeep { limit: 8 });
    refused(&nested(100_000), EnvelopeError::TooDeep { limit: 8 });
    not_json(&"[".repeat(100_000));
}
