//! The part of CrowdSec's local API that bouncers use, so that firewalls, proxies and CDNs that have a bouncer block whom we block.
//!
//! Blocks of addresses and ranges are told, as `ban`; a bouncer could only misread the rest. Each key has its own place
//! in the stream. The words, statuses and even `null` for "none" are those that bouncers expect.

mod changes;
mod wire;

use super::App;
use super::access::role;
use super::openapi::shapes;
use super::problem::{Problem, excerpt};
use super::text::Text;
use crate::decisions::target::target;
use crate::key::Key;
use crate::store::{Kept, Pull};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use changes::Changes;
use portcullis_report::{Action, Scope};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::IntoParams;
use wire::{Filter, Stream, Wire, decisions};

/// Blocks in one range that are looked at for one answer.
const MOST: usize = 10_000;

/// Whoever may read may be a bouncer; the id of the key tells bouncers apart.
#[derive(Clone, Debug)]
pub(crate) struct Bouncer {
    key_id: String,
}

/// Why a bouncer is not answered, in the words that bouncers know.
#[derive(Debug)]
pub(crate) enum Turned {
    Forbidden,
    Wrong(Text),
    Failed(Problem),
}

impl Turned {
    fn wrong(message: impl AsRef<str>) -> Self {
        Self::Wrong(Text::free(message))
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is what an extractor gives")]
    fn query(rejection: QueryRejection) -> Self {
        Self::wrong(excerpt(&rejection.body_text()))
    }
}

impl FromRequestParts<Arc<App>> for Bouncer {
    type Rejection = Turned;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Turned> {
        let key = parts.headers.get("x-api-key").and_then(|value| Key::parse(value.to_str().ok()?));
        let key = key.ok_or(Turned::Forbidden)?;
        match role(&parts.headers, app).await {
            Ok(role) if role.reads() => Ok(Self { key_id: key.id().to_owned() }),
            Ok(_) | Err(Problem::UnknownKey | Problem::NoKey) => Err(Turned::Forbidden),
            Err(problem) => Err(Turned::Failed(problem)),
        }
    }
}

impl IntoResponse for Turned {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Forbidden => (StatusCode::FORBIDDEN, Text::free("access forbidden")),
            Self::Wrong(message) => (StatusCode::BAD_REQUEST, message),
            Self::Failed(problem) => return problem.into_response(),
        };
        (status, Json(json!({ "message": message }))).into_response()
    }
}

impl<E: Into<Problem>> From<E> for Turned {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What is asked of the stream; parameters that other versions know are passed over.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Pulled {
    /// `true` for everything that is blocked, else what changed since this key asked last.
    startup: Option<String>,
    scopes: Option<String>,
    origins: Option<String>,
    scenarios_containing: Option<String>,
    scenarios_not_containing: Option<String>,
    dedup: Option<String>,
}

/// Everything that is blocked, or what changed since the bouncer asked last. Asking for the head alone moves nothing.
#[utoipa::path(
    get,
    path = "/v1/decisions/stream",
    tag = "crowdsec",
    operation_id = "crowdsec_stream",
    params(Pulled),
    security(("bouncer" = [])),
    responses(
        (status = 200, body = Stream, description = "What is new, and what holds no longer."),
        (status = 403, body = shapes::Message, description = "The key is missing, unknown, or of an edge."),
        (status = 400, body = shapes::Message, description = "A parameter is there twice."),
    ),
)]
pub(crate) async fn stream(
    bouncer: Bouncer,
    method: Method,
    State(app): State<Arc<App>>,
    pulled: Result<Query<Pulled>, QueryRejection>,
) -> Result<Response, Turned> {
    let Query(pulled) = pulled.map_err(Turned::query)?;
    let now_ms = app.clock.now_ms();
    if method == Method::HEAD {
        return Ok(Json(Stream::default()).into_response());
    }
    let pull = match pulled.startup.as_deref() {
        Some("true") => app.store.first_pull(&bouncer.key_id, now_ms).await?,
        None | Some(_) => app.store.next_pull(&bouncer.key_id, now_ms).await?,
    };
    let filter = Filter {
        scopes: pulled.scopes.as_deref(),
        origins: pulled.origins.as_deref(),
        containing: pulled.scenarios_containing.as_deref(),
        not_containing: pulled.scenarios_not_containing.as_deref(),
        all: pulled.dedup.as_deref() == Some("false"),
    };
    let stream = match &pull {
        Pull::All(standing) => changes::all(standing.holding(now_ms), &filter, now_ms),
        Pull::Changes { standing, after, changed } => {
            let changes = Changes { after: *after, changed };
            changes::since(changes, standing.holding(now_ms), &filter, now_ms)
        }
    };
    Ok(Json(stream).into_response())
}

