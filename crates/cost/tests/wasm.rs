//! The estimate in wasm, where the filter runs it.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use portcullis_cost::{
    ListSize, Model, OutputField, OutputKind, OutputType, Question, Schema, Scratch, Sizes, Slices, Supplied,
    Table, Variables,
};
use portcullis_graphql::{Budget, Tape, parse};
use wasm_bindgen_test::wasm_bindgen_test;

fn cost(document: &str) -> u64 {
    cost_by(Model::Schemaless, document)
}

fn cost_by(model: Model<'_>, document: &str) -> u64 {
    let mut tape = Tape::default();
    let document = parse(document, Budget::default(), &mut tape).unwrap();
    let operation = document.select(None).unwrap();
    let variables: Variables<'_> = [("n", Supplied::Int(50))].into_iter().collect();
    let question =
        Question { document, operation, variables: &variables, sizes: Sizes::default(), watched: &[] };
    model.estimate(&question, &mut Scratch::default()).field.milli()
}

#[wasm_bindgen_test]
fn costs_are_those_of_the_native_build() {
    assert_eq!(cost("{ products(first: 20) { edges { node { name } } } }"), 24_200);
    assert_eq!(cost("query($n: Int) { a(first: $n) { b } }"), 50_500);
    assert_eq!(
        cost("{ a(first: 2147483647) { b(first: 2147483647) { c(first: 2147483647) { d } } } }"),
        u64::MAX
    );
}

/// As large as a large schema: so many types of seven fields.
#[wasm_bindgen_test]
fn a_table_is_made_loaded_and_read() {
    let names: Vec<String> = (0..1_000).map(|number| format!("SomeTypeOfALargeSchema{number}")).collect();
    let field = |name: &'static str, type_name| OutputField {
        name,
        type_name,
        lists: 1,
        weight: None,
        size: Some(ListSize { assumed: Some(3), slices: Slices::Any, ..ListSize::default() }),
        arguments: Vec::new(),
    };
    let fields =
        ["id", "name", "description", "someFieldWithALongName", "metadata", "privateMetadata", "next"];
    let types = names.iter().map(|name| OutputType {
        name,
        kind: OutputKind::Object(None),
        fields: fields.map(|it| field(it, name)).to_vec(),
    });
    let types = types.collect();
    let schema = Schema { query: names.first().map(String::as_str), types, ..Schema::default() };
    let table = Table::load(&schema.compile().unwrap()).unwrap();
    assert_eq!(table.counts(), (1_000, 7_000));
    assert_eq!(
        cost_by(Model::Schema(&table), "{ next { next { next { someFieldWithALongName } } } }"),
        40_000
    );
}
