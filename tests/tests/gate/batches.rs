//! A batch is one request: judged, charged and refused as a whole.

use super::{EVIL, HONEST, in_pieces, own, post, shared};
use e2e::{Exchange, Wanted};
use portcullis_demo::client::Protocol;

fn batch(items: &[&str]) -> String {
    format!("[{}]", items.join(","))
}

/// What the upstream was told that it costs.
#[track_caller]
fn cost(exchange: &Exchange) -> f64 {
    let cost = exchange.arrived().header("x-graphql-cost").and_then(|cost| cost.parse().ok());
    cost.expect("a cost for the upstream")
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_length_of_a_batch_has_a_limit_that_is_inclusive() {
    let site = own(&Wanted { policy: "graphql: {limits: {batch: 3}}", concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        for length in [1, 2, 3] {
            let exchange = site.gated(protocol, &post(batch(&vec![HONEST; length]))).await;
            exchange.arrived();
            assert_eq!(exchange.reply.json().as_array().map(Vec::len), Some(length));
        }
        let body = batch(&[HONEST; 4]);
        for request in [post(body.clone()), in_pieces(&body, 1)] {
            let exchange = site.gated(protocol, &request).await;
            exchange.refused_as("batch_length");
            let extensions = exchange.reply.json()["errors"][0]["extensions"].clone();
            assert_eq!((&extensions["limit"], &extensions["actual"]), (&3.into(), &4.into()));
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn one_bad_item_spoils_the_batch() {
    let site = shared();
    for protocol in Protocol::ALL {
        for items in [[EVIL, HONEST, HONEST], [HONEST, EVIL, HONEST], [HONEST, HONEST, EVIL]] {
            let exchange = site.gated(protocol, &post(batch(&items))).await;
            exchange.refused_as("introspection");
            assert!(exchange.reply.json().is_object(), "a whole batch gets one answer");
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_batch_is_charged_as_one_request() {
    let site = shared();
    let page = r#"{"query":"{ products(first: 40) { nodes { id related(first: 5) { id } } } }"}"#;
    for protocol in Protocol::ALL {
        let single = cost(&site.gated(protocol, &post(page)).await);
        let triple = cost(&site.gated(protocol, &post(batch(&[page; 3]))).await);
        // Each cost is rounded up on its way out.
        assert!(triple > 3.0 * (single - 1.0) && triple <= 3.0 * single, "{single}, three of them {triple}");
    }
}
