//! Answers that come piece by piece pass piece by piece.

use super::{EVIL, id, own, post, shared};
use bytes::Bytes;
use e2e::{PATIENCE, Wanted};
use portcullis_demo::client::{Answer, Connection, Protocol, Request};
use portcullis_demo::upstream::{BEHAVIOUR, TEST_ID};
use portcullis_demo::wait;
use serde_json::json;

const EVENTS: &str = "text/event-stream";
const PARTS: &str = r#"multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json;q=0.9"#;

fn countdown(from: u32, accept: &str) -> Request {
    let body = json!({"query": "subscription Down($from: Int!) { countdown(from: $from) }", "variables": {"from": from}});
    post(body.to_string()).with("accept", accept)
}

/// Reads until the text has come.
async fn until(answer: &mut Answer, came: &mut String, text: &str) {
    while !came.contains(text) {
        let piece: Option<Bytes> = answer.piece().await.unwrap();
        let piece = piece.unwrap_or_else(|| panic!("the stream ended without {text:?}: {came}"));
        came.push_str(&String::from_utf8_lossy(&piece));
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_event_arrives_before_the_next_is_sent() {
    let site = shared();
    for protocol in Protocol::ALL {
        for accept in [EVENTS, PARTS] {
            let id = id();
            let request = countdown(3, accept).with(BEHAVIOUR, "steps").with(TEST_ID, &id);
            let mut connection = Connection::open(site.envoy.gated().unwrap(), protocol).await.unwrap();
            site.upstream.recorder.release(&id, 1);
            let mut answer = connection.begin(&request).await.unwrap();
            assert_eq!(answer.status, 200);
            let content_type = answer.headers["content-type"].to_str().unwrap().to_owned();
            assert!(content_type.starts_with(accept.split(';').next().unwrap()), "{content_type}");
            let mut came = String::new();
            for event in [3, 2, 1] {
                until(&mut answer, &mut came, &format!(r#""countdown":{event}"#)).await;
                let next = format!(r#""countdown":{}"#, event - 1);
                assert!(!came.contains(&next), "the next came before it was sent: {came}");
                site.upstream.recorder.release(&id, 1);
            }
            let rest = answer.rest().await.unwrap();
            came.push_str(&String::from_utf8_lossy(&rest.body));
            let end = if accept == EVENTS { "event: complete" } else { "--graphql--" };
            assert!(came.contains(end), "{came}");
            let seen = site.upstream.recorder.take(&id);
            assert_eq!(seen.len(), 1);
            assert_eq!(seen[0].header("x-graphql-operation"), Some("Down"));
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_stream_is_the_same_without_the_gate() {
    let site = shared();
    for protocol in Protocol::ALL {
        for accept in [EVENTS, PARTS] {
            let request = countdown(5, accept);
            let (gated, plain) = (site.gated(protocol, &request).await, site.plain(protocol, &request).await);
            assert_eq!(gated.arrived().body, plain.arrived().body);
            assert_eq!(gated.reply.body, plain.reply.body);
            assert_eq!(gated.reply.headers["content-type"], plain.reply.headers["content-type"]);
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_refusal_comes_before_the_stream_and_is_no_stream() {
    let site = shared();
    for protocol in Protocol::ALL {
        for accept in [EVENTS, PARTS] {
            let exchange = site.gated(protocol, &post(EVIL).with("accept", accept)).await;
            exchange.refused_as("introspection");
            let content_type = exchange.reply.header("content-type").unwrap_or_default();
            assert!(content_type.contains("json"), "{content_type}");
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_stream_without_end_ends_with_its_client() {
    let site = own(&Wanted { concurrency: 1, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    let request = post(r#"{"query":"subscription { stock(product: 1) { left } }"}"#);
    for protocol in Protocol::ALL {
        for accept in [EVENTS, PARTS] {
            let mut connection = Connection::open(gate, protocol).await.unwrap();
            let mut answer = connection.begin(&request.clone().with("accept", accept)).await.unwrap();
            let mut came = String::new();
            until(&mut answer, &mut came, r#""left":98"#).await;
        }
    }
    let active = "envoy_http_downstream_rq_active";
    let gated = [("envoy_http_conn_manager_prefix", "gated")];
    wait::until("the gate to forget them", PATIENCE, async || {
        let metrics = site.envoy.metrics().await.unwrap();
        (metrics.has(active, &gated) && metrics.sum(active, &gated) == 0.0).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn open_streams_are_counted_while_they_are_open() {
    let site = own(&Wanted { concurrency: 2, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    let open = async |wanted: f64| {
        let what = format!("{wanted} open streams");
        wait::until(&what, PATIENCE, async || {
            let metrics = site.envoy.metrics().await.ok()?;
            (metrics.sum("portcullis_graphql_streams", &[]) == wanted).then_some(metrics)
        })
        .await
        .unwrap()
    };
    open(0.0).await;
    let mut streams = Vec::new();
    for protocol in Protocol::ALL {
        for accept in [EVENTS, PARTS] {
            let id = id();
            let request = countdown(2, accept).with(BEHAVIOUR, "steps").with(TEST_ID, &id);
            let mut connection = Connection::open(gate, protocol).await.unwrap();
            site.upstream.recorder.release(&id, 1);
            let mut answer = connection.begin(&request).await.unwrap();
            until(&mut answer, &mut String::new(), r#""countdown":2"#).await;
            streams.push((connection, answer, id));
        }
    }
    open(4.0).await;
    // One comes to its end, of one the client goes away, for each protocol.
    for (left, (connection, answer, id)) in [3.0, 2.0, 1.0, 0.0].into_iter().zip(streams) {
        if left % 2.0 == 1.0 {
            site.upstream.recorder.release(&id, 1);
            answer.rest().await.unwrap();
        } else {
            drop((answer, connection));
        }
        open(left).await;
    }
    let metrics = open(0.0).await;
    assert_eq!(metrics.sum("portcullis_graphql_streams_opened", &[]), 4.0);
    // What is no stream is not counted as one.
    site.gated(Protocol::Http2, &post(r#"{"query":"{ me { id } }"}"#)).await.arrived();
    assert_eq!(open(0.0).await.sum("portcullis_graphql_streams_opened", &[]), 4.0);
}
