//! What a response gives back to the throttles: what it is known not to have cost, and nothing else.

use super::*;
use portcullis_cost::Cost;

const SETTLED: &str = "
responses: {actual_cost: true}
throttles: {rules: [{name: spent, per: client, unit: cost, capacity: 30, refill: 1, window_ms: 86400000}]}
";
const LOGIN: &str = r#"{"query":"mutation { login(password: \"guess\") { token } }"}"#;
const ANSWER: (&str, &str) = ("content-type", "application/json");

/// How many of twenty attempts pass when each is answered like this.
fn pass(attempt: &str, status: &str, answer: &str) -> usize {
    let mut stream = Stream::under(SETTLED);
    let passes = |_: &usize| {
        if post(&mut stream, attempt).flow != Flow::Continue {
            return false;
        }
        stream.response(&[(":status", status), ANSWER], More::Follows);
        stream.response_body(answer.as_bytes(), More::Ended);
        stream.on(Input::StreamEnded);
        true
    };
    (0..20).take_while(passes).count()
}

/// How many pass when nothing is known of the answers.
fn estimated(attempt: &str) -> usize {
    let mut stream = Stream::under(SETTLED);
    (0..20).take_while(|_| post(&mut stream, attempt).flow == Flow::Continue).count()
}

#[test]
fn guessing_is_charged_however_it_is_answered() {
    let expected = estimated(LOGIN);
    assert!((1..20).contains(&expected), "{expected}");
    for (status, answer) in [
        ("200", r#"{"data":null,"errors":[{"message":"no"}]}"#),
        ("200", r#"{"errors":[{"message":"no"}],"data":null}"#),
        ("200", r#"{"errors":[{"message":"no"}]}"#),
        ("200", r#"{"message":"no"}"#),
        ("200", r#"{"data":[],"errors":[]}"#),
        ("200", r#"{"data":7}"#),
        ("200", "{}"),
        ("401", r#"{"data":{}}"#),
        ("500", r#"{"data":{}}"#),
        ("302", r#"{"data":{}}"#),
        ("nonsense", r#"{"data":{}}"#),
    ] {
        assert_eq!(pass(LOGIN, status, answer), expected, "{status} {answer}");
    }
    // Nor where the field itself may be null: it was resolved.
    let null = r#"{"data":{"login":null},"errors":[{"message":"no"}]}"#;
    assert!(pass(LOGIN, "200", null) <= expected + 1);
    // A list of ten attempts is none the cheaper.
    let many: String = (0..10).map(|n| format!("a{n}: login(password: \\\"{n}\\\") {{ token }} ")).collect();
    let many = format!(r#"{{"query":"mutation {{ {many} }}"}}"#);
    let refused = r#"{"data":null,"errors":[{"message":"no"}]}"#;
    assert_eq!(pass(&many, "200", refused), estimated(&many));
}

#[test]
fn a_response_that_has_data_is_worth_what_it_has() {
    let list = r#"{"query":"{ users(first: 25) { id } }"}"#;
    assert_eq!(estimated(list), 1);
    for status in ["200", "203", "299"] {
        assert!(pass(list, status, r#"{"data":{"users":[]}}"#) > 5, "{status}");
    }
}

#[test]
fn of_a_batch_each_is_known_or_not() {
    let mut stream = Stream::under("responses: {actual_cost: true}");
    post(&mut stream, &format!("[{HONEST},{HONEST}]"));
    stream.response(&[ANSWER], More::Follows);
    let list = stream.response_body(br#"[{"data":null},{"data":{"me":{"id":"1"}}}]"#, More::Ended).list;
    let actual: Vec<Option<Cost>> = events(&list).map(|event| event.actual).collect();
    let [None, Some(known)] = actual.as_slice() else { panic!("{actual:?}") };
    assert!(*known > Cost::ZERO);
}
