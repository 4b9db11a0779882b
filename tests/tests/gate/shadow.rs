//! A policy in shadow: what it forbids arrives, is counted and reported, and nobody is refused.

use super::sockets::{NEW, OLD, graphql, greet, open, said, stat, subscribe};
use super::{EVIL, HONEST, id, own, post};
use e2e::{PATIENCE, Wanted};
use portcullis_demo::client::Protocol;
use portcullis_demo::upstream::TEST_ID;
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

const SOCKETS: &str = "
mode: shadow
websocket:
  graphql: true
  limits: {open_operations: 1}
";

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn on_a_socket_what_only_counts_arrives_too() {
    let site = own(&Wanted { policy: SOCKETS, ..Wanted::default() });
    let mut correlations = Vec::new();
    for protocol in Protocol::ALL {
        for subprotocol in [NEW, OLD] {
            let id = id();
            // A page of another origin is let in as well.
            let knock = graphql(subprotocol).with("origin", "https://elsewhere.example").with(TEST_ID, &id);
            let mut socket = open(&site, protocol, &knock).await;
            correlations.push(socket.headers["x-correlation-id"].to_str().unwrap().to_owned());
            greet(&mut socket).await;
            let endless = "subscription Stock { stock(product: \"1\") { left } }";
            let schema = "query Schema { __schema { queryType { name } } }";
            for (number, query) in [("1", endless), ("2", schema), ("3", "{ me {"), ("4", "{ me { id } }")] {
                socket.text(subscribe(subprotocol, number, query)).await.unwrap();
                while said(&mut socket).await["id"] != number {}
            }
            socket.close().await.unwrap();
            let seen = site.upstream.recorder.take(&id);
            assert_eq!(seen[0].messages.len(), 5, "all of it arrives: {:?}", seen[0].messages);
        }
    }
    let shadowed = |reason: Reason| [("shadow_reason", reason.label())];
    for reason in [Reason::SocketOrigin, Reason::Introspection, Reason::SocketOperations] {
        stat(&site, "portcullis_graphql_shadowed", &shadowed(reason), 4.0).await;
    }
    stat(&site, "portcullis_graphql_refusals", &[], 0.0).await;
    stat(&site, "portcullis_websocket_operations", &[("socket_verdict", "allowed")], 16.0).await;
    stat(&site, "portcullis_websocket_rejections", &[], 0.0).await;
    let told = wait::until("what was reported", PATIENCE, async || {
        let page = site.analyzer.get("/monitoring/graphql/?window=5m").await.ok()?.json();
        let shapes = page["refused_shapes"].as_array()?.clone();
        shapes.into_iter().find(|shape| {
            shape["reason"] == "introspection" && shape["shadow"] == true && shape["incidents"] == 4
        })
    });
    let told = told.await.unwrap();
    let id = told["sample_correlation_id"].as_str().unwrap();
    let (socket, number) = id.rsplit_once('.').unwrap();
    assert!(correlations.iter().any(|known| known == socket) && number == "2", "{told}");
}
