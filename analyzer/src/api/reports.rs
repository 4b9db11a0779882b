//! `POST /edge/v1/reports`: a report is read within bounds, checked, stored, and only then acknowledged.

use super::App;
use super::access::Edge;
use super::problem::{Problem, excerpt};
use crate::ingest::Unavailable;
use crate::metrics::Turned;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use portcullis_framing::{ContentType, content_type};
use portcullis_report::{Bounds, Receipt, Report};
use serde_json::error::Category;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

pub(crate) async fn take(
    _edge: Edge,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipt>, Problem> {
    let taken = take_checked(&app, &headers, body).await;
    if let Err(problem) = &taken {
        let turned = if problem.is_temporary() { Turned::Overloaded } else { Turned::Rejected };
        app.metrics.turned_away(turned);
    }
    taken.map(Json)
}

async fn take_checked(app: &App, headers: &HeaderMap, body: Body) -> Result<Receipt, Problem> {
    check_headers(headers)?;
    let admission = app.ingest.admit().ok_or(Problem::Overloaded)?;
    let body = read(body, app.config.ingest.body_timeout).await?;
    let report = parse(&body)?;
    drop(body);
    let now_ms = app.clock.now_ms();
    check_times(&report, now_ms, app.config.ingest.max_ahead)?;
    app.ingest.store(admission, report, now_ms).await.map_err(|Unavailable| Problem::Overloaded)
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (types.next().map(|value| content_type(value.as_bytes())), types.next()) {
        (Some(ContentType::Json), None) => {}
        (Some(_) | None, _) => return Err(Problem::MediaType),
    }
    let identity = |value: &header::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(identity) {
        return Err(Problem::Encoding);
    }
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > Bounds::REPORT_BYTES) {
        return Err(Problem::TooLarge { limit: Bounds::REPORT_BYTES });
    }
    Ok(())
}

/// The whole body; reading stops at the bound, whatever the length was said to be.
async fn read(body: Body, timeout: Duration) -> Result<Bytes, Problem> {
    let reading = axum::body::to_bytes(body, Bounds::REPORT_BYTES);
    let outcome = tokio::time::timeout(timeout, reading).await.map_err(|_| Problem::SlowBody)?;
    outcome.map_err(|error| {
        let limited = error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if limited { Problem::TooLarge { limit: Bounds::REPORT_BYTES } } else { Problem::BrokenBody }
    })
}

/// One report and nothing after it, with the path of what is wrong.
fn parse(body: &[u8]) -> Result<Report, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let report: Report = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| match error
        .inner()
        .classify()
    {
        Category::Data => Problem::NotReport(excerpt(&error)),
        Category::Io | Category::Syntax | Category::Eof => Problem::NotJson(excerpt(error.inner())),
    })?;
    deserializer.end().map_err(|error| Problem::NotJson(excerpt(&error)))?;
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
        let Err(Problem::NotReport(detail)) = parse(format!("{{\"{}\":1}}", "ä".repeat(100_000)).as_bytes())
        else {
            panic!("a report");
        };
        assert_eq!(detail.chars().count(), 241);
    }
}
