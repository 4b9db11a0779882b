//! Nothing is allocated for a token: what a document takes once its like was read is nothing, or the same however long it is.
#![cfg(not(target_family = "wasm"))]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads its corpus and fails loudly"
)]

use portcullis_cost::{Model, Question, Sizes, Variables};
use portcullis_graphql::{AliasLimits, Budget, Scratch, Tape, measure_against, parse, shape};
use std::hint::black_box;
use std::path::Path;

const WIDE: Budget = Budget { tokens: 1_000_000, nesting: 60_000 };
const LIMITS: AliasLimits = AliasLimits { all: 60, per_field: 10 };
/// A stack of what is open in the shape, and what the estimate tells.
const MOST_FOR_A_DOCUMENT: u64 = 16;

/// The documents of the grammar's corpus, and of the shared one where it is.
fn documents() -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = std::fs::read_dir(crates.join("graphql/testdata/ok")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let own = paths.filter(|path| path.extension().is_some_and(|extension| extension == "graphql"));
    let mut all: Vec<String> = own.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    if let Ok(lines) = std::fs::read_to_string(crates.join("../../shared/corpus/operations.jsonl")) {
        let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        all.extend(lines.lines().map(|text| line(text).get("query").unwrap().as_str().unwrap().to_owned()));
    }
    all
}

fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn to_parse_and_measure_allocates_nothing() {
    let documents = documents();
    let (mut tape, mut scratch) = (Tape::default(), Scratch::default());
    let mut read_all = || {
        for text in &documents {
            let document = parse(text, WIDE, &mut tape).unwrap();
            measure_against(document, LIMITS, &mut scratch).ok();
        }
    };
    read_all();
    assert_eq!(allocations(read_all), 0, "for {} documents", documents.len());
}

#[test]
fn a_shape_and_a_cost_allocate_no_more_for_more() {
    let documents = documents();
    let (mut tape, mut costing) = (Tape::default(), portcullis_cost::Scratch::default());
    for _ in 0..2 {
        for text in &documents {
            let document = parse(text, WIDE, &mut tape).unwrap();
            let operations: Vec<_> = document.operations().take(1).collect();
            let count = allocations(|| {
                black_box(shape(document));
                for operation in &operations {
                    let variables = Variables::default();
                    let (operation, sizes) = (*operation, Sizes::default());
                    let question =
                        Question { document, operation, variables: &variables, sizes, watched: &[] };
                    black_box(Model::Schemaless.estimate(&question, &mut costing));
                }
            });
            assert!(count <= MOST_FOR_A_DOCUMENT, "{count} for {} tokens: {text}", document.tokens());
        }
    }
}
