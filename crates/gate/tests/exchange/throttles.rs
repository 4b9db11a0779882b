//! What throttles say: whom they let through, what the client is told, what is counted, what is settled afterwards.

use crate::*;
use portcullis_gate::Interest;
use portcullis_policy::throttles::{Buckets, Conflict, Version};
use portcullis_report::{ClassLabel, ClientOutcome, Metric, ThrottleLabel};
use serde_json::Value;

/// `HONEST` costs 1 by this table-less model; the upstream's JSON is read where `actual_cost` is on.
const TWO_CALLS: &str = "
clients:
  identity: [{header: x-api-key}]
  classes:
    - {name: partner, when: [{identity: [header]}], sees: {cost: true}}
throttles:
  legacy_headers: true
  rules:
    - {name: calls, per: client, unit: requests, capacity: 2, refill: 1, window_ms: 1500}
    - {name: spent, per: client, unit: cost, capacity: 100, refill: 1, window_ms: 1000}
";

const KEY: (&str, &str) = ("x-api-key", "k-1");

fn send(stream: &mut Stream, extra: &[(&str, &str)], body: &str) -> Effects {
    stream.exchange = Exchange::default();
    let headers: Vec<_> = std::iter::once(JSON).chain(extra.iter().copied()).collect();
    stream.headers("POST", "/graphql", More::Follows, &headers);
    stream.body(body.as_bytes(), More::Ended)
}

fn counted(effects: &Effects, metric: Metric) -> u64 {
    let counts = effects.list.iter().filter_map(|effect| match effect {
        Effect::Count(known, amount) if *known == metric => Some(*amount),
        _ => None,
    });
    counts.sum()
}

fn answered<'e>(effects: &'e Effects, name: &str) -> Option<&'e str> {
    let headers = &reply(effects).unwrap().headers;
    headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn responded<'e>(effects: &'e Effects, name: &str) -> Option<&'e str> {
    effects.list.iter().find_map(|effect| match effect {
        Effect::SetResponseHeader(known, value) if *known == name => Some(value.as_str()),
        _ => None,
    })
}

#[track_caller]
fn passes(effects: &Effects) {
    assert_eq!((effects.flow, reply(effects)), (Flow::Continue, None));
}

