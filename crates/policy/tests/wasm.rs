//! The policy file in wasm, where the filter reads it.
#![cfg(target_family = "wasm")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use portcullis_policy::Policy;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn the_example_is_the_default_policy() {
    assert_eq!(Policy::parse(include_str!("../policy.example.yaml")).unwrap(), Policy::parse("").unwrap());
}

#[wasm_bindgen_test]
fn a_mistake_is_told_with_its_path() {
    let mistakes = Policy::parse("graphql: {limits: {depth: 0}}").unwrap_err();
    assert_eq!(mistakes.to_string(), "graphql.limits.depth: must be at least 1, got 0");
}
