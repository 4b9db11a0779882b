//! What clients are told of costs in the responses that pass.

use crate::*;
use portcullis_gate::Interest;
use portcullis_report::Metric;
use serde_json::{Value, json};

const TOLD: &str = "
clients:
  identity: [{header: x-api-key}]
  classes: [{name: partner, when: [{identity: [header]}], sees: {cost: true}}]
throttles:
  rules: [{name: spent, per: client, unit: cost, capacity: 100, refill: 10, window_ms: 1000}]
";
const KEY: (&str, &str) = ("x-api-key", "k-1");
const ANSWER: (&str, &str) = ("content-type", "application/graphql-response+json; charset=utf-8");

/// Asks as a client that is told, or as one that is not.
fn ask(stream: &mut Stream, extra: &[(&str, &str)], body: &str) -> Effects {
    stream.exchange = Exchange::default();
    let headers: Vec<_> = std::iter::once(JSON).chain(extra.iter().copied()).collect();
    let mut effects = stream.headers("POST", "/graphql", More::Follows, &headers);
    let judged = stream.body(body.as_bytes(), More::Ended);
    assert_eq!(judged.flow, Flow::Continue);
    effects.list.extend(judged.list);
    effects
}

/// What the client gets of a response in these pieces, and what became of its headers.
fn respond(stream: &mut Stream, headers: &[(&str, &str)], pieces: &[&str]) -> (String, Vec<Effect>) {
    let mut list = stream.response(headers, More::Follows).list;
    let mut passed = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let more = if index + 1 == pieces.len() { More::Ended } else { More::Follows };
        let effects = stream.response_body(piece.as_bytes(), more);
        let replaced = effects.list.iter().find_map(|effect| match effect {
            Effect::ReplaceResponseChunk(bytes) => Some(bytes.clone()),
            _ => None,
        });
        passed.extend(replaced.unwrap_or_else(|| piece.as_bytes().to_vec()));
        list.extend(effects.list);
    }
    list.extend(stream.on(Input::StreamEnded).list);
    (String::from_utf8(passed).unwrap(), list)
}

