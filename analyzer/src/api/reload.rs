//! `POST /monitoring/reload/`: has the configuration read again, for whoever runs the analyzer.

use super::App;
use super::access;
use super::problem::{Problem, told};
use crate::key::Role;
use crate::reload::{Applied, Refusal};
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use std::sync::Arc;

/// The request comes with the key of an admin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admin;

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        match access::role(&parts.headers, app).await? {
            Role::Admin => Ok(Self),
            Role::Viewer | Role::Operator | Role::Edge => Err(Problem::AdminsOnly),
        }
    }
}

/// Has the configuration read again; what is wrong with it changes nothing.
#[utoipa::path(
    post,
    path = "/monitoring/reload/",
    tag = "monitoring",
    operation_id = "reload",
    security(("admin" = [])),
    responses((status = 200, body = Applied, description = "It holds from here on."), told::NoReload),
)]
pub(crate) async fn wish(_admin: Admin, State(app): State<Arc<App>>) -> Result<Json<Applied>, Problem> {
    match app.reloads.wish().await {
        Ok(applied) => Ok(Json(applied)),
        Err(Refusal::NoFile) => Err(Problem::NoConfiguration),
        Err(Refusal::Ending) => Err(Problem::Overloaded),
        Err(
            refusal @ (Refusal::Config(_) | Refusal::Tls(_) | Refusal::CrowdSecKey(_) | Refusal::CrowdSec(_)),
        ) => Err(Problem::Configuration(refusal.to_string())),
    }
}
