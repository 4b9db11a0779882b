//! Throttles over four workers that share their buckets: exactly the limit passes, and clients are told how they stand.

use super::{EVIL, HONEST, own, post};
use e2e::{PATIENCE, Wanted};
use portcullis_demo::client::{Connection, Protocol, Reply, Request};
use portcullis_demo::wait;
use portcullis_report::Reason;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Nothing to speak of flows in while a test runs.
const LIMITED: &str = "
clients:
  identity: [{header: x-api-key}]
  classes: [{name: partner, when: [{identity: [header]}]}]
throttles:
  rules:
    - {name: each, per: client, unit: requests, capacity: 300, refill: 1, window_ms: 86400000}
    - {name: together, per: class, unit: requests, capacity: 500, refill: 1, window_ms: 86400000}
";

fn of(client: &str) -> Request {
    post(HONEST).with("x-api-key", client)
}

/// Sends as many requests over a connection, and counts them by their status.
async fn send(
    to: SocketAddr,
    protocol: Protocol,
    client: &'static str,
    times: usize,
) -> BTreeMap<u16, usize> {
    let mut connection = Connection::open(to, protocol).await.unwrap();
    let mut counts = BTreeMap::new();
    for _ in 0..times {
        *counts.entry(connection.send(&of(client)).await.unwrap().status).or_default() += 1;
    }
    counts
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn four_workers_admit_exactly_the_limit() {
    let site = own(&Wanted { policy: LIMITED, concurrency: 4, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    // One client alone has its own limit ...
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..16 {
        clients.spawn(send(gate, Protocol::ALL[number % 2], "first", 30));
    }
    assert_eq!(sum(clients.join_all().await), BTreeMap::from([(200, 300), (429, 180)]));
    // ... and two together that of their class.
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..16 {
        clients.spawn(send(gate, Protocol::ALL[number % 2], ["second", "third"][number / 2 % 2], 30));
    }
    assert_eq!(sum(clients.join_all().await), BTreeMap::from([(200, 200), (429, 280)]));
    let metrics = site.envoy.metrics().await.unwrap();
    let requests =
        |verdict| metrics.sum("portcullis_clients_requests", &[("class", "partner"), ("verdict", verdict)]);
    assert_eq!([requests("allowed"), requests("throttled"), requests("refused")], [500.0, 460.0, 0.0]);
    let denied = |throttle| metrics.sum("portcullis_throttles_denied", &[("throttle", throttle)]);
    assert_eq!((denied("each") + denied("together"), denied("each")), (460.0, 180.0));
    assert_eq!(metrics.sum("portcullis_throttles_contended", &[]), 0.0);
    assert_eq!(metrics.sum("portcullis_throttles_unreadable", &[]), 0.0);
}

fn sum(all: Vec<BTreeMap<u16, usize>>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for (status, count) in all.into_iter().flatten() {
        *counts.entry(status).or_default() += count;
    }
    counts
}

const TOLD: &str = "
clients:
  identity: [{header: x-api-key}]
  classes: [{name: partner, when: [{identity: [header]}], limits: {introspection: allow}, sees: {cost: true}}]
throttles:
  rules: [{name: calls, per: client, unit: requests, capacity: 2, window_ms: 3000}]
";

fn told(reply: &Reply) -> [Option<&str>; 3] {
    ["ratelimit", "ratelimit-policy", "retry-after"].map(|name| reply.header(name))
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_client_is_told_how_it_stands_and_passes_again_when_it_has_waited() {
    let site = own(&Wanted { policy: TOLD, ..Wanted::default() });
    for (protocol, client) in Protocol::ALL.into_iter().zip(["a", "b"]) {
        let policy = Some(r#""calls";q=2;w=3"#);
        let first = site.gated(protocol, &of(client)).await;
        first.arrived();
        assert_eq!(told(&first.reply), [Some(r#""calls";r=1;t=2"#), policy, None]);
        site.gated(protocol, &of(client)).await.arrived();
        let third = site.gated(protocol, &of(client)).await;
        third.refused(Reason::Throttled);
        let [limit, policies, wait] = told(&third.reply);
        assert!(limit.is_some_and(|limit| limit.starts_with(r#""calls";r=0;t="#)), "{limit:?}");
        assert_eq!(policies, policy);
        assert!(matches!(wait, Some("1" | "2")), "{wait:?}");
        assert_eq!(third.reply.json()["extensions"]["cost"]["throttleStatus"]["maximumAvailable"], 2);
        // What no bucket ever holds is not answered by a wait.
        let batch = format!("[{HONEST},{HONEST},{HONEST}]");
        let batch = site.gated(protocol, &post(batch).with("x-api-key", client)).await;
        batch.refused(Reason::Quota);
        assert_eq!(batch.reply.header("retry-after"), None);
        // A class is judged by its own limits.
        let waited = wait::until("the wait to be over", PATIENCE, async || {
            let exchange = site.gated(protocol, &post(EVIL).with("x-api-key", client)).await;
            (exchange.reply.status == 200).then_some(exchange)
        });
        waited.await.unwrap().arrived();
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_response_tells_its_client_what_it_cost() {
    let site = own(&Wanted { policy: TOLD, ..Wanted::default() });
    for (protocol, client) in Protocol::ALL.into_iter().zip(["a", "b"]) {
        let plain = site.plain(protocol, &of(client)).await.reply;
        for (left, coding) in [(1, "identity"), (0, "gzip, br")] {
            let exchange = site.gated(protocol, &of(client).with("accept-encoding", coding)).await;
            let seen = exchange.arrived();
            assert!(!seen.headers.contains_key("accept-encoding"), "the response could not be read");
            assert_eq!(exchange.reply.header("content-length"), None);
            let mut json = exchange.reply.json();
            let cost = json.as_object_mut().unwrap().remove("extensions").unwrap()["cost"].take();
            assert_eq!(cost["requestedQueryCost"], 1);
            assert_eq!(cost["throttleStatus"]["currentlyAvailable"], left, "{cost}");
            assert_eq!(json, plain.json(), "nothing else is changed");
        }
        // Whoever is not told gets the upstream's bytes.
        let anonymous = site.gated(protocol, &post(HONEST)).await;
        anonymous.arrived();
        assert_eq!(anonymous.reply.body, plain.body);
        assert_eq!(anonymous.reply.header("content-length"), plain.header("content-length"));
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_anonymous_client_is_known_by_its_address_and_told_only_when_to_come_again() {
    let site = own(&Wanted { policy: TOLD, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        // One without a name is no other than the one before it, whatever its connection.
        let exchange = site.gated(protocol, &post(HONEST)).await;
        exchange.arrived();
        assert_eq!(told(&exchange.reply), [None; 3]);
    }
    let exchange = site.gated(Protocol::Http1, &post(HONEST)).await;
    exchange.refused(Reason::Throttled);
    let [limit, policy, wait] = told(&exchange.reply);
    assert_eq!((limit, policy), (None, None));
    assert!(matches!(wait, Some("1" | "2")), "{wait:?}");
    site.gated(Protocol::Http2, &post(EVIL)).await.refused(Reason::Introspection);
}

/// Checks tokens with a key that only this test has, and puts their claims where the gate looks for them.
const JWT_AUTHN: &str = r#"- name: envoy.filters.http.jwt_authn
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
    providers:
      test:
        issuer: portcullis-e2e
        payload_in_metadata: jwt_payload
        local_jwks:
          inline_string: '{"keys":[{"kty":"oct","alg":"HS256","kid":"k","k":"cG9ydGN1bGxpcy1lMmUtc2hhcmVkLXNlY3JldC0zMmI"}]}'
    rules:
      - match: {prefix: /}
        requires: {requires_any: {requirements: [{provider_name: test}, {allow_missing: {}}]}}"#;

/// `{"iss":"portcullis-e2e","sub":"user-1","realm":{"role":"staff"}}`
const STAFF: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsifQ.eyJpc3MiOiJwb3J0Y3VsbGlzLWUyZSIsInN1YiI6InVzZXItMSIsInJlYWxtIjp7InJvbGUiOiJzdGFmZiJ9fQ.2Wq011-7dghordtJ1CZXOulBCIG4hHu6-U2qdFctTvg";

/// `{"iss":"portcullis-e2e","sub":"user-2","realm":{"role":"reader"}}`
const READER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsifQ.eyJpc3MiOiJwb3J0Y3VsbGlzLWUyZSIsInN1YiI6InVzZXItMiIsInJlYWxtIjp7InJvbGUiOiJyZWFkZXIifX0.VI0OMHdhlZx7UyPvm2rpplT4uPZuZNU_5Wr0Z-M_QyM";

const BY_TOKEN: &str = "
clients:
  identity: [{jwt: {claim: [sub]}}, {address: {ipv6_prefix: 64}}]
  classes:
    - {name: staff, when: [{claim: {claim: [realm, role], one_of: [staff]}}], limits: {introspection: allow}}
    - {name: known, when: [{identity: [jwt]}]}
throttles:
  rules:
    - {name: few, per: client, unit: requests, capacity: 2, refill: 1, window_ms: 86400000, classes: [known, anonymous]}
";

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_client_is_whom_its_checked_token_names() {
    let site = own(&Wanted { policy: BY_TOKEN, before: JWT_AUTHN, ..Wanted::default() });
    let with = |body: &'static str, token: &str| post(body).with("authorization", format!("Bearer {token}"));
    // Staff may ask for the schema, and as often as they like.
    for protocol in Protocol::ALL {
        for _ in 0..2 {
            site.gated(protocol, &with(EVIL, STAFF)).await.arrived();
        }
    }
    // A reader may not, and has two requests wherever it is; whoever has no token has two of its own.
    site.gated(Protocol::Http1, &with(EVIL, READER)).await.refused(Reason::Introspection);
    for protocol in Protocol::ALL {
        site.gated(protocol, &with(HONEST, READER)).await.arrived();
        site.gated(protocol, &post(HONEST)).await.arrived();
    }
    for protocol in Protocol::ALL {
        site.gated(protocol, &with(HONEST, READER)).await.refused(Reason::Throttled);
        site.gated(protocol, &post(HONEST)).await.refused(Reason::Throttled);
    }
    let forged = READER.replace("U_5Wr0Z", "U_5Wr0A");
    assert_eq!(site.gated(Protocol::Http1, &with(HONEST, &forged)).await.reply.status, 401);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_client_has_as_many_streams_as_it_may_over_four_workers() {
    let policy = "throttles: {streams: [{name: open, per: client, max: 3}]}";
    let site = own(&Wanted { policy, concurrency: 4, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    let request = post(r#"{"query":"subscription { stock(product: 1) { left } }"}"#)
        .with("accept", "text/event-stream");
    let mut open = Vec::new();
    for number in 0..3 {
        let mut connection = Connection::open(gate, Protocol::ALL[number % 2]).await.unwrap();
        let answer = connection.begin(&request).await.unwrap();
        open.push((connection, answer));
    }
    for number in 0..16 {
        let exchange = site.gated(Protocol::ALL[number % 2], &request).await;
        exchange.refused(Reason::Streams);
        assert_eq!(exchange.reply.header("retry-after"), Some("1"));
    }
    // What is no stream has no such limit.
    site.gated(Protocol::Http1, &post(HONEST)).await.arrived();
    drop(open.pop());
    let again = wait::until("room for another", PATIENCE, async || {
        let mut connection = Connection::open(gate, Protocol::Http1).await.ok()?;
        let answer = connection.begin(&request).await.ok()?;
        (answer.status == 200).then_some((connection, answer))
    });
    open.push(again.await.unwrap());
    site.gated(Protocol::Http2, &request).await.refused(Reason::Streams);
    let metrics = site.envoy.metrics().await.unwrap();
    assert!(metrics.sum("portcullis_throttles_denied", &[("throttle", "open")]) >= 17.0);
}
