//! Handshakes of WebSockets: who is refused and how, what reaches the upstream, what it may answer, what is counted.

use crate::*;
use portcullis_gate::{Interest, SocketEvent, SocketNews};
use portcullis_report::{
    ClassLabel, ClientOutcome, CloseCode, ClosedBy, Handshake, Metric, SocketMetric, ThrottleLabel, Transport,
};
use serde_json::Value;

const ON: &str = "websocket: {graphql: true, routes: [{path: /chat}]}";
const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
const VERSION: (&str, &str) = ("sec-websocket-version", "13");
const UPGRADE: (&str, &str) = ("upgrade", "websocket");
const NEW: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");
const HONEST_ONE: [(&str, &str); 4] = [UPGRADE, KEY, VERSION, NEW];

fn knock(stream: &mut Stream, path: &str, headers: &[(&str, &str)]) -> Effects {
    stream.exchange = Exchange::default();
    stream.headers("GET", path, More::Follows, headers)
}

/// An honest handshake, with other headers in the place of those of their names, and without those that are empty.
fn with(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
    let kept = HONEST_ONE.into_iter().filter(|(name, _)| !is_changed(name));
    kept.chain(changes.iter().copied().filter(|(_, value)| !value.is_empty())).collect()
}

fn answer_of(stream: &mut Stream, headers: &[(&str, &str)]) -> Effects {
    let headers: Vec<_> = std::iter::once((":status", "101")).chain(headers.iter().copied()).collect();
    stream.response(&headers, More::Follows)
}

fn open(stream: &mut Stream) {
    passes(&knock(stream, "/graphql", &HONEST_ONE));
    assert_eq!(answer_of(stream, &[NEW]).flow, Flow::Continue);
}

#[track_caller]
fn passes(effects: &Effects) {
    assert_eq!((effects.flow, reply(effects)), (Flow::Continue, None));
}

#[track_caller]
fn check(changes: &[(&'static str, &'static str)], expected: Option<Reason>) {
    let mut stream = Stream::under(ON);
    let effects = knock(&mut stream, "/graphql", &with(changes));
    match expected {
        None => passes(&effects),
        Some(expected) => {
            refused_at_once(&effects, expected);
            assert!(effects.list.contains(&Effect::Count(Metric::refused(expected), 1)));
            assert!(effects.list.contains(&attempts(Handshake::Refused)));
            assert_eq!(event(&effects).transport, Transport::Websocket);
            assert!(!stream.exchange.wants(Interest::End));
        }
    }
}

fn attempts(handshake: Handshake) -> Effect {
    Effect::Count(Metric::Socket(SocketMetric::Attempts(handshake)), 1)
}

fn news(effects: &Effects) -> Vec<SocketNews> {
    let events = effects.list.iter().filter_map(|effect| match effect {
        Effect::Socket(event) => Some(SocketEvent::clone(event).news),
        _ => None,
    });
    events.collect()
}

#[test]
fn an_honest_handshake_goes_to_the_upstream() {
    check(&[], None);
    check(&[("upgrade", "WebSocket")], None);
    check(&[("sec-websocket-protocol", "graphql-transport-ws, graphql-ws")], None);
    check(&[("content-length", "0")], None);
    let mut stream = Stream::under(ON);
    let effects = knock(&mut stream, "/graphql", &with(&[("x-graphql-cost", "0")]));
    assert!(effects.list.contains(&Effect::RemoveRequestHeader("x-graphql-cost".to_owned())));
    assert!(header(&effects, "x-correlation-id").is_some());
    assert!(header(&effects, "sec-websocket-key").is_none(), "its own is kept");
}

#[test]
fn sockets_that_the_policy_does_not_take_are_refused_as_before() {
    let mut stream = Stream::under("websocket: {graphql: false}");
    let effects = knock(&mut stream, "/graphql", &HONEST_ONE);
    refused_at_once(&effects, Reason::Method);
    let mut stream = Stream::under(ON);
    refused_at_once(&knock(&mut stream, "/graphql/sha256:ab", &HONEST_ONE), Reason::Method);
    let elsewhere = knock(&mut stream, "/other", &HONEST_ONE);
    assert_eq!(elsewhere, Effects::default(), "not under the policy");
}

