//! Responses that are streams: counted while they are open, never read.

use super::*;
use portcullis_gate::Interest;
use portcullis_report::{Metric, Transport};

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
fn the_verdict_is_the_same_whatever_the_client_accepts() {
    for accept in ["text/event-stream", "multipart/mixed", "application/json"] {
        let mut stream = Stream::new();
        stream.headers("POST", "/graphql", More::Follows, &[JSON, ("accept", accept)]);
        refused_at_once(&stream.body(EVIL.as_bytes(), More::Ended), Reason::Introspection);
    }
}
