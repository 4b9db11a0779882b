use super::*;

const FINE: &str = "
name: a
filter: [{reason: [cost]}]
type: leaky
capacity: 5
leak_ms: 1000
group_by: [client]
score: 10
";

/// The mistakes after `from` was replaced by `to` in a file that has none.
#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    let text = FINE.replace(from, to);
    let mistakes: Vec<String> = match Scenario::parse(&text) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.iter().map(Mistake::to_string).collect(),
    };
    assert_eq!(mistakes, expected);
}

#[test]
fn a_mistake_of_form_is_told_with_path_and_line() {
    check("", "", &[]);
    let told = |from, to| Scenario::parse(&FINE.replace(from, to)).unwrap_err().to_string();
    let reason = told("cost]", "costs]");
    assert!(reason.starts_with("filter[0].reason[0]: unknown variant `costs`, expected one of syntax, "));
    assert!(reason.ends_with(" (line 3)"), "{reason}");
    assert!(told("leak_ms", "leak").starts_with("leak: unknown field `leak`, expected one of name, "));
}

#[test]
fn values_that_make_no_sense_are_told_all_at_once() {
    check("capacity: 5", "capacity: 0", &["capacity: must be from 1 to 10000000, got 0"]);
    check("capacity: 5", "distinct: shape\ncapacity: 501", &["capacity: must be from 1 to 500, got 501"]);
    check(
        "leak_ms: 1000",
        "window_ms: 1",
        &[
            "window_ms: means nothing for a bucket of this type",
            "leak_ms: is missing for a bucket of this type",
        ],
    );
    check(
        "leak_ms: 1000",
        "leak_ms: 604800000",
        &["leak_ms: a full bucket must be empty after 604800000 ms"],
    );
    check(
        "type: leaky",
        "type: trigger",
        &[
            "capacity: means nothing for a bucket of this type",
            "leak_ms: means nothing for a bucket of this type",
        ],
    );
    check(
        "[client]",
        "[operation]",
        &["score: must be 0 where `group_by` has no client, prefix or client_key: nobody could have it"],
    );
    check(
        "name: a",
        "name: A b\ndecision: {action: throttle, factor_milli: 1000, for_ms: 0}",
        &[
            "name: must be 1 to 48 of a-z, 0-9 and `_`",
            "decision.for_ms: must be from 1 to 604800000, got 0",
            "decision.factor_milli: must be from 1 to 999, got 1000",
        ],
    );
    check(
        "cost]",
        "cost], at_least: {cost: 5}, at_most: {cost: 4}",
        &["filter[0].at_most: is below `at_least`, so nothing fits"],
    );
}

#[test]
fn those_that_come_with_the_analyzer_have_no_mistake_and_their_files_names() {
    let built_in = Scenarios::built_in().unwrap();
    let names: Vec<&str> = built_in.iter().map(|scenario| &*scenario.name).collect();
    assert_eq!(names, BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    assert!(built_in.iter().all(|scenario| !scenario.about.is_empty()));
}

#[test]
fn an_operator_replaces_and_leaves_out() {
    let files = [
        ("one.yaml", FINE),
        ("two.yaml", "name: a\nfilter: [{}]\ntype: trigger\ngroup_by: [client]\nscore: 1"),
    ];
    let mut scenarios = Scenarios::parse(files).unwrap();
    assert_eq!(scenarios.iter().map(|scenario| scenario.score).collect::<Vec<_>>(), [1]);
    assert_eq!(scenarios.without(&["a", "b"]), ["b"]);
    assert_eq!(scenarios.iter().count(), 0);
    let mistakes = Scenarios::parse([("bad.yaml", "name: a")]).unwrap_err();
    assert!(mistakes.to_string().starts_with("bad.yaml: "), "{mistakes}");
}

#[test]
fn what_a_bucket_remembers_is_as_long_as_the_longest() {
    let parse = |kind: &str| {
        let text = format!("name: a\nfilter: [{{reason: [cost]}}]\ngroup_by: [client]\nscore: 1\n{kind}\n");
        Scenarios::parse([("a", text.as_str())]).unwrap().memory().millis()
    };
    assert_eq!(parse("type: leaky\ncapacity: 5\nleak_ms: 10000\nblackhole_ms: 0"), 50_000);
    assert_eq!(parse("type: counter\ncapacity: 5\nwindow_ms: 3600000\nblackhole_ms: 1000"), 3_600_000);
    assert_eq!(parse("type: trigger\nblackhole_ms: 7000"), 7_000);
    assert!(Scenarios::built_in().unwrap().memory().millis() >= 3_600_000);
}
