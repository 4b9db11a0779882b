//! Throttles of which some only count: what they would refuse passes, and the others hold it all the same.

use super::shadow::{counted, only_counts, passes};
use super::*;
use portcullis_report::{Metric, ThrottleLabel};

/// It costs more than a bucket of ten ever holds.
const PAGE: &str = r#"{"query":"{ users(first: 100) { id } }"}"#;

fn shadowed(effects: &Effects, throttle: u8) -> u64 {
    counted(effects, Metric::ThrottleShadowed(ThrottleLabel(throttle)))
}

#[test]
fn what_no_bucket_holds_is_held_by_the_others_where_that_only_counts() {
    let policy = "
shadow_reasons: [quota]
throttles:
  rules:
    - {name: spent, per: client, unit: cost, capacity: 10, refill: 1, window_ms: 86400000}
    - {name: calls, per: client, unit: requests, capacity: 2, refill: 1, window_ms: 86400000}
    - {name: everyone, per: class, unit: requests, capacity: 3, refill: 1, window_ms: 86400000}";
    let mut stream = Stream::under(policy);
    for _ in 0..2 {
        let effects = post(&mut stream, PAGE);
        only_counts(&effects, Reason::Quota);
        assert_eq!((shadowed(&effects, 0), shadowed(&effects, 1)), (1, 0));
    }
    let effects = post(&mut stream, PAGE);
    refused_at_once(&effects, Reason::Throttled);
    assert_eq!(shadowed(&effects, 0), 0, "what is refused is not in shadow");
    stream.address = "192.0.2.8:5000";
    only_counts(&post(&mut stream, PAGE), Reason::Quota);
    refused_at_once(&post(&mut stream, PAGE), Reason::Throttled);
    // Of the bucket that was left out nothing was taken.
    stream.now = stream.now.later(86_400_000);
    passes(&post(&mut stream, HONEST));
}

#[test]
fn a_client_with_a_small_part_of_its_throttles_is_no_freer_where_quota_only_counts() {
    use portcullis_policy::decisions::{Book, Page};
    use portcullis_report::{Action, DECISION_VERSION, Decision, DecisionPage, Scope};
    let decision = Decision {
        id: 1,
        action: Action::Throttle { factor_milli: 100 },
        scope: Scope::parse("ip", "192.0.2.7").unwrap().unwrap(),
        expires_at_ms: 600_000,
        reason: String::new(),
        origin: "operator".to_owned(),
    };
    let (decisions, removed) = (vec![decision], Vec::new());
    let page = DecisionPage {
        version: DECISION_VERSION,
        revision: 1,
        full: true,
        floor: 0,
        more: false,
        decisions,
        removed,
    };
    let mut book = Book::new(1);
    let Page::Whole(_) = book.take(&page, Timestamp::from_millis(1)) else { panic!("a whole page") };
    let policy = "
shadow_reasons: [quota]
throttles: {rules: [{name: calls, per: client, unit: requests, capacity: 4, refill: 1, window_ms: 86400000}]}";
    let mut stream = Stream { decisions: book.set().clone(), ..Stream::under(policy) };
    only_counts(&post(&mut stream, HONEST), Reason::Quota);
    for _ in 0..5 {
        refused_at_once(&post(&mut stream, HONEST), Reason::Throttled);
    }
}

#[test]
fn where_all_of_it_only_counts_what_no_bucket_holds_takes_nothing() {
    let policy = "
mode: shadow
throttles:
  rules:
    - {name: spent, per: client, unit: cost, capacity: 10, refill: 1, window_ms: 86400000}
    - {name: calls, per: client, unit: requests, capacity: 1, refill: 1, window_ms: 86400000}";
    let mut stream = Stream::under(policy);
    for _ in 0..3 {
        only_counts(&post(&mut stream, PAGE), Reason::Quota);
    }
    passes(&post(&mut stream, HONEST));
    only_counts(&post(&mut stream, HONEST), Reason::Throttled);
}

const TRIED: &str = "
clients: {anonymous: {sees: {throttles: true}}}
throttles:
  legacy_headers: true
  rules:
    - {name: tried, per: client, unit: requests, capacity: 1, refill: 1, window_ms: 86400000, mode: shadow}
    - {name: calls, per: client, unit: requests, capacity: 3, refill: 1, window_ms: 86400000, mode: enforce}
    - {name: everyone, per: class, unit: cost, capacity: 10, refill: 1, window_ms: 86400000, mode: shadow}";

