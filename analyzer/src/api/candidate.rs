//! `GET /monitoring/graphql/candidate/`: what the candidate of the policy would have changed in a window.
//!
//! Where the policy in force refused,
//! there is an incident with the sample's correlation id; where only the candidate would, the id is in the access log.

use super::App;
use super::access::Reader;
use super::answer::{Shown, Timed};
use super::problem::{Problem, excerpt, told};
use super::text::Text;
use super::window::{Window, WindowQuery};
use crate::store;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use portcullis_report::{Difference, Reason};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = candidate::Answer)]
pub(crate) struct Answer {
    window: Window,
    /// What to name in `cursor` for the next page of the lists; `null` when none has more.
    next: Option<String>,
    totals: Totals,
    by_operation: Vec<Operation>,
    by_reason: Vec<Reasons>,
    changes: Vec<Change>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = candidate::Totals)]
struct Totals {
    /// Requests that were judged by both, a batch once.
    judged: u64,
    /// Requests that would be refused and were not.
    added: u64,
    /// Requests that were refused and would not be.
    removed: u64,
    /// Requests that would be refused for another reason.
    changed: u64,
    /// Requests of which nobody knows.
    undecided: u64,
    /// Changes that edges counted without telling of which operation.
    dropped: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = candidate::Operation)]
struct Operation {
    operation: Text,
    kind: Text,
    class: Text,
    added: u64,
    removed: u64,
    changed: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = candidate::Reasons)]
struct Reasons {
    difference: &'static str,
    /// Why the policy in force refuses; `null` when it does not.
    live: Option<Text>,
    /// Why the candidate refuses; `null` when it does not.
    candidate: Option<Text>,
    /// The code that clients would see; `null` for a reason that this version does not know, or none.
    candidate_code: Option<&'static str>,
    requests: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = candidate::Change)]
struct Change {
    operation: Text,
    kind: Text,
    class: Text,
    difference: &'static str,
    live: Option<Text>,
    candidate: Option<Text>,
    requests: u64,
    last_seen_ms: u64,
    sample_document: Option<Text>,
    sample_correlation_id: Text,
}

impl Timed for Answer {
    fn times(&mut self) -> (&mut Window, &mut Option<String>) {
        (&mut self.window, &mut self.next)
    }
}

/// What the candidate of the policy would have refused and let pass.
#[utoipa::path(
    get,
    path = "/monitoring/graphql/candidate/",
    tag = "monitoring",
    operation_id = "candidate",
    params(WindowQuery),
    security(("reader" = [])),
    responses((status = 200, body = Answer, description = "What would have changed."), told::Unchanged),
)]
pub(crate) async fn show(
    _reader: Reader,
    State(app): State<Arc<App>>,
    query: Result<Query<WindowQuery>, QueryRejection>,
) -> Result<Shown, Problem> {
    let Query(query) = query.map_err(|rejection| Problem::Query(excerpt(&rejection.body_text())))?;
    let mut page = query.page(app.clock.now_ms(), app.config.retention.keep)?;
    let found = app.store.candidates(page.question()).await?;
    let answer = Answer {
        window: page.window,
        totals: found.totals.into(),
        by_operation: page.of(found.by_operation),
        by_reason: page.of(found.by_reason),
        changes: page.of(found.changes),
        next: page.next(),
    };
    Shown::weak(answer)
}

impl From<store::CandidateTotals> for Totals {
    fn from(totals: store::CandidateTotals) -> Self {
        Self {
            judged: totals.judged,
            added: totals.changed.added,
            removed: totals.changed.removed,
            changed: totals.changed.changed,
            undecided: totals.undecided,
            dropped: totals.dropped,
        }
    }
}

impl From<store::ChangedOperation> for Operation {
    fn from(found: store::ChangedOperation) -> Self {
        Self {
            operation: Text::name(found.operation),
            kind: Text::name(found.kind),
            class: Text::name(found.class),
            added: found.changed.added,
            removed: found.changed.removed,
            changed: found.changed.changed,
        }
    }
}

impl From<store::ChangedReason> for Reasons {
    fn from(found: store::ChangedReason) -> Self {
        let known = Reason::ALL.iter().find(|reason| reason.label() == found.candidate);
        Self {
            difference: difference(&found),
            candidate_code: known.map(|reason| reason.code()),
            requests: found.requests,
            live: named(found.live),
            candidate: named(found.candidate),
        }
    }
}

impl From<store::Change> for Change {
    fn from(found: store::Change) -> Self {
        Self {
            operation: Text::name(found.operation),
            kind: Text::name(found.kind),
            class: Text::name(found.class),
            difference: difference(&found.reasons),
            requests: found.reasons.requests,
            live: named(found.reasons.live),
            candidate: named(found.reasons.candidate),
            last_seen_ms: found.last_ms,
            sample_document: found.document.map(Text::document),
            sample_correlation_id: Text::free(found.correlation_id),
        }
    }
}

fn named(reason: String) -> Option<Text> {
    Some(reason).filter(|reason| !reason.is_empty()).map(Text::name)
}

/// By the texts, since a store may hold reasons that this version does not know.
fn difference(reasons: &store::ChangedReason) -> &'static str {
    let difference = match (reasons.live.is_empty(), reasons.candidate.is_empty()) {
        (true, _) => Difference::Added,
        (false, true) => Difference::Removed,
        (false, false) => Difference::Changed,
    };
    difference.label()
}
