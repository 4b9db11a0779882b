//! What only counts: a policy, a class or a reason in shadow. It passes, is counted and reported, and hides nothing else.

use super::*;
use portcullis_report::{ClassLabel, ClientOutcome, Metric, OperationKind, Outcome, ThrottleLabel};

const SHADOW: &str = "mode: shadow";
const DEEP: &str = r#"{"query":"query Deep { a { b { c { d { e } } } } }"}"#;

pub(super) fn counted(effects: &Effects, metric: Metric) -> u64 {
    let counts = effects.list.iter().filter_map(|effect| match effect {
        Effect::Count(known, amount) if *known == metric => Some(*amount),
        _ => None,
    });
    counts.sum()
}

fn shadowed(effects: &Effects) -> Option<Reason> {
    event(effects).shadowed.map(|refusal| refusal.reason)
}

/// It passes, and is counted and reported as what would have been refused.
#[track_caller]
pub(super) fn only_counts(effects: &Effects, expected: Reason) {
    assert_eq!((effects.flow, reply(effects)), (Flow::Continue, None));
    assert_eq!((reason(effects), shadowed(effects)), (None, Some(expected)));
    assert_eq!(counted(effects, Metric::Shadowed(expected)), 1);
    assert_eq!(counted(effects, Metric::Refusals(expected)), 0);
    let verdict = Effect::Property("portcullis_verdict", format!("shadow:{}", expected.label()));
    assert!(effects.list.contains(&verdict), "{:?}", effects.list);
}

#[track_caller]
pub(super) fn passes(effects: &Effects) {
    assert_eq!((effects.flow, reply(effects), shadowed(effects)), (Flow::Continue, None, None));
}

#[test]
fn a_policy_in_shadow_lets_pass_what_it_would_refuse() {
    let mut stream = Stream::under(SHADOW);
    let effects = post(&mut stream, EVIL);
    only_counts(&effects, Reason::Introspection);
    assert_eq!(counted(&effects, Metric::Requests(OperationKind::Query, Outcome::Allowed)), 1);
    assert!(event(&effects).document.is_some() && event(&effects).shape.is_some());
    let class = Metric::ClientRequests(ClassLabel(0), ClientOutcome::Allowed);
    assert_eq!(counted(&effects, class), 1);
    passes(&post(&mut stream, HONEST));
}

