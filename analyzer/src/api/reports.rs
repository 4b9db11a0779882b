//! `POST /edge/v1/reports`: a report is read within bounds, checked, stored, and only then acknowledged.

use super::App;
use super::access::Edge;
use super::body;
use super::openapi::shapes;
use super::problem::{Problem, told};
use crate::ingest::Unavailable;
use crate::metrics::Turned;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use portcullis_report::{Receipt, Report};
use std::sync::Arc;
use std::time::Duration;

/// Takes the report of an edge; each (boot, sequence) is stored once.
#[utoipa::path(
    post,
    path = "/edge/v1/reports",
    tag = "edge",
    operation_id = "report",
    request_body = shapes::Report,
    security(("edge" = [])),
    responses(
        (status = 200, body = shapes::Receipt, description = "It is stored and will survive a crash."),
        told::NoReport,
    ),
)]
pub(crate) async fn take(
    edge: Result<Edge, Problem>,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    content: Body,
) -> Result<Json<Receipt>, Problem> {
    let taken = match edge {
        Ok(Edge) => {
            take_checked(&app, &headers, content).await.map_err(|problem| (problem, Turned::Rejected))
        }
        Err(problem) => Err((problem, Turned::Forbidden)),
    };
    taken.map(Json).map_err(|(problem, turned)| {
        app.metrics.turned_away(if problem.is_temporary() { Turned::Overloaded } else { turned });
        problem
    })
}

async fn take_checked(app: &App, headers: &HeaderMap, content: Body) -> Result<Receipt, Problem> {
    body::check_headers(headers, body::BYTES)?;
    let admission = app.ingest.admit().ok_or(Problem::Overloaded)?;
    let content = body::read(content, body::BYTES, app.config.ingest.body_timeout).await?;
    let report = parse(&content)?;
    drop(content);
    let now_ms = app.clock.now_ms();
    check_times(&report, now_ms, app.config.ingest.max_ahead)?;
    app.ingest.store(admission, report, now_ms).await.map_err(|Unavailable| Problem::Overloaded)
}

fn parse(content: &[u8]) -> Result<Report, Problem> {
    let report: Report = body::parse(content, Problem::NotReport)?;
    report.check().map_err(|error| Problem::NotReport(error.to_string()))?;
    Ok(report)
}

/// An edge whose clock runs ahead would put its numbers where nobody looks until the clean-up cannot reach them.
fn check_times(report: &Report, now_ms: u64, max_ahead: Duration) -> Result<(), Problem> {
    let latest = now_ms.saturating_add(u64::try_from(max_ahead.as_millis()).unwrap_or(u64::MAX));
    let ahead = |path: &str| {
        let seconds = max_ahead.as_secs();
        Problem::NotReport(format!("{path}: must not be more than {seconds} s ahead of the analyzer's clock"))
    };
    if report.to_ms > latest {
        return Err(ahead("to_ms"));
    }
    match report.incidents.iter().position(|incident| incident.at_ms > latest) {
        Some(index) => Err(ahead(&format!("incidents[{index}].at_ms"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_repeats_no_more_than_a_line() {
        let Err(Problem::NotReport(detail)) =
            parse(format!("{{\"version\":\"{}\"}}", "ä".repeat(100_000)).as_bytes())
        else {
            panic!("a report");
        };
        assert_eq!(detail.chars().count(), 241);
    }
}