#[test]
fn a_client_that_asks_too_often_is_told_when_to_come_again() {
    let mut stream = Stream::under(TWO_CALLS);
    passes(&send(&mut stream, &[KEY], HONEST));
    passes(&send(&mut stream, &[KEY], HONEST));
    let effects = send(&mut stream, &[KEY], HONEST);
    refused_at_once(&effects, Reason::Throttled);
    assert_eq!(answered(&effects, "retry-after"), Some("2"));
    assert_eq!(answered(&effects, "ratelimit"), Some(r#""calls";r=0;t=3"#));
    let policies = r#""calls";q=2;w=3, "spent";q=100;w=100;portcullis-unit="cost""#;
    assert_eq!(answered(&effects, "ratelimit-policy"), Some(policies));
    assert_eq!(answered(&effects, "x-ratelimit-remaining"), Some("0"));
    // Another client is another's business, and so is a wait that is over.
    passes(&send(&mut stream, &[("x-api-key", "k-2")], HONEST));
    stream.now = stream.now.later(1_499);
    refused_at_once(&send(&mut stream, &[KEY], HONEST), Reason::Throttled);
    stream.now = stream.now.later(1);
    passes(&send(&mut stream, &[KEY], HONEST));
}

#[test]
fn a_client_with_two_names_is_nobody_who_may_pass() {
    let mut stream = Stream::under(TWO_CALLS);
    let twice = [("x-api-key", "k-1"), ("x-api-key", "k-2")];
    let again = [("x-api-key", "k-1"), ("x-api-key", "k-1")];
    let other = [KEY, ("X_Api-Key", "k-2")];
    let hidden = [("x_api_key", "k-1")];
    for headers in [&twice[..], &again, &other, &hidden] {
        let refused = |effects: &Effects| {
            assert_eq!(reason(effects), Some(Reason::Ambiguous), "{headers:?}");
            assert_eq!(reply(effects).unwrap().status, 400);
        };
        refused(&send(&mut stream, headers, HONEST));
        stream.exchange = Exchange::default();
        refused(&stream.headers("GET", "/graphql?query={a}", More::Ended, headers));
    }
    // Neither of them has spent anything, and what only begins alike is another header.
    passes(&send(&mut stream, &[KEY, ("x-api-key-2", "k-2")], HONEST));
    passes(&send(&mut stream, &[KEY, ("x-api", "k-2")], HONEST));
    refused_at_once(&send(&mut stream, &[KEY], HONEST), Reason::Throttled);
    // Where the policy does not go by it, it says nothing.
    passes(&send(&mut Stream::new(), &twice, HONEST));
}

#[test]
fn a_key_of_any_bytes_up_to_its_length_is_a_client() {
    let mut stream = Stream::under(TWO_CALLS);
    let (shorter, longest) = ("k".repeat(1_023), "k".repeat(1_024));
    for key in ["\u{ff}\u{1}", " ", "k,k", longest.as_str(), &shorter] {
        for _ in 0..2 {
            let effects = send(&mut stream, &[("x-api-key", key)], HONEST);
            passes(&effects);
            assert_eq!(event(&effects).class.as_ref(), "partner");
        }
        refused_at_once(&send(&mut stream, &[("x-api-key", key)], HONEST), Reason::Throttled);
    }
    // What is longer is not believed: its clients are those of one address, with what that has.
    for number in 0..2 {
        let effects = send(&mut stream, &[("x-api-key", &format!("{longest}{number}"))], HONEST);
        passes(&effects);
        assert_eq!(event(&effects).class.as_ref(), "anonymous");
    }
    refused_at_once(&send(&mut stream, &[("x-api-key", &format!("{longest}2"))], HONEST), Reason::Throttled);
}

#[test]
fn a_refused_request_costs_nothing() {
    let mut stream = Stream::under(TWO_CALLS);
    for _ in 0..10 {
        refused_at_once(&send(&mut stream, &[KEY], EVIL), Reason::Introspection);
    }
    passes(&send(&mut stream, &[KEY], HONEST));
    passes(&send(&mut stream, &[KEY], HONEST));
}

#[test]
fn what_no_bucket_ever_holds_is_no_matter_of_time() {
    let mut stream = Stream::under(TWO_CALLS);
    let batch = format!("[{HONEST},{HONEST},{HONEST}]");
    let effects = send(&mut stream, &[KEY], &batch);
    refused_at_once(&effects, Reason::Quota);
    assert_eq!(answered(&effects, "retry-after"), None);
    let body: Value = serde_json::from_slice(&reply(&effects).unwrap().body).unwrap();
    assert_eq!(body["errors"][0]["extensions"]["limit"], 2);
    assert_eq!(body["errors"][0]["extensions"]["actual"], 3);
    // One event stands for the batch, of which nothing was taken.
    assert_eq!(effects.list.iter().filter(|effect| matches!(effect, Effect::Emit(_))).count(), 1);
    passes(&send(&mut stream, &[KEY], &format!("[{HONEST},{HONEST}]")));
    refused_at_once(&send(&mut stream, &[KEY], HONEST), Reason::Throttled);
}

#[test]
fn a_class_that_may_see_it_is_told_what_it_costs_and_has_left() {
    let mut stream = Stream::under(TWO_CALLS);
    send(&mut stream, &[KEY], HONEST);
    send(&mut stream, &[KEY], HONEST);
    let effects = send(&mut stream, &[KEY], HONEST);
    let body: Value = serde_json::from_slice(&reply(&effects).unwrap().body).unwrap();
    let cost = &body["extensions"]["cost"];
    assert_eq!(cost["throttleStatus"]["throttle"], "calls");
    assert_eq!(cost["throttleStatus"]["maximumAvailable"], 2);
    assert_eq!(cost["throttleStatus"]["currentlyAvailable"], 0);
    assert!(cost["requestedQueryCost"].is_u64(), "{cost}");
    assert!(body.get("data").is_none());
}

#[test]
fn anonymous_clients_are_told_no_more_than_when_to_come_again() {
    let mut stream = Stream::under(TWO_CALLS);
    send(&mut stream, &[], HONEST);
    send(&mut stream, &[], HONEST);
    let effects = send(&mut stream, &[], HONEST);
    refused_at_once(&effects, Reason::Throttled);
    assert_eq!(answered(&effects, "retry-after"), Some("2"));
    assert_eq!((answered(&effects, "ratelimit"), answered(&effects, "x-ratelimit-limit")), (None, None));
    let body = String::from_utf8(reply(&effects).unwrap().body.clone()).unwrap();
    assert!(!body.contains("cost") && !body.contains("limit\""), "{body}");
}

#[test]
fn an_upstream_that_speaks_of_limits_is_added_to() {
    let mut stream = Stream::under(TWO_CALLS);
    send(&mut stream, &[KEY], HONEST);
    assert!(stream.exchange.wants(Interest::ResponseHeaders));
    let effects = stream.response(&[("ratelimit", r#""api";r=1;t=9"#)], More::Ended);
    assert_eq!(responded(&effects, "ratelimit"), Some(r#""api";r=1;t=9, "calls";r=1;t=2"#));
    assert!(responded(&effects, "ratelimit-policy").unwrap().starts_with(r#""calls";q=2"#));
    assert_eq!(responded(&effects, "x-ratelimit-limit"), Some("2"));
    send(&mut stream, &[KEY], HONEST);
    let own = [("ratelimit", "limit=3"), ("x-ratelimit-limit", "3")];
    let effects = stream.response(&own, More::Ended);
    let said = ["ratelimit", "ratelimit-policy", "x-ratelimit-limit"].map(|name| responded(&effects, name));
    assert_eq!(said, [None; 3]);
}

#[test]
fn anonymous_clients_are_told_nothing_in_a_response() {
    let mut stream = Stream::under(TWO_CALLS);
    send(&mut stream, &[], HONEST);
    assert!(!stream.exchange.wants(Interest::ResponseHeaders));
    assert_eq!(responded(&stream.response(&[], More::Ended), "ratelimit"), None);
}

#[test]
fn clients_and_throttles_are_counted() {
    let mut stream = Stream::under(TWO_CALLS);
    let class = |class, outcome| Metric::ClientRequests(ClassLabel(class), outcome);
    let effects = send(&mut stream, &[KEY], HONEST);
    assert_eq!(counted(&effects, class(0, ClientOutcome::Allowed)), 1);
    let effects = send(&mut stream, &[], EVIL);
    assert_eq!(counted(&effects, class(1, ClientOutcome::Refused)), 1);
    send(&mut stream, &[KEY], HONEST);
    let effects = send(&mut stream, &[KEY], HONEST);
    assert_eq!(counted(&effects, class(0, ClientOutcome::Throttled)), 1);
    assert_eq!(counted(&effects, Metric::ThrottleDenied(ThrottleLabel(0))), 1);
    assert_eq!(counted(&effects, Metric::Refusals(Reason::Throttled)), 1);
}

#[test]
fn an_event_says_whose_request_it_was() {
    let mut stream = Stream::under(TWO_CALLS);
    let known = send(&mut stream, &[KEY], HONEST);
    let other = send(&mut stream, &[], HONEST);
    assert_eq!((event(&known).class.as_ref(), event(&other).class.as_ref()), ("partner", "anonymous"));
    assert_ne!(event(&known).client_key, event(&other).client_key);
    assert_eq!(event(&known).client_key, event(&send(&mut stream, &[KEY], HONEST)).client_key);
    assert!(!format!("{known:?}").contains("k-1"));
}

#[test]
fn a_header_is_an_identity_only_where_the_policy_says_so() {
    let mut stream = Stream::under(&TWO_CALLS.replace("identity: [{header: x-api-key}]", "key_salt: x"));
    passes(&send(&mut stream, &[KEY], HONEST));
    passes(&send(&mut stream, &[("x-api-key", "k-2")], HONEST));
    refused_at_once(&send(&mut stream, &[("x-api-key", "k-3")], HONEST), Reason::Throttled);
}

#[test]
fn a_claim_is_the_identity_wherever_the_client_is() {
    let policy = TWO_CALLS.replace("{header: x-api-key}", "{jwt: {claim: [sub]}}");
    let mut stream = Stream::under(&policy);
    stream.properties = vec![Some(b"user-1".to_vec())];
    for address in ["192.0.2.1:1", "[2001:db8::1]:2"] {
        stream.address = address;
        passes(&send(&mut stream, &[], HONEST));
    }
    refused_at_once(&send(&mut stream, &[], HONEST), Reason::Throttled);
    stream.properties = vec![None];
    passes(&send(&mut stream, &[], HONEST));
}

#[test]
fn a_class_is_judged_by_its_own_limits() {
    let policy = "
clients:
  classes:
    - {name: staff, when: [{address: [10.0.0.0/8]}], limits: {introspection: allow, body_bytes: 100, depth: 1}}
";
    let mut stream = Stream::under(policy);
    refused_at_once(&send(&mut stream, &[], EVIL), Reason::Introspection);
    stream.address = "10.0.0.1:5000";
    refused_at_once(&send(&mut stream, &[], EVIL), Reason::Depth);
    passes(&send(&mut stream, &[], r#"{"query":"{ __typename }"}"#));
    let long = format!(r#"{{"query":"{{ a }}","x":"{}"}}"#, "x".repeat(100));
    refused_at_once(&send(&mut stream, &[], &long), Reason::BodySize);
    stream.address = "192.0.2.1:5000";
    passes(&send(&mut stream, &[], &long));
}

#[test]
fn limits_are_hidden_from_anonymous_clients_where_there_are_classes() {
    let mut stream = Stream::under(TWO_CALLS);
    let deep = r#"{"query":"{ a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a } } } } } } } } } } } } } } } }"}"#;
    let limit = |effects: &Effects| {
        let body: Value = serde_json::from_slice(&reply(effects).unwrap().body).unwrap();
        body["errors"][0]["extensions"]["limit"].as_u64()
    };
    assert_eq!(limit(&send(&mut stream, &[KEY], deep)), Some(15));
    assert_eq!(limit(&send(&mut stream, &[], deep)), None);
}

const SETTLED: &str = "
responses: {actual_cost: true}
throttles: {rules: [{name: spent, per: client, unit: cost, capacity: 60, refill: 1, window_ms: 60000}]}
";

/// A list of fifty by its argument.
const LIST: &str = r#"{"query":"{ users(first: 50) { id posts { id } } }"}"#;

fn respond(stream: &mut Stream, body: &str) -> Effects {
    stream.response(&[("content-type", "application/json")], More::Follows);
    stream.on(Input::ResponseBody { chunk: Chunk::Bytes(body.as_bytes()), more: More::Ended })
}

/// How often an operation still passes.
fn left(stream: &mut Stream, each: &str) -> usize {
    (0..1_000).take_while(|_| send(stream, &[], each).flow == Flow::Continue).count()
}

#[test]
fn what_a_response_did_not_need_is_given_back() {
    let mut stream = Stream::under(SETTLED);
    let before = left(&mut Stream::under(SETTLED), LIST);
    send(&mut stream, &[], LIST);
    respond(&mut stream, r#"{"data":{"users":[]}}"#);
    let after = left(&mut stream, LIST);
    assert_eq!((before, after), (1, 1));
    // Without the response the estimate stands.
    let mut unanswered = Stream::under(SETTLED);
    send(&mut unanswered, &[], LIST);
    unanswered.on(Input::StreamEnded);
    assert_eq!(left(&mut unanswered, LIST), before - 1);
}

#[test]
fn what_a_response_had_beyond_the_estimate_is_owed() {
    let mut stream = Stream::under(SETTLED);
    send(&mut stream, &[], LIST);
    let many = vec![r#"{"id":1}"#; 400].join(",");
    respond(&mut stream, &format!(r#"{{"data":{{"users":[{many}]}}}}"#));
    let effects = send(&mut stream, &[], HONEST);
    refused_at_once(&effects, Reason::Throttled);
    let wait: u64 = answered(&effects, "retry-after").unwrap().parse().unwrap();
    assert!(wait > 60 * 60, "{wait}");
}

#[test]
fn a_get_an_upload_and_a_stream_are_charged_alike() {
    let policy =
        "throttles: {rules: [{name: calls, per: client, unit: requests, capacity: 1, window_ms: 1000}]}";
    let mut stream = Stream::under(policy);
    passes(&get(&mut stream, "/graphql?query={a}"));
    refused_at_once(&get(&mut stream, "/graphql?query={a}"), Reason::Throttled);
    refused_at_once(&send(&mut stream, &[("accept", "text/event-stream")], HONEST), Reason::Throttled);
    let upload = "--b\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"mutation($f:Upload){a(f:$f)}\",\"variables\":{\"f\":null}}\r\n--b\r\ncontent-disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n--b\r\ncontent-disposition: form-data; name=\"0\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n";
    stream.exchange = Exchange::default();
    let form = [("content-type", "multipart/form-data; boundary=b"), ("x-requested-with", "x")];
    stream.headers("POST", "/graphql", More::Follows, &form);
    refused_at_once(&stream.body(upload.as_bytes(), More::Ended), Reason::Throttled);
    stream.now = stream.now.later(1_000);
    stream.exchange = Exchange::default();
    stream.headers("POST", "/graphql", More::Follows, &form);
    passes(&stream.body(upload.as_bytes(), More::Ended));
    refused_at_once(&get(&mut stream, "/graphql?query={a}"), Reason::Throttled);
}

#[test]
fn operations_are_known_by_name_and_by_shape() {
    let policy =
        "throttles: {rules: [{name: each, per: operation, unit: requests, capacity: 1, window_ms: 1000}]}";
    let mut stream = Stream::under(policy);
    let query = |text: &str| serde_json::json!({ "query": text }).to_string();
    passes(&send(&mut stream, &[], &query("query A { a(x: 1) }")));
    refused_at_once(&send(&mut stream, &[], &query("query B { a(x: 2) }")), Reason::Throttled);
    refused_at_once(&send(&mut stream, &[], &query("query A { b }")), Reason::Throttled);
    passes(&send(&mut stream, &[], &query("query B { b }")));
}

/// Shared state in which somebody else always was first.
#[derive(Debug)]
pub(super) struct Deaf;

impl Buckets for Deaf {
    fn load(&mut self, _: &str) -> (Vec<u8>, Option<Version>) {
        (Vec::new(), None)
    }

    fn store(&mut self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        Err(Conflict)
    }
}

#[test]
fn what_cannot_be_counted_does_not_pass() {
    let mut stream = Stream::under(TWO_CALLS);
    stream.headers("POST", "/graphql", More::Follows, &[JSON]);
    let mut world = World {
        now: stream.now,
        policy: &stream.policy,
        decisions: &stream.decisions,
        entropy: [7; 10],
        desk: &mut stream.desk,
        held: &mut stream.held,
        places: &stream.places,
        live: &mut stream.live,
        buckets: &mut Deaf,
    };
    let chunk = Chunk::Bytes(HONEST.as_bytes());
    let effects = stream.exchange.on(Input::RequestBody { chunk, more: More::Ended }, &mut world);
    refused_at_once(&effects, Reason::Contention);
    assert_eq!(counted(&effects, Metric::ThrottlesContended), 1);
}

const STREAMS: &str = "throttles: {streams: [{name: open, per: client, max: 2}]}";
const SSE: (&str, &str) = ("accept", "text/event-stream");

fn subscribe(stream: &mut Stream) -> Effects {
    send(stream, &[SSE], r#"{"query":"subscription { ticks }"}"#)
}

#[test]
fn a_client_has_as_many_streams_as_it_may_and_room_when_one_ends() {
    let mut stream = Stream::under(STREAMS);
    let event_stream = [("content-type", "text/event-stream")];
    passes(&subscribe(&mut stream));
    stream.response(&event_stream, More::Follows);
    let first = std::mem::take(&mut stream.exchange);
    passes(&subscribe(&mut stream));
    stream.response(&event_stream, More::Follows);
    let effects = subscribe(&mut stream);
    refused_at_once(&effects, Reason::Streams);
    assert_eq!(answered(&effects, "retry-after"), Some("1"));
    assert_eq!(counted(&effects, Metric::ThrottleDenied(ThrottleLabel(0))), 1);
    let class = Metric::ClientRequests(ClassLabel(0), ClientOutcome::Throttled);
    assert_eq!(counted(&effects, class), 1);
    // What is no stream is not counted.
    passes(&send(&mut stream, &[], HONEST));
    stream.exchange = first;
    stream.on(Input::StreamEnded);
    passes(&subscribe(&mut stream));
    refused_at_once(&subscribe(&mut stream), Reason::Streams);
}

#[test]
fn an_answer_that_is_no_stream_makes_room_at_once() {
    let mut stream = Stream::under(STREAMS);
    for (headers, more) in [
        (&[("content-type", "application/json")][..], More::Follows),
        (&[("content-type", "text/event-stream")], More::Ended),
        (&[], More::Ended),
    ] {
        for _ in 0..5 {
            passes(&subscribe(&mut stream));
            stream.response(headers, more);
        }
    }
    // One that never came, and one whose client went away.
    for _ in 0..5 {
        passes(&subscribe(&mut stream));
        stream.on(Input::StreamEnded);
    }
}

#[test]
fn a_stream_that_is_refused_for_what_it_costs_is_not_open() {
    let policy = "
throttles:
  rules: [{name: calls, per: client, unit: requests, capacity: 1, window_ms: 1000}]
  streams: [{name: open, per: client, max: 2}]";
    let mut stream = Stream::under(policy);
    passes(&subscribe(&mut stream));
    for _ in 0..5 {
        refused_at_once(&subscribe(&mut stream), Reason::Throttled);
    }
    stream.now = stream.now.later(1_000);
    passes(&subscribe(&mut stream));
    // And one too many takes nothing from the bucket.
    stream.now = stream.now.later(1_000);
    refused_at_once(&subscribe(&mut stream), Reason::Streams);
    passes(&send(&mut stream, &[], HONEST));
}

#[test]
fn whoever_asks_for_parts_may_have_a_stream() {
    let upload = "--b\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"query($f:Upload){a(f:$f){...@defer{b}}}\",\"variables\":{\"f\":null}}\r\n--b\r\ncontent-disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n--b\r\ncontent-disposition: form-data; name=\"0\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n";
    let form = ("content-type", "multipart/form-data; boundary=b");
    let parts = ("accept", "multipart/mixed; deferSpec=20220824");
    let plain = ("accept", "application/json");
    let preflight = ("x-requested-with", "x");
    for (headers, body) in [
        (&[form, preflight, parts][..], upload),
        (&[form, preflight, plain, parts], upload),
        (&[JSON, plain, parts], HONEST),
        (&[JSON, parts, plain], HONEST),
        (&[JSON, ("accept", "text/event-stream"), plain], HONEST),
    ] {
        let mut stream = Stream::under(STREAMS);
        for number in 0..3 {
            stream.exchange = Exchange::default();
            stream.headers("POST", "/graphql", More::Follows, headers);
            let effects = stream.body(body.as_bytes(), More::Ended);
            match number {
                0 | 1 => passes(&effects),
                _ => refused_at_once(&effects, Reason::Streams),
            }
        }
    }
}

#[test]
fn an_upload_of_a_stream_that_turns_bad_is_not_open() {
    let mut stream = Stream::under(STREAMS);
    let start = "--b\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"subscription($f:Upload){a(f:$f)}\",\"variables\":{\"f\":null}}\r\n--b\r\ncontent-disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n--b\r\ncontent-disposition: form-data; name=\"0\"; filename=\"f\"\r\n\r\nx";
    let form = [("content-type", "multipart/form-data; boundary=b"), ("x-requested-with", "x")];
    for ending in ["\r\n--b\r\nbad", "\r\n--b--"] {
        for _ in 0..5 {
            stream.exchange = Exchange::default();
            stream.headers("POST", "/graphql", More::Follows, &form);
            passes(&stream.body(start.as_bytes(), More::Follows));
            stream.body(ending.as_bytes(), More::Ended);
            stream.on(Input::StreamEnded);
        }
    }
}

/// The hits that Envoy's `ratelimit` filter is told of.
fn handed_over(effects: &Effects) -> Vec<u32> {
    let hits = effects.list.iter().filter_map(|effect| match effect {
        Effect::HandOver(hits) => Some(*hits),
        _ => None,
    });
    hits.collect()
}

/// What the `ratelimit` filter asks about, whether a reason only counted or none was met.
fn let_through() -> Effect {
    Effect::Property("portcullis_gate", "allowed".to_owned())
}

#[test]
fn the_cost_is_handed_over_once_with_the_verdict_where_the_policy_says_so() {
    const HANDED: &str = "throttles: {hand_over_cost: true}";
    let page = r#"{"query":"{ users(first: 100) { id } }"}"#;
    let batch = format!("[{page},{page},{HONEST}]");
    for body in [HONEST, page, &batch] {
        let mut stream = Stream::under(HANDED);
        let effects = send(&mut stream, &[], body);
        passes(&effects);
        let hits: u32 = header(&effects, "x-graphql-cost").unwrap().parse().unwrap();
        assert_eq!(handed_over(&effects), [hits], "{body}");
        let key = event(&effects).client_key.to_string();
        assert!(effects.list.contains(&Effect::Property("portcullis_client", key)));
        assert!(effects.list.contains(&let_through()));
        assert!(handed_over(&stream.response(&[], More::Ended)).is_empty());
        assert!(handed_over(&send(&mut Stream::new(), &[], body)).is_empty());
    }
    // What is refused here never comes to the limit of all.
    let refused = send(&mut Stream::under(HANDED), &[], EVIL);
    assert!(handed_over(&refused).is_empty() && !refused.list.contains(&let_through()));
}

#[test]
fn what_passes_in_shadow_is_told_to_the_limit_of_all_like_what_is_allowed() {
    for (policy, reason) in [
        ("mode: shadow\nthrottles: {hand_over_cost: true}", Reason::Introspection),
        ("shadow_reasons: [introspection]\nthrottles: {hand_over_cost: true}", Reason::Introspection),
    ] {
        let effects = send(&mut Stream::under(policy), &[], EVIL);
        passes(&effects);
        let verdict = Effect::Property("portcullis_verdict", format!("shadow:{}", reason.label()));
        assert!(effects.list.contains(&verdict));
        assert!(effects.list.contains(&let_through()), "{:?}", effects.list);
        assert_eq!(handed_over(&effects).len(), 1);
    }
}
