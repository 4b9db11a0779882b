//! The verdict on every line of the shared corpora, and on the small corpus of this crate.
#![cfg(not(target_family = "wasm"))]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test reads its corpus and fails loudly"
)]

use std::path::{Path, PathBuf};

use portcullis_graphql::{Budget, Scratch, Tape, measure, normalise, parse, shape};

const WIDE: Budget = Budget { tokens: 1_000_000, nesting: 1_000 };

fn shared(name: &str) -> Option<String> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus").join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("{} is absent: only the crate's own corpus is judged", path.display());
    }
    text
}

fn queries(text: &str) -> Vec<String> {
    lines(text).iter().map(|line| line["query"].as_str().unwrap().to_owned()).collect()
}

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Checks that every line of a corpus is accepted, or that every one is refused, and names those that are not.
#[track_caller]
fn check(name: &str, accepted: bool) {
    let Some(text) = shared(name) else { return };
    let mut tape = Tape::default();
    let mut wrong = String::new();
    let queries = queries(&text);
    for (number, query) in (1..).zip(&queries) {
        let verdict = parse(query, WIDE, &mut tape).map(|_| ());
        if verdict.is_ok() != accepted {
            wrong.push_str(&format!("{name}:{number}: {verdict:?} {query:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    println!("{name}: {} lines", queries.len());
}

#[test]
fn valid_documents_are_accepted() {
    check("syntax_valid.jsonl", true);
}

#[test]
fn invalid_documents_are_refused() {
    check("syntax_invalid.jsonl", false);
}

#[test]
fn real_operations_are_accepted() {
    check("operations.jsonl", true);
}

#[test]
fn operations_of_real_clients_are_measured() {
    let Some(text) = shared("operations.jsonl") else { return };
    let (mut tape, mut scratch) = (Tape::default(), Scratch::default());
    for (number, line) in (1..).zip(lines(&text)).filter(|(_, line)| line["client"] == true) {
        let document = parse(line["query"].as_str().unwrap(), WIDE, &mut tape).unwrap();
        if let Err(error) = measure(document, &mut scratch) {
            panic!("operations.jsonl:{number}: {error}");
        }
    }
}

#[test]
fn the_normalised_text_of_real_operations_is_stable() {
    let Some(text) = shared("operations.jsonl") else { return };
    let (mut tape, mut again) = (Tape::default(), Tape::default());
    for (number, query) in (1..).zip(queries(&text)) {
        let document = parse(&query, WIDE, &mut tape).unwrap();
        let mut once = String::new();
        normalise(document, &mut once, usize::MAX);
        let readable = once.replace('?', "0");
        let reparsed = parse(&readable, WIDE, &mut again)
            .unwrap_or_else(|error| panic!("line {number}: {error} in {once}"));
        let mut twice = String::new();
        normalise(reparsed, &mut twice, usize::MAX);
        assert_eq!(once, twice, "operations.jsonl:{number}");
        assert_eq!(shape(document), shape(reparsed), "operations.jsonl:{number}");
    }
}
