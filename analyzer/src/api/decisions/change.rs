//! Decisions that operators make and take back.

use super::named;
use crate::api::App;
use crate::api::access::Operator;
use crate::api::body;
use crate::api::openapi::shapes;
use crate::api::problem::{Problem, excerpt, told};
use crate::api::window::seconds;
use crate::decisions::target::target;
use crate::store::{Added, Draft, Removal};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use portcullis_redact::redact;
use portcullis_report::{Action, Decision, DecisionOrigin};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Decisions of one request.
const MOST: usize = 5_000;
/// The longest that a decision may hold.
const LONGEST_S: u64 = 3_650 * 86_400;
/// Origins of decisions that no person makes; what they are found and removed by.
const RESERVED: [DecisionOrigin; 3] =
    [DecisionOrigin::Scenario, DecisionOrigin::Range, DecisionOrigin::Crowdsec];
/// What may be said without a reason.
const NO_REASON: &str = "no reason given";

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = decisions::New)]
struct New {
    /// All are stored, or none.
    #[schema(min_items = 1, max_items = 5000)]
    decisions: Vec<NewDecision>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = decisions::NewDecision)]
struct NewDecision {
    /// An address, a range or a client key.
    target: String,
    #[serde(default = "block")]
    #[schema(value_type = shapes::Action)]
    action: Action,
    /// Such as `4h`: a number and one of `s`, `m`, `h`, `d`.
    duration: String,
    /// For people; at most 96 bytes.
    #[schema(max_length = 96)]
    reason: Option<String>,
    /// `operator` without it; imports are told apart by it.
    origin: Option<String>,
}

fn block() -> Action {
    Action::Block
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = decisions::Stored)]
pub(crate) struct Stored {
    /// Who has this revision has these decisions.
    revision: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = decisions::Removed)]
pub(crate) struct Removed {
    removed: u64,
}

/// What is to be removed: one of the two.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// About exactly this address, range or client key.
    target: Option<String>,
    /// Of this origin.
    origin: Option<String>,
}

/// Decides about clients; edges learn of it at once.
#[utoipa::path(
    post,
    path = "/monitoring/decisions/",
    tag = "decisions",
    operation_id = "decide",
    request_body = New,
    security(("operator" = [])),
    responses(
        (status = 201, body = Stored, description = "All of it is stored."),
        told::NoDecisions,
    ),
)]
pub(crate) async fn add(
    Operator(author): Operator,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    content: Body,
) -> Result<(StatusCode, Json<Stored>), Problem> {
    body::check_headers(&headers, body::BYTES)?;
    let content = body::read(content, body::BYTES, app.config.ingest.body_timeout).await?;
    let new: New = body::parse(&content, Problem::NotDecisions)?;
    let now_ms = app.clock.now_ms();
    let drafts = drafts(&new, now_ms)?;
    match app.store.decide(&drafts, &author, now_ms).await? {
        Added::TooMany => Err(Problem::TooManyDecisions),
        Added::Stored { revision } => {
            app.feed.tell(revision);
            Ok((StatusCode::CREATED, Json(Stored { revision })))
        }
    }
}

/// Takes back one decision.
#[utoipa::path(
    delete,
    path = "/monitoring/decisions/{id}/",
    tag = "decisions",
    operation_id = "take_back_one",
    params(("id" = u64, Path, description = "Which one.")),
    security(("operator" = [])),
    responses(
        (status = 200, body = Removed, description = "It holds no longer."),
        told::Nothing,
    ),
)]
pub(crate) async fn remove_one(
    Operator(author): Operator,
    State(app): State<Arc<App>>,
    id: Result<Path<u64>, PathRejection>,
) -> Result<Json<Removed>, Problem> {
    let Path(id) = id.map_err(|_| Problem::NotFound)?;
    let removed = app.store.remove(&Removal::Id(id), &author, app.clock.now_ms()).await?;
    app.feed.tell(app.store.revision().await?);
    if removed == 0 { Err(Problem::NotFound) } else { Ok(Json(Removed { removed })) }
}

/// Takes back the decisions about a client, or those of an origin: name one of the two.
#[utoipa::path(
    delete,
    path = "/monitoring/decisions/",
    tag = "decisions",
    operation_id = "take_back",
    params(Which),
    security(("operator" = [])),
    responses((status = 200, body = Removed, description = "They hold no longer.")),
)]
pub(crate) async fn remove(
    Operator(author): Operator,
    State(app): State<Arc<App>>,
    query: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Removed>, Problem> {
    let Query(which) = query.map_err(|rejection| Problem::Query(excerpt(&rejection.body_text())))?;
    let removal = match (which.target, which.origin) {
        (Some(target), None) => Removal::Scope(named(&target)?),
        (None, Some(origin)) => Removal::Origin(origin),
        (None, None) | (Some(_), Some(_)) => {
            return Err(Problem::Query("name either `target` or `origin`".to_owned()));
        }
    };
    let removed = app.store.remove(&removal, &author, app.clock.now_ms()).await?;
    app.feed.tell(app.store.revision().await?);
    Ok(Json(Removed { removed }))
}

fn drafts(new: &New, now_ms: u64) -> Result<Vec<Draft>, Problem> {
    if new.decisions.is_empty() || new.decisions.len() > MOST {
        let actual = new.decisions.len();
        return Err(Problem::NotDecisions(format!("decisions: must be 1 to {MOST}, got {actual}")));
    }
    let wrong = |index: usize, flaw: String| Problem::NotDecisions(format!("decisions[{index}].{flaw}"));
    let draft = |(index, new): (usize, &NewDecision)| draft(new, now_ms).map_err(|flaw| wrong(index, flaw));
    new.decisions.iter().enumerate().map(draft).collect()
}

fn draft(new: &NewDecision, now_ms: u64) -> Result<Draft, String> {
    let scope =
        target(&new.target).map_err(|error| format!("target: {error}, got {:?}", excerpt(&new.target)))?;
    let seconds = seconds(&new.duration).filter(|seconds| (1..=LONGEST_S).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        let actual = excerpt(&new.duration);
        format!("duration: must be a number and one of s, m, h, d, such as 4h, up to 3650d; got {actual:?}")
    })?;
    let decision = Decision {
        id: 1,
        action: new.action,
        scope,
        expires_at_ms: now_ms.saturating_add(seconds.saturating_mul(1_000)),
        reason: new
            .reason
            .as_deref()
            .map_or_else(|| NO_REASON.to_owned(), |reason| redact(reason).into_string()),
        origin: new.origin.clone().unwrap_or_else(|| "operator".to_owned()),
    };
    // What edges would not take is not stored, nor what would be another origin wherever it is shown.
    decision.check().map_err(|flaw| flaw.to_string())?;
    if redact(&decision.origin).as_str() != decision.origin {
        return Err("origin: must not have addresses or other personal data in it".to_owned());
    }
    if RESERVED.contains(&DecisionOrigin::named(&decision.origin)) {
        let reserved = RESERVED.map(DecisionOrigin::label).join(", ");
        return Err(format!("origin: must not be one under which the analyzer itself decides: {reserved}"));
    }
    let Decision { action, scope, expires_at_ms, reason, origin, .. } = decision;
    Ok(Draft { action, scope, expires_ms: expires_at_ms, reason, origin })
}
