use super::*;

const BOTH: Jobs = Jobs { suggestions: Suggestions::Strip, events: Events::On };
const DEPTH: usize = 8;

/// Scans a response whole, byte by byte and in sevens: the outcome must be the same.
#[track_caller]
fn scan(response: &str, jobs: Jobs) -> (String, Vec<String>, bool) {
    let outcome = |size: usize| {
        let mut scanner = Scanner::new(jobs, DEPTH);
        let mut events = Vec::new();
        let mut output = Vec::new();
        for chunk in response.as_bytes().chunks(size) {
            let mut visit = |event: Event<'_>| {
                events.push(match event {
                    Event::Key(key) => String::from_utf8_lossy(key).into_owned(),
                    Event::Code(code) => format!("code {code}"),
                    Event::Response => "response".to_owned(),
                    Event::Error => "error".to_owned(),
                    Event::ObjectStart => "{".to_owned(),
                    Event::ObjectEnd => "}".to_owned(),
                    Event::ListStart => "[".to_owned(),
                    Event::ListEnd => "]".to_owned(),
                    Event::Leaf => "_".to_owned(),
                    Event::Null => "null".to_owned(),
                });
            };
            output.extend_from_slice(&scanner.feed(chunk, &mut visit));
        }
        output.extend_from_slice(&scanner.finish());
        (String::from_utf8(output).expect("cut between characters"), events, scanner.is_lost())
    };
    let whole = outcome(response.len().max(1));
    assert_eq!(whole, outcome(1), "{response}");
    assert_eq!(whole, outcome(7), "{response}");
    whole
}

#[track_caller]
fn message(text: &str, expected: &str) {
    let around =
        |text: &str| format!("{{\"errors\": [ {{\"message\":\"{text}\",\"path\":[\"a\"]}}],\"data\":null}}");
    assert_eq!(scan(&around(text), BOTH).0, around(expected));
    let keep = Jobs { suggestions: Suggestions::Keep, events: Events::On };
    assert_eq!(scan(&around(text), keep).0, around(text));
}

