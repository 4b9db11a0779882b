//! What arguments cost: input objects in literals and variables, defaults, recursion.

use crate::harness::{check, check_with};

const FILTERS: &str = r#"
    input Filter { and: [Filter!] not: Filter @cost(weight: "0") text: String @cost(weight: "2") limit: Int tags: Tags = { all: true } }
    input Tags { all: Boolean @cost(weight: "0.5") }
    type Query { find(filter: Filter, exact: Boolean = true @cost(weight: "3")): Int }
"#;

#[test]
fn input_fields_cost_where_they_are_given_at_any_depth() {
    // exact 3 by its default, filter 1, tags 1 and all 0.5 by default in each filter.
    check(FILTERS, "{ find }", 3.0);
    check(FILTERS, "{ find(filter: {}) }", 3.0 + 1.0 + 1.5);
    check(FILTERS, "{ find(filter: { text: \"a\" }) }", 3.0 + 1.0 + 1.5 + 2.0);
    check(FILTERS, "{ find(filter: { tags: {} }) }", 3.0 + 1.0 + 1.0);
    check(FILTERS, "{ find(filter: { tags: null }) }", 3.0 + 1.0 + 1.0);
    check(
        FILTERS,
        "{ find(filter: { not: { not: { text: \"a\", tags: {} }, tags: {} }, tags: {} }) }",
        3.0 + 1.0 + 2.0 + 3.0,
    );
    check(
        FILTERS,
        "{ find(filter: { and: [{ tags: {} }, { text: \"a\", tags: {} }], tags: {} }) }",
        3.0 + 1.0 + 1.0 + 3.0 + 2.0,
    );
    check(FILTERS, "{ find(filter: { unknown: { text: \"a\" }, tags: {} }) }", 3.0 + 1.0 + 1.0);
}

#[test]
fn variables_cost_what_they_hold() {
    let whole = "query($f: Filter) { find(filter: $f) }";
    check_with(FILTERS, whole, "{}", 3.0);
    check_with(FILTERS, whole, r#"{"f": null}"#, 3.0 + 1.0);
    check_with(FILTERS, whole, r#"{"f": {"text": "a", "tags": {"all": false}}}"#, 3.0 + 1.0 + 2.0 + 1.5);
    check_with(
        FILTERS,
        whole,
        r#"{"f": {"and": [{"tags": {}}, {"tags": {}}], "tags": {}}}"#,
        3.0 + 1.0 + 1.0 + 1.0 + 2.0,
    );
    let inside = "query($f: Filter, $t: String) { find(filter: { not: $f, text: $t, tags: {} }) }";
    check_with(FILTERS, inside, r#"{"f": {"tags": {}}, "t": "a"}"#, 3.0 + 1.0 + 1.0 + 1.0 + 2.0);
    check_with(FILTERS, inside, "{}", 3.0 + 1.0 + 1.0);
    check(
        FILTERS,
        "query($f: Filter = { text: \"a\", tags: {} }) { find(filter: $f) }",
        3.0 + 1.0 + 1.0 + 2.0,
    );
}

#[test]
fn an_argument_that_is_given_costs_its_own_weight_only() {
    check(FILTERS, "{ find(exact: false) }", 3.0);
    check(FILTERS, "{ find(exact: null) }", 3.0);
    check(FILTERS, "query($e: Boolean) { find(exact: $e) }", 3.0);
}

#[test]
fn a_variable_that_nests_far_is_walked_not_followed() {
    let depth = 95;
    let nested = format!(
        "{}{{\"text\": \"a\", \"tags\": {{}}}}{}",
        "{\"tags\": {}, \"not\": ".repeat(depth),
        "}".repeat(depth)
    );
    check_with(
        FILTERS,
        "query($f: Filter) { find(filter: $f) }",
        &format!("{{\"f\": {nested}}}"),
        3.0 + 1.0 + 96.0 + 2.0,
    );
}

#[test]
fn a_large_variable_that_is_used_everywhere_is_weighed_once() {
    let entries = vec![r#"{"text": "a"}"#; 5_000].join(",");
    let uses: String = (0..1_000).map(|number| format!("a{number}: find(filter: $f) ")).collect();
    let variables = format!("{{\"f\": {{\"and\": [{entries}]}}}}");
    let table = crate::harness::table(FILTERS);
    let found = crate::harness::estimate(&table, &format!("query($f: Filter) {{ {uses} }}"), &variables, &[]);
    // Each use: exact 3, filter 1, its tags 1.5 and `and` 1; each entry its text 2 and its tags 1.5.
    let each = 3_000 + 1_000 + 1_500 + 1_000 + 5_000 * (2_000 + 1_500);
    assert_eq!(found.field.milli(), 1_000 * each);
    // Twice the entries and their fields, and a few for each use.
    assert!(found.steps < 60_000, "{}", found.steps);
}
