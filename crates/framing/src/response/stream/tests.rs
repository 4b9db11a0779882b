use super::*;
use crate::response::{Events, Suggestions};

const BOTH: Jobs = Jobs { suggestions: Suggestions::Strip, events: Events::On };

/// Scans a stream whole, byte by byte and in sevens: what passes, and the codes of its errors.
#[track_caller]
fn scan(form: StreamForm, stream: &str) -> (String, String) {
    let outcome = |size: usize| {
        let mut scanner = StreamScanner::new(form, BOTH, 8);
        let (mut output, mut found) = (Vec::new(), String::new());
        for chunk in stream.as_bytes().chunks(size) {
            let mut visit = |event: Event<'_>| match event {
                Event::Error => found.push('!'),
                Event::Code(code) => found.push_str(code),
                Event::Response
                | Event::Key(_)
                | Event::ObjectStart
                | Event::ObjectEnd
                | Event::ListStart
                | Event::ListEnd
                | Event::Leaf
                | Event::Null => (),
            };
            output.extend_from_slice(&scanner.feed(chunk, &mut visit));
        }
        output.extend_from_slice(&scanner.finish());
        let output = String::from_utf8(output).unwrap();
        assert_eq!(scanner.has_cut(), output != stream);
        (output, found)
    };
    let whole = outcome(stream.len().max(1));
    assert_eq!(whole, outcome(1), "{stream}");
    assert_eq!(whole, outcome(7), "{stream}");
    whole
}

const TOLD: &str = r#"{"message":"No usr. Did you mean \"user\"?","extensions":{"code":"A"}}"#;
const CUT: &str = r#"{"message":"No usr.","extensions":{"code":"A"}}"#;

/// Checks a stream in which `@` stands for an error, and which errors are seen.
#[track_caller]
fn check(form: StreamForm, stream: &str, expected: &str) {
    let around = |error: &str| stream.replace('@', error);
    assert_eq!(scan(form, &around(TOLD)), (around(CUT), expected.to_owned()), "{stream}");
}

#[test]
fn each_event_is_a_response() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = "event: next\ndata: {\"data\":null,\"errors\":[@]}\n\nevent: next\ndata:{\"errors\":[@,@]}\n\n:\n\n\
            event: complete\ndata:\n\n";
        check(StreamForm::Events, &stream.replace('\n', end), "!A!A!A");
    }
    // In several lines.
    check(StreamForm::Events, "data: {\"errors\":\ndata: [@,\ndata:@]}\n\n", "!A!A");
    // With an id, as over one connection for many; and what no blank line ends.
    check(
        StreamForm::Events,
        "data: {\"id\":\"1\",\"payload\":{\"errors\":[@]}}\n\ndata: {\"errors\":[@]}",
        "!A!A",
    );
}

#[test]
fn each_part_is_a_response() {
    let stream = "preamble\r\n---\r\nContent-Type: application/json\r\n\r\n{\"data\":{\"a\":\"--\"},\"errors\":[@],\"hasNext\":true}\r\n---\r\n\
        content-type: application/json\r\n\r\n{\"incremental\":[{\"path\":[],\"data\":{\"errors\":\"x\"},\"errors\":[@]},{\"errors\":[@]}],\"errors\":[@]}\r\n-----\r\n";
    check(StreamForm::Parts, stream, "!A!A!A!A");
    check(StreamForm::Parts, &stream.replace("\r\n", "\n"), "!A!A!A!A");
    let router = "--graphql\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql\r\n\r\n{\"payload\":{\"data\":{\"payload\":{\"errors\":[1]}},\"errors\":[@]}}\r\n\
        --graphql\r\n\r\n{\"payload\":null,\"errors\":[@]}\r\n--graphql--";
    check(StreamForm::Parts, router, "!A!A");
    // On several lines, with a number at the beginning of one.
    check(StreamForm::Parts, "--b\n\n{\"data\":\n-1,\n\n\"errors\":\n[@]\n}\n--b--", "!A");
}

#[test]
fn what_is_no_response_passes() {
    for (form, stream) in [
        (
            StreamForm::Events,
            format!("error: {TOLD}\n\ndata: [{TOLD}]\n\n data: {{\"errors\":[{TOLD}]}}\n\n"),
        ),
        (
            StreamForm::Parts,
            format!(
                "{{\"errors\":[{TOLD}]}}\n--b\nx: {{\"errors\":[{TOLD}]}}\n\n{{\"data\":[{TOLD}]}}\n--b--"
            ),
        ),
        (StreamForm::Events, "data: {\"errors\":[{\"message\":\"Did you\n\ndata: mean\"}]}\n\n".to_owned()),
    ] {
        assert_eq!(scan(form, &stream).0, stream);
    }
}
