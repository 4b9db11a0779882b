use super::*;

fn compile_text(text: &str, assumptions: Assumptions) -> Result<Compiled, CompileError> {
    compile(&[Source { name: "s.graphql".to_owned(), text: text.to_owned() }], assumptions)
}

/// Checks that a schema has these mistakes and no others.
#[track_caller]
fn wrong(text: &str, expected: &[&str]) {
    let found = match compile_text(text, Assumptions::None) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn the_definitions_of_the_specification_parse() {
    let schema = apollo_compiler::Schema::parse("type Query { a: Int }", "s").unwrap();
    let mut defined = schema.clone();
    definitions::define(&mut defined);
    assert_eq!(defined.directive_definitions.len(), schema.directive_definitions.len() + 2);
}

#[test]
fn weights_are_decimal_numbers_in_the_places_for_them() {
    wrong(
        r#"type Query { a: Int @cost(weight: "x") }"#,
        &[r#"s.graphql:1:21: Query.a: @cost(weight:) must be a number such as "2.5", got "x""#],
    );
    wrong(
        "type Query { a(b: Int @cost(weight: \"1e99\")): Int\n c: Int @cost(weight: \"NaN\") }",
        &[
            r#"s.graphql:1:23: Query.a(b:): @cost(weight:) must be between -1000000000 and 1000000000, got "1e99""#,
            r#"s.graphql:2:9: Query.c: @cost(weight:) must be a number such as "2.5", got "NaN""#,
        ],
    );
    wrong(
        r#"interface I { a: Int @cost(weight: "1") } type T implements I { a: Int } type Query { i: I }"#,
        &[
            "s.graphql:1:22: I.a: @cost is not allowed on fields of interfaces; put it on the fields of the types that implement it",
        ],
    );
    let on_interface = compile_text(
        r#"interface I @cost(weight: "1") { a: Int } type Query implements I { a: Int }"#,
        Assumptions::None,
    );
    assert!(
        on_interface
            .unwrap_err()
            .to_string()
            .contains("cost directive is not supported for INTERFACE location")
    );
    // As gateways define it that take whole numbers.
    wrong(r"directive @cost(weight: Int!) on FIELD_DEFINITION type Query { a: Int @cost(weight: 5) }", &[]);
}

#[test]
fn list_sizes_follow_the_rules_of_their_specification() {
    let field = |field: &str| {
        format!(
            "type P {{ items: [Int] one: Int }} input I {{ n: Int l: [I] s: String d: Int = 3 }} type Query {{\n{field} }}"
        )
    };
    #[track_caller]
    fn says(text: &str, expected: &str) {
        wrong(text, &[expected]);
    }
    says(
        &field("a: [Int] @listSize"),
        "s.graphql:2:10: Query.a: @listSize tells no size: it needs assumedSize or slicingArguments",
    );
    says(
        &field("a: Int @listSize(assumedSize: 1)"),
        "s.graphql:2:8: Query.a: @listSize needs sizedFields here, since the field itself returns no list",
    );
    says(
        &field("a: [Int] @listSize(assumedSize: -1)"),
        "s.graphql:2:10: Query.a: @listSize(assumedSize:) must not be negative",
    );
    says(
        &field("a: [Int] @listSize(slicingArguments: [\"n\"])"),
        "s.graphql:2:10: Query.a: @listSize(slicingArguments:) names n, which is no argument of the field",
    );
    says(
        &field("a(n: Float): [Int] @listSize(slicingArguments: [\"n\"])"),
        "s.graphql:2:20: Query.a: @listSize(slicingArguments:) names n, which is neither an Int nor a list",
    );
    says(
        &field("a(i: I): [Int] @listSize(slicingArguments: [\"i.x\"])"),
        "s.graphql:2:16: Query.a: @listSize(slicingArguments:) names i.x, which leads to no input field",
    );
    says(
        &field("a(i: I): [Int] @listSize(slicingArguments: [\"i.l.n\"])"),
        "s.graphql:2:16: Query.a: @listSize(slicingArguments:) names i.l.n, a path through a list",
    );
    says(
        &field("a(i: I): [Int] @listSize(slicingArguments: [\"i.n.n\"])"),
        "s.graphql:2:16: Query.a: @listSize(slicingArguments:) names i.n.n, a path through something that is no input object",
    );
    says(
        &field("a: P @listSize(assumedSize: 1, sizedFields: [\"x\"])"),
        "s.graphql:2:6: Query.a: @listSize(sizedFields:) names x, which is no field there",
    );
    says(
        &field("a: P @listSize(assumedSize: 1, sizedFields: [\"one\"])"),
        "s.graphql:2:6: Query.a: @listSize(sizedFields:) names one, which returns no list",
    );
    says(
        &field("a: [P] @listSize(assumedSize: 1, sizedFields: [\"items.x\"])"),
        "s.graphql:2:8: Query.a: @listSize(sizedFields:) names items.x, but that has no fields there",
    );
    says(
        &field("a(n: Int): [Int] @listSize(assumedSize: 1, slicingArguments: [\"n\"])"),
        "s.graphql:2:18: Query.a: @listSize(assumedSize:) may stand beside slicingArguments only with requireOneSlicingArgument: false",
    );
    says(
        &field(
            "a(n: Int = 2): [Int] @listSize(assumedSize: 1, slicingArguments: [\"n\"], requireOneSlicingArgument: false)",
        ),
        "s.graphql:2:22: Query.a: @listSize(assumedSize:) may stand beside slicingArguments only when no slicing argument has a default value",
    );
    says(
        &field(
            "a(i: I): [Int] @listSize(assumedSize: 1, slicingArguments: [\"i.d\"], requireOneSlicingArgument: false)",
        ),
        "s.graphql:2:16: Query.a: @listSize(assumedSize:) may stand beside slicingArguments only when no slicing argument has a default value",
    );
    for right in [
        "a(n: Int!, l: [ID!]): [Int] @listSize(slicingArguments: [\"n\", \"l\"])",
        "a(i: I): P @listSize(slicingArguments: [\"i.n\"], sizedFields: \"items\")",
        "a(n: Int): [Int] @listSize(assumedSize: 1, slicingArguments: \"n\", requireOneSlicingArgument: false)",
        "a: [Int] @listSize(assumedSize: 0)",
    ] {
        wrong(&field(right), &[]);
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_order() {
    let found = compile_text(
        "type Query {\n a: Int @cost(weight: \"\")\n b: [Int] @listSize\n c: Int @listSize(assumedSize: 1) }",
        Assumptions::None,
    );
    let lines: Vec<String> = found
        .unwrap_err()
        .to_string()
        .lines()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(lines, ["s.graphql:2:9:", "s.graphql:3:11:", "s.graphql:4:9:"]);
}

#[test]
fn what_is_no_schema_is_told_with_its_place() {
    wrong("type Query { a: Nothing }", &["s.graphql:1:17: cannot find type `Nothing` in this document"]);
    let broken = compile_text("type Query { a( : Int }", Assumptions::None).unwrap_err().to_string();
    assert!(broken.starts_with("s.graphql:1:17: syntax error"), "{broken}");
    let nothing = compile_text("", Assumptions::None).unwrap_err().to_string();
    assert_eq!(nothing, "s.graphql:1:1: syntax error: Unexpected <EOF>.");
}

#[test]
fn schemas_of_gateways_and_of_several_files_compile() {
    let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    let files = [
        source(
            "a.graphql",
            "extend schema @link(url: \"https://example/v1\") schema { query: Root } type Root { a: [T] @key(fields: \"id\") @listSize(assumedSize: 2) }",
        ),
        source("b.graphql", "extend type Root { b: T } type T @shareable { id: ID @cost(weight: \"2\") }"),
    ];
    let compiled = compile(&files, Assumptions::None).unwrap();
    let Taken { types, fields, weights, list_sizes, .. } = compiled.taken;
    assert_eq!((types, fields, weights, list_sizes), (2, 3, 1, 1));
    let table = Table::load(&compiled.table).unwrap();
    assert!(table.coordinate("Root.b").is_some());
    assert_eq!(compiled.sha256().len(), 64);
}

#[track_caller]
fn assumes(text: &str, expected: &[&str]) {
    let found = compile_text(text, Assumptions::Conventions).unwrap().assumed;
    let shown = |it: &Assumed| format!("{} {} {}", it.coordinate, it.slicing.join(","), it.sized.join(","));
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected, "{text}");
    assert!(compile_text(text, Assumptions::None).unwrap().assumed.is_empty());
}

#[test]
fn sizes_are_assumed_by_the_conventions_of_names() {
    assumes(
        "type Query { a(first: Int, per_page: Int!, after: Int): [Query] }",
        &["Query.a first,per_page "],
    );
    assumes("type Query { a(first: String): [Query] }", &[]);
    assumes("type Query { a(size: Int): [Query] b(size: Int): Query }", &["Query.a size "]);
    assumes(
        "type E { a: Int } type C { edges: [E] nodes: [E!]! total: Int } type Query { c(last: Int): C }",
        &["Query.c last edges,nodes"],
    );
    assumes("type C { edges: [Int] } type Query { c(last: Int): C }", &[]);
    assumes(
        "type P { items: [P] } type Query { c(limit: Int): P o(limit: Int): Query }",
        &["Query.c limit items"],
    );
    assumes(
        "input G { first: Int } input F { page: G deep: H } input H { page: G } type Query { a(input: F): [Query] }",
        &["Query.a input.page.first "],
    );
    assumes(
        "input F { f: F first: Int } type Query { a(f: F): [Query] }",
        &["Query.a f.f.f.first,f.f.first,f.first "].map(|_| "Query.a f.f.first,f.first "),
    );
    // Where the schema says something, nothing is assumed.
    assumes(
        "type Query { a(first: Int): [Query] @listSize(assumedSize: 3) b(first: Int): [Query] }",
        &["Query.b first "],
    );
}

#[test]
fn what_was_done_is_shown() {
    let compiled = compile_text(
        "type Query { a(first: Int): [Query] b(first: Int): [Query] @listSize(assumedSize: 1) }",
        Assumptions::Conventions,
    )
    .unwrap();
    let text = compiled.text("s.table", Detail::Sample);
    assert!(text.starts_with(&format!("s.table: {} bytes", compiled.table.len())), "{text}");
    assert!(text.contains("Query.a(first)"), "{text}");
    let json = compiled.json("s.table");
    assert_eq!(json["took"]["listSizes"], 1);
    assert_eq!(json["assumed"][0]["field"], "Query.a");
    assert_eq!(json["sha256"], compiled.sha256());
}
