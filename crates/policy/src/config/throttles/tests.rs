use crate::config::tests::mistakes;
use crate::{Mode, Per, Policy, Unit};
use portcullis_cost::Cost;

#[test]
fn a_throttle_is_read_with_its_defaults() {
    let text = "
clients: {classes: [{name: staff, when: [{address: [10.0.0.0/8]}]}]}
throttles:
  rules:
    - {name: burst, per: client, unit: cost, capacity: 1000, refill: 50, window_ms: 1000}
    - {name: strangers, per: class, unit: requests, capacity: 60, window_ms: 60000, classes: [anonymous]}
";
    let policy = Policy::parse(text).unwrap();
    let [burst, strangers] = policy.throttles.rules() else { panic!("two rules") };
    assert_eq!((burst.per, burst.unit, burst.rate.fills_in_ms()), (Per::Client, Unit::Cost, 20_000));
    assert_eq!((strangers.rate.capacity(), strangers.rate.fills_in_ms()), (Cost::from_units(60), 60_000));
    let classes: Vec<_> = policy.clients.classes().iter().map(|class| class.name.as_ref()).collect();
    assert_eq!(classes, ["staff", "anonymous"]);
    assert!(
        burst.applies_to(policy.clients.everyone_else())
            && strangers.applies_to(policy.clients.everyone_else())
    );
    assert!(!policy.throttles.know_operations());
}

#[test]
fn mistakes_are_told_with_their_paths() {
    mistakes(
        "throttles: {rules: [{name: a, per: user, unit: cost, capacity: 1, window_ms: 1}]}\n",
        &[
            "throttles.rules[0].per: unknown variant `user`, expected one of client, class, operation (line 1)",
        ],
    );
    mistakes(
        "throttles: {rules: [{name: a, per: client, unit: cost, capacity: 1}]}\n",
        &["throttles.rules[0]: missing field `window_ms` (line 1)"],
    );
    let text = "
throttles:
  tracked_clients: 1000001
  tracked_operations: 1
  rules:
    - {name: A, per: client, unit: cost, capacity: 0, window_ms: 86400001}
    - {name: b, per: class, unit: cost, capacity: 1000000001, refill: 0, window_ms: 0, classes: []}
    - {name: c, per: class, unit: cost, capacity: 1, window_ms: 1, classes: [anonymous, nobody]}
    - {name: c, per: client, unit: requests, capacity: 1, window_ms: 1}
";
    mistakes(
        text,
        &[
            "throttles.rules[0].name: must be 1 to 32 of a-z and _, got `A`",
            "throttles.rules[0].capacity: must be at least 1, got 0",
            "throttles.rules[0].window_ms: must be at most 86400000, got 86400001",
            "throttles.rules[1].capacity: must be at most 1000000000, got 1000000001",
            "throttles.rules[1].refill: must be at least 1, got 0",
            "throttles.rules[1].window_ms: must be at least 1, got 0",
            "throttles.rules[1].classes: must name at least one class; leave it out for all",
            "throttles.rules[2].classes[1]: no class is called `nobody`",
            "throttles.rules[3].name: `c` cannot be told from `c`",
            "throttles.tracked_clients: must be at most 1000000, got 1000001",
            "throttles.tracked_operations: must be at least 8, got 1",
        ],
    );
}

#[test]
fn a_throttle_may_only_count() {
    let rule = |more: &str| format!("{{name: a, per: client, unit: cost, capacity: 1, window_ms: 1{more}}}");
    let streams = |more: &str| format!("{{name: b, per: client, max: 1{more}}}");
    for (more, expected) in
        [("", Mode::Enforce), (", mode: enforce", Mode::Enforce), (", mode: shadow", Mode::Shadow)]
    {
        let text = format!("throttles: {{rules: [{}], streams: [{}]}}", rule(more), streams(more));
        let throttles = Policy::parse(&text).unwrap().throttles;
        let modes = (throttles.rules()[0].mode, throttles.streams()[0].mode);
        assert_eq!(modes, (expected, expected), "{more}");
    }
    mistakes(
        &format!("throttles: {{rules: [{}]}}\n", rule(", mode: off")),
        &["throttles.rules[0].mode: unknown variant `off`, expected one of enforce, shadow (line 1)"],
    );
}

#[test]
fn there_are_at_most_as_many_as_fit_a_slot() {
    let rules = |count: u8| {
        let rule = |index: u8| {
            let name = char::from(b'a' + index);
            format!("{{name: {name}, per: client, unit: cost, capacity: 1, window_ms: 1}}")
        };
        format!("throttles: {{rules: [{}]}}", (0..count).map(rule).collect::<Vec<_>>().join(", "))
    };
    mistakes(&rules(16), &[]);
    mistakes(&rules(17), &["throttles.rules: must have at most 16 entries, got 17"]);
}

#[test]
fn limits_of_streams_are_read_and_their_mistakes_told() {
    let policy = Policy::parse(
        "throttles: {streams: [{name: open, per: client, max: 3}, {name: all, per: class, max: 9, classes: [anonymous]}]}",
    );
    let policy = policy.unwrap();
    let [open, all] = policy.throttles.streams() else { panic!("two limits") };
    assert_eq!((open.per, open.max, all.per, all.max), (Per::Client, 3, Per::Class, 9));
    mistakes(
        "throttles: {streams: [{name: a, per: operation, max: 1}]}\n",
        &["throttles.streams[0].per: unknown variant `operation`, expected one of client, class (line 1)"],
    );
    let text = "
throttles:
  tracked_streams: 7
  rules: [{name: a, per: client, unit: cost, capacity: 1, window_ms: 1}]
  streams:
    - {name: a, per: client, max: 0}
    - {name: b, per: client, max: 1, classes: [x]}
    - {name: b, per: client, max: 1000001}
    - {name: c, per: client, max: 1}
    - {name: d, per: client, max: 1}
";
    mistakes(
        text,
        &[
            "throttles.streams: must have at most 4 entries, got 5",
            "throttles.streams[0].name: `a` is another throttle's",
            "throttles.streams[0].max: must be at least 1, got 0",
            "throttles.streams[1].classes[0]: no class is called `x`",
            "throttles.streams[2].name: `b` is another throttle's",
            "throttles.streams[2].max: must be at most 1000000, got 1000001",
            "throttles.tracked_streams: must be at least 8, got 7",
        ],
    );
}
