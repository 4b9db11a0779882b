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
use std::borrow::Cow;
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
    let report: Report = body::parse(&without_zeros(content), Problem::NotReport)?;
    report.check().map_err(|error| Problem::NotReport(error.to_string()))?;
    Ok(report)
}

/// The body with U+FFFD in the place of each zero character of a text. PostgreSQL keeps none, so texts that differ in nothing
/// else must be the same before anything is merged by them.
fn without_zeros(content: &[u8]) -> Cow<'_, [u8]> {
    const ZERO: &[u8] = br"\u0000";
    if !content.contains(&b'\\') || !content.windows(ZERO.len()).any(|part| part == ZERO) {
        return Cow::Borrowed(content);
    }
    let mut content = content.to_vec();
    let mut rest = content.as_mut_slice();
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let Some(escape) = rest.get_mut(at..) else { break };
        if escape.starts_with(ZERO) {
            escape.iter_mut().zip(br"\ufffd").for_each(|(byte, other)| *byte = *other);
        }
        // What follows a backslash begins no escape.
        rest = escape.get_mut(2..).unwrap_or_default();
    }
    Cow::Owned(content)
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
    fn a_zero_character_is_a_replacement_character() {
        let check = |text: &str, expected: &str| {
            assert_eq!(without_zeros(text.as_bytes()), expected.as_bytes(), "{text}");
            let all: Vec<String> = serde_json::from_slice(&without_zeros(text.as_bytes())).unwrap();
            assert!(all.iter().all(|text| !text.contains('\0')), "{all:?}");
        };
        check(r#"["a", "\n"]"#, r#"["a", "\n"]"#);
        check(r#"["\u0000", "a\u0000\u0000b"]"#, r#"["\ufffd", "a\ufffd\ufffdb"]"#);
        check(r#"["\\u0000", "\\\u0000"]"#, r#"["\\u0000", "\\\ufffd"]"#);
        check(r#"["\u00001"]"#, r#"["\ufffd1"]"#);
        for cut in [r#"["\u000"#, r#"["\u0000"#, r#"["\u0000\"#] {
            assert_eq!(without_zeros(cut.as_bytes()).len(), cut.len());
        }
    }

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
