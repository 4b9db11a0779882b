//! Bodies: what is accepted, `serde_json` accepts too and reads alike; what is no JSON here is none there.

use crate::choices::Choices;
use crate::oracle::{assert_same_request, depth, has_negative_zero, keys, keys_written, reversed};
use portcullis_framing::{BatchLength, Envelope, EnvelopeError, Json, Nesting, Request, read};
use serde_json::Value;

/// Choices: nesting, length of batches. The rest is the body.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let nesting = Nesting(choices.one_of(&[64, 1, 2, 3, 5, 100]));
    let batch = BatchLength(choices.one_of(&[10, 0, 1, 2]));
    let body = choices.rest();
    let theirs = serde_json::from_slice::<Value>(body);
    match (read(body, nesting, batch), theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(keys_written(body), keys(&theirs), "a key came twice");
            accepted(&ours, &theirs, nesting, batch);
        }
        (Ok(_), Err(error)) => panic!("accepted, but {error}"),
        (Err(EnvelopeError::NotJson { .. } | EnvelopeError::NotUtf8 { .. }), Ok(_)) => {
            panic!("refused as no JSON, which it is")
        }
        (Err(EnvelopeError::TooDeep { .. }), Ok(theirs)) => {
            // A key that came twice may hide how deep its first value was.
            let is_hidden = depth(&theirs) <= usize::from(nesting.0);
            assert!(!is_hidden || has_more_brackets(body, &theirs), "refused as too deep, which it is not");
        }
        (Err(_), _) => (),
    }
}

/// Whether the text opens more arrays and objects than the value has: one key stood there twice.
fn has_more_brackets(body: &[u8], value: &Value) -> bool {
    let open = |bytes: &[u8]| bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    open(body) > open(value.to_string().as_bytes())
}

fn accepted(ours: &Envelope<'_>, theirs: &Value, nesting: Nesting, batch: BatchLength) {
    assert!(depth(theirs) <= usize::from(nesting.0), "deeper than allowed");
    match (ours, theirs) {
        (Envelope::Single(ours), Value::Object(_)) => assert_sound(ours, theirs),
        (Envelope::Batch(ours), Value::Array(theirs)) => {
            assert!((1..=batch.0).contains(&ours.len()) && ours.len() == theirs.len(), "another length");
            ours.iter().zip(theirs).for_each(|(ours, theirs)| assert_sound(ours, theirs));
        }
        _ => panic!("another form: {ours:?}, {theirs}"),
    }
    if has_negative_zero(theirs) {
        return;
    }
    let mut other = String::new();
    reversed(theirs, &mut other);
    assert_eq!(read(other.as_bytes(), nesting, batch).as_ref(), Ok(ours), "the order of keys matters");
    let wide = read(other.as_bytes(), Nesting(100), BatchLength(usize::MAX));
    assert_eq!(wide.as_ref(), Ok(ours), "a larger limit matters");
}

fn assert_sound(ours: &Request<'_>, theirs: &Value) {
    assert_same_request(ours, theirs);
    if let Ok(Some(hash)) = ours.persisted() {
        let extension = &theirs["extensions"]["persistedQuery"];
        assert_eq!(extension["version"], Value::from(1));
        assert_eq!(extension["sha256Hash"], Value::from(hash.to_string()));
        assert!(matches!(ours.extensions.as_ref().unwrap().get("persistedQuery"), Some(Json::Object(_))));
    }
}
