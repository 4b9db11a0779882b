//! Headers are held until the body was judged, and carry what was found.

use super::{EVIL, HONEST, own, post, shared};
use e2e::Wanted;
use portcullis_demo::client::Protocol;
use portcullis_report::Reason;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_upstream_learns_operation_cost_and_correlation_id() {
    let site = shared();
    for protocol in Protocol::ALL {
        let exchange = site.gated(protocol, &post(HONEST)).await;
        let seen = exchange.arrived();
        assert_eq!(seen.header("x-graphql-operation"), Some("Me"));
        let cost = seen.header("x-graphql-cost").unwrap_or_default();
        assert!(cost.parse::<u64>().is_ok_and(|cost| cost > 0), "cost {cost:?}");
        let id = seen.header("x-correlation-id").unwrap_or_default();
        assert_eq!(id.len(), 36, "{id:?}");
        assert_eq!(exchange.reply.header("x-correlation-id"), Some(id));
        assert!(!exchange.reply.headers.keys().any(|name| name.as_str().starts_with("x-graphql-")));
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_client_cannot_speak_for_the_gate() {
    let site = shared();
    let request = post(HONEST)
        .with("x-graphql-cost", "0")
        .with("x-graphql-cost", "1")
        .with("X-GraphQL-Operation", "Innocent")
        .with("x-graphql-anything", "at all");
    for protocol in Protocol::ALL {
        let exchange = site.gated(protocol, &lower(&request)).await;
        let seen = exchange.arrived();
        assert_eq!(seen.header("x-graphql-operation"), Some("Me"));
        assert_ne!(seen.header("x-graphql-cost"), Some("0"));
        assert_eq!(seen.headers.get_all("x-graphql-cost").iter().count(), 1);
        assert!(!seen.headers.contains_key("x-graphql-anything"));
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_correlation_id_that_is_not_trusted_is_replaced() {
    let site = shared();
    for protocol in Protocol::ALL {
        let exchange = site.gated(protocol, &post(HONEST).with("x-correlation-id", "mine")).await;
        let id = exchange.arrived().header("x-correlation-id").unwrap_or_default().to_owned();
        assert_ne!(id, "mine");
        assert_eq!(exchange.reply.header("x-correlation-id"), Some(id.as_str()));
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_trusted_correlation_id_is_kept_when_it_is_well_formed() {
    let site = own(&Wanted { policy: "correlation: {trust_incoming: true}", ..Wanted::default() });
    for protocol in Protocol::ALL {
        let kept = site.gated(protocol, &post(HONEST).with("x-correlation-id", "order-4711.a")).await;
        assert_eq!(kept.arrived().header("x-correlation-id"), Some("order-4711.a"));
        assert_eq!(kept.reply.header("x-correlation-id"), Some("order-4711.a"));
        for malformed in [&b"two words"[..], b"\xff\xfe", b"", &[b'x'; 65]] {
            let replaced = site.gated(protocol, &post(HONEST).with("x-correlation-id", malformed)).await;
            let id = replaced.arrived().header("x-correlation-id").unwrap_or_default();
            assert_eq!(id.len(), 36, "{malformed:?} became {id:?}");
        }
        let refused = site.gated(protocol, &post(EVIL).with("x-correlation-id", "evil-1")).await;
        refused.refused(Reason::Introspection);
        assert_eq!(refused.reply.header("x-correlation-id"), Some("evil-1"));
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn header_values_that_are_no_text_hurt_nobody() {
    let site = shared();
    for protocol in Protocol::ALL {
        for name in [
            "x-correlation-id",
            "accept",
            "user-agent",
            "cookie",
            "x-graphql-cost",
            "x-anything",
            "traceparent",
        ] {
            let honest = site.gated(protocol, &post(HONEST).with(name, b"a\xff\x80b")).await;
            let seen = honest.arrived();
            if matches!(name, "user-agent" | "cookie" | "x-anything") {
                assert_eq!(seen.headers[name].as_bytes(), b"a\xff\x80b", "{name}");
            }
            site.gated(protocol, &post(EVIL).with(name, b"a\xff\x80b")).await.refused(Reason::Introspection);
        }
        let mut request = post(HONEST);
        request.headers = vec![("content-type".to_owned(), b"application/json\xff".to_vec())];
        site.gated(protocol, &request).await.refused(Reason::ContentType);
    }
    let metrics = site.envoy.metrics().await.unwrap();
    assert_eq!(metrics.sum("envoy_wasm_portcullis_vm_reload_success", &[]), 0.0);
    assert_eq!(metrics.sum("envoy_wasm_portcullis_vm_reload_backoff", &[]), 0.0);
}

/// HTTP/2 knows lower-case names only.
fn lower(request: &portcullis_demo::client::Request) -> portcullis_demo::client::Request {
    let mut request = request.clone();
    for (name, _) in &mut request.headers {
        name.make_ascii_lowercase();
    }
    request
}
