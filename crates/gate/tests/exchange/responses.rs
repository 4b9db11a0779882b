//! Responses that are read while they pass: suggestions, error codes, actual costs.

use super::*;
use portcullis_cost::Cost;
use portcullis_gate::Interest;
use portcullis_report::{ErrorCode, Metric};

const ANSWER: (&str, &str) = ("content-type", "application/json");
const PRODUCTS: &str = r#"{"query":"query P { products(first: 10) { id tags { name } } }"}"#;

/// The chunks that the client gets for a response in these pieces, and every effect of its way.
fn respond(stream: &mut Stream, pieces: &[&str]) -> (String, Vec<Effect>) {
    let mut list = stream.response(&[ANSWER, ("content-length", "1")], More::Follows).list;
    let mut passed = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let more = if index + 1 == pieces.len() { More::Ended } else { More::Follows };
        let effects = stream.on(Input::ResponseBody { chunk: Chunk::Bytes(piece.as_bytes()), more });
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

fn asked(policy: &str, body: &str) -> (Stream, Effects) {
    let mut stream = Stream::under(policy);
    let effects = post(&mut stream, body);
    assert_eq!(effects.flow, Flow::Continue);
    (stream, effects)
}

#[test]
fn nothing_is_read_unless_the_policy_asks_for_it() {
    let (mut stream, _) = asked("", HONEST);
    assert!(!stream.exchange.wants(Interest::End));
    stream.response(&[ANSWER], More::Follows);
    assert!(!stream.exchange.wants(Interest::End));
}

#[test]
fn a_response_that_is_read_comes_uncompressed() {
    let mut stream = Stream::under("responses: {count_errors: true}");
    let effects = stream.headers("POST", "/graphql", More::Follows, &[JSON, ("accept-encoding", "gzip")]);
    assert_eq!(effects.list, [Effect::RemoveRequestHeader("accept-encoding".to_owned())]);
    stream.body(HONEST.as_bytes(), More::Ended);
    let packed = stream.response(&[ANSWER, ("content-encoding", "gzip")], More::Follows);
    assert!(packed.list.contains(&Effect::Count(Metric::ResponsesUnread, 1)));
    assert!(!stream.exchange.wants(Interest::End));
}

#[test]
fn suggestions_are_cut_wherever_the_chunks_are() {
    let whole =
        r#"{"errors":[{"message":"Cannot query field \"usr\" on type \"Query\". Did you mean \"user\"?"}]}"#;
    for size in [1, 5, 30, 200] {
        let (mut stream, _) = asked("responses: {strip_suggestions: true}", HONEST);
        let pieces: Vec<&str> =
            whole.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        let (passed, list) = respond(&mut stream, &pieces);
        assert!(!passed.contains("Did you mean") && !passed.contains("user"), "{size}: {passed}");
        serde_json::from_str::<serde_json::Value>(&passed).unwrap();
        assert!(list.contains(&Effect::RemoveResponseHeader("content-length")));
        assert!(list.contains(&Effect::Count(Metric::SuggestionsStripped, 1)), "{size}");
    }
}

#[test]
fn errors_are_counted_by_their_codes() {
    let (mut stream, _) = asked("responses: {count_errors: true}", HONEST);
    let body = r#"{"data":null,"errors":[{"message":"a","extensions":{"code":"FORBIDDEN"}},{"message":"b"},{"message":"c","extensions":{"code":"FORBIDDEN"}}]}"#;
    let (passed, list) = respond(&mut stream, &[body]);
    assert_eq!(passed, body);
    assert!(list.contains(&Effect::Count(Metric::ResponseErrors(ErrorCode::Forbidden), 2)));
    assert!(list.contains(&Effect::Count(Metric::ResponseErrors(ErrorCode::Other), 1)));
    assert!(!list.contains(&Effect::RemoveResponseHeader("content-length")), "nothing becomes shorter");
}

#[test]
fn the_entries_of_a_response_make_its_actual_cost() {
    let (mut stream, effects) = asked("responses: {actual_cost: true}", PRODUCTS);
    assert!(!effects.list.iter().any(|effect| matches!(effect, Effect::Emit(_))), "it is told with the cost");
    let body =
        r#"{"data":{"products":[{"id":"1","tags":[{"name":"x"},{"name":"y"}]},{"id":"2","tags":[]}]}}"#;
    let (passed, list) = respond(&mut stream, &[body]);
    assert_eq!(passed, body);
    let told = events(&list).next().unwrap();
    let (actual, estimate) = (told.actual.unwrap(), told.cost.unwrap());
    assert!(actual < estimate && actual > Cost::ZERO, "{actual:?} of {estimate:?}");
    assert!(list.contains(&Effect::Count(Metric::ActualCost, actual.units())));
    assert!(list.contains(&Effect::Property("portcullis_actual_cost", actual.units().to_string())));
}

#[test]
fn each_operation_of_a_batch_has_its_own_actual_cost() {
    let batch = format!("[{PRODUCTS},{HONEST}]");
    let (mut stream, _) = asked("responses: {actual_cost: true}", &batch);
    let body = r#"[{"data":{"products":[{"id":"1","tags":[]}]}},{"data":{"me":null}}]"#;
    let (_, list) = respond(&mut stream, &[body]);
    let costs: Vec<_> = list
        .iter()
        .filter_map(|effect| match effect {
            Effect::Emit(event) => Some((event.operation.clone(), event.actual.unwrap().milli())),
            _ => None,
        })
        .collect();
    assert_eq!(costs.len(), 2);
    assert!(costs[0].1 > costs[1].1, "{costs:?}");
}

#[test]
fn what_cannot_be_read_passes_and_is_counted() {
    let (mut stream, _) = asked("responses: {actual_cost: true, strip_suggestions: true}", HONEST);
    let (passed, list) = respond(&mut stream, &[r#"{"data":{"me":"#, "]}}"]);
    assert_eq!(passed, r#"{"data":{"me":]}}"#);
    assert!(list.contains(&Effect::Count(Metric::ResponsesUnread, 1)));
    assert!(list.iter().any(|effect| matches!(effect, Effect::Emit(event) if event.actual.is_none())));
}

#[test]
fn trailers_end_a_response_as_well() {
    let (mut stream, _) = asked("responses: {actual_cost: true, count_errors: true}", PRODUCTS);
    stream.response(&[ANSWER], More::Follows);
    let body = br#"{"errors":[{"message":"a"}],"data":{"products":[{"id":"1","tags":[]}]}}"#;
    assert_eq!(stream.response_body(body, More::Follows), Effects::default());
    let list = stream.on(Input::ResponseTrailers).list;
    assert!(list.contains(&Effect::Count(Metric::ResponseErrors(ErrorCode::Other), 1)));
    assert!(!list.iter().any(|effect| matches!(effect, Effect::Count(Metric::ResponsesUnread, _))));
    assert!(events(&list).next().unwrap().actual > Some(Cost::ZERO));
    assert!(!stream.exchange.wants(Interest::End));
}

#[test]
fn trailers_of_a_response_that_nobody_reads_change_nothing() {
    let (mut stream, _) = asked("", HONEST);
    stream.response(&[ANSWER], More::Follows);
    assert_eq!(stream.on(Input::ResponseTrailers), Effects::default());
    let (mut stream, _) = asked("responses: {actual_cost: true}", HONEST);
    stream.response(&[("content-type", "text/event-stream")], More::Follows);
    assert!(!stream.exchange.wants(Interest::ResponseBody), "a host need not tell of its trailers");
    assert_eq!(stream.on(Input::ResponseTrailers), Effects::default());
    assert_eq!(stream.on(Input::StreamEnded).list, [Effect::Lower(Metric::Streams, 1)]);
}

#[test]
fn a_response_that_breaks_off_has_no_actual_cost() {
    let (mut stream, _) = asked("responses: {actual_cost: true}", HONEST);
    stream.response(&[ANSWER], More::Follows);
    stream.on(Input::ResponseBody { chunk: Chunk::Bytes(b"{\"data\":{"), more: More::Follows });
    let list = stream.on(Input::StreamEnded).list;
    assert!(list.iter().any(|effect| matches!(effect, Effect::Emit(event) if event.actual.is_none())));
}

#[test]
fn a_response_that_ends_in_the_middle_has_no_actual_cost() {
    for trailers in [false, true] {
        let (mut stream, _) = asked("responses: {actual_cost: true}", PRODUCTS);
        stream.response(&[ANSWER], More::Follows);
        let half = br#"{"data":{"products":[{"id":"1"}"#;
        let list = if trailers {
            stream.response_body(half, More::Follows);
            stream.on(Input::ResponseTrailers).list
        } else {
            stream.response_body(half, More::Ended).list
        };
        assert!(list.contains(&Effect::Count(Metric::ResponsesUnread, 1)));
        assert_eq!(events(&list).next().unwrap().actual, None);
    }
}

#[test]
fn more_responses_than_operations_are_passed_over() {
    let (mut stream, _) = asked("responses: {actual_cost: true}", &format!("[{PRODUCTS},{HONEST}]"));
    let one = r#"{"data":{"products":[{"id":"1","tags":[]}]}}"#;
    stream.response(&[ANSWER], More::Follows);
    let many = format!("[{}]", vec![one; 1_000].join(","));
    let half = many.len() / 2;
    stream.response_body(&many.as_bytes()[..half], More::Follows);
    let kept = format!("{:?}", stream.exchange).len();
    stream.response_body(&many.as_bytes()[half..many.len() - 1], More::Follows);
    assert!(format!("{:?}", stream.exchange).len() < kept + 100, "what is kept grows");
    let list = stream.response_body(b"]", More::Ended).list;
    assert_eq!(events(&list).filter(|event| event.actual > Some(Cost::ZERO)).count(), 1);
    assert_eq!(events(&list).count(), 2);
}

#[test]
fn what_a_stream_costs_is_not_counted() {
    let (mut stream, _) = asked("responses: {actual_cost: true}", HONEST);
    let opened = stream.response(&[("content-type", "text/event-stream")], More::Follows);
    assert!(stream.exchange.wants(Interest::End) && !stream.exchange.wants(Interest::ResponseBody));
    assert!(opened.list.iter().any(|effect| matches!(effect, Effect::Emit(_))), "it is told at once");
}
