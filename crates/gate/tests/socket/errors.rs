//! Errors that a server tells on a socket, counted and told of the client.

use crate::wire::{deflated, masked, plain};
use crate::{Carries, Line, NEW, OLD, Outcome, start};
use portcullis_gate::{ClientNews, Deflate, Effect, Found, Terms};
use portcullis_report::{ErrorCode, Metric, OperationKind};

const POLICY: &str = "responses: {count_errors: true}";
const LOGIN: &str = "mutation Login { login(user: \"a\", password: \"b\") { token } }";
const ERRORS: &str =
    r#"[{"message":"no","extensions":{"code":"INVALID_CREDENTIALS"}},{"message":"x"},{"message":"y"}]"#;

fn failures(outcome: &Outcome) -> Vec<Found> {
    let news = outcome.list.iter().filter_map(|effect| match effect {
        Effect::Client(event) => Some(event.news.clone()),
        _ => None,
    });
    let found = news.flat_map(|news| match news {
        ClientNews::Answered(outcome) => outcome.failures,
        ClientNews::Unfinished => Vec::new(),
    });
    found.collect()
}

fn counted(outcome: &Outcome) -> u64 {
    let counts = outcome.list.iter().filter_map(|effect| match effect {
        Effect::Count(Metric::ResponseErrors(_), count) => Some(*count),
        _ => None,
    });
    counts.sum()
}

fn codes(found: &[Found]) -> Vec<(&str, u64)> {
    found.iter().map(|found| (found.code.as_str(), found.count)).collect()
}

fn login(policy: &str, carries: Carries) -> Line {
    let mut line = Line::ready(policy, carries);
    assert_eq!(line.text(&start(carries, "1", LOGIN)).refused(), None);
    line
}

#[test]
fn f42_logins_that_fail_on_a_socket_are_told_of_the_client() {
    for (carries, kind) in [(NEW, "next"), (OLD, "data")] {
        let mut line = login(POLICY, carries);
        let text = format!(r#"{{"id":"1","type":"{kind}","payload":{{"data":null,"errors":{ERRORS}}}}}"#);
        let outcome = line.server_text(&text);
        assert_eq!(outcome.client, [format!("text {text}")], "it passes as it is");
        let found = failures(&outcome);
        assert_eq!((codes(&found), counted(&outcome)), (vec![("INVALID_CREDENTIALS", 1), ("OTHER", 2)], 3));
        let Found { kind, operation, shape, .. } = &found[0];
        assert_eq!((kind, operation.as_str()), (&OperationKind::Mutation, "Login"));
        assert!(shape.is_some());
    }
}

#[test]
fn what_fails_as_a_whole_is_told_too() {
    let mut line = login(POLICY, NEW);
    let outcome = line.server_text(&format!(r#"{{"id":"1","type":"error","payload":{ERRORS}}}"#));
    assert_eq!(codes(&failures(&outcome)), [("INVALID_CREDENTIALS", 1), ("OTHER", 2)]);
    assert_eq!(failures(&outcome)[0].operation, "Login");
    let mut line = login(POLICY, OLD);
    let outcome = line.server_text(r#"{"type":"error","id":"1","payload":{"message":"no"}}"#);
    assert_eq!((codes(&failures(&outcome)), counted(&outcome)), (vec![("OTHER", 1)], 1));
    let other = Effect::Count(Metric::ResponseErrors(ErrorCode::named("")), 1);
    assert!(outcome.list.contains(&other));
}

#[test]
fn compressed_messages_and_those_in_pieces_are_read_too() {
    let mut line = Line::open_as(POLICY, Terms { carries: NEW, deflate: Deflate::Offered });
    line.text(r#"{"type":"connection_init"}"#);
    line.server_text(r#"{"type":"connection_ack"}"#);
    line.say(&masked(0xc1, &deflated(start(NEW, "1", LOGIN).as_bytes())));
    let text = format!(r#"{{"id":"1","type":"next","payload":{{"errors":{ERRORS}}}}}"#);
    for bytes in [plain(0xc1, &deflated(text.as_bytes())), plain(0x81, text.as_bytes())] {
        let mut outcome = Outcome::default();
        for byte in bytes {
            outcome.list.extend(line.answer(&[byte]).list);
        }
        assert_eq!(codes(&failures(&outcome)), [("INVALID_CREDENTIALS", 1), ("OTHER", 2)]);
    }
}

#[test]
fn what_is_no_error_is_not_told_and_nothing_where_nobody_asks() {
    let text = format!(r#"{{"id":"1","type":"next","payload":{{"errors":{ERRORS}}}}}"#);
    let outcome = login("", NEW).server_text(&text);
    assert_eq!((failures(&outcome).len(), counted(&outcome)), (0, 0));
    let mut line = login(POLICY, NEW);
    for text in [
        r#"{"id":"1","type":"next","payload":{"data":{"errors":[{"message":"x"}]}}}"#.to_owned(),
        format!(r#"{{"type":"pong","payload":{{"errors":{ERRORS}}}}}"#),
        r#"{"id":"1","type":"complete"}"#.to_owned(),
    ] {
        let outcome = line.server_text(&text);
        assert_eq!((failures(&outcome).len(), counted(&outcome)), (0, 0), "{text}");
    }
    // Of what nobody knows only that it failed.
    let found = failures(&line.server_text(&text));
    assert_eq!((found[0].kind, found[0].operation.as_str()), (OperationKind::Unknown, "-"));
}

#[test]
fn names_are_kept_of_few_and_counts_of_all() {
    let mut line = Line::ready(POLICY, NEW);
    for number in 0..20 {
        let query = LOGIN.replace("Login", &format!("Login{number}"));
        assert_eq!(line.text(&start(NEW, &number.to_string(), &query)).refused(), None);
    }
    for number in 0..20 {
        let text = format!(r#"{{"id":"{number}","type":"next","payload":{{"errors":{ERRORS}}}}}"#);
        let found = failures(&line.server_text(&text));
        let name = if number < 16 { format!("Login{number}") } else { "-".to_owned() };
        assert_eq!((found[0].operation.as_str(), found[0].kind), (name.as_str(), OperationKind::Mutation));
    }
}
