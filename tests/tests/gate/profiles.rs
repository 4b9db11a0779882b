//! Several policies in one filter: by the routes of the policy, and by the metadata of Envoy's.

use super::{EVIL, HONEST, own, post};
use e2e::Wanted;
use portcullis_demo::client::{Protocol, Request};
use portcullis_report::Reason;

const PROFILES: &str = "
routes:
  - {path: /graphql}
  - {path: /partners, match: prefix, profile: strict}
  - {path: /partners/health, enabled: false}
profiles:
  open: {graphql: {introspection: allow, limits: {introspection_depth: 9}}}
  strict: {graphql: {limits: {depth: 1}}, responses: {validation_status: 422}}
";

/// Routes of Envoy's that name a profile, one that no policy has, and one without the filter.
const ROUTES: &str = "\
{match: {path: /graphql, headers: [{name: x-profile, string_match: {exact: open}}]}, \
route: {cluster: upstream}, metadata: {filter_metadata: {portcullis: {profile: open}}}}, \
{match: {path: /graphql, headers: [{name: x-profile, string_match: {exact: other}}]}, \
route: {cluster: upstream}, metadata: {filter_metadata: {portcullis: {profile: other}}}}, \
{match: {path: /graphql, headers: [{name: x-profile, string_match: {exact: none}}]}, route: {cluster: upstream}, \
typed_per_filter_config: {envoy.filters.http.wasm: {\"@type\": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}}},";

fn to(path: &str, body: &'static str) -> Request {
    Request::json(path, body)
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn each_route_has_its_own_limits() {
    let site = own(&Wanted { policy: PROFILES, concurrency: 2, routes: ROUTES, ..Wanted::default() });
    for protocol in Protocol::ALL {
        site.gated(protocol, &post(HONEST)).await.arrived();
        site.gated(protocol, &post(EVIL)).await.refused(Reason::Introspection);
        let strict = site.gated(protocol, &to("/partners/graphql", HONEST)).await;
        strict.refused_with(422, Some(Reason::Depth.code()));
        assert_eq!(site.gated(protocol, &to("/partners/health", EVIL)).await.seen.len(), 1);
        site.gated(protocol, &to("/partners/Health", EVIL)).await.refused(Reason::Introspection);
        // What Envoy's routes say.
        site.gated(protocol, &post(EVIL).with("x-profile", "open")).await.arrived();
        site.gated(protocol, &post(HONEST).with("x-profile", "other")).await.refused(Reason::UnknownProfile);
        site.gated(protocol, &post(EVIL).with("x-profile", "none")).await.arrived();
    }
    let metrics = site.envoy.metrics().await.unwrap();
    assert_eq!(metrics.sum("portcullis_graphql_refusals", &[("reason", "unknown_profile")]), 2.0);
}
