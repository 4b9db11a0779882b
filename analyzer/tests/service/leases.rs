//! Who may do what only one may do: by an invented clock, from two openings of one store.

use crate::ground::Ground;
use crate::harness::{Service, send, until};
use portcullis_analyzer::{Lease, Store, StoreError};
use std::time::Duration;

const NAME: &str = "work";
const MINUTE: u64 = 60_000;
const NOW: u64 = crate::harness::NOW;

async fn take(store: &Store, holder: &str, now_ms: u64) -> Option<Lease> {
    store.take_lease(NAME, holder, now_ms, Duration::from_secs(60)).await.unwrap()
}

async fn two() -> (Store, Store) {
    let ground = Ground::new().await;
    (ground.open().await, ground.open().await)
}

#[tokio::test]
async fn one_has_the_lease_and_keeps_it_while_it_asks_in_time() {
    let (one, two) = two().await;
    let first = take(&one, "a", NOW).await.unwrap();
    assert_eq!(take(&two, "b", NOW).await, None);
    assert_eq!(take(&two, "b", NOW + MINUTE - 1).await, None);
    // It asked before the minute was over: its lease is the same, for longer.
    assert_eq!(take(&one, "a", NOW + MINUTE - 1).await.unwrap(), first);
    assert_eq!(take(&two, "b", NOW + MINUTE).await, None);
    let second = take(&two, "b", NOW + 2 * MINUTE - 1).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(take(&one, "a", NOW + 2 * MINUTE).await, None);
}

#[tokio::test]
async fn who_lost_the_lease_without_noticing_stores_nothing() {
    let (one, two) = two().await;
    let first = take(&one, "a", NOW).await.unwrap();
    let second = take(&two, "b", NOW + MINUTE).await.unwrap();
    assert!(matches!(one.fold(&first, NOW).await, Err(StoreError::Fenced)));
    assert!(matches!(one.fold_series(&first, NOW).await, Err(StoreError::Fenced)));
    assert_eq!(two.fold(&second, NOW).await.unwrap(), 0);
    // Even when it has the lease again, what it began before is void.
    let third = take(&one, "a", NOW + 2 * MINUTE).await.unwrap();
    assert!(matches!(one.fold(&first, NOW).await, Err(StoreError::Fenced)));
    assert_eq!(one.fold(&third, NOW).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_given_back_can_be_taken_at_once() {
    let (one, two) = two().await;
    take(&one, "a", NOW).await.unwrap();
    two.give_back("b").await.unwrap();
    assert_eq!(take(&two, "b", NOW).await, None);
    one.give_back("a").await.unwrap();
    assert!(take(&two, "b", NOW).await.is_some());
}

#[tokio::test]
async fn a_job_whose_analyzer_was_killed_is_done_by_another_after_a_minute() {
    let ground = Ground::new().await;
    // Its tables are there before the first analyzer is.
    ground.add_key(portcullis_analyzer::Role::Viewer).await;
    let expires = NOW + MINUTE;
    let dead = format!(
        "INSERT INTO leases (name, holder, fence, expires_ms) VALUES ('retention', 'dead', 1, {expires})"
    );
    ground.connect().await.run(&dead).await;
    let service = Service::start_on(ground, |_| ()).await;
    let job = async || {
        let health = send(service.request("GET", "/monitoring/health/")).await.json();
        health["jobs"].as_array().unwrap().iter().find(|job| job["name"] == "retention").unwrap().clone()
    };
    // The other job shows that it has looked around.
    until(async || {
        service.get("/monitoring/metrics/").await.text.contains("job=\"fold\",outcome=\"done\"} 1")
    })
    .await;
    assert_eq!(job().await["runs"], 0);
    service.set_now(expires);
    until(async || job().await["runs"] == 1).await;
    assert_eq!(job().await["leads"], true);
    let mut store = service.ground.connect().await;
    let until_ms = "SELECT max(expires_ms) FROM leases WHERE name IN ('retention', 'fold')";
    let until_ms = store.number(until_ms).await.unsigned_abs();
    assert!(until_ms <= expires + MINUTE, "{until_ms}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_ask_at_once_one_gets_it() {
    let (one, two) = two().await;
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..16 {
        let store = if number % 2 == 0 { one.clone() } else { two.clone() };
        asking.spawn(async move { take(&store, &number.to_string(), NOW).await });
    }
    assert_eq!(asking.join_all().await.into_iter().flatten().count(), 1);
}