#[test]
fn what_cannot_be_parsed_passes_in_shadow_as_it_came() {
    let mut stream = Stream::under(SHADOW);
    for (body, expected) in [
        (r#"{"query":"{"}"#, Reason::Syntax),
        ("not JSON", Reason::Json),
        (r#"{"query":"query A { a } query B { b }"}"#, Reason::OperationUnresolved),
        (r#"{"query":"{ a } fragment F on T { ...F }"}"#, Reason::FragmentCycle),
        (r#"{"query":"{ a }","query":"{ b }"}"#, Reason::Ambiguous),
    ] {
        only_counts(&post(&mut stream, body), expected);
    }
}

#[test]
fn what_the_headers_rule_out_passes_in_shadow_without_what_only_the_gate_may_say() {
    let mut stream = Stream::under(SHADOW);
    let forged = ("x-graphql-cost", "0");
    let effects =
        stream.headers("POST", "/graphql", More::Follows, &[("content-type", "text/plain"), forged]);
    only_counts(&effects, Reason::ContentType);
    assert!(effects.list.contains(&Effect::RemoveRequestHeader("x-graphql-cost".to_owned())));
    assert_eq!(stream.body(b"anything", More::Ended), Effects::default());
    let id = stream.response(&[], More::Ended);
    assert_eq!(id.list.len(), 1);
    let mut stream = Stream::under("mode: shadow\nwebsocket: {graphql: false}");
    let effects = stream.headers("GET", "/graphql", More::Follows, &[("upgrade", "websocket")]);
    only_counts(&effects, Reason::Method);
}

#[test]
fn a_body_beyond_its_limit_passes_in_shadow_and_is_not_held() {
    let mut stream = Stream::under("mode: shadow\ngraphql: {limits: {body_bytes: 40}}");
    stream.post();
    assert_eq!(stream.body(&[b' '; 40], More::Follows).flow, Flow::Hold);
    only_counts(&stream.body(b" ", More::Follows), Reason::BodySize);
    assert_eq!(format!("{:?}", stream.held), format!("{:?}", Held::default()));
    assert_eq!(stream.body(&[b' '; 1_000], More::Ended), Effects::default());
}

#[test]
fn an_upload_that_turns_bad_passes_in_shadow_and_is_watched_no_more() {
    let part =
        |name: &str, rest: &str| format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"{rest}");
    let operations = r#"{"query":"mutation U($f: Upload) { u(f: $f) }","variables":{"f":null}}"#;
    let head = [
        part("operations", &format!("\r\n\r\n{operations}\r\n")),
        part("map", "\r\n\r\n{\"0\":[\"variables.f\"]}\r\n"),
        part("0", "; filename=\"f\"\r\n\r\nx"),
    ];
    let form = [("content-type", "multipart/form-data; boundary=b"), ("x-requested-with", "x")];
    let mut stream = Stream::under(SHADOW);
    stream.headers("POST", "/graphql", More::Follows, &form);
    assert_eq!(stream.body(head.concat().as_bytes(), More::Follows).flow, Flow::Continue);
    only_counts(&stream.body(b"\r\n--b\r\nbad\r\n\r\n", More::Follows), Reason::Multipart);
    assert_eq!(stream.body(b"more", More::Ended), Effects::default());
    // One that never was an upload.
    stream.exchange = Exchange::default();
    stream.headers("POST", "/graphql", More::Follows, &form);
    only_counts(&stream.body(b"--b\r\nbad\r\n\r\n", More::Follows), Reason::Multipart);
    assert_eq!(stream.body(b"more", More::Ended), Effects::default());
}

#[test]
fn what_the_gate_does_not_have_is_refused_in_shadow_too() {
    let mut stream = Stream::under(SHADOW);
    let hash = format!(
        r#"{{"extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{}"}}}}}}"#,
        "ab".repeat(32)
    );
    refused_at_once(&post(&mut stream, &hash), Reason::PersistedQuery);
    refused_at_once(&post(&mut stream, r#"{"documentId":"nobody-knows"}"#), Reason::UntrustedId);
    stream.exchange = Exchange::default();
    stream.post();
    let effects = stream.on(Input::RequestBody { chunk: Chunk::Unreadable, more: More::Ended });
    refused_at_once(&effects, Reason::Unreadable);
    // A worker holds no more than it may for whatever reason.
    let mut stream = Stream::under("mode: shadow\ngraphql: {limits: {held_bytes: 1048576}}");
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(std::mem::take(&mut stream.exchange));
        stream.post();
        stream.body(&[b' '; 262_144], More::Follows);
    }
    others.push(std::mem::take(&mut stream.exchange));
    stream.post();
    refused_at_once(&stream.body(b" ", More::Ended), Reason::Overloaded);
}

#[test]
fn a_reason_in_shadow_hides_no_other() {
    let policy = "
shadow_reasons: [depth, introspection, cost, untrusted_document]
graphql: {limits: {depth: 4, aliases: 1}, trusted_documents: {mode: require, documents: {known: '{ z }'}}}";
    let mut stream = Stream::under(policy);
    only_counts(&post(&mut stream, DEEP), Reason::UntrustedDocument);
    let both = r#"{"query":"{ a: a { b { c { d { e: e } } } } }"}"#;
    let effects = post(&mut stream, both);
    refused_at_once(&effects, Reason::Aliases);
    assert_eq!(shadowed(&effects), None, "what was refused is not in shadow");
    assert_eq!(counted(&effects, Metric::Shadowed(Reason::UntrustedDocument)), 0);
    refused_at_once(&post(&mut stream, r#"{"query":"{"}"#), Reason::Syntax);
}

#[test]
fn many_aliases_in_shadow_are_not_taken_for_those_of_one_field() {
    let fields = |name: &dyn Fn(u32) -> String| (0..61).map(name).collect::<Vec<_>>().join(" ");
    let body = |fields: String| format!(r#"{{"query":"{{ a {{ {fields} }} }}"}}"#);
    let mut stream = Stream::under("shadow_reasons: [aliases]");
    let different = body(fields(&|number| format!("a{number}: f{number}")));
    only_counts(&post(&mut stream, &different), Reason::Aliases);
    let one = body(fields(&|number| format!("a{number}: f")));
    assert_eq!(reason(&post(&mut stream, &one)), Some(Reason::AliasesPerField));
}

#[test]
fn a_batch_says_of_each_operation_what_would_be_refused() {
    let policy = "mode: shadow\ngraphql: {transports: {batch: true}, limits: {depth: 4}, cost: {max: 3}}";
    let mut stream = Stream::under(policy);
    let effects = post(&mut stream, &format!("[{},{},{}]", HONEST, DEEP, r#"{"query":"{"}"#));
    let found: Vec<_> =
        events(&effects.list).map(|event| event.shadowed.map(|refusal| refusal.reason)).collect();
    assert_eq!(found, [None, Some(Reason::Depth), Some(Reason::Syntax)]);
    assert_eq!(counted(&effects, Metric::Shadowed(Reason::Depth)), 1, "the first counts");
    assert_eq!(counted(&effects, Metric::Shadowed(Reason::Syntax)), 0);
    // What all of it costs is said of one of them.
    let list = r#"{"query":"{ a(first: 2) { b } }"}"#;
    let effects = post(&mut stream, &format!("[{HONEST},{list},{list}]"));
    let noted = events(&effects.list).filter(|event| event.shadowed.is_some()).count();
    assert_eq!((noted, counted(&effects, Metric::Shadowed(Reason::Cost))), (1, 1));
}

#[test]
fn a_class_in_shadow_is_alone_in_it() {
    let policy = "
clients:
  identity: [{header: x-api-key}]
  classes: [{name: partner, when: [{identity: [header]}], mode: shadow}]";
    let mut stream = Stream::under(policy);
    stream.headers("POST", "/graphql", More::Follows, &[JSON, ("x-api-key", "k")]);
    only_counts(&stream.body(EVIL.as_bytes(), More::Ended), Reason::Introspection);
    refused_at_once(&post(&mut stream, EVIL), Reason::Introspection);
}

const THROTTLES: &str = "
clients: {anonymous: {sees: {throttles: true}}}
throttles:
  rules: [{name: calls, per: client, unit: requests, capacity: 2, window_ms: 1000}]
  streams: [{name: open, per: client, max: 1}]";

fn subscribe(stream: &mut Stream) -> Effects {
    post(stream, r#"{"query":"subscription S { s }"}"#)
}

#[test]
fn throttles_in_shadow_count_what_they_would_have_refused_and_no_more() {
    let mut stream = Stream::under(&format!("mode: shadow\n{THROTTLES}"));
    for _ in 0..3 {
        // It would have been refused before any throttle was asked.
        only_counts(&post(&mut stream, EVIL), Reason::Introspection);
    }
    passes(&post(&mut stream, HONEST));
    assert_eq!(stream.response(&[], More::Ended).list.len(), 1, "nobody is told to hold back");
    passes(&post(&mut stream, HONEST));
    for _ in 0..3 {
        let effects = post(&mut stream, HONEST);
        only_counts(&effects, Reason::Throttled);
        assert_eq!(counted(&effects, Metric::ThrottleShadowed(ThrottleLabel(0))), 1);
        assert_eq!(counted(&effects, Metric::ThrottleDenied(ThrottleLabel(0))), 0);
    }
    stream.now = stream.now.later(1_000);
    passes(&subscribe(&mut stream));
    let effects = subscribe(&mut stream);
    only_counts(&effects, Reason::Streams);
    assert_eq!(counted(&effects, Metric::ThrottleShadowed(ThrottleLabel(1))), 1);
    // It took nothing.
    passes(&post(&mut stream, HONEST));
    only_counts(&post(&mut stream, HONEST), Reason::Throttled);
}

#[test]
fn an_enforced_throttle_is_asked_of_whatever_passes() {
    let mut stream = Stream::under(&format!("shadow_reasons: [introspection, streams]\n{THROTTLES}"));
    only_counts(&post(&mut stream, EVIL), Reason::Introspection);
    only_counts(&post(&mut stream, EVIL), Reason::Introspection);
    refused_at_once(&post(&mut stream, EVIL), Reason::Throttled);
}

#[test]
fn an_enforced_limit_of_streams_counts_what_a_throttle_in_shadow_lets_pass() {
    let mut stream = Stream::under(&format!("shadow_reasons: [throttled]\n{THROTTLES}"));
    passes(&post(&mut stream, HONEST));
    passes(&post(&mut stream, HONEST));
    only_counts(&subscribe(&mut stream), Reason::Throttled);
    refused_at_once(&subscribe(&mut stream), Reason::Streams);
}

#[test]
fn a_policy_that_leaves_shadow_finds_the_buckets_as_they_are() {
    let mut stream = Stream::under(&format!("mode: shadow\n{THROTTLES}"));
    for _ in 0..5 {
        post(&mut stream, HONEST);
    }
    stream.policy = Policy::parse(THROTTLES).unwrap();
    refused_at_once(&post(&mut stream, HONEST), Reason::Throttled);
    stream.now = stream.now.later(500);
    passes(&post(&mut stream, HONEST));
    refused_at_once(&post(&mut stream, HONEST), Reason::Throttled);
}