#[test]
fn what_is_no_handshake_is_refused() {
    let form = Some(Reason::SocketHandshake);
    check(&[("upgrade", "h2c")], form);
    check(&[("upgrade", "websocket, h2c")], form);
    check(&[("sec-websocket-key", "")], form);
    check(&[("sec-websocket-key", "short")], form);
    check(&[("sec-websocket-key", "dGhlIHNhbXBsZSBub25j")], form);
    check(&[("content-length", "5")], form);
    check(&[("transfer-encoding", "chunked")], form);
    check(&[("sec_websocket_protocol", "graphql-ws")], form);
    check(&[("origin", "http://shop"), ("origin", "https://evil.example")], form);
    check(&[KEY, KEY], form);
    let version = Some(Reason::SocketVersion);
    check(&[("sec-websocket-version", "")], version);
    check(&[("sec-websocket-version", "12")], version);
    check(&[("sec-websocket-version", "13, 8")], version);
    let mut stream = Stream::under(ON);
    let post = stream.headers("POST", "/graphql", More::Follows, &HONEST_ONE);
    refused_at_once(&post, Reason::SocketHandshake);
    stream.exchange = Exchange::default();
    refused_at_once(&stream.headers("GET", "/graphql", More::Ended, &HONEST_ONE), Reason::SocketHandshake);
}

#[test]
fn another_version_is_told_which_one_is_taken() {
    let mut stream = Stream::under(ON);
    let effects = knock(&mut stream, "/graphql", &with(&[("sec-websocket-version", "8")]));
    let answer = reply(&effects).unwrap();
    assert_eq!(answer.status, 426);
    assert!(answer.headers.contains(&("sec-websocket-version", "13".to_owned())));
}

#[test]
fn a_client_of_http_2_has_a_key_made_for_it() {
    let mut stream = Stream::under(ON);
    stream.protocol = "HTTP/2";
    let effects = knock(&mut stream, "/graphql", &with(&[("sec-websocket-key", "")]));
    passes(&effects);
    assert_eq!(header(&effects, "sec-websocket-key"), Some("BwcHBwcHBwcHBwAAAAAAAA=="));
}

#[test]
fn other_subprotocols_are_refused() {
    let refused = Some(Reason::SocketSubprotocol);
    check(&[("sec-websocket-protocol", "")], refused);
    check(&[("sec-websocket-protocol", "mqtt")], refused);
    check(&[("sec-websocket-protocol", "graphql-ws, mqtt")], refused);
    check(&[("sec-websocket-protocol", "graphql-ws, graphql-ws")], refused);
    check(&[("sec-websocket-protocol", "GraphQL-WS")], refused);
    let mut stream = Stream::under("websocket: {graphql: true, subprotocols: [graphql-ws]}");
    refused_at_once(&knock(&mut stream, "/graphql", &HONEST_ONE), Reason::SocketSubprotocol);
    passes(&knock(&mut stream, "/graphql", &with(&[("sec-websocket-protocol", "graphql-ws")])));
}

#[test]
fn a_route_without_graphql_takes_any_subprotocol_and_none() {
    let mut stream = Stream::under(ON);
    for offer in ["", "mqtt", "mqtt, graphql-ws"] {
        passes(&knock(&mut stream, "/chat", &with(&[("sec-websocket-protocol", offer)])));
    }
    let doubled = with(&[("sec-websocket-protocol", "mqtt, mqtt")]);
    refused_at_once(&knock(&mut stream, "/chat", &doubled), Reason::SocketSubprotocol);
    let plain = stream.headers("GET", "/chat", More::Ended, &[]);
    assert_eq!(plain, Effects::default(), "a request that opens nothing passes");
}

#[test]
fn pages_of_other_origins_are_refused() {
    check(&[("origin", "https://shop")], None);
    check(&[("origin", "https://evil.example")], Some(Reason::SocketOrigin));
    check(&[("origin", "null")], Some(Reason::SocketOrigin));
    check(&[("origin", "https://shop.evil.example")], Some(Reason::SocketOrigin));
    check(&[("origin", "https://evil.example"), ("cookie", "session=1")], Some(Reason::SocketCookies));
    check(&[("origin", "null"), ("cookie", "session=1")], Some(Reason::SocketCookies));
    check(&[("cookie", "session=1")], None);
    let mut strict =
        Stream::under("websocket: {graphql: true, missing_origin: refuse, origins: [https://app.example]}");
    refused_at_once(&knock(&mut strict, "/graphql", &HONEST_ONE), Reason::SocketOriginMissing);
    let listed = with(&[("origin", "https://app.example"), ("cookie", "session=1")]);
    passes(&knock(&mut strict, "/graphql", &listed));
}

