//! The HTTP interface: which path is answered by whom, and what holds for every answer.

mod access;
mod body;
mod candidate;
mod crowdsec;
mod decisions;
mod feed;
mod graphql;
mod health;
mod limit;
mod metrics;
mod problem;
mod reload;
mod reports;
mod security;
mod websocket;
mod window;

pub(crate) use limit::{Limits, Peer};

use crate::clock::Clock;
use crate::config::Config;
use crate::decisions::Feed;
use crate::engine::EngineView;
use crate::ingest::Ingest;
use crate::jobs::Job;
use crate::metrics::Metrics;
use crate::reload::Reloads;
use crate::store::Store;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, delete, get, post};
use portcullis_report::DecisionBounds;
use problem::Problem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// What the handlers work with.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) ingest: Ingest,
    pub(crate) limits: Arc<Limits>,
    pub(crate) feed: Feed,
    pub(crate) engine: EngineView,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) reloads: Reloads,
    pub(crate) started: Instant,
}

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let patient = either(Router::new(), "/edge/v1/decisions", get(feed::show));
    let patient = patient.layer(middleware::from_fn_with_state(Arc::clone(&app), long_deadline));
    let reports = either(Router::new(), "/edge/v1/reports", post(reports::take));
    people()
        .layer(middleware::from_fn_with_state(Arc::clone(&app), limited))
        .merge(reports)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), deadline))
        .merge(patient)
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async || Problem::Method)
        .layer(CatchPanicLayer::custom(|_| Problem::Internal.into_response()))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(SetResponseHeaderLayer::overriding(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .with_state(app)
}

/// What people and their programs ask for, only so often.
fn people() -> Router<Arc<App>> {
    let routes = Router::new();
    let routes = either(routes, "/monitoring/graphql", get(graphql::show));
    let routes = either(routes, "/monitoring/graphql/candidate", get(candidate::show));
    let routes = either(routes, "/monitoring/health", get(health::show));
    let routes = either(routes, "/monitoring/metrics", get(metrics::show));
    let routes = either(routes, "/monitoring/security", get(security::show));
    let routes = either(routes, "/monitoring/websocket", get(websocket::show));
    let routes = either(routes, "/monitoring/reload", post(reload::wish));
    let of_all = get(decisions::show).post(decisions::add).delete(decisions::remove);
    let routes = either(routes, "/monitoring/decisions", of_all);
    let routes = either(routes, "/monitoring/decisions/{id}", delete(decisions::remove_one));
    let routes = either(routes, "/v1/decisions", get(crowdsec::ask));
    let routes = either(routes, "/v1/decisions/stream", get(crowdsec::stream));
    either(routes, "/v1/usage-metrics", post(crowdsec::usage))
}

/// The route with and without the trailing slash.
fn either(routes: Router<Arc<App>>, path: &'static str, methods: MethodRouter<Arc<App>>) -> Router<Arc<App>> {
    routes.route(path, methods.clone()).route(&format!("{path}/"), methods)
}

/// Whatever key a request comes with, its address may send only so many.
async fn limited(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match request.extensions().get::<Peer>().map_or(Ok(()), |peer| app.limits.take_address(*peer)) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn deadline(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    within(app.config.http.request_timeout, request, next).await
}

/// A caller who asked to wait gets the time to answer on top.
async fn long_deadline(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let wait = Duration::from_secs(DecisionBounds::WAIT_S);
    within(app.config.http.request_timeout.saturating_add(wait), request, next).await
}

async fn within(time: Duration, request: Request, next: Next) -> Response {
    tokio::time::timeout(time, next.run(request)).await.unwrap_or_else(|_| Problem::Deadline.into_response())
}
