//! What is forgotten, when, and who is told.

use crate::ENGINE;
use crate::ground::Engine;
use crate::harness::{NOW, Service, incident, report, row, send, until};
use portcullis_report::{Reason, Report};
use serde_json::Value;
use std::time::Duration;

const DAY: u64 = 86_400_000;
const TABLES: [&str; 4] = ["boots", "rollup", "totals", "incidents"];

async fn start() -> Service {
    Service::start_with(|config| {
        config.retention.interval = Duration::from_millis(5);
        config.store.busy_timeout = Duration::from_millis(20);
    })
    .await
}

async fn job(service: &Service) -> Value {
    send(service.request("GET", "/monitoring/health/")).await.json()["jobs"][0].clone()
}

/// Waits for a clean-up that began after this was called.
async fn cleaned_up(service: &Service) {
    let runs = job(service).await["runs"].as_u64().unwrap();
    until(async || job(service).await["runs"].as_u64().unwrap() >= runs + 2).await;
}

#[tokio::test]
async fn after_its_time_everything_is_forgotten_in_rounds() {
    let service = start().await;
    // More than one round of every kind, over several reports.
    for number in 0..20 {
        let rollup = (0..150).map(|row_number| row(&format!("Op{number}x{row_number}"), None, 1)).collect();
        let incidents = (0..120).map(|_| incident("0123456789abcdef", Reason::Depth, NOW)).collect();
        assert_eq!(service.report(&Report { rollup, incidents, ..report(1) }).await.status, 200);
    }
    service.set_now(NOW + 30 * DAY);
    cleaned_up(&service).await;
    for (table, rows) in TABLES.into_iter().zip([20, 3_000, 1, 2_400]) {
        assert_eq!(service.rows(table).await, rows, "{table}");
    }
    // Buckets go when the last moment of the widest, five minutes, is as old.
    service.set_now(NOW + 30 * DAY + 300_001);
    for table in TABLES {
        until(async || service.rows(table).await == 0).await;
    }
}

#[tokio::test]
async fn a_report_of_the_past_is_forgotten_but_still_known() {
    let service = start().await;
    let old = Report {
        from_ms: 0,
        to_ms: 5,
        rollup: vec![row("A", None, 1)],
        incidents: vec![incident("0123456789abcdef", Reason::Depth, 5)],
        ..report(1)
    };
    assert!(service.report(&old).await.text.contains("stored"));
    for table in ["rollup", "totals", "incidents"] {
        until(async || service.rows(table).await == 0).await;
    }
    assert!(service.report(&old).await.text.contains("duplicate"));
}

#[tokio::test]
async fn beyond_their_number_the_oldest_incidents_go() {
    let service = Service::start_with(|config| {
        config.retention.interval = Duration::from_millis(5);
        config.retention.incidents = 10;
    })
    .await;
    for at in 0..5 {
        let incidents = (0..5).map(|_| incident("0123456789abcdef", Reason::Depth, NOW + at)).collect();
        assert_eq!(service.report(&Report { incidents, ..report(1) }).await.status, 200);
    }
    until(async || service.rows("incidents").await == 10).await;
    let oldest = service.ground.connect().await.number("SELECT min(at_ms) FROM incidents").await;
    assert_eq!(oldest.unsigned_abs(), NOW + 3);
}

/// One of these in the place of `{i}`, from the oldest to the newest.
const NUMBERS: &str =
    "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 50)";

/// Every table that grows by what others send; a row for each number; what orders them; and how many are to be left.
const GROWING: [(&str, &str, &str, &str, i64); 12] = [
    (
        "rollup (bucket_ms, operation, kind, class, transport, refused, shadowed, requests, cost_milli_sum, \
         cost_milli_max, depth_max, fields_sum, body_bytes_sum, actual_count, actual_milli_sum)",
        "{now} + i, 'A', 'query', 'c', 'post', '', '', 1, 1, 1, 1, 1, 1, 1, 1",
        "bucket_ms",
        "rollup",
        20,
    ),
    (
        "candidate_changes (bucket_ms, operation, kind, class, live, candidate, requests, correlation_id)",
        "{now} + i, 'A', 'query', 'c', '', 'depth', 1, 'id'",
        "bucket_ms",
        "candidate_changes",
        20,
    ),
    ("sockets (bucket_ms, class, name, amount)", "{now} + i, 'c', 'opened', 1", "bucket_ms", "sockets", 20),
    (
        "socket_clients (bucket_ms, client_key, class, attempts, rejected, messages, bytes)",
        "{now} + i, 'k', 'c', 1, 1, 1, 1",
        "bucket_ms",
        "socket_clients",
        20,
    ),
    (
        "socket_workers (boot, class, active, at_ms)",
        "CAST('b' || i AS BLOB), 'c', 1, {now} + i",
        "at_ms",
        "socket_workers",
        20,
    ),
    (
        "boots (boot, highest, missing, received_ms)",
        "CAST('b' || i AS BLOB), 1, '', {now} + i",
        "received_ms",
        "boots",
        20,
    ),
    (
        "incidents (id, at_ms, boot, correlation_id, reason, transport, kind, operation, body_bytes)",
        "i, {now}, CAST('b' AS BLOB), 'id', 'depth', 'post', 'query', 'A', 1",
        "id",
        "incidents",
        10,
    ),
    ("activity (id, at_ms, client_key, authenticated, told)", "i, {now}, 'k', 0, '{}'", "id", "activity", 10),
    (
        "detections (id, at_ms, scenario, events, score, correlation_id)",
        "i, {now}, 's', 1, 1, 'id'",
        "id",
        "detections",
        10,
    ),
    (
        "reputation (scope, value, as_of_ms, rank, causes, blocks, blocked_until_ms, throttled_until_ms)",
        "'address', 'a' || i, {now}, i + 0.5, '[]', 0, 0, 0",
        "rank",
        "reputation",
        20,
    ),
    ("audit (id, at_ms, who, what, subject, detail)", "i, {now}, 'w', 'w', 's', 'd'", "id", "audit", 20),
    (
        "series_points (series, at_ms, points, total, least, most)",
        "1, {now} + i, 1, 1.0, 1.0, 1.0",
        "at_ms",
        "series_points",
        20,
    ),
];

