//! What is not GraphQL passes as if there were no gate.

use super::{EVIL, HONEST, post, shared};
use e2e::Exchange;
use http::HeaderMap;
use portcullis_demo::client::{Payload, Protocol, Request};
use std::collections::BTreeMap;

/// What differs from request to request, gate or no gate.
const OF_THE_MOMENT: &[&str] =
    &["date", "x-envoy-upstream-service-time", "x-request-id", "x-test-id", "host", "trailer"];

fn comparable(headers: &HeaderMap) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut map: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for (name, value) in headers {
        if !OF_THE_MOMENT.contains(&name.as_str()) {
            map.entry(name.to_string()).or_default().push(value.as_bytes().to_vec());
        }
    }
    map
}

#[track_caller]
fn equal(gated: &Exchange, plain: &Exchange) {
    let path = &gated.request.path;
    assert_eq!(gated.reply.status, plain.reply.status, "{path}");
    assert_eq!(comparable(&gated.reply.headers), comparable(&plain.reply.headers), "{path}");
    assert_eq!(gated.reply.body, plain.reply.body, "{path}");
    assert_eq!(gated.seen.len(), plain.seen.len(), "{path}");
    for (gated, plain) in gated.seen.iter().zip(&plain.seen) {
        assert_eq!((&gated.method, &gated.path, gated.version), (&plain.method, &plain.path, plain.version));
        assert_eq!(gated.body, plain.body, "{path}");
        assert_eq!(comparable(&gated.headers), comparable(&plain.headers), "{path}");
        assert_eq!(comparable(&gated.trailers), comparable(&plain.trailers), "{path}");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn other_paths_pass_as_if_there_were_no_gate() {
    let site = shared();
    let trailers = vec![("x-checksum".to_owned(), b"abc".to_vec())];
    let body = Payload::Pieces(vec![EVIL.into(), HONEST.into()], trailers);
    let requests = [
        Request::get("/"),
        Request::get("/missing?query=%7B__schema%7D"),
        Request::get("/graphqlx"),
        Request::get("/graphql/schema.json"),
        Request::get("/rest/status").with("x-correlation-id", "mine"),
        Request::get("/rest/status").with("x-bytes", b"a\xff\x80b").with("cookie", b"\xff=1"),
        Request::json("/rest/status", EVIL),
        Request::json("/rest/status", vec![0xff; 200_000]),
        Request::json("/rest/status", "").body(body),
        Request { method: "DELETE".to_owned(), ..Request::get("/rest/1") },
        Request { method: "OPTIONS".to_owned(), ..Request::get("/graphql") }
            .with("origin", "https://shop.test")
            .with("access-control-request-method", "POST"),
    ];
    for protocol in Protocol::ALL {
        for request in &requests {
            let (gated, plain) = (site.gated(protocol, request).await, site.plain(protocol, request).await);
            assert_eq!(plain.seen.len(), 1, "{}", request.path);
            equal(&gated, &plain);
        }
        // But for what only the gate may say.
        let plain = site.plain(protocol, &Request::get("/rest/status")).await;
        let claimed = Request::get("/rest/status").with("x-graphql-cost", "7");
        equal(&site.gated(protocol, &claimed).await, &plain);
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_allowed_operation_differs_by_the_gate_s_headers_only() {
    let site = shared();
    let request =
        post(HONEST).with("cookie", "a=b").with("authorization", "Bearer x").with("x-bytes", b"\xff");
    for protocol in Protocol::ALL {
        let (mut gated, plain) = (site.gated(protocol, &request).await, site.plain(protocol, &request).await);
        gated.arrived();
        assert!(gated.reply.headers.remove("x-correlation-id").is_some());
        // Not every gate says by which model it counts.
        gated.seen[0].headers.remove("x-graphql-cost-model");
        for name in ["x-correlation-id", "x-graphql-operation", "x-graphql-cost"] {
            assert!(gated.seen[0].headers.remove(name).is_some(), "{name}");
        }
        equal(&gated, &plain);
    }
}
