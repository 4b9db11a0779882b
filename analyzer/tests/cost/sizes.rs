//! Where sizes come from, in which order, and what is made of those that are none.

use crate::harness::{check, check_with, estimate, table};

/// Entries of a list that nothing is known of, and of one whose size cannot be read.
const DEFAULT: f64 = 10.0;
const UNREADABLE: f64 = 1_000_000.0;

const LIST: &str = r#"
    type T { v: Int @cost(weight: "1") }
    input Page { first: Int }
    input Search { page: Page @cost(weight: "0") max: Int = 7 }
    type Query {
        plain(n: Int): [T] @listSize(slicingArguments: ["n"])
        defaulted(n: Int = 20): [T] @listSize(slicingArguments: ["n"])
        assumed(n: Int): [T] @listSize(slicingArguments: ["n"], assumedSize: 30, requireOneSlicingArgument: false)
        ids(ids: [ID!]): [T] @listSize(slicingArguments: ["ids"])
        untold(n: Int): [T]
        search(input: Search @cost(weight: "0")): [T] @listSize(slicingArguments: ["input.page.first"])
        max(input: Search = { max: 5 } @cost(weight: "0")): [T] @listSize(slicingArguments: ["input.max"])
        matrix(n: Int): [[T]] @listSize(slicingArguments: ["n"])
        cube: [[[T]]]
        both(n: Int = 2, m: Int): [T] @listSize(slicingArguments: ["n", "m"])
    }
"#;

/// Checks the size of a list by its cost: 1 and 1 for each entry.
#[track_caller]
fn size(field: &str, expected: f64) {
    check(LIST, &format!("{{ {field} {{ v }} }}"), 1.0 + expected);
}

/// The same with a variable `$n` that is declared as told.
#[track_caller]
fn size_of(declared: &str, field: &str, variables: &str, expected: f64) {
    check_with(LIST, &format!("query({declared}) {{ {field} {{ v }} }}"), variables, 1.0 + expected);
}

