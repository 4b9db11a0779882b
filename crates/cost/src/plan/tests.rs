use super::*;
use crate::{Sizes, Supplied, Variables};
use portcullis_graphql::{Budget, Tape, parse};

/// Units by path of keys, as `field/entry/type` in thousandths.
fn plan(document: &str, limit: usize) -> Option<Plan> {
    let mut tape = Tape::default();
    let document = parse(document, Budget::default(), &mut tape).unwrap();
    let operation = document.operations().next().unwrap();
    let variables: Variables<'_> = [("yes", Supplied::Bool(true))].into_iter().collect();
    let question =
        Question { document, operation, variables: &variables, sizes: Sizes::default(), watched: &[] };
    Model::Schemaless.plan(&question, limit)
}

#[track_caller]
fn check(document: &str, path: &[&str], expected: Option<(u64, u64)>) {
    let plan = plan(document, 100).unwrap();
    let node = path.iter().try_fold(plan.root(), |node, key| plan.child(node, key.as_bytes()));
    let found = node.map(|node| (plan.unit(node).field.milli(), plan.unit(node).entry.milli()));
    assert_eq!(found, expected, "{document} {path:?}");
}

#[test]
fn places_are_found_by_response_keys() {
    let document =
        "{ x: a { b c: b } ...F ... { a { d } } } fragment F on Q { a { e } x: a { f(first: 1) { g } } }";
    check(document, &["x"], Some((0, 100)));
    check(document, &["x", "b"], Some((10, 0)));
    check(document, &["x", "c"], Some((10, 0)));
    check(document, &["x", "f"], Some((0, 1_000)));
    check(document, &["a", "d"], Some((10, 0)));
    check(document, &["a", "e"], Some((10, 0)));
    check(document, &["a", "b"], None);
    check(document, &["b"], None);
    check(document, &[], Some((0, 0)));
}

#[test]
fn mutations_and_connections_cost_as_in_the_estimate() {
    check("mutation { a { b } c }", &["a"], Some((10_000, 100)));
    check("mutation { a { b } c }", &["c"], Some((10_010, 0)));
    check("{ a { edges { b } } }", &["a", "edges"], Some((0, 1_000)));
    check("{ a(first: 2) { edges { b } } }", &["a", "edges"], Some((0, 100)));
}

#[test]
fn what_is_certainly_left_out_has_no_place() {
    let document =
        "query($yes: Boolean) { a @skip(if: $yes) { b } c ...F @include(if: false) } fragment F on Q { d }";
    check(document, &["a"], None);
    check(document, &["c"], Some((10, 0)));
    check(document, &["d"], None);
    let before = "fragment F on Q { d } query($yes: Boolean) { a @skip(if: $yes) { b } ...F }";
    check(before, &["d"], Some((10, 0)));
}

#[test]
fn the_limit_is_inclusive_and_expansion_is_bounded() {
    assert_eq!(plan("{ a b }", 3).map(|plan| plan.places()), Some(3));
    assert_eq!(plan("{ a b }", 2), None);
    assert_eq!(plan("{ ...F } fragment F on Q { ...F }", 100), None);
    let levels: String =
        (1..=40).map(|n| format!("fragment F{n} on Q {{ ...F{p} ...F{p} }} ", p = n - 1)).collect();
    assert_eq!(plan(&format!("{{ ...F40 }} fragment F0 on Q {{ a }} {levels}"), 1_000), None);
}
