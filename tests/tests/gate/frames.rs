//! Frames by hand through the real Envoy, over HTTP/1.1 and HTTP/2: in pieces, cut anywhere, bad, slow; and handshakes that are none.

use super::id;
use super::sockets::{
    NEW, OLD, SOCKETS, graphql, greet, knock, open, refused, said, stat, subscribe, taking,
};
use portcullis_demo::client::{Heard, Knock, Protocol, Socket};
use portcullis_demo::upstream::TEST_ID;
use portcullis_report::Reason;
use serde_json::{Value, json};
use std::time::Duration;

const HONEST: &str = "query Me { me { id } }";
const SCHEMA: &str = "query Schema { __schema { types { name } } }";
const KEY: [u8; 4] = [0x81, 0x2d, 0xbe, 0xf6];

/// A client's frame.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..=125), _) => frame.push(0x80 | short),
        (_, Ok(medium)) => frame.extend([&[0xfe], &medium.to_be_bytes()[..]].concat()),
        _ => panic!("a frame of {} bytes", payload.len()),
    }
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A frame for each byte of a text, and a ping after every twentieth.
fn in_pieces(text: &str) -> Vec<u8> {
    let last = text.len() - 1;
    let mut frames = Vec::new();
    for (index, byte) in text.bytes().enumerate() {
        let opcode = u8::from(index == 0);
        frames.extend(masked(if index == last { 0x80 | opcode } else { opcode }, &[byte]));
        if index % 20 == 19 && index != last {
            frames.extend(masked(0x89, b"p"));
        }
    }
    frames
}

/// The next message about an operation.
async fn about(socket: &mut Socket, id: &str) -> Value {
    loop {
        match socket.next().await.unwrap() {
            Heard::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["id"] == id {
                    return message;
                }
            }
            Heard::Pong(_) | Heard::Binary(_) => (),
            end @ (Heard::Closed(_) | Heard::Broken) => panic!("{end:?}"),
        }
    }
}

