//! What every request goes through: its headers, its end, its limits, its id.

use super::*;
use portcullis_gate::Interest;
use portcullis_report::{Metric, OperationKind, Outcome};
use proptest::prelude::*;

#[test]
fn an_honest_request_goes_on_with_its_headers() {
    let mut stream = Stream::new();
    assert_eq!(stream.post(), Effects { flow: Flow::Hold, list: vec![] });
    let effects = stream.body(HONEST.as_bytes(), More::Ended);
    assert_eq!(effects.flow, Flow::Continue);
    let id = "00000000-03e8-7707-8707-070707070707";
    for expected in [
        Effect::SetRequestHeader("x-correlation-id", id.to_owned()),
        Effect::SetRequestHeader("x-graphql-operation", "Me".to_owned()),
        Effect::SetRequestHeader("x-graphql-cost", "1".to_owned()),
        Effect::Property("portcullis_verdict", "allowed".to_owned()),
        Effect::Count(Metric::Requests(OperationKind::Query, Outcome::Allowed), 1),
        Effect::Time(Metric::ValidationTime),
    ] {
        assert!(effects.list.contains(&expected), "{expected:?}");
    }
    assert_eq!(event(&effects).client, Some([192, 0, 2, 7].into()));
    assert!(!stream.exchange.wants(Interest::End));
    let response = stream.response(&[], More::Ended);
    assert_eq!(response.list, [Effect::SetResponseHeader("x-correlation-id", id.to_owned())]);
}

#[test]
fn an_attack_is_answered_and_never_goes_on() {
    let mut stream = Stream::new();
    stream.post();
    let effects = stream.body(EVIL.as_bytes(), More::Ended);
    refused_at_once(&effects, Reason::Introspection);
    assert!(effects.list.contains(&Effect::Count(Metric::Refusals(Reason::Introspection), 1)));
    assert_eq!(stream.body(b"", More::Ended), Effects::default());
}

#[test]
fn trailers_end_the_body_as_well() {
    for (body, flow) in [(HONEST, Flow::Continue), (EVIL, Flow::Hold)] {
        let mut stream = Stream::new();
        stream.post();
        assert_eq!(stream.body(body.as_bytes(), More::Follows).flow, Flow::Hold);
        assert_eq!(stream.on(Input::RequestTrailers).flow, flow, "{body}");
    }
}

#[test]
fn other_paths_pass_untouched() {
    let mut stream = Stream::new();
    let effects = stream.headers("POST", "/other", More::Follows, &[("x-anything", "1")]);
    assert_eq!(effects, Effects::default());
    assert!(!stream.exchange.wants(Interest::End));
    assert_eq!(stream.body(EVIL.as_bytes(), More::Ended), Effects::default());
    assert_eq!(stream.response(&[], More::Ended), Effects::default());
}

#[test]
fn other_spellings_of_the_route_are_the_route() {
    for path in ["/graphql/", "//graphql", "/%67raphql", "/graphql;x", "/v1/..%2fgraphql", "/graphql?op=Me"] {
        let mut stream = Stream::new();
        stream.headers("POST", path, More::Follows, &[JSON]);
        assert_eq!(reason(&stream.body(EVIL.as_bytes(), More::Ended)), Some(Reason::Introspection), "{path}");
    }
}

#[test]
fn headers_alone_can_refuse() {
    let refuses = |method: &str, path: &str, headers: &[(&str, &str)], expected: Reason| {
        refused_at_once(&Stream::new().headers(method, path, More::Ended, headers), expected);
    };
    refuses("GET", "/graphql?query=mutation{a}", &[], Reason::GetMutation);
    refuses("HEAD", "/graphql?query={a}", &[], Reason::Method);
    refuses("PUT", "/graphql", &[JSON], Reason::Method);
    refuses("POST", "/graphql?query={a}", &[JSON], Reason::Ambiguous);
    refuses("POST", "/graphql", &[], Reason::ContentType);
    refuses("POST", "/graphql", &[("content-type", "text/plain")], Reason::ContentType);
    refuses("POST", "/graphql", &[JSON, JSON], Reason::ContentType);
    refuses("POST", "/graphql", &[JSON, ("content-encoding", "lzma")], Reason::ContentEncoding);
    refuses(
        "POST",
        "/graphql",
        &[JSON, ("content-encoding", "identity"), ("content-encoding", "br")],
        Reason::ContentEncoding,
    );
    refuses("POST", "/graphql", &[JSON, ("content-length", "262145")], Reason::BodySize);
    refuses("POST", "/graphql", &[JSON], Reason::Json);
    // Called as by CGI, a server knows these as CONTENT_TYPE and so on, and no others.
    for name in ["content_type", "Content_Length", "content_encoding", "transfer_encoding", "content_length"]
    {
        refuses("POST", "/graphql", &[JSON, (name, "5")], Reason::Ambiguous);
    }
    refuses(
        "POST",
        "/graphql",
        &[JSON, ("content_type_options", "5"), ("content-lengths", "5")],
        Reason::Json,
    );
}

