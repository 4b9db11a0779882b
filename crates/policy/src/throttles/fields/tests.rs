use super::*;
use crate::Policy;
use portcullis_cost::Cost;

const POLICY: &str = "
clients: {classes: [{name: staff, when: [{address: [10.0.0.0/8]}]}]}
throttles:
  rules:
    - {name: burst, per: client, unit: cost, capacity: 1000, refill: 50, window_ms: 1000}
    - {name: calls, per: client, unit: requests, capacity: 10, refill: 3, window_ms: 1000}
    - {name: strangers, per: class, unit: requests, capacity: 10, window_ms: 60000, classes: [anonymous]}
";

fn told(policy: &str, class: usize, standing: Standing) -> Option<RateLimit> {
    let policy = Policy::parse(policy).unwrap();
    rate_limit(&policy.throttles, ClassId(u8::try_from(class).unwrap()), &standing)
}

#[test]
fn what_applies_is_told_and_how_the_tightest_stands() {
    let standing = Standing { rule: 1, available: Cost::from_milli(7_999), full_in_ms: 667 };
    let told = told(POLICY, 0, standing).unwrap();
    assert_eq!(told.policies, r#""burst";q=1000;w=20;portcullis-unit="cost", "calls";q=10;w=4"#);
    assert_eq!(told.limit, r#""calls";r=7;t=1"#);
    assert_eq!(told.legacy, None);
}

#[test]
fn older_fields_are_told_where_the_policy_says_so() {
    let standing = Standing { rule: 0, available: Cost::ZERO, full_in_ms: 20_000 };
    let policy = POLICY.replace("throttles:", "throttles:\n  legacy_headers: true");
    assert_eq!(told(&policy, 0, standing).unwrap().legacy, Some([1_000, 0, 20]));
}

#[test]
fn only_what_applies_to_the_class_is_told() {
    let standing = Standing { rule: 2, available: Cost::ZERO, full_in_ms: 1 };
    let told = told(POLICY, 1, standing).unwrap();
    assert!(told.policies.ends_with(r#""strangers";q=10;w=60"#), "{}", told.policies);
    assert_eq!(super::rate_limit(&Policy::parse("").unwrap().throttles, ClassId(0), &standing), None);
}

#[track_caller]
fn joins(upstream: &[&str], expected: Option<&str>) {
    let ours = r#""calls";r=7;t=1"#;
    assert_eq!(join(upstream.iter().map(|value| value.as_bytes()), ours).as_deref(), expected);
}

#[test]
fn an_upstream_is_added_to_and_never_replaced() {
    joins(&[], Some(r#""calls";r=7;t=1"#));
    joins(&[r#""api";r=1;t=9"#], Some(r#""api";r=1;t=9, "calls";r=7;t=1"#));
    joins(&[r#" "a";r=1"#, r#""b";r=2"#], Some(r#""a";r=1, "b";r=2, "calls";r=7;t=1"#));
    joins(&["limit=10, remaining=3, reset=5"], None);
    joins(&[r#""calls";r=0;t=60"#], None);
    joins(&[""], None);
    assert_eq!(join([b"\"a\xff".as_slice()].into_iter(), "x"), None);
}
