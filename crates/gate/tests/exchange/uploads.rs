//! Uploads: judged before their files pass, watched while they do.

use super::*;
use portcullis_cost::Cost;
use portcullis_gate::Interest;
use portcullis_report::{ErrorCode, Metric, OperationKind, Outcome, Transport};

const BOUNDARY: (&str, &str) = ("content-type", "multipart/form-data; boundary=b");
const PREFLIGHT: (&str, &str) = ("apollo-require-preflight", "1");
const UPLOAD: &str =
    r#"{"query":"mutation Up($f: Upload!) { upload(file: $f) { id } }","variables":{"f":null}}"#;
const MAP: &str = r#"{"0":["variables.f"]}"#;

fn part(name: &str, content: &str) -> String {
    let file = if name == "0" { "; filename=\"a.txt\"" } else { "" };
    format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
}

/// Everything before the content of the file.
fn head(operations: &str) -> String {
    let file = part("0", "");
    format!("{}{}{}", part("operations", operations), part("map", MAP), file.strip_suffix("\r\n").unwrap())
}

fn begin(stream: &mut Stream) {
    let effects = stream.headers("POST", "/graphql", More::Follows, &[BOUNDARY, PREFLIGHT]);
    assert_eq!(effects, Effects { flow: Flow::Hold, list: vec![] });
}

#[test]
fn files_pass_once_operations_and_map_are_judged() {
    let mut stream = Stream::new();
    begin(&mut stream);
    let effects = stream.body(head(UPLOAD).as_bytes(), More::Follows);
    assert_eq!((effects.flow, header(&effects, "x-graphql-operation")), (Flow::Continue, Some("Up")));
    assert!(stream.exchange.wants(Interest::Request), "the files are watched");
    assert_eq!(format!("{:?}", stream.held), format!("{:?}", Held::default()), "and not held");
    let kept = format!("{:?}", stream.exchange).len();
    assert!(kept < 20_000, "nor are operations and map: {kept}");
    assert_eq!(stream.body(&[b'x'; 100_000], More::Follows), Effects::default());
    let last = stream.body(b"\r\n--b--\r\n", More::Ended);
    assert_eq!(last.flow, Flow::Continue);
    let counted = Effect::Count(Metric::Requests(OperationKind::Mutation, Outcome::Allowed), 1);
    assert!(last.list.contains(&counted));
    let expected = u64::try_from(head(UPLOAD).len() + 100_000 + 9).unwrap();
    assert_eq!((event(&last).transport, event(&last).body_bytes), (Transport::Upload, expected));
    assert_eq!(stream.response(&[], More::Ended).list.len(), 1);
    assert!(!stream.exchange.wants(Interest::End));
}

#[test]
fn parts_that_were_judged_are_still_known_to_have_come() {
    let mut stream = Stream::new();
    begin(&mut stream);
    stream.body(head(UPLOAD).as_bytes(), More::Follows);
    let again = format!("x\r\n{}", part("map", MAP));
    refused_at_once(&stream.body(again.as_bytes(), More::Follows), Reason::Multipart);
}

#[test]
fn trailers_end_an_upload_as_well() {
    let mut stream = Stream::new();
    begin(&mut stream);
    stream.body(head(UPLOAD).as_bytes(), More::Follows);
    stream.body(b"x\r\n--b--\r\n", More::Follows);
    assert_eq!(stream.on(Input::RequestTrailers).flow, Flow::Continue);
    begin({
        stream.exchange = Exchange::default();
        &mut stream
    });
    stream.body(head(UPLOAD).as_bytes(), More::Follows);
    stream.body(b"x", More::Follows);
    refused_at_once(&stream.on(Input::RequestTrailers), Reason::Multipart);
}

/// Begins an upload that announces so many bytes.
fn announce(stream: &mut Stream, bytes: usize) -> Effects {
    stream.exchange = Exchange::default();
    let length = bytes.to_string();
    stream.headers("POST", "/graphql", More::Follows, &[BOUNDARY, PREFLIGHT, ("content-length", &length)])
}

