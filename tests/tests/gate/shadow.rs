//! A policy in shadow: what it forbids arrives, is counted and reported, and nobody is refused.

use super::{EVIL, HONEST, own, post};
use e2e::{PATIENCE, Wanted};
use portcullis_demo::client::Protocol;
use portcullis_demo::wait;
use portcullis_report::Reason;

const SHADOW: &str = "
mode: shadow
clients:
  identity: [{header: x-api-key}]
  classes: [{name: strict, when: [{identity: [header]}], mode: enforce}]
throttles:
  rules: [{name: calls, per: client, unit: requests, capacity: 2, refill: 1, window_ms: 86400000}]
";

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn what_only_counts_arrives_and_is_counted() {
    let site = own(&Wanted { policy: SHADOW, concurrency: 2, ..Wanted::default() });
    for protocol in Protocol::ALL {
        site.gated(protocol, &post(EVIL)).await.arrived();
        site.gated(protocol, &post(HONEST)).await.arrived();
        site.gated(protocol, &post(HONEST)).await.arrived();
        let unparsed = site.gated(protocol, &post("{\"query\":\"{ unclosed\"}")).await;
        assert_eq!(unparsed.seen.len(), 1, "the upstream speaks for itself");
        let strict = site.gated(protocol, &post(EVIL).with("x-api-key", "k")).await;
        strict.refused(Reason::Introspection);
    }
    let counted = wait::until("the requests to be counted", PATIENCE, async || {
        let metrics = site.envoy.metrics().await.ok()?;
        let shadowed = |reason| metrics.sum("portcullis_graphql_shadowed", &[("shadow_reason", reason)]);
        let throttled = metrics.sum("portcullis_throttles_shadowed", &[("shadow_throttle", "calls")]);
        let found = [shadowed("introspection"), shadowed("throttled"), shadowed("syntax"), throttled];
        let refused = metrics.sum("portcullis_graphql_refusals", &[]);
        (found == [2.0, 2.0, 2.0, 2.0] && refused == 2.0).then_some(())
    });
    counted.await.unwrap();
}