fn few(config: &mut portcullis_analyzer::config::Config) {
    config.retention.interval = Duration::from_millis(5);
    config.retention.incidents = 10;
    config.retention.rollup_rows = 20;
    config.security.enabled = false;
}

#[tokio::test]
async fn every_table_that_others_make_grow_has_a_number_and_keeps_the_newest() {
    let service = Service::start_with(few).await;
    let mut store = service.ground.connect().await;
    for (into, values, ..) in GROWING {
        let values = values.replace("{now}", &NOW.to_string());
        let values = if ENGINE == Engine::Postgres { values.replace("BLOB", "BYTEA") } else { values };
        store.run(&format!("INSERT INTO {into} {NUMBERS} SELECT {values} FROM numbers")).await;
    }
    for (_, _, order, table, left) in GROWING {
        until(async || service.rows(table).await == left).await;
        let newest = format!("SELECT CAST(max({order}) AS BIGINT) FROM {table}");
        let newest = store.number(&newest).await - if order.ends_with("_ms") { NOW.cast_signed() } else { 0 };
        assert!((50..=51).contains(&newest), "{table}: {newest}");
    }
}

#[tokio::test]
async fn what_is_newest_stays_however_much_it_is() {
    let service = Service::start_with(few).await;
    let rollup = |count: usize| (0..count).map(|number| row(&format!("Op{number}"), None, 1)).collect();
    let before = Report { to_ms: NOW - 20_000, from_ms: NOW - 20_000, rollup: rollup(5), ..report(1) };
    let current = Report { rollup: rollup(50), ..report(1) };
    for report in [&before, &current] {
        assert_eq!(service.report(report).await.status, 200);
    }
    cleaned_up(&service).await;
    assert_eq!(service.rows("rollup").await, 50);
    assert_eq!(service.graphql("window=15m&limit=100").await["by_operation"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_table_that_cannot_be_cleaned_up_keeps_no_other_from_it() {
    let service = start().await;
    let whole = Report {
        rollup: vec![row("A", None, 1)],
        incidents: vec![incident("0123456789abcdef", Reason::Depth, NOW)],
        ..report(1)
    };
    assert_eq!(service.report(&whole).await.status, 200);
    service.ground.connect().await.run("ALTER TABLE candidate_totals RENAME TO elsewhere").await;
    service.set_now(NOW + 31 * DAY);
    for table in TABLES {
        until(async || service.rows(table).await == 0).await;
    }
    until(async || job(&service).await["last_error"] == "failed").await;
}

#[tokio::test]
async fn health_tells_how_the_clean_up_is_doing() {
    let service = start().await;
    until(async || job(&service).await["runs"].as_u64().unwrap() > 0).await;
    let done = job(&service).await;
    assert_eq!((&done["name"], &done["last_run_ms"]), (&"retention".into(), &NOW.into()));
    assert_eq!((&done["failures"], &done["last_error"]), (&0.into(), &Value::Null));

    let mut other = service.ground.connect().await;
    other.keep_writers_out().await;
    until(async || job(&service).await["last_error"] == "busy").await;
    assert!(job(&service).await["failures"].as_u64().unwrap() > 0);
    let metrics = service.get("/monitoring/metrics/").await.text;
    assert!(!metrics.contains("portcullis_analyzer_job_runs_total{job=\"retention\",outcome=\"failed\"} 0"));

    other.let_writers_in().await;
    until(async || job(&service).await["last_error"].is_null()).await;
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let service = Service::start().await;
    let whole = Report { rollup: vec![row("A", None, 3)], ..report(1) };
    assert_eq!(service.report(&whole).await.status, 200);
    let Service { ground, running, .. } = service;
    running.stop().await;
    let again = Service::start_on(ground, |_| ()).await;
    assert_eq!(again.graphql("window=1h").await["totals"]["requests"], 3);
    assert!(again.report(&whole).await.text.contains("duplicate"));
    again.running.stop().await;
}
