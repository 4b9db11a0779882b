//! The HTTP interface: which path is answered by whom, and what holds for every answer.

mod access;
mod answer;
mod body;
mod candidate;
mod crowdsec;
mod decisions;
mod feed;
mod graphql;
mod health;
mod limit;
mod metrics;
mod openapi;
mod page;
mod problem;
mod reload;
mod reports;
mod security;
mod series;
mod text;
mod websocket;
mod window;

pub(crate) use limit::{Limits, Peer};
pub(crate) use openapi::text as document;

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
use portcullis_report::DecisionBounds;
use problem::Problem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

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

type Routes = OpenApiRouter<Arc<App>>;

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (people, reports, patient) = (served(people()), served(reports()), served(patient()));
    people
        .layer(middleware::from_fn(answer::conditional))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), limited))
        .merge(reports)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), deadline))
        .merge(patient.layer(middleware::from_fn_with_state(Arc::clone(&app), long_deadline)))
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async || Problem::Method)
        .layer(CatchPanicLayer::custom(|_| Problem::Internal.into_response()))
        .layer(SetResponseHeaderLayer::if_not_present(
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
fn people() -> Routes {
    let routes = Routes::new().routes(routes!(openapi::show));
    let routes = either(routes, routes!(graphql::show));
    let routes = either(routes, routes!(candidate::show));
    let routes = either(routes, routes!(health::show));
    let routes = either(routes, routes!(metrics::show));
    let routes = either(routes, routes!(security::show));
    let routes = either(routes, routes!(series::list, series::add));
    let routes = either(routes, routes!(series::show));
    let routes = either(routes, routes!(websocket::show));
    let routes = either(routes, routes!(reload::wish));
    let routes = either(routes, routes!(decisions::show, decisions::change::add, decisions::change::remove));
    let routes = either(routes, routes!(decisions::change::remove_one));
    let routes = either(routes, routes!(crowdsec::ask));
    let routes = either(routes, routes!(crowdsec::stream));
    either(routes, routes!(crowdsec::usage))
}

/// Where edges deliver.
fn reports() -> Routes {
    either(Routes::new(), routes!(reports::take))
}

/// Where edges wait.
fn patient() -> Routes {
    either(Routes::new(), routes!(feed::show))
}

/// The route as it is documented, and with the trailing slash that it lacks or without the one that it has.
fn either(routes: Routes, documented: UtoipaMethodRouter<Arc<App>>) -> Routes {
    let (_, paths, methods) = &documented;
    let other = paths.paths.keys().next().map(|path| match path.strip_suffix('/') {
        Some(bare) => bare.to_owned(),
        None => format!("{path}/"),
    });
    let methods = methods.clone();
    let routes = routes.routes(documented);
    match other {
        Some(other) => routes.route(&other, methods),
        None => routes,
    }
}

fn served(routes: Routes) -> Router<Arc<App>> {
    let (router, _) = routes.split_for_parts();
    router
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

#[cfg(test)]
mod tests;
