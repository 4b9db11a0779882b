//! The worked examples of the GraphQL cost directives specification, in schemas of our own.

use crate::harness::{BUDGET, check, costs, planned, table};
use portcullis_cost::{Model, Question, Scratch, Sizes, Variables};
use portcullis_graphql::{Tape, parse};

const USERS: &str = r#"
    type User { name: String age: Int @cost(weight: "2.0") }
    type Query { users(max: Int): [User] @listSize(slicingArguments: ["max"]) }
"#;

#[test]
fn five_users_of_an_age_cost_eleven() {
    check(USERS, "query Example { users(max: 5) { age } }", 11.0);
    // One query and five users.
    assert_eq!(costs(USERS, "{ users(max: 5) { age } }", "{}").1, 6_000);
    check(USERS, "{ users(max: 5) { name } }", 1.0);
    check(USERS, "{ users(max: 5) { age name age } }", 21.0);
}

#[test]
fn weights_of_arguments_add_to_their_field() {
    let sdl = r#"
        input Filter { field: String }
        type Query { topProducts(filter: Filter @cost(weight: "15.0")): [String] @cost(weight: "5.0") @listSize(assumedSize: 10) }
    "#;
    check(sdl, "{ topProducts }", 5.0);
    check(sdl, "{ topProducts(filter: {}) }", 20.0);
}

#[test]
fn a_negative_weight_makes_its_own_field_cheaper_but_never_less_than_nothing() {
    let sdl = r#"
        input Approximate { by: Float }
        type Product { name: String }
        type Query {
            mostPopularProduct(approx: Approximate @cost(weight: "-3.0")): Product @cost(weight: "5.0")
            cheap(approx: Boolean @cost(weight: "-30")): Product
        }
    "#;
    check(sdl, "{ mostPopularProduct { name } }", 5.0);
    check(sdl, "{ mostPopularProduct(approx: {}) { name } }", 2.0);
    check(sdl, "{ cheap(approx: true) { name } mostPopularProduct { name } }", 5.0);
    // What is not certainly given is no reason to charge less.
    check(sdl, "{ mostPopularProduct(approx: null) { name } }", 5.0);
    check(sdl, "query($a: Approximate) { mostPopularProduct(approx: $a) { name } }", 5.0);
}

#[test]
fn weights_of_input_fields_add_to_the_argument_they_are_in() {
    let sdl = r#"
        input Approximate { by: Float }
        input Filter { approx: Approximate @cost(weight: "-12.0") }
        type Query { topProducts(filter: Filter @cost(weight: "15.0")): [String] @cost(weight: "5.0") @listSize(assumedSize: 10) }
    "#;
    check(sdl, "{ topProducts(filter: {}) }", 20.0);
    check(sdl, "{ topProducts(filter: { approx: {} }) }", 8.0);
}

#[test]
fn weights_of_directives_arguments_add_to_every_field_that_uses_them() {
    let sdl = r#"
        directive @approx(tolerance: Float! @cost(weight: "-1.0")) on FIELD
        directive @audit(level: Int @cost(weight: "2.5")) repeatable on FIELD | FRAGMENT_SPREAD | QUERY | VARIABLE_DEFINITION
        type Query { a: Int @cost(weight: "4") b: Int }
    "#;
    check(sdl, "{ a }", 4.0);
    check(sdl, "{ a @approx(tolerance: 0.5) }", 3.0);
    check(sdl, "{ b @approx(tolerance: 0.5) a }", 4.0);
    check(sdl, "{ b @audit(level: 1) @audit(level: 2) }", 5.0);
    // Also where they are on no field.
    check(
        sdl,
        "query($v: Int @audit(level: 1)) @audit(level: 1) { ...F @audit(level: 1) b } fragment F on Query { b }",
        7.5,
    );
}

