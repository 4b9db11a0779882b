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

const TRYING: &str = "
clients:
  identity: [{header: x-api-key}]
  classes: [{name: trying, when: [{identity: [header]}], mode: shadow, limits: {depth: 1}}]
throttles:
  rules: [{name: calls, per: client, unit: requests, capacity: 2, refill: 1, window_ms: 86400000}]
";

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_class_in_shadow_is_alone_in_it() {
    let site = own(&Wanted { policy: TRYING, concurrency: 2, ..Wanted::default() });
    for protocol in Protocol::ALL {
        let of_class = |body| post(body).with("x-api-key", "k");
        site.gated(protocol, &of_class(EVIL)).await.arrived();
        let deep = site.gated(protocol, &of_class(HONEST)).await;
        deep.arrived();
        assert_eq!(deep.reply.header("ratelimit"), None, "nobody is told to hold back");
        for _ in 0..2 {
            site.gated(protocol, &of_class(r#"{"query":"{ __typename }"}"#)).await.arrived();
        }
        site.gated(protocol, &post(EVIL)).await.refused(Reason::Introspection);
        site.gated(protocol, &post(HONEST)).await.arrived();
    }
    site.gated(Protocol::Http1, &post(HONEST)).await.refused(Reason::Throttled);
    let counted = wait::until("the requests to be counted", PATIENCE, async || {
        let metrics = site.envoy.metrics().await.ok()?;
        let shadowed = |reason| metrics.sum("portcullis_graphql_shadowed", &[("shadow_reason", reason)]);
        let found = ["introspection", "depth", "throttled"].map(shadowed);
        let of =
            |class| metrics.sum("portcullis_clients_requests", &[("class", class), ("verdict", "allowed")]);
        let refused = metrics.sum("portcullis_graphql_refusals", &[]);
        (found == [2.0, 2.0, 2.0] && [of("trying"), of("anonymous"), refused] == [8.0, 2.0, 3.0])
            .then_some(())
    });
    counted.await.unwrap();
}