/// With which code it is closed.
async fn closed(socket: &mut Socket) -> u16 {
    loop {
        match socket.next().await.unwrap() {
            Heard::Closed(Some((code, reason))) => {
                assert!(!reason.is_empty(), "{code} has no reason");
                return code;
            }
            Heard::Text(_) | Heard::Binary(_) | Heard::Pong(_) => (),
            end @ (Heard::Closed(None) | Heard::Broken) => panic!("{end:?} instead of a close with a code"),
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn f84_f85_operations_in_pieces_are_judged_as_wholes() {
    let site = taking(SOCKETS);
    for (protocol, subprotocol) in Protocol::ALL.into_iter().zip([NEW, OLD]) {
        let id = id();
        let mut socket = open(&site, protocol, &graphql(subprotocol).with(TEST_ID, &id)).await;
        greet(&mut socket).await;
        let honest = subscribe(subprotocol, "1", HONEST);
        for (number, query) in [("1", HONEST), ("2", SCHEMA)] {
            let text = subscribe(subprotocol, number, query);
            // A byte in a packet of its own, each of them.
            for byte in in_pieces(&text) {
                socket.raw(&[byte]).await.unwrap();
            }
            let answer = about(&mut socket, number).await;
            if query == HONEST {
                assert_eq!(answer["payload"]["data"]["me"]["id"], "u1", "{answer}");
            } else {
                assert_eq!(answer["type"], "error", "{answer}");
            }
        }
        let seen = site.upstream.recorder.take(&id);
        assert_eq!(seen[0].messages[1..], [honest], "the honest one is whole, the other never came");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn f86_f88_bad_frames_reach_no_upstream() {
    let site = taking(SOCKETS);
    let huge = [&[0x81, 0xff][..], &[0x80, 0, 0, 0, 0, 0, 0, 0]].concat();
    let evil = [
        (1002, b"\x81\x02hi".to_vec()),
        (1002, masked(0xa1, b"a")),
        (1002, masked(0xc1, b"a")),
        (1002, masked(0x83, b"a")),
        (1002, masked(0x8b, b"a")),
        (1002, [&[0x81, 0xfe, 0, 5][..], &[0; 9]].concat()),
        (1002, masked(0x09, b"")),
        (1002, [&[0x89, 0xfe, 0, 126][..], &[0; 130]].concat()),
        (1002, huge),
        (1002, masked(0x80, b"a")),
        (1002, [masked(1, b"a"), masked(0x81, b"b")].concat()),
        (1002, masked(0x88, b"\x03")),
        (1002, masked(0x88, &1005_u16.to_be_bytes())),
        (1007, masked(0x81, b"\xed\xa0\x80")),
        (1007, [masked(1, b"caf\xc3"), masked(0x80, b"(")].concat()),
        (1003, masked(0x82, subscribe(NEW, "1", HONEST).as_bytes())),
        (1009, [&[0x81, 0xff][..], &100_000_000_u64.to_be_bytes(), &KEY].concat()),
    ];
    for protocol in Protocol::ALL {
        for (code, bytes) in &evil {
            let id = id();
            let mut socket = open(&site, protocol, &graphql(NEW).with(TEST_ID, &id)).await;
            greet(&mut socket).await;
            socket.raw(bytes).await.unwrap();
            assert_eq!(closed(&mut socket).await, *code, "{bytes:x?}");
            let seen = site.upstream.recorder.take(&id);
            assert_eq!(seen[0].messages.len(), 1, "only the greeting: {seen:?}");
        }
        let mut twin = open(&site, protocol, &graphql(NEW)).await;
        greet(&mut twin).await;
        twin.raw(&masked(0x81, subscribe(NEW, "1", HONEST).as_bytes())).await.unwrap();
        assert_eq!(about(&mut twin, "1").await["type"], "next");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn f91_whoever_finishes_nothing_is_cut_off() {
    let site = taking("websocket: {graphql: true, limits: {idle_ms: 1000}}");
    for protocol in Protocol::ALL {
        let id = id();
        let mut slow = open(&site, protocol, &graphql(NEW).with(TEST_ID, &id)).await;
        let mut twin = open(&site, protocol, &graphql(NEW)).await;
        greet(&mut slow).await;
        greet(&mut twin).await;
        let frame = masked(0x81, subscribe(NEW, "1", HONEST).as_bytes());
        let mut end = None;
        // A byte whenever nothing was heard for a while, and never the last.
        for byte in &frame[..frame.len() - 1] {
            let sent = slow.raw(&[*byte]).await;
            let heard = tokio::time::timeout(Duration::from_millis(50), slow.next()).await;
            end = heard.ok().map(Result::unwrap).or(sent.is_err().then_some(Heard::Broken));
            if end.is_some() {
                break;
            }
            twin.text(subscribe(NEW, "1", HONEST)).await.unwrap();
            assert_eq!(said(&mut twin).await["type"], "next");
            assert_eq!(said(&mut twin).await["type"], "complete");
        }
        assert!(matches!(&end, Some(Heard::Closed(Some((1001, _))) | Heard::Broken)), "{end:?}");
        assert_eq!(site.upstream.recorder.take(&id)[0].messages.len(), 1, "only the greeting");
    }
    stat(&site, "portcullis_websocket_rejections", &[("rejection", Reason::SocketIdle.label())], 2.0).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn f92_what_asks_for_something_opens_no_socket() {
    let site = taking(SOCKETS);
    for protocol in Protocol::ALL {
        let id = id();
        let at = |query: &str| Knock::offering(&format!("/graphql?{query}"), NEW).with(TEST_ID, &id);
        for query in [
            "query=%7Busers(first:100000)%7Bid%7D%7D",
            "token=t&documentId=a",
            "extensions=%7B%7D",
            "%71uery=x",
        ] {
            refused(knock(&site, protocol, &at(query)).await, Reason::Ambiguous);
        }
        assert!(site.upstream.recorder.take(&id).is_empty(), "the upstream heard of it");
        let mut twin = open(&site, protocol, &at("token=query")).await;
        greet(&mut twin).await;
        twin.text(subscribe(NEW, "1", HONEST)).await.unwrap();
        assert_eq!(said(&mut twin).await["type"], "next");
    }
    // Over HTTP/2 a handshake has no header by which its body would be told from frames.
    let body = graphql(NEW).with("content-length", "5");
    refused(knock(&site, Protocol::Http1, &body).await, Reason::SocketHandshake);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn f94_greetings_are_short_and_nobody_tries_one_token_after_the_other() {
    let site = taking(
        "websocket: {graphql: true, attempts: [{name: knocks, per: client, capacity: 12, refill: 1, window_ms: 3600000}]}",
    );
    for (protocol, subprotocol) in Protocol::ALL.into_iter().zip([NEW, OLD]) {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        for payload in [json!({"t": "t".repeat(20_000)}).to_string(), format!(r#"{{"t":{deep}}}"#)] {
            let id = id();
            let mut socket = open(&site, protocol, &graphql(subprotocol).with(TEST_ID, &id)).await;
            socket.text(format!(r#"{{"type":"connection_init","payload":{payload}}}"#)).await.unwrap();
            assert_eq!(closed(&mut socket).await, 4400);
            assert_eq!(site.upstream.recorder.take(&id)[0].messages, [""; 0]);
        }
    }
    for token in 0..8 {
        let mut socket = open(&site, Protocol::ALL[token % 2], &graphql(NEW)).await;
        socket
            .text(json!({"type": "connection_init", "payload": {"token": token}}).to_string())
            .await
            .unwrap();
        assert_eq!(said(&mut socket).await["type"], "connection_ack");
    }
    for protocol in Protocol::ALL {
        refused(knock(&site, protocol, &graphql(NEW)).await, Reason::SocketAttempts);
    }
}