#[test]
fn the_last_of_the_announced_bytes_is_judged_as_the_end() {
    let (start, tail) = (head(UPLOAD), "x\r\n--b--");
    let whole = start.len() + tail.len();
    let mut stream = Stream::new();
    // Some hosts tell the end with the last bytes, some behind them.
    for (announced, ended, expected) in [
        (whole - 1, More::Follows, Some(Reason::Ambiguous)),
        (whole - 1, More::Ended, Some(Reason::Ambiguous)),
        (whole, More::Follows, None),
        (whole, More::Ended, None),
        (whole + 1, More::Follows, None),
        (whole + 1, More::Ended, Some(Reason::Ambiguous)),
    ] {
        announce(&mut stream, announced);
        assert_eq!(stream.body(start.as_bytes(), More::Follows).flow, Flow::Continue);
        let last = stream.body(tail.as_bytes(), ended);
        match expected {
            None => assert_eq!((last.flow, reply(&last)), (Flow::Continue, None), "{announced} {ended:?}"),
            Some(reason) => refused_at_once(&last, reason),
        }
    }
}

#[test]
fn all_the_announced_bytes_without_the_last_boundary_do_not_pass() {
    let (start, tail) = (head(UPLOAD), "a file without an end");
    let whole = start.len() + tail.len();
    let mut stream = Stream::new();
    for announced in [whole, whole + 1] {
        announce(&mut stream, announced);
        stream.body(start.as_bytes(), More::Follows);
        let last = stream.body(tail.as_bytes(), More::Follows);
        if announced == whole {
            refused_at_once(&last, Reason::Multipart);
            assert_eq!(event(&last).operation, "Up", "it is known what was cut");
        } else {
            // The upstream still waits for a byte.
            assert_eq!((last.flow, reply(&last)), (Flow::Continue, None));
            refused_at_once(&stream.body(b"x", More::Follows), Reason::Multipart);
        }
    }
}

#[test]
fn an_upload_that_comes_in_one_piece_is_judged_with_its_end() {
    let mut stream = Stream::new();
    for (tail, expected) in [("x", Some(Reason::Multipart)), ("x\r\n--b--\r\n", None)] {
        let whole = format!("{}{tail}", head(UPLOAD));
        announce(&mut stream, whole.len());
        let first = stream.body(whole.as_bytes(), More::Follows);
        let last = stream.body(b"", More::Ended);
        match expected {
            // Nothing of it has passed, so it is answered when it has ended.
            Some(reason) => {
                assert_eq!(first, Effects { flow: Flow::Hold, list: vec![Effect::DiscardBody] });
                refused_at_once(&last, reason);
            }
            None => {
                assert_eq!((first.flow, last.flow, reason(&last)), (Flow::Continue, Flow::Continue, None))
            }
        }
    }
}

#[test]
fn trailers_do_not_make_up_for_bytes_that_were_announced() {
    let whole = format!("{}x\r\n--b--", head(UPLOAD));
    let mut stream = Stream::new();
    for (announced, expected) in [(whole.len(), None), (whole.len() + 2, Some(Reason::Ambiguous))] {
        announce(&mut stream, announced);
        stream.body(whole.as_bytes(), More::Follows);
        assert_eq!(reason(&stream.on(Input::RequestTrailers)), expected, "{announced}");
    }
}

#[test]
fn nothing_is_no_upload() {
    let mut stream = Stream::new();
    announce(&mut stream, 0);
    refused_at_once(&stream.body(b"", More::Ended), Reason::Multipart);
    announce(&mut stream, 0);
    assert_eq!(stream.body(head(UPLOAD).as_bytes(), More::Follows).list, [Effect::DiscardBody]);
    refused_at_once(&stream.body(b"", More::Ended), Reason::Ambiguous);
}

