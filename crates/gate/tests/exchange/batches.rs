//! JSON arrays of requests: judged one by one, refused as a whole, charged as one.

use super::*;
use portcullis_report::{Metric, OperationKind, Outcome, Transport};

fn batch(requests: &[&str]) -> String {
    format!("[{}]", requests.join(","))
}

#[test]
fn a_batch_goes_on_as_one_request_with_all_its_operations() {
    let mut stream = Stream::new();
    let other = r#"{"query":"mutation Pay { pay { id } }"}"#;
    let effects = post(&mut stream, &batch(&[HONEST, other]));
    assert_eq!(effects.flow, Flow::Continue);
    assert_eq!(header(&effects, "x-graphql-operation"), Some("Me, Pay"));
    assert_eq!(header(&effects, "x-graphql-cost"), Some("11"), "0.11 and 10.11");
    for kind in [OperationKind::Query, OperationKind::Mutation] {
        assert!(effects.list.contains(&Effect::Count(Metric::Requests(kind, Outcome::Allowed), 1)));
    }
    let events: Vec<_> = effects
        .list
        .iter()
        .filter_map(|effect| match effect {
            Effect::Emit(event) => Some((event.operation.as_str(), event.transport, event.body_bytes)),
            _ => None,
        })
        .collect();
    let bytes = u64::try_from(batch(&[HONEST, other]).len()).unwrap();
    assert_eq!(events, [("Me", Transport::Batch, bytes), ("Pay", Transport::Batch, 0)]);
}

#[test]
fn one_refused_operation_refuses_the_batch() {
    let mut stream = Stream::new();
    let effects = post(&mut stream, &batch(&[HONEST, EVIL, HONEST]));
    refused_at_once(&effects, Reason::Introspection);
    assert_eq!(event(&effects).transport, Transport::Batch);
    let counted =
        effects.list.iter().filter(|effect| matches!(effect, Effect::Count(Metric::Requests(..), _)));
    assert_eq!(counted.count(), 1);
}

#[test]
fn the_length_of_a_batch_is_limited() {
    for (length, expected) in [(9, None), (10, None), (11, Some(Reason::BatchLength))] {
        let effects = post(&mut Stream::new(), &batch(&vec![HONEST; length]));
        assert_eq!(reason(&effects), expected, "{length}");
    }
    let effects = post(&mut Stream::new(), &batch(&[HONEST; 11]));
    assert_eq!(reply(&effects).unwrap().status, 422);
    let mut closed = Stream::under("graphql: {transports: {batch: false}}");
    refused_at_once(&post(&mut closed, &batch(&[HONEST])), Reason::Batching);
    refused_at_once(&post(&mut closed, &batch(&[HONEST; 11])), Reason::Batching);
}

#[test]
fn a_batch_is_charged_as_one() {
    let item = r#"{"query":"{ users(first: 1900) { id } }"}"#;
    for (length, expected) in [(10, None), (11, Some(Reason::Cost))] {
        let mut stream = Stream::under("graphql: {limits: {batch: 20}}");
        assert_eq!(reason(&post(&mut stream, &batch(&vec![item; length]))), expected, "{length}");
    }
}

#[test]
fn what_is_no_list_of_requests_is_refused() {
    for body in ["[]", "[1]", "[[]]", "[null]", "[[{\"query\":\"{a}\"}]]"] {
        refused_at_once(&post(&mut Stream::new(), body), Reason::Envelope);
    }
}

#[test]
fn each_unknown_hash_of_a_batch_is_told_so() {
    let hash =
        format!(r#"{{"extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{}"}}}}}}"#, "0".repeat(64));
    let effects = post(&mut Stream::new(), &batch(&[HONEST, &hash]));
    refused_at_once(&effects, Reason::PersistedQuery);
    let answers: serde_json::Value = serde_json::from_slice(&reply(&effects).unwrap().body).unwrap();
    assert_eq!(answers.as_array().unwrap().len(), 2);
    refused_at_once(&post(&mut Stream::new(), &batch(&[&hash, EVIL])), Reason::Introspection);
}
