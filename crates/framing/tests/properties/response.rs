//! Responses.

use crate::{cut, json};
use portcullis_framing::{Addition, Event, Events, Jobs, Scanner, Suggestions};
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

/// What leaves with a member added, in these chunks.
fn added(chunks: &[&[u8]]) -> Vec<u8> {
    let jobs = Jobs { suggestions: Suggestions::Keep, events: Events::Off };
    let addition = Addition::new("cost", "{\"a\":1}".to_owned());
    let mut scanner = Scanner::new(jobs, 20).adding(Some(addition));
    let mut output: Vec<u8> =
        chunks.iter().flat_map(|chunk| scanner.feed(chunk, &mut |_| ()).into_owned()).collect();
    output.extend_from_slice(&scanner.finish());
    output
}

/// A body with a number of bytes taken out at one place.
fn is_without(body: &[u8], whole: &[u8]) -> bool {
    let same = body.iter().zip(whole).take_while(|(one, other)| one == other).count();
    (0..=same).any(|at| whole.ends_with(&body[at..]))
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
    #[test]
    fn a_member_is_added_as_to_a_tree(
        data in json(),
        extensions in prop::option::of(json()),
        is_first: bool,
        pretty: bool,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut members = vec![("data", data.clone())];
        if let Some(extensions) = &extensions {
            members.insert(usize::from(!is_first), ("extensions", extensions.clone()));
        }
        // A map of serde_json would sort them.
        let text = |value: &serde_json::Value| if pretty { format!("{value:#}") } else { value.to_string() };
        let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\": {}", text(value))).collect();
        let body = format!("{{{}}}", members.join(", "));
        let output = added(&cut(body.as_bytes(), &cuts));
        let mut expected: serde_json::Value = serde_json::from_str(&body).unwrap();
        match expected.get_mut("extensions") {
            None => expected["extensions"] = serde_json::json!({ "cost": { "a": 1 } }),
            Some(serde_json::Value::Object(map)) => {
                map.entry("cost").or_insert_with(|| serde_json::json!({ "a": 1 }));
            }
            Some(_) => {}
        }
        prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&output).unwrap(), expected);
        prop_assert!(is_without(body.as_bytes(), &output));
    }

    #[test]
    fn a_member_is_added_to_anything_alike_in_any_chunks(
        text in "(\\[|\\]|\\{|\\}|:|,|\"(errors|data|extensions|cost|x|\\\\u00e9)\"|null|7|\"|\\\\| ){0,30}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let whole = added(&[text.as_bytes()]);
        prop_assert_eq!(&added(&cut(text.as_bytes(), &cuts)), &whole);
        prop_assert!(is_without(text.as_bytes(), &whole));
    }
}