/// Who is asked about.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    ip: Option<String>,
    range: Option<String>,
    scope: Option<String>,
    value: Option<String>,
    r#type: Option<String>,
    /// `false` for the blocks in that range; else those that contain it.
    contains: Option<String>,
    origins: Option<String>,
    scenarios_containing: Option<String>,
    scenarios_not_containing: Option<String>,
}

/// The blocks that touch an address or a whole range, or lie in a range; `null` where there are none.
#[utoipa::path(
    get,
    path = "/v1/decisions",
    tag = "crowdsec",
    operation_id = "crowdsec_ask",
    params(Asked),
    security(("bouncer" = [])),
    responses(
        (status = 200, body = Option<Vec<Wire>>, description = "The blocks, or `null`."),
        (status = 403, body = shapes::Message, description = "The key is missing, unknown, or of an edge."),
        (status = 400, body = shapes::Message, description = "Nobody is named, or not by an address or range."),
    ),
)]
pub(crate) async fn ask(
    _bouncer: Bouncer,
    State(app): State<Arc<App>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Turned> {
    let Query(asked) = asked.map_err(Turned::query)?;
    let now_ms = app.clock.now_ms();
    let none = || Ok(Json(json!(null)).into_response());
    if asked.r#type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case(wire::BAN)) {
        return none();
    }
    let text = match (&asked.ip, &asked.range, &asked.scope, &asked.value) {
        (Some(ip), ..) => ip,
        (None, Some(range), ..) => range,
        (None, None, Some(scope), Some(value)) if wire::knows(scope) => value,
        (None, None, Some(_), Some(_)) => return none(),
        (None, None, _, _) => return Err(Turned::wrong("name ip, range, or scope and value")),
    };
    let named =
        target(text).map_err(|_| Turned::wrong(format!("{:?} is no address and no range", excerpt(text))))?;
    let standing = app.store.standing(now_ms).await?;
    // The most specific allow is above every block, as at the edge.
    let is_allowed =
        |scope: &Scope| standing.touching(scope, now_ms).iter().any(|kept| kept.action == Action::Allow);
    let found: Vec<&Kept> = match asked.contains.as_deref() {
        Some("false") => {
            let inside = standing.within(&named, now_ms).filter(|kept| kept.action == Action::Block);
            inside.take(MOST).filter(|kept| !is_allowed(&kept.scope)).collect()
        }
        None | Some(_) if is_allowed(&named) => Vec::new(),
        None | Some(_) => standing.touching(&named, now_ms),
    };
    let filter = Filter {
        origins: asked.origins.as_deref(),
        containing: asked.scenarios_containing.as_deref(),
        not_containing: asked.scenarios_not_containing.as_deref(),
        ..Filter::default()
    };
    let blocks = decisions(found, &filter, now_ms);
    if blocks.is_empty() { none() } else { Ok(Json(blocks).into_response()) }
}

/// Bouncers tell what they did; nobody here wants to know yet, but they retry until someone takes it.
#[utoipa::path(
    post,
    path = "/v1/usage-metrics",
    tag = "crowdsec",
    operation_id = "crowdsec_usage",
    security(("bouncer" = [])),
    responses(
        (status = 201, description = "It was heard."),
        (status = 403, body = shapes::Message, description = "The key is missing, unknown, or of an edge."),
    ),
)]
pub(crate) async fn usage(_bouncer: Bouncer) -> StatusCode {
    StatusCode::CREATED
}