#[test]
fn attempts_are_limited_for_each_client() {
    let mut stream = Stream::under(
        "websocket: {graphql: true, attempts: [{name: knocks, per: client, capacity: 2, refill: 1, window_ms: 1500}]}",
    );
    passes(&knock(&mut stream, "/graphql", &HONEST_ONE));
    let evil = with(&[("origin", "https://evil.example")]);
    refused_at_once(&knock(&mut stream, "/graphql", &evil), Reason::SocketOrigin);
    passes(&knock(&mut stream, "/graphql", &HONEST_ONE));
    let effects = knock(&mut stream, "/graphql", &HONEST_ONE);
    refused_at_once(&effects, Reason::SocketAttempts);
    assert!(reply(&effects).unwrap().headers.contains(&("retry-after", "2".to_owned())));
    assert!(effects.list.contains(&Effect::Count(Metric::ThrottleDenied(ThrottleLabel(0)), 1)));
    let throttled = Metric::ClientRequests(ClassLabel(0), ClientOutcome::Throttled);
    assert!(effects.list.contains(&Effect::Count(throttled, 1)));
    stream.address = "192.0.2.8:5000";
    passes(&knock(&mut stream, "/graphql", &HONEST_ONE));
    stream.address = "192.0.2.7:5000";
    stream.now = stream.now.later(1_500);
    passes(&knock(&mut stream, "/graphql", &HONEST_ONE));
}

#[test]
fn open_sockets_are_limited_until_they_end_however_they_end() {
    let mut stream =
        Stream::under("websocket: {graphql: true, sockets: [{name: held, per: client, max: 1}]}");
    let ends: [fn(&mut Stream); 3] = [
        |stream| drop(stream.response(&[(":status", "503")], More::Ended)),
        |stream| drop(stream.on(Input::StreamEnded)),
        |stream| {
            answer_of(stream, &[NEW]);
            drop(stream.on(Input::StreamEnded));
        },
    ];
    for end in ends {
        passes(&knock(&mut stream, "/graphql", &HONEST_ONE));
        let first = std::mem::take(&mut stream.exchange);
        let effects = knock(&mut stream, "/graphql", &HONEST_ONE);
        refused_at_once(&effects, Reason::SocketCount);
        let answer = reply(&effects).unwrap();
        assert!(answer.headers.contains(&("retry-after", "1".to_owned())));
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["errors"][0]["extensions"]["limit"], 1);
        stream.exchange = first;
        end(&mut stream);
    }
    passes(&knock(&mut stream, "/graphql", &HONEST_ONE));
}

#[test]
fn offers_to_compress_are_taken_out_or_bound() {
    let offer = with(&[("sec-websocket-extensions", "permessage-deflate; client_max_window_bits, x-other")]);
    let mut off = Stream::under(ON);
    let effects = knock(&mut off, "/graphql", &offer);
    assert!(effects.list.contains(&Effect::RemoveRequestHeader("sec-websocket-extensions".to_owned())));
    let deflate = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    let mut on = Stream::under("websocket: {graphql: true, compression: inflate}");
    assert_eq!(header(&knock(&mut on, "/graphql", &offer), "sec-websocket-extensions"), Some(deflate));
    let server = "permessage-deflate; server_no_context_takeover";
    let effects = answer_of(&mut on, &[NEW, ("sec-websocket-extensions", server)]);
    let told = Effect::SetResponseHeader("sec-websocket-extensions", deflate.to_owned());
    assert!(effects.list.contains(&told), "the client is bound as well");
    let other = with(&[("sec-websocket-extensions", "x-other")]);
    let effects = knock(&mut on, "/graphql", &other);
    assert!(effects.list.contains(&Effect::RemoveRequestHeader("sec-websocket-extensions".to_owned())));
}

#[test]
fn an_upstream_chooses_among_what_was_offered() {
    let both = ("sec-websocket-protocol", "graphql-transport-ws, graphql-ws");
    let old = ("sec-websocket-protocol", "graphql-ws");
    let deflate = ("sec-websocket-extensions", "permessage-deflate; server_no_context_takeover");
    let check = |offer: (&'static str, &'static str), answer: &[(&str, &str)], is_fit: bool| {
        let mut stream = Stream::under(ON);
        passes(&knock(&mut stream, "/graphql", &with(&[offer])));
        let effects = answer_of(&mut stream, answer);
        if is_fit {
            passes(&effects);
            assert!(effects.list.contains(&attempts(Handshake::Opened)));
        } else {
            refused_at_once(&effects, Reason::SocketChoice);
        }
    };
    check(both, &[NEW], true);
    check(both, &[old], true);
    check(NEW, &[old], false);
    check(both, &[], false);
    check(both, &[("sec-websocket-protocol", "mqtt")], false);
    check(both, &[NEW, old], false);
    check(NEW, &[NEW, deflate], false);
}

