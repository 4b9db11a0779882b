//! The answer to a refused request: a GraphQL response with one error and no `data`.

use crate::case::Case;
use crate::throttle;
use portcullis_cost::Cost;
use portcullis_policy::{Disclosure, Policy, Refusal, Switch, ValidationStatus};
use portcullis_report::{Reason, header};
use serde_json::{Map, Value, json};

const RETRY_AFTER: &str = "retry-after";

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

/// The answer to a refusal, as an array of `times` where each of a batch is told the same.
pub(crate) fn answer(
    refusal: &Refusal,
    times: Option<usize>,
    cost: Option<Cost>,
    case: &Case,
    policy: &Policy,
) -> Answer {
    let mut headers = vec![
        ("content-type", case.accepts.content_type().to_owned()),
        (header::CORRELATION_ID, case.correlation.as_str().to_owned()),
        // It is true of this request alone, and may be of no other a moment later.
        ("cache-control", "no-store".to_owned()),
    ];
    headers.extend(extra_header(refusal.reason, policy).map(|(name, value)| (name, value.to_owned())));
    headers.extend(wait_seconds(refusal.reason, case).map(|seconds| (RETRY_AFTER, seconds.to_string())));
    headers.extend(throttle::told(case, policy).into_iter().flat_map(throttle::answer_headers));
    let mut one = json!({ "errors": [error(refusal, policy)] });
    if let (Some(cost), Some(object)) = (throttle::cost(case, cost, policy), one.as_object_mut()) {
        object.insert("extensions".to_owned(), json!({ "cost": cost }));
    }
    let body = match times {
        None => one,
        Some(times) => Value::Array(vec![one; times]),
    };
    Answer { status: status(refusal.reason, policy), headers, body: body.to_string().into_bytes() }
}

/// A refusal as an error of GraphQL.
pub(crate) fn error(refusal: &Refusal, policy: &Policy) -> Map<String, Value> {
    let mut error = Map::new();
    error.insert("message".to_owned(), json!(refusal.reason.message()));
    if let Some(position) = refusal.position {
        error.insert("locations".to_owned(), json!([{ "line": position.line, "column": position.column }]));
    }
    error.insert("extensions".to_owned(), Value::Object(extensions(refusal, policy.responses.disclosure)));
    error
}

fn status(reason: Reason, policy: &Policy) -> u16 {
    match (policy.responses.validation_status, reason.is_validation()) {
        (ValidationStatus::UnprocessableContent, true) => 422,
        (ValidationStatus::UnprocessableContent, false) | (ValidationStatus::BadRequest, _) => {
            reason.status()
        }
    }
}

/// When the client may come again: a throttle knows, unless others always were first, and of what is only full nobody does.
fn wait_seconds(reason: Reason, case: &Case) -> Option<u64> {
    case.throttled.wait_seconds().or((reason.status() == 429).then_some(1))
}