#[test]
fn a_text_of_an_error_ends_before_its_suggestion() {
    let unknown = r#"Cannot query field \"usr\" on type \"Query\"."#;
    message(&format!(r#"{unknown} Did you mean \"user\"?"#), unknown);
    message(&format!(r#"{unknown} Did you mean \"user\", \"users\", or \"me\"?"#), unknown);
    message(&format!(r#"{unknown} Did you mean to use an inline fragment on \"User\"?"#), unknown);
    message(
        "Cannot query field 'usr' on type 'Query'. Did you mean 'user'?",
        "Cannot query field 'usr' on type 'Query'.",
    );
    message(
        "Unknown argument 'a' on field 'Query.b'. Did you mean 'c'?",
        "Unknown argument 'a' on field 'Query.b'.",
    );
    message("Unknown type 'a'. Did you mean 'b'?", "Unknown type 'a'.");
    message(
        r#"Value \"a\" does not exist in \"B\" enum. Did you mean the enum value \"C\"?"#,
        r#"Value \"a\" does not exist in \"B\" enum."#,
    );
    message(
        "Field 'usr' doesn't exist on type 'Query' (Did you mean `user`?)",
        "Field 'usr' doesn't exist on type 'Query'",
    );
    message(
        r#"Unknown field \u0022usr\u0022. did you mean \u0022user\u0022?"#,
        r#"Unknown field \u0022usr\u0022."#,
    );
    message(r#"a\nDid you mean \\\"b\\\" \\"#, r#"a\n"#);
    message("Did you mean b?", "");
    message(" (Did you mean b?", "");
    message("é Did you mean é?", "é");
    // The digits of an escape belong to it.
    message(r"a\u002Did you mean b?", r"a\u002Did you mean b?");
    message(r"a\u0020Did you mean b?", r"a\u0020");
    message(r"\u00dDDid you mean b?", r"\u00dD");
}

#[test]
fn other_texts_stay() {
    for text in [
        "",
        "a (b) c",
        "Did you see? Did you me",
        "did did you  mean",
        " ( ((",
        "Did you\\nmean",
        "\\\\",
        "d",
        "Did you meat",
        "\\u0044id you mean",
    ] {
        message(text, text);
    }
}

#[test]
fn beginnings_inside_beginnings_are_found() {
    message("did did you mean x", "did");
    message("did you did you mean x", "did you");
    message("dididid you mean", "didi");
    message("(( (did you mean", "((");
    message("a  (Did you mean", "a ");
}

#[test]
fn only_errors_are_changed() {
    let said = r#"{"data":{"a":"Did you mean b?"},"extensions":{"errors":["Did you mean b?"]}}"#;
    assert_eq!(scan(said, BOTH).0, said);
    let keys = r#"{"errors":[{" Did you mean b?":1,"n":[" Did you mean b?",{"a":"x Did you mean"}]}]}"#;
    let expected = r#"{"errors":[{" Did you mean b?":1,"n":["",{"a":"x"}]}]}"#;
    assert_eq!(scan(keys, BOTH).0, expected);
    let escaped = r#"{"\u0065rrors":["x Did you mean"]}"#;
    assert_eq!(scan(escaped, BOTH).0, r#"{"\u0065rrors":["x"]}"#);
}

#[test]
fn a_text_that_is_never_ended_is_held_back_no_longer() {
    assert_eq!(scan(r#"{"errors":["x Did you m"#, BOTH).0, r#"{"errors":["x Did you m"#);
    assert_eq!(scan(r#"{"errors":["x Did you mean y"#, BOTH).0, r#"{"errors":["x"#);
}

#[test]
fn without_suggestions_nothing_is_copied() {
    let response = br#"{"errors":[{"message":"not found (id 7) by Dora"}],"data":{"a":[1]}}"#;
    let mut scanner = Scanner::new(BOTH, DEPTH);
    assert!(matches!(scanner.feed(response, &mut |_| ()), std::borrow::Cow::Borrowed(_)));
}

#[track_caller]
fn told(response: &str, expected: &str) {
    let (output, events, lost) = scan(response, BOTH);
    assert_eq!((events.join(" ").as_str(), lost), (expected, false), "{response}");
    assert_eq!(output, response);
    let off = Jobs { events: Events::Off, ..BOTH };
    assert!(scan(response, off).1.is_empty());
}

#[test]
fn what_is_in_data_is_told() {
    told(r#"{"data":{"a":[1,-2.5e3,true,null,"x"],"b":{}}}"#, "response { a [ _ _ _ null _ ] b { } }");
    told(
        r#" { "data" : { "a" : { "b" : [ ] , "c" : [ { "d" : 1 } ] } } } "#,
        "response { a { b [ ] c [ { d _ } ] } }",
    );
    told(r#"{"data":null}"#, "response null");
    told(r#"{"data":{"\u0061\n":"\"}{"}}"#, "response { a\n _ }");
    told(
        r#"{"extensions":{"data":{"a":1}},"data":{"data":{"errors":[1]}}}"#,
        "response { data { errors [ _ ] } }",
    );
    told(r#"[{"data":{"a":1}},{"data":null},7]"#, "response { a _ } response null");
    told("[]", "");
    told("", "");
    told("7", "");
}

#[test]
fn codes_of_errors_are_told() {
    told(
        r#"{"errors":[{"message":"m","extensions":{"a":{"code":"no"},"code":"A_B"}},{"message":"m"}],"data":{}}"#,
        "response error code A_B error { }",
    );
    told(r#"{"errors":[{"extensions":{"code":"\u0041"}}]}"#, "response error code A");
    told(r#"{"errors":[{"extensions":{"code":7}},{"extensions":{"code":["no"]}}]}"#, "response error error");
    told(r#"{"errors":[{"code":"no","x":{"code":"no"}}]}"#, "response error");
    told(r#"{"errors":{"a":{"extensions":{"code":"no"}}}}"#, "response");
    told(
        r#"{"data":{"errors":[{"extensions":{"code":"no"}}]}}"#,
        "response { errors [ { extensions { code _ } } ] }",
    );
    told(r#"{"errors":[{"extensions":{"code":"A","more":"no"}}]}"#, "response error code A");
    let of =
        |length: usize| format!(r#"{{"errors":[{{"extensions":{{"code":"{}"}}}}]}}"#, "c".repeat(length));
    told(&of(63), &format!("response error code {}", "c".repeat(63)));
    told(&of(64), &format!("response error code {}", "c".repeat(64)));
    told(&of(65), "response error");
}

#[test]
fn long_keys_are_cut() {
    let of = |length: usize| format!("{{\"data\":{{\"{}\":1}}}}", "k".repeat(length));
    for (length, told_length) in [(255, 255), (256, 256), (257, 256), (10_000, 256)] {
        told(&of(length), &format!("response {{ {} _ }}", "k".repeat(told_length)));
    }
}

#[track_caller]
fn lost(response: &str) {
    let (output, _, lost) = scan(response, BOTH);
    assert_eq!((output.as_str(), lost), (response, true));
}

#[test]
fn what_is_not_json_passes_as_it_is() {
    lost("<html>");
    lost("\u{feff}{}");
    lost(r#"{"errors":["a"}{"x Did you mean"]"#);
    lost(r#"{"errors" ["x Did you mean"]}"#);
    lost(r#"{a:["x Did you mean"]}"#);
    lost(r#"{"errors":[,"x Did you mean"]}"#);
    lost(r#"{"data":{}}{"errors":["x Did you mean"]}"#);
    lost("--graphql\r\ncontent-type: application/json\r\n\r\n{}");
}

#[test]
fn depth_has_a_limit() {
    let nested = |depth: usize| {
        let inner = depth - 2;
        format!("{{\"errors\":[{}\"x Did you mean\"{}]}}", "[".repeat(inner), "]".repeat(inner))
    };
    for depth in [DEPTH - 1, DEPTH] {
        let (output, _, lost) = scan(&nested(depth), BOTH);
        assert_eq!((output, lost), (nested(depth).replace(" Did you mean", ""), false));
    }
    lost(&nested(DEPTH + 1));
}

#[test]
fn errors_of_messages_of_sockets_are_told() {
    let told = |text: &str, size: usize| {
        let jobs = Jobs { suggestions: Suggestions::Keep, events: Events::On };
        let (mut scanner, mut codes) = (Scanner::of_message(jobs, 64), Vec::new());
        for piece in text.as_bytes().chunks(size) {
            let passed = scanner.feed(piece, &mut |event| {
                if event == Event::Error {
                    codes.push(String::new());
                }
                if let Event::Code(code) = event {
                    codes.last_mut().unwrap().push_str(code);
                }
            });
            assert_eq!(passed, piece);
        }
        codes
    };
    let errors =
        r#"[{"message":"a","extensions":{"code":"A"}},{"message":"b"},{"extensions":{"x":[1],"code":"C"}}]"#;
    for text in [
        format!(r#"{{"id":"1","type":"error","payload":{errors}}}"#),
        format!(r#"{{"payload":{errors},"type":"error","id":"1"}}"#),
        format!(r#"{{"id":"1","type":"next","payload":{{"data":{{"errors":[{{}}]}},"errors":{errors}}}}}"#),
        format!(r#"{{"payload":{{"errors":{errors},"extensions":{{"code":"Z"}}}},"type":"data"}}"#),
    ] {
        for size in [1, 3, 1_000] {
            assert_eq!(told(&text, size), ["A", "", "C"], "{text} by {size}");
        }
    }
    assert_eq!(told(r#"{"id":"1","type":"next","payload":{"data":{"errors":[{"code":"A"}]}}}"#, 7), [""; 0]);
}
