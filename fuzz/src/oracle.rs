//! The same bytes as others read them: `serde_json` and `form_urlencoded`.

use portcullis_framing::{Json, Object, Request};
use serde_json::Value;

/// Whether two readers read the same value.
pub(crate) fn same(ours: &Json<'_>, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        // `-0` is a float there, so that it keeps its sign.
        (Json::Int(0), Value::Number(theirs)) => theirs.as_f64() == Some(0.0),
        (Json::Int(ours), Value::Number(theirs)) => theirs.as_i64() == Some(*ours),
        (Json::Float, Value::Number(theirs)) => theirs.as_i64().is_none(),
        (Json::Text(ours), Value::String(theirs)) => ours == theirs,
        (Json::List(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Object(ours), theirs) => same_object(ours, theirs),
        _ => false,
    }
}

pub(crate) fn same_object(ours: &Object<'_>, theirs: &Value) -> bool {
    let Value::Object(theirs) = theirs else { return false };
    let same_value = |key: &str, value| ours.get(key).is_some_and(|ours| same(ours, value));
    ours.entries().count() == theirs.len() && theirs.iter().all(|(key, value)| same_value(key, value))
}

/// Asserts that a request has the parameters of an object, and none besides.
pub(crate) fn assert_same_request(ours: &Request<'_>, theirs: &Value) {
    let theirs = |name: &str| theirs.get(name).filter(|value| !value.is_null());
    let texts =
        [("query", &ours.query), ("documentId", &ours.document_id), ("operationName", &ours.operation_name)];
    for (name, ours) in texts {
        assert_eq!(ours.as_deref(), theirs(name).map(|value| value.as_str().unwrap()), "{name}");
    }
    for (name, ours) in [("variables", &ours.variables), ("extensions", &ours.extensions)] {
        match (ours, theirs(name)) {
            (None, None) => (),
            (Some(ours), Some(theirs)) => assert!(same_object(ours, theirs), "{name}: {ours:?}, {theirs}"),
            (ours, theirs) => panic!("{name}: {ours:?}, {theirs:?}"),
        }
    }
}

/// Arrays and objects inside each other, the outermost counting as 1.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// How many keys a sound text has, however often the same one.
pub(crate) fn keys_written(text: &[u8]) -> usize {
    let (mut keys, mut inside, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = inside,
            b'"' => inside = !inside,
            b':' if !inside => keys += 1,
            _ => (),
        }
    }
    keys
}

/// How many keys a value has.
pub(crate) fn keys(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(keys).sum(),
        Value::Object(object) => object.len() + object.values().map(keys).sum::<usize>(),
        _ => 0,
    }
}

/// Whether a zero is somewhere of which it is no longer known whether it was written `-0` or `-0.0`.
pub(crate) fn has_negative_zero(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_negative_zero),
        Value::Object(object) => object.values().any(has_negative_zero),
        Value::Number(number) => {
            number.as_f64().is_some_and(|number| number == 0.0 && number.is_sign_negative())
        }
        _ => false,
    }
}

/// The same value with the keys of every object the other way round, and no white space.
pub(crate) fn reversed(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                reversed(item, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (index, (key, value)) in object.iter().rev().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                reversed(value, out);
            }
            out.push('}');
        }
        leaf => out.push_str(&leaf.to_string()),
    }
}
