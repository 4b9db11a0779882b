//! What is sent over open WebSockets, through the real Envoy: what is refused and how, and who is cut off.

use super::sockets::{NEW, OLD, SOCKETS, graphql, greet, open, said, stat, subscribe, taking};
use super::{id, own};
use e2e::{PATIENCE, Wanted};
use portcullis_demo::client::{Heard, Knock, Message, Payload, Protocol, Socket};
use portcullis_demo::corpus::{self, PolicyFile, Verdict};
use portcullis_demo::upstream::TEST_ID;
use portcullis_demo::wait;
use portcullis_report::Reason;
use serde_json::{Value, json};
use std::process::Command;

const SCHEMA: &str = "query Schema { __schema { types { name } } }";
const DEEP: &str = "{ me { me { me { me { me { me { me { me { me { me { me { me { me { me { me { me { id } } } } } } } } } } } } } } } } }";

/// What is said until a socket is closed or breaks off; signs of life are left out.
async fn end_of(socket: &mut Socket) -> (Vec<Value>, Heard) {
    let mut texts = Vec::new();
    loop {
        match socket.next().await.unwrap() {
            Heard::Text(text) => texts.push(serde_json::from_str(&text).unwrap()),
            Heard::Binary(_) | Heard::Pong(_) => (),
            end @ (Heard::Closed(_) | Heard::Broken) => return (texts, end),
        }
    }
}

