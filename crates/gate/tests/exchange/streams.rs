//! Responses that are streams: counted while they are open, read only for their errors.

use super::*;
use portcullis_gate::Interest;
use portcullis_report::{ErrorCode, Metric, Transport};

const SUBSCRIPTION: &str = r#"{"query":"subscription S { ticks { at } }"}"#;

#[test]
fn a_stream_is_counted_while_it_is_open() {
    let mut stream = Stream::new();
    stream.headers("POST", "/graphql", More::Follows, &[JSON, ("accept", "text/event-stream")]);
    let effects = stream.body(SUBSCRIPTION.as_bytes(), More::Ended);
    assert_eq!((effects.flow, event(&effects).transport), (Flow::Continue, Transport::EventStream));
    assert!(stream.exchange.wants(Interest::ResponseHeaders));
    let opened = stream.response(&[("content-type", "text/event-stream")], More::Follows);
    for metric in [Metric::StreamsOpened, Metric::Streams] {
        assert!(opened.list.contains(&Effect::Count(metric, 1)), "{metric:?}");
    }
    assert!(!stream.exchange.wants(Interest::ResponseBody), "its body is not read");
    assert!(stream.exchange.wants(Interest::End));
    let ended = stream.on(Input::StreamEnded);
    assert_eq!(ended.list, [Effect::Lower(Metric::Streams, 1)]);
    assert!(!stream.exchange.wants(Interest::End));
}

#[test]
fn parts_are_a_stream_too() {
    let mut stream = Stream::new();
    stream.headers(
        "POST",
        "/graphql",
        More::Follows,
        &[JSON, ("accept", "multipart/mixed;subscriptionSpec=1.0")],
    );
    let effects = stream.body(SUBSCRIPTION.as_bytes(), More::Ended);
    assert_eq!(event(&effects).transport, Transport::MultipartStream);
    let opened = stream.response(&[("content-type", "multipart/mixed;boundary=\"-\"")], More::Follows);
    assert!(opened.list.contains(&Effect::Count(Metric::Streams, 1)));
}

const EVENT: &str = "event: next\ndata: {\"errors\":[{\"message\":\"No usr. Did you mean \\\"user\\\"?\",\"extensions\":{\"code\":\"FORBIDDEN\"}}]}\n\n";

/// What the client gets of a stream in pieces of a size, and every effect of its way.
fn streamed(policy: &str, size: usize, extra: &[(&str, &str)]) -> (String, Vec<Effect>) {
    let mut stream = Stream::under(policy);
    stream.headers("POST", "/graphql", More::Follows, &[JSON, ("accept", "text/event-stream")]);
    stream.body(HONEST.as_bytes(), More::Ended);
    let headers: Vec<_> = [("content-type", "text/event-stream; charset=utf-8")]
        .into_iter()
        .chain(extra.iter().copied())
        .collect();
    let mut list = stream.response(&headers, More::Follows).list;
    assert_eq!(stream.exchange.wants(Interest::ResponseBody), policy.contains("true") && extra.is_empty());
    let mut passed = Vec::new();
    for piece in EVENT.as_bytes().chunks(size) {
        let effects = stream.response_body(piece, More::Follows);
        let replaced = effects.list.iter().find_map(|effect| match effect {
            Effect::ReplaceResponseChunk(bytes) => Some(bytes.clone()),
            _ => None,
        });
        passed.extend(replaced.unwrap_or_else(|| piece.to_vec()));
        list.extend(effects.list);
    }
    list.extend(stream.on(Input::StreamEnded).list);
    (String::from_utf8(passed).unwrap(), list)
}

#[test]
fn a_stream_hides_neither_suggestions_nor_errors() {
    let policy = "responses: {strip_suggestions: true, count_errors: true}";
    for size in [1, 7, 60, 500] {
        let (passed, list) = streamed(policy, size, &[]);
        assert_eq!(passed, EVENT.replace(" Did you mean \\\"user\\\"?", ""), "{size}");
        let counted = |metric| list.iter().filter(|effect| **effect == Effect::Count(metric, 1)).count();
        assert_eq!(counted(Metric::ResponseErrors(ErrorCode::named("FORBIDDEN"))), 1, "{size}");
        assert_eq!((counted(Metric::SuggestionsStripped), counted(Metric::Streams)), (1, 1), "{size}");
        assert!(list.contains(&Effect::Lower(Metric::Streams, 1)));
    }
    // It may end with its body, or with trailers, instead of the exchange.
    for end in [Input::ResponseBody { chunk: Chunk::Bytes(b""), more: More::Ended }, Input::ResponseTrailers]
    {
        let mut stream = Stream::under(policy);
        post(&mut stream, SUBSCRIPTION);
        stream.response(&[("content-type", "text/event-stream")], More::Follows);
        stream.response_body(EVENT.as_bytes(), More::Follows);
        let list = stream.on(end).list;
        assert_eq!(list, [Effect::Lower(Metric::Streams, 1), Effect::Count(Metric::SuggestionsStripped, 1)]);
        assert!(!stream.exchange.wants(Interest::End));
    }
    let (passed, list) = streamed("responses: {count_errors: true}", 9, &[]);
    assert_eq!(passed, EVENT);
    assert!(!list.iter().any(|effect| matches!(effect, Effect::ReplaceResponseChunk(_))));
    let (_, list) = streamed(policy, 9, &[("content-encoding", "gzip")]);
    assert!(list.contains(&Effect::Count(Metric::ResponsesUnread, 1)), "what cannot be read is counted");
    assert_eq!(streamed("", 9, &[]).0, EVENT);
}

#[test]
fn an_answer_in_one_piece_is_no_stream() {
    let mut stream = Stream::new();
    post(&mut stream, SUBSCRIPTION);
    assert!(stream.exchange.wants(Interest::ResponseHeaders));
    let answered = stream.response(&[("content-type", "application/json")], More::Follows);
    assert_eq!(answered.list.len(), 1, "the id only");
    assert!(!stream.exchange.wants(Interest::End));
}

#[test]
fn a_stream_may_be_asked_for_in_any_of_several_headers() {
    for types in [["application/json", "text/event-stream"], ["text/event-stream;q=2", "application/json"]] {
        let mut stream = Stream::new();
        let [one, other] = types.map(|kind| ("accept", kind));
        stream.headers("POST", "/graphql", More::Follows, &[JSON, one, other]);
        let effects = stream.body(HONEST.as_bytes(), More::Ended);
        assert_eq!(event(&effects).transport, Transport::EventStream, "{types:?}");
    }
}

#[test]
fn the_verdict_is_the_same_whatever_the_client_accepts() {
    for accept in ["text/event-stream", "multipart/mixed", "application/json"] {
        let mut stream = Stream::new();
        stream.headers("POST", "/graphql", More::Follows, &[JSON, ("accept", accept)]);
        refused_at_once(&stream.body(EVIL.as_bytes(), More::Ended), Reason::Introspection);
    }
}
