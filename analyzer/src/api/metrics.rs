//! `GET /monitoring/metrics/`: what the analyzer counts, for Prometheus.

use super::App;
use super::access::Reader;
use super::problem::Problem;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn show(_reader: Reader, State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let text = app.metrics.render().map_err(|_| Problem::Internal)?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response())
}