#[test]
fn a_throttle_in_shadow_counts_what_it_would_refuse_and_binds_nobody() {
    let mut stream = Stream::under(TRIED);
    let effects = post(&mut stream, HONEST);
    passes(&effects);
    // It is not told: who is never told to wait is not to hold back.
    let told = stream.response(&[], More::Ended);
    let said = |name: &str| {
        told.list.iter().find_map(|effect| match effect {
            Effect::SetResponseHeader(known, value) if *known == name => Some(value.clone()),
            _ => None,
        })
    };
    assert_eq!(said("ratelimit-policy").as_deref(), Some("\"calls\";q=3;w=259200"));
    assert_eq!(said("ratelimit").as_deref(), Some("\"calls\";r=2;t=86400"));
    for _ in 0..2 {
        let effects = post(&mut stream, HONEST);
        only_counts(&effects, Reason::Throttled);
        assert_eq!([0, 1, 2].map(|throttle| shadowed(&effects, throttle)), [1, 0, 0]);
    }
    // The one that is enforced has had three.
    let effects = post(&mut stream, HONEST);
    refused_at_once(&effects, Reason::Throttled);
    assert_eq!(counted(&effects, Metric::ThrottleDenied(ThrottleLabel(1))), 1);
    assert_eq!([0, 1, 2].map(|throttle| shadowed(&effects, throttle)), [0; 3]);
    // More than it ever holds.
    stream.address = "192.0.2.8:5000";
    let effects = post(&mut stream, PAGE);
    only_counts(&effects, Reason::Quota);
    assert_eq!([0, 1, 2].map(|throttle| shadowed(&effects, throttle)), [0, 0, 1]);
}

#[test]
fn a_throttle_in_shadow_takes_what_it_lets_through_and_nothing_else() {
    let policy = "throttles: {rules: [{name: tried, per: client, unit: requests, capacity: 2, refill: 1, window_ms: 1000, mode: shadow}]}";
    let mut stream = Stream::under(policy);
    passes(&post(&mut stream, HONEST));
    passes(&post(&mut stream, HONEST));
    for _ in 0..5 {
        only_counts(&post(&mut stream, HONEST), Reason::Throttled);
    }
    stream.now = stream.now.later(1_000);
    passes(&post(&mut stream, HONEST));
    only_counts(&post(&mut stream, HONEST), Reason::Throttled);
    // Where it leaves shadow, its bucket is as it is.
    stream.policy = Policy::parse(&policy.replace("mode: shadow", "mode: enforce")).unwrap();
    refused_at_once(&post(&mut stream, HONEST), Reason::Throttled);
}

#[test]
fn a_limit_of_streams_in_shadow_counts_what_it_would_refuse() {
    let policy = "
throttles:
  streams:
    - {name: tried, per: client, max: 1, mode: shadow}
    - {name: open, per: client, max: 2}
    - {name: all, per: class, max: 1, mode: shadow}";
    let mut stream = Stream::under(policy);
    let subscribe = |stream: &mut Stream| post(stream, r#"{"query":"subscription S { s }"}"#);
    passes(&subscribe(&mut stream));
    let first = std::mem::take(&mut stream.exchange);
    let effects = subscribe(&mut stream);
    only_counts(&effects, Reason::Streams);
    assert_eq!([0, 1, 2].map(|throttle| shadowed(&effects, throttle)), [1, 0, 1]);
    refused_at_once(&subscribe(&mut stream), Reason::Streams);
    // What it did not let through it does not count when it ends.
    stream.exchange = first;
    stream.on(Input::StreamEnded);
    passes(&subscribe(&mut stream));
    refused_at_once(&subscribe(&mut stream), Reason::Streams);
}

#[test]
fn what_an_enforced_throttle_refuses_no_limit_of_streams_has_in_shadow() {
    let policy = "
throttles:
  rules: [{name: calls, per: client, unit: requests, capacity: 2, refill: 1, window_ms: 86400000}]
  streams: [{name: tried, per: client, max: 1, mode: shadow}]";
    let mut stream = Stream::under(policy);
    let subscribe = |stream: &mut Stream| post(stream, r#"{"query":"subscription S { s }"}"#);
    passes(&subscribe(&mut stream));
    let _first = std::mem::take(&mut stream.exchange);
    assert_eq!(shadowed(&subscribe(&mut stream), 1), 1);
    let effects = subscribe(&mut stream);
    refused_at_once(&effects, Reason::Throttled);
    assert_eq!(shadowed(&effects, 1), 0);
}

#[test]
fn what_a_throttle_in_shadow_cannot_count_passes() {
    let policy = "throttles: {rules: [{name: tried, per: client, unit: requests, capacity: 2, window_ms: 1000, mode: shadow}]}";
    let mut stream = Stream::under(policy);
    stream.post();
    let mut world = World {
        now: stream.now,
        policy: &stream.policy,
        decisions: &stream.decisions,
        entropy: [7; 10],
        desk: &mut stream.desk,
        held: &mut stream.held,
        places: &stream.places,
        live: &mut stream.live,
        buckets: &mut super::throttles::Deaf,
    };
    let chunk = Chunk::Bytes(HONEST.as_bytes());
    let effects = stream.exchange.on(Input::RequestBody { chunk, more: More::Ended }, &mut world);
    only_counts(&effects, Reason::Contention);
    assert_eq!(counted(&effects, Metric::ThrottlesContended), 1);
}
