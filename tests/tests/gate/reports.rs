//! Reports reach the analyzer exactly once, whatever happens on the way.

use super::{EVIL, HONEST, own, post};
use e2e::{PATIENCE, Site, Wanted};
use portcullis_demo::client::Protocol;
use portcullis_demo::stack::{Stack, Token};
use portcullis_demo::wait;
use portcullis_report::Reason;
use serde_json::Value;

/// Sends so many honest requests and attacks, and returns the ids of the attacks.
async fn play(site: &Site<Box<Stack>>, honest: usize, evil: usize) -> Vec<String> {
    for number in 0..honest {
        site.gated(Protocol::ALL[number % 2], &post(HONEST)).await.arrived();
    }
    let mut ids = Vec::new();
    for number in 0..evil {
        let exchange = site.gated(Protocol::ALL[number % 2], &post(EVIL)).await;
        exchange.refused(Reason::Introspection);
        ids.push(exchange.reply.header("x-correlation-id").unwrap().to_owned());
    }
    ids
}

/// Waits until the analyzer counts so many requests and refusals; more would mean that something was counted twice.
async fn totals(site: &Site<Box<Stack>>, requests: usize, refused: usize) -> Value {
    let wanted = [("requests", requests), ("refused", refused), ("incidents", refused)];
    let what = format!("{wanted:?} at the analyzer");
    let page = wait::until(&what, PATIENCE, async || {
        let page = site.analyzer.get("/monitoring/graphql/").await.ok()?.json();
        let total = |name: &str| page["totals"][name].as_u64();
        for (name, wanted) in wanted {
            assert!(total(name) <= Some(wanted as u64), "{name} counted twice: {}", page["totals"]);
        }
        wanted.iter().all(|(name, wanted)| total(name) == Some(*wanted as u64)).then_some(page)
    });
    page.await.unwrap()
}

/// The sum of a counter of the filter.
async fn counted(site: &Site<Box<Stack>>, name: &str) -> f64 {
    site.envoy.metrics().await.unwrap().sum(name, &[])
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_incident_arrives_with_its_document_and_id() {
    let site = own(&Wanted::default());
    let ids = play(&site, 3, 2).await;
    let page = totals(&site, 5, 2).await;
    assert_eq!(page["totals"]["incidents_dropped"], 0);
    assert_eq!(page["by_reason"][0]["reason"], "introspection");
    assert_eq!(page["by_reason"][0]["requests"], 2);
    let shape = &page["refused_shapes"][0];
    assert!(shape["sample_document"].as_str().unwrap().contains("__schema"), "{shape}");
    let id = shape["sample_correlation_id"].as_str().unwrap();
    assert!(ids.iter().any(|known| known == id), "{id} is none of {ids:?}");
    assert!(counted(&site, "portcullis_reports_sent").await >= 1.0);
    assert_eq!(counted(&site, "portcullis_reports_rejected").await, 0.0);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_key_may_come_from_the_environment() {
    let site = own(&Wanted { token: Token::Environment, concurrency: 1, ..Wanted::default() });
    play(&site, 1, 1).await;
    totals(&site, 2, 1).await;
    let config = site.envoy.admin("/config_dump").await.unwrap();
    let shown = String::from_utf8_lossy(&config.body).contains(&site.analyzer.edge_key);
    assert!(!shown, "config_dump shows the key");
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_outage_of_the_analyzer_costs_no_request_and_loses_no_report() {
    let mut site = own(&Wanted::default());
    play(&site, 20, 5).await;
    totals(&site, 25, 5).await;
    site.analyzer.kill().unwrap();
    play(&site, 30, 10).await;
    wait::until("a report to fail", PATIENCE, async || {
        (counted(&site, "portcullis_reports_failed").await >= 1.0).then_some(())
    })
    .await
    .unwrap();
    // The gate goes on judging as before.
    play(&site, 10, 5).await;
    site.analyzer.resume().await.unwrap();
    let page = totals(&site, 80, 20).await;
    assert_eq!(page["totals"]["incidents_dropped"], 0);
    play(&site, 4, 2).await;
    totals(&site, 86, 22).await;
    for lost in [
        "portcullis_reports_rejected",
        "portcullis_reports_incidents_dropped",
        "portcullis_reports_rows_merged",
    ] {
        assert_eq!(counted(&site, lost).await, 0.0, "{lost}");
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_gate_without_an_analyzer_gates() {
    let mut site = own(&Wanted { concurrency: 1, ..Wanted::default() });
    site.analyzer.kill().unwrap();
    play(&site, 50, 20).await;
    assert_eq!(counted(&site, "portcullis_graphql_requests").await, 70.0);
    assert_eq!(counted(&site, "portcullis_reports_incidents_dropped").await, 0.0);
}
