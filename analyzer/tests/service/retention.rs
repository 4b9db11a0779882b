//! What is forgotten, when, and who is told.

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
