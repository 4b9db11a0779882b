//! A policy with a mistake never goes live, and Envoy's words name the place.

use super::{EVIL, HONEST, TETHER, own, post};
use e2e::{Wanted, envoy_plan};
use portcullis_demo::client::Protocol;
use portcullis_report::Reason;

#[track_caller]
fn refused(policy: &str, words: &[&str]) {
    let (content, said) = envoy_plan(TETHER, policy).validate().unwrap();
    assert!(!content, "accepted: {policy}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in what Envoy says of {policy}:\n{said}");
    }
}

#[track_caller]
fn accepted(policy: &str) {
    let (content, said) = envoy_plan(TETHER, policy).validate().unwrap();
    assert!(content, "{policy}:\n{said}");
}

#[test]
#[ignore = "needs Envoy: cargo xtask e2e"]
fn a_mistake_is_named_with_its_path() {
    refused("graphql: {limits: {depht: 3}}", &["graphql.limits", "depht"]);
    refused("graphql: {limits: {depth: 0, tokens: 0}}", &["graphql.limits.depth", "graphql.limits.tokens"]);
    refused("graphql: {limits: {depth: deep}}", &["graphql.limits.depth"]);
    refused("graphql: {introspection: maybe}", &["graphql.introspection"]);
    refused("routes: [{path: graphql}]", &["routes[0].path"]);
    refused("routes: [", &["line"]);
    refused("analyzer: {cluster: portcullis_analyzer}", &["analyzer"]);
}

#[test]
#[ignore = "needs Envoy: cargo xtask e2e"]
fn an_empty_policy_is_a_good_policy() {
    accepted("");
    accepted("{}");
    accepted(r#"{"graphql": {"limits": {"depth": 20}}}"#);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_policy_decides_what_is_refused() {
    let policy =
        "routes: [{path: /api/shop}, {path: /graphql}]\ngraphql: {introspection: allow, limits: {depth: 1}}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    let introspection = r#"{"query":"{ __typename }"}"#;
    for protocol in Protocol::ALL {
        site.gated(protocol, &post(introspection)).await.arrived();
        site.gated(protocol, &post(HONEST)).await.refused(Reason::Depth);
        site.gated(protocol, &post(EVIL)).await.refused(Reason::Depth);
        let mut other = post(HONEST);
        other.path = "/api/shop".to_owned();
        site.gated(protocol, &other).await.refused(Reason::Depth);
    }
}
