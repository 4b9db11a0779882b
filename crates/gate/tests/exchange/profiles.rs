//! Several policies in one filter: picked by the route of the policy file, or by the one that Envoy takes.

use super::*;
use portcullis_report::Metric;

const PROFILES: &str = "
routes:
  - {path: /graphql}
  - {path: /api, match: prefix, profile: strict}
  - {path: /api/health, enabled: false}
clients:
  identity: [{header: x-api-key}]
  classes: [{name: staff, when: [{header: {name: x-staff, one_of: [yes please]}}], limits: {depth: 9}}]
profiles:
  open: {graphql: {introspection: allow, limits: {introspection_depth: 9}}}
  strict:
    graphql: {limits: {depth: 1, body_bytes: 60}, transports: {get: false}}
    responses: {validation_status: 422}
throttles: {rules: [{name: calls, per: client, unit: requests, capacity: 3, refill: 1, window_ms: 86400000}]}
";

fn profiles() -> Stream {
    Stream::under(PROFILES)
}

fn send(stream: &mut Stream, path: &str, extra: &[(&str, &str)], body: &str) -> Effects {
    stream.exchange = Exchange::default();
    let headers: Vec<_> = std::iter::once(JSON).chain(extra.iter().copied()).collect();
    stream.headers("POST", path, More::Follows, &headers);
    stream.body(body.as_bytes(), More::Ended)
}

/// What the host says of the Envoy route's metadata.
fn told(mut stream: Stream, profile: &[u8]) -> Stream {
    stream.properties = vec![Some(profile.to_vec())];
    stream
}

#[track_caller]
fn passes(effects: &Effects) {
    assert_eq!((effects.flow, reply(effects)), (Flow::Continue, None));
}

#[track_caller]
fn refused(effects: &Effects, status: u16, expected: Reason) {
    assert_eq!((reply(effects).map(|answer| answer.status), reason(effects)), (Some(status), Some(expected)));
}

#[test]
fn a_route_picks_a_profile() {
    let mut stream = profiles();
    passes(&send(&mut stream, "/graphql", &[], HONEST));
    refused(&send(&mut stream, "/api", &[], HONEST), 422, Reason::Depth);
    refused(&send(&mut stream, "/API/any/../other", &[], HONEST), 422, Reason::Depth);
    passes(&send(&mut stream, "/api/x", &[], r#"{"query":"{ a }"}"#));
    stream.exchange = Exchange::default();
    let effects = stream.headers("GET", "/api?query={a}", More::Ended, &[]);
    refused(&effects, 405, Reason::Method);
    passes(&get(&mut stream, "/graphql?query={a}"));
}

#[test]
fn limits_of_the_body_are_those_of_the_profile() {
    let body = |length: usize| format!("{:<length$}", r#"{"query":"{ a }"}"#);
    let mut stream = profiles();
    passes(&send(&mut stream, "/api", &[], &body(60)));
    refused(&send(&mut stream, "/api", &[], &body(61)), 413, Reason::BodySize);
    passes(&send(&mut stream, "/graphql", &[], &body(61)));
}

#[test]
fn a_class_has_its_limits_under_every_profile() {
    let staff = ("x-staff", "yes please");
    let mut stream = profiles();
    passes(&send(&mut stream, "/api", &[staff], HONEST));
    passes(&send(&mut stream, "/graphql", &[staff], HONEST));
}

#[test]
fn an_envoy_route_picks_a_profile_whatever_the_path() {
    let mut open = told(profiles(), b"open");
    passes(&send(&mut open, "/graphql", &[], EVIL));
    passes(&send(&mut open, "/api", &[], HONEST));
    let mut strict = told(profiles(), b"strict");
    refused(&send(&mut strict, "/graphql", &[], HONEST), 422, Reason::Depth);
    // No route of the policy, so it is nobody's business which profile it would be.
    passes(&send(&mut strict, "/elsewhere", &[], HONEST));
}

#[test]
fn a_profile_that_nobody_knows_is_refused_and_no_other_is_chosen() {
    for name in [&b"strct"[..], b"", b"\xff", b"anonymous"] {
        let mut stream = told(profiles(), name);
        let effects = send(&mut stream, "/graphql", &[], HONEST);
        refused(&effects, 403, Reason::UnknownProfile);
        assert!(effects.list.contains(&Effect::Count(Metric::Refusals(Reason::UnknownProfile), 1)));
        assert_eq!(send(&mut stream, "/api/health", &[], HONEST), Effects::default());
    }
    let mut shadow = told(Stream::under("mode: shadow\nprofiles: {open: {}}"), b"other");
    let effects = shadow.post();
    assert_eq!((effects.flow, reason(&effects)), (Flow::Continue, None));
    assert_eq!(event(&effects).shadowed.map(|refusal| refusal.reason), Some(Reason::UnknownProfile));
    // Without profiles nobody asks.
    let mut stream = told(Stream::new(), b"strict");
    passes(&post(&mut stream, HONEST));
}

#[test]
fn what_is_switched_off_passes_untouched_in_its_own_spelling() {
    let mut stream = profiles();
    assert_eq!(send(&mut stream, "/api/health", &[], EVIL), Effects::default());
    refused(&send(&mut stream, "/api/Health", &[], HONEST), 422, Reason::Depth);
    refused(&send(&mut stream, "/api/health;x", &[], HONEST), 422, Reason::Depth);
}

#[test]
fn profiles_share_the_buckets_of_a_client() {
    let mut stream = profiles();
    passes(&send(&mut stream, "/graphql", &[], HONEST));
    passes(&send(&mut stream, "/api", &[], r#"{"query":"{ a }"}"#));
    passes(&send(&mut stream, "/graphql", &[], HONEST));
    refused(&send(&mut stream, "/api", &[], r#"{"query":"{ a }"}"#), 429, Reason::Throttled);
    refused(&send(&mut stream, "/graphql", &[], HONEST), 429, Reason::Throttled);
}

#[test]
fn a_candidate_is_compared_with_what_holds_on_the_route() {
    let mut stream = Stream::under(&format!("{PROFILES}candidate: {{graphql: {{limits: {{fields: 1}}}}}}"));
    let said = |effects: &Effects| {
        let compared = event(effects).compared.clone().unwrap();
        compared.change.map(|change| (change.live, change.candidate))
    };
    assert_eq!(said(&send(&mut stream, "/graphql", &[], HONEST)), Some((None, Some(Reason::Fields))));
    // Both have the depth of the profile.
    assert_eq!(said(&send(&mut stream, "/api", &[], HONEST)), None);
    let wide = r#"{"query":"{ a b }"}"#;
    assert_eq!(said(&send(&mut stream, "/api", &[], wide)), Some((None, Some(Reason::Fields))));
}
