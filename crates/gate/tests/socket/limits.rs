//! Each limit of `websocket.limits` just below, at and just beyond it; what operations take and give back.

use crate::wire::{deflated, masked, plain};
use crate::{Line, NEW, OLD, Outcome, opened, start};
use portcullis_gate::{Carries, Chunk, Deflate, Effect, Held, Socket, SocketInput, Terms, Timestamp};
use portcullis_report::{Metric, OperationKind, Reason, SocketMetric};

const SUBSCRIPTION: &str = "subscription Ticks { ticks }";
pub(crate) const EVIL: &str = "{ users(first: 100000) { id } }";

fn limited(limit: &str) -> String {
    format!("websocket: {{limits: {{{limit}}}}}")
}

#[track_caller]
fn passes(outcome: &Outcome) {
    assert_eq!((outcome.refused(), outcome.server.is_empty()), (None, false), "{outcome:?}");
}

#[track_caller]
fn closes(outcome: &Outcome, reason: Reason) {
    assert_eq!(outcome.refused(), Some(reason), "{outcome:?}");
}

#[test]
fn a_message_has_as_many_bytes_as_allowed() {
    let policy = limited("message_bytes: 1000");
    for (bytes, fits) in [(999, true), (1_000, true), (1_001, false)] {
        let text = vec![b'x'; bytes];
        let (first, rest) = text.split_at(500);
        let parts = [masked(1, first), masked(0x80, rest)].concat();
        for frames in [masked(0x81, &text), parts] {
            let outcome = Line::open(&policy, Carries::Anything).say(&frames);
            if fits { passes(&outcome) } else { closes(&outcome, Reason::SocketMessageSize) }
        }
        let terms = Terms { carries: Carries::Anything, deflate: Deflate::Offered };
        let outcome = Line::open_as(&policy, terms).say(&masked(0xc1, &deflated(&text)));
        if fits { passes(&outcome) } else { closes(&outcome, Reason::SocketInflation) }
    }
}

#[test]
fn a_message_has_as_many_frames_as_allowed() {
    for (frames, fits) in [(9, true), (10, true), (11, false)] {
        let mut line = Line::open(&limited("frames_per_message: 10"), Carries::Anything);
        let mut bytes = masked(1, b"");
        (2..frames).for_each(|_| bytes.extend(masked(0, b"")));
        bytes.extend(masked(0x80, b""));
        let outcome = line.say(&bytes);
        if fits { passes(&outcome) } else { closes(&outcome, Reason::SocketFrames) }
    }
}

