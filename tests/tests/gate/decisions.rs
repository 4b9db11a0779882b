//! What is decided at the analyzer is carried out at every worker, and holds without it.

use super::{HONEST, own, post};
use e2e::{PATIENCE, Site, Wanted};
use portcullis_demo::client::{Payload, Protocol, Request};
use portcullis_demo::stack::{Decisions, Stack};
use portcullis_demo::wait;
use portcullis_report::Reason;
use std::time::{Duration, Instant};

/// Requests in a row, each over a connection of its own, that have to be of one mind before all workers count as such.
const IN_A_ROW: usize = 24;
/// Blocks that are timed.
const ROUNDS: usize = 20;

fn obeying() -> Site<Box<Stack>> {
    own(&Wanted { decisions: Decisions::Obeyed, concurrency: 4, ..Wanted::default() })
}

async fn decide(site: &Site<Box<Stack>>, decision: &str) {
    let body = format!(r#"{{"decisions": [{decision}]}}"#);
    let reply = site.analyzer.change(Request::json("/monitoring/decisions/", body)).await.unwrap();
    assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
}

async fn forget(site: &Site<Box<Stack>>, target: &str) {
    let request = Request::get(&format!("/monitoring/decisions/?target={target}")).body(Payload::Absent);
    let reply = site.analyzer.change(Request { method: "DELETE".to_owned(), ..request }).await.unwrap();
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
}

/// Waits until so many requests in a row get this status, and says how long that took.
async fn all_workers_say(site: &Site<Box<Stack>>, status: u16) -> Duration {
    let began = Instant::now();
    let mut since = began;
    let mut in_a_row = 0;
    let what = format!("{IN_A_ROW} answers {status} in a row");
    wait::until(&what, PATIENCE, async || {
        while in_a_row < IN_A_ROW {
            let exchange = site.gated(Protocol::Http1, &post(HONEST)).await;
            if exchange.reply.status != status {
                (since, in_a_row) = (Instant::now(), 0);
                return None;
            }
            in_a_row += 1;
        }
        Some(())
    })
    .await
    .unwrap();
    since - began
}

async fn counted(site: &Site<Box<Stack>>, name: &str, labels: &[(&str, &str)]) -> f64 {
    site.envoy.metrics().await.unwrap().sum(name, labels)
}

const BLOCK: &str = r#"{"target": "127.0.0.1", "duration": "1h", "reason": "test"}"#;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_block_is_carried_out_by_every_worker_and_holds_without_the_analyzer() {
    let mut site = obeying();
    all_workers_say(&site, 200).await;
    decide(&site, BLOCK).await;
    all_workers_say(&site, 403).await;
    for protocol in Protocol::ALL {
        site.gated(protocol, &post(HONEST)).await.refused(Reason::Blocked);
    }
    let blocked = [("blocked_by", "operator")];
    assert!(counted(&site, "portcullis_decisions_blocked", &blocked).await >= IN_A_ROW as f64);
    assert_eq!(counted(&site, "portcullis_decisions_held", &[]).await, 1.0);
    assert!(counted(&site, "portcullis_decisions_polls", &[("poll", "changed")]).await >= 1.0);
    assert_eq!(counted(&site, "portcullis_decisions_unreadable", &[]).await, 0.0);
    site.analyzer.kill().unwrap();
    wait::until("a poll to fail", PATIENCE, async || {
        let failed = counted(&site, "portcullis_decisions_polls", &[("poll", "failed")]).await;
        (failed >= 1.0).then_some(())
    })
    .await
    .unwrap();
    all_workers_say(&site, 403).await;
    site.analyzer.resume().await.unwrap();
    forget(&site, "127.0.0.1").await;
    all_workers_say(&site, 200).await;
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_allowing_decision_is_above_a_block_and_a_range_is_met() {
    let site = obeying();
    decide(&site, r#"{"target": "127.0.0.0/8", "duration": "1h"}"#).await;
    all_workers_say(&site, 403).await;
    decide(&site, r#"{"target": "127.0.0.1", "duration": "1h", "action": "allow"}"#).await;
    all_workers_say(&site, 200).await;
}

/// Far beyond the limits: six of it are two scenarios, which together are worth a block.
const BOMB: &str = r#"{"query":"query Bomb { users(first: 1000000) { posts(first: 1000000) { id } } }"}"#;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn who_attacks_is_blocked_by_what_the_analyzer_finds() {
    let site = obeying();
    all_workers_say(&site, 200).await;
    for _ in 0..6 {
        site.gated(Protocol::Http1, &post(BOMB)).await.refused(Reason::Cost);
    }
    let took = all_workers_say(&site, 403).await;
    println!("milliseconds from the sixth bomb until the last request that passed: {}", took.as_millis());
    let blocked = [("blocked_by", "scenario")];
    assert!(counted(&site, "portcullis_decisions_blocked", &blocked).await >= IN_A_ROW as f64);
    let page = site.analyzer.get("/monitoring/security/").await.unwrap();
    assert!(String::from_utf8_lossy(&page.body).contains("graphql_bomb_huge"), "{:?}", page.json());
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn how_soon_a_decision_is_at_every_worker() {
    let site = obeying();
    all_workers_say(&site, 200).await;
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        decide(&site, BLOCK).await;
        took.push(all_workers_say(&site, 403).await);
        forget(&site, "127.0.0.1").await;
        all_workers_say(&site, 200).await;
    }
    took.sort();
    let millis: Vec<u128> = took.iter().map(Duration::as_millis).collect();
    println!("milliseconds from the decision until the last request that passed: {millis:?}");
}