#[test]
fn a_length_that_is_not_one_number_is_refused() {
    let mut stream = Stream::new();
    for lengths in
        [&["5", "5"][..], &["5", "6"], &["5, 5"], &["+5"], &["5 "], &[""], &["x"], &["18446744073709551616"]]
    {
        for kind in [BOUNDARY, JSON] {
            stream.exchange = Exchange::default();
            let mut headers = vec![kind, PREFLIGHT];
            headers.extend(lengths.iter().map(|length| ("content-length", *length)));
            refused_at_once(&stream.headers("POST", "/graphql", More::Ended, &headers), Reason::Ambiguous);
        }
    }
    stream.exchange = Exchange::default();
    let both = [BOUNDARY, PREFLIGHT, ("content-length", "5"), ("transfer-encoding", "chunked")];
    refused_at_once(&stream.headers("POST", "/graphql", More::Ended, &both), Reason::Ambiguous);
    stream.exchange = Exchange::default();
    let chunked = [BOUNDARY, PREFLIGHT, ("transfer-encoding", "chunked")];
    assert_eq!(stream.headers("POST", "/graphql", More::Follows, &chunked).flow, Flow::Hold);
}

#[test]
fn an_upload_in_one_piece_is_judged_at_its_end() {
    let whole = format!("{}x\r\n--b--\r\n", head(UPLOAD));
    for size in [1, 2, 7, 64, whole.len()] {
        let mut stream = Stream::new();
        begin(&mut stream);
        let mut flows = Vec::new();
        let chunks: Vec<_> = whole.as_bytes().chunks(size).collect();
        for (index, chunk) in chunks.iter().enumerate() {
            let more = if index + 1 == chunks.len() { More::Ended } else { More::Follows };
            flows.push(stream.body(chunk, more).flow);
        }
        assert_eq!(flows.last(), Some(&Flow::Continue), "{size}");
        assert!(flows.is_sorted_by_key(|flow| *flow == Flow::Continue), "held, then let through: {size}");
    }
}

#[test]
fn an_evil_upload_is_refused_before_its_files() {
    let evil = r#"{"query":"{ __schema { types { name } } }","variables":{"f":null}}"#;
    let mut stream = Stream::new();
    begin(&mut stream);
    let effects = stream.body(head(evil).as_bytes(), More::Follows);
    assert_eq!(effects, Effects { flow: Flow::Hold, list: vec![Effect::DiscardBody] });
    stream.body(b"a file", More::Follows);
    refused_at_once(&stream.body(b"\r\n--b--\r\n", More::Ended), Reason::Introspection);
    assert_eq!(
        event(&{
            let mut stream = Stream::new();
            begin(&mut stream);
            stream.body(format!("{}x\r\n--b--\r\n", head(evil)).as_bytes(), More::Ended)
        })
        .transport,
        Transport::Upload
    );
}

#[test]
fn a_late_bad_part_ends_the_request() {
    let mut stream = Stream::new();
    begin(&mut stream);
    stream.body(head(UPLOAD).as_bytes(), More::Follows);
    let late = format!("x\r\n{}", part("operations", UPLOAD));
    let effects = stream.body(late.as_bytes(), More::Follows);
    refused_at_once(&effects, Reason::Multipart);
    assert_eq!(event(&effects).operation, "Up", "it is known what was cut");
    let timed = Effect::Time(Metric::ValidationTime);
    assert!(!effects.list.contains(&timed), "it was judged, and timed, when it was let through");
    assert!(stream.body(b"more", More::Ended) == Effects::default());
}

#[test]
fn an_upload_needs_a_header_that_browsers_ask_for() {
    let mut stream = Stream::new();
    refused_at_once(&stream.headers("POST", "/graphql", More::Ended, &[BOUNDARY]), Reason::Csrf);
    stream.exchange = Exchange::default();
    let empty = [BOUNDARY, ("apollo-require-preflight", "")];
    refused_at_once(&stream.headers("POST", "/graphql", More::Ended, &empty), Reason::Csrf);
    let mut open = Stream::under("graphql: {uploads: {preflight_headers: []}}");
    assert_eq!(open.headers("POST", "/graphql", More::Follows, &[BOUNDARY]).flow, Flow::Hold);
    let mut off = Stream::under("graphql: {transports: {multipart: false}}");
    refused_at_once(
        &off.headers("POST", "/graphql", More::Ended, &[BOUNDARY, PREFLIGHT]),
        Reason::ContentType,
    );
}

