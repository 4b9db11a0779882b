//! Bodies and query strings.

use crate::json;
use portcullis_framing::{
    BatchLength, Envelope, EnvelopeError, Json, Nesting, Parameters, QueryString, accepts, content_encoding,
    content_type, query_string, read, streams,
};
use proptest::prelude::*;

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

proptest! {
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
