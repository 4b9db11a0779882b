//! What is old is kept coarser, and no sum changes by it.

use crate::harness::{NOW, Service, report, row};
use portcullis_report::{CandidateReport, ChangeRow, OperationKind, Reason, Report};
use serde_json::json;
use std::time::Duration;

const HOUR: u64 = 3_600_000;
const SECOND: u64 = 1_000;

async fn fold(service: &Service, now_ms: u64) -> u64 {
    let store = service.ground.open().await;
    let lease = store.take_lease("test", "t", now_ms, Duration::from_secs(1)).await.unwrap().unwrap();
    let folded = store.fold(&lease, now_ms).await.unwrap();
    store.close().await;
    folded
}

/// What a candidate would refuse, and the document of one of them.
fn candidate(count: u64, document: Option<&str>) -> CandidateReport {
    let change = ChangeRow {
        operation: "A".to_owned(),
        kind: OperationKind::Query,
        class: "anonymous".to_owned(),
        live: None,
        candidate: Some(Reason::Depth),
        count,
        correlation_id: format!("id-{count}"),
        document: document.map(str::to_owned),
    };
    CandidateReport { judged: 100, undecided: 2, changes: vec![change], dropped: 1 }
}

/// Every ten seconds for three minutes: 1, 2, 3 … requests of one operation, and one refused; the candidate differs about the
/// first, of which the fifth report has the only document.
async fn deliver(service: &Service, start: u64) -> u64 {
    for number in 0..18 {
        let rollup = vec![row("A", None, number + 1), row("B", Some(Reason::Depth), 1)];
        let to_ms = start + number * 10 * SECOND;
        let candidate = Some(candidate(number + 1, (number == 4).then_some("{a}")));
        let report = Report { from_ms: to_ms, to_ms, rollup, incidents_dropped: 1, candidate, ..report(1) };
        assert_eq!(service.report(&report).await.status, 200);
    }
    (1..=18).sum::<u64>() + 18
}

#[tokio::test]
async fn rows_are_merged_by_the_minute_and_then_by_five_and_sums_stay() {
    let service = Service::start().await;
    // A moment at which a bucket of five minutes begins.
    let start = NOW - NOW % (300 * SECOND);
    let requests = deliver(&service, start).await;
    let totals = async |now_ms: u64| {
        service.set_now(now_ms);
        service.graphql("window=20d").await["totals"].clone()
    };
    let before = totals(NOW).await;
    assert_eq!(before["requests"], requests);

    assert_eq!(fold(&service, start + 2 * HOUR).await, 0);
    assert_eq!(service.rows("totals").await, 18);
    let later = start + 3 * HOUR;
    assert!(fold(&service, later).await > 0);
    assert_eq!((service.rows("totals").await, service.rows("rollup").await), (3, 6));
    assert_eq!(totals(later).await, before);
    assert_eq!(fold(&service, later).await, 0);

    let much_later = start + 50 * HOUR;
    assert!(fold(&service, much_later).await > 0);
    assert_eq!((service.rows("totals").await, service.rows("rollup").await), (1, 2));
    assert_eq!(totals(much_later).await, before);
    let answer = service.graphql("window=20d").await;
    assert_eq!(answer["by_operation"][0]["requests"], requests - 18);
    assert_eq!(answer["by_reason"][0]["requests"], 18);
}

#[tokio::test]
async fn what_a_candidate_would_change_is_merged_like_the_rest() {
    let service = Service::start().await;
    let start = NOW - NOW % (300 * SECOND);
    deliver(&service, start).await;
    let ask = async |now_ms: u64| {
        service.set_now(now_ms);
        let answer = service.get("/monitoring/graphql/candidate/?window=20d").await.json();
        (answer["totals"].clone(), answer["by_operation"].clone(), answer["by_reason"].clone())
    };
    let rows = async || (service.rows("candidate_totals").await, service.rows("candidate_changes").await);
    let before = ask(NOW).await;
    assert_eq!((&before.0["judged"], &before.0["added"]), (&json!(1_800), &json!(171)));
    assert_eq!(rows().await, (18, 18));
    for (hours, left) in [(3, 3), (50, 1)] {
        let later = start + hours * HOUR;
        assert!(fold(&service, later).await > 0);
        assert_eq!(rows().await, (left, left));
        assert_eq!(ask(later).await, before);
    }
    // The id goes with the document.
    let answer = service.get("/monitoring/graphql/candidate/?window=20d").await.json();
    let change = &answer["changes"][0];
    assert_eq!((&change["requests"], &change["sample_document"]), (&json!(171), &json!("{a}")), "{answer}");
    assert_eq!(change["sample_correlation_id"], "id-5");
    // What comes late is put where its time went.
    deliver(&service, start).await;
    assert_eq!(rows().await, (1, 1));
}

#[tokio::test]
async fn what_comes_late_goes_where_its_time_went() {
    let service = Service::start().await;
    let start = NOW - NOW % (300 * SECOND);
    let requests = deliver(&service, start).await;
    service.set_now(start + 3 * HOUR);
    fold(&service, start + 3 * HOUR).await;
    assert_eq!(deliver(&service, start).await, requests);
    assert_eq!(service.rows("totals").await, 3);
    service.set_now(start + 50 * HOUR);
    fold(&service, start + 50 * HOUR).await;
    deliver(&service, start).await;
    assert_eq!(service.rows("totals").await, 1);
    assert_eq!(service.graphql("window=20d").await["totals"]["requests"], 3 * requests);
}

#[tokio::test]
async fn sums_at_their_end_stay_there() {
    let service = Service::start().await;
    let start = NOW - NOW % (300 * SECOND);
    for number in 0..3 {
        let to_ms = start + number * 10 * SECOND;
        let report = Report { from_ms: 0, to_ms, rollup: vec![row("A", None, u64::MAX)], ..report(1) };
        assert_eq!(service.report(&report).await.status, 200);
    }
    assert_eq!(fold(&service, start + 3 * HOUR).await, 4);
    service.set_now(start + 3 * HOUR);
    let answer = service.graphql("window=1d").await;
    assert_eq!(answer["totals"]["requests"], i64::MAX.unsigned_abs());
}

#[tokio::test]
async fn beyond_their_number_the_oldest_rows_go() {
    let service = Service::start_with(|config| {
        config.retention.interval = Duration::from_millis(5);
        config.retention.rollup_rows = 10;
    })
    .await;
    for number in 0..6 {
        let to_ms = NOW - number * 10 * SECOND;
        let rollup = (0..3).map(|operation| row(&format!("Op{operation}"), None, 1)).collect();
        let report = Report { from_ms: to_ms, to_ms, rollup, ..report(1) };
        assert_eq!(service.report(&report).await.status, 200);
    }
    crate::harness::until(async || service.rows("rollup").await == 9).await;
    let oldest = service.ground.connect().await.number("SELECT min(bucket_ms) FROM rollup").await;
    assert_eq!(oldest.unsigned_abs(), NOW - 20 * SECOND);
}
