use super::*;
use crate::Supplied;
use portcullis_graphql::{Budget, Tape, parse};

#[track_caller]
fn cost(document: &str, variables: &[(&str, Supplied<'_>)]) -> u64 {
    let mut tape = Tape::default();
    let document = parse(document, Budget::default(), &mut tape).unwrap();
    let operation = document.operations().next().unwrap();
    super::cost(
        document,
        operation,
        &variables.iter().cloned().collect(),
        Sizes::default(),
        &mut Memory::default(),
    )
    .milli()
}

#[track_caller]
fn check(document: &str, milli: u64) {
    assert_eq!(cost(document, &[]), milli, "{document}");
}

#[track_caller]
fn check_with(document: &str, name: &str, value: Supplied<'_>, milli: u64) {
    assert_eq!(cost(document, &[(name, value.clone())]), milli, "{document} with {value:?}");
}

#[test]
fn objects_cost_a_tenth_and_values_a_hundredth() {
    check("{ a }", 10);
    check("{ a b }", 20);
    check("{ a { b } }", 110);
    check("{ a { b { c d } } }", 220);
    check("subscription { a { b } }", 110);
    check("mutation { a { b } c }", 20_120);
}

#[test]
fn the_example_of_the_documentation() {
    check("{ products(first: 20) { edges { node { name } } } }", 24_200);
}

#[test]
fn slicing_arguments_multiply() {
    for name in ["first", "last", "limit", "take", "perPage", "pageSize", "count"] {
        check(&format!("{{ a({name}: 7) {{ b }} }}"), 7_070);
    }
    for name in ["per_page", "page_size", "First", "LIMIT", "_take"] {
        check(&format!("{{ a({name}: 7) {{ b }} }}"), 7_070);
    }
    check("{ a(before: 7, firs: 7, firsts: 7, _: 7) { b } }", 110);
    check("{ a(first: 3) { b(last: 4) { c } } }", 3 * (1_000 + 4 * 1_010));
    check("{ a(first: 7) }", 70);
}

#[test]
fn size_may_be_one_of_pixels_where_only_values_are_selected() {
    check("{ a(size: 512) }", 5_120);
    check("{ a(size: 512) { url } }", 512 * 110);
    check("{ a(size: 512) { ... { url } } }", 512 * 110);
    check("{ a(size: 512) { ...F } } fragment F on A { url }", 512 * 110);
    check("{ a(size: 512) { b { c } } }", 512 * (1_000 + 110));
    check("{ a(size: 512) { ...F } } fragment F on A { b { c } }", 512 * (1_000 + 110));
    check("{ a(size: 512, first: 2) { url } }", 512 * 110);
    check("{ a(size: 2, first: 512) { url } }", 512 * 1_010);
}

#[test]
fn the_largest_slicing_argument_counts() {
    check("{ a(first: 1, last: 1000) { b } }", 1_010_000);
    check("{ a(last: 1000, first: 1) { b } }", 1_010_000);
    check("{ a(first: 1, first: 1000) { b } }", 1_010_000);
}

#[test]
fn sizes_never_lower_a_cost_and_never_wrap() {
    check("{ a(first: 0) { b } }", 1_010);
    check("{ a(first: -1000000) { b } c(first: 900) { d } }", 1_010 + 909_000);
    check("{ a(first: -99999999999999999999) { b } }", 1_010);
    let deep = "{ a(first: 2147483647) { b(first: 2147483647) { c(first: 2147483647) { d } } } }";
    check(deep, u64::MAX);
    check("{ a(first: 99999999999999999999) { b } }", u64::MAX);
}

#[test]
fn a_size_comes_from_the_variable_its_default_or_the_configuration() {
    let document = "query($n: Int) { a(first: $n) { b } }";
    check_with(document, "n", Supplied::Int(50), 50_500);
    check_with(document, "n", Supplied::Int(-5), 1_010);
    check(document, 10_100);
    check_with(document, "other", Supplied::Int(50), 10_100);
    let defaulted = "query($n: Int = 100) { a(first: $n) { b } }";
    check(defaulted, 101_000);
    check_with(defaulted, "n", Supplied::Int(2), 2_020);
    check_with(defaulted, "n", Supplied::Null, 10_100);
    check("query($n: Int = null) { a(first: $n) { b } }", 10_100);
    check("{ a(first: null) { b } }", 10_100);
    check("{ a(first: $undeclared) { b } }", 10_100);
}

#[test]
fn what_is_no_integer_counts_as_the_maximum() {
    check("{ a(first: 1e3) { b } }", 1_010_000_000);
    check("{ a(first: \"1\") { b } }", 1_010_000_000);
    check("{ a(first: {max: 1}) { b } }", 1_010_000_000);
    check("{ a(first: [1]) { b } }", 1_010_000_000);
    check("query($n: Int = \"1\") { a(first: $n) { b } }", 1_010_000_000);
    let document = "query($n: Int = 1) { a(first: $n) { b } }";
    check_with(document, "n", Supplied::Other, 1_010_000_000);
    check_with(document, "n", Supplied::Bool(true), 1_010_000_000);
    check("query($n: Int = 1, $n: Int = 2) { a(first: $n) { b } }", 1_010_000_000);
}

#[test]
fn entries_of_a_connection_count_ten_where_nobody_says_how_many() {
    check("{ a { edges { b } } }", 100 + 10_100);
    check("{ a { nodes { b } } }", 100 + 10_100);
    check("{ a(first: 2) { edges { b } } }", 2 * (1_000 + 110));
    check("{ a(first: 2) { b { edges { c } } } }", 2 * (1_000 + 100 + 10_100));
    check("{ a { edges } }", 110);
    check("{ a { ... on B { edges { b } } } }", 100 + 10_100);
}

#[test]
fn fragments_cost_what_is_in_them_where_they_are_spread() {
    check("{ ...F ...F } fragment F on Q { a { b } }", 220);
    check("{ a(first: 5) { ...F } } fragment F on A { b { c } }", 5 * 1_110);
    check("{ a { ...F } b(first: 2) { ...F } } fragment F on A { edges { c } }", 10_200 + 2 * 1_110);
    check("{ ...Missing a }", 10);
    check("mutation { ...F } fragment F on M { a b ... { c } }", 30_030);
    let levels = (1..=40).map(|n| format!("fragment F{n} on Q {{ ...F{p} ...F{p} }}", p = n - 1));
    let bomb = format!("{{ ...F40 }} fragment F0 on Q {{ a }} {}", levels.collect::<String>());
    check(&bomb, 10 << 40);
}

#[test]
fn a_cycle_costs_more_than_any_limit() {
    check("{ ...F } fragment F on Q { ...F }", u64::MAX);
}

#[test]
fn what_is_certainly_left_out_costs_nothing() {
    check("{ a @skip(if: true) { b } c }", 10);
    check("{ a @include(if: false) { b } c }", 10);
    check("{ a @include(if: true) { b } c }", 120);
    check("{ ... @skip(if: true) { a } c }", 10);
    check("{ ...F @include(if: false) c } fragment F on Q { a }", 10);
    let document = "query($v: Boolean) { a @include(if: $v) { b { c } } d }";
    check_with(document, "v", Supplied::Bool(true), 220);
    check_with(document, "v", Supplied::Bool(false), 10);
    check_with(document, "v", Supplied::Null, 220);
    check(document, 220);
    check("query($v: Boolean = false) { a @include(if: $v) { b } d }", 10);
    check("{ a @deprecated(if: false) { b } }", 110);
    check("{ a @skip(if: true, if: false) { b } }", 110);
    check("{ a @skip(if: true) @skip(if: false) { b } }", 110);
    check("{ a @include(unless: true) { b } }", 110);
}
