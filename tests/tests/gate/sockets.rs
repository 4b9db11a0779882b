//! WebSockets through the real Envoy, over HTTP/1.1 and HTTP/2: who is let in, what passes, what is counted.

use super::{id, own};
use e2e::{PATIENCE, Site, Wanted};
use portcullis_demo::client::{CloseFrame, Heard, Knock, Knocked, Message, Protocol, Reply, Socket};
use portcullis_demo::stack::Stack;
use portcullis_demo::upstream::{BEHAVIOUR, TEST_ID};
use portcullis_demo::wait;
use portcullis_report::Reason;
use serde_json::{Value, json};
use std::ops::Deref;
use std::time::Duration;

pub(super) const NEW: &str = "graphql-transport-ws";
pub(super) const OLD: &str = "graphql-ws";

/// GraphQL sockets on `/graphql`, others on `/echo`.
pub(super) const SOCKETS: &str = "
websocket:
  graphql: true
  routes: [{path: /echo}]
";

pub(super) fn taking(policy: &'static str) -> Site<Box<Stack>> {
    own(&Wanted { policy, ..Wanted::default() })
}

pub(super) async fn knock<S: Deref<Target = Stack>>(
    site: &Site<S>,
    protocol: Protocol,
    knock: &Knock,
) -> Knocked {
    knock.send(site.envoy.gated().unwrap(), protocol).await.unwrap()
}

pub(super) async fn open<S: Deref<Target = Stack>>(
    site: &Site<S>,
    protocol: Protocol,
    knock: &Knock,
) -> Socket {
    knock.open(site.envoy.gated().unwrap(), protocol).await.unwrap()
}

pub(super) fn graphql(subprotocol: &str) -> Knock {
    Knock::offering("/graphql", subprotocol)
}

/// Waits until a stat is so high.
pub(super) async fn stat<S: Deref<Target = Stack>>(
    site: &Site<S>,
    name: &str,
    labels: &[(&str, &str)],
    value: f64,
) {
    let mut last = 0.0;
    let reached = wait::until(name, PATIENCE, async || {
        last = site.envoy.metrics().await.unwrap().sum(name, labels);
        (last == value).then_some(())
    });
    assert!(reached.await.is_ok(), "{name} {labels:?} is {last}, not {value}");
}

