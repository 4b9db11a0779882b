//! Bodies of requests: plain JSON of a bounded size that arrives in time, and what is wrong with one that is not.

use super::problem::{Problem, excerpt};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use portcullis_framing::{ContentType, content_type};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::error::Error as _;
use std::time::Duration;

/// Bytes of a body at most: what an edge may report (`portcullis_report::Bounds`), and what people may send.
pub(crate) const BYTES: usize = portcullis_report::Bounds::REPORT_BYTES;

/// What the headers say must be plain JSON within the limit.
pub(crate) fn check_headers(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (types.next().map(|value| content_type(value.as_bytes())), types.next()) {
        (Some(ContentType::Json), None) => {}
        (Some(_) | None, _) => return Err(Problem::MediaType),
    }
    let identity = |value: &header::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(identity) {
        return Err(Problem::Encoding);
    }
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(Problem::TooLarge { limit });
    }
    Ok(())
}

/// The whole body; reading stops at the bound, whatever the length was said to be.
pub(crate) async fn read(body: Body, limit: usize, timeout: Duration) -> Result<Bytes, Problem> {
    let reading = axum::body::to_bytes(body, limit);
    let outcome = tokio::time::timeout(timeout, reading).await.map_err(|_| Problem::SlowBody)?;
    outcome.map_err(|error| {
        let limited = error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if limited { Problem::TooLarge { limit } } else { Problem::BrokenBody }
    })
}

/// One value and nothing after it, with the path of what is wrong.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8], unfit: fn(String) -> Problem) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        match error.inner().classify() {
            Category::Data => unfit(excerpt(&error)),
            Category::Io | Category::Syntax | Category::Eof => Problem::NotJson(excerpt(error.inner())),
        }
    })?;
    deserializer.end().map_err(|error| Problem::NotJson(excerpt(&error)))?;
    Ok(value)
}
