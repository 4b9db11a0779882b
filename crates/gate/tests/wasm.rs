//! One exchange in wasm, where the filter runs it.
#![cfg(target_family = "wasm")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use portcullis_gate::{Desk, judge_body};
use portcullis_policy::{Policy, Verdict};
use portcullis_report::Reason;
use wasm_bindgen_test::wasm_bindgen_test;

fn reason(body: &str) -> Option<Reason> {
    let policy = Policy::parse("").unwrap();
    match judge_body(&policy, body.as_bytes(), &mut Desk::default()).verdict {
        Verdict::Allow => None,
        Verdict::Deny(refusal) => Some(refusal.reason),
    }
}

#[wasm_bindgen_test]
fn verdicts_are_those_of_the_native_build() {
    assert_eq!(reason(r#"{"query":"query Me { me { id } }"}"#), None);
    assert_eq!(reason(r#"{"query":"{ __schema { types { name } } }"}"#), Some(Reason::Introspection));
    assert_eq!(reason(r#"{"query":"{ users(first: 100000) { id } }"}"#), Some(Reason::Cost));
    assert_eq!(reason(r#"{"query":"{ a"}"#), Some(Reason::Syntax));
}