/// The header that the status asks for beyond those of every answer.
fn extra_header(reason: Reason, policy: &Policy) -> Option<(&'static str, &'static str)> {
    match (reason.status(), policy.transports.get) {
        (405, Switch::On) if reason == Reason::Method => Some(("allow", "GET, POST")),
        (405, Switch::On | Switch::Off) => Some(("allow", "POST")),
        (426, _) => Some(("sec-websocket-version", "13")),
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
    use crate::correlation::CorrelationId;

    fn case() -> Case {
        let mut case = Case::unknown(&Policy::parse("").unwrap());
        case.correlation = CorrelationId::parse(b"id").unwrap();
        case
    }

    #[track_caller]
    fn check(refusal: Refusal, policy: &str, status: u16, expected: &str) {
        let answer = answer(&refusal, None, None, &case(), &Policy::parse(policy).unwrap());
        assert_eq!((answer.status, String::from_utf8(answer.body).unwrap()), (status, expected.to_owned()));
    }

    #[test]
    fn a_limit_is_told_unless_the_policy_hides_it() {
        let refusal = Refusal::beyond(Reason::Depth, 15, 40);
        check(
            refusal,
            "",
            400,
            r#"{"errors":[{"extensions":{"actual":40,"code":"MAX_DEPTH_EXCEEDED","limit":15},"message":"The operation is too deep."}]}"#,
        );
        check(
            refusal,
            "responses: {expose_limits: false}",
            400,
            r#"{"errors":[{"extensions":{"code":"MAX_DEPTH_EXCEEDED"},"message":"The operation is too deep."}]}"#,
        );
    }

    #[test]
    fn cost_is_told_as_estimated_and_max() {
        check(
            Refusal::beyond(Reason::Cost, 5_000, 90_000),
            "",
            400,
            r#"{"errors":[{"extensions":{"code":"COST_ESTIMATED_TOO_EXPENSIVE","cost":{"estimated":90000,"max":5000}},"message":"The operation is too expensive."}]}"#,
        );
    }

    #[test]
    fn an_unknown_hash_is_answered_as_clients_expect_it() {
        check(
            Refusal::because(Reason::PersistedQuery),
            "",
            200,
            r#"{"errors":[{"extensions":{"code":"PERSISTED_QUERY_NOT_FOUND"},"message":"PersistedQueryNotFound"}]}"#,
        );
    }

    #[test]
    fn no_answer_is_kept_by_caches() {
        for reason in Reason::ALL {
            let answer = answer(&Refusal::because(*reason), None, None, &case(), &Policy::parse("").unwrap());
            let said: Vec<_> = answer.headers.iter().filter(|(name, _)| *name == "cache-control").collect();
            assert_eq!(said, [&("cache-control", "no-store".to_owned())], "{reason:?}");
        }
    }

    #[test]
    fn each_of_a_batch_is_told_that_its_hash_is_unknown() {
        let policy = Policy::parse("").unwrap();
        let answer = answer(&Refusal::because(Reason::PersistedQuery), Some(2), None, &case(), &policy);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let messages: Vec<_> =
            body.as_array().unwrap().iter().map(|one| &one["errors"][0]["message"]).collect();
        assert_eq!(messages, ["PersistedQueryNotFound"; 2]);
    }

    #[test]
    fn who_comes_too_often_is_told_when_to_come_again_also_where_nobody_knows() {
        for reason in Reason::ALL.iter().copied().filter(|reason| reason.status() == 429) {
            let answer = answer(&Refusal::because(reason), None, None, &case(), &Policy::parse("").unwrap());
            let told: Vec<_> = answer.headers.iter().filter(|(name, _)| *name == RETRY_AFTER).collect();
            assert_eq!(told, [&(RETRY_AFTER, "1".to_owned())], "{reason:?}");
        }
    }

    #[test]
    fn a_profile_may_answer_422_to_what_servers_refuse_while_validating() {
        let status = |reason| {
            let policy = Policy::parse("responses: {validation_status: 422}").unwrap();
            answer(&Refusal::because(reason), None, None, &case(), &policy).status
        };
        assert_eq!((status(Reason::Depth), status(Reason::Syntax), status(Reason::Method)), (422, 400, 405));
    }

    #[track_caller]
    fn allows(reason: Reason, policy: &str, expected: &str) {
        let answer = answer(&Refusal::because(reason), None, None, &case(), &Policy::parse(policy).unwrap());
        assert!(answer.headers.contains(&("allow", expected.to_owned())), "{:?}", answer.headers);
        assert!(answer.headers.contains(&("x-correlation-id", "id".to_owned())));
    }

    #[test]
    fn a_method_that_is_not_allowed_names_those_that_are() {
        allows(Reason::Method, "", "GET, POST");
        allows(Reason::Method, "graphql: {transports: {get: false}}", "POST");
        allows(Reason::GetMutation, "", "POST");
    }
}