#[test]
fn supplied_then_operation_default_then_argument_default_then_assumed_then_configured() {
    size("plain(n: 3)", 3.0);
    size_of("$n: Int = 4", "plain(n: $n)", r#"{"n": 3}"#, 3.0);
    size_of("$n: Int = 4", "plain(n: $n)", "{}", 4.0);
    size_of("$n: Int", "plain(n: $n)", "{}", DEFAULT);
    size("plain", DEFAULT);
    size_of("$n: Int = 4", "defaulted(n: $n)", "{}", 4.0);
    size_of("$n: Int", "defaulted(n: $n)", "{}", 20.0);
    size("defaulted", 20.0);
    size_of("$n: Int", "assumed(n: $n)", "{}", 30.0);
    size("assumed", 30.0);
    size("assumed(n: 2)", 2.0);
    size("assumed(n: 200)", 200.0);
    size("untold(n: 5)", DEFAULT);
}

#[test]
fn an_explicit_null_skips_the_argument_default_only() {
    size("defaulted(n: null)", DEFAULT);
    size_of("$n: Int = 4", "defaulted(n: $n)", r#"{"n": null}"#, DEFAULT);
    size_of("$n: Int = null", "defaulted(n: $n)", "{}", DEFAULT);
    size("assumed(n: null)", 30.0);
    size_of("$n: Int", "assumed(n: $n)", r#"{"n": null}"#, 30.0);
}

#[test]
fn what_is_no_integer_counts_as_the_most() {
    for literal in ["1.5", "1e3", "\"5\"", "true", "FIVE", "[5]", "{ a: 5 }"] {
        size(&format!("plain(n: {literal})"), UNREADABLE);
        size_of(&format!("$n: Int = {literal}"), "plain(n: $n)", "{}", UNREADABLE);
    }
    for json in ["1.5", "1e3", "1e6", "1e999", "\"5\"", "true", "[5]", r#"{"a": 5}"#, "9223372036854775808"] {
        if json != "1e999" {
            size_of("$n: Int", "plain(n: $n)", &format!("{{\"n\": {json}}}"), UNREADABLE);
        }
    }
    size_of("$n: Int = 1, $n: Int = 2", "plain(n: $n)", "{}", UNREADABLE);
}

#[test]
fn negative_sizes_are_nothing_before_anything_is_multiplied() {
    size("plain(n: -1)", 0.0);
    size("plain(n: -99999999999999999999999)", 0.0);
    size("plain(n: 0)", 0.0);
    size_of("$n: Int", "plain(n: $n)", r#"{"n": -5}"#, 0.0);
    check(LIST, "{ a: plain(n: -1000000) { v } b: plain(n: 900) { v } }", 902.0);
}

#[test]
fn a_list_of_arguments_is_as_long_as_it_is() {
    size("ids(ids: [1, 2, 3])", 3.0);
    size("ids(ids: [])", 0.0);
    size("ids(ids: 5)", 1.0);
    size_of("$n: [ID!]", "ids(ids: $n)", r#"{"n": ["a", "b"]}"#, 2.0);
    size_of("$n: [ID!]", "ids(ids: $n)", r#"{"n": "a"}"#, 1.0);
    size_of("$n: [ID!] = [1, 2, 3, 4]", "ids(ids: $n)", "{}", 4.0);
    size("ids(ids: null)", DEFAULT);
}

#[test]
fn paths_lead_into_input_objects() {
    size("search(input: { page: { first: 100 } })", 100.0);
    size_of("$n: Int", "search(input: { page: { first: $n } })", r#"{"n": 50}"#, 50.0);
    size_of("$n: Page", "search(input: { page: $n })", r#"{"n": {"first": 60}}"#, 60.0);
    size_of("$n: Search", "search(input: $n)", r#"{"n": {"page": {"first": 70}}}"#, 70.0);
    size_of("$n: Search = { page: { first: 80 } }", "search(input: $n)", "{}", 80.0);
    size("search(input: { page: null })", DEFAULT);
    size("search(input: {})", DEFAULT);
    size("search", DEFAULT);
    size("search(input: 5)", UNREADABLE);
    size("search(input: { page: { first: 1, first: 1000 } })", UNREADABLE);
    size_of("$n: Search", "search(input: $n)", r#"{"n": {"page": {"first": "70"}}}"#, UNREADABLE);
}

#[test]
fn defaults_inside_input_objects_count_where_they_apply() {
    size("max", 5.0);
    size("max(input: {})", 7.0);
    size("max(input: { max: 9 })", 9.0);
    size("max(input: { max: null })", DEFAULT);
    size("max(input: null)", DEFAULT);
}

#[test]
fn lists_multiply_at_each_level() {
    size("matrix(n: 1000)", 1_000.0 * DEFAULT);
    size("matrix", DEFAULT * DEFAULT);
    size("cube", DEFAULT * DEFAULT * DEFAULT);
}

#[test]
fn a_default_counts_beside_what_is_given() {
    size("both(m: 1)", 2.0);
    size("both(m: 3)", 3.0);
    size("both(n: 1)", 1.0);
}

#[test]
fn exactly_one_slicing_argument_is_noticed_where_it_is_required() {
    let table = table(LIST);
    let check = |field: &str, variables: &str, expected: u32| {
        let document = format!("query($n: Int) {{ {field} {{ v }} }}");
        let found = estimate(&table, &document, variables, &[]);
        assert_eq!(found.slicing_violations, expected, "{field}");
        let name = field.split('(').next().unwrap();
        let first = found.first_violation.map(|id| table.coordinate_of(id));
        assert_eq!(first, (expected > 0).then(|| format!("Query.{name}")));
    };
    check("plain(n: 1)", "{}", 0);
    check("plain", "{}", 1);
    check("plain(n: null)", "{}", 1);
    check("plain(n: $n)", "{}", 1);
    check("plain(n: $n)", r#"{"n": 1}"#, 0);
    check("defaulted", "{}", 0);
    check("assumed", "{}", 0);
    check("both", "{}", 0);
    check("both(m: 1)", "{}", 0);
    check("both(m: 1, n: 1)", "{}", 1);
    check("untold", "{}", 0);
}

#[test]
fn paths_lead_to_sized_fields_further_down() {
    let sdl = r#"
        type Item { v: Int @cost(weight: "1") }
        type Page { items: [Item] other: [Item] }
        type Result { page: Page items: [Item] }
        type Query { find(n: Int): Result @listSize(slicingArguments: ["n"], sizedFields: ["page.items"]) }
    "#;
    // find, page, items
    check(sdl, "{ find(n: 50) { page { items { v } } } }", 3.0 + 50.0);
    check(sdl, "{ find(n: 50) { page { other { v } } } }", 3.0 + DEFAULT);
    check(sdl, "{ find(n: 50) { items { v } } }", 2.0 + DEFAULT);
    check(
        sdl,
        "{ find(n: 50) { ...R } } fragment R on Result { page { ...P } } fragment P on Page { items { v } }",
        53.0,
    );
}

#[test]
fn a_list_that_is_sized_from_above_and_sliced_again_is_as_long_as_both() {
    let sdl = r#"
        type Item { v: Int @cost(weight: "1") }
        type Page { items(n: Int): [Item] @listSize(slicingArguments: ["n"], requireOneSlicingArgument: false) }
        type Query { find(n: Int): Page @listSize(slicingArguments: ["n"], sizedFields: ["items"]) }
    "#;
    check(sdl, "{ find(n: 3) { items { v } } }", 2.0 + 3.0);
    check(sdl, "{ find(n: 3) { items(n: 100000) { v } } }", 2.0 + 100_003.0);
}