#[test]
fn a_socket_is_counted_from_its_answer_to_its_end() {
    let mut stream = Stream::under(ON);
    let asked = knock(&mut stream, "/graphql", &HONEST_ONE);
    assert_eq!(news(&asked), []);
    passes(&stream.body(b"", More::Follows));
    let opened = answer_of(&mut stream, &[NEW]);
    assert_eq!(news(&opened), [SocketNews::Opened]);
    assert!(opened.list.contains(&Effect::Property("portcullis_subprotocol", NEW.1.to_owned())));
    for part in [Interest::Request, Interest::ResponseBody, Interest::Ticks, Interest::End] {
        assert!(stream.exchange.wants(part), "{part:?}");
    }
    stream.now = stream.now.later(2_500);
    let ended = stream.on(Input::StreamEnded);
    let nobody = Metric::Socket(SocketMetric::Closes(CloseCode::None, ClosedBy::Nobody));
    assert!(ended.list.contains(&Effect::Count(nobody, 1)));
    assert!(ended.list.contains(&Effect::Count(Metric::Socket(SocketMetric::Duration), 2_500)));
    assert!(news(&ended).contains(&SocketNews::Ended {
        code: CloseCode::None,
        duration_ms: 2_500,
        messages: 0
    }));
}

#[test]
fn an_attempt_that_the_upstream_does_not_take_has_no_socket() {
    let mut stream = Stream::under(ON);
    knock(&mut stream, "/graphql", &HONEST_ONE);
    let effects = stream.response(&[(":status", "200")], More::Follows);
    passes(&effects);
    assert_eq!(news(&effects), [SocketNews::Failed]);
    assert!(!stream.exchange.wants(Interest::ResponseBody));
    // What a client then sends as if there were one goes nowhere.
    let smuggled = stream.body(b"POST /admin HTTP/1.1\r\n", More::Follows);
    assert_eq!(smuggled.list, [Effect::ReplaceRequestChunk(Vec::new())]);
}

#[test]
fn frames_before_the_answer_break_the_attempt_off() {
    let mut stream = Stream::under(ON);
    knock(&mut stream, "/graphql", &HONEST_ONE);
    refused_at_once(&stream.body(b"\x81", More::Follows), Reason::SocketHandshake);
    assert!(!stream.exchange.wants(Interest::ResponseHeaders));
}

#[test]
fn f92_what_asks_for_something_opens_no_socket() {
    let check = |policy: &str, protocol, path: &str, refused: bool| {
        let mut stream = Stream::under(policy);
        stream.protocol = protocol;
        let changes: &[_] = if protocol == "HTTP/2" { &[("sec-websocket-key", "")] } else { &[] };
        let effects = knock(&mut stream, path, &with(changes));
        if refused { refused_at_once(&effects, Reason::Ambiguous) } else { passes(&effects) }
    };
    let named = "websocket: {graphql: true}\ngraphql: {trusted_documents: {id_keys: [doc_id], documents: {a: '{ me { id } }'}}}";
    for protocol in ["HTTP/1.1", "HTTP/2"] {
        for query in [
            "query={users(first:100000){id}}",
            "token=t&query=%7Bme%7D",
            "documentId=a",
            "extensions=%7B%7D",
            "variables={}",
            "operationName=A",
            "%71uery=x",
            "query[]=x",
        ] {
            check(ON, protocol, &format!("/graphql?{query}"), true);
        }
        check(named, protocol, "/graphql?doc_id=a", true);
        check(ON, protocol, "/graphql?doc_id=a", false);
        check(ON, protocol, "/graphql?token=t&room=query", false);
        check(ON, protocol, "/chat?query=x", false);
    }
}

/// What is counted of a client's requests.
fn requests(list: &[Effect]) -> Vec<ClientOutcome> {
    let counted = list.iter().filter_map(|effect| match effect {
        Effect::Count(Metric::ClientRequests(_, outcome), 1) => Some(*outcome),
        _ => None,
    });
    counted.collect()
}

#[test]
fn an_attempt_is_counted_once_whatever_becomes_of_it() {
    type Next = fn(&mut Stream) -> Effects;
    let ends: [(Next, ClientOutcome); 5] = [
        (|stream| answer_of(stream, &[NEW]), ClientOutcome::Allowed),
        (|stream| stream.response(&[(":status", "503")], More::Ended), ClientOutcome::Allowed),
        (|stream| stream.on(Input::StreamEnded), ClientOutcome::Allowed),
        (|stream| stream.body(b"\x81", More::Follows), ClientOutcome::Refused),
        (|stream| answer_of(stream, &[("sec-websocket-protocol", "mqtt")]), ClientOutcome::Refused),
    ];
    for (end, outcome) in ends {
        let mut stream = Stream::under("shadow_reasons: [socket_origin]\nwebsocket: {graphql: true}");
        let mut list = knock(&mut stream, "/graphql", &with(&[("origin", "https://evil.example")])).list;
        list.extend(end(&mut stream).list);
        list.extend(stream.on(Input::StreamEnded).list);
        assert_eq!(requests(&list), [outcome], "{list:?}");
        assert_eq!(events(&list).count(), 1);
    }
}

