//! Clients about whom something is decided: blocked, throttled, allowed.

use crate::*;
use portcullis_gate::Interest;
use portcullis_policy::decisions::{Book, Page};
use portcullis_report::{
    Action, DECISION_VERSION, Decision, DecisionMetric, DecisionOrigin, DecisionPage, Metric, Scope,
};

fn decided(all: &[(Action, &str, &str)]) -> DecisionSet {
    let decision = |(id, (action, kind, value)): (u64, &(Action, &str, &str))| Decision {
        id,
        action: *action,
        scope: Scope::parse(kind, value).unwrap().unwrap(),
        expires_at_ms: 60_000,
        reason: String::new(),
        origin: "operator".to_owned(),
    };
    let page = DecisionPage {
        version: DECISION_VERSION,
        revision: 1,
        full: true,
        floor: 0,
        more: false,
        decisions: (1..).zip(all).map(decision).collect(),
        removed: Vec::new(),
    };
    let mut book = Book::new(1);
    match book.take(&page, Timestamp::from_millis(1)) {
        Page::Whole(_) => book.set().clone(),
        Page::Partial => panic!("a whole page"),
    }
}

/// The client of these tests is blocked.
pub(super) fn blocked() -> DecisionSet {
    decided(&[(Action::Block, "ip", "192.0.2.7")])
}

fn under(policy: &str, action: Action) -> Stream {
    Stream { decisions: decided(&[(action, "ip", "192.0.2.7")]), ..Stream::under(policy) }
}

fn counted(effects: &Effects, metric: Metric) -> u64 {
    let counts = effects.list.iter().filter_map(|effect| match effect {
        Effect::Count(known, amount) if *known == metric => Some(*amount),
        _ => None,
    });
    counts.sum()
}

const BLOCKED: Metric = Metric::Decision(DecisionMetric::Blocked(DecisionOrigin::Operator));

#[test]
fn a_blocked_client_is_refused_before_its_body_is_read() {
    let mut stream = under("", Action::Block);
    let effects = stream.post();
    refused_at_once(&effects, Reason::Blocked);
    assert_eq!(counted(&effects, BLOCKED), 1);
    assert_eq!(counted(&effects, Metric::Refusals(Reason::Blocked)), 1);
    assert!(!stream.exchange.wants(Interest::Request), "its body is not read");
    assert_eq!(stream.body(HONEST.as_bytes(), More::Ended), Effects::default());
    let body: serde_json::Value = serde_json::from_slice(&reply(&effects).unwrap().body).unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "CLIENT_BLOCKED");
}

#[test]
fn it_is_refused_by_its_range_and_by_its_key_alike() {
    let mut stream = Stream::new();
    let key = event(&post(&mut stream, EVIL)).client_key.to_string();
    for decision in [(Action::Block, "cidr", "192.0.2.0/24"), (Action::Block, "client_key", &*key)] {
        let mut stream = Stream { decisions: decided(&[decision]), ..Stream::new() };
        refused_at_once(&stream.post(), Reason::Blocked);
        refused_at_once(&get(&mut stream, "/graphql?query={a}"), Reason::Blocked);
    }
}

#[test]
fn others_and_other_routes_are_not_touched() {
    let mut stream = under("", Action::Block);
    let elsewhere = stream.headers("GET", "/health", More::Ended, &[]);
    assert_eq!((elsewhere.flow, reply(&elsewhere)), (Flow::Continue, None));
    let mut stream = under("", Action::Block);
    stream.address = "192.0.2.8:5000";
    assert_eq!(post(&mut stream, HONEST).flow, Flow::Continue);
}

#[test]
fn a_block_ends_with_its_time() {
    let mut stream = under("", Action::Block);
    stream.now = Timestamp::from_millis(60_000);
    assert_eq!(post(&mut stream, HONEST).flow, Flow::Continue);
}

#[test]
fn who_is_allowed_is_judged_like_anybody() {
    let both = [(Action::Block, "ip", "192.0.2.7"), (Action::Allow, "cidr", "192.0.2.0/24")];
    let mut stream = Stream { decisions: decided(&both), ..Stream::new() };
    assert_eq!(post(&mut stream, HONEST).flow, Flow::Continue);
    refused_at_once(&post(&mut stream, EVIL), Reason::Introspection);
}

#[test]
fn a_block_that_only_counts_lets_pass() {
    for policy in ["mode: shadow", "shadow_reasons: [blocked]"] {
        let mut stream = under(policy, Action::Block);
        let effects = post(&mut stream, HONEST);
        assert_eq!((effects.flow, reply(&effects)), (Flow::Continue, None));
        assert_eq!(event(&effects).shadowed.map(|refusal| refusal.reason), Some(Reason::Blocked));
        assert_eq!(
            (counted(&effects, BLOCKED), counted(&effects, Metric::Shadowed(Reason::Blocked))),
            (1, 1)
        );
    }
}

#[test]
fn a_throttled_client_has_a_part_of_its_throttles() {
    const FOUR: &str =
        "throttles: {rules: [{name: calls, per: client, unit: requests, capacity: 4, window_ms: 60000}]}";
    let mut stream = under(FOUR, Action::Throttle { factor_milli: 500 });
    for _ in 0..2 {
        let effects = post(&mut stream, HONEST);
        assert_eq!(effects.flow, Flow::Continue);
        let throttled = Metric::Decision(DecisionMetric::Throttled(DecisionOrigin::Operator));
        assert_eq!(counted(&effects, throttled), 1);
    }
    refused_at_once(&post(&mut stream, HONEST), Reason::Throttled);
    stream.address = "192.0.2.8:5000";
    (0..4).for_each(|_| assert_eq!(post(&mut stream, HONEST).flow, Flow::Continue));
    refused_at_once(&post(&mut stream, HONEST), Reason::Throttled);
}

#[test]
fn the_sockets_of_a_blocked_client_are_not_opened_and_do_not_stay_open() {
    const ON: &str = "websocket: {graphql: true}";
    let handshake = [
        ("upgrade", "websocket"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "graphql-transport-ws"),
    ];
    let mut stream = under(ON, Action::Block);
    refused_at_once(&stream.headers("GET", "/graphql", More::Follows, &handshake), Reason::Blocked);
    let mut stream = Stream::under(ON);
    stream.headers("GET", "/graphql", More::Follows, &handshake);
    stream.response(&[(":status", "101"), ("sec-websocket-protocol", "graphql-transport-ws")], More::Follows);
    assert_eq!(stream.on(Input::Tick).list, []);
    stream.decisions = decided(&[(Action::Block, "ip", "192.0.2.7")]);
    let effects = stream.on(Input::Tick);
    assert_eq!(reason(&effects), Some(Reason::Blocked));
    // Said with the next that the upstream sends: 1008.
    let effects = stream.response_body(&[0x81, 0x02, b'h', b'i'], More::Follows);
    let replaced = effects.list.iter().find_map(|effect| match effect {
        Effect::ReplaceResponseChunk(bytes) => Some(bytes.clone()),
        _ => None,
    });
    let replaced = replaced.unwrap();
    assert!(replaced.windows(2).any(|two| two == 1_008_u16.to_be_bytes()), "{replaced:?}");
}