fn status(policy: &str, available: u64) -> Value {
    let mut stream = Stream::under(policy);
    ask(&mut stream, &[KEY], HONEST);
    let (passed, _) = respond(&mut stream, &[ANSWER], &[r#"{"data":{"me":null}}"#]);
    let told: Value = serde_json::from_str(&passed).unwrap();
    assert_eq!(told["data"], json!({ "me": null }));
    assert_eq!(told["extensions"]["cost"]["requestedQueryCost"], 1, "{passed}");
    let status = told["extensions"]["cost"]["throttleStatus"].clone();
    assert!(status.is_null() || status["currentlyAvailable"] == available, "{status}");
    status
}

#[test]
fn a_class_that_may_see_it_is_told_in_the_response() {
    let expected = json!({
        "throttle": "spent", "maximumAvailable": 100, "currentlyAvailable": 99, "restoreRate": 10,
    });
    assert_eq!(status(TOLD, 99), expected);
    // Who is never told to wait is not to hold back.
    assert_eq!(status(&format!("shadow_reasons: [throttled]\n{TOLD}"), 99), Value::Null);
    let alone = TOLD.split("throttles:").next().unwrap();
    assert_eq!(status(alone, 0), Value::Null);
}

#[test]
fn the_same_bytes_leave_however_they_come() {
    let response = r#"{"data":{"me":{"id":"1"}},"extensions":{"tracing":{}}}"#;
    let mut outcomes = std::collections::BTreeSet::new();
    for size in [1, 3, 10, 100] {
        let mut stream = Stream::under(TOLD);
        ask(&mut stream, &[KEY], HONEST);
        let pieces: Vec<_> =
            response.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        outcomes.insert(respond(&mut stream, &[ANSWER], &pieces).0);
    }
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    let told: Value = serde_json::from_str(outcomes.first().unwrap()).unwrap();
    assert_eq!(told["extensions"]["tracing"], json!({}));
    assert_eq!(told["extensions"]["cost"]["requestedQueryCost"], 1);
}

#[test]
fn what_is_true_only_of_the_body_as_it_came_is_taken_away() {
    let mut stream = Stream::under(TOLD);
    let asked = ask(&mut stream, &[KEY, ("accept-encoding", "gzip")], HONEST);
    assert!(asked.list.contains(&Effect::RemoveRequestHeader("accept-encoding".to_owned())));
    let headers = [ANSWER, ("content-length", "20"), ("content-md5", "x"), ("etag", "x")];
    let (_, list) = respond(&mut stream, &headers, &[r#"{"data":{"me":null}}"#]);
    let removed: Vec<_> =
        list.iter().filter(|effect| matches!(effect, Effect::RemoveResponseHeader(_))).collect();
    let expected = ["content-length", "content-md5"].map(Effect::RemoveResponseHeader);
    assert_eq!(removed, expected.iter().collect::<Vec<_>>());
}

#[test]
fn who_is_not_told_gets_the_response_as_it_came() {
    let mut stream = Stream::under(TOLD);
    let asked = ask(&mut stream, &[("accept-encoding", "gzip")], HONEST);
    assert!(!asked.list.iter().any(|effect| matches!(effect, Effect::RemoveRequestHeader(_))));
    assert!(!stream.exchange.wants(Interest::ResponseHeaders) && !stream.exchange.wants(Interest::End));
    stream.response(&[ANSWER, ("content-length", "20")], More::Follows);
    assert!(!stream.exchange.wants(Interest::ResponseBody));
}

#[test]
fn streams_batches_and_what_cannot_be_read_are_left_alone() {
    let left = |body: &str, headers: &[(&str, &str)], piece: &str| {
        let mut stream = Stream::under(TOLD);
        ask(&mut stream, &[KEY], body);
        let (passed, list) = respond(&mut stream, headers, &[piece]);
        assert_eq!(passed, piece);
        list
    };
    let response = r#"{"data":{"me":null}}"#;
    let length = ("content-length", "20");
    let shortened = Effect::RemoveResponseHeader("content-length");
    for other in ["text/event-stream", "multipart/mixed; boundary=-", "text/html", "application/jsonl"] {
        let list = left(HONEST, &[("content-type", other), length], response);
        assert!(!list.contains(&shortened), "{other}");
    }
    let packed = left(HONEST, &[ANSWER, ("content-encoding", "gzip"), length], response);
    assert!(packed.contains(&Effect::Count(Metric::ResponsesUnread, 1)) && !packed.contains(&shortened));
    let batch = left(&format!("[{HONEST},{HONEST}]"), &[ANSWER, length], &format!("[{response},{response}]"));
    assert!(!batch.contains(&shortened) && !batch.contains(&Effect::Count(Metric::ResponsesUnread, 1)));
    let broken = left(HONEST, &[ANSWER], r#"{"data":{"me":"#);
    assert!(broken.contains(&Effect::Count(Metric::ResponsesUnread, 1)));
    left(HONEST, &[ANSWER], r#"{"data":null,"extensions":{"cost":{"requestedQueryCost":0}}}"#);
}

#[test]
fn trailers_behind_a_response_change_nothing_of_it() {
    let mut stream = Stream::under(TOLD);
    ask(&mut stream, &[KEY], HONEST);
    stream.response(&[ANSWER], More::Follows);
    let effects = stream.response_body(br#"{"data":{"me":null}}"#, More::Follows);
    let [Effect::ReplaceResponseChunk(bytes)] = effects.list.as_slice() else { panic!("{effects:?}") };
    serde_json::from_slice::<Value>(bytes).unwrap();
    assert!(stream.on(Input::ResponseTrailers).list.is_empty());
    assert!(!stream.exchange.wants(Interest::End));
}
