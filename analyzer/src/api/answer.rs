//! Answers that a caller may keep, and is told in a line when they still hold (RFC 9110 §13.1.2).
//!
//! A tag is strong where it is made of the answer's bytes. Where a window ends now, its borders move while the answer says the
//! same: there the tag is weak, and made of what it says without them.

use super::problem::Problem;
use super::window::Window;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

const JSON: &str = "application/json";
/// To be kept by the caller alone, and asked for again each time.
const KEPT: &str = "private, no-cache";
/// What is answered depends on who asks.
const BY_KEY: &str = "x-api-key, authorization";

/// An answer about a window that ends when it is asked for.
pub(crate) trait Timed: Serialize {
    /// What is another at another moment: the window, and what names the next page of it.
    fn times(&mut self) -> (&mut Window, &mut Option<String>);
}

/// An answer with its tag.
#[derive(Debug)]
pub(crate) struct Shown {
    body: Vec<u8>,
    content_type: &'static str,
    tag: String,
}

impl Shown {
    /// Tagged by its bytes.
    pub(crate) fn strong(answer: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self::text(bytes(answer)?, JSON))
    }

    /// Tagged by its bytes, of another type.
    pub(crate) fn text(body: impl Into<Vec<u8>>, content_type: &'static str) -> Self {
        let body = body.into();
        Self { tag: format!("\"{}\"", digest(&body)), body, content_type }
    }

    /// Tagged by what it says at whatever moment it is asked.
    pub(crate) fn weak(mut answer: impl Timed) -> Result<Self, Problem> {
        let body = bytes(&answer)?;
        let (window, next) = answer.times();
        *window = Window::default();
        *next = next.as_ref().map(|_| String::new());
        let tag = format!("W/\"{}\"", digest(&bytes(&answer)?));
        Ok(Self { body, content_type: JSON, tag })
    }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.content_type),
            (header::ETAG, &self.tag),
            (header::CACHE_CONTROL, KEPT),
            (header::VARY, BY_KEY),
        ];
        (headers, self.body).into_response()
    }
}

/// Who has the answer already is told so in place of it.
pub(crate) async fn conditional(request: Request, next: Next) -> Response {
    let had: Vec<_> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let response = next.run(request).await;
    let tag = response.headers().get(header::ETAG).filter(|_| response.status() == StatusCode::OK);
    if !tag.is_some_and(|tag| had.iter().any(|value| names(value, tag))) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// Whether the tag is in a list of tags; a weak one is as good as a strong one here. Our tags have no comma in them.
fn names(list: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(list), Ok(tag)) = (list.to_str(), tag.to_str()) else { return false };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.trim() == "*" || list.split(',').any(|had| opaque(had) == opaque(tag))
}

fn bytes(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|_| Problem::Internal)
}

fn digest(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list() {
        let check = |list: &str, expected: bool| {
            let tag = HeaderValue::from_static("W/\"ab\"");
            assert_eq!(names(&HeaderValue::from_str(list).unwrap(), &tag), expected, "{list}");
        };
        check("W/\"ab\"", true);
        check("\"ab\"", true);
        check("\"x\" , W/\"ab\",\"y\"", true);
        check("*", true);
        check("ab", false);
        check("\"abc\"", false);
        check("\"x\"", false);
        check("", false);
        check(",,,", false);
        assert!(!names(&HeaderValue::from_bytes(b"\xFF").unwrap(), &HeaderValue::from_static("\"a\"")));
    }
}
