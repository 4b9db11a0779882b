//! Responses.

use crate::{cut, json};
use portcullis_framing::{Event, Events, Jobs, Scanner, Suggestions};
use proptest::prelude::*;

fn scan(chunks: &[&[u8]], suggestions: Suggestions) -> (Vec<u8>, Vec<String>, bool) {
    let mut scanner = Scanner::new(Jobs { suggestions, events: Events::On }, 20);
    let (mut output, mut events) = (Vec::new(), Vec::new());
    for chunk in chunks {
        output.extend_from_slice(
            &scanner.feed(chunk, &mut |event: Event<'_>| events.push(format!("{event:?}"))),
        );
    }
    output.extend_from_slice(&scanner.finish());
    (output, events, scanner.is_lost())
}

/// Texts that have something of a suggestion, of JSON, or of neither.
const TEXT: &str = "( ?\\(?[dD]id you mean|did |[a-d\"\\\\ (é]{0,3}){0,4}";

fn response() -> impl Strategy<Value = serde_json::Value> {
    let data = json();
    let error = (TEXT, json(), "[A-Z_]{0,70}").prop_map(|(message, more, code)| {
        serde_json::json!({ "message": message, "more": more, "extensions": { "code": code, "hint": [message] } })
    });
    (data, prop::collection::vec(error, 0..3))
        .prop_map(|(data, errors)| serde_json::json!({ "errors": errors, "data": data, "extensions": { "x": "Did you mean" } }))
}

/// The same value with each text of an error cut off, as one would write it over a tree.
fn stripped(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::String(text) => {
            let Some(at) = text.to_ascii_lowercase().find("did you mean") else { return value.clone() };
            let before = text.get(..at).unwrap();
            let before = before.strip_suffix('(').unwrap_or(before);
            before.strip_suffix(' ').unwrap_or(before).into()
        }
        serde_json::Value::Array(items) => items.iter().map(stripped).collect::<Vec<_>>().into(),
        serde_json::Value::Object(map) => {
            serde_json::Value::Object(map.iter().map(|(key, value)| (key.clone(), stripped(value))).collect())
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => value.clone(),
    }
}

/// The events of a value, as one would tell them of a tree.
fn walk(value: &serde_json::Value, events: &mut Vec<String>) {
    match value {
        serde_json::Value::Null => events.push("Null".to_owned()),
        serde_json::Value::Array(items) => {
            events.push("ListStart".to_owned());
            items.iter().for_each(|item| walk(item, events));
            events.push("ListEnd".to_owned());
        }
        serde_json::Value::Object(map) => {
            events.push("ObjectStart".to_owned());
            for (key, value) in map {
                events.push(format!("Key({:?})", key.as_bytes()));
                walk(value, events);
            }
            events.push("ObjectEnd".to_owned());
        }
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::String(_) => {
            events.push("Leaf".to_owned());
        }
    }
}

proptest! {
    #[test]
    fn a_response_is_scanned_as_a_tree_is(
        value in response(),
        pretty: bool,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let (output, events, lost) = scan(&cut(text.as_bytes(), &cuts), Suggestions::Strip);
        prop_assert!(!lost);
        let mut expected = value.clone();
        expected["errors"] = stripped(&value["errors"]);
        prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&output).unwrap(), expected);
        let mut told = Vec::new();
        let of_data: Vec<_> = events.iter().filter(|event| {
            !["Response", "Error"].contains(&event.as_str()) && !event.starts_with("Code")
        }).cloned().collect();
        walk(&value["data"], &mut told);
        prop_assert_eq!(of_data, told);
        let errors = value["errors"].as_array().unwrap();
        let codes: Vec<_> = errors.iter().flat_map(|error| {
            let code = error["extensions"]["code"].as_str().unwrap();
            std::iter::once("Error".to_owned()).chain((code.len() <= 64).then(|| format!("Code({code:?})")))
        }).collect();
        let told: Vec<_> = events.iter().filter(|event| *event == "Error" || event.starts_with("Code")).cloned().collect();
        prop_assert_eq!(told, codes);
        prop_assert_eq!(scan(&cut(text.as_bytes(), &cuts), Suggestions::Keep).0, text.as_bytes());
    }

    #[test]
    fn anything_is_scanned_the_same_in_any_chunks(
        text in "(\\[|\\]|\\{|\\}|:|,|\"(errors|data|extensions|code|x| Did you mean y|\\\\u00e9)\"|null|7| Did you| mean|\"|\\\\){0,30}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let whole = scan(&[text.as_bytes()], Suggestions::Strip);
        prop_assert_eq!(scan(&cut(text.as_bytes(), &cuts), Suggestions::Strip), whole);
        prop_assert_eq!(scan(&cut(text.as_bytes(), &cuts), Suggestions::Keep).0, text.as_bytes());
    }
}
