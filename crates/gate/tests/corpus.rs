//! The default policy on real operations: honest clients must not notice it.
//!
//! Reads `../shared/corpus/operations.jsonl` beside the project where it is present, else the project's own small corpus.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail loudly and prints its figure")]
#![allow(clippy::disallowed_methods, reason = "the corpus is a file")]

use portcullis_gate::{Desk, judge_body};
use portcullis_policy::{Policy, Verdict};
use serde_json::{Value, json};
use std::path::Path;

/// The share of clients' operations that the defaults may refuse, in thousandths.
const REFUSED_MILLI: usize = 5;

fn operations() -> (Vec<Value>, &'static str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = root.join("../shared/corpus/operations.jsonl");
    let (path, name) = match shared.exists() {
        true => (shared, "the shared corpus"),
        false => {
            (root.join("tests/corpus/operations.jsonl"), "the project's own corpus; ../shared is absent")
        }
    };
    let text = std::fs::read_to_string(path).unwrap();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), name)
}

#[test]
fn the_defaults_refuse_at_most_half_a_percent_of_what_clients_ship() {
    let (operations, name) = operations();
    let (policy, mut desk) = (Policy::parse("").unwrap(), Desk::default());
    let clients: Vec<&Value> =
        operations.iter().filter(|operation| operation["client"] == json!(true)).collect();
    let mut refused = 0;
    for operation in &clients {
        let body =
            json!({ "query": operation["query"], "variables": operation.get("variables") }).to_string();
        let judgement = judge_body(&policy, body.as_bytes(), &mut desk);
        if let Verdict::Deny(refusal) = judgement.verdict {
            refused += 1;
            println!("refused: {} {} {refusal:?}", operation["source"], judgement.operations[0].operation);
        }
    }
    println!("{name}: {refused} of {} client operations refused by the defaults", clients.len());
    assert!(!clients.is_empty());
    assert!(refused * 1_000 <= clients.len() * REFUSED_MILLI);
}
