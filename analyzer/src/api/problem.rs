//! What the API says when it does not do what was asked: RFC 9457 problem details.
//!
//! A problem names its type, its status and the reason; it never tells what the caller may not know.

pub(crate) mod told;

use super::text::Text;
use crate::store::StoreError;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("There is nothing at this path.")]
    NotFound,
    #[error("This path does not take the method; see the Allow header.")]
    Method,
    #[error("A key is needed: send `X-Api-Key: <key>` or `Authorization: Bearer <key>`, one of them.")]
    NoKey,
    #[error("The key is unknown or revoked; `portcullis keys add` makes one.")]
    UnknownKey,
    #[error(
        "Only a key of the role edge delivers reports and fetches decisions; `portcullis keys add --role edge` makes one."
    )]
    EdgesOnly,
    #[error("Edges have to show a certificate of an issuer in `tls.edge_ca` here, beside their key.")]
    NoCertificate,
    #[error("A key of the role edge reads nothing; `portcullis keys add --role viewer` makes one that does.")]
    ReadersOnly,
    #[error("The key's role only reads; `portcullis keys add --role operator` makes one that acts.")]
    OperatorsOnly,
    #[error("Only a key of the role admin may do this; `portcullis keys add --role admin` makes one.")]
    AdminsOnly,
    #[error("The service was started without --config, so there is nothing to read again.")]
    NoConfiguration,
    #[error("The configuration stays as it was: {0}")]
    Configuration(String),
    #[error("The content type must be application/json in UTF-8.")]
    MediaType,
    #[error("The content must not be encoded.")]
    Encoding,
    #[error("The body may have at most {limit} bytes.")]
    TooLarge { limit: usize },
    #[error("The body did not arrive in time.")]
    SlowBody,
    #[error("The body did not arrive whole.")]
    BrokenBody,
    #[error("The body is not one JSON value: {0}")]
    NotJson(String),
    #[error("The body is not a report: {0}")]
    NotReport(String),
    #[error("The body does not say what to decide: {0}")]
    NotDecisions(String),
    #[error("No more than {} decisions can hold at once; remove some first.", crate::store::MOST)]
    TooManyDecisions,
    #[error("The body is no series: {0}")]
    NotSeries(String),
    #[error(
        "No more than {} series are kept at once; they are forgotten when nothing is sent of them for as long as reports are kept.",
        crate::store::MOST_SERIES
    )]
    TooManySeries,
    #[error("The query is wrong: {0}")]
    Query(String),
    #[error("This is more than one caller may ask; come back in {seconds} s.")]
    TooMany { seconds: u64 },
    #[error("Too much is going on; try again.")]
    Overloaded,
    #[error("The answer took too long; try again, or ask for less.")]
    Deadline,
    #[error("Something went wrong here; the log says more.")]
    Internal,
}

/// Why a request was not served (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
struct Details {
    /// `urn:portcullis:problem:` and what is wrong.
    r#type: Text,
    title: &'static str,
    status: u16,
    /// What to do about it, for people.
    detail: Text,
}

impl Problem {
    /// Status, the last part of the type, title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method", "Method not allowed"),
            Self::NoKey | Self::UnknownKey => (StatusCode::UNAUTHORIZED, "key", "No valid key"),
            Self::EdgesOnly | Self::ReadersOnly | Self::OperatorsOnly | Self::AdminsOnly => {
                (StatusCode::FORBIDDEN, "role", "Wrong role")
            }
            Self::NoConfiguration => (StatusCode::CONFLICT, "no-configuration", "No configuration file"),
            Self::Configuration(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "configuration", "Wrong configuration")
            }
            Self::NoCertificate => (StatusCode::FORBIDDEN, "certificate", "No certificate"),
            Self::MediaType | Self::Encoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Unsupported media type")
            }
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Content too large"),
            Self::SlowBody => (StatusCode::REQUEST_TIMEOUT, "slow-body", "Request timeout"),
            Self::BrokenBody => (StatusCode::BAD_REQUEST, "broken-body", "Incomplete content"),
            Self::NotJson(_) => (StatusCode::BAD_REQUEST, "json", "Invalid JSON"),
            Self::NotReport(_) => (StatusCode::UNPROCESSABLE_ENTITY, "report", "Invalid report"),
            Self::NotDecisions(_) => (StatusCode::UNPROCESSABLE_ENTITY, "decisions", "Invalid decisions"),
            Self::TooManyDecisions => (StatusCode::CONFLICT, "too-many-decisions", "Too many decisions"),
            Self::NotSeries(_) => (StatusCode::UNPROCESSABLE_ENTITY, "series", "Invalid series"),
            Self::TooManySeries => (StatusCode::CONFLICT, "too-many-series", "Too many series"),
            Self::Query(_) => (StatusCode::BAD_REQUEST, "query", "Invalid query"),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Overloaded"),
            Self::Deadline => (StatusCode::SERVICE_UNAVAILABLE, "deadline", "Too slow"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }

    /// The header that the status calls for.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::NoKey => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="portcullis""#)))
            }
            Self::UnknownKey => Some((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(r#"Bearer realm="portcullis", error="invalid_token""#),
            )),
            Self::TooMany { seconds } => Some((header::RETRY_AFTER, HeaderValue::from(*seconds))),
            Self::Overloaded | Self::Deadline => Some((header::RETRY_AFTER, HeaderValue::from_static("1"))),
            // The next connection may come with one.
            Self::NoCertificate => Some((header::CONNECTION, HeaderValue::from_static("close"))),
            Self::NotFound
            | Self::Method
            | Self::EdgesOnly
            | Self::AdminsOnly
            | Self::NoConfiguration
            | Self::Configuration(_)
            | Self::ReadersOnly
            | Self::OperatorsOnly
            | Self::NotDecisions(_)
            | Self::TooManyDecisions
            | Self::NotSeries(_)
            | Self::TooManySeries
            | Self::MediaType
            | Self::Encoding
            | Self::TooLarge { .. }
            | Self::SlowBody
            | Self::BrokenBody
            | Self::NotJson(_)
            | Self::NotReport(_)
            | Self::Query(_)
            | Self::Internal => None,
        }
    }

    /// Whether sending the same again may help.
    pub(crate) fn is_temporary(&self) -> bool {
        let (status, ..) = self.kind();
        status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, kind, title) = self.kind();
        let details = Details {
            r#type: Text::free(format!("urn:portcullis:problem:{kind}")),
            title,
            status: status.as_u16(),
            // It repeats what the caller sent.
            detail: Text::free(self.to_string()),
        };
        let mut response = (status, axum::Json(details)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.header());
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Overloaded,
            StoreError::Unreachable(_) => {
                tracing::warn!(%error, "a request was put off");
                Self::Overloaded
            }
            StoreError::Full
            | StoreError::Closed
            | StoreError::Later
            | StoreError::Foreign
            | StoreError::Fenced
            | StoreError::Lock(_)
            | StoreError::Failed(_) => {
                tracing::error!(%error, "a request failed");
                Self::Internal
            }
        }
    }
}

/// The message of a parser, cut: it repeats what the caller sent, however long.
pub(crate) fn excerpt(message: &impl ToString) -> String {
    const CHARS: usize = 240;
    let message = message.to_string();
    let mut cut: String = message.chars().take(CHARS).collect();
    if cut.len() < message.len() {
        cut.push('…');
    }
    cut
}
