//! Interfaces and unions: the most of what they can be, never the sum.

use crate::harness::{check, costs};

const NODES: &str = r#"
    interface Node { id: ID owner: Node many: [Node] }
    interface Priced { price: Int }
    type A implements Node @cost(weight: "5") { id: ID owner: A many: [Node] @listSize(assumedSize: 3) a: Int @cost(weight: "7") }
    type B implements Node & Priced { id: ID @cost(weight: "2") owner: Node @cost(weight: "4") many: [Node] @listSize(assumedSize: 6) price: Int @cost(weight: "11") b: Int @cost(weight: "3") }
    type C implements Priced { price: Int c: Int @cost(weight: "1") }
    union Any = A | B | C
    type Query { node: Node any: Any priced: Priced a: A b: B }
"#;

#[test]
fn an_abstract_type_weighs_as_much_as_the_heaviest() {
    assert_eq!(costs(NODES, "{ node { __typename } }", "{}"), (1_000, 6_000));
    assert_eq!(costs(NODES, "{ priced { __typename } }", "{}"), (1_000, 2_000));
    assert_eq!(costs(NODES, "{ any { __typename } }", "{}"), (1_000, 6_000));
}

#[test]
fn a_field_of_an_interface_weighs_as_much_as_the_heaviest_of_its_types() {
    check(NODES, "{ node { id } }", 1.0 + 2.0);
    check(NODES, "{ a { id } }", 1.0);
    check(NODES, "{ node { owner { __typename } } }", 1.0 + 4.0);
    check(NODES, "{ priced { price } }", 1.0 + 11.0);
    // Its list is as long as the longest.
    check(NODES, "{ node { many { id } } }", 1.0 + 1.0 + 6.0 * 2.0);
    check(NODES, "{ a { many { id } } }", 1.0 + 1.0 + 3.0 * 2.0);
}

#[test]
fn fragments_on_different_types_cost_the_most_of_them() {
    check(NODES, "{ node { ... on A { a } ... on B { b } } }", 1.0 + 7.0);
    check(NODES, "{ node { ... on B { b b b } ... on A { a } } }", 1.0 + 9.0);
    check(NODES, "{ node { ... on A { a } ... on B { b } ... on A { a } } }", 1.0 + 14.0);
    check(NODES, "{ any { ... on A { a } ... on B { b } ... on C { c } } }", 1.0 + 7.0);
    check(NODES, "{ node { id ... on A { a } ... on B { b } } }", 1.0 + 2.0 + 7.0);
    check(
        NODES,
        "{ any { ...A ...B ...C } } fragment A on A { a } fragment B on B { b } fragment C on C { c }",
        8.0,
    );
    check(NODES, "{ any { ...All } } fragment All on Any { ... on A { a } ... on B { b b b } }", 1.0 + 9.0);
    check(
        NODES,
        "{ x: any { ...All } y: any { ...All ... on B { b } } } fragment All on Any { ... on A { a } ... on B { b b b } }",
        10.0 + 13.0,
    );
}

#[test]
fn a_fragment_on_an_interface_adds_to_each_type_it_includes() {
    // B is the only type that is a Node and Priced.
    check(NODES, "{ node { ... on Priced { price } ... on B { b } ... on A { a } } }", 1.0 + 14.0);
    check(NODES, "{ any { ... on Node { id } ... on Priced { price } } }", 1.0 + 2.0 + 11.0);
    check(NODES, "{ any { ... on Node { id } ... on C { c c c c c } } }", 1.0 + 5.0);
    check(NODES, "{ node { ... on Node { id } } }", 1.0 + 2.0);
    // C can never be a node.
    check(NODES, "{ node { ... on Priced { ... on B { b } price } } }", 1.0 + 3.0 + 11.0);
}

#[test]
fn conditions_narrow_the_types_that_are_possible() {
    check(NODES, "{ a { ... on Node { id } } }", 1.0);
    check(NODES, "{ a { ...N } b { ...N } } fragment N on Node { id }", 1.0 + 1.0 + 2.0);
    check(NODES, "{ a { ... on Node { ... on B { b } ... on A { a } } } }", 1.0 + 7.0);
    check(
        NODES,
        "{ node { ... on A { ...N } } } fragment N on Node { id ... on B { b } many { id } }",
        1.0 + 1.0 + 3.0 * 2.0,
    );
}

#[test]
fn fields_inside_fragments_keep_their_sizes() {
    check(NODES, "{ node { ... on A { many { id } } ... on B { many { id } } } }", 1.0 + 1.0 + 12.0);
}
