//! What is decided at the analyzer is carried out at every worker, and holds without it.

use super::{HONEST, own, post};
use e2e::{Behind, PATIENCE, Site, Wanted};
use portcullis_demo::client::{Connection, Payload, Protocol, Request};
use portcullis_demo::stack::{Decisions, Stack};
use portcullis_demo::wait;
use portcullis_report::Reason;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

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
    all_workers_say_to(site, &post(HONEST), status).await
}

async fn all_workers_say_to(site: &Site<Box<Stack>>, request: &Request, status: u16) -> Duration {
    let began = Instant::now();
    let mut since = began;
    let mut in_a_row = 0;
    let what = format!("{IN_A_ROW} answers {status} in a row");
    wait::until(&what, PATIENCE, async || {
        while in_a_row < IN_A_ROW {
            let exchange = site.gated(Protocol::Http1, request).await;
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

/// Behind a proxy that tells who its clients are: those of this machine are never blocked by themselves.
fn behind_a_proxy() -> Site<Box<Stack>> {
    let (decisions, behind) = (Decisions::Obeyed, Behind::Proxy);
    own(&Wanted { decisions, behind, concurrency: 4, ..Wanted::default() })
}

fn from(address: &str, body: &'static str) -> Request {
    post(body).with("x-forwarded-for", address)
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn who_attacks_is_blocked_by_what_the_analyzer_finds() {
    let site = behind_a_proxy();
    let honest = from("198.18.0.1", HONEST);
    all_workers_say_to(&site, &honest, 200).await;
    for _ in 0..6 {
        site.gated(Protocol::Http1, &from("198.18.0.1", BOMB)).await.refused(Reason::Cost);
    }
    let took = all_workers_say_to(&site, &honest, 403).await;
    println!("milliseconds from the sixth bomb until the last request that passed: {}", took.as_millis());
    let blocked = [("blocked_by", "scenario")];
    assert!(counted(&site, "portcullis_decisions_blocked", &blocked).await >= IN_A_ROW as f64);
    let page = site.analyzer.get("/monitoring/security/").await.unwrap();
    assert!(String::from_utf8_lossy(&page.body).contains("graphql_bomb_huge"), "{:?}", page.json());
    // Whoever attacks from this machine is not.
    for _ in 0..12 {
        site.gated(Protocol::Http1, &from("127.0.0.1", BOMB)).await.refused(Reason::Cost);
    }
    all_workers_say_to(&site, &from("127.0.0.1", HONEST), 200).await;
}

/// Attacks of which the time to the block is measured, each from an address in a range of its own.
const ATTACKS: usize = 200;
/// Connections that stay open while they are: each of the four workers has some, but for one time in 250.
const CONNECTIONS: usize = 24;

/// How long it takes until a connection's requests are refused.
async fn refused_after(
    mut connection: Connection,
    address: String,
    began: Instant,
) -> (Connection, Duration) {
    let request = from(&address, HONEST);
    loop {
        let reply = connection.send(&request).await.unwrap();
        if reply.status == 403 {
            return (connection, began.elapsed());
        }
        assert!(began.elapsed() < PATIENCE, "{address} is not blocked: {}", reply.status);
    }
}

/// Prints how long it takes from the sixth bomb of a client until every connection refuses it: the figures of
/// `docs/security.md`.
#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn two_hundred_attacks_are_timed() {
    let site = behind_a_proxy();
    all_workers_say_to(&site, &from("198.18.0.1", HONEST), 200).await;
    let gate = site.envoy.gated().unwrap();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(gate, Protocol::Http2).await.unwrap());
    }
    let mut took = Vec::new();
    for attack in 0..ATTACKS {
        let address = format!("198.18.{}.1", attack + 1);
        for _ in 0..6 {
            site.gated(Protocol::Http2, &from(&address, BOMB)).await.refused(Reason::Cost);
        }
        let began = Instant::now();
        let mut askers = JoinSet::new();
        for connection in connections.drain(..) {
            askers.spawn(refused_after(connection, address.clone(), began));
        }
        let mut last = Duration::ZERO;
        for (connection, refused) in askers.join_all().await {
            connections.push(connection);
            last = last.max(refused);
        }
        took.push(last);
    }
    took.sort();
    let at = |part: usize| took[(took.len() - 1) * part / 100].as_millis();
    println!("{ATTACKS} attacks, milliseconds from the sixth bomb until every worker refuses the client:");
    println!("p50 {}, p90 {}, p99 {}, max {}", at(50), at(90), at(99), at(100));
    for bound in [25, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500] {
        let number = took.iter().filter(|took| took.as_millis() <= bound).count();
        println!("{number:>5} within {bound} ms");
    }
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
