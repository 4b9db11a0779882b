//! The same answers in WebAssembly: a handful of the native checks, run by `wasm-bindgen-test-runner`.
#![cfg(all(target_arch = "wasm32", target_os = "unknown"))]
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use portcullis_graphql::{
    Budget, MeasureError, Scratch, SyntaxError, Tape, measure, normalise, parse, shape,
};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_document_is_measured() {
    let mut tape = Tape::default();
    let text = "query Q($n: Int = 3) { x: a(first: $n) { ...F } y: a { ...F } } fragment F on T { b @d }";
    let document = parse(text, Budget::default(), &mut tape).unwrap();
    let measures = measure(document, &mut Scratch::default()).unwrap();
    assert_eq!((measures.depth, measures.fields, measures.root_fields), (2, 4, 2));
    assert_eq!((measures.aliases, measures.aliases_per_field, measures.directives), (2, 2, 2));
}

#[wasm_bindgen_test]
fn the_shape_is_that_of_the_native_build() {
    let mut tape = Tape::default();
    let document = parse("{ me { name } }", Budget::default(), &mut tape).unwrap();
    assert_eq!(shape(document).to_string(), "73cc5c85d3d3ecdc");
    let mut out = String::new();
    normalise(document, &mut out, 100);
    assert_eq!(out, "query{me{name}}");
}

#[wasm_bindgen_test]
fn hostile_documents_are_refused() {
    let refused = |text: &str| parse(text, Budget::default(), &mut Tape::default()).unwrap_err();
    assert!(matches!(refused(&"{a".repeat(100_000)), SyntaxError::TooDeep { limit: 200, .. }));
    assert!(matches!(
        refused(&format!("{{{}}}", "a ".repeat(100_000))),
        SyntaxError::TooManyTokens { limit: 5_000, .. }
    ));
    assert!(matches!(refused("{ a(b: \"\\uD800\") }"), SyntaxError::InvalidEscape { at: 8 }));
    let mut tape = Tape::default();
    let document = parse("{ a } fragment A on T { ...A }", Budget::default(), &mut tape).unwrap();
    assert_eq!(measure(document, &mut Scratch::default()), Err(MeasureError::Cycle { at: 27 }));
}

#[wasm_bindgen_test]
fn depth_needs_no_stack() {
    let text = format!("{}{}", "{a".repeat(60_000), "}".repeat(60_000));
    let deep = Budget { tokens: u32::MAX, nesting: u32::MAX };
    let mut tape = Tape::default();
    let document = parse(&text, deep, &mut tape).unwrap();
    assert_eq!(measure(document, &mut Scratch::default()).unwrap().depth, 60_000);
    assert_eq!(shape(document), shape(document));
}