#[test]
fn the_map_leads_to_empty_places_of_the_variables() {
    let send = |map: &str| {
        let mut stream = Stream::new();
        begin(&mut stream);
        let body = format!("{}{}{}--b--\r\n", part("operations", UPLOAD), part("map", map), part("0", "x"));
        reason(&stream.body(body.as_bytes(), More::Ended))
    };
    assert_eq!(send(MAP), None);
    for map in [
        r#"{"0":["query"]}"#,
        r#"{"0":["variables.g"]}"#,
        r#"{"0":["variables.__proto__.x"]}"#,
        r#"{"0":[]}"#,
    ] {
        assert_eq!(send(map), Some(Reason::UploadMap), "{map}");
    }
}

#[test]
fn sizes_of_uploads_are_limited() {
    let send = |size: usize| {
        let mut stream = Stream::under("graphql: {uploads: {file_bytes: 100}}");
        begin(&mut stream);
        stream.body(format!("{}{}\r\n--b--\r\n", head(UPLOAD), "x".repeat(size)).as_bytes(), More::Ended)
    };
    for (size, expected) in [(99, None), (100, None), (101, Some(Reason::UploadLimit))] {
        assert_eq!(reason(&send(size)), expected, "{size}");
    }
    let mut stream = Stream::new();
    let declared = [BOUNDARY, PREFLIGHT, ("content-length", "99999999999")];
    refused_at_once(&stream.headers("POST", "/graphql", More::Ended, &declared), Reason::UploadLimit);
}

#[test]
fn a_compressed_upload_is_refused() {
    let mut stream = Stream::new();
    let packed = [BOUNDARY, PREFLIGHT, ("content-encoding", "gzip")];
    refused_at_once(&stream.headers("POST", "/graphql", More::Ended, &packed), Reason::ContentEncoding);
}

#[test]
fn an_upload_that_breaks_off_was_judged() {
    let mut stream = Stream::new();
    begin(&mut stream);
    stream.body(head(UPLOAD).as_bytes(), More::Follows);
    let effects = stream.on(Input::StreamEnded);
    assert_eq!(event(&effects).operation, "Up");
    let mut other = Stream::new();
    begin(&mut other);
    other.body(b"--b\r\n", More::Follows);
    let gone = other.on(Input::StreamEnded).list;
    assert_eq!(gone.first(), Some(&Effect::Count(Metric::Unjudged, 1)));
}

/// All that may be done to a response.
const READ: &str = "responses: {strip_suggestions: true, count_errors: true, actual_cost: true}";
const ANSWER: &str = r#"{"errors":[{"message":"no. Did you mean \"yes\"?","extensions":{"code":"FORBIDDEN"}}],"data":{"upload":{"id":"1"}}}"#;

/// Lets an upload through, and its answer begin.
fn answered_early(policy: &str, content_type: &str) -> (Stream, Effects) {
    let mut stream = Stream::under(policy);
    begin(&mut stream);
    assert_eq!(stream.body(head(UPLOAD).as_bytes(), More::Follows).flow, Flow::Continue);
    let effects = stream.response(&[("content-type", content_type), ("content-length", "1")], More::Follows);
    (stream, effects)
}

fn is_counted(list: &[Effect], metric: Metric) -> bool {
    list.iter().any(|effect| matches!(effect, Effect::Count(counted, _) if *counted == metric))
}