#[test]
fn sockets_that_would_leave_no_room_for_open_ones_are_not_opened() {
    let mut stream = Stream::under("websocket: {graphql: true, limits: {socket_bytes: 1048576}}");
    let mut opened = Vec::new();
    let refused = loop {
        let effects = knock(&mut stream, "/graphql", &HONEST_ONE);
        if effects.flow == Flow::Hold {
            break effects;
        }
        answer_of(&mut stream, &[NEW]);
        opened.push(std::mem::take(&mut stream.exchange));
    };
    refused_at_once(&refused, Reason::SocketMemory);
    assert_eq!(reply(&refused).unwrap().status, 429);
    assert!((80..120).contains(&opened.len()), "{}", opened.len());
    // All of those that are open go on.
    for exchange in &mut opened {
        std::mem::swap(&mut stream.exchange, exchange);
        let init = stream.body(&masked(br#"{"type":"connection_init"}"#), More::Follows);
        assert_eq!(events(&init.list).count(), 0, "{init:?}");
        std::mem::swap(&mut stream.exchange, exchange);
    }
    // Room is given back.
    stream.exchange = opened.pop().unwrap();
    stream.on(Input::StreamEnded);
    passes(&knock(&mut stream, "/graphql", &HONEST_ONE));
    for exchange in opened {
        stream.exchange = exchange;
        stream.on(Input::StreamEnded);
    }
    assert_eq!(stream.held, Held::default());
}

#[test]
fn sockets_that_were_asked_for_at_once_find_no_more_room_than_others() {
    let mut stream = Stream::under("websocket: {graphql: true, limits: {socket_bytes: 1048576}}");
    let mut asked = Vec::new();
    for _ in 0..150 {
        passes(&knock(&mut stream, "/graphql", &HONEST_ONE));
        asked.push(std::mem::take(&mut stream.exchange));
    }
    let mut refused = 0;
    for exchange in &mut asked {
        std::mem::swap(&mut stream.exchange, exchange);
        let effects = answer_of(&mut stream, &[NEW]);
        if effects.flow == Flow::Hold {
            refused_at_once(&effects, Reason::SocketMemory);
            refused += 1;
        }
        std::mem::swap(&mut stream.exchange, exchange);
    }
    assert!((30..70).contains(&refused) && stream.held.socket_bytes() <= 786_432, "{refused}");
}

/// A client's text in one frame, with a mask that changes nothing.
fn masked(text: &[u8]) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    [&[0x81, 0x80 | length, 0, 0, 0, 0][..], text].concat()
}

#[test]
fn a_reason_in_shadow_counts_and_the_handshake_passes() {
    let mut stream = Stream::under("shadow_reasons: [socket_origin]\nwebsocket: {graphql: true}");
    let effects = knock(&mut stream, "/graphql", &with(&[("origin", "https://evil.example")]));
    passes(&effects);
    let effects = answer_of(&mut stream, &[NEW]);
    passes(&effects);
    assert!(effects.list.contains(&Effect::Count(Metric::Shadowed(Reason::SocketOrigin), 1)));
    assert_eq!(event(&effects).shadowed.map(|refusal| refusal.reason), Some(Reason::SocketOrigin));
    let mut all = Stream::under("mode: shadow\nwebsocket: {graphql: true}");
    passes(&knock(&mut all, "/graphql", &with(&[("sec-websocket-protocol", "mqtt")])));
    passes(&answer_of(&mut all, &[("sec-websocket-protocol", "mqtt")]));
}

#[test]
fn a_long_target_is_refused_at_its_limit() {
    let mut stream = Stream::under("graphql: {limits: {url_bytes: 12}}\nwebsocket: {graphql: true}");
    passes(&knock(&mut stream, "/graphql?a=b", &HONEST_ONE));
    refused_at_once(&knock(&mut stream, "/graphql?a=bc", &HONEST_ONE), Reason::UrlSize);
}

#[test]
fn open_sockets_stay_open() {
    let mut stream = Stream::under(ON);
    open(&mut stream);
    assert_eq!(stream.on(Input::Tick).list, []);
}