/// Shakes hands in the words of the subprotocol.
pub(super) async fn greet(socket: &mut Socket) {
    socket.text(r#"{"type":"connection_init","payload":{"token":"t"}}"#).await.unwrap();
    assert_eq!(socket.json().await.unwrap()["type"], "connection_ack");
}

pub(super) fn subscribe(subprotocol: &str, id: &str, query: &str) -> String {
    let kind = if subprotocol == NEW { "subscribe" } else { "start" };
    json!({"type": kind, "id": id, "payload": {"query": query}}).to_string()
}

/// The next message that is no sign of life.
pub(super) async fn said(socket: &mut Socket) -> Value {
    loop {
        let message = socket.json().await.unwrap();
        if message["type"] != "ka" {
            return message;
        }
    }
}

#[track_caller]
pub(super) fn refused(knocked: Knocked, expected: Reason) -> Reply {
    let Knocked::Refused(reply) = knocked else { panic!("opened instead of {expected:?}") };
    assert_eq!((reply.status, reply.code().as_deref()), (expected.status(), Some(expected.code())));
    assert!(reply.header("x-correlation-id").is_some());
    *reply
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_subscription_streams_over_both_subprotocols() {
    let site = taking(SOCKETS);
    for protocol in Protocol::ALL {
        for subprotocol in [NEW, OLD] {
            let id = id();
            let mut socket = open(&site, protocol, &graphql(subprotocol).with(TEST_ID, &id)).await;
            assert_eq!(socket.subprotocol(), Some(subprotocol));
            assert!(socket.headers.contains_key("x-correlation-id"));
            greet(&mut socket).await;
            let query = "subscription Down { countdown(from: 3) }";
            socket.text(subscribe(subprotocol, "1", query)).await.unwrap();
            let next = if subprotocol == NEW { "next" } else { "data" };
            for count in [3, 2, 1] {
                let message = said(&mut socket).await;
                let data = json!({"data": {"countdown": count}});
                assert_eq!((&message["type"], &message["id"]), (&json!(next), &json!("1")), "{message}");
                assert_eq!(message["payload"], data);
            }
            assert_eq!(said(&mut socket).await["type"], "complete");
            socket.close().await.unwrap();
            let seen = site.upstream.recorder.take(&id);
            assert_eq!((seen.len(), seen[0].messages.len()), (1, 2));
            assert_eq!(seen[0].messages[1], subscribe(subprotocol, "1", query));
        }
    }
    stat(&site, "portcullis_websocket_attempts", &[("handshake", "opened")], 4.0).await;
    stat(&site, "portcullis_websocket_sockets", &[], 0.0).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn handshakes_are_refused_with_a_status_of_their_own() {
    let site = taking(SOCKETS);
    for protocol in Protocol::ALL {
        let id = id();
        let check = async |change: (&str, &str), expected: Reason| -> Reply {
            let attempt = graphql(NEW).with(TEST_ID, &id).with(change.0, change.1);
            refused(knock(&site, protocol, &attempt).await, expected)
        };
        check(("origin", "https://evil.example"), Reason::SocketOrigin).await;
        check(("origin", "null"), Reason::SocketOrigin).await;
        let hijack = graphql(NEW).with("origin", "https://evil.example").with("cookie", "session=1");
        refused(knock(&site, protocol, &hijack.with(TEST_ID, &id)).await, Reason::SocketCookies);
        let reply = check(("sec-websocket-version", "8"), Reason::SocketVersion).await;
        assert_eq!(reply.header("sec-websocket-version"), Some("13"));
        check(("sec-websocket-key", "short"), Reason::SocketHandshake).await;
        for offer in ["mqtt", "graphql-ws, mqtt", "graphql-ws, graphql-ws"] {
            let attempt = graphql(offer).with(TEST_ID, &id);
            refused(knock(&site, protocol, &attempt).await, Reason::SocketSubprotocol);
        }
        let nothing = Knock::at("/graphql").with(TEST_ID, &id);
        refused(knock(&site, protocol, &nothing).await, Reason::SocketSubprotocol);
        assert!(site.upstream.recorder.take(&id).is_empty(), "the upstream heard of it");
    }
    let label = |reason: Reason| [("rejection", reason.label())];
    stat(&site, "portcullis_websocket_rejections", &label(Reason::SocketOrigin), 4.0).await;
    stat(&site, "portcullis_websocket_rejections", &label(Reason::SocketSubprotocol), 8.0).await;
    stat(&site, "portcullis_websocket_attempts", &[("handshake", "refused")], 18.0).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn pages_of_the_server_itself_and_of_listed_origins_are_let_in() {
    let site = taking("websocket: {graphql: true, origins: ['https://app.example', 'http://localhost:*']}");
    let own = format!("http://{}", site.envoy.gated().unwrap());
    for protocol in Protocol::ALL {
        for origin in [own.as_str(), "https://app.example", "http://localhost:5173"] {
            let attempt = graphql(NEW).with("origin", origin).with("cookie", "session=1");
            let mut socket = open(&site, protocol, &attempt).await;
            greet(&mut socket).await;
            socket.close().await.unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn attempts_and_open_sockets_are_limited_over_all_workers() {
    let site = taking(
        "
websocket:
  graphql: true
  attempts: [{name: knocks, per: client, capacity: 8, refill: 1, window_ms: 3600000}]
  sockets: [{name: held, per: client, max: 3}]
",
    );
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(open(&site, Protocol::Http1, &graphql(NEW)).await);
    }
    let reply = refused(knock(&site, Protocol::Http2, &graphql(NEW)).await, Reason::SocketCount);
    assert_eq!(reply.header("retry-after"), Some("1"));
    stat(&site, "portcullis_websocket_sockets", &[("socket_class", "anonymous")], 3.0).await;
    held.pop().unwrap().close().await.unwrap();
    stat(&site, "portcullis_websocket_sockets", &[("socket_class", "anonymous")], 2.0).await;
    for _ in 0..4 {
        open(&site, Protocol::Http1, &graphql(NEW)).await.close().await.unwrap();
        stat(&site, "portcullis_websocket_sockets", &[("socket_class", "anonymous")], 2.0).await;
    }
    let reply = refused(knock(&site, Protocol::Http1, &graphql(NEW)).await, Reason::SocketAttempts);
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((3_000..=3_600).contains(&wait), "{wait}");
    stat(&site, "portcullis_throttles_denied", &[("throttle", "knocks")], 1.0).await;
    stat(&site, "portcullis_throttles_denied", &[("throttle", "held")], 1.0).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_upstream_that_chooses_what_was_not_offered_has_no_socket() {
    let site = taking(SOCKETS);
    for protocol in Protocol::ALL {
        for choice in ["subprotocol=mqtt", "subprotocol=none", "subprotocol=graphql-ws"] {
            let attempt = graphql(NEW).with(BEHAVIOUR, choice);
            refused(knock(&site, protocol, &attempt).await, Reason::SocketChoice);
        }
        let otherwise = graphql(NEW).with(BEHAVIOUR, "status=503");
        let Knocked::Refused(reply) = knock(&site, protocol, &otherwise).await else {
            panic!("opened by an upstream that answers otherwise")
        };
        assert_eq!(reply.status, 503);
    }
    stat(&site, "portcullis_websocket_attempts", &[("handshake", "failed")], 2.0).await;
    stat(&site, "portcullis_websocket_attempts", &[("handshake", "refused")], 6.0).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn sockets_that_the_policy_does_not_take_are_refused() {
    let site = taking("websocket: {graphql: false}");
    for protocol in Protocol::ALL {
        refused(knock(&site, protocol, &graphql(NEW)).await, Reason::Method);
    }
}

/// What comes back of a whole conversation.
async fn conversation(socket: &mut Socket) -> Vec<Heard> {
    let mut heard = Vec::new();
    for size in [0, 1, 125, 126, 65_535, 65_536] {
        socket.text("x".repeat(size)).await.unwrap();
        heard.push(socket.next().await.unwrap());
    }
    socket.text("grüße 🦀").await.unwrap();
    heard.push(socket.next().await.unwrap());
    socket.message(Message::binary(vec![0, 255, 7])).await.unwrap();
    heard.push(socket.next().await.unwrap());
    socket.message(Message::Ping("who".into())).await.unwrap();
    heard.push(socket.next().await.unwrap());
    socket.message(Message::Close(None)).await.unwrap();
    heard.push(socket.next().await.unwrap());
    heard
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_echo_is_the_same_without_the_gate() {
    let site = taking(SOCKETS);
    for protocol in Protocol::ALL {
        let echo = Knock::offering("/echo", "chat");
        let mut gated = open(&site, protocol, &echo).await;
        let mut plain = echo.open(site.envoy.plain().unwrap(), protocol).await.unwrap();
        assert_eq!(gated.subprotocol(), plain.subprotocol());
        let heard = conversation(&mut gated).await;
        assert_eq!(heard, conversation(&mut plain).await);
        assert_eq!(heard.len(), 10);
        assert_eq!(heard[8], Heard::Pong("who".into()));
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn sockets_are_counted_again_after_a_trap() {
    let site =
        own(&Wanted { policy: SOCKETS, build: e2e::Build::Fault, concurrency: 1, ..Wanted::default() });
    let mut lost = open(&site, Protocol::Http1, &graphql(NEW)).await;
    stat(&site, "portcullis_websocket_sockets", &[], 1.0).await;
    let trap = super::post(super::HONEST).with("x-portcullis-fault", "trap");
    assert_eq!(site.gated(Protocol::Http1, &trap).await.reply.status, 503);
    lost.text("{}").await.unwrap();
    assert_eq!(lost.next().await.unwrap(), Heard::Broken, "its VM is gone");
    let back = wait::until("the filter to be back", PATIENCE, async || {
        matches!(knock(&site, Protocol::Http1, &graphql(NEW)).await, Knocked::Opened(_)).then_some(())
    });
    back.await.unwrap();
    // What the VM had open is forgotten after a while, and the gauge was never below zero.
    let long = Duration::from_secs(40);
    let forgotten = wait::until("the gauge to forget", long, async || {
        let sockets = site.envoy.metrics().await.unwrap().sum("portcullis_websocket_sockets", &[]);
        assert!((0.0..=3.0).contains(&sockets), "{sockets}");
        (sockets == 0.0).then_some(())
    });
    forgotten.await.unwrap();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_access_log_tells_of_a_socket_when_it_ends() {
    let site = taking(SOCKETS);
    for protocol in Protocol::ALL {
        let mut socket = open(&site, protocol, &graphql(NEW)).await;
        let correlation = socket.headers["x-correlation-id"].to_str().unwrap().to_owned();
        greet(&mut socket).await;
        let bye = CloseFrame { code: 1000.into(), reason: "bye".into() };
        socket.message(Message::Close(Some(bye))).await.unwrap();
        while !matches!(socket.next().await.unwrap(), Heard::Closed(_) | Heard::Broken) {}
        let find =
            async || site.envoy.access_log().into_iter().find(|line| line["correlation_id"] == correlation);
        let line = wait::until("the line in the access log", PATIENCE, find).await.unwrap();
        assert_eq!((&line["subprotocol"], &line["verdict"]), (&json!(NEW), &json!("allowed")), "{line}");
        let told = ["close_code", "messages"].map(|name| line[name].to_string().replace('"', ""));
        assert_eq!(told, ["1000", "2"], "a greeting and its answer: {line}");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_analyzer_tells_what_is_open_and_what_was_refused() {
    let site = taking(SOCKETS);
    let page = async || -> Option<Value> {
        Some(site.analyzer.get("/monitoring/websocket/?window=5m").await.ok()?.json())
    };
    let mut sockets = Vec::new();
    for protocol in Protocol::ALL {
        let mut socket = open(&site, protocol, &graphql(NEW)).await;
        greet(&mut socket).await;
        socket.text(subscribe(NEW, "1", "query Me { me { id } }")).await.unwrap();
        assert_eq!(said(&mut socket).await["type"], "next");
        sockets.push(socket);
        let foreign = graphql(NEW).with("origin", "https://evil.example");
        refused(knock(&site, protocol, &foreign).await, Reason::SocketOrigin);
    }
    let told = wait::until("two open sockets", PATIENCE, async || {
        let page = page().await?;
        (page["active"]["sockets"] == 2 && page["totals"]["operations"] == 2).then_some(page)
    });
    let told = told.await.unwrap();
    assert_eq!((&told["totals"]["opened"], &told["totals"]["refused"]), (&json!(2), &json!(2)), "{told}");
    assert_eq!(told["rejections"][0]["reason"], Reason::SocketOrigin.label());
    let [client] = told["clients"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&client["attempts"], &client["rejected"]), (&json!(4), &json!(2)));
    assert!(!told.to_string().contains("127.0.0.1"), "a client's address: {told}");
    for socket in sockets {
        socket.close().await.unwrap();
    }
    let ended = wait::until("their end", PATIENCE, async || {
        let page = page().await?;
        (page["active"]["sockets"] == 0 && page["totals"]["ended"] == 2).then_some(page)
    });
    let ended = ended.await.unwrap();
    assert_eq!(ended["duration_ms"]["sockets"], 2);
    assert_eq!(ended["messages_per_socket"]["sockets"], 2);
}