/// The next message about an operation: what ends one of the older protocol follows its error.
async fn about(socket: &mut Socket, id: &str) -> Value {
    loop {
        let message = said(socket).await;
        if message["id"] == id {
            return message;
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_refused_operation_is_told_in_band_and_the_socket_lives_on() {
    let site = taking(SOCKETS);
    for protocol in Protocol::ALL {
        for subprotocol in [NEW, OLD] {
            let id = id();
            let mut socket = open(&site, protocol, &graphql(subprotocol).with(TEST_ID, &id)).await;
            let correlation = socket.headers["x-correlation-id"].to_str().unwrap().to_owned();
            greet(&mut socket).await;
            for (number, query, reason) in [
                ("1", SCHEMA, Reason::Introspection),
                ("2", DEEP, Reason::Depth),
                ("3", "{ me {", Reason::Syntax),
            ] {
                socket.text(subscribe(subprotocol, number, query)).await.unwrap();
                let message = about(&mut socket, number).await;
                assert_eq!(
                    (&message["type"], &message["id"]),
                    (&json!("error"), &json!(number)),
                    "{message}"
                );
                let payload = &message["payload"];
                let error = if subprotocol == NEW { &payload[0] } else { payload };
                assert_eq!(error["extensions"]["code"], reason.code(), "{message}");
            }
            socket.text(subscribe(subprotocol, "4", "query Me { me { id } }")).await.unwrap();
            let answer = about(&mut socket, "4").await;
            assert_eq!(answer["payload"]["data"]["me"]["id"], "u1", "{answer}");
            socket.close().await.unwrap();
            let seen = site.upstream.recorder.take(&id);
            assert_eq!(seen[0].messages.len(), 2, "{:?}", seen[0].messages);
            let shape = wait::until("the incident", PATIENCE, async || {
                let page = site.analyzer.get("/monitoring/graphql/?window=5m").await.ok()?.json();
                let shapes = page["refused_shapes"].as_array()?.clone();
                let is_ours = |shape: &Value| {
                    shape["reason"] == "introspection"
                        && shape["sample_correlation_id"]
                            .as_str()
                            .is_some_and(|id| id.starts_with(&correlation))
                };
                shapes.into_iter().find(is_ours)
            });
            let shape = shape.await.unwrap();
            assert_eq!(shape["sample_correlation_id"], format!("{correlation}.1"));
        }
    }
    stat(&site, "portcullis_websocket_operations", &[("socket_verdict", "refused")], 12.0).await;
    stat(&site, "portcullis_websocket_operations", &[("socket_verdict", "allowed")], 4.0).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn abuse_of_the_protocol_is_closed_with_a_code_and_a_reason() {
    const INIT: &str = r#"{"type":"connection_init"}"#;
    let site = taking(SOCKETS);
    let endless = "subscription { stock(product: \"1\") { left } }";
    let cases = [
        (4401, vec![Message::text(subscribe(NEW, "1", "{ me { id } }"))]),
        (4429, vec![Message::text(INIT), Message::text(INIT)]),
        (4400, vec![Message::text("{")]),
        (4400, vec![Message::text(r#"{"type":"nonsense"}"#)]),
        (4400, vec![Message::text(r#"{"type":"ping","type":"pong"}"#)]),
        (
            4409,
            vec![
                Message::text(INIT),
                Message::text(subscribe(NEW, "1", endless)),
                Message::text(subscribe(NEW, "1", endless)),
            ],
        ),
        (1009, vec![Message::text(INIT), Message::text("x".repeat(65_537))]),
        (1003, vec![Message::binary(INIT.as_bytes().to_vec())]),
    ];
    for protocol in Protocol::ALL {
        for (code, messages) in &cases {
            let mut socket = open(&site, protocol, &graphql(NEW)).await;
            for (number, message) in messages.iter().enumerate() {
                if number > 1 {
                    // That an operation runs is known by its first event.
                    while said(&mut socket).await["type"] != "next" {}
                }
                if number == 1 && *code == 4409 {
                    while said(&mut socket).await["type"] != "connection_ack" {}
                }
                socket.message(message.clone()).await.unwrap();
                if number == 1 && *code == 4409 {
                    continue;
                }
            }
            let (_, end) = end_of(&mut socket).await;
            let Heard::Closed(Some((found, reason))) = end else { panic!("{end:?} instead of {code}") };
            assert_eq!(found, *code, "{reason}");
            assert!(!reason.is_empty(), "{code} has no reason");
        }
    }
    stat(&site, "portcullis_websocket_closes", &[("close_code", "4400"), ("closed_by", "gate")], 6.0).await;
    stat(&site, "portcullis_websocket_sockets", &[], 0.0).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_silent_socket_is_cut_off() {
    let site = taking("websocket: {graphql: true, limits: {init_timeout_ms: 300}}");
    for protocol in Protocol::ALL {
        let mut socket = open(&site, protocol, &graphql(NEW)).await;
        assert_eq!(socket.next().await.unwrap(), Heard::Broken);
    }
    let label = [("rejection", Reason::SocketInitTimeout.label())];
    stat(&site, "portcullis_websocket_rejections", &label, 2.0).await;
    stat(&site, "portcullis_websocket_sockets", &[], 0.0).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_flood_is_cut_off_while_an_honest_socket_lives() {
    let site = own(&Wanted { policy: SOCKETS, concurrency: 1, ..Wanted::default() });
    let mut honest = open(&site, Protocol::Http1, &graphql(NEW)).await;
    greet(&mut honest).await;
    for protocol in Protocol::ALL {
        let mut flood = open(&site, protocol, &graphql(NEW)).await;
        greet(&mut flood).await;
        let mut sent = 0;
        while sent < 5_000 && flood.text(r#"{"type":"ping"}"#).await.is_ok() {
            sent += 1;
        }
        let (_, end) = end_of(&mut flood).await;
        match end {
            Heard::Closed(Some((code, _))) => assert_eq!(code, 1008),
            Heard::Broken => (),
            other @ (Heard::Text(_) | Heard::Binary(_) | Heard::Pong(_) | Heard::Closed(None)) => {
                panic!("{other:?}")
            }
        }
        honest.text(subscribe(NEW, "1", "query Me { me { id } }")).await.unwrap();
        assert_eq!(said(&mut honest).await["type"], "next");
        assert_eq!(said(&mut honest).await["type"], "complete");
    }
    let label = [("rejection", Reason::SocketMessages.label())];
    stat(&site, "portcullis_websocket_rejections", &label, 2.0).await;
    honest.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_thousand_sockets_talk_at_once() {
    const SOCKETS_OPEN: usize = 1_000;
    let site = taking(SOCKETS);
    let mut sockets = Vec::with_capacity(SOCKETS_OPEN);
    for number in 0..SOCKETS_OPEN {
        let mut socket = open(&site, Protocol::ALL[number % 2], &graphql(NEW)).await;
        greet(&mut socket).await;
        sockets.push(socket);
    }
    stat(&site, "portcullis_websocket_sockets", &[("socket_class", "anonymous")], 1_000.0).await;
    let talk = async |mut socket: Socket| {
        for turn in 0..5 {
            socket.text(subscribe(NEW, &turn.to_string(), "query Me { me { id } }")).await.unwrap();
            assert_eq!(said(&mut socket).await["type"], "next");
            assert_eq!(said(&mut socket).await["type"], "complete");
        }
        socket
    };
    let mut tasks = tokio::task::JoinSet::new();
    for socket in sockets {
        tasks.spawn(talk(socket));
    }
    let sockets = tasks.join_all().await;
    assert_eq!(sockets.len(), SOCKETS_OPEN);
    stat(&site, "portcullis_websocket_operations", &[("socket_verdict", "allowed")], 5_000.0).await;
    drop(sockets);
    stat(&site, "portcullis_websocket_sockets", &[], 0.0).await;
    let page = site.analyzer.get("/monitoring/graphql/?window=5m").await.unwrap().json();
    assert_eq!(page["totals"]["refused"], 0, "{page}");
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn messages_of_one_client_are_limited_over_its_sockets() {
    let site = taking(
        "
websocket:
  graphql: true
  routes: [{path: /echo}]
  messages: [{name: talk, per: client, capacity: 6, refill: 1, window_ms: 3600000}]
",
    );
    let echo = Knock::at("/echo");
    let mut sockets = [open(&site, Protocol::Http1, &echo).await, open(&site, Protocol::Http2, &echo).await];
    for turn in 0..6 {
        let socket = &mut sockets[turn % 2];
        socket.text("hello").await.unwrap();
        assert_eq!(socket.next().await.unwrap(), Heard::Text("hello".to_owned()));
    }
    sockets[0].text("one too many").await.unwrap();
    let (_, end) = end_of(&mut sockets[0]).await;
    assert!(matches!(end, Heard::Closed(Some((1008, _)))), "{end:?}");
    stat(&site, "portcullis_throttles_denied", &[("throttle", "talk")], 1.0).await;
}

/// A document that is refused by `POST` is refused on a socket for the same reason.
#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn what_is_hostile_by_http_is_hostile_on_a_socket() {
    let site = taking(SOCKETS);
    let mut plays = corpus::plays(PolicyFile::Default).unwrap();
    plays.retain(|play| {
        play.way == "POST" && play.before.is_none() && !play.expected.contains(&Verdict::Allow)
    });
    let mut tried = 0;
    let mut wrong = Vec::new();
    for (number, play) in plays.iter().enumerate() {
        let Payload::Whole(body) = &play.request.body else { continue };
        // What is wrong with the headers is nothing that a socket has.
        let json = [("content-type".to_owned(), b"application/json".to_vec())];
        if play.request.path != "/graphql" || play.request.headers != json {
            continue;
        }
        // What is no one request, or larger than a message may be, never becomes an operation.
        let Ok(Value::Object(payload)) = serde_json::from_slice::<Value>(body) else { continue };
        if body.len() > 60_000 || !payload.contains_key("query") {
            continue;
        }
        let (protocol, subprotocol) = (Protocol::ALL[number % 2], [NEW, OLD][number / 2 % 2]);
        let id = id();
        let mut socket = open(&site, protocol, &graphql(subprotocol).with(TEST_ID, &id)).await;
        greet(&mut socket).await;
        let kind = if subprotocol == NEW { "subscribe" } else { "start" };
        let body = String::from_utf8_lossy(body);
        socket.text(format!(r#"{{"type":"{kind}","id":"1","payload":{body}}}"#)).await.unwrap();
        let mut answer = socket.next().await.unwrap();
        // The older protocol gives signs of life, and says what is wrong before it closes.
        let is_aside = |text: &str| {
            ["ka", "connection_error"].iter().any(|kind| text.contains(&format!(r#""type":"{kind}""#)))
        };
        while matches!(&answer, Heard::Text(text) if is_aside(text)) {
            answer = socket.next().await.unwrap();
        }
        tried += 1;
        let codes: Vec<_> = play.expected.iter().filter_map(|verdict| verdict.answer()?.1).collect();
        let is_refused = match &answer {
            Heard::Text(text) => {
                let message: Value = serde_json::from_str(text).unwrap();
                let error = if subprotocol == NEW { &message["payload"][0] } else { &message["payload"] };
                let code = error["extensions"]["code"].as_str().unwrap_or_default();
                message["type"] == "error" && codes.contains(&code)
            }
            // What makes a body ambiguous makes a message so, and those are closed.
            Heard::Closed(Some((code, _))) => *code == 4400 || *code == 1009,
            Heard::Closed(None) | Heard::Binary(_) | Heard::Pong(_) | Heard::Broken => false,
        };
        let reached = site.upstream.recorder.take(&id).iter().any(|seen| seen.messages.len() > 1);
        if !is_refused || reached {
            wrong.push(format!(
                "{}: {answer:?} instead of {codes:?}, reached the upstream: {reached}",
                play.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 50, "{tried}");
}

/// Clients of npm hold a whole conversation on one connection.
#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn clients_that_are_not_ours_survive_refusals() {
    let Some(folder) = std::env::var_os("PORTCULLIS_SOCKET_CLIENTS") else {
        eprintln!("not run: there is no Node with npm, see what `cargo xtask e2e` said");
        return;
    };
    let site = taking(SOCKETS);
    let url = format!("ws://{}/graphql", site.envoy.gated().unwrap());
    for client in ["graphql-ws", "subscriptions-transport-ws"] {
        let mut command = Command::new("node");
        command.args(["clients.mjs", client, &url]).current_dir(&folder);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |name: &str| {
            lines.iter().find(|line| line["operation"] == name).unwrap_or_else(|| panic!("{said}"))
        };
        for honest in ["query", "mutation", "last"] {
            assert!(of(honest)["codes"].is_null() && of(honest)["values"][0]["data"].is_object(), "{said}");
        }
        assert_eq!(of("refused")["codes"], json!([Reason::Introspection.code()]), "{said}");
        assert_eq!(of("expensive")["codes"], json!([Reason::Cost.code()]), "{said}");
        let counts: Vec<_> = of("subscription")["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| &value["data"]["countdown"])
            .collect();
        assert_eq!(counts, [3, 2, 1], "{said}");
        let is_whole = |line: &&Value| line["connections"] == 1;
        assert!(lines.iter().any(|line| is_whole(&line)), "{said}");
    }
}