#[test]
fn so_many_operations_run_at_once() {
    for carries in [NEW, OLD] {
        let mut line = Line::ready(&limited("open_operations: 2"), carries);
        passes(&line.text(&start(carries, "1", SUBSCRIPTION)));
        passes(&line.text(&start(carries, "2", SUBSCRIPTION)));
        let refused = line.text(&start(carries, "3", SUBSCRIPTION));
        assert_eq!(refused.refused(), Some(Reason::SocketOperations));
        let rejections = Metric::Socket(SocketMetric::Rejections(Reason::SocketOperations));
        assert!(refused.list.contains(&Effect::Count(rejections, 1)));
        assert!(line.pong().client[0].contains("MAX_OPERATIONS_EXCEEDED"), "the socket lives on");
        line.server_text(r#"{"id":"1","type":"complete"}"#);
        passes(&line.text(&start(carries, "3", SUBSCRIPTION)));
        let stop =
            if carries == NEW { r#"{"id":"2","type":"complete"}"# } else { r#"{"id":"2","type":"stop"}"# };
        passes(&line.text(stop));
        passes(&line.text(&start(carries, "4", SUBSCRIPTION)));
        closes(&line.text(&start(carries, "5", SUBSCRIPTION)), Reason::SocketOperations);
    }
}

#[test]
fn messages_and_control_frames_come_as_fast_as_allowed() {
    let mut line = Line::open(&limited("messages_per_second: 10, burst: 3"), Carries::Anything);
    (0..3).for_each(|_| passes(&line.text("a")));
    line.wait(99);
    let mut late = Line::open(&limited("messages_per_second: 10, burst: 3"), Carries::Anything);
    (0..3).for_each(|_| passes(&late.text("a")));
    late.wait(100);
    passes(&late.text("a"));
    closes(&line.text("a"), Reason::SocketMessages);
    let mut line = Line::open(&limited("control_frames_per_second: 2"), Carries::Anything);
    (0..2).for_each(|_| passes(&line.say(&masked(0x8a, b""))));
    line.wait(499);
    closes(&line.say(&masked(0x89, b"")), Reason::SocketControls);
    let mut line = Line::open(&limited("control_frames_per_second: 1"), Carries::Anything);
    passes(&line.say(&masked(0x89, b"")));
    passes(&line.say(&masked(0x88, b"")));
}

#[test]
fn messages_are_limited_over_all_sockets_of_a_client() {
    let policy =
        "websocket: {messages: [{name: talk, per: client, capacity: 2, refill: 1, window_ms: 1000}]}";
    let mut line = Line::open(policy, Carries::Anything);
    passes(&line.text("a"));
    // Another socket of the same client.
    let terms = Terms { carries: Carries::Anything, deflate: Deflate::Withheld };
    line.socket = Socket::new(opened(&line.policy, terms), &line.policy, line.now);
    passes(&line.text("a"));
    closes(&line.text("a"), Reason::SocketMessages);
}

#[test]
fn an_initialisation_comes_in_time_and_is_as_large_as_allowed() {
    for (wait, fits) in [(4_999, true), (5_000, false)] {
        for carries in [NEW, OLD] {
            let mut line = Line::open(&limited("init_timeout_ms: 5000"), carries);
            line.now = line.now.later(wait);
            let outcome = line.text(r#"{"type":"connection_init"}"#);
            if fits {
                passes(&outcome)
            } else {
                closes(&outcome, Reason::SocketInitTimeout)
            }
            assert_eq!(line.wait(60_000).refused(), None);
        }
    }
    for (bytes, fits) in [(199, true), (200, true), (201, false)] {
        let payload = format!(r#"{{"t":"{}"}}"#, "t".repeat(bytes - 8));
        assert_eq!(payload.len(), bytes);
        let mut line = Line::open(&limited("init_payload_bytes: 200"), NEW);
        let outcome = line.text(&format!(r#"{{"type":"connection_init","payload":{payload}}}"#));
        if fits { passes(&outcome) } else { closes(&outcome, Reason::SocketInitSize) }
    }
}

#[test]
fn a_socket_is_neither_idle_nor_old() {
    let policy = limited("idle_ms: 5000, lifetime_ms: 20000");
    let mut line = Line::open(&policy, Carries::Anything);
    for _ in 0..3 {
        assert_eq!(line.wait(4_999).refused(), None);
        line.answer(&plain(0x89, b""));
    }
    assert_eq!(line.wait(4_999).refused(), None);
    line.text("a");
    closes(&line.wait(4), Reason::SocketLifetime);
    let mut line = Line::open(&policy, Carries::Anything);
    assert_eq!(line.wait(4_999).refused(), None);
    closes(&line.wait(1), Reason::SocketIdle);
}

#[test]
fn what_a_client_never_finishes_is_idle_whatever_the_server_says() {
    let mut line = Line::open(&limited("idle_ms: 5000"), Carries::Anything);
    let drip = masked(0x81, &[b'x'; 100]);
    let (mut sent, mut closed) = (drip.iter(), None);
    while let (Some(byte), None) = (sent.next(), closed) {
        closed = line.say(&[*byte]).refused();
        line.answer(&plain(0x81, b"tick"));
        closed = closed.or(line.wait(500).refused());
    }
    assert_eq!((closed, sent.len()), (Some(Reason::SocketIdle), drip.len() - 11));
    // Many unfinished messages one after the other are no such thing.
    let mut line = Line::open(&limited("idle_ms: 5000"), Carries::Anything);
    let frame = masked(0x81, b"abcdef");
    let halves = [&frame[5..], &frame[..5]].concat();
    line.say(&frame[..5]);
    for _ in 0..20 {
        passes(&line.say(&halves));
        assert_eq!(line.wait(4_000).refused(), None);
    }
}

#[test]
fn a_worker_holds_as_much_for_all_its_sockets_as_allowed() {
    let mut line = Line::open(&limited("message_bytes: 200000, socket_bytes: 1048576"), Carries::Anything);
    let terms = Terms { carries: Carries::Anything, deflate: Deflate::Withheld };
    let unfinished = masked(0x81, &vec![b'x'; 150_000]);
    let mut others = Vec::new();
    let mut reason = None;
    while reason.is_none() && others.len() < 20 {
        let outcome = line.say(&unfinished[..140_000]);
        reason = outcome.refused();
        let next = Socket::new(opened(&line.policy, terms), &line.policy, line.now);
        others.push(std::mem::replace(&mut line.socket, next));
    }
    assert_eq!((reason, others.len()), (Some(Reason::SocketMemory), 8));
    for socket in others {
        line.socket = socket;
        line.on(SocketInput::Ended);
    }
    assert_eq!(line.held, Held::default(), "nothing is held for what has ended");
}

#[test]
fn a_subscription_is_a_stream_until_it_ends_however_it_ends() {
    let policy = "throttles: {streams: [{name: s, per: client, max: 1}]}";
    let mut line = Line::ready(policy, NEW);
    let subscribe = |line: &mut Line, id: &str| line.text(&start(NEW, id, SUBSCRIPTION)).refused();
    assert_eq!(subscribe(&mut line, "1"), None);
    assert_eq!(subscribe(&mut line, "2"), Some(Reason::Streams));
    // Queries are no streams.
    passes(&line.text(&start(NEW, "3", "{ me { id } }")));
    line.server_text(r#"{"id":"1","type":"error","payload":[]}"#);
    assert_eq!(subscribe(&mut line, "2"), None);
    line.text(r#"{"id":"2","type":"complete"}"#);
    assert_eq!(subscribe(&mut line, "4"), None);
    line.on(SocketInput::Ended);
    let terms = Terms { carries: NEW, deflate: Deflate::Withheld };
    line.socket = Socket::new(opened(&line.policy, terms), &line.policy, line.now);
    line.text(r#"{"type":"connection_init"}"#);
    line.server_text(r#"{"type":"connection_ack"}"#);
    assert_eq!(subscribe(&mut line, "5"), None);
}

#[test]
fn operations_take_from_the_throttles_of_requests() {
    let policy = "throttles: {rules: [{name: calls, per: client, unit: requests, capacity: 1, refill: 1, window_ms: 3000}]}";
    let mut line = Line::ready(policy, NEW);
    passes(&line.text(&start(NEW, "1", "{ me { id } }")));
    let refused = line.text(&start(NEW, "2", "{ me { id } }"));
    assert_eq!(refused.refused(), Some(Reason::Throttled));
    let heard = line.pong().client;
    assert!(
        heard[0].contains(r#""code":"RATE_LIMITED""#) && heard[0].contains(r#""retryAfter":3"#),
        "{heard:?}"
    );
    line.wait(3_000);
    passes(&line.text(&start(NEW, "2", "{ me { id } }")));
}

#[test]
fn documents_of_hashes_and_ids_are_judged() {
    let document = "query Me { me { id } }";
    let hash = portcullis_framing::Sha256Hash::of(document).to_string();
    let with = |query: Option<&str>| {
        let extensions = serde_json::json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
        let payload = serde_json::json!({ "query": query, "extensions": extensions });
        serde_json::json!({ "id": "1", "type": "subscribe", "payload": payload }).to_string()
    };
    let mut line = Line::ready("", NEW);
    assert_eq!(line.text(&with(None)).refused(), Some(Reason::PersistedQuery));
    assert!(line.pong().client[0].contains("PersistedQueryNotFound"));
    passes(&line.text(&with(Some(document))));
    line.text(r#"{"id":"1","type":"complete"}"#);
    passes(&line.text(&with(None)));
    let policy =
        "graphql: {trusted_documents: {mode: require, id_keys: [doc_id], documents: {a: '{ me { id } }'}}}";
    let mut line = Line::ready(policy, OLD);
    passes(&line.text(r#"{"id":"1","type":"start","payload":{"doc_id":"a"}}"#));
    let other = line.text(r#"{"id":"2","type":"start","payload":{"doc_id":"b"}}"#);
    assert_eq!(other.refused(), Some(Reason::UntrustedId));
    let own = line.text(&start(OLD, "3", "{ me { name } }"));
    assert_eq!(own.refused(), Some(Reason::UntrustedDocument));
}

#[test]
fn what_a_socket_carries_is_counted() {
    let mut line = Line::ready("", NEW);
    let outcome = line.text(&start(NEW, "1", "mutation Buy { buy { id } }"));
    let counted = |outcome: &Outcome, metric: SocketMetric| {
        let counts = outcome.list.iter().filter_map(|effect| match effect {
            Effect::Count(Metric::Socket(known), amount) if *known == metric => Some(*amount),
            _ => None,
        });
        counts.sum::<u64>()
    };
    use portcullis_report::{ClientOutcome, MessageKind, Sender};
    let allowed = SocketMetric::Operations(OperationKind::Mutation, ClientOutcome::Allowed);
    assert_eq!(counted(&outcome, allowed), 1);
    assert_eq!(counted(&outcome, SocketMetric::Messages(Sender::Client, MessageKind::Text)), 1);
    assert!(counted(&outcome, SocketMetric::Bytes(Sender::Client)) > 80);
    let event = outcome.events().next().unwrap();
    assert_eq!((event.correlation.as_str(), event.operation.as_str()), ("socket.1", "Buy"));
    let refused = line.text(&start(NEW, "2", EVIL));
    let metric = SocketMetric::Operations(OperationKind::Query, ClientOutcome::Refused);
    assert_eq!(counted(&refused, metric), 1);
    let pong = line.pong();
    assert_eq!(
        counted(&pong, SocketMetric::Messages(Sender::Server, MessageKind::Pong)),
        0,
        "it is the gate's own"
    );
    let pinged = line.answer(&plain(0x89, b"s"));
    assert_eq!(counted(&pinged, SocketMetric::Messages(Sender::Server, MessageKind::Ping)), 1);
}

#[test]
fn what_the_host_does_not_give_goes_nowhere() {
    for input in [SocketInput::Client(Chunk::Unreadable), SocketInput::Server(Chunk::Unreadable)] {
        let mut line = Line::open("mode: shadow", Carries::Anything);
        let list = line.on(input).list;
        let is_empty = |effect: &Effect| match effect {
            Effect::ReplaceRequestChunk(bytes) | Effect::ReplaceResponseChunk(bytes) => bytes.is_empty(),
            _ => false,
        };
        assert!(list.iter().any(is_empty) && list.contains(&Effect::Reset), "{list:?}");
    }
}

#[test]
fn many_operations_leave_room_for_a_refusal() {
    let limits = limited("open_operations: 1000, messages_per_second: 1000000, burst: 1000000");
    let mut line = Line::ready(&limits, NEW);
    for id in 0..1_000 {
        passes(&line.text(&start(NEW, &format!("{id:0>36}"), SUBSCRIPTION)));
    }
    assert_eq!(line.text(&start(NEW, "1000", SUBSCRIPTION)).refused(), Some(Reason::SocketOperations));
    let heard = line.pong().client;
    assert!(heard.len() == 1 && heard[0].contains("MAX_OPERATIONS_EXCEEDED"), "{heard:?}");
}

#[test]
fn refusals_that_nobody_listens_to_close_the_socket() {
    let policy = limited("messages_per_second: 1000000, burst: 1000000");
    let mut line = Line::ready(&policy, NEW);
    let mut refused = 0;
    let reason = loop {
        let outcome = line.text(&start(NEW, &format!("{refused}"), EVIL));
        match outcome.refused() {
            Some(Reason::Cost) if outcome.events().count() == 1 => refused += 1,
            _ => break outcome.events().last().unwrap().refusal.unwrap().reason,
        }
    };
    assert_eq!(reason, Reason::SocketMessages);
    assert!((100..500).contains(&refused), "{refused}");
    let heard = line.pong().client;
    assert_eq!(heard.len(), refused + 1);
    assert_eq!(heard.last().unwrap(), "close 1008 Too many messages");
}

#[test]
fn while_the_server_is_in_the_middle_of_a_frame_it_is_not_silent() {
    let mut line = Line::ready("", NEW);
    let long = plain(0x81, &[b'x'; 100]);
    line.answer(&long[..10]);
    line.text(&start(NEW, "1", EVIL));
    for byte in &long[10..20] {
        assert_eq!(line.wait(4_999).refused(), None);
        line.answer(&[*byte]);
    }
    closes(&line.wait(5_000), Reason::SocketUnanswered);
    assert_eq!(Reason::SocketUnanswered.close_code(), Some(1013), "clients come again");
}

#[test]
fn a_clock_that_is_set_back_stops_no_timer() {
    let mut line = Line::ready("", NEW);
    line.now = line.now.later(200_000);
    line.answer(&plain(0x89, b""));
    let later = line.now;
    line.now = Timestamp::from_millis(1_000);
    assert_eq!(line.wait(0).list, []);
    closes(&line.wait(300_000), Reason::SocketIdle);
    // The same for what waits to be said, and for the patience with a socket that is closed.
    let mut line = Line::ready("", NEW);
    line.now = later;
    line.text(&start(NEW, "1", EVIL));
    line.now = Timestamp::from_millis(1_000);
    assert_eq!(line.wait(0).refused(), None);
    closes(&line.wait(5_000), Reason::SocketUnanswered);
    line.now = Timestamp::from_millis(500);
    assert_eq!(line.wait(0).list, []);
    assert!(line.wait(5_000).list.contains(&Effect::Reset));
    assert!(!line.on(SocketInput::Ended).list.contains(&Effect::Reset), "it has ended by itself");
}

#[test]
fn a_compressed_text_is_one_also_where_it_means_nothing() {
    let terms = Terms { carries: Carries::Anything, deflate: Deflate::Offered };
    let say = |first, bytes: &[u8]| Line::open_as("", terms).say(&masked(first, &deflated(bytes)));
    for evil in [&b"\xff"[..], b"caf\xc3", b"\xed\xa0\x80"] {
        closes(&say(0xc1, evil), Reason::SocketText);
        passes(&say(0xc2, evil));
    }
    passes(&say(0xc1, "grüße 🦀".as_bytes()));
}
