//! Known bypasses of other gateways (facts §2.3) and families of attacks (facts §5) that a cost must catch.

use crate::harness::{check, check_with, costs, estimate, table, table_with};
use portcullis_analyzer::compile::Assumptions;
use portcullis_cost::Cost;

/// As saleor's is: nothing says what is a size.
const UNDIRECTED: &str = r#"
    type Query { users(first: Int, last: Int): [User] cheap(first: Int): [User] nodes(ids: [ID!]): [User]
        search(input: Search): [User] posts(first: Int = 10): Posts matrix: [[User]] big: [User] any: Any page(limit: Int): Page }
    type Mutation { importAll: User @cost(weight: "5000") login(pw: String): User }
    type User { id: ID posts(first: Int): [User] friends: [User] }
    type Posts { edges: [Edge] nodes: [User] totalCount: Int }
    type Edge { node: User }
    type Page { items: [User] }
    input Search { page: Paging }
    input Paging { first: Int }
    union Any = User | Posts
"#;

/// A cost beyond the default limit of 20,000.
#[track_caller]
fn refused(document: &str, variables: &str) {
    let table = table_with(UNDIRECTED, Assumptions::Conventions);
    let found = estimate(&table, document, variables, &[]);
    let most = found.field.max(found.r#type);
    assert!(most.units() > 20_000, "{document} with {variables}: {found:?}");
}

#[track_caller]
fn allowed(document: &str) {
    let table = table_with(UNDIRECTED, Assumptions::Conventions);
    let found = estimate(&table, document, "{}", &[]);
    assert!(found.field.units() <= 5_000 && found.r#type.units() <= 5_000, "{document}: {found:?}");
}

#[test]
fn family_20_lists_within_lists() {
    refused("{ users(first: 100000) { posts(first: 100000) { id } } }", "{}");
    refused("{ users(first: 100000) { id } }", "{}");
    refused("{ posts(first: 100000) { edges { node { id } } } }", "{}");
    refused("{ posts(first: 100000) { nodes { id } } }", "{}");
    refused("{ page(limit: 100000) { items { id } } }", "{}");
}

#[test]
fn families_21_22_sizes_by_variable_and_by_its_default() {
    refused("query($n: Int) { users(first: $n) { id } }", r#"{"n": 100000}"#);
    refused("query($n: Int = 100000) { users(first: $n) { id } }", "{}");
}

#[test]
fn family_23_decoys() {
    refused("query($n: Int) { users(first: $n, last: 100000) { id } }", r#"{"n": 1}"#);
    refused("{ users(first: 1, last: 100000) { id } }", "{}");
    refused("{ users(first: 1, first: 100000) { id } }", "{}");
    refused("query($n: Int = 1, $n: Int = 100000) { users(first: $n) { id } }", "{}");
}

#[test]
fn family_24_no_slicing_argument() {
    refused("{ big { friends { friends { friends { friends { id } } } } } }", "{}");
}

#[test]
fn family_25_negative_sizes_offset_nothing() {
    refused("{ cheap(first: -1000000) { friends { id } } users(first: 900000) { id } }", "{}");
}

#[test]
fn family_26_overflow() {
    let most = 2_147_483_647;
    let document = format!(
        "{{ users(first: {most}) {{ posts(first: {most}) {{ posts(first: {most}) {{ posts(first: {most}) {{ id }} }} }} }} }}"
    );
    let table = table_with(UNDIRECTED, Assumptions::Conventions);
    assert_eq!(estimate(&table, &document, "{}", &[]).field, Cost::MAX);
    // Chosen so that the product is small modulo 2^64.
    let wraps = "{ users(first: 4294967296) { posts(first: 4294967296) { posts(first: 5) { id } } } }";
    assert_eq!(estimate(&table, wraps, "{}", &[]).field, Cost::MAX);
    let digits = "9".repeat(100_000);
    assert_eq!(
        estimate(&table, &format!("{{ users(first: {digits}) {{ posts {{ id }} }} }}"), "{}", &[]).field,
        Cost::MAX
    );
}

#[test]
fn families_27_28_sizes_that_are_no_integers() {
    for json in ["1e6", "\"1000000\"", "1e300", "true", "[1]", "{}"] {
        refused("query($n: Int) { users(first: $n) { id } }", &format!("{{\"n\": {json}}}"));
    }
}

#[test]
fn family_29_null_is_not_the_default() {
    let table = table_with(UNDIRECTED, Assumptions::Conventions);
    let of = |size: &str| {
        estimate(
            &table,
            &format!("{{ posts(first: {size}) {{ nodes {{ posts(first: 1) {{ id }} }} }} }}"),
            "{}",
            &[],
        )
        .field
    };
    assert_eq!(of("null"), of("10"));
    assert!(of("null") > of("9"));
}

#[test]
fn family_30_lists_of_arguments() {
    let sdl = r#"type User { id: ID @cost(weight: "1") } type Query { nodes(ids: [ID!]): [User] @listSize(slicingArguments: ["ids"]) }"#;
    let ids = vec!["1"; 30_000].join(",");
    check(sdl, &format!("{{ nodes(ids: [{ids}]) {{ id }} }}"), 30_001.0);
    check_with(sdl, "query($i: [ID!]) { nodes(ids: $i) { id } }", &format!("{{\"i\": [{ids}]}}"), 30_001.0);
}

#[test]
fn family_31_lists_of_lists() {
    let sdl = r#"type T { v: Int @cost(weight: "1") } type Query { matrix(n: Int): [[T]] @listSize(slicingArguments: ["n"]) }"#;
    check(sdl, "{ matrix(n: 1000) { v } }", 10_001.0);
}

#[test]
fn family_32_sizes_inside_input_objects() {
    refused("{ search(input: { page: { first: 100000 } }) { id } }", "{}");
    refused("query($i: Search) { search(input: $i) { id } }", r#"{"i": {"page": {"first": 100000}}}"#);
}

#[test]
fn family_34_conditions_in_variables() {
    let document =
        "query($v: Boolean = false) { users(first: 100000) @include(if: $v) { posts(first: 9) { id } } }";
    refused(document, r#"{"v": true}"#);
    refused(document, r#"{"v": null}"#);
}

#[test]
fn family_35_a_hundred_types_cost_as_much_as_one() {
    let types: String = (0..100).map(|n| format!("type T{n} {{ v: Int @cost(weight: \"{n}\") }} ")).collect();
    let members = (0..100).map(|n| format!("T{n}")).collect::<Vec<_>>().join(" | ");
    let sdl = format!("{types} union U = {members} type Query {{ u: U }}");
    let spreads: String = (0..100).map(|n| format!("... on T{n} {{ v }} ")).collect();
    check(&sdl, &format!("{{ u {{ {spreads} }} }}"), 1.0 + 99.0);
}

#[test]
fn family_99_a_costly_mutation_of_one_token() {
    let (field, _) = costs(UNDIRECTED, "mutation { importAll { id } }", "{}");
    assert_eq!(field, 5_000_000);
}

#[test]
fn rows_1_and_2_names_change_nothing_and_fragments_cost_where_they_are_spread() {
    let (plain, _) = costs(UNDIRECTED, "{ users(first: 7) { id friends { id } } }", "{}");
    assert_eq!(costs(UNDIRECTED, "query __schema { users(first: 7) { id friends { id } } }", "{}").0, plain);
    let fragment = "{ ...__schema } fragment __schema on Query { users(first: 7) { id friends { id } } }";
    assert_eq!(costs(UNDIRECTED, fragment, "{}").0, plain);
    let shallow_then_deep =
        "{ big { ...F } users { friends { ...F } } } fragment F on User { friends { friends { id } } }";
    let written_out =
        "{ big { friends { friends { id } } } users { friends { friends { friends { id } } } } }";
    assert_eq!(costs(UNDIRECTED, shallow_then_deep, "{}"), costs(UNDIRECTED, written_out, "{}"));
}

#[test]
fn row_14_and_15_products_do_not_wrap_and_negatives_have_no_default() {
    let sdl = r#"type T { v: Int @cost(weight: "1") } type Query { t(n: Int): [T] @listSize(slicingArguments: ["n"]) }"#;
    check(sdl, "{ t(n: -1) { v } }", 1.0);
    assert_eq!(costs(sdl, "{ t(n: 18446744073709551615) { v } }", "{}").0, u64::MAX);
}

#[test]
fn a_fragment_that_is_spread_exponentially_saturates_in_linear_steps() {
    let table = table(UNDIRECTED);
    for levels in [10_u64, 100, 400] {
        let chain: String = (1..=levels)
            .map(|n| format!("fragment F{n} on User {{ friends {{ ...F{p} ...F{p} }} }} ", p = n - 1))
            .collect();
        let document = format!("{{ big {{ ...F{levels} }} }} fragment F0 on User {{ id }} {chain}");
        let found = estimate(&table, &document, "{}", &[]);
        assert!(found.steps < 10 * levels + 100, "{levels}: {}", found.steps);
        assert!(levels < 100 || found.field == Cost::MAX);
    }
}

#[test]
fn many_fragments_in_many_types_take_linear_steps_and_hide_nothing() {
    let types: String =
        (0..300).map(|n| format!("type T{n} implements I {{ v: Int @cost(weight: \"1\") i: I }} ")).collect();
    let table = table(&format!("interface I {{ v: Int i: I }} {types} type Query {{ i: I }}"));
    for (fragments, kinds) in [(10, 10), (100, 100), (300, 300), (1_000, 300)] {
        let last = fragments;
        let chain: String =
            (1..=fragments).map(|n| format!("fragment F{n} on I {{ v ...F{p} }} ", p = n - 1)).collect();
        let spreads: String = (0..kinds).map(|n| format!("... on T{n} {{ ...F{last} }} ")).collect();
        let document = format!("{{ i {{ {spreads} }} }} fragment F0 on I {{ v }} {chain}");
        let tokens = 10 * fragments + 10 * kinds;
        let found = estimate(&table, &document, "{}", &[]);
        assert!(found.steps <= 32 * tokens + 65_536, "{fragments} x {kinds}: {}", found.steps);
        // Each v is 1, whatever the type, or more than any limit; never less.
        assert!(found.field.units() > 1 + fragments, "{fragments} x {kinds}: {:?}", found.field);
    }
}

#[test]
fn benign_operations_stay_cheap() {
    allowed("{ users(first: 20) { id friends { id } } }");
    allowed("{ posts(first: 20) { edges { node { id posts(first: 20) { id } } } } }");
    allowed("{ page(limit: 100) { items { id } } }");
    allowed("mutation { login(pw: \"x\") { id } }");
}