#[test]
fn an_answer_that_comes_early_is_read_like_any_other() {
    for request_first in [true, false] {
        let (mut stream, begun) = answered_early(READ, "application/json");
        assert!(matches!(begun.list[0], Effect::SetResponseHeader("x-correlation-id", _)), "{begun:?}");
        assert!(begun.list.contains(&Effect::RemoveResponseHeader("content-length")));
        assert!(stream.exchange.wants(Interest::Request) && stream.exchange.wants(Interest::ResponseBody));
        assert_eq!(stream.body(b"more of the file", More::Follows), Effects::default());
        let mut list = Vec::new();
        if request_first {
            list.extend(stream.body(b"x\r\n--b--", More::Ended).list);
            assert_eq!(events(&list).count(), 0, "it is told with the cost");
        }
        let answered = stream.response_body(ANSWER.as_bytes(), More::Ended);
        let passed = answered.list.iter().find_map(|effect| match effect {
            Effect::ReplaceResponseChunk(bytes) => Some(String::from_utf8(bytes.clone()).unwrap()),
            _ => None,
        });
        assert!(!passed.unwrap().contains("Did you mean"));
        list.extend(answered.list);
        if !request_first {
            assert_eq!(events(&list).count(), 0, "the request may still be cut");
            list.extend(stream.body(b"x\r\n--b--", More::Ended).list);
        }
        assert!(list.contains(&Effect::Count(Metric::ResponseErrors(ErrorCode::Forbidden), 1)));
        assert!(list.contains(&Effect::Count(Metric::SuggestionsStripped, 1)));
        assert!(
            list.contains(&Effect::Count(Metric::Requests(OperationKind::Mutation, Outcome::Allowed), 1))
        );
        assert!(is_counted(&list, Metric::ActualCost));
        let told: Vec<_> = events(&list).collect();
        assert!(told.len() == 1 && told[0].actual > Some(Cost::ZERO), "{told:?}");
        assert!(!stream.exchange.wants(Interest::End));
    }
}

#[test]
fn an_upload_that_ends_with_its_answer_is_told_once_with_its_cost() {
    let (mut stream, _) = answered_early(READ, "application/json");
    stream.response_body(ANSWER.as_bytes(), More::Ended);
    assert!(stream.exchange.wants(Interest::End));
    // Hosts reset a request whose answer is complete.
    let list = stream.on(Input::StreamEnded).list;
    assert!(events(&list).count() == 1 && events(&list).all(|event| event.actual > Some(Cost::ZERO)));
    let (mut broken, _) = answered_early(READ, "application/json");
    broken.response_body(&ANSWER.as_bytes()[..20], More::Follows);
    let list = broken.on(Input::StreamEnded).list;
    assert!(is_counted(&list, Metric::ResponsesUnread));
    assert!(events(&list).count() == 1 && events(&list).all(|event| event.actual.is_none()));
}

#[test]
fn a_stream_that_answers_early_is_counted_until_the_upload_is_cut() {
    let (mut stream, begun) = answered_early(READ, "text/event-stream");
    assert!(begun.list.contains(&Effect::Count(Metric::Streams, 1)));
    let cut = stream.body(b"--b", More::Follows);
    refused_at_once(&cut, Reason::Multipart);
    assert!(cut.list.contains(&Effect::Lower(Metric::Streams, 1)));
    assert!(!stream.exchange.wants(Interest::End));
}

#[test]
fn an_answer_that_breaks_off_with_its_upload_is_counted() {
    let (mut stream, _) = answered_early(READ, "application/json");
    stream.response_body(&ANSWER.as_bytes()[..20], More::Follows);
    let cut = stream.body(b"--b", More::Follows);
    refused_at_once(&cut, Reason::Multipart);
    assert!(is_counted(&cut.list, Metric::ResponsesUnread));
    assert_eq!(events(&cut.list).count(), 1);
}

#[test]
fn an_early_answer_that_nobody_reads_has_its_id() {
    let (mut stream, begun) = answered_early("", "application/json");
    assert_eq!(begun.list.len(), 1);
    assert!(matches!(begun.list[0], Effect::SetResponseHeader("x-correlation-id", _)));
    assert!(!stream.exchange.wants(Interest::ResponseBody));
    assert_eq!(events(&stream.body(b"x\r\n--b--", More::Ended).list).count(), 1);
}
