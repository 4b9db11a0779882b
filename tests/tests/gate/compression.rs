//! `permessage-deflate` through the real Envoy, between two ends that know nothing but bytes: what is bound, judged, refused and left alone.

mod wire;

use super::TETHER;
use super::sockets::{NEW, subscribe};
use e2e::{PATIENCE, envoy_plan};
use portcullis_demo::stack::Envoy;
use portcullis_demo::wait;
use portcullis_report::Reason;
use serde_json::Value;
use wire::{End, Frame, Upstream, deflated};

const INFLATE: &str = "websocket: {compression: inflate}";
/// `message_bytes` where the policy says nothing.
const MOST: usize = 65_536;
const OFFER: &str = "permessage-deflate; client_max_window_bits";
const BOUND: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// A text, and a compressed one.
const TEXT: u8 = 0x81;
const DEFLATED: u8 = 0xc1;
const CLOSE: u8 = 0x88;

async fn before(upstream: &Upstream, policy: &str) -> Envoy {
    let mut plan = envoy_plan(TETHER, policy);
    plan.upstream_port = upstream.address.port();
    Envoy::start(&plan).await.unwrap()
}

/// A connection that is acknowledged, by a client that offers to compress.
async fn ready(envoy: &Envoy) -> End {
    let (mut client, _) = End::open(envoy.gated().unwrap(), OFFER).await;
    client.send(DEFLATED, &deflated(br#"{"type":"connection_init"}"#)).await;
    assert_eq!(client.json().await["type"], "connection_ack");
    client
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn compressed_operations_are_judged_and_leave_as_they_came() {
    let upstream = Upstream::start(BOUND).await;
    let envoy = before(&upstream, INFLATE).await;
    let (mut client, answer) = End::open(envoy.gated().unwrap(), OFFER).await;
    assert_eq!(answer["sec-websocket-extensions"], BOUND);
    assert_eq!(upstream.offered(), [BOUND], "each message can be read by itself");
    client.send(DEFLATED, &deflated(br#"{"type":"connection_init"}"#)).await;
    assert_eq!(client.json().await["type"], "connection_ack");
    let mut sent = Vec::new();
    // That the first has ended is told in a compressed message: its id is free again.
    for _ in 0..2 {
        sent.push(
            client.send(DEFLATED, &deflated(subscribe(NEW, "1", "query Me { me { id } }").as_bytes())).await,
        );
        for kind in ["next", "complete"] {
            let frame = client.frame().await.unwrap();
            assert_eq!(frame.first, DEFLATED, "as the upstream sent it");
            assert_eq!((&frame.json()["type"], &frame.json()["id"]), (&kind.into(), &"1".into()));
        }
        // What is refused is told without compression, which is always right; the socket lives on.
        let evil = subscribe(NEW, "2", "{ __schema { types { name } } }");
        client.send(DEFLATED, &deflated(evil.as_bytes())).await;
        let frame = client.frame().await.unwrap();
        let said = frame.json();
        assert_eq!((frame.first, &said["type"], &said["id"]), (TEXT, &"error".into(), &"2".into()));
        assert_eq!(said["payload"][0]["extensions"]["code"], Reason::Introspection.code());
    }
    // Nobody has to compress.
    sent.push(client.send(TEXT, subscribe(NEW, "3", "query Me { me { id } }").as_bytes()).await);
    assert_eq!(client.json().await["id"], "3");
    let heard = upstream.heard();
    assert_eq!(heard[1..], sent, "the very bytes that came, and nothing else");
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn what_inflates_too_much_closes_the_socket() {
    let upstream = Upstream::start(BOUND).await;
    let envoy = before(&upstream, INFLATE).await;
    let padded = |bytes: usize| {
        let mut text = subscribe(NEW, "1", "{ me { id } }").into_bytes();
        text.resize(bytes, b' ');
        deflated(&text)
    };
    let bombs = [padded(2 << 20), padded(MOST + 1), b"\xff\xff\xff\xff".to_vec()];
    for bomb in &bombs {
        let mut client = ready(&envoy).await;
        client.send(DEFLATED, bomb).await;
        let (code, reason) = client.closed().await;
        assert_eq!((code, reason.as_str()), (1009, Reason::SocketInflation.message()));
    }
    // One that is as large as allowed passes.
    let mut client = ready(&envoy).await;
    client.send(DEFLATED, &padded(MOST)).await;
    assert_eq!(client.json().await["type"], "next");
    let inits = upstream.heard().iter().filter(|raw| raw.len() < 60).count();
    assert_eq!(
        (upstream.heard().len(), inits),
        (bombs.len() + 2, bombs.len() + 1),
        "no bomb reached the upstream"
    );
    wait::until("the rejections", PATIENCE, async || {
        let label = [("rejection", Reason::SocketInflation.label())];
        let rejected = envoy.metrics().await.ok()?.sum("portcullis_websocket_rejections", &label);
        (rejected == 3.0).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn without_the_policys_leave_nothing_is_compressed() {
    let upstream = Upstream::start("").await;
    let envoy = before(&upstream, "").await;
    let (mut client, answer) = End::open(envoy.gated().unwrap(), OFFER).await;
    assert_eq!((answer.get("sec-websocket-extensions"), upstream.offered()), (None, vec![String::new()]));
    client.send(TEXT, br#"{"type":"connection_init"}"#).await;
    assert_eq!(client.json().await["type"], "connection_ack");
    client.send(DEFLATED, &deflated(subscribe(NEW, "1", "{ me { id } }").as_bytes())).await;
    assert_eq!(client.closed().await.0, 1002);
    // Nor is what an upstream takes that was not offered.
    let upstream = Upstream::start(BOUND).await;
    let envoy = before(&upstream, "").await;
    let status = End::refused(envoy.gated().unwrap(), OFFER).await;
    assert_eq!(status, Reason::SocketChoice.status());
}

impl End {
    async fn json(&mut self) -> Value {
        self.frame().await.expect("a frame").json()
    }

    /// With which code and reason it is closed; what comes before is passed over.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            let frame: Frame = self.frame().await.expect("a close");
            if frame.first == CLOSE {
                let (code, reason) = frame.payload.split_at(2);
                return (u16::from_be_bytes([code[0], code[1]]), String::from_utf8(reason.to_vec()).unwrap());
            }
        }
    }
}
