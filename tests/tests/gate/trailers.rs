//! A body whose end is told by trailers is judged like any other.

use super::{EVIL, HONEST, shared, with_trailers};
use portcullis_demo::client::Protocol;
use portcullis_report::Reason;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn trailers_are_no_way_around_the_gate() {
    let site = shared();
    for protocol in Protocol::ALL {
        for size in [1, 16, 1024] {
            site.gated(protocol, &with_trailers(EVIL, size)).await.refused(Reason::Introspection);
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_honest_body_arrives_with_its_trailers() {
    let site = shared();
    for protocol in Protocol::ALL {
        for size in [1, 16, 1024] {
            let exchange = site.gated(protocol, &with_trailers(HONEST, size)).await;
            let seen = exchange.arrived();
            assert_eq!(seen.trailers.get("x-checksum").map(|value| value.as_bytes()), Some(&b"abc"[..]));
            assert_eq!(seen.trailers.get("x-second").map(|value| value.as_bytes()), Some(&b"def"[..]));
            assert_eq!(seen.header("x-graphql-operation"), Some("Me"));
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn trailers_without_a_body_are_refused() {
    let site = shared();
    for protocol in Protocol::ALL {
        site.gated(protocol, &with_trailers("", 1)).await.refused(Reason::Json);
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn trailers_after_too_large_a_body_change_nothing() {
    let site = shared();
    let body = format!(r#"{{"query":"{{me{{id}}}}","x":"{}"}}"#, "x".repeat(300_000));
    for protocol in Protocol::ALL {
        site.gated(protocol, &with_trailers(&body, 16_384)).await.refused(Reason::BodySize);
    }
}
