//! What the worker is told of a client beside the verdict: what the upstream said, and what was never finished.

use super::*;
use portcullis_gate::{ClientEvent, ClientNews, Found, Outcome};
use portcullis_report::{Failure, Identity, OperationKind, StatusClass};

const ANSWER: (&str, &str) = ("content-type", "application/json");
const COUNTING: &str = "responses: {count_errors: true}";
const LOGIN: &str = r#"{"query":"mutation Login { login(user: \"a\", password: \"b\") { token } }"}"#;
const REFUSED: &str = r#"{"data":null,"errors":[{"message":"no","extensions":{"code":"INVALID_CREDENTIALS"}},{"message":"b"}]}"#;

fn told<'e>(list: &'e [Effect]) -> Vec<&'e ClientEvent> {
    let client = |effect: &'e Effect| match effect {
        Effect::Client(event) => Some(&**event),
        _ => None,
    };
    list.iter().filter_map(client).collect()
}

fn outcome(list: &[Effect]) -> &Outcome {
    let [ClientEvent { news: ClientNews::Answered(outcome), .. }] = told(list)[..] else {
        panic!("{list:?}")
    };
    outcome
}

/// What comes of a request whose upstream answers this.
fn answered(stream: &mut Stream, request: &str, status: &str, body: &str) -> Vec<Effect> {
    post(stream, request);
    let mut list = stream.response(&[(":status", status), ANSWER], More::Follows).list;
    list.extend(stream.response_body(body.as_bytes(), More::Ended).list);
    list.extend(stream.on(Input::StreamEnded).list);
    list
}

#[test]
fn errors_of_the_upstream_are_told_by_its_own_codes() {
    let mut stream = Stream::under(COUNTING);
    let list = answered(&mut stream, LOGIN, "200", REFUSED);
    let Outcome { status, suggestions, failures, merged } = outcome(&list);
    assert_eq!((status, suggestions, merged), (&None, &0, &0));
    let codes: Vec<_> = failures.iter().map(|found| (found.code.as_str(), found.count)).collect();
    assert_eq!(codes, [("INVALID_CREDENTIALS", 1), ("OTHER", 1)]);
    let Found { kind, operation, shape, .. } = &failures[0];
    assert_eq!((kind, operation.as_str(), shape.is_some()), (&OperationKind::Mutation, "Login", true));
    let who = &told(&list)[0].who;
    assert_eq!((who.address, who.identity), (Some([192, 0, 2, 7].into()), Identity::Anyone));
}

#[test]
fn each_error_of_a_batch_is_that_of_its_operation() {
    let mut stream = Stream::under(COUNTING);
    let batch = r#"[{"query":"query A { a }"},{"query":"query B { b }"}]"#;
    let body = r#"[{"data":{"a":1}},{"errors":[{"message":"x","extensions":{"code":"FORBIDDEN"}}]}]"#;
    let list = answered(&mut stream, batch, "200", body);
    assert_eq!(outcome(&list).failures[0].operation, "B");
}

#[test]
fn a_status_says_it_where_no_error_does() {
    for (status, expected) in [("401", StatusClass::Client), ("503", StatusClass::Server)] {
        let mut stream = Stream::under(COUNTING);
        post(&mut stream, HONEST);
        let list = stream.response(&[(":status", status)], More::Ended).list;
        assert_eq!(outcome(&list).status, Some(expected));
        assert_eq!(outcome(&list).failures[0].code, expected.code());
    }
}

#[test]
fn a_cut_suggestion_is_told() {
    for policy in
        ["responses: {strip_suggestions: true}", "responses: {strip_suggestions: true, count_errors: true}"]
    {
        a_cut_suggestion_is_told_under(policy);
    }
}

fn a_cut_suggestion_is_told_under(policy: &str) {
    let mut stream = Stream::under(policy);
    let body = r#"{"errors":[{"message":"Cannot query field \"usr\". Did you mean \"user\"?"}]}"#;
    let list = answered(&mut stream, HONEST, "400", body);
    assert_eq!((outcome(&list).suggestions, outcome(&list).status), (1, Some(StatusClass::Client)));
    let [Found { code, shape, .. }] = &outcome(&list).failures[..] else { panic!("{list:?}") };
    assert_eq!((code.as_str(), shape.is_some()), (Failure::SUGGESTION, true));
}

#[test]
fn of_what_went_well_nothing_is_told() {
    for policy in ["", COUNTING, "responses: {strip_suggestions: true}"] {
        let mut stream = Stream::under(policy);
        let list = answered(&mut stream, HONEST, "200", r#"{"data":{"me":{"id":1}}}"#);
        assert_eq!(told(&list), Vec::<&ClientEvent>::new());
    }
    let mut stream = Stream::new();
    assert_eq!(told(&answered(&mut stream, LOGIN, "401", REFUSED)), Vec::<&ClientEvent>::new());
}

#[test]
fn a_request_that_was_never_finished_is_told_and_one_that_was_refused_is_told_as_that() {
    let mut stream = Stream::new();
    stream.post();
    stream.body(br#"{"query":"#, More::Follows);
    let list = stream.on(Input::StreamEnded).list;
    assert_eq!(told(&list)[0].news, ClientNews::Unfinished);
    let mut refused = Stream::new();
    refused.headers("POST", "/graphql", More::Follows, &[("content-type", "text/plain")]);
    let list = refused.on(Input::StreamEnded).list;
    assert_eq!(told(&list), Vec::<&ClientEvent>::new());
    assert!(events(&list).any(|event| event.refusal.is_some()), "{list:?}");
    let mut elsewhere = Stream::new();
    elsewhere.headers("POST", "/other", More::Follows, &[]);
    assert_eq!(elsewhere.on(Input::StreamEnded).list, []);
}

#[test]
fn who_is_authenticated_is_told_with_the_verdict() {
    let policy = "clients: {identity: [{jwt: {claim: [sub]}}, {header: x-client}]}";
    let mut stream = Stream::under(policy);
    stream.properties = vec![Some(b"alice".to_vec())];
    assert_eq!(event(&post(&mut stream, HONEST)).identity, Identity::Authenticated);
    stream.properties = vec![None];
    assert_eq!(event(&post(&mut stream, HONEST)).identity, Identity::Anyone);
}
