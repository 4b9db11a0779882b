use super::*;
use crate::response::{Events, Jobs, Scanner, Suggestions};

const DEPTH: usize = 8;
const COST: &str = r#"{"requestedQueryCost":7}"#;

/// What becomes of a response, whole, byte by byte and in sevens.
#[track_caller]
fn check(response: &str, expected: &str) {
    for suggestions in [Suggestions::Keep, Suggestions::Strip] {
        for size in [response.len().max(1), 1, 7] {
            let addition = Addition::new("cost", COST.to_owned());
            let jobs = Jobs { suggestions, events: Events::Off };
            let mut scanner = Scanner::new(jobs, DEPTH).adding(Some(addition));
            let mut output = Vec::new();
            for chunk in response.as_bytes().chunks(size) {
                output.extend_from_slice(&scanner.feed(chunk, &mut |_| ()));
            }
            output.extend_from_slice(&scanner.finish());
            assert_eq!(String::from_utf8(output).expect("text"), expected, "{response} in pieces of {size}");
            assert!(!scanner.has_cut());
        }
    }
}

#[track_caller]
fn stays(response: &str) {
    check(response, response);
}

#[test]
fn a_response_without_extensions_gets_them_at_its_end() {
    check(
        r#"{"data":{"a":{"b":[1]}}}"#,
        r#"{"data":{"a":{"b":[1]}},"extensions":{"cost":{"requestedQueryCost":7}}}"#,
    );
    check(
        "{\n  \"errors\": [{\"message\": \"x\"}]\n}\n",
        "{\n  \"errors\": [{\"message\": \"x\"}]\n,\"extensions\":{\"cost\":{\"requestedQueryCost\":7}}}\n",
    );
    check(r#"{"data":null}"#, r#"{"data":null,"extensions":{"cost":{"requestedQueryCost":7}}}"#);
    check(
        r#"{"data":{"extensions":{"a":1},"cost":1}}"#,
        r#"{"data":{"extensions":{"a":1},"cost":1},"extensions":{"cost":{"requestedQueryCost":7}}}"#,
    );
}

#[test]
fn extensions_that_are_there_get_one_more_member() {
    let told = r#""cost":{"requestedQueryCost":7}"#;
    check(r#"{"data":1,"extensions":{}}"#, &format!(r#"{{"data":1,"extensions":{{{told}}}}}"#));
    check(
        r#"{"extensions":{"a":{"cost":1},"b":[{"cost":2}]},"data":1}"#,
        &format!(r#"{{"extensions":{{"a":{{"cost":1}},"b":[{{"cost":2}}],{told}}},"data":1}}"#),
    );
    check(
        r#"{"data":1,"\u0065xtensions":{ "costs" : 1 } }"#,
        &format!(r#"{{"data":1,"\u0065xtensions":{{ "costs" : 1 ,{told}}} }}"#),
    );
    // Once, however often there are any.
    check(
        r#"{"data":1,"extensions":{},"extensions":{}}"#,
        &format!(r#"{{"data":1,"extensions":{{{told}}},"extensions":{{}}}}"#),
    );
}

#[test]
fn what_the_upstream_says_itself_stays() {
    stays(r#"{"data":1,"extensions":{"cost":3}}"#);
    stays(r#"{"extensions":{"a":1,"c\u006fst":{"b":1}},"data":1}"#);
    for other in ["null", "[]", "[{}]", "\"cost\"", "7"] {
        stays(&format!(r#"{{"data":1,"extensions":{other}}}"#));
        stays(&format!(r#"{{"extensions":{other},"data":1}}"#));
    }
}

#[test]
fn what_is_no_response_stays() {
    for other in ["{}", r#"{"error":"not found"}"#, "7", "\"data\"", "null", ""] {
        stays(other);
    }
    // The responses of a batch.
    stays("[]");
    stays(r#"[{"data":1},{"data":2,"extensions":{}}]"#);
}

#[test]
fn what_is_no_json_or_breaks_off_stays() {
    stays("<html>{\"data\":1}");
    stays("\u{feff}{\"data\":1}");
    stays(r#"{"data":1,}"#);
    stays(r#"{"data":1"#);
    stays(r#"{"data":1]"#);
    stays(r#"{"data":1,"extensions":{"a":1"#);
    stays(r#"{"data":1,"extensions":{"a":1,}}"#);
    stays(r#"{"data":1,"extensions":{"a" 1}}"#);
    stays(r#"{"data" 1}"#);
    let deep = |depth: usize| format!(r#"{{"data":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    for depth in [DEPTH - 1, DEPTH] {
        let told = r#","extensions":{"cost":{"requestedQueryCost":7}}}"#;
        check(&deep(depth), &format!("{}{told}", deep(depth).trim_end_matches('}')));
    }
    stays(&deep(DEPTH + 1));
}
