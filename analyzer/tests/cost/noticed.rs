//! What an estimate notices besides the cost: unknown fields, watched fields, conditions, introspection.

use crate::harness::{check, check_with, estimate, table};

const SHOP: &str = r#"
    type User { id: ID name: String friends: [User] }
    type Query { me: User search: Any users: [User] @listSize(assumedSize: 5) }
    union Any = User | Shop
    type Shop { id: ID }
    type Mutation { login(pw: String): User logout: Boolean }
"#;

#[track_caller]
fn unknown(document: &str, expected: u32, first: Option<&str>) {
    let found = estimate(&table(SHOP), document, "{}", &[]);
    assert_eq!((found.unknown_fields, found.first_unknown.as_deref()), (expected, first), "{document}");
}

#[test]
fn unknown_fields_are_counted_wherever_they_hide() {
    unknown("{ me { id name __typename } __typename }", 0, None);
    unknown("{ usr { id } }", 2, Some("Query.usr"));
    unknown("{ me { nam } }", 1, Some("User.nam"));
    unknown("{ me: you: 1 }".replace("me: you: 1", "me: you").as_str(), 1, Some("Query.you"));
    unknown("{ me { ...F } users { ...F } } fragment F on User { nam }", 2, Some("User.nam"));
    unknown("{ me { ... on User { nam } } }", 1, Some("User.nam"));
    unknown("{ search { id } }", 1, Some("Any.id"));
    unknown("{ search { ... on Shop { name } } }", 1, Some("Shop.name"));
    unknown("{ me @skip(if: true) { nam } }", 1, Some("User.nam"));
    unknown("{ me { ... on Shop { nam } } }", 1, Some("Shop.nam"));
    unknown("{ me { ... on Nothing { id } } }", 1, Some("?.id"));
    unknown("mutation { login { id } sudo }", 1, Some("Mutation.sudo"));
    unknown("subscription { anything }", 1, Some("?.anything"));
}

#[test]
fn an_unknown_field_still_costs_by_the_conventions_of_names() {
    check(SHOP, "{ usr { id } }", 1.0);
    check(SHOP, "{ usr(first: 1000) { friend { id } } }", 1.0 + 1_000.0);
    check(SHOP, "{ usr }", 0.0);
}

#[test]
fn watched_fields_are_counted_with_fragments_expanded() {
    let table = table(SHOP);
    let watched = ["Mutation.login", "User.name"].map(|it| table.coordinate(it).unwrap());
    let check = |document: &str, login: u32, name: u32| {
        let found = estimate(&table, document, "{}", &watched);
        assert_eq!(found.watched, [login, name], "{document}");
    };
    check("mutation { logout }", 0, 0);
    check("mutation { a: login { id } b: login { name } }", 2, 1);
    check(
        "mutation { ...L ...L c: login { id } } fragment L on Mutation { a: login { name } b: login { id } }",
        5,
        2,
    );
    check("mutation { login @skip(if: true) { name } }", 0, 0);
    check("mutation { ...L @include(if: false) ...L } fragment L on Mutation { login { name } }", 1, 1);
    check("mutation { ... { ... on Mutation { login { id } } } }", 1, 0);
    let levels: String =
        (1..=40).map(|n| format!("fragment F{n} on Mutation {{ ...F{p} ...F{p} }} ", p = n - 1)).collect();
    check(
        &format!("mutation {{ ...F40 }} fragment F0 on Mutation {{ login {{ id }} }} {levels}"),
        u32::MAX,
        0,
    );
    assert_eq!(table.coordinate("Mutation.sudo"), None);
    assert_eq!(table.coordinate("Nothing.login"), None);
    assert_eq!(table.coordinate("login"), None);
    assert_eq!(table.coordinate_of(watched[0]), "Mutation.login");
}

#[test]
fn what_is_certainly_left_out_costs_nothing() {
    check(SHOP, "{ me @skip(if: true) { friends { id } } }", 0.0);
    check(SHOP, "{ me { ... @include(if: false) { friends { id } } } }", 1.0);
    check(SHOP, "{ ...F @include(if: false) } fragment F on Query { me { id } }", 0.0);
    let document = "query($v: Boolean) { me @include(if: $v) { id } }";
    check_with(SHOP, document, r#"{"v": true}"#, 1.0);
    check_with(SHOP, document, r#"{"v": false}"#, 0.0);
    check_with(SHOP, document, "{}", 1.0);
    check_with(SHOP, document, r#"{"v": null}"#, 1.0);
    check_with(SHOP, document, r#"{"v": "false"}"#, 1.0);
    check(SHOP, "query($v: Boolean = false) { me @include(if: $v) { id } }", 0.0);
    check(SHOP, "{ me @skip(if: true, if: false) { id } }", 1.0);
}

#[test]
fn introspection_costs_like_any_other_part_of_the_schema() {
    check(SHOP, "{ __typename }", 0.0);
    check(SHOP, "{ __type(name: \"User\") { name } }", 1.0);
    // __type, and ten fields with a type each.
    check(SHOP, "{ __type(name: \"User\") { fields { type { name } } } }", 1.0 + 1.0 + 10.0);
    let table = table(SHOP);
    let deep = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }";
    let found = estimate(&table, deep, "{}", &[]);
    assert_eq!(found.unknown_fields, 0);
    assert!(found.field.units() > 20_000, "{}", found.field.units());
}
