//! `/monitoring/decisions/`: what holds for whom; operators add to it and take from it.

pub(super) mod change;

use super::App;
use super::access::Reader;
use super::answer::Shown;
use super::page::limit;
use super::problem::{Problem, excerpt, told};
use super::text::{Text, Whom};
use crate::decisions::target::target;
use crate::store::{Kept, Wanted};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use portcullis_report::{Action, Scope};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: u32 = 100;

/// Which decisions are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Question {
    /// Those that touch the address, or are about exactly this range or client key.
    target: Option<String>,
    /// Those of this origin, such as `operator`.
    origin: Option<String>,
    /// Those that are older than that id: the `next` of the page before.
    before: Option<u64>,
    /// Entries of a page; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = decisions::Answer)]
pub(crate) struct Answer {
    revision: u64,
    decisions: Vec<Held>,
    /// What to name in `before` for the next page; `null` when this is the last.
    next: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = decisions::Held)]
struct Held {
    id: u64,
    action: &'static str,
    /// Thousandths of what the policy gives that a throttled client has left; `null` where it is no throttle.
    factor_milli: Option<u16>,
    scope: &'static str,
    value: Whom,
    reason: Text,
    origin: Text,
    created_ms: u64,
    created_by: Text,
    expires_at_ms: u64,
}

/// Decisions that hold, the newest first.
#[utoipa::path(
    get,
    path = "/monitoring/decisions/",
    tag = "decisions",
    operation_id = "decisions",
    params(Question),
    security(("reader" = [])),
    responses((status = 200, body = Answer, description = "A page of them."), told::Unchanged),
)]
pub(crate) async fn show(
    _reader: Reader,
    State(app): State<Arc<App>>,
    query: Result<Query<Question>, QueryRejection>,
) -> Result<Shown, Problem> {
    let Query(question) = query.map_err(|rejection| Problem::Query(excerpt(&rejection.body_text())))?;
    let limit = limit(question.limit, DEFAULT_LIMIT)?;
    let mut wanted = Wanted {
        origin: question.origin,
        before: question.before,
        limit: limit.saturating_add(1),
        ..Wanted::default()
    };
    match question.target.as_deref().map(named).transpose()? {
        Some(Scope::Ip(address)) => wanted.touching = Some(address),
        other => wanted.scope = other,
    }
    let mut found = app.store.decisions(&wanted, app.clock.now_ms()).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = found.len() > most;
    found.truncate(most);
    let next = found.last().filter(|_| is_more).map(|last| last.id);
    Shown::strong(&Answer {
        revision: app.feed.revision(),
        decisions: found.into_iter().map(Held::from).collect(),
        next,
    })
}

/// Whom the URL names.
fn named(text: &str) -> Result<Scope, Problem> {
    target(text).map_err(|error| Problem::Query(format!("target: {error}")))
}

impl From<Kept> for Held {
    fn from(kept: Kept) -> Self {
        let factor_milli = match kept.action {
            Action::Throttle { factor_milli } => Some(factor_milli),
            Action::Block | Action::Allow => None,
        };
        Self {
            id: kept.id,
            action: kept.action.label(),
            factor_milli,
            scope: kept.scope.kind(),
            value: kept.scope.into(),
            reason: Text::free(kept.reason),
            origin: Text::free(kept.origin),
            created_ms: kept.created_ms,
            created_by: Text::free(kept.created_by),
            expires_at_ms: kept.expires_ms,
        }
    }
}
