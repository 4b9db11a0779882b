use super::*;
use std::collections::BTreeSet;

/// The paths that the router knows, which it tells nobody but in its debugging output.
fn served_paths() -> BTreeSet<String> {
    let router = served(people()).merge(served(reports())).merge(served(patient()));
    let text = format!("{router:?}");
    let paths = text.split('"').filter(|text| text.starts_with('/'));
    // Two are those of the fallback.
    paths.filter(|path| *path != "/" && !path.contains("__private")).map(str::to_owned).collect()
}

#[test]
fn every_route_is_documented_and_every_documented_path_is_a_route() {
    let documented: BTreeSet<String> = openapi::document().paths.paths.into_keys().collect();
    let other = |path: &str| path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
    let with_others: BTreeSet<String> = documented
        .iter()
        .flat_map(|path| [path.clone(), other(path)])
        .filter(|path| path != "/monitoring/openapi.json/")
        .collect();
    assert!(documented.len() > 10, "{documented:?}");
    assert_eq!(served_paths(), with_others);
}

#[test]
fn operations_have_names_of_their_own_and_say_what_they_are() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
            assert!(
                operation["summary"].as_str().is_some_and(|text| text.ends_with(['.', ':'])),
                "{method} {path}"
            );
            assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{method} {path}");
            let security = operation["security"].as_array().into_iter().flatten();
            let schemes: Vec<_> = security.flat_map(|it| it.as_object().unwrap().keys().cloned()).collect();
            assert!(
                schemes.iter().all(|name| ["api_key", "bearer"].contains(&name.as_str())),
                "{method} {path}: {schemes:?}"
            );
        }
    }
}

/// What is a string in an answer, each by the name of its schema: words of the program, as nothing else is one.
const WORDS: [&str; 33] = [
    "Applied.changed",
    "Applied.needs_restart",
    "Problem.title",
    "candidate.Answer.next",
    "candidate.Change.difference",
    "candidate.Reasons.candidate_code",
    "candidate.Reasons.difference",
    "crowdsec.Message.message",
    "crowdsec.Wire.duration",
    "crowdsec.Wire.scope",
    "crowdsec.Wire.type",
    "decisions.Held.action",
    "decisions.Held.scope",
    "graphql.Answer.next",
    "graphql.Refusals.code",
    "health.Health.status",
    "health.Health.version",
    "health.JobHealth.last_error",
    "health.JobHealth.name",
    "health.ReloadHealth.outcome",
    "health.StoreHealth.kind",
    "health.StoreHealth.reads",
    "health.StoreHealth.writes",
    "security.Answer.next",
    "security.Client.country",
    "security.Client.scope",
    "security.Engine.last_error",
    "series.Answer.next",
    "series.List.next",
    "websocket.Answer.next",
    "websocket.Closes.code",
    "websocket.Rejections.code",
    "websocket.Rejections.reason",
];

/// Whether it is a string in itself, and not by a type that has a name.
fn is_plain(schema: &serde_json::Value) -> bool {
    let is_string = |kind: &serde_json::Value| kind == "string";
    let kind = &schema["type"];
    is_string(kind)
        || kind.as_array().is_some_and(|kinds| kinds.iter().any(is_string))
        || ["items", "additionalProperties"].iter().any(|inner| schema.get(inner).is_some_and(is_plain))
}

#[test]
fn a_text_in_an_answer_is_redacted_or_a_word_of_the_program() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    // What is sent here, and what edges are told, is not for people.
    let others = ["edge.", "Action", "decisions.New", "series.Sent", "Text", "Whom"];
    let mut plain = BTreeSet::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            if is_plain(schema) && !others.iter().any(|other| name.starts_with(other)) {
                plain.insert(format!("{name}.{member}"));
            }
        }
    }
    assert_eq!(plain, WORDS.iter().map(|word| (*word).to_owned()).collect());
}
