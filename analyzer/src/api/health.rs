//! `GET /monitoring/health/`: whether the service can do its work; without a key, so without detail.

use super::App;
use crate::jobs::JobState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = health::Health)]
struct Health {
    status: &'static str,
    version: &'static str,
    uptime_s: u64,
    store: StoreHealth,
    jobs: Vec<JobHealth>,
    /// How reading the configuration again went the last time; null before that.
    reload: Option<ReloadHealth>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = health::ReloadHealth)]
struct ReloadHealth {
    at_ms: u64,
    outcome: &'static str,
    /// How many settings differ from the file until the next start.
    needs_restart: usize,
}

/// Reads and writes are `ok`, or how they fail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = health::StoreHealth)]
struct StoreHealth {
    kind: &'static str,
    bytes: Option<u64>,
    reads: &'static str,
    writes: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = health::JobHealth)]
struct JobHealth {
    name: &'static str,
    /// Whether it is this analyzer that does it, of those that share a store.
    leads: bool,
    runs: u64,
    failures: u64,
    last_run_ms: Option<u64>,
    last_duration_ms: u64,
    /// By how much it is later than it should be.
    lag_ms: u64,
    last_error: Option<&'static str>,
}

/// Whether the service can do its work.
#[utoipa::path(
    get,
    path = "/monitoring/health/",
    tag = "monitoring",
    operation_id = "health",
    responses(
        (status = 200, body = Health, description = "It can."),
        (status = 503, body = Health, description = "It cannot; the members say what fails."),
    ),
)]
pub(crate) async fn show(State(app): State<Arc<App>>) -> Response {
    let now_ms = app.clock.now_ms();
    let reads = app.store.probe().await.err().map(|error| error.label());
    let writes = app.ingest.last_failure();
    let (status, word) = match reads.or(writes) {
        None => (StatusCode::OK, "ok"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "failing"),
    };
    let health = Health {
        status: word,
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: app.started.elapsed().as_secs(),
        store: StoreHealth {
            kind: app.store.kind(),
            bytes: app.store.bytes().await.ok(),
            reads: reads.unwrap_or("ok"),
            writes: writes.unwrap_or("ok"),
        },
        jobs: jobs(&app, now_ms),
        reload: app.reloads.last().map(|last| ReloadHealth {
            at_ms: last.at_ms,
            outcome: last.outcome.label(),
            needs_restart: last.needs_restart,
        }),
    };
    (status, Json(health)).into_response()
}

/// Those that run after an interval, and the engine, where it is switched on.
fn jobs(app: &App, now_ms: u64) -> Vec<JobHealth> {
    let engine =
        app.config.security.enabled.then(|| job("engine", app.engine.state().job, app.engine.lag_ms(now_ms)));
    app.jobs.iter().map(|it| job(it.name, it.state(), it.lag_ms(now_ms))).chain(engine).collect()
}

fn job(name: &'static str, state: JobState, lag_ms: u64) -> JobHealth {
    JobHealth {
        name,
        leads: state.leads,
        runs: state.runs,
        failures: state.failures,
        last_run_ms: state.last_run_ms,
        last_duration_ms: u64::try_from(state.last_duration.as_millis()).unwrap_or(u64::MAX),
        lag_ms,
        last_error: state.last_failure,
    }
}
