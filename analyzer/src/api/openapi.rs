//! `GET /monitoring/openapi.json`: every route, for programs that make clients of it.
//!
//! The document is made of the routes themselves, so that neither can have what the other has not; without a key, since
//! it says nothing of what the service holds.

mod complete;
pub(crate) mod shapes;

use super::answer::Shown;
use super::problem::told;
use super::{patient, people, reports};
use std::sync::LazyLock;
use utoipa::openapi::OpenApi;

/// The document as it is sent.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});

/// This document.
#[utoipa::path(
    get,
    path = "/monitoring/openapi.json",
    tag = "monitoring",
    operation_id = "openapi",
    responses((status = 200, body = serde_json::Value, description = "OpenAPI."), told::Unchanged),
)]
pub(crate) async fn show() -> Shown {
    Shown::text(text(), "application/json")
}

/// The text of the document.
pub(crate) fn text() -> &'static str {
    &TEXT
}

/// Every route, with what all of them have in common.
pub(super) fn document() -> OpenApi {
    complete::complete(people().merge(reports()).merge(patient()).into_openapi())
}
