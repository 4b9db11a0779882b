//! `GET /monitoring/graphql/`: what GraphQL requests there were in a window, and which were refused why.
//!
//! Costs are given in cost units.

use super::App;
use super::access::Reader;
use super::answer::{Shown, Timed};
use super::problem::{Problem, told};
use super::text::Text;
use super::window::{Window, WindowQuery};
use crate::store;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use portcullis_report::Reason;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = graphql::Answer)]
pub(crate) struct Answer {
    window: Window,
    /// What to name in `cursor` for the next page of the lists; `null` when none has more.
    next: Option<String>,
    totals: Totals,
    by_operation: Vec<Operation>,
    by_kind: Vec<Kind>,
    by_reason: Vec<Refusals>,
    /// What passed although the policy forbids it, because it says that this only counts.
    shadowed: Vec<Refusals>,
    refused_shapes: Vec<Shape>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = graphql::Totals)]
struct Totals {
    reports: u64,
    requests: u64,
    allowed: u64,
    refused: u64,
    cost_sum: f64,
    cost_mean: f64,
    cost_max: f64,
    incidents: u64,
    incidents_dropped: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = graphql::Operation)]
struct Operation {
    operation: Text,
    kind: Text,
    requests: u64,
    refused: u64,
    cost_mean: f64,
    cost_max: f64,
    /// By the entries of the responses; `null` where none was read for it.
    actual_cost_mean: Option<f64>,
    depth_max: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = graphql::Kind)]
struct Kind {
    kind: Text,
    requests: u64,
    refused: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = graphql::Refusals)]
struct Refusals {
    reason: Text,
    /// The code that the clients saw; `null` for a reason that this version does not know.
    code: Option<&'static str>,
    requests: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = graphql::Shape)]
struct Shape {
    shape: Text,
    reason: Text,
    /// Whether these passed all the same.
    shadow: bool,
    incidents: u64,
    last_seen_ms: u64,
    sample_document: Option<Text>,
    sample_correlation_id: Text,
}

impl Timed for Answer {
    fn times(&mut self) -> (&mut Window, &mut Option<String>) {
        (&mut self.window, &mut self.next)
    }
}

/// GraphQL requests of a window: how many, what they cost, and which were refused why.
#[utoipa::path(
    get,
    path = "/monitoring/graphql/",
    tag = "monitoring",
    operation_id = "graphql",
    params(WindowQuery),
    security(("reader" = [])),
    responses((status = 200, body = Answer, description = "What the edges saw."), told::Unchanged),
)]
pub(crate) async fn show(
    _reader: Reader,
    State(app): State<Arc<App>>,
    query: Result<Query<WindowQuery>, QueryRejection>,
) -> Result<Shown, Problem> {
    let Query(query) =
        query.map_err(|rejection| Problem::Query(super::problem::excerpt(&rejection.body_text())))?;
    let mut page = query.page(app.clock.now_ms(), app.config.retention.keep)?;
    let found = app.store.graphql(page.question()).await?;
    let answer = Answer {
        window: page.window,
        totals: found.totals.into(),
        by_operation: page.of(found.by_operation),
        by_kind: page.of(found.by_kind),
        by_reason: page.of(found.by_reason),
        shadowed: page.of(found.shadowed),
        refused_shapes: page.of(found.shapes),
        next: page.next(),
    };
    Shown::weak(answer)
}

impl From<store::Totals> for Totals {
    fn from(totals: store::Totals) -> Self {
        Self {
            reports: totals.reports,
            requests: totals.requests,
            allowed: totals.requests.saturating_sub(totals.refused),
            refused: totals.refused,
            cost_sum: units(totals.cost_milli_sum),
            cost_mean: mean(totals.cost_milli_sum, totals.requests),
            cost_max: units(float(totals.cost_milli_max)),
            incidents: totals.incidents,
            incidents_dropped: totals.incidents_dropped,
        }
    }
}

impl From<store::Operation> for Operation {
    fn from(operation: store::Operation) -> Self {
        Self {
            requests: operation.requests,
            refused: operation.refused,
            cost_mean: mean(operation.cost_milli_sum, operation.requests),
            cost_max: units(float(operation.cost_milli_max)),
            actual_cost_mean: (operation.actual_count > 0)
                .then(|| mean(operation.actual_milli_sum, operation.actual_count)),
            depth_max: operation.depth_max,
            operation: Text::name(operation.operation),
            kind: Text::name(operation.kind),
        }
    }
}

impl From<store::Share> for Kind {
    fn from(share: store::Share) -> Self {
        Self { kind: Text::name(share.label), requests: share.requests, refused: share.refused }
    }
}

impl From<store::Refusals> for Refusals {
    fn from(refusals: store::Refusals) -> Self {
        let known = Reason::ALL.iter().find(|reason| reason.label() == refusals.reason);
        Self {
            code: known.map(|reason| reason.code()),
            reason: Text::name(refusals.reason),
            requests: refusals.requests,
        }
    }
}

impl From<store::RefusedShape> for Shape {
    fn from(shape: store::RefusedShape) -> Self {
        Self {
            shape: Text::name(shape.shape),
            reason: Text::name(shape.reason),
            shadow: shape.shadow,
            incidents: shape.incidents,
            last_seen_ms: shape.last_ms,
            sample_document: shape.document.map(Text::document),
            sample_correlation_id: Text::free(shape.correlation_id),
        }
    }
}

fn units(milli: f64) -> f64 {
    milli / 1_000.0
}

/// The mean in cost units; of nothing it is 0.
fn mean(milli: f64, requests: u64) -> f64 {
    if requests == 0 { 0.0 } else { units(milli) / float(requests) }
}

/// The nearest float: enough of a number to be shown.
fn float(amount: u64) -> f64 {
    amount as f64
}