#[test]
fn a_refusal_waits_for_the_end_of_the_request() {
    let mut stream = Stream::new();
    let effects = stream.headers("POST", "/graphql", More::Follows, &[("content-type", "text/plain")]);
    assert_eq!(effects, Effects { flow: Flow::Hold, list: vec![] });
    let drained = Effects { flow: Flow::Hold, list: vec![Effect::DiscardBody] };
    assert_eq!(stream.body(b"12345", More::Follows), drained);
    refused_at_once(&stream.body(b"67890", More::Ended), Reason::ContentType);
}

#[test]
fn a_refusal_does_not_wait_for_ever() {
    let mut stream = Stream::new();
    stream.headers("POST", "/graphql", More::Follows, &[("content-type", "text/plain")]);
    let chunk = vec![b'x'; 1024 * 1024];
    let answered = (0..100).find(|_| reply(&stream.body(&chunk, More::Follows)).is_some());
    assert_eq!(answered, Some(8), "after 8 MiB");
}

#[test]
fn an_upgrade_has_no_end_to_wait_for() {
    let upgrade = [("upgrade", "websocket"), ("connection", "upgrade")];
    let stream = || Stream::under("websocket: {graphql: false}");
    refused_at_once(&stream().headers("GET", "/graphql", More::Follows, &upgrade), Reason::Method);
    refused_at_once(&stream().headers("POST", "/graphql", More::Follows, &upgrade), Reason::Method);
}

#[test]
fn a_preflight_passes_without_the_gates_headers() {
    let mut stream = Stream::new();
    let effects = stream.headers("OPTIONS", "/graphql", More::Ended, &[("x-graphql-cost", "0")]);
    assert_eq!(effects.flow, Flow::Continue);
    assert_eq!(effects.list, [Effect::RemoveRequestHeader("x-graphql-cost".to_owned())]);
}

#[test]
fn what_clients_say_in_the_gates_name_is_removed() {
    let forged = [
        JSON,
        ("x-graphql-cost", "0"),
        ("X_GraphQL_Operation", "Safe"),
        ("X-GraphQL-Else", "1"),
        ("x_correlation_id", "c"),
    ];
    let effects = Stream::new().headers("POST", "/graphql", More::Follows, &forged);
    let removed = ["x-graphql-cost", "X_GraphQL_Operation", "X-GraphQL-Else", "x_correlation_id"]
        .map(|name| Effect::RemoveRequestHeader(name.to_owned()));
    assert_eq!(effects.list, removed);
}

#[test]
fn the_body_has_a_limit_of_its_own() {
    let padded = |length: usize| format!("{HONEST}{}", " ".repeat(length - HONEST.len()));
    for (length, expected) in [(262_143, None), (262_144, None), (262_145, Some(Reason::BodySize))] {
        let mut stream = Stream::new();
        stream.post();
        let effects = stream.body(padded(length).as_bytes(), More::Ended);
        assert_eq!(reason(&effects), expected, "{length}");
    }
}

#[test]
fn a_body_that_the_host_does_not_give_is_refused() {
    let mut stream = Stream::new();
    stream.post();
    let effects = stream.on(Input::RequestBody { chunk: Chunk::Unreadable, more: More::Ended });
    refused_at_once(&effects, Reason::Unreadable);
}

#[test]
fn headers_that_the_host_does_not_give_are_refused() {
    let mut stream = Stream::new();
    let effects =
        stream.on(Input::RequestHeaders { headers: None, peer: Peer::default(), more: More::Ended });
    refused_at_once(&effects, Reason::Unreadable);
}

#[test]
fn only_a_preflight_passes_as_options() {
    let json = [JSON];
    refused_at_once(
        &Stream::new().headers("OPTIONS", "/graphql?query={a}", More::Ended, &[]),
        Reason::Method,
    );
    let mut stream = Stream::new();
    assert_eq!(stream.headers("OPTIONS", "/graphql", More::Follows, &json).flow, Flow::Hold);
    refused_at_once(&stream.body(HONEST.as_bytes(), More::Ended), Reason::Method);
}

