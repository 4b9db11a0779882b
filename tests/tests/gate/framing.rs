//! Bodies whose end or kind two servers could see differently: what is hostile in them never arrives, whoever refuses it.

use super::{EVIL, HONEST, id, post, shared};
use bytes::Bytes;
use e2e::{PATIENCE, Site};
use portcullis_demo::client::{self, Payload, Protocol};
use portcullis_demo::stack::Stack;
use portcullis_demo::upstream::{Seen, TEST_ID};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Sends bytes as they are; what came back until the connection closed, and what the upstream saw.
async fn raw(site: Site<Arc<Stack>>, headers: String, body: String) -> (String, Vec<Seen>) {
    let id = id();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{TEST_ID}: {id}\r\n\
         content-type: application/json\r\n{headers}\r\n"
    );
    let mut stream = TcpStream::connect(site.envoy.gated().unwrap()).await.unwrap();
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // Whatever was left unread resets the connection after the answer.
    read.expect("an end of the connection").ok();
    (String::from_utf8_lossy(&answer).into_owned(), site.upstream.recorder.take(&id))
}

fn chunked(body: &str, size: &str) -> String {
    format!("{size}\r\n{body}\r\n0\r\n\r\n")
}

fn hex(body: &str) -> String {
    format!("{:x}", body.len())
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_length_that_can_be_read_in_two_ways_lets_nothing_through() {
    let (honest, evil) = (HONEST.len(), EVIL.len());
    let length = |text: &str| format!("content-length: {text}\r\n");
    let both = format!("{HONEST}{EVIL}");
    let cases = [
        (length(&evil.to_string()).repeat(2), EVIL.to_owned()),
        (length(&honest.to_string()) + &length(&both.len().to_string()), both.clone()),
        (length(&both.len().to_string()) + &length(&honest.to_string()), both.clone()),
        (length(&format!("{evil}, {evil}")), EVIL.to_owned()),
        (length(&format!("+{evil}")), EVIL.to_owned()),
        (length(&format!("0x{}", hex(EVIL))), EVIL.to_owned()),
        (length(&format!("{evil} ")), EVIL.to_owned()),
        (format!("content-length : {evil}\r\n"), EVIL.to_owned()),
        (length(&honest.to_string()) + "transfer-encoding: chunked\r\n", chunked(EVIL, &hex(EVIL))),
        ("transfer-encoding: chunked\r\n".to_owned() + &length("5"), chunked(EVIL, &hex(EVIL))),
        (length(&evil.to_string()) + "transfer-encoding: identity\r\n", EVIL.to_owned()),
        ("transfer-encoding: xchunked\r\n".to_owned(), chunked(EVIL, &hex(EVIL))),
        ("transfer-encoding: chunked, identity\r\n".to_owned(), chunked(EVIL, &hex(EVIL))),
        ("transfer-encoding: gzip, chunked\r\n".to_owned(), chunked(EVIL, &hex(EVIL))),
        ("transfer-encoding: chunked\r\n".repeat(2), chunked(EVIL, &hex(EVIL))),
        ("transfer-encoding: chunked\r\n".to_owned(), chunked(EVIL, &format!("0x{}", hex(EVIL)))),
        ("transfer-encoding: chunked\r\n".to_owned(), chunked(EVIL, &format!("{};a=\"b\"", hex(EVIL)))),
        ("transfer-encoding: chunked\r\n".to_owned(), chunked(EVIL, &format!("00{}", hex(EVIL)))),
        ("transfer-encoding: chunked\r\n".to_owned(), chunked(EVIL, &hex(EVIL)).replace("\r\n", "\n")),
        ("transfer_encoding: chunked\r\n".to_owned() + &length(&honest.to_string()), HONEST.to_owned()),
        (length(&honest.to_string()) + "content_length: 5\r\n", HONEST.to_owned()),
        (
            length(&honest.to_string()) + "content_type: multipart/form-data; boundary=b\r\n",
            HONEST.to_owned(),
        ),
    ];
    // All at once: Envoy lingers on what it refuses.
    let mut refused = JoinSet::new();
    for (headers, body) in cases {
        let exchange = raw(shared(), headers.clone(), body.clone());
        refused.spawn(async move { (headers + &body, exchange.await) });
    }
    for (request, (answer, seen)) in refused.join_all().await {
        assert!(!answer.starts_with("HTTP/1.1 200"), "{request}\n-> {answer}");
        assert!(seen.iter().all(|seen| !seen.complete), "the upstream saw {request}");
    }
    for (headers, body) in [
        (length(&honest.to_string()), HONEST.to_owned()),
        ("transfer-encoding: chunked\r\n".to_owned(), chunked(HONEST, &hex(HONEST))),
    ] {
        let (answer, seen) = raw(shared(), headers, body).await;
        assert!(answer.starts_with("HTTP/1.1 200") && seen.len() == 1, "{answer}");
    }
}

/// What stands behind a request is a request of its own, and judged.
#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_request_behind_a_request_is_judged() {
    let site = shared();
    let hidden = id();
    let second = format!(
        "POST /graphql HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{TEST_ID}: {hidden}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{EVIL}",
        EVIL.len()
    );
    let first = |framing: &str, body: &str| {
        format!(
            "POST /graphql HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n{framing}\r\n{body}{second}"
        )
    };
    for request in [
        first(&format!("content-length: {}\r\n", HONEST.len()), HONEST),
        first("transfer-encoding: chunked\r\n", &chunked(HONEST, &hex(HONEST))),
        first("content-length: 0\r\n", ""),
    ] {
        let mut stream = TcpStream::connect(site.envoy.gated().unwrap()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        read.expect("an end of the connection").ok();
        assert!(site.upstream.recorder.take(&hidden).is_empty(), "the upstream saw the second of {request}");
    }
}

/// HTTP/2 has its own end of a body, and a content-length that may say something else.
#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_length_that_is_not_the_body_s_lets_nothing_through_over_http2() {
    let site = shared();
    let length = HONEST.len();
    for (announced, arrives) in [(length - 1, false), (length, true), (length + 1, false), (0, false)] {
        let id = id();
        let body = Payload::Pieces(vec![Bytes::from_static(HONEST.as_bytes())], Vec::new());
        let request = post("").body(body).with("content-length", announced.to_string()).with(TEST_ID, &id);
        let reply = client::send(site.envoy.gated().unwrap(), Protocol::Http2, &request).await;
        let seen = site.upstream.recorder.take(&id);
        assert_eq!(reply.is_ok_and(|reply| reply.status == 200), arrives, "{announced} of {length}");
        assert_eq!(seen.iter().any(|seen| seen.complete), arrives, "{announced} of {length}");
    }
}
