//! `GET /edge/v1/decisions?after=N&wait=S`: what an edge does not have yet, as soon as there is some.

use super::App;
use super::access::Edge;
use super::openapi::shapes;
use super::problem::{Problem, excerpt};
use crate::decisions::Heard;
use crate::store::{Kept, Page, Since};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use portcullis_report::{DECISION_VERSION, Decision, DecisionBounds, DecisionPage};
use serde::Deserialize;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// The revision of what the edge has; 0 when it has nothing.
    #[serde(default)]
    after: u64,
    /// For how many seconds it would wait, 30 at most.
    #[serde(default)]
    wait: u64,
    /// Of a full set of which this asks for the rest: what its first page said.
    floor: Option<u64>,
}

/// What an edge does not have yet, as soon as there is some.
#[utoipa::path(
    get,
    path = "/edge/v1/decisions",
    tag = "edge",
    operation_id = "feed",
    params(After),
    security(("edge" = [])),
    responses(
        (status = 200, body = shapes::DecisionPage, description = "A page, in gzip where that is accepted."),
        (status = 204, description = "There is nothing new."),
    ),
)]
pub(crate) async fn show(
    _edge: Edge,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(After { after, wait, floor }) =
        query.map_err(|rejection| Problem::Query(excerpt(&rejection.body_text())))?;
    let deadline = Instant::now() + Duration::from_secs(wait.min(DecisionBounds::WAIT_S));
    let mut listener = app.feed.listen();
    loop {
        if listener.other_than(after, deadline).await == Heard::Nothing {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let (heard, now_ms) = (app.feed.revision(), app.clock.now_ms());
        let page = app.store.decision_page(Since { revision: after, floor }, now_ms).await?;
        if page.full || page.revision != after {
            return answer(page, now_ms, &headers);
        }
        // Another analyzer told the edge before anyone told us.
        app.feed.found(heard, page.revision);
    }
}

fn answer(page: Page, now_ms: u64, headers: &HeaderMap) -> Result<Response, Problem> {
    // One that an edge would not read must not keep the others from it.
    let (page, unfit) = wire(page, now_ms).sift().map_err(|_| Problem::Internal)?;
    if unfit > 0 {
        tracing::warn!(decisions = unfit, "decisions that make no sense are not told to edges");
    }
    let json = serde_json::to_vec(&page).map_err(|_| Problem::Internal)?;
    let is_json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let varies = (header::VARY, HeaderValue::from_static("accept-encoding"));
    if !takes_gzip(headers) {
        return Ok(([is_json, varies], json).into_response());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&json).map_err(|_| Problem::Internal)?;
    let gzip = encoder.finish().map_err(|_| Problem::Internal)?;
    let is_gzip = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(([is_json, varies, is_gzip], gzip).into_response())
}

/// The page as the edge reads it: what holds, and the ids of what an edge may believe to hold and does not.
fn wire(page: Page, now_ms: u64) -> DecisionPage {
    let removed = page.changes.iter().filter(|change| !change.holds(now_ms) && change.until_ms > now_ms);
    let removed = removed.map(|change| change.id).collect();
    let decisions = page.changes.into_iter().filter(|change| change.holds(now_ms)).map(decision).collect();
    DecisionPage {
        version: DECISION_VERSION,
        revision: page.revision,
        full: page.full,
        floor: page.floor,
        more: page.more,
        decisions,
        removed,
    }
}

fn decision(kept: Kept) -> Decision {
    Decision {
        id: kept.id,
        action: kept.action,
        scope: kept.scope,
        expires_at_ms: kept.expires_ms,
        reason: kept.reason.to_string(),
        origin: kept.origin.to_string(),
    }
}

/// Whether gzip is among the encodings that the caller takes (RFC 9110 §12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused =
            weight.replace(' ', "").strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()) == Some(0.0);
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let check = |value: &str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
            assert_eq!(takes_gzip(&headers), expected, "{value}");
        };
        check("gzip", true);
        check("br, GZIP;q=0.5", true);
        check("gzip;q=0", false);
        check("gzip; q=0.0, br", false);
        check("identity", false);
        check("xgzip", false);
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