#[test]
fn an_assumed_size_is_the_size() {
    let sdl = r#"
        type Item { name: String @cost(weight: "1") }
        type Query { topProducts: [Item] @listSize(assumedSize: 7) }
    "#;
    check(sdl, "{ topProducts { name } }", 8.0);
    assert_eq!(costs(sdl, "{ topProducts { name } }", "{}").1, 8_000);
}

const FILMS: &str = r#"
    type Film { title: String @cost(weight: "1") }
    type FilmEdge { cursor: ID node: Film }
    type PageInfo { next: String }
    type FilmConnection { edges: [FilmEdge] pageInfo: PageInfo }
    type Query {
        films(first: Int, after: ID, last: Int, before: ID): FilmConnection
            @listSize(slicingArguments: ["first", "last"], sizedFields: ["edges"])
    }
"#;

#[test]
fn sized_fields_get_the_size_instead_of_the_field_itself() {
    // films 1, edges 1, ten times node 1 and title 1.
    check(FILMS, "{ films(first: 10) { edges { node { title } } } }", 22.0);
    // What stands beside them does not.
    check(FILMS, "{ films(first: 10) { pageInfo { next } edges { cursor } } }", 3.0);
    // query, connection, ten edges with a node each.
    assert_eq!(costs(FILMS, "{ films(first: 10) { edges { node { title } } } }", "{}").1, 22_000);
    // Through fragments, named and not.
    check(
        FILMS,
        "{ films(first: 10) { ...C } } fragment C on FilmConnection { ... { edges { node { title } } } }",
        22.0,
    );
    check(
        FILMS,
        "{ a: films(first: 10) { ...C } b: films(last: 2) { ...C } } fragment C on FilmConnection { ...D } fragment D on FilmConnection { edges { node { title } } }",
        22.0 + 6.0,
    );
}

#[test]
fn of_several_slicing_arguments_the_largest_counts() {
    check(FILMS, "{ films(first: 3, last: 10) { edges { node { title } } } }", 22.0);
    check(FILMS, "{ films(last: 10, first: 3) { edges { node { title } } } }", 22.0);
}

#[test]
fn weights_by_default_are_one_for_objects_and_nothing_for_values() {
    let sdl = "enum E { A } scalar S type O { s: S e: E i: [Int] } type Query { o: O os: [O!]! @listSize(assumedSize: 3) }";
    assert_eq!(costs(sdl, "{ o { s e i } }", "{}"), (1_000, 2_000));
    assert_eq!(costs(sdl, "{ os { s e i } }", "{}"), (1_000, 4_000));
}

#[test]
fn types_weigh_what_the_schema_says() {
    let sdl = r#"
        enum E @cost(weight: "0.5") { A }
        scalar S @cost(weight: "0.25")
        type O @cost(weight: "3") { s: S e: [E] @listSize(assumedSize: 4) n: Int }
        type Query @cost(weight: "0") { o: O }
    "#;
    assert_eq!(costs(sdl, "{ o { s e n } }", "{}"), (1_000, 5_250));
}

#[test]
fn a_plan_expects_what_is_estimated() {
    let check = |sdl: &str, document: &str| {
        let table = table(sdl);
        let mut tape = Tape::default();
        let parsed = parse(document, BUDGET, &mut tape).unwrap();
        let operation = parsed.operations().next().unwrap();
        let variables = Variables::default();
        let sizes = Sizes::default();
        let question = Question { document: parsed, operation, variables: &variables, sizes, watched: &[] };
        for model in [Model::Schema(&table), Model::Schemaless] {
            let plan = model.plan(&question, 100).unwrap();
            let found = model.estimate(&question, &mut Scratch::default());
            let expected = planned(&plan, plan.root());
            assert_eq!(
                expected,
                (found.field.milli(), found.r#type.milli()),
                "{document} by {}",
                model.version()
            );
        }
    };
    check(USERS, "{ users(max: 5) { age } }");
    check(
        FILMS,
        "{ x: films(first: 10) { edges { node { title } } pageInfo { next } } ...F } fragment F on Query { films(last: 3) { edges { cursor } } }",
    );
}
