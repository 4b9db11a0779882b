//! `/monitoring/series/`: metrics that others send, and what they were.
//!
//! A call is stored as a whole or not at all. A series is its name and its labels; it has one value a second, and a value that
//! is sent again takes the place of the one before. Points are taken while they are fresh: what is old is merged, and what is
//! merged could not be sent again without being counted twice.

mod sent;

use super::App;
use super::access::{Operator, Reader};
use super::answer::{Shown, Timed};
use super::body;
use super::page::limit;
use super::problem::{Problem, excerpt, told};
use super::text::Text;
use super::window::{Window, WindowQuery};
use crate::store::{PointRow, SeriesId, SeriesRow, Taken};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use sent::Sent;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: u32 = 100;

/// Which series are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only those of this name.
    name: Option<String>,
    /// Those behind that one: the `next` of the page before.
    after: Option<String>,
    /// Entries of a page; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Which part of a series is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedPoints {
    /// How far back from now: a number and one of `s`, `m`, `h`, `d`, such as `15m`; `1h` without it.
    window: Option<String>,
    /// Points of a page; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Those after that moment: the `next` of the page before.
    after: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = series::Stored)]
pub(crate) struct Stored {
    series: usize,
    points: usize,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = series::List)]
pub(crate) struct List {
    /// In the order of their names and labels.
    series: Vec<Series>,
    /// What to name in `after` for the next page; `null` when this is the last.
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = series::Series)]
struct Series {
    id: Text,
    name: Text,
    labels: BTreeMap<Text, Text>,
    /// When its last point was.
    last_ms: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = series::Answer)]
pub(crate) struct Answer {
    window: Window,
    series: Series,
    /// The oldest first.
    points: Vec<Point>,
    /// What to name in `after` for the next page; `null` when this is the last.
    next: Option<String>,
}

/// What a series was from this moment to the next: one value where it is young, several where they were merged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = series::Point)]
struct Point {
    at_ms: u64,
    count: u64,
    mean: f64,
    min: f64,
    max: f64,
}

/// Takes points of metrics that others measure.
#[utoipa::path(
    post,
    path = "/monitoring/series/",
    tag = "series",
    operation_id = "add_series",
    request_body = Sent,
    security(("operator" = [])),
    responses((status = 200, body = Stored, description = "All of it is stored."), told::NoSeries),
)]
pub(crate) async fn add(
    _operator: Operator,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    content: Body,
) -> Result<Json<Stored>, Problem> {
    body::check_headers(&headers, body::BYTES)?;
    let content = body::read(content, body::BYTES, app.config.ingest.body_timeout).await?;
    let sent: Sent = body::parse(&content, Problem::NotSeries)?;
    drop(content);
    let series = sent.check(app.clock.now_ms()).map_err(Problem::NotSeries)?;
    match app.store.add_series(&series).await? {
        Taken::TooMany => Err(Problem::TooManySeries),
        Taken::Stored => {
            let points = series.iter().map(|series| series.points.len()).sum();
            Ok(Json(Stored { series: series.len(), points }))
        }
    }
}

/// Series that were sent.
#[utoipa::path(
    get,
    path = "/monitoring/series/",
    tag = "series",
    operation_id = "series",
    params(Asked),
    security(("reader" = [])),
    responses((status = 200, body = List, description = "A page of them."), told::Unchanged),
)]
pub(crate) async fn list(
    _reader: Reader,
    State(app): State<Arc<App>>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Shown, Problem> {
    let Query(asked) = query.map_err(|rejection| Problem::Query(excerpt(&rejection.body_text())))?;
    let limit = limit(asked.limit, DEFAULT_LIMIT)?;
    let after = match asked.after.as_deref() {
        None => None,
        Some(text) => Some(behind(&app, text).await?),
    };
    let found = app.store.series(asked.name.as_deref(), after.as_ref(), limit.saturating_add(1)).await?;
    let (found, is_more) = cut(found, limit);
    let next = found.last().filter(|_| is_more).map(|row| row.id.to_string());
    Shown::strong(&List { series: found.into_iter().map(Series::from).collect(), next })
}

/// What one series was in a window.
#[utoipa::path(
    get,
    path = "/monitoring/series/{id}/",
    tag = "series",
    operation_id = "one_series",
    params(("id" = String, Path, description = "Which one, as the list has it."), AskedPoints),
    security(("reader" = [])),
    responses((status = 200, body = Answer, description = "A page of its points."), told::Nothing, told::Unchanged),
)]
pub(crate) async fn show(
    _reader: Reader,
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<AskedPoints>, QueryRejection>,
) -> Result<Shown, Problem> {
    let Path(id) = id.map_err(|_| Problem::NotFound)?;
    let id = SeriesId::parse(&id).ok_or(Problem::NotFound)?;
    let Query(asked) = query.map_err(|rejection| Problem::Query(excerpt(&rejection.body_text())))?;
    let limit = limit(asked.limit, DEFAULT_LIMIT)?;
    let query = WindowQuery { window: asked.window, limit: Some(limit), cursor: None };
    let page = query.page(app.clock.now_ms(), app.config.retention.keep)?;
    let series = app.store.one_series(id).await?.ok_or(Problem::NotFound)?;
    let found = app.store.points_of(id, page.question(), asked.after).await?;
    let (found, is_more) = cut(found, limit);
    let next = found.last().filter(|_| is_more).map(|row| row.at_ms.to_string());
    let points = found.into_iter().map(Point::from).collect();
    Shown::weak(Answer { window: page.window, series: series.into(), points, next })
}

impl Timed for Answer {
    fn times(&mut self) -> (&mut Window, &mut Option<String>) {
        (&mut self.window, &mut self.next)
    }
}

/// The series behind which a page begins; it may be gone.
async fn behind(app: &App, text: &str) -> Result<SeriesRow, Problem> {
    let wrong =
        || Problem::Query(format!("after: must be the `next` of an answer, got {:?}", excerpt(&text)));
    let id = SeriesId::parse(text).ok_or_else(wrong)?;
    app.store.one_series(id).await?.ok_or_else(wrong)
}

/// The first entries, and whether there are more.
fn cut<T>(mut found: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = found.len() > most;
    found.truncate(most);
    (found, is_more)
}

impl From<SeriesRow> for Series {
    fn from(row: SeriesRow) -> Self {
        let labels: BTreeMap<String, String> = serde_json::from_str(&row.labels).unwrap_or_default();
        Self {
            id: Text::free(row.id.to_string()),
            name: Text::name(row.name),
            labels: labels.into_iter().map(|(name, value)| (Text::name(name), Text::name(value))).collect(),
            last_ms: row.last_ms,
        }
    }
}

impl From<PointRow> for Point {
    fn from(row: PointRow) -> Self {
        let mean = if row.points == 0 { 0.0 } else { row.total / row.points as f64 };
        Self { at_ms: row.at_ms, count: row.points, mean, min: row.least, max: row.most }
    }
}