#[test]
fn a_worker_holds_only_so_many_bytes() {
    let mut stream = Stream::under("graphql: {limits: {held_bytes: 1048576, body_bytes: 1048576}}");
    let half = vec![b' '; 524_288];
    stream.post();
    stream.body(&half, More::Follows);
    let mut other = std::mem::take(&mut stream.exchange);
    stream.post();
    assert_eq!(stream.body(&half, More::Follows).list, [], "exactly the limit");
    let effects = stream.body(b" ", More::Follows);
    assert_eq!(effects.list, [Effect::DiscardBody], "one more");
    refused_at_once(&stream.body(b"", More::Ended), Reason::Overloaded);
    std::mem::swap(&mut stream.exchange, &mut other);
    assert_eq!(stream.body(&half, More::Follows).list, [], "what was refused is held no more");
    let gone = stream.on(Input::StreamEnded);
    assert_eq!(gone.list.first(), Some(&Effect::Count(Metric::Unjudged, 1)));
    assert_eq!(format!("{:?}", stream.held), format!("{:?}", Held::default()));
}

#[test]
fn a_refusal_that_the_client_does_not_wait_for_is_counted_and_told() {
    let mut stream = Stream::new();
    let effects = stream.headers("POST", "/graphql", More::Follows, &[("content-type", "text/plain")]);
    assert_eq!((effects.flow, effects.list.len()), (Flow::Hold, 0));
    stream.body(b"{", More::Follows);
    let gone = stream.on(Input::StreamEnded);
    assert_eq!(reason(&gone), Some(Reason::ContentType));
    assert!(gone.list.contains(&Effect::Count(Metric::refused(Reason::ContentType), 1)));
    assert!(!gone.list.contains(&Effect::Count(Metric::Unjudged, 1)));
    assert_eq!(reply(&gone), None);
}

#[test]
fn a_stream_that_ends_after_its_verdict_is_counted_once() {
    let mut stream = Stream::new();
    stream.post();
    stream.body(HONEST.as_bytes(), More::Ended);
    assert_eq!(stream.on(Input::StreamEnded), Effects::default());
}

#[test]
fn an_incoming_correlation_id_is_kept_only_when_trusted_and_well_formed() {
    let id = |policy: &str, value: &str| {
        let mut stream = Stream::under(policy);
        stream.headers("POST", "/graphql", More::Follows, &[JSON, ("x-correlation-id", value)]);
        event(&stream.body(HONEST.as_bytes(), More::Ended)).correlation.as_str().to_owned()
    };
    let fresh = "00000000-03e8-7707-8707-070707070707";
    assert_eq!(id("correlation: {trust_incoming: true}", "abc-1"), "abc-1");
    assert_eq!(id("correlation: {trust_incoming: true}", "abc 1"), fresh);
    assert_eq!(id("", "abc-1"), fresh);
}

#[test]
fn the_answer_has_the_type_that_the_client_accepts() {
    let mut stream = Stream::new();
    stream.headers(
        "POST",
        "/graphql",
        More::Follows,
        &[JSON, ("accept", "application/graphql-response+json")],
    );
    let effects = stream.body(EVIL.as_bytes(), More::Ended);
    let answer = reply(&effects).unwrap();
    assert!(answer.headers.contains(&("content-type", "application/graphql-response+json".to_owned())));
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_verdict(evil in any::<bool>(), cuts in prop::collection::vec(0_usize..60, 0..12), trailers in any::<bool>()) {
        let body = if evil { EVIL } else { HONEST }.as_bytes();
        let mut stream = Stream::new();
        stream.post();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
        cuts.sort_unstable();
        let mut start = 0;
        for cut in cuts {
            let effects = stream.body(&body[start..cut], More::Follows);
            prop_assert_eq!(effects, Effects { flow: Flow::Hold, list: vec![] });
            start = cut;
        }
        let last = match trailers {
            true => {
                stream.body(&body[start..], More::Follows);
                stream.on(Input::RequestTrailers)
            }
            false => stream.body(&body[start..], More::Ended),
        };
        prop_assert_eq!(last.flow == Flow::Hold, evil);
        prop_assert_eq!(reply(&last).is_some(), evil);
    }

    #[test]
    fn arbitrary_bodies_and_headers_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..300),
        path in prop::collection::vec(any::<u8>(), 0..30),
        value in prop::collection::vec(any::<u8>(), 0..30),
    ) {
        let mut stream = Stream::new();
        let pairs = [(":method", b"POST".to_vec()), (":path", path), ("content-type", value.clone()), ("accept", value)];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
        let headers = Some(Headers::new(&pairs));
        stream.on(Input::RequestHeaders { headers, peer: Peer { address: Some(&body), ..Peer::default() }, more: More::Follows });
        stream.body(&body, More::Ended);
        let mut stream = Stream::new();
        stream.post();
        let effects = stream.body(&body, More::Ended);
        prop_assert!(reply(&effects).is_some() == (effects.flow == Flow::Hold));
    }
}
