//! The answer to a refused request: a GraphQL response with one error and no `data`.

use crate::correlation::CorrelationId;
use portcullis_framing::Accepts;
use portcullis_policy::{Disclosure, Refusal};
use portcullis_report::{Reason, header};
use serde_json::{Map, Value, json};

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

pub(crate) fn answer(
    refusal: &Refusal,
    accepts: Accepts,
    correlation: &CorrelationId,
    disclosure: Disclosure,
) -> Answer {
    let mut headers = vec![
        ("content-type", accepts.content_type().to_owned()),
        (header::CORRELATION_ID, correlation.as_str().to_owned()),
    ];
    headers.extend(extra_header(refusal.reason).map(|(name, value)| (name, value.to_owned())));
    let mut error = Map::new();
    error.insert("message".to_owned(), json!(refusal.reason.message()));
    if let Some(position) = refusal.position {
        error.insert("locations".to_owned(), json!([{ "line": position.line, "column": position.column }]));
    }
    error.insert("extensions".to_owned(), Value::Object(extensions(refusal, disclosure)));
    let body = json!({ "errors": [error] }).to_string().into_bytes();
    Answer { status: refusal.reason.status(), headers, body }
}

/// The header that the status asks for beyond those of every answer.
fn extra_header(reason: Reason) -> Option<(&'static str, &'static str)> {
    match reason.status() {
        405 => Some(("allow", "POST")),
        429 => Some(("retry-after", "1")),
        200 => Some(("cache-control", "private, no-cache, must-revalidate")),
        _ => None,
    }
}

fn extensions(refusal: &Refusal, disclosure: Disclosure) -> Map<String, Value> {
    let mut extensions = Map::new();
    extensions.insert("code".to_owned(), json!(refusal.reason.code()));
    match (disclosure, refusal.limit, refusal.actual) {
        (Disclosure::Limits, Some(limit), Some(actual)) if refusal.reason == Reason::Cost => {
            extensions.insert("cost".to_owned(), json!({ "estimated": actual, "max": limit }));
        }
        (Disclosure::Limits, limit, actual) => {
            extensions.extend(limit.map(|limit| ("limit".to_owned(), json!(limit))));
            extensions.extend(actual.map(|actual| ("actual".to_owned(), json!(actual))));
        }
        (Disclosure::Reason, _, _) => (),
    }
    extensions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(refusal: Refusal, disclosure: Disclosure, status: u16, expected: &str) {
        let id = CorrelationId::parse(b"id").unwrap();
        let answer = answer(&refusal, Accepts::Json, &id, disclosure);
        assert_eq!((answer.status, String::from_utf8(answer.body).unwrap()), (status, expected.to_owned()));
    }

    #[test]
    fn a_limit_is_told_unless_the_policy_hides_it() {
        let refusal = Refusal::beyond(Reason::Depth, 15, 40);
        check(
            refusal,
            Disclosure::Limits,
            400,
            r#"{"errors":[{"extensions":{"actual":40,"code":"MAX_DEPTH_EXCEEDED","limit":15},"message":"The operation is too deep."}]}"#,
        );
        check(
            refusal,
            Disclosure::Reason,
            400,
            r#"{"errors":[{"extensions":{"code":"MAX_DEPTH_EXCEEDED"},"message":"The operation is too deep."}]}"#,
        );
    }

    #[test]
    fn cost_is_told_as_estimated_and_max() {
        check(
            Refusal::beyond(Reason::Cost, 5_000, 90_000),
            Disclosure::Limits,
            400,
            r#"{"errors":[{"extensions":{"code":"COST_ESTIMATED_TOO_EXPENSIVE","cost":{"estimated":90000,"max":5000}},"message":"The operation is too expensive."}]}"#,
        );
    }

    #[test]
    fn an_unknown_hash_is_answered_as_clients_expect_it() {
        check(
            Refusal::because(Reason::PersistedQuery),
            Disclosure::Limits,
            200,
            r#"{"errors":[{"extensions":{"code":"PERSISTED_QUERY_NOT_FOUND"},"message":"PersistedQueryNotFound"}]}"#,
        );
    }

    #[test]
    fn a_method_that_is_not_allowed_names_the_one_that_is() {
        let id = CorrelationId::parse(b"id").unwrap();
        let answer = answer(&Refusal::because(Reason::Method), Accepts::Json, &id, Disclosure::Limits);
        assert!(answer.headers.contains(&("allow", "POST".to_owned())));
        assert!(answer.headers.contains(&("x-correlation-id", "id".to_owned())));
    }
}
