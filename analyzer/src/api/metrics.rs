//! `GET /monitoring/metrics/`: what the analyzer counts, for Prometheus.

use super::App;
use super::access::Reader;
use super::answer::Shown;
use super::problem::{Problem, told};
use axum::extract::State;
use std::sync::Arc;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the analyzer counts, for Prometheus; the families are listed in `docs/metrics.md`.
#[utoipa::path(
    get,
    path = "/monitoring/metrics/",
    tag = "monitoring",
    operation_id = "metrics",
    security(("reader" = [])),
    responses(
        (status = 200, body = String, content_type = "application/openmetrics-text", description = "OpenMetrics text."),
        told::Unchanged,
    ),
)]
pub(crate) async fn show(_reader: Reader, State(app): State<Arc<App>>) -> Result<Shown, Problem> {
    let text = app.metrics.render().map_err(|_| Problem::Internal)?;
    Ok(Shown::text(text, OPENMETRICS))
}
