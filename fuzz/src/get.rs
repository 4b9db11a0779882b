//! Query strings: what is accepted, the decoder of the URL standard reads alike.

use crate::choices::Choices;
use crate::oracle::assert_same_request;
use portcullis_framing::{EnvelopeError, Nesting, Parameters, QueryString, percent_decoded, query_string};
use serde_json::{Map, Value};

const TEXTS: [&str; 3] = ["query", "operationName", "documentId"];
const VALUES: [&str; 2] = ["variables", "extensions"];

/// Choice: nesting. The rest is the query string.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let nesting = Nesting(choices.one_of(&[64, 2, 3, 5]));
    let text = choices.rest();
    assert!(percent_decoded(text).len() <= text.len());
    let parameters = match Parameters::read(text) {
        Ok(parameters) => parameters,
        Err(error) => return refused(error, text),
    };
    // What holds no parameter for anyone is no request either.
    if query_string(text) == QueryString::Unrelated {
        assert_eq!(parameters, Parameters::default());
    }
    let mut theirs = Map::new();
    for (name, value) in form_urlencoded::parse(text) {
        let is_text = TEXTS.contains(&name.as_ref());
        if !is_text && !VALUES.contains(&name.as_ref()) {
            continue;
        }
        let value = match (is_text, value.as_ref()) {
            (true, text) => Value::from(text),
            (false, "") => Value::Null,
            (false, text) => match serde_json::from_str(text) {
                Ok(value) => value,
                Err(error) => {
                    assert!(parameters.request(nesting).is_err(), "accepted, but {error}");
                    return;
                }
            },
        };
        assert!(theirs.insert(name.into_owned(), value).is_none(), "a parameter was given twice");
    }
    match parameters.request(nesting) {
        Ok(request) => assert_same_request(&request, &Value::Object(theirs)),
        Err(EnvelopeError::NotJson { .. }) => panic!("refused as no JSON, which it is"),
        Err(_) => (),
    }
}

fn refused(error: EnvelopeError, text: &[u8]) {
    if let EnvelopeError::NotUrlEncoded { at } | EnvelopeError::Semicolon { at } = error {
        assert!(at < text.len(), "the fault is beyond the end");
    }
}
