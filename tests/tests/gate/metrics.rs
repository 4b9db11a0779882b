//! What is counted is exact, whichever worker counted it, and has its labels.

use super::{EVIL, HONEST, own, post};
use e2e::{PATIENCE, Wanted};
use portcullis_demo::client::{Connection, Protocol};
use portcullis_demo::prometheus::Metrics;
use portcullis_demo::wait;

const ALLOWED: &[(&str, &str)] = &[("operation_type", "query"), ("outcome", "allowed")];
const MUTATION: &str = r#"{"query":"mutation { login(email: \"a\", password: \"b\") { token } }"}"#;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn four_workers_count_exactly() {
    let site = own(&Wanted { concurrency: 4, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    let client = |protocol: Protocol| async move {
        let mut connection = Connection::open(gate, protocol).await.unwrap();
        for _ in 0..25 {
            for (body, status) in [(HONEST, 200), (MUTATION, 200), (EVIL, 403)] {
                assert_eq!(connection.send(&post(body)).await.unwrap().status, status);
            }
        }
    };
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..16 {
        clients.spawn(client(Protocol::ALL[number % 2]));
    }
    clients.join_all().await;
    let each = 16.0 * 25.0;
    let metrics = site.envoy.metrics().await.unwrap();
    let requests = |labels| metrics.sum("portcullis_graphql_requests", labels);
    assert_eq!(requests(ALLOWED), each);
    assert_eq!(requests(&[("operation_type", "mutation"), ("outcome", "allowed")]), each);
    assert_eq!(requests(&[("outcome", "refused")]), each);
    assert_eq!(requests(&[]), 3.0 * each);
    assert_eq!(metrics.sum("portcullis_graphql_refusals", &[("reason", "introspection")]), each);
    assert_eq!(metrics.sum("portcullis_graphql_refusals", &[]), each);
    // The same totals reach the analyzer, each report once.
    wait::until("the analyzer's totals", PATIENCE, async || {
        let metrics = site.analyzer.metrics().await.ok()?;
        let total = metrics.sum("portcullis_analyzer_requests_total", &[]);
        assert!(total <= 3.0 * each, "counted twice: {total}");
        let refused = metrics.sum("portcullis_analyzer_requests_total", &[("outcome", "refused")]);
        (total == 3.0 * each && refused == each).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn labels_and_histograms_are_shown_to_prometheus() {
    let site = own(&Wanted { concurrency: 1, ..Wanted::default() });
    let before = site.envoy.metrics().await.unwrap();
    // Every series is there from the start, so that a rate over it misses nothing.
    assert!(before.has("portcullis_graphql_requests", ALLOWED));
    assert!(before.has("portcullis_graphql_refusals", &[("reason", "depth")]));
    for _ in 0..10 {
        site.gated(Protocol::Http1, &post(HONEST)).await.arrived();
    }
    let histograms = ["depth", "fields", "aliases", "tokens", "cost", "validation_time_us"];
    // Envoy merges histograms every few seconds.
    let metrics: Metrics = wait::until("the histograms", PATIENCE, async || {
        let metrics = site.envoy.metrics().await.unwrap();
        let moved = |name: &&str| metrics.sum(&format!("portcullis_graphql_{name}_count"), &[]) == 10.0;
        histograms.iter().all(moved).then_some(metrics)
    })
    .await
    .unwrap();
    assert_eq!(metrics.sum("portcullis_graphql_requests", ALLOWED), 10.0);
    // `query Me { me { id name } }`: depth 2, three fields.
    assert_eq!(metrics.sum("portcullis_graphql_depth_bucket", &[("le", "1")]), 0.0);
    assert_eq!(metrics.sum("portcullis_graphql_depth_bucket", &[("le", "3")]), 10.0);
    assert_eq!(metrics.sum("portcullis_graphql_fields_bucket", &[("le", "2")]), 0.0);
    assert_eq!(metrics.sum("portcullis_graphql_fields_bucket", &[("le", "5")]), 10.0);
    assert!(metrics.has("portcullis_graphql_validation_time_us_bucket", &[("le", "50000")]));
}
