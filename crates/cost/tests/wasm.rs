//! The estimate in wasm, where the filter runs it.
#![cfg(target_family = "wasm")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use portcullis_cost::{Model, Question, Scratch, Sizes, Supplied, Variables};
use portcullis_graphql::{Budget, Tape, parse};
use wasm_bindgen_test::wasm_bindgen_test;

fn cost(document: &str) -> u64 {
    let mut tape = Tape::default();
    let document = parse(document, Budget::default(), &mut tape).unwrap();
    let operation = document.select(None).unwrap();
    let variables: Variables<'_> = [("n", Supplied::Int(50))].into_iter().collect();
    let question =
        Question { document, operation, variables: &variables, sizes: Sizes::default(), watched: &[] };
    Model::Schemaless.estimate(&question, &mut Scratch::default()).field.milli()
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
